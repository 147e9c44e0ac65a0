/**
 * A regular expression as a nondeterministic automaton (Thompson's construction).
 *
 * States are numbers; a program may be built to read backward, from the end of a match to its
 * start. The number of states is bounded, since counted repetition copies its body.
 */
import { AssertionError } from '../assert.ts';
import type { AssertionKind } from './assertion.ts';
import type { CharSet } from './char-set.ts';
import { invalidRegex } from './syntax.ts';
import type { RegexNode } from './syntax.ts';

/** A state: reads a character, checks a place, forks, or ends. */
export type ProgramState =
  | { readonly kind: 'set'; readonly set: number; readonly next: number }
  | { readonly kind: 'assert'; readonly assertion: AssertionKind; readonly next: number }
  | { readonly kind: 'fork'; readonly next: number; readonly other: number }
  | { readonly kind: 'accept' };

/** States, the one to start in, and the character sets they refer to. */
export interface Program {
  readonly states: readonly ProgramState[];
  readonly start: number;
  readonly sets: readonly CharSet[];
  readonly backward: boolean;
}

const STATES_MAX = 20_000;

/** Compiles a tree; `backward` makes a program that reads from right to left. */
export function compileProgram(root: RegexNode, backward: boolean): Program {
  const builder = new ProgramBuilder(backward);
  return builder.build(root);
}

class ProgramBuilder {
  readonly #backward: boolean;
  readonly #states: ProgramState[] = [{ kind: 'accept' }];
  readonly #sets: CharSet[] = [];
  readonly #places = new Map<CharSet, number>();

  constructor(backward: boolean) {
    this.#backward = backward;
  }

  build(root: RegexNode): Program {
    const start = this.#node(root, 0);
    return { states: this.#states, start, sets: this.#sets, backward: this.#backward };
  }

  #add(state: ProgramState): number {
    if (this.#states.length >= STATES_MAX) {
      throw invalidRegex('regular expression is too complex');
    }
    return this.#states.push(state) - 1;
  }

  #setPlace(set: CharSet): number {
    const known = this.#places.get(set);
    if (known !== undefined) return known;
    const place = this.#sets.push(set) - 1;
    this.#places.set(set, place);
    return place;
  }

  /** Adds states for a node that go on to `next`; returns the first of them. */
  #node(node: RegexNode, next: number): number {
    switch (node.kind) {
      case 'empty': return next;
      case 'set': return this.#add({ kind: 'set', set: this.#setPlace(node.set), next });
      case 'assert': return this.#add({ kind: 'assert', assertion: node.assertion, next });
      case 'group': return this.#node(node.body, next);
      case 'concat': {
        const parts = this.#backward ? node.parts : node.parts.toReversed();
        return parts.reduce((after, part) => this.#node(part, after), next);
      }
      case 'alternate': {
        const starts = node.branches.map((branch) => this.#node(branch, next));
        return starts.reduceRight(
          (other, start) => this.#add({ kind: 'fork', next: start, other }));
      }
      case 'repeat': return this.#repeat(node, next);
      case 'look': case 'back-reference':
        throw new AssertionError(`no automaton has a ${node.kind}`);
    }
  }

  #repeat(node: RegexNode & { readonly kind: 'repeat' }, next: number): number {
    let entry = next;
    let required = node.min;
    if (node.max === Infinity) {
      const fork = this.#add({ kind: 'accept' });
      const body = this.#node(node.body, fork);
      this.#states[fork] = { kind: 'fork', next: body, other: next };
      entry = required > 0 ? body : fork;
      required = Math.max(0, required - 1);
    } else {
      for (let i = node.min; i < node.max; i++) {
        entry = this.#add({ kind: 'fork', next: this.#node(node.body, entry), other: next });
      }
    }
    for (let i = 0; i < required; i++) entry = this.#node(node.body, entry);
    return entry;
  }
}
