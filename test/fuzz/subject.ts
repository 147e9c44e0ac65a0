/**
 * The engine's side of a case: an engine in this thread on a simulated disk, driven through a
 * session as a client would.
 */
import { must } from '../../src/common/assert.ts';
import { DEFAULT_DATABASE } from '../../src/runtime/catalog-store.ts';
import type { EngineCore } from '../../src/runtime/engine-core.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { BuildOperator } from '../../src/runtime/graph.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient, StatementError } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';
import { createView } from './case.ts';
import type { Case, CaseView } from './case.ts';
import type { Answer } from './oracle.ts';
import { batchRecords } from './rows.ts';
import { createTable } from './schema.ts';

/** An engine for one case. */
export class Subject {
  readonly #disk = new SimDisk();
  readonly #build: BuildOperator;
  #engine: Engine | null = null;
  #client: TestClient | null = null;
  #core: EngineCore | null = null;

  constructor(build: BuildOperator) {
    this.#build = build;
  }

  async open(): Promise<void> {
    this.#engine = await openEngine(simWorld(new SimStorage(this.#disk)),
      { buildOperator: this.#build, opened: (core) => { this.#core = core; } });
    this.#client = await TestClient.connect(this.#engine);
  }

  async close(): Promise<void> {
    await this.#engine?.close();
    this.#engine = null;
  }

  async restart(): Promise<void> {
    await this.close();
    await this.open();
  }

  #session(): TestClient {
    if (this.#client === null) throw new Error('not open');
    return this.#client;
  }

  async load(one: Case): Promise<void> {
    const text = [...one.tables.map((table) => createTable(table, false)), ...one.initial];
    await this.#session().run(text.join('; '));
  }

  /** Makes a view; answers the error or null. */
  async create(view: CaseView): Promise<Answer & { kind: 'error' } | null> {
    const answer = await this.#answer(createView(view, 'MATERIALIZED'));
    return answer.kind === 'error' ? answer : null;
  }

  async drop(name: string): Promise<boolean> {
    return (await this.#answer(`DROP MATERIALIZED VIEW ${name}`)).kind === 'rows';
  }

  async change(statements: readonly string[]): Promise<void> {
    const all = ['BEGIN', ...statements, 'COMMIT'].filter((each) => each !== '');
    await this.#session().run(all.join('; '));
  }

  /** The rows of a view as a client reads them. */
  read(name: string): Promise<Answer> {
    return this.#answer(`SELECT * FROM ${name}`);
  }

  /** The rows of a view as it is kept: the same, ten times as fast. */
  kept(name: string): Answer {
    const core = must(this.#core, 'not open');
    const { state } = core.catalog;
    const schema = must(state.schemaByName(DEFAULT_DATABASE, 'public'), 'schema');
    const relation = must(state.relationByName(DEFAULT_DATABASE, schema.id, name), 'view');
    const counts = new Map<string, number>();
    for (const batch of core.snapshot(relation.id, null)) {
      for (const [at, row] of batchRecords(batch, relation.columns).entries()) {
        counts.set(row, (counts.get(row) ?? 0) + (batch.weights[at] ?? 0));
      }
    }
    const rows = [...counts].flatMap(([row, count]) =>
      count < 0 ? [`${row} ${count} times`] : Array.from({ length: count }, () => row));
    return { kind: 'rows', rows };
  }

  /** The answer of the view's query asked once. */
  asked({ sql }: CaseView): Promise<Answer> {
    return this.#answer(sql);
  }

  /** Views that stopped, and views that left out rows that raised errors. */
  async troubled(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#session().rows(
      'SELECT view, status, row_errors FROM tidemill.views '
      + "WHERE row_errors > 0 OR status <> 'running'");
    return new Map(rows.map(([view, status, errors]) => [view ?? '',
      status === 'running' ? `${errors ?? ''} row errors` : `stopped: ${status ?? ''}`]));
  }

  async #answer(sql: string): Promise<Answer> {
    const rows: string[] = [];
    try {
      let columns = null;
      for await (const event of this.#session().session.query(sql)) {
        if (event.kind === 'columns') columns = event.columns;
        else if (event.kind === 'rows') rows.push(...batchRecords(event.batch, columns ?? []));
        else if (event.kind === 'error') throw new StatementError(event.error);
      }
      return { kind: 'rows', rows };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const sqlState = error instanceof StatementError ? error.error.sqlState : 'XX000';
      const message = error instanceof StatementError ? error.error.message : String(error.stack);
      return { kind: 'error', sqlState, message };
    }
  }
}
