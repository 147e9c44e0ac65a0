/**
 * CREATE INDEX: over columns and expressions, whole or partial, unique or not.
 *
 * Columns of an index are arranged for look-ups. An index over expressions, or over a part of the
 * rows, is kept by the catalog: a unique one is enforced, and of any other the plain columns are
 * arranged for all rows.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { CreateIndex, IndexColumn } from '../../parser/ast-definitions.ts';
import type { Expr } from '../../parser/ast.ts';
import { bindIndexExpr } from '../../planner/bind-definitions.ts';
import { isImmutable } from '../../planner/function-facts.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type {
  IndexPart, StoredIndex, StoredKey, StoredRelation,
} from '../catalog-store-types.ts';
import { nameIsFree } from './ddl-create.ts';
import { refuseSystem } from './ddl-drop.ts';
import { addKey } from './ddl-keys.ts';
import { ExtraKeyRows, extraKeySource, extraKeysOf } from './extra-keys.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';

const METHODS: ReadonlySet<string> = new Set(['btree', 'hash', 'gist', 'spgist', 'gin', 'brin']);

/** CREATE INDEX. */
export async function createIndex(
  context: StatementContext, statement: CreateIndex,
): Promise<StatementResult> {
  const relation = context.resolve(statement.table);
  refuseSystem(relation);
  if (relation.kind !== 'table' && relation.kind !== 'materializedView') {
    throw sqlError('42809', `cannot create index on relation "${relation.name}"`, {
      detail: 'This operation is supported for tables and materialized views.',
    });
  }
  if (statement.method !== null && !METHODS.has(statement.method)) {
    throw sqlError('42704', `access method "${statement.method}" does not exist`);
  }
  const parts = statement.columns.map((column) => partOf(context, relation, column));
  const where = statement.where === null ? null
    : predicateOf(context, relation, statement.where);
  const name = statement.name?.name ?? indexName(context, relation, statement.columns);
  const schema = must(context.transaction.catalog.schemas.get(relation.schemaId), 'schema');
  if (!nameIsFree(context, { schema, name }, statement.ifNotExists)) {
    return command('CREATE INDEX');
  }
  await define(context, relation, { statement, parts, where, name });
  return command('CREATE INDEX');
}

interface NewIndex {
  readonly statement: CreateIndex;
  readonly parts: readonly IndexPart[];
  readonly where: ScalarExpr | null;
  readonly name: string;
}

async function define(
  context: StatementContext, relation: StoredRelation, of: NewIndex,
): Promise<void> {
  const { statement, parts, where, name } = of;
  const columns = parts.flatMap(({ expr }) => (expr.kind === 'column' ? [expr.index] : []));
  const isPlain = where === null && columns.length === parts.length;
  const include = statement.include.map(({ name: own, span }) =>
    columnNumber(relation, own, span));
  const sql = context.text.slice(statement.span.start, statement.span.end);
  const suffixes = suffixesOf(statement);
  const shown = { ...suffixes, ...include.length === 0 ? {} : { parts, include } };
  if (statement.unique && relation.kind === 'table' && isPlain && !statement.nullsNotDistinct) {
    await addKey(context, relation, { columns, name, constraint: null, sql, shown });
    return;
  }
  const index: StoredIndex = {
    id: context.core.catalog.allocate(), relation: relation.id, name,
    schemaId: relation.schemaId, columns: [...new Set(columns)], unique: statement.unique,
    constraint: null, sql, ...suffixes,
    ...isPlain && include.length === 0 && !statement.nullsNotDistinct ? {}
      : { parts, where, include, nullsEqual: statement.nullsNotDistinct },
  };
  if (statement.unique) {
    await addExtraKey(context, relation, of, index);
  } else if (columns.length < parts.length) {
    context.notice('NOTICE', '00000', `index "${name}" speeds up no look-ups by its expressions; `
      + 'a materialized view that computes them can be indexed');
  }
  context.transaction.define({ kind: 'putIndex', index });
}

async function addExtraKey(
  context: StatementContext, relation: StoredRelation, of: NewIndex, index: StoredIndex,
): Promise<void> {
  if (relation.kind !== 'table') {
    if (of.where === null && relation.primaryKey?.every((at) => index.columns.includes(at)) === true
      && index.columns.length === of.parts.length) return;
    throw sqlError('0A000', 'CREATE UNIQUE INDEX on other columns of a view than its key is not '
      + 'supported', { span: of.statement.span, hint: 'Create the index without UNIQUE.' });
  }
  await context.transaction.lock(relation.id, 'change');
  const key: StoredKey = {
    index: index.id, name: index.name, exprs: of.parts.map(({ expr }) => expr), where: of.where,
    nullsEqual: of.statement.nullsNotDistinct,
  };
  const next: StoredRelation = { ...relation, extraKeys: [...extraKeysOf(relation), key] };
  new ExtraKeyRows(extraKeySource(context, relation), next, key)
    .refuseDuplicates(context.snapshot(relation.id));
  context.transaction.define({ kind: 'alterRelation', relation: next });
}

