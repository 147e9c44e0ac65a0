/**
 * Storage in a directory: one SQLite database for epoch log and checkpoints, one that is the lock,
 * and a witness file with the newest epoch.
 *
 * WAL with synchronous=FULL set after the switch to WAL (better-sqlite3 defaults to NORMAL, which
 * loses commits in a power cut). The database is never opened through fs: that would cancel
 * SQLite's own lock. Every blob has a crc32 and a manifest says which blobs there are; a witness
 * ahead of the database means it was rolled back. Nothing is written before all that has been
 * verified. SQLITE_FULL is 53100 and nothing is kept; SQLITE_IOERR ends the process by `onFatal`.
 */
import {
  closeSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type Database from 'better-sqlite3';
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import type { CheckpointWriter, Storage } from '../storage/interfaces.ts';
import { PartManifest } from '../storage/part-manifest.ts';
import type { PartLine } from '../storage/part-manifest.ts';
import type { CheckpointPart, EpochRecord, PartKind, Recovered } from '../storage/records.ts';
import { loadSqlite } from './sqlite-guard.ts';

/** Version of the tables below; a newer one is refused. */
const FORMAT = 2;
/** Format 1 had no manifest: it is taken as found, once. */
const FORMAT_WITHOUT_MANIFEST = 1;
/** Name of the database in a data directory. */
export const DATABASE_FILE: string = 'tidemill.db';
const LOCK_FILE = 'tidemill.lock';
const WITNESS_FILE = 'tidemill.witness';
const KINDS: readonly PartKind[] = ['meta', 'catalog', 'base', 'delta'];

const SCHEMA = `
CREATE TABLE IF NOT EXISTS head (
  id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL,
  checkpoint INTEGER NOT NULL, epoch INTEGER NOT NULL, manifest TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS epoch_log (
  epoch INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS part (
  kind INTEGER NOT NULL, store TEXT NOT NULL, slice INTEGER NOT NULL,
  checkpoint INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (kind, store, slice, checkpoint)
) STRICT;
`;

interface Head {
  readonly format: number;
  readonly checkpoint: number;
  readonly epoch: number;
  readonly manifest: string | null;
}

interface PartRow {
  readonly kind: number;
  readonly store: string;
  readonly slice: number;
  readonly checkpoint: number;
  readonly crc: number;
  readonly body: Uint8Array;
}

/** What to do when the disk can no longer be trusted. */
export type OnFatal = (error: Error) => never;

/** Durable state in a directory. */
export class SqliteStorage implements Storage {
  readonly keepsNothing = false;
  readonly #directory: string;
  readonly #onFatal: OnFatal;
  #database: Database.Database | null = null;
  #lock: Database.Database | null = null;
  #witness = -1;
  #checkpoint = 0;
  #manifest = new PartManifest(crc32, []);
  #append: Database.Statement<[bigint, number, Uint8Array]> | null = null;

  constructor(directory: string, onFatal: OnFatal) {
    this.#directory = directory;
    this.#onFatal = onFatal;
  }

  open(): Promise<Recovered> {
    return promised(() => {
      try {
        return this.#open();
      } catch (error) {
        this.#close();
        throw isDamage(error) ? corrupted(this.#directory, messageOf(error)) : error;
      }
    });
  }

  #open(): Recovered {
    const Sqlite = loadSqlite();
    try {
      mkdirSync(this.#directory, { recursive: true });
    } catch (error) {
      throw cannotUse(this.#directory, error);
    }
    this.#lock = takeLock(Sqlite, this.#directory);
    const database = new Sqlite(join(this.#directory, DATABASE_FILE));
    this.#database = database;
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('journal_size_limit = 67108864');
    this.#prepareTables(database);
    this.#append = database.prepare('INSERT INTO epoch_log VALUES (?, ?, ?)');
    const recovered = this.#read(database);
    this.#openWitness(newestEpoch(recovered));
    this.#tidy(database);
    return recovered;
  }

  #prepareTables(database: Database.Database): void {
    const known = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'head'").get();
    if (known === undefined) {
      // In one transaction: a power cut leaves all of it or nothing.
      database.transaction(() => {
        database.exec(SCHEMA);
        database.prepare('INSERT INTO head VALUES (1, ?, 0, 0, ?)')
          .run(FORMAT, this.#manifest.seal(0, 0));
      })();
      return;
    }
    const head = database.prepare('SELECT format FROM head').get() as Head | undefined;
    if (head === undefined) throw corrupted(this.#directory, 'its head is missing');
    if (head.format > FORMAT) {
      throw sqlError('F0000', `data directory "${this.#directory}" was written by a newer Tidemill`
        + ` (format ${head.format}, this one reads ${FORMAT})`, {
        hint: 'Start the newer version, or choose another --data-dir.',
      });
    }
    const columns = database.pragma('table_info(head)') as { name: string }[];
    if (!columns.some(({ name }) => name === 'manifest')) {
      database.exec('ALTER TABLE head ADD COLUMN manifest TEXT');
    }
  }

  /** Reads and verifies everything; writes nothing. */
  #read(database: Database.Database): Recovered {
    const head = database.prepare('SELECT format, checkpoint, epoch, manifest FROM head')
      .get() as Head;
    this.#checkpoint = head.checkpoint;
    const rows = database.prepare(
      'SELECT kind, store, slice, checkpoint, crc, body FROM part WHERE checkpoint <= ?'
      + ' ORDER BY kind, checkpoint, store, slice').all(head.checkpoint) as PartRow[];
    const parts = newestParts(rows.map((row) => checkedPart(row, this.#directory)));
    this.#manifest = new PartManifest(crc32, rows.map((row) => lineOf(row)));
    if (head.format !== FORMAT_WITHOUT_MANIFEST
      && head.manifest !== this.#manifest.seal(head.checkpoint, head.epoch)) {
      throw corrupted(this.#directory, 'the parts of the newest checkpoint are not those written');
    }
    const log = database.prepare(
      'SELECT epoch, crc, body FROM epoch_log WHERE epoch > ? ORDER BY epoch')
      .all(head.epoch) as { epoch: number; crc: number; body: Uint8Array }[];
    const records = log.map(({ epoch, crc, body }, at): EpochRecord => {
      if (crc32(body) !== crc) throw corrupted(this.#directory, `record of epoch ${epoch}`);
      if (epoch !== head.epoch + 1 + at) {
        throw corrupted(this.#directory, `epoch ${head.epoch + 1 + at} is missing`);
      }
      return { epoch: BigInt(epoch), body };
    });
    const checkpointEpoch = head.checkpoint === 0 ? null : BigInt(head.epoch);
    return { checkpointEpoch, parts, records };
  }

  /** Drops what an unfinished checkpoint left, and writes the manifest of an older format. */
  #tidy(database: Database.Database): void {
    const head = database.prepare('SELECT format, checkpoint, epoch, manifest FROM head')
      .get() as Head;
    database.prepare('DELETE FROM part WHERE checkpoint > ?').run(head.checkpoint);
    database.prepare('DELETE FROM epoch_log WHERE epoch <= ?').run(head.epoch);
    if (head.format === FORMAT) return;
    database.prepare('UPDATE head SET format = ?, manifest = ?')
      .run(FORMAT, this.#manifest.seal(head.checkpoint, head.epoch));
  }

  #openWitness(newest: bigint): void {
    const path = join(this.#directory, WITNESS_FILE);
    let seen = -1n;
    try {
      const text = readFileSync(path, 'utf8').trim();
      if (/^-?\d+$/.test(text)) seen = BigInt(text);
    } catch {
      // A new directory has none.
    }
    if (seen > newest) {
      throw corrupted(this.#directory, `the newest epoch is ${newest}, but ${seen} was written`);
    }
    this.#witness = openSync(path, 'w');
    this.#writeWitness(newest);
  }

  /** Behind the database is fine, so an error does not matter: the record is durable by now. */
  #writeWitness(epoch: bigint): void {
    try {
      writeSync(this.#witness, epoch.toString().padEnd(20), 0);
    } catch {
      // Written with the next epoch.
    }
  }

  appendEpoch(record: EpochRecord): Promise<void> {
    return promised(() => this.#guard(() => {
      this.#append?.run(record.epoch, crc32(record.body), record.body);
      this.#writeWitness(record.epoch);
    }));
  }

  /** The checkpoint is durable by now: only a disk that cannot be trusted matters. */
  #syncWitness(): void {
    try {
      fsyncSync(this.#witness);
    } catch (error) {
      if (codeOf(error) === 'EIO') this.#onFatal(asError(error));
    }
  }

  /** Runs a write; a full disk is an SqlError, an unreliable one the end of the process. */
  #guard<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      const code = codeOf(error);
      if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
        throw sqlError('53100', 'could not write to the data directory: no space left on device', {
          hint: 'Writes go on as soon as there is space again.',
        });
      }
      if (code.startsWith('SQLITE_IOERR') || code === 'SQLITE_CORRUPT') {
        this.#onFatal(asError(error));
      }
      throw error;
    }
  }

  beginCheckpoint(epoch: bigint): CheckpointWriter {
    const database = this.#opened();
    const number = this.#checkpoint + 1;
    const insert = database.prepare('INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?)');
    const drops: (readonly [string, number | null])[] = [];
    const written: PartLine[] = [];
    return {
      number,
      write: (part) => promised(() => this.#guard(() => {
        const { kind, store, slice, body } = part;
        const crc = crc32(body);
        insert.run(KINDS.indexOf(kind), store, slice, number, crc, body);
        written.push({ kind, store, slice, checkpoint: number, crc });
      })),
      drop: (store, upTo) => { drops.push([store, upTo]); },
      commit: () => promised(() => this.#guard(() => {
        const manifest = this.#manifest.after(written, drops);
        database.transaction(() => {
          replaceParts(database, number);
          for (const [store, upTo] of drops) dropParts(database, store, upTo);
          database.prepare('UPDATE head SET checkpoint = ?, epoch = ?, manifest = ?')
            .run(number, epoch, manifest.seal(number, Number(epoch)));
          database.prepare('DELETE FROM epoch_log WHERE epoch <= ?').run(epoch);
        })();
        this.#checkpoint = number;
        this.#manifest = manifest;
        this.#syncWitness();
      })),
      abort: () => promised(() => this.#guard(() => {
        database.prepare('DELETE FROM part WHERE checkpoint = ?').run(number);
      })),
    };
  }

  #opened(): Database.Database {
    if (this.#database === null) throw new Error('storage is not open');
    return this.#database;
  }

  sizeBytes(): number {
    let total = 0;
    for (const suffix of ['', '-wal']) {
      try {
        total += statSync(join(this.#directory, DATABASE_FILE + suffix)).size;
      } catch {
        // Not there yet.
      }
    }
    return total;
  }

  close(): Promise<void> {
    return promised(() => this.#close());
  }

  #close(): void {
    this.#database?.close();
    this.#database = null;
    if (this.#witness >= 0) closeSync(this.#witness);
    this.#witness = -1;
    this.#lock?.close();
    this.#lock = null;
  }
}

function promised<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

/** EXCLUSIVE on a database of its own: the lock goes when the process goes, however it ends. */
function takeLock(
  Sqlite: ReturnType<typeof loadSqlite>, directory: string,
): Database.Database {
  let lock: Database.Database;
  try {
    lock = new Sqlite(join(directory, LOCK_FILE), { timeout: 0 });
  } catch (error) {
    throw cannotUse(directory, error);
  }
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (codeOf(error) === 'SQLITE_BUSY') {
      throw sqlError('55006', `data directory "${directory}" is used by another Tidemill`, {
        hint: 'Stop the other server, or choose another --data-dir.',
      });
    }
    throw cannotUse(directory, error);
  }
}

function cannotUse(directory: string, error: unknown): SqlError {
  return sqlError('58030', `cannot use data directory "${directory}": `
    + messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** SQLite found a page that cannot be. */
function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function corrupted(directory: string, detail: string): SqlError {
  return sqlError('XX001', `data directory "${directory}" is damaged: ${detail}`, {
    hint: 'Restore the directory from a backup.',
  });
}

function lineOf({ kind, store, slice, checkpoint, crc }: PartRow): PartLine {
  return { kind: KINDS[kind] ?? 'meta', store, slice, checkpoint, crc };
}

function checkedPart(row: PartRow, directory: string): CheckpointPart {
  const kind = KINDS[row.kind];
  if (kind === undefined || crc32(row.body) !== row.crc) {
    throw corrupted(directory, `part ${row.store}/${row.slice} of checkpoint ${row.checkpoint}`);
  }
  return {
    kind, store: row.store, slice: row.slice, checkpoint: row.checkpoint, body: row.body,
  };
}

/** Parts come in order of checkpoints: of meta, catalog and base parts the last one counts. */
function newestParts(parts: readonly CheckpointPart[]): CheckpointPart[] {
  const newest = new Map<string, CheckpointPart>();
  for (const part of parts) {
    const of = part.kind === 'delta' ? part.checkpoint : 0;
    newest.set(`${part.kind}/${part.store}/${part.slice}/${of}`, part);
  }
  return [...newest.values()];
}

function newestEpoch(recovered: Recovered): bigint {
  return recovered.records.at(-1)?.epoch ?? recovered.checkpointEpoch ?? 0n;
}

/** Drops the meta, catalog and base parts that checkpoint `number` wrote anew. */
function replaceParts(database: Database.Database, number: number): void {
  database.prepare(`DELETE FROM part WHERE kind <> 3 AND checkpoint < @number AND EXISTS (
    SELECT 1 FROM part newer WHERE newer.kind = part.kind AND newer.store = part.store
      AND newer.slice = part.slice AND newer.checkpoint = @number)`).run({ number });
}

function dropParts(database: Database.Database, store: string, upTo: number | null): void {
  if (upTo === null) {
    database.prepare('DELETE FROM part WHERE store = ?').run(store);
  } else {
    database.prepare('DELETE FROM part WHERE kind = 3 AND store = ? AND checkpoint <= ?')
      .run(store, upTo);
  }
}
