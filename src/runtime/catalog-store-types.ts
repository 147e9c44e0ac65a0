/**
 * What the catalog holds, as plain data, and the changes that make it.
 *
 * Changes are part of epoch records: everything here survives plain-json.ts (bigints, bytes and
 * values included). Nothing here has behaviour.
 */
import type { CatalogRelation } from '../planner/catalog.ts';
import type { Dataflow } from '../planner/dataflow.ts';
import type { ConflictPlan, ResultColumn, ViewPlan } from '../planner/plans.ts';
import type { EvaluationContext } from '../planner/functions/entry.ts';
import type { ScalarExpr } from '../planner/relation.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';

/** A database: a name space of schemas. */
export interface StoredDatabase {
  readonly id: number;
  readonly name: string;
  readonly owner: string;
}

/** A schema of a database. `database` 0: in every database (pg_catalog, tidemill, ...). */
export interface StoredSchema {
  readonly id: number;
  readonly database: number;
  readonly name: string;
  readonly owner: string;
}

/** What a view computes. */
export interface StoredView {
  readonly dataflow: Dataflow;
  readonly columns: readonly ResultColumn[];
  readonly key: readonly number[] | null;
  readonly appendOnly: boolean;
  readonly lateColumns: readonly ResultColumn[] | null;
  readonly reads: readonly number[];
  readonly notices?: ViewPlan['notices'];
}

/** Where the rows of a SOURCE or a TABLE with a connector come from. */
export interface StoredConnector {
  /** Name in the connector registry: file, datagen, nexmark. */
  readonly connector: string;
  /** Options in lower case with their dots, without `connector`. */
  readonly options: readonly (readonly [string, string])[];
  /** FORMAT x ENCODE y; null where the connector makes rows itself. */
  readonly format: { readonly format: string; readonly encode: string;
    readonly options: readonly (readonly [string, string])[];
    readonly keyEncode?: string | null } | null;
  /** Column number and what it shows (INCLUDE ..., METADATA FROM). */
  readonly metadata: readonly { readonly column: number; readonly what: string }[];
  /** Where reading begins, by partition, as the outside was when the relation was declared. */
  readonly start?: readonly bigint[];
  /** The shared source whose reader fills this relation. */
  readonly shared?: number;
}

/** What happens to rows that refer to a key that changes or goes. */
export type ReferenceAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

/** A foreign key: columns whose values must be a key of another table's rows, or NULL. */
export interface StoredForeignKey {
  readonly id: number;
  readonly name: string;
  readonly columns: readonly number[];
  /** Oid of the table referred to, and the columns of its key. */
  readonly target: number;
  readonly targetColumns: readonly number[];
  readonly onDelete: ReferenceAction;
  readonly onUpdate: ReferenceAction;
  readonly matchFull: boolean;
  readonly deferrable: boolean;
  readonly deferred: boolean;
  readonly validated: boolean;
}

