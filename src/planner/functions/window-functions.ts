/**
 * Pure window functions: ranking, distribution and offsets. Aggregates serve as well, with OVER.
 *
 * The codes are carried out by the runtime's window operator.
 */
import { windowFunction } from './builder.ts';
import type { WindowFunction } from './entry.ts';

/** A call over three rows, n = 1, 2, 3 and x = 1, 2, 2, ordered by one of the two. */
function rows(call: string, by: 'n' | 'x' = 'n'): string {
  return `(SELECT array_agg(v ORDER BY n) FROM (SELECT n, ${call} OVER (ORDER BY ${by}) AS v `
    + 'FROM (VALUES (1, 1), (2, 2), (3, 2)) AS t(n, x)) AS w)';
}

/** All pure window functions. */
export const WINDOW_FUNCTIONS: readonly WindowFunction[] = [
  windowFunction({
    signature: 'row_number() -> int8', code: 'row_number',
    doc: 'The number of the row in its partition, from 1.',
    examples: [[rows('row_number()'), '{1,2,3}']],
  }),
  windowFunction({
    signature: 'rank() -> int8', code: 'rank', doc: 'The rank, with gaps after ties.',
    examples: [[rows('rank()', 'x'), '{1,2,2}']],
  }),
  windowFunction({
    signature: 'dense_rank() -> int8', code: 'dense_rank', doc: 'The rank without gaps.',
    examples: [[rows('dense_rank()', 'x'), '{1,2,2}']],
  }),
  windowFunction({
    signature: 'percent_rank() -> float8', code: 'percent_rank',
    doc: 'The relative rank: (rank - 1) / (rows - 1).',
    examples: [[rows('percent_rank()', 'x'), '{0,0.5,0.5}']],
  }),
  windowFunction({
    signature: 'cume_dist() -> float8', code: 'cume_dist',
    doc: 'The share of rows up to this one and its peers.',
    examples: [[rows('cume_dist()', 'x'), '{0.3333333333333333,1,1}']],
  }),
  windowFunction({
    signature: 'ntile(int4) -> int4', code: 'ntile',
    doc: 'The number of the bucket, of as many as given, all as equal as can be.',
    examples: [[rows('ntile(2)'), '{1,1,2}']],
  }),
  ...(['lag', 'lead'] as const).flatMap((code) => {
    const where = code === 'lag' ? 'before' : 'after';
    return [
      windowFunction({
        signature: `${code}(anyelement) -> anyelement`, code,
        doc: `The value in the row ${where} this one.`,
        examples: [[rows(`${code}(x)`), code === 'lag' ? '{NULL,1,2}' : '{2,2,NULL}']],
      }),
      windowFunction({
        signature: `${code}(anyelement,int4) -> anyelement`, code,
        doc: `The value so many rows ${where} this one.`,
        examples: [[rows(`${code}(x, 2)`), code === 'lag' ? '{NULL,NULL,1}' : '{2,NULL,NULL}']],
      }),
      windowFunction({
        signature: `${code}(anycompatible,int4,anycompatible) -> anycompatible`, code,
        doc: `The value so many rows ${where} this one, or a default.`,
        examples: [[rows(`${code}(x, 2, 0)`), code === 'lag' ? '{0,0,1}' : '{2,0,0}']],
      }),
    ];
  }),
  windowFunction({
    signature: 'first_value(anyelement) -> anyelement', code: 'first_value',
    doc: 'The value in the first row of the frame.',
    examples: [[rows('first_value(x)'), '{1,1,1}']],
  }),
  windowFunction({
    signature: 'last_value(anyelement) -> anyelement', code: 'last_value',
    doc: 'The value in the last row of the frame.',
    examples: [[rows('last_value(x)'), '{1,2,2}']],
  }),
  windowFunction({
    signature: 'nth_value(anyelement,int4) -> anyelement', code: 'nth_value',
    doc: 'The value in the n-th row of the frame.',
    examples: [[rows('nth_value(x, 2)'), '{NULL,2,2}']],
  }),
];
