/**
 * A materialized view at run time: its dataflow, its rows, its late rows, its counters.
 *
 * A view whose operator fails stops with a reason and keeps its last rows; the others go on. Rows
 * whose expressions fail are left out, counted and kept as dead letters.
 */
import { SqlError } from '../common/errors.ts';
import { formatValue } from '../common/types/registry.ts';
import type { Dataflow, WatermarkExpr } from '../planner/dataflow.ts';
import type { Value } from '../common/values.ts';
import type { EvaluationContext } from '../planner/functions/entry.ts';
import type { Batch } from './batch.ts';
import { batchOf, cell } from './batch.ts';
import type { StoredRelation, StoredView, SystemColumn } from './catalog-store-types.ts';
import { conservation } from './conservation.ts';
import { evaluateWatermark } from './engine-watermarks.ts';
import type { BuildOperator } from './graph.ts';
import { changedRows, RunningDataflow } from './graph.ts';
import type { Frontier, OperatorContext } from './operator.ts';
import type { RelationRows } from './relations-rows.ts';
import type { Arrangement } from './state/arrangement.ts';
import type { RowStore, StoreColumn } from './state/row-store.ts';

/** Rows kept of one epoch's row errors; the counter has them all. */
const ROW_ERRORS_KEPT = 1000;

/** Columns of every dead letter relation, of sources and views. */
export const DEAD_LETTER_COLUMNS: readonly SystemColumn[] = [
  { name: 'epoch', type: { name: 'int8' } },
  { name: 'partition', type: { name: 'int4' } },
  { name: 'position', type: { name: 'int8' } },
  { name: 'reason', type: { name: 'text' } },
  { name: 'sqlstate', type: { name: 'text' } },
  { name: 'column_name', type: { name: 'text' } },
  { name: 'key', type: { name: 'bytea' } },
  { name: 'payload', type: { name: 'bytea' } },
  { name: 'headers', type: { name: 'jsonb' } },
  { name: 'payload_bytes', type: { name: 'int8' } },
];

const PLAIN_EVALUATION: EvaluationContext = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1, now: 0n,
};

/** What a view is built with. */
export interface ViewParts {
  readonly relation: StoredRelation;
  readonly view: StoredView;
  readonly rows: RelationRows;
  /** Makes a durable store; the name is unique in the engine. */
  readonly store: (name: string, columns: readonly StoreColumn[]) => RowStore;
  readonly build: BuildOperator;
  readonly batchRows: number;
  /** Laws are checked after every step. */
  readonly checkLaws: boolean;
  /** The stored rows of a relation as they are now. */
  readonly arrangementOf: (relation: number) => Arrangement;
}

/** Counters a checkpoint keeps. */
export interface ViewCounters {
  offered: bigint;
  late: bigint;
  rowErrors: bigint;
}

/** A running view. */
export class ViewRuntime {
  relation: StoredRelation;
  view: StoredView;
  rows: RelationRows;
  readonly flow: RunningDataflow;
  readonly counters: ViewCounters = { offered: 0n, late: 0n, rowErrors: 0n };
  /** Why the view stopped, or null. */
  broken: string | null = null;
  /** Surroundings of expressions: `now` is that of the running epoch. */
  #evaluation: EvaluationContext = PLAIN_EVALUATION;
  /** Row errors of the running epoch, as rows of the dead letter relation. */
  #errors: (readonly Value[])[] = [];

  constructor(parts: ViewParts) {
    this.relation = parts.relation;
    this.view = parts.view;
    this.rows = parts.rows;
    const contextOf = (node: number): OperatorContext => ({
      batchRows: parts.batchRows, arrangementOf: parts.arrangementOf,
      evaluation: () => this.#evaluation,
      store: (name, columns) => parts.store(`${node}/${name}`, columns),
      lateDropped: (count) => { this.counters.late += BigInt(count); },
      rowError: (error, batch, row) => this.#rowError(error, node, batch, row),
    });
    this.flow = new RunningDataflow(parts.view.dataflow, parts.build, contextOf);
    if (parts.checkLaws) this.#checkLaws(parts, contextOf(0));
  }

  #checkLaws({ relation, view, build }: ViewParts, context: OperatorContext): void {
    const check = conservation(relation.name, view.dataflow, build, context);
    // A row that failed is in neither part.
    if (check !== null) this.flow.watch((out) => { if (this.#errors.length === 0) check(out); });
  }

  get id(): number { return this.relation.id; }

  /** A new definition that leaves operators as they are. */
  redefine(relation: StoredRelation): void {
    this.relation = relation;
    if (relation.view === null) return;
    this.view = relation.view;
    this.flow.replaceSources(relation.view.dataflow);
  }

  /** Expressions see the logical time of this epoch. */
  setNow(now: bigint): void {
    this.#evaluation = { ...PLAIN_EVALUATION, now };
  }

  #rowError(error: Error, node: number, batch: Batch, row: number): void {
    const weight = batch.weights[row] ?? 0;
    if (weight > 0) this.counters.rowErrors += BigInt(weight);
    if (this.#errors.length >= ROW_ERRORS_KEPT) return;
    const kind = this.view.dataflow.nodes[node]?.kind ?? '';
    const payload = utf8(rowText(this.view.dataflow, node, batch, row));
    const reason = weight < 0 ? `${error.message} (retraction)` : error.message;
    this.#errors.push([
      null, null, `${kind}: ${reason}`, error instanceof SqlError ? error.sqlState : 'XX000',
      null, null, payload, null, BigInt(payload.length),
    ]);
  }

  /** The row errors since the last call, as rows of `dead_letter.<view>`; null when none. */
  takeRowErrors(epoch: bigint): Batch | null {
    if (this.#errors.length === 0) return null;
    const rows = this.#errors.map((row): readonly Value[] => [epoch, ...row]);
    this.#errors = [];
    return batchOf(DEAD_LETTER_COLUMNS.map(({ type }) => type), rows);
  }

  /** Counts what a step was offered and what came out late. */
  count(offered: number, late: readonly Batch[]): void {
    this.counters.offered += BigInt(offered);
    for (const batch of late) this.counters.late += BigInt(changedRows(batch));
  }
}

/** A row that failed, as text: (a,b,). */
function rowText(dataflow: Dataflow, node: number, batch: Batch, row: number): string {
  const inputs = dataflow.nodes[node]?.inputs ?? [];
  const columns = inputs.flatMap((input) => dataflow.nodes[input]?.columns ?? []);
  const cells = batch.columns.map((column, at) => {
    const value = cell(column, row);
    const type = columns[at]?.type;
    return value === null ? '' : type === undefined ? '?' : formatValue(value, type);
  });
  return `(${cells.join(',')})`;
}

const ENCODER = new TextEncoder();

function utf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** A frontier over a function that knows the watermarks of relations. */
export function makeFrontier(
  epoch: bigint, now: bigint, of: (relation: number) => bigint | null,
): Frontier {
  return { epoch, now, watermark: (expr: WatermarkExpr) => evaluateWatermark(expr, of) };
}
