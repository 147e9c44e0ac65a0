/**
 * Statistical and ordered-set aggregates: variance, correlation, regression, percentiles, mode.
 *
 * The formulas are in statistics.ts. Ordered-set aggregates take rows of direct arguments followed
 * by the value of WITHIN GROUP (ORDER BY value), in that order; NULL values are passed over.
 */
import { must } from '../../common/assert.ts';
import { addInterval, mulInterval, subInterval } from '../../common/types/interval.ts';
import { compareValues } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import {
  asArray, asInterval, asNumber,
} from '../../common/types/values-of.ts';
import type { Value } from '../../common/values.ts';
import { over } from './aggregates.ts';
import { aggregate } from './builder.ts';
import type { AggregateFunction, OrderedValues } from './entry.ts';
import { picked } from './ordered-picks.ts';
import { checkFraction } from './statistics.ts';
import type { RegressionName, Spread } from './statistics.ts';
import { regressionSummary, spreadSummary, summarised } from './summaries.ts';

type Rows = readonly (readonly Value[])[];

interface SpreadName {
  readonly name: string;
  readonly doc: string;
  readonly spread: Spread;
  /** Over 1, 2, 4: as numeric and as float8. */
  readonly values: readonly [string, string];
}

const SPREADS: readonly SpreadName[] = [
  ...['stddev', 'stddev_samp'].map((name): SpreadName => ({
    name, doc: 'The standard deviation of the sample.', spread: { sample: true, root: true },
    values: ['1.5275252316519467', '1.5275252316519468'],
  })),
  {
    name: 'stddev_pop', doc: 'The standard deviation of the population.',
    spread: { sample: false, root: true }, values: ['1.2472191289246471', '1.247219128924647'],
  },
  ...['variance', 'var_samp'].map((name): SpreadName => ({
    name, doc: 'The variance of the sample.', spread: { sample: true, root: false },
    values: ['2.3333333333333333', '2.3333333333333335'],
  })),
  {
    name: 'var_pop', doc: 'The variance of the population.',
    spread: { sample: false, root: false }, values: ['1.5555555555555556', '1.5555555555555556'],
  },
];

function spreadEntries(name: SpreadName): AggregateFunction[] {
  return ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'].map((type) => {
    const float = type.startsWith('float');
    return aggregate({
      signature: `${name.name}(${type}) -> ${float ? 'float8' : 'numeric'}`, doc: name.doc,
      examples: [[over(`${name.name}(x)`, `1::${type}, 2::${type}, 4::${type}`),
        name.values[float ? 1 : 0]]],
      strategy: summarised(spreadSummary(type, name.spread)),
    });
  });
}

const REGRESSIONS: readonly (readonly [RegressionName, string, string])[] = [
  ['corr', 'The correlation coefficient.', '0.8660254037844387'],
  ['covar_pop', 'The covariance of the population.', '1'],
  ['covar_samp', 'The covariance of the sample.', '1.5'],
  ['regr_avgx', 'The mean of the independent variable, the second argument.', '2'],
  ['regr_avgy', 'The mean of the dependent variable, the first argument.', '3'],
  ['regr_intercept', 'The intercept of the least-squares line.', '0'],
  ['regr_r2', 'The square of the correlation coefficient.', '0.75'],
  ['regr_slope', 'The slope of the least-squares line.', '1.5'],
  ['regr_sxx', 'The sum of squares of the independent variable.', '2'],
  ['regr_sxy', 'The sum of products of the two variables.', '3'],
  ['regr_syy', 'The sum of squares of the dependent variable.', '6'],
];

function regressionExample(name: string): string {
  return `(SELECT ${name}(y, x) FROM (VALUES (2::float8, 1::float8), (2, 2), (5, 3)) AS t(y, x))`;
}

const REGRESSION_ENTRIES: readonly AggregateFunction[] = [
  ...REGRESSIONS.map(([name, doc, value]) => aggregate({
    signature: `${name}(float8,float8) -> float8`, doc,
    examples: [[regressionExample(name), value]],
    strategy: summarised(regressionSummary(name)),
  })),
  aggregate({
    signature: 'regr_count(float8,float8) -> int8',
    doc: 'The number of rows where neither argument is NULL.',
    examples: [[regressionExample('regr_count'), '3']], empty: 0n,
    strategy: summarised(regressionSummary('regr_count')),
  }),
];

type Interpolate = (low: Value, high: Value, part: number) => Value;

/** The rows of an ordered set whose value is not NULL: these stand together at one end. */
function present(rows: OrderedValues, index: number): OrderedValues {
  const isNull = (place: number): boolean => rows.at(place, index) === null;
  const total = rows.count;
  if (total === 0) return rows;
  // The first place that is not as the first row: NULLs are all before or all behind it.
  const first = isNull(0);
  let low = 0;
  let high = total;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isNull(middle) === first) low = middle + 1;
    else high = middle;
  }
  const from = first ? low : 0;
  return {
    count: first ? total - low : low,
    at: (place, argument) => rows.at(from + place, argument),
  };
}

