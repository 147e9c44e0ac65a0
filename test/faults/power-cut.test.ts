/**
 * Power cuts: whatever a cut at any point leaves of the unsynced writes, every acknowledged
 * transaction is there, whole and once. CUTS and CUT_SEED change the run; without a C compiler the
 * test says so and is skipped, except in CI.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { randomFrom } from '../support/random.ts';
import { looksRight } from './inspect.ts';
import { acknowledgedBefore, cutPower, runWorkload, shimLibrary } from './shim.ts';

const IN_CI = process.env['CI'] !== undefined;
const CUTS = Number(process.env['CUTS'] ?? (IN_CI ? '1000' : '100'));
const SEED = Number(process.env['CUT_SEED'] ?? '20261121');
const TRANSACTIONS = 60;

const library = shimLibrary();
if (library === null) console.log('power cuts are skipped: there is no C compiler (cc)');
const possible = library !== null || IN_CI;

/** How many cuts of a run lose or tear something. */
async function losses(synchronous: 'FULL' | 'NORMAL', cuts: number, seed: number): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemill-power-'));
  const run = runWorkload(library ?? '', { directory, transactions: TRANSACTIONS, first: 0, synchronous });
  expect(run.exitCode).toBe(0);
  const random = randomFrom(seed);
  const found: string[] = [];
  for (let at = 0; at < cuts; at++) {
    const cut = 1 + random(run.operations.length);
    const left = cutPower(run.operations, cut, random);
    const wrong = await looksRight(left, acknowledgedBefore(run.operations, cut));
    if (wrong !== null) found.push(`cut ${cut} of ${run.operations.length}: ${wrong}`);
    rmSync(left, { recursive: true, force: true });
  }
  rmSync(directory, { recursive: true, force: true });
  return found;
}

it.runIf(possible)(`${CUTS} power cuts, seed ${SEED}: nothing acknowledged is lost`, async () => {
  expect(await losses('FULL', CUTS, SEED)).toEqual([]);
}, 7_200_000);

it.runIf(possible)('sees losses when commits are not synced', async () => {
  expect((await losses('NORMAL', 60, SEED)).length).toBeGreaterThan(0);
}, 600_000);
