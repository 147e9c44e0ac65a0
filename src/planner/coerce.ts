/**
 * Coercion as PostgreSQL does it: who may become what in which context, and how.
 *
 * Literals of unknown type are read by the target type's parser at bind time; parameters without a
 * type take the target's. Everything else becomes a `cast` node. Contexts: implicit < assignment <
 * explicit. The cast table itself is functions/casts.ts.
 */
import { must } from '../common/assert.ts';
import { SqlError, sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import { parseValue, typeByName, typeOid } from '../common/types/registry.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import { asString } from '../common/types/values-of.ts';
import type { Value } from '../common/values.ts';
import type { StatementState } from './bind-context.ts';
import {
  categoryOf, identicalType, isPreferred, TEXT, TIMESTAMPTZ, typeText, withoutMods,
} from './bind-types.ts';
import { cannotCast, notBoolean, relationNotFound, typeNotFound, typesNotMatched }
  from './errors.ts';
import { evaluateConstant } from './fold.ts';
import { domainsIn, withoutDomains } from './functions/domain.ts';
import { castBetween } from './functions/registry.ts';
import type { ScalarExpr } from './relation.ts';
import { BOOLEAN } from './scalar.ts';

/** Where a conversion happens. */
export type CoerceContext = 'implicit' | 'assignment' | 'explicit';

const RANK: Readonly<Record<CoerceContext, number>> = { implicit: 0, assignment: 1, explicit: 2 };

/** True when a value of one type may become the other in the context. */
export function canCoerce(from: SqlType, to: SqlType, context: CoerceContext): boolean {
  if (sameType(from, to) && from.name !== 'record') return true;
  if (from.name === 'unknown') return true;
  if (to.name === 'unknown') return false;
  if (from.name === 'record' && to.name === 'record') return canCoerceRecord(from, to, context);
  const cast = castBetween(from, to);
  return cast !== null && RANK[cast.context] <= RANK[context];
}

function canCoerceRecord(from: SqlType, to: SqlType, context: CoerceContext): boolean {
  const target = to.fields;
  if (target === undefined) return true;
  const source = from.fields;
  if (source === undefined || source.length !== target.length) return false;
  return source.every((field, at) =>
    canCoerce(field.type, must(target[at], 'field').type, context));
}

/** A literal of a type. */
export function literalOf(value: Value, type: SqlType): ScalarExpr {
  return { kind: 'literal', value, type };
}

/** True for a bare literal (or NULL) whose type is not known yet. */
export function isUnknownLiteral(
  expr: ScalarExpr,
): expr is ScalarExpr & { readonly kind: 'literal' } {
  return expr.kind === 'literal' && expr.type.name === 'unknown';
}

/** Converts an expression to a type; throws 42846 when the context does not allow it. */
export function coerce(
  state: StatementState, expr: ScalarExpr, to: SqlType, context: CoerceContext,
): ScalarExpr {
  const result = tryCoerce(state, expr, to, context);
  if (result === null) {
    throw cannotCast(typeText(expr.type), typeText(to), state.spanOf(expr));
  }
  const span = state.spanOf(expr);
  return span === undefined ? result : state.note(result, span);
}

/** Converts an expression to a type, or answers null when the context does not allow it. */
export function tryCoerce(
  state: StatementState, expr: ScalarExpr, to: SqlType, context: CoerceContext,
): ScalarExpr | null {
  const domains = domainsIn(to);
  if (domains !== '' && domains !== domainsIn(expr.type)) {
    const value = tryCoerce(state, expr, withoutDomains(to), context);
    return value === null ? null : checked(state, value, to);
  }
  if (expr.type.name === 'unknown') return fromUnknown(state, expr, to, context);
  if (expr.type.name === 'record' && to.name === 'record' && to.fields === undefined) return expr;
  if (expr.kind === 'record' && to.name === 'record') return recordTo(state, expr, to, context);
  if (!canCoerce(expr.type, to, context)) return null;
  if (identicalType(expr.type, to) || (sameType(expr.type, to) && to.mods === undefined
    && to.name !== 'array' && to.name !== 'record')) return expr;
  return fold(state, { kind: 'cast', arg: expr, type: to, context });
}

/** The value as one of the type's domains; a constant that breaks no check needs none any more. */
function checked(state: StatementState, value: ScalarExpr, type: SqlType): ScalarExpr {
  const check: ScalarExpr = { kind: 'call', function: '$domain(anyelement)', args: [value], type };
  if (value.kind !== 'literal') return check;
  try {
    return literalOf(evaluateConstant(check, state.evaluation), type);
  } catch (error) {
    if (error instanceof SqlError) return check;
    throw error;
  }
}

/**
 * Casts of literals are done at once (parsing and rounding never depend on data). What a cast
 * refuses is said when the statement is planned: other mistakes in it come first.
 */
function fold(
  state: StatementState, cast: ScalarExpr & { readonly kind: 'cast' },
): ScalarExpr {
  const { arg } = cast;
  if (arg.kind !== 'literal' || cast.context === 'try') return cast;
  if (arg.value === null) return literalOf(null, cast.type);
  const entry = castBetween(arg.type, cast.type);
  if (entry === null || entry.volatility !== 'immutable') return cast;
  try {
    return literalOf(evaluateConstant(cast, state.evaluation), cast.type);
  } catch (error) {
    if (error instanceof SqlError) return cast;
    throw error;
  }
}

function withSpan(error: unknown, span: Span | undefined): unknown {
  return error instanceof SqlError && span !== undefined ? error.with({ span }) : error;
}

function fromUnknown(
  state: StatementState, expr: ScalarExpr, to: SqlType, context: CoerceContext,
): ScalarExpr | null {
  if (to.name === 'unknown') return expr;
  if (expr.kind === 'param') {
    state.setParameterType(expr.index, withoutMods(to));
    const known: ScalarExpr = {
      kind: 'param', index: expr.index,
      type: must(state.parameterType(expr.index), 'parameter type'),
    };
    return tryCoerce(state, known, to, context);
  }
  if (expr.kind === 'literal') {
    if (expr.value === null) return literalOf(null, to);
    return parseLiteral(state, { text: asString(expr.value), type: to, context },
      state.spanOf(expr));
  }
  // A column of unknown type (a NULL column of a subquery): it goes through text.
  return { kind: 'cast', arg: { kind: 'cast', arg: expr, type: TEXT, context: 'explicit' },
    type: to, context: 'explicit' };
}

const NOW_WORDS = new Set(['now', 'today', 'tomorrow', 'yesterday']);

/** A quoted literal read as a type. */
export function parseLiteral(
  state: StatementState,
  wanted: { readonly text: string; readonly type: SqlType; readonly context: CoerceContext },
  span: Span | undefined,
): ScalarExpr {
  const { text, type } = wanted;
  const plain = withoutMods(type);
  const special = wordOfNow(text, plain)
    ?? (state.settings.names === undefined ? catalogLiteral(state, text, plain, span) : null);
  if (special !== null) return special;
  try {
    const value = parseValue(text, plain, state.settings);
    const parsed = literalOf(value, plain);
    if (type.mods === undefined && type.element?.mods === undefined) return parsed;
    return literalOf(evaluateConstant({
      kind: 'cast', arg: parsed, type, context: wanted.context,
    }, state.evaluation), type);
  } catch (error) {
    throw withSpan(error, span);
  }
}

/** 'now', 'today' and their like depend on the clock: an expression, not a constant. */
function wordOfNow(text: string, type: SqlType): ScalarExpr | null {
  const word = text.trim().toLowerCase();
  if (!NOW_WORDS.has(word)) return null;
  if (type.name !== 'date' && type.name !== 'timestamp' && type.name !== 'timestamptz') return null;
  const now: ScalarExpr = { kind: 'now', type: TIMESTAMPTZ };
  const cast = (arg: ScalarExpr, to: SqlType): ScalarExpr =>
    sameType(arg.type, to) ? arg : { kind: 'cast', arg, type: to, context: 'explicit' };
  if (word === 'now') return cast(now, type);
  const today = cast(now, { name: 'date' });
  const shift = word === 'tomorrow' ? 1 : word === 'yesterday' ? -1 : 0;
  const day: ScalarExpr = shift === 0 ? today : {
    kind: 'call', function: '+(date,int4)', type: { name: 'date' },
    args: [today, literalOf(shift, { name: 'int4' })],
  };
  return cast(day, type);
}

/** 't'::regclass and the like without a session: names of the catalog become oids. */
function catalogLiteral(
  state: StatementState, text: string, type: SqlType, span: Span | undefined,
): ScalarExpr | null {
  if (/^\d+$/.test(text.trim())) return null;
  if (type.name === 'regclass') {
    const parts = splitName(text);
    const relation = state.catalog.findRelation(parts.at(-2) ?? null, parts.at(-1) ?? '');
    if (relation === null) throw relationNotFound(text, span ?? { start: -1, end: -1 });
    return literalOf(relation.id, type);
  }
  if (type.name === 'regtype') {
    const found = typeByName(text);
    if (found === null) throw typeNotFound(text, span ?? { start: -1, end: -1 });
    return literalOf(typeOid(found), type);
  }
  return null;
}

/** Parts of a possibly qualified, possibly quoted name in a string. */
function splitName(text: string): string[] {
  const parts: string[] = [];
  for (const match of text.matchAll(/"((?:[^"]|"")*)"|([^.\s]+)/g)) {
    parts.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').toLowerCase());
  }
  return parts;
}

