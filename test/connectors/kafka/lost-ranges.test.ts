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

async function open(): Promise<void> {
  storage = new SimStorage(disk);
  const engine = await openEngine({
    ...simWorld(storage), outside: { logs: kafkaLogs }, clock: realClock,
  }, { checkpointIntervalMicros: 3_600_000_000n });
  client = await TestClient.connect(engine);
}

/** A crash: nothing stays but the disk. */
async function reopen(): Promise<void> {
  storage.dead = true;
  await open();
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

