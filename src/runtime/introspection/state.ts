/**
 * tidemill.state: what relations and operators keep, in rows and bytes.
 */
import type { SystemContext, SystemRelation } from '../engine-core-types.ts';
import type { Value } from '../../common/values.ts';
import { inDatabase } from './names.ts';

/**
 * A line per stored relation (`node` NULL), per index of it that joins share (`rows`: its keys) and
 * per operator of a view that keeps something.
 * `oldest`: the least of the times by which rows leave, event time or when last touched.
 */
export const STATE: SystemRelation = {
  schema: 'tidemill', name: 'state',
  columns: [
    { name: 'relation', type: { name: 'text' } },
    { name: 'node', type: { name: 'int4' } },
    { name: 'operator', type: { name: 'text' } },
    { name: 'rows', type: { name: 'int8' } },
    { name: 'bytes', type: { name: 'int8' } },
    { name: 'bound', type: { name: 'text' } },
    { name: 'oldest', type: { name: 'timestamptz' } },
    { name: 'view', type: { name: 'text' } },
  ],
  rows: stateRows,
};

function* stateRows(context: SystemContext): Generator<readonly Value[], void> {
  const views = new Map(context.engine.views().map((view) => [view.relation, view]));
  for (const { id, kind, stored } of context.catalog.relations.values()) {
    if (kind === 'system' || kind === 'view' || !stored) continue;
    const name = inDatabase(context, id);
    if (name === null) continue;
    const operators = views.get(id)?.operators ?? [];
    const inOperators = operators.reduce((total, { size }) => total + size.bytes, 0);
    const shared = context.engine.sharedArrangements(id);
    const inShared = shared.reduce((total, each) => total + each.bytes, 0);
    const bytes = context.engine.storedBytes(id) - inOperators - inShared;
    const view = kind === 'materializedView' ? name : null;
    yield [
      name, null, 'rows', BigInt(context.engine.rowCount(id)), BigInt(bytes), null, null, view,
    ];
    for (const { columns, users, keys, bytes: kept } of shared) {
      yield [
        name, null, `shared arrangement (${columns.join(', ')}) of ${users} join${
          users === 1 ? '' : 's'}`, BigInt(keys), BigInt(kept), null, null, view,
      ];
    }
    for (const operator of operators) {
      const { rows, bytes: kept } = operator.size;
      if (operator.bound === 'stateless') continue;
      yield [
        name, operator.node, operator.kind, BigInt(rows), BigInt(kept), operator.bound,
        operator.oldest(), view,
      ];
    }
  }
}
