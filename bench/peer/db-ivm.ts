/**
 * w2, q4, q5 and q7 on @tanstack/db-ivm, as its documentation would have them written.
 *
 * It is fed plain objects with numbers, its native form, made before; HOP's windows are spread out
 * when rows are sent, for it has no operator that makes several rows of one. The answer is kept in
 * a Map, as an application would.
 */
import { numericText } from '../nexmark/answer.ts';
import type { AnswerCell } from '../nexmark/answer.ts';
import type { Change, DbIvm, Input, Stream } from './db-ivm-module.ts';

const SECOND = 1_000_000;

/** A bid as the peer gets it. */
export interface PeerBid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly time: number;
}

/** An auction as the peer gets it. */
export interface PeerAuction {
  readonly id: number;
  readonly category: number;
  readonly time: number;
  readonly expires: number;
}

/** Rows of one epoch. */
export interface PeerEpoch {
  readonly auctions: readonly PeerAuction[];
  readonly bids: readonly PeerBid[];
}

/** A query on the peer. */
export interface PeerQuery {
  feed(epoch: PeerEpoch): void;
  rows(): Iterable<readonly AnswerCell[]>;
}

/** Names of the queries there are. */
export const PEER_QUERIES: readonly string[] = ['w2', 'q4', 'q5', 'q7'];

/** Builds a query. */
export function makePeer(ivm: DbIvm, name: string): PeerQuery {
  switch (name) {
    case 'w2': return countAndSum(ivm);
    case 'q4': return winningBids(ivm);
    case 'q5': return hotItems(ivm);
    case 'q7': return highestBid(ivm);
    default: throw new Error(`no ${name} on db-ivm`);
  }
}

/** The answer as a multiset of rows under text keys. */
class Answer<T> {
  readonly #rows = new Map<string, { readonly row: T; weight: number }>();

  take(key: string, row: T, weight: number): void {
    const known = this.#rows.get(key);
    if (known === undefined) this.#rows.set(key, { row, weight });
    else if ((known.weight += weight) === 0) this.#rows.delete(key);
  }

  *rows(): Generator<T, void> {
    for (const { row, weight } of this.#rows.values()) {
      for (let n = 0; n < weight; n++) yield row;
    }
  }
}

/** Keeps what a stream of keyed groups puts out. */
function collect<T extends readonly AnswerCell[]>(
  ivm: DbIvm, stream: Stream<[string, Readonly<Record<string, number>>]>,
  make: (row: Readonly<Record<string, number>>) => T,
): Answer<T> {
  const answer = new Answer<T>();
  stream.pipe(ivm.output((data) => {
    for (const [[, row], weight] of data.getInner()) {
      const cells = make(row);
      answer.take(cells.join(' '), cells, weight);
    }
  }));
  return answer;
}

function send<T>(input: Input<T>, rows: readonly T[]): void {
  input.sendData(rows.map((row): Change<T> => [row, 1]));
}

function floor(time: number, step: number): number {
  return Math.floor(time / step) * step;
}

function countAndSum(ivm: DbIvm): PeerQuery {
  const graph = new ivm.D2();
  const input = graph.newInput<PeerBid>();
  const groups = input.pipe(ivm.groupBy(
    (bid: PeerBid) => ({ auction: bid.auction, start: floor(bid.time, SECOND) }),
    { n: ivm.count(), s: ivm.sum((bid: PeerBid) => bid.price) }));
  const answer = collect(ivm, groups, (row) =>
    [row['auction'] ?? 0, row['start'] ?? 0, row['n'] ?? 0, numericText(row['s'] ?? 0)]);
  graph.finalize();
  return {
    feed: ({ bids }) => { send(input, bids); graph.run(); },
    rows: () => answer.rows(),
  };
}

type Numbers = Readonly<Record<string, number>>;