function continuous(values: OrderedValues, fraction: number, between: Interpolate): Value {
  if (values.count === 0) return null;
  const position = checkFraction(fraction) * (values.count - 1);
  const low = Math.floor(position);
  const first = values.at(low, 1);
  return position === low ? first
    : between(first, values.at(Math.ceil(position), 1), position - low);
}

function discrete(values: OrderedValues, fraction: number): Value {
  if (values.count === 0) return null;
  const place = Math.ceil(checkFraction(fraction) * values.count);
  return values.at(Math.max(place, 1) - 1, 1);
}

const betweenFloats: Interpolate = (low, high, part) =>
  asNumber(low) + (asNumber(high) - asNumber(low)) * part;
const betweenIntervals: Interpolate = (low, high, part) =>
  addInterval(asInterval(low), mulInterval(subInterval(asInterval(high), asInterval(low)), part));

/** One value for one fraction, an array for an array of fractions. */
function percentile(
  pick: (values: OrderedValues, fraction: number) => Value,
): AggregateFunction['strategy'] {
  return picked({ result: (rows) => {
    const fraction = rows.count === 0 ? null : rows.at(0, 0);
    if (fraction === null) return null;
    const values = present(rows, 1);
    if (typeof fraction === 'number') {
      checkFraction(fraction);
      return pick(values, fraction);
    }
    if (values.count === 0) return null;
    const fractions = asArray(fraction);
    return { ...fractions, elements: fractions.elements.map((item) =>
      item === null ? null : pick(values, asNumber(item))) };
  } });
}

/** The most frequent value; of equally frequent ones the first in order. */
function mode(rows: Rows, types: readonly SqlType[]): Value {
  const values = rows.map((row) => row[0] ?? null).filter((value) => value !== null);
  const type = must(types[0], 'type');
  let best: Value = null;
  let bestCount = 0;
  for (let start = 0; start < values.length;) {
    const value = must(values[start], 'value');
    let end = start + 1;
    while (end < values.length
      && compareValues(must(values[end], 'value'), value, type) === 0) end++;
    if (end - start > bestCount) {
      best = value;
      bestCount = end - start;
    }
    start = end;
  }
  return best;
}

function within(call: string, rows: string): string {
  return over(`${call} WITHIN GROUP (ORDER BY x)`, rows);
}

const ORDERED_SETS: readonly AggregateFunction[] = [
  ...([['float8', betweenFloats, '1::float8, 2::float8', '1.5'],
    ['interval', betweenIntervals, `interval '1 hour', interval '2 hours'`, '01:30:00'],
  ] as const).flatMap(([type, between, rows, value]) => [
    aggregate({
      signature: `percentile_cont(float8,${type}) -> ${type}`,
      doc: 'The value at a fraction of the ordered values, interpolated.', directArgs: 1,
      examples: [[within('percentile_cont(0.5)', rows), value]], skipsNull: false,
      orderSensitive: true,
      strategy: percentile((values, fraction) => continuous(values, fraction, between)),
    }),
    aggregate({
      signature: `percentile_cont(float8[],${type}) -> ${type}[]`,
      doc: 'The values at fractions of the ordered values, interpolated.', directArgs: 1,
      examples: [[within(`percentile_cont(ARRAY[0.5::float8])`, rows), `{${value}}`]],
      skipsNull: false, orderSensitive: true,
      strategy: percentile((values, fraction) => continuous(values, fraction, between)),
    }),
  ]),
  aggregate({
    signature: 'percentile_disc(float8,anyelement) -> anyelement', directArgs: 1,
    doc: 'The first of the ordered values that reaches a fraction of them.',
    examples: [[within('percentile_disc(0.5)', '1, 2, 3'), '2']], skipsNull: false,
    orderSensitive: true, strategy: percentile(discrete),
  }),
  aggregate({
    signature: 'percentile_disc(float8[],anyelement) -> anyarray', directArgs: 1,
    doc: 'The first of the ordered values that reach fractions of them.',
    examples: [[within('percentile_disc(ARRAY[0::float8, 1])', '1, 2, 3'), '{1,3}']],
    skipsNull: false, orderSensitive: true,
    strategy: percentile(discrete),
  }),
  aggregate({
    signature: 'mode(anyelement) -> anyelement', directArgs: 0,
    doc: 'The most frequent value; of equally frequent ones the first in order.',
    examples: [[within('mode()', '1, 2, 2'), '2']], orderSensitive: true,
    strategy: { kind: 'collect', finish: mode },
  }),
];

/** Statistical and ordered-set aggregates. */
export const STATISTICS: readonly AggregateFunction[] = [
  ...SPREADS.flatMap(spreadEntries), ...REGRESSION_ENTRIES, ...ORDERED_SETS,
];
