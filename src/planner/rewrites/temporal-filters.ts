/**
 * Rewrite `temporal-filters`: predicates that compare a time with now() -> temporalFilter (views).
 *
 * Any algebraic form: `ts > now() - interval '1 hour'`, `now() - ts < interval '1 hour'`,
 * `now() <= ts + interval '5 minutes'`, `ts + a >= now() - b`, `ts >= date_trunc('hour', now())`,
 * NOT of them, and alternatives (OR). A row then exists while
 * validFrom <= now < validTo. Where nothing says when a value of now() changes what is computed
 * from it, it is read from a clock (clock.ts).
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { makeInterval } from '../../common/types/interval.ts';
import { sameType } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { andAll, call, conjuncts, literal, orAll } from '../expr-tools.ts';
import { asComparison, negatedOp, swapped } from '../function-facts.ts';
import { filterByClock, hasClock, withClock } from './clock.ts';
import { alwaysWhere, bothValid, eitherValid } from './temporal-bounds.ts';
import type { Validity } from './temporal-bounds.ts';
import { hasNow, isolate, withoutImplicitNow } from './temporal-isolate.ts';
import type { NowBound } from './temporal-isolate.ts';
import type { Relation, ScalarExpr } from '../relation.ts';
import { exprsOf, filter, mapExprs, rewriteBottomUp } from '../relation-tools.ts';
import type { RewriteContext } from './context.ts';

const TIMESTAMPTZ: SqlType = { name: 'timestamptz' };
const INTERVAL: SqlType = { name: 'interval' };
/** now < t + 1 us is now <= t. */
const STEP = literal(makeInterval(0, 0, 1n), INTERVAL);

/** Turns filters on now() into temporal filters; refuses now() anywhere else. */
export function findTemporalFilters(relation: Relation, context: RewriteContext): Relation {
  if (context.mode !== 'view') return relation;
  return rewriteBottomUp(relation, (original) => {
    const node = mapExprs(original, withoutImplicitNow);
    if (node.kind === 'join' && node.type === 'inner' && hasNow(node.on)) return joinOnNow(node);
    if (node.kind === 'filter' && hasNow(node.predicate)) return temporalFilter(node);
    if (node.kind === 'recursive' && hasClock(node)) throw nowNotAllowed();
    if (node.kind === 'temporalFilter' || !exprsOf(node).some(hasNow)) return node;
    const clocked = withClock(node);
    if (clocked === null) throw nowNotAllowed();
    return clocked;
  });
}

/** Conditions on now() of an inner join go above it. */
function joinOnNow(node: Relation & { kind: 'join' }): Relation {
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
  const others: ScalarExpr[] = [];
  for (const each of all.filter(hasNow)) {
    const validity = validityOf(each);
    if (validity === null) {
      others.push(each);
      continue;
    }
    result = {
      kind: 'temporalFilter', input: result, columns: result.columns,
      validFrom: validity.from, validTo: validity.to,
    };
  }
  return others.length === 0 ? result : filterByClock(result, andAll(others));
}

function validityOf(expr: ScalarExpr): Validity | null {
  if (expr.kind === 'isTruth' && expr.truth === true) return validityOf(expr.arg);
  if (expr.kind === 'or') return anyOf(expr.args);
  if (expr.kind === 'and') return allOf(expr.args);
  const negated = expr.kind === 'not' ? asComparison(expr.arg) : null;
  const plain = negated === null ? asComparison(expr)
    : { ...negated, op: negatedOp(negated.op) };
  if (plain === null) return null;
  const turned = hasNow(plain.left) ? plain : swapped(plain);
  if (hasNow(turned.right)) return null;
  const { left, right: bound } = turned;
  if (turned.op !== '=' || left.kind === 'now') return within(left, { op: turned.op, bound });
  // What is rounded is equal for a while.
  const from = within(left, { op: '>=', bound });
  const to = within(left, { op: '<=', bound });
  return from === null || to === null ? null : bothValid(from, to);
}

function within(side: ScalarExpr, to: NowBound): Validity | null {
  const isolated = isolate(side, to);
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

function nowNotAllowed(): SqlError {
  return sqlError('0A000', 'now() is not supported here in a materialized view', {
    hint: "Write WHERE ts > now() - INTERVAL '1 hour', or compare the times in an ad-hoc SELECT.",
  });
}
