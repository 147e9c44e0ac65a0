/**
 * The Kafka source under faults: each seed ends with exact counts, or stopped with a named reason.
 *
 * Answers dropped, late or cut off, leaders that move, transactions aborted, batches emptied by
 * compaction, crashes of the engine; and what cannot be mended: retention gaps, truncations,
 * damaged batches. KAFKA_SEEDS sets how many seeds are run, KAFKA_FIRST_SEED the first; each prints
 * itself when it fails. Planted bugs of the log client must be found.
 */
import { expect, it } from 'vitest';
import type { LogClient, Logs } from '../../../src/runtime/connectors/kafka/log-client.ts';
import { kafkaLogs } from '../../../src/runtime/real/kafka/kafkajs-client.ts';
import { realClock } from '../../../src/runtime/real/real-environment.ts';
import { openEngine } from '../../../src/runtime/session/open-engine.ts';
import { TestClient } from '../../support/client.ts';
import { TestBroker } from '../../support/kafka/broker.ts';
import type { TestPartition } from '../../support/kafka/partition.ts';
import { SimDisk, SimStorage, simWorld } from '../../support/sim-environment.ts';

const SEEDS = Number(process.env['KAFKA_SEEDS'] ?? 10);
const FIRST = Number(process.env['KAFKA_FIRST_SEED'] ?? 1);
const PARTITIONS = 3;
const STEPS = 14;
const MENDABLE = ['close', 'delay', 'drop', 'leader', 'abort', 'empty', 'crash'] as const;
const FATAL = ['gap', 'truncate', 'damage'] as const;
type Fault = typeof MENDABLE[number] | typeof FATAL[number];

function random(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => { setTimeout(resolve, ms); });

/** One topic, one engine, one plan of faults. */
class Scenario {
  readonly #pick: (below: number) => number;
  readonly #broker: TestBroker;
  readonly #logs: Logs;
  readonly #disk = new SimDisk();
  #storage = new SimStorage(this.#disk);
  #client: TestClient | null = null;
  #number = 0;
  #producer = 100n;
  readonly injected: Fault[] = [];
  readonly expected = { count: 0, sum: 0 };

  constructor(seed: number, broker: TestBroker, logs: Logs) {
    this.#logs = logs;
    this.#pick = random(seed);
    this.#broker = broker;
    broker.createTopic('t', PARTITIONS);
  }

