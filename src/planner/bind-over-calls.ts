/**
 * Window function calls: f(...) OVER (...), with named windows and frames.
 *
 * Registers each call with the scope; bind-over.ts makes the nodes. Frame offsets are constants.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import { compareInterval, ZERO_INTERVAL } from '../common/types/interval.ts';
import { compareValues, parseValue } from '../common/types/registry.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { FunctionCall, WindowFrame, WindowSpec } from '../parser/ast.ts';
import type { FrameBound as FrameBoundSyntax } from '../parser/ast.ts';
import type { WindowName } from '../parser/ast-leaves.ts';
import { callSite, callText, coerceArguments, functionChoice } from './bind-call-tools.ts';
import { functionsNamed } from './bind-functions.ts';
import type { Binder, Clause } from './bind-context.ts';
import { sortsDescending, sortsNullsFirst } from './bind-sorting.ts';
import { categoryOf, INT8, INTERVAL } from './bind-types.ts';
import { coerce, coerceBoolean, literalOf, settle, tryCoerce } from './coerce.ts';
import { functionNotFound, notSupported, windowsNotAllowed } from './errors.ts';
import { evaluateConstant } from './fold.ts';
import { isVolatile } from './function-facts.ts';
import type { Frame, FrameBound, ScalarExpr } from './relation.ts';
import { keyOf } from './scalar.ts';
import { OVER_BASE } from './scope.ts';
import type { OverSpec, PendingOver, Scope } from './scope.ts';

const OVER_CLAUSES: ReadonlySet<Clause> = new Set<Clause>(['SELECT', 'ORDER BY', 'DISTINCT ON']);

/** PostgreSQL's default frame. */
export const DEFAULT_FRAME: Frame = {
  mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' },
  exclude: 'none',
};

/** f(...) OVER (...) */
export function bindOverCall(binder: Binder, expr: FunctionCall, name: string): ScalarExpr {
  const { scope, state } = binder;
  checkPlace(binder, expr, name);
  const inner = binder.within('window');
  const args = expr.star ? [] : expr.args.map((arg) => inner.bind(arg.value));
  const site = callSite(state, expr);
  const choice = functionChoice(site, args, ['window'])
    ?? functionChoice(site, args, ['aggregate']);
  if (choice === null) {
    const known = functionsNamed(state, name, site.schema);
    if (known.some((entry) => entry.kind === 'scalar' || entry.kind === 'table')) {
      throw sqlError('42809', `OVER specified, but ${name} is not a window function nor an `
        + 'aggregate function', { span: expr.span });
    }
    throw functionNotFound(callText(name, args), expr.span);
  }
  if (expr.filter !== null && choice.entry.kind === 'window') {
    throw sqlError('0A000', 'FILTER is not implemented for non-aggregate window functions', {
      span: expr.span,
    });
  }
  const over = must(expr.over, 'OVER');
  const spec = specOf(binder, over);
  const filter = expr.filter === null ? null
    : coerceBoolean(state, binder.within('FILTER').bind(expr.filter), 'FILTER');
  return registered(scope, {
    spec,
    call: {
      function: choice.entry.id, args: coerceArguments(state, args, choice), filter,
      ignoreNulls: expr.nulls === 'ignore', frame: spec.frame ?? DEFAULT_FRAME,
      type: choice.result,
    },
  });
}

/** The column of a call; the same call over the same window is made once. */
function registered({ overs }: Scope, made: PendingOver): ScalarExpr {
  const key = keyOf(made);
  const varies = made.call.args.some(isVolatile);
  const same = varies ? -1 : overs.findIndex((other) => keyOf(other) === key);
  const at = same < 0 ? overs.push(made) - 1 : same;
  return { kind: 'column', index: OVER_BASE + at, type: made.call.type };
}

