/**
 * JSON read by shapes against JSON read by the scanner: the same rows, the same dead letters.
 *
 * Random columns, random records of mostly one shape, many of them broken. JSON_SEEDS sets how many
 * seeds are run; each prints itself when it fails. Planted bugs must be found.
 */
import { inspect, isDeepStrictEqual } from 'node:util';
import { afterEach, expect, it, vi } from 'vitest';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import { RecordDecoder } from '../../src/runtime/connectors/kafka/decoder.ts';
import type { DecoderPlan } from '../../src/runtime/connectors/kafka/decoder.ts';
import { RecordWalk } from '../../src/runtime/connectors/kafka/record-batch.ts';
import { readRecordSet } from '../../src/runtime/connectors/kafka/record-set.ts';
import { cell } from '../../src/runtime/batch.ts';
import { JsonDecoder } from '../../src/runtime/formats/json.ts';
import { ByteScanner } from '../../src/runtime/formats/json-bytes.ts';
import { ShapeDecoder } from '../../src/runtime/formats/json-shapes.ts';
import type { TargetColumn } from '../../src/runtime/formats/row-builder.ts';
import { StringCache } from '../../src/runtime/formats/string-cache.ts';
import { unpack } from '../../src/runtime/real/kafka/codecs.ts';
import { makeBatch } from '../support/kafka/batches.ts';
import { oneOf, randomFrom } from '../support/random.ts';
import type { Random } from '../support/random.ts';

const SEEDS = Number(process.env['JSON_SEEDS'] ?? 60);
const TYPES: readonly [SqlType, ...SqlType[]] = [
  { name: 'text' }, { name: 'text' }, { name: 'varchar', mods: [5] }, { name: 'int2' },
  { name: 'int4' }, { name: 'int8' }, { name: 'int8' }, { name: 'float4' }, { name: 'float8' },
  { name: 'numeric' }, { name: 'numeric', mods: [8, 2] }, { name: 'boolean' }, { name: 'date' },
  { name: 'timestamp' }, { name: 'timestamp', mods: [3] }, { name: 'timestamptz' },
  { name: 'time' }, { name: 'interval' }, { name: 'uuid' }, { name: 'json' }, { name: 'jsonb' },
  { name: 'bytea' }, { name: 'array', element: { name: 'int4' } },
];
const NAMES = ['id', 'user_id', 'n', 'straße', 'a b', 'click_time', 'x"y', '__proto__', 'v', 'w'];
const UTF8 = new TextEncoder();

function digits(random: Random, most: number): string {
  return Array.from({ length: 1 + random(most) }, () => String(random(10))).join('');
}

function numberText(random: Random): string {
  const whole = random(4) === 0 ? digits(random, 21) : String(random(1000));
  return (random(4) === 0 ? '-' : '') + whole + (random(3) === 0 ? `.${digits(random, 18)}` : '')
    + (random(12) === 0 ? oneOf(random, ['e3', 'E+2', 'e-4', 'e', 'e400', '.']) : '');
}

function timeText(random: Random): string {
  const two = (most: number): string => String(random(most)).padStart(2, '0');
  return `${oneOf(random, ['2024', '2024', '1969', '0001', '2300', '24'])}-${two(random(9) === 0 ? 20
    : 13)}-${two(random(9) === 0 ? 40 : 30)}`
    + oneOf(random, ['', 'T', ' ', 'T', 'x']) + `${two(25)}:${two(61)}`
    + oneOf(random, ['', `:${two(61)}`, `:${two(60)}.${digits(random, 8)}`, ':30.123', ':5'])
    + oneOf(random, ['', 'Z', 'Z', '+02:00', ' UTC', 'z']);
}

function stringText(random: Random): string {
  const plain = 'abc '.repeat(random(12)) + `user-${random(30)}`;
  const inner = oneOf(random, [plain, plain, `u${random(2000)}`, '', 'ä€😀', String.raw`a\"b\\`,
    String.raw`\n\t\/`, String.raw`\u00e4`, String.raw`\ud800`, String.raw`\u0000`,
    String.raw`\x`, 'a\nb', 'ä\nb', 'a\u0001', '\ufffd', 'true', '\u2028', timeText(random),
    timeText(random), timeText(random), numberText(random), '{1,2}', '1 day',
    '6f1a3c7e-0b5d-4c1e-9a53-0123456789ab', String.raw`\\x00ff`, 'null']);
  return `"${inner}"`;
}

