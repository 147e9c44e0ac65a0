/**
 * Compiles filter and projection into one loop over a batch, and predicates into selections.
 *
 * Two variants per plan, made on first use: for batches whose columns hold NULLs and for those whose
 * columns hold none (40-60 % apart). A row whose expression fails leaves the loop, is reported, and
 * the loop goes on behind it: the usual path has no cost. Columns that are only passed on without
 * a filter are shared, not copied.
 */
import { SqlError } from '../../common/errors.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { EvaluationContext } from '../../planner/functions/entry.ts';
import type { ScalarExpr } from '../../planner/scalar.ts';
import { makeColumn } from '../batch.ts';
import type { Batch, Column } from '../batch.ts';
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

interface Progress {
  row: number;
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
  /** Weights in and out. */
  readonly W: Int32Array;
  readonly X: Int32Array;
}

interface Surroundings {
  readonly A: readonly unknown[];
  readonly ctx: EvaluationContext;
  readonly $: Helpers;
}

type Loop = (n: number, R: Arrays, S: Progress, E: Surroundings) => void;

const PARAMETERS: readonly string[] = ['n', 'R', 'S', 'E'];

/** A compiled variant. */
interface Variant {
  readonly loop: Loop;
  readonly source: string;
  readonly inputs: readonly InputColumn[];
  readonly args: readonly unknown[];
  /** Which of the computed outputs can be NULL. */
  readonly nullable: readonly boolean[];
}

/** The kernel of a filter and projection. */
export function compileMap(plan: MapPlan): MapKernel {
  const shared = sharedColumns(plan);
  const computed = plan.exprs.filter((_expr, at) => shared[at] === null);
  if (plan.filter === null && computed.length === 0) {
    return (batch) => batch.length === 0 ? null
      : { ...batch, columns: shared.map((at) => batch.columns[at as number] as Column) };
  }
  const variants: (Variant | null)[] = [null, null];
  const read = readColumns(plan.filter, computed);
  return (batch, context, onError) => {
    if (batch.length === 0) return null;
    const withNulls = read.some((at) => batch.columns[at]?.nulls != null);
    const variant = variants[Number(withNulls)]
      ??= compileVariant(plan.filter, computed, withNulls);
    return runMap(variant, batch, { computed, shared, context, onError });
  };
}

/** The kernel of a predicate. */
export function compilePredicate(
  predicate: ScalarExpr, _inputTypes: readonly SqlType[],
): PredicateKernel {
  const variants: (Variant | null)[] = [null, null];
  const read = readColumns(predicate, []);
  return (batch, context, onError, out) => {
    const withNulls = read.some((at) => batch.columns[at]?.nulls != null);
    const variant = variants[Number(withNulls)] ??= compileVariant(predicate, [], withNulls);
    const rows = Int32Array.from({ length: batch.length }, (_row, at) => at);
    return runLoop(variant, batch, { context, onError, out: [], outMasks: [],
      nullSeen: new Uint8Array(0), weights: rows, outWeights: out }).kept;
  };
}

/** The generated source of a plan, for EXPLAIN (CODE): the variant without NULLs, or with. */
export function kernelSource(plan: MapPlan, withNulls: boolean = false): string {
  const shared = sharedColumns(plan);
  const computed = plan.exprs.filter((_expr, at) => shared[at] === null);
  return variantSource(plan.filter, computed, withNulls).source;
}

/** Per output the input column it is, when it need not be computed; else null. */
function sharedColumns(plan: MapPlan): (number | null)[] {
  return plan.exprs.map((expr) =>
    plan.filter === null && expr.kind === 'column' ? expr.index : null);
}

function readColumns(filter: ScalarExpr | null, exprs: readonly ScalarExpr[]): number[] {
  return variantSource(filter, exprs, true).inputs.map(({ index }) => index);
}

interface Source extends Omit<Variant, 'loop'> {
  readonly source: string;
}

