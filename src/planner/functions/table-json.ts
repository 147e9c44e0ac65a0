/**
 * Set-returning functions over json and jsonb: items, members, keys.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import type { Jsonb } from '../../common/types/jsonb.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { table } from './builder.ts';
import type { TableFunction } from './entry.ts';
import { jsonbToText } from './json-edit.ts';
import { jsonItems, jsonKind, jsonMembers, jsonToText } from './json-text.ts';
import { column } from './table-functions.ts';

const TEXT: SqlType = { name: 'text' };
const JSON_TYPE: SqlType = { name: 'json' };
const JSONB_TYPE: SqlType = { name: 'jsonb' };

function notArray(object: boolean, name: string): SqlError {
  return sqlError('22023', object ? `cannot call ${name} on a non-array`
    : `cannot call ${name} on a scalar`);
}

function items(value: string, name: string): readonly string[] {
  const kind = jsonKind(value);
  if (kind !== 'array') throw notArray(kind === 'object', name);
  return jsonItems(value);
}

function itemsOfTree(value: Jsonb, name: string): readonly Jsonb[] {
  if (value.kind === 'json-array') return value.items;
  throw value.kind === 'json-object' ? sqlError('22023', 'cannot extract elements from an object')
    : sqlError('22023', 'cannot extract elements from a scalar', { detail: `In ${name}.` });
}

const ITEMS: readonly TableFunction[] = [
  table({
    signature: 'json_array_elements(json) -> setof json', doc: 'The items of an array.',
    columns: column('value', JSON_TYPE),
    examples: [[`json_array_elements('[1,true,[2,false]]')`, '{1,true,"[2,false]"}']],
    evaluate: (value: string) => items(value, 'json_array_elements').map((item) => [item]),
  }),
  table({
    signature: 'json_array_elements_text(json) -> setof text',
    doc: 'The items of an array as text.', columns: column('value', TEXT),
    examples: [[`json_array_elements_text('["foo", null]')`, '{foo,NULL}']],
    evaluate: (value: string) =>
      items(value, 'json_array_elements_text').map((item) => [jsonToText(item)]),
  }),
  table({
    signature: 'jsonb_array_elements(jsonb) -> setof jsonb', doc: 'The items of an array.',
    columns: column('value', JSONB_TYPE),
    examples: [[`jsonb_array_elements('[1,true,[2,false]]')`, '{1,true,"[2, false]"}']],
    evaluate: (value: Jsonb) => itemsOfTree(value, 'jsonb_array_elements').map((item) => [item]),
  }),
  table({
    signature: 'jsonb_array_elements_text(jsonb) -> setof text',
    doc: 'The items of an array as text.', columns: column('value', TEXT),
    examples: [[`jsonb_array_elements_text('["foo", null]')`, '{foo,NULL}']],
    evaluate: (value: Jsonb) =>
      itemsOfTree(value, 'jsonb_array_elements_text').map((item) => [jsonbToText(item)]),
  }),
];

function pairColumns(type: SqlType): TableFunction['columns'] {
  const columns = [{ name: 'key', type: TEXT }, { name: 'value', type }];
  return () => columns;
}

function members(value: string, name: string): readonly { key: string; value: string }[] {
  const kind = jsonKind(value);
  if (kind === 'object') return jsonMembers(value);
  throw sqlError('22023', kind === 'array' ? 'cannot deconstruct an array as an object'
    : 'cannot deconstruct a scalar', { detail: `In ${name}.` });
}

function fields(value: Jsonb, name: string): readonly (readonly [string, Jsonb | undefined])[] {
  if (value.kind !== 'json-object') {
    throw sqlError('22023', `cannot call ${name} on a non-object`);
  }
  return value.keys.map((key, i) => [key, value.values[i]]);
}

const MEMBERS: readonly TableFunction[] = [
  table({
    signature: 'json_each(json) -> setof record', doc: 'The members of an object.',
    columns: pairColumns(JSON_TYPE),
    examples: [[`json_each('{"a":"foo", "b":1}')`, '{"(a,\\"\\"\\"foo\\"\\"\\")","(b,1)"}']],
    evaluate: (value: string) =>
      members(value, 'json_each').map((member): Value[] => [member.key, member.value]),
  }),
  table({
    signature: 'json_each_text(json) -> setof record',
    doc: 'The members of an object, values as text.', columns: pairColumns(TEXT),
    examples: [[`json_each_text('{"a":"foo", "b":1}')`, '{"(a,foo)","(b,1)"}']],
    evaluate: (value: string) =>
      members(value, 'json_each_text').map((member) => [member.key, jsonToText(member.value)]),
  }),
  table({
    signature: 'jsonb_each(jsonb) -> setof record', doc: 'The members of an object.',
    columns: pairColumns(JSONB_TYPE),
    examples: [[`jsonb_each('{"a":"foo", "b":1}')`, '{"(a,\\"\\"\\"foo\\"\\"\\")","(b,1)"}']],
    evaluate: (value: Jsonb) =>
      fields(value, 'jsonb_each').map(([key, item]): Value[] => [key, item ?? null]),
  }),
  table({
    signature: 'jsonb_each_text(jsonb) -> setof record',
    doc: 'The members of an object, values as text.', columns: pairColumns(TEXT),
    examples: [[`jsonb_each_text('{"a":"foo", "b":1}')`, '{"(a,foo)","(b,1)"}']],
    evaluate: (value: Jsonb) =>
      fields(value, 'jsonb_each_text').map(([key, item]) => [key, jsonbToText(item)]),
  }),
  table({
    signature: 'json_object_keys(json) -> setof text', doc: 'The keys of an object.',
    columns: column('json_object_keys', TEXT),
    examples: [[`json_object_keys('{"f1":"abc","f2":1}')`, '{f1,f2}']],
    evaluate: (value: string) => {
      const kind = jsonKind(value);
      if (kind !== 'object') throw keysOf('json_object_keys', kind === 'array');
      return jsonMembers(value).map((member) => [member.key]);
    },
  }),
  table({
    signature: 'jsonb_object_keys(jsonb) -> setof text', doc: 'The keys of an object.',
    columns: column('jsonb_object_keys', TEXT),
    examples: [[`jsonb_object_keys('{"f1":"abc","f2":1}')`, '{f1,f2}']],
    evaluate: (value: Jsonb) => {
      if (value.kind !== 'json-object') {
        throw keysOf('jsonb_object_keys', value.kind === 'json-array');
      }
      return value.keys.map((key) => [key]);
    },
  }),
];

function keysOf(name: string, array: boolean): SqlError {
  return sqlError('22023', `cannot call ${name} on ${array ? 'an array' : 'a scalar'}`);
}

/** Set-returning functions over JSON. */
export const TABLE_JSON: readonly TableFunction[] = [...ITEMS, ...MEMBERS];
