/**
 * Date and time functions: truncation, bins, fields, age, makers, zones, justification.
 *
 * The calculations are in common/types/datetime-*; formatting with templates is in
 * datetime-templates.ts. What reads the session's time zone or the current time is stable.
 */
import { sqlError } from '../../common/errors.ts';
import {
  age, ageInZone, binTimestamp, makeDate, makeTime, makeTimestamp, timestampAtZone,
  timestampOfSeconds, timestamptzAtZone, truncInterval, truncTimestamp, truncTimestamptz,
} from '../../common/types/datetime-arithmetic.ts';
import {
  extractDate, extractInterval, extractTime, extractTimestamp, extractTimestamptz,
} from '../../common/types/datetime-extract.ts';
import {
  dateToTimestamp, isInfiniteDate, isInfiniteTimestamp, splitTimestamp,
} from '../../common/types/calendar.ts';
import { formatInterval } from '../../common/types/interval-format.ts';
import {
  addInterval, intervalOutOfRange, justifyDays, justifyHours, justifyInterval, makeInterval,
} from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import { numericToFloat8 } from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { requireZone, utcToLocal } from '../../common/types/time-zone.ts';
import type { Zone } from '../../common/types/time-zone.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import { roundHalfEven } from './casts.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';
import { timestampToTimestamptz } from './time-casts.ts';

const TRUNCATION: readonly ScalarFunction[] = [
  scalar({
    signature: 'date_trunc(text,timestamp) -> timestamp', doc: 'Truncates to a unit.',
    examples: [[`date_trunc('hour', timestamp '2001-02-16 20:38:40')`, '2001-02-16 20:00:00']],
    evaluate: truncTimestamp,
  }),
  scalar({
    signature: 'date_trunc(text,timestamptz) -> timestamptz', volatility: 'stable',
    doc: 'Truncates to a unit in the session\'s time zone.',
    examples: [[`date_trunc('day', timestamptz '2001-02-16 20:38:40+00')`,
      '2001-02-16 00:00:00+00']],
    evaluateIn: (context, unit: string, instant: bigint) =>
      truncTimestamptz(unit, instant, context.timeZone),
  }),
  scalar({
    signature: 'date_trunc(text,timestamptz,text) -> timestamptz',
    doc: 'Truncates to a unit in a time zone.',
    examples: [[`date_trunc('day', timestamptz '2001-02-16 20:38:40+00', 'Australia/Sydney')`,
      '2001-02-16 13:00:00+00']],
    evaluate: truncTimestamptz,
  }),
  scalar({
    signature: 'date_trunc(text,interval) -> interval', doc: 'Truncates to a unit.',
    examples: [[`date_trunc('hour', interval '2 days 3 hours 40 minutes')`, '2 days 03:00:00']],
    evaluate: truncInterval,
  }),
  ...['timestamp', 'timestamptz'].map((type) => scalar({
    signature: `date_bin(interval,${type},${type}) -> ${type}`,
    doc: 'The start of the interval, aligned to an origin, that a timestamp lies in.',
    examples: [[`date_bin('15 minutes', ${type} '2020-02-11 15:44:17', ${type} '2001-01-01')`,
      `2020-02-11 15:30:00${type === 'timestamptz' ? '+00' : ''}`]],
    evaluate: binTimestamp,
  })),
];

type Extractor = (context: EvaluationContext, unit: string, value: never) => Numeric | null;

interface FieldSource {
  readonly type: string;
  readonly stable?: boolean;
  readonly sample: readonly [field: string, value: string, result: string, float: string];
  readonly extract: Extractor;
  /** date_part of a date is that of its midnight. */
  readonly part?: Extractor;
}

const FIELD_SOURCES: readonly FieldSource[] = [
  {
    type: 'date', sample: ['year', '2001-02-16', '2001', '2001'],
    extract: (_context, unit, days: number) => extractDate(unit, days),
    part: (_context, unit, days: number) => extractTimestamp(unit, dateToTimestamp(days)),
  },
  {
    type: 'timestamp', sample: ['second', '2001-02-16 20:38:40.5', '40.500000', '40.5'],
    extract: (_context, unit, value: bigint) => extractTimestamp(unit, value),
  },
  {
    type: 'timestamptz', stable: true,
    sample: ['hour', '2001-02-16 20:38:40+00', '20', '20'],
    extract: (context, unit, value: bigint) =>
      extractTimestamptz(unit, value, context.timeZone),
  },
  {
    type: 'time', sample: ['minute', '20:38:40', '38', '38'],
    extract: (_context, unit, value: bigint) => extractTime(unit, value),
  },
  {
    type: 'interval', sample: ['epoch', '5 days 3 hours', '442800.000000', '442800'],
    extract: (_context, unit, value: Interval) => extractInterval(unit, value),
  },
];

