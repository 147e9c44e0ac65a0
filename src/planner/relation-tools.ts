/**
 * Small tools over relations: constructors that keep columns right, walking, mapping.
 *
 * Used by rewrites, properties and lowering. Pure; relations are shared where a rewrite uses one
 * twice, and lowering runs a shared relation once.
 */
import { assertNever, must } from '../common/assert.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import { andAll, column, isTrue, mapList } from './expr-tools.ts';
import type { AggregateCall, JoinType, OverCall, Relation, RelationColumn, TableCall }
  from './relation.ts';
import type { ScalarExpr } from './relation.ts';

/** References to all columns of a relation, in order. */
export function allColumns(relation: Relation): ScalarExpr[] {
  return relation.columns.map((each, at) => column(at, each.type));
}

/** A reference to a column of a relation. */
export function columnOf(relation: Relation, index: number): ScalarExpr {
  return column(index, must(relation.columns[index], 'column of relation').type);
}

/** The type of a column. */
export function typeOfColumn(relation: Relation, index: number): SqlType {
  return must(relation.columns[index], 'column of relation').type;
}

/** Filter; nothing for TRUE. Conjuncts of a filter below are merged in. */
export function filter(input: Relation, predicate: ScalarExpr): Relation {
  if (isTrue(predicate)) return input;
  if (input.kind === 'filter') {
    return { ...input, predicate: andAll([input.predicate, predicate]) };
  }
  return { kind: 'filter', columns: input.columns, input, predicate };
}

/** Projection with the given output columns. */
export function project(
  input: Relation, exprs: readonly ScalarExpr[], columns: readonly RelationColumn[],
): Relation {
  return { kind: 'project', input, exprs, columns };
}

/** Projection to columns of the input by number; the input itself when it is the identity. */
export function pick(input: Relation, indexes: readonly number[]): Relation {
  if (indexes.length === input.columns.length && indexes.every((index, at) => index === at)) {
    return input;
  }
  return project(input, indexes.map((index) => columnOf(input, index)),
    indexes.map((index) => must(input.columns[index], 'picked column')));
}

/** All columns of the input and more, computed. */
export function extend(
  input: Relation, exprs: readonly ScalarExpr[], columns: readonly RelationColumn[],
): Relation {
  if (exprs.length === 0) return input;
  return project(input, [...allColumns(input), ...exprs], [...input.columns, ...columns]);
}

/** Output columns of a join. */
export function joinColumns(
  type: JoinType, left: Relation, right: Relation,
): readonly RelationColumn[] {
  switch (type) {
    case 'semi': case 'anti': return left.columns;
    case 'inner': return [...left.columns, ...right.columns];
    case 'left': return [...left.columns, ...right.columns.map(nullable)];
    case 'right': return [...left.columns.map(nullable), ...right.columns];
    case 'full': return [...left.columns, ...right.columns].map(nullable);
    default: return assertNever(type);
  }
}

/** The column without its NOT NULL. */
export function nullable(of: RelationColumn): RelationColumn {
  return of.notNull === true ? { name: of.name, type: of.type } : of;
}

/** A join of independent sides. */
export function join(
  type: JoinType, left: Relation, right: Relation, on: ScalarExpr,
): Relation {
  return {
    kind: 'join', type, left, right, on, lateral: false, columns: joinColumns(type, left, right),
  };
}

/** DISTINCT. */
export function distinct(input: Relation): Relation {
  return { kind: 'distinct', input, columns: input.columns };
}

/** Aggregation by columns of the input (numbers), followed by calls. */
export function aggregate(
  input: Relation, groupBy: readonly number[], aggregates: readonly AggregateCall[],
): Relation {
  return {
    kind: 'aggregate', input, groupBy: groupBy.map((index) => columnOf(input, index)), aggregates,
    groupingSets: null,
    columns: [...groupBy.map((index) => must(input.columns[index], 'group column')),
      ...aggregates.map((each, at) => ({ name: `agg${at}`, type: each.type }))],
  };
}

/** A plain aggregate call. */
export function aggregateCall(
  id: string, args: readonly ScalarExpr[], type: SqlType,
): AggregateCall {
  return { function: id, args, type, distinct: false, filter: null, orderBy: [] };
}

/** No rows, with the given columns. */
export function emptyRelation(columns: readonly RelationColumn[]): Relation {
  return { kind: 'values', rows: [], columns };
}

/** The direct inputs. */
export function inputsOf(relation: Relation): readonly Relation[] {
  switch (relation.kind) {
    case 'values': case 'scan': case 'recursiveRef': return [];
    case 'filter': case 'project': case 'flatMap': case 'window': case 'aggregate':
    case 'distinct': case 'topN': case 'over': case 'temporalFilter': case 'gate': case 'fill':
      return [relation.input];
    case 'join': case 'asofJoin': case 'temporalJoin': case 'setOp':
      return [relation.left, relation.right];
    case 'union': return relation.inputs;
    case 'recursive': return [...relation.bindings.map((each) => each.definition), relation.body];
    default: return assertNever(relation);
  }
}

