/**
 * Compiles filters and projections into loops over a batch.
 *
 * First the filter's loop lists the rows that pass, then the projection's loop computes, for those
 * only, what is no plain column; columns are shared when all rows pass, else copied by a typed loop
 * of their own. So a filter that drops everything allocates nothing, and one that drops nothing
 * copies nothing. Two variants per loop, made on first use: for batches whose columns hold NULLs
 * and for those whose columns hold none (40-60 % apart). A row whose expression fails leaves the
 * loop, is reported, and the loop goes on behind it: the usual path has no cost.
 */
import { SqlError } from '../../common/errors.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { EvaluationContext } from '../../planner/functions/entry.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import { makeColumn } from '../batch.ts';
import type { Batch, Column } from '../batch.ts';
import { gather } from '../state/transfer.ts';
import { compileKernel } from './compile.ts';
import { Generator, zeroText } from './generate.ts';
import type { InputColumn } from './generate.ts';
import { HELPERS } from './helpers.ts';
import type { Helpers } from './helpers.ts';

/** What to compile. */
export interface MapPlan {
  readonly filter: ScalarExpr | null;
  readonly exprs: readonly ScalarExpr[];
  readonly inputTypes: readonly SqlType[];
}

/** Called for a row that is left out because its expression failed. */
export type RowErrorHandler = (error: Error, row: number) => void;

/** Filters and projects a batch; null when nothing is left. */
export type MapKernel = (
  batch: Batch, context: EvaluationContext, onError: RowErrorHandler,
) => Batch | null;

/** Writes the rows for which the predicate is true into `out`; gives how many. */
export type PredicateKernel = (
  batch: Batch, context: EvaluationContext, onError: RowErrorHandler, out: Int32Array,
) => number;

/** Where a loop is: the next entry to read, the next place to write. */
interface Progress {
  at: number;
  out: number;
  error: unknown;
  failed: boolean;
}

/** The arrays of one run, under the names the generated code has for them. */
interface Arrays {
  /** Data and masks of the columns read. */
  readonly B: readonly Column['data'][];
  readonly M: readonly Uint8Array[];
  /** Data and masks of the columns computed; F[i] becomes 1 when one of output i is NULL. */
  readonly O: readonly Column['data'][];
  readonly N: readonly Uint8Array[];
  readonly F: Uint8Array;
  /** Rows: written by a filter, read by a projection (null: all rows). */
  readonly X: Int32Array | null;
}

interface Surroundings {
  readonly A: readonly unknown[];
  readonly ctx: EvaluationContext;
  readonly $: Helpers;
}

type Loop = (n: number, R: Arrays, S: Progress, E: Surroundings) => void;

const PARAMETERS: readonly string[] = ['n', 'R', 'S', 'E'];

/** A loop's source and what goes with it. */
interface Source {
  readonly source: string;
  readonly inputs: readonly InputColumn[];
  readonly args: readonly unknown[];
  /** Which of the computed outputs can be NULL. */
  readonly nullable: readonly boolean[];
}

/** The kernel of a filter and projection. */
export function compileMap(plan: MapPlan): MapKernel {
  const select = plan.filter === null ? null : compilePredicate(plan.filter, plan.inputTypes);
  const computed = plan.exprs.filter((expr) => expr.kind !== 'column');
  const loops = computed.length === 0 ? null : new Variants((withNulls) =>
    projectionSource(computed, withNulls));
  let selection = new Int32Array(0);
  return (batch, context, onError) => {
    let rows: Int32Array | null = null;
    let count = batch.length;
    if (select !== null) {
      if (selection.length < count) selection = new Int32Array(count * 2);
      count = select(batch, context, onError, selection);
      if (count < batch.length) rows = selection;
    }
    if (count === 0) return null;
    const made = loops === null ? null : project(loops, batch, { computed, rows, count, context });
    if (made === null) return assemble(plan, batch, { rows, count, columns: [] });
    for (const { error, at } of made.failed) {
      onError(error, rows === null ? at : rows[at] as number);
    }
    if (made.failed.length === 0) return assemble(plan, batch, { rows, count, ...made });
    rows = withoutFailed(rows, count, made.failed);
    return rows.length === 0 ? null
      : assemble(plan, batch, { rows, count: rows.length, columns: made.columns });
  };
}

