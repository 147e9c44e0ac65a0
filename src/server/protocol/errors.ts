/**
 * ErrorResponse and NoticeResponse.
 */
import { SqlError } from '../../common/errors.ts';
import type { Notice } from '../../common/errors.ts';
import type { ErrorMessage } from '../../runtime/session-api.ts';
import type { MessageWriter } from './writer.ts';

/** Any thrown thing as an error message. */
export function errorFieldsOf(error: unknown): ErrorMessage {
  if (error instanceof SqlError) {
    return { sqlState: error.sqlState, message: error.message, fields: error.fields };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { sqlState: 'XX000', message: `internal error: ${message}`, fields: {} };
}

/** Writes ErrorResponse. */
export function writeError(
  writer: MessageWriter, error: ErrorMessage, severity: 'ERROR' | 'FATAL',
): void {
  const { fields } = error;
  writer.begin('E');
  field(writer, 'S', severity);
  field(writer, 'V', severity);
  field(writer, 'C', error.sqlState);
  field(writer, 'M', error.message);
  field(writer, 'D', fields.detail);
  field(writer, 'H', fields.hint);
  field(writer, 'P', fields.position === undefined ? undefined : String(fields.position));
  field(writer, 's', fields.schema);
  field(writer, 't', fields.table);
  field(writer, 'c', fields.column);
  field(writer, 'd', fields.dataType);
  field(writer, 'n', fields.constraint);
  writer.byte(0).end();
}

/** Writes NoticeResponse. */
export function writeNotice(writer: MessageWriter, notice: Notice): void {
  writer.begin('N');
  field(writer, 'S', notice.severity);
  field(writer, 'V', notice.severity);
  field(writer, 'C', notice.sqlState);
  field(writer, 'M', notice.message);
  field(writer, 'D', notice.detail);
  field(writer, 'H', notice.hint);
  writer.byte(0).end();
}

function field(writer: MessageWriter, letter: string, value: string | undefined): void {
  if (value !== undefined) writer.byte(letter.charCodeAt(0)).text(value);
}
