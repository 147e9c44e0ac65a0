/**
 * State over a long time: HOP of 24 hours by 1 minute as it closes, sessions and an outer interval
 * join, over events up to 20 minutes out of order. Days pass by the engine's own clock, which is moved.
 *
 * No view shows all of the past, so nothing at all may grow once the first window span has passed:
 * not the rows of any operator, not the bytes the engine counts, not the process. And what each
 * operator keeps is compared with the size EXPLAIN predicts. Where EXPLAIN says that sessions that
 * go on are kept as well, their length follows from how often a phone calls.
 */
import { open } from '../src/index.ts';
import { cell } from '../src/runtime/batch.ts';
import type { Engine, SqlSession } from '../src/runtime/session-api.ts';
import type { BenchArguments } from './arguments.ts';
import { writeFigures } from './machine.ts';

/** What is simulated. */
export interface Simulation {
  readonly eventsPerSecond: number;
  /** Hours after the first window span, during which nothing may grow. */
  readonly hours: number;
  /** Of the windows of 24 hours. */
  readonly slide: string;
  readonly zones: number;
  readonly phones: number;
}

/** The state at a moment. */
export interface Sample {
  readonly hour: number;
  readonly rows: number;
  readonly bytes: number;
  readonly rssMb: number;
}

/** An operator's rows and what EXPLAIN said of them. */
export interface OperatorSize {
  readonly view: string;
  readonly operator: string;
  readonly rows: number;
  readonly size: string;
  /** The size in rows, from the rate and the number of keys; null where it is no number. */
  readonly predicted: number | null;
}

/** What a simulation showed. */
export interface BoundedRun {
  readonly samples: readonly Sample[];
  readonly operators: readonly OperatorSize[];
  readonly events: number;
  readonly late: number;
}

/** Hours until the first window of 24 hours and 20 minutes of delay has closed. */
const SPAN_HOURS = 25;
const SESSION_GAP_SECONDS = 600;
/** Phones of a stream of one event a second: each calls every 200 s, and falls silent at times. */
const PHONES_PER_RATE = 200;

function viewsOf(slide: string): Readonly<Record<string, string>> {
  return {
    hop: `SELECT zone, window_end, count(*) AS trips, sum(phone) AS s
      FROM HOP(trips, ts, INTERVAL '${slide}', INTERVAL '24 hours') GROUP BY zone, window_end
      EMIT ON WINDOW CLOSE`,
    sessions: `SELECT count(*) AS sessions, max(trips) AS longest
      FROM (SELECT phone, window_start, window_end, count(*) AS trips
        FROM SESSION(trips PARTITION BY phone, ts, INTERVAL '${SESSION_GAP_SECONDS} seconds')
        GROUP BY phone, window_start, window_end) AS w`,
    paid_trips: `SELECT t.zone, count(*) AS trips, count(p.amount) AS paid, sum(p.amount) AS amount
      FROM trips AS t LEFT JOIN payments AS p
      ON p.id = t.id AND p.ts BETWEEN t.ts AND t.ts + INTERVAL '1 hour' GROUP BY t.zone`,
  };
}

