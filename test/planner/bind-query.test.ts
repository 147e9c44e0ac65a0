/**
 * Binding of queries: names, types, clauses; errors with PostgreSQL's words, codes and positions.
 */
import { describe, expect, it } from 'vitest';
import { SqlError } from '../../src/common/errors.ts';
import { formatType } from '../../src/common/types/registry.ts';
import type { Query } from '../../src/parser/ast.ts';
import { parseStatements } from '../../src/parser/parse.ts';
import type { BoundQuery } from '../../src/planner/bound.ts';
import { bindQuery, bindView } from '../../src/planner/planner.ts';
import type { Relation } from '../../src/planner/relation.ts';
import { memoryCatalog } from './memory-catalog.ts';

const catalog = memoryCatalog([
  { name: 'orders', columns: 'id int4 !, amount numeric, customer int4, ts timestamp, note text',
    primaryKey: ['id'] },
  { name: 'customers', columns: 'id int4 !, name text, tags text[]', primaryKey: ['id'] },
  { name: 'bid', columns: 'bidtime timestamp, price numeric, item text', watermark: 'bidtime' },
  { name: 'plain', columns: 'ts timestamp, v int4' },
]);

function parse(text: string): Query {
  const [parsed] = parseStatements(text);
  if (parsed?.statement.kind !== 'query') throw new Error('not a query');
  return parsed.statement;
}

function bind(text: string): BoundQuery {
  return bindQuery(parse(text), { catalog, text });
}

function view(text: string): BoundQuery {
  return bindView(parse(text), { catalog, text });
}

function columns(text: string): string {
  return bind(text).columns.map((column) => `${column.name} ${formatType(column.type)}`).join(', ');
}

