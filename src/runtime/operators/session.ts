/**
 * Assigns sessions: input columns ++ window_start, window_end, window_time.
 *
 * A session is a run of a partition's rows in time order whose distances are below the gap; its
 * window is [first, last + gap). A change looks at the runs around the changed rows only, and
 * re-emits the rows whose window has become another one: a row that joins two sessions merges them
 * in one step, a row that goes may split one. Each row's store keeps what is out: copies, start and
 * end. With a watermark, sessions that have ended by it are final: they leave the state, and a row
 * in time that would touch one starts a session of its own. That depends on the rows' times and
 * arrival watermarks alone (session-links.ts), not on how they are put into epochs: the first row
 * of such a session is marked (`$cut`). With a longest duration, session-caps.ts says what is of
 * one session, and its number is its start. Rows without a time are in no session. `numbered`:
 * rows get a number of their session (session-ids.ts) that stays when it grows, kept in `$start`.
 *
 *   rows      a   b     c               |gap|
 *   windows  [a           c+gap)  ...
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode, WatermarkExpr } from '../../planner/dataflow.ts';
import { makeColumn } from '../batch.ts';
import type { Batch, Column } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { ExpiryQueue } from '../state/expiry-queue.ts';
import { gatherSlots, pickRows } from '../state/transfer.ts';
import { OrderedPartitions } from './ordered-partitions.ts';
import { oldestOf } from './touch-queue.ts';
import { Instant } from './instant.ts';
import { CappedSessions } from './session-caps.ts';
import { SessionIds } from './session-ids.ts';
import { SessionLinks } from './session-links.ts';

/** A session node. */
export type SessionNode = Extract<DataflowNode, { kind: 'session' }>;

/** Builds the operator of a session node. */
export function createSession(
  node: SessionNode, inputNodes: readonly DataflowNode[], context: OperatorContext,
): Operator {
  return new Session(node, must(inputNodes[0], 'input'), context);
}

const EMITTED = 0;
const START = 1;
const END = 2;
const CUT = 3;
const RUN_CHUNK = 64;
const MICROS_PER_DAY = 86_400_000_000n;
const TIME_MAX = 2n ** 63n - 1n;
const TIME_MIN = -(2n ** 63n);
const INT8 = { name: 'int8' } as const;

class Session implements Operator {
  readonly #node: SessionNode;
  readonly #context: OperatorContext;
  readonly #rows: OrderedPartitions;
  readonly #expiry: ExpiryQueue | null;
  readonly #all: readonly number[];
  /** Times are days. */
  readonly #days: boolean;
  /** Which neighbours are of one session; null where no row is kept apart from another. */
  readonly #links: SessionLinks | null;
  readonly #ids: SessionIds | null;
  /** Where sessions have a longest duration: which rows are of which. */
  readonly #caps: CappedSessions | null;
  /** Rows around which something changed, -1 entries aside. */
  #touched: number[] = [];
  /** Number of the flush in which the run of a slot was last looked at. */
  #seen: Int32Array = new Int32Array(64);
  #flush = 0;
  readonly #chunk: Int32Array = new Int32Array(RUN_CHUNK);
  /** Output rows of this flush. */
  readonly #outSlots: number[] = [];
  readonly #outWeights: number[] = [];
  readonly #outStarts: bigint[] = [];
  readonly #outEnds: bigint[] = [];

