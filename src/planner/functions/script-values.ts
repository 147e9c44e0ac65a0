/**
 * SQL values as JavaScript functions see them, and back.
 *
 * Exact in both directions: int8 and times are BigInts (times in microseconds), numeric is a
 * string, dates are strings, jsonb is its tree with BigInts for integers beyond 2^53. A result is
 * converted as a value assigned to the declared type: numbers as float8, BigInts as numeric,
 * strings as literals.
 */
import { assertNever } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatValue, formatType, parseValue } from '../../common/types/registry.ts';
import { makeInterval } from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import { JSON_NULL, jsonArray, jsonBoolean, jsonNumber, jsonObject, jsonString }
  from '../../common/types/jsonb.ts';
import type { Jsonb } from '../../common/types/jsonb.ts';
import { parseJsonb } from '../../common/types/jsonb-parse.ts';
import { formatNumeric, numericFromBigint, parseNumeric } from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { applyTypmod } from '../../common/types/typmod.ts';
import { sqlArray } from '../../common/values.ts';
import type { SqlArray, SqlRecord, Value } from '../../common/values.ts';
import { findCast } from './casts.ts';
import { settingsOf } from './context.ts';
import type { EvaluationContext } from './entry.ts';
import type { ScriptValue } from './script-host.ts';

const TEXT: SqlType = { name: 'text' };

/** What scripts are evaluated with: nothing of a session may change a result. */
const NEUTRAL: EvaluationContext = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1, now: 0n,
};

/** A SQL value as a script sees it. */
export function toScript(value: Value, type: SqlType): ScriptValue {
  if (value === null) return null;
  switch (type.name) {
    case 'numeric': return formatNumeric(value as Numeric);
    case 'jsonb': return jsonToScript(value as Jsonb);
    case 'json': return jsonToScript(parseJsonb(value as string));
    case 'array': return arrayToScript(value as SqlArray, type.element ?? TEXT);
    case 'record': return recordToScript(value as SqlRecord, type);
    case 'interval': {
      const { months, days, micros } = value as Interval;
      return { months, days, micros };
    }
    case 'bytea': return value as Uint8Array;
    case 'date': return formatValue(value, type, settingsOf(NEUTRAL)) ?? null;
    default:
      return typeof value === 'object' ? formatValue(value, type, settingsOf(NEUTRAL)) ?? null
        : value;
  }
}

function arrayToScript(array: SqlArray, element: SqlType): ScriptValue {
  let at = 0;
  const level = (depth: number): ScriptValue[] => {
    const made: ScriptValue[] = [];
    for (let i = 0; i < (array.dims[depth] ?? 0); i++) {
      made.push(depth + 1 < array.dims.length ? level(depth + 1)
        : toScript(array.elements[at++] ?? null, element));
    }
    return made;
  };
  return level(0);
}

function recordToScript(record: SqlRecord, type: SqlType): ScriptValue {
  const made: { [key: string]: ScriptValue } = {};
  record.values.forEach((value, at) => {
    const field = type.fields?.[at];
    made[field?.name ?? `f${at + 1}`] = toScript(value, field?.type ?? TEXT);
  });
  return made;
}

function jsonToScript(value: Jsonb): ScriptValue {
  switch (value.kind) {
    case 'json-null': return null;
    case 'json-boolean': case 'json-string': return value.value;
    case 'json-number': {
      const text = formatNumeric(value.value);
      const number = Number(text);
      return Number.isSafeInteger(number) || /[.]/.test(text) ? number : BigInt(text);
    }
    case 'json-array': return value.items.map(jsonToScript);
    case 'json-object': {
      const made: { [key: string]: ScriptValue } = {};
      value.keys.forEach((key, at) => {
        made[key] = jsonToScript(value.values[at] ?? JSON_NULL);
      });
      return made;
    }
    default: return assertNever(value);
  }
}

/** A script's result as a SQL value of the declared type; `what` names the function in errors. */
export function fromScript(value: ScriptValue, type: SqlType, what: string): Value {
  if (value === null) return null;
  switch (type.name) {
    case 'jsonb': return jsonFromScript(value);
    case 'json': return JSON.stringify(plainJson(value, what));
    case 'array': return arrayFromScript(value, type, what);
    case 'record': return recordFromScript(value, type, what);
    case 'void': return null;
    case 'interval': if (typeof value === 'object') return intervalFromScript(value, what); break;
    case 'bytea': if (value instanceof Uint8Array) return value; break;
    default: break;
  }
  const made = scalarFromScript(value, type, what);
  return applyTypmod(made, type, false);
}

function mismatch(value: ScriptValue, type: SqlType, what: string): Error {
  const kind = Array.isArray(value) ? 'an array' : value instanceof Uint8Array ? 'bytes'
    : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
  return sqlError('38000',
    `function ${what} returned ${kind} where ${formatType(type)} is declared`);
}

function scalarFromScript(value: ScriptValue, type: SqlType, what: string): Value {
  const isTime = physicalOf(type) === 'i64' && type.name !== 'int8';
  switch (typeof value) {
    case 'string': return parseValue(value, type, settingsOf(NEUTRAL));
    case 'boolean': return castFrom(value, { name: 'boolean' }, type, what);
    case 'bigint':
      if (isTime) return BigInt.asIntN(64, value);
      return castFrom(numericFromBigint(value), { name: 'numeric' }, type, what);
    case 'number':
      if (type.name === 'numeric') return parseNumeric(String(value));
      if (type.name === 'text' || type.name === 'varchar') return String(value);
      return castFrom(value, { name: 'float8' }, type, what);
    default: throw mismatch(value, type, what);
  }
}

