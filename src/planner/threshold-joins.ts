/**
 * Finds joins that compare a column of every left row with the one right row there is, as
 * `x > (SELECT avg(x) FROM t)` becomes once subqueries are joins.
 *
 * The operator may then keep the left rows in the order of x and touch only those between the old
 * and the new value when it moves. Whether something else of the right row is read is known when
 * the operator is built.
 */
import { sameType } from '../common/types/sql-type.ts';
import type { JoinThreshold } from './dataflow.ts';
import { asComparison, swapped } from './function-facts.ts';
import type { JoinParts } from './lower-join.ts';
import type { Properties } from './properties.ts';
import type { Relation } from './relation.ts';

/** The hint for the join operator, or null. */
export function findThreshold(
  join: Relation & { kind: 'join' }, parts: JoinParts, properties: Properties,
): JoinThreshold | null {
  if (join.type !== 'inner' || parts.keys.length > 0 || parts.residual === null) return null;
  if (!properties.keys(join.right).some((key) => key.length === 0)) return null;
  const comparison = asComparison(parts.residual);
  if (comparison === null) return null;
  const width = join.left.columns.length;
  const isTurned = comparison.right.kind === 'column' && comparison.right.index < width;
  const { left, right, op } = isTurned ? swapped(comparison) : comparison;
  if (op === '=' || op === '<>') return null;
  if (left.kind !== 'column' || right.kind !== 'column') return null;
  if (!sameType(left.type, right.type)) return null;
  return left.index < width && right.index >= width
    ? { left: left.index, right: right.index - width, op } : null;
}
