/**
 * Catalog changes as the engine carries them out.
 *
 * `expandDdl` adds what a change brings along (late and dead letter relations, views over a table
 * whose columns moved); the result is logged. `prepareDdl` builds what is new beside what is there;
 * `undo` takes it back when the log refuses; `commit` makes the rest of the change when it did not.
 */
import { assertNever, must } from '../common/assert.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Dataflow } from '../planner/dataflow.ts';
import type { Batch } from './batch.ts';
import { makeColumn } from './batch.ts';
import type {
  ColumnMapping, DdlChange, StoredIndex, StoredRelation,
} from './catalog-store-types.ts';
import type { CatalogState } from './catalog-store.ts';
import {
  DEAD_LETTER_SCHEMA, isSubscriptionView, LATE_SCHEMA, ownedSequences,
} from './catalog-store.ts';
import type { EngineState } from './engine-state.ts';
import { EventClock } from './engine-watermarks.ts';
import type { ViewRuntime } from './graph-view.ts';
import { DEAD_LETTER_COLUMNS } from './graph-view.ts';
import { hasOwnReader } from './connectors/registry.ts';
import { mappedColumns } from './column-mapping.ts';
import { LATE_RETENTION } from './relations-log.ts';
import type { RelationRows } from './relations-rows.ts';

function companionsIn(state: CatalogState, owner: number): StoredRelation[] {
  return [...state.relations.values()].filter(({ belongsTo }) => belongsTo === owner);
}

function companionKey({ belongsTo, schemaId }: StoredRelation): string {
  return `${belongsTo}/${schemaId}`;
}

/** A new companion takes the name of the one it replaces. */
function renamed(change: DdlChange, names: ReadonlyMap<string, string>): DdlChange {
  if (change.kind !== 'createRelation') return change;
  const name = names.get(companionKey(change.relation));
  return name === undefined ? change : { ...change, relation: { ...change.relation, name } };
}

type Shape = readonly { readonly name: string; readonly type: SqlType }[];

/** Adds what changes bring along. */
export function expandDdl(
  catalog: CatalogState, changes: readonly DdlChange[], allocate: () => number,
): DdlChange[] {
  const expanded: DdlChange[] = [];
  /** Names of companions that a replaced view gives up to the new ones. */
  const names = new Map<string, string>();
  let state = catalog;
  const add = (change: DdlChange): void => {
    expanded.push(change);
    state = state.apply([change]);
  };
  for (const change of changes) {
    if (change.kind === 'replaceView') {
      for (const old of companionsIn(state, change.relation.id)) {
        names.set(companionKey(old), old.name);
        add({ kind: 'dropRelation', id: old.id });
      }
    }
    const before = state;
    add(renamed(change, names));
    const made = change.kind === 'createRelation' || change.kind === 'replaceView'
      ? change.relation.id : null;
    if (made !== null && !changes.some((other) =>
      other.kind === 'createRelation' && other.relation.belongsTo === made)) {
      const owner = must(state.relation(made), 'relation');
      for (const relation of companionsOf(state, owner, allocate)) {
        add({ kind: 'createRelation', relation });
      }
    }
    if (change.kind === 'rewriteTable') {
      for (const follow of movedReaders(before, change.relation.id, change.columns)) add(follow);
    }
  }
  return expanded;
}

function companionsOf(
  state: CatalogState, relation: StoredRelation, allocate: () => number,
): StoredRelation[] {
  const found: StoredRelation[] = [];
  const add = (schemaId: number, schema: string, columns: Shape): void => {
    const taken = state.nameTaken(relation.database, schemaId, relation.name);
    // What comes with a subscription's view is as hidden as the view.
    const hidden = isSubscriptionView(relation);
    found.push(companion(relation, columns, {
      id: allocate(), schemaId: hidden ? relation.schemaId : schemaId, schema,
      name: taken || hidden ? `${hidden ? schema : relation.schema}.${relation.name}`
        : relation.name,
    }));
  };
  if (relation.view !== null) {
    const { lateColumns } = relation.view;
    const ignored = relation.options.some(([name, value]) => name === 'late' && value === 'ignore');
    if (lateColumns !== null && !ignored && !isSubscriptionView(relation)) {
      add(LATE_SCHEMA, 'late', [...lateColumns, { name: 'change', type: { name: 'int4' } }]);
    }
    add(DEAD_LETTER_SCHEMA, 'dead_letter', DEAD_LETTER_COLUMNS);
  } else if (relation.connector !== null) {
    add(DEAD_LETTER_SCHEMA, 'dead_letter', DEAD_LETTER_COLUMNS);
  }
  return found;
}

