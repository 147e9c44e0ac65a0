/**
 * Time windows: TUMBLE, HOP, CUMULATE and SESSION in every spelling become one `window` node.
 *
 * Sizes are constant intervals without months. The time column is a timestamp column of the input,
 * by default the one with a watermark.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import { MICROS_PER_DAY } from '../common/types/interval.ts';
import type { Interval } from '../common/types/interval.ts';
import { requireZone } from '../common/types/time-zone.ts';
import type { Expr, FunctionCall, WindowTable } from '../parser/ast.ts';
import type { Binder } from './bind-context.ts';
import { INTERVAL, isTimestamp, typeText } from './bind-types.ts';
import { coerce, tryCoerce } from './coerce.ts';
import {
  notSupported, syntaxError, windowSizeInMonths, windowSizeNotPositive, windowTimeMissing,
  windowTimeType,
} from './errors.ts';
import { evaluateConstant } from './fold.ts';
import type { Relation, RelationColumn, ScalarExpr, WindowSpec } from './relation.ts';
import { NO_FACTS } from './scope.ts';
import type { ColumnFacts } from './scope.ts';

/** A relation with facts, before names. */
export interface Facted {
  readonly relation: Relation;
  readonly facts: readonly ColumnFacts[];
}

/** A constant interval as an Interval; 22023 when it is none. */
export function constantInterval(binder: Binder, expr: Expr, what: string): Interval {
  const { state } = binder;
  const bound = binder.bind(expr);
  const interval = tryCoerce(state, bound, INTERVAL, 'implicit');
  if (interval === null) {
    throw sqlError('42804', `${what} must be of type interval, not ${typeText(bound.type)}`, {
      span: expr.span,
    });
  }
  let value;
  try {
    value = evaluateConstant(interval, state.evaluation);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no constant')) {
      throw notSupported(`${what} that is no constant`, expr.span);
    }
    throw error;
  }
  if (value === null) throw sqlError('22004', `${what} must not be null`, { span: expr.span });
  return value as Interval;
}

/** An interval in microseconds; days have 24 hours, months are refused. */
export function intervalMicros(interval: Interval, what: string, span: Span): bigint {
  if (interval.months !== 0) throw windowSizeInMonths(what, span);
  return BigInt(interval.days) * MICROS_PER_DAY + interval.micros;
}

function positive(binder: Binder, expr: Expr | null, what: string, span: Span): bigint {
  if (expr === null) throw syntaxError(`window ${what} is missing`, span);
  const micros = intervalMicros(constantInterval(binder, expr, `window ${what}`), what, expr.span);
  if (micros <= 0n) throw windowSizeNotPositive(what, expr.span);
  return micros;
}

function offsetOf(binder: Binder, expr: Expr | null): bigint {
  if (expr === null) return 0n;
  return intervalMicros(constantInterval(binder, expr, 'window offset'), 'offset', expr.span);
}

/** What the spellings have in common. */
export interface WindowSyntax {
  readonly window: WindowTable['window'];
  readonly size: Expr | null;
  readonly slide: Expr | null;
  readonly gap: Expr | null;
  readonly longest: Expr | null;
  readonly offset: Expr | null;
  readonly timeZone: Expr | null;
  readonly span: Span;
}

/** The window with its sizes checked; session partitions are given by the caller. */
export function windowSpec(
  binder: Binder, syntax: WindowSyntax, partitionBy: readonly number[],
): WindowSpec {
  if (syntax.timeZone !== null) {
    return zonedSpec(plainSpec(binder, syntax, partitionBy), zoneOf(binder, syntax.timeZone),
      syntax.timeZone.span);
  }
  return plainSpec(binder, syntax, partitionBy);
}

function zoneOf(binder: Binder, expr: Expr): string {
  const bound = coerce(binder.state, binder.bind(expr), { name: 'text' }, 'implicit');
  const zone = evaluateConstant(bound, binder.state.evaluation);
  if (typeof zone !== 'string') {
    throw sqlError('22004', 'window time zone must not be null', { span: expr.span });
  }
  requireZone(zone);
  return zone;
}

