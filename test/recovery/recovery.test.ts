/**
 * Restarts: after every epoch, after a crash with an unsynced tail, with and without checkpoints;
 * the engine must be what it was. And determinism: the same rows in batches of 1, 7 and 1,000.
 */
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import type { SimWorld } from '../support/sim-environment.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const SETUP = [
  'CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(10,2))',
  "CREATE TABLE click (id int, usr text, item int, ts timestamp, "
    + "WATERMARK FOR ts AS ts - INTERVAL '1 minute')",
  'CREATE MATERIALIZED VIEW per_minute AS SELECT window_start, usr, count(*) AS n, '
    + "max(item) AS top FROM TUMBLE(click, ts, INTERVAL '1 minute') "
    + 'GROUP BY window_start, usr EMIT ON WINDOW CLOSE',
  'CREATE MATERIALIZED VIEW sessions AS SELECT window_start, window_end, usr, count(*) AS n '
    + "FROM SESSION(click PARTITION BY usr, ts, INTERVAL '30 seconds') "
    + 'GROUP BY window_start, window_end, usr',
  'CREATE MATERIALIZED VIEW joined AS SELECT c.usr, i.name, sum(i.price) AS total, count(*) AS n '
    + 'FROM click c JOIN item i ON c.item = i.id GROUP BY c.usr, i.name',
  'CREATE MATERIALIZED VIEW total AS SELECT sum(n) AS n, sum(total) AS total FROM joined',
] as const;

const QUERIES = [
  'SELECT * FROM item', 'SELECT * FROM click', 'SELECT * FROM per_minute',
  'SELECT * FROM sessions', 'SELECT * FROM joined', 'SELECT * FROM total',
  'SELECT * FROM late.per_minute', 'SELECT * FROM tidemill.late_rows',
  "SELECT view, offered, late FROM tidemill.views WHERE view <> 'total'",
  'SELECT * FROM tidemill.watermarks',
] as const;

/** A row of `click`: mostly in order, some late. */
function click(n: number): string {
  const late = n % 11 === 10 ? 400 : n % 5 === 4 ? 40 : 0;
  const second = n * 7 - late;
  const at = new Date(Date.UTC(2024, 0, 1) + second * 1000).toISOString().slice(0, 19);
  return `(${n}, 'u${n % 3}', ${n % 4}, '${at.replace('T', ' ')}')`;
}

function statements(): string[] {
  const list = ["INSERT INTO item VALUES (0, 'cup', 1.50), (1, 'pot', 20.00), (2, 'pan', 7.25)"];
  for (let n = 0; n < 60; n += 3) {
    list.push(`INSERT INTO click VALUES ${[n, n + 1, n + 2].map(click).join(', ')}`);
    if (n % 9 === 0) list.push(`UPDATE item SET price = price + 1 WHERE id = ${n % 3}`);
    if (n % 12 === 0) list.push(`DELETE FROM click WHERE id = ${n}`);
    if (n === 30) list.push("INSERT INTO item VALUES (3, 'jug', 0.10)");
  }
  return list;
}

class Run {
  readonly disk = new SimDisk();
  world: SimWorld;
  engine: Engine | null = null;
  client: TestClient | null = null;

  storage = new SimStorage(this.disk);

  constructor() {
    this.world = simWorld(this.storage);
  }

  /** Starts anew; an engine that was not closed is killed. */
  async open(): Promise<void> {
    this.storage.dead = true;
    this.storage = new SimStorage(this.disk);
    this.world = simWorld(this.storage, this.world);
    this.engine = await openEngine(this.world);
    this.client = await TestClient.connect(this.engine);
  }

  async sql(text: string): Promise<readonly (readonly (string | null)[])[]> {
    if (this.client === null) throw new Error('not open');
    return (await this.client.run(text)).rows;
  }

  async close(): Promise<void> {
    await this.engine?.close();
  }

