/**
 * Array functions and operators, subscripts and slices included.
 *
 * The work is in array-tools.ts; here the signatures. `$subscript(array, i, ...)` is a[i]...,
 * `$slice(array, low, high, ...)` is a[low:high]... with NULL for a bound left out.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { equalValues, compareValues } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { sqlArray } from '../../common/values.ts';
import type { SqlArray, Value } from '../../common/values.ts';
import {
  appendElement, arrayDimensions, arrayLength, arrayLower, arrayUpper, containsAll, elementAt,
  filledArray, joinArrays, overlaps, positionsOf, prependElement, removeElements, sliceArray,
} from './array-tools.ts';
import type { Same } from './array-tools.ts';
import { scalar } from './builder.ts';
import { settingsOf, textOf } from './context.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';

/** Element equality for the array type at an argument. */
function sameElements(types: readonly SqlType[], index: number = 0): Same {
  const type = must(types[index]?.element, 'element type');
  return (a, b) => (a === null || b === null ? a === b : equalValues(a, b, type));
}

const JOINS: readonly ScalarFunction[] = [
  ...([['||', 'ARRAY[1,2] || ARRAY[3,4]'], ['array_cat', 'array_cat(ARRAY[1,2], ARRAY[3,4])'],
  ] as const).map(([name, example]) => scalar({
    signature: `${name}(anycompatiblearray,anycompatiblearray) -> anycompatiblearray`,
    doc: 'Joins two arrays; NULL counts as nothing.', nulls: 'called',
    examples: [[example, '{1,2,3,4}']], evaluate: joinArrays,
  })),
  ...([['||', 'ARRAY[1,2] || 3'], ['array_append', 'array_append(ARRAY[1,2], 3)'],
  ] as const).map(([name, example]) => scalar({
    signature: `${name}(anycompatiblearray,anycompatible) -> anycompatiblearray`,
    doc: 'Adds an element at the end.', nulls: 'called', mayBeNull: false,
    examples: [[example, '{1,2,3}']], evaluate: appendElement,
  })),
  ...([['||', '1 || ARRAY[2,3]'], ['array_prepend', 'array_prepend(1, ARRAY[2,3])'],
  ] as const).map(([name, example]) => scalar({
    signature: `${name}(anycompatible,anycompatiblearray) -> anycompatiblearray`,
    doc: 'Adds an element at the start.', nulls: 'called', mayBeNull: false,
    examples: [[example, '{1,2,3}']], evaluate: prependElement,
  })),
];

const SIZES: readonly ScalarFunction[] = [
  scalar({
    signature: 'array_length(anyarray,int4) -> int4', doc: 'The length of a dimension.',
    examples: [['array_length(ARRAY[1,2,3], 1)', '3']], evaluate: arrayLength,
  }),
  scalar({
    signature: 'array_lower(anyarray,int4) -> int4', doc: 'The lower bound of a dimension.',
    examples: [[`array_lower('[0:2]={1,2,3}'::int4[], 1)`, '0']], evaluate: arrayLower,
  }),
  scalar({
    signature: 'array_upper(anyarray,int4) -> int4', doc: 'The upper bound of a dimension.',
    examples: [['array_upper(ARRAY[1,8,3,7], 1)', '4']], evaluate: arrayUpper,
  }),
  scalar({
    signature: 'array_ndims(anyarray) -> int4', doc: 'The number of dimensions.',
    examples: [['array_ndims(ARRAY[[1,2,3],[4,5,6]])', '2']],
    evaluate: (array: SqlArray) => (array.dims.length === 0 ? null : array.dims.length),
  }),
  scalar({
    signature: 'array_dims(anyarray) -> text', doc: 'The bounds of all dimensions.',
    examples: [['array_dims(ARRAY[[1,2,3],[4,5,6]])', '[1:2][1:3]']], evaluate: arrayDimensions,
  }),
  scalar({
    signature: 'cardinality(anyarray) -> int4', doc: 'The number of elements.',
    examples: [['cardinality(ARRAY[[1,2],[3,4]])', '4']],
    evaluate: (array: SqlArray) => array.elements.length,
  }),
];

