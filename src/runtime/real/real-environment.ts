/**
 * The real world: wall clock, timers, randomness, files.
 *
 * The only way the engine meets any of them; everything else gets them through
 * storage/interfaces.ts.
 */
import { randomBytes } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import type { Cancel, Clock, Entropy, Exec, Files } from '../storage/interfaces.ts';

const MICROS_PER_MILLI = 1000n;
/** Longest delay setTimeout takes. */
const TIMER_MAX_MS = 2_147_483_647;

/** The machine's clock. */
export const realClock: Clock = {
  nowMicros(): bigint {
    return BigInt(Date.now()) * MICROS_PER_MILLI;
  },
  elapsedMs(): number {
    return performance.now();
  },
  timer(at: bigint, fire: () => void): Cancel {
    const wait = Number((at - realClock.nowMicros() + MICROS_PER_MILLI - 1n) / MICROS_PER_MILLI);
    const timer = setTimeout(fire, Math.min(Math.max(wait, 0), TIMER_MAX_MS));
    return () => clearTimeout(timer);
  },
};

/** The machine's randomness. */
export const realEntropy: Entropy = {
  u32: () => randomBytes(4).readUInt32LE(0),
  bytes: (length) => new Uint8Array(randomBytes(length)),
};

/** Lets sockets and timers have their turn. */
export const realExec: Exec = {
  yield: () => new Promise((resolve) => setImmediate(resolve)),
};

/** The machine's files, read only. */
export const realFiles: Files = {
  async size(path: string): Promise<number | null> {
    try {
      const facts = await stat(path);
      return facts.isFile() ? facts.size : null;
    } catch {
      return null;
    }
  },
  async read(path: string, position: number, length: number): Promise<Uint8Array> {
    const file = await open(path, 'r');
    try {
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  },
};
