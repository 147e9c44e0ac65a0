/**
 * q0 to q3 by hand: as fast as a loop over columns can be that keeps the same answer.
 */
import { numericText } from '../nexmark/answer.ts';
import type { AnswerCell } from '../nexmark/answer.ts';
import type { EpochEvents } from '../nexmark/events.ts';
import { lanes, texts, wide, words } from './columns.ts';
import type { Limit } from './limit.ts';
import { BigColumn, PairTable } from './table.ts';

function append(to: string[], from: readonly string[], count: number): void {
  for (let i = 0; i < count; i++) to.push(from[i] as string);
}

/** q0: every column is copied. */
export class Pass implements Limit {
  readonly #columns = [new BigColumn(), new BigColumn(), new BigColumn(), new BigColumn()] as const;
  readonly #extra: string[] = [];

  feed(events: EpochEvents): void {
    this.#columns[0].append(words(events, 'bid', 'auction'));
    this.#columns[1].append(words(events, 'bid', 'bidder'));
    this.#columns[2].append(words(events, 'bid', 'price'));
    this.#columns[3].append(words(events, 'bid', 'date_time'));
    append(this.#extra, texts(events, 'bid', 'extra'), events.bid.length);
  }

  *rows(): Generator<AnswerCell[], void> {
    const [a, b, c, d] = this.#columns;
    for (let i = 0; i < this.#extra.length; i++) {
      yield [a.data[i] ?? 0n, b.data[i] ?? 0n, c.data[i] ?? 0n, d.data[i] ?? 0n,
        this.#extra[i] ?? ''];
    }
  }
}

/** q1: prices become whole thousandths. */
export class Currency implements Limit {
  readonly #columns = [new BigColumn(), new BigColumn(), new BigColumn()] as const;
  readonly #extra: string[] = [];
  #thousandths: Float64Array = new Float64Array(1024);
  #length = 0;

  feed(events: EpochEvents): void {
    this.#columns[0].append(words(events, 'bid', 'auction'));
    this.#columns[1].append(words(events, 'bid', 'bidder'));
    this.#columns[2].append(words(events, 'bid', 'date_time'));
    append(this.#extra, texts(events, 'bid', 'extra'), events.bid.length);
    const price = lanes(events, 'bid', 'price');
    const count = events.bid.length;
    if (this.#length + count > this.#thousandths.length) {
      const more = new Float64Array((this.#length + count) * 2);
      more.set(this.#thousandths);
      this.#thousandths = more;
    }
    const to = this.#thousandths;
    const base = this.#length;
    for (let i = 0; i < count; i++) to[base + i] = wide(price, i) * 908;
    this.#length += count;
  }

  *rows(): Generator<AnswerCell[], void> {
    const [a, b, d] = this.#columns;
    for (let i = 0; i < this.#length; i++) {
      yield [a.data[i] ?? 0n, b.data[i] ?? 0n, numericText((this.#thousandths[i] ?? 0) / 1000),
        d.data[i] ?? 0n, this.#extra[i] ?? ''];
    }
  }
}

/** q2: few rows pass. */
export class Filter implements Limit {
  readonly #auctions: number[] = [];
  readonly #prices: number[] = [];

  feed(events: EpochEvents): void {
    const auction = lanes(events, 'bid', 'auction');
    const price = lanes(events, 'bid', 'price');
    const count = events.bid.length;
    for (let i = 0; i < count; i++) {
      const id = wide(auction, i);
      if (id - Math.floor(id / 123) * 123 !== 0) continue;
      this.#auctions.push(id);
      this.#prices.push(wide(price, i));
    }
  }

  *rows(): Generator<AnswerCell[], void> {
    for (let i = 0; i < this.#auctions.length; i++) {
      yield [this.#auctions[i] ?? 0, this.#prices[i] ?? 0];
    }
  }
}

/** q3: persons by id, auctions chained by seller, pairs listed as they meet. */
export class LocalItems implements Limit {
  readonly #persons = new PairTable();
  readonly #names: (readonly [string, string, string])[] = [];
  readonly #sellers = new PairTable();
  #head: Float64Array = new Float64Array(1024).fill(-1);
  readonly #ids: number[] = [];
  readonly #next: number[] = [];
  readonly #outPerson: number[] = [];
  readonly #outAuction: number[] = [];

  feed(events: EpochEvents): void {
    this.#takeAuctions(events);
    const id = lanes(events, 'person', 'id');
    const name = texts(events, 'person', 'name');
    const city = texts(events, 'person', 'city');
    const state = texts(events, 'person', 'state');
    for (let i = 0; i < events.person.length; i++) {
      const where = state[i];
      if (where !== 'OR' && where !== 'ID' && where !== 'CA') continue;
      const person = this.#persons.slot(wide(id, i), 0);
      this.#names.push([name[i] ?? '', city[i] ?? '', where]);
      const seller = this.#sellers.find(wide(id, i), 0);
      if (seller < 0) continue;
      for (let at = this.#head[seller] as number; at >= 0; at = this.#next[at] as number) {
        this.#outPerson.push(person);
        this.#outAuction.push(this.#ids[at] as number);
      }
    }
  }

  #takeAuctions(events: EpochEvents): void {
    const id = lanes(events, 'auction', 'id');
    const from = lanes(events, 'auction', 'seller');
    const category = lanes(events, 'auction', 'category');
    for (let i = 0; i < events.auction.length; i++) {
      if (category[2 * i] !== 10 || category[2 * i + 1] !== 0) continue;
      const by = wide(from, i);
      const seller = this.#sellers.slot(by, 0);
      if (seller >= this.#head.length) {
        const more = new Float64Array(this.#head.length * 2).fill(-1);
        more.set(this.#head);
        this.#head = more;
      }
      this.#next.push(this.#head[seller] as number);
      this.#head[seller] = this.#ids.push(wide(id, i)) - 1;
      const person = this.#persons.find(by, 0);
      if (person < 0) continue;
      this.#outPerson.push(person);
      this.#outAuction.push(wide(id, i));
    }
  }

  *rows(): Generator<AnswerCell[], void> {
    for (let i = 0; i < this.#outPerson.length; i++) {
      const [name, city, state] = this.#names[this.#outPerson[i] ?? 0] ?? ['', '', ''];
      yield [name, city, state, this.#outAuction[i] ?? 0];
    }
  }
}
