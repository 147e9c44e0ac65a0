/**
 * Finds what the groups of an expression captured, once the whole match is known.
 *
 * The match is divided top down: in a sequence the earlier part takes the longest text (or
 * shortest, if it prefers that) that leaves the rest a match. Every division is decided by
 * automata, so there is no backtracking over the inside of a part and no catastrophic pattern.
 */
import { Automaton } from './automaton.ts';
import { compileProgram } from './program.ts';
import { concat } from './syntax.ts';
import type { RegexNode } from './syntax.ts';

/** Start and end of what a group captured. */
export type Capture = readonly [number, number];

/** Divides matches of one expression; keeps the automata of its parts. */
export class Dissector {
  readonly #forward = new Map<RegexNode, Automaton>();
  readonly #backward = new Map<RegexNode, Automaton>();
  readonly #rests = new Map<RegexNode, RegexNode>();

  /** Captures of all groups of a match of `root` at exactly [from, to), by group number - 1. */
  dissect(root: RegexNode, text: string, whole: Capture, groupCount: number): (Capture | null)[] {
    const captures: (Capture | null)[] = Array.from({ length: groupCount }, () => null);
    this.#node(root, text, whole, captures);
    return captures;
  }

  #node(node: RegexNode, text: string, range: Capture, captures: (Capture | null)[]): void {
    if (!node.captures) return;
    switch (node.kind) {
      case 'group':
        captures[node.index - 1] = range;
        this.#node(node.body, text, range, captures);
        return;
      case 'concat': this.#sequence(node, text, range, captures); return;
      case 'alternate': {
        const branch = node.branches.find((one) => this.#matches(one, text, range));
        if (branch !== undefined) this.#node(branch, text, range, captures);
        return;
      }
      case 'repeat': {
        const last = this.#lastIteration(node, text, range);
        if (last !== null) this.#node(node.body, text, last, captures);
      }
    }
  }

  #automaton(node: RegexNode, backward: boolean): Automaton {
    const known = backward ? this.#backward : this.#forward;
    let automaton = known.get(node);
    if (automaton === undefined) {
      automaton = new Automaton(compileProgram(node, backward), false);
      known.set(node, automaton);
    }
    return automaton;
  }

  #matches(node: RegexNode, text: string, range: Capture): boolean {
    let found = false;
    this.#automaton(node, false).forward(text, range[0], range[1], (end) => {
      found ||= end === range[1];
      return end < range[1];
    });
    return found;
  }

  #sequence(
    node: RegexNode & { readonly kind: 'concat' }, text: string, range: Capture,
    captures: (Capture | null)[],
  ): void {
    let start = range[0];
    let rest: RegexNode = node;
    while (rest.kind === 'concat' && rest.captures) {
      const first: RegexNode = rest.parts[0] ?? rest;
      const after: RegexNode = this.#restOf(rest);
      const middle = this.#divide([first, after], text, [start, range[1]]);
      this.#node(first, text, [start, middle], captures);
      start = middle;
      rest = after;
    }
    this.#node(rest, text, [start, range[1]], captures);
  }

  #restOf(node: RegexNode & { readonly kind: 'concat' }): RegexNode {
    let rest = this.#rests.get(node);
    if (rest === undefined) {
      rest = concat(node.parts.slice(1));
      this.#rests.set(node, rest);
    }
    return rest;
  }

  /** Where the first part ends and the rest begins. */
  #divide(parts: readonly [RegexNode, RegexNode], text: string, range: Capture): number {
    const starts = new Set<number>();
    this.#automaton(parts[1], true).backward(text, range[1], range[0], (start) => {
      if (start >= range[0]) starts.add(start);
      return true;
    });
    let middle = range[0];
    const shorter = parts[0].prefers === 'shorter';
    this.#automaton(parts[0], false).forward(text, range[0], range[1], (end) => {
      if (!starts.has(end)) return true;
      middle = end;
      return !shorter;
    });
    return middle;
  }

  /** The range of the last round of a repetition; null when there was none. */
  #lastIteration(
    node: RegexNode & { readonly kind: 'repeat' }, text: string, range: Capture,
  ): Capture | null {
    const [from, to] = range;
    if (from === to) return node.min === 0 ? null : [from, to];
    // Rounds that were tried and cannot reach the end, by place and count.
    const failed = new Set<string>();
    const path: { readonly from: number; readonly ends: number[] }[] = [
      { from, ends: this.#ends(node.body, text, range) },
    ];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const end = top.ends.shift();
      if (end === undefined) {
        path.pop();
        failed.add(`${Math.min(path.length, node.min)},${top.from}`);
        continue;
      }
      if (end === to && path.length >= node.min) return [top.from, to];
      const rounds = Math.min(path.length, node.max === Infinity ? node.min : Infinity);
      if (path.length < node.max && !failed.has(`${rounds},${end}`)) {
        path.push({ from: end, ends: this.#ends(node.body, text, [end, to]) });
      }
    }
    return [to, to];
  }

  /** Ends of a round, preferred first, those that read nothing left out. */
  #ends(body: RegexNode, text: string, range: Capture): number[] {
    const ends: number[] = [];
    this.#automaton(body, false).forward(text, range[0], range[1], (end) => {
      if (end > range[0] && end <= range[1]) ends.push(end);
      return true;
    });
    return body.prefers === 'shorter' ? ends : ends.reverse();
  }
}
