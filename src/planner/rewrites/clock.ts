/**
 * now() where no bounds can be drawn from it: computed anew, at each tick, from a clock.
 *
 * The clock is a relation of one row whose only column is the logical time; it is joined with the
 * input of the node that asks, and now() becomes that column. What is computed from it is taken
 * back and put out again whenever the clock ticks, so this is for small inputs: conditions on a
 * time are temporal filters, which touch a row only when it comes or goes.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { column, literal, mapChildren, mapColumns, TRUE } from '../expr-tools.ts';
import type { Relation, ScalarExpr, TableCall } from '../relation.ts';
import {
  exprsOf, filter, join, mapExprs, pick, project, walkRelation,
} from '../relation-tools.ts';
import { hasNow } from './temporal-isolate.ts';

const TIMESTAMPTZ: SqlType = { name: 'timestamptz' };
/** A clock ticks once a second, and shows the time of the epoch in which it does. */
const TICK_MICROS = 1_000_000n;
const NEVER = literal(2n ** 63n - 1n, TIMESTAMPTZ);

/** One row that holds the logical time. */
function clock(): Relation {
  const columns = [{ name: 'now', type: TIMESTAMPTZ, nullable: false }];
  return {
    kind: 'temporalFilter', validFrom: null, validTo: NEVER, ticks: TICK_MICROS, columns,
    input: { kind: 'values', rows: [[literal(0n, TIMESTAMPTZ)]], columns },
  };
}

/** The clock's column behind those of the input. */
function beside(input: Relation): Relation {
  if (input.kind === 'values' && input.rows.length === 1 && input.columns.length === 0) {
    return clock();
  }
  return join('inner', input, clock(), TRUE);
}

/** An expression with a column in place of now(). */
function reading(expr: ScalarExpr, index: number): ScalarExpr {
  return expr.kind === 'now' ? column(index, TIMESTAMPTZ)
    : mapChildren(expr, (child) => reading(child, index));
}

/** The node with its now() read from a clock; null where none can be put beside it. */
export function withClock(node: Relation): Relation | null {
  switch (node.kind) {
    case 'values': return clockedValues(node);
    case 'project': case 'aggregate': {
      const width = node.input.columns.length;
      const changed = mapExprs(node, (expr) => reading(expr, width));
      return { ...changed, input: beside(node.input) } as Relation;
    }
    case 'flatMap': case 'over': {
      if (node.kind === 'flatMap') node.calls.forEach(refuseGrowing);
      const width = node.input.columns.length;
      const input = beside(node.input);
      const changed = mapExprs(node, (expr) => reading(expr, width));
      const grown = {
        ...changed, input, columns: [...input.columns, ...node.columns.slice(width)],
      } as Relation;
      return pick(grown, node.columns.map((_each, at) => at < width ? at : at + 1));
    }
    case 'join': return clockedJoin(node);
    default: return null;
  }
}

/** A series from a fixed time to now() would grow for ever, and be made anew every second. */
function refuseGrowing({ function: id, args }: TableCall): void {
  if (!id.startsWith('generate_series(') || !args.some(hasNow)) return;
  if (args.slice(0, 2).every(hasNow)) return;
  throw sqlError('0A000', 'a series of a view must be at now() with both its ends, or with none', {
    detail: 'With one it would grow, and be made anew at every second.',
    hint: "Write generate_series(now() - INTERVAL '1 day', now(), ...), or keep times in a table.",
  });
}

/** Rows of the input for which a condition on now() holds at the last tick. */
export function filterByClock(input: Relation, predicate: ScalarExpr): Relation {
  const width = input.columns.length;
  return pick(filter(beside(input), reading(predicate, width)), [...input.columns.keys()]);
}

/** True when a clock is among the relation's inputs. */
export function hasClock(relation: Relation): boolean {
  let found = false;
  walkRelation(relation, (node) => {
    if (node.kind === 'temporalFilter' && node.ticks !== undefined) found = true;
  });
  return found;
}

function clockedValues(node: Relation & { kind: 'values' }): Relation {
  const rows = node.rows.map((row) =>
    project(clock(), row.map((expr) => reading(expr, 0)), node.columns));
  return rows.length === 1 ? must(rows[0], 'row')
    : { kind: 'union', inputs: rows, columns: node.columns };
}

/** The clock goes beside the side whose rows need not be kept without a partner. */
function clockedJoin(node: Relation & { kind: 'join' }): Relation | null {
  if (node.type === 'full' || !exprsOf(node).some(hasNow)) return null;
  const width = node.left.columns.length;
  const all = width + node.right.columns.length;
  if (node.type === 'right') {
    const joined = join('right', node.left, beside(node.right), reading(node.on, all));
    return pick(joined, [...node.columns.keys()]);
  }
  const on = mapColumns(reading(node.on, -1), (index, type) =>
    column(index === -1 ? width : index < width ? index : index + 1, type));
  const joined = join(node.type, beside(node.left), node.right, on);
  return pick(joined, node.columns.map((_each, at) => at < width ? at : at + 1));
}
