/**
 * pg_class, pg_attribute, pg_attrdef, pg_index, pg_constraint, pg_sequence: relations in detail.
 *
 * The catalog describes itself: system relations are listed with the rest, and their rows are made
 * once.
 */
import { must } from '../../common/assert.ts';
import { catalogTypeOid, typeOid, typmodOf } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { sqlArray } from '../../common/values.ts';
import type { SqlArray } from '../../common/values.ts';
import { columnsUsed } from '../../planner/expr-tools.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type { SystemContext } from '../engine-core-types.ts';
import { ownerOfSequence, sameColumns } from '../catalog-store.ts';
import { sequenceOf } from '../engine-sequences.ts';
import type {
  ReferenceAction, StoredForeignKey, StoredIndex, StoredObject, StoredRelation,
} from '../catalog-store-types.ts';
import { SHAPES } from './columns.ts';
import type { CatalogRow, Contents } from './content.ts';
import { remembered } from './content.ts';
import { aclOf, columnAcls } from './acl.ts';
import { defaultText, expressionText, indexParts, isSerial } from './definitions.ts';
import {
  C_COLLATION, checkOid, DEFAULT_COLLATION, defaultOid, relationsHere, roleOids, userRelations,
} from './oids.ts';
import { typeFact } from './types.ts';
import { domainConstraintRows, userTypes } from './user-types.ts';

const SHAPE_BY_OID = new Map(SHAPES.map((shape) => [shape.oid, shape]));
const HEAP = 2;
const BTREE = 403;

/** pg_class.relkind: 'r' table, 'v' view, 'm' materialized view, 'f' source (foreign table). */
export function relationKind(relation: StoredRelation): string {
  switch (relation.kind) {
    case 'table': return 'r';
    case 'view': return 'v';
    case 'materializedView': return 'm';
    case 'source': return 'f';
    case 'system': return SHAPE_BY_OID.get(relation.id)?.view === false ? 'r' : 'v';
  }
}

/** Indexes of the session's database with their relations. */
export function indexesHere(
  context: SystemContext,
): readonly { readonly index: StoredIndex; readonly relation: StoredRelation }[] {
  return [...context.catalog.indexes.values()].flatMap((index) => {
    const relation = context.catalog.relation(index.relation);
    return relation === null || relation.database !== context.database ? [] : [{ index, relation }];
  });
}

/** Sequences behind identity and serial columns. */
export function sequencesHere(context: SystemContext): readonly StoredObject[] {
  return [...context.catalog.objects.values()].filter((object) =>
    object.kind === 'sequence' && object.database === context.database);
}

function classRow(relation: StoredRelation, owner: number): CatalogRow {
  const kind = relationKind(relation);
  const stored = kind === 'r' || kind === 'm';
  return {
    oid: relation.id, relname: relation.name, relnamespace: relation.schemaId, relowner: owner,
    relam: stored ? HEAP : 0, relfilenode: stored ? relation.id : 0, relkind: kind,
    relpersistence: relation.schema.startsWith('pg_temp_') ? 't' : 'p',
    relnatts: relation.columns.length, relchecks: relation.checks.length,
    relhasrules: kind === 'v' || kind === 'm', relispopulated: true,
    relreplident: kind === 'r' || kind === 'm' ? 'd' : 'n', reltuples: -1,
    reloptions: kind === 'v' && relation.options.length > 0
      ? sqlArray(relation.options.map(([name, value]) => `${name}=${value}`)) : null,
  };
}

const systemClasses = remembered((relation: StoredRelation) =>
  Object.freeze(classRow(relation, 10)));

