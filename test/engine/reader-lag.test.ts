/**
 * A transaction that reads on and on: what it holds back has a limit, beyond which it gets 72000
 * and never a wrong row.
 */
import { expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { MemoryStorage } from '../../src/runtime/storage/memory-storage.ts';
import { TestClient } from '../support/client.ts';
import { simWorld } from '../support/sim-environment.ts';

it('refuses to read what is too old, and goes on', async () => {
  const engine = await openEngine(simWorld(new MemoryStorage()), { readerLagRowsMax: 100 });
  const [reader, writer] = [await TestClient.connect(engine), await TestClient.connect(engine)];
  await writer.run('CREATE TABLE t (k int)');
  await writer.run('CREATE TABLE quiet AS SELECT 7 AS k');
  await writer.run('INSERT INTO t SELECT generate_series(1, 10)');
  await reader.run('BEGIN');
  expect(await reader.rows('SELECT count(*) FROM t')).toEqual([['10']]);
  for (let n = 0; n < 9; n++) await writer.run('INSERT INTO t SELECT generate_series(1, 11)');
  expect(await reader.rows('SELECT count(*) FROM t')).toEqual([['10']]);
  await writer.run('DELETE FROM t WHERE k > 2');
  expect(await reader.rows('SELECT k FROM quiet')).toEqual([['7']]);
  await expect(reader.rows('SELECT count(*) FROM t')).rejects.toThrow('72000: snapshot too old');
  await reader.run('ROLLBACK');
  expect(await reader.rows('SELECT count(*) FROM t')).toEqual([['20']]);
  await reader.run('BEGIN');
  expect(await reader.rows('SELECT count(*) FROM t')).toEqual([['20']]);
  await writer.run('INSERT INTO t VALUES (1)');
  expect(await reader.rows('SELECT count(*) FROM t')).toEqual([['20']]);
  await reader.run('COMMIT');
  await engine.close();
});
