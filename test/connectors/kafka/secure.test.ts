/**
 * TLS, SCRAM and PLAIN, and zstd: against the test broker, and against a real Kafka where there is
 * one. Certificates are made by openssl.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { unpack } from '../../../src/runtime/real/kafka/codecs.ts';
import { kafkaLogs } from '../../../src/runtime/real/kafka/kafkajs-client.ts';
import { realClock } from '../../../src/runtime/real/real-environment.ts';
import { openEngine } from '../../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../../src/runtime/session-api.ts';
import { TestClient } from '../../support/client.ts';
import { TestBroker } from '../../support/kafka/broker.ts';
import { missingForKafka, RealKafka } from '../../support/kafka/real.ts';
import { SimDisk, SimStorage, simWorld } from '../../support/sim-environment.ts';

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
/** Made by zstd -19. */
const PACKED = 'KLUv/WTGAjUBAPB0aWRlbWlsbCBwYWNrcyByZWNvcmRzOyDDpMO2w7wBAJTeao4BWbH3eA==';

interface Pair {
  readonly cert: string;
  readonly key: string;
}

let folder = '';
let server: Pair | null = null;
let stranger: Pair | null = null;
let engine: Engine;
let client: TestClient;

function makeCertificate(name: string, names: string): Pair {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj',
    `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert],
  { stdio: 'ignore' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemill-kafka-tls-'));
  try {
    server = makeCertificate('broker', 'IP:127.0.0.1');
    stranger = makeCertificate('elsewhere', 'DNS:elsewhere.example');
  } catch {
    console.warn('no openssl: TLS to Kafka is not tested');
  }
});
afterAll(() => { rmSync(folder, { recursive: true }); });
beforeEach(async () => {
  engine = await openEngine({ ...simWorld(new SimStorage(new SimDisk())),
    outside: { logs: kafkaLogs }, clock: realClock });
  client = await TestClient.connect(engine);
});
afterEach(async () => { await engine.close(); });

async function failure(query: string): Promise<string> {
  return client.run(query).then(() => 'no error',
    (error: unknown) => (error instanceof Error ? error.message : String(error)));
}

interface Login {
  readonly mechanism: string;
  readonly password?: string;
  readonly ca: string | null;
  readonly more?: string;
}

function declare(
  name: string, address: string, { mechanism, password = 'secret', ca, more = '' }: Login,
): string {
  return `CREATE TABLE ${name} (n int) WITH ('connector' = 'kafka', 'topic' = 't', `
    + `'properties.bootstrap.servers' = '${address}', 'format' = 'json', `
    + `'properties.security.protocol' = 'SASL_SSL', 'properties.sasl.mechanism' = '${mechanism}', `
    + `'properties.sasl.username' = 'ann', 'properties.sasl.password' = '${password}'`
    + `${ca === null ? '' : `, 'properties.ssl.ca.pem' = '${ca}'`}${more})`;
}

async function reads(address: string, ca: string): Promise<void> {
  for (const [at, mechanism] of MECHANISMS.entries()) {
    expect(await failure(declare(`wrong${at}`, address, { mechanism, password: 'guess', ca })))
      .toContain('Kafka refused the login');
    await client.run(declare(`t${at}`, address, { mechanism, ca }));
    await client.run('FLUSH');
    expect((await client.run(`SELECT n FROM t${at}`)).rows).toEqual([['1']]);
  }
  expect(await failure(declare('bad', address, { mechanism: 'PLAIN', ca: null })))
    .toMatch(/self.signed certificate/);
}

describe('the test broker', () => {
  it('is read over TLS by every login', async (context) => {
    if (server === null || stranger === null) return context.skip();
    const users = { ann: 'secret' };
    const broker = await TestBroker.start({ users, tls: server });
    broker.createTopic('t', 1)[0]?.append([{ value: '{"n":1}' }]);
    await reads(broker.address, server.cert);
    await broker.stop();
    const other = await TestBroker.start({ users, tls: stranger });
    other.createTopic('t', 1)[0]?.append([{ value: '{"n":1}' }]);
    const login = { mechanism: 'SCRAM-SHA-256', ca: stranger.cert };
    expect(await failure(declare('named', other.address, login))).toContain('altnames');
    await client.run(declare('named', other.address, { ...login,
      more: ", 'properties.ssl.endpoint.identification.algorithm' = ''" }));
    await other.stop();
  });

  it('is read where records are packed with zstd', async () => {
    const text = `${'tidemill packs records; '.repeat(40)}äöü`;
    expect(Buffer.from(unpack('zstd', Buffer.from(PACKED, 'base64'))).toString()).toBe(text);
    const broker = await TestBroker.start();
    broker.createTopic('t', 1)[0]?.append(Array.from({ length: 2000 }, (_each, n) =>
      ({ value: JSON.stringify({ n, s: text }) })), { codec: 'zstd' });
    await client.run("CREATE TABLE t (n int, s text) WITH (connector = 'kafka', topic = 't', "
      + `'properties.bootstrap.servers' = '${broker.address}') FORMAT PLAIN ENCODE JSON`);
    await client.run('FLUSH');
    expect((await client.run('SELECT count(*), sum(n), count(DISTINCT s) FROM t')).rows)
      .toEqual([['2000', '1999000', '1']]);
    await broker.stop();
  });
});

const missing = missingForKafka();

describe.skipIf(missing !== null)('a real Kafka', () => {
  it('is read over TLS by every login, and packed with zstd', async (context) => {
    if (server === null) return context.skip();
    const broker = await RealKafka.start({ ...server, user: 'ann', password: 'secret' });
    try {
      const kafka = new kafkajs.Kafka({ brokers: [broker.address],
        logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 20, initialRetryTime: 300 } });
      const admin = kafka.admin();
      await admin.connect();
      // The broker itself packs what comes to the second topic.
      await admin.createTopics({ topics: [{ topic: 't', numPartitions: 1 }, { topic: 'z',
        numPartitions: 1, configEntries: [{ name: 'compression.type', value: 'zstd' }] }] });
      await admin.disconnect();
      const producer = kafka.producer({
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
      await producer.connect();
      await producer.send({ topic: 't', messages: [{ value: '{"n":1}' }] });
      await producer.send({ topic: 'z', messages: Array.from({ length: 500 }, (_each, n) =>
        ({ value: `{"n":${n}, "s": "${'zstd '.repeat(n % 50)}"}` })) });
      await producer.disconnect();
      await reads(`127.0.0.1:${broker.securePort}`, server.cert);
      await client.run("CREATE TABLE z (n int) WITH (connector = 'kafka', topic = 'z', "
        + `'properties.bootstrap.servers' = '${broker.address}', format = 'json')`);
      await client.run('FLUSH');
      expect((await client.run('SELECT count(*), sum(n) FROM z')).rows).toEqual([['500', '124750']]);
    } finally {
      await broker.stop();
    }
  }, 120_000);
});
