/**
 * What a subscription's rows look like: the columns in front, one row per change, per envelope.
 *
 * Turns consolidated deltas into rows of weight 1. Knows nothing of epochs to come or of queues;
 * the order is: what is taken back before what is added. Runs at the session's edge, once per
 * epoch.
 */
import { must } from '../../common/assert.ts';
import { numericFromBigint } from '../../common/types/numeric.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import { BatchBuilder } from '../batch-builder.ts';
import type { Batch, Column } from '../batch.ts';
import { cell, nullRefs } from '../batch.ts';
import { hashRows, projectColumns, sameRef, takeRows } from '../engine-rows.ts';

/** A column that comes from no relation. */
function plainColumn(name: string, type: SqlType): ResultColumn {
  return { name, type, relation: 0, attribute: 0 };
}

/** How changes are written. */
export interface SubscriptionShape {
  readonly envelope: 'upsert' | 'debezium' | null;
  /** Numbers of the key's columns; [] without an envelope. */
  readonly key: readonly number[];
  readonly progress: boolean;
}

/** Changes of one key in one epoch. */
interface KeyGroup {
  added: number;
  removed: number;
  /** Rows of the last addition and retraction seen. */
  after: number;
  before: number;
}

/** Writes the rows of a subscription. */
export class SubscriptionRows {
  readonly columns: readonly ResultColumn[];
  readonly #types: readonly SqlType[];
  readonly #shape: SubscriptionShape;
  /** Numbers of the source's columns outside the key. */
  readonly #others: readonly number[];

  constructor(
    source: readonly { readonly name: string; readonly type: SqlType }[], shape: SubscriptionShape,
  ) {
    this.#shape = shape;
    this.#others = source.flatMap((_column, at) => (shape.key.includes(at) ? [] : [at]));
    const named = (at: number, prefix: string): ResultColumn => {
      const { name, type } = must(source[at], 'column');
      return plainColumn(`${prefix}${name}`, type);
    };
    const { envelope } = shape;
    const changing = envelope === null ? [plainColumn('mz_diff', { name: 'int8' })]
      : [plainColumn('mz_state', { name: 'text' }), ...shape.key.map((at) => named(at, ''))];
    const values = envelope === 'debezium'
      ? [...this.#others.map((at) => named(at, 'before_')),
        ...this.#others.map((at) => named(at, 'after_'))]
      : this.#others.map((at) => named(at, ''));
    this.columns = [
      plainColumn('mz_timestamp', { name: 'numeric' }),
      ...shape.progress ? [plainColumn('mz_progressed', { name: 'boolean' })] : [],
      ...changing, ...values,
    ];
    this.#types = this.columns.map(({ type }) => type);
  }

  /** True when all rows of a moment must be seen together. */
  get grouped(): boolean { return this.#shape.envelope !== null; }

  /** Rows for a consolidated delta. */
  changes(epoch: bigint, delta: Batch): Batch | null {
    if (delta.length === 0) return null;
    return this.grouped ? this.#keyed(epoch, delta) : this.#plain(epoch, delta);
  }

  /** The row that says: nothing older than `epoch` is still to come. */
  progress(epoch: bigint): Batch | null {
    const builder = new BatchBuilder(this.#types);
    builder.set(0, numericFromBigint(epoch));
    builder.set(1, true);
    builder.fillNull(2, this.#types.length - 2);
    builder.commit(1);
    return builder.take();
  }

  #plain(epoch: bigint, delta: Batch): Batch {
    const rows = takeRows(delta, retractionsFirst(delta));
    const { length, weights } = rows;
    const diffs = new BigInt64Array(length);
    for (let i = 0; i < length; i++) diffs[i] = BigInt(weights[i] ?? 0);
    const timestamps = nullRefs(length).fill(numericFromBigint(epoch));
    const front: Column[] = [{ kind: 'ref', data: timestamps, nulls: null }];
    if (this.#shape.progress) {
      front.push({ kind: 'bool', data: new Uint8Array(length), nulls: null });
    }
    front.push({ kind: 'i64', data: diffs, nulls: null });
    return {
      length, columns: [...front, ...rows.columns], weights: new Int32Array(length).fill(1),
    };
  }

  #keyed(epoch: bigint, delta: Batch): Batch | null {
    const builder = new BatchBuilder(this.#types);
    const timestamp = numericFromBigint(epoch);
    const { key, progress, envelope } = this.#shape;
    for (const group of groupsOf(delta, key)) {
      let at = 0;
      builder.set(at++, timestamp);
      if (progress) builder.set(at++, false);
      const state = stateOf(group, envelope);
      builder.set(at++, state);
      const place = group.added > 0 ? group.after : group.before;
      for (const column of key) builder.copy(at++, must(delta.columns[column], 'column'), place);
      if (envelope === 'debezium') {
        const before = state === 'upsert' || state === 'delete' ? group.before : null;
        at = this.#values(builder, at, delta, before);
      }
      this.#values(builder, at, delta,
        state === 'upsert' || state === 'insert' ? group.after : null);
      builder.commit(1);
    }
    return builder.take();
  }

  /** Writes the columns outside the key, or NULLs; gives the next column. */
  #values(builder: BatchBuilder, at: number, delta: Batch, place: number | null): number {
    if (place === null) builder.fillNull(at, this.#others.length);
    else {
      for (const [i, column] of this.#others.entries()) {
        builder.copy(at + i, must(delta.columns[column], 'column'), place);
      }
    }
    return at + this.#others.length;
  }
}

function retractionsFirst({ length, weights }: Batch): Int32Array {
  const order = new Int32Array(length);
  let at = 0;
  for (let i = 0; i < length; i++) if ((weights[i] ?? 0) < 0) order[at++] = i;
  for (let i = 0; i < length; i++) if ((weights[i] ?? 0) >= 0) order[at++] = i;
  return order;
}

function stateOf({ added, removed }: KeyGroup, envelope: SubscriptionShape['envelope']): string {
  if (added > 1 || removed > 1) return 'key_violation';
  if (added === 0) return 'delete';
  return removed === 0 && envelope === 'debezium' ? 'insert' : 'upsert';
}

/** Changes by key, in the order the keys come. */
function groupsOf(delta: Batch, key: readonly number[]): Iterable<KeyGroup> {
  const { columns } = projectColumns(delta, key);
  const hashes = hashRows({ ...delta, columns });
  const byHash = new Map<number, KeyGroup[]>();
  const groups: KeyGroup[] = [];
  for (let row = 0; row < delta.length; row++) {
    const hash = hashes[row] ?? 0;
    let sharing = byHash.get(hash);
    if (sharing === undefined) byHash.set(hash, sharing = []);
    let group = sharing.find((other) =>
      sameKey(columns, row, other.added > 0 ? other.after : other.before));
    if (group === undefined) {
      group = { added: 0, removed: 0, after: -1, before: -1 };
      sharing.push(group);
      groups.push(group);
    }
    const weight = delta.weights[row] ?? 0;
    if (weight > 0) Object.assign(group, { added: group.added + weight, after: row });
    else Object.assign(group, { removed: group.removed - weight, before: row });
  }
  return groups;
}

function sameKey(columns: readonly Column[], a: number, b: number): boolean {
  return columns.every((column) => sameRef(cell(column, a), cell(column, b)));
}
