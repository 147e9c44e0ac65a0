/**
 * One epoch: changes go in, views are run, everything is published at once or taken back.
 *
 * Used alike by the living engine and by recovery, so that both do the same in the same order.
 * Tables change before the record is logged (that is how conflicts are found); readers do not see
 * it, because the relations remember the epoch's deltas. Views run after the record is durable.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import { formatValue, parseValue } from '../common/types/registry.ts';
import type { Batch, Column } from './batch.ts';
import { batchOf, cell } from './batch.ts';
import type {
  DeadLetter, SourceBatch, SourceMark, SourcePart,
} from './connectors/connector.ts';
import { LawViolation } from './conservation.ts';
import { tooMuchMemory } from './engine-memory.ts';
import { onErrorOf } from './connectors/on-error.ts';
import { replayed } from './engine-dead-letters.ts';
import type { EngineState } from './engine-state.ts';
import type { FreshView, PreparedDdl } from './engine-ddl.ts';
import { prepareDdl } from './engine-ddl.ts';
import type { EpochDeltas } from './engine-core-types.ts';
import { deltaHash, takeRows } from './engine-rows.ts';
import { lastRows, replacing, skipping, withArrivals } from './engine-keyed-rows.ts';
import { filledPart, replacingAll } from './engine-parts.ts';
import type { PartitionState, ReaderState } from './engine-readers.ts';
import { readerKey } from './engine-readers.ts';
import type { Delta, StepOutput } from './graph.ts';
import type { ViewRuntime } from './graph-view.ts';
import { DEAD_LETTER_COLUMNS } from './graph-view.ts';
import type { Refusal, RelationRows } from './relations-rows.ts';
import type { RelationState } from './relations.ts';
import { difference, taken } from './engine-view-rows.ts';
import { withoutLast } from './relations-rows.ts';
import type { LoggedChange, LoggedDecision, LoggedRange } from './storage/epoch-log.ts';
import type { DdlChange } from './catalog-store-types.ts';

/** Dead letters keep this much of a payload. */
const PAYLOAD_MAX = 1 << 20;

/** An epoch on its way. */
export class EpochRun {
  readonly epoch: bigint;
  readonly now: bigint;
  readonly #state: EngineState;
  readonly #deltas = new Map<number, Delta[]>();
  readonly #readerDeltas = new Map<string, Delta[]>();
  readonly #undos: (() => void)[] = [];
  /** Why a view that was to be made in this epoch could not be. */
  #failure: Error | null = null;
  /** What a view put out that was filled before the one it replaces went. */
  #filled: StepOutput | null = null;
  readonly #ddl: { readonly prepared: PreparedDdl; readonly changes: readonly DdlChange[] }[] = [];
  /** Set by the hasher when hashes are wanted. */
  readonly #hashing: boolean;
  #hash = 0n;

  constructor(state: EngineState, epoch: bigint, now: bigint, hashing: boolean) {
    this.#state = state;
    this.epoch = epoch;
    this.now = now;
    this.#hashing = hashing;
  }

