/**
 * The sinks of an engine: a task for each, fed by the changelog of its relation.
 *
 * A task delivers the rows there are, then epoch after epoch; what is outside is confirmed in the
 * catalog, and only then does the changelog let go of it. A crash in between delivers again.
 */
import { must } from '../../common/assert.ts';
import { SqlError } from '../../common/errors.ts';
import { batchOf } from '../batch.ts';
import type { StoredObject } from '../catalog-store-types.ts';
import type { CatalogState } from '../catalog-store.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import { concatBatches, consolidate, negate } from '../engine-rows.ts';
import { findSinkKind } from './registry.ts';
import type { OpenSink, SinkContext, SinkEpoch, SinkLetter, SinkSpec } from './sink.ts';
import { SINK_LETTER_COLUMNS } from './letters.ts';
import { storedSink } from './sink.ts';
import { tableChange } from './table-sink.ts';

/** Rows delivered at once, in whole epochs. */
const GROUP_ROWS = 20_000;
const CONFIRM_MS = 1000;
const RETRY_MICROS = 1_000_000n;
const PASSING = '08';

/** A sink as introspection sees it. */
export interface SinkStatus {
  readonly delivered: bigint | null;
  readonly rows: bigint;
  readonly status: string;
}

/** All sinks. */
export class Sinks {
  readonly #core: EngineCoreFace;
  readonly #tasks = new Map<number, SinkTask>();
  readonly #unlisten: () => void;
  #catalog: CatalogState | null = null;

  constructor(core: EngineCoreFace) {
    this.#core = core;
    this.#unlisten = core.onEpoch(() => this.#epoch());
    this.#epoch();
  }

