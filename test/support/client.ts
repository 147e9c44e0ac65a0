/**
 * A client of an embedded engine for tests: statements in, rows of text out.
 */
import { must } from '../../src/common/assert.ts';
import { formatValue } from '../../src/common/types/registry.ts';
import { DEFAULT_SETTINGS } from '../../src/common/types/settings.ts';
import type { Notice } from '../../src/common/errors.ts';
import type { ResultColumn } from '../../src/planner/plans.ts';
import { cell } from '../../src/runtime/batch.ts';
import type { Engine, ErrorMessage, SessionEvent, SqlSession } from '../../src/runtime/session-api.ts';

/** What a query string gave: the last result's rows, all tags and notices. */
export interface Answer {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tags: readonly string[];
  readonly notices: readonly Notice[];
}

/** An error a statement ended with. */
export class StatementError extends Error {
  readonly error: ErrorMessage;

  constructor(error: ErrorMessage) {
    super(`${error.sqlState}: ${error.message}`);
    this.error = error;
  }
}

/** One session of an embedded engine. */
export class TestClient {
  readonly session: SqlSession;

  private constructor(session: SqlSession) {
    this.session = session;
  }

  static async connect(engine: Engine, pid = 1, user = 'tidemill'): Promise<TestClient> {
    return new TestClient(await engine.connect({
      user, database: 'tidemill', settings: [], pid, clientAddress: '',
    }));
  }

  /** Runs a query string; throws StatementError. */
  async run(text: string): Promise<Answer> {
    let columns: readonly ResultColumn[] = [];
    let rows: (string | null)[][] = [];
    const tags: string[] = [];
    const notices: Notice[] = [];
    for await (const event of this.session.query(text)) {
      if (event.kind === 'columns') {
        columns = event.columns;
        rows = [];
      } else if (event.kind === 'rows') {
        rows.push(...textRows(event, columns));
      } else if (event.kind === 'complete') {
        tags.push(event.tag);
      } else if (event.kind === 'notice') {
        notices.push(event.notice);
      } else if (event.kind === 'error') {
        throw new StatementError(event.error);
      }
    }
    return { columns, rows, tags, notices };
  }

  /** Rows of a query. */
  async rows(text: string): Promise<readonly (readonly (string | null)[])[]> {
    return (await this.run(text)).rows;
  }
}

function textRows(
  { batch, texts }: SessionEvent & { kind: 'rows' }, columns: readonly ResultColumn[],
): (string | null)[][] {
  const rows: (string | null)[][] = [];
  for (let row = 0; row < batch.length; row++) {
    rows.push(columns.map(({ type }, at) => {
      const text = texts?.[at]?.[row];
      if (text !== undefined) return text;
      const value = cell(must(batch.columns[at], 'column'), row);
      return value === null ? null : formatValue(value, type, DEFAULT_SETTINGS);
    }));
  }
  return rows;
}
