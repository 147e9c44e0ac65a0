/**
 * Derived properties of relations: keys, append-only, watermarks, windows, bounded size.
 *
 * One deriver per planned statement remembers its answers by node. Properties are proved, never
 * guessed: "unknown" is always a right answer. Rewrites and lowering ask; EXPLAIN prints them.
 */
import { assertNever } from '../common/assert.ts';
import type { CatalogReader, CatalogRelation } from './catalog.ts';
import { conjuncts } from './expr-tools.ts';
import { asComparison, shiftedTime, swapped } from './function-facts.ts';
import { deriveKeys, equatedColumns, tidyKeys } from './properties-keys.ts';
import type { Key } from './properties-keys.ts';
import type { Relation, ScalarExpr } from './relation.ts';
import { inputsOf } from './relation-tools.ts';
import { minFact, shiftFact, windowLength, windowWatermarks } from './watermarks.ts';
import type { WatermarkFact, WindowFact } from './watermarks.ts';

type Watermarks = ReadonlyMap<number, WatermarkFact>;
type Windows = ReadonlyMap<number, WindowFact>;

const NO_WATERMARKS: Watermarks = new Map();
const NO_WINDOWS: Windows = new Map();

/** Derives and remembers the properties of relations. */
export class Properties {
  readonly #catalog: CatalogReader;
  readonly #keys = new Map<Relation, readonly Key[]>();
  readonly #watermarks = new Map<Relation, Watermarks>();
  readonly #windows = new Map<Relation, Windows>();
  readonly #appendOnly = new Map<Relation, boolean>();
  #windowCount: number = 0;
  readonly #snapshot: boolean;
  #isAged: (relation: Relation) => boolean = () => false;
  readonly #agedWithin = new Map<Relation, boolean>();

  /** With `snapshot`, relations are read once and every operator is asked once. */
  constructor(catalog: CatalogReader, { snapshot = false }: { readonly snapshot?: boolean } = {}) {
    this.#catalog = catalog;
    this.#snapshot = snapshot;
  }

  /** Says which operators forget rows by age (state_ttl); before anything is asked. */
  ageBy(isAged: (relation: Relation) => boolean): void {
    this.#isAged = isAged;
  }

