/**
 * From SQL values to JSON: what to_json, to_jsonb, the builders and the aggregates share.
 *
 * json text keeps PostgreSQL's own layout (no blanks inside arrays and rows); times are written in
 * the XML Schema form (`2024-01-31T10:00:00+00:00`), whatever DateStyle says.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { parseJsonb } from '../../common/types/jsonb-parse.ts';
import {
  JSON_NULL, jsonArray, jsonBoolean, jsonNumber, jsonObject, jsonString, quoteJson,
} from '../../common/types/jsonb.ts';
import type { Jsonb } from '../../common/types/jsonb.ts';
import { parseNumeric } from '../../common/types/numeric.ts';
import { DEFAULT_SETTINGS } from '../../common/types/settings.ts';
import type { FormatSettings } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { asArray, asJsonb, asRecord, asString } from '../../common/types/values-of.ts';
import type { SqlArray, Value } from '../../common/values.ts';
import { textOf } from './context.ts';

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The text form of a date or time as JSON has it: ISO with `T` and a full offset. */
function timeText(value: Value, type: SqlType, settings: FormatSettings): string {
  const iso = textOf(value, type, { ...settings, dateStyle: 'ISO, MDY' });
  if (type.name === 'date') return iso;
  const joined = iso.replace(' ', iso.includes('infinity') ? ' ' : 'T');
  return type.name === 'timestamptz' ? joined.replace(/([+-]\d\d)( BC)?$/, '$1:00$2') : joined;
}

/** How a scalar type is written in JSON. */
function jsonClass(type: SqlType): 'boolean' | 'number' | 'time' | 'json' | 'jsonb' | 'text' {
  switch (type.name) {
    case 'boolean': return 'boolean';
    case 'int2': case 'int4': case 'int8': case 'numeric': case 'float4': case 'float8':
      return 'number';
    case 'date': case 'timestamp': case 'timestamptz': return 'time';
    case 'json': return 'json';
    case 'jsonb': return 'jsonb';
    default: return 'text';
  }
}

/** The type of a record's field; records of unknown shape have text fields. */
function fieldOf(type: SqlType, index: number): { readonly name: string; readonly type: SqlType } {
  return type.fields?.[index] ?? { name: `f${index + 1}`, type: { name: 'text' } };
}

function elementType(type: SqlType): SqlType {
  return must(type.element, 'element type of an array');
}

/** Builds nested lists of an array's elements, dimension by dimension. */
function nest<T>(array: SqlArray, leaf: (value: Value) => T, list: (items: readonly T[]) => T): T {
  let at = 0;
  const build = (dimension: number): T => {
    const size = array.dims[dimension] ?? 0;
    const items: T[] = [];
    for (let i = 0; i < size; i++) {
      items.push(dimension + 1 === array.dims.length
        ? leaf(array.elements[at++] ?? null) : build(dimension + 1));
    }
    return list(items);
  };
  return build(0);
}

/** A value as json text. */
export function toJsonText(
  value: Value, type: SqlType, settings: FormatSettings = DEFAULT_SETTINGS,
): string {
  if (value === null) return 'null';
  if (type.name === 'array') {
    return nest(asArray(value), (item) => toJsonText(item, elementType(type), settings),
      (items) => `[${items.join(',')}]`);
  }
  if (type.name === 'record') {
    const fields = asRecord(value).values.map((item, i) => {
      const field = fieldOf(type, i);
      return `${quoteJson(field.name)}:${toJsonText(item, field.type, settings)}`;
    });
    return `{${fields.join(',')}}`;
  }
  switch (jsonClass(type)) {
    case 'boolean': return value === true ? 'true' : 'false';
    case 'number': {
      const text = textOf(value, type, settings);
      return NUMBER.test(text) ? text : quoteJson(text);
    }
    case 'time': return quoteJson(timeText(value, type, settings));
    case 'json': return asString(value);
    case 'jsonb': return textOf(value, type, settings);
    case 'text': return quoteJson(textOf(value, type, settings));
  }
}

/** A value as jsonb. */
export function toJsonb(
  value: Value, type: SqlType, settings: FormatSettings = DEFAULT_SETTINGS,
): Jsonb {
  if (value === null) return JSON_NULL;
  if (type.name === 'array') {
    return nest(asArray(value), (item) => toJsonb(item, elementType(type), settings), jsonArray);
  }
  if (type.name === 'record') {
    const values = asRecord(value).values;
    return jsonObject(values.map((_item, i) => fieldOf(type, i).name),
      values.map((item, i) => toJsonb(item, fieldOf(type, i).type, settings)));
  }
  switch (jsonClass(type)) {
    case 'boolean': return jsonBoolean(value === true);
    case 'number': {
      const text = textOf(value, type, settings);
      return NUMBER.test(text) ? jsonNumber(parseNumeric(text)) : jsonString(text);
    }
    case 'time': return jsonString(timeText(value, type, settings));
    case 'json': return parseJsonb(asString(value));
    case 'jsonb': return asJsonb(value);
    case 'text': return jsonString(textOf(value, type, settings));
  }
}

/** A value as the key of an object. */
export function toJsonKey(
  value: Value, type: SqlType, settings: FormatSettings = DEFAULT_SETTINGS,
): string {
  if (value === null) throw sqlError('22023', 'field name must not be null');
  switch (type.name) {
    case 'array': case 'record': case 'json': case 'jsonb':
      throw sqlError('22023', 'key value must be scalar, not array, composite, or json');
    case 'boolean': return value === true ? 'true' : 'false';
    case 'date': case 'timestamp': case 'timestamptz': return timeText(value, type, settings);
    default: return textOf(value, type, settings);
  }
}
