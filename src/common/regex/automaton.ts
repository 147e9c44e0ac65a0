/**
 * Runs a program as a deterministic automaton whose states are made when first reached.
 *
 * Time is linear in the text whatever the pattern. Made states are kept up to a limit, then
 * forgotten. A state remembers the kind of the character just passed, so that conditions on a
 * place are decided when the next character is known.
 */
import { EDGE, holds, sideOf } from './assertion.ts';
import { contains } from './char-set.ts';
import type { Program } from './program.ts';

const STATES_MAX = 3000;
const CLASSES_MAX = 2000;
/** The class of the text's edge. */
const EDGE_CLASS = 0;
const UNKNOWN = -1;

interface AutomatonState {
  /** States of the program not yet followed through forks and conditions. */
  readonly kernel: readonly number[];
  /** Kind of the character just passed. */
  readonly side: number;
  /** By class: twice the next state, plus 1 when the match may end before the character. */
  readonly moves: number[];
}

/** A deterministic view of a program; `floating` lets matches start anywhere. */
export class Automaton {
  readonly #program: Program;
  readonly #floating: boolean;
  #states: AutomatonState[] = [];
  #places = new Map<string, number>();
  /** Class by code point: a table for the first 256, a map for the rest. */
  readonly #latin = new Int16Array(256).fill(UNKNOWN);
  #others = new Map<number, number>();
  #classes = new Map<string, number>();
  /** By class: kind of its characters, and which sets contain them. */
  #sides: number[] = [EDGE];
  #members: (readonly boolean[])[] = [[]];
  readonly #seen: Int32Array;
  #mark = 0;

  constructor(program: Program, floating: boolean) {
    this.#program = program;
    this.#floating = floating;
    this.#seen = new Int32Array(program.states.length);
  }

  #forget(): void {
    this.#states = [];
    this.#places.clear();
  }

  #classOf(codePoint: number): number {
    const known = codePoint < 256 ? this.#latin[codePoint] : this.#others.get(codePoint);
    if (known !== undefined && known !== UNKNOWN) return known;
    const members = this.#program.sets.map((set) => contains(set, codePoint));
    const side = sideOf(codePoint);
    const key = `${side}${members.map((member) => (member ? '1' : '0')).join('')}`;
    let place = this.#classes.get(key);
    if (place === undefined) {
      place = this.#members.push(members) - 1;
      this.#sides.push(side);
      this.#classes.set(key, place);
    }
    if (codePoint < 256) {
      this.#latin[codePoint] = place;
    } else {
      if (this.#others.size >= CLASSES_MAX) this.#others.clear();
      this.#others.set(codePoint, place);
    }
    return place;
  }

  #intern(kernel: readonly number[], side: number): number {
    const key = `${side}:${kernel.join(',')}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#states.push({ kernel, side, moves: [] }) - 1;
    this.#places.set(key, place);
    return place;
  }

  #startState(side: number): number {
    return this.#intern([this.#program.start], side);
  }

  /** The move from a state over a class, made if need be. */
  #move(place: number, characterClass: number): number {
    const state = this.#states[place];
    if (state === undefined) return 0;
    const known = state.moves[characterClass];
    if (known !== undefined) return known;
    const move = this.#makeMove(state, characterClass);
    if (this.#states.length < STATES_MAX) {
      state.moves[characterClass] = move;
      return move;
    }
    const next = this.#states[move >> 1];
    this.#forget();
    return next === undefined ? 0 : this.#intern(next.kernel, next.side) * 2 + (move & 1);
  }

  #makeMove(state: AutomatonState, characterClass: number): number {
    const side = this.#sides[characterClass] ?? EDGE;
    const members = this.#members[characterClass] ?? [];
    const reached = new Set<number>();
    const accepts = this.#follow(state, side, (set, next) => {
      if (members[set] === true) reached.add(next);
    });
    if (this.#floating && characterClass !== EDGE_CLASS) reached.add(this.#program.start);
    const kernel = [...reached].sort((a, b) => a - b);
    return this.#intern(kernel, side) * 2 + (accepts ? 1 : 0);
  }

  /** Follows forks and conditions from a state's kernel; true when the end is among them. */
  #follow(
    state: AutomatonState, side: number, read: (set: number, next: number) => void,
  ): boolean {
    const { states, backward } = this.#program;
    const mark = ++this.#mark;
    const stack = [...state.kernel];
    let accepts = false;
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (this.#seen[at] === mark) continue;
      this.#seen[at] = mark;
      const step = states[at];
      switch (step?.kind) {
        case 'accept': accepts = true; break;
        case 'set': read(step.set, step.next); break;
        case 'fork': stack.push(step.next, step.other); break;
        case 'assert': {
          const [left, right] = backward ? [side, state.side] : [state.side, side];
          if (holds(step.assertion, left, right)) stack.push(step.next);
          break;
        }
        default: break;
      }
    }
    return accepts;
  }

  #isDead(place: number): boolean {
    return this.#states[place]?.kernel.length === 0;
  }

  /**
   * Reads forward from a place and calls `visit` with every end of a match, until it returns
   * false, the automaton dies or `limit` is passed.
   */
  forward(text: string, from: number, limit: number, visit: (end: number) => boolean): void {
    let state = this.#startState(from > 0 ? sideOf(codePointBefore(text, from)) : EDGE);
    let at = from;
    for (;;) {
      const codePoint = at < text.length ? text.codePointAt(at) ?? 0 : UNKNOWN;
      const move = this.#move(state, codePoint < 0 ? EDGE_CLASS : this.#classOf(codePoint));
      if ((move & 1) !== 0 && !visit(at)) return;
      if (codePoint < 0 || at >= limit) return;
      state = move >> 1;
      if (this.#isDead(state)) return;
      at += codePoint > 0xffff ? 2 : 1;
    }
  }

  /** Reads backward from a place (the program is backward) and visits every start of a match. */
  backward(text: string, from: number, limit: number, visit: (start: number) => boolean): void {
    let state = this.#startState(from < text.length ? sideOf(text.codePointAt(from) ?? 0) : EDGE);
    let at = from;
    for (;;) {
      const codePoint = at > 0 ? codePointBefore(text, at) : UNKNOWN;
      const move = this.#move(state, codePoint < 0 ? EDGE_CLASS : this.#classOf(codePoint));
      if ((move & 1) !== 0 && !visit(at)) return;
      if (codePoint < 0 || at <= limit) return;
      state = move >> 1;
      if (this.#isDead(state)) return;
      at -= codePoint > 0xffff ? 2 : 1;
    }
  }
}

function codePointBefore(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1);
  if (unit < 0xdc00 || unit > 0xdfff || at < 2) return unit;
  const codePoint = text.codePointAt(at - 2) ?? unit;
  return codePoint > 0xffff ? codePoint : unit;
}
