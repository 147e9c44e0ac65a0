/**
 * Computes expressions for the rows of a batch when the operator needs to know whose values they
 * are.
 *
 * The batch gets its row numbers as one more column, which the kernel passes on; rows whose
 * expression fails are reported and missing in the result.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type { Batch, Column } from '../batch.ts';
import { compileMap } from '../kernels/map.ts';
import type { MapKernel } from '../kernels/map.ts';
import type { OperatorContext } from '../operator.ts';
import { evaluationOf } from './stateless.ts';

const INT4: SqlType = { name: 'int4' };

/** Values of the expressions, and the row of the batch each belongs to. */
export interface RowValues {
  readonly count: number;
  readonly rows: Int32Array;
  readonly columns: readonly Column[];
}

/** Expressions over the rows of an input. */
export class RowExprs {
  readonly #kernel: MapKernel;
  readonly #context: OperatorContext;

  constructor(
    exprs: readonly ScalarExpr[], inputTypes: readonly SqlType[], context: OperatorContext,
  ) {
    this.#context = context;
    this.#kernel = compileMap({
      filter: null, inputTypes: [...inputTypes, INT4],
      exprs: [...exprs, { kind: 'column', index: inputTypes.length, type: INT4 }],
    });
  }

  /** The values for a batch. */
  compute(batch: Batch): RowValues {
    const rows = new Int32Array(batch.length);
    for (let i = 0; i < rows.length; i++) rows[i] = i;
    const numbered: Batch = {
      ...batch, columns: [...batch.columns, { kind: 'i32', data: rows, nulls: null }],
    };
    const out = this.#kernel(numbered, evaluationOf(this.#context),
      (error, row) => this.#context.rowError(error, batch, row));
    if (out === null) return { count: 0, rows: new Int32Array(0), columns: [] };
    return {
      count: out.length, rows: out.columns.at(-1)?.data as Int32Array,
      columns: out.columns.slice(0, -1),
    };
  }
}
