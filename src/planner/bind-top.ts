/**
 * The top of a statement: a query that runs once, or the query of a view with its EMIT clause.
 *
 * EMIT ON WINDOW CLOSE puts a gate over the end of the outermost window; ORDER BY with LIMIT of a
 * view is a topN node above it. What is left is a BoundQuery.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { FromItem, Query } from '../parser/ast.ts';
import type { LockingClause } from '../parser/ast-leaves.ts';
import type { EmitClause } from '../parser/ast.ts';
import type { BoundQuery, EmitPolicy } from './bound.ts';
import type { QueryPlace, StatementState } from './bind-context.ts';
import { heldByFrames } from './bind-closing-frames.ts';
import { exprBinder } from './bind-expr.ts';
import { bindCount, bindOrdered, limited } from './bind-query.ts';
import { visibleOnly } from './bind-subqueries.ts';
import { isTimestamp } from './bind-types.ts';
import { constantInterval, intervalMicros } from './bind-windows.ts';
import {
  emitNeedsWatermark, emitNeedsWindow, notSupported, refused, syntaxError, windowSizeNotPositive,
} from './errors.ts';
import { bindMoment } from './bind-moment.ts';
import type { ResultColumn } from './plans.ts';
import type { Panes, Relation } from './relation.ts';
import { pick } from './relation-tools.ts';
import { NO_FACTS, Scope } from './scope.ts';
import type { BoundRelation } from './scope.ts';

/** Where the top query stands. */
export const TOP: QueryPlace = { outer: null, withs: null, carry: false };

const CHANGES: EmitPolicy = { kind: 'changes', everyMicros: null };

/** Binds a query that runs once; its LIMIT stays beside the relation. */
export function bindOnce(
  state: StatementState, query: Query, place: QueryPlace = TOP,
): BoundQuery {
  if (query.emit !== null) {
    throw refused('EMIT is for views', query.emit.span,
      'Leave it out: a query that runs once gives the current rows.');
  }
  for (const lock of query.locking) checkLocking(query, lock);
  if (query.asOf !== null) state.asOf = bindMoment(state, query.asOf);
  const bound = bindOrdered(state, query, place);
  const lock = query.locking[0];
  if (lock !== undefined && aggregates(bound.relation)) {
    throw sqlError('0A000', `FOR ${lock.strength.toUpperCase()} is not allowed with aggregate `
      + 'functions', { span: lock.span });
  }
  if (query.withTies && bound.order.length === 0) {
    throw syntaxError('WITH TIES cannot be specified without ORDER BY clause', query.span);
  }
  return {
    relation: bound.relation, columns: resultColumns(bound), orderBy: bound.order,
    limit: bindCount(state, query.limit, 'LIMIT', place),
    offset: bindCount(state, query.offset, 'OFFSET', place),
    withTies: query.withTies, emit: CHANGES, reads: [...state.reads],
    functions: [...state.functions],
    parameters: state.parameters(), notices: state.notices,
  };
}

/** The visible columns as clients see them. */
export function resultColumns(bound: BoundRelation): readonly ResultColumn[] {
  return bound.relation.columns.slice(0, bound.visible).map((column, at) => {
    const fact = bound.facts[at];
    return {
      name: column.name, type: column.type, relation: fact?.relation ?? 0,
      attribute: fact?.attribute ?? 0,
    };
  });
}

/** Binds the query of a view. */
export function bindViewQuery(state: StatementState, query: Query): BoundQuery {
  if (query.asOf !== null) throw notSupported('AS OF in a view', query.asOf.span);
  // FOR UPDATE locks rows for the transaction that reads them: a view is kept outside of any.
  const closes = query.emit?.mode === 'windowClose';
  state.closes = closes;
  if (query.emit?.pane === true && !closes) {
    throw refused('WITH PANE is for EMIT ON WINDOW CLOSE', query.emit.span,
      "Write EMIT ON WINDOW CLOSE EVERY INTERVAL '1 second' WITH PANE, for example.");
  }
  const every = everyMicros(state, query.emit);
  let bound = bindOrdered(state, query, TOP);
  if (closes) bound = gated(state, bound, must(query.emit, 'EMIT'), every);
  bound = visibleOnly(limited(state, query, TOP, bound));
  return {
    relation: bound.relation, columns: resultColumns(bound), orderBy: [], limit: null,
    offset: null, withTies: false,
    emit: { kind: closes ? 'close' : 'changes', everyMicros: closes ? null : every },
    reads: [...state.reads],
    functions: [...state.functions], parameters: state.parameters(),
    notices: state.notices,
  };
}

function everyMicros(state: StatementState, emit: EmitClause | null): bigint | null {
  if (emit === null || emit.every === null) return null;
  const binder = exprBinder(state, { scope: new Scope(null), withs: null, clause: 'LIMIT' });
  const micros = intervalMicros(constantInterval(binder, emit.every, 'EMIT EVERY interval'),
    'EMIT EVERY interval', emit.every.span);
  if (micros <= 0n) throw windowSizeNotPositive('EMIT EVERY interval', emit.every.span);
  return micros;
}

