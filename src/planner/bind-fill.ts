/**
 * FILL (PREV | LINEAR | NULL | value, ...) [TRAILING interval]: rows for windows without any.
 *
 * Stands over the aggregation and below HAVING. Each output with an aggregate has its own way of
 * being filled, so an aggregate shown in two ways becomes two columns. Under EMIT ON WINDOW CLOSE
 * the gate stands below: what is filled lies between, or behind, final windows.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import { MICROS_PER_DAY } from '../common/types/interval.ts';
import type { Span } from '../common/span.ts';
import type { Value } from '../common/values.ts';
import type { Expr, FillClause } from '../parser/ast.ts';
import type { Binder } from './bind-context.ts';
import { localColumn } from './bind-aggregation.ts';
import { mapDeep } from './bind-levels.ts';
import { typeText } from './bind-types.ts';
import { constantInterval, intervalMicros } from './bind-windows.ts';
import type { Facted } from './bind-windows.ts';
import { coerce } from './coerce.ts';
import { emitNeedsWatermark, notSupported, syntaxError, windowSizeNotPositive } from './errors.ts';
import { column, columnsUsed } from './expr-tools.ts';
import { evaluateConstant } from './fold.ts';
import { functionById } from './functions/registry.ts';
import { Properties } from './properties.ts';
import { columnOf, project } from './relation-tools.ts';
import type { FillRule, FillValue, Relation, ScalarExpr } from './relation.ts';
import { liftExpr, NO_FACTS } from './scope.ts';
import type { ColumnFacts } from './scope.ts';

/** Windows between two rows, at most, where no TRAILING says how long a silence is filled. */
const BETWEEN_MAX = 10_000n;

const NUMBERS = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric']);
const METHODS: Readonly<Record<string, 'previous' | 'linear'>> = {
  prev: 'previous', previous: 'previous', locf: 'previous', linear: 'linear',
};

/** How one output is filled; null: as an aggregate of no rows is. */
type Way = { readonly how: 'previous' | 'linear' } | { readonly how: 'constant'; expr: Expr }
  | null;

/** The aggregation and what stands above it, by output. */
export interface Filling {
  readonly binder: Binder;
  readonly clause: FillClause;
  /** The aggregation: group columns, then aggregates. */
  readonly input: Facted;
  readonly groups: number;
  readonly targets: readonly ScalarExpr[];
}

/** The filled relation, and how expressions over the aggregation read over it. */
export interface Filled {
  readonly output: Facted;
  /** `target` null: not an output (HAVING, ORDER BY). */
  readonly rewrite: (expr: ScalarExpr, target: number | null) => ScalarExpr;
}

/** Puts FILL over an aggregation. */
export function fillInput(filling: Filling): Filled {
  const { input, groups } = filling;
  const ways = waysOf(filling);
  const copies = new Copies(input.relation, groups);
  const places = filling.targets.map((expr, at) => {
    const found = new Map<number, number>();
    for (const index of columnsUsed(expr)) {
      if (isAggregate(input.relation, groups, index)) {
        found.set(index, copies.of(index, ways[at] ?? null));
      }
    }
    return found;
  });
  const otherwise = new Map<number, number>();
  for (let index = groups; index < input.relation.columns.length; index++) {
    const shown = places.find((each) => each.has(index))?.get(index);
    otherwise.set(index, shown ?? copies.of(index, null));
  }
  const source = project(input.relation, copies.exprs, copies.columns);
  const facts = copies.exprs.map((expr) =>
    expr.kind === 'column' && expr.index < groups ? must(input.facts[expr.index], 'facts')
      : NO_FACTS);
  const output = filled(filling, { relation: source, facts }, copies);
  return {
    output,
    rewrite: (expr, target) => {
      const at = target === null ? otherwise : must(places[target], 'output');
      return mapDeep(expr, (node, depth) => {
        const index = localColumn(node, depth);
        const to = index === null ? undefined : at.get(index) ?? otherwise.get(index);
        return to === undefined ? null : liftExpr(column(to, node.type), depth);
      });
    },
  };
}

