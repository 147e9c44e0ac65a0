/**
 * Measures one query in a process of its own: engine and limit in turn, then engine and peer.
 *
 * Each run warms up on the events before those that are counted. No collection is forced between
 * runs: that throws compiled code away and halves the engine's rate. Nothing is reported before all
 * answers, the naive recomputation's among them, are found to be the same.
 */
import type { BenchArguments } from '../arguments.ts';
import { makeLimit } from '../limit/all.ts';
import { makePeer, PEER_QUERIES } from '../peer/db-ivm.ts';
import type { PeerEpoch } from '../peer/db-ivm.ts';
import { loadDbIvm } from '../peer/db-ivm-module.ts';
import type { DbIvm } from '../peer/db-ivm-module.ts';
import { digestOf } from './answer.ts';
import type { Digest } from './answer.ts';
import { firstEvents, makeEvents } from './events.ts';
import type { Events } from './events.ts';
import { naive, rowsOf } from './naive.ts';
import type { Row } from './naive.ts';
import { queryNamed } from './queries.ts';
import type { BenchQuery } from './queries.ts';
import { runEngine } from './replay.ts';
import type { EngineRun } from './replay.ts';

/**
 * Rounds go on until the engine has run for so long: of a query that takes 40 ms three rounds
 * measure the compiler's warming up, in which neither it nor its limit is itself.
 */
const MEASURED_MS = 1500;
const ROUNDS_MAX = 30;

/** Figures of one query. Rates are events of all kinds per second. */
export interface QueryFigures {
  readonly query: string;
  readonly about: string;
  readonly events: number;
  readonly answerRows: number;
  /** Per CPU second: the median of the rounds, and all of them. */
  readonly enginePerCpuSecond: number;
  readonly engineRounds: readonly number[];
  readonly enginePerSecond: number;
  readonly epochP50Ms: number;
  readonly epochP99Ms: number;
  readonly epochMaxMs: number;
  readonly stateMb: number;
  /** Of the engine's first run, what the process had grown by. */
  readonly peakRssMb: number;
  readonly inputMb: number;
  readonly limitPerCpuSecond: number;
  readonly limitRounds: readonly number[];
  /** Engine through limit, per CPU second. */
  readonly ofLimit: number;
  readonly peer: PeerFigures | null;
}

/** Engine and peer on the same, fewer events. */
export interface PeerFigures {
  readonly events: number;
  readonly enginePerCpuSecond: number;
  readonly peerPerCpuSecond: number;
  readonly ratio: number;
}

/** Measures the query named by `child`. */
export async function measureQuery(args: BenchArguments): Promise<QueryFigures> {
  const query = queryNamed(args.child ?? '');
  const events = makeEvents(args.events, args.batch, query.needed);
  globalThis.gc?.();
  const inputMb = process.memoryUsage().rss / 1e6;
  const first = await runEngine(query.sql, events, args);
  const peakRssMb = process.resourceUsage().maxRSS / 1000;
  sameAnswer(query.name, 'the engine', first.digest, digestOf(naive(query.name, events)));
  const limit = runLimit(query.name, events);
  sameAnswer(query.name, 'the limit', limit.digest, first.digest);
  const engines: EngineRun[] = [];
  const limits: number[] = [];
  let counted = 0;
  for (let round = 0; round < args.rounds
    || (counted < MEASURED_MS && round < ROUNDS_MAX); round++) {
    const run = await runEngine(query.sql, events, args);
    engines.push(run);
    counted += run.cpuMs;
    limits.push(runLimit(query.name, events).cpuMs);
  }
  for (const run of engines) sameAnswer(query.name, 'the engine', run.digest, first.digest);
  const perCpu = engines.map(({ cpuMs }) => rate(events, cpuMs));
  const perLimit = limits.map((cpuMs) => rate(events, cpuMs));
  const epochs = engines.flatMap(({ epochMs }) => epochMs).toSorted((a, b) => a - b);
  return {
    query: query.name, about: query.about, events: events.total, answerRows: first.digest.rows,
    enginePerCpuSecond: median(perCpu), engineRounds: perCpu,
    enginePerSecond: median(engines.map(({ wallMs }) => rate(events, wallMs))),
    epochP50Ms: quantile(epochs, 0.5), epochP99Ms: quantile(epochs, 0.99),
    epochMaxMs: quantile(epochs, 1), stateMb: first.stateBytes / 1e6,
    peakRssMb, inputMb, limitPerCpuSecond: median(perLimit), limitRounds: perLimit,
    ofLimit: median(perCpu) / median(perLimit), peer: await measurePeer(query, events, args),
  };
}

