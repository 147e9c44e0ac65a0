/**
 * String functions: case, length, parts, trimming, padding, searching, quoting.
 *
 * Characters are code points. bytea, encodings and digests are in bytes.ts; patterns in pattern.ts;
 * what formats values of any type in string-format.ts.
 */
import { sqlError } from '../../common/errors.ts';
import { characterLength, utf8Length } from '../../common/types/text-order.ts';
import { trimBlanks } from '../../common/types/text-types.ts';
import { sqlArray } from '../../common/values.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { ScalarFunction } from './entry.ts';
import {
  initialCapitals, isSimple, lowerCase, padText, quoteIdentifier, sliceCharacters,
  substringCharacters, TEXT_LENGTH_MAX, textTooLong, trimCharacters, upperCase,
} from './text-tools.ts';

const CASES: readonly ScalarFunction[] = [
  scalar({
    signature: 'lower(text) -> text', doc: 'Converts a string to lower case.',
    examples: [[`lower('ABC')`, 'abc']], evaluate: lowerCase,
  }),
  scalar({
    signature: 'upper(text) -> text', doc: 'Converts a string to upper case.',
    examples: [[`upper('abc')`, 'ABC']], evaluate: upperCase,
  }),
  scalar({
    signature: 'initcap(text) -> text',
    doc: 'Converts the first letter of each word to upper case and the others to lower case.',
    examples: [[`initcap('hi THOMAS')`, 'Hi Thomas']], evaluate: initialCapitals,
  }),
];

const LENGTHS: readonly ScalarFunction[] = [
  ...['length', 'char_length', 'character_length'].flatMap((name) => [
    scalar({
      signature: `${name}(text) -> int4`, doc: 'The number of characters.',
      examples: [[`${name}('jose')`, '4']], evaluate: characterLength,
    }),
    scalar({
      signature: `${name}(bpchar) -> int4`,
      doc: 'The number of characters, blanks at the end not counted.',
      examples: [[`${name}('jo  '::char(4))`, '2']],
      evaluate: (text: string) => characterLength(trimBlanks(text)),
    }),
  ]),
  scalar({
    signature: 'octet_length(text) -> int4', doc: 'The number of bytes in UTF-8.',
    examples: [[`octet_length('jose')`, '4']], evaluate: utf8Length,
  }),
  scalar({
    signature: 'octet_length(bpchar) -> int4', doc: 'The number of bytes, blanks included.',
    examples: [[`octet_length('jo  '::char(4))`, '4']], evaluate: utf8Length,
  }),
  scalar({
    signature: 'bit_length(text) -> int4', doc: 'The number of bits in UTF-8.',
    examples: [[`bit_length('jose')`, '32']], evaluate: (text: string) => utf8Length(text) * 8,
  }),
];

function takeLeft(text: string, count: number): string {
  const end = count >= 0 ? count : characterLength(text) + count;
  return sliceCharacters(text, 0, end);
}

function takeRight(text: string, count: number): string {
  const length = characterLength(text);
  const start = count >= 0 ? length - count : -count;
  return sliceCharacters(text, start, length);
}

function splitPart(text: string, delimiter: string, field: number): string {
  if (field === 0) throw sqlError('22023', 'field position must not be zero');
  if (text === '') return '';
  if (delimiter === '') return field === 1 || field === -1 ? text : '';
  const parts = text.split(delimiter);
  return parts[field > 0 ? field - 1 : parts.length + field] ?? '';
}

function overlay(text: string, replacement: string, from: number, count: number | null): string {
  if (from <= 0) throw sqlError('22011', 'negative substring length not allowed');
  const removed = count ?? characterLength(replacement);
  if (from + removed > 2_147_483_647) throw sqlError('22003', 'integer out of range');
  return sliceCharacters(text, 0, from - 1) + replacement
    + sliceCharacters(text, from - 1 + removed, Infinity);
}

const PARTS: readonly ScalarFunction[] = [
  ...['substr', 'substring'].flatMap((name) => [
    scalar({
      signature: `${name}(text,int4) -> text`, doc: 'The characters from a place, counted from 1.',
      examples: [[`${name}('alphabet', 3)`, 'phabet']],
      evaluate: (text: string, start: number) => substringCharacters(text, start, null),
    }),
    scalar({
      signature: `${name}(text,int4,int4) -> text`,
      doc: 'So many characters from a place, counted from 1.',
      examples: [[`${name}('alphabet', 3, 2)`, 'ph'], [`${name}('alphabet', -1, 4)`, 'al']],
      evaluate: substringCharacters,
    }),
  ]),
  scalar({
    signature: 'left(text,int4) -> text',
    doc: 'The first characters; with a negative count all but the last so many.',
    examples: [[`left('abcde', 2)`, 'ab'], [`left('abcde', -2)`, 'abc']], evaluate: takeLeft,
  }),
  scalar({
    signature: 'right(text,int4) -> text',
    doc: 'The last characters; with a negative count all but the first so many.',
    examples: [[`right('abcde', 2)`, 'de'], [`right('abcde', -2)`, 'cde']], evaluate: takeRight,
  }),
  scalar({
    signature: 'split_part(text,text,int4) -> text',
    doc: 'The n-th field between delimiters; counted from the end when negative.',
    examples: [[`split_part('abc~@~def~@~ghi', '~@~', 2)`, 'def'],
      [`split_part('a,b,c', ',', -1)`, 'c']],
    evaluate: splitPart,
  }),
  scalar({
    signature: 'overlay(text,text,int4) -> text',
    doc: 'Replaces as many characters from a place as the replacement has.',
    examples: [[`overlay('Txxxxas', 'hom', 2)`, 'Thomxas']],
    evaluate: (text: string, replacement: string, from: number) =>
      overlay(text, replacement, from, null),
  }),
  scalar({
    signature: 'overlay(text,text,int4,int4) -> text',
    doc: 'Replaces so many characters from a place.',
    examples: [[`overlay('Txxxxas', 'hom', 2, 4)`, 'Thomas']], evaluate: overlay,
  }),
];

