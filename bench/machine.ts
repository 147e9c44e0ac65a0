/**
 * What the figures were measured on.
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** Machine and versions. */
export interface Machine {
  readonly node: string;
  readonly v8: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
}

/** This machine. */
export function machine(): Machine {
  const all = cpus();
  return {
    node: process.version, v8: process.versions.v8, cpu: all[0]?.model ?? 'unknown',
    cores: all.length, memoryGb: Math.round(totalmem() / 2 ** 30),
  };
}

/** Writes figures with the machine, if a file was named. */
export function writeFigures(file: string | null, figures: object): void {
  if (file === null) return;
  writeFileSync(file, `${JSON.stringify({ machine: machine(), ...figures }, null, 2)}\n`);
}
