/**
 * The hand-written loops by the name of their query.
 */
import type { Limit } from './limit.ts';
import { LastBid, TopTen } from './ranked.ts';
import {
  BidsPerBidder, CountAndSum, HighestBid, HotItems, NewUsers, WinningBids,
} from './stateful.ts';
import { Currency, Filter, LocalItems, Pass } from './stateless.ts';

/** The hand-written form of a query. */
export function makeLimit(name: string): Limit {
  switch (name) {
    case 'q0': return new Pass();
    case 'q1': return new Currency();
    case 'q2': return new Filter();
    case 'q3': return new LocalItems();
    case 'q4': return new WinningBids();
    case 'q5': return new HotItems();
    case 'q7': return new HighestBid();
    case 'q8': return new NewUsers();
    case 'q12': return new BidsPerBidder();
    case 'q18': return new LastBid();
    case 'q19': return new TopTen();
    case 'w2': return new CountAndSum();
    default: throw new Error(`no limit for ${name}`);
  }
}