function isAggregate(relation: Relation, groups: number, index: number): boolean {
  return index >= groups && index < relation.columns.length;
}

/** A way for each output: one written way is for all, more are for outputs with aggregates. */
function waysOf({ clause, targets, input, groups }: Filling): readonly Way[] {
  const { values } = clause;
  if (values.length === 0) return targets.map(() => null);
  const [only] = values;
  if (values.length === 1 && only !== undefined) return targets.map(() => wayOf(only));
  const withAggregates = targets.map((expr) =>
    [...columnsUsed(expr)].some((index) => isAggregate(input.relation, groups, index)));
  const count = withAggregates.filter(Boolean).length;
  if (count !== values.length) {
    throw syntaxError(`FILL has ${values.length} values, the select list has ${count} `
      + 'outputs with aggregates', clause.span);
  }
  let next = 0;
  return withAggregates.map((each) => each ? wayOf(must(values[next++], 'value')) : null);
}

function wayOf(expr: Expr): Way {
  if (expr.kind === 'columnRef' && expr.parts.length === 1) {
    const name = expr.parts[0]?.name ?? '';
    const how = METHODS[name];
    if (how !== undefined) return { how };
    throw sqlError('42601', `FILL does not know "${name}"`, {
      span: expr.span, hint: 'Write PREV, LINEAR, NULL or a constant.',
    });
  }
  return { how: 'constant', expr };
}

/** Group columns, then each aggregate once for each way in which it is shown. */
class Copies {
  readonly exprs: ScalarExpr[];
  readonly columns: Relation['columns'][number][];
  readonly ways: { readonly column: number; readonly way: Way; readonly from: number }[] = [];
  readonly #relation: Relation;

  constructor(relation: Relation, groups: number) {
    this.#relation = relation;
    this.columns = relation.columns.slice(0, groups);
    this.exprs = this.columns.map((each, at) => column(at, each.type));
  }

