/**
 * Look-ups by key that were planned once: SELECT columns FROM t WHERE key = $1 [AND ...].
 *
 * Remembered after the statement has run the long way, and used as long as the catalog, the user
 * and the search path are the same. The simple protocol has its numbers in the text: there the text
 * without them is the key. Nothing that needs more than columns and key equality is remembered.
 */
import { sameType } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Statement } from '../../parser/ast-statements.ts';
import type { Expr, Query } from '../../parser/ast.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { Batch } from '../batch.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import type { CatalogState } from '../catalog-store.ts';
import type { StatementContext } from './statement-context.ts';

/** Texts remembered per session. */
const TEXTS_MAX = 200;
const TEXT_LENGTH_MAX = 500;
/** Types whose values compare as they are stored. */
const TYPES: readonly SqlType['name'][] = ['int2', 'int4', 'int8', 'text', 'varchar', 'uuid'];
/** Texts whose numbers can be told from the rest at a glance. */
const PLAIN_TEXT = /^[A-Za-z0-9_\s,.*=();]+$/;
const NUMBER = /(?<![A-Za-z0-9_.])\d{1,9}(?![A-Za-z0-9_.])/g;

/** A look-up, ready to be run. */
export interface PointSelect {
  readonly relation: number;
  /** Columns of the key. */
  readonly key: readonly number[];
  /** Per column of the key: which input it is compared with, and its type. */
  readonly inputs: readonly { readonly input: number; readonly type: SqlType }[];
  readonly columns: readonly ResultColumn[];
  readonly project: readonly number[];
  readonly catalog: CatalogState;
  readonly user: string;
  readonly searchPath: string;
}

/** What must be the same for a remembered look-up to hold. */
export type PointScope = Pick<PointSelect, 'catalog' | 'user' | 'searchPath'>;

/** True when a look-up may be used. */
export function holds(point: PointSelect, scope: PointScope): boolean {
  return point.catalog === scope.catalog && point.user === scope.user
    && point.searchPath === scope.searchPath;
}

/** The columns of the rows found. */
export function projected(batch: Batch, { project }: PointSelect): Batch {
  const columns = project.map((at) => batch.columns[at]).filter((column) => column !== undefined);
  return { length: batch.length, columns, weights: batch.weights };
}

interface Equality {
  readonly column: string;
  readonly value: Expr;
}

/** The relation and the equalities of a query of the one shape; null for all others. */
function shapeOf(statement: Statement): {
  readonly query: Query; readonly equalities: readonly Equality[];
} | null {
  if (statement.kind !== 'query') return null;
  const { body } = statement;
  const plain = statement.with === null && statement.orderBy.length === 0
    && statement.limit === null && statement.offset === null && statement.locking.length === 0
    && statement.emit === null && statement.asOf === null && statement.options.length === 0;
  if (!plain || body.kind !== 'select' || body.where === null) return null;
  const simple = !body.distinct && body.distinctOn.length === 0 && body.into === null
    && body.groupBy.length === 0 && body.having === null && body.windows.length === 0
    && body.from.length === 1;
  if (!simple) return null;
  const equalities: Equality[] = [];
  return collect(body.where, equalities) ? { query: statement, equalities } : null;
}

function collect(expr: Expr, into: Equality[]): boolean {
  if (expr.kind === 'and') return expr.operands.every((each) => collect(each, into));
  if (expr.kind !== 'binary' || expr.operatorSchema !== null) return false;
  if (expr.operator !== '=' || expr.left.kind !== 'columnRef') return false;
  const column = expr.left.parts.at(-1)?.name;
  if (column === undefined) return false;
  into.push({ column, value: expr.right });
  return true;
}

