/**
 * The matrix of rights: situations of a role x relations x statements, each cell tried here and on
 * PostgreSQL. Both must do it, or refuse it with the same SQLSTATE.
 *
 * A cell that changes something is undone: in PostgreSQL by a rollback, here by a new engine.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../src/common/assert.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { StatementError, TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';
import { postgresBinaries, startPostgres } from '../fuzz/postgres.ts';
import type { Postgres } from '../fuzz/postgres.ts';

const SETUP = [
  'CREATE ROLE ann LOGIN', 'CREATE ROLE bob LOGIN', 'CREATE ROLE staff',
  'CREATE SCHEMA s', 'CREATE TABLE t (k int PRIMARY KEY, v int)',
  'CREATE TABLE s.u (k int PRIMARY KEY, v int)', 'CREATE VIEW p AS SELECT k, v FROM t',
  'CREATE MATERIALIZED VIEW m AS SELECT k, v FROM t',
  "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'",
  'INSERT INTO t VALUES (1, 10), (2, 20)', 'INSERT INTO s.u VALUES (1, 10)',
];

/** A relation as GRANT names it, and as statements do. */
interface Subject {
  readonly name: string;
  /** Of ALTER and DROP. */
  readonly kind: string;
}

const TABLES: readonly Subject[] = [
  { name: 't', kind: 'TABLE' }, { name: 's.u', kind: 'TABLE' },
];
const VIEWS: readonly Subject[] = [
  { name: 'p', kind: 'VIEW' }, { name: 'm', kind: 'MATERIALIZED VIEW' },
];

/** What ann has; R stands for the relation, K for its kind. */
const SITUATIONS: readonly (readonly [string, readonly string[]])[] = [
  ['nothing', []],
  ['SELECT', ['GRANT SELECT ON R TO ann']],
  ['SELECT of a column', ['GRANT SELECT (k) ON R TO ann']],
  ['INSERT', ['GRANT INSERT ON R TO ann']],
  ['UPDATE', ['GRANT UPDATE ON R TO ann']],
  ['UPDATE of a column, and SELECT', ['GRANT UPDATE (v), SELECT ON R TO ann']],
  ['DELETE', ['GRANT DELETE ON R TO ann']],
  ['DELETE and SELECT', ['GRANT DELETE, SELECT ON R TO ann']],
  ['INSERT, UPDATE and SELECT', ['GRANT INSERT, UPDATE, SELECT ON R TO ann']],
  ['TRUNCATE', ['GRANT TRUNCATE ON R TO ann']],
  ['ALL', ['GRANT ALL ON R TO ann']],
  ['ALL, then without SELECT', ['GRANT ALL ON R TO ann', 'REVOKE SELECT ON R FROM ann']],
  ['SELECT that everybody has', ['GRANT SELECT ON R TO PUBLIC']],
  ['SELECT to pass on', ['GRANT SELECT ON R TO ann WITH GRANT OPTION']],
  ['ALL by a group', ['GRANT ALL ON R TO staff', 'GRANT staff TO ann']],
  ['a group of the owner', ['ALTER K R OWNER TO staff', 'GRANT staff TO ann']],
  ['ownership', ['ALTER K R OWNER TO ann']],
  ['the right to create', ['GRANT CREATE ON SCHEMA public TO ann', 'GRANT SELECT ON R TO ann']],
  ['superuser', ['ALTER ROLE ann SUPERUSER']],
];

/** Statements that read or write rows; a rollback undoes them. */
const ROWS: readonly string[] = [
  'SELECT * FROM R', 'SELECT k FROM R', 'SELECT count(*) FROM R', 'SELECT 1 FROM R WHERE v > 0',
  'SELECT (SELECT max(k) FROM R)', 'WITH x AS (SELECT v FROM R) SELECT * FROM x',
  'EXPLAIN SELECT k FROM R', 'SELECT f(k) FROM R', 'SELECT k FROM R FOR UPDATE',
];
const CHANGES: readonly string[] = [
  'INSERT INTO R VALUES (7, 70)', 'INSERT INTO R (k) VALUES (7)',
  'INSERT INTO R VALUES (7, 70) RETURNING k', 'INSERT INTO R SELECT k + 50, v FROM R',
  'INSERT INTO R VALUES (1, 1) ON CONFLICT DO NOTHING',
  'INSERT INTO R VALUES (1, 1) ON CONFLICT (k) DO UPDATE SET v = 2',
  'UPDATE R SET v = 1', 'UPDATE R SET v = 1 WHERE k = 1', 'UPDATE R SET v = v + 1',
  'UPDATE R SET k = 9 WHERE k = 1', 'UPDATE R SET v = 1 RETURNING v',
  'DELETE FROM R', 'DELETE FROM R WHERE k = 1', 'DELETE FROM R RETURNING k', 'TRUNCATE R',
  'LOCK TABLE R IN SHARE MODE',
  'MERGE INTO R USING (VALUES (1, 5)) AS n (k, v) ON R.k = n.k WHEN MATCHED THEN UPDATE SET v = n.v',
];
/** Statements about the relation itself. */
const DEFINITIONS: readonly string[] = [
  'CREATE VIEW n AS SELECT k FROM R', 'CREATE TABLE n AS SELECT k FROM R',
  'COMMENT ON K R IS $$x$$', 'GRANT SELECT ON R TO bob', 'REVOKE SELECT ON R FROM bob',
  'ALTER K R RENAME TO renamed', 'ALTER K R OWNER TO bob', 'ALTER K R SET SCHEMA s', 'DROP K R',
];
const OF_TABLES: readonly string[] = [
  'ALTER TABLE R ADD COLUMN w int', 'ALTER TABLE R ALTER COLUMN v SET DEFAULT 5',
  'CREATE INDEX n ON R (v)', 'CREATE TABLE n (a int REFERENCES R (k))',
];

