/**
 * Generates the loops that look up or insert a batch of keys in a hash table over a RowStore.
 *
 * One source per key layout: the kind of each key column, and whether the batch side and the store
 * side can hold NULL. Equality is always on the full key; the stored hash only saves comparisons.
 * In the text: `i` counts rows, `r` is a row of the batch, `e` the candidate slot, `y` and `g` are
 * hash and slot of the row before; b, m are data and NULL mask of the batch, s, z of the store;
 * 64-bit columns come as pairs of 32-bit lanes.
 */
import type { Value } from '../../common/values.ts';
import { compileKernel } from './compile.ts';
import type { KeyKind } from './key-kind.ts';

/** A key column as the loops see it. */
export interface ProbeColumn {
  readonly kind: KeyKind;
  readonly batchNulls: boolean;
  readonly storeNulls: boolean;
  /** The store has a mask that insertion must write. */
  readonly storeMask: boolean;
  /** False: the column is written on insertion but decides nothing. */
  readonly compared: boolean;
  /** True: floats are equal only bit by bit (-0 differs from 0). */
  readonly exact?: boolean;
}

/** What the loops ask of the index that owns the table. */
export interface ProbeTarget {
  readonly tables: readonly Int32Array[];
  readonly partitionMask: number;
  /** Slots the store has room for; the loops take the arrays again when it changes. */
  readonly capacity: number;
  data(column: number): ProbeData;
  mask(column: number): Uint8Array | null;
  /** Makes a slot for a new key that belongs at `position` of `partition`. */
  add(hash: number, partition: number, position: number): number;
}

/** Data of a key column: 64-bit integers as lanes. */
export type ProbeData = Uint8Array | Int32Array | Float64Array | Value[];

/** The keys of one call; `rows` picks rows of the columns, null takes them in order. */
export interface ProbeKeys {
  readonly rows: Int32Array | null;
  readonly data: readonly ProbeData[];
  readonly masks: readonly (Uint8Array | null)[];
  readonly equal: readonly ((a: Value, b: Value) => boolean)[];
  readonly hashes: Int32Array;
}

/** Fills `out` with the slot of each key, or -1. */
export type ProbeLoop = (
  target: ProbeTarget, keys: ProbeKeys, count: number, out: Int32Array,
) => void;

/** Links slots into chains by key; see chain-index.ts. */
export type ChainLoop = (
  target: ProbeTarget, keys: ProbeKeys, count: number,
  links: { readonly next: Int32Array; readonly prev: Int32Array | null },
) => void;

const PARAMETERS: readonly string[] = ['I', 'K', 'n', 'out'];

/** The find loop of a layout. `nullsMatch` false: a key with a NULL is found nowhere. */
export function findLoop(columns: readonly ProbeColumn[], nullsMatch: boolean): ProbeLoop {
  return compileKernel(PARAMETERS, loop(columns, nullsMatch, {
    onNull: 'out[i] = -1; continue;', onEmpty: 'out[i] = -1; break;', onMatch: FOUND,
    again: againText(columns),
  }));
}

/** The find-or-insert loop of a layout; new keys are written into the store. */
export function insertLoop(columns: readonly ProbeColumn[]): ProbeLoop {
  const write = columns.map(writeText).join(' ');
  const again = columns.map((column, at) => takeText(column, at)).join(' ');
  const onEmpty = `const e = I.add(x, q, p); if (I.capacity !== c) { c = I.capacity; ${again} } `
    + `${write} ${FOUND}`;
  return compileKernel(PARAMETERS, loop(columns, true, {
    onNull: '', onEmpty, onMatch: FOUND, again: againText(columns),
  }));
}

/**
 * The loop that puts slots (`K.rows`) at the head of the chain of their key; `backwards`: with
 * links to the slot before.
 */
export function chainLoop(
  columns: readonly ProbeColumn[],
  { nullsMatch, backwards }: { readonly nullsMatch: boolean; readonly backwards: boolean },
): ChainLoop {
  const before = (text: string): string => backwards ? text : '';
  const body = loop(columns, nullsMatch, {
    onNull: `N[r] = -2; ${before('V[r] = -2;')} continue;`,
    onEmpty: `N[r] = -1; ${before('V[r] = -1;')} I.add(x, q, p, r); break;`,
    onMatch: `N[r] = e; ${before('V[r] = -1; V[e] = r;')} t[p] = r + 1; break;`, again: '',
  });
  return compileKernel(PARAMETERS, `const N = out.next, V = out.prev;\n${body}`);
}

