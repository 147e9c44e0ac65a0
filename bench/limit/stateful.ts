/**
 * q4 to q8, q12 and w2 by hand. Rows come in order of time and are never taken back.
 */
import { numericText } from '../nexmark/answer.ts';
import type { AnswerCell } from '../nexmark/answer.ts';
import type { EpochEvents } from '../nexmark/events.ts';
import { lanes, texts, wide } from './columns.ts';
import type { Limit } from './limit.ts';
import { fit, PairTable } from './table.ts';

const SECOND = 1_000_000;

/** q4: the highest bid of each auction goes into its category's sum at once. */
export class WinningBids implements Limit {
  readonly #auctions = new PairTable();
  #from: Float64Array = new Float64Array(1024);
  #to: Float64Array = new Float64Array(1024);
  #max: Float64Array = new Float64Array(1024);
  #category: Float64Array = new Float64Array(1024);
  readonly #sum: Float64Array = new Float64Array(64);
  readonly #count: Float64Array = new Float64Array(64);

  feed(events: EpochEvents): void {
    this.#takeAuctions(events);
    const auction = lanes(events, 'bid', 'auction');
    const price = lanes(events, 'bid', 'price');
    const time = lanes(events, 'bid', 'date_time');
    const count = events.bid.length;
    for (let i = 0; i < count; i++) {
      const slot = this.#auctions.find(wide(auction, i), 0);
      if (slot < 0) continue;
      const at = wide(time, i);
      if (at < (this.#from[slot] as number) || at > (this.#to[slot] as number)) continue;
      const bid = wide(price, i);
      const best = this.#max[slot] as number;
      if (bid <= best) continue;
      const category = this.#category[slot] as number;
      this.#max[slot] = bid;
      if (best < 0) {
        this.#count[category] = (this.#count[category] as number) + 1;
        this.#sum[category] = (this.#sum[category] as number) + bid;
      } else {
        this.#sum[category] = (this.#sum[category] as number) + bid - best;
      }
    }
  }

  #takeAuctions(events: EpochEvents): void {
    const id = lanes(events, 'auction', 'id');
    const time = lanes(events, 'auction', 'date_time');
    const expires = lanes(events, 'auction', 'expires');
    const category = lanes(events, 'auction', 'category');
    for (let i = 0; i < events.auction.length; i++) {
      const slot = this.#auctions.slot(wide(id, i), 0);
      this.#from = fit(this.#from, slot + 1);
      this.#to = fit(this.#to, slot + 1);
      this.#max = fit(this.#max, slot + 1);
      this.#category = fit(this.#category, slot + 1);
      this.#from[slot] = wide(time, i);
      this.#to[slot] = wide(expires, i);
      this.#max[slot] = -1;
      this.#category[slot] = wide(category, i);
    }
  }

  *rows(): Generator<AnswerCell[], void> {
    for (let category = 0; category < this.#sum.length; category++) {
      const count = this.#count[category] ?? 0;
      if (count > 0) yield [category, numericText((this.#sum[category] ?? 0) / count)];
    }
  }
}

/** q5: five windows a bid, each with its counts and the highest of them. */
export class HotItems implements Limit {
  readonly #counts = new PairTable();
  readonly #windows = new PairTable();
  #count: Float64Array = new Float64Array(1024);
  #most: Float64Array = new Float64Array(1024);

  feed(events: EpochEvents): void {
    const auction = lanes(events, 'bid', 'auction');
    const time = lanes(events, 'bid', 'date_time');
    const count = events.bid.length;
    for (let i = 0; i < count; i++) {
      const id = wide(auction, i);
      const last = Math.floor(wide(time, i) / (2 * SECOND)) * (2 * SECOND);
      for (let start = last; start > last - 10 * SECOND; start -= 2 * SECOND) {
        const slot = this.#counts.slot(id, start);
        if (slot >= this.#count.length) this.#count = fit(this.#count, slot + 1);
        const made = (this.#count[slot] as number) + 1;
        this.#count[slot] = made;
        const window = this.#windows.slot(start, 0);
        if (window >= this.#most.length) this.#most = fit(this.#most, window + 1);
        if (made > (this.#most[window] as number)) this.#most[window] = made;
      }
    }
  }

  *rows(): Generator<AnswerCell[], void> {
    for (let slot = 0; slot < this.#counts.size; slot++) {
      const window = this.#windows.find(this.#counts.second[slot] ?? 0, 0);
      const count = this.#count[slot] ?? 0;
      if (count >= (this.#most[window] ?? 0)) yield [this.#counts.first[slot] ?? 0, count];
    }
  }
}

/** q7: per window the highest price and the bids that have it. */
export class HighestBid implements Limit {
  readonly #windows = new PairTable();
  #most: Float64Array = new Float64Array(1024);
  readonly #best: number[][] = [];

  feed(events: EpochEvents): void {
    const auction = lanes(events, 'bid', 'auction');
    const bidder = lanes(events, 'bid', 'bidder');
    const price = lanes(events, 'bid', 'price');
    const time = lanes(events, 'bid', 'date_time');
    const size = 10 * SECOND;
    const count = events.bid.length;
    for (let i = 0; i < count; i++) {
      const at = wide(time, i);
      const start = Math.floor(at / size) * size;
      const window = this.#windows.slot(start, 0);
      const bid = wide(price, i);
      if (window >= this.#best.length) {
        this.#best.push([]);
        this.#most = fit(this.#most, window + 1);
        this.#most[window] = -1;
      }
      // BETWEEN takes in the end: a bid at it may belong to the window before as well.
      if (at === start) {
        const before = this.#windows.find(start - size, 0);
        if (before >= 0 && this.#most[before] === bid) {
          this.#best[before]?.push(wide(auction, i), wide(bidder, i), at);
        }
      }
      if (bid < (this.#most[window] as number)) continue;
      const best = this.#best[window] as number[];
      if (bid > (this.#most[window] as number)) best.length = 0;
      this.#most[window] = bid;
      best.push(wide(auction, i), wide(bidder, i), at);
    }
  }

  *rows(): Generator<AnswerCell[], void> {
    for (const [window, best] of this.#best.entries()) {
      for (let i = 0; i < best.length; i += 3) {
        yield [best[i] ?? 0, this.#most[window] ?? 0, best[i + 1] ?? 0, best[i + 2] ?? 0];
      }
    }
  }
}

/** q8: persons and sellers of a window meet once. */
export class NewUsers implements Limit {
  readonly #persons = new PairTable();
  readonly #sellers = new PairTable();
  readonly #names: string[] = [];
  readonly #out: number[] = [];

  feed(events: EpochEvents): void {
    const seller = lanes(events, 'auction', 'seller');
    const opened = lanes(events, 'auction', 'date_time');
    const size = 10 * SECOND;
    for (let i = 0; i < events.auction.length; i++) {
      const id = wide(seller, i);
      const start = Math.floor(wide(opened, i) / size) * size;
      const known = this.#sellers.size;
      if (this.#sellers.slot(id, start) < known) continue;
      const person = this.#persons.find(id, start);
      if (person >= 0) this.#out.push(person);
    }
    const id = lanes(events, 'person', 'id');
    const name = texts(events, 'person', 'name');
    const time = lanes(events, 'person', 'date_time');
    for (let i = 0; i < events.person.length; i++) {
      const start = Math.floor(wide(time, i) / size) * size;
      const slot = this.#persons.slot(wide(id, i), start);
      if (slot < this.#names.length) continue;
      this.#names.push(name[i] ?? '');
      if (this.#sellers.find(wide(id, i), start) >= 0) this.#out.push(slot);
    }
  }

  *rows(): Generator<AnswerCell[], void> {
    for (const slot of this.#out) {
      yield [this.#persons.first[slot] ?? 0, this.#names[slot] ?? '',
        this.#persons.second[slot] ?? 0];
    }
  }
}

/** q12: bids per bidder and ten seconds. */
export class BidsPerBidder implements Limit {
  readonly #table = new PairTable();
  #count: Float64Array = new Float64Array(1024);

  feed(events: EpochEvents): void {
    const bidder = lanes(events, 'bid', 'bidder');
    const time = lanes(events, 'bid', 'date_time');
    const size = 10 * SECOND;
    const count = events.bid.length;
    for (let i = 0; i < count; i++) {
      const slot = this.#table.slot(wide(bidder, i), Math.floor(wide(time, i) / size) * size);
      if (slot >= this.#count.length) this.#count = fit(this.#count, slot + 1);
      this.#count[slot] = (this.#count[slot] as number) + 1;
    }
  }

  *rows(): Generator<AnswerCell[], void> {
    for (let slot = 0; slot < this.#table.size; slot++) {
      const start = this.#table.second[slot] ?? 0;
      yield [this.#table.first[slot] ?? 0, this.#count[slot] ?? 0, start, start + 10 * SECOND];
    }
  }
}

/** w2: count and sum per auction and second. */
export class CountAndSum implements Limit {
  readonly #table = new PairTable();
  #count: Float64Array = new Float64Array(1024);
  #sum: Float64Array = new Float64Array(1024);

  feed(events: EpochEvents): void {
    const auction = lanes(events, 'bid', 'auction');
    const price = lanes(events, 'bid', 'price');
    const time = lanes(events, 'bid', 'date_time');
    const count = events.bid.length;
    for (let i = 0; i < count; i++) {
      const slot = this.#table.slot(wide(auction, i), Math.floor(wide(time, i) / SECOND) * SECOND);
      if (slot >= this.#count.length) {
        this.#count = fit(this.#count, slot + 1);
        this.#sum = fit(this.#sum, slot + 1);
      }
      this.#count[slot] = (this.#count[slot] as number) + 1;
      this.#sum[slot] = (this.#sum[slot] as number) + wide(price, i);
    }
  }

  *rows(): Generator<AnswerCell[], void> {
    for (let slot = 0; slot < this.#table.size; slot++) {
      yield [this.#table.first[slot] ?? 0, this.#table.second[slot] ?? 0, this.#count[slot] ?? 0,
        numericText(this.#sum[slot] ?? 0)];
    }
  }
}