/** The same node over changed inputs; the node itself when none changed. Columns stay. */
export function mapInputs(
  relation: Relation, change: (input: Relation) => Relation,
): Relation {
  switch (relation.kind) {
    case 'values': case 'scan': case 'recursiveRef': return relation;
    case 'filter': case 'project': case 'flatMap': case 'window': case 'aggregate':
    case 'distinct': case 'topN': case 'over': case 'temporalFilter': case 'gate': case 'fill': {
      const input = change(relation.input);
      return input === relation.input ? relation : { ...relation, input };
    }
    case 'join': case 'asofJoin': case 'temporalJoin': case 'setOp': {
      const left = change(relation.left);
      const right = change(relation.right);
      return left === relation.left && right === relation.right ? relation
        : { ...relation, left, right };
    }
    case 'union': {
      const inputs = mapList(relation.inputs, change);
      return inputs === relation.inputs ? relation : { ...relation, inputs };
    }
    case 'recursive': return {
      ...relation, body: change(relation.body),
      bindings: relation.bindings.map((each) => ({
        ...each, definition: change(each.definition) })),
    };
    default: return assertNever(relation);
  }
}

type ExprChange = (expr: ScalarExpr) => ScalarExpr;

function mapAggregateCall(each: AggregateCall, change: ExprChange): AggregateCall {
  return {
    ...each, args: each.args.map(change),
    filter: each.filter === null ? null : change(each.filter),
    orderBy: each.orderBy.map((key) => ({ ...key, expr: change(key.expr) })),
  };
}

function mapOverCall(each: OverCall, change: ExprChange): OverCall {
  return {
    ...each, args: each.args.map(change),
    filter: each.filter === null ? null : change(each.filter),
  };
}

function mapTableCall(each: TableCall, change: ExprChange): TableCall {
  return { ...each, args: each.args.map(change) };
}

/** The same node with its own expressions changed (not those of its inputs). */
export function mapExprs(relation: Relation, change: ExprChange): Relation {
  switch (relation.kind) {
    case 'values': return { ...relation, rows: relation.rows.map((row) => row.map(change)) };
    case 'scan': return relation.asOf === undefined ? relation
      : { ...relation, asOf: change(relation.asOf) };
    case 'filter': {
      const predicate = change(relation.predicate);
      return predicate === relation.predicate ? relation : { ...relation, predicate };
    }
    case 'project': {
      const exprs = mapList(relation.exprs, change);
      return exprs === relation.exprs ? relation : { ...relation, exprs };
    }
    case 'flatMap':
      return { ...relation, calls: relation.calls.map((each) => mapTableCall(each, change)) };
    case 'aggregate': return {
      ...relation, groupBy: relation.groupBy.map(change),
      aggregates: relation.aggregates.map((each) => mapAggregateCall(each, change)),
    };
    case 'join': case 'asofJoin': return { ...relation, on: change(relation.on) };
    case 'temporalJoin': return {
      ...relation, on: change(relation.on),
      leftTime: relation.leftTime === null ? null : change(relation.leftTime),
    };
    case 'over':
      return { ...relation, calls: relation.calls.map((each) => mapOverCall(each, change)) };
    case 'temporalFilter': return {
      ...relation, validFrom: relation.validFrom === null ? null : change(relation.validFrom),
      validTo: relation.validTo === null ? null : change(relation.validTo),
    };
    case 'window': case 'distinct': case 'union': case 'setOp': case 'topN': case 'gate':
    case 'fill': case 'recursive': case 'recursiveRef': return relation;
    default: return assertNever(relation);
  }
}

/** The node's own expressions. */
export function exprsOf(relation: Relation): readonly ScalarExpr[] {
  const found: ScalarExpr[] = [];
  mapExprs(relation, (expr) => {
    found.push(expr);
    return expr;
  });
  return found;
}

/** Rewrites bottom-up, each shared relation once. */
export function rewriteBottomUp(
  relation: Relation, change: (node: Relation) => Relation,
): Relation {
  const done = new Map<Relation, Relation>();
  const visit = (node: Relation): Relation => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const result = change(mapInputs(node, visit));
    done.set(node, result);
    return result;
  };
  return visit(relation);
}

/** Calls `visit` once for each relation of the tree, inputs first. */
export function walkRelation(relation: Relation, visit: (node: Relation) => void): void {
  const seen = new Set<Relation>();
  const walk = (node: Relation): void => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const input of inputsOf(node)) walk(input);
    visit(node);
  };
  walk(relation);
}
