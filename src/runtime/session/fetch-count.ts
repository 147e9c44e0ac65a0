/**
 * How many rows a FETCH or MOVE asks for. Cursors read forward only.
 */
import { sqlError } from '../../common/errors.ts';
import type { FetchCursor } from '../../parser/ast-statements.ts';

/** Rows to read; null for all. */
export function countOf(statement: FetchCursor): number | null {
  switch (statement.direction) {
    case 'next': return 1;
    case 'forward': return statement.count;
    case 'relative':
      if (statement.count !== null && statement.count >= 0) return statement.count;
      break;
    default: break;
  }
  throw sqlError('55000', 'cursor can only scan forward', {
    hint: 'Declare it with SCROLL option to enable backward scan.',
  });
}
