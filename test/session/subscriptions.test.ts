/**
 * What a subscription keeps: it survives crashes, is the same after recovery, and takes a consumer
 * that resumes by epoch to the rows of the relation, whatever happened in between.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { must } from '../../src/common/assert.ts';
import { EngineCore } from '../../src/runtime/engine-core.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
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
  world = simWorld(new SimStorage(disk), world);
  engine = await openEngine(world, { opened: (opened) => { core = opened; } });
  client = await TestClient.connect(engine);
}

beforeEach(async () => {
  disk = new SimDisk();
  world = simWorld(new SimStorage(disk));
  await open();
});

afterEach(() => engine.close());

/** A generator of whole numbers below a limit. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
}

function change(random: (below: number) => number): string {
  const [k, v] = [random(6), random(20)];
  switch (random(4)) {
    case 0: return `DELETE FROM t WHERE v < ${v / 2}`;
    case 1: return `UPDATE t SET v = v + ${v} WHERE k = ${k}`;
    default: return `INSERT INTO t VALUES (${k}, ${v}), (${k + 1}, ${v})`;
  }
}

function fold(bag: Map<string, number>, changes: readonly Row[]): void {
  for (const [, diff, ...columns] of changes) {
    const key = JSON.stringify(columns);
    const count = (bag.get(key) ?? 0) + Number(diff);
    if (count === 0) bag.delete(key);
    else bag.set(key, count);
  }
}

async function bagOf(what: string): Promise<Map<string, number>> {
  const bag = new Map<string, number>();
  fold(bag, (await client.rows(`SELECT * FROM ${what}`)).map((row) => ['0', '1', ...row]));
  return bag;
}

/** Reads everything behind an epoch, as a client that comes back does. */
async function resume(what: string, after: bigint | null): Promise<{
  readonly rows: readonly Row[]; readonly next: bigint;
}> {
  const reader = await TestClient.connect(engine);
  const from = after === null ? 'WITH (PROGRESS)' : `WITH (PROGRESS, SNAPSHOT = false) AS OF ${after}`;
  await reader.run(`BEGIN; DECLARE c CURSOR FOR SUBSCRIBE ${what} ${from}`);
  const all = await reader.rows('FETCH ALL c');
  await reader.run('ROLLBACK');
  const told = must(all.findLast((row) => row[1] === 't'), 'progress')[0];
  const rows = all.filter((row) => row[1] === 'f').map(([at, , ...rest]) => [at ?? null, ...rest]);
  return { rows, next: BigInt(must(told, 'epoch')) - 1n };
}

describe('a consumer that resumes', () => {
  it(`folds to the view, across crashes (seed ${SEED})`, async () => {
    const random = generator(SEED);
    await client.run('CREATE TABLE t (k int, v int); CREATE MATERIALIZED VIEW sums AS '
      + 'SELECT k, sum(v) AS s, count(*) AS n FROM t GROUP BY k');
    await client.run(`CREATE SUBSCRIPTION st FROM t WITH (retention = '1 day');
      CREATE SUBSCRIPTION ss FROM sums WITH (retention = '1 day')`);
    const bags = new Map([['t', new Map<string, number>()], ['sums', new Map<string, number>()]]);
    const tokens = new Map<string, bigint>();
    let last = -1n;
    for (let step = 0; step < 120; step++) {
      await client.run(change(random));
      if (random(6) === 0) {
        disk.crash(random(3));
        await open();
      }
      if (random(3) > 0) continue;
      for (const [what, bag] of bags) {
        const { rows, next } = await resume(what, tokens.get(what) ?? null);
        for (const [at] of rows) {
          expect(BigInt(must(at, 'time'))).toBeGreaterThan(tokens.get(what) ?? 0n);
        }
        fold(bag, rows);
        tokens.set(what, next);
        last = next;
        expect(bag, `${what}, step ${step}`).toEqual(await bagOf(what));
      }
    }
    expect(last).toBeGreaterThan(0n);
  });

  it('gets the same changes from every place, and after recovery', async () => {
    const random = generator(SEED);
    await client.run('CREATE TABLE t (k int, v int)');
    await client.run(`CREATE SUBSCRIPTION st FROM t WITH (retention = '1 day')`);
    const begin = core.info.epoch().epoch;
    for (let step = 0; step < 30; step++) await client.run(change(random));
    const { rows } = await resume('t', begin);
    await engine.close();
    await open();
    expect((await resume('t', begin)).rows).toEqual(rows);
    for (const after of [begin + 3n, begin + 17n]) {
      expect((await resume('t', after)).rows)
        .toEqual(rows.filter(([at]) => BigInt(must(at, 'time')) > after));
    }
  });

  it('goes on behind what it acknowledged', async () => {
    await client.run(`CREATE TABLE t (k int, v int); INSERT INTO t VALUES (1, 1)`);
    await client.run(`CREATE SUBSCRIPTION st FROM t WITH (retention = '1 day')`);
    const first = await resume('st', null);
    expect(first.rows.map(([, ...rest]) => rest)).toEqual([['1', '1', '1']]);
    await client.run(`ACKNOWLEDGE st UP TO ${first.next}`);
    await client.run('INSERT INTO t VALUES (2, 2)');
    disk.crash(0);
    await open();
    await client.run('BEGIN; DECLARE c CURSOR FOR SUBSCRIBE st');
    expect((await client.rows('FETCH ALL c')).map(([, ...rest]) => rest)).toEqual([['1', '2', '2']]);
    await client.run('ROLLBACK; DECLARE d SUBSCRIPTION CURSOR FOR st SINCE acknowledged()');
    expect((await client.rows('FETCH ALL d')).map((row) => row.slice(0, 3)))
      .toEqual([['2', '2', 'Insert']]);
  });
});

