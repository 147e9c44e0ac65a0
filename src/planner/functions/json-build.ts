/**
 * Making JSON of SQL values: to_json, to_jsonb, builders, row_to_json, json_object.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import {
  JSON_NULL, jsonArray, jsonObject, jsonString, quoteJson,
} from '../../common/types/jsonb.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { SqlArray, Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import { settingsOf } from './context.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';
import { toJsonb, toJsonKey, toJsonText } from './json-convert.ts';

function typeAt(types: readonly SqlType[], index: number): SqlType {
  return must(types[index], 'type of an argument');
}

const CONVERSIONS: readonly ScalarFunction[] = [
  scalar({
    signature: 'to_json(anyelement) -> json', doc: 'A value as JSON.', volatility: 'stable',
    examples: [[`to_json('Fred said "Hi."'::text)`, '"Fred said \\"Hi.\\""']],
    specialize: (types) => (context, value: Value) =>
      toJsonText(value, typeAt(types, 0), settingsOf(context)),
  }),
  scalar({
    signature: 'to_jsonb(anyelement) -> jsonb', doc: 'A value as JSON.', volatility: 'stable',
    examples: [[`to_jsonb(ARRAY[1,2])`, '[1, 2]']],
    specialize: (types) => (context, value: Value) =>
      toJsonb(value, typeAt(types, 0), settingsOf(context)),
  }),
  ...['row_to_json', 'array_to_json'].flatMap((name) => {
    const row = name === 'row_to_json';
    const argument = row ? 'record' : 'anyarray';
    const sample = row ? `ROW(1,'foo')` : 'ARRAY[[1,5],[99,100]]';
    const value = row ? '{"f1":1,"f2":"foo"}' : '[[1,5],[99,100]]';
    return [
      scalar({
        signature: `${name}(${argument}) -> json`, volatility: 'stable',
        doc: row ? 'A row as a JSON object.' : 'An array as a JSON array.',
        examples: [[`${name}(${sample})`, value]],
        specialize: (types) => (context, one: Value) =>
          toJsonText(one, typeAt(types, 0), settingsOf(context)),
      }),
      scalar({
        signature: `${name}(${argument},boolean) -> json`, volatility: 'stable',
        doc: `${row ? 'A row as a JSON object' : 'An array as a JSON array'}, with line breaks.`,
        examples: [[`${name}(${sample}, true)`,
          value.replace(row ? ',"f2"' : ',[', row ? ',\n "f2"' : ',\n [')]],
        specialize: (types) => (context, one: Value, pretty: boolean) =>
          brokenText(one, typeAt(types, 0), { context, pretty }),
      }),
    ];
  }),
];

/** JSON text with a line break after each member of the outermost level. */
function brokenText(
  value: Value, type: SqlType,
  options: { readonly context: EvaluationContext; readonly pretty: boolean },
): string {
  const settings = settingsOf(options.context);
  if (!options.pretty || typeof value !== 'object' || value === null || !('kind' in value)) {
    return toJsonText(value, type, settings);
  }
  if (value.kind === 'record') {
    const fields = value.values.map((item, i) => {
      const field = type.fields?.[i] ?? { name: `f${i + 1}`, type: { name: 'text' as const } };
      return `${quoteJson(field.name)}:${toJsonText(item, field.type, settings)}`;
    });
    return `{${fields.join(',\n ')}}`;
  }
  if (value.kind !== 'array') return toJsonText(value, type, settings);
  const [rows = 0, ...rest] = value.dims;
  const size = rest.reduce((product, one) => product * one, 1);
  const parts = Array.from({ length: rows }, (_unused, row) => {
    const elements = value.elements.slice(row * size, (row + 1) * size);
    if (rest.length === 0) {
      return toJsonText(elements[0] ?? null, must(type.element, 'element'), settings);
    }
    return toJsonText({ kind: 'array', dims: rest, lowerBounds: rest.map(() => 1), elements },
      type, settings);
  });
  return `[${parts.join(',\n ')}]`;
}

function odd(name: string): SqlError {
  return sqlError('22023', 'argument list must have even number of elements', {
    hint: `The arguments of ${name}() must consist of alternating keys and values.`,
  });
}

function nullKey(jsonb: boolean, at: number): SqlError {
  return jsonb ? sqlError('22023', `argument ${at + 1}: key must not be null`)
    : sqlError('22023', `argument ${at + 1} cannot be null`, {
      hint: 'Object keys should be text.',
    });
}

/** The keys of an argument list of alternating keys and values. */
function keysOf(args: readonly Value[], types: readonly SqlType[], of: {
  readonly context: EvaluationContext; readonly name: string;
}): string[] {
  if (args.length % 2 !== 0) throw odd(of.name);
  const keys: string[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const key = args[i] ?? null;
    if (key === null) throw nullKey(of.name.startsWith('jsonb'), i);
    keys.push(toJsonKey(key, typeAt(types, i), settingsOf(of.context)));
  }
  return keys;
}

