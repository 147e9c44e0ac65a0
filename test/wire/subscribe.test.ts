/**
 * SUBSCRIBE over the wire: every epoch reaches the client at once, in every shape, and the stream
 * ends when the client says so.
 */
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { WireClient, names } from '../support/wire.ts';

let server: TestServer;
let writer: WireClient;

beforeAll(async () => {
  server = await startServer();
  writer = await WireClient.login(server.port);
  await writer.query('CREATE TABLE t (id int8 PRIMARY KEY, name text)');
  await writer.query(`INSERT INTO t VALUES (1, 'one')`);
});

afterAll(async () => {
  writer.close();
  await server.close();
});

interface Keyed {
  readonly client: WireClient;
  readonly cancel: () => void;
}

/** A connection with the means to cancel what it runs. */
async function keyed(): Promise<Keyed> {
  const client = new WireClient(server.port);
  client.send(serialize.startup({ user: 'tidemill', database: 'tidemill' }));
  const hello = await client.until('readyForQuery');
  const { processID, secretKey } = hello.find(({ name }) => name === 'backendKeyData') as
    unknown as { processID: number; secretKey: number };
  return {
    client,
    cancel: () => new WireClient(server.port).send(serialize.cancel(processID, secretKey)),
  };
}

/** Subscriptions to queries that run, seen by their hidden views. */
async function running(): Promise<number> {
  const rows = await writer.query('SELECT count(*) FROM tidemill.views');
  return Number((rows[1] as unknown as { fields: string[] }).fields[0]);
}

it('streams in the simple protocol until it is cancelled', async () => {
  const { client, cancel } = await keyed();
  client.send(serialize.query('SUBSCRIBE t'));
  expect(names(await client.until('dataRow'))).toBe('rowDescription dataRow');
  for (let id = 10; id < 13; id++) {
    await writer.query(`INSERT INTO t VALUES (${id}, 'x')`);
    const [row] = await client.until('dataRow');
    expect(row).toMatchObject({ fields: [expect.any(String), '1', String(id), 'x'] });
  }
  cancel();
  const ended = await client.until('readyForQuery');
  expect(names(ended)).toBe('error readyForQuery');
  expect(ended[0]).toMatchObject({ code: '57014' });
  expect(names(await client.query('SELECT 1')))
    .toBe('rowDescription dataRow commandComplete readyForQuery');
  client.close();
});

it('suspends at what there is in the extended protocol, and goes on', async () => {
  const client = await WireClient.login(server.port);
  client.send(
    serialize.parse({ name: '', text: 'SUBSCRIBE (SELECT name FROM t WHERE id > 90)', types: [] }),
    serialize.bind({ portal: 'p' }), serialize.describe({ type: 'P', name: 'p' }),
    serialize.execute({ portal: 'p', rows: 100 }), serialize.flush());
  await client.until('rowDescription');
  await writer.query(`INSERT INTO t VALUES (91, 'a'), (92, 'b')`);
  expect(names(await client.until('portalSuspended'))).toBe('dataRow*2 portalSuspended');
  client.send(serialize.execute({ portal: 'p', rows: 100 }), serialize.flush());
  await writer.query('DELETE FROM t WHERE id = 91');
  expect((await client.until('portalSuspended'))[0])
    .toMatchObject({ fields: [expect.any(String), '-1', 'a'] });
  client.send(serialize.sync());
  await client.until('readyForQuery');
  expect(await running()).toBe(0);
  client.close();
});

it('streams under COPY', async () => {
  const { client, cancel } = await keyed();
  client.send(serialize.query('COPY (SUBSCRIBE t WITH (SNAPSHOT = false)) TO STDOUT'));
  expect(names(await client.until('copyOutResponse'))).toBe('copyOutResponse');
  await writer.query(`INSERT INTO t VALUES (50, 'copied')`);
  const [data] = await client.until('copyData');
  expect(Buffer.from((data as unknown as { chunk: Uint8Array }).chunk).toString())
    .toMatch(/^\d+\t1\t50\tcopied\n$/);
  cancel();
  expect(names(await client.until('readyForQuery'))).toBe('error readyForQuery');
  client.close();
});

it('ends with Terminate and with the socket', async () => {
  for (const leave of [serialize.end(), null]) {
    const client = await WireClient.login(server.port);
    client.send(serialize.query('SUBSCRIBE (SELECT id FROM t)'));
    await client.until('dataRow');
    expect(await running()).toBe(1);
    if (leave === null) client.close();
    else client.send(leave);
    while (await running() > 0) await new Promise((resolve) => { setTimeout(resolve, 5); });
    if (leave !== null) await client.until('never');
    expect(client.closed).toBe(true);
  }
});

it('serves cursors: FETCH with a timeout, and ROLLBACK', async () => {
  const client = await WireClient.login(server.port);
  await client.query('BEGIN; DECLARE c CURSOR FOR SUBSCRIBE (SELECT id FROM t WHERE id < 2)');
  expect(names(await client.query('FETCH ALL c')))
    .toBe('rowDescription dataRow commandComplete readyForQuery');
  const waiting = client.query(`FETCH 1 c WITH (timeout = '60s')`);
  await writer.query('DELETE FROM t WHERE id = 1');
  expect((await waiting)[1]).toMatchObject({ fields: [expect.any(String), '-1', '1'] });
  expect(names(await client.query(`FETCH 1 c WITH (timeout = '10ms')`)))
    .toBe('rowDescription commandComplete readyForQuery');
  await client.query('ROLLBACK');
  expect(await running()).toBe(0);
  client.close();
});