const SEARCHES: readonly ScalarFunction[] = [
  scalar({
    signature: 'array_position(anycompatiblearray,anycompatible) -> int4',
    doc: 'The subscript of the first element equal to a value.', nulls: 'called',
    examples: [[`array_position(ARRAY['sun', 'mon', 'tue'], 'mon')`, '2']],
    specialize: (types) => {
      const same = sameElements(types);
      return (_context, array: SqlArray | null, value: Value) =>
        (array === null ? null : positionsOf(array, value, { same, from: null })[0] ?? null);
    },
  }),
  scalar({
    signature: 'array_position(anycompatiblearray,anycompatible,int4) -> int4',
    doc: 'The subscript of the first element equal to a value, from a subscript on.',
    nulls: 'called', examples: [['array_position(ARRAY[1, 2, 1], 1, 2)', '3']],
    specialize: (types) => {
      const same = sameElements(types);
      return (_context, array: SqlArray | null, value: Value, from: number | null) => {
        if (from === null) throw sqlError('22004', 'initial position must not be null');
        return array === null ? null : positionsOf(array, value, { same, from })[0] ?? null;
      };
    },
  }),
  scalar({
    signature: 'array_positions(anycompatiblearray,anycompatible) -> int4[]',
    doc: 'The subscripts of all elements equal to a value.', nulls: 'called',
    examples: [[`array_positions(ARRAY['A', 'A', 'B', 'A'], 'A')`, '{1,2,4}']],
    specialize: (types) => {
      const same = sameElements(types);
      return (_context, array: SqlArray | null, value: Value) =>
        (array === null ? null : sqlArray(positionsOf(array, value, { same, from: null })));
    },
  }),
  scalar({
    signature: 'array_remove(anycompatiblearray,anycompatible) -> anycompatiblearray',
    doc: 'The array without the elements equal to a value.', nulls: 'called',
    examples: [['array_remove(ARRAY[1,2,3,2], 2)', '{1,3}']],
    specialize: (types) => {
      const same = sameElements(types);
      return (_context, array: SqlArray | null, value: Value) =>
        (array === null ? null : removeElements(array, value, same));
    },
  }),
  scalar({
    signature: 'array_replace(anycompatiblearray,anycompatible,anycompatible) '
      + '-> anycompatiblearray',
    doc: 'The array with elements equal to a value replaced.', nulls: 'called',
    examples: [['array_replace(ARRAY[1,2,5,4], 5, 3)', '{1,2,3,4}']],
    specialize: (types) => {
      const same = sameElements(types);
      return (_context, array: SqlArray | null, from: Value, to: Value) => (array === null ? null
        : { ...array, elements: array.elements.map((one) => (same(one, from) ? to : one)) });
    },
  }),
];

type ArrayTest = (a: SqlArray, b: SqlArray, same: Same) => boolean;

const TESTS: readonly ScalarFunction[] = ([
  ['@>', 'True when the first has every element of the second.', 'ARRAY[1,4,3] @> ARRAY[3,1]',
    containsAll],
  ['<@', 'True when the second has every element of the first.', 'ARRAY[2,2,7] <@ ARRAY[1,7,2]',
    (a, b, same) => containsAll(b, a, same)],
  ['&&', 'True when the two have an element in common.', 'ARRAY[1,4,3] && ARRAY[2,1]', overlaps],
] as readonly (readonly [string, string, string, ArrayTest])[]).map(([name, doc, sql, code]) =>
  scalar({
    signature: `${name}(anyarray,anyarray) -> boolean`, doc, examples: [[sql, 'true']],
    specialize: (types) => {
      const same = sameElements(types);
      return (_context, a: SqlArray, b: SqlArray) => code(a, b, same);
    },
  }));

function trimArray(array: SqlArray, count: number): SqlArray {
  const size = array.dims[0] ?? 0;
  if (count < 0 || count > size) {
    throw sqlError('2202E', `number of elements to trim must be between 0 and ${size}`);
  }
  return sliceArray(array, [null, (array.lowerBounds[0] ?? 1) + size - count - 1]);
}

function joinElements(types: readonly SqlType[]): (
  context: EvaluationContext, array: SqlArray, delimiter: string, nullText: string | null,
) => Value {
  const type = must(types[0]?.element, 'element type');
  return (context, array, delimiter, nullText) => {
    const settings = settingsOf(context);
    const parts: string[] = [];
    for (const element of array.elements) {
      if (element !== null) parts.push(textOf(element, type, settings));
      else if (nullText !== null) parts.push(nullText);
    }
    return parts.join(delimiter);
  };
}

