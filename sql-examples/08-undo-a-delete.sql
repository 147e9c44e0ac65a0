-- A DELETE without its WHERE, taken back: relations with `retain_history` can be read as they were.

CREATE TABLE orders (id int PRIMARY KEY, customer text, amount numeric(10,2))
WITH (retain_history = '1 hour');

CREATE MATERIALIZED VIEW revenue WITH (retain_history = '1 hour') AS
SELECT customer, sum(amount) AS amount FROM orders GROUP BY customer;

INSERT INTO orders VALUES (1, 'ann', 20.00), (2, 'bob', 35.50), (3, 'ann', 4.25);

-- The moment before the accident. (In psql one would look at a clock.)
SELECT set_config('undo.moment', clock_timestamp()::text, false) <> '' AS remembered;

DELETE FROM orders;
INSERT INTO orders VALUES (4, 'eve', 1.00);
SELECT * FROM revenue ORDER BY customer;

-- What was there, and what it came to.
SELECT * FROM orders FOR SYSTEM_TIME AS OF current_setting('undo.moment')::timestamptz
ORDER BY id;
SELECT * FROM revenue AS OF current_setting('undo.moment')::timestamptz ORDER BY customer;

-- Bring back what is missing; what came since stays.
INSERT INTO orders
SELECT * FROM orders FOR SYSTEM_TIME AS OF current_setting('undo.moment')::timestamptz AS before
WHERE NOT EXISTS (SELECT 1 FROM orders WHERE orders.id = before.id);

SELECT * FROM revenue ORDER BY customer;

DROP TABLE orders CASCADE;
