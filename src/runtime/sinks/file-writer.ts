/**
 * Folders as sinks see them: whole files that are there or not.
 *
 * Implemented in real/files/.
 */

/** Writes whole files. */
export interface FileWriter {
  /** Names of the files of a folder; 58P01 when it is not there. */
  list(folder: string): Promise<readonly string[]>;
  /** Writes a file under another name, syncs, renames, and syncs the folder. */
  write(folder: string, name: string, content: Uint8Array): Promise<void>;
}
