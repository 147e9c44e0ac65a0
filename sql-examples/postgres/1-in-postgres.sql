-- Orders enriched with customers, both from PostgreSQL, kept up to date while either changes.
--
-- 1. In PostgreSQL (wal_level = logical):  psql -h localhost shop -f sql-examples/postgres/1-in-postgres.sql
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, tier text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, amount numeric(10, 2) NOT NULL, placed_at timestamptz NOT NULL);
INSERT INTO customers VALUES (1, 'Ada', 'gold'), (2, 'Grace', 'silver'), (3, 'Edsger', 'silver');
INSERT INTO orders VALUES
  (100, 1, 250.00, '2024-05-01 09:00:00+00'), (101, 2, 40.00, '2024-05-01 09:05:00+00'),
  (102, 3, 99.90, '2024-05-01 09:07:00+00'), (103, 2, 15.50, '2024-05-01 09:30:00+00');
