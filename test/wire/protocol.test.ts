/**
 * The wire protocol, message by message, with pg-protocol as the judge of what we send.
 */
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';
import { WireClient, names } from '../support/wire.ts';

let server: TestServer;
let client: WireClient;

beforeAll(async () => {
  server = await startServer();
  client = await WireClient.login(server.port);
  await client.query('CREATE TABLE t (id int8 PRIMARY KEY, name text)');
  await client.query("INSERT INTO t SELECT g, 'n' || g FROM generate_series(1, 10) AS s(g)");
});

afterAll(async () => {
  client.close();
  await server.close();
});

const execute = (rows: number, portal = ''): Uint8Array => serialize.execute({ portal, rows });

describe('simple query', () => {
  it('answers several statements with one ReadyForQuery', async () => {
    const got = await client.query('SELECT 1; SELECT id FROM t WHERE id < 3; ');
    expect(names(got)).toBe('rowDescription dataRow commandComplete rowDescription dataRow*2 '
      + 'commandComplete readyForQuery');
  });

  it('answers an empty query', async () => {
    expect(names(await client.query(' -- nothing\n'))).toBe('emptyQuery readyForQuery');
  });

  it('runs nothing when there is a syntax error anywhere', async () => {
    const got = await client.query("INSERT INTO t VALUES (99, 'x'); SELEC");
    expect(names(got)).toBe('error readyForQuery');
    expect(names(await client.query('SELECT * FROM t WHERE id = 99')))
      .toBe('rowDescription commandComplete readyForQuery');
  });

  it('gives positions in characters', async () => {
    const [error] = await client.query("SELECT '\u{1F30A}é', nope");
    expect(error).toMatchObject({ code: '42703', position: '14' });
  });
});

describe('extended query', () => {
  it('parses, binds, describes and executes', async () => {
    client.send(
      serialize.parse({ name: '', text: 'SELECT name FROM t WHERE id = $1', types: [] }),
      serialize.describe({ type: 'S', name: '' }),
      serialize.bind({ values: ['3'] }), serialize.describe({ type: 'P', name: '' }),
      execute(0), serialize.sync());
    const got = await client.until('readyForQuery');
    expect(names(got)).toBe('parseComplete parameterDescription rowDescription bindComplete '
      + 'rowDescription dataRow commandComplete readyForQuery');
    expect(got[1]).toMatchObject({ dataTypeIDs: [20] });
    expect(got[5]).toMatchObject({ fields: ['n3'] });
  });

  it('suspends portals at the row limit and goes on', async () => {
    client.send(
      serialize.parse({ name: 's', text: 'SELECT id FROM t', types: [] }),
      serialize.bind({ statement: 's', portal: 'p' }), execute(4, 'p'), execute(6, 'p'),
      execute(4, 'p'), serialize.close({ type: 'S', name: 's' }), serialize.sync());
    expect(names(await client.until('readyForQuery'))).toBe('parseComplete bindComplete dataRow*4 '
      + 'portalSuspended dataRow*6 portalSuspended commandComplete closeComplete readyForQuery');
  });

  it('skips to Sync after an error and then goes on', async () => {
    client.send(
      serialize.parse({ name: '', text: 'SELECT nope FROM t', types: [] }),
      serialize.bind({}), execute(0), serialize.query('SELECT 1'), serialize.sync(),
      serialize.parse({ name: '', text: 'SELECT 2', types: [] }), serialize.bind({}), execute(0),
      serialize.sync());
    expect(names(await client.until('readyForQuery'))).toBe('error readyForQuery');
    expect(names(await client.until('readyForQuery')))
      .toBe('parseComplete bindComplete dataRow commandComplete readyForQuery');
  });

  it('keeps its order with 300 pipelined statements', async () => {
    const parts: Uint8Array[] = [];
    for (let n = 0; n < 300; n++) {
      parts.push(serialize.parse({ name: '', text: `SELECT ${n}`, types: [] }),
        serialize.bind({}), execute(0));
    }
    client.send(...parts, serialize.sync());
    const rows = (await client.until('readyForQuery')).filter(({ name }) => name === 'dataRow');
    expect(rows.map((row) => (row as unknown as { fields: string[] }).fields[0]))
      .toEqual(Array.from({ length: 300 }, (_row, n) => String(n)));
  });

  it('sends binary results where they are asked for', async () => {
    client.send(
      serialize.parse({ name: '', text: 'SELECT 258::int4, true, 1.5::float8', types: [] }),
      serialize.bind({ binary: true }), execute(0), serialize.sync());
    const row = (await client.until('readyForQuery')).find(({ name }) => name === 'dataRow');
    expect((row as unknown as { length: number }).length).toBe(4 + 2 + 3 * 4 + 4 + 1 + 8);
  });

  it('names unknown statements and portals', async () => {
    client.send(serialize.bind({ statement: 'none' }), serialize.sync());
    expect((await client.until('readyForQuery'))[0]).toMatchObject({ code: '26000' });
    client.send(execute(0, 'none'), serialize.sync());
    expect((await client.until('readyForQuery'))[0]).toMatchObject({ code: '34000' });
  });
});

