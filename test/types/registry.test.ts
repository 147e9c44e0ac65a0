/**
 * The registry: wire form, order, catalog and spelling of types, as confirmed on PostgreSQL 15;
 * round trips and agreement of order and hash on random values.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../src/common/assert.ts';
import {
  decodeRefColumn, decodeValues, encodeRefColumn, encodeValues,
} from '../../src/common/encoding.ts';
import { bytesOfHex, hexOf } from '../../src/common/types/bytea.ts';
import { makeInterval } from '../../src/common/types/interval.ts';
import {
  JSON_NULL, jsonArray, jsonBoolean, jsonNumber, jsonObject, jsonString,
} from '../../src/common/types/jsonb.ts';
import type { Jsonb } from '../../src/common/types/jsonb.ts';
import {
  NUMERIC_INFINITY, NUMERIC_NAN, NUMERIC_NEGATIVE_INFINITY, makeNumeric,
} from '../../src/common/types/numeric.ts';
import {
  compareValues, equalValues, formatType, formatValue, hashValue, parseValue, typeByName,
  typeByOid, typeDefinition, typeFromTypmod, typeOid, typmodOf,
} from '../../src/common/types/registry.ts';
import { arrayOf } from '../../src/common/types/sql-type.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import { applyTypmod } from '../../src/common/types/typmod.ts';
import { sqlArray } from '../../src/common/values.ts';
import type { Value } from '../../src/common/values.ts';
import { outcome } from './calls.ts';

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`confirmed/${name}.json`, import.meta.url), 'utf8'));
}

function named(name: string): SqlType {
  return must(typeByName(name), `type ${name}`);
}

test('binary form is that of the wire, both ways', () => {
  for (const [name, text, hex] of read('binary') as readonly [string, string, string][]) {
    const type = named(name);
    const value = parseValue(text, type);
    const definition = typeDefinition(type);
    expect([name, text, hexOf(definition.encodeBinary(value, type))]).toEqual([name, text, hex]);
    const back = definition.decodeBinary(bytesOfHex(hex), type);
    expect(formatValue(back, type)).toBe(formatValue(value, type));
  }
});

test('order is that of btree, and equal values hash alike', () => {
  for (const [name, a, b, order] of read('order') as readonly [string, string, string, number][]) {
    const type = named(name);
    const first = parseValue(a, type);
    const second = parseValue(b, type);
    const found = Math.sign(compareValues(first, second, type));
    expect([name, a, b, found]).toEqual([name, a, b, order]);
    const alike = hashValue(first, type) === hashValue(second, type);
    expect([name, a, b, order !== 0 || alike]).toEqual([name, a, b, true]);
  }
});

type CatalogRow = readonly [string, number, number, number, string, boolean, string];

test('oids, lengths, categories and names are those of pg_type', () => {
  for (const row of read('catalog') as readonly CatalogRow[]) {
    const [name, oid, arrayOid, typlen, category, preferred, sqlName] = row;
    const type = must(typeByOid(oid), name);
    const definition = typeDefinition(type);
    expect([name, definition.oid, definition.arrayOid, definition.typlen, definition.category,
      definition.preferred, formatType(type)])
      .toEqual([name, oid, arrayOid, typlen, category, preferred, sqlName]);
    expect(typeOid(arrayOf(type))).toBe(arrayOid);
  }
});

test('modifiers are coded and spelled as by PostgreSQL', () => {
  const rows = read('format-type') as readonly [string, number, string][];
  for (const [name, typmod, spelled] of rows) {
    const type = typeFromTypmod(named(name), typmod);
    expect(formatType(type)).toBe(spelled);
    expect(typmodOf(type)).toBe(typmod);
  }
});

test('names and aliases find types', () => {
  expect(typeByName('INTEGER')).toEqual({ name: 'int4' });
  expect(typeByName('timestamp with time zone')).toEqual({ name: 'timestamptz' });
  expect(typeByName('double  precision')).toEqual({ name: 'float8' });
  expect(typeByName('char')).toEqual({ name: 'bpchar' });
  expect(typeByName('"char"')).toEqual({ name: 'char' });
  expect(typeByName('text[]')).toEqual({ name: 'array', element: { name: 'text' } });
  expect(typeByName('_int8')).toEqual({ name: 'array', element: { name: 'int8' } });
  expect(typeByName('nonsense')).toBeNull();
});

test('length modifiers truncate explicitly and refuse in assignments', () => {
  const varchar: SqlType = { name: 'varchar', mods: [3] };
  const bpchar: SqlType = { name: 'bpchar', mods: [3] };
  expect(applyTypmod('abcdef', varchar, true)).toBe('abc');
  expect(applyTypmod('abc   ', varchar, false)).toBe('abc');
  expect(outcome(() => formatValue(applyTypmod('abcd', varchar, false), varchar)))
    .toBe('ERR 22001 value too long for type character varying(3)');
  expect(applyTypmod('a', bpchar, false)).toBe('a  ');
  expect(applyTypmod('é😀x', bpchar, false)).toBe('é😀x');
  expect(outcome(() => formatValue(applyTypmod('abcd', bpchar, false), bpchar)))
    .toBe('ERR 22001 value too long for type character(3)');
});

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: 'grapheme' });
const numeric = fc.oneof(
  fc.tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat(50))
    .map(([coef, scale]) => makeNumeric(coef, scale)),
  fc.tuple(fc.integer({ min: -100, max: 100 }), fc.nat(3))
    .map(([coef, scale]) => makeNumeric(BigInt(coef), scale)),
  fc.constantFrom(NUMERIC_NAN, NUMERIC_INFINITY, NUMERIC_NEGATIVE_INFINITY),
);
const finite = numeric.filter((value) => value.special === null);
const jsonb: fc.Arbitrary<Jsonb> = fc.letrec<{ node: Jsonb }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'json' },
    fc.constant(JSON_NULL), fc.boolean().map(jsonBoolean), finite.map(jsonNumber),
    text.map(jsonString),
    fc.array(tie('node'), { maxLength: 4, depthIdentifier: 'json' }).map(jsonArray),
    fc.array(fc.tuple(text, tie('node')), { maxLength: 4, depthIdentifier: 'json' })
      .map((pairs) => jsonObject(pairs.map(([key]) => key), pairs.map(([, value]) => value))),
  ),
})).node;
const timestamp = fc.bigInt({ min: -210866803200000000n, max: 2n ** 63n - 2n });
const float4 = fc.float().map(Math.fround);

/** Random values of each type. */
const VALUES: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  boolean: fc.boolean(),
  int2: fc.integer({ min: -32768, max: 32767 }),
  int4: fc.integer(),
  oid: fc.nat(4294967295),
  int8: int64,
  numeric,
  float4,
  float8: fc.double(),
  text, varchar: text, bpchar: text, json: fc.jsonValue().map((value) => JSON.stringify(value)),
  bytea: fc.uint8Array(),
  uuid: fc.uuid(),
  date: fc.integer({ min: -2440588, max: 2145042905 }),
  time: fc.bigInt({ min: 0n, max: 86400000000n }),
  timestamp, timestamptz: timestamp,
  interval: fc.tuple(fc.integer({ min: -2147483647 }), fc.integer({ min: -2147483647 }), int64)
    .map(([months, days, micros]) => makeInterval(months, days, micros)),
  jsonb,
};

