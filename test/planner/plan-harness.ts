/**
 * A catalog made of CREATE TABLE texts, for planning queries without an engine.
 *
 * Understands columns with types, NOT NULL, PRIMARY KEY, UNIQUE, WATERMARK FOR c AS c - interval,
 * APPEND ONLY. Rows can be given for the interpreter.
 */
import { parseStatements } from '../../src/parser/parse.ts';
import type { CreateTable } from '../../src/parser/ast-definitions.ts';
import type { Query } from '../../src/parser/ast.ts';
import type { CatalogReader, CatalogRelation } from '../../src/planner/catalog.ts';
import { parseValue } from '../../src/common/types/registry.ts';
import type { Value } from '../../src/common/values.ts';
import { bindTypeName, planSelect, planView } from '../../src/planner/planner.ts';
import type { PlanEnv, ViewOptions } from '../../src/planner/bound.ts';
import type { QueryPlan, ViewPlan } from '../../src/planner/plans.ts';
import { explainDataflow, explainRelation } from '../../src/planner/explain.ts';
import type { Interval } from '../../src/common/types/interval.ts';
import { evaluateConstant } from '../../src/planner/fold.ts';
import { newStatement } from '../../src/planner/bind-query.ts';
import { exprBinder } from '../../src/planner/bind-expr.ts';
import { Scope } from '../../src/planner/scope.ts';
import { CONTEXT } from '../support/interpreter.ts';

/** Options of a view with everything at its default. */
export const VIEW_OPTIONS: ViewOptions = {
  name: 'v', allowedLatenessMicros: 0n, keepLate: true, stateTtlMicros: null, retainHistory: null,
  lateRetention: null, memoryLimitBytes: null,
  requireBoundedState: false,
};

/** A small catalog with rows. */
export class TestCatalog implements CatalogReader {
  readonly #relations: CatalogRelation[] = [];
  readonly rows: Map<number, Value[][]> = new Map();
  readonly searchPath: readonly string[] = ['public'];
  readonly session = {
    user: 'test', database: 'test', timeZone: 'UTC', setting: (): string | null => null,
  };

  constructor(...tables: readonly string[]) {
    for (const text of tables) this.create(text);
  }

  /** Adds a table. */
  create(text: string): void {
    for (const { statement } of parseStatements(text)) {
      if (statement.kind !== 'createTable') throw new Error('not CREATE TABLE');
      this.#add(statement);
    }
  }

  /** Gives a table rows, as texts of values (null: NULL). */
  insert(name: string, rows: readonly (readonly (string | null)[])[]): void {
    const found = this.findRelation(null, name);
    if (found === null) throw new Error(`no table ${name}`);
    const all = this.rows.get(found.id) ?? [];
    for (const row of rows) {
      all.push(row.map((text, at) => {
        const column = found.columns[at];
        if (column === undefined) throw new Error('too many values');
        return parseValue(text, column.type);
      }));
    }
    this.rows.set(found.id, all);
  }

  #add(statement: CreateTable): void {
    const env = this.env('');
    const columns = statement.columns.map((each) => ({
      name: each.name.name, type: bindTypeName(each.type as never, env),
      notNull: each.constraints.some((one) => one.kind === 'nullConstraint' && !one.nullable
        || one.kind === 'keyConstraint' && one.primary),
      defaultExpr: null, generated: null, identity: null,
    }));
    const numberOf = (name: string): number => columns.findIndex((each) => each.name === name);
    const keys: { primary: boolean; columns: number[] }[] = [];
    for (const [at, each] of statement.columns.entries()) {
      for (const one of each.constraints) {
        if (one.kind === 'keyConstraint') keys.push({ primary: one.primary, columns: [at] });
      }
    }
    for (const one of statement.constraints) {
      if (one.kind === 'keyConstraint') {
        keys.push({ primary: one.primary, columns: one.columns.map((c) => numberOf(c.name)) });
      }
    }
    const [watermark] = statement.watermarks;
    const primary = keys.find((key) => key.primary)?.columns ?? null;
    this.#relations.push({
      id: 1000 + this.#relations.length, schema: 'public',
      name: statement.name.parts.at(-1)?.name ?? '',
      kind: statement.object, stored: statement.object === 'table',
      columns: columns.map((each, at) => primary?.includes(at) === true
        ? { ...each, notNull: true } : each),
      primaryKey: primary, uniqueKeys: keys.filter((key) => !key.primary).map((key) => key.columns),
      checks: [], appendOnly: statement.appendOnly,
      watermark: watermark === undefined ? null : {
        column: numberOf(watermark.column.name), delayMicros: this.#delay(watermark.value),
      },
      columnWatermarks: [], definition: null,
    });
  }

  #delay(value: CreateTable['watermarks'][number]['value']): bigint {
    if (value.kind !== 'binary') return 0n;
    const state = newStatement({ catalog: this, view: false });
    const bound = exprBinder(state, { scope: new Scope(null), withs: null, clause: 'VALUES' })
      .bind(value.right);
    return (evaluateConstant(bound, CONTEXT) as Interval).micros;
  }

  env(text: string): PlanEnv {
    return { catalog: this, text };
  }

  findRelation(_schema: string | null, name: string): CatalogRelation | null {
    return this.#relations.find((each) => each.name === name) ?? null;
  }

  relationById(id: number): CatalogRelation | null {
    return this.#relations.find((each) => each.id === id) ?? null;
  }

  relationNames(): readonly string[] {
    return this.#relations.map((each) => each.name);
  }

  schemaExists(name: string): boolean {
    return name === 'public';
  }

  readonly nameOf = (id: number): string => this.relationById(id)?.name ?? String(id);

  #query(sql: string): Query {
    const [first] = parseStatements(sql);
    if (first?.statement.kind !== 'query') throw new Error('not a query');
    return first.statement;
  }

  /** The plan of a query that runs once. */
  query(sql: string): QueryPlan {
    return planSelect(this.#query(sql), this.env(sql), []);
  }

  /** The plan of a materialized view. */
  view(sql: string, options: Partial<ViewOptions> = {}): ViewPlan {
    return planView(this.#query(sql), this.env(sql), { ...VIEW_OPTIONS, ...options });
  }

  /** EXPLAIN of a view. */
  explain(sql: string, options: Partial<ViewOptions> = {}): string {
    return explainDataflow(this.view(sql, options).dataflow, this.nameOf).join('\n');
  }

  /** EXPLAIN (LOGICAL) of a view. */
  logical(sql: string): string {
    return explainRelation(this.view(sql).relation, this.nameOf).join('\n');
  }
}
