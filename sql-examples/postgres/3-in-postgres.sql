-- 3. In PostgreSQL again: an order and the tier it earns, in one transaction; a refund; a name.
BEGIN;
INSERT INTO orders VALUES (104, 2, 900.00, '2024-05-01 10:00:00+00');
UPDATE customers SET tier = 'gold' WHERE id = 2;
COMMIT;
DELETE FROM orders WHERE id = 102;
UPDATE customers SET name = 'Countess Ada' WHERE id = 1;
UPDATE customers SET id = 30 WHERE id = 3;
