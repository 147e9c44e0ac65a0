/**
 * SUBSCRIBE: what a subscription says, added up, is the view after every epoch; it misses nothing,
 * repeats nothing, and ends when it should.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { must } from '../../src/common/assert.ts';
import { EngineCore } from '../../src/runtime/engine-core.ts';
import { isSubscriptionView } from '../../src/runtime/catalog-store.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { QUEUE_ROWS_MAX } from '../../src/runtime/session/subscription.ts';
import type { Engine, SessionEvent } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const SEED = Number(process.env['SUBSCRIBE_SEED'] ?? Math.floor(Math.random() * 1e9));

type Row = readonly (string | null)[];

let disk: SimDisk;
let world: ReturnType<typeof simWorld>;
let engine: Engine;
let core: EngineCore;
let client: TestClient;

async function open(): Promise<void> {
  world = simWorld(new SimStorage(disk));
  engine = await openEngine(world, { opened: (opened) => { core = opened; } });
  client = await TestClient.connect(engine);
}

beforeEach(async () => {
  disk = new SimDisk();
  await open();
});

afterEach(() => engine.close());

function hiddenViews(): number {
  return [...core.catalog.state.relations.values()]
    .filter((relation) => isSubscriptionView(relation) && relation.belongsTo === null).length;
}

/** A cursor over a subscription in a session of its own. */
async function cursor(what: string): Promise<TestClient> {
  const reader = await TestClient.connect(engine);
  await reader.run(`BEGIN; DECLARE c CURSOR FOR SUBSCRIBE ${what}`);
  return reader;
}

async function fetchAll(reader: TestClient): Promise<readonly Row[]> {
  return reader.rows('FETCH ALL c');
}

/** Adds changes (timestamp, diff, columns) to a bag of rows. */
function fold(bag: Map<string, number>, changes: readonly Row[]): void {
  for (const [, diff, ...columns] of changes) {
    const key = JSON.stringify(columns);
    const count = (bag.get(key) ?? 0) + Number(diff);
    if (count === 0) bag.delete(key);
    else bag.set(key, count);
  }
}

function bagOf(rows: readonly Row[]): Map<string, number> {
  const bag = new Map<string, number>();
  fold(bag, rows.map((row) => ['0', '1', ...row]));
  return bag;
}

function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
}

function change(random: (below: number) => number): string {
  const [k, v] = [random(5), random(20)];
  switch (random(4)) {
    case 0: return `DELETE FROM t WHERE v < ${v / 2}`;
    case 1: return `UPDATE t SET v = v + ${v} WHERE k = ${k}`;
    default: return `INSERT INTO t SELECT ${k}, g FROM generate_series(1, ${v + 1}) AS s(g)`;
  }
}

async function makeTables(): Promise<void> {
  await client.run('CREATE TABLE t (k int, v int); INSERT INTO t VALUES (1, 1), (1, 1), (2, 5)');
  await client.run('CREATE MATERIALIZED VIEW sums AS SELECT k, sum(v) AS s FROM t GROUP BY k; '
    + 'CREATE VIEW big AS SELECT k, v FROM t WHERE v > 3');
}

