/**
 * parse(print(tree)) is the tree: for random trees, and for one statement of each kind.
 * A failure prints its seed; `fc.assert` shrinks it.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExpression, parseStatements } from '../../src/parser/parse.ts';
import { printExpression, printQuery, printStatement } from '../../src/parser/print.ts';
import { anyExpression, anyQuery } from './arbitrary-tree.ts';
import { stripSpans } from './strip-spans.ts';

const statements = readFileSync(new URL('statements.sql', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('--'));

/** As text, because a deep toEqual costs more than the rest of the test. */
function same(parsed: unknown, tree: unknown): boolean {
  return JSON.stringify(stripSpans(parsed)) === JSON.stringify(stripSpans(tree));
}

test('random expressions survive', () => {
  const survives = fc.property(anyExpression, (tree) => {
    return same(parseExpression(printExpression(tree)), tree);
  });
  expect(() => fc.assert(survives, { numRuns: 300 })).not.toThrow();
});

test('random queries survive', () => {
  const survives = fc.property(anyQuery, (tree) => {
    return same(parseStatements(printQuery(tree))[0]?.statement, tree);
  });
  expect(() => fc.assert(survives, { numRuns: 80 })).not.toThrow();
});

test.each(statements)('%s', (text) => {
  const [parsed, ...more] = parseStatements(text);
  expect(more).toEqual([]);
  if (parsed === undefined) throw new Error('nothing parsed');
  const printed = printStatement(parsed.statement);
  const again = parseStatements(printed)[0]?.statement;
  expect(stripSpans(again)).toEqual(stripSpans(parsed.statement));
});
