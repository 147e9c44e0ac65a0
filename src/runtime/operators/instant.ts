/**
 * One durable point in time of an operator: how far a gate has opened, when a throttle last let go.
 */
import type { OperatorContext } from '../operator.ts';
import type { RowStore } from '../state/row-store.ts';

/** The point, or null before it was first set. */
export class Instant {
  readonly #store: RowStore;

  constructor(context: OperatorContext, name: string) {
    this.#store = context.store(name, [
      { name: '$instant', type: { name: 'int8' }, nullable: false },
    ]);
  }

  get value(): bigint | null {
    return this.#store.rows === 0 ? null : this.#store.column(0).i64[0] as bigint;
  }

  /** Moves the point. */
  set(value: bigint): void {
    const slot = this.#store.rows === 0 ? this.#store.alloc() : 0;
    this.#store.column(0).i64[slot] = value;
    this.#store.touch(slot);
  }
}
