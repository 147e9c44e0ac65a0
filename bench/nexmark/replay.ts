/**
 * The engine under test: a whole engine core in memory (or on a directory), fed by SQL sources.
 *
 * The sources are declared with the connector `nexmark`; its generator is replaced by one that
 * hands out batches made before, so that generating is not measured and everything behind it is: polling,
 * the epoch log, operators, the view, publication.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch } from '../../src/runtime/batch.ts';
import { NEXMARK } from '../../src/runtime/connectors/nexmark/connector.ts';
import type {
  ConnectorContext, OpenConnector, SourceBatch,
} from '../../src/runtime/connectors/connector.ts';
import { NEXMARK_COLUMNS } from '../../src/runtime/connectors/nexmark/generator.ts';
import type { NexmarkKind } from '../../src/runtime/connectors/nexmark/generator.ts';
import type { StoredRelation } from '../../src/runtime/catalog-store-types.ts';
import type { EngineCore } from '../../src/runtime/engine-core.ts';
import { realEnvironment } from '../../src/runtime/real/open-environment.ts';
import type { Engine, SqlSession } from '../../src/runtime/session-api.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { formatType } from '../../src/common/types/registry.ts';
import { digestOfBatches } from './answer.ts';
import type { Digest } from './answer.ts';
import { KINDS } from './events.ts';
import type { Events } from './events.ts';

/** What is fed, and how many epochs of it may be taken yet. */
interface Feed {
  events: Events | null;
  released: number;
}

const FEED: Feed = { events: null, released: 0 };
/** How long a source that has nothing waits before it is asked again. */
const POLL_MICROS = 1000n;

/** Hands out the batches of one kind; a position is a number of an epoch. */
class Replay implements OpenConnector {
  readonly partitions = 1;
  readonly #kind: NexmarkKind;

  constructor({ spec }: ConnectorContext) {
    const type = spec.options.find(([name]) => name === 'nexmark.table.type')?.[1].toLowerCase();
    this.#kind = KINDS.find((kind) => kind === type) ?? 'bid';
  }

  poll(_partition: number, from: bigint): SourceBatch {
    const epochs = FEED.events?.epochs ?? [];
    const released = Math.min(FEED.released, epochs.length);
    const epoch = Number(from) < released ? epochs[Number(from)] : undefined;
    const last = Number(from) + 1 >= released;
    return {
      batch: epoch === undefined ? EMPTY : epoch[this.#kind], deadLetters: [],
      next: epoch === undefined ? from : from + 1n, ended: false, caughtUp: last, checksum: 0,
    };
  }

  reread(_partition: number, first: bigint): Promise<SourceBatch> {
    return Promise.resolve(this.poll(0, first));
  }

  nextPollAt(_partition: number, _from: bigint, now: bigint): bigint {
    return now + POLL_MICROS;
  }
}

const EMPTY: Batch = { length: 0, columns: [], weights: new Int32Array(0) };

NEXMARK.open = (context): OpenConnector => new Replay(context);

/** How a run is set up. */
export interface EngineOptions {
  readonly durable: boolean;
  /** Declares watermarks of four seconds: late rows are split off, closed windows leave. */
  readonly watermark: boolean;
}

/** Figures of one run. */
export interface EngineRun {
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Duration of each epoch, milliseconds, ascending. */
  readonly epochMs: readonly number[];
  readonly stateBytes: number;
  readonly digest: Digest;
}

/** An engine with its core laid open, and a session on it. */
export interface OpenBenchEngine {
  readonly engine: Engine;
  readonly core: EngineCore;
  readonly session: SqlSession;
}

/** Opens an engine in memory, or on a directory. */
export async function openBenchEngine(directory: string | null): Promise<OpenBenchEngine> {
  let core: EngineCore | null = null;
  const engine = await openEngine(
    realEnvironment(directory ?? ':memory:', (line) => process.stderr.write(`${line}\n`)),
    { opened: (opened) => { core = opened; } });
  if (core === null) throw new Error('the engine has no core');
  const session = await engine.connect({
    user: 'bench', database: 'tidemill', settings: [], pid: 1, clientAddress: '',
  });
  return { engine, core, session };
}

/** Runs one view over the events. */
export async function runEngine(
  sql: string, events: Events, options: EngineOptions,
): Promise<EngineRun> {
  const directory = options.durable ? mkdtempSync(join(tmpdir(), 'tidemill-bench-')) : null;
  const opened = await openBenchEngine(directory);
  try {
    await declareSources(opened.session, events, options.watermark);
    await execute(opened.session, `CREATE MATERIALIZED VIEW v AS ${sql}`);
    return await measure(opened.core, events);
  } finally {
    await opened.engine.close();
    if (directory !== null) rmSync(directory, { recursive: true });
  }
}

/** Declares the three sources over events of which none is released yet. */
export async function declareSources(
  session: SqlSession, events: Events, watermark: boolean,
): Promise<void> {
  FEED.events = events;
  FEED.released = 0;
  for (const kind of KINDS) await execute(session, sourceText(kind, watermark));
}

/** Lets the sources give epochs up to a number. */
export function release(epochs: number): void {
  FEED.released = epochs;
}

/** Forgets the events: what stays is the engine's. */
export function forgetEvents(): void {
  FEED.events = null;
}

async function measure(core: EngineCore, events: Events): Promise<EngineRun> {
  release(events.warmEpochs);
  await core.settle();
  const epochMs: number[] = [];
  const stop = core.onEpoch(() => {
    epochMs.push(Number(core.info.epoch().lastEpochMicros) / 1000);
  });
  const cpu = process.cpuUsage();
  const wall = performance.now();
  release(Infinity);
  await core.settle();
  const wallMs = performance.now() - wall;
  const { user, system } = process.cpuUsage(cpu);
  stop();
  return {
    cpuMs: (user + system) / 1000, wallMs, epochMs: epochMs.toSorted((a, b) => a - b),
    stateBytes: stateBytes(core), digest: digestOfView(core),
  };
}

/** Bytes of the view and of its operators. */
export function stateBytes(core: EngineCore): number {
  return core.info.storedBytes(viewOf(core).id);
}

/** The digest of the view's rows. */
export function digestOfView(core: EngineCore): Digest {
  const view = viewOf(core);
  return digestOfBatches(core.snapshot(view.id, null), view.columns.map(({ type }) => type));
}

function viewOf(core: EngineCore): StoredRelation {
  for (const relation of core.catalog.state.relations.values()) {
    if (relation.name === 'v' && relation.kind === 'materializedView') return relation;
  }
  throw new Error('the view is not there');
}

function sourceText(kind: NexmarkKind, watermark: boolean): string {
  const columns = NEXMARK_COLUMNS[kind].map(({ name, type }) => `${name} ${formatType(type)}`);
  if (watermark) columns.push("WATERMARK FOR date_time AS date_time - INTERVAL '4 seconds'");
  return `CREATE SOURCE ${kind} (${columns.join(', ')}) `
    + `WITH (connector = 'nexmark', nexmark.table.type = '${kind}')`;
}

/** Runs a statement; throws its error. */
export async function execute(session: SqlSession, text: string): Promise<void> {
  for await (const event of session.query(text)) {
    if (event.kind === 'error') throw new Error(`${event.error.message}: ${text}`);
  }
}
