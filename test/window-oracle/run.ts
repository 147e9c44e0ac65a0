/**
 * Runs a case on the engine, put into epochs in several ways, and compares it with the model.
 *
 * Each partition is a file that grows. Looked at in the end: rows of the updating and of the final
 * view, late rows, their count, conservation (offered = in time + late), and in every epoch that a
 * final window appears once and never changes.
 */
import type { Value } from '../../src/common/values.ts';
import { cell } from '../../src/runtime/batch.ts';
import type { EngineCore } from '../../src/runtime/engine-core.ts';
import type { EpochDeltas } from '../../src/runtime/engine-core-types.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { MemoryStorage } from '../../src/runtime/storage/memory-storage.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';
import type { SimWorld } from '../support/sim-environment.ts';
import { random, restarts } from './cases.ts';
import type { Case } from './cases.ts';
import { expected } from './model.ts';
import type { LogRow, LogStep, Spec } from './model.ts';

const PART_OF_SILENCE = 15_100_000n;

/** How a log is put into epochs. */
export interface Schedule {
  readonly name: 'as written' | 'torn and merged' | 'with restarts';
  readonly seed: number;
}

/** An engine without a disk, for the runs that need no restart; a new one now and then. */
class SharedEngine {
  #engine: Engine | null = null;
  #core: EngineCore | null = null;
  #world: SimWorld = simWorld(new MemoryStorage());
  #runs = 0;