const BUILDERS: readonly ScalarFunction[] = [
  scalar({
    signature: 'json_build_array() -> json', doc: 'The empty array.',
    examples: [['json_build_array()', '[]']], evaluate: () => '[]',
  }),
  scalar({
    signature: 'jsonb_build_array() -> jsonb', doc: 'The empty array.',
    examples: [['jsonb_build_array()', '[]']], evaluate: () => jsonArray([]),
  }),
  scalar({
    signature: 'json_build_object() -> json', doc: 'The empty object.',
    examples: [['json_build_object()', '{}']], evaluate: () => '{}',
  }),
  scalar({
    signature: 'jsonb_build_object() -> jsonb', doc: 'The empty object.',
    examples: [['jsonb_build_object()', '{}']], evaluate: () => jsonObject([], []),
  }),
  scalar({
    signature: 'json_build_array(variadic any) -> json', nulls: 'called', mayBeNull: false,
    doc: 'The arguments as a JSON array.', volatility: 'stable',
    examples: [[`json_build_array(1, 2, 'foo', 4, NULL)`, '[1, 2, "foo", 4, null]']],
    specialize: (types) => (context, ...args: Value[]) =>
      `[${args.map((value, i) => toJsonText(value, typeAt(types, i), settingsOf(context)))
        .join(', ')}]`,
  }),
  scalar({
    signature: 'jsonb_build_array(variadic any) -> jsonb', nulls: 'called', mayBeNull: false,
    doc: 'The arguments as a JSON array.', volatility: 'stable',
    examples: [[`jsonb_build_array(1, 2, 'foo', 4, NULL)`, '[1, 2, "foo", 4, null]']],
    specialize: (types) => (context, ...args: Value[]) =>
      jsonArray(args.map((value, i) => toJsonb(value, typeAt(types, i), settingsOf(context)))),
  }),
  scalar({
    signature: 'json_build_object(variadic any) -> json', nulls: 'called', mayBeNull: false,
    doc: 'An object of alternating keys and values.', volatility: 'stable',
    examples: [[`json_build_object('foo', 1, 2, NULL)`, '{"foo" : 1, "2" : null}']],
    specialize: (types) => (context, ...args: Value[]) => {
      const keys = keysOf(args, types, { context, name: 'json_build_object' });
      const pairs = keys.map((key, i) => `${quoteJson(key)} : `
        + toJsonText(args[2 * i + 1] ?? null, typeAt(types, 2 * i + 1), settingsOf(context)));
      return `{${pairs.join(', ')}}`;
    },
  }),
  scalar({
    signature: 'jsonb_build_object(variadic any) -> jsonb', nulls: 'called', mayBeNull: false,
    doc: 'An object of alternating keys and values.', volatility: 'stable',
    examples: [[`jsonb_build_object('foo', 1, 2, NULL)`, '{"2": null, "foo": 1}']],
    specialize: (types) => (context, ...args: Value[]) => {
      const keys = keysOf(args, types, { context, name: 'jsonb_build_object' });
      return jsonObject(keys, keys.map((_key, i) =>
        toJsonb(args[2 * i + 1] ?? null, typeAt(types, 2 * i + 1), settingsOf(context))));
    },
  }),
];

interface Pair {
  readonly key: string;
  readonly value: string | null;
}

function subscriptError(): SqlError {
  return sqlError('2202E', 'wrong number of array subscripts');
}

function keyText(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  throw sqlError('22004', 'null value not allowed for object key');
}

function textOrNull(value: Value | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** Pairs of an array of alternating keys and values, or of rows of two. */
function pairsOfArray(array: SqlArray): Pair[] {
  if (array.dims.length > 2 || (array.dims.length === 2 && array.dims[1] !== 2)) {
    throw array.dims.length === 2 ? sqlError('2202E', 'array must have two columns')
      : subscriptError();
  }
  if (array.elements.length % 2 !== 0) {
    throw sqlError('2202E', 'array must have even number of elements');
  }
  const pairs: Pair[] = [];
  for (let i = 0; i < array.elements.length; i += 2) {
    pairs.push({ key: keyText(array.elements[i]), value: textOrNull(array.elements[i + 1]) });
  }
  return pairs;
}

function pairsOfTwo(keys: SqlArray, values: SqlArray): Pair[] {
  if (keys.dims.length > 1 || values.dims.length > 1) throw subscriptError();
  if (keys.elements.length !== values.elements.length) {
    throw sqlError('2202E', 'mismatched array dimensions');
  }
  return keys.elements.map((key, i) =>
    ({ key: keyText(key), value: textOrNull(values.elements[i]) }));
}

function pairsText(pairs: readonly Pair[]): string {
  return `{${pairs.map(({ key, value }) =>
    `${quoteJson(key)} : ${value === null ? 'null' : quoteJson(value)}`).join(', ')}}`;
}

function pairsTree(pairs: readonly Pair[]): Value {
  return jsonObject(pairs.map((pair) => pair.key),
    pairs.map(({ value }) => (value === null ? JSON_NULL : jsonString(value))));
}

const OBJECTS: readonly ScalarFunction[] = ([['json_object', 'json', pairsText],
  ['jsonb_object', 'jsonb', pairsTree]] as const).flatMap(([name, type, build]) => [
  scalar({
    signature: `${name}(text[]) -> ${type}`,
    doc: 'An object of an array of alternating keys and values.',
    examples: [[`${name}('{a, 1, b, 2}')`,
      type === 'json' ? '{"a" : "1", "b" : "2"}' : '{"a": "1", "b": "2"}']],
    evaluate: (array: SqlArray) => build(pairsOfArray(array)),
  }),
  scalar({
    signature: `${name}(text[],text[]) -> ${type}`, doc: 'An object of keys and values.',
    examples: [[`${name}('{a,b}', '{1,2}')`,
      type === 'json' ? '{"a" : "1", "b" : "2"}' : '{"a": "1", "b": "2"}']],
    evaluate: (keys: SqlArray, values: SqlArray) => build(pairsOfTwo(keys, values)),
  }),
]);

/** Builders of JSON. */
export const JSON_BUILDERS: readonly ScalarFunction[] = [
  ...CONVERSIONS, ...BUILDERS, ...OBJECTS,
];
