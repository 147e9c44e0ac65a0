/**
 * Seeded simulation of an engine in a simulated world: random data changes, event time, a growing
 * file, idempotent requests, views made and dropped, checkpoints, full disks, crashes that lose an
 * unsynced tail, clean restarts, in an order that the seed decides.
 *
 * Checked at every rest: each acknowledged row is there once; each view equals its query run anew;
 * the windowed view equals a small model with its late rows, and offered = counted + late; the
 * file's view counts each line once; a subscriber's fold equals its view; epochs never go back.
 */
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { randomFrom } from '../support/random.ts';
import type { Random } from '../support/random.ts';
import { SimDisk, SimFiles, SimStorage, simWorld } from '../support/sim-environment.ts';
import type { SimWorld } from '../support/sim-environment.ts';
import type { PlantedBug } from './planted.ts';

/** Steps of a run. */
const STEPS = 60;
const FILE = 'lines.jsonl';
const WINDOW = 10;
const DELAY = 5;

const VIEWS = [
  ['grouped', 'SELECT k, count(*) AS c, sum(n) AS s, min(n) AS lo, max(n) AS hi FROM t GROUP BY k'],
  ['joined', 'SELECT t.id, t.n, u.w FROM t JOIN u ON t.k = u.k'],
  ['padded', 'SELECT t.id, u.w FROM t LEFT JOIN u ON t.k = u.k AND u.w > t.n'],
  ['best', 'SELECT id, k, n FROM (SELECT id, k, n, row_number() OVER (PARTITION BY k '
    + 'ORDER BY n DESC, id) AS r FROM t) x WHERE r <= 2'],
  ['kinds', 'SELECT DISTINCT k FROM t WHERE n % 2 = 0'],
  ['stacked', 'SELECT c.k, c.n, u.w FROM (SELECT k, count(*) AS n FROM t GROUP BY k) c '
    + 'LEFT JOIN (SELECT k, max(w) AS w FROM u GROUP BY k) u ON c.k = u.k'],
  ['running', 'SELECT id, sum(n) OVER (PARTITION BY k ORDER BY n, id '
    + 'ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM t'],
] as const;

const SETUP = `
  CREATE TABLE t (id int PRIMARY KEY, k text, n int);
  CREATE TABLE u (k text, w int);
  CREATE TABLE e (id int, at timestamp, WATERMARK FOR at AS at - INTERVAL '${DELAY} seconds');
  CREATE TABLE r (id int);
  CREATE SOURCE f (n int) WITH (connector = 'file', path = '${FILE}', mode = 'follow') FORMAT PLAIN ENCODE JSON;
  CREATE MATERIALIZED VIEW lines AS SELECT count(*) AS c, coalesce(sum(n), 0) AS s FROM f;
  CREATE MATERIALIZED VIEW final AS SELECT window_start, count(*) AS c
    FROM TUMBLE(e, at, INTERVAL '${WINDOW} seconds') GROUP BY window_start EMIT ON WINDOW CLOSE;
  CREATE MATERIALIZED VIEW requests AS SELECT count(*) AS c, count(DISTINCT id) AS d FROM r`;

interface Event {
  readonly second: number;
  /** The watermark it met. */
  readonly met: number;
}

/** One run. */
export class Simulation {
  readonly #random: Random;
  readonly #bug: PlantedBug | null;
  readonly #disk = new SimDisk();
  readonly #files = new SimFiles();
  #storage: SimStorage | null = null;
  #world: SimWorld | null = null;
  #engine: Engine | null = null;
  #client: TestClient | null = null;
  readonly #rows = new Map<number, string>();
  readonly #events: Event[] = [];
  #watermark = Number.NEGATIVE_INFINITY;
  readonly #made = new Set<string>();
  #lines: number[] = [];
  #requests = 0;
  /** A request whose fate a crash left open, to be sent again. */
  #open: { readonly key: string; readonly id: number } | null = null;
  #epoch = 0n;
  readonly #trace: string[] = [];
  readonly problems: string[] = [];

  constructor(seed: number, bug: PlantedBug | null) {
    this.#random = randomFrom(seed);
    this.#bug = bug;
    if (bug?.files !== undefined) this.#spoilFiles(bug.files);
  }

  /** What happened, for comparing two runs of a seed. */
  get trace(): string { return this.#trace.join('\n'); }

  #spoilFiles(spoil: (bytes: Uint8Array, reads: number) => Uint8Array): void {
    let reads = 0;
    const whole = new SimFiles();
    this.#files.write = (path, text) => { whole.write(path, text); };
    this.#files.size = async (path) => await whole.size(path);
    this.#files.read = async (path, position, length) =>
      spoil(await whole.read(path, position, length), ++reads);
  }

