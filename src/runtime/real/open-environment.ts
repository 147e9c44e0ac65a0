/**
 * The environment of a real engine: this machine's clock, files and disk.
 */
import type { Environment } from '../storage/interfaces.ts';
import { kafkaLogs } from './kafka/kafkajs-client.ts';
import { httpRegistry } from './kafka/schema-registry.ts';
import { networkFeeds } from './feed/network-feeds.ts';
import { folderWriter } from './files/folder-writer.ts';
import { httpSender } from './http/http-sender.ts';
import { pgSockets } from './postgres/pg-socket.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { realClock, realEntropy, realExec, realFiles } from './real-environment.ts';
import { loadScriptHost } from './script-sandbox.ts';
import { SqliteStorage } from './sqlite-storage.ts';

/** Exit code after a disk error: what was read or written can no longer be trusted. */
const DISK_ERROR_EXIT = 74;

/**
 * The environment for a data directory, or for ':memory:'. Sessions may set the clock of the
 * latter, and of the former in test mode.
 */
export function realEnvironment(
  dataDirectory: string, log: (line: string) => void,
  { testClock = dataDirectory === ':memory:' }: { readonly testClock?: boolean | undefined } = {},
): Environment {
  const storage = dataDirectory === ':memory:' ? new MemoryStorage()
    : new SqliteStorage(dataDirectory, (error): never => {
      log(`disk error, stopping: ${error.message}`);
      process.exit(DISK_ERROR_EXIT);
    });
  const settable = testClock ? new VirtualClock(realClock) : null;
  return {
    clock: settable ?? realClock, testClock: settable, entropy: realEntropy, exec: realExec,
    files: realFiles, storage, log, scripts: loadScriptHost,
    outside: { logs: kafkaLogs, registries: httpRegistry, postgres: pgSockets,
      http: httpSender, feeds: networkFeeds, fileWriter: folderWriter },
  };
}
