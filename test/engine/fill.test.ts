/**
 * FILL against a model: the rows of the same view without FILL, and what lies between and behind
 * them by the rules of docs/sql/windows.md. Rows come out of order and late, change and go; the
 * engine restarts now and then. A failure names its seed.
 */
import { expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { randomFrom } from '../support/random.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const MINUTE = 60;
const DELAY = 90;
const TRAILING = 4;
const LATENESS = 120;

interface View {
  readonly name: string;
  readonly fill: string;
  readonly emit: string;
  readonly lateness: boolean;
  readonly ways: readonly ('zero' | 'previous' | 'linear')[];
}

const VIEWS: readonly View[] = [
  { name: 'a', fill: 'FILL (0, PREV, LINEAR)', emit: '', lateness: true,
    ways: ['zero', 'previous', 'linear'] },
  { name: 'b', fill: `FILL (0, PREV, PREV) TRAILING INTERVAL '${TRAILING} minutes'`, emit: '',
    lateness: true, ways: ['zero', 'previous', 'previous'] },
  { name: 'c', fill: `FILL (0, PREV, LINEAR) TRAILING INTERVAL '${TRAILING} minutes'`, emit: '',
    lateness: true, ways: ['zero', 'previous', 'linear'] },
  { name: 'd', fill: `FILL (0, PREV, 0) TRAILING INTERVAL '${TRAILING} minutes'`,
    emit: 'EMIT ON WINDOW CLOSE', lateness: false, ways: ['zero', 'previous', 'zero'] },
  { name: 'e', fill: 'FILL (0, PREV, LINEAR)', emit: 'EMIT ON WINDOW CLOSE', lateness: false,
    ways: ['zero', 'previous', 'linear'] },
  { name: 'f', fill: `FILL (0, PREV, 0) TRAILING INTERVAL '${TRAILING} minutes'`,
    emit: 'EMIT ON WINDOW CLOSE', lateness: true, ways: ['zero', 'previous', 'zero'] },
];

type Shown = readonly [key: string, start: number, n: number, v: number, w: number | null];

function statement(view: View, name: string, fill: string): string {
  return `CREATE MATERIALIZED VIEW ${name} ${view.lateness
    ? `WITH (allowed_lateness = '${LATENESS} seconds') ` : ''}AS
    SELECT k, extract(epoch FROM window_start)::int AS t, count(*) AS n, max(v) AS v,
      sum(v::float8) AS w
    FROM TUMBLE(m, ts, INTERVAL '1 minute') GROUP BY window_start, k ${fill} ${view.emit}`;
}

async function rowsOf(client: TestClient, view: string): Promise<Shown[]> {
  const { rows } = await client.run(`SELECT * FROM ${view} ORDER BY k, t`);
  return rows.map(([k, t, n, v, w]) =>
    [String(k), Number(t), Number(n), Number(v), w === null || w === undefined ? null : Number(w)]);
}

/** What FILL should add to rows of one key, in order. */
function modelOf(rows: readonly Shown[], view: View, watermark: number): Shown[] {
  const trailing = view.fill.includes('TRAILING');
  const found: Shown[] = [];
  rows.forEach((row, at) => {
    found.push(row);
    const next = rows[at + 1];
    const behind = next?.[0] === row[0] ? next : null;
    const until = behind !== null ? behind[1]
      : trailing ? Math.floor(watermark / MINUTE) * MINUTE : row[1];
    const most = trailing ? TRAILING : 10_000;
    for (let i = 1; i <= most && row[1] + i * MINUTE < until; i++) {
      const gap = behind === null ? 0 : (behind[1] - row[1]) / MINUTE;
      const line = behind === null || gap - 1 > most ? null
        : (row[4] ?? 0) + ((behind[4] ?? 0) - (row[4] ?? 0)) * (i / gap);
      const w = view.ways[2] === 'linear' ? line : view.ways[2] === 'zero' ? 0 : row[4];
      found.push([row[0], row[1] + i * MINUTE, 0, row[3], w]);
    }
  });
  return found;
}

class World {
  readonly #disk = new SimDisk();
  readonly #first = simWorld(new SimStorage(this.#disk));
  #engine: Engine | null = null;

  async open(): Promise<TestClient> {
    await this.#engine?.close();
    this.#engine = await openEngine(simWorld(new SimStorage(this.#disk), this.#first));
    return TestClient.connect(this.#engine);
  }
}

async function check(seed: number): Promise<number> {
  const below = randomFrom(seed);
  const world = new World();
  let client = await world.open();
  await client.run(`CREATE TABLE m (id int PRIMARY KEY, k text, ts timestamptz, v int,
    WATERMARK FOR ts AS ts - INTERVAL '${DELAY} seconds')`);
  const views = VIEWS.filter((_view, at) => (seed + at) % 2 === 0);
  for (const view of views) {
    await client.run(statement(view, view.name, view.fill));
    await client.run(statement(view, `${view.name}_base`, ''));
  }
  let [clock, id] = [1_714_564_800, 0];
  for (let step = 0; step < 25; step++) {
    clock += below(4) === 0 ? below(600) : below(70);
    const rows = Array.from({ length: 1 + below(4) }, () => {
      const ts = clock - below(below(4) === 0 ? 400 : 90);
      return `(${id++}, 'k${below(3)}', to_timestamp(${ts}), ${below(50)})`;
    });
    await client.run(`INSERT INTO m VALUES ${rows.join(', ')}`);
    if (below(3) === 0) await client.run(`DELETE FROM m WHERE id = ${below(id)}`);
    if (below(3) === 0) {
      await client.run(`UPDATE m SET v = v + 1 WHERE id = ${Math.max(0, id - 1 - below(8))}`);
    }
    if (below(6) === 0) client = await world.open();
    const { rows: [at] } = await client.run(
      'SELECT extract(epoch FROM watermark)::int FROM tidemill.watermarks LIMIT 1');
    for (const view of views) {
      const base = await rowsOf(client, `${view.name}_base`);
      expect(await rowsOf(client, view.name), `seed ${seed}, step ${step}, view ${view.name}`)
        .toEqual(modelOf(base, view, Number(at?.[0])));
    }
  }
  return id;
}

it('shows what the model shows', async () => {
  for (let seed = 1; seed <= 6; seed++) expect(await check(seed)).toBeGreaterThan(25);
}, 120_000);
