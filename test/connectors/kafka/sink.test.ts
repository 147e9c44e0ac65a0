/**
 * Sinks end to end: into topics of the test broker and into tables.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogClient } from '../../../src/runtime/connectors/kafka/log-client.ts';
import { kafkaLogs } from '../../../src/runtime/real/kafka/kafkajs-client.ts';
import { realClock } from '../../../src/runtime/real/real-environment.ts';
import { openEngine } from '../../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../../src/runtime/session-api.ts';
import { TestClient } from '../../support/client.ts';
import { API, TestBroker } from '../../support/kafka/broker.ts';
import { lastByKey, readTopic } from '../../support/kafka/read.ts';
import { SimDisk, SimStorage, simWorld } from '../../support/sim-environment.ts';

let broker: TestBroker;
let disk: SimDisk;
let storage: SimStorage;
let engine: Engine;
let client: TestClient;
let reader: LogClient;

async function open(): Promise<void> {
  storage = new SimStorage(disk);
  engine = await openEngine({ ...simWorld(storage), outside: { logs: kafkaLogs },
    clock: realClock }, { checkpointIntervalMicros: 3_600_000_000n });
  client = await TestClient.connect(engine);
}

/** A crash: nothing more reaches the disk. */
async function crash(): Promise<void> {
  storage.dead = true;
  await open();
}

async function rows(query: string): Promise<string[]> {
  return (await client.run(query)).rows.map((row) => row.join(' ')).toSorted();
}

