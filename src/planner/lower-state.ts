/**
 * What bounds the state of each operator: evictions by watermark, gates, bounds, notices.
 *
 * Relies on derived properties; decides nothing about values. State is dropped only where no row
 * in time can need it again: behind exact watermarks, behind a gate that refuses what comes later,
 * or where late rows have been split off before.
 */
import { assertNever, must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import { encodePlan } from './dataflow-json.ts';
import type { Eviction, NodeId, RowEviction, StateBound, WatermarkExpr } from './dataflow.ts';
import type { DataflowBuilder } from './lower-builder.ts';
import { lowerBounds } from './properties.ts';
import type { Properties } from './properties.ts';
import type { Relation } from './relation.ts';
import { walkRelation } from './relation-tools.ts';
import {
  closingWatermark, forgettingWatermark, minWatermark, shiftWatermark,
} from './watermarks.ts';
import type { WindowFact } from './watermarks.ts';

/** What is planned: a view that is kept, or a query that runs once. */
export interface LowerMode {
  readonly kind: 'view' | 'query';
  /** state_ttl of a view. */
  readonly ttlMicros?: bigint | null;
}

/**
 * How an operator that nothing else bounds forgets by age. `own`: it drops groups or partitions
 * itself. `groups`, `rows`: its input forgets, by group or row by row.
 */
export type Aging = 'own' | 'groups' | 'rows';

/** Rows of a partition a top-N may keep in a block. */
const FEW_ROWS = 16n;

/** True for a top-N over append-only input whose partitions keep but a few rows. */
export function keepsFewRows(
  node: Pick<Relation & { kind: 'topN' }, 'limit' | 'offset' | 'withTies' | 'rank'>,
): boolean {
  return node.limit !== null && !node.withTies
    && (node.rank === 'none' || node.rank === 'row_number')
    && node.limit > 0n && node.limit + node.offset <= FEW_ROWS;
}

/** The part of a lowering that helpers need. */
export interface RelationLowering {
  readonly builder: DataflowBuilder;
  lower(relation: Relation): NodeId;
}

/** Evictions of a join's sides. */
export interface JoinEvictions {
  readonly left: RowEviction | null;
  readonly right: RowEviction | null;
  readonly holdNulls: boolean;
}

const NO_EVICTIONS: JoinEvictions = { left: null, right: null, holdNulls: false };

interface SideEviction {
  readonly evict: RowEviction;
  /** From an inequality of times, not from equal windows. */
  readonly interval: boolean;
}

/** Answers what bounds the state of relations. */
export class StateRules {
  readonly #properties: Properties;
  readonly #mode: LowerMode;
  /** Texts of windows behind a gate: what comes after their close is refused there. */
  readonly #gated = new Set<string>();
  /** Those of them that nobody sees before. */
  readonly #hidden = new Set<string>();

  constructor(properties: Properties, mode: LowerMode) {
    this.#properties = properties;
    this.#mode = mode;
    if (this.ttl !== null) properties.ageBy((relation) => this.agingOf(relation) !== null);
  }

  /** state_ttl, or null. */
  get ttl(): bigint | null {
    return this.#mode.kind === 'view' ? this.#mode.ttlMicros ?? null : null;
  }

  /** How the operator of a relation forgets by age; null: something else bounds it. */
  agingOf(relation: Relation): Aging | null {
    if (this.ttl === null) return null;
    switch (relation.kind) {
      case 'aggregate': return relation.groupBy.length === 0 || this.evictionOf(relation) !== null
        ? null : this.#properties.appendOnly(relation.input) ? 'own' : 'groups';
      case 'topN': return this.#agingOfTopN(relation);
      case 'distinct': case 'over': return this.evictionOf(relation) === null ? 'rows' : null;
      case 'join': return this.agesSide(relation, 'left') || this.agesSide(relation, 'right')
        ? 'rows' : null;
      case 'asofJoin': case 'setOp': return 'rows';
      case 'window': return relation.window.kind === 'session'
        && this.sessionWatermark(relation) === null ? 'rows' : null;
      default: return null;
    }
  }

  #agingOfTopN(relation: Relation & { kind: 'topN' }): Aging | null {
    if (this.evictionOf(relation) !== null) return null;
    const appends = this.#properties.appendOnly(relation.input);
    if (relation.partitionBy.length === 0) {
      return appends && relation.limit !== null ? null : 'rows';
    }
    return appends && keepsFewRows(relation) ? 'own' : 'groups';
  }

  /** True when the rows of one side of a join are forgotten by age. */
  agesSide(relation: Relation & { kind: 'join' }, side: 'left' | 'right'): boolean {
    return this.ttl !== null && this.#sideEviction(relation, side) === null;
  }

  /** Takes notice of the gates of a plan before it is lowered. */
  noteGates(relation: Relation): void {
    walkRelation(relation, (node) => {
      if (node.kind !== 'gate') return;
      const fact = this.#properties.windows(node.input).get(node.timeColumn);
      if (fact === undefined) return;
      this.#gated.add(windowText(fact));
      if (node.panes === undefined) this.#hidden.add(windowText(fact));
    });
  }

  /** When groups, rows or partitions may be dropped; the column is one of the output. */
  evictionOf(relation: Relation & { kind: 'aggregate' | 'distinct' | 'topN' | 'over' }):
  Eviction | null {
    if (this.#mode.kind === 'query') return null;
    for (const column of evictableColumns(relation)) {
      const fact = this.#properties.windows(relation).get(column);
      const forget = fact === undefined || !this.#isSafe(fact) ? null : forgettingWatermark(fact);
      if (forget !== null) return { column, watermark: forget };
    }
    for (const column of evictableColumns(relation)) {
      const fact = this.#properties.watermarks(relation).get(column);
      if (fact?.exact === true) return { column, watermark: shiftWatermark(fact.watermark, -1n) };
    }
    return null;
  }

  /** The watermark that closes the windows in a column. */
  closing(relation: Relation, column: number): WatermarkExpr {
    const fact = this.#properties.windows(relation).get(column);
    return must(fact === undefined ? null : closingWatermark(fact), 'closing watermark');
  }

  /** True when windows of an aggregate are final at their close and only then seen. */
  isFinal(relation: Relation & { kind: 'aggregate' }): boolean {
    for (const at of relation.groupBy.keys()) {
      const fact = this.#properties.windows(relation).get(at);
      if (fact !== undefined && this.#hidden.has(windowText(fact))) {
        return fact.allowedMicros === 0n && fact.base?.exact === true;
      }
    }
    return false;
  }

  #isSafe(fact: WindowFact): boolean {
    return fact.base !== null && (fact.base.exact || this.#gated.has(windowText(fact)));
  }

  /** When sessions are final and leave the state, or null. */
  sessionWatermark(relation: Relation & { kind: 'window' }): WatermarkExpr | null {
    if (this.#mode.kind === 'query') return null;
    const fact = this.#properties.windows(relation).get(relation.input.columns.length + 1);
    return fact === undefined || !this.#isSafe(fact) ? null : forgettingWatermark(fact);
  }

  /** Evictions of interval and window joins. */
  joinEvictions(relation: Relation & { kind: 'join' }): JoinEvictions {
    if (this.#mode.kind === 'query') return NO_EVICTIONS;
    const left = this.#sideEviction(relation, 'left');
    const right = this.#sideEviction(relation, 'right');
    const holds = (side: SideEviction | null): boolean => side === null || side.interval;
    const outer = relation.type === 'left' ? [left]
      : relation.type === 'right' ? [right] : relation.type === 'full' ? [left, right] : [];
    return {
      left: left?.evict ?? null, right: right?.evict ?? null,
      holdNulls: outer.length > 0 && outer.every(holds) && outer.some((each) => each !== null),
    };
  }

  /** A row a leaves when the other side's watermark says no b <= a - micros can come. */
  #sideEviction(
    relation: Relation & { kind: 'join' }, side: 'left' | 'right',
  ): SideEviction | null {
    const width = relation.left.columns.length;
    const own = side === 'left' ? 0 : width;
    const other = side === 'left' ? relation.right : relation.left;
    const otherStart = side === 'left' ? width : 0;
    let found: SideEviction | null = null;
    for (const bound of lowerBounds(relation.on)) {
      const isOwn = bound.column < width === (side === 'left');
      const isOther = bound.other < width !== (side === 'left');
      if (!isOwn || !isOther) continue;
      const fact = this.#properties.watermarks(other).get(bound.other - otherStart);
      if (fact === undefined || !(fact.exact || relation.lateSplit === true)) continue;
      const evict = {
        column: bound.column - own, offsetMicros: -bound.micros, watermark: fact.watermark,
      };
      const interval = !this.#properties.windows(other).has(bound.other - otherStart);
      if (found === null || found.interval) found = { evict, interval };
    }
    return found;
  }

  /** What a gate waits for; 0A000 when nothing ever closes its windows. */
  gateOf(relation: Relation & { kind: 'gate' }): {
    readonly watermark: WatermarkExpr; readonly correct: boolean;
    readonly forgets: WatermarkExpr | null;
  } {
    const fact = this.#properties.windows(relation.input).get(relation.timeColumn);
    if (fact !== undefined) {
      const watermark = closingWatermark(fact);
      if (watermark === null) throw gateWithoutWatermark();
      return { watermark, correct: fact.allowedMicros > 0n, forgets: forgettingWatermark(fact) };
    }
    const plain = this.#properties.watermarks(relation.input).get(relation.timeColumn);
    if (plain === undefined) throw gateWithoutWatermark();
    return {
      watermark: shiftWatermark(plain.watermark, -1n), correct: false, forgets: null,
    };
  }

  /** When windows are filled as time passes, and when nothing of them can change any more. */
  fillTimes(relation: Relation & { kind: 'fill' }): {
    readonly closes: WatermarkExpr | null; readonly forgets: WatermarkExpr | null;
  } {
    const { rule } = relation;
    const column = must(rule.windows[0], 'window column').column;
    const fact = this.#properties.windows(relation.input).get(column);
    const closes = fact === undefined || this.#mode.kind === 'query' ? null
      : closingWatermark(fact);
    if (rule.trailing && closes === null) throw trailingWithoutWatermark();
    const forgets = fact === undefined || this.#mode.kind === 'query' || !this.#isSafe(fact) ? null
      : forgettingWatermark(fact);
    return { closes: rule.trailing ? closes : null, forgets };
  }

  /** Version time of the right side of a temporal join, and when its result is certain. */
  temporalTimes(relation: Relation & { kind: 'temporalJoin' }): {
    readonly rightTime: number | null; readonly watermark: WatermarkExpr | null;
  } {
    if (relation.leftTime === null) return { rightTime: null, watermark: null };
    const [right] = this.#properties.watermarks(relation.right);
    const left = this.#properties.exprWatermark(relation.leftTime, relation.left);
    if (right === undefined || (left === null && this.#mode.kind === 'view')) {
      throw temporalWithoutWatermark();
    }
    const [rightTime, fact] = right;
    return {
      rightTime,
      watermark: left === null ? null : minWatermark([left.watermark, fact.watermark]),
    };
  }

  /** What bounds the state of a relation's operator. */
  boundOf(relation: Relation): StateBound {
    if (this.agingOf(relation) !== null) return 'ttl';
    switch (relation.kind) {
      case 'values': case 'scan': case 'filter': case 'project': case 'flatMap': case 'union':
      case 'recursiveRef': return 'stateless';
      case 'window': return relation.window.kind === 'session' ? this.#sessionBound(relation)
        : 'stateless';
      case 'aggregate': return this.#aggregateBound(relation);
      case 'distinct': return this.evictionOf(relation) === null ? 'keys' : 'watermark';
      case 'join': return this.#joinBound(relation);
      case 'temporalJoin': return relation.leftTime === null ? 'keys' : 'watermark';
      case 'asofJoin': case 'setOp': return this.#sizeBound(relation.left, relation.right);
      case 'topN': return this.#topNBound(relation);
      case 'over': return this.evictionOf(relation) === null
        ? this.#sizeBound(relation.input) : 'window';
      case 'temporalFilter': return 'interval';
      case 'gate': return 'window';
      case 'fill': return this.fillTimes(relation).forgets === null
        ? this.#sizeBound(relation.input) : 'window';
      case 'recursive': return 'keys';
      default: return assertNever(relation);
    }
  }

  #sizeBound(...inputs: readonly Relation[]): StateBound {
    return inputs.every((input) => this.#properties.boundedSize(input)) ? 'keys' : 'nothing';
  }

  #sessionBound(relation: Relation & { kind: 'window' }): StateBound {
    return this.sessionWatermark(relation) === null ? this.#sizeBound(relation.input) : 'window';
  }

  /** Groups by a window that never closes are as many as time has windows. */
  #aggregateBound(relation: Relation & { kind: 'aggregate' }): StateBound {
    if (this.evictionOf(relation) !== null) return 'window';
    const windows = this.#properties.windows(relation);
    if (this.#mode.kind === 'view' && windows.size > 0) return this.#sizeBound(relation.input);
    return 'keys';
  }

  #joinBound(relation: Relation & { kind: 'join' }): StateBound {
    const { left, right } = this.joinEvictions(relation);
    const interval = relation.lateSplit === true ? 'interval' : 'window';
    if (left !== null && right !== null) return interval;
    const leftFine = left !== null || this.#properties.boundedSize(relation.left);
    const rightFine = right !== null || this.#properties.boundedSize(relation.right);
    if (!leftFine || !rightFine) return 'nothing';
    return left !== null || right !== null ? interval : 'keys';
  }

  #topNBound(relation: Relation & { kind: 'topN' }): StateBound {
    if (this.evictionOf(relation) !== null) return 'window';
    if (relation.limit !== null && this.#properties.appendOnly(relation.input)) return 'limit';
    return this.#sizeBound(relation.input);
  }
}

function windowText(fact: WindowFact): string {
  return encodePlan([fact.window, fact.base?.watermark ?? null]);
}

function evictableColumns(
  relation: Relation & { kind: 'aggregate' | 'distinct' | 'topN' | 'over' },
): readonly number[] {
  switch (relation.kind) {
    case 'aggregate': return relation.groupBy.map((_each, at) => at);
    case 'distinct': return relation.columns.map((_each, at) => at);
    case 'topN': case 'over': return relation.partitionBy;
    default: return assertNever(relation);
  }
}

function gateWithoutWatermark(): SqlError {
  return sqlError('0A000', 'EMIT ON WINDOW CLOSE needs a window over a column with a watermark', {
    hint: 'Declare one where the relation is created: '
      + "WATERMARK FOR ts AS ts - INTERVAL '5 seconds', and group by its window.",
  });
}

function trailingWithoutWatermark(): SqlError {
  return sqlError('0A000', 'FILL with TRAILING needs a window over a column with a watermark', {
    hint: 'Windows end when the watermark passes: declare one where the relation is created, '
      + "WATERMARK FOR ts AS ts - INTERVAL '5 seconds', or leave TRAILING out.",
  });
}

function temporalWithoutWatermark(): SqlError {
  return sqlError('0A000', 'FOR SYSTEM_TIME AS OF needs a watermark on both sides of the join', {
    hint: "Declare WATERMARK FOR ts AS ts - INTERVAL '5 seconds' on both relations, "
      + 'or use FOR SYSTEM_TIME AS OF PROCTIME() for the current version.',
  });
}
