/**
 * The fourth level of the grammar: relations in FROM, joins, window functions over relations in all
 * their spellings, and option lists.
 *
 * TUMBLE(t, ts, size), TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), size)), named arguments and
 * `t WINDOW TUMBLING (SIZE 1 MINUTE)` all become one WindowTable node.
 */
import type { IToken } from 'chevrotain';
import type { Alias, Identifier, JoinUsing, QualifiedName } from './ast-leaves.ts';
import type {
  AsOf,
  Expr,
  FromItem,
  FunctionTable,
  FunctionTableCall,
  Join,
  Option,
  OptionValue,
  TableSample,
  TypeField,
  WindowTable,
} from './ast.ts';
import { ExpressionGrammar } from './grammar-expressions.ts';
import type { Rule } from './grammar-names.ts';
import * as T from './tokens.ts';
import { makeWindowTable } from './window-arguments.ts';
import type { WindowArgument, WindowKind } from './window-arguments.ts';

const K = T.K;

const windowFunctions: ReadonlySet<string> = new Set(['tumble', 'hop', 'cumulate', 'session']);

type JoinHead = Pick<Join, 'type' | 'natural' | 'asof'>;

/** Words behind an option's value or name that end it. */
const optionEnds = [T.Comma, T.RParen];

/** FROM. */
export abstract class FromGrammar extends ExpressionGrammar {
  // ------------------------------------------------------------------------------- options

