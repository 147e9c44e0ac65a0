/**
 * Aggregate functions with linear or small states: counts, sums, averages, extremes, booleans.
 *
 * What needs all its rows (lists, percentiles, statistics) is in aggregates-collect.ts. Result
 * types are PostgreSQL's: sum(int4) is int8, sum(int8) and avg of integers numeric.
 */
import { aggregate } from './builder.ts';
import type { AggregateFunction } from './entry.ts';

type Of = 'int' | 'numeric' | 'float' | 'interval';

const SUMS: readonly (readonly [string, string, Of, string, string])[] = [
  ['int2', 'int8', 'int', '1::int2, 2::int2', '3'],
  ['int4', 'int8', 'int', '1, 2', '3'],
  ['int8', 'numeric', 'int', '1::int8, 2::int8', '3'],
  ['numeric', 'numeric', 'numeric', '1.5, 2.25', '3.75'],
  ['float4', 'float4', 'float', '1.5::float4, 2.25::float4', '3.75'],
  ['float8', 'float8', 'float', '1.5::float8, 2.25::float8', '3.75'],
  ['interval', 'interval', 'interval', `interval '1 hour', interval '30 min'`, '01:30:00'],
];

const AVERAGES: readonly (readonly [string, string, Of, string, string])[] = [
  ['int2', 'numeric', 'int', '1::int2, 2::int2', '1.5000000000000000'],
  ['int4', 'numeric', 'int', '1, 2', '1.5000000000000000'],
  ['int8', 'numeric', 'int', '1::int8, 2::int8', '1.5000000000000000'],
  ['numeric', 'numeric', 'numeric', '1.5, 2.25', '1.8750000000000000'],
  ['float4', 'float8', 'float', '1.5::float4, 2.25::float4', '1.875'],
  ['float8', 'float8', 'float', '1.5::float8, 2.25::float8', '1.875'],
  ['interval', 'interval', 'interval', `interval '1 hour', interval '30 min'`, '00:45:00'],
];

/** An aggregate example: the call over the rows of a VALUES list. */
export function over(call: string, rows: string): string {
  const list = rows.split(', ').map((row) => `(${row})`).join(', ');
  return `(SELECT ${call} FROM (VALUES ${list}) AS t(x))`;
}

const SUM_ENTRIES: readonly AggregateFunction[] = SUMS.map(([arg, result, of, rows, value]) =>
  aggregate({
    signature: `sum(${arg}) -> ${result}`, doc: 'The sum of the non-NULL values.',
    examples: [[over('sum(x)', rows), value]], strategy: { kind: 'sum', of },
  }));

const AVG_ENTRIES: readonly AggregateFunction[] = AVERAGES.map(([arg, result, of, rows, value]) =>
  aggregate({
    signature: `avg(${arg}) -> ${result}`, doc: 'The mean of the non-NULL values.',
    examples: [[over('avg(x)', rows), value]], strategy: { kind: 'avg', of },
  }));

const EXTREME_TYPES: readonly (readonly [string, string, string])[] = [
  ['int2', '1', '2'], ['int4', '1', '2'], ['int8', '1', '2'], ['numeric', '1.5', '2.25'],
  ['float4', '1.5', '2.25'], ['float8', '1.5', 'NaN'], ['text', 'a', 'b'],
  ['bpchar', 'a', 'b'], ['date', '2024-01-31', '2024-02-01'], ['time', '09:00:00', '10:00:00'],
  ['timestamp', '2024-01-31 00:00:00', '2024-02-01 00:00:00'],
  ['timestamptz', '2024-01-31 00:00:00+00', '2024-02-01 00:00:00+00'],
  ['interval', '01:00:00', '1 day'], ['oid', '1', '2'],
  ['timetz', '09:00:00+00', '10:00:00+00'],
];

function extremes(name: 'min' | 'max'): AggregateFunction[] {
  const doc = name === 'min' ? 'The smallest of the non-NULL values.'
    : 'The largest of the non-NULL values.';
  const entries = EXTREME_TYPES.map(([type, low, high]) => aggregate({
    signature: `${name}(${type}) -> ${type}`, doc,
    examples: [[over(`${name}(x)`, `'${low}'::${type}, '${high}'::${type}`),
      name === 'min' ? low : high]],
    strategy: { kind: 'extreme', direction: name },
  }));
  entries.push(aggregate({
    signature: `${name}(anyarray) -> anyarray`, doc,
    examples: [[`(SELECT ${name}(x) FROM (VALUES (ARRAY[1,2]), (ARRAY[1,3])) AS t(x))`,
      name === 'min' ? '{1,2}' : '{1,3}']],
    strategy: { kind: 'extreme', direction: name },
  }));
  return entries;
}

const COUNTS: readonly AggregateFunction[] = [
  aggregate({
    signature: 'count() -> int8', doc: 'The number of rows: count(*).',
    examples: [['(SELECT count(*) FROM (VALUES (1), (NULL)) AS t(x))', '2']],
    strategy: { kind: 'count' }, empty: 0n, skipsNull: false,
  }),
  aggregate({
    signature: 'count(any) -> int8', doc: 'The number of rows where the argument is not NULL.',
    examples: [['(SELECT count(x) FROM (VALUES (1), (NULL)) AS t(x))', '1']],
    strategy: { kind: 'count' }, empty: 0n,
  }),
];

const BOOLEANS: readonly AggregateFunction[] = [
  aggregate({
    signature: 'bool_and(boolean) -> boolean', doc: 'True when no value is false.',
    examples: [[over('bool_and(x)', 'true, false'), 'false']],
    strategy: { kind: 'bool', op: 'and' },
  }),
  aggregate({
    signature: 'every(boolean) -> boolean', doc: 'True when no value is false.',
    examples: [[over('every(x)', 'true, true'), 'true']],
    strategy: { kind: 'bool', op: 'and' },
  }),
  aggregate({
    signature: 'bool_or(boolean) -> boolean', doc: 'True when some value is true.',
    examples: [[over('bool_or(x)', 'true, false'), 'true']],
    strategy: { kind: 'bool', op: 'or' },
  }),
];

/** Aggregates with linear or small states. */
export const AGGREGATES: readonly AggregateFunction[] = [
  ...COUNTS, ...SUM_ENTRIES, ...AVG_ENTRIES, ...extremes('min'), ...extremes('max'), ...BOOLEANS,
];
