/**
 * Records a second from a Kafka topic into a tumbling count, against a bare kafkajs consumer that
 * only calls JSON.parse and counts; both from the same broker, in turns. Rates are by the clock and
 * by processor time: goals are for one core, whatever else the machine does.
 *
 * The broker is a real Apache Kafka where there is Java (TIDEMILL_REAL_KAFKA, as in the tests), else
 * the test broker in this process, which takes its share of the time.
 */
import kafkajs from 'kafkajs';
import { realEnvironment } from '../src/runtime/real/open-environment.ts';
import { openEngine } from '../src/runtime/session/open-engine.ts';
import { TestClient } from '../test/support/client.ts';
import { TestBroker } from '../test/support/kafka/broker.ts';
import { missingForKafka, RealKafka } from '../test/support/kafka/real.ts';
import type { BenchArguments } from './arguments.ts';
import { writeFigures } from './machine.ts';

const PARTITIONS = 8;
const BATCH = 2000;
const TOPIC = 'clicks';
const FIRST_MS = 1_700_000_000_000;
const GOAL_PER_SECOND = 400_000;
const GOAL_FACTOR = 2;
const VIEW = 'SELECT window_start, user_id, COUNT(*) AS n FROM '
  + "TABLE(TUMBLE(clicks, INTERVAL '1' MINUTE)) GROUP BY 1, 2";

interface Broker {
  readonly address: string;
  stop(): Promise<void>;
}

/** Runs and reports; false when a goal is missed. */
export async function reportKafka(args: BenchArguments): Promise<boolean> {
  const missing = missingForKafka();
  const broker: Broker & { createTopic?: TestBroker['createTopic'] } = missing === null
    ? await RealKafka.start() : await TestBroker.start();
  const what = missing === null ? 'Apache Kafka' : `test broker (no Kafka: ${missing})`;
  process.stdout.write(`${what}, ${args.events} records in ${PARTITIONS} partitions\n`);
  try {
    const kafka = new kafkajs.Kafka({
      brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 20 },
    });
    await fill(kafka, broker, args.events);
    const rounds = Math.max(1, args.rounds);
    const bare: Rate[] = [];
    const engine: Rate[] = [];
    for (let round = 0; round < rounds; round++) {
      if (missing === null) bare.push(await bareConsumer(kafka, args.events, round));
      engine.push(await intoView(broker, args.events));
      process.stdout.write(`  round ${round + 1}: kafkajs + JSON.parse `
        + `${shown(bare.at(-1))}, engine ${shown(engine.at(-1))}\n`);
    }
    const figures = { broker: what, records: args.events, bare: medianRate(bare),
      engine: medianRate(engine) };
    writeFigures(args.json, figures);
    const factor = figures.engine.cpu / figures.bare.cpu;
    process.stdout.write(`median: kafkajs + JSON.parse ${shown(figures.bare)}, engine `
      + `${shown(figures.engine)}, ${factor.toFixed(2)} times\n`);
    return missing !== null || (figures.engine.cpu >= GOAL_PER_SECOND && factor >= GOAL_FACTOR);
  } finally {
    await broker.stop();
  }
}

/** Records by the clock, and by the processor time of all threads of this process. */
interface Rate {
  readonly wall: number;
  readonly cpu: number;
}

/** Starts measuring; the function ends it. */
function stopwatch(events: number): () => Rate {
  const started = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { wall: events / (performance.now() - started) * 1000,
      cpu: events / (user + system) * 1e6 };
  };
}

function medianRate(rates: readonly Rate[]): Rate {
  return { wall: median(rates.map(({ wall }) => wall)), cpu: median(rates.map(({ cpu }) => cpu)) };
}

function shown(rate: Rate | undefined): string {
  return `${perSecond(rate?.wall)} (${perSecond(rate?.cpu)} of processor time)`;
}

function perSecond(rate: number | undefined): string {
  return rate === undefined || Number.isNaN(rate) ? 'not measured'
    : `${Math.round(rate).toLocaleString('en')}/s`;
}

function median(rates: readonly number[]): number {
  const sorted = rates.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** A record of about 200 bytes. */
function record(n: number): { readonly key: string; readonly value: string } {
  const user = `user-${(n * 7919) % 1000}`;
  return { key: user, value: JSON.stringify({
    user_id: user, url: `https://shop.example/products/${n % 5000}?ref=mail-${n % 17}`,
    click_time: new Date(FIRST_MS + n).toISOString(), session: `s-${(n * 31) % 100_000}`,
    referrer: 'https://search.example/?q=cups', price: (n % 1000) / 100,
  }) };
}

async function fill(
  kafka: kafkajs.Kafka, broker: { createTopic?: TestBroker['createTopic'] }, events: number,
): Promise<void> {
  if (broker.createTopic !== undefined) {
    const partitions = broker.createTopic(TOPIC, PARTITIONS);
    for (let from = 0, at = 0; from < events; from += BATCH, at++) {
      partitions[at % PARTITIONS]?.append(Array.from(
        { length: Math.min(BATCH, events - from) }, (_each, n) => record(from + n)));
    }
    return;
  }
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  for (let from = 0; from < events; from += BATCH * PARTITIONS) {
    await producer.send({ topic: TOPIC, acks: 1, messages: Array.from(
      { length: Math.min(BATCH * PARTITIONS, events - from) }, (_each, n) => record(from + n)) });
  }
  await producer.disconnect();
}

/** What kafkajs does by itself: one JSON.parse a record and a count per minute and user. */
async function bareConsumer(kafka: kafkajs.Kafka, events: number, round: number): Promise<Rate> {
  const consumer = kafka.consumer({ groupId: `bare-${round}`, maxBytesPerPartition: 1 << 20 });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  const counts = new Map<string, number>();
  let seen = 0;
  let stop: (() => Rate) | null = null;
  await new Promise<void>((resolve, reject) => {
    consumer.run({ eachBatch: async ({ batch }) => {
      stop ??= stopwatch(events);
      for (const { value } of batch.messages) {
        const { user_id: user, click_time: time } = JSON.parse(String(value)) as
          { user_id: string; click_time: string };
        const key = `${time.slice(0, 16)} ${user}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      seen += batch.messages.length;
      if (seen >= events) resolve();
    } }).catch(reject);
  });
  const rate = (stop as (() => Rate) | null)?.() ?? { wall: Number.NaN, cpu: Number.NaN };
  await consumer.disconnect();
  return rate;
}

/** The engine: CREATE SOURCE and a view, until the view has counted every record. */
async function intoView(broker: Broker, events: number): Promise<Rate> {
  const engine = await openEngine(realEnvironment(':memory:', () => undefined));
  const client = await TestClient.connect(engine);
  await client.run('CREATE SOURCE clicks (user_id STRING, url STRING, click_time TIMESTAMP(3), '
    + "WATERMARK FOR click_time AS click_time - INTERVAL '5' SECOND) WITH ('connector' = 'kafka', "
    + `'topic' = '${TOPIC}', 'properties.bootstrap.servers' = '${broker.address}', `
    + "'format' = 'json')");
  const stop = stopwatch(events);
  await client.run(`CREATE MATERIALIZED VIEW v AS ${VIEW}`);
  await client.run('FLUSH');
  const rate = stop();
  const [counted] = (await client.run('SELECT sum(n) FROM v')).rows;
  if (counted?.[0] !== String(events)) {
    throw new Error(`the view counted ${counted?.[0]} of ${events} records`);
  }
  await engine.close();
  return rate;
}