const TRIMS: readonly ScalarFunction[] = ([
  ['btrim', 'both', 'both ends'], ['ltrim', 'left', 'the start'], ['rtrim', 'right', 'the end'],
] as const).flatMap(([name, ends, where]) => [
  scalar({
    signature: `${name}(text) -> text`, doc: `Takes blanks off ${where}.`,
    examples: [[`'[' || ${name}('  a ') || ']'`,
      `[${trimCharacters('  a ', ' ', ends)}]`]],
    evaluate: (text: string) => trimCharacters(text, ' ', ends),
  }),
  scalar({
    signature: `${name}(text,text) -> text`, doc: `Takes the characters of a set off ${where}.`,
    examples: [[`${name}('xyabcxy', 'yx')`, trimCharacters('xyabcxy', 'yx', ends)]],
    evaluate: (text: string, set: string) => trimCharacters(text, set, ends),
  }),
]);

function repeat(text: string, count: number): string {
  if (count <= 0) return '';
  if (text.length * count > TEXT_LENGTH_MAX) throw textTooLong();
  return text.repeat(count);
}

function reverse(text: string): string {
  return Array.from(text).reverse().join('');
}

function translate(text: string, from: string, to: string): string {
  const targets = Array.from(to);
  const map = new Map<string, string>();
  Array.from(from).forEach((character, i) => {
    if (!map.has(character)) map.set(character, targets[i] ?? '');
  });
  let result = '';
  for (const character of text) result += map.get(character) ?? character;
  return result;
}

function replace(text: string, from: string, to: string): string {
  if (from === '' || !text.includes(from)) return text;
  // split and join: a `$` in the replacement has no meaning.
  const parts = text.split(from);
  if (text.length + parts.length * to.length > TEXT_LENGTH_MAX) throw textTooLong();
  return parts.join(to);
}

const CHANGES: readonly ScalarFunction[] = [
  ...(['left', 'right'] as const).flatMap((side) => {
    const name = side === 'left' ? 'lpad' : 'rpad';
    return [
      scalar({
        signature: `${name}(text,int4) -> text`,
        doc: `Fills up with blanks on the ${side} to a length, or cuts.`,
        examples: [[`'[' || ${name}('hi', 4) || ']'`, side === 'left' ? '[  hi]' : '[hi  ]']],
        evaluate: (text: string, length: number) => padText(text, { length, fill: ' ', side }),
      }),
      scalar({
        signature: `${name}(text,int4,text) -> text`,
        doc: `Fills up with a text on the ${side} to a length, or cuts.`,
        examples: [[`${name}('hi', 5, 'xy')`, side === 'left' ? 'xyxhi' : 'hixyx']],
        evaluate: (text: string, length: number, fill: string) =>
          padText(text, { length, fill, side }),
      }),
    ];
  }),
  scalar({
    signature: 'repeat(text,int4) -> text', doc: 'Repeats a string.',
    examples: [[`repeat('Pg', 4)`, 'PgPgPgPg']], evaluate: repeat,
  }),
  scalar({
    signature: 'reverse(text) -> text', doc: 'The characters in reverse order.',
    examples: [[`reverse('abcde')`, 'edcba']], evaluate: reverse,
  }),
  scalar({
    signature: 'translate(text,text,text) -> text',
    doc: 'Replaces each character of the first set by that of the second; drops those beyond.',
    examples: [[`translate('12345', '143', 'ax')`, 'a2x5']], evaluate: translate,
  }),
  scalar({
    signature: 'replace(text,text,text) -> text', doc: 'Replaces every occurrence of a text.',
    examples: [[`replace('abcdefabcdef', 'cd', 'XX')`, 'abXXefabXXef']], evaluate: replace,
  }),
  scalar({
    signature: 'normalize(text) -> text', doc: 'The Unicode normal form NFC.',
    examples: [[`length(normalize('a' || chr(776)))`, '1']],
    evaluate: (text: string) => text.normalize('NFC'),
  }),
  scalar({
    signature: 'normalize(text,text) -> text', doc: 'A Unicode normal form.',
    examples: [[`length(normalize(chr(228), NFD))`, '2']], evaluate: normalForm,
  }),
];

