/**
 * Functions with a list of arguments called with VARIADIC and an array: `concat(VARIADIC words)`.
 *
 * Each has an entry `$name(..., anyarray)` made from the one with the list: it calls that with the
 * elements. A NULL array gives NULL; of format it is no arguments.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { asArray } from '../../common/types/values-of.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { EvaluationContext, ScalarEvaluator, ScalarFunction } from './entry.ts';

/** The entry for an array in the place of the list, or null for a function without a list. */
function spread(entry: ScalarFunction): ScalarFunction | null {
  const { name, id, result } = entry;
  if (!entry.variadic || name.startsWith('$') || typeof result === 'string') return null;
  const fixed = id.slice(name.length + 1, id.lastIndexOf('variadic ')).replace(/,$/, '');
  const args = fixed === '' ? 'anyarray' : `${fixed},anyarray`;
  return scalar({
    signature: `$${name}(${args}) -> ${result.name}`, nulls: 'called', volatility: 'stable',
    doc: `${name} with VARIADIC and an array.`, examples: [],
    specialize: (types) => evaluator(entry, types),
  });
}

function evaluator(entry: ScalarFunction, types: readonly SqlType[]): ScalarEvaluator {
  const element = must(types.at(-1)?.element, 'element type');
  const byLength = new Map<number, ScalarEvaluator>();
  const codeFor = (length: number): ScalarEvaluator => {
    const known = byLength.get(length);
    if (known !== undefined) return known;
    const list = [...types.slice(0, -1), ...Array.from({ length }, () => element)];
    const code = entry.specialize?.(list, entry.result as SqlType) ?? entry.evaluate;
    byLength.set(length, code);
    return code;
  };
  return (context: EvaluationContext, ...args: Value[]): Value => {
    const array = args.at(-1) ?? null;
    if (array === null && entry.name !== 'format') return null;
    const elements = array === null ? [] : asArray(array).elements;
    const given = [...args.slice(0, -1), ...elements];
    if (entry.nulls === 'propagate' && given.includes(null)) return null;
    return codeFor(elements.length)(context, ...given);
  };
}

/** The entries for all functions of a list that have one. */
export function spreadEntries(entries: readonly ScalarFunction[]): readonly ScalarFunction[] {
  return entries.flatMap((entry) => spread(entry) ?? []);
}
