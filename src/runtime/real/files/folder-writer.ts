/**
 * Whole files in folders of this machine: written under another name, synced, renamed.
 */
import { open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { sqlError } from '../../../common/errors.ts';
import type { FileWriter } from '../../sinks/file-writer.ts';

/** The machine's folders. */
export const folderWriter: FileWriter = {
  async list(folder: string): Promise<readonly string[]> {
    try {
      return await readdir(folder);
    } catch {
      throw sqlError('58P01', `could not open folder "${folder}"`);
    }
  },
  async write(folder: string, name: string, content: Uint8Array): Promise<void> {
    const unfinished = join(folder, `.${name}.unfinished`);
    try {
      await synced(unfinished, 'w', content);
      await rename(unfinished, join(folder, name));
      await synced(folder, 'r', null);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // A disk that is full may have room again.
      throw sqlError('08006', `could not write to folder "${folder}": ${reason}`);
    }
  },
};

async function synced(path: string, flags: 'w' | 'r', content: Uint8Array | null): Promise<void> {
  const file = await open(path, flags);
  try {
    if (content !== null) await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
