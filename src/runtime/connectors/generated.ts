/**
 * Generated columns of sources: computed behind the decoder, for every row that is read.
 *
 * A row whose expression fails becomes a dead letter. Wraps a connector, so that polls and re-reads
 * go the same way.
 */
import { must } from '../../common/assert.ts';
import { SqlError } from '../../common/errors.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type { Batch } from '../batch.ts';
import { batchOf, makeColumn } from '../batch.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { compileMap } from '../kernels/map.ts';
import type { ConnectorContext, DeadLetter, OpenConnector, SourceBatch } from './connector.ts';

const EVALUATION = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1, now: 0n,
} as const;

/** What of a relation its connector decodes: all but generated columns, numbered anew. */
export function decodedPart(
  relation: StoredRelation,
): Pick<ConnectorContext, 'spec' | 'columns' | 'primaryKey'> {
  const spec = must(relation.connector, 'connector');
  const numbers = new Map<number, number>();
  for (const [at, { generated }] of relation.columns.entries()) {
    if (generated === null) numbers.set(at, numbers.size);
  }
  return {
    columns: relation.columns.filter(({ generated }) => generated === null),
    primaryKey: (relation.primaryKey ?? []).flatMap((at) => numbers.get(at) ?? []),
    spec: { ...spec, metadata: spec.metadata.map(({ column, what }) =>
      ({ what, column: must(numbers.get(column), 'metadata column') })) },
  };
}

/** The connector with generated columns filled in; itself where there are none. */
export function withGenerated(connector: OpenConnector, relation: StoredRelation): OpenConnector {
  if (relation.columns.every(({ generated }) => generated === null)) return connector;
  const complete = completer(relation);
  return {
    get partitions() { return connector.partitions; },
    ...connector.forgets === true ? { forgets: true } : {},
    startOf: (partition) => connector.startOf?.(partition) ?? 0n,
    lag: (partition, position) => connector.lag?.(partition, position) ?? null,
    hurry: () => connector.hurry?.(),
    schemasOf: async (payloads) => await connector.schemasOf?.(payloads) ?? [],
    takeSchemas: (schemas) => connector.takeSchemas?.(schemas),
    durable: (positions) => connector.durable?.(positions),
    close: () => connector.close?.(),
    ...connector.redecode === undefined ? {} : {
      redecode: (partition, letter) => {
        const source = connector.redecode?.(partition, letter);
        return complete({
          batch: source?.batch ?? batchOf([], []), deadLetters: source?.deadLetters ?? [],
          next: letter.position, ended: false, caughtUp: false, checksum: 0,
        });
      },
    },
    nextPollAt: (partition, from, now) => connector.nextPollAt(partition, from, now),
    poll: (partition, from, limits) => {
      const answer = connector.poll(partition, from, limits);
      return answer instanceof Promise ? answer.then(complete) : complete(answer);
    },
    reread: async (partition, first, next) =>
      complete(await connector.reread(partition, first, next)),
  };
}

function completer(relation: StoredRelation): (source: SourceBatch) => SourceBatch {
  const types = relation.columns.map(({ type }) => type);
  const exprs = relation.columns.map(({ generated, type }, index): ScalarExpr =>
    generated ?? { kind: 'column', index, type });
  const kernel = compileMap({ filter: null, exprs, inputTypes: types });
  return (source) => {
    const failed: DeadLetter[] = [];
    const batch = kernel(spread(relation, source.batch), EVALUATION, (error) => {
      failed.push({
        position: source.next, reason: error.message, column: null, payload: new Uint8Array(0),
        sqlState: error instanceof SqlError ? error.sqlState : 'XX000',
      });
    });
    return {
      ...source, batch: batch ?? batchOf(types, []),
      offsets: failed.length === 0 ? source.offsets : undefined,
      deadLetters: [...source.deadLetters, ...failed],
    };
  };
}

/** Decoded columns at their places, NULL where generated ones will be. */
function spread(relation: StoredRelation, batch: Batch): Batch {
  let at = 0;
  const columns = relation.columns.map(({ generated, type }) => generated === null
    ? must(batch.columns[at++], 'decoded column')
    : { ...makeColumn(physicalOf(type), batch.length),
      nulls: new Uint8Array(batch.length).fill(1) });
  return { ...batch, columns };
}
