/**
 * CREATE SINK and DROP SINK: what a sink is in the catalog.
 *
 * AS SELECT makes a materialized view that goes with the sink; the brokers or the table are met
 * when the sink is declared, so that a wrong address fails at once.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import { sameType } from '../../common/types/sql-type.ts';
import type { CreateSink } from '../../parser/ast-definitions.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { isSuperuser } from '../catalog-roles.ts';
import { DEAD_LETTER_SCHEMA } from '../catalog-store.ts';
import { sinkLetters } from '../sinks/letters.ts';
import { checkSink, findSinkKind } from '../sinks/registry.ts';
import { storedSink } from '../sinks/sink.ts';
import type { SinkEnvelope, SinkSpec, StoredSink } from '../sinks/sink.ts';
import { optionText } from './ddl-connector.ts';
import { targetOf } from './ddl-create.ts';
import { createView } from './ddl-view.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';

/** Options of every sink. */
const OWN_OPTIONS = ['connector', 'format', 'envelope', 'key', 'primary_key', 'key.fields',
  'key.format', 'force_append_only'];

/** CREATE SINK. */
export async function createSink(
  context: StatementContext, statement: CreateSink,
): Promise<StatementResult> {
  const tag = 'CREATE SINK';
  if (statement.orReplace) {
    throw sqlError('0A000', 'CREATE OR REPLACE SINK is not supported', {
      span: statement.span, hint: 'Drop the sink first.',
    });
  }
  const target = targetOf(context, statement.name);
  if (context.transaction.catalog.objectByName('sink', target.schema.id, target.name) !== null) {
    const message = `sink "${target.name}" already exists`;
    if (!statement.ifNotExists) throw sqlError('42710', message);
    context.notice('NOTICE', '42710', `${message}, skipping`);
    return command(tag);
  }
  const id = context.core.catalog.allocate();
  const relation = relationOf(context, statement, target.name);
  const spec = specOf(statement, relation, { id, name: target.name });
  const into = statement.into === null ? null : intoOf(context, statement.into, relation);
  let deadLetters: number | undefined;
  if (into === null) {
    checkSink(spec);
    const kind = findSinkKind(spec.connector);
    const { outside = {}, clock } = context.core.environment;
    const { catalog } = context.transaction;
    if (kind.superuser === true && !isSuperuser(catalog, context.scope.user)) {
      throw sqlError('42501', `must be superuser to create a sink "${spec.connector}"`);
    }
    await kind.prepare({
      spec, outside, clock, stopped: () => false, stalled: () => undefined,
    });
    if (kind.keepsLetters === true) {
      deadLetters = lettersOf(context, target.schema.name, spec.name);
    }
  }
  const stored: StoredSink = {
    spec, relation: relation.id, ownView: statement.query === null ? null : relation.id, into,
    ...deadLetters === undefined ? {} : { deadLetters }, confirmed: null,
    sql: context.text.slice(statement.span.start, statement.span.end),
  };
  context.transaction.define({ kind: 'putObject', object: {
    id, kind: 'sink', database: context.scope.database.id, schemaId: target.schema.id,
    name: target.name, owner: context.scope.user,
    dependsOn: into === null ? [relation.id] : [relation.id, into.table],
    data: { ...stored },
  } });
  return command(tag);
}

/** Makes the relation of what the outside does not want. */
function lettersOf(context: StatementContext, schema: string, sink: string): number {
  const { catalog } = context.transaction;
  const id = context.core.catalog.allocate();
  const database = context.scope.database.id;
  const name = catalog.nameTaken(database, DEAD_LETTER_SCHEMA, sink) ? `${schema}.${sink}` : sink;
  const relation = sinkLetters({ id, name, database, owner: context.scope.user });
  context.transaction.define({ kind: 'createRelation', relation });
  return id;
}

/** The relation whose changes go out; AS SELECT makes one. */
function relationOf(
  context: StatementContext, statement: CreateSink, sink: string,
): StoredRelation {
  const { query, from, span } = statement;
  if (query !== null) {
    const own = { kind: 'identifier', name: `__sink_${sink}`, quoted: true, span } as const;
    const name: QualifiedName = {
      ...statement.name, parts: [...statement.name.parts.slice(0, -1),
        { ...must(statement.name.parts.at(-1), 'name'), ...own }],
    };
    createView(context, {
      kind: 'createView', materialized: true, orReplace: false, temporary: false,
      recursive: false, ifNotExists: false, name, columns: [], options: [], query,
      withNoData: false, checkOption: null, span: query.span,
    });
    const { schema } = targetOf(context, name);
    return must(context.transaction.catalog.relationByName(context.scope.database.id, schema.id,
      own.name), 'view of a sink');
  }
  const relation = context.resolve(must(from, 'relation of a sink'));
  if (relation.stored && relation.kind !== 'view' && relation.kind !== 'system') return relation;
  throw sqlError('0A000', `cannot create a sink from "${relation.name}"`, {
    span: must(from, 'relation').span, detail: 'Its rows are not stored.',
    hint: `Write CREATE SINK ... AS SELECT * FROM ${relation.name}.`,
  });
}