const OTHERS: readonly ScalarFunction[] = [
  scalar({
    signature: 'trim_array(anyarray,int4) -> anyarray', doc: 'Drops the last elements.',
    examples: [['trim_array(ARRAY[1,2,3,4,5,6], 2)', '{1,2,3,4}']], evaluate: trimArray,
  }),
  scalar({
    signature: 'array_fill(anyelement,int4[]) -> anyarray', nulls: 'called',
    doc: 'An array of given lengths, all elements alike.', mayBeNull: false,
    examples: [['array_fill(11, ARRAY[2,3])', '{{11,11,11},{11,11,11}}']],
    evaluate: (value: Value, dims: SqlArray | null) => filledArray(value, dims, null),
  }),
  scalar({
    signature: 'array_fill(anyelement,int4[],int4[]) -> anyarray', nulls: 'called',
    doc: 'An array of given lengths and lower bounds, all elements alike.', mayBeNull: false,
    examples: [['array_fill(7, ARRAY[3], ARRAY[2])', '[2:4]={7,7,7}']],
    evaluate: (value: Value, dims: SqlArray | null, lower: SqlArray | null) => {
      if (lower === null) {
        throw sqlError('22004', 'dimension array or low bound array cannot be null');
      }
      return filledArray(value, dims, lower);
    },
  }),
  scalar({
    signature: 'array_to_string(anyarray,text) -> text', volatility: 'stable',
    doc: 'Joins the texts of the elements, passing over NULLs.',
    examples: [[`array_to_string(ARRAY[1, 2, NULL, 5], ',')`, '1,2,5']],
    specialize: (types) => {
      const join = joinElements(types);
      return (context, array: SqlArray, delimiter: string) => join(context, array, delimiter, null);
    },
  }),
  scalar({
    signature: 'array_to_string(anyarray,text,text) -> text', volatility: 'stable',
    doc: 'Joins the texts of the elements, with a text for NULLs.', nulls: 'called',
    examples: [[`array_to_string(ARRAY[1, 2, NULL, 5], ',', '*')`, '1,2,*,5']],
    specialize: (types) => {
      const join = joinElements(types);
      return (context, array: SqlArray | null, delimiter: string | null, text: string | null) =>
        (array === null || delimiter === null ? null : join(context, array, delimiter, text));
    },
  }),
  scalar({
    signature: 'array_sort(anyarray) -> anyarray', doc: 'The elements in order, NULLs last.',
    examples: [['array_sort(ARRAY[3,1,2])', '{1,2,3}']],
    specialize: (types) => {
      const type = must(types[0]?.element, 'element type');
      return (_context, array: SqlArray) =>
        sqlArray([...array.elements].sort((a, b) => compareValues(a, b, type)));
    },
  }),
  scalar({
    signature: 'array_distinct(anyarray) -> anyarray',
    doc: 'The elements without repetitions, in order of first occurrence.',
    examples: [['array_distinct(ARRAY[3,1,3])', '{3,1}']],
    specialize: (types) => {
      const same = sameElements(types);
      return (_context, array: SqlArray) => sqlArray(array.elements.filter((element, i) =>
        array.elements.findIndex((other) => same(other, element)) === i));
    },
  }),
];

const SUBSCRIPTS: readonly ScalarFunction[] = [
  scalar({
    signature: '$subscript(anyarray,variadic int4) -> anyelement',
    doc: 'The element at the subscripts: array[i][j].', nulls: 'called',
    examples: [['(ARRAY[10,20,30])[2]', '20'], ['(ARRAY[10,20,30])[4]', null]],
    evaluate: (array: SqlArray | null, ...subscripts: (number | null)[]) =>
      (array === null ? null : elementAt(array, subscripts)),
  }),
  scalar({
    signature: '$slice(anyarray,variadic int4) -> anyarray',
    doc: 'The part between pairs of bounds: array[low:high]; NULL is the end of the array.',
    nulls: 'called',
    examples: [['(ARRAY[1,2,3,4])[2:3]', '{2,3}'], ['(ARRAY[1,2,3])[2:]', '{2,3}']],
    evaluate: (array: SqlArray | null, ...bounds: (number | null)[]) =>
      (array === null ? null : sliceArray(array, bounds)),
  }),
];

/** GREATEST and LEAST of many values. */
const EXTREMES: readonly ScalarFunction[] = ([
  ['$greatest', 'The greatest element that is not NULL.', 1, '3'],
  ['$least', 'The least element that is not NULL.', -1, '1'],
] as const).map(([name, doc, sign, result]) => scalar({
  signature: `${name}(anyarray) -> anyelement`, doc,
  examples: [[`"${name}"(ARRAY[2,NULL,3,1])`, result]],
  specialize: (types) => {
    const type = must(types[0]?.element, 'element type');
    return (_context, array: SqlArray) => array.elements.reduce((best, each) =>
      (best === null || (each !== null && compareValues(each, best, type) * sign > 0)
        ? each : best), null);
  },
}));

/** Array functions and operators. */
export const ARRAYS: readonly ScalarFunction[] = [
  ...JOINS, ...SIZES, ...SEARCHES, ...TESTS, ...OTHERS, ...SUBSCRIPTS, ...EXTREMES,
];