  async facts(): Promise<string> {
    const parts: string[] = [];
    for (const query of QUERIES) {
      const rows = (await this.sql(query)).map((row) => row.join('|')).toSorted();
      parts.push(query, ...rows);
    }
    return parts.join('\n');
  }
}

async function straight(list: readonly string[] = statements()): Promise<string> {
  const run = new Run();
  await run.open();
  for (const text of [...SETUP, ...list]) await run.sql(text);
  const facts = await run.facts();
  await run.close();
  return facts;
}

describe('recovery', () => {
  it('gives the same after a restart behind every statement, replaying the log', async () => {
    const expected = await straight();
    const run = new Run();
    for (const text of [...SETUP, ...statements()]) {
      await run.open();
      await run.sql(text);
      // No close: the log alone must be enough.
    }
    await run.open();
    expect(await run.facts()).toBe(expected);
    expect(run.disk.checkpoint).toBe(0);
    await run.close();
  });

  it('gives the same after clean shutdowns, from checkpoints alone', async () => {
    const expected = await straight();
    const run = new Run();
    for (const text of [...SETUP, ...statements()]) {
      await run.open();
      await run.sql(text);
      await run.close();
      expect(run.disk.records).toEqual([]);
    }
    await run.open();
    expect(await run.facts()).toBe(expected);
    await run.close();
  });

  it('gives the same with checkpoints now and then and crashes between', async () => {
    const expected = await straight();
    const run = new Run();
    await run.open();
    for (const [n, text] of [...SETUP, ...statements()].entries()) {
      await run.sql(text);
      if (n % 4 === 2) {
        run.world.clock.advance(20_000_000n);
        await run.engine?.settle();
        await new Promise((resolve) => { setTimeout(resolve, 5); });
      }
      if (n % 5 === 3) await run.open();
    }
    expect(run.disk.checkpoint).toBeGreaterThan(2);
    expect(await run.facts()).toBe(expected);
    await run.open();
    expect(await run.facts()).toBe(expected);
    await run.close();
  });

  it('keeps what was acknowledged when a crash takes the unsynced tail', async () => {
    const run = new Run();
    await run.open();
    await run.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await run.sql('CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM t');
    await run.sql('INSERT INTO t VALUES (1)');
    for (const keep of [0, 1]) {
      run.disk.stuck = true;
      let acknowledged = false;
      void run.sql(`INSERT INTO t VALUES (${keep + 2})`).then(() => { acknowledged = true; });
      await new Promise((resolve) => { setTimeout(resolve, 10); });
      expect(acknowledged).toBe(false);
      run.disk.stuck = false;
      run.disk.crash(keep);
      await run.open();
      const rows = await run.sql('SELECT id FROM t ORDER BY id');
      expect(rows.map(([id]) => id)).toEqual(keep === 0 ? ['1'] : ['1', '3']);
      expect(await run.sql('SELECT n FROM v')).toEqual([[String(rows.length)]]);
    }
    await run.close();
  });

  it('refuses writes on a full disk, serves reads, and goes on', async () => {
    const run = new Run();
    await run.open();
    await run.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await run.sql('CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM t');
    await run.sql('INSERT INTO t VALUES (1)');
    run.disk.full = true;
    await expect(run.sql('INSERT INTO t VALUES (2)')).rejects.toThrow('53100');
    expect(await run.sql('SELECT id FROM t')).toEqual([['1']]);
    expect(await run.sql('SELECT n FROM v')).toEqual([['1']]);
    expect(await run.sql('SELECT storage_status FROM tidemill.epochs'))
      .toEqual([['no space left on device']]);
    run.disk.full = false;
    await run.sql('INSERT INTO t VALUES (2)');
    expect(await run.sql('SELECT n FROM v')).toEqual([['2']]);
    await run.open();
    expect(await run.sql('SELECT n FROM v')).toEqual([['2']]);
    await run.close();
  });

  it('stops at an epoch that comes out differently', async () => {
    const run = new Run();
    await run.open();
    for (const text of [...SETUP, ...statements()].slice(0, 12)) await run.sql(text);
    const at = run.disk.records.length - 2;
    const record = run.disk.records[at];
    if (record === undefined) throw new Error('no record');
    const body = record.body.slice();
    // The hash of the epoch before: behind format, epoch and logical time.
    body[17] = (body[17] ?? 0) ^ 1;
    run.disk.records[at] = { ...record, body };
    await expect(run.open()).rejects.toThrow(`epoch ${record.epoch - 1n} came out differently`);
  });
});

