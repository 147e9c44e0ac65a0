/**
 * The Kafka source end to end: SQL on an engine, real sockets, the test broker.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kafkaLogs } from '../../../src/runtime/real/kafka/kafkajs-client.ts';
import { openEngine } from '../../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../../src/runtime/session-api.ts';
import { realClock } from '../../../src/runtime/real/real-environment.ts';
import { TestClient } from '../../support/client.ts';
import { TestBroker } from '../../support/kafka/broker.ts';
import { SimDisk, SimStorage, simWorld } from '../../support/sim-environment.ts';

let broker: TestBroker;
let disk: SimDisk;
let engine: Engine;
let client: TestClient;

async function open(checkpointIntervalMicros = 3_600_000_000n): Promise<void> {
  const world = { ...simWorld(new SimStorage(disk)), outside: { logs: kafkaLogs },
    clock: realClock };
  engine = await openEngine(world, { checkpointIntervalMicros });
  client = await TestClient.connect(engine);
}

/** What a crash leaves: nothing but the disk. */
async function reopen(): Promise<void> {
    const old = engine;
  await open();
  await old.close().catch(() => undefined);
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

function put(topic: string, partition: number, ...values: (string | null)[]): void {
  broker.partition(topic, partition).append(values.map((value) => ({ value })));
  broker.wake();
}

function json(...values: object[]): string[] {
  return values.map((value) => JSON.stringify(value));
}

function withOptions(topic: string, more = ''): string {
  return `WITH (connector = 'kafka', topic = '${topic}', `
    + `'properties.bootstrap.servers' = '${broker.address}'${more})`;
}

beforeEach(async () => {
  broker = await TestBroker.start();
  disk = new SimDisk();
  await open();
});
afterEach(async () => {
  await engine.close();
  await broker.stop();
});

describe('records', () => {
  it('runs the statements of the mission', async () => {
    broker.createTopic('user-clicks', 2);
    put('user-clicks', 0, ...json(
      { user_id: 'a', url: '/x', click_time: '2024-01-01 10:00:01' },
      { user_id: 'a', url: '/y', click_time: '2024-01-01T10:00:59Z' },
      { user_id: 'a', url: '/z', click_time: '2024-01-01 10:02:00' }));
    put('user-clicks', 1, ...json(
      { user_id: 'b', url: '/ä', click_time: '2024-01-01 10:00:03' },
      { user_id: 'b', url: '/x', click_time: '2024-01-01 10:03:03' }));
    await client.run('CREATE TABLE clicks (user_id STRING, url STRING, click_time TIMESTAMP(3), '
      + "WATERMARK FOR click_time AS click_time - INTERVAL '5' SECOND) WITH ('connector' = "
      + "'kafka', 'topic' = 'user-clicks', 'properties.bootstrap.servers' = "
      + `'${broker.address}', 'format' = 'json')`);
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT window_start, user_id, COUNT(*) '
      + "FROM TABLE(TUMBLE(clicks, INTERVAL '1' MINUTE)) GROUP BY 1, 2");
    await client.run('FLUSH');
    expect(await rows('SELECT * FROM v')).toEqual(['2024-01-01 10:00:00 a 2',
      '2024-01-01 10:00:00 b 1', '2024-01-01 10:02:00 a 1', '2024-01-01 10:03:00 b 1']);
    expect(await rows("SELECT user_id FROM clicks WHERE url = '/ä'")).toEqual(['b']);
    put('user-clicks', 1, ...json({ user_id: 'c', url: '/', click_time: '2024-01-01 10:03:05' }));
    await client.run('FLUSH');
    expect(await rows("SELECT count FROM v WHERE user_id = 'c'")).toEqual(['1']);
    expect(await rows('SELECT partition, position, rows, status FROM tidemill.sources'))
      .toEqual(['0 3 3 caught_up', '1 3 3 caught_up']);
  });

  it('reads every codec, headers, keys and times into metadata columns', async () => {
    const [partition] = broker.createTopic('t', 1);
    for (const [at, codec] of (['none', 'gzip', 'snappy', 'lz4'] as const).entries()) {
      partition?.append([{
        key: `k${at}`, value: JSON.stringify({ n: at, s: 'x'.repeat(100) }),
        headers: { h: codec }, timestamp: 1_700_000_000_000 + at,
      }], { codec });
    }
    await client.run('CREATE TABLE t (n int, s text, o bigint METADATA FROM \'offset\' VIRTUAL, '
      + "at timestamptz METADATA FROM 'timestamp') INCLUDE KEY AS k INCLUDE PARTITION AS p "
      + `INCLUDE HEADER 'h' AS codec ${withOptions('t')} FORMAT PLAIN ENCODE JSON `
      + 'KEY ENCODE TEXT');
    await client.run('FLUSH');
    expect(await rows("SELECT n, length(s), o, extract(millisecond FROM at)::int, k, p, "
      + "convert_from(codec, 'UTF8') FROM t")).toEqual(['0 100 0 20000 k0 0 none',
      '1 100 1 20001 k1 0 gzip', '2 100 2 20002 k2 0 snappy', '3 100 3 20003 k3 0 lz4']);
    await reopen();
    expect(await rows('SELECT count(*) FROM t')).toEqual(['4']);
  });

  it('leaves out what transactions aborted and passes over empty batches', async () => {
    const partition = broker.createTopic('t', 1)[0];
    partition?.append([{ value: '{"n":1}' }]);
    partition?.append([{ value: '{"n":2}' }], { producerId: 7n, transactional: true });
    partition?.append([{ value: '{"n":3}' }], { producerId: 8n, transactional: true });
    partition?.endTransaction(7n, false);
    partition?.endTransaction(8n, true);
    partition?.append([{ value: '{"n":4}' }, { value: '{"n":5}' }]);
    partition?.append([{ value: '{"n":6}' }]);
    partition?.empty(5);
    await client.run(`CREATE TABLE t (n int) ${withOptions('t')} FORMAT PLAIN ENCODE JSON`);
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM t')).toEqual(['1', '3', '6']);
    expect(await rows('SELECT position FROM tidemill.sources')).toEqual(['8']);
  });

  it('buries what cannot be decoded, with key, headers and payload', async () => {
    const partition = broker.createTopic('t', 1)[0];
    partition?.append([
      { key: 'a', value: '{"n":1}' }, { key: 'b', value: '{"n":"x"}', headers: { h: 'v' } },
      { key: 'c', value: null }, { key: 'd', value: Buffer.from([123, 255]) },
      { key: 'e', value: '{"n":5}' },
    ]);
    await client.run(`CREATE TABLE t (n int) ${withOptions('t')} FORMAT PLAIN ENCODE JSON`);
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM t')).toEqual(['1', '5']);
    expect(await rows("SELECT position, sqlstate, column_name, convert_from(key, 'UTF8'), headers "
      + 'FROM dead_letter.t')).toEqual(['1 22P02 n b {"h": "v"}', '2 22004  c ', '3 22021  d ']);
  });
});

