/**
 * The wording of everything the lexer and the grammar refuse, PostgreSQL's own where it has it.
 *
 * Each function makes an error with the span it is about; the session turns spans to positions.
 */
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';

/** `syntax error at or near "x"`, where x is the text of the span, or at the end of input. */
export function syntaxError(text: string, span: Span, hint?: string): SqlError {
  if (span.start >= text.length) {
    const end = { start: text.length, end: text.length };
    return sqlError('42601', 'syntax error at end of input', { span: end, hint });
  }
  const near = text.slice(span.start, span.end);
  return sqlError('42601', `syntax error at or near "${near}"`, { span, hint });
}

/** A fault inside a token: `unterminated quoted string at or near "'abc"`. */
export function lexicalError(what: string, text: string, span: Span): SqlError {
  const near = text.slice(span.start, span.end);
  return sqlError('42601', `${what} at or near "${near}"`, { span });
}

/** A bad \u or \U escape. */
export function invalidUnicodeEscape(span: Span): SqlError {
  return sqlError('22025', 'invalid Unicode escape', {
    span,
    hint: 'Unicode escapes must be \\uXXXX or \\UXXXXXXXX.',
  });
}

/** Unicode escapes of the right form that mean no character, or of U&'...' of another form. */
export function invalidUnicode(what: string, span: Span): SqlError {
  return sqlError('42601', `invalid Unicode ${what}`, { span });
}

/** Escapes that do not add up to UTF-8. */
export function invalidByteSequence(span: Span): SqlError {
  return sqlError('22021', 'invalid byte sequence for encoding "UTF8"', { span });
}

/** Nesting beyond the limit. */
export function stackDepthExceeded(span?: Span): SqlError {
  return sqlError('54001', 'stack depth limit exceeded', {
    span,
    hint: 'Expressions may be nested 200 deep and chained 1000 long.',
  });
}

/** A text of more tokens than the parser takes. */
export function tooManyTokens(most: number, span: Span): SqlError {
  return sqlError('54000', `query text has more than ${most} words, numbers and signs`, {
    span, hint: 'Send rows with COPY, or in several INSERTs.',
  });
}

/** `multiple ORDER BY clauses not allowed` and its kin, and other faults with fixed words. */
export function grammarError(message: string, span: Span, hint?: string): SqlError {
  return sqlError('42601', message, { span, hint });
}

/** A form that is known but not offered: `partitioned tables are not supported`. */
export function notSupported(feature: string, span: Span, hint?: string): SqlError {
  const verb = feature.endsWith('s') ? 'are' : 'is';
  return sqlError('0A000', `${feature} ${verb} not supported`, { span, hint });
}
