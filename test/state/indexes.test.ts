/**
 * Hash, chain and ordered indexes and arrangements against plain JavaScript collections.
 *
 * Keys of every kind, NULLs, growth across partitions, removal, and a rebuild after "restore".
 */
import { describe, expect, it } from 'vitest';
import { batchOf, cell } from '../../src/runtime/batch.ts';
import type { Batch } from '../../src/runtime/batch.ts';
import { parseNumeric, trimScaleNumeric } from '../../src/common/types/numeric.ts';
import { formatValue } from '../../src/common/types/registry.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import type { Value } from '../../src/common/values.ts';
import { Arrangement, arrangementColumns } from '../../src/runtime/state/arrangement.ts';
import { ChainIndex } from '../../src/runtime/state/chain-index.ts';
import { ExpiryQueue } from '../../src/runtime/state/expiry-queue.ts';
import { HashIndex } from '../../src/runtime/state/hash-index.ts';
import { OrderedIndex } from '../../src/runtime/state/ordered-index.ts';
import { RowStore } from '../../src/runtime/state/row-store.ts';

const T = (name: SqlType['name']): SqlType => ({ name });

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
}

function value(type: SqlType, n: number): Value {
  switch (type.name) {
    case 'int4': return n;
    case 'int8': return BigInt(n) << 31n;
    case 'float8': return n === 3 ? NaN : n / 4;
    case 'boolean': return n % 2 === 0;
    case 'text': return `k${n}`;
    default: return parseNumeric(`${n}.${n % 2 === 0 ? '5' : '50'}`);
  }
}

describe('HashIndex', () => {
  const layouts: SqlType['name'][][] = [
    ['int4'], ['int8'], ['text'], ['float8'], ['numeric'], ['int8', 'int4'],
    ['text', 'boolean', 'int8'], [],
  ];
  it.each(layouts.map((names) => [names]))('finds keys of %j', (names) => {
    const types = names.map(T);
    const store = new RowStore('s', types.map((type, at) =>
      ({ name: `k${at}`, type, nullable: true })));
    const index = new HashIndex(store, types.map((_type, at) => at));
    const known = new Map<string, number>();
    const next = random(7);
    for (let round = 0; round < 30; round++) {
      const rows = Array.from({ length: 300 }, () => types.map((type) =>
        round > 10 && next(9) === 0 ? null : value(type, next(500))));
      const batch = batchOf(types, rows);
      const out = new Int32Array(300);
      index.findOrInsert(batch.columns, 300, index.hash(batch.columns, 300), out);
      let wrong = 0;
      rows.forEach((row, i) => {
        const key = row.map((cellValue, at) => formatValue(
          typeof cellValue === 'object' && cellValue !== null && 'coef' in cellValue
            ? trimScaleNumeric(cellValue) : cellValue, types[at] as SqlType)).join('|');
        const slot = known.get(key);
        if (slot === undefined) known.set(key, out[i] ?? -9);
        else if (out[i] !== slot) wrong++;
      });
      expect(wrong).toBe(0);
      expect(index.entries).toBe(known.size);
      // Drops some keys again.
      const gone = [...known].filter((_entry, i) => i % 7 === round % 7);
      const slots = Int32Array.from(gone, ([, slot]) => slot);
      index.removeSlots(slots, slots.length);
      for (const [key, slot] of gone) {
        known.delete(key);
        store.free(slot);
      }
      if (round % 10 === 9) index.rebuild();
    }
    const all = Int32Array.from(known.values());
    expect(new Set(all).size).toBe(all.length);
  });

  it('grows over partitions and loses nothing', () => {
    const store = new RowStore('s', [{ name: 'k', type: T('int8'), nullable: true }]);
    const index = new HashIndex(store, [0]);
    const n = 10000;
    const out = new Int32Array(n);
    const batches: Batch[] = [];
    for (let b = 0; b < 12; b++) {
      batches.push(batchOf([T('int8')], Array.from({ length: n }, (_x, i) => [BigInt(b * n + i)])));
    }
    for (const batch of batches) {
      index.findOrInsert(batch.columns, n, index.hash(batch.columns, n), out);
      expect(index.insertedCount).toBe(n);
    }
    batches.forEach((batch, b) => {
      index.find(batch.columns, n, index.hash(batch.columns, n), out);
      expect(out.every((slot, i) => slot === b * n + i)).toBe(true);
    });
  });
});

