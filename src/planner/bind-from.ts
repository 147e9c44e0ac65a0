/**
 * FROM: items, joins and windows into one relation with its names.
 *
 * Several items are a cross join. An item that may refer to its left is bound one level further in;
 * when it turns out not to, the level is taken out again and the join is an ordinary one.
 */
import { assertNever, must } from '../common/assert.ts';
import type { DerivedTable, FromItem, Join, WindowTable } from '../parser/ast.ts';
import { exprBinder } from './bind-expr.ts';
import { bindFunctionTable, populatedRows, ONE_ROW } from './bind-function-tables.ts';
import type { FunctionPiece } from './bind-function-tables.ts';
import { combine, joinPieces } from './bind-joins.ts';
import type { JoinPlace } from './bind-joins.ts';
import { deepenRelation, refersOutside } from './bind-levels.ts';
import { sampled } from './bind-sample.ts';
import { aliased, bindTableRef, renameItemColumns } from './bind-tables.ts';
import type { FromContext, FromPiece } from './bind-tables.ts';
import {
  columnNumber, graceOf, timeColumn, windowNode, windowSpec,
} from './bind-windows.ts';
import type { Facted } from './bind-windows.ts';
import { duplicateAlias, notSupported } from './errors.ts';
import { bindMoment, isFixed } from './bind-moment.ts';
import type { ScalarExpr } from './relation.ts';
import { Scope, scopeDistance } from './scope.ts';
import type { ScopeItem } from './scope.ts';
import { withoutJsonRecords } from './json-records.ts';

/** A whole FROM clause. */
export interface BoundFrom extends FromPiece {
  /** Columns of WINDOW TUMBLING (...) clauses: implicit grouping keys. */
  readonly implicitWindow: readonly ScalarExpr[];
}

/** Binds FROM; no items give one row without columns. */
export function bindFrom(context: FromContext, items: readonly FromItem[]): BoundFrom {
  let piece: FromPiece = { relation: ONE_ROW, facts: [], items: [], order: [] };
  for (const [at, item] of items.entries()) {
    if (at === 0) piece = bindItem(context, item);
    else piece = joinItem(context, piece, item, { type: 'inner', on: null });
  }
  checkDuplicates(piece.items, items);
  return { ...piece, implicitWindow: items.length === 1 ? implicitOf(items[0], piece) : [] };
}

function implicitOf(item: FromItem | undefined, piece: FromPiece): readonly ScalarExpr[] {
  if (item?.kind !== 'windowTable' || !item.clause) return [];
  return piece.facts.flatMap((fact, index): ScalarExpr[] => {
    if (fact.window === null || fact.window.role === 'time') return [];
    const { type } = must(piece.relation.columns[index], 'column');
    return [{ kind: 'column', index, type }];
  });
}

function checkDuplicates(scopeItems: readonly ScopeItem[], items: readonly FromItem[]): void {
  const seen = new Set<string>();
  for (const item of scopeItems) {
    if (item.name === null || !item.tableVisible) continue;
    const key = item.schema === null ? item.name : `${item.schema}.${item.name}`;
    if (seen.has(key)) throw duplicateAlias(item.name, must(items[0], 'item').span);
    seen.add(key);
  }
}

function bindItem(context: FromContext, written: FromItem): FromPiece {
  const item = withoutJsonRecords(written);
  switch (item.kind) {
    case 'tableRef': {
      if (item.asOf !== null) return bindVersion(context, item);
      return sampled(context.state, bindTableRef(context, item), item.sample);
    }
    case 'derivedTable': return bindDerived(context, item);
    case 'functionTable': {
      const rows = populatedRows(context, item);
      return rows === null ? bindFunctionTable(context, item) : bindDerived(context, rows);
    }
    case 'windowTable': return bindWindow(context, item);
    case 'join': return bindJoin(context, item);
    default: return assertNever(item);
  }
}

/** FOR SYSTEM_TIME AS OF a constant: the scan reads an older version. */
function bindVersion(
  context: FromContext, item: FromItem & { readonly kind: 'tableRef' },
): FromPiece {
  const { state } = context;
  const before = state.asOf;
  state.asOf = bindMoment(state, must(item.asOf, 'version'));
  try {
    return sampled(context.state, bindTableRef(context, item), item.sample);
  } finally {
    state.asOf = before;
  }
}

function bindDerived(context: FromContext, item: DerivedTable): FromPiece {
  const { state, withs } = context;
  const outer = item.lateral ? context.lateral ?? context.outer : context.outer;
  const bound = state.bindQuery(item.query, { outer, withs, carry: true });
  const distance = scopeDistance(context.lateral ?? context.outer, outer);
  const placed = distance > 0 && refersOutside(bound.relation)
    ? { ...bound, relation: deepenRelation(bound.relation, distance) } : bound;
  return aliased(placed, { name: null, schema: null, key: null }, item.alias);
}