describe('envelopes', () => {
  it('upserts by key and deletes by tombstone', async () => {
    broker.createTopic('t', 1)[0]?.append([
      { key: 'a', value: '{"n":1}' }, { key: 'b', value: '{"n":2}' },
      { key: 'a', value: '{"n":3}' }, { key: 'b', value: null }, { key: null, value: '{"n":9}' },
      { key: 'c', value: null },
    ]);
    await client.run('CREATE TABLE t (n int, PRIMARY KEY (k)) INCLUDE KEY AS k '
      + `${withOptions('t')} FORMAT UPSERT ENCODE JSON KEY ENCODE TEXT`);
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT count(*), sum(n) FROM t');
    await client.run('FLUSH');
    expect(await rows('SELECT k, n FROM t')).toEqual(['a 3']);
    broker.partition('t', 0).append([{ key: 'a', value: '{"n":4}' }, { key: 'd', value: '{"n":1}' }]);
    broker.wake();
    await client.run('FLUSH');
    expect(await rows('SELECT * FROM v')).toEqual(['2 5']);
    await reopen();
    expect(await rows('SELECT * FROM v')).toEqual(['2 5']);
    expect(await rows('SELECT sqlstate FROM dead_letter.t')).toEqual(['22004']);
  });

  it('upserts with key columns of their own', async () => {
    broker.createTopic('t', 1)[0]?.append([
      { key: '{"id":1}', value: '{"id":1,"n":1}' }, { key: '{"id":2}', value: '{"n":2}' },
      { key: '{"id":1}', value: null },
    ]);
    await client.run(`CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL) ${withOptions('t')} `
      + 'FORMAT UPSERT ENCODE JSON');
    await client.run('FLUSH');
    expect(await rows('SELECT id, n FROM t')).toEqual(['2 2']);
  });

  it('follows Debezium changes, with a schema and without', async () => {
    const schema = { type: 'struct', fields: [{ field: 'after', type: 'struct', fields: [
      { field: 'price', name: 'org.apache.kafka.connect.data.Decimal', type: 'bytes',
        parameters: { scale: '2' } },
      { field: 'at', name: 'io.debezium.time.MicroTimestamp', type: 'int64' },
      { field: 'day', name: 'io.debezium.time.Date', type: 'int32' }] }] };
    const at = 1_704_103_200_000_001;
    const value = (change: object, wrapped: boolean): string =>
      JSON.stringify(wrapped ? { schema, payload: change } : change);
    broker.createTopic('t', 1)[0]?.append([
      { value: value({ op: 'r', before: null, after: { id: 1, price: 'BNI=', at, day: 19723 } },
        true) },
      { value: value({ op: 'c', before: null, after: { id: 2, price: '/w==', at, day: 1 } }, true) },
      { value: value({ op: 'u', before: { id: 2 },
        after: { id: 3, price: '7.50', at: 1_704_103_200_000, day: 2 } }, false) },
      { value: value({ op: 'c', before: null, after: { id: 4, price: '1', at, day: 3 } }, false) },
      { value: value({ op: 'd', before: { id: 4 }, after: null }, false) },
      { key: '{"id":4}', value: null },
      { value: '{"id": 1}' },
    ]);
    await client.run('CREATE TABLE t (id int PRIMARY KEY, price numeric(10,2), at timestamp, '
      + `day date) ${withOptions('t')} FORMAT DEBEZIUM ENCODE JSON`);
    await client.run('FLUSH');
    expect(await rows('SELECT * FROM t')).toEqual([
      '1 12.34 2024-01-01 10:00:00.000001 2024-01-01', '3 7.50 2024-01-01 10:00:00 1970-01-03']);
    expect(await rows('SELECT position, reason FROM dead_letter.t'))
      .toEqual(['6 not a Debezium envelope: it has no "op"']);
  });
});

