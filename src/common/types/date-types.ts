/**
 * The types date, time, timetz, timestamp, timestamptz and interval.
 *
 * Binary forms count from 2000-01-01 as PostgreSQL's do. A timetz value is its canonical text
 * (`10:00:00+02`): the type is there for completeness and off every hot path.
 */
import { combineHash, hashBigint64, hashInt32, hashString } from '../hash.ts';
import type { Value } from '../values.ts';
import {
  POSTGRES_EPOCH_DAYS, POSTGRES_EPOCH_MICROS, checkTimestamp, isInfiniteDate, isInfiniteTimestamp,
} from './calendar.ts';
import {
  formatDate, formatOffset, formatTime, formatTimestamp, formatTimestamptz,
} from './datetime-format.ts';
import {
  parseDate, parseTime, parseTimeAndZone, parseTimestamp, parseTimestamptz,
} from './datetime-parse.ts';
import { formatInterval } from './interval-format.ts';
import { compareInterval, intervalTotalMicros, makeInterval } from './interval.ts';
import { parseInterval } from './interval-parse.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import type { FormatSettings } from './settings.ts';
import { requireZone, offsetMicrosAt } from './time-zone.ts';
import { dataView, requireLength } from './type-definition.ts';
import type { TypeDefinition } from './type-definition.ts';
import { asBigint, asInterval, asNumber, asString } from './values-of.ts';

function compareBigints(a: Value, b: Value): number {
  const first = asBigint(a);
  const second = asBigint(b);
  return first < second ? -1 : first > second ? 1 : 0;
}

function hash64(value: Value): number {
  return hashBigint64(asBigint(value));
}

function int64Bytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  dataView(bytes).setBigInt64(0, value);
  return bytes;
}

function timestampBytes(value: Value): Uint8Array {
  const micros = asBigint(value);
  return int64Bytes(isInfiniteTimestamp(micros) ? micros : micros - POSTGRES_EPOCH_MICROS);
}

function timestampOfBytes(sqlName: string): (bytes: Uint8Array) => bigint {
  return (bytes) => {
    requireLength(bytes, 8, sqlName);
    const micros = dataView(bytes).getBigInt64(0);
    return isInfiniteTimestamp(micros) ? micros : checkTimestamp(micros + POSTGRES_EPOCH_MICROS);
  };
}

/** date. */
export const DATE: TypeDefinition = {
  name: 'date', oid: 1082, arrayOid: 1182, typlen: 4, category: 'D', preferred: false,
  aliases: [], sqlName: 'date',
  parse: (text, _type, settings) => parseDate(text, settings),
  format: (value, _type, settings) => formatDate(asNumber(value), settings),
  encodeBinary: (value) => {
    const days = asNumber(value);
    const bytes = new Uint8Array(4);
    dataView(bytes).setInt32(0, isInfiniteDate(days) ? days : days - POSTGRES_EPOCH_DAYS);
    return bytes;
  },
  decodeBinary: (bytes) => {
    requireLength(bytes, 4, 'date');
    const days = dataView(bytes).getInt32(0);
    return isInfiniteDate(days) ? days : days + POSTGRES_EPOCH_DAYS;
  },
  compare: (a, b) => asNumber(a) - asNumber(b),
  hash: (value) => hashInt32(asNumber(value)),
};

/** time without time zone. */
export const TIME: TypeDefinition = {
  name: 'time', oid: 1083, arrayOid: 1183, typlen: 8, category: 'D', preferred: false,
  aliases: ['time without time zone'], sqlName: 'time without time zone',
  parse: (text, _type, settings) => parseTime(text, settings),
  format: (value) => formatTime(asBigint(value)),
  encodeBinary: (value) => int64Bytes(asBigint(value)),
  decodeBinary: (bytes) => {
    requireLength(bytes, 8, 'time');
    return dataView(bytes).getBigInt64(0);
  },
  compare: compareBigints,
  hash: hash64,
};

