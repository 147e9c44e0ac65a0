/**
 * Bounds of validity put together: alternatives, and now() rounded down to a unit.
 *
 * A row that is valid whatever the time has the bounds -infinity and infinity; a row whose bound is
 * NULL is never valid, as a comparison with NULL is not true.
 */
import { makeInterval } from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { call, isNull, literal } from '../expr-tools.ts';
import type { ComparisonOp } from '../function-facts.ts';
import type { ScalarExpr } from '../relation.ts';
import { BOOLEAN } from '../scalar.ts';

const TIMESTAMPTZ: SqlType = { name: 'timestamptz' };
const INTERVAL: SqlType = { name: 'interval' };
const FOREVER = 2n ** 63n - 1n;

/** Validity of a row: [from, to); null is open. */
export interface Validity {
  readonly from: ScalarExpr | null;
  readonly to: ScalarExpr | null;
}

/** The greater (or lesser) of two bounds; the one that is not NULL where one is. */
function extreme(a: ScalarExpr, b: ScalarExpr, op: '<' | '>'): ScalarExpr {
  const first = call(`${op}(timestamptz,timestamptz)`, [a, b], BOOLEAN);
  return {
    kind: 'case', type: TIMESTAMPTZ, otherwise: b,
    whens: [{ when: isNull(b), then: a }, { when: first, then: a }],
  };
}

/** Valid while either is; null where the times may have a gap between them. */
export function eitherValid(a: Validity, b: Validity): Validity | null {
  if (a.from === null && b.from === null && a.to !== null && b.to !== null) {
    return { from: null, to: extreme(a.to, b.to, '>') };
  }
  if (a.to === null && b.to === null && a.from !== null && b.from !== null) {
    return { from: extreme(a.from, b.from, '<'), to: null };
  }
  return null;
}

/** Valid while both are. */
export function bothValid(a: Validity, b: Validity): Validity | null {
  if ((a.from !== null && b.from !== null) || (a.to !== null && b.to !== null)) return null;
  return { from: a.from ?? b.from, to: a.to ?? b.to };
}

/** Always valid where a condition holds. */
export function alwaysWhere(condition: ScalarExpr, validity: Validity): Validity {
  const bound = (expr: ScalarExpr | null, forever: bigint): ScalarExpr | null =>
    expr === null ? null : {
      kind: 'case', type: TIMESTAMPTZ, otherwise: expr,
      whens: [{ when: condition, then: literal(forever, TIMESTAMPTZ) }],
    };
  return { from: bound(validity.from, -FOREVER - 1n), to: bound(validity.to, FOREVER) };
}

const UNITS: ReadonlyMap<string, Interval> = new Map([
  ['second', makeInterval(0, 0, 1_000_000n)], ['minute', makeInterval(0, 0, 60_000_000n)],
  ['hour', makeInterval(0, 0, 3_600_000_000n)], ['day', makeInterval(0, 1, 0n)],
  ['week', makeInterval(0, 7, 0n)], ['month', makeInterval(1, 0, 0n)],
  ['quarter', makeInterval(3, 0, 0n)], ['year', makeInterval(12, 0, 0n)],
]);

const MICROSECOND = literal(makeInterval(0, 0, 1n), INTERVAL);

/**
 * date_trunc(unit, now()) op bound as now() op' bound'. Rounded down, now() stays at or below a
 * bound until the unit behind it begins.
 */
export function untruncated(
  unit: ScalarExpr, op: ComparisonOp, bound: ScalarExpr,
): { readonly op: ComparisonOp; readonly bound: ScalarExpr } | null {
  const step = unit.kind === 'literal' && typeof unit.value === 'string'
    ? UNITS.get(unit.value.toLowerCase()) : undefined;
  if (step === undefined || op === '=' || op === '<>') return null;
  const type: SqlType = { name: bound.type.name };
  if (type.name !== 'timestamptz' && type.name !== 'timestamp') return null;
  const reached = op === '<' || op === '>=' ? call(`-(${type.name},interval)`,
    [bound, MICROSECOND], type) : bound;
  const behind = call(`+(${type.name},interval)`, [
    call(`date_trunc(text,${type.name})`, [unit, reached], type), literal(step, INTERVAL)], type);
  return { op: op === '<' || op === '<=' ? '<' : '>=', bound: behind };
}
