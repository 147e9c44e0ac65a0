/**
 * Runs SQL transcripts (sqllogictest): statement ok, statement error, query, restart.
 *
 * `statement error (SQLSTATE) text` wants that code and, when given, the text within the message.
 * `append <file>` puts the lines below it behind a file's content and waits until it was read.
 * `query` compares rows of text, values parted by a space, NULL as NULL, the empty string as
 * (empty), `<ignore>` as anything; `rowsort` sorts both sides. `restart` closes the engine and
 * opens it again; `session`, as the first record, says that nothing may end the session.
 */
import { StatementError, TestClient } from './client.ts';
import type { Engine } from '../../src/runtime/session-api.ts';

/** One record of a transcript. */
export interface SltRecord {
  readonly line: number;
  readonly kind: 'ok' | 'error' | 'query' | 'restart' | 'session' | 'append';
  readonly sql: string;
  readonly sqlState: string;
  readonly message: string;
  readonly sorted: boolean;
  readonly expected: readonly string[];
}

/** Parses a transcript. */
export function parseSlt(text: string): readonly SltRecord[] {
  const records: SltRecord[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length;) {
    const head = (lines[at] ?? '').trim();
    if (head === '' || head.startsWith('#')) {
      at++;
      continue;
    }
    const line = at + 1;
    const block: string[] = [];
    for (at++; at < lines.length && (lines[at] ?? '').trim() !== ''; at++) {
      block.push(lines[at] ?? '');
    }
    records.push(record(head, block, line));
  }
  return records;
}

function record(head: string, block: readonly string[], line: number): SltRecord {
  const cut = block.indexOf('----');
  const sql = (cut < 0 ? block : block.slice(0, cut)).join('\n');
  const plain = {
    line, sql, sqlState: '', message: '', sorted: false,
    expected: cut < 0 ? [] : block.slice(cut + 1),
  };
  if (head === 'restart' || head === 'session') return { ...plain, kind: head };
  if (head.startsWith('append ')) return { ...plain, kind: 'append', message: head.slice(7) };
  if (head === 'statement ok') return { ...plain, kind: 'ok' };
  if (head.startsWith('query')) {
    return { ...plain, kind: 'query', sorted: / rowsort\b/.test(head) };
  }
  const error = /^statement error(?: \((\w{5})\))?(?: (.*))?$/.exec(head);
  if (error === null) throw new Error(`line ${line}: unknown record "${head}"`);
  return { ...plain, kind: 'error', sqlState: error[1] ?? '', message: error[2] ?? '' };
}

/** How a transcript is run. */
export interface SltOptions {
  /** Opens the engine, anew after a restart on the same data. */
  readonly open: () => Promise<Engine>;
  /** Also close and open again after every statement that changes something. */
  readonly restartAlways: boolean;
  /** Appends lines to a file that sources read. */
  readonly append?: (path: string, lines: string) => void;
}

/** Runs a transcript; throws on the first record that does not hold. */
export async function runSlt(text: string, options: SltOptions): Promise<void> {
  let engine = await options.open();
  let client = await TestClient.connect(engine);
  const reopen = async (): Promise<void> => {
    await engine.close();
    engine = await options.open();
    client = await TestClient.connect(engine);
  };
  try {
    const records = parseSlt(text);
    const restarts = options.restartAlways && records[0]?.kind !== 'session';
    for (const one of records) {
      if (one.kind === 'session') continue;
      if (one.kind === 'restart') await reopen();
      else if (one.kind === 'append') {
        options.append?.(one.message, `${one.sql}\n`);
        await engine.settle();
      }
      else await runRecord(client, one);
      if (restarts && one.kind === 'ok' && !inBlock(await client.session.status())) {
        await reopen();
      }
    }
  } finally {
    await engine.close();
  }
}

function inBlock(status: string): boolean {
  return status !== 'I';
}

async function runRecord(client: TestClient, one: SltRecord): Promise<void> {
  const fail = (what: string): never => {
    throw new Error(`line ${one.line}: ${what}\n${one.sql}`);
  };
  try {
    const answer = await client.run(one.sql);
    if (one.kind === 'error') return fail('expected an error, got none');
    if (one.kind !== 'query') return;
    const want = one.sorted ? one.expected.toSorted() : one.expected;
    const rows = answer.rows.map((row, at) => {
      const ignored = (want[at] ?? '').split(' ').map((word) => word === '<ignore>');
      return row.map((value, i) => (ignored[i] === true ? '<ignore>' : shown(value))).join(' ');
    });
    const got = one.sorted ? rows.toSorted() : rows;
    if (want.join('\n') !== got.join('\n')) {
      fail(`rows differ\nexpected:\n${want.join('\n')}\ngot:\n${got.join('\n')}\nof`);
    }
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    if (one.kind !== 'error') fail(`failed: ${error.message}`);
    const { sqlState, message } = error.error;
    if (one.sqlState !== '' && one.sqlState !== sqlState) {
      fail(`expected ${one.sqlState}, got ${sqlState}: ${message}`);
    }
    if (!message.includes(one.message)) fail(`expected "${one.message}", got "${message}"`);
  }
}

function shown(value: string | null): string {
  if (value === null) return 'NULL';
  return value === '' ? '(empty)' : value;
}
