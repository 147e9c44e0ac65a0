/**
 * UNION, INTERSECT and EXCEPT: column counts, common types, hidden columns.
 *
 * Bare literals and NULLs of a branch take the type of the other. Facts survive where both sides
 * agree; the window of one side stands for both, so that EMIT ON WINDOW CLOSE closes a union.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { SetOperation } from '../parser/ast.ts';
import type { StatementState } from './bind-context.ts';
import { identicalType } from './bind-types.ts';
import { coerceTo, commonType } from './coerce.ts';
import { distinct } from './relation-tools.ts';
import type { Relation, RelationColumn, ScalarExpr } from './relation.ts';
import { NO_FACTS } from './scope.ts';
import type { BoundRelation, ColumnFacts } from './scope.ts';

/** Combines two bound branches. */
export function combineBranches(
  state: StatementState, operation: SetOperation, left: BoundRelation, right: BoundRelation,
): BoundRelation {
  const name = operation.operator.toUpperCase();
  if (left.visible !== right.visible) {
    throw sqlError('42601', `each ${name} query must have the same number of columns`, {
      span: operation.right.kind === 'select' ? operation.right.items[0]?.span
        : operation.right.span,
    });
  }
  const types = Array.from({ length: left.visible }, (_unused, at) =>
    commonColumn(state, name, [valueOf(left, at), valueOf(right, at)]));
  const hidden = operation.operator === 'union' && operation.all
    ? sharedHidden(left, right) : [];
  const a = shaped(state, left, { types, hidden, name });
  const b = shaped(state, right, { types, hidden, name });
  const columns: RelationColumn[] = a.columns.map((each, at) => ({
    name: each.name, type: each.type,
    ...(each.notNull === true && b.columns[at]?.notNull === true ? { notNull: true } : {}),
  }));
  const facts = [
    ...types.map((_type, at) => mergeFacts(left.facts[at], right.facts[at])),
    ...hidden.map((pair) => mergeFacts(left.facts[pair[0]], right.facts[pair[1]])),
  ];
  return {
    facts, visible: left.visible, order: [],
    relation: combined(operation, [a, b], columns),
  };
}

function combined(
  operation: SetOperation, sides: readonly [Relation, Relation],
  columns: readonly RelationColumn[],
): Relation {
  const [left, right] = sides;
  if (operation.operator !== 'union') {
    return { kind: 'setOp', op: operation.operator, all: operation.all, left, right, columns };
  }
  const inputs = [left, right].flatMap((side) =>
    (operation.all && side.kind === 'union' && sameColumns(side.columns, columns)
      ? side.inputs : [side]));
  const union: Relation = { kind: 'union', inputs, columns };
  return operation.all ? union : distinct(union);
}

function sameColumns(a: readonly RelationColumn[], b: readonly RelationColumn[]): boolean {
  return a.length === b.length && a.every((each, at) => {
    const other = b[at];
    return other !== undefined && identicalType(each.type, other.type);
  });
}

function column(bound: BoundRelation, index: number): ScalarExpr {
  return { kind: 'column', index, type: must(bound.relation.columns[index], 'column').type };
}

/** The column, or the bare literal it is. */
function valueOf(bound: BoundRelation, index: number): ScalarExpr {
  const own = column(bound, index);
  const literal = bound.relation.kind === 'project' ? bound.relation.exprs[index] : undefined;
  return own.type.name === 'unknown' && literal?.kind === 'literal' ? literal : own;
}

function commonColumn(
  state: StatementState, name: string, pair: readonly [ScalarExpr, ScalarExpr],
): SqlType {
  const [left, right] = pair;
  if (identicalType(left.type, right.type) && left.type.name !== 'unknown') return left.type;
  return commonType(state, pair, name);
}

/** Hidden columns both sides have, as pairs of numbers. */
function sharedHidden(left: BoundRelation, right: BoundRelation): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  const names = right.relation.columns.map((each) => each.name);
  for (let at = left.visible; at < left.relation.columns.length; at++) {
    const name = must(left.relation.columns[at], 'column').name;
    if (name.startsWith('$sort') || name.startsWith('$distinct')) continue;
    const other = names.indexOf(name, right.visible);
    if (other >= 0) pairs.push([at, other]);
  }
  return pairs;
}

interface Shape {
  readonly types: readonly SqlType[];
  readonly hidden: readonly (readonly [number, number])[];
  readonly name: string;
}

/** The branch with exactly the common columns, then the shared hidden ones. */
function shaped(state: StatementState, side: BoundRelation, shape: Shape): Relation {
  const { relation } = side;
  const isLeft = shape.hidden.every((pair) =>
    relation.columns[pair[0]]?.name.startsWith('$') === true);
  const picked = shape.hidden.map((pair) => {
    const name = isLeft ? relation.columns[pair[0]]?.name : relation.columns[pair[1]]?.name;
    return relation.columns.findIndex((each, at) => at >= side.visible && each.name === name);
  });
  const plain = shape.types.every((type, at) =>
    identicalType(type, must(relation.columns[at], 'column').type));
  if (plain && relation.columns.length === side.visible) return relation;
  const exprs = [
    ...shape.types.map((type, at) => {
      const expr = valueOf(side, at);
      return identicalType(expr.type, type) ? expr
        : sameType(expr.type, type) && type.mods === undefined ? widened(expr, type)
        : coerceTo(state, expr, type, shape.name);
    }),
    ...picked.map((at) => column(side, at)),
  ];
  const columns = [
    ...shape.types.map((type, at) => ({ ...must(relation.columns[at], 'column'), type })),
    ...picked.map((at) => must(relation.columns[at], 'column')),
  ];
  return { kind: 'project', input: relation, exprs, columns };
}

/** The same value under the type without modifiers. */
function widened(expr: ScalarExpr, type: SqlType): ScalarExpr {
  return expr.kind === 'column' ? { ...expr, type } : expr;
}

function mergeFacts(
  left: ColumnFacts | undefined, right: ColumnFacts | undefined,
): ColumnFacts {
  if (left === undefined || right === undefined) return NO_FACTS;
  const both = left.window !== null && right.window !== null
    && left.window.role === right.window.role;
  return {
    ...NO_FACTS, watermark: left.watermark && right.watermark,
    window: both ? left.window : null,
  };
}
