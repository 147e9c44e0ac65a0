/**
 * Nexmark's queries as views over tables, and for PostgreSQL, which has no windows of time, the same
 * in its words. q6 is the last ten winning bids by a seller, q12 counts in event time, q13 joins a
 * table, q14 counts a letter without a function of one's own.
 */
import type { ComparedView } from '../support/compare.ts';

/** CREATE TABLE of all tables. */
export const TABLES: readonly string[] = [
  'CREATE TABLE person (id bigint PRIMARY KEY, name varchar, email_address varchar, '
  + 'credit_card varchar, city varchar, state varchar, date_time timestamp, extra varchar)',
  'CREATE TABLE auction (id bigint PRIMARY KEY, item_name varchar, description varchar, '
  + 'initial_bid bigint, reserve bigint, date_time timestamp, expires timestamp, seller bigint, '
  + 'category bigint, extra varchar)',
  'CREATE TABLE bid (auction bigint, bidder bigint, price bigint, channel varchar, url varchar, '
  + 'date_time timestamp, extra varchar)',
  'CREATE TABLE side_input (key bigint PRIMARY KEY, value varchar)',
];

const EPOCH = "timestamp '1970-01-01'";

function tumble(table: string): string {
  return `(SELECT *, date_bin('10 seconds', date_time, ${EPOCH}) AS window_start, `
    + `date_bin('10 seconds', date_time, ${EPOCH}) + interval '10 seconds' AS window_end `
    + `FROM ${table}) t`;
}

const HOP = `(SELECT bid.*, w AS window_start, w + interval '10 seconds' AS window_end FROM bid,
  generate_series(date_bin('2 seconds', date_time, ${EPOCH}) - interval '8 seconds',
    date_bin('2 seconds', date_time, ${EPOCH}), interval '2 seconds') w) t`;

const SESSION = `(SELECT bidder, min(date_time) AS window_start,
    max(date_time) + interval '10 seconds' AS window_end, count(*) AS bid_count
  FROM (SELECT *, sum(starts) OVER (PARTITION BY bidder ORDER BY date_time) AS session FROM (
    SELECT bidder, date_time, CASE WHEN date_time - lag(date_time) OVER (PARTITION BY bidder
      ORDER BY date_time) < interval '10 seconds' THEN 0 ELSE 1 END AS starts FROM bid) a) b
  GROUP BY bidder, session) t`;

/** A query written once for both: windows by name are replaced for PostgreSQL. */
function windowed(name: string, sql: string): ComparedView {
  return {
    name, sql: sql.replaceAll('{hop}', "HOP(bid, date_time, INTERVAL '2' SECOND, INTERVAL '10' SECOND)")
      .replaceAll(/\{(\w+)\}/g, "TUMBLE($1, date_time, INTERVAL '10' SECOND)"),
    theirs: sql.replaceAll('{hop}', HOP).replaceAll(/\{(\w+)\}/g, (_, table: string) => tumble(table)),
  };
}

function plain(name: string, sql: string): ComparedView {
  return { name, sql };
}

const RANKS = (what: string): string => ['price < 10000', 'price >= 10000 AND price < 1000000',
  'price >= 1000000'].map((condition, at) => `${what} FILTER (WHERE ${condition}) AS ${
  what.replaceAll(/\W+/g, '_')}${at + 1}`).join(', ');

const WINNING = `SELECT a.*, b.auction, b.bidder, b.price, b.date_time AS bid_date_time,
    row_number() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.date_time ASC) AS rownum
  FROM auction a, bid b
  WHERE a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires`;