const FIELDS: readonly ScalarFunction[] = FIELD_SOURCES.flatMap((source) => {
  const { type, sample: [field, value, result, float] } = source;
  const volatility = source.stable === true ? 'stable' : 'immutable';
  const part = (source.part ?? source.extract) as unknown as
    (context: EvaluationContext, unit: string, value: Value) => Numeric | null;
  return [
    scalar({
      signature: `extract(text,${type}) -> numeric`, volatility,
      doc: 'A field such as year, hour or epoch: extract(field from value).',
      examples: [[`extract(${field} from ${type} '${value}')`, result]],
      evaluateIn: source.extract as (context: EvaluationContext, ...args: never[]) => Value,
    }),
    scalar({
      signature: `date_part(text,${type}) -> float8`, volatility,
      doc: 'A field such as year, hour or epoch.',
      examples: [[`date_part('${field}', ${type} '${value}')`, float]],
      evaluateIn: (context: EvaluationContext, unit: string, of: Value) => {
        const found = part(context, unit, of);
        return found === null ? null : numericToFloat8(found);
      },
    }),
  ];
});

/** Midnight of the current day in the session's zone, as local time. */
function today(context: EvaluationContext): bigint {
  const { days } = splitTimestamp(utcToLocal(context.timeZone, context.now));
  return dateToTimestamp(days);
}

const AGES: readonly ScalarFunction[] = [
  scalar({
    signature: 'age(timestamp,timestamp) -> interval',
    doc: 'The difference in years, months, days and time.',
    examples: [[`age(timestamp '2001-04-10', timestamp '1957-06-13')`,
      '43 years 9 mons 27 days']],
    evaluate: age,
  }),
  scalar({
    signature: 'age(timestamptz,timestamptz) -> interval', volatility: 'stable',
    doc: 'The difference in years, months, days and time.',
    examples: [[`age(timestamptz '2001-04-10', timestamptz '1957-06-13')`,
      '43 years 9 mons 27 days']],
    evaluateIn: (context, a: bigint, b: bigint) => ageInZone(a, b, context.timeZone),
  }),
  scalar({
    signature: 'age(timestamp) -> interval', volatility: 'stable',
    doc: 'The difference between the start of the current day and a timestamp.',
    examples: [[`age(current_date::timestamp)`, '00:00:00']],
    evaluateIn: (context, value: bigint) => age(today(context), value),
  }),
  scalar({
    signature: 'age(timestamptz) -> interval', volatility: 'stable',
    doc: 'The difference between the start of the current day and a timestamp.',
    examples: [[`age(current_date::timestamptz)`, '00:00:00']],
    evaluateIn: (context, value: bigint) =>
      ageInZone(timestampToTimestamptz(today(context), context.timeZone), value,
        context.timeZone),
  }),
];

/** Infinity has the same clock everywhere, even where there is no such zone. */
function isEndless(time: bigint): boolean {
  return time === 2n ** 63n - 1n || time === -(2n ** 63n);
}

/** The zone of an interval: hours and minutes east of Greenwich. */
export function intervalZone(span: Interval): Zone {
  if (span.months !== 0 || span.days !== 0) {
    throw sqlError('22023',
      `interval time zone "${formatInterval(span)}" must not include months or days`);
  }
  return { kind: 'fixed', seconds: Number(span.micros / 1_000_000n), abbreviation: null };
}

