/**
 * Backslash escapes of regular expressions: characters, classes, conditions and back-references.
 */
import type { AssertionKind } from './assertion.ts';
import type { ClassName } from './char-set.ts';
import { escapeError } from './regex-errors.ts';

/** What a backslash sequence means, and where it ends. */
export type Escape =
  | { readonly kind: 'character'; readonly codePoint: number; readonly end: number }
  | {
    readonly kind: 'class'; readonly name: ClassName; readonly negated: boolean;
    readonly end: number;
  }
  | { readonly kind: 'assertion'; readonly assertion: AssertionKind; readonly end: number }
  | { readonly kind: 'back-reference'; readonly group: number; readonly end: number };

const CHARACTERS: Readonly<Record<string, number>> = {
  a: 7, b: 8, B: 92, e: 27, f: 12, n: 10, r: 13, t: 9, v: 11,
};
const CLASSES: Readonly<Record<string, ClassName>> = { d: 'digit', s: 'space', w: 'word' };
const ASSERTIONS: Readonly<Record<string, AssertionKind>> = {
  A: 'text-start', Z: 'text-end', m: 'word-start', M: 'word-end', y: 'word-boundary',
  Y: 'not-word-boundary',
};

/** Reads the escape whose backslash is at `start`. */
export function readEscape(pattern: string, start: number): Escape {
  const letter = pattern[start + 1];
  if (letter === undefined) throw escapeError();
  const end = start + 2;
  const plain = CHARACTERS[letter];
  if (plain !== undefined) return { kind: 'character', codePoint: plain, end };
  const name = CLASSES[letter.toLowerCase()];
  if (name !== undefined) {
    return { kind: 'class', name, negated: letter !== letter.toLowerCase(), end };
  }
  const assertion = ASSERTIONS[letter];
  if (assertion !== undefined) return { kind: 'assertion', assertion, end };
  if (/[A-Za-z0-9]/.test(letter)) return readCoded(pattern, start, letter);
  const codePoint = pattern.codePointAt(start + 1) ?? 0;
  return { kind: 'character', codePoint, end: start + (codePoint > 0xffff ? 3 : 2) };
}

function readCoded(pattern: string, start: number, letter: string): Escape {
  const rest = pattern.slice(start + 2);
  const digits = (shape: RegExp, radix: number): Escape => {
    const found = shape.exec(rest)?.[0];
    if (found === undefined) throw escapeError();
    return {
      kind: 'character', codePoint: Number.parseInt(found, radix), end: start + 2 + found.length,
    };
  };
  switch (letter) {
    case 'c': {
      const control = rest.codePointAt(0);
      if (control === undefined) throw escapeError();
      return { kind: 'character', codePoint: control & 31, end: start + 3 };
    }
    case 'u': return digits(/^[0-9a-fA-F]{4}/, 16);
    case 'U': return digits(/^[0-9a-fA-F]{8}/, 16);
    case 'x': return digits(/^[0-9a-fA-F]+/, 16);
    case '0': {
      const octal = /^[0-7]{0,2}/.exec(rest)?.[0] ?? '';
      return {
        kind: 'character', codePoint: Number.parseInt(`0${octal}`, 8),
        end: start + 2 + octal.length,
      };
    }
    default: break;
  }
  if (!/[1-9]/.test(letter)) throw escapeError();
  const more = /^\d*/.exec(rest)?.[0] ?? '';
  return { kind: 'back-reference', group: Number(letter + more), end: start + 2 + more.length };
}
