/**
 * LIKE and ILIKE: `%` any text, `_` any character, an escape character before a literal one.
 *
 * The pattern is cut at its `%` into pieces; matching walks text and pieces once with one point to
 * come back to, so no pattern is catastrophic. Patterns without `_` in their pieces use indexOf.
 */
import { sqlError } from '../errors.ts';
import { characterLength } from '../types/text-order.ts';

/** Matches one text against a compiled pattern. */
export type LikeMatcher = (text: string) => boolean;

/** A piece between two `%`: units, of which ANY stands for `_`. */
interface Piece {
  readonly text: string;
  /** Places in `text` where any character goes; null when there are none. */
  readonly any: ReadonlySet<number> | null;
}

interface Pattern {
  readonly pieces: readonly Piece[];
}

/** Compiles a LIKE pattern; `escape` is one character or empty. 22025, 22019 as PostgreSQL. */
export function likeMatcher(
  pattern: string, escape: string = '\\', caseInsensitive: boolean = false,
): LikeMatcher {
  if (escape !== '' && characterLength(escape) !== 1) {
    throw sqlError('22019', 'invalid escape string', {
      hint: 'Escape string must be empty or one character.',
    });
  }
  const folded = caseInsensitive ? fold(pattern) : pattern;
  const mark = caseInsensitive ? fold(escape) : escape;
  const head = endsWithEscape(folded, mark) ? folded.slice(0, -mark.length) : null;
  const matcher = head === null ? matcherOf(cutPattern(folded, mark).pieces)
    : unfinishedMatcher(head, mark);
  return caseInsensitive ? (text) => matcher(fold(text)) : matcher;
}

function endsWithEscape(pattern: string, escape: string): boolean {
  if (escape === '') return false;
  let at = 0;
  for (; at < pattern.length; at++) {
    if (!pattern.startsWith(escape, at)) continue;
    at += escape.length;
    if (at >= pattern.length) return true;
  }
  return false;
}

/** A pattern that ends with an escape matches nothing, and is an error where a text gets so far. */
function unfinishedMatcher(head: string, escape: string): LikeMatcher {
  const { pieces } = cutPattern(head, escape);
  const last = pieces.at(-1) ?? { text: '', any: null };
  const any = new Set(last.any);
  any.add(last.text.length);
  const reaches = matcherOf([...pieces.slice(0, -1), { text: `${last.text}_`, any },
    { text: '', any: null }]);
  return (text) => {
    if (!reaches(text)) return false;
    throw sqlError('22025', 'LIKE pattern must not end with escape character');
  };
}

function fold(text: string): string {
  return text.toLowerCase();
}

function cutPattern(pattern: string, escape: string): Pattern {
  const pieces: Piece[] = [];
  let text = '';
  let any: Set<number> | null = null;
  const close = (): void => {
    pieces.push({ text, any });
    text = '';
    any = null;
  };
  for (let at = 0; at < pattern.length; at++) {
    const unit = pattern[at] ?? '';
    if (escape !== '' && pattern.startsWith(escape, at)) {
      at += escape.length;
      text += pattern[at] ?? '';
    } else if (unit === '%') {
      close();
    } else if (unit === '_') {
      any ??= new Set();
      any.add(text.length);
      text += unit;
    } else {
      text += unit;
    }
  }
  close();
  return { pieces };
}

function matcherOf(pieces: readonly Piece[]): LikeMatcher {
  if (pieces.some((piece) => piece.any !== null)) return (text) => matchPieces(pieces, text);
  const texts = pieces.map((piece) => piece.text);
  const [first = '', second = '', third] = texts;
  if (texts.length === 1) return (text) => text === first;
  if (texts.length === 2 && second === '') return (text) => text.startsWith(first);
  if (texts.length === 2 && first === '') return (text) => text.endsWith(second);
  if (texts.length === 3 && first === '' && third === '') return (text) => text.includes(second);
  return (text) => matchTexts(texts, text);
}

function matchTexts(pieces: readonly string[], text: string): boolean {
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i] ?? '';
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= end;
}

/** End of the piece matched at a place, or -1; `_` takes a whole character. */
function pieceEnd(piece: Piece, text: string, start: number): number {
  let at = start;
  for (let i = 0; i < piece.text.length; i++) {
    if (at >= text.length) return -1;
    if (piece.any?.has(i) === true) {
      const unit = text.charCodeAt(at);
      const next = text.charCodeAt(at + 1);
      at += unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff ? 2 : 1;
    } else if (text.charCodeAt(at) === piece.text.charCodeAt(i)) {
      at++;
    } else {
      return -1;
    }
  }
  return at;
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Pieces in order, each at its first place: what is matched earliest leaves most to the rest. */
function matchPieces(pieces: readonly Piece[], text: string): boolean {
  const first = pieces[0] ?? { text: '', any: null };
  let at = pieceEnd(first, text, 0);
  if (pieces.length === 1) return at === text.length;
  if (at < 0) return false;
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i] ?? first;
    let end = -1;
    for (; at <= text.length && end < 0; at++) {
      if (!isLowSurrogate(text, at)) end = pieceEnd(piece, text, at);
    }
    if (end < 0) return false;
    at = end;
  }
  return endsWithPiece(pieces.at(-1) ?? first, text, at);
}

function endsWithPiece(piece: Piece, text: string, from: number): boolean {
  const shortest = text.length - 2 * piece.text.length;
  for (let at = Math.max(from, shortest); at <= text.length; at++) {
    if (!isLowSurrogate(text, at) && pieceEnd(piece, text, at) === text.length) return true;
  }
  return false;
}
