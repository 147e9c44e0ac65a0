/**
 * Follows tables of a PostgreSQL database through one replication slot.
 *
 * Positions are the engine's: the server hears of a position only when a checkpoint holds it, and a
 * stream begins where the engine is. A poll gives whole transactions, of all tables together. A
 * table that is new is copied first; meanwhile the others wait, so that they stay in step.
 */
import { SqlError } from '../../../common/errors.ts';
import type { Batch } from '../../batch.ts';
import { SourceBroken } from '../connector.ts';
import type {
  FollowedTable, OpenConnector, PollLimits, SourceBatch, SourcePart,
} from '../connector.ts';
import { literal, lsnText, parseLsn, quoted } from './options.ts';
import type { PgBlock, PgConfig, PgLink, PgLinks, PgStream } from './pg-link.ts';
import { PgOutput } from './pgoutput.ts';
import { dropSlot, takeSnapshot } from './snapshot.ts';
import type { CopyProgress, Snapshot } from './snapshot.ts';
import type { Target } from './table-changes.ts';
import { slotOf } from './upstream.ts';

const WAIT_MS = 100;
/** How often the server is told where we are, and asked for a sign of life. */
const STATUS_MICROS = 10_000_000n;
const IDLE_MICROS = 1000n;
const NO_TABLES_MICROS = 200_000n;
/** Without anything for us the position follows the server's once it is so far behind, bytes. */
const SKIP_BYTES = 16n << 20n;
const NOTHING: Batch = { length: 0, columns: [], weights: new Int32Array(0) };
const DATA = 0x77;
const KEEPALIVE = 0x6b;
const DATA_HEADER = 25;
/** Answers to a question that a caller who waits for everything puts at most. */
const HURRY_ROUNDS = 50;

/** What a source is opened with. */
export interface PgSourceOptions {
  readonly links: PgLinks;
  readonly config: PgConfig;
  readonly slot: string;
  readonly publication: string;
  /** The publication is ours, and goes with the source. */
  readonly ownsPublication: boolean;
  readonly targets: () => readonly Target[];
}

/** The stream as far as it has been walked. */
interface Walk {
  readonly link: PgLink;
  readonly stream: PgStream;
  /** Where the engine is. */
  position: bigint;
  bytes: Buffer;
  starts: readonly number[];
  ends: readonly number[];
  at: number;
  /** Everything up to here has been seen. */
  seen: bigint;
  inTransaction: boolean;
  skipping: boolean;
  statusAt: bigint;
}

/** A transaction cannot be read, and others before it have been. */
class WallMet extends Error {}

/** A slot being read. */
export class PgSource implements OpenConnector {
  readonly partitions = 1;
  readonly #options: PgSourceOptions;
  readonly #output = new PgOutput();
  readonly #progress = new Map<number, CopyProgress>();
  #walk: Walk | null = null;
  #snapshot: Snapshot | null = null;
  #durable = 0n;
  #hurried = false;
  /** Where the server was when somebody began to wait for everything; null: nobody does. */
  #target: bigint | null = null;
  #serverAt: bigint | null = null;
  /** A transaction that cannot be read, and why. */
  #wall: { readonly final: bigint; readonly error: Error } | null = null;
  /** As tidemill.sources shows the tables. */
  state = 'running';

  constructor(options: PgSourceOptions) {
    this.#options = options;
  }