/** The queries. */
export const QUERIES: readonly ComparedView[] = [
  plain('q0', 'SELECT auction, bidder, price, date_time, extra FROM bid'),
  plain('q1', 'SELECT auction, bidder, 0.908 * price AS price, date_time, extra FROM bid'),
  plain('q2', 'SELECT auction, price FROM bid WHERE auction % 123 = 0'),
  plain('q3', `SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id
    WHERE a.category = 10 AND (p.state = 'OR' OR p.state = 'ID' OR p.state = 'CA')`),
  plain('q4', `SELECT q.category, avg(q.final) AS avg FROM (
      SELECT max(b.price) AS final, a.category FROM auction a, bid b
      WHERE a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires
      GROUP BY a.id, a.category) q GROUP BY q.category`),
  windowed('q5', `SELECT ab.auction, ab.num FROM (
      SELECT auction, count(*) AS num, window_start AS starttime FROM {hop}
      GROUP BY window_start, auction) ab
    JOIN (SELECT max(num) AS maxn, starttime FROM (
        SELECT count(*) AS num, window_start AS starttime FROM {hop}
        GROUP BY auction, window_start) cb GROUP BY starttime) mb
    ON ab.starttime = mb.starttime AND ab.num >= mb.maxn`),
  plain('q6', `SELECT seller, avg(final) OVER (PARTITION BY seller ORDER BY date_time, id
      ROWS BETWEEN 10 PRECEDING AND CURRENT ROW) AS avg FROM (
    SELECT row_number() OVER (PARTITION BY a.id, a.seller ORDER BY b.price DESC, b.date_time)
        AS rank, a.seller, a.id, b.price AS final, b.date_time
      FROM auction a, bid b
      WHERE a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires) q
    WHERE rank <= 1`),
  windowed('q7', `SELECT b.auction, b.price, b.bidder, b.date_time FROM bid b
    JOIN (SELECT max(price) AS maxprice, window_end AS date_time FROM {bid} GROUP BY window_end) b1
    ON b.price = b1.maxprice
    WHERE b.date_time BETWEEN b1.date_time - INTERVAL '10' SECOND AND b1.date_time`),
  windowed('q8', `SELECT p.id, p.name, p.starttime FROM (
      SELECT id, name, window_start AS starttime, window_end AS endtime FROM {person}
      GROUP BY id, name, window_start, window_end) p
    JOIN (SELECT seller, window_start AS starttime, window_end AS endtime FROM {auction}
      GROUP BY seller, window_start, window_end) a
    ON p.id = a.seller AND p.starttime = a.starttime AND p.endtime = a.endtime`),
  plain('q9', `SELECT id, item_name, description, initial_bid, reserve, date_time, expires, seller,
      category, auction, bidder, price, bid_date_time FROM (${WINNING}) tmp WHERE rownum <= 1`),
  plain('q10', `SELECT auction, bidder, price, date_time, to_char(date_time, 'YYYY-MM-DD') AS date,
      to_char(date_time, 'HH:MI') AS time FROM bid`),
  {
    name: 'q11', sql: `SELECT bidder, count(*) AS bid_count, window_start AS starttime,
      window_end AS endtime
    FROM SESSION(bid PARTITION BY bidder, date_time, INTERVAL '10 seconds')
    GROUP BY bidder, window_start, window_end`,
    theirs: `SELECT bidder, bid_count, window_start, window_end FROM ${SESSION}`,
  },
  windowed('q12', `SELECT bidder, count(*) AS bid_count, window_start, window_end FROM {bid}
    GROUP BY bidder, window_start, window_end`),
  plain('q13', `SELECT b.auction, b.bidder, b.price, b.date_time, s.value
    FROM bid b JOIN side_input s ON b.auction % 10 = s.key`),
  plain('q14', `SELECT auction, bidder, 0.908 * price AS price,
      CASE WHEN extract(hour FROM date_time) >= 8 AND extract(hour FROM date_time) <= 18
          THEN 'dayTime'
        WHEN extract(hour FROM date_time) <= 6 OR extract(hour FROM date_time) >= 20
          THEN 'nightTime' ELSE 'otherTime' END AS bid_time_type,
      date_time, length(extra) - length(replace(extra, 'c', '')) AS c_counts
    FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000`),
  plain('q15', `SELECT to_char(date_time, 'YYYY-MM-DD') AS day, count(*) AS total_bids,
      ${RANKS('count(*)')}, count(DISTINCT bidder) AS total_bidders,
      ${RANKS('count(DISTINCT bidder)')}, count(DISTINCT auction) AS total_auctions,
      ${RANKS('count(DISTINCT auction)')}
    FROM bid GROUP BY to_char(date_time, 'YYYY-MM-DD')`),
  plain('q16', `SELECT channel, to_char(date_time, 'YYYY-MM-DD') AS day,
      max(to_char(date_time, 'HH24:MI')) AS minute, count(*) AS total_bids, ${RANKS('count(*)')},
      count(DISTINCT bidder) AS total_bidders, ${RANKS('count(DISTINCT bidder)')},
      count(DISTINCT auction) AS total_auctions, ${RANKS('count(DISTINCT auction)')}
    FROM bid GROUP BY channel, to_char(date_time, 'YYYY-MM-DD')`),
  plain('q17', `SELECT auction, to_char(date_time, 'YYYY-MM-DD') AS day, count(*) AS total_bids,
      ${RANKS('count(*)')}, min(price) AS min_price, max(price) AS max_price,
      avg(price) AS avg_price, sum(price) AS sum_price
    FROM bid GROUP BY auction, to_char(date_time, 'YYYY-MM-DD')`),
  plain('q18', `SELECT auction, bidder, price, channel, url, date_time, extra FROM (
      SELECT *, row_number() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC, extra)
        AS rank_number FROM bid) t WHERE rank_number <= 1`),
  plain('q19', `SELECT * FROM (
      SELECT *, row_number() OVER (PARTITION BY auction ORDER BY price DESC, date_time, bidder)
        AS rank_number FROM bid) t WHERE rank_number <= 10`),
  plain('q20', `SELECT auction, bidder, price, channel, url, b.date_time AS bid_date_time,
      b.extra AS bid_extra, item_name, description, initial_bid, reserve,
      a.date_time AS auction_date_time, expires, seller, category, a.extra AS auction_extra
    FROM bid b JOIN auction a ON b.auction = a.id WHERE a.category = 10`),
  plain('q21', `SELECT auction, bidder, price, channel,
      CASE WHEN lower(channel) = 'apple' THEN '0' WHEN lower(channel) = 'google' THEN '1'
        WHEN lower(channel) = 'facebook' THEN '2' WHEN lower(channel) = 'baidu' THEN '3'
        ELSE (regexp_match(url, '(&|^)channel_id=([^&]*)'))[2] END AS channel_id
    FROM bid WHERE (regexp_match(url, '(&|^)channel_id=([^&]*)'))[2] IS NOT NULL
      OR lower(channel) IN ('apple', 'google', 'facebook', 'baidu')`),
  plain('q22', `SELECT auction, bidder, price, channel, split_part(url, '/', 4) AS dir1,
      split_part(url, '/', 5) AS dir2, split_part(url, '/', 6) AS dir3 FROM bid`),
  plain('q101', `SELECT a.id AS auction_id, a.item_name, b.max_price FROM auction a LEFT JOIN (
      SELECT auction, max(price) AS max_price FROM bid GROUP BY auction) b ON a.id = b.auction`),
  plain('q102', `SELECT a.id AS auction_id, a.item_name, count(b.auction) AS bid_count
    FROM auction a JOIN bid b ON a.id = b.auction GROUP BY a.id, a.item_name
    HAVING count(b.auction) >= (SELECT count(*) / count(DISTINCT auction) FROM bid)`),
  plain('q103', `SELECT a.id AS auction_id, a.item_name FROM auction a WHERE a.id IN (
      SELECT b.auction FROM bid b GROUP BY b.auction HAVING count(*) >= 20)`),
  plain('q104', `SELECT a.id AS auction_id, a.item_name FROM auction a WHERE a.id NOT IN (
      SELECT b.auction FROM bid b GROUP BY b.auction HAVING count(*) < 20)`),
  plain('q105', `SELECT a.id AS auction_id, a.item_name, count(b.auction) AS bid_count
    FROM auction a JOIN bid b ON a.id = b.auction GROUP BY a.id, a.item_name
    ORDER BY bid_count DESC, a.id LIMIT 50`),
  plain('q106', `SELECT min(final) AS min_final FROM (
      SELECT a.id, max(b.price) AS final FROM auction a, bid b
      WHERE a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires
      GROUP BY a.id) t`),
];
