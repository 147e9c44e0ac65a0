/**
 * Random syntax trees for the round trip through print and parse.
 *
 * Only trees the parser can make are made: the sign of a number is part of it, a chain of AND has
 * at least two operands, a row of one is explicit, and no parentheses stand for nothing.
 */
import fc from 'fast-check';
import { NO_SPAN } from '../../src/common/span.ts';
import type { Alias, Identifier, QualifiedName } from '../../src/parser/ast-leaves.ts';
import type {
  Expr,
  FromItem,
  FunctionCall,
  GroupItem,
  Query,
  QueryBody,
  SelectItem,
  SortItem,
  TypeName,
  WindowSpec,
} from '../../src/parser/ast.ts';

const span = NO_SPAN;

const words = [
  'a', 'b', 'price', 'ts', 'Mixed', 'with space', 'quo"te', 'select', 'emit', 'window', 'order',
  'interval', 'value', 'left', 'every', 'asof', 'partition', 'of', 'ünï', '_x$1', 'values', 'row',
];

const identifier: fc.Arbitrary<Identifier> = fc
  .constantFrom(...words)
  .map((name) => ({ kind: 'identifier', name, span }));

function nameOf(parts: readonly Identifier[]): QualifiedName {
  return { kind: 'qualifiedName', parts, span };
}

const qualified = fc.array(identifier, { minLength: 1, maxLength: 3 }).map(nameOf);

/** Functions no window function in FROM is called like. */
const functionName: fc.Arbitrary<QualifiedName> = fc
  .constantFrom('f', 'count', 'Sum', 'left', 'now', 'substring')
  .map((name) => nameOf([{ kind: 'identifier', name, span }]));

const nullable = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(arbitrary, { nil: null, freq: 2 });

const text = fc.oneof(
  fc.string({ maxLength: 8 }).filter((value) => !value.includes('\0')),
  fc.constantFrom("it's", 'back\\slash', '-- no comment', '/* neither */', '$$', '\n'),
);

const digits = fc.nat().map(String);

const literal: fc.Arbitrary<Expr> = fc.oneof(
  fc.record({
    kind: fc.constant('integerLiteral' as const),
    text: fc.tuple(fc.boolean(), digits).map(([minus, n]) => (minus ? `-${n}` : n)),
    span: fc.constant(span),
  }),
  fc.record({
    kind: fc.constant('decimalLiteral' as const),
    text: fc.constantFrom('1.5', '.25', '-3.', '1e10', '2.5E-3'),
    span: fc.constant(span),
  }),
  text.map((value): Expr => ({ kind: 'stringLiteral', value, span })),
  fc.boolean().map((value): Expr => ({ kind: 'booleanLiteral', value, span })),
  fc.constant<Expr>({ kind: 'nullLiteral', span }),
  fc.integer({ min: 1, max: 9 }).map((index): Expr => ({ kind: 'parameter', index, span })),
  fc
    .constantFrom('current_date', 'current_user', 'localtime')
    .map((name): Expr => ({ kind: 'sqlValueFunction', function: name, precision: null, span })),
);

const columnRef: fc.Arbitrary<Expr> = qualified.map(({ parts }) => {
  return { kind: 'columnRef', parts, span };
});

const symbols = ['+', '-', '*', '/', '%', '^', '<', '=', '<>', '>=', '||', '->>', '@>', '~'];

const operator = fc.constantFrom(...symbols);

const modifier: fc.Arbitrary<Expr> = fc
  .integer({ min: 1, max: 6 })
  .map((n) => ({ kind: 'integerLiteral', text: String(n), span }));

const type: fc.Arbitrary<TypeName> = fc
  .record({
    name: fc.constantFrom('int4', 'text', 'numeric', 'varchar', 'timestamptz', 'bpchar', 'Own'),
    modifiers: fc.array(modifier, { maxLength: 1 }),
    arrayDimensions: fc.constantFrom(0, 0, 1, 2),
  })
  .map(({ name, modifiers, arrayDimensions }) => ({
    kind: 'typeName',
    name: nameOf([{ kind: 'identifier', name, span }]),
    modifiers,
    intervalFields: null,
    arrayDimensions,
    setof: false,
    fields: [],
    span,
  }));

const intervalLiteral: fc.Arbitrary<Expr> = fc
  .constantFrom(null, 'minute', 'day to second', 'hour')
  .map((intervalFields) => ({
    kind: 'typedLiteral',
    type: {
      kind: 'typeName',
      name: nameOf([{ kind: 'identifier', name: 'interval', span }]),
      modifiers: [],
      intervalFields,
      arrayDimensions: 0,
      setof: false,
      fields: [],
      span,
    },
    value: '5',
    span,
  }));

