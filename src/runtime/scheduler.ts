/**
 * The event loop of epochs: gathers transactions and source batches, logs, runs, publishes.
 *
 * One epoch at a time. A transaction with definitions has an epoch to itself; others share one and
 * one fsync. Between epochs and, in long ones, between slices everybody else has a turn. When the
 * disk is full writers get 53100, readers go on and sources wait.
 */
import { SqlError, sqlError } from '../common/errors.ts';
import type { DdlChange } from './catalog-store-types.ts';
import type { EpochDeltas } from './engine-core-types.ts';
import { expandDdl } from './engine-ddl.ts';
import { EpochRun } from './engine-epoch.ts';
import type { Spoke } from './engine-idleness.ts';
import type { EngineState } from './engine-state.ts';
import type { Offered } from './scheduler-sources.ts';
import { SourcePolls } from './scheduler-sources.ts';
import type { EpochContent, LoggedChange, LoggedDecision } from './storage/epoch-log.ts';
import { encodeEpoch } from './storage/epoch-log.ts';
import type { Cancel, Environment } from './storage/interfaces.ts';

/** Transactions that share an epoch at most. */
const TRANSACTIONS_MAX = 1000;
/** Running an epoch should take about so long; logging it costs the same for one row or many. */
const EPOCH_TARGET_MS = 5;
const EPOCH_LONG_MS = 15;
const ROWS_FIRST = 8192;
/** Below this an epoch's fixed costs are most of it: smaller ones would only lower throughput. */
const ROWS_MIN = 4096;
const ROWS_MAX = 65536;
/** How long a long step runs before others have a turn. */
const SLICE_MS = 5;
const FULL_RETRY_MICROS = 1_000_000n;
/** While the clock is moved by hand, sources are polled once in so long of its time. */
const POLL_STEP_MICROS = 1_000_000n;

/** A transaction that waits for its epoch. */
export interface Submission {
  readonly changes: readonly LoggedChange[];
  readonly ddl: readonly DdlChange[];
  readonly decisions?: readonly LoggedDecision[];
  readonly resolve: (epoch: bigint) => void;
  readonly reject: (error: Error) => void;
}

/** What the scheduler asks of the core. */
export interface SchedulerHooks {
  /** Sequence values given out since the last epoch. */
  takeSequences(): EpochContent['sequences'];
  /** After an epoch was published. */
  published(deltas: EpochDeltas): void;
  /** Between epochs: checkpoints. */
  idle(): void;
  /** Decisions by wall clock that are due. */
  decisions(now: bigint, spoke: readonly Spoke[]): readonly LoggedDecision[];
  /** When the next such decision may be due, or null. */
  decisionAt(now: bigint): bigint | null;
  /** An error that leaves the engine in no defined state. */
  fatal(error: Error): void;
}

interface Taken {
  readonly submission: Submission;
  readonly ddl: readonly DdlChange[];
}

/** Runs epochs. */
export class Scheduler {
  readonly #state: EngineState;
  readonly #environment: Environment;
  readonly #hooks: SchedulerHooks;
  readonly #build: string;
  readonly #fixedRows: number | null;
  readonly #queue: Submission[] = [];
  readonly #polls: SourcePolls;
  readonly #settling: { readonly mark: number; readonly done: () => void }[] = [];
  #rows = ROWS_FIRST;
  #wakeUp: (() => void) | null = null;
  #woken = false;
  #stopped = false;
  #loop: Promise<void> = Promise.resolve();
  #fullUntil: bigint | null = null;
  /** Duration of the last epoch. */
  lastEpochMs = 0;

  constructor(
    state: EngineState, environment: Environment, hooks: SchedulerHooks,
    options: { readonly build: string; readonly epochMaxRows: number | null },
  ) {
    this.#state = state;
    this.#environment = environment;
    this.#hooks = hooks;
    this.#build = options.build;
    this.#fixedRows = options.epochMaxRows;
    this.#polls = new SourcePolls(() => this.wake());
  }