  /** Runs all steps; problems are in `problems`. */
  async run(): Promise<void> {
    try {
      this.#files.write(FILE, '');
      await this.#start();
      await this.#sql(SETUP);
      for (let at = 0; at < STEPS && this.problems.length === 0; at++) await this.#step();
      await this.#crash();
      await this.#check();
      await this.#engine?.close();
    } catch (error) {
      // A refusal to start, an assertion, an internal error.
      this.problems.push(String(error));
      if (this.#storage !== null) this.#storage.dead = true;
    }
  }

  async #start(): Promise<void> {
    if (this.#storage !== null && this.#bug?.zombie !== true) this.#storage.dead = true;
    const storage = new SimStorage(this.#disk);
    this.#storage = storage;
    this.#world = simWorld(this.#bug?.storage?.(storage, this.#disk) ?? storage,
      { ...this.#world, files: this.#files });
    const build = this.#bug?.build;
    const options = { lateRetentionRows: 1000, ...(build === undefined ? {} : { buildOperator: build }) };
    this.#engine = await openEngine(this.#world, options);
    this.#client = await TestClient.connect(this.#engine);
    const [[epoch = '0'] = []] = await this.#rowsOf('SELECT epoch FROM tidemill.epochs');
    if (BigInt(epoch ?? '0') < this.#epoch) this.problems.push(`epoch ${epoch} after ${this.#epoch}`);
  }

  async #rowsOf(text: string): Promise<readonly (readonly (string | null)[])[]> {
    if (this.#client === null) throw new Error('not open');
    return (await this.#client.run(text)).rows;
  }

  async #sql(text: string): Promise<string> {
    return (await this.#rowsOf(text)).map((row) => row.join('|')).toSorted().join(' ');
  }

  async #step(): Promise<void> {
    const dice = this.#random(28);
    this.#trace.push(`${dice}`);
    if (dice < 9) await this.#change();
    else if (dice < 13) await this.#event();
    else if (dice < 15) await this.#growFile();
    else if (dice === 15) await this.#request();
    else if (dice === 16) await this.#sql(`INSERT INTO u VALUES ('k${this.#random(5)}', ${this.#random(50)})`);
    else if (dice === 17) await this.#sql(`DELETE FROM u WHERE w < ${this.#random(20)}`);
    else if (dice === 18) await this.#transaction();
    else if (dice < 21) await this.#viewStep();
    else if (dice === 21) await this.#checkpoint();
    else if (dice === 22) {
      await this.#engine?.close();
      await this.#start();
    } else if (dice === 23) await this.#crash();
    else if (dice < 26) await this.#crashDuringCommit();
    else if (dice === 26) await this.#fullDisk();
    else await this.#check();
  }

  /** A random change of t: its text, and what it does to the model once it is acknowledged. */
  #drawChange(): { readonly text: string; readonly apply: () => void } {
    const id = this.#random(40);
    const row = `${id}|k${this.#random(5)}|${this.#random(50)}`;
    const [, k = '', n = ''] = row.split('|');
    if (!this.#rows.has(id)) {
      return { text: `INSERT INTO t VALUES (${id}, '${k}', ${n})`, apply: () => this.#rows.set(id, row) };
    }
    if (this.#random(2) === 0) {
      return { text: `DELETE FROM t WHERE id = ${id}`, apply: () => this.#rows.delete(id) };
    }
    return { text: `UPDATE t SET k = '${k}', n = ${n} WHERE id = ${id}`, apply: () => this.#rows.set(id, row) };
  }

  async #change(): Promise<void> {
    const { text, apply } = this.#drawChange();
    await this.#sql(text);
    apply();
  }

  async #transaction(): Promise<void> {
    const undone = this.#random(3) === 0;
    const { text, apply } = this.#drawChange();
    await this.#sql(`BEGIN; ${text}; INSERT INTO u VALUES ('k0', 1); ${undone ? 'ROLLBACK' : 'COMMIT'}`);
    if (!undone) apply();
  }

  /** Event time goes on by up to three seconds an event, one in six jumps back up to 25. */
  async #event(): Promise<void> {
    const newest = Math.max(0, ...this.#events.map(({ second }) => second));
    const second = Math.max(0, newest + this.#random(4) - (this.#random(6) === 0 ? this.#random(25) : 0));
    await this.#sql(`INSERT INTO e VALUES (${this.#events.length}, `
      + `timestamp '2026-01-01' + ${second} * INTERVAL '1 second')`);
    this.#events.push({ second, met: this.#watermark });
    this.#watermark = Math.max(this.#watermark, second - DELAY);
  }

  async #growFile(): Promise<void> {
    for (let at = this.#random(5); at >= 0; at--) this.#lines.push(this.#random(100));
    this.#files.write(FILE, this.#lines.map((n) => `{"n": ${n}}\n`).join(''));
    this.#world?.clock.advance(2_000_000n);
    await this.#engine?.settle();
  }

  async #request(): Promise<void> {
    const { key, id } = this.#open ?? { key: `request ${this.#requests}`, id: this.#requests };
    const sent = this.#bug?.freshKeys === true ? `${key}/${this.#random(1000)}` : key;
    await this.#engine?.ingest('r', new TextEncoder().encode(`{"id": ${id}}`), sent);
    this.#requests = id + 1;
    this.#open = null;
  }

  async #viewStep(): Promise<void> {
    const [name, query] = VIEWS[this.#random(VIEWS.length)] ?? VIEWS[0];
    if (this.#made.delete(name)) await this.#sql(`DROP MATERIALIZED VIEW ${name}`);
    else {
      await this.#sql(`CREATE MATERIALIZED VIEW ${name} AS ${query}`);
      this.#made.add(name);
    }
  }

  async #checkpoint(): Promise<void> {
    this.#world?.clock.advance(30_000_000n);
    await this.#engine?.settle();
    await turns(this.#random(30));
  }

  async #crash(): Promise<void> {
    this.#disk.crash(0);
    await this.#start();
  }

  /** A write, of a row or of a request, is on its way when the power goes. */
  async #crashDuringCommit(): Promise<void> {
    const asks = this.#random(2) === 0;
    const { text, apply } = this.#drawChange();
    this.#disk.stuck = true;
    if (asks) {
      this.#open ??= { key: `request ${this.#requests}`, id: this.#requests };
      void this.#engine?.ingest('r', new TextEncoder().encode(`{"id": ${this.#open.id}}`), this.#open.key)
        .catch(() => undefined);
    } else {
      void this.#sql(text).catch(() => undefined);
    }
    await turns(5);
    const keep = this.#random(2);
    const written = this.#disk.tail.length > 0;
    this.#disk.stuck = false;
    this.#disk.crash(keep);
    await this.#start();
    if (written && keep > 0 && !asks) apply();
  }

  async #fullDisk(): Promise<void> {
    const { text } = this.#drawChange();
    this.#disk.full = true;
    let refused = false;
    await this.#sql(text).catch(() => { refused = true; });
    if (!refused) this.problems.push('a write on a full disk was taken');
    await this.#checkTables();
    this.#disk.full = false;
  }

  async #check(): Promise<void> {
    if (this.#open !== null) await this.#request();
    this.#world?.clock.advance(2_000_000n);
    await this.#engine?.settle();
    await this.#checkTables();
    await this.#checkTime();
    this.#expect('lines', await this.#sql('SELECT * FROM lines'),
      `${this.#lines.length}|${this.#lines.reduce((sum, n) => sum + n, 0)}`);
    this.#expect('requests', await this.#sql('SELECT * FROM requests'), `${this.#requests}|${this.#requests}`);
    const [[epoch] = []] = await this.#rowsOf('SELECT epoch FROM tidemill.epochs');
    this.#epoch = BigInt(epoch ?? '0');
    this.#trace.push(`epoch ${epoch}`);
  }

