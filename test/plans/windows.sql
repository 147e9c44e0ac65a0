CREATE TABLE bid (auction int, bidder int, price int, ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '5 seconds') APPEND ONLY;
CREATE TABLE imp (id int, ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '0 seconds') APPEND ONLY;
CREATE TABLE clk (id int, ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '0 seconds') APPEND ONLY;
CREATE TABLE trip (id int, city text, ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '0 seconds');
CREATE TABLE plain (id int, ts timestamp);
CREATE TABLE dim (id int PRIMARY KEY, name text);
CREATE TABLE rates (currency text PRIMARY KEY, rate int, valid_from timestamp, WATERMARK FOR valid_from AS valid_from - INTERVAL '0 seconds');
CREATE TABLE orders (id int, amount int, currency text, ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '0 seconds') APPEND ONLY;
-- Updating: late rows are split off, groups go when their window has ended.
SELECT window_start, window_end, auction, count(*) AS n FROM TUMBLE(bid, ts, INTERVAL '1 minute') GROUP BY window_start, window_end, auction;
-- Final.
SELECT window_start, city, count(*) AS n FROM TUMBLE(trip, ts, INTERVAL '5 minutes') GROUP BY window_start, city EMIT ON WINDOW CLOSE;
-- allowed_lateness 600
SELECT window_start, city, count(*) AS n FROM TUMBLE(trip, ts, INTERVAL '5 minutes') GROUP BY window_start, city EMIT ON WINDOW CLOSE;
SELECT window_start, window_end, auction, avg(price) AS n FROM HOP(bid, ts, INTERVAL '1 minute', INTERVAL '90 seconds') GROUP BY window_start, window_end, auction;
SELECT window_start, window_end, auction, count(*) AS n FROM CUMULATE(bid, ts, INTERVAL '1 minute', INTERVAL '5 minutes') GROUP BY window_start, window_end, auction;
SELECT window_start, window_end, auction, count(*) AS n FROM SESSION(bid PARTITION BY auction, ts, INTERVAL '1 minute') GROUP BY window_start, window_end, auction EMIT ON WINDOW CLOSE;
-- Nothing closes.
SELECT window_start, count(*) AS n FROM TUMBLE(plain, ts, INTERVAL '1 minute') GROUP BY window_start;
SELECT window_start, count(*) AS n FROM TUMBLE(plain, ts, INTERVAL '1 minute') GROUP BY window_start EMIT ON WINDOW CLOSE;
-- A window over a join: the split is below the join, the gate refuses the rest.
SELECT window_start, name, count(*) AS n FROM TUMBLE((SELECT b.ts, d.name FROM bid b JOIN dim d ON d.id = b.auction), ts, INTERVAL '1 minute') GROUP BY window_start, name EMIT ON WINDOW CLOSE;
-- Window join.
SELECT coalesce(s.window_start, d.window_start) AS w, s.n AS supply, d.n AS demand FROM (SELECT window_start, id, count(*) AS n FROM TUMBLE(imp, ts, INTERVAL '5 minutes') GROUP BY window_start, id) s FULL JOIN (SELECT window_start, id, count(*) AS n FROM TUMBLE(clk, ts, INTERVAL '5 minutes') GROUP BY window_start, id) d ON s.window_start = d.window_start AND s.id = d.id;
-- Interval joins.
SELECT i.id, i.ts AS shown, c.ts AS clicked FROM imp i LEFT JOIN clk c ON c.id = i.id AND c.ts BETWEEN i.ts AND i.ts + INTERVAL '1 hour';
SELECT t.id, c.ts FROM trip t, clk c WHERE c.id = t.id AND c.ts >= t.ts - INTERVAL '5 minutes' AND c.ts <= t.ts + INTERVAL '1 hour';
SELECT o.id, r.rate FROM orders o LEFT JOIN rates FOR SYSTEM_TIME AS OF o.ts AS r ON o.currency = r.currency;
-- Temporal filters in several forms.
SELECT * FROM bid WHERE ts > now() - INTERVAL '1 hour' AND price > 10;
SELECT id FROM plain WHERE now() - ts <= INTERVAL '5 minutes' AND ts <= now();
SELECT id FROM plain WHERE ts + INTERVAL '1 day' >= now() + INTERVAL '1 hour';
SELECT id, now() FROM plain;
-- Top-N in a window.
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY window_start ORDER BY n DESC) AS rn FROM (SELECT window_start, auction, count(*) AS n FROM TUMBLE(bid, ts, INTERVAL '1 minute') GROUP BY window_start, auction) x) q WHERE rn <= 3 EMIT ON WINDOW CLOSE;
-- Slices: ten slides in a window.
SELECT window_start, auction, count(*) AS n, avg(price) AS a, max(price) FILTER (WHERE bidder > 1) AS m FROM HOP(bid, ts, INTERVAL '1 minute', INTERVAL '10 minutes') GROUP BY window_start, auction;
SELECT window_end, count(*) AS n FROM HOP(plain, ts, INTERVAL '2 seconds', INTERVAL '10 seconds') GROUP BY window_end;
