/**
 * An input of a join that keeps nothing of its own: the stored rows of a table or a view, with an
 * index by the join's key that all joins of the relation and key share.
 *
 * The rows are those after the epoch's changes. The relation may be rewritten between two epochs
 * (ALTER TABLE, CREATE OR REPLACE), so rows, columns and index are asked for anew each time.
 */
import { assert, must } from '../../common/assert.ts';
import type { OperatorContext } from '../operator.ts';
import type { Arrangement } from '../state/arrangement.ts';
import type { ChainIndex } from '../state/chain-index.ts';
import type { LookedInto } from './join-pairs.ts';

/** The side; see the head of the file. */
export class SharedSide {
  readonly #port: number;
  readonly #key: readonly number[];
  readonly #nullsEqual: boolean;
  readonly #context: OperatorContext;
  #arrangement: Arrangement | null = null;
  #chain: ChainIndex | null = null;

  constructor(port: number, key: readonly number[], ...rest: [boolean, OperatorContext]) {
    this.#port = port;
    this.#key = key;
    [this.#nullsEqual, this.#context] = rest;
  }

  /** The side as it is now. */
  look(): LookedInto {
    const node = must(this.#context.inputNode, 'input of a view')(this.#port);
    assert(node.kind === 'source', 'a shared input is a relation');
    const arrangement = must(this.#context.arrangementOf, 'rows of a view')(node.relation);
    if (arrangement !== this.#arrangement) {
      this.close();
      this.#arrangement = arrangement;
      this.#chain = arrangement.retain(
        this.#key.map((at) => must(node.sourceColumns[at], 'key column')), this.#nullsEqual);
    }
    return {
      chain: must(this.#chain, 'index of a shared input'), weights: arrangement.weights,
      columns: node.sourceColumns.map((at) => arrangement.store.column(at)),
    };
  }

  /** Gives the index back. */
  close(): void {
    if (this.#arrangement !== null && this.#chain !== null) {
      this.#arrangement.release(this.#chain);
    }
    this.#arrangement = null;
    this.#chain = null;
  }
}
