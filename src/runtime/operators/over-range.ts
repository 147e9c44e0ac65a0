/**
 * Arithmetic of RANGE frames: a sort value moved by an offset, in a form that can be compared.
 *
 * As PostgreSQL's in_range functions: a result out of range lies beyond everything. Dates are
 * compared as timestamps, for their offsets are intervals.
 */
import { assert } from '../../common/assert.ts';
import { SqlError } from '../../common/errors.ts';
import {
  dateToTimestamp, TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY,
} from '../../common/types/calendar.ts';
import { addToTimestamp, addToTimestamptz } from '../../common/types/datetime-arithmetic.ts';
import { addInterval, negateInterval } from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import { addNumeric, subNumeric } from '../../common/types/numeric.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { asBigint, asInterval, asNumber, asNumeric } from '../../common/types/values-of.ts';
import type { Value } from '../../common/values.ts';

/** How values of a sort column are moved and compared. */
export interface RangeKey {
  /** The value as it is compared. */
  comparable(value: Value): Value;
  /** value + sign * offset, as it is compared. */
  shift(value: Value, offset: Value, sign: 1 | -1): Value;
  /** The type compared as, when it is not the column's own. */
  readonly comparedType: SqlType | null;
}

const ZONE = 'UTC';

/** The arithmetic of a type. */
export function rangeKey(type: SqlType): RangeKey {
  switch (type.name) {
    case 'int2': case 'int4': return plain((value, offset, sign) =>
      asNumber(value) + sign * Number(offset));
    case 'int8': return plain((value, offset, sign) =>
      asBigint(value) + BigInt(sign) * BigInt(asInteger(offset)));
    case 'float4': case 'float8': return { ...plain(shiftFloat), comparedType: { name: 'float8' } };
    case 'numeric': return plain((value, offset, sign) => sign > 0
      ? addNumeric(asNumeric(value), asNumeric(offset))
      : subNumeric(asNumeric(value), asNumeric(offset)));
    case 'time': return plain((value, offset, sign) =>
      asBigint(value) + BigInt(sign) * asInterval(offset).micros);
    case 'timestamp': return plain((value, offset, sign) => shiftTime(
      asBigint(value), signed(offset, sign), addToTimestamp));
    case 'timestamptz': return plain((value, offset, sign) => shiftTime(
      asBigint(value), signed(offset, sign), (micros, by) => addToTimestamptz(micros, by, ZONE)));
    case 'date': return {
      comparable: (value) => dateToTimestamp(asNumber(value)),
      shift: (value, offset, sign) => shiftTime(
        dateToTimestamp(asNumber(value)), signed(offset, sign), addToTimestamp),
      comparedType: { name: 'timestamp' },
    };
    case 'interval': return plain((value, offset, sign) =>
      addInterval(asInterval(value), signed(offset, sign)));
    default:
      assert(false, `RANGE with offsets over ${type.name}`);
  }
}

function plain(shift: RangeKey['shift']): RangeKey {
  return { comparable: (value) => value, shift, comparedType: null };
}

function asInteger(value: Value): bigint | number {
  return typeof value === 'number' ? value : asBigint(value);
}

function signed(offset: Value, sign: 1 | -1): Interval {
  return sign > 0 ? asInterval(offset) : negateInterval(asInterval(offset));
}

/** Infinity minus infinity includes everything on that side. */
function shiftFloat(value: Value, offset: Value, sign: 1 | -1): Value {
  const moved = asNumber(value) + sign * asNumber(offset);
  return Number.isNaN(moved) && !Number.isNaN(asNumber(value)) ? sign * Infinity : moved;
}

function shiftTime(
  micros: bigint, by: Interval, add: (micros: bigint, by: Interval) => bigint,
): bigint {
  try {
    return add(micros, by);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const back = by.months < 0 || by.days < 0 || by.micros < 0n;
    return back ? TIMESTAMP_NEGATIVE_INFINITY : TIMESTAMP_INFINITY;
  }
}
