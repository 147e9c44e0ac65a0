/**
 * Every transcript under test/slt, run three ways: straight, with a restart after every statement,
 * and with the recovered engine reading everything from the epoch log (no checkpoint ever).
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { openEngine } from '../src/runtime/session/open-engine.ts';
import { SimDisk, SimStorage, simWorld } from './support/sim-environment.ts';
import type { SimWorld } from './support/sim-environment.ts';
import { runSlt } from './support/slt.ts';

const ROOT = join(import.meta.dirname, 'slt');

const FILES = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.slt')).toSorted();

function appender(world: SimWorld): (path: string, lines: string) => void {
  return (path, lines) => {
    const before = world.files.contents.get(path) ?? new Uint8Array(0);
    world.files.write(path, new TextDecoder().decode(before) + lines);
  };
}

describe.each(FILES)('%s', (name) => {
  const text = readFileSync(join(ROOT, name), 'utf8');

  it('holds', async () => {
    const world = simWorld(new SimStorage(new SimDisk()));
    await runSlt(text, {
      open: () => openEngine(world), restartAlways: false, append: appender(world),
    });
  });

  it('holds with a restart after every statement', async () => {
    const disk = new SimDisk();
    const first = simWorld(new SimStorage(disk));
    await runSlt(text, {
      open: () => openEngine(simWorld(new SimStorage(disk), first)), restartAlways: true,
      append: appender(first),
    });
  });
});
