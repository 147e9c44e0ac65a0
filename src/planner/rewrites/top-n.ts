/**
 * Rewrite `top-n`: a filter row_number() <= n (or rank() <= n) over a window function -> topN.
 *
 * The operator keeps rows in order and gives only the first n of each partition, instead of
 * numbering whole partitions. Needs one window function in the node.
 */
import { must } from '../../common/assert.ts';
import { andAll, conjuncts, substitute } from '../expr-tools.ts';
import { asComparison, swapped } from '../function-facts.ts';
import type { Relation, ScalarExpr } from '../relation.ts';
import { filter, rewriteBottomUp } from '../relation-tools.ts';

type Over = Relation & { kind: 'over' };

/** Turns numbered filters into top-N. */
export function findTopN(relation: Relation): Relation {
  return rewriteBottomUp(relation, (node) =>
    node.kind === 'filter' ? overFilter(node) ?? node : node);
}

function overFilter(node: Relation & { kind: 'filter' }): Relation | null {
  if (node.input.kind === 'over') return limited(node.input, conjuncts(node.predicate));
  if (node.input.kind !== 'project') return null;
  const { exprs } = node.input;
  const inner = overFilter({
    kind: 'filter', input: node.input.input, columns: node.input.input.columns,
    predicate: substitute(node.predicate, exprs),
  });
  return inner === null ? null : { ...node.input, input: inner };
}

function limited(over: Over, predicates: readonly ScalarExpr[]): Relation | null {
  const [call] = over.calls;
  if (call === undefined || over.calls.length !== 1 || call.filter !== null) return null;
  if (call.function !== 'row_number()' && call.function !== 'rank()') return null;
  const number = over.input.columns.length;
  for (const each of predicates) {
    const limit = limitOf(each, number);
    if (limit === null) continue;
    const rest = predicates.filter((other) => other !== each || limit.exact);
    const top: Relation = {
      kind: 'topN', input: over.input, columns: over.columns, partitionBy: over.partitionBy,
      orderBy: over.orderBy, limit: limit.rows, offset: 0n,
      withTies: call.function === 'rank()',
      rank: call.function === 'rank()' ? 'rank' : 'row_number',
    };
    return filter(top, andAll(rest));
  }
  return null;
}

interface Limit {
  readonly rows: bigint;
  /** The predicate must still be checked (rn = 3). */
  readonly exact: boolean;
}

/** An upper limit of the numbering column by a literal. */
function limitOf(expr: ScalarExpr, number: number): Limit | null {
  const plain = asComparison(expr);
  if (plain === null) return null;
  const turned = plain.right.kind === 'literal' ? plain : swapped(plain);
  const { left, right } = turned;
  const target = left.kind === 'cast' ? left.arg : left;
  if (target.kind !== 'column' || target.index !== number || right.kind !== 'literal') return null;
  const { value } = right;
  const isWhole = typeof value === 'bigint' || (typeof value === 'number'
    && Number.isInteger(value));
  if (!isWhole) return null;
  const rows = BigInt(must(value, 'limit'));
  if (rows < 1n) return null;
  switch (turned.op) {
    case '<=': return { rows, exact: false };
    case '<': return rows > 1n ? { rows: rows - 1n, exact: false } : null;
    case '=': return { rows, exact: rows !== 1n };
    default: return null;
  }
}
