/**
 * Replaces one subquery of an expression: its rows are joined to the input, its value is a column.
 *
 * The input keeps its columns in front; what is joined comes behind them. Relies on the subquery's
 * own relation being decorrelated already. A join with the domain of outer columns is made only
 * where the subquery is no plain selection (see decorrelate-push.ts).
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import {
  andAll, call, column, columnsUsed, conjuncts, FALSE, isNotNull, isNull, isTrue, literal, not,
  notDistinct, nullOf, orAll, shiftColumns, substitute, TRUE, usesOnly,
} from '../expr-tools.ts';
import { asComparison } from '../function-facts.ts';
import type { Properties } from '../properties.ts';
import { exprNeverNull } from '../properties-keys.ts';
import type { Relation, ScalarExpr, SubqueryMode } from '../relation.ts';
import { BOOLEAN } from '../scalar.ts';
import {
  aggregate, aggregateCall, allColumns, columnOf, distinct, extend, filter, join, pick, project,
} from '../relation-tools.ts';
import { DomainPush, orEmpty } from './decorrelate-push.ts';
import { countOuter, outerColumns, raised, raisedExpr } from './outer-columns.ts';

type Subquery = ScalarExpr & { kind: 'subquery' };
type Quantified = SubqueryMode & { kind: 'quantified' };

const INT8: SqlType = { name: 'int8' };

/** An input with more columns, and an expression over them. */
export interface Applied {
  readonly input: Relation;
  readonly value: ScalarExpr;
}

/** A relation joined on a domain: `on` over the outer input ++ the relation. */
interface Attached {
  readonly relation: Relation;
  readonly on: ScalarExpr;
  /** Numbers of the domain's columns in `relation`. */
  readonly domain: readonly number[];
}

/** A subquery as projection over filters over a relation that reads no outer columns. */
interface Selection {
  readonly relation: Relation;
  /** Over relation columns and outer columns. */
  readonly predicate: ScalarExpr;
  readonly exprs: readonly ScalarExpr[];
}

/** A global aggregate under projections and HAVING. */
interface GlobalAggregate {
  readonly aggregate: Relation & { kind: 'aggregate' };
  readonly exprs: readonly ScalarExpr[];
  readonly having: ScalarExpr;
}

/** Joins a decorrelated relation to an input on the outer columns it reads. */
export function attach(input: Relation, relation: Relation): Attached {
  const refs = [...outerColumns(relation).keys()].sort((a, b) => a - b);
  if (refs.length === 0) return { relation: raised(relation), on: TRUE, domain: [] };
  const width = input.columns.length;
  const domain = distinct(project(input, refs.map((ref) => columnOf(input, ref)),
    refs.map((ref, at) => ({ ...must(input.columns[ref], 'outer column'), name: `$d${at}` }))));
  const uses = (index: number): number => countOuter(relation, index);
  const pushed = new DomainPush(domain, refs, uses).push(relation);
  const own = relation.columns.length;
  const on = andAll(refs.map((ref, at) =>
    notDistinct(columnOf(input, ref), column(width + own + at, columnOf(input, ref).type))));
  return { relation: pushed, on, domain: refs.map((_ref, at) => own + at) };
}

/** Takes projections, filters and DISTINCT (when rows do not count) off a subquery. */
export function asSelection(relation: Relation, rowsCount: boolean): Selection | null {
  switch (relation.kind) {
    case 'project': {
      const input = asSelection(relation.input, rowsCount);
      return input === null ? null
        : { ...input, exprs: relation.exprs.map((expr) => substitute(expr, input.exprs)) };
    }
    case 'filter': {
      const input = asSelection(relation.input, rowsCount);
      return input === null ? null : {
        ...input, predicate: andAll([input.predicate, substitute(relation.predicate, input.exprs)]),
      };
    }
    case 'distinct': return rowsCount ? null : asSelection(relation.input, rowsCount);
    default: return outerColumns(relation).size > 0 ? null
      : { relation, predicate: TRUE, exprs: allColumns(relation) };
  }
}

/** An expression of a selection, over outer input ++ the selection's relation. */
function besides(expr: ScalarExpr, width: number): ScalarExpr {
  return raisedExpr(expr, (index, type) => column(width + index, type));
}

function asGlobalAggregate(relation: Relation): GlobalAggregate | null {
  switch (relation.kind) {
    case 'aggregate': return relation.groupBy.length > 0 ? null
      : { aggregate: relation, exprs: allColumns(relation), having: TRUE };
    case 'project': {
      const input = asGlobalAggregate(relation.input);
      return input === null ? null
        : { ...input, exprs: relation.exprs.map((expr) => substitute(expr, input.exprs)) };
    }
    case 'filter': {
      const input = asGlobalAggregate(relation.input);
      return input === null ? null : {
        ...input, having: andAll([input.having, substitute(relation.predicate, input.exprs)]),
      };
    }
    default: return null;
  }
}

