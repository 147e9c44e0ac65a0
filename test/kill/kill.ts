/**
 * Kill torture of the real server on real files.
 *
 * Streams numbered INSERTs and HTTP posts with idempotency keys, kills the server with SIGKILL at
 * random moments (also while it starts), restarts it, and at the end compares three views (tumble,
 * session, join) with a recomputation from the acknowledged rows: nothing lost, nothing doubled.
 * A row whose acknowledgment was lost may be there or not, but only once. Prints its seed.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** What to do. */
export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  /** The built entry of the program. */
  readonly main: string;
  readonly log: (line: string) => void;
}

/** What was seen. */
export interface KillReport {
  readonly kills: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly mistakes: readonly string[];
  readonly recoveryMs: readonly number[];
}

const SETUP = [
  'CREATE TABLE IF NOT EXISTS item (id int PRIMARY KEY, name text)',
  `CREATE TABLE IF NOT EXISTS ev (n int PRIMARY KEY, usr int, item int, ts timestamp,
    WATERMARK FOR ts AS ts - INTERVAL '1 hour')`,
  `CREATE TABLE IF NOT EXISTS posted (n int, usr int, ts timestamp)`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS v_tumble AS SELECT window_start, count(*) AS c, sum(n) AS s
    FROM TUMBLE(ev, ts, INTERVAL '1 minute') GROUP BY window_start`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS v_session AS SELECT usr, window_start, window_end,
    count(*) AS c FROM SESSION(ev PARTITION BY usr, ts, INTERVAL '30 seconds')
    GROUP BY usr, window_start, window_end`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS v_join AS SELECT i.name, count(*) AS c, sum(e.n) AS s
    FROM ev e JOIN item i ON e.item = i.id GROUP BY i.name`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS v_posted AS SELECT usr, count(*) AS c, sum(n) AS s
    FROM posted GROUP BY usr`,
  "INSERT INTO item VALUES (0, 'cup'), (1, 'pot'), (2, 'pan') ON CONFLICT (id) DO NOTHING",
];

/** The checks: each must give no row. `EXCEPT` both ways against a recomputation in SQL. */
const CHECKS: readonly (readonly [string, string])[] = [
  ['v_tumble', `SELECT date_trunc('minute', ts), count(*), sum(n) FROM ev GROUP BY 1`],
  ['v_join', `SELECT i.name, count(*), sum(e.n) FROM ev e JOIN item i ON e.item = i.id
    GROUP BY i.name`],
  ['v_posted', 'SELECT usr, count(*), sum(n) FROM posted GROUP BY usr'],
];

class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly pgPort: number;
  readonly httpPort: number;
  readonly startMs: number;
}

function startServer(options: KillOptions, directory: string): Promise<Running> {
  const began = performance.now();
  const child = spawn(process.execPath, [options.main, 'start', '--data-dir', directory,
    '--pg-port', '0', '--http-port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let out = '';
    const hear = (chunk: Buffer): void => {
      out += chunk.toString();
      const pgPort = / -p (\d+) /.exec(out)?.[1];
      const httpPort = /:(\d+)\/ingest/.exec(out)?.[1];
      if (pgPort === undefined || httpPort === undefined) return;
      resolve({
        child, pgPort: Number(pgPort), httpPort: Number(httpPort),
        startMs: performance.now() - began,
      });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (code, signal) => reject(new Error(`server ended (${code ?? signal}): ${out}`)));
  });
}

/** Rows that were sent, and what is known of them. */
class Ledger {
  readonly acknowledged = new Set<number>();
  readonly sent = new Set<number>();
  next = 1;
}

/** Time of event n: mostly forward, with gaps that part sessions. */
function timeOf(n: number): string {
  const at = Date.UTC(2024, 0, 1) + n * 900 + Math.floor(n / 97) * 45_000 - (n % 7 === 3 ? 5000 : 0);
  return new Date(at).toISOString().slice(0, 23).replace('T', ' ');
}

async function streamInserts(port: number, ledger: Ledger, stop: AbortSignal): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'tidemill', database: 'tidemill' });
  client.on('error', () => undefined);
  await client.connect();
  while (!stop.aborted) {
    const batch = Array.from({ length: 5 }, () => ledger.next++);
    for (const n of batch) ledger.sent.add(n);
    await client.query(`INSERT INTO ev VALUES ${batch.map((n) =>
      `(${n}, ${n % 5}, ${n % 4}, '${timeOf(n)}')`).join(', ')}`);
    for (const n of batch) ledger.acknowledged.add(n);
  }
  await client.end();
}

async function streamPosts(port: number, ledger: Ledger, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const n = ledger.next++;
    ledger.sent.add(n);
    await post(port, n);
    ledger.acknowledged.add(n);
  }
}