function winningBids(ivm: DbIvm): PeerQuery {
  const graph = new ivm.D2();
  const auctions = graph.newInput<PeerAuction>();
  const bids = graph.newInput<PeerBid>();
  const byId = auctions.pipe(ivm.map((auction: PeerAuction): [number, PeerAuction] =>
    [auction.id, auction]));
  const finals = bids
    .pipe(ivm.map((bid: PeerBid): [number, PeerBid] => [bid.auction, bid]))
    .pipe(ivm.join<number, PeerBid, PeerAuction>(byId, 'inner'))
    .pipe(ivm.filter(([, [bid, auction]]) =>
      bid.time >= auction.time && bid.time <= auction.expires))
    .pipe(ivm.groupBy(([, [, auction]]) => ({ id: auction.id, category: auction.category }),
      { final: ivm.max(([, [bid]]: [number, [PeerBid, PeerAuction]]) => bid.price) }));
  const averages = finals.pipe(ivm.groupBy(
    ([, row]: [string, Numbers]) => ({ category: row['category'] ?? 0 }),
    { avg: ivm.avg(([, row]: [string, Numbers]) => row['final'] ?? 0) }));
  const answer = collect(ivm, averages, (row) =>
    [row['category'] ?? 0, numericText(row['avg'] ?? 0)]);
  graph.finalize();
  return {
    feed: (epoch) => {
      send(auctions, epoch.auctions);
      send(bids, epoch.bids);
      graph.run();
    },
    rows: () => answer.rows(),
  };
}

interface Spread {
  readonly auction: number;
  readonly start: number;
}

function hotItems(ivm: DbIvm): PeerQuery {
  const graph = new ivm.D2();
  const input = graph.newInput<Spread>();
  const counts = input.pipe(ivm.groupBy(
    (bid: Spread) => ({ auction: bid.auction, start: bid.start }), { num: ivm.count() }));
  const most = counts.pipe(
    ivm.groupBy(([, row]: [string, Numbers]) => ({ start: row['start'] ?? 0 }),
      { max: ivm.max(([, row]: [string, Numbers]) => row['num'] ?? 0) }),
    ivm.map(([, row]: [string, Numbers]): [number, number] =>
      [row['start'] ?? 0, row['max'] ?? 0]));
  const hot = counts.pipe(
    ivm.map(([, row]: [string, Numbers]): [number, Numbers] => [row['start'] ?? 0, row]),
    ivm.join<number, Numbers, number>(most, 'inner'),
    ivm.filter(([, [row, max]]) => (row['num'] ?? 0) >= max));
  const answer = new Answer<readonly AnswerCell[]>();
  hot.pipe(ivm.output((data) => {
    for (const [[start, [row]], weight] of data.getInner()) {
      const cells = [row['auction'] ?? 0, row['num'] ?? 0];
      answer.take(`${start} ${cells.join(' ')}`, cells, weight);
    }
  }));
  graph.finalize();
  return {
    feed: ({ bids }) => {
      const spread: Change<Spread>[] = [];
      for (const { auction, time } of bids) {
        const last = floor(time, 2 * SECOND);
        for (let start = last; start > last - 10 * SECOND; start -= 2 * SECOND) {
          spread.push([{ auction, start }, 1]);
        }
      }
      input.sendData(spread);
      graph.run();
    },
    rows: () => answer.rows(),
  };
}

function highestBid(ivm: DbIvm): PeerQuery {
  const graph = new ivm.D2();
  const input = graph.newInput<PeerBid>();
  const most = input.pipe(
    ivm.groupBy((bid: PeerBid) => ({ end: floor(bid.time, 10 * SECOND) + 10 * SECOND }),
      { max: ivm.max((bid: PeerBid) => bid.price) }),
    ivm.map(([, row]: [string, Numbers]): [number, number] =>
      [row['max'] ?? 0, row['end'] ?? 0]));
  const best = input.pipe(
    ivm.map((bid: PeerBid): [number, PeerBid] => [bid.price, bid]),
    ivm.join<number, PeerBid, number>(most, 'inner'),
    ivm.filter(([, [bid, end]]) => bid.time >= end - 10 * SECOND && bid.time <= end));
  const answer = new Answer<readonly AnswerCell[]>();
  best.pipe(ivm.output((data) => {
    for (const [[, [bid, end]], weight] of data.getInner()) {
      const cells = [bid.auction, bid.price, bid.bidder, bid.time];
      answer.take(`${end} ${cells.join(' ')}`, cells, weight);
    }
  }));
  graph.finalize();
  return {
    feed: ({ bids }) => { send(input, bids); graph.run(); },
    rows: () => answer.rows(),
  };
}
