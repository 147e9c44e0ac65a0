/**
 * Builds the shim with the machine's compiler, runs the workload under it, reads its log, and
 * makes the directory that a power cut at some point of the log would leave.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A logged call. Offset is the size for truncations. */
export interface Operation {
  readonly kind: 'W' | 'T' | 'S' | 'U';
  readonly name: string;
  readonly offset: number;
  readonly data: Buffer;
}

/** How a workload ran. */
export interface WorkloadRun {
  readonly directory: string;
  readonly exitCode: number | null;
  readonly operations: readonly Operation[];
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
let built: string | null = null;

/** Path of the shim, or null where there is no C compiler. */
export function shimLibrary(): string | null {
  if (built !== null) return built;
  const target = join(mkdtempSync(join(tmpdir(), 'tidemill-shim-')), 'shim.so');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', target, join(HERE, 'shim.c'), '-ldl'],
      { stdio: 'pipe' });
  } catch {
    return null;
  }
  built = target;
  return target;
}

/** What to run and how it is to fail. */
export interface WorkloadOptions {
  readonly directory: string;
  readonly transactions: number;
  readonly first: number;
  readonly synchronous?: 'FULL' | 'NORMAL';
  /** For example `write:12:28:sticky`; see shim.c. */
  readonly fail?: string;
}

/** Runs the workload in a process of its own. */
export function runWorkload(library: string, options: WorkloadOptions): WorkloadRun {
  const { directory, transactions, first, fail } = options;
  const log = join(mkdtempSync(join(tmpdir(), 'tidemill-shim-')), 'log');
  const result = spawnSync(process.execPath, [
    join(HERE, 'workload.mjs'), directory, String(transactions), String(first),
    options.synchronous ?? 'FULL',
  ], {
    env: {
      ...process.env, LD_PRELOAD: library, SHIM_DIR: directory, SHIM_LOG: log,
      ...(fail === undefined ? {} : { SHIM_FAIL: fail }),
    },
    stdio: 'pipe', timeout: 60_000,
  });
  return { directory, exitCode: result.status, operations: readLog(log) };
}

function readLog(path: string): Operation[] {
  const bytes = readFileSync(path);
  const operations: Operation[] = [];
  for (let at = 0; at + 14 <= bytes.length;) {
    const nameLength = bytes.readUInt8(at + 1);
    const size = bytes.readUInt32LE(at + 2);
    const start = at + 14 + nameLength;
    operations.push({
      kind: String.fromCharCode(bytes.readUInt8(at)) as Operation['kind'],
      name: bytes.toString('utf8', at + 14, start),
      offset: Number(bytes.readBigUInt64LE(at + 6)),
      data: bytes.subarray(start, start + size),
    });
    at = start + size;
  }
  return operations;
}

const SECTOR = 512;
const KEPT_SHARES = [0, 0.5, 0.9, 1];
/** Part of the unsynced writes that are torn. */
const TORN_SHARE = 0.1;

/** The transactions acknowledged before a cut: the marks' file is not subject to the cut. */
export function acknowledgedBefore(operations: readonly Operation[], cut: number): string[] {
  return Buffer.concat(operations.slice(0, cut)
    .filter(({ kind, name }) => kind === 'W' && name === 'marks').map(({ data }) => data))
    .toString('utf8').split('\n').filter((line) => line !== '');
}

/** Files after a power cut behind `cut` operations. `random` gives numbers below its argument. */
export function cutPower(
  operations: readonly Operation[], cut: number, random: (bound: number) => number,
): string {
  const files = new Map<string, Buffer>();
  const share = KEPT_SHARES[random(KEPT_SHARES.length)] ?? 1;
  const synced = new Map<string, number>();
  for (let at = 0; at < cut; at++) {
    const { kind, name } = operations[at] ?? { kind: 'S', name: '' };
    if (kind === 'S') synced.set(name, at);
  }
  for (let at = 0; at < cut; at++) {
    const operation = operations[at];
    if (operation === undefined || operation.name === 'marks') continue;
    // Names and sizes go through the file system's own journal: lost ones are not modeled.
    const durable = operation.kind !== 'W' || at < (synced.get(operation.name) ?? -1);
    if (!durable && random(1000) >= share * 1000) continue;
    const torn = !durable && operation.kind === 'W' && random(1000) < TORN_SHARE * 1000;
    apply(files, operation, torn ? SECTOR * random(Math.ceil(operation.data.length / SECTOR) + 1)
      : operation.data.length);
  }
  const directory = mkdtempSync(join(tmpdir(), 'tidemill-cut-'));
  mkdirSync(directory, { recursive: true });
  for (const [name, content] of files) writeFileSync(join(directory, name), content);
  return directory;
}

function apply(files: Map<string, Buffer>, operation: Operation, length: number): void {
  const { kind, name, offset, data } = operation;
  if (kind === 'U') {
    files.delete(name);
    return;
  }
  if (kind === 'S') return;
  const old = files.get(name) ?? Buffer.alloc(0);
  if (kind === 'T') {
    const next = Buffer.alloc(offset);
    old.copy(next);
    files.set(name, next);
    return;
  }
  const part = data.subarray(0, Math.min(length, data.length));
  const next = Buffer.alloc(Math.max(old.length, offset + part.length));
  old.copy(next);
  part.copy(next, offset);
  files.set(name, next);
}
