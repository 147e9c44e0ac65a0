/**
 * Rewrite `temporal-filters`: predicates that compare a time with now() -> temporalFilter (views).
 *
 * Any algebraic form: `ts > now() - interval '1 hour'`, `now() - ts < interval '1 hour'`,
 * `now() <= ts + interval '5 minutes'`, `ts + a >= now() - b`, `ts >= date_trunc('hour', now())`,
 * NOT of them, and alternatives (OR). A row then exists while
 * validFrom <= now < validTo. Conditions on now() of any other form are refused in a view: nothing
 * would tell the engine when they change.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { makeInterval } from '../../common/types/interval.ts';
import { sameType } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { andAll, call, conjuncts, literal, orAll, someExpr } from '../expr-tools.ts';
import { asComparison, negatedOp, swapped } from '../function-facts.ts';
import type { ComparisonOp } from '../function-facts.ts';
import { alwaysWhere, bothValid, eitherValid, untruncated } from './temporal-bounds.ts';
import type { Validity } from './temporal-bounds.ts';
import type { Relation, ScalarExpr } from '../relation.ts';
import { exprsOf, filter, rewriteBottomUp } from '../relation-tools.ts';
import type { RewriteContext } from './context.ts';

const TIMESTAMPTZ: SqlType = { name: 'timestamptz' };
const INTERVAL: SqlType = { name: 'interval' };
/** now < t + 1 us is now <= t. */
const STEP = literal(makeInterval(0, 0, 1n), INTERVAL);

/** now op bound, or null. */
interface NowBound {
  readonly op: ComparisonOp;
  readonly bound: ScalarExpr;
}

/** Turns filters on now() into temporal filters; refuses now() anywhere else. */
export function findTemporalFilters(relation: Relation, context: RewriteContext): Relation {
  if (context.mode !== 'view') return relation;
  return rewriteBottomUp(relation, (node) => {
    if (node.kind === 'join' && hasNow(node.on)) return joinOnNow(node);
    if (node.kind === 'filter' && hasNow(node.predicate)) return temporalFilter(node);
    if (node.kind !== 'temporalFilter' && exprsOf(node).some(hasNow)) throw nowNotAllowed();
    return node;
  });
}

function hasNow(expr: ScalarExpr): boolean {
  return someExpr(expr, (node) => node.kind === 'now');
}

/** Conditions on now() of an inner join go above it. */
function joinOnNow(node: Relation & { kind: 'join' }): Relation {
  if (node.type !== 'inner') throw nowNotAllowed();
  const all = conjuncts(node.on);
  const joined: Relation = { ...node, on: andAll(all.filter((each) => !hasNow(each))) };
  return temporalFilter({
    kind: 'filter', input: joined, columns: node.columns,
    predicate: andAll(all.filter(hasNow)),
  });
}

function temporalFilter(node: Relation & { kind: 'filter' }): Relation {
  const all = conjuncts(node.predicate);
  let result = filter(node.input, andAll(all.filter((each) => !hasNow(each))));
  for (const each of all.filter(hasNow)) {
    const validity = validityOf(each);
    if (validity === null) throw nowNotAllowed();
    result = {
      kind: 'temporalFilter', input: result, columns: result.columns,
      validFrom: validity.from, validTo: validity.to,
    };
  }
  return result;
}

function validityOf(expr: ScalarExpr): Validity | null {
  if (expr.kind === 'or') return anyOf(expr.args);
  if (expr.kind === 'and') return allOf(expr.args);
  const negated = expr.kind === 'not' ? asComparison(expr.arg) : null;
  const plain = negated === null ? asComparison(expr)
    : { ...negated, op: negatedOp(negated.op) };
  if (plain === null) return null;
  const turned = hasNow(plain.left) ? plain : swapped(plain);
  if (hasNow(turned.right)) return null;
  const isolated = isolate(turned.left, { op: turned.op, bound: turned.right });
  return isolated === null ? null : toValidity(isolated);
}

/** Alternatives: those on now() bound a row where none of the others holds. */
function anyOf(alternatives: readonly ScalarExpr[]): Validity | null {
  let found: Validity | null = null;
  for (const each of alternatives.filter(hasNow)) {
    const own = validityOf(each);
    if (own === null) return null;
    found = found === null ? own : eitherValid(found, own);
    if (found === null) return null;
  }
  const others = alternatives.filter((each) => !hasNow(each));
  return found === null || others.length === 0 ? found : alwaysWhere(orAll(others), found);
}

