/**
 * What binding carries around: the statement's state, and the interface through which the parts of
 * the binder call each other (they refer to one another in circles; files must not).
 *
 * Holds no rules. Spans of bound expressions are kept beside the tree, for errors found later.
 */
import { sqlError } from '../common/errors.ts';
import type { Notice } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import type { FormatSettings } from '../common/types/settings.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Cte, DataChange, Expr, Query } from '../parser/ast.ts';
import type { ChangeResults } from './bound.ts';
import type { CatalogReader, CatalogRelation } from './catalog.ts';
import type { EvaluationContext } from './functions/entry.ts';
import type { BoundRelation, Scope, ScopeItem } from './scope.ts';
import type { RelationColumn, ScalarExpr } from './relation.ts';

/** What stands around an expression; says which kinds of calls are allowed. */
export type Clause =
  | 'SELECT' | 'WHERE' | 'JOIN conditions' | 'GROUP BY' | 'HAVING' | 'ORDER BY' | 'DISTINCT ON'
  | 'FILTER' | 'aggregate' | 'window' | 'window definitions' | 'LIMIT' | 'OFFSET' | 'VALUES'
  | 'FROM' | 'RETURNING'
  | 'UPDATE' | 'DEFAULT expressions' | 'check constraints'
  | 'column generation expressions' | 'index expressions' | 'EXECUTE parameters';

/** Deepest nesting of expressions and queries. */
export const NESTING_MAX = 600;

/** A name of WITH, bound where it stands. */
export interface WithBinding {
  readonly bound: BoundRelation;
  /** The scope around the WITH, to which outer references in `bound` refer. */
  readonly outer: Scope | null;
  /** A data change without RETURNING: nothing can be read from it. */
  readonly returnsNothing?: boolean;
}

/** Names of WITH clauses, innermost first. */
export interface WithNames {
  readonly parent: WithNames | null;
  readonly names: Map<string, WithBinding>;
}

/** How a query is to be bound. */
export interface QueryPlace {
  readonly outer: Scope | null;
  readonly withs: WithNames | null;
  /** Carry hidden columns (`$arrival`, `$window_end`) along behind the visible ones. */
  readonly carry: boolean;
  /** A branch of a set operation: bare literals of its select list keep their unknown type. */
  readonly branch?: boolean | undefined;
  /** Types that literals of unknown type at the top of the select list take (INSERT). */
  readonly targets?: readonly (SqlType | null)[] | undefined;
}

/** What bind-query.ts gives to the parts that need queries bound. */
export type QueryBinder = (
  state: StatementState, query: Query, place: QueryPlace,
) => BoundRelation;

/** What planner.ts gives: the columns a data change gives back; null without RETURNING. */
export type ChangeBinder = (
  state: StatementState, change: DataChange, withs: WithNames,
) => readonly RelationColumn[] | null;

/** The data changes in the WITH at the top of a statement. */
export interface TopChanges {
  readonly ctes: ReadonlySet<Cte>;
  readonly results: ChangeResults | undefined;
  readonly bind: ChangeBinder;
}

/** The expression binder as its parts see it. */
export interface Binder {
  readonly state: StatementState;
  readonly scope: Scope;
  readonly withs: WithNames | null;
  readonly clause: Clause;
  /** Binds an expression; its type may still be unknown. */
  bind(expr: Expr): ScalarExpr;
  /** The same scope in another clause. */
  within(clause: Clause): Binder;
  /** Binds a subquery whose enclosing level is this scope. */
  subquery(query: Query): BoundRelation;
}