function about(text: string, { name, kind }: Subject): string {
  return text.replace(/\bR\b/g, name).replace(/\bK\b/g, kind);
}

class Here {
  #engine: Engine | null = null;
  #admin: TestClient | null = null;
  #ann: TestClient | null = null;

  /** An engine in which ann has what the situation says. */
  async open(situation: readonly string[]): Promise<void> {
    await this.close();
    this.#engine = await openEngine(simWorld(new SimStorage(new SimDisk())));
    this.#admin = await TestClient.connect(this.#engine, 1);
    for (const text of [...SETUP, ...situation]) await this.#admin.run(text);
    this.#ann = await TestClient.connect(this.#engine, 2, 'ann');
  }

  async close(): Promise<void> {
    await this.#engine?.close();
    this.#engine = null;
  }

  /** ok, or the SQLSTATE. */
  async outcome(text: string): Promise<string> {
    try {
      await must(this.#ann, 'open').run(text);
      return 'ok';
    } catch (error) {
      if (error instanceof StatementError) return error.error.sqlState;
      throw error;
    }
  }
}

/** How many relations of the four; one gives 700 cells. */
const RELATIONS = Number(process.env['ROLE_RELATIONS'] ?? 4);
const MISSING = postgresBinaries() === null;
if (MISSING) console.warn('role matrix skipped: no PostgreSQL to compare with');

describe.skipIf(MISSING)('beside PostgreSQL', () => {
  let server: Postgres;
  let postgres: Awaited<ReturnType<Postgres['connect']>>;
  const here = new Here();
  let cells = 0;

  beforeAll(async () => {
    server = startPostgres();
    postgres = await server.connect();
    for (const text of SETUP) await postgres.query(text);
  }, 60_000);

  afterAll(async () => {
    await here.close();
    await postgres.end();
    server.stop();
  });

  async function there(situation: readonly string[], text: string): Promise<string> {
    try {
      await postgres.query('BEGIN');
      for (const each of situation) await postgres.query(each);
      await postgres.query('SET LOCAL SESSION AUTHORIZATION ann');
      await postgres.query(text);
      return 'ok';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    } finally {
      await postgres.query('ROLLBACK');
    }
  }

  async function differences(
    situation: readonly string[], statements: readonly string[], undo: (text: string) => boolean,
  ): Promise<readonly string[]> {
    await here.open(situation);
    const found: string[] = [];
    for (const text of statements) {
      const [own, other] = [await here.outcome(undo(text) ? `BEGIN; ${text}` : text),
        await there(situation, text)];
      if (undo(text)) await here.outcome('ROLLBACK');
      else if (own === 'ok') await here.open(situation);
      cells++;
      if (own !== other) found.push(`${text}: ${own}, PostgreSQL ${other}`);
    }
    return found;
  }

  const isRows = (text: string): boolean =>
    /^(SELECT|WITH|EXPLAIN|INSERT|UPDATE|DELETE|LOCK|MERGE)/.test(text);

  for (const subject of [...TABLES, ...VIEWS].slice(0, RELATIONS)) {
    const isTable = TABLES.includes(subject);
    describe(`${subject.kind} ${subject.name}`, () => {
      it.each(SITUATIONS)('%s', async (_name, grants) => {
        const usable = subject.name.startsWith('s.') ? ['GRANT USAGE ON SCHEMA s TO ann'] : [];
        const situation = [...usable, ...grants.map((each) => about(each, subject))];
        const statements = [...ROWS, ...isTable ? CHANGES : [], ...DEFINITIONS,
          ...isTable ? OF_TABLES : []].map((each) => about(each, subject));
        expect(await differences(situation, statements, isRows)).toEqual([]);
      }, 60_000);
    });
  }

  it('a schema that may not be used', async () => {
    const subject = must(TABLES[1], 'table of a schema');
    const statements = [...ROWS, ...CHANGES, ...DEFINITIONS, ...OF_TABLES]
      .map((each) => about(each, subject));
    expect(await differences(['GRANT ALL ON s.u TO ann'], statements, isRows)).toEqual([]);
  }, 60_000);

  it('has 500 cells and more', () => {
    console.warn(`role matrix: ${cells} cells`);
    expect(cells).toBeGreaterThan(500);
  });
});