function valueText(random: Random, depth = 0): string {
  switch (random(depth > 2 ? 5 : 8)) {
    case 0: case 1: return stringText(random);
    case 2: case 3: return numberText(random);
    case 4: return oneOf(random, ['null', 'true', 'false', 'nul', 'True', 'NaN']);
    case 5: return `[${Array.from({ length: random(3) }, () => valueText(random, depth + 1))
      .join(',')}]`;
    case 6: return `{${Array.from({ length: random(3) }, (_each, at) =>
      `"k${at}":${valueText(random, depth + 1)}`).join(', ')}}`;
    default: return '['.repeat(60 + random(8)) + ']'.repeat(64);
  }
}

/** A value as programs write it for a type. */
function usualText(random: Random, { name }: SqlType): string {
  switch (name) {
    case 'text': return `"${oneOf(random, ['user', 'https://shop.example/p?ref=', 'x'])}${
      random(500)}"`;
    case 'varchar': return `"v${random(50)}"`;
    case 'int2': return String(random(40_000) - 20_000);
    case 'int4': return String(random(4_000_000_000) - 2_000_000_000);
    case 'int8': return oneOf(random, [digits(random, 15).replace(/^0+(?=\d)/, ''), '-1', '0',
      '-9223372036854775808', '999999999999999', '-4294967297']);
    case 'float4': case 'float8': case 'numeric':
      return `${random(2) === 0 ? '-' : ''}${random(1000)}.${random(1000)}`;
    case 'boolean': return oneOf(random, ['true', 'false']);
    case 'date': return `"20${10 + random(30)}-0${1 + random(9)}-1${random(10)}"`;
    case 'timestamp': case 'timestamptz':
      return `"${new Date(1.6e12 + random(1e9) * 300).toISOString()}"`;
    case 'time': return '"12:34:56.5"';
    case 'interval': return '"1 day 02:00"';
    case 'uuid': return '"6f1a3c7e-0b5d-4c1e-9a53-0123456789ab"';
    case 'bytea': return String.raw`"\\x00ff"`;
    case 'array': return '[1, 2, null]';
    default: return valueText(random, 2);
  }
}

interface Case {
  readonly columns: readonly TargetColumn[];
  readonly records: readonly (Uint8Array | null)[];
}

function makeCase(random: Random): Case {
  const names = NAMES.filter(() => random(2) === 0);
  const columns = names.map((name) => ({ name, type: oneOf(random, TYPES),
    notNull: random(5) === 0 }));
  const spread = random(3);
  const fields: (readonly [string, SqlType])[] = columns.map(({ name, type }) => [name, type]);
  fields.splice(random(fields.length + 1), 0, ['other', { name: 'text' }], ['more',
    { name: 'jsonb' }]);
  const records = Array.from({ length: 1 + random(60) }, (): Uint8Array | null => {
    if (random(40) === 0) return random(2) === 0 ? null : new Uint8Array(0);
    const shown = fields.filter(() => random(25) > 0);
    if (random(20) === 0) shown.push(oneOf(random, [['id', { name: 'text' }],
      ['user_id', { name: 'int4' }]]));
    const space = spread === 0 ? '' : random(20) === 0 ? '\n ' : ' ';
    const text = `${random(30) === 0 ? ' ' : ''}{${shown.map(([name, type]) => {
      const value = random(12) === 0 ? valueText(random)
        : random(12) === 0 ? 'null' : usualText(random, type);
      return `${JSON.stringify(name)}:${space}${value}`;
    }).join(`,${spread === 2 ? '\r\n ' : ''}`)}}${random(30) === 0 ? oneOf(random, [' ', '}', ',',
      'x', '\n']) : ''}`;
    const bytes = UTF8.encode(text);
    if (random(15) === 0) bytes[random(bytes.length)] = random(256);
    return random(25) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
  });
  return { columns, records };
}

