/**
 * Domains: which types have checks, and the check of a value.
 *
 * A value that becomes a domain's goes through `$domain`, whose result type carries the checks, so
 * plans keep the meaning the domain had when they were made.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { arrayOf } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { ScalarExpr } from '../relation.ts';
import { scalar } from './builder.ts';
import type { EvaluationContext, FunctionEntry } from './entry.ts';
import { evaluateRow } from './row-evaluation.ts';

/** The oids of the domains in a type, in order; '' when there are none. */
export function domainsIn(type: SqlType): string {
  if (type.domain !== undefined) return `${type.domain.oid}`;
  if (type.element !== undefined) {
    const inner = domainsIn(type.element);
    return inner === '' ? '' : `[${inner}]`;
  }
  const inner = (type.fields ?? []).map((field) => domainsIn(field.type));
  return inner.every((each) => each === '') ? '' : `(${inner.join()})`;
}

/** The type with what its domains are made of in their place. */
export function withoutDomains(type: SqlType): SqlType {
  if (domainsIn(type) === '') return type;
  const { domain: _domain, ...base } = type;
  if (base.element !== undefined) return arrayOf(withoutDomains(base.element));
  if (base.fields === undefined) return base;
  return { ...base, fields: base.fields.map((field) =>
    ({ ...field, type: withoutDomains(field.type) })) };
}

/** DEFAULT of a column: its own, or that of its domain. */
export function defaultExprOf(
  column: { readonly defaultExpr: ScalarExpr | null; readonly type: SqlType },
): ScalarExpr | null {
  return column.defaultExpr ?? column.type.domain?.defaultExpr as ScalarExpr | null | undefined
    ?? null;
}

/** Throws 23502 or 23514 when a value is none of its type's domains. */
export function checkDomains(value: Value, type: SqlType, context: EvaluationContext): void {
  const { domain } = type;
  if (domain !== undefined) {
    if (value === null && domain.notNull) {
      throw sqlError('23502', `domain ${domain.name} does not allow null values`, {
        schema: domain.schema,
      });
    }
    for (const check of domain.checks) {
      if (evaluateRow(check.expr as ScalarExpr, [value], context) !== false) continue;
      throw sqlError('23514', `value for domain ${domain.name} violates check constraint `
        + `"${check.name}"`, { schema: domain.schema, constraint: check.name });
    }
  }
  if (typeof value !== 'object' || value === null || !('kind' in value)) return;
  if (value.kind === 'array' && type.element !== undefined) {
    for (const item of value.elements) checkDomains(item, type.element, context);
  }
  if (value.kind === 'record') {
    for (const [at, field] of (type.fields ?? []).entries()) {
      checkDomains(value.values[at] ?? null, field.type, context);
    }
  }
}

/** The checks of domains as a function. */
export const DOMAINS: readonly FunctionEntry[] = [
  scalar({
    signature: '$domain(anyelement) -> anyelement',
    doc: 'The value, when it is one of the domain that the result type names.',
    examples: [], nulls: 'called',
    specialize: (_args: readonly SqlType[], result: SqlType) =>
      (context: EvaluationContext, value: Value) => {
        checkDomains(value, result, context);
        return value;
      },
  }),
];
