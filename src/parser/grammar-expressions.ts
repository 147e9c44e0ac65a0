/**
 * The third level of the grammar: what stands between operators. Literals, names, calls, CASE,
 * arrays, rows, subqueries and the forms with keywords inside their parentheses.
 *
 * Forms that PostgreSQL turns into function calls while parsing become calls here as well, under
 * the same names: SUBSTRING(a FROM b) is substring(a, b), POSITION(a IN b) is position(b, a).
 */
import type { IOrAlt, IToken } from 'chevrotain';
import type { Identifier, QualifiedName, SqlValueFunction, WindowName } from './ast-leaves.ts';
import type {
  CaseBranch,
  Expr,
  FrameBound,
  FunctionArgument,
  FunctionCall,
  Query,
  SortItem,
  WindowFrame,
  WindowSpec,
} from './ast.ts';
import type { Rule } from './grammar-names.ts';
import { OperatorGrammar } from './grammar-operators.ts';
import * as T from './tokens.ts';

const K = T.K;

const valueFunctions = [
  K.current_date,
  K.current_time,
  K.current_timestamp,
  K.localtime,
  K.localtimestamp,
  K.current_user,
  K.session_user,
  K.current_role,
  K.user,
  K.current_catalog,
  K.current_schema,
];

const pluralUnit = /^(?:year|month|day|hour|minute|second)s$/;

type CallArguments = Pick<FunctionCall, 'args' | 'star' | 'distinct' | 'orderBy'>;

/** Expressions. */
export abstract class ExpressionGrammar extends OperatorGrammar {
  #operands: IOrAlt<Expr>[] | undefined;

  /** A literal, name, call, parenthesis or special form. */
  protected readonly primary: Rule<Expr> = this.rule('primary', () => {
    this.#operands ??= [
      { ALT: () => this.SUBRULE(this.literal) },
      { ALT: () => this.SUBRULE(this.parenthesised) },
      { ALT: () => this.SUBRULE(this.caseExpression) },
      { ALT: () => this.SUBRULE(this.arrayExpression) },
      { ALT: () => this.SUBRULE(this.rowExpression) },
      { ALT: () => this.SUBRULE(this.existsExpression) },
      { ALT: () => this.SUBRULE(this.parameter) },
      { ALT: () => this.SUBRULE(this.bitString) },
      { ALT: () => this.SUBRULE(this.specialForm) },
      { ALT: () => this.SUBRULE(this.typeKeywordExpression) },
      { ALT: () => this.SUBRULE(this.nameExpression) },
    ];
    return this.OR(this.#operands);
  });

  protected readonly literal: Rule<Expr> = this.rule('literal', () => {
    const first = this.LA(1);
    const span = this.tokenSpanFast(first);
    const text = this.payload(first);
    return this.OR<Expr>([
      { ALT: () => (this.CONSUME(T.IntegerToken), { kind: 'integerLiteral', text, span }) },
      { ALT: () => (this.CONSUME(T.StringToken), { kind: 'stringLiteral', value: text, span }) },
      { ALT: () => (this.CONSUME(T.DecimalToken), { kind: 'decimalLiteral', text, span }) },
      { ALT: () => (this.CONSUME(K.null), { kind: 'nullLiteral', span }) },
      { ALT: () => (this.CONSUME(K.true), { kind: 'booleanLiteral', value: true, span }) },
      { ALT: () => (this.CONSUME(K.false), { kind: 'booleanLiteral', value: false, span }) },
      { ALT: () => (this.CONSUME(K.default), { kind: 'default', span }) },
    ]);
  });

  protected readonly parameter: Rule<Expr> = this.rule('parameter', () => {
    const token = this.CONSUME(T.ParameterToken);
    const index = Number(this.payload(token));
    return { kind: 'parameter', index, span: this.tokenSpanFast(token) };
  });