const ZONES: readonly ScalarFunction[] = [
  scalar({
    signature: 'timezone(text,timestamp) -> timestamptz',
    doc: 'The instant of a local time: timestamp AT TIME ZONE zone.',
    examples: [[`timestamp '2001-02-16 20:38:40' AT TIME ZONE 'America/Denver'`,
      '2001-02-17 03:38:40+00']],
    evaluate: (zone: string, local: bigint) => isEndless(local) ? local
      : timestampAtZone(local, requireZone(zone)),
  }),
  scalar({
    signature: 'timezone(text,timestamptz) -> timestamp',
    doc: 'The local time of an instant: timestamptz AT TIME ZONE zone.',
    examples: [[`timestamptz '2001-02-16 20:38:40-05' AT TIME ZONE 'America/Denver'`,
      '2001-02-16 18:38:40']],
    evaluate: (zone: string, instant: bigint) => isEndless(instant) ? instant
      : timestamptzAtZone(instant, requireZone(zone)),
  }),
  scalar({
    signature: 'timezone(interval,timestamp) -> timestamptz',
    doc: 'The instant of a local time in a zone of so many hours.',
    examples: [[`timestamp '2001-02-16 20:38:40' AT TIME ZONE interval '-07:00'`,
      '2001-02-17 03:38:40+00']],
    evaluate: (span: Interval, local: bigint) => isEndless(local) ? local
      : timestampAtZone(local, intervalZone(span)),
  }),
  scalar({
    signature: 'timezone(interval,timestamptz) -> timestamp',
    doc: 'The local time of an instant in a zone of so many hours.',
    examples: [[`timestamptz '2001-02-16 20:38:40-05' AT TIME ZONE interval '-07:00'`,
      '2001-02-16 18:38:40']],
    evaluate: (span: Interval, instant: bigint) => isEndless(instant) ? instant
      : timestamptzAtZone(instant, intervalZone(span)),
  }),
];

function makeParts(parts: readonly [number, number, number, number, number, number]): bigint {
  const [year, month, day, hour, minute, second] = parts;
  return makeTimestamp(makeDate(year, month, day), makeTime(hour, minute, second));
}

type TimestampParts = [number, number, number, number, number, number];

/** make_interval with the arguments given; the others count 0. */
function makeSpan(...parts: number[]): Interval {
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts;
  if (!Number.isFinite(seconds)) throw intervalOutOfRange();
  const micros = BigInt(hours) * 3_600_000_000n + BigInt(minutes) * 60_000_000n
    + BigInt(roundHalfEven(seconds * 1_000_000));
  return addInterval(makeInterval(years * 12 + months, weeks * 7 + days, 0n),
    makeInterval(0, 0, micros));
}

const SPAN_TYPES = ['int4', 'int4', 'int4', 'int4', 'int4', 'int4', 'float8'];
const SPAN_SAMPLES = ['1', '2', '3', '4', '5', '6', '7.5'];
const SPAN_NAMES = ['years', 'months', 'weeks', 'days', 'hours', 'mins', 'secs'];