function recordTo(
  state: StatementState, expr: ScalarExpr & { readonly kind: 'record' }, to: SqlType,
  context: CoerceContext,
): ScalarExpr | null {
  const target = to.fields;
  if (target === undefined) return expr;
  if (target.length !== expr.fields.length) {
    if (to.user === undefined) return null;
    throw sqlError('42846', `cannot cast type record to ${typeText(to)}`, {
      span: state.spanOf(expr),
      detail: `Input has too ${expr.fields.length < target.length ? 'few' : 'many'} columns.`,
    });
  }
  const fields: ScalarExpr[] = [];
  for (const [at, field] of expr.fields.entries()) {
    const coerced = tryCoerce(state, state.bare.get(field) ?? field,
      must(target[at], 'field').type, context);
    if (coerced === null) return null;
    fields.push(coerced);
  }
  return { kind: 'record', fields, type: to };
}

/** An expression whose unknown type is settled as text. */
export function settle(state: StatementState, expr: ScalarExpr): ScalarExpr {
  return expr.type.name === 'unknown' ? coerce(state, expr, TEXT, 'implicit') : expr;
}

/** The expression as a boolean, or `argument of WHERE must be type boolean, not type integer`. */
export function coerceBoolean(
  state: StatementState, expr: ScalarExpr, what: string,
): ScalarExpr {
  const result = tryCoerce(state, expr, BOOLEAN, 'implicit');
  if (result === null) throw notBoolean(what, typeText(expr.type), state.spanOf(expr));
  return result;
}

