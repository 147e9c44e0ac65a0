/**
 * The fifth level of the grammar: queries. SELECT, VALUES, TABLE, set operations, WITH and the
 * clauses behind a query.
 *
 * A parenthesised query without clauses of its own is replaced by its body, so that (SELECT 1) and
 * SELECT 1 give the same tree. Long lists of literal rows are read by literal-rows.ts.
 */
import type { QualifiedName } from './ast-leaves.ts';
import type { CteSearch, LockingClause, TableQuery } from './ast-leaves.ts';
import type {
  AsOf,
  Cte,
  CteColumn,
  CteCycle,
  DataChange,
  EmitClause,
  FillClause,
  Expr,
  GroupItem,
  NamedWindow,
  Option,
  Query,
  QueryBody,
  Select,
  SelectItem,
  SetOperation,
  SortItem,
  Values,
  WithClause,
} from './ast.ts';
import { FromGrammar } from './grammar-from.ts';
import type { Rule } from './grammar-names.ts';
import { readLiteralRows } from './literal-rows.ts';
import { grammarError } from './syntax-errors.ts';
import * as T from './tokens.ts';

const K = T.K;

interface Tail {
  orderBy?: readonly SortItem[];
  limit?: Expr | null;
  withTies: boolean;
  offset?: Expr;
  locking: LockingClause[];
  emit?: EmitClause;
  asOf?: AsOf;
  options?: readonly Option[];
}

interface Grouping {
  readonly items: readonly GroupItem[];
  readonly distinct: boolean;
}

/** Queries. */
export abstract class QueryGrammar extends FromGrammar {
  protected abstract readonly dataChange: Rule<DataChange, [withClause: WithClause | null]>;

  // ---------------------------------------------------------------------------- the whole

  /** A query with its clauses; a WITH that was read before is handed in. */
  protected readonly query: Rule<Query, [given?: WithClause | null]> = this.rule(
    'query',
    (given = null) => {
      const first = this.LA(1);
      this.enter();
      const own = this.OPTION(() => this.SUBRULE(this.withClause));
      const body = this.SUBRULE(this.queryBody);
      const tail = this.SUBRULE(this.queryTail);
      this.leave();
      return this.ACTION(() => {
        const clause = own ?? given;
        const span = given === null ? this.spanFrom(first) : this.spanOver(given);
        return makeQuery(clause, body, tail, span);
      });
    },
  );

  /** UNION and EXCEPT associate to the left; INTERSECT binds tighter. */
  protected readonly queryBody: Rule<QueryBody, [min?: number]> = this.rule(
    'queryBody',
    (min = 0) => {
      let left = this.SUBRULE(this.queryPrimary);
      let links = 0;
      this.MANY({
        GATE: () => (this.ahead(1, K.intersect) ? 2 : 1) > min,
        DEF: () => {
          this.limitChain(++links);
          left = this.SUBRULE(this.setOperation, { ARGS: [left] });
        },
      });
      return left;
    },
  );

  protected readonly setOperation: Rule<QueryBody, [left: QueryBody]> = this.rule(
    'setOperation',
    (left) => {
      const operator = this.OR<SetOperation['operator']>([
        { ALT: () => (this.CONSUME(K.union), 'union') },
        { ALT: () => (this.CONSUME(K.intersect), 'intersect') },
        { ALT: () => (this.CONSUME(K.except), 'except') },
      ]);
      let all = false;
      this.OPTION(() =>
        this.OR2([
          { ALT: () => (this.CONSUME(K.all), (all = true)) },
          { ALT: () => this.CONSUME(K.distinct) },
        ]),
      );
      const right = this.SUBRULE(this.queryBody, { ARGS: [operator === 'intersect' ? 2 : 1] });
      return { kind: 'setOperation', operator, all, left, right, span: this.spanOver(left) };
    },
  );

  protected readonly queryPrimary: Rule<QueryBody> = this.rule('queryPrimary', () =>
    this.OR<QueryBody>([
      { ALT: () => this.SUBRULE(this.select) },
      { ALT: () => this.SUBRULE(this.valuesRows) },
      { ALT: () => this.SUBRULE(this.tableQuery) },
      {
        ALT: () => {
          this.CONSUME(T.LParen);
          const query = this.SUBRULE(this.query);
          this.CONSUME(T.RParen);
          return isPlain(query) ? query.body : query;
        },
      },
    ]),
  );

