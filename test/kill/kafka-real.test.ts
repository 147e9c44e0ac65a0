/**
 * Kills of the built server and of a real Apache Kafka while records stream through both.
 *
 * Eight partitions of records of about 200 bytes, a tumbling view, a join and a transactional sink;
 * in the end all three must equal what a plain reader makes of the topic. Opt-in like the other
 * tests with a real broker; KAFKA_RECORDS, KAFKA_KILLS and KAFKA_BROKER_KILLS set how much.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { expect, it } from 'vitest';
import { kafkaLogs } from '../../src/runtime/real/kafka/kafkajs-client.ts';
import { RecordWalk } from '../../src/runtime/connectors/kafka/record-batch.ts';
import { missingForKafka, RealKafka } from '../support/kafka/real.ts';
import { connect, start } from '../support/server-process.ts';

const RECORDS = Number(process.env['KAFKA_RECORDS'] ?? 40_000);
const KILLS = Number(process.env['KAFKA_KILLS'] ?? 3);
const BROKER_KILLS = Number(process.env['KAFKA_BROKER_KILLS'] ?? 1);
const PARTITIONS = 8;
const BATCH = 1000;
const USERS = 50;
const SINK_EVERY = 10;
/** Kills are spread over the stream; each of them waits for this much of it at least. */
const LIFE_MS = 300;
const FIRST_MS = Date.UTC(2024, 0, 1);

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => { setTimeout(resolve, ms); });

function record(n: number): string {
  return JSON.stringify({
    n, user_id: `user-${n % USERS}`, at: new Date(FIRST_MS + n * 2).toISOString(),
    amount: n % 97, url: `https://shop.example/products/${n % 5000}?ref=mail-${n % 17}`,
    referrer: 'https://search.example/?q=cups', agent: 'Mozilla/5.0',
  });
}

async function kill(child: ChildProcess): Promise<void> {
  child.removeAllListeners('exit');
  const gone = new Promise((resolve) => { child.once('exit', resolve); });
  child.kill('SIGKILL');
  await gone;
}

/** Writes all records, however often the broker goes away. */
async function produce(kafka: kafkajs.Kafka, done: { records: number }): Promise<void> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner, retry: { retries: 1000 } });
  await producer.connect();
  const perMs = RECORDS / Math.max(4000, (KILLS + BROKER_KILLS) * 2500);
  const began = Date.now();
  while (done.records < RECORDS) {
    const ahead = done.records - (Date.now() - began) * perMs;
    if (ahead > 0) await pause(ahead / perMs);
    const from = done.records;
    const messages = Array.from({ length: Math.min(BATCH, RECORDS - from) }, (_each, at) =>
      ({ key: `user-${(from + at) % USERS}`, value: record(from + at),
        partition: (from + at) % PARTITIONS }));
    await producer.send({ topic: 'orders', acks: -1, messages });
    done.records += messages.length;
  }
  await producer.disconnect();
}

/** Reads what a consumer of committed records sees of a topic. */
async function consume(
  address: string, topic: string, see: (value: Record<string, unknown>) => void,
): Promise<void> {
  const client = kafkaLogs.open({ brokers: [address], clientId: 'reader', tls: null, sasl: null,
    requestTimeoutMs: 30_000, compression: 'none' });
  const walk = new RecordWalk();
  const utf8 = new TextDecoder();
  for (const [partition, end] of await client.offsets(topic, 'latest')) {
    for (let offset = 0n; offset < end;) {
      const [answer] = await client.fetch(topic, [{ partition, offset }],
        { maxWaitMs: 500, maxBytes: 4 << 20, committedOnly: true });
      const from = offset;
      for (const batch of (answer?.batches ?? []).filter(({ nextOffset }) => nextOffset > from)) {
        walk.walk(batch);
        const first = walk.firstFrom(offset);
        Array.from({ length: walk.count - first }, (_each, at) =>
          see(JSON.parse(utf8.decode(walk.value(first + at) ?? new Uint8Array(0))) as never));
        offset = batch.nextOffset;
      }
    }
  }
  await client.close();
}

const cityOf = (user: number): string => `city-${user % 7}`;