/** Conditions on now() that hold together, of an alternative. */
function allOf(conditions: readonly ScalarExpr[]): Validity | null {
  let found: Validity = { from: null, to: null };
  for (const each of conditions) {
    const own = hasNow(each) ? validityOf(each) : null;
    const both = own === null ? null : bothValid(found, own);
    if (both === null) return null;
    found = both;
  }
  return found;
}

function toValidity({ op, bound }: NowBound): Validity | null {
  const at = asTimestamptz(bound);
  if (at === null) return null;
  const after = call('+(timestamptz,interval)', [at, STEP], TIMESTAMPTZ);
  switch (op) {
    case '<': return { from: null, to: at };
    case '<=': return { from: null, to: after };
    case '>=': return { from: at, to: null };
    case '>': return { from: after, to: null };
    case '=': return { from: at, to: after };
    case '<>': return null;
  }
}

function asTimestamptz(expr: ScalarExpr): ScalarExpr | null {
  if (sameType(expr.type, TIMESTAMPTZ)) return expr;
  if (expr.type.name !== 'timestamp' && expr.type.name !== 'date') return null;
  return { kind: 'cast', arg: expr, type: TIMESTAMPTZ, context: 'implicit' };
}

/** Takes what stands around now() over to the other side. */
function isolate(side: ScalarExpr, to: NowBound): NowBound | null {
  if (side.kind === 'now') return to;
  if (side.kind === 'cast') return isolateCast(side, to);
  if (side.kind !== 'call') return null;
  const [a, b] = side.args;
  if (a === undefined || b === undefined) return null;
  if (side.function.startsWith('date_trunc(text,timestamp') && side.args.length === 2) {
    const whole = untruncated(a, to.op, to.bound);
    return whole === null ? null : isolate(b, whole);
  }
  const operator = side.function.slice(0, side.function.indexOf('('));
  if (operator === '+') {
    return hasNow(a) ? isolate(a, { op: to.op, bound: timeMinus(to.bound, b) })
      : isolate(b, { op: to.op, bound: timeMinus(to.bound, a) });
  }
  if (operator !== '-') return null;
  if (side.type.name === 'interval') return isolateDifference(a, b, to);
  return hasNow(a) ? isolate(a, { op: to.op, bound: timePlus(to.bound, b) }) : null;
}

/** now() - ts op i: now() op ts + i. ts - now() op i: now() op' ts - i. */
function isolateDifference(a: ScalarExpr, b: ScalarExpr, to: NowBound): NowBound | null {
  if (to.bound.type.name !== 'interval') return null;
  if (hasNow(a)) return isolate(a, { op: to.op, bound: timePlus(b, to.bound) });
  const turned = must(turnedOp(to.op), 'comparison');
  return isolate(b, { op: turned, bound: timeMinus(a, to.bound) });
}

function turnedOp(op: ComparisonOp): ComparisonOp {
  return swapped({ op, left: STEP, right: STEP }).op;
}

/** A cast of now() between time types keeps the order of moments (in one time zone). */
function isolateCast(side: ScalarExpr & { kind: 'cast' }, to: NowBound): NowBound | null {
  const times = ['timestamp', 'timestamptz'];
  if (!times.includes(side.type.name) || !times.includes(side.arg.type.name)) return null;
  return isolate(side.arg, {
    op: to.op,
    bound: { kind: 'cast', arg: to.bound, type: side.arg.type, context: 'implicit' },
  });
}

function timePlus(time: ScalarExpr, interval: ScalarExpr): ScalarExpr {
  return shifted('+', time, interval);
}

function timeMinus(time: ScalarExpr, interval: ScalarExpr): ScalarExpr {
  return shifted('-', time, interval);
}

function shifted(operator: '+' | '-', time: ScalarExpr, interval: ScalarExpr): ScalarExpr {
  const at = time.type.name === 'date'
    ? { kind: 'cast' as const, arg: time, type: { name: 'timestamp' as const },
      context: 'implicit' as const }
    : time;
  const type: SqlType = { name: at.type.name };
  return call(`${operator}(${type.name},interval)`, [at, interval], type);
}

function nowNotAllowed(): SqlError {
  return sqlError('0A000', 'now() is only supported in comparisons with a time in the WHERE clause '
    + 'of a materialized view', {
    hint: "Write WHERE ts > now() - INTERVAL '1 hour', or compare the times in an ad-hoc SELECT.",
  });
}
