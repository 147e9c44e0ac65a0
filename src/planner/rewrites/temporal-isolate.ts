/**
 * Brings now() to one side of a comparison: what stands around it is taken over to the other side.
 *
 * Sums and differences of times, dates, intervals and numbers; casts, date_trunc and dates, which
 * round now() down; `extract(epoch FROM ...)`; age() where no month is involved; multiples. Every
 * step is exact: a bound is reached at the microsecond at which the comparison changes.
 */
import { must } from '../../common/assert.ts';
import { intervalTotalMicros, makeInterval, MICROS_PER_DAY } from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import { sameType } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { formatNumeric, parseNumeric } from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { call, literal, mapChildren, someExpr } from '../expr-tools.ts';
import { swapped } from '../function-facts.ts';
import type { ComparisonOp } from '../function-facts.ts';
import type { ScalarExpr } from '../relation.ts';
import { untruncated } from './temporal-bounds.ts';

const TEXT: SqlType = { name: 'text' };
const DATE: SqlType = { name: 'date' };
const INTERVAL: SqlType = { name: 'interval' };
const FLOAT8: SqlType = { name: 'float8' };
const TIMESTAMPTZ: SqlType = { name: 'timestamptz' };
const SECOND = literal(makeInterval(0, 0, 1_000_000n), INTERVAL);
/** Below so many days age() counts no months. */
const AGE_DAYS = 28n;

/** now() op bound. */
export interface NowBound {
  readonly op: ComparisonOp;
  readonly bound: ScalarExpr;
}

/** True when now() occurs. */
export function hasNow(expr: ScalarExpr): boolean {
  return someExpr(expr, (node) => node.kind === 'now');
}

/** age(ts) is age(current_date, ts): its now() is made plain. */
export function withoutImplicitNow(expr: ScalarExpr): ScalarExpr {
  const mapped = mapChildren(expr, withoutImplicitNow);
  const name = mapped.kind !== 'call' ? ''
    : /^age\((timestamp|timestamptz)\)$/.exec(mapped.function)?.[1] ?? '';
  if (mapped.kind !== 'call' || (name !== 'timestamp' && name !== 'timestamptz')) return mapped;
  const today = cast(cast({ kind: 'now', type: TIMESTAMPTZ }, DATE), { name });
  return call(`age(${name},${name})`, [today, ...mapped.args], INTERVAL);
}

/** Takes what stands around now() over to the other side; null where that cannot be done. */
export function isolate(side: ScalarExpr, to: NowBound): NowBound | null {
  if (side.kind === 'now') return to;
  if (side.kind === 'cast') return isolateCast(side, to);
  if (side.kind !== 'call') return null;
  const [a, b] = side.args;
  const name = side.function.slice(0, side.function.indexOf('('));
  if (a === undefined) return null;
  if (name === '-' && b === undefined) return isolate(a, turned(negative(to)));
  if (b === undefined) return null;
  switch (name) {
    case 'date_trunc': {
      const whole = side.args.length > 2 ? null : untruncated(a, to.op, to.bound);
      return whole === null ? null : isolate(b, whole);
    }
    case 'extract': case 'date_part': return isolateEpoch(a, b, to);
    case 'age': return shorterThanMonths(to.bound) ? isolateDifference(a, b, to) : null;
    case 'timezone': return isolateUtc(a, b, to);
    case '+': return hasNow(a) ? isolateSum(a, b, to) : isolateSum(b, a, to);
    case '-': return isolateMinus(side.type, [a, b], to);
    case '*': return hasNow(a) ? isolateMultiple(a, b, '/', to) : isolateMultiple(b, a, '/', to);
    case '/': return hasNow(a) ? isolateMultiple(a, b, '*', to) : null;
    default: return null;
  }
}

/** x + b op c: x op c - b. */
function isolateSum(x: ScalarExpr, b: ScalarExpr, { op, bound }: NowBound): NowBound | null {
  const less = difference(bound, b, x.type);
  return less === null ? null : isolate(x, { op, bound: less });
}

