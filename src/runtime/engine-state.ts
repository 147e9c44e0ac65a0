/**
 * Everything an epoch transforms: catalog, relations, views, readers, sequences.
 *
 * Made by EngineCore, changed only by EpochRun (engine-epoch.ts) and engine-ddl.ts; a function of
 * the epoch log alone. Checkpoints save what is not in RowStores as one plain object, `meta`.
 */
import { must } from '../common/assert.ts';
import type { StoredRelation } from './catalog-store-types.ts';
import { CatalogStore } from './catalog-store.ts';
import type { FamilyMember, OpenConnector, SourceFamily } from './connectors/connector.ts';
import { decodedPart, withGenerated } from './connectors/generated.ts';
import { openConnector } from './connectors/registry.ts';
import { IDEMPOTENCY_COLUMNS, IdempotencyKeys } from './engine-idempotency.ts';
import { logsRows, onErrorOf } from './connectors/on-error.ts';
import type { ReaderSaved, SourceGap } from './engine-readers.ts';
import { readerKey, ReaderState } from './engine-readers.ts';
import type { StoreProvider } from './engine-stores.ts';
import { RowTtl, ttlOf } from './row-ttl.ts';
import type { ClockState } from './engine-watermarks.ts';
import { EventClock } from './engine-watermarks.ts';
import type { BuildOperator } from './graph.ts';
import type { ViewCounters } from './graph-view.ts';
import { makeFrontier, ViewRuntime } from './graph-view.ts';
import type { Frontier } from './operator.ts';
import { LATE_LIMIT } from '../planner/bind-view-options.ts';
import { LATE_RETENTION, LogRetention } from './relations-log.ts';
import type { LogLimit } from './relations-log.ts';
import { RelationRows, relationStoreColumns } from './relations-rows.ts';
import { RelationState } from './relations.ts';
import { Changelogs } from './engine-changelogs.ts';
import type { ChangelogSaved } from './engine-changelogs.ts';
import type { Files, Outside } from './storage/interfaces.ts';

/** What the state is made with. */
export interface StateParts {
  readonly stores: StoreProvider;
  readonly build: BuildOperator;
  readonly files: Files;
  readonly outside: Outside;
  readonly batchRows: number;
  readonly checkLaws: boolean;
  readonly lateRetentionRows: number;
}

/** The part of a checkpoint that is not in stores. */
export interface Meta {
  readonly epoch: bigint;
  readonly now: bigint;
  readonly previousHash: bigint;
  readonly nextOid: number;
  readonly epochsRun: bigint;
  readonly generations: readonly (readonly [number, number])[];
  readonly createdAt: readonly (readonly [number, bigint])[];
  readonly clocks: readonly (readonly [number, ClockState])[];
  readonly readers: readonly ReaderSaved[];
  readonly deadSeen: readonly (readonly [string, bigint])[];
  readonly views: readonly ViewSaved[];
  readonly sequences: readonly (readonly [number, bigint])[];
  /** Absent in checkpoints of version 0.1.0. */
  readonly changelogs?: readonly ChangelogSaved[];
  readonly gaps?: readonly SourceGap[];
}

interface ViewSaved extends ViewCounters {
  readonly id: number;
  readonly started: boolean;
  readonly broken: string | null;
}

/** The engine's state between epochs. */
export class EngineState {
  readonly catalog: CatalogStore = new CatalogStore();
  readonly relations: Map<number, RelationState> = new Map();
  readonly views: Map<number, ViewRuntime> = new Map();
  readonly readers: Map<string, ReaderState> = new Map();
  /** Last value given out, by sequence. */
  readonly sequences: Map<number, bigint> = new Map();
  /** Position up to which dead letters of a source's partition were kept. */
  readonly deadSeen: Map<string, bigint> = new Map();
  /** What sources went on behind. */
  readonly gaps: SourceGap[] = [];
  readonly keys: IdempotencyKeys;
  readonly changelogs: Changelogs;
  readonly parts: StateParts;
  /** Newest epoch that was run and published. */
  epoch = 0n;
  now = 0n;
  previousHash = 0n;
  epochsRun = 0n;
  /** False while logged epochs are run again: nothing outside is changed. */
  isLive = false;
  readonly #generations = new Map<number, number>();
  readonly #createdAt = new Map<number, bigint>();
  #order: readonly ViewRuntime[] | null = null;

  constructor(parts: StateParts) {
    this.parts = parts;
    this.changelogs = new Changelogs(parts.stores);
    this.keys = new IdempotencyKeys(parts.stores.open('engine/keys', IDEMPOTENCY_COLUMNS));
  }