/** The value of a scalar subquery. */
export function applyScalar(input: Relation, relation: Relation, properties: Properties): Applied {
  const global = asGlobalAggregate(relation);
  if (global !== null) return applyGlobal(input, global);
  const width = input.columns.length;
  const attached = attach(input, relation);
  const { type } = must(relation.columns[0], 'scalar subquery column');
  if (properties.isKey(attached.relation, attached.domain)) {
    return {
      input: join('left', input, attached.relation, attached.on), value: column(width, type),
    };
  }
  const grouped = aggregate(attached.relation, attached.domain, [
    aggregateCall('any_value(anyelement)', [columnOf(attached.relation, 0)], type),
    aggregateCall('count()', [], INT8),
  ]);
  const k = attached.domain.length;
  const on = onDomain(attached, width, (at) => at);
  return {
    input: join('left', input, grouped, on),
    value: call('$single(anyelement,int8)',
      [column(width + k, type), column(width + k + 1, INT8)], type),
  };
}

/** The attached condition for a relation whose domain columns moved. */
function onDomain(attached: Attached, width: number, to: (at: number) => number): ScalarExpr {
  return andAll(conjuncts(attached.on).map((each, at) => {
    const same = each.kind === 'notDistinct' ? each : null;
    const { left, right } = must(same, 'domain condition');
    return notDistinct(left, column(width + to(at), right.type));
  }));
}

/**
 * A global aggregate has one row always: aggregates by the domain are joined, and where the group
 * is missing an aggregate has its value over no rows (the count bug).
 */
function applyGlobal(input: Relation, global: GlobalAggregate): Applied {
  const bare: Relation = { ...global.aggregate, groupBy: [], groupingSets: null };
  const refs = outerColumns(bare);
  const joined = refs.size === 0 ? join('inner', input, raised(bare), TRUE)
    : joinGrouped(input, global.aggregate);
  const start = joined.columns.length - global.aggregate.aggregates.length;
  const columns = global.aggregate.aggregates.map((each, at) =>
    orEmpty(each, column(start + at, each.type)));
  const over = (expr: ScalarExpr): ScalarExpr =>
    raisedExpr(expr, (index) => must(columns[index], 'aggregate'));
  const first = over(must(global.exprs[0], 'scalar subquery column'));
  if (isTrue(global.having)) return { input: joined, value: first };
  return {
    input: joined,
    value: {
      kind: 'case', whens: [{ when: over(global.having), then: first }],
      otherwise: nullOf(first.type), type: first.type,
    },
  };
}

/** Left join of the aggregates by domain: domain columns, then aggregates. */
function joinGrouped(input: Relation, over: Relation & { kind: 'aggregate' }): Relation {
  const width = input.columns.length;
  const base = over.input.columns.length;
  const args: ScalarExpr[] = [];
  const prepared = over.aggregates.map((each) => {
    const place = (expr: ScalarExpr): ScalarExpr => {
      args.push(expr);
      return column(base + args.length - 1, expr.type);
    };
    return {
      ...each, args: each.args.map(place),
      filter: each.filter === null ? null : place(each.filter),
      orderBy: each.orderBy.map((key) => ({ ...key, expr: place(key.expr) })),
    };
  });
  const names = args.map((arg, at) => ({ name: `$a${at}`, type: arg.type }));
  const wide = extend(over.input, args, names);
  const attached = attach(input, wide);
  const grouped = aggregate(attached.relation, attached.domain, prepared);
  return join('left', input, grouped, onDomain(attached, width, (at) => at));
}

/** Rows of the input for which the subquery has (or has not) a row satisfying `extra`. */
export function semiJoin(
  type: 'semi' | 'anti', input: Relation, relation: Relation,
  extra: (exprs: readonly ScalarExpr[]) => ScalarExpr,
): Relation {
  const width = input.columns.length;
  const selection = asSelection(relation, false);
  if (selection !== null) {
    const exprs = selection.exprs.map((expr) => besides(expr, width));
    const on = andAll([besides(selection.predicate, width), extra(exprs)]);
    return join(type, input, raised(selection.relation), on);
  }
  const attached = attach(input, relation);
  const exprs = relation.columns.map((each, at) => column(width + at, each.type));
  return join(type, input, attached.relation, andAll([attached.on, extra(exprs)]));
}

