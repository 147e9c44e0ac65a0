/**
 * Syntax of PostgreSQL's advanced regular expressions: text to tree.
 *
 * Look-around and back-references are marked, for they do not fit a matcher that is linear in the
 * text. Errors are 2201B in PostgreSQL's words.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import type { AssertionKind } from './assertion.ts';
import { parseBracket } from './bracket.ts';
import { anySet, classSet, singleton } from './char-set.ts';
import type { CharSet } from './char-set.ts';
import { readEscape } from './escapes.ts';

/** Whether a node prefers a longer or a shorter match; null when it does not care. */
export type Preference = 'longer' | 'shorter' | null;

/** A regular expression as a tree. `captures` tells whether a group is inside. */
export type RegexNode =
  | { readonly kind: 'empty'; readonly prefers: null; readonly captures: false }
  | {
    readonly kind: 'set'; readonly set: CharSet; readonly prefers: null;
    readonly captures: false;
  }
  | {
    readonly kind: 'assert'; readonly assertion: AssertionKind; readonly prefers: null;
    readonly captures: false;
  }
  | {
    readonly kind: 'concat'; readonly parts: readonly RegexNode[]; readonly prefers: Preference;
    readonly captures: boolean;
  }
  | {
    readonly kind: 'alternate'; readonly branches: readonly RegexNode[];
    readonly prefers: Preference; readonly captures: boolean;
  }
  | {
    readonly kind: 'repeat'; readonly body: RegexNode; readonly min: number;
    /** Infinity without a limit. */
    readonly max: number; readonly prefers: Preference; readonly captures: boolean;
  }
  | {
    readonly kind: 'group'; readonly body: RegexNode; readonly index: number;
    readonly prefers: Preference; readonly captures: true;
  }
  /** What follows (`ahead`) or precedes the place matches the body, or does not (`negated`). */
  | {
    readonly kind: 'look'; readonly body: RegexNode; readonly ahead: boolean;
    readonly negated: boolean; readonly prefers: null; readonly captures: false;
  }
  /** The text a group captured, once more. */
  | {
    readonly kind: 'back-reference'; readonly group: number; readonly ignoreCase: boolean;
    readonly prefers: null; readonly captures: false;
  };

/** Options of an expression, from flags and from `(?...)` at its start. */
export interface RegexOptions {
  readonly ignoreCase: boolean;
  /** `.` and negated brackets never match a newline. */
  readonly dotNotNewline: boolean;
  /** `^` and `$` match at lines. */
  readonly lineAnchors: boolean;
  /** Blanks and comments in the pattern are ignored. */
  readonly expanded: boolean;
  /** The pattern is plain text. */
  readonly literal: boolean;
}

/** A parsed expression. */
export interface ParsedRegex {
  readonly root: RegexNode;
  readonly groupCount: number;
  /** It has look-around or back-references and needs backtrack.ts. */
  readonly backtracks: boolean;
}

const REPEAT_MAX = 255;
const DEPTH_MAX = 200;

/** `invalid regular expression: ...` */
export function invalidRegex(why: string): SqlError {
  return sqlError('2201B', `invalid regular expression: ${why}`);
}

/** Options of a flags text such as `'in'`; `g` is the caller's. 22023 for an unknown letter. */
export function regexOptions(flags: string): RegexOptions {
  let options: RegexOptions = {
    ignoreCase: false, dotNotNewline: false, lineAnchors: false, expanded: false, literal: false,
  };
  for (const flag of flags) {
    const next = withFlag(options, flag);
    if (next === null) {
      throw sqlError('22023', `invalid regular expression option: "${flag}"`);
    }
    options = next;
  }
  return options;
}

function withFlag(options: RegexOptions, flag: string): RegexOptions | null {
  switch (flag) {
    case 'g': case 'e': case 't': case 'b': return flag === 'b' ? null : options;
    case 'i': return { ...options, ignoreCase: true };
    case 'c': return { ...options, ignoreCase: false };
    case 'm': case 'n': return { ...options, dotNotNewline: true, lineAnchors: true };
    case 's': return { ...options, dotNotNewline: false, lineAnchors: false };
    case 'p': return { ...options, dotNotNewline: true, lineAnchors: false };
    case 'w': return { ...options, dotNotNewline: false, lineAnchors: true };
    case 'x': return { ...options, expanded: true };
    case 'q': return { ...options, literal: true };
    default: return null;
  }
}

/** Parses an expression. */
export function parseRegex(pattern: string, options: RegexOptions): ParsedRegex {
  return new RegexParser(pattern, options).parse();
}

const EMPTY: RegexNode = { kind: 'empty', prefers: null, captures: false };

/** A sequence of nodes; the first that has a preference decides. */
export function concat(parts: readonly RegexNode[]): RegexNode {
  const only = parts[0];
  if (only === undefined) return EMPTY;
  if (parts.length === 1) return only;
  const prefers = parts.find((part) => part.prefers !== null)?.prefers ?? null;
  return { kind: 'concat', parts, prefers, captures: parts.some((part) => part.captures) };
}

