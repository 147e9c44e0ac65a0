/**
 * PostgreSQL's logical replication messages (pgoutput, version 1) as changes per table.
 *
 * Whole transactions arrive in the order of their commits. What a table lost or changed in shape is
 * an error before any row of it is read; columns it gained are left out and named.
 */
import { must } from '../../../common/assert.ts';
import { sqlError } from '../../../common/errors.ts';
import type { SourcePart } from '../connector.ts';
import type { PgTable } from './options.ts';
import { TableChanges } from './table-changes.ts';
import type { Layout, Target } from './table-changes.ts';
import { fits } from './upstream.ts';

const BEGIN = 0x42;
const COMMIT = 0x43;
const RELATION = 0x52;
const INSERT = 0x49;
const UPDATE = 0x55;
const DELETE = 0x44;
const TRUNCATE = 0x54;
const OLD_KEY = 0x4b;
const OLD_ROW = 0x4f;

/** Types by their numbers, where the number is fixed. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [16, 'boolean'], [17, 'bytea'], [18, '"char"'], [19, 'name'], [20, 'bigint'], [21, 'smallint'],
  [23, 'integer'], [25, 'text'], [26, 'oid'], [114, 'json'], [700, 'real'],
  [701, 'double precision'], [1042, 'character'], [1043, 'character varying'], [1082, 'date'],
  [1083, 'time without time zone'], [1114, 'timestamp without time zone'],
  [1184, 'timestamp with time zone'], [1186, 'interval'], [1700, 'numeric'], [2950, 'uuid'],
  [3802, 'jsonb'], [1000, 'boolean[]'], [1005, 'smallint[]'], [1007, 'integer[]'],
  [1016, 'bigint[]'], [1009, 'text[]'], [1015, 'character varying[]'], [1021, 'real[]'],
  [1022, 'double precision[]'], [1231, 'numeric[]'], [2951, 'uuid[]'], [1182, 'date[]'],
  [1115, 'timestamp without time zone[]'], [1185, 'timestamp with time zone[]'],
]);

interface Described {
  readonly table: PgTable;
  readonly columns: readonly { readonly name: string; readonly type: number }[];
}

interface Bound {
  readonly changes: TableChanges | null;
  readonly layout: Layout;
  /** The transaction for which `counts` was found out. */
  transaction: number;
  counts: boolean;
}

/** Reads messages into the tables' changes. */
export class PgOutput {
  #changes: TableChanges[] = [];
  readonly #described = new Map<number, Described>();
  readonly #bound = new Map<number, Bound>();
  readonly #ignored = new Map<number, readonly string[]>();
  #transaction = 0;
  #final = 0n;
  #checksum = 0;

  /** Whole transactions read since `take`. */
  transactions = 0;

  /** Rows waiting. */
  get rows(): number {
    let rows = 0;
    for (const changes of this.#changes) rows += changes.count;
    return rows;
  }

  /** Columns of the tables that no relation of ours has, by relation. */
  get ignored(): ReadonlyMap<number, readonly string[]> { return this.#ignored; }

  /** Follows these relations from the next message on. */
  follow(targets: readonly Target[]): void {
    const same = targets.length === this.#changes.length && targets.every((target, at) => {
      const known = this.#changes[at]?.target;
      return known?.relation === target.relation && known.hydratedAt === target.hydratedAt
        && known.columns === target.columns;
    });
    if (same) return;
    this.#changes = targets.map((target) => new TableChanges(target));
    this.#bound.clear();
  }

