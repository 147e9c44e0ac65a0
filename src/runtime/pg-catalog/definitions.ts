/**
 * Definitions as SQL text: views, indexes, constraints, defaults, functions.
 *
 * What pg_get_viewdef and its like show; PostgreSQL's wording, our own printing of expressions.
 */
import { must } from '../../common/assert.ts';
import type { FunctionEntry, SignatureType } from '../../planner/functions/entry.ts';
import { signatureTypeName } from '../../planner/functions/builder.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type { StoredForeignKey, StoredIndex, StoredRelation } from '../catalog-store-types.ts';
import type { CatalogState } from '../catalog-store.ts';
import { conditionText, defaultValueText } from './expression-text.ts';
import { typeNameOf, typeOidOf } from './types.ts';

/** A name as SQL writes it, in quotes where it needs them. */
export function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED.has(name) ? name
    : `"${name.replaceAll('"', '""')}"`;
}

/** Words that are no names without quotes. */
const RESERVED: ReadonlySet<string> = new Set([
  'all', 'analyse', 'analyze', 'and', 'any', 'array', 'as', 'asc', 'asymmetric', 'both', 'case',
  'cast', 'check', 'collate', 'column', 'constraint', 'create', 'current_date', 'current_role',
  'current_time', 'current_timestamp', 'current_user', 'default', 'deferrable', 'desc', 'distinct',
  'do', 'else', 'end', 'except', 'false', 'fetch', 'for', 'foreign', 'from', 'grant', 'group',
  'having', 'in', 'initially', 'intersect', 'into', 'lateral', 'leading', 'limit', 'localtime',
  'localtimestamp', 'not', 'null', 'offset', 'on', 'only', 'or', 'order', 'placing', 'primary',
  'references', 'returning', 'select', 'session_user', 'some', 'symmetric', 'table', 'then', 'to',
  'trailing', 'true', 'union', 'unique', 'user', 'using', 'variadic', 'when', 'where', 'window',
  'with',
]);

/** `schema.name` as SQL writes it. */
export function qualifiedName(of: { readonly schema: string; readonly name: string }): string {
  return `${quoteName(of.schema)}.${quoteName(of.name)}`;
}

function columnNames(relation: StoredRelation, columns: readonly number[]): string {
  return columns.map((at) => quoteName(must(relation.columns[at], 'column').name)).join(', ');
}

function namesOf(relation: StoredRelation): (at: number) => string {
  return (at) => quoteName(relation.columns[at]?.name ?? `column${at + 1}`);
}

/** True when the column's values come from a sequence by way of its default, as serial has it. */
export function isSerial(relation: StoredRelation, at: number): boolean {
  return relation.columns[at]?.serial === true;
}

/** The default of a column as pg_attrdef has it; null when it has none. */
export function defaultText(
  catalog: CatalogState, relation: StoredRelation, at: number,
): string | null {
  const column = must(relation.columns[at], 'column');
  if (column.serial === true) return nextText(catalog, relation, at);
  if (column.generated !== null) {
    return conditionText(column.generated, { names: namesOf(relation), pretty: false });
  }
  return column.defaultExpr === null ? null
    : defaultValueText(column.defaultExpr, namesOf(relation));
}

function nextText(catalog: CatalogState, relation: StoredRelation, at: number): string | null {
  const entry = relation.sequences?.find(({ column }) => column === at);
  const sequence = entry === undefined ? undefined : catalog.objects.get(entry.sequence);
  if (sequence === undefined) return null;
  const schema = catalog.schemas.get(sequence.schemaId)?.name ?? relation.schema;
  const name = schema === 'public' ? quoteName(sequence.name)
    : qualifiedName({ schema, name: sequence.name });
  return `nextval('${name.replaceAll("'", "''")}'::regclass)`;
}

/** An expression over a relation's columns as SQL. */
export function expressionText(relation: StoredRelation, expr: ScalarExpr): string {
  return conditionText(expr, { names: namesOf(relation), pretty: false });
}

/** A part of an index: its name as a column, and its text. */
export interface IndexPartText {
  readonly name: string;
  readonly text: string;
}

