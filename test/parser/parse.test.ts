/** The parser's face: statements and their places in the text, syntax errors, limits, speed. */
import { expect, test } from 'vitest';
import { SqlError } from '../../src/common/errors.ts';
import { positionOf } from '../../src/common/span.ts';
import { parseExpression, parseStatements, parseType } from '../../src/parser/parse.ts';
import { stripSpans } from './strip-spans.ts';

function refusal(text: string): SqlError {
  try {
    parseStatements(text);
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

test('several statements, empty ones skipped', () => {
  const parsed = parseStatements(';;SELECT 1 ; -- c\n; COMMIT');
  expect(parsed.map(({ statement, text }) => [statement.kind, text])).toEqual([
    ['query', 'SELECT 1'],
    ['commit', 'COMMIT'],
  ]);
  expect(parsed[1]?.span).toEqual({ start: 20, end: 26 });
  expect(parseStatements(' -- nothing')).toEqual([]);
});

test('a node knows its piece of the text', () => {
  const text = 'SELECT a + f(b) FROM t';
  const query = parseStatements(text)[0]?.statement;
  if (query?.kind !== 'query' || query.body.kind !== 'select') throw new Error('no select');
  const sum = query.body.items[0]?.expr;
  if (sum?.kind !== 'binary') throw new Error('no sum');
  expect(text.slice(sum.span.start, sum.span.end)).toBe('a + f(b)');
  expect(text.slice(sum.operatorSpan.start, sum.operatorSpan.end)).toBe('+');
  expect(text.slice(sum.right.span.start, sum.right.span.end)).toBe('f(b)');
});

test.each([
  ['SELEC 1', 'syntax error at or near "SELEC"', 1],
  ['SELECT 1 +', 'syntax error at end of input', 11],
  ['SELECT 1 +; SELECT 2', 'syntax error at or near ";"', 11],
  ['SELECT a, FROM t', 'syntax error at or near "FROM"', 11],
  ['SELECT * FROM t WHERE', 'syntax error at end of input', 22],
  ['SELECT * FROM t WHER a', 'syntax error at or near "a"', 22],
  ['SELECT 1 2', 'syntax error at or near "2"', 10],
  ["SELECT 'x' 'y z'", 'syntax error at or near "\'y z\'"', 12],
  ['CREATE TABLE t (a int,)', 'syntax error at or near ")"', 23],
  ['INSERT INTO t VALUES (1, 2', 'syntax error at end of input', 27],
  ['INSERT INTO t VALUES (1),', 'syntax error at end of input', 26],
  ['SELECT (1', 'syntax error at end of input', 10],
  ['SELECT left FROM t', 'syntax error at or near "FROM"', 13],
  ['SELECT a FROM t LIMIT 1 LIMIT 2', 'multiple LIMIT clauses not allowed', 25],
  ['SELECT a FROM a JOIN b', 'syntax error at end of input', 23],
  ['SELECT 1; FOO', 'syntax error at or near "FOO"', 11],
  ['EXPLAIN EXPLAIN SELECT 1', 'syntax error at or near "EXPLAIN"', 9],
])('%s: %s', (text, message, position) => {
  const error = refusal(text);
  expect([error.sqlState, error.message]).toEqual(['42601', message]);
  expect(positionOf(text, error.fields.span?.start ?? -1)).toBe(position);
});

test('the hint says what could have come', () => {
  expect(refusal('CREATE TABLE t (a int').fields.hint).toBe('Expected ")".');
  expect(refusal('BEGIN ISOLATION LEVEL 5').fields.hint).toBe(
    'Expected one of: SERIALIZABLE, REPEATABLE, READ.',
  );
  const window = refusal("SELECT * FROM HOP(t, ts, '1', '2', '3', '4', '5')");
  expect(window.fields.hint).toContain('HOP(t, ts');
});

test('what PostgreSQL has and we have not is 0A000', () => {
  const error = refusal('CREATE TABLE t (a int) PARTITION BY LIST (a)');
  expect(error).toMatchObject({
    sqlState: '0A000',
    message: 'partitioned tables are not supported',
  });
  const [trigger] = parseStatements('CREATE TRIGGER x BEFORE INSERT ON t');
  expect(trigger?.statement).toMatchObject({ kind: 'unsupported', feature: 'CREATE TRIGGER' });
});

test.each([
  ['parentheses', `SELECT ${'('.repeat(300)}1${')'.repeat(300)}`],
  ['a hundred thousand parentheses', `SELECT ${'('.repeat(100_000)}`],
  ['signs', `SELECT ${'- '.repeat(100_000)}1`],
  ['NOT', `SELECT ${'NOT '.repeat(100_000)}TRUE`],
  ['a chain', `SELECT ${'1 + '.repeat(5000)}1`],
  ['subqueries', `SELECT ${'(SELECT '.repeat(300)}1`],
  ['joins', `SELECT 1 FROM ${'('.repeat(300)}`],
  ['arrays', `SELECT ARRAY${'['.repeat(300)}`],
])('too deep: %s', (_what, text) => {
  expect([refusal(text).sqlState, refusal(text).message]).toEqual([
    '54001',
    'stack depth limit exceeded',
  ]);
});

test('levels and chains that are not too deep', () => {
  expect(parseStatements(`SELECT ${'('.repeat(190)}1${')'.repeat(190)}`)).toHaveLength(1);
  expect(parseStatements(`SELECT ${'f('.repeat(120)}1${')'.repeat(120)}`)).toHaveLength(1);
  expect(parseStatements(`SELECT ${'TRUE AND '.repeat(20_000)}TRUE`)).toHaveLength(1);
});

test('expressions and types alone', () => {
  expect(stripSpans(parseExpression('a'))).toEqual({
    kind: 'columnRef',
    parts: [{ kind: 'identifier', name: 'a' }],
  });
  expect(parseType('numeric(10, 2)[]').arrayDimensions).toBe(1);
  expect(parseType('DOUBLE PRECISION').name.parts[0]?.name).toBe('float8');
  expect(parseType('char').modifiers).toHaveLength(1);
  expect(() => parseType('int x')).toThrow('syntax error at or near "x"');
  expect(() => parseExpression('')).toThrow('syntax error at end of input');
});

test('the spellings of a window are one tree', () => {
  const slide = "INTERVAL '5' MINUTE";
  const size = "INTERVAL '10' MINUTE";
  const trees = [
    `HOP(t, ts, ${slide}, ${size})`,
    `TABLE(HOP(TABLE t, DESCRIPTOR(ts), ${slide}S, ${size}S))`,
    `HOP(DATA => TABLE t, TIMECOL => DESCRIPTOR(ts), SIZE => ${size}, SLIDE => ${slide})`,
  ].map((from) => stripSpans(parseStatements(`SELECT * FROM ${from}`)[0]?.statement));
  expect(trees[1]).toEqual(trees[0]);
  expect(trees[2]).toEqual(trees[0]);
});

test('100,000 rows of VALUES are read fast', () => {
  const rows = Array.from({ length: 100_000 }, (_, i) => `(${i}, 'name ${i}', -${i}.5)`);
  const text = `INSERT INTO t VALUES ${rows.join(', ')}`;
  const start = performance.now();
  const insert = parseStatements(text)[0]?.statement;
  const seconds = (performance.now() - start) / 1000;
  const body = insert?.kind === 'insert' ? insert.source?.body : undefined;
  expect(body?.kind === 'values' && body.rows.length).toBe(100_000);
  // Some 800,000 values a second on an idle core; a loaded machine gets slack.
  expect(300_000 / seconds).toBeGreaterThan(60_000);
});
