/**
 * A PostgreSQL server of our own: made in a temporary folder, reached through a socket in it, gone
 * with `stop`. As root it runs under another user, since the server refuses root.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

const ROOT = '/usr/lib/postgresql';
const OPTIONS = [
  "listen_addresses=''", 'fsync=off', 'synchronous_commit=off', 'full_page_writes=off',
  'shared_buffers=64MB', 'jit=off', 'TimeZone=UTC', 'max_locks_per_transaction=256',
];

/** A running server. */
export interface Postgres {
  /** Folder of its socket, to be given as the host. */
  readonly folder: string;
  connect(): Promise<pg.Client>;
  stop(): void;
}

/** The folder of initdb and pg_ctl of the newest version installed, or null. */
export function postgresBinaries(): string | null {
  if (!existsSync(ROOT)) return null;
  const versions = readdirSync(ROOT).filter((name) => /^\d+$/.test(name))
    .toSorted((a, b) => Number(b) - Number(a));
  return versions.map((name) => join(ROOT, name, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
}

function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => {
    for (const user of ['postgres', 'nobody']) {
      const found = spawnSync('id', [flag, user], { encoding: 'utf8' });
      if (found.status === 0) return Number(found.stdout.trim());
    }
    throw new Error('no user to run PostgreSQL under');
  };
  return { uid: id('-u'), gid: id('-g') };
}

/** Starts a server, with settings of ours before those given; throws when none is installed. */
export function startPostgres(settings: readonly string[] = []): Postgres {
  const binaries = postgresBinaries();
  if (binaries === null) throw new Error(`PostgreSQL is not installed in ${ROOT}`);
  const folder = mkdtempSync(join(tmpdir(), 'tidemill-pg-'));
  const user = unprivileged();
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const run = (tool: string, args: readonly string[]): void => {
    execFileSync(join(binaries, tool), args,
      { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C',
    '--lc-ctype=C.UTF-8', '-N']);
  const options = [...OPTIONS, ...settings, `unix_socket_directories='${folder}'`].map((each) => `-c ${each}`);
  run('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', options.join(' '), 'start']);
  return {
    folder,
    connect: async () => {
      const client = new pg.Client({ host: folder, user: 'postgres', database: 'postgres' });
      await client.connect();
      return client;
    },
    stop: () => {
      spawnSync(join(binaries, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop'],
        { ...user, cwd: '/' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
