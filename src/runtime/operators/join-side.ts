/**
 * One input of a join: its rows by key, the times at which they leave, and how many partners each
 * row has met where that must be remembered.
 *
 * Rows whose partners are all gone are refused here (`admit`), rows no partner can come for are
 * given out here (`takeExpired`). Matches are counted per row (`$matches`, durable) when a residual
 * condition or eviction makes the other side's key alone say too little.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { DataflowNode, RowEviction, WatermarkExpr } from '../../planner/dataflow.ts';
import type { Batch, Column } from '../batch.ts';
import type { Frontier, OperatorContext } from '../operator.ts';
import { Arrangement, arrangementColumns } from '../state/arrangement.ts';
import type { ChainIndex } from '../state/chain-index.ts';
import type { RowStore } from '../state/row-store.ts';
import { pickRows } from '../state/transfer.ts';
import { RowTimes } from './join-expiry.ts';

/** What a side is made from. */
export interface SideOptions {
  readonly name: string;
  readonly input: Pick<DataflowNode, 'columns' | 'key' | 'appendOnly'>;
  readonly key: readonly number[];
  readonly nullsEqual: boolean;
  readonly evict: RowEviction | null;
  /** Count the partners of each row. */
  readonly countMatches: boolean;
  /** Keep rows with a NULL in the key although nothing matches them. */
  readonly keepNullKeys: boolean;
  /** The owner takes rows out by rules of its own. */
  readonly discards?: boolean;
}

const NO_SLOTS: Int32Array = new Int32Array(0);

/** One input of a join; see the head of the file. */
export class JoinSide {
  readonly types: readonly SqlType[];
  readonly key: readonly number[];
  readonly arrangement: Arrangement;
  readonly evict: RowEviction | null;
  readonly countsMatches: boolean;
  #chain: ChainIndex | null = null;
  #alike: boolean | null = null;
  readonly #nullsEqual: boolean;
  readonly #keepNullKeys: boolean;
  readonly #times: RowTimes | null;
  /**
   * One row, `limit`: rows with a time up to it have left. Durable, for lateness is decided by it.
   */
  readonly #limits: RowStore | null;

  constructor(options: SideOptions, context: OperatorContext) {
    this.types = options.input.columns.map(({ type }) => type);
    this.key = options.key;
    this.evict = options.evict;
    this.countsMatches = options.countMatches;
    this.arrangement = arrangementFor(options, context);
    this.#nullsEqual = options.nullsEqual;
    this.#keepNullKeys = options.keepNullKeys;
    this.#times = options.evict === null ? null
      : new RowTimes(this.arrangement, options.evict.column);
    this.#limits = options.evict === null ? null
      : context.store(`${options.name}Limit`, [
        { name: 'limit', type: { name: 'int8' }, nullable: false },
      ]);
  }

  /** The rows of each key; made when it is first asked for. */
  get chain(): ChainIndex {
    this.#chain ??= this.arrangement.chain(this.key, this.#nullsEqual);
    return this.#chain;
  }

  /** The matches of each slot; only where they are counted. Taken again after every `apply`. */
  get matches(): Int32Array {
    return this.arrangement.store.column(this.arrangement.width + 1).i32;
  }

  /** Whether a key of this side hashes as it does on the other. */
  hashesLike(other: JoinSide): boolean {
    this.#alike ??= this.chain.hashesLike(other.chain);
    return this.#alike;
  }

  /** Key columns of a batch of this side's rows. */
  keyColumns(batch: Batch): Column[] {
    return this.key.map((at) => must(batch.columns[at], 'key column'));
  }

  /**
   * Rows that stay, and rows whose time is over already: no partner can come any more, but partners
   * may be there, so those are joined and not kept (nor are they when they are taken back).
   */
  divide(batch: Batch): { readonly staying: Batch; readonly passing: Batch | null } {
    const limit = this.#limit();
    if (this.#times === null || limit === null) return { staying: batch, passing: null };
    const { rows, count } = this.#times.rowsAfter(batch, limit);
    if (count === batch.length) return { staying: batch, passing: null };
    const others = new Int32Array(batch.length - count);
    for (let row = 0, next = 0, at = 0; row < batch.length; row++) {
      if (next < count && rows[next] === row) next++;
      else others[at++] = row;
    }
    return {
      staying: pickRows(batch, rows, count), passing: pickRows(batch, others, others.length),
    };
  }

  /**
   * Adds the rows of a batch to the state; gives the slot of each (-1: not kept). Rows with a NULL
   * in the key are kept only where they are waited for. `hashes`: of the rows' keys, where known.
   */
  apply(batch: Batch, hashes: Int32Array | null = null): Int32Array {
    const kept = this.#keepNullKeys || this.#nullsEqual ? null : this.#rowsWithKey(batch);
    if (kept === null) {
      return this.arrangement.apply(batch, hashes === null ? null : { chain: this.chain, hashes });
    }
    const part = pickRows(batch, kept, kept.length);
    const slots = this.arrangement.apply(part);
    const all = new Int32Array(batch.length).fill(-1);
    for (let i = 0; i < kept.length; i++) all[kept[i] as number] = slots[i] as number;
    return all;
  }

  /** Rows without a NULL in the key, or null when that is all of them. */
  #rowsWithKey(batch: Batch): Int32Array | null {
    const masks = this.keyColumns(batch).flatMap(({ nulls }) => nulls === null ? [] : [nulls]);
    if (masks.length === 0) return null;
    const rows = new Int32Array(batch.length);
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      if (!masks.some((mask) => mask[row] === 1)) rows[count++] = row;
    }
    return count === batch.length ? null : rows.subarray(0, count);
  }

  /** Slots of rows that leave now: no partner can come any more. The caller evicts them. */
  takeExpired(frontier: Frontier): Int32Array {
    if (this.evict === null || this.#times === null) return NO_SLOTS;
    const watermark = frontier.watermark(this.evict.watermark);
    if (watermark === null) return NO_SLOTS;
    // A row leaves when watermark > time + offset.
    const limit = watermark - this.evict.offsetMicros - 1n;
    const before = this.#limit();
    if (before !== null && limit <= before) return NO_SLOTS;
    this.#setLimit(limit);
    return this.#times.takeUpTo(limit);
  }

  #limit(): bigint | null {
    const store = this.#limits;
    return store === null || store.rows === 0 ? null : must(store.column(0).i64[0], 'limit');
  }

  #setLimit(limit: bigint): void {
    const store = must(this.#limits, 'a side that evicts');
    if (store.rows === 0) store.alloc();
    store.column(0).i64[0] = BigInt.asIntN(64, limit);
    store.touch(0);
  }

  /** The watermark whose advance makes rows leave. */
  watermarks(): readonly WatermarkExpr[] {
    return this.evict === null ? [] : [this.evict.watermark];
  }

  /** Rebuilds the indexes. */
  restore(): void {
    this.arrangement.restore();
  }
}

/** The arrangement of a port: the one place where a shared one can be handed in. */
function arrangementFor(
  { name, input, evict, countMatches, discards = false }: SideOptions, context: OperatorContext,
): Arrangement {
  const columns = arrangementColumns(input.columns);
  const options = {
    key: input.key, appendOnly: input.appendOnly,
    permanent: evict === null && !discards,
  };
  if (!countMatches) return new Arrangement(context.store(name, columns), options);
  const matches = { name: '$matches', type: { name: 'int4' }, nullable: false } as const;
  return new Arrangement(context.store(name, [...columns, matches]), { ...options, extra: 1 });
}
