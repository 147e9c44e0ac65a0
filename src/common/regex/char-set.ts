/**
 * Sets of characters: what an atom of a regular expression matches.
 */

/** A named class such as `digit`. */
export type ClassName =
  | 'alnum' | 'alpha' | 'blank' | 'cntrl' | 'digit' | 'graph' | 'lower' | 'print' | 'punct'
  | 'space' | 'upper' | 'xdigit' | 'word' | 'ascii';

const CLASSES: Readonly<Record<ClassName, RegExp>> = {
  alnum: /[\p{L}\p{N}\p{M}]/u,
  alpha: /[\p{L}\p{M}]/u,
  ascii: /\p{ASCII}/u,
  blank: /[ \t\p{Zs}]/u,
  cntrl: /\p{Cc}/u,
  digit: /\p{Nd}/u,
  graph: /[^\s\p{Cc}\p{Cs}\p{Cn}]/u,
  lower: /\p{Ll}/u,
  print: /[^\p{Cc}\p{Cs}\p{Cn}]/u,
  punct: /[\p{P}\p{S}]/u,
  space: /\s/u,
  upper: /\p{Lu}/u,
  word: /[\p{L}\p{N}\p{M}_]/u,
  xdigit: /[0-9A-Fa-f]/u,
};

/** The class of a name in `[[:name:]]`, or null. */
export function classByName(name: string): ClassName | null {
  return Object.hasOwn(CLASSES, name) ? (name as ClassName) : null;
}

/** A part of a set: a named class, or the opposite of one. */
export interface ClassPart {
  readonly name: ClassName;
  readonly negated: boolean;
}

/** Characters in ranges and classes, or all others when negated. */
export interface CharSet {
  /** Pairs of first and last code point. */
  readonly ranges: readonly (readonly [number, number])[];
  readonly classes: readonly ClassPart[];
  readonly negated: boolean;
  readonly ignoreCase: boolean;
  /** Never a newline, though negated or `.`. */
  readonly notNewline: boolean;
}

/** Code point of the newline. */
export const NEWLINE = 10;

/** The set of one character. */
export function singleton(codePoint: number, ignoreCase: boolean): CharSet {
  return {
    ranges: [[codePoint, codePoint]], classes: [], negated: false, ignoreCase, notNewline: false,
  };
}

/** The set of a class escape such as `\d` or `\D`. */
export function classSet(name: ClassName, negated: boolean, notNewline: boolean = false): CharSet {
  const classes = [{ name, negated }];
  return { ranges: [], classes, negated: false, ignoreCase: false, notNewline };
}

/** What `.` matches. */
export function anySet(notNewline: boolean): CharSet {
  return { ranges: [], classes: [], negated: true, ignoreCase: false, notNewline };
}

/** True when a code point is in a named class. */
export function isInClass(codePoint: number, name: ClassName): boolean {
  return CLASSES[name].test(String.fromCodePoint(codePoint));
}

function hasExactly(set: CharSet, codePoint: number): boolean {
  for (const [first, last] of set.ranges) {
    if (codePoint >= first && codePoint <= last) return true;
  }
  for (const part of set.classes) {
    if (isInClass(codePoint, part.name) !== part.negated) return true;
  }
  return false;
}

/** True when the set contains the code point. */
export function contains(set: CharSet, codePoint: number): boolean {
  if (set.notNewline && codePoint === NEWLINE) return false;
  let found = hasExactly(set, codePoint);
  if (!found && set.ignoreCase) {
    const text = String.fromCodePoint(codePoint);
    found = otherCase(set, text.toLowerCase()) || otherCase(set, text.toUpperCase());
  }
  return found !== set.negated;
}

function otherCase(set: CharSet, text: string): boolean {
  const codePoint = text.codePointAt(0) ?? 0;
  return String.fromCodePoint(codePoint) === text && hasExactly(set, codePoint);
}