/** A relation with everything durable about it. `id` is its oid. */
export interface StoredRelation extends CatalogRelation {
  readonly database: number;
  readonly schemaId: number;
  readonly owner: string;
  /** The statement that made it, or its query for views; shown by SHOW CREATE, pg_get_viewdef. */
  readonly sql: string;
  readonly options: readonly (readonly [string, string])[];
  /** For materialized views. */
  readonly view: StoredView | null;
  readonly connector: StoredConnector | null;
  /** ON CONFLICT of CREATE TABLE. */
  readonly onConflict: ConflictPlan | null;
  /** Oids of relations and objects this one cannot exist without. */
  readonly dependsOn: readonly number[];
  /** For `late.<view>` and `dead_letter.<source>`: their owner's oid. */
  readonly belongsTo: number | null;
  /** Hidden from listings by clients (pg_class shows them all the same). */
  readonly temporarySession?: number;
  /** Names of the constraints: primary key and unique keys, in order. */
  readonly keyNames?: readonly string[];
  readonly foreignKeys?: readonly StoredForeignKey[];
  readonly extraKeys?: readonly StoredKey[];
  /** Sequences behind identity and serial columns, by column number. */
  readonly sequences?: readonly { readonly column: number; readonly sequence: number }[];
  /** The rest the session layer wants to remember (defaults' texts and so on). */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** An index: an extra arrangement for look-ups. */
export interface StoredIndex {
  readonly id: number;
  readonly relation: number;
  readonly name: string;
  readonly schemaId: number;
  readonly columns: readonly number[];
  readonly unique: boolean;
  /** Made by a PRIMARY KEY or UNIQUE constraint. */
  readonly constraint: 'primary' | 'unique' | null;
  readonly sql: string;
  /** What CREATE INDEX says behind each column: operator class, order. For the catalog only. */
  readonly suffixes?: readonly string[];
  /** What it is over, where that is more than `columns`. */
  readonly parts?: readonly IndexPart[];
  /** The rows it is about; absent or null: all. */
  readonly where?: ScalarExpr | null;
  /** INCLUDE */
  readonly include?: readonly number[];
  /** NULLS NOT DISTINCT */
  readonly nullsEqual?: boolean;
}

/** A part of an index, over the columns of the relation. */
export interface IndexPart {
  readonly expr: ScalarExpr;
}

/** A unique key over expressions, over a part of the rows, or with NULLs that are equal. */
export interface StoredKey {
  /** Oid of its index. */
  readonly index: number;
  readonly name: string;
  readonly exprs: readonly ScalarExpr[];
  readonly where: ScalarExpr | null;
  readonly nullsEqual: boolean;
}

/** Anything else with a name: sequences, roles, functions, types ... `data` belongs to its user. */
export interface StoredObject {
  readonly id: number;
  readonly kind: 'sequence' | 'role' | 'function' | 'secret' | 'connection' | 'type' | 'sink'
    | 'subscription' | 'setting'
    /** The privileges on an object; see catalog-roles.ts. */
    | 'acl';
  readonly database: number;
  readonly schemaId: number;
  readonly name: string;
  readonly owner: string;
  readonly dependsOn: readonly number[];
  readonly data: Readonly<Record<string, unknown>>;
}

/** How a column of the new table comes from the old one. */
export type ColumnMapping =
  | { readonly kind: 'column'; readonly column: number }
  | { readonly kind: 'value'; readonly value: Value }
  /** Computed from the old row, under the settings of the session that said so. */
  | { readonly kind: 'expr'; readonly expr: ScalarExpr; readonly evaluation: EvaluationContext };

/** One change of the catalog. */
export type DdlChange =
  | { readonly kind: 'putDatabase'; readonly database: StoredDatabase }
  /** Its schemas and what is in them must be gone. */
  | { readonly kind: 'dropDatabase'; readonly id: number }
  | { readonly kind: 'putSchema'; readonly schema: StoredSchema }
  | { readonly kind: 'dropSchema'; readonly id: number }
  /** A new relation; stored tables start empty, materialized views are hydrated. */
  | { readonly kind: 'createRelation'; readonly relation: StoredRelation }
  /**
   * A new definition of the relation of the same oid that leaves rows as they are: rename, owner,
   * schema, defaults, constraints, options.
   */
  | { readonly kind: 'alterRelation'; readonly relation: StoredRelation }
  /** New columns of a table: `columns` says for each where its values come from. */
  | { readonly kind: 'rewriteTable'; readonly relation: StoredRelation;
      readonly columns: readonly ColumnMapping[] }
  /** CREATE OR REPLACE MATERIALIZED VIEW with the same column types; dependants see the diff. */
  | { readonly kind: 'replaceView'; readonly relation: StoredRelation }
  /** Takes its late and dead letter relations and indexes with it. */
  | { readonly kind: 'dropRelation'; readonly id: number }
  | { readonly kind: 'putIndex'; readonly index: StoredIndex }
  | { readonly kind: 'dropIndex'; readonly id: number }
  | { readonly kind: 'putObject'; readonly object: StoredObject }
  | { readonly kind: 'dropObject'; readonly id: number }
  /** Comment on a relation, schema or object (column 0) or a column (from 1); null removes it. */
  | { readonly kind: 'comment'; readonly object: number; readonly column: number;
      readonly text: string | null };

/** A column of a system relation. */
export interface SystemColumn {
  readonly name: string;
  readonly type: SqlType;
}
