/**
 * Work on array values: building, joining, searching, subscripts and slices.
 *
 * Pure functions over SqlArray; equality of elements is passed in. Errors are PostgreSQL's.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { sqlArray } from '../../common/values.ts';
import type { SqlArray, Value } from '../../common/values.ts';

/** Most elements of an array. */
export const ARRAY_ELEMENTS_MAX = 134217727;

/** The empty array. */
export const EMPTY_ARRAY: SqlArray = sqlArray([]);

/** ARRAY[...] over arrays: one dimension more; 2202E where they are not of the same shape. */
export function arrayOfArrays(elements: readonly (SqlArray | null)[]): SqlArray {
  const [first] = elements.filter((each) => each !== null && each.elements.length > 0);
  if (first === undefined || first === null) return EMPTY_ARRAY;
  const shape = (of: SqlArray): string => `${of.dims.join()}:${of.lowerBounds.join()}`;
  if (!elements.every((each) => each !== null && shape(each) === shape(first))) {
    throw sqlError('2202E',
      'multidimensional arrays must have array expressions with matching dimensions');
  }
  return {
    kind: 'array', dims: [elements.length, ...first.dims], lowerBounds: [1, ...first.lowerBounds],
    elements: elements.flatMap((each) => each?.elements ?? []),
  };
}

/** Equality of elements, NULLs included. */
export type Same = (a: Value, b: Value) => boolean;

/** The only lower bound of an array of one dimension. */
function lowerBound(array: SqlArray, dimension: number = 0): number {
  return array.lowerBounds[dimension] ?? 1;
}

function oneDimensional(elements: readonly Value[], lower: number): SqlArray {
  if (elements.length === 0) return EMPTY_ARRAY;
  return { kind: 'array', dims: [elements.length], lowerBounds: [lower], elements };
}

function requireList(array: SqlArray): void {
  if (array.dims.length > 1) {
    throw sqlError('22000', 'argument must be empty or one-dimensional array');
  }
}

/** Adds an element at the end. */
export function appendElement(array: SqlArray | null, value: Value): SqlArray {
  const base = array ?? EMPTY_ARRAY;
  requireList(base);
  return oneDimensional([...base.elements, value], lowerBound(base));
}

/** Adds an element at the start; the lower bound stays. */
export function prependElement(value: Value, array: SqlArray | null): SqlArray {
  const base = array ?? EMPTY_ARRAY;
  requireList(base);
  return oneDimensional([value, ...base.elements], lowerBound(base));
}

function incompatible(detail: string): SqlError {
  return sqlError('2202E', 'cannot concatenate incompatible arrays', { detail });
}