function castFrom(value: Value, from: SqlType, to: SqlType, what: string): Value {
  const cast = findCast(from, to);
  if (cast === null || (cast.context === 'explicit' && from.name !== 'boolean')) {
    throw sqlError('38000', `function ${what} returned a ${from.name === 'boolean' ? 'boolean'
      : 'number'} where ${formatType(to)} is declared`);
  }
  return cast.evaluate(NEUTRAL, value);
}

function isPlainObject(
  value: ScriptValue,
): value is { readonly [key: string]: ScriptValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    && !(value instanceof Uint8Array);
}

function arrayFromScript(value: ScriptValue, type: SqlType, what: string): Value {
  if (typeof value === 'string') return parseValue(value, type, settingsOf(NEUTRAL));
  const element = type.element ?? TEXT;
  const list = value instanceof Uint8Array ? [...value] : value;
  if (!Array.isArray(list)) throw mismatch(value, type, what);
  const items = list as readonly ScriptValue[];
  if (!items.some((item) => Array.isArray(item))) {
    return sqlArray(items.map((item) => fromScript(item, element, what)));
  }
  const inner = items.map((item) => {
    const made = fromScript(item, type, what) as SqlArray | null;
    if (made !== null) return made;
    throw mismatch(item, type, what);
  });
  const dims = inner[0]?.dims ?? [];
  if (inner.some((each) => each.dims.join() !== dims.join())) {
    throw sqlError('2202E',
      'multidimensional arrays must have sub-arrays with matching dimensions');
  }
  return {
    kind: 'array', dims: [inner.length, ...dims], lowerBounds: [1, ...dims.map(() => 1)],
    elements: inner.flatMap((each) => each.elements),
  };
}

function recordFromScript(value: ScriptValue, type: SqlType, what: string): Value {
  const fields = type.fields ?? [];
  return {
    kind: 'record', values: rowFromScript(value, fields, what),
  };
}

/** A row of a table function: an object by column name, an array in order, or one bare value. */
export function rowFromScript(
  value: ScriptValue, columns: readonly { readonly name: string; readonly type: SqlType }[],
  what: string,
): readonly Value[] {
  if (Array.isArray(value) && !(columns.length === 1 && columns[0]?.type.name === 'array')) {
    const items = value as readonly ScriptValue[];
    if (items.length !== columns.length) {
      throw sqlError('38000', `function ${what} returned a row of ${items.length} values where `
        + `${columns.length} are declared`);
    }
    return columns.map(({ type }, at) => fromScript(items[at] ?? null, type, what));
  }
  const first = columns[0]?.name ?? '';
  if (isPlainObject(value) && (columns.length > 1 || Object.hasOwn(value, first))) {
    return columns.map(({ name, type }) =>
      fromScript(Object.hasOwn(value, name) ? value[name] ?? null : null, type, what));
  }
  const only = columns[0];
  if (columns.length === 1 && only !== undefined) return [fromScript(value, only.type, what)];
  throw sqlError('38000', `function ${what} must return rows as objects or arrays`);
}

function intervalFromScript(value: ScriptValue, what: string): Value {
  if (!isPlainObject(value)) throw mismatch(value, { name: 'interval' }, what);
  const months = Number(value['months'] ?? 0);
  const days = Number(value['days'] ?? 0);
  const micros = value['micros'] ?? 0n;
  const whole = Number.isSafeInteger(months) && Number.isSafeInteger(days)
    && (typeof micros === 'bigint' || (typeof micros === 'number' && Number.isSafeInteger(micros)));
  if (!whole) throw mismatch(value, { name: 'interval' }, what);
  return makeInterval(months, days, BigInt(micros));
}

function jsonFromScript(value: ScriptValue): Jsonb {
  if (value === null) return JSON_NULL;
  switch (typeof value) {
    case 'boolean': return jsonBoolean(value);
    case 'string': return jsonString(value);
    case 'bigint': return jsonNumber(numericFromBigint(value));
    // As JSON.stringify: what is no JSON number is null.
    case 'number': return Number.isFinite(value) ? jsonNumber(parseNumeric(String(value)))
      : JSON_NULL;
    default: break;
  }
  if (value instanceof Uint8Array) return jsonArray([...value].map((byte) => jsonFromScript(byte)));
  if (Array.isArray(value)) {
    return jsonArray((value as readonly ScriptValue[]).map((item) => jsonFromScript(item)));
  }
  const object = value as { readonly [key: string]: ScriptValue };
  const keys = Object.keys(object);
  return jsonObject(keys, keys.map((key) => jsonFromScript(object[key] ?? null)));
}

function plainJson(value: ScriptValue, what: string): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (BigInt(number) === value) return number;
    throw sqlError('38000', `function ${what} returned ${value}, too large a number for json`, {
      hint: 'Declare the result as jsonb.',
    });
  }
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) {
    return (value as readonly ScriptValue[]).map((item) => plainJson(item, what));
  }
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) =>
    [key, plainJson(item, what)]));
}