/** Rows appear when the watermark has passed their window's end. */
function gated(
  state: StatementState, bound: BoundRelation, emit: EmitClause, everyMicros: bigint | null,
): BoundRelation {
  const { facts, relation } = bound;
  const panes = everyMicros === null && !emit.pane ? null : { everyMicros, column: emit.pane };
  if (isFilled(relation)) {
    if (panes === null) return bound;
    throw notSupported('FILL with early results or WITH PANE', emit.span,
      'Write EMIT ON WINDOW CLOSE alone.');
  }
  let timeColumn = facts.findIndex((fact) => fact.window?.role === 'end');
  if (timeColumn < 0) {
    timeColumn = facts.findIndex((fact, at) => fact.watermark
      && isTimestamp(must(relation.columns[at], 'column').type));
  }
  if (timeColumn < 0) {
    throw state.sawWatermark ? emitNeedsWindow(emit.span) : emitNeedsWatermark(emit.span);
  }
  if (facts[timeColumn]?.watermark !== true) throw emitNeedsWatermark(emit.span);
  const held = heldByFrames(relation, timeColumn, emit.span);
  if (held !== null) return gatedLater(bound, held.relation, { timeColumn, panes, emit });
  const gate = { kind: 'gate' as const, input: relation, timeColumn };
  if (panes === null) return { ...bound, relation: { ...gate, columns: relation.columns } };
  if (!panes.column) return { ...bound, relation: { ...gate, panes, columns: relation.columns } };
  return withPane(bound, {
    ...gate, panes, columns: [...relation.columns, { name: 'pane', type: { name: 'text' } }],
  });
}

/** The moment at which rows are final is the last column, and hidden. */
function gatedLater(
  bound: BoundRelation, input: Relation,
  { timeColumn, panes, emit }: { readonly timeColumn: number; readonly panes: Panes | null;
    readonly emit: EmitClause },
): BoundRelation {
  if (panes !== null) {
    throw notSupported('window functions over later rows with early results or WITH PANE',
      emit.span, 'Write EMIT ON WINDOW CLOSE alone.');
  }
  const { columns } = input;
  return {
    ...bound, facts: columns.map((_each, at) => bound.facts[at] ?? NO_FACTS),
    relation: { kind: 'gate', input, timeColumn, held: columns.length - 1, columns },
  };
}

/** The pane is the last of the visible columns. */
function withPane(bound: BoundRelation, gate: Relation): BoundRelation {
  const { visible, facts } = bound;
  const last = gate.columns.length - 1;
  const order = [...gate.columns.keys()].filter((at) => at < last);
  order.splice(visible, 0, last);
  const moved = (at: number): number => at < visible ? at : at + 1;
  return {
    relation: pick(gate, order), visible: visible + 1,
    facts: order.map((at) => facts[at] ?? NO_FACTS),
    order: bound.order.map((key) => ({ ...key, column: moved(key.column) })),
  };
}

/** FILL has its gate below it. */
function isFilled(relation: Relation): boolean {
  return relation.kind === 'fill' ? relation.rule.final
    : (relation.kind === 'project' || relation.kind === 'filter') && isFilled(relation.input);
}

function aggregates(relation: Relation): boolean {
  return relation.kind === 'aggregate'
    || (relation.kind === 'project' && relation.input.kind === 'aggregate');
}

/** FOR UPDATE and the like stand on plain rows of tables; the session takes the locks. */
function checkLocking(query: Query, lock: LockingClause): void {
  const what = `FOR ${lock.strength.toUpperCase()}`;
  const { body } = query;
  const refuse = (clause: string): Error =>
    sqlError('0A000', `${what} is not allowed with ${clause}`, { span: lock.span });
  if (body.kind === 'values') {
    throw sqlError('0A000', `${what} cannot be applied to VALUES`, { span: lock.span });
  }
  if (body.kind === 'setOperation') throw refuse('UNION/INTERSECT/EXCEPT');
  if (body.kind !== 'select') return;
  if (body.distinct) throw refuse('DISTINCT clause');
  if (body.groupBy.length > 0) throw refuse('GROUP BY clause');
  if (body.having !== null) throw refuse('HAVING clause');
  if (lock.wait === 'skip locked') {
    throw notSupported('SKIP LOCKED', lock.span, 'Tables are locked as a whole: leave it out.');
  }
  for (const { parts, span } of lock.of) {
    const name = parts.at(-1)?.name ?? '';
    if (namesOf(body.from).includes(name)) continue;
    throw sqlError('42P01', `relation "${name}" in ${what} clause not found in FROM clause`, {
      span,
    });
  }
}

function namesOf(items: readonly FromItem[]): readonly string[] {
  return items.flatMap((item) => {
    if (item.kind === 'join') return namesOf([item.left, item.right]);
    if (item.kind === 'windowTable') return namesOf([item.source]);
    const own = item.kind === 'tableRef' ? item.name.parts.at(-1)?.name : undefined;
    const name = item.alias?.name.name ?? own;
    return name === undefined ? [] : [name];
  });
}
