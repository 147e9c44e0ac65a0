/**
 * Point look-ups by key through the wire protocol while events stream into the view that is read.
 *
 * A server in a process of its own, in memory; its generator makes 50,000 events a second.
 */
import { Client } from 'pg';
import type { BenchArguments } from './arguments.ts';
import { writeFigures } from './machine.ts';
import { quantile } from './nexmark/measure.ts';
import { pause, startTidemill } from './servers.ts';

const RATE = 50_000;
const LOOK_UPS = 1000;
const WARM_LOOK_UPS = 200;
const GOAL_MS = 20;

/** Runs and reports; false when the goal is missed. */
export async function reportReads(args: BenchArguments): Promise<boolean> {
  const server = await startTidemill();
  try {
    const { port, user, database } = server;
    const client = new Client({ host: '127.0.0.1', port, user, database });
    await client.connect();
    const figures = await measure(client);
    await client.end();
    process.stdout.write(`${LOOK_UPS} look-ups by key, `
      + `${figures.eventsPerSecond.toFixed(0)} events/s streaming in: p50 ${figures.p50Ms.toFixed(2)} ms, p99 ${figures.p99Ms.toFixed(2)} ms,`
      + ` max ${figures.maxMs.toFixed(2)} ms; ${figures.found} found\n`);
    writeFigures(args.json, figures);
    return figures.p99Ms <= GOAL_MS;
  } finally {
    server.process.kill('SIGTERM');
  }
}

interface Figures {
  readonly eventsPerSecond: number;
  readonly found: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

async function measure(client: Client): Promise<Figures> {
  await client.query(`CREATE SOURCE bid WITH (connector = 'nexmark', nexmark.table.type = 'Bid',
    nexmark.event.rate = '${RATE}')`);
  await client.query('CREATE MATERIALIZED VIEW v AS SELECT auction, count(*) AS n, '
    + 'sum(price) AS s FROM bid GROUP BY auction');
  await pause(2000);
  const before = await bidsSeen(client);
  const started = performance.now();
  const times: number[] = [];
  let found = 0;
  for (let n = 0; n < LOOK_UPS + WARM_LOOK_UPS; n++) {
    const from = performance.now();
    const { rows } = await client.query({
      name: 'by key', text: 'SELECT n, s FROM v WHERE auction = $1',
      values: [1000 + (n * 7919) % 5000],
    });
    if (n >= WARM_LOOK_UPS) times.push(performance.now() - from);
    found += rows.length;
    await pause(2);
  }
  const seconds = (performance.now() - started) / 1000;
  const events = (await bidsSeen(client) - before) * 50 / 46;
  times.sort((a, b) => a - b);
  return {
    eventsPerSecond: events / seconds, found, p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99), maxMs: quantile(times, 1),
  };
}

async function bidsSeen(client: Client): Promise<number> {
  const { rows } = await client.query<{ total: string }>('SELECT sum(n) AS total FROM v');
  return Number(rows[0]?.total ?? 0);
}
