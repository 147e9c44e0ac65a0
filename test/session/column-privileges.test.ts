/**
 * Privileges on columns and on functions: what may be read, written and called, and what the
 * catalogs say of it, as PostgreSQL 15 has it.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

let engine: Engine;
let admin: TestClient;
let ann: TestClient;

beforeEach(async () => {
  engine = await openEngine(simWorld(new SimStorage(new SimDisk())));
  admin = await TestClient.connect(engine, 1);
  await admin.run(`CREATE ROLE ann LOGIN; CREATE ROLE bob LOGIN;
    CREATE TABLE t (a int PRIMARY KEY, b int, c int); INSERT INTO t VALUES (1, 2, 3);
    CREATE TABLE u (a int, z int); CREATE VIEW w AS SELECT a AS x, c AS y FROM t;
    CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1';
    CREATE FUNCTION f(x text) RETURNS text LANGUAGE sql AS 'SELECT x';
    GRANT SELECT (a, b), INSERT (a, b), UPDATE (b) ON t TO ann; GRANT SELECT ON u TO ann;
    GRANT SELECT (x) ON w TO ann`);
  ann = await TestClient.connect(engine, 2, 'ann');
});

afterEach(() => engine.close());

describe('privileges on columns', () => {
  it.each([
    'SELECT a, b FROM t', 'SELECT count(*) FROM t', 'SELECT t.a FROM t WHERE b > 0 ORDER BY a',
    'SELECT (SELECT max(b) FROM t)', 'SELECT x FROM w', 'SELECT u.a FROM u JOIN t USING (a)',
    'COPY t (a, b) TO STDOUT', 'INSERT INTO t (a, b) VALUES (7, 7)', 'UPDATE t SET b = 5',
    'INSERT INTO t (a) VALUES (8) RETURNING a', 'UPDATE t SET b = a WHERE a = 1 RETURNING b',
    'SELECT r.b FROM t AS r (k) WHERE k = 1',
  ])('let pass: %s', async (text) => {
    await expect(ann.run(text)).resolves.toBeDefined();
  });

  it.each([
    'SELECT * FROM t', 'SELECT c FROM t', 'SELECT a FROM t WHERE c = 3', 'SELECT t FROM t',
    'SELECT a FROM t ORDER BY c', 'SELECT count(c) FROM t', 'SELECT y FROM w', 'SELECT * FROM w',
    'TABLE t', 'SELECT (SELECT max(c) FROM t)', 'SELECT 1 FROM u JOIN t ON u.z = t.c',
    'SELECT x FROM (SELECT c AS x FROM t) AS s', 'COPY t TO STDOUT', 'COPY t (c) TO STDOUT',
    'INSERT INTO t (a, c) VALUES (9, 9)', 'INSERT INTO t VALUES (9, 9, 9)',
    'INSERT INTO t (a) VALUES (9) RETURNING c', 'UPDATE t SET c = 1', 'UPDATE t SET a = 1',
    'UPDATE t SET b = c', 'UPDATE t SET b = 1 WHERE c = 3', 'DELETE FROM t',
    'UPDATE t SET b = 1 RETURNING c', 'SUBSCRIBE t', 'TRUNCATE t',
    'SELECT 1 FROM t AS r (p, q, s) WHERE s = 1', 'SELECT a FROM t NATURAL JOIN (SELECT 3 AS c) s',
    'MERGE INTO t USING u ON t.c = u.a WHEN MATCHED THEN UPDATE SET b = 1',
    'WITH s AS (SELECT * FROM t) SELECT 1 FROM s', 'SELECT 1 FROM t, LATERAL (SELECT t.c) s',
    'CREATE TABLE n AS SELECT c FROM t', 'COPY t (a, c) FROM STDIN',
    'GRANT SELECT (c) ON t TO bob', 'GRANT SELECT ON t TO bob',
  ])('refuse: %s', async (text) => {
    await expect(ann.run(text)).rejects.toThrow('42501');
  });

  it('are taken back one by one, and with the whole', async () => {
    await admin.run('REVOKE SELECT (b) ON t FROM ann');
    await ann.run('SELECT a FROM t');
    await expect(ann.run('SELECT b FROM t')).rejects.toThrow('permission denied for table t');
    await admin.run('REVOKE SELECT ON t FROM ann');
    await expect(ann.run('SELECT a FROM t')).rejects.toThrow('42501');
    await ann.run('INSERT INTO t (a, b) VALUES (7, 7)');
  });

  it('follow a column to its new name and end with it', async () => {
    await admin.run('ALTER TABLE t RENAME COLUMN b TO bb');
    await ann.run('SELECT bb FROM t');
    await admin.run('DROP VIEW w; ALTER TABLE t DROP COLUMN bb; ALTER TABLE t ADD COLUMN bb int');
    await expect(ann.run('SELECT bb FROM t')).rejects.toThrow('42501');
  });

  it('can be passed on where they may be', async () => {
    await admin.run('GRANT SELECT (c) ON t TO ann WITH GRANT OPTION');
    await ann.run('GRANT SELECT (c) ON t TO bob');
    const bob = await TestClient.connect(engine, 3, 'bob');
    await bob.run('SELECT c FROM t');
    await expect(bob.run('SELECT a FROM t')).rejects.toThrow('42501');
  });

  it('that may not be passed on give a warning, and nothing', async () => {
    const { notices } = await ann.run('GRANT SELECT (a) ON t TO bob');
    expect(notices.map(({ message }) => message)).toEqual(
      ['no privileges were granted for column "a" of relation "t"']);
    const bob = await TestClient.connect(engine, 3, 'bob');
    await expect(bob.run('SELECT a FROM t')).rejects.toThrow('42501');
  });

  it('are refused where they make no sense', async () => {
    await expect(admin.run('GRANT DELETE (a) ON t TO ann')).rejects.toThrow('0LP01');
    await expect(admin.run('GRANT SELECT (nothing) ON t TO ann')).rejects.toThrow('42703');
    await expect(admin.run('GRANT USAGE (a) ON SCHEMA public TO ann')).rejects.toThrow('0LP01');
  });

  it('are shown by the catalogs', async () => {
    expect(await admin.rows(`SELECT relname, relacl FROM pg_class WHERE relname IN ('t', 'u', 'w')
      ORDER BY 1`)).toEqual([['t', null],
      ['u', '{tidemill=arwdDxt/tidemill,ann=r/tidemill}'], ['w', null]]);
    expect(await admin.rows(`SELECT attname, attacl FROM pg_attribute
      WHERE attrelid = 't'::regclass AND attnum > 0`)).toEqual([
      ['a', '{ann=ar/tidemill}'], ['b', '{ann=arw/tidemill}'], ['c', null]]);
    expect(await ann.rows(`SELECT column_name, privilege_type, is_grantable
      FROM information_schema.column_privileges WHERE table_name = 't' ORDER BY 1, 2`)).toEqual([
      ['a', 'INSERT', 'NO'], ['a', 'SELECT', 'NO'], ['b', 'INSERT', 'NO'], ['b', 'SELECT', 'NO'],
      ['b', 'UPDATE', 'NO']]);
    expect(await ann.rows(`SELECT table_name, privilege_type FROM
      information_schema.role_table_grants ORDER BY 1`)).toEqual([['u', 'SELECT']]);
    expect(await ann.rows(`SELECT has_column_privilege('t', 'a', 'SELECT'),
      has_column_privilege('t', 'c', 'SELECT'), has_column_privilege('t'::regclass, 2::int2,
      'UPDATE'), has_any_column_privilege('t', 'SELECT'), has_table_privilege('t', 'SELECT'),
      has_any_column_privilege('t', 'REFERENCES')`)).toEqual([['t', 'f', 't', 't', 'f', 'f']]);
  });
});

describe('privileges on functions', () => {
  it('are everybody\'s until they are taken', async () => {
    await ann.run('SELECT f(1), f($$x$$)');
    await admin.run('REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC');
    await expect(ann.run('SELECT f(1)')).rejects.toThrow('42501: permission denied for function f');
    await ann.run('SELECT f($$x$$)');
    expect(await ann.rows(`SELECT has_function_privilege('f(int)', 'EXECUTE'),
      has_function_privilege('f(text)', 'EXECUTE'), has_function_privilege('upper(text)',
      'EXECUTE')`)).toEqual([['f', 't', 't']]);
    await admin.run('GRANT EXECUTE ON FUNCTION f(int) TO ann');
    await ann.run('SELECT f(1)');
    expect(await admin.rows(`SELECT proacl FROM pg_proc WHERE oid = 'f(int)'::regprocedure`))
      .toEqual([['{tidemill=X/tidemill,ann=X/tidemill}']]);
    await admin.run('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM ann, PUBLIC');
    await expect(ann.run('SELECT f($$x$$)')).rejects.toThrow('42501');
  });

  it('are named by their arguments', async () => {
    await expect(admin.run('GRANT EXECUTE ON FUNCTION f TO ann')).rejects.toThrow('42725');
    await expect(admin.run('GRANT EXECUTE ON FUNCTION g(int) TO ann')).rejects.toThrow('42883');
    await expect(admin.run('GRANT SELECT ON FUNCTION f(int) TO ann')).rejects.toThrow('0LP01');
  });
});