function* classes(context: SystemContext): Generator<CatalogRow, void> {
  const owner = roleOids(context);
  const indexed = new Set(indexesHere(context).map(({ index }) => index.relation));
  for (const relation of relationsHere(context)) {
    if (relation.kind === 'system') {
      yield systemClasses(relation);
      continue;
    }
    yield {
      ...classRow(relation, owner(relation.owner)), relhasindex: indexed.has(relation.id),
      relhastriggers: (relation.foreignKeys ?? []).length > 0
        || context.catalog.referencesTo(relation.id).length > 0,
      relacl: aclOf(context, { id: relation.id, owner: relation.owner, kind: 'relation',
        system: false }),
      ...(relation.kind === 'table' || relation.kind === 'materializedView'
        ? { reltuples: context.engine.rowCount(relation.id),
          relpages: pages(context.engine.storedBytes(relation.id)) } : {}),
    };
  }
  for (const { index, relation } of indexesHere(context)) {
    yield {
      oid: index.id, relname: index.name, relnamespace: index.schemaId,
      relowner: owner(relation.owner), relam: BTREE, relfilenode: index.id, relkind: 'i',
      relpersistence: 'p', relnatts: indexAttributes(index, relation).length, relispopulated: true,
      relreplident: 'n', reltuples: context.engine.rowCount(relation.id),
    };
  }
  for (const { object, type } of userTypes(context)) {
    if (type.fields === undefined || type.domain !== undefined) continue;
    yield {
      oid: object.id, relname: object.name, relnamespace: object.schemaId, reltype: object.id,
      relowner: owner(object.owner), relkind: 'c', relpersistence: 'p',
      relnatts: type.fields.length, relispopulated: true, relreplident: 'n', reltuples: -1,
    };
  }
  for (const sequence of sequencesHere(context)) {
    yield {
      oid: sequence.id, relname: sequence.name, relnamespace: sequence.schemaId,
      relowner: owner(sequence.owner), relfilenode: sequence.id, relkind: 'S',
      relpersistence: 'p', relnatts: 3, relispopulated: true, relreplident: 'n', reltuples: 1,
      relacl: aclOf(context, { id: sequence.id, owner: sequence.owner, kind: 'sequence',
        system: false }),
    };
  }
}

function pages(bytes: number): number {
  return Math.ceil(bytes / 8192);
}

interface Attribute {
  readonly relation: number;
  readonly number: number;
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
}

function attributeRow({ relation, number, name, type, notNull }: Attribute): CatalogRow {
  const oid = catalogTypeOid(type);
  const fact = type.name === 'enum' ? typeFact(700) : typeFact(typeOid(type));
  return {
    attrelid: relation, attname: name, atttypid: oid, attstattarget: -1,
    attlen: fact?.length ?? -1, attnum: number, attndims: type.name === 'array' ? 1 : 0,
    attcacheoff: -1, atttypmod: typmodOf(type), attbyval: fact?.byValue ?? false,
    attalign: fact?.align ?? 'i', attstorage: fact?.storage ?? 'x', attnotnull: notNull,
    attislocal: true,
    attcollation: fact === null || fact.collation === 0 ? 0
      : fact.collation === C_COLLATION ? C_COLLATION : DEFAULT_COLLATION,
  };
}

/** Attributes of a relation; the object stays the same while its definition does. */
const attributesOf = remembered((relation: StoredRelation): readonly CatalogRow[] => {
  const shape = SHAPE_BY_OID.get(relation.id);
  return relation.columns.map((column, at) => Object.freeze({
    ...attributeRow({
      relation: relation.id, number: at + 1, name: column.name, type: column.type,
      notNull: shape?.columns[at]?.notNull
        ?? (column.notNull || relation.kind === 'table' && inKey(relation, at)),
    }),
    ...(column.storage === undefined ? {} : { attstorage: column.storage }),
    ...(column.statistics === undefined ? {} : { attstattarget: column.statistics }),
    atthasdef: column.defaultExpr !== null || column.generated !== null || isSerial(relation, at),
    attidentity: isSerial(relation, at) || column.identity === null ? ''
      : column.identity === 'always' ? 'a' : 'd',
    attgenerated: column.generated === null ? '' : 's',
  }));
});

function inKey(relation: StoredRelation, at: number): boolean {
  return relation.primaryKey?.includes(at) ?? false;
}

/** The columns of an index: its parts, and what it includes. */
function indexAttributes(
  index: StoredIndex, relation: StoredRelation,
): readonly { readonly name: string; readonly type: SqlType }[] {
  const column = (at: number): { readonly name: string; readonly type: SqlType } =>
    must(relation.columns[at], 'index column');
  if (index.parts === undefined) return index.columns.map(column);
  const names = indexParts(relation, index);
  return [
    ...index.parts.map(({ expr }, at) => ({ name: names[at]?.name ?? 'expr', type: expr.type })),
    ...(index.include ?? []).map(column),
  ];
}

function* attributes(context: SystemContext): Generator<CatalogRow, void> {
  for (const relation of relationsHere(context)) {
    const { id, owner } = relation;
    const acls = columnAcls(context, { id, owner, kind: 'relation', system: false });
    if (acls.size === 0) yield* attributesOf(relation);
    else {
      for (const [at, row] of attributesOf(relation).entries()) {
        yield { ...row, attacl: acls.get(relation.columns[at]?.name ?? '') ?? null };
      }
    }
  }
  for (const { object, type } of userTypes(context)) {
    if (type.fields === undefined || type.domain !== undefined) continue;
    for (const [at, field] of type.fields.entries()) {
      yield attributeRow({ ...field, relation: object.id, number: at + 1, notNull: false });
    }
  }
  for (const { index, relation } of indexesHere(context)) {
    for (const [at, { name, type }] of indexAttributes(index, relation).entries()) {
      yield attributeRow({ relation: index.id, number: at + 1, name, type, notNull: false });
    }
  }
}

