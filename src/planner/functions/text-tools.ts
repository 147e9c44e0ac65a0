/**
 * Work on text by characters (code points), as SQL counts them; shared by the string functions.
 *
 * Strings without surrogates, nearly all, take the short way over UTF-16 units.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { COLUMN_NAME, RESERVED, TYPE_OR_FUNCTION } from '../../parser/keywords.ts';

/** The longest text a function makes, in UTF-16 units; the engine's strings end at 2^29. */
export const TEXT_LENGTH_MAX: number = 1 << 28;

/** The error of a result that would be too long. */
export function textTooLong(): SqlError {
  return sqlError('54000', 'requested length too large');
}

const SURROGATE = /[\ud800-\udfff]/;

/** True when every character is one UTF-16 unit. */
export function isSimple(text: string): boolean {
  return !SURROGATE.test(text);
}

/** Characters from `start` to before `end`, counted from 0 and clamped. */
export function sliceCharacters(text: string, start: number, end: number): string {
  const from = Math.max(start, 0);
  if (end <= from) return '';
  if (isSimple(text)) return text.slice(from, end);
  return Array.from(text).slice(from, end).join('');
}

/** SQL substring: from a 1-based start for a length, or to the end. */
export function substringCharacters(text: string, start: number, length: number | null): string {
  if (length === null) return sliceCharacters(text, start - 1, Infinity);
  if (length < 0) throw sqlError('22011', 'negative substring length not allowed');
  return sliceCharacters(text, start - 1, start - 1 + length);
}

/** Maps characters one to one; those whose other case takes several stay. */
function mapCase(text: string, map: (character: string) => string): string {
  let result = '';
  for (const character of text) {
    const mapped = map(character);
    result += mapped.length === character.length ? mapped : character;
  }
  return result;
}

// eslint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;

/** Upper case, character by character. */
export function upperCase(text: string): string {
  return ASCII.test(text) ? text.toUpperCase() : mapCase(text, (one) => one.toUpperCase());
}

/** Lower case, character by character. */
export function lowerCase(text: string): string {
  return ASCII.test(text) ? text.toLowerCase() : mapCase(text, (one) => one.toLowerCase());
}

const WORD_CHARACTER = /[\p{L}\p{N}]/u;

/** Each word's first letter in upper case, the others in lower case. */
export function initialCapitals(text: string): string {
  let inWord = false;
  let result = '';
  for (const character of text) {
    result += inWord ? lowerCase(character) : upperCase(character);
    inWord = WORD_CHARACTER.test(character);
  }
  return result;
}

/** Takes the characters of a set off the ends. */
export function trimCharacters(
  text: string, set: string, ends: 'both' | 'left' | 'right',
): string {
  if (set === '' || text === '') return text;
  const wanted = new Set(set);
  const units = isSimple(text) ? text : Array.from(text);
  let start = 0;
  let end = units.length;
  if (ends !== 'right') while (start < end && wanted.has(units[start] ?? '')) start++;
  if (ends !== 'left') while (end > start && wanted.has(units[end - 1] ?? '')) end--;
  return typeof units === 'string' ? units.slice(start, end) : units.slice(start, end).join('');
}

/** Fills up to a length with repetitions of a text, or cuts. */
export function padText(text: string, options: {
  readonly length: number; readonly fill: string; readonly side: 'left' | 'right';
}): string {
  const { fill, side } = options;
  const length = Math.max(options.length, 0);
  if (length > TEXT_LENGTH_MAX) throw textTooLong();
  const characters = isSimple(text) ? text : Array.from(text);
  if (characters.length >= length) return sliceCharacters(text, 0, length);
  const missing = length - characters.length;
  const pattern = isSimple(fill) ? fill : Array.from(fill);
  if (pattern.length === 0) return text;
  const whole = fill.repeat(Math.floor(missing / pattern.length));
  const padding = whole + sliceCharacters(fill, 0, missing % pattern.length);
  return side === 'left' ? padding + text : text + padding;
}

const QUOTED_WORDS: ReadonlySet<string> = new Set<string>([
  ...COLUMN_NAME, ...RESERVED, ...TYPE_OR_FUNCTION,
]);

/** An identifier as SQL text, in quotes where needed. */
export function quoteIdentifier(name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !QUOTED_WORDS.has(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a SQL literal. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}`.slice(1) : quoted;
}
