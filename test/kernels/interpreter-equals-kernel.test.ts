/**
 * Random expressions over random rows: the kernel gives what the plain interpreter gives, row by
 * row, errors included, with and without NULLs in the batch. A failure prints its seed.
 */
import { describe, expect, it } from 'vitest';
import { SqlError } from '../../src/common/errors.ts';
import { parseNumeric } from '../../src/common/types/numeric.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import type { Value } from '../../src/common/values.ts';
import type { EvaluationContext, ScalarFunction } from '../../src/planner/functions/entry.ts';
import { allFunctions } from '../../src/planner/functions/registry.ts';
import { evaluateOver } from '../../src/planner/fold.ts';
import type { ScalarExpr } from '../../src/planner/relation.ts';
import { batchOf, cell } from '../../src/runtime/batch.ts';
import { compileMap, compilePredicate, kernelSource } from '../../src/runtime/kernels/map.ts';

const CONTEXT: EvaluationContext = {
  timeZone: 'Europe/Paris', dateStyle: 'ISO, MDY', intervalStyle: 'postgres',
  extraFloatDigits: 1, now: 1_700_000_000_000_000n,
};
const T = (name: SqlType['name']): SqlType => ({ name });
const BOOL = T('boolean');
const TYPES: readonly SqlType[] = [
  T('int2'), T('int4'), T('int8'), T('float8'), T('text'), BOOL, T('numeric'), T('timestamp'),
  T('date'),
];

class Random {
  #state: number;
  constructor(seed: number) { this.#state = seed >>> 0; }
  below(n: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 4294967296) * n);
  }
  pick<X>(list: readonly X[]): X { return list[this.below(list.length)] as X; }
}

function randomValue(type: SqlType, random: Random): Value {
  switch (type.name) {
    case 'int2': return random.pick([0, 1, -1, 2, 7, 32767, -32768]);
    case 'int4': return random.pick([0, 1, -1, 3, 1000, 2147483647, -2147483648]);
    case 'int8': return random.pick([0n, 1n, -1n, 5n, 10n ** 12n, 2n ** 63n - 1n, -(2n ** 63n)]);
    case 'float8': return random.pick([0, 1.5, -2.25, NaN, Infinity, 1e300, -0]);
    case 'text': return random.pick(['', 'a', 'Abc', 'héllo', '12', 'a b']);
    case 'boolean': return random.pick([true, false]);
    case 'numeric': return parseNumeric(random.pick(['0', '1.10', '-3', '1e10', 'NaN', '0.001']));
    case 'timestamp': return random.pick([0n, 1_700_000_000_000_000n, -1n]);
    case 'date': return random.pick([0, 19000, -1]);
    default: throw new Error(type.name);
  }
}

const SAFE = /^(=|<>|<|<=|>|>=|\+|-|\*|\/|%|lower|upper|length|\|\||abs|@|substr|coalesce|greatest|least|replace|ltrim)$/;
const PLAIN = new Set(TYPES.map(({ name }) => name));

function callable(result: SqlType): ScalarFunction[] {
  return allFunctions().filter((entry): entry is ScalarFunction =>
    entry.kind === 'scalar' && SAFE.test(entry.name) && entry.volatility !== 'volatile'
    && entry.result.name === result.name && !entry.variadic && entry.specialize === undefined
    && entry.args.every(({ name }) => PLAIN.has(name as SqlType['name'])));
}
const CALLABLE = new Map(TYPES.map((type) => [type.name, callable(type)]));