function* defaults(context: SystemContext): Generator<CatalogRow, void> {
  for (const relation of userRelations(context)) {
    for (let at = 0; at < relation.columns.length; at++) {
      const text = defaultText(context.catalog, relation, at);
      if (text === null) continue;
      yield { oid: defaultOid(relation.id, at + 1), adrelid: relation.id, adnum: at + 1,
        adbin: text };
    }
  }
}

/** The operator class of a type's order, by type oid; as PostgreSQL numbers them. */
const OPERATOR_CLASSES: ReadonlyMap<number, number> = new Map([
  [16, 10003], [1042, 10004], [17, 10006], [18, 10007], [1082, 3122], [700, 10012], [701, 3123],
  [21, 1979], [23, 1978], [20, 3124], [1186, 10022], [19, 10028], [1700, 3125], [26, 1981],
  [25, 3126], [1043, 3126], [1083, 10038], [1184, 3127], [1266, 10041], [1114, 3128],
  [2950, 10065], [3802, 10088],
]);

function vector(values: readonly number[]): string {
  return values.join(' ');
}

/** The bits of indoption: 1 descending, 2 NULLs first. */
function orderOf(suffix: string): number {
  const descending = suffix.includes(' DESC');
  const first = suffix.includes('NULLS') ? suffix.endsWith('FIRST') : descending;
  return (descending ? 1 : 0) + (first ? 2 : 0);
}

function* indexes(context: SystemContext): Generator<CatalogRow, void> {
  for (const { index, relation } of indexesHere(context)) {
    const attributes = indexAttributes(index, relation);
    const keys = index.parts?.length ?? index.columns.length;
    const types = attributes.slice(0, keys).map(({ type }) => typeOid(type));
    const exprs = indexParts(relation, index).filter((_part, at) =>
      index.parts !== undefined && index.parts[at]?.expr.kind !== 'column');
    const primary = index.constraint === 'primary';
    yield {
      indexrelid: index.id, indrelid: relation.id, indnatts: attributes.length,
      indnkeyatts: keys, indisunique: index.unique, indisprimary: primary,
      indimmediate: true, indisvalid: true, indisready: true, indislive: true,
      indkey: vector(index.parts === undefined ? index.columns.map((at) => at + 1)
        : [...index.parts.map(({ expr }) => (expr.kind === 'column' ? expr.index + 1 : 0)),
          ...(index.include ?? []).map((at) => at + 1)]),
      indnullsnotdistinct: index.nullsEqual === true,
      indcollation: vector(types.map((oid) => (typeFact(oid)?.collation ?? 0) === 0 ? 0
        : DEFAULT_COLLATION)),
      indclass: vector(types.map((oid) => OPERATOR_CLASSES.get(oid) ?? 10000)),
      indoption: vector(types.map((_type, n) => orderOf(index.suffixes?.[n] ?? ''))),
      indexprs: exprs.length === 0 ? null : exprs.map(({ text }) => text).join(', '),
      indpred: index.where == null ? null : expressionText(relation, index.where),
    };
  }
}

function* constraints(context: SystemContext): Generator<CatalogRow, void> {
  for (const { index, relation } of indexesHere(context)) {
    if (index.constraint === null) continue;
    yield {
      oid: index.id, conname: index.name, connamespace: relation.schemaId,
      contype: index.constraint === 'primary' ? 'p' : 'u', convalidated: true,
      conrelid: relation.id, conindid: index.id, conislocal: true, connoinherit: true,
      confupdtype: ' ', confdeltype: ' ', confmatchtype: ' ',
      conkey: sqlArray(index.columns.map((at) => at + 1)),
    };
  }
  for (const relation of userRelations(context)) {
    for (const [at, check] of relation.checks.entries()) {
      yield {
        oid: checkOid(relation.id, at), conname: check.name, connamespace: relation.schemaId,
        contype: 'c', convalidated: true, conrelid: relation.id, conislocal: true,
        confupdtype: ' ', confdeltype: ' ', confmatchtype: ' ', conbin: check.name,
        conkey: checkedColumns(check.expr),
      };
    }
    for (const key of relation.foreignKeys ?? []) yield foreignKeyRow(context, relation, key);
  }
  yield* domainConstraintRows(context);
}

/** Numbers of the columns a condition looks at; null: of none. */
function checkedColumns(expr: ScalarExpr): SqlArray | null {
  const columns = [...columnsUsed(expr)].sort((a, b) => a - b);
  return columns.length === 0 ? null : sqlArray(columns.map((at) => at + 1));
}

