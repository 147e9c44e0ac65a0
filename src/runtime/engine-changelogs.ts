/**
 * Which relations keep their changes, and for how long.
 *
 * Follows from the catalog alone: subscriptions and the option `retain_history` ask for it; the
 * longest wish counts. Brought up to date when an epoch is published, so that recovery does the
 * same at the same epoch.
 */
import { must } from '../common/assert.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Batch } from './batch.ts';
import type { ColumnMapping, StoredRelation } from './catalog-store-types.ts';
import type { CatalogState } from './catalog-store.ts';
import { Changelog, changelogColumns } from './changelog.ts';
import type { Floor, Retention } from './changelog.ts';
import { concatBatches, consolidate } from './engine-rows.ts';
import type { StoreProvider } from './engine-stores.ts';

/** Changed rows kept when no number was given. */
export const RETENTION_ROWS = 1_000_000;

/** A changelog in a checkpoint's meta. */
export interface ChangelogSaved {
  readonly relation: number;
  /** Counts the changes of shape: part of the store's name. */
  readonly shape: number;
  readonly floor: Floor;
}

interface Kept {
  readonly log: Changelog;
  readonly shape: number;
}

/** All changelogs of an engine. */
export class Changelogs {
  readonly #stores: StoreProvider;
  readonly #kept = new Map<number, Kept>();

  constructor(stores: StoreProvider) {
    this.#stores = stores;
  }

  of(relation: number): Changelog | null {
    return this.#kept.get(relation)?.log ?? null;
  }

  /** After the catalog has changed, in the epoch that changed it. */
  sync(catalog: CatalogState, at: Floor): void {
    const wanted = wishes(catalog);
    for (const [id, { shape }] of this.#kept) {
      if (wanted.has(id)) continue;
      this.#stores.drop(storeName(id, shape));
      this.#kept.delete(id);
    }
    for (const [id, retention] of wanted) {
      const relation = must(catalog.relation(id), 'relation of a changelog');
      const kept = this.#kept.get(id);
      if (kept === undefined) {
        this.#kept.set(id, this.#make(relation, { shape: 0, floor: at, retention }));
      } else {
        kept.log.retention = retention;
        this.#reshape(relation, kept, null);
      }
    }
  }

  /** Forgets what was kept before a moment; what sinks have not taken stays. */
  cut(at: Floor): void {
    for (const { log } of this.#kept.values()) if (log.retention.held === null) log.cut(at);
  }

  /** A table got other columns: what is kept is told as if it had always had them. */
  rewrite(relation: StoredRelation, columns: readonly ColumnMapping[]): void {
    const kept = this.#kept.get(relation.id);
    if (kept !== undefined) this.#reshape(relation, kept, columns);
  }

  #reshape(
    relation: StoredRelation, kept: Kept, columns: readonly ColumnMapping[] | null,
  ): void {
    const { log, shape } = kept;
    const types = typesOf(relation);
    const same = types.length === log.types.length
      && types.every((type, at) => sameType(type, must(log.types[at], 'type')));
    const moved = columns?.some((from, at) =>
      from.kind !== 'column' || from.column !== at) ?? false;
    if (same && !moved) return;
    const { floor, retention } = log;
    const made = this.#make(relation, { shape: shape + 1, floor, retention });
    log.copyInto(made.log, columns ?? types.map((_type, at): ColumnMapping =>
      (at < log.types.length ? { kind: 'column', column: at } : { kind: 'value', value: null })));
    this.#stores.drop(storeName(relation.id, shape));
    this.#kept.set(relation.id, made);
  }

  #make(
    relation: StoredRelation,
    of: { readonly shape: number; readonly floor: Floor; readonly retention: Retention },
  ): Kept {
    const types = typesOf(relation);
    const store = this.#stores.open(storeName(relation.id, of.shape), changelogColumns(types));
    return { log: new Changelog(types, store, of), shape: of.shape };
  }

  /** What an epoch changed. */
  append(at: Floor, deltas: ReadonlyMap<number, readonly Batch[]>): void {
    for (const [id, { log }] of this.#kept) {
      const batches = deltas.get(id);
      if (batches !== undefined && batches.length > 0) {
        log.append(at.epoch, at.at, consolidate(concatBatches(log.types, batches)));
      }
      log.evict(at.at);
    }
  }

  save(): readonly ChangelogSaved[] {
    return [...this.#kept].map(([relation, { log, shape }]) =>
      ({ relation, shape, floor: log.floor }));
  }

  /** After the catalog was loaded. */
  load(catalog: CatalogState, saved: readonly ChangelogSaved[]): void {
    const wanted = wishes(catalog);
    for (const { relation: id, shape, floor } of saved) {
      const retention = must(wanted.get(id), 'retention of a changelog');
      const relation = must(catalog.relation(id), 'relation of a changelog');
      this.#kept.set(id, this.#make(relation, { shape, floor, retention }));
    }
  }
}

function storeName(relation: number, shape: number): string {
  return `${relation}.history/${shape}/`;
}

function typesOf(relation: StoredRelation): readonly SqlType[] {
  return relation.columns.map(({ type }) => type);
}

/** How long each relation's changes are wanted. */
function wishes(catalog: CatalogState): Map<number, Retention> {
  const found = new Map<number, Retention>();
  const wish = (id: number, { micros, rows, held }: Retention): void => {
    const before = found.get(id);
    found.set(id, before === undefined ? { micros, rows, held } : {
      micros: before.micros > micros ? before.micros : micros, rows: Math.max(before.rows, rows),
      held: held === null || (before.held !== null && before.held < held) ? before.held : held,
    });
  };
  for (const relation of catalog.relations.values()) {
    if (!relation.stored || relation.kind === 'view') continue;
    const value = relation.options.find(([name]) => name === 'retain_history')?.[1];
    if (value !== undefined) wish(relation.id, {
      micros: BigInt(value), rows: RETENTION_ROWS, held: null,
    });
  }
  for (const { kind, data } of catalog.objects.values()) {
    // A sink holds what is not outside yet.
    if (kind === 'sink' && typeof data['relation'] === 'number') {
      const confirmed = typeof data['confirmed'] === 'bigint' ? data['confirmed'] : -1n;
      wish(data['relation'], { micros: 0n, rows: 0, held: confirmed });
    }
    if (kind !== 'subscription') continue;
    const { relation, retentionMicros, retentionRows } = data;
    if (typeof relation === 'number' && typeof retentionMicros === 'bigint'
      && typeof retentionRows === 'number' && catalog.relation(relation) !== null) {
      wish(relation, { micros: retentionMicros, rows: retentionRows, held: null });
    }
  }
  return found;
}
