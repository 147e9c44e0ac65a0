/**
 * Rewrite `interval-joins`: joins whose time columns bound each other on both sides forget by
 * watermark (views). A bound on one side alone (b.ts >= a.ts) forgets nothing.
 *
 * From a.ts >= b.ts + c a row a may go once b's watermark is past a.ts - c: no partner can come.
 * Rows that come when all their possible partners are gone are late. Between append-only inputs a
 * pair also counts only when neither row came after the other one's time was over, so that results
 * follow from the log and not from when state was dropped.
 */
import { call, column, conjuncts, andAll, literal } from '../expr-tools.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { lowerBounds, Properties } from '../properties.ts';
import type { LowerBound } from '../properties.ts';
import type { Relation, ScalarExpr } from '../relation.ts';
import { BOOLEAN } from '../scalar.ts';
import { columnOf, filter, joinColumns, pick, rewriteBottomUp } from '../relation-tools.ts';
import { mapColumns } from '../expr-tools.ts';
import { arrivalOf } from './arrival-of-time.ts';
import type { Threaded } from './arrival.ts';
import type { RewriteContext } from './context.ts';
import { describeLate, hasEnded, noteLate, notTrue } from './late-split.ts';

type Join = Relation & { kind: 'join' };

const INT8: SqlType = { name: 'int8' };

/** Bounds between one time column of each side, seen from both. */
interface Interval {
  readonly left: number;
  /** Number within the right side. */
  readonly right: number;
  /** left >= right + leftMicros, or null. */
  readonly leftMicros: bigint | null;
  /** right >= left + rightMicros, or null. */
  readonly rightMicros: bigint | null;
}

/** Finds interval joins and makes them forget. */
export function findIntervalJoins(relation: Relation, context: RewriteContext): Relation {
  if (context.mode !== 'view') return relation;
  const properties = new Properties(context.catalog);
  return rewriteBottomUp(relation, (node) => node.kind === 'join' && !node.lateral
    && node.type !== 'semi' && node.type !== 'anti' ? splitJoin(node, properties, context) : node);
}

function splitJoin(relation: Join, properties: Properties, context: RewriteContext): Relation {
  const interval = findInterval(relation, properties);
  if (interval === null) return relation;
  const left = side(relation.left, interval.left, properties);
  const right = side(relation.right, interval.right, properties);
  if (left === null || right === null) return relation;
  const { leftMicros, rightMicros } = interval;
  if (leftMicros === null || rightMicros === null) return relation;
  const appendOnly = properties.appendOnly(relation.left) && properties.appendOnly(relation.right);
  const length = -leftMicros - rightMicros;
  if (length < 0n) return relation;
  const newLeft = onTime(left, relation.left, length, context);
  const newRight = onTime(right, relation.right, length, context);
  return rejoined(relation, { left, right, newLeft, newRight },
    appendOnly ? pairConditions(interval, left, right) : []);
}

/** A side with what is known about its arrival; `arrival` null when it has no late rows. */
interface Side {
  readonly relation: Relation;
  readonly threaded: Threaded | null;
  readonly timeColumn: number;
}

function side(relation: Relation, timeColumn: number, properties: Properties): Side | null {
  if (properties.watermarks(relation).get(timeColumn)?.exact === true) {
    return { relation, threaded: null, timeColumn };
  }
  const threaded = arrivalOf(relation, timeColumn, properties);
  return threaded === null ? null : { relation: threaded.relation, threaded, timeColumn };
}

function findInterval(relation: Join, properties: Properties): Interval | null {
  const width = relation.left.columns.length;
  const left = properties.watermarks(relation.left);
  const right = properties.watermarks(relation.right);
  const bounds = lowerBounds(relation.on);
  for (const bound of bounds) {
    const [a, b] = bound.column < bound.other ? [bound.column, bound.other]
      : [bound.other, bound.column];
    const leftFact = left.get(a);
    const rightFact = right.get(b - width);
    if (a >= width || b < width || leftFact === undefined || rightFact === undefined) continue;
    if (leftFact.exact && rightFact.exact) continue;
    return {
      left: a, right: b - width, leftMicros: tightest(bounds, a, b),
      rightMicros: tightest(bounds, b, a),
    };
  }
  return null;
}

function tightest(bounds: readonly LowerBound[], of: number, other: number): bigint | null {
  let found: bigint | null = null;
  for (const each of bounds) {
    if (each.column !== of || each.other !== other) continue;
    if (found === null || each.micros > found) found = each.micros;
  }
  return found;
}

/** Rows of a side whose partners cannot all be gone; the others go to the late branch. */
function onTime(
  of: Side, original: Relation, length: bigint, context: RewriteContext,
): Relation {
  if (of.threaded === null) return of.relation;
  const shape = { step: 1n, size: length, offset: 0n };
  const test = { timeColumn: of.timeColumn, shape, lateness: 1n };
  const ended = hasEnded(of.threaded, test);
  noteLate(context, describeLate(filter(of.relation, ended), original,
    { tests: [test], arrival: of.threaded.arrival }));
  return filter(of.relation, notTrue(ended));
}

interface NewSides {
  readonly left: Side;
  readonly right: Side;
  readonly newLeft: Relation;
  readonly newRight: Relation;
}

/** Over left ++ right of the widened join: neither came after the other's time was over. */
function pairConditions(interval: Interval, left: Side, right: Side): readonly ScalarExpr[] {
  const width = left.relation.columns.length;
  const found: ScalarExpr[] = [];
  const { leftMicros, rightMicros } = interval;
  if (leftMicros !== null && right.threaded !== null) {
    found.push(notAfter(columnOf(left.relation, left.timeColumn), -leftMicros,
      column(width + right.threaded.arrival, INT8)));
  }
  if (rightMicros !== null && left.threaded !== null) {
    const time = columnOf(right.relation, right.timeColumn);
    found.push(notAfter(column(width + right.timeColumn, time.type), -rightMicros,
      column(left.threaded.arrival, INT8)));
  }
  return found;
}

/** NOT arrival > time + micros. */
function notAfter(time: ScalarExpr, micros: bigint, arrival: ScalarExpr): ScalarExpr {
  const name = time.type.name === 'timestamptz' ? 'timestamptz' : 'timestamp';
  return notTrue(call(`$ended(${name},int8,int8,int8,int8)`, [
    time, arrival, literal(1n, INT8), literal(micros + 1n, INT8), literal(0n, INT8)], BOOLEAN));
}

/** The join over the new sides; columns as before. */
function rejoined(
  relation: Join, sides: NewSides, pairs: readonly ScalarExpr[],
): Relation {
  const width = relation.left.columns.length;
  const keepsArrival = pairs.length > 0;
  const narrow = (of: Relation, original: Relation): Relation =>
    keepsArrival ? of : pick(of, original.columns.map((_each, at) => at));
  const left = narrow(sides.newLeft, relation.left);
  const right = narrow(sides.newRight, relation.right);
  const wl = left.columns.length;
  const moved = (index: number): number => index < width ? index : index - width + wl;
  const on = conjuncts(relation.on).map((each) =>
    mapColumns(each, (index, type) => column(moved(index), type)));
  const joined: Relation = {
    ...relation, left, right, on: andAll([...on, ...pairs]), lateSplit: true,
    columns: joinColumns(relation.type, left, right),
  };
  return pick(joined, relation.columns.map((_each, at) => moved(at)));
}