/** Windows in a time zone are made of whole days, or are equal parts of one. */
function zonedSpec(spec: WindowSpec, zone: string, span: Span): WindowSpec {
  const refuse = (hint: string): never => {
    throw sqlError('0A000', 'windows in a time zone are whole days or equal parts of a day', {
      span, hint,
    });
  };
  const days = (micros: bigint): boolean => micros % MICROS_PER_DAY === 0n;
  const parts = (micros: bigint): boolean => MICROS_PER_DAY % micros === 0n;
  if (spec.kind === 'session' || spec.kind === 'zoned') {
    return refuse('Sessions do not depend on a time zone.');
  }
  if (!days(spec.offset)) refuse('Write an offset of whole days.');
  if (spec.kind === 'tumble') {
    if (!days(spec.size) && !parts(spec.size)) refuse('Write a size that divides 24 hours.');
    return { ...spec, kind: 'zoned', shape: 'tumble', step: spec.size, zone };
  }
  if (!days(spec.size)) refuse('Write a size of whole days.');
  if (spec.kind === 'hop') {
    if (!days(spec.slide)) refuse('Write a slide of whole days.');
    const { size, offset, slide } = spec;
    return { kind: 'zoned', shape: 'hop', step: slide, size, offset, zone };
  }
  if (!days(spec.step) && !parts(spec.step)) refuse('Write a step that divides 24 hours.');
  return { ...spec, kind: 'zoned', shape: 'cumulate', zone };
}

function plainSpec(
  binder: Binder, syntax: WindowSyntax, partitionBy: readonly number[],
): WindowSpec {
  const { span } = syntax;
  const offset = offsetOf(binder, syntax.offset);
  switch (syntax.window) {
    case 'tumble':
      return { kind: 'tumble', size: positive(binder, syntax.size, 'size', span), offset };
    case 'hop': {
      const slide = positive(binder, syntax.slide, 'slide', span);
      return { kind: 'hop', slide, size: positive(binder, syntax.size, 'size', span), offset };
    }
    case 'cumulate': {
      const step = positive(binder, syntax.slide, 'step', span);
      const size = positive(binder, syntax.size, 'size', span);
      if (size % step !== 0n) {
        throw sqlError('22023', 'CUMULATE size must be a multiple of its step', { span });
      }
      return { kind: 'cumulate', step, size, offset };
    }
    case 'session': return sessionSpec(binder, syntax, partitionBy);
  }
}

function sessionSpec(
  binder: Binder, { gap: gapExpr, longest: longestExpr, span }: WindowSyntax,
  partitionBy: readonly number[],
): WindowSpec {
  const gap = positive(binder, gapExpr, 'gap', span);
  if (longestExpr === null) return { kind: 'session', gap, partitionBy };
  const longest = positive(binder, longestExpr, 'longest duration', span);
  if (longest < gap) {
    throw sqlError('22023', 'the longest duration of a session must not be below its gap', {
      span: longestExpr.span,
    });
  }
  return { kind: 'session', gap, partitionBy, longest };
}

/** The number of an expression's column, appended to the input when it is computed. */
export function columnNumber(input: Facted, expr: ScalarExpr): {
  readonly input: Facted; readonly column: number;
} {
  if (expr.kind === 'column') return { input, column: expr.index };
  const { relation } = input;
  const name = `$key${relation.columns.length}`;
  const exprs = relation.columns.map((column, index): ScalarExpr => ({
    kind: 'column', index, type: column.type,
  }));
  return {
    column: relation.columns.length,
    input: {
      facts: [...input.facts, NO_FACTS],
      relation: {
        kind: 'project', input: relation, exprs: [...exprs, expr],
        columns: [...relation.columns, { name, type: expr.type }],
      },
    },
  };
}

