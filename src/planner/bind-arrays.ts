/**
 * Arrays: constructors, subqueries as arrays, subscripts and slices.
 *
 * A constructor of constants becomes a literal. ARRAY(SELECT ...) becomes array_agg in a scalar
 * subquery, which keeps the subquery's order.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import { NO_SPAN } from '../common/span.ts';
import { arrayOf } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import { sqlArray } from '../common/values.ts';
import type { ArrayExpr, ArraySubquery, Slice, Subscript } from '../parser/ast.ts';
import { functionChoice, scalarCall } from './bind-call-tools.ts';
import type { Binder, StatementState } from './bind-context.ts';
import { INT4, TEXT, typeText } from './bind-types.ts';
import { coerce, coerceCommon, literalOf, tryCoerce } from './coerce.ts';
import { notSupported, subqueryColumns } from './errors.ts';
import { evaluateConstant } from './fold.ts';
import type { Relation, ScalarExpr } from './relation.ts';
import type { BoundRelation } from './scope.ts';

/** ARRAY[...]; `element` is the element type a cast around it asks for, or null. */
export function bindArray(
  binder: Binder, expr: ArrayExpr, element: SqlType | null,
): ScalarExpr {
  const { state } = binder;
  if (expr.elements.length === 0) {
    if (element === null) {
      throw sqlError('42P18', 'cannot determine type of empty array', {
        span: expr.span,
        hint: 'Explicitly cast to the desired type, for example ARRAY[]::integer[].',
      });
    }
    return literalOf(sqlArray([]), arrayOf(element));
  }
  const bound = expr.elements.map((each) =>
    each.kind === 'array' ? bindArray(binder, each, element) : binder.bind(each));
  if (element !== null) return typedArray(state, bound, element);
  const common = coerceCommon(state, bound, 'ARRAY');
  return arrayExpr(state, common.exprs, common.type);
}

/** Elements of a constructor under a cast: each becomes the element type. */
function typedArray(
  state: StatementState, bound: readonly ScalarExpr[], element: SqlType,
): ScalarExpr {
  const nested = bound.some((each) => each.type.name === 'array') && element.name !== 'array';
  const type = nested ? arrayOf(element) : element;
  return arrayExpr(state, bound.map((each) => coerce(state, each, type, 'explicit')), type);
}

/** An array node over elements of one type; arrays as elements add a dimension. */
export function arrayExpr(
  state: StatementState, elements: readonly ScalarExpr[], element: SqlType,
): ScalarExpr {
  const type = element.name === 'array' ? element : arrayOf(element);
  const node: ScalarExpr = { kind: 'array', elements, type };
  if (!elements.every((each) => each.kind === 'literal')) return node;
  return literalOf(evaluateConstant(node, state.evaluation), type);
}

/** ARRAY(SELECT ...): the rows' values in the subquery's order; {} without rows. */
export function bindArraySubquery(binder: Binder, expr: ArraySubquery): ScalarExpr {
  const bound = binder.subquery(expr.query);
  if (bound.visible !== 1) throw subqueryColumns(expr.query.span);
  const first = must(bound.relation.columns[0], 'column');
  const value: ScalarExpr = { kind: 'column', index: 0, type: first.type };
  const choice = must(functionChoice({ name: 'array_agg', span: expr.span }, [value],
    ['aggregate']), 'array_agg');
  const relation: Relation = {
    kind: 'aggregate', input: bound.relation, groupBy: [], groupingSets: null,
    columns: [{ name: 'array', type: choice.result }],
    aggregates: [{
      function: choice.entry.id, args: [value], distinct: false, filter: null,
      orderBy: orderOf(bound), type: choice.result,
    }],
  };
  return {
    kind: 'coalesce', type: choice.result,
    args: [
      { kind: 'subquery', mode: { kind: 'scalar' }, relation, type: choice.result },
      literalOf(sqlArray([]), choice.result),
    ],
  };
}

