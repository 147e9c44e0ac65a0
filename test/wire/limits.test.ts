/**
 * The limits of a server, each at its edge: what is beyond is refused with a reason, and what was
 * there before goes on.
 */
import { serialize } from 'pg-protocol';
import { afterEach, expect, it } from 'vitest';
import { TOKENS_MAX } from '../../src/parser/lexer.ts';
import { NAMED_MAX } from '../../src/runtime/session/bounded-map.ts';
import { RESERVED_CONNECTIONS } from '../../src/server/client-registry.ts';
import {
  COPY_BYTES_MAX, MESSAGE_BYTES_MAX, STARTUP_BYTES_MAX,
} from '../../src/server/protocol/reader.ts';
import type { ServerOptions } from '../../src/server/server.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { names, WireClient } from '../support/wire.ts';

let server: TestServer | null = null;

async function start(options: ServerOptions = {}): Promise<TestServer> {
  server = await startServer(options);
  return server;
}

afterEach(async () => {
  await server?.close();
  server = null;
});

/** A message that says it is longer than what follows. */
function header(type: string, length: number): Uint8Array {
  const bytes = Buffer.alloc(type.length + 4);
  bytes.write(type, 'latin1');
  bytes.writeInt32BE(length, type.length);
  return bytes;
}

it('refuses messages beyond the longest before it has them', async () => {
  const { port } = await start();
  for (const [type, most] of [['Q', MESSAGE_BYTES_MAX], ['d', COPY_BYTES_MAX]] as const) {
    const client = await WireClient.login(port);
    client.send(header(type, most + 1));
    const [error] = await client.until('error');
    expect(error).toMatchObject({
      severity: 'FATAL', code: '08P01', message: `invalid message length for message type "${type}"`,
      hint: `A message of this type is at most ${most} bytes long.`,
    });
    await client.until('nothing more');
    expect(client.closed).toBe(true);
  }
});

it('takes a message of the longest length', async () => {
  const client = await WireClient.login((await start()).port);
  const text = `SELECT length('${'x'.repeat(MESSAGE_BYTES_MAX - 22)}')`;
  const message = serialize.query(text);
  expect(message.length - 1).toBe(MESSAGE_BYTES_MAX);
  client.send(message);
  const [, row] = await client.until('readyForQuery');
  expect(row).toMatchObject({ fields: [String(MESSAGE_BYTES_MAX - 22)] });
  client.close();
});

it('closes on a startup packet beyond the longest', async () => {
  const { port } = await start();
  const client = new WireClient(port);
  client.send(header('', STARTUP_BYTES_MAX + 1));
  await client.until('nothing');
  expect(client.closed).toBe(true);
});

it('keeps three connections for superusers', async () => {
  const { port } = await start({ connectionsMax: 3 });
  const first = await WireClient.login(port);
  await first.query('CREATE ROLE ann LOGIN');
  const others = [await WireClient.login(port), await WireClient.login(port)];
  const ann = new WireClient(port);
  ann.send(serialize.startup({ user: 'ann', database: 'tidemill' }));
  expect((await ann.until('error')).at(-1)).toMatchObject({
    severity: 'FATAL', code: '53300', message: 'sorry, too many clients already',
  });
  for (let i = 0; i < RESERVED_CONNECTIONS; i++) others.push(await WireClient.login(port));
  const last = new WireClient(port);
  last.send(serialize.startup({ user: 'tidemill', database: 'tidemill' }));
  expect((await last.until('error')).at(-1)).toMatchObject({ code: '53300' });
  expect(names(await first.query('SELECT 1')))
    .toBe('rowDescription dataRow commandComplete readyForQuery');
  for (const client of [first, ...others]) client.close();
});

it('turns away those that do not log in, when there are too many', async () => {
  const { port } = await start({ startingMax: 2 });
  const silent = [new WireClient(port), new WireClient(port)];
  // What is said on both shows that the server has them.
  for (const client of silent) client.send(header('', 16));
  const third = new WireClient(port);
  await third.until('nothing');
  expect(third.closed).toBe(true);
  for (const client of silent) client.close();
});

it('keeps a thousand prepared statements a session', async () => {
  const client = await WireClient.login((await start()).port);
  for (let i = 0; i < NAMED_MAX; i++) {
    client.send(serialize.parse({ name: `s${i}`, text: 'SELECT 1', types: [] }));
  }
  client.send(serialize.sync());
  expect(names(await client.until('readyForQuery'))).toBe(`parseComplete*${NAMED_MAX} readyForQuery`);
  client.send(serialize.parse({ name: 'more', text: 'SELECT 1', types: [] }), serialize.sync());
  const [error] = await client.until('readyForQuery');
  expect(error).toMatchObject({
    code: '54000', message: 'too many prepared statements: a session keeps at most 1000',
    hint: 'DEALLOCATE those that are not needed any more, or DISCARD ALL.',
  });
  expect(names(await client.query('DEALLOCATE s7; PREPARE more AS SELECT 2; EXECUTE more')))
    .toBe('commandComplete*2 rowDescription dataRow commandComplete readyForQuery');
  client.close();
});

it('keeps a thousand cursors a session', async () => {
  const client = await WireClient.login((await start()).port);
  const declare = (i: number): string => `DECLARE c${i} CURSOR FOR SELECT 1;`;
  await client.query(`BEGIN; ${Array.from({ length: NAMED_MAX }, (_c, i) => declare(i)).join('')}`);
  const [error] = await client.query(declare(NAMED_MAX));
  expect(error).toMatchObject({
    code: '54000', message: 'too many cursors: a session keeps at most 1000',
  });
  client.close();
});

it('takes no text of more tokens than it has memory for', async () => {
  const client = await WireClient.login((await start()).port);
  const [error] = await client.query(`SELECT ${'1,'.repeat(TOKENS_MAX / 2)} 1`);
  expect(error).toMatchObject({
    code: '54000', message: `query text has more than ${TOKENS_MAX} words, numbers and signs`,
    hint: 'Send rows with COPY, or in several INSERTs.',
  });
  expect(names(await client.query('SELECT 1')))
    .toBe('rowDescription dataRow commandComplete readyForQuery');
  client.close();
});

it('cancels nothing for guessed keys', async () => {
  const { port } = await start();
  const client = new WireClient(port);
  client.send(serialize.startup({ user: 'tidemill', database: 'tidemill' }));
  const greeting = await client.until('readyForQuery');
  const keys = greeting.find(({ name }) => name === 'backendKeyData') as unknown as {
    readonly processID: number; readonly secretKey: number;
  };
  client.send(serialize.query('SELECT count(*) FROM generate_series(1, 300000) a'));
  for (let guess = 1; guess <= 200; guess++) {
    const other = new WireClient(port);
    other.send(serialize.cancel(keys.processID + (guess % 3) - 1, keys.secretKey ^ guess));
    await other.until('nothing');
  }
  expect(names(await client.until('readyForQuery')))
    .toBe('rowDescription dataRow commandComplete readyForQuery');
  client.close();
});
