/**
 * Operators and accessor functions of json and jsonb.
 *
 * json stays the text it came as (json-text.ts), jsonb is a tree (json-edit.ts). Builders are in
 * json-build.ts, set-returning functions in table-json.ts.
 */
import { sqlError } from '../../common/errors.ts';
import { jsonField } from '../../common/types/jsonb.ts';
import type { Jsonb } from '../../common/types/jsonb.ts';
import type { SqlArray } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { ScalarFunction } from './entry.ts';
import {
  atPath, concatenate, contains, deleteIndex, deleteKeys, deletePath, flatTexts, hasKey,
  insertPath, itemOf,
  jsonbToText, prettyJsonb, setPath, stripNulls,
} from './json-edit.ts';
import {
  jsonAtPath, jsonItemAt, jsonItems, jsonKind, jsonMember, jsonToText, stripNullMembers,
} from './json-text.ts';

function texts(array: SqlArray): readonly (string | null)[] {
  return array.elements.map((element) => (typeof element === 'string' ? element : null));
}

const JSON_ACCESS: readonly ScalarFunction[] = [
  ...['->', 'json_object_field'].map((name) => scalar({
    signature: `${name}(json,text) -> json`, doc: 'The field of an object.',
    examples: [[name === '->' ? `'{"a": {"b":1}}'::json -> 'a'`
      : `json_object_field('{"a": {"b":1}}'::json, 'a')`, '{"b":1}']],
    evaluate: jsonMember,
  })),
  scalar({
    signature: '->(json,int4) -> json', doc: 'The item of an array, negative from the end.',
    examples: [[`'[1, 2, 3]'::json -> 1`, '2']], evaluate: jsonItemAt,
  }),
  scalar({
    signature: '->>(json,text) -> text', doc: 'The field of an object as text.',
    examples: [[`'{"a": "x"}'::json ->> 'a'`, 'x']],
    evaluate: (value: string, key: string) => jsonToText(jsonMember(value, key)),
  }),
  scalar({
    signature: '->>(json,int4) -> text', doc: 'The item of an array as text.',
    examples: [[`'["x", 2]'::json ->> 0`, 'x']],
    evaluate: (value: string, index: number) => jsonToText(jsonItemAt(value, index)),
  }),
  scalar({
    signature: '#>(json,text[]) -> json', doc: 'The value at a path.',
    examples: [[`'{"a": [1, {"b": 2}]}'::json #> '{a,1}'`, '{"b": 2}']],
    evaluate: (value: string, path: SqlArray) => jsonAtPath(value, texts(path)),
  }),
  scalar({
    signature: '#>>(json,text[]) -> text', doc: 'The value at a path as text.',
    examples: [[`'{"a": [1, "x"]}'::json #>> '{a,1}'`, 'x']],
    evaluate: (value: string, path: SqlArray) => jsonToText(jsonAtPath(value, texts(path))),
  }),
  scalar({
    signature: 'json_extract_path(json,variadic text) -> json', doc: 'The value at a path.',
    examples: [[`json_extract_path('{"a": {"b": 1}}'::json, 'a', 'b')`, '1']],
    evaluate: (value: string, ...path: string[]) => jsonAtPath(value, path),
  }),
  scalar({
    signature: 'json_extract_path_text(json,variadic text) -> text',
    doc: 'The value at a path as text.',
    examples: [[`json_extract_path_text('{"a": {"b": "x"}}'::json, 'a', 'b')`, 'x']],
    evaluate: (value: string, ...path: string[]) => jsonToText(jsonAtPath(value, path)),
  }),
];

const JSONB_ACCESS: readonly ScalarFunction[] = [
  scalar({
    signature: '->(jsonb,text) -> jsonb', doc: 'The field of an object.',
    examples: [[`'{"a": {"b": 1}}'::jsonb -> 'a'`, '{"b": 1}']],
    evaluate: (value: Jsonb, key: string) => jsonField(value, key) ?? null,
  }),
  scalar({
    signature: '->(jsonb,int4) -> jsonb', doc: 'The item of an array, negative from the end.',
    examples: [[`'[1, 2, 3]'::jsonb -> -1`, '3']], evaluate: itemOf,
  }),
  scalar({
    signature: '->>(jsonb,text) -> text', doc: 'The field of an object as text.',
    examples: [[`'{"a": "x"}'::jsonb ->> 'a'`, 'x']],
    evaluate: (value: Jsonb, key: string) => jsonbToText(jsonField(value, key)),
  }),
  scalar({
    signature: '->>(jsonb,int4) -> text', doc: 'The item of an array as text.',
    examples: [[`'["x", 2]'::jsonb ->> 0`, 'x']],
    evaluate: (value: Jsonb, index: number) => jsonbToText(itemOf(value, index)),
  }),
  scalar({
    signature: '#>(jsonb,text[]) -> jsonb', doc: 'The value at a path.',
    examples: [[`'{"a": [1, {"b": 2}]}'::jsonb #> '{a,1}'`, '{"b": 2}']],
    evaluate: (value: Jsonb, path: SqlArray) => atPath(value, texts(path)),
  }),
  scalar({
    signature: '#>>(jsonb,text[]) -> text', doc: 'The value at a path as text.',
    examples: [[`'{"a": [1, "x"]}'::jsonb #>> '{a,1}'`, 'x']],
    evaluate: (value: Jsonb, path: SqlArray) => jsonbToText(atPath(value, texts(path))),
  }),
  scalar({
    signature: 'jsonb_extract_path(jsonb,variadic text) -> jsonb', doc: 'The value at a path.',
    examples: [[`jsonb_extract_path('{"a": {"b": 1}}'::jsonb, 'a', 'b')`, '1']],
    evaluate: (value: Jsonb, ...path: string[]) => atPath(value, path),
  }),
  scalar({
    signature: 'jsonb_extract_path_text(jsonb,variadic text) -> text',
    doc: 'The value at a path as text.',
    examples: [[`jsonb_extract_path_text('{"a": {"b": "x"}}'::jsonb, 'a', 'b')`, 'x']],
    evaluate: (value: Jsonb, ...path: string[]) => jsonbToText(atPath(value, path)),
  }),
  scalar({
    signature: '$subscript(jsonb,variadic any) -> jsonb',
    doc: 'The value at subscripts: value[\'a\'][0].', nulls: 'called',
    examples: [[`('{"a": [1, 2]}'::jsonb)['a'][1]`, '2']],
    evaluate: (value: Jsonb | null, ...path: (string | number | null)[]) => (value === null ? null
      : atPath(value, path.map((element) => (element === null ? null : String(element))))),
  }),
];

