/**
 * Flips one bit of a data directory at a time and starts an engine on it.
 *
 * The directory is made by an engine that is cut off in the middle: checkpoints, a log behind them
 * and a write-ahead file. Each flip must end in a refusal that names the backup, or in exactly the
 * right answers. Flips are drawn from a seed. `forgedFlips` flips bits and forges every checksum
 * over them: the harness must then see wrong answers, or it could not see any.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SqlError } from '../../src/common/errors.ts';
import { realClock, realEntropy, realExec, realFiles } from '../../src/runtime/real/real-environment.ts';
import { loadSqlite } from '../../src/runtime/real/sqlite-guard.ts';
import { SqliteStorage } from '../../src/runtime/real/sqlite-storage.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import type { Environment } from '../../src/runtime/storage/interfaces.ts';
import { PartManifest } from '../../src/runtime/storage/part-manifest.ts';
import { TestClient } from '../support/client.ts';
import { randomFrom } from '../support/random.ts';

const FILES = ['tidemill.db', 'tidemill.db-wal', 'tidemill.witness'] as const;
const QUERIES = [
  'SELECT * FROM t ORDER BY id', 'SELECT * FROM sums ORDER BY k', 'SELECT * FROM pairs ORDER BY 1, 2',
  "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
] as const;

/** How many flips ended how; `silent` names those that gave wrong answers. */
export interface FlipCounts {
  refused: number;
  right: number;
  readonly silent: string[];
}

function environmentOf(storage: SqliteStorage): Environment {
  return {
    clock: realClock, entropy: realEntropy, exec: realExec, files: realFiles, storage,
    log: () => undefined,
  };
}

async function opened(directory: string): Promise<Engine> {
  const storage = new SqliteStorage(directory, (error): never => { throw error; });
  return await openEngine(environmentOf(storage), { checkpointIntervalMicros: 20_000n });
}

async function answers(engine: Engine): Promise<string> {
  const client = await TestClient.connect(engine);
  const found: string[] = [];
  for (const sql of QUERIES) found.push(JSON.stringify((await client.run(sql)).rows));
  return found.join('\n');
}

/** A directory as a power cut leaves it, and the answers it must give. */
export async function preparedDirectory(): Promise<{ directory: string; wanted: string }> {
  const live = mkdtempSync(join(tmpdir(), 'tidemill-flip-'));
  const engine = await opened(live);
  const client = await TestClient.connect(engine);
  await client.run('CREATE TABLE t (id int PRIMARY KEY, k text, x numeric);'
    + 'CREATE MATERIALIZED VIEW sums AS SELECT k, count(*) n, sum(x) s FROM t GROUP BY k;'
    + 'CREATE MATERIALIZED VIEW pairs AS SELECT a.k, count(*) FROM t a JOIN t b ON a.k = b.k'
    + ' GROUP BY a.k');
  for (let round = 0; round < 12; round++) {
    await client.run(`INSERT INTO t SELECT i, 'k' || i % 7, i * 1.5 FROM generate_series(${
      round * 150}, ${round * 150 + 149}) i`);
    await client.run(`UPDATE t SET x = x + 1 WHERE id % 13 = ${round}`);
    await client.run(`DELETE FROM t WHERE id % 29 = ${round}`);
    await new Promise((resolve) => { setTimeout(resolve, 25); });
  }
  const directory = mkdtempSync(join(tmpdir(), 'tidemill-flip-'));
  cpSync(live, directory, { recursive: true });
  const wanted = await answers(engine);
  await engine.close();
  rmSync(live, { recursive: true });
  return { directory, wanted };
}

