/**
 * The window oracle proves itself: each planted fault is found, and the first seed is printed.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { PLANTED_BUGS } from './planted.ts';

const HERE = import.meta.dirname;
const OUT = join(HERE, 'dist', 'planted');
const CASES = 8000;
const run = promisify(execFile);

/** What the oracle says of the compiled engine. */
async function oracle(): Promise<string> {
  const program = join(OUT, 'test', 'window-oracle', 'main.js');
  const args = [program, '--cases', String(CASES), '--max-failures', '1'];
  const answer = await run(process.execPath, args)
    .catch((error: { readonly stdout?: string }) => error);
  return answer.stdout ?? '';
}

describe('planted faults', () => {
  beforeAll(async () => {
    const tsc = join(HERE, '../../node_modules/typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', join(HERE, 'tsconfig.json'), '--outDir', OUT]);
  }, 120_000);

  it.each(PLANTED_BUGS)('$name', async ({ name, file, from, to }) => {
    const path = join(OUT, 'src', file);
    const text = readFileSync(path, 'utf8');
    expect(text, `${file} has no "${from}"`).toContain(from);
    writeFileSync(path, text.replace(from, to));
    try {
      const found = /^seed (\d+) differs/m.exec(await oracle());
      console.log(`${name}: first seed ${found?.[1] ?? 'none'}`);
      expect(found).not.toBeNull();
    } finally {
      writeFileSync(path, text);
    }
  }, 300_000);
});
