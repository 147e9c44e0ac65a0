/**
 * Pattern matching: LIKE, SIMILAR TO and regular expression operators and functions.
 *
 * Expressions are compiled once per pattern and run in time linear in the text
 * (common/regex); LIKE ... ESCAPE and SIMILAR TO come here as calls of like_escape and
 * similar_to_escape.
 */
import { sqlError } from '../../common/errors.ts';
import { compileRegex } from '../../common/regex/regex.ts';
import type { RegexMatch } from '../../common/regex/regex.ts';
import { similarToRegex } from '../../common/regex/similar.ts';
import { sqlArray } from '../../common/values.ts';
import type { Value } from '../../common/values.ts';
import { scalar, table } from './builder.ts';
import type { ScalarFunction, TableFunction } from './entry.ts';
import {
  allMatches, captures, checkParameter, likeEscape, matchesLike, offsetOfPlace, placeOfOffset,
  replaceMatches, searchOf, splitAtMatches, withoutGlobal,
} from './pattern-tools.ts';
import { column } from './table-functions.ts';

interface PatternOperator {
  readonly name: string;
  readonly doc: string;
  readonly sample: readonly [sql: string, value: string];
  readonly code: (text: string, pattern: string) => boolean;
}

function regexTest(text: string, pattern: string): boolean {
  return compileRegex(pattern).test(text);
}

function regexTestFolded(text: string, pattern: string): boolean {
  return compileRegex(pattern, 'i').test(text);
}

const OPERATORS: readonly PatternOperator[] = [
  { name: '~~', doc: 'text LIKE pattern.', sample: [`'abc' LIKE '_b%'`, 'true'],
    code: (text, pattern) => matchesLike(text, pattern, false) },
  { name: '!~~', doc: 'text NOT LIKE pattern.', sample: [`'abc' NOT LIKE 'a%'`, 'false'],
    code: (text, pattern) => !matchesLike(text, pattern, false) },
  { name: '~~*', doc: 'text ILIKE pattern.', sample: [`'ABC' ILIKE 'a%'`, 'true'],
    code: (text, pattern) => matchesLike(text, pattern, true) },
  { name: '!~~*', doc: 'text NOT ILIKE pattern.', sample: [`'ABC' NOT ILIKE 'b%'`, 'true'],
    code: (text, pattern) => !matchesLike(text, pattern, true) },
  { name: '~', doc: 'True when the text has a match of the regular expression.',
    sample: [`'thomas' ~ 't.*ma'`, 'true'], code: regexTest },
  { name: '!~', doc: 'True when the text has no match of the regular expression.',
    sample: [`'thomas' !~ 't.*max'`, 'true'], code: (text, pattern) => !regexTest(text, pattern) },
  { name: '~*', doc: 'True when the text has a match, whatever the case.',
    sample: [`'thomas' ~* 'T.*ma'`, 'true'], code: regexTestFolded },
  { name: '!~*', doc: 'True when the text has no match, whatever the case.',
    sample: [`'thomas' !~* 'T.*ma'`, 'false'],
    code: (text, pattern) => !regexTestFolded(text, pattern) },
];

const OPERATOR_ENTRIES: readonly ScalarFunction[] = OPERATORS.flatMap((operator) =>
  (['text', 'bpchar'] as const).map((type) => scalar({
    signature: `${operator.name}(${type},text) -> boolean`, doc: operator.doc,
    examples: [type === 'text' ? operator.sample
      : [operator.sample[0].replace(/^('\w+')/, `$1::char(6)`),
        /thomas/.test(operator.sample[0]) ? operator.sample[1]
          : operator.name === '~~' || operator.name === '~~*' ? 'true'
            : operator.name === '!~~' ? 'false' : 'true']],
    evaluate: operator.code,
  })));

