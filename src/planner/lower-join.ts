/**
 * Takes a join condition apart: equalities into keys, the rest into a residual.
 *
 * Keys are expressions over one side each. Relies on function ids of `=`; mixed integer and time
 * equalities become keys through a cast to the wider type. Knows nothing of dataflow nodes.
 */
import { assertNever } from '../common/assert.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import { andAll, conjuncts, columnsUsed, isNotNull, shiftColumns } from './expr-tools.ts';
import { asComparison, isImmutable } from './function-facts.ts';
import { exprNeverNull } from './properties-keys.ts';
import type { JoinType, Relation, ScalarExpr } from './relation.ts';

/** An equality between an expression over the left and one over the right side. */
export interface JoinKey {
  readonly left: ScalarExpr;
  readonly right: ScalarExpr;
  readonly nullsEqual: boolean;
}

/** A join condition in parts. `leftFilter`/`rightFilter` go below the join. */
export interface JoinParts {
  readonly keys: readonly JoinKey[];
  readonly nullsEqual: boolean;
  readonly residual: ScalarExpr | null;
  readonly leftFilter: readonly ScalarExpr[];
  readonly rightFilter: readonly ScalarExpr[];
}

const INTEGERS: readonly string[] = ['int2', 'int4', 'int8'];

/** The type both sides of an equality are hashed as, or null when there is none. */
function keyType(a: SqlType, b: SqlType): SqlType | null {
  if (a.name === 'record' || b.name === 'record') return isKnownRecord(a, b) ? a : null;
  if (sameType(a, b)) return a;
  const names = [a.name, b.name];
  if (names.every((name) => INTEGERS.includes(name))) {
    return { name: names.includes('int8') ? 'int8' : 'int4' };
  }
  if (names.every((name) => name === 'text' || name === 'varchar')) return { name: 'text' };
  if (names.every((name) => name === 'float4' || name === 'float8')) return { name: 'float8' };
  if (names.includes('date') && names.includes('timestamp')) return { name: 'timestamp' };
  return null;
}

/** Records are hashed field by field; one whose fields are not known is compared instead. */
function isKnownRecord(a: SqlType, b: SqlType): boolean {
  const { fields } = a;
  return fields !== undefined && fields.length === b.fields?.length
    && fields.every((field, at) => {
      const other = b.fields?.[at];
      return other !== undefined && sameType(field.type, other.type)
        && field.type.name !== 'record';
    });
}

function castTo(expr: ScalarExpr, type: SqlType): ScalarExpr {
  return sameType(expr.type, type) ? expr : { kind: 'cast', arg: expr, type, context: 'implicit' };
}

function sideOf(expr: ScalarExpr, width: number): 'left' | 'right' | 'both' | 'none' {
  let left = false;
  let right = false;
  for (const index of columnsUsed(expr)) {
    if (index < width) left = true;
    else right = true;
  }
  return left ? (right ? 'both' : 'left') : right ? 'right' : 'none';
}

/** The conjunct as a key, or null. */
export function asJoinKey(expr: ScalarExpr, width: number): JoinKey | null {
  const comparison = expr.kind === 'notDistinct' ? expr : asComparison(expr);
  if (comparison === null) return null;
  if ('op' in comparison && comparison.op !== '=') return null;
  const type = keyType(comparison.left.type, comparison.right.type);
  if (type === null || !isImmutable(comparison.left) || !isImmutable(comparison.right)) return null;
  const first = castTo(comparison.left, type);
  const second = castTo(comparison.right, type);
  const sides = `${sideOf(first, width)} ${sideOf(second, width)}`;
  const nullsEqual = expr.kind === 'notDistinct';
  if (sides === 'left right') {
    return { left: first, right: shiftColumns(second, -width), nullsEqual };
  }
  if (sides === 'right left') {
    return { left: second, right: shiftColumns(first, -width), nullsEqual };
  }
  return null;
}

/** Takes `on` apart for a join of two relations. */
export function splitJoin(
  on: ScalarExpr, type: JoinType, left: Relation, right: Relation,
): JoinParts {
  const width = left.columns.length;
  const keys: { key: JoinKey; expr: ScalarExpr }[] = [];
  const rest: ScalarExpr[] = [];
  const leftFilter: ScalarExpr[] = [];
  const rightFilter: ScalarExpr[] = [];
  for (const each of conjuncts(on)) {
    const key = asJoinKey(each, width);
    if (key !== null) {
      keys.push({ key, expr: each });
      continue;
    }
    const side = sideOf(each, width);
    if (side === 'left' && mayFilter(type, 'left')) leftFilter.push(each);
    else if (side === 'right' && mayFilter(type, 'right')) {
      rightFilter.push(shiftColumns(each, -width));
    } else rest.push(each);
  }
  const nullsEqual = keys.some(({ key }) => key.nullsEqual
    && !(exprNeverNull(key.left, left) || exprNeverNull(key.right, right)));
  const kept: JoinKey[] = [];
  for (const { key, expr } of keys) {
    const safe = !nullsEqual || key.nullsEqual
      || exprNeverNull(key.left, left) || exprNeverNull(key.right, right);
    if (safe) kept.push(key);
    else if (mayFilter(type, 'right')) {
      kept.push(key);
      rightFilter.push(isNotNull(key.right));
    } else if (mayFilter(type, 'left')) {
      kept.push(key);
      leftFilter.push(isNotNull(key.left));
    } else rest.push(expr);
  }
  return {
    keys: kept, nullsEqual, residual: rest.length === 0 ? null : andAll(rest), leftFilter,
    rightFilter,
  };
}

/** True when rows of a side that fail a condition of their own cannot matter to the join. */
export function mayFilter(type: JoinType, side: 'left' | 'right'): boolean {
  switch (type) {
    case 'inner': case 'semi': return true;
    case 'left': case 'anti': return side === 'right';
    case 'right': return side === 'left';
    case 'full': return false;
    default: return assertNever(type);
  }
}
