/**
 * CONTRACT. Positions in SQL text.
 *
 * Offsets are UTF-16 code units from 0, end exclusive; what a client sees (field P of an error) is
 * a character count from 1 and is computed once, by `positionOf`.
 */

/** A piece of the statement's text: [start, end) in UTF-16 code units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The span of something the text does not contain. */
export const NO_SPAN: Span = { start: -1, end: -1 };

/** 1-based character position of an offset in a text, as PostgreSQL counts it. */
export function positionOf(text: string, offset: number): number {
  let characters = 0;
  for (let at = 0; at < offset && at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0xdc00 || unit > 0xdfff) characters++;
  }
  return characters + 1;
}