/** The kernel of a predicate. */
export function compilePredicate(
  predicate: ScalarExpr, _inputTypes: readonly SqlType[],
): PredicateKernel {
  const loops = new Variants((withNulls) => filterSource(predicate, withNulls));
  return (batch, context, onError, out) => runLoop(loops, batch, {
    count: batch.length, context, out: [], outMasks: [], nullSeen: NOTHING, rows: out,
    onError: (error, at) => onError(error, at),
  });
}

/** The generated source of a plan, for EXPLAIN (CODE): the variant without NULLs, or with. */
export function kernelSource(plan: MapPlan, withNulls: boolean = false): string {
  const computed = plan.exprs.filter((expr) => expr.kind !== 'column');
  return [
    ...plan.filter === null ? [] : [filterSource(plan.filter, withNulls).source],
    ...computed.length === 0 ? [] : [projectionSource(computed, withNulls).source],
  ].join('\n');
}

/** A loop that can run. */
interface Variant extends Source {
  readonly loop: Loop;
  warm: boolean;
}

/** The two variants of a loop. */
class Variants {
  readonly #make: (withNulls: boolean) => Source;
  readonly #made: (Variant | null)[] = [null, null];
  readonly #read: readonly number[];

  constructor(make: (withNulls: boolean) => Source) {
    this.#make = make;
    this.#read = make(true).inputs.map(({ index }) => index);
  }

