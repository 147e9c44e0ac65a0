/**
 * Random window functions. Those that tell rows apart which the order does not (row_number, lag,
 * ROWS frames) all share one window that orders by every column; the others take any order.
 */
import type { CallMaker } from './aggregates.ts';
import type { Name } from './expressions.ts';
import type { TypeName } from './schema.ts';

const COUNTED = ['count', 'sum', 'avg', 'min', 'max', 'bool_or', 'numeric', 'stddev'] as const;

function order(sql: string, { choices }: CallMaker): string {
  return `${sql}${choices.pick(['', '', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'])}`;
}

function partition(maker: CallMaker): string {
  const { choices, scope } = maker;
  if (scope.own.length === 0 || !choices.chance(60)) return '';
  return `PARTITION BY ${choices.pick(scope.own).sql}`;
}

function bound(choices: CallMaker['choices'], unit: string, at: 0 | 1): string {
  const offset = unit === 'RANGE' ? choices.pick(['1', '2', '0']) : String(choices.below(3));
  const all = ['CURRENT ROW', `${offset} PRECEDING`, `${offset} FOLLOWING`,
    at === 0 ? 'UNBOUNDED PRECEDING' : 'UNBOUNDED FOLLOWING'];
  return choices.pick(all);
}

const RANKS: readonly string[] = ['UNBOUNDED PRECEDING', 'PRECEDING', 'CURRENT ROW', 'FOLLOWING',
  'UNBOUNDED FOLLOWING'];

function rankOf(text: string): number {
  return RANKS.findIndex((each) => text === each || text.endsWith(` ${each}`)
    && !text.startsWith('UNBOUNDED'));
}

/** A frame whose start can come before its end. */
function frame(unit: string, { choices }: CallMaker): string {
  let start = bound(choices, unit, 0);
  let end = bound(choices, unit, 1);
  if (rankOf(start) > rankOf(end)) [start, end] = [end, start];
  const exclude = choices.chance(25)
    ? choices.pick([' EXCLUDE CURRENT ROW', ' EXCLUDE TIES', ' EXCLUDE GROUP']) : '';
  choices.count(`frame: ${unit}${exclude}`);
  return `${unit} BETWEEN ${start} AND ${end}${exclude}`;
}

/** An aggregate for windows, with its type. */
function windowAggregate(maker: CallMaker): Name {
  const { choices, scope, expressions } = maker;
  const of = (type: TypeName): string => expressions.leaf(type, scope);
  switch (choices.pick(COUNTED)) {
    case 'count': return { sql: `count(${of('text')})`, type: 'int8' };
    case 'sum': return { sql: `sum(${of('int4')})`, type: 'int8' };
    case 'avg': return { sql: `avg(${of('int4')})`, type: 'numeric' };
    case 'min': return { sql: `min(${of('text')})`, type: 'text' };
    case 'max': return { sql: `max(${of('int4')})`, type: 'int4' };
    case 'bool_or': return { sql: `bool_or(${of('bool')})`, type: 'bool' };
    case 'stddev': return { sql: `stddev(${of('numeric')})`, type: 'numeric' };
    case 'numeric': return { sql: `sum(${of('numeric')})`, type: 'numeric' };
  }
}

/** Calls that any order will do for. */
function loose(maker: CallMaker): Name {
  const { choices, scope, expressions } = maker;
  const type = expressions.typeIn(scope.own);
  const by = order(expressions.leaf(type, scope), maker);
  const over = (rest: string): string => `OVER (${partition(maker)} ${rest})`;
  return choices.choose('window', {
    rank: () => ({ sql: `rank() ${over(`ORDER BY ${by}`)}`, type: 'int8' as const }),
    'dense_rank': () => ({ sql: `dense_rank() ${over(`ORDER BY ${by}`)}`, type: 'int8' as const }),
    'cume_dist': () => ({
      sql: `round(cume_dist() ${over(`ORDER BY ${by}`)}::numeric, 4)`, type: 'numeric' as const,
    }),
    'percent_rank': () => ({
      sql: `round(percent_rank() ${over(`ORDER BY ${by}`)}::numeric, 4)`, type: 'numeric' as const,
    }),
    '3*aggregate of the partition': () => {
      const call = windowAggregate(maker);
      return { ...call, sql: `${call.sql} ${over('')}` };
    },
    '2*running aggregate': () => {
      const call = windowAggregate(maker);
      return { ...call, sql: `${call.sql} ${over(`ORDER BY ${by}`)}` };
    },
    'groups frame': () => {
      const call = windowAggregate(maker);
      return { ...call, sql: `${call.sql} ${over(`ORDER BY ${by} ${frame('GROUPS', maker)}`)}` };
    },
    'range frame': () => {
      const call = windowAggregate(maker);
      const key = expressions.leaf(choices.pick(['int4', 'int8', 'numeric']), scope);
      const sql = `ORDER BY ${order(key, maker)} ${frame('RANGE', maker)}`;
      return { ...call, sql: `${call.sql} ${over(sql)}` };
    },
    'range frame of days': () => {
      const call = windowAggregate(maker);
      const key = expressions.leaf(choices.pick(['date', 'timestamp']), scope);
      const sql = `ORDER BY ${key} RANGE BETWEEN '1 day' PRECEDING AND '1 mon' FOLLOWING`;
      return { ...call, sql: `${call.sql} ${over(sql)}` };
    },
  });
}

/** Calls over the window w that orders by everything. */
function strict(type: TypeName, maker: CallMaker): Name {
  const { choices, scope, expressions } = maker;
  const value = (): string => expressions.leaf(type, scope);
  const step = (): number => choices.below(3);
  return choices.choose('ordered window', {
    '2*row_number': () => ({ sql: 'row_number() OVER w', type: 'int8' as const }),
    ntile: () => ({ sql: `ntile(${1 + step()}) OVER w`, type: 'int4' as const }),
    '2*lag': () => ({ sql: `lag(${value()}, ${step()}) OVER w`, type }),
    lead: () => ({ sql: `lead(${value()}) OVER w`, type }),
    'lead with default': () => ({
      sql: `lead(${value()}, 1, ${expressions.constant(type)}) OVER w`, type,
    }),
    'first_value': () => ({ sql: `first_value(${value()}) OVER w`, type }),
    'last_value': () => ({ sql: `last_value(${value()}) OVER (w ${frame('ROWS', maker)})`, type }),
    'nth_value': () => ({
      sql: `nth_value(${value()}, ${1 + step()}) OVER (w ${frame('ROWS', maker)})`, type,
    }),
    '2*rows frame': () => {
      const call = windowAggregate(maker);
      return { ...call, sql: `${call.sql} OVER (w ${frame('ROWS', maker)})` };
    },
  });
}

/** Window calls that may be named in a select list, and the WINDOW clause they need. */
export function windowNames(
  types: readonly TypeName[], maker: CallMaker,
): { readonly names: readonly Name[]; readonly clause: string } {
  const { choices, scope } = maker;
  const names = types.map((type) => choices.chance(50) && scope.own.length > 0
    ? strict(type, maker) : loose(maker));
  if (!names.some(({ sql }) => /OVER \(?w\b/.test(sql))) return { names, clause: '' };
  const all = scope.own.map((each) => order(each.sql, maker)).join(', ');
  return { names, clause: ` WINDOW w AS (${partition(maker)} ORDER BY ${all})` };
}