/**
 * The common type of several expressions (UNION, CASE, VALUES, ARRAY, ...): PostgreSQL's
 * select_common_type. All unknown gives text.
 */
export function commonType(
  state: StatementState, exprs: readonly ScalarExpr[], what: string,
): SqlType {
  const known = exprs.filter((expr) => expr.type.name !== 'unknown');
  let best = known[0];
  if (best === undefined) return TEXT;
  let type = best.type;
  for (const expr of known.slice(1)) {
    const next = expr.type;
    if (sameType(next, type) && next.name !== 'record') continue;
    if (categoryOf(next) !== categoryOf(type)) {
      throw typesNotMatched(what, [typeText(type), typeText(next)], state.spanOf(expr));
    }
    if (!isPreferred(type) && canCoerce(type, next, 'implicit')
      && !(canCoerce(next, type, 'implicit') && !sameType(next, type))) {
      best = expr;
      type = next;
    }
  }
  const chosen = type;
  const sameMods = known.length === exprs.length
    && known.every((expr) => identicalType(expr.type, chosen));
  return sameMods ? chosen : withoutMods(chosen);
}

/** Brings expressions to one type; the error names both when one cannot come along. */
export function coerceCommon(
  state: StatementState, exprs: readonly ScalarExpr[], what: string,
): { readonly type: SqlType; readonly exprs: readonly ScalarExpr[] } {
  const type = commonType(state, exprs, what);
  return { type, exprs: exprs.map((expr) => coerceTo(state, expr, type, what)) };
}

/** One of several to their common type: `CASE could not convert type a to b`. */
export function coerceTo(
  state: StatementState, expr: ScalarExpr, type: SqlType, what: string,
): ScalarExpr {
  const result = tryCoerce(state, expr, type, 'implicit');
  if (result === null) {
    throw sqlError('42846',
      `${what} could not convert type ${typeText(expr.type)} to ${typeText(type)}`,
      { span: state.spanOf(expr) });
  }
  const span = state.spanOf(expr);
  return span === undefined ? result : state.note(result, span);
}
