/**
 * Calls of the types' functions by name, arguments and results as text.
 *
 * The files in confirmed/ list calls with what PostgreSQL 15 answered (time zone America/New_York);
 * this table says what each name means here. No expectations of its own.
 */
import { SqlError } from '../../src/common/errors.ts';
import {
  addToTime, addToTimestamp, addToTimestamptz, age, ageInZone, binTimestamp, subTimestamps,
  timestampAtZone, timestamptzAtZone, truncInterval, truncTimestamp, truncTimestamptz,
} from '../../src/common/types/datetime-arithmetic.ts';
import {
  extractDate, extractInterval, extractTime, extractTimestamp, extractTimestamptz,
} from '../../src/common/types/datetime-extract.ts';
import {
  formatDate, formatTime, formatTimestamp, formatTimestamptz,
} from '../../src/common/types/datetime-format.ts';
import {
  parseDate, parseTime, parseTimestamp, parseTimestamptz,
} from '../../src/common/types/datetime-parse.ts';
import { formatInterval } from '../../src/common/types/interval-format.ts';
import { parseInterval } from '../../src/common/types/interval-parse.ts';
import {
  addInterval, compareInterval, divInterval, justifyDays, justifyHours, justifyInterval,
  mulInterval, subInterval,
} from '../../src/common/types/interval.ts';
import {
  expNumeric, lnNumeric, log10Numeric, logNumeric, powNumeric, sqrtNumeric,
} from '../../src/common/types/numeric-math.ts';
import {
  addNumeric, ceilNumeric, compareNumeric, divNumeric, divTruncNumeric, floorNumeric,
  formatNumeric, modNumeric, mulNumeric, parseNumeric, roundNumeric, subNumeric, truncNumeric,
} from '../../src/common/types/numeric.ts';
import type { Numeric } from '../../src/common/types/numeric.ts';
import { DEFAULT_SETTINGS } from '../../src/common/types/settings.ts';
import type { FormatSettings } from '../../src/common/types/settings.ts';
import { requireZone } from '../../src/common/types/time-zone.ts';
import {
  floatToChar, numberFromText, numericToChar,
} from '../../src/common/types/to-char-number.ts';
import {
  intervalToChar, timestampToChar, timestamptzToChar,
} from '../../src/common/types/to-char.ts';
import { dateFromText, timestampFromText } from '../../src/common/types/to-timestamp.ts';

/** The zone of the confirmed calls. */
export const ZONE = 'America/New_York';
const SETTINGS: FormatSettings = { ...DEFAULT_SETTINGS, timeZone: ZONE };

type Call = (a: string, b: string, c: string) => string | null;

const numeric = (by: (a: Numeric, b: Numeric) => Numeric): Call =>
  (a, b) => formatNumeric(by(parseNumeric(a), parseNumeric(b)));
const unary = (by: (a: Numeric) => Numeric): Call => (a) => formatNumeric(by(parseNumeric(a)));
const shown = (value: Numeric | null): string | null =>
  value === null ? null : formatNumeric(value);
const timestamp = (text: string): bigint => parseTimestamp(text, SETTINGS);
const timestamptz = (text: string): bigint => parseTimestamptz(text, SETTINGS);
const showTimestamp = (value: bigint): string => formatTimestamp(value, SETTINGS);
const showTimestamptz = (value: bigint): string => formatTimestamptz(value, SETTINGS);

