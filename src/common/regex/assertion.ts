/**
 * Conditions on a place between two characters: line ends, word boundaries.
 *
 * A place is judged by the kinds of the characters on either side of it, which is all an automaton
 * needs to remember.
 */
import { NEWLINE, isInClass } from './char-set.ts';

/** Conditions on a place in the text. */
export type AssertionKind =
  | 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-start' | 'word-end'
  | 'word-boundary' | 'not-word-boundary';

/** No character: the edge of the text. */
export const EDGE = 0;
/** A newline. */
export const LINE = 1;
/** A letter, digit or underscore. */
export const WORD = 2;
/** Any other character. */
export const OTHER = 3;

/** The kind of a character, as assertions see it. */
export function sideOf(codePoint: number): number {
  if (codePoint === NEWLINE) return LINE;
  return isInClass(codePoint, 'word') ? WORD : OTHER;
}

/** True when the condition holds between characters of the two kinds. */
export function holds(assertion: AssertionKind, left: number, right: number): boolean {
  switch (assertion) {
    case 'text-start': return left === EDGE;
    case 'text-end': return right === EDGE;
    case 'line-start': return left === EDGE || left === LINE;
    case 'line-end': return right === EDGE || right === LINE;
    case 'word-start': return left !== WORD && right === WORD;
    case 'word-end': return left === WORD && right !== WORD;
    case 'word-boundary': return (left === WORD) !== (right === WORD);
    case 'not-word-boundary': return (left === WORD) === (right === WORD);
  }
}
