-- Trending tags: the ten most used tags of the last ten minutes, every five minutes.

CREATE TABLE posts (id int, tags text[], ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '1 minute')
APPEND ONLY;

CREATE MATERIALIZED VIEW tag_counts AS
SELECT window_start, window_end, tag, count(*) AS uses
FROM HOP((SELECT ts, unnest(tags) AS tag FROM posts), ts, INTERVAL '5 minutes', INTERVAL '10 minutes')
GROUP BY window_start, window_end, tag
EMIT ON WINDOW CLOSE;

CREATE MATERIALIZED VIEW trending AS
SELECT window_end, place, tag, uses
FROM (SELECT *, row_number() OVER (PARTITION BY window_end ORDER BY uses DESC, tag) AS place
      FROM tag_counts) ranked
WHERE place <= 10;

INSERT INTO posts VALUES
  (1, '{sea,sun}', '2024-07-01 12:01'), (2, '{sun}', '2024-07-01 12:03'),
  (3, '{sun,tea}', '2024-07-01 12:06'), (4, '{tea}', '2024-07-01 12:08'),
  (5, '{fog}', '2024-07-01 12:04'), (6, '{tea,sea}', '2024-07-01 12:12'),
  (7, '{fog,tea}', '2024-07-01 12:16'),
  (10, '{art,bus,car,dog,elm,fig,gin,hat,ink}', '2024-07-01 12:13');
SELECT * FROM trending ORDER BY window_end, place;

-- A post of 12:02 comes when both windows it belongs to have ended: it is late, and kept as late.
INSERT INTO posts VALUES (8, '{fog}', '2024-07-01 12:02'), (9, '{}', '2024-07-01 12:30');
SELECT * FROM trending WHERE window_end > '2024-07-01 12:10' ORDER BY window_end, place;
SELECT tag, ts, lateness FROM late.tag_counts;

DROP TABLE posts CASCADE;
