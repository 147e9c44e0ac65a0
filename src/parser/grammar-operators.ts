/**
 * The second level of the grammar: operators, with PostgreSQL's precedence.
 *
 * One rule climbs precedences instead of one rule per level, because fourteen nested calls for each
 * literal cost more than the rest of the parser. What stands between operators is in
 * grammar-expressions.ts.
 */
import type { IOrAlt, TokenType } from 'chevrotain';
import type { Identifier } from './ast-leaves.ts';
import type { Expr, FunctionArgument, Query } from './ast.ts';
import { NameGrammar } from './grammar-names.ts';
import type { Rule } from './grammar-names.ts';
import { grammarError } from './syntax-errors.ts';
import * as T from './tokens.ts';

const K = T.K;

/** Binding powers, as in PostgreSQL's precedence table, weakest first. */
const OR = 1;
const AND = 2;
const NOT = 3;
const IS = 4;
const COMPARISON = 5;
const RANGE = 6; // BETWEEN, IN, LIKE, SIMILAR, OVERLAPS
const OTHER = 8;
const SUM = 9;
const PRODUCT = 10;
const POWER = 11;
const AT = 12;
const COLLATE = 13;
const SIGN = 14;
const SUBSCRIPT = 15;
const CAST = 16;
const FIELD = 17;

const powers: readonly (readonly [TokenType, number])[] = [
  [K.or, OR],
  [K.and, AND],
  [K.is, IS],
  [K.isnull, IS],
  [K.notnull, IS],
  [T.Equals, COMPARISON],
  [T.Less, COMPARISON],
  [T.Greater, COMPARISON],
  [T.OtherComparison, COMPARISON],
  [K.between, RANGE],
  [K.in, RANGE],
  [K.like, RANGE],
  [K.ilike, RANGE],
  [K.similar, RANGE],
  [K.overlaps, RANGE],
  [T.NotInfix, RANGE],
  [T.Operator, OTHER],
  [K.operator, OTHER],
  [T.Plus, SUM],
  [T.Minus, SUM],
  [T.Asterisk, PRODUCT],
  [T.Divide, PRODUCT],
  [T.Power, POWER],
  [K.at, AT],
  [K.collate, COLLATE],
  [T.LBracket, SUBSCRIPT],
  [T.TypeCast, CAST],
  [T.Dot, FIELD],
];

const literals: ReadonlySet<TokenType> = new Set([T.IntegerToken, T.DecimalToken, T.StringToken]);

const powerByIndex = new Uint8Array(4096);
for (const [type, power] of powers) powerByIndex[type.tokenTypeIdx as number] = power;

/** Words that may follow a parenthesised query and go on with it. */
const queryContinues: ReadonlySet<TokenType> = new Set([
  T.RParen,
  K.union,
  K.intersect,
  K.except,
  K.order,
  K.limit,
  K.offset,
  K.fetch,
]);

interface OperatorName {
  readonly operator: string;
  readonly operatorSchema: string | null;
}

/** Expressions as operands between operators. */
export abstract class OperatorGrammar extends NameGrammar {
  protected abstract readonly query: Rule<Query>;
  protected abstract readonly primary: Rule<Expr>;

  /** False for a column that is called operator. */
  readonly #isOperator = (): boolean => !this.ahead(1, K.operator) || this.ahead(2, T.LParen);
  #infixes: IOrAlt<Expr>[] | undefined;
  #left: Expr | undefined;
  #power = 0;

  // ------------------------------------------------------------------------------ climbing

  /**
   * An expression whose operators all bind tighter than `min`. `restricted` is PostgreSQL's b_expr,
   * which leaves out AND, OR, NOT, IN, LIKE, BETWEEN and IS.
   */
  protected readonly expression: Rule<Expr, [min?: number, restricted?: boolean]> = this.rule(
    'expression',
    (min = 0, restricted = false) => {
      this.enter();
      // The same three as in `operand`, here to save stack at every level of nesting.
      let left = this.OR([
        { ALT: () => this.SUBRULE(this.negation) },
        {
          GATE: this.#isOperator,
          ALT: () => this.SUBRULE(this.prefixed, { ARGS: [restricted] }),
        },
        { ALT: () => this.SUBRULE(this.primary) },
      ]);
      let blocked = 0;
      let links = 0;
      this.MANY({
        GATE: () => this.#binds(min, restricted),
        DEF: () => {
          const power = this.#nextPower();
          this.ACTION(() => {
            if (power === blocked) this.unexpected();
            this.limitChain(++links);
          });
          left = this.SUBRULE(this.infix, { ARGS: [left, power, restricted] });
          blocked = power === COMPARISON || isOpenRange(left, power) ? power : 0;
        },
      });
      this.leave();
      return left;
    },
  );

