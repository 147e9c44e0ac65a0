/**
 * EMIT ON WINDOW CLOSE over window functions: when a row's values have become final.
 *
 * A row that looks at no row behind it is final once the watermark has passed its time; one whose
 * frame goes on waits for the last row of the frame, or for so much time. That moment becomes a
 * hidden column; it is NULL, and the row waits, while the row it waits for is not there. What can
 * change at any time is refused. Windows whose partitions lie within one window close with it.
 */
import { must } from '../common/assert.ts';
import type { SqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import { DEFAULT_FRAME } from './bind-over-calls.ts';
import { refused } from './errors.ts';
import { call, column, literal } from './expr-tools.ts';
import type { FrameBound, OverCall, Relation, ScalarExpr } from './relation.ts';

type Over = Relation & { kind: 'over' };

/** A relation with columns behind its own that say when a row is final. */
interface Held {
  readonly relation: Relation;
  readonly dues: readonly number[];
}

/** What a call looks at behind a row: so many rows, so much time, or nothing. */
interface Ahead {
  readonly rows: number;
  readonly time: ScalarExpr | null;
}

const NOTHING: Ahead = { rows: 0, time: null };

/** The relation with the moment at which rows are final as its last column, or null: their time. */
export function heldByFrames(relation: Relation, timeColumn: number, span: Span): Held | null {
  const held = hold(relation, timeColumn, span);
  if (held.dues.length < 2) return held.dues.length === 0 ? null : held;
  const type = must(relation.columns[timeColumn], 'time').type;
  const due = held.dues.map((at) => column(at, type)).reduce(later);
  const input = held.relation;
  return {
    relation: {
      kind: 'project', input, columns: [...input.columns, { name: '$final', type }],
      exprs: [...input.columns.map((each, at) => column(at, each.type)), due],
    },
    dues: [input.columns.length],
  };
}

/** NULL when one of them is. */
function later(a: ScalarExpr, b: ScalarExpr): ScalarExpr {
  const when = (name: string): ScalarExpr =>
    call(`${name}(${a.type.name},${a.type.name})`, [a, b], { name: 'boolean' });
  return {
    kind: 'case', type: a.type, otherwise: literal(null, a.type),
    whens: [{ when: when('>='), then: a }, { when: when('<'), then: b }],
  };
}

function hold(relation: Relation, time: number, span: Span): Held {
  const free = { relation, dues: [] };
  switch (relation.kind) {
    case 'filter': {
      const { relation: input, dues } = hold(relation.input, time, span);
      return dues.length === 0 ? free
        : { relation: { ...relation, input, columns: input.columns }, dues };
    }
    case 'project': {
      const from = relation.exprs[time];
      if (from?.kind !== 'column') return free;
      const { relation: input, dues } = hold(relation.input, from.index, span);
      if (dues.length === 0) return free;
      const width = relation.columns.length;
      const added = dues.map((at) => must(input.columns[at], 'moment'));
      return {
        dues: dues.map((_each, at) => width + at),
        relation: {
          ...relation, input, columns: [...relation.columns, ...added],
          exprs: [...relation.exprs, ...dues.map((at, i) => column(at, must(added[i], 'it').type))],
        },
      };
    }
    case 'over': return holdOver(relation, time, span);
    default: return free;
  }
}

function holdOver(relation: Over, time: number, span: Span): Held {
  const { input, calls } = relation;
  const inside = time < input.columns.length ? hold(input, time, span)
    : { relation: input, dues: [] };
  const aheads = withinWindow(relation, time) ? [] : calls.map((each) => ahead(each, span));
  if (aheads.length > 0 && !inOrder(relation, time)) throw neverFinal(span);
  const type = must(input.columns[time], 'time').type;
  const at = column(time, type);
  const rows = Math.max(0, ...aheads.map((each) => each.rows));
  const waits: OverCall[] = rows === 0 ? [] : [{
    function: 'lead(anyelement,int4)', args: [at, literal(rows, { name: 'int4' })], filter: null,
    ignoreNulls: false, frame: DEFAULT_FRAME, type,
  }];
  const times = aheads.flatMap((each) => each.time ?? [])
    .map((each) => call(`+(${type.name},interval)`, [at, each], type));
  if (waits.length + times.length + inside.dues.length === 0) return { relation, dues: [] };
  return widened(relation, inside, { waits, times });
}

/** The calls as they were, then the moments: those of the input, of rows, of times. */
function widened(
  relation: Over, inside: Held,
  { waits, times }: { readonly waits: readonly OverCall[]; readonly times: readonly ScalarExpr[] },
): Held {
  const own = relation.input.columns.length;
  const width = inside.relation.columns.length;
  const calls = [...relation.calls, ...waits];
  const over: Over = {
    ...relation, input: inside.relation, calls,
    columns: [...inside.relation.columns, ...relation.columns.slice(own),
      ...waits.map(({ type }) => ({ name: '$final', type }))],
  };
  const moments = [...inside.dues.map((at) => column(at, must(over.columns[at], 'moment').type)),
    ...waits.map(({ type }, at) => column(width + relation.calls.length + at, type)), ...times];
  const kept = over.columns.map((each, at) => column(at, each.type))
    .filter((_each, at) => at < own || (at >= width && at < width + relation.calls.length));
  return {
    dues: moments.map((_each, at) => kept.length + at),
    relation: {
      kind: 'project', input: over, exprs: [...kept, ...moments],
      columns: [...relation.columns, ...moments.map(({ type }) => ({ name: '$final', type }))],
    },
  };
}

/** All rows of a partition are of one window: they are final together. */
function withinWindow({ input, partitionBy }: Over, time: number): boolean {
  const window = windowOf(input, time);
  return partitionBy.includes(time)
    || (window !== null && partitionBy.some((at) => windowOf(input, at) === window));
}

/** The window relation a column is a bound of, or null. */
function windowOf(relation: Relation, at: number): Relation | null {
  switch (relation.kind) {
    case 'window': return at < relation.input.columns.length
      ? windowOf(relation.input, at) : relation;
    case 'filter': return windowOf(relation.input, at);
    case 'over': return at < relation.input.columns.length ? windowOf(relation.input, at) : null;
    case 'project': case 'aggregate': {
      const expr = relation.kind === 'project' ? relation.exprs[at] : relation.groupBy[at];
      return expr?.kind === 'column' ? windowOf(relation.input, expr.index) : null;
    }
    default: return null;
  }
}

function inOrder({ input, orderBy }: Over, time: number): boolean {
  const [first] = orderBy;
  if (first === undefined || first.descending) return false;
  const window = windowOf(input, time);
  return first.column === time
    || (window !== null && windowOf(input, first.column) === window);
}

function ahead(each: OverCall, span: Span): Ahead {
  const name = each.function.slice(0, each.function.indexOf('('));
  switch (name) {
    case 'row_number': case 'rank': case 'dense_rank': case 'lag': return NOTHING;
    case 'lead': {
      const by = each.args[1];
      if (each.ignoreNulls) throw neverFinal(span);
      return { rows: by === undefined ? 1 : rowsOf(by, span), time: null };
    }
    case 'ntile': case 'percent_rank': case 'cume_dist': throw neverFinal(span);
    default: return endOf(each.frame.end, each.frame.mode, span);
  }
}

function endOf(end: FrameBound, mode: 'rows' | 'range' | 'groups', span: Span): Ahead {
  switch (end.kind) {
    case 'unboundedPreceding': case 'currentRow': case 'preceding': return NOTHING;
    case 'unboundedFollowing': throw neverFinal(span);
    case 'following':
      if (mode === 'groups') throw neverFinal(span);
      return mode === 'rows' ? { rows: rowsOf(end.offset, span), time: null }
        : { rows: 0, time: end.offset };
  }
}

function rowsOf(expr: ScalarExpr, span: Span): number {
  if (expr.kind !== 'literal' || expr.value === null) throw neverFinal(span);
  return Math.max(0, Number(expr.value));
}

function neverFinal(span: Span): SqlError {
  return refused('EMIT ON WINDOW CLOSE over a window function whose values are never final', span,
    'Order it by the watermark column with a frame that ends, or partition it by window_start.');
}
