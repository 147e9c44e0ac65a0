/**
 * Names in scope: FROM items with their columns, level by level outward, and name resolution.
 *
 * A Scope is one query level; its columns are numbered as the FROM relation's. `depth` of an outer
 * reference counts scopes. Results of aggregates, windows and set-returning calls that do not
 * exist yet while expressions are bound are numbered as columns from the bases below and renumbered
 * when the nodes are built. Errors carry PostgreSQL's words and the nearest name.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { NamedWindow } from '../parser/ast.ts';
import type { Identifier } from '../parser/ast-leaves.ts';
import {
  columnAmbiguous, columnNotFound, invalidFromReference, missingFrom, tableAmbiguous,
} from './errors.ts';
import { isNull, not, nullOf, replaceExpr } from './expr-tools.ts';
import type {
  AggregateCall, Frame, OverCall, Relation, ScalarExpr, SortKey, TableCall,
} from './relation.ts';

/** Numbers of aggregate results while expressions are being bound. */
export const AGGREGATE_BASE = 1_000_000;
/** Numbers of window function results. */
export const OVER_BASE = 2_000_000;
/** Numbers of set-returning results: call * 1000 + column. */
export const TABLE_CALL_BASE = 3_000_000;
/** Most columns of one set-returning call. */
export const TABLE_CALL_COLUMNS = 1000;

/** Numbers of GROUPING() results. */
export const GROUPING_BASE = 4_000_000;
/** All column numbers from here on are results that do not exist yet. */
export const PENDING_BASE: number = AGGREGATE_BASE;

/** What a window column stands for. */
export type WindowRole = 'start' | 'end' | 'time';

/** Where a window column comes from: the columns of one `window` node. */
export interface WindowFact {
  readonly role: WindowRole;
  readonly kind: 'tumble' | 'hop' | 'cumulate' | 'session';
  /** One object per window node. */
  readonly window: object;
}

/** What is known of a column beside its type. */
export interface ColumnFacts {
  readonly relation: number;
  readonly attribute: number;
  readonly window: WindowFact | null;
  /** True when a watermark bounds the column's values still to come. */
  readonly watermark: boolean;
  /** The relation whose column the user may not read. */
  readonly denied?: string;
}

/** Facts of a computed column. */
export const NO_FACTS: ColumnFacts = { relation: 0, attribute: 0, window: null, watermark: false };

/** A relation with facts per column and a count of visible columns (hidden ones follow). */
export interface BoundRelation {
  readonly relation: Relation;
  readonly facts: readonly ColumnFacts[];
  readonly visible: number;
  /** Order of the rows where the query asked for one; columns of `relation`. */
  readonly order: readonly SortKey[];
}

/** A column of a FROM item. */
export interface ScopeColumn {
  readonly name: string;
  /** Over the level's columns; a COALESCE for columns merged by FULL JOIN USING. */
  readonly expr: ScalarExpr;
  /** Can be named, but is not in `*` (window_time). */
  readonly unlisted?: boolean;
  /** May not be read: what PostgreSQL calls the relation. */
  readonly denied?: string;
}

/** An element of FROM as far as names go. */
export interface ScopeItem {
  /** null: an unnamed join. */
  readonly name: string | null;
  /** The relation's own name where an alias hides it. */
  readonly table?: string | undefined;
  readonly schema: string | null;
  readonly columns: readonly ScopeColumn[];
  /** `name.column` and `name` work. */
  readonly tableVisible: boolean;
  /** Columns can be named without the table, and are in `*`. */
  readonly columnsVisible: boolean;
  /** For functional dependency: the primary key's columns (numbers in the level). */
  readonly key: readonly number[] | null;
  /** The item's function returns a scalar: naming it gives the value, not a row. */
  readonly scalar?: boolean;
  /** Can be named but are in no list: tableoid, xmin. */
  readonly systemColumns?: readonly ScopeColumn[] | undefined;
  /** An outer join fills the item's columns with NULLs; its row as a value is NULL then. */
  readonly padded?: boolean;
}

