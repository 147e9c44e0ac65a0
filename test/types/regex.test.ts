/**
 * Regular expressions that blow up a backtracking matcher, and what is refused.
 */
import { expect, test } from 'vitest';
import { likeMatcher } from '../../src/common/regex/like.ts';
import { compileRegex } from '../../src/common/regex/regex.ts';
import { outcome } from './calls.ts';

const LONG = `${'a'.repeat(20_000)}b`;

test.each(['(a+)+$', '(a|a)*c', '(a*)*c', '^(a|aa)+$', '(.*)*x', '(a?){50}a{50}$', 'a*a*a*a*a*c'])(
  'no pattern is catastrophic: %s', (pattern) => {
    expect(compileRegex(pattern).test(LONG)).toBe(false);
    expect(compileRegex(pattern).exec(LONG)).toBeNull();
  }, 5000);

test('captures of a long text are found', () => {
  const match = compileRegex('(a+)(a*)(b)').exec(LONG);
  expect(match?.groups).toEqual([[0, 20_000], [20_000, 20_000], [20_000, 20_001]]);
}, 5000);

test('a late match is found without trying every start to the end', () => {
  const text = `${'x'.repeat(50_000)}z`;
  expect(compileRegex('x*y|z').exec(text)).toMatchObject({ start: 50_000, end: 50_001 });
}, 5000);

test('searching goes on from an offset, and ^ stays the start of the text', () => {
  expect(compileRegex('a').exec('banana', 2)).toMatchObject({ start: 3, end: 4 });
  expect(compileRegex('^a').exec('aaa', 1)).toBeNull();
  expect(compileRegex('\\ma').exec('ba a', 1)).toMatchObject({ start: 3 });
});

test('characters beyond the basic plane count once', () => {
  expect(compileRegex('^.$').test('😀')).toBe(true);
  expect(compileRegex('[😀-😂]').exec('x😁')).toMatchObject({ start: 1, end: 3 });
});

test('back-references and look-around are matched by trying', () => {
  expect(compileRegex('^(\\w+)( \\1)+$').test('abc abc abc')).toBe(true);
  expect(compileRegex('^(\\w+)( \\1)+$').test('abc abd abc')).toBe(false);
  expect(compileRegex('^(abc)\\1$', 'i').test('abcABC')).toBe(true);
  expect(compileRegex('(?<=f)(o)(?!o)').exec('foo fo')).toMatchObject({ start: 5, end: 6 });
  expect(compileRegex('a(?=b)b*(?=c)c*').exec('abc')).toMatchObject({ start: 0, end: 3 });
  expect(outcome(() => String(compileRegex('(?=(a))\\1').groupCount)))
    .toBe('ERR 2201B invalid regular expression: invalid backreference number');
});

test('trying has a budget', () => {
  const regex = compileRegex('^(a+)+b\\1$');
  expect(outcome(() => String(regex.test('a'.repeat(60)))))
    .toBe('ERR 54001 regular expression failed: too complex for this text');
  expect(regex.test('aaba')).toBe(true);
}, 5000);

test('an unknown option is refused', () => {
  expect(outcome(() => String(compileRegex('a', 'y').groupCount)))
    .toBe('ERR 22023 invalid regular expression option: "y"');
});

test('LIKE patterns with many wildcards stay fast', () => {
  const pattern = `${'%a'.repeat(200)}%c`;
  expect(likeMatcher(pattern)(LONG)).toBe(false);
  expect(likeMatcher(`${'%_a'.repeat(100)}%c`)(LONG)).toBe(false);
}, 5000);
