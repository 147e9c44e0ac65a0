/**
 * MERGE as the data changes it stands for, all of which see the rows there were before.
 *
 * Each WHEN clause is one DELETE, UPDATE or INSERT over target and source, for the rows that no
 * clause before it takes; a query beside them finds target rows that several source rows change.
 */
import { sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import type { Merge, MergeClause } from '../parser/ast-statements.ts';
import type {
  DataChange, Expr, FromItem, Insert, Query, QueryBody, TableRef,
} from '../parser/ast.ts';
import type { CatalogRelation } from './catalog.ts';
import { binaryNode, callNode, columnNode, integerNode, itemNode, nameNode, queryNode }
  from './syntax-make.ts';

/** What a MERGE comes to. */
export interface MergeSteps {
  /** Gives a row when a target row would be changed twice; null when no clause changes rows. */
  readonly repeated: Query | null;
  /** In the order they run: what frees keys comes first. */
  readonly changes: readonly DataChange[];
}

/** The data changes of a MERGE. */
export function mergeSteps(merge: Merge, table: CatalogRelation): MergeSteps {
  refuseUnreachable(merge.clauses);
  const changes: DataChange[] = [];
  const changing: Expr[] = [];
  for (const [at, clause] of merge.clauses.entries()) {
    const taken = conditionOf(merge, at);
    if (clause.action.kind === 'delete' || clause.action.kind === 'update') changing.push(taken);
    const change = changeOf(merge, clause, taken, table);
    if (change !== null) changes.push(change);
  }
  const order = { delete: 0, update: 1, insert: 2 };
  return {
    changes: changes.toSorted((a, b) => order[a.kind] - order[b.kind]),
    repeated: changing.length === 0 ? null : repeatedRows(merge, table, changing),
  };
}

function refuseUnreachable(clauses: readonly MergeClause[]): void {
  for (const [at, clause] of clauses.entries()) {
    const before = clauses.slice(0, at).find((each) =>
      each.matched === clause.matched && each.condition === null);
    if (before === undefined) continue;
    throw sqlError('42601', 'unreachable WHEN clause specified after unconditional WHEN clause');
  }
}

function isNotTrue(operand: Expr): Expr {
  return { kind: 'isTest', test: 'true', negated: true, operand, span: operand.span };
}

function all(operands: readonly Expr[], span: Span): Expr {
  const [only, second] = operands;
  if (only === undefined) return { kind: 'booleanLiteral', value: true, span };
  return second === undefined ? only : { kind: 'and', operands, span };
}

/** When a clause takes a row: its condition, and none of those before it. */
function conditionOf(merge: Merge, at: number): Expr {
  const clause = merge.clauses[at];
  const before = merge.clauses.slice(0, at).filter((each) => each.matched === clause?.matched)
    .flatMap(({ condition }) => (condition === null ? [] : [isNotTrue(condition)]));
  const own = clause?.condition ?? null;
  return all([...before, ...own === null ? [] : [own]], clause?.span ?? merge.span);
}

function changeOf(
  merge: Merge, clause: MergeClause, taken: Expr, table: CatalogRelation,
): DataChange | null {
  const { span, action } = clause;
  const base = { with: merge.with, returning: [], span };
  const where: Expr = { kind: 'and', operands: [merge.on, taken], span };
  switch (action.kind) {
    case 'nothing': return null;
    case 'delete':
      return { ...base, kind: 'delete', table: merge.table, using: [merge.source], where };
    case 'update': return {
      ...base, kind: 'update', table: merge.table, set: action.set, from: [merge.source], where,
    };
    case 'insert': {
      const { columns, items } = insertedItems(action, table, span);
      return {
        ...base, kind: 'insert', table: merge.table.name, alias: null, columns,
        overriding: action.overriding, onConflict: null,
        source: selectNode({
          from: [merge.source], items, span, where: all([unmatched(merge, span), taken], span),
        }),
      };
    }
  }
}

/** VALUES without the DEFAULTs among them, and the columns that are left. */
function insertedItems(
  action: Extract<MergeClause['action'], { kind: 'insert' }>, table: CatalogRelation, span: Span,
): { readonly columns: Insert['columns']; readonly items: readonly Expr[] } {
  const values = action.values ?? [];
  const named = action.columns.length > 0 ? action.columns : table.columns.map((column) => ({
    kind: 'insertColumn' as const, name: nameNode(column.name, span), access: [], span,
  }));
  if (values.length > named.length) {
    throw sqlError('42601', 'INSERT has more expressions than target columns', {
      span: values[named.length]?.span,
    });
  }
  if (action.values !== null && action.columns.length > values.length) {
    throw sqlError('42601', 'INSERT has more target columns than expressions', {
      span: action.columns[values.length]?.span,
    });
  }
  const given = values.flatMap((value, at) => (value.kind === 'default' ? [] : [at]));
  return {
    columns: named.filter((_column, at) => given.includes(at)),
    items: values.filter((_value, at) => given.includes(at)),
  };
}

function unmatched(merge: Merge, span: Span): Expr {
  const query = selectNode({ from: [merge.table], items: [integerNode(1, span)], span,
    where: merge.on });
  return { kind: 'not', operand: { kind: 'exists', query, span }, span };
}

interface Parts {
  readonly from: readonly FromItem[];
  readonly items: readonly Expr[];
  readonly where: Expr;
  readonly span: Span;
  readonly groupBy?: readonly Expr[];
  readonly having?: Expr;
}

function selectNode({ from, items, where, span, groupBy, having }: Parts): Query {
  const body: QueryBody = {
    kind: 'select', span, distinct: false, distinctOn: [], into: null, intoTemporary: false,
    items: items.map((item) => itemNode(item, null)), from, where, groupDistinct: false,
    groupBy: (groupBy ?? []).map((expr) => ({ kind: 'groupExpr', expr, span })),
    fill: null, having: having ?? null, windows: [],
  };
  return queryNode(body);
}

/** Target rows by their key, or by all their columns: those that several source rows change. */
function repeatedRows(
  merge: Merge, table: CatalogRelation, changing: readonly Expr[],
): Query {
  const { span } = merge;
  const name = merge.table.alias?.name.name ?? table.name;
  const key = table.primaryKey ?? table.columns.map((_column, at) => at);
  const columns = key.map((at) => columnNode([name, table.columns[at]?.name ?? ''], span));
  const [first, second] = changing;
  const any: Expr = second === undefined ? first ?? merge.on
    : { kind: 'or', operands: changing, span };
  const query = selectNode({
    from: [distinctTarget(merge.table, table, name), merge.source], span,
    items: [integerNode(1, span)], where: { kind: 'and', operands: [merge.on, any], span },
    groupBy: columns,
    having: binaryNode('>', callNode('count', [], span, { star: true }), integerNode(1, span)),
  });
  return { ...query, with: merge.with, limit: integerNode(1, span) };
}

/** Rows that are the same in all columns count once. */
function distinctTarget(target: TableRef, table: CatalogRelation, name: string): FromItem {
  if (table.primaryKey !== null) return target;
  const { span } = target;
  const query = queryNode({
    kind: 'select', span, distinct: true, distinctOn: [], into: null, intoTemporary: false,
    items: [itemNode({ kind: 'star', qualifier: [], except: [], span }, null)],
    from: [{ ...target, alias: null }], where: null, groupBy: [], groupDistinct: false,
    fill: null, having: null, windows: [],
  });
  const columns = target.alias?.columns ?? [];
  return {
    kind: 'derivedTable', query, lateral: false, span,
    alias: { kind: 'alias', name: nameNode(name, span), columns, span },
  };
}
