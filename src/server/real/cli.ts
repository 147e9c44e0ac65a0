/**
 * Runs the command line: starts the server, prints what to type next, stops it cleanly.
 *
 * SIGINT and SIGTERM close the engine with a checkpoint. An error that nobody handles ends the
 * process: a restart recovers, a half-broken process does not.
 */
import { readFileSync } from 'node:fs';
import { assertNever } from '../../common/assert.ts';
import { SqlError } from '../../common/errors.ts';
import { realClock, realEntropy } from '../../runtime/real/real-environment.ts';
import { HELP, parseCommandLine } from '../command-line.ts';
import type { StartOptions } from '../command-line.ts';
import { PostgresServer } from '../server.ts';
import { backup, check, reportOf, restore } from './backup.ts';
import { playDemo } from './demo.ts';
import { EngineClient } from './engine-client.ts';
import { readCertificate } from './certificate.ts';
import { checkPassword } from './http-auth.ts';
import { listenHttp } from './http-server.ts';
import { runTests } from './test-command.ts';
import { listen } from './listener.ts';
import type { ListenAddress, Listener } from './listener.ts';

/** Addresses only this machine can reach. */
const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** Parses process.argv and does what it says; sets the exit code. */
export async function runCommandLine(): Promise<void> {
  const command = parseCommandLine(process.argv.slice(2));
  switch (command.kind) {
    case 'help': process.stdout.write(HELP); return;
    case 'version': process.stdout.write(`${version()}\n`); return;
    case 'mistake':
      process.stderr.write(`tidemill: ${command.message}\nTry "tidemill --help".\n`);
      process.exitCode = 2;
      return;
    case 'start': return guarded(() => start(command.options));
    case 'demo': return guarded(() => playDemo(command));
    case 'backup': return guarded(async () => {
      backup(command.dataDirectory, command.file);
      process.stdout.write(`${command.dataDirectory} is in ${command.file}\n`);
    });
    case 'restore': return guarded(async () => {
      restore(command.file, command.dataDirectory);
      process.stdout.write(`${command.file} is in ${command.dataDirectory}\n`);
    });
    case 'test': return guarded(async () => {
      const { files, update } = command;
      const write = (text: string): void => { process.stdout.write(text); };
      if (!await runTests(files, { update, write })) process.exitCode = 1;
    });
    case 'check': return guarded(() => printCheck(command.path));
    default: assertNever(command);
  }
}

async function printCheck(path: string): Promise<void> {
  const { text, sound } = reportOf(await check(path));
  process.stdout.write(text);
  if (!sound) process.exitCode = 1;
}

async function guarded(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`tidemill: ${describe(error)}\n`);
    process.exit(1);
  }
}

function describe(error: unknown): string {
  if (error instanceof SqlError) {
    const hint = error.fields.hint === undefined ? '' : `\n${error.fields.hint}`;
    return `${error.message}${hint}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** The version in package.json. */
export function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function start(options: StartOptions): Promise<void> {
  const { dataDirectory, testClock } = options;
  const engine = await EngineClient.open({ dataDirectory, testClock }, {
    log,
    crashed: (reason) => {
      log(`the engine stopped: ${reason}`);
      process.exit(70);
    },
  });
  const { host, auth, connectionsMax, tlsCert, tlsKey } = options;
  const certificate = tlsCert === null || tlsKey === null ? undefined
    : readCertificate(tlsCert, tlsKey);
  if (options.passwordFile !== null) await setPassword(engine, options.passwordFile);
  await refuseOpenDoor(engine, options);
  const server = new PostgresServer(engine, { clock: realClock, entropy: realEntropy, log },
    { auth, connectionsMax });
  const pg = await bound({ host, port: options.pgPort }, '--pg-port',
    (address) => listen(address, (conn) => server.serve(conn), certificate));
  const http = await bound({ host, port: options.httpPort }, '--http-port',
    (address) => listenHttp(address, { engine, auth, certificate }));
  process.stdout.write(greeting(options, { pg: pg.port, http: http.port }));
  stopOnSignal(async () => {
    server.terminateAll();
    await Promise.all([pg.close(), http.close()]);
    await engine.close();
  });
}

/** Off this machine nobody comes in without a password: there must be one. */
async function refuseOpenDoor(engine: EngineClient, options: StartOptions): Promise<void> {
  const { host, auth } = options;
  if (LOOPBACK.test(host)) return;
  if (auth === 'trust') {
    log(`warning: ${host} is no loopback address and --auth is trust: whoever reaches the port may `
      + 'read and change everything');
    return;
  }
  const { anyPassword } = await engine.login('tidemill');
  if (anyPassword) return;
  await engine.close();
  throw new Error(`${host} is no loopback address, and no role has a password. Give one with `
    + "--password-file FILE, or start on 127.0.0.1 and run ALTER ROLE tidemill PASSWORD '...'.");
}

/** Sets the password of role tidemill, unless it is that already. */
async function setPassword(engine: EngineClient, file: string): Promise<void> {
  const password = readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? '';
  if (password === '') throw new Error(`${file} is empty (--password-file)`);
  const { verifier } = await engine.login('tidemill');
  if (verifier !== null && await checkPassword(password, verifier)) return;
  const session = await engine.connect({
    user: 'tidemill', database: 'tidemill', settings: [], pid: 0, clientAddress: '',
  });
  const text = `ALTER ROLE tidemill PASSWORD '${password.replaceAll("'", "''")}'`;
  for await (const event of session.query(text)) {
    if (event.kind === 'error') throw new Error(event.error.message);
  }
  await session.close();
}

async function bound(
  address: ListenAddress, flag: string, open: (address: ListenAddress) => Promise<Listener>,
): Promise<Listener> {
  try {
    return await open(address);
  } catch (error) {
    const { code } = error as { code?: string };
    const where = `${address.host}:${address.port}`;
    if (code === 'EADDRINUSE') {
      throw new Error(`${where} is in use by another program; choose a port with ${flag}`,
        { cause: error });
    }
    if (code === 'EACCES') {
      throw new Error(`not allowed to listen on ${where}; choose a port above 1023 with ${flag}`,
        { cause: error });
    }
    throw error;
  }
}

function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    stop().then(() => process.exit(0), (error: unknown) => {
      log(`could not stop cleanly: ${describe(error)}`);
      process.exit(1);
    });
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

function greeting(
  options: StartOptions, ports: { readonly pg: number; readonly http: number },
): string {
  const kept = options.dataDirectory === ':memory:' ? 'nothing is kept: --data-dir is :memory:'
    : `data in ${options.dataDirectory}`;
  return `tidemill ${version()} is ready (${kept})

Connect:   psql -h ${options.host} -p ${ports.pg} -U tidemill
Ingest:    curl -d '{"id": 1}' http://${options.host}:${ports.http}/ingest/<table>

Then type, for a start:
  CREATE TABLE clicks (usr text, ts timestamp, WATERMARK FOR ts AS ts - INTERVAL '5 seconds');
  CREATE MATERIALIZED VIEW clicks_per_minute AS
    SELECT window_start, usr, count(*) FROM TUMBLE(clicks, ts, INTERVAL '1 minute')
    GROUP BY window_start, usr;
  INSERT INTO clicks VALUES ('ann', '2024-01-01 10:00:05');
  SELECT * FROM clicks_per_minute;
`;
}
