/**
 * SQL/JSON paths: what is printed reads back as the same path. Results of paths are in
 * test/functions/postgres-cases.tsv.
 */
import { expect, test } from 'vitest';
import { parseJsonPath } from '../../src/common/jsonpath/parse.ts';
import { printJsonPath } from '../../src/common/jsonpath/print.ts';

const PATHS = [
  '$', 'strict $.a', '$.a.b[*].c', '$."a b"[0, 2 to last]', '$.**{1 to last}.x', '$.*',
  '$.a ? (@.b > 1 && @.c == "x" || exists(@.d))', '$.a.size() + 1 * 2 - -$.b', '-(-$.a)',
  '$.a > $low', '!($.a == null)', '($.a < 1) is unknown', '$ ? (@ starts with "a")',
  '$ ? (@ like_regex "^a.c$" flag "is")', '($.a + 1) * 3 % 2', '(1).type()', '"\\u00e4\\n"',
];

test.for(PATHS)('%s', (text) => {
  const path = parseJsonPath(text);
  const printed = printJsonPath(path);
  expect(parseJsonPath(printed)).toEqual(path);
  expect(printJsonPath(parseJsonPath(printed))).toBe(printed);
});

test('nesting is bounded', () => {
  expect(() => parseJsonPath(`${'('.repeat(500)}$${')'.repeat(500)}`))
    .toThrow('jsonpath is nested too deeply');
});