function expression(type: SqlType, depth: number, random: Random): ScalarExpr {
  const sub = (of: SqlType): ScalarExpr => expression(of, depth - 1, random);
  if (depth === 0 || random.below(5) === 0) {
    if (random.below(4) === 0) {
      return { kind: 'literal', type, value: random.below(4) === 0 ? null
        : randomValue(type, random) };
    }
    return { kind: 'column', type, index: TYPES.findIndex(({ name }) => name === type.name) };
  }
  if (type.name === 'boolean' && random.below(2) === 0) {
    const other = random.pick(TYPES);
    switch (random.below(7)) {
      case 0: case 1: return { kind: random.pick(['and', 'or'] as const), type: BOOL,
        args: Array.from({ length: 2 + random.below(2) }, () => sub(BOOL)) };
      case 2: return { kind: 'not', type: BOOL, arg: sub(BOOL) };
      case 3: return { kind: 'isNull', type: BOOL, arg: sub(other) };
      case 4: return { kind: 'isTruth', type: BOOL, arg: sub(BOOL),
        truth: random.pick([true, false, null]) };
      case 5: return { kind: 'notDistinct', type: BOOL, left: sub(other), right: sub(other) };
      default: return { kind: 'arrayCompare', type: BOOL, function: '=(int4,int4)',
        all: random.below(2) === 0, left: sub(T('int4')),
        array: { kind: 'array', type: { name: 'array', element: T('int4') },
          elements: [sub(T('int4')), sub(T('int4'))] } };
    }
  }
  switch (random.below(6)) {
    case 0: return { kind: 'case', type, otherwise: sub(type), whens:
      Array.from({ length: 1 + random.below(2) }, () => ({ when: sub(BOOL), then: sub(type) })) };
    case 1: return { kind: 'coalesce', type, args: [sub(type), sub(type)] };
    case 2: if (type.name === 'int4') {
      return { kind: 'cast', type, context: random.pick(['explicit', 'try'] as const),
        arg: sub(random.pick([T('int8'), T('text'), T('numeric'), T('int2')])) };
    } break;
    case 3: if (type.name === 'text') {
      return { kind: 'cast', type: { name: 'varchar', mods: [3] }, context: 'explicit',
        arg: sub(T('text')) };
    } break;
    default: break;
  }
  const functions = CALLABLE.get(type.name) ?? [];
  if (functions.length === 0) return expression(type, 0, random);
  const entry = random.pick(functions);
  return { kind: 'call', type, function: entry.id, args: entry.args.map((arg) =>
    sub(arg as SqlType)) };
}

function comparable(value: Value): unknown {
  return value === null ? null : typeof value === 'object' ? JSON.stringify(value, (_k, v: unknown) =>
    typeof v === 'bigint' ? `${v}n` : v) : Object.is(value, -0) ? 0 : value;
}