  async #checkTables(): Promise<void> {
    this.#expect('t', await this.#sql('SELECT * FROM t'), [...this.#rows.values()].toSorted().join(' '));
    for (const [name, query] of VIEWS) {
      if (!this.#made.has(name)) continue;
      const view = await this.#sql(`SELECT * FROM ${name}`);
      this.#trace.push(view);
      this.#expect(name, view, await this.#sql(query));
    }
  }

  /** Windows and late rows by the text of the rules alone. */
  async #checkTime(): Promise<void> {
    const windows = new Map<number, number>();
    let late = 0;
    for (const { second, met } of this.#events) {
      const begin = Math.floor(second / WINDOW) * WINDOW;
      if (begin + WINDOW <= met) late++;
      else windows.set(begin, (windows.get(begin) ?? 0) + 1);
    }
    const closed = [...windows].filter(([begin]) => begin + WINDOW <= this.#watermark)
      .map(([begin, count]) => `${begin}|${count}`).toSorted();
    this.#expect('final', await this.#sql("SELECT extract(epoch FROM window_start - timestamp '2026-01-01')::int, "
      + 'c FROM final'), closed.join(' '));
    this.#expect('late rows', await this.#sql('SELECT count(*) FROM late.final'), String(late));
  }

  #expect(what: string, found: string, wanted: string): void {
    if (found !== wanted) this.problems.push(`${what} is "${found}", not "${wanted}"`);
  }
}

async function turns(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await new Promise((resolve) => { setImmediate(resolve); });
}

/** Problems of a seed; the trace is compared with that of a second run when `twice`. */
export async function simulate(
  seed: number, bug: PlantedBug | null, twice: boolean,
): Promise<readonly string[]> {
  const first = new Simulation(seed, bug);
  await first.run();
  if (!twice || first.problems.length > 0) return first.problems;
  const second = new Simulation(seed, bug);
  await second.run();
  return second.trace === first.trace ? second.problems : ['two runs of the seed differ'];
}
