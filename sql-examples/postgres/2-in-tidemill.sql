-- 2. In Tidemill:  psql -p 5433 -v host=localhost -f sql-examples/postgres/2-in-tidemill.sql
CREATE SOURCE shop WITH (connector = 'postgres-cdc', hostname = :'host', username = 'postgres', 'database.name' = 'shop');
CREATE TABLE customers FROM shop TABLE 'public.customers';
CREATE TABLE orders FROM shop TABLE 'public.orders';

CREATE MATERIALIZED VIEW enriched AS
SELECT o.id, o.placed_at, o.amount, c.name, c.tier
FROM orders o JOIN customers c ON c.id = o.customer;

CREATE MATERIALIZED VIEW revenue AS
SELECT tier, count(*) AS orders, sum(amount) AS amount, max(placed_at) AS last_at FROM enriched GROUP BY tier;

FLUSH;
SELECT id, name, tier, amount FROM enriched ORDER BY id;
SELECT tier, orders, amount FROM revenue ORDER BY tier;
SELECT relation, upstream, copied, rows_copied FROM tidemill.source_tables ORDER BY relation;
