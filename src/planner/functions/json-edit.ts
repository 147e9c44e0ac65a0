/**
 * Looking into and changing jsonb trees: paths, containment, joining, setting, removing.
 *
 * Trees are immutable; changes share what stays. Errors are PostgreSQL's (22023, 22P02, 22004).
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import {
  compareJsonb, formatJsonb, JSON_NULL, jsonArray, jsonField, jsonItem, jsonObject, quoteJson,
} from '../../common/types/jsonb.ts';
import type { Jsonb, JsonObject } from '../../common/types/jsonb.ts';
import type { SqlArray } from '../../common/values.ts';
import { pathIndex } from './json-text.ts';

type Path = readonly (string | null)[];

/** The value at a path, or null. */
export function atPath(value: Jsonb, path: Path): Jsonb | null {
  let found: Jsonb = value;
  for (const element of path) {
    if (element === null) return null;
    const next: Jsonb | undefined = found.kind === 'json-object' ? jsonField(found, element)
      : itemByText(found, element);
    if (next === undefined) return null;
    found = next;
  }
  return found;
}

function itemByText(value: Jsonb, element: string): Jsonb | undefined {
  const index = pathIndex(element);
  return index === null ? undefined : jsonItem(value, index);
}

/** value -> index. A scalar is its own only item, as PostgreSQL stores it. */
export function itemOf(value: Jsonb, index: number): Jsonb | null {
  if (isScalar(value)) return index === 0 || index === -1 ? value : null;
  return jsonItem(value, index) ?? null;
}

/** Keys or a path: arrays of one dimension. */
export function flatTexts(array: SqlArray): readonly (string | null)[] {
  if (array.dims.length > 1) throw sqlError('2202E', 'wrong number of array subscripts');
  return array.elements.map((element) => (typeof element === 'string' ? element : null));
}

/** A jsonb value as SQL text: strings unquoted, null as NULL. */
export function jsonbToText(value: Jsonb | null | undefined): string | null {
  if (value === null || value === undefined || value.kind === 'json-null') return null;
  return value.kind === 'json-string' ? value.value : formatJsonb(value);
}

function isScalar(value: Jsonb): boolean {
  return value.kind !== 'json-array' && value.kind !== 'json-object';
}

/** a @> b. */
export function contains(a: Jsonb, b: Jsonb): boolean {
  // At the top an array contains a scalar that is one of its items.
  if (a.kind === 'json-array' && isScalar(b)) {
    return a.items.some((item) => isScalar(item) && compareJsonb(item, b) === 0);
  }
  return containsNested(a, b);
}

function containsNested(a: Jsonb, b: Jsonb): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'json-object' && b.kind === 'json-object') {
    return b.keys.every((key, i) => {
      const field = jsonField(a, key);
      return field !== undefined && containsNested(field, b.values[i] ?? JSON_NULL);
    });
  }
  if (a.kind === 'json-array' && b.kind === 'json-array') {
    return b.items.every((wanted) => a.items.some((item) => containsNested(item, wanted)));
  }
  return compareJsonb(a, b) === 0;
}

/** value ? key. */
export function hasKey(value: Jsonb, key: string): boolean {
  switch (value.kind) {
    case 'json-object': return value.keys.includes(key);
    case 'json-array':
      return value.items.some((item) => item.kind === 'json-string' && item.value === key);
    case 'json-string': return value.value === key;
    default: return false;
  }
}

function itemsOf(value: Jsonb): readonly Jsonb[] {
  return value.kind === 'json-array' ? value.items : [value];
}

/** a || b: objects are merged, everything else joined as arrays. */
export function concatenate(a: Jsonb, b: Jsonb): Jsonb {
  if (a.kind === 'json-object' && b.kind === 'json-object') {
    return jsonObject([...a.keys, ...b.keys], [...a.values, ...b.values]);
  }
  return jsonArray([...itemsOf(a), ...itemsOf(b)]);
}

function withoutPlaces(object: JsonObject, drop: (key: string) => boolean): Jsonb {
  const kept = object.keys.map((_key, i) => i).filter((i) => !drop(object.keys[i] ?? ''));
  return jsonObject(kept.map((i) => object.keys[i] ?? ''),
    kept.map((i) => object.values[i] ?? JSON_NULL));
}

/** value - keys: fields of an object, strings of an array. */
export function deleteKeys(value: Jsonb, keys: readonly (string | null)[]): Jsonb {
  if (value.kind === 'json-object') return withoutPlaces(value, (key) => keys.includes(key));
  if (value.kind === 'json-array') {
    return jsonArray(value.items.filter((item) =>
      item.kind !== 'json-string' || !keys.includes(item.value)));
  }
  throw sqlError('22023', 'cannot delete from scalar');
}

/** value - index. */
export function deleteIndex(value: Jsonb, index: number): Jsonb {
  if (value.kind === 'json-object') {
    throw sqlError('22023', 'cannot delete from object using integer index');
  }
  if (value.kind !== 'json-array') throw sqlError('22023', 'cannot delete from scalar');
  const place = index < 0 ? value.items.length + index : index;
  return jsonArray(value.items.filter((_item, i) => i !== place));
}

function nullElement(at: number): SqlError {
  return sqlError('22004', `path element at position ${at + 1} is null`);
}

function indexElement(element: string, at: number): number {
  const index = pathIndex(element);
  if (index === null) {
    throw sqlError('22P02', `path element at position ${at + 1} is not an integer: "${element}"`);
  }
  return index;
}