/** Throws when an answer is wrong: no ratio is worth anything then. */
function sameAnswer(query: string, who: string, answer: Digest, right: Digest): void {
  if (answer.rows === right.rows && answer.hash === right.hash) return;
  throw new Error(`${query}: the answer of ${who} is wrong: ${answer.rows} rows (${answer.hash}), `
    + `${right.rows} rows (${right.hash}) are right`);
}

function runLimit(
  name: string, events: Events,
): { readonly cpuMs: number; readonly digest: Digest } {
  const limit = makeLimit(name);
  for (const epoch of events.epochs.slice(0, events.warmEpochs)) limit.feed(epoch);
  const measured = events.epochs.slice(events.warmEpochs);
  const cpu = process.cpuUsage();
  for (const epoch of measured) limit.feed(epoch);
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, digest: digestOf(limit.rows()) };
}

async function measurePeer(
  query: BenchQuery, all: Events, args: BenchArguments,
): Promise<PeerFigures | null> {
  if (args.peerEvents === 0 || !PEER_QUERIES.includes(query.name)) return null;
  const ivm = await loadDbIvm();
  const events = firstEvents(all, args.peerEvents);
  const epochs = peerEpochs(events);
  const right = digestOf(naive(query.name, events));
  const engines: number[] = [];
  const peers: number[] = [];
  for (let round = 0; round < args.rounds; round++) {
    const engine = await runEngine(query.sql, events, args);
    sameAnswer(query.name, 'the engine', engine.digest, right);
    const peer = runPeer(ivm, query.name, epochs, events.warmEpochs);
    sameAnswer(query.name, 'db-ivm', peer.digest, right);
    engines.push(rate(events, engine.cpuMs));
    peers.push(rate(events, peer.cpuMs));
  }
  return {
    events: events.total, enginePerCpuSecond: median(engines), peerPerCpuSecond: median(peers),
    ratio: median(engines) / median(peers),
  };
}

function runPeer(
  ivm: DbIvm, name: string, epochs: readonly PeerEpoch[], warmEpochs: number,
): { readonly cpuMs: number; readonly digest: Digest } {
  const peer = makePeer(ivm, name);
  for (const epoch of epochs.slice(0, warmEpochs)) peer.feed(epoch);
  const measured = epochs.slice(warmEpochs);
  const cpu = process.cpuUsage();
  for (const epoch of measured) peer.feed(epoch);
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, digest: digestOf(peer.rows()) };
}

function peerEpochs(events: Events): PeerEpoch[] {
  const of = (row: Row, name: string): number => Number(row[name] ?? 0);
  return events.epochs.map((epoch) => {
    const one: Events = { total: 0, perEpoch: 0, warmEpochs: 0, epochs: [epoch] };
    return {
      auctions: [...rowsOf(one, 'auction')].map((row) => ({
        id: of(row, 'id'), category: of(row, 'category'), time: of(row, 'date_time'),
        expires: of(row, 'expires'),
      })),
      bids: [...rowsOf(one, 'bid')].map((row) => ({
        auction: of(row, 'auction'), bidder: of(row, 'bidder'), price: of(row, 'price'),
        time: of(row, 'date_time'),
      })),
    };
  });
}

function rate(events: Events, ms: number): number {
  return Math.round(events.total / ms * 1000);
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values.toSorted((a, b) => a - b), 0.5);
}

/** A quantile of ascending values. */
export function quantile(ascending: readonly number[], q: number): number {
  const at = Math.min(ascending.length - 1, Math.floor(ascending.length * q));
  return ascending[at] ?? 0;
}