describe('determinism', () => {
  it('gives the same rows for batches of 1, 7 and 1,000', async () => {
    const results: string[] = [];
    for (const size of [1, 7, 1000]) {
      const list: string[] = ["INSERT INTO item VALUES (0, 'cup', 1.50), (1, 'pot', 20.00)"];
      for (let n = 0; n < 200; n += size) {
        const numbers = Array.from({ length: Math.min(size, 200 - n) }, (_each, i) => n + i);
        list.push(`INSERT INTO click VALUES ${numbers.map(click).join(', ')}`);
      }
      results.push(await straight(list));
    }
    expect(results[1]).toBe(results[0]);
    expect(results[2]).toBe(results[0]);
  });
});

describe('tables that change shape', () => {
  it('come back after a crash behind ALTER TABLE, whatever was checkpointed', async () => {
    for (const checkpointAfter of [0, 1, 2, 3, 4, 5]) {
      const run = new Run();
      await run.open();
      const list = [
        'CREATE TABLE t (id int PRIMARY KEY, a text, b int)',
        "INSERT INTO t VALUES (1, 'x', 10), (2, 'y', 20)",
        'ALTER TABLE t DROP COLUMN a',
        'ALTER TABLE t ADD COLUMN c int DEFAULT 7',
        'CREATE MATERIALIZED VIEW v AS SELECT b, count(*) AS n FROM t GROUP BY b',
        'INSERT INTO t VALUES (3, 20, 8)',
      ];
      for (const [n, text] of list.entries()) {
        await run.sql(text);
        if (n !== checkpointAfter) continue;
        run.world.clock.advance(20_000_000n);
        await run.engine?.settle();
        await new Promise((resolve) => { setTimeout(resolve, 5); });
      }
      await run.open();
      expect(await run.sql('SELECT * FROM t ORDER BY id'))
        .toEqual([['1', '10', '7'], ['2', '20', '7'], ['3', '20', '8']]);
      expect(await run.sql('SELECT * FROM v ORDER BY b')).toEqual([['10', '1'], ['20', '2']]);
      await run.close();
    }
  });

  it('replaced and dropped views leave nothing behind', async () => {
    const run = new Run();
    await run.open();
    for (const text of SETUP) await run.sql(text);
    for (const text of statements().slice(0, 10)) await run.sql(text);
    await run.sql('CREATE OR REPLACE MATERIALIZED VIEW joined AS SELECT c.usr, i.name, '
      + 'sum(i.price * 2) AS total, count(*) AS n FROM click c JOIN item i ON c.item = i.id '
      + 'GROUP BY c.usr, i.name');
    const total = await run.sql('SELECT * FROM total');
    expect(total).toEqual(await run.sql('SELECT sum(n), sum(total) FROM joined'));
    await run.open();
    expect(await run.sql('SELECT * FROM total')).toEqual(total);
    await run.close();
    await run.open();
    expect(await run.sql('SELECT * FROM total')).toEqual(total);
    for (const view of ['total', 'joined', 'sessions', 'per_minute']) {
      await run.sql(`DROP MATERIALIZED VIEW ${view}`);
    }
    await run.sql('DROP TABLE click, item');
    await run.close();
    expect([...new Set(run.disk.parts.map(({ store }) => store))].toSorted())
      .toEqual(['', 'engine/keys'].filter((name) => run.disk.parts.some((p) => p.store === name)));
  });
});
