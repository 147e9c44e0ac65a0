/**
 * The engine end to end through SQL sessions, in memory: views follow tables, epoch by epoch.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { MemoryStorage } from '../../src/runtime/storage/memory-storage.ts';
import { TestClient } from '../support/client.ts';
import type { SimWorld } from '../support/sim-environment.ts';
import { simWorld } from '../support/sim-environment.ts';

let engine: Engine;
let world: SimWorld;
let client: TestClient;

async function start(): Promise<void> {
  world = simWorld(new MemoryStorage());
  engine = await openEngine(world);
  client = await TestClient.connect(engine);
}

async function rows(query: string): Promise<string[]> {
  return (await client.run(query)).rows.map((row) => row.join(' ')).toSorted();
}

afterEach(() => engine.close());

describe('views over tables', () => {
  it('follow inserts, updates and deletes', async () => {
    await start();
    await client.run('CREATE TABLE t (id int PRIMARY KEY, k text, n int)');
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT k, sum(n) AS s, count(*) AS c '
      + 'FROM t GROUP BY k');
    await client.run("INSERT INTO t VALUES (1, 'a', 10), (2, 'a', 5), (3, 'b', 1)");
    expect(await rows('SELECT * FROM v')).toEqual(['a 15 2', 'b 1 1']);
    await client.run('UPDATE t SET n = 7 WHERE id = 2; DELETE FROM t WHERE id = 3');
    expect(await rows('SELECT * FROM v')).toEqual(['a 17 2']);
  });

  it('are hydrated from what is there and stack up', async () => {
    await start();
    await client.run('CREATE TABLE t (k text, n int)');
    await client.run("INSERT INTO t SELECT 'k' || (i % 3), i FROM generate_series(1, 100) i");
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT k, sum(n) AS s FROM t GROUP BY k');
    await client.run('CREATE MATERIALIZED VIEW w AS SELECT sum(s) AS total FROM v');
    expect(await rows('SELECT * FROM w')).toEqual(['5050']);
    await client.run("INSERT INTO t VALUES ('k9', 50)");
    expect(await rows('SELECT * FROM w')).toEqual(['5100']);
    expect(await rows("SELECT s FROM v WHERE k = 'k9'")).toEqual(['50']);
  });

  it('keep late rows and count them', async () => {
    await start();
    await client.run("CREATE TABLE c (id int, ts timestamp, "
      + "WATERMARK FOR ts AS ts - INTERVAL '2 minutes')");
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT window_start, count(*) AS n '
      + "FROM TUMBLE(c, ts, INTERVAL '5 minutes') GROUP BY window_start EMIT ON WINDOW CLOSE");
    await client.run("INSERT INTO c VALUES (1, '2024-01-01 10:00:00'), (2, '2024-01-01 10:01:00'),"
      + " (3, '2024-01-01 10:03:00'), (4, '2024-01-01 09:59:00'), (5, '2024-01-01 10:20:00')");
    expect(await rows('SELECT * FROM v')).toEqual(['2024-01-01 10:00:00 3']);
    expect(await rows('SELECT id, change FROM late.v')).toEqual(['4 1']);
    expect(await rows('SELECT * FROM tidemill.late_rows')).toEqual(['v 1']);
    await client.run('CREATE MATERIALIZED VIEW w AS SELECT window_start, count(*) AS n '
      + "FROM TUMBLE(c, ts, INTERVAL '5 minutes') GROUP BY window_start EMIT ON WINDOW CLOSE");
    expect(await rows('SELECT * FROM w')).toEqual(['2024-01-01 10:00:00 3']);
    expect(await rows('SELECT id, change FROM late.w')).toEqual(['4 1']);
  });

  it('leave out rows whose expression fails, and live', async () => {
    await start();
    await client.run('CREATE TABLE t (a int, b int)');
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT a / b AS q FROM t');
    await client.run('INSERT INTO t VALUES (6, 2), (1, 0), (9, 3)');
    expect(await rows('SELECT q FROM v')).toEqual(['3', '3']);
    expect(await rows('SELECT sqlstate FROM dead_letter.v')).toEqual(['22012']);
    expect(await rows('SELECT row_errors FROM tidemill.views')).toEqual(['1']);
  });
});

describe('watermarks by wall clock', () => {
  it('follow now() in total silence, and are not forgotten', async () => {
    await start();
    await client.run("CREATE TABLE c (id int, ts timestamp, WATERMARK FOR ts AS ts) "
      + "WITH (watermark.fallback = 'now() - 10 minutes')");
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT window_start, count(*) AS n '
      + "FROM TUMBLE(c, ts, INTERVAL '1 minute') GROUP BY window_start EMIT ON WINDOW CLOSE");
    // The simulated clock begins at 2023-11-14 22:13:20.
    await client.run("INSERT INTO c VALUES (1, '2023-11-14 22:13:00')");
    expect(await rows('SELECT n FROM v')).toEqual([]);
    world.clock.advance(9n * 60_000_000n);
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM v')).toEqual([]);
    world.clock.advance(2n * 60_000_000n);
    await client.run('FLUSH');
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM v')).toEqual(['1']);
    await client.run("INSERT INTO c VALUES (2, '2023-11-14 22:13:01')");
    expect(await rows('SELECT id FROM late.v')).toEqual(['2']);
  });

  it('let idle partitions go', async () => {
    await start();
    world.files.write('/a.json', '{"id": 1, "ts": "2024-01-01 10:00:00"}\n'
      + '{"id": 2, "ts": "2024-01-01 10:10:00"}\n');
    world.files.write('/b.json', '{"id": 3, "ts": "2024-01-01 10:01:30"}\n');
    await client.run("CREATE SOURCE s (id int, ts timestamp, WATERMARK FOR ts AS ts) "
      + "WITH (connector = 'file', path = '/a.json,/b.json', mode = 'follow', "
      + "watermark.idle_timeout = '5 seconds')");
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT window_start, count(*) AS n '
      + "FROM TUMBLE(s, ts, INTERVAL '1 minute') GROUP BY window_start EMIT ON WINDOW CLOSE");
    await client.run('FLUSH');
    expect(await rows('SELECT * FROM v')).toEqual(['2024-01-01 10:00:00 1']);
    world.clock.advance(3_000_000n);
    world.files.write('/a.json', '{"id": 1, "ts": "2024-01-01 10:00:00"}\n'
      + '{"id": 2, "ts": "2024-01-01 10:10:00"}\n{"id": 4, "ts": "2024-01-01 10:20:00"}\n');
    await client.run('FLUSH');
    world.clock.advance(3_000_000n);
    await client.run('FLUSH');
    await client.run('FLUSH');
    expect(await rows('SELECT * FROM v')).toEqual([
      '2024-01-01 10:00:00 1', '2024-01-01 10:01:00 1', '2024-01-01 10:10:00 1',
    ]);
    expect(await rows('SELECT partition, idle FROM tidemill.watermarks')).toEqual(['0 f', '1 t']);
  });
});
