/**
 * The parser's face: SQL text in, syntax trees out.
 *
 * A text is parsed whole before any of its statements runs, so a syntax error anywhere means that
 * nothing ran. Errors are SqlError with the span at fault; the one grammar instance is made on
 * first use (Chevrotain analyses it once) and holds no state between calls.
 */
import { SqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import type { Statement } from './ast-statements.ts';
import type { Expr, TypeName } from './ast.ts';
import { SqlGrammar } from './grammar-session.ts';
import { tokenize } from './lexer.ts';
import { stackDepthExceeded, syntaxError } from './syntax-errors.ts';
import { Semicolon } from './tokens.ts';
import type { SqlToken } from './tokens.ts';

/** A statement, where it stood (offsets into the whole text), and its own text. */
export interface ParsedStatement {
  readonly statement: Statement;
  readonly span: Span;
  readonly text: string;
}

let instance: SqlGrammar | undefined;

function grammar(): SqlGrammar {
  instance ??= new SqlGrammar();
  return instance;
}

/** All statements of a text; empty ones are skipped. */
export function parseStatements(text: string): readonly ParsedStatement[] {
  const tokens = tokenize(text);
  const parsed: ParsedStatement[] = [];
  let start = 0;
  for (let at = 0; at <= tokens.length; at++) {
    const token = tokens[at];
    if (token !== undefined && token.tokenType !== Semicolon) continue;
    const own = start === 0 && at === tokens.length ? tokens : tokens.slice(start, at);
    start = at + 1;
    const first = own[0];
    const last = own.at(-1);
    if (first === undefined || last === undefined) continue;
    const end = token?.startOffset ?? text.length;
    const statement = run(text, own, end, (rules) => rules.statement());
    const span = { start: first.startOffset, end: last.endOffset + 1 };
    parsed.push({ statement, span, text: text.slice(span.start, span.end) });
  }
  return parsed;
}

/** An expression alone, as in a stored default. */
export function parseExpression(text: string): Expr {
  return run(text, tokenize(text), text.length, (rules) => rules.loneExpression());
}

/** A type alone, as in CAST or pg's type names. */
export function parseType(text: string): TypeName {
  return run(text, tokenize(text), text.length, (rules) => rules.loneType());
}

/** Parses tokens by one rule; `end` is where "end of input" is, a semicolon or the text's end. */
function run<R>(text: string, tokens: SqlToken[], end: number, rule: (g: SqlGrammar) => R): R {
  const rules = grammar();
  rules.load(text, tokens, end);
  try {
    const result = rule(rules);
    const fault = rules.errors[0];
    if (fault === undefined) return result;
    throw syntaxError(text, rules.tokenSpan(fault.token), fault.message || undefined);
  } catch (error) {
    if (error instanceof SqlError) throw error;
    if (error instanceof RangeError) throw stackDepthExceeded();
    throw error;
  } finally {
    rules.input = [];
  }
}
