/**
 * Nodes for window functions and for set-returning functions in a select list.
 *
 * Both only append columns, so expressions over the input stay as they are; the numbers of pending
 * results are replaced by those of the new columns.
 */
import { must } from '../common/assert.ts';
import { mapColumns } from './expr-tools.ts';
import { columnNumber } from './bind-windows.ts';
import type { Facted } from './bind-windows.ts';
import type { ScalarExpr, SortKey, TableCall } from './relation.ts';
import { exprKey } from './scalar.ts';
import { NO_FACTS, OVER_BASE, TABLE_CALL_BASE, TABLE_CALL_COLUMNS } from './scope.ts';
import type { OverSpec, PendingOver } from './scope.ts';

/** The input with new columns, and pending numbers replaced. */
export interface Extended {
  readonly output: Facted;
  readonly rewrite: (expr: ScalarExpr) => ScalarExpr;
}

function specKey(spec: OverSpec): string {
  return [...spec.partitionBy.map(exprKey), '|',
    ...spec.orderBy.map((key) => `${exprKey(key.expr)}${key.descending}${key.nullsFirst}`),
  ].join(';');
}

/** One `over` node for each different window. */
export function overInput(input: Facted, overs: readonly PendingOver[]): Extended {
  const specs = new Map<string, number[]>();
  for (const [at, over] of overs.entries()) {
    const key = specKey(over.spec);
    specs.set(key, [...specs.get(key) ?? [], at]);
  }
  let output = input;
  const places = new Map<number, number>();
  for (const members of specs.values()) {
    const { spec } = must(overs[members[0] ?? 0], 'window');
    const placed = placeSpec(output, spec);
    output = placed.input;
    const start = output.relation.columns.length;
    for (const [at, member] of members.entries()) places.set(OVER_BASE + member, start + at);
    const calls = members.map((member) => must(overs[member], 'window call').call);
    output = {
      facts: [...output.facts, ...calls.map(() => NO_FACTS)],
      relation: {
        kind: 'over', input: output.relation, partitionBy: placed.partitionBy,
        orderBy: placed.orderBy, calls,
        columns: [...output.relation.columns, ...calls.map((call) => ({
          name: call.function.slice(0, call.function.indexOf('(')), type: call.type,
        }))],
      },
    };
  }
  return { output, rewrite: (expr) => replaceNumbers(expr, places) };
}

function placeSpec(input: Facted, spec: OverSpec): {
  readonly input: Facted; readonly partitionBy: readonly number[];
  readonly orderBy: readonly SortKey[];
} {
  let source = input;
  const number = (expr: ScalarExpr): number => {
    const placed = columnNumber(source, expr);
    source = placed.input;
    return placed.column;
  };
  const partitionBy = spec.partitionBy.map(number);
  const orderBy = spec.orderBy.map((key): SortKey => ({
    column: number(key.expr), descending: key.descending, nullsFirst: key.nullsFirst,
  }));
  return { input: source, partitionBy: [...new Set(partitionBy)], orderBy };
}

function replaceNumbers(
  expr: ScalarExpr, places: ReadonlyMap<number, number>,
): ScalarExpr {
  return mapColumns(expr, (index, type) =>
    ({ kind: 'column', index: places.get(index) ?? index, type }));
}

/** Set-returning calls in lockstep; calls over results of other calls go above those. */
export function setsInput(input: Facted, calls: readonly TableCall[]): Extended {
  let output = input;
  const places = new Map<number, number>();
  let pending = calls.map((call, at) => ({ call, at }));
  while (pending.length > 0) {
    const ready = pending.filter(({ call }) =>
      call.args.every((arg) => isReady(arg, places)));
    if (ready.length === 0) break;
    pending = pending.filter((each) => !ready.includes(each));
    let next = output.relation.columns.length;
    for (const { call, at } of ready) {
      const base = TABLE_CALL_BASE + at * TABLE_CALL_COLUMNS;
      for (const [column] of call.columns.entries()) places.set(base + column, next++);
    }
    const placed = ready.map(({ call }) => ({
      ...call, args: call.args.map((arg) => replaceNumbers(arg, places)),
    }));
    const columns = placed.flatMap((call) => call.columns);
    output = {
      facts: [...output.facts, ...columns.map(() => NO_FACTS)],
      relation: {
        kind: 'flatMap', input: output.relation, calls: placed, outer: false,
        columns: [...output.relation.columns, ...columns],
      },
    };
  }
  return { output, rewrite: (expr) => replaceNumbers(expr, places) };
}

function isReady(arg: ScalarExpr, places: ReadonlyMap<number, number>): boolean {
  let ready = true;
  mapColumns(arg, (index, type) => {
    if (index >= TABLE_CALL_BASE && !places.has(index)) ready = false;
    return { kind: 'column', index, type };
  });
  return ready;
}