  tables(): readonly FollowedTable[] {
    return this.#options.targets().map(({ relation, table, hydratedAt }) => {
      const far = this.#progress.get(relation);
      return {
        relation, table: `${table.schema}.${table.name}`, copied: hydratedAt > 0n,
        rowsCopied: far?.rows ?? null, rowsExpected: far?.expected ?? null,
        ignored: this.#output.ignored.get(relation) ?? [],
      };
    });
  }

  lag(_partition: number, position: bigint): bigint | null {
    if (this.#serverAt === null || position <= 0n) return null;
    return this.#serverAt > position ? this.#serverAt - position : 0n;
  }

  hurry(): void {
    this.#hurried = true;
  }

  nextPollAt(_partition: number, _from: bigint, now: bigint): bigint {
    return now + (this.#options.targets().length === 0 ? NO_TABLES_MICROS : IDLE_MICROS);
  }

  durable(positions: ReadonlyMap<number, bigint>): void {
    const position = positions.get(0) ?? 0n;
    if (position <= this.#durable) return;
    this.#durable = position;
    if (this.#walk !== null) this.#tell(this.#walk, false);
  }

  close(): void {
    this.#end();
  }

  #end(): void {
    this.#walk?.link.close();
    this.#walk = null;
  }

  /** The source is gone for good: so is its slot. */
  dropped(): void {
    this.close();
    this.#drop().catch(() => undefined);
  }

  async #drop(): Promise<void> {
    const { links, config, slot, publication, ownsPublication } = this.#options;
    const link = await links.open(config, 'plain');
    try {
      if (ownsPublication) await link.query(`DROP PUBLICATION IF EXISTS ${quoted(publication)}`);
      await link.query('SELECT pg_catalog.pg_terminate_backend(active_pid) FROM '
        + `pg_catalog.pg_replication_slots WHERE slot_name = ${literal(slot)} AND active`);
      // Whoever read it needs a moment to go.
      let dropped = false;
      for (let tries = 0; !dropped && tries < HURRY_ROUNDS; tries++) {
        dropped = await dropSlot(link, slot).then(() => true, isPassing);
        if (!dropped) await link.query('SELECT pg_catalog.pg_sleep(0.1)');
      }
    } finally {
      link.close();
    }
  }

  async poll(_partition: number, from: bigint, limits: PollLimits): Promise<SourceBatch> {
    try {
      const found = await this.#poll(from, limits).catch((error: unknown) => {
        if (!(error instanceof WallMet)) throw error;
        // What comes before the wall can be read: once more up to there.
        this.#end();
        return this.#poll(from, limits);
      });
      this.state = found.caughtUp ? 'caught_up' : 'running';
      return found;
    } catch (error) {
      this.#end();
      this.#snapshot = null;
      const word = error instanceof SourceBroken ? 'broken' : 'stalled';
      this.state = `${word}(${error instanceof Error ? error.message : String(error)})`;
      throw error;
    }
  }

  async #poll(from: bigint, limits: PollLimits): Promise<SourceBatch> {
    const targets = this.#options.targets();
    if (targets.length === 0 && from === 0n) return this.#batch([], from, true, 0);
    const fresh = targets.filter(({ hydratedAt }) => hydratedAt === 0n || from === 0n);
    if (from === 0n) return await this.#hydrate(targets);
    if (fresh.length > 0) this.#snapshot ??= await this.#copy(fresh, true);
    else this.#snapshot = null;
    this.#output.follow(targets);
    const walk = await this.#walkFrom(from, limits.now);
    if (limits.now >= walk.statusAt) {
      this.#tell(walk, true);
      walk.statusAt = limits.now + STATUS_MICROS;
    }
    if (this.#hurried) {
      this.#hurried = false;
      this.#target = await this.#serverPosition();
    }
    return await this.#collect(walk, from, limits.rows);
  }

  async #hydrate(targets: readonly Target[]): Promise<SourceBatch> {
    this.#end();
    const { at, parts } = await this.#copy(targets, false);
    return { ...this.#batch(parts, at, false, 0), inline: true };
  }

  async #copy(targets: readonly Target[], temporary: boolean): Promise<Snapshot> {
    const { links, config, slot } = this.#options;
    return await takeSnapshot({
      links, config, targets, temporary, progress: this.#progress,
      slot: temporary ? `${slot.slice(0, 56)}_copy` : slot,
    });
  }

  #batch(
    parts: readonly SourcePart[], next: bigint, caughtUp: boolean, checksum: number,
  ): SourceBatch {
    return { batch: NOTHING, deadLetters: [], next, ended: false, caughtUp, checksum, parts };
  }

  async #serverPosition(): Promise<bigint> {
    const { links, config } = this.#options;
    const link = await links.open(config, 'plain');
    try {
      const { rows: [row] } = await link.query('SELECT pg_catalog.pg_current_wal_insert_lsn()');
      return parseLsn(row?.[0] ?? '0/0');
    } finally {
      link.close();
    }
  }

  /** The stream from a position on: the one there is, or a new one. */
  async #walkFrom(from: bigint, now: bigint): Promise<Walk> {
    const { links, config, slot, publication } = this.#options;
    const running = this.#walk;
    if (running !== null && running.position === from && !running.inTransaction) return running;
    this.#end();
    this.#output.restart();
    const link = await links.open(config, 'replication');
    try {
      await this.#checkSlot(link, from);
      const names = literal(quoted(publication));
      const stream = await link.stream(`START_REPLICATION SLOT ${quoted(slot)} LOGICAL `
        + `${lsnText(from)} (proto_version '1', publication_names ${names})`);
      const walk: Walk = {
        link, stream, position: from, bytes: Buffer.alloc(0), starts: [], ends: [], at: 0,
        seen: from, inTransaction: false, skipping: false, statusAt: now + STATUS_MICROS,
      };
      this.#walk = walk;
      return walk;
    } catch (error) {
      link.close();
      throw error;
    }
  }

  /** A slot that is gone, or has gone on without us, is a gap: only a new copy mends it. */
  async #checkSlot(link: PgLink, from: bigint): Promise<void> {
    const { slot } = this.#options;
    const found = await slotOf(link, slot);
    if (found === null) throw new SourceBroken(`replication slot "${slot}" is gone`, 0n);
    if (found.status === 'lost') {
      throw new SourceBroken(`PostgreSQL no longer has the log of replication slot "${slot}"`, 0n);
    }
    const confirmed = parseLsn(found.confirmed ?? '0/0');
    if (confirmed <= from) return;
    throw new SourceBroken(`replication slot "${slot}" has gone on to ${lsnText(confirmed)}, and `
      + `was read up to ${lsnText(from)}`, 0n);
  }

  /** Tells the server up to where it may forget; asks for a sign of life. */
  #tell(walk: Walk, ask: boolean): void {
    const message = Buffer.alloc(34);
    const at = this.#durable < walk.position ? this.#durable : walk.position;
    message[0] = 0x72;
    message.writeBigInt64BE(walk.seen, 1);
    message.writeBigInt64BE(at, 9);
    message.writeBigInt64BE(at, 17);
    message[33] = ask ? 1 : 0;
    walk.stream.send(message);
  }

  async #collect(walk: Walk, from: bigint, rows: number): Promise<SourceBatch> {
    const hurrying = this.#wanted(walk);
    let waits = hurrying ? HURRY_ROUNDS : 1;
    if (hurrying) this.#tell(walk, true);
    for (;;) {
      if (this.#messages(walk, rows, null)) return this.#taken(walk, from, false);
      const block = walk.stream.take();
      if (block !== null) {
        load(walk, block);
        continue;
      }
      if (!walk.inTransaction) {
        const wanted = this.#wanted(walk);
        const hurried = hurrying && !wanted;
        if (this.#output.transactions > 0 || hurried) return this.#taken(walk, from, !wanted);
        if (waits-- <= 0) return this.#taken(walk, from, true);
      }
      await this.#more(walk);
    }
  }

  /** True while somebody waits for what has not been seen yet. */
  #wanted(walk: Walk): boolean {
    if (this.#target !== null && walk.seen >= this.#target) this.#target = null;
    return this.#target !== null || (this.#snapshot !== null && walk.seen < this.#snapshot.at);
  }

  /** Waits a moment for more. */
  async #more(walk: Walk): Promise<void> {
    const block = await walk.stream.read(WAIT_MS);
    if (block !== null) load(walk, block);
    else if (walk.stream.ended) throw new SqlError('08006', 'PostgreSQL ended the stream');
    else if (this.#wanted(walk)) this.#tell(walk, true);
  }

  /** Reads the messages at hand, up to a position; true when a batch has to end here. */
  #messages(walk: Walk, rows: number, until: bigint | null): boolean {
    const { bytes, starts, ends } = walk;
    while (walk.at < starts.length) {
      const start = starts[walk.at] as number;
      const end = ends[walk.at] as number;
      if (bytes[start] === DATA) {
        if (this.#data(walk, [start + DATA_HEADER, end], until)) return true;
        walk.at++;
        if (walk.inTransaction) continue;
        if (until === null ? this.#output.rows >= rows : walk.position >= until) return true;
      } else {
        if (bytes[start] === KEEPALIVE) this.#keepalive(walk, start);
        walk.at++;
      }
    }
    return false;
  }

  #keepalive(walk: Walk, start: number): void {
    const sent = walk.bytes.readBigInt64BE(start + 1);
    this.#serverAt = sent;
    if (!walk.inTransaction && sent > walk.seen) walk.seen = sent;
    if (walk.bytes[start + 17] === 1) this.#tell(walk, false);
  }

  /** One message of a transaction; true when the poll has to end before it. */
  #data(
    walk: Walk, [at, end]: readonly [number, number], until: bigint | null,
  ): boolean {
    const { bytes } = walk;
    const final = PgOutput.beginOf(bytes, at);
    if (final !== null) {
      if (until === null ? this.#stopsAt(final) : final >= until) return true;
      walk.skipping = final < walk.position;
      walk.inTransaction = true;
    }
    if (!walk.skipping) this.#read(walk, at, end);
    const committed = PgOutput.commitOf(bytes, at);
    if (committed === null) return false;
    walk.inTransaction = false;
    walk.seen = committed;
    if (!walk.skipping) walk.position = committed;
    if (this.#serverAt === null || committed > this.#serverAt) this.#serverAt = committed;
    return false;
  }

  /** True before what a copy that waits does not hold, and before what cannot be read. */
  #stopsAt(final: bigint): boolean {
    if (this.#snapshot !== null && final >= this.#snapshot.at) return true;
    const wall = this.#wall;
    if (wall === null || final !== wall.final) return false;
    if (this.#output.transactions > 0) return true;
    this.#wall = null;
    throw wall.error;
  }

  /** Reads a message; what cannot be read makes the transaction a wall for the next poll. */
  #read(walk: Walk, at: number, end: number): void {
    if (walk.bytes[at] === 0x42) this.#final = walk.bytes.readBigInt64BE(at + 1);
    try {
      this.#output.message(walk.bytes, at, end);
    } catch (error) {
      if (!(error instanceof SqlError) || this.#output.transactions === 0) throw error;
      this.#wall = { final: this.#final, error };
      throw new WallMet();
    }
  }

  #final = 0n;

  #taken(walk: Walk, from: bigint, caughtUp: boolean): SourceBatch {
    const { parts, checksum } = this.#output.take();
    const snapshot = this.#snapshot;
    if (snapshot !== null && (walk.seen >= snapshot.at || this.#isAtCopy(walk, snapshot))) {
      // The copy comes in at its position, behind everything before it.
      const next = walk.position > snapshot.at ? walk.position : snapshot.at;
      walk.position = next;
      return { ...this.#batch([...parts, ...snapshot.parts], next, false, checksum),
        inline: true };
    }
    if (walk.position === from && walk.seen - from > SKIP_BYTES) walk.position = walk.seen;
    return this.#batch(parts, walk.position, caughtUp, checksum);
  }

  /** True when the next transaction is the first that a copy does not hold. */
  #isAtCopy(walk: Walk, { at }: Snapshot): boolean {
    const start = walk.starts[walk.at];
    if (start === undefined) return false;
    const final = PgOutput.beginOf(walk.bytes, start + DATA_HEADER);
    return final !== null && final >= at;
  }

  async reread(_partition: number, first: bigint, next: bigint): Promise<SourceBatch> {
    this.#output.follow(this.#options.targets());
    try {
      const walk = await this.#walkFrom(first, 0n);
      return await this.#again(walk, next);
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** The transactions up to a position that was reached before. */
  async #again(walk: Walk, next: bigint): Promise<SourceBatch> {
    while (!this.#messages(walk, 0, next) && (walk.inTransaction || walk.seen < next)) {
      this.#tell(walk, true);
      await this.#more(walk);
    }
    walk.position = next;
    const { parts, checksum } = this.#output.take();
    return this.#batch(parts, next, false, checksum);
  }
}

/** False for an error that passes; another one is thrown on. */
function isPassing(error: unknown): false {
  if (error instanceof SqlError && error.sqlState === '08006') return false;
  throw error;
}

function load(walk: Walk, { bytes, starts, ends }: PgBlock): void {
  walk.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  walk.starts = starts;
  walk.ends = ends;
  walk.at = 0;
}
