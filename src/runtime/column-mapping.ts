/**
 * Rows of a table in the columns it has after ALTER TABLE: taken over, filled in, or computed.
 */
import { assertNever, must } from '../common/assert.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Batch, Column } from './batch.ts';
import { batchOf } from './batch.ts';
import type { ColumnMapping } from './catalog-store-types.ts';
import { compileMap } from './kernels/map.ts';

/** The columns of a batch in their new form. */
export function mappedColumns(
  columns: readonly ColumnMapping[], batch: Batch,
  types: { readonly from: readonly SqlType[]; readonly to: readonly SqlType[] },
): Column[] {
  return columns.map((each, at): Column => {
    switch (each.kind) {
      case 'column': return must(batch.columns[each.column], 'column');
      case 'value': {
        const rows = Array.from({ length: batch.length }, () => [each.value]);
        return must(batchOf([must(types.to[at], 'type')], rows).columns[0], 'column');
      }
      case 'expr': return computed(each, types.from, batch);
      default: return assertNever(each);
    }
  });
}

/** A column of values computed from the old rows; an error undoes the change. */
function computed(
  { expr, evaluation }: Extract<ColumnMapping, { kind: 'expr' }>, types: readonly SqlType[],
  batch: Batch,
): Column {
  const kernel = compileMap({ filter: null, exprs: [expr], inputTypes: types });
  const result = kernel(batch, evaluation, (error) => { throw error; });
  return must(result?.columns[0], 'computed column');
}
