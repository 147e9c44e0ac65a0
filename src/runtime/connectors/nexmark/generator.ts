/**
 * Nexmark events, straight into columns; event n is a function of seed and n.
 *
 * The standard distribution: of 50 events the first is a person, three are auctions, 46 are bids.
 * Half of the bids go to a hot auction, three quarters of them come from a hot bidder, three
 * quarters of the auctions from a hot seller; prices are log-uniform over six decades.
 */
import { must } from '../../../common/assert.ts';
import type { SqlType } from '../../../common/types/sql-type.ts';
import { physicalOf } from '../../../common/types/sql-type.ts';
import type { Value } from '../../../common/values.ts';
import type { Batch, Column } from '../../batch.ts';
import { makeColumn } from '../../batch.ts';
import { randomBelow, randomUnit } from '../random.ts';

/** Events in a cycle. */
export const PROPORTION_TOTAL = 50;
const AUCTIONS = 3;
const BIDS = 46;
const FIRST_PERSON = 1000;
const FIRST_AUCTION = 1000;
const FIRST_CATEGORY = 10;
const CATEGORIES = 5;
const ACTIVE_PEOPLE = 1000;
const IN_FLIGHT_AUCTIONS = 100;
const LEAD = 10;
const HOT_BATCH = 100;
const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'] as const;
const CHANNELS = 10_000;
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'] as const;
const CITIES = ['Phoenix', 'Los Angeles', 'San Francisco', 'Boise', 'Portland', 'Bend', 'Redmond',
  'Seattle', 'Kent', 'Cheyenne'] as const;
const FIRST_NAMES = ['Peter', 'Paul', 'Luke', 'John', 'Saul', 'Vicky', 'Kate', 'Julie', 'Sarah',
  'Deiter', 'Walter'] as const;
const LAST_NAMES = ['Shultz', 'Abrams', 'Spencer', 'White', 'Bartels', 'Walton', 'Smith', 'Jones',
  'Noris'] as const;

/** The three kinds of events. */
export type NexmarkKind = 'person' | 'auction' | 'bid';

interface NexmarkColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
}

const INT8: SqlType = { name: 'int8' };
const TEXT: SqlType = { name: 'text' };
const TIMESTAMP: SqlType = { name: 'timestamp' };

function column(name: string, type: SqlType): NexmarkColumn {
  return { name, type, notNull: false };
}

/** Columns of each kind, as RisingWave and Flink name them. */
export const NEXMARK_COLUMNS: Readonly<Record<NexmarkKind, readonly NexmarkColumn[]>> = {
  person: [
    column('id', INT8), column('name', TEXT), column('email_address', TEXT),
    column('credit_card', TEXT), column('city', TEXT), column('state', TEXT),
    column('date_time', TIMESTAMP), column('extra', TEXT),
  ],
  auction: [
    column('id', INT8), column('item_name', TEXT), column('description', TEXT),
    column('initial_bid', INT8), column('reserve', INT8), column('date_time', TIMESTAMP),
    column('expires', TIMESTAMP), column('seller', INT8), column('category', INT8),
    column('extra', TEXT),
  ],
  bid: [
    column('auction', INT8), column('bidder', INT8), column('price', INT8),
    column('channel', TEXT), column('url', TEXT), column('date_time', TIMESTAMP),
    column('extra', TEXT),
  ],
};

/** Events of a kind in a cycle of 50. */
export function shareOf(kind: NexmarkKind): number {
  return kind === 'person' ? 1 : kind === 'auction' ? AUCTIONS : BIDS;
}

/** What a stream of events depends on. */
export interface NexmarkOptions {
  readonly seed: number;
  /** Time of event 0, microseconds since 1970. */
  readonly start: bigint;
  readonly perSecond: number;
}

const FILLER = Array.from({ length: 4096 }, (_unit, at) =>
  String.fromCharCode(97 + randomBelow(7, 0, at, 26))).join('');

/** Makes events. */
export class NexmarkGenerator {
  readonly #seed: number;
  readonly #start: bigint;
  readonly #microsPerEvent: number;

