/**
 * CREATE SEQUENCE and ALTER SEQUENCE; identities of columns that are there.
 *
 * A sequence that a column owns goes with the column.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type {
  Alter, AlterIdentity, AlterSequence, CreateSequence, SequenceOption,
} from '../../parser/ast-definitions.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import { bindTypeName } from '../../planner/planner.ts';
import type { CatalogColumn } from '../../planner/catalog.ts';
import type { StoredObject, StoredRelation } from '../catalog-store-types.ts';
import { sequenceOf } from '../engine-sequences.ts';
import { columnNumber } from './ddl-alter-columns.ts';
import { targetOf } from './ddl-create.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import { identitySequence } from './identity-sequence.ts';
import { sequenceFrom } from './sequence-data.ts';
import type { StatementContext } from './statement-context.ts';
import { nameText } from './statement-context.ts';

/** CREATE SEQUENCE. */
export function createSequence(
  context: StatementContext, statement: CreateSequence,
): StatementResult {
  const target = targetOf(context, statement.name, statement.temporary);
  const { catalog } = context.transaction;
  const taken = catalog.objectByName('sequence', target.schema.id, target.name) !== null
    || catalog.nameTaken(context.scope.database.id, target.schema.id, target.name);
  if (taken) {
    if (!statement.ifNotExists) throw sqlError('42P07', `relation "${target.name}" already exists`);
    context.notice('NOTICE', '42P07', `relation "${target.name}" already exists, skipping`);
    return command('CREATE SEQUENCE');
  }
  const type = statement.type === null ? null : bindTypeName(statement.type, context.planning);
  const { data } = sequenceFrom({ options: statement.options, type, old: null, last: null });
  context.transaction.define({ kind: 'putObject', object: {
    id: context.core.catalog.allocate(), kind: 'sequence', database: context.scope.database.id,
    schemaId: target.schema.id, name: target.name, owner: context.scope.user, dependsOn: [],
    data: { ...data, ...ownerOf(context, statement.options) },
  } });
  return command('CREATE SEQUENCE');
}

/** OWNED BY: the column that takes the sequence along when it goes. */
function ownerOf(
  context: StatementContext, options: readonly SequenceOption[],
): { readonly owned?: unknown } {
  const named = options.find(({ name }) => name === 'owned')?.ownedBy ?? null;
  if (named === null) return {};
  const parts = named.parts.map(({ name }) => name);
  if (parts.length === 1 && parts[0] === 'none') return { owned: null };
  if (parts.length === 1) {
    throw sqlError('42601', 'invalid OWNED BY option', {
      span: named.span, hint: 'Specify OWNED BY table.column or OWNED BY NONE.',
    });
  }
  const relation = context.resolve({ ...named, parts: named.parts.slice(0, -1) });
  if (relation.kind !== 'table') {
    throw sqlError('42809', `sequence cannot be owned by relation "${relation.name}"`);
  }
  return { owned: { relation: relation.id,
    column: columnNumber(relation, must(parts.at(-1), 'column')) } };
}

/** The sequence of a name, or null. */
export function findSequence(context: StatementContext, name: QualifiedName): StoredObject | null {
  const own = name.parts.at(-1)?.name ?? '';
  const schemas = name.parts.length > 1 ? [name.parts.at(-2)?.name ?? '']
    : context.catalog.searchPath;
  for (const each of schemas) {
    const schema = context.catalog.schemaByName(each);
    const found = schema === null ? null
      : context.transaction.catalog.objectByName('sequence', schema.id, own);
    if (found !== null) return found;
  }
  return null;
}

/** ALTER SEQUENCE. */
export function alterSequence(context: StatementContext, statement: Alter): StatementResult {
  const tag = 'ALTER SEQUENCE';
  const found = findSequence(context, statement.name);
  if (found === null) {
    const what = `relation "${nameText(statement.name)}" does not exist`;
    if (!statement.ifExists) throw sqlError('42P01', what, { span: statement.name.span });
    context.notice('NOTICE', '00000', `${what}, skipping`);
    return command(tag);
  }
  for (const action of statement.actions) {
    switch (action.kind) {
      case 'alterSequence': change(context, found, action); break;
      case 'rename': put(context, { ...found, name: action.to.name }); break;
      case 'owner': put(context, { ...found, owner: action.role.name }); break;
      case 'setSchema': {
        const schema = context.catalog.schemaByName(action.schema.name);
        if (schema !== null) {
          put(context, { ...found, schemaId: schema.id });
          break;
        }
        throw sqlError('3F000', `schema "${action.schema.name}" does not exist`);
      }
      default: throw sqlError('0A000', 'this form of ALTER SEQUENCE is not supported', {
        span: action.span, hint: 'Drop the sequence and create it again.',
      });
    }
  }
  return command(tag);
}

