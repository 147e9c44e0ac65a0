-- Flights by scheduled departure, in the order in which they really left: real data that arrives
-- late and out of order (data/README.md). Start the server in the repository's root.

CREATE TABLE airports (iata text PRIMARY KEY, name text, city text, state text)
WITH (connector = 'file', path = 'sql-examples/data/airports.csv');

CREATE TABLE flights (
  scheduled timestamp,
  actual timestamp,
  origin text,
  destination text,
  distance int,
  WATERMARK FOR scheduled AS scheduled - INTERVAL '90 minutes'
) APPEND ONLY
WITH (connector = 'file', path = 'sql-examples/data/flights.csv');

-- Per week and state of departure: flights, share that left more than 15 minutes late, worst delay.
CREATE MATERIALIZED VIEW departures AS
SELECT f.window_start, a.state, count(*) AS flights,
       round(100.0 * count(*) FILTER (WHERE f.actual > f.scheduled + INTERVAL '15 minutes')
             / count(*), 1) AS percent_late,
       max(f.actual - f.scheduled) AS worst
FROM TUMBLE(flights, scheduled, INTERVAL '7 days') f
JOIN airports a ON a.iata = f.origin
GROUP BY f.window_start, a.state;

-- Flights per hour, final once no flight of the hour is expected any more.
CREATE MATERIALIZED VIEW hourly AS
SELECT window_start, count(*) AS flights
FROM TUMBLE(flights, scheduled, INTERVAL '1 hour')
GROUP BY window_start
EMIT ON WINDOW CLOSE;

-- Everything sent so far is visible.
FLUSH;

SELECT count(*) AS flights FROM flights;

SELECT state, flights, percent_late, worst FROM departures
WHERE window_start = '2001-02-08' AND flights >= 10 ORDER BY percent_late DESC, state LIMIT 5;

SELECT count(*) AS hours, sum(flights) AS counted FROM hourly;

-- Flights that left so late that their hour was closed already. None is lost: counted + late = read.
SELECT origin, destination, scheduled, actual - scheduled AS delay, lateness
FROM late.hourly ORDER BY lateness DESC, scheduled LIMIT 5;
SELECT (SELECT sum(flights) FROM hourly) + (SELECT count(*) FROM late.hourly) AS counted_and_late;

DROP TABLE flights CASCADE;
DROP TABLE airports CASCADE;