function checkPlace(binder: Binder, expr: FunctionCall, name: string): void {
  const { clause } = binder;
  if (clause === 'window') {
    throw sqlError('42P20', 'window function calls cannot be nested', { span: expr.span });
  }
  if (clause === 'aggregate') {
    throw sqlError('42803', 'aggregate function calls cannot contain window function calls', {
      span: expr.span,
    });
  }
  if (!OVER_CLAUSES.has(clause)) {
    throw windowsNotAllowed(clause === 'FROM' ? 'functions in FROM' : clause, expr.span);
  }
  if (expr.distinct) {
    throw sqlError('0A000', 'DISTINCT is not implemented for window functions', {
      span: expr.span,
    });
  }
  if (expr.orderBy.length > 0) {
    throw sqlError('0A000', 'aggregate ORDER BY is not implemented for window functions', {
      span: expr.span,
    });
  }
  if (expr.withinGroup.length > 0) {
    throw sqlError('0A000', `OVER is not supported for ordered-set aggregate ${name}`, {
      span: expr.span,
    });
  }
}

function specOf(binder: Binder, over: WindowSpec | WindowName): OverSpec {
  const spec = over.kind === 'windowName' ? namedWindow(binder, over.name.name, over.span)
    : inherit(binder, over);
  const inner = binder.within('window definitions');
  const orderBy = spec.orderBy.map((item) => ({
    expr: settle(binder.state, inner.bind(item.expr)),
    descending: sortsDescending(item), nullsFirst: sortsNullsFirst(item),
  }));
  return {
    orderBy,
    partitionBy: spec.partitionBy.map((each) => settle(binder.state, inner.bind(each))),
    frame: spec.frame === null ? null : bindFrame(inner, spec.frame, orderBy),
  };
}

function namedWindow(binder: Binder, name: string, span: WindowSpec['span']): WindowSpec {
  const found = binder.scope.namedWindows.find((each) => each.name.name === name);
  if (found === undefined) {
    throw sqlError('42704', `window "${name}" does not exist`, { span });
  }
  return inherit(binder, found.spec);
}

/** A spec with what it takes from the window it names as its base. */
function inherit(binder: Binder, spec: WindowSpec): WindowSpec {
  if (spec.base === null) return spec;
  const { name } = spec.base;
  const base = namedWindow(binder, name, spec.base.span);
  if (spec.partitionBy.length > 0) {
    throw sqlError('42P20', `cannot override PARTITION BY clause of window "${name}"`, {
      span: spec.span,
    });
  }
  if (spec.orderBy.length > 0 && base.orderBy.length > 0) {
    throw sqlError('42P20', `cannot override ORDER BY clause of window "${name}"`, {
      span: spec.span,
    });
  }
  if (base.frame !== null) {
    throw sqlError('42P20', `cannot copy window "${name}" because it has a frame clause`, {
      span: spec.span,
    });
  }
  return {
    ...spec, partitionBy: base.partitionBy,
    orderBy: spec.orderBy.length > 0 ? spec.orderBy : base.orderBy,
  };
}

// ------------------------------------------------------------------------------------- frames

const BOUND_RANK: Readonly<Record<FrameBoundSyntax['bound'], number>> = {
  unboundedPreceding: 0, preceding: 1, currentRow: 2, following: 3, unboundedFollowing: 4,
};

function bindFrame(binder: Binder, frame: WindowFrame, orderBy: OverSpec['orderBy']): Frame {
  if (frame.unit === 'session') {
    throw notSupported('a SESSION frame', frame.span, 'Use SESSION(t, ts, gap) in FROM.');
  }
  const end = frame.end ?? { ...frame.start, bound: 'currentRow' as const, offset: null };
  checkBounds(frame, end);
  const offsets = frame.start.offset !== null || end.offset !== null;
  if (frame.unit === 'range' && offsets && orderBy.length !== 1) {
    throw sqlError('42P20',
      'RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column',
      { span: frame.span });
  }
  if (frame.unit === 'groups' && orderBy.length === 0) {
    throw sqlError('42P20', 'GROUPS mode requires an ORDER BY clause', { span: frame.span });
  }
  const type = frame.unit === 'range' && offsets
    ? offsetType(must(orderBy[0], 'sort key').expr.type, frame) : INT8;
  const bound = (side: FrameBoundSyntax, what: string): FrameBound =>
    bindBound(binder, side, { type, what });
  return {
    mode: frame.unit, start: bound(frame.start, 'starting'), end: bound(end, 'ending'),
    exclude: frame.exclude === null || frame.exclude === 'noOthers' ? 'none' : frame.exclude,
  };
}

