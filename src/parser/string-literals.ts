/**
 * Decodes the bodies of E'...', U&'...', B'...' and X'...' literals.
 *
 * Quotes are already undone by the lexer; errors carry the span of the whole literal.
 */
import type { Span } from '../common/span.ts';
import { invalidByteSequence, invalidUnicode, invalidUnicodeEscape } from './syntax-errors.ts';

const simple: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** The value of an E'...' body: \n, \t, octal and hexadecimal bytes, \uXXXX, \UXXXXXXXX. */
export function decodeEscapes(body: string, span: Span): string {
  if (!body.includes('\\')) return body;
  const escapes =
    /(?:\\(?:[0-7]{1,3}|x[0-9a-fA-F]{1,2}))+|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\[^]|\\$/g;
  return paired(span, body.replace(escapes, (escape) => {
    const letter = escape.charAt(1);
    if (/^\\(?:[0-7]|x[0-9a-fA-F])/.test(escape)) return decodeBytes(escape, span);
    if (letter !== 'u' && letter !== 'U') return simple.get(letter) ?? letter;
    if (escape.length === 2) throw invalidUnicodeEscape(span);
    if (letter === 'U') return codePoint(escape.slice(2), span);
    return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
  }));
}

/** The value of a U&'...' body: \XXXX, \+XXXXXX and a doubled escape character. */
export function decodeUnicode(body: string, escape: string, span: Span): string {
  if (!body.includes(escape)) return body;
  const e = escape.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  const pattern = new RegExp(`${e}(?:([0-9a-fA-F]{4})|\\+([0-9a-fA-F]{6})|(${e})|)`, 'g');
  const character = (_all: string, short?: string, long?: string, self?: string): string => {
    if (short !== undefined) return String.fromCharCode(Number.parseInt(short, 16));
    if (long !== undefined) return codePoint(long, span);
    if (self !== undefined) return escape;
    throw invalidUnicode('escape', span);
  };
  return paired(span, body.replace(pattern, character));
}

/** The binary digits of B'...' or, with `hex`, X'...'; null when there are other characters. */
export function bitsOf(digits: string, hex: boolean): string | null {
  if (!hex) return /^[01]*$/.test(digits) ? digits : null;
  if (!/^[0-9a-fA-F]*$/.test(digits)) return null;
  const nibble = (digit: string): string => Number.parseInt(digit, 16).toString(2);
  return digits.replace(/./g, (digit) => nibble(digit).padStart(4, '0'));
}

const ALONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Halves of a surrogate pair stand together. */
function paired(span: Span, text: string): string {
  if (ALONE.test(text)) throw invalidUnicode('surrogate pair', span);
  return text;
}

function codePoint(hex: string, span: Span): string {
  const code = Number.parseInt(hex, 16);
  if (code > 0x10ffff || code === 0) throw invalidUnicode('escape value', span);
  return String.fromCodePoint(code);
}

function decodeBytes(escapes: string, span: Span): string {
  const bytes: number[] = [];
  for (const escape of escapes.split('\\').slice(1)) {
    const hex = escape.startsWith('x');
    bytes.push(Number.parseInt(hex ? escape.slice(1) : escape, hex ? 16 : 8) & 255);
  }
  if (bytes.includes(0)) throw invalidByteSequence(span);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
  } catch {
    throw invalidByteSequence(span);
  }
}