function isolateMinus(
  type: SqlType, [a, b]: readonly [ScalarExpr, ScalarExpr], to: NowBound,
): NowBound | null {
  const times = ['timestamp', 'timestamptz', 'date'];
  if (times.includes(a.type.name) && times.includes(b.type.name)) {
    return isolateDifference(a, b, to);
  }
  if (hasNow(a)) {
    const more = sum(to.bound, b, a.type);
    return more === null ? null : isolate(a, { op: to.op, bound: more });
  }
  const rest = sameType(a.type, type) ? difference(a, to.bound, b.type) : null;
  return rest === null ? null : isolate(b, turned({ op: to.op, bound: rest }));
}

/** now() - ts op i: now() op ts + i. ts - now() op i: now() op' ts - i. */
function isolateDifference(a: ScalarExpr, b: ScalarExpr, to: NowBound): NowBound | null {
  const other = hasNow(a) ? sum(b, to.bound, a.type) : difference(a, to.bound, b.type);
  if (other === null) return null;
  return hasNow(a) ? isolate(a, { op: to.op, bound: other })
    : isolate(b, turned({ op: to.op, bound: other }));
}

/** extract(epoch FROM x) op n: x op to_timestamp(n), or an interval of n seconds. */
function isolateEpoch(unit: ScalarExpr, x: ScalarExpr, { op, bound }: NowBound): NowBound | null {
  if (unit.kind !== 'literal' || unit.value !== 'epoch') return null;
  const seconds = cast(bound, FLOAT8);
  if (x.type.name === 'timestamptz') {
    return isolate(x, { op, bound: call('to_timestamp(float8)', [seconds], TIMESTAMPTZ) });
  }
  // The seconds of an age count a year as 365.25 days; those of a difference have no years.
  const plain = x.kind === 'call' && x.function.startsWith('-(timestamp');
  if (x.type.name !== 'interval' || !plain) return null;
  return isolate(x, { op, bound: call('*(interval,float8)', [SECOND, seconds], INTERVAL) });
}

/** now() AT TIME ZONE 'UTC'; in other zones clocks are turned back now and then. */
function isolateUtc(zone: ScalarExpr, x: ScalarExpr, { op, bound }: NowBound): NowBound | null {
  const isUtc = zone.kind === 'literal' && typeof zone.value === 'string'
    && ['utc', 'gmt', 'etc/utc'].includes(zone.value.toLowerCase());
  if (!isUtc || x.type.name !== 'timestamptz') return null;
  if (bound.type.name === 'timestamptz') return isolate(x, { op, bound });
  if (bound.type.name !== 'timestamp') return null;
  return isolate(x, { op, bound: call('timezone(text,timestamp)', [zone, bound], TIMESTAMPTZ) });
}

/** x * k op b: x op b / k; for positive constants k, of numbers: intervals would be rounded. */
function isolateMultiple(
  x: ScalarExpr, factor: ScalarExpr, inverse: '*' | '/', { op, bound }: NowBound,
): NowBound | null {
  if (!isPositive(factor) || !sameType(x.type, bound.type)) return null;
  const { name } = x.type;
  if ((name !== 'numeric' && name !== 'float8') || !sameType(factor.type, x.type)) return null;
  const moved = call(`${inverse}(${name},${name})`, [bound, factor], x.type);
  return isolate(x, { op, bound: moved });
}

function isPositive(expr: ScalarExpr): boolean {
  if (expr.kind === 'cast') return isPositive(expr.arg);
  if (expr.kind !== 'literal' || expr.value === null) return false;
  const { value } = expr;
  return typeof value === 'number' ? value > 0 : typeof value === 'bigint' ? value > 0n
    : expr.type.name === 'numeric' && Number(formatNumeric(value as Numeric)) > 0;
}

/** Casts keep the order of moments: between times, down to a date, to a whole number of seconds. */
function isolateCast(side: ScalarExpr & { kind: 'cast' }, to: NowBound): NowBound | null {
  const from = side.arg.type.name;
  const times = ['timestamp', 'timestamptz'];
  if (times.includes(from)) {
    const bound = cast(to.bound, side.arg.type);
    if (times.includes(side.type.name)) return isolate(side.arg, { op: to.op, bound });
    if (side.type.name !== 'date') return null;
    const whole = untruncated(literal('day', TEXT), to.op, bound);
    return whole === null ? null : isolate(side.arg, whole);
  }
  if (from === 'date' && times.includes(side.type.name)) return isolateDate(side, to);
  const whole = ['int4', 'int8'].includes(side.type.name);
  if (whole && (from === 'numeric' || from === 'float8')) return isolateRounded(side, to);
  if (from === 'numeric' && side.type.name === 'float8') {
    return isolate(side.arg, { op: to.op, bound: cast(to.bound, side.arg.type) });
  }
  return null;
}