describe('the sum of a subscription', () => {
  const SUBJECTS = ['t', 'sums', 'big', '(SELECT k, count(*) FROM t GROUP BY k HAVING count(*) > 2)'];

  it(`is the relation after every epoch (seed ${SEED})`, async () => {
    const random = generator(SEED);
    await makeTables();
    const readers = await Promise.all(SUBJECTS.flatMap((what) => [cursor(what), cursor(what)]));
    const bags = readers.map(() => new Map<string, number>());
    for (let step = 0; step < 40; step++) {
      for (const [at, reader] of readers.entries()) {
        // The second reader of each subject reads seldom.
        if (at % 2 === 1 && random(4) > 0) continue;
        fold(must(bags[at], 'bag'), await fetchAll(reader));
        const subject = must(SUBJECTS[Math.floor(at / 2)], 'subject');
        const query = subject.startsWith('(') ? subject : `SELECT * FROM ${subject}`;
        expect(bags[at], `${subject}, step ${step}`).toEqual(bagOf(await client.rows(query)));
      }
      await client.run(change(random));
    }
    for (const reader of readers) await reader.run('ROLLBACK');
    expect(hiddenViews()).toBe(0);
  });

  it('is right when the subscription begins between commits that are under way', async () => {
    await makeTables();
    const writes = Array.from({ length: 30 }, async (_each, at) => {
      const writer = await TestClient.connect(engine);
      await writer.run(`INSERT INTO t VALUES (${at}, ${at})`);
    });
    const readers = await Promise.all(['t', 'big', 't'].map(cursor));
    await Promise.all(writes);
    for (const [at, what] of ['t', 'big', 't'].entries()) {
      const bag = new Map<string, number>();
      fold(bag, await fetchAll(must(readers[at], 'reader')));
      expect(bag).toEqual(bagOf(await client.rows(`SELECT * FROM ${what}`)));
    }
  });
});

describe('rows of a subscription', () => {
  it('come consolidated, epoch by epoch, retractions first', async () => {
    await makeTables();
    const reader = await cursor('t');
    expect((await fetchAll(reader)).map(([, ...rest]) => rest))
      .toEqual([['2', '1', '1'], ['1', '2', '5']]);
    await client.run('UPDATE t SET v = 9 WHERE k = 1');
    await client.run('BEGIN; INSERT INTO t VALUES (7, 7); DELETE FROM t WHERE k = 7; COMMIT');
    await client.run('DELETE FROM t WHERE k = 2');
    const rows = await fetchAll(reader);
    expect(rows.map(([, ...rest]) => rest))
      .toEqual([['-2', '1', '1'], ['2', '1', '9'], ['-1', '2', '5']]);
    expect(Number(rows[0]?.[0])).toBe(Number(rows[1]?.[0]));
    expect(Number(rows[2]?.[0])).toBeGreaterThan(Number(rows[1]?.[0]));
    expect(await fetchAll(reader)).toEqual([]);
  });

  it('tell progress, and leave the snapshot out on request', async () => {
    await makeTables();
    const reader = await cursor('t WITH (SNAPSHOT = false, PROGRESS)');
    const [[since, ...first] = []] = await fetchAll(reader);
    expect(first).toEqual(['t', null, null, null]);
    await client.run('INSERT INTO t VALUES (3, 3)');
    expect(await fetchAll(reader)).toEqual([
      [since, 'f', '1', '3', '3'], [String(Number(since) + 1), 't', null, null, null],
    ]);
  });

  it('come by key under ENVELOPE UPSERT', async () => {
    await client.run('CREATE TABLE p (v text, id int PRIMARY KEY)');
    await client.run(`INSERT INTO p VALUES ('a', 1)`);
    const reader = await cursor('p ENVELOPE UPSERT (KEY (id))');
    expect((await reader.run('FETCH ALL c')).columns.map(({ name }) => name))
      .toEqual(['mz_timestamp', 'mz_state', 'id', 'v']);
    await client.run(`UPDATE p SET v = 'b'; INSERT INTO p VALUES ('c', 2)`);
    await client.run('DELETE FROM p WHERE id = 1');
    expect((await fetchAll(reader)).map(([, ...rest]) => rest)).toEqual([
      ['upsert', '1', 'b'], ['upsert', '2', 'c'], ['delete', '1', null]]);
    await reader.run('ROLLBACK; BEGIN; DECLARE c CURSOR FOR SUBSCRIBE (SELECT 1 AS k, v FROM p) '
      + 'ENVELOPE UPSERT (KEY (k))');
    await client.run(`INSERT INTO p VALUES ('x', 8), ('y', 9)`);
    expect((await fetchAll(reader)).map(([, ...rest]) => rest))
      .toEqual([['upsert', '1', 'c'], ['key_violation', '1', null]]);
  });

  it('carry before and after under ENVELOPE DEBEZIUM', async () => {
    await client.run('CREATE TABLE p (id int PRIMARY KEY, v text)');
    const reader = await cursor('p ENVELOPE DEBEZIUM (KEY (id))');
    for (const text of [`INSERT INTO p VALUES (1, 'a')`, `UPDATE p SET v = 'b'`, 'DELETE FROM p']) {
      await client.run(text);
    }
    const { columns, rows } = await reader.run('FETCH ALL c');
    expect(columns.map(({ name }) => name))
      .toEqual(['mz_timestamp', 'mz_state', 'id', 'before_v', 'after_v']);
    expect(rows.map(([, ...rest]) => rest)).toEqual([
      ['insert', '1', null, 'a'], ['upsert', '1', 'a', 'b'], ['delete', '1', 'b', null]]);
  });
});

