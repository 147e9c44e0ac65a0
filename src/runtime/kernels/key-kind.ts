/**
 * How values of a type are told apart and ordered inside generated loops.
 *
 * The kinds are the physical ones, with strings split off from other references because `===`
 * decides their equality. Everything else asks the type registry.
 */
import { compareText } from '../../common/types/text-order.ts';
import {
  compareValues, equalValues, formatValue, hashValue,
} from '../../common/types/registry.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';

/** A physical kind, or `text`: references to strings that are equal exactly when identical. */
export type KeyKind = 'bool' | 'i32' | 'u32' | 'i64' | 'f64' | 'text' | 'ref';

/** The key kind of a type. Blank-padded strings are `ref`: their trailing blanks do not count. */
export function keyKindOf(type: SqlType): KeyKind {
  switch (type.name) {
    case 'text': case 'varchar': case 'name': case 'char': case 'uuid': case 'json':
    case 'unknown': return 'text';
    case 'oid': case 'xid': case 'regclass': case 'regtype': case 'regproc': case 'regprocedure':
    case 'regoper': case 'regoperator': case 'regnamespace': case 'regrole': return 'u32';
    default: return physicalOf(type);
  }
}

/** Equality of two non-NULL values of a type, as a function of two values. */
export function equalityOf(type: SqlType): (a: Value, b: Value) => boolean {
  if (keyKindOf(type) === 'text') return (a, b) => a === b;
  return (a, b) => a === b || equalValues(a, b, type);
}

/** The order of two non-NULL references of a type. */
export function orderOf(type: SqlType): (a: Value, b: Value) => number {
  if (keyKindOf(type) === 'text') {
    return compareText as unknown as (a: Value, b: Value) => number;
  }
  return (a, b) => compareValues(a, b, type);
}

/** As `orderOf`, but values that differ in a digit are ordered by their text, not equal. */
export function exactOrderOf(type: SqlType): (a: Value, b: Value) => number {
  const order = orderOf(type);
  return (a, b) => {
    const first = order(a, b);
    if (first !== 0 || identical(a, b)) return first;
    return compareText(formatValue(a, type) ?? '', formatValue(b, type) ?? '');
  };
}

/** The hash of a non-NULL reference that is no string key. */
export function hasherOf(type: SqlType): (value: Value) => number {
  return (value) => hashValue(value, type);
}

/**
 * True when two values are the same in every digit. SQL equality takes 1.0 for 1.00, 1 month for 30
 * days and blanks at the end of char(n) for nothing; rows of a Z-set are told apart by more.
 */
export function identical(a: Value, b: Value): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return sameObject(a, b);
}

function sameObject(a: object, b: object): boolean {
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && a.length === b.length
      && a.every((byte, at) => byte === b[at]);
  }
  const names = Object.keys(a);
  const left = a as Readonly<Record<string, Value>>;
  const right = b as Readonly<Record<string, Value>>;
  return names.length === Object.keys(b).length
    && names.every((name) => identical(left[name] ?? null, right[name] ?? null));
}
