/**
 * Generates rows: sequences and random values per field, at a rate, up to a number.
 *
 * Position n makes row n, whatever was made before: rows are a function of seed and number. Times
 * begin when the relation is made and move on with the rate.
 */
import { sqlError } from '../../../common/errors.ts';
import { formatType } from '../../../common/types/registry.ts';
import { parseValue } from '../../../common/types/registry.ts';
import { makeNumeric } from '../../../common/types/numeric.ts';
import type { Value } from '../../../common/values.ts';
import type { StoredConnector } from '../../catalog-store-types.ts';
import { RowBuilder } from '../../formats/row-builder.ts';
import type {
  Connector, ConnectorColumn, ConnectorContext, OpenConnector, PollLimits, SourceBatch,
} from '../connector.ts';
import { badOption, integerOption, numberOption, option, optionMap } from '../options.ts';
import type { OptionMap } from '../options.ts';
import type { Pace } from '../pace.ts';
import { dueBefore, nextDue } from '../pace.ts';
import { randomBelow, randomBits, randomUnit } from '../random.ts';

const DEFAULT_RATE = 10;
const DEFAULT_LENGTH = 10;
const DAY_MICROS = 86_400_000_000;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const FIELD_OPTION = new RegExp('^fields\\.(.+)\\.'
  + '(kind|start|end|min|max|length|seed|max_past|max-past|values|null_rate)$');

/** The connector `datagen`. */
export const DATAGEN: Connector = {
  name: 'datagen',
  options: [
    ['rows_per_second', 'Rows a second; 10 unless number_of_rows is given.'],
    ['number_of_rows', 'Rows in all; without it there is no end.'],
    ['seed', 'Seed of everything random.'],
    ['fields.<column>.kind', 'sequence or random (default).'],
    ['fields.<column>.start', 'First value of a sequence.'],
    ['fields.<column>.end', 'Last value of a sequence.'],
    ['fields.<column>.min', 'Least random value.'],
    ['fields.<column>.max', 'Greatest random value.'],
    ['fields.<column>.length', 'Characters of a random text.'],
    ['fields.<column>.values', 'Values to choose from, separated by commas.'],
    ['fields.<column>.max_past', 'How far a random time may lie back.'],
    ['fields.<column>.null_rate', 'Share of NULLs, 0 to 1.'],
  ],
  knowsOption: (name) => FIELD_OPTION.test(name) || RATE.includes(name) || NUMBER.includes(name),
  defaultColumns: () => null,
  check(spec: StoredConnector, columns: readonly ConnectorColumn[]): void {
    const options = optionMap(spec.options);
    for (const name of options.keys()) {
      const field = FIELD_OPTION.exec(name)?.[1];
      if (field === undefined || columns.some((column) => column.name === field)) continue;
      throw sqlError('42703', `column "${field}" named in option "${name}" does not exist`);
    }
    paceOf(options, columns, 0n);
    for (const [at, column] of columns.entries()) {
      fieldOf(column, options, { at, seed: 0, pace: { perSecond: 1, total: null, createdAt: 0n } });
    }
  },
  open: (context) => new Datagen(context),
};

const RATE = ['rows_per_second', 'rows-per-second', 'datagen.rows.per.second'];
const NUMBER = ['number_of_rows', 'number-of-rows'];

/** Makes the value of a column in row n. */
type Field = (n: number) => Value;

function paceOf(options: OptionMap, columns: readonly ConnectorColumn[], createdAt: bigint): Pace {
  const rate = numberOption(options, RATE);
  if (rate !== null && rate <= 0) throw badOption(RATE[0] ?? '', String(rate), 'a positive number');
  let total = integerOption(options, NUMBER, 0n);
  for (const { name } of columns) {
    if (option(options, `fields.${name}.kind`) !== 'sequence') continue;
    const end = integerOption(options, [`fields.${name}.end`], -(2n ** 63n));
    if (end === null) continue;
    const start = integerOption(options, [`fields.${name}.start`], -(2n ** 63n)) ?? 0n;
    const count = end < start ? 0n : end - start + 1n;
    if (total === null || count < total) total = count;
  }
  return { perSecond: rate ?? (total === null ? DEFAULT_RATE : null), total, createdAt };
}

class Datagen implements OpenConnector {
  readonly partitions = 1;
  readonly #pace: Pace;
  readonly #fields: readonly Field[];
  readonly #rows: RowBuilder;
  readonly #needed: ReadonlySet<number> | null;

