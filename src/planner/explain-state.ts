/**
 * How much state an operator will keep, as a formula over the rate of its input: for EXPLAIN.
 *
 * A row or group is kept while a time column of it is ahead of a watermark. The watermark is behind
 * the newest event by the declared delay, the column before or behind its event by the window, so
 * what is kept spans a known piece of event time: so many windows per key, or the rows of so long.
 * Holds for partitions that are level with each other; says nothing where a delay is unknown.
 */
import { must } from '../common/assert.ts';
import type {
  Dataflow, DataflowNode, Eviction, NodeId, RowEviction, WatermarkExpr,
} from './dataflow.ts';
import { microsText } from './explain-expr.ts';
import type { WindowSpec } from './relation.ts';
import { shiftedTime } from './function-facts.ts';

/** The declared delay of a relation's watermark, or null. */
export type DelayOf = (relation: number) => bigint | null;

/** What a time column says: an event time moved by `micros`, or a window's bound. */
interface TimeColumn {
  /** How far the column may be ahead of the event it comes from. */
  readonly ahead: bigint;
  /** Distance of two values of a window column; null: every event has its own time. */
  readonly step: bigint | null;
}

/** What an operator keeps, in words and numbers; null: nothing, or nothing is known. */
export function stateSize(dataflow: Dataflow, id: NodeId, delayOf: DelayOf): string | null {
  const node = must(dataflow.nodes[id], 'node');
  switch (node.bound) {
    case 'stateless': return null;
    case 'nothing': return 'all input';
    case 'ttl': return ttlSize(node);
    default: return new SizeOf(dataflow, delayOf).text(node);
  }
}

function ttlSize(node: DataflowNode): string {
  const what = node.kind === 'aggregate' ? 'groups' : node.kind === 'topN' ? 'partitions' : 'rows';
  if (node.kind === 'ttl') {
    return `${node.groupBy === null ? 'rows' : 'rows of groups'} touched in the last ${
      microsText(node.micros)}`;
  }
  const own = node.kind === 'aggregate' || node.kind === 'topN' ? node.ttl : undefined;
  return own === undefined ? 'what its input remembers'
    : `${what} touched in the last ${microsText(own)}`;
}

class SizeOf {
  readonly #nodes: readonly DataflowNode[];
  readonly #delayOf: DelayOf;

  constructor(dataflow: Dataflow, delayOf: DelayOf) {
    this.#nodes = dataflow.nodes;
    this.#delayOf = delayOf;
  }

  text(node: DataflowNode): string | null {
    switch (node.kind) {
      case 'aggregate': return node.evict === null ? (node.global ? 'one row' : 'one row per key')
        : this.#evicted(node, node.evict, 'per key');
      case 'distinct': return node.evict === null ? 'each distinct row'
        : this.#evicted(node, node.evict, 'per key');
      case 'topN': return node.evict === null ? this.#topN(node)
        : this.#evicted(node, node.evict, 'and their first rows');
      case 'over': return node.evict === null ? 'all rows of its input'
        : this.#evicted(node, node.evict, 'and their rows');
      case 'session': return this.#session(node);
      case 'join': return this.#join(node);
      case 'gate': case 'panes': return this.#gate(node);
      case 'temporalFilter': return 'rows until their last change';
      case 'temporalJoin': return this.#temporalJoin(node);
      case 'asofJoin': case 'setOp': return 'all rows of its inputs';
      case 'slide': return `${node.size / node.slice + 1n} slices per key, and one row per key`;
      case 'fill': return this.#fill(node);
      case 'throttle': return 'rows changed since it last published';
      case 'recursive': return 'all rows of its bindings';
      default: return null;
    }
  }