function checkBounds(frame: WindowFrame, end: FrameBoundSyntax): void {
  const problem = frame.start.bound === 'unboundedFollowing'
    ? 'frame start cannot be UNBOUNDED FOLLOWING'
    : end.bound === 'unboundedPreceding' ? 'frame end cannot be UNBOUNDED PRECEDING'
    : frame.end === null && frame.start.bound === 'following'
      ? 'frame starting from following row cannot end with current row'
    : BOUND_RANK[frame.start.bound] <= BOUND_RANK[end.bound] ? null
    : frame.start.bound === 'currentRow'
      ? 'frame starting from current row cannot have preceding rows'
    : `frame starting from following row cannot ${end.bound === 'currentRow'
      ? 'end with current row' : 'have preceding rows'}`;
  if (problem !== null) throw sqlError('42P20', problem, { span: frame.span });
}

/** What an offset over a sort column of this type must be. */
function offsetType(type: SqlType, frame: WindowFrame): SqlType {
  switch (type.name) {
    case 'int2': case 'int4': case 'int8': case 'numeric': return type;
    case 'float4': case 'float8': return { name: 'float8' };
    case 'date': case 'time': case 'timestamp': case 'timestamptz': case 'interval':
      return INTERVAL;
    default:
      throw sqlError('0A000', 'RANGE with offset PRECEDING/FOLLOWING is not supported for column '
        + `type ${type.name}`, { span: frame.span });
  }
}

function bindBound(
  binder: Binder, side: FrameBoundSyntax, wanted: { readonly type: SqlType; readonly what: string },
): FrameBound {
  switch (side.bound) {
    case 'unboundedPreceding': case 'currentRow': case 'unboundedFollowing':
      return { kind: side.bound };
    default: return { kind: side.bound, offset: frameOffset(binder, side, wanted) };
  }
}

function frameOffset(
  binder: Binder, side: FrameBoundSyntax, wanted: { readonly type: SqlType; readonly what: string },
): ScalarExpr {
  const { state } = binder;
  const syntax = must(side.offset, 'frame offset');
  const bound = binder.bind(syntax);
  const offset = tryCoerce(state, bound, wanted.type, 'assignment');
  if (offset === null) {
    throw sqlError('42804', `argument of RANGE must be type ${wanted.type.name}, not type `
      + bound.type.name, { span: syntax.span });
  }
  let value: Value;
  try {
    value = evaluateConstant(offset, state.evaluation);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no constant')) {
      throw notSupported('a frame offset that is no constant', syntax.span);
    }
    throw error;
  }
  if (value === null) {
    throw sqlError('22004', `frame ${wanted.what} offset must not be null`, { span: syntax.span });
  }
  if (isNegative(value, wanted.type)) {
    throw sqlError('22013', wanted.type.name === 'int8'
      ? `frame ${wanted.what} offset must not be negative`
      : 'invalid preceding or following size in window function', { span: syntax.span });
  }
  return coerce(state, literalOf(value, wanted.type), wanted.type, 'implicit');
}

function isNegative(value: Value, type: SqlType): boolean {
  if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'interval') {
    return compareInterval(value, ZERO_INTERVAL) < 0;
  }
  return categoryOf(type) === 'N' && compareValues(value, parseValue('0', type), type) < 0;
}
