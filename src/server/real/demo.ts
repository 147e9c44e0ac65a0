/**
 * `npm run demo`: the 60-second start, played on generated clicks in an engine of its own.
 *
 * Everything is in memory and seeded: the same seed shows the same clicks. Some arrive out of
 * order, a few too late; the screen shows the open view, the final one and the late rows.
 */
import { must } from '../../common/assert.ts';
import { formatValue } from '../../common/types/registry.ts';
import { realEnvironment } from '../../runtime/real/open-environment.ts';
import { cell } from '../../runtime/batch.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import { openEngine } from '../../runtime/session/open-engine.ts';
import type { SqlSession } from '../../runtime/session-api.ts';

const STEP_MS = 500;
const CLICKS_PER_STEP = 40;
const PAGES = ['/home', '/pricing', '/docs', '/blog'];

const SETUP = `
CREATE TABLE clicks (page text, ms int, ts timestamp,
  WATERMARK FOR ts AS ts - INTERVAL '5 seconds');

CREATE MATERIALIZED VIEW clicks_now AS
  SELECT window_start, page, count(*) AS clicks, round(avg(ms), 1) AS avg_ms
  FROM TUMBLE(clicks, ts, INTERVAL '30 seconds') GROUP BY window_start, page;

CREATE MATERIALIZED VIEW clicks_final AS
  SELECT window_start, count(*) AS clicks
  FROM TUMBLE(clicks, ts, INTERVAL '30 seconds') GROUP BY window_start
  EMIT ON WINDOW CLOSE;
`;

const QUERIES: readonly (readonly [string, string])[] = [
  ['clicks_now: always the answer for everything so far',
    'SELECT * FROM clicks_now ORDER BY window_start DESC, page LIMIT 8'],
  ['clicks_final: a window shows once, when it has closed',
    'SELECT * FROM clicks_final ORDER BY window_start DESC LIMIT 4'],
  ['late.clicks_final: too late to count, never lost',
    'SELECT count(*) AS late_rows, max(lateness) AS latest FROM late.clicks_final'],
];

/** Plays for so many seconds. */
export async function playDemo(
  options: { readonly seconds: number; readonly seed: number },
): Promise<void> {
  const engine = await openEngine(realEnvironment(':memory:', () => undefined));
  const session = await engine.connect({
    user: 'tidemill', database: 'tidemill', settings: [], pid: 1, clientAddress: '',
  });
  process.stdout.write(`${SETUP}\n`);
  await run(session, SETUP);
  const random = generator(options.seed);
  const steps = Math.max(1, Math.round(options.seconds * 1000 / STEP_MS));
  for (let step = 0; step < steps; step++) {
    await run(session, clicks(step, random));
    const screen = await Promise.resolve(show(session));
    const clear = process.stdout.isTTY ? '\x1b[2J\x1b[H' : '';
    process.stdout.write(`${clear}${screen}\n`);
    await new Promise((resolve) => { setTimeout(resolve, STEP_MS); });
  }
  await engine.close();
}

async function run(session: SqlSession, text: string): Promise<string> {
  let columns: readonly ResultColumn[] = [];
  const rows: string[][] = [];
  for await (const event of session.query(text)) {
    if (event.kind === 'error') throw new Error(event.error.message);
    if (event.kind === 'columns') ({ columns } = event);
    if (event.kind !== 'rows') continue;
    for (let row = 0; row < event.batch.length; row++) {
      rows.push(columns.map(({ type }, at) =>
        formatValue(cell(must(event.batch.columns[at], 'column'), row), type) ?? ''));
    }
  }
  return table(columns.map((column) => column.name), rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = head.map((name, at) =>
    Math.max(name.length, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells.map((text, at) => text.padEnd(width[at] ?? 0)).join(' | ');
  return [line(head), width.map((size) => '-'.repeat(size)).join('-+-'), ...rows.map(line)]
    .join('\n');
}

async function show(session: SqlSession): Promise<string> {
  const parts: string[] = [];
  for (const [title, query] of QUERIES) parts.push(`${title}\n${await run(session, query)}\n`);
  return parts.join('\n');
}

/** Clicks of one step: two seconds of event time, one in ten out of order, one in fifty late. */
function clicks(step: number, random: () => number): string {
  const begin = Date.UTC(2024, 0, 1, 10) + step * 2000 * 2;
  const values: string[] = [];
  for (let i = 0; i < CLICKS_PER_STEP; i++) {
    const lot = random();
    const back = lot < 0.02 ? 60_000 : lot < 0.12 ? 4000 : 0;
    const at = new Date(begin + i * 100 - back * random()).toISOString().replace('Z', '');
    const page = must(PAGES[Math.floor(random() * PAGES.length)], 'page');
    values.push(`('${page}', ${Math.floor(20 + random() * 200)}, '${at}')`);
  }
  return `INSERT INTO clicks VALUES ${values.join(', ')}`;
}

/** A small seeded generator (mulberry32): numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
