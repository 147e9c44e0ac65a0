/**
 * Walks the records of a Kafka record batch: where each key, value and header list lies.
 *
 * Positions go into arrays that are used again for the next batch; nothing is copied and no object
 * is made per record. Checksums and compression are dealt with before.
 */
import { sqlError } from '../../../common/errors.ts';
import type { SqlError } from '../../../common/errors.ts';
import type { LogBatch } from './log-client.ts';

const FIRST_CAPACITY = 1024;

/** A header of a record. */
export interface RecordHeader {
  readonly name: string;
  readonly value: Uint8Array | null;
}

/** The records of one batch; an end before its start means NULL. */
export class RecordWalk {
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  #baseOffset = 0n;
  #base = 0;
  /** Headers of records that come from elsewhere than a batch. */
  #given: readonly (readonly RecordHeader[])[] | null = null;
  #baseTimestamp = 0;
  #fixedTimestamp = -1;
  #capacity = FIRST_CAPACITY;
  keyStart: Int32Array = new Int32Array(FIRST_CAPACITY);
  keyEnd: Int32Array = new Int32Array(FIRST_CAPACITY);
  valueStart: Int32Array = new Int32Array(FIRST_CAPACITY);
  valueEnd: Int32Array = new Int32Array(FIRST_CAPACITY);
  #headersAt: Int32Array = new Int32Array(FIRST_CAPACITY);
  #offsetDelta: Int32Array = new Int32Array(FIRST_CAPACITY);
  #timeDelta: Float64Array = new Float64Array(FIRST_CAPACITY);
  #at = 0;

  /** Finds the records of a batch; 22P03 when the bytes make no sense. */
  walk(batch: LogBatch): void {
    this.bytes = batch.bytes;
    this.count = batch.count;
    this.#baseOffset = batch.baseOffset;
    this.#base = Number(batch.baseOffset);
    this.#given = null;
    this.#baseTimestamp = batch.baseTimestamp;
    this.#fixedTimestamp = batch.appendTime ? batch.maxTimestamp : -1;
    if (batch.count > this.#capacity) this.#reserve(batch.count);
    this.#at = 0;
    for (let record = 0; record < batch.count; record++) this.#record(record);
  }

  /** One record that was kept elsewhere: a dead letter. */
  hold(letter: {
    readonly position: bigint; readonly key: Uint8Array | null; readonly payload: Uint8Array;
    readonly headers: readonly RecordHeader[];
  }): void {
    const key = letter.key ?? new Uint8Array(0);
    this.bytes = new Uint8Array(key.length + letter.payload.length);
    this.bytes.set(key);
    this.bytes.set(letter.payload, key.length);
    this.count = 1;
    this.#baseOffset = letter.position;
    this.#base = Number(letter.position);
    this.#baseTimestamp = 0;
    this.#fixedTimestamp = -1;
    this.#given = [letter.headers];
    this.keyStart[0] = 0;
    this.keyEnd[0] = letter.key === null ? -1 : key.length;
    this.valueStart[0] = key.length;
    this.valueEnd[0] = key.length + letter.payload.length;
    this.#offsetDelta[0] = 0;
    this.#timeDelta[0] = -1;
  }

  #reserve(count: number): void {
    this.#capacity = count * 2;
    this.keyStart = new Int32Array(this.#capacity);
    this.keyEnd = new Int32Array(this.#capacity);
    this.valueStart = new Int32Array(this.#capacity);
    this.valueEnd = new Int32Array(this.#capacity);
    this.#headersAt = new Int32Array(this.#capacity);
    this.#offsetDelta = new Int32Array(this.#capacity);
    this.#timeDelta = new Float64Array(this.#capacity);
  }

  #record(record: number): void {
    const length = this.#varint();
    const end = this.#at + length;
    if (length < 0 || end > this.bytes.length) throw damaged();
    this.#at++;
    this.#timeDelta[record] = this.#varlong();
    this.#offsetDelta[record] = this.#varint();
    const keyLength = this.#varint();
    this.keyStart[record] = this.#at;
    this.keyEnd[record] = this.#at + keyLength;
    if (keyLength > 0) this.#at += keyLength;
    const valueLength = this.#varint();
    this.valueStart[record] = this.#at;
    this.valueEnd[record] = this.#at + valueLength;
    if (valueLength > 0) this.#at += valueLength;
    this.#headersAt[record] = this.#at;
    if (this.#at > end) throw damaged();
    this.#at = end;
  }

  #varint(): number {
    const { bytes } = this;
    let byte = bytes[this.#at++] ?? 0;
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 127;
    for (let shift = 7; shift < 35; shift += 7) {
      byte = bytes[this.#at++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) return (value >>> 1) ^ -(value & 1);
    }
    throw damaged();
  }

  /** A number of up to 64 bits; exact as far as doubles are. */
  #varlong(): number {
    const { bytes } = this;
    let value = 0;
    let factor = 1;
    for (let length = 0; length < 10; length++) {
      const byte = bytes[this.#at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      factor *= 128;
    }
    throw damaged();
  }

  /** The offset as a double: for counting, exact below 2^53. */
  offsetNumber(record: number): number {
    return this.#base + (this.#offsetDelta[record] ?? 0);
  }

  /** True when the offsets of records [from, to) follow one another. */
  isDense(from: number, to: number): boolean {
    const deltas = this.#offsetDelta;
    const first = (deltas[from] as number) - from;
    for (let record = from + 1; record < to; record++) {
      if ((deltas[record] as number) - record !== first) return false;
    }
    return true;
  }

  offset(record: number): bigint {
    return this.#baseOffset + BigInt(this.#offsetDelta[record] ?? 0);
  }

  /** Milliseconds since 1970. */
  timestamp(record: number): number {
    return this.#fixedTimestamp >= 0 ? this.#fixedTimestamp
      : this.#baseTimestamp + (this.#timeDelta[record] ?? 0);
  }

  /** The first record at or behind an offset. */
  firstFrom(offset: bigint): number {
    let record = 0;
    while (record < this.count && this.offset(record) < offset) record++;
    return record;
  }

  isTombstone(record: number): boolean {
    return (this.valueEnd[record] ?? 0) < (this.valueStart[record] ?? 0);
  }

  /** A view of the key; null for none. */
  key(record: number): Uint8Array | null {
    const start = this.keyStart[record] ?? 0;
    const end = this.keyEnd[record] ?? 0;
    return end < start ? null : this.bytes.subarray(start, end);
  }

  /** A view of the value; null for a tombstone. */
  value(record: number): Uint8Array | null {
    const start = this.valueStart[record] ?? 0;
    const end = this.valueEnd[record] ?? 0;
    return end < start ? null : this.bytes.subarray(start, end);
  }

  /** Headers in order; only for those who ask. */
  headers(record: number): readonly RecordHeader[] {
    if (this.#given !== null) return this.#given[record] ?? [];
    this.#at = this.#headersAt[record] ?? 0;
    const found: RecordHeader[] = [];
    for (let left = this.#varint(); left > 0; left--) {
      const nameLength = this.#varint();
      const name = new TextDecoder().decode(this.bytes.subarray(this.#at, this.#at + nameLength));
      this.#at += nameLength;
      const valueLength = this.#varint();
      const value = valueLength < 0 ? null
        : this.bytes.slice(this.#at, this.#at + valueLength);
      if (valueLength > 0) this.#at += valueLength;
      found.push({ name, value });
    }
    return found;
  }
}

function damaged(): SqlError {
  return sqlError('XX001', 'record batch is damaged: its records make no sense');
}
