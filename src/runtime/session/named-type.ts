/**
 * Finding the types users made, and who uses them.
 */
import { sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { StoredObject, StoredRelation } from '../catalog-store-types.ts';
import { mentionsType, namedPart, userTypeOf } from '../catalog-types.ts';
import type { StatementContext } from './statement-context.ts';
import { nameText } from './statement-context.ts';

/** A type with the object that holds it. */
export interface NamedType {
  readonly object: StoredObject;
  readonly type: SqlType;
}

/** The type of a name, or null. */
export function findType(context: StatementContext, name: QualifiedName): NamedType | null {
  const own = name.parts.at(-1)?.name ?? '';
  const schemas = name.parts.length > 1 ? [name.parts.at(-2)?.name ?? '']
    : context.catalog.searchPath;
  for (const candidate of schemas) {
    const schema = context.catalog.schemaByName(candidate);
    const object = schema === null ? null
      : context.transaction.catalog.objectByName('type', schema.id, own);
    const type = object === null ? null : userTypeOf(object);
    if (object !== null && type !== null) return { object, type };
  }
  return null;
}

/** The type of a name; 42704 when there is none, 42809 for a type of another kind. */
export function requireType(
  context: StatementContext, name: QualifiedName, kind: 'type' | 'domain',
): NamedType {
  const found = findType(context, name);
  if (found === null && context.find(name) !== null) {
    throw sqlError('42809', kind === 'domain' ? `${nameText(name)} is not a domain`
      : `${nameText(name)} is a table's row type`, kind === 'domain' ? {}
      : { hint: 'Use ALTER TABLE instead.' });
  }
  if (found === null) {
    throw sqlError('42704', `type "${nameText(name)}" does not exist`, { span: name.span });
  }
  if (kind === 'domain' && found.type.domain === undefined) {
    throw sqlError('42809', `${formatType(found.type)} is not a domain`);
  }
  return found;
}

/** A column whose type is, or is made of, a type. */
export interface TypedColumn {
  readonly relation: StoredRelation;
  readonly at: number;
}

/** The columns of tables and sources that use a type. */
export function columnsOfType(context: StatementContext, oid: number): readonly TypedColumn[] {
  const found: TypedColumn[] = [];
  for (const relation of context.transaction.catalog.relations.values()) {
    if (relation.kind !== 'table' && relation.kind !== 'source') continue;
    for (const [at, column] of relation.columns.entries()) {
      if (mentionsType(column.type, oid)) found.push({ relation, at });
    }
  }
  return found;
}

/** Types and functions that are made of a type; the type itself is not among them. */
export function objectsOfType(context: StatementContext, oid: number): readonly StoredObject[] {
  return [...context.transaction.catalog.objects.values()].filter((object) =>
    object.id !== oid && (object.kind === 'type' || object.kind === 'function')
      && (mentionsType(object.data, oid) || isDomainOver(object, oid)));
}

/** A domain keeps the checks of the domain below it, not its name. */
function isDomainOver(object: StoredObject, oid: number): boolean {
  return object.data['over'] === oid;
}

/** The oid of what a type is called by. */
export function oidOfType(type: SqlType): number {
  return namedPart(type)?.oid ?? 0;
}
