/**
 * Tables, rows and queries whose plans are run by the interpreter and compared with PostgreSQL.
 */

/** Tables in the dialect PostgreSQL shares. */
export const TABLES: readonly string[] = [
  'CREATE TABLE t (id int PRIMARY KEY, a int, b int, s text)',
  'CREATE TABLE u (id int PRIMARY KEY, a int, c int, s text)',
  'CREATE TABLE w (k int, v int)',
  'CREATE TABLE n (x int)',
  'CREATE TABLE e (x int)',
];

/** Rows by table. */
export const ROWS: Readonly<Record<string, readonly (readonly (string | null)[])[]>> = {
  t: [
    ['1', '1', '10', 'x'], ['2', '1', '20', 'y'], ['3', '2', null, 'x'], ['4', null, '5', null],
    ['5', '3', '7', 'z'], ['6', '7', '7', 'z'],
  ],
  u: [
    ['1', '1', '100', 'x'], ['2', '1', '200', 'q'], ['3', '2', null, 'x'], ['4', null, '7', null],
    ['5', '9', '1', 'z'],
  ],
  w: [['1', '5'], ['1', '6'], ['1', '6'], ['2', null], [null, '3'], ['3', '1']],
  n: [['1'], ['2'], [null], ['2']],
  e: [],
};