  #epoch(): void {
    const { state } = this.#core.catalog;
    if (state !== this.#catalog) {
      this.#catalog = state;
      for (const [id, task] of this.#tasks) {
        const object = state.objects.get(id);
        if (object !== undefined && !task.mayTryAgain(object)) continue;
        task.stop();
        this.#tasks.delete(id);
      }
      for (const object of state.objects.values()) {
        if (object.kind !== 'sink' || this.#tasks.has(object.id)) continue;
        this.#tasks.set(object.id, new SinkTask(this.#core, object));
      }
    }
    for (const task of this.#tasks.values()) task.wake();
  }

  status(id: number): SinkStatus | null {
    return this.#tasks.get(id)?.status ?? null;
  }

  /** Resolves when every sink that can has delivered everything published so far. */
  async settle(): Promise<void> {
    const { epoch } = this.#core.info.epoch();
    await Promise.all([...this.#tasks.values()].map((task) => task.settled(epoch)));
  }

  async close(): Promise<void> {
    this.#unlisten();
    for (const task of this.#tasks.values()) task.stop();
    await Promise.all([...this.#tasks.values()].map(({ ended }) => ended));
  }
}

class SinkTask {
  readonly #core: EngineCoreFace;
  readonly #id: number;
  #delivered: bigint | null;
  #confirmed: bigint | null;
  #confirmedAtMs = 0;
  #rows = 0n;
  #status = 'running';
  #stopped = false;
  #isBroken = false;
  readonly #resumes: number | undefined;
  #woken = false;
  #wakeUp: (() => void) | null = null;
  #seen = -1n;
  #settling: { readonly epoch: bigint; readonly done: () => void }[] = [];
  readonly ended: Promise<void>;

  constructor(core: EngineCoreFace, object: StoredObject) {
    this.#core = core;
    this.#id = object.id;
    this.#confirmed = storedSink(object).confirmed;
    this.#resumes = storedSink(object).resumes;
    this.#delivered = this.#confirmed;
    this.ended = this.#run();
  }

  /** True when it has stopped, and was told since to go on. */
  mayTryAgain(object: StoredObject): boolean {
    return this.#isBroken && storedSink(object).resumes !== this.#resumes;
  }

  get status(): SinkStatus {
    return { delivered: this.#delivered, rows: this.#rows, status: this.#status };
  }

  wake(): void {
    this.#woken = true;
    this.#wakeUp?.();
  }

  stop(): void {
    this.#stopped = true;
    this.wake();
    for (const { done } of this.#settling.splice(0)) done();
  }

  /** Resolves when everything up to an epoch is outside, or cannot be delivered now. */
  settled(epoch: bigint): Promise<void> {
    return new Promise((done) => {
      if (this.#stopped) return done();
      this.#settling.push({ epoch, done });
      return this.wake();
    });
  }

  #settle(reached: bigint | null): void {
    this.#settling = this.#settling.filter(({ epoch, done }) => {
      if (reached !== null && epoch > reached) return true;
      done();
      return false;
    });
  }

  /** The sink's entry; null when it has been dropped. */
  #object(): StoredObject | null {
    return this.#core.catalog.state.objects.get(this.#id) ?? null;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#serve();
      } catch (error) {
        const passing = error instanceof SqlError && error.sqlState.startsWith(PASSING);
        const reason = error instanceof Error ? error.message : String(error);
        this.#status = `${passing ? 'stalled' : 'broken'}(${reason})`;
        this.#settle(null);
        if (!passing) {
          this.#isBroken = true;
          return;
        }
        await this.#sleep(RETRY_MICROS);
      }
    }
  }

  #context(spec: SinkSpec): SinkContext {
    const { outside = {}, clock } = this.#core.environment;
    return {
      spec, outside, clock, stopped: () => this.#stopped,
      stalled: (reason) => {
        this.#status = `stalled(${reason})`;
        this.#settle(null);
      },
    };
  }

  /** Delivers until the sink is stopped or something fails. */
  async #serve(): Promise<void> {
    const object = this.#object();
    if (object === null) return this.stop();
    const { spec, into } = storedSink(object);
    const sink = into === null ? findSinkKind(spec.connector).open(this.#context(spec)) : null;
    try {
      const last = await sink?.lastEpoch() ?? null;
      if (last !== null && (this.#delivered === null || last > this.#delivered)) {
        this.#delivered = last;
      }
      while (!this.#stopped) await this.#step(sink);
    } finally {
      sink?.close();
    }
  }

  async #step(sink: OpenSink | null): Promise<void> {
    const { epoch: newest } = this.#core.info.epoch();
    const object = this.#object();
    if (object === null) return this.stop();
    const epochs = this.#next(object);
    if (epochs.length > 0) {
      await this.#deliver(object, sink, epochs);
      return;
    }
    this.#status = 'running';
    this.#seen = newest;
    this.#settle(this.#seen);
    if (this.#isUnconfirmed()) {
      const wait = CONFIRM_MS - (this.#core.environment.clock.elapsedMs() - this.#confirmedAtMs);
      if (wait <= 0) await this.#confirm(object);
      else await this.#sleep(BigInt(Math.ceil(wait)) * 1000n);
      return;
    }
    await this.#sleep(null);
  }

  #isUnconfirmed(): boolean {
    return this.#delivered !== null && this.#delivered !== this.#confirmed;
  }

  /** The next epochs to deliver, the rows there were at first. */
  #next(object: StoredObject): SinkEpoch[] {
    const { relation } = storedSink(object);
    const log = this.#core.changelog(relation);
    if (log === null) return [];
    if (this.#delivered === null) return [this.#snapshot(relation)];
    const epochs: SinkEpoch[] = [];
    let rows = 0;
    for (const each of log.after(this.#delivered)) {
      epochs.push(each);
      rows += each.delta.length;
      if (rows >= GROUP_ROWS) break;
    }
    return epochs;
  }

  /** The rows as they were when the sink was made: those of now without the changes since. */
  #snapshot(relation: number): SinkEpoch {
    const log = must(this.#core.changelog(relation), 'changelog of a sink');
    const { epoch, at } = log.floor;
    const batches = [...this.#core.snapshot(relation, null)];
    for (const { delta } of log.after(epoch)) batches.push(negate(delta));
    return { epoch, at, delta: consolidate(concatBatches(log.types, batches)) };
  }

  async #deliver(
    object: StoredObject, sink: OpenSink | null, epochs: readonly SinkEpoch[],
  ): Promise<void> {
    const last = must(epochs.at(-1), 'epoch').epoch;
    if (sink === null) {
      const change = tableChange(this.#core, storedSink(object), epochs);
      await this.#commit(object, last, change);
      this.#delivered = last;
    } else {
      const letters = await sink.deliver(epochs) ?? [];
      this.#delivered = last;
      if (letters.length > 0) await this.#bury(object, letters);
    }
    for (const { delta } of epochs) this.#rows += BigInt(delta.length);
    const due = this.#core.environment.clock.elapsedMs() - this.#confirmedAtMs >= CONFIRM_MS;
    if (sink !== null && due) await this.#confirm(object);
  }

  /** Writes down what the outside did not want, with the position behind it. */
  async #bury(object: StoredObject, letters: readonly SinkLetter[]): Promise<void> {
    const { deadLetters } = storedSink(object);
    const relation = must(deadLetters, 'dead letters of a sink');
    const rows = letters.map(({ epoch, seq, reason, payload }) => [epoch, seq, reason, payload]);
    const batch = batchOf(SINK_LETTER_COLUMNS.map(([, name]) => ({ name })), rows);
    await this.#commit(object, must(this.#delivered, 'delivered epoch'), [{ relation, batch }]);
  }

  async #confirm(object: StoredObject): Promise<void> {
    await this.#commit(object, must(this.#delivered, 'delivered epoch'), []);
  }

  /** Writes down, with rows of a table if there are some, up to where everything is outside. */
  async #commit(
    object: StoredObject, confirmed: bigint,
    changes: Parameters<EngineCoreFace['commit']>[0],
  ): Promise<void> {
    const current = this.#core.catalog.state.objects.get(object.id);
    if (current === undefined) return;
    await this.#core.commit(changes, [{
      kind: 'putObject', object: { ...current, data: { ...current.data, confirmed } },
    }]);
    this.#confirmed = confirmed;
    this.#confirmedAtMs = this.#core.environment.clock.elapsedMs();
  }

  async #sleep(micros: bigint | null): Promise<void> {
    if (this.#woken || this.#stopped) {
      this.#woken = false;
      return;
    }
    const { clock } = this.#core.environment;
    let cancel: (() => void) | null = null;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
      if (micros !== null) cancel = clock.timer(clock.nowMicros() + micros, resolve);
    });
    (cancel as (() => void) | null)?.();
    this.#wakeUp = null;
    this.#woken = false;
  }
}
