/**
 * What a data change writes to: a table, or through a view that shows columns of one table.
 *
 * A view is writable when its query is projections and filters over a table or another such view.
 * Its columns lead to those of the table; WITH CHECK OPTION refuses new rows it would not show.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { QualifiedName } from '../parser/ast-leaves.ts';
import type { StatementState } from './bind-context.ts';
import { bindCatalogRelation, findRelation } from './bind-tables.ts';
import type { CatalogRelation } from './catalog.ts';
import { call, column, hasSubquery, literal, substitute } from './expr-tools.ts';
import type { Relation, ScalarExpr } from './relation.ts';
import { filter } from './relation-tools.ts';
import type { ScopeColumn } from './scope.ts';

/** The verbs of the errors. */
export type ChangeVerb = 'insert into' | 'update' | 'delete from';

/** A column of the relation a data change names. */
export interface TargetColumn {
  readonly name: string;
  /** Over the table's columns. */
  readonly expr: ScalarExpr;
  /** The table's column it is, or null when it is computed. */
  readonly at: number | null;
}

/** See the head of the file. */
export interface ChangeTarget {
  /** Where rows are stored. */
  readonly table: CatalogRelation;
  /** The relation the statement names. */
  readonly shown: CatalogRelation;
  readonly verb: ChangeVerb;
  readonly columns: readonly TargetColumn[];
  /** Conditions of the views on the way, over the table's columns. */
  readonly filters: readonly ScalarExpr[];
  /** What WITH CHECK OPTION asks of new rows. */
  readonly checks: readonly { readonly view: string; readonly test: ScalarExpr }[];
}

/** A table as a target: its own columns. */
export function tableTarget(table: CatalogRelation, verb: ChangeVerb = 'update'): ChangeTarget {
  return {
    table, shown: table, verb, filters: [], checks: [],
    columns: table.columns.map(({ name, type }, at) => ({ name, at, expr: column(at, type) })),
  };
}

/** The target a statement names; relations that cannot be changed are refused. */
export function changeTarget(
  state: StatementState, name: QualifiedName, verb: ChangeVerb,
): ChangeTarget {
  const relation = findRelation(state.catalog, name);
  const { span } = name;
  switch (relation.kind) {
    case 'table': return tableTarget(relation, verb);
    case 'view': return viewTarget(state, relation, verb);
    case 'materializedView':
      throw sqlError('42809', `cannot change materialized view "${relation.name}"`, { span });
    case 'source':
      throw sqlError('42809', `cannot ${verb} source "${relation.name}"`, {
        span, hint: 'Rows of a source come from outside; use a table to write to.',
      });
    case 'system':
      throw sqlError('42501', `permission denied for table ${relation.name}`, { span });
  }
}

/** How a view's query reads its table. */
interface Path {
  readonly table: CatalogRelation;
  readonly exprs: readonly ScalarExpr[];
  readonly filters: readonly ScalarExpr[];
}

function viewTarget(
  state: StatementState, view: CatalogRelation, verb: ChangeVerb,
): ChangeTarget {
  const bound = view.definition === null ? null : bindCatalogRelation(state, view);
  const path = bound === null || hasQueryLimits(view) ? null
    : pathOf(state, bound.relation);
  if (path === null) {
    const doing = { 'insert into': 'inserting into', update: 'updating',
      'delete from': 'deleting from' }[verb];
    throw sqlError('55000', `cannot ${verb} view "${view.name}"`, {
      detail: 'Views that are not projections and filters over one table are not updatable.',
      hint: `Instead of ${doing} the view, change the tables it reads.`,
    });
  }
  const seen = new Set<number>();
  const columns = view.columns.map(({ name }, at): TargetColumn => {
    const expr = must(path.exprs[at], 'view column');
    const own = expr.kind === 'column' && !seen.has(expr.index) ? expr.index : null;
    if (own !== null) seen.add(own);
    return { name, expr, at: own };
  });
  return {
    table: path.table, shown: view, verb, columns, filters: path.filters,
    checks: checksOf(state, view, path.filters),
  };
}

