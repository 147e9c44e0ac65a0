/**
 * Functions about types, sessions and the server, and internal helpers of the planner.
 *
 * What needs the session or a constant (current_user, pg_typeof) the binder folds; what needs the
 * catalog's rows is served by the introspection relations. Privileges are all granted.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { combineHash, hashFloat64, hashInt32, hashString } from '../../common/hash.ts';
import { cutToFields } from '../../common/types/interval-parse.ts';
import type { IntervalField } from '../../common/types/interval-parse.ts';
import type { Interval } from '../../common/types/interval.ts';
import { validateJson } from '../../common/types/jsonb-parse.ts';
import {
  catalogTypeOid, formatType, typeByName, typeByOid, typeDefinition, typeFromTypmod, typeOid,
} from '../../common/types/registry.ts';
import {
  absNumeric, compareNumeric, formatNumeric, numericFromNumber, numericToBigint, truncNumeric,
} from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import type { Value } from '../../common/values.ts';
import { scalar, typeNamed } from './builder.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';
import { jsonKind } from './json-text.ts';
import { nextRandom } from './math-float.ts';

/** Types whose SQL name is written without the modifier whatever it is. */
const PLAIN_NAMED: ReadonlySet<string> = new Set(['boolean', 'int2', 'int4', 'int8', 'float4',
  'float8', 'varchar', 'bpchar', 'bit', 'varbit', 'numeric', 'interval', 'time', 'timetz',
  'timestamp', 'timestamptz', 'array']);

const TYPES: readonly ScalarFunction[] = [
  scalar({
    signature: 'format_type(oid,int4) -> text', nulls: 'called',
    doc: 'The SQL name of a type with its modifier.',
    examples: [['format_type(1700, 655366)', 'numeric(10,2)'],
      ['format_type(23, NULL)', 'integer']],
    volatility: 'stable',
    evaluateIn: (context, oid: number | null, typmod: number | null) => {
      if (oid === null) return null;
      const type = typeByOid(oid >>> 0);
      if (type === null) {
        return oid === 0 ? '-' : context.catalog?.nameOf('regtype', oid >>> 0) ?? '???';
      }
      const mod = typmod ?? -1;
      // A type without modifiers shows the number; numeric has none below its header.
      if (mod < 0 || (type.name === 'numeric' && mod < 4)) return formatType(type);
      const modified = formatType(typeFromTypmod(type, mod));
      return modified === formatType(type) && !PLAIN_NAMED.has(type.name)
        ? `${modified}(${mod})` : modified;
    },
  }),
  scalar({
    signature: 'to_regtype(text) -> regtype', doc: 'The type of a name, or NULL.',
    volatility: 'stable',
    examples: [[`to_regtype('int4')`, 'integer']],
    evaluateIn: (context, name: string) => {
      const type = typeByName(name);
      return type === null ? userType(context, name) : typeOid(type);
    },
  }),
  scalar({
    signature: 'pg_typeof(any) -> regtype', nulls: 'called', mayBeNull: false,
    doc: 'The type of a value.', examples: [['pg_typeof(33)', 'integer']],
    specialize: (types) => () => catalogTypeOid(must(types[0], 'type')),
  }),
];

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** A version 4 uuid. */
function randomUuid(context: EvaluationContext): string {
  const part = (bits: number): number => Math.floor(nextRandom(context) * 2 ** bits);
  return `${hex(part(32), 8)}-${hex(part(16), 4)}-4${hex(part(12), 3)}-`
    + `${hex(0x8000 | part(14), 4)}-${hex(part(24), 6)}${hex(part(24), 6)}`;
}

const GENERATORS: readonly ScalarFunction[] = [
  scalar({
    signature: 'gen_random_uuid() -> uuid', doc: 'A random uuid.', volatility: 'volatile',
    examples: [['length(gen_random_uuid()::text)', '36']], mayBeNull: false,
    evaluateIn: randomUuid,
  }),
  scalar({
    signature: 'version() -> text', doc: 'The version of the server.', volatility: 'stable',
    examples: [[`version() LIKE 'PostgreSQL%'`, 'true']], mayBeNull: false,
    evaluate: () => 'PostgreSQL 15.0 (Tidemill)',
  }),
];

const SIZE_UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** 1024-based units; the next one from 10240 on, rounded half up. */
function prettySize(bytes: bigint): string {
  let value = bytes < 0n ? -bytes : bytes;
  const sign = bytes < 0n ? '-' : '';
  if (value < 10240n) return `${sign}${value} bytes`;
  // One bit more than shown, for rounding.
  value >>= 9n;
  let unit = 1;
  while (unit < SIZE_UNITS.length - 1 && value >= 20480n - 1n) {
    value >>= 10n;
    unit++;
  }
  return `${sign}${(value + 1n) / 2n} ${must(SIZE_UNITS[unit], 'unit')}`;
}

const SMALL = numericFromNumber(10240);

/** Small sizes keep their fraction. */
function prettyNumericSize(size: Numeric): string {
  const text = formatNumeric(size);
  if (!/\d/.test(text)) return `${text} PB`;
  return compareNumeric(absNumeric(size), SMALL) < 0 ? `${text} bytes`
    : prettySize(numericToBigint(truncNumeric(size)));
}

const SIZES: readonly ScalarFunction[] = [
  scalar({
    signature: 'pg_size_pretty(int8) -> text', doc: 'A size in readable units.',
    examples: [['pg_size_pretty(123456789::int8)', '118 MB']], evaluate: prettySize,
  }),
  scalar({
    signature: 'pg_size_pretty(numeric) -> text', doc: 'A size in readable units.',
    examples: [['pg_size_pretty(123456789.0)', '118 MB'], ['pg_size_pretty(-2.50)', '-2.50 bytes']],
    evaluate: prettyNumericSize,
  }),
  scalar({
    signature: 'pg_size_bytes(text) -> int8', doc: 'A size with a unit, in bytes.',
    examples: [[`pg_size_bytes('1.5 kB')`, '1536'], [`pg_size_bytes('10 GB')`, '10737418240']],
    evaluate: bytesOfSize,
  }),
];