/** What a loop does with a key. `again`: before it looks into the table at all. */
interface LoopSteps {
  readonly onNull: string;
  readonly onEmpty: string;
  readonly onMatch: string;
  readonly again: string;
}

/** Remembers the slot for the next row. */
const FOUND = 'out[i] = e; y = x; g = e; break;';

/** Rows with the key of the row before (windows, sorted input) need no look at the table. */
function againText(columns: readonly ProbeColumn[]): string {
  const equal = equalTexts(columns);
  return `if (x === y && g >= 0) { const e = g; if (${equal.length === 0 ? 'true'
    : equal.join(' && ')}) { out[i] = e; continue; } }`;
}

function equalTexts(columns: readonly ProbeColumn[]): string[] {
  return columns.flatMap((column, at) => column.compared ? [equalText(column, at)] : []);
}

function loop(
  columns: readonly ProbeColumn[], nullsMatch: boolean,
  { onNull, onEmpty, onMatch, again }: LoopSteps,
): string {
  const take = columns.map((column, at) =>
    `let s${at}, z${at}; ${takeText(column, at)} `
    + `const b${at} = K.data[${at}], m${at} = K.masks[${at}], f${at} = K.equal[${at}];`);
  const nulls = nullsMatch ? [] : columns.flatMap((column, at) =>
    column.compared && column.batchNulls ? [`m${at}[r] === 1`] : []);
  const equal = ['t[p + 1] === x', ...equalTexts(columns)].join(' && ');
  return `${take.join('\n')}
const R = K.rows, h = K.hashes; let c = I.capacity, y = 0, g = -1;
for (let i = 0; i < n; i++) {
  const r = R === null ? i : R[i];
  ${nulls.length === 0 ? '' : `if (${nulls.join(' || ')}) { ${onNull} }`}
  const x = h[i];
  ${again}
  const q = (x >>> 26) & I.partitionMask, t = I.tables[q], w = t.length - 2;
  let p = (x << 1) & w;
  for (;;) {
    const o = t[p];
    if (o === 0) { ${onEmpty} }
    const e = o - 1;
    if (${equal}) { ${onMatch} }
    p = (p + 2) & w;
  }
}`;
}

function takeText(column: ProbeColumn, at: number): string {
  return column.storeMask ? `s${at} = I.data(${at}); z${at} = I.mask(${at});`
    : `s${at} = I.data(${at});`;
}

function equalText(column: ProbeColumn, at: number): string {
  const { kind, batchNulls, storeNulls } = column;
  const equal = kind === 'f64' && column.exact === true ? `Object.is(b${at}[r], s${at}[e])`
    : sameText(kind, at);
  if (batchNulls && storeNulls) {
    return `(m${at}[r] === 1 ? z${at}[e] === 1 : z${at}[e] === 0 && ${equal})`;
  }
  if (batchNulls) return `m${at}[r] === 0 && ${equal}`;
  return storeNulls ? `z${at}[e] === 0 && ${equal}` : equal;
}

function sameText(kind: KeyKind, at: number): string {
  const [b, s] = [`b${at}`, `s${at}`];
  switch (kind) {
    case 'bool': case 'i32': case 'u32': case 'text': return `${b}[r] === ${s}[e]`;
    case 'i64': return `${b}[2 * r] === ${s}[2 * e] && ${b}[2 * r + 1] === ${s}[2 * e + 1]`;
    case 'f64':
      return `(${b}[r] === ${s}[e] || (${b}[r] !== ${b}[r] && ${s}[e] !== ${s}[e]))`;
    case 'ref': return `f${at}(${b}[r], ${s}[e])`;
  }
}

function writeText({ kind, batchNulls, storeMask }: ProbeColumn, at: number): string {
  const [b, s] = [`b${at}`, `s${at}`];
  const value = kind === 'i64'
    ? `${s}[2 * e] = ${b}[2 * r]; ${s}[2 * e + 1] = ${b}[2 * r + 1];`
    : `${s}[e] = ${b}[r];`;
  if (!storeMask) return value;
  return batchNulls ? `${value} z${at}[e] = m${at}[r];` : `${value} z${at}[e] = 0;`;
}
