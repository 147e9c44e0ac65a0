/**
 * Reads a topic: whole record batches, pulled partition by partition, positions held by the engine.
 *
 * Fetches run one at a time for all partitions that have room; their batches wait here, bounded in
 * bytes, until a poll decodes them. Whatever does not fit a position is an error, never a jump: a
 * gap below, a truncation above, a damaged batch read twice. A process that goes on where another
 * one was first looks whether the last record that one read is still there.
 */
import { must } from '../../../common/assert.ts';
import { SqlError, sqlError } from '../../../common/errors.ts';
import type {
  DeadLetter, OpenConnector, PollLimits, SourceBatch, SourceMark,
} from '../connector.ts';
import { SourceBroken } from '../connector.ts';
import { crc32c } from './crc32c.ts';
import type { RecordDecoder } from './decoder.ts';
import type { KeptSchemas, WriterSchemas } from '../../formats/schema-registry.ts';
import type { FetchFrom, LogBatch, LogClient, PartitionFetch } from './log-client.ts';
import { RecordWalk } from './record-batch.ts';

/** Position of a reader that begins with the earliest record there is. */
export const EARLIEST = -2n;
/** Bytes fetched at once, over all partitions. */
const FETCH_BYTES = 8 << 20;
/** Bytes that may wait per partition before it is left out of fetches. */
const BUFFER_BYTES = 2 << 20;
/** A position above the end is a truncation when it has been seen so often. */
const AHEAD_MAX = 5;
const IDLE_MICROS = 1000n;
const REREAD_WAIT_MS = 500;
const REREAD_EMPTY_MAX = 20;
const CORRUPT = 'CORRUPT_BATCH';
const NO_BYTES = new Uint8Array(0);

/** What a source is opened with. */
export interface KafkaSourceOptions {
  readonly topic: string;
  /** Where each partition begins. */
  readonly start: readonly bigint[];
  readonly maxWaitMs: number;
  readonly committedOnly: boolean;
  readonly discoveryMicros: bigint;
  readonly group: string | null;
  readonly decoder: () => RecordDecoder;
  /** Writer schemas, loaded before values are decoded; null: none are needed. */
  readonly schemas: WriterSchemas | null;
  readonly connect: () => LogClient;
}

interface Waiter {
  readonly from: bigint;
  readonly limits: PollLimits;
  /** The first fetch whose silence means that there is nothing. */
  readonly since: number;
  readonly resolve: (batch: SourceBatch) => void;
  readonly reject: (error: Error) => void;
}

interface Buffered {
  /** Position the first batch in `batches` was fetched for. */
  head: bigint;
  /** Position behind the last batch in `batches`. */
  tail: bigint;
  batches: LogBatch[];
  bytes: number;
  highWatermark: bigint | null;
  /** The last batch that was fetched, to be looked for under another leader. */
  last: LogBatch | null;
  /** The last record that an earlier process read: it is looked for before anything is taken. */
  mark: SourceMark | null;
  ahead: number;
  damaged: number;
  problem: Error | null;
  waiter: Waiter | null;
}

/** A topic being read. */
export class KafkaSource implements OpenConnector {
  readonly forgets = true;
  readonly #options: KafkaSourceOptions;
  readonly #buffers = new Map<number, Buffered>();
  readonly #walk = new RecordWalk();
  readonly #decoder: RecordDecoder;
  #client: LogClient | null = null;
  #partitions: number;
  #fetches = 0;
  #fetching = false;
  #hurried = false;
  #discoverAt: bigint | null = null;
  #closed = false;

  constructor(options: KafkaSourceOptions) {
    this.#options = options;
    this.#partitions = options.start.length;
    this.#decoder = options.decoder();
  }

