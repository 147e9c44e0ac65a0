/**
 * Sort directions: defaults of NULLS FIRST/LAST and USING.
 */
import { sqlError } from '../common/errors.ts';
import type { SortItem } from '../parser/ast.ts';

/** True when NULLs come first: the default for DESC. */
export function sortsNullsFirst(item: SortItem): boolean {
  return item.nulls === null ? sortsDescending(item) : item.nulls === 'first';
}

/** True for DESC and USING >. */
export function sortsDescending(item: SortItem): boolean {
  if (item.using === null) return item.direction === 'desc';
  if (item.using === '>') return true;
  if (item.using === '<') return false;
  throw sqlError('42809', `operator ${item.using} is not a valid ordering operator`, {
    span: item.span,
    hint: 'Ordering operators must be "<" or ">" members of btree operator families.',
  });
}
