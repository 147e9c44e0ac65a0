/**
 * Gives some keywords another token type by what follows them.
 *
 * PostgreSQL's scanner does the same for NOT, WITH and NULLS; here it also keeps words of the
 * streaming forms free as names: EMIT is one only before CHANGES, FINAL, ON WINDOW or EVERY.
 */
import { tokenMatcher } from 'chevrotain';
import type { TokenType } from 'chevrotain';
import type { Keyword } from './keywords.ts';
import * as T from './tokens.ts';
import type { SqlToken } from './tokens.ts';

const K = T.K;

type Rule = (tokens: readonly SqlToken[], at: number) => TokenType | null;

/** The keyword stays one if the next word is among these; otherwise it is a name. */
function onlyBefore(...followers: readonly TokenType[]): Rule {
  return (tokens, at) => (follows(tokens, at, followers) ? null : T.Ident);
}

/** The keyword becomes `type` if the next word is among the followers. */
function before(type: TokenType, ...followers: readonly TokenType[]): Rule {
  return (tokens, at) => (follows(tokens, at, followers) ? type : null);
}

function follows(tokens: readonly SqlToken[], at: number, types: readonly TokenType[]): boolean {
  const next = tokens[at + 1];
  return next !== undefined && types.includes(next.tokenType);
}

/** AS OF is a clause unless OF ends the item: `SELECT 1 AS of, 2`. */
function asOf(tokens: readonly SqlToken[], at: number): TokenType | null {
  if (!follows(tokens, at, [K.of])) return null;
  const value = tokens[at + 2];
  if (value === undefined) return null;
  const starts = [T.IntegerToken, T.DecimalToken, T.StringToken, T.ParameterToken, T.LParen];
  const words = [T.NameStart, K.current_timestamp, K.at, K.cast];
  const isValue = [...starts, ...words].some((type) => tokenMatcher(value, type));
  return isValue ? T.AsBeforeOf : null;
}

function emit(tokens: readonly SqlToken[], at: number): TokenType | null {
  if (follows(tokens, at, [K.changes, K.final, K.every])) return T.EmitClause;
  const onWindow = follows(tokens, at, [K.on]) && follows(tokens, at + 1, [K.window]);
  return onWindow ? T.EmitClause : null;
}

function windowClause(tokens: readonly SqlToken[], at: number): TokenType | null {
  const known = follows(tokens, at, [K.tumbling, K.hopping, K.session]);
  return known && follows(tokens, at + 1, [T.LParen]) ? T.WindowClause : null;
}

/** IF [NOT] EXISTS apart, EXISTS without a parenthesis is a name. */
function exists(tokens: readonly SqlToken[], at: number): TokenType | null {
  const before = tokens[at - 1]?.tokenType;
  if (before === K.if || (before === K.not && tokens[at - 2]?.tokenType === K.if)) return null;
  return follows(tokens, at, [T.LParen]) ? null : T.Ident;
}

/** ROW without a parenthesis is a column where an expression begins. */
function row(tokens: readonly SqlToken[], at: number): TokenType | null {
  const before = tokens[at - 1]?.tokenType;
  const begins = before === T.Comma || before === T.LParen
    || [K.select, K.where, K.and, K.or, K.by, K.on].some((word) => word === before);
  return begins && !follows(tokens, at, [T.LParen]) ? T.Ident : null;
}

const functionLike: readonly Keyword[] = [
  'coalesce', 'nullif', 'greatest', 'least', 'extract', 'substring', 'trim', 'position',
  'overlay', 'normalize', 'try_cast',
];

const toName: Rule = () => T.Ident;

const rules: ReadonlyMap<TokenType, Rule> = new Map<TokenType, Rule>([
  [K.not, before(T.NotInfix, K.between, K.in, K.like, K.ilike, K.similar)],
  [K.with, before(T.WithInfix, K.time, K.ordinality)],
  [K.for, before(T.ForSystemTime, K.system_time)],
  [K.as, asOf],
  [K.window, windowClause],
  [K.emit, emit],
  [K.asof, onlyBefore(K.join, K.left, K.inner, K.right, K.full)],
  [K.double, onlyBefore(K.precision)],
  [K.struct, onlyBefore(T.Less)],
  [K.grouping, onlyBefore(K.sets)],
  [K.rollup, onlyBefore(T.LParen)],
  [K.cube, onlyBefore(T.LParen)],
  [K.exists, exists],
  [K.row, row],
  [K.current_schema, before(T.Ident, T.LParen)],
  [K.xmlelement, toName],
  [K.xmlforest, toName],
  [K.xmlconcat, toName],
  [K.xmlexists, toName],
  [K.treat, toName],
  ...functionLike.map((word): [TokenType, Rule] => [K[word], onlyBefore(T.LParen)]),
]);

/** The keywords that `retag` looks at. */
export const RETAGGED: ReadonlySet<TokenType> = new Set(rules.keys());

/** Replaces the token at an index by one of another type where a rule says so. */
export function retag(tokens: SqlToken[], at: number): void {
  const found = tokens[at];
  if (found === undefined) return;
  const type = rules.get(found.tokenType)?.(tokens, at) ?? null;
  if (type === null) return;
  tokens[at] = { ...found, tokenType: type, tokenTypeIdx: type.tokenTypeIdx as number };
}
