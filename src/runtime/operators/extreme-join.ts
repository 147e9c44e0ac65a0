/**
 * The join with the greatest (or least) row of each group, keeping only rows that may still match.
 *
 * One side has a row per group with a value that only rises; a row of the other side matches where
 * its own value equals it. So a row below the value of its group is dead: it is dropped when it
 * comes, and one that is overtaken is dropped with the retraction of its match. Works at flush: the
 * groups' changes first, so that the rows of the same epoch meet the newest values. A row waits
 * where its group is not there yet or still below it; now and then those overtaken without a match
 * are swept out. A row with several groups is kept once for each.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { DataflowNode, JoinExtreme, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import { orderMaker } from '../kernels/order.ts';
import type { OrderColumn, RowOrder } from '../kernels/order.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { forLiveSlots } from '../state/hash-index.ts';
import { gather, gatherSlots } from '../state/transfer.ts';
import { RangeGroups } from './extreme-groups.ts';
import type { Candidates } from './extreme-groups.ts';
import { JoinOutput } from './join-output.ts';
import { makeResidual } from './join-residual.ts';
import type { Residual } from './join-residual.ts';
import { JoinSide } from './join-side.ts';

type JoinNode = Extract<DataflowNode, { kind: 'join' }>;
type Port = 0 | 1;

const SWEEP_ROWS = 4096;

/** Builds the operator of a join node with an `extreme`. */
export function createExtremeJoin(
  node: JoinNode, extreme: JoinExtreme, inputs: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new ExtremeJoin(node, extreme, inputs, context);
}

class ExtremeJoin implements Operator {
  readonly #context: OperatorContext;
  readonly #max: boolean;
  readonly #groupsPort: Port;
  readonly #groups: JoinSide;
  readonly #rows: JoinSide;
  /** The groups' key columns, then their value; the same of the rows, `-1` for the range's. */
  readonly #groupKey: readonly number[];
  readonly #rowKey: readonly number[];
  readonly #range: RangeGroups | null;
  readonly #makeOrder: (left: readonly OrderColumn[], right: readonly OrderColumn[]) => RowOrder;
  readonly #output: JoinOutput;
  readonly #residual: Residual | null;
  readonly #pending: readonly [Batch[], Batch[]] = [[], []];
  readonly #pairRows: Int32Array;
  readonly #pairSlots: Int32Array;
  #slots: Int32Array = new Int32Array(0);
  #kept: Int32Array = new Int32Array(0);
  #partner: Int32Array = new Int32Array(0);
  /** Slots of rows whose match was taken back in this epoch. */
  #doubtful: number[] = [];
  #sweepAt = SWEEP_ROWS;