  #topN(node: DataflowNode & { kind: 'topN' }): string {
    if (node.bound !== 'limit' || node.limit === null) return 'all rows of its input';
    return `${node.limit + node.offset} rows${node.partitionBy.length > 0
      ? ' per partition' : ''}`;
  }

  #evicted(node: DataflowNode, { column, watermark }: Eviction, each: string): string | null {
    const input = must(node.inputs[0], 'input');
    const at = node.kind === 'aggregate' ? evictingColumn(node, column) : column;
    const time = at === null ? null : this.#time(input, at);
    const lag = this.#lag(watermark);
    if (time === null || lag === null) return null;
    // Evicted by the last time of its rows, a group keeps all of them in order, and the first ones.
    const byRows = node.kind === 'aggregate' && column >= node.groupBy.length;
    return `${spanText(time, lag, byRows ? TIMES_KEPT : each)}${
      byRows && this.#goesOn(input) ? GOING_ON : ''}`;
  }

  /** Numbers of sessions without a longest duration come out of a node, perhaps through maps. */
  #goesOn(id: NodeId): boolean {
    const node = must(this.#nodes[id], 'node');
    if (node.kind === 'map') return this.#goesOn(must(node.inputs[0], 'input'));
    return node.kind === 'session' && node.longest === undefined;
  }

  #session(node: DataflowNode & { kind: 'session' }): string | null {
    const lag = node.watermark === null ? null : this.#lag(node.watermark);
    if (lag === null) return null;
    return node.longest === undefined
      ? `rows of the last ${microsText(lag + node.gap)}${GOING_ON}`
      : `rows of the last ${microsText(lag + node.gap + node.longest)}`;
  }

  #gate(node: DataflowNode & { kind: 'gate' | 'panes' }): string | null {
    const time = this.#time(must(node.inputs[0], 'input'), node.timeColumn);
    const lag = this.#lag(node.kind === 'panes' ? node.forgets ?? node.watermark : node.watermark);
    return time === null || lag === null ? null : spanText(time, lag, 'and their rows');
  }

  #fill(node: DataflowNode & { kind: 'fill' }): string | null {
    if (node.forgets === null) return 'all rows of its input, and the windows filled';
    const { windows, most } = node.rule;
    const time = this.#time(must(node.inputs[0], 'input'), must(windows[0], 'column').column);
    const lag = this.#lag(node.forgets);
    return time === null || lag === null ? null
      : `${spanText(time, lag, 'per key')}, and one row per key for ${most} windows`;
  }

  #join(node: DataflowNode & { kind: 'join' }): string | null {
    const side = (name: string, at: number, evict: RowEviction | null): string | null => {
      if (evict === null) return `all ${name} rows`;
      const time = this.#time(must(node.inputs[at], 'input'), evict.column);
      const lag = this.#lag(evict.watermark);
      if (time === null || lag === null) return null;
      return `${name} ${spanText(time, lag + evict.offsetMicros, 'and their rows')}`;
    };
    const left = side('left', 0, node.leftEvict);
    const right = side('right', 1, node.rightEvict);
    return left === null || right === null ? null : `${left}, ${right}`;
  }

  #temporalJoin(node: DataflowNode & { kind: 'temporalJoin' }): string | null {
    if (node.watermark === null) return 'one row per key of the right side';
    const lag = this.#lag(node.watermark);
    return lag === null ? null : `rows of the last ${microsText(lag)}, and a version per key`;
  }

  /** How far a watermark is behind the newest event, at most. */
  #lag(expr: WatermarkExpr): bigint | null {
    switch (expr.kind) {
      case 'relation': return this.#delayOf(expr.relation);
      case 'shift': {
        const lag = this.#lag(expr.of);
        return lag === null ? null : lag - expr.micros;
      }
      case 'zoneFloor': {
        const lag = this.#lag(expr.of);
        return lag === null ? null : lag + expr.window.size;
      }
      case 'floor': {
        const lag = this.#lag(expr.of);
        return lag === null ? null : lag + expr.step;
      }
      case 'min': {
        let most: bigint | null = null;
        for (const each of expr.of) {
          const lag = this.#lag(each);
          if (lag === null) return null;
          if (most === null || lag > most) most = lag;
        }
        return most;
      }
    }
  }

  /** Where a time column of a node's output comes from. */
  #time(id: NodeId, column: number): TimeColumn | null {
    const node = must(this.#nodes[id], 'node');
    const input = node.inputs[0];
    switch (node.kind) {
      case 'source': return { ahead: 0n, step: null };
      case 'map': {
        const { base, micros } = shiftedTime(must(node.exprs[column], 'expression'));
        const time = base.kind === 'column' && input !== undefined
          ? this.#time(input, base.index) : null;
        return time === null ? null : { ...time, ahead: time.ahead + micros };
      }
      case 'window': case 'session': return this.#windowTime(node, column);
      case 'aggregate': {
        const from = node.groupBy[column];
        return from === undefined || input === undefined ? null : this.#time(input, from);
      }
      case 'slide': return column < node.keys + node.aggregates.length ? null
        : { ahead: node.columns.length - 1 === column ? node.size : 0n, step: node.slide };
      case 'join': return this.#joinTime(node, column);
      case 'union': return this.#widest(node, column);
      case 'gate': case 'topN': case 'over': case 'distinct': case 'ttl': case 'throttle':
      case 'fill': case 'panes': case 'temporalFilter': case 'flatMap':
        return input === undefined ? null : this.#time(input, column);
      default: return null;
    }
  }

  #joinTime(node: DataflowNode & { kind: 'join' }, column: number): TimeColumn | null {
    const [left, right] = node.inputs;
    if (left === undefined || right === undefined) return null;
    const width = must(this.#nodes[left], 'left').columns.length;
    return column < width ? this.#time(left, column) : this.#time(right, column - width);
  }

  #widest(node: DataflowNode, column: number): TimeColumn | null {
    let widest: TimeColumn | null = null;
    for (const input of node.inputs) {
      const time = this.#time(input, column);
      if (time === null) return null;
      if (widest === null || time.ahead > widest.ahead) widest = time;
    }
    return widest;
  }

  #windowTime(
    node: DataflowNode & { kind: 'window' | 'session' }, column: number,
  ): TimeColumn | null {
    const input = must(node.inputs[0], 'input');
    const role = column - must(this.#nodes[input], 'input').columns.length;
    if (role < 0) return this.#time(input, column);
    if (node.kind === 'session') return { ahead: role === 0 ? 0n : node.gap, step: null };
    const base = this.#time(input, node.timeColumn);
    return base === null ? null
      : { ahead: base.ahead + (role === 0 ? 0n : node.window.size), step: every(node.window) };
  }
}

/** The input column behind what evicts a group: one it is grouped by, or an aggregate's. */
function evictingColumn(
  { groupBy, aggregates }: DataflowNode & { kind: 'aggregate' }, column: number,
): number | null {
  return groupBy[column] ?? aggregates[column - groupBy.length]?.args[0] ?? null;
}

/** Groups that an aggregate evicts by the last time of their rows. */
const TIMES_KEPT = 'with the times of their rows';
/** However old they are. */
const GOING_ON = ' and of sessions that go on';

function spanText({ ahead, step }: TimeColumn, lag: bigint, each: string): string {
  const span = ahead + lag > 0n ? ahead + lag : 0n;
  if (step === null) {
    const what = each === 'per key' ? 'groups' : each === TIMES_KEPT ? `groups ${each}` : 'rows';
    return `${what} of the last ${microsText(span)}`;
  }
  return `${span / step + 1n} windows ${each}`;
}

function every(window: Exclude<WindowSpec, { kind: 'session' }>): bigint {
  switch (window.kind) {
    case 'tumble': return window.size;
    case 'hop': return window.slide;
    case 'cumulate': case 'zoned': return window.step;
  }
}