  get partitions(): number { return this.#partitions; }

  startOf(partition: number): bigint {
    return this.#options.start[partition] ?? EARLIEST;
  }

  lag(partition: number, position: bigint): bigint | null {
    const high = this.#buffers.get(partition)?.highWatermark ?? null;
    if (high === null || position < 0n) return high;
    return high > position ? high - position : 0n;
  }

  hurry(): void {
    this.#hurried = true;
  }

  durable(positions: ReadonlyMap<number, bigint>): void {
    const { group, topic } = this.#options;
    const reached = new Map([...positions].filter(([, position]) => position >= 0n));
    if (group === null || this.#client === null || reached.size === 0) return;
    this.#client.commitOffsets(group, topic, reached).catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    for (const buffer of this.#buffers.values()) buffer.waiter?.reject(closed());
    this.#client?.close().catch(() => undefined);
    this.#client = null;
  }

  get #log(): LogClient {
    if (this.#closed) throw closed();
    this.#client ??= this.#options.connect();
    return this.#client;
  }

  nextPollAt(_partition: number, _from: bigint, now: bigint): bigint {
    return now + IDLE_MICROS;
  }

  poll(
    partition: number, from: bigint, limits: PollLimits,
  ): Promise<SourceBatch> | SourceBatch {
    this.#discover(limits.now);
    if (!this.#buffers.has(partition) && limits.mark != null && limits.mark.position < from) {
      this.#bufferAt(partition, from).mark = limits.mark;
    }
    if (from === EARLIEST) return this.#pollEarliest(partition, limits);
    const ready = this.#take(partition, from, limits);
    if (ready !== null) {
      this.#pump();
      return ready;
    }
    return this.#wait(partition, from, limits);
  }

  async #pollEarliest(partition: number, limits: PollLimits): Promise<SourceBatch> {
    const offsets = await this.#log.offsets(this.#options.topic, 'earliest');
    const first = offsets.get(partition);
    if (first === undefined) throw noPartition(this.#options.topic, partition);
    const found = this.#take(partition, first, limits)
      ?? await this.#wait(partition, first, limits);
    return found.next === first ? { ...found, next: EARLIEST } : { ...found, first };
  }

  #wait(partition: number, from: bigint, limits: PollLimits): Promise<SourceBatch> {
    return new Promise((resolve, reject) => {
      const buffer = this.#bufferAt(partition, from);
      const since = this.#fetches + 1;
      buffer.waiter = { from, limits, since, resolve, reject };
      this.#pump();
    });
  }

  /** Looks for new partitions from time to time. */
  #discover(now: bigint): void {
    const { discoveryMicros, topic } = this.#options;
    this.#discoverAt ??= now + discoveryMicros;
    if (now < this.#discoverAt) return;
    this.#discoverAt = now + discoveryMicros;
    this.#log.partitions(topic).then((found) => {
      this.#partitions = Math.max(this.#partitions, (found.at(-1) ?? -1) + 1);
    }).catch(() => undefined);
  }

  /** What waits for a position, decoded; null when nothing does. */
  #take(partition: number, from: bigint, limits: PollLimits): SourceBatch | null {
    const buffer = this.#bufferAt(partition, from);
    if (buffer.batches.length === 0) {
      const { problem } = buffer;
      if (problem === null) return null;
      buffer.problem = null;
      throw problem;
    }
    let next = from;
    let checksum = 0;
    let taken = 0;
    let mark: SourceMark | undefined;
    try {
      while (taken < buffer.batches.length && this.#decoder.count < limits.rows) {
        const batch = must(buffer.batches[taken++], 'batch');
        this.#decodeBatch(batch, next, partition);
        if (batch.count > 0) mark = markOf(this.#walk, batch.count - 1);
        next = batch.nextOffset;
        checksum = fold(checksum, batch.crc);
        buffer.bytes -= batch.bytes.length;
      }
    } catch (error) {
      this.#decoder.take(from);
      Object.assign(buffer, { head: from, tail: from, batches: [], bytes: 0 });
      throw error;
    }
    buffer.batches.splice(0, taken);
    buffer.head = next;
    const decoded = this.#decoder.take(from);
    const inline = this.#options.schemas?.isMissing(decoded.deadLetters) ?? false;
    return { ...decoded, next, ended: false, caughtUp: false, checksum, inline, mark };
  }

  #decodeBatch(batch: LogBatch, from: bigint, partition: number): void {
    if (batch.count === 0) return;
    this.#walk.walk(batch);
    const first = from <= batch.baseOffset ? 0 : this.#walk.firstFrom(from);
    this.#decoder.decode(this.#walk, first, partition);
  }

  /** The buffer of a partition, with nothing in it that lies before a position. */
  #bufferAt(partition: number, from: bigint): Buffered {
    let buffer = this.#buffers.get(partition);
    if (buffer === undefined) {
      buffer = {
        head: from, tail: from, batches: [], bytes: 0, highWatermark: null, last: null,
        mark: null, ahead: 0, damaged: 0,
        problem: null, waiter: null,
      };
      this.#buffers.set(partition, buffer);
    }
    while ((buffer.batches[0]?.nextOffset ?? from + 1n) <= from) buffer.batches.shift();
    const fits = buffer.batches.length === 0 ? buffer.tail === from : from >= buffer.head;
    if (fits) buffer.head = from;
    else {
      Object.assign(buffer,
        { head: from, tail: from, batches: [], bytes: 0, last: null, mark: null, problem: null });
    }
    return buffer;
  }

  /** Starts a fetch unless one is under way. */
  #pump(): void {
    if (this.#fetching || this.#closed) return;
    this.#fetching = true;
    void this.#fetch();
  }

  /** Partitions with room; none when nobody waits and little is missing. */
  #wanted(): FetchFrom[] {
    const want: FetchFrom[] = [];
    let waiting = false;
    for (const [partition, buffer] of this.#buffers) {
      if (buffer.waiter !== null) waiting = true;
      const behind = buffer.highWatermark === null || buffer.tail < buffer.highWatermark;
      if (buffer.problem !== null || buffer.bytes >= BUFFER_BYTES) continue;
      if (buffer.waiter !== null || behind) want.push({ partition, offset: buffer.tail });
    }
    return waiting || want.length * 2 > this.#buffers.size ? want : [];
  }

  async #fetch(): Promise<void> {
    // Polls of other partitions are on their way: let them say what they want first.
    await Promise.resolve();
    const want = this.#wanted();
    if (want.length === 0 || this.#closed) {
      this.#fetching = false;
      return;
    }
    const serial = ++this.#fetches;
    try {
      const maxWaitMs = this.#hurried ? 0 : this.#options.maxWaitMs;
      this.#hurried = false;
      const answers = await this.#log.fetch(this.#options.topic, want, {
        maxWaitMs, maxBytes: FETCH_BYTES, committedOnly: this.#options.committedOnly,
      });
      const asked = new Map(want.map(({ partition, offset }) => [partition, offset]));
      for (const answer of answers) {
        const buffer = this.#buffers.get(answer.partition);
        const offset = asked.get(answer.partition);
        // A poll from elsewhere may have come meanwhile.
        if (buffer === undefined || buffer.tail !== offset) continue;
        await this.#store(buffer, answer);
      }
      this.#fetching = false;
      this.#answer(serial);
    } catch (error) {
      this.#fetching = false;
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.#pump();
  }

  /** Keeps what a fetch brought for a partition, or the reason why it is of no use. */
  async #store(buffer: Buffered, answer: PartitionFetch): Promise<void> {
    const { error } = answer;
    if (error !== null) {
      buffer.problem = await this.#problemOf(buffer, answer, error);
      return;
    }
    buffer.damaged = 0;
    const { logStart, highWatermark } = answer;
    buffer.highWatermark = highWatermark;
    if (buffer.tail < logStart) {
      buffer.problem = this.#gap(answer.partition, buffer.tail, logStart);
      return;
    }
    buffer.ahead = buffer.tail > highWatermark ? buffer.ahead + 1 : 0;
    if (buffer.ahead >= AHEAD_MAX) {
      buffer.problem = this.#truncated(answer.partition, buffer.tail, highWatermark);
      return;
    }
    if (buffer.mark !== null) {
      const { mark } = buffer;
      const same = await this.#isStillThere(answer.partition, mark);
      buffer.mark = null;
      if (!same) {
        buffer.problem = this.#rewritten(answer.partition, buffer.tail, mark);
        return;
      }
    }
    for (const batch of answer.batches) {
      if (batch.nextOffset <= buffer.tail) continue;
      if (buffer.last !== null && !await this.#follows(answer.partition, buffer.last, batch)) {
        buffer.problem = this.#truncated(answer.partition, buffer.tail, batch.baseOffset);
        return;
      }
      await this.#load(batch);
      buffer.last = { ...batch, bytes: NO_BYTES };
      buffer.batches.push(batch);
      buffer.bytes += batch.bytes.length;
      buffer.tail = batch.nextOffset;
    }
  }

  /** Schemas are here before their records are decoded. */
  async #load(batch: LogBatch): Promise<void> {
    const { schemas } = this.#options;
    if (schemas === null || batch.count === 0) return;
    const walk = new RecordWalk();
    walk.walk(batch);
    for (let record = 0; record < walk.count; record++) {
      const value = walk.value(record);
      if (value !== null) await schemas.load(value);
    }
  }

  /** False when what was read before a batch is not what the log has there now. */
  async #follows(partition: number, last: LogBatch, batch: LogBatch): Promise<boolean> {
    if (batch.baseOffset < last.nextOffset) return false;
    if (batch.leaderEpoch === last.leaderEpoch) return true;
    const [answer] = await this.#log.fetch(this.#options.topic,
      [{ partition, offset: last.baseOffset }], {
        maxWaitMs: 0, maxBytes: FETCH_BYTES, committedOnly: this.#options.committedOnly,
      });
    const there = answer?.batches[0];
    if (answer === undefined || answer.error !== null || there === undefined) {
      throw sqlError('08006', `Kafka: ${answer?.error ?? 'no answer'}`);
    }
    // Compaction may have taken it.
    return there.baseOffset > last.baseOffset
      || (there.baseOffset === last.baseOffset && there.crc === last.crc);
  }

  /** False when another record is where one was read; one that is gone may have been compacted. */
  async #isStillThere(partition: number, mark: SourceMark): Promise<boolean> {
    const [answer] = await this.#log.fetch(this.#options.topic,
      [{ partition, offset: mark.position }], {
        maxWaitMs: 0, maxBytes: FETCH_BYTES, committedOnly: this.#options.committedOnly,
      });
    // What is short of the mark, or no longer goes back to it, is said of the position.
    if (answer?.error === 'OFFSET_OUT_OF_RANGE') return true;
    if (answer?.error === null && answer.highWatermark <= mark.position) return true;
    const there = answer?.batches[0];
    if (answer === undefined || answer.error !== null || there === undefined) {
      throw sqlError('08006', `Kafka: ${answer?.error ?? 'no answer'}`);
    }
    const walk = new RecordWalk();
    if (there.count > 0) walk.walk(there);
    const record = walk.firstFrom(mark.position);
    if (record === walk.count || walk.offset(record) !== mark.position) return true;
    const now = markOf(walk, record);
    return now.time === mark.time && now.checksum === mark.checksum;
  }

  async #problemOf(
    buffer: Buffered, answer: PartitionFetch, error: string,
  ): Promise<Error | null> {
    const { partition } = answer;
    if (error.startsWith(CORRUPT)) {
      buffer.damaged++;
      return buffer.damaged < 2 ? null : new SourceBroken(
        `partition ${partition} of topic "${this.#options.topic}": `
        + error.slice(CORRUPT.length + 2), null);
    }
    if (error !== 'OFFSET_OUT_OF_RANGE') return sqlError('08006', `Kafka: ${error}`);
    const start = (await this.#log.offsets(this.#options.topic, 'earliest')).get(partition) ?? 0n;
    const end = (await this.#log.offsets(this.#options.topic, 'latest')).get(partition) ?? 0n;
    return buffer.tail < start ? this.#gap(partition, buffer.tail, start)
      : this.#truncated(partition, buffer.tail, end);
  }

  #gap(partition: number, position: bigint, start: bigint): SourceBroken {
    return new SourceBroken(`gap in partition ${partition} of topic "${this.#options.topic}": `
      + `offsets ${position} to ${start - 1n} are no longer there`, start);
  }

  #truncated(partition: number, position: bigint, end: bigint): SourceBroken {
    return new SourceBroken(`partition ${partition} of topic "${this.#options.topic}" was `
      + `truncated: offset ${position} was read up to, and the partition ends at ${end}`, end);
  }

  #rewritten(partition: number, position: bigint, mark: SourceMark): SourceBroken {
    return new SourceBroken(`partition ${partition} of topic "${this.#options.topic}" was `
      + `truncated and written again: offset ${mark.position} is not the record that was read`,
      position);
  }

  /** Answers polls that now have rows, a problem, or waited long enough to know of nothing. */
  #answer(serial: number): void {
    for (const [partition, buffer] of this.#buffers) {
      const { waiter } = buffer;
      if (waiter === null) continue;
      try {
        const found = this.#take(partition, waiter.from, waiter.limits);
        if (found === null && serial < waiter.since) continue;
        buffer.waiter = null;
        waiter.resolve(found ?? this.#nothing(waiter.from, buffer));
      } catch (error) {
        buffer.waiter = null;
        waiter.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  #nothing(from: bigint, buffer: Buffered): SourceBatch {
    const caughtUp = buffer.ahead === 0 && buffer.damaged === 0;
    return { ...this.#decoder.take(from), next: from, ended: false, caughtUp, checksum: 0 };
  }

  #fail(error: Error): void {
    for (const buffer of this.#buffers.values()) {
      const { waiter } = buffer;
      buffer.waiter = null;
      waiter?.reject(error);
    }
  }

  async schemasOf(payloads: readonly Uint8Array[]): Promise<KeptSchemas> {
    const { schemas } = this.#options;
    if (schemas === null) return [];
    schemas.forgetUnknown();
    for (const payload of payloads) await schemas.load(payload);
    return schemas.of(payloads);
  }

  takeSchemas(kept: KeptSchemas): void {
    this.#options.schemas?.take(kept);
  }

  redecode(partition: number, letter: DeadLetter): Pick<SourceBatch, 'batch' | 'deadLetters'> {
    const decoder = this.#options.decoder();
    const headers = Object.entries(JSON.parse(letter.headers ?? '{}') as Record<string, string>)
      .map(([name, value]) => ({ name, value: new TextEncoder().encode(value) }));
    this.#walk.hold({ ...letter, key: letter.key ?? null, headers });
    decoder.decode(this.#walk, 0, partition);
    return decoder.take(letter.position);
  }

  async reread(partition: number, first: bigint, next: bigint): Promise<SourceBatch> {
    const { topic } = this.#options;
    const decoder = this.#options.decoder();
    let at = first;
    let checksum = 0;
    for (let empty = 0; at < next;) {
      const [answer] = await this.#log.fetch(topic, [{ partition, offset: at }], {
        maxWaitMs: REREAD_WAIT_MS, maxBytes: FETCH_BYTES,
        committedOnly: this.#options.committedOnly,
      });
      if (answer === undefined) throw noPartition(topic, partition);
      if (answer.error === 'OFFSET_OUT_OF_RANGE' || at < answer.logStart) {
        throw this.#gap(partition, at, at < answer.logStart ? answer.logStart : next);
      }
      if (answer.error !== null) throw sqlError('08006', `Kafka: ${answer.error}`);
      if (answer.batches.every((batch) => batch.nextOffset <= at) && ++empty > REREAD_EMPTY_MAX) {
        throw this.#truncated(partition, next, answer.highWatermark);
      }
      for (const batch of answer.batches) {
        if (batch.nextOffset <= at || at >= next) continue;
        if (batch.count > 0) {
          await this.#load(batch);
          this.#walk.walk(batch);
          decoder.decode(this.#walk, this.#walk.firstFrom(at), partition);
        }
        checksum = fold(checksum, batch.crc);
        at = batch.nextOffset;
      }
    }
    return { ...decoder.take(first), next: at, ended: false, caughtUp: false, checksum };
  }
}

function fold(checksum: number, crc: number): number {
  return Math.imul(checksum ^ crc, 0x5bd1e995) ^ (checksum >>> 15);
}

/** Batches may be put together anew by compaction; their records stay as they are. */
function markOf(walk: RecordWalk, record: number): SourceMark {
  const key = walk.key(record);
  const value = walk.value(record);
  return {
    position: walk.offset(record), time: BigInt(Math.round(walk.timestamp(record))),
    checksum: fold(key === null ? 0 : crc32c(key), value === null ? 0 : crc32c(value)) | 0,
  };
}

function noPartition(topic: string, partition: number): SqlError {
  return sqlError('42704', `topic "${topic}" has no partition ${partition}`);
}

function closed(): SqlError {
  return sqlError('57P01', 'the source was closed');
}
