CREATE TABLE t (id int PRIMARY KEY, a int, b int, s text);
CREATE TABLE u (id int PRIMARY KEY, a int, c int, s text);
CREATE TABLE w (k int, v int) APPEND ONLY;
CREATE TABLE part (p_partkey int PRIMARY KEY, p_brand text);
CREATE TABLE lineitem (l_orderkey int, l_linenumber int, l_partkey int, l_suppkey int, l_quantity numeric, l_extendedprice numeric, PRIMARY KEY (l_orderkey, l_linenumber));
-- Filters go down, columns are pruned.
SELECT q.a, q.n FROM (SELECT t.a, t.s, count(*) AS n FROM t JOIN u ON t.id = u.id GROUP BY t.a, t.s) q WHERE q.a = 5 AND q.n > 1;
-- Comma joins find their order.
SELECT t.id, w.v, u.id AS uid FROM t, w, u WHERE t.id = u.id AND u.a = w.k;
-- An outer join that is none.
SELECT t.id FROM t LEFT JOIN u ON t.a = u.a WHERE u.c > 3;
-- TPC-H 17: the aggregate is grouped by the correlated column.
SELECT sum(l_extendedprice) / 7.0 AS avg_yearly FROM lineitem, part WHERE p_partkey = l_partkey AND p_brand = 'Brand#23' AND l_quantity < (SELECT 0.2 * avg(l_quantity) FROM lineitem WHERE l_partkey = p_partkey);
SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.c <> t.b);
SELECT id FROM t WHERE a NOT IN (SELECT k FROM w);
SELECT id FROM t WHERE id NOT IN (SELECT u.id FROM u WHERE u.s = t.s);
SELECT id, (SELECT c FROM u WHERE u.a = t.a) FROM t;
-- The domain is needed: no equality.
SELECT id, (SELECT count(*) FROM u WHERE u.a < t.a) FROM t;
SELECT t.id, q.c FROM t, LATERAL (SELECT c FROM u WHERE u.a = t.a ORDER BY c DESC LIMIT 2) q;
SELECT DISTINCT id, a FROM t;
SELECT a, s, count(*) FROM t GROUP BY ROLLUP (a, s);
SELECT k, max(v) FROM w GROUP BY k;
SELECT k, v FROM w ORDER BY v DESC LIMIT 3;
SELECT * FROM (SELECT k, v, row_number() OVER (PARTITION BY k ORDER BY v) AS rn FROM w) q WHERE rn <= 2;
WITH q AS (SELECT a, sum(b) AS n FROM t GROUP BY a) SELECT x.a, y.n FROM q x JOIN q y ON x.a = y.n;
WITH RECURSIVE r(n) AS (SELECT id FROM t UNION SELECT u.c FROM r JOIN u ON u.a = r.n) SELECT n FROM r;
SELECT a FROM t UNION SELECT a FROM u;
SELECT a FROM t EXCEPT SELECT a FROM u;
SELECT count(*) FROM t WHERE 1 = 2;
SELECT k, v FROM w UNION ALL SELECT a, b FROM t WHERE b > 1 + 1;