  async take(): Promise<Living> {
    if (this.#runs++ % SHARED_RUNS === 0) {
      await this.#engine?.close();
      this.#world = simWorld(new MemoryStorage());
      this.#engine = await openEngine(this.#world, { opened: (core) => { this.#core = core; } });
    }
    if (this.#engine === null || this.#core === null) throw new Error('not open');
    return { engine: this.#engine, core: this.#core, world: this.#world };
  }
}

/** An open engine and what it stands on. */
interface Living {
  readonly engine: Engine;
  readonly core: EngineCore;
  readonly world: SimWorld;
}

const SHARED = new SharedEngine();
const SHARED_RUNS = 100;

class Run {
  readonly #case: Case;
  readonly #schedule: Schedule;
  readonly #disk = new SimDisk();
  #world: SimWorld = simWorld(new SimStorage(this.#disk));
  #detach: () => void = () => undefined;
  #now: Living | null = null;
  readonly #texts: string[];
  readonly problems: string[] = [];
  readonly #closed = new Set<string>();
  #finals = new Map<number, string>();

  constructor(of: Case, schedule: Schedule) {
    this.#case = of;
    this.#schedule = schedule;
    this.#texts = Array.from({ length: of.log.partitions }, () => '');
  }

  #living(): Living {
    if (this.#now === null) throw new Error('not open');
    return this.#now;
  }

  get #restarts(): boolean { return this.#schedule.name === 'with restarts'; }

  async #open(): Promise<void> {
    const living = this.#restarts ? await this.#openOwn() : await SHARED.take();
    this.#world = living.world;
    this.#now = living;
    this.#detach = living.core.onEpoch((deltas) => this.#published(deltas));
  }

  async #openOwn(): Promise<Living> {
    const world = simWorld(new SimStorage(this.#disk), this.#world);
    let core: EngineCore | null = null;
    const engine = await openEngine(world, { opened: (own) => { core = own; } });
    if (core === null) throw new Error('not open');
    return { world, engine, core };
  }

  async #end(): Promise<void> {
    this.#detach();
    if (this.#restarts) await this.#living().engine.close();
    else await this.#sql('DROP SOURCE s CASCADE');
  }

  /** Finds the final views that nothing may correct. */
  #noteFinals(): void {
    const relations = [...this.#living().core.catalog.state.relations.values()];
    this.#finals = new Map(this.#case.specs.flatMap((spec, at) => {
      const found = relations.find(({ name }) => name === `f${at}`);
      return spec.lateness > 0n || found === undefined ? [] : [[found.id, `f${at}`]];
    }));
  }

  #published({ deltas, epoch }: EpochDeltas): void {
    for (const [id, name] of this.#finals) {
      for (const batch of deltas.get(id) ?? []) {
        for (let row = 0; row < batch.length; row++) {
          const values = batch.columns.slice(0, 3).map((column) => shown(cell(column, row)));
          this.#close(`${name} ${values.join('|')}`, batch.weights[row] ?? 0, epoch);
        }
      }
    }
  }

  /** A final window appears once and never changes. */
  #close(window: string, weight: number, epoch: bigint): void {
    if (weight !== 1 || this.#closed.has(window)) {
      this.problems.push(`epoch ${epoch}: ${window} closed again`);
    }
    this.#closed.add(window);
  }

  async #sql(sql: string): Promise<void> {
    const client = await TestClient.connect(this.#living().engine);
    await client.run(sql);
  }

  async #begin(): Promise<void> {
    const { log, specs, zoned } = this.#case;
    await this.#open();
    for (const [at] of this.#texts.entries()) this.#world.files.write(`p${at}`, '');
    const paths = this.#texts.map((_text, at) => `p${at}`).join(',');
    const texts = [`CREATE SOURCE s (id int, key text, ts ${zoned ? 'timestamptz'
      : 'timestamp'}, v int, WATERMARK FOR ts AS ts - INTERVAL '${log.delay} microseconds') `
      + `WITH (connector = 'file', path = '${paths}', mode = 'follow', format = 'json', `
      + "watermark.idle_timeout = '30 seconds')"];
    const from = ['s', 's', 'm', 'm2'][this.#case.seed % 4] ?? 's';
    if (from !== 's') texts.push('CREATE MATERIALIZED VIEW m AS SELECT id, v, ts, key FROM s');
    if (from === 'm2') {
      texts.push('CREATE MATERIALIZED VIEW m2 AS SELECT id, key, ts, v FROM m WHERE id >= 0');
    }
    for (const [at, spec] of specs.entries()) {
      texts.push(viewOf(`u${at}`, spec, '', from),
        viewOf(`f${at}`, spec, 'EMIT ON WINDOW CLOSE', from));
    }
    await this.#sql(texts.join('; '));
    this.#noteFinals();
    await this.#living().engine.settle();
  }

  #append(partition: number, rows: readonly LogRow[]): void {
    const lines = rows.map(({ id, key, ts, v }) =>
      `${JSON.stringify({ id, key, ts: ts === null ? null : timeText(ts), v })}\n`).join('');
    const text = (this.#texts[partition] ?? '') + lines;
    this.#texts[partition] = text;
    this.#world.files.write(`p${partition}`, text);
  }

  async #step(step: LogStep): Promise<void> {
    if (step.kind === 'rows') this.#append(step.partition, step.rows);
    else this.#world.clock.advance(PART_OF_SILENCE);
    await this.#living().engine.settle();
  }

  async run(): Promise<string[]> {
    await this.#begin();
    const { steps } = this.#case.log;
    const below = random(this.#schedule.seed);
    const merged = this.#schedule.name === 'torn and merged' ? rearranged(steps, below)
      : steps.map((step) => [step]);
    for (const [at, group] of merged.entries()) {
      for (const step of group.slice(0, -1)) {
        if (step.kind === 'rows') this.#append(step.partition, step.rows);
      }
      const last = group.at(-1);
      if (last !== undefined) await this.#step(last);
      if (this.#schedule.name === 'with restarts' && below(12) === 0
        && !steps.slice(at + 1).some((step) => step.kind === 'idle' )) {
        if (below(2) === 0) this.#world.clock.advance(1n);
        await this.#end();
        await this.#open();
      }
    }
    this.#compare();
    await this.#end();
    return this.problems;
  }

  /** Rows of a relation as text, straight from the store. */
  #stored(schema: string, name: string): string[] {
    const core = this.#living().core;
    const found = [...core.catalog.state.relations.values()]
      .find((each) => each.name === name && each.schema === schema);
    const rows: string[] = [];
    for (const batch of found === undefined ? [] : core.snapshot(found.id, null)) {
      for (let row = 0; row < batch.length; row++) {
        const values = batch.columns.map((column) => shown(cell(column, row)));
        for (let n = 0; n < (batch.weights[row] ?? 0); n++) rows.push(values.join('|'));
      }
    }
    return rows;
  }

  #compare(): void {
    const { log, specs } = this.#case;
    const counts = new Map(this.#living().core.info.views().map(({ relation, offered, late }) =>
      [relation, `${offered}|${late}`]));
    const total = log.steps.reduce((sum, step) =>
      sum + (step.kind === 'rows' ? step.rows.length : 0), 0);
    const ids = new Map([...this.#living().core.catalog.state.relations.values()]
      .filter(({ schema }) => schema === 'public').map(({ id, name }) => [name, id]));
    for (const [at, spec] of specs.entries()) {
      const want = expected(log, spec);
      for (const [name, rows] of [[`u${at}`, want.updating], [`f${at}`, want.final]] as const) {
        this.#differ(name, spec, rows, this.#stored('public', name).toSorted());
        const late = this.#stored('late', name).map((row) => Number(row.split('|')[0]));
        this.#differ(`late.${name}`, spec, want.late.map(String),
          late.toSorted((a, b) => a - b).map(String));
        this.#differ(`counts of ${name}`, spec, [`${total}|${want.late.length}`],
          [counts.get(ids.get(name) ?? -1) ?? 'none']);
      }
    }
  }

  #differ(what: string, spec: Spec, want: readonly string[], got: readonly string[]): void {
    if (want.join('\n') === got.join('\n')) return;
    const missing = want.filter((each) => !got.includes(each));
    const extra = got.filter((each) => !want.includes(each));
    const shape = JSON.stringify(spec, (_key, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value);
    this.problems.push(`${what} ${shape}: missing ${missing.join(' ')}; extra ${extra.join(' ')}`);
  }
}

