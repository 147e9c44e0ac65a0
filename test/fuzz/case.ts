/**
 * A case: tables, views over them, a stream of changes. How one is made from a seed, and how it is
 * shown as a script.
 */
import { ChangeStream } from './changes.ts';
import type { Epoch } from './changes.ts';
import { Choices } from './choices.ts';
import type { Coverage } from './choices.ts';
import type { SharedFunctions } from './functions.ts';
import { Queries } from './queries.ts';
import type { Relation } from './queries.ts';
import { createTable, randomSchema } from './schema.ts';
import type { Table } from './schema.ts';

/** A view of a case, with the choices that made it. */
export interface CaseView extends Relation {
  readonly sql: string;
  readonly choices: readonly number[];
}

/** What is run on both sides. */
export interface Case {
  readonly seed: number;
  readonly tables: readonly Table[];
  readonly initial: readonly string[];
  readonly views: readonly CaseView[];
  readonly epochs: readonly Epoch[];
}

/** What cases are made with. */
export interface CaseMaker {
  readonly functions: SharedFunctions;
  readonly coverage: Coverage;
  readonly views: number;
  readonly epochs: number;
}

/** One view over the tables and over earlier views, from a seed or from recorded choices. */
export function makeView(
  name: string, from: number | readonly number[],
  relations: readonly Relation[], maker: CaseMaker,
): CaseView {
  const choices = new Choices(from, maker.coverage);
  const view = new Queries(choices, relations, maker.functions).view();
  return { ...view, name, choices: choices.taken };
}

/** The case of a seed. */
export function makeCase(seed: number, maker: CaseMaker): Case {
  const choices = new Choices(seed, maker.coverage);
  const tables = randomSchema(choices);
  const views: CaseView[] = [];
  for (let at = 0; at < maker.views; at++) {
    // A view of views now and then; tables are read far more often.
    const earlier = views.slice(0, 2).filter(() => choices.chance(30));
    const relations = [...tables, ...tables, ...earlier];
    views.push(makeView(`v${at}`, seed * 1000 + at + 1, relations, maker));
  }
  const stream = new ChangeStream(tables, choices);
  const initial = stream.initial();
  const epochs = Array.from({ length: maker.epochs }, () => stream.epoch(views.length));
  return { seed, tables, initial, views, epochs };
}

/** CREATE VIEW of a view. */
export function createView({ name, sql, columns }: CaseView, kind: string): string {
  return `CREATE ${kind} VIEW ${name}(${columns.map((each) => each.name).join(', ')}) AS ${sql}`;
}

/** A case as a script for a person. */
export function showCase(one: Case): string {
  const lines = [
    `-- seed ${one.seed}`, ...one.tables.map((table) => createTable(table, false)), ...one.initial,
    ...one.views.map((view) => createView(view, 'MATERIALIZED')),
  ];
  for (const { statements, recreate, restart } of one.epochs) {
    lines.push(...recreate.map((at) => `-- drop and create ${one.views[at]?.name ?? ''}`),
      ['BEGIN', ...statements, 'COMMIT'].join('; '), ...restart ? ['-- restart'] : []);
  }
  return lines.map((line) => line.startsWith('--') ? line : `${line};`).join('\n');
}