  relation(id: number): RelationState {
    return must(this.relations.get(id), `relation ${id}`);
  }

  /** Prefix of the names of a relation's stores. */
  storePrefix(id: number): string {
    return `${id}.${this.#generations.get(id) ?? 0}/`;
  }

  /** Lets a relation's stores begin anew; gives the old prefix. */
  nextGeneration(id: number): string {
    const old = this.storePrefix(id);
    this.#generations.set(id, (this.#generations.get(id) ?? 0) + 1);
    return old;
  }

  /** Takes `nextGeneration` back; what was made meanwhile is dropped. */
  previousGeneration(id: number): void {
    this.parts.stores.drop(this.storePrefix(id));
    this.#generations.set(id, (this.#generations.get(id) ?? 1) - 1);
  }

  /** Makes a relation's run-time state, with rows from the checkpoint where there are some. */
  makeRelation(relation: StoredRelation): RelationState {
    const log = isLog(relation);
    const clock = relation.stored && relation.watermark !== null && relation.view === null
      ? new EventClock(relation.watermark, 1) : null;
    const rows = relation.stored ? this.makeRows(relation) : null;
    const retention = log && rows !== null
      ? new LogRetention(rows, limitOf(relation, this.parts.lateRetentionRows)) : null;
    return new RelationState(relation, rows, clock, retention);
  }

  makeRows(relation: StoredRelation): RelationRows {
    const log = isLog(relation);
    const ttl = ttlOf(relation);
    const tracksArrival = log || ttl !== null || relation.marksArrival === true
      || (relation.watermark !== null && relation.view === null);
    const key = relation.view === null ? relation.primaryKey : relation.view.key;
    const appendOnly = log || (relation.view?.appendOnly ?? relation.appendOnly);
    const store = this.parts.stores.open(`${this.storePrefix(relation.id)}rows`,
      relationStoreColumns(relation.columns, tracksArrival));
    const types = relation.columns.map(({ type }) => type);
    const rows = new RelationRows(types, store, { key, appendOnly, tracksArrival });
    if (ttl !== null) rows.ttl = new RowTtl(rows, ttl, relation.watermark?.column ?? null);
    for (const [at, columns] of relation.uniqueKeys.entries()) rows.addIndex(-1 - at, columns);
    return rows;
  }

  makeView(relation: StoredRelation, rows: RelationRows): ViewRuntime {
    const prefix = this.storePrefix(relation.id);
    return new ViewRuntime({
      relation, rows, view: must(relation.view, 'plan of a view'), build: this.parts.build,
      batchRows: this.parts.batchRows, checkLaws: this.parts.checkLaws,
      arrangementOf: (id) => must(this.relation(id).rows, 'rows of a relation').arrangement,
      store: (name, columns) => this.parts.stores.open(`${prefix}op/${name}`, columns),
    });
  }

  /** Opens the readers a view needs: one for each SOURCE it reads. */
  openReadersOf(view: ViewRuntime): void {
    for (const id of view.flow.reads()) {
      const relation = this.relations.get(id)?.relation;
      if (relation !== undefined && !relation.stored) this.openReader(relation, view.id);
    }
  }

  /** Opens a relation's connector; `needed` null: all columns. */
  openSource(relation: StoredRelation, needed: ReadonlySet<number> | null): OpenConnector {
    return withGenerated(openConnector({
      ...decodedPart(relation), files: this.parts.files, outside: this.parts.outside, needed,
      createdAt: this.#createdAt.get(relation.id) ?? 0n, family: this.#familyOf(relation),
    }), relation);
  }