function sameTail(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** Joins arrays along the first dimension, or an array of a dimension less as one element. */
export function joinArrays(a: SqlArray | null, b: SqlArray | null): SqlArray | null {
  if (a === null) return b;
  if (b === null || b.dims.length === 0) return a;
  if (a.dims.length === 0) return b;
  const elements = [...a.elements, ...b.elements];
  const [sizeA = 0, ...tailA] = a.dims;
  const [sizeB = 0, ...tailB] = b.dims;
  if (a.dims.length === b.dims.length) {
    if (!sameTail(tailA, tailB)) {
      throw incompatible('Arrays with differing element dimensions are not compatible for '
        + 'concatenation.');
    }
    return { kind: 'array', dims: [sizeA + sizeB, ...tailA], lowerBounds: a.lowerBounds, elements };
  }
  if (a.dims.length === b.dims.length - 1) {
    if (!sameTail(a.dims, tailB)) throw differing();
    return { kind: 'array', dims: [sizeB + 1, ...tailB], lowerBounds: b.lowerBounds, elements };
  }
  if (b.dims.length === a.dims.length - 1) {
    if (!sameTail(b.dims, tailA)) throw differing();
    return { kind: 'array', dims: [sizeA + 1, ...tailA], lowerBounds: a.lowerBounds, elements };
  }
  throw incompatible(`Arrays of ${a.dims.length} and ${b.dims.length} dimensions are not `
    + 'compatible for concatenation.');
}

function differing(): SqlError {
  return incompatible('Arrays with differing dimensions are not compatible for concatenation.');
}

/** Length of a dimension (from 1), or NULL when there is none. */
export function arrayLength(array: SqlArray, dimension: number): number | null {
  return array.dims[dimension - 1] ?? null;
}

/** Lower bound of a dimension (from 1), or NULL when there is none. */
export function arrayLower(array: SqlArray, dimension: number): number | null {
  return array.lowerBounds[dimension - 1] ?? null;
}

/** Upper bound of a dimension (from 1), or NULL when there is none. */
export function arrayUpper(array: SqlArray, dimension: number): number | null {
  const size = array.dims[dimension - 1];
  return size === undefined ? null : lowerBound(array, dimension - 1) + size - 1;
}

/** `[1:2][1:3]`, or NULL of the empty array. */
export function arrayDimensions(array: SqlArray): string | null {
  if (array.dims.length === 0) return null;
  return array.dims.map((size, i) => {
    const low = lowerBound(array, i);
    return `[${low}:${low + size - 1}]`;
  }).join('');
}

/** The element at the subscripts, or NULL where there is none. */
export function elementAt(array: SqlArray, subscripts: readonly (number | null)[]): Value {
  if (subscripts.length !== array.dims.length) return null;
  let place = 0;
  for (let i = 0; i < subscripts.length; i++) {
    const subscript = subscripts[i] ?? null;
    const size = array.dims[i] ?? 0;
    if (subscript === null) return null;
    const offset = subscript - lowerBound(array, i);
    if (offset < 0 || offset >= size) return null;
    place = place * size + offset;
  }
  return array.elements[place] ?? null;
}

/** The part between bounds (low, high pairs; NULL: that end of the array). */
export function sliceArray(array: SqlArray, bounds: readonly (number | null)[]): SqlArray {
  const count = array.dims.length;
  if (count === 0 || bounds.length / 2 > count) return EMPTY_ARRAY;
  const starts: number[] = [];
  const sizes: number[] = [];
  for (let i = 0; i < count; i++) {
    const first = lowerBound(array, i);
    const last = first + (array.dims[i] ?? 0) - 1;
    const low = Math.max(bounds[2 * i] ?? first, first);
    const high = Math.min(bounds[2 * i + 1] ?? last, last);
    if (high < low) return EMPTY_ARRAY;
    starts.push(low - first);
    sizes.push(high - low + 1);
  }
  const elements: Value[] = [];
  const copy = (dimension: number, place: number): void => {
    const start = starts[dimension] ?? 0;
    const size = array.dims[dimension] ?? 0;
    for (let i = 0; i < (sizes[dimension] ?? 0); i++) {
      const next = place * size + start + i;
      if (dimension + 1 === count) elements.push(array.elements[next] ?? null);
      else copy(dimension + 1, next);
    }
  };
  copy(0, 0);
  return { kind: 'array', dims: sizes, lowerBounds: sizes.map(() => 1), elements };
}

/** Places of a value in an array of one dimension, from a subscript on. */
export function positionsOf(
  array: SqlArray, value: Value, options: { readonly same: Same; readonly from: number | null },
): number[] {
  if (array.dims.length > 1) {
    throw sqlError('0A000',
      'searching for elements in multidimensional arrays is not supported');
  }
  const low = lowerBound(array);
  const start = options.from === null ? 0 : Math.max(options.from - low, 0);
  const found: number[] = [];
  for (let i = start; i < array.elements.length; i++) {
    if (options.same(array.elements[i] ?? null, value)) found.push(low + i);
  }
  return found;
}

/** Drops all elements equal to a value. */
export function removeElements(array: SqlArray, value: Value, same: Same): SqlArray {
  if (array.dims.length > 1) {
    throw sqlError('0A000',
      'removing elements from multidimensional arrays is not supported');
  }
  const kept = array.elements.filter((element) => !same(element, value));
  return kept.length === array.elements.length ? array : oneDimensional(kept, lowerBound(array));
}

/** True when every element of `part` is in `whole`; NULLs are in nothing. */
export function containsAll(whole: SqlArray, part: SqlArray, same: Same): boolean {
  return part.elements.every((wanted) => wanted !== null
    && whole.elements.some((element) => element !== null && same(element, wanted)));
}

/** True when the two have an element in common. */
export function overlaps(a: SqlArray, b: SqlArray, same: Same): boolean {
  return a.elements.some((element) => element !== null
    && b.elements.some((other) => other !== null && same(element, other)));
}

/** An array of given dimensions, all elements alike. */
export function filledArray(
  value: Value, dims: SqlArray | null, lower: SqlArray | null,
): SqlArray {
  if (dims === null) throw sqlError('22004', 'dimension array or low bound array cannot be null');
  const sizes = dims.elements.map((size) => {
    if (typeof size !== 'number') throw sqlError('22004', 'dimension values cannot be null');
    return size;
  });
  if (sizes.length > 6) {
    throw sqlError('54000',
      `number of array dimensions (${sizes.length}) exceeds the maximum allowed (6)`);
  }
  const lowerBounds = sizes.map((_size, i) => {
    const bound = lower === null ? 1 : lower.elements[i] ?? null;
    if (typeof bound !== 'number') {
      throw sqlError('2202E', 'wrong number of array subscripts',
        { detail: 'Low bound array has different size than dimensions array.' });
    }
    return bound;
  });
  const count = sizes.reduce((product, size) => product * size, 1);
  if (sizes.length === 0 || count === 0) return EMPTY_ARRAY;
  if (sizes.some((size) => size < 0) || count > ARRAY_ELEMENTS_MAX) {
    throw sqlError('54000',
      `array size exceeds the maximum allowed (${ARRAY_ELEMENTS_MAX})`);
  }
  const elements = Array.from({ length: count }, () => value);
  return { kind: 'array', dims: sizes, lowerBounds, elements };
}