/** Queries; each must give PostgreSQL's rows. */
export const QUERIES: readonly string[] = [
  // Scalar subqueries.
  'SELECT id, (SELECT max(c) FROM u) FROM t',
  'SELECT id, (SELECT max(c) FROM u WHERE u.a = t.a) FROM t',
  'SELECT id, (SELECT count(*) FROM u WHERE u.a = t.a) FROM t',
  'SELECT id, (SELECT count(*) + 1 FROM u WHERE u.a = t.a AND u.c > t.b) FROM t',
  'SELECT id, (SELECT count(*) FROM u WHERE u.a < t.a) FROM t',
  'SELECT id, (SELECT sum(c) FROM u WHERE u.a = t.a HAVING count(*) > 1) FROM t',
  'SELECT id, (SELECT count(*) FROM u WHERE u.a = t.a HAVING count(*) = 0) FROM t',
  'SELECT id, (SELECT s FROM u WHERE u.id = t.id) FROM t',
  'SELECT id, (SELECT s || t.s FROM u WHERE u.id = t.id) FROM t',
  'SELECT id, (SELECT c FROM u WHERE u.a = t.a ORDER BY c DESC LIMIT 1) FROM t',
  'SELECT id, (SELECT c FROM u WHERE u.a = t.a ORDER BY c DESC NULLS LAST LIMIT 1 OFFSET 1) FROM t',
  'SELECT (SELECT 1), (SELECT NULL::int), (SELECT x FROM e)',
  'SELECT id, (SELECT t.a + 1) FROM t',
  'SELECT id, (SELECT DISTINCT a FROM u WHERE u.a = t.a) FROM t',
  'SELECT id, (SELECT x FROM e WHERE e.x = t.a) FROM t',
  'SELECT id FROM t WHERE b > (SELECT avg(c) / 20 FROM u WHERE u.a = t.a)',
  'SELECT id FROM t WHERE b = (SELECT min(b) FROM t t2 WHERE t2.a = t.a)',
  'SELECT sum((SELECT max(v) FROM w WHERE w.k = t.a)) FROM t',
  'SELECT a, (SELECT max(c) FROM u WHERE u.a = t.a), count(*) FROM t GROUP BY a',
  'SELECT a, count(*) FROM t GROUP BY a HAVING count(*) >= '
    + '(SELECT count(*) FROM u WHERE u.a = t.a)',
  'SELECT CASE WHEN a = 1 THEN (SELECT max(v) FROM w WHERE k = a) ELSE 0 END FROM t',
  'SELECT id, (SELECT (SELECT max(v) FROM w WHERE w.k = u.a AND w.v > t.a) FROM u '
    + 'WHERE u.id = t.id) FROM t',
  'SELECT id, (SELECT count(*) FROM (SELECT DISTINCT u.a FROM u WHERE u.c > t.b) q) FROM t',
  'SELECT id, (SELECT count(*) FROM u WHERE u.a = t.a OR u.s = t.s) FROM t',
  'SELECT id, (SELECT max(q.m) FROM (SELECT max(c) AS m FROM u WHERE u.a = t.a GROUP BY u.s) q) '
    + 'FROM t',
  'SELECT id, (SELECT count(*) FROM u LEFT JOIN w ON w.k = u.a AND w.v > t.b) FROM t',
  'SELECT id, (SELECT count(*) FROM u FULL JOIN w ON w.k = u.a WHERE coalesce(u.a, w.k) = t.a) '
    + 'FROM t',
  'SELECT id, ARRAY(SELECT c FROM u WHERE u.a = t.a ORDER BY c) FROM t',
  'SELECT id, (SELECT count(*) FROM (SELECT a FROM u WHERE u.a = t.a UNION ALL '
    + 'SELECT k FROM w WHERE w.k = t.a) q) FROM t',
  'SELECT id, (SELECT count(*) FROM (SELECT a FROM u EXCEPT SELECT t.a) q) FROM t',
  'SELECT id, (SELECT count(*) FROM (VALUES (t.a), (t.b), (3)) q(z) WHERE z IS NOT NULL) FROM t',
  // EXISTS.
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a)',
  'SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a)',
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.c <> t.b)',
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u)',
  'SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM e)',
  'SELECT id FROM t WHERE EXISTS (SELECT max(c) FROM u WHERE u.a = t.a)',
  'SELECT id FROM t WHERE EXISTS (SELECT max(c) FROM u WHERE u.a = t.a HAVING count(*) > 1)',
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a LIMIT 1)',
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a LIMIT 0)',
  'SELECT id, EXISTS (SELECT 1 FROM u WHERE u.a = t.a) FROM t',
  'SELECT id, EXISTS (SELECT 1 FROM e), NOT EXISTS (SELECT 1 FROM u WHERE u.c > t.b) FROM t',
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a) OR b = 7',
  'SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND EXISTS '
    + '(SELECT 1 FROM w WHERE w.k = u.a AND w.v < t.b))',
  'SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND NOT EXISTS '
    + '(SELECT 1 FROM w WHERE w.k = u.a AND w.v < t.b))',
  // IN, ANY, ALL.
  'SELECT id FROM t WHERE a IN (SELECT x FROM n)',
  'SELECT id FROM t WHERE a NOT IN (SELECT x FROM n)',
  'SELECT id FROM t WHERE a NOT IN (SELECT x FROM n WHERE x IS NOT NULL)',
  'SELECT id FROM t WHERE a NOT IN (SELECT x FROM e)',
  'SELECT id FROM t WHERE NOT (a IN (SELECT x FROM n WHERE x > 1))',
  'SELECT id, a IN (SELECT x FROM n) FROM t',
  'SELECT id, a NOT IN (SELECT x FROM n) FROM t',
  'SELECT id, a IN (SELECT x FROM n WHERE x = 1) FROM t',
  'SELECT id, a IN (SELECT x FROM e) FROM t',
  'SELECT id, a IN (SELECT c FROM u WHERE u.s = t.s) FROM t',
  'SELECT id, a NOT IN (SELECT u.a FROM u WHERE u.s = t.s) FROM t',
  'SELECT id FROM t WHERE a NOT IN (SELECT u.a FROM u WHERE u.s = t.s)',
  'SELECT id FROM t WHERE a IN (SELECT x FROM n) OR b IN (SELECT c FROM u)',
  'SELECT id FROM t WHERE (a, s) IN (SELECT a, s FROM u)',
  'SELECT id FROM t WHERE (a, s) NOT IN (SELECT a, s FROM u WHERE a IS NOT NULL)',
  'SELECT id, (a, s) IN (SELECT a, s FROM u) FROM t',
  'SELECT id FROM t WHERE b > ALL (SELECT v FROM w WHERE v IS NOT NULL)',
  'SELECT id FROM t WHERE b > ANY (SELECT v FROM w)',
  'SELECT id, b > ALL (SELECT v FROM w WHERE w.k = t.a) FROM t',
  'SELECT id, b < ANY (SELECT v FROM w) FROM t',
  'SELECT id, b <> ALL (SELECT v FROM w WHERE w.k = t.a) FROM t',
  'SELECT id FROM t WHERE a IN (SELECT a FROM u WHERE u.id IN (SELECT k FROM w WHERE v < t.b))',
  'SELECT id FROM t WHERE a + 1 IN (SELECT x FROM n)',
  'SELECT count(*) FROM t WHERE a IN (SELECT x FROM n) AND b NOT IN (SELECT v FROM w WHERE v > 5)',
  // LATERAL.
  'SELECT t.id, q.c FROM t, LATERAL (SELECT c FROM u WHERE u.a = t.a) q',
  'SELECT t.id, q.c FROM t LEFT JOIN LATERAL (SELECT c FROM u WHERE u.a = t.a) q ON true',
  'SELECT t.id, q.m FROM t, LATERAL (SELECT max(c) AS m FROM u WHERE u.a = t.a) q',
  'SELECT t.id, q.m FROM t LEFT JOIN LATERAL (SELECT count(*) AS m FROM u WHERE u.a = t.a) q '
    + 'ON q.m > 1',
  'SELECT t.id, q.c FROM t CROSS JOIN LATERAL (SELECT c FROM u WHERE u.a = t.a '
    + 'ORDER BY c DESC NULLS LAST LIMIT 1) q',
  'SELECT t.id, q.z FROM t, LATERAL (SELECT t.a + t.b AS z) q',
  'SELECT t.id, q.z FROM t LEFT JOIN LATERAL (SELECT t.a + u.c AS z FROM u WHERE u.id = t.id) q '
    + 'ON q.z > 101',
  'SELECT t.id, g FROM t, LATERAL generate_series(1, t.a) g WHERE t.id < 4',
  'SELECT t.id, p.k, q.v FROM t, LATERAL (SELECT k FROM w WHERE w.k = t.a) p, '
    + 'LATERAL (SELECT v FROM w WHERE w.k = p.k AND w.v > t.a) q',
  'SELECT t.id, q.c FROM t, LATERAL (SELECT c FROM u ORDER BY c LIMIT t.a) q',
  'SELECT c FROM (SELECT c FROM u ORDER BY c LIMIT (SELECT max(x) FROM n) OFFSET (SELECT 1)) q',
  // Joins.
  'SELECT t.id, u.id FROM t, u WHERE t.a = u.a',
  'SELECT t.id, u.id, w.v FROM t, u, w WHERE t.a = u.a AND u.a = w.k AND t.b > w.v',
  'SELECT t.id, w.v, u.id FROM t, w, u WHERE t.id = u.id AND u.a = w.k',
  'SELECT t.id, u.id FROM t LEFT JOIN u ON t.a = u.a AND u.c > 100',
  'SELECT t.id, u.id FROM t LEFT JOIN u ON t.a = u.a WHERE u.c > 100',
  'SELECT t.id, u.id FROM t LEFT JOIN u ON t.a = u.a AND t.b > 10',
  'SELECT t.id, u.id FROM t RIGHT JOIN u ON t.a = u.a AND t.b > 10',
  'SELECT t.id, u.id FROM t FULL JOIN u ON t.a = u.a AND t.b > 10',
  'SELECT t.id, u.id FROM t FULL JOIN u ON t.a = u.a WHERE t.id IS NULL OR t.id > 2',
  'SELECT t.id, u.id FROM t FULL JOIN u ON t.a = u.a WHERE t.id > 2',
  'SELECT t.id, u.id FROM t LEFT JOIN u ON t.a IS NOT DISTINCT FROM u.a',
  'SELECT t.id, u.id FROM t JOIN u ON t.a IS NOT DISTINCT FROM u.a AND t.s = u.s',
  'SELECT t.id, u.id FROM t FULL JOIN u ON t.a IS NOT DISTINCT FROM u.a AND t.s = u.s',
  'SELECT t.id, u.id FROM t JOIN u ON t.a < u.a',
  'SELECT t.id, u.id FROM t JOIN u USING (a, s)',
  'SELECT id, a, s FROM t NATURAL JOIN u',
  'SELECT t.id FROM t LEFT JOIN u ON t.a = u.a AND EXISTS (SELECT 1 FROM w WHERE w.k = u.a) '
    + 'WHERE u.id IS NULL',
  'SELECT t.id, u.id FROM t LEFT JOIN u ON u.c = (SELECT max(c) FROM u u2 WHERE u2.a = t.a)',
  'SELECT t.id, u.id FROM u RIGHT JOIN t ON u.c = (SELECT max(c) FROM u u2 WHERE u2.a = t.a)',
  'SELECT t.id, u.id FROM t JOIN u ON u.c = (SELECT max(c) FROM u u2 WHERE u2.a = t.a)',
  'SELECT t.id, u.id FROM t FULL JOIN u ON t.a = u.a AND EXISTS (SELECT 1 FROM w WHERE w.k = u.a '
    + 'AND w.v > t.b)',
  'SELECT t.id, q.x, q.y FROM t LEFT JOIN LATERAL (SELECT u.id AS x, w.v AS y FROM u FULL JOIN w '
    + 'ON u.a = w.k AND EXISTS (SELECT 1 FROM n WHERE n.x = u.a AND n.x = t.a)) q ON q.x = t.id',
  'SELECT (SELECT (1, 2)) IN (SELECT (1, 2))',
  'SELECT t.id, u.id FROM t, u WHERE t.a + 1 = u.a + 1 AND t.b * 10 = u.c',
  "SELECT t.id, u.id FROM t, u WHERE (t.a = u.a AND t.s = 'x' AND u.c > 1) OR (t.a = u.a "
    + "AND t.s = 'y' AND u.c < 150)",
  "SELECT t.id, u.id FROM t, u WHERE (t.s = 'x' AND u.s = 'q') OR (t.s = 'z' AND u.s = 'x')",
  'SELECT id FROM t WHERE (a = 1 AND b > 10) OR (a = 1 AND b IS NULL) OR a = 1',
  'SELECT x.id FROM t x JOIN (SELECT a, count(*) AS n FROM u GROUP BY a) y ON x.a = y.a '
    + 'WHERE y.n > 1 AND y.a = 1',
  // Aggregates, DISTINCT, set operations, WITH, grouping sets, windows, limits.
  'SELECT a, count(*), sum(b), min(s), avg(b), count(DISTINCT s) FROM t GROUP BY a',
  'SELECT a + 1, sum(b + 1) FILTER (WHERE id > 1) FROM t GROUP BY a + 1',
  'SELECT DISTINCT a, s FROM t',
  'SELECT DISTINCT ON (a) a, id FROM t ORDER BY a, id DESC',
  'SELECT count(*) FROM t WHERE false',
  'SELECT a, count(*) FROM t WHERE 1 = 0 GROUP BY a',
  'SELECT a, s, count(*), grouping(a, s) FROM t GROUP BY GROUPING SETS ((a, s), (a), ())',
  'SELECT a, s, sum(b) FROM t GROUP BY ROLLUP (a, s)',
  'SELECT a, s, sum(b) FROM t GROUP BY CUBE (a, s) HAVING sum(b) > 10',
  'SELECT id, (SELECT count(*) FROM (SELECT u.a, u.s, count(*) FROM u WHERE u.a = t.a '
    + 'GROUP BY GROUPING SETS ((u.a), (u.s))) q) FROM t',
  'SELECT a FROM t UNION SELECT a FROM u',
  'SELECT a FROM t UNION ALL SELECT a FROM u',
  'SELECT a FROM t INTERSECT SELECT a FROM u',
  'SELECT a FROM t EXCEPT ALL SELECT a FROM u',
  'SELECT * FROM (SELECT a, s FROM t UNION ALL SELECT a, s FROM u) q WHERE a = 1',
  'WITH q AS (SELECT a, sum(b) AS n FROM t GROUP BY a) SELECT x.a, y.n FROM q x JOIN q y '
    + 'ON x.a < y.a WHERE x.n > 1',
  'SELECT * FROM (SELECT id, row_number() OVER (PARTITION BY a ORDER BY id DESC) AS rn FROM t) q '
    + 'WHERE rn <= 1',
  'SELECT * FROM (SELECT id, rank() OVER (PARTITION BY s ORDER BY b) AS r FROM t) q WHERE r < 2',
  'SELECT * FROM (SELECT id, row_number() OVER (ORDER BY id) AS rn FROM t) q WHERE rn = 3',
  'SELECT id, row_number() OVER (PARTITION BY a ORDER BY id), sum(b) OVER (PARTITION BY a) FROM t',
  'SELECT id FROM (SELECT id, a FROM t ORDER BY id LIMIT 3) q WHERE a = 1',
  'SELECT s FROM (SELECT s, a, row_number() OVER (PARTITION BY a ORDER BY id) FROM t) q '
    + 'WHERE a = 1',
  'SELECT t.id FROM t WHERE (SELECT count(*) FROM u WHERE u.a = t.a) = 0',
  "SELECT CASE WHEN true THEN 1 ELSE 1 / 0 END",
  'SELECT id FROM t WHERE a = 1 AND (b = 10 OR 1 = 1)',
];