const JSONB_TESTS: readonly ScalarFunction[] = [
  scalar({
    signature: '@>(jsonb,jsonb) -> boolean', doc: 'True when the first contains the second.',
    examples: [[`'{"a":1, "b":2}'::jsonb @> '{"b":2}'::jsonb`, 'true']], evaluate: contains,
  }),
  scalar({
    signature: '<@(jsonb,jsonb) -> boolean', doc: 'True when the second contains the first.',
    examples: [[`'{"b":2}'::jsonb <@ '{"a":1, "b":2}'::jsonb`, 'true']],
    evaluate: (a: Jsonb, b: Jsonb) => contains(b, a),
  }),
  ...['?', 'jsonb_exists'].map((name) => scalar({
    signature: `${name}(jsonb,text) -> boolean`,
    doc: 'True when the string is a key or an item.',
    examples: [[name === '?' ? `'{"a":1, "b":2}'::jsonb ? 'b'`
      : `jsonb_exists('["a", "b"]'::jsonb, 'b')`, 'true']],
    evaluate: hasKey,
  })),
  ...['?|', 'jsonb_exists_any'].map((name) => scalar({
    signature: `${name}(jsonb,text[]) -> boolean`,
    doc: 'True when one of the strings is a key or an item.',
    examples: [[name === '?|' ? `'{"a":1}'::jsonb ?| ARRAY['a', 'd']`
      : `jsonb_exists_any('{"a":1}'::jsonb, ARRAY['a', 'd'])`, 'true']],
    evaluate: (value: Jsonb, keys: SqlArray) =>
      texts(keys).some((key) => key !== null && hasKey(value, key)),
  })),
  ...['?&', 'jsonb_exists_all'].map((name) => scalar({
    signature: `${name}(jsonb,text[]) -> boolean`,
    doc: 'True when all of the strings are keys or items.',
    examples: [[name === '?&' ? `'["a", "b"]'::jsonb ?& ARRAY['a', 'd']`
      : `jsonb_exists_all('["a", "b"]'::jsonb, ARRAY['a', 'd'])`, 'false']],
    evaluate: (value: Jsonb, keys: SqlArray) =>
      texts(keys).every((key) => key === null || hasKey(value, key)),
  })),
];