function orderOf(bound: BoundRelation): {
  readonly expr: ScalarExpr; readonly descending: boolean; readonly nullsFirst: boolean;
}[] {
  return bound.order.map((key) => ({
    expr: {
      kind: 'column', index: key.column,
      type: must(bound.relation.columns[key.column], 'sort column').type,
    },
    descending: key.descending, nullsFirst: key.nullsFirst,
  }));
}

const JSON_SUBSCRIPTS = new Set<string>(['unknown', 'int2', 'int4', 'text', 'varchar', 'bpchar',
  'name', 'char']);

/** a[i]: of arrays by number, of jsonb by number or key. */
export function bindSubscript(binder: Binder, expr: Subscript): ScalarExpr {
  const { state } = binder;
  const chain = subscriptChain(expr);
  const operand = binder.bind(chain.base);
  const indexes = chain.indexes.map((each) => binder.bind(each));
  if (operand.type.name === 'jsonb') {
    const path = indexes.map((index, at) => {
      if (JSON_SUBSCRIPTS.has(index.type.name)) return coerce(state, index, TEXT, 'explicit');
      throw sqlError('42804', `subscript type ${typeText(index.type)} is not supported`, {
        span: chain.indexes[at]?.span, hint: 'jsonb subscript must be coercible to either '
          + 'integer or text.',
      });
    });
    return scalarCall(state, { name: '#>', span: expr.span },
      [operand, arrayExpr(state, path, TEXT)]);
  }
  if (operand.type.name === 'name' && indexes.length === 1) {
    return characterOf(binder, operand, must(indexes[0], 'subscript'));
  }
  const vector = operand.type.name === 'int2vector' || operand.type.name === 'oidvector';
  if (operand.type.name !== 'array' && !vector) {
    throw sqlError('42804', `cannot subscript type ${typeText(operand.type)} because it does not `
      + 'support subscripting', { span: expr.operand.span });
  }
  const numbers = indexes.map((index) => {
    const number = tryCoerce(state, index, INT4, 'assignment');
    if (number === null) {
      throw sqlError('42804', 'array subscript must have type integer', { span: expr.index.span });
    }
    return number;
  });
  return scalarCall(state, { name: '$subscript', span: expr.span }, [operand, ...numbers]);
}

/** name[i], counted from 0: one "char". */
function characterOf({ state }: Binder, name: ScalarExpr, index: ScalarExpr): ScalarExpr {
  const one: ScalarExpr = { kind: 'literal', value: 1, type: INT4 };
  const at = scalarCall(state, { name: '+', span: NO_SPAN }, [index, one]);
  const text = scalarCall(state, { name: 'substr', span: NO_SPAN },
    [coerce(state, name, TEXT, 'implicit'), at, one]);
  return { kind: 'cast', arg: text, type: { name: 'char' }, context: 'explicit' };
}

/** a[1][2] as a and its indexes. */
function subscriptChain(expr: Subscript): {
  readonly base: Subscript['operand']; readonly indexes: readonly Subscript['index'][];
} {
  const indexes = [expr.index];
  let base = expr.operand;
  for (let apart = expr.apart; base.kind === 'subscript' && apart !== true;) {
    apart = base.apart;
    indexes.unshift(base.index);
    base = base.operand;
  }
  return { base, indexes };
}

/** a[lower:upper] */
export function bindSlice(binder: Binder, expr: Slice): ScalarExpr {
  const { state } = binder;
  const slices = [expr];
  let base = expr.operand;
  for (let apart = expr.apart; base.kind === 'slice' && apart !== true;) {
    apart = base.apart;
    slices.unshift(base);
    base = base.operand;
  }
  const operand = binder.bind(base);
  if (operand.type.name !== 'array') {
    throw notSupported(`a slice of type ${typeText(operand.type)}`, expr.span);
  }
  const bound = (side: Slice['lower']): ScalarExpr =>
    side === null ? literalOf(null, INT4) : coerce(state, binder.bind(side), INT4, 'assignment');
  return scalarCall(state, { name: '$slice', span: expr.span },
    [operand, ...slices.flatMap((each) => [bound(each.lower), bound(each.upper)])]);
}