function companion(
  owner: StoredRelation, columns: Shape,
  as: { readonly id: number; readonly schemaId: number; readonly schema: string;
    readonly name: string },
): StoredRelation {
  return {
    ...as, kind: 'table', database: owner.database, owner: owner.owner, belongsTo: owner.id,
    columns: columns.map(({ name, type }) => ({
      name, type, notNull: false, defaultExpr: null, generated: null, identity: null,
    })),
    primaryKey: null, uniqueKeys: [], checks: [], appendOnly: false, watermark: null,
    columnWatermarks: [], definition: null, stored: true, sql: '',
    options: owner.options.filter(([option]) => option === LATE_RETENTION), view: null,
    connector: null, onConflict: null, dependsOn: [owner.id],
  };
}

/** Views that read a table by column numbers that are others now. */
function movedReaders(
  state: CatalogState, table: number, columns: readonly ColumnMapping[],
): DdlChange[] {
  const moved = new Map<number, number>();
  for (const [at, from] of columns.entries()) {
    if (from.kind === 'column') moved.set(from.column, at);
  }
  const changes: DdlChange[] = [];
  for (const relation of state.relations.values()) {
    const { view } = relation;
    if (view === null || !view.reads.includes(table)) continue;
    const dataflow = moveSources(view.dataflow, table, moved);
    if (dataflow !== view.dataflow) {
      const altered = { ...relation, view: { ...view, dataflow } };
      changes.push({ kind: 'alterRelation', relation: altered });
    }
  }
  return changes;
}

function moveSources(
  dataflow: Dataflow, table: number, moved: ReadonlyMap<number, number>,
): Dataflow {
  let changed = false;
  const nodes = dataflow.nodes.map((node) => {
    if (node.kind !== 'source' || node.relation !== table) return node;
    const sourceColumns = node.sourceColumns.map((at) =>
      at < 0 ? at : must(moved.get(at), 'column a view reads'));
    if (sourceColumns.every((at, i) => at === node.sourceColumns[i])) return node;
    changed = true;
    return { ...node, sourceColumns };
  });
  return changed ? { ...dataflow, nodes } : dataflow;
}

/** A catalog change on its way. */
export interface PreparedDdl {
  readonly commit: (now: bigint) => void;
  readonly undo: () => void;
  /** Views to hydrate in this epoch; with the rows of the view they replace. */
  readonly fresh: readonly FreshView[];
}

/** A view that begins in this epoch. */
export interface FreshView {
  readonly view: ViewRuntime;
  readonly replaces: RelationRows | null;
}

/** Builds what the changes need; throws when they cannot be carried out, changing nothing. */
export function prepareDdl(state: EngineState, changes: readonly DdlChange[]): PreparedDdl {
  const preparation = new Preparation(state);
  try {
    for (const change of changes) preparation.prepare(change);
  } catch (error) {
    preparation.undo();
    throw error;
  }
  return {
    fresh: preparation.fresh, undo: () => preparation.undo(),
    commit: (now) => {
      for (const step of preparation.commits) step(now);
    },
  };
}

class Preparation {
  readonly #state: EngineState;
  readonly #undos: (() => void)[] = [];
  readonly commits: ((now: bigint) => void)[] = [];
  readonly fresh: FreshView[] = [];
  /** Indexes that these changes define, as they will be. */
  readonly #indexes = new Map<number, StoredIndex>();

  constructor(state: EngineState) {
    this.#state = state;
  }

  undo(): void {
    for (const step of this.#undos.reverse()) step();
    this.#undos.length = 0;
  }

  prepare(change: DdlChange): void {
    switch (change.kind) {
      case 'createRelation': this.#create(change.relation); return;
      case 'replaceView': this.#replace(change.relation); return;
      case 'rewriteTable': this.#rewrite(change.relation, change.columns); return;
      case 'alterRelation': this.#alter(change.relation); return;
      case 'dropRelation': this.#drop(change.id); return;
      case 'putIndex': {
        const { id, relation, columns } = change.index;
        this.#indexes.set(id, change.index);
        this.commits.push(() => {
          // Of several definitions the last one counts: its columns are those of the last rewrite.
          if (this.#indexes.get(id) !== change.index) return;
          if (columns.length === 0) return;
          this.#state.relations.get(relation)?.rows?.addIndex(id, columns);
        });
        return;
      }
      case 'dropIndex':
        this.commits.push(() => {
          for (const relation of this.#state.relations.values()) {
            relation.rows?.dropIndex(change.id);
          }
        });
        return;
      case 'dropObject':
        this.commits.push(() => { this.#state.sequences.delete(change.id); });
        return;
      case 'putDatabase': case 'dropDatabase': case 'putSchema': case 'dropSchema':
      case 'putObject': case 'comment': return;
      default: assertNever(change);
    }
  }

  #create(relation: StoredRelation): void {
    if (relation.kind === 'view') return;
    const state = this.#state;
    this.#undos.push(() => {
      state.relations.delete(relation.id);
      state.parts.stores.drop(`${relation.id}.`);
    });
    const made = state.makeRelation(relation);
    state.relations.set(relation.id, made);
    if (relation.view === null) {
      this.commits.push((now) => {
        state.setCreatedAt(relation.id, now);
        if (hasOwnReader(relation)) state.openReader(relation, 0);
      });
      return;
    }
    const view = state.makeView(relation, must(made.rows, 'rows of a view'));
    this.fresh.push({ view, replaces: null });
    this.commits.push(() => this.#attach(view));
  }

  #attach(view: ViewRuntime): void {
    this.#state.views.set(view.id, view);
    this.#state.openReadersOf(view);
    this.#state.viewsChanged();
  }

  #replace(relation: StoredRelation): void {
    const state = this.#state;
    const relationState = state.relation(relation.id);
    const old = must(relationState.rows, 'rows of a view');
    const oldPrefix = state.nextGeneration(relation.id);
    this.#undos.push(() => state.previousGeneration(relation.id));
    const view = state.makeView(relation, state.makeRows(relation));
    this.fresh.push({ view, replaces: old });
    this.commits.push(() => {
      relationState.relation = relation;
      relationState.rows = view.rows;
      state.closeReaders(({ reader }) => reader === relation.id);
      state.parts.stores.drop(oldPrefix);
      state.views.get(view.id)?.flow.close();
      this.#attach(view);
    });
  }