const INTERVAL_STYLES = ['postgres', 'postgres_verbose', 'iso_8601'];

describe.each(Object.keys(VALUES))('%s', (name) => {
  const type = named(name);
  const values = must(VALUES[name], name);
  const definition = typeDefinition(type);

  test('text reads back', () => {
    fc.assert(fc.property(values, (value) => {
      const written = must(formatValue(value, type), 'not null');
      const back = parseValue(written, type);
      expect(formatValue(back, type)).toBe(written);
      expect(compareValues(back, value, type)).toBe(0);
    }));
  });

  test('binary reads back', () => {
    fc.assert(fc.property(values, (value) => {
      const back = definition.decodeBinary(definition.encodeBinary(value, type), type);
      expect(formatValue(back, type)).toBe(formatValue(value, type));
    }));
  });

  test('the durable form reads back exactly', () => {
    const nullable = fc.array(fc.option(values), { maxLength: 40 });
    fc.assert(fc.property(nullable, (column) => {
      expect(decodeRefColumn(encodeRefColumn(column, type), type)).toEqual(column);
      const rows = column.map((value) => [value]);
      expect(decodeValues([type], encodeValues([type], rows))).toEqual(rows);
    }));
  });

  test('arrays of it read back in every form', () => {
    const array = arrayOf(type);
    const elements = fc.array(fc.option(values), { minLength: 1, maxLength: 6 }).map(sqlArray);
    fc.assert(fc.property(elements, (value) => {
      const written = must(formatValue(value, array), 'not null');
      expect(formatValue(parseValue(written, array), array)).toBe(written);
      const wire = typeDefinition(array);
      const back = wire.decodeBinary(wire.encodeBinary(value, array), array);
      expect(formatValue(back, array)).toBe(written);
      expect(decodeRefColumn(encodeRefColumn([value], array), array)).toEqual([value]);
    }), { numRuns: 40 });
  });

  test('order is total and agrees with equality and hash', () => {
    fc.assert(fc.property(values, values, values, (a, b, c) => {
      const sign = (x: Value, y: Value): number => Math.sign(compareValues(x, y, type));
      expect(sign(a, b) + sign(b, a)).toBe(0);
      expect(sign(a, a)).toBe(0);
      const ascending = sign(a, b) <= 0 && sign(b, c) <= 0;
      expect(!ascending || sign(a, c) <= 0).toBe(true);
      const hash = hashValue(a, type);
      expect(!equalValues(a, b, type) || hash === hashValue(b, type)).toBe(true);
      expect(hash | 0).toBe(hash);
    }));
  });
});