  /** B'0101' is bit(4) '0101'. */
  protected readonly bitString: Rule<Expr> = this.rule('bitString', () => {
    const token = this.CONSUME(T.BitToken);
    const value = this.payload(token);
    const span = this.tokenSpanFast(token);
    // No bit(n) is empty.
    const empty = value.length === 0;
    const part: Identifier = { kind: 'identifier', name: empty ? 'varbit' : 'bit', span };
    const name: QualifiedName = { kind: 'qualifiedName', parts: [part], span };
    const length: Expr = { kind: 'integerLiteral', text: String(value.length), span };
    const type = this.makeType(name, empty ? [] : [length], null, span);
    return { kind: 'typedLiteral', type, value, span };
  });

  /** (a), (a, b), (SELECT ...) */
  protected readonly parenthesised: Rule<Expr> = this.rule('parenthesised', () => {
    const first = this.LA(1);
    const isQuery = this.isSubquery();
    this.CONSUME(T.LParen);
    const inner = this.OR<Query | readonly Expr[]>([
      { GATE: () => isQuery, ALT: () => this.SUBRULE(this.query) },
      { ALT: () => this.SUBRULE(this.expressions) },
    ]);
    this.CONSUME(T.RParen);
    const span = this.spanFrom(first);
    if ('kind' in inner) return { kind: 'scalarSubquery', query: inner, span };
    const only = inner[0];
    if (inner.length === 1 && only !== undefined) return only;
    return { kind: 'row', explicit: false, items: inner, span };
  });

  /** CASE [x] WHEN a THEN b ELSE c END */
  protected readonly caseExpression: Rule<Expr> = this.rule('caseExpression', () => {
    const first = this.CONSUME(K.case);
    const operand = this.OPTION(() => this.SUBRULE(this.expression)) ?? null;
    const branches: CaseBranch[] = [];
    this.AT_LEAST_ONE(() => {
      const branch = this.CONSUME(K.when);
      const when = this.SUBRULE2(this.expression);
      this.CONSUME(K.then);
      const then = this.SUBRULE3(this.expression);
      branches.push({ kind: 'caseBranch', when, then, span: this.spanFrom(branch) });
    });
    const otherwise =
      this.OPTION2(() => {
        this.CONSUME(K.else);
        return this.SUBRULE4(this.expression);
      }) ?? null;
    this.CONSUME(K.end);
    return { kind: 'case', operand, branches, otherwise, span: this.spanFrom(first) };
  });

  /** ARRAY[...], ARRAY(SELECT ...) */
  protected readonly arrayExpression: Rule<Expr> = this.rule('arrayExpression', () => {
    const first = this.CONSUME(K.array);
    return this.OR<Expr>([
      {
        ALT: () => {
          const array = this.SUBRULE(this.arrayBrackets);
          return { ...array, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.LParen);
          const query = this.SUBRULE(this.query);
          this.CONSUME(T.RParen);
          return { kind: 'arraySubquery', query, span: this.spanFrom(first) };
        },
      },
    ]);
  });

