/**
 * Functions only the planner writes into plans; their names start with `$`, which SQL cannot spell.
 *
 * Lateness of windowed rows, window ends, and the check that a scalar subquery gave one row. Hot
 * ones have inline texts over bigint microseconds.
 */
import { sqlError } from '../../common/errors.ts';
import { makeInterval, MICROS_PER_DAY } from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import { lastZonedEnd } from '../../common/types/zoned-windows.ts';
import type { ZonedWindow } from '../../common/types/zoned-windows.ts';
import type { Value } from '../../common/values.ts';
import { aggregate, scalar } from './builder.ts';
import type { FunctionEntry } from './entry.ts';

const INFINITY = 9223372036854775807n;
const NEGATIVE_INFINITY = -9223372036854775808n;

/** Down to a multiple of `step` from `offset`. */
function floorTo(time: bigint, step: bigint, offset: bigint): bigint {
  const rest = (time - offset) % step;
  return rest < 0n ? time - rest - step : time - rest;
}

/** End of the last window that contains a time: its slot of `step` begins there, `size` long. */
export function windowEnd(time: bigint, step: bigint, size: bigint, offset: bigint): bigint {
  if (time === INFINITY || time === NEGATIVE_INFINITY) return time;
  return floorTo(time, step, offset) + size;
}

function hasEnded(...args: readonly bigint[]): boolean {
  const [time = 0n, arrival = 0n, step = 1n, size = 1n, offset = 0n] = args;
  return time <= arrival ? windowEnd(time, step, size, offset) <= arrival : time === INFINITY;
}

/** A span of microseconds as PostgreSQL subtracts timestamps: days and time. */
function spanOf(later: bigint, earlier: bigint): Interval {
  const micros = later - earlier;
  return makeInterval(0, Number(micros / MICROS_PER_DAY), micros % MICROS_PER_DAY);
}

const ENDED_DOC = 'True when the last window containing the time had ended at a watermark, and for '
  + 'infinite times, which are in no window. '
  + 'Arguments: time, watermark, step, size, offset (microseconds).';
const WINDOW_END_DOC = 'End of the last window containing a time. '
  + 'Arguments: time, step, size, offset (microseconds).';

function endedOf(time: 'timestamp' | 'timestamptz'): FunctionEntry {
  return scalar({
    signature: `$ended(${time},int8,int8,int8,int8) -> boolean`, doc: ENDED_DOC, examples: [],
    evaluate: hasEnded,
    inline: (...args: string[]) => {
      const [at = '', arrival = '', step = '', size = '', offset = ''] = args;
      const rest = `((${at} - ${offset}) % ${step})`;
      return `(${at} <= ${arrival} ? (${at} - (${rest} < 0n ? ${rest} + ${step} : ${rest})`
        + ` + ${size}) <= ${arrival} : ${at} === ${INFINITY}n)`;
    },
  });
}

function windowEndOf(time: 'timestamp' | 'timestamptz'): FunctionEntry {
  return scalar({
    signature: `$window_end(${time},int8,int8,int8) -> ${time}`, doc: WINDOW_END_DOC, examples: [],
    evaluate: (at: bigint, step: bigint, size: bigint, offset: bigint) =>
      windowEnd(at, step, size, offset),
  });
}

function timeOf(time: 'timestamp' | 'timestamptz'): FunctionEntry {
  return scalar({
    signature: `$${time}(int8) -> ${time}`, doc: 'Microseconds since 1970 UTC as a time.',
    examples: [], evaluate: (micros: bigint) => micros, inline: (micros) => micros,
  });
}

function latenessOf(time: 'timestamp' | 'timestamptz'): FunctionEntry {
  return scalar({
    signature: `$lateness(${time},${time}) -> interval`,
    doc: 'How far a watermark is past the end of a window.', examples: [],
    evaluate: (watermark: bigint, end: bigint) => spanOf(watermark, end),
  });
}

function movedWatermark(watermark: bigint, micros: bigint): bigint {
  if (watermark === INFINITY || watermark === NEGATIVE_INFINITY) return watermark;
  const moved = watermark + micros;
  return moved > INFINITY ? INFINITY : moved < NEGATIVE_INFINITY ? NEGATIVE_INFINITY : moved;
}

function zoneEnd(
  time: bigint, shape: ZonedWindow['shape'], ...of: readonly (bigint | string)[]
): bigint {
  if (time === INFINITY || time === -INFINITY - 1n) return time;
  const [step = 0n, size = 0n, offset = 0n, zone = 'UTC'] = of;
  return lastZonedEnd({
    shape, step: BigInt(step), size: BigInt(size), offset: BigInt(offset), zone: String(zone),
  }, time);
}

function single(value: Value, count: Value): Value {
  if (typeof count === 'bigint' && count > 1n) {
    throw sqlError('21000', 'more than one row returned by a subquery used as an expression');
  }
  return value;
}

function shownByView(shown: boolean | null, view: string): boolean {
  if (shown === true) return true;
  throw sqlError('44000', `new row violates check option for view "${view}"`);
}

/** Entries of the registry: scalar functions, and the sum of partial counts and sums. */
export const INTERNAL: readonly FunctionEntry[] = [
  endedOf('timestamp'), endedOf('timestamptz'), windowEndOf('timestamp'),
  windowEndOf('timestamptz'), timeOf('timestamp'), timeOf('timestamptz'),
  latenessOf('timestamp'), latenessOf('timestamptz'),
  scalar({
    signature: '$moved(int8,int8) -> int8',
    doc: 'A watermark moved by microseconds; the end of time stays.', examples: [],
    evaluate: (watermark: bigint, micros: bigint) => movedWatermark(watermark, micros),
  }),
  scalar({
    signature: '$zone_end(timestamptz,text,int8,int8,int8,text) -> timestamptz',
    doc: 'End of the last window in a time zone containing a time. Arguments: time, shape, step, '
      + 'size, offset, zone.',
    examples: [], evaluate: zoneEnd,
  }),
  scalar({
    signature: '$single(anyelement,int8) -> anyelement',
    doc: 'The value, unless it stands for more than one row (21000).', examples: [],
    nulls: 'called', evaluate: single,
  }),
  scalar({
    signature: '$view_check(boolean,text) -> boolean', volatility: 'volatile',
    doc: 'True, unless WITH CHECK OPTION of a view refuses the row (44000).', examples: [],
    nulls: 'called', evaluate: shownByView,
  }),
  aggregate({
    signature: '$sum(int8) -> int8', doc: 'Adds up counts or sums of parts, as int8.', examples: [],
    strategy: { kind: 'sum', of: 'int' },
  }),
];
