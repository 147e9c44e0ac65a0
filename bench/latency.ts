/**
 * Epochs at a steady 100,000 events a second: how long they take, and how old an event is when the
 * view shows it. Each view on its own engine, for ten seconds after two of warming up.
 */
import type { BenchArguments } from './arguments.ts';
import { writeFigures } from './machine.ts';
import { makeEvents } from './nexmark/events.ts';
import { quantile } from './nexmark/measure.ts';
import { declareSources, execute, openBenchEngine, release } from './nexmark/replay.ts';
import { queryNamed } from './nexmark/queries.ts';

const RATE = 100_000;
const SECONDS = 10;
const WARM_SECONDS = 2;
/** Events that arrive at once: those of 5 ms. */
const CHUNK = 500;
const GOAL_MS = 50;

interface Figure {
  readonly query: string;
  readonly epochs: number;
  readonly epochP50Ms: number;
  readonly epochP99Ms: number;
  readonly epochMaxMs: number;
  /** CPU time of all threads of the worst epoch and what came between it and the one before. */
  readonly cpuMaxMs: number;
  readonly delayP99Ms: number;
}

/** Runs and reports; false when an epoch took longer than the goal. */
export async function reportLatency(args: BenchArguments): Promise<boolean> {
  const figures: Figure[] = [];
  process.stdout.write(`${RATE} events/s for ${SECONDS} s\n`
    + 'query  epochs  p50 ms  p99 ms  max ms  max CPU ms  event to view p99 ms\n');
  for (const name of args.queries ?? ['w2', 'q4', 'q5', 'q7']) {
    const figure = await latencyOf(name);
    figures.push(figure);
    process.stdout.write([
      name.padEnd(5), String(figure.epochs).padStart(7), figure.epochP50Ms.toFixed(2).padStart(7),
      figure.epochP99Ms.toFixed(2).padStart(7), figure.epochMaxMs.toFixed(1).padStart(7),
      figure.cpuMaxMs.toFixed(1).padStart(11), figure.delayP99Ms.toFixed(1).padStart(21),
    ].join(' ') + '\n');
  }
  writeFigures(args.json, { rate: RATE, seconds: SECONDS, figures });
  return figures.every(({ epochMaxMs }) => epochMaxMs <= GOAL_MS);
}

async function latencyOf(name: string): Promise<Figure> {
  const query = queryNamed(name);
  const all = makeEvents(RATE * (SECONDS + WARM_SECONDS), CHUNK, query.needed);
  const events = { ...all, epochs: all.epochs.slice(0, RATE * (SECONDS + WARM_SECONDS) / CHUNK) };
  const { engine, core, session } = await openBenchEngine(null);
  await declareSources(session, events, true);
  await execute(session, `CREATE MATERIALIZED VIEW v AS ${query.sql}`);
  const epochMs: number[] = [];
  const cpuMs: number[] = [];
  const delays: number[] = [];
  const warm = RATE * WARM_SECONDS / CHUNK;
  const start = performance.now();
  const msPerChunk = CHUNK / RATE * 1000;
  let taken = 0;
  let cpu = process.cpuUsage();
  const stop = core.onEpoch(() => {
    taken++;
    const used = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    if (taken <= warm) return;
    epochMs.push(Number(core.info.epoch().lastEpochMicros) / 1000);
    cpuMs.push((used.user + used.system) / 1000);
    delays.push(performance.now() - start - taken * msPerChunk);
  });
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.floor((performance.now() - start) / msPerChunk);
      release(due);
      if (due < events.epochs.length) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  await core.settle();
  stop();
  await engine.close();
  const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
  return {
    query: name, epochs: epochMs.length, epochP50Ms: quantile(sorted(epochMs), 0.5),
    epochP99Ms: quantile(sorted(epochMs), 0.99), epochMaxMs: quantile(sorted(epochMs), 1),
    cpuMaxMs: quantile(sorted(cpuMs), 1), delayP99Ms: quantile(sorted(delays), 0.99),
  };
}