const UNIT_POWERS: ReadonlyMap<string, number> = new Map([['', 0], ['b', 0], ['bytes', 0],
  ['kb', 1], ['mb', 2], ['gb', 3], ['tb', 4], ['pb', 5]]);

function bytesOfSize(text: string): bigint {
  const match = /^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  if (match === null) throw sqlError('22023', `invalid size: "${text}"`);
  const power = UNIT_POWERS.get((match[2] ?? '').toLowerCase());
  if (power === undefined) {
    throw sqlError('22023', `invalid size: "${text}"`, {
      detail: `Invalid size unit: "${match[2]}".`,
      hint: 'Valid units are "bytes", "B", "kB", "MB", "GB", "TB", and "PB".',
    });
  }
  return BigInt(Math.round(Number(match[1]) * 1024 ** power));
}

/** The oid of a type that is no built-in one; a schema that is not there has none. */
function userType(context: EvaluationContext, name: string): number | null {
  try {
    return context.catalog?.find('regtype', name) ?? null;
  } catch {
    return null;
  }
}

function isJson(text: string, kind: string): boolean {
  try {
    validateJson(text);
  } catch {
    return false;
  }
  const found = jsonKind(text);
  switch (kind) {
    case 'object': case 'array': return found === kind;
    case 'scalar': return found !== 'object' && found !== 'array';
    default: return true;
  }
}

const INTERNAL: readonly ScalarFunction[] = [
  scalar({
    signature: '$is_json(text,text) -> boolean', doc: 'The predicate IS JSON of a kind.',
    examples: [[`"$is_json"('[1]', 'array')`, 'true'], [`"$is_json"('[', 'value')`, 'false']],
    evaluate: isJson,
  }),
  scalar({
    signature: '$sampled(text,float8,float8) -> boolean',
    doc: 'True for the given percentage of texts, chosen by their hash and a seed.',
    examples: [[`"$sampled"('a', 100, 0)`, 'true'], [`"$sampled"('a', 0, 0)`, 'false']],
    evaluate: (text: string, percent: number, seed: number) =>
      (hashInt32(combineHash(hashFloat64(seed), hashString(text))) >>> 0) / 2 ** 32 * 100 < percent,
  }),
  scalar({
    signature: '$interval_fields(interval,text,int4) -> interval',
    doc: 'A cast to interval of the fields up to one, with digits of the second.',
    examples: [[`"$interval_fields"('1 day 02:03:04', 'minute', 6)`, '1 day 02:03:00']],
    evaluate: (value: Interval, to: IntervalField, precision: number) =>
      cutToFields(value, { from: to, to, precision }),
  }),
  scalar({
    signature: '$error(text,text) -> boolean', doc: 'Raises an error of a SQLSTATE and a message.',
    examples: [[`"$error"(NULL, 'x')`, null]],
    evaluate: (state: string, message: string) => {
      throw sqlError(state, message);
    },
  }),
  scalar({
    signature: '$row_count(int8,text) -> int8', doc: 'The count of LIMIT or OFFSET.',
    examples: [[`"$row_count"(3, 'LIMIT')`, '3']],
    evaluate: (count: bigint, clause: string) => {
      if (count >= 0n) return count;
      throw sqlError(clause === 'LIMIT' ? '2201W' : '2201X', `${clause} must not be negative`);
    },
  }),
];

const SENDERS: readonly (readonly [name: string, type: string, sql: string, bytes: string])[] = [
  ['boolsend', 'boolean', 'true', '\\x01'], ['int2send', 'int2', '258::int2', '\\x0102'],
  ['int4send', 'int4', '1', '\\x00000001'], ['int8send', 'int8', '1::int8', '\\x0000000000000001'],
  ['float4send', 'float4', '1::float4', '\\x3f800000'],
  ['float8send', 'float8', '1::float8', '\\x3ff0000000000000'],
  ['numeric_send', 'numeric', '1.5', '\\x000200000000000100011388'],
  ['textsend', 'text', `'ab'::text`, '\\x6162'], ['byteasend', 'bytea', `'\\x01'::bytea`, '\\x01'],
  ['date_send', 'date', `date '2000-01-02'`, '\\x00000001'],
  ['timestamp_send', 'timestamp', `timestamp '2000-01-01'`, '\\x0000000000000000'],
  ['timestamptz_send', 'timestamptz', `timestamptz '2000-01-01+00'`, '\\x0000000000000000'],
  ['xidsend', 'xid', `'1'::xid`, '\\x00000001'],
  ['uuid_send', 'uuid', `'00000000-0000-0000-0000-000000000001'::uuid`,
    '\\x00000000000000000000000000000001'],
];

const BINARY: readonly ScalarFunction[] = SENDERS.map(([name, type, sql, bytes]) => {
  const sent = typeNamed(type);
  return scalar({
    signature: `${name}(${type}) -> bytea`, doc: 'The binary form of a value.',
    examples: [[`${name}(${sql})`, bytes]],
    evaluate: (value: Value) => typeDefinition(sent).encodeBinary(value, sent),
  });
});

/** Functions about types, sessions and the server. */
export const SYSTEM: readonly ScalarFunction[] = [
  ...TYPES, ...GENERATORS, ...SIZES, ...BINARY, ...INTERNAL,
];