/** JSON of values that JSON has no word for. */
function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n`
    : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function outcome(expr: ScalarExpr, row: readonly Value[]): { ok?: unknown; error?: string } {
  try {
    return { ok: comparable(evaluateOver(expr, row, CONTEXT)) };
  } catch (error) {
    if (error instanceof SqlError) return { error: `${error.sqlState} ${error.message}` };
    throw error;
  }
}

describe('kernels', () => {
  it.each([[0.15], [0]])('equal the interpreter with share of NULLs %d', (nulls) => {
    const wrong: string[] = [];
    for (let seed = 1; seed <= 400; seed++) {
      const random = new Random(seed * 7919);
      const exprs = Array.from({ length: 3 }, () =>
        expression(random.pick(TYPES), 4, random));
      const filter = random.below(2) === 0 ? expression(BOOL, 3, random) : null;
      const rows = Array.from({ length: 40 }, () => TYPES.map((type) =>
        random.below(1000) < nulls * 1000 ? null : randomValue(type, random)));
      const batch = batchOf(TYPES, rows, rows.map((_row, at) => at + 1));
      const errors: string[] = [];
      const plan = { filter, exprs, inputTypes: TYPES };
      const out = compileMap(plan)(batch, CONTEXT, (error, row) => errors.push(`${row} ${error.message}`));
      const got: unknown[] = [];
      for (let i = 0; i < (out?.length ?? 0); i++) {
        got.push([out?.weights[i], ...(out?.columns ?? []).map((column) => comparable(cell(column, i)))]);
      }
      const wanted: unknown[] = [];
      let failures = 0;
      rows.forEach((row, at) => {
        const passes = filter === null ? { ok: true } : outcome(filter, row);
        if ('error' in passes) { failures++; return; }
        if (passes.ok !== true) return;
        const values = exprs.map((expr) => outcome(expr, row));
        if (values.some((value) => 'error' in value)) { failures++; return; }
        wanted.push([at + 1, ...values.map(({ ok }) => ok)]);
      });
      const differ = (what: string, a: unknown, b: unknown): void => {
        if (JSON.stringify(a, plain) === JSON.stringify(b, plain)) return;
        wrong.push(`seed ${seed}, ${what}: ${kernelSource(plan, true)}`);
      };
      // A filter's AND stops at NULL as well as at false, so a later error may not happen.
      if (filter === null || failures === errors.length) differ('rows', got, wanted);
      if (filter === null) differ('errors', errors.length, failures);
      if (filter === null || failures > 0) continue;
      const kept = new Int32Array(rows.length);
      const count = compilePredicate(filter, TYPES)(batch, CONTEXT, () => undefined, kept);
      differ('selection', [...kept.subarray(0, count)].map((at) => at + 1),
        wanted.map((row) => (row as number[])[0]));
    }
    expect(wrong).toEqual([]);
  });

  it('prints its source without literals', () => {
    const source = kernelSource({
      filter: { kind: 'call', function: '=(text,text)', type: BOOL, args: [
        { kind: 'column', index: 1, type: T('text') },
        { kind: 'literal', value: "secret'; evil()", type: T('text') }] },
      exprs: [{ kind: 'column', index: 0, type: T('int8') }], inputTypes: [T('int8'), T('text')],
    });
    expect(source).not.toContain('secret');
    expect(source).toMatchInlineSnapshot(`
      "const { B, M, O, N, F, X } = R, { A, ctx, $ } = E;
      const b0 = B[0];
      const a0 = A[0];
      let i = S.at, k = S.out;
      try {
        for (; i < n; i++) {
          const v0 = b0[i];
          const v1 = (v0 === a0);
          if (!v1) continue;
          X[k++] = i;
        }
      } catch (error) {
        S.error = error; S.failed = true;
      }
      S.at = i; S.out = k;"
    `);
  });

  it('passes columns on without copying', () => {
    const batch = batchOf([T('int4')], [[1], [2]]);
    const out = compileMap({ filter: null, inputTypes: [T('int4')],
      exprs: [{ kind: 'column', index: 0, type: T('int4') }] })(batch, CONTEXT, () => undefined);
    expect(out?.columns[0]).toBe(batch.columns[0]);
  });

  it('takes remainders in doubles where they are exact, else as bigints', () => {
    const INT8 = T('int8');
    const near = [0n, 1n, -1n, 122n, -123n, 2n ** 31n, -(2n ** 32n), 2n ** 52n, -(2n ** 52n),
      2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];
    const random = new Random(7);
    const edge = near.flatMap((value) => [value - 1n, value, value + 1n, value * 123n])
      .filter((value) => value === BigInt.asIntN(64, value));
    const rows = [...edge, ...Array.from({ length: 500 }, () =>
      (BigInt(random.below(2 ** 20)) - 2n ** 19n) * BigInt(random.below(2 ** 32)))]
      .map((value): Value[] => [value]);
    const literal = (value: bigint): ScalarExpr => ({ kind: 'literal', value, type: INT8 });
    const cases = [123n, -123n, 1n, 7n, -(2n ** 31n) + 1n].flatMap((divisor) =>
      ['=', '<>', '<', '>='].flatMap((op) => [0n, 1n, -5n].map((constant) =>
        ({ divisor, op, constant }))));
    for (const { divisor, op, constant } of cases) {
      const test: ScalarExpr = { kind: 'call', function: `${op}(int8,int8)`, type: BOOL, args: [
        { kind: 'call', function: '%(int8,int8)', type: INT8, args: [
          { kind: 'column', index: 0, type: INT8 }, literal(divisor)] }, literal(constant)] };
      for (const some of [rows, [...rows, [null]]]) {
        const kept = new Int32Array(some.length);
        const count = compilePredicate(test, [INT8])(
          batchOf([INT8], some), CONTEXT, () => undefined, kept);
        const wanted = some.flatMap((row, at) =>
          evaluateOver(test, row, CONTEXT) === true ? [at] : []);
        expect([divisor, op, constant, ...kept.subarray(0, count)])
          .toEqual([divisor, op, constant, ...wanted]);
      }
    }
  });
});
