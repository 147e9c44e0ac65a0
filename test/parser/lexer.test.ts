/**
 * Tokens: PostgreSQL's operator rule, strings of every spelling, comments, and what is no token.
 * Each error is checked for its SQLSTATE and PostgreSQL's words.
 */
import { expect, test } from 'vitest';
import { SqlError } from '../../src/common/errors.ts';
import { tokenize } from '../../src/parser/lexer.ts';

function payloads(text: string): readonly string[] {
  return tokenize(text).map((token) => token.payload);
}

function refusal(text: string): SqlError {
  try {
    tokenize(text);
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

test.each([
  ['a<-1', ['a', '<', '-', '1']],
  ['a@-1', ['a', '@-', '1']],
  ['a*-1', ['a', '*', '-', '1']],
  ['a<=-1', ['a', '<=', '-', '1']],
  ['a||-1', ['a', '||-', '1']],
  ['a+--b\n1', ['a', '+', '1']],
  ['a-/*x*/1', ['a', '-', '1']],
  ['a!=b', ['a', '<>', 'b']],
  ['a=>1', ['a', '=>', '1']],
  ['a::b:=c', ['a', '::', 'b', ':=', 'c']],
  ['a->>b#>>c', ['a', '->>', 'b', '#>>', 'c']],
])('operators of %s', (text, expected) => {
  expect(payloads(text)).toEqual(expected);
});

test.each([
  ["'it''s'", "it's"],
  ["'a'\n  'b'", 'ab'],
  ["'a' -- c\n'b'", 'ab'],
  ["'a\\n'", 'a\\n'],
  ["E'a\\n\\t\\\\\\''", "a\n\t\\'"],
  ["E'\\x41\\101\\u0042\\U0001F600'", 'AAB\u{1F600}'],
  ["E'\\303\\251'", 'é'],
  ['$$a\'b$$', "a'b"],
  ['$q$a$$b$q$', 'a$$b'],
  ["U&'d\\0061t\\+000061'", 'data'],
  ["U&'d!0061' UESCAPE '!'", 'da'],
  ["N'x'", 'x'],
  ['"Quo""ted"', 'Quo"ted'],
  ['FooBar', 'foobar'],
  ['ÄÖ', 'ÄÖ'],
  ['0x1F', '31'],
  ['1_000', '1000'],
  ["X'1f'", '00011111'],
])('%s is %s', (text, value) => {
  expect(payloads(text)).toEqual([value]);
});

test('comments nest and a literal keeps its offsets', () => {
  const tokens = tokenize("/* a /* b */ c */ 'xy' -- end");
  expect(tokens.map((token) => [token.startOffset, token.endOffset])).toEqual([[18, 21]]);
});

test.each([
  ["SELECT 'abc", '42601', 'unterminated quoted string at or near "\'abc"'],
  ['SELECT "abc', '42601', 'unterminated quoted identifier at or near ""abc"'],
  ['SELECT $$abc', '42601', 'unterminated dollar-quoted string at or near "$$abc"'],
  ['/* a', '42601', 'unterminated /* comment at or near "/* a"'],
  ['SELECT ""', '42601', 'zero-length delimited identifier at or near """"'],
  ['SELECT 12ab', '42601', 'trailing junk after numeric literal at or near "12a"'],
  ["SELECT E'\\u12'", '22025', 'invalid Unicode escape'],
  ["SELECT E'\\xff'", '22021', 'invalid byte sequence for encoding "UTF8"'],
  ['SELECT {', '42601', 'syntax error at or near "{"'],
])('%s is refused', (text, sqlState, message) => {
  expect(refusal(text)).toMatchObject({ sqlState, message });
});
