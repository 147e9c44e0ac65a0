/**
 * The catalog: databases, schemas, relations, indexes, other objects, comments.
 *
 * CatalogState is immutable: `apply` gives a new one, so that a transaction looks at its own
 * uncommitted definitions without anyone else seeing them. CatalogStore holds the committed state
 * and gives out oids, from 16384 on, never twice. No I/O: the engine logs the changes.
 */
import { assertNever, must } from '../common/assert.ts';
import type {
  DdlChange, StoredDatabase, StoredForeignKey, StoredIndex, StoredObject, StoredRelation,
  StoredSchema,
} from './catalog-store-types.ts';
import type { SystemColumn } from './catalog-store-types.ts';

/** First oid of what users make. */
export const FIRST_USER_OID = 16384;
/** Oid of the database every engine has. */
export const DEFAULT_DATABASE = 5;
/** Oid of schema public in the default database, as in PostgreSQL. */
export const PUBLIC_SCHEMA = 2200;
/** Oid of schema pg_catalog. */
export const PG_CATALOG_SCHEMA = 11;
/** Oid of schema information_schema. */
export const INFORMATION_SCHEMA = 13000;
/** Oid of schema tidemill. */
export const TIDEMILL_SCHEMA = 13001;
/** Oid of schema late: late rows by view. */
export const LATE_SCHEMA = 13002;
/** Oid of schema dead_letter: undecodable records by source. */
export const DEAD_LETTER_SCHEMA = 13003;
/** Schema of the views behind SUBSCRIBE (SELECT ...): it has no name, nothing is found in it. */
export const SUBSCRIPTION_SCHEMA = 13004;
const FIRST_SYSTEM_OID = 13100;

/** True for the hidden view behind a subscription and what comes with it. */
export function isSubscriptionView(relation: { readonly schemaId: number }): boolean {
  return relation.schemaId === SUBSCRIPTION_SCHEMA;
}

/** A thing with a name that depends on another one. */
export interface Dependant {
  readonly id: number;
  readonly kind: 'relation' | 'object' | 'index';
  readonly name: string;
}

/** True when two keys are of the same columns, in any order. */
export function sameColumns(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((column) => b.includes(column));
}

/** A foreign key and the table it is of. */
export interface Reference {
  readonly relation: StoredRelation;
  readonly key: StoredForeignKey;
}

interface Tables {
  readonly databases: Map<number, StoredDatabase>;
  readonly schemas: Map<number, StoredSchema>;
  readonly relations: Map<number, StoredRelation>;
  readonly indexes: Map<number, StoredIndex>;
  readonly objects: Map<number, StoredObject>;
  readonly comments: Map<string, string>;
  /** Relations and indexes by database, schema and name. */
  readonly names: Map<string, number>;
}

/** One immutable state of the catalog. */
export class CatalogState {
  readonly #tables: Tables;
  /** Foreign keys by the table they refer to, once someone has asked. */
  #references: ReadonlyMap<number, readonly Reference[]> | null = null;

  constructor(tables?: Tables) {
    this.#tables = tables ?? emptyTables();
  }

