/**
 * Which positions of an ordered set a top-N shows, and with which number.
 *
 * Positions count copies: a row of weight 2 has two. `open` finds the window of a set, `look` says
 * of a row how many of its copies are inside and the first number they get. Ranks are found through
 * the set's own counts, so a row costs a descent and not a walk; dense ranks are counted by jumping
 * from one group of peers to the next.
 */
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { OrderedPartitions } from './ordered-partitions.ts';

type TopNNode = Extract<DataflowNode, { kind: 'topN' }>;

/** The window of one set at a time; see the head of the file. */
export class TopNWindow {
  readonly #node: TopNNode;
  readonly #rows: OrderedPartitions;
  readonly #offset: number;
  /** Infinity without a limit. */
  readonly #limit: number;
  #root = 0;
  #from = 0;
  #to = 0;
  /** First and last slot of the window, -1 when it is empty. */
  firstSlot: number = -1;
  lastSlot: number = -1;
  /** The last slot that further rows can push into or out of the window, -1 when none can. */
  keptSlot: number = -1;
  /** Answers of `look`. */
  copies: number = 0;
  number: number = 0;
  /** Dense rank of each group already met in this window, by position of its first row. */
  readonly #dense = new Map<number, number>();

  constructor(node: TopNNode, rows: OrderedPartitions) {
    this.#node = node;
    this.#rows = rows;
    this.#offset = Number(node.offset);
    this.#limit = node.limit === null ? Infinity : Number(node.limit);
  }

  /** Lets the bounds of the ordered sets be asked for by slot. */
  bind(): void {
    const { index, store } = this.#rows;
    index.bindProbe(this.#node.orderBy.map(({ column }) => store.column(column)));
  }

  /** Finds the window of a set. */
  open(root: number): void {
    const { index } = this.#rows;
    const count = index.count(root);
    this.#root = root;
    if (this.#node.rank === 'dense_rank') {
      this.#openDense(count);
    } else {
      this.#from = Math.min(this.#offset, count);
      this.#to = Math.min(this.#offset + this.#limit, count);
      if (this.#node.rank === 'rank') this.#from = this.#groupAtOrAfter(this.#from);
      if ((this.#node.withTies || this.#node.rank === 'rank') && this.#to > this.#offset) {
        this.#to = this.#groupEnd(this.#to - 1);
      }
    }
    const empty = this.#from >= this.#to;
    this.firstSlot = empty ? -1 : index.kth(root, this.#from);
    this.keptSlot = index.kth(root, this.#to - 1);
    this.lastSlot = empty ? -1 : this.keptSlot;
  }

  /** The window is full and ends with this slot, so rows behind it change nothing. */
  staysAt(root: number, last: number): boolean {
    return Number.isFinite(this.#limit) && !this.#node.withTies
      && (this.#node.rank === 'none' || this.#node.rank === 'row_number')
      && this.#rows.index.kth(root, this.#offset + this.#limit - 1) === last;
  }

  /** The position itself where a group of peers starts there, else the end of its group. */
  #groupAtOrAfter(position: number): number {
    const { index } = this.#rows;
    const slot = index.kth(this.#root, position);
    if (slot < 0 || index.rankOf(this.#root, slot) === position) return position;
    return this.#groupEnd(position);
  }

  /** The position behind the peers of the row at a position. */
  #groupEnd(position: number): number {
    const { index } = this.#rows;
    const next = index.upperBound(this.#root, index.kth(this.#root, position));
    return next < 0 ? index.count(this.#root) : index.rank(this.#root, next);
  }

  /** Counts groups from the start of the set. */
  #openDense(count: number): void {
    this.#dense.clear();
    this.#from = count;
    let position = 0;
    let group = 0;
    for (; position < count && group < this.#offset + this.#limit; group++) {
      if (group === this.#offset) this.#from = position;
      this.#dense.set(position, group + 1);
      position = this.#groupEnd(position);
    }
    this.#to = position;
  }

  /** How many copies of a row of the set are in the window, and their first number. */
  look(slot: number): void {
    const { index, weights } = this.#rows;
    const position = index.rank(this.#root, slot);
    const end = Math.min(position + (weights[slot] as number), this.#to);
    const start = Math.max(position, this.#from);
    this.copies = Math.max(0, end - start);
    this.number = this.copies === 0 ? 0 : this.#numberOf(slot, start);
  }

  #numberOf(slot: number, position: number): number {
    switch (this.#node.rank) {
      case 'none': return 0;
      case 'row_number': return position + 1;
      case 'rank': return this.#rows.index.rankOf(this.#root, slot) + 1;
      case 'dense_rank':
        return this.#dense.get(this.#rows.index.rankOf(this.#root, slot)) ?? 0;
    }
  }
}
