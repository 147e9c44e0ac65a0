/**
 * Order of strings: that of their UTF-8 bytes, which is code point order (the C collation).
 *
 * JavaScript's own `<` compares UTF-16 units and puts U+E000..U+FFFF above all surrogates; only a
 * first difference between such units needs mending.
 */

/** Compares two strings as their UTF-8 bytes compare; -1, 0 or 1. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === length) return a.length < b.length ? -1 : 1;
  return rank(a.charCodeAt(at)) < rank(b.charCodeAt(at)) ? -1 : 1;
}

/** Surrogates stand for code points above U+FFFF. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Number of bytes of the string in UTF-8 (a lone surrogate counts 3). */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    bytes++;
    if (unit < 0x800) continue;
    if (unit >= 0xd800 && unit <= 0xdbff && at + 1 < text.length) {
      const next = text.charCodeAt(at + 1);
      if (next >= 0xdc00 && next <= 0xdfff) {
        at++;
        bytes++;
        continue;
      }
    }
    bytes++;
  }
  return bytes;
}

/** Number of characters (code points), as SQL length() counts. */
export function characterLength(text: string): number {
  let count = text.length;
  for (let at = 0; at + 1 < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(at + 1);
    if (next < 0xdc00 || next > 0xdfff) continue;
    count--;
    at++;
  }
  return count;
}

/** The first `count` characters of a string. */
export function takeCharacters(text: string, count: number): string {
  if (text.length <= count) return text;
  let at = 0;
  for (let taken = 0; taken < count && at < text.length; taken++) {
    const unit = text.charCodeAt(at);
    const next = text.charCodeAt(at + 1);
    const pair = unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
    at += pair ? 2 : 1;
  }
  return text.slice(0, at);
}
