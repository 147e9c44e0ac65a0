/**
 * The watermark a row met, as one of a time column: `$arrival`, moved as the column was moved.
 *
 * A column computed as `ts - INTERVAL '1 hour'` has a watermark an hour behind that of ts; so has
 * the W_p a row is judged by. And materialized views without state keep the `$arrival` of the rows
 * they are made of, so that windows over them judge rows as windows over the table would.
 */
import { must } from '../../common/assert.ts';
import type { CatalogReader } from '../catalog.ts';
import type { WatermarkExpr } from '../dataflow.ts';
import { call, column, literal, someExpr } from '../expr-tools.ts';
import { Properties } from '../properties.ts';
import type { Relation } from '../relation.ts';
import { allColumns, exprsOf, pick, project, walkRelation } from '../relation-tools.ts';
import { threadArrival } from './arrival.ts';
import type { Threaded } from './arrival.ts';
import { hasNow, withoutImplicitNow } from './temporal-isolate.ts';

const INT8 = { name: 'int8' } as const;

/** The relation with the watermark that rows met for this time column, or null. */
export function arrivalOf(
  relation: Relation, timeColumn: number, properties: Properties,
): Threaded | null {
  const threaded = threadArrival(relation);
  const fact = properties.watermarks(relation).get(timeColumn);
  const micros = fact === undefined ? 0n : shiftOf(fact.watermark) ?? 0n;
  if (threaded === null || micros === 0n) return threaded;
  const { relation: input, arrival } = threaded;
  const moved = call('$moved(int8,int8)', [column(arrival, INT8), literal(micros, INT8)], INT8);
  return {
    arrival,
    relation: project(input, allColumns(input).map((expr, at) => at === arrival ? moved : expr),
      input.columns),
  };
}

/** How far a watermark was moved from those of relations; null when not by one distance. */
function shiftOf(expr: WatermarkExpr): bigint | null {
  switch (expr.kind) {
    case 'relation': return 0n;
    case 'shift': {
      const inner = shiftOf(expr.of);
      return inner === null ? null : inner + expr.micros;
    }
    case 'min': {
      const shifts = new Set(expr.of.map(shiftOf));
      return shifts.size === 1 ? must([...shifts], 'shifts')[0] ?? null : null;
    }
    case 'floor': case 'zoneFloor': return null;
  }
}

/**
 * A materialized view's relation with `$arrival` behind its columns, or null: where it has no
 * watermark, or where rows were taken together and met none of their own.
 */
export function keepingArrival(relation: Relation, catalog: CatalogReader): Relation | null {
  const facts = [...new Properties(catalog).watermarks(relation).values()];
  if (facts.every(({ exact }) => exact)) return null;
  let stateful = false;
  // Subqueries become joins, and conditions on now() take rows back.
  walkRelation(relation, (node) => {
    stateful ||= node.kind === 'window' || exprsOf(node).some((expr) =>
      hasNow(withoutImplicitNow(expr)) || someExpr(expr, ({ kind }) => kind === 'subquery'));
  });
  const threaded = stateful ? null : threadArrival(relation);
  return threaded === null ? null
    : pick(threaded.relation, [...relation.columns.keys(), threaded.arrival]);
}