/** How often an atom stands; `fixed` for {m}, which has no preference of its own, as {m,m} has. */
interface Counts {
  readonly min: number;
  readonly max: number;
  readonly fixed: boolean;
}

class RegexParser {
  #pattern: string;
  #options: RegexOptions;
  #at = 0;
  #depth = 0;
  #groups = 0;
  #backtracks = false;
  /** Inside look-around, where parentheses do not capture. */
  #looking = false;

  constructor(pattern: string, options: RegexOptions) {
    this.#pattern = pattern;
    this.#options = options;
  }

  parse(): ParsedRegex {
    this.#directors();
    if (this.#options.literal) {
      return { root: this.#literalText(), groupCount: 0, backtracks: false };
    }
    const root = this.#alternatives();
    if (this.#at < this.#pattern.length) throw invalidRegex('parentheses () not balanced');
    return { root, groupCount: this.#groups, backtracks: this.#backtracks };
  }

  /** `***=`, `***:` and `(?i)` at the start. */
  #directors(): void {
    if (this.#pattern.startsWith('***')) {
      const director = this.#pattern[3];
      if (director !== ':' && director !== '=') throw invalidRegex('quantifier operand invalid');
      if (director === '=') this.#options = { ...this.#options, literal: true };
      this.#at = 4;
      if (director === '=') return;
    }
    if (this.#options.literal) return;
    const embedded = /^\(\?([a-z]+)\)/.exec(this.#pattern.slice(this.#at));
    if (embedded === null) return;
    for (const flag of embedded[1] ?? '') {
      const next = withFlag(this.#options, flag);
      if (next === null || flag === 'g') throw invalidRegex('invalid embedded option');
      this.#options = next;
    }
    this.#at += embedded[0].length;
  }

  #literalText(): RegexNode {
    const { ignoreCase } = this.#options;
    return concat(Array.from(this.#pattern.slice(this.#at), (character): RegexNode => ({
      kind: 'set', set: singleton(character.codePointAt(0) ?? 0, ignoreCase), prefers: null,
      captures: false,
    })));
  }

  #skipExpanded(): void {
    if (!this.#options.expanded) return;
    const blank = /(?:\s|#[^\n]*(?:\n|$))*/y;
    blank.lastIndex = this.#at;
    blank.exec(this.#pattern);
    this.#at = blank.lastIndex;
  }

  #peek(): string | undefined {
    this.#skipExpanded();
    // (?#...) is a comment.
    while (this.#pattern.startsWith('(?#', this.#at)) {
      const end = this.#pattern.indexOf(')', this.#at);
      if (end < 0) throw invalidRegex('parentheses () not balanced');
      this.#at = end + 1;
      this.#skipExpanded();
    }
    return this.#pattern[this.#at];
  }

  #alternatives(): RegexNode {
    const branches = [this.#branch()];
    while (this.#peek() === '|') {
      this.#at++;
      branches.push(this.#branch());
    }
    const only = branches[0];
    if (branches.length === 1 && only !== undefined) return only;
    return {
      kind: 'alternate', branches, prefers: 'longer',
      captures: branches.some((branch) => branch.captures),
    };
  }

  #branch(): RegexNode {
    const parts: RegexNode[] = [];
    for (;;) {
      const next = this.#peek();
      if (next === undefined || next === '|' || (next === ')' && this.#depth > 0)) break;
      if (next === ')') throw invalidRegex('parentheses () not balanced');
      parts.push(this.#quantified());
    }
    return concat(parts);
  }

  #quantified(): RegexNode {
    const bare = this.#peek() !== '(';
    const atom = this.#atom();
    const counts = this.#quantifier();
    if (counts === null) return atom;
    if ((atom.kind === 'assert' && bare) || atom.kind === 'look') {
      throw invalidRegex('quantifier operand invalid');
    }
    const { min, max, fixed } = counts;
    // A condition in parentheses holds or does not, however often.
    if (atom.kind === 'assert') return min === 0 ? EMPTY : atom;
    let lazy = false;
    if (this.#peek() === '?') {
      lazy = true;
      this.#at++;
    }
    if (this.#startsQuantifier()) throw invalidRegex('quantifier operand invalid');
    const prefers = fixed ? atom.prefers : lazy ? 'shorter' : 'longer';
    return { kind: 'repeat', body: atom, min, max, prefers, captures: atom.captures };
  }

  #startsQuantifier(): boolean {
    const next = this.#peek();
    if (next === '*' || next === '+' || next === '?') return true;
    return next === '{' && /^\d/.test(this.#pattern.slice(this.#at + 1, this.#at + 2));
  }

  #quantifier(): Counts | null {
    switch (this.#peek()) {
      case '*': this.#at++; return { min: 0, max: Infinity, fixed: false };
      case '+': this.#at++; return { min: 1, max: Infinity, fixed: false };
      case '?': this.#at++; return { min: 0, max: 1, fixed: false };
      case '{': return this.#startsQuantifier() ? this.#counts() : null;
      default: return null;
    }
  }

  #counts(): Counts {
    const match = /^\{(\d+)(,(\d*))?\}/.exec(this.#pattern.slice(this.#at));
    if (match === null) {
      throw invalidRegex(this.#pattern.includes('}', this.#at)
        ? 'invalid repetition count(s)' : 'braces {} not balanced');
    }
    this.#at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (min > REPEAT_MAX || (max > REPEAT_MAX && max !== Infinity) || min > max) {
      throw invalidRegex('invalid repetition count(s)');
    }
    return { min, max, fixed: match[2] === undefined };
  }

  #set(set: CharSet): RegexNode {
    return { kind: 'set', set, prefers: null, captures: false };
  }

  #assertion(assertion: AssertionKind): RegexNode {
    return { kind: 'assert', assertion, prefers: null, captures: false };
  }

  #atom(): RegexNode {
    const first = this.#peek();
    switch (first) {
      case '(': return this.#parenthesis();
      case '[': return this.#bracket();
      case '.': this.#at++; return this.#set(anySet(this.#options.dotNotNewline));
      case '^':
        this.#at++;
        return this.#assertion(this.#options.lineAnchors ? 'line-start' : 'text-start');
      case '$':
        this.#at++;
        return this.#assertion(this.#options.lineAnchors ? 'line-end' : 'text-end');
      case '*': case '+': case '?': throw invalidRegex('quantifier operand invalid');
      case '\\': return this.#escape();
      case '{':
        if (this.#startsQuantifier()) throw invalidRegex('quantifier operand invalid');
        break;
      default: break;
    }
    const codePoint = this.#pattern.codePointAt(this.#at) ?? 0;
    this.#at += codePoint > 0xffff ? 2 : 1;
    return this.#set(singleton(codePoint, this.#options.ignoreCase));
  }

  #escape(): RegexNode {
    const escape = readEscape(this.#pattern, this.#at);
    this.#at = escape.end;
    switch (escape.kind) {
      case 'character': return this.#set(singleton(escape.codePoint, this.#options.ignoreCase));
      case 'class':
        return this.#set(classSet(escape.name, escape.negated,
          escape.negated && this.#options.dotNotNewline));
      case 'assertion': return this.#assertion(escape.assertion);
      case 'back-reference':
        if (escape.group > this.#groups) throw invalidRegex('invalid backreference number');
        if (this.#looking) throw invalidRegex('invalid backreference number');
        this.#backtracks = true;
        return {
          kind: 'back-reference', group: escape.group, ignoreCase: this.#options.ignoreCase,
          prefers: null, captures: false,
        };
    }
  }

  #bracket(): RegexNode {
    const word = this.#pattern.slice(this.#at, this.#at + 7);
    if (word === '[[:<:]]' || word === '[[:>:]]') {
      this.#at += 7;
      return this.#assertion(word === '[[:<:]]' ? 'word-start' : 'word-end');
    }
    const bracket = parseBracket(this.#pattern, this.#at, {
      ignoreCase: this.#options.ignoreCase, notNewline: this.#options.dotNotNewline,
    });
    this.#at = bracket.end;
    return this.#set(bracket.set);
  }

  #parenthesis(): RegexNode {
    const rest = this.#pattern.slice(this.#at, this.#at + 4);
    const look = /^\(\?(<?)([=!])/.exec(rest);
    if (look !== null) return this.#look(look[1] === '', look[2] === '!');
    const silent = rest.startsWith('(?:');
    if (!silent && rest.startsWith('(?')) throw invalidRegex('quantifier operand invalid');
    this.#at += silent ? 3 : 1;
    if (++this.#depth > DEPTH_MAX) throw invalidRegex('regular expression is too complex');
    const index = silent || this.#looking ? 0 : ++this.#groups;
    const body = this.#alternatives();
    if (this.#peek() !== ')') throw invalidRegex('parentheses () not balanced');
    this.#at++;
    this.#depth--;
    return index === 0 ? body
      : { kind: 'group', body, index, prefers: body.prefers, captures: true };
  }

  /** `(?=re)`, `(?!re)`, `(?<=re)`, `(?<!re)` */
  #look(ahead: boolean, negated: boolean): RegexNode {
    this.#at += ahead ? 3 : 4;
    this.#backtracks = true;
    if (++this.#depth > DEPTH_MAX) throw invalidRegex('regular expression is too complex');
    const outer = this.#looking;
    this.#looking = true;
    const body = this.#alternatives();
    this.#looking = outer;
    if (this.#peek() !== ')') throw invalidRegex('parentheses () not balanced');
    this.#at++;
    this.#depth--;
    return { kind: 'look', body, ahead, negated, prefers: null, captures: false };
  }
}
