/**
 * Enums: comparisons, extremes and the functions that list labels.
 *
 * A value is the place of its label, so order and equality are those of numbers.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { labelsOf } from '../../common/types/enums.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { sqlArray } from '../../common/values.ts';
import type { Value } from '../../common/values.ts';
import { aggregate, scalar } from './builder.ts';
import type { EvaluationContext, FunctionEntry } from './entry.ts';

type Compare = (a: number, b: number) => boolean;

const OPERATORS: readonly (readonly [string, string, string, Compare])[] = [
  ['=', '===', 'True when the two are equal.', (a, b) => a === b],
  ['<>', '!==', 'True when the two differ.', (a, b) => a !== b],
  ['<', '<', 'True when the first label stands before the second.', (a, b) => a < b],
  ['<=', '<=', 'True when the first label does not stand behind the second.', (a, b) => a <= b],
  ['>', '>', 'True when the first label stands behind the second.', (a, b) => a > b],
  ['>=', '>=', 'True when the first label does not stand before the second.', (a, b) => a >= b],
];

const COMPARISONS: readonly FunctionEntry[] = OPERATORS.map(([name, text, doc, evaluate]) =>
  scalar({
    signature: `${name}(anyenum,anyenum) -> boolean`, doc, examples: [], evaluate,
    inline: (a, b) => `(${a} ${text} ${b})`,
  }));

const EXTREMES: readonly FunctionEntry[] = (['min', 'max'] as const).map((name) => aggregate({
  signature: `${name}(anyenum) -> anyenum`,
  doc: name === 'min' ? 'The first of the non-NULL labels.' : 'The last of the non-NULL labels.',
  examples: [], strategy: { kind: 'extreme', direction: name },
}));

function placesOf(type: SqlType): readonly number[] {
  return labelsOf(type).map(({ place }) => place);
}

/** The one label at an end; an enum without labels has none. */
function end(which: 0 | -1): (args: readonly SqlType[]) => (
  context: EvaluationContext, value: Value) => Value {
  return (args) => {
    const type = must(args[0], 'enum');
    const place = placesOf(type).at(which);
    return () => {
      if (place !== undefined) return place;
      throw sqlError('55000', `enum ${type.user?.name ?? ''} contains no values`);
    };
  };
}

/** Enum functions and operators. */
export const ENUMS: readonly FunctionEntry[] = [
  ...COMPARISONS, ...EXTREMES,
  scalar({
    signature: 'enum_first(anyenum) -> anyenum', nulls: 'called', examples: [],
    doc: 'The first label of the argument\'s type.', specialize: end(0),
  }),
  scalar({
    signature: 'enum_last(anyenum) -> anyenum', nulls: 'called', examples: [],
    doc: 'The last label of the argument\'s type.', specialize: end(-1),
  }),
  scalar({
    signature: 'enum_range(anyenum) -> anyarray', nulls: 'called', examples: [],
    doc: 'All labels of the argument\'s type, in order.',
    specialize: (args: readonly SqlType[]) => {
      const all = sqlArray(placesOf(must(args[0], 'enum')));
      return () => all;
    },
  }),
  scalar({
    signature: 'enum_range(anyenum,anyenum) -> anyarray', nulls: 'called', examples: [],
    doc: 'The labels between two, in order; NULL stands for the first or the last.',
    specialize: (args: readonly SqlType[]) => {
      const places = placesOf(must(args[0], 'enum'));
      return (_context: EvaluationContext, from: number | null, to: number | null) =>
        sqlArray(places.filter((place) =>
          (from === null || place >= from) && (to === null || place <= to)));
    },
  }),
];
