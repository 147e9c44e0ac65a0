/**
 * A server in a process of its own, on a directory: to be killed and started again.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const MAIN = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url));

/** A running server and its port. */
export interface ServerProcess {
  readonly child: ChildProcess;
  readonly port: number;
}

/** Starts the built server; resolves when it answers. */
export function start(directory: string): Promise<ServerProcess> {
  const child = spawn(process.execPath, [MAIN, 'start', '--data-dir', directory,
    '--pg-port', '0', '--http-port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let out = '';
    const hear = (chunk: Buffer): void => {
      out += chunk.toString();
      const port = / -p (\d+) /.exec(out)?.[1];
      if (port !== undefined && out.includes('/ingest')) resolve({ child, port: Number(port) });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (code) => reject(new Error(`server ended (${code}): ${out}`)));
  });
}

/** A client that outlives its server quietly. */
export async function connect(port: number): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'tidemill', database: 'tidemill' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