/** timestamp without time zone. */
export const TIMESTAMP: TypeDefinition = {
  name: 'timestamp', oid: 1114, arrayOid: 1115, typlen: 8, category: 'D', preferred: false,
  aliases: ['timestamp without time zone'], sqlName: 'timestamp without time zone',
  parse: (text, _type, settings) => parseTimestamp(text, settings),
  format: (value, _type, settings) => formatTimestamp(asBigint(value), settings),
  encodeBinary: timestampBytes,
  decodeBinary: timestampOfBytes('timestamp'),
  compare: compareBigints,
  hash: hash64,
};

/** timestamp with time zone. */
export const TIMESTAMPTZ: TypeDefinition = {
  name: 'timestamptz', oid: 1184, arrayOid: 1185, typlen: 8, category: 'D', preferred: true,
  aliases: ['timestamp with time zone'], sqlName: 'timestamp with time zone',
  parse: (text, _type, settings) => parseTimestamptz(text, settings),
  format: (value, _type, settings) => formatTimestamptz(asBigint(value), settings),
  encodeBinary: timestampBytes,
  decodeBinary: timestampOfBytes('timestamp with time zone'),
  compare: compareBigints,
  hash: hash64,
};

/** interval. */
export const INTERVAL: TypeDefinition = {
  name: 'interval', oid: 1186, arrayOid: 1187, typlen: 16, category: 'T', preferred: true,
  aliases: [], sqlName: 'interval',
  parse: (text, _type, settings) => parseInterval(text, settings.intervalStyle),
  format: (value, _type, settings) => formatInterval(asInterval(value), settings.intervalStyle),
  encodeBinary: (value) => {
    const interval = asInterval(value);
    const bytes = new Uint8Array(16);
    const view = dataView(bytes);
    view.setBigInt64(0, interval.micros);
    view.setInt32(8, interval.days);
    view.setInt32(12, interval.months);
    return bytes;
  },
  decodeBinary: (bytes) => {
    requireLength(bytes, 16, 'interval');
    const view = dataView(bytes);
    return makeInterval(view.getInt32(12), view.getInt32(8), view.getBigInt64(0));
  },
  compare: (a, b) => compareInterval(asInterval(a), asInterval(b)),
  hash: (value) => {
    const total = intervalTotalMicros(asInterval(value));
    return combineHash(hashBigint64(total), hashBigint64(total >> 64n));
  },
};

/** A time of day and its offset east of UTC in seconds. */
export interface TimeWithZone {
  readonly micros: bigint;
  readonly offset: number;
}

function readTimetz(text: string, settings: FormatSettings): TimeWithZone {
  const { micros, offset } = parseTimeAndZone(text, 'time with time zone', settings);
  if (offset !== null) return { micros, offset };
  const zone = requireZone(settings.timeZone);
  return { micros, offset: Number(offsetMicrosAt(zone, settings.now()) / 1_000_000n) };
}

/** The value of a time with time zone. */
export function timetzText(time: TimeWithZone): string {
  return formatTime(time.micros) + formatOffset(time.offset);
}

/** The parts of a value of time with time zone. */
export function timetzOf(value: Value): TimeWithZone {
  return readTimetz(asString(value), DEFAULT_SETTINGS);
}

/** time with time zone. */
export const TIMETZ: TypeDefinition = {
  name: 'timetz', oid: 1266, arrayOid: 1270, typlen: 12, category: 'D', preferred: false,
  aliases: ['time with time zone'], sqlName: 'time with time zone',
  parse: (text, _type, settings) => timetzText(readTimetz(text, settings)),
  format: (value) => asString(value),
  encodeBinary: (value) => {
    const time = timetzOf(value);
    const bytes = new Uint8Array(12);
    dataView(bytes).setBigInt64(0, time.micros);
    dataView(bytes).setInt32(8, -time.offset);
    return bytes;
  },
  decodeBinary: (bytes) => {
    requireLength(bytes, 12, 'time with time zone');
    const view = dataView(bytes);
    return timetzText({ micros: view.getBigInt64(0), offset: 0 - view.getInt32(8) });
  },
  compare: (a, b) => {
    const first = timetzOf(a);
    const second = timetzOf(b);
    const difference = (first.micros - second.micros)
      - BigInt(first.offset - second.offset) * 1_000_000n;
    if (difference !== 0n) return difference < 0n ? -1 : 1;
    // Of equal instants the one further west is greater.
    return second.offset - first.offset;
  },
  hash: (value) => hashString(asString(value)),
};
