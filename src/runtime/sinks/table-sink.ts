/**
 * SINK INTO a table of this engine: changes as upserts and deletions by its primary key.
 *
 * They are committed together with the sink's position, so each change counts once.
 */
import { must } from '../../common/assert.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { Batch, Column } from '../batch.ts';
import { makeColumn } from '../batch.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import type { TableChange } from '../engine-core-types.ts';
import { concatBatches, consolidate, takeRows } from '../engine-rows.ts';
import type { SinkEpoch, StoredSink } from './sink.ts';

/** The change of the table that some epochs make. */
export function tableChange(
  core: EngineCoreFace, sink: StoredSink, epochs: readonly SinkEpoch[],
): TableChange[] {
  const into = must(sink.into, 'target table');
  const table = core.catalog.state.relation(into.table);
  if (table === null) return [];
  const types = sink.spec.columns.map(({ type }) => type);
  const net = consolidate(concatBatches(types, epochs.map(({ delta }) => delta)));
  if (net.length === 0) return [];
  const columns = table.columns.map((column, at): Column => {
    const from = into.columns.indexOf(at);
    return from >= 0 ? must(net.columns[from], 'column')
      : { ...makeColumn(physicalOf(column.type), net.length),
        nulls: new Uint8Array(net.length).fill(1) };
  });
  // Deletions first: of a key that goes and comes, the row that comes counts.
  const batch = retractionsFirst({ ...net, columns });
  return [{ relation: table.id, batch, onTaken: table.primaryKey === null ? 'refuse' : 'replace' }];
}

function retractionsFirst(batch: Batch): Batch {
  const gone: number[] = [];
  const here: number[] = [];
  for (let row = 0; row < batch.length; row++) {
    ((batch.weights[row] ?? 0) < 0 ? gone : here).push(row);
  }
  return gone.length === 0 ? batch : takeRows(batch, Int32Array.from([...gone, ...here]));
}