describe('a subscription ends', () => {
  it('at UP TO', async () => {
    await makeTables();
    const epoch = core.info.epoch().epoch;
    const rows = client.rows(`SUBSCRIBE t WITH (SNAPSHOT = false) UP TO ${epoch + 3n}`);
    const writer = await TestClient.connect(engine);
    for (let at = 1; at < 5; at++) await writer.run(`INSERT INTO t VALUES (${at}, 0)`);
    expect(await rows).toEqual([
      [String(epoch + 1n), '1', '1', '0'], [String(epoch + 2n), '1', '2', '0']]);
  });

  it('when nothing can ever change', async () => {
    await client.run('CREATE VIEW one AS VALUES (1)');
    for (const what of ['(SELECT 1 AS a)', 'one']) {
      expect(await client.rows(`SUBSCRIBE ${what} WITH (PROGRESS)`))
        .toEqual([['18446744073709551615', 'f', '1', '1']]);
    }
  });

  it('on cancel, at once, whatever statement_timeout says', async () => {
    await makeTables();
    await client.run(`SET statement_timeout = '1ms'`);
    const seen: SessionEvent[] = [];
    for await (const event of client.session.query('SUBSCRIBE big')) {
      seen.push(event);
      world.clock.advance(1_000_000n);
      if (event.kind === 'rows') setImmediate(() => client.session.cancel());
    }
    expect(seen.map(({ kind }) => kind)).toEqual(['columns', 'flush', 'rows', 'flush', 'error']);
    expect(seen.at(-1)).toMatchObject({ error: { sqlState: '57014' } });
    expect(hiddenViews()).toBe(0);
  });

  it('when the reader goes, closes the cursor or the session', async () => {
    await makeTables();
    for await (const event of client.session.query('SUBSCRIBE big')) {
      if (event.kind === 'rows') break;
    }
    expect(hiddenViews()).toBe(0);
    const reader = await cursor('big');
    expect(hiddenViews()).toBe(1);
    await reader.run('CLOSE c');
    expect(hiddenViews()).toBe(0);
    const other = await cursor('big');
    await other.session.close();
    expect(hiddenViews()).toBe(0);
  });

  it('when what it reads is dropped or changes shape', async () => {
    await makeTables();
    const [hidden, plain] = [await cursor('big'), await cursor('t WITH (SNAPSHOT = false)')];
    await client.run('DROP MATERIALIZED VIEW sums; DROP VIEW big; DROP TABLE t');
    await expect(hidden.run('FETCH ALL c')).rejects.toThrow('55000');
    await expect(plain.run('FETCH ALL c')).rejects.toThrow('55000');
    expect(hiddenViews()).toBe(0);
    await client.run('CREATE TABLE u (a int)');
    const reader = await cursor('u');
    await client.run('ALTER TABLE u ADD COLUMN b int');
    await expect(reader.run('FETCH ALL c')).rejects.toThrow('columns of "u" have changed');
  });

  it('when a row of its query cannot be computed, rather than leave it out', async () => {
    await makeTables();
    const reader = await cursor('(SELECT 10 / v FROM t)');
    expect(await fetchAll(reader)).toHaveLength(2);
    await client.run('INSERT INTO t VALUES (0, 0)');
    await expect(reader.run('FETCH ALL c')).rejects.toThrow('22012: a row of the query');
    await expect(cursor('(SELECT 10 / v FROM t)')).rejects.toThrow('22012');
    await reader.run('ROLLBACK');
    expect(hiddenViews()).toBe(0);
    expect(await client.rows('SELECT count(*) FROM pg_class WHERE relname LIKE $$%subscription\\_%$$'
      + ' AND relnamespace > 13000')).toEqual([['0']]);
  });

  it('when too much waits for its reader', async () => {
    await client.run('CREATE TABLE u (a int)');
    const slow = await cursor('u');
    const steady = await cursor('u');
    const write = `INSERT INTO u SELECT g FROM generate_series(1, ${QUEUE_ROWS_MAX}) AS s(g)`;
    // Rows that come and go cancel out in the queue.
    for (let at = 0; at < 3; at++) await client.run(`${write}; DELETE FROM u`);
    expect(await fetchAll(slow)).toEqual([]);
    for (let at = 0; at < 3; at++) {
      await client.run(`INSERT INTO u SELECT g + ${at * QUEUE_ROWS_MAX} FROM generate_series(1, ${
        QUEUE_ROWS_MAX}) AS s(g)`);
      await fetchAll(steady);
    }
    await expect(slow.run('FETCH 1 c')).rejects.toThrow('53200');
    await client.run('INSERT INTO u VALUES (0)');
    expect((await fetchAll(steady)).map(([, ...rest]) => rest)).toEqual([['1', '0']]);
  });
});

