/**
 * Storage on a real directory: what is written comes back, locks hold, damage is named.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realEnvironment } from '../../src/runtime/real/open-environment.ts';
import { loadSqlite, sqliteMismatch } from '../../src/runtime/real/sqlite-guard.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';

let directory: string;

beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'tidemill-')); });
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function opened(): Promise<{ engine: Engine; client: TestClient }> {
  const engine = await openEngine(realEnvironment(directory, () => undefined));
  return { engine, client: await TestClient.connect(engine) };
}

/** A copy of the directory as a crash would leave it, opened while the first engine lives on. */
async function reopenedCopy(): Promise<{ engine: Engine; client: TestClient }> {
  const copy = mkdtempSync(join(tmpdir(), 'tidemill-'));
  execFileSync('cp', ['-r', `${directory}/.`, copy]);
  const engine = await openEngine(realEnvironment(copy, () => undefined));
  return { engine, client: await TestClient.connect(engine) };
}

/** A number from the database of an engine that is closed. */
function counted(sql: string): number {
  const database = new (loadSqlite())(join(directory, 'tidemill.db'));
  const { n } = database.prepare(sql).get() as { n: number };
  database.close();
  return n;
}

const SETUP = 'CREATE TABLE t (id int PRIMARY KEY, k text, x numeric, j jsonb, f float8);'
  + 'CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n, sum(x) AS s FROM t GROUP BY k';

describe('sqlite storage', () => {
  it('brings everything back after a kill and after a clean shutdown', async () => {
    const first = await opened();
    await first.client.run(SETUP);
    await first.client.run("INSERT INTO t VALUES (1, 'a', 1.50, '{\"n\": 1e400}', 'NaN'), "
      + "(2, 'a', 12345678901234567890.5, null, '-0'), (3, 'b', 'NaN', '[1]', 'Infinity')");
    await first.client.run("INSERT INTO t SELECT i, 'c', i, null, i / 3.0 "
      + 'FROM generate_series(10, 20000) i');
    const wanted = (await first.client.run('SELECT * FROM v ORDER BY k')).rows;
    const table = (await first.client.run('SELECT * FROM t ORDER BY id LIMIT 5')).rows;
    const killed = await reopenedCopy();
    expect((await killed.client.run('SELECT * FROM v ORDER BY k')).rows).toEqual(wanted);
    expect((await killed.client.run('SELECT * FROM t ORDER BY id LIMIT 5')).rows).toEqual(table);
    await killed.engine.close();
    await first.engine.close();
    expect(counted('SELECT count(*) AS n FROM epoch_log')).toBe(0);
    const second = await opened();
    expect((await second.client.run('SELECT * FROM v ORDER BY k')).rows).toEqual(wanted);
    await second.client.run("UPDATE t SET k = 'd' WHERE id > 19990");
    expect((await second.client.run("SELECT n FROM v WHERE k = 'd'")).rows).toEqual([['10']]);
    await second.engine.close();
  });

  it('lets one engine in', async () => {
    const first = await opened();
    await expect(opened()).rejects.toThrow('is used by another Tidemill');
    await first.engine.close();
    const second = await opened();
    await second.engine.close();
  });

  it('refuses a newer format, a rolled back database and flipped bits', async () => {
    const first = await opened();
    await first.client.run('CREATE TABLE t (id int)');
    await first.engine.close();
    const path = join(directory, 'tidemill.db');
    const Sqlite = loadSqlite();
    const edit = (sql: string): void => {
      const database = new Sqlite(path);
      database.exec(sql);
      database.close();
    };
    edit('UPDATE head SET format = 99');
    await expect(opened()).rejects.toThrow('written by a newer Tidemill');
    edit('UPDATE head SET format = 2');
    const witness = join(directory, 'tidemill.witness');
    const seen = readFileSync(witness, 'utf8');
    writeFileSync(witness, '1000');
    await expect(opened()).rejects.toThrow('is damaged');
    writeFileSync(witness, seen);
    edit('UPDATE head SET epoch = epoch - 1');
    await expect(opened()).rejects.toThrow('is damaged: the parts');
    edit('UPDATE head SET epoch = epoch + 1');
    edit("UPDATE part SET body = zeroblob(length(body)) WHERE kind = 0");
    await expect(opened()).rejects.toThrow('is damaged: part');
  });

  it('takes over a directory of format 1', async () => {
    const first = await opened();
    await first.client.run('CREATE TABLE t (id int); INSERT INTO t VALUES (7)');
    await first.engine.close();
    const database = new (loadSqlite())(join(directory, 'tidemill.db'));
    database.exec('UPDATE head SET format = 1; ALTER TABLE head DROP COLUMN manifest');
    database.close();
    for (let start = 0; start < 2; start++) {
      const again = await opened();
      expect((await again.client.run('SELECT id FROM t')).rows).toEqual([['7']]);
      await again.engine.close();
    }
    expect(counted('SELECT format AS n FROM head')).toBe(2);
  });

  it('goes with one binding per Node', () => {
    expect(sqliteMismatch('12.11.1', '20.20.2')).toBeNull();
    expect(sqliteMismatch('13.2.0', '22.1.0')).toBeNull();
    expect(sqliteMismatch('13.2.0', '20.20.2')).toContain('npm install better-sqlite3@12');
    expect(sqliteMismatch('12.11.1', '24.21.0')).toContain('npm install better-sqlite3@13');
  });
});