function list<T>(arbitrary: fc.Arbitrary<T>, minLength = 1): fc.Arbitrary<T[]> {
  return fc.array(arbitrary, { minLength, maxLength: 3 });
}

const isNumber = (e: Expr): boolean => e.kind === 'integerLiteral' || e.kind === 'decimalLiteral';

interface Trees {
  expr: Expr;
  simple: Expr;
  compound: Expr;
  predicate: Expr;
  subquery: Expr;
  call: Expr;
  sortItem: SortItem;
  windowSpec: WindowSpec;
  query: Query;
  body: QueryBody;
  from: FromItem;
  group: GroupItem;
}

type Tie = <K extends keyof Trees>(key: K) => fc.Arbitrary<Trees[K]>;

function compound(tie: Tie): fc.Arbitrary<Expr> {
  const expr = tie('expr');
  const of = (shape: object): fc.Arbitrary<Expr> =>
    fc.record({ ...shape, span: fc.constant(span) }) as unknown as fc.Arbitrary<Expr>;
  const kind = <T extends string>(value: T): fc.Arbitrary<T> => fc.constant(value);
  const schema = nullable(fc.constant('pg_catalog'));
  return fc.oneof(
    of({
      kind: kind('binary'),
      operator,
      operatorSchema: schema,
      operatorSpan: fc.constant(span),
      left: expr,
      right: expr,
    }),
    of({
      kind: kind('unary'),
      operator: fc.constantFrom('-', '@', '~'),
      operatorSchema: fc.constant(null),
      operand: expr.filter((operand) => !isNumber(operand)),
    }),
    of({ kind: kind('and'), operands: list(expr, 2) }),
    of({ kind: kind('or'), operands: list(expr, 2) }),
    of({ kind: kind('not'), operand: expr }),
    of({ kind: kind('cast'), operand: expr, type, onError: fc.constantFrom('error', 'null') }),
    of({ kind: kind('collate'), operand: expr, collation: qualified }),
    of({ kind: kind('atTimeZone'), operand: expr, zone: expr }),
    of({ kind: kind('fieldAccess'), operand: expr, field: identifier }),
    of({ kind: kind('subscript'), operand: expr, index: expr }),
    of({ kind: kind('slice'), operand: expr, lower: nullable(expr), upper: nullable(expr) }),
    of({ kind: kind('array'), elements: list(expr, 0) }),
    of({ kind: kind('row'), explicit: kind('' as const).map(() => true), items: list(expr, 0) }),
    of({ kind: kind('row'), explicit: fc.constant(false), items: list(expr, 2) }),
    of({
      kind: kind('case'),
      operand: nullable(expr),
      branches: list(of({ kind: kind('caseBranch'), when: expr, then: expr })),
      otherwise: nullable(expr),
    }),
    of({ kind: kind('coalesce'), args: list(expr) }),
    of({ kind: kind('nullIf'), left: expr, right: expr }),
    of({ kind: kind('minMax'), function: fc.constantFrom('greatest', 'least'), args: list(expr) }),
  );
}

function predicate(tie: Tie): fc.Arbitrary<Expr> {
  const expr = tie('expr');
  const notQuery = expr.filter((e) => e.kind !== 'scalarSubquery');
  const of = (shape: object): fc.Arbitrary<Expr> =>
    fc.record({ ...shape, span: fc.constant(span) }) as unknown as fc.Arbitrary<Expr>;
  const negated = fc.boolean();
  return fc.oneof(
    of({
      kind: fc.constant('isTest'),
      test: fc.constantFrom('null', 'true', 'false', 'unknown'),
      negated,
      operand: expr,
    }),
    of({ kind: fc.constant('isDistinct'), negated, left: expr, right: expr }),
    of({
      kind: fc.constant('between'),
      negated,
      symmetric: fc.boolean(),
      operand: expr,
      low: expr,
      high: expr,
    }),
    of({ kind: fc.constant('inList'), negated, operand: expr, items: list(notQuery) }),
    of({
      kind: fc.constant('like'),
      operator: fc.constantFrom('like', 'ilike', 'similar'),
      negated,
      operand: expr,
      pattern: expr,
      escape: nullable(expr),
    }),
    of({
      kind: fc.constant('quantifiedArray'),
      operator,
      operatorSchema: fc.constant(null),
      quantifier: fc.constantFrom('any', 'all'),
      operand: expr,
      array: notQuery,
    }),
  );
}

function subquery(tie: Tie): fc.Arbitrary<Expr> {
  const query = tie('query');
  return fc.oneof(
    query.map((q): Expr => ({ kind: 'exists', query: q, span })),
    query.map((q): Expr => ({ kind: 'scalarSubquery', query: q, span })),
    query.map((q): Expr => ({ kind: 'arraySubquery', query: q, span })),
    fc
      .tuple(fc.boolean(), tie('expr'), query)
      .map(([negated, operand, q]): Expr => {
        return { kind: 'inSubquery', negated, operand, query: q, span };
      }),
  );
}

