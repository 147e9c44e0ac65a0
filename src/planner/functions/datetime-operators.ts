/**
 * The operators + - * / over dates, times and intervals.
 *
 * The arithmetic is in common/types. What adds days or months to a timestamptz depends on the
 * session's time zone and is stable.
 */
import {
  addToDate, addToTime, addToTimestamp, addToTimestamptz, subDates, subFromTimestamp,
  subFromTimestamptz, subTimestamps,
} from '../../common/types/datetime-arithmetic.ts';
import {
  checkTimestamp, dateToTimestamp, isInfiniteDate,
} from '../../common/types/calendar.ts';
import {
  addInterval, divInterval, makeInterval, mulInterval, negateInterval, subInterval,
} from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { ScalarFunction } from './entry.ts';

/** Both orders of a sum. */
function sum(
  types: readonly [string, string, string], sample: readonly [string, string, string],
  code: (a: never, b: never) => Value,
): ScalarFunction[] {
  const [a, b, result] = types;
  const [first, second, value] = sample;
  const plain = code as unknown as (x: Value, y: Value) => Value;
  return [
    scalar({
      signature: `+(${a},${b}) -> ${result}`, doc: `Adds ${article(b)} to ${article(a)}.`,
      examples: [[`${first} + ${second}`, value]], evaluate: plain,
    }),
    scalar({
      signature: `+(${b},${a}) -> ${result}`, doc: `Adds ${article(b)} to ${article(a)}.`,
      examples: [[`${second} + ${first}`, value]], evaluate: (x: Value, y: Value) => plain(y, x),
    }),
  ];
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function dateAtTime(days: number, time: bigint): bigint {
  const midnight = dateToTimestamp(days);
  return isInfiniteDate(days) ? midnight : checkTimestamp(midnight + time);
}

const SUMS: readonly ScalarFunction[] = [
  ...sum(['date', 'int4', 'date'], [`date '2001-09-28'`, '7', '2001-10-05'], addToDate),
  ...sum(['date', 'interval', 'timestamp'],
    [`date '2001-09-28'`, `interval '1 hour'`, '2001-09-28 01:00:00'],
    (days: number, span: Interval) => addToTimestamp(dateToTimestamp(days), span)),
  ...sum(['date', 'time', 'timestamp'],
    [`date '2001-09-28'`, `time '03:00'`, '2001-09-28 03:00:00'], dateAtTime),
  ...sum(['timestamp', 'interval', 'timestamp'],
    [`timestamp '2001-01-31 01:00'`, `interval '1 month'`, '2001-02-28 01:00:00'],
    addToTimestamp),
  ...sum(['time', 'interval', 'time'], [`time '01:00'`, `interval '3 hours'`, '04:00:00'],
    addToTime),
  scalar({
    signature: '+(timestamptz,interval) -> timestamptz', volatility: 'stable',
    doc: 'Adds an interval to a timestamptz; months and days by the calendar of the time zone.',
    examples: [[`timestamptz '2001-01-31 01:00+00' + interval '1 month'`,
      '2001-02-28 01:00:00+00']],
    evaluateIn: (context, instant: bigint, span: Interval) =>
      addToTimestamptz(instant, span, context.timeZone),
  }),
  scalar({
    signature: '+(interval,timestamptz) -> timestamptz', volatility: 'stable',
    doc: 'Adds an interval to a timestamptz; months and days by the calendar of the time zone.',
    examples: [[`interval '1 day' + timestamptz '2001-01-31 01:00+00'`,
      '2001-02-01 01:00:00+00']],
    evaluateIn: (context, span: Interval, instant: bigint) =>
      addToTimestamptz(instant, span, context.timeZone),
  }),
];

const DIFFERENCES: readonly ScalarFunction[] = [
  scalar({
    signature: '-(date,date) -> int4', doc: 'The days between two dates.',
    examples: [[`date '2001-10-01' - date '2001-09-28'`, '3']], evaluate: subDates,
  }),
  scalar({
    signature: '-(date,int4) -> date', doc: 'Goes so many days back.',
    examples: [[`date '2001-10-01' - 7`, '2001-09-24']],
    evaluate: (days: number, count: number) => addToDate(days, -count),
  }),
  scalar({
    signature: '-(date,interval) -> timestamp', doc: 'Goes an interval back.',
    examples: [[`date '2001-09-28' - interval '1 hour'`, '2001-09-27 23:00:00']],
    evaluate: (days: number, span: Interval) => subFromTimestamp(dateToTimestamp(days), span),
  }),
  ...['timestamp', 'timestamptz'].map((type) => scalar({
    signature: `-(${type},${type}) -> interval`, doc: 'The days and time between two timestamps.',
    examples: [[`${type} '2001-09-29 03:00' - ${type} '2001-07-27 12:00'`, '63 days 15:00:00']],
    evaluate: subTimestamps,
  })),
  scalar({
    signature: '-(timestamp,interval) -> timestamp', doc: 'Goes an interval back.',
    examples: [[`timestamp '2001-09-28 23:00' - interval '23 hours'`, '2001-09-28 00:00:00']],
    evaluate: subFromTimestamp,
  }),
  scalar({
    signature: '-(timestamptz,interval) -> timestamptz', volatility: 'stable',
    doc: 'Goes an interval back; months and days by the calendar of the time zone.',
    examples: [[`timestamptz '2001-09-28 23:00+00' - interval '23 hours'`,
      '2001-09-28 00:00:00+00']],
    evaluateIn: (context, instant: bigint, span: Interval) =>
      subFromTimestamptz(instant, span, context.timeZone),
  }),
  scalar({
    signature: '-(time,time) -> interval', doc: 'The time between two times of day.',
    examples: [[`time '05:00' - time '03:00'`, '02:00:00']],
    evaluate: (a: bigint, b: bigint) => makeInterval(0, 0, a - b),
  }),
  scalar({
    signature: '-(time,interval) -> time', doc: 'Goes an interval back, around midnight.',
    examples: [[`time '05:00' - interval '6 hours'`, '23:00:00']],
    evaluate: (time: bigint, span: Interval) => addToTime(time, negateInterval(span)),
  }),
];

const INTERVALS: readonly ScalarFunction[] = [
  scalar({
    signature: '+(interval,interval) -> interval', doc: 'Adds two intervals.',
    examples: [[`interval '1 day' + interval '1 hour'`, '1 day 01:00:00']], evaluate: addInterval,
  }),
  scalar({
    signature: '-(interval,interval) -> interval', doc: 'Subtracts an interval.',
    examples: [[`interval '1 day' - interval '1 hour'`, '1 day -01:00:00']],
    evaluate: subInterval,
  }),
  scalar({
    signature: '-(interval) -> interval', doc: 'Turns an interval round.',
    examples: [[`- interval '23 hours'`, '-23:00:00']], evaluate: negateInterval,
  }),
  scalar({
    signature: '*(interval,float8) -> interval', doc: 'Multiplies an interval.',
    examples: [[`interval '1 hour' * 3.5`, '03:30:00']], evaluate: mulInterval,
  }),
  scalar({
    signature: '*(float8,interval) -> interval', doc: 'Multiplies an interval.',
    examples: [[`900 * interval '1 second'`, '00:15:00']],
    evaluate: (factor: number, span: Interval) => mulInterval(span, factor),
  }),
  scalar({
    signature: '/(interval,float8) -> interval', doc: 'Divides an interval.',
    examples: [[`interval '1 hour' / 1.5`, '00:40:00']], evaluate: divInterval,
  }),
];

/** Operators over dates, times and intervals. */
export const DATETIME_OPERATORS: readonly ScalarFunction[] = [
  ...SUMS, ...DIFFERENCES, ...INTERVALS,
];
