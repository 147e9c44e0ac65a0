/**
 * EXPLAIN: plans as indented text, the output first and inputs below.
 *
 * A node that is read twice is printed once and named `see #n` after that. Dataflow nodes say what
 * state they keep, what bounds it, and which watermark drops it. Stable: goldens compare it.
 */
import { assertNever, must } from '../common/assert.ts';
import type {
  Dataflow, DataflowAggregate, DataflowColumn, DataflowNode, DataflowOverCall, Eviction,
  JoinExtreme, NodeId, RowEviction,
} from './dataflow.ts';
import {
  exprText, fillText, frameText, functionName, microsText, sortText, valueText, watermarkText,
  windowText,
} from './explain-expr.ts';
import type { ColumnName, RelationName } from './explain-expr.ts';
import { relationLines } from './explain-relation.ts';
import { stateSize } from './explain-state.ts';
import type { DelayOf } from './explain-state.ts';
import type { Relation, ScalarExpr } from './relation.ts';

const INDENT = '  ';

/** A logical plan as lines of text. */
export function explainRelation(relation: Relation, names: RelationName): readonly string[] {
  return relationLines(relation, names);
}

/** A dataflow as lines of text; with the delays of watermarks known, also the size of states. */
export function explainDataflow(
  dataflow: Dataflow, names: RelationName, delayOf: DelayOf | null = null,
): readonly string[] {
  const printer = new Printer(dataflow, names, delayOf);
  printer.print(dataflow.output, 0);
  if (dataflow.late !== null) {
    printer.lines.push('late rows:');
    printer.print(dataflow.late, 1);
  }
  return printer.lines;
}

class Printer {
  readonly lines: string[] = [];
  readonly #nodes: readonly DataflowNode[];
  readonly #dataflow: Dataflow;
  readonly #names: RelationName;
  readonly #delayOf: DelayOf | null;
  readonly #uses = new Map<NodeId, number>();
  readonly #seen = new Set<NodeId>();

  constructor(dataflow: Dataflow, names: RelationName, delayOf: DelayOf | null) {
    this.#dataflow = dataflow;
    this.#nodes = dataflow.nodes;
    this.#names = names;
    this.#delayOf = delayOf;
    for (const node of dataflow.nodes) {
      for (const input of node.inputs) this.#uses.set(input, (this.#uses.get(input) ?? 0) + 1);
    }
  }

