/**
 * Binary COPY both ways, in any chunks, and cursors WITH HOLD between transactions, by a real client.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BinaryCopyReader, binaryCopyRow } from '../../src/runtime/session/copy-binary.ts';
import { startServer } from '../support/server.ts';
import type { TestServer } from '../support/server.ts';

const HEADER = [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0,
  0, 0, 0, 0, 0, 0, 0, 0];
const INT4 = { name: 'int4' } as const;
const TEXT = { name: 'text' } as const;

function reading(bytes: readonly number[], chunk: number): unknown[] {
  const reader = new BinaryCopyReader([INT4, TEXT]);
  const rows: unknown[] = [];
  for (let at = 0; at < bytes.length; at += chunk) {
    rows.push(...reader.push(Uint8Array.from(bytes.slice(at, at + chunk))));
  }
  return [...rows, ...reader.finish()];
}

describe('the binary format of COPY', () => {
  const rows = [[1, 'a'], [-7, null], [null, 'ä€']];
  const body = rows.flatMap((row) => [...binaryCopyRow(row, [INT4, TEXT])]);

  it.each([1, 2, 3, 7, 1000])('is read in chunks of %i', (chunk) => {
    expect(reading([...HEADER, ...body, 0xff, 0xff], chunk)).toEqual(rows);
    expect(reading([...HEADER, ...body], chunk)).toEqual(rows);
  });

  it.each([
    ['COPY file signature not recognized', [0x50, 0x47, 0x44]],
    ['COPY file signature not recognized', []],
    ['unrecognized critical flags', [...HEADER.slice(0, 11), 0, 1, 0, 0, 0, 0, 0, 0]],
    ['row field count is 1, expected 2', [...HEADER, 0, 1, 0xff, 0xff, 0xff, 0xff]],
    ['unexpected EOF in COPY data', [...HEADER, ...body.slice(0, -1)]],
    ['received copy data after EOF marker', [...HEADER, 0xff, 0xff, 0]],
    ['incorrect binary data format', [...HEADER, 0, 2, 0, 0, 0, 1, 9, 0xff, 0xff, 0xff, 0xff]],
  ])('refuses: %s', (message, bytes) => {
    expect(() => reading(bytes, 1000)).toThrow(message);
  });
});

describe('cursors WITH HOLD', () => {
  let server: TestServer;
  let db: pg.Client;

  beforeAll(async () => {
    server = await startServer();
    db = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'tidemill' });
    await db.connect();
  });

  afterAll(async () => {
    await db.end();
    await server.close();
  });

  it('outlive their transaction, and others that fail', async () => {
    await db.query('DECLARE held CURSOR WITH HOLD FOR SELECT generate_series(1, 3) AS i');
    expect((await db.query('FETCH 2 FROM held')).rows).toEqual([{ i: 1 }, { i: 2 }]);
    await expect(db.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
    expect((await db.query('FETCH 5 FROM held')).rows).toEqual([{ i: 3 }]);
    await db.query('CLOSE held');
    await expect(db.query('FETCH held')).rejects.toThrow('does not exist');
  });

  it('take parameters', async () => {
    await db.query('DECLARE p CURSOR WITH HOLD FOR SELECT $1::int4 + 1 AS i', [4]);
    expect((await db.query('FETCH p')).rows).toEqual([{ i: 5 }]);
  });

  it('go with a transaction that fails', async () => {
    await db.query('BEGIN');
    await db.query('DECLARE gone CURSOR WITH HOLD FOR SELECT 1');
    await db.query('ROLLBACK');
    await expect(db.query('FETCH gone')).rejects.toThrow('does not exist');
  });
});
