/**
 * The wording of the binder's errors: PostgreSQL's own wherever it has the error.
 *
 * One function per error; callers throw what it returns. Type names come in as text already.
 */
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';

/** Something PostgreSQL or a peer has and we do not; `hint` says what to write instead. */
export function notSupported(feature: string, span?: Span, hint?: string): SqlError {
  return sqlError('0A000', `${feature} is not supported`, { span, hint });
}

/** A refusal with its own words. */
export function refused(message: string, span?: Span, hint?: string): SqlError {
  return sqlError('0A000', message, { span, hint });
}

/** `column "x" does not exist`, or `column t.x does not exist`. */
export function columnNotFound(parts: readonly string[], span: Span, hint?: string): SqlError {
  const message = parts.length === 1 ? `column "${parts[0] ?? ''}" does not exist`
    : `column ${parts.join('.')} does not exist`;
  return sqlError('42703', message, { span, hint });
}

/** `column reference "x" is ambiguous` */
export function columnAmbiguous(name: string, span: Span): SqlError {
  return sqlError('42702', `column reference "${name}" is ambiguous`, { span });
}

/** `table reference "x" is ambiguous` */
export function tableAmbiguous(name: string, span: Span): SqlError {
  return sqlError('42P09', `table reference "${name}" is ambiguous`, { span });
}

/** `relation "x" does not exist` */
export function relationNotFound(name: string, span: Span, hint?: string): SqlError {
  return sqlError('42P01', `relation "${name}" does not exist`, { span, hint });
}

/** `missing FROM-clause entry for table "x"` */
export function missingFrom(name: string, span: Span, hint?: string): SqlError {
  return sqlError('42P01', `missing FROM-clause entry for table "${name}"`, { span, hint });
}

/** `invalid reference to FROM-clause entry for table "x"` */
export function invalidFromReference(name: string, span: Span, hint: string): SqlError {
  return sqlError('42P01', `invalid reference to FROM-clause entry for table "${name}"`,
    { span, hint });
}

/** `table name "x" specified more than once` */
export function duplicateAlias(name: string, span: Span): SqlError {
  return sqlError('42712', `table name "${name}" specified more than once`, { span });
}

/** `schema "x" does not exist` */
export function schemaNotFound(name: string, span: Span): SqlError {
  return sqlError('3F000', `schema "${name}" does not exist`, { span });
}

/** `type "x" does not exist` */
export function typeNotFound(name: string, span: Span, hint?: string): SqlError {
  return sqlError('42704', `type "${name}" does not exist`, { span, hint });
}

/** `function f(integer) does not exist` */
export function functionNotFound(call: string, span: Span, hint?: string): SqlError {
  return sqlError('42883', `function ${call} does not exist`, {
    span,
    hint: hint ?? 'No function matches the given name and argument types. '
      + 'You might need to add explicit type casts.',
  });
}

/** `function f(unknown) is not unique` */
export function functionAmbiguous(call: string, span: Span): SqlError {
  return sqlError('42725', `function ${call} is not unique`, {
    span,
    hint: 'Could not choose a best candidate function. You might need to add explicit type casts.',
  });
}

/** `operator does not exist: integer + boolean` */
export function operatorNotFound(call: string, span: Span, unary: boolean): SqlError {
  return sqlError('42883', `operator does not exist: ${call}`, {
    span,
    hint: unary
      ? 'No operator matches the given name and argument type. '
        + 'You might need to add an explicit type cast.'
      : 'No operator matches the given name and argument types. '
        + 'You might need to add explicit type casts.',
  });
}

/** `operator is not unique: unknown + unknown` */
export function operatorAmbiguous(call: string, span: Span): SqlError {
  return sqlError('42725', `operator is not unique: ${call}`, {
    span,
    hint: 'Could not choose a best candidate operator. You might need to add explicit type casts.',
  });
}

/** `cannot cast type a to b` */
export function cannotCast(from: string, to: string, span: Span | undefined): SqlError {
  return sqlError('42846', `cannot cast type ${from} to ${to}`, { span });
}

