/**
 * The report of `tidemill test`, as lines of the Test Anything Protocol. No I/O.
 */

/** One case. `notes`: what differs; empty for a case that holds. */
export interface TestCase {
  readonly name: string;
  readonly holds: boolean;
  readonly notes: readonly string[];
}

/** Collects cases and prints them as they come. */
export class TestReport {
  readonly #write: (text: string) => void;
  #count = 0;
  #failed = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** A file begins. */
  file(path: string): void {
    this.#write(`# ${path}\n`);
  }

  add({ name, holds, notes }: TestCase): void {
    this.#count++;
    if (!holds) this.#failed++;
    this.#write(`${holds ? 'ok' : 'not ok'} ${this.#count} - ${name}\n`);
    for (const note of notes) this.#write(`#   ${note}\n`);
  }

  /** The last lines; true when every case holds. */
  finish(): boolean {
    this.#write(`1..${this.#count}\n# ${this.#count} tests, ${this.#failed} failed\n`);
    return this.#failed === 0;
  }
}

/** Lines that one text has and the other has not, in order: `- wanted`, `+ got`. */
export function differingLines(wanted: string, got: string): readonly string[] {
  const left = wanted.split('\n');
  const right = got.split('\n');
  const lengths = commonLengths(left, right);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      i++;
      j++;
    } else if (j >= right.length
      || (i < left.length && at(lengths, i + 1, j) >= at(lengths, i, j + 1))) {
      lines.push(`- ${left[i++] ?? ''}`);
    } else lines.push(`+ ${right[j++] ?? ''}`);
  }
  return lines;
}

/** Lengths of the longest common subsequences of the rests of two lists. */
function commonLengths(left: readonly string[], right: readonly string[]): number[][] {
  const lengths = left.map(() => right.map(() => 0));
  for (let i = left.length - 1; i >= 0; i--) {
    const row = lengths[i] ?? [];
    for (let j = right.length - 1; j >= 0; j--) {
      row[j] = left[i] === right[j] ? at(lengths, i + 1, j + 1) + 1
        : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1));
    }
  }
  return lengths;
}

function at(lengths: readonly (readonly number[])[], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0;
}
