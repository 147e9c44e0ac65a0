/**
 * Generates comparators from sort keys: of two rows of the same columns or of two sets of columns.
 *
 * PostgreSQL's order: NaN above every float, -0 equal to 0, text by code point, NULLs where the key
 * says. Source is made per list of key kinds; data arrays arrive as arguments, so a comparator is
 * made anew (not compiled anew) when a store grows.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { compileKernel } from './compile.ts';
import { exactOrderOf, keyKindOf, orderOf } from './key-kind.ts';
import type { KeyKind } from './key-kind.ts';

/** A column to order by. */
export interface OrderKey {
  readonly type: SqlType;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** Values are equal only when they are so in every digit. */
  readonly exact?: boolean;
}

/** Data and NULL mask of one column. */
export interface OrderColumn {
  readonly data: ArrayLike<Value> | BigInt64Array;
  readonly nulls: Uint8Array | null;
}

/** Compares row `a` of the left columns with row `b` of the right ones: <0, 0 or >0. */
export type RowOrder = (a: number, b: number) => number;

type Maker = (
  left: readonly OrderColumn[], right: readonly OrderColumn[],
  order: readonly ((a: Value, b: Value) => number)[],
) => RowOrder;

/** A factory of comparators for these keys; columns are given in the order of the keys. */
export function orderMaker(
  keys: readonly OrderKey[],
): (left: readonly OrderColumn[], right: readonly OrderColumn[]) => RowOrder {
  const kinds = keys.map((key) => keyKindOf(key.type));
  const orders = keys.map((key) =>
    key.exact === true ? exactOrderOf(key.type) : orderOf(key.type));
  return (left, right) => {
    const nulls = keys.map((_key, at) => left[at]?.nulls != null || right[at]?.nulls != null);
    const made = compileKernel<Maker>(['L', 'R', 'F'], source(keys, kinds, nulls));
    return made(left.map(masked), right.map(masked), orders);
  };
}

const NO_NULLS = new Uint8Array(0);

/** An empty mask reads `undefined`, which is not 1. */
function masked(column: OrderColumn): OrderColumn {
  return column.nulls === null ? { data: column.data, nulls: NO_NULLS } : column;
}

function source(
  keys: readonly OrderKey[], kinds: readonly KeyKind[], nulls: readonly boolean[],
): string {
  const take = keys.map((_key, at) => `const l${at} = L[${at}].data, u${at} = L[${at}].nulls, `
    + `r${at} = R[${at}].data, v${at} = R[${at}].nulls, f${at} = F[${at}];`);
  const steps = keys.map((key, at) => {
    const step = stepText(kinds[at] ?? 'ref', key.descending, at);
    if (nulls[at] !== true) return step;
    const first = key.nullsFirst ? -1 : 1;
    return `if (u${at}[a] === 1) { if (v${at}[b] !== 1) return ${first}; } `
      + `else if (v${at}[b] === 1) return ${-first}; else { ${step} }`;
  });
  return `${take.join('\n')}
return function order(a, b) {
  ${steps.join('\n  ')}
  return 0;
};`;
}

function stepText(kind: KeyKind, descending: boolean, at: number): string {
  const [less, more] = descending ? [1, -1] : [-1, 1];
  const read = `const x = l${at}[a], y = r${at}[b];`;
  switch (kind) {
    case 'bool': case 'i32': case 'i64':
      return `{ ${read} if (x < y) return ${less}; if (x > y) return ${more}; }`;
    case 'u32':
      return `{ const x = l${at}[a] >>> 0, y = r${at}[b] >>> 0; `
        + `if (x < y) return ${less}; if (x > y) return ${more}; }`;
    case 'f64':
      return `{ ${read} if (x < y) return ${less}; if (x > y) return ${more}; `
        + `if (x !== y) { const d = (x !== x) - (y !== y); if (d !== 0) `
        + `return d < 0 ? ${less} : ${more}; } }`;
    case 'text':
      return `{ ${read} if (x !== y) { const d = f${at}(x, y); if (d !== 0) `
        + `return d < 0 ? ${less} : ${more}; } }`;
    case 'ref':
      return `{ const d = f${at}(l${at}[a], r${at}[b]); if (d !== 0) `
        + `return d < 0 ? ${less} : ${more}; }`;
  }
}
