/**
 * Arrays that grow: contents, zeros beyond, and memory that grows in place.
 */
import { describe, expect, test } from 'vitest';
import { grown, reservedBytes } from '../../src/runtime/state/grow.ts';
import { RowStore } from '../../src/runtime/state/row-store.ts';

const LARGE = 300_000;

describe('arrays that grow', () => {
  test('keep what they hold and are 0 beyond, copied or in place', () => {
    let array: Int32Array = new Int32Array(4).fill(7);
    let filled = 4;
    while (filled < 4 * LARGE) {
      const length = filled * 3;
      array = grown(array, length);
      expect(array.length).toBe(length);
      expect(array.indexOf(0)).toBe(filled);
      expect(array.subarray(filled).some((value) => value !== 0)).toBe(false);
      array.fill(7);
      filled = length;
    }
  });

  test('large ones keep their memory', () => {
    const first = grown(new Float64Array(10), LARGE);
    first[LARGE - 1] = 1.5;
    const second = grown(first, 2 * LARGE);
    expect(second.buffer).toBe(first.buffer);
    expect(second[LARGE - 1]).toBe(1.5);
    expect(reservedBytes([second])).toBe(16 * LARGE);
    expect(reservedBytes([new Float64Array(LARGE)])).toBe(0);
  });
});

describe('what a checkpoint must write', () => {
  test('is every slot used or touched since the one before, in order', () => {
    const store = new RowStore('s', [{ name: 'a', type: { name: 'int4' }, nullable: false }]);
    const slots = new Int32Array(5);
    store.allocMany(5, slots);
    expect([...store.takeDirty()]).toEqual([0, 1, 2, 3, 4]);
    store.touch(3);
    store.free(1);
    store.alloc();
    store.alloc();
    store.alloc();
    expect(store.dirtyCount).toBe(4);
    expect([...store.takeDirty()]).toEqual([1, 3, 5, 6]);
    store.touch(6);
    store.touch(6);
    expect([...store.takeDirty()]).toEqual([6]);
    expect(store.dirtyCount).toBe(0);
  });
});