  #familyOf({ id, stored, connector }: StoredRelation): SourceFamily {
    return {
      relation: id,
      source: () => connector?.shared === undefined ? null
        : this.readers.get(readerKey(connector.shared, 0))?.connector ?? null,
      members: () => {
        const members: FamilyMember[] = [];
        for (const reader of this.readers.values()) {
          const relation = this.relations.get(reader.relation)?.relation;
          if (relation?.connector == null) continue;
          if (stored ? relation.id !== id : relation.connector.shared !== id) continue;
          const part = this.#decoded(relation);
          members.push({ ...part, relation: relation.id, position: reader.partition(0).position });
        }
        return members;
      },
    };
  }

  /** What connectors decode of relations, made once for each definition. */
  readonly #decodedParts = new WeakMap<StoredRelation, ReturnType<typeof decodedPart>>();

  #decoded(relation: StoredRelation): ReturnType<typeof decodedPart> {
    const known = this.#decodedParts.get(relation);
    if (known !== undefined) return known;
    const made = decodedPart(relation);
    this.#decodedParts.set(relation, made);
    return made;
  }

  openReader(relation: StoredRelation, reader: number): ReaderState {
    const connector = this.openSource(relation, this.#neededColumns(relation, reader));
    const { watermark } = relation;
    this.relations.get(relation.id)?.clock?.expect(connector.partitions);
    const clock = relation.stored || watermark === null ? null
      : new EventClock(watermark, connector.partitions);
    const state = new ReaderState(
      { relation: relation.id, reader, connectorName: relation.connector?.connector ?? '',
        stopsOnError: onErrorOf(relation) === 'stop', logsRows: logsRows(relation) },
      connector, clock);
    this.readers.set(readerKey(relation.id, reader), state);
    return state;
  }

  /** Opens a relation's readers anew, where they are: its declaration has changed. */
  reopenReaders(relation: StoredRelation): void {
    const before = [...this.readers.values()].filter((reader) => reader.relation === relation.id);
    for (const old of before) {
      const saved = old.save();
      this.closeReaders((reader) => reader === old);
      this.openReader(relation, old.reader).load(saved);
    }
  }

  /** Ends readers and their connections; with their relation, also what it has outside. */
  closeReaders(which: (reader: ReaderState) => boolean, dropped = false): void {
    for (const [key, reader] of this.readers) {
      if (!which(reader)) continue;
      this.readers.delete(key);
      reader.connector.close?.();
      if (dropped && this.isLive) reader.connector.dropped?.();
    }
  }

  /** Columns of a SOURCE that the reading view looks at; null: all. */
  #neededColumns(relation: StoredRelation, reader: number): ReadonlySet<number> | null {
    const view = this.views.get(reader);
    if (relation.stored || view === undefined) return null;
    if (relation.columns.some((column) => column.generated !== null)) return null;
    const needed = new Set(view.flow.columnsRead(relation.id));
    if (relation.watermark !== null) needed.add(relation.watermark.column);
    return needed;
  }

  /** Remembers when a relation with a connector was made. */
  setCreatedAt(id: number, now: bigint): void {
    this.#createdAt.set(id, now);
  }

  forgetRelation(id: number): void {
    this.relations.delete(id);
    this.views.get(id)?.flow.close();
    this.views.delete(id);
    this.#generations.delete(id);
    this.#createdAt.delete(id);
    this.closeReaders((reader) => reader.relation === id || reader.reader === id, true);
    for (const key of this.deadSeen.keys()) {
      if (key.startsWith(`${id}/`)) this.deadSeen.delete(key);
    }
    this.viewsChanged();
  }

  viewsChanged(): void {
    this.#order = null;
  }

  /** Views in an order in which each comes after what it reads. */
  viewOrder(): readonly ViewRuntime[] {
    this.#order ??= orderViews(this.views, this.relations);
    return this.#order;
  }

  /** The watermark of a relation as a view sees it, through the views it reads. */
  watermarkFor(view: ViewRuntime, relation: number): bigint | null {
    return this.#watermarkThrough(view, relation) ?? null;
  }

  /** undefined: this view does not depend on the relation. */
  #watermarkThrough(view: ViewRuntime, relation: number): bigint | null | undefined {
    const own = this.readers.get(readerKey(relation, view.id));
    if (own?.clock) return own.clock.watermark;
    const clock = this.relations.get(relation)?.clock;
    if (clock) return clock.watermark;
    let minimum: bigint | null | undefined;
    for (const id of view.flow.reads()) {
      const upstream = this.views.get(id);
      if (upstream === undefined) continue;
      const value = this.#watermarkThrough(upstream, relation);
      if (value === undefined) continue;
      if (value === null) return null;
      if (minimum === undefined || minimum === null || value < minimum) minimum = value;
    }
    return minimum;
  }

  frontierOf(view: ViewRuntime, epoch: bigint, now: bigint): Frontier {
    return makeFrontier(epoch, now, (relation) => this.watermarkFor(view, relation));
  }

  /** Takes logical time back while nothing depends on it; false when something does. */
  rewind(now: bigint): boolean {
    const bound = [...this.views.values()].some(({ view }) => view.dataflow.nodes.some((node) =>
      node.kind === 'temporalFilter' || node.kind === 'throttle' || node.kind === 'panes'));
    const aging = [...this.relations.values()].some(({ rows }) => rows?.ttl?.followsClock);
    if (bound || aging || this.readers.size > 0) return false;
    if (now < this.now) this.now = now;
    return true;
  }

  /** Earliest logical time at which an epoch is necessary without input, or null. */
  dueAt(): bigint | null {
    let earliest: bigint | null = null;
    for (const { rows } of this.relations.values()) {
      const at = rows?.ttl?.dueAt() ?? null;
      if (at !== null && (earliest === null || at < earliest)) earliest = at;
    }
    for (const view of this.views.values()) {
      if (view.broken !== null) continue;
      const at = view.flow.dueAt();
      if (at !== null && (earliest === null || at < earliest)) earliest = at;
    }
    return earliest;
  }

  saveMeta(): Meta {
    return {
      epoch: this.epoch, now: this.now, previousHash: this.previousHash,
      nextOid: this.catalog.nextOid, epochsRun: this.epochsRun,
      generations: [...this.#generations], createdAt: [...this.#createdAt],
      clocks: [...this.relations].flatMap(([id, state]) =>
        state.clock === null ? [] : [[id, state.clock.save()] as const]),
      readers: [...this.readers.values()].map((reader) => reader.save()),
      deadSeen: [...this.deadSeen], sequences: [...this.sequences],
      changelogs: this.changelogs.save(), gaps: this.gaps,
      views: [...this.views.values()].map((view) => ({
        id: view.id, started: view.flow.started, broken: view.broken, ...view.counters,
      })),
    };
  }

  /** Rebuilds everything from a checkpoint; the catalog has been loaded. */
  loadMeta(meta: Meta): void {
    this.epoch = meta.epoch;
    this.now = meta.now;
    this.previousHash = meta.previousHash;
    this.epochsRun = meta.epochsRun;
    this.catalog.reserve(meta.nextOid);
    for (const [id, generation] of meta.generations) this.#generations.set(id, generation);
    for (const [id, at] of meta.createdAt) this.#createdAt.set(id, at);
    for (const [key, position] of meta.deadSeen) this.deadSeen.set(key, position);
    this.gaps.push(...meta.gaps ?? []);
    for (const [id, last] of meta.sequences) this.sequences.set(id, last);
    for (const relation of this.catalog.state.relations.values()) {
      if (relation.kind !== 'system' && isKept(relation)) this.#restoreRelation(relation);
    }
    this.changelogs.load(this.catalog.state, meta.changelogs ?? []);
    for (const [id, clock] of meta.clocks) this.relation(id).clock?.load(clock);
    for (const saved of meta.views) this.#restoreView(saved);
    for (const saved of meta.readers) {
      this.openReader(this.relation(saved.relation).relation, saved.reader).load(saved);
    }
    for (const saved of meta.views) {
      const view = must(this.views.get(saved.id), 'view');
      view.flow.restore(saved.started, this.frontierOf(view, this.epoch, this.now));
    }
  }

  #restoreRelation(relation: StoredRelation): void {
    const state = this.makeRelation(relation);
    this.relations.set(relation.id, state);
    state.rows?.restore();
    state.retention?.restore();
    for (const index of this.catalog.state.indexesOf(relation.id)) {
      if (index.columns.length > 0) state.rows?.addIndex(index.id, index.columns);
    }
  }

  #restoreView(saved: ViewSaved): void {
    const state = this.relation(saved.id);
    const view = this.makeView(state.relation, must(state.rows, 'rows of a view'));
    view.broken = saved.broken;
    Object.assign(view.counters,
      { offered: saved.offered, late: saved.late, rowErrors: saved.rowErrors });
    this.views.set(saved.id, view);
    this.viewsChanged();
  }
}

