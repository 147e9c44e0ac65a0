/**
 * Relations by name in FROM: tables, sources, views (plain ones are expanded), names of WITH.
 *
 * Inside a view, scans of relations with a watermark (or with rows of such) carry the hidden
 * column `$arrival`.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { TableRef } from '../parser/ast.ts';
import type { Alias, QualifiedName } from '../parser/ast-leaves.ts';
import type { CatalogReader, CatalogRelation } from './catalog.ts';
import type { StatementState, WithBinding, WithNames } from './bind-context.ts';
import { deepenRelation } from './bind-levels.ts';
import { INT8 } from './bind-types.ts';
import { relationNotFound, schemaNotFound } from './errors.ts';
import type { RelationColumn, ScalarExpr } from './relation.ts';
import { itemOf, nearestName, NO_FACTS, scopeDistance } from './scope.ts';
import type {
  BoundRelation, ColumnFacts, Scope, ScopeColumn, ScopeItem,
} from './scope.ts';

/** The hidden column with the watermark a row met. */
export const ARRIVAL = '$arrival';
/** The hidden column with a window's end, under EMIT ON WINDOW CLOSE. */
export const WINDOW_END = '$window_end';

/** A piece of FROM: its relation, facts per column, and the names it brings. */
export interface FromPiece {
  readonly relation: BoundRelation['relation'];
  readonly facts: readonly ColumnFacts[];
  readonly items: readonly ScopeItem[];
  /** Order of the rows, when the piece is a subquery that asked for one. */
  readonly order: BoundRelation['order'];
}

/** Where FROM items are bound. */
export interface FromContext {
  readonly state: StatementState;
  readonly withs: WithNames | null;
  /** The enclosing query's level. */
  readonly outer: Scope | null;
  /** Items to the left, for lateral references; its parents lead to `outer`. */
  readonly lateral: Scope | null;
}

/** The schema (or null) and name of a qualified name. */
export function splitQualified(name: QualifiedName): {
  readonly schema: string | null; readonly name: string;
} {
  const parts = name.parts.map((part) => part.name);
  return { schema: parts.at(-2) ?? null, name: must(parts.at(-1), 'name') };
}

/** Finds a relation of the catalog or throws 42P01 with the nearest name. */
export function findRelation(catalog: CatalogReader, name: QualifiedName): CatalogRelation {
  const { schema, name: last } = splitQualified(name);
  const database = name.parts.at(-3)?.name ?? catalog.session.database;
  if (database !== catalog.session.database) {
    throw sqlError('0A000', 'cross-database references are not implemented: '
      + `"${database}.${schema ?? ''}.${last}"`, {
      span: name.span, hint: `Connect to the database "${database}" to read it.`,
    });
  }
  const found = catalog.findRelation(schema, last);
  if (found !== null) return found;
  const text = schema === null ? last : `${schema}.${last}`;
  const near = nearestName(last, catalog.relationNames());
  throw relationNotFound(text, name.span,
    near === null || near === last ? undefined : `Perhaps you meant "${near}".`);
}

/** A relation named in FROM. */
export function bindTableRef(context: FromContext, ref: TableRef): FromPiece {
  const { state } = context;
  const { schema, name } = splitQualified(ref.name);
  const known = schema === null ? findWith(context.withs, name) : null;
  if (known !== null) {
    if (known.returnsNothing === true) {
      throw sqlError('0A000', `WITH query "${name}" does not have a RETURNING clause`, {
        span: ref.name.span,
      });
    }
    return aliased(useWith(context, known), { name, schema: null, key: null }, ref.alias);
  }
  const relation = findRelation(state.catalog, ref.name);
  const bound = bindCatalogRelation(state, relation);
  return aliased(bound, {
    name: relation.name, schema: relation.schema,
    key: relation.kind === 'table' || relation.kind === 'system' ? relation.primaryKey : null,
    systemColumns: systemColumns(relation),
  }, ref.alias);
}

/**
 * tableoid and xmin of a relation; row versions are not numbered, so xmin is 1. Rows have no place:
 * ctid is known for catalogs only, where nobody takes it for a key.
 */