/** The time column: the one named, or the one with a watermark. */
export function timeColumn(
  binder: Binder, input: Facted, wanted: { readonly expr: Expr | null; readonly what: string;
    readonly span: Span },
): { readonly input: Facted; readonly column: number } {
  if (wanted.expr === null) {
    const marked = input.facts.flatMap((fact, at) => (fact.watermark ? [at] : []));
    const column = marked[0];
    if (column === undefined) throw windowTimeMissing(wanted.what, wanted.span);
    return { input, column };
  }
  const bound = binder.bind(wanted.expr);
  if (isTimestamp(bound.type)) return columnNumber(input, bound);
  if (bound.type.name === 'date') {
    return columnNumber(input, coerce(binder.state, bound, { name: 'timestamp' }, 'implicit'));
  }
  throw windowTimeType(typeText(bound.type), wanted.expr.span);
}

/** Input columns ++ window_start, window_end, window_time. */
export function windowNode(
  input: Facted, window: WindowSpec, place: { readonly column: number; readonly grace: bigint },
): Facted {
  const time = must(input.relation.columns[place.column], 'time column');
  if (window.kind === 'zoned' && time.type.name !== 'timestamptz') {
    throw sqlError('42804', 'a window in a time zone needs a column of type timestamp with time '
      + `zone, not ${typeText(time.type)}`, {
      hint: `Write ts AT TIME ZONE '${window.zone}' as the time column.`,
    });
  }
  const watermark = input.facts[place.column]?.watermark ?? false;
  const token = {};
  const kind = window.kind === 'zoned' ? window.shape : window.kind;
  const fact = (role: 'start' | 'end' | 'time'): ColumnFacts => ({
    ...NO_FACTS, watermark, window: { role, kind, window: token },
  });
  const type = { name: time.type.name };
  const columns: RelationColumn[] = ['window_start', 'window_end', 'window_time']
    .map((name) => ({ name, type, notNull: true }));
  return {
    facts: [...input.facts, fact('start'), fact('end'), fact('time')],
    relation: {
      kind: 'window', input: input.relation, window, timeColumn: place.column,
      graceMicros: place.grace, columns: [...input.relation.columns, ...columns],
    },
  };
}

/** The grace period of a WINDOW clause in microseconds. */
export function graceOf(binder: Binder, expr: Expr | null): bigint {
  if (expr === null) return 0n;
  const micros = intervalMicros(constantInterval(binder, expr, 'grace period'), 'grace period',
    expr.span);
  if (micros < 0n) throw windowSizeNotPositive('grace period', expr.span);
  return micros;
}

const GROUP_WINDOW = /^(tumble|hop|cumulate|session)$/;

/** TUMBLE(ts, size), HOP(ts, slide, size), ... as a GROUP BY element; null for anything else. */
export function groupWindowSyntax(expr: Expr): (WindowSyntax & { readonly time: Expr }) | null {
  if (expr.kind !== 'functionCall' || expr.name.parts.length !== 1) return null;
  const name = expr.name.parts[0]?.name ?? '';
  if (!GROUP_WINDOW.test(name)) return null;
  const window = name as WindowTable['window'];
  const args = expr.args.map((arg) => arg.value);
  const wide = window === 'hop' || window === 'cumulate';
  checkCount(expr, args.length, wide);
  const time = must(args[0], 'time column');
  return {
    window, time, span: expr.span,
    slide: wide ? args[1] ?? null : null,
    size: window === 'session' ? null : args[wide ? 2 : 1] ?? null,
    gap: window === 'session' ? args[1] ?? null : null,
    longest: window === 'session' ? args[2] ?? null : null,
    offset: window === 'session' ? null : args[wide ? 3 : 2] ?? null, timeZone: null,
  };
}

function checkCount(expr: FunctionCall, count: number, wide: boolean): void {
  if (count >= (wide ? 3 : 2) && count <= (wide ? 4 : 3)) return;
  const name = (expr.name.parts[0]?.name ?? '').toUpperCase();
  throw syntaxError(`${name} in GROUP BY takes a time column and ${wide ? 'two sizes' : 'a size'}`,
    expr.span);
}
