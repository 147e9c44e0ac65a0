/**
 * Narrowing of values: what a type's functions may expect of a value, asserted.
 *
 * A mismatch is a programmer error (XX000), never a user's.
 */
import { AssertionError } from '../assert.ts';
import type { SqlArray, SqlRecord, Value } from '../values.ts';
import type { Interval } from './interval.ts';
import type { Jsonb } from './jsonb.ts';
import type { Numeric } from './numeric.ts';

function mismatch(expected: string, value: Value): AssertionError {
  const found = value === null ? 'null'
    : typeof value === 'object' ? ('kind' in value ? value.kind : 'bytes') : typeof value;
  return new AssertionError(`expected ${expected}, got ${found}`);
}

/** The value as a number. */
export function asNumber(value: Value): number {
  if (typeof value === 'number') return value;
  throw mismatch('number', value);
}

/** The value as a bigint. */
export function asBigint(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  throw mismatch('bigint', value);
}

/** The value as a string. */
export function asString(value: Value): string {
  if (typeof value === 'string') return value;
  throw mismatch('string', value);
}

/** The value as a boolean. */
export function asBoolean(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  throw mismatch('boolean', value);
}

/** The value as bytes. */
export function asBytes(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw mismatch('bytes', value);
}

/** The value as a numeric. */
export function asNumeric(value: Value): Numeric {
  if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'numeric') {
    return value;
  }
  throw mismatch('numeric', value);
}

/** The value as an interval. */
export function asInterval(value: Value): Interval {
  if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'interval') {
    return value;
  }
  throw mismatch('interval', value);
}

/** The value as an array. */
export function asArray(value: Value): SqlArray {
  if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'array') {
    return value;
  }
  throw mismatch('array', value);
}

/** The value as a record. */
export function asRecord(value: Value): SqlRecord {
  if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'record') {
    return value;
  }
  throw mismatch('record', value);
}

/** The value as jsonb. */
export function asJsonb(value: Value): Jsonb {
  if (typeof value !== 'object' || value === null || !('kind' in value)) {
    throw mismatch('jsonb', value);
  }
  switch (value.kind) {
    case 'numeric': case 'interval': case 'array': case 'record': throw mismatch('jsonb', value);
    default: return value;
  }
}
