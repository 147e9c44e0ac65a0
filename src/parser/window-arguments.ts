/**
 * Sorts the arguments of TUMBLE, HOP, CUMULATE and SESSION, positional or named, into a
 * WindowTable.
 *
 * The order behind the relation and its optional time column is size [offset [zone]] for TUMBLE,
 * slide size [offset [zone]] for HOP, step size [offset [zone]] for CUMULATE, gap [longest] for
 * SESSION.
 */
import type { Span } from '../common/span.ts';
import type { Expr, FromItem, WindowTable } from './ast.ts';
import { grammarError } from './syntax-errors.ts';

/** The functions that are windows over a relation. */
export type WindowKind = WindowTable['window'];

/** One argument as parsed: a relation, or values (several only in DESCRIPTOR(a, b)). */
export interface WindowArgument {
  readonly name: string | null;
  readonly relation: FromItem | null;
  readonly values: readonly Expr[];
  /** PARTITION BY behind the argument. */
  readonly keys: readonly Expr[];
  readonly span: Span;
}

type Slot = 'size' | 'slide' | 'gap' | 'longest' | 'offset' | 'timeZone';

const positions: Readonly<Record<WindowKind, readonly Slot[]>> = {
  tumble: ['size', 'offset', 'timeZone'],
  hop: ['slide', 'size', 'offset', 'timeZone'],
  cumulate: ['slide', 'size', 'offset', 'timeZone'],
  session: ['gap', 'longest'],
};

const slotsByName: ReadonlyMap<string, Slot> = new Map([
  ['size', 'size'],
  ['slide', 'slide'],
  ['step', 'slide'],
  ['gap', 'gap'],
  ['max_duration', 'longest'],
  ['offset', 'offset'],
  ['timezone', 'timeZone'],
  ['time_zone', 'timeZone'],
]);

const usage: Readonly<Record<WindowKind, string>> = {
  tumble: "TUMBLE(t, ts, INTERVAL '1 minute' [, offset [, zone]])",
  hop: "HOP(t, ts, INTERVAL '1 minute' slide, INTERVAL '10 minutes' size [, offset [, zone]])",
  cumulate: "CUMULATE(t, ts, INTERVAL '1 minute' step, INTERVAL '1 hour' size [, offset [, zone]])",
  session: "SESSION(t [PARTITION BY k], ts, INTERVAL '5 minutes' gap [, longest])",
};

class Collector {
  readonly #window: WindowKind;
  readonly #slots: Partial<Record<Slot, Expr>> = {};
  source: FromItem | null = null;
  timeColumn: Expr | null = null;
  keys: Expr[] = [];
  readonly #positional: Expr[] = [];

  constructor(window: WindowKind) {
    this.#window = window;
  }

  add(arg: WindowArgument): void {
    this.keys.push(...arg.keys);
    if (arg.name !== null) return this.#named(arg, arg.name);
    if (this.source === null) {
      this.source = arg.relation ?? relationOf(arg) ?? this.#refuse(arg.span);
      return undefined;
    }
    if (arg.relation !== null) this.#refuse(arg.span);
    this.#positional.push(...arg.values);
    return undefined;
  }

  #named(arg: WindowArgument, name: string): void {
    const slot = slotsByName.get(name);
    const value = arg.values[0];
    if (name === 'data') this.source = arg.relation ?? relationOf(arg) ?? this.#refuse(arg.span);
    else if (name === 'key') this.keys.push(...arg.values);
    else if (value === undefined) this.#refuse(arg.span);
    else if (name === 'timecol') this.timeColumn = value;
    else if (slot !== undefined) this.#slots[slot] = value;
    else this.#refuse(arg.span);
  }

  /** Puts the values without names where they belong; SESSION's leading columns are keys. */
  finish(): void {
    const values = this.#positional;
    const isColumn = (at: number): boolean => values[at]?.kind === 'columnRef';
    while (this.#window === 'session' && isColumn(0) && isColumn(1)) {
      this.keys.push(...values.splice(0, 1));
    }
    if (isColumn(0) && this.timeColumn === null) this.timeColumn = values.shift() ?? null;
    for (const slot of positions[this.#window]) {
      const value = values.shift();
      if (value !== undefined) this.#slots[slot] = value;
    }
    const extra = values[0];
    if (extra !== undefined) this.#refuse(extra.span);
  }

  slot(name: Slot): Expr | null {
    return this.#slots[name] ?? null;
  }

  #refuse(span: Span): never {
    const what = `wrong argument of window function ${this.#window}`;
    throw grammarError(what, span, `Write ${usage[this.#window]}.`);
  }
}

/** The node of a window function's call; the alias is added by the grammar. */
export function makeWindowTable(
  window: WindowKind,
  args: readonly WindowArgument[],
  span: Span,
): WindowTable {
  const parts = new Collector(window);
  for (const arg of args) parts.add(arg);
  parts.finish();
  const { source } = parts;
  if (source === null) {
    const what = `window function ${window} needs a relation`;
    throw grammarError(what, span, `Write ${usage[window]}.`);
  }
  return {
    kind: 'windowTable',
    window,
    clause: false,
    source,
    timeColumn: parts.timeColumn,
    size: parts.slot('size'),
    slide: parts.slot('slide'),
    gap: parts.slot('gap'),
    longest: parts.slot('longest'),
    offset: parts.slot('offset'),
    timeZone: parts.slot('timeZone'),
    partitionBy: parts.keys,
    gracePeriod: null,
    retention: null,
    alias: null,
    span,
  };
}

/** A column reference in the place of a relation is the relation's name. */
function relationOf(arg: WindowArgument): FromItem | null {
  const value = arg.values[0];
  if (value?.kind !== 'columnRef') return null;
  const { parts, span } = value;
  return {
    kind: 'tableRef',
    name: { kind: 'qualifiedName', parts, span },
    only: false,
    alias: null,
    asOf: null,
    sample: null,
    span,
  };
}
