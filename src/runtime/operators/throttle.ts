/**
 * Publishes the input at most once per interval of logical time: EMIT EVERY.
 *
 * Keeps the net of the changes since it last let go, and when that was.
 */
import { must } from '../../common/assert.ts';
import type { DataflowNode } from '../../planner/dataflow.ts';
import type { Batch } from '../batch.ts';
import type { Emit, Frontier, Operator, OperatorContext, StateSize } from '../operator.ts';
import { Arrangement, arrangementColumns } from '../state/arrangement.ts';
import { forLiveSlots } from '../state/hash-index.ts';
import type { RowStore } from '../state/row-store.ts';
import { Instant } from './instant.ts';

/** Before all times: due at once. */
const AT_ONCE = -(2n ** 63n);

/** The operator of a `throttle` node. */
export function createThrottle(
  node: Extract<DataflowNode, { kind: 'throttle' }>, inputs: readonly DataflowNode[],
  context: OperatorContext,
): Operator {
  return new Throttle(node.micros, must(inputs[0], 'input'), context);
}

class Throttle implements Operator {
  readonly #micros: bigint;
  readonly #batchRows: number;
  readonly #store: RowStore;
  readonly #rows: Arrangement;
  readonly #published: Instant;

  constructor(micros: bigint, input: DataflowNode, context: OperatorContext) {
    this.#micros = micros;
    this.#batchRows = context.batchRows;
    this.#store = context.store('pending', arrangementColumns(input.columns));
    this.#rows = new Arrangement(this.#store, { key: input.key });
    this.#published = new Instant(context, 'published');
  }

  push(_port: number, batch: Batch): void { this.#rows.apply(batch); }

  flush(frontier: Frontier, emit: Emit): void {
    const due = this.dueAt();
    if (due === null || due > frontier.now) return;
    this.#published.set(frontier.now);
    const all: Int32Array[] = [];
    // Retractions go first, so that a reader by key sees the old row leave before the new one
    // comes.
    for (const sign of [-1, 1]) {
      forLiveSlots(this.#store, this.#batchRows, (slots, count) => {
        const { weights } = this.#rows;
        const taken = slots.subarray(0, count)
          .filter((slot) => (weights[slot] as number) * sign > 0);
        if (taken.length === 0) return;
        emit(this.#rows.batchOfSlots(taken, taken.length));
        all.push(taken);
      });
    }
    for (const slots of all) this.#rows.evict(slots, slots.length);
  }

  watermarks(): readonly never[] { return []; }

  dueAt(): bigint | null {
    if (this.#store.rows === 0) return null;
    const last = this.#published.value;
    return last === null ? AT_ONCE : last + this.#micros;
  }

  restore(): void { this.#rows.restore(); }

  size(): StateSize { return { rows: this.#store.rows, bytes: this.#rows.bytes() }; }
}