function systemColumns(relation: CatalogRelation): ScopeItem['systemColumns'] {
  const literal = (name: string, type: SqlType, value: Value): ScopeColumn => ({
    name, expr: { kind: 'literal', value, type },
  });
  const columns = [
    literal('tableoid', { name: 'oid' }, relation.id), literal('xmin', { name: 'xid' }, 1),
  ];
  return relation.kind === 'system'
    ? [...columns, literal('ctid', { name: 'tid' }, '(0,1)')] : columns;
}

function findWith(withs: WithNames | null, name: string): WithBinding | null {
  for (let at = withs; at !== null; at = at.parent) {
    const found = at.names.get(name);
    if (found !== undefined) return found;
  }
  return null;
}

function useWith(context: FromContext, binding: WithBinding): BoundRelation {
  const distance = scopeDistance(context.lateral ?? context.outer, binding.outer);
  if (distance === 0) return binding.bound;
  return { ...binding.bound, relation: deepenRelation(binding.bound.relation, distance) };
}

function deniedOf(
  { kind, name }: CatalogRelation, column: string, allowed: ReadonlySet<string> | null,
): Pick<ColumnFacts, 'denied'> {
  if (allowed === null || allowed.has(column)) return {};
  return { denied: `${kind === 'materializedView' ? 'materialized view' : kind} ${name}` };
}

/** A relation of the catalog: a scan, or a plain view's query. */
export function bindCatalogRelation(
  state: StatementState, relation: CatalogRelation,
): BoundRelation {
  if (relation.kind === 'view' && relation.definition !== null) return expandView(state, relation);
  const allowed = state.read(relation);
  const columns: RelationColumn[] = relation.columns.map((column) => ({
    name: column.name, type: column.type, ...(column.notNull ? { notNull: true } : {}),
  }));
  const facts: ColumnFacts[] = relation.columns.map((column, at) => ({
    ...deniedOf(relation, column.name, allowed), relation: relation.id, attribute: at + 1,
    window: null,
    watermark: relation.watermark?.column === at
      || relation.columnWatermarks.some((each) => each.column === at),
  }));
  const visible = columns.length;
  if (facts.some((fact) => fact.watermark)) state.sawWatermark = true;
  if (state.view && (relation.watermark !== null || relation.marksArrival === true)) {
    columns.push({ name: ARRIVAL, type: INT8 }, { name: '$partition', type: { name: 'int4' } },
      { name: '$offset', type: INT8 });
    facts.push(NO_FACTS, NO_FACTS, NO_FACTS);
  }
  return {
    facts, visible, order: [],
    relation: {
      kind: 'scan', relation: relation.id, columns,
      ...(state.asOf === null ? {} : { asOf: state.asOf }),
    },
  };
}

/** A plain view is its query, bound under the search path it was made with. */
function expandView(state: StatementState, view: CatalogRelation): BoundRelation {
  const definition = must(view.definition, 'view definition');
  if (state.expanding.includes(view.id)) {
    throw sqlError('42P17', `infinite recursion detected in rules for relation "${view.name}"`);
  }
  const allowed = state.read(view);
  const { catalog } = state;
  state.expanding.push(view.id);
  state.catalog = catalogOfView(catalog, definition);
  try {
    const bound = state.bindQuery(definition.query, { outer: null, withs: null, carry: true });
    const named = renamed(bound, view.columns.map((column) => column.name), view);
    if (allowed === null) return named;
    return { ...named, facts: named.facts.map((fact, at) =>
      ({ ...fact, ...deniedOf(view, view.columns[at]?.name ?? '', allowed) })) };
  } finally {
    state.catalog = catalog;
    state.expanding.pop();
  }
}

/** A catalog as a view sees it, and the one it was made from. */
interface ViewCatalog extends CatalogReader {
  readonly base: CatalogReader;
}

function isViewCatalog(catalog: CatalogReader): catalog is ViewCatalog {
  return 'base' in catalog;
}