describe('statements around it', () => {
  it('FETCH waits for the first row as long as it may', async () => {
    await client.run('CREATE TABLE u (a int)');
    const reader = await cursor('u');
    const empty = reader.rows(`FETCH 5 c WITH (timeout = '2s')`);
    setTimeout(() => world.clock.advance(2_000_000n), 20);
    expect(await empty).toEqual([]);
    const rows = reader.rows(`FETCH 5 c WITH (timeout = '1d')`);
    await client.run('INSERT INTO u VALUES (1)');
    expect((await rows).map(([, ...rest]) => rest)).toEqual([['1', '1']]);
  });

  it('Execute with a row limit gives what there is', async () => {
    await makeTables();
    await client.session.parse('', 'SUBSCRIBE t', []);
    expect((await client.session.describeStatement('')).columns?.map(({ name }) => name))
      .toEqual(['mz_timestamp', 'mz_diff', 'k', 'v']);
    await client.session.bind('p', '', []);
    const kinds: string[] = [];
    let rows = 0;
    for await (const event of client.session.execute('p', 10)) {
      if (event.kind === 'rows') rows += event.batch.length;
      kinds.push(event.kind);
    }
    expect(kinds).toEqual(['columns', 'flush', 'rows', 'flush', 'suspended']);
    expect(rows).toBe(2);
  });

  it('are refused where they cannot be done', async () => {
    await makeTables();
    for (const [text, state] of [
      ['SUBSCRIBE t AS OF 1', '0A000'], ['SUBSCRIBE nope', '42P01'],
      ['SUBSCRIBE pg_class', '0A000'], ['SUBSCRIBE t ENVELOPE UPSERT (KEY (nope))', '42703'],
      ['SUBSCRIBE t WITH (nope)', '0A000'], ['CREATE SUBSCRIPTION s FROM big WITH (retention = $$1D$$)', '0A000'],
      ['BEGIN; INSERT INTO t VALUES (0, 0); SUBSCRIBE t', '25001'],
      ['DECLARE c CURSOR FOR SUBSCRIBE t', '25P01'],
    ] as const) {
      await expect(client.run(text)).rejects.toThrow(state);
      await client.run('ROLLBACK');
    }
  });

  it('views left over by a crash are dropped at the start, and are not listed', async () => {
    await makeTables();
    await cursor('big');
    expect(await client.rows(`SELECT relname FROM pg_class WHERE relname LIKE 'subscription\\_%'`))
      .toEqual([]);
    disk.crash(0);
    await open();
    expect(hiddenViews()).toBe(0);
    expect(await client.rows('SELECT count(*) FROM t')).toEqual([['3']]);
  });
});