function variantSource(
  filter: ScalarExpr | null, exprs: readonly ScalarExpr[], withNulls: boolean,
): Source {
  const generator = new Generator(withNulls, '    ');
  if (filter !== null) generator.filter(filter);
  const nullable = exprs.map((expr, at) => write(generator, expr, at));
  const take = [
    ...generator.inputs.map((_input, at) => `const b${at} = B[${at}]`
      + `${withNulls ? `, m${at} = M[${at}]` : ''};`),
    ...exprs.map((_expr, at) => `const o${at} = O[${at}]`
      + `${nullable[at] === true ? `, n${at} = N[${at}]` : ''};`),
    ...generator.args.map((_arg, at) => `const a${at} = A[${at}];`),
  ];
  const source = `const { B, M, O, N, F, W, X } = R, { A, ctx, $ } = E;
${take.join('\n')}
let i = S.row, k = S.out;
try {
  for (; i < n; i++) {
${generator.text}
    X[k++] = W[i];
  }
} catch (error) {
  S.error = error; S.failed = true;
}
S.row = i; S.out = k;`;
  return { source, inputs: generator.inputs, args: generator.args, nullable };
}

function compileVariant(
  filter: ScalarExpr | null, exprs: readonly ScalarExpr[], withNulls: boolean,
): Variant {
  const made = variantSource(filter, exprs, withNulls);
  return { ...made, loop: compileKernel<Loop>(PARAMETERS, made.source) };
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

interface LoopRun {
  readonly context: EvaluationContext;
  readonly onError: RowErrorHandler;
  readonly out: readonly Column['data'][];
  readonly outMasks: readonly Uint8Array[];
  readonly nullSeen: Uint8Array;
  readonly weights: Int32Array;
  readonly outWeights: Int32Array;
}

let zeroMask: Uint8Array = new Uint8Array(1024);

/** A mask of at least this length on which nothing is NULL. */
function noNulls(length: number): Uint8Array {
  if (zeroMask.length < length) zeroMask = new Uint8Array(length * 2);
  return zeroMask;
}

function runLoop(
  variant: Variant, batch: Batch, run: LoopRun,
): { readonly kept: number; readonly failed: readonly number[] } {
  const { length } = batch;
  const data: Column['data'][] = [];
  const masks: Uint8Array[] = [];
  for (const { index } of variant.inputs) {
    const column = batch.columns[index] as Column;
    data.push(column.data);
    masks.push(column.nulls ?? noNulls(length));
  }
  const arrays: Arrays = {
    B: data, M: masks, O: run.out, N: run.outMasks, F: run.nullSeen, W: run.weights,
    X: run.outWeights,
  };
  const surroundings: Surroundings = { A: variant.args, ctx: run.context, $: HELPERS };
  const progress: Progress = { row: 0, out: 0, error: null, failed: false };
  const failed: number[] = [];
  for (;;) {
    variant.loop(length, arrays, progress, surroundings);
    if (!progress.failed) return { kept: progress.out, failed };
    if (!(progress.error instanceof SqlError)) throw progress.error as Error;
    failed.push(progress.row);
    run.onError(progress.error, progress.row);
    progress.failed = false;
    progress.row++;
  }
}

interface MapRun {
  readonly computed: readonly ScalarExpr[];
  readonly shared: readonly (number | null)[];
  readonly context: EvaluationContext;
  readonly onError: RowErrorHandler;
}

function runMap(variant: Variant, batch: Batch, run: MapRun): Batch | null {
  const { length } = batch;
  const made = run.computed.map((expr) => makeColumn(physicalOf(expr.type), length));
  const outMasks = variant.nullable.map((can) => can ? new Uint8Array(length) : noNulls(0));
  const nullSeen = new Uint8Array(made.length);
  const weights = new Int32Array(length);
  const { kept, failed } = runLoop(variant, batch, {
    context: run.context, onError: run.onError, out: made.map(({ data }) => data), outMasks,
    nullSeen, weights: batch.weights, outWeights: weights,
  });
  if (kept === 0) return null;
  let next = 0;
  const columns = run.shared.map((at): Column => {
    if (at !== null) {
      const column = batch.columns[at] as Column;
      return failed.length === 0 ? column : without(column, length, failed);
    }
    const place = next++;
    const column = made[place] as Column;
    return nullSeen[place] === 1 ? { ...column, nulls: outMasks[place] as Uint8Array } : column;
  });
  return { length: kept, columns, weights };
}

/** A column without the failed rows. */
function without(column: Column, length: number, failed: readonly number[]): Column {
  const skip = new Set(failed);
  const to = makeColumn(column.kind, length - failed.length);
  const nulls = column.nulls === null ? null : new Uint8Array(length - failed.length);
  let at = 0;
  for (let row = 0; row < length; row++) {
    if (skip.has(row)) continue;
    to.data[at] = column.data[row] as never;
    if (nulls !== null) nulls[at] = (column.nulls as Uint8Array)[row] as number;
    at++;
  }
  return { ...to, nulls };
}
