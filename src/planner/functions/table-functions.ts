/**
 * Set-returning functions: generate_series, unnest, generate_subscripts, string_to_table.
 *
 * Rows are produced lazily, so that a LIMIT above an endless-looking series costs little.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { addToTimestamp, addToTimestamptz } from '../../common/types/datetime-arithmetic.ts';
import { isInfiniteTimestamp } from '../../common/types/calendar.ts';
import { compareInterval, ZERO_INTERVAL } from '../../common/types/interval.ts';
import type { Interval } from '../../common/types/interval.ts';
import {
  addNumeric, compareNumeric, NUMERIC_ONE, numericSignum,
} from '../../common/types/numeric.ts';
import type { Numeric } from '../../common/types/numeric.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { SqlArray, Value } from '../../common/values.ts';
import { arrayLower, arrayUpper } from './array-tools.ts';
import { table } from './builder.ts';
import type { EvaluationContext, TableFunction } from './entry.ts';
import { splitFields } from './string.ts';

type Rows = Iterable<readonly Value[]>;

/** One column of a fixed type. */
export function column(name: string, type: SqlType): TableFunction['columns'] {
  const columns = [{ name, type }];
  return () => columns;
}

function zeroStep(): SqlError {
  return sqlError('22023', 'step size cannot equal zero');
}

function* numbers(start: number, stop: number, step: number = 1): Rows {
  if (step === 0) throw zeroStep();
  for (let value = start; step > 0 ? value <= stop : value >= stop; value += step) {
    if (value > 2147483647 || value < -2147483648) return;
    yield [value];
  }
}

function* bigints(start: bigint, stop: bigint, step: bigint = 1n): Rows {
  if (step === 0n) throw zeroStep();
  for (let value = start; step > 0n ? value <= stop : value >= stop; value += step) yield [value];
}

function seriesLimit(value: Numeric, what: string): void {
  if (value.special === null) return;
  throw sqlError('22023', value.special === 'NaN' ? `${what} cannot be NaN`
    : `${what} cannot be infinity`);
}

function* numerics(start: Numeric, stop: Numeric, step: Numeric = NUMERIC_ONE): Rows {
  seriesLimit(start, 'start value');
  seriesLimit(stop, 'stop value');
  seriesLimit(step, 'step size');
  const sign = numericSignum(step);
  if (sign === 0) throw zeroStep();
  const within = (value: Numeric): boolean => compareNumeric(value, stop) * sign <= 0;
  for (let value = start; within(value); value = addNumeric(value, step)) yield [value];
}

interface TimeSeries {
  readonly start: bigint;
  readonly stop: bigint;
  readonly step: Interval;
  readonly add: (value: bigint, step: Interval) => bigint;
}

function* times(series: TimeSeries): Rows {
  const { start, stop, step, add } = series;
  const sign = compareInterval(step, ZERO_INTERVAL);
  if (sign === 0) throw zeroStep();
  for (let value = start; sign > 0 ? value <= stop : value >= stop;) {
    yield [value];
    if (isInfiniteTimestamp(value)) {
      throw sqlError('54000', 'a series that starts at infinity has no end');
    }
    value = add(value, step);
  }
}

const INTEGER_SERIES: readonly TableFunction[] = (['int4', 'int8'] as const).flatMap((type) =>
  [2, 3].map((count) => table({
    signature: `generate_series(${Array.from({ length: count }, () => type).join(',')})`
      + ` -> setof ${type}`,
    doc: 'The numbers from a start to a stop.', columns: column('generate_series', { name: type }),
    examples: [[`generate_series(${['1', '5', '2'].slice(0, count)
      .map((text) => `${text}::${type}`).join(', ')})`,
    count === 2 ? '{1,2,3,4,5}' : '{1,3,5}']],
    evaluate: type === 'int4' ? numbers : bigints,
  })));