/** The parts of an index as SQL; expressions other than calls stand in parentheses. */
export function indexParts(relation: StoredRelation, index: StoredIndex): readonly IndexPartText[] {
  const named = (at: number): string => must(relation.columns[at], 'index column').name;
  if (index.parts === undefined) {
    return index.columns.map((at) => ({ name: named(at), text: quoteName(named(at)) }));
  }
  return index.parts.map(({ expr }) => {
    const text = expressionText(relation, expr);
    if (expr.kind === 'column') return { name: named(expr.index), text };
    const call = /^(\w+)\(/.exec(text)?.[1];
    const bare = call === undefined && !text.startsWith('(');
    return { name: call ?? 'expr', text: bare ? `(${text})` : text };
  });
}

/** CREATE INDEX ..., or one column of it (from 1). */
export function indexText(catalog: CatalogState, index: StoredIndex, part: number): string {
  const relation = must(catalog.relation(index.relation), 'indexed relation');
  const parts = indexParts(relation, index);
  if (part > 0) {
    const one = parts[part - 1];
    return one === undefined ? '' : one.text;
  }
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${quoteName(index.name)} ON `
    + `${qualifiedName(relation)} USING btree (${
      parts.map(({ text }, n) => text + (index.suffixes?.[n] ?? '')).join(', ')})`
    + `${(index.include ?? []).length === 0 ? ''
      : ` INCLUDE (${columnNames(relation, index.include ?? [])})`}`
    + `${index.nullsEqual === true ? ' NULLS NOT DISTINCT' : ''}`
    + `${index.where == null ? '' : ` WHERE ${expressionText(relation, index.where)}`}`;
}

/** PRIMARY KEY (...), UNIQUE (...) */
export function keyText(catalog: CatalogState, index: StoredIndex): string {
  const relation = must(catalog.relation(index.relation), 'keyed relation');
  const kind = index.constraint === 'primary' ? 'PRIMARY KEY' : 'UNIQUE';
  const nulls = index.nullsEqual === true ? ' NULLS NOT DISTINCT' : '';
  return `${kind}${nulls} (${columnNames(relation, index.columns)})`;
}

/** FOREIGN KEY (...) REFERENCES ... */
export function referenceText(
  catalog: CatalogState, relation: StoredRelation, key: StoredForeignKey,
): string {
  const target = must(catalog.relation(key.target), 'table referred to');
  const action = (clause: string, what: string): string =>
    (what === 'no action' ? '' : ` ON ${clause} ${what.toUpperCase()}`);
  return `FOREIGN KEY (${columnNames(relation, key.columns)}) REFERENCES `
    + `${target.schema === 'public' ? quoteName(target.name) : qualifiedName(target)}`
    + `(${columnNames(target, key.targetColumns)})${key.matchFull ? ' MATCH FULL' : ''}`
    + `${action('UPDATE', key.onUpdate)}${action('DELETE', key.onDelete)}`
    + `${key.deferrable ? ' DEFERRABLE' : ''}${key.deferred ? ' INITIALLY DEFERRED' : ''}`
    + `${key.validated ? '' : ' NOT VALID'}`;
}

/** CHECK ((...)); pretty: CHECK (...) */
export function checkText(relation: StoredRelation, at: number, pretty: boolean): string {
  const { expr } = must(relation.checks[at], 'check');
  return `CHECK (${conditionText(expr, { names: namesOf(relation), pretty })})`;
}

/** A view's query with a leading blank and a semicolon, as PostgreSQL shows it. */
export function viewText(relation: StoredRelation): string {
  const text = relation.sql.trim().replace(/;\s*$/, '');
  return ` ${text};`;
}

function typeText(type: SignatureType): string {
  const name = signatureTypeName(type);
  return typeNameOf(typeOidOf(name === 'char' ? '"char"' : name) ?? 0) ?? name;
}

/** The arguments of a function, with names where calls may use them. */
export function argumentsText(entry: FunctionEntry): string {
  return entry.args.map((type, at) => {
    const name = entry.argNames?.[at];
    const last = entry.variadic && at === entry.args.length - 1;
    return `${last ? 'VARIADIC ' : ''}${name === undefined ? '' : `${quoteName(name)} `}`
      + `${typeText(type)}${last ? '[]' : ''}`;
  }).join(', ');
}

/** Argument types alone, as regprocedure shows them. */
export function signatureText(entry: FunctionEntry): string {
  return entry.args.map(typeText).join(',');
}

/** The result of a function. */
export function resultText(entry: FunctionEntry): string {
  return `${entry.kind === 'table' ? 'SETOF ' : ''}${typeText(entry.result)}`;
}