function shown(value: Value): string {
  if (value === null) return 'NULL';
  return typeof value === 'object' ? '(value)' : String(value);
}

/** Microseconds as text without going through a clock of a second's fraction. */
function timeText(ts: bigint): string {
  const seconds = (ts - (((ts % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n;
  const micros = ts - seconds * 1_000_000n;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  return `${text}.${String(micros).padStart(6, '0')}+00`;
}

function interval(micros: bigint): string {
  return `INTERVAL '${micros} microseconds'`;
}

function viewOf(name: string, spec: Spec, emit: string, from: string): string {
  const options = spec.lateness === 0n ? ''
    : `WITH (allowed_lateness = '${spec.lateness} microseconds') `;
  return `CREATE MATERIALIZED VIEW ${name} ${options}AS SELECT window_start, window_end, key, `
    + `count(*) AS n, sum(v) AS s, min(v) AS lo, max(v) AS hi FROM ${tableOf(spec, from)} `
    + `GROUP BY window_start, window_end, key ${emit}`;
}

function tableOf(spec: Spec, from: string): string {
  switch (spec.kind) {
    case 'tumble': return `TUMBLE(${from}, ts, ${interval(spec.size)}, ${interval(spec.offset)})`;
    case 'hop': return `HOP(${from}, ts, ${interval(spec.slide)}, ${interval(spec.size)}, `
      + `${interval(spec.offset)})`;
    case 'cumulate': return `CUMULATE(${from}, ts, ${interval(spec.step)}, ${interval(spec.size)}, `
      + `${interval(spec.offset)})`;
    case 'session': return `SESSION(${from} PARTITION BY key, ts, ${interval(spec.gap)}${
      spec.longest === undefined ? '' : `, ${interval(spec.longest)}`})`;
    case 'day': return `TUMBLE(${from}, ts, INTERVAL '${spec.days} days', `
      + `TIMEZONE => '${spec.zone}')`;
  }
}

/**
 * Other epochs for the same log: steps torn in two, and steps of several partitions put together
 * where no partition is silent (coming back from silence looks at the others' watermark).
 */
function rearranged(steps: readonly LogStep[], below: (bound: number) => number): LogStep[][] {
  const groups: LogStep[][] = [];
  const silent = new Set<number>();
  let open = false;
  for (const step of steps) {
    if (step.kind !== 'rows') {
      for (const at of step.kind === 'idle' ? step.partitions : []) silent.add(at);
      groups.push([step]);
      open = false;
      continue;
    }
    const cut = 1 + below(step.rows.length);
    const parts = [step.rows.slice(0, cut), step.rows.slice(cut)].filter((rows) => rows.length > 0)
      .map((rows): LogStep => ({ ...step, rows }));
    const returns = silent.delete(step.partition);
    const group = groups.at(-1);
    if (open && !returns && silent.size === 0 && group !== undefined && below(2) === 0) {
      group.push(...parts);
    } else {
      groups.push(...parts.map((part) => [part]));
    }
    open = !returns;
  }
  return groups;
}

/** Everything wrong with a case, put into epochs in the way its seed chooses. */
export async function runCase(of: Case): Promise<string[]> {
  const name = restarts(of.seed) ? 'with restarts'
    : of.seed % 2 === 0 ? 'as written' : 'torn and merged';
  const found = await new Run(of, { name, seed: of.seed }).run();
  return found.map((each) => `${name}: ${each}`);
}
