/**
 * Bracket expressions `[a-z[:digit:]\s]` of regular expressions.
 */
import { classByName } from './char-set.ts';
import type { CharSet, ClassPart } from './char-set.ts';
import { readEscape } from './escapes.ts';
import {
  bracketError, classError, collatingError, escapeError, rangeError,
} from './regex-errors.ts';

/** A parsed bracket and where it ends. */
export interface Bracket {
  readonly set: CharSet;
  readonly end: number;
}

/** What an item of a bracket is: a character, which may start a range, or a class. */
type Item =
  | { readonly kind: 'character'; readonly codePoint: number; readonly end: number }
  | { readonly kind: 'class'; readonly part: ClassPart; readonly end: number };

/** Parses the bracket whose `[` is at `start`. */
export function parseBracket(
  pattern: string, start: number,
  options: { readonly ignoreCase: boolean; readonly notNewline: boolean },
): Bracket {
  const ranges: (readonly [number, number])[] = [];
  const classes: ClassPart[] = [];
  let at = start + 1;
  const negated = pattern[at] === '^';
  if (negated) at++;
  const first = at;
  while (at === first || pattern[at] !== ']') {
    const item = readItem(pattern, at);
    at = item.end;
    if (item.kind === 'class') {
      classes.push(item.part);
      continue;
    }
    let last = item.codePoint;
    if (pattern[at] === '-' && pattern[at + 1] !== ']' && pattern[at + 1] !== undefined) {
      const end = readItem(pattern, at + 1);
      if (end.kind === 'class' || end.codePoint < item.codePoint) throw rangeError();
      last = end.codePoint;
      at = end.end;
    }
    ranges.push([item.codePoint, last]);
  }
  return {
    set: {
      ranges, classes, negated, ignoreCase: options.ignoreCase,
      notNewline: negated && options.notNewline,
    },
    end: at + 1,
  };
}

function readItem(pattern: string, at: number): Item {
  const first = pattern[at];
  if (first === undefined) throw bracketError();
  const second = pattern[at + 1];
  if (first === '[' && (second === ':' || second === '.' || second === '=')) {
    return readNamed(pattern, at, second);
  }
  if (first === '\\') {
    const escape = readEscape(pattern, at);
    if (escape.kind === 'character') return escape;
    if (escape.kind !== 'class') throw escapeError();
    return { kind: 'class', part: escape, end: escape.end };
  }
  const codePoint = pattern.codePointAt(at) ?? 0;
  return { kind: 'character', codePoint, end: at + (codePoint > 0xffff ? 2 : 1) };
}

function readNamed(pattern: string, at: number, mark: string): Item {
  const close = pattern.indexOf(`${mark}]`, at + 2);
  if (close < 0) throw bracketError();
  const name = pattern.slice(at + 2, close);
  const end = close + 2;
  if (mark === ':') {
    const known = classByName(name);
    if (known === null) throw classError();
    return { kind: 'class', part: { name: known, negated: false }, end };
  }
  const codePoint = name.codePointAt(0);
  if (codePoint === undefined || String.fromCodePoint(codePoint) !== name) throw collatingError();
  return { kind: 'character', codePoint, end };
}
