/**
 * The command line: what was asked for, as data. No I/O.
 */

/** Options of `tidemill start`. */
export interface StartOptions {
  readonly dataDirectory: string;
  readonly host: string;
  readonly pgPort: number;
  readonly httpPort: number;
  /** Sessions may set the clock. */
  readonly testClock: boolean;
  /** Who must show a password. */
  readonly auth: 'auto' | 'trust' | 'password';
  /** A file with the password of role tidemill, set at the start. */
  readonly passwordFile: string | null;
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  readonly connectionsMax: number;
}

/** A parsed command line. */
export type Command =
  | { readonly kind: 'start'; readonly options: StartOptions }
  | { readonly kind: 'demo'; readonly seconds: number; readonly seed: number }
  | { readonly kind: 'backup'; readonly dataDirectory: string; readonly file: string }
  | { readonly kind: 'restore'; readonly file: string; readonly dataDirectory: string }
  | { readonly kind: 'check'; readonly path: string }
  | { readonly kind: 'test'; readonly files: readonly string[]; readonly update: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'mistake'; readonly message: string };

const DEFAULTS: StartOptions = {
  dataDirectory: 'tidemill-data', host: '127.0.0.1', pgPort: 6543, httpPort: 6544,
  testClock: false, auth: 'auto', passwordFile: null, tlsCert: null, tlsKey: null,
  connectionsMax: 100,
};

/** Text of `tidemill --help`. */
export const HELP: string = `tidemill - a streaming-SQL database that speaks the Postgres protocol

usage:
  tidemill start [options]    start the server
  tidemill demo  [options]    play the 60-second start on generated data
  tidemill backup  --to FILE   [--data-dir DIR]    write one consistent file; the server may run
  tidemill restore --from FILE [--data-dir DIR]    make a new data directory of a backup
  tidemill check   [--data-dir DIR | --file FILE]  verify every checksum, and each materialized
                                                   view against a view made anew
  tidemill test [--update] FILE.sql ...            run the unit tests of scripts, each on an engine
                                                   of its own; compare output with FILE.out
  tidemill --help
  tidemill --version

options of start:
  --data-dir DIR     where everything is kept (default ${DEFAULTS.dataDirectory};
                     :memory: keeps nothing)
  --host ADDRESS     address to listen on (default ${DEFAULTS.host})
  --pg-port PORT     port for Postgres clients (default ${DEFAULTS.pgPort}; 0 takes a free one)
  --http-port PORT   port for HTTP ingest (default ${DEFAULTS.httpPort}; 0 takes a free one)
  --clock MODE       real (default), or test: sessions may set the time with
                     SET tidemill.clock; with :memory: they always may
  --auth MODE        who must show a password: auto (default; everybody but this machine),
                     password (everybody), trust (nobody)
  --password-file F  sets the password of role tidemill to the first line of F
  --tls-cert FILE    certificate (PEM) for TLS on both ports, with
  --tls-key FILE     its private key
  --max-connections N  most Postgres clients at a time (default ${DEFAULTS.connectionsMax})

options of demo:
  --seconds N        how long to play (default 20)
  --seed N           seed of the generated data (default 1)
`;

/** Parses the words after the program's name. */
export function parseCommandLine(words: readonly string[]): Command {
  if (words.includes('--help') || words.includes('-h')) return { kind: 'help' };
  if (words.includes('--version') || words.includes('-V')) return { kind: 'version' };
  const [command, ...rest] = words;
  if (command === undefined) return { kind: 'help' };
  if (command === 'test') return testCommand(rest);
  const make = COMMANDS.get(command);
  if (make === undefined) return mistake(`unknown command "${command}"`);
  const flags = parseFlags(rest);
  return typeof flags === 'string' ? mistake(flags) : make(flags);
}

type Flags = ReadonlyMap<string, string>;

const COMMANDS: ReadonlyMap<string, (flags: Flags) => Command> = new Map([
  ['start', startCommand], ['demo', demoCommand], ['backup', backupCommand],
  ['restore', restoreCommand], ['check', checkCommand],
]);

/** Complains about a flag that the command does not have. */
function unknownFlag(flags: Flags, known: readonly string[]): Command | null {
  const unknown = [...flags.keys()].find((name) => !known.includes(name));
  return unknown === undefined ? null : mistake(`unknown option ${unknown}`);
}

