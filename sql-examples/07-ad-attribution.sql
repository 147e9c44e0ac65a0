-- Ad attribution: each impression with its click within the hour, or none once the hour is over.

CREATE TABLE impressions (id int, ad text, ts timestamp, WATERMARK FOR ts AS ts) APPEND ONLY;
CREATE TABLE ad_clicks (impression int, ts timestamp, WATERMARK FOR ts AS ts) APPEND ONLY;

CREATE MATERIALIZED VIEW outcome AS
SELECT i.id, i.ad, i.ts AS shown, c.ts - i.ts AS clicked_after
FROM impressions i LEFT JOIN ad_clicks c
  ON c.impression = i.id AND c.ts BETWEEN i.ts AND i.ts + INTERVAL '1 hour';

CREATE MATERIALIZED VIEW click_rate AS
SELECT ad, count(*) AS settled, count(clicked_after) AS clicks FROM outcome GROUP BY ad;

INSERT INTO impressions VALUES
  (1, 'tea', '2024-01-01 10:00'), (2, 'tea', '2024-01-01 10:10'), (3, 'pie', '2024-01-01 10:20');
INSERT INTO ad_clicks VALUES (1, '2024-01-01 10:15'), (3, '2024-01-01 10:50');

-- Impression 2 may still be clicked: it is not in the answer yet.
SELECT * FROM outcome ORDER BY id;

-- A click of 11:11 moves the watermark: the hour of impression 2 is over.
INSERT INTO ad_clicks VALUES (99, '2024-01-01 11:11');
SELECT * FROM outcome ORDER BY id;
SELECT * FROM click_rate ORDER BY ad;

-- A click of 10:40 on impression 2 comes too late: the hour is settled, the click is kept as late.
INSERT INTO ad_clicks VALUES (2, '2024-01-01 10:40');
SELECT * FROM outcome ORDER BY id;
SELECT view, count FROM tidemill.late_rows WHERE count > 0;

DROP TABLE impressions CASCADE;
DROP TABLE ad_clicks CASCADE;