describe('retention', () => {
  it('is by age in logical time', async () => {
    await client.run('CREATE TABLE t (k int)');
    await client.run(`CREATE SUBSCRIPTION st FROM t WITH (retention = '1 minute')`);
    await client.run('INSERT INTO t VALUES (1)');
    await client.run('DECLARE c SUBSCRIPTION CURSOR FOR st SINCE begin()');
    world.clock.advance(90_000_000n);
    await client.run('INSERT INTO t VALUES (2)');
    await expect(client.run('FETCH NEXT FROM c')).rejects.toThrow('55000');
    await client.run('CLOSE c; DECLARE c SUBSCRIPTION CURSOR FOR st SINCE begin()');
    expect((await client.rows('FETCH ALL c')).map(([k]) => k)).toEqual(['2']);
  });

  it('holds nothing after the last subscription has gone', async () => {
    await client.run('CREATE TABLE t (k int)');
    await client.run(`CREATE SUBSCRIPTION a FROM t WITH (retention = '1 minute');
      CREATE SUBSCRIPTION b FROM t WITH (retention = '1 day')`);
    await client.run('INSERT INTO t VALUES (1)');
    await client.run('DROP SUBSCRIPTION b');
    expect(core.info.history(must(core.catalog.state.relationByName(5, 2200, 't'), 't').id)?.rows)
      .toBe(1);
    await client.run('DROP SUBSCRIPTION a');
    expect(await client.rows('SELECT * FROM tidemill.history')).toEqual([]);
    await engine.close();
    await open();
    expect(await client.rows('SELECT * FROM tidemill.history')).toEqual([]);
  });
});

describe('time travel', () => {
  it('reads the rows of a moment', async () => {
    await client.run(`CREATE TABLE t (k int PRIMARY KEY, v int) WITH (retain_history = '1 hour')`);
    const seen: (readonly [string, readonly Row[]])[] = [];
    const random = generator(SEED);
    for (let step = 0; step < 20; step++) {
      await client.run(`INSERT INTO t VALUES (${step}, ${random(9)});
        UPDATE t SET v = v + 1 WHERE k = ${random(step + 1)};
        DELETE FROM t WHERE k = ${random(40)}`);
      world.clock.advance(1000n);
      const [[now] = []] = await client.rows('SELECT clock_timestamp()::text');
      world.clock.advance(1000n);
      seen.push([must(now, 'time'), await client.rows('SELECT * FROM t ORDER BY k')]);
    }
    for (const [at, rows] of seen) {
      expect(await client.rows(`SELECT * FROM t FOR SYSTEM_TIME AS OF '${at}' ORDER BY k`))
        .toEqual(rows);
      expect(await client.rows(`SELECT count(*) FROM t AS OF '${at}'`))
        .toEqual([[String(rows.length)]]);
    }
  });

  it('describes a statement with it', async () => {
    await client.run(`CREATE TABLE t (k int PRIMARY KEY) WITH (retain_history = '1 hour')`);
    await client.run('INSERT INTO t VALUES (1)');
    const { epoch } = core.info.epoch();
    await client.run('DELETE FROM t');
    const { columns } = await client.session.parse('s', `SELECT * FROM t AS OF ${epoch}`, []);
    expect(columns?.map(({ name }) => name)).toEqual(['k']);
  });
});

describe('a cursor that waits', () => {
  it('is woken by a change, and gives up after its timeout', async () => {
    await client.run('CREATE TABLE t (k int)');
    await client.run(`CREATE SUBSCRIPTION st FROM t WITH (retention = '1 minute')`);
    await client.run('DECLARE c SUBSCRIPTION CURSOR FOR st');
    const waiting = client.rows(`FETCH NEXT FROM c WITH (timeout = '10s')`);
    const writer = await TestClient.connect(engine);
    await writer.run('INSERT INTO t VALUES (7)');
    expect((await waiting).map(([k]) => k)).toEqual(['7']);
    const idle = client.rows(`FETCH NEXT FROM c WITH (timeout = '10s')`);
    await writer.rows('SELECT 1');
    world.clock.advance(11_000_000n);
    expect(await idle).toEqual([]);
  });
});
