/**
 * Against a real Apache Kafka 4.x: opt-in (`TIDEMILL_REAL_KAFKA=1`), and part of CI.
 */
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack } from '../../../src/runtime/real/kafka/codecs.ts';
import { kafkaLogs } from '../../../src/runtime/real/kafka/kafkajs-client.ts';
import { realClock } from '../../../src/runtime/real/real-environment.ts';
import { openEngine } from '../../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../../src/runtime/session-api.ts';
import { TestClient } from '../../support/client.ts';
import { missingForKafka, RealKafka } from '../../support/kafka/real.ts';
import { lastByKey, readTopic } from '../../support/kafka/read.ts';
import { SimDisk, SimStorage, simWorld } from '../../support/sim-environment.ts';

const missing = missingForKafka();
if (missing !== null) process.stdout.write(`real Kafka suite skipped: ${missing}\n`);
const required = process.env['TIDEMILL_REAL_KAFKA'] === 'required';
const PARTITIONS = 4;
const ROWS = 20_000;

let broker: RealKafka;
let kafka: kafkajs.Kafka;
let disk: SimDisk;
let storage: SimStorage;
let engine: Engine;
let client: TestClient;

async function open(): Promise<void> {
  storage = new SimStorage(disk);
  const world = { ...simWorld(storage), outside: { logs: kafkaLogs },
    clock: realClock };
  engine = await openEngine(world, { checkpointIntervalMicros: 3_600_000_000n });
  client = await TestClient.connect(engine);
}

async function rows(query: string): Promise<string[]> {
  return (await client.run(query)).rows.map((row) => row.join(' ')).toSorted();
}

function options(topic: string, more = ''): string {
  return `WITH ('connector' = 'kafka', 'topic' = '${topic}', `
    + `'properties.bootstrap.servers' = '${broker.address}'${more})`;
}

it.runIf(required)('has what it needs', () => { expect(missing).toBeNull(); });

describe.skipIf(missing !== null)('real Kafka', () => {
  beforeAll(async () => {
    broker = await RealKafka.start();
    kafka = new kafkajs.Kafka({
      brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 20, initialRetryTime: 300 },
    });
    for (const [type, name] of [[2, 'snappy'], [3, 'lz4']] as const) {
      kafkajs.CompressionCodecs[type] = () => ({
        compress: async ({ buffer }: { buffer: Buffer }) => Buffer.from(pack(name, buffer)),
        decompress: () => Promise.reject(new Error('not here')),
      });
    }
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: ['clicks', 'codecs', 'txn', 'out', 'tout', '__tidemill_sinks']
      .map((topic) => ({ topic, numPartitions: topic === 'clicks' ? PARTITIONS : 1 })) });
    await admin.disconnect();
    disk = new SimDisk();
    await open();
  }, 180_000);
  afterAll(async () => {
    await engine?.close();
    await broker?.stop();
  });

  it('counts a topic exactly, over restarts of engine and broker', async () => {
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    const send = async (from: number, to: number): Promise<void> => {
      const messages = [];
      for (let n = from; n < to; n++) {
        const time = new Date(1_700_000_000_000 + n * 20).toISOString();
        messages.push({ key: `u${n % 50}`, value: JSON.stringify(
          { user_id: `u${n % 50}`, url: `/${n}`, click_time: time }) });
      }
      await producer.send({ topic: 'clicks', messages });
    };
    await send(0, ROWS / 2);
    await client.run('CREATE TABLE clicks (user_id STRING, url STRING, click_time TIMESTAMP(3), '
      + "WATERMARK FOR click_time AS click_time - INTERVAL '5' SECOND) "
      + options('clicks', ", 'format' = 'json', 'properties.group.id' = 'watchers'"));
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT window_start, user_id, COUNT(*) AS n '
      + "FROM TABLE(TUMBLE(clicks, INTERVAL '1' MINUTE)) GROUP BY 1, 2");
    await client.run('FLUSH');
    expect(await rows('SELECT sum(n) FROM v')).toEqual([String(ROWS / 2)]);
    const old = engine;
    await open();
    await old.close();
    await broker.kill();
    await broker.run();
    await send(ROWS / 2, ROWS);
    for (let wait = 0; wait < 300; wait++) {
      if ((await rows('SELECT count(*) FROM clicks'))[0] === String(ROWS)) break;
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
    expect(await rows('SELECT count(*), count(DISTINCT url) FROM clicks'))
      .toEqual([`${ROWS} ${ROWS}`]);
    await producer.disconnect();
  }, 120_000);

  it('reads what librdkafka and Java clients write: codecs, headers, transactions', async () => {
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1,
      transactionalId: 'x', createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    for (const [end, n] of [['commit', 1], ['abort', 2], ['commit', 3]] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: 'txn', messages: [{ value: `{"n":${n}}` }] });
      await transaction[end]();
    }
    await producer.disconnect();
    const plain = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await plain.connect();
    for (const compression of [0, 1, 2, 3]) {
      await plain.send({ topic: 'codecs', compression, messages: [
        { value: JSON.stringify({ n: compression, s: 'x'.repeat(500) }), headers: { h: 'v' } }] });
    }
    await plain.disconnect();
    await client.run(`CREATE TABLE txn (n int) ${options('txn')} FORMAT PLAIN ENCODE JSON`);
    await client.run('CREATE TABLE codecs (n int, s text) INCLUDE HEADERS AS h '
      + `${options('codecs')} FORMAT PLAIN ENCODE JSON`);
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM txn')).toEqual(['1', '3']);
    expect(await rows('SELECT n, length(s), h FROM codecs')).toEqual([0, 1, 2, 3].map((n) =>
      `${n} 500 {"h": "v"}`));
  }, 60_000);

  it('gives committed readers each change once, over crashes of the engine', async () => {
    await client.run('CREATE TABLE log (n int) APPEND ONLY');
    await client.run('CREATE TABLE t (k text PRIMARY KEY, n int)');
    await client.run(`CREATE SINK tout FROM log ${options('tout', ", transactional = 'true'")} `
      + 'FORMAT PLAIN ENCODE JSON');
    await client.run(`CREATE SINK out FROM t ${options('out',
      ", 'properties.compression.type' = 'gzip'")} FORMAT UPSERT ENCODE JSON KEY ENCODE TEXT`);
    let count = 0;
    for (let round = 0; round < 4; round++) {
      for (let n = 0; n < 5; n++) await client.run(`INSERT INTO log VALUES (${count++})`);
      await client.run(`INSERT INTO t VALUES ('k${round}', 1) `);
      await client.run(`DELETE FROM t WHERE k = 'k${round - 1}'`);
      if (round % 2 === 0) await client.run('FLUSH');
      storage.dead = true;
      await open();
    }
    await client.run('FLUSH');
    const reader = kafkaLogs.open({
      brokers: [broker.address], clientId: 'reader', tls: null, sasl: null,
      requestTimeoutMs: 10_000, compression: 'none',
    });
    const values = (await readTopic(reader, 'tout')).map(({ value }) =>
      Number((JSON.parse(value ?? '') as { n: number }).n)).toSorted((a, b) => a - b);
    expect(values).toEqual(Array.from({ length: count }, (_n, at) => at));
    expect(lastByKey(await readTopic(reader, 'out'))).toEqual(['{"k":"k3","n":1}']);
    await reader.close();
  }, 120_000);
});
