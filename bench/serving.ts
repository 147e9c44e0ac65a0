/**
 * How fast answers leave: look-ups by key through 50 connections (pgbench) and a million rows of
 * one SELECT over a table, both beside a PostgreSQL server of our own in turns; changes to subscribers, and 500
 * of them, one of which is killed again and again and goes on from its token.
 */
import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgresBinaries, startPostgres } from '../test/fuzz/postgres.ts';
import type { BenchArguments } from './arguments.ts';
import { writeFigures } from './machine.ts';
import { median, quantile } from './nexmark/measure.ts';
import { RawClient } from './raw-client.ts';
import type { Address } from './raw-client.ts';
import { freePort, pause, startTidemill } from './servers.ts';
import type { TidemillServer } from './servers.ts';

const KEYS = 100_000;
const CLIENTS = 50;
const SECONDS = 6;
const ROWS = 1_000_000;
const AGREE_MS = 20_000;
const CHANGES_PER_SECOND = 10_000;
const BATCH_MS = 10;
const LATENCY_SECONDS = 8;
const SUBSCRIBERS = 500;
const KILLS = 500;
const GOAL_MS = 20;
const GOAL_SHARE = 0.5;

/** Runs and reports; false when a goal is missed. */
export async function reportServing(args: BenchArguments): Promise<boolean> {
  const server = await startTidemill('--max-connections', String(SUBSCRIBERS + 20));
  try {
    const beside = await besidePostgres(server, args.rounds);
    const latency = await subscriberLatency(server);
    print(`changes at ${CHANGES_PER_SECOND}/s to a subscriber: p50 ${latency.p50Ms.toFixed(2)} ms, `
      + `p99 ${latency.p99Ms.toFixed(2)} ms after they were sent`);
    const crowd = await crowdOfSubscribers(server);
    print(`${SUBSCRIBERS} subscribers, one killed ${KILLS} times: ${crowd.wrong} wrong folds, `
      + `${crowd.rows} rows told, p99 ${crowd.p99Ms.toFixed(1)} ms to the last of them`);
    writeFigures(args.json, { ...beside, latency, crowd });
    return crowd.wrong === 0 && latency.p99Ms <= GOAL_MS
      && (beside === null || beside.lookUps >= GOAL_SHARE && beside.stream >= GOAL_SHARE);
  } finally {
    server.process.kill('SIGTERM');
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

// ------------------------------------------------------------------------- beside PostgreSQL

async function besidePostgres(
  tidemill: TidemillServer, rounds: number,
): Promise<{ readonly lookUps: number; readonly stream: number } | null> {
  const binaries = postgresBinaries();
  if (binaries === null) {
    print('look-ups and streams skipped: no PostgreSQL to compare with');
    return null;
  }
  const port = await freePort();
  const server = startPostgres(["listen_addresses='127.0.0.1'", `port=${port}`]);
  const postgres: Address = { port, user: 'postgres', database: 'postgres' };
  try {
    for (const subject of [tidemill, postgres]) {
      const client = await RawClient.open(subject);
      await client.query('CREATE TABLE accounts (aid int PRIMARY KEY, balance bigint, note text)');
      await client.query("INSERT INTO accounts SELECT g, g * 7, 'note ' || g "
        + `FROM generate_series(1, ${KEYS}) AS s(g)`);
      await client.query('CREATE TABLE many (id int PRIMARY KEY, balance bigint, note text)');
      await client.query("INSERT INTO many SELECT g, g * 7, 'note ' || g "
        + `FROM generate_series(1, ${ROWS}) AS s(g)`);
      client.kill();
    }
    const simple = await ratio('simple', tidemill, postgres, rounds, (subject) =>
      lookUps(binaries, subject, 'simple'));
    const prepared = await ratio('prepared', tidemill, postgres, rounds, (subject) =>
      lookUps(binaries, subject, 'prepared'));
    await streamed(tidemill, 'SELECT * FROM many');
    const before = residentMb(tidemill.process);
    const stream = await ratio('a million rows of a table', tidemill, postgres, rounds,
      (subject) => streamed(subject, 'SELECT * FROM many'));
    print(`memory of the server: ${before} MB before, ${residentMb(tidemill.process)} MB behind`);
    await ratio('a million rows made by a query', tidemill, postgres, rounds,
      (subject) => streamed(subject, MADE));
    return { lookUps: Math.min(simple, prepared), stream };
  } finally {
    server.stop();
  }
}

async function ratio(
  what: string, tidemill: Address, postgres: Address,
  ...[rounds, rate]: [number, (subject: Address) => Promise<number>]
): Promise<number> {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    rates[0].push(await rate(tidemill));
    rates[1].push(await rate(postgres));
  }
  const [own, other] = [median(rates[0]), median(rates[1])];
  print(`${what}: ${own.toFixed(0)}/s, PostgreSQL ${other.toFixed(0)}/s, `
    + `${(own / other).toFixed(2)} of it`);
  return own / other;
}

/** Look-ups a second by pgbench. */
async function lookUps(
  binaries: string, { port, user, database }: Address, mode: 'simple' | 'prepared',
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemill-bench-'));
  const script = join(folder, 'select.sql');
  writeFileSync(script, `\\set aid random(1, ${KEYS})\n`
    + 'SELECT balance FROM accounts WHERE aid = :aid;\n');
  try {
    const told = execFileSync(join(binaries, 'pgbench'), ['-h', '127.0.0.1', '-p', String(port),
      '-U', user, '-n', '-M', mode, '-c', String(CLIENTS), '-j', '1', '-T', String(SECONDS),
      '-f', script, database], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return Number(/tps = ([\d.]+)/.exec(told)?.[1] ?? 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rows a second of one SELECT. */
const MADE = `SELECT g, g * 2, 'row ' || g, now() FROM generate_series(1, ${ROWS}) AS s(g)`;

/** Rows a second of a query that gives `ROWS` of them. */
async function streamed(subject: Address, query: string): Promise<number> {
  const client = await RawClient.open(subject);
  const from = performance.now();
  await client.query(query);
  const seconds = (performance.now() - from) / 1000;
  client.kill();
  return ROWS / seconds;
}

function residentMb(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000);
}

// ------------------------------------------------------------------------------- subscribers

/** Rows carry the time they were sent at; what a subscriber sees of it is the delay. */
async function subscriberLatency(
  server: Address,
): Promise<{ readonly p50Ms: number; readonly p99Ms: number }> {
  const writer = await RawClient.open(server);
  await writer.query('CREATE TABLE sent (id bigint PRIMARY KEY, at double precision)');
  await writer.query('CREATE MATERIALIZED VIEW seen AS SELECT id, at FROM sent WHERE id >= 0');
  const reader = await RawClient.open(server);
  const delays: number[] = [];
  const stream = reader.query('SUBSCRIBE seen WITH (SNAPSHOT = false)', (fields) => {
    delays.push(performance.now() - Number(fields[3]));
  }).catch(() => undefined);
  const rows = CHANGES_PER_SECOND * BATCH_MS / 1000;
  const start = performance.now();
  for (let batch = 0; batch * BATCH_MS < LATENCY_SECONDS * 1000; batch++) {
    const wait = start + batch * BATCH_MS - performance.now();
    if (wait > 0) await pause(wait);
    const at = performance.now();
    const values = Array.from({ length: rows }, (_row, n) => `(${batch * rows + n}, ${at})`);
    await writer.query(`INSERT INTO sent VALUES ${values.join(', ')}`);
  }
  await pause(500);
  reader.kill();
  await stream;
  writer.kill();
  // The first second warms up.
  const kept = delays.slice(CHANGES_PER_SECOND).toSorted((a, b) => a - b);
  return { p50Ms: quantile(kept, 0.5), p99Ms: quantile(kept, 0.99) };
}

/** What a subscriber has made of the changes it was told. */
class Fold {
  readonly rows = new Map<string, number>();
  /** Everything before this epoch has been told. */
  token = 0n;

  take(fields: readonly (string | null)[]): void {
    const [epoch, progressed, diff, ...row] = fields;
    if (progressed === 't') {
      this.token = BigInt(epoch ?? '0');
      return;
    }
    const key = row.join('|');
    const count = (this.rows.get(key) ?? 0) + Number(diff);
    if (count === 0) this.rows.delete(key);
    else this.rows.set(key, count);
  }
}

async function crowdOfSubscribers(
  server: Address,
): Promise<{ readonly wrong: number; readonly rows: number; readonly p99Ms: number }> {
  const writer = await RawClient.open(server);
  await writer.query('CREATE TABLE moves (id bigint PRIMARY KEY, k int, amount int)');
  await writer.query('CREATE MATERIALIZED VIEW totals AS '
    + 'SELECT k, sum(amount) AS total FROM moves GROUP BY k');
  await writer.query("CREATE SUBSCRIPTION watch FROM totals WITH (retention = '1 hour')");
  let rows = 0;
  let lastTold = 0;
  const crowd: RawClient[] = [];
  while (crowd.length < SUBSCRIBERS) {
    const client = await RawClient.open(server);
    crowd.push(client);
    void client.query('SUBSCRIBE totals', () => {
      rows++;
      lastTold = performance.now();
    }).catch(() => undefined);
  }
  const fold = new Fold();
  const delays: number[] = [];
  let wrong = 0;
  let mortal = await follow(server, fold);
  for (let kill = 0; kill < KILLS; kill++) {
    const from = performance.now();
    await writer.query(`INSERT INTO moves VALUES (${kill}, ${kill % 97}, ${(kill * 31) % 1000})`);
    // Killed before, while and after the change is on its way.
    await pause(kill % 5);
    mortal.kill();
    mortal = await follow(server, fold);
    await pause(5);
    delays.push(lastTold - from);
    if (kill % 25 === 24 && !await agrees(writer, fold)) wrong++;
  }
  mortal.kill();
  for (const client of crowd) client.kill();
  writer.kill();
  return { wrong, rows, p99Ms: quantile(delays.toSorted((a, b) => a - b), 0.99) };
}

/** Subscribes from where the fold is. */
async function follow(server: Address, fold: Fold): Promise<RawClient> {
  const client = await RawClient.open(server);
  const how = fold.token === 0n ? 'SUBSCRIBE watch WITH (PROGRESS)'
    : `SUBSCRIBE watch WITH (SNAPSHOT = false, PROGRESS) AS OF ${fold.token - 1n}`;
  const pending: (readonly (string | null)[])[] = [];
  void client.query(how, (fields) => {
    pending.push(fields);
    // An epoch counts when it is whole.
    if (fields[1] === 't') for (const each of pending.splice(0)) fold.take(each);
  }).catch(() => undefined);
  return client;
}

/** Waits until the fold has the newest epoch, and compares. */
async function agrees(writer: RawClient, fold: Fold): Promise<boolean> {
  const right = new Map<string, number>();
  await writer.query('SELECT k, total FROM totals', (row) => { right.set(row.join('|'), 1); });
  const until = performance.now() + AGREE_MS;
  for (;;) {
    const same = right.size === fold.rows.size
      && [...right].every(([row, count]) => fold.rows.get(row) === count);
    if (same || performance.now() > until) return same;
    await pause(5);
  }
}