function call(tie: Tie): fc.Arbitrary<FunctionCall> {
  const plain = fc.record({
    args: fc.array(
      fc.record({
        kind: fc.constant('argument' as const),
        name: nullable(identifier),
        value: tie('expr'),
        variadic: fc.constant(false),
        span: fc.constant(span),
      }),
      { maxLength: 3 },
    ),
    star: fc.constant(false),
    distinct: fc.constant(false),
    orderBy: fc.constant<SortItem[]>([]),
  });
  const full = plain.chain((base) =>
    base.args.length === 0
      ? fc.constant(base)
      : fc.record({
          args: fc.constant(base.args),
          star: fc.constant(false),
          distinct: fc.boolean(),
          orderBy: list(tie('sortItem'), 0),
        }),
  );
  const star = fc.constant({ args: [], star: true, distinct: false, orderBy: [] });
  const over = fc.oneof(
    identifier.map((name) => ({ kind: 'windowName' as const, name, span })),
    tie('windowSpec'),
  );
  return fc
    .record({
      name: functionName,
      inner: fc.oneof(full, star),
      withinGroup: fc.oneof(fc.constant<SortItem[]>([]), list(tie('sortItem'))),
      filter: nullable(tie('expr')),
      nulls: fc.constantFrom(null, null, 'ignore' as const, 'respect' as const),
      over: nullable(over),
    })
    .map(({ inner, ...rest }) => ({ kind: 'functionCall', ...rest, ...inner, span }));
}

const alias: fc.Arbitrary<Alias> = fc.record({
  kind: fc.constant('alias' as const),
  name: identifier,
  columns: fc.array(identifier, { maxLength: 2 }),
  span: fc.constant(span),
});

const tableRef: fc.Arbitrary<FromItem> = fc
  .record({ name: qualified, only: fc.boolean(), alias: nullable(alias) })
  .map((parts) => ({ kind: 'tableRef', ...parts, asOf: null, sample: null, span }));

function from(tie: Tie): fc.Arbitrary<FromItem> {
  const derived = fc
    .record({ query: tie('query'), lateral: fc.boolean(), alias: nullable(alias) })
    .map((parts): FromItem => ({ kind: 'derivedTable', ...parts, span }));
  const windowed = fc
    .record({
      window: fc.constantFrom('tumble' as const, 'hop' as const, 'session' as const),
      source: fc.oneof(tableRef, derived.filter((d) => d.kind === 'derivedTable' && !d.lateral)),
      timeColumn: nullable(columnRef),
      size: nullable(intervalLiteral),
      slide: nullable(intervalLiteral),
      gap: nullable(intervalLiteral),
      longest: nullable(intervalLiteral),
      offset: nullable(intervalLiteral),
      timeZone: nullable(intervalLiteral),
      partitionBy: fc.array(columnRef, { maxLength: 2 }),
      alias: nullable(alias),
    })
    .map((parts): FromItem => {
      const ends = { clause: false, gracePeriod: null, retention: null };
      return { kind: 'windowTable', ...parts, ...ends, span };
    });
  const functions = fc
    .record({
      call: call(tie),
      columns: fc.constantFrom([]),
      rowsFrom: fc.boolean(),
      ordinality: fc.boolean(),
      lateral: fc.boolean(),
      alias: nullable(alias),
    })
    .map(({ call: inner, columns, ...rest }): FromItem => {
      const part = { kind: 'functionTableCall' as const, call: inner, columns, span };
      return { kind: 'functionTable', functions: [part], ...rest, span };
    });
  const condition = fc.oneof(
    tie('expr').map((on) => ({ on, using: null })),
    fc.array(identifier, { minLength: 1, maxLength: 2 }).map((columns) => ({
      on: null,
      using: { kind: 'joinUsing' as const, columns, alias: null, span },
    })),
  );
  const join = fc
    .record({
      type: fc.constantFrom('inner' as const, 'left' as const, 'right' as const, 'full' as const),
      asof: fc.boolean(),
      left: tie('from'),
      right: tie('from'),
      condition,
      alias: nullable(alias),
    })
    .map(({ condition: given, ...rest }): FromItem => {
      return { kind: 'join', natural: false, ...rest, ...given, span };
    });
  const open = fc
    .record({ left: tie('from'), right: tie('from'), natural: fc.boolean() })
    .map(({ left, right, natural }): FromItem => {
      const rest = { on: null, using: null, alias: null, asof: false, span };
      const joined = natural ? ('left' as const) : ('cross' as const);
      return { kind: 'join', type: joined, natural, left, right, ...rest };
    });
  return fc.oneof({ depthSize: 'small' }, tableRef, derived, windowed, functions, join, open);
}

