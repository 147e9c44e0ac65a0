/**
 * The answers recomputed from all events at once, as plainly as can be: rows and Maps, string keys.
 *
 * What the engine and the hand-written loops are checked against. Slow on purpose.
 */
import { cell } from '../../src/runtime/batch.ts';
import type { Batch } from '../../src/runtime/batch.ts';
import type { NexmarkKind } from '../../src/runtime/connectors/nexmark/generator.ts';
import { NEXMARK_COLUMNS } from '../../src/runtime/connectors/nexmark/generator.ts';
import { numericText } from './answer.ts';
import type { AnswerCell } from './answer.ts';
import type { Events } from './events.ts';

/** A row: integers are numbers here, for all of the bench's are small enough. */
export type Row = Readonly<Record<string, number | string>>;

const SECOND = 1_000_000;

/** The events of a kind as rows. */
export function* rowsOf(events: Events, kind: NexmarkKind): Generator<Row, void> {
  for (const epoch of events.epochs) {
    for (let row = 0; row < epoch[kind].length; row++) yield rowOf(epoch[kind], kind, row);
  }
}

function rowOf(batch: Batch, kind: NexmarkKind, row: number): Row {
  const made: Record<string, number | string> = {};
  for (const [at, { name }] of NEXMARK_COLUMNS[kind].entries()) {
    const column = batch.columns[at];
    const value = column === undefined ? null : cell(column, row);
    if (typeof value === 'string') made[name] = value;
    else if (typeof value === 'bigint') made[name] = Number(value);
  }
  return made;
}

function num(row: Row, name: string): number {
  return Number(row[name]);
}

function text(row: Row, name: string): string {
  return String(row[name]);
}

function floor(time: number, step: number): number {
  return Math.floor(time / step) * step;
}

type Rows = Generator<AnswerCell[], void>;

/** The answer of a query. */
export function naive(name: string, events: Events): Iterable<readonly AnswerCell[]> {
  switch (name) {
    case 'q0': case 'q1': return bidsAsTheyAre(events, name === 'q1');
    case 'q2': return filtered(events);
    case 'q3': return localItems(events);
    case 'q4': return winningBids(events);
    case 'q5': return hotItems(events);
    case 'q7': return highestBids(events);
    case 'q8': return newUsers(events);
    case 'q12': return bidsPerBidder(events);
    case 'q18': return lastBids(events);
    case 'q19': return topTen(events);
    case 'w2': return countAndSum(events);
    default: throw new Error(`no recomputation of ${name}`);
  }
}

function* bidsAsTheyAre(events: Events, convert: boolean): Rows {
  for (const bid of rowsOf(events, 'bid')) {
    const price = num(bid, 'price');
    yield [num(bid, 'auction'), num(bid, 'bidder'),
      convert ? numericText(price * 908 / 1000) : price, num(bid, 'date_time'), text(bid, 'extra')];
  }
}

function* filtered(events: Events): Rows {
  for (const bid of rowsOf(events, 'bid')) {
    if (num(bid, 'auction') % 123 === 0) yield [num(bid, 'auction'), num(bid, 'price')];
  }
}

function* localItems(events: Events): Rows {
  const persons = new Map<number, Row>();
  for (const person of rowsOf(events, 'person')) persons.set(num(person, 'id'), person);
  for (const auction of rowsOf(events, 'auction')) {
    const person = persons.get(num(auction, 'seller'));
    if (person === undefined || num(auction, 'category') !== 10) continue;
    if (!['OR', 'ID', 'CA'].includes(text(person, 'state'))) continue;
    yield [text(person, 'name'), text(person, 'city'), text(person, 'state'), num(auction, 'id')];
  }
}

function* winningBids(events: Events): Rows {
  const auctions = new Map<number, { readonly row: Row; final: number | null }>();
  for (const row of rowsOf(events, 'auction')) auctions.set(num(row, 'id'), { row, final: null });
  for (const bid of rowsOf(events, 'bid')) {
    const auction = auctions.get(num(bid, 'auction'));
    if (auction === undefined) continue;
    const time = num(bid, 'date_time');
    if (time < num(auction.row, 'date_time') || time > num(auction.row, 'expires')) continue;
    if (auction.final === null || num(bid, 'price') > auction.final) {
      auction.final = num(bid, 'price');
    }
  }
  const categories = new Map<number, number[]>();
  for (const { row, final } of auctions.values()) {
    if (final !== null) listOf(categories, num(row, 'category')).push(final);
  }
  for (const [category, finals] of categories) {
    yield [category, numericText(finals.reduce((sum, each) => sum + each, 0) / finals.length)];
  }
}