  /** `ok`, or why writes are refused. */
  get status(): string { return this.#fullUntil === null ? 'ok' : 'no space left on device'; }

  start(): void {
    this.#loop = this.#run();
  }

  /** Finishes the running epoch and ends; what waits is refused. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.#loop;
    for (const submission of this.#queue.splice(0)) submission.reject(shuttingDown());
    for (const { done } of this.#settling.splice(0)) done();
  }

  submit(submission: Submission): void {
    if (this.#stopped) {
      submission.reject(shuttingDown());
      return;
    }
    this.#queue.push(submission);
    this.wake();
  }

  /** Resolves when everything received so far is published. */
  settle(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#polls.sync(this.#state.readers);
    return new Promise((done) => {
      this.#settling.push({ mark: this.#polls.mark(), done });
      this.wake();
    });
  }

  /** The next moment at which an epoch may be necessary without input; for a clock that is set. */
  nextAt(now: bigint): bigint | null {
    const poll = this.#polls.nextPollAt();
    const second = now - now % POLL_STEP_MICROS + POLL_STEP_MICROS;
    return earliest(this.#state.dueAt(), this.#hooks.decisionAt(now),
      poll === null || poll > second ? poll : second);
  }

  wake(): void {
    this.#woken = true;
    this.#wakeUp?.();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        const worked = await this.#epoch();
        this.#finishSettled();
        this.#hooks.idle();
        if (worked) await this.#environment.exec.yield();
        else await this.#sleep();
      } catch (error) {
        this.#stopped = true;
        this.#hooks.fatal(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  #finishSettled(): void {
    if (this.#queue.length > 0) return;
    for (let at = this.#settling.length - 1; at >= 0; at--) {
      const waiting = this.#settling[at];
      if (waiting === undefined || !this.#polls.isQuiet(waiting.mark)) continue;
      this.#settling.splice(at, 1);
      waiting.done();
    }
  }

  /** Waits for work: a submission, a poll's answer, a due time. */
  async #sleep(): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return;
    }
    const now = this.#environment.clock.nowMicros();
    const at = this.#fullUntil
      ?? earliest(this.#state.dueAt(), this.#polls.nextPollAt(), this.#hooks.decisionAt(now));
    let cancel: Cancel | null = null;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
      if (at !== null) cancel = this.#environment.clock.timer(at, resolve);
    });
    this.#wakeUp = null;
    this.#woken = false;
    (cancel as Cancel | null)?.();
  }