/** Late and dead letter relations. */
function isLog(relation: StoredRelation): boolean {
  return relation.belongsTo !== null;
}

/** Relations with a state at run time: all but plain views. */
export function isKept(relation: StoredRelation): boolean {
  return relation.kind !== 'view';
}

function orderViews(
  views: ReadonlyMap<number, ViewRuntime>, relations: ReadonlyMap<number, RelationState>,
): ViewRuntime[] {
  const order: ViewRuntime[] = [];
  const visited = new Set<number>();
  const visit = (view: ViewRuntime): void => {
    if (visited.has(view.id)) return;
    visited.add(view.id);
    for (const id of view.flow.reads()) {
      const upstream = views.get(id) ?? views.get(relations.get(id)?.relation.belongsTo ?? -1);
      if (upstream !== undefined) visit(upstream);
    }
    order.push(view);
  };
  for (const id of [...views.keys()].sort((a, b) => a - b)) visit(must(views.get(id), 'view'));
  return order;
}

/** How much of a log relation is kept: as its view says, else seven days. */
function limitOf(relation: StoredRelation, rows: number): LogLimit {
  const said = relation.options.find(([name]) => name === LATE_RETENTION)?.[1].split(' ');
  return said === undefined ? { rows, micros: LATE_LIMIT.micros }
    : { rows: Number(said[0]), micros: BigInt(said[1] ?? 0) };
}
