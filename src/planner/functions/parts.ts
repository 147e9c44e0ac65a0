/**
 * New values of parts: what `SET a[1] = x`, `SET a[1:2] = y` and `SET j['k'] = z` make of a column.
 *
 * Arrays grow at either end, with NULLs between, while they have one dimension; of more dimensions
 * the subscripts must be there. Objects and arrays of JSON are made where a path leads nowhere.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { JSON_NULL, jsonArray, jsonObject } from '../../common/types/jsonb.ts';
import type { Jsonb } from '../../common/types/jsonb.ts';
import type { SqlArray, Value } from '../../common/values.ts';
import { sqlArray } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { ScalarFunction } from './entry.ts';

function subscriptError(message: string): Error {
  return sqlError('2202E', message);
}

function subscriptsOf(given: readonly (number | null)[]): readonly number[] {
  return given.map((each) => {
    if (each !== null) return each;
    throw sqlError('22004', 'array subscript in assignment must not be null');
  });
}

/** Place of an element, whose subscripts must be there. */
function placeOf(array: SqlArray, subscripts: readonly number[]): number {
  return subscripts.reduce((place, subscript, at) => {
    const size = must(array.dims[at], 'dimension');
    const offset = subscript - must(array.lowerBounds[at], 'lower bound');
    if (offset < 0 || offset >= size) throw subscriptError('array subscript out of range');
    return place * size + offset;
  }, 0);
}

/** A one-dimensional array that reaches from `low` to `high` at least, filled up with NULLs. */
function reaching(array: SqlArray, low: number, high: number): SqlArray {
  const first = array.lowerBounds[0] ?? low;
  const before = Math.max(0, first - low);
  const after = Math.max(0, high - (first + array.elements.length - 1));
  const elements = [...Array.from({ length: before }, () => null), ...array.elements,
    ...Array.from({ length: after }, () => null)];
  return {
    kind: 'array', dims: [elements.length], lowerBounds: [Math.min(first, low)], elements,
  };
}

function withElement(array: SqlArray, element: Value, subscripts: readonly number[]): SqlArray {
  const { dims } = array;
  if (dims.length === 0) {
    return {
      kind: 'array', dims: subscripts.map(() => 1), lowerBounds: subscripts, elements: [element],
    };
  }
  if (dims.length !== subscripts.length) {
    throw subscriptError('wrong number of array subscripts');
  }
  const [only = 0] = subscripts;
  const wide = dims.length === 1 ? reaching(array, only, only) : array;
  return { ...wide, elements: wide.elements.with(placeOf(wide, subscripts), element) };
}

/** All combinations of subscripts between bounds, in the order of the elements. */
function* between(
  bounds: readonly (readonly [number, number])[], before: readonly number[] = [],
): Generator<readonly number[]> {
  const bound = bounds[before.length];
  if (bound === undefined) {
    yield before;
    return;
  }
  for (let at = bound[0]; at <= bound[1]; at++) yield* between(bounds, [...before, at]);
}

function withSlice(
  array: SqlArray, source: SqlArray | null, given: readonly (number | null)[],
): SqlArray {
  if (source === null) return array;
  const empty = array.dims.length === 0;
  const bounds: [number, number][] = [];
  for (let at = 0; at * 2 < given.length; at++) {
    const [low = null, high = null] = given.slice(at * 2, at * 2 + 2);
    if (empty && (low === null || high === null)) {
      throw sqlError('2202E', 'array slice subscript must provide both boundaries', {
        detail: 'When assigning to a slice of an empty array value, slice boundaries must be '
          + 'fully specified.',
      });
    }
    const first = array.lowerBounds[at] ?? 1;
    const pair: [number, number] = [low ?? first, high ?? first + (array.dims[at] ?? 0) - 1];
    if (pair[1] < pair[0]) throw subscriptError('upper bound cannot be less than lower bound');
    bounds.push(pair);
  }
  if (!empty && array.dims.length < bounds.length) {
    throw subscriptError('wrong number of array subscripts');
  }
  while (bounds.length < array.dims.length) {
    const first = must(array.lowerBounds[bounds.length], 'lower bound');
    bounds.push([first, first + must(array.dims[bounds.length], 'dimension') - 1]);
  }
  const count = bounds.reduce((product, [low, high]) => product * (high - low + 1), 1);
  if (source.elements.length < count) throw subscriptError('source array too small');
  return filled(empty ? emptyOf(bounds) : array, source.elements, bounds);
}

