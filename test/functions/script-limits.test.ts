/**
 * The sandbox of functions in JavaScript: limits of work, memory and stack, and what is not there.
 */
import { expect, it } from 'vitest';
import { SqlError } from '../../src/common/errors.ts';
import type { ScriptValue } from '../../src/planner/functions/script-host.ts';
import { loadScriptHost } from '../../src/runtime/real/script-sandbox.ts';

async function run(body: string, ...args: readonly ScriptValue[]): Promise<ScriptValue> {
  const host = await loadScriptHost();
  const argNames = args.map((_arg, at) => ['x', 'y'][at] ?? '');
  try {
    return host.compile({ shape: 'scalar', name: 'f', argNames, body }).call(args);
  } catch (error) {
    if (error instanceof SqlError) return error.sqlState;
    throw error;
  }
}

it.each([
  ['while (true);', '57014'],
  ['return new Array(4e9).indexOf(1)', '57014'],
  ["return /^(a+)+$/.test('a'.repeat(40) + 'b')", '57014'],
  ['for (;;) [1, 2, 3].map((x) => x)', '57014'],
  ['const a = []; for (;;) a.push(new Array(10000).fill(0))', '53200'],
  ["return 'x'.repeat(1e9)", '53200'],
  ['const f = () => f(); return f()', '54001'],
  ['return (', '42601'],
  ['throw 1', '38000'],
])('%s: %s', async (body, state) => {
  expect(await run(body)).toBe(state);
  // It works on afterwards.
  expect(await run('return x + 1', 1)).toBe(2);
}, 60_000);

it('limits work, not time: the same source is stopped or not, however it is repeated', async () => {
  const body = 'let n = 0; for (let i = 0; i < x; i++) n += i; return n';
  for (let round = 0; round < 3; round++) {
    expect(await run(body, 1_000_000)).toBe(499_999_500_000);
    expect(await run(body, 1e9)).toBe('57014');
  }
}, 60_000);

it.each([
  'process', 'require', 'fetch', 'setTimeout', 'performance', 'WebAssembly', 'Promise', 'WeakRef',
  'FinalizationRegistry', 'console', 'std', 'os',
])('has no %s', async (name) => {
  expect(await run(`return typeof ${name}`)).toBe('undefined');
});

it.each([
  'globalThis.x = 1', 'Array.prototype.y = 1', 'Object.prototype.toString = () => 1',
  'Math.sin = 1', 'JSON.z = 1', '(function* () {}).constructor.prototype.w = 1',
  'Math.random()', 'new Date()', 'Date.now()', "import('fs')", 'undeclared = 1',
])('refuses %s', async (code) => {
  expect(await run(`${code}; return 1`)).toBe('38000');
});

it('keeps nothing from one call to the next', async () => {
  const host = await loadScriptHost();
  const script = host.compile({
    shape: 'scalar', name: 'count', argNames: [],
    body: 'let n = 0;\nexport function count() { return ++n }',
  });
  expect([script.call([]), script.call([]), script.call([])]).toEqual([1, 1, 1]);
});

it('lets values through as they are', async () => {
  const values: readonly ScriptValue[] = [null, true, -0, NaN, Infinity, 1.5, 2n ** 80n, '',
    '\ud83d\ude00', Uint8Array.of(0, 255), [], [1, [2n, null]],
    { a: 1, 'b c': { d: [] } }, JSON.parse('{"__proto__": 1}') as ScriptValue];
  for (const value of values) expect(await run('return x', value)).toEqual(value);
  for (const value of values) expect(await run('return [x]', value)).toEqual([value]);
});
