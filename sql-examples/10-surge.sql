-- Surge: trips per minute and the balance of demand and supply, from phones that may be 20 minutes late.

CREATE TABLE requests (
  id int, zone text, ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '20 minutes'
) APPEND ONLY;
CREATE TABLE idle_drivers (
  driver int, zone text, ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '20 minutes'
) APPEND ONLY;

-- At once, and corrected while late phones report.
CREATE MATERIALIZED VIEW requests_per_minute AS
SELECT window_start, zone, count(*) AS requests
FROM TUMBLE(requests, ts, INTERVAL '1 minute') GROUP BY window_start, zone;

-- The same for the books: once per minute, when it can no longer change.
CREATE MATERIALIZED VIEW requests_final AS
SELECT window_start, zone, count(*) AS requests
FROM TUMBLE(requests, ts, INTERVAL '1 minute') GROUP BY window_start, zone
EMIT ON WINDOW CLOSE;

-- Demand and supply of the last five minutes, every minute.
CREATE MATERIALIZED VIEW demand AS
SELECT window_end, zone, count(*) AS requests
FROM HOP(requests, ts, INTERVAL '1 minute', INTERVAL '5 minutes') GROUP BY window_end, zone;
CREATE MATERIALIZED VIEW supply AS
SELECT window_end, zone, count(DISTINCT driver) AS drivers
FROM HOP(idle_drivers, ts, INTERVAL '1 minute', INTERVAL '5 minutes') GROUP BY window_end, zone;
CREATE MATERIALIZED VIEW surge AS
SELECT d.window_end, d.zone, d.requests, coalesce(s.drivers, 0) AS drivers,
       CASE WHEN s.drivers IS NULL THEN 3.0
            ELSE least(3.0, greatest(1.0, round(d.requests::numeric / s.drivers, 1))) END AS factor
FROM demand AS d LEFT JOIN supply AS s ON s.window_end = d.window_end AND s.zone = d.zone;

INSERT INTO idle_drivers VALUES
  (1, 'north', '2024-06-01 18:00:30'), (2, 'north', '2024-06-01 18:01:10'),
  (1, 'north', '2024-06-01 18:02:30'), (3, 'south', '2024-06-01 18:02:00');
INSERT INTO requests VALUES
  (1, 'north', '2024-06-01 18:00:40'), (2, 'north', '2024-06-01 18:01:05'),
  (3, 'south', '2024-06-01 18:02:10'), (4, 'north', '2024-06-01 18:02:50'),
  (5, 'east', '2024-06-01 18:03:15');
SELECT * FROM surge WHERE window_end = '2024-06-01 18:05' ORDER BY zone;

-- Phones that were out of reach report 15 minutes later: the minutes they belong to are corrected.
INSERT INTO requests VALUES
  (6, 'south', '2024-06-01 18:17:30'), (7, 'north', '2024-06-01 18:02:40'),
  (8, 'north', '2024-06-01 18:01:30');
SELECT * FROM requests_per_minute WHERE zone = 'north' ORDER BY window_start;
SELECT * FROM surge WHERE window_end = '2024-06-01 18:05' ORDER BY zone;

-- 18:22 makes the first two minutes final; a phone that reports for 18:01 now is too late for them.
INSERT INTO requests VALUES (9, 'east', '2024-06-01 18:22:00');
INSERT INTO requests VALUES (10, 'north', '2024-06-01 18:01:45');
SELECT * FROM requests_final ORDER BY window_start, zone;
SELECT id, zone, ts, lateness FROM late.requests_final;
SELECT view, count FROM tidemill.late_rows WHERE count > 0 ORDER BY view;

-- A zone without drivers shows when no driver can report for its window any more.
INSERT INTO requests VALUES (11, 'west', '2024-06-01 18:30:00');
INSERT INTO idle_drivers VALUES (4, 'west', '2024-06-01 18:30:00');
SELECT * FROM surge WHERE window_end = '2024-06-01 18:05' ORDER BY zone;

DROP TABLE requests CASCADE;
DROP TABLE idle_drivers CASCADE;
