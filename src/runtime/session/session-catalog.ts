/**
 * The planner's window on the catalog, for one statement of one session.
 *
 * Sees the transaction's own definitions; resolves names along the search path, with pg_catalog
 * first. A materialized view that is not committed yet is shown as a plain view of its query.
 */
import type { NameLookup } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type {
  CatalogReader, CatalogRelation, SessionFacts,
} from '../../planner/catalog.ts';
import type { StoredRelation, StoredSchema } from '../catalog-store-types.ts';
import type { UserFunction } from '../../planner/functions/user-function.ts';
import type { CatalogState } from '../catalog-store.ts';
import { functionsIn } from '../catalog-functions.ts';
import { rowType, typeIn } from '../catalog-types.ts';
import { TEMPORARY_ALIAS } from './temporary-names.ts';

/** What a session's catalog view is made of. */
export interface SessionCatalogOptions {
  readonly state: CatalogState;
  readonly database: number;
  readonly searchPath: readonly string[];
  /** The session's schema of temporary things, which lookups begin with. */
  readonly temporary: string;
  readonly facts: SessionFacts;
  /** True for relations made by the running transaction. */
  readonly uncommitted: (relation: number) => boolean;
  /** Refuses what the user may not read. */
  readonly reading: (relation: number, through: number | null) => ReadonlySet<string> | null;
  /** Refuses what the user may not call. */
  readonly calling: (oid: number) => void;
  /** Names of reg* types; asked for when they are needed. */
  readonly names: () => NameLookup;
}

/** Schemas every lookup begins with, before the search path. */
const ALWAYS_FIRST = 'pg_catalog';

/** A CatalogReader over one state of the catalog. */
export class SessionCatalog implements CatalogReader {
  readonly searchPath: readonly string[];
  readonly session: SessionFacts;
  readonly #state: CatalogState;
  readonly #database: number;
  readonly #uncommitted: (relation: number) => boolean;
  readonly #names: () => NameLookup;
  readonly #reading: SessionCatalogOptions['reading'];
  readonly #calling: SessionCatalogOptions['calling'];
  readonly #temporary: string;
  /** True when search_path begins with pg_temp: new relations are temporary. */
  readonly createsTemporary: boolean;

  constructor(options: SessionCatalogOptions) {
    this.#state = options.state;
    this.#database = options.database;
    this.#uncommitted = options.uncommitted;
    this.#names = options.names;
    this.#reading = options.reading;
    this.#calling = options.calling;
    this.#temporary = options.temporary;
    this.createsTemporary = options.searchPath[0] === TEMPORARY_ALIAS;
    const path = options.searchPath.map((name) => this.#own(name));
    const all = path.includes(ALWAYS_FIRST) ? path : [ALWAYS_FIRST, ...path];
    const first = all.includes(options.temporary) || !this.schemaExists(options.temporary)
      ? [] : [options.temporary];
    this.searchPath = [...first, ...all];
    this.session = options.facts;
  }

  /** pg_temp is the session's own schema. */
  #own(schema: string): string {
    return schema === TEMPORARY_ALIAS ? this.#temporary : schema;
  }

  get names(): NameLookup { return this.#names(); }

  reading(relation: number, through: number | null): ReadonlySet<string> | null {
    return this.#reading(relation, through);
  }

  calling(oid: number): void {
    this.#calling(oid);
  }

  /** The relation as stored, by name. */
  findStored(schema: string | null, name: string): StoredRelation | null {
    const schemas = schema === null ? this.searchPath : [this.#own(schema)];
    for (const candidate of schemas) {
      const found = this.#state.schemaByName(this.#database, candidate);
      const relation = found === null ? null
        : this.#state.relationByName(this.#database, found.id, name);
      if (relation !== null) return relation;
    }
    return null;
  }

  findRelation(schema: string | null, name: string): CatalogRelation | null {
    const stored = this.findStored(schema, name);
    return stored === null ? null : this.#shown(stored);
  }

  relationById(id: number): CatalogRelation | null {
    const stored = this.#state.relation(id);
    return stored === null ? null : this.#shown(stored);
  }

  relationNames(): readonly string[] {
    const visible = new Set<number>();
    for (const name of this.searchPath) {
      const schema = this.#state.schemaByName(this.#database, name);
      if (schema !== null && name !== ALWAYS_FIRST) visible.add(schema.id);
    }
    const names: string[] = [];
    for (const relation of this.#state.relations.values()) {
      const here = relation.database === this.#database || relation.database === 0;
      if (here && visible.has(relation.schemaId)) names.push(relation.name);
    }
    return names;
  }

  functions(schema: string | null, name: string): readonly UserFunction[] {
    const found: UserFunction[] = [];
    for (const candidate of schema === null ? this.searchPath : [schema]) {
      const here = this.#state.schemaByName(this.#database, candidate);
      if (here !== null) found.push(...functionsIn(this.#state, here.id, name));
    }
    return found;
  }

  findType(schema: string | null, name: string): SqlType | null {
    const schemas = schema === null ? this.searchPath : [this.#own(schema)];
    for (const candidate of schemas) {
      const here = this.#state.schemaByName(this.#database, candidate);
      if (here === null) continue;
      const made = typeIn(this.#state, here.id, name);
      if (made !== null) return made;
      const relation = this.#state.relationByName(this.#database, here.id, name);
      if (relation !== null) return rowType(relation);
    }
    return null;
  }

  schemaExists(name: string): boolean {
    return this.#state.schemaByName(this.#database, name) !== null;
  }

  /** The schema new objects go to: the first of the search path that exists. */
  creationSchema(): StoredSchema | null {
    for (const name of this.searchPath) {
      if (name === ALWAYS_FIRST || name === this.#temporary) continue;
      const schema = this.#state.schemaByName(this.#database, name);
      if (schema !== null) return schema;
    }
    return null;
  }

  schemaByName(name: string): StoredSchema | null {
    return this.#state.schemaByName(this.#database, this.#own(name));
  }

  #shown(relation: StoredRelation): CatalogRelation {
    if (relation.kind !== 'materializedView' || !this.#uncommitted(relation.id)) return relation;
    return { ...relation, kind: 'view' };
  }
}
