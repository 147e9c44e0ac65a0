/**
 * Recovery when the brokers no longer have, or have otherwise, what the last epochs read: the
 * source stands still, all else goes on, and RESUME AFTER GAP is noted in tidemill.source_gaps.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { kafkaLogs } from '../../../src/runtime/real/kafka/kafkajs-client.ts';
import { realClock } from '../../../src/runtime/real/real-environment.ts';
import { openEngine } from '../../../src/runtime/session/open-engine.ts';
import { TestClient } from '../../support/client.ts';
import { TestBroker } from '../../support/kafka/broker.ts';
import { SimDisk, SimStorage, simWorld } from '../../support/sim-environment.ts';

let broker: TestBroker;
let disk: SimDisk;
let storage: SimStorage;
let client: TestClient;

const NEVER = 3_600_000_000n;

async function open(checkpointIntervalMicros: bigint = NEVER): Promise<void> {
  storage = new SimStorage(disk);
  const engine = await openEngine({
    ...simWorld(storage), outside: { logs: kafkaLogs }, clock: realClock,
  }, { checkpointIntervalMicros });
  client = await TestClient.connect(engine);
}

/** A crash: nothing stays but the disk. */
async function reopen(checkpointIntervalMicros: bigint = NEVER): Promise<void> {
  storage.dead = true;
  await open(checkpointIntervalMicros);
}

async function rows(query: string): Promise<string[]> {
  return (await client.run(query)).rows.map((row) => row.join(' ')).toSorted();
}

const withOptions = (topic: string): string => `WITH (connector = 'kafka', topic = '${topic}', `
  + `'properties.bootstrap.servers' = '${broker.address}')`;

function put(topic: string, partition: number, value: string): void {
  broker.partition(topic, partition).append([{ value }]);
  broker.wake();
}

beforeEach(async () => {
  broker = await TestBroker.start();
  disk = new SimDisk();
  await open();
});
afterEach(async () => {
  storage.dead = true;
  await broker.stop();
});

it('starts without what the brokers have lost of its last epochs', async () => {
  broker.createTopic('t', 2);
  broker.createTopic('u', 1);
  for (const topic of ['t', 'u']) {
    await client.run(`CREATE TABLE ${topic} (n int) ${withOptions(topic)} `
      + 'FORMAT PLAIN ENCODE JSON');
  }
  await client.run('CREATE MATERIALIZED VIEW v AS SELECT count(*) AS c FROM t');
  await client.run("CREATE SUBSCRIPTION s FROM v WITH (retention = '1 day')");
  put('t', 0, '{"n":1}');
  put('t', 1, '{"n":10}');
  put('u', 0, '{"n":1}');
  await client.run('FLUSH');
  put('t', 0, '{"n":2}');
  put('t', 1, '{"n":11}');
  await client.run('FLUSH');
  expect(await rows('SELECT c FROM v')).toEqual(['4']);
  put('t', 0, '{"n":3}');
  broker.partition('t', 0).retain(1n);
  for (let round = 0; round < 2; round++) {
    await reopen();
    expect(await rows('SELECT n FROM u')).toEqual(['1']);
    expect(await rows('SELECT n FROM t')).toEqual(['10', '11']);
    expect(await rows('SELECT c FROM v')).toEqual(['2']);
    await client.run('FLUSH');
    expect(await rows('SELECT relation, partition, status FROM tidemill.sources')).toEqual([
      't 0 broken(gap in partition 0 of topic "t": offsets 0 to 0 are no longer there)',
      't 1 caught_up', 'u 0 caught_up']);
  }
  await client.run('ALTER TABLE t RESUME AFTER GAP');
  await client.run('FLUSH');
  expect(await rows('SELECT n FROM t')).toEqual(['10', '11', '2', '3']);
  await reopen();
  expect(await rows('SELECT n FROM t')).toEqual(['10', '11', '2', '3']);
  expect(await rows('SELECT relation, partition, first_missing, resumed_at, reason '
    + 'FROM tidemill.source_gaps')).toEqual(['t 0 0 1 broken(gap in partition 0 of topic "t": '
    + 'offsets 0 to 0 are no longer there)']);
});

it('starts without a range that reads back differently', async () => {
  broker.createTopic('t', 1);
  await client.run(`CREATE TABLE t (n int) ${withOptions('t')} FORMAT PLAIN ENCODE JSON`);
  put('t', 0, '{"n":1}');
  await client.run('FLUSH');
  broker.partition('t', 0).truncate(0n);
  put('t', 0, '{"n":7}');
  await reopen();
  expect(await rows('SELECT n FROM t')).toEqual([]);
  await client.run('FLUSH');
  expect((await rows('SELECT status FROM tidemill.sources'))[0]).toContain('differently');
  await client.run('ALTER TABLE t RESUME AFTER GAP');
  put('t', 0, '{"n":8}');
  await client.run('FLUSH');
  expect(await rows('SELECT n FROM t')).toEqual(['8']);
});


/** Restarts with checkpoints after each epoch, and lets one be made. */
async function checkpoint(): Promise<void> {
  await reopen(1000n);
  for (let n = 0; n < 5; n++) {
    await client.run('CREATE TABLE IF NOT EXISTS other (n int)');
    await client.run('INSERT INTO other VALUES (1)');
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

it.each(['log_rows', 'checkpoint'])('finds a topic written anew while away: %s', async (way) => {
  broker.createTopic('t', 1);
  const logged = way === 'log_rows' ? ", log_rows = 'true'" : '';
  await client.run(`CREATE TABLE t (n int) ${withOptions('t').replace(/\)$/, `${logged})`)} `
    + 'FORMAT PLAIN ENCODE JSON');
  for (const n of [1, 2, 3]) put('t', 0, `{"n":${n}}`);
  await client.run('FLUSH');
  if (way === 'checkpoint') await checkpoint();
  await reopen();
  put('t', 0, '{"n":4}');
  await client.run('FLUSH');
  expect(await rows('SELECT n FROM t')).toEqual(['1', '2', '3', '4']);
  if (way === 'checkpoint') await checkpoint();
  broker.partition('t', 0).truncate(2n);
  for (const n of [30, 40, 50]) put('t', 0, `{"n":${n}}`);
  for (let round = 0; round < 2; round++) {
    await reopen();
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM t')).toEqual(['1', '2', '3', '4']);
    expect(await rows('SELECT status FROM tidemill.sources')).toEqual([
      'broken(partition 0 of topic "t" was truncated and written again: '
      + 'offset 3 is not the record that was read)']);
  }
  await client.run('ALTER TABLE t RESUME AFTER GAP');
  await client.run('FLUSH');
  expect(await rows('SELECT n FROM t')).toEqual(['1', '2', '3', '4', '50']);
  if (way === 'checkpoint') await checkpoint();
  await reopen();
  await client.run('FLUSH');
  expect(await rows('SELECT n FROM t')).toEqual(['1', '2', '3', '4', '50']);
});

it('does not mind records that compaction has taken', async () => {
  broker.createTopic('t', 1);
  await client.run(`CREATE TABLE t (n int) ${withOptions('t')} FORMAT PLAIN ENCODE JSON`);
  for (const n of [1, 2]) put('t', 0, `{"n":${n}}`);
  await client.run('FLUSH');
  await checkpoint();
  broker.partition('t', 0).empty(1);
  put('t', 0, '{"n":3}');
  await reopen();
  await client.run('FLUSH');
  expect(await rows('SELECT n FROM t')).toEqual(['1', '2', '3']);
});