async function declare(port: number, address: string): Promise<void> {
  const client = await connect(port);
  const options = (topic: string): string => `WITH (connector = 'kafka', topic = '${topic}', `
    + `'properties.bootstrap.servers' = '${address}'`;
  await client.query('CREATE TABLE users (user_id text PRIMARY KEY, city text) APPEND ONLY');
  await client.query(`INSERT INTO users VALUES ${Array.from({ length: USERS }, (_each, user) =>
    `('user-${user}', '${cityOf(user)}')`).join()}`);
  await client.query('CREATE SOURCE orders (n int, user_id text, at timestamp, amount int, '
    + `url text, WATERMARK FOR at AS at - INTERVAL '5' SECOND) ${options('orders')}) `
    + 'FORMAT PLAIN ENCODE JSON');
  await client.query('CREATE MATERIALIZED VIEW by_minute AS SELECT window_start, user_id, '
    + "count(*) AS c, sum(n) AS s FROM TUMBLE(orders, at, INTERVAL '1 minute') GROUP BY 1, 2");
  await client.query('CREATE MATERIALIZED VIEW by_city AS SELECT city, count(*) AS c, '
    + 'sum(amount) AS s FROM orders JOIN users USING (user_id) GROUP BY 1');
  await client.query('CREATE SINK copy AS SELECT n, city FROM orders JOIN users USING (user_id) '
    + `WHERE n % ${SINK_EVERY} = 0 ${options('copy')}, transactional = 'true') `
    + 'FORMAT PLAIN ENCODE JSON');
  await client.end();
}

function add(sums: Map<string, [number, number]>, key: string, value: number): void {
  const sum = sums.get(key) ?? [0, 0];
  sum[0]++;
  sum[1] += value;
  sums.set(key, sum);
}

const shown = (sums: Map<string, [number, number]>): string[] =>
  [...sums].map(([key, [c, s]]) => `${key} ${c} ${s}`).toSorted();

/** Kills both again and again; gives the slowest start of the server, in milliseconds. */
async function killAll(directory: string, broker: RealKafka): Promise<number> {
  let slowest = 0;
  for (let at = 0; at < KILLS; at++) {
    const began = Date.now();
    const { child, port } = await start(directory);
    if (at === 0) await declare(port, broker.address);
    else slowest = Math.max(slowest, Date.now() - began);
    await pause(LIFE_MS + Math.random() * 2000);
    const due = (kills: number): number => Math.floor(kills * BROKER_KILLS / KILLS);
    const breaks = due(at + 1) > due(at);
    if (breaks) {
      await broker.kill();
      await pause(Math.random() * 1000);
      await broker.run();
      await pause(Math.random() * 2000);
    }
    await kill(child);
    if (at % 10 === 9) console.log(`${at + 1} kills, slowest start ${slowest} ms`);
  }
  return slowest;
}

const missing = missingForKafka();

it.skipIf(missing !== null)(`counts ${RECORDS} records once and writes them once in ${KILLS} kills `
  + `of the server and ${BROKER_KILLS} of the broker`, async () => {
  const broker = await RealKafka.start();
  const directory = mkdtempSync(join(tmpdir(), 'tidemill-kafka-real-'));
  let last: ChildProcess | null = null;
  try {
    const kafka = new kafkajs.Kafka({ brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 1000, initialRetryTime: 100, maxRetryTime: 1000 } });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: PARTITIONS },
      { topic: 'copy', numPartitions: 2 }, { topic: '__tidemill_sinks', numPartitions: 1 }] });
    await admin.disconnect();
    const done = { records: 0 };
    const [, slowest] = await Promise.all([produce(kafka, done), killAll(directory, broker)]);

    const minutes = new Map<string, [number, number]>();
    const cities = new Map<string, [number, number]>();
    const expected = new Map<string, [number, number]>();
    await consume(broker.address, 'orders', (value) => {
      const { n, user_id: user, at, amount } = value as
        { n: number; user_id: string; at: string; amount: number };
      const city = cityOf(Number(user.slice(5)));
      add(minutes, `${at.slice(0, 16).replace('T', ' ')}:00 ${user}`, n);
      add(cities, city, amount);
      if (n % SINK_EVERY === 0) add(expected, `${n} ${city}`, 0);
    });
    const { child, port } = await start(directory);
    last = child;
    const client = await connect(port);
    await client.query('FLUSH');
    const rows = async (query: string): Promise<string[]> =>
      (await client.query<{ row: string }>(query)).rows.map(({ row }) => row).toSorted();
    expect(await rows("SELECT city || ' ' || c || ' ' || s AS row FROM by_city"))
      .toEqual(shown(cities));
    expect(await rows("SELECT window_start || ' ' || user_id || ' ' || c || ' ' || s AS row "
      + 'FROM by_minute')).toEqual(shown(minutes));
    const copied = new Map<string, [number, number]>();
    await consume(broker.address, 'copy', ({ n, city }) =>
      add(copied, `${String(n)} ${String(city)}`, 0));
    expect(shown(copied)).toEqual(shown(expected));
    await client.end();
    console.log(`${done.records} records, ${KILLS} kills of the server, ${BROKER_KILLS} of the `
      + `broker, slowest start ${slowest} ms`);
  } finally {
    if (last !== null) await kill(last);
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}, 300_000 + (KILLS + BROKER_KILLS) * 20_000 + RECORDS / 10);