  /** Where `undoTo` can come back to. */
  get mark(): number { return this.#undos.length; }

  /** Applies a transaction's changes of a table; throws 23505 or 40001, changing nothing. */
  applyChange(change: LoggedChange): void {
    const relation = this.#state.relations.get(change.relation);
    if (relation?.rows == null) return;
    const { rows, clock } = relation;
    const before = clock?.save() ?? null;
    const arrivals = clock?.arrivals(change.batch, 0) ?? null;
    const kept = this.#hiddenColumn(rows, arrivals, change.batch.length);
    const batch = change.onTaken === 'replace' ? replacing(rows, change.batch, kept)
      : change.onTaken === 'skip' ? skipping(rows, change.batch, kept)
      : withArrivals(change.batch, kept);
    let refusal: Refusal | null = null;
    const applied = rows.applyChecked(batch, (why) => { refusal = why; });
    if (applied === null) {
      if (before !== null) clock?.load(before);
      throw refusalError(relation, must(refusal as Refusal | null, 'reason of a refusal'));
    }
    this.#undos.push(() => {
      applied.undo();
      if (before !== null) clock?.load(before);
    });
    this.#addTableDelta(relation, rows, applied.net, { partition: 0, offsets: null });
  }

  /** What is stored behind the user's columns: the W_p a row met, or when it was written. */
  #hiddenColumn(rows: RelationRows, arrivals: Column | null, length: number): Column | null {
    if (!rows.tracksArrival || arrivals !== null) return rows.tracksArrival ? arrivals : null;
    return { kind: 'i64', data: new BigInt64Array(length).fill(this.now), nulls: null };
  }

  #addTableDelta(
    relation: RelationState, rows: RelationRows, net: Batch,
    from: Pick<Delta, 'partition' | 'offsets'>,
  ): void {
    if (net.length === 0) return;
    const user = rows.tracksArrival ? withoutLast(net) : net;
    const arrival = relation.clock !== null ? must(net.columns.at(-1), 'arrivals') : null;
    const list = listOf(this.#deltas, relation.id);
    list.push({ batch: user, arrival, ...from });
    relation.remember(this.epoch, [user]);
    this.#undos.push(() => {
      list.pop();
      relation.forgetFrom(this.epoch);
      relation.remember(this.epoch, list.map((delta) => delta.batch));
    });
  }

  /** Remembers an idempotency key; only after the record is durable. */
  rememberKey(change: LoggedChange): void {
    if (change.idempotencyKey === null) return;
    this.#state.keys.remember(change.relation, change.idempotencyKey,
      { epoch: this.epoch, accepted: change.batch.length });
  }

  /** Takes in what a reader read. Never refused: a TABLE's rows replace those of equal key. */
  applyRange(range: LoggedRange, source: SourceBatch): void {
    const { batch, deadLetters } = source;
    const reader = this.#state.readers.get(readerKey(range.relation, range.reader));
    if (reader === undefined) return;
    this.#advance(reader.partition(range.partition), {
      position: range.next, ended: range.ended, rows: range.rows, deadLetters: range.deadLetters,
      ...range.mark === undefined ? {} : { mark: range.mark },
    });
    for (const part of source.parts ?? []) this.#takePart(range, part);
    const relation = this.#state.relation(range.relation);
    if (batch.length > 0) this.#takeRows(reader, relation, range, source);
    if (range.ended) this.#endPartition(reader, relation, range.partition);
    this.#keepDeadLetters(range, deadLetters);
  }

  #advance(partition: PartitionState, by: {
    readonly position: bigint; readonly ended: boolean; readonly rows: number;
    readonly deadLetters: number; readonly mark?: SourceMark;
  }): void {
    const saved = { ...partition };
    Object.assign(partition, {
      ...by, rows: partition.rows + BigInt(by.rows),
      deadLetters: partition.deadLetters + BigInt(by.deadLetters),
    });
    this.#undos.push(() => { Object.assign(partition, saved); });
  }

  /** Rows of one relation of a shared source. */
  #takePart(range: LoggedRange, part: SourcePart): void {
    const reader = this.#state.readers.get(readerKey(part.relation, 0));
    const relation = this.#state.relations.get(part.relation);
    if (reader === undefined || relation?.rows == null) return;
    const { rows, clock } = relation;
    const { deadLetters } = part;
    if (part.relation !== range.relation) {
      const at = reader.partition(0);
      this.#advance(at, {
        position: part.position ?? at.position, ended: false, rows: part.batch.length,
        deadLetters: deadLetters.length,
      });
    }
    const batch = filledPart(rows, part);
    const before = clock?.save() ?? null;
    const arrival = clock?.arrivals(batch, 0) ?? null;
    this.#undos.push(() => { if (before !== null) clock?.load(before); });
    const changes = part.truncate ? replacingAll(rows, lastRows(rows, batch, arrival))
      : replacing(rows, batch, rows.tracksArrival ? arrival : null);
    const applied = rows.applyChecked(changes, () => undefined);
    if (applied !== null) {
      this.#undos.push(applied.undo);
      this.#addTableDelta(relation, rows, applied.net, { partition: 0, offsets: null });
    }
    this.#keepDeadLetters({ ...range, relation: part.relation, partition: 0 }, deadLetters);
  }

  #takeRows(
    reader: ReaderState, relation: RelationState, range: LoggedRange, source: SourceBatch,
  ): void {
    const { batch } = source;
    const { partition } = range;
    const offsets = offsetsOf(range, source);
    const clock = reader.clock ?? relation.clock;
    const before = clock?.save() ?? null;
    const arrival = clock?.arrivals(batch, partition) ?? null;
    this.#undos.push(() => { if (before !== null) clock?.load(before); });
    if (relation.rows === null) {
      const list = listOf(this.#readerDeltas, readerKey(reader.relation, reader.reader));
      list.push({ batch, arrival, partition, offsets });
      return;
    }
    const changes = replacing(relation.rows, batch,
      this.#hiddenColumn(relation.rows, arrival, batch.length));
    const applied = relation.rows.applyChecked(changes, () => undefined);
    if (applied === null) return;
    this.#undos.push(applied.undo);
    this.#addTableDelta(relation, relation.rows, applied.net,
      { partition, offsets: applied.net === changes ? offsets : null });
  }

  #endPartition(reader: ReaderState, relation: RelationState, partition: number): void {
    const clock = reader.clock ?? relation.clock;
    if (clock === null) return;
    const before = clock.save();
    clock.end(partition);
    this.#undos.push(() => clock.load(before));
  }

  /** A SOURCE may have several readers: each record's dead letter is kept once. */
  #keepDeadLetters(range: LoggedRange, deadLetters: readonly DeadLetter[]): void {
    if (deadLetters.length === 0) return;
    if (onErrorOf(this.#state.relation(range.relation).relation) === 'skip') return;
    const key = `${range.relation}/${range.partition}`;
    const seen = this.#state.deadSeen.get(key) ?? -1n;
    const fresh = deadLetters.filter((letter) => letter.position > seen);
    if (fresh.length === 0) return;
    const rows = fresh.map(({ position, reason, sqlState, column, payload, key, headers }) => [
      this.epoch, range.partition, position, reason, sqlState, column, key ?? null,
      payload.slice(0, PAYLOAD_MAX),
      headers == null ? null : parseValue(headers, { name: 'jsonb' }), BigInt(payload.length),
    ]);
    this.#afterLog.push(() => {
      this.#state.deadSeen.set(key, must(fresh.at(-1), 'dead letter').position);
      const types = DEAD_LETTER_COLUMNS.map(({ type }) => type);
      this.#appendLog(range.relation, 'dead_letter', batchOf(types, rows));
    });
  }

  /** What waits for the record to be durable. */
  readonly #afterLog: (() => void)[] = [];

  /** Carries out a decision made from outside the data. */
  decide(decision: LoggedDecision): void {
    if (decision.kind === 'stop') {
      this.#stop(decision);
      return;
    }
    const reader = this.#state.readers.get(readerKey(decision.relation, decision.reader));
    if (decision.kind === 'replay') return this.#replayLetters(decision);
    if (decision.kind === 'resume') {
      const partition = reader?.partition(decision.partition);
      if (partition === undefined) return;
      const saved = { ...partition };
      const { relation, reader: number, watermark: next, reason = '' } = decision;
      this.#state.gaps.push({
        relation, reader: number, partition: decision.partition, first: partition.position,
        next: must(next, 'position behind a gap'), epoch: this.epoch, at: this.now, reason,
      });
      this.#undos.push(() => {
        Object.assign(partition, saved);
        this.#state.gaps.pop();
      });
      Object.assign(partition, { position: next, status: 'running', resumeAt: null,
        lost: false, mark: null });
      return;
    }
    const clock = reader?.clock ?? this.#state.relations.get(decision.relation)?.clock ?? null;
    if (clock === null) return;
    const before = clock.save();
    this.#undos.push(() => clock.load(before));
    if (decision.kind === 'fallback') clock.raise(must(decision.watermark, 'fallback watermark'));
    else clock.setIdle(decision.partition, decision.kind === 'idle');
  }

  /** Stops a view that keeps too much. */
  #stop({ relation, watermark }: LoggedDecision): void {
    const view = this.#state.views.get(relation);
    if (view === undefined || view.broken !== null) return;
    view.broken = tooMuchMemory(view.relation, must(watermark, 'bytes'));
    this.#undos.push(() => { view.broken = null; });
  }

  /** Decodes all dead letters of a relation again: rows go in, what still fails stays. */
  #replayLetters({ relation: id, schemas }: LoggedDecision): void {
    const relation = this.#state.relation(id);
    const log = [...this.#state.relations.values()].find((each) =>
      each.relation.belongsTo === id && each.relation.schema === 'dead_letter');
    if (log?.rows == null || relation.relation.connector === null) return;
    const readers = [...this.#state.readers.values()].filter((each) => each.relation === id);
    const { rows, left } = replayed(this.#state, relation.relation, { letters: log.rows, schemas });
    for (const { partition, batch } of rows) {
      for (const reader of readers) {
        const range: LoggedRange = {
          relation: id, reader: reader.reader, partition, first: 0n, next: 0n, rows: 0,
          deadLetters: 0, hash: 0, ended: false,
        };
        this.#takeRows(reader, relation, range, {
          batch, deadLetters: [], next: 0n, ended: false, caughtUp: false, checksum: 0,
          offsets: new BigInt64Array(batch.length),
        });
      }
    }
    this.#afterLog.push(() => {
      const gone = log.retention?.clear() ?? null;
      if (gone !== null) this.#publishDelta(log.id, gone);
      if (left.length > 0) this.#appendLog(id, 'dead_letter', left);
    });
  }

  /** Builds what catalog changes need; throws when they cannot be carried out. */
  applyDdl(changes: readonly DdlChange[]): void {
    if (changes.length === 0) return;
    const prepared = prepareDdl(this.#state, changes);
    this.#undos.push(() => {
      prepared.undo();
      this.#ddl.pop();
    });
    this.#ddl.push({ prepared, changes });
  }

  /** Takes back what was done since a mark. */
  undoTo(mark: number): void {
    while (this.#undos.length > mark) must(this.#undos.pop(), 'undo')();
  }

  /** Runs the views. The record is durable now; nothing is taken back any more. */
  *run(): Generator<void, void> {
    this.#undos.length = 0;
    yield* this.#fillReplacement();
    const fresh = new Map<number, FreshView>();
    for (const { prepared } of this.#ddl) {
      prepared.commit(this.now);
      for (const view of prepared.fresh) fresh.set(view.view.id, view);
    }
    for (const step of this.#afterLog) step();
    for (const relation of this.#state.relations.values()) relation.clock?.advance();
    for (const reader of this.#state.readers.values()) reader.clock?.advance();
    this.#deleteOldRows();
    for (const view of this.#state.viewOrder()) {
      if (view.broken === null) yield* this.#runView(view, fresh.get(view.id) ?? null);
    }
  }

  /** Tables with a TTL lose the rows that are too old now. */
  #deleteOldRows(): void {
    for (const relation of this.#state.relations.values()) {
      const { rows, clock } = relation;
      const watermark = clock?.watermark ?? null;
      const gone = rows?.ttl?.deleteDue(this.now, watermark) ?? null;
      if (rows === null || gone === null) continue;
      const user = withoutLast(gone);
      const arrival = clock === null || watermark === null ? null
        : { kind: 'i64' as const, nulls: null,
          data: new BigInt64Array(gone.length).fill(watermark) };
      this.#publishDelta(relation.id, user, arrival);
    }
  }

  /**
   * A view that replaces another one is filled while that one is still there: should it fail, all
   * stays as it was. Not where the epoch changes rows as well.
   */
  *#fillReplacement(): Generator<void, void> {
    const [one, ...others] = this.#ddl.flatMap(({ prepared }) => prepared.fresh);
    if (one?.replaces == null || others.length > 0) return;
    if (this.#deltas.size + this.#readerDeltas.size > 0) return;
    const { view } = one;
    view.setNow(this.now);
    try {
      this.#filled = yield* view.flow.step({
        frontier: this.#state.frontierOf(view, this.epoch, this.now),
        deltas: (id) => this.#everything(view, id),
      });
      taken(view, this.#filled.rows);
    } catch (error) {
      if (error instanceof LawViolation) throw error;
      this.#failure = asError(error);
      for (const { prepared } of this.#ddl.toReversed()) prepared.undo();
      this.#ddl.length = 0;
    }
  }

  *#runView(view: ViewRuntime, fresh: FreshView | null): Generator<void, void> {
    const frontier = this.#state.frontierOf(view, this.epoch, this.now);
    const filled = fresh?.replaces == null ? null : this.#filled;
    const changed = (fresh !== null && filled === null)
      || view.flow.reads().some((id) => this.#deltasFor(view, id) !== null);
    const steps = changed || view.flow.isDue(frontier);
    if (!steps && filled === null) return;
    let rows: Batch | null = null;
    let arrival: Column | null = null;
    view.setNow(this.now);
    try {
      if (filled !== null) this.#keepLate(view, filled);
      if (steps) {
        const output = yield* view.flow.step({
          frontier, deltas: (id) => fresh === null || filled !== null ? this.#deltasFor(view, id)
            : this.#everything(view, id),
        });
        ({ rows, arrival } = taken(view, output.rows));
        this.#keepLate(view, output);
      }
    } catch (error) {
      if (error instanceof LawViolation) throw error;
      view.broken = error instanceof Error ? error.message : String(error);
      if (fresh !== null) this.#failure ??= asError(error);
      return;
    }
    const errors = view.takeRowErrors(this.epoch);
    if (errors !== null) this.#appendLog(view.id, 'dead_letter', errors);
    if (fresh?.replaces != null) {
      rows = difference(view, fresh.replaces);
      arrival = null;
    }
    if (rows !== null && rows.length > 0) this.#publishDelta(view.id, rows, arrival);
  }

  #deltasFor(view: ViewRuntime, relation: number): readonly Delta[] | null {
    return this.#readerDeltas.get(readerKey(relation, view.id))
      ?? this.#deltas.get(relation) ?? null;
  }

  /** All stored rows of a relation for a view that begins; this epoch's rows of a SOURCE. */
  *#everything(view: ViewRuntime, id: number): Generator<Delta, void> {
    const relation = this.#state.relation(id);
    if (relation.rows === null) {
      yield* this.#deltasFor(view, id) ?? [];
      return;
    }
    const cursor = relation.rows.cursor();
    const arrivals = relation.rows.tracksArrival;
    for (let batch = cursor.next(); batch !== null; batch = cursor.next()) {
      yield relation.clock !== null || relation.relation.marksArrival === true
        ? { batch: withoutLast(batch), arrival: must(batch.columns.at(-1), 'arrivals') }
        : { batch: arrivals ? withoutLast(batch) : batch, arrival: null };
    }
  }

  #publishDelta(id: number, batch: Batch, arrival: Column | null = null): void {
    listOf(this.#deltas, id).push({ batch, arrival });
    this.#state.relation(id).remember(this.epoch, [batch]);
    if (this.#hashing) {
      this.#hash = BigInt.asIntN(64, this.#hash + deltaHash(id, [batch]));
    }
  }

  /** Late rows go to `late.<view>` with their direction; the copy may be switched off. */
  #keepLate(view: ViewRuntime, { offered, late }: StepOutput): void {
    view.count(offered, late);
    for (const batch of late) {
      const change = new Int32Array(batch.length);
      const weights = new Int32Array(batch.length).fill(1);
      for (let i = 0; i < batch.length; i++) change[i] = (batch.weights[i] ?? 0) < 0 ? -1 : 1;
      const columns = [...batch.columns, { kind: 'i32', data: change, nulls: null } as const];
      this.#appendLog(view.id, 'late', expandWeights({ length: batch.length, columns, weights },
        batch.weights));
    }
  }

  #appendLog(owner: number, schema: string, batch: Batch): void {
    for (const relation of this.#state.relations.values()) {
      if (relation.relation.belongsTo !== owner || relation.relation.schema !== schema) continue;
      for (const delta of relation.retention?.append(batch, this.now) ?? []) {
        this.#publishDelta(relation.id, delta);
      }
    }
  }

  /**
   * Why what was to be made was not, or null. Only where nothing else was changed with it: a view
   * that failed beside other changes stays, and says why it has stopped.
   */
  get failure(): Error | null {
    return this.#ddl.every(({ changes }) => changes.every(({ kind }) => kind === 'createRelation'))
      ? this.#failure : null;
  }

  /** What was to be made failed: it is as if it had never been asked for. */
  #abandon(): void {
    for (const { changes } of this.#ddl) {
      for (const change of changes) {
        if (change.kind !== 'createRelation') continue;
        const { id } = change.relation;
        this.#state.parts.stores.drop(`${id}.`);
        this.#state.forgetRelation(id);
        this.#deltas.delete(id);
      }
    }
    this.#ddl.length = 0;
  }

  /** Makes the epoch the newest. */
  publish(): EpochDeltas {
    const state = this.#state;
    if (this.failure !== null) this.#abandon();
    else for (const { changes } of this.#ddl) state.catalog.commit(changes);
    state.epoch = this.epoch;
    state.now = this.now;
    state.previousHash = this.#hash;
    state.epochsRun++;
    const deltas = new Map<number, readonly Batch[]>();
    for (const [id, list] of this.#deltas) deltas.set(id, list.map(({ batch }) => batch));
    const at = { epoch: this.epoch, at: this.now };
    if (this.#ddl.length > 0) state.changelogs.sync(state.catalog.state, at);
    state.changelogs.append(at, deltas);
    return { epoch: this.epoch, now: this.now, deltas };
  }

  /** Hash of what was published, 0 when hashes are off. */
  get hash(): bigint { return this.#hash; }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Offsets of rows: as the connector says, else counted on where every record is a row. */
function offsetsOf(
  range: LoggedRange, { batch, deadLetters, offsets }: SourceBatch,
): Column | null {
  if (offsets !== undefined) return { kind: 'i64', data: offsets, nulls: null };
  const counted = deadLetters.length === 0 && range.next - range.first === BigInt(batch.length);
  if (!counted) return null;
  const data = new BigInt64Array(batch.length);
  for (let row = 0; row < batch.length; row++) data[row] = range.first + BigInt(row);
  return { kind: 'i64', data, nulls: null };
}

function listOf<K, V>(lists: Map<K, V[]>, key: K): V[] {
  let list = lists.get(key);
  if (list === undefined) {
    list = [];
    lists.set(key, list);
  }
  return list;
}

/** One row per unit of weight: late and dead letter relations hold single events. */
function expandWeights(batch: Batch, weights: Int32Array): Batch {
  const rows: number[] = [];
  for (let i = 0; i < batch.length; i++) {
    for (let n = Math.abs(weights[i] ?? 0); n > 0; n--) rows.push(i);
  }
  return rows.length === batch.length ? batch : takeRows(batch, Int32Array.from(rows));
}

function refusalError(relation: RelationState, refusal: Refusal): SqlError {
  const { name, schema, columns, primaryKey, keyNames } = relation.relation;
  if (refusal.kind === 'missing') {
    return sqlError('40001', 'could not serialize access due to concurrent update', {
      schema, table: name,
    });
  }
  const key = primaryKey ?? [];
  const constraint = keyNames?.[0] ?? `${name}_pkey`;
  const values = key.map((at) => {
    const column = must(refusal.batch.columns[at], 'key column');
    return formatValue(cell(column, refusal.row), must(columns[at], 'column').type) ?? 'null';
  });
  const names = key.map((at) => must(columns[at], 'column').name);
  return sqlError('23505', `duplicate key value violates unique constraint "${constraint}"`, {
    detail: `Key (${names.join(', ')})=(${values.join(', ')}) already exists.`,
    schema, table: name, constraint,
  });
}
