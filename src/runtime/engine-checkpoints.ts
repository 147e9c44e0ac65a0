/**
 * Decides when to checkpoint, and does it beside the running epochs.
 *
 * At least a second between two, and at least ten times what the last one took. The state is
 * encoded between two epochs; writing goes on in pieces. A full disk is tried again later.
 */
import type { EngineState, Meta } from './engine-state.ts';
import type { Checkpointer } from './storage/checkpoint.ts';
import type { Environment } from './storage/interfaces.ts';
import { fromPlainJson, toPlainJson } from './storage/plain-json.ts';
import type { DdlChange } from './catalog-store-types.ts';
import type { Recovered } from './storage/records.ts';
import { must } from '../common/assert.ts';

const INTERVAL_FACTOR = 10;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Checkpoints of an engine. */
export class Checkpoints {
  readonly #state: EngineState;
  readonly #checkpointer: Checkpointer;
  readonly #environment: Environment;
  readonly #intervalMs: number;
  #running: Promise<void> | null = null;
  #lastEndMs: number;
  #lastTookMs = 0;
  #writtenCatalog: unknown = null;
  /** Epoch of the newest durable checkpoint. */
  epoch: bigint;

  constructor(
    state: EngineState, checkpointer: Checkpointer, environment: Environment,
    options: { readonly intervalMicros: bigint; readonly epoch: bigint },
  ) {
    this.#state = state;
    this.#checkpointer = checkpointer;
    this.#environment = environment;
    this.#intervalMs = Number(options.intervalMicros) / 1000;
    this.#lastEndMs = environment.clock.elapsedMs();
    this.epoch = options.epoch;
  }

  /** Begins a checkpoint if one is due. Called between epochs. */
  maybe(): void {
    if (this.#environment.storage.keepsNothing || this.#running !== null) return;
    if (this.epoch === this.#state.epoch) return;
    const wait = Math.max(this.#intervalMs, INTERVAL_FACTOR * this.#lastTookMs);
    if (this.#environment.clock.elapsedMs() - this.#lastEndMs < wait) return;
    this.#running = this.#write().finally(() => { this.#running = null; });
  }

  /** A checkpoint of the newest epoch, for a clean shutdown. */
  async last(): Promise<void> {
    await this.#running;
    if (this.#environment.storage.keepsNothing || this.epoch === this.#state.epoch) return;
    await this.#write();
  }

  async #write(): Promise<void> {
    const { clock, exec, log } = this.#environment;
    const started = clock.elapsedMs();
    const { epoch } = this.#state;
    const catalog = this.#state.catalog.state;
    const catalogBytes = catalog === this.#writtenCatalog ? null
      : ENCODER.encode(toPlainJson(catalog.dump()));
    const meta = ENCODER.encode(toPlainJson(this.#state.saveMeta()));
    const captured = this.#checkpointer.capture(epoch, meta, catalogBytes);
    const positions = [...this.#state.readers.values()].map(({ connector, partitions }) =>
      [connector, new Map(partitions.map(({ position }, at) => [at, position]))] as const);
    try {
      await this.#checkpointer.write(captured, () => exec.yield());
      this.epoch = epoch;
      this.#writtenCatalog = catalog;
      for (const [connector, reached] of positions) connector.durable?.(reached);
    } catch (error) {
      this.#writtenCatalog = null;
      log(`checkpoint failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#lastEndMs = clock.elapsedMs();
    this.#lastTookMs = this.#lastEndMs - started;
  }
}

/** Loads catalog and meta of a checkpoint into a fresh state; false when there is none. */
export function loadCheckpoint(state: EngineState, recovered: Recovered): boolean {
  if (recovered.checkpointEpoch === null) return false;
  const text = (kind: 'meta' | 'catalog'): string => DECODER.decode(
    must(recovered.parts.find((part) => part.kind === kind), `${kind} of a checkpoint`).body);
  state.catalog.commit(fromPlainJson(text('catalog')) as readonly DdlChange[]);
  state.loadMeta(fromPlainJson(text('meta')) as Meta);
  return true;
}