describe('ChainIndex', () => {
  it('holds all slots of a key and none with NULL', () => {
    const store = new RowStore('s', [{ name: 'k', type: T('text'), nullable: true },
      { name: 'v', type: T('int4'), nullable: false }]);
    const chain = new ChainIndex(store, [0]);
    const model = new Map<string, Set<number>>();
    const next = random(3);
    const live: number[] = [];
    for (let round = 0; round < 2000; round++) {
      if (live.length > 0 && next(3) === 0) {
        const slot = live.splice(next(live.length), 1)[0] as number;
        const key = store.column(0).ref[slot] as string | null;
        chain.removeSlots(Int32Array.of(slot), 1);
        model.get(key ?? '')?.delete(slot);
        store.free(slot);
      } else {
        const slot = store.alloc();
        const key = next(10) === 0 ? null : `k${next(40)}`;
        store.column(0).ref[slot] = key;
        (store.column(0).nulls as Uint8Array)[slot] = key === null ? 1 : 0;
        store.column(1).i32[slot] = round;
        chain.insertSlots(Int32Array.of(slot), 1);
        live.push(slot);
        if (key !== null) model.set(key, new Set(model.get(key)).add(slot));
      }
      if (round === 1500) chain.rebuild();
    }
    const keys = [...Array.from({ length: 40 }, (_x, i) => [`k${i}`]), [null]];
    const batch = batchOf([T('text')], keys);
    const out = new Int32Array(41);
    chain.lookup(batch.columns, 41, chain.hash(batch.columns, 41), out);
    for (let i = 0; i < 40; i++) {
      const found = new Set<number>();
      for (let s = out[i] as number; s >= 0; s = chain.next[s] as number) found.add(s);
      expect(found).toEqual(model.get(`k${i}`) ?? new Set());
    }
    expect(out[40]).toBe(-1);
  });
});

