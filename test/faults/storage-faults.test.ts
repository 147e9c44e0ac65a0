/**
 * The n-th write or sync of the data directory fails, once or from then on: nothing acknowledged
 * is lost, nothing is half there, and the directory opens afterwards. A full disk (ENOSPC) leaves
 * the engine running; an unreliable one (EIO) ends the process.
 *
 * FAULT_POINTS (how many indices per kind of fault; 0: all) and FAULT_SEED change the run.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { randomFrom } from '../support/random.ts';
import { looksRight } from './inspect.ts';
import { runWorkload, shimLibrary } from './shim.ts';

const IN_CI = process.env['CI'] !== undefined;
const POINTS = Number(process.env['FAULT_POINTS'] ?? (IN_CI ? '10' : '2'));
const SEED = Number(process.env['FAULT_SEED'] ?? '20261121');
const TRANSACTIONS = 25;
const ENOSPC = 28;
const EIO = 5;
const FAULTS = [
  ['write', ENOSPC, ''], ['write', ENOSPC, ':sticky'], ['write', EIO, ''], ['sync', EIO, ''],
  ['sync', EIO, ':sticky'],
] as const;

const library = shimLibrary();
if (library === null) console.log('storage faults are skipped: there is no C compiler (cc)');
const possible = library !== null || IN_CI;

/** Writes and syncs of a run without faults, the upper bounds of n. */
function callsOf(): { write: number; sync: number } {
  const directory = mkdtempSync(join(tmpdir(), 'tidemill-fault-'));
  const { operations } = runWorkload(library ?? '', { directory, transactions: TRANSACTIONS, first: 0 });
  rmSync(directory, { recursive: true });
  const count = (kind: string): number => operations
    .filter((operation) => operation.kind === kind && operation.name !== 'marks').length;
  return { write: count('W'), sync: count('S') };
}

function marksIn(directory: string): string[] {
  try {
    return readFileSync(join(directory, 'marks'), 'utf8').split('\n').filter((line) => line !== '');
  } catch {
    return [];
  }
}

async function problemAt(fail: string): Promise<string | null> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemill-fault-'));
  try {
    const run = runWorkload(library ?? '', { directory, transactions: TRANSACTIONS, first: 0, fail });
    if (run.exitCode === null) return `${fail}: hangs or dies of a signal`;
    const marks = marksIn(directory);
    const wrong = await looksRight(directory, marks);
    return wrong === null ? null : `${fail} (exit ${run.exitCode}): ${wrong}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

it.runIf(possible)(`failing writes and syncs, seed ${SEED}: nothing acknowledged is lost`, async () => {
  const calls = callsOf();
  const random = randomFrom(SEED);
  const found: string[] = [];
  let points = 0;
  for (const [kind, errno, sticky] of FAULTS) {
    const all = calls[kind];
    const indices = POINTS === 0 ? Array.from({ length: all }, (_, n) => n + 1)
      : Array.from({ length: POINTS }, () => 1 + random(all));
    for (const n of indices) {
      points++;
      const problem = await problemAt(`${kind}:${n}:${errno}${sticky}`);
      if (problem !== null) found.push(problem);
    }
  }
  console.log(`${points} fault points of ${calls.write} writes and ${calls.sync} syncs`);
  expect(found).toEqual([]);
}, 7_200_000);
