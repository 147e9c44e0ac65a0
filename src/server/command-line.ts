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
  testClock: false,
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
    ['--data-dir', '--host', '--pg-port', '--http-port', '--clock']);
  if (unknown !== null) return unknown;
  const pgPort = portOf(flags.get('--pg-port'), DEFAULTS.pgPort);
  const httpPort = portOf(flags.get('--http-port'), DEFAULTS.httpPort);
  if (pgPort === null || httpPort === null) return mistake('a port is a number from 0 to 65535');
  const clock = flags.get('--clock') ?? 'real';
  if (clock !== 'real' && clock !== 'test') return mistake('--clock is real or test');
  const dataDirectory = flags.get('--data-dir') ?? DEFAULTS.dataDirectory;
  return { kind: 'start', options: {
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
