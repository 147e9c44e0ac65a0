/**
 * Aggregates that look at a few of their rows in order: percentiles, first and last, arg_min.
 *
 * `picked` makes the strategy of one: over an ordered index where there is one, over a sorted list
 * elsewhere.
 */
import { compareValues } from '../../common/types/registry.ts';
import { must } from '../../common/assert.ts';
import type { AggregateStrategy, OrderedPick } from './entry.ts';

/** The strategy of an aggregate that finds its result by place. */
export function picked(pick: OrderedPick): AggregateStrategy & { readonly kind: 'collect' } {
  return {
    kind: 'collect', pick,
    finish: (rows, types) => {
      const { by } = pick;
      let ordered = rows;
      if (by !== undefined) {
        const type = must(types[by.argument], 'type of an argument');
        const sign = by.descending ? -1 : 1;
        ordered = rows.toSorted((a, b) => {
          const [x, y] = [a[by.argument] ?? null, b[by.argument] ?? null];
          if (x === null || y === null) return Number(x === null) - Number(y === null);
          return sign * compareValues(x, y, type);
        });
      }
      return pick.result({
        count: ordered.length, at: (place, argument) => ordered[place]?.[argument] ?? null,
      }, types);
    },
  };
}
