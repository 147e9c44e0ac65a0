/**
 * No text crashes or hangs the parser or a session. SQL_INPUTS, SQL_STATEMENTS and SQL_SEED change
 * the run: inputs for the parser alone, and mutated statements for a whole engine.
 */
import { afterAll, expect, it } from 'vitest';
import { SqlError } from '../../src/common/errors.ts';
import { parseStatements } from '../../src/parser/parse.ts';
import { realEnvironment } from '../../src/runtime/real/open-environment.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { StatementError, TestClient } from '../support/client.ts';
import { randomFrom } from '../support/random.ts';
import { corpus, mutated } from './sql-fuzz.ts';

const IN_CI = process.env['CI'] !== undefined;
const INPUTS = Number(process.env['SQL_INPUTS'] ?? (IN_CI ? '200000' : '5000'));
const STATEMENTS = Number(process.env['SQL_STATEMENTS'] ?? (IN_CI ? '10000' : '1000'));
const SEED = Number(process.env['SQL_SEED'] ?? '20261121');
/** Statements that wait for what a client sends or for ever. */
const WAITS = /copy|subscribe/i;
/** Problems shown at most. */
const SHOWN = 10;

const statements = corpus(['test/slt', 'test/parser', 'sql-examples']);
const slowest = { text: '', ms: 0 };

afterAll(() => console.log(`slowest text: ${slowest.ms.toFixed(0)} ms, ${slowest.text.slice(0, 80)}`));

it(`${INPUTS} texts for the parser, seed ${SEED}`, () => {
  const random = randomFrom(SEED);
  const problems: string[] = [];
  for (let at = 0; at < INPUTS && problems.length < SHOWN; at++) {
    const text = mutated(random, statements);
    const begin = performance.now();
    try {
      parseStatements(text);
    } catch (error) {
      if (!(error instanceof SqlError)) problems.push(`${String(error)}: ${text}`);
    }
    const ms = performance.now() - begin;
    if (ms > slowest.ms) Object.assign(slowest, { text, ms });
  }
  expect(problems).toEqual([]);
}, 3_600_000);

it(`${STATEMENTS} statements for an engine, seed ${SEED}`, async () => {
  const random = randomFrom(SEED + 1);
  const problems: string[] = [];
  let engine = await openEngine(realEnvironment(':memory:', () => undefined));
  let client = await TestClient.connect(engine);
  for (let at = 0; at < STATEMENTS && problems.length < SHOWN; at++) {
    if (at % 200 === 0) {
      await engine.close();
      engine = await openEngine(realEnvironment(':memory:', () => undefined));
      client = await TestClient.connect(engine);
      await client.run('SET statement_timeout = 2000');
    }
    const text = random(4) === 0 ? statements[random(statements.length)] ?? '' : mutated(random, statements);
    if (WAITS.test(text)) continue;
    try {
      await client.run(text);
    } catch (error) {
      const internal = !(error instanceof StatementError) || error.error.sqlState.startsWith('XX');
      if (internal) problems.push(`${String(error)}: ${text}`);
    }
  }
  await engine.close();
  expect(problems).toEqual([]);
}, 3_600_000);
