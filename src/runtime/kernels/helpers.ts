/**
 * What generated code calls: checked arithmetic, and the expression kinds that need no loop of
 * their own (array and record constructors, comparison with an array).
 *
 * Inline texts of functions name these as `$.name(..)`. Range checks and their errors are those of
 * the functions' `evaluate`.
 */
import { equalValues } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { applyTypmod } from '../../common/types/typmod.ts';
import { sqlArray } from '../../common/values.ts';
import type { SqlArray, SqlRecord, Value } from '../../common/values.ts';
import { arrayOfArrays } from '../../planner/functions/array-tools.ts';
import type { EvaluationContext, ScalarEvaluator } from '../../planner/functions/entry.ts';
import {
  checkInt2, checkInt4, checkInt8, divFloat, divInt4, divInt8, divisionByZero, floatOverflow,
  modInt4, modInt8, mulFloat,
} from '../../planner/functions/number-checks.ts';

function float8(result: number, a: number, b: number): number {
  if (result - result !== 0 && a - a === 0 && b - b === 0) throw floatOverflow();
  return result;
}

function fail22012(): never {
  throw divisionByZero();
}

/** The shape of `HELPERS`. */
export interface Helpers {
  readonly int2: (value: number) => number;
  readonly int4: (value: number) => number;
  readonly int8: (value: bigint) => bigint;
  readonly div4: (a: number, b: number) => number;
  readonly div8: (a: bigint, b: bigint) => bigint;
  readonly mod4: (a: number, b: number) => number;
  readonly mod8: (a: bigint, b: bigint) => bigint;
  readonly divf: (a: number, b: number) => number;
  readonly mulf: (a: number, b: number) => number;
  readonly float8: (result: number, a: number, b: number) => number;
  readonly fail22012: () => never;
  readonly record: (values: readonly Value[]) => SqlRecord;
}

/** The `$` of generated code. */
export const HELPERS: Helpers = {
  int2: checkInt2, int4: checkInt4, int8: checkInt8, div4: divInt4, div8: divInt8, mod4: modInt4,
  mod8: modInt8, divf: divFloat, mulf: mulFloat, float8, fail22012,
  record: (values) => ({ kind: 'record', values }),
};

/** ARRAY[...] of a type; over arrays it gives one dimension more. */
export function arrayMaker(type: SqlType): (elements: readonly Value[]) => Value {
  return (elements) => {
    const first = elements.find((each) => each !== null);
    const nested = typeof first === 'object' && first !== null && 'kind' in first
      && first.kind === 'array' && type.element?.name !== 'array';
    if (!nested) return sqlArray(elements);
    return arrayOfArrays(elements as readonly (SqlArray | null)[]);
  };
}

/** left op ANY / ALL (array), for an array that is not NULL. */
export function arrayComparer(
  code: ScalarEvaluator, all: boolean, propagates: boolean,
): (context: EvaluationContext, left: Value, array: Value) => Value {
  return (context, left, array) => {
    let sawNull = false;
    for (const each of (array as SqlArray).elements) {
      const unknown = propagates && (left === null || each === null);
      const one = unknown ? null : code(context, left, each);
      if (one === !all) return !all;
      if (one === null) sawNull = true;
    }
    return sawNull ? null : all;
  };
}

/** Fits values to a type's modifiers. */
export function typmodFitter(type: SqlType, explicit: boolean): (value: Value) => Value {
  return (value) => applyTypmod(value, type, explicit);
}

/** A cast that gives NULL where it would fail. */
export function forgiving(
  code: (context: EvaluationContext, value: Value) => Value,
): (context: EvaluationContext, value: Value) => Value {
  return (context, value) => {
    try {
      return code(context, value);
    } catch {
      return null;
    }
  };
}

/** True for a record whose fields are all NULL. */
export function allFieldsNull(value: Value): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'record'
    && value.values.every((field) => field === null);
}

/** Equality of two references of a type. */
export function sameReference(type: SqlType): (a: Value, b: Value) => boolean {
  return (a, b) => a === b || equalValues(a, b, type);
}
