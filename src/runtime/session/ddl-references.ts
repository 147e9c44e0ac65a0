/**
 * REFERENCES and FOREIGN KEY: what a constraint says, made into what is stored; and what goes with
 * a table or a key that is referred to.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { ReferencesConstraint } from '../../parser/ast-definitions.ts';
import type { CatalogColumn } from '../../planner/catalog.ts';
import type {
  ReferenceAction, StoredForeignKey, StoredIndex, StoredRelation,
} from '../catalog-store-types.ts';
import { sameColumns } from '../catalog-store.ts';
import type { Reference } from '../catalog-store.ts';
import { checkReferences } from './foreign-keys.ts';
import { relationLabel } from './relation-label.ts';
import type { StatementContext } from './statement-context.ts';
import { isTemporary } from './temporary-names.ts';

/** A table as far as it is known when its constraints are read. */
export type KeyedTable = Pick<StoredRelation, 'id' | 'name' | 'schema' | 'columns' | 'primaryKey'
  | 'uniqueKeys' | 'connector' | 'foreignKeys' | 'options'>;

/** A constraint with the columns it is about: those of the clause, or the column it stands on. */
export interface WrittenReference {
  readonly constraint: ReferencesConstraint;
  readonly columns: readonly number[];
}

/** The foreign key a constraint stands for. */
export function foreignKey(
  context: StatementContext, table: KeyedTable, { constraint, columns }: WrittenReference,
): StoredForeignKey {
  const { span } = constraint;
  if (table.connector !== null) {
    throw sqlError('0A000', 'foreign keys of tables with a connector are not supported', {
      span, hint: 'Leave REFERENCES out; a view can find rows without a partner.',
    });
  }
  const target = targetOf(context, table, constraint);
  if (target.options.some(([option]) => option === 'ttl')) {
    throw sqlError('0A000', 'a foreign key cannot refer to a table whose rows are deleted by age', {
      span, hint: `Leave ttl out of "${target.name}", or REFERENCES out here.`,
    });
  }
  const targetColumns = keyOf(target, constraint);
  const name = constraint.name?.name ?? freeName(table, columns);
  if ((table.foreignKeys ?? []).some((key) => key.name === name)) {
    throw sqlError('42710', `constraint "${name}" for relation "${table.name}" already exists`);
  }
  if (columns.length !== targetColumns.length) {
    throw sqlError('42830',
      'number of referencing and referenced columns for foreign key disagree', { span });
  }
  for (const [at, column] of columns.entries()) {
    const own = must(table.columns[column], 'column');
    const other = must(target.columns[must(targetColumns[at], 'column')], 'column');
    if (!comparable(own.type, other.type)) throw incompatible(name, own, other, constraint);
  }
  const { matchFull, deferrable, deferred } = constraint;
  return {
    id: context.core.catalog.allocate(), name, columns, target: target.id, targetColumns,
    onDelete: actionOf(constraint.onDelete), onUpdate: actionOf(constraint.onUpdate),
    matchFull, deferrable, deferred, validated: !constraint.notValid,
  };
}

function actionOf(written: string | null): ReferenceAction {
  switch (written) {
    case 'restrict': case 'cascade': case 'set null': case 'set default': return written;
    default: return 'no action';
  }
}

function targetOf(
  context: StatementContext, table: KeyedTable, constraint: ReferencesConstraint,
): KeyedTable {
  const { parts, span } = constraint.table;
  const found = context.find(constraint.table);
  if (found === null && parts.at(-1)?.name === table.name) return table;
  const target = found ?? context.resolve(constraint.table);
  if (target.kind !== 'table') {
    throw sqlError('42809', `referenced relation "${target.name}" is not a table`, { span });
  }
  if (isTemporary(table) !== isTemporary(target)) {
    throw sqlError('42P16', isTemporary(table)
      ? 'constraints on temporary tables may reference only temporary tables'
      : 'constraints on permanent tables may reference only permanent tables', { span });
  }
  return target;
}

