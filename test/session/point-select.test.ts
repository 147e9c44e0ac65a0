/**
 * Look-ups by key that skip parser and planner answer what the long way answers, and stop when
 * anything they rest on has changed.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import type { Value } from '../../src/common/values.ts';
import { cell } from '../../src/runtime/batch.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

let engine: Engine;
let client: TestClient;

beforeEach(async () => {
  engine = await openEngine(simWorld(new SimStorage(new SimDisk())));
  client = await TestClient.connect(engine);
  await client.run(`CREATE TABLE t (a int, b int8, v text, PRIMARY KEY (a, b));
    CREATE TABLE n (k varchar(10) PRIMARY KEY, v int)`);
  await client.run(`INSERT INTO t SELECT g, g * 10, 'v' || g FROM generate_series(1, 100) s(g);
    INSERT INTO n VALUES ('x', 1), ('y', 2)`);
  await client.run(`CREATE MATERIALIZED VIEW m AS SELECT a, count(*) AS c FROM t GROUP BY a`);
});

afterEach(() => engine.close());

async function prepared(name: string, values: readonly Value[]): Promise<readonly Value[][]> {
  await client.session.bind('', name, values);
  const rows: Value[][] = [];
  for await (const event of client.session.execute('', 0, true)) {
    if (event.kind === 'error') throw new Error(event.error.message);
    if (event.kind !== 'rows') continue;
    for (let row = 0; row < event.batch.length; row++) {
      rows.push(event.batch.columns.map((column) => cell(column, row)));
    }
  }
  return rows;
}

describe('a look-up by key', () => {
  it('is right again and again, in the simple protocol', async () => {
    for (const a of [3, 5, 3, 1000, 100]) {
      expect(await client.rows(`SELECT v, a FROM t WHERE b = ${a * 10} AND a = ${a};`))
        .toEqual(a > 100 ? [] : [[`v${a}`, String(a)]]);
      expect(await client.rows(`SELECT c FROM m WHERE a = ${a}`)).toEqual(a > 100 ? [] : [['1']]);
      expect(await client.rows(`SELECT * FROM t WHERE a = ${a} AND b = ${a}0 LIMIT ${a % 2}`))
        .toEqual(a > 100 || a % 2 === 0 ? [] : [[String(a), `${a}0`, `v${a}`]]);
      expect(await client.rows(`SELECT ${a} AS x FROM m WHERE a = 1`)).toEqual([[String(a)]]);
    }
  });

  it('is right again and again, prepared', async () => {
    await client.session.parse('q', 'SELECT v FROM t WHERE b = $2 AND a = $1', []);
    await client.session.parse('p', 'SELECT v FROM n WHERE k = $1', []);
    await client.session.parse('r', 'SELECT v FROM t WHERE a = $1 AND b = $1 * 10', []);
    for (const a of [3, 5, 3, 1000]) {
      expect(await prepared('q', [a, BigInt(a * 10)])).toEqual(a > 100 ? [] : [[`v${a}`]]);
      expect(await prepared('r', [a])).toEqual(a > 100 ? [] : [[`v${a}`]]);
    }
    for (const [k, rows] of [['x', [[1]]], ['y', [[2]]], ['z', []], [null, []]] as const) {
      expect(await prepared('p', [k])).toEqual(rows);
    }
  });

  it('sees what was committed, and its own transaction', async () => {
    const look = (): Promise<unknown> => client.rows('SELECT v FROM n WHERE k = $$x$$');
    const number = (): Promise<unknown> => client.rows('SELECT v FROM t WHERE a = 7 AND b = 70');
    expect([await number(), await number()]).toEqual([[['v7']], [['v7']]]);
    await client.run(`UPDATE t SET v = 'new' WHERE a = 7`);
    expect(await number()).toEqual([['new']]);
    await client.run(`BEGIN; UPDATE t SET v = 'mine' WHERE a = 7`);
    expect(await number()).toEqual([['mine']]);
    await client.run('ROLLBACK; BEGIN');
    expect(await number()).toEqual([['new']]);
    const other = await TestClient.connect(engine, 2);
    await other.run(`UPDATE t SET v = 'later' WHERE a = 7`);
    expect(await number()).toEqual([['new']]);
    await client.run('COMMIT');
    expect(await number()).toEqual([['later']]);
    await client.run('BEGIN');
    await expect(client.run('SELECT nope')).rejects.toThrow('42703');
    await expect(number()).rejects.toThrow('25P02');
    await client.run('ROLLBACK');
    expect(await look()).toEqual([['1']]);
  });

  it('ends with the definitions, names and rights it rests on', async () => {
    const look = (): Promise<unknown> => client.rows('SELECT v FROM t WHERE a = 7 AND b = 70');
    await look();
    expect(await look()).toEqual([['v7']]);
    await client.run('ALTER TABLE t ADD COLUMN w int; ALTER TABLE t DROP COLUMN v');
    await expect(look()).rejects.toThrow('42703');
    await client.run('ALTER TABLE t ADD COLUMN v int');
    expect(await look()).toEqual([[null]]);
    await client.run(`CREATE SCHEMA s; CREATE TABLE s.t (a int, b int8, v text, PRIMARY KEY (a, b))`);
    expect([await look(), await look()]).toEqual([[[null]], [[null]]]);
    await client.run(`SET search_path = s, public; INSERT INTO t VALUES (7, 70, 'other')`);
    expect(await look()).toEqual([['other']]);
    await client.run('CREATE ROLE ann; GRANT USAGE ON SCHEMA s TO ann; SET ROLE ann');
    await expect(look()).rejects.toThrow('42501');
    await client.run('RESET ROLE; DROP TABLE s.t; RESET search_path');
    expect(await look()).toEqual([[null]]);
  });
});
