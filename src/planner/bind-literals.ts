/**
 * Literals and casts.
 *
 * Numbers get PostgreSQL's types (int4, int8, numeric by size); quoted literals stay unknown until
 * something gives them a type; `DATE '...'` and `INTERVAL '5' MINUTE` are read at once.
 */
import { sqlError } from '../common/errors.ts';
import { SqlError } from '../common/errors.ts';
import { parseIntervalWithFields } from '../common/types/interval-parse.ts';
import { parseValue } from '../common/types/registry.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { QualifiedName } from '../parser/ast-leaves.ts';
import type { Cast, Collate, TypedLiteral } from '../parser/ast.ts';
import { bindArray } from './bind-arrays.ts';
import type { Binder } from './bind-context.ts';
import {
  identicalType, INT4, INT8, intervalFieldsOf, isString, typeText, UNKNOWN,
} from './bind-types.ts';
import { canCoerce, coerce, literalOf, settle } from './coerce.ts';
import { cannotCast, notSupported, schemaNotFound } from './errors.ts';
import { namedType } from './bind-named-types.ts';
import { call } from './expr-tools.ts';
import type { ScalarExpr } from './relation.ts';

const INT4_MAX = 2147483647n;
const INT4_MIN = -2147483648n;
const INT8_MAX = 9223372036854775807n;
const INT8_MIN = -9223372036854775808n;

/** Digits, perhaps with a sign: int4, int8 or numeric. */
export function integerLiteral(text: string): ScalarExpr {
  const value = BigInt(text);
  if (value >= INT4_MIN && value <= INT4_MAX) return literalOf(Number(value), INT4);
  if (value >= INT8_MIN && value <= INT8_MAX) return literalOf(value, INT8);
  return decimalLiteral(text);
}

/** A numeric constant. */
export function decimalLiteral(text: string): ScalarExpr {
  const type: SqlType = { name: 'numeric' };
  return literalOf(parseValue(text, type), type);
}

/** A quoted literal. */
export function stringLiteral(value: string): ScalarExpr {
  return literalOf(value, UNKNOWN);
}

/** DATE '2020-01-01', INTERVAL '5' MINUTE, float8 'NaN'. */
export function bindTypedLiteral(binder: Binder, expr: TypedLiteral): ScalarExpr {
  const fields = intervalFieldsOf(expr.type);
  if (fields !== null) {
    try {
      return literalOf(parseIntervalWithFields(expr.value, fields), { name: 'interval' });
    } catch (error) {
      throw error instanceof SqlError ? error.with({ span: expr.span }) : error;
    }
  }
  const literal = binder.state.note(stringLiteral(expr.value), expr.span);
  return coerce(binder.state, literal, namedType(binder.state, expr.type), 'explicit');
}

/** CAST(a AS t), a::t, TRY_CAST. */
export function bindCast(binder: Binder, expr: Cast): ScalarExpr {
  const { state } = binder;
  const fields = intervalFieldsOf(expr.type);
  if (fields !== null) {
    if (expr.operand.kind === 'stringLiteral') {
      return literalOf(parseIntervalWithFields(expr.operand.value, fields), { name: 'interval' });
    }
    const interval = coerce(state, binder.bind(expr.operand), { name: 'interval' }, 'explicit');
    return call('$interval_fields(interval,text,int4)', [
      interval, literalOf(fields.to, { name: 'text' }), literalOf(fields.precision ?? 6, INT4),
    ], { name: 'interval' });
  }
  const type = namedType(state, expr.type);
  const operand = expr.operand.kind === 'array' && type.name === 'array'
    ? bindArray(binder, expr.operand, type.element ?? null)
    : binder.bind(expr.operand);
  if (expr.onError === 'null') return tryCast(binder, operand, type);
  if (!canCoerce(operand.type, type, 'explicit')) {
    throw cannotCast(typeText(operand.type), typeText(type), expr.span);
  }
  const result = coerce(state, operand, type, 'explicit');
  // A cast that changes nothing but takes modifiers away still gives a type of its own.
  return sameType(result.type, type) && !identicalType(result.type, type)
    && type.name !== 'record' ? relabel(result, type) : result;
}

function relabel(expr: ScalarExpr, type: SqlType): ScalarExpr {
  if (expr.kind === 'literal') return literalOf(expr.value, type);
  return { kind: 'cast', arg: expr, type, context: 'explicit' };
}

function tryCast(binder: Binder, operand: ScalarExpr, type: SqlType): ScalarExpr {
  const arg = settle(binder.state, operand);
  if (!canCoerce(arg.type, type, 'explicit')) {
    throw cannotCast(typeText(arg.type), typeText(type), binder.state.spanOf(operand));
  }
  return { kind: 'cast', arg, type, context: 'try' };
}

const PLAIN_COLLATIONS = new Set(['C', 'POSIX', 'default', 'ucs_basic']);
const SYSTEM_SCHEMAS = new Set(['pg_catalog', 'information_schema']);

/** a COLLATE c: only collations that order by code point. */
export function bindCollate(binder: Binder, expr: Collate): ScalarExpr {
  // A literal without a type stays one: what stands around it decides.
  const operand = binder.bind(expr.operand);
  if (operand.type.name !== 'unknown' && !isString(operand.type)) {
    throw sqlError('42804', `collations are not supported by type ${typeText(operand.type)}`, {
      span: expr.span,
    });
  }
  checkCollation(expr.collation);
  return operand;
}

/** 0A000 for a collation that does not order by code point. */
export function checkCollation(collation: QualifiedName): void {
  const name = collation.parts.at(-1)?.name ?? '';
  const schema = collation.parts.at(-2)?.name ?? 'pg_catalog';
  if (!SYSTEM_SCHEMAS.has(schema)) throw schemaNotFound(schema, collation.span);
  if (PLAIN_COLLATIONS.has(name)) return;
  if (PLAIN_COLLATIONS.has(name.toUpperCase())) {
    throw sqlError('42704', `collation "${name}" for encoding "UTF8" does not exist`,
      { span: collation.span });
  }
  throw notSupported(`collation "${name}"`, collation.span,
    'Text is ordered by code point: use COLLATE "C" or none.');
}