  /** True when time takes rows back somewhere below: by state_ttl, or by a filter on now(). */
  #hasAged(relation: Relation): boolean {
    return remembered(this.#agedWithin, relation, () => this.#isAged(relation)
      || (relation.kind === 'temporalFilter' && relation.validTo !== null)
      || inputsOf(relation).some((input) => this.#hasAged(input)));
  }

  /** Unique column sets, smallest first; `[]` as a key means at most one row. */
  keys(relation: Relation): readonly Key[] {
    return remembered(this.#keys, relation, () => withoutTwins(
      deriveKeys(relation, (input) => this.keys(input), this.#catalog), this.windows(relation)));
  }

  /** The smallest key, or null when rows may repeat. */
  key(relation: Relation): Key | null {
    return this.keys(relation)[0] ?? null;
  }

  /** True when some key lies within the given columns. */
  isKey(relation: Relation, columns: readonly number[]): boolean {
    return this.keys(relation).some((key) => key.every((each) => columns.includes(each)));
  }

  /** True when no retraction can ever come out of the relation. */
  appendOnly(relation: Relation): boolean {
    return remembered(this.#appendOnly, relation, () => this.#snapshot
      ? this.#addsOnlyOnce(relation)
      : !this.#isAged(relation) && this.#deriveAppendOnly(relation));
  }

  /** Watermarks by column. */
  watermarks(relation: Relation): Watermarks {
    const known = this.#watermarks.get(relation);
    if (known !== undefined) return known;
    const facts = this.#deriveWatermarks(relation);
    this.#watermarks.set(relation, facts);
    // Whether an operator ages depends on whether these facts bound it.
    if (!this.#isAged(relation)) return facts;
    const aged = exactOnlyIn(facts, []);
    this.#watermarks.set(relation, aged);
    return aged;
  }

  /** Window columns by number. */
  windows(relation: Relation): Windows {
    return remembered(this.#windows, relation, () => this.#deriveWindows(relation));
  }

  /** The catalog's entry of a relation. */
  relationById(id: number): CatalogRelation | null {
    return this.#catalog.relationById(id);
  }

  /** The catalog's entry of a scan. */
  scanned(relation: Relation & { kind: 'scan' }): CatalogRelation | null {
    return this.#catalog.relationById(relation.relation);
  }

  /**
   * True when the number of rows follows the number of keys, not the length of a stream: stored
   * tables that may shrink, aggregates, top-N.
   */
  boundedSize(relation: Relation): boolean {
    switch (relation.kind) {
      case 'values': case 'recursiveRef': case 'distinct': return true;
      case 'scan': {
        const found = this.scanned(relation);
        if (found === null || found.kind === 'system') return true;
        return found.stored && !found.appendOnly && found.watermark === null;
      }
      case 'aggregate': return true;
      case 'topN': return relation.limit !== null || this.boundedSize(relation.input);
      case 'temporalFilter': return relation.validTo !== null || this.boundedSize(relation.input);
      case 'filter': case 'project': case 'flatMap': case 'window': case 'over': case 'gate':
      case 'fill': return this.boundedSize(relation.input);
      case 'join': return relation.type === 'semi' || relation.type === 'anti'
        ? this.boundedSize(relation.left)
        : this.boundedSize(relation.left) && this.boundedSize(relation.right);
      case 'asofJoin': case 'temporalJoin': case 'setOp': return this.boundedSize(relation.left);
      case 'union': return relation.inputs.every((input) => this.boundedSize(input));
      case 'recursive': return true;
      default: return assertNever(relation);
    }
  }

  /**
   * Over a snapshot nothing is taken back, but by operators that correct themselves within a step.
   */
  #addsOnlyOnce(relation: Relation): boolean {
    switch (relation.kind) {
      case 'asofJoin': case 'temporalJoin': case 'recursive': case 'recursiveRef': return false;
      case 'join': if (relation.type === 'full') return false; break;
      case 'window': if (relation.window.kind === 'session') return false; break;
      case 'over': if (relation.arrival === true) return true; break;
      default: break;
    }
    return inputsOf(relation).every((input) => this.appendOnly(input));
  }

  #deriveAppendOnly(relation: Relation): boolean {
    switch (relation.kind) {
      case 'values': return true;
      case 'scan': return this.scanned(relation)?.appendOnly === true;
      case 'filter': case 'project': case 'flatMap': return this.appendOnly(relation.input);
      case 'distinct': return this.appendOnly(relation.input);
      case 'window':
        return relation.window.kind !== 'session' && this.appendOnly(relation.input);
      case 'aggregate': return relation.groupBy.length > 0 && relation.aggregates.length === 0
        && relation.groupingSets === null && this.appendOnly(relation.input);
      case 'join': return (relation.type === 'inner' || relation.type === 'semi')
        && this.appendOnly(relation.left) && this.appendOnly(relation.right);
      case 'temporalJoin': return this.appendOnly(relation.left);
      case 'union': return relation.inputs.every((input) => this.appendOnly(input));
      case 'temporalFilter': return relation.validTo === null && this.appendOnly(relation.input);
      case 'gate': return relation.panes === undefined
        && !isCorrected(this.windows(relation.input).get(relation.timeColumn));
      case 'fill': return relation.rule.final && this.appendOnly(relation.input);
      case 'asofJoin': case 'setOp': case 'topN': case 'over': case 'recursive':
      case 'recursiveRef': return false;
      default: return assertNever(relation);
    }
  }

  #deriveWatermarks(relation: Relation): Watermarks {
    switch (relation.kind) {
      case 'scan': return scanWatermarks(this.scanned(relation), relation);
      case 'filter': case 'flatMap': case 'distinct': return this.watermarks(relation.input);
      // Held rows come behind the watermark of their time.
      case 'gate': return relation.held === undefined ? this.watermarks(relation.input)
        : NO_WATERMARKS;
      // Windows between rows come with the later one: no watermark speaks of them.
      case 'fill': return relation.rule.trailing ? this.watermarks(relation.input) : NO_WATERMARKS;
      case 'over': case 'topN':
        return exactOnlyIn(this.watermarks(relation.input), relation.partitionBy);
      case 'temporalFilter': return exactOnlyIn(this.watermarks(relation.input), []);
      case 'project': return this.#exprWatermarks(relation.exprs, relation.input);
      case 'aggregate': return relation.groupingSets !== null ? NO_WATERMARKS
        : this.#exprWatermarks(relation.groupBy, relation.input);
      case 'window': return this.#windowWatermarks(relation);
      case 'join': return this.#joinWatermarks(relation);
      case 'asofJoin': return exactOnlyIn(this.watermarks(relation.left), []);
      case 'temporalJoin': return this.watermarks(relation.left);
      case 'setOp': return exactOnlyIn(this.watermarks(relation.left), []);
      case 'union': return this.#unionWatermarks(relation);
      case 'values': case 'recursive': case 'recursiveRef': return NO_WATERMARKS;
      default: return assertNever(relation);
    }
  }

  /** The watermark of an expression: a column, perhaps moved by a constant interval. */
  exprWatermark(expr: ScalarExpr, input: Relation): WatermarkFact | null {
    const shifted = shiftedTime(expr);
    if (shifted.base.kind !== 'column') return null;
    const fact = this.watermarks(input).get(shifted.base.index);
    return fact === undefined ? null : shiftFact(fact, shifted.micros);
  }

  #exprWatermarks(exprs: readonly ScalarExpr[], input: Relation): Watermarks {
    const found = new Map<number, WatermarkFact>();
    for (const [at, expr] of exprs.entries()) {
      const fact = this.exprWatermark(expr, input);
      if (fact !== null) found.set(at, fact);
    }
    return found;
  }

  #windowWatermarks(relation: Relation & { kind: 'window' }): Watermarks {
    const width = relation.input.columns.length;
    const inputs = this.watermarks(relation.input);
    const base = inputs.get(relation.timeColumn);
    if (base === undefined) return inputs;
    const lateness = relation.graceMicros + (relation.late?.allowedMicros ?? 0n);
    const exact = this.#isExact(relation, base);
    const of = windowWatermarks(relation.window, base.watermark, lateness);
    const found = new Map(inputs);
    if (of.start !== null) found.set(width, { watermark: of.start, exact });
    found.set(width + 1, { watermark: of.end, exact });
    found.set(width + 2, { watermark: of.time, exact });
    return found;
  }

  /**
   * A column of a join's output may be old, because the other side's row is new. It keeps a
   * watermark as far as the condition bounds it from below by the other side's time columns, or
   * when the other side has no time at all (a dimension: changes of it are the exception).
   */
  #joinWatermarks(relation: Relation & { kind: 'join' }): Watermarks {
    const left = this.watermarks(relation.left);
    if (relation.type === 'semi' || relation.type === 'anti') return exactOnlyIn(left, []);
    const width = relation.left.columns.length;
    const right = this.watermarks(relation.right);
    const inputs = new Map(left);
    for (const [at, fact] of right) inputs.set(at + width, fact);
    const found = new Map<number, WatermarkFact>();
    for (const bound of lowerBounds(relation.on)) {
      const own = inputs.get(bound.column);
      const other = inputs.get(bound.other);
      if (own === undefined || other === undefined) continue;
      if (bound.column < width === bound.other < width) continue;
      const fact = minFact(own, shiftFact(other, bound.micros));
      const known = found.get(bound.column);
      found.set(bound.column, known === undefined ? fact : known);
    }
    for (const [at, fact] of inputs) {
      const other = at < width ? right : left;
      if (!found.has(at) && other.size === 0) found.set(at, { ...fact, exact: false });
    }
    return found;
  }