const ACTION_LETTERS: Readonly<Record<ReferenceAction, string>> = {
  'no action': 'a', restrict: 'r', cascade: 'c', 'set null': 'n', 'set default': 'd',
};

function foreignKeyRow(
  context: SystemContext, relation: StoredRelation, key: StoredForeignKey,
): CatalogRow {
  const index = context.catalog.indexesOf(key.target)
    .find(({ constraint, columns }) =>
      constraint !== null && sameColumns(columns, key.targetColumns));
  return {
    oid: key.id, conname: key.name, connamespace: relation.schemaId, contype: 'f',
    condeferrable: key.deferrable, condeferred: key.deferred, convalidated: key.validated,
    conrelid: relation.id, conindid: index?.id ?? 0, confrelid: key.target, conislocal: true,
    connoinherit: true, confupdtype: ACTION_LETTERS[key.onUpdate],
    confdeltype: ACTION_LETTERS[key.onDelete], confmatchtype: key.matchFull ? 'f' : 's',
    conkey: sqlArray(key.columns.map((at) => at + 1)),
    confkey: sqlArray(key.targetColumns.map((at) => at + 1)),
  };
}

function* sequences(context: SystemContext): Generator<CatalogRow, void> {
  for (const { id, data } of sequencesHere(context)) {
    const { start, increment, min, max, cycle, type, cache } = sequenceOf(data);
    yield { seqrelid: id, seqtypid: typeOid({ name: type }), seqstart: start,
      seqincrement: increment, seqmax: max, seqmin: min, seqcache: cache, seqcycle: cycle };
  }
}

function* depends(context: SystemContext): Generator<CatalogRow, void> {
  for (const relation of userRelations(context)) {
    for (const { column, sequence } of relation.sequences ?? []) {
      const identity = must(relation.columns[column], 'column').identity !== null
        && !isSerial(relation, column);
      yield { classid: 1259, objid: sequence, objsubid: 0, refclassid: 1259,
        refobjid: relation.id, refobjsubid: column + 1, deptype: identity ? 'i' : 'a' };
    }
    const rule = relation.kind === 'view' || relation.kind === 'materializedView';
    for (const source of relation.dependsOn) {
      yield { classid: rule ? 2618 : 1259, objid: relation.id, objsubid: 0, refclassid: 1259,
        refobjid: source, refobjsubid: 0, deptype: relation.belongsTo === source ? 'a' : 'n' };
    }
  }
  for (const sequence of sequencesHere(context)) {
    const owned = ownerOfSequence(sequence);
    if (owned === null) continue;
    yield { classid: 1259, objid: sequence.id, objsubid: 0, refclassid: 1259,
      refobjid: owned.relation, refobjsubid: owned.column + 1, deptype: 'a' };
  }
  for (const { index, relation } of indexesHere(context)) {
    const key = index.constraint !== null;
    yield { classid: 1259, objid: index.id, objsubid: 0, refclassid: key ? 2606 : 1259,
      refobjid: key ? index.id : relation.id, refobjsubid: 0, deptype: key ? 'i' : 'a' };
    if (key) {
      yield { classid: 2606, objid: index.id, objsubid: 0, refclassid: 1259,
        refobjid: relation.id, refobjsubid: must(index.columns[0], 'key column') + 1,
        deptype: 'a' };
    }
  }
}

/** A view is a rule of its relation, with the relation's oid. */
function* rewrites(context: SystemContext): Generator<CatalogRow, void> {
  for (const { id, kind, columns } of userRelations(context)) {
    if (kind !== 'view' && kind !== 'materializedView') continue;
    yield { oid: id, rulename: '_RETURN', ev_class: id, ev_type: '1', ev_enabled: 'O',
      is_instead: true, ev_qual: '<>', ev_action: nodeTree(columns) };
  }
}

/** A query as a node tree, of which tools read the target list. */
function nodeTree(columns: StoredRelation['columns']): string {
  const entries = columns.map(({ name }, at) => `{TARGETENTRY :resno ${at + 1} :resname ${
    name.replaceAll(/[\\(){}<> ]/g, (character) => `\\${character}`)
  } :ressortgroupref 0 :resorigtbl 0 :resorigcol 0 :resjunk false}`);
  return `({QUERY :commandType 1 :querySource 0 :targetList (${entries.join(' ')}) :rowMarks <>})`;
}

/** Contents of the relations named above. */
export const CLASSES: Contents = {
  pg_class: classes, pg_attribute: attributes, pg_attrdef: defaults, pg_index: indexes,
  pg_constraint: constraints, pg_sequence: sequences, pg_depend: depends, pg_rewrite: rewrites,
};