function isEmpty(value: Jsonb): boolean {
  if (value.kind === 'json-array') return value.items.length === 0;
  return value.kind === 'json-object' && value.keys.length === 0;
}

/** value #- path. */
export function deletePath(value: Jsonb, path: Path): Jsonb {
  if (isScalar(value)) throw sqlError('22023', 'cannot delete path in scalar');
  return path.length === 0 || isEmpty(value) ? value : edit(value, path, 0, { kind: 'delete' });
}

/** What happens at the end of a path. */
type Change =
  | { readonly kind: 'delete' }
  | { readonly kind: 'set'; readonly to: Jsonb; readonly create: boolean }
  | { readonly kind: 'insert'; readonly to: Jsonb; readonly after: boolean };

function edit(value: Jsonb, path: Path, at: number, change: Change): Jsonb {
  const element = path[at] ?? null;
  if (element === null) throw nullElement(at);
  const last = at === path.length - 1;
  if (value.kind === 'json-object') return editObject(value, path, at, change);
  if (value.kind !== 'json-array') {
    return value;
  }
  const index = indexElement(element, at);
  const place = index < 0 ? value.items.length + index : index;
  const item = value.items[place];
  if (item !== undefined && !last) {
    const changed = edit(item, path, at + 1, change);
    return changed === item ? value
      : jsonArray(value.items.map((old, i) => (i === place ? changed : old)));
  }
  return last ? editItem(value.items, place, change) : value;
}

/** The change of one array item. */
function editItem(items: readonly Jsonb[], place: number, change: Change): Jsonb {
  const exists = place >= 0 && place < items.length;
  switch (change.kind) {
    case 'delete': return jsonArray(items.filter((_item, i) => i !== place));
    case 'set':
      if (exists) return jsonArray(items.map((item, i) => (i === place ? change.to : item)));
      if (!change.create) return jsonArray(items);
      return jsonArray(place < 0 ? [change.to, ...items] : [...items, change.to]);
    case 'insert': {
      if (place < 0) return jsonArray([change.to, ...items]);
      const where = Math.min(place + (change.after ? 1 : 0), items.length);
      return jsonArray([...items.slice(0, where), change.to, ...items.slice(where)]);
    }
  }
}

function editObject(object: JsonObject, path: Path, at: number, change: Change): Jsonb {
  const key = path[at] ?? '';
  const place = object.keys.indexOf(key);
  const last = at === path.length - 1;
  const old = object.values[place];
  if (old !== undefined && !last) {
    const changed = edit(old, path, at + 1, change);
    return changed === old ? object : jsonObject(object.keys,
      object.values.map((value, i) => (i === place ? changed : value)));
  }
  if (!last) return object;
  switch (change.kind) {
    case 'delete': return old === undefined ? object : withoutPlaces(object, (one) => one === key);
    case 'set':
      if (old !== undefined) {
        return jsonObject(object.keys,
          object.values.map((value, i) => (i === place ? change.to : value)));
      }
      return change.create ? jsonObject([...object.keys, key], [...object.values, change.to])
        : object;
    case 'insert':
      if (old !== undefined) {
        throw sqlError('22023', 'cannot replace existing key',
          { hint: 'Try using the function jsonb_set to replace key value.' });
      }
      return jsonObject([...object.keys, key], [...object.values, change.to]);
  }
}

/** jsonb_set. */
export function setPath(
  value: Jsonb, path: Path, options: { readonly to: Jsonb; readonly create: boolean },
): Jsonb {
  if (isScalar(value)) throw sqlError('22023', 'cannot set path in scalar');
  if (!options.create && isEmpty(value)) return value;
  return path.length === 0 ? value : edit(value, path, 0, { kind: 'set', ...options });
}

/** jsonb_insert. */
export function insertPath(
  value: Jsonb, path: Path, options: { readonly to: Jsonb; readonly after: boolean },
): Jsonb {
  if (isScalar(value)) throw sqlError('22023', 'cannot set path in scalar');
  return path.length === 0 ? value : edit(value, path, 0, { kind: 'insert', ...options });
}

/** Drops object fields that are null, at every depth. */
export function stripNulls(value: Jsonb): Jsonb {
  if (value.kind === 'json-array') return jsonArray(value.items.map(stripNulls));
  if (value.kind !== 'json-object') return value;
  const kept = value.keys.map((_key, i) => i)
    .filter((i) => value.values[i]?.kind !== 'json-null');
  return jsonObject(kept.map((i) => value.keys[i] ?? ''),
    kept.map((i) => stripNulls(value.values[i] ?? JSON_NULL)));
}

/** The text form with line breaks and four blanks a level. */
export function prettyJsonb(value: Jsonb, depth: number = 0): string {
  const inner = '    '.repeat(depth + 1);
  const close = '    '.repeat(depth);
  if (value.kind === 'json-array') {
    if (value.items.length === 0) return `[\n${close}]`;
    const items = value.items.map((item) => inner + prettyJsonb(item, depth + 1));
    return `[\n${items.join(',\n')}\n${close}]`;
  }
  if (value.kind !== 'json-object') return formatJsonb(value);
  if (value.keys.length === 0) return `{\n${close}}`;
  const fields = value.keys.map((key, i) =>
    `${inner}${quoteJson(key)}: ${prettyJsonb(value.values[i] ?? JSON_NULL, depth + 1)}`);
  return `{\n${fields.join(',\n')}\n${close}}`;
}
