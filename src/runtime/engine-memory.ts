/**
 * WITH (memory_limit = '100MB'): a view that keeps more than that stops, and the server lives.
 *
 * Looked at before each epoch. Bytes depend on how arrays have grown, so a replay could not find
 * the same moment again: the decision is logged and carried out by EpochRun, like those of the
 * wall clock.
 */
import type { StoredRelation } from './catalog-store-types.ts';
import type { ViewRuntime } from './graph-view.ts';
import type { LoggedDecision } from './storage/epoch-log.ts';

/** The option's name in a relation's options. */
export const MEMORY_LIMIT = 'memory_limit';

/** Decisions to stop the views that are over their limit. */
export function overMemoryLimit(views: Iterable<ViewRuntime>): LoggedDecision[] {
  const decisions: LoggedDecision[] = [];
  for (const view of views) {
    const limit = limitOf(view.relation);
    if (limit === null || view.broken !== null) continue;
    const bytes = bytesOf(view);
    if (bytes <= limit) continue;
    decisions.push({
      kind: 'stop', relation: view.id, reader: 0, partition: 0, watermark: BigInt(bytes),
    });
  }
  return decisions;
}

/** Why a view stopped that kept too much, and what to do. */
export function tooMuchMemory(relation: StoredRelation, bytes: bigint): string {
  const limit = megabytes(BigInt(limitOf(relation) ?? 0));
  return `it keeps ${megabytes(bytes)} MB, more than its memory_limit of ${limit} MB; `
    + 'bound its state (see EXPLAIN) or raise the limit';
}

function limitOf({ options }: StoredRelation): number | null {
  if (options.length === 0) return null;
  const found = options.find(([name]) => name === MEMORY_LIMIT);
  return found === undefined ? null : Number(found[1]);
}

function bytesOf(view: ViewRuntime): number {
  let total = view.rows.bytes();
  for (const { size } of view.flow.sizes()) total += size.bytes;
  return total;
}

function megabytes(bytes: bigint): string {
  return (Number(bytes) / 1048576).toFixed(1);
}
