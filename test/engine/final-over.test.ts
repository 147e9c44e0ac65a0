/**
 * Window functions under EMIT ON WINDOW CLOSE: what is shown never changes, is what the view without
 * the clause says in the end, and all of it is shown once later rows have come. Random functions and
 * frames over rows out of order within the delay. SEED=n chooses others.
 */
import { expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const CASES = 25;
const BATCHES = 5;
/** Seconds by which rows may be out of order: less than the delay. */
const DISORDER = 55;

let state = SEED;

function below(n: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return (state >> 8) % n;
}

function pick(list: readonly string[]): string {
  return list[below(list.length)] ?? '';
}

const FRAMES = ['', 'ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING', 'ROWS 3 PRECEDING',
  'ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING', 'ROWS BETWEEN 2 FOLLOWING AND 4 FOLLOWING',
  "RANGE BETWEEN INTERVAL '30 seconds' PRECEDING AND INTERVAL '45 seconds' FOLLOWING"];

function windowCall(): string {
  const call = pick(['sum(v)', 'count(*)', 'max(v)', 'first_value(id)', 'last_value(id)',
    'lead(id)', 'lead(v, 3)', 'lag(v, 2)', 'row_number()', 'rank()']);
  const frame = /lead|lag|number|rank/.test(call) ? '' : pick(FRAMES);
  return `${call} OVER (PARTITION BY ${pick(['k', 'k % 2'])} ORDER BY ts${
    frame.startsWith('RANGE') ? '' : ', id'} ${frame})`;
}

const at = (seconds: number): string =>
  `timestamp '2024-05-01' + INTERVAL '1 second' * ${Math.max(0, seconds)}`;

/** Rows behind all others, enough of them for every frame to end. */
function later(id: number): string[] {
  return Array.from({ length: 24 }, (_each, n) =>
    `(${n % 4}, ${at(100_000 + 3600 * Math.floor(n / 4))}, 3, ${id + n})`)
    .concat(`(9, ${at(1_000_000)}, 3, ${id + 24})`);
}

it(`shows what is final, and all of it (seed ${SEED})`, async () => {
  const client = await TestClient.connect(await openEngine(simWorld(
    new SimStorage(new SimDisk()))));
  const shown = async (view: string, last: number): Promise<Map<string, string>> =>
    new Map((await client.run(`SELECT * FROM ${view} WHERE id <= ${last} ORDER BY id`)).rows
      .map((row) => [String(row[0]), row.join(' ')]));
  for (let each = 0; each < CASES; each++) {
    await client.run('DROP TABLE IF EXISTS m CASCADE');
    await client.run('CREATE TABLE m (k int, ts timestamp, v int, id int, '
      + "WATERMARK FOR ts AS ts - INTERVAL '60 seconds') APPEND ONLY");
    const calls = Array.from({ length: 1 + below(3) }, (_each, n) => `${windowCall()} AS x${n}`);
    const query = `SELECT id, ts, ${calls.join(', ')} FROM m ${pick(['', 'WHERE v > 1'])}`;
    await client.run(`CREATE MATERIALIZED VIEW p AS ${query}`);
    await client.run(`CREATE MATERIALIZED VIEW e AS ${query} EMIT ON WINDOW CLOSE`);
    let [time, id] = [0, 0];
    let before = new Map<string, string>();
    for (let batch = 0; batch < BATCHES; batch++) {
      const rows = Array.from({ length: 1 + below(8) }, () =>
        `(${below(4)}, ${at((time += below(25)) - below(DISORDER))}, ${below(6)}, ${++id})`);
      await client.run(`INSERT INTO m VALUES ${rows.join(', ')}`);
      const now = await shown('e', id);
      for (const [key, row] of before) expect([query, now.get(key)]).toEqual([query, row]);
      before = now;
    }
    await client.run(`INSERT INTO m VALUES ${later(id + 1).join(', ')}`);
    const [plain, final] = [await shown('p', id), await shown('e', id)];
    expect([query, final]).toEqual([query, plain]);
    for (const [key, row] of before) expect([query, plain.get(key)]).toEqual([query, row]);
  }
}, 120_000);
