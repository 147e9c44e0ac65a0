/**
 * Aggregates that are computed from the multiset of their argument rows.
 *
 * `finish` gets the rows in the call's order (without one: by value). Ordered-set aggregates have
 * their direct arguments first in each row, then the values of WITHIN GROUP (ORDER BY ...).
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { asArray, asBytes, asString } from '../../common/types/values-of.ts';
import { jsonArray, jsonObject, quoteJson } from '../../common/types/jsonb.ts';
import { sqlArray } from '../../common/values.ts';
import type { SqlArray, Value } from '../../common/values.ts';
import { over } from './aggregates.ts';
import { APPROXIMATE } from './approximate.ts';
import { aggregate } from './builder.ts';
import type { AggregateFunction } from './entry.ts';
import { toJsonb, toJsonKey, toJsonText } from './json-convert.ts';
import { picked } from './ordered-picks.ts';
import { bitSummary, summarised } from './summaries.ts';

type Rows = readonly (readonly Value[])[];

function collect(
  finish: (rows: Rows, types: readonly SqlType[]) => Value,
): AggregateFunction['strategy'] {
  return { kind: 'collect', finish };
}

function typeOf(types: readonly SqlType[], index: number): SqlType {
  return must(types[index], 'type of an aggregate argument');
}

function first(row: readonly Value[] | undefined): Value {
  return row?.[0] ?? null;
}

function stringAgg(rows: Rows): Value {
  let result = asString(first(rows[0]));
  for (let i = 1; i < rows.length; i++) {
    const row = must(rows[i], 'row');
    const delimiter = row[1];
    if (typeof delimiter === 'string') result += delimiter;
    result += asString(first(row));
  }
  return result;
}

function byteaAgg(rows: Rows): Value {
  const parts: Uint8Array[] = [];
  rows.forEach((row, i) => {
    const delimiter = row[1] ?? null;
    if (i > 0 && delimiter !== null) parts.push(asBytes(delimiter));
    parts.push(asBytes(first(row)));
  });
  const result = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function arrayOfArrays(rows: Rows): SqlArray {
  const elements: Value[] = [];
  let dims: readonly number[] | null = null;
  for (const row of rows) {
    const value = first(row);
    if (value === null) throw sqlError('22004', 'cannot accumulate null arrays');
    const array = asArray(value);
    if (array.dims.length === 0) throw sqlError('2202E', 'cannot accumulate empty arrays');
    if (dims !== null && dims.join() !== array.dims.join()) {
      throw sqlError('2202E', 'cannot accumulate arrays of different dimensionality');
    }
    dims = array.dims;
    elements.push(...array.elements);
  }
  const all = [rows.length, ...(dims ?? [])];
  return { kind: 'array', dims: all, lowerBounds: all.map(() => 1), elements };
}

const LISTS: readonly AggregateFunction[] = [
  aggregate({
    signature: 'string_agg(text,text) -> text',
    doc: 'Joins the non-NULL values, each preceded by its delimiter but the first.',
    examples: [[over(`string_agg(x, ', ')`, `'a', 'b'`), 'a, b']],
    strategy: collect(stringAgg), orderSensitive: true,
  }),
  aggregate({
    signature: 'string_agg(bytea,bytea) -> bytea',
    doc: 'Joins the non-NULL values, each preceded by its delimiter but the first.',
    examples: [[over(`string_agg(x, '\\x00')`, `'\\x01'::bytea, '\\x02'::bytea`), '\\x010002']],
    strategy: collect(byteaAgg), orderSensitive: true,
  }),
  aggregate({
    signature: 'array_agg(anyarray) -> anyarray',
    doc: 'The arrays as one array of a dimension more.',
    examples: [['(SELECT array_agg(x) FROM (VALUES (ARRAY[1,2]), (ARRAY[3,4])) AS t(x))',
      '{{1,2},{3,4}}']],
    strategy: collect(arrayOfArrays), skipsNull: false, orderSensitive: true,
  }),
  aggregate({
    signature: 'array_agg(anyelement) -> anyarray', doc: 'The values, NULLs included, as an array.',
    examples: [[over('array_agg(x)', '1, 2'), '{1,2}']],
    strategy: collect((rows) => sqlArray(rows.map(first))), skipsNull: false,
    orderSensitive: true,
  }),
];

/** json_agg breaks lines between structured elements, as PostgreSQL does. */
function jsonAgg(rows: Rows, types: readonly SqlType[]): Value {
  const type = typeOf(types, 0);
  const separator = type.name === 'array' || type.name === 'record' ? ', \n ' : ', ';
  return `[${rows.map((row) => toJsonText(first(row), type)).join(separator)}]`;
}

function jsonObjectAgg(rows: Rows, types: readonly SqlType[]): Value {
  const pairs = rows.map((row) => {
    const key = quoteJson(toJsonKey(first(row), typeOf(types, 0)));
    return `${key} : ${toJsonText(row[1] ?? null, typeOf(types, 1))}`;
  });
  return `{ ${pairs.join(', ')} }`;
}