/** Runs a simulation; `sampled` hears of each sample. */
export async function simulate(
  { eventsPerSecond, hours, slide, zones, phones }: Simulation,
  sampled: (sample: Sample) => void,
): Promise<BoundedRun> {
  const engine = await open({ dataDirectory: ':memory:' });
  const sql = await SqlClient.connect(engine);
  await sql.run(`SET tidemill.clock = '2026-01-01 00:00:00+00'`);
  const common = `connector = 'datagen', rows_per_second = '${eventsPerSecond}',
    fields.id.kind = 'sequence', fields.id.start = '1', fields.id.end = '1000000000000',
    fields.ts.max_past = '20 minutes'`;
  const watermark = `WATERMARK FOR ts AS ts - INTERVAL '20 minutes'`;
  await sql.run(`CREATE SOURCE trips (id bigint, zone int, phone int, ts timestamptz, ${watermark})
    WITH (${common}, fields.zone.min = '1', fields.zone.max = '${zones}',
      fields.phone.min = '1', fields.phone.max = '${phones}')`);
  await sql.run(`CREATE SOURCE payments (id bigint, amount int, ts timestamptz, ${watermark})
    WITH (${common}, fields.amount.min = '1', fields.amount.max = '90')`);
  const views = viewsOf(slide);
  for (const [name, query] of Object.entries(views)) {
    const options = name === 'hop' ? "WITH (ttl = '2 hours') " : '';
    await sql.run(`CREATE MATERIALIZED VIEW ${name} ${options}AS ${query}`);
  }
  const samples: Sample[] = [];
  for (let hour = 1; hour <= SPAN_HOURS + hours; hour++) {
    await sql.run(`ADVANCE CLOCK BY INTERVAL '1 hour'`);
    globalThis.gc?.();
    const [state] = await sql.rows('SELECT sum(rows)::float8, sum(bytes)::float8 '
      + 'FROM tidemill.state');
    const sample = {
      hour, rows: Number(state?.[0]), bytes: Number(state?.[1]),
      rssMb: process.memoryUsage().rss / 1e6,
    };
    samples.push(sample);
    sampled(sample);
  }
  const operators: OperatorSize[] = [];
  for (const view of Object.keys(views)) {
    operators.push(...await sizesOf(sql, view, { eventsPerSecond, keys: zones, phones }));
  }
  const [late] = await sql.rows('SELECT coalesce(sum(count), 0)::float8 FROM tidemill.late_rows');
  const [read] = await sql.rows('SELECT max(rows)::float8 FROM tidemill.sources');
  await engine.close();
  return { samples, operators, events: Number(read?.[0]), late: Number(late?.[0]) };
}

/** Growth over the samples behind the first window span, as a share of their mean. */
export function slopeOf(run: BoundedRun, of: 'rows' | 'bytes' | 'rssMb'): number {
  const samples = run.samples.filter(({ hour }) => hour > SPAN_HOURS);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const hour = mean(samples.map((sample) => sample.hour));
  const level = mean(samples.map((sample) => sample[of]));
  let above = 0;
  let below = 0;
  for (const sample of samples) {
    above += (sample.hour - hour) * (sample[of] - level);
    below += (sample.hour - hour) ** 2;
  }
  return above / below * (samples.length - 1) / level;
}

/** Pairs the sizes of EXPLAIN with the rows of tidemill.state: both name operators in one order. */
async function sizesOf(sql: SqlClient, view: string, rate: Rate): Promise<OperatorSize[]> {
  const lines = (await sql.rows(`EXPLAIN MATERIALIZED VIEW ${view}`)).map(([line]) => String(line));
  const sized = new Map<string, string[]>();
  for (const [at, line] of lines.entries()) {
    const size = /^\s*size: (.*)$/.exec(line)?.[1];
    if (size === undefined) continue;
    const words = (lines[at - 2] ?? '').trim().split(' ');
    const operator = words.includes('join') ? 'join' : words[0] === 'temporal' ? 'temporalFilter'
      : (words[0] ?? '').replace(':', '');
    sized.set(operator, [size, ...sized.get(operator) ?? []]);
  }
  const state = await sql.rows(`SELECT operator, rows::float8 FROM tidemill.state
    WHERE view = '${view}' AND node IS NOT NULL ORDER BY node`);
  return state.map(([operator, rows]) => {
    // The rows of a view that have an age are no operator of the plan.
    const size = sized.get(String(operator))?.shift() ?? '';
    return {
      view, operator: String(operator), rows: Number(rows), size, predicted: inRows(size, rate),
    };
  });
}

/** What comes in. */
interface Rate {
  readonly eventsPerSecond: number;
  readonly keys: number;
  readonly phones: number;
}

