/**
 * Recognizes queries that are answered from stored rows without a dataflow.
 *
 * `SELECT exprs FROM stored WHERE key = constants AND ...` becomes a look-up, other filters and
 * projections over one stored relation become a scan. Values were folded to literals before.
 */
import type { CatalogReader, CatalogRelation } from './catalog.ts';
import { andAll, conjuncts, literal, someExpr, substitute } from './expr-tools.ts';
import { asComparison, swapped } from './function-facts.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { FastPath } from './plans.ts';
import type { Relation, ScalarExpr } from './relation.ts';

interface Simple {
  readonly scan: Relation & { kind: 'scan' };
  readonly filter: readonly ScalarExpr[];
  readonly exprs: readonly ScalarExpr[];
}

/** The fast path of a rewritten query, or null. */
export function findFastPath(relation: Relation, catalog: CatalogReader): FastPath | null {
  const simple = asSimple(relation);
  if (simple === null || simple.scan.asOf !== undefined) return null;
  const found = catalog.relationById(simple.scan.relation);
  if (found === null || !found.stored || found.kind === 'system' || found.kind === 'view') {
    return null;
  }
  return findLookup(simple, found)
    ?? { kind: 'scan', relation: found.id, filter: filterOf(simple.filter), exprs: simple.exprs };
}

function filterOf(filters: readonly ScalarExpr[]): ScalarExpr | null {
  return filters.length === 0 ? null : andAll(filters);
}

function asSimple(relation: Relation): Simple | null {
  switch (relation.kind) {
    case 'scan': return {
      scan: relation, filter: [],
      exprs: relation.columns.map((each, index) => ({ kind: 'column', index, type: each.type })),
    };
    case 'filter': {
      const input = asSimple(relation.input);
      return input === null ? null : { ...input, filter: [...input.filter,
        ...conjuncts(relation.predicate).map((each) => substitute(each, input.exprs))] };
    }
    case 'project': {
      const input = asSimple(relation.input);
      return input === null ? null
        : { ...input, exprs: relation.exprs.map((each) => substitute(each, input.exprs)) };
    }
    default: return null;
  }
}

function isConstant(expr: ScalarExpr): boolean {
  return !someExpr(expr, (node) => node.kind === 'column' || node.kind === 'outer'
    || node.kind === 'subquery' || node.kind === 'param');
}

/** A column, perhaps seen as text. */
function keyColumn(expr: ScalarExpr): ScalarExpr & { kind: 'column' } | null {
  const bare = expr.kind === 'cast' && expr.type.name === 'text' && expr.arg.type.name === 'varchar'
    ? expr.arg : expr;
  return bare.kind === 'column' ? bare : null;
}

const INTEGER_LIMITS: Readonly<Record<string, bigint>> = {
  int2: 32767n, int4: 2147483647n, int8: 9223372036854775807n,
};

/** The constant as a value of the key column's type; null when it may equal none or many. */
function asKeyValue(value: ScalarExpr, type: SqlType): ScalarExpr | null {
  if (sameType(value.type, type)) return value;
  if (type.name === 'varchar' && value.type.name === 'text') return { ...value, type };
  const most = INTEGER_LIMITS[type.name];
  if (most === undefined || INTEGER_LIMITS[value.type.name] === undefined) return null;
  if (value.kind !== 'literal' || value.value === null) return null;
  const number = BigInt(value.value as number | bigint);
  if (number > most || number < -most - 1n) return null;
  return literal(type.name === 'int8' ? number : Number(number), type);
}

function findLookup(simple: Simple, found: CatalogRelation): FastPath | null {
  const values = new Map<number, { value: ScalarExpr; conjunct: ScalarExpr }>();
  for (const each of simple.filter) {
    const plain = asComparison(each);
    if (plain?.op !== '=') continue;
    const turned = keyColumn(plain.left) !== null ? plain : swapped(plain);
    const key = keyColumn(turned.left);
    if (key === null || values.has(key.index)) continue;
    const value = isConstant(turned.right) ? asKeyValue(turned.right, key.type) : null;
    if (value !== null) values.set(key.index, { value, conjunct: each });
  }
  const keys = found.primaryKey === null ? found.uniqueKeys
    : [found.primaryKey, ...found.uniqueKeys];
  const key = keys.find((each) => each.length > 0 && each.every((at) => values.has(at)));
  if (key === undefined) return null;
  const used = key.flatMap((at) => values.get(at) ?? []);
  const rest = simple.filter.filter((each) => !used.some((one) => one.conjunct === each));
  return {
    kind: 'lookup', relation: found.id, columns: key, values: used.map((each) => each.value),
    filter: filterOf(rest), exprs: simple.exprs,
  };
}
