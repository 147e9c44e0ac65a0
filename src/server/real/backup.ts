/**
 * `tidemill backup`, `restore` and `check`: one consistent file out of a data directory, a
 * directory out of such a file, and proof that either can be trusted.
 *
 * A backup goes through SQLite's own connection beside the running server (never through fs, which
 * would cancel its lock): one read transaction, so it holds every write acknowledged before it
 * began. Files appear under their name only when they are whole.
 */
import {
  closeSync, existsSync, fsyncSync, mkdirSync, mkdtempSync, openSync, readdirSync, renameSync,
  rmSync, statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assertNever } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { DATABASE_FILE } from '../../runtime/real/sqlite-storage.ts';
import { loadSqlite } from '../../runtime/real/sqlite-guard.ts';
import { recomputeViews } from './recompute.ts';
import type { ViewVerdict } from './recompute.ts';

/** Writes the state of a data directory, in use or not, to a new file. */
export function backup(dataDirectory: string, file: string): void {
  const source = join(dataDirectory, DATABASE_FILE);
  if (!existsSync(source)) {
    throw sqlError('58P01', `there is no data in "${dataDirectory}"`, {
      hint: 'Name the directory that "tidemill start" was given with --data-dir.',
    });
  }
  if (existsSync(file)) {
    throw sqlError('58P02', `file "${file}" exists already`, {
      hint: 'A backup never overwrites; choose another name.',
    });
  }
  copyDatabase(source, file);
}

/** Makes a new data directory of a backup. */
export function restore(file: string, dataDirectory: string): void {
  if (!existsSync(file)) throw sqlError('58P01', `there is no file "${file}"`);
  if (existsSync(dataDirectory) && readdirSync(dataDirectory).length > 0) {
    throw sqlError('58P02', `directory "${dataDirectory}" is not empty`, {
      hint: 'Restore into a new directory.',
    });
  }
  mkdirSync(dataDirectory, { recursive: true });
  copyDatabase(file, join(dataDirectory, DATABASE_FILE));
}

/** VACUUM INTO reads in one transaction; the rename makes the copy appear whole or not at all. */
function copyDatabase(from: string, to: string): void {
  const unfinished = `${to}.unfinished`;
  rmSync(unfinished, { force: true });
  const database = new (loadSqlite())(from, { readonly: true, fileMustExist: true });
  try {
    database.prepare('VACUUM INTO ?').run(unfinished);
  } catch (error) {
    throw sqlError('58030', `could not copy "${from}": `
      + (error instanceof Error ? error.message : String(error)));
  } finally {
    database.close();
  }
  sync(unfinished);
  renameSync(unfinished, to);
  sync(dirname(to));
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}

/**
 * Verifies a data directory or a backup file on a copy of its own: every checksum (XX001 names what
 * is wrong), the replay of the log, and each materialized view against a view made anew.
 */
export async function check(path: string): Promise<readonly ViewVerdict[]> {
  const copy = mkdtempSync(join(tmpdir(), 'tidemill-check-'));
  try {
    const isDirectory = existsSync(path) && statSync(path).isDirectory();
    if (isDirectory) backup(path, join(copy, DATABASE_FILE));
    else if (existsSync(path)) copyDatabase(path, join(copy, DATABASE_FILE));
    else throw sqlError('58P01', `there is no file or directory "${path}"`);
    return await recomputeViews(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** A line for each view, and whether all is well. */
export function reportOf(verdicts: readonly ViewVerdict[]): { text: string; sound: boolean } {
  const lines = verdicts.map((verdict) => {
    switch (verdict.kind) {
      case 'equal': return `ok         ${verdict.view}  ${verdict.rows} rows as made anew`;
      case 'different':
        return `DIFFERENT  ${verdict.view}  ${verdict.differences} rows differ from the view`
          + ' made anew';
      case 'unchecked': return `unchecked  ${verdict.view}  ${verdict.reason}`;
      default: return assertNever(verdict);
    }
  });
  const sound = verdicts.every(({ kind }) => kind !== 'different');
  lines.push(`checksums and replay are right${sound ? '' : ', views are not'}`);
  return { text: `${lines.join('\n')}\n`, sound };
}
