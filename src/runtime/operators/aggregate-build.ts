/**
 * Chooses the accumulator of an aggregate call, by the strategy its function names.
 */
import { assertNever, must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { DataflowAggregate } from '../../planner/dataflow.ts';
import type { AggregateFunction } from '../../planner/functions/entry.ts';
import { functionById } from '../../planner/functions/registry.ts';
import type { OperatorContext } from '../operator.ts';
import type { RowStore } from '../state/row-store.ts';
import { Collected, collectColumns } from './aggregate-collect.ts';
import { Booleans, RowCount, ValueCount } from './aggregate-count.ts';
import { distinctColumns, DistinctValues } from './aggregate-distinct.ts';
import { extremeColumns, InlineExtreme, OrderedExtreme } from './aggregate-extreme.ts';
import { FloatTotal, IntervalTotal } from './aggregate-float.ts';
import { IntegerSum } from './aggregate-integer.ts';
import { NumericTotal } from './aggregate-numeric.ts';
import type { Accumulator } from './aggregate-types.ts';
import { Summarised } from './aggregate-summary.ts';
import { GROUP_BIGINT_COLUMNS } from './group-bigints.ts';
import { GROUP_COUNT_COLUMNS } from './group-counts.ts';

/** What the choice depends on beside the call. */
export interface AccumulatorOptions {
  readonly context: OperatorContext;
  /** Name of the call within the operator, for its stores and columns. */
  readonly prefix: string;
  /** The input is never retracted. */
  readonly appendOnly: boolean;
  /** Groups may be dropped before they are empty. */
  readonly evicts: boolean;
  readonly inputTypes: readonly SqlType[];
}

/** The accumulator of a call. */
export function createAccumulator(
  aggregate: DataflowAggregate, options: AccumulatorOptions,
): Accumulator {
  const entry = functionById(aggregate.function);
  if (entry.kind !== 'aggregate') throw new Error(`${aggregate.function} is no aggregate`);
  const { kind } = entry.strategy;
  const { context, prefix, evicts } = options;
  const distinct = (inner: Accumulator): Accumulator => new DistinctValues(inner,
    context.store(`${prefix}distinct`, distinctColumns(aggregate.argTypes)),
    { skipsNull: entry.skipsNull, evicts });
  // A sketch forgets nothing: over rows that go, distinct values are counted themselves.
  if (isDistinctCount(entry) && !options.appendOnly) return distinct(new ValueCount(prefix));
  // Repeats change neither an extreme nor a truth.
  if (!aggregate.distinct || kind === 'extreme' || kind === 'bool') {
    return plainAccumulator(aggregate, entry, options);
  }
  return distinct(plainAccumulator(aggregate, entry, options));
}

function isDistinctCount({ name }: AggregateFunction): boolean {
  return name === 'approx_count_distinct';
}

function plainAccumulator(
  aggregate: DataflowAggregate, entry: AggregateFunction, options: AccumulatorOptions,
): Accumulator {
  const { context, prefix } = options;
  const { strategy } = entry;
  switch (strategy.kind) {
    case 'count':
      return aggregate.args.length === 0 && aggregate.filter === null ? new RowCount()
        : new ValueCount(prefix);
    case 'sum': case 'avg': return totalOf(strategy.of, strategy.kind, aggregate, options);
    case 'extreme': {
      const max = strategy.direction === 'max';
      const type = must(aggregate.argTypes[0], 'argument type');
      return options.appendOnly ? new InlineExtreme(prefix, type, max)
        : new OrderedExtreme(context.store(`${prefix}values`, extremeColumns(type)), max);
    }
    case 'bool': return new Booleans(prefix, strategy.op === 'and');
    case 'collect': {
      const { summary } = strategy;
      if (summary !== undefined && (options.appendOnly || summary.retracts())) {
        return new Summarised(prefix, aggregate, entry, summary);
      }
      const orderTypes = aggregate.orderBy.map((key) =>
        must(options.inputTypes[key.column], 'order column'));
      return new Collected(prefix, aggregate, entry,
        context.store(`${prefix}rows`, collectColumns(aggregate, orderTypes)));
    }
    default: return assertNever(strategy);
  }
}

function totalOf(
  of: 'int' | 'numeric' | 'float' | 'interval', kind: 'sum' | 'avg',
  aggregate: DataflowAggregate, { context, prefix }: AccumulatorOptions,
): Accumulator {
  const far = (name: string): RowStore => context.store(`${prefix}${name}`, GROUP_BIGINT_COLUMNS);
  switch (of) {
    case 'int': return new IntegerSum(prefix, kind === 'avg' ? 'avg'
      : aggregate.type.name === 'int8' ? 'sum int8' : 'sum numeric', far('far'));
    case 'numeric': return new NumericTotal(prefix, kind === 'avg', {
      counts: context.store(`${prefix}scales`, GROUP_COUNT_COLUMNS), far: far('far'),
    });
    case 'float': return new FloatTotal(prefix, kind === 'avg' ? 'avg'
      : aggregate.type.name === 'float4' ? 'sum float4' : 'sum float8', {
      specials: context.store(`${prefix}specials`, GROUP_COUNT_COLUMNS), rest: far('rest'),
    });
    case 'interval': return new IntervalTotal(prefix, kind === 'avg');
    default: return assertNever(of);
  }
}
