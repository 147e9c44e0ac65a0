/**
 * A matcher for expressions with back-references or look-around, which no automaton can run.
 *
 * Tries the ways to match one after the other, so it may need exponential time: every search has a
 * budget of steps and of depth, and fails with 54001 rather than hang. All other expressions go
 * through automaton.ts and have no such limit.
 */
import { assertNever, must } from '../assert.ts';
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import { EDGE, holds, sideOf } from './assertion.ts';
import { contains } from './char-set.ts';
import type { Capture } from './dissect.ts';
import type { ParsedRegex, RegexNode } from './syntax.ts';

const STEPS_MAX = 2_000_000;
const DEPTH_MAX = 4000;

/** A match: offsets in UTF-16 units, end exclusive; ranges of the groups in order. */
export interface BacktrackMatch {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (Capture | null)[];
}

/** What follows a node; true ends the search. */
type Next = (at: number) => boolean;

function tooComplex(): SqlError {
  return sqlError('54001', 'regular expression failed: too complex for this text', {
    hint: 'Do without back-references and look-around, or with fewer repetitions.',
  });
}

/** Compiles an expression that needs backtracking. */
export class BacktrackRegex {
  readonly groupCount: number;
  readonly #root: RegexNode;
  #text = '';
  #captures: (Capture | null)[] = [];
  #steps = 0;
  #depth = 0;

  constructor(parsed: ParsedRegex) {
    this.#root = parsed.root;
    this.groupCount = parsed.groupCount;
  }

  /** True when the text contains a match. */
  test(text: string): boolean {
    return this.exec(text) !== null;
  }

  /** The first match that starts at `from` or later. */
  exec(text: string, from: number = 0): BacktrackMatch | null {
    this.#text = text;
    this.#steps = 0;
    for (let start = from; start <= text.length; start = this.#after(start)) {
      const match = this.#matchAt(start);
      if (match !== null) return match;
    }
    return null;
  }

  /** One character on. */
  #after(at: number): number {
    const codePoint = this.#text.codePointAt(at);
    return at + (codePoint !== undefined && codePoint > 0xffff ? 2 : 1);
  }

  /** The longest match here, or the shortest if the expression prefers that. */
  #matchAt(start: number): BacktrackMatch | null {
    const shortest = this.#root.prefers === 'shorter';
    const best: { match: BacktrackMatch | null } = { match: null };
    this.#captures = Array.from({ length: this.groupCount }, () => null);
    this.#depth = 0;
    this.#node(this.#root, start, (end) => {
      const known = best.match;
      if (known === null || (shortest ? end < known.end : end > known.end)) {
        best.match = { start, end, groups: [...this.#captures] };
      }
      return shortest ? end === start : end === this.#text.length;
    });
    return best.match;
  }

  #node(node: RegexNode, at: number, next: Next): boolean {
    if (++this.#steps > STEPS_MAX || this.#depth > DEPTH_MAX) throw tooComplex();
    this.#depth++;
    const found = this.#step(node, at, next);
    this.#depth--;
    return found;
  }

  #step(node: RegexNode, at: number, next: Next): boolean {
    switch (node.kind) {
      case 'empty': return next(at);
      case 'set': return this.#inSet(node, at) && next(this.#after(at));
      case 'assert': return this.#holds(node, at) && next(at);
      case 'concat': return this.#sequence(node.parts, 0, at, next);
      case 'alternate': return node.branches.some((branch) => this.#node(branch, at, next));
      case 'repeat':
        return node.body.kind === 'set' ? this.#run(node, at, next)
          : this.#round(node, { count: 0, at }, next);
      case 'group': return this.#group(node, at, next);
      case 'look': return this.#looks(node, at) !== node.negated && next(at);
      case 'back-reference': {
        const end = this.#repeated(node, at);
        return end !== null && next(end);
      }
      default: return assertNever(node);
    }
  }

  #inSet(node: RegexNode & { readonly kind: 'set' }, at: number): boolean {
    return at < this.#text.length && contains(node.set, this.#text.codePointAt(at) ?? 0);
  }

  #holds(node: RegexNode & { readonly kind: 'assert' }, at: number): boolean {
    const text = this.#text;
    const before = at === 0 ? EDGE : sideOf(text.charCodeAt(at - 1));
    const behind = at >= text.length ? EDGE : sideOf(text.codePointAt(at) ?? 0);
    return holds(node.assertion, before, behind);
  }

  #sequence(parts: readonly RegexNode[], index: number, at: number, next: Next): boolean {
    const part = parts[index];
    if (part === undefined) return next(at);
    return this.#node(part, at, (end) => this.#sequence(parts, index + 1, end, next));
  }

  /** A repeated set: walks without recursion. */
  #run(node: RegexNode & { readonly kind: 'repeat' }, at: number, next: Next): boolean {
    const body = node.body;
    if (body.kind !== 'set') return false;
    const ends = [at];
    const lazy = node.prefers === 'shorter';
    for (;;) {
      const end = must(ends.at(-1), 'end');
      const count = ends.length - 1;
      if (lazy && count >= node.min && next(end)) return true;
      if (count >= node.max || !this.#inSet(body, end)) break;
      if (++this.#steps > STEPS_MAX) throw tooComplex();
      ends.push(this.#after(end));
    }
    if (lazy) return false;
    for (let count = ends.length - 1; count >= node.min; count--) {
      if (next(must(ends[count], 'end'))) return true;
    }
    return false;
  }

  #round(
    node: RegexNode & { readonly kind: 'repeat' },
    done: { readonly count: number; readonly at: number }, next: Next,
  ): boolean {
    const more = (): boolean => done.count < node.max && this.#node(node.body, done.at, (end) => {
      // An empty round beyond the required ones leads nowhere new.
      if (end === done.at && done.count >= Math.max(node.min, 1)) return false;
      return this.#round(node, { count: done.count + 1, at: end }, next);
    });
    const enough = (): boolean => done.count >= node.min && next(done.at);
    return node.prefers === 'shorter' ? enough() || more() : more() || enough();
  }

  #group(node: RegexNode & { readonly kind: 'group' }, at: number, next: Next): boolean {
    const place = node.index - 1;
    return this.#node(node.body, at, (end) => {
      const before = this.#captures[place] ?? null;
      this.#captures[place] = [at, end];
      if (next(end)) return true;
      this.#captures[place] = before;
      return false;
    });
  }

  #looks(node: RegexNode & { readonly kind: 'look' }, at: number): boolean {
    if (node.ahead) return this.#node(node.body, at, () => true);
    for (let start = at; start >= 0; start--) {
      if (this.#node(node.body, start, (end) => end === at)) return true;
    }
    return false;
  }

  /** Where the text of a group ends when it stands here again, or null. */
  #repeated(
    node: RegexNode & { readonly kind: 'back-reference' }, at: number,
  ): number | null {
    const capture = this.#captures[node.group - 1] ?? null;
    if (capture === null) return null;
    const wanted = this.#text.slice(capture[0], capture[1]);
    const found = this.#text.slice(at, at + wanted.length);
    const same = node.ignoreCase ? found.toLowerCase() === wanted.toLowerCase()
      : found === wanted;
    return same ? at + wanted.length : null;
  }
}