  /** [a, b], [[a], [b]] */
  protected readonly arrayBrackets: Rule<Expr> = this.rule('arrayBrackets', () => {
    const first = this.CONSUME(T.LBracket);
    const elements: Expr[] = [];
    this.enter();
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () =>
        this.OR([
          { ALT: () => elements.push(this.SUBRULE(this.arrayBrackets)) },
          { ALT: () => elements.push(this.SUBRULE(this.expression)) },
        ]),
    });
    this.leave();
    this.CONSUME(T.RBracket);
    return { kind: 'array', elements, span: this.spanFrom(first) };
  });

  /** ROW(a, b) */
  protected readonly rowExpression: Rule<Expr> = this.rule('rowExpression', () => {
    const first = this.CONSUME(K.row);
    this.CONSUME(T.LParen);
    const items = this.OPTION(() => this.SUBRULE(this.expressions)) ?? [];
    this.CONSUME(T.RParen);
    return { kind: 'row', explicit: true, items, span: this.spanFrom(first) };
  });

  protected readonly existsExpression: Rule<Expr> = this.rule('existsExpression', () => {
    const first = this.CONSUME(K.exists);
    this.CONSUME(T.LParen);
    const query = this.SUBRULE(this.query);
    this.CONSUME(T.RParen);
    return { kind: 'exists', query, span: this.spanFrom(first) };
  });

  // ------------------------------------------------------------------------ names and types

  /** A word that begins a type: a literal like INTERVAL '1' DAY, or just a name. */
  protected readonly typeKeywordExpression: Rule<Expr> = this.rule('typeKeywordExpression', () =>
    this.OR([
      { GATE: () => this.#typedLiteralAhead(), ALT: () => this.SUBRULE(this.typedLiteral) },
      { ALT: () => this.SUBRULE(this.nameExpression) },
    ]),
  );

  /** Looks past the type's words for the string that makes it a literal. */
  #typedLiteralAhead(): boolean {
    let at = 2;
    const words = [K.precision, K.varying, K.char, K.character];
    while (words.includes(this.LA(at).tokenType)) at++;
    if (this.ahead(at, T.LParen)) {
      at++;
      while (this.ahead(at, T.IntegerToken) || this.ahead(at, T.Comma)) at++;
      if (!this.ahead(at, T.RParen)) return false;
      at++;
    }
    if (this.ahead(at, T.WithInfix) || this.ahead(at, K.without)) at += 3;
    return this.ahead(at, T.StringToken);
  }

  protected readonly typedLiteral: Rule<Expr> = this.rule('typedLiteral', () => {
    const first = this.LA(1);
    const type = this.SUBRULE(this.builtinType);
    const value = this.SUBRULE(this.stringValue);
    const isInterval = first.tokenType === K.interval;
    const single = this.OPTION({
      GATE: () => isInterval,
      DEF: () => this.SUBRULE(this.intervalFields),
    });
    // INTERVAL '2' MINUTES is Flink's; behind any other string the word is a label, as ever.
    const isCount = isInterval && !this.RECORDING_PHASE && /^\s*-?\d+(\.\d+)?\s*$/.test(value);
    const plural = this.OPTION2({
      GATE: () => isCount && pluralUnit.test(this.payload(this.LA(1))),
      DEF: () => this.payload(this.CONSUME(T.Ident)).slice(0, -1),
    });
    const fields = this.RECORDING_PHASE ? undefined : (single ?? plural);
    const precision = this.OPTION3({
      GATE: () => single !== undefined && this.ahead(2, T.IntegerToken),
      DEF: () => this.SUBRULE(this.typeModifiers),
    });
    const intervalFields = fields ?? null;
    const modifiers = precision ?? type.modifiers;
    const full = fields === undefined ? type : { ...type, intervalFields, modifiers };
    return { kind: 'typedLiteral', type: full, value, span: this.spanFrom(first) };
  });

  /** a.b.c, a.*, f(...), typename 'text' */
  protected readonly nameExpression: Rule<Expr> = this.rule('nameExpression', () => {
    const first = this.CONSUME(T.NameStart);
    const parts: Identifier[] = [this.makeIdentifier(first)];
    let star = false;
    this.MANY({
      GATE: () => !star,
      DEF: () => {
        this.CONSUME(T.Dot);
        this.OR([
          { ALT: () => parts.push(this.makeIdentifier(this.CONSUME(T.Label))) },
          { ALT: () => (this.CONSUME(T.Asterisk), (star = true)) },
        ]);
      },
    });
    const span = this.spanFrom(first);
    if (star && !this.RECORDING_PHASE) {
      return { kind: 'star', qualifier: parts, except: [], span };
    }
    const name: QualifiedName = { kind: 'qualifiedName', parts, span };
    const isCallable = parts.length > 1 || this.matches(first, T.TypeFunctionId);
    if (!isCallable && (this.ahead(1, T.LParen) || this.ahead(1, T.StringToken))) this.unexpected();
    const more = this.OPTION(() =>
      this.OR2<Expr>([
        { ALT: () => this.SUBRULE(this.functionCall, { ARGS: [name] }) },
        {
          ALT: () => {
            const value = this.SUBRULE(this.stringValue);
            const type = this.makeType(name, [], null, span);
            return { kind: 'typedLiteral', type, value, span: this.spanFrom(first) };
          },
        },
      ]),
    );
    if (more !== undefined) return more;
    const isColumn = parts.length > 1 || this.matches(first, T.ColumnId);
    if (!isColumn) this.ACTION(() => this.unexpected());
    return { kind: 'columnRef', parts, span };
  });

  // ----------------------------------------------------------------------------------- calls

  /** What follows a function's name. */
  protected readonly functionCall: Rule<Expr, [name: QualifiedName]> = this.rule(
    'functionCall',
    (name) => {
      const inner = this.SUBRULE(this.callArguments);
      const withinGroup =
        this.OPTION(() => {
          this.CONSUME(K.within);
          this.CONSUME(K.group);
          this.CONSUME(T.LParen);
          const keys = this.SUBRULE(this.orderBy);
          this.CONSUME(T.RParen);
          return keys;
        }) ?? [];
      const filter =
        this.OPTION2(() => {
          this.CONSUME(K.filter);
          this.CONSUME2(T.LParen);
          this.CONSUME(K.where);
          const condition = this.SUBRULE(this.expression);
          this.CONSUME2(T.RParen);
          return condition;
        }) ?? null;
      const nulls =
        this.OPTION3({
          GATE: () => this.ahead(2, K.nulls),
          DEF: () => this.SUBRULE(this.nullTreatment),
        }) ?? null;
      const over =
        this.OPTION4(() => {
          this.CONSUME(K.over);
          return this.OR<WindowSpec | WindowName>([
            { ALT: () => this.SUBRULE(this.windowSpec) },
            { ALT: () => this.SUBRULE(this.windowName) },
          ]);
        }) ?? null;
      const span = this.spanOver(name);
      return { kind: 'functionCall', name, ...inner, withinGroup, filter, nulls, over, span };
    },
  );

  protected readonly nullTreatment: Rule<'ignore' | 'respect'> = this.rule('nullTreatment', () => {
    const which = this.OR([
      { ALT: () => (this.CONSUME(K.ignore), 'ignore' as const) },
      { ALT: () => (this.CONSUME(K.respect), 'respect' as const) },
    ]);
    this.CONSUME(K.nulls);
    return which;
  });

  /** (*), (DISTINCT a, b ORDER BY c) */
  protected readonly callArguments: Rule<CallArguments> = this.rule('callArguments', () => {
    let star = false;
    let distinct = false;
    let args: readonly FunctionArgument[] = [];
    let orderBy: readonly SortItem[] = [];
    this.CONSUME(T.LParen);
    this.OR([
      { ALT: () => (this.CONSUME(T.Asterisk), (star = true)) },
      {
        ALT: () => {
          this.OPTION(() =>
            this.OR2([
              { ALT: () => this.CONSUME(K.all) },
              { ALT: () => (this.CONSUME(K.distinct), (distinct = true)) },
            ]),
          );
          args = this.SUBRULE(this.argumentList);
          orderBy = this.OPTION2(() => this.SUBRULE(this.orderBy)) ?? [];
        },
      },
    ]);
    this.CONSUME(T.RParen);
    return { args, star, distinct, orderBy };
  });

  protected readonly argumentList: Rule<readonly FunctionArgument[]> = this.rule(
    'argumentList',
    () => {
      const args: FunctionArgument[] = [];
      this.MANY_SEP({
        SEP: T.Comma,
        DEF: () => {
          args.push(this.SUBRULE(this.argument));
        },
      });
      return args;
    },
  );

  /** x, name => x, VARIADIC x, |y| x */
  protected readonly argument: Rule<FunctionArgument> = this.rule('argument', () => {
    const first = this.LA(1);
    const variadic = this.OPTION(() => this.CONSUME(K.variadic)) !== undefined;
    const name =
      this.OPTION2({
        GATE: () => this.ahead(2, T.Arrow) || this.ahead(2, T.ColonEquals),
        DEF: () => this.SUBRULE(this.argumentName),
      }) ?? null;
    const value = this.OR([
      { GATE: () => this.#lambdaAhead(), ALT: () => this.SUBRULE(this.lambda) },
      { ALT: () => this.SUBRULE(this.expression) },
    ]);
    return { kind: 'argument', name, value, variadic, span: this.spanFrom(first) };
  });

  /** name => or name := */
  protected readonly argumentName: Rule<Identifier> = this.rule('argumentName', () => {
    const name = this.SUBRULE(this.label);
    this.OR([{ ALT: () => this.CONSUME(T.Arrow) }, { ALT: () => this.CONSUME(T.ColonEquals) }]);
    return name;
  });

  #lambdaAhead(): boolean {
    const bar = this.LA(1).image === '|';
    return bar && this.ahead(2, T.ColumnId) && (this.LA(3).image === '|' || this.ahead(3, T.Comma));
  }

  /** |x, y| body */
  protected readonly lambda: Rule<Expr> = this.rule('lambda', () => {
    const first = this.CONSUME(T.Operator);
    const parameters: Identifier[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        parameters.push(this.SUBRULE(this.identifier));
      },
    });
    this.ACTION(() => {
      if (this.LA(1).image !== '|') this.unexpected('Expected "|".');
    });
    this.CONSUME2(T.Operator);
    const body = this.SUBRULE(this.expression);
    return { kind: 'lambda', parameters, body, span: this.spanFrom(first) };
  });

  // ------------------------------------------------------------------------ order and windows

  /** ORDER BY a, b DESC NULLS LAST */
  protected readonly orderBy: Rule<readonly SortItem[]> = this.rule('orderBy', () => {
    const keys: SortItem[] = [];
    this.CONSUME(K.order);
    this.CONSUME(K.by);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        keys.push(this.SUBRULE(this.sortItem));
      },
    });
    return keys;
  });

  protected readonly sortItem: Rule<SortItem> = this.rule('sortItem', () => {
    const first = this.LA(1);
    const expr = this.SUBRULE(this.expression);
    let using: string | null = null;
    let direction: 'asc' | 'desc' = 'asc';
    this.OPTION(() =>
      this.OR([
        { ALT: () => this.CONSUME(K.asc) },
        { ALT: () => (this.CONSUME(K.desc), (direction = 'desc')) },
        {
          ALT: () => {
            this.CONSUME(K.using);
            using = this.OR2([
              { ALT: () => this.SUBRULE(this.anyOperator) },
              { ALT: () => this.SUBRULE(this.qualifiedOperator).operator },
            ]);
          },
        },
      ]),
    );
    const nulls = this.OPTION2(() => this.SUBRULE(this.nullsOrder)) ?? null;
    return { kind: 'sortItem', expr, direction, nulls, using, span: this.spanFrom(first) };
  });

  /** NULLS FIRST, NULLS LAST */
  protected readonly nullsOrder: Rule<'first' | 'last'> = this.rule('nullsOrder', () => {
    this.CONSUME(K.nulls);
    return this.OR([
      { ALT: () => (this.CONSUME(K.first), 'first' as const) },
      { ALT: () => (this.CONSUME(K.last), 'last' as const) },
    ]);
  });

  protected readonly windowName: Rule<WindowName> = this.rule('windowName', () => {
    const name = this.SUBRULE(this.identifier);
    return { kind: 'windowName', name, span: name.span };
  });

  /** ([base] PARTITION BY ... ORDER BY ... frame) */
  protected readonly windowSpec: Rule<WindowSpec> = this.rule('windowSpec', () => {
    const first = this.CONSUME(T.LParen);
    const base =
      this.OPTION({
        GATE: () => !this.#frameAhead() && !this.ahead(1, K.partition),
        DEF: () => this.SUBRULE(this.identifier),
      }) ?? null;
    const partitionBy = this.OPTION2(() => this.SUBRULE(this.partitionBy)) ?? [];
    const orderBy = this.OPTION3(() => this.SUBRULE(this.orderBy)) ?? [];
    const frame = this.OPTION4(() => this.SUBRULE(this.windowFrame)) ?? null;
    this.CONSUME(T.RParen);
    return { kind: 'windowSpec', base, partitionBy, orderBy, frame, span: this.spanFrom(first) };
  });

  #frameAhead(): boolean {
    const unit = this.LA(1).tokenType;
    return unit === K.rows || unit === K.range || unit === K.groups || unit === K.session;
  }

  protected readonly partitionBy: Rule<readonly Expr[]> = this.rule('partitionBy', () => {
    this.CONSUME(K.partition);
    this.CONSUME(K.by);
    return this.SUBRULE(this.expressions);
  });

  /** ROWS BETWEEN a AND b EXCLUDE TIES, SESSION WITH GAP g */
  protected readonly windowFrame: Rule<WindowFrame> = this.rule('windowFrame', () => {
    const first = this.LA(1);
    const unit = this.OR([
      { ALT: () => (this.CONSUME(K.rows), 'rows' as const) },
      { ALT: () => (this.CONSUME(K.range), 'range' as const) },
      { ALT: () => (this.CONSUME(K.groups), 'groups' as const) },
      { ALT: () => (this.CONSUME(K.session), 'session' as const) },
    ]);
    let end: FrameBound | null = null;
    const start = this.OR2([
      { ALT: () => this.SUBRULE(this.sessionGap) },
      {
        ALT: () => {
          this.CONSUME(K.between);
          const from = this.SUBRULE(this.frameBound);
          this.CONSUME(K.and);
          end = this.SUBRULE2(this.frameBound);
          return from;
        },
      },
      { ALT: () => this.SUBRULE3(this.frameBound) },
    ]);
    const exclude = this.OPTION(() => this.SUBRULE(this.frameExclusion)) ?? null;
    return { kind: 'windowFrame', unit, start, end, exclude, span: this.spanFrom(first) };
  });

  /** WITH GAP interval, as the start of a session frame. */
  protected readonly sessionGap: Rule<FrameBound> = this.rule('sessionGap', () => {
    const first = this.CONSUME(K.with);
    this.CONSUME(T.Ident);
    const offset = this.SUBRULE(this.expression);
    return { kind: 'frameBound', bound: 'preceding', offset, span: this.spanFrom(first) };
  });

  protected readonly frameBound: Rule<FrameBound> = this.rule('frameBound', () => {
    const first = this.LA(1);
    let offset: Expr | null = null;
    const bound = this.OR<FrameBound['bound']>([
      {
        GATE: () => this.ahead(2, K.row),
        ALT: () => (this.CONSUME(K.current), this.CONSUME(K.row), 'currentRow'),
      },
      {
        GATE: () => this.ahead(2, K.preceding) || this.ahead(2, K.following),
        ALT: () => {
          this.CONSUME(K.unbounded);
          return this.SUBRULE(this.side) ? 'unboundedPreceding' : 'unboundedFollowing';
        },
      },
      {
        ALT: () => {
          offset = this.SUBRULE(this.expression);
          return this.SUBRULE2(this.side) ? 'preceding' : 'following';
        },
      },
    ]);
    return { kind: 'frameBound', bound, offset, span: this.spanFrom(first) };
  });

  /** PRECEDING is true. */
  protected readonly side: Rule<boolean> = this.rule('side', () =>
    this.OR([
      { ALT: () => (this.CONSUME(K.preceding), true) },
      { ALT: () => (this.CONSUME(K.following), false) },
    ]),
  );

  protected readonly frameExclusion: Rule<WindowFrame['exclude']> = this.rule(
    'frameExclusion',
    () => {
      this.CONSUME(K.exclude);
      return this.OR<WindowFrame['exclude']>([
        { ALT: () => (this.CONSUME(K.current), this.CONSUME(K.row), 'currentRow') },
        { ALT: () => (this.CONSUME(K.group), 'group') },
        { ALT: () => (this.CONSUME(K.ties), 'ties') },
        { ALT: () => (this.CONSUME(K.no), this.CONSUME(K.others), 'noOthers') },
      ]);
    },
  );

  // --------------------------------------------------------------------------- special forms

  /** Calls with a grammar of their own. */
  protected readonly specialForm: Rule<Expr> = this.rule('specialForm', () =>
    this.OR([
      { ALT: () => this.SUBRULE(this.castCall) },
      { ALT: () => this.SUBRULE(this.coalesce) },
      { ALT: () => this.SUBRULE(this.nullIf) },
      { ALT: () => this.SUBRULE(this.minMax) },
      { ALT: () => this.SUBRULE(this.valueFunction) },
      { ALT: () => this.SUBRULE(this.extract) },
      { ALT: () => this.SUBRULE(this.substring) },
      { ALT: () => this.SUBRULE(this.position) },
      { ALT: () => this.SUBRULE(this.overlay) },
      { ALT: () => this.SUBRULE(this.trim) },
      { ALT: () => this.SUBRULE(this.normalize) },
    ]),
  );

  /** CAST(x AS t), TRY_CAST(x AS t) */
  protected readonly castCall: Rule<Expr> = this.rule('castCall', () => {
    const first = this.LA(1);
    const onError = this.OR([
      { ALT: () => (this.CONSUME(K.cast), 'error' as const) },
      { ALT: () => (this.CONSUME(K.try_cast), 'null' as const) },
    ]);
    this.CONSUME(T.LParen);
    const operand = this.SUBRULE(this.expression);
    this.CONSUME(K.as);
    const type = this.SUBRULE(this.typeName);
    this.CONSUME(T.RParen);
    return { kind: 'cast', operand, type, onError, span: this.spanFrom(first) };
  });

  protected readonly coalesce: Rule<Expr> = this.rule('coalesce', () => {
    const first = this.CONSUME(K.coalesce);
    this.CONSUME(T.LParen);
    const args = this.SUBRULE(this.expressions);
    this.CONSUME(T.RParen);
    return { kind: 'coalesce', args, span: this.spanFrom(first) };
  });

  protected readonly nullIf: Rule<Expr> = this.rule('nullIf', () => {
    const first = this.CONSUME(K.nullif);
    this.CONSUME(T.LParen);
    const left = this.SUBRULE(this.expression);
    this.CONSUME(T.Comma);
    const right = this.SUBRULE2(this.expression);
    this.CONSUME(T.RParen);
    return { kind: 'nullIf', left, right, span: this.spanFrom(first) };
  });

  protected readonly minMax: Rule<Expr> = this.rule('minMax', () => {
    const first = this.LA(1);
    const which = this.OR([
      { ALT: () => (this.CONSUME(K.greatest), 'greatest' as const) },
      { ALT: () => (this.CONSUME(K.least), 'least' as const) },
    ]);
    this.CONSUME(T.LParen);
    const args = this.SUBRULE(this.expressions);
    this.CONSUME(T.RParen);
    return { kind: 'minMax', function: which, args, span: this.spanFrom(first) };
  });

  /** CURRENT_TIMESTAMP(3), CURRENT_USER, ... */
  protected readonly valueFunction: Rule<Expr> = this.rule('valueFunction', () => {
    const first = this.LA(1);
    this.OR(valueFunctions.map((type, at) => ({ ALT: () => this.consume(at, type) })));
    const name = this.payload(first) as SqlValueFunction['function'];
    const timed = name === 'current_time' || name === 'current_timestamp';
    const precision =
      this.OPTION({
        GATE: () => timed || name === 'localtime' || name === 'localtimestamp',
        DEF: () => {
          this.CONSUME(T.LParen);
          const digits = Number(this.payload(this.CONSUME(T.IntegerToken)));
          this.CONSUME(T.RParen);
          return digits;
        },
      }) ?? null;
    const span = this.spanFrom(first);
    return { kind: 'sqlValueFunction', function: name, precision, span };
  });

  /** EXTRACT(field FROM x) is extract('field', x). */
  protected readonly extract: Rule<Expr> = this.rule('extract', () => {
    const first = this.CONSUME(K.extract);
    this.CONSUME(T.LParen);
    const token = this.LA(1);
    const value = this.OR([
      { ALT: () => this.SUBRULE(this.label).name },
      { ALT: () => this.SUBRULE(this.stringValue) },
    ]);
    const field: Expr = { kind: 'stringLiteral', value, span: this.tokenSpanFast(token) };
    this.CONSUME(K.from);
    const source = this.SUBRULE(this.expression);
    this.CONSUME(T.RParen);
    return this.#call('extract', first, [field, source]);
  });

  /** SUBSTRING(a FROM b FOR c), SUBSTRING(a SIMILAR p ESCAPE e), substring(a, b, c) */
  protected readonly substring: Rule<Expr> = this.rule('substring', () => {
    const first = this.CONSUME(K.substring);
    this.CONSUME(T.LParen);
    let from: Expr | undefined;
    let length: Expr | undefined;
    let pattern: readonly Expr[] | undefined;
    let args: readonly FunctionArgument[] = [];
    this.OPTION(() => {
      args = this.SUBRULE(this.argumentList);
    });
    this.OPTION2(() => {
      this.CONSUME(K.similar);
      const expression = this.SUBRULE(this.expression);
      this.CONSUME(K.escape);
      pattern = [expression, this.SUBRULE2(this.expression)];
    });
    this.MANY(() =>
      this.OR([
        { ALT: () => (this.CONSUME(K.from), (from = this.SUBRULE3(this.expression))) },
        { ALT: () => (this.CONSUME(K.for), (length = this.SUBRULE4(this.expression))) },
      ]),
    );
    this.CONSUME(T.RParen);
    const values = args.map?.((arg) => arg.value) ?? [];
    const span = this.spanFrom(first);
    if (pattern !== undefined) return this.#call('substring', first, [...values, ...pattern]);
    if (from === undefined && length !== undefined) {
      from = { kind: 'integerLiteral', text: '1', span };
    }
    if (from !== undefined) values.push(from);
    if (length !== undefined) values.push(length);
    return this.#call('substring', first, values);
  });

  /** POSITION(a IN b) is position(b, a). */
  protected readonly position: Rule<Expr> = this.rule('position', () => {
    const first = this.CONSUME(K.position);
    this.CONSUME(T.LParen);
    const part = this.SUBRULE(this.expression, { ARGS: [0, true] });
    this.CONSUME(K.in);
    const whole = this.SUBRULE2(this.expression, { ARGS: [0, true] });
    this.CONSUME(T.RParen);
    return this.#call('position', first, [whole, part]);
  });

  /** OVERLAY(a PLACING b FROM c FOR d), overlay(a, b, c, d) */
  protected readonly overlay: Rule<Expr> = this.rule('overlay', () => {
    const first = this.CONSUME(K.overlay);
    this.CONSUME(T.LParen);
    const args = this.SUBRULE(this.argumentList);
    const values = args.map?.((arg) => arg.value) ?? [];
    this.OPTION(() => {
      this.CONSUME(K.placing);
      values.push(this.SUBRULE(this.expression));
      this.CONSUME(K.from);
      values.push(this.SUBRULE2(this.expression));
      this.OPTION2(() => {
        this.CONSUME(K.for);
        values.push(this.SUBRULE3(this.expression));
      });
    });
    this.CONSUME(T.RParen);
    return this.#call('overlay', first, values);
  });

  /** TRIM([BOTH | LEADING | TRAILING] [characters FROM] text) is btrim, ltrim or rtrim. */
  protected readonly trim: Rule<Expr> = this.rule('trim', () => {
    const first = this.CONSUME(K.trim);
    this.CONSUME(T.LParen);
    const name =
      this.OPTION(() =>
        this.OR([
          { ALT: () => (this.CONSUME(K.both), 'btrim') },
          { ALT: () => (this.CONSUME(K.leading), 'ltrim') },
          { ALT: () => (this.CONSUME(K.trailing), 'rtrim') },
        ]),
      ) ?? 'btrim';
    const before = this.OPTION2(() => this.SUBRULE(this.expressions)) ?? [];
    const after = this.OPTION3(() => {
      this.CONSUME(K.from);
      return this.SUBRULE2(this.expressions);
    });
    this.CONSUME(T.RParen);
    return this.ACTION(() =>
      this.#call(name, first, after === undefined ? before : [...after, ...before]),
    );
  });

  /** NORMALIZE(x, NFC) is normalize(x, 'NFC'). */
  protected readonly normalize: Rule<Expr> = this.rule('normalize', () => {
    const first = this.CONSUME(K.normalize);
    this.CONSUME(T.LParen);
    const values = [this.SUBRULE(this.expression)];
    this.OPTION(() => {
      this.CONSUME(T.Comma);
      const form = this.LA(1);
      const value = this.payload(form).toUpperCase();
      this.SUBRULE(this.label);
      values.push({ kind: 'stringLiteral', value, span: this.tokenSpanFast(form) });
    });
    this.CONSUME(T.RParen);
    return this.#call('normalize', first, values);
  });

  #call(name: string, first: IToken, values: readonly Expr[]): Expr {
    return this.call(name, this.tokenSpanFast(first), values, this.spanFrom(first));
  }
}
