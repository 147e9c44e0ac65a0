/**
 * The first copy of tables: a slot exports a snapshot, and COPY reads each table as it was there.
 *
 * Nothing is handed over before all tables are whole: they appear in one epoch, at the position at
 * which the slot begins. A copy that fails is begun anew; nothing of it is kept.
 */
import { must } from '../../../common/assert.ts';
import { sqlError } from '../../../common/errors.ts';
import type { SourcePart } from '../connector.ts';
import { literal, parseLsn, quoted, tableText } from './options.ts';
import type { PgConfig, PgLink, PgLinks } from './pg-link.ts';
import { TableChanges } from './table-changes.ts';
import type { Target } from './table-changes.ts';
import { describe, slotOf } from './upstream.ts';

/** Rows handed over in one batch. */
const PART_ROWS = 65_536;
const WAIT_MS = 1000;

/** How far a table's copy has come. */
export interface CopyProgress {
  rows: bigint;
  /** The server's estimate of all rows; null: it has none. */
  expected: bigint | null;
  done: boolean;
}

/** Tables as they were at a position. */
export interface Snapshot {
  readonly at: bigint;
  readonly parts: readonly SourcePart[];
}

/** What a copy needs. */
export interface SnapshotPlan {
  readonly links: PgLinks;
  readonly config: PgConfig;
  /** Name of the slot to make, and whether it stays. */
  readonly slot: string;
  readonly temporary: boolean;
  readonly targets: readonly Target[];
  readonly progress: Map<number, CopyProgress>;
}

/** Makes the slot and copies the tables. */
export async function takeSnapshot(plan: SnapshotPlan): Promise<Snapshot> {
  const replication = await plan.links.open(plan.config, 'replication');
  try {
    if (!plan.temporary) await dropSlot(replication, plan.slot);
    const { rows: [row] } = await replication.query(`CREATE_REPLICATION_SLOT ${quoted(plan.slot)} `
      + `${plan.temporary ? 'TEMPORARY ' : ''}LOGICAL pgoutput (SNAPSHOT 'export')`);
    const [, point, name] = must(row, 'row about a slot');
    const reader = await plan.links.open(plan.config, 'plain');
    try {
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await reader.query(`SET TRANSACTION SNAPSHOT ${literal(name ?? '')}`);
      const at = parseLsn(point ?? '');
      const parts: SourcePart[] = [];
      for (const target of plan.targets) parts.push(...await copyTable(reader, target, at, plan));
      return { at, parts };
    } finally {
      reader.close();
    }
  } finally {
    replication.close();
  }
}

/** Drops a slot of ours that was left over; 08006 while somebody reads it. */
export async function dropSlot(link: PgLink, slot: string): Promise<void> {
  const found = await slotOf(link, slot);
  if (found === null) return;
  if (found.active) {
    throw sqlError('08006', `replication slot "${slot}" is still being read`);
  }
  await link.query(`SELECT pg_catalog.pg_drop_replication_slot(${literal(slot)})`);
}

async function copyTable(
  link: PgLink, target: Target, at: bigint, { progress }: SnapshotPlan,
): Promise<SourcePart[]> {
  const { rows } = await describe(link, target.table);
  const far: CopyProgress = {
    rows: 0n, expected: rows < 0 ? null : BigInt(rows), done: false,
  };
  progress.set(target.relation, far);
  const columns = target.columns.map(({ name }) => quoted(name)).join(', ');
  const stream = await link.stream(
    `COPY (SELECT ${columns} FROM ${tableText(target.table)}) TO STDOUT`);
  const changes = new TableChanges(target);
  // Should an earlier copy have left rows, they go.
  changes.truncate();
  const parts: SourcePart[] = [];
  while (!stream.ended) {
    const block = await stream.read(WAIT_MS);
    if (block === null) continue;
    const bytes = Buffer.from(block.bytes.buffer, block.bytes.byteOffset, block.bytes.length);
    for (let i = 0; i < block.starts.length; i++) {
      const start = block.starts[i] as number;
      const end = (block.ends[i] as number) - 1;
      changes.line(cellsOf(bytes.toString('utf8', start, end)),
        () => bytes.subarray(start, end).slice());
    }
    far.rows += BigInt(block.starts.length);
    if (changes.count >= PART_ROWS) parts.push(changes.take(null));
  }
  parts.push(changes.take(at));
  far.done = true;
  return parts;
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
};

/** The cells of a line in COPY's text form. */
export function cellsOf(line: string): (string | null)[] {
  const cells = line.split('\t');
  if (!line.includes('\\')) return cells;
  return cells.map((cell) => cell === '\\N' ? null
    : cell.replace(/\\(.)/gs, (_all, letter: string) => ESCAPES[letter] ?? letter));
}
