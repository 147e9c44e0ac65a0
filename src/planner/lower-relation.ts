/**
 * Relation -> Dataflow nodes: one method per kind of relation.
 *
 * Expressions are computed in map nodes (filters and projections above each other become one);
 * aggregates, joins, top-N and window functions take column numbers. Relies on rewrites having
 * removed subqueries, lateral joins, grouping sets and parameters. State bounds and evictions come
 * from lower-state.ts. A relation used twice is lowered once.
 */
import { assert, assertNever, must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Value } from '../common/values.ts';
import type { DataflowColumn, DataflowNode, NodeId, SharedInputs } from './dataflow.ts';
import { SOURCE_ARRIVAL, SOURCE_OFFSET, SOURCE_PARTITION } from './dataflow.ts';
import {
  andAll, addColumns, column, columnsUsed, conjuncts, mapColumns, nullOf, shiftColumns, substitute,
} from './expr-tools.ts';
import { asComparison, swapped } from './function-facts.ts';
import { findExtreme } from './extreme-joins.ts';
import { findThreshold } from './threshold-joins.ts';
import { isWorthFusing, plainColumn } from './lower-builder.ts';
import type { DataflowBuilder } from './lower-builder.ts';
import { splitJoin } from './lower-join.ts';
import { sharedInputs } from './lower-shared.ts';
import { Columns } from './lower-columns.ts';
import { StateRules } from './lower-state.ts';
import type { JoinEvictions, LowerMode, RelationLowering } from './lower-state.ts';
import type { Properties } from './properties.ts';
import type { Relation, ScalarExpr, WindowSpec } from './relation.ts';
import { lowerRecursive } from './lower-recursive.ts';
import { planSessions } from './lower-sessions.ts';
import type { SessionPlan } from './lower-sessions.ts';
import { planSlices, planSliding } from './lower-slices.ts';
import type { Slices, SlidingSlices } from './lower-slices.ts';

/** An argument computed for the rows that pass the call's FILTER only: it may fail for others. */
function guarded(arg: ScalarExpr, filter: ScalarExpr | null): ScalarExpr {
  if (filter === null || arg.kind === 'column' || arg.kind === 'literal') return arg;
  return {
    kind: 'case', type: arg.type, whens: [{ when: filter, then: arg }], otherwise: nullOf(arg.type),
  };
}

/** A chain of filters and projections as one: `filter` and `exprs` over the chain's input. */
interface Chain {
  readonly input: Relation;
  readonly filter: readonly ScalarExpr[];
  readonly exprs: readonly ScalarExpr[];
}

/** Lowers relations into one builder. */
export class Lowering implements RelationLowering {
  readonly builder: DataflowBuilder;
  readonly properties: Properties;
  readonly mode: LowerMode;
  readonly #state: StateRules;
  readonly #done = new Map<Relation, NodeId>();
  /** Slices of windows that are only seen when they close. */
  readonly #sliding = new Set<Relation>();
  /** Inside a recursive body: gives the node of a relation computed outside. */
  readonly #outside: ((relation: Relation) => NodeId | null) | null;

  constructor(
    builder: DataflowBuilder, properties: Properties, mode: LowerMode,
    outside: ((relation: Relation) => NodeId | null) | null = null,
  ) {
    this.builder = builder;
    this.properties = properties;
    this.mode = mode;
    this.#state = new StateRules(properties, mode);
    this.#outside = outside;
  }

  /** Takes notice of what stands above (gates) before a plan is lowered. */
  prepare(relation: Relation): this {
    this.#state.noteGates(relation);
    return this;
  }

  /** The node that computes a relation, with exactly its columns. */
  lower(relation: Relation): NodeId {
    const known = this.#done.get(relation);
    if (known !== undefined) return known;
    const id = this.#outside?.(relation) ?? this.#lowerNew(relation);
    this.#done.set(relation, id);
    return id;
  }

