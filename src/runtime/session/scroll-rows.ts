/**
 * Rows of a SCROLL cursor: those that were read are kept, with a position, so that it can go back.
 */
import { must } from '../../common/assert.ts';
import type { FetchCursor } from '../../parser/ast-statements.ts';
import type { Batch } from '../batch.ts';
import { pickRows } from './result.ts';
import type { RowCursor } from './result.ts';

/** The rows of one cursor. */
export class ScrollRows {
  readonly #rows: RowCursor;
  readonly #places: { readonly batch: Batch; readonly row: number }[] = [];
  #ended = false;
  /** Row the cursor stands on: 0 before the first, one more than there are behind the last. */
  #at = 0;

  constructor(rows: RowCursor) {
    this.#rows = rows;
  }

  /** Moves as FETCH or MOVE says; the rows passed, in order. */
  async fetch({ direction, count }: FetchCursor): Promise<readonly Batch[]> {
    switch (direction) {
      case 'next': return await this.#forward(1);
      case 'prior': return await this.#forward(-1);
      case 'first': return await this.#absolute(1);
      case 'last': return await this.#absolute(-1);
      case 'absolute': return await this.#absolute(count ?? 1);
      case 'relative': return await this.#relative(count ?? 1);
      case 'forward': return await this.#forward(count ?? Number.POSITIVE_INFINITY);
      case 'backward': return await this.#forward(-(count ?? Number.POSITIVE_INFINITY));
    }
  }

  async #forward(count: number): Promise<readonly Batch[]> {
    if (count === 0) return this.#picked(this.#at, this.#at);
    if (count < 0) {
      const from = this.#at - 1;
      const to = Math.max(this.#at + count, 1);
      this.#at = Math.max(this.#at + count, 0);
      return from < to ? [] : this.#picked(from, to);
    }
    const from = this.#at + 1;
    await this.#read(this.#at + count);
    const to = Math.min(this.#at + count, this.#places.length);
    this.#at = this.#at + count > this.#places.length ? this.#places.length + 1 : to;
    return this.#picked(from, to);
  }

  async #absolute(place: number): Promise<readonly Batch[]> {
    await this.#read(place < 0 ? Number.POSITIVE_INFINITY : place);
    const last = this.#places.length;
    const wanted = place < 0 ? last + 1 + place : place;
    this.#at = Math.min(Math.max(wanted, 0), last + 1);
    return this.#picked(this.#at, this.#at);
  }

  async #relative(by: number): Promise<readonly Batch[]> {
    return await this.#absolute(Math.max(this.#at + by, 0));
  }

  /** Reads until there are so many rows. */
  async #read(count: number): Promise<void> {
    while (!this.#ended && this.#places.length < count) {
      const left = count - this.#places.length;
      const batch = await this.#rows.next(Number.isFinite(left) ? left : 0);
      if (batch === null) {
        this.#ended = true;
        return;
      }
      for (let row = 0; row < batch.length; row++) this.#places.push({ batch, row });
    }
  }

  /** Rows from one place to another, in either direction; places that hold no row are left out. */
  #picked(from: number, to: number): readonly Batch[] {
    const step = to < from ? -1 : 1;
    const found: Batch[] = [];
    for (let at = from; step > 0 ? at <= to : at >= to; at += step) {
      if (at < 1 || at > this.#places.length) continue;
      const { batch, row } = must(this.#places[at - 1], 'row of a cursor');
      found.push(pickRows(batch, Int32Array.of(row)));
    }
    return found;
  }
}
