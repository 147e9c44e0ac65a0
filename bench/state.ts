/**
 * Memory of 1 M groups of (bigint) -> (count, sum), view and all; 300,000 distinct values exactly.
 *
 * What is counted is what the process holds after a full collection, on and off the JavaScript
 * heap, less what it held before the view was made. The input is dropped before that.
 */
import type { BenchArguments } from './arguments.ts';
import { writeFigures } from './machine.ts';
import { empty, fill } from './nexmark/batches.ts';
import type { EpochEvents, Events } from './nexmark/events.ts';
import {
  declareSources, digestOfView, execute, forgetEvents, openBenchEngine, release, stateBytes,
} from './nexmark/replay.ts';
import { digestOf } from './nexmark/answer.ts';

const GROUPS = 1_000_000;
const GOAL_MB = 150;
const DISTINCT = 300_000;

interface Figure {
  readonly sql: string;
  readonly rows: number;
  readonly heapMb: number;
  readonly arrayBuffersMb: number;
  readonly totalMb: number;
  readonly countedMb: number;
}

/** Runs and reports; false when an answer is wrong or the goal is missed. */
export async function reportState(args: BenchArguments): Promise<boolean> {
  const first = await memoryOf(`SELECT auction, count(*) AS n, sum(price::int4) AS s FROM bid
    GROUP BY auction`);
  const second = await memoryOf('SELECT auction, count(*) AS n, sum(price) AS s FROM bid '
    + 'GROUP BY auction');
  for (const each of [first, second]) {
    process.stdout.write(`${each.rows} groups: ${each.totalMb.toFixed(0)} MB `
      + `(${each.heapMb.toFixed(0)} heap, ${each.arrayBuffersMb.toFixed(0)} array buffers; `
      + `the engine counts ${each.countedMb.toFixed(0)}): ${each.sql.replaceAll(/\s+/g, ' ')}\n`);
  }
  const exact = await distinctIsExact();
  process.stdout.write(`${DISTINCT} distinct values in one group: ${exact ? 'exact' : 'WRONG'}\n`);
  writeFigures(args.json, { memory: [first, second], distinctExact: exact });
  return exact && first.rows === GROUPS && first.totalMb < GOAL_MB;
}

async function memoryOf(sql: string): Promise<Figure> {
  const { engine, core, session } = await openBenchEngine(null);
  await declareSources(session, bids(GROUPS, (n) => n), false);
  const before = held();
  await execute(session, `CREATE MATERIALIZED VIEW v AS ${sql}`);
  release(Infinity);
  await core.settle();
  const input = inputBytes;
  forgetEvents();
  const after = held();
  const { rows } = digestOfView(core);
  const figure = {
    sql, rows, heapMb: (after.heap - before.heap) / 1e6,
    arrayBuffersMb: (after.buffers - before.buffers + input) / 1e6,
    countedMb: stateBytes(core) / 1e6,
  };
  await engine.close();
  // Arrays that grow in place are in the engine's count only.
  return {
    ...figure, totalMb: figure.heapMb + Math.max(figure.arrayBuffersMb, figure.countedMb),
  };
}

function held(): { readonly heap: number; readonly buffers: number } {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers };
}

/** Bytes of array buffers of the last input made. */
let inputBytes = 0;

/** `total` bids with prices in arithmetic progression, and no other events. */
function bids(total: number, auctionOf: (n: number) => number): Events {
  const perEpoch = 10_000;
  inputBytes = 0;
  const epochs: EpochEvents[] = [];
  for (let from = 0; from < total; from += perEpoch) {
    const length = Math.min(perEpoch, total - from);
    const bid = empty('bid', length);
    fill(bid, 'auction', (row) => auctionOf(from + row));
    fill(bid, 'price', (row) => 100 + (from + row) * 7);
    inputBytes += bid.weights.byteLength + 2 * length * 8;
    epochs.push({ bid, person: empty('person', 0), auction: empty('auction', 0) });
  }
  return { total, perEpoch, warmEpochs: 0, epochs };
}

async function distinctIsExact(): Promise<boolean> {
  const { engine, core, session } = await openBenchEngine(null);
  await declareSources(session, bids(2 * DISTINCT, (n) => n % DISTINCT), false);
  await execute(session, 'CREATE MATERIALIZED VIEW v AS SELECT 1 AS k, '
    + 'count(DISTINCT auction) AS n, count(DISTINCT price) AS m FROM bid GROUP BY 1');
  release(Infinity);
  await core.settle();
  const right = digestOf([[1, DISTINCT, 2 * DISTINCT]]);
  const found = digestOfView(core);
  await engine.close();
  return found.hash === right.hash && found.rows === 1;
}
