/**
 * `tidemill test file.sql ...`: runs each script on an engine of its own, in memory, whose clock
 * stands at 2000-01-01 until the script moves it.
 *
 * Each EXECUTE UNIT TEST is a case. So is the script's output, where `file.out` stands beside
 * `file.sql`; --update writes it. Every other statement has to succeed: the first that does not
 * fails the file.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { SqlError } from '../../common/errors.ts';
import { must } from '../../common/assert.ts';
import { formatValue } from '../../common/types/registry.ts';
import type { FormatSettings } from '../../common/types/settings.ts';
import { parseStatements } from '../../parser/parse.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import { cell } from '../../runtime/batch.ts';
import { realEnvironment } from '../../runtime/real/open-environment.ts';
import { openEngine } from '../../runtime/session/open-engine.ts';
import type { SessionEvent, SqlSession } from '../../runtime/session-api.ts';
import { SessionFormats } from '../session-formats.ts';
import { differingLines, TestReport } from '../test-report.ts';

const BEGINNING = `SET tidemill.clock = '2000-01-01 00:00:00+00'`;

/** Runs scripts; true when every case holds. */
export async function runTests(
  files: readonly string[], { update, write }: {
    readonly update: boolean; readonly write: (text: string) => void;
  },
): Promise<boolean> {
  const report = new TestReport(write);
  for (const path of files) {
    report.file(path);
    await new Script(path, report, update).run();
  }
  return report.finish();
}

/** What a statement gave. */
interface Answer {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tags: readonly string[];
  readonly notices: readonly string[];
}

class Script {
  readonly #path: string;
  readonly #report: TestReport;
  readonly #update: boolean;
  readonly #formats = new SessionFormats();
  #out: string[] = [];
  #cases = 0;

  constructor(path: string, report: TestReport, update: boolean) {
    this.#path = path;
    this.#report = report;
    this.#update = update;
  }

  async run(): Promise<void> {
    const text = readFileSync(this.#path, 'utf8');
    const engine = await openEngine(realEnvironment(':memory:', () => undefined));
    let line = 1;
    try {
      const session = await engine.connect({
        user: 'tidemill', database: 'tidemill', settings: [], pid: 1, clientAddress: '',
      });
      await this.#answer(session, BEGINNING);
      for (const statement of parseStatements(text)) {
        line = text.slice(0, statement.span.start).split('\n').length;
        const answer = await this.#answer(session, statement.text);
        if (statement.statement.kind === 'executeUnitTest') this.#unitTest(answer);
        else this.#out.push(...answer.notices, shown(answer));
      }
      this.#compare();
      if (this.#cases === 0) this.#add(this.#path, true, []);
    } catch (error) {
      const state = error instanceof SqlError ? `${error.sqlState}: ` : '';
      const message = error instanceof Error ? error.message : String(error);
      this.#add(`${this.#path}:${line}`, false, [`${state}${message}`]);
    } finally {
      await engine.close();
    }
  }

  #add(name: string, holds: boolean, notes: readonly string[]): void {
    this.#cases++;
    this.#report.add({ name, holds, notes });
  }

  #unitTest({ rows }: Answer): void {
    const name = rows[0]?.[0] ?? '';
    const differences = rows.filter(([, status]) => status !== 'ok');
    this.#add(name, differences.length === 0,
      differences.map(([, status, row]) => `${(status ?? '').padEnd(10)} ${row ?? ''}`));
  }

  /** The output against the file beside the script. */
  #compare(): void {
    const expected = this.#path.replace(/(\.sql)?$/, '.out');
    const output = this.#out.join('\n');
    if (this.#update) writeFileSync(expected, output);
    if (!existsSync(expected)) return;
    const notes = differingLines(readFileSync(expected, 'utf8'), output);
    this.#add(expected, notes.length === 0, notes);
  }

  async #answer(session: SqlSession, text: string): Promise<Answer> {
    let columns: readonly ResultColumn[] = [];
    const rows: (string | null)[][] = [];
    const tags: string[] = [];
    const notices: string[] = [];
    for await (const event of session.query(text)) {
      switch (event.kind) {
        case 'columns': columns = event.columns; break;
        case 'rows': rows.push(...textRows(event, columns, this.#formats.settings())); break;
        case 'complete': tags.push(event.tag); break;
        case 'notice': notices.push(`${event.notice.severity}: ${event.notice.message}\n`); break;
        case 'parameter': this.#formats.set(event.name, event.value); break;
        case 'error': {
          const { sqlState, message, fields } = event.error;
          throw new SqlError(sqlState, message, fields);
        }
        default: break;
      }
    }
    return { columns, rows, tags, notices };
  }
}

function textRows(
  { batch, texts }: SessionEvent & { kind: 'rows' }, columns: readonly ResultColumn[],
  format: FormatSettings,
): (string | null)[][] {
  const rows: (string | null)[][] = [];
  for (let row = 0; row < batch.length; row++) {
    rows.push(columns.map(({ type }, at) => {
      const known = texts?.[at]?.[row];
      if (known !== undefined) return known;
      const value = cell(must(batch.columns[at], 'column'), row);
      return value === null ? null : formatValue(value, type, format);
    }));
  }
  return rows;
}

/** A result as the .out files have it. */
function shown({ columns, rows, tags }: Answer): string {
  if (columns.length === 0) return `${tags.join('\n')}\n`;
  const head = columns.map(({ name }) => name).join(' | ');
  const lines = rows.map((row) => row.map((value) => value ?? '').join(' | ').trimEnd());
  return `${[head, ...lines].join('\n')}\n(${rows.length} rows)\n`;
}