  constructor(
    node: JoinNode, extreme: JoinExtreme, inputs: readonly DataflowNode[],
    context: OperatorContext,
  ) {
    this.#context = context;
    this.#max = extreme.max;
    this.#groupsPort = extreme.groups === 'left' ? 0 : 1;
    const left = must(inputs[0], 'left input');
    const right = must(inputs[1], 'right input');
    const [ofGroups, ofRows] = this.#groupsPort === 0 ? [left, right] : [right, left];
    const [groupKey, rowKey] = this.#groupsPort === 0 ? [node.leftKey, node.rightKey]
      : [node.rightKey, node.leftKey];
    const others = groupKey.flatMap((_at, i) => i === extreme.key ? [] : [i]);
    const key = others.map((i) => must(groupKey[i], 'group column'));
    const own = others.map((i) => must(rowKey[i], 'row column'));
    const { range } = extreme;
    const width = ofRows.columns.length;
    if (range !== null) {
      key.push(range.group);
      own.push(width);
    }
    this.#groupKey = [...key, must(groupKey[extreme.key], 'value of a group')];
    this.#rowKey = [...own, must(rowKey[extreme.key], 'value of a row')];
    this.#range = range === null ? null : new RangeGroups(range);
    this.#groups = this.#makeSide(node, this.#groupsPort, { ...ofGroups, key, appendOnly: false });
    this.#rows = this.#makeSide(node, this.#groupsPort === 0 ? 1 : 0, range === null ? ofRows : {
      key: ofRows.key === null ? null : [...ofRows.key, width], appendOnly: ofRows.appendOnly,
      columns: [...ofRows.columns, { name: '$group', type: typeOf(ofGroups, range.group) }],
    });
    this.#makeOrder = orderMaker([{ type: typeOf(ofGroups, this.#groupKey.at(-1) ?? 0),
      descending: false, nullsFirst: false }]);
    const types = [left, right].map(({ columns }) => columns.map(({ type }) => type));
    const [leftTypes = [], rightTypes = []] = types;
    this.#output = new JoinOutput(leftTypes, rightTypes, {
      leftOnly: false, needed: context.neededColumns ?? null,
    });
    this.#residual = node.residual === null ? null
      : makeResidual(node.residual, leftTypes, rightTypes, context);
    this.#pairRows = new Int32Array(context.batchRows);
    this.#pairSlots = new Int32Array(context.batchRows);
  }

  #makeSide(
    node: JoinNode, port: Port, input: Pick<DataflowNode, 'columns' | 'key' | 'appendOnly'>,
  ): JoinSide {
    return new JoinSide({
      name: port === 0 ? 'left' : 'right', input, nullsEqual: false, countMatches: false,
      key: port === this.#groupsPort ? this.#groupKey : this.#rowKey, keepNullKeys: false,
      evict: port === 0 ? node.leftEvict : node.rightEvict, discards: true,
    }, this.#context);
  }

  push(port: number, batch: Batch): void {
    must(this.#pending[port], 'port').push(batch);
  }

  flush(frontier: Frontier, emit: Emit): void {
    for (const port of this.#groupsPort === 0 ? PORTS : PORTS_BACK) {
      const pending = this.#pending[port];
      for (const batch of pending) this.#take(port === this.#groupsPort, batch, emit);
      pending.length = 0;
      if (port === this.#groupsPort) this.#dropOvertaken();
    }
    this.#sweep();
    for (const side of [this.#groups, this.#rows]) {
      const slots = side.takeExpired(frontier);
      side.arrangement.evict(slots, slots.length);
    }
  }

  #take(isGroups: boolean, batch: Batch, emit: Emit): void {
    const { staying, passing } = (isGroups ? this.#groups : this.#rows).divide(batch);
    for (const part of [staying, passing]) {
      if (part === null || part.length === 0) continue;
      if (isGroups) this.#takeGroups(part, part === staying, emit);
      else this.#takeRows(part, part === staying, emit);
    }
  }

  /** Changes of groups meet the rows that have their value. */
  #takeGroups(batch: Batch, stays: boolean, emit: Emit): void {
    const { length } = batch;
    const { chain } = this.#rows;
    const keys = this.#groups.keyColumns(batch);
    const heads = new Int32Array(length);
    chain.lookup(keys, length, chain.hash(keys, length), heads);
    const { next } = chain;
    const rows = this.#pairRows;
    const slots = this.#pairSlots;
    let count = 0;
    for (let row = 0; row < length; row++) {
      for (let slot = heads[row] as number; slot >= 0; slot = next[slot] as number) {
        if ((batch.weights[row] as number) < 0) this.#doubtful.push(slot);
        rows[count] = row;
        slots[count] = slot;
        if (++count < rows.length) continue;
        this.#meet(this.#groupsPort, batch, count, emit);
        count = 0;
      }
    }
    this.#meet(this.#groupsPort, batch, count, emit);
    if (stays) this.#groups.apply(batch);
  }

  /** Rows meet the groups that have their value; those below it are forgotten. */
  #takeRows(batch: Batch, stays: boolean, emit: Emit): void {
    const candidates = this.#range?.of(batch)
      ?? { count: batch.length, rows: null, group: null };
    const found = this.#findGroups(batch, candidates);
    const value = must(batch.columns[this.#rowKey.at(-1) ?? -1], 'value of a row');
    const values = this.#valueOfGroups();
    if (this.#kept.length < candidates.count) {
      this.#kept = new Int32Array(candidates.count * 2);
      this.#partner = new Int32Array(candidates.count * 2);
    }
    const kept = this.#kept;
    const partner = this.#partner;
    const count = sift({
      candidates, found, isNull: this.#nullKeys(batch), groupIsNull: values.nulls,
      order: this.#makeOrder([value], [values]), above: this.#max ? 1 : -1,
    }, kept, partner);
    if (count === 0) return;
    const part = pickCandidates(batch, candidates, kept, count);
    this.#emitPartners(part, partner, emit);
    if (stays) this.#rows.apply(part);
  }

  #emitPartners(part: Batch, partner: Int32Array, emit: Emit): void {
    const rows = this.#pairRows;
    const slots = this.#pairSlots;
    const port = this.#groupsPort === 0 ? 1 : 0;
    let count = 0;
    for (let row = 0; row < part.length; row++) {
      if ((partner[row] as number) < 0) continue;
      rows[count] = row;
      slots[count] = partner[row] as number;
      if (++count < rows.length) continue;
      this.#meet(port, part, count, emit);
      count = 0;
    }
    this.#meet(port, part, count, emit);
  }

  /** The first `candidates` pairs, of a batch of side `port` with slots of the other side. */
  #meet(port: Port, batch: Batch, candidates: number, emit: Emit): void {
    const { arrangement } = port === this.#groupsPort ? this.#rows : this.#groups;
    const pairs = { port, batch, rows: this.#pairRows, slots: this.#pairSlots,
      store: arrangement.store.columns };
    const count = this.#residual === null || candidates === 0 ? candidates
      : this.#residual.keep(pairs, candidates, this.#output);
    if (count === 0) return;
    const { weights } = arrangement;
    const out = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      out[i] = Math.imul(batch.weights[pairs.rows[i] as number] as number,
        weights[pairs.slots[i] as number] as number);
    }
    emit(this.#output.pairs(pairs, count, out, this.#output.needed));
  }

  /** The slot of each candidate's group, or -1. */
  #findGroups(batch: Batch, { count, rows, group }: Candidates): Int32Array {
    if (this.#slots.length < count) this.#slots = new Int32Array(count * 2);
    const width = group === null ? -1 : this.#rows.types.length - 1;
    const keys = this.#rowKey.slice(0, -1).map((at): Column => {
      if (at === width && group !== null) return group;
      const column = must(batch.columns[at], 'row column');
      return rows === null ? column : gather(column, rows, count);
    });
    this.#groups.arrangement.findKeys(keys, count, this.#slots);
    return this.#slots;
  }

  /** Rows with a NULL in a key column match nothing: 1 for each, or null when there is none. */
  #nullKeys(batch: Batch): Uint8Array | null {
    let found: Uint8Array | null = null;
    for (const at of this.#rowKey) {
      const nulls = batch.columns[at]?.nulls ?? null;
      if (nulls === null) continue;
      if (found === null) {
        found = nulls;
        continue;
      }
      const before: Uint8Array = found;
      found = nulls.map((isNull, row) => isNull === 1 || before[row] === 1 ? 1 : 0);
    }
    return found;
  }

  #valueOfGroups(): OrderColumn & { readonly nulls: Uint8Array | null } {
    return this.#groups.arrangement.store.column(this.#groupKey.at(-1) ?? -1) as OrderColumn;
  }

  /** Lets go of rows whose group has left them behind. */
  #dropOvertaken(): void {
    if (this.#doubtful.length === 0) return;
    const slots = Int32Array.from(new Set(this.#doubtful));
    this.#doubtful = [];
    this.#dropDead(slots, slots.length);
  }

  #dropDead(slots: Int32Array, count: number): void {
    const { arrangement } = this.#rows;
    const keys = gatherSlots(arrangement.store, this.#rowKey.slice(0, -1), slots, count);
    const found = new Int32Array(count);
    this.#groups.arrangement.findKeys(keys, count, found);
    const order = this.#makeOrder(
      [arrangement.store.column(this.#rowKey.at(-1) ?? -1) as OrderColumn],
      [this.#valueOfGroups()]);
    const { nulls } = this.#valueOfGroups();
    const above = this.#max ? 1 : -1;
    const dead = slots.slice(0, count).filter((slot, i) => {
      const group = found[i] as number;
      return group >= 0 && nulls?.[group] !== 1 && order(slot, group) * above < 0;
    });
    arrangement.evict(dead, dead.length);
  }

  /** Rows that were overtaken while they waited; each time the rows have doubled. */
  #sweep(): void {
    const { arrangement } = this.#rows;
    if (arrangement.rows < this.#sweepAt) return;
    const portions: Int32Array[] = [];
    forLiveSlots(arrangement.store, SWEEP_ROWS, (slots, count) => {
      portions.push(slots.slice(0, count));
    });
    for (const slots of portions) this.#dropDead(slots, slots.length);
    this.#sweepAt = Math.max(SWEEP_ROWS, 2 * arrangement.rows);
  }

  watermarks(): readonly WatermarkExpr[] {
    return [...this.#groups.watermarks(), ...this.#rows.watermarks()];
  }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#groups.restore();
    this.#rows.restore();
    this.#sweepAt = Math.max(SWEEP_ROWS, 2 * this.#rows.arrangement.rows);
  }

  size(): StateSize {
    const [groups, rows] = [this.#groups.arrangement, this.#rows.arrangement];
    return { rows: groups.rows + rows.rows, bytes: groups.bytes() + rows.bytes() };
  }
}

const PORTS: readonly Port[] = [0, 1];
const PORTS_BACK: readonly Port[] = [1, 0];

function typeOf(node: DataflowNode, column: number): SqlType {
  return must(node.columns[column], 'column').type;
}

/** What it takes to tell the rows that may match from those that are dead. */
interface Sieve {
  readonly candidates: Candidates;
  /** The slot of each candidate's group, or -1. */
  readonly found: Int32Array;
  readonly isNull: Uint8Array | null;
  readonly groupIsNull: Uint8Array | null;
  readonly order: RowOrder;
  /** 1 for max, -1 for min. */
  readonly above: number;
}

/** Lists the candidates not below their group, and the group they are equal to (-1: none). */
function sift(
  { candidates: { count, rows }, found, isNull, groupIsNull, order, above }: Sieve,
  kept: Int32Array, partner: Int32Array,
): number {
  let listed = 0;
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : rows[i] as number;
    if (isNull !== null && isNull[row] === 1) continue;
    const slot = found[i] as number;
    const known = slot >= 0 && (groupIsNull === null || groupIsNull[slot] !== 1);
    const compared = known ? order(row, slot) * above : 1;
    if (compared < 0) continue;
    kept[listed] = i;
    partner[listed++] = compared === 0 ? slot : -1;
  }
  return listed;
}

/** The rows of some candidates, with their group behind where there is a range. */
function pickCandidates(
  batch: Batch, { rows, group }: Candidates, kept: Int32Array, count: number,
): Batch {
  const places = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const at = kept[i] as number;
    places[i] = rows === null ? at : rows[at] as number;
  }
  const weights = new Int32Array(count);
  for (let i = 0; i < count; i++) weights[i] = batch.weights[places[i] as number] as number;
  const columns = batch.columns.map((column) => gather(column, places, count));
  if (group !== null) columns.push(gather(group, kept, count));
  return { length: count, weights, columns };
}
