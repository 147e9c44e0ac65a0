/**
 * Avro from a topic with a schema registry: a double of the registry, schemas that evolve.
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import avro from 'avsc';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { kafkaLogs } from '../../../src/runtime/real/kafka/kafkajs-client.ts';
import { httpRegistry } from '../../../src/runtime/real/kafka/schema-registry.ts';
import { realClock } from '../../../src/runtime/real/real-environment.ts';
import { openEngine } from '../../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../../src/runtime/session-api.ts';
import { TestClient } from '../../support/client.ts';
import { TestBroker } from '../../support/kafka/broker.ts';
import { SimDisk, SimStorage, simWorld } from '../../support/sim-environment.ts';

const FIRST = { type: 'record', name: 'order', fields: [
  { name: 'id', type: 'long' }, { name: 'note', type: ['null', 'string'], default: null },
  { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 10, scale: 2 } },
  { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  { name: 'tags', type: { type: 'array', items: 'string' } },
] } as const;
/** Later: one field less, one of another type, one more. */
const SECOND = { type: 'record', name: 'order', fields: [
  { name: 'id', type: 'int' }, { name: 'city', type: 'string' },
  { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 3 } },
  { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
] } as const;

let broker: TestBroker;
let registry: Server;
let schemas: Map<number, object>;
let engine: Engine;
let client: TestClient;
let disk: SimDisk;

const url = (): string => `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;

async function open(): Promise<void> {
  engine = await openEngine({
    ...simWorld(new SimStorage(disk)), clock: realClock,
    outside: { logs: kafkaLogs, registries: httpRegistry },
  }, { checkpointIntervalMicros: 3_600_000_000n });
  client = await TestClient.connect(engine);
}

async function rows(query: string): Promise<string[]> {
  return (await client.run(query)).rows.map((row) => row.join(' ')).toSorted();
}

function framed(id: number, schema: object, value: object): Buffer {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, avro.Type.forSchema(schema as avro.Schema).toBuffer(value)]);
}

beforeEach(async () => {
  broker = await TestBroker.start();
  schemas = new Map<number, object>([[1, FIRST], [2, SECOND]]);
  registry = createServer((request, response) => {
    const id = Number(/^\/schemas\/ids\/(\d+)$/.exec(request.url ?? '')?.[1] ?? 0);
    const schema = schemas.get(id);
    const body = request.url === '/subjects' ? '[]'
      : schema === undefined ? null : JSON.stringify({ schema: JSON.stringify(schema) });
    response.writeHead(body === null ? 404 : 200).end(body ?? '{"error_code":40403}');
  });
  await new Promise<void>((resolve) => { registry.listen(0, '127.0.0.1', resolve); });
  disk = new SimDisk();
  await open();
});
afterEach(async () => {
  await engine.close();
  await broker.stop();
  registry.closeAllConnections();
  await new Promise((resolve) => { registry.close(resolve); });
});

it('reads records of several schemas, exactly; unknown ones are dead letters', async () => {
  const at = 1_704_103_200_000;
  broker.createTopic('orders', 1)[0]?.append([
    { value: framed(1, FIRST, { id: 4_503_599_627_370_497, note: 'x', at, tags: ['a', 'b'],
      price: Buffer.from([0x04, 0xd2]) }) },
    { value: framed(1, FIRST, { id: 2, note: null, at: at + 1, tags: [],
      price: Buffer.from([0xff]) }) },
    { value: framed(2, SECOND, { id: 3, city: 'oslo', at: at * 1000 + 5,
      price: Buffer.from([0x04, 0xd2]) }) },
    { value: framed(7, SECOND, { id: 4, city: '', at, price: Buffer.from([1]) }) },
    { value: '{"id": 5}' },
  ]);
  await client.run('CREATE TABLE orders (id bigint NOT NULL, note text, price numeric, at timestamp, '
    + "city text, tags jsonb) WITH (connector = 'kafka', topic = 'orders', "
    + `'properties.bootstrap.servers' = '${broker.address}') `
    + `FORMAT PLAIN ENCODE AVRO (schema.registry = '${url()}')`);
  await client.run('FLUSH');
  const expected = ['2  -0.01 2024-01-01 10:00:00.001  []',
    '3  1.234 2024-01-01 10:00:00.000005 oslo ',
    '4503599627370497 x 12.34 2024-01-01 10:00:00  ["a", "b"]'];
  expect(await rows('SELECT * FROM orders')).toEqual(expected);
  expect(await rows('SELECT position, reason FROM dead_letter.orders')).toEqual([
    '3 Avro schema 7 is not in the registry',
    '4 not an Avro record with the number of its schema']);
  schemas.set(7, SECOND);
  await client.run('ALTER TABLE orders REPLAY DEAD LETTERS');
  expected.push('4  0.001 1970-01-20 17:21:43.2  ');
  expect(await rows('SELECT position FROM dead_letter.orders')).toEqual(['4']);
  const old = engine;
  await open();
  await old.close();
  expect(await rows('SELECT * FROM orders')).toEqual(expected.toSorted());
});

it('stalls while the registry is away, and names it when it was never there', async () => {
  broker.createTopic('orders', 1);
  const declare = (at: string): string => 'CREATE TABLE orders (id bigint) WITH ('
    + `'connector' = 'kafka', 'topic' = 'orders', 'properties.bootstrap.servers' = `
    + `'${broker.address}', 'format' = 'avro-confluent', 'avro-confluent.url' = '${at}')`;
  await expect(client.run(declare('http://127.0.0.1:1')))
    .rejects.toThrow('could not reach the schema registry');
  await client.run(declare(url()));
  const { port } = registry.address() as AddressInfo;
  registry.closeAllConnections();
  await new Promise((resolve) => { registry.close(resolve); });
  broker.partition('orders', 0).append([{ value: framed(1, FIRST,
    { id: 1, note: null, at: 0, tags: [], price: Buffer.from([1]) }) }]);
  broker.wake();
  for (let wait = 0; wait < 100; wait++) {
    if ((await rows('SELECT status FROM tidemill.sources'))[0]?.startsWith('stalled')) break;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  expect((await rows('SELECT status FROM tidemill.sources'))[0])
    .toMatch(/^stalled\(could not reach the schema registry/);
  await new Promise<void>((resolve) => { registry.listen(port, '127.0.0.1', resolve); });
  for (let wait = 0; wait < 200; wait++) {
    if ((await rows('SELECT id FROM orders')).length > 0) break;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  expect(await rows('SELECT id FROM orders')).toEqual(['1']);
});