test('intervals read back in every style that is not ambiguous', () => {
  const type = named('interval');
  fc.assert(fc.property(must(VALUES['interval'], 'interval'), (value) => {
    for (const intervalStyle of INTERVAL_STYLES) {
      const settings = {
        timeZone: 'UTC', dateStyle: 'ISO, MDY', byteaOutput: 'hex' as const, extraFloatDigits: 1,
        now: () => 0n, intervalStyle,
      };
      expect(parseValue(formatValue(value, type, settings), type, settings)).toEqual(value);
    }
  }));
});

test('lone surrogates, -0 and NaN survive the durable form', () => {
  const column = ['\ud800', 'a\udfffb', '😀', '', 'é'.repeat(100), null];
  expect(decodeRefColumn(encodeRefColumn(column, named('text')), named('text'))).toEqual(column);
  const floats = [-0, NaN, Infinity, 5e-324];
  const back = decodeRefColumn(encodeRefColumn(floats, named('float8')), named('float8'));
  expect(back.map((value, i) => Object.is(value, floats[i]))).toEqual([true, true, true, true]);
});

test('repeated strings are stored once', () => {
  const column = Array.from({ length: 1000 }, (_, i) => `status-${i % 3}`);
  const bytes = encodeRefColumn(column, named('text'));
  expect(bytes.length).toBeLessThan(1100);
  expect(decodeRefColumn(bytes, named('text'))).toEqual(column);
});

test('records of known and unknown shape', () => {
  const type: SqlType = {
    name: 'record',
    fields: [{ name: 'a', type: named('int8') }, { name: 'b', type: named('text') }],
  };
  const value = parseValue('(1,"a b")', type);
  expect(value).toEqual({ kind: 'record', values: [1n, 'a b'] });
  expect(formatValue({ kind: 'record', values: [null, 'a"b\\,'] }, type)).toBe('(,"a""b\\\\,")');
  expect(formatValue({ kind: 'record', values: [2n, ''] }, type)).toBe('(2,"")');
  for (const shape of [type, named('record')]) {
    expect(decodeRefColumn(encodeRefColumn([value], shape), shape)).toEqual([value]);
  }
  const wire = typeDefinition(type);
  expect(wire.decodeBinary(wire.encodeBinary(value, type), type)).toEqual(value);
});