/** An aggregate call of a level, over the level's FROM columns. */
export type PendingAggregate = AggregateCall & { readonly span: Span };

/** A window function call; equal specs share a node. */
export interface PendingOver {
  readonly call: OverCall;
  readonly spec: OverSpec;
}

/** PARTITION BY and ORDER BY of a window. */
export interface OverSpec {
  readonly partitionBy: readonly ScalarExpr[];
  readonly orderBy: readonly {
    readonly expr: ScalarExpr; readonly descending: boolean; readonly nullsFirst: boolean;
  }[];
  readonly frame: Frame | null;
}

/** GROUP BY TUMBLE(...) and its like: the window columns of the level. */
export interface GroupWindow {
  readonly kind: 'tumble' | 'hop' | 'cumulate' | 'session';
  readonly start: ScalarExpr;
  readonly end: ScalarExpr;
  readonly time: ScalarExpr;
}

/** One query level. */
export class Scope {
  readonly parent: Scope | null;
  /** FROM items so far. */
  items: readonly ScopeItem[] = [];
  /** Facts per column of the level. */
  facts: readonly ColumnFacts[] = [];
  readonly aggregates: PendingAggregate[] = [];
  readonly overs: PendingOver[] = [];
  readonly tableCalls: TableCall[] = [];
  groupWindow: GroupWindow | null = null;
  /** A WINDOW TUMBLING (...) clause in FROM: its columns are grouping keys. */
  implicitWindow: readonly ScalarExpr[] = [];
  /** WINDOW name AS (...) */
  namedWindows: readonly NamedWindow[] = [];
  /** GROUP BY expressions with grouping sets, for GROUPING(). */
  groupExprs: readonly ScalarExpr[] = [];
  /** GROUPING() met before GROUP BY was bound: the select list has to be bound again. */
  groupingSeen = false;
  groupingKnown = false;
  /** Arguments of GROUPING() calls: numbers of group expressions. */
  readonly groupings: (readonly number[])[] = [];
  /** Order of a single derived table in FROM, for order-sensitive aggregates. */
  inputOrder: OverSpec['orderBy'] = [];
  /** Items that exist in FROM but cannot be referred to from here. */
  hiddenItems: readonly ScopeItem[] = [];
  /** What is being bound of the level; aggregates are collected past the WHERE. */
  phase: 'FROM clause of their own query level' | 'WHERE' | 'above' =
    'FROM clause of their own query level';
  /** The clause with the subquery that is being bound: what an aggregate moved out meets. */
  subqueryClause: string | null = null;

  constructor(parent: Scope | null) {
    this.parent = parent;
  }
}

/** Levels from one scope out to another, 0 when they are the same. */
export function scopeDistance(from: Scope | null, to: Scope | null): number {
  let distance = 0;
  for (let at = from; at !== to; at = must(at, 'enclosing scope').parent) distance++;
  return distance;
}

/** An expression of an enclosing level as seen `depth` levels further in. */
export function liftExpr(expr: ScalarExpr, depth: number): ScalarExpr {
  if (depth === 0) return expr;
  return replaceExpr(expr, (node) => {
    if (node.kind === 'column') {
      return { kind: 'outer', depth, index: node.index, type: node.type };
    }
    return node.kind === 'outer' ? { ...node, depth: node.depth + depth } : null;
  });
}

/** A reference of its own to a column, so that each place in the text can be told apart. */
export function freshExpr(column: ScopeColumn, depth: number): ScalarExpr {
  return { ...liftExpr(readable(column), depth) };
}

/** The column's expression; 42501 where the user has no right to it. */
export function readable(column: ScopeColumn): ScalarExpr {
  if (column.denied === undefined) return column.expr;
  throw sqlError('42501', `permission denied for ${column.denied}`);
}

