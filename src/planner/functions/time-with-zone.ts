/**
 * time with time zone: comparisons, arithmetic, fields and AT TIME ZONE.
 *
 * A value is its canonical text (`10:00:00+02`), so each call reads it anew: the type is there for
 * completeness. The order is by instant, then by zone from east to west.
 */
import { addToTime } from '../../common/types/datetime-arithmetic.ts';
import { dateToTimestamp, checkTimestamp, isInfiniteDate } from '../../common/types/calendar.ts';
import { extractTimetz } from '../../common/types/datetime-extract.ts';
import { TIMETZ, timetzOf, timetzText } from '../../common/types/date-types.ts';
import type { Interval } from '../../common/types/interval.ts';
import { negateInterval } from '../../common/types/interval.ts';
import { numericToFloat8 } from '../../common/types/numeric.ts';
import type { Value } from '../../common/values.ts';
import { offsetMicrosAt, requireZone } from '../../common/types/time-zone.ts';
import type { Zone } from '../../common/types/time-zone.ts';
import { intervalZone } from './datetime.ts';
import { scalar } from './builder.ts';
import type { ScalarFunction } from './entry.ts';

const TYPE = { name: 'timetz' } as const;
const EARLY = `timetz '09:00+00'`;
const LATE = `timetz '09:00-01'`;
const DAY = 86_400_000_000n;

type Test = (order: number) => boolean;
const TESTS: readonly (readonly [string, string, Test, string])[] = [
  ['=', 'True when the two are equal.', (order) => order === 0, 'false'],
  ['<>', 'True when the two differ.', (order) => order !== 0, 'true'],
  ['<', 'True when the first sorts below the second.', (order) => order < 0, 'true'],
  ['<=', 'True when the first does not sort above the second.', (order) => order <= 0, 'true'],
  ['>', 'True when the first sorts above the second.', (order) => order > 0, 'false'],
  ['>=', 'True when the first does not sort below the second.', (order) => order >= 0, 'false'],
];

const COMPARISONS: readonly ScalarFunction[] = TESTS.map(([operator, doc, test, value]) => scalar({
  signature: `${operator}(timetz,timetz) -> boolean`, doc,
  examples: [[`${EARLY} ${operator} ${LATE}`, value]],
  evaluate: (a: Value, b: Value) => test(TIMETZ.compare(a, b, TYPE)),
}));

function shifted(time: string, span: Interval): string {
  const { micros, offset } = timetzOf(time);
  return timetzText({ micros: addToTime(micros, span), offset });
}

function instantOf(days: number, time: string): bigint {
  const midnight = dateToTimestamp(days);
  if (isInfiniteDate(days)) return midnight;
  const { micros, offset } = timetzOf(time);
  return checkTimestamp(midnight + micros - BigInt(offset) * 1_000_000n);
}

const ARITHMETIC: readonly ScalarFunction[] = [
  scalar({
    signature: '+(timetz,interval) -> timetz', doc: 'Adds an interval to a time of day.',
    examples: [[`${EARLY} + interval '1 hour'`, '10:00:00+00']], evaluate: shifted,
  }),
  scalar({
    signature: '+(interval,timetz) -> timetz', doc: 'Adds an interval to a time of day.',
    examples: [[`interval '1 hour' + ${EARLY}`, '10:00:00+00']],
    evaluate: (span: Interval, time: string) => shifted(time, span),
  }),
  scalar({
    signature: '-(timetz,interval) -> timetz', doc: 'Subtracts an interval from a time of day.',
    examples: [[`${EARLY} - interval '1 hour'`, '08:00:00+00']],
    evaluate: (time: string, span: Interval) => shifted(time, negateInterval(span)),
  }),
  ...['+', 'timestamptz'].map((name) => scalar({
    signature: `${name}(date,timetz) -> timestamptz`, doc: 'The instant of a day and a time.',
    examples: [[name === '+' ? `date '2024-01-31' + ${LATE}`
      : `timestamptz(date '2024-01-31', ${LATE})`, '2024-01-31 10:00:00+00']],
    evaluate: instantOf,
  })),
  scalar({
    signature: '+(timetz,date) -> timestamptz', doc: 'The instant of a day and a time.',
    examples: [[`${LATE} + date '2024-01-31'`, '2024-01-31 10:00:00+00']],
    evaluate: (time: string, days: number) => instantOf(days, time),
  }),
];

function inZone(time: string, zone: Zone, now: bigint): string {
  const { micros, offset } = timetzOf(time);
  const target = offsetMicrosAt(zone, now);
  const local = (micros - BigInt(offset) * 1_000_000n + target) % DAY;
  return timetzText({
    micros: local < 0n ? local + DAY : local, offset: Number(target / 1_000_000n),
  });
}

const FIELDS: readonly ScalarFunction[] = [
  scalar({
    signature: 'extract(text,timetz) -> numeric',
    doc: 'A field such as year, hour or epoch: extract(field from value).',
    examples: [[`extract(hour from ${LATE})`, '9']],
    evaluate: (unit: string, time: string) => extractTimetz(unit, timetzOf(time)),
  }),
  scalar({
    signature: 'date_part(text,timetz) -> float8', doc: 'A field such as year, hour or epoch.',
    examples: [[`date_part('hour', ${LATE})`, '9']],
    evaluate: (unit: string, time: string) =>
      numericToFloat8(extractTimetz(unit, timetzOf(time))),
  }),
  scalar({
    signature: 'timezone(text,timetz) -> timetz', volatility: 'stable',
    doc: 'The time of day in another zone: timetz AT TIME ZONE zone.',
    examples: [[`timetz '09:00+00' AT TIME ZONE 'EST'`, '04:00:00-05']],
    evaluateIn: (context, zone: string, time: string) =>
      inZone(time, requireZone(zone), context.now),
  }),
  scalar({
    signature: 'timezone(interval,timetz) -> timetz',
    doc: 'The time of day in a zone of so many hours.',
    examples: [[`timetz '09:00+00' AT TIME ZONE interval '-05:00'`, '04:00:00-05']],
    evaluate: (span: Interval, time: string) => inZone(time, intervalZone(span), 0n),
  }),
];

/** Everything over time with time zone. */
export const TIMES_WITH_ZONE: readonly ScalarFunction[] = [
  ...COMPARISONS, ...ARITHMETIC, ...FIELDS,
];
