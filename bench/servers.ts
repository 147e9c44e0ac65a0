/**
 * Servers of the bench in processes of their own.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { RawClient } from './raw-client.ts';
import type { Address } from './raw-client.ts';

const SERVER_WAIT_MS = 20_000;

/** A running Tidemill. */
export interface TidemillServer extends Address {
  readonly process: ChildProcess;
}

/** Starts one in memory and waits until it answers. */
export async function startTidemill(...flags: readonly string[]): Promise<TidemillServer> {
  const port = await freePort();
  const main = fileURLToPath(new URL('../../../dist/server/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, 'start', '--data-dir', ':memory:',
    '--pg-port', String(port), '--http-port', '0', ...flags], { stdio: 'ignore' });
  const address = { port, user: 'tidemill', database: 'tidemill' };
  const until = performance.now() + SERVER_WAIT_MS;
  for (;;) {
    try {
      (await RawClient.open(address)).kill();
      return { ...address, process: child };
    } catch (error) {
      if (performance.now() > until) throw error;
      await pause(100);
    }
  }
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

/** A port nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}