/** Makes a look-up of a query that has just run; `inputOf` says which input an expression is. */
function pointOf(
  context: StatementContext, statement: Statement, columns: readonly ResultColumn[],
  inputOf: (expr: Expr, type: SqlType) => number | null,
): PointSelect | null {
  const shape = shapeOf(statement);
  if (shape === null || shape.query.body.kind !== 'select') return null;
  const [from] = shape.query.body.from;
  if (from?.kind !== 'tableRef' || from.asOf !== null || from.sample !== null) return null;
  const relation = context.find(from.name);
  if (relation === null || !isStored(relation)) return null;
  const plain = columns.every((column) =>
    column.relation === relation.id && column.attribute > 0);
  if (!plain) return null;
  const inputs: { input: number; type: SqlType }[] = [];
  const key: number[] = [];
  for (const { column, value } of shape.equalities) {
    const at = relation.columns.findIndex(({ name }) => name === column);
    const type = relation.columns[at]?.type;
    if (type === undefined || !TYPES.includes(type.name) || key.includes(at)) return null;
    const input = inputOf(value, type);
    if (input === null) return null;
    key.push(at);
    inputs.push({ input, type });
  }
  const keys = [relation.primaryKey ?? [], ...relation.uniqueKeys];
  const known = keys.some((each) => each.length === key.length
    && each.every((at) => key.includes(at)));
  if (!known || key.length === 0) return null;
  return {
    relation: relation.id, key, inputs, columns,
    project: columns.map(({ attribute }) => attribute - 1), ...scopeOf(context),
  };
}

function isStored({ kind, stored, belongsTo }: StoredRelation): boolean {
  return (kind === 'table' || kind === 'materializedView') && stored && belongsTo === null;
}

function scopeOf({ scope }: StatementContext): PointScope {
  return {
    catalog: scope.core.catalog.state, user: scope.user,
    searchPath: scope.settings.get('search_path'),
  };
}

/** A prepared statement's look-up: its inputs are the parameters. */
export function preparedPoint(
  context: StatementContext, statement: Statement,
  of: { readonly columns: readonly ResultColumn[]; readonly parameters: readonly SqlType[] },
): PointSelect | null {
  const seen = new Set<number>();
  const point = pointOf(context, statement, of.columns, (expr, type) => {
    if (expr.kind !== 'parameter' || seen.has(expr.index)) return null;
    seen.add(expr.index);
    const given = of.parameters[expr.index - 1];
    const fits = given !== undefined && (sameType(given, type)
      || (type.name === 'varchar' && given.name === 'text'));
    return fits ? expr.index - 1 : null;
  });
  return point !== null && seen.size === of.parameters.length ? point : null;
}

/** Look-ups of the simple protocol, by their text without its numbers. */
export class PointTexts {
  readonly #points = new Map<string, PointSelect>();

  /** The look-up of a text and its numbers, or null. */
  find(text: string): { readonly point: PointSelect; readonly inputs: readonly number[] } | null {
    if (this.#points.size === 0 || text.length > TEXT_LENGTH_MAX) return null;
    const point = this.#points.get(text.replaceAll(NUMBER, '?'));
    if (point === undefined) return null;
    return { point, inputs: (text.match(NUMBER) ?? []).map(Number) };
  }

  /** Remembers a text that has just run, if it is of the one shape. */
  learn(
    context: StatementContext, statement: Statement, columns: readonly ResultColumn[],
  ): void {
    const { text } = context;
    if (text.length > TEXT_LENGTH_MAX || !PLAIN_TEXT.test(text)) return;
    const numbers = [...text.matchAll(NUMBER)].map(({ index }) => index);
    const seen = new Set<number>();
    const point = pointOf(context, statement, columns, (expr, type) => {
      if (expr.kind !== 'integerLiteral' || !type.name.startsWith('int')) return null;
      const at = numbers.indexOf(expr.span.start);
      if (at < 0 || type.name === 'int2') return null;
      seen.add(at);
      return at;
    });
    if (point === null || seen.size !== numbers.length) return;
    if (this.#points.size >= TEXTS_MAX) this.#points.clear();
    this.#points.set(text.replaceAll(NUMBER, '?'), point);
  }

  forget(): void {
    this.#points.clear();
  }
}

/** The values a look-up compares with, as they are stored. */
export function keyValues({ inputs }: PointSelect, given: readonly Value[]): readonly Value[] {
  return inputs.map(({ input, type }) => {
    const value = given[input] ?? null;
    return type.name === 'int8' && typeof value === 'number' ? BigInt(value) : value;
  });
}
