/**
 * HOP of 24 hours every minute against TUMBLE of a minute, per event, as they close.
 *
 * 10,000 events a second of event time over 1,000 or 120,000 keys. Each window that closes has a row
 * for every key of its last 24 hours, which are counted here and left out by HAVING: what a view of
 * them holds is their number. HOP of ten minutes shows that slices which leave cost no more.
 */
import type { BenchArguments } from './arguments.ts';
import { writeFigures } from './machine.ts';
import { empty, fill } from './nexmark/batches.ts';
import type { EpochEvents, Events } from './nexmark/events.ts';
import { runEngine } from './nexmark/replay.ts';

/** Most that an event may cost under HOP, in events under TUMBLE. */
const GOAL = 3;
const EVENTS_PER_SECOND = 10_000;
const START = 1_767_225_600_000_000n;
const KEYS = [1_000, 120_000];

const CALLS = ['count(*) AS n, sum(price::int4) AS s',
  'count(*) AS n, sum(price::int4) AS s, max(price) AS m'];

const WINDOWS: Readonly<Record<string, string>> = {
  tumble: "TUMBLE(bid, date_time, INTERVAL '1 minute')",
  'hop 24 h': "HOP(bid, date_time, INTERVAL '1 minute', INTERVAL '24 hours')",
  'hop 10 min': "HOP(bid, date_time, INTERVAL '1 minute', INTERVAL '10 minutes')",
};

interface Figure {
  readonly window: string;
  readonly keys: number;
  readonly calls: string;
  readonly microsPerEvent: number;
  readonly ofTumble: number;
  readonly stateMb: number;
}

/** Runs and reports; false when HOP of 24 hours costs more than three times TUMBLE. */
export async function reportWindows(args: BenchArguments): Promise<boolean> {
  const figures: Figure[] = [];
  for (const keys of KEYS) {
    const events = bids(args.events, keys, args.batch);
    for (const calls of CALLS) figures.push(...await compare({ events, keys, calls }));
  }
  writeFigures(args.json, { eventsPerSecond: EVENTS_PER_SECOND, figures });
  return figures.every(({ window, ofTumble }) => window !== 'hop 24 h' || ofTumble <= GOAL);
}

/** The windows over the same events. */
async function compare(
  of: { readonly events: Events; readonly keys: number; readonly calls: string },
): Promise<Figure[]> {
  const { events, keys, calls } = of;
  const figures: Figure[] = [];
  for (const [window, table] of Object.entries(WINDOWS)) {
    const run = await runEngine(`SELECT window_end, auction, ${calls} FROM ${table} `
      + 'GROUP BY window_end, auction HAVING count(*) > 1000000000 EMIT ON WINDOW CLOSE',
    events, { durable: false, watermark: true });
    const counted = events.total - events.warmEpochs * events.perEpoch;
    const microsPerEvent = run.cpuMs * 1000 / counted;
    const tumble = figures[0]?.microsPerEvent ?? microsPerEvent;
    const figure = {
      window, keys, calls, microsPerEvent, ofTumble: microsPerEvent / tumble,
      stateMb: run.stateBytes / 1e6,
    };
    figures.push(figure);
    process.stdout.write(`${window} by ${keys} keys, ${calls}: ${microsPerEvent.toFixed(2)} us `
      + `an event, ${figure.ofTumble.toFixed(1)} of tumble, ${figure.stateMb.toFixed(0)} MB\n`);
  }
  return figures;
}

/** Bids over keys at random, in order of time; a fifth of them to warm up. */
function bids(total: number, keys: number, perEpoch: number): Events {
  const epochs: EpochEvents[] = [];
  let state = 88_172_645;
  for (let from = 0; from < total; from += perEpoch) {
    const length = Math.min(perEpoch, total - from);
    const bid = empty('bid', length);
    fill(bid, 'auction', () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return BigInt((state >>> 0) % keys);
    });
    fill(bid, 'price', (row) => BigInt(100 + (from + row) % 1000));
    fill(bid, 'date_time', (row) =>
      START + BigInt(Math.floor((from + row) * (1_000_000 / EVENTS_PER_SECOND))));
    epochs.push({ bid, person: empty('person', 0), auction: empty('auction', 0) });
  }
  return { total, perEpoch, warmEpochs: Math.floor(epochs.length / 5), epochs };
}