async function failure(query: string): Promise<string> {
  try {
    await client.run(query);
    return 'no error';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function into(topic: string, more = ''): string {
  return `WITH (connector = 'kafka', topic = '${topic}', `
    + `'properties.bootstrap.servers' = '${broker.address}'${more})`;
}

beforeEach(async () => {
  broker = await TestBroker.start();
  reader = kafkaLogs.open({
    brokers: [broker.address], clientId: 'reader', tls: null, sasl: null, requestTimeoutMs: 5000,
    compression: 'none',
  });
  disk = new SimDisk();
  await open();
});
afterEach(async () => {
  await engine.close();
  await reader.close();
  await broker.stop();
});

describe('into a topic', () => {
  it('upserts what is there and what changes, deletions as tombstones', async () => {
    broker.createTopic('out', 2);
    await client.run('CREATE TABLE t (k text, n int)');
    await client.run("INSERT INTO t VALUES ('a', 1), ('a', 2), ('b', 5)");
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS c, sum(n) AS s FROM t '
      + 'GROUP BY k');
    await client.run(`CREATE SINK s FROM v ${into('out')} FORMAT UPSERT ENCODE JSON`);
    await client.run('FLUSH');
    expect(lastByKey(await readTopic(reader, 'out')))
      .toEqual(['{"k":"a","c":2,"s":3}', '{"k":"b","c":1,"s":5}']);
    await client.run("INSERT INTO t VALUES ('c', 7)");
    await client.run("DELETE FROM t WHERE k = 'b'");
    await client.run('FLUSH');
    const records = await readTopic(reader, 'out');
    expect(lastByKey(records)).toEqual(['{"k":"a","c":2,"s":3}', '{"k":"c","c":1,"s":7}']);
    expect(records.find(({ value }) => value === null)?.key).toBe('{"k":"b"}');
    expect(records[0]?.headers).toMatch(/^tidemill-sink=s,tidemill-epoch=\d+,tidemill-seq=\d+$/);
    expect(await rows('SELECT name, relation, connector, status FROM tidemill.sinks'))
      .toEqual(['s v kafka running']);
    await client.run("UPDATE t SET n = 10 WHERE k = 'c'");
    await crash();
    await client.run('FLUSH');
    expect(lastByKey(await readTopic(reader, 'out')))
      .toEqual(['{"k":"a","c":2,"s":3}', '{"k":"c","c":1,"s":10}']);
    expect(await failure('DROP MATERIALIZED VIEW v')).toContain('other objects depend on it');
    await client.run('DROP SINK s');
    expect(await rows('SELECT name FROM tidemill.sinks')).toEqual([]);
  });

  it('writes plain rows and Debezium envelopes, of queries too', async () => {
    broker.createTopic('plain', 1);
    broker.createTopic('changes', 1);
    await client.run('CREATE TABLE log (n int, at timestamp) APPEND ONLY');
    await client.run(`CREATE SINK p AS SELECT n, at FROM log WHERE n > 1 ${into('plain')}`);
    await client.run('CREATE TABLE t (id int PRIMARY KEY, n numeric)');
    await client.run(`CREATE SINK d FROM t ${into('changes')} FORMAT DEBEZIUM ENCODE JSON `
      + 'KEY ENCODE TEXT');
    await client.run("INSERT INTO log VALUES (1, '2024-01-01'), (2, '2024-01-02')");
    await client.run('INSERT INTO t VALUES (1, 1.50)');
    await client.run('FLUSH');
    await client.run('UPDATE t SET n = 2');
    await client.run('FLUSH');
    await client.run('DELETE FROM t');
    await client.run('FLUSH');
    expect((await readTopic(reader, 'plain')).map(({ value }) => value))
      .toEqual(['{"n":2,"at":"2024-01-02T00:00:00"}']);
    const changes = await readTopic(reader, 'changes');
    expect(changes.map(({ key, value }) => {
      const { op, before, after } = JSON.parse(value ?? '') as Record<string, unknown>;
      return JSON.stringify([key, op, before, after]);
    })).toEqual(['["1","c",null,{"id":1,"n":1.5}]', '["1","u",{"id":1,"n":1.5},{"id":1,"n":2}]',
      '["1","d",{"id":1,"n":2},null]']);
    await client.run('DROP SINK p');
    expect(await rows("SELECT relname FROM pg_class WHERE relname LIKE '\\_\\_sink%'")).toEqual([]);
  });

  it('gives committed readers each epoch once, over crashes and lost answers', async () => {
    broker.createTopic('out', 2);
    broker.createTopic('__tidemill_sinks', 1);
    await client.run('CREATE TABLE log (n int) APPEND ONLY');
    await client.run(`CREATE SINK s FROM log ${into('out', ", transactional = 'true', "
      + "'properties.request.timeout.ms' = '500'")} FORMAT PLAIN ENCODE JSON`);
    let count = 0;
    for (let round = 0; round < 6; round++) {
      for (let n = 0; n < 5; n++) await client.run(`INSERT INTO log VALUES (${count++})`);
      await client.run('FLUSH');
      for (let n = 0; n < 3; n++) await client.run(`INSERT INTO log VALUES (${count++})`);
      let left = round;
      broker.fault = (api) => (api === API.endTxn && left-- > 0 ? 'close' : null);
      await crash();
    }
    broker.fault = () => null;
    for (let wait = 0; wait < 100; wait++) {
      await client.run('FLUSH');
      if ((await readTopic(reader, 'out')).length >= count) break;
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
    const values = (await readTopic(reader, 'out')).map(({ value }) =>
      Number((JSON.parse(value ?? '') as { n: number }).n)).toSorted((a, b) => a - b);
    expect(values).toEqual(Array.from({ length: count }, (_n, at) => at));
  });

  it('waits for brokers that are away and names what is wrong at once', async () => {
    broker.createTopic('out', 1);
    await client.run('CREATE TABLE t (id int PRIMARY KEY)');
    await client.run(`CREATE SINK s FROM t ${into('out',
      ", 'properties.request.timeout.ms' = '500'")} FORMAT UPSERT ENCODE JSON`);
    await client.run('FLUSH');
    await broker.stop();
    await client.run('INSERT INTO t VALUES (1)');
    await client.run('FLUSH');
    expect((await rows('SELECT status FROM tidemill.sinks'))[0]).toMatch(/^stalled\(/);
    await broker.listen();
    for (let wait = 0; wait < 200; wait++) {
      if ((await rows('SELECT status FROM tidemill.sinks'))[0] === 'running') break;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    await client.run('FLUSH');
    expect(lastByKey(await readTopic(reader, 'out'))).toEqual(['{"id":1}']);
    const create = 'CREATE SINK x FROM t ';
    expect(await failure(`${create}${into('nope')}`)).toContain('topic "nope" does not exist');
    expect(await failure(`${create}${into('out')} FORMAT PLAIN ENCODE JSON`))
      .toContain('FORMAT PLAIN needs rows that are only added');
    expect(await failure(`${create}${into('out', ", x = '1'")}`))
      .toContain('unrecognized option "x"');
    expect(await failure(`${create}WITH (connector = 'fax')`))
      .toContain('sink connector "fax" does not exist');
  });
});

describe('into a table', () => {
  it('keeps it equal, over a crash', async () => {
    await client.run('CREATE TABLE t (k text, n int)');
    await client.run('CREATE TABLE copy (s bigint, k text PRIMARY KEY, more int)');
    await client.run("INSERT INTO t VALUES ('a', 1), ('b', 2)");
    await client.run('CREATE SINK s INTO copy AS SELECT k, sum(n) AS s FROM t GROUP BY k');
    await client.run('CREATE MATERIALIZED VIEW total AS SELECT sum(s) AS s FROM copy');
    await client.run('FLUSH');
    expect(await rows('SELECT k, s FROM copy')).toEqual(['a 1', 'b 2']);
    await client.run("INSERT INTO t VALUES ('a', 5), ('c', 1)");
    await client.run("DELETE FROM t WHERE k = 'b'");
    await crash();
    await client.run('FLUSH');
    expect(await rows('SELECT k, s FROM copy')).toEqual(['a 6', 'c 1']);
    expect(await rows('SELECT s FROM total')).toEqual(['7']);
    expect(await failure('CREATE SINK x INTO t FROM copy')).toContain('with its own rows');
  });
});