/** Starts on a copy of the directory after `damage`; what came of it. */
async function outcome(
  directory: string, wanted: string, damage: (copy: string) => void,
): Promise<'refused' | 'right' | 'silent'> {
  const copy = mkdtempSync(join(tmpdir(), 'tidemill-flip-'));
  cpSync(directory, copy, { recursive: true });
  damage(copy);
  try {
    const engine = await opened(copy);
    const found = await answers(engine);
    await engine.close();
    return found === wanted ? 'right' : 'silent';
  } catch (error) {
    if (error instanceof SqlError && error.sqlState === 'XX001') return 'refused';
    throw error;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Flips `count` bits, each in a fresh copy, in turn over the files. */
export async function flipBits(count: number, seed: number): Promise<FlipCounts> {
  const { directory, wanted } = await preparedDirectory();
  const random = randomFrom(seed);
  const counts: FlipCounts = { refused: 0, right: 0, silent: [] };
  const present = FILES.filter((name) => sizeOf(directory, name) > 0);
  for (let at = 0; at < count; at++) {
    // The witness has 20 bytes: one flip in 16 is enough.
    const name = at % 16 === 15 ? FILES[2] : present[at % 2] ?? FILES[0];
    const bit = random(sizeOf(directory, name) * 8);
    const result = await outcome(directory, wanted, (copy) => {
      const path = join(copy, name);
      const bytes = readFileSync(path);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(path, bytes);
    });
    if (result === 'silent') counts.silent.push(`${name} bit ${bit}`);
    else counts[result]++;
  }
  rmSync(directory, { recursive: true });
  return counts;
}

/** Kinds of parts as the database numbers them. */
const KINDS = ['meta', 'catalog', 'base', 'delta'] as const;

interface StoredPart {
  readonly kind: number;
  readonly store: string;
  readonly slice: number;
  readonly checkpoint: number;
  crc: number;
  readonly body: Uint8Array;
}

/** Flips bits of stored texts and forges the checksums; returns how many gave wrong answers. */
export async function forgedFlips(count: number, seed: number): Promise<number> {
  const { directory, wanted } = await preparedDirectory();
  const random = randomFrom(seed);
  let silent = 0;
  for (let at = 0; at < count; at++) {
    try {
      const result = await outcome(directory, wanted, (copy) => forge(copy, random));
      if (result === 'silent') silent++;
    } catch {
      // What was forged could not be decoded: an assertion stopped the engine.
    }
  }
  rmSync(directory, { recursive: true });
  return silent;
}

/** Changes a text in a stored row so that no checksum tells. */
export function forge(copy: string, random: (bound: number) => number): void {
  const database = new (loadSqlite())(join(copy, 'tidemill.db'));
  const head = database.prepare('SELECT checkpoint, epoch FROM head')
    .get() as { checkpoint: number; epoch: number };
  const parts = database.prepare('SELECT kind, store, slice, checkpoint, crc, body FROM part'
    + ' WHERE checkpoint <= ?').all(head.checkpoint) as StoredPart[];
  const rows = parts.filter(({ kind, body }) => kind >= 2 && body.length > 100);
  const part = rows[random(rows.length)];
  if (part !== undefined) {
    // The number in a text such as k4: rows stay decodable and are wrong.
    const places = [...part.body.keys()].filter((at) => part.body[at] === 0x6b);
    const at = (places[random(Math.max(places.length, 1))] ?? -1) + 1;
    part.body[at] = (part.body[at] ?? 0) ^ 1;
    part.crc = crc32(part.body);
    database.prepare('UPDATE part SET crc = ?, body = ? WHERE kind = ? AND store = ? AND slice = ?'
      + ' AND checkpoint = ?').run(part.crc, part.body, part.kind, part.store, part.slice,
      part.checkpoint);
  }
  const lines = parts.map((each) => ({ ...each, kind: KINDS[each.kind] ?? 'meta' }));
  database.prepare('UPDATE head SET manifest = ?')
    .run(new PartManifest(crc32, lines).seal(head.checkpoint, head.epoch));
  database.close();
}

function sizeOf(directory: string, name: string): number {
  try {
    return readFileSync(join(directory, name)).length;
  } catch {
    return 0;
  }
}