  protected readonly tableQuery: Rule<TableQuery> = this.rule('tableQuery', () => {
    const first = this.CONSUME(K.table);
    const name = this.SUBRULE(this.qualifiedName);
    return { kind: 'tableQuery', name, span: this.spanFrom(first) };
  });

  /** VALUES (a, b), (c, d) */
  protected readonly valuesRows: Rule<Values> = this.rule('valuesRows', () => {
    const first = this.CONSUME(K.values);
    const rows: (readonly Expr[])[] = [];
    this.ACTION(() => {
      let taken = readLiteralRows((n) => this.LA(n), rows);
      while (taken-- > 0) this.SKIP_TOKEN();
    });
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        rows.push(this.SUBRULE(this.valuesRow));
      },
    });
    return { kind: 'values', rows, span: this.spanFrom(first) };
  });

  protected readonly valuesRow: Rule<readonly Expr[]> = this.rule('valuesRow', () => {
    this.CONSUME(T.LParen);
    const row = this.SUBRULE(this.expressions);
    this.CONSUME(T.RParen);
    return row;
  });

  // --------------------------------------------------------------------------- the clauses

  /** ORDER BY, LIMIT, OFFSET, FETCH, FOR, EMIT, AS OF, OPTIONS in any order, each once. */
  protected readonly queryTail: Rule<Tail> = this.rule('queryTail', () => {
    const tail: Tail = { withTies: false, locking: [] };
    this.MANY({
      GATE: () => !this.ahead(1, K.options) || this.clauseAhead(),
      DEF: () => {
        this.ACTION(() => this.#refuseRepeated(tail));
        this.OR([
          { ALT: () => (tail.orderBy = this.SUBRULE(this.orderBy)) },
          { ALT: () => (tail.limit = this.SUBRULE(this.limitClause)) },
          { ALT: () => (tail.offset = this.SUBRULE(this.offsetClause)) },
          { ALT: () => this.SUBRULE(this.fetchClause, { ARGS: [tail] }) },
          { ALT: () => tail.locking.push(this.SUBRULE(this.locking)) },
          { ALT: () => (tail.emit = this.SUBRULE(this.emitClause, { ARGS: [tail.emit] })) },
          { ALT: () => (tail.asOf = this.SUBRULE(this.asOf)) },
          {
            ALT: () => {
              this.CONSUME(K.options);
              tail.options = this.SUBRULE(this.optionList);
            },
          },
        ]);
      },
    });
    return tail;
  });

  #refuseRepeated(tail: Tail): void {
    const next = this.LA(1);
    const isLimit = next.tokenType === K.limit || next.tokenType === K.fetch;
    const repeated =
      (next.tokenType === K.order && tail.orderBy !== undefined && 'ORDER BY') ||
      (isLimit && tail.limit !== undefined && 'LIMIT') ||
      (next.tokenType === K.offset && tail.offset !== undefined && 'OFFSET');
    if (repeated === false) return;
    throw grammarError(`multiple ${repeated} clauses not allowed`, this.tokenSpan(next));
  }

  /** LIMIT n, LIMIT ALL */
  protected readonly limitClause: Rule<Expr | null> = this.rule('limitClause', () => {
    this.CONSUME(K.limit);
    return this.OR<Expr | null>([
      { ALT: () => (this.CONSUME(K.all), null) },
      {
        ALT: () => {
          const limit = this.SUBRULE(this.expression);
          return limit.kind === 'nullLiteral' ? null : limit;
        },
      },
    ]);
  });

  /** OFFSET n [ROWS] */
  protected readonly offsetClause: Rule<Expr> = this.rule('offsetClause', () => {
    this.CONSUME(K.offset);
    const offset = this.SUBRULE(this.expression);
    this.OPTION(() => this.SUBRULE(this.rowOrRows));
    return offset;
  });

  protected readonly rowOrRows: Rule<unknown> = this.rule('rowOrRows', () =>
    this.OR([{ ALT: () => this.CONSUME(K.row) }, { ALT: () => this.CONSUME(K.rows) }]),
  );

  /** FETCH FIRST [n] ROWS ONLY | WITH TIES */
  protected readonly fetchClause: Rule<void, [tail: Tail]> = this.rule('fetchClause', (tail) => {
    const first = this.CONSUME(K.fetch);
    this.OR([{ ALT: () => this.CONSUME(K.first) }, { ALT: () => this.CONSUME(K.next) }]);
    const count = this.OPTION({
      GATE: () => !this.ahead(1, K.row) && !this.ahead(1, K.rows),
      DEF: () => this.SUBRULE(this.operand),
    });
    this.SUBRULE(this.rowOrRows);
    const withTies = this.OR2([
      { ALT: () => (this.CONSUME(K.only), false) },
      { ALT: () => (this.CONSUME(K.with), this.CONSUME(K.ties), true) },
    ]);
    if (this.RECORDING_PHASE) return;
    const one: Expr = { kind: 'integerLiteral', text: '1', span: this.spanFrom(first) };
    tail.limit = count ?? one;
    tail.withTies = withTies;
  });

  /** FOR UPDATE OF t NOWAIT */
  protected readonly locking: Rule<LockingClause> = this.rule('locking', () => {
    const first = this.CONSUME(K.for);
    const strength = this.OR<LockingClause['strength']>([
      { ALT: () => (this.CONSUME(K.update), 'update') },
      { ALT: () => (this.CONSUME(K.share), 'share') },
      { ALT: () => (this.CONSUME2(K.key), this.CONSUME2(K.share), 'key share') },
      {
        ALT: () => {
          this.CONSUME(K.no);
          this.CONSUME(K.key);
          this.CONSUME2(K.update);
          return 'no key update';
        },
      },
    ]);
    const of =
      this.OPTION(() => {
        this.CONSUME(K.of);
        return this.SUBRULE(this.qualifiedNames);
      }) ?? [];
    const wait =
      this.OPTION2(() =>
        this.OR2([
          { ALT: () => (this.CONSUME(K.nowait), 'nowait' as const) },
          { ALT: () => (this.CONSUME(K.skip), this.CONSUME(K.locked), 'skip locked' as const) },
        ]),
      ) ?? 'wait';
    return { kind: 'locking', strength, of, wait, span: this.spanFrom(first) };
  });

  /** EMIT CHANGES, EMIT FINAL, EMIT ON WINDOW CLOSE, EMIT EVERY interval; parts add up. */
  protected readonly emitClause: Rule<EmitClause, [before: EmitClause | undefined]> = this.rule(
    'emitClause',
    (before) => {
      const first = this.CONSUME(T.EmitClause);
      let mode = before?.mode ?? null;
      let every = before?.every ?? null;
      let pane = before?.pane ?? false;
      this.AT_LEAST_ONE(() =>
        this.OR([
          { ALT: () => (this.CONSUME(K.changes), (mode = 'changes')) },
          { ALT: () => (this.CONSUME(K.final), (mode = 'windowClose')) },
          {
            ALT: () => {
              this.CONSUME(K.on);
              this.CONSUME(K.window);
              this.CONSUME(K.close);
              mode = 'windowClose';
            },
          },
          {
            ALT: () => {
              this.CONSUME(K.every);
              every = this.SUBRULE(this.expression);
            },
          },
        ]),
      );
      this.OPTION({
        GATE: () => this.ahead(2, K.pane),
        DEF: () => {
          this.CONSUME(K.with);
          this.CONSUME(K.pane);
          pane = true;
        },
      });
      return { kind: 'emit', mode, every, pane, span: this.spanFrom(first) };
    },
  );

  // ---------------------------------------------------------------------------------- WITH

  /** WITH a AS (...), b AS (...) */
  protected readonly withClause: Rule<WithClause> = this.rule('withClause', () => {
    const first = this.CONSUME(K.with);
    let recursive: WithClause['recursive'] = 'no';
    let options: readonly Option[] = [];
    this.OPTION({
      GATE: () => this.ahead(1, K.recursive) || this.ahead(2, K.recursive),
      DEF: () => {
        recursive = 'recursive';
        this.OPTION2(() => (this.CONSUME(K.mutually), (recursive = 'mutually')));
        this.CONSUME(K.recursive);
      },
    });
    this.OPTION3(() => (options = this.SUBRULE(this.optionList)));
    const ctes: Cte[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        ctes.push(this.SUBRULE(this.cte));
      },
    });
    return { kind: 'with', recursive, options, ctes, span: this.spanFrom(first) };
  });

  /** name (columns) AS [NOT] [MATERIALIZED] (query) [SEARCH ...] [CYCLE ...] */
  protected readonly cte: Rule<Cte> = this.rule('cte', () => {
    const first = this.LA(1);
    const name = this.SUBRULE(this.identifier);
    const columns: CteColumn[] = [];
    this.OPTION(() => {
      this.CONSUME(T.LParen);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          columns.push(this.SUBRULE(this.cteColumn));
        },
      });
      this.CONSUME(T.RParen);
    });
    this.CONSUME(K.as);
    let materialized: boolean | null = null;
    this.OPTION2(() => {
      materialized = this.OPTION3(() => this.CONSUME(K.not)) === undefined;
      this.CONSUME(K.materialized);
    });
    this.CONSUME2(T.LParen);
    const query = this.SUBRULE(this.queryOrChange);
    this.CONSUME2(T.RParen);
    const search = this.OPTION4(() => this.SUBRULE(this.cteSearch)) ?? null;
    const cycle = this.OPTION5(() => this.SUBRULE(this.cteCycle)) ?? null;
    const span = this.spanFrom(first);
    return { kind: 'cte', name, columns, materialized, query, search, cycle, span };
  });

  protected readonly cteColumn: Rule<CteColumn> = this.rule('cteColumn', () => {
    const first = this.LA(1);
    const name = this.SUBRULE(this.identifier);
    const type = this.OPTION(() => this.SUBRULE(this.typeName)) ?? null;
    return { kind: 'cteColumn', name, type, span: this.spanFrom(first) };
  });

  protected readonly cteSearch: Rule<CteSearch> = this.rule('cteSearch', () => {
    const first = this.CONSUME(K.search);
    const order = this.OR([
      { ALT: () => (this.CONSUME(K.depth), 'depth' as const) },
      { ALT: () => (this.CONSUME(K.breadth), 'breadth' as const) },
    ]);
    this.CONSUME(K.first);
    this.CONSUME(K.by);
    const by = [this.SUBRULE(this.identifier)];
    this.MANY(() => {
      this.CONSUME(T.Comma);
      by.push(this.SUBRULE2(this.identifier));
    });
    this.CONSUME(K.set);
    const set = this.SUBRULE3(this.identifier);
    return { kind: 'cteSearch', order, by, set, span: this.spanFrom(first) };
  });

  protected readonly cteCycle: Rule<CteCycle> = this.rule('cteCycle', () => {
    const first = this.CONSUME(K.cycle);
    const columns = [this.SUBRULE(this.identifier)];
    this.MANY(() => {
      this.CONSUME(T.Comma);
      columns.push(this.SUBRULE2(this.identifier));
    });
    this.CONSUME(K.set);
    const mark = this.SUBRULE3(this.identifier);
    let markValue: Expr | null = null;
    let markDefault: Expr | null = null;
    this.OPTION(() => {
      this.CONSUME(K.to);
      markValue = this.SUBRULE(this.operand);
      this.CONSUME(K.default);
      markDefault = this.SUBRULE2(this.operand);
    });
    this.CONSUME(K.using);
    const path = this.SUBRULE4(this.identifier);
    const span = this.spanFrom(first);
    return { kind: 'cteCycle', columns, mark, markValue, markDefault, path, span };
  });

  /** A query or INSERT, UPDATE, DELETE, each perhaps behind WITH. */
  protected readonly queryOrChange: Rule<Query | DataChange> = this.rule('queryOrChange', () => {
    const clause = this.OPTION(() => this.SUBRULE(this.withClause)) ?? null;
    return this.OR<Query | DataChange>([
      { ALT: () => this.SUBRULE(this.query, { ARGS: [clause] }) },
      { ALT: () => this.SUBRULE(this.dataChange, { ARGS: [clause] }) },
    ]);
  });

  // -------------------------------------------------------------------------------- SELECT

  /** [LOCAL | GLOBAL] TEMP | TEMPORARY */
  protected readonly temporary: Rule<boolean> = this.rule('temporary', () => {
    this.OPTION(() =>
      this.OR([{ ALT: () => this.CONSUME(K.local) }, { ALT: () => this.CONSUME(K.global) }]),
    );
    this.OR2([{ ALT: () => this.CONSUME(K.temp) }, { ALT: () => this.CONSUME(K.temporary) }]);
    return true;
  });

  /** SELECT ... FROM ... WHERE ... GROUP BY ... HAVING ... WINDOW ... */
  protected readonly select: Rule<Select> = this.rule('select', () => {
    const first = this.CONSUME(K.select);
    let distinct = false;
    let distinctOn: readonly Expr[] = [];
    this.OPTION(() =>
      this.OR([
        { ALT: () => this.CONSUME(K.all) },
        {
          ALT: () => {
            this.CONSUME(K.distinct);
            distinctOn = this.OPTION2(() => this.SUBRULE(this.distinctOn)) ?? [];
            distinct = true;
          },
        },
      ]),
    );
    const items = this.OPTION3(() => this.SUBRULE(this.selectItems)) ?? [];
    let into: QualifiedName | null = null;
    let intoTemporary = false;
    this.OPTION4(() => {
      this.CONSUME(K.into);
      intoTemporary = this.OPTION5(() => this.SUBRULE(this.temporary)) ?? false;
      this.option(11, () => this.CONSUME2(K.table));
      into = this.SUBRULE(this.qualifiedName);
    });
    const from =
      this.OPTION6(() => {
        this.CONSUME(K.from);
        return this.SUBRULE(this.fromList);
      }) ?? [];
    const where = this.OPTION7(() => this.SUBRULE(this.whereClause)) ?? null;
    const group = this.OPTION8(() => this.SUBRULE(this.groupBy));
    let fill: FillClause | null = null;
    this.option(12, {
      GATE: () => group !== undefined,
      DEF: () => (fill = this.SUBRULE(this.fillClause)),
    });
    const having =
      this.OPTION9(() => {
        this.CONSUME(K.having);
        return this.SUBRULE(this.expression);
      }) ?? null;
    const windows: NamedWindow[] = [];
    this.option(10, () => {
      this.CONSUME(K.window);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          windows.push(this.SUBRULE(this.namedWindow));
        },
      });
    });
    return {
      kind: 'select',
      distinct,
      distinctOn,
      items,
      into,
      intoTemporary,
      from,
      where,
      groupBy: group?.items ?? [],
      groupDistinct: group?.distinct ?? false,
      fill,
      having,
      windows,
      span: this.spanFrom(first),
    };
  });

  /** FILL (PREV, LINEAR, 0) TRAILING INTERVAL '1 hour' */
  protected readonly fillClause: Rule<FillClause> = this.rule('fillClause', () => {
    const first = this.CONSUME(K.fill);
    const values =
      this.OPTION(() => {
        this.CONSUME(T.LParen);
        const list = this.SUBRULE(this.expressions);
        this.CONSUME(T.RParen);
        return list;
      }) ?? [];
    const trailing =
      this.OPTION2(() => {
        this.CONSUME(K.trailing);
        return this.SUBRULE(this.expression);
      }) ?? null;
    return { kind: 'fill', values, trailing, span: this.spanFrom(first) };
  });

  protected readonly distinctOn: Rule<readonly Expr[]> = this.rule('distinctOn', () => {
    this.CONSUME(K.on);
    this.CONSUME(T.LParen);
    const keys = this.SUBRULE(this.expressions);
    this.CONSUME(T.RParen);
    return keys;
  });

  protected readonly whereClause: Rule<Expr> = this.rule('whereClause', () => {
    this.CONSUME(K.where);
    return this.SUBRULE(this.expression);
  });

  /** a, b AS c, * */
  protected readonly selectItems: Rule<readonly SelectItem[]> = this.rule('selectItems', () => {
    const items: SelectItem[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        items.push(this.SUBRULE(this.selectItem));
      },
    });
    return items;
  });

  protected readonly selectItem: Rule<SelectItem> = this.rule('selectItem', () => {
    const first = this.LA(1);
    const expr = this.OR<Expr>([
      { ALT: () => this.SUBRULE(this.starItem) },
      { ALT: () => this.SUBRULE(this.expression) },
    ]);
    const isStar = first.tokenType === T.Asterisk;
    const alias = this.OPTION({
      GATE: () => !isStar && !this.clauseAhead(),
      DEF: () =>
        this.OR2([
          { ALT: () => (this.CONSUME(K.as), this.SUBRULE(this.label)) },
          { ALT: () => this.makeIdentifier(this.CONSUME(T.BareLabel)) },
        ]),
    });
    return { kind: 'selectItem', expr, alias: alias ?? null, span: this.spanFrom(first) };
  });

  /** *, * EXCEPT (a, b) */
  protected readonly starItem: Rule<Expr> = this.rule('starItem', () => {
    const first = this.CONSUME(T.Asterisk);
    const columns = this.OPTION({
      GATE: () => this.ahead(2, T.LParen) && this.ahead(3, T.ColumnId),
      DEF: () => {
        this.CONSUME(K.except);
        this.CONSUME(T.LParen);
        const names = this.SUBRULE(this.qualifiedNames);
        this.CONSUME(T.RParen);
        return names;
      },
    });
    return this.ACTION(() => {
      const except = (columns ?? []).map(({ parts, span }) => {
        return { kind: 'columnRef', parts, span } as const;
      });
      return { kind: 'star', qualifier: [], except, span: this.spanFrom(first) };
    });
  });

  /** GROUP BY [ALL | DISTINCT] items */
  protected readonly groupBy: Rule<Grouping> = this.rule('groupBy', () => {
    this.CONSUME(K.group);
    this.CONSUME(K.by);
    let distinct = false;
    this.OPTION(() =>
      this.OR([
        { ALT: () => this.CONSUME(K.all) },
        { ALT: () => (this.CONSUME(K.distinct), (distinct = true)) },
      ]),
    );
    const items = this.SUBRULE(this.groupItems);
    return { items, distinct };
  });

  protected readonly groupItems: Rule<readonly GroupItem[]> = this.rule('groupItems', () => {
    const items: GroupItem[] = [];
    this.enter();
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        items.push(this.SUBRULE(this.groupItem));
      },
    });
    this.leave();
    return items;
  });

  protected readonly groupItem: Rule<GroupItem> = this.rule('groupItem', () => {
    const first = this.LA(1);
    return this.OR<GroupItem>([
      {
        GATE: () => this.ahead(2, T.RParen),
        ALT: () => {
          this.CONSUME(T.LParen);
          this.CONSUME(T.RParen);
          return { kind: 'groupEmpty', span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          const which = this.OR2([
            { ALT: () => (this.CONSUME(K.rollup), 'rollup' as const) },
            { ALT: () => (this.CONSUME(K.cube), 'cube' as const) },
          ]);
          this.CONSUME2(T.LParen);
          const items = this.SUBRULE(this.expressions);
          this.CONSUME2(T.RParen);
          return { kind: 'groupRollup', function: which, items, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.grouping);
          this.CONSUME(K.sets);
          this.CONSUME3(T.LParen);
          const sets = this.SUBRULE(this.groupItems);
          this.CONSUME3(T.RParen);
          return { kind: 'groupSets', sets, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          const expr = this.SUBRULE(this.expression);
          return { kind: 'groupExpr', expr, span: this.spanFrom(first) };
        },
      },
    ]);
  });

  /** name AS (spec) */
  protected readonly namedWindow: Rule<NamedWindow> = this.rule('namedWindow', () => {
    const first = this.LA(1);
    const name = this.SUBRULE(this.identifier);
    this.CONSUME(K.as);
    const spec = this.SUBRULE(this.windowSpec);
    return { kind: 'namedWindow', name, spec, span: this.spanFrom(first) };
  });
}

function makeQuery(
  clause: WithClause | null,
  body: QueryBody,
  tail: Tail,
  span: Query['span'],
): Query {
  const query: Query = {
    kind: 'query',
    with: clause,
    body,
    orderBy: tail.orderBy ?? [],
    limit: tail.limit ?? null,
    withTies: tail.withTies,
    offset: tail.offset ?? null,
    locking: tail.locking,
    emit: tail.emit ?? null,
    asOf: tail.asOf ?? null,
    options: tail.options ?? [],
    span,
  };
  if (body.kind !== 'query') return query;
  return isPlain(query) ? body : withOptionsOf(query, body);
}

/**
 * Clauses behind a query in parentheses are clauses of that query: each may be there once.
 */
function withOptionsOf(query: Query, inner: Query): Query {
  const twice = query.with !== null && inner.with !== null ? 'WITH'
    : isSorted(query) && isSorted(inner) ? 'ORDER BY'
    : query.limit !== null && inner.limit !== null ? 'LIMIT'
    : query.offset !== null && inner.offset !== null ? 'OFFSET' : null;
  if (twice !== null) throw grammarError(`multiple ${twice} clauses not allowed`, query.span);
  if (inner.emit !== null || inner.asOf !== null || inner.options.length > 0) return query;
  return {
    ...query, body: inner.body, with: query.with ?? inner.with,
    orderBy: isSorted(query) ? query.orderBy : inner.orderBy,
    limit: query.limit ?? inner.limit, withTies: query.withTies || inner.withTies,
    offset: query.offset ?? inner.offset, locking: [...inner.locking, ...query.locking],
  };
}

function isSorted({ orderBy }: Query): boolean {
  return orderBy.length > 0;
}

/** Has the query nothing but its body? */
function isPlain(query: Query): boolean {
  return (
    query.with === null &&
    query.orderBy?.length === 0 &&
    query.limit === null &&
    query.offset === null &&
    query.locking.length === 0 &&
    query.emit === null &&
    query.asOf === null &&
    query.options.length === 0
  );
}
