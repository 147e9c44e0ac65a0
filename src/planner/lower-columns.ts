/**
 * The columns an operator needs of its input: existing ones by number, computed ones beside them.
 *
 * Aggregates, joins and window functions take column numbers. Equal expressions share a column.
 */
import { must } from '../common/assert.ts';
import type { Relation, ScalarExpr } from './relation.ts';
import { exprKey } from './scalar.ts';

/** Collects expressions over one input; each gets a number. */
export class Columns {
  readonly #input: Relation;
  readonly #exprs: ScalarExpr[] = [];
  readonly #byKey = new Map<string, number>();

  constructor(input: Relation) {
    this.#input = input;
  }

  /** The number of an expression's column. */
  of(expr: ScalarExpr): number {
    const key = expr.kind === 'column' ? `#${expr.index}` : exprKey(expr);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#exprs.push(expr);
    this.#byKey.set(key, this.#exprs.length - 1);
    return this.#exprs.length - 1;
  }

  /** All expressions, in the order of their numbers. */
  all(): readonly ScalarExpr[] {
    return this.#exprs;
  }

  /**
   * The columns to give the operator: the input's own, as they are, when nothing is computed (no
   * map is needed then); else the expressions asked for.
   */
  compact(): readonly ScalarExpr[] {
    return this.#isPlain()
      ? this.#input.columns.map((each, index) => ({ kind: 'column', index, type: each.type }))
      : this.#exprs;
  }

  /** Where a number is in `compact()`. */
  positions(): (number: number) => number {
    if (!this.#isPlain()) return (number) => number;
    return (number) => {
      const expr = must(this.#exprs[number], 'column');
      return expr.kind === 'column' ? expr.index : number;
    };
  }

  #isPlain(): boolean {
    const kind = this.#input.kind;
    return kind !== 'scan' && kind !== 'project' && kind !== 'filter'
      && this.#exprs.every((expr) => expr.kind === 'column');
  }
}