function plan({ columns }: Case, shaped: boolean, needed: ReadonlySet<number> | null): DecoderPlan {
  return {
    topic: 't', columns, metadata: [], envelope: 'plain', keyFormat: 'text', primaryKey: [], needed,
    value: (data) => {
      const json = new JsonDecoder(data);
      return { kind: 'text', rows: json.rows,
        decode: (text, start, end) => json.decode(text, start, end),
        ...shaped ? { shapes: new ShapeDecoder(json.rows, needed) } : {} };
    },
  };
}

/** Everything a decoder makes of a case; `each`: every record in a batch of its own. */
function decoded(of: Case, shaped: boolean, needed: ReadonlySet<number> | null): unknown[] {
  const decoder = new RecordDecoder(plan(of, shaped, needed));
  const walk = new RecordWalk();
  const shown: unknown[] = [];
  for (const part of [of.records, of.records.toReversed()]) {
    const bytes = makeBatch(7n, part.map((value) => ({ value })));
    const [batch] = readRecordSet(Buffer.concat([bytes, Buffer.alloc(16)]), [], unpack);
    if (batch === undefined) throw new Error('no batch');
    walk.walk(batch);
    decoder.decode(walk, 0, 0);
    const { batch: rows, deadLetters, offsets } = decoder.take(7n);
    const visible = rows.columns.map((column, at) =>
      needed === null || needed.has(at) || of.columns[at]?.type.name !== 'text' ? column : null);
    shown.push(Array.from({ length: rows.length }, (_row, row) => [
      offsets?.[row] ?? 7n + BigInt(row),
      ...visible.map((column) => column === null ? '-' : cell(column, row))]));
    shown.push(deadLetters.map(({ position, reason, sqlState, column }) =>
      ({ position, reason, sqlState, column })));
  }
  return shown;
}

function firstDifference(seeds: number): string | null {
  for (let seed = 1; seed <= seeds; seed++) {
    const random = randomFrom(seed);
    const made = makeCase(random);
    const needed = random(2) === 0 ? null
      : new Set(made.columns.flatMap((_column, at) => random(2) === 0 ? [at] : []));
    const [shaped, scanned] = [decoded(made, true, needed), decoded(made, false, needed)];
    if (!isDeepStrictEqual(shaped, scanned)) {
      return `seed ${seed}: ${inspect(shaped, { depth: 6 })} and ${inspect(scanned, { depth: 6 })}`;
    }
  }
  return null;
}

afterEach(() => { vi.restoreAllMocks(); });

it(`gives the same rows and dead letters (${SEEDS} seeds)`, () => {
  const run = vi.spyOn(ShapeDecoder.prototype, 'run');
  expect(firstDifference(SEEDS)).toBeNull();
  const usual = run.mock.calls.reduce((sum, [, from], at) =>
    sum + Number(run.mock.results[at]?.value) - from, 0);
  expect(usual).toBeGreaterThan(SEEDS);
});

const number = Reflect.get(ByteScanner.prototype, 'number') as
  (this: ByteScanner, start: number, end: number) => boolean;
const timestamp = Reflect.get(ByteScanner.prototype, 'timestamp') as
  (this: ByteScanner, start: number, precision: number, zoned: boolean) => boolean;
const find = Reflect.get(StringCache.prototype, 'find') as
  (this: StringCache, ...args: Parameters<StringCache['find']>) => string;

it.each<readonly [string, () => void]>([
  ['numbers with leading zeros', () => {
    vi.spyOn(ByteScanner.prototype, 'number').mockImplementation(
      function loose(this: ByteScanner, start, end) {
        return number.call(this, this.bytes[start] === 48 ? start + 1 : start, end);
      });
  }],
  ['a timestamp rounded to seconds', () => {
    vi.spyOn(ByteScanner.prototype, 'timestamp').mockImplementation(
      function rough(this: ByteScanner, start, precision, zoned) {
        const read = timestamp.call(this, start, precision, zoned);
        this.low -= this.low % 1000;
        return read;
      });
  }],
  ['strings confused by length', () => {
    const seen = new Map<number, string>();
    vi.spyOn(StringCache.prototype, 'find').mockImplementation(
      function confused(this: StringCache, ...args) {
        const length = args[3] - args[2];
        const text = seen.get(length) ?? find.apply(this, args);
        seen.set(length, text);
        return text;
      });
  }],
])('finds a planted bug: %s', (_name, plant) => {
  plant();
  expect(firstDifference(SEEDS * 10)).toMatch(/^seed \d+/);
});