async function post(port: number, n: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/ingest/posted`, {
    method: 'POST', headers: { 'idempotency-key': `post-${n}` },
    body: JSON.stringify({ n, usr: n % 3, ts: timeOf(n) }), signal: AbortSignal.timeout(5000),
  });
  if (!response.ok) throw new Error(`ingest answered ${response.status}`);
  await response.text();
}

/** Posts again what was not acknowledged: the keys make it count once. */
async function repost(port: number, ledger: Ledger): Promise<void> {
  for (const n of ledger.sent) {
    if (ledger.acknowledged.has(n)) continue;
    await post(port, n);
    ledger.acknowledged.add(n);
  }
}

/** Runs the torture. */
export async function torture(options: KillOptions): Promise<KillReport> {
  const random = new Random(options.seed);
  const directory = mkdtempSync(join(tmpdir(), 'tidemill-kill-'));
  const inserts = new Ledger();
  const posts = new Ledger();
  const recoveryMs: number[] = [];
  options.log(`seed ${options.seed}, ${options.kills} kills`);
  try {
    for (let kill = 0; kill <= options.kills; kill++) {
      if (random.next() < 0.2) await killWhileStarting(options, directory, random);
      const running = await startServer(options, directory);
      recoveryMs.push(running.startMs);
      if (kill === 0) await setUp(running.pgPort);
      if (kill === options.kills) return await finish(running, { inserts, posts, recoveryMs, kill });
      await repost(running.httpPort, posts);
      await streamAndKill(running, { inserts, posts }, 150 - 300 * Math.log(1 - random.next()));
    }
    throw new Error('unreachable');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function killWhileStarting(
  options: KillOptions, directory: string, random: Random,
): Promise<void> {
  const starting = startServer(options, directory);
  starting.catch(() => undefined);
  await pause(random.next() * 400);
  const child = await Promise.race([starting.then(({ child: done }) => done), pause(0)]);
  child?.kill('SIGKILL');
  if (child === undefined) (await starting).child.kill('SIGKILL');
  await pause(50);
}

async function streamAndKill(
  running: Running, ledgers: { readonly inserts: Ledger; readonly posts: Ledger }, afterMs: number,
): Promise<void> {
  const stop = new AbortController();
  // The streams end with an error when the server dies; that is what they are for.
  const streams = Promise.allSettled([
    streamInserts(running.pgPort, ledgers.inserts, stop.signal),
    streamPosts(running.httpPort, ledgers.posts, stop.signal),
  ]);
  await pause(afterMs);
  const gone = new Promise((resolve) => { running.child.once('exit', resolve); });
  running.child.removeAllListeners('exit');
  running.child.once('exit', () => stop.abort());
  running.child.kill('SIGKILL');
  await Promise.race([gone, new Promise((resolve) => {
    stop.signal.addEventListener('abort', resolve);
  })]);
  await streams;
}

async function setUp(port: number): Promise<void> {
  await withClient(port, async (client) => {
    for (const statement of SETUP) await client.query(statement);
  });
}

async function finish(
  running: Running, seen: {
    readonly inserts: Ledger; readonly posts: Ledger; readonly recoveryMs: readonly number[];
    readonly kill: number;
  },
): Promise<KillReport> {
  const mistakes: string[] = [];
  await repost(running.httpPort, seen.posts);
  await withClient(running.pgPort, async (client) => {
    await compareRows(client, { table: 'ev', ledger: seen.inserts, mistakes });
    await compareRows(client, { table: 'posted', ledger: seen.posts, mistakes });
    for (const [view, recomputed] of CHECKS) {
      for (const text of [`TABLE ${view} EXCEPT ALL (${recomputed})`,
        `(${recomputed}) EXCEPT ALL TABLE ${view}`]) {
        const { rows } = await client.query(text);
        if (rows.length > 0) mistakes.push(`${view}: ${rows.length} rows differ`);
      }
    }
    mistakes.push(...await compareSessions(client));
  });
  running.child.removeAllListeners('exit');
  running.child.kill('SIGTERM');
  await new Promise((resolve) => { running.child.once('exit', resolve); });
  return {
    kills: seen.kill, mistakes, recoveryMs: seen.recoveryMs,
    acknowledged: seen.inserts.acknowledged.size + seen.posts.acknowledged.size,
    unknown: seen.inserts.sent.size - seen.inserts.acknowledged.size,
  };
}

async function compareRows(
  client: pg.Client,
  what: { readonly table: string; readonly ledger: Ledger; readonly mistakes: string[] },
): Promise<void> {
  const { rows } = await client.query<{ n: number }>(`SELECT n FROM ${what.table}`);
  const found = new Set<number>();
  for (const { n } of rows) {
    if (found.has(n)) what.mistakes.push(`${what.table}: row ${n} is doubled`);
    if (!what.ledger.sent.has(n)) what.mistakes.push(`${what.table}: row ${n} was never sent`);
    found.add(n);
  }
  for (const n of what.ledger.acknowledged) {
    if (!found.has(n)) what.mistakes.push(`${what.table}: acknowledged row ${n} is lost`);
  }
}

/** Sessions recomputed here, row by row, from what the table holds. */
async function compareSessions(client: pg.Client): Promise<string[]> {
  const events = await client.query<{ usr: number; at: string }>(
    'SELECT usr, extract(epoch FROM ts) * 1000 AS at FROM ev ORDER BY usr, ts');
  const expected = new Map<string, number>();
  let open: { usr: number; start: number; last: number; count: number } | null = null;
  const close = (): void => {
    if (open !== null) expected.set(`${open.usr}/${open.start}/${open.last + 30_000}`, open.count);
  };
  for (const { usr, at } of events.rows) {
    const time = Number(at);
    if (open !== null && open.usr === usr && time < open.last + 30_000) {
      open.last = time;
      open.count++;
    } else {
      close();
      open = { usr, start: time, last: time, count: 1 };
    }
  }
  close();
  const found = await client.query<{ usr: number; s: string; e: string; c: string }>(
    'SELECT usr, extract(epoch FROM window_start) * 1000 AS s, '
    + 'extract(epoch FROM window_end) * 1000 AS e, c FROM v_session');
  const wrong = found.rows.filter(({ usr, s, e, c }) =>
    expected.get(`${usr}/${Number(s)}/${Number(e)}`) !== Number(c));
  if (wrong.length === 0 && found.rows.length === expected.size) return [];
  return [`v_session: ${wrong.length} wrong, ${found.rows.length} of ${expected.size} there`];
}

async function withClient(
  port: number, work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'tidemill', database: 'tidemill' });
  await client.connect();
  await work(client);
  await client.end();
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => { setTimeout(() => resolve(undefined), ms); });
}
