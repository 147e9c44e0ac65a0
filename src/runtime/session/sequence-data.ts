/**
 * What the options of a sequence come to: CREATE SEQUENCE, ALTER SEQUENCE, identity columns.
 *
 * Values are given out by the engine, see engine-sequences.ts.
 */
import { sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { SequenceOption } from '../../parser/ast-definitions.ts';
import type { StoredObject } from '../catalog-store-types.ts';
import { sequenceOf } from '../engine-sequences.ts';

const BITS: Readonly<Record<string, bigint>> = { int2: 15n, int4: 31n, int8: 63n };

/** The data of a sequence behind a column of an integer type. */
export function sequenceData(type: SqlType): StoredObject['data'] {
  const bits = BITS[type.name];
  return bits === undefined || type.name === 'int8' ? {}
    : { type: type.name, maxValue: 2n ** bits - 1n };
}

/** What is asked of a sequence; `old` null for a new one. */
export interface SequenceWish {
  readonly options: readonly SequenceOption[];
  readonly type: SqlType | null;
  /** The type is that of an identity column. */
  readonly identity?: boolean;
  readonly old: StoredObject['data'] | null;
  /** The value given out last, or null. */
  readonly last: bigint | null;
}

/** The definition, and the value RESTART goes on with, or null. */
export interface SequenceMade {
  readonly data: StoredObject['data'];
  readonly restart: bigint | null;
}

type Given = ReadonlyMap<SequenceOption['name'], SequenceOption>;

function givenOptions(options: readonly SequenceOption[]): Given {
  const given = new Map<SequenceOption['name'], SequenceOption>();
  for (const option of options) {
    if (given.has(option.name)) {
      throw sqlError('42601', 'conflicting or redundant options', { span: option.span });
    }
    given.set(option.name, option);
  }
  return given;
}

function valueOf(given: Given, name: SequenceOption['name']): bigint | null {
  const value = given.get(name)?.value ?? null;
  return value === null ? null : BigInt(value);
}

function typeNamed(wish: SequenceWish): SqlType['name'] {
  const name = wish.type?.name ?? (wish.old === null ? 'int8' : sequenceOf(wish.old).type);
  if (BITS[name] !== undefined) return name;
  throw sqlError('22023', `${wish.identity === true ? 'identity column' : 'sequence'} type must be `
    + 'smallint, integer, or bigint');
}

/** The bounds of a sequence that counts up or down, where nothing is said of them. */
function usualBounds(type: SqlType['name'], up: boolean): readonly [bigint, bigint] {
  const bits = BITS[type] ?? 63n;
  return up ? [1n, 2n ** bits - 1n] : [-(2n ** bits), -1n];
}

/** A definition out of its options. */
export function sequenceFrom(wish: SequenceWish): SequenceMade {
  const given = givenOptions(wish.options);
  const old = wish.old === null ? null : sequenceOf(wish.old);
  const type = typeNamed(wish);
  const increment = valueOf(given, 'increment') ?? old?.increment ?? 1n;
  if (increment === 0n) throw sqlError('22023', 'INCREMENT must not be zero');
  const [low, high] = usualBounds(type, increment > 0n);
  const [oldLow, oldHigh] = old === null ? [null, null] : usualBounds(old.type, old.increment > 0n);
  const bound = (name: 'minvalue' | 'maxvalue', usual: bigint, before: bigint | null): bigint =>
    (given.has(name) ? valueOf(given, name) : before) ?? usual;
  const max = bound('maxvalue', high, old === null || old.max === oldHigh ? null : old.max);
  const min = bound('minvalue', low, old === null || old.min === oldLow ? null : old.min);
  const data = {
    start: valueOf(given, 'start') ?? old?.start ?? (increment > 0n ? min : max),
    increment, minValue: min, maxValue: max, type,
    cycle: given.has('cycle') ? given.get('cycle')?.no !== true : old?.cycle ?? false,
    cache: valueOf(given, 'cache') ?? old?.cache ?? 1n,
  };
  const restart = given.has('restart') ? valueOf(given, 'restart') ?? data.start : null;
  refuse(data, restart ?? wish.last);
  return { restart, data: { ...wish.old, ...data } };
}

interface Bounds {
  readonly start: bigint;
  readonly minValue: bigint;
  readonly maxValue: bigint;
  readonly cache: bigint;
  readonly type: SqlType['name'];
}

function refuse(of: Bounds, next: bigint | null): void {
  const { minValue, maxValue, type } = of;
  const bits = BITS[type] ?? 63n;
  for (const [word, value] of [['MAXVALUE', maxValue], ['MINVALUE', minValue]] as const) {
    if (value >= -(2n ** bits) && value < 2n ** bits) continue;
    throw sqlError('22023',
      `${word} (${value}) is out of range for sequence data type ${formatType({ name: type })}`);
  }
  if (minValue >= maxValue) {
    throw sqlError('22023', `MINVALUE (${minValue}) must be less than MAXVALUE (${maxValue})`);
  }
  const within = (word: string, value: bigint): void => {
    if (value < minValue) {
      throw sqlError('22023',
        `${word} value (${value}) cannot be less than MINVALUE (${minValue})`);
    }
    if (value > maxValue) {
      throw sqlError('22023',
        `${word} value (${value}) cannot be greater than MAXVALUE (${maxValue})`);
    }
  };
  within('START', of.start);
  if (next !== null) within('RESTART', next);
  if (of.cache <= 0n) {
    throw sqlError('22023', `CACHE (${of.cache}) must be greater than zero`);
  }
}
