/**
 * Ingest: records become rows once per idempotency key, whatever is sent again.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const disk = new SimDisk();
let engine: Engine;
let client: TestClient;

async function open(): Promise<void> {
  engine = await openEngine(simWorld(new SimStorage(disk)));
  client = await TestClient.connect(engine);
}

async function rows(query: string): Promise<string[]> {
  return (await client.run(query)).rows.map((row) => row.join(' ')).toSorted();
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

beforeEach(open);
afterEach(() => engine.close());

describe('ingest', () => {
  it('takes arrays and lines, fills in defaults, keeps digits', async () => {
    await client.run("CREATE TABLE a (id bigint PRIMARY KEY, k text DEFAULT 'none', n numeric, "
      + 'twice bigint GENERATED ALWAYS AS (id * 2) STORED)');
    const first = await engine.ingest('a', bytes('[{"id": 9007199254740993, "n": 1.50},'
      + ' {"id": 2, "k": "x\\u00e9", "other": [1, {"a": null}]}]'), null);
    expect(first.accepted).toBe(2);
    await engine.ingest('a', bytes('{"id": 3}\n\n{"id": 4, "n": -1e-2}\n'), null);
    expect(await rows('SELECT * FROM a')).toEqual([
      '2 xé  4', '3 none  6', '4 none -0.01 8', '9007199254740993 none 1.50 18014398509481986',
    ]);
  });

  it('counts a key once, also at the same time and after a restart', async () => {
    await client.run('CREATE TABLE b (id int)');
    const sent = [1, 2, 3].map(() => engine.ingest('b', bytes('{"id": 1}'), 'key'));
    const answers = await Promise.all(sent);
    expect(answers.filter(({ duplicate }) => duplicate)).toHaveLength(2);
    await open();
    expect((await engine.ingest('b', bytes('{"id": 1}'), 'key')).duplicate).toBe(true);
    await engine.close();
    await open();
    expect((await engine.ingest('b', bytes('{"id": 1}'), 'key')).duplicate).toBe(true);
    expect(await rows('SELECT count(*) FROM b')).toEqual(['1']);
  });

  it('refuses a request with a bad record as a whole', async () => {
    await client.run('CREATE TABLE c (id int NOT NULL CHECK (id > 0))');
    for (const [body, code] of [
      ['{"id": 1}\n{"id": "x"}', '22P02'], ['[{"id": 1}, {"id": null}]', '23502'],
      ['{"id": 3000000000}', '22003'], ['{"id": 0}', '23514'], ['{"id": 1', '22P02'],
      ['{"id": 1.5}', '22P02'],
    ] as const) {
      await expect(engine.ingest('c', bytes(body), null)).rejects.toMatchObject({ sqlState: code });
    }
    expect(await rows('SELECT count(*) FROM c')).toEqual(['0']);
  });

  it('does with taken keys what the table says', async () => {
    await client.run('CREATE TABLE d (id int PRIMARY KEY, k text) ON CONFLICT OVERWRITE');
    await client.run('CREATE TABLE e (id int PRIMARY KEY, k text) ON CONFLICT DO NOTHING');
    await client.run('CREATE TABLE f (id int PRIMARY KEY, k text)');
    const again = bytes('[{"id": 1, "k": "new"}, {"id": 2, "k": "a"}]');
    for (const table of ['d', 'e', 'f']) {
      await engine.ingest(table, bytes('{"id": 1, "k": "old"}'), null);
    }
    await engine.ingest('d', again, null);
    await engine.ingest('e', again, null);
    await expect(engine.ingest('f', again, null)).rejects.toMatchObject({ sqlState: '23505' });
    expect(await rows('SELECT * FROM d')).toEqual(['1 new', '2 a']);
    expect(await rows('SELECT * FROM e')).toEqual(['1 old', '2 a']);
    expect(await rows('SELECT * FROM f')).toEqual(['1 old']);
  });

  it('refuses rows that share a unique key of any kind, and values outside a domain', async () => {
    await client.run('CREATE DOMAIN small AS int CHECK (VALUE < 100)');
    await client.run('CREATE TABLE g (id small UNIQUE, k text)');
    await client.run('CREATE UNIQUE INDEX ON g (lower(k)) WHERE id > 0');
    await engine.ingest('g', bytes('{"id": 1, "k": "A"}'), 'once');
    expect((await engine.ingest('g', bytes('{"id": 1, "k": "A"}'), 'once')).duplicate).toBe(true);
    for (const [body, code] of [
      ['{"id": 1, "k": "b"}', '23505'], ['{"id": 2, "k": "a"}', '23505'],
      ['{"id": 3, "k": "x"}\n{"id": 4, "k": "X"}', '23505'], ['{"id": 100}', '23514'],
    ] as const) {
      await expect(engine.ingest('g', bytes(body), null)).rejects.toMatchObject({ sqlState: code });
    }
    await engine.ingest('g', bytes('{"id": -1, "k": "a"}'), null);
    expect(await rows('SELECT * FROM g')).toEqual(['-1 a', '1 A']);
  });
});
