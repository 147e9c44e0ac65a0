/**
 * DROP TYPE and DROP DOMAIN, with the columns, functions and types that use them.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { arrayOf } from '../../common/types/sql-type.ts';
import { formatType } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import { namedPart, userTypeOf } from '../catalog-types.ts';
import { functionOf } from '../catalog-functions.ts';
import type { StoredObject } from '../catalog-store-types.ts';
import { signatureText } from '../../planner/functions/user-function.ts';
import { dropColumn } from './ddl-alter-columns.ts';
import { relationLabel } from './relation-label.ts';
import { columnsOfType, findType, objectsOfType } from './named-type.ts';
import type { NamedType, TypedColumn } from './named-type.ts';
import type { StatementContext } from './statement-context.ts';
import { nameText } from './statement-context.ts';

/** What a DROP asks for. */
export interface TypeDrop {
  readonly object: string;
  readonly name: QualifiedName;
  readonly cascade: boolean;
  /** Drops what depends on an oid; gives nothing back. */
  readonly dropDependants: (oid: number) => void;
}

/** Drops a type; false when there is none of the name. */
export function dropType(context: StatementContext, drop: TypeDrop): boolean {
  const found = findType(context, drop.name);
  if (found === null) {
    refuseRowType(context, drop);
    return false;
  }
  if (drop.object === 'domain' && found.type.domain === undefined) {
    throw sqlError('42809', `"${nameText(drop.name)}" is not a domain`);
  }
  if (!drop.cascade) refuseUsers(context, found);
  dropWithUsers(context, found, drop);
  return true;
}

/** The type of a relation's rows goes with the relation. */
function refuseRowType(context: StatementContext, drop: TypeDrop): void {
  const relation = context.find(drop.name);
  if (relation === null) return;
  if (drop.object === 'domain') {
    throw sqlError('42809', `"${nameText(drop.name)}" is not a domain`);
  }
  throw sqlError('2BP01', `cannot drop type ${relation.name} because ${relationLabel(relation)} `
    + 'requires it', { hint: `You can drop ${relationLabel(relation)} instead.` });
}

function columnLabel({ relation, at }: TypedColumn): string {
  return `column ${must(relation.columns[at], 'column').name} of ${relationLabel(relation)}`;
}

function objectText(object: StoredObject): string {
  const of = functionOf(object);
  if (of !== null) return `function ${signatureText(of)}`;
  const type = userTypeOf(object);
  return type === null ? `${object.kind} ${object.name}` : `type ${formatType(type)}`;
}

/** The type as a column has it: itself or an array of it. */
function usedText({ relation, at }: TypedColumn, type: SqlType): string {
  const own = must(relation.columns[at], 'column').type;
  return formatType(own.name === 'array' ? arrayOf(type) : type);
}

function viewsOf(context: StatementContext, oid: number): readonly string[] {
  const { catalog } = context.transaction;
  return catalog.dependants(oid).flatMap(({ id }) => {
    const relation = catalog.relation(id);
    return relation === null ? [] : [relationLabel(relation)];
  });
}

function refuseUsers(context: StatementContext, { object, type }: NamedType): void {
  const label = formatType(type);
  const lines = [
    ...objectsOfType(context, object.id).map((each) =>
      `${objectText(each)} depends on type ${label}`),
    ...columnsOfType(context, object.id).map((column) =>
      `${columnLabel(column)} depends on type ${usedText(column, type)}`),
    ...viewsOf(context, object.id).map((view) => `${view} depends on type ${label}`),
  ];
  if (lines.length === 0) return;
  throw sqlError('2BP01', `cannot drop type ${label} because other objects depend on it`, {
    detail: lines.join('\n'), hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
  });
}

function dropWithUsers(context: StatementContext, found: NamedType, drop: TypeDrop): void {
  const { id } = found.object;
  drop.dropDependants(id);
  for (const user of objectsOfType(context, id)) {
    context.notice('NOTICE', '00000', `drop cascades to ${objectText(user)}`);
    const type = userTypeOf(user);
    if (type !== null && namedPart(type) !== null) {
      dropWithUsers(context, { object: user, type }, drop);
    } else {
      drop.dropDependants(user.id);
      context.transaction.define({ kind: 'dropObject', id: user.id });
    }
  }
  for (let column = columnsOfType(context, id)[0]; column !== undefined;
    column = columnsOfType(context, id)[0]) {
    context.notice('NOTICE', '00000', `drop cascades to ${columnLabel(column)}`);
    const { name } = must(column.relation.columns[column.at], 'column');
    drop.dropDependants(column.relation.id);
    const { span } = drop.name;
    dropColumn(context, must(context.transaction.catalog.relation(column.relation.id), 'table'), {
      kind: 'dropColumn', ifExists: false, cascade: true, span,
      name: { kind: 'identifier', name, span },
    });
  }
  context.transaction.define({ kind: 'dropObject', id });
}
