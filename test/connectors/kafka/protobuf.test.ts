/**
 * Protobuf from a topic: by a given schema, and by a registry whose schemas evolve; columns taken
 * from the registry; dead letters replayed when their schema has arrived.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { kafkaLogs } from '../../../src/runtime/real/kafka/kafkajs-client.ts';
import { httpRegistry } from '../../../src/runtime/real/kafka/schema-registry.ts';
import { realClock } from '../../../src/runtime/real/real-environment.ts';
import { openEngine } from '../../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../../src/runtime/session-api.ts';
import { TestClient } from '../../support/client.ts';
import { TestBroker } from '../../support/kafka/broker.ts';
import { TestRegistry } from '../../support/kafka/registry.ts';
import { SimDisk, SimStorage, simWorld } from '../../support/sim-environment.ts';

const FIRST = `syntax = "proto3"; // a comment
package shop;
import "google/protobuf/timestamp.proto";
/* several
   lines */
message Order {
  option deprecated = false;
  reserved 90, 91 to 99; reserved "old";
  enum State { OPEN = 0; PAID = 1 [deprecated = true]; }
  message Line { string product = 1; int32 count = 2; }
  int64 id = 1;
  string note = 2;
  optional double price = 3 [json_name = "cost"];
  State state = 4;
  repeated sint32 marks = 5;
  repeated Line lines = 6;
  map<string, int64> stock = 7;
  google.protobuf.Timestamp placed_at = 8;
  oneof pay { string card = 9; bool cash = 10; }
  bytes token = 11;
  fixed64 big = 12;
  float ratio = 13;
}
service Shop { rpc Put (Order) returns (Order) {} }
message Other { int32 n = 1; }`;
/** Later: fields gone, one more, one wider. */
const SECOND = `syntax = "proto3"; package shop;
message Order { int64 id = 1; string city = 20; double price = 3; repeated sint32 marks = 5; }`;
/** A change no reader can follow: a text where a number was. */
const BROKEN = 'syntax = "proto3"; package shop; message Order { string id = 1; }';

let broker: TestBroker;
let registry: TestRegistry;
let engine: Engine;
let client: TestClient;
let disk: SimDisk;

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

function varint(value: bigint | number): number[] {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const number = (field: number, value: bigint | number): number[] =>
  [...varint(field * 8), ...varint(value)];
const delimited = (field: number, bytes: string | readonly number[]): number[] => {
  const content = [...Buffer.from(bytes as string)];
  return [...varint(field * 8 + 2), ...varint(content.length), ...content];
};
const double = (field: number, value: number): number[] => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [...varint(field * 8 + 1), ...bytes];
};

const ORDER = Buffer.from([
  ...number(1, -5n), ...delimited(2, 'näh'), ...double(3, 1.5), ...number(4, 1),
  ...delimited(5, [...varint(1), ...varint(4)]), ...number(5, 6),
  ...delimited(6, [...delimited(1, 'cup'), ...number(2, 3)]), ...delimited(6, []),
  ...delimited(7, [...delimited(1, 'a'), ...number(2, 9_007_199_254_740_993n)]),
  ...delimited(8, [...number(1, 1_704_103_200), ...number(2, 5_000)]),
  ...number(10, 1), ...delimited(11, [0, 255]), 12 * 8 + 1, 255, 255, 255, 255, 255, 255, 255, 255,
  ...number(77, 3),
]);

function framed(id: number, path: readonly number[], bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, Buffer.from(path), bytes]);
}

const kafka = (topic: string): string => `connector = 'kafka', topic = '${topic}', `
  + `'properties.bootstrap.servers' = '${broker.address}'`;

beforeEach(async () => {
  broker = await TestBroker.start();
  registry = await TestRegistry.start();
  disk = new SimDisk();
  await open();
});
afterEach(async () => {
  await engine.close();
  await broker.stop();
  await registry.stop();
});

it('reads messages by the schema in the statement', async () => {
  broker.createTopic('orders', 1)[0]?.append([
    { value: ORDER }, { value: null }, { value: Buffer.from(delimited(2, 'x')) },
    { value: ORDER.subarray(0, 20) }, { value: Buffer.from(delimited(2, [255])) },
  ]);
  await client.run('CREATE TABLE orders (id bigint NOT NULL, note text, price float8, state text, '
    + 'marks int[], lines jsonb, stock jsonb, "placedAt" timestamp, card text, cash boolean, '
    + `token bytea, big numeric, ratio real, unknown int) WITH (${kafka('orders')}) `
    + `FORMAT PLAIN ENCODE PROTOBUF (message = 'Order', schema = '${FIRST}')`);
  await client.run('FLUSH');
  expect(await rows('SELECT id, note, price, state, marks, lines, stock, "placedAt", card IS NULL, '
    + 'cash, token, big, ratio, unknown IS NULL FROM orders')).toEqual([
    '-5 näh 1.5 PAID {-1,2,3} [{"count": 3, "product": "cup"}, {"count": 0, "product": ""}] '
      + '{"a": 9007199254740993} 2024-01-01 10:00:00.000005 t t \\x00ff 18446744073709551615 0 t',
    '0 x  OPEN {} [] {}  t  \\x 0 0 t']);
  expect(await rows('SELECT position, sqlstate, reason FROM dead_letter.orders')).toEqual([
    '1 22004 record has no value',
    '3 22P03 not a Protobuf message: it ends in the middle of a field',
    '4 22021 invalid byte sequence for encoding "UTF8"']);
  await expect(client.run(`CREATE TABLE bad (id int) WITH (${kafka('orders')}) FORMAT PLAIN ENCODE `
    + `PROTOBUF (message = 'Nobody', schema = '${FIRST}')`)).rejects.toThrow('no message "Nobody"');
  await expect(client.run(`CREATE TABLE bad (id int) WITH (${kafka('orders')}) FORMAT PLAIN ENCODE `
    + 'PROTOBUF (schema = \'message M { Gone g = 1; }\')')).rejects.toThrow('"Gone"');
});

it('follows a registry: columns, schemas in both directions, broken changes, replay', async () => {
  registry.register(1, 'orders-value', { schema: FIRST, schemaType: 'PROTOBUF' });
  registry.register(2, 'orders-value', { schema: SECOND, schemaType: 'PROTOBUF' });
  const [partition] = broker.createTopic('orders', 1);
  partition?.append([
    { value: framed(1, [0], ORDER) }, { value: framed(1, [2, 2], Buffer.from(number(1, 7))) },
    { value: framed(2, [0], Buffer.from([...number(1, 8), ...delimited(20, 'oslo')])) },
    { value: framed(3, [0], Buffer.from(delimited(1, 'nine'))) },
    { value: framed(9, [0], Buffer.from(number(1, 10))) },
    { value: framed(1, [2, 6], Buffer.alloc(0)) },
  ]);
  await client.run(`CREATE TABLE orders FROM REGISTRY WITH (${kafka('orders')}) `
    + `FORMAT PLAIN ENCODE PROTOBUF (schema.registry = '${registry.url}', message = 'Order')`);
  await client.run(`CREATE TABLE wide (id bigint, note text, city text) WITH (${kafka('orders')}) `
    + `FORMAT PLAIN ENCODE PROTOBUF (schema.registry = '${registry.url}', message = 'Order')`);
  expect(await rows("SELECT column_name, data_type FROM information_schema.columns "
    + "WHERE table_name = 'orders' AND table_schema = 'public'")).toEqual(
    ['city text', 'id bigint', 'marks ARRAY', 'price double precision']);
  await client.run('FLUSH');
  const seen = ['-5 näh ', '8  oslo'];
  expect(await rows('SELECT id, note, city FROM wide')).toEqual(seen);
  expect(await rows('SELECT id, city, price FROM orders')).toEqual(['-5  1.5', '8 oslo 0']);
  expect(await rows('SELECT position, reason FROM dead_letter.wide')).toEqual([
    '1 a message "shop.Other", not "Order"',
    '3 Protobuf schema 3 is not in the registry', '4 Protobuf schema 9 is not in the registry',
    '5 the schema has no message of this index']);
  registry.register(3, 'orders-value', { schema: BROKEN, schemaType: 'PROTOBUF' });
  registry.register(9, 'orders-value', { schema: SECOND, schemaType: 'PROTOBUF' });
  await client.run('ALTER TABLE wide REPLAY DEAD LETTERS');
  expect(await rows('SELECT id, note, city FROM wide')).toEqual([...seen, '10  '].toSorted());
  expect(await rows('SELECT position, sqlstate, column_name FROM dead_letter.wide'))
    .toEqual(['1 22P03 ', '3 22P02 id', '5 22P03 ']);
  // What was replayed needs no registry after a crash.
  registry.schemas.delete(9);
  const old = engine;
  await open();
  await old.close();
  expect(await rows('SELECT id, note, city FROM wide')).toEqual([...seen, '10  '].toSorted());
  await expect(client.run(`CREATE TABLE none FROM REGISTRY WITH (${kafka('orders')}) FORMAT PLAIN `
    + `ENCODE AVRO (schema.registry = '${registry.url}', schema.registry.subject = 'x')`))
    .rejects.toThrow('the schema registry has no subject "x"');
});

it('takes columns from an Avro schema', async () => {
  const field = (name: string, type: unknown): object => ({ name, type });
  registry.register(4, 'events-value', { schema: JSON.stringify({ type: 'record', name: 'e', fields: [
    field('id', 'long'), field('note', ['null', 'string']),
    field('at', { type: 'long', logicalType: 'timestamp-millis' }),
    field('price', { type: 'bytes', logicalType: 'decimal', precision: 10, scale: 2 }),
    field('tags', { type: 'array', items: 'string' }), field('either', ['int', 'string']),
    field('kind', { type: 'enum', name: 'k', symbols: ['A'] }), field('day', { type: 'int',
      logicalType: 'date' }),
  ] }) });
  broker.createTopic('events', 1);
  await client.run(`CREATE SOURCE events (WATERMARK FOR at AS at - INTERVAL '5' SECOND) FROM REGISTRY `
    + `WITH (${kafka('events')}, format = 'avro-confluent', 'avro-confluent.url' = '${registry.url}')`);
  expect(await rows('SELECT ordinal_position, column_name, data_type FROM '
    + "information_schema.columns WHERE table_name = 'events' AND table_schema = 'public'")).toEqual(['1 id bigint',
    '2 note text', '3 at timestamp with time zone', '4 price numeric', '5 tags jsonb',
    '6 either jsonb', '7 kind text', '8 day date']);
});
