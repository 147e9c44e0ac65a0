/**
 * CONTRACT. SQL values as plain JavaScript values.
 *
 * Used in literals, functions' `evaluate`, tests and at the wire's edge; batches hold columns
 * instead. NULL is `null`. Objects are immutable. Which type has which value: see `Value`.
 */
import type { Interval } from './types/interval.ts';
import type { Jsonb } from './types/jsonb.ts';
import type { Numeric } from './types/numeric.ts';

/** An array value: row-major elements; dims [] for the empty array; lower bounds default to 1. */
export interface SqlArray {
  readonly kind: 'array';
  readonly dims: readonly number[];
  readonly lowerBounds: readonly number[];
  readonly elements: readonly Value[];
}

/** A composite value; the type, where needed, travels beside it. */
export interface SqlRecord {
  readonly kind: 'record';
  readonly values: readonly Value[];
}

/**
 * boolean -> boolean; int2, int4, oid, reg*, float4, float8, date (days since 1970) -> number;
 * int8, time, timestamp, timestamptz (microseconds since 1970 UTC) -> bigint; text family, uuid,
 * json -> string; bytea -> Uint8Array; the rest their own immutable objects.
 */
export type Value =
  | null | boolean | number | bigint | string
  | Numeric | Interval | Uint8Array | Jsonb | SqlArray | SqlRecord;

/** A one-dimensional array value. */
export function sqlArray(elements: readonly Value[]): SqlArray {
  return elements.length === 0
    ? { kind: 'array', dims: [], lowerBounds: [], elements }
    : { kind: 'array', dims: [elements.length], lowerBounds: [1], elements };
}
