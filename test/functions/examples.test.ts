/**
 * Every entry of the function registry has examples, and every example gives what it says.
 */
import { describe, expect, test } from 'vitest';
import { allFunctions } from '../../src/planner/functions/registry.ts';
import { evaluateText } from './tiny-sql.ts';

describe('registry examples', () => {
  test('every entry has an example', () => {
    // Names with a dollar sign are the planner's own; SQL cannot spell them.
    const without = allFunctions().filter((entry) => entry.examples.length === 0
      && !entry.name.startsWith('$'));
    expect(without.map((entry) => entry.id)).toEqual([]);
  });

  for (const entry of allFunctions()) {
    if (entry.kind === 'window') continue;
    test(entry.id, () => {
      for (const [sql, value] of entry.examples) expect([sql, evaluateText(sql)]).toEqual([sql, value]);
    });
  }
});