  of(from: number, way: Way): number {
    const known = this.ways.find((each) => each.from === from && sameWay(each.way, way));
    if (known !== undefined) return known.column;
    const at = this.exprs.push(columnOf(this.#relation, from)) - 1;
    const { notNull: _never, ...rest } = must(this.#relation.columns[from], 'aggregate');
    this.columns.push(rest);
    this.ways.push({ column: at, way, from });
    return at;
  }
}

function sameWay(a: Way, b: Way): boolean {
  if (a === null || b === null) return a === b;
  if (a.how === 'constant' || b.how === 'constant') {
    return a.how === 'constant' && b.how === 'constant' && a.expr === b.expr;
  }
  return a.how === b.how;
}

function filled(filling: Filling, source: Facted, copies: Copies): Facted {
  const { binder, clause } = filling;
  const { state } = binder;
  const windows = windowsOf(filling, source);
  const { step, size, zone } = windows;
  const columns = windows.columns.map(({ column: at }) => at);
  const trailing = clause.trailing === null ? null
    : trailingOf(binder, clause.trailing, step);
  if (trailing !== null && !state.view) {
    throw notSupported('FILL with TRAILING outside of a view', clause.span,
      'Leave TRAILING out: a query that runs once fills windows between rows.');
  }
  const values = copies.ways.map(({ column: at, way, from }) =>
    valueOf(filling, { at, from, way }));
  const final = state.closes;
  if (final && trailing !== null && values.some((each) => each.how === 'linear')) {
    throw notSupported('FILL (LINEAR) with TRAILING under EMIT ON WINDOW CLOSE', clause.span,
      'A final window cannot wait for the next row: use PREV, or leave TRAILING out.');
  }
  const rule: FillRule = {
    windows: windows.columns, step, size, values, final, trailing: trailing !== null,
    most: trailing ?? BETWEEN_MAX,
    partitionBy: Array.from({ length: filling.groups }, (_each, at) => at)
      .filter((at) => !columns.includes(at)),
    ...zone === undefined ? {} : { zone },
  };
  const input = final ? gateBelow(source, clause.span) : source.relation;
  // Windows between rows come with the later one: nothing is known of their times.
  const facts = trailing !== null ? source.facts
    : source.facts.map((fact): ColumnFacts => ({ ...fact, window: null, watermark: false }));
  return { facts, relation: { kind: 'fill', input, rule, columns: input.columns } };
}

function gateBelow({ relation, facts }: Facted, span: Span): Relation {
  const timeColumn = facts.findIndex((fact) => fact.window?.role === 'end');
  if (timeColumn < 0 || facts[timeColumn]?.watermark !== true) throw emitNeedsWatermark(span);
  return { kind: 'gate', input: relation, timeColumn, columns: relation.columns };
}

/** The columns of the one window that is grouped by, and its sizes. */
function windowsOf({ binder, clause, groups }: Filling, { relation }: Facted): {
  readonly columns: FillRule['windows']; readonly step: bigint; readonly size: bigint;
  readonly zone?: string;
} {
  const facts = [...new Properties(binder.state.catalog).windows(relation)]
    .filter(([at]) => at < groups);
  const [first] = facts;
  if (first === undefined) {
    throw sqlError('42803', 'FILL needs the columns of a window in GROUP BY', {
      span: clause.span,
      hint: "GROUP BY window_start over TUMBLE(t, ts, INTERVAL '1 minute'), for example.",
    });
  }
  const { window, id } = first[1];
  if (facts.some(([, each]) => each.id !== id)) {
    throw notSupported('FILL with several windows in GROUP BY', clause.span);
  }
  const columns = facts.map(([at, { role }]) => ({ column: at, role }));
  if (window.kind === 'zoned' && window.shape !== 'cumulate'
    && window.size >= MICROS_PER_DAY) {
    const { size, zone } = window;
    return { columns, step: window.shape === 'hop' ? window.step : size, size, zone };
  }
  if (window.kind !== 'tumble' && window.kind !== 'hop') {
    const what = window.kind === 'zoned' ? 'windows of parts of a day in a time zone'
      : window.kind.toUpperCase();
    throw notSupported(`FILL over ${what}`, clause.span, 'Use TUMBLE or HOP.');
  }
  return {
    columns, step: window.kind === 'tumble' ? window.size : window.slide, size: window.size,
  };
}

/** So many windows of silence. */
function trailingOf(binder: Binder, expr: Expr, step: bigint): bigint {
  const what = 'TRAILING interval';
  const micros = intervalMicros(constantInterval(binder.within('LIMIT'), expr, what), what,
    expr.span);
  if (micros <= 0n) throw windowSizeNotPositive(what, expr.span);
  if (micros < step) {
    throw sqlError('22023', 'TRAILING is shorter than the distance of two windows', {
      span: expr.span,
    });
  }
  return micros / step;
}

function valueOf(
  { input, groups, binder, clause }: Filling,
  of: { readonly at: number; readonly from: number; readonly way: Way },
): FillValue {
  const { type } = columnOf(input.relation, of.from);
  const { way } = of;
  if (way === null) {
    return { column: of.at, how: 'literal', value: emptyValue(input.relation, of.from - groups) };
  }
  if (way.how === 'constant') {
    const bound = coerce(binder.state, binder.within('LIMIT').bind(way.expr), type, 'assignment');
    const value: Value = evaluateConstant(bound, binder.state.evaluation);
    return { column: of.at, how: 'literal', value };
  }
  if (way.how === 'linear' && !NUMBERS.has(type.name)) {
    throw sqlError('42804', `FILL (LINEAR) needs numbers, not ${typeText(type)}`, {
      span: clause.span,
    });
  }
  return { column: of.at, how: way.how };
}

/** What an aggregate of no rows gives. */
function emptyValue(relation: Relation, at: number): Value {
  if (relation.kind !== 'aggregate') return null;
  const entry = functionById(must(relation.aggregates[at], 'aggregate').function);
  return entry.kind === 'aggregate' ? entry.empty ?? null : null;
}