/** Refuses names that are taken when it is renamed or moved. */
function put(context: StatementContext, object: StoredObject): void {
  const { catalog } = context.transaction;
  const other = catalog.objectByName('sequence', object.schemaId, object.name);
  if (catalog.nameTaken(context.scope.database.id, object.schemaId, object.name)
    || (other !== null && other.id !== object.id)) {
    throw sqlError('42P07', `relation "${object.name}" already exists`);
  }
  context.transaction.define({ kind: 'putObject', object });
}

function change(
  context: StatementContext, sequence: StoredObject,
  action: Pick<AlterSequence, 'options' | 'type'>,
): void {
  const type = action.type === null ? null : bindTypeName(action.type, context.planning);
  const last = context.core.info.lastOfSequence(sequence.id);
  const { data, restart } = sequenceFrom({
    options: action.options, type, old: sequence.data, last,
  });
  const next = restart ?? stillToCome(sequence, last);
  context.transaction.define({ kind: 'putObject', object: {
    ...sequence, data: { ...data, restart: next, ...ownerOf(context, action.options) },
  } });
  if (next !== null) context.core.setSequence(sequence.id, next - sequenceOf(data).increment);
}

/** What RESTART said, when no value was given out since. */
function stillToCome({ data }: StoredObject, last: bigint | null): bigint | null {
  const { restart } = data;
  return typeof restart === 'bigint' && last === restart - sequenceOf(data).increment
    ? restart : null;
}

/** ALTER COLUMN ... of identity columns. */
export function alterIdentity(
  context: StatementContext, relation: StoredRelation, action: AlterIdentity,
): void {
  const at = columnNumber(relation, action.name.name);
  const column = must(relation.columns[at], 'column');
  if (action.change === 'add') return addIdentity(context, relation, at, action);
  if (column.identity === null || column.serial === true) {
    const what = `column "${column.name}" of relation "${relation.name}" is not an identity column`;
    if (!action.ifExists) throw sqlError('55000', what);
    context.notice('NOTICE', '00000', `${what}, skipping`);
    return;
  }
  const sequence = must(relation.sequences?.find((each) => each.column === at), 'sequence');
  if (action.change === 'drop') {
    context.transaction.define({ kind: 'alterRelation', relation: {
      ...relation, columns: relation.columns.with(at, { ...column, identity: null }),
      sequences: (relation.sequences ?? []).filter((each) => each.column !== at),
    } }, { kind: 'dropObject', id: sequence.sequence });
    return;
  }
  const object = must(context.transaction.catalog.objects.get(sequence.sequence), 'sequence');
  if (action.options.length > 0) change(context, object, { options: action.options, type: null });
  if (action.always === null) return;
  context.transaction.define({ kind: 'alterRelation', relation: {
    ...relation, columns: relation.columns.with(at,
      { ...column, identity: action.always ? 'always' : 'byDefault' }),
  } });
}

function addIdentity(
  context: StatementContext, relation: StoredRelation, at: number, action: AlterIdentity,
): void {
  const column = must(relation.columns[at], 'column');
  const what = `column "${column.name}" of relation "${relation.name}"`;
  const sequence = context.core.catalog.allocate();
  const made = identitySequence(context, relation, {
    sequence, column: column.name, options: action.options, type: column.type,
  });
  refuseIdentity(column, what);
  context.transaction.define(made, { kind: 'alterRelation', relation: {
    ...relation,
    columns: relation.columns.with(at,
      { ...column, identity: action.always === true ? 'always' : 'byDefault' }),
    sequences: [...relation.sequences ?? [], { column: at, sequence }],
  } });
}

function refuseIdentity(column: CatalogColumn, what: string): void {
  if (column.identity !== null) {
    throw sqlError('55000', `${what} is already an identity column`);
  }
  if (!column.notNull) {
    throw sqlError('55000', `${what} must be declared NOT NULL before identity can be added`);
  }
  if (column.defaultExpr !== null) {
    throw sqlError('55000', `${what} already has a default value`);
  }
}