function columnNumber(
  relation: StoredRelation, name: string, span: CreateIndex['span'],
): number {
  const at = relation.columns.findIndex((candidate) => candidate.name === name);
  if (at >= 0) return at;
  throw sqlError('42703', `column "${name}" does not exist`, { span });
}

function partOf(
  context: StatementContext, relation: StoredRelation, column: IndexColumn,
): IndexPart {
  if (column.expr.kind === 'columnRef') {
    const own = must(column.expr.parts.at(-1), 'column');
    const index = columnNumber(relation, own.name, column.span);
    const { type } = must(relation.columns[index], 'column');
    return { expr: { kind: 'column', index, type } };
  }
  return { expr: boundExpr(context, relation, column.expr, 'index expression') };
}

function predicateOf(
  context: StatementContext, relation: StoredRelation, where: Expr,
): ScalarExpr {
  const expr = boundExpr(context, relation, where, 'index predicate');
  if (expr.type.name === 'boolean') return expr;
  throw sqlError('42804', `argument of WHERE must be type boolean, not type ${expr.type.name}`, {
    span: where.span,
  });
}

function boundExpr(
  context: StatementContext, relation: StoredRelation, expr: Expr, what: string,
): ScalarExpr {
  const bound = bindIndexExpr(expr, { table: relation.name, columns: relation.columns },
    context.planning, what);
  if (isImmutable(bound)) return bound;
  throw sqlError('42P17', `functions in ${what} must be marked IMMUTABLE`, { span: expr.span });
}

/** Operator classes of the btree order; the pattern ones serve the same look-ups. */
const OPERATOR_CLASSES: ReadonlySet<string> = new Set(['bool', 'bpchar', 'bpchar_pattern', 'bytea',
  'char', 'date', 'float4', 'float8', 'int2', 'int4', 'int8', 'interval', 'jsonb', 'name',
  'numeric', 'oid', 'text', 'text_pattern', 'time', 'timetz', 'timestamp', 'timestamptz', 'uuid',
  'varchar', 'varchar_pattern', 'array', 'record', 'enum'].map((name) => `${name}_ops`));

/** What is written behind the columns of an index: kept to be shown. */
function suffixesOf({ columns }: CreateIndex): Pick<StoredIndex, 'suffixes'> {
  const suffixes = columns.map(({ operatorClass, direction, nulls }) => {
    const name = operatorClass === null ? '' : must(operatorClass.parts.at(-1), 'name').name;
    if (name !== '' && !OPERATOR_CLASSES.has(name)) {
      throw sqlError('42704', `operator class "${name}" does not exist for access method "btree"`,
        { span: operatorClass?.span });
    }
    const usual = (nulls === 'first') === (direction === 'desc') || nulls === null;
    const order = direction === 'desc' ? ' DESC' : '';
    const place = usual ? '' : ` NULLS ${(nulls ?? '').toUpperCase()}`;
    return `${name.endsWith('_pattern_ops') ? ` ${name}` : ''}${order}${place}`;
  });
  return suffixes.some((suffix) => suffix !== '') ? { suffixes } : {};
}

/** The name PostgreSQL makes up: table, columns or functions, idx. */
function indexName(
  context: StatementContext, relation: StoredRelation, columns: readonly IndexColumn[],
): string {
  const names: string[] = [];
  for (const { expr } of columns) {
    const own = expressionName(expr);
    let name = own;
    for (let n = 1; names.includes(name); n++) name = `${own}${n}`;
    names.push(name);
  }
  const base = [relation.name, ...names, 'idx'].join('_');
  const { catalog } = context.transaction;
  for (let n = 0; ; n++) {
    const name = n === 0 ? base : `${base}${n}`;
    if (!catalog.nameTaken(context.scope.database.id, relation.schemaId, name)) return name;
  }
}

/** A column's name, a function's name, or `expr`. */
export function expressionName(expr: Expr): string {
  switch (expr.kind) {
    case 'columnRef': return must(expr.parts.at(-1), 'column').name;
    case 'functionCall': return must(expr.name.parts.at(-1), 'function').name;
    case 'coalesce': return 'coalesce';
    case 'cast': {
      const inner = expressionName(expr.operand);
      return inner === 'expr' ? must(expr.type.name.parts.at(-1), 'type').name : inner;
    }
    default: return 'expr';
  }
}