/** The key referred to: the one named, else the primary key. */
function keyOf(target: KeyedTable, constraint: ReferencesConstraint): readonly number[] {
  if (constraint.targetColumns.length === 0) {
    if (target.primaryKey !== null) return target.primaryKey;
    throw sqlError('42704', `there is no primary key for referenced table "${target.name}"`, {
      span: constraint.table.span,
    });
  }
  const columns = numbersOf(target, constraint.targetColumns);
  const keys = [...(target.primaryKey === null ? [] : [target.primaryKey]), ...target.uniqueKeys];
  if (keys.some((key) => sameColumns(key, columns))) return columns;
  throw sqlError('42830', 'there is no unique constraint matching given keys for referenced table '
    + `"${target.name}"`, { span: constraint.table.span });
}

/** Numbers of columns by name; 42703. */
export function numbersOf(
  table: Pick<StoredRelation, 'columns'>, names: ReferencesConstraint['columns'],
): readonly number[] {
  return names.map(({ name, span }) => {
    const at = table.columns.findIndex((column) => column.name === name);
    if (at >= 0) return at;
    throw sqlError('42703',
      `column "${name}" referenced in foreign key constraint does not exist`, { span });
  });
}

const FAMILIES: readonly (readonly SqlType['name'][])[] = [
  ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'], ['text', 'varchar', 'bpchar', 'name'],
  ['timestamp', 'timestamptz', 'date'],
];

/** Types whose values an = compares; their texts read as one another. */
function comparable(a: SqlType, b: SqlType): boolean {
  return a.name === b.name
    || FAMILIES.some((family) => family.includes(a.name) && family.includes(b.name));
}

function incompatible(
  name: string, own: CatalogColumn, other: CatalogColumn, constraint: ReferencesConstraint,
): Error {
  return sqlError('42804', `foreign key constraint "${name}" cannot be implemented`, {
    span: constraint.span,
    detail: `Key columns "${own.name}" and "${other.name}" are of incompatible types: `
      + `${formatType(own.type)} and ${formatType(other.type)}.`,
  });
}

function freeName(table: KeyedTable, columns: readonly number[]): string {
  const names = columns.map((at) => must(table.columns[at], 'column').name).join('_');
  const taken = new Set((table.foreignKeys ?? []).map((key) => key.name));
  for (let n = 0; ; n++) {
    const name = `${table.name}_${names}_fkey${n === 0 ? '' : n}`;
    if (!taken.has(name)) return name;
  }
}

/** ALTER TABLE ... ADD FOREIGN KEY: the rows that are there are checked. */
export async function addForeignKey(
  context: StatementContext, relation: StoredRelation, written: WrittenReference,
): Promise<void> {
  const key = foreignKey(context, relation, written);
  await context.transaction.lock(relation.id, 'change');
  if (key.target !== relation.id) await context.transaction.lock(key.target, 'append');
  if (key.validated) {
    checkReferences(context, relation, key, [...context.snapshot(relation.id)]);
  }
  context.transaction.define({ kind: 'alterRelation', relation: {
    ...relation, foreignKeys: [...relation.foreignKeys ?? [], key],
  } });
}

/** A foreign key as messages name it. */
export function referenceLabel({ relation, key }: Reference): string {
  return `constraint ${key.name} on ${relationLabel(relation)}`;
}

/** Foreign keys of other tables that rest on a key. */
function referencesToKey(
  context: StatementContext, relation: StoredRelation, key: readonly number[],
): readonly Reference[] {
  return context.transaction.catalog.referencesTo(relation.id)
    .filter((reference) => sameColumns(reference.key.targetColumns, key));
}

/** 2BP01 where other tables' foreign keys rest on the key of an index. */
export function refuseReferencedKey(
  context: StatementContext, relation: StoredRelation, index: StoredIndex,
): void {
  const references = referencesToKey(context, relation, index.columns);
  if (references.length === 0) return;
  throw sqlError('2BP01', `cannot drop constraint ${index.name} on ${relationLabel(relation)} `
    + 'because other objects depend on it', {
    detail: references.map((reference) =>
      `${referenceLabel(reference)} depends on index ${index.name}`).join('\n'),
    hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
  });
}

/** A table without one of its foreign keys. */
export function withoutForeignKey(relation: StoredRelation, id: number): StoredRelation {
  return {
    ...relation, foreignKeys: (relation.foreignKeys ?? []).filter((key) => key.id !== id),
  };
}