describe('OrderedIndex', () => {
  it('agrees with a sorted array', () => {
    const store = new RowStore('s', [
      { name: 'v', type: T('float8'), nullable: true },
      { name: 't', type: T('text'), nullable: true },
      { name: 'w', type: T('int4'), nullable: false }]);
    const index = new OrderedIndex(store, [{ column: 0, descending: true, nullsFirst: false }],
      { tieBreak: [1], weights: 2 });
    const next = random(11);
    let root = 0;
    const model: { slot: number; v: number | null; t: string; w: number }[] = [];
    const rank = (v: number | null): number => v === null ? -Infinity : v;
    const order = (a: typeof model[0], b: typeof model[0]): number =>
      rank(b.v) - rank(a.v) || (a.t < b.t ? -1 : a.t > b.t ? 1 : 0) || a.slot - b.slot || 0;
    for (let round = 0; round < 3000; round++) {
      if (model.length > 0 && next(5) < 2) {
        const row = model.splice(next(model.length), 1)[0] as typeof model[0];
        root = index.remove(root, row.slot);
        store.free(row.slot);
      } else if (model.length > 0 && next(5) === 0) {
        const row = model[next(model.length)] as typeof model[0];
        const before = row.w;
        row.w = next(4);
        store.column(2).i32[row.slot] = row.w;
        index.reweigh(root, row.slot, before);
      } else {
        const slot = store.alloc();
        const row = { slot, v: next(20) === 0 ? null : next(50), t: `t${next(5)}`, w: next(4) };
        store.column(0).f64[slot] = row.v ?? 0;
        (store.column(0).nulls as Uint8Array)[slot] = row.v === null ? 1 : 0;
        store.column(1).ref[slot] = row.t;
        (store.column(1).nulls as Uint8Array)[slot] = 0;
        store.column(2).i32[slot] = row.w;
        root = index.insert(root, slot);
        model.push(row);
      }
      if (round % 50 !== 0) continue;
      const sorted = model.toSorted(order);
      const out = new Int32Array(sorted.length + 5);
      expect(index.range(root, -1, out.length, out)).toBe(sorted.length);
      expect([...out.subarray(0, sorted.length)]).toEqual(sorted.map(({ slot }) => slot));
      const total = sorted.reduce((sum, { w }) => sum + w, 0);
      expect(index.count(root)).toBe(total);
      const expanded = sorted.flatMap(({ slot, w }) => Array.from({ length: w }, () => slot));
      const k = next(total + 1);
      expect(index.kth(root, k)).toBe(expanded[k] ?? -1);
      expect(index.first(root)).toBe(sorted[0]?.slot ?? -1);
      expect(index.last(root)).toBe(sorted.at(-1)?.slot ?? -1);
      if (sorted.length === 0) continue;
      const at = next(sorted.length);
      const row = sorted[at] as typeof model[0];
      expect(index.rank(root, row.slot)).toBe(
        sorted.slice(0, at).reduce((sum, { w }) => sum + w, 0));
      expect(index.successor(root, row.slot)).toBe(sorted[at + 1]?.slot ?? -1);
      expect(index.predecessor(root, row.slot)).toBe(sorted[at - 1]?.slot ?? -1);
      const probe = next(50);
      index.bindProbe(batchOf([T('float8')], [[probe]]).columns);
      expect(index.lowerBound(root, 0)).toBe(
        sorted.find(({ v }) => v === null || v <= probe)?.slot ?? -1);
      expect(index.upperBound(root, 0)).toBe(
        sorted.find(({ v }) => v === null || v < probe)?.slot ?? -1);
      expect(index.below(root, 0)).toBe(
        sorted.findLast(({ v }) => v !== null && v > probe)?.slot ?? -1);
      expect(index.atMost(root, 0)).toBe(
        sorted.findLast(({ v }) => v !== null && v >= probe)?.slot ?? -1);
      expect(index.rankOf(root, 0)).toBe(sorted.reduce((sum, { v, w }) =>
        v !== null && v > probe ? sum + w : sum, 0));
    }
  });
});

describe('Arrangement', () => {
  const types = [T('int4'), T('text')];
  const columns = [{ name: 'k', type: types[0] as SqlType }, { name: 'v', type: types[1] as SqlType }];
  it.each([[null], [[0]]])('adds weights with key %j', (key) => {
    const arrangement = new Arrangement(new RowStore('a', arrangementColumns(columns)), { key });
    const chain = arrangement.chain([1]);
    const model = new Map<string, number>();
    const next = random(5);
    for (let round = 0; round < 200; round++) {
      const rows = Array.from({ length: 20 }, () => [next(10), `v${next(3)}`]);
      const weights = rows.map(() => next(2) * 2 - 1);
      arrangement.apply(batchOf(types, rows, weights));
      rows.forEach((row, i) => model.set(row.join('|'),
        (model.get(row.join('|')) ?? 0) + (weights[i] as number)));
      if (round === 100) arrangement.restore();
    }
    const { store } = arrangement;
    const found = new Map<string, number>();
    for (let slot = 0; slot < store.top; slot++) {
      if (store.live[slot] !== 1) continue;
      found.set(`${store.column(0).i32[slot]}|${store.column(1).ref[slot] as string}`,
        arrangement.weights[slot] as number);
    }
    expect(found).toEqual(new Map([...model].filter(([, w]) => w !== 0)));
    const out = new Int32Array(1);
    const probe = batchOf([T('text')], [['v1']]);
    chain.lookup(probe.columns, 1, chain.hash(probe.columns, 1), out);
    let length = 0;
    for (let s = out[0] as number; s >= 0; s = chain.next[s] as number) length++;
    expect(length).toBe([...found.keys()].filter((k) => k.endsWith('v1')).length);
    expect(arrangement.settled).toBe([...found.values()].every((w) => w > 0));
  });

  it('replaces a keyed row whatever comes first', () => {
    const arrangement = new Arrangement(new RowStore('a', arrangementColumns(columns)), { key: [0] });
    arrangement.apply(batchOf(types, [[1, 'a']]));
    arrangement.apply(batchOf(types, [[1, 'b']]));
    arrangement.apply(batchOf(types, [[1, 'a']], [-1]));
    const out = new Int32Array(1);
    arrangement.findKeys(batchOf([T('int4')], [[1]]).columns, 1, out);
    const batch = arrangement.batchOfSlots(out, 1);
    expect(batch.columns.map((column) => cell(column, 0))).toEqual([1, 'b']);
    expect(arrangement.rows).toBe(1);
    expect(arrangement.settled).toBe(true);
  });
});