  async open(): Promise<void> {
    this.#storage = new SimStorage(this.#disk);
    const engine = await openEngine({
      ...simWorld(this.#storage), outside: { logs: this.#logs }, clock: realClock,
    }, { checkpointIntervalMicros: this.#pick(2) === 0 ? 1000n : 3_600_000_000n });
    this.#client = await TestClient.connect(engine);
  }

  async rows(query: string): Promise<string[]> {
    return (await this.#client?.run(query))?.rows.map((row) => row.join(' ')) ?? [];
  }

  #partition(): TestPartition {
    return this.#broker.partition('t', this.#pick(PARTITIONS));
  }

  #produce(counted: boolean): { value: string }[] {
    return Array.from({ length: 1 + this.#pick(20) }, () => {
      const n = this.#number++;
      if (counted) {
        this.expected.count++;
        this.expected.sum += n;
      }
      return { value: `{"n":${n},"s":"${'ä'.repeat(this.#pick(3))}"}` };
    });
  }

  /** Writes something and lets something happen. */
  async step(faults: readonly Fault[]): Promise<void> {
    const codec = (['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)[this.#pick(5)] ?? 'none';
    this.#partition().append(this.#produce(true), { codec });
    this.#broker.wake();
    const fault = this.#pick(2) === 0 ? faults[this.#pick(faults.length)] : undefined;
    if (fault !== undefined) {
      this.injected.push(fault);
      await this.#befall(fault);
    }
    await pause(this.#pick(15));
  }

  async #befall(fault: Fault): Promise<void> {
    const broker = this.#broker;
    let left = 1 + this.#pick(3);
    switch (fault) {
      case 'close': case 'drop':
        broker.fault = () => (left-- > 0 ? fault : null);
        return;
      case 'delay':
        broker.fault = () => (left-- > 0 ? { delayMs: 30 } : null);
        return;
      case 'leader':
        broker.fetchError = () => (left-- > 0 ? 6 : 0);
        return;
      case 'abort': {
        const partition = this.#partition();
        const producerId = this.#producer++;
        const commits = this.#pick(2) === 0;
        partition.append(this.#produce(commits), { producerId, transactional: true });
        await pause(5);
        partition.endTransaction(producerId, commits);
        return;
      }
      case 'empty': {
        const partition = this.#partition();
        partition.append(this.#produce(false));
        partition.empty(partition.batches.length - 1);
        return;
      }
      case 'crash':
        this.#storage.dead = true;
        await this.open();
        return;
      case 'gap': {
        const partition = this.#partition();
        // Whoever has read nothing begins with what is there: no gap.
        if (!await this.#readAll()) return;
        partition.append(this.#produce(true));
        partition.append(this.#produce(true));
        partition.retain(partition.next - 1n);
        return;
      }
      case 'truncate': {
        const partition = this.#partition();
        // What nobody has read may be lost without a trace; what was read may not.
        if (!await this.#readAll()) return;
        partition.truncate(partition.next - 1n);
        return;
      }
      case 'damage': {
        const partition = this.#partition();
        partition.append(this.#produce(true));
        partition.damage(partition.batches.length - 1);
        return;
      }
    }
  }

  async #readAll(): Promise<boolean> {
    this.#broker.fault = () => null;
    this.#broker.fetchError = () => 0;
    for (let wait = 0; wait < 100; wait++) {
      await this.#client?.run('FLUSH');
      const [count] = await this.rows('SELECT c FROM v');
      if (count === String(this.expected.count)) return true;
      await pause(25);
    }
    return false;
  }

  /** Faults off: reads until everything is there, or the source has stopped. */
  async finish(): Promise<{ readonly status: string[]; readonly result: string }> {
    this.#broker.fault = () => null;
    this.#broker.fetchError = () => 0;
    // A log that was cut and has grown back to where it was read shows it with the next record.
    for (let at = 0; at < PARTITIONS; at++) {
      this.#broker.partition('t', at).append(this.#produce(true));
      this.#broker.partition('t', at).append(this.#produce(true));
    }
    this.#broker.wake();
    for (let wait = 0; wait < 120; wait++) {
      await this.#client?.run('FLUSH');
      const status = await this.rows('SELECT status FROM tidemill.sources');
      const [result = ''] = await this.rows('SELECT c, s FROM v');
      const done = result === `${this.expected.count} ${this.expected.sum}`;
      if (done || status.some((each) => each.startsWith('broken'))) return { status, result };
      await pause(25);
    }
    return { status: await this.rows('SELECT status FROM tidemill.sources'),
      result: (await this.rows('SELECT c, s FROM v'))[0] ?? '' };
  }
}

const NAMED = new RegExp('^broken\\((gap in partition|partition \\d+ of topic "t"(: record| was '
  + 'truncated)|range \\d+ to \\d+ of partition \\d+ of relation \\d+ reads back differently)');

/** What was injected, and what came out wrong: null when nothing did. */
interface Outcome {
  readonly injected: readonly Fault[];
  readonly mistake: string | null;
}

async function runSeed(seed: number, logs: Logs): Promise<Outcome> {
  const broker = await TestBroker.start();
  const scenario = new Scenario(seed, broker, logs);
  await scenario.open();
  const stored = seed % 2 === 0 ? 'TABLE' : 'SOURCE';
  await scenario.rows(`CREATE ${stored} t (n int, s text) WITH (connector = 'kafka', topic = 't', `
    + `'properties.bootstrap.servers' = '${broker.address}', `
    + `'properties.request.timeout.ms' = '300', log_rows = '${seed % 5 < 3}') `
    + 'FORMAT PLAIN ENCODE JSON');
  await scenario.rows('CREATE MATERIALIZED VIEW v AS SELECT count(*) AS c, sum(n) AS s FROM t');
  const fatal = seed % 3 === 0;
  for (let step = 0; step < STEPS; step++) {
    // A truncation that is grown over while the engine is down leaves no trace here.
    await scenario.step(!fatal || step < STEPS - 2 ? MENDABLE
      : step === STEPS - 2 ? FATAL : MENDABLE.filter((fault) => fault !== 'crash'));
  }
  const { status, result } = await scenario.finish();
  const { count, sum } = scenario.expected;
  const stopped = status.filter((each) => each.startsWith('broken'));
  await broker.stop();
  const mistake = stopped.length === 0
    ? (result === `${count} ${sum}` ? null : `${result} instead of ${count} ${sum}: ${status.join()}`)
    : !fatal || !stopped.every((each) => NAMED.test(each)) ? `stopped: ${status.join()}`
    : Number(result.split(' ')[0]) > count ? `${result}, more than ${count}` : null;
  return { injected: scenario.injected, mistake };
}

it(`ends right or stopped with a named reason (${SEEDS} seeds)`, async () => {
  const seen = new Set<Fault>();
  const mistakes: string[] = [];
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const { injected, mistake } = await runSeed(seed, kafkaLogs);
    for (const fault of injected) seen.add(fault);
    if (mistake !== null) mistakes.push(`seed ${seed} (${injected.join()}): ${mistake}`);
  }
  expect(mistakes).toEqual([]);
  const all: readonly Fault[] = [...MENDABLE, ...FATAL];
  expect(SEEDS < 50 ? [] : all.filter((fault) => !seen.has(fault))).toEqual([]);
}, 60_000 + SEEDS * 10_000);

/** A client that gets answers wrong in one way. */
function planted(wrong: (client: LogClient) => LogClient['fetch']): Logs {
  return {
    open: (config) => {
      const client = kafkaLogs.open(config);
      const fetch = wrong(client);
      return new Proxy(client, {
        get: (target, name): unknown => {
          if (name === 'fetch') return fetch;
          const found: unknown = Reflect.get(target, name, target);
          return typeof found === 'function' ? found.bind(target) as unknown : found;
        },
      });
    },
  };
}

it.each<readonly [string, number, Logs]>([
  ['records of aborted transactions are read', 1, planted((client) => (topic, want, limits) =>
    client.fetch(topic, want, { ...limits, committedOnly: false }))],
  ['a position that is gone is replaced by the first there is', 18, planted((client) =>
    async (topic, want, limits) => {
      const answers = await client.fetch(topic, want, limits);
      return Promise.all(answers.map(async (answer) => {
        if (answer.error !== 'OFFSET_OUT_OF_RANGE') return answer;
        const offset = (await client.offsets(topic, 'earliest')).get(answer.partition) ?? 0n;
        const [again] = await client.fetch(topic, [{ partition: answer.partition, offset }], limits);
        return { ...answer, ...again, logStart: 0n };
      }));
    })],
  ['the first batch of an answer is lost', 1, planted((client) => async (topic, want, limits) =>
    (await client.fetch(topic, want, limits)).map((answer) => answer.batches.length < 2 ? answer
      : { ...answer, batches: answer.batches.slice(1) }))],
])('finds a planted bug: %s', async (_name, first, logs) => {
  for (let seed = first; seed < first + 60; seed++) {
    const { mistake } = await runSeed(seed, logs);
    if (mistake !== null) return;
  }
  expect.fail('no seed found it');
}, 300_000);
