/**
 * The clock of test mode: what is due on the way happens in order and at its own time, it is logged
 * like any epoch, and an engine that is not in test mode refuses.
 */
import { expect, it } from 'vitest';
import { open } from '../../src/index.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { MemoryStorage } from '../../src/runtime/storage/memory-storage.ts';
import { VirtualClock } from '../../src/runtime/virtual-clock.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, SimClock, simWorld } from '../support/sim-environment.ts';

it('passes every due moment in order, each in an epoch of its own time', async () => {
  const disk = new SimDisk();
  const world = simWorld(new SimStorage(disk));
  const seen: string[] = [];
  let engine = await openEngine(world, { opened: (core) => core.onEpoch(({ now, deltas }) => {
    if (deltas.size > 0) seen.push(new Date(Number(now / 1000n)).toISOString());
  }) });
  let client = await TestClient.connect(engine);
  await client.run(`SET tidemill.clock = '2026-01-01 00:00:00+00'`);
  await client.run('CREATE TABLE t (k int, ts timestamptz)');
  await client.run('CREATE MATERIALIZED VIEW v AS SELECT k FROM t '
    + `WHERE now() < ts + INTERVAL '5 seconds' AND now() >= ts`);
  await client.run(`INSERT INTO t VALUES (1, '2026-01-01 00:00:01+00'), `
    + `(2, '2026-01-01 00:00:03+00')`);
  seen.length = 0;
  await client.run(`ADVANCE CLOCK BY INTERVAL '1 day'`);
  expect(seen).toEqual([1, 3, 6, 8].map((second) => `2026-01-01T00:00:0${second}.000Z`));
  await engine.close();
  engine = await openEngine(simWorld(new SimStorage(disk), world));
  client = await TestClient.connect(engine);
  expect(await client.rows('SELECT k FROM v')).toEqual([]);
  await engine.close();
});

it('lets windows close in silence', async () => {
  const engine = await open({ dataDirectory: ':memory:' });
  const client = await TestClient.connect(engine);
  await client.run(`SET tidemill.clock = '2026-01-01 00:00:00+00'`);
  await client.run('CREATE TABLE t (ts timestamptz, '
    + `WATERMARK FOR ts AS ts - INTERVAL '5 seconds') `
    + `WITH ("watermark.fallback" = 'now() - 1 minute')`);
  await client.run('CREATE MATERIALIZED VIEW v AS SELECT window_start, count(*) AS n '
    + `FROM TUMBLE(t, ts, INTERVAL '1 minute') GROUP BY window_start EMIT ON WINDOW CLOSE`);
  await client.run('INSERT INTO t VALUES (now())');
  expect(await client.rows('SELECT n FROM v')).toEqual([]);
  await client.run(`ADVANCE CLOCK BY INTERVAL '119 seconds'`);
  expect(await client.rows('SELECT n FROM v')).toEqual([]);
  await client.run(`ADVANCE CLOCK BY INTERVAL '2 seconds'`);
  expect(await client.rows('SELECT n FROM v')).toEqual([['1']]);
  await client.run('RESET tidemill.clock');
  const [shown] = await client.rows('SELECT now() > TIMESTAMPTZ \'2026-06-01 00:00:00+00\'');
  expect(shown).toEqual(['t']);
  await engine.close();
});

it('is refused without test mode', async () => {
  const world = { ...simWorld(new MemoryStorage()), testClock: null };
  const engine = await openEngine(world);
  const client = await TestClient.connect(engine);
  for (const text of [`SET tidemill.clock = '2026-01-01 00:00:00+00'`, 'RESET tidemill.clock',
    `ADVANCE CLOCK BY INTERVAL '1 second'`]) {
    await expect(client.run(text)).rejects.toThrow(/55000: .* test mode only/);
  }
  await engine.close();
});

it('fires timers when it is moved past them, in order, and once', () => {
  const machine = new SimClock();
  const clock = new VirtualClock(machine);
  const fired: string[] = [];
  clock.set(1_000_000n);
  clock.timer(3_000_000n, () => fired.push('c'));
  clock.timer(2_000_000n, () => fired.push('b'));
  clock.timer(9_000_000n, () => fired.push('machine'));
  const cancel = clock.timer(2_500_000n, () => fired.push('never'));
  cancel();
  clock.set(5_000_000n);
  expect(fired).toEqual(['b', 'c']);
  machine.advance(60_000_000n);
  expect(fired).toEqual(['b', 'c', 'machine']);
  expect(clock.nowMicros()).toBe(5_000_000n);
});
