-- Page views from one Kafka topic, the ten best pages into another, and a new version of the logic.
-- Needs a Kafka at 127.0.0.1:9092 with the topics page-views and top-pages:
--   kafka-topics.sh --bootstrap-server 127.0.0.1:9092 --create --topic page-views
--   kafka-topics.sh --bootstrap-server 127.0.0.1:9092 --create --topic top-pages
-- Run: psql -h 127.0.0.1 -p 6543 -U tidemill -f sql-examples/12-kafka-top-pages.sql

-- Something to read: rows of this table go to the topic as JSON.
CREATE TABLE visits (usr text, page text, ms int) APPEND ONLY;
CREATE SINK to_kafka FROM visits
WITH (connector = 'kafka', topic = 'page-views', 'properties.bootstrap.servers' = '127.0.0.1:9092')
FORMAT PLAIN ENCODE JSON;
INSERT INTO visits
SELECT 'user-' || n % 7, '/p/' || n * n % 29, n * 37 % 1000 FROM generate_series(1, 200) AS n;
FLUSH;

-- A source keeps nothing: each view over it reads the topic from offset 0.
CREATE SOURCE page_views (usr text, page text, ms int)
WITH (connector = 'kafka', topic = 'page-views', 'properties.bootstrap.servers' = '127.0.0.1:9092')
FORMAT PLAIN ENCODE JSON;

CREATE MATERIALIZED VIEW top_v1 AS
SELECT page, count(*) AS views FROM page_views GROUP BY page
ORDER BY views DESC, page LIMIT 10;

-- What the world sees, by key, whichever version fills it; upserts and tombstones into a topic.
CREATE TABLE top_pages (page text PRIMARY KEY, views bigint);
CREATE SINK publish_v1 INTO top_pages FROM top_v1;
CREATE SINK top FROM top_pages
WITH (connector = 'kafka', topic = 'top-pages', 'properties.bootstrap.servers' = '127.0.0.1:9092')
FORMAT UPSERT ENCODE JSON;
FLUSH;
SELECT * FROM top_pages ORDER BY views DESC, page LIMIT 3;

-- The new version counts visits of half a second and more. It reads all there was, beside the old.
CREATE MATERIALIZED VIEW top_v2 AS
SELECT page, count(*) AS views FROM page_views WHERE ms >= 500 OR page = '/p/1' GROUP BY page
ORDER BY views DESC, page LIMIT 10;
FLUSH;

-- The swap: what is the same in both is not written again.
DROP SINK publish_v1;
BEGIN;
DELETE FROM top_pages AS t WHERE NOT EXISTS (SELECT FROM top_v2 AS v WHERE v.page = t.page);
INSERT INTO top_pages SELECT page, views FROM top_v2
ON CONFLICT (page) DO UPDATE SET views = excluded.views WHERE top_pages.views <> excluded.views;
COMMIT;
CREATE SINK publish_v2 INTO top_pages FROM top_v2;
DROP MATERIALIZED VIEW top_v1;
INSERT INTO visits VALUES ('user-1', '/p/1', 700);
FLUSH;
SELECT * FROM top_pages ORDER BY views DESC, page LIMIT 3;

-- The topic, change by change: the first ten pages, what the versions differ in, the last visit.
CREATE TABLE changes (views bigint)
INCLUDE KEY AS page_key INCLUDE OFFSET AS at
WITH (connector = 'kafka', topic = 'top-pages', 'properties.bootstrap.servers' = '127.0.0.1:9092',
  on_error = 'skip') FORMAT PLAIN ENCODE JSON;
FLUSH;
SELECT count(*) AS upserts FROM changes;
