/**
 * Polls connectors for the scheduler: one batch per partition ahead, never more.
 *
 * Generators answer at once, files in their own time; either way the rows wait here until an epoch
 * takes them. Positions are the engine's: a batch that an epoch could not log is offered again.
 */
import { SourceBroken } from './connectors/connector.ts';
import type { DeadLetter, SourceBatch } from './connectors/connector.ts';
import { factsOf, livingParts } from './engine-parts.ts';
import { readerKey } from './engine-readers.ts';
import type { ReaderState } from './engine-readers.ts';
import { sqlError } from '../common/errors.ts';
import type { LoggedRange } from './storage/epoch-log.ts';

/** Bytes a poll may take. */
const POLL_BYTES = 1 << 20;
/** How long a failing poll waits before it is tried again. */
const RETRY_MICROS = 1_000_000n;
/** When a source that cannot go on by itself is polled again. */
const NEVER = 0x7fff_ffff_ffff_ffffn;

interface Slot {
  readonly reader: ReaderState;
  readonly partition: number;
  ready: SourceBatch | null;
  polling: boolean;
  nextPollAt: bigint;
  /** Serial number of the poll that last found nothing more. */
  caughtUpAt: number;
  pollSerial: number;
}

/** A batch for an epoch. */
export interface Offered {
  readonly reader: ReaderState;
  readonly range: LoggedRange;
  readonly source: SourceBatch;
}

/** All partitions of all readers. */
export class SourcePolls {
  readonly #slots = new Map<string, Slot[]>();
  readonly #wake: () => void;
  #serial = 0;
  /** Serial number of the newest mark: what a poll begun before finds does not count for it. */
  #marked = -1;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  #readers: ReadonlyMap<string, ReaderState> = new Map();

  /** Follows the readers there are. */
  sync(readers: ReadonlyMap<string, ReaderState>): void {
    this.#readers = readers;
    for (const [key, slots] of this.#slots) {
      if (readers.get(key) !== slots[0]?.reader) this.#slots.delete(key);
    }
    for (const [key, reader] of readers) {
      const slots = this.#slots.get(key) ?? [];
      if (slots.length === 0) this.#slots.set(key, slots);
      reader.grow(reader.connector.partitions);
      for (let partition = slots.length; partition < reader.partitions.length; partition++) {
        slots.push({
          reader, partition, ready: null, polling: false, caughtUpAt: -1, pollSerial: -1,
          nextPollAt: reader.partition(partition).lost ? NEVER : 0n,
        });
      }
    }
  }

  *#all(): Generator<Slot, void> {
    for (const slots of this.#slots.values()) yield* slots;
  }

  get active(): number {
    let count = 0;
    for (const slot of this.#all()) {
      if (!slot.reader.partition(slot.partition).ended) count++;
    }
    return count;
  }