const BYTES: readonly ScalarFunction[] = [
  scalar({
    signature: '~~(bytea,bytea) -> boolean', doc: 'bytes LIKE pattern.',
    examples: [[`'abc'::bytea LIKE '_b%'::bytea`, 'true']],
    evaluate: (bytes: Uint8Array, pattern: Uint8Array) =>
      matchesLike(latin(bytes), latin(pattern), false),
  }),
  scalar({
    signature: '!~~(bytea,bytea) -> boolean', doc: 'bytes NOT LIKE pattern.',
    examples: [[`'abc'::bytea NOT LIKE 'a%'::bytea`, 'false']],
    evaluate: (bytes: Uint8Array, pattern: Uint8Array) =>
      !matchesLike(latin(bytes), latin(pattern), false),
  }),
  scalar({
    signature: 'like_escape(bytea,bytea) -> bytea',
    doc: 'A LIKE pattern with another escape byte as one with the backslash.',
    examples: [[`'10%'::bytea LIKE '10#%'::bytea ESCAPE '#'::bytea`, 'true']],
    evaluate: (pattern: Uint8Array, escape: Uint8Array) =>
      Uint8Array.from(likeEscape(latin(pattern), latin(escape)), (each) => each.charCodeAt(0)),
  }),
];

/** Bytes as characters, one for one. */
function latin(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

const TRANSLATIONS: readonly ScalarFunction[] = [
  scalar({
    signature: 'like_escape(text,text) -> text',
    doc: 'A LIKE pattern with another escape character as one with the backslash.',
    examples: [[`'10%' LIKE '10#%' ESCAPE '#'`, 'true']], evaluate: likeEscape,
  }),
  scalar({
    signature: 'similar_to_escape(text) -> text',
    doc: 'The regular expression a SIMILAR TO pattern stands for.',
    examples: [[`'abc' SIMILAR TO '%(b|d)%'`, 'true']],
    evaluate: (pattern: string) => similarToRegex(pattern),
  }),
  scalar({
    signature: 'similar_to_escape(text,text) -> text',
    doc: 'The regular expression a SIMILAR TO pattern with an escape character stands for.',
    examples: [[`'a%' SIMILAR TO 'a#%' ESCAPE '#'`, 'true']],
    evaluate: (pattern: string, escape: string) => similarToRegex(pattern, escape),
  }),
];

/** The first group of the first match, or all of it when there is none. */
function substringOf(text: string, pattern: string): string | null {
  const match = compileRegex(pattern).exec(text);
  if (match === null) return null;
  const [group] = match.groups;
  if (group === undefined) return text.slice(match.start, match.end);
  return group === null ? null : text.slice(group[0], group[1]);
}

function matchOf(text: string, pattern: string, flags: string = ''): Value {
  const match = withoutGlobal(pattern, flags, 'regexp_match').exec(text);
  return match === null ? null : captures(text, match);
}

function replaceSimple(...args: [string, string, string, string?]): string {
  const [text, pattern, by, flags = ''] = args;
  const { regex, global } = searchOf(pattern, flags);
  return replaceMatches(text, regex, { by, from: 0, nth: global ? 0 : 1 });
}

function replaceFrom(...args: [string, string, string, number, number?, string?]): string {
  const [text, pattern, by, start, nth, flags = ''] = args;
  checkParameter('start', start, 1);
  const { regex, global } = searchOf(pattern, flags);
  return replaceMatches(text, regex, {
    by, from: offsetOfPlace(text, start),
    nth: nth === undefined ? (global ? 0 : 1) : checkParameter('n', nth, 0),
  });
}

const FIRST: readonly ScalarFunction[] = [
  scalar({
    signature: 'substring(text,text) -> text',
    doc: 'The part a regular expression matches, or its first group.',
    examples: [[`substring('foobar', 'o(.)b')`, 'o']], evaluate: substringOf,
  }),
  scalar({
    signature: 'substring(text,text,text) -> text',
    doc: 'The part of a SIMILAR TO pattern between its marks.',
    examples: [[`substring('foobar', '%#"o_b#"%', '#')`, 'oob']],
    evaluate: (text: string, pattern: string, escape: string) =>
      substringOf(text, similarToRegex(pattern, escape)),
  }),
  scalar({
    signature: 'regexp_match(text,text) -> text[]', doc: 'What the groups of the first match got.',
    examples: [[`regexp_match('foobarbequebaz', '(bar)(beque)')`, '{bar,beque}']],
    evaluate: (text: string, pattern: string) => matchOf(text, pattern),
  }),
  scalar({
    signature: 'regexp_match(text,text,text) -> text[]',
    doc: 'What the groups of the first match got; with flags.',
    examples: [[`regexp_match('fooBAR', 'bar', 'i')`, '{BAR}']], evaluate: matchOf,
  }),
  ...[3, 4].map((count) => scalar({
    signature: `regexp_replace(${'text,'.repeat(count).slice(0, -1)}) -> text`,
    doc: 'Replaces the first match, or all with the flag g; \\1 and \\& stand for what matched.',
    examples: [count === 3 ? [`regexp_replace('Thomas', '.[mN]a.', 'M')`, 'ThM']
      : [`regexp_replace('foobarbaz', 'b(..)', 'X\\1Y', 'g')`, 'fooXarYXazY']],
    evaluate: replaceSimple,
  })),
  ...[',int4', ',int4,int4', ',int4,int4,text'].map((rest, i) => scalar({
    signature: `regexp_replace(text,text,text${rest}) -> text`,
    doc: 'Replaces the n-th match (0: all) from a place on.',
    examples: [[`regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X'${[', 3', ', 1, 3',
      `, 1, 0, 'i'`][i] ?? ''})`, ['A PXstgreSQL function', 'A PostgreSQL fXnction',
      'X PXstgrXSQL fXnctXXn'][i] ?? '']],
    evaluate: replaceFrom,
  })),
];

/** The n-th match from a place on, or null. */
function nthMatch(text: string, pattern: string, how: {
  readonly start: number; readonly nth: number; readonly flags: string; readonly name: string;
}): RegexMatch | null {
  checkParameter('start', how.start, 1);
  checkParameter('n', how.nth, 1);
  const regex = withoutGlobal(pattern, how.flags, how.name);
  let count = 0;
  for (const match of allMatches(text, regex, offsetOfPlace(text, how.start))) {
    if (++count === how.nth) return match;
  }
  return null;
}

/** The range of a group (0: the whole match), or null. */
function groupRange(match: RegexMatch, group: number): readonly [number, number] | null {
  return group === 0 ? [match.start, match.end] : match.groups[group - 1] ?? null;
}

type InstrArgs = [string, string, number?, number?, number?, string?, number?];

function regexpInstr(...args: InstrArgs): number {
  const [text, pattern, start = 1, nth = 1, end = 0, flags = '', group = 0] = args;
  if (end !== 0 && end !== 1) {
    throw sqlError('22023', `invalid value for parameter "endoption": ${end}`);
  }
  checkParameter('subexpr', group, 0);
  const match = nthMatch(text, pattern, { start, nth, flags, name: 'regexp_instr' });
  const range = match === null ? null : groupRange(match, group);
  return range === null ? 0 : placeOfOffset(text, range[end === 1 ? 1 : 0]);
}

type SubstrArgs = [string, string, number?, number?, string?, number?];

function regexpSubstr(...args: SubstrArgs): string | null {
  const [text, pattern, start = 1, nth = 1, flags = '', group = 0] = args;
  checkParameter('subexpr', group, 0);
  const match = nthMatch(text, pattern, { start, nth, flags, name: 'regexp_substr' });
  const range = match === null ? null : groupRange(match, group);
  return range === null ? null : text.slice(range[0], range[1]);
}

function regexpCount(...args: [string, string, number?, string?]): number {
  const [text, pattern, start = 1, flags = ''] = args;
  checkParameter('start', start, 1);
  const regex = withoutGlobal(pattern, flags, 'regexp_count');
  let count = 0;
  for (const match of allMatches(text, regex, offsetOfPlace(text, start))) {
    if (match.end >= match.start) count++;
  }
  return count;
}

/** Overloads with more and more of the optional arguments. */
function overloads(name: string, of: {
  readonly optional: readonly string[]; readonly result: string; readonly doc: string;
  readonly samples: readonly (readonly [string, string])[];
  readonly code: (...args: never[]) => Value;
}): ScalarFunction[] {
  return of.samples.map((sample, count) => scalar({
    signature: `${name}(${['text', 'text', ...of.optional.slice(0, count)].join(',')})`
      + ` -> ${of.result}`,
    doc: of.doc, examples: [[`${name}(${sample[0]})`, sample[1]]], evaluate: of.code,
  }));
}

const COUNTED: readonly ScalarFunction[] = [
  ...overloads('regexp_count', {
    optional: ['int4', 'text'], result: 'int4', doc: 'The number of matches from a place on.',
    samples: [[`'123456789012', '\\d\\d\\d'`, '4'], [`'123456789012', '\\d\\d\\d', 2`, '3'],
      [`'ABCabc', 'a', 1, 'i'`, '2']],
    code: regexpCount,
  }),
  ...overloads('regexp_instr', {
    optional: ['int4', 'int4', 'int4', 'text', 'int4'], result: 'int4',
    doc: 'The place of the n-th match, or after it; 0 for none.',
    samples: [[`'foobar', 'o'`, '2'], [`'foobar', 'o', 3`, '3'], [`'foobar', 'o', 1, 2`, '3'],
      [`'foobar', 'o', 1, 2, 1`, '4'], [`'foobar', 'O', 1, 1, 0, 'i'`, '2'],
      [`'foobar', 'f(o)(o)', 1, 1, 0, '', 2`, '3']],
    code: regexpInstr,
  }),
  ...overloads('regexp_substr', {
    optional: ['int4', 'int4', 'text', 'int4'], result: 'text',
    doc: 'The n-th match, or a group of it.',
    samples: [[`'foobar', 'o+'`, 'oo'], [`'foobar', 'o', 3`, 'o'],
      [`'a1b2', '[a-z]\\d', 1, 2`, 'b2'], [`'foobar', 'O+', 1, 1, 'i'`, 'oo'],
      [`'foobar', 'f(o)(ob)', 1, 1, '', 2`, 'ob']],
    code: regexpSubstr,
  }),
  ...overloads('regexp_like', {
    optional: ['text'], result: 'boolean', doc: 'True when the text has a match.',
    samples: [[`'Hello World', 'world$'`, 'false'], [`'Hello World', 'world$', 'i'`, 'true']],
    code: (text: string, pattern: string, flags: string = '') =>
      withoutGlobal(pattern, flags, 'regexp_like').test(text),
  }),
  ...overloads('regexp_split_to_array', {
    optional: ['text'], result: 'text[]', doc: 'The texts between matches.',
    samples: [[`'hello world', '\\s+'`, '{hello,world}'], [`'aXbxc', 'x', 'i'`, '{a,b,c}']],
    code: (text: string, pattern: string, flags: string = '') =>
      sqlArray(splitAtMatches(text, withoutGlobal(pattern, flags, 'regexp_split_to_array'))),
  }),
];

function* matchRows(text: string, pattern: string, flags: string = ''): Generator<Value[]> {
  const { regex, global } = searchOf(pattern, flags);
  for (const match of allMatches(text, regex)) {
    yield [captures(text, match)];
    if (!global) return;
  }
}

const TEXT_ARRAY = { name: 'array', element: { name: 'text' } } as const;

/** Set-returning functions of regular expressions. */
export const PATTERN_TABLES: readonly TableFunction[] = [
  table({
    signature: 'regexp_matches(text,text) -> setof text[]',
    doc: 'What the groups of the first match got.', columns: column('regexp_matches', TEXT_ARRAY),
    examples: [[`regexp_matches('foobarbequebaz', '(bar)(beque)')`, '{{bar,beque}}']],
    evaluate: matchRows,
  }),
  table({
    signature: 'regexp_matches(text,text,text) -> setof text[]',
    doc: 'What the groups of the first match got, or with the flag g of all.',
    columns: column('regexp_matches', TEXT_ARRAY),
    examples: [[`regexp_matches('a1b2', '\\d', 'g')`, '{{1},{2}}']], evaluate: matchRows,
  }),
  ...['', ',text'].map((flags) => table({
    signature: `regexp_split_to_table(text,text${flags}) -> setof text`,
    doc: 'The texts between matches.',
    columns: column('regexp_split_to_table', { name: 'text' }),
    examples: [[`regexp_split_to_table('hello world', '\\s+'${flags === '' ? '' : `, 'i'`})`,
      '{hello,world}']],
    evaluate: (text: string, pattern: string, options: string = '') =>
      splitAtMatches(text, withoutGlobal(pattern, options, 'regexp_split_to_table'))
        .map((part) => [part]),
  })),
];

/** Pattern matching operators and functions. */
export const PATTERNS: readonly ScalarFunction[] = [
  ...OPERATOR_ENTRIES, ...TRANSLATIONS, ...BYTES, ...FIRST, ...COUNTED,
];