/** A row count below every limit: EXISTS and IN do not care for ORDER BY or LIMIT n > 0. */
export function withoutLimit(relation: Relation): Relation {
  if (relation.kind === 'project') {
    const input = withoutLimit(relation.input);
    return input === relation.input ? relation : { ...relation, input };
  }
  const harmless = relation.kind === 'topN' && relation.partitionBy.length === 0
    && relation.offset === 0n && relation.rank === 'none'
    && (relation.limit === null || relation.limit > 0n);
  return harmless ? relation.input : relation;
}

/** `compare` over outer input expressions ++ subquery columns, put in place. */
export function compareOver(
  mode: Quantified, left: readonly ScalarExpr[], right: readonly ScalarExpr[],
): ScalarExpr {
  return substitute(mode.compare, [...left, ...right]);
}

/** Filters the input to rows where the subquery, a whole conjunct, is true (or false). */
export function applyConjunct(
  input: Relation, subquery: Subquery, negated: boolean,
): Relation | null {
  const { mode } = subquery;
  if (mode.kind === 'exists') {
    return semiJoin(negated ? 'anti' : 'semi', input, withoutLimit(subquery.relation), () => TRUE);
  }
  if (mode.kind !== 'quantified') return null;
  if (mode.all === negated) {
    // ANY is true, or ALL is false: some row's comparison is true (false).
    const wanted = !negated;
    return semiJoin('semi', input, subquery.relation, (right) => {
      const compare = compareOver(mode, mode.left, right);
      return wanted ? compare : not(compare);
    });
  }
  return applyNone(input, subquery, mode);
}

/** ALL is true, or ANY is false: no row's comparison is anything else. */
function applyNone(input: Relation, subquery: Subquery, mode: Quantified): Relation {
  const wanted = mode.all;
  const parts = equalityOf(mode, wanted);
  if (parts === null) {
    return semiJoin('anti', input, subquery.relation, (right) => not({
      kind: 'isTruth', arg: compareOver(mode, mode.left, right), truth: wanted, type: BOOLEAN,
    }));
  }
  const over = [...mode.left, ...subquery.relation.columns.map((each, at) =>
    column(input.columns.length + at, each.type))];
  const mine = substitute(parts.left, over);
  const theirs = parts.right;
  let result = semiJoin('anti', input, subquery.relation, (right) =>
    substitute(parts.equal, [...mode.left, ...right]));
  const inner = shiftColumns(theirs, -mode.left.length);
  if (!exprNeverNull(inner, subquery.relation)) {
    const nulls = filter(subquery.relation, isNull(inner));
    result = semiJoin('anti', result, reduced(nulls), () => TRUE);
  }
  if (!exprNeverNull(mine, input)) {
    result = semiJoin('anti', result, reduced(subquery.relation), () => isNull(mine));
  }
  return result;
}

/** An uncorrelated relation of which only the existence of a row matters. */
function reduced(relation: Relation): Relation {
  if (outerColumns(relation).size > 0) return relation;
  return distinct(project(relation, [TRUE], [{ name: '$any', type: BOOLEAN, notNull: true }]));
}

interface Equality {
  readonly left: ScalarExpr;
  readonly right: ScalarExpr;
  readonly equal: ScalarExpr;
}

/** `x <> ALL (y)` or `NOT x = ANY (y)`, with x of the outer and y of the inner side. */
function equalityOf(mode: Quantified, wanted: boolean): Equality | null {
  const plain = asComparison(mode.compare);
  if (plain === null || plain.op !== (wanted ? '<>' : '=') || mode.left.length !== 1) return null;
  const { compare } = mode;
  if (compare.kind !== 'call') return null;
  const equal = wanted ? { ...compare, function: compare.function.replace(/^<>/, '=') } : compare;
  const straight = usesOnly(plain.left, 0, 1) && !columnsUsed(plain.right).has(0);
  return straight ? { left: plain.left, right: plain.right, equal }
    : { left: plain.right, right: plain.left, equal };
}

/** EXISTS as a value. */
export function applyExists(input: Relation, relation: Relation): Applied {
  const width = input.columns.length;
  const attached = attach(input, withoutLimit(relation));
  const marked = marker(attached);
  const on = onDomain(attached, width, (at) => at);
  return {
    input: join('left', input, marked, on),
    value: isNotNull(column(width + attached.domain.length, BOOLEAN)),
  };
}

/** The distinct domain tuples a relation has rows for, and TRUE. */
function marker(attached: Attached): Relation {
  const tuples = pick(attached.relation, attached.domain);
  if (attached.domain.length === 0) {
    return distinct(project(attached.relation, [TRUE], [{ name: '$any', type: BOOLEAN }]));
  }
  return extend(distinct(tuples), [TRUE], [{ name: '$any', type: BOOLEAN }]);
}

