/**
 * Connectors through SQL: files, generators, dead letters, restarts.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import type { SimWorld } from '../support/sim-environment.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

let disk: SimDisk;
let world: SimWorld;
let engine: Engine;
let client: TestClient;

async function open(): Promise<void> {
  world = simWorld(new SimStorage(disk), world);
  engine = await openEngine(world);
  client = await TestClient.connect(engine);
}

async function rows(query: string): Promise<string[]> {
  return (await client.run(query)).rows.map((row) => row.join(' ')).toSorted();
}

beforeEach(async () => {
  disk = new SimDisk();
  world = simWorld(new SimStorage(disk));
  await open();
});
afterEach(() => engine.close());

const TRIPS = 'id,city,ts,fare\n'
  + '1,oslo,2024-01-01 10:00:00,12.50\n'
  + '2,"rome, it",2024-01-01 10:04:00,7\n'
  + '3,oslo,not a time,1\n'
  + '4,,2024-01-01 10:20:00,\n'
  + '5,oslo,2024-01-01 10:01:00,3';

describe('file', () => {
  it('reads CSV to its end: windows close, bad records are dead letters', async () => {
    world.files.write('/data/trips.csv', TRIPS);
    await client.run('CREATE SOURCE trip (id int, city text, ts timestamp, fare numeric, '
      + "WATERMARK FOR ts AS ts - INTERVAL '1 minute') "
      + "WITH (connector = 'file', path = '/data/trips.csv', format = 'csv')");
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT window_start, city, count(*) AS n, '
      + "sum(fare) AS fare FROM TUMBLE(trip, ts, INTERVAL '5 minutes') "
      + 'GROUP BY window_start, city EMIT ON WINDOW CLOSE');
    await client.run('FLUSH');
    expect(await rows('SELECT * FROM v')).toEqual([
      '2024-01-01 10:00:00 oslo 1 12.50', '2024-01-01 10:00:00 rome, it 1 7',
      '2024-01-01 10:20:00  1 ',
    ]);
    expect(await rows('SELECT id FROM late.v')).toEqual(['5']);
    expect(await rows('SELECT sqlstate, column_name, position FROM dead_letter.trip'))
      .toEqual(['22007 ts 84']);
    expect(await rows('SELECT rows, dead_lettered, status FROM tidemill.sources'))
      .toEqual(['4 1 finished']);
    const before = await rows('SELECT * FROM v');
    await open();
    expect(await rows('SELECT * FROM v')).toEqual(before);
    expect(await rows('SELECT count(*) FROM dead_letter.trip')).toEqual(['1']);
  });

  it('follows JSON lines and keeps every digit', async () => {
    world.files.write('/data/log.json', '{"id": 9007199254740993, "n": 1e400, "j": {"a": 1.10}}\n');
    await client.run("CREATE TABLE log (id bigint PRIMARY KEY, n numeric, j jsonb) "
      + "WITH (connector = 'file', path = '/data/log.json', mode = 'follow') FORMAT PLAIN "
      + 'ENCODE JSON');
    await client.run('FLUSH');
    expect(await rows('SELECT id, n = 1e400, j FROM log'))
      .toEqual(['9007199254740993 t {"a": 1.10}']);
    world.files.write('/data/log.json', '{"id": 9007199254740993, "n": 1e400, "j": {"a": 1.10}}\n'
      + '{"id": 9007199254740993, "n": 5}\n{"id": 2, "n": tr');
    await client.run('FLUSH');
    expect(await rows('SELECT id, n FROM log')).toEqual(['9007199254740993 5']);
    await open();
    expect(await rows('SELECT id, n FROM log')).toEqual(['9007199254740993 5']);
  });
});

describe('generators', () => {
  it('datagen makes the same rows again', async () => {
    await client.run('CREATE SOURCE g (id int, k text, n bigint) '
      + "WITH (connector = 'datagen', number_of_rows = '5000', fields.id.kind = 'sequence', "
      + "fields.id.start = '1', fields.id.end = '5000', fields.k.length = '1', "
      + "fields.n.min = '1', fields.n.max = '9', seed = '7')");
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS c, sum(n) AS s, '
      + 'max(id) AS m FROM g GROUP BY k');
    await client.run('FLUSH');
    const before = await rows('SELECT * FROM v');
    expect(await rows('SELECT sum(c), max(m) FROM v')).toEqual(['5000 5000']);
    await open();
    expect(await rows('SELECT * FROM v')).toEqual(before);
  });

  it('nexmark follows its rate and its 1:3:46', async () => {
    await client.run("CREATE SOURCE bid WITH (connector = 'nexmark', "
      + "nexmark.table.type = 'Bid', nexmark.event.rate = '1000')");
    await client.run("CREATE SOURCE auction WITH (connector = 'nexmark', "
      + "nexmark.table.type = 'Auction', nexmark.event.rate = '1000')");
    await client.run('CREATE MATERIALIZED VIEW b AS SELECT count(*) AS n FROM bid');
    await client.run('CREATE MATERIALIZED VIEW a AS SELECT count(*) AS n FROM auction');
    world.clock.advance(10_000_000n);
    await client.run('FLUSH');
    expect(await rows('SELECT n FROM b')).toEqual(['9200']);
    expect(await rows('SELECT n FROM a')).toEqual(['600']);
  });
});

describe('sources', () => {
  it('can be queried as they are now, and have generated columns', async () => {
    world.files.write('/data/n.json', '{"a": 6, "b": 2}\n{"a": 1, "b": 0}\n{"a": 9, "b": 3}\n');
    await client.run('CREATE SOURCE n (a int, b int, q int GENERATED ALWAYS AS (a / b) STORED) '
      + "WITH (connector = 'file', path = '/data/n.json')");
    expect(await rows('SELECT a, q FROM n WHERE q > 0')).toEqual(['6 3', '9 3']);
    await client.run('CREATE MATERIALIZED VIEW v AS SELECT sum(q) AS s, count(*) AS n FROM n');
    await client.run('FLUSH');
    expect(await rows('SELECT * FROM v')).toEqual(['6 2']);
    expect(await rows('SELECT sqlstate FROM dead_letter.n')).toEqual(['22012']);
    await open();
    expect(await rows('SELECT * FROM v')).toEqual(['6 2']);
  });
});