function* hotItems(events: Events): Rows {
  const windows = new Map<number, Map<number, number>>();
  for (const bid of rowsOf(events, 'bid')) {
    const time = num(bid, 'date_time');
    for (let start = floor(time, 2 * SECOND); start > time - 10 * SECOND; start -= 2 * SECOND) {
      let counts = windows.get(start);
      if (counts === undefined) windows.set(start, counts = new Map());
      counts.set(num(bid, 'auction'), (counts.get(num(bid, 'auction')) ?? 0) + 1);
    }
  }
  for (const counts of windows.values()) {
    let most = 0;
    for (const count of counts.values()) most = Math.max(most, count);
    for (const [auction, count] of counts) if (count === most) yield [auction, count];
  }
}

function* highestBids(events: Events): Rows {
  const most = new Map<number, number>();
  for (const bid of rowsOf(events, 'bid')) {
    const end = floor(num(bid, 'date_time'), 10 * SECOND) + 10 * SECOND;
    most.set(end, Math.max(most.get(end) ?? 0, num(bid, 'price')));
  }
  for (const bid of rowsOf(events, 'bid')) {
    const time = num(bid, 'date_time');
    for (const end of new Set([floor(time, 10 * SECOND) + 10 * SECOND, time])) {
      if (most.get(end) !== num(bid, 'price')) continue;
      yield [num(bid, 'auction'), num(bid, 'price'), num(bid, 'bidder'), time];
    }
  }
}

function* newUsers(events: Events): Rows {
  const sellers = new Set<string>();
  for (const auction of rowsOf(events, 'auction')) {
    sellers.add(`${num(auction, 'seller')} ${floor(num(auction, 'date_time'), 10 * SECOND)}`);
  }
  const seen = new Set<string>();
  for (const person of rowsOf(events, 'person')) {
    const start = floor(num(person, 'date_time'), 10 * SECOND);
    const key = `${num(person, 'id')} ${start}`;
    if (!sellers.has(key) || seen.has(`${key} ${text(person, 'name')}`)) continue;
    seen.add(`${key} ${text(person, 'name')}`);
    yield [num(person, 'id'), text(person, 'name'), start];
  }
}

function* bidsPerBidder(events: Events): Rows {
  const counts = new Map<string, number>();
  for (const bid of rowsOf(events, 'bid')) {
    const key = `${num(bid, 'bidder')} ${floor(num(bid, 'date_time'), 10 * SECOND)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const [key, count] of counts) {
    const [bidder, start] = key.split(' ').map(Number);
    yield [bidder ?? 0, count, start ?? 0, (start ?? 0) + 10 * SECOND];
  }
}

function* lastBids(events: Events): Rows {
  const last = new Map<string, Row>();
  for (const bid of rowsOf(events, 'bid')) {
    const key = `${num(bid, 'bidder')} ${num(bid, 'auction')}`;
    const known = last.get(key);
    if (known === undefined || num(known, 'date_time') < num(bid, 'date_time')) last.set(key, bid);
  }
  for (const bid of last.values()) yield wholeBid(bid);
}

function* topTen(events: Events): Rows {
  const auctions = new Map<number, Row[]>();
  for (const bid of rowsOf(events, 'bid')) listOf(auctions, num(bid, 'auction')).push(bid);
  for (const bids of auctions.values()) {
    const order = bids.toSorted((a, b) => num(b, 'price') - num(a, 'price')
      || num(a, 'date_time') - num(b, 'date_time'));
    for (const [at, bid] of order.slice(0, 10).entries()) yield [...wholeBid(bid), at + 1];
  }
}

function* countAndSum(events: Events): Rows {
  const groups = new Map<string, [number, number]>();
  for (const bid of rowsOf(events, 'bid')) {
    const key = `${num(bid, 'auction')} ${floor(num(bid, 'date_time'), SECOND)}`;
    const [count, sum] = groups.get(key) ?? [0, 0];
    groups.set(key, [count + 1, sum + num(bid, 'price')]);
  }
  for (const [key, [count, sum]] of groups) {
    const [auction, start] = key.split(' ').map(Number);
    yield [auction ?? 0, start ?? 0, count, numericText(sum)];
  }
}

function wholeBid(bid: Row): AnswerCell[] {
  return [num(bid, 'auction'), num(bid, 'bidder'), num(bid, 'price'), text(bid, 'channel'),
    text(bid, 'url'), num(bid, 'date_time'), text(bid, 'extra')];
}

function listOf<T>(lists: Map<number, T[]>, key: number): T[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, list = []);
  return list;
}