  /** (a = 1, 'b.c' = 'x', d) */
  protected readonly optionList: Rule<readonly Option[]> = this.rule('optionList', () => {
    const options: Option[] = [];
    this.CONSUME(T.LParen);
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        options.push(this.SUBRULE(this.optionItem));
      },
    });
    this.CONSUME(T.RParen);
    return options;
  });

  /** name [=] [value]; a name may have dots, or several words when no = follows the first. */
  protected readonly optionItem: Rule<Option> = this.rule('optionItem', () => {
    const first = this.LA(1);
    let name = this.OR([
      { ALT: () => this.SUBRULE(this.label).name },
      { ALT: () => this.SUBRULE(this.stringValue) },
    ]);
    this.MANY({
      GATE: () => this.ahead(1, T.Dot) || this.#moreOptionName(),
      DEF: () => {
        name += this.OPTION(() => this.CONSUME(T.Dot)) === undefined ? ' ' : '.';
        name += this.SUBRULE2(this.label).name;
      },
    });
    this.OPTION2(() => this.CONSUME(T.Equals));
    const value =
      this.OPTION3({
        GATE: () => !this.#optionEnds(1),
        DEF: () => this.SUBRULE(this.optionValue),
      }) ?? null;
    return { kind: 'option', name, value, span: this.spanFrom(first) };
  });

  #optionEnds(n: number): boolean {
    const type = this.LA(n).tokenType;
    return optionEnds.includes(type) || type.name === 'EOF';
  }

  /** RECURSION LIMIT 100: a word followed by more is part of the name. */
  #moreOptionName(): boolean {
    return this.ahead(1, T.Label) && !this.ahead(2, T.LParen) && !this.#optionEnds(2);
  }

  protected readonly optionValue: Rule<OptionValue> = this.rule('optionValue', () => {
    const first = this.LA(1);
    return this.OR<OptionValue>([
      {
        GATE: () => this.ahead(2, T.ColumnId),
        ALT: () => {
          this.CONSUME(K.secret);
          const name = this.SUBRULE(this.qualifiedName);
          return { kind: 'secretRef', name, span: this.spanFrom(first) };
        },
      },
      {
        GATE: () => this.#bareWord(),
        ALT: () => {
          const value = this.SUBRULE(this.label).name;
          return { kind: 'stringLiteral', value, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          const items: OptionValue[] = [];
          this.CONSUME(T.LParen);
          this.AT_LEAST_ONE_SEP({
            SEP: T.Comma,
            DEF: () => {
              items.push(this.SUBRULE(this.optionValue));
            },
          });
          this.CONSUME(T.RParen);
          return { kind: 'optionList', items, span: this.spanFrom(first) };
        },
      },
      { ALT: () => (this.CONSUME(T.Asterisk), this.#starOption(first)) },
      { ALT: () => this.SUBRULE(this.expression) },
    ]);
  });

  #starOption(token: IToken): OptionValue {
    return { kind: 'stringLiteral', value: '*', span: this.tokenSpanFast(token) };
  }

  #bareWord(): boolean {
    const type = this.LA(1).tokenType;
    if (type === K.true || type === K.false || type === K.null) return false;
    return this.ahead(1, T.Label) && this.#optionEnds(2);
  }

  // ------------------------------------------------------------------------------- aliases

  /** Clauses of ours that begin with a word which could be an alias. */
  protected clauseAhead(): boolean {
    const type = this.LA(1).tokenType;
    if (type === K.asof) return true;
    if (type === K.partition) return this.ahead(2, K.by);
    if (type === K.format) return this.ahead(3, K.encode);
    return type === K.options && this.ahead(2, T.LParen) && this.ahead(4, T.Equals);
  }

  /** [AS] name [(columns)] */
  protected readonly alias: Rule<Alias> = this.rule('alias', () => {
    const first = this.LA(1);
    this.OPTION(() => this.CONSUME(K.as));
    const name = this.SUBRULE(this.identifier);
    const columns = this.OPTION2(() => this.SUBRULE(this.identifierList)) ?? [];
    return { kind: 'alias', name, columns, span: this.spanFrom(first) };
  });

  // ---------------------------------------------------------------------------------- FROM

  /** a, b JOIN c */
  protected readonly fromList: Rule<readonly FromItem[]> = this.rule('fromList', () => {
    const items: FromItem[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        items.push(this.SUBRULE(this.fromItem));
      },
    });
    return items;
  });

  /** A relation with the joins behind it. */
  protected readonly fromItem: Rule<FromItem> = this.rule('fromItem', () => {
    this.enter();
    let item = this.SUBRULE(this.relation);
    let links = 0;
    this.MANY(() => {
      this.limitChain(++links);
      item = this.SUBRULE(this.join, { ARGS: [item] });
    });
    this.leave();
    return item;
  });

  /** left JOIN right ON ...; in `a JOIN b JOIN c ON x ON y` the inner join is the right side. */
  protected readonly join: Rule<FromItem, [left: FromItem]> = this.rule('join', (left) => {
    const head = this.SUBRULE(this.joinHead);
    let right = this.SUBRULE(this.relation);
    const plain = head.natural || head.type === 'cross';
    this.MANY({
      GATE: () => !plain,
      DEF: () => {
        this.enter();
        right = this.SUBRULE(this.join, { ARGS: [right] });
        this.leave();
      },
    });
    let on: Expr | null = null;
    let using: JoinUsing | null = null;
    this.OPTION({
      GATE: () => !plain,
      DEF: () =>
        this.OR([
          { ALT: () => (this.CONSUME(K.on), (on = this.SUBRULE(this.expression))) },
          { ALT: () => (using = this.SUBRULE(this.joinUsing)) },
        ]),
    });
    if (!plain && on === null && using === null) {
      this.ACTION(() => this.unexpected('Expected ON or USING.'));
    }
    const span = this.spanOver(left);
    return { kind: 'join', ...head, left, right, on, using, alias: null, span };
  });

  protected readonly joinHead: Rule<JoinHead> = this.rule('joinHead', () => {
    let natural = false;
    let asof = false;
    const type = this.OR<Join['type']>([
      { ALT: () => (this.CONSUME(K.cross), 'cross') },
      {
        ALT: () => {
          this.CONSUME(K.natural);
          natural = true;
          return this.SUBRULE(this.joinType);
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.asof);
          asof = true;
          return this.SUBRULE2(this.joinType);
        },
      },
      { ALT: () => this.SUBRULE3(this.joinType) },
    ]);
    this.CONSUME(K.join);
    return { type, natural, asof };
  });

  protected readonly joinType: Rule<Join['type']> = this.rule('joinType', () => {
    const type = this.OPTION(() =>
      this.OR<Join['type']>([
        { ALT: () => (this.CONSUME(K.inner), 'inner') },
        { ALT: () => (this.CONSUME(K.left), 'left') },
        { ALT: () => (this.CONSUME(K.right), 'right') },
        { ALT: () => (this.CONSUME(K.full), 'full') },
      ]),
    );
    this.OPTION2({
      GATE: () => type !== undefined && type !== 'inner',
      DEF: () => this.CONSUME(K.outer),
    });
    return type ?? 'inner';
  });

  protected readonly joinUsing: Rule<JoinUsing> = this.rule('joinUsing', () => {
    const first = this.CONSUME(K.using);
    const columns = this.SUBRULE(this.identifierList);
    const alias =
      this.OPTION(() => {
        this.CONSUME(K.as);
        return this.SUBRULE(this.identifier);
      }) ?? null;
    return { kind: 'joinUsing', columns, alias, span: this.spanFrom(first) };
  });

  /** One relation with its alias and what goes with it. */
  protected readonly relation: Rule<FromItem> = this.rule('relation', () => {
    const item = this.OR<FromItem>([
      { ALT: () => this.SUBRULE(this.lateralItem) },
      { ALT: () => this.SUBRULE(this.parenthesisedItem) },
      { ALT: () => this.SUBRULE(this.tableCall) },
      { ALT: () => this.SUBRULE(this.onlyTable) },
      { ALT: () => this.SUBRULE(this.specialFunction) },
      {
        GATE: () => this.ahead(2, K.from),
        ALT: () => this.SUBRULE(this.rowsFrom, { ARGS: [false] }),
      },
      {
        GATE: () => this.#windowFunctionAhead(),
        ALT: () => this.SUBRULE(this.windowFunction),
      },
      { ALT: () => this.SUBRULE(this.namedRelation) },
    ]);
    return this.OPTION(() => this.SUBRULE(this.windowClause, { ARGS: [item] })) ?? item;
  });

  #windowFunctionAhead(): boolean {
    return this.ahead(2, T.LParen) && windowFunctions.has(this.payload(this.LA(1)));
  }

  /** (query) AS x, (a JOIN b ON c) AS x */
  protected readonly parenthesisedItem: Rule<FromItem> = this.rule('parenthesisedItem', () => {
    const first = this.LA(1);
    const isQuery = this.isSubquery();
    return this.OR<FromItem>([
      {
        GATE: () => isQuery,
        ALT: () => this.SUBRULE(this.derivedTable, { ARGS: [first, false] }),
      },
      {
        ALT: () => {
          this.CONSUME(T.LParen);
          const item = this.SUBRULE(this.fromItem);
          this.CONSUME(T.RParen);
          const alias = this.OPTION({
            GATE: () => !this.clauseAhead(),
            DEF: () => this.SUBRULE(this.alias),
          });
          if (alias === undefined) return item;
          if (item.kind !== 'join') this.ACTION(() => this.unexpected());
          return { ...(item as Join), alias, span: this.spanFrom(first) };
        },
      },
    ]);
  });

  protected readonly derivedTable: Rule<FromItem, [first: IToken, lateral: boolean]> = this.rule(
    'derivedTable',
    (first, lateral) => {
      this.CONSUME(T.LParen);
      const query = this.SUBRULE(this.query);
      this.CONSUME(T.RParen);
      const alias =
        this.OPTION({
          GATE: () => !this.clauseAhead(),
          DEF: () => this.SUBRULE(this.alias),
        }) ?? null;
      const span = this.spanFrom(first);
      return { kind: 'derivedTable', query, lateral, alias, span };
    },
  );

  /** LATERAL (query), LATERAL f(x), LATERAL TABLE(f(x)), LATERAL ROWS FROM (...) */
  protected readonly lateralItem: Rule<FromItem> = this.rule('lateralItem', () => {
    const first = this.CONSUME(K.lateral);
    const item = this.OR<FromItem>([
      { ALT: () => this.SUBRULE(this.derivedTable, { ARGS: [first, true] }) },
      { ALT: () => this.SUBRULE(this.tableCall) },
      {
        GATE: () => this.ahead(2, K.from),
        ALT: () => this.SUBRULE(this.rowsFrom, { ARGS: [true] }),
      },
      { ALT: () => this.SUBRULE(this.namedRelation) },
    ]);
    return this.ACTION(() => {
      if (item.kind !== 'functionTable' && item.kind !== 'derivedTable') this.unexpected();
      return { ...item, lateral: true, span: this.spanFrom(first) };
    });
  });

  /** TABLE(f(x)), TABLE(TUMBLE(TABLE t, ...)) */
  protected readonly tableCall: Rule<FromItem> = this.rule('tableCall', () => {
    const first = this.CONSUME(K.table);
    this.CONSUME(T.LParen);
    return this.OR<FromItem>([
      {
        GATE: () => this.#windowFunctionAhead(),
        ALT: () => {
          const window = this.SUBRULE(this.windowCall);
          this.CONSUME(T.RParen);
          const alias =
            this.OPTION({
              GATE: () => !this.clauseAhead(),
              DEF: () => this.SUBRULE(this.alias),
            }) ?? null;
          return { ...window, alias, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          const part = this.#functionPart(this.SUBRULE(this.expression), []);
          this.CONSUME2(T.RParen);
          return this.SUBRULE(this.functionTail, { ARGS: [first, [part], false] });
        },
      },
    ]);
  });

  #functionPart(call: Expr, columns: readonly TypeField[]): FunctionTableCall {
    return { kind: 'functionTableCall', call, columns, span: call.span };
  }

  /** ONLY t, ONLY (t) */
  protected readonly onlyTable: Rule<FromItem> = this.rule('onlyTable', () => {
    const first = this.CONSUME(K.only);
    const name = this.OR([
      { ALT: () => this.SUBRULE(this.qualifiedName) },
      {
        ALT: () => {
          this.CONSUME(T.LParen);
          const inner = this.SUBRULE2(this.qualifiedName);
          this.CONSUME(T.RParen);
          return inner;
        },
      },
    ]);
    return this.SUBRULE(this.tableTail, { ARGS: [first, name, true] });
  });

  /** A function whose name is a keyword, as in FROM current_date. */
  protected readonly specialFunction: Rule<FromItem> = this.rule('specialFunction', () => {
    const first = this.LA(1);
    const call = this.SUBRULE(this.specialForm);
    const part = this.#functionPart(call, []);
    return this.SUBRULE(this.functionTail, { ARGS: [first, [part], false] });
  });

  /** t, s.t, f(x) */
  protected readonly namedRelation: Rule<FromItem> = this.rule('namedRelation', () => {
    const first = this.LA(1);
    const name = this.SUBRULE(this.functionName);
    const isName = this.matches(first, T.ColumnId) || !this.matches(this.LA(0), T.TypeFunctionId);
    if (!isName && !this.ahead(1, T.LParen)) this.ACTION(() => this.unexpected());
    return this.OR<FromItem>([
      {
        GATE: () => this.ahead(1, T.LParen),
        ALT: () => {
          const call = this.SUBRULE(this.functionCall, { ARGS: [name] });
          const part = this.#functionPart(call, []);
          return this.SUBRULE(this.functionTail, { ARGS: [first, [part], false] });
        },
      },
      { ALT: () => this.SUBRULE(this.tableTail, { ARGS: [first, name, false] }) },
    ]);
  });

  /** [*] [FOR SYSTEM_TIME AS OF x] [alias] [TABLESAMPLE ...] */
  protected readonly tableTail: Rule<
    FromItem,
    [first: IToken, name: QualifiedName, only: boolean]
  > = this.rule('tableTail', (first, name, only) => {
    this.OPTION(() => this.CONSUME(T.Asterisk));
    const before = this.OPTION2(() => this.SUBRULE(this.systemTime));
    const current = this.OPTION3({
      GATE: () => this.payload(this.LA(3)) === 'proctime',
      DEF: () => this.SUBRULE(this.asOf),
    });
    const alias = this.OPTION4({
      GATE: () => !this.clauseAhead(),
      DEF: () => this.SUBRULE(this.alias),
    });
    const behind = this.OPTION5({
      GATE: () => before === undefined && current === undefined,
      DEF: () => this.SUBRULE2(this.systemTime),
    });
    const sample = this.OPTION6(() => this.SUBRULE(this.tableSample)) ?? null;
    const span = this.spanFrom(first);
    return {
      kind: 'tableRef',
      name,
      only,
      alias: alias ?? null,
      asOf: before ?? current ?? behind ?? null,
      sample,
      span,
    };
  });

  /** FOR SYSTEM_TIME AS OF x */
  protected readonly systemTime: Rule<AsOf> = this.rule('systemTime', () => {
    this.CONSUME(T.ForSystemTime);
    this.CONSUME(K.system_time);
    return this.SUBRULE(this.asOf);
  });

  /** AS OF [AT LEAST] x */
  protected readonly asOf: Rule<AsOf> = this.rule('asOf', () => {
    const first = this.CONSUME(T.AsBeforeOf);
    this.CONSUME(K.of);
    const atLeast =
      this.OPTION(() => {
        this.CONSUME(K.at);
        this.CONSUME(T.Label);
      }) !== undefined;
    const value = this.SUBRULE(this.expression);
    return { kind: 'asOf', atLeast, value, span: this.spanFrom(first) };
  });

  protected readonly tableSample: Rule<TableSample> = this.rule('tableSample', () => {
    const first = this.CONSUME(K.tablesample);
    const method = this.SUBRULE(this.functionName);
    const args = this.SUBRULE(this.typeModifiers);
    const repeatable =
      this.OPTION(() => {
        this.CONSUME(K.repeatable);
        this.CONSUME(T.LParen);
        const seed = this.SUBRULE(this.expression);
        this.CONSUME(T.RParen);
        return seed;
      }) ?? null;
    return { kind: 'tableSample', method, args, repeatable, span: this.spanFrom(first) };
  });

  /** ROWS FROM (f(x) AS (a int), g(y)) */
  protected readonly rowsFrom: Rule<FromItem, [lateral: boolean]> = this.rule('rowsFrom', () => {
    const first = this.CONSUME(K.rows);
    this.CONSUME(K.from);
    this.CONSUME(T.LParen);
    const calls: FunctionTableCall[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        const call = this.SUBRULE(this.expression);
        const columns =
          this.OPTION(() => {
            this.CONSUME(K.as);
            return this.SUBRULE(this.columnDefinitions);
          }) ?? [];
        calls.push(this.#functionPart(call, columns));
      },
    });
    this.CONSUME(T.RParen);
    return this.SUBRULE(this.functionTail, { ARGS: [first, calls, true] });
  });

  /** (a int, b text) */
  protected readonly columnDefinitions: Rule<readonly TypeField[]> = this.rule(
    'columnDefinitions',
    () => {
      const columns: TypeField[] = [];
      this.CONSUME(T.LParen);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          columns.push(this.SUBRULE(this.typeField));
        },
      });
      this.CONSUME(T.RParen);
      return columns;
    },
  );

  /** [WITH ORDINALITY] [AS x (a, b) | AS x (a int, b text) | AS (a int)] */
  protected readonly functionTail: Rule<
    FunctionTable,
    [first: IToken, functions: readonly FunctionTableCall[], rowsFrom: boolean]
  > = this.rule('functionTail', (first, functions, rowsFrom) => {
    const ordinality =
      this.OPTION(() => {
        this.CONSUME(T.WithInfix);
        this.CONSUME(K.ordinality);
      }) !== undefined || this.LA(0).tokenType === K.ordinality;
    let alias: Alias | null = null;
    let columns: readonly TypeField[] = [];
    this.OPTION2({
      GATE: () => !this.clauseAhead(),
      DEF: () => {
        const start = this.LA(1);
        const as = this.OPTION3(() => this.CONSUME(K.as)) !== undefined;
        const name = this.OPTION4(() => this.SUBRULE(this.identifier));
        let names: readonly Identifier[] = [];
        this.OPTION5({
          GATE: () => as || name !== undefined,
          DEF: () =>
            this.OR([
              {
                GATE: () => this.ahead(3, T.Comma) || this.ahead(3, T.RParen),
                ALT: () => (names = this.SUBRULE(this.identifierList)),
              },
              { ALT: () => (columns = this.SUBRULE(this.columnDefinitions)) },
            ]),
        });
        if (name !== undefined) {
          alias = { kind: 'alias', name, columns: names, span: this.spanFrom(start) };
        }
      },
    });
    return this.ACTION(() => {
      const span = this.spanFrom(first);
      const only = functions[0];
      const typed = columns.length > 0 && only !== undefined ? [{ ...only, columns }] : functions;
      const flags = { rowsFrom, ordinality, lateral: false };
      return { kind: 'functionTable', functions: typed, ...flags, alias, span };
    });
  });

  // ------------------------------------------------------------------------- time windows

  /** TUMBLE(...) with an alias. */
  protected readonly windowFunction: Rule<FromItem> = this.rule('windowFunction', () => {
    const window = this.SUBRULE(this.windowCall);
    const alias =
      this.OPTION({
        GATE: () => !this.clauseAhead(),
        DEF: () => this.SUBRULE(this.alias),
      }) ?? null;
    return { ...window, alias, span: this.spanOver(window) };
  });

  /** TUMBLE(t, ts, size), HOP(TABLE t, DESCRIPTOR(ts), slide, size), SESSION(DATA => ...) */
  protected readonly windowCall: Rule<WindowTable> = this.rule('windowCall', () => {
    const first = this.CONSUME(T.ColumnId);
    const args: WindowArgument[] = [];
    this.CONSUME(T.LParen);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        args.push(this.SUBRULE(this.windowArgument));
      },
    });
    this.CONSUME(T.RParen);
    return this.ACTION(() =>
      makeWindowTable(this.payload(first) as WindowKind, args, this.spanFrom(first)),
    );
  });

  /** A relation, a descriptor or an expression, perhaps named. */
  protected readonly windowArgument: Rule<WindowArgument> = this.rule('windowArgument', () => {
    const first = this.LA(1);
    const isQuery = this.ahead(1, T.LParen) && this.isSubquery();
    const name =
      this.OPTION({
        GATE: () => this.ahead(2, T.Arrow) || this.ahead(2, T.ColonEquals),
        DEF: () => this.SUBRULE(this.argumentName).name,
      }) ?? null;
    let relation: FromItem | null = null;
    const isNamedQuery = name !== null && this.ahead(1, T.LParen) && this.isSubquery();
    const values = this.OR<readonly Expr[]>([
      { ALT: () => ((relation = this.SUBRULE(this.windowSource)), []) },
      {
        GATE: () => isQuery || isNamedQuery,
        ALT: () => ((relation = this.SUBRULE(this.derivedTable, { ARGS: [first, false] })), []),
      },
      { GATE: () => this.ahead(2, T.LParen), ALT: () => this.SUBRULE(this.descriptor) },
      { ALT: () => [this.SUBRULE(this.expression)] },
    ]);
    const keys =
      this.OPTION2(() => {
        this.CONSUME(K.partition);
        this.CONSUME(K.by);
        const key = this.SUBRULE2(this.expression);
        return key.kind === 'row' ? key.items : [key];
      }) ?? [];
    return { name, relation, values, keys, span: this.spanFrom(first) };
  });

  /** TABLE t, TABLE ONLY t, TABLE (query) */
  protected readonly windowSource: Rule<FromItem> = this.rule('windowSource', () => {
    const first = this.CONSUME(K.table);
    return this.OR<FromItem>([
      { ALT: () => this.SUBRULE(this.onlyTable) },
      { ALT: () => this.SUBRULE(this.derivedTable, { ARGS: [first, false] }) },
      {
        ALT: () => {
          const name = this.SUBRULE(this.qualifiedName);
          return this.SUBRULE(this.tableTail, { ARGS: [first, name, false] });
        },
      },
    ]);
  });

  /** DESCRIPTOR(ts) */
  protected readonly descriptor: Rule<readonly Expr[]> = this.rule('descriptor', () => {
    this.CONSUME(K.descriptor);
    this.CONSUME(T.LParen);
    const columns = this.SUBRULE(this.expressions);
    this.CONSUME(T.RParen);
    return columns;
  });

  /** t WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 10 SECONDS) */
  protected readonly windowClause: Rule<FromItem, [source: FromItem]> = this.rule(
    'windowClause',
    (source) => {
      this.CONSUME(T.WindowClause);
      const window = this.OR<WindowKind>([
        { ALT: () => (this.CONSUME(K.tumbling), 'tumble') },
        { ALT: () => (this.CONSUME(K.hopping), 'hop') },
        { ALT: () => (this.CONSUME(K.session), 'session') },
      ]);
      const parts: Partial<Record<'size' | 'slide' | 'gap' | 'gracePeriod' | 'retention', Expr>> =
        {};
      this.CONSUME(T.LParen);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () =>
          this.OR2([
            { ALT: () => (this.CONSUME(K.size), (parts.size = this.SUBRULE(this.duration))) },
            {
              ALT: () => {
                this.CONSUME(K.advance);
                this.CONSUME(K.by);
                parts.slide = this.SUBRULE2(this.duration);
              },
            },
            {
              ALT: () => {
                this.CONSUME(K.grace);
                this.CONSUME(K.period);
                parts.gracePeriod = this.SUBRULE3(this.duration);
              },
            },
            {
              ALT: () => {
                this.CONSUME(K.retention);
                parts.retention = this.SUBRULE4(this.duration);
              },
            },
            { ALT: () => (parts.gap = this.SUBRULE5(this.duration)) },
          ]),
      });
      this.CONSUME(T.RParen);
      return {
        kind: 'windowTable',
        window,
        clause: true,
        source,
        timeColumn: null,
        size: parts.size ?? null,
        slide: parts.slide ?? null,
        gap: parts.gap ?? null,
        longest: null,
        offset: null,
        timeZone: null,
        partitionBy: [],
        gracePeriod: parts.gracePeriod ?? null,
        retention: parts.retention ?? null,
        alias: null,
        span: this.spanOver(source),
      };
    },
  );

  /** 1 MINUTE, or any expression; the first is the literal INTERVAL '1 minute'. */
  protected readonly duration: Rule<Expr> = this.rule('duration', () => {
    const first = this.LA(1);
    return this.OR<Expr>([
      {
        GATE: () => this.ahead(2, T.Label),
        ALT: () => {
          const count = this.payload(this.CONSUME(T.IntegerToken));
          const unit = this.CONSUME(T.Label);
          const span = this.spanFrom(first);
          const part: Identifier = { kind: 'identifier', name: 'interval', span };
          const name: QualifiedName = { kind: 'qualifiedName', parts: [part], span };
          const type = this.makeType(name, [], null, span);
          return { kind: 'typedLiteral', type, value: `${count} ${this.payload(unit)}`, span };
        },
      },
      { ALT: () => this.SUBRULE(this.expression) },
    ]);
  });
}
