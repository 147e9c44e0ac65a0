/**
 * The cast table: PostgreSQL's casts with their contexts, text conversion and element-wise casts.
 *
 * Code comes before type modifiers are applied. Lookup order is PostgreSQL's: same type, the table,
 * arrays by element, conversion through text (assignment toward strings, explicit from them).
 */
import { assertNever } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import {
  formatValue, parseValue,
} from '../../common/types/registry.ts';
import { parseJsonb } from '../../common/types/jsonb-parse.ts';
import { formatJsonb } from '../../common/types/jsonb.ts';
import type { Jsonb } from '../../common/types/jsonb.ts';
import type { Interval } from '../../common/types/interval.ts';
import { makeInterval, MICROS_PER_DAY } from '../../common/types/interval.ts';
import {
  numericFromBigint, numericFromFloat4, numericFromFloat8, numericFromNumber, numericToFloat8,
  numericToInt2, numericToInt4, numericToInt8,
} from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { sameType } from '../../common/types/sql-type.ts';
import type { SqlType, TypeName } from '../../common/types/sql-type.ts';
import { trimBlanks, truncateName } from '../../common/types/text-types.ts';
import { bitsOfNumber } from '../../common/types/bit-types.ts';
import {
  dateToTimestamp, isInfiniteTimestamp, timestampToDate, timestampToTime,
} from '../../common/types/calendar.ts';
import { timetzOf, timetzText } from '../../common/types/date-types.ts';
import { zoneOffsetMicros } from '../../common/types/time-zone.ts';
import { asArray, asString } from '../../common/types/values-of.ts';
import { sqlArray } from '../../common/values.ts';
import type { Value } from '../../common/values.ts';
import { settingsOf } from './context.ts';
import type { CastEntry, EvaluationContext } from './entry.ts';
import { checkInt2, checkInt4, floatOverflow, floatUnderflow }
  from './number-checks.ts';
import { dateToTimestamptz, timestampToTimestamptz, timestamptzToTimestamp }
  from './time-casts.ts';

type Context = CastEntry['context'];

const TABLE = new Map<string, CastEntry>();

interface CastSpec {
  readonly from: TypeName;
  readonly to: TypeName;
  readonly context: Context;
  readonly code: (value: never, context: EvaluationContext) => Value;
  readonly inline?: (arg: string) => string;
  readonly stable?: boolean;
}

function define(spec: CastSpec): void {
  const code = spec.code as unknown as (value: Value, context: EvaluationContext) => Value;
  TABLE.set(`${spec.from}>${spec.to}`, {
    from: { name: spec.from }, to: { name: spec.to }, context: spec.context,
    evaluate: (context, value) => code(value, context),
    volatility: spec.stable === true ? 'stable' : 'immutable',
    ...(spec.inline === undefined ? {} : { inline: spec.inline }),
  });
}

function same(value: Value): Value {
  return value;
}

function sameText(arg: string): string {
  return arg;
}

/** Rounds to an integer, ties to even, as C's rint. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** float8 to int8; 22003 outside its range and for NaN. */
export function floatToInt8(value: number): bigint {
  const rounded = roundHalfEven(value);
  if (rounded >= -9223372036854775808 && rounded < 9223372036854775808) return BigInt(rounded);
  throw sqlError('22003', 'bigint out of range');
}

/** float8 to float4 with the range errors. */
export function floatToFloat4(value: number): number {
  const result = Math.fround(value);
  if (!Number.isFinite(result) && Number.isFinite(value)) throw floatOverflow();
  if (result === 0 && value !== 0) throw floatUnderflow();
  return result;
}

function int8ToOid(value: bigint): number {
  if (value >= 0n && value <= 4294967295n) return Number(value);
  throw sqlError('22003', 'OID out of range');
}

