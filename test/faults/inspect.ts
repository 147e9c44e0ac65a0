/**
 * Opens what a fault left of the workload's directory and compares it with what was acknowledged.
 */
import { SqlError } from '../../src/common/errors.ts';
import { realClock, realEntropy, realExec, realFiles } from '../../src/runtime/real/real-environment.ts';
import { SqliteStorage } from '../../src/runtime/real/sqlite-storage.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';

/** What is wrong, or null. `marks`: the workload's acknowledgments in order. */
export async function looksRight(
  directory: string, marks: readonly string[],
): Promise<string | null> {
  let engine: Engine;
  try {
    engine = await openEngine({
      clock: realClock, entropy: realEntropy, exec: realExec, files: realFiles,
      storage: new SqliteStorage(directory, (error): never => { throw error; }),
      log: () => undefined,
    });
  } catch (error) {
    if (error instanceof SqlError) return `refused: ${error.message}`;
    throw error;
  }
  try {
    return await problemOf(await TestClient.connect(engine), marks);
  } finally {
    await engine.close();
  }
}

async function problemOf(client: TestClient, marks: readonly string[]): Promise<string | null> {
  const tables = await client.rows("SELECT 1 FROM pg_class WHERE relname = 'v'");
  if (tables.length === 0) return marks.length === 0 ? null : 'the view is gone';
  const [sum] = await client.rows('SELECT coalesce(sum(n), 0), coalesce(sum(s), 0) FROM v');
  const rows = new Set((await client.rows('SELECT n FROM t')).map(([n]) => Number(n)));
  if (Number(sum?.[0]) !== rows.size) return 'the view does not count the table';
  if (Number(sum?.[1]) !== 0) return 'the view has half a transaction';
  for (const mark of marks) {
    if (!/^\d+$/.test(mark)) continue;
    if (!rows.has(Number(mark) * 2)) return `transaction ${mark} is lost`;
  }
  for (const n of rows) {
    if (!rows.has(n ^ 1)) return `transaction ${n >> 1} is torn`;
  }
  return null;
}
