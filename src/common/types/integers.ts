/**
 * The types int2, int4, int8, oid and the reg* aliases of oid.
 *
 * Text input takes blanks around the digits and a sign, as PostgreSQL 15. Names of a reg* type come
 * from the settings' look-up, where there is a catalog; else it knows only numbers.
 */
import { hashBigint64, hashInt32 } from '../hash.ts';
import type { Value } from '../values.ts';
import type { TypeName } from './sql-type.ts';
import {
  dataView, invalidSyntax, requireLength, valueOutOfRange,
} from './type-definition.ts';
import type { TypeDefinition } from './type-definition.ts';
import { asBigint, asNumber } from './values-of.ts';

const INTEGER = /^[ \t\n\r\v\f]*([+-]?\d+)[ \t\n\r\v\f]*$/;
const INT64_MAX = 9223372036854775807n;
const INT64_MIN = -9223372036854775808n;

function parseSmall(text: string, bits: number, sqlName: string): number {
  const digits = INTEGER.exec(text)?.[1];
  if (digits === undefined) throw invalidSyntax(sqlName, text);
  const value = Number(digits);
  const limit = 2 ** (bits - 1);
  if (value >= limit || value < -limit) throw valueOutOfRange(sqlName, text);
  return value + 0;
}

/** Reads an int4. */
export function parseInt4(text: string): number {
  return parseSmall(text, 32, 'integer');
}

/** Reads an int8. */
export function parseInt8(text: string): bigint {
  const digits = INTEGER.exec(text)?.[1];
  if (digits === undefined) throw invalidSyntax('bigint', text);
  const value = BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
  if (value > INT64_MAX || value < INT64_MIN) throw valueOutOfRange('bigint', text);
  return value;
}

/** Reads an oid: unsigned, though -1 and its like wrap around as in PostgreSQL. */
export function parseOid(text: string): number {
  const digits = INTEGER.exec(text)?.[1];
  if (digits === undefined) throw invalidSyntax('oid', text);
  const value = Number(digits);
  if (value > 4294967295 || value < -2147483648) throw valueOutOfRange('oid', text);
  return value >>> 0;
}

function int32Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function compareNumbers(a: Value, b: Value): number {
  const first = asNumber(a);
  const second = asNumber(b);
  return first < second ? -1 : first > second ? 1 : 0;
}

/** smallint. */
export const INT2: TypeDefinition = {
  name: 'int2', oid: 21, arrayOid: 1005, typlen: 2, category: 'N', preferred: false,
  aliases: ['smallint'], sqlName: 'smallint',
  parse: (text) => parseSmall(text, 16, 'smallint'),
  format: (value) => String(asNumber(value)),
  encodeBinary: (value) => {
    const number = asNumber(value);
    return Uint8Array.of(number >>> 8, number);
  },
  decodeBinary: (bytes) => {
    requireLength(bytes, 2, 'smallint');
    return dataView(bytes).getInt16(0);
  },
  compare: compareNumbers,
  hash: (value) => hashInt32(asNumber(value)),
};

/** integer. */
export const INT4: TypeDefinition = {
  name: 'int4', oid: 23, arrayOid: 1007, typlen: 4, category: 'N', preferred: false,
  aliases: ['integer', 'int'], sqlName: 'integer',
  parse: parseInt4,
  format: (value) => String(asNumber(value)),
  encodeBinary: (value) => int32Bytes(asNumber(value)),
  decodeBinary: (bytes) => {
    requireLength(bytes, 4, 'integer');
    return dataView(bytes).getInt32(0);
  },
  compare: compareNumbers,
  hash: (value) => hashInt32(asNumber(value)),
};

/** bigint. */
export const INT8: TypeDefinition = {
  name: 'int8', oid: 20, arrayOid: 1016, typlen: 8, category: 'N', preferred: false,
  aliases: ['bigint'], sqlName: 'bigint',
  parse: parseInt8,
  format: (value) => String(asBigint(value)),
  encodeBinary: (value) => {
    const bytes = new Uint8Array(8);
    dataView(bytes).setBigInt64(0, asBigint(value));
    return bytes;
  },
  decodeBinary: (bytes) => {
    requireLength(bytes, 8, 'bigint');
    return dataView(bytes).getBigInt64(0);
  },
  compare: (a, b) => {
    const first = asBigint(a);
    const second = asBigint(b);
    return first < second ? -1 : first > second ? 1 : 0;
  },
  hash: (value) => hashBigint64(asBigint(value)),
};

function oidLike(name: TypeName, oid: number, arrayOid: number): TypeDefinition {
  const alias = name.startsWith('reg');
  return {
    name, oid, arrayOid, typlen: 4, category: name === 'xid' || name === 'cid' ? 'U' : 'N',
    preferred: name === 'oid', aliases: [], sqlName: name,
    parse: (text, _type, settings) => {
      if (!alias) return parseOid(text);
      if (text === '-') return 0;
      const known = INTEGER.test(text) ? null : settings.names?.oidOf(name, text) ?? null;
      return known ?? parseOid(text);
    },
    format: (value, _type, settings) => {
      const number = asNumber(value) >>> 0;
      if (!alias) return String(number);
      return number === 0 ? '-' : settings.names?.nameOf(name, number) ?? String(number);
    },
    encodeBinary: (value) => int32Bytes(asNumber(value)),
    decodeBinary: (bytes) => {
      requireLength(bytes, 4, name);
      return dataView(bytes).getUint32(0);
    },
    compare: (a, b) => (asNumber(a) >>> 0) - (asNumber(b) >>> 0),
    hash: (value) => hashInt32(asNumber(value)),
  };
}

/** oid, xid and the reg* types. */
export const OID_TYPES: readonly TypeDefinition[] = [
  oidLike('oid', 26, 1028), oidLike('xid', 28, 1011), oidLike('regproc', 24, 1008),
  oidLike('regprocedure', 2202, 2207), oidLike('regoper', 2203, 2208),
  oidLike('regoperator', 2204, 2209), oidLike('regclass', 2205, 2210),
  oidLike('regtype', 2206, 2211), oidLike('regnamespace', 4089, 4090),
  oidLike('regrole', 4096, 4097), oidLike('cid', 29, 1012), oidLike('regcollation', 4191, 4192),
  oidLike('regconfig', 3734, 3735), oidLike('regdictionary', 3769, 3770),
];
