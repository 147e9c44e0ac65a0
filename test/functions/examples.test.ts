/**
 * Every entry of the function registry has examples, and every example gives what it says.
 */
import { describe, expect, test } from 'vitest';
import { allFunctions } from '../../src/planner/functions/registry.ts';
import { evaluateSet, evaluateText } from './evaluate.ts';

// Names with a dollar sign are the planner's own; SQL cannot spell them. Those with _pg_ take rows
// of catalogs; enums must be made first, test/slt/tables/types.slt does.
const SPELLED = allFunctions().filter((entry) => !/^(\$|_pg_true)/.test(entry.name)
  && !entry.args.some(({ name }) => name === 'anyenum'));

describe('registry examples', () => {
  test('every entry has an example', () => {
    const without = SPELLED.filter((entry) => entry.examples.length === 0);
    expect(without.map((entry) => entry.id)).toEqual([]);
  });

  // Window functions are run by the window operator's tests.
  const runnable = SPELLED.filter((entry) => entry.kind !== 'window');
  test.for(runnable.map((entry) => [entry.id, entry] as const))('%s', ([, entry]) => {
    const evaluate = entry.kind === 'table' ? evaluateSet : evaluateText;
    for (const [sql, value] of entry.examples) expect([sql, evaluate(sql)]).toEqual([sql, value]);
  });
});
