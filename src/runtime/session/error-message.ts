/**
 * Errors on their way to the client.
 */
import { SqlError } from '../../common/errors.ts';
import { positionOf } from '../../common/span.ts';
import type { ErrorMessage } from '../session-api.ts';

/** Any error as the client gets it; positions are counted in the statement's text. */
export function errorMessage(error: unknown, text: string): ErrorMessage {
  if (error instanceof SqlError) {
    const { span, position, ...fields } = error.fields;
    const at = position ?? (span !== undefined && span.start >= 0
      ? positionOf(text, span.start) : undefined);
    return { sqlState: error.sqlState, message: error.message, fields: { ...fields,
      position: at } };
  }
  const message = error instanceof Error ? error.message : String(error);
  const overflow = error instanceof RangeError && /call stack/i.test(message);
  if (overflow) {
    return { sqlState: '54001', message: 'stack depth limit exceeded', fields: {} };
  }
  return { sqlState: 'XX000', message: `internal error: ${message}`,
    fields: error instanceof Error ? { detail: error.stack } : {} };
}