function defineIntegers(): void {
  define({ from: 'int2', to: 'int4', context: 'implicit', code: same, inline: sameText });
  define({
    from: 'int2', to: 'int8', context: 'implicit', code: (a: number) => BigInt(a),
    inline: (a) => `BigInt(${a})`,
  });
  define({
    from: 'int4', to: 'int8', context: 'implicit', code: (a: number) => BigInt(a),
    inline: (a) => `BigInt(${a})`,
  });
  define({
    from: 'int4', to: 'int2', context: 'assignment', code: checkInt2,
    inline: (a) => `$.int2(${a})`,
  });
  define({
    from: 'int8', to: 'int4', context: 'assignment', code: (a: bigint) => checkInt4(Number(a)),
    inline: (a) => `$.int4(Number(${a}))`,
  });
  define({
    from: 'int8', to: 'int2', context: 'assignment', code: (a: bigint) => checkInt2(Number(a)),
    inline: (a) => `$.int2(Number(${a}))`,
  });
  for (const from of ['int2', 'int4'] as const) {
    define({ from, to: 'float8', context: 'implicit', code: same, inline: sameText });
    define({ from, to: 'float4', context: 'implicit', code: (a: number) => Math.fround(a),
      inline: (a) => `Math.fround(${a})` });
    define({ from, to: 'numeric', context: 'implicit',
      code: (a: number) => numericFromNumber(a) });
  }
  define({ from: 'int8', to: 'float8', context: 'implicit', code: (a: bigint) => Number(a),
    inline: (a) => `Number(${a})` });
  define({ from: 'int8', to: 'float4', context: 'implicit',
    code: (a: bigint) => Math.fround(Number(a)), inline: (a) => `Math.fround(Number(${a}))` });
  define({ from: 'int8', to: 'numeric', context: 'implicit',
    code: (a: bigint) => numericFromBigint(a) });
  define({ from: 'boolean', to: 'int4', context: 'explicit', code: (a: boolean) => Number(a),
    inline: (a) => `Number(${a})` });
  define({ from: 'int4', to: 'boolean', context: 'explicit', code: (a: number) => a !== 0,
    inline: (a) => `(${a} !== 0)` });
}

function defineFloats(): void {
  define({ from: 'float4', to: 'float8', context: 'implicit', code: same, inline: sameText });
  define({ from: 'float8', to: 'float4', context: 'assignment', code: floatToFloat4 });
  for (const from of ['float4', 'float8'] as const) {
    define({ from, to: 'int2', context: 'assignment',
      code: (a: number) => checkInt2(roundHalfEven(a)) });
    define({ from, to: 'int4', context: 'assignment',
      code: (a: number) => checkInt4(roundHalfEven(a)) });
    define({ from, to: 'int8', context: 'assignment', code: floatToInt8 });
  }
  define({ from: 'float4', to: 'numeric', context: 'assignment', code: numericFromFloat4 });
  define({ from: 'float8', to: 'numeric', context: 'assignment', code: numericFromFloat8 });
  define({ from: 'numeric', to: 'float8', context: 'implicit', code: numericToFloat8 });
  define({ from: 'numeric', to: 'float4', context: 'implicit', code: numericToFloat4 });
  define({ from: 'numeric', to: 'int2', context: 'assignment', code: numericToInt2 });
  define({ from: 'numeric', to: 'int4', context: 'assignment', code: numericToInt4 });
  define({ from: 'numeric', to: 'int8', context: 'assignment', code: numericToInt8 });
}

function numericToFloat4(value: Numeric): number {
  const wide = numericToFloat8(value);
  const result = Math.fround(wide);
  if ((Number.isFinite(wide) && !Number.isFinite(result)) || (result === 0 && wide !== 0)) {
    const text = formatValue(value, { name: 'numeric' });
    throw sqlError('22003', `"${text}" is out of range for type real`);
  }
  return result;
}

const STRINGS: readonly TypeName[] = ['text', 'varchar', 'bpchar', 'name'];

function stringCode(from: TypeName, to: TypeName): (value: string) => Value {
  if (to === 'name') return (value) => truncateName(from === 'bpchar' ? trimBlanks(value) : value);
  return from === 'bpchar' && to !== 'bpchar' ? trimBlanks : same as (value: string) => Value;
}