describe('transactions', () => {
  it('reports its status in ReadyForQuery', async () => {
    const status = async (text: string): Promise<unknown> =>
      (await client.query(text)).at(-1) as unknown;
    expect(await status('BEGIN')).toMatchObject({ status: 'T' });
    expect(await status('SELECT 1/0')).toMatchObject({ status: 'E' });
    expect((await client.query('SELECT 1'))[0]).toMatchObject({ code: '25P02' });
    expect((await client.query('COMMIT'))[0]).toMatchObject({ text: 'ROLLBACK' });
    expect(await status('SELECT 1')).toMatchObject({ status: 'I' });
  });
});

describe('COPY', () => {
  it('takes rows from the client and gives them back', async () => {
    client.send(serialize.query('COPY t FROM STDIN'));
    await client.until('copyInResponse');
    client.send(serialize.copyData(Buffer.from('100\tcopied\n10')));
    client.send(serialize.copyData(Buffer.from('1\t\\N\n')), serialize.copyDone());
    expect((await client.until('readyForQuery'))[0]).toMatchObject({ text: 'COPY 2' });
    const got = await client.query('COPY (SELECT * FROM t WHERE id >= 100 ORDER BY id) TO STDOUT');
    expect(names(got)).toBe('copyOutResponse copyData*2 copyDone commandComplete readyForQuery');
  });

  it('leaves nothing after CopyFail or a bad row, and stays usable', async () => {
    client.send(serialize.query('COPY t FROM STDIN'));
    await client.until('copyInResponse');
    client.send(serialize.copyData(Buffer.from('200\tx\n')), serialize.copyFail('no more'));
    expect((await client.until('readyForQuery'))[0]).toMatchObject({ code: '57014' });
    client.send(serialize.query('COPY t FROM STDIN'));
    await client.until('copyInResponse');
    client.send(serialize.copyData(Buffer.from('201\tx\nbad\ty\n')));
    client.send(serialize.copyDone());
    expect((await client.until('readyForQuery'))[0]).toMatchObject({ code: '22P02' });
    expect(names(await client.query('SELECT * FROM t WHERE id >= 200')))
      .toBe('rowDescription commandComplete readyForQuery');
  });
});

