/**
 * What a data directory's checkpoint must consist of: one line per part, summed up.
 *
 * Each body has a checksum of its own; this says that none of them is missing, doubled, old or
 * filed under another name, which a flipped bit in a page of the database could do silently. The
 * sum does not depend on order, so it is kept up to date by what changes. It is no protection
 * against intent. Bytes are never read or written here.
 */
import type { PartKind } from './records.ts';

/** Name and checksum of a stored part. */
export interface PartLine {
  readonly kind: PartKind;
  readonly store: string;
  readonly slice: number;
  readonly checkpoint: number;
  /** crc32 of the body. */
  readonly crc: number;
}

/** A checksum of text: crc32 in practice. */
export type Checksum = (text: string) => number;

/** The parts of the newest checkpoint. */
export class PartManifest {
  readonly #checksum: Checksum;
  /** Parts by kind, store and slice; deltas by checkpoint as well. */
  #lines = new Map<string, PartLine>();

  constructor(checksum: Checksum, lines: readonly PartLine[]) {
    this.#checksum = checksum;
    for (const line of lines) this.#lines.set(keyOf(line), line);
  }

  /** The manifest after a checkpoint wrote `written` and dropped deltas, or whole stores. */
  after(
    written: readonly PartLine[], drops: readonly (readonly [string, number | null])[],
  ): PartManifest {
    const next = new PartManifest(this.#checksum, [...this.#lines.values(), ...written]);
    for (const [store, upTo] of drops) next.#drop(store, upTo);
    return next;
  }

  #drop(store: string, upTo: number | null): void {
    for (const [key, line] of this.#lines) {
      if (line.store !== store) continue;
      if (upTo === null || (line.kind === 'delta' && line.checkpoint <= upTo)) {
        this.#lines.delete(key);
      }
    }
  }

  /** How many parts there are and the sum of their lines, sealed with checkpoint and epoch. */
  seal(checkpoint: number, epoch: number): string {
    let sum = 0n;
    for (const { kind, store, slice, checkpoint: of, crc } of this.#lines.values()) {
      sum += BigInt(this.#checksum(`${kind}/${store}/${slice}/${of}/${crc}`));
    }
    const text = `${this.#lines.size}-${sum.toString(16)}`;
    return `${text}-${this.#checksum(`${checkpoint}/${epoch}/${text}`).toString(16)}`;
  }
}

function keyOf({ kind, store, slice, checkpoint }: PartLine): string {
  return `${kind}/${store}/${slice}/${kind === 'delta' ? checkpoint : 0}`;
}
