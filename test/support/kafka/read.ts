/**
 * Reads a topic as a consumer of committed records would: keys, values and headers in order.
 */
import type { LogClient } from '../../../src/runtime/connectors/kafka/log-client.ts';
import { RecordWalk } from '../../../src/runtime/connectors/kafka/record-batch.ts';

/** A record as it was read. */
export interface ReadRecord {
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: string;
}

/** All records of a topic. */
export async function readTopic(client: LogClient, topic: string): Promise<ReadRecord[]> {
  const ends = await client.offsets(topic, 'latest');
  const walk = new RecordWalk();
  const found: ReadRecord[] = [];
  for (const [partition, end] of ends) {
    for (let offset = 0n; offset < end;) {
      const [answer] = await client.fetch(topic, [{ partition, offset }],
        { maxWaitMs: 50, maxBytes: 1 << 20, committedOnly: true });
      if (answer === undefined || answer.batches.length === 0) break;
      for (const batch of answer.batches) {
        walk.walk(batch);
        found.push(...Array.from({ length: walk.count }, (_each, at) =>
          recordAt(walk, at, partition)));
        offset = batch.nextOffset;
      }
    }
  }
  return found;
}

function recordAt(walk: RecordWalk, at: number, partition: number): ReadRecord {
  const text = (bytes: Uint8Array | null): string | null =>
    bytes === null ? null : new TextDecoder().decode(bytes);
  return {
    partition, key: text(walk.key(at)), value: text(walk.value(at)),
    headers: walk.headers(at).map(({ name, value }) => `${name}=${text(value)}`).join(),
  };
}

/** The last value of each key; deleted ones left out. */
export function lastByKey(records: readonly ReadRecord[]): string[] {
  const last = new Map<string, string>();
  for (const { key, value } of records) {
    if (value === null) last.delete(key ?? '');
    else last.set(key ?? '', value);
  }
  return [...last.values()].toSorted();
}