function specOf(
  statement: CreateSink, relation: StoredRelation,
  of: { readonly id: number; readonly name: string },
): SinkSpec {
  const options = new Map(statement.options.map((option) => [option.name, optionText(option)]));
  const connector = options.get('connector') ?? '';
  if (connector === '' && statement.into === null) {
    throw sqlError('42601', 'a sink needs a connector', {
      span: statement.span, hint: "Add WITH (connector = 'kafka', ...), or write INTO a table.",
    });
  }
  const key = keyOf(relation, options);
  const forced = options.get('force_append_only') === 'true';
  const appendOnly = forced || (relation.view?.appendOnly ?? relation.appendOnly);
  return {
    id: `tidemill-${of.id}-${of.name}`, name: of.name, connector, key,
    columns: relation.columns.map(({ name, type }) => ({ name, type })),
    options: [...options].filter(([name]) => !OWN_OPTIONS.includes(name)),
    encode: (statement.format?.encode ?? options.get('format') ?? 'json').toLowerCase(),
    keyEncode: (statement.format?.keyEncode ?? options.get('key.format') ?? null)?.toLowerCase()
      ?? null,
    envelope: statement.into === null ? envelopeOf(statement, options, { key, appendOnly })
      : 'upsert',
  };
}

function keyOf(
  relation: StoredRelation, options: ReadonlyMap<string, string>,
): readonly number[] | null {
  const names = options.get('key') ?? options.get('primary_key') ?? options.get('key.fields');
  if (names === undefined) {
    const key = relation.view === null ? relation.primaryKey : relation.view.key;
    return key === null || key.length === 0
      || key.some((at) => at >= relation.columns.length) ? null : key;
  }
  return names.split(/[,;]/).map((each) => {
    const at = relation.columns.findIndex(({ name }) => name === each.trim());
    if (at >= 0) return at;
    throw sqlError('42703', `column "${each.trim()}" named in key does not exist`);
  });
}

function envelopeOf(
  statement: CreateSink, options: ReadonlyMap<string, string>,
  of: { readonly key: readonly number[] | null; readonly appendOnly: boolean },
): SinkEnvelope {
  const written = (statement.format?.format ?? options.get('envelope') ?? null)?.toLowerCase();
  const envelope = written ?? (of.appendOnly ? 'plain' : 'upsert');
  if (envelope !== 'plain' && envelope !== 'upsert' && envelope !== 'debezium') {
    throw sqlError('0A000', `FORMAT ${envelope.toUpperCase()} is not supported`, {
      hint: 'Use FORMAT PLAIN, UPSERT or DEBEZIUM.',
    });
  }
  if (envelope === 'plain' && !of.appendOnly) {
    throw sqlError('0A000', 'FORMAT PLAIN needs rows that are only added, and this relation '
      + 'changes its rows', { span: statement.span, hint: 'Use FORMAT UPSERT or DEBEZIUM, or the '
      + "option force_append_only = 'true', which leaves out what is taken back." });
  }
  if (envelope === 'upsert' && of.key === null) {
    throw sqlError('42P16', 'FORMAT UPSERT needs a key', {
      span: statement.span, hint: "Add key = 'columns' to the options, or use FORMAT DEBEZIUM.",
    });
  }
  return envelope;
}

function intoOf(
  context: StatementContext, name: QualifiedName, relation: StoredRelation,
): StoredSink['into'] {
  const table = context.resolve(name);
  if (table.kind !== 'table' || table.connector !== null || table.belongsTo !== null) {
    throw sqlError('42809', `"${table.name}" is not a table rows can be written to`, {
      span: name.span,
    });
  }
  if (isUpstream(context, relation, table.id)) {
    throw sqlError('42P17', `the sink would feed "${table.name}" with its own rows`, {
      span: name.span,
    });
  }
  const changes = !(relation.view?.appendOnly ?? relation.appendOnly);
  if (changes && table.primaryKey === null) {
    throw sqlError('42P16', `table "${table.name}" needs a primary key to take changes`, {
      span: name.span,
    });
  }
  return { table: table.id, columns: relation.columns.map(({ name: column, type }) => {
    const at = table.columns.findIndex((each) => each.name === column);
    const into = table.columns[at];
    if (into === undefined) {
      throw sqlError('42703', `column "${column}" of relation "${table.name}" does not exist`);
    }
    if (!sameType(into.type, type)) {
      throw sqlError('42804', `column "${column}" is of type ${formatType(into.type)} but the sink `
        + `gives ${formatType(type)}`, { hint: 'Cast it in CREATE SINK ... AS SELECT.' });
    }
    return at;
  }) };
}

/** True when a relation depends on a table, directly, through views or through other sinks. */
function isUpstream(
  context: StatementContext, relation: StoredRelation, table: number,
): boolean {
  const { catalog } = context.transaction;
  const seen = new Set<number>();
  const visit = (id: number): boolean => {
    if (id === table) return true;
    if (seen.has(id)) return false;
    seen.add(id);
    const sinks = [...catalog.objects.values()].filter((object) => object.kind === 'sink')
      .map(storedSink).filter(({ into }) => into?.table === id);
    return [...catalog.relation(id)?.view?.reads ?? [], ...sinks.map((sink) => sink.relation)]
      .some(visit);
  };
  return visit(relation.id);
}