/** Finds a column by a name without a table; null when there is none at any level. */
export function findColumn(scope: Scope, name: string, span: Span): ScalarExpr | null {
  let depth = 0;
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const found = at.items.flatMap((item) =>
      (item.columnsVisible ? item.columns.filter((column) => column.name === name) : []));
    if (found.length > 1) throw columnAmbiguous(name, span);
    const column = found[0] ?? systemColumn(at.items, name, span);
    if (column !== undefined) return freshExpr(column, depth);
    depth++;
  }
  return null;
}

/** A system column of the only item that has it. */
function systemColumn(
  items: readonly ScopeItem[], name: string, span: Span,
): ScopeColumn | undefined {
  const found = items.flatMap((item) => (item.columnsVisible
    ? item.systemColumns?.filter((column) => column.name === name) ?? [] : []));
  if (found.length > 1) throw columnAmbiguous(name, span);
  return found[0];
}

/** A FROM item found by its name, and how far out. */
export interface FoundItem {
  readonly item: ScopeItem;
  readonly depth: number;
}

/** Finds a FROM item by name, innermost level first. */
export function findItem(
  scope: Scope, schema: string | null, name: string, span: Span,
): FoundItem | null {
  let depth = 0;
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const found = at.items.filter((item) => item.tableVisible && item.name === name
      && (schema === null || item.schema === schema));
    if (found.length > 1) throw tableAmbiguous(name, span);
    const item = found[0];
    if (item !== undefined) return { item, depth };
    depth++;
  }
  return null;
}

/** Resolves `table.column` or `schema.table.column`. */
export function findQualified(scope: Scope, parts: readonly Identifier[], span: Span): ScalarExpr {
  const names = parts.map((part) => part.name);
  const column = must(names.at(-1), 'column name');
  const table = must(names.at(-2), 'table name');
  const schema = names.at(-3) ?? null;
  const found = findItem(scope, schema, table, span);
  if (found === null) throw unknownTable(scope, table, span);
  const hits = found.item.columns.filter((each) => each.name === column);
  if (hits.length > 1) throw columnAmbiguous(column, span);
  const hit = hits[0] ?? systemColumn([{ ...found.item, columnsVisible: true }], column, span);
  if (hit === undefined) {
    throw columnNotFound([table, column], span, nearestHint(scope, column, table));
  }
  return freshExpr(hit, found.depth);
}

/** The error for a table name that FROM does not have. */
export function unknownTable(scope: Scope, name: string, span: Span): Error {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const aliased = at.items.find((item) => item.table === name && item.tableVisible);
    if (aliased !== undefined) {
      return invalidFromReference(name, span,
        `Perhaps you meant to reference the table alias "${aliased.name ?? ''}".`);
    }
    const hidden = at.hiddenItems.find((item) => item.name === name)
      ?? at.items.find((item) => item.name === name && !item.tableVisible);
    if (hidden !== undefined) {
      return invalidFromReference(name, span,
        `There is an entry for table "${name}", but it cannot `
        + 'be referenced from this part of the query.');
    }
  }
  return missingFrom(name, span, aliasHint(scope, name));
}

function aliasHint(scope: Scope, name: string): string | undefined {
  let best: string | null = null;
  let bestDistance = FUZZY_MAX + 1;
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    for (const item of at.items) {
      if (item.name === null || !item.tableVisible) continue;
      const distance = editDistance(name, item.name);
      if (distance < bestDistance && distance <= name.length / 2) {
        best = item.name;
        bestDistance = distance;
      }
    }
  }
  return best === null ? undefined : `Perhaps you meant to reference the table "${best}".`;
}

/** The error for a column name that no level has. */
export function unknownColumn(scope: Scope, name: string, span: Span): Error {
  return columnNotFound([name], span, nearestHint(scope, name, null));
}

/** PostgreSQL's limit for a near name. */
const FUZZY_MAX = 3;