function testCommand(words: readonly string[]): Command {
  const files = words.filter((word) => !word.startsWith('--'));
  const unknown = words.find((word) => word.startsWith('--') && word !== '--update');
  if (unknown !== undefined) return mistake(`unknown option ${unknown}`);
  if (files.length === 0) return mistake('test needs at least one FILE.sql');
  return { kind: 'test', files, update: words.includes('--update') };
}

function backupCommand(flags: Flags): Command {
  const file = flags.get('--to');
  if (file === undefined) return mistake('backup needs --to FILE');
  const dataDirectory = flags.get('--data-dir') ?? DEFAULTS.dataDirectory;
  return unknownFlag(flags, ['--to', '--data-dir']) ?? { kind: 'backup', dataDirectory, file };
}

function restoreCommand(flags: Flags): Command {
  const file = flags.get('--from');
  if (file === undefined) return mistake('restore needs --from FILE');
  const dataDirectory = flags.get('--data-dir') ?? DEFAULTS.dataDirectory;
  return unknownFlag(flags, ['--from', '--data-dir']) ?? { kind: 'restore', dataDirectory, file };
}

function checkCommand(flags: Flags): Command {
  const path = flags.get('--file') ?? flags.get('--data-dir') ?? DEFAULTS.dataDirectory;
  return unknownFlag(flags, ['--file', '--data-dir']) ?? { kind: 'check', path };
}

function mistake(message: string): Command {
  return { kind: 'mistake', message };
}

function parseFlags(words: readonly string[]): Flags | string {
  const flags = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (!word.startsWith('--')) return `unexpected argument "${word}"`;
    const cut = word.indexOf('=');
    const name = cut < 0 ? word : word.slice(0, cut);
    const value = cut < 0 ? words[++at] : word.slice(cut + 1);
    if (value === undefined) return `option ${name} needs a value`;
    flags.set(name, value);
  }
  return flags;
}

function startCommand(flags: Flags): Command {
  const unknown = unknownFlag(flags,
    ['--data-dir', '--host', '--pg-port', '--http-port', '--clock', '--auth', '--password-file',
      '--tls-cert', '--tls-key', '--max-connections']);
  if (unknown !== null) return unknown;
  const pgPort = portOf(flags.get('--pg-port'), DEFAULTS.pgPort);
  const httpPort = portOf(flags.get('--http-port'), DEFAULTS.httpPort);
  if (pgPort === null || httpPort === null) return mistake('a port is a number from 0 to 65535');
  const clock = flags.get('--clock') ?? 'real';
  if (clock !== 'real' && clock !== 'test') return mistake('--clock is real or test');
  const auth = flags.get('--auth') ?? DEFAULTS.auth;
  if (auth !== 'auto' && auth !== 'trust' && auth !== 'password') {
    return mistake('--auth is auto, trust or password');
  }
  const tlsCert = flags.get('--tls-cert') ?? null;
  const tlsKey = flags.get('--tls-key') ?? null;
  if ((tlsCert === null) !== (tlsKey === null)) {
    return mistake('--tls-cert and --tls-key come together');
  }
  const connections = flags.get('--max-connections');
  if (connections !== undefined && !/^[1-9]\d{0,5}$/.test(connections)) {
    return mistake('--max-connections is a whole number above 0');
  }
  const dataDirectory = flags.get('--data-dir') ?? DEFAULTS.dataDirectory;
  return { kind: 'start', options: {
    auth, tlsCert, tlsKey, passwordFile: flags.get('--password-file') ?? null,
    connectionsMax: Number(connections ?? DEFAULTS.connectionsMax),
    dataDirectory, testClock: clock === 'test' || dataDirectory === ':memory:',
    host: flags.get('--host') ?? DEFAULTS.host, pgPort, httpPort,
  } };
}

function portOf(text: string | undefined, otherwise: number): number | null {
  if (text === undefined) return otherwise;
  const port = Number(text);
  return /^\d+$/.test(text) && port <= 65535 ? port : null;
}

function demoCommand(flags: Flags): Command {
  const unknown = unknownFlag(flags, ['--seconds', '--seed']);
  if (unknown !== null) return unknown;
  const seconds = Number(flags.get('--seconds') ?? '20');
  const seed = Number(flags.get('--seed') ?? '1');
  if (!(seconds > 0) || !Number.isInteger(seed)) {
    return mistake('--seconds is a number above 0 and --seed a whole number');
  }
  return { kind: 'demo', seconds, seed };
}
