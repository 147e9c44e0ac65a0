/**
 * A client of the engine a unit test runs on: statements in, rows of text out.
 */
import { sqlError } from '../../common/errors.ts';
import { formatValue } from '../../common/types/registry.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import { cell } from '../batch.ts';
import type { SessionEvent, SqlSession } from '../session-api.ts';
import { must } from '../../common/assert.ts';
import type { StatementContext } from './statement-context.ts';

/** Settings a test takes over from the session that runs it. */
const SETTINGS = ['timezone', 'datestyle', 'intervalstyle', 'search_path'];

/** A session of a scratch engine. */
export class ScratchClient {
  readonly #session: SqlSession;
  #format: ReturnType<StatementContext['scope']['settings']['format']> | undefined;

  constructor(session: SqlSession) {
    this.#session = session;
  }

  /** Speaks as the session that runs the test. */
  async begin(context: StatementContext): Promise<void> {
    const { settings } = context.scope;
    this.#format = settings.format(context.transaction.now);
    for (const name of SETTINGS) {
      const value = settings.get(name).replaceAll(`'`, `''`);
      await this.run(name === 'search_path' ? `SET search_path = ${settings.get(name)}`
        : `SET ${name} = '${value}'`);
    }
  }

  /** Runs a statement; throws its error, without the position. */
  async run(text: string): Promise<void> {
    await this.rows(text);
  }

  /** The rows of a query as text, `(a,b,)`. */
  async rows(text: string): Promise<readonly string[]> {
    let columns: readonly ResultColumn[] = [];
    const rows: string[] = [];
    for await (const event of this.#session.query(text)) {
      if (event.kind === 'columns') columns = event.columns;
      else if (event.kind === 'rows') rows.push(...this.#texts(event, columns));
      else if (event.kind === 'error') {
        const { sqlState, message, fields } = event.error;
        throw sqlError(sqlState, message, { detail: fields.detail, hint: fields.hint });
      }
    }
    return rows;
  }

  #texts(
    { batch, texts }: SessionEvent & { kind: 'rows' }, columns: readonly ResultColumn[],
  ): string[] {
    const rows: string[] = [];
    for (let row = 0; row < batch.length; row++) {
      const cells = columns.map(({ type }, at) => {
        const known = texts?.[at]?.[row];
        if (known !== undefined) return quotedCell(known);
        const value = cell(must(batch.columns[at], 'column'), row);
        return quotedCell(value === null ? null : formatValue(value, type, this.#format));
      });
      rows.push(`(${cells.join(',')})`);
    }
    return rows;
  }
}

/** As records are written: NULL is nothing, what would confuse is quoted. */
function quotedCell(text: string | null): string {
  if (text === null) return '';
  return text === '' || /[\s,()"\\]/.test(text)
    ? `"${text.replaceAll(/["\\]/g, (found) => found + found)}"` : text;
}
