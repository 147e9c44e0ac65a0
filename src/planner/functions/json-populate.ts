/**
 * json_populate_record: the members of a JSON object as the fields of a row, by their types.
 *
 * Works on JSON text; jsonb comes as its text. Rows and arrays within are converted member by
 * member, strings for them are read in their own text forms.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatJsonb } from '../../common/types/jsonb.ts';
import type { Jsonb } from '../../common/types/jsonb.ts';
import { parseJsonb } from '../../common/types/jsonb-parse.ts';
import { parseValue } from '../../common/types/registry.ts';
import type { FormatSettings } from '../../common/types/settings.ts';
import type { RecordField, SqlType } from '../../common/types/sql-type.ts';
import { asRecord } from '../../common/types/values-of.ts';
import type { SqlArray, SqlRecord, Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import { settingsOf } from './context.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';
import { jsonItems, jsonKind, jsonMembers, jsonToText } from './json-text.ts';

function valueOf(text: string, type: SqlType, settings: FormatSettings): Value {
  const kind = jsonKind(text);
  if (kind === 'null') return null;
  if (type.name === 'json') return text;
  if (type.name === 'jsonb') return parseJsonb(text);
  if (kind !== 'string' && type.name === 'record' && type.fields !== undefined) {
    return rowOf(text, { fields: type.fields, base: null, settings });
  }
  if (kind !== 'string' && type.name === 'array') return arrayOf(text, type, settings);
  return parseValue(jsonToText(text), type, settings);
}

function notArray(): Error {
  return sqlError('22P02', 'expected JSON array');
}

/** An array of JSON, whose items may be arrays down to the same depth everywhere. */
function arrayOf(text: string, type: SqlType, settings: FormatSettings): SqlArray {
  const element = must(type.element, 'element type');
  const dims: number[] = [];
  const elements: Value[] = [];
  const visit = (part: string, depth: number): void => {
    if (jsonKind(part) !== 'array') throw notArray();
    const items = jsonItems(part);
    const known = dims[depth];
    if (known !== undefined && known !== items.length) {
      throw sqlError('22P02', 'malformed JSON array', {
        detail: 'Multidimensional arrays must have sub-arrays with matching dimensions.',
      });
    }
    dims[depth] = items.length;
    const nested = items[0] !== undefined && jsonKind(items[0]) === 'array'
      && element.name !== 'json' && element.name !== 'jsonb';
    for (const item of items) {
      if (nested) visit(item, depth + 1);
      else elements.push(valueOf(item, element, settings));
    }
  };
  visit(text, 0);
  if (elements.length === 0) return { kind: 'array', dims: [], lowerBounds: [], elements };
  return { kind: 'array', dims, lowerBounds: dims.map(() => 1), elements };
}

interface Row {
  readonly fields: readonly RecordField[];
  /** Values of fields the object does not name. */
  readonly base: SqlRecord | null;
  readonly settings: FormatSettings;
}

function rowOf(text: string, { fields, base, settings }: Row): SqlRecord {
  const kind = jsonKind(text);
  if (kind !== 'object') {
    throw sqlError('22023',
      `cannot call populate_composite on ${kind === 'array' ? 'an array' : 'a scalar'}`);
  }
  const members = new Map(jsonMembers(text).map(({ key, value }) => [key, value]));
  return {
    kind: 'record', values: fields.map(({ name, type }, at) => {
      const given = members.get(name);
      return given === undefined ? base?.values[at] ?? null : valueOf(given, type, settings);
    }),
  };
}

function populate(name: string, type: 'json' | 'jsonb'): ScalarFunction {
  return scalar({
    signature: `${name}(anyelement,${type}) -> anyelement`, nulls: 'called', volatility: 'stable',
    doc: 'The row with the members of an object in the place of its fields.',
    examples: [[`${name}(row(1,2), '{"f2":"5"}')`, '(1,5)']],
    specialize: (types) => {
      const { fields } = must(types[0], 'row type');
      if (fields === undefined) {
        throw sqlError('42804', `first argument of ${name} must be a row type`);
      }
      return (context: EvaluationContext, base: Value, object: Value): Value => {
        if (object === null) return base;
        const text = typeof object === 'string' ? object : formatJsonb(object as Jsonb);
        return rowOf(text, {
          fields, base: base === null ? null : asRecord(base), settings: settingsOf(context),
        });
      };
    },
  });
}

/** json_populate_record and jsonb_populate_record. */
export const JSON_POPULATE: readonly ScalarFunction[] = [
  populate('json_populate_record', 'json'), populate('jsonb_populate_record', 'jsonb'),
];