function failure(run: () => unknown): SqlError {
  try {
    run();
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error('no error');
}

function kinds(relation: Relation): string {
  switch (relation.kind) {
    case 'values': case 'scan': case 'recursiveRef': return relation.kind;
    case 'join': case 'asofJoin': case 'temporalJoin': case 'setOp':
      return `${relation.kind}(${kinds(relation.left)}, ${kinds(relation.right)})`;
    case 'union': return `union(${relation.inputs.map(kinds).join(', ')})`;
    case 'recursive':
      return `recursive(${relation.bindings.map((each) => kinds(each.definition)).join(', ')})`;
    default: return `${relation.kind}(${kinds(relation.input)})`;
  }
}

describe('names and types', () => {
  it.each([
    ['SELECT 1', '?column? integer'],
    ['SELECT id, amount * 2 AS double FROM orders', 'id integer, double numeric'],
    ['SELECT * FROM orders o JOIN customers c ON c.id = o.customer',
      'id integer, amount numeric, customer integer, ts timestamp without time zone, note text, '
      + 'id integer, name text, tags text[]'],
    ['SELECT c.* FROM orders JOIN customers c USING (id)', 'id integer, name text, tags text[]'],
    ["SELECT 'a', NULL, 1.5, 3000000000, '2020-01-01'::date",
      '?column? text, ?column? text, ?column? numeric, ?column? bigint, date date'],
    ['SELECT count(*), sum(amount), max(ts) FROM orders',
      'count bigint, sum numeric, max timestamp without time zone'],
    ['SELECT CASE WHEN true THEN 1 ELSE 2.5 END, coalesce(NULL, 3)',
      'case numeric, coalesce integer'],
    ["SELECT ARRAY[1,2], ARRAY[1, NULL, 2.5], '{1,2}'::int[]",
      'array integer[], array numeric[], int4 integer[]'],
    ['SELECT row_number() OVER (ORDER BY id) FROM orders', 'row_number bigint'],
    ['SELECT a, b FROM (VALUES (1, NULL), (2, 3)) t(a, b)', 'a integer, b integer'],
    ['SELECT 1 UNION SELECT 2.5', '?column? numeric'],
    ['SELECT current_user, current_schema, current_database()',
      'current_user name, current_schema name, current_database name'],
    ['WITH x AS (SELECT id AS k FROM orders) SELECT k FROM x', 'k integer'],
    ['SELECT (SELECT max(amount) FROM orders o WHERE o.customer = c.id) AS m FROM customers c',
      'm numeric'],
    ['SELECT t.tag FROM customers c, unnest(c.tags) AS t(tag)', 'tag text'],
    ['SELECT g FROM generate_series(1, 3) AS g', 'g integer'],
    ['SELECT $1::int + 1, $2 || note FROM orders', '?column? integer, ?column? text'],
  ])('%s', (text, expected) => {
    expect(columns(text)).toBe(expected);
  });

  it.each([
    ['SELECT amout FROM orders', '42703', 'column "amout" does not exist'],
    ['SELECT o.amout FROM orders o', '42703', 'column o.amout does not exist'],
    ['SELECT 1 FROM ordrs', '42P01', 'relation "ordrs" does not exist'],
    ['SELECT id FROM orders a JOIN orders b ON a.id = b.id', '42702',
      'column reference "id" is ambiguous'],
    ['SELECT x.id FROM orders', '42P01', 'missing FROM-clause entry for table "x"'],
    ['SELECT orders.id FROM orders o', '42P01',
      'invalid reference to FROM-clause entry for table "orders"'],
    ['SELECT 1 FROM orders a LEFT JOIN (SELECT a.id) b ON true', '42P01',
      'invalid reference to FROM-clause entry for table "a"'],
    ['SELECT summ(amount) FROM orders', '42883', 'function summ(numeric) does not exist'],
    ['SELECT note + 1 FROM orders', '42883', 'operator does not exist: text + integer'],
    ['SELECT customer, sum(amount) FROM orders GROUP BY amount', '42803',
      'column "orders.customer" must appear in the GROUP BY clause or be used in an aggregate '
      + 'function'],
    ['SELECT 1 WHERE 1', '42804', 'argument of WHERE must be type boolean, not type integer'],
    ['SELECT 1 FROM orders WHERE count(*) > 1', '42803',
      'aggregate functions are not allowed in WHERE'],
    ["SELECT 'x'::int", '22P02', 'invalid input syntax for type integer: "x"'],
    ["SELECT 1 + 'x'", '22P02', 'invalid input syntax for type integer: "x"'],
    ['SELECT CASE WHEN true THEN 1 ELSE note END FROM orders', '42804',
      'CASE types text and integer cannot be matched'],
    ['SELECT 1 UNION SELECT 1, 2', '42601',
      'each UNION query must have the same number of columns'],
    ['SELECT id FROM orders ORDER BY 3', '42P10', 'ORDER BY position 3 is not in select list'],
    ['SELECT sum(count(*)) FROM orders', '42803', 'aggregate function calls cannot be nested'],
    ['SELECT (SELECT 1, 2)', '42601', 'subquery must return only one column'],
  ])('%s', (text, code, message) => {
    const error = failure(() => bind(text));
    expect([error.sqlState, error.message]).toEqual([code, message]);
  });

  it('points at the name and offers the nearest one', () => {
    const error = failure(() => bind('SELECT amout FROM orders'));
    expect(error.fields.hint)
      .toBe('Perhaps you meant to reference the column "orders.amount".');
    expect(error.fields.span?.start).toBe(7);
  });

  it('gives parameters the types of their places', () => {
    const bound = bind('SELECT $1 + id, $2 FROM orders WHERE ts > $3 LIMIT $4');
    expect(bound.parameters.map(formatType))
      .toEqual(['integer', 'text', 'timestamp without time zone', 'bigint']);
  });
});

describe('shapes', () => {
  it.each([
    ['SELECT customer, count(*) FROM orders WHERE id > 1 GROUP BY customer HAVING count(*) > 1',
      'project(filter(aggregate(filter(scan))))'],
    ['SELECT DISTINCT customer FROM orders', 'distinct(project(scan))'],
    ['SELECT DISTINCT ON (customer) * FROM orders ORDER BY customer, ts', 'topN(project(scan))'],
    ['SELECT id, name FROM orders FULL JOIN customers USING (id)', 'project(join(scan, scan))'],
    ['SELECT rank() OVER (ORDER BY id), sum(amount) OVER (PARTITION BY customer) FROM orders',
      'project(over(over(scan)))'],
    ['SELECT customer, id, count(*) FROM orders GROUP BY ROLLUP (customer, id)',
      'project(union(project(aggregate(scan)), project(aggregate(scan)), '
      + 'project(aggregate(scan))))'],
    ['SELECT unnest(tags), generate_series(1, 2) FROM customers', 'project(flatMap(scan))'],
    ['SELECT id FROM orders INTERSECT ALL SELECT id FROM customers',
      'setOp(project(scan), project(scan))'],
    ['WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t',
      'project(recursive(union(project(values), project(project(filter(recursiveRef))))))'],
    ['SELECT * FROM (SELECT id FROM orders ORDER BY ts LIMIT 3) s', 'project(topN(project(scan)))'],
    ['SELECT c.id, t FROM customers c, unnest(c.tags) t', 'project(flatMap(scan))'],
    ['SELECT c.id, s.n FROM customers c, LATERAL (SELECT count(*) AS n FROM orders o '
      + 'WHERE o.customer = c.id) s', 'project(join(scan, project(aggregate(filter(scan)))))'],
    ['SELECT t.price, b.price FROM bid t ASOF JOIN bid b ON t.item = b.item '
      + 'AND t.bidtime >= b.bidtime', 'project(asofJoin(scan, scan))'],
    ['SELECT o.id FROM orders o JOIN customers FOR SYSTEM_TIME AS OF o.ts AS c '
      + 'ON o.customer = c.id', 'project(temporalJoin(scan, scan))'],
  ])('%s', (text, expected) => {
    expect(kinds(bind(text).relation)).toBe(expected);
  });

  it('keeps columns that follow from a grouped primary key', () => {
    expect(columns('SELECT id, note, count(*) FROM orders GROUP BY id'))
      .toBe('id integer, note text, count bigint');
  });

  it('hides sort keys behind the outputs', () => {
    const bound = bind('SELECT id FROM orders ORDER BY ts DESC, id');
    expect(bound.orderBy).toEqual([
      { column: 1, descending: true, nullsFirst: true },
      { column: 0, descending: false, nullsFirst: false },
    ]);
    expect(bound.relation.columns.map((column) => column.name)).toEqual(['id', '$sort1']);
  });
});

describe('windows', () => {
  it.each([
    "SELECT window_start, window_end, sum(price) FROM TUMBLE(bid, bidtime, INTERVAL '10 minutes') "
      + 'GROUP BY window_start, window_end',
    "SELECT window_start, sum(price) FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(bidtime), INTERVAL "
      + "'10' MINUTE)) GROUP BY window_start",
    "SELECT window_start, sum(price) FROM TABLE(TUMBLE(bid, INTERVAL '10' MINUTE)) "
      + 'GROUP BY window_start',
    'SELECT item, sum(price) FROM bid WINDOW TUMBLING (SIZE 10 MINUTES, GRACE PERIOD 10 SECONDS) '
      + 'GROUP BY item',
    "SELECT TUMBLE_START(bidtime, INTERVAL '10' MINUTE), sum(price) FROM bid "
      + "GROUP BY TUMBLE(bidtime, INTERVAL '10' MINUTE)",
  ])('%s', (text) => {
    expect(kinds(view(`${text} EMIT ON WINDOW CLOSE`).relation))
      .toMatch(/^project\(gate\(project\(aggregate\(window\(scan\)\)\)\)\)$|^gate\(/);
    const window = JSON.stringify(view(text).relation, (_key, value: unknown) =>
      (typeof value === 'bigint' ? `${value}n` : value));
    expect(window).toContain('"kind":"tumble","size":"600000000n"');
  });

  it.each([
    ["SELECT window_start FROM TUMBLE(bid, bidtime, INTERVAL '0 seconds')", '22023'],
    ["SELECT window_start FROM HOP(bid, bidtime, INTERVAL '-1 minute', INTERVAL '5 minutes')",
      '22023'],
    ["SELECT window_start FROM TUMBLE(bid, price, INTERVAL '1 minute')", '42804'],
    ["SELECT window_start FROM TUMBLE(bid, bidtim, INTERVAL '1 minute')", '42703'],
    ["SELECT window_start FROM TUMBLE(bid, bidtime, INTERVAL '1 month')", '0A000'],
    ["SELECT window_start FROM CUMULATE(bid, bidtime, INTERVAL '2 minutes', INTERVAL '5 minutes')",
      '22023'],
    ["SELECT window_start, count(*) FROM TUMBLE(plain, ts, INTERVAL '1 minute') "
      + 'GROUP BY window_start EMIT ON WINDOW CLOSE', '0A000'],
  ])('%s', (text, code) => {
    expect(failure(() => view(text)).sqlState).toBe(code);
  });

  it('carries the arrival watermark through a subquery of a view', () => {
    const bound = view('SELECT window_start, count(*) FROM TUMBLE((SELECT bidtime FROM bid '
      + "WHERE price > 1), bidtime, INTERVAL '1 minute') GROUP BY window_start");
    expect(JSON.stringify(bound.relation, (_key, value: unknown) =>
      (typeof value === 'bigint' ? Number(value) : value)).match(/\$arrival/g)?.length)
      .toBeGreaterThan(1);
  });
});