function defineStrings(): void {
  for (const from of STRINGS) {
    for (const to of STRINGS) {
      if (from === to) continue;
      const assignment = from === 'name' && (to === 'bpchar' || to === 'varchar');
      const plain = to !== 'name' && from !== 'bpchar';
      define({
        from, to, context: assignment ? 'assignment' : 'implicit', code: stringCode(from, to),
        ...(plain ? { inline: sameText } : {}),
      });
    }
    define({ from: 'boolean', to: from, context: 'assignment',
      code: (a: boolean) => (a ? 'true' : 'false') });
    define({ from: 'char', to: from, context: from === 'text' ? 'implicit' : 'assignment',
      code: same });
    define({ from, to: 'char', context: 'assignment', code: firstCharacter });
  }
  define({ from: 'char', to: 'int4', context: 'explicit',
    code: (a: string) => (a === '' ? 0 : (a.charCodeAt(0) << 24) >> 24) });
  define({ from: 'int4', to: 'char', context: 'explicit', code: intToChar });
}

function firstCharacter(value: string): string {
  return value.slice(0, 1);
}

function intToChar(value: number): string {
  if (value < -128 || value > 127) throw sqlError('22003', '"char" out of range');
  return value === 0 ? '' : String.fromCharCode(value & 255);
}

function defineTimes(): void {
  define({ from: 'date', to: 'timestamp', context: 'implicit', code: dateToTimestamp });
  define({ from: 'date', to: 'timestamptz', context: 'implicit', stable: true,
    code: (a: number, context) => dateToTimestamptz(a, context.timeZone) });
  define({ from: 'timestamp', to: 'timestamptz', context: 'implicit', stable: true,
    code: (a: bigint, context) => timestampToTimestamptz(a, context.timeZone) });
  define({ from: 'timestamptz', to: 'timestamp', context: 'assignment', stable: true,
    code: (a: bigint, context) => timestamptzToTimestamp(a, context.timeZone) });
  define({ from: 'timestamp', to: 'date', context: 'assignment', code: timestampToDate });
  define({ from: 'timestamptz', to: 'date', context: 'assignment', stable: true,
    code: (a: bigint, context) => timestampToDate(timestamptzToTimestamp(a, context.timeZone)) });
  define({ from: 'timestamp', to: 'time', context: 'assignment', code: timeOf });
  define({ from: 'timestamptz', to: 'time', context: 'assignment', stable: true,
    code: (a: bigint, context) => timeOf(timestamptzToTimestamp(a, context.timeZone)) });
  define({ from: 'time', to: 'timetz', context: 'implicit', stable: true,
    code: (a: bigint, context) =>
      timetzText({ micros: a, offset: offsetIn(context, context.now) }) });
  define({ from: 'timestamptz', to: 'timetz', context: 'assignment', stable: true,
    code: (a: bigint, context) => (isInfiniteTimestamp(a) ? null : timetzText({
      micros: timestampToTime(timestamptzToTimestamp(a, context.timeZone)),
      offset: offsetIn(context, a),
    })) });
  define({ from: 'timetz', to: 'time', context: 'assignment',
    code: (a: string) => timetzOf(a).micros });
  define({ from: 'time', to: 'interval', context: 'implicit',
    code: (a: bigint) => makeInterval(0, 0, a) });
  define({ from: 'interval', to: 'time', context: 'assignment', code: intervalToTime });
}

/** The session's offset east of UTC at an instant, in seconds. */
function offsetIn(context: EvaluationContext, instant: bigint): number {
  return Number(zoneOffsetMicros(context.timeZone, instant) / 1_000_000n);
}

function timeOf(value: bigint): Value {
  return isInfiniteTimestamp(value) ? null : timestampToTime(value);
}

function intervalToTime(value: Interval): bigint {
  const rest = value.micros % MICROS_PER_DAY;
  return rest < 0n ? rest + MICROS_PER_DAY : rest;
}

function jsonbKind(value: Jsonb): string {
  switch (value.kind) {
    case 'json-null': return 'null';
    case 'json-string': return 'string';
    case 'json-number': return 'numeric';
    case 'json-boolean': return 'boolean';
    case 'json-array': return 'array';
    case 'json-object': return 'object';
    default: return assertNever(value);
  }
}

function cannotCastJsonb(value: Jsonb, sqlName: string): SqlError {
  return sqlError('22023', `cannot cast jsonb ${jsonbKind(value)} to type ${sqlName}`);
}

function fromJsonb(sqlName: string, to: (value: Numeric) => Value): (value: Jsonb) => Value {
  return (value) => {
    if (value.kind !== 'json-number') throw cannotCastJsonb(value, sqlName);
    return to(value.value);
  };
}

