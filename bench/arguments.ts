/**
 * The command line of the bench.
 */

/** What was asked for. */
export interface BenchArguments {
  readonly command: string;
  readonly events: number;
  readonly batch: number;
  readonly rounds: number;
  readonly queries: readonly string[] | null;
  /** Write the figures here. */
  readonly json: string | null;
  readonly durable: boolean;
  readonly watermark: boolean;
  /** Events for the comparison with db-ivm; 0: none. */
  readonly peerEvents: number;
  /** Events a second, and hours behind the first window span, of `bounded`. */
  readonly rate: number;
  readonly hours: number;
  /** Set in the processes that measure one query. */
  readonly child: string | null;
}

const HELP = `npm run bench -- <what> [options]

  nexmark    Nexmark queries: the engine, the hand-written limit, db-ivm
  state      memory of 1 M groups; 300,000 distinct values of one group
  latency    epochs at 100,000 events a second
  kafka      records from a topic into a view, against a bare kafkajs consumer
  reads      point look-ups through pg while 50,000 events a second stream in
  serving    look-ups and streams beside PostgreSQL; subscribers
  windows    HOP of 24 hours against TUMBLE, per event, by 1,000 and 120,000 keys
  bounded    state over days of events, by a clock that is moved

  --events N       events (nexmark: 1000000)
  --batch N        events in an epoch (10000)
  --rounds N       measured rounds, interleaved (3)
  --queries a,b    some queries only
  --peer-events N  events for the comparison with db-ivm (200000; 0: leave it out)
  --durable        the engine on a real directory
  --watermark      sources with a watermark of 4 seconds
  --rate N         events a second for bounded (100)
  --hours N        hours for bounded, after the first 25 (24)
  --json FILE      write the figures
`;

/** Parses the command line; null after help. */
export function parseArguments(args: readonly string[]): BenchArguments | null {
  const flags = new Map<string, string>();
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (!arg.startsWith('--')) words.push(arg);
    else if (arg === '--durable' || arg === '--watermark' || arg === '--help') flags.set(arg, '');
    else flags.set(arg, args[++at] ?? '');
  }
  const [command] = words;
  if (command === undefined || flags.has('--help')) {
    process.stdout.write(HELP);
    return null;
  }
  const number = (name: string, otherwise: number): number => {
    const value = Number(flags.get(name) ?? otherwise);
    if (!Number.isInteger(value) || value < 0) throw new Error(`${name} takes a whole number`);
    return value;
  };
  return {
    command, events: number('--events', 1_000_000), batch: number('--batch', 10_000),
    rounds: number('--rounds', 3), queries: flags.get('--queries')?.split(',') ?? null,
    json: flags.get('--json') ?? null, durable: flags.has('--durable'),
    watermark: flags.has('--watermark'), peerEvents: number('--peer-events', 200_000),
    rate: number('--rate', 100), hours: number('--hours', 24),
    child: flags.get('--child') ?? null,
  };
}