  /** Starts polls that are due; takes what is ready. */
  gather(now: bigint, rows: number): Offered[] {
    const offered: Offered[] = [];
    const share = Math.max(1, Math.ceil(rows / Math.max(1, this.active)));
    for (const slot of this.#all()) {
      if (slot.reader.partition(slot.partition).ended) continue;
      if (slot.nextPollAt === NEVER && slot.reader.partition(slot.partition).status === 'running') {
        slot.nextPollAt = 0n;
      }
      if (slot.ready === null && !slot.polling && slot.nextPollAt <= now) {
        this.#poll(slot, now, share);
      }
      const source = slot.ready;
      if (source === null) continue;
      slot.ready = null;
      const living = livingParts(this.#readers, source);
      const range = rangeOf(slot, living);
      if (range !== null) offered.push({ reader: slot.reader, range, source: living });
    }
    return offered;
  }

  /** Gives back what an epoch could not log. */
  giveBack(offered: readonly Offered[]): void {
    for (const { reader, range, source } of offered) {
      const slot = this.#slots.get(readerKey(range.relation, range.reader))?.[range.partition];
      if (slot !== undefined && slot.reader === reader) slot.ready = source;
    }
  }

  #poll(slot: Slot, now: bigint, rows: number): void {
    const { reader, partition } = slot;
    const state = reader.partition(partition);
    const from = state.position;
    slot.pollSerial = ++this.#serial;
    const serial = slot.pollSerial;
    const fail = (error: unknown): void => {
      slot.polling = false;
      slot.caughtUpAt = serial;
      const broken = error instanceof SourceBroken;
      const reason = error instanceof Error ? error.message : String(error);
      slot.nextPollAt = broken ? NEVER : serial > this.#marked ? now + RETRY_MICROS : 0n;
      state.status = `${broken ? 'broken' : 'stalled'}(${reason})`;
      state.resumeAt = broken ? error.resumeAt : null;
    };
    const take = (source: SourceBatch): void => {
      const letter = source.deadLetters[0]
        ?? source.parts?.find(({ deadLetters }) => deadLetters.length > 0)?.deadLetters[0];
      if (letter !== undefined && reader.stopsOnError) return fail(stoppedAt(letter));
      slot.polling = false;
      slot.ready = source;
      if (source.caughtUp) slot.caughtUpAt = serial;
      if (!state.ended) state.status = source.caughtUp ? 'caught_up' : 'running';
      const empty = source.next === from && !source.ended;
      slot.nextPollAt = empty && serial > this.#marked
        ? reader.connector.nextPollAt(partition, from, now) : 0n;
    };
    try {
      const answer = reader.connector.poll(partition, from,
        { rows, bytes: POLL_BYTES, now, mark: state.mark });
      if (!(answer instanceof Promise)) return take(answer);
      slot.polling = true;
      answer.then(take, fail).finally(this.#wake).catch(() => undefined);
    } catch (error) {
      fail(error);
    }
  }

  /** When the next poll is due, or null: nothing to poll, or an answer is on its way. */
  nextPollAt(): bigint | null {
    let earliest: bigint | null = null;
    for (const slot of this.#all()) {
      if (slot.polling || slot.reader.partition(slot.partition).ended) continue;
      const at = slot.ready === null ? slot.nextPollAt : 0n;
      if (at === NEVER) continue;
      if (earliest === null || at < earliest) earliest = at;
    }
    return earliest;
  }

  /** Serial number of now, for `isQuiet`; lets every partition be polled at once. */
  mark(): number {
    for (const slot of this.#all()) {
      if (slot.nextPollAt !== NEVER) slot.nextPollAt = 0n;
      slot.reader.connector.hurry?.();
    }
    this.#marked = this.#serial;
    return this.#serial;
  }

  /** True when every partition has ended, or found nothing more in a poll begun after the mark. */
  isQuiet(mark: number): boolean {
    for (const slot of this.#all()) {
      if (slot.reader.partition(slot.partition).ended) continue;
      if (slot.nextPollAt === NEVER && slot.ready === null) continue;
      if (slot.ready !== null || slot.caughtUpAt <= mark) return false;
    }
    return true;
  }
}

/** ON ERROR STOP: the record that could not be decoded. */
function stoppedAt({ position, reason }: DeadLetter): SourceBroken {
  return new SourceBroken(`record at ${position}: ${reason}`, position + 1n);
}

function rangeOf(slot: Slot, source: SourceBatch): LoggedRange | null {
  const { reader, partition } = slot;
  const { position } = reader.partition(partition);
  const first = source.first ?? position;
  if (source.next === position && !source.ended) return null;
  const inline = reader.logsRows || source.inline === true;
  return {
    relation: reader.relation, reader: reader.reader, partition, first, next: source.next,
    ...factsOf(source), ended: source.ended, mark: source.mark,
    inline: !inline ? undefined : {
      batch: source.batch, offsets: source.offsets ?? null, deadLetters: source.deadLetters,
      parts: source.parts,
    },
  };
}

/** Compares a range that was read again with what was logged; XX001 when it is not the same. */
export function checkReread(range: LoggedRange, source: SourceBatch): void {
  const { rows, deadLetters, hash } = factsOf(source);
  if (rows === range.rows && deadLetters === range.deadLetters && hash === range.hash) return;
  throw sqlError('XX001', `range ${range.first} to ${range.next} of partition ${range.partition} `
    + `of relation ${range.relation} reads back differently`, {
    detail: `${rows} rows were read, ${range.rows} were logged.`,
    hint: 'The source was changed after it had been read. Put the old content back.',
  });
}
