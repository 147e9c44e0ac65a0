/**
 * Functions behind information_schema: lengths, precisions and base types of columns.
 *
 * They are called by tools that read pg_attribute themselves.
 */
import { must } from '../../common/assert.ts';
import { typeByOid } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { SqlRecord, Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { ScalarFunction } from './entry.ts';

const VARBIT = 1562;
const BIT = 1560;

function nameOf(oid: number): SqlType['name'] | null {
  return typeByOid(oid >>> 0)?.name ?? null;
}

function maxLength(oid: number, mod: number): number | null {
  if (mod === -1) return null;
  const name = nameOf(oid);
  if (name === 'bpchar' || name === 'varchar') return mod - 4;
  return oid === BIT || oid === VARBIT ? mod : null;
}

const OCTETS_MAX = 1073741824;

function octetLength(oid: number, mod: number): number | null {
  const name = nameOf(oid);
  if (name !== 'text' && name !== 'bpchar' && name !== 'varchar') return null;
  const length = maxLength(oid, mod);
  return length === null ? OCTETS_MAX : Math.min(length * 4, OCTETS_MAX);
}

function precision(oid: number, mod: number): number | null {
  switch (nameOf(oid)) {
    case 'int2': return 16;
    case 'int4': return 32;
    case 'int8': return 64;
    case 'numeric': return mod === -1 ? null : ((mod - 4) >> 16) & 0xffff;
    case 'float4': return 24;
    case 'float8': return 53;
    default: return null;
  }
}

function radix(oid: number): number | null {
  switch (nameOf(oid)) {
    case 'int2': case 'int4': case 'int8': case 'float4': case 'float8': return 2;
    case 'numeric': return 10;
    default: return null;
  }
}

function scale(oid: number, mod: number): number | null {
  switch (nameOf(oid)) {
    case 'int2': case 'int4': case 'int8': return 0;
    case 'numeric': return mod === -1 ? null : (mod - 4) & 0x7ff;
    default: return null;
  }
}

function timePrecision(oid: number, mod: number): number | null {
  switch (nameOf(oid)) {
    case 'date': return 0;
    case 'time': case 'timetz': case 'timestamp': case 'timestamptz': return mod < 0 ? 6 : mod;
    case 'interval': return mod < 0 || (mod & 0xffff) === 0xffff ? 6 : mod & 0xffff;
    default: return null;
  }
}

type Fact = (oid: number, mod: number) => number | null;

const FACTS: readonly (readonly [string, string, Fact, string, string])[] = [
  ['_pg_char_max_length', 'The length a character type is declared with.', maxLength,
    '1043, 14', '10'],
  ['_pg_char_octet_length', 'The most bytes a character value takes.', octetLength,
    '1043, 14', '40'],
  ['_pg_numeric_precision', 'The digits of a numeric type.', precision, '23, -1', '32'],
  ['_pg_numeric_precision_radix', 'What the digits of a numeric type are counted in.', radix,
    '23, -1', '2'],
  ['_pg_numeric_scale', 'The digits behind the point.', scale, '1700, 655366', '2'],
  ['_pg_datetime_precision', 'The fractional digits of a time.', timePrecision, '1114, -1', '6'],
];

/** A field of a row of pg_attribute or pg_type, by its name. */
function fieldOf(type: SqlType, name: string): (record: SqlRecord) => Value {
  const at = (type.fields ?? []).findIndex((field) => field.name === name);
  return (record) => record.values[at] ?? null;
}

function trueType(what: 'id' | 'mod'): (types: readonly SqlType[]) =>
  (context: unknown, attribute: SqlRecord, type: SqlRecord) => Value {
  return (types) => {
    const attribute = must(types[0], 'attribute row');
    const type = must(types[1], 'type row');
    const kind = fieldOf(type, 'typtype');
    const ofDomain = fieldOf(type, what === 'id' ? 'typbasetype' : 'typtypmod');
    const own = fieldOf(attribute, what === 'id' ? 'atttypid' : 'atttypmod');
    return (_context, attributeRow, typeRow) =>
      (kind(typeRow) === 'd' ? ofDomain(typeRow) : own(attributeRow));
  };
}

/** Functions of information_schema about types. */
export const CATALOG_TYPES: readonly ScalarFunction[] = [
  ...FACTS.map(([name, doc, fact, args, sample]) => scalar({
    signature: `${name}(oid,int4) -> int4`, doc, examples: [[`${name}(${args})`, sample]],
    evaluate: (oid: number, mod: number) => fact(oid, mod),
  })),
  scalar({
    signature: '_pg_interval_type(oid,int4) -> text', doc: 'The fields of an interval type.',
    examples: [['_pg_interval_type(1186, -1)', null]], evaluate: () => null,
  }),
  scalar({
    signature: '_pg_truetypid(record,record) -> oid', doc: 'The type of a column, or what its '
      + 'domain is made of.', examples: [], specialize: trueType('id'),
  }),
  scalar({
    signature: '_pg_truetypmod(record,record) -> int4', doc: 'The modifier of a column\'s type.',
    examples: [], specialize: trueType('mod'),
  }),
];