function group(tie: Tie): fc.Arbitrary<GroupItem> {
  return fc.oneof(
    { depthSize: 'small' },
    tie('expr').map((expr): GroupItem => ({ kind: 'groupExpr', expr, span })),
    fc.constant<GroupItem>({ kind: 'groupEmpty', span }),
    fc
      .tuple(fc.constantFrom('rollup' as const, 'cube' as const), list(tie('expr')))
      .map(([name, items]): GroupItem => ({ kind: 'groupRollup', function: name, items, span })),
    list(tie('group')).map((sets): GroupItem => ({ kind: 'groupSets', sets, span })),
  );
}

function select(tie: Tie): fc.Arbitrary<QueryBody> {
  const item = fc
    .record({ expr: tie('expr'), alias: nullable(identifier) })
    .map((parts): SelectItem => ({ kind: 'selectItem', ...parts, span }));
  return fc
    .record({
      distinct: fc.boolean(),
      items: list(item, 0),
      from: fc.array(tie('from'), { maxLength: 2 }),
      where: nullable(tie('expr')),
      groupBy: fc.array(tie('group'), { maxLength: 2 }),
      fill: nullable(fc.record({ values: list(tie('expr'), 0), trailing: nullable(tie('expr')) })),
      having: nullable(tie('expr')),
    })
    .map((parts) => ({
      kind: 'select',
      ...parts,
      fill: parts.fill === null || parts.groupBy.length === 0 ? null
        : { kind: 'fill', ...parts.fill, span },
      distinctOn: [],
      into: null,
      intoTemporary: false,
      groupDistinct: false,
      windows: [],
      span,
    }));
}

function body(tie: Tie): fc.Arbitrary<QueryBody> {
  const values = fc
    .array(list(tie('expr')), { minLength: 1, maxLength: 3 })
    .map((rows): QueryBody => ({ kind: 'values', rows, span }));
  const sets = fc
    .record({
      operator: fc.constantFrom('union' as const, 'intersect' as const, 'except' as const),
      all: fc.boolean(),
      left: tie('body'),
      right: tie('body'),
    })
    .map((parts): QueryBody => ({ kind: 'setOperation', ...parts, span }));
  const table = qualified.map((name): QueryBody => ({ kind: 'tableQuery', name, span }));
  return fc.oneof({ depthSize: 'small' }, select(tie), values, table, sets);
}

function query(tie: Tie): fc.Arbitrary<Query> {
  const notNull = tie('expr').filter((e) => e.kind !== 'nullLiteral');
  const emit = fc
    .record({
      mode: fc.constantFrom('changes' as const, 'windowClose' as const),
      every: nullable(intervalLiteral),
      pane: fc.boolean(),
    })
    .map((parts) => ({ kind: 'emit' as const, ...parts, span }));
  return fc
    .record({
      body: tie('body'),
      orderBy: list(tie('sortItem'), 0),
      limit: nullable(notNull),
      offset: nullable(tie('expr')),
      emit: nullable(emit),
    })
    .map((parts) => {
      const rest = { with: null, withTies: false, locking: [], asOf: null, options: [] };
      return { kind: 'query', ...parts, ...rest, span };
    });
}

const trees = fc.letrec<Trees>((untyped) => {
  const tie = untyped as Tie;
  return {
    simple: fc.oneof(literal, columnRef, intervalLiteral),
    expr: fc.oneof(
      { depthSize: 'small', maxDepth: 4, withCrossShrink: true },
      tie('simple'),
      tie('compound'),
      tie('predicate'),
      tie('call'),
      tie('subquery'),
    ),
    compound: compound(tie),
    predicate: predicate(tie),
    subquery: subquery(tie),
    call: call(tie),
    sortItem: fc.record({
      kind: fc.constant('sortItem' as const),
      expr: tie('expr'),
      direction: fc.constantFrom('asc' as const, 'desc' as const),
      nulls: fc.constantFrom(null, 'first' as const, 'last' as const),
      using: fc.constant(null),
      span: fc.constant(span),
    }),
    windowSpec: fc
      .record({
        base: nullable(identifier),
        partitionBy: list(tie('expr'), 0),
        orderBy: list(tie('sortItem'), 0),
      })
      .map((parts) => ({ kind: 'windowSpec', ...parts, frame: null, span })),
    query: query(tie),
    body: body(tie),
    from: from(tie),
    group: group(tie),
  };
});

/** Any expression. */
export const anyExpression: fc.Arbitrary<Expr> = trees.expr;

/** Any query. */
export const anyQuery: fc.Arbitrary<Query> = trees.query;