function inRows(size: string, { eventsPerSecond, keys, phones }: Rate): number | null {
  const windows = /^(\d+) (?:windows|slices)/.exec(size)?.[1];
  if (windows !== undefined) return Number(windows) * keys;
  const spans = [...size.matchAll(/(?:(\d+) days? ?)?(\d\d):(\d\d):(\d\d)/g)];
  if (spans.length === 0) return null;
  // A group at most for each row, which is in the order of first and in that of last times.
  const each = size.includes('with the times of their rows') ? 3 : 1;
  const longer = size.includes('sessions that go on')
    ? each * beyondGap(eventsPerSecond / phones) * eventsPerSecond : 0;
  return spans.reduce((sum, [, days, hours, minutes, seconds]) => sum + each * eventsPerSecond
    * (Number(days ?? 0) * 86400 + Number(hours) * 3600 + Number(minutes) * 60
      + Number(seconds)), longer);
}

/**
 * Seconds that a row's session goes on, behind the gap that every session ends with: the mean wait
 * for a first silence of a gap, where calls come by chance at `rate` a second.
 */
function beyondGap(rate: number): number {
  return (Math.exp(rate * SESSION_GAP_SECONDS) - 1) / rate - SESSION_GAP_SECONDS;
}

/** A session, for rows of plain values. */
class SqlClient {
  readonly #session: SqlSession;

  private constructor(session: SqlSession) {
    this.#session = session;
  }

  static async connect(engine: Engine): Promise<SqlClient> {
    return new SqlClient(await engine.connect({
      user: 'bench', database: 'tidemill', settings: [], pid: 1, clientAddress: '',
    }));
  }

  async run(text: string): Promise<void> {
    await this.rows(text);
  }

  async rows(text: string): Promise<unknown[][]> {
    const rows: unknown[][] = [];
    for await (const event of this.#session.query(text)) {
      if (event.kind === 'error') throw new Error(`${event.error.message}: ${text}`);
      if (event.kind !== 'rows') continue;
      for (let row = 0; row < event.batch.length; row++) {
        rows.push(event.batch.columns.map((column) => cell(column, row)));
      }
    }
    return rows;
  }
}

/** Runs and reports; false when something grows or differs from EXPLAIN by more than twice. */
export async function reportBounded(args: BenchArguments): Promise<boolean> {
  const eventsPerSecond = args.rate;
  const started = performance.now();
  const run = await simulate({ eventsPerSecond, hours: args.hours, slide: '1 minute', zones: 10,
    phones: PHONES_PER_RATE * eventsPerSecond },
    ({ hour, rows, bytes, rssMb }) => process.stdout.write(`hour ${hour}: ${rows} rows, `
      + `${(bytes / 1e6).toFixed(1)} MB counted, ${rssMb.toFixed(0)} MB resident\n`));
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(`${run.events} events of each source in ${seconds.toFixed(0)} s; `
    + `${run.late} late\n`);
  for (const { view, operator, rows, size, predicted } of run.operators) {
    process.stdout.write(`${view} ${operator}: ${rows} rows; EXPLAIN: ${size}${
      predicted === null ? '' : ` = ${Math.round(predicted)}`}\n`);
  }
  const slopes = { rows: slopeOf(run, 'rows'), bytes: slopeOf(run, 'bytes'),
    rss: slopeOf(run, 'rssMb') };
  for (const [what, slope] of Object.entries(slopes)) {
    process.stdout.write(`${what}: ${(slope * 100).toFixed(2)} % over the last ${args.hours} h\n`);
  }
  writeFigures(args.json, { eventsPerSecond, seconds, slopes, ...run });
  return Object.values(slopes).every((slope) => slope < 0.01) && run.operators.every(isAsPredicted);
}

/** Within twice the prediction; sessions may be fewer than the events of their time. */
export function isAsPredicted({ rows, size, predicted }: OperatorSize): boolean {
  if (predicted === null) return true;
  const atLeast = size.includes('groups') || size.includes('sessions') ? 0 : predicted / 2;
  return rows >= atLeast && rows <= predicted * 2;
}
