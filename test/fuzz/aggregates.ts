/**
 * Random calls of aggregates that give a wanted type, with DISTINCT, FILTER and ORDER BY. Sums and
 * averages of floats only see columns and their sums: those are exact in whatever order.
 */
import type { Choices } from './choices.ts';
import { EXTREME_TYPES } from './expressions.ts';
import type { Expressions, Scope } from './expressions.ts';
import type { TypeName } from './schema.ts';

/** What a call is made with. */
export interface CallMaker {
  readonly scope: Scope;
  readonly depth: number;
  readonly choices: Choices;
  readonly expressions: Expressions;
}

type Made = Readonly<Record<string, () => string>>;

function whole(maker: CallMaker, type: TypeName): Made {
  const { choices, scope, expressions, depth } = maker;
  const of = (wanted: TypeName): string => expressions.of(wanted, scope, depth);
  const some = (): TypeName => expressions.type();
  const made: Made = {
    'count(*)': () => 'count(*)',
    count: () => `count(${of(some())})`,
    'count distinct': () => `count(DISTINCT ${of(some())})`,
    sum: () => `sum(${of(choices.pick(['int4', 'int2']))})`,
    'sum distinct': () => `sum(DISTINCT ${of('int4')})`,
    'sum of int8': () => `sum(${of('int8')})`,
    bits: () => `${choices.pick(['bit_and', 'bit_or', 'bit_xor'])}(${of('int4')})`,
    'regr_count': () => `regr_count(${of('float8')}, ${of('float8')})`,
  };
  return Object.fromEntries(Object.entries(made).map(([name, make]) =>
    [name, () => `(${maybeFiltered(make(), maker)})::${type}`]));
}

function numeric({ choices, scope, expressions, depth }: CallMaker): Made {
  const of = (wanted: TypeName): string => expressions.of(wanted, scope, depth);
  const number = (): TypeName => choices.pick(['int4', 'numeric', 'int8', 'int2']);
  return {
    sum: () => `sum(${of('numeric')})`,
    'sum distinct': () => `sum(DISTINCT ${of('numeric')})`,
    avg: () => `avg(${of(number())})`,
    'avg distinct': () => `avg(DISTINCT ${of(number())})`,
    statistics: () => `${choices.pick(['stddev', 'variance', 'var_pop', 'stddev_pop'])}`
      + `(${of(number())})`,
  };
}

function float({ choices, scope, expressions, depth }: CallMaker): Made {
  const of = (wanted: TypeName): string => expressions.of(wanted, scope, depth);
  const plain = (): string => expressions.leaf('float8', scope);
  return {
    sum: () => `sum(${plain()})`,
    avg: () => `avg(${plain()} + ${plain()})`,
    'percentile_cont': () => `percentile_cont(${choices.pick(['0.5', '0', '1', '0.25'])}) `
      + `WITHIN GROUP (ORDER BY ${plain()})`,
    'regr_avgx': () => `regr_avgx(${plain()}, ${of('int4')})`,
  };
}

function collected(type: TypeName, { choices, scope, expressions, depth }: CallMaker): Made {
  const of = (wanted: TypeName): string => expressions.of(wanted, scope, depth);
  const direction = choices.pick(['', ' DESC', ' NULLS FIRST']);
  switch (type) {
    case 'text': {
      const value = of('text');
      return {
        'string_agg': () => `string_agg(${value}, ',' ORDER BY ${value}${direction})`,
        'string_agg distinct': () => `string_agg(DISTINCT ${value}, ',')`,
      };
    }
    case 'int4[]': case 'text[]': {
      const value = of(type === 'int4[]' ? 'int4' : 'text');
      return {
        'array_agg': () => `array_agg(${value} ORDER BY ${value}${direction})`,
        'array_agg distinct': () => `array_agg(DISTINCT ${value})`,
      };
    }
    case 'jsonb': {
      const value = of(choices.pick(['int4', 'text', 'int8', 'bool']));
      return { 'jsonb_agg': () => `jsonb_agg(${value} ORDER BY ${value}${direction})` };
    }
    case 'bool': return {
      'bool_and': () => `bool_and(${of('bool')})`, 'bool_or': () => `bool_or(${of('bool')})`,
      every: () => `every(${of('bool')})`,
    };
    default: return {};
  }
}

function maybeFiltered(call: string, { choices, scope, expressions }: CallMaker): string {
  if (!choices.chance(15)) return call;
  choices.count('aggregate: filter');
  return `${call} FILTER (WHERE ${expressions.predicate(scope, 1)})`;
}

/** A call of an aggregate that gives the type. */
export function aggregateCall(type: TypeName, maker: CallMaker): string {
  const { choices, scope, expressions, depth } = maker;
  const value = (): string => expressions.of(type, scope, depth);
  const isWhole = type === 'int2' || type === 'int4' || type === 'int8';
  if (isWhole && !choices.chance(25)) return choices.choose('aggregate', whole(maker, type));
  const call = choices.choose(`aggregate ${type}`, {
    ...(type === 'numeric' ? numeric(maker) : {}), ...(type === 'float8' ? float(maker) : {}),
    ...collected(type, maker),
    ...(EXTREME_TYPES.includes(type) ? {
      min: () => `min(${value()})`, max: () => `max(${value()})`,
    } : {}),
    mode: () => `mode() WITHIN GROUP (ORDER BY ${value()})`,
    'percentile_disc': () => `percentile_disc(${choices.pick(['0.5', '0', '0.9'])}) `
      + `WITHIN GROUP (ORDER BY ${value()})`,
  });
  return call.startsWith('(') ? call : maybeFiltered(call, maker);
}