  #rewrite(relation: StoredRelation, columns: readonly ColumnMapping[]): void {
    const state = this.#state;
    const relationState = state.relation(relation.id);
    const { rows: old, relation: before, clock } = relationState;
    if (old === null) {
      relationState.relation = relation;
      this.#undos.push(() => { relationState.relation = before; });
      return;
    }
    const oldPrefix = state.nextGeneration(relation.id);
    this.#undos.push(() => {
      state.previousGeneration(relation.id);
      Object.assign(relationState, { rows: old, relation: before, clock });
    });
    const rows = state.makeRows(relation);
    copyRows(old, rows, columns);
    relationState.rows = rows;
    relationState.relation = relation;
    relationState.clock = movedClock(relation, clock);
    for (const index of state.catalog.state.indexesOf(relation.id)) {
      if (this.#indexes.has(index.id)) continue;
      const moved = index.columns.map((at) => columns.findIndex((from, to) =>
        (from.kind === 'column' ? from.column === at : from.kind === 'expr' && to === at)));
      if (moved.length > 0 && !moved.includes(-1)) rows.addIndex(index.id, moved);
    }
    this.commits.push(() => {
      state.parts.stores.drop(oldPrefix);
      state.changelogs.rewrite(relation, columns);
    });
  }

  #alter(relation: StoredRelation): void {
    const state = this.#state.relations.get(relation.id);
    if (state === undefined) return;
    const { relation: before } = state;
    if (relation.view === null && (before.watermark === null) !== (relation.watermark === null)) {
      this.#rewrite(relation, relation.columns.map((_c, column) => ({ kind: 'column', column })));
      return;
    }
    const view = this.#state.views.get(relation.id);
    state.relation = relation;
    view?.redefine(relation);
    if (relation.connector !== null) this.commits.push(() => this.#state.reopenReaders(relation));
    this.#undos.push(() => {
      state.relation = before;
      view?.redefine(before);
    });
  }

  #drop(id: number): void {
    const state = this.#state;
    const ids = [id, ...[...state.relations.values()]
      .filter(({ relation }) => relation.belongsTo === id).map((relation) => relation.id)];
    const relation = state.catalog.state.relation(id);
    const sequences = relation === null ? []
      : ownedSequences(state.catalog.state.objects, relation);
    this.commits.push(() => {
      for (const each of sequences) state.sequences.delete(each);
      for (const each of ids) {
        state.parts.stores.drop(`${each}.`);
        state.forgetRelation(each);
      }
    });
  }
}

function movedClock(relation: StoredRelation, old: EventClock | null): EventClock | null {
  if (relation.watermark === null) return null;
  const clock = new EventClock(relation.watermark, 1);
  if (old !== null) clock.load(old.save());
  return clock;
}

/** Copies rows into new columns; arrivals stay, new ones are NULL. */
function copyRows(
  from: RelationRows, to: RelationRows, columns: readonly ColumnMapping[],
): void {
  const cursor = from.cursor();
  for (let batch = cursor.next(); batch !== null; batch = cursor.next()) {
    const { length } = batch;
    const mapped = mappedColumns(columns, batch, { from: from.types, to: to.types });
    if (to.tracksArrival) {
      mapped.push(from.tracksArrival ? must(batch.columns.at(-1), 'arrivals')
        : { ...makeColumn('i64', length), nulls: new Uint8Array(length).fill(1) });
    }
    const moved: Batch = { length, columns: mapped, weights: batch.weights };
    to.applyDelta(moved);
  }
}