describe('ExpiryQueue', () => {
  it('gives slots by time', () => {
    const store = new RowStore('s', [{ name: 't', type: T('timestamp'), nullable: true }]);
    const queue = new ExpiryQueue(store, 0);
    const slots = Int32Array.from({ length: 100 }, () => store.alloc());
    for (const slot of slots) {
      store.column(0).i64[slot] = BigInt((slot * 37) % 10);
      (store.column(0).nulls as Uint8Array)[slot] = slot === 99 ? 1 : 0;
    }
    queue.insertSlots(slots, 100);
    queue.removeSlots(Int32Array.of(0, 10), 2);
    store.free(0);
    store.free(10);
    queue.rebuild();
    expect(queue.takeUpTo(-1n).length).toBe(0);
    expect(queue.takeUpTo(0n).length).toBe(8);
    const rest = [...queue.takeUpTo(5n)].map((slot) => Number(store.column(0).i64[slot]));
    expect(rest.length).toBe(49);
    expect(Math.max(...rest)).toBe(5);
    expect(queue.earliest()).toBe(6n);
  });

  it('agrees with a list of times, near and far', () => {
    const next = random(17);
    for (const spread of [3, 1000, 2 ** 30]) {
      const store = new RowStore('s', [{ name: 't', type: T('int8'), nullable: false }]);
      const queue = new ExpiryQueue(store, 0);
      const model = new Map<number, bigint>();
      let limit = -5n * BigInt(spread);
      for (let round = 0; round < 300; round++) {
        const slots = Int32Array.from({ length: next(20) }, () => store.alloc());
        for (const slot of slots) {
          const far = next(30) === 0 ? 2n ** 62n + BigInt(next(5)) : 0n;
          const time = limit + BigInt(next(9 * spread)) - BigInt(spread) + far;
          store.column(0).i64[slot] = time;
          model.set(slot, time);
        }
        queue.insertSlots(slots, slots.length);
        const gone = [...model.keys()].filter(() => next(10) === 0);
        queue.removeSlots(Int32Array.from(gone), gone.length);
        for (const slot of gone) {
          model.delete(slot);
          store.free(slot);
        }
        if (round === 150) queue.rebuild();
        limit += BigInt(next(spread));
        const due = queue.takeUpTo(round === 299 ? 2n ** 62n + limit : limit);
        const wanted = [...model].filter(([, time]) =>
          time <= (round === 299 ? 2n ** 62n + limit : limit)).map(([slot]) => slot);
        expect([...due].toSorted((a, b) => a - b)).toEqual(wanted.toSorted((a, b) => a - b));
        for (const slot of due) {
          model.delete(slot);
          store.free(slot);
        }
        const earliest = queue.earliest();
        const times = [...model.values()];
        expect(earliest === null).toBe(times.length === 0);
        expect(times.every((time) => time >= (earliest ?? time))).toBe(true);
      }
    }
  });
});
