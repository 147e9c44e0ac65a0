/**
 * The first level of the grammar: names, types, spans and the helpers all levels share.
 *
 * The grammar levels form one inheritance chain (names, expressions, queries, definitions,
 * statements) because Chevrotain's rules are methods of one parser. One token of look-ahead
 * decides everywhere; where SQL needs more, a GATE looks further.
 */
import { EmbeddedActionsParser, tokenMatcher } from 'chevrotain';
import type { IToken, ParserMethod, TokenType } from 'chevrotain';
import { sqlError } from '../common/errors.ts';
import { NO_SPAN } from '../common/span.ts';
import type { Span } from '../common/span.ts';
import type { Identifier, Node, QualifiedName } from './ast-leaves.ts';
import type { Expr, TypeField, TypeName } from './ast.ts';
import { expectations } from './expectations.ts';
import { stackDepthExceeded, syntaxError } from './syntax-errors.ts';
import * as T from './tokens.ts';
import type { SqlToken } from './tokens.ts';

const K = T.K;

/** A rule of the grammar: what it returns and the arguments it takes. */
export type Rule<R, A extends unknown[] = []> = ParserMethod<A, R>;

/** How deep expressions, subqueries and joins may nest. */
export const NESTING_MAX = 200;

const intervalUnits = [K.year, K.month, K.day, K.hour, K.minute, K.second];

/** Operators, joins or set operations in one chain; deeper trees would overflow their readers. */
const CHAIN_MAX = 1000;

/** PostgreSQL's internal names of the types that are keywords. */
const builtinTypes: ReadonlyMap<string, string> = new Map([
  ['int', 'int4'],
  ['integer', 'int4'],
  ['smallint', 'int2'],
  ['bigint', 'int8'],
  ['real', 'float4'],
  ['double', 'float8'],
  ['boolean', 'bool'],
  ['dec', 'numeric'],
  ['decimal', 'numeric'],
  ['char', 'bpchar'],
  ['character', 'bpchar'],
  ['nchar', 'bpchar'],
  ['national', 'bpchar'],
]);

/** Names and types. */
export abstract class NameGrammar extends EmbeddedActionsParser {
  /** The text being parsed, for raw pieces and messages. */
  protected text = '';
  #nesting = 0;
  #end = 0;

  constructor() {
    super([...T.VOCABULARY], {
      maxLookahead: 1,
      recoveryEnabled: false,
      nodeLocationTracking: 'none',
      skipValidations: true,
      errorMessageProvider: expectations,
    });
  }

  protected abstract readonly expression: Rule<Expr, [min?: number, restricted?: boolean]>;

  /** Takes new input, with the offset of its end, and forgets what an error left behind. */
  load(text: string, tokens: SqlToken[], end: number): void {
    this.text = text;
    this.#end = end;
    this.input = tokens;
    this.#nesting = 0;
  }

  // ------------------------------------------------------------------------------- helpers

  /** RULE with types: the declared type of the field reaches into the implementation. */
  protected rule<R, A extends unknown[]>(
    name: string,
    implementation: (...args: A) => R,
  ): Rule<R, A> {
    return this.RULE(name, implementation);
  }

  /** Counts one level of nesting; `leave` ends it. */
  protected enter(): void {
    if (++this.#nesting > NESTING_MAX && !this.RECORDING_PHASE) {
      throw stackDepthExceeded(this.tokenSpan(this.LA(1)));
    }
  }

  protected leave(): void {
    this.#nesting--;
  }

  /** Refuses the next token when it would make a chain too long. */
  protected limitChain(links: number): void {
    if (links > CHAIN_MAX) throw stackDepthExceeded(this.tokenSpan(this.LA(1)));
  }

  /** The span from a token to the last one consumed. */
  protected spanFrom(first: IToken): Span {
    if (this.RECORDING_PHASE) return NO_SPAN;
    return { start: first.startOffset, end: (this.LA(0).endOffset ?? 0) + 1 };
  }

