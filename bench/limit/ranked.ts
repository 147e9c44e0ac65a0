/**
 * q18 and q19 by hand: the last bid of a bidder in an auction, the ten highest bids of an auction.
 */
import type { AnswerCell } from '../nexmark/answer.ts';
import type { EpochEvents } from '../nexmark/events.ts';
import { lanes, texts, wide } from './columns.ts';
import type { Limit } from './limit.ts';
import { fit, grown, PairTable } from './table.ts';

/** q18: bids come in order of time, so the last to come is the last. */
export class LastBid implements Limit {
  readonly #table = new PairTable();
  #price: Float64Array = new Float64Array(1024);
  #time: Float64Array = new Float64Array(1024);
  readonly #channel: string[] = [];
  readonly #url: string[] = [];
  readonly #extra: string[] = [];

  feed(events: EpochEvents): void {
    const auction = lanes(events, 'bid', 'auction');
    const bidder = lanes(events, 'bid', 'bidder');
    const price = lanes(events, 'bid', 'price');
    const time = lanes(events, 'bid', 'date_time');
    const channel = texts(events, 'bid', 'channel');
    const url = texts(events, 'bid', 'url');
    const extra = texts(events, 'bid', 'extra');
    for (let i = 0; i < events.bid.length; i++) {
      const slot = this.#table.slot(wide(auction, i), wide(bidder, i));
      if (slot >= this.#price.length) {
        this.#price = fit(this.#price, slot + 1);
        this.#time = fit(this.#time, slot + 1);
      }
      this.#price[slot] = wide(price, i);
      this.#time[slot] = wide(time, i);
      this.#channel[slot] = channel[i] as string;
      this.#url[slot] = url[i] as string;
      this.#extra[slot] = extra[i] as string;
    }
  }

  *rows(): Generator<AnswerCell[], void> {
    for (let slot = 0; slot < this.#table.size; slot++) {
      yield [this.#table.first[slot] ?? 0, this.#table.second[slot] ?? 0,
        this.#price[slot] ?? 0, this.#channel[slot] ?? '', this.#url[slot] ?? '',
        this.#time[slot] ?? 0, this.#extra[slot] ?? ''];
    }
  }
}

const TEN = 10;

/** q19: ten places an auction, kept in order; equal prices keep the order of time. */
export class TopTen implements Limit {
  readonly #table = new PairTable();
  #filled: Uint8Array = new Uint8Array(1024);
  #price: Float64Array = new Float64Array(1024 * TEN);
  #bidder: Float64Array = new Float64Array(1024 * TEN);
  #time: Float64Array = new Float64Array(1024 * TEN);
  readonly #channel: string[] = [];
  readonly #url: string[] = [];
  readonly #extra: string[] = [];

  feed(events: EpochEvents): void {
    const auction = lanes(events, 'bid', 'auction');
    const bidder = lanes(events, 'bid', 'bidder');
    const price = lanes(events, 'bid', 'price');
    const time = lanes(events, 'bid', 'date_time');
    const channel = texts(events, 'bid', 'channel');
    const url = texts(events, 'bid', 'url');
    const extra = texts(events, 'bid', 'extra');
    for (let i = 0; i < events.bid.length; i++) {
      const group = this.#table.slot(wide(auction, i), 0);
      if (group >= this.#filled.length) this.#grow();
      const bid = wide(price, i);
      const base = group * TEN;
      const filled = this.#filled[group] as number;
      if (filled === TEN && bid <= (this.#price[base + TEN - 1] as number)) continue;
      const at = this.#open(base, filled, bid);
      if (filled < TEN) this.#filled[group] = filled + 1;
      this.#price[at] = bid;
      this.#bidder[at] = wide(bidder, i);
      this.#time[at] = wide(time, i);
      this.#channel[at] = channel[i] as string;
      this.#url[at] = url[i] as string;
      this.#extra[at] = extra[i] as string;
    }
  }

  /** Makes room for a price; gives its place. */
  #open(base: number, filled: number, bid: number): number {
    let at = base + Math.min(filled, TEN - 1);
    for (; at > base && (this.#price[at - 1] as number) < bid; at--) {
      this.#price[at] = this.#price[at - 1] as number;
      this.#bidder[at] = this.#bidder[at - 1] as number;
      this.#time[at] = this.#time[at - 1] as number;
      this.#channel[at] = this.#channel[at - 1] as string;
      this.#url[at] = this.#url[at - 1] as string;
      this.#extra[at] = this.#extra[at - 1] as string;
    }
    return at;
  }

  #grow(): void {
    const filled = new Uint8Array(this.#filled.length * 2);
    filled.set(this.#filled);
    this.#filled = filled;
    this.#price = grown(this.#price);
    this.#bidder = grown(this.#bidder);
    this.#time = grown(this.#time);
  }

  *rows(): Generator<AnswerCell[], void> {
    for (let group = 0; group < this.#table.size; group++) {
      for (let n = 0; n < (this.#filled[group] ?? 0); n++) {
        const at = group * TEN + n;
        yield [this.#table.first[group] ?? 0, this.#bidder[at] ?? 0, this.#price[at] ?? 0,
          this.#channel[at] ?? '', this.#url[at] ?? '', this.#time[at] ?? 0,
          this.#extra[at] ?? '', n + 1];
      }
    }
  }
}