  /** Runs one epoch if there is a reason for one; false when there was none. */
  async #epoch(): Promise<boolean> {
    const clock = this.#environment.clock.nowMicros();
    const now = clock > this.#state.now ? clock : this.#state.now;
    if (this.#fullUntil !== null && this.#queue.length === 0 && clock < this.#fullUntil) {
      return false;
    }
    const started = this.#environment.clock.elapsedMs();
    const submissions = this.#takeSubmissions();
    const alone = submissions.some(({ ddl }) => ddl.length > 0);
    this.#polls.sync(this.#state.readers);
    const offered = alone ? [] : this.#polls.gather(clock, this.#fixedRows ?? this.#rows);
    const decisions = [...submissions.flatMap((submission) => submission.decisions ?? []),
      ...alone ? [] : this.#hooks.decisions(now, spokenBy(submissions, offered))];
    const due = this.#state.dueAt();
    if (submissions.length + offered.length + decisions.length === 0
      && (due === null || due > now)) return false;
    const run = new EpochRun(this.#state, this.#state.epoch + 1n, now,
      !this.#environment.storage.keepsNothing);
    const taken = this.#apply(run, submissions);
    for (const decision of decisions) run.decide(decision);
    for (const { range, source } of offered) {
      run.applyRange(range, source);
    }
    if (taken.length === 0 && submissions.length > 0 && offered.length + decisions.length === 0) {
      return true;
    }
    if (!await this.#log(run, { taken, offered, decisions })) return true;
    const logged = this.#environment.clock.elapsedMs();
    await this.#finish(run, taken, started);
    this.#adapt(offered, this.#environment.clock.elapsedMs() - logged);
    return true;
  }

  #takeSubmissions(): Submission[] {
    const first = this.#queue[0];
    if (first === undefined) return [];
    if (first.ddl.length > 0) return this.#queue.splice(0, 1);
    let count = 0;
    while (count < TRANSACTIONS_MAX && this.#queue[count]?.ddl.length === 0) count++;
    return this.#queue.splice(0, count);
  }

  /** Applies transactions in order; those that conflict are refused, the others go on. */
  #apply(run: EpochRun, submissions: readonly Submission[]): Taken[] {
    const taken: Taken[] = [];
    for (const submission of submissions) {
      const { mark } = run;
      try {
        const { catalog } = this.#state;
        const ddl = submission.ddl.length === 0 ? []
          : expandDdl(catalog.state, submission.ddl, () => catalog.allocate());
        run.applyDdl(ddl);
        for (const change of submission.changes) run.applyChange(change);
        taken.push({ submission, ddl });
      } catch (error) {
        run.undoTo(mark);
        submission.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
    return taken;
  }

  /** Writes the record; false when there is no space: everything is taken back then. */
  async #log(run: EpochRun, what: {
    readonly taken: readonly Taken[]; readonly offered: readonly Offered[];
    readonly decisions: readonly LoggedDecision[];
  }): Promise<boolean> {
    const { storage } = this.#environment;
    if (storage.keepsNothing) return true;
    const content: EpochContent = {
      epoch: run.epoch, now: run.now, build: this.#build, previousHash: this.#state.previousHash,
      changes: what.taken.flatMap(({ submission }) => submission.changes),
      ddl: what.taken.flatMap(({ ddl }) => ddl), ranges: what.offered.map(({ range }) => range),
      decisions: what.decisions, sequences: this.#hooks.takeSequences(),
      nextOid: this.#state.catalog.nextOid,
    };
    try {
      await storage.appendEpoch(encodeEpoch(content));
      this.#fullUntil = null;
      return true;
    } catch (error) {
      run.undoTo(0);
      this.#polls.giveBack(what.offered);
      const cause = error instanceof Error ? error : new Error(String(error));
      for (const { submission } of what.taken) submission.reject(cause);
      if (!(cause instanceof SqlError) || cause.sqlState !== '53100') throw cause;
      this.#fullUntil = run.now + FULL_RETRY_MICROS;
      return false;
    }
  }

  async #finish(run: EpochRun, taken: readonly Taken[], started: number): Promise<void> {
    const steps = run.run();
    if (taken.some(({ ddl }) => ddl.length > 0)) await this.#inSlices(steps);
    else drain(steps);
    for (const { submission } of taken) {
      for (const change of submission.changes) run.rememberKey(change);
    }
    const { failure } = run;
    const deltas = run.publish();
    this.lastEpochMs = this.#environment.clock.elapsedMs() - started;
    for (const { submission } of taken) {
      if (failure !== null && submission.ddl.length > 0) submission.reject(failure);
      else submission.resolve(run.epoch);
    }
    this.#hooks.published(deltas);
  }

  async #inSlices(steps: Generator<void, void>): Promise<void> {
    const { clock, exec } = this.#environment;
    let since = clock.elapsedMs();
    while (steps.next().done !== true) {
      if (clock.elapsedMs() - since < SLICE_MS) continue;
      await exec.yield();
      since = clock.elapsedMs();
    }
  }

  /** Keeps epochs of sources near their target. */
  #adapt(offered: readonly Offered[], ranMs: number): void {
    const rows = offered.reduce((total, { source }) => total + source.batch.length, 0);
    if (rows < this.#rows / 2) return;
    if (ranMs > EPOCH_LONG_MS) this.#rows = Math.max(ROWS_MIN, Math.floor(this.#rows / 2));
    else if (ranMs < EPOCH_TARGET_MS) this.#rows = Math.min(ROWS_MAX, this.#rows * 2);
  }
}

/** Partitions with rows in this epoch; tables have one. */
function spokenBy(submissions: readonly Submission[], offered: readonly Offered[]): Spoke[] {
  return [
    ...submissions.flatMap(({ changes }) =>
      changes.map(({ relation }) => ({ relation, reader: 0, partition: 0 }))),
    ...offered.filter(({ source }) => source.batch.length > 0).map(({ range }) => range),
  ];
}

function drain(steps: Generator<void, void>): void {
  while (steps.next().done !== true) continue;
}

function earliest(...times: readonly (bigint | null)[]): bigint | null {
  let found: bigint | null = null;
  for (const at of times) if (at !== null && (found === null || at < found)) found = at;
  return found;
}

function shuttingDown(): SqlError {
  return sqlError('57P01', 'terminating connection due to administrator command');
}