  /** The span from a node's start to the last token consumed. */
  protected spanOver(first: Node): Span {
    if (this.RECORDING_PHASE) return NO_SPAN;
    return { start: first.span.start, end: (this.LA(0).endOffset ?? 0) + 1 };
  }

  /** A token's span; the end of the statement (its semicolon) for the token behind the last. */
  tokenSpan(token: IToken): Span {
    if (token.tokenType.name === 'EOF') return { start: this.#end, end: this.#end + 1 };
    return { start: token.startOffset, end: (token.endOffset ?? 0) + 1 };
  }

  /** Refuses the next token. */
  protected unexpected(hint?: string): never {
    throw syntaxError(this.text, this.tokenSpan(this.LA(1)), hint);
  }

  /** What a token stands for: folded name, decoded string, digits, symbol. */
  protected payload(token: IToken): string {
    return this.RECORDING_PHASE ? '' : (token as SqlToken).payload;
  }

  /** Is the nth token ahead of this type or category? */
  protected ahead(n: number, type: TokenType): boolean {
    return tokenMatcher(this.LA(n), type);
  }

  /** Is a token of this type or category? */
  protected matches(token: IToken, type: TokenType): boolean {
    return tokenMatcher(token, type);
  }

  /** The text between two offsets, without white space around it. */
  protected raw(span: Span): string {
    return this.RECORDING_PHASE ? '' : this.text.slice(span.start, span.end).trim();
  }

  protected makeIdentifier(token: IToken): Identifier {
    return { kind: 'identifier', name: this.payload(token), span: this.tokenSpanFast(token) };
  }

  protected tokenSpanFast(token: IToken): Span {
    return { start: token.startOffset, end: (token.endOffset ?? 0) + 1 };
  }

  // --------------------------------------------------------------------------------- names

  /** A name where columns and relations are named. */
  protected readonly identifier: Rule<Identifier> = this.rule('identifier', () =>
    this.makeIdentifier(this.CONSUME(T.ColumnId)),
  );

  /** A name behind AS or a dot, where any word may stand. */
  protected readonly label: Rule<Identifier> = this.rule('label', () =>
    this.makeIdentifier(this.CONSUME(T.Label)),
  );

  /** a.b.c */
  protected readonly qualifiedName: Rule<QualifiedName> = this.rule('qualifiedName', () => {
    const first = this.LA(1);
    const parts = [this.SUBRULE(this.identifier)];
    this.MANY(() => {
      this.CONSUME(T.Dot);
      parts.push(this.SUBRULE(this.label));
    });
    return { kind: 'qualifiedName', parts, span: this.spanFrom(first) };
  });

  /** A function's or type's name: its first part may be a keyword like LEFT. */
  protected readonly functionName: Rule<QualifiedName> = this.rule('functionName', () => {
    const first = this.LA(1);
    const parts = [
      this.OR([
        { ALT: () => this.makeIdentifier(this.CONSUME(T.TypeFunctionId)) },
        { ALT: () => this.makeIdentifier(this.CONSUME(T.ColumnId)) },
      ]),
    ];
    this.MANY(() => {
      this.CONSUME(T.Dot);
      parts.push(this.SUBRULE(this.label));
    });
    return { kind: 'qualifiedName', parts, span: this.spanFrom(first) };
  });

  /** (a, b) */
  protected readonly identifierList: Rule<readonly Identifier[]> = this.rule(
    'identifierList',
    () => {
      const names: Identifier[] = [];
      this.CONSUME(T.LParen);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          names.push(this.SUBRULE(this.identifier));
        },
      });
      this.CONSUME(T.RParen);
      return names;
    },
  );

  /** a, b.c */
  protected readonly qualifiedNames: Rule<readonly QualifiedName[]> = this.rule(
    'qualifiedNames',
    () => {
      const names: QualifiedName[] = [];
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          names.push(this.SUBRULE(this.qualifiedName));
        },
      });
      return names;
    },
  );

  /** A string literal's value. */
  protected readonly stringValue: Rule<string> = this.rule('stringValue', () =>
    this.payload(this.CONSUME(T.StringToken)),
  );

  // --------------------------------------------------------------------------------- types

  /** A type with its array brackets. */
  protected readonly typeName: Rule<TypeName> = this.rule('typeName', () => {
    const first = this.LA(1);
    const setof = this.OPTION(() => this.CONSUME(K.setof)) !== undefined;
    const base = this.SUBRULE(this.baseType);
    let arrayDimensions = 0;
    this.MANY(() => {
      this.CONSUME(T.LBracket);
      this.OPTION2(() => this.CONSUME(T.IntegerToken));
      this.CONSUME(T.RBracket);
      arrayDimensions++;
    });
    this.OPTION3(() => {
      this.CONSUME(K.array);
      arrayDimensions = 1;
      this.OPTION4(() => {
        this.CONSUME2(T.LBracket);
        this.CONSUME2(T.IntegerToken);
        this.CONSUME2(T.RBracket);
      });
    });
    if (arrayDimensions === 0 && !setof) return base;
    return { ...base, arrayDimensions, setof, span: this.spanFrom(first) };
  });

  /** A type without brackets. */
  protected readonly baseType: Rule<TypeName> = this.rule('baseType', () =>
    this.OR([
      { ALT: () => this.SUBRULE(this.structType) },
      { ALT: () => this.SUBRULE(this.builtinType) },
      { ALT: () => this.SUBRULE(this.namedType) },
    ]),
  );

  /** A type known by its name alone, with modifiers. */
  protected readonly namedType: Rule<TypeName> = this.rule('namedType', () => {
    const first = this.LA(1);
    const name = this.SUBRULE(this.functionName);
    const modifiers = this.OPTION(() => this.SUBRULE(this.typeModifiers)) ?? [];
    return this.makeType(name, modifiers, null, this.spanFrom(first));
  });

  protected readonly typeModifiers: Rule<readonly Expr[]> = this.rule('typeModifiers', () => {
    const values: Expr[] = [];
    this.CONSUME(T.LParen);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        values.push(this.SUBRULE(this.expression));
      },
    });
    this.CONSUME(T.RParen);
    return values;
  });

  /** A type of PostgreSQL's grammar: DOUBLE PRECISION, TIMESTAMP (3) WITH TIME ZONE, ... */
  protected readonly builtinType: Rule<TypeName> = this.rule('builtinType', () => {
    const first = this.CONSUME(T.TypeKeyword);
    const word = this.payload(first);
    const isText = word === 'national' || word === 'nchar' || word.startsWith('char');
    let varying = false;
    this.OPTION({
      GATE: () => word === 'national',
      DEF: () => this.OR([
        { ALT: () => this.CONSUME(K.char) },
        { ALT: () => this.CONSUME(K.character) },
      ]),
    });
    this.OPTION2({ GATE: () => word === 'double', DEF: () => this.CONSUME(K.precision) });
    this.OPTION3({
      GATE: () => isText || word === 'bit',
      DEF: () => {
        this.CONSUME(K.varying);
        varying = true;
      },
    });
    const fields = this.OPTION4({
      GATE: () => word === 'interval',
      DEF: () => this.SUBRULE(this.intervalFields),
    });
    const modifiers = this.OPTION5(() => this.SUBRULE(this.typeModifiers)) ?? [];
    const zone = this.OPTION6({
      GATE: () => word === 'time' || word === 'timestamp',
      DEF: () => this.SUBRULE(this.timeZoneSuffix),
    });
    return this.ACTION(() =>
      this.#makeBuiltin(first, { varying, zone: zone ?? false, fields: fields ?? null, modifiers }),
    );
  });

  /** WITH TIME ZONE (true) or WITHOUT TIME ZONE (false). */
  protected readonly timeZoneSuffix: Rule<boolean> = this.rule('timeZoneSuffix', () => {
    const zone = this.OR([
      { ALT: () => (this.CONSUME(T.WithInfix), true) },
      { ALT: () => (this.CONSUME(K.without), false) },
    ]);
    this.CONSUME(K.time);
    this.CONSUME(K.zone);
    return zone;
  });

  /** YEAR, DAY TO SECOND, ... in lower case. */
  protected readonly intervalFields: Rule<string> = this.rule('intervalFields', () => {
    const from = this.SUBRULE(this.intervalUnit);
    const to = this.OPTION(() => {
      this.CONSUME(K.to);
      return this.SUBRULE2(this.intervalUnit);
    });
    return to === undefined ? from : `${from} to ${to}`;
  });

  protected readonly intervalUnit: Rule<string> = this.rule('intervalUnit', () =>
    this.payload(this.OR(intervalUnits.map((unit, at) => ({ ALT: () => this.consume(at, unit) })))),
  );

  /** STRUCT<a int, b text> */
  protected readonly structType: Rule<TypeName> = this.rule('structType', () => {
    const first = this.CONSUME(K.struct);
    const name = this.makeIdentifier(first);
    const fields: TypeField[] = [];
    this.CONSUME(T.Less);
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        fields.push(this.SUBRULE(this.typeField));
      },
    });
    this.CONSUME(T.Greater);
    const span = this.spanFrom(first);
    const qualified: QualifiedName = { kind: 'qualifiedName', parts: [name], span: name.span };
    return { ...this.makeType(qualified, [], null, span), fields };
  });

  /** A field of a STRUCT, a composite type or a column definition list. */
  protected readonly typeField: Rule<TypeField> = this.rule('typeField', () => {
    const first = this.LA(1);
    const name = this.SUBRULE(this.identifier);
    const type = this.SUBRULE(this.typeName);
    this.OPTION(() => {
      this.CONSUME(K.collate);
      this.SUBRULE(this.functionName);
    });
    return { kind: 'typeField', name, type, span: this.spanFrom(first) };
  });

  protected makeType(
    name: QualifiedName,
    modifiers: readonly Expr[],
    intervalFields: string | null,
    span: Span,
  ): TypeName {
    return {
      kind: 'typeName',
      name,
      modifiers,
      intervalFields,
      arrayDimensions: 0,
      setof: false,
      fields: [],
      span,
    };
  }

  #makeBuiltin(
    first: IToken,
    parts: { varying: boolean; zone: boolean; fields: string | null; modifiers: readonly Expr[] },
  ): TypeName {
    const word = this.payload(first);
    const span = this.spanFrom(first);
    let name = builtinTypes.get(word) ?? word;
    let modifiers = parts.modifiers;
    if (name === 'bpchar' && parts.varying) name = 'varchar';
    if (name === 'bpchar' && modifiers.length === 0) {
      modifiers = [{ kind: 'integerLiteral', text: '1', span }];
    }
    if (name === 'bit' && parts.varying) name = 'varbit';
    if (parts.zone) name += 'tz';
    if (name === 'float') {
      const precision = modifiers[0];
      const digits = precision?.kind === 'integerLiteral' ? Number(precision.text) : 53;
      if (digits < 1 || digits > 53) {
        throw sqlError('22023', digits < 1 ? 'precision for type float must be at least 1 bit'
          : 'precision for type float must be less than 54 bits', { span });
      }
      name = digits <= 24 ? 'float4' : 'float8';
      modifiers = [];
    }
    const id: Identifier = { kind: 'identifier', name, span };
    const qualified: QualifiedName = { kind: 'qualifiedName', parts: [id], span };
    return this.makeType(qualified, modifiers, parts.fields, span);
  }
}