function defineJson(): void {
  define({ from: 'json', to: 'jsonb', context: 'assignment', code: parseJsonb });
  define({ from: 'jsonb', to: 'json', context: 'assignment',
    code: (a: Jsonb) => formatJsonb(a) });
  define({ from: 'jsonb', to: 'boolean', context: 'explicit', code: (a: Jsonb) => {
    if (a.kind !== 'json-boolean') throw cannotCastJsonb(a, 'boolean');
    return a.value;
  } });
  const numbers: readonly (readonly [TypeName, string, (value: Numeric) => Value])[] = [
    ['numeric', 'numeric', same as (value: Numeric) => Value],
    ['int2', 'smallint', numericToInt2], ['int4', 'integer', numericToInt4],
    ['int8', 'bigint', numericToInt8], ['float4', 'real', numericToFloat4],
    ['float8', 'double precision', numericToFloat8],
  ];
  for (const [to, sqlName, code] of numbers) {
    define({ from: 'jsonb', to, context: 'explicit', code: fromJsonb(sqlName, code) });
  }
}

const OIDS: readonly TypeName[] = [
  'regclass', 'regtype', 'regproc', 'regprocedure', 'regoper', 'regoperator', 'regnamespace',
  'regrole', 'regcollation', 'regconfig', 'regdictionary',
];

function defineOids(): void {
  for (const to of ['oid', ...OIDS] as const) {
    for (const from of ['int2', 'int4'] as const) {
      define({ from, to, context: 'implicit', code: (a: number) => a >>> 0,
        inline: (a) => `(${a} | 0)` });
    }
    define({ from: 'int8', to, context: 'implicit', code: int8ToOid });
    define({ from: to, to: 'int8', context: 'assignment', code: (a: number) => BigInt(a >>> 0),
      inline: (a) => `BigInt(${a} >>> 0)` });
    define({ from: to, to: 'int4', context: 'assignment', code: (a: number) => a | 0,
      inline: (a) => `(${a} | 0)` });
    if (to === 'oid') continue;
    define({ from: 'oid', to, context: 'implicit', code: same, inline: sameText });
    define({ from: to, to: 'oid', context: 'implicit', code: same, inline: sameText });
  }
}

/** Names that stand for relations where a function wants one: implicit, as in PostgreSQL. */
function defineCatalogTypes(): void {
  for (const from of ['text', 'varchar'] as const) {
    define({ from, to: 'regclass', context: 'implicit', stable: true,
      code: (name: string, context) => parseValue(name, { name: 'regclass' },
        settingsOf(context)) });
  }
  for (const [from, to] of [['regproc', 'regprocedure'], ['regoper', 'regoperator']] as const) {
    define({ from, to, context: 'implicit', code: same, inline: sameText });
    define({ from: to, to: from, context: 'implicit', code: same, inline: sameText });
  }
  define({ from: 'pg_node_tree', to: 'text', context: 'implicit', code: same, inline: sameText });
}

function defineBits(): void {
  define({ from: 'bit', to: 'varbit', context: 'implicit', code: same, inline: sameText });
  define({ from: 'varbit', to: 'bit', context: 'implicit', code: same, inline: sameText });
  define({ from: 'bit', to: 'int4', context: 'explicit', code: (bits: string) => {
    if (bits.length > 32) throw sqlError('22003', 'integer out of range');
    return Number(BigInt.asIntN(32, BigInt(`0b0${bits}`)));
  } });
  define({ from: 'bit', to: 'int8', context: 'explicit', code: (bits: string) => {
    if (bits.length > 64) throw sqlError('22003', 'bigint out of range');
    return BigInt.asIntN(64, BigInt(`0b0${bits}`));
  } });
}

defineIntegers();
defineFloats();
defineStrings();
defineTimes();
defineJson();
defineOids();
defineCatalogTypes();
defineBits();

function entry(from: SqlType, to: SqlType, context: Context,
  evaluate: CastEntry['evaluate']): CastEntry {
  return { from, to, context, evaluate, volatility: 'immutable' };
}

function isString(type: SqlType): boolean {
  return STRINGS.includes(type.name);
}