  get databases(): ReadonlyMap<number, StoredDatabase> { return this.#tables.databases; }
  get schemas(): ReadonlyMap<number, StoredSchema> { return this.#tables.schemas; }
  /** All relations, system relations included, by oid. */
  get relations(): ReadonlyMap<number, StoredRelation> { return this.#tables.relations; }
  get indexes(): ReadonlyMap<number, StoredIndex> { return this.#tables.indexes; }
  get objects(): ReadonlyMap<number, StoredObject> { return this.#tables.objects; }

  relation(id: number): StoredRelation | null {
    return this.#tables.relations.get(id) ?? null;
  }

  databaseByName(name: string): StoredDatabase | null {
    for (const database of this.#tables.databases.values()) {
      if (database.name === name) return database;
    }
    return null;
  }

  /** A schema as seen from a database: its own, or one that all databases share. */
  schemaByName(database: number, name: string): StoredSchema | null {
    for (const schema of this.#tables.schemas.values()) {
      if (schema.name !== name) continue;
      if (schema.database === database || schema.database === 0) return schema;
    }
    return null;
  }

  /** A relation by name, within a schema as seen from a database. */
  relationByName(database: number, schemaId: number, name: string): StoredRelation | null {
    const id = this.#tables.names.get(nameKey(database, schemaId, name))
      ?? this.#tables.names.get(nameKey(0, schemaId, name));
    return id === undefined ? null : this.relation(id);
  }

  /** True when a relation or index has the name: the two share one name space. */
  nameTaken(database: number, schemaId: number, name: string): boolean {
    return this.#tables.names.has(nameKey(database, schemaId, name));
  }

  indexByName(database: number, schemaId: number, name: string): StoredIndex | null {
    const id = this.#tables.names.get(nameKey(database, schemaId, name));
    return id === undefined ? null : this.#tables.indexes.get(id) ?? null;
  }

  indexesOf(relation: number): readonly StoredIndex[] {
    return [...this.#tables.indexes.values()].filter((index) => index.relation === relation);
  }

  objectByName(kind: StoredObject['kind'], schemaId: number, name: string): StoredObject | null {
    for (const object of this.#tables.objects.values()) {
      if (object.kind === kind && object.schemaId === schemaId && object.name === name) {
        return object;
      }
    }
    return null;
  }

  /** What depends directly on an oid; companions (late, dead letters) are not named. */
  dependants(id: number): readonly Dependant[] {
    const found: Dependant[] = [];
    for (const relation of this.#tables.relations.values()) {
      if (relation.dependsOn.includes(id) && relation.belongsTo !== id) {
        found.push({ id: relation.id, kind: 'relation', name: relation.name });
      }
    }
    for (const object of this.#tables.objects.values()) {
      if (object.dependsOn.includes(id)) {
        found.push({ id: object.id, kind: 'object', name: object.name });
      }
    }
    return found;
  }

  /** Foreign keys that refer to a table, with the tables they are of. */
  referencesTo(id: number): readonly Reference[] {
    this.#references ??= referencesIn(this.#tables.relations.values());
    return this.#references.get(id) ?? [];
  }

  /** Everything that depends on an oid, directly or not; what is nearest to it comes first. */
  allDependants(id: number): readonly Dependant[] {
    const found: Dependant[] = [];
    const seen = new Set<number>([id]);
    const queue = [id];
    for (let at = 0; at < queue.length; at++) {
      const owner = must(queue[at], 'queued oid');
      const companions = [...this.#tables.relations.values()]
        .filter((relation) => relation.belongsTo === owner)
        .flatMap((relation) => this.dependants(relation.id));
      for (const dependant of [...this.dependants(owner), ...companions]) {
        if (seen.has(dependant.id)) continue;
        seen.add(dependant.id);
        found.push(dependant);
        queue.push(dependant.id);
      }
    }
    return found;
  }

  comment(object: number, column: number): string | null {
    return this.#tables.comments.get(`${object}/${column}`) ?? null;
  }

  /** All comments as (object, column, text). */
  comments(): readonly (readonly [number, number, string])[] {
    return [...this.#tables.comments].map(([key, text]) => {
      const [object, column] = key.split('/');
      return [Number(object), Number(column), text] as const;
    });
  }

  /** The state after the changes. */
  apply(changes: readonly DdlChange[]): CatalogState {
    if (changes.length === 0) return this;
    const tables: Tables = {
      databases: new Map(this.#tables.databases), schemas: new Map(this.#tables.schemas),
      relations: new Map(this.#tables.relations), indexes: new Map(this.#tables.indexes),
      objects: new Map(this.#tables.objects), comments: new Map(this.#tables.comments),
      names: new Map(this.#tables.names),
    };
    for (const change of changes) applyChange(tables, change);
    return new CatalogState(tables);
  }

  /** Changes that make this state out of an empty one; system relations left out. */
  dump(): readonly DdlChange[] {
    const { databases, schemas, relations, indexes, objects } = this.#tables;
    return [
      ...[...databases.values()].map((database) => ({ kind: 'putDatabase', database }) as const),
      ...[...schemas.values()].map((schema) => ({ kind: 'putSchema', schema }) as const),
      ...[...relations.values()].filter((relation) => relation.kind !== 'system')
        .map((relation) => ({ kind: 'createRelation', relation }) as const),
      ...[...indexes.values()].map((index) => ({ kind: 'putIndex', index }) as const),
      ...[...objects.values()].map((object) => ({ kind: 'putObject', object }) as const),
      ...this.comments().map(([object, column, text]) =>
        ({ kind: 'comment', object, column, text }) as const),
    ];
  }
}

function referencesIn(
  relations: Iterable<StoredRelation>,
): ReadonlyMap<number, readonly Reference[]> {
  const found = new Map<number, Reference[]>();
  for (const relation of relations) {
    for (const key of relation.foreignKeys ?? []) {
      const list = found.get(key.target);
      if (list === undefined) found.set(key.target, [{ relation, key }]);
      else list.push({ relation, key });
    }
  }
  return found;
}

function emptyTables(): Tables {
  return {
    databases: new Map(), schemas: new Map(), relations: new Map(), indexes: new Map(),
    objects: new Map(), comments: new Map(), names: new Map(),
  };
}

function nameKey(database: number, schema: number, name: string): string {
  return `${database}/${schema}/${name}`;
}

function applyChange(tables: Tables, change: DdlChange): void {
  switch (change.kind) {
    case 'putDatabase': tables.databases.set(change.database.id, change.database); return;
    case 'dropDatabase': tables.databases.delete(change.id); dropGrants(tables, change.id); return;
    case 'putSchema': putSchema(tables, change.schema); return;
    case 'dropSchema': tables.schemas.delete(change.id); dropGrants(tables, change.id); return;
    case 'createRelation': case 'alterRelation': case 'rewriteTable': case 'replaceView':
      putRelation(tables, change.relation); return;
    case 'dropRelation': dropRelation(tables, change.id); return;
    case 'putIndex': putIndex(tables, change.index); return;
    case 'dropIndex': dropIndex(tables, change.id); return;
    case 'putObject': tables.objects.set(change.object.id, change.object); return;
    case 'dropObject':
      tables.objects.delete(change.id);
      dropComments(tables, change.id);
      dropGrants(tables, change.id);
      return;
    case 'comment': {
      const key = `${change.object}/${change.column}`;
      if (change.text === null) tables.comments.delete(key);
      else tables.comments.set(key, change.text);
      return;
    }
    default: assertNever(change);
  }
}

/** A renamed schema takes the relations in it along: they carry its name. */
function putSchema(tables: Tables, schema: StoredSchema): void {
  tables.schemas.set(schema.id, schema);
  for (const relation of tables.relations.values()) {
    if (relation.schemaId === schema.id && relation.schema !== schema.name) {
      tables.relations.set(relation.id, { ...relation, schema: schema.name });
    }
  }
}

function putRelation(tables: Tables, relation: StoredRelation): void {
  const old = tables.relations.get(relation.id);
  if (old !== undefined) tables.names.delete(nameKey(old.database, old.schemaId, old.name));
  tables.relations.set(relation.id, relation);
  tables.names.set(nameKey(relation.database, relation.schemaId, relation.name), relation.id);
}

function dropRelation(tables: Tables, id: number): void {
  const relation = tables.relations.get(id);
  if (relation === undefined) return;
  tables.relations.delete(id);
  tables.names.delete(nameKey(relation.database, relation.schemaId, relation.name));
  dropComments(tables, id);
  dropGrants(tables, id);
  for (const index of tables.indexes.values()) {
    if (index.relation === id) dropIndex(tables, index.id);
  }
  for (const sequence of ownedSequences(tables.objects, relation)) {
    tables.objects.delete(sequence);
    dropComments(tables, sequence);
    dropGrants(tables, sequence);
  }
  for (const other of tables.relations.values()) {
    if (other.belongsTo === id) dropRelation(tables, other.id);
    const keys = other.foreignKeys?.filter(({ target }) => target !== id);
    if (keys !== undefined && keys.length !== other.foreignKeys?.length) {
      tables.relations.set(other.id, { ...other, foreignKeys: keys });
    }
  }
}

/** The column a sequence belongs to by OWNED BY, or null. */
export function ownerOfSequence(
  { kind, data }: StoredObject,
): { readonly relation: number; readonly column: number } | null {
  const owned = kind === 'sequence' ? data['owned'] : null;
  return owned === null || owned === undefined ? null
    : owned as { readonly relation: number; readonly column: number };
}

/** Sequences that go with a relation, by oid. */
export function ownedSequences(
  objects: ReadonlyMap<number, StoredObject>, relation: StoredRelation,
): readonly number[] {
  return [...(relation.sequences ?? []).map(({ sequence }) => sequence),
    ...[...objects.values()].flatMap((object) =>
      (ownerOfSequence(object)?.relation === relation.id ? [object.id] : []))];
}

function putIndex(tables: Tables, index: StoredIndex): void {
  const old = tables.indexes.get(index.id);
  const database = tables.relations.get(index.relation)?.database ?? 0;
  if (old !== undefined) tables.names.delete(nameKey(database, old.schemaId, old.name));
  tables.indexes.set(index.id, index);
  tables.names.set(nameKey(database, index.schemaId, index.name), index.id);
}

function dropIndex(tables: Tables, id: number): void {
  const index = tables.indexes.get(id);
  if (index === undefined) return;
  tables.indexes.delete(id);
  dropComments(tables, id);
  for (const [key, owner] of tables.names) if (owner === id) tables.names.delete(key);
}

/** The privileges on an object go with it. */
function dropGrants(tables: Tables, id: number): void {
  for (const object of tables.objects.values()) {
    if (object.kind === 'acl' && object.data['target'] === id) tables.objects.delete(object.id);
  }
}

function dropComments(tables: Tables, id: number): void {
  for (const key of tables.comments.keys()) {
    if (key.startsWith(`${id}/`)) tables.comments.delete(key);
  }
}

/** The committed catalog and the source of oids. */
export class CatalogStore {
  #state: CatalogState = new CatalogState().apply(FIRST_STATE);
  #nextOid = FIRST_USER_OID;
  #nextSystemOid = FIRST_SYSTEM_OID;

  get state(): CatalogState { return this.#state; }
  /** What `allocate` will give out next. */
  get nextOid(): number { return this.#nextOid; }

  /** A fresh oid. One that ends unused is lost, as in PostgreSQL. */
  allocate(): number {
    return this.#nextOid++;
  }

  /** Oids below `next` will not be given out. */
  reserve(next: number): void {
    if (next > this.#nextOid) this.#nextOid = next;
  }

  /** Commits changes; the engine has logged them. */
  commit(changes: readonly DdlChange[]): void {
    this.#state = this.#state.apply(changes);
  }

  /** Adds a system relation; gives back its oid. */
  registerSystem(of: SystemRelationShape): number {
    const id = of.oid ?? this.#nextSystemOid++;
    this.#state = this.#state.apply([{ kind: 'createRelation', relation: systemRelation(id, of) }]);
    return id;
  }
}

/** The shape of a system relation. */
export interface SystemRelationShape {
  readonly schema: string;
  readonly name: string;
  readonly oid?: number;
  readonly columns: readonly SystemColumn[];
}

/** Databases and schemas every engine begins with. */
const FIRST_STATE: readonly DdlChange[] = [
  { kind: 'putDatabase', database: { id: DEFAULT_DATABASE, name: 'tidemill', owner: 'tidemill' } },
  schemaChange(PG_CATALOG_SCHEMA, 0, 'pg_catalog'),
  schemaChange(PUBLIC_SCHEMA, DEFAULT_DATABASE, 'public'),
  schemaChange(INFORMATION_SCHEMA, 0, 'information_schema'),
  schemaChange(TIDEMILL_SCHEMA, 0, 'tidemill'),
  schemaChange(LATE_SCHEMA, 0, 'late'),
  schemaChange(DEAD_LETTER_SCHEMA, 0, 'dead_letter'),
];

function schemaChange(id: number, database: number, name: string): DdlChange {
  return { kind: 'putSchema', schema: { id, database, name, owner: 'tidemill' } };
}

const SYSTEM_SCHEMAS: ReadonlyMap<string, number> = new Map([
  ['pg_catalog', PG_CATALOG_SCHEMA], ['information_schema', INFORMATION_SCHEMA],
  ['tidemill', TIDEMILL_SCHEMA],
]);

function systemRelation(id: number, of: SystemRelationShape): StoredRelation {
  return {
    id, schema: of.schema, name: of.name, kind: 'system', database: 0,
    schemaId: must(SYSTEM_SCHEMAS.get(of.schema), 'schema of a system relation'),
    columns: of.columns.map(({ name, type }) => ({
      name, type, notNull: false, defaultExpr: null, generated: null, identity: null,
    })),
    primaryKey: of.schema === 'pg_catalog' && of.columns[0]?.name === 'oid' ? [0] : null,
    uniqueKeys: [], checks: [], appendOnly: false, watermark: null,
    columnWatermarks: [], definition: null, stored: true, owner: 'tidemill', sql: '',
    options: [], view: null, connector: null, onConflict: null, dependsOn: [], belongsTo: null,
  };
}