  #lowerNew(relation: Relation): NodeId {
    switch (relation.kind) {
      case 'filter': case 'project': return this.#lowerChain(relation);
      case 'values': return this.#lowerValues(relation);
      case 'scan': return this.source(relation, relation.columns.map((_each, at) => at));
      case 'flatMap': return this.#lowerFlatMap(relation);
      case 'window': return this.#lowerWindow(relation);
      case 'aggregate': return this.#lowerAggregate(relation);
      case 'distinct': return this.#add(relation, [this.#agedInput(relation)], {
        kind: 'distinct', evict: this.#state.evictionOf(relation),
      });
      case 'join': return this.#lowerJoin(relation);
      case 'asofJoin': return this.#lowerAsof(relation);
      case 'temporalJoin': return this.#lowerTemporal(relation);
      case 'union': return this.#add(relation, relation.inputs.map((each) => this.lower(each)),
        { kind: 'union' });
      case 'setOp': return this.#add(relation, [this.#aged(this.lower(relation.left), null),
          this.#aged(this.lower(relation.right), null)],
          { kind: 'setOp', op: relation.op, all: relation.all });
      case 'topN': return this.#lowerTopN(relation);
      case 'over': return this.#lowerOver(relation);
      case 'temporalFilter': return this.#add(relation, [this.lower(relation.input)], {
        kind: 'temporalFilter', validFrom: relation.validFrom, validTo: relation.validTo,
        ...relation.ticks === undefined ? {} : { ticks: relation.ticks },
      });
      case 'gate': return this.#lowerGate(relation);
      case 'fill': return this.#add(relation, [this.lower(relation.input)], {
        kind: 'fill', rule: relation.rule, ...this.#state.fillTimes(relation),
      });
      case 'recursive': return lowerRecursive(this, (builder, outside) =>
        new Lowering(builder, this.properties, { kind: this.mode.kind }, outside), relation);
      case 'recursiveRef': throw new Error(`recursive reference ${relation.binding} outside`);
      default: return assertNever(relation);
    }
  }

  /** Under state_ttl: lets rows be forgotten by age, together by group or one by one. */
  #aged(input: NodeId, groupBy: readonly number[] | null): NodeId {
    const { ttl } = this.#state;
    if (ttl === null) return input;
    const { columns, key } = this.builder.node(input);
    return this.builder.add({
      kind: 'ttl', inputs: [input], micros: ttl, groupBy, columns, key, appendOnly: false,
      bound: 'ttl',
    });
  }

  /** The lowered input of an operator, as it forgets. */
  #agedInput(
    relation: Relation & { kind: 'distinct' | 'topN' | 'over' | 'window' },
    input: NodeId = this.lower(relation.input),
  ): NodeId {
    const aging = this.#state.agingOf(relation);
    if (aging === null || aging === 'own') return input;
    return this.#aged(input,
      aging === 'groups' && relation.kind === 'topN' ? relation.partitionBy : null);
  }

  /** `ttl` of a node that forgets by itself. */
  #ownTtl(relation: Relation): { readonly ttl?: bigint } {
    const { ttl } = this.#state;
    return ttl !== null && this.#state.agingOf(relation) === 'own' ? { ttl } : {};
  }

  /** Adds the node that stands for a relation, with its derived properties. */
  #add(relation: Relation, inputs: readonly NodeId[], node: NodeBody,
    columns: readonly DataflowColumn[] = relation.columns): NodeId {
    return this.builder.add({
      ...node, inputs, columns: columns.map(plainColumn), key: this.properties.key(relation),
      appendOnly: this.properties.appendOnly(relation), bound: this.#state.boundOf(relation),
    } as DataflowNode);
  }

  /** A source node with the given columns of a scan. */
  source(scan: Relation & { kind: 'scan' }, wanted: readonly number[]): NodeId {
    const key = this.properties.keys(scan).find((each) =>
      each.every((index) => wanted.includes(index)));
    return this.builder.add({
      kind: 'source', relation: scan.relation, inputs: [],
      ...scan.asOf === undefined ? {} : { asOf: scan.asOf },
      sourceColumns: wanted.map((index) =>
        hiddenNumber(must(scan.columns[index], 'scanned column').name) ?? index),
      columns: wanted.map((index) => plainColumn(must(scan.columns[index], 'scanned column'))),
      key: key === undefined ? null : key.map((index) => wanted.indexOf(index)),
      appendOnly: this.properties.appendOnly(scan), bound: 'stateless',
    });
  }

  #lowerChain(relation: Relation): NodeId {
    const chain = chainOf(relation);
    const columns = relation.columns;
    if (chain.input.kind !== 'scan') {
      const input = this.lower(chain.input);
      return this.builder.map(input, filterOf(chain), chain.exprs, columns);
    }
    const used = new Set<number>();
    for (const expr of [...chain.filter, ...chain.exprs]) addColumns(expr, used);
    const wanted = [...used].sort((a, b) => a - b);
    const renumber = (expr: ScalarExpr): ScalarExpr =>
      mapColumns(expr, (index, type) => column(wanted.indexOf(index), type));
    const pruned = {
      ...chain, filter: chain.filter.map(renumber), exprs: chain.exprs.map(renumber),
    };
    const input = this.source(chain.input, wanted);
    return this.builder.map(input, filterOf(pruned), pruned.exprs, columns);
  }

  #lowerValues(relation: Relation & { kind: 'values' }): NodeId {
    const literal = relation.rows.every((row) => row.every((expr) => expr.kind === 'literal'));
    if (literal) return this.#constant(relation, relation.rows.map((row) => row.map(literalValue)));
    const rows = relation.rows.map((row) => {
      const unit = this.#constant({ ...relation, columns: [] }, [[]]);
      return this.builder.map(unit, null, row, relation.columns);
    });
    return rows.length === 1 ? must(rows[0], 'row')
      : this.#add(relation, rows, { kind: 'union' });
  }

  #constant(relation: Relation, rows: readonly (readonly Value[])[]): NodeId {
    return this.builder.add({
      kind: 'constant', rows, inputs: [], columns: relation.columns.map(plainColumn),
      key: rows.length <= 1 ? [] : null, appendOnly: true, bound: 'stateless',
    });
  }

  #lowerFlatMap(relation: Relation & { kind: 'flatMap' }): NodeId {
    return this.#add(relation, [this.lower(relation.input)], {
      kind: 'flatMap', outer: relation.outer,
      calls: relation.calls.map((each) => ({
        function: each.function, args: each.args, ordinality: each.ordinality,
        columns: each.columns.map(plainColumn),
      })),
    });
  }

  #lowerWindow(relation: Relation & { kind: 'window' }): NodeId {
    const input = this.#agedInput(relation);
    const { window, timeColumn } = relation;
    if (window.kind === 'session') {
      return this.#add(relation, [input], this.#sessionOf(relation, window));
    }
    return this.#add(relation, [input], {
      kind: 'window', window, timeColumn, arrival: relation.late?.arrival ?? null,
      allowedLateness: relation.graceMicros + (relation.late?.allowedMicros ?? 0n),
    });
  }

  #lowerAggregate(relation: Relation & { kind: 'aggregate' }): NodeId {
    assert(relation.groupingSets === null, 'grouping sets are expanded before lowering');
    if (this.mode.kind === 'view') {
      const sliding = this.#state.isFinal(relation) ? planSliding(relation, this.properties) : null;
      if (sliding !== null) return this.#lowerSliding(relation, sliding);
      const slices = planSlices(relation, this.properties);
      if (slices !== null) return this.#lowerSlices(relation, slices);
    }
    const sessions = this.mode.kind !== 'view' || this.#state.ttl !== null ? null
      : planSessions(relation);
    if (sessions !== null) return this.#lowerSessions(relation, sessions);
    const columns = new Columns(relation.input);
    const groupBy = relation.groupBy.map((expr) => columns.of(expr));
    const aggregates = relation.aggregates.map((each) => ({
      function: each.function, args: each.args.map((arg) => columns.of(guarded(arg, each.filter))),
      argTypes: each.args.map((arg) => arg.type), distinct: each.distinct,
      filter: each.filter === null ? null : columns.of(each.filter),
      orderBy: each.orderBy.map((key) => ({
        column: columns.of(key.expr), descending: key.descending, nullsFirst: key.nullsFirst })),
      type: each.type,
    }));
    const prepared = this.#prepared(relation.input, columns.compact());
    const at = columns.positions();
    const input = this.#state.agingOf(relation) === 'groups'
      ? this.#aged(prepared, groupBy.map(at)) : prepared;
    return this.#add(relation, [input], {
      kind: 'aggregate', ...this.#ownTtl(relation), groupBy: groupBy.map(at),
      global: relation.groupBy.length === 0,
      aggregates: aggregates.map((each) => ({
        ...each, args: each.args.map(at), filter: each.filter === null ? null : at(each.filter),
        orderBy: each.orderBy.map((key) => ({ ...key, column: at(key.column) })),
      })),
      ...this.#evictionOf(relation),
    });
  }

  /** When groups leave; slices that slide are only asked for once they have ended. */
  #evictionOf(relation: Relation & { kind: 'aggregate' }):
  Pick<DataflowNode & { kind: 'aggregate' }, 'evict' | 'whenEvicted'> {
    const evict = this.#state.evictionOf(relation);
    return evict !== null && this.#sliding.has(relation) ? { evict, whenEvicted: true } : { evict };
  }

  /** The windows of an aggregate over HOP, each as it closes. */
  #lowerSliding(relation: Relation & { kind: 'aggregate' }, plan: SlidingSlices): NodeId {
    const { hop, keys, slice, grace } = plan;
    this.#sliding.add(plan.slices);
    const time = plan.window.columns[plan.end]?.type ?? { name: 'timestamp' };
    const inputs = [plan.slices, ...plan.around === null ? [] : [plan.around]];
    const node = this.builder.add({
      kind: 'slide', slice, slide: hop.slide, size: hop.size, offset: hop.offset, grace,
      inputs: inputs.map((each) => this.lower(each)), keys: keys.length,
      aggregates: plan.aggregates.map((each) => ({
        function: each.function, args: each.args.map((arg) => columnNumber(arg)),
        argTypes: each.args.map((arg) => arg.type), distinct: false, filter: null, orderBy: [],
        type: each.type,
      })),
      watermark: this.#state.closing(plan.window, plan.end),
      columns: [...keys.map((each, at) => ({ name: `key${at}`, type: each.type })),
        ...plan.aggregates.map((each, at) => ({ name: `part${at}`, type: each.type })),
        { name: 'window_start', type: time }, { name: 'window_end', type: time }].map(plainColumn),
      key: [...keys.keys(), keys.length + plan.aggregates.length + 1], appendOnly: true,
      bound: 'window',
    });
    return this.builder.map(node, null, plan.results, relation.columns);
  }

  /** The windows of an aggregate over HOP, put together from slices. */
  #lowerSlices(relation: Relation & { kind: 'aggregate' }, slices: Slices): NodeId {
    const groups = relation.columns.slice(0, slices.groups);
    const node = this.#add(relation, [this.lower(slices.input)], {
      kind: 'aggregate', groupBy: groups.map((_each, at) => at), global: false,
      aggregates: slices.aggregates.map((each) => ({
        function: each.function, args: each.args.map((arg) => columnNumber(arg)),
        argTypes: each.args.map((arg) => arg.type), distinct: false, filter: null, orderBy: [],
        type: each.type,
      })),
      evict: this.#state.evictionOf(relation),
    }, [...groups, ...slices.aggregates.map((each, at) => ({
      name: `part${at}`, type: each.type }))]);
    return this.builder.map(node, null,
      [...groups.map((each, at) => column(at, each.type)), ...slices.results], relation.columns);
  }

  /** An aggregate over sessions that keep a number as they grow. */
  #lowerSessions(relation: Relation & { kind: 'aggregate' }, plan: SessionPlan): NodeId {
    const { window, groupBy } = plan;
    const rows = this.lower(window.input);
    const numbered = this.builder.add({
      ...this.#sessionOf(window, plan.session), inputs: [rows], numbered: true, key: null,
      columns: [...this.builder.columns(rows), { name: '$session', type: { name: 'int8' } }],
      appendOnly: false, bound: this.#state.boundOf(window),
    });
    const input = this.builder.map(numbered, null, plan.exprs, plan.exprs.map((expr, at) => (
      expr.kind === 'column' ? must(this.builder.columns(numbered)[expr.index], 'column')
        : { name: `$${at}`, type: expr.type })));
    const groups = groupBy.map((at) => must(this.builder.columns(input)[at], 'group column'));
    const eviction = this.#state.evictionOf(relation);
    const node = this.builder.add({
      kind: 'aggregate', inputs: [input], groupBy, global: false, aggregates: plan.aggregates,
      evict: eviction === null ? null : plan.eviction(eviction),
      columns: [...groups, ...plan.aggregates.map((each, at) =>
        ({ name: `$aggregate${at}`, type: each.type }))].map(plainColumn),
      // Starts tell sessions apart within their partition only.
      key: plan.session.longest === undefined ? [groupBy.length - 1] : groupBy.map((_g, at) => at),
      appendOnly: false, bound: this.#state.boundOf(relation),
    });
    return this.builder.add({
      kind: 'map', inputs: [node], filter: null, exprs: plan.results,
      columns: relation.columns.map(plainColumn), key: this.properties.key(relation),
      appendOnly: this.properties.appendOnly(relation), bound: 'stateless',
    });
  }

  #sessionOf(
    relation: Relation & { kind: 'window' }, window: WindowSpec & { kind: 'session' },
  ): Omit<DataflowNode & { kind: 'session' }, 'inputs' | 'columns' | 'key' | 'appendOnly'
    | 'bound'> {
    return {
      kind: 'session', gap: window.gap, partitionBy: window.partitionBy,
      ...window.longest === undefined ? {} : { longest: window.longest },
      timeColumn: relation.timeColumn, watermark: this.#state.sessionWatermark(relation),
      arrival: relation.late?.arrival ?? null,
      allowedLateness: relation.graceMicros + (relation.late?.allowedMicros ?? 0n),
    };
  }

  /** Lowers the input with exactly the given expressions as columns. */
  #prepared(input: Relation, exprs: readonly ScalarExpr[]): NodeId {
    return this.lower({
      kind: 'project', input, exprs,
      columns: exprs.map((expr, at) => expr.kind === 'column'
        ? must(input.columns[expr.index], 'column') : { name: `$${at}`, type: expr.type }),
    });
  }

  /** A side of a join: its columns, then the key expressions that are no columns. */
  #lowerSide(
    side: Relation, filters: readonly ScalarExpr[], keys: readonly ScalarExpr[],
  ): { readonly node: NodeId; readonly width: number; readonly key: readonly number[] } {
    const columns = new Columns(side);
    for (const [index, each] of side.columns.entries()) columns.of(column(index, each.type));
    const key = keys.map((expr) => columns.of(expr));
    const exprs = columns.all();
    const input = filters.length === 0 ? side : {
      kind: 'filter' as const, input: side, columns: side.columns, predicate: andAll(filters),
    };
    return { node: this.#prepared(input, exprs), width: exprs.length, key };
  }

  #lowerJoin(relation: Relation & { kind: 'join' }): NodeId {
    assert(!relation.lateral, 'lateral joins are decorrelated before lowering');
    const parts = splitJoin(relation.on, relation.type, relation.left, relation.right);
    const left = this.#lowerSide(relation.left, parts.leftFilter,
      parts.keys.map((key) => key.left));
    const right = this.#lowerSide(relation.right, parts.rightFilter,
      parts.keys.map((key) => key.right));
    const width = relation.left.columns.length;
    const ages = (side: 'left' | 'right', node: NodeId): NodeId =>
      this.#state.agesSide(relation, side) ? this.#aged(node, null) : node;
    const moved = (expr: ScalarExpr): ScalarExpr => mapColumns(expr, (index, type) =>
      column(index < width ? index : index - width + left.width, type));
    const semi = relation.type === 'semi' || relation.type === 'anti';
    const outputs = [...this.builder.columns(left.node),
      ...(semi ? [] : this.builder.columns(right.node))];
    const evictions = this.#state.joinEvictions(relation);
    const extreme = this.mode.kind === 'view' && this.#state.ttl === null
      ? findExtreme(relation, parts, this.properties) : null;
    const threshold = this.mode.kind === 'view' && this.#state.ttl === null
      ? findThreshold(relation, parts, this.properties) : null;
    const shared = extreme === null && threshold === null && relation.type === 'inner'
      ? this.#shared({ left: left.node, right: right.node }, evictions) : null;
    const node = this.#add(relation, [ages('left', left.node), ages('right', right.node)], {
      kind: 'join', type: relation.type, leftKey: left.key, rightKey: right.key,
      nullsEqual: parts.nullsEqual,
      residual: parts.residual === null ? null : moved(parts.residual),
      leftEvict: evictions.left, rightEvict: evictions.right, holdNulls: evictions.holdNulls,
      ...(extreme === null ? {} : { extreme }), ...(threshold === null ? {} : { threshold }),
      ...(shared === null ? {} : { shared }),
    }, outputs);
    return this.#narrow(node, relation, { width, leftWidth: left.width });
  }

  /** Inputs of an inner join whose rows are stored already. */
  #shared(
    inputs: { readonly left: NodeId; readonly right: NodeId }, evictions: JoinEvictions,
  ): SharedInputs | null {
    if (this.mode.kind !== 'view' || this.#state.ttl !== null) return null;
    const { builder, properties } = this;
    return sharedInputs(
      { left: builder.node(inputs.left), right: builder.node(inputs.right) }, evictions,
      (id) => properties.relationById(id));
  }

  /** Leaves out key columns that a join carried beside the relation's own. */
  #narrow(
    node: NodeId, relation: Relation, sides: { readonly width: number; readonly leftWidth: number },
  ): NodeId {
    const exprs = relation.columns.map((each, at) =>
      column(at < sides.width ? at : at - sides.width + sides.leftWidth, each.type));
    return this.builder.map(node, null, exprs, relation.columns);
  }

  #lowerAsof(relation: Relation & { kind: 'asofJoin' }): NodeId {
    const width = relation.left.columns.length;
    const equalities: ScalarExpr[] = [];
    let time: { left: ScalarExpr; right: ScalarExpr; op: '>=' | '>' | '<=' | '<' } | null = null;
    for (const each of conjuncts(relation.on)) {
      const comparison = asComparison(each);
      if (each.kind === 'notDistinct' || comparison?.op === '=') {
        equalities.push(each);
        continue;
      }
      if (comparison === null || comparison.op === '<>' || time !== null) throw asofCondition();
      const turned = [...columnsUsed(comparison.left)].every((index) => index < width)
        ? comparison : swapped(comparison);
      if (turned.op === '=' || turned.op === '<>') throw asofCondition();
      time = { left: turned.left, right: shiftColumns(turned.right, -width), op: turned.op };
    }
    if (time === null) throw asofCondition();
    const parts = splitJoin(andAll(equalities), 'left', relation.left, relation.right);
    if (parts.residual !== null) throw asofCondition();
    const left = this.#lowerSide(relation.left, [],
      [...parts.keys.map((key) => key.left), time.left]);
    const right = this.#lowerSide(relation.right, parts.rightFilter,
      [...parts.keys.map((key) => key.right), time.right]);
    const sides = [this.#aged(left.node, null), this.#aged(right.node, null)];
    const node = this.#add(relation, sides, {
      kind: 'asofJoin', type: relation.type, op: time.op,
      leftKey: left.key.slice(0, -1), rightKey: right.key.slice(0, -1),
      leftTime: must(left.key.at(-1), 'time'), rightTime: must(right.key.at(-1), 'time'),
    }, [...this.builder.columns(left.node), ...this.builder.columns(right.node)]);
    return this.#narrow(node, relation, { width, leftWidth: left.width });
  }

  #lowerTemporal(relation: Relation & { kind: 'temporalJoin' }): NodeId {
    const width = relation.left.columns.length;
    const parts = splitJoin(relation.on, relation.type, relation.left, relation.right);
    const timed = relation.leftTime !== null && this.mode.kind === 'view';
    const times = this.#state.temporalTimes(relation);
    const left = this.#lowerSide(relation.left, parts.leftFilter,
      [...parts.keys.map((key) => key.left), ...(relation.leftTime === null ? []
        : [relation.leftTime])]);
    const right = this.#lowerSide(relation.right, parts.rightFilter,
      parts.keys.map((key) => key.right));
    const moved = (expr: ScalarExpr): ScalarExpr => mapColumns(expr, (index, type) =>
      column(index < width ? index : index - width + left.width, type));
    const node = this.#add(relation, [left.node, right.node], {
      kind: 'temporalJoin', type: relation.type,
      leftKey: left.key.slice(0, parts.keys.length), rightKey: right.key,
      leftTime: relation.leftTime === null ? null : must(left.key.at(-1), 'time'),
      rightTime: times.rightTime,
      residual: parts.residual === null ? null : moved(parts.residual),
      watermark: timed ? times.watermark : null,
    }, [...this.builder.columns(left.node), ...this.builder.columns(right.node)]);
    return this.#narrow(node, relation, { width, leftWidth: left.width });
  }

  #lowerTopN(relation: Relation & { kind: 'topN' }): NodeId {
    return this.#add(relation, [this.#agedInput(relation)], {
      kind: 'topN', ...this.#ownTtl(relation),
      partitionBy: relation.partitionBy, orderBy: relation.orderBy,
      limit: relation.limit, offset: relation.offset, withTies: relation.withTies,
      rank: relation.rank, evict: this.#state.evictionOf(relation),
    });
  }

  #lowerOver(relation: Relation & { kind: 'over' }): NodeId {
    const columns = new Columns(relation.input);
    for (const [index, each] of relation.input.columns.entries()) {
      columns.of(column(index, each.type));
    }
    const calls = relation.calls.map((each) => ({
      function: each.function, args: each.args.map((arg) => columns.of(arg)),
      argTypes: each.args.map((arg) => arg.type),
      filter: each.filter === null ? null : columns.of(each.filter),
      ignoreNulls: each.ignoreNulls, frame: each.frame, type: each.type,
    }));
    const exprs = columns.all();
    const input = this.#agedInput(relation, this.#prepared(relation.input, exprs));
    const width = relation.input.columns.length;
    const outputs = [...this.builder.columns(input), ...relation.columns.slice(width)];
    const node = this.#add(relation, [input], {
      kind: 'over', partitionBy: relation.partitionBy, orderBy: relation.orderBy, calls,
      evict: this.#state.evictionOf(relation),
      ...(relation.arrival === true ? { arrival: true } : {}),
      ...(relation.tieBreak === undefined ? {} : { tieBreak: relation.tieBreak }),
    }, outputs);
    return this.#narrow(node, relation, { width, leftWidth: exprs.length });
  }

  /** True when a node gives windows as they close, and this column is their time. */
  #closes(id: NodeId, at: number): boolean {
    const node = this.builder.node(id);
    if (node.kind === 'slide') return at >= node.keys + node.aggregates.length;
    if (node.kind !== 'map') return false;
    const expr = node.exprs[at];
    return expr?.kind === 'column' && this.#closes(must(node.inputs[0], 'input'), expr.index);
  }

  #lowerGate(relation: Relation & { kind: 'gate' }): NodeId {
    const input = this.lower(relation.input);
    if (this.mode.kind === 'query') return input;
    const { forgets, ...gate } = this.#state.gateOf(relation);
    const { panes, timeColumn, held } = relation;
    if (panes === undefined && this.#closes(input, timeColumn)) return input;
    return panes === undefined
      ? this.#add(relation, [input], { kind: 'gate', timeColumn: held ?? timeColumn, ...gate })
      : this.#add(relation, [input], { kind: 'panes', timeColumn, panes, forgets, ...gate });
  }
}

