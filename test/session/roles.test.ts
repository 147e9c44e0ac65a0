/**
 * Roles and privileges: every kind of statement, tried by a role without the right, is 42501; with
 * the right it runs. Passwords show up nowhere.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { must } from '../../src/common/assert.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

let disk: SimDisk;
let world: ReturnType<typeof simWorld>;
let engine: Engine;
let admin: TestClient;
let ann: TestClient;

async function open(): Promise<void> {
  world = simWorld(new SimStorage(disk));
  engine = await openEngine(world);
  admin = await TestClient.connect(engine, 1);
}

beforeEach(async () => {
  disk = new SimDisk();
  await open();
  await admin.run(`CREATE ROLE ann LOGIN; CREATE ROLE bob LOGIN; CREATE ROLE staff;
    CREATE SCHEMA s; CREATE TABLE t (k int PRIMARY KEY, v int); CREATE TABLE s.u (a int);
    CREATE TABLE s.w (k int PRIMARY KEY, v int);
    CREATE VIEW plain AS SELECT k FROM t; CREATE INDEX ti ON t (v);
    CREATE MATERIALIZED VIEW m AS SELECT sum(v) AS s FROM t;
    CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'`);
  await admin.run(`CREATE SUBSCRIPTION sub FROM t WITH (retention = '1 day')`);
  ann = await TestClient.connect(engine, 2, 'ann');
});

afterEach(() => engine.close());

/** Statement, and what makes it pass. */
const MATRIX: readonly (readonly [string, string])[] = [
  ['SELECT * FROM t', 'GRANT SELECT ON t TO ann'],
  ['SELECT * FROM m', 'GRANT SELECT ON MATERIALIZED VIEW m TO ann'],
  ['SELECT * FROM plain', 'GRANT SELECT ON plain TO ann'],
  ['SELECT (SELECT max(v) FROM t)', 'GRANT SELECT ON t TO ann'],
  ['WITH x AS (SELECT * FROM t) SELECT 1 FROM x', 'GRANT SELECT ON t TO staff; GRANT staff TO ann'],
  ['SELECT * FROM s.u', 'GRANT SELECT ON s.u TO ann; GRANT USAGE ON SCHEMA s TO ann'],
  ['TABLE t', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC'],
  ['INSERT INTO t VALUES (1, 1)', 'GRANT INSERT ON t TO ann'],
  ['INSERT INTO t VALUES (1, 1) RETURNING k', 'GRANT INSERT, SELECT ON t TO ann'],
  ['INSERT INTO t VALUES (1, 1) ON CONFLICT (k) DO UPDATE SET v = 2',
    'GRANT INSERT, UPDATE, SELECT ON t TO ann'],
  ['INSERT INTO s.u SELECT k FROM t',
    'GRANT SELECT ON t TO ann; GRANT INSERT ON s.u TO ann; GRANT USAGE ON SCHEMA s TO ann'],
  ['UPDATE t SET v = 1', 'GRANT UPDATE ON t TO ann'],
  ['UPDATE t SET v = v + 1', 'GRANT UPDATE, SELECT ON t TO ann'],
  ['DELETE FROM t', 'GRANT DELETE ON t TO ann'],
  ['DELETE FROM t WHERE k = 1', 'GRANT DELETE, SELECT ON t TO ann'],
  ['WITH d AS (DELETE FROM t RETURNING k) SELECT * FROM d', 'GRANT DELETE, SELECT ON t TO ann'],
  ['TRUNCATE t', 'GRANT TRUNCATE ON t TO ann'],
  ['COPY t TO STDOUT', 'GRANT SELECT ON t TO ann'],
  ['COPY (SELECT k FROM t) TO STDOUT', 'GRANT SELECT ON t TO ann'],
  ['EXPLAIN SELECT * FROM t', 'GRANT SELECT ON t TO ann'],
  ['EXPLAIN DELETE FROM t', 'GRANT DELETE ON t TO ann'],
  ['LOCK TABLE t', 'GRANT UPDATE ON t TO ann'],
  ['VACUUM t', 'ALTER TABLE t OWNER TO ann'],
  ['BEGIN; DECLARE c CURSOR FOR SUBSCRIBE t', 'GRANT SELECT ON t TO ann'],
  ['BEGIN; DECLARE c CURSOR FOR SELECT * FROM t', 'GRANT SELECT ON t TO ann'],
  ['DECLARE c SUBSCRIPTION CURSOR FOR sub', 'GRANT SELECT ON t TO ann'],
  ['ACKNOWLEDGE sub UP TO 1', 'ALTER SUBSCRIPTION sub OWNER TO ann'],
  ['SELECT * FROM t FOR SYSTEM_TIME AS OF now()', 'GRANT SELECT ON t TO ann'],
  ['CREATE TABLE n (a int)', 'GRANT CREATE ON SCHEMA public TO ann'],
  ['CREATE TABLE n AS SELECT 1 AS a', 'GRANT CREATE ON SCHEMA public TO ann'],
  ['CREATE VIEW n AS SELECT 1 AS a', 'GRANT CREATE ON SCHEMA public TO ann'],
  ['CREATE MATERIALIZED VIEW n AS SELECT k FROM t',
    'GRANT CREATE ON SCHEMA public TO ann; GRANT SELECT ON t TO ann'],
  ['CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql AS $$SELECT a$$',
    'GRANT CREATE ON SCHEMA public TO ann'],
  ['CREATE SUBSCRIPTION n FROM t WITH (retention = $$1 day$$)',
    'GRANT CREATE ON SCHEMA public TO ann; GRANT SELECT ON t TO ann'],
  ['CREATE OR REPLACE VIEW plain AS SELECT k FROM t',
    'GRANT CREATE ON SCHEMA public TO ann; GRANT SELECT ON t TO ann; ALTER VIEW plain OWNER TO ann'],
  ['CREATE TABLE n (a int REFERENCES t (k))',
    'GRANT CREATE ON SCHEMA public TO ann; GRANT REFERENCES, SELECT ON t TO ann'],
  ['CREATE SINK n INTO s.w FROM t', 'GRANT CREATE ON SCHEMA public TO ann; GRANT USAGE ON SCHEMA '
    + 's TO ann; GRANT INSERT ON s.w TO ann; GRANT SELECT ON t TO ann'],
  ['CREATE INDEX n ON t (v)',
    'ALTER TABLE t OWNER TO ann; GRANT CREATE ON SCHEMA public TO ann'],
  ['CREATE SCHEMA n', 'GRANT CREATE ON DATABASE tidemill TO ann'],
  ['CREATE DATABASE n', 'ALTER ROLE ann CREATEDB'],
  ['CREATE ROLE n', 'ALTER ROLE ann CREATEROLE'],
  ['ALTER ROLE bob NOLOGIN', 'ALTER ROLE ann CREATEROLE'],
  ['DROP ROLE bob', 'ALTER ROLE ann CREATEROLE'],
  ['GRANT staff TO bob', 'GRANT staff TO ann WITH ADMIN OPTION'],
  ['REVOKE staff FROM bob', 'GRANT staff TO ann WITH ADMIN OPTION'],
  ['GRANT SELECT ON t TO bob', 'GRANT SELECT ON t TO ann WITH GRANT OPTION'],
  ['REVOKE SELECT ON t FROM bob', 'ALTER TABLE t OWNER TO ann'],
  ['SET ROLE bob', 'GRANT bob TO ann'],
  ['SET SESSION AUTHORIZATION bob', 'ALTER ROLE ann SUPERUSER'],
  ['ALTER TABLE t ADD COLUMN w int', 'ALTER TABLE t OWNER TO ann'],
  ['ALTER TABLE t RENAME TO t2',
    'ALTER TABLE t OWNER TO ann; GRANT CREATE ON SCHEMA public TO ann'],
  ['ALTER TABLE t OWNER TO ann', 'ALTER ROLE ann SUPERUSER'],
  ['ALTER VIEW plain RENAME TO p2',
    'ALTER VIEW plain OWNER TO ann; GRANT CREATE ON SCHEMA public TO ann'],
  ['ALTER INDEX ti RENAME TO ti2', 'ALTER TABLE t OWNER TO ann'],
  ['ALTER SCHEMA s RENAME TO s2', 'ALTER SCHEMA s OWNER TO ann'],
  ['ALTER SUBSCRIPTION sub RENAME TO sub2', 'ALTER SUBSCRIPTION sub OWNER TO ann'],
  ['COMMENT ON TABLE t IS $$x$$', 'ALTER TABLE t OWNER TO ann'],
  ['COMMENT ON COLUMN t.k IS $$x$$', 'ALTER TABLE t OWNER TO ann'],
  ['DROP TABLE s.u', 'ALTER TABLE s.u OWNER TO ann'],
  ['DROP VIEW plain', 'ALTER VIEW plain OWNER TO ann'],
  ['DROP MATERIALIZED VIEW m', 'ALTER MATERIALIZED VIEW m OWNER TO ann'],
  ['DROP INDEX ti', 'ALTER TABLE t OWNER TO ann'],
  ['DROP SUBSCRIPTION sub', 'ALTER SUBSCRIPTION sub OWNER TO ann'],
  ['DROP FUNCTION f(int)', 'ALTER ROLE ann SUPERUSER'],
  ['DROP SCHEMA s CASCADE', 'ALTER SCHEMA s OWNER TO ann'],
  ['PREPARE q AS SELECT * FROM t; EXECUTE q', 'GRANT SELECT ON t TO ann'],
  ['SELECT * FROM tidemill.audit', 'ALTER ROLE ann SUPERUSER'],
  ['SELECT pg_terminate_backend(1)', 'ALTER ROLE ann SUPERUSER'],
  ['SELECT * INTO n FROM t', 'GRANT CREATE ON SCHEMA public TO ann; GRANT SELECT ON t TO ann'],
];

describe('a role without the right', () => {
  it.each(MATRIX)('%s', async (statement, grant) => {
    await expect(ann.run(statement)).rejects.toThrow('42501');
    await ann.run('ROLLBACK; CLOSE ALL');
    await ann.run('DEALLOCATE ALL');
    await admin.run(grant);
    await ann.run(statement);
  });

  it('may do what needs no right', async () => {
    for (const text of ['SELECT 1', 'SELECT count(*) FROM pg_class', 'SHOW ALL', 'BEGIN; COMMIT',
      'SELECT * FROM information_schema.tables', 'SET search_path = public', 'LISTEN x',
      'SELECT * FROM tidemill.epochs', `ALTER ROLE ann PASSWORD 'x'`,
      'CREATE TEMPORARY TABLE tt (a int)', 'INSERT INTO tt VALUES (1)', 'SELECT * FROM tt']) {
      await expect(ann.run(text)).resolves.toBeDefined();
    }
  });
});

describe('views', () => {
  it('run with the rights of their owner', async () => {
    await admin.run('GRANT SELECT ON plain TO ann');
    await ann.run('SELECT * FROM plain');
    await expect(ann.run('SELECT * FROM t')).rejects.toThrow('42501: permission denied for table t');
    await admin.run('GRANT CREATE ON SCHEMA public TO bob; GRANT SELECT ON t TO bob');
    const bob = await TestClient.connect(engine, 3, 'bob');
    await bob.run('CREATE VIEW his AS SELECT * FROM t; GRANT SELECT ON his TO ann');
    await ann.run('SELECT * FROM his');
    await admin.run('REVOKE SELECT ON t FROM bob');
    await expect(ann.run('SELECT * FROM his')).rejects.toThrow('42501');
  });
});

describe('roles', () => {
  it('are refused when they do not exist or may not log in', async () => {
    await expect(TestClient.connect(engine, 9, 'nobody')).rejects.toThrow('role "nobody" does not');
    await expect(TestClient.connect(engine, 9, 'staff')).rejects.toThrow('not permitted to log in');
    await admin.run('ALTER ROLE bob CONNECTION LIMIT 1');
    await TestClient.connect(engine, 9, 'bob');
    await expect(TestClient.connect(engine, 10, 'bob')).rejects.toThrow('too many connections');
  });

  it('answer has_table_privilege and its like truthfully', async () => {
    await admin.run('GRANT SELECT ON t TO staff; GRANT staff TO ann');
    expect(await ann.rows(`SELECT has_table_privilege('t', 'SELECT'),
      has_table_privilege('t', 'INSERT, DELETE'), has_table_privilege('bob', 't', 'SELECT'),
      has_schema_privilege('public', 'CREATE'), has_schema_privilege('public', 'USAGE'),
      pg_has_role('ann', 'staff', 'MEMBER'), pg_has_role('staff', 'USAGE'),
      has_database_privilege('tidemill', 'CREATE'), has_column_privilege('t', 'k', 'SELECT')`))
      .toEqual([['t', 'f', 'f', 'f', 't', 't', 't', 'f', 't']]);
    expect(await ann.rows(`SELECT rolname, rolsuper, rolcanlogin FROM pg_roles ORDER BY 1`))
      .toEqual([['ann', 'f', 't'], ['bob', 'f', 't'], ['staff', 'f', 'f'], ['tidemill', 't', 't']]);
    expect(await ann.rows('SHOW is_superuser')).toEqual([['off']]);
  });

  it('act as another with SET ROLE, also through set_config', async () => {
    await admin.run('GRANT bob TO ann; GRANT SELECT ON t TO bob; ALTER ROLE ann NOINHERIT');
    await expect(ann.run('SELECT * FROM t')).rejects.toThrow('42501');
    await ann.run('SET ROLE bob; SELECT * FROM t');
    expect(await ann.rows('SELECT current_user, session_user')).toEqual([['bob', 'ann']]);
    await ann.run('RESET ROLE');
    await expect(ann.run('SELECT * FROM t')).rejects.toThrow('42501');
    await expect(ann.run(`SELECT set_config('role', 'tidemill', false)`)).rejects.toThrow('42501');
    await expect(ann.run('SET ROLE nobody')).rejects.toThrow('22023');
  });

  it('are not dropped while they have something', async () => {
    await admin.run('GRANT SELECT ON t TO bob');
    await expect(admin.run('DROP ROLE bob')).rejects.toThrow('2BP01');
    await admin.run('REVOKE ALL ON t FROM bob; DROP ROLE bob');
    await expect(admin.run('DROP ROLE tidemill')).rejects.toThrow('55006');
  });

  it('keep their rights over a restart, and under another name', async () => {
    await admin.run('GRANT SELECT ON t TO ann; ALTER TABLE s.u OWNER TO ann');
    await admin.run('ALTER ROLE ann RENAME TO anna');
    disk.crash(0);
    await open();
    const anna = await TestClient.connect(engine, 2, 'anna');
    await anna.run('SELECT * FROM t');
    await anna.run('DROP TABLE s.u');
    await expect(anna.run('DELETE FROM t')).rejects.toThrow('42501');
  });
});

describe('passwords', () => {
  it('are kept as SCRAM verifiers and shown nowhere', async () => {
    await admin.run(`CREATE ROLE eve LOGIN PASSWORD 'sEcReT-1'; ALTER ROLE eve PASSWORD 'sEcReT-2'`);
    await expect(ann.run(`ALTER ROLE eve PASSWORD 'sEcReT-3'`)).rejects.toThrow('42501');
    const { verifier } = await engine.login('eve');
    expect(verifier).toMatch(/^SCRAM-SHA-256\$4096:[^$]+\$[^:]+:.+$/);
    const relations = await admin.rows(`SELECT quote_ident(n.nspname) || '.' || quote_ident(relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'v')
      AND nspname IN ('pg_catalog', 'tidemill', 'information_schema')`);
    expect(relations.length).toBeGreaterThan(100);
    const leaks: unknown[] = [];
    for (const [name] of relations) {
      const text = JSON.stringify(await admin.rows(`SELECT * FROM ${must(name, 'name')}`));
      if (text.includes('sEcReT') || text.includes(must(verifier, 'verifier'))) leaks.push(name);
    }
    expect(leaks).toEqual([]);
    expect(world.lines.join('\n')).not.toContain('sEcReT');
    const audit = await admin.rows('SELECT event, detail FROM tidemill.audit');
    expect(audit.some(([event, detail]) => event === 'statement refused'
      && detail?.includes('must') === false)).toBe(true);
  });
});

describe('as long as nobody has made a role', () => {
  it('every name may do everything', async () => {
    disk = new SimDisk();
    await engine.close();
    await open();
    const anyone = await TestClient.connect(engine, 5, 'whoever');
    const text = 'CREATE TABLE x (a int); DROP TABLE x; SELECT * FROM tidemill.audit';
    expect((await anyone.run(text)).tags).toHaveLength(3);
  });
});