  #unionWatermarks(relation: Relation & { kind: 'union' }): Watermarks {
    const found = new Map<number, WatermarkFact>();
    const [first, ...rest] = relation.inputs.filter((each) => each.kind !== 'values');
    if (first === undefined) return NO_WATERMARKS;
    for (const [at, fact] of this.watermarks(first)) {
      let least: WatermarkFact | null = fact;
      for (const input of rest) {
        const other = this.watermarks(input).get(at);
        least = other === undefined || least === null ? null : minFact(least, other);
      }
      if (least !== null) found.set(at, least);
    }
    return found;
  }

  #deriveWindows(relation: Relation): Windows {
    switch (relation.kind) {
      case 'window': return this.#ownWindows(relation);
      case 'project': return windowsOf(relation.exprs, this.windows(relation.input));
      case 'aggregate': return relation.groupingSets !== null ? NO_WINDOWS
        : windowsOf(relation.groupBy, this.windows(relation.input));
      case 'filter': case 'flatMap': case 'distinct': case 'gate': case 'over': case 'topN':
        return this.windows(relation.input);
      case 'fill': return relation.rule.trailing ? this.windows(relation.input) : NO_WINDOWS;
      case 'temporalFilter': return relation.validTo === null ? this.windows(relation.input)
        : inexactWindows(this.windows(relation.input));
      case 'join': {
        const left = this.windows(relation.left);
        if (relation.type === 'semi' || relation.type === 'anti') return left;
        return closedTogether(relation,
          sideBySide(left, this.windows(relation.right), relation.left.columns.length));
      }
      case 'asofJoin': case 'temporalJoin': case 'setOp': return this.windows(relation.left);
      case 'union': return this.#unionWindows(relation);
      case 'values': case 'scan': case 'recursive': case 'recursiveRef': return NO_WINDOWS;
      default: return assertNever(relation);
    }
  }

  #ownWindows(relation: Relation & { kind: 'window' }): Windows {
    const width = relation.input.columns.length;
    const found = new Map(this.windows(relation.input));
    const base = this.watermarks(relation.input).get(relation.timeColumn) ?? null;
    const fact = {
      id: `${this.#windowCount++}`, window: relation.window, graceMicros: relation.graceMicros,
      allowedMicros: relation.late?.allowedMicros ?? 0n,
      base: base === null ? null
        : { ...base, exact: this.#isExact(relation, base) },
    };
    found.set(width, { ...fact, role: 'start' });
    found.set(width + 1, { ...fact, role: 'end' });
    found.set(width + 2, { ...fact, role: 'time' });
    return found;
  }

  /** Late rows are split off; but what time takes back may be older. */
  #isExact(relation: Relation & { kind: 'window' }, base: WatermarkFact): boolean {
    return base.exact || (relation.late?.exact === true && !this.#hasAged(relation.input));
  }

  /** Windows of one shape in all branches, closing at the lesser watermark. */
  #unionWindows(relation: Relation & { kind: 'union' }): Windows {
    const found = new Map<number, WindowFact>();
    const [first, ...rest] = relation.inputs;
    if (first === undefined) return NO_WINDOWS;
    for (const [at, fact] of this.windows(first)) {
      let merged: WindowFact | null = fact;
      for (const input of rest) {
        const other = this.windows(input).get(at);
        merged = merged === null || other === undefined ? null : mergedWindow(merged, other);
      }
      if (merged !== null) found.set(at, merged);
    }
    return found;
  }
}

