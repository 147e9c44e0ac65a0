/**
 * Seeded simulation: random statements, crashes with a lost tail, checkpoints, full disks, clean
 * restarts, in random order. Every acknowledged row is there once, and every view equals the same
 * query run over the tables. A failure names its seed; TIDEMILL_SEEDS sets how many are run (10).
 */
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const SEEDS = Number(process.env['TIDEMILL_SEEDS'] ?? 10);
const STEPS = 60;

const VIEWS = [
  ['grouped', 'SELECT k, count(*) AS c, sum(n) AS s, min(n) AS lo, max(n) AS hi FROM t GROUP BY k'],
  ['joined', 'SELECT t.id, t.n, u.w FROM t JOIN u ON t.k = u.k'],
  ['padded', 'SELECT t.id, u.w FROM t LEFT JOIN u ON t.k = u.k AND u.w > t.n'],
  ['best', 'SELECT id, k, n FROM (SELECT id, k, n, row_number() OVER (PARTITION BY k '
    + 'ORDER BY n DESC, id) AS r FROM t) x WHERE r <= 2'],
  ['kinds', 'SELECT DISTINCT k FROM t WHERE n % 2 = 0'],
] as const;

class Simulation {
  readonly disk = new SimDisk();
  #state: number;
  #storage = new SimStorage(this.disk);
  #world = simWorld(this.#storage);
  #engine: Engine | null = null;
  #client: TestClient | null = null;
  /** Rows of t by id, as acknowledged. */
  readonly rows = new Map<number, string>();
  readonly made = new Set<string>();
  /** What was wrong, in order. */
  readonly problems: string[] = [];

  constructor(seed: number) {
    this.#state = seed;
  }

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor(this.#state / 4294967296 * bound);
  }

  async open(): Promise<void> {
    this.#storage.dead = true;
    this.#storage = new SimStorage(this.disk);
    this.#world = simWorld(this.#storage, this.#world);
    this.#engine = await openEngine(this.#world);
    this.#client = await TestClient.connect(this.#engine);
  }

  async sql(text: string): Promise<string[]> {
    if (this.#client === null) throw new Error('not open');
    return (await this.#client.run(text)).rows.map((row) => row.join('|')).toSorted();
  }

  async checkpoint(): Promise<void> {
    this.#world.clock.advance(30_000_000n);
    await this.#engine?.settle();
    for (let i = 0; i < this.below(30); i++) {
      await new Promise((resolve) => { setImmediate(resolve); });
    }
  }

  async close(): Promise<void> {
    await this.#engine?.close();
  }

  /** A random change of t: its text, and what it does to the rows once it is acknowledged. */
  change(): { readonly text: string; readonly apply: () => void } {
    const id = this.below(40);
    const k = `k${this.below(5)}`;
    const n = this.below(50);
    if (this.rows.has(id) && this.below(2) === 0) {
      return { text: `DELETE FROM t WHERE id = ${id}`, apply: () => this.rows.delete(id) };
    }
    if (this.rows.has(id)) {
      return {
        text: `UPDATE t SET k = '${k}', n = ${n} WHERE id = ${id}`,
        apply: () => this.rows.set(id, `${id}|${k}|${n}`),
      };
    }
    return {
      text: `INSERT INTO t VALUES (${id}, '${k}', ${n})`,
      apply: () => this.rows.set(id, `${id}|${k}|${n}`),
    };
  }

  async step(): Promise<void> {
    const dice = this.below(20);
    if (dice < 11) {
      const { text, apply } = this.change();
      await this.sql(text);
      apply();
    } else if (dice === 11) {
      await this.sql(`INSERT INTO u VALUES ('k${this.below(5)}', ${this.below(50)})`);
    } else if (dice === 12) {
      await this.sql(`DELETE FROM u WHERE w < ${this.below(20)}`);
    } else if (dice === 13) {
      await this.viewStep();
    } else if (dice === 14) {
      await this.checkpoint();
    } else if (dice === 15) {
      await this.close();
      await this.open();
    } else if (dice === 16) {
      await this.open();
    } else if (dice === 17) {
      await this.crashDuringCommit();
    } else if (dice === 18) {
      await this.fullDisk();
    } else {
      await this.check();
    }
  }

  async viewStep(): Promise<void> {
    const view = VIEWS[this.below(VIEWS.length)];
    if (view === undefined) return;
    const [name, query] = view;
    if (this.made.delete(name)) await this.sql(`DROP MATERIALIZED VIEW ${name}`);
    else {
      await this.sql(`CREATE MATERIALIZED VIEW ${name} AS ${query}`);
      this.made.add(name);
    }
  }

  async crashDuringCommit(): Promise<void> {
    const { text, apply } = this.change();
    this.disk.stuck = true;
    void this.sql(text).catch(() => undefined);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => { setImmediate(resolve); });
    const keep = this.below(2);
    const written = this.disk.tail.length > 0;
    this.disk.stuck = false;
    this.disk.crash(keep);
    await this.open();
    if (written && keep > 0) apply();
  }

  async fullDisk(): Promise<void> {
    const { text } = this.change();
    this.disk.full = true;
    let refused = false;
    await this.sql(text).catch(() => { refused = true; });
    if (!refused) this.problems.push('a write on a full disk was taken');
    await this.check();
    this.disk.full = false;
  }

  async check(): Promise<void> {
    const rows = (await this.sql('SELECT * FROM t')).join(' ');
    const wanted = [...this.rows.values()].toSorted().join(' ');
    if (rows !== wanted) this.problems.push(`t is ${rows}, not ${wanted}`);
    for (const [name, query] of VIEWS) {
      if (!this.made.has(name)) continue;
      const view = (await this.sql(`SELECT * FROM ${name}`)).join(' ');
      const fresh = (await this.sql(query)).join(' ');
      if (view !== fresh) this.problems.push(`${name} is ${view}, not ${fresh}`);
    }
  }
}

describe('simulation', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`seed ${seed}`, async () => {
      const run = new Simulation(seed);
      await run.open();
      await run.sql('CREATE TABLE t (id int PRIMARY KEY, k text, n int)');
      await run.sql('CREATE TABLE u (k text, w int)');
      for (let n = 0; n < STEPS; n++) await run.step();
      await run.open();
      await run.check();
      await run.close();
      expect(run.problems).toEqual([]);
    });
  }
});