function emptyOf(bounds: readonly (readonly [number, number])[]): SqlArray {
  const dims = bounds.map(([low, high]) => high - low + 1);
  return {
    kind: 'array', dims, lowerBounds: bounds.map(([low]) => low),
    elements: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => null),
  };
}

function filled(
  array: SqlArray, source: readonly Value[], bounds: readonly (readonly [number, number])[],
): SqlArray {
  const [first] = bounds;
  const wide = bounds.length === 1 && first !== undefined
    ? reaching(array, first[0], first[1]) : array;
  const elements = [...wide.elements];
  let at = 0;
  for (const subscripts of between(bounds)) {
    elements[placeOf(wide, subscripts)] = source[at++] ?? null;
  }
  return { ...wide, elements };
}

// --------------------------------------------------------------------------------------- jsonb

type Step = string | number;

function indexOf(step: Step): number | null {
  return /^\s*[+-]?\d+$/.test(String(step)) ? Number(step) : null;
}

/** A value below keys and places that are not there yet. */
function wrapped(path: readonly Step[], value: Jsonb): Jsonb {
  return path.toReversed().reduce((inner, step) => {
    const index = indexOf(step);
    if (index === null) return jsonObject([String(step)], [inner]);
    return jsonArray([...Array.from({ length: index }, () => JSON_NULL), inner]);
  }, value);
}

function withPath(target: Jsonb, path: readonly Step[], value: Jsonb, depth: number): Jsonb {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  switch (target.kind) {
    case 'json-object': {
      const key = String(step);
      const at = target.keys.indexOf(key);
      const old = target.values[at];
      if (old === undefined) {
        return jsonObject([...target.keys, key], [...target.values, wrapped(rest, value)]);
      }
      const inner = withPath(old, rest, value, depth + 1);
      return jsonObject(target.keys, target.values.with(at, inner));
    }
    case 'json-array': {
      const index = indexOf(step);
      if (index === null) {
        throw sqlError('22P02',
          `path element at position ${depth + 1} is not an integer: "${String(step)}"`);
      }
      const { items } = target;
      const at = index < 0 ? items.length + index : index;
      if (at < 0) {
        throw sqlError('22023',
          `path element at position ${depth + 1} is out of range: ${index}`);
      }
      const old = items[at];
      if (old !== undefined) {
        return jsonArray(items.with(at, withPath(old, rest, value, depth + 1)));
      }
      const gap = Array.from({ length: at - items.length }, () => JSON_NULL);
      return jsonArray([...items, ...gap, wrapped(rest, value)]);
    }
    default:
      throw sqlError('22023', 'cannot replace existing key', {
        detail: 'The path assumes key is a composite object, but it is a scalar value.',
      });
  }
}

/** Entries of the registry; the names are those of the planner alone. */
export const PARTS: readonly ScalarFunction[] = [
  scalar({
    signature: '$with_element(anyarray,anyelement,variadic int4) -> anyarray', nulls: 'called',
    doc: 'The array with another element at subscripts.', examples: [],
    evaluate: (array: SqlArray | null, element: Value, ...at: (number | null)[]) =>
      withElement(array ?? sqlArray([]), element, subscriptsOf(at)),
  }),
  scalar({
    signature: '$with_slice(anyarray,anyarray,variadic int4) -> anyarray', nulls: 'called',
    doc: 'The array with other elements between bounds.', examples: [],
    evaluate: (array: SqlArray | null, source: SqlArray | null, ...at: (number | null)[]) =>
      withSlice(array ?? sqlArray([]), source, at),
  }),
  scalar({
    signature: '$with_path(jsonb,jsonb,variadic any) -> jsonb', nulls: 'called',
    doc: 'The document with another value at a path.', examples: [],
    evaluate: (target: Jsonb | null, value: Jsonb | null, ...path: (Step | null)[]) => {
      const steps = path.map((step) => {
        if (step !== null) return step;
        throw sqlError('22004', 'jsonb subscript in assignment must not be null');
      });
      return target === null ? wrapped(steps, value ?? JSON_NULL)
        : withPath(target, steps, value ?? JSON_NULL, 0);
    },
  }),
];