function remembered<T>(known: Map<Relation, T>, relation: Relation, derive: () => T): T {
  const found = known.get(relation);
  if (found !== undefined) return found;
  const result = derive();
  known.set(relation, result);
  return result;
}

function isCorrected(fact: WindowFact | undefined): boolean {
  return fact !== undefined && fact.allowedMicros > 0n;
}

function scanWatermarks(
  found: CatalogRelation | null, scan: Relation & { kind: 'scan' },
): Watermarks {
  if (found === null || scan.asOf !== undefined) return NO_WATERMARKS;
  const facts = new Map<number, WatermarkFact>();
  for (const each of found.columnWatermarks) {
    facts.set(each.column, { watermark: each.watermark, exact: each.exact === true });
  }
  if (found.watermark !== null) {
    facts.set(found.watermark.column, {
      watermark: { kind: 'relation', relation: found.id }, exact: false,
    });
  }
  return facts;
}

/** Changes may concern old rows, but in the given columns. */
function exactOnlyIn(facts: Watermarks, columns: readonly number[]): Watermarks {
  return new Map([...facts].map(([at, fact]) =>
    [at, columns.includes(at) ? fact : { ...fact, exact: false }]));
}

/** Time takes rows back from windows that have closed. */
function inexactWindows(windows: Windows): Windows {
  return new Map([...windows].map(([at, fact]) => [at, {
    ...fact, base: fact.base === null ? null : { ...fact.base, exact: false },
  }]));
}

function windowsOf(exprs: readonly ScalarExpr[], inputs: Windows): Windows {
  const found = new Map<number, WindowFact>();
  for (const [at, expr] of exprs.entries()) {
    const fact = expr.kind === 'column' ? inputs.get(expr.index) : undefined;
    if (fact !== undefined) found.set(at, fact);
  }
  return found;
}

function sideBySide(left: Windows, right: Windows, width: number): Windows {
  const found = new Map(left);
  for (const [at, fact] of right) found.set(at + width, fact);
  return found;
}

