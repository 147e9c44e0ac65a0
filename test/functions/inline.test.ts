/**
 * The inline text of a function or cast gives what its `evaluate` gives, errors included.
 *
 * Texts are compiled as the kernels do and run on edge values and seeded random ones.
 */
import { describe, expect, test } from 'vitest';
import { SqlError } from '../../src/common/errors.ts';
import { compareText } from '../../src/common/types/text-order.ts';
import type { Value } from '../../src/common/values.ts';
import { allCasts } from '../../src/planner/functions/casts.ts';
import type { EvaluationContext } from '../../src/planner/functions/entry.ts';
import { allFunctions } from '../../src/planner/functions/registry.ts';
import { HELPERS } from '../../src/runtime/kernels/helpers.ts';
import { CONTEXT } from '../support/interpreter.ts';

const INT64_MAX = 9223372036854775807n;
const EDGES: Readonly<Record<string, readonly Value[]>> = {
  boolean: [true, false],
  int2: [0, 1, -1, 2, -7, 32767, -32768],
  int4: [0, 1, -1, 2, -7, 40000, 2147483647, -2147483648],
  int8: [0n, 1n, -1n, 3n, -7n, 4294967296n, INT64_MAX, -INT64_MAX - 1n],
  float4: [0, -0, 1.5, -2.25, NaN, Infinity, -Infinity],
  float8: [0, -0, 1.5, -2.25, 1e308, -1e308, 1e-308, NaN, Infinity, -Infinity],
  text: ['', 'a', 'b', 'ab', '\u{1f600}'], varchar: ['', 'a', 'ab'], bpchar: ['a', 'a '],
  name: ['', 'a', 'b'], uuid: ['00000000-0000-0000-0000-000000000001'],
  date: [0, 1, -1, 2147483647, -2147483648],
  time: [0n, 1n, 86_399_999_999n],
  timestamp: [0n, 1n, -1n, INT64_MAX, -INT64_MAX - 1n],
  timestamptz: [0n, 1n, -1n, INT64_MAX, -INT64_MAX - 1n],
  oid: [0, 1, 2147483647, 4294967295],
};

function edgesOf(type: string): readonly Value[] {
  return EDGES[type] ?? (type.startsWith('reg') ? [0, 23, 4294967295] : ['', 'a']);
}

type Code = (...args: Value[]) => Value;

function compiled(text: string, arity: number): Code {
  const names = Array.from({ length: arity }, (_unused, i) => `a${i}`);
  // The kernels' way of compiling is what is tested here.
  // oxlint-disable-next-line typescript/no-implied-eval, no-new-func
  return new Function('$', `return (${names.join(', ')}) => (${text});`)(HELPERS) as Code;
}

/** A column's value: what is stored when a plain value is. */
function stored(value: Value, type: string): Value {
  if (typeof value !== 'number') return value === null ? null : value;
  return /^(oid|reg)/.test(type) ? value | 0 : value;
}

function outcome(code: () => Value, type: string): string {
  try {
    const value = code();
    if (type === 'boolean') return String(Boolean(value));
    if (/^(oid|reg)/.test(type)) return String(Number(value) >>> 0);
    return `${typeof value} ${String(value as number)}`;
  } catch (error) {
    if (error instanceof SqlError) return `${error.sqlState} ${error.message}`;
    throw error;
  }
}

function combinations(types: readonly string[]): Value[][] {
  return types.reduce<Value[][]>((rows, type) => rows.flatMap((row) =>
    edgesOf(type).map((value) => [...row, value])), [[]]);
}

interface Subject {
  readonly id: string;
  readonly types: readonly string[];
  readonly result: string;
  readonly text: string;
  readonly evaluate: (context: EvaluationContext, ...args: Value[]) => Value;
}

function subjects(): Subject[] {
  const found: Subject[] = [];
  for (const entry of allFunctions()) {
    if (entry.kind !== 'scalar' || entry.inline === undefined || entry.specialize !== undefined
      || entry.name.startsWith('$')) continue;
    const names = entry.args.map((_arg, i) => `a${i}`);
    found.push({
      id: entry.id, types: entry.args.map((arg) => arg.name), result: entry.result.name,
      text: entry.inline(...names), evaluate: entry.evaluate,
    });
  }
  for (const cast of allCasts()) {
    if (cast.inline === undefined) continue;
    found.push({
      id: `${cast.from.name} as ${cast.to.name}`, types: [cast.from.name], result: cast.to.name,
      text: cast.inline('a0'), evaluate: cast.evaluate,
    });
  }
  return found.toSorted((a, b) => compareText(a.id, b.id));
}

describe('inline texts', () => {
  test.for(subjects().map((subject) => [subject.id, subject] as const))('%s', ([, subject]) => {
    const code = compiled(subject.text, subject.types.length);
    const rows = combinations(subject.types);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const inline = outcome(
        () => code(...row.map((value, i) => stored(value, subject.types[i] ?? ''))),
        subject.result);
      const plain = outcome(() => subject.evaluate(CONTEXT, ...row), subject.result);
      expect([row.map(String), inline]).toEqual([row.map(String), plain]);
    }
  });
});
