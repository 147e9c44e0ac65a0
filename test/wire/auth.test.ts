/**
 * Logging in: SCRAM with and without channel binding, TLS, what is refused; notifications; time
 * limits; and that the same passwords open HTTP. Driven by node-postgres, and raw where it must be.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { serialize } from 'pg-protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readCertificate } from '../../src/server/real/certificate.ts';
import type { Certificate } from '../../src/server/real/certificate.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { names, WireClient } from '../support/wire.ts';

let folder: string;
let certificate: Certificate | null = null;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemill-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj',
      '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    certificate = readCertificate(cert, key);
  } catch {
    console.warn('no openssl: TLS is not tested');
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

async function login(
  server: TestServer, options: Partial<pg.ClientConfig> & { enableChannelBinding?: boolean } = {},
): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1', port: server.port, user: 'eve', database: 'tidemill', password: 'right',
    ...options,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function makeEve(server: TestServer): Promise<void> {
  const session = await server.engine.connect({
    user: 'tidemill', database: 'tidemill', settings: [], pid: 1, clientAddress: '',
  });
  for await (const event of session.query(`CREATE ROLE eve LOGIN PASSWORD 'right';
    CREATE ROLE old LOGIN PASSWORD 'right' VALID UNTIL '2001-01-01'; CREATE ROLE bare LOGIN;
    CREATE TABLE t (k int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a');
    GRANT SELECT ON t TO eve`)) {
    if (event.kind === 'error') throw new Error(event.error.message);
  }
  await session.close();
}

describe('with a password', () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer({ auth: 'password', certificate: certificate ?? undefined });
    await makeEve(server);
  });

  afterEach(() => server.close());

  it('SCRAM-SHA-256 lets the right one in, and nobody else', async () => {
    const client = await login(server);
    expect((await client.query('SELECT v, current_user AS u FROM t')).rows)
      .toEqual([{ v: 'a', u: 'eve' }]);
    await expect(client.query('DELETE FROM t')).rejects.toMatchObject({ code: '42501' });
    await client.end();
    for (const wrong of [{ password: 'wrong' }, { user: 'nobody' }, { user: 'bare' }, { user: 'old' },
      { user: 'tidemill' }]) {
      await expect(login(server, wrong)).rejects.toMatchObject({ code: '28P01' });
    }
  });

  it('takes 30 log-ins at once', async () => {
    const clients = await Promise.all(Array.from({ length: 30 }, () => login(server)));
    expect(clients).toHaveLength(30);
    for (const client of clients) await client.end();
  });

  it('TLS, with and without channel binding', async () => {
    if (certificate === null) return;
    const ssl = { rejectUnauthorized: false };
    for (const enableChannelBinding of [true, false]) {
      const client = await login(server, { ssl, enableChannelBinding });
      expect((await client.query('SELECT 1 AS x')).rows).toEqual([{ x: 1 }]);
      await client.end();
      await expect(login(server, { ssl, enableChannelBinding, password: 'wrong' }))
        .rejects.toMatchObject({ code: '28P01' });
    }
  });

  it('ends a connection that sends bytes behind its SSLRequest', async () => {
    const client = new WireClient(server.port);
    client.send(new Uint8Array(Buffer.concat([serialize.requestSsl(),
      serialize.startup({ user: 'eve' })])));
    expect(names(await client.until('readyForQuery'))).not.toContain('authenticationOk');
    expect(client.closed).toBe(true);
  });

  it('answers names it does not know as it answers others', async () => {
    const salts: string[] = [];
    for (const user of ['nobody', 'nobody', 'eve']) {
      const client = new WireClient(server.port);
      client.send(serialize.startup({ user, database: 'tidemill' }));
      await client.until('authenticationSASL');
      client.send(serialize.sendSASLInitialResponseMessage('SCRAM-SHA-256', 'n,,n=*,r=abc'));
      const got = await client.until('authenticationSASLContinue');
      salts.push(/s=([^,]*),i=4096/.exec(JSON.stringify(got.at(-1)))?.[1] ?? '');
      client.close();
    }
    expect(salts[0]).toBe(salts[1]);
    expect(salts[0]).toHaveLength(24);
    expect(salts[2]).not.toBe(salts[0]);
  });

  it('opens HTTP too', async () => {
    const ask = (path: string, user?: string, body?: string): Promise<Response> =>
      fetch(`${certificate === null ? 'http' : 'https'}://127.0.0.1:${server.httpPort}${path}`, {
        method: body === undefined ? 'GET' : 'POST', ...body === undefined ? {} : { body },
        headers: user === undefined ? {} : { authorization: `Basic ${btoa(user)}` },
      });
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect((await ask('/health')).status).toBe(200);
      expect((await ask('/view/t')).status).toBe(401);
      expect((await ask('/view/t', 'eve:wrong')).status).toBe(401);
      expect((await ask('/view/t', 'bare:')).status).toBe(401);
      const rows = await ask('/view/t', 'eve:right');
      expect(await rows.json()).toEqual({ view: 't', rows: [{ k: 1, v: 'a' }] });
      expect((await ask('/ingest/t', 'eve:right', '{"k": 2}')).status).toBe(403);
      expect((await ask('/sql', 'eve:right', 'DROP TABLE t')).status).toBe(403);
      expect((await ask('/subscribe/pg_class', 'eve:right')).status).toBe(400);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });
});

describe('without', () => {
  let server: TestServer;

  beforeEach(async () => { server = await startServer(); });
  afterEach(() => server.close());

  it('this machine is trusted', async () => {
    await makeEve(server);
    const client = await login(server, { password: '' });
    await client.end();
    await expect(login(server, { user: 'nobody' })).rejects.toMatchObject({ code: '28000' });
  });

  it('notifications come after the commit, between statements, once', async () => {
    const [listener, sender] = [await login(server), await login(server)];
    const heard: (string | undefined)[] = [];
    listener.on('notification', ({ channel, payload }) => { heard.push(`${channel}:${payload}`); });
    await listener.query('LISTEN a; LISTEN t; CREATE TABLE t (k int)');
    await sender.query(`BEGIN; NOTIFY a, 'one'; NOTIFY a, 'one'; SELECT pg_notify('a', 'two')`);
    await listener.query('SELECT 1');
    expect(heard).toEqual([]);
    await sender.query('COMMIT');
    await sender.query(`BEGIN; NOTIFY a, 'no'; ROLLBACK`);
    await expect.poll(() => heard).toEqual(['a:one', 'a:two']);
    await listener.query('BEGIN');
    await sender.query(`NOTIFY a, 'later'`);
    await listener.query('SELECT 1');
    expect(heard).toHaveLength(2);
    await listener.query('COMMIT');
    await expect.poll(() => heard).toHaveLength(3);
    await sender.query('INSERT INTO t VALUES (1)');
    await expect.poll(() => heard.at(-1)).toMatch(/^t:\d+$/);
    await listener.query('UNLISTEN *');
    await sender.query(`NOTIFY a, 'unheard'`);
    await listener.query('SELECT 1');
    expect(heard).toHaveLength(4);
    await listener.end();
    await sender.end();
  });

  it('pg_terminate_backend closes the connection', async () => {
    const [victim, other] = [await login(server), await login(server)];
    const gone = new Promise((resolve) => { victim.on('error', resolve); });
    const { rows: [row] } = await victim.query('SELECT pg_backend_pid() AS pid');
    await other.query(`SELECT pg_terminate_backend(${String(row.pid)})`);
    await expect(gone).resolves.toMatchObject({ code: '57P01' });
    const sessions = async (): Promise<unknown> =>
      (await other.query('SELECT count(*)::int AS n FROM pg_stat_activity')).rows;
    await expect.poll(sessions).toEqual([{ n: 1 }]);
    await other.end();
  });

  it('statement_timeout and idle_in_transaction_session_timeout', async () => {
    const client = await login(server);
    await client.query(`SET statement_timeout = '30ms'`);
    await expect(client.query('SELECT pg_sleep(5)')).rejects.toMatchObject({ code: '57014' });
    await client.query(`SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '30ms'`);
    const gone = new Promise((resolve) => { client.on('error', resolve); });
    await client.query('BEGIN');
    await expect(gone).resolves.toMatchObject({ code: '25P03' });
  });

  it('protocol 3.2 has cancel keys of 32 bytes, newer ones are negotiated', async () => {
    for (const [minor, length, negotiated] of [[0, 4, false], [2, 32, false], [7, 32, true]] as const) {
      const bytes = await startupAnswer(server.port, minor);
      expect(bytes.includes('v'.charCodeAt(0))).toBe(true);
      expect(bytes[0] === 'v'.charCodeAt(0)).toBe(negotiated);
      const at = keyLength(bytes);
      expect(at).toBe(length);
    }
  });
});

/** What comes back to a startup packet of protocol 3.minor, up to ReadyForQuery. */
function startupAnswer(port: number, minor: number): Promise<Buffer> {
  const body = Buffer.from('user\0tidemill\0database\0tidemill\0\0');
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8);
  head.writeInt32BE((3 << 16) | minor, 4);
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(Buffer.concat([head, body])));
    let all = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      all = Buffer.concat([all, chunk]);
      if (all.at(-6) === 'Z'.charCodeAt(0)) {
        socket.destroy();
        resolve(all);
      }
    });
  });
}

/** Bytes of the cancel key in BackendKeyData. */
function keyLength(bytes: Buffer): number {
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readInt32BE(at + 1);
    if (bytes[at] === 'K'.charCodeAt(0)) return length - 8;
    at += length + 1;
  }
  return -1;
}
