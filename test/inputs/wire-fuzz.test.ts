/**
 * No bytes crash, hang or confuse the server. WIRE_INPUTS and WIRE_SEED change the run.
 */
import { expect, it } from 'vitest';
import { TestClient } from '../support/client.ts';
import { fuzzServer, fuzzWire } from './wire-fuzz.ts';

const IN_CI = process.env['CI'] !== undefined;
const INPUTS = Number(process.env['WIRE_INPUTS'] ?? (IN_CI ? '300000' : '5000'));
const SEED = Number(process.env['WIRE_SEED'] ?? '20261121');

it(`${INPUTS} messages, seed ${SEED}`, async () => {
  const target = await fuzzServer();
  const { messages, problems } = await fuzzWire(target, SEED, INPUTS);
  expect(problems).toEqual([]);
  expect(messages).toBeGreaterThanOrEqual(INPUTS);
  const client = await TestClient.connect(target.engine);
  expect(await client.rows('SELECT count(*) FROM t')).toEqual([['5']]);
  await target.engine.close();
}, 3_600_000);