  print(id: NodeId, depth: number): void {
    const pad = INDENT.repeat(depth);
    const node = must(this.#nodes[id], 'node');
    const shared = (this.#uses.get(id) ?? 0) > 1;
    if (this.#seen.has(id)) {
      this.lines.push(`${pad}see #${id}`);
      return;
    }
    this.#seen.add(id);
    this.lines.push(`${pad}${this.#title(node)}${shared ? ` [#${id}]` : ''}`);
    for (const line of this.#details(id, node)) this.lines.push(`${pad}${INDENT}${INDENT}${line}`);
    if (node.kind === 'recursive') {
      for (const binding of node.bindings) {
        this.lines.push(`${pad}${INDENT}binding ${binding.name}${binding.distinct
          ? ' (distinct)' : ''}:`);
        this.#printBody(node.body, binding.node, depth + 2);
      }
      this.lines.push(`${pad}${INDENT}result:`);
      this.#printBody(node.body, node.body.output, depth + 2);
    }
    for (const input of node.inputs) this.print(input, depth + 1);
  }

  #printBody(body: Dataflow, root: NodeId, depth: number): void {
    const inner = new Printer(body, this.#names, this.#delayOf);
    inner.print(root, depth);
    this.lines.push(...inner.lines);
  }

  #inputColumns(node: DataflowNode): readonly DataflowColumn[] {
    return node.inputs.flatMap((input) => must(this.#nodes[input], 'input').columns);
  }

  #title(node: DataflowNode): string {
    return titleOf(node, namesOf(this.#inputColumns(node)), this.#names);
  }

  #state(node: DataflowNode): string {
    if (node.kind !== 'join' || node.shared === undefined) return stateOf(node);
    const side = (at: number, isShared: boolean, key: readonly number[]): string => {
      const input = must(this.#nodes[must(node.inputs[at], 'input')], 'input');
      if (!isShared || input.kind !== 'source') return `${at === 0 ? 'left' : 'right'} by key`;
      return `shared arrangement of ${this.#names(input.relation)}(${
        key.map(namesOf(input.columns)).join(', ')})`;
    };
    return `${side(0, node.shared.left, node.leftKey)}, ${
      side(1, node.shared.right, node.rightKey)}`;
  }

  /** State, bound and evictions; nothing for nodes without state. */
  #details(id: NodeId, node: DataflowNode): readonly string[] {
    const lines: string[] = [];
    if (node.bound !== 'stateless') {
      const inputs = node.inputs.map((input) => must(this.#nodes[input], 'input').columns);
      const evictions = evictionsOf(node, this.#names, inputs);
      const rows = node.appendOnly ? ', append-only' : '';
      const key = node.key === null ? '' : `; key: (${node.key.map((at) =>
        node.columns[at]?.name ?? `#${at}`).join(', ')})`;
      lines.push(`state: ${this.#state(node)}; bound: ${node.bound}${evictions}${key}${rows}`);
      const size = this.#delayOf === null ? null
        : stateSize(this.#dataflow, id, this.#delayOf);
      if (size !== null) lines.push(`size: ${size}`);
      if (isApproximate(node)) {
        const [input] = node.inputs;
        lines.push(input !== undefined && this.#nodes[input]?.appendOnly === true
          ? 'approx_count_distinct: HyperLogLog, within 2 %'
          : 'approx_count_distinct: exact, for the input changes');
      }
    }
    return lines;
  }
}

function isApproximate(node: DataflowNode): boolean {
  return node.kind === 'aggregate' && node.aggregates.some((call) =>
    functionName(call.function) === 'approx_count_distinct');
}

function namesOf(columns: readonly DataflowColumn[]): ColumnName {
  return (index) => columns[index]?.name ?? `#${index}`;
}

function columnList(columns: readonly DataflowColumn[]): string {
  return columns.map((each) => each.name).join(', ');
}

/** `expr AS name`, or the name alone where they are the same. */
function outputs(
  exprs: readonly ScalarExpr[], columns: readonly DataflowColumn[], names: ColumnName,
): string {
  return exprs.map((expr, at) => {
    const text = exprText(expr, names);
    const name = columns[at]?.name ?? `#${at}`;
    return text === name ? text : `${text} AS ${name}`;
  }).join(', ');
}

function titleOf(node: DataflowNode, names: ColumnName, relations: RelationName): string {
  switch (node.kind) {
    case 'source': return `source ${relations(node.relation)} (${columnList(node.columns)})`;
    case 'constant': return `constant ${node.rows.map((row) => `(${row.map((value, at) =>
      valueText(value, must(node.columns[at], 'column').type)).join(', ')})`).join(', ')}`;
    case 'map': return `map (${outputs(node.exprs, node.columns, names)})${
      node.filter === null ? '' : ` where ${exprText(node.filter, names)}`}`;
    case 'flatMap': return `flat-map ${node.calls.map((call) => `${functionName(call.function)}(${
      call.args.map((arg) => exprText(arg, names)).join(', ')})`).join(', ')}${
      node.outer ? ' outer' : ''}`;
    case 'window': return `window ${windowText(node.window)} on ${names(node.timeColumn)}${
      node.arrival === null ? '' : `, open at ${names(node.arrival)}`}${
      node.allowedLateness === 0n ? '' : `, lateness ${microsText(node.allowedLateness)}`}`;
    case 'session': return `session gap ${microsText(node.gap)}${node.longest === undefined ? ''
      : `, at most ${microsText(node.longest)},`} on ${names(node.timeColumn)}${
      by(' partition by', node.partitionBy, names)}${node.numbered === true ? ', numbered' : ''}`;
    case 'aggregate': return `aggregate${by(' by', node.groupBy, names)}${
      node.aggregates.length === 0 ? '' : `: ${node.aggregates.map((each) =>
        aggregateText(each, names)).join(', ')}`}`;
    case 'slide': return `slide window of ${microsText(node.size)} every ${
      microsText(node.slide)}${by(' by', [...Array(node.keys).keys()], (at) =>
      node.columns[at]?.name ?? `#${at}`)}: ${node.aggregates.map((each) =>
      functionName(each.function)).join(', ')}`;
    case 'distinct': return `distinct (${columnList(node.columns)})`;
    case 'join': return joinTitle(node, names);
    case 'asofJoin': return `asof ${node.type} join on ${keysText(node, names)}${
      node.leftKey.length > 0 ? ' AND ' : ''}${names(node.leftTime)} ${node.op} right time`;
    case 'temporalJoin': return `temporal ${node.type} join on ${keysText(node, names)}${
      node.leftTime === null ? ' as of now' : ` as of ${names(node.leftTime)}`}`;
    case 'union': return 'union all';
    case 'setOp': return `${node.op}${node.all ? ' all' : ''}`;
    case 'topN': return topNTitle(node, names);
    case 'over': return node.arrival === true ? 'number rows as they come' : `over${
      by(' partition by', node.partitionBy, names)}${
      node.orderBy.length === 0 ? '' : ` order by ${sortText(node.orderBy, names)}`}: ${
      node.calls.map((each) => overText(each, names)).join(', ')}`;
    case 'temporalFilter': return node.ticks !== undefined
      ? `clock, every ${microsText(node.ticks)}` : `temporal filter${
      node.validFrom === null ? '' : ` from ${exprText(node.validFrom, names)}`}${
      node.validTo === null ? '' : ` to ${exprText(node.validTo, names)}`}`;
    case 'gate': return `gate until ${watermarkText(node.watermark, relations)} >= ${
      names(node.timeColumn)}${node.correct ? ', then corrections' : ''}`;
    case 'panes': return `panes until ${watermarkText(node.watermark, relations)} >= ${
      names(node.timeColumn)}${node.panes.everyMicros === null ? ''
      : `, early every ${microsText(node.panes.everyMicros)}`}${
      node.correct ? ', then corrections' : ''}`;
    case 'fill': return `fill ${fillText(node.rule, node.columns)}${node.closes === null ? ''
      : ` closed by ${watermarkText(node.closes, relations)}`}`;
    case 'ttl': return `forget${by(' groups of', node.groupBy ?? [], names)} after ${
      microsText(node.micros)}`;
    case 'throttle': return `throttle to one change every ${microsText(node.micros)}`;
    case 'recursive': return 'recursive';
    case 'recursiveInput': return node.binding === null ? `input ${node.input ?? 0}`
      : `recursive reference ${node.binding}`;
    default: return assertNever(node);
  }
}

function by(word: string, columns: readonly number[], names: ColumnName): string {
  return columns.length === 0 ? '' : `${word} ${columns.map(names).join(', ')}`;
}

function aggregateText(call: DataflowAggregate, names: ColumnName): string {
  const args = call.args.length === 0 && functionName(call.function) === 'count' ? '*'
    : call.args.map(names).join(', ');
  const order = call.orderBy.length === 0 ? '' : ` ORDER BY ${sortText(call.orderBy, names)}`;
  const filter = call.filter === null ? '' : ` FILTER (${names(call.filter)})`;
  return `${functionName(call.function)}(${call.distinct ? 'DISTINCT ' : ''}${args}${order})${
    filter}`;
}

function overText(call: DataflowOverCall, names: ColumnName): string {
  const filter = call.filter === null ? '' : ` FILTER (${names(call.filter)})`;
  return `${functionName(call.function)}(${call.args.map(names).join(', ')})${filter}${
    frameText(call.frame, names)}`;
}

function keysText(
  node: DataflowNode & { kind: 'join' | 'asofJoin' | 'temporalJoin' }, names: ColumnName,
): string {
  return node.leftKey.map((at, i) => `${names(at)} = right #${node.rightKey[i] ?? 0}`)
    .join(' AND ');
}

function joinTitle(node: DataflowNode & { kind: 'join' }, names: ColumnName): string {
  const keys = keysText(node, names);
  const kind = keys === '' && node.residual === null && node.type === 'inner' ? 'cross' : node.type;
  const on = keys === '' ? '' : ` on ${keys}${node.nullsEqual ? ' (NULLs equal)' : ''}`;
  const residual = node.residual === null ? '' : ` where ${exprText(node.residual, names)}`;
  return `${kind} join${on}${residual}`;
}

function topNTitle(node: DataflowNode & { kind: 'topN' }, names: ColumnName): string {
  const order = node.orderBy.length === 0 ? '' : ` order by ${sortText(node.orderBy, names)}`;
  const limit = node.limit === null ? '' : ` limit ${node.limit}${node.withTies
    ? ' with ties' : ''}`;
  const offset = node.offset === 0n ? '' : ` offset ${node.offset}`;
  const rank = node.rank === 'none' ? '' : ` with ${node.rank}`;
  return `top-n${by(' partition by', node.partitionBy, names)}${order}${limit}${offset}${rank}`;
}

function stateOf(node: DataflowNode): string {
  switch (node.kind) {
    case 'aggregate': return node.global ? 'one group' : 'one group per key';
    case 'slide': return 'slices of the last window, one group per key';
    case 'distinct': return 'each distinct row';
    case 'join': return node.extreme === undefined ? 'both inputs by key'
      : extremeState(node.extreme);
    case 'asofJoin': return 'both inputs by key and time';
    case 'temporalJoin': return node.leftTime === null ? 'the current right rows'
      : 'right versions and waiting left rows';
    case 'setOp': return 'each row of both inputs';
    case 'topN': return node.appendOnly || node.bound === 'limit' ? 'the first rows of a partition'
      : 'all rows of a partition in order';
    case 'over': return 'all rows of a partition in order';
    case 'session': return 'rows of open sessions';
    case 'temporalFilter': return node.ticks === undefined ? 'rows until their next change'
      : 'one row';
    case 'gate': case 'panes': return 'rows of open windows';
    case 'fill': return 'rows before windows to fill, and windows filled';
    case 'throttle': return 'pending changes';
    case 'ttl': return node.groupBy === null ? 'rows by age' : 'rows of groups by age';
    case 'recursive': return 'the bindings';
    default: return 'none';
  }
}

function extremeState({ groups, max }: JoinExtreme): string {
  const rows = groups === 'left' ? 'right' : 'left';
  return `one ${groups} row per group, ${rows} rows not ${max ? 'below its max' : 'above its min'}`;
}

function evictionsOf(
  node: DataflowNode, relations: RelationName,
  inputs: readonly (readonly DataflowColumn[])[],
): string {
  const one = (evict: Eviction | null, what = 'dropped'): string => evict === null ? ''
    : `, ${what} when ${watermarkText(evict.watermark, relations)} >= ${
      node.columns[evict.column]?.name ?? `#${evict.column}`}`;
  switch (node.kind) {
    case 'aggregate': case 'topN': return `${one(node.evict,
      node.kind === 'aggregate' && node.whenEvicted === true ? 'emitted and dropped' : 'dropped')}${
      node.ttl === undefined ? '' : `, forgotten after ${microsText(node.ttl)}`}`;
    case 'distinct': case 'over': return one(node.evict);
    case 'session': return node.watermark === null ? ''
      : `, dropped when ${watermarkText(node.watermark, relations)} >= window_end`;
    case 'slide': return `, closed by ${watermarkText(node.watermark, relations)}`;
    case 'fill': return node.forgets === null ? ''
      : `, dropped when ${watermarkText(node.forgets, relations)} is past`;
    case 'temporalJoin': return node.watermark === null ? ''
      : `, answered when ${watermarkText(node.watermark, relations)} is past`;
    case 'join': return `${side('left', node.leftEvict, inputs[0] ?? [], relations)}${
      side('right', node.rightEvict, inputs[1] ?? [], relations)}${
      node.holdNulls ? ', NULL rows when dropped' : ''}`;
    default: return '';
  }
}

function side(
  name: string, evict: RowEviction | null, columns: readonly DataflowColumn[],
  relations: RelationName,
): string {
  if (evict === null) return '';
  const shift = evict.offsetMicros === 0n ? ''
    : evict.offsetMicros > 0n ? ` + ${microsText(evict.offsetMicros)}`
      : ` - ${microsText(-evict.offsetMicros)}`;
  const column = columns[evict.column]?.name ?? `#${evict.column}`;
  return `, ${name} dropped when ${watermarkText(evict.watermark, relations)} > ${column}${shift}`;
}
