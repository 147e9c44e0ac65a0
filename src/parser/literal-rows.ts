/**
 * Reads the rows of VALUES that hold nothing but literals, straight from the tokens.
 *
 * A bulk INSERT is millions of values; the grammar's rules cost about 3 us a value, this loop 0.1.
 * It stops before the first row with anything else in it and leaves at least one row to the
 * grammar, which thereby keeps the word on syntax errors.
 */
import type { IToken } from 'chevrotain';
import type { Span } from '../common/span.ts';
import type { Expr } from './ast.ts';
import * as T from './tokens.ts';
import type { SqlToken } from './tokens.ts';

/** Appends rows and says how many tokens they took, each row with the comma behind it. */
export function readLiteralRows(
  lookAhead: (n: number) => IToken,
  rows: (readonly Expr[])[],
): number {
  let taken = 0;
  for (;;) {
    let at = taken + 1;
    if (lookAhead(at).tokenType !== T.LParen) return taken;
    const row: Expr[] = [];
    do {
      at++;
      const negative = lookAhead(at).tokenType === T.Minus;
      const from = lookAhead(at).startOffset;
      if (negative) at++;
      const value = literalOf(lookAhead(at) as SqlToken, negative, from);
      if (value === null) return taken;
      row.push(value);
      at++;
    } while (lookAhead(at).tokenType === T.Comma);
    const more = lookAhead(at).tokenType === T.RParen && lookAhead(at + 1).tokenType === T.Comma;
    if (!more) return taken;
    rows.push(row);
    taken = at + 1;
  }
}

function literalOf(token: SqlToken, negative: boolean, from: number): Expr | null {
  const type = token.tokenType;
  const span: Span = { start: from, end: token.endOffset + 1 };
  if (type === T.IntegerToken || type === T.DecimalToken) {
    const text = negative ? `-${token.payload}` : token.payload;
    return { kind: type === T.IntegerToken ? 'integerLiteral' : 'decimalLiteral', text, span };
  }
  if (negative) return null;
  if (type === T.StringToken) return { kind: 'stringLiteral', value: token.payload, span };
  if (type === T.K.null) return { kind: 'nullLiteral', span };
  if (type === T.K.true) return { kind: 'booleanLiteral', value: true, span };
  if (type === T.K.false) return { kind: 'booleanLiteral', value: false, span };
  return null;
}