const OTHER_SERIES: readonly TableFunction[] = [
  table({
    signature: 'generate_series(numeric,numeric) -> setof numeric',
    doc: 'The numbers from a start to a stop.',
    columns: column('generate_series', { name: 'numeric' }),
    examples: [['generate_series(1.1, 3)', '{1.1,2.1}']], evaluate: numerics,
  }),
  table({
    signature: 'generate_series(numeric,numeric,numeric) -> setof numeric',
    doc: 'The numbers from a start to a stop by steps.',
    columns: column('generate_series', { name: 'numeric' }),
    examples: [['generate_series(0, 1, 0.5)', '{0,0.5,1.0}']], evaluate: numerics,
  }),
  table({
    signature: 'generate_series(timestamp,timestamp,interval) -> setof timestamp',
    doc: 'The times from a start to a stop by steps.',
    columns: column('generate_series', { name: 'timestamp' }),
    examples: [[`generate_series(timestamp '2024-01-31', timestamp '2024-03-31', '1 month')`,
      '{"2024-01-31 00:00:00","2024-02-29 00:00:00","2024-03-29 00:00:00"}']],
    evaluate: (start: bigint, stop: bigint, step: Interval) =>
      times({ start, stop, step, add: addToTimestamp }),
  }),
  table({
    signature: 'generate_series(timestamptz,timestamptz,interval) -> setof timestamptz',
    doc: 'The times from a start to a stop by steps, in the session\'s time zone.',
    columns: column('generate_series', { name: 'timestamptz' }), volatility: 'stable',
    examples: [[`generate_series(timestamptz '2024-01-31', timestamptz '2024-02-01', '1 day')`,
      '{"2024-01-31 00:00:00+00","2024-02-01 00:00:00+00"}']],
    inContext: true,
    evaluate: (context: EvaluationContext, ...args: [bigint, bigint, Interval]) => times({
      start: args[0], stop: args[1], step: args[2],
      add: (value, step) => addToTimestamptz(value, step, context.timeZone),
    }),
  }),
  table({
    signature: 'generate_series(timestamptz,timestamptz,interval,text) -> setof timestamptz',
    doc: 'The times from a start to a stop by steps, in a time zone.',
    columns: column('generate_series', { name: 'timestamptz' }),
    examples: [[`generate_series(timestamptz '2024-01-31', timestamptz '2024-02-01', '1 day', `
      + `'UTC')`, '{"2024-01-31 00:00:00+00","2024-02-01 00:00:00+00"}']],
    evaluate: (...args: [bigint, bigint, Interval, string]) => times({
      start: args[0], stop: args[1], step: args[2],
      add: (value, step) => addToTimestamptz(value, step, args[3]),
    }),
  }),
];

function elementColumns(types: readonly SqlType[]): { name: string; type: SqlType }[] {
  return types.map((type) =>
    ({ name: 'unnest', type: must(type.element, 'element type of an array') }));
}

function* elements(...arrays: (SqlArray | null)[]): Rows {
  const length = Math.max(...arrays.map((array) => array?.elements.length ?? 0));
  for (let i = 0; i < length; i++) yield arrays.map((array) => array?.elements[i] ?? null);
}

function* subscripts(array: SqlArray, dimension: number, reverse: boolean = false): Rows {
  const low = arrayLower(array, dimension);
  const high = arrayUpper(array, dimension);
  if (low === null || high === null) return;
  if (reverse) for (let i = high; i >= low; i--) yield [i];
  else for (let i = low; i <= high; i++) yield [i];
}

const ARRAYS: readonly TableFunction[] = [
  table({
    signature: 'unnest(anyarray) -> setof anyelement', doc: 'The elements of an array as rows.',
    columns: elementColumns, examples: [['unnest(ARRAY[1,2])', '{1,2}']], evaluate: elements,
  }),
  table({
    signature: 'unnest(any,variadic any) -> setof record',
    doc: 'The elements of several arrays side by side; NULLs fill up the shorter ones.',
    columns: elementColumns, nulls: 'called',
    examples: [['unnest(ARRAY[1,2], ARRAY[3])', '{"(1,3)","(2,)"}']], evaluate: elements,
  }),
  table({
    signature: 'generate_subscripts(anyarray,int4) -> setof int4',
    doc: 'The subscripts of a dimension.',
    columns: column('generate_subscripts', { name: 'int4' }),
    examples: [[`generate_subscripts(ARRAY['a','b'], 1)`, '{1,2}']], evaluate: subscripts,
  }),
  table({
    signature: 'generate_subscripts(anyarray,int4,boolean) -> setof int4',
    doc: 'The subscripts of a dimension, in reverse order when asked.',
    columns: column('generate_subscripts', { name: 'int4' }),
    examples: [[`generate_subscripts(ARRAY['a','b'], 1, true)`, '{2,1}']], evaluate: subscripts,
  }),
];

function fieldRows(text: string | null, delimiter: string | null, nullText: string | null): Rows {
  if (text === null) return [];
  return splitFields(text, delimiter).map((field) => [field === nullText ? null : field]);
}

const STRINGS: readonly TableFunction[] = [
  table({
    signature: 'string_to_table(text,text) -> setof text', doc: 'The fields between delimiters.',
    columns: column('string_to_table', { name: 'text' }), nulls: 'called',
    examples: [[`string_to_table('xx~^~yy~^~zz', '~^~')`, '{xx,yy,zz}']],
    evaluate: (text: string | null, delimiter: string | null) => fieldRows(text, delimiter, null),
  }),
  table({
    signature: 'string_to_table(text,text,text) -> setof text',
    doc: 'The fields between delimiters; those equal to the third argument become NULL.',
    columns: column('string_to_table', { name: 'text' }), nulls: 'called',
    examples: [[`string_to_table('xx~^~yy~^~zz', '~^~', 'yy')`, '{xx,NULL,zz}']],
    evaluate: fieldRows,
  }),
];

/** Set-returning functions over numbers, times, arrays and strings. */
export const TABLE_FUNCTIONS: readonly TableFunction[] = [
  ...INTEGER_SERIES, ...OTHER_SERIES, ...ARRAYS, ...STRINGS,
];
