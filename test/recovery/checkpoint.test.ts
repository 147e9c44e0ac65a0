/**
 * Incremental checkpoints of large stores: deltas and rolling bases give back exactly the slots,
 * after failed checkpoints too, and what is kept stays in proportion to the state.
 */
import { expect, it } from 'vitest';
import { RowStore } from '../../src/runtime/state/row-store.ts';
import { Checkpointer } from '../../src/runtime/storage/checkpoint.ts';
import { loadStore } from '../../src/runtime/storage/checkpoint-codec.ts';
import { SimDisk, SimStorage } from '../support/sim-environment.ts';

const COLUMNS = [
  { name: 'a', type: { name: 'int8' }, nullable: true },
  { name: 'b', type: { name: 'text' }, nullable: true },
  { name: 'c', type: { name: 'numeric' }, nullable: true },
  { name: 'd', type: { name: 'float8' }, nullable: false },
] as const;

let state = 4711;
function below(bound: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor(state / 4294967296 * bound);
}

function fill(store: RowStore, slot: number): void {
  const n = below(1_000_000);
  const isNull = n % 7 === 0 ? 1 : 0;
  store.column(0).i64[slot] = BigInt(n) << 33n;
  store.column(1).ref[slot] = isNull === 1 ? null : `täxt-${n}`;
  store.column(2).ref[slot] = n % 3 === 0 ? null
    : { kind: 'numeric', coef: BigInt(n) ** 5n, scale: n % 9, special: null };
  store.column(3).f64[slot] = n % 11 === 0 ? Number.NaN : -n / 3;
  for (const [at, mark] of [[0, 0], [1, isNull], [2, n % 3 === 0 ? 1 : 0]] as const) {
    const { nulls } = store.column(at);
    if (nulls !== null) nulls[slot] = mark;
  }
  store.touch(slot);
}

function mutate(store: RowStore, live: number[], changes: number): void {
  for (let i = 0; i < changes; i++) {
    const dice = below(10);
    if (dice < 4 || live.length === 0) {
      const slot = store.alloc();
      fill(store, slot);
      live.push(slot);
    } else if (dice < 8) {
      fill(store, live[below(live.length)] ?? 0);
    } else {
      const at = below(live.length);
      store.free(live[at] ?? 0);
      live[at] = live.at(-1) ?? 0;
      live.pop();
    }
  }
}

function content(store: RowStore): string {
  const lines: string[] = [];
  for (let slot = 0; slot < store.top; slot++) {
    if (store.live[slot] !== 1) continue;
    const cells = store.columns.map(({ data, nulls }) => {
      const value = data[slot];
      if (nulls?.[slot] === 1) return 'null';
      return typeof value === 'object' && value !== null && 'coef' in value
        ? `${value.coef}e${value.scale}` : String(value as number);
    });
    lines.push(`${slot}:${cells.join(',')}`);
  }
  return lines.join('\n');
}

it('gives back every slot', async () => {
  const disk = new SimDisk();
  const storage = new SimStorage(disk);
  const checkpointer = new Checkpointer(storage, await storage.open());
  const stores = ['1.0/rows', '2.0/rows'].map((name) => new RowStore(name, COLUMNS));
  const live: number[][] = stores.map(() => []);
  for (const store of stores) checkpointer.add(store, []);
  let saved: string[] = [];
  for (let round = 1; round <= 20; round++) {
    for (const [at, store] of stores.entries()) {
      mutate(store, live[at] ?? [], round < 4 ? 20_000 : below(2000));
    }
    disk.full = round % 9 === 0;
    const captured = checkpointer.capture(BigInt(round), new Uint8Array(1), null);
    const now = stores.map(content);
    // Epochs go on while the checkpoint is written.
    mutate(stores[0] ?? new RowStore('', []), live[0] ?? [], 100);
    const written = await checkpointer.write(captured, () => Promise.resolve())
      .then(() => true, () => false);
    expect(written).toBe(!disk.full);
    if (written) saved = now;
    if (round % 5 !== 0) continue;
    const { parts } = await storage.open();
    for (const [at, store] of stores.entries()) {
      const loaded = new RowStore(store.name, COLUMNS);
      loadStore(loaded, parts.filter((part) => part.store === store.name));
      expect(content(loaded) === saved[at], `round ${round}`).toBe(true);
    }
  }
  const kept = disk.parts.filter(({ kind }) => kind === 'delta').length;
  expect(kept).toBeGreaterThan(0);
  const bytes = disk.parts.reduce((total, part) => total + part.body.length, 0);
  const whole = disk.parts.filter(({ kind }) => kind === 'base')
    .reduce((total, part) => total + part.body.length, 0);
  expect(bytes).toBeLessThan(3 * whole);
});
