/**
 * The differential fuzzer: case after case from a seed, until the time or the number of checks is
 * reached, and a report of what was seen.
 */
import type { DataflowNode } from '../../src/planner/dataflow.ts';
import type { BuildOperator } from '../../src/runtime/graph.ts';
import { buildOperator } from '../../src/runtime/operators/build.ts';
import { makeCase, showCase } from './case.ts';
import type { Case, CaseMaker } from './case.ts';
import { Coverage } from './choices.ts';
import { sharedFunctions } from './functions.ts';
import { judge } from './judge.ts';
import type { Sides } from './judge.ts';
import type { Difference } from './known.ts';
import { prepareOracle } from './oracle.ts';
import type { Postgres } from './postgres.ts';
import { shrink } from './shrink.ts';

/** What a run is asked to do. */
export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly checks: number;
  /** Stops after that many differences. */
  readonly failures: number;
  /** Cases run while making a failing one smaller. */
  readonly tries: number;
  readonly views: number;
  readonly epochs: number;
  /** Wraps operators: planted bugs. */
  readonly build?: BuildOperator;
  readonly log: (line: string) => void;
}

/** A difference with its smallest case. */
export interface Found {
  readonly seed: number;
  readonly difference: Difference;
  readonly script: string;
}

/** What a run saw. */
export interface FuzzReport {
  readonly cases: number;
  readonly checks: number;
  readonly seconds: number;
  readonly found: readonly Found[];
  readonly productions: ReadonlyMap<string, number>;
  readonly operators: ReadonlyMap<string, number>;
  readonly counts: ReadonlyMap<string, number>;
}

/** Runs the fuzzer against a server. */
export async function fuzz(server: Postgres, options: FuzzOptions): Promise<FuzzReport> {
  const client = await server.connect();
  try {
    await prepareOracle(client);
    const coverage = new Coverage();
    const operators = new Map<string, number>();
    const build = options.build ?? buildOperator;
    const counted: BuildOperator = (node, inputs, context) => {
      bump(operators, operatorName(node));
      return build(node, inputs, context);
    };
    const functions = await sharedFunctions(client);
    const maker = { functions, coverage, views: options.views, epochs: options.epochs };
    const loop = new Loop(options, maker, { client, build: counted });
    await loop.run();
    return { ...loop.report(), productions: coverage.counts, operators };
  } finally {
    await client.end();
  }
}

function operatorName(node: DataflowNode): string {
  if (node.kind === 'join') return `join ${node.type}`;
  return node.kind === 'setOp' ? `setOp ${node.op}${node.all ? ' all' : ''}` : node.kind;
}

function bump(counts: Map<string, number>, name: string, by: number = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

class Loop {
  readonly #options: FuzzOptions;
  readonly #maker: CaseMaker;
  readonly #sides: Sides;
  readonly #found: Found[] = [];
  readonly #counts = new Map<string, number>();
  readonly #start = performance.now();
  #cases = 0;
  #checks = 0;
  #shown = 0;

  constructor(options: FuzzOptions, maker: CaseMaker, sides: Sides) {
    this.#options = options;
    this.#maker = maker;
    this.#sides = sides;
  }

  #seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  async run(): Promise<void> {
    const { seed, seconds, checks, failures, log } = this.#options;
    while (this.#seconds() < seconds && this.#checks < checks && this.#found.length < failures) {
      await this.#case(makeCase(seed + this.#cases++, this.#maker));
      if (this.#seconds() - this.#shown < 30) continue;
      this.#shown = this.#seconds();
      log(`${this.#checks} checks, ${this.#cases} cases, ${this.#found.length} differences, `
        + `${(this.#checks / this.#seconds()).toFixed(0)} checks/s`);
    }
  }

  async #case(one: Case): Promise<void> {
    const outcome = await judge(one, this.#sides);
    this.#checks += outcome.checks;
    bump(this.#counts, 'equal but for writing', outcome.alike);
    bump(this.#counts, 'both raised', outcome.bothRaised);
    for (const name of outcome.known) bump(this.#counts, `known: ${name}`);
    for (const message of outcome.unsupported) bump(this.#counts, `refused: ${message}`);
    for (const difference of outcome.differences) {
      if (this.#found.length < this.#options.failures) await this.#report(one, difference);
    }
  }

  async #report(one: Case, difference: Difference): Promise<void> {
    const again = async (smaller: Case): Promise<Difference | null> => {
      const { differences } = await judge(smaller, this.#sides);
      const last = smaller.views.length - 1;
      return differences.find((each) => each.what === difference.what
        && (each.what === 'crash' || each.view === last)) ?? null;
    };
    const smallest = await shrink(one, difference,
      async (smaller) => await again(smaller) !== null,
      { maker: { ...this.#maker, coverage: new Coverage() }, tries: this.#options.tries });
    const seen = await again(smallest) ?? difference;
    const script = showCase(smallest.views.length < one.views.length ? smallest
      : { ...one, views: one.views.slice(0, difference.view + 1) });
    this.#found.push({ seed: one.seed, difference: seen, script });
    this.#options.log(`DIFFERENCE (${seen.what}), seed ${one.seed}\n${script}\n${seen.text}\n`);
  }

  report(): Pick<FuzzReport, 'cases' | 'checks' | 'seconds' | 'found' | 'counts'> {
    return {
      cases: this.#cases, checks: this.#checks, seconds: this.#seconds(), found: this.#found,
      counts: this.#counts,
    };
  }
}