const MAKERS: readonly ScalarFunction[] = [
  scalar({
    signature: 'make_date(int4,int4,int4) -> date', doc: 'A date of year, month and day.',
    examples: [['make_date(2013, 7, 15)', '2013-07-15']], evaluate: makeDate,
    argNames: ['year', 'month', 'day'],
  }),
  scalar({
    signature: 'make_time(int4,int4,float8) -> time', doc: 'A time of hour, minute and second.',
    examples: [['make_time(8, 15, 23.5)', '08:15:23.5']], evaluate: makeTime,
    argNames: ['hour', 'min', 'sec'],
  }),
  scalar({
    signature: 'make_timestamp(int4,int4,int4,int4,int4,float8) -> timestamp',
    doc: 'A timestamp of its fields.',
    examples: [['make_timestamp(2013, 7, 15, 8, 15, 23.5)', '2013-07-15 08:15:23.5']],
    evaluate: (...parts: TimestampParts) => makeParts(parts),
    argNames: ['year', 'month', 'mday', 'hour', 'min', 'sec'],
  }),
  scalar({
    signature: 'make_timestamptz(int4,int4,int4,int4,int4,float8) -> timestamptz',
    doc: 'A timestamptz of its fields in the session\'s time zone.', volatility: 'stable',
    examples: [['make_timestamptz(2013, 7, 15, 8, 15, 23.5)', '2013-07-15 08:15:23.5+00']],
    evaluateIn: (context, ...parts: TimestampParts) =>
      timestampToTimestamptz(makeParts(parts), context.timeZone),
    argNames: ['year', 'month', 'mday', 'hour', 'min', 'sec'],
  }),
  scalar({
    signature: 'make_timestamptz(int4,int4,int4,int4,int4,float8,text) -> timestamptz',
    doc: 'A timestamptz of its fields in a time zone.',
    examples: [[`make_timestamptz(2013, 7, 15, 8, 15, 23.5, 'America/New_York')`,
      '2013-07-15 12:15:23.5+00']],
    evaluate: (...args: [...TimestampParts, string]) => {
      const [year, month, day, hour, minute, second, zone] = args;
      return timestampAtZone(makeParts([year, month, day, hour, minute, second]),
        requireZone(zone));
    },
    argNames: ['year', 'month', 'mday', 'hour', 'min', 'sec', 'timezone'],
  }),
  ...Array.from({ length: 8 }, (_unused, count) => scalar({
    signature: `make_interval(${SPAN_TYPES.slice(0, count).join(',')}) -> interval`,
    doc: 'An interval of years, months, weeks, days, hours, minutes and seconds.',
    examples: [[`make_interval(${SPAN_SAMPLES.slice(0, count).join(', ')})`,
      ['00:00:00', '1 year', '1 year 2 mons', '1 year 2 mons 21 days', '1 year 2 mons 25 days',
        '1 year 2 mons 25 days 05:00:00', '1 year 2 mons 25 days 05:06:00',
        '1 year 2 mons 25 days 05:06:07.5'][count] ?? '']],
    evaluate: makeSpan, argNames: SPAN_NAMES.slice(0, count),
  })),
  scalar({
    signature: 'to_timestamp(float8) -> timestamptz', doc: 'The instant of seconds since 1970.',
    examples: [['to_timestamp(1284352323.5)', '2010-09-13 04:32:03.5+00']],
    evaluate: timestampOfSeconds,
  }),
];

const INTERVAL_FUNCTIONS: readonly ScalarFunction[] = [
  scalar({
    signature: 'justify_days(interval) -> interval', doc: 'Makes months of every 30 days.',
    examples: [[`justify_days(interval '35 days')`, '1 mon 5 days']], evaluate: justifyDays,
  }),
  scalar({
    signature: 'justify_hours(interval) -> interval', doc: 'Makes days of every 24 hours.',
    examples: [[`justify_hours(interval '27 hours')`, '1 day 03:00:00']], evaluate: justifyHours,
  }),
  scalar({
    signature: 'justify_interval(interval) -> interval',
    doc: 'Makes months and days, all of one sign.',
    examples: [[`justify_interval(interval '1 mon -1 hour')`, '29 days 23:00:00']],
    evaluate: justifyInterval,
  }),
  scalar({
    signature: 'isfinite(date) -> boolean', doc: 'False for the infinities.',
    examples: [[`isfinite(date 'infinity')`, 'false']],
    evaluate: (days: number) => !isInfiniteDate(days),
  }),
  ...['timestamp', 'timestamptz'].map((type) => scalar({
    signature: `isfinite(${type}) -> boolean`, doc: 'False for the infinities.',
    examples: [[`isfinite(${type} '2001-02-16')`, 'true']],
    evaluate: (micros: bigint) => !isInfiniteTimestamp(micros),
  })),
  scalar({
    signature: 'isfinite(interval) -> boolean', doc: 'True: intervals have an end.',
    examples: [[`isfinite(interval '4 hours')`, 'true']], evaluate: () => true,
  }),
];

const CLOCK_NAMES = ['now', 'transaction_timestamp', 'statement_timestamp', 'clock_timestamp'];

const CLOCKS: readonly ScalarFunction[] = CLOCK_NAMES.map((name) => scalar({
  signature: `${name}() -> timestamptz`, doc: 'The logical time of the epoch or statement.',
  examples: [[`${name}() > timestamptz '2000-01-01'`, 'true']], volatility: 'stable',
  mayBeNull: false, evaluateIn: (context) => context.now,
}));

/** Date and time functions. */
export const DATETIME: readonly ScalarFunction[] = [
  ...TRUNCATION, ...FIELDS, ...AGES, ...ZONES, ...MAKERS, ...INTERVAL_FUNCTIONS, ...CLOCKS,
];
