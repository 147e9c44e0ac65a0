/**
 * Views of an engine in this thread beside the same queries on PostgreSQL: loads both with the same
 * statements, and tells which answers differ. Counts the rows that operators pass on, view by view.
 */
import type pg from 'pg';
import type { BuildOperator } from '../../src/runtime/graph.ts';
import { buildOperator } from '../../src/runtime/operators/build.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { compareRows, recordText } from '../fuzz/rows.ts';
import { TestClient } from './client.ts';
import { SimDisk, SimStorage, simWorld } from './sim-environment.ts';

/** A view and the query PostgreSQL is asked for it. */
export interface ComparedView {
  readonly name: string;
  readonly sql: string;
  /** Where PostgreSQL says it in another way. */
  readonly theirs?: string | undefined;
}

/** Rows passed, by the operators built while `ofView` is set. */
interface Passed {
  rows: number;
  ofView: boolean;
}

/** An engine and, where given, a connection to PostgreSQL. */
export class Comparison {
  readonly #engine: Engine;
  readonly #client: TestClient;
  readonly #postgres: pg.Client | null;
  readonly #passed: Passed;

  private constructor(
    engine: Engine, client: TestClient, postgres: pg.Client | null, passed: Passed,
  ) {
    this.#engine = engine;
    this.#client = client;
    this.#postgres = postgres;
    this.#passed = passed;
  }

  static async open(postgres: pg.Client | null): Promise<Comparison> {
    const passed = { rows: 0, ofView: false };
    const engine = await openEngine(simWorld(new SimStorage(new SimDisk())),
      { buildOperator: counting(passed) });
    return new Comparison(engine, await TestClient.connect(engine), postgres, passed);
  }

  /** Rows that the operators of views took and gave so far: the work of keeping them. */
  get rowsPassed(): number { return this.#passed.rows; }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  /** Runs statements on both sides, in one transaction each. */
  async run(statements: readonly string[]): Promise<void> {
    const text = ['BEGIN', ...statements, 'COMMIT'].join('; ');
    const theirs = this.#postgres?.query(text);
    await this.#client.run(text);
    await theirs;
  }

  async create({ name, sql }: ComparedView): Promise<void> {
    this.#passed.ofView = true;
    try {
      await this.#client.run(`CREATE MATERIALIZED VIEW ${name} AS ${sql}`);
    } finally {
      this.#passed.ofView = false;
    }
  }

  async drop({ name }: ComparedView): Promise<void> {
    await this.#client.run(`DROP MATERIALIZED VIEW ${name}`);
  }

  /** How many rows a view has, and the first difference from PostgreSQL's or null. */
  async check(
    view: ComparedView,
  ): Promise<{ readonly rows: number; readonly differs: string | null }> {
    const ours = (await this.#client.rows(`SELECT * FROM ${view.name}`)).map(recordText);
    if (this.#postgres === null) return { rows: ours.length, differs: null };
    const answer = await this.#postgres.query<{ readonly row: string }>(
      `SELECT x::text AS row FROM (${view.theirs ?? view.sql}) x`);
    const theirs = answer.rows.map(({ row }) => row);
    if (compareRows(ours, theirs) === 'equal') return { rows: ours.length, differs: null };
    const wrong = ours.filter((row) => !theirs.includes(row)).slice(0, 3);
    const missing = theirs.filter((row) => !ours.includes(row)).slice(0, 3);
    return {
      rows: ours.length,
      differs: `${view.name}: ${ours.length} rows for ${theirs.length}; `
        + `wrong ${wrong.join(' ')}; missing ${missing.join(' ')}`,
    };
  }
}

function counting(passed: Passed): BuildOperator {
  return (node, inputs, context) => {
    const operator = buildOperator(node, inputs, context);
    return !passed.ofView ? operator : {
      ...bound(operator),
      push: (port, batch, emit) => {
        passed.rows += batch.length;
        operator.push(port, batch, (given) => {
          passed.rows += given.length;
          emit(given);
        });
      },
      flush: (frontier, emit) => {
        operator.flush(frontier, (given) => {
          passed.rows += given.length;
          emit(given);
        });
      },
    };
  };
}

function bound(
  operator: ReturnType<BuildOperator>,
): Pick<ReturnType<BuildOperator>, 'watermarks' | 'dueAt' | 'restore' | 'size'> {
  return {
    watermarks: () => operator.watermarks(), dueAt: () => operator.dueAt(),
    restore: () => { operator.restore(); }, size: () => operator.size(),
  };
}
