/**
 * The OVERLAPS predicate: (start, end) OVERLAPS (start, end), ends also given as lengths.
 *
 * Periods are half-open, their ends in either order, a missing end taken as unknown; the rules are
 * PostgreSQL's.
 */
import { addToTime, addToTimestamp, addToTimestamptz }
  from '../../common/types/datetime-arithmetic.ts';
import type { Interval } from '../../common/types/interval.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';

type Moment = bigint | null;

interface Period {
  readonly start: Moment;
  readonly end: Moment;
}

/** Start first; when only one is known it is the start. */
function ordered(start: Moment, end: Moment): Period {
  if (start === null) return { start: end, end: null };
  return end !== null && start > end ? { start: end, end: start } : { start, end };
}

function overlap(first: Period, second: Period): boolean | null {
  if (first.start === null || second.start === null) return null;
  if (first.start === second.start) {
    return first.end === null || second.end === null ? null : true;
  }
  const [early, late] = first.start < second.start ? [first, second] : [second, first];
  if (early.end === null) return null;
  if (late.start !== null && late.start < early.end) return true;
  return late.end === null ? null : false;
}

type Shift = (context: EvaluationContext, start: bigint, span: Interval) => bigint;

interface OverlapType {
  readonly type: string;
  readonly sample: (text: string) => string;
  readonly stable: boolean;
  readonly shift: Shift;
}

const TYPES: readonly OverlapType[] = [
  {
    type: 'timestamp', stable: false, sample: (hour) => `timestamp '2001-02-16 ${hour}:00'`,
    shift: (_context, start, span) => addToTimestamp(start, span),
  },
  {
    type: 'timestamptz', stable: true, sample: (hour) => `timestamptz '2001-02-16 ${hour}:00+00'`,
    shift: (context, start, span) => addToTimestamptz(start, span, context.timeZone),
  },
  {
    type: 'time', stable: false, sample: (hour) => `time '${hour}:00'`,
    shift: (_context, start, span) => addToTime(start, span),
  },
];

function endOf(
  of: OverlapType, context: EvaluationContext, period: readonly [Value, Value],
): Period {
  const start = typeof period[0] === 'bigint' ? period[0] : null;
  const end = period[1];
  if (end === null || typeof end === 'bigint') return ordered(start, end);
  // A length without a start says nothing.
  return ordered(start, start === null ? null : of.shift(context, start, end as Interval));
}

function entry(of: OverlapType, firstSpan: boolean, secondSpan: boolean): ScalarFunction {
  const types = [of.type, firstSpan ? 'interval' : of.type, of.type,
    secondSpan ? 'interval' : of.type];
  const end = (span: boolean, hour: string): string =>
    (span ? `interval '2 hours'` : of.sample(hour));
  return scalar({
    signature: `overlaps(${types.join(',')}) -> boolean`, nulls: 'called',
    doc: 'True when two periods have a moment in common: (a, b) OVERLAPS (c, d).',
    volatility: of.stable ? 'stable' : 'immutable',
    examples: [[`overlaps(${of.sample('10')}, ${end(firstSpan, '12')}, ${of.sample('11')}, `
      + `${end(secondSpan, '13')})`, 'true']],
    evaluateIn: (context: EvaluationContext, ...args: [Value, Value, Value, Value]) =>
      overlap(endOf(of, context, [args[0], args[1]]), endOf(of, context, [args[2], args[3]])),
  });
}

/** The overlaps functions. */
export const OVERLAPS: readonly ScalarFunction[] = TYPES.flatMap((of) => [
  entry(of, false, false), entry(of, false, true), entry(of, true, false), entry(of, true, true),
]);