/** A date as a time: as the day's first moment. */
function isolateDate(side: ScalarExpr & { kind: 'cast' }, to: NowBound): NowBound | null {
  const { arg } = side;
  return arg.kind === 'cast' && ['timestamp', 'timestamptz'].includes(arg.arg.type.name)
    ? isolateTruncated(arg.arg, to) : null;
}

function isolateTruncated(moment: ScalarExpr, to: NowBound): NowBound | null {
  const whole = untruncated(literal('day', TEXT), to.op, cast(to.bound, moment.type));
  return whole === null ? null : isolate(moment, whole);
}

/** round(x) op n, for x above 0: halves go up. */
function isolateRounded(side: ScalarExpr & { kind: 'cast' }, to: NowBound): NowBound | null {
  const { type } = side.arg;
  const half = type.name === 'float8' ? literal(0.5, FLOAT8)
    : literal(parseNumeric('0.5'), type);
  const up = to.op === '<=' || to.op === '>';
  if (to.op === '=' || to.op === '<>') return null;
  const bound = call(`${up ? '+' : '-'}(${type.name},${type.name})`,
    [cast(to.bound, type), half], type);
  return isolate(side.arg, { op: to.op === '<' || to.op === '<=' ? '<' : '>=', bound });
}

function shorterThanMonths(expr: ScalarExpr): boolean {
  if (expr.kind !== 'literal' || expr.value === null) return false;
  const interval = expr.value as Interval;
  const micros = intervalTotalMicros(interval);
  const most = AGE_DAYS * MICROS_PER_DAY;
  return interval.months === 0 && micros < most && micros > -most;
}

function negative({ op, bound }: NowBound): NowBound {
  const { type } = bound;
  return { op, bound: call(`-(${type.name})`, [bound], type) };
}

function turned({ op, bound }: NowBound): NowBound {
  return { op: must(swapped({ op, left: SECOND, right: SECOND }).op, 'comparison'), bound };
}

function cast(arg: ScalarExpr, type: SqlType): ScalarExpr {
  return sameType(arg.type, type) ? arg : { kind: 'cast', arg, type, context: 'implicit' };
}

/** a + b as a value of (or comparable with) a type, or null. */
function sum(a: ScalarExpr, b: ScalarExpr, type: SqlType): ScalarExpr | null {
  return arithmetic('+', a, b, type);
}

function difference(a: ScalarExpr, b: ScalarExpr, type: SqlType): ScalarExpr | null {
  return arithmetic('-', a, b, type);
}

const NUMBERS = ['int2', 'int4', 'int8', 'numeric', 'float8'];

function arithmetic(
  op: '+' | '-', a: ScalarExpr, b: ScalarExpr, type: SqlType,
): ScalarExpr | null {
  if (b.type.name === 'interval' && a.type.name === 'interval') {
    return call(`${op}(interval,interval)`, [a, b], INTERVAL);
  }
  if (b.type.name === 'interval') {
    if (!['timestamp', 'timestamptz', 'date'].includes(a.type.name)) return null;
    const at = a.type.name === 'date' ? cast(a, { name: 'timestamp' }) : a;
    return call(`${op}(${at.type.name},interval)`, [at, b], at.type);
  }
  if (a.type.name === 'date' && ['int2', 'int4'].includes(b.type.name)) {
    return call(`${op}(date,int4)`, [a, cast(b, { name: 'int4' })], DATE);
  }
  if (!NUMBERS.includes(type.name) || !NUMBERS.includes(b.type.name)
    || NUMBERS.indexOf(b.type.name) > NUMBERS.indexOf(type.name)
    || !sameType(a.type, type)) return null;
  return call(`${op}(${type.name},${type.name})`, [a, cast(b, type)], type);
}