/** `CASE types integer and text cannot be matched` */
export function typesNotMatched(
  what: string, types: readonly [string, string], span: Span | undefined,
): SqlError {
  return sqlError('42804', `${what} types ${types[0]} and ${types[1]} cannot be matched`, { span });
}

/** `argument of WHERE must be type boolean, not type integer` */
export function notBoolean(what: string, type: string, span: Span | undefined): SqlError {
  return sqlError('42804', `argument of ${what} must be type boolean, not type ${type}`, { span });
}

/** `column "c" is of type integer but expression is of type text` */
export function assignmentMismatch(
  column: string, types: readonly [string, string], span: Span | undefined,
): SqlError {
  return sqlError('42804',
    `column "${column}" is of type ${types[0]} but expression is of type ${types[1]}`,
    { span, hint: 'You will need to rewrite or cast the expression.' });
}

/** `column "t.c" must appear in the GROUP BY clause or be used in an aggregate function` */
export function notGrouped(column: string, span: Span | undefined): SqlError {
  return sqlError('42803',
    `column "${column}" must appear in the GROUP BY clause or be used in an aggregate function`,
    { span });
}

/** `subquery uses ungrouped column "t.c" from outer query` */
export function outerNotGrouped(column: string, span: Span | undefined): SqlError {
  return sqlError('42803', `subquery uses ungrouped column "${column}" from outer query`, { span });
}

/** `aggregate functions are not allowed in WHERE` */
export function aggregatesNotAllowed(where: string, span: Span): SqlError {
  return sqlError('42803', `aggregate functions are not allowed in ${where}`, { span });
}

/** `window functions are not allowed in WHERE` */
export function windowsNotAllowed(where: string, span: Span): SqlError {
  return sqlError('42P20', `window functions are not allowed in ${where}`, { span });
}

/** `set-returning functions are not allowed in WHERE` */
export function setsNotAllowed(where: string, span: Span): SqlError {
  return sqlError('0A000', `set-returning functions are not allowed in ${where}`, { span });
}

/** `subquery must return only one column` */
export function subqueryColumns(span: Span): SqlError {
  return sqlError('42601', 'subquery must return only one column', { span });
}

/** A general syntax-level mistake, 42601. */
export function syntaxError(message: string, span?: Span, hint?: string): SqlError {
  return sqlError('42601', message, { span, hint });
}

/** EMIT ON WINDOW CLOSE where no watermark ever closes anything. */
export function emitNeedsWatermark(span: Span): SqlError {
  return sqlError('0A000', 'EMIT ON WINDOW CLOSE needs a watermark on the time column', {
    span,
    hint: 'Declare one on the table or source: '
      + 'WATERMARK FOR ts AS ts - INTERVAL \'5 seconds\'.',
  });
}

/** EMIT ON WINDOW CLOSE over an aggregation that is not per window. */
export function emitNeedsWindow(span: Span): SqlError {
  return sqlError('0A000',
    'EMIT ON WINDOW CLOSE needs a watermark column among the grouping columns', {
      span, hint: 'Add window_start or window_end to GROUP BY.',
    });
}

/** A window size, slide, step or gap that is not positive. */
export function windowSizeNotPositive(what: string, span: Span): SqlError {
  return sqlError('22023', `window ${what} must be greater than zero`, { span });
}

/** A calendar size in a window. */
export function windowSizeInMonths(what: string, span: Span): SqlError {
  return sqlError('0A000', `window ${what} in months or years is not supported`, {
    span, hint: 'Use a size in days, hours, minutes or seconds.',
  });
}

/** A window over a column that holds no time. */
export function windowTimeType(type: string, span: Span): SqlError {
  return sqlError('42804',
    `window time column must be of type timestamp or timestamptz, not ${type}`, { span });
}

/** A window without a time column over a relation without a watermark. */
export function windowTimeMissing(what: string, span: Span): SqlError {
  return sqlError('0A000', `${what} without a time column needs a relation with a watermark`, {
    span, hint: `Name the column: ${what}(t, ts, INTERVAL '1 minute'), `
      + 'or declare WATERMARK FOR ts AS ts - INTERVAL \'5 seconds\'.',
  });
}
