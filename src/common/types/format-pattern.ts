/**
 * Templates of to_char, to_date and to_timestamp for dates: text to a list of parts.
 */

/** Keywords of date templates, longest first within a letter; lower-case spellings count too. */
const KEYWORDS: readonly string[] = [
  'A.D.', 'A.M.', 'AD', 'AM', 'B.C.', 'BC', 'CC', 'DAY', 'DDD', 'DD', 'DY', 'Day', 'Dy', 'D',
  'FF1', 'FF2', 'FF3', 'FF4', 'FF5', 'FF6', 'HH24', 'HH12', 'HH', 'IDDD', 'ID', 'IW', 'IYYY',
  'IYY', 'IY', 'I', 'J', 'MI', 'MM', 'MONTH', 'MON', 'MS', 'Month', 'Mon', 'OF', 'P.M.', 'PM',
  'Q', 'RM', 'SSSSS', 'SSSS', 'SS', 'TZH', 'TZM', 'TZ', 'US', 'WW', 'W', 'Y,YYY', 'YYYY', 'YYY',
  'YY', 'Y',
];

/** A keyword with its modifiers, or text to copy. */
export type PatternPart =
  | {
    readonly kind: 'field';
    /** The keyword in upper case. */
    readonly field: string;
    /** The keyword as written, for the case of words. */
    readonly written: string;
    /** FM: no padding. */
    readonly fill: boolean;
    /** TH or th behind the field, else empty. */
    readonly ordinal: '' | 'TH' | 'th';
  }
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean };

const LOOKUP: readonly (readonly [string, string])[] = KEYWORDS
  .flatMap((word): (readonly [string, string])[] => {
    const upper = word.toUpperCase();
    const lower = word.toLowerCase();
    return word === upper ? [[word, upper], [lower, upper]] : [[word, upper]];
  })
  .toSorted((a, b) => b[0].length - a[0].length);

const CACHE = new Map<string, readonly PatternPart[]>();
const CACHE_MAX = 200;

/** Parses a template; the last few are remembered. */
export function parsePattern(template: string): readonly PatternPart[] {
  const known = CACHE.get(template);
  if (known !== undefined) return known;
  const parts = readParts(template);
  if (CACHE.size >= CACHE_MAX) CACHE.clear();
  CACHE.set(template, parts);
  return parts;
}

function readParts(template: string): readonly PatternPart[] {
  const parts: PatternPart[] = [];
  let at = 0;
  while (at < template.length) {
    const prefix = /^(?:FM|fm|TM|tm|FX|fx)+/.exec(template.slice(at))?.[0] ?? '';
    const keyword = LOOKUP.find(([word]) => template.startsWith(word, at + prefix.length));
    if (keyword !== undefined) {
      at += prefix.length + keyword[0].length;
      const suffix = /^(?:TH|th|SP)/.exec(template.slice(at))?.[0] ?? '';
      at += suffix.length;
      parts.push({
        kind: 'field', field: keyword[1], written: keyword[0], fill: /FM|TM/i.test(prefix),
        ordinal: suffix === 'TH' || suffix === 'th' ? suffix : '',
      });
    } else if (prefix !== '') {
      at += prefix.length;
    } else {
      at = readText(template, at, parts);
    }
  }
  return parts;
}

/** Reads one character or a quoted text; returns where it ends. */
function readText(template: string, start: number, parts: PatternPart[]): number {
  const first = template[start] ?? '';
  if (first !== '"') {
    const escaped = first === '\\' && template[start + 1] === '"';
    parts.push({ kind: 'text', text: escaped ? '"' : first, quoted: false });
    return start + (escaped ? 2 : 1);
  }
  let text = '';
  let at = start + 1;
  while (at < template.length && template[at] !== '"') {
    if (template[at] === '\\' && at + 1 < template.length) at++;
    text += template[at++] ?? '';
  }
  parts.push({ kind: 'text', text, quoted: true });
  return at + 1;
}
