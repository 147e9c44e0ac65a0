/**
 * CONTRACT. The error a user sees.
 *
 * Every layer throws SqlError for what the user can mend, with a SQLSTATE, PostgreSQL's own words
 * where it has the error, and the span it is about. The session turns the span into a position
 * (it knows the statement's text). Wording lives in functions beside each layer, not inline.
 */
import type { Span } from './span.ts';

/** The optional parts of an error, as in PostgreSQL's ErrorResponse. */
export interface SqlErrorFields {
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** What the error is about, in the text of the current statement. */
  readonly span?: Span | undefined;
  /** 1-based character position; set by whoever knows the text. */
  readonly position?: number | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
  readonly dataType?: string | undefined;
  readonly severity?: 'ERROR' | 'FATAL' | undefined;
}

/** An error the user can act on; `sqlState` is the five-character code. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly sqlState: string;
  readonly fields: SqlErrorFields;

  constructor(sqlState: string, message: string, fields: SqlErrorFields = {}) {
    super(message);
    this.sqlState = sqlState;
    this.fields = fields;
  }

  /** The same error with more fields; fields already set stay. */
  with(fields: SqlErrorFields): SqlError {
    return new SqlError(this.sqlState, this.message, { ...fields, ...this.fields });
  }
}

/** Makes a SqlError: `throw sqlError('42P01', 'relation "x" does not exist', { span })`. */
export function sqlError(sqlState: string, message: string, fields: SqlErrorFields = {}): SqlError {
  return new SqlError(sqlState, message, fields);
}

/** A message that goes along with a result: severity NOTICE, WARNING or INFO. */
export interface Notice {
  readonly severity: 'NOTICE' | 'WARNING' | 'INFO';
  readonly sqlState: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}