/**
 * A window joined on equal windows of the other side is complete when both sides have closed it.
 */
function closedTogether(relation: Relation & { kind: 'join' }, windows: Windows): Windows {
  const found = new Map(windows);
  const width = relation.left.columns.length;
  for (const [l, r] of equatedColumns(relation.on, width)) {
    const left = windows.get(l);
    const right = windows.get(r + width);
    if (left === undefined || right === undefined) continue;
    for (const [at, fact] of windows) {
      const other = fact.id === left.id ? right : fact.id === right.id ? left : null;
      if (other !== null) found.set(at, closedWith(fact, other));
    }
  }
  return found;
}

function closedWith(fact: WindowFact, other: WindowFact): WindowFact {
  const larger = (a: bigint, b: bigint): bigint => a > b ? a : b;
  return {
    ...fact, graceMicros: larger(fact.graceMicros, other.graceMicros),
    allowedMicros: larger(fact.allowedMicros, other.allowedMicros),
    base: fact.base === null || other.base === null ? null : minFact(fact.base, other.base),
  };
}

function mergedWindow(a: WindowFact, b: WindowFact): WindowFact | null {
  const same = a.role === b.role && a.graceMicros === b.graceMicros
    && a.allowedMicros === b.allowedMicros && sameWindow(a, b);
  if (!same) return null;
  return {
    ...a, id: `${a.id},${b.id}`,
    base: a.base === null || b.base === null ? null : minFact(a.base, b.base),
  };
}

/** Of the columns of one window of fixed length one is enough in a key; each may be it. */
function withoutTwins(keys: readonly Key[], windows: Windows): readonly Key[] {
  if (windows.size === 0) return keys;
  const found: Key[] = [];
  const open = [...keys];
  for (let key = open.shift(); key !== undefined; key = open.shift()) {
    const pair = twinsIn(key, windows);
    if (pair === null) found.push(key);
    else open.push(...twinless(key, pair));
  }
  return tidyKeys(found);
}

function twinless(key: Key, pair: readonly [number, number]): readonly Key[] {
  return pair.map((left) => key.filter((each) => each !== left));
}

function twinsIn(key: Key, windows: Windows): readonly [number, number] | null {
  for (const a of key) {
    const fact = windows.get(a);
    if (fact === undefined || windowLength(fact.window) === null) continue;
    const twin = key.find((b) => b > a && windows.get(b)?.id === fact.id);
    if (twin !== undefined) return [twin, a];
  }
  return null;
}

function sameWindow(a: WindowFact, b: WindowFact): boolean {
  const first = a.window;
  const second = b.window;
  switch (first.kind) {
    case 'tumble': return second.kind === 'tumble' && first.size === second.size
      && first.offset === second.offset;
    case 'hop': return second.kind === 'hop' && first.size === second.size
      && first.slide === second.slide && first.offset === second.offset;
    case 'cumulate': return second.kind === 'cumulate' && first.size === second.size
      && first.step === second.step && first.offset === second.offset;
    case 'zoned': return second.kind === 'zoned' && first.shape === second.shape
      && first.step === second.step && first.size === second.size
      && first.offset === second.offset && first.zone === second.zone;
    case 'session': return false;
    default: return assertNever(first);
  }
}

/** `column` >= `other` + micros. */
export interface LowerBound {
  readonly column: number;
  readonly other: number;
  readonly micros: bigint;
}

/** Bounds between time columns that a condition implies: a >= b + constant. */
export function lowerBounds(on: ScalarExpr): readonly LowerBound[] {
  const found: LowerBound[] = [];
  for (const each of conjuncts(on)) {
    const plain = asComparison(each);
    if (plain === null || plain.op === '<>') continue;
    if (!isTime(plain.left) || !isTime(plain.right)) continue;
    const greater = plain.op === '<' || plain.op === '<=' ? swapped(plain) : plain;
    const a = shiftedTime(greater.left);
    const b = shiftedTime(greater.right);
    if (a.base.kind !== 'column' || b.base.kind !== 'column') continue;
    const micros = b.micros - a.micros;
    found.push({ column: a.base.index, other: b.base.index, micros });
    if (plain.op === '=') {
      found.push({ column: b.base.index, other: a.base.index, micros: -micros });
    }
  }
  return found;
}

function isTime(expr: ScalarExpr): boolean {
  return expr.type.name === 'timestamp' || expr.type.name === 'timestamptz';
}