/** Types whose text form depends on the session. */
function isStable(type: SqlType): boolean {
  switch (type.name) {
    case 'date': case 'timestamp': case 'timestamptz': case 'timetz': case 'interval': return true;
    case 'regclass': case 'regtype': case 'regproc': case 'regprocedure': case 'regoper':
    case 'regoperator': case 'regnamespace': case 'regrole': case 'regcollation': return true;
    case 'array': return type.element !== undefined && isStable(type.element);
    case 'record': return type.fields?.some((field) => isStable(field.type)) ?? false;
    default: return false;
  }
}

/** Casts array elements one by one. */
function arrayCast(from: SqlType, to: SqlType): CastEntry | null {
  if (from.element === undefined || to.element === undefined) return null;
  const element = findCast(from.element, to.element);
  if (element === null) return null;
  return {
    from, to, context: element.context, volatility: element.volatility,
    evaluate: (context, value) => {
      const array = asArray(value);
      return { ...array, elements: array.elements.map((item) =>
        item === null ? null : element.evaluate(context, item)) };
    },
  };
}

/** Through text: anything to a string on assignment, a string to anything on request. */
function textCast(from: SqlType, to: SqlType): CastEntry | null {
  if (isString(to)) {
    return {
      ...entry(from, to, 'assignment', (context, value) =>
        formatValue(value, from, settingsOf(context))),
      volatility: isStable(from) ? 'stable' : 'immutable',
    };
  }
  if (isString(from) || from.name === 'unknown') {
    const context = from.name === 'unknown' ? 'implicit' : 'explicit';
    // The value is fitted to the modifiers afterwards, as the context asks for.
    const { mods: _fitted, ...plain } = to;
    return {
      ...entry(from, to, context, (evaluation, value) =>
        parseValue(asString(value), plain, settingsOf(evaluation))),
      volatility: isStable(to) ? 'stable' : 'immutable',
    };
  }
  return null;
}

/** Records to records of as many fields, field by field. */
function recordCast(from: SqlType, to: SqlType): CastEntry | null {
  const source = from.fields ?? [];
  const target = to.fields;
  if (target === undefined) return { ...entry(from, to, 'implicit', (_c, value) => value) };
  if (source.length !== target.length) return null;
  const casts = source.map((field, i) => {
    const wanted = target[i];
    return wanted === undefined ? null : findCast(field.type, wanted.type);
  });
  if (casts.includes(null)) return null;
  const same = source.every((field, i) => sameType(field.type, target[i]?.type ?? field.type));
  return entry(from, to, same ? 'implicit' : 'explicit', (context, value) => {
    if (typeof value !== 'object' || value === null || !('kind' in value)
      || value.kind !== 'record') return value;
    return { kind: 'record', values: value.values.map((field, i) =>
      field === null ? null : casts[i]?.evaluate(context, field) ?? null) };
  });
}

/** The vectors of catalogs, which are kept as text (`1 2 3`), as arrays from subscript 0. */
function vectorCast(from: SqlType, to: SqlType): CastEntry | null {
  const element = to.element;
  if (element === undefined) return null;
  return entry(from, to, 'implicit', (_context, value) => {
    const elements = asString(value).split(' ').filter((part) => part !== '').map(Number);
    return elements.length === 0 ? sqlArray([])
      : { kind: 'array', dims: [elements.length], lowerBounds: [0], elements };
  });
}

/** The cast between two types, modifiers aside, or null when there is none. */
export function findCast(from: SqlType, to: SqlType): CastEntry | null {
  if (from.name === 'record' && to.name === 'record') return recordCast(from, to);
  if (sameType(from, to)) {
    return { ...entry(from, to, 'implicit', (_context, value) => value), inline: sameText };
  }
  if (to.name === 'bit' && (from.name === 'int4' || from.name === 'int8')) {
    return entry(from, to, 'explicit', (_context, value) =>
      bitsOfNumber(BigInt(value as number | bigint), to.mods?.[0] ?? 1));
  }
  const known = TABLE.get(`${from.name}>${to.name}`);
  if (known !== undefined) return known;
  if (from.name === 'array' && to.name === 'array') return arrayCast(from, to);
  if (to.name === 'array' && (from.name === 'int2vector' || from.name === 'oidvector')) {
    return vectorCast(from, to);
  }
  return textCast(from, to);
}

/** Every cast of the table, for documentation and tests. */
export function allCasts(): readonly CastEntry[] {
  return [...TABLE.values()];
}
