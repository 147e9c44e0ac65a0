/**
 * The Nexmark generator as a source: persons, auctions or bids of one stream of events.
 *
 * Positions are event numbers of the whole stream, in which 1 of 50 events is a person, 3 are
 * auctions and 46 are bids; a relation sees its own kind only.
 */
import type { Batch } from '../../batch.ts';
import type { StoredConnector } from '../../catalog-store-types.ts';
import { sqlError } from '../../../common/errors.ts';
import { parseValue } from '../../../common/types/registry.ts';
import type {
  Connector, ConnectorColumn, ConnectorContext, OpenConnector, PollLimits, SourceBatch,
} from '../connector.ts';
import {
  badOption, integerOption, missingOption, numberOption, option, optionMap,
} from '../options.ts';
import type { OptionMap } from '../options.ts';
import type { Pace } from '../pace.ts';
import { dueBefore, nextDue } from '../pace.ts';
import { must } from '../../../common/assert.ts';
import { NEXMARK_COLUMNS, NexmarkGenerator, PROPORTION_TOTAL, shareOf } from './generator.ts';
import type { NexmarkKind } from './generator.ts';

const TYPE = ['nexmark.table.type', 'table.type', 'type'];
const RATE = ['nexmark.event.rate', 'event.rate', 'rows_per_second'];
const NUMBER = ['nexmark.event.num', 'event.num', 'number_of_events'];
const START = ['nexmark.start.time', 'start.time'];
const DEFAULT_RATE = 10_000;

/** The connector `nexmark`. */
export const NEXMARK: Connector = {
  name: 'nexmark',
  options: [
    ['nexmark.table.type', 'Person, Auction or Bid.'],
    ['nexmark.event.rate', 'Events of all kinds a second; 10000 unless a number is given.'],
    ['nexmark.event.num', 'Events of all kinds; without it there is no end.'],
    ['nexmark.start.time', 'Time of the first event; when the source was made, by default.'],
    ['seed', 'Seed of everything random.'],
  ],
  knowsOption: (name) => [TYPE, RATE, NUMBER, START].some((names) => names.includes(name)),
  defaultColumns: (options) => NEXMARK_COLUMNS[kindOf(options)],
  check(spec: StoredConnector, columns: readonly ConnectorColumn[]): void {
    const options = optionMap(spec.options);
    places(kindOf(options), columns);
    paceOf(options, 0n);
    startOf(options, 0n);
  },
  open: (context) => new NexmarkSource(context),
};

function kindOf(options: OptionMap): NexmarkKind {
  const name = option(options, ...TYPE);
  if (name === null) throw missingOption('nexmark', TYPE[0] ?? '');
  switch (name.toLowerCase()) {
    case 'person': return 'person';
    case 'auction': return 'auction';
    case 'bid': return 'bid';
    default: throw badOption(TYPE[0] ?? '', name, 'Person, Auction or Bid');
  }
}

function paceOf(options: OptionMap, createdAt: bigint): Pace {
  const rate = numberOption(options, RATE);
  if (rate !== null && rate <= 0) throw badOption(RATE[0] ?? '', String(rate), 'a positive number');
  const total = integerOption(options, NUMBER, 0n);
  return { perSecond: rate ?? (total === null ? DEFAULT_RATE : null), total, createdAt };
}

function startOf(options: OptionMap, createdAt: bigint): bigint {
  const text = option(options, ...START);
  if (text === null) return createdAt;
  const value = parseValue(text, { name: 'timestamp' });
  if (typeof value !== 'bigint') throw badOption(START[0] ?? '', text, 'a timestamp');
  return value;
}

/** Generator columns behind the declared ones, by name and type. */
function places(kind: NexmarkKind, columns: readonly ConnectorColumn[]): number[] {
  const known = NEXMARK_COLUMNS[kind];
  return columns.map((column) => {
    const at = known.findIndex(({ name }) => name === column.name);
    if (at < 0) {
      throw sqlError('42703', `nexmark has no column "${column.name}" in ${kind}`, {
        hint: `Its columns are ${known.map(({ name }) => name).join(', ')}.`,
      });
    }
    const { type } = must(known[at], 'column');
    const same = type.name === column.type.name
      || (type.name === 'timestamp' && column.type.name === 'timestamptz')
      || (type.name === 'text' && column.type.name === 'varchar');
    if (!same) {
      throw sqlError('42804', `nexmark column "${column.name}" is of type ${type.name}`);
    }
    return at;
  });
}

class NexmarkSource implements OpenConnector {
  readonly partitions = 1;
  readonly #pace: Pace;
  readonly #kind: NexmarkKind;
  readonly #generator: NexmarkGenerator;
  readonly #places: readonly number[];
  /** Generator columns that are read. */
  readonly #needed: ReadonlySet<number>;

  constructor({ spec, columns, createdAt, needed }: ConnectorContext) {
    const options = optionMap(spec.options);
    this.#kind = kindOf(options);
    this.#pace = paceOf(options, createdAt);
    this.#places = places(this.#kind, columns);
    this.#needed = new Set(this.#places.filter((_place, at) => needed?.has(at) ?? true));
    const seed = integerOption(options, ['seed'], -(2n ** 63n)) ?? 0n;
    this.#generator = new NexmarkGenerator({
      seed: Number(seed % 2147483647n), start: startOf(options, createdAt),
      perSecond: this.#pace.perSecond ?? DEFAULT_RATE,
    });
  }

  poll(_partition: number, from: bigint, limits: PollLimits): SourceBatch {
    const events = Math.ceil(limits.rows * PROPORTION_TOTAL / shareOf(this.#kind));
    const last = from + BigInt(events);
    const due = dueBefore(this.#pace, limits.now) ?? last;
    const next = due < last ? due : last;
    return this.#make(from, next < from ? from : next, next >= due);
  }

  reread(_partition: number, first: bigint, next: bigint): Promise<SourceBatch> {
    return Promise.resolve(this.#make(first, next, false));
  }

  #make(from: bigint, next: bigint, caughtUp: boolean): SourceBatch {
    const all = this.#generator.batch(this.#kind, Number(from), Number(next), this.#needed);
    const batch: Batch = {
      ...all, columns: this.#places.map((at) => must(all.columns[at], 'column')),
    };
    const { total } = this.#pace;
    return {
      batch, deadLetters: [], next, caughtUp, checksum: 0, ended: total !== null && next >= total,
    };
  }

  nextPollAt(_partition: number, from: bigint, now: bigint): bigint {
    return nextDue(this.#pace, from, now);
  }
}