/** Every call the confirmed files make. */
export const CALLS: Readonly<Record<string, Call>> = {
  add: numeric(addNumeric), sub: numeric(subNumeric), mul: numeric(mulNumeric),
  div: numeric(divNumeric), mod: numeric(modNumeric), pow: numeric(powNumeric),
  log: numeric(logNumeric), div_trunc: numeric(divTruncNumeric),
  cmp: (a, b) => String(compareNumeric(parseNumeric(a), parseNumeric(b))),
  sqrt: unary(sqrtNumeric), ln: unary(lnNumeric), exp: unary(expNumeric),
  log10: unary(log10Numeric), ceil: unary(ceilNumeric), floor: unary(floorNumeric),
  round: (a, b) => formatNumeric(roundNumeric(parseNumeric(a), Number(b))),
  trunc: (a, b) => formatNumeric(truncNumeric(parseNumeric(a), Number(b))),
  interval_add: (a, b) => formatInterval(addInterval(parseInterval(a), parseInterval(b))),
  interval_sub: (a, b) => formatInterval(subInterval(parseInterval(a), parseInterval(b))),
  interval_cmp: (a, b) => String(compareInterval(parseInterval(a), parseInterval(b))),
  interval_mul: (a, b) => formatInterval(mulInterval(parseInterval(a), Number(b))),
  interval_div: (a, b) => formatInterval(divInterval(parseInterval(a), Number(b))),
  justify_hours: (a) => formatInterval(justifyHours(parseInterval(a))),
  justify_days: (a) => formatInterval(justifyDays(parseInterval(a))),
  justify_interval: (a) => formatInterval(justifyInterval(parseInterval(a))),
  interval_trunc: (a, b) => formatInterval(truncInterval(a, parseInterval(b))),
  interval_extract: (a, b) => shown(extractInterval(a, parseInterval(b))),
  timestamp_add: (a, b) => showTimestamp(addToTimestamp(timestamp(a), parseInterval(b))),
  timestamptz_add: (a, b) =>
    showTimestamptz(addToTimestamptz(timestamptz(a), parseInterval(b), ZONE)),
  timestamp_sub: (a, b) => formatInterval(subTimestamps(timestamp(a), timestamp(b))),
  time_add: (a, b) => formatTime(addToTime(parseTime(a, SETTINGS), parseInterval(b))),
  age: (a, b) => formatInterval(age(timestamp(a), timestamp(b))),
  age_tz: (a, b) => formatInterval(ageInZone(timestamptz(a), timestamptz(b), ZONE)),
  timestamp_trunc: (a, b) => showTimestamp(truncTimestamp(a, timestamp(b))),
  timestamptz_trunc: (a, b) => showTimestamptz(truncTimestamptz(a, timestamptz(b), ZONE)),
  timestamp_extract: (a, b) => shown(extractTimestamp(a, timestamp(b))),
  timestamptz_extract: (a, b) => shown(extractTimestamptz(a, timestamptz(b), ZONE)),
  date_extract: (a, b) => shown(extractDate(a, parseDate(b, SETTINGS))),
  time_extract: (a, b) => shown(extractTime(a, parseTime(b, SETTINGS))),
  date_bin: (a, b, c) =>
    showTimestamp(binTimestamp(parseInterval(a), timestamp(b), timestamp(c))),
  at_zone: (a, b) => showTimestamptz(timestampAtZone(timestamp(a), requireZone(b))),
  at_zone_tz: (a, b) => showTimestamp(timestamptzAtZone(timestamptz(a), requireZone(b))),
  to_char: (a, b) => timestampToChar(timestamp(a), b),
  to_char_tz: (a, b) => timestamptzToChar(timestamptz(a), b, ZONE),
  to_char_interval: (a, b) => intervalToChar(parseInterval(a), b),
  to_char_numeric: (a, b) => numericToChar(parseNumeric(a), b),
  to_char_float: (a, b) => floatToChar(Number(a), b),
  to_number: (a, b) => formatNumeric(numberFromText(a, b)),
  to_timestamp: (a, b) => showTimestamptz(timestampFromText(a, b, ZONE)),
  to_date: (a, b) => formatDate(dateFromText(a, b), SETTINGS),
};

/** Runs a call; errors come back as `ERR <sqlstate> <message>`. */
export function runCall(name: string, args: readonly string[]): string | null {
  const call = CALLS[name];
  if (call === undefined) throw new Error(`no call named ${name}`);
  return outcome(() => call(args[0] ?? '', args[1] ?? '', args[2] ?? ''));
}

/** The result of a function, or its SqlError as text. */
export function outcome(run: () => string | null): string | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof SqlError) return `ERR ${error.sqlState} ${error.message}`;
    throw error;
  }
}