/** A quantified comparison as a value; `truth`: NULL may stand as false. */
export function applyQuantified(
  input: Relation, subquery: Subquery, mode: Quantified, truth: boolean,
): Applied {
  const plain = asComparison(mode.compare);
  const isIn = !mode.all && plain?.op === '=' && mode.left.length === 1;
  if (isIn) return applyIn(input, subquery, { mode, truth });
  const width = input.columns.length;
  const wide = extend(input, mode.left, mode.left.map((each, at) => (
    { name: `$q${at}`, type: each.type })));
  const left = mode.left.map((each, at): ScalarExpr =>
    ({ kind: 'outer', depth: 1, index: width + at, type: each.type }));
  const compare = compareOver(mode, left, allColumns(subquery.relation));
  const some = aggregateCall(mode.all ? 'bool_and(boolean)' : 'bool_or(boolean)', [compare],
    BOOLEAN);
  const unknown = aggregateCall('bool_or(boolean)', [isNull(compare)], BOOLEAN);
  const over = subquery.relation;
  const applied = applyGlobalPair(wide, {
    kind: 'aggregate', input: over, groupBy: [], groupingSets: null, aggregates: [some, unknown],
    columns: [{ name: '$some', type: BOOLEAN }, { name: '$unknown', type: BOOLEAN }],
  });
  const decided = literal(!mode.all, BOOLEAN);
  return {
    input: applied.input,
    value: {
      kind: 'case', type: BOOLEAN, otherwise: literal(mode.all, BOOLEAN),
      whens: [
        { when: mode.all ? not(applied.first) : applied.first, then: decided },
        { when: applied.second, then: nullOf(BOOLEAN) },
      ],
    },
  };
}

function applyGlobalPair(
  input: Relation, relation: Relation & { kind: 'aggregate' },
): { readonly input: Relation; readonly first: ScalarExpr; readonly second: ScalarExpr } {
  const joined = outerColumns(relation).size === 0 ? join('inner', input, raised(relation), TRUE)
    : joinGrouped(input, relation);
  const start = joined.columns.length - 2;
  return {
    input: joined, first: column(start, BOOLEAN), second: column(start + 1, BOOLEAN),
  };
}

/**
 * x IN (subquery) as a value: one join finds the match, another tells whether the subquery has
 * rows and NULLs at all, which decides between false and NULL.
 */
function applyIn(
  input: Relation, subquery: Subquery,
  how: { readonly mode: Quantified; readonly truth: boolean },
): Applied {
  const { mode, truth } = how;
  const width = input.columns.length;
  const attached = attach(input, subquery.relation);
  const inner = attached.relation;
  const plain = must(asComparison(mode.compare), 'comparison');
  const right = shiftColumns(plain.right, -1);
  const mine = substitute(plain.left, mode.left);
  const k = attached.domain.length;
  const keyed = project(inner,
    [...attached.domain.map((at) => columnOf(inner, at)), columnOf(inner, 0)],
    [...attached.domain.map((at) => must(inner.columns[at], 'domain column')),
      { ...must(inner.columns[0], 'subquery column'), name: '$in' }]);
  const matches = extend(distinct(keyed), [TRUE], [{ name: '$any', type: BOOLEAN }]);
  const equal = substitute(mode.compare,
    [...mode.left, column(width + k, columnOf(inner, 0).type)]);
  const found = join('left', input, matches,
    andAll([onDomain(attached, width, (at) => at), equal]));
  const matched = isNotNull(column(width + k + 1, BOOLEAN));
  const neverNull = exprNeverNull(right, inner) && exprNeverNull(mine, input);
  if (truth || neverNull) return { input: found, value: matched };
  const start = found.columns.length;
  const facts = aggregate(inner, attached.domain, [
    aggregateCall('count()', [], INT8),
    { ...aggregateCall('count()', [], INT8), filter: isNull(right) },
  ]);
  const counted = join('left', found, facts, onDomain(attached, start, (at) => at));
  const rows = column(start + k, INT8);
  const nulls = column(start + k + 1, INT8);
  const zero = literal(0n, INT8);
  const empty = call('=(int8,int8)',
    [{ kind: 'coalesce', args: [rows, zero], type: INT8 }, zero], BOOLEAN);
  const hasNull = call('>(int8,int8)', [nulls, zero], BOOLEAN);
  return {
    input: counted,
    value: {
      kind: 'case', type: BOOLEAN, otherwise: FALSE,
      whens: [
        { when: matched, then: TRUE }, { when: empty, then: FALSE },
        { when: orAll([isNull(mine), hasNull]), then: nullOf(BOOLEAN) },
      ],
    },
  };
}