/** Counts nesting and refuses what is too deep. */
export class StatementState {
  catalog: CatalogReader;
  /** Data changes in WITH; null where none may stand. */
  readonly changes: TopChanges | null;
  /** A view (or an incremental subscription) is planned, not a one-shot query. */
  readonly view: boolean;
  readonly settings: FormatSettings;
  readonly evaluation: EvaluationContext;
  readonly reads: Set<number> = new Set<number>();
  /** User functions the statement calls, by oid. */
  readonly functions: Set<number> = new Set<number>();
  /** AS OF of the whole query: the version scans read. */
  asOf: ScalarExpr | null = null;
  readonly notices: Notice[] = [];
  /** EMIT ON WINDOW CLOSE stands at the top: window ends are carried along. */
  closes = false;
  /** Some relation read has a watermark. */
  sawWatermark = false;
  readonly #declared: readonly (SqlType | null)[];
  readonly #parameters: (SqlType | null)[] = [];
  readonly #spans = new Map<ScalarExpr, Span>();
  /** Fields of rows that were taken for text, as they were: literals of unknown type. */
  readonly bare: Map<ScalarExpr, ScalarExpr> = new Map();
  #nesting = 0;
  #names = 0;
  /** FROM items to the left that the query being bound cannot refer to. */
  unreachable: readonly ScopeItem[] = [];
  /** Plain views being expanded, to stop circles. */
  readonly expanding: number[] = [];
  readonly #bindQuery: QueryBinder;

  constructor(options: {
    readonly catalog: CatalogReader;
    readonly view: boolean;
    readonly parameterTypes?: readonly (SqlType | null)[] | undefined;
    readonly changes?: TopChanges | undefined;
    readonly bindQuery: QueryBinder;
  }) {
    const { catalog } = options;
    this.catalog = catalog;
    this.view = options.view;
    this.#declared = options.parameterTypes ?? [];
    this.#bindQuery = options.bindQuery;
    this.changes = options.changes ?? null;
    this.evaluation = evaluationContext(catalog);
    const context = this.evaluation;
    this.settings = {
      timeZone: context.timeZone, dateStyle: context.dateStyle,
      intervalStyle: context.intervalStyle, byteaOutput: 'hex',
      extraFloatDigits: context.extraFloatDigits, now: () => context.now,
      names: catalog.names,
    };
  }

  /** Binds a query anywhere below the top. */
  bindQuery(query: Query, place: QueryPlace): BoundRelation {
    return this.nested(() => this.#bindQuery(this, query, place));
  }

  /** Remembers where an expression was read from; the first place counts. */
  note(expr: ScalarExpr, span: Span): ScalarExpr {
    if (!this.#spans.has(expr)) this.#spans.set(expr, span);
    return expr;
  }

  /** Where an expression was read from. */
  spanOf(expr: ScalarExpr): Span | undefined {
    return this.#spans.get(expr);
  }

  /** Runs `work` one level deeper. */
  nested<T>(work: () => T): T {
    if (++this.#nesting > NESTING_MAX) {
      throw sqlError('54001', 'stack depth limit exceeded', {
        hint: `Expressions and queries may nest ${NESTING_MAX} levels deep.`,
      });
    }
    try {
      return work();
    } finally {
      this.#nesting--;
    }
  }

  /** A name no other binding of the statement has. */
  freshName(base: string): string {
    this.#names++;
    return `${base}#${this.#names}`;
  }

  /** The type of parameter $index so far; null while unknown. */
  parameterType(index: number): SqlType | null {
    while (this.#parameters.length < index) this.#parameters.push(null);
    return this.#parameters[index - 1] ?? this.#declared[index - 1] ?? null;
  }

  /** Fixes a parameter's type; the first use decides. */
  setParameterType(index: number, type: SqlType): void {
    if (this.parameterType(index) === null) this.#parameters[index - 1] = type;
  }

  /** Types of all parameters seen or declared; text where nothing told. */
  parameters(): readonly SqlType[] {
    const count = Math.max(this.#parameters.length, this.#declared.length);
    return Array.from({ length: count }, (_unused, at) =>
      this.parameterType(at + 1) ?? { name: 'text' });
  }

  /** Notes that the statement reads a relation. */
  read(relation: CatalogRelation): ReadonlySet<string> | null {
    this.reads.add(relation.id);
    return this.catalog.reading?.(relation.id, this.expanding.at(-1) ?? null) ?? null;
  }
}

/** The session's settings as functions see them at planning time; `now` is not known here. */
export function evaluationContext(catalog: CatalogReader): EvaluationContext {
  const { session } = catalog;
  return {
    timeZone: session.timeZone,
    dateStyle: session.setting('datestyle') ?? 'ISO, MDY',
    intervalStyle: session.setting('intervalstyle') ?? 'postgres',
    extraFloatDigits: Number(session.setting('extra_float_digits') ?? '1'),
    now: 0n,
  };
}
