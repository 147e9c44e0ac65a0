/**
 * Runs the queries, each in a process of its own, and prints the table.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchArguments } from '../arguments.ts';
import { writeFigures } from '../machine.ts';
import type { QueryFigures } from './measure.ts';
import { QUERIES, queryNamed } from './queries.ts';

/** Runs and reports; gives false when a query failed or its answer was wrong. */
export async function reportNexmark(args: BenchArguments): Promise<boolean> {
  const names = args.queries ?? QUERIES.map(({ name }) => name);
  for (const name of names) queryNamed(name);
  process.stdout.write(`${args.events} events, ${args.batch} an epoch, `
    + `${args.durable ? 'durable' : 'in memory'}${args.watermark ? ', watermarks' : ''}, `
    + `Node ${process.version}; rates per CPU second\n${HEAD}\n`);
  const figures: QueryFigures[] = [];
  let failed = false;
  for (const name of names) {
    try {
      const figure = await inChild(name);
      figures.push(figure);
      process.stdout.write(`${line(figure)}\n`);
    } catch (error) {
      failed = true;
      process.stdout.write(`${name.padEnd(4)} ${error instanceof Error ? error.message : ''}\n`);
    }
  }
  const { events, batch, rounds, durable, watermark } = args;
  writeFigures(args.json, { events, batch, rounds, durable, watermark, figures });
  return !failed;
}

/**
 * Everything on one core: the collector's helper threads spin while they wait for work, which on a
 * busy machine doubles the CPU time of whatever is measured (q18: 2.1 s instead of 1.1 s).
 */
const ONE_CORE: readonly string[] = ['--single-threaded-gc'];

function inChild(name: string): Promise<QueryFigures> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(main, [...process.argv.slice(2), '--child', name],
      { execArgv: [...process.execArgv, '--expose-gc', ...ONE_CORE] });
    let message = 'the process ended without an answer';
    child.on('message', (answer: { readonly figures?: QueryFigures; readonly error?: string }) => {
      if (answer.figures !== undefined) resolve(answer.figures);
      else message = answer.error ?? message;
    });
    child.on('error', reject);
    child.on('exit', () => { reject(new Error(message)); });
  });
}

const HEAD = 'query   engine/s    limit/s  of limit   p50 ms   p99 ms   max ms  state MB  RSS MB'
  + '  db-ivm/s  engine:db-ivm';

function line(of: QueryFigures): string {
  return [
    of.query.padEnd(4), thousands(of.enginePerCpuSecond).padStart(10),
    thousands(of.limitPerCpuSecond).padStart(10), `1/${(1 / of.ofLimit).toFixed(1)}`.padStart(9),
    of.epochP50Ms.toFixed(2).padStart(8), of.epochP99Ms.toFixed(2).padStart(8),
    of.epochMaxMs.toFixed(1).padStart(8), of.stateMb.toFixed(1).padStart(9),
    of.peakRssMb.toFixed(0).padStart(7),
    of.peer === null ? '' : `${thousands(of.peer.peerPerCpuSecond).padStart(9)}`
      + `${of.peer.ratio.toFixed(1).padStart(14)}`,
  ].join(' ');
}

function thousands(rate: number): string {
  return `${(rate / 1000).toFixed(0)} k`;
}
