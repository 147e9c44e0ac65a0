/**
 * Compares the stored rows of every materialized view with those of the same view made anew.
 *
 * Works on a copy of a data directory that nobody else uses, without sessions: each view's stored
 * plan is hydrated a second time from its inputs, and both are read at one epoch. A view over a
 * SOURCE cannot be made anew, for the rows are gone; neither can one whose rows depend on when
 * they came (state_ttl).
 */
import { must } from '../../common/assert.ts';
import { formatValue } from '../../common/types/registry.ts';
import { cell } from '../../runtime/batch.ts';
import type { StoredRelation } from '../../runtime/catalog-store-types.ts';
import type { EngineCore } from '../../runtime/engine-core.ts';
import { realEnvironment } from '../../runtime/real/open-environment.ts';
import { openEngine } from '../../runtime/session/open-engine.ts';

/** What became of one view. */
export type ViewVerdict =
  | { readonly kind: 'equal'; readonly view: string; readonly rows: number }
  | { readonly kind: 'different'; readonly view: string; readonly differences: number }
  | { readonly kind: 'unchecked'; readonly view: string; readonly reason: string };

/** Opens the directory and looks at each view in turn. */
export async function recomputeViews(directory: string): Promise<readonly ViewVerdict[]> {
  let held: EngineCore | null = null;
  const engine = await openEngine(realEnvironment(directory, () => undefined), {
    opened: (core) => { held = core; },
  });
  try {
    const core = must<EngineCore>(held, 'core of an open engine');
    const verdicts: ViewVerdict[] = [];
    const { relations } = core.catalog.state;
    for (const view of relations.values()) {
      if (view.view === null || view.belongsTo !== null) continue;
      verdicts.push(await verdictOf(core, view));
    }
    return verdicts;
  } finally {
    await engine.close();
  }
}

async function verdictOf(core: EngineCore, view: StoredRelation): Promise<ViewVerdict> {
  const name = `${view.schema}.${view.name}`;
  const unchecked = (reason: string): ViewVerdict => ({ kind: 'unchecked', view: name, reason });
  const source = (view.view?.reads ?? []).map((id) => core.catalog.state.relation(id))
    .find((relation) => relation !== null && !relation.stored && relation.kind === 'source');
  if (source !== undefined) return unchecked(`source ${source?.name} does not keep its rows`);
  if (view.options.some(([option]) => option === 'state_ttl')) {
    return unchecked('state_ttl: its rows depend on when they came');
  }
  const problem = core.readProblem(view.id);
  if (problem !== null) return unchecked(problem.message);
  const anew = { ...view, id: core.catalog.allocate(), name: `${view.name} made anew` };
  await core.commit([], [{ kind: 'createRelation', relation: anew }]);
  const failure = core.readProblem(anew.id);
  if (failure !== null) return unchecked(failure.message);
  const verdict = compared(core, view, anew, name);
  await core.commit([], [{ kind: 'dropRelation', id: anew.id }]);
  return verdict;
}

function compared(
  core: EngineCore, view: StoredRelation, anew: StoredRelation, name: string,
): ViewVerdict {
  const pin = core.pin();
  const counts = new Map<string, number>();
  const rows = count(core, { relation: view, pin, sign: 1, counts });
  count(core, { relation: anew, pin, sign: -1, counts });
  pin.release();
  let differences = 0;
  for (const left of counts.values()) differences += Math.abs(left);
  return differences === 0 ? { kind: 'equal', view: name, rows }
    : { kind: 'different', view: name, differences };
}

interface Counting {
  readonly relation: StoredRelation;
  readonly pin: ReturnType<EngineCore['pin']>;
  readonly sign: number;
  readonly counts: Map<string, number>;
}

/** Adds a relation's rows, as text, to the counts; gives how many there are. */
function count(core: EngineCore, { relation, pin, sign, counts }: Counting): number {
  let total = 0;
  for (const batch of core.snapshot(relation.id, pin)) {
    for (let row = 0; row < batch.length; row++) {
      const key = JSON.stringify(relation.columns.map(({ type }, at) =>
        formatValue(cell(must(batch.columns[at], 'column'), row), type)));
      const weight = batch.weights[row] ?? 0;
      total += weight;
      const left = (counts.get(key) ?? 0) + sign * weight;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    }
  }
  return total;
}
