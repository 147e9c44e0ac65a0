/**
 * The listing views of pg_catalog: pg_tables, pg_views, pg_matviews, pg_indexes, statistics.
 *
 * Statistics that are not counted are 0.
 */
import type { SystemContext } from '../engine-core-types.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { typeOid } from '../../common/types/registry.ts';
import { sequenceOf } from '../engine-sequences.ts';
import { indexesHere, relationKind, sequencesHere } from './classes.ts';
import type { CatalogRow, Contents } from './content.ts';
import { indexText, viewText } from './definitions.ts';
import { relationsHere, userRelations } from './oids.ts';

function* tables(context: SystemContext): Generator<CatalogRow, void> {
  const indexed = new Set(indexesHere(context).map(({ index }) => index.relation));
  for (const relation of relationsHere(context)) {
    if (relationKind(relation) !== 'r') continue;
    yield { schemaname: relation.schema, tablename: relation.name, tableowner: relation.owner,
      hasindexes: indexed.has(relation.id), hasrules: false,
      hastriggers: (relation.foreignKeys ?? []).length > 0
        || context.catalog.referencesTo(relation.id).length > 0,
      rowsecurity: false };
  }
}

function* views(context: SystemContext): Generator<CatalogRow, void> {
  for (const relation of relationsHere(context)) {
    if (relationKind(relation) !== 'v') continue;
    yield { schemaname: relation.schema, viewname: relation.name, viewowner: relation.owner,
      definition: relation.kind === 'system' ? '' : viewText(relation) };
  }
}

function* materializedViews(context: SystemContext): Generator<CatalogRow, void> {
  const indexed = new Set(indexesHere(context).map(({ index }) => index.relation));
  for (const relation of userRelations(context)) {
    if (relation.kind !== 'materializedView') continue;
    yield { schemaname: relation.schema, matviewname: relation.name,
      matviewowner: relation.owner, hasindexes: indexed.has(relation.id), ispopulated: true,
      definition: viewText(relation) };
  }
}

function* indexes(context: SystemContext): Generator<CatalogRow, void> {
  for (const { index, relation } of indexesHere(context)) {
    yield { schemaname: relation.schema, tablename: relation.name, indexname: index.name,
      indexdef: indexText(context.catalog, index, 0) };
  }
}

function* sequences(context: SystemContext): Generator<CatalogRow, void> {
  for (const { id, name, owner, schemaId, data } of sequencesHere(context)) {
    const { start, increment, min, max, cycle, type, cache } = sequenceOf(data);
    yield { schemaname: context.catalog.schemas.get(schemaId)?.name ?? '', sequencename: name,
      sequenceowner: owner, data_type: typeOid({ name: type }), start_value: start, min_value: min,
      max_value: max, increment_by: increment, cycle, cache_size: cache,
      last_value: context.engine.lastOfSequence(id) };
  }
}

function isTable(relation: StoredRelation): boolean {
  return relation.kind === 'table' || relation.kind === 'materializedView';
}

function* tableStatistics(context: SystemContext): Generator<CatalogRow, void> {
  for (const relation of userRelations(context)) {
    if (!isTable(relation)) continue;
    yield { relid: relation.id, schemaname: relation.schema, relname: relation.name,
      seq_scan: 0n, seq_tup_read: 0n, n_tup_ins: 0n, n_tup_upd: 0n, n_tup_del: 0n,
      n_tup_hot_upd: 0n, n_live_tup: BigInt(context.engine.rowCount(relation.id)),
      n_dead_tup: 0n, n_mod_since_analyze: 0n, n_ins_since_vacuum: 0n, vacuum_count: 0n,
      autovacuum_count: 0n, analyze_count: 0n, autoanalyze_count: 0n };
  }
}

function* indexStatistics(context: SystemContext): Generator<CatalogRow, void> {
  for (const { index, relation } of indexesHere(context)) {
    yield { relid: relation.id, indexrelid: index.id, schemaname: relation.schema,
      relname: relation.name, indexrelname: index.name, idx_scan: 0n, idx_tup_read: 0n,
      idx_tup_fetch: 0n };
  }
}

function* tableInputs(context: SystemContext): Generator<CatalogRow, void> {
  for (const relation of userRelations(context)) {
    if (!isTable(relation)) continue;
    yield { relid: relation.id, schemaname: relation.schema, relname: relation.name,
      heap_blks_read: 0n, heap_blks_hit: 0n };
  }
}

function* databaseStatistics(context: SystemContext): Generator<CatalogRow, void> {
  const sessions = context.sessions?.activity() ?? [];
  for (const { id, name } of context.catalog.databases.values()) {
    yield { datid: id, datname: name,
      numbackends: sessions.filter((session) => session.database === id).length,
      xact_commit: context.engine.epoch().epochsRun, xact_rollback: 0n };
  }
}

/** Contents of the relations named above. */
export const LISTINGS: Contents = {
  pg_tables: tables, pg_views: views, pg_matviews: materializedViews, pg_indexes: indexes,
  pg_sequences: sequences, pg_stat_user_tables: tableStatistics,
  pg_stat_all_tables: tableStatistics, pg_stat_user_indexes: indexStatistics,
  pg_stat_all_indexes: indexStatistics, pg_statio_all_tables: tableInputs,
  pg_statio_user_tables: tableInputs, pg_stat_database: databaseStatistics,
};