function normalForm(text: string, form: string): string {
  const name = form.toUpperCase();
  switch (name) {
    case 'NFC': case 'NFD': case 'NFKC': case 'NFKD': return text.normalize(name);
    default: throw sqlError('22023', `invalid normalization form: ${form}`);
  }
}

function position(text: string, part: string): number {
  const at = text.indexOf(part);
  if (at <= 0) return at + 1;
  return (isSimple(text) ? at : characterLength(text.slice(0, at))) + 1;
}

function character(code: number): string {
  if (code < 0) throw sqlError('22023', 'character number must be positive');
  if (code === 0) throw sqlError('54000', 'null character not permitted');
  if (code > 0x10ffff) {
    throw sqlError('54000', `requested character too large for encoding: ${code}`);
  }
  if (code >= 0xd800 && code <= 0xdfff) {
    throw sqlError('54000', `requested character not valid for encoding: ${code}`);
  }
  return String.fromCodePoint(code);
}

const SEARCHES: readonly ScalarFunction[] = [
  ...['strpos', 'position'].map((name) => scalar({
    signature: `${name}(text,text) -> int4`,
    doc: 'The place of the first occurrence of the second in the first, from 1; 0 for none.',
    examples: [[name === 'position' ? `position('om' in 'Thomas')` : `strpos('high', 'ig')`,
      name === 'position' ? '3' : '2']],
    evaluate: position,
  })),
  ...['starts_with', '^@'].map((name) => scalar({
    signature: `${name}(text,text) -> boolean`, doc: 'True when the first starts with the second.',
    examples: [[name === '^@' ? `'alphabet' ^@ 'alph'` : `starts_with('alphabet', 'alph')`,
      'true']],
    evaluate: (text: string, part: string) => text.startsWith(part),
  })),
  scalar({
    signature: 'ascii(text) -> int4', doc: 'The code of the first character; 0 of none.',
    examples: [[`ascii('x')`, '120']], evaluate: (text: string) => text.codePointAt(0) ?? 0,
  }),
  scalar({
    signature: 'chr(int4) -> text', doc: 'The character of a code.', examples: [['chr(65)', 'A']],
    evaluate: character,
  }),
];

function toHex(value: number | bigint): string {
  return typeof value === 'bigint' ? BigInt.asUintN(64, value).toString(16)
    : (value >>> 0).toString(16);
}

const CONVERSIONS: readonly ScalarFunction[] = [
  ...['int4', 'int8'].map((type) => scalar({
    signature: `to_hex(${type}) -> text`, doc: 'Hexadecimal digits of an integer.',
    examples: [[`to_hex(2147483647::${type})`, '7fffffff']], evaluate: toHex,
  })),
  scalar({
    signature: 'quote_ident(text) -> text', doc: 'An identifier as SQL text.',
    examples: [[`quote_ident('Foo bar')`, '"Foo bar"'], [`quote_ident('abc')`, 'abc']],
    evaluate: quoteIdentifier,
  }),
  scalar({
    signature: 'string_to_array(text,text) -> text[]',
    doc: 'Splits at delimiters; a NULL delimiter separates all characters.', nulls: 'called',
    examples: [[`string_to_array('xx~~yy~~zz', '~~')`, '{xx,yy,zz}']],
    evaluate: (text: string | null, delimiter: string | null) =>
      stringToArray(text, delimiter, null),
  }),
  scalar({
    signature: 'string_to_array(text,text,text) -> text[]',
    doc: 'Splits at delimiters; fields equal to the third argument become NULL.', nulls: 'called',
    examples: [[`string_to_array('xx~~yy~~zz', '~~', 'yy')`, '{xx,NULL,zz}']],
    evaluate: stringToArray,
  }),
];

/** The fields of a text between delimiters. */
export function splitFields(text: string, delimiter: string | null): string[] {
  if (text === '') return [];
  if (delimiter === null) return Array.from(text);
  return delimiter === '' ? [text] : text.split(delimiter);
}

function stringToArray(text: string | null, delimiter: string | null,
  nullText: string | null): Value {
  if (text === null) return null;
  const fields = splitFields(text, delimiter);
  return sqlArray(fields.map((field) => (field === nullText ? null : field)));
}

const CONCATENATION: readonly ScalarFunction[] = [
  scalar({
    signature: '||(text,text) -> text', doc: 'Joins two strings.',
    examples: [[`'Post' || 'greSQL'`, 'PostgreSQL']],
    evaluate: (a: string, b: string) => a + b, inline: (a, b) => `(${String(a)} + ${String(b)})`,
  }),
];

/** String functions. */
export const STRINGS: readonly ScalarFunction[] = [
  ...CASES, ...LENGTHS, ...PARTS, ...TRIMS, ...CHANGES, ...SEARCHES, ...CONVERSIONS,
  ...CONCATENATION,
];