// ------------------------------------------------------------------------------------- windows

function bindWindow(context: FromContext, table: WindowTable): FromPiece {
  const source = bindItem(context, table.source);
  const scope = new Scope(context.lateral ?? context.outer);
  scope.items = source.items;
  const binder = exprBinder(context.state, { scope, withs: context.withs, clause: 'FROM' });
  let input: Facted = source;
  const partition: number[] = [];
  for (const key of table.partitionBy) {
    const placed = columnNumber(input, binder.bind(key));
    input = placed.input;
    partition.push(placed.column);
  }
  const time = timeColumn(binder, input, {
    expr: table.timeColumn, what: table.window.toUpperCase(), span: table.span,
  });
  if (table.retention !== null) graceOf(binder, table.retention);
  const spec = windowSpec(binder, table, partition);
  const node = windowNode(time.input, spec, {
    column: time.column, grace: graceOf(binder, table.gracePeriod),
  });
  return windowItem(table, source, node);
}

/** One item: the source's columns and the window's, under the alias or the source's name. */
function windowItem(table: WindowTable, source: FromPiece, node: Facted): FromPiece {
  const own = source.items.filter((item) => item.columnsVisible);
  const count = node.relation.columns.length;
  const columns = [
    ...own.flatMap((item) => item.columns),
    ...node.relation.columns.slice(count - 3).map((column, at) => ({
      name: column.name,
      expr: { kind: 'column' as const, index: count - 3 + at, type: column.type },
      ...(column.name === 'window_time' ? { unlisted: true } : {}),
    })),
  ];
  const name = table.alias?.name.name ?? own[0]?.name ?? null;
  const item: ScopeItem = {
    name, schema: null, columns, tableVisible: name !== null, columnsVisible: true, key: null,
  };
  return {
    ...node, order: [], items: [{ ...item, columns: renameItemColumns(item, table.alias) }],
  };
}

// --------------------------------------------------------------------------------------- joins

/** True when the item may refer to what stands to its left. */
function mayBeLateral(item: FromItem): boolean {
  switch (item.kind) {
    case 'derivedTable': return item.lateral;
    case 'functionTable': return true;
    case 'windowTable': return mayBeLateral(item.source);
    case 'join': return mayBeLateral(item.left) || mayBeLateral(item.right);
    case 'tableRef': return false;
  }
}

function bindJoin(context: FromContext, join: Join): FromPiece {
  const left = bindItem(context, join.left);
  const piece = joinItem(context, left, join.right, {
    type: join.type === 'cross' ? 'inner' : join.type, on: join,
  });
  if (join.alias === null) return piece;
  const columns = piece.items.filter((item) => item.columnsVisible)
    .flatMap((item) => item.columns);
  const item: ScopeItem = {
    name: join.alias.name.name, schema: null, columns, tableVisible: true, columnsVisible: true,
    key: null,
  };
  const hidden = piece.items.map((each) => ({
    ...each, tableVisible: false, columnsVisible: false,
  }));
  return {
    ...piece, items: [{ ...item, columns: renameItemColumns(item, join.alias) }, ...hidden],
  };
}

/** Joins one more item to what stands to its left. */
function joinItem(
  context: FromContext, left: FromPiece, written: FromItem,
  how: { readonly type: JoinPlace['type']; readonly on: Join | null },
): FromPiece {
  const item = withoutJsonRecords(written);
  const place: JoinPlace = { context, type: how.type, join: how.on };
  const version = item.kind === 'tableRef' && how.on !== null ? item.asOf : null;
  if (item.kind === 'tableRef' && version !== null && !isFixed(version.value)) {
    const right = bindTableRef(context, { ...item, asOf: null });
    return joinPieces(place, left, { ...right, version });
  }
  if (!mayBeLateral(item)) {
    const { state } = context;
    const before = state.unreachable;
    state.unreachable = left.items;
    try {
      return joinPieces(place, left, bindItem(context, item));
    } finally {
      state.unreachable = before;
    }
  }
  const scope = new Scope(context.lateral ?? context.outer);
  scope.items = left.items;
  scope.facts = left.facts;
  const inner: FromContext = { ...context, lateral: scope };
  const right = bindItem(inner, item);
  const calls = item.kind === 'functionTable' ? (right as FunctionPiece).calls : null;
  if (how.on?.asof === true) throw notSupported('LATERAL in an ASOF join', item.span);
  return combine(place, left, { ...right, calls });
}
