/** Precedence and associativity are PostgreSQL's: each pair must give the same tree. */
import { expect, test } from 'vitest';
import { SqlError } from '../../src/common/errors.ts';
import { parseExpression } from '../../src/parser/parse.ts';
import { stripSpans } from './strip-spans.ts';

test.each([
  ['a + b * c', 'a + (b * c)'],
  ['a - b - c', '(a - b) - c'],
  ['a ^ b ^ c', '(a ^ b) ^ c'],
  ['- a ^ b', '(- a) ^ b'],
  ['- a::int', '- (a::int)'],
  ['- a[1]', '- (a[1])'],
  ['- a AT TIME ZONE b', '(- a) AT TIME ZONE b'],
  ['a || b + c', 'a || (b + c)'],
  ['a || b || c', '(a || b) || c'],
  ['@ a + b', '@ (a + b)'],
  ['a < b + c', 'a < (b + c)'],
  ['a -> b = c', '(a -> b) = c'],
  ['a = b IS NULL', '(a = b) IS NULL'],
  ['a IS NULL = b', '(a IS NULL) = b'],
  ['a IS NULL IS NULL', '(a IS NULL) IS NULL'],
  ['NOT a = b', 'NOT (a = b)'],
  ['NOT a IS NULL', 'NOT (a IS NULL)'],
  ['NOT a AND b', '(NOT a) AND b'],
  ['a OR b AND c', 'a OR (b AND c)'],
  ['a = b AND c = d OR e', '((a = b) AND (c = d)) OR e'],
  ['a BETWEEN b AND c AND d', '(a BETWEEN b AND c) AND d'],
  ['a BETWEEN b + 1 AND c - 1', 'a BETWEEN (b + 1) AND (c - 1)'],
  ['a BETWEEN b = c AND d', 'a BETWEEN (b = c) AND d'],
  ['a IN (1) AND b', '(a IN (1)) AND b'],
  ['a || b LIKE c', '(a || b) LIKE c'],
  ['a LIKE b = c', '(a LIKE b) = c'],
  ['a = b LIKE c', 'a = (b LIKE c)'],
  ['a IS DISTINCT FROM b AND c', '(a IS DISTINCT FROM b) AND c'],
  ['a IS DISTINCT FROM b = c', 'a IS DISTINCT FROM (b = c)'],
  ['a + b::text || c', '(a + (b::text)) || c'],
  ['a AT TIME ZONE b AT TIME ZONE c', '(a AT TIME ZONE b) AT TIME ZONE c'],
  ['a + b AT TIME ZONE c', 'a + (b AT TIME ZONE c)'],
  ['a || b COLLATE c', 'a || (b COLLATE c)'],
  ['a COLLATE b ^ c', '(a COLLATE b) ^ c'],
  ['a = ANY (b) AND c', '(a = ANY (b)) AND c'],
  ['a::int::text', '(a::int)::text'],
  ['1 - -1', '1 - (-1)'],
  ['a OPERATOR(pg_catalog.*) b + c', 'a OPERATOR(pg_catalog.*) (b + c)'],
  ['a != b', 'a <> b'],
])('%s is %s', (text, explicit) => {
  expect(stripSpans(parseExpression(text))).toEqual(stripSpans(parseExpression(explicit)));
});

test.each(['a < b < c', 'a = b <> c', 'a LIKE b LIKE c', 'a BETWEEN 1 AND 2 BETWEEN 3 AND 4'])(
  '%s does not associate',
  (text) => {
    expect(() => parseExpression(text)).toThrow(SqlError);
  },
);

test('a chain of AND is one node', () => {
  const tree = parseExpression('a AND b AND c');
  expect(tree.kind === 'and' && tree.operands.length).toBe(3);
});

test('the sign is part of a number', () => {
  expect(stripSpans(parseExpression('- 5'))).toEqual({ kind: 'integerLiteral', text: '-5' });
  expect(stripSpans(parseExpression('- -5'))).toEqual({ kind: 'integerLiteral', text: '5' });
});
