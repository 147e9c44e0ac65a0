/**
 * Token types: punctuation, literals, one type per keyword, and the categories by which the grammar
 * accepts keywords as names.
 *
 * The types are Chevrotain's, but the text is cut by lexer.ts (PostgreSQL's operator rule, dollar
 * quotes and nested comments are no regular expressions), so they carry no patterns.
 */
import { createToken } from 'chevrotain';
import type { IToken, TokenType } from 'chevrotain';
import {
  COLUMN_NAME,
  NOT_BARE_LABEL,
  RESERVED,
  TYPE_OR_FUNCTION,
  UNRESERVED,
} from './keywords.ts';
import type { Keyword } from './keywords.ts';

/** A token: Chevrotain's, with offsets always set and the decoded value as `payload`. */
export interface SqlToken extends IToken {
  /** Inclusive, as Chevrotain has it. */
  readonly endOffset: number;
  /** Folded name, decoded string, digits of a number, symbol of an operator. */
  readonly payload: string;
}

function token(name: string, label: string, categories: TokenType[] = []): TokenType {
  return createToken({ name, label, categories });
}

/** What may name a column, table, schema: identifiers, unreserved and column-name keywords. */
export const ColumnId: TokenType = token('ColumnId', 'a name');
/** What may name a type or a function: identifiers, unreserved and type-or-function keywords. */
export const TypeFunctionId: TokenType = token('TypeFunctionId', 'a name');
/** What may begin a column reference or a function call. */
export const NameStart: TokenType = token('NameStart', 'a name');
/** Any word; for labels behind AS and names behind a dot. */
export const Label: TokenType = token('Label', 'a name');
/** Any word that may label a column without AS. */
export const BareLabel: TokenType = token('BareLabel', 'a name');
/** Keywords that begin a built-in type's name of one or more words. */
export const TypeKeyword: TokenType = token('TypeKeyword', 'a type');
/** The comparison operators, which share a precedence and do not associate. */
export const Comparison: TokenType = token('Comparison', 'an operator');

const names = [ColumnId, TypeFunctionId, NameStart, Label, BareLabel];

/** A name that is no keyword, or is quoted. */
export const Ident: TokenType = token('Ident', 'a name', names);
/** 12; also hexadecimal, octal and binary, already in decimal. */
export const IntegerToken: TokenType = token('Integer', 'a number');
/** 1.5, 1e10 */
export const DecimalToken: TokenType = token('Decimal', 'a number');
/** A string literal of any spelling, decoded. */
export const StringToken: TokenType = token('String', 'a string');
/** B'0101', X'1f'; as binary digits */
export const BitToken: TokenType = token('Bit', 'a bit string');
/** $1 */
export const ParameterToken: TokenType = token('Parameter', 'a parameter');

/** Punctuation. */
export const LParen: TokenType = token('LParen', '"("');
/** ) */
export const RParen: TokenType = token('RParen', '")"');
/** [ */
export const LBracket: TokenType = token('LBracket', '"["');
/** ] */
export const RBracket: TokenType = token('RBracket', '"]"');
/** , */
export const Comma: TokenType = token('Comma', '","');
/** ; */
export const Semicolon: TokenType = token('Semicolon', '";"');
/** . */
export const Dot: TokenType = token('Dot', '"."');
/** : */
export const Colon: TokenType = token('Colon', '":"');
/** := */
export const ColonEquals: TokenType = token('ColonEquals', '":="');
/** :: */
export const TypeCast: TokenType = token('TypeCast', '"::"');
/** => */
export const Arrow: TokenType = token('Arrow', '"=>"');
/** = */
export const Equals: TokenType = token('Equals', '"="', [Comparison]);
/** < */
export const Less: TokenType = token('Less', '"<"', [Comparison]);
/** > */
export const Greater: TokenType = token('Greater', '">"', [Comparison]);
/** <=, >=, <> */
export const OtherComparison: TokenType = token('OtherComparison', 'an operator', [Comparison]);
/** + */
export const Plus: TokenType = token('Plus', '"+"');
/** - */
export const Minus: TokenType = token('Minus', '"-"');
/** * */
export const Asterisk: TokenType = token('Asterisk', '"*"');
/** / and % */
export const Divide: TokenType = token('Divide', 'an operator');
/** ^ */
export const Power: TokenType = token('Power', '"^"');
/** Any other operator. */
export const Operator: TokenType = token('Operator', 'an operator');

/** NOT before BETWEEN, IN, LIKE, ILIKE, SIMILAR. */
export const NotInfix: TokenType = token('NotInfix', 'NOT');
/** WITH before TIME or ORDINALITY. */
export const WithInfix: TokenType = token('WithInfix', 'WITH');
/** FOR before SYSTEM_TIME. */
export const ForSystemTime: TokenType = token('ForSystemTime', 'FOR SYSTEM_TIME');
/** AS before OF. */
export const AsBeforeOf: TokenType = token('AsBeforeOf', 'AS OF');
/** EMIT before CHANGES, FINAL, EVERY, ON WINDOW. */
export const EmitClause: TokenType = token('EmitClause', 'EMIT');
/** WINDOW before TUMBLING, HOPPING or SESSION and a parenthesis. */
export const WindowClause: TokenType = token('WindowClause', 'WINDOW');

/** Words that begin a type name in an expression, as in DATE-like literals. */
const typeKeywords: readonly Keyword[] = [
  'bigint', 'bit', 'boolean', 'char', 'character', 'dec', 'decimal', 'double', 'float', 'int',
  'integer', 'interval', 'national', 'nchar', 'numeric', 'real', 'smallint', 'time', 'timestamp',
  'varchar',
];

type KeywordTokens = { readonly [W in Keyword]: TokenType };

function keywordTokens(): KeywordTokens {
  const tokens: Partial<Record<Keyword, TokenType>> = {};
  const notBare = new Set<Keyword>(NOT_BARE_LABEL);
  const types = new Set<Keyword>(typeKeywords);
  const add = (words: readonly Keyword[], categories: readonly TokenType[]): void => {
    for (const word of words) {
      const all = [...categories, Label];
      if (!notBare.has(word)) all.push(BareLabel);
      if (types.has(word)) all.push(TypeKeyword);
      tokens[word] = token(`keyword ${word}`, word.toUpperCase(), all);
    }
  };
  add(UNRESERVED, [ColumnId, TypeFunctionId, NameStart]);
  add(COLUMN_NAME, [ColumnId, NameStart]);
  add(TYPE_OR_FUNCTION, [TypeFunctionId, NameStart]);
  add(RESERVED, []);
  return tokens as KeywordTokens;
}

/** The token type of each keyword. */
export const K: KeywordTokens = keywordTokens();

/** Keyword by its text in lower case. */
export const KEYWORD_BY_TEXT: ReadonlyMap<string, TokenType> = new Map(Object.entries(K));

/** Everything the parser must know. */
export const VOCABULARY: readonly TokenType[] = [
  ColumnId, TypeFunctionId, NameStart, Label, BareLabel, TypeKeyword, Comparison,
  Ident, IntegerToken, DecimalToken, StringToken, BitToken, ParameterToken,
  LParen, RParen, LBracket, RBracket, Comma, Semicolon, Dot, Colon, ColonEquals, TypeCast, Arrow,
  Equals, Less, Greater, OtherComparison, Plus, Minus, Asterisk, Divide, Power, Operator,
  NotInfix, WithInfix, ForSystemTime, AsBeforeOf, EmitClause, WindowClause,
  ...Object.values(K),
];