describe('bad input', () => {
  it('closes on garbage and serves others', async () => {
    const bad = new WireClient(server.port);
    bad.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await bad.until('readyForQuery');
    expect(bad.closed).toBe(true);
    expect(names(await client.query('SELECT 1')))
      .toBe('rowDescription dataRow commandComplete readyForQuery');
  });

  it('refuses unknown databases by name', async () => {
    const other = new WireClient(server.port);
    other.send(serialize.startup({ user: 'a', database: 'nowhere' }));
    const [error] = await other.until('readyForQuery');
    expect(error).toMatchObject({ code: '3D000', message: 'database "nowhere" does not exist' });
  });

  it('cancels by pid and key, and only then', async () => {
    const slow = new WireClient(server.port);
    slow.send(serialize.startup({ user: 'a', database: 'tidemill' }));
    const hello = await slow.until('readyForQuery');
    const keys = hello.find(({ name }) => name === 'backendKeyData') as unknown as {
      processID: number; secretKey: number;
    };
    slow.send(serialize.query('SELECT count(*) FROM generate_series(1, 3000) a(x), '
      + 'generate_series(1, 3000) b(y), generate_series(1, 100) c(z) WHERE x + y + z < 0'));
    const wrong = new WireClient(server.port);
    wrong.send(serialize.cancel(keys.processID, keys.secretKey ^ 1));
    await wrong.until('readyForQuery');
    const right = new WireClient(server.port);
    right.send(serialize.cancel(keys.processID, keys.secretKey));
    expect((await slow.until('readyForQuery')).find(({ name }) => name === 'error'))
      .toMatchObject({ code: '57014' });
    expect((await slow.query('SELECT 1')).at(-1)).toMatchObject({ status: 'I' });
    slow.close();
  });
});

describe('Bind, which goes to the engine with Execute', () => {
  const bound = (portal: string, value: string): Uint8Array[] => [
    serialize.bind({ portal, statement: 'held', values: [value] }),
    serialize.describe({ type: 'P', name: portal }),
  ];

  it('is answered in its place, also when it fails', async () => {
    const text = 'SELECT 10 / $1::int AS x';
    client.send(serialize.parse({ name: 'held', text, types: [] }),
      ...bound('', '5'), execute(0), serialize.sync());
    expect(names(await client.until('readyForQuery'))).toBe('parseComplete bindComplete '
      + 'rowDescription dataRow commandComplete readyForQuery');
    client.send(...bound('p', '0'), execute(0, 'p'), ...bound('', '1'), serialize.sync());
    expect(names(await client.until('readyForQuery')))
      .toBe('bindComplete rowDescription error readyForQuery');
    client.send(...bound('q', '2'), ...bound('q', '3'), execute(0, 'q'), serialize.sync());
    const got = await client.until('readyForQuery');
    expect(names(got)).toBe('bindComplete rowDescription error readyForQuery');
    expect(got[2]).toMatchObject({ code: '42P03', message: 'cursor "q" already exists' });
    client.send(...bound('', 'x'), execute(0), serialize.sync());
    expect(names(await client.until('readyForQuery'))).toBe('error readyForQuery');
  });

  it('runs nothing of an older portal when it fails', async () => {
    await client.query('CREATE TABLE runs (x int)');
    await client.query('BEGIN');
    client.send(serialize.parse({ name: 'ins', text: 'INSERT INTO runs VALUES ($1)', types: [23] }),
      serialize.bind({ portal: 'r', statement: 'ins', values: ['1'] }), execute(0, 'r'),
      serialize.bind({ portal: 'r', statement: 'ins', values: ['2'] }), execute(0, 'r'),
      serialize.sync());
    expect(names(await client.until('readyForQuery')))
      .toBe('parseComplete bindComplete commandComplete error readyForQuery');
    await client.query('ROLLBACK; BEGIN');
    client.send(serialize.bind({ portal: 'a', statement: 'ins', values: ['1'] }),
      serialize.bind({ portal: 'b', statement: 'ins', values: ['2'] }), execute(0, 'b'),
      serialize.describe({ type: 'P', name: 'a' }), execute(0, 'a'), serialize.sync());

    expect(names(await client.until('readyForQuery'))).toBe('bindComplete*2 commandComplete '
      + 'noData commandComplete readyForQuery');
    const [, row] = await client.query('SELECT count(*), sum(x) FROM runs');
    expect(row).toMatchObject({ fields: ['2', '3'] });
    await client.query('ROLLBACK; DROP TABLE runs; DEALLOCATE held; DEALLOCATE ins');
  });
});
