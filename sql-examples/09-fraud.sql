-- Fraud: four rules over card payments that arrive out of order, some up to five minutes late.

CREATE TABLE payments (
  id int, card text, amount numeric(10,2), country text, lat float8, lon float8, ts timestamp,
  WATERMARK FOR ts AS ts - INTERVAL '5 minutes'
) APPEND ONLY;

-- Three rules over a sliding hour: too many, too much, too many countries.
CREATE MATERIALIZED VIEW busy_cards AS
SELECT card, window_end, count(*) AS payments, sum(amount) AS total,
       count(DISTINCT country) AS countries
FROM HOP(payments, ts, INTERVAL '10 minutes', INTERVAL '1 hour')
GROUP BY card, window_end
HAVING count(*) >= 4 OR sum(amount) > 1000 OR count(DISTINCT country) >= 3;

-- The fourth: two payments in a row so far apart that nobody travels it (great circle, km/h).
CREATE MATERIALIZED VIEW hops WITH (state_ttl = '7 days') AS
SELECT card, id, ts, lat, lon,
       lag(ts) OVER w AS ts_before, lag(lat) OVER w AS lat_before, lag(lon) OVER w AS lon_before
FROM payments WINDOW w AS (PARTITION BY card ORDER BY ts, id);

CREATE MATERIALIZED VIEW too_fast AS
SELECT card, id, round(km::numeric) AS km, round((km / hours)::numeric) AS km_per_hour
FROM (SELECT card, id, extract(epoch FROM ts - ts_before)::float8 / 3600 AS hours,
             2 * 6371 * asin(sqrt(sin(radians(lat - lat_before) / 2) ^ 2
               + cos(radians(lat)) * cos(radians(lat_before))
               * sin(radians(lon - lon_before) / 2) ^ 2)) AS km
      FROM hops) AS way
WHERE hours > 0 AND km / hours > 1000;

INSERT INTO payments VALUES
  (1, 'A', 20.00, 'DE', 52.52, 13.40, '2024-05-01 10:01'),
  (2, 'B', 990.00, 'FR', 48.86, 2.35, '2024-05-01 10:02'),
  (3, 'A', 35.50, 'DE', 52.52, 13.40, '2024-05-01 10:12'),
  (4, 'C', 5.00, 'US', 40.71, -74.01, '2024-05-01 10:15'),
  (5, 'A', 12.00, 'PL', 52.23, 21.01, '2024-05-01 10:20');
SELECT * FROM busy_cards ORDER BY card, window_end;
SELECT * FROM too_fast ORDER BY card, id;

-- Out of order, but in time: a payment of card A between two others, card C on another continent.
INSERT INTO payments VALUES
  (6, 'A', 8.00, 'CZ', 50.08, 14.44, '2024-05-01 10:16'),
  (7, 'C', 5.00, 'JP', 35.68, 139.69, '2024-05-01 10:45'),
  (8, 'B', 20.00, 'FR', 48.86, 2.35, '2024-05-01 10:50');
SELECT * FROM busy_cards ORDER BY card, window_end;
SELECT * FROM too_fast ORDER BY card, id;

-- 11:40 closes every window of 10:03: what comes from there now is late for the windows, and said so.
INSERT INTO payments VALUES (9, 'D', 1.00, 'DE', 52.52, 13.40, '2024-05-01 11:40');
INSERT INTO payments VALUES (10, 'B', 500.00, 'FR', 48.86, 2.35, '2024-05-01 10:03');
SELECT card, window_end, total FROM busy_cards WHERE card = 'B' ORDER BY window_end;
SELECT id, card, lateness FROM late.busy_cards;

DROP TABLE payments CASCADE;