const JSON_AGGREGATES: readonly AggregateFunction[] = [
  aggregate({
    signature: 'json_agg(anyelement) -> json', doc: 'The values, NULLs included, as a JSON array.',
    examples: [[over('json_agg(x)', '1, 2'), '[1, 2]']],
    strategy: collect(jsonAgg), skipsNull: false, orderSensitive: true,
  }),
  aggregate({
    signature: 'jsonb_agg(anyelement) -> jsonb',
    doc: 'The values, NULLs included, as a JSON array.',
    examples: [[over('jsonb_agg(x)', '1, 2'), '[1, 2]']],
    strategy: collect((rows, types) =>
      jsonArray(rows.map((row) => toJsonb(first(row), typeOf(types, 0))))),
    skipsNull: false, orderSensitive: true,
  }),
  aggregate({
    signature: 'json_object_agg(any,any) -> json', doc: 'The key and value pairs as an object.',
    examples: [[`(SELECT json_object_agg(k, v) FROM (VALUES ('a', 1), ('b', 2)) AS t(k, v))`,
      '{ "a" : 1, "b" : 2 }']],
    strategy: collect(jsonObjectAgg), skipsNull: false, orderSensitive: true,
  }),
  aggregate({
    signature: 'jsonb_object_agg(any,any) -> jsonb',
    doc: 'The key and value pairs as an object; of equal keys the last wins.',
    examples: [[`(SELECT jsonb_object_agg(k, v) FROM (VALUES ('a', 1), ('b', 2)) AS t(k, v))`,
      '{"a": 1, "b": 2}']],
    strategy: collect((rows, types) => jsonObject(
      rows.map((row) => toJsonKey(first(row), typeOf(types, 0))),
      rows.map((row) => toJsonb(row[1] ?? null, typeOf(types, 1))))),
    skipsNull: false, orderSensitive: true,
  }),
];

type BitOp = 'and' | 'or' | 'xor';

const BIT_VALUES: Readonly<Record<BitOp, string>> = { and: '4', or: '7', xor: '3' };

const BITS: readonly AggregateFunction[] = (['and', 'or', 'xor'] as const).flatMap((op) =>
  ['int2', 'int4', 'int8'].map((type) => aggregate({
    signature: `bit_${op}(${type}) -> ${type}`,
    doc: `Bitwise ${op.toUpperCase()} of the non-NULL values.`,
    examples: [[over(`bit_${op}(x)`, `5::${type}, 6::${type}`), BIT_VALUES[op]]],
    strategy: summarised(bitSummary(op, type)),
  })));

const PICKS: readonly AggregateFunction[] = [
  ...(['arg_min', 'min_by', 'arg_max', 'max_by'] as const).map((name) => {
    const least = name.includes('min');
    return aggregate({
      signature: `${name}(anyelement,any) -> anyelement`,
      doc: `The first argument where the second is ${least ? 'smallest' : 'largest'}.`,
      examples: [[`(SELECT ${name}(n, v) FROM (VALUES ('a', 1), ('b', 2)) AS t(n, v))`,
        least ? 'a' : 'b']],
      strategy: picked({
        by: { argument: 1, descending: !least },
        result: (rows) => (rows.count === 0 || rows.at(0, 1) === null ? null : rows.at(0, 0)),
      }), skipsNull: false,
    });
  }),
  ...(['first', 'first_value'] as const).map((name) => aggregate({
    signature: `${name}(anyelement) -> anyelement`, id: `aggregate ${name}(anyelement)`,
    doc: 'The first value in the order given, NULLs included.',
    examples: [[over(`${name}(x ORDER BY x DESC)`, '1, 2'), '2']],
    strategy: picked({ result: (rows) => rows.at(0, 0) }), skipsNull: false,
    orderSensitive: true,
  })),
  ...(['last', 'last_value'] as const).map((name) => aggregate({
    signature: `${name}(anyelement) -> anyelement`, id: `aggregate ${name}(anyelement)`,
    doc: 'The last value in the order given, NULLs included.',
    examples: [[over(`${name}(x ORDER BY x DESC)`, '1, 2'), '1']],
    strategy: picked({ result: (rows) => rows.at(rows.count - 1, 0) }), skipsNull: false,
    orderSensitive: true,
  })),
  aggregate({
    signature: 'any_value(anyelement) -> anyelement',
    doc: 'One of the non-NULL values (the smallest).',
    examples: [[over('any_value(x)', '1, 1'), '1']],
    strategy: picked({ result: (rows) => rows.at(0, 0) }),
  }),
  aggregate({
    signature: '$single(anyelement) -> anyelement',
    doc: 'The value of the only row; an error when there are more. For scalar subqueries.',
    examples: [[over('"$single"(x)', '1'), '1']], skipsNull: false,
    strategy: picked({ result: (rows) => {
      if (rows.count > 1) {
        throw sqlError('21000', 'more than one row returned by a subquery used as an expression');
      }
      return rows.at(0, 0);
    } }),
  }),
];

/** Aggregates over collected rows, but for statistics. */
export const COLLECT_AGGREGATES: readonly AggregateFunction[] = [
  ...LISTS, ...JSON_AGGREGATES, ...BITS, ...PICKS, ...APPROXIMATE,
];
