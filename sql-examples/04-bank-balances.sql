-- Balances from transfers: a chain of views in which money is neither made nor lost at any moment.

CREATE TABLE transfers (id int PRIMARY KEY, from_account int, to_account int, amount numeric(10,2));

CREATE MATERIALIZED VIEW credits AS
SELECT to_account AS account, sum(amount) AS amount FROM transfers GROUP BY to_account;

CREATE MATERIALIZED VIEW debits AS
SELECT from_account AS account, sum(amount) AS amount FROM transfers GROUP BY from_account;

CREATE MATERIALIZED VIEW balances AS
SELECT coalesce(c.account, d.account) AS account,
       coalesce(c.amount, 0) - coalesce(d.amount, 0) AS balance
FROM credits c FULL OUTER JOIN debits d ON c.account = d.account;

CREATE MATERIALIZED VIEW total AS SELECT sum(balance) AS total FROM balances;

INSERT INTO transfers VALUES (1, 1, 2, 10.00), (2, 2, 3, 4.50), (3, 3, 1, 0.25);
SELECT * FROM balances ORDER BY account;
SELECT * FROM total;

-- A transaction is one epoch: no reader sees half of it, and a rollback leaves nothing.
BEGIN;
UPDATE transfers SET amount = amount * 2 WHERE id = 1;
DELETE FROM transfers WHERE id = 2;
SELECT sum(amount) AS seen_by_this_transaction FROM transfers;
ROLLBACK;
SELECT * FROM balances ORDER BY account;

UPDATE transfers SET amount = 100 WHERE id = 3;
SELECT * FROM balances ORDER BY account;
SELECT * FROM total;

DROP TABLE transfers CASCADE;