/** PostgreSQL's hint with the nearest column, or the two nearest. */
function nearestHint(scope: Scope, name: string, table: string | null): string | undefined {
  const items: ScopeItem[] = [];
  for (let at: Scope | null = scope; at !== null; at = at.parent) items.push(...at.items);
  let best = Math.min(FUZZY_MAX, Math.max(name.length / 2, 1));
  let found: string[] = [];
  for (const item of items) {
    if (item.name === null) continue;
    const penalty = table === null || table === item.name ? 0 : editDistance(table, item.name);
    for (const column of item.columns) {
      const distance = editDistance(name, column.name) + penalty;
      if (distance > best) continue;
      if (distance < best) found = [];
      best = distance;
      found.push(`"${item.name}.${column.name}"`);
    }
  }
  if (best > 0) {
    const hidden = hiddenColumn(scope, name, table);
    if (hidden !== undefined) return hidden;
  }
  if (found.length === 1) return `Perhaps you meant to reference the column ${found[0] ?? ''}.`;
  if (found.length === 2) {
    return `Perhaps you meant to reference the column ${found[0] ?? ''} or the column `
      + `${found[1] ?? ''}.`;
  }
  return undefined;
}

/** The hint about a column of an item that cannot be referred to from here. */
function hiddenColumn(scope: Scope, name: string, table: string | null): string | undefined {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const item = at.hiddenItems.find((each) => (table === null || each.name === table)
      && each.columns.some((column) => column.name === name));
    if (item === undefined) continue;
    return `There is a column named "${name}" in table "${item.name ?? ''}", but it cannot be `
      + 'referenced from this part of the query.';
  }
  return undefined;
}

/** Levenshtein distance. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_unused, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The nearest of some names, or null when none is near. */
export function nearestName(name: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = FUZZY_MAX + 1;
  for (const each of names) {
    const distance = editDistance(name, each);
    if (distance < bestDistance && distance <= Math.max(name.length / 2, 1)) {
      best = each;
      bestDistance = distance;
    }
  }
  return best;
}

/** The item's row as a value: a record, or the value of a scalar function. */
export function wholeRow(found: FoundItem): ScalarExpr {
  const { item, depth } = found;
  const only = item.columns[0];
  if (item.scalar === true && only !== undefined) return liftExpr(only.expr, depth);
  const columns = item.columns.filter((column) => column.unlisted !== true);
  const type: SqlType = {
    name: 'record',
    fields: columns.map((column) => ({ name: column.name, type: column.expr.type })),
  };
  const row: ScalarExpr = {
    kind: 'record', type, fields: columns.map((column) => freshExpr(column, depth)),
  };
  if (item.padded !== true || columns.length === 0) return row;
  return {
    kind: 'case', type, whens: [{ when: not(isNull(row)), then: row }], otherwise: nullOf(type),
  };
}

/** Columns of a relation as an item of that name, numbered from `offset`. */
export function itemOf(spec: {
  readonly name: string | null; readonly schema: string | null; readonly bound: BoundRelation;
  readonly offset: number; readonly key?: readonly number[] | null;
}): ScopeItem {
  const { bound, offset } = spec;
  return {
    name: spec.name, schema: spec.schema, tableVisible: true, columnsVisible: true,
    key: spec.key?.map((at) => at + offset) ?? null,
    columns: bound.relation.columns.slice(0, bound.visible).map((column, at) => ({
      name: column.name,
      expr: { kind: 'column', index: at + offset, type: column.type }, ...deniedIn(bound, at),
    })),
  };
}

function deniedIn({ facts }: BoundRelation, at: number): Pick<ScopeColumn, 'denied'> {
  const denied = facts[at]?.denied;
  return denied === undefined ? {} : { denied };
}

/** The item with its column numbers moved. */
export function shiftItem(item: ScopeItem, by: number): ScopeItem {
  if (by === 0) return item;
  return {
    ...item, key: item.key?.map((at) => at + by) ?? null,
    columns: item.columns.map((column) => ({
      ...column,
      expr: replaceExpr(column.expr, (node) =>
        node.kind === 'column' ? { ...node, index: node.index + by } : null),
    })),
  };
}
