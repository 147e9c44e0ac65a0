-- 4. In Tidemill again: whatever PostgreSQL committed is there, transaction by transaction.
FLUSH;
SELECT id, name, tier, amount FROM enriched ORDER BY id;
SELECT tier, orders, amount FROM revenue ORDER BY tier;
SELECT id, name FROM customers ORDER BY id;
DROP SOURCE shop CASCADE;