const JSONB_CHANGES: readonly ScalarFunction[] = [
  scalar({
    signature: '||(jsonb,jsonb) -> jsonb', doc: 'Merges objects, joins everything else as arrays.',
    examples: [[`'{"a": 1}'::jsonb || '{"b": 2}'::jsonb`, '{"a": 1, "b": 2}']],
    evaluate: concatenate,
  }),
  scalar({
    signature: '-(jsonb,text) -> jsonb', doc: 'Removes a field or matching strings.',
    examples: [[`'{"a": 1, "b": 2}'::jsonb - 'a'`, '{"b": 2}']],
    evaluate: (value: Jsonb, key: string) => deleteKeys(value, [key]),
  }),
  scalar({
    signature: '-(jsonb,text[]) -> jsonb', doc: 'Removes fields or matching strings.',
    examples: [[`'{"a": 1, "b": 2, "c": 3}'::jsonb - '{a,c}'::text[]`, '{"b": 2}']],
    evaluate: (value: Jsonb, keys: SqlArray) => deleteKeys(value, flatTexts(keys)),
  }),
  scalar({
    signature: '-(jsonb,int4) -> jsonb', doc: 'Removes an item, negative from the end.',
    examples: [[`'["a", "b"]'::jsonb - 1`, '["a"]']], evaluate: deleteIndex,
  }),
  ...['#-', 'jsonb_delete_path'].map((name) => scalar({
    signature: `${name}(jsonb,text[]) -> jsonb`, doc: 'Removes the value at a path.',
    examples: [[name === '#-' ? `'["a", {"b": 1}]'::jsonb #- '{1,b}'`
      : `jsonb_delete_path('["a", {"b": 1}]'::jsonb, '{1,b}')`, '["a", {}]']],
    evaluate: (value: Jsonb, path: SqlArray) => deletePath(value, flatTexts(path)),
  })),
  scalar({
    signature: 'jsonb_set(jsonb,text[],jsonb) -> jsonb', doc: 'Sets the value at a path.',
    examples: [[`jsonb_set('{"a": [1, 2]}', '{a,1}', '"x"')`, '{"a": [1, "x"]}']],
    evaluate: (value: Jsonb, path: SqlArray, to: Jsonb) =>
      setPath(value, flatTexts(path), { to, create: true }),
  }),
  scalar({
    signature: 'jsonb_set(jsonb,text[],jsonb,boolean) -> jsonb',
    doc: 'Sets the value at a path; the last argument says whether to create it.',
    examples: [[`jsonb_set('{"a": 1}', '{b}', '2', false)`, '{"a": 1}']],
    evaluate: (...args: [Jsonb, SqlArray, Jsonb, boolean]) =>
      setPath(args[0], flatTexts(args[1]), { to: args[2], create: args[3] }),
  }),
  scalar({
    signature: 'jsonb_insert(jsonb,text[],jsonb) -> jsonb', doc: 'Inserts before a place.',
    examples: [[`jsonb_insert('{"a": [0, 1]}', '{a,1}', '"x"')`, '{"a": [0, "x", 1]}']],
    evaluate: (value: Jsonb, path: SqlArray, to: Jsonb) =>
      insertPath(value, flatTexts(path), { to, after: false }),
  }),
  scalar({
    signature: 'jsonb_insert(jsonb,text[],jsonb,boolean) -> jsonb',
    doc: 'Inserts before or after a place.',
    examples: [[`jsonb_insert('{"a": [0, 1]}', '{a,1}', '"x"', true)`, '{"a": [0, 1, "x"]}']],
    evaluate: (...args: [Jsonb, SqlArray, Jsonb, boolean]) =>
      insertPath(args[0], flatTexts(args[1]), { to: args[2], after: args[3] }),
  }),
  scalar({
    signature: 'jsonb_strip_nulls(jsonb) -> jsonb', doc: 'Removes fields that are null.',
    examples: [[`jsonb_strip_nulls('[{"f1":1, "f2":null}, 2, null]')`, '[{"f1": 1}, 2, null]']],
    evaluate: stripNulls,
  }),
  scalar({
    signature: 'json_strip_nulls(json) -> json', doc: 'Removes fields that are null.',
    examples: [[`json_strip_nulls('[{"f1":1, "f2":null}, 2, null]')`, '[{"f1":1},2,null]']],
    evaluate: stripNullMembers,
  }),
  scalar({
    signature: 'jsonb_pretty(jsonb) -> text', doc: 'Text with line breaks and indents.',
    examples: [[`jsonb_pretty('[1]')`, '[\n    1\n]']],
    evaluate: (value: Jsonb) => prettyJsonb(value),
  }),
];

function jsonbTypeName(value: Jsonb): string {
  return value.kind === 'json-null' ? 'null' : value.kind.slice('json-'.length);
}

function notArray(scalarValue: boolean): Error {
  return sqlError('22023', scalarValue ? 'cannot get array length of a scalar'
    : 'cannot get array length of a non-array');
}

const FACTS: readonly ScalarFunction[] = [
  scalar({
    signature: 'json_typeof(json) -> text', doc: 'The kind of a JSON value.',
    examples: [[`json_typeof('-123.4')`, 'number']], evaluate: jsonKind,
  }),
  scalar({
    signature: 'jsonb_typeof(jsonb) -> text', doc: 'The kind of a JSON value.',
    examples: [[`jsonb_typeof('-123.4')`, 'number']], evaluate: jsonbTypeName,
  }),
  scalar({
    signature: 'json_array_length(json) -> int4', doc: 'The number of items.',
    examples: [[`json_array_length('[1,2,3]')`, '3']],
    evaluate: (value: string) => {
      const kind = jsonKind(value);
      if (kind !== 'array') throw notArray(kind !== 'object');
      return jsonItems(value).length;
    },
  }),
  scalar({
    signature: 'jsonb_array_length(jsonb) -> int4', doc: 'The number of items.',
    examples: [[`jsonb_array_length('[1,2,3]')`, '3']],
    evaluate: (value: Jsonb) => {
      if (value.kind !== 'json-array') throw notArray(value.kind !== 'json-object');
      return value.items.length;
    },
  }),
];

/** Operators and accessors of json and jsonb. */
export const JSON_FUNCTIONS: readonly ScalarFunction[] = [
  ...JSON_ACCESS, ...JSONB_ACCESS, ...JSONB_TESTS, ...JSONB_CHANGES, ...FACTS,
];