  constructor(node: SessionNode, input: DataflowNode, context: OperatorContext) {
    this.#node = node;
    this.#context = context;
    this.#all = input.columns.map((_column, at) => at);
    const { timeColumn } = node;
    this.#days = must(input.columns[timeColumn], 'time column').type.name === 'date';
    this.#rows = new OrderedPartitions({
      name: 'rows', columns: input.columns, partitionBy: node.partitionBy,
      order: [{ column: timeColumn, descending: false, nullsFirst: false }], tieBreak: [],
      key: input.key, appendOnly: input.appendOnly,
      // A retraction has the watermark of its own time.
      ignored: typeof node.arrival === 'number' ? [node.arrival] : [],
      extra: ['$emitted', { name: '$start', type: INT8 }, { name: '$end', type: INT8 }, '$cut'],
    }, context);
    this.#expiry = node.watermark === null ? null : new ExpiryQueue(this.#rows.store, timeColumn);
    const { arrival, gap, allowedLateness = 0n } = node;
    this.#caps = this.#makeCaps();
    this.#links = typeof arrival !== 'number' || this.#caps !== null ? null : new SessionLinks({
      rows: this.#rows, time: (slot) => this.#time(slot), arrival, gap,
      lateness: allowedLateness, cut: CUT,
    });
    this.#ids = node.numbered !== true || this.#caps !== null ? null : new SessionIds({
      rows: this.#rows, follows: (slot, before) => this.#follows(slot, before),
      ids: () => this.#rows.extraBig(START), emitted: () => this.#rows.extra(EMITTED),
      set: (slot, copies, id) => this.#set(slot, copies, id, 0n),
      last: new Instant(context, 'numbers'),
    });
  }

  #makeCaps(): CappedSessions | null {
    const { longest, arrival, gap, allowedLateness = 0n, numbered } = this.#node;
    return longest === undefined ? null : new CappedSessions({
      rows: this.#rows, time: (slot) => this.#time(slot), gap, longest,
      probe: (time) => this.#days
        ? { kind: 'i32', data: Int32Array.of(Number(time / MICROS_PER_DAY)), nulls: null }
        : { kind: 'i64', data: BigInt64Array.of(time), nulls: null },
      arrival: arrival ?? null, lateness: allowedLateness, ends: numbered !== true,
      starts: () => this.#rows.extraBig(START), emitted: () => this.#rows.extra(EMITTED),
      set: (slot, copies, start, end) => this.#set(slot, copies, start, end),
    });
  }

  push(_port: number, batch: Batch, _emit: Emit): void {
    const timed = this.#timed(batch);
    if (timed.length > 0) this.#rows.stage(timed);
  }

  /** The rows of a batch that have a finite time. */
  #timed(batch: Batch): Batch {
    const column = must(batch.columns[this.#node.timeColumn], 'time column');
    const rows = new Int32Array(batch.length);
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      if (column.nulls !== null && column.nulls[row] === 1) continue;
      if (column.kind === 'i64' && isInfinite(column.data[row] as bigint)) continue;
      rows[count++] = row;
    }
    return count === batch.length ? batch : pickRows(batch, rows, count);
  }

  #time(slot: number): bigint {
    const column = this.#rows.store.column(this.#node.timeColumn);
    return this.#days ? BigInt(column.i32[slot] as number) * MICROS_PER_DAY
      : column.i64[slot] as bigint;
  }

  flush(frontier: Frontier, emit: Emit): void {
    const arrived: number[] = [];
    const left: number[] = [];
    const { index, roots } = this.#rows;
    this.#flush++;
    this.#rows.settle({
      inserted: (slot, partition) => {
        arrived.push(slot);
        this.#touched.push(slot);
        const merged = this.#links?.joined(roots[partition] as number, slot) ?? -1;
        if (merged >= 0) this.#touchBack(roots[partition] as number, slot, merged);
      },
      reweighed: (slot) => { this.#touched.push(slot); },
      removing: (slot, partition) => {
        left.push(slot);
        this.#caps?.leaving(slot);
        this.#set(slot, 0, 0n, 0n);
        const root = roots[partition] as number;
        const [before, after] = [index.predecessor(root, slot), index.successor(root, slot)];
        this.#touched.push(before, after);
        if (this.#links !== null) this.#touched.push(...this.#links.leaving(root, slot));
      },
    });
    if (this.#seen.length < this.#rows.store.capacity) {
      this.#seen = new Int32Array(this.#rows.store.capacity);
    }
    this.#expiry?.insertSlots(Int32Array.from(arrived), arrived.length);
    if (this.#caps !== null) this.#caps.update(this.#touched);
    else if (this.#ids !== null) this.#ids.update(this.#touched);
    else for (const slot of this.#touched) this.#change(slot);
    this.#touched = [];
    this.#emit(emit);
    this.#expiry?.removeSlots(Int32Array.from(left), left.length);
    this.#finish(frontier);
    this.#rows.release();
  }

  /** Notes the rows from one back to an earlier one: a row brought their sessions together. */
  #touchBack(root: number, from: number, to: number): void {
    for (let at = from; at >= 0; at = this.#rows.index.predecessor(root, at)) {
      this.#touched.push(at);
      if (at === to) return;
    }
  }

  /** True when a row goes on the session of the row before it. */
  #follows(slot: number, before: number): boolean {
    return this.#rows.extra(CUT)[slot] === 0
      && this.#time(slot) - this.#time(before) < this.#node.gap;
  }

  /** Brings the session around a slot up to date, unless it was done in this flush. */
  #change(slot: number): void {
    const { store, weights, index } = this.#rows;
    if (slot < 0 || store.live[slot] !== 1 || (weights[slot] as number) <= 0) return;
    if (this.#seen[slot] === this.#flush || this.#fitsIn(slot)) return;
    const root = this.#rows.roots[this.#rows.partitionOf(slot)] as number;
    const { gap } = this.#node;
    let first = slot;
    for (;;) {
      const before = index.predecessor(root, first);
      if (before < 0 || !this.#follows(first, before)) break;
      first = before;
    }
    const run = this.#runFrom(root, first);
    const start = this.#time(first);
    const end = this.#time(run[run.length - 1] as number) + gap;
    for (const each of run) {
      this.#seen[each] = this.#flush;
      this.#set(each, weights[each] as number, start, end);
    }
  }

  /** The only change of this flush is a row between two of one session: its window is known. */
  #fitsIn(slot: number): boolean {
    if (this.#touched.length !== 1) return false;
    const { index, weights } = this.#rows;
    const root = this.#rows.roots[this.#rows.partitionOf(slot)] as number;
    const before = index.predecessor(root, slot);
    const after = index.successor(root, slot);
    if (before < 0 || after < 0) return false;
    const starts = this.#rows.extraBig(START);
    const ends = this.#rows.extraBig(END);
    if (starts[before] !== starts[after] || ends[before] !== ends[after]) return false;
    this.#set(slot, weights[slot] as number, starts[before] as bigint, ends[before] as bigint);
    return true;
  }

  /** The slots from a session's first row to its last. */
  #runFrom(root: number, first: number): number[] {
    const { index } = this.#rows;
    const run: number[] = [first];
    let last = first;
    for (;;) {
      const count = index.range(root, last, RUN_CHUNK, this.#chunk);
      // The chunk begins with the row it was asked from.
      for (let i = 1; i < count; i++) {
        const slot = this.#chunk[i] as number;
        if (!this.#follows(slot, last)) return run;
        run.push(slot);
        last = slot;
      }
      if (count < RUN_CHUNK) return run;
    }
  }

  /** Lets `copies` of a row be out with this window; notes the difference. */
  #set(slot: number, copies: number, start: bigint, end: bigint): void {
    const emitted = this.#rows.extra(EMITTED);
    const starts = this.#rows.extraBig(START);
    const ends = this.#rows.extraBig(END);
    const was = emitted[slot] as number;
    const oldStart = starts[slot] as bigint;
    const oldEnd = ends[slot] as bigint;
    if (start === oldStart && end === oldEnd && was > 0) {
      if (copies === was) return;
      this.#out(slot, copies - was, start, end);
    } else {
      if (was !== 0) this.#out(slot, -was, oldStart, oldEnd);
      if (copies !== 0) this.#out(slot, copies, start, end);
    }
    emitted[slot] = copies;
    starts[slot] = start;
    ends[slot] = end;
    this.#rows.store.touch(slot);
  }

  #out(slot: number, weight: number, start: bigint, end: bigint): void {
    this.#outSlots.push(slot);
    this.#outWeights.push(weight);
    this.#outStarts.push(start);
    this.#outEnds.push(end);
  }

  #emit(emit: Emit): void {
    const { batchRows } = this.#context;
    const total = this.#outSlots.length;
    for (let from = 0; from < total; from += batchRows) {
      const count = Math.min(batchRows, total - from);
      const slots = Int32Array.from(this.#outSlots.slice(from, from + count));
      emit({
        length: count, weights: Int32Array.from(this.#outWeights.slice(from, from + count)),
        columns: [...gatherSlots(this.#rows.store, this.#all, slots, count),
          ...this.#node.numbered !== true ? this.#windowColumns(from, count)
            : [this.#numbers(from, count)]],
      });
    }
    this.#outSlots.length = 0;
    this.#outWeights.length = 0;
    this.#outStarts.length = 0;
    this.#outEnds.length = 0;
  }

  #numbers(from: number, count: number): Column {
    const made = makeColumn('i64', count);
    const data = made.data as BigInt64Array;
    for (let i = 0; i < count; i++) data[i] = this.#outStarts[from + i] as bigint;
    return made;
  }

  #windowColumns(from: number, count: number): Column[] {
    const columns = [makeColumn('i64', count), makeColumn('i64', count), makeColumn('i64', count)];
    const [starts, ends, times] = columns.map(({ data }) => data as BigInt64Array);
    for (let i = 0; i < count; i++) {
      const end = this.#outEnds[from + i] as bigint;
      must(starts, 'column')[i] = this.#outStarts[from + i] as bigint;
      must(ends, 'column')[i] = end;
      must(times, 'column')[i] = end - 1n;
    }
    return columns;
  }

  /** Lets go of sessions that ended at or before the watermark; what is out stays out. */
  #finish(frontier: Frontier): void {
    const { watermark, gap } = this.#node;
    const reached = watermark === null ? null : frontier.watermark(watermark);
    if (this.#expiry === null || reached === null) return;
    const limit = reached - gap;
    const ends = this.#rows.extraBig(END);
    const { index, store, weights } = this.#rows;
    for (const slot of this.#expiry.takeUpTo(limit)) {
      // Rows of a session that goes on wait for its last row, which takes them along.
      if (store.live[slot] !== 1 || weights[slot] === 0) continue;
      if (this.#caps !== null) {
        this.#finishCapped(slot, this.#caps);
        continue;
      }
      if (this.#ids !== null) {
        this.#finishNumbered(slot);
        continue;
      }
      if ((ends[slot] as bigint) > reached) continue;
      const partition = this.#rows.partitionOf(slot);
      for (let at = slot; at >= 0 && ends[at] === ends[slot];) {
        const before = index.predecessor(this.#rows.roots[partition] as number, at);
        this.#links?.evicted(at);
        this.#rows.evict(at);
        at = before;
      }
    }
  }

  /** Lets go of the session of a row that has ended, when the row is its last. */
  #finishNumbered(last: number): void {
    const { index } = this.#rows;
    const partition = this.#rows.partitionOf(last);
    const after = index.successor(this.#rows.roots[partition] as number, last);
    if (after >= 0 && this.#follows(after, last)) return;
    for (let at = last; at >= 0;) {
      const before = index.predecessor(this.#rows.roots[partition] as number, at);
      const goes = before >= 0 && this.#follows(at, before);
      this.#links?.evicted(at);
      this.#rows.evict(at);
      at = goes ? before : -1;
    }
  }

  /** Lets go of the session of a row that has ended, when the row is its last. */
  #finishCapped(slot: number, caps: CappedSessions): void {
    const root = this.#rows.roots[this.#rows.partitionOf(slot)] as number;
    const members = caps.membersOf(root, this.#rows.extraBig(START)[slot] as bigint);
    if (this.#time(members.at(-1) ?? slot) > this.#time(slot)) return;
    for (const member of members) this.#rows.evict(member);
  }

  watermarks(): readonly WatermarkExpr[] {
    return this.#node.watermark === null ? [] : [this.#node.watermark];
  }

  dueAt(): bigint | null { return null; }

  restore(): void {
    this.#rows.restore();
    this.#expiry?.rebuild();
    this.#links?.recount();
    this.#seen = new Int32Array(this.#rows.store.capacity);
  }

  oldest(): bigint | null { return oldestOf(this.#rows.store, this.#node.timeColumn); }

  size(): StateSize {
    return { rows: this.#rows.rows, bytes: this.#rows.bytes() };
  }
}

function isInfinite(time: bigint): boolean {
  return time === TIME_MAX || time === TIME_MIN;
}
