/**
 * Operators can be called by the names PostgreSQL's functions have, with the same answers.
 */
import { expect, test } from 'vitest';
import { functionsByName } from '../../src/planner/functions/registry.ts';
import { outcome } from './evaluate.ts';

const CALLS: readonly (readonly [string, string])[] = [
  [`booleq(true, false)`, 'false'], [`int4pl(2147483647, 1)`, 'ERROR 22003: integer out of range'],
  [`int48lt(1, 2)`, 'true'], [`texteq('a', 'a')`, 'true'], [`text_ge('a', 'b')`, 'false'],
  [`numeric_add(1.5, 2)`, '3.5'], [`int8um(5)`, '-5'], [`int2abs((-5)::int2)`, '5'],
  [`float8div(1, 0)`, 'ERROR 22012: division by zero'], [`date_mi('2024-01-02', '2024-01-01')`, '1'],
  [`timestamp_pl_interval('2024-01-31', '1 month')`, '2024-02-29 00:00:00'],
  [`array_eq(ARRAY[1], ARRAY[1])`, 'true'], [`textcat('a', 'b')`, 'ab'], [`int4mod(7, 3)`, '1'],
];

test.for(CALLS)('%s', ([sql, answer]) => {
  expect(outcome(sql)).toBe(answer);
});

test('an unknown name is no function', () => {
  expect(functionsByName('int4nothing')).toEqual([]);
});