  /** A new stream: the server describes its tables again. */
  restart(): void {
    this.#described.clear();
    this.#bound.clear();
    for (const changes of this.#changes) changes.take(null);
    this.transactions = 0;
    this.#checksum = 0;
  }

  /** Where the transaction that begins with this message was committed; null: it is another. */
  static beginOf(bytes: Buffer, at: number): bigint | null {
    return bytes[at] === BEGIN ? bytes.readBigInt64BE(at + 1) : null;
  }

  /** Where the log goes on behind a transaction that ends with this message. */
  static commitOf(bytes: Buffer, at: number): bigint | null {
    return bytes[at] === COMMIT ? bytes.readBigInt64BE(at + 10) : null;
  }

  /** Reads one message. */
  message(bytes: Buffer, at: number, end: number): void {
    switch (bytes[at]) {
      case BEGIN:
        this.#final = bytes.readBigInt64BE(at + 1);
        this.#transaction++;
        return;
      case COMMIT:
        this.transactions++;
        this.#checksum = Math.imul(this.#checksum ^ bytes.readInt32BE(at + 14), 0x5bd1e995);
        return;
      case RELATION: this.#describe(bytes, at); return;
      case TRUNCATE: this.#truncate(bytes, at, end); return;
      case INSERT: case UPDATE: case DELETE: this.#change(bytes, at, end); return;
      default:
    }
  }

  #change(bytes: Buffer, at: number, end: number): void {
    const bound = this.#bind(bytes.readInt32BE(at + 1));
    const { changes, layout } = bound;
    if (changes === null || !this.#counts(bound)) return;
    changes.sum(bytes, at, end);
    const letter = { start: at, end, position: this.#final };
    const form = bytes[at + 5];
    const tuple = at + 6;
    if (bytes[at] === DELETE) changes.delete(bytes, tuple, layout, letter);
    else if (form === OLD_KEY || form === OLD_ROW) {
      changes.replace(bytes, tuple, layout, { ...letter, whole: form === OLD_ROW });
    } else changes.insert(bytes, tuple, layout, letter);
  }

  /** False for what a table's copy already holds. */
  #counts(bound: Bound): boolean {
    if (bound.transaction !== this.#transaction) {
      bound.transaction = this.#transaction;
      const from = bound.changes?.target.hydratedAt ?? 0n;
      bound.counts = from > 0n && this.#final >= from;
    }
    return bound.counts;
  }

  #truncate(bytes: Buffer, at: number, end: number): void {
    for (let n = 0; n < bytes.readInt32BE(at + 1); n++) {
      const bound = this.#bind(bytes.readInt32BE(at + 6 + 4 * n));
      if (bound.changes === null || !this.#counts(bound)) continue;
      bound.changes.sum(bytes, at, end);
      bound.changes.truncate();
    }
  }

  #describe(bytes: Buffer, from: number): void {
    const oid = bytes.readInt32BE(from + 1);
    let at = from + 5;
    const text = (): string => {
      const end = bytes.indexOf(0, at);
      const found = bytes.toString('utf8', at, end);
      at = end + 1;
      return found;
    };
    const schema = text();
    const name = text();
    const count = bytes.readInt16BE(at + 1);
    at += 3;
    const columns = Array.from({ length: count }, () => {
      at += 1;
      const column = { name: text(), type: bytes.readInt32BE(at) };
      at += 8;
      return column;
    });
    const before = this.#described.get(oid);
    if (before !== undefined && (before.table.name !== name || before.table.schema !== schema)
      && this.#targetOf(before.table) !== null) throw renamed(before.table, { schema, name });
    this.#described.set(oid, { table: { schema: schema || 'pg_catalog', name }, columns });
    this.#bound.delete(oid);
    this.#bind(oid);
  }

  #targetOf({ schema, name }: PgTable): TableChanges | null {
    return this.#changes.find(({ target: { table } }) =>
      table.schema === schema && table.name === name) ?? null;
  }

  #bind(oid: number): Bound {
    const known = this.#bound.get(oid);
    if (known !== undefined) return known;
    const described = must(this.#described.get(oid), 'table described by the stream');
    const changes = this.#targetOf(described.table);
    const bound: Bound = {
      changes, transaction: -1, counts: false,
      layout: changes === null ? new Int32Array(0) : layoutOf(described, changes.target),
    };
    if (changes !== null) {
      this.#ignored.set(changes.target.relation, described.columns.map(({ name }) => name)
        .filter((_name, at) => (bound.layout[at] ?? -1) < 0));
    }
    this.#bound.set(oid, bound);
    return bound;
  }

  /** Hands over the changes of whole transactions. */
  take(): { readonly parts: SourcePart[]; readonly checksum: number } {
    const parts = this.#changes.filter((changes) => !changes.isEmpty)
      .map((changes) => changes.take(null));
    const checksum = this.#checksum;
    this.transactions = 0;
    this.#checksum = 0;
    return { parts, checksum };
  }
}

function layoutOf({ table, columns }: Described, target: Target): Layout {
  const layout = new Int32Array(columns.length).fill(-1);
  for (const [at, { name, type }] of target.columns.entries()) {
    const found = columns.findIndex((column) => column.name === name);
    const theirs = TYPES.get(columns[found]?.type ?? 0) ?? 'unknown';
    if (found < 0) throw changed(table, `column "${name}" is gone`);
    if (!fits(theirs, type)) throw changed(table, `column "${name}" is of type ${theirs} now`);
    layout[found] = at;
  }
  return layout;
}

function changed({ schema, name }: PgTable, what: string): Error {
  return sqlError('55000', `table "${schema}.${name}" was changed in PostgreSQL: ${what}`, {
    hint: 'Drop the table and create it anew.',
  });
}

function renamed({ schema, name }: PgTable, now: PgTable): Error {
  return sqlError('55000', `table "${schema}.${name}" was renamed to "${now.schema}.${now.name}" `
    + 'in PostgreSQL', { hint: 'Drop the table and create it anew.' });
}