describe('positions', () => {
  it('starts where it is told', async () => {
    const partition = broker.createTopic('t', 1)[0];
    for (let n = 0; n < 5; n++) {
      partition?.append([{ value: `{"n":${n}}`, timestamp: 1000 * n }, {
        value: `{"n":${n + 10}}`, timestamp: 1000 * n + 500 }]);
    }
    for (const [name, mode] of [
      ['a', "'latest-offset'"], ['b', "'timestamp', 'scan.startup.timestamp-millis' = '3000'"],
      ['c', "'specific-offsets', 'scan.startup.specific-offsets' = 'partition:0,offset:7'"],
    ]) {
      await client.run(`CREATE TABLE ${name} (n int) `
        + `${withOptions('t', `, 'scan.startup.mode' = ${mode}`)} FORMAT PLAIN ENCODE JSON`);
    }
    put('t', 0, '{"n":99}');
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM a')).toEqual(['99']);
    expect(await rows('SELECT n FROM b')).toEqual(['13', '14', '3', '4', '99']);
    expect(await rows('SELECT n FROM c')).toEqual(['13', '14', '4', '99']);
    await reopen();
    expect(await rows('SELECT n FROM c')).toEqual(['13', '14', '4', '99']);
  });

  it('stops at a gap and names it; other sources go on', async () => {
    broker.createTopic('t', 1);
    broker.createTopic('u', 1);
    put('t', 0, '{"n":1}');
    for (const name of ['t', 'u']) {
      await client.run(`CREATE TABLE ${name} (n int) ${withOptions(name)} `
        + 'FORMAT PLAIN ENCODE JSON');
    }
    await client.run('FLUSH');
    broker.fault = (api) => (api === 1 ? { delayMs: 300 } : null);
    put('t', 0, '{"n":2}');
    put('t', 0, '{"n":3}');
    put('u', 0, '{"n":1}');
    broker.partition('t', 0).retain(2n);
    await client.run('FLUSH');
    expect(await rows('SELECT relation, status FROM tidemill.sources')).toEqual([
      't broken(gap in partition 0 of topic "t": offsets 1 to 1 are no longer there)',
      'u caught_up']);
    expect(await rows('SELECT n FROM t')).toEqual(['1']);
    expect(await rows('SELECT n FROM u')).toEqual(['1']);
  });

  it('stops where a partition was truncated or a batch is damaged', async () => {
    broker.createTopic('t', 1);
    put('t', 0, '{"n":1}');
    put('t', 0, '{"n":2}');
    broker.createTopic('u', 1);
    put('u', 0, '{"n":1}');
    broker.partition('u', 0).damage(0);
    for (const name of ['t', 'u']) {
      await client.run(`CREATE TABLE ${name} (n int) ${withOptions(name)} `
        + 'FORMAT PLAIN ENCODE JSON');
    }
    await client.run('FLUSH');
    broker.partition('t', 0).truncate(1n);
    await client.run('FLUSH');
    expect(await rows('SELECT relation, status FROM tidemill.sources')).toEqual([
      't broken(partition 0 of topic "t" was truncated: offset 2 was read up to, and the '
        + 'partition ends at 1)',
      'u broken(partition 0 of topic "u": record batch at offset 0 has a wrong checksum)']);
  });

  it('reads partitions that come into being', async () => {
    broker.createTopic('t', 1);
    put('t', 0, '{"n":1}');
    await client.run(`CREATE TABLE t (n int) ${withOptions('t',
      ", 'properties.topic.metadata.refresh.interval.ms' = '20'")} FORMAT PLAIN ENCODE JSON`);
    await client.run('FLUSH');
    broker.createTopic('t', 3);
    put('t', 2, '{"n":2}');
    for (let wait = 0; wait < 100; wait++) {
      if ((await rows('SELECT n FROM t')).length === 2) break;
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM t')).toEqual(['1', '2']);
    expect(await rows('SELECT partition FROM tidemill.sources')).toEqual(['0', '1', '2']);
    await reopen();
    expect(await rows('SELECT n FROM t')).toEqual(['1', '2']);
  });
});

describe('bad records and gaps', () => {
  it('decodes dead letters again when the declaration fits them', async () => {
    broker.createTopic('t', 1)[0]?.append([
      { key: 'a', value: '{"n":1}' }, { key: 'b', value: '{}', headers: { h: 'v' } },
      { key: 'c', value: 'nonsense' },
    ]);
    await client.run('CREATE TABLE t (n int NOT NULL) INCLUDE KEY AS k INCLUDE HEADER \'h\' '
      + `${withOptions('t')} FORMAT PLAIN ENCODE JSON KEY ENCODE TEXT`);
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT count(*) AS c, sum(n) AS s FROM t');
    await client.run('FLUSH');
    expect(await rows('SELECT * FROM v')).toEqual(['1 1']);
    await client.run('ALTER TABLE t REPLAY DEAD LETTERS');
    expect(await rows('SELECT sqlstate FROM dead_letter.t')).toEqual(['22P02', '23502']);
    await client.run('ALTER TABLE t ALTER COLUMN n DROP NOT NULL');
    await client.run('ALTER TABLE t REPLAY DEAD LETTERS');
    expect(await rows("SELECT k, n, convert_from(h, 'UTF8') FROM t")).toEqual(['a 1 ', 'b  v']);
    expect(await rows('SELECT * FROM v')).toEqual(['2 1']);
    expect(await rows('SELECT sqlstate FROM dead_letter.t')).toEqual(['22P02']);
    await reopen();
    expect(await rows('SELECT * FROM v')).toEqual(['2 1']);
    expect(await rows('SELECT sqlstate FROM dead_letter.t')).toEqual(['22P02']);
  });

  it('passes over or stops where it is told', async () => {
    broker.createTopic('t', 1);
    put('t', 0, '{"n":1}');
    put('t', 0, 'bad');
    put('t', 0, '{"n":3}');
    for (const [name, clause] of [['a', 'SKIP'], ['b', 'STOP'], ['c', 'DEAD LETTER']]) {
      await client.run(`CREATE TABLE ${name} (n int) ${withOptions('t')} ON ERROR ${clause} `
        + 'FORMAT PLAIN ENCODE JSON');
    }
    await client.run('FLUSH');
    expect(await rows('SELECT relation, dead_lettered, status FROM tidemill.sources')).toEqual([
      'a 1 caught_up', 'b 0 broken(record at 1: invalid input syntax for type json)',
      'c 1 caught_up']);
    expect(await rows('SELECT count(*) FROM dead_letter.a')).toEqual(['0']);
    expect(await rows('SELECT count(*) FROM dead_letter.c')).toEqual(['1']);
    expect(await rows('SELECT relation, lag FROM tidemill.source_lag')).toEqual(
      ['a 0', 'b 3', 'c 0']);
  });

  it('goes on behind a gap when it is told to', async () => {
    broker.createTopic('t', 1);
    put('t', 0, '{"n":1}');
    await client.run(`CREATE TABLE t (n int) ${withOptions('t',
      ", 'properties.group.id' = 'g', log_rows = 'true'")} FORMAT PLAIN ENCODE JSON`);
    await client.run('FLUSH');
    broker.fault = (api) => (api === 1 ? 'close' : null);
    for (const n of [2, 3, 4]) broker.partition('t', 0).append([{ value: `{"n":${n}}` }]);
    broker.partition('t', 0).retain(3n);
    broker.fault = () => null;
    for (let wait = 0; wait < 100; wait++) {
      await client.run('FLUSH');
      if ((await rows('SELECT status FROM tidemill.sources'))[0]?.startsWith('broken')) break;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    expect(await rows('SELECT status FROM tidemill.sources')).toEqual([
      'broken(gap in partition 0 of topic "t": offsets 1 to 2 are no longer there)']);
    await client.run('ALTER TABLE t RESUME AFTER GAP');
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM t')).toEqual(['1', '4']);
    await reopen();
    expect(await rows('SELECT n FROM t')).toEqual(['1', '4']);
    expect(await failure('ALTER TABLE t RESUME AFTER GAP')).toContain('has not stopped at a gap');
    await engine.close();
    await open(1000n);
    put('t', 0, '{"n":5}');
    for (let wait = 0; wait < 200 && broker.committed.get('g/t/0') !== 5n; wait++) {
      await new Promise((resolve) => { setTimeout(resolve, 20); });
      await client.run('CREATE TABLE IF NOT EXISTS other (n int)');
      await client.run('INSERT INTO other VALUES (1)');
    }
    expect(broker.committed.get('g/t/0')).toBe(5n);
  });
});

describe('declarations that fail at once', () => {
  it('names what is wrong', async () => {
    const table = 'CREATE TABLE t (n int) ';
    broker.createTopic('t', 1);
    expect(await failure(`${table}${withOptions('nope')} FORMAT PLAIN ENCODE JSON`))
      .toContain('topic "nope" does not exist');
    expect(await failure(`${table}WITH (connector = 'kafka', topic = 't', `
      + "'properties.bootstrap.servers' = '127.0.0.1:1') FORMAT PLAIN ENCODE JSON"))
      .toContain('could not connect to Kafka: ');
    expect(await failure(`${table}${withOptions('t')}`)).toContain('needs a format');
    expect(await failure(`${table}${withOptions('t')} FORMAT UPSERT ENCODE JSON`))
      .toContain('FORMAT UPSERT needs a primary key');
    expect(await failure(`${table}${withOptions('t', ", 'x' = '1'")} FORMAT PLAIN ENCODE JSON`))
      .toContain('unrecognized option "x"');
    expect(await failure(`CREATE TABLE t (o text METADATA FROM 'offset') ${withOptions('t')} `
      + 'FORMAT PLAIN ENCODE JSON')).toContain('metadata "offset" does not fit type text');
  });

  it('logs in with PLAIN', async () => {
    const locked = await TestBroker.start({ users: { ann: 'secret' } });
    locked.createTopic('t', 1)[0]?.append([{ value: '{"n":1}' }]);
    const declare = (name: string, password: string): string => `CREATE TABLE ${name} (n int) `
      + `WITH ('connector' = 'kafka', 'topic' = 't', 'properties.bootstrap.servers' = `
      + `'${locked.address}', 'properties.security.protocol' = 'SASL_PLAINTEXT', `
      + `'properties.sasl.mechanism' = 'PLAIN', 'properties.sasl.username' = 'ann', `
      + `'properties.sasl.password' = '${password}', 'format' = 'json')`;
    expect(await failure(declare('a', 'wrong')))
      .toContain('Kafka refused the login');
    await client.run(declare('b', 'secret'));
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM b')).toEqual(['1']);
    await client.run(declare('c', 'secret').replace('TABLE', 'SOURCE'));
    expect((await rows('SELECT ftoptions FROM pg_foreign_table')).join()).toMatch(/^(?!.*secret).*password=\*/s);
    await locked.stop();
  });
});
