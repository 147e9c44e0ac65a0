-- Clicks per minute: an open view, a final view, and the rows that came too late for it.
-- Run: psql -h 127.0.0.1 -p 6543 -U tidemill -f sql-examples/01-clicks-per-minute.sql

CREATE TABLE clicks (
  usr text,
  page text,
  ts timestamp,
  WATERMARK FOR ts AS ts - INTERVAL '5 seconds'
);

-- Always the answer for everything accepted so far.
CREATE MATERIALIZED VIEW clicks_per_minute AS
SELECT window_start, page, count(*) AS clicks, count(DISTINCT usr) AS users
FROM TUMBLE(clicks, ts, INTERVAL '1 minute')
GROUP BY window_start, page;

-- A window shows once, when the watermark has passed its end, and never changes.
CREATE MATERIALIZED VIEW clicks_final AS
SELECT window_start, window_end, count(*) AS clicks
FROM TUMBLE(clicks, ts, INTERVAL '1 minute')
GROUP BY window_start, window_end
EMIT ON WINDOW CLOSE;

INSERT INTO clicks VALUES
  ('ann', '/home', '2024-01-01 10:00:05'),
  ('bob', '/home', '2024-01-01 10:00:40'),
  ('ann', '/docs', '2024-01-01 10:00:59'),
  ('cat', '/home', '2024-01-01 10:01:02');

SELECT * FROM clicks_per_minute ORDER BY window_start, page;
SELECT * FROM clicks_final;

-- The watermark moves to 10:01:05: the first minute is final.
INSERT INTO clicks VALUES ('ann', '/home', '2024-01-01 10:01:10');
SELECT * FROM clicks_final;

-- A click of the first minute comes too late: it is not counted, and not lost.
INSERT INTO clicks VALUES ('dan', '/docs', '2024-01-01 10:00:30');
SELECT * FROM clicks_final;
SELECT usr, page, ts, lateness FROM late.clicks_final;
SELECT view, count FROM tidemill.late_rows ORDER BY view;

DROP TABLE clicks CASCADE;