/** The view's search path, and the columns its relations had when it was made. */
function catalogOfView(
  outer: CatalogReader, definition: NonNullable<CatalogRelation['definition']>,
): ViewCatalog {
  const base = isViewCatalog(outer) ? outer.base : outer;
  const { searchPath } = definition;
  const widths = new Map(definition.widths ?? []);
  const find = (schema: string, name: string): CatalogRelation | null => {
    const found = base.findRelation(schema, name);
    const width = found === null ? undefined : widths.get(found.id);
    return found === null || width === undefined ? found : firstColumns(found, width);
  };
  return {
    base, searchPath, session: base.session, names: base.names,
    findRelation: (schema, name) => {
      if (schema !== null) return find(schema, name);
      for (const each of [...searchPath, 'pg_catalog']) {
        const found = find(each, name);
        if (found !== null) return found;
      }
      return null;
    },
    relationById: (id) => base.relationById(id),
    functions: (schema, name) => (schema === null ? searchPath : [schema])
      .flatMap((each) => base.functions?.(each, name) ?? []),
    findType: (schema, name) => {
      for (const each of schema === null ? searchPath : [schema]) {
        const found = base.findType?.(each, name) ?? null;
        if (found !== null) return found;
      }
      return null;
    },
    reading: (relation, through) => base.reading?.(relation, through) ?? null,
    calling: (oid) => base.calling?.(oid),
    relationNames: () => base.relationNames(),
    schemaExists: (name) => base.schemaExists(name),
  };
}

/** A relation without the columns added since. */
function firstColumns(relation: CatalogRelation, width: number): CatalogRelation {
  if (relation.columns.length <= width) return relation;
  const known = (key: readonly number[]): boolean => key.every((at) => at < width);
  const { primaryKey } = relation;
  return {
    ...relation, columns: relation.columns.slice(0, width),
    primaryKey: primaryKey !== null && known(primaryKey) ? primaryKey : null,
    uniqueKeys: relation.uniqueKeys.filter(known),
  };
}

/** The view's own column names over its query; columns come from the view, as clients see it. */
function renamed(
  bound: BoundRelation, names: readonly string[], view: CatalogRelation,
): BoundRelation {
  const columns = bound.relation.columns.map((column, at) => ({
    ...column, name: at < bound.visible ? names[at] ?? column.name : column.name,
  }));
  return {
    ...bound,
    facts: bound.facts.map((fact, at) =>
      (at < bound.visible ? { ...fact, relation: view.id, attribute: at + 1 } : fact)),
    relation: renameColumns(bound.relation, columns),
  };
}

/** The relation under other column names. */
export function renameColumns(
  relation: BoundRelation['relation'], columns: readonly RelationColumn[],
): BoundRelation['relation'] {
  if (columns.every((column, at) => column.name === relation.columns[at]?.name)) return relation;
  return { ...relation, columns };
}

/** A bound relation as an item of FROM under its alias. */
export function aliased(
  bound: BoundRelation,
  own: { readonly name: string | null; readonly schema: string | null;
    readonly key: readonly number[] | null;
    readonly systemColumns?: ScopeItem['systemColumns'] },
  alias: Alias | null,
): FromPiece {
  const name = alias?.name.name ?? own.name;
  const item = itemOf({
    name, schema: alias === null ? own.schema : null, bound, offset: 0, key: own.key,
  });
  const columns = renameItemColumns(item, alias);
  return {
    relation: bound.relation, facts: bound.facts, order: bound.order,
    items: [{
      ...item, columns, tableVisible: name !== null, systemColumns: own.systemColumns,
      table: own.name !== null && own.name !== name ? own.name : undefined,
    }],
  };
}

/** The item's columns under an alias's column list (which may name the first ones only). */
export function renameItemColumns(item: ScopeItem, alias: Alias | null): ScopeItem['columns'] {
  const names = alias?.columns ?? [];
  if (names.length > item.columns.length && alias !== null) {
    throw sqlError('42P10', `table "${alias.name.name}" has ${item.columns.length} columns `
      + `available but ${names.length} columns specified`, { span: alias.span });
  }
  return item.columns.map((column, at) => {
    const given = names[at];
    return given === undefined ? column : { ...column, name: given.name };
  });
}

/** Checks that the schema of a name exists: 3F000. */
export function requireSchema(catalog: CatalogReader, name: QualifiedName): void {
  const { schema } = splitQualified(name);
  if (schema !== null && !catalog.schemaExists(schema)) throw schemaNotFound(schema, name.span);
}

/** A column reference of a piece. */
export function columnOf(piece: { readonly relation: BoundRelation['relation'] },
  index: number): ScalarExpr {
  const column = must(piece.relation.columns[index], 'column');
  return { kind: 'column', index, type: column.type };
}
