/**
 * Webhooks: requests that pass the check of a table become its rows, others are refused.
 */
import { createHmac } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

let server: TestServer;
let client: pg.Client;

beforeAll(async () => {
  server = await startServer();
  client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'tidemill',
    database: 'tidemill' });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await server.close();
});

async function post(
  table: string, body: string, headers: Readonly<Record<string, string>> = {},
): Promise<[number, string]> {
  const answer = await fetch(`http://127.0.0.1:${server.httpPort}/webhook/${table}`,
    { method: 'POST', body, headers });
  return [answer.status, await answer.text()];
}

const signed = (body: string, key: string): string =>
  createHmac('sha256', key).update(body).digest('hex');

it('takes what is signed, and nothing else', async () => {
  await client.query(`CREATE TABLE pushes (repo text, commits int) WITH (connector = 'webhook', secret = 'top secret')
    VALIDATE AS secure_compare(headers->>'x-hub-signature', 'sha256=' || encode(hmac(body, secret::bytea, 'sha256'), 'hex'))`);
  await client.query('CREATE MATERIALIZED VIEW n AS SELECT repo, sum(commits) AS s FROM pushes GROUP BY repo');
  const body = '{"repo": "a/b", "commits": 3, "more": [1]}\n{"repo": "ö", "commits": 1}';
  const [status, text] = await post('pushes', body,
    { 'X-Hub-Signature': `sha256=${signed(body, 'top secret')}`, 'idempotency-key': 'k1' });
  expect([status, JSON.parse(text)]).toMatchObject([200, { accepted: 2 }]);
  expect(JSON.parse((await post('pushes', body, {
    'x-hub-signature': `sha256=${signed(body, 'top secret')}`, 'idempotency-key': 'k1' }))[1]))
    .toMatchObject({ duplicate: true });
  expect((await post('pushes', body, { 'x-hub-signature': `sha256=${signed(body, 'other')}` }))[0]).toBe(401);
  expect((await post('pushes', `${body} `, { 'x-hub-signature': `sha256=${signed(body, 'top secret')}` }))[0]).toBe(401);
  expect((await post('pushes', body))[0]).toBe(401);
  expect((await client.query('SELECT repo, s FROM n ORDER BY repo')).rows)
    .toEqual([{ repo: 'a/b', s: '3' }, { repo: 'ö', s: '1' }]);
  const wrong = '{"commits": "many"}';
  expect((await post('pushes', wrong, { 'x-hub-signature': `sha256=${signed(wrong, 'top secret')}` }))[0]).toBe(400);
});

it('puts a whole body into a table of one jsonb column', async () => {
  await client.query(`CREATE TABLE hooks (data jsonb) WITH (connector = 'webhook', secret = 'k')
    VALIDATE AS secure_compare(headers->>'sig', encode(hmac(secret, data, 'sha256'), 'hex'))`);
  const body = '{"data": {"x": [1, 2.50]}}';
  expect((await post('hooks', body, { sig: signed(body, 'k') }))[0]).toBe(200);
  expect((await client.query("SELECT data #>> '{data,x}' AS x FROM hooks")).rows).toEqual([{ x: '[1, 2.50]' }]);
  for (const bad of ['{', '1}, {"data": 2', '']) {
    expect((await post('hooks', bad, { sig: signed(bad, 'k') }))[0]).toBe(400);
  }
});

it('refuses declarations without a check, and requests to other tables', async () => {
  const refused = (sql: string, words: string): Promise<void> =>
    expect(client.query(sql)).rejects.toThrow(words);
  await refused("CREATE TABLE w (a int) WITH (connector = 'webhook')", 'needs VALIDATE AS');
  await refused("CREATE TABLE w (a int) WITH (connector = 'webhook') VALIDATE AS 1", 'must be type boolean');
  await refused("CREATE TABLE w (a int) WITH (connector = 'webhook', secrets = 'x') VALIDATE AS true", 'unrecognized parameter "secrets"');
  await refused('CREATE TABLE w (a int) VALIDATE AS true', 'VALIDATE belongs to tables with connector');
  await client.query('CREATE TABLE plain (a int)');
  expect((await post('plain', '{"a": 1}'))[0]).toBe(404);
  expect((await post('nothing', '{"a": 1}'))[0]).toBe(404);
});
