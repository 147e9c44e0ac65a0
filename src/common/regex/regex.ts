/**
 * PostgreSQL's advanced regular expressions: compile, test, find.
 *
 * A match is the leftmost one, and there the longest or shortest as the expression prefers.
 * Matching takes time linear in the text for a test and polynomial for captures, whatever the
 * pattern; only look-around and back-references are matched by trying, within a budget.
 */
import { Automaton } from './automaton.ts';
import { BacktrackRegex } from './backtrack.ts';
import { Dissector } from './dissect.ts';
import type { Capture } from './dissect.ts';
import { compileProgram } from './program.ts';
import { parseRegex, regexOptions } from './syntax.ts';
import type { ParsedRegex } from './syntax.ts';

/** A match: offsets in UTF-16 units, end exclusive. */
export interface RegexMatch {
  readonly start: number;
  readonly end: number;
  /** Ranges of the groups in order; null for a group that took no part. */
  readonly groups: readonly (Capture | null)[];
}

/** A compiled expression. */
export interface CompiledRegex {
  readonly groupCount: number;
  /** True when the text contains a match. */
  test(text: string): boolean;
  /** The first match that starts at `from` or later; `^` still means the text's start. */
  exec(text: string, from?: number): RegexMatch | null;
}

const CACHE = new Map<string, CompiledRegex>();
const CACHE_MAX = 500;
/** Attempts at single starts may cost this many texts before the backward search takes over. */
const PATIENCE = 4;

/** Compiles a pattern; flags as in regexp_matches, where `g` means nothing here. 2201B, 22023. */
export function compileRegex(pattern: string, flags: string = ''): CompiledRegex {
  const key = `${flags}/${pattern}`;
  const known = CACHE.get(key);
  if (known !== undefined) return known;
  const parsed = parseRegex(pattern, regexOptions(flags));
  const compiled = parsed.backtracks ? new BacktrackRegex(parsed) : new Regex(parsed);
  if (CACHE.size >= CACHE_MAX) CACHE.clear();
  CACHE.set(key, compiled);
  return compiled;
}

class Regex implements CompiledRegex {
  readonly groupCount: number;
  readonly #parsed: ParsedRegex;
  readonly #dissector = new Dissector();
  readonly #search: Automaton;
  readonly #anchored: Automaton;
  #starts: Automaton | null = null;
  readonly #shortest: boolean;

  constructor(parsed: ParsedRegex) {
    this.#parsed = parsed;
    this.groupCount = parsed.groupCount;
    const program = compileProgram(parsed.root, false);
    this.#search = new Automaton(program, true);
    this.#anchored = new Automaton(program, false);
    this.#shortest = parsed.root.prefers === 'shorter';
  }

  test(text: string): boolean {
    return this.#firstEnd(text, 0) >= 0;
  }

  exec(text: string, from: number = 0): RegexMatch | null {
    const firstEnd = this.#firstEnd(text, from);
    if (firstEnd < 0) return null;
    const range = this.#leftmost(text, from, firstEnd);
    const { root } = this.#parsed;
    const groups = this.groupCount === 0
      ? [] : this.#dissector.dissect(root, text, range, this.groupCount);
    return { start: range[0], end: range[1], groups };
  }

  /** The earliest end of any match, or -1. */
  #firstEnd(text: string, from: number): number {
    let found = -1;
    this.#search.forward(text, from, text.length, (end) => {
      found = end;
      return false;
    });
    return found;
  }

  #leftmost(text: string, from: number, firstEnd: number): Capture {
    let work = 0;
    const budget = PATIENCE * (text.length - from) + 1000;
    for (let start = from; start <= firstEnd; start++) {
      const unit = text.charCodeAt(start);
      if (start > from && unit >= 0xdc00 && unit <= 0xdfff) continue;
      const end = this.#endFrom(text, start);
      if (end >= 0) return [start, end];
      work += firstEnd - start;
      if (work > budget) break;
    }
    const start = this.#earliestStart(text, from);
    return [start, this.#endFrom(text, start)];
  }

  /** The preferred end of a match that starts exactly here, or -1. */
  #endFrom(text: string, start: number): number {
    let found = -1;
    this.#anchored.forward(text, start, text.length, (end) => {
      found = end;
      return !this.#shortest;
    });
    return found;
  }

  /** The first start of any match, found by reading the text once from its end. */
  #earliestStart(text: string, from: number): number {
    this.#starts ??= new Automaton(compileProgram(this.#parsed.root, true), true);
    let found = from;
    this.#starts.backward(text, text.length, from, (start) => {
      found = start;
      return true;
    });
    return found;
  }
}