  /** The variant for a batch. */
  for(batch: Batch): Variant {
    let withNulls = false;
    for (const at of this.#read) if (batch.columns[at]?.nulls != null) withNulls = true;
    let made = this.#made[Number(withNulls)] ?? null;
    if (made === null) {
      const source = this.#make(withNulls);
      made = { ...source, loop: compileKernel<Loop>(PARAMETERS, source.source), warm: false };
      this.#made[Number(withNulls)] = made;
    }
    return made;
  }
}

function filterSource(predicate: ScalarExpr, withNulls: boolean): Source {
  const generator = new Generator(withNulls, '    ');
  generator.filter(predicate);
  const source = loopText(generator, withNulls, [], {
    head: 'for (; i < n; i++) {', foot: 'X[k++] = i;', at: 'i' });
  return { source, inputs: generator.inputs, args: generator.args, nullable: [] };
}

function projectionSource(exprs: readonly ScalarExpr[], withNulls: boolean): Source {
  const generator = new Generator(withNulls, '    ');
  const nullable = exprs.map((expr, at) => write(generator, expr, at));
  const take = exprs.map((_expr, at) => `const o${at} = O[${at}]`
    + `${nullable[at] === true ? `, n${at} = N[${at}]` : ''};`);
  const source = loopText(generator, withNulls, take, {
    head: 'for (; j < n; j++) {\n    const i = X === null ? j : X[j];', foot: 'k++;', at: 'j' });
  return { source, inputs: generator.inputs, args: generator.args, nullable };
}

function loopText(
  generator: Generator, withNulls: boolean, outputs: readonly string[],
  { head, foot, at }: { readonly head: string; readonly foot: string; readonly at: string },
): string {
  const take = [
    ...generator.inputs.map((_input, number) => `const b${number} = B[${number}]`
      + `${withNulls ? `, m${number} = M[${number}]` : ''};`),
    ...[...generator.lanes].map((number) => `const l${number} = new Int32Array(`
      + `b${number}.buffer, b${number}.byteOffset, 2 * b${number}.length);`),
    ...outputs,
    ...generator.args.map((_arg, number) => `const a${number} = A[${number}];`),
  ];
  return `const { B, M, O, N, F, X } = R, { A, ctx, $ } = E;
${take.join('\n')}
let ${at} = S.at, k = S.out;
try {
  ${head}
${generator.text}
    ${foot}
  }
} catch (error) {
  S.error = error; S.failed = true;
}
S.at = ${at}; S.out = k;`;
}

/** Writes output `at`; says whether it can be NULL. */
function write(generator: Generator, expr: ScalarExpr, at: number): boolean {
  const { value, isNull } = generator.expression(expr);
  const kind = physicalOf(expr.type);
  const stored = kind === 'bool' ? `${value} ? 1 : 0` : value;
  if (isNull === null) {
    generator.line(`o${at}[k] = ${stored};`);
    return false;
  }
  const zero = kind === 'bool' ? '0' : zeroText(kind);
  generator.line(`if (${isNull}) { o${at}[k] = ${zero}; n${at}[k] = 1; F[${at}] = 1; }`);
  generator.line(`else { o${at}[k] = ${stored}; n${at}[k] = 0; }`);
  return true;
}

/**
 * Calls over no rows before the first. V8 optimises a loop while it runs; what stands behind it and
 * was never run yet throws the optimised code away, once for each batch (19 ns a row became 8).
 */
const WARMING_CALLS = 64;

const NOTHING = new Uint8Array(0);
let zeroMask: Uint8Array = new Uint8Array(1024);

/** A mask of at least this length on which nothing is NULL. */
function noNulls(length: number): Uint8Array {
  if (zeroMask.length < length) zeroMask = new Uint8Array(length * 2);
  return zeroMask;
}

interface LoopRun {
  readonly count: number;
  readonly rows: Int32Array | null;
  readonly out: readonly Column['data'][];
  readonly outMasks: readonly Uint8Array[];
  readonly nullSeen: Uint8Array;
  readonly context: EvaluationContext;
  readonly onError: (error: SqlError, at: number) => void;
}

/** Runs a loop to its end, over failing entries; gives how many came out. */
function runLoop(loops: Variants, batch: Batch, run: LoopRun): number {
  const variant = loops.for(batch);
  const data: Column['data'][] = [];
  const masks: Uint8Array[] = [];
  for (const { index } of variant.inputs) {
    const column = batch.columns[index] as Column;
    data.push(column.data);
    masks.push(column.nulls ?? noNulls(batch.length));
  }
  const arrays: Arrays = {
    B: data, M: masks, O: run.out, N: run.outMasks, F: run.nullSeen, X: run.rows,
  };
  const surroundings: Surroundings = { A: variant.args, ctx: run.context, $: HELPERS };
  const progress: Progress = { at: 0, out: 0, error: null, failed: false };
  if (!variant.warm) {
    variant.warm = true;
    for (let i = 0; i < WARMING_CALLS; i++) variant.loop(0, arrays, progress, surroundings);
  }
  for (;;) {
    variant.loop(run.count, arrays, progress, surroundings);
    if (!progress.failed) return progress.out;
    if (!(progress.error instanceof SqlError)) throw progress.error as Error;
    run.onError(progress.error, progress.at);
    progress.failed = false;
    progress.at++;
  }
}

interface Failure {
  readonly error: SqlError;
  /** Place in the list of selected rows. */
  readonly at: number;
}

interface ProjectRun {
  readonly computed: readonly ScalarExpr[];
  readonly rows: Int32Array | null;
  readonly count: number;
  readonly context: EvaluationContext;
}

/** Computes the columns that are computed, for the selected rows. */
function project(
  loops: Variants, batch: Batch, { computed, rows, count, context }: ProjectRun,
): { readonly columns: readonly Column[]; readonly failed: readonly Failure[] } {
  const { nullable } = loops.for(batch);
  const made = computed.map((expr) => makeColumn(physicalOf(expr.type), count));
  const outMasks = nullable.map((can) => can ? new Uint8Array(count) : NOTHING);
  const nullSeen = new Uint8Array(made.length);
  const failed: Failure[] = [];
  runLoop(loops, batch, {
    count, rows, context, out: made.map(({ data }) => data), outMasks, nullSeen,
    onError: (error, at) => failed.push({ error, at }),
  });
  const columns = made.map((column, at): Column => nullSeen[at] === 1
    ? { ...column, nulls: outMasks[at] as Uint8Array } : column);
  return { columns, failed };
}

/** The output: computed columns, and the others shared or copied. */
function assemble(
  plan: MapPlan, batch: Batch,
  { rows, count, columns }: {
    readonly rows: Int32Array | null; readonly count: number; readonly columns: readonly Column[];
  },
): Batch {
  let next = 0;
  const out = plan.exprs.map((expr): Column => {
    if (expr.kind !== 'column') return columns[next++] as Column;
    const column = batch.columns[expr.index] as Column;
    return rows === null ? column : gather(column, rows, count);
  });
  if (rows === null) return { length: count, columns: out, weights: batch.weights };
  const weights = new Int32Array(count);
  for (let i = 0; i < count; i++) weights[i] = batch.weights[rows[i] as number] as number;
  return { length: count, columns: out, weights };
}

function withoutFailed(
  rows: Int32Array | null, count: number, failed: readonly Failure[],
): Int32Array {
  const kept = new Int32Array(count - failed.length);
  let next = 0;
  let skipped = 0;
  for (let i = 0; i < count; i++) {
    if (failed[skipped]?.at === i) skipped++;
    else kept[next++] = rows === null ? i : rows[i] as number;
  }
  return kept;
}
