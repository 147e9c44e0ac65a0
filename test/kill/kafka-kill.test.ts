/**
 * Kill torture between two topics: the real server reads one, counts, and writes the other in
 * transactions; SIGKILL at random moments. KILLS=100 npx vitest run test/kill for more.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kafkaLogs } from '../../src/runtime/real/kafka/kafkajs-client.ts';
import { TestBroker } from '../support/kafka/broker.ts';
import { readTopic } from '../support/kafka/read.ts';
import { randomFrom } from '../support/random.ts';
import { connect, start } from '../support/server-process.ts';

const KILLS = Number(process.env['KILLS'] ?? 4);
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 1e9));
const PARTITIONS = 4;

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => { setTimeout(resolve, ms); });

it(`counts each record once and writes it once in ${KILLS} kills (seed ${SEED})`, async () => {
  const broker = await TestBroker.start();
  broker.createTopic('events', PARTITIONS);
  broker.createTopic('copy', 2);
  broker.createTopic('__tidemill_sinks', 1);
  const options = (topic: string): string => `WITH (connector = 'kafka', topic = '${topic}', `
    + `'properties.bootstrap.servers' = '${broker.address}'`;
  const directory = mkdtempSync(join(tmpdir(), 'tidemill-kafka-kill-'));
  let produced = 0;
  const produce = setInterval(() => {
    const values = Array.from({ length: 20 }, () => produced++);
    broker.partition('events', produced % PARTITIONS).append(values.map((n) => ({
      key: `k${n % 7}`, value: JSON.stringify({ n, k: `k${n % 7}`,
        at: new Date(Date.UTC(2024, 0, 1) + n * 50).toISOString() }),
    })));
    broker.wake();
  }, 10);
  try {
    const wait = randomFrom(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, port } = await start(directory);
      if (kill === 0) {
        const client = await connect(port);
        await client.query('CREATE SOURCE events (n int, k text, at timestamp, WATERMARK FOR at AS '
          + `at - INTERVAL '1 hour') ${options('events')}) FORMAT PLAIN ENCODE JSON`);
        await client.query('CREATE MATERIALIZED VIEW v AS SELECT window_start, k, count(*) AS c, '
          + "sum(n) AS s FROM TUMBLE(events, at, INTERVAL '1 minute') GROUP BY 1, 2");
        await client.query(`CREATE SINK copy AS SELECT n FROM events ${options('copy')}, `
          + "transactional = 'true') FORMAT PLAIN ENCODE JSON");
        await client.end();
      }
      await pause(300 + wait(900));
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
      await new Promise((resolve) => { child.once('exit', resolve); });
    }
    clearInterval(produce);
    const { child, port } = await start(directory);
    const client = await connect(port);
    await client.query('FLUSH');
    const { rows } = await client.query<{ c: string; s: string }>(
      'SELECT sum(c) AS c, sum(s) AS s FROM v');
    expect(rows[0]).toEqual({ c: String(produced), s: String(produced * (produced - 1) / 2) });
    const reader = kafkaLogs.open({ brokers: [broker.address], clientId: 'reader', tls: null,
      sasl: null, requestTimeoutMs: 5000, compression: 'none' });
    const copied = (await readTopic(reader, 'copy')).map(({ value }) =>
      (JSON.parse(value ?? '') as { n: number }).n).toSorted((a, b) => a - b);
    expect(copied).toEqual(Array.from({ length: produced }, (_each, n) => n));
    await reader.close();
    await client.end();
    child.removeAllListeners('exit');
    child.kill('SIGTERM');
  } finally {
    clearInterval(produce);
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000 + KILLS * 10_000);
