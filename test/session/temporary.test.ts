/**
 * Temporary tables belong to one session and go with it, or with the next start after a crash.
 */
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { StatementError, TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const TEMPORARY = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'";

async function connect(engine: Engine, pid: number): Promise<TestClient> {
  return await TestClient.connect(engine, pid);
}

describe('temporary tables', () => {
  it('are seen by their own session, under the same name in each', async () => {
    const engine = await openEngine(simWorld(new SimStorage(new SimDisk())));
    const a = await connect(engine, 11);
    const b = await connect(engine, 12);
    await a.run('CREATE TEMP TABLE t (x int); INSERT INTO t VALUES (1)');
    await expect(b.run('SELECT * FROM t')).rejects.toThrow(StatementError);
    await b.run('CREATE TEMP TABLE t (y text)');
    expect(await a.rows('SELECT * FROM t')).toEqual([['1']]);
    expect(await b.rows('SELECT * FROM t')).toEqual([]);
    await a.session.close();
    expect(await b.rows(TEMPORARY)).toEqual([['1']]);
    await b.run('DISCARD TEMP');
    expect(await b.rows(TEMPORARY)).toEqual([['0']]);
    await engine.close();
  });

  it('that a crash left over are dropped at the next start', async () => {
    const disk = new SimDisk();
    const first = await openEngine(simWorld(new SimStorage(disk)));
    const client = await connect(first, 11);
    await client.run('CREATE TEMP TABLE t (x int); CREATE VIEW v AS SELECT * FROM t');
    await first.close();
    const second = await openEngine(simWorld(new SimStorage(disk)));
    expect(await (await connect(second, 12)).rows(TEMPORARY)).toEqual([['0']]);
    await second.close();
  });
});