/** A node without what `#add` puts in. */
type NodeBody = DataflowNode extends infer N
  ? N extends DataflowNode ? Omit<N, 'inputs' | 'columns' | 'key' | 'appendOnly' | 'bound'> : never
  : never;

function columnNumber(expr: ScalarExpr): number {
  return expr.kind === 'column' ? expr.index : 0;
}

function literalValue(expr: ScalarExpr): Value {
  return expr.kind === 'literal' ? expr.value : null;
}

function filterOf(chain: Chain): ScalarExpr | null {
  return chain.filter.length === 0 ? null : andAll(chain.filter);
}

function asofCondition(): Error {
  return sqlError('0A000', 'this condition of an ASOF JOIN is not supported', {
    hint: 'Use equalities and one comparison of times: ON a.k = b.k AND a.ts >= b.ts.',
  });
}

/** Collects filters and projections down to the first other relation. */
function chainOf(relation: Relation): Chain {
  let chain: Chain = {
    input: relation, filter: [],
    exprs: relation.columns.map((each, at) => column(at, each.type)),
  };
  for (;;) {
    const { input } = chain;
    if (input.kind === 'filter') {
      chain = { ...chain, input: input.input,
        filter: [...conjuncts(input.predicate), ...chain.filter] };
    } else if (input.kind === 'project'
      && isWorthFusing(filterOf(chain), chain.exprs, input.exprs)) {
      const under = input.exprs;
      chain = {
        input: input.input, filter: chain.filter.map((each) => substitute(each, under)),
        exprs: chain.exprs.map((each) => substitute(each, under)),
      };
    } else return chain;
  }
}

/** The number of a scan's hidden column in a source node; null for one of the relation's own. */
function hiddenNumber(name: string): number | null {
  switch (name) {
    case '$arrival': return SOURCE_ARRIVAL;
    case '$partition': return SOURCE_PARTITION;
    case '$offset': return SOURCE_OFFSET;
    default: return null;
  }
}