function hasQueryLimits({ definition }: CatalogRelation): boolean {
  const query = definition?.query;
  return query === undefined || query.limit !== null || query.offset !== null;
}

/** Follows projections and filters down to a table. */
function pathOf(state: StatementState, relation: Relation): Path | null {
  let node = relation;
  let exprs: readonly ScalarExpr[] = relation.columns.map(({ type }, at) => column(at, type));
  let filters: readonly ScalarExpr[] = [];
  for (;;) {
    switch (node.kind) {
      case 'project': {
        const below = node.exprs;
        exprs = exprs.map((expr) => substitute(expr, below));
        filters = filters.map((expr) => substitute(expr, below));
        node = node.input;
        break;
      }
      case 'filter':
        filters = [...filters, node.predicate];
        node = node.input;
        break;
      case 'scan': {
        const table = state.catalog.relationById(node.relation);
        return table?.kind === 'table' ? { table, exprs, filters } : null;
      }
      default: return null;
    }
  }
}

/**
 * CASCADED tests every condition; LOCAL those of the view itself, which come first, and of views
 * below that have the option. The conditions of one view stand together in its WHERE.
 */
function checksOf(
  state: StatementState, view: CatalogRelation, filters: readonly ScalarExpr[],
): ChangeTarget['checks'] {
  const checks: { view: string; test: ScalarExpr }[] = [];
  let at = 0;
  let all = false;
  for (let each: CatalogRelation | null = view; each !== null; each = viewBelow(state, each)) {
    const option: string | undefined = each.options?.find(([name]) => name === 'check_option')?.[1];
    all ||= option === 'cascaded';
    const body = each.definition?.query.body;
    if (body?.kind !== 'select' || body.where === null) continue;
    const test = filters[at++];
    if (test !== undefined && (all || option === 'local')) checks.push({ view: each.name, test });
  }
  return checks.toReversed();
}

/** The view a view reads, or null when it reads a table. */
function viewBelow(state: StatementState, view: CatalogRelation): CatalogRelation | null {
  const body = view.definition?.query.body;
  const from = body?.kind === 'select' ? body.from[0] : undefined;
  if (from?.kind !== 'tableRef') return null;
  const names = from.name.parts.map((part) => part.name);
  const name = must(names.at(-1), 'name');
  const schema = names.at(-2);
  const schemas = schema === undefined ? view.definition?.searchPath ?? [] : [schema];
  for (const each of schemas) {
    const found = state.catalog.findRelation(each, name);
    if (found !== null) return found.kind === 'view' ? found : null;
  }
  return null;
}

/** Column of the table that a target's column is; computed ones are refused. */
export function writableColumn(target: ChangeTarget, index: number): number {
  const { name, at } = must(target.columns[index], 'target column');
  if (at !== null) return at;
  const verb = target.verb === 'insert into' ? 'insert into' : 'update';
  throw sqlError('0A000', `cannot ${verb} column "${name}" of view "${target.shown.name}"`, {
    detail: 'View columns that are not columns of their base relation are not updatable.',
  });
}

/** The target's columns as a FROM item has them, over table columns numbered from `offset`. */
export function scopeColumns(target: ChangeTarget, offset: number): readonly ScopeColumn[] {
  const table = target.table.columns.map(({ type }, at) => column(offset + at, type));
  return target.columns.map(({ name, expr }) => ({ name, expr: substitute(expr, table) }));
}

/** Rows whose table columns start at `offset`, tested by WITH CHECK OPTION. */
export function checkedRows(
  target: ChangeTarget, relation: Relation, offset: number,
): Relation {
  const table = target.table.columns.map(({ type }, at) => column(offset + at, type));
  const nested = target.checks.find(({ test }) => hasSubquery(test));
  if (nested !== undefined && offset > 0) {
    throw sqlError('0A000', 'UPDATE under WITH CHECK OPTION with a subquery is not supported');
  }
  return target.checks.reduce((rows, { view, test }) => filter(rows,
    call('$view_check(boolean,text)', [
      nested === undefined ? substitute(test, table) : test, literal(view, { name: 'text' }),
    ], { name: 'boolean' })), relation);
}