  constructor({ seed, start, perSecond }: NexmarkOptions) {
    this.#seed = seed;
    this.#start = start;
    this.#microsPerEvent = 1_000_000 / perSecond;
  }

  /** The events of a kind among events [from, to); columns not `needed` are NULL. */
  batch(
    kind: NexmarkKind, from: number, to: number, needed: ReadonlySet<number> | null = null,
  ): Batch {
    const numbers = eventNumbers(kind, from, to);
    const makers = kind === 'bid' ? this.#bids()
      : kind === 'auction' ? this.#auctions() : this.#persons();
    const columns = makers.map((make, at) =>
      needed === null || needed.has(at) ? make(numbers) : nullColumn(kind, at, numbers.length));
    return {
      length: numbers.length, columns, weights: new Int32Array(numbers.length).fill(1),
    };
  }

  #time(n: number): bigint {
    return this.#start + BigInt(Math.floor(n * this.#microsPerEvent));
  }

  #times(): ColumnMaker {
    return int8Column((n) => this.#time(n));
  }

  #below(stream: number, n: number, bound: number): number {
    return randomBelow(this.#seed, stream, n, bound);
  }

  #price(stream: number, n: number): number {
    return Math.round(Math.exp(randomUnit(this.#seed, stream, n) * 6 * Math.LN10) * 100);
  }

  #extra(stream: number, n: number, length: number): string {
    const size = Math.floor(length * 0.8) + this.#below(stream, n, Math.ceil(length * 0.4) + 1);
    const at = this.#below(stream + 1, n, FILLER.length - size);
    return FILLER.slice(at, at + size);
  }

  #bids(): ColumnMaker[] {
    return [
      int8Column((n) => BigInt(this.#bidAuction(n))),
      int8Column((n) => BigInt(this.#bidder(n))),
      int8Column((n) => BigInt(this.#price(3, n))),
      textColumn((n) => this.#channel(n)),
      textColumn((n) => this.#url(n)),
      this.#times(),
      textColumn((n) => this.#extra(6, n, 60)),
    ];
  }

  #bidAuction(n: number): number {
    const last = lastAuction(n);
    if (this.#below(0, n, 2) > 0) return FIRST_AUCTION + Math.floor(last / HOT_BATCH) * HOT_BATCH;
    const first = Math.max(last - IN_FLIGHT_AUCTIONS, 0);
    return FIRST_AUCTION + first + this.#below(1, n, last - first + 1 + LEAD);
  }

  #bidder(n: number): number {
    const last = lastPerson(n);
    const hot = Math.floor(last / HOT_BATCH) * HOT_BATCH + 1;
    if (this.#below(2, n, 4) > 0) return FIRST_PERSON + hot;
    return FIRST_PERSON + this.#anyPerson(4, n);
  }

  #anyPerson(stream: number, n: number): number {
    const people = lastPerson(n) + 1;
    const active = Math.min(people, ACTIVE_PEOPLE);
    return people - active + this.#below(stream, n, active + LEAD);
  }

  #channel(n: number): string {
    if (this.#below(5, n, 2) > 0) return HOT_CHANNELS[this.#below(15, n, 4)] ?? '';
    return `channel-${this.#below(15, n, CHANNELS)}`;
  }

  #url(n: number): string {
    const channel = this.#below(5, n, 2) > 0 ? this.#below(15, n, 4)
      : this.#below(15, n, CHANNELS) + HOT_CHANNELS.length;
    const path = FILLER.slice(channel % 4000, channel % 4000 + 5);
    return `https://www.nexmark.com/${path}/item.htm?query=1&channel_id=${channel}`;
  }

  #auctions(): ColumnMaker[] {
    return [
      int8Column((n) => BigInt(FIRST_AUCTION + lastAuction(n))),
      textColumn((n) => this.#extra(20, n, 20)),
      textColumn((n) => this.#extra(22, n, 100)),
      int8Column((n) => BigInt(this.#price(24, n))),
      int8Column((n) => BigInt(this.#price(24, n) + this.#price(25, n))),
      this.#times(),
      int8Column((n) => this.#expires(n)),
      int8Column((n) => BigInt(this.#seller(n))),
      int8Column((n) => BigInt(FIRST_CATEGORY + this.#below(28, n, CATEGORIES))),
      textColumn((n) => this.#extra(29, n, 300)),
    ];
  }

  /** An auction lasts about as long as it takes to make the auctions in flight. */
  #expires(n: number): bigint {
    const inFlight = IN_FLIGHT_AUCTIONS * PROPORTION_TOTAL / AUCTIONS * this.#microsPerEvent;
    const length = 1 + this.#below(26, n, Math.max(1, Math.floor(inFlight * 2)));
    return this.#time(n) + BigInt(length);
  }

  #seller(n: number): number {
    const last = lastPerson(n);
    if (this.#below(27, n, 4) > 0) return FIRST_PERSON + Math.floor(last / HOT_BATCH) * HOT_BATCH;
    return FIRST_PERSON + this.#anyPerson(30, n);
  }

  #persons(): ColumnMaker[] {
    const pick = (list: readonly string[], stream: number, n: number): string =>
      list[this.#below(stream, n, list.length)] ?? '';
    return [
      int8Column((n) => BigInt(FIRST_PERSON + lastPerson(n))),
      textColumn((n) => `${pick(FIRST_NAMES, 40, n)} ${pick(LAST_NAMES, 41, n)}`),
      textColumn((n) => `${this.#extra(42, n, 7)}@${this.#extra(44, n, 5)}.com`),
      textColumn((n) => this.#card(n)),
      textColumn((n) => pick(CITIES, 47, n)),
      textColumn((n) => pick(STATES, 48, n)),
      this.#times(),
      textColumn((n) => this.#extra(49, n, 100)),
    ];
  }

  #card(n: number): string {
    const part = (stream: number): string =>
      String(this.#below(stream, n, 10_000)).padStart(4, '0');
    return `${part(46)} ${part(51)} ${part(52)} ${part(53)}`;
  }
}

/** Number of the newest person when event n is made. */
function lastPerson(n: number): number {
  return Math.floor(n / PROPORTION_TOTAL);
}

/** Number of the newest auction when event n is made. */
function lastAuction(n: number): number {
  const cycle = Math.floor(n / PROPORTION_TOTAL);
  const within = n - cycle * PROPORTION_TOTAL;
  if (within < 1) return Math.max(0, cycle * AUCTIONS - 1);
  return cycle * AUCTIONS + Math.min(within - 1, AUCTIONS - 1);
}

function eventNumbers(kind: NexmarkKind, from: number, to: number): Float64Array {
  const numbers = new Float64Array(Math.max(0, to - from));
  let count = 0;
  for (let n = from; n < to; n++) {
    const within = n % PROPORTION_TOTAL;
    const made = within === 0 ? 'person' : within <= AUCTIONS ? 'auction' : 'bid';
    if (made === kind) numbers[count++] = n;
  }
  return numbers.subarray(0, count);
}

/** Makes a column for events of these numbers. */
type ColumnMaker = (numbers: Float64Array) => Column;

function int8Column(make: (n: number) => bigint): ColumnMaker {
  return (numbers) => {
    const data = new BigInt64Array(numbers.length);
    for (let i = 0; i < numbers.length; i++) data[i] = make(numbers[i] ?? 0);
    return { kind: 'i64', data, nulls: null };
  };
}

function textColumn(make: (n: number) => string): ColumnMaker {
  return (numbers) => {
    const data: Value[] = [];
    for (let i = 0; i < numbers.length; i++) data.push(make(numbers[i] ?? 0));
    return { kind: 'ref', data, nulls: null };
  };
}

/** Shared by all batches: nobody reads them. */
const NULL_COLUMNS = new Map<Column['kind'], Column>();

function nullColumn(kind: NexmarkKind, at: number, length: number): Column {
  const physical = physicalOf(must(NEXMARK_COLUMNS[kind][at], 'column').type);
  const known = NULL_COLUMNS.get(physical);
  if (known !== undefined && known.data.length >= length) return known;
  const made = { ...makeColumn(physical, length), nulls: new Uint8Array(length).fill(1) };
  NULL_COLUMNS.set(physical, made);
  return made;
}
