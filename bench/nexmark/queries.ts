/**
 * The Nexmark queries of the bench as SQL, and the columns each reads.
 *
 * The texts are the usual ones. Where the usual text leaves the answer open (q19: equal prices) an
 * order by time is added; q12 counts in event time; w2 is not Nexmark's but the plainest windowed
 * aggregate there is.
 */
import type { Needed } from './events.ts';

/** A query of the bench. */
export interface BenchQuery {
  readonly name: string;
  readonly about: string;
  readonly sql: string;
  readonly needed: Needed;
}

function query(
  name: string, about: string, needed: Partial<Needed>, sql: string,
): BenchQuery {
  return { name, about, sql, needed: { person: [], auction: [], bid: [], ...needed } };
}

const HOP = "HOP(bid, date_time, INTERVAL '2 seconds', INTERVAL '10 seconds')";
const ALL_OF_BID = ['auction', 'bidder', 'price', 'channel', 'url', 'date_time', 'extra'];

/** All queries, in order. */
export const QUERIES: readonly BenchQuery[] = [
  query('q0', 'pass', { bid: ['auction', 'bidder', 'price', 'date_time', 'extra'] },
    'SELECT auction, bidder, price, date_time, extra FROM bid'),
  query('q1', 'currency', { bid: ['auction', 'bidder', 'price', 'date_time', 'extra'] },
    'SELECT auction, bidder, 0.908 * price AS price, date_time, extra FROM bid'),
  query('q2', 'filter', { bid: ['auction', 'price'] },
    'SELECT auction, price FROM bid WHERE auction % 123 = 0'),
  query('q3', 'local items', {
    person: ['id', 'name', 'city', 'state'], auction: ['id', 'seller', 'category'],
  }, `SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id
     WHERE a.category = 10 AND (p.state = 'OR' OR p.state = 'ID' OR p.state = 'CA')`),
  query('q4', 'average of winning bids', {
    auction: ['id', 'category', 'date_time', 'expires'], bid: ['auction', 'price', 'date_time'],
  }, `SELECT category, avg(final) AS avg FROM (
       SELECT max(b.price) AS final, a.category FROM auction a JOIN bid b ON a.id = b.auction
       WHERE b.date_time BETWEEN a.date_time AND a.expires GROUP BY a.id, a.category) q
     GROUP BY category`),
  query('q5', 'hot items', { bid: ['auction', 'date_time'] },
    `SELECT b.auction, b.num FROM (
       SELECT auction, count(*) AS num, window_start, window_end FROM ${HOP}
       GROUP BY auction, window_start, window_end) b
     JOIN (SELECT max(num) AS maxn, window_start, window_end FROM (
         SELECT count(*) AS num, window_start, window_end FROM ${HOP}
         GROUP BY auction, window_start, window_end) c
       GROUP BY window_start, window_end) m
     ON b.window_start = m.window_start AND b.window_end = m.window_end AND b.num >= m.maxn`),
  query('q7', 'highest bid', { bid: ['auction', 'bidder', 'price', 'date_time'] },
    `SELECT b.auction, b.price, b.bidder, b.date_time FROM bid b
     JOIN (SELECT max(price) AS maxprice, window_end
       FROM TUMBLE(bid, date_time, INTERVAL '10 seconds') GROUP BY window_end) m
     ON b.price = m.maxprice
     WHERE b.date_time BETWEEN m.window_end - INTERVAL '10 seconds' AND m.window_end`),
  query('q8', 'new users', {
    person: ['id', 'name', 'date_time'], auction: ['seller', 'date_time'],
  }, `SELECT p.id, p.name, p.window_start FROM (
       SELECT id, name, window_start, window_end
       FROM TUMBLE(person, date_time, INTERVAL '10 seconds')
       GROUP BY id, name, window_start, window_end) p
     JOIN (SELECT seller, window_start, window_end
       FROM TUMBLE(auction, date_time, INTERVAL '10 seconds')
       GROUP BY seller, window_start, window_end) a
     ON p.id = a.seller AND p.window_start = a.window_start AND p.window_end = a.window_end`),
  query('q12', 'bids per bidder', { bid: ['bidder', 'date_time'] },
    `SELECT bidder, count(*) AS bid_count, window_start, window_end
     FROM TUMBLE(bid, date_time, INTERVAL '10 seconds')
     GROUP BY bidder, window_start, window_end`),
  query('q18', 'last bid', { bid: ALL_OF_BID },
    `SELECT auction, bidder, price, channel, url, date_time, extra FROM (
       SELECT *, row_number() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC) AS rn
       FROM bid) q WHERE rn <= 1`),
  query('q19', 'top ten bids', { bid: ALL_OF_BID },
    `SELECT * FROM (
       SELECT *, row_number() OVER (PARTITION BY auction ORDER BY price DESC, date_time) AS rn
       FROM bid) q WHERE rn <= 10`),
  query('w2', 'count and sum per key and second', { bid: ['auction', 'price', 'date_time'] },
    `SELECT auction, window_start, count(*) AS n, sum(price) AS s
     FROM TUMBLE(bid, date_time, INTERVAL '1 second') GROUP BY auction, window_start`),
];

/** A query by name. */
export function queryNamed(name: string): BenchQuery {
  const found = QUERIES.find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(`no query ${name}; there are ${QUERIES.map((each) => each.name).join(', ')}`);
  }
  return found;
}