  #nextPower(): number {
    return powerByIndex[this.LA(1).tokenTypeIdx] ?? 0;
  }

  #binds(min: number, restricted: boolean): boolean {
    const power = this.#nextPower();
    if (power <= min) return false;
    if (power === OTHER && this.ahead(1, K.operator)) return this.ahead(2, T.LParen);
    // SUBSTRING(a SIMILAR b ESCAPE c) has no TO.
    if (power === RANGE && this.ahead(1, K.similar)) return this.ahead(2, K.to);
    // Literals have neither fields nor elements.
    if (power === FIELD || power === SUBSCRIPT) return !literals.has(this.LA(0).tokenType);
    return !restricted || power === COMPARISON || (power >= OTHER && power !== COLLATE);
  }

  /** What stands before, between and behind operators, alone. */
  protected readonly operand: Rule<Expr, [restricted?: boolean]> = this.rule(
    'operand',
    (restricted = false) =>
      this.OR([
        { ALT: () => this.SUBRULE(this.negation) },
        {
          GATE: this.#isOperator,
          ALT: () => this.SUBRULE(this.prefixed, { ARGS: [restricted] }),
        },
        { ALT: () => this.SUBRULE(this.primary) },
      ]),
  );

  protected readonly negation: Rule<Expr> = this.rule('negation', () => {
    const first = this.LA(1);
    this.OR([{ ALT: () => this.CONSUME(K.not) }, { ALT: () => this.CONSUME(T.NotInfix) }]);
    const operand = this.SUBRULE(this.expression, { ARGS: [NOT] });
    return { kind: 'not', operand, span: this.spanFrom(first) };
  });

  /** -x, +x, @x, OPERATOR(pg_catalog.-) x; the sign of a number becomes part of it. */
  protected readonly prefixed: Rule<Expr, [restricted?: boolean]> = this.rule(
    'prefixed',
    (restricted = false) => {
      const first = this.LA(1);
      const sign = this.ahead(1, T.Minus) || this.ahead(1, T.Plus);
      const name = this.OR([
        { ALT: () => this.#plain(this.CONSUME(T.Minus)) },
        { ALT: () => this.#plain(this.CONSUME(T.Plus)) },
        { ALT: () => this.#plain(this.CONSUME(T.Operator)) },
        { ALT: () => this.SUBRULE(this.qualifiedOperator) },
      ]);
      const operand = this.SUBRULE(this.expression, { ARGS: [sign ? SIGN : OTHER, restricted] });
      const span = this.spanFrom(first);
      const isNumber = operand.kind === 'integerLiteral' || operand.kind === 'decimalLiteral';
      if (isNumber && sign && name.operator === '-') {
        const { text } = operand;
        return { ...operand, text: text.startsWith('-') ? text.slice(1) : `-${text}`, span };
      }
      return { kind: 'unary', ...name, operand, span };
    },
  );

  #plain(token: { image: string }): OperatorName {
    return { operator: token.image, operatorSchema: null };
  }

  /** OPERATOR(schema.op) */
  protected readonly qualifiedOperator: Rule<OperatorName> = this.rule('qualifiedOperator', () => {
    this.CONSUME(K.operator);
    this.CONSUME(T.LParen);
    let operatorSchema: string | null = null;
    this.OPTION(() => {
      operatorSchema = this.SUBRULE(this.identifier).name;
      this.CONSUME(T.Dot);
    });
    const operator = this.SUBRULE(this.anyOperator);
    this.CONSUME(T.RParen);
    return { operator, operatorSchema };
  });

  /** Any operator by its symbol. */
  protected readonly anyOperator: Rule<string> = this.rule('anyOperator', () =>
    this.payload(
      this.OR([
        { ALT: () => this.CONSUME(T.Comparison) },
        { ALT: () => this.CONSUME(T.Plus) },
        { ALT: () => this.CONSUME(T.Minus) },
        { ALT: () => this.CONSUME(T.Asterisk) },
        { ALT: () => this.CONSUME(T.Divide) },
        { ALT: () => this.CONSUME(T.Power) },
        { ALT: () => this.CONSUME(T.Operator) },
      ]),
    ),
  );

  // --------------------------------------------------------------------------------- infix

  /** One operator behind `left` with what it takes. */
  protected readonly infix: Rule<Expr, [left: Expr, power: number, restricted: boolean]> =
    this.rule('infix', (left, power, restricted) => {
      if (this.RECORDING_PHASE) return this.OR(this.#infixAlternatives());
      if (power >= OTHER && power <= POWER) {
        return this.SUBRULE3(this.binary, { ARGS: [left, power, restricted] });
      }
      this.#left = left;
      this.#power = power;
      return this.OR(this.#infixAlternatives());
    });

  /** Cached, as making closures per operator is measurable; `left` travels in a field. */
  #infixAlternatives(): IOrAlt<Expr>[] {
    const left = (): Expr => this.#left as Expr;
    this.#infixes ??= [
      { ALT: () => this.SUBRULE3(this.binary, { ARGS: [left(), this.#power, false] }) },
      { ALT: () => this.SUBRULE(this.conjunction, { ARGS: [left()] }) },
      { ALT: () => this.SUBRULE(this.disjunction, { ARGS: [left()] }) },
      { ALT: () => this.SUBRULE(this.castTail, { ARGS: [left()] }) },
      { ALT: () => this.SUBRULE(this.isTail, { ARGS: [left()] }) },
      { ALT: () => this.SUBRULE(this.nullTestTail, { ARGS: [left()] }) },
      { ALT: () => this.SUBRULE(this.rangeTail, { ARGS: [left()] }) },
      { ALT: () => this.SUBRULE(this.overlapsTail, { ARGS: [left()] }) },
      { ALT: () => this.SUBRULE(this.subscriptTail, { ARGS: [left()] }) },
      { ALT: () => this.SUBRULE(this.fieldTail, { ARGS: [left()] }) },
      { ALT: () => this.SUBRULE(this.zoneTail, { ARGS: [left()] }) },
      { ALT: () => this.SUBRULE(this.collateTail, { ARGS: [left()] }) },
    ];
    return this.#infixes;
  }

  /** left op right, or left op ANY (...) */
  protected readonly binary: Rule<Expr, [left: Expr, power: number, restricted: boolean]> =
    this.rule('binary', (left, power, restricted) => {
      const symbol = this.LA(1);
      const name = this.OR([
        { ALT: () => this.#named(this.SUBRULE(this.anyOperator)) },
        { ALT: () => this.SUBRULE(this.qualifiedOperator) },
      ]);
      const operatorSpan = this.spanFrom(symbol);
      return this.OR2<Expr>([
        { ALT: () => this.SUBRULE(this.quantified, { ARGS: [left, name] }) },
        {
          ALT: () => {
            const right = this.SUBRULE(this.expression, { ARGS: [power, restricted] });
            const span = this.spanOver(left);
            return { kind: 'binary', ...name, operatorSpan, left, right, span };
          },
        },
      ]);
    });

  #named(operator: string): OperatorName {
    return { operator, operatorSchema: null };
  }

  /** ANY | SOME | ALL (query or array) */
  protected readonly quantified: Rule<Expr, [operand: Expr, name: OperatorName]> = this.rule(
    'quantified',
    (operand, name) => {
      const quantifier = this.OR([
        { ALT: () => (this.CONSUME(K.any), 'any' as const) },
        { ALT: () => (this.CONSUME(K.some), 'any' as const) },
        { ALT: () => (this.CONSUME(K.all), 'all' as const) },
      ]);
      const isQuery = this.isSubquery();
      this.CONSUME(T.LParen);
      const common = { ...name, quantifier, operand };
      const node = this.OR2<(span: Expr['span']) => Expr>([
        {
          GATE: () => isQuery,
          ALT: () => {
            const query = this.SUBRULE(this.query);
            return (span) => ({ kind: 'quantifiedSubquery', ...common, query, span });
          },
        },
        {
          ALT: () => {
            const array = this.SUBRULE(this.expression);
            return (span) => ({ kind: 'quantifiedArray', ...common, array, span });
          },
        },
      ]);
      this.CONSUME(T.RParen);
      return this.ACTION(() => node(this.spanOver(operand)));
    },
  );

  protected readonly conjunction: Rule<Expr, [left: Expr]> = this.rule('conjunction', (left) => {
    const operands = [left];
    this.AT_LEAST_ONE(() => {
      this.CONSUME(K.and);
      operands.push(this.SUBRULE(this.expression, { ARGS: [AND] }));
    });
    return { kind: 'and', operands, span: this.spanOver(left) };
  });

  protected readonly disjunction: Rule<Expr, [left: Expr]> = this.rule('disjunction', (left) => {
    const operands = [left];
    this.AT_LEAST_ONE(() => {
      this.CONSUME(K.or);
      operands.push(this.SUBRULE(this.expression, { ARGS: [OR] }));
    });
    return { kind: 'or', operands, span: this.spanOver(left) };
  });

  protected readonly castTail: Rule<Expr, [left: Expr]> = this.rule('castTail', (left) => {
    this.CONSUME(T.TypeCast);
    const type = this.SUBRULE(this.typeName);
    return { kind: 'cast', operand: left, type, onError: 'error', span: this.spanOver(left) };
  });

  /** IS [NOT] NULL | TRUE | FALSE | UNKNOWN | DISTINCT FROM x | JSON kind */
  protected readonly isTail: Rule<Expr, [left: Expr]> = this.rule('isTail', (left) => {
    this.CONSUME(K.is);
    const negated =
      this.OPTION(() =>
        this.OR([{ ALT: () => this.CONSUME(K.not) }, { ALT: () => this.CONSUME(T.NotInfix) }]),
      ) !== undefined;
    const test = (name: 'null' | 'true' | 'false' | 'unknown'): Expr => ({
      kind: 'isTest',
      test: name,
      negated,
      operand: left,
      span: this.spanOver(left),
    });
    return this.OR2<Expr>([
      { ALT: () => (this.CONSUME(K.null), test('null')) },
      { ALT: () => (this.CONSUME(K.true), test('true')) },
      { ALT: () => (this.CONSUME(K.false), test('false')) },
      { ALT: () => (this.CONSUME(K.unknown), test('unknown')) },
      {
        ALT: () => {
          this.CONSUME(K.distinct);
          this.CONSUME(K.from);
          const right = this.SUBRULE(this.expression, { ARGS: [IS] });
          return { kind: 'isDistinct', negated, left, right, span: this.spanOver(left) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.json);
          const type = this.SUBRULE(this.jsonType);
          return { kind: 'isJson', negated, type, operand: left, span: this.spanOver(left) };
        },
      },
    ]);
  });

  protected readonly jsonType: Rule<'value' | 'array' | 'object' | 'scalar'> = this.rule(
    'jsonType',
    () =>
      this.OPTION(() =>
        this.OR([
          { ALT: () => (this.CONSUME(K.value), 'value' as const) },
          { ALT: () => (this.CONSUME(K.array), 'array' as const) },
          { ALT: () => (this.CONSUME(K.object), 'object' as const) },
          { ALT: () => (this.CONSUME(K.scalar), 'scalar' as const) },
        ]),
      ) ?? 'value',
  );

  /** ISNULL, NOTNULL */
  protected readonly nullTestTail: Rule<Expr, [left: Expr]> = this.rule('nullTestTail', (left) => {
    const negated = this.OR([
      { ALT: () => (this.CONSUME(K.isnull), false) },
      { ALT: () => (this.CONSUME(K.notnull), true) },
    ]);
    return { kind: 'isTest', test: 'null', negated, operand: left, span: this.spanOver(left) };
  });

  /** [NOT] BETWEEN, IN, LIKE, ILIKE, SIMILAR TO */
  protected readonly rangeTail: Rule<Expr, [left: Expr]> = this.rule('rangeTail', (left) => {
    const negated = this.OPTION(() => this.CONSUME(T.NotInfix)) !== undefined;
    return this.OR([
      { ALT: () => this.SUBRULE(this.betweenTail, { ARGS: [left, negated] }) },
      { ALT: () => this.SUBRULE(this.inTail, { ARGS: [left, negated] }) },
      { ALT: () => this.SUBRULE(this.likeTail, { ARGS: [left, negated] }) },
    ]);
  });

  protected readonly betweenTail: Rule<Expr, [operand: Expr, negated: boolean]> = this.rule(
    'betweenTail',
    (operand, negated) => {
      this.CONSUME(K.between);
      let symmetric = false;
      this.OPTION(() =>
        this.OR([
          { ALT: () => (this.CONSUME(K.symmetric), (symmetric = true)) },
          { ALT: () => (this.CONSUME(K.asymmetric), (symmetric = false)) },
        ]),
      );
      const low = this.SUBRULE(this.expression, { ARGS: [0, true] });
      this.CONSUME(K.and);
      const high = this.SUBRULE2(this.expression, { ARGS: [RANGE] });
      const span = this.spanOver(operand);
      return { kind: 'between', negated, symmetric, operand, low, high, span };
    },
  );

  protected readonly inTail: Rule<Expr, [operand: Expr, negated: boolean]> = this.rule(
    'inTail',
    (operand, negated) => {
      this.CONSUME(K.in);
      const isQuery = this.isSubquery();
      this.CONSUME(T.LParen);
      const tail = this.OR<{ query: Query } | { items: readonly Expr[] }>([
        { GATE: () => isQuery, ALT: () => ({ query: this.SUBRULE(this.query) }) },
        { ALT: () => ({ items: this.SUBRULE(this.expressions) }) },
      ]);
      this.CONSUME(T.RParen);
      const span = this.spanOver(operand);
      if ('query' in tail) return { kind: 'inSubquery', negated, operand, query: tail.query, span };
      return { kind: 'inList', negated, operand, items: tail.items, span };
    },
  );

  protected readonly likeTail: Rule<Expr, [operand: Expr, negated: boolean]> = this.rule(
    'likeTail',
    (operand, negated) => {
      const operator = this.OR([
        { ALT: () => (this.CONSUME(K.like), 'like' as const) },
        { ALT: () => (this.CONSUME(K.ilike), 'ilike' as const) },
        { ALT: () => (this.CONSUME(K.similar), this.CONSUME(K.to), 'similar' as const) },
      ]);
      const symbol = `${negated ? '!' : ''}~~${operator === 'ilike' ? '*' : ''}`;
      return this.OR2<Expr>([
        {
          GATE: () => operator !== 'similar',
          ALT: () => this.SUBRULE(this.quantified, { ARGS: [operand, this.#named(symbol)] }),
        },
        {
          ALT: () => {
            const pattern = this.SUBRULE(this.expression, { ARGS: [RANGE] });
            const escape =
              this.OPTION(() => {
                this.CONSUME(K.escape);
                return this.SUBRULE2(this.expression, { ARGS: [RANGE] });
              }) ?? null;
            const span = this.spanOver(operand);
            return { kind: 'like', operator, negated, operand, pattern, escape, span };
          },
        },
      ]);
    },
  );

  /** (a, b) OVERLAPS (c, d) is overlaps(a, b, c, d). */
  protected readonly overlapsTail: Rule<Expr, [left: Expr]> = this.rule('overlapsTail', (left) => {
    const word = this.CONSUME(K.overlaps);
    const right = this.SUBRULE(this.expression, { ARGS: [RANGE] });
    return this.ACTION(() => {
      const items = (row: Expr, side: string): readonly Expr[] => {
        if (row.kind === 'row' && row.items.length === 2) return row.items;
        const what = `wrong number of parameters on ${side} side of OVERLAPS expression`;
        throw grammarError(what, row.span);
      };
      const values = [...items(left, 'left'), ...items(right, 'right')];
      return this.call('overlaps', this.tokenSpan(word), values, this.spanOver(left));
    });
  });

  /** [i], [a:b] */
  protected readonly subscriptTail: Rule<Expr, [operand: Expr]> = this.rule(
    'subscriptTail',
    (operand) => {
      const apart = this.ACTION(() => this.LA(0).tokenType === T.RParen
        && (operand.kind === 'subscript' || operand.kind === 'slice'));
      this.CONSUME(T.LBracket);
      const lower = this.OPTION(() => this.SUBRULE(this.expression)) ?? null;
      let isSlice = false;
      const upper =
        this.OPTION2(() => {
          this.CONSUME(T.Colon);
          isSlice = true;
          return this.OPTION3(() => this.SUBRULE2(this.expression)) ?? null;
        }) ?? null;
      if (!isSlice && lower === null) this.ACTION(() => this.unexpected());
      this.CONSUME(T.RBracket);
      const span = this.spanOver(operand);
      const own = { operand, ...apart ? { apart } as const : {}, span };
      if (isSlice || lower === null) return { kind: 'slice', ...own, lower, upper };
      return { kind: 'subscript', ...own, index: lower };
    },
  );

  /** .field, .* */
  protected readonly fieldTail: Rule<Expr, [operand: Expr]> = this.rule('fieldTail', (operand) => {
    this.CONSUME(T.Dot);
    return this.OR<Expr>([
      {
        ALT: () => {
          this.CONSUME(T.Asterisk);
          return { kind: 'fieldStar', operand, span: this.spanOver(operand) };
        },
      },
      {
        ALT: () => {
          const field = this.SUBRULE(this.label);
          return { kind: 'fieldAccess', operand, field, span: this.spanOver(operand) };
        },
      },
    ]);
  });

  /** AT TIME ZONE z */
  protected readonly zoneTail: Rule<Expr, [operand: Expr]> = this.rule('zoneTail', (operand) => {
    this.CONSUME(K.at);
    this.CONSUME(K.time);
    this.CONSUME(K.zone);
    const zone = this.SUBRULE(this.expression, { ARGS: [AT] });
    return { kind: 'atTimeZone', operand, zone, span: this.spanOver(operand) };
  });

  /** COLLATE c */
  protected readonly collateTail: Rule<Expr, [left: Expr]> = this.rule('collateTail', (operand) => {
    this.CONSUME(K.collate);
    const collation = this.SUBRULE(this.qualifiedName);
    return { kind: 'collate', operand, collation, span: this.spanOver(operand) };
  });

  /** a, b, c */
  protected readonly expressions: Rule<readonly Expr[]> = this.rule('expressions', () => {
    const list: Expr[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        list.push(this.SUBRULE(this.expression));
      },
    });
    return list;
  });

  /** Does a query stand in the parenthesis at LA(1)? Looks through further parentheses. */
  protected isSubquery(): boolean {
    let depth = 1;
    while (this.ahead(depth, T.LParen)) depth++;
    if (!this.#startsQuery(depth)) return false;
    // ((SELECT 1) + 1) is an expression, ((SELECT 1) UNION SELECT 2) a query.
    let at = depth;
    for (let open = depth - 2; open > 0; open--) {
      at = this.#closing(at);
      if (!queryContinues.has(this.LA(at + 1).tokenType)) return false;
      at++;
    }
    return true;
  }

  #startsQuery(at: number): boolean {
    const type = this.LA(at).tokenType;
    return type === K.select || type === K.values || type === K.with || type === K.table;
  }

  /** From inside a parenthesis at position `at`: the position of its closing one. */
  #closing(at: number): number {
    let open = 1;
    for (let i = at; ; i++) {
      const type = this.LA(i).tokenType;
      if (type === T.LParen) open++;
      else if (type === T.RParen && --open === 0) return i;
      else if (type.name === 'EOF') return i;
    }
  }

  /** A call with positional arguments only, for forms that PostgreSQL rewrites to one. */
  protected call(
    name: string,
    nameSpan: Expr['span'],
    values: readonly Expr[],
    span: Expr['span'],
  ): Expr {
    const part: Identifier = { kind: 'identifier', name, span: nameSpan };
    const args = values.map((value): FunctionArgument => {
      return { kind: 'argument', name: null, value, variadic: false, span: value.span };
    });
    return {
      kind: 'functionCall',
      name: { kind: 'qualifiedName', parts: [part], span: nameSpan },
      args,
      star: false,
      distinct: false,
      orderBy: [],
      withinGroup: [],
      filter: null,
      nulls: null,
      over: null,
      span,
    };
  }
}

/** LIKE and BETWEEN end in an operand and so do not associate; IN (...) does not. */
function isOpenRange(left: Expr, power: number): boolean {
  return power === RANGE && (left.kind === 'like' || left.kind === 'between');
}