  constructor({ spec, columns, createdAt, needed }: ConnectorContext) {
    this.#needed = needed;
    const options = optionMap(spec.options);
    this.#pace = paceOf(options, columns, createdAt);
    const seed = Number((integerOption(options, ['seed'], -(2n ** 63n)) ?? 0n) % 2147483647n);
    this.#fields = columns.map((column, at) =>
      fieldOf(column, options, { at, seed, pace: this.#pace }));
    this.#rows = new RowBuilder(columns);
  }

  poll(_partition: number, from: bigint, limits: PollLimits): SourceBatch {
    const due = dueBefore(this.#pace, limits.now) ?? from + BigInt(limits.rows);
    const last = from + BigInt(limits.rows);
    const next = due < last ? due : last;
    return this.#make(from, next < from ? from : next, next >= due);
  }

  reread(_partition: number, first: bigint, next: bigint): Promise<SourceBatch> {
    return Promise.resolve(this.#make(first, next, false));
  }

  #make(from: bigint, next: bigint, caughtUp: boolean): SourceBatch {
    for (let n = Number(from); n < Number(next); n++) {
      this.#rows.begin();
      for (const [at, field] of this.#fields.entries()) {
        if (this.#needed === null || this.#needed.has(at)) this.#rows.set(at, field(n));
      }
      this.#rows.finish();
    }
    const { total } = this.#pace;
    return {
      batch: this.#rows.take(), deadLetters: [], next, caughtUp, checksum: 0,
      ended: total !== null && next >= total,
    };
  }

  nextPollAt(_partition: number, from: bigint, now: bigint): bigint {
    return nextDue(this.#pace, from, now);
  }
}

interface FieldContext {
  readonly at: number;
  readonly seed: number;
  readonly pace: Pace;
}

function fieldOf(column: ConnectorColumn, options: OptionMap, context: FieldContext): Field {
  const own = (what: string): string => `fields.${column.name}.${what}`;
  const kind = option(options, own('kind')) ?? 'random';
  if (kind !== 'random' && kind !== 'sequence') {
    throw badOption(own('kind'), kind, 'sequence or random');
  }
  const seed = Number((integerOption(options, [own('seed')], -(2n ** 63n))
    ?? BigInt(context.seed)) % 2147483647n);
  const stream = context.at * 4;
  const values = option(options, own('values'));
  const field = values !== null ? chosen(column, values, seed, stream)
    : kind === 'sequence' ? sequence(column, options, context)
    : random(column, options, { ...context, seed }, stream);
  const nullRate = numberOption(options, [own('null_rate')]) ?? 0;
  if (nullRate === 0) return field;
  return (n) => randomUnit(seed, stream + 3, n) < nullRate ? null : field(n);
}

function chosen(column: ConnectorColumn, list: string, seed: number, stream: number): Field {
  const values = list.split(',').map((text) => parseValue(text.trim(), column.type));
  return (n) => values[randomBelow(seed, stream, n, values.length)] ?? null;
}

function sequence(column: ConnectorColumn, options: OptionMap, context: FieldContext): Field {
  const start = integerOption(options, [`fields.${column.name}.start`], -(2n ** 63n)) ?? 0n;
  const first = Number(start);
  switch (column.type.name) {
    case 'int2': case 'int4': case 'float4': case 'float8': return (n) => first + n;
    case 'int8': return (n) => start + BigInt(n);
    case 'numeric': return (n) => makeNumeric(start + BigInt(n), 0);
    case 'text': case 'varchar': return (n) => String(start + BigInt(n));
    case 'timestamp': case 'timestamptz': return (n) => eventTime(context.pace, n);
    default: throw cannotGenerate(column);
  }
}

function random(
  column: ConnectorColumn, options: OptionMap, { seed, pace }: FieldContext, stream: number,
): Field {
  const own = (what: string): string => `fields.${column.name}.${what}`;
  const min = numberOption(options, [own('min')]) ?? 0;
  const max = numberOption(options, [own('max')]) ?? Math.max(min, 1000);
  if (max < min) throw badOption(own('max'), String(max), 'a value not below min');
  const whole = (n: number): number =>
    Math.floor(min) + randomBelow(seed, stream, n, Math.floor(max) - Math.floor(min) + 1);
  switch (column.type.name) {
    case 'int2': case 'int4': return whole;
    case 'int8': return (n) => BigInt(whole(n));
    case 'float4': return (n) => Math.fround(min + randomUnit(seed, stream, n) * (max - min));
    case 'float8': return (n) => min + randomUnit(seed, stream, n) * (max - min);
    case 'numeric': return (n) =>
      makeNumeric(BigInt(Math.round((min + randomUnit(seed, stream, n) * (max - min)) * 100)), 2);
    case 'boolean': return (n) => randomBits(seed, stream, n) % 2 === 0;
    case 'text': case 'varchar': case 'bpchar': {
      const length = integerOption(options, [own('length')], 1n) ?? BigInt(DEFAULT_LENGTH);
      return (n) => letters(seed, stream, n, Number(length));
    }
    case 'date': {
      const day = Number(pace.createdAt / BigInt(DAY_MICROS));
      return (n) => day - randomBelow(seed, stream, n, 365);
    }
    case 'timestamp': case 'timestamptz': {
      const text = option(options, own('max_past'), own('max-past')) ?? '1 day';
      const past = parseValue(text, { name: 'interval' });
      const micros = past !== null && typeof past === 'object' && 'micros' in past
        ? Number(past.micros) + past.days * DAY_MICROS : DAY_MICROS;
      return (n) => eventTime(pace, n) - BigInt(Math.floor(randomUnit(seed, stream, n) * micros));
    }
    default: throw cannotGenerate(column);
  }
}

function letters(seed: number, stream: number, n: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) {
    text += LETTERS.charAt(randomBelow(seed, stream + 1, n * length + i, LETTERS.length));
  }
  return text;
}

/** Time of row n: rows without a rate are a millisecond apart. */
function eventTime(pace: Pace, n: number): bigint {
  return pace.createdAt + BigInt(Math.floor(n * 1_000_000 / (pace.perSecond ?? 1000)));
}

function cannotGenerate(column: ConnectorColumn): Error {
  return sqlError('0A000',
    `datagen cannot generate values of type ${formatType(column.type)} for "${column.name}"`, {
      hint: 'Use integers, floats, numeric, boolean, text, date or timestamps.',
    });
}
