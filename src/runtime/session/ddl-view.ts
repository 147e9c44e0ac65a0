/**
 * CREATE [MATERIALIZED] VIEW, with OR REPLACE.
 *
 * A plain view is its query. A materialized view is planned here, stored as text and dataflow, and
 * hydrated by the engine within the epoch that creates it.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { printQuery } from '../../parser/print.ts';
import type { Span } from '../../common/span.ts';
import { formatType } from '../../common/types/registry.ts';
import { sameType } from '../../common/types/sql-type.ts';
import type { CreateView } from '../../parser/ast-definitions.ts';
import { bindQuery, changesOf, planView, selectFrom, viewOptions } from '../../planner/planner.ts';
import type { CatalogColumn } from '../../planner/catalog.ts';
import type { LateLimit } from '../../planner/bound.ts';
import { LATE_RETENTION } from '../relations-log.ts';
import type { ResultColumn, ViewPlan } from '../../planner/plans.ts';
import type { DdlChange, StoredRelation } from '../catalog-store-types.ts';
import { MEMORY_LIMIT } from '../engine-memory.ts';
import { companionsOf } from './companions.ts';
import { nameIsFree, targetOf } from './ddl-create.ts';
import type { Target } from './ddl-create.ts';
import { optionText } from './ddl-connector.ts';
import { retainHistory } from './duration.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import { isTemporary, temporarySchemaName } from './temporary-names.ts';

/** CREATE VIEW and CREATE MATERIALIZED VIEW. */
export function createView(context: StatementContext, written: CreateView): StatementResult {
  const statement = withRecursion(written);
  const tag = statement.materialized ? 'CREATE MATERIALIZED VIEW' : 'CREATE VIEW';
  refuseForms(statement);
  const target = targetOf(context, statement.name, readsTemporary(context, statement));
  const old = statement.orReplace ? replaced(context, statement, target) : null;
  if (old === null && !nameIsFree(context, target, statement.ifNotExists)) return command(tag);
  const id = old?.id ?? context.core.catalog.allocate();
  if (statement.materialized) defineMaterialized(context, { statement, target, id, old });
  else definePlain(context, { statement, target, id, old });
  return command(tag);
}

/** CREATE RECURSIVE VIEW v (a) AS q, which stands for CREATE VIEW v AS WITH RECURSIVE v (a) ... */
function withRecursion(statement: CreateView): CreateView {
  if (!statement.recursive) return statement;
  const { span, query } = statement;
  const name = must(statement.name.parts.at(-1), 'name');
  const columns = statement.columns.map((column) =>
    ({ kind: 'cteColumn', name: column, type: null, span: column.span }) as const);
  const self = selectFrom({ kind: 'qualifiedName', parts: [name], span }, statement.columns);
  return {
    ...statement,
    query: { ...self, span: query.span, with: {
      kind: 'with', recursive: 'recursive', options: [], span,
      ctes: [{ kind: 'cte', name, columns, materialized: null, query, search: null, cycle: null,
        span }],
    } },
  };
}

/** A view goes with its session when it is TEMPORARY, or reads what does. */
function readsTemporary(context: StatementContext, statement: CreateView): boolean {
  if (statement.temporary) return true;
  const temporary = context.catalog.schemaExists(temporarySchemaName(context.scope.pid));
  if (!temporary) return false;
  const { reads } = bindQuery(statement.query, context.planning);
  const { catalog } = context.transaction;
  if (!reads.some((id) => isTemporary(catalog.relation(id) ?? { schema: '' }))) return false;
  if (statement.materialized) {
    throw sqlError('0A000', 'materialized views must not use temporary tables or views', {
      span: statement.span,
    });
  }
  const { name } = must(statement.name.parts.at(-1), 'name');
  context.notice('NOTICE', '00000', `view "${name}" will be a temporary view`);
  return true;
}

/** The search path a definition is remembered with: temporary things only for temporary views. */
function pathOf(context: StatementContext, target: Target): readonly string[] {
  const { searchPath } = context.catalog;
  return isTemporary({ schema: target.schema.name }) ? searchPath
    : searchPath.filter((schema) => !isTemporary({ schema }));
}

interface Definition {
  readonly statement: CreateView;
  readonly target: Target;
  readonly id: number;
  readonly old: StoredRelation | null;
}

function refuseForms(statement: CreateView): void {
  const refuse = (what: string, hint: string): never => {
    throw sqlError('0A000', `${what} is not supported`, { span: statement.span, hint });
  };
  if (statement.temporary && statement.materialized) {
    throw sqlError('42601', 'materialized views cannot be temporary', { span: statement.span });
  }
  if (statement.materialized && statement.checkOption !== null) {
    refuse('WITH CHECK OPTION', 'Materialized views cannot be written to.');
  }
  if (!statement.materialized && statement.query.locking.length > 0) {
    throw sqlError('0A000', 'a view with FOR UPDATE or FOR SHARE is not supported', {
      span: statement.query.locking[0]?.span, hint: 'Write it in the query over the view.',
    });
  }
  if (!statement.materialized && changesOf(statement.query).length > 0) {
    throw sqlError('0A000', 'views must not contain data-modifying statements in WITH');
  }
  if (statement.withNoData) refuse('WITH NO DATA', 'A materialized view is always populated.');
}

/** The view that OR REPLACE replaces, or null when the name is free. */
function replaced(
  context: StatementContext, statement: CreateView, target: Target,
): StoredRelation | null {
  const { catalog } = context.transaction;
  const found = catalog.relationByName(context.scope.database.id, target.schema.id, target.name);
  if (found === null) return null;
  const wanted = statement.materialized ? 'materializedView' : 'view';
  if (found.kind === wanted) return found;
  const article = statement.materialized ? 'a materialized view' : 'a view';
  throw sqlError('42809', `"${target.name}" is not ${article}`, { span: statement.name.span });
}

function definePlain(context: StatementContext, definition: Definition): void {
  const { statement, old } = definition;
  const options = plainOptions(statement);
  const bound = bindQuery(statement.query, context.planning);
  const columns = namedColumns(statement, bound.columns);
  if (bound.parameters.length > 0) throw parametersInView(statement.span);
  const relation = stored(context, definition, {
    kind: 'view', columns, options,
    definition: {
      query: statement.query, searchPath: pathOf(context, definition.target),
      widths: bound.reads.flatMap((id) => {
        const read = context.catalog.relationById(id);
        return read === null ? [] : [[id, read.columns.length] as const];
      }),
    },
    dependsOn: [...bound.reads, ...bound.functions ?? []],
  });
  if (old !== null) refuseOtherColumns(old, columns);
  context.transaction.define({
    kind: old === null ? 'createRelation' : 'alterRelation', relation,
  });
}

function checkOption(option: CreateView['options'][number]): string {
  const value = option.value === null ? '' : optionText(option).toLowerCase();
  if (value === 'local' || value === 'cascaded') return value;
  throw sqlError('22023', `invalid value for enum option "check_option": ${value}`, {
    span: option.span, detail: 'Valid values are "local" and "cascaded".',
  });
}

/** Options of a plain view: check_option, security_barrier and security_invoker. */
function plainOptions(statement: CreateView): StoredRelation['options'] {
  const { checkOption: said } = statement;
  const given = statement.options.map((option): readonly [string, string] => {
    const { name } = option;
    if (name === 'check_option') return [name, checkOption(option)];
    if (name !== 'security_barrier' && name !== 'security_invoker') {
      throw sqlError('22023', `unrecognized parameter "${name}"`, { span: option.span });
    }
    const text = option.value === null ? 'true' : optionText(option);
    const value = booleanOf(text);
    if (value === null) {
      throw sqlError('22023', `invalid value for boolean option "${name}": ${text}`, {
        span: option.span,
      });
    }
    return [name, String(value)];
  });
  return said === null ? given : [['check_option', said], ...given];
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true], ['on', true], ['yes', true], ['1', true],
  ['false', false], ['off', false], ['no', false], ['0', false],
]);

function booleanOf(text: string): boolean | null {
  return BOOLEANS.get(text.toLowerCase()) ?? null;
}

function parametersInView(span: Span): Error {
  return sqlError('42P02', 'there is no parameter $1', { span });
}

function defineMaterialized(context: StatementContext, definition: Definition): void {
  const { statement, old, target } = definition;
  const options = viewOptions(statement.options, {
    name: target.name,
    requireBoundedState: context.scope.settings.get('require_bounded_state') === 'on',
  });
  const plan = planView(statement.query, context.planning, options);
  for (const notice of plan.notices) context.scope.notice(notice);
  const columns = namedColumns(statement, plan.columns);
  const relation = stored(context, definition, {
    kind: 'materializedView', columns,
    primaryKey: plan.key, appendOnly: plan.appendOnly, columnWatermarks: plan.columnWatermarks,
    marksArrival: plan.marksArrival,
    definition: { query: statement.query, searchPath: pathOf(context, target) },
    dependsOn: [...plan.reads, ...plan.functions], view: storedView(plan, columns),
    options: [...historyOption(statement, options.retainHistory),
      ...lateOption(options.lateRetention), ...memoryOption(options.memoryLimitBytes)],
  });
  const changes: DdlChange[] = [{
    kind: old === null ? 'createRelation' : 'replaceView', relation,
  }];
  if (old !== null) {
    refuseOtherColumns(old, columns);
    refuseCycle(context, old, plan);
  }
  for (const companion of companionsOf(context, relation)) {
    changes.push({ kind: 'createRelation', relation: companion });
  }
  context.transaction.define(...changes);
}

/** In plain units, as `late.<view>` reads it. */
function lateOption(limit: LateLimit | null): StoredRelation['options'] {
  return limit === null ? [] : [[LATE_RETENTION, `${limit.rows} ${limit.micros}`]];
}

function memoryOption(bytes: bigint | null): StoredRelation['options'] {
  return bytes === null ? [] : [[MEMORY_LIMIT, bytes.toString()]];
}

function historyOption(
  { options }: CreateView, duration: string | null,
): StoredRelation['options'] {
  const option = options.find(({ name }) => name.startsWith('retain'));
  return duration === null || option === undefined ? [] : [retainHistory(duration, option)];
}

function storedView(plan: ViewPlan, columns: readonly CatalogColumn[]): StoredRelation['view'] {
  const { dataflow, key, appendOnly, lateColumns, reads } = plan;
  return {
    dataflow, key, appendOnly, lateColumns, reads,
    columns: plan.columns.map((column, at) => ({
      ...column, name: must(columns[at], 'view column').name,
    })),
  };
}

type Particulars = Pick<StoredRelation, 'kind' | 'columns' | 'dependsOn'>
  & Partial<StoredRelation>;

function stored(
  context: StatementContext, definition: Definition, particulars: Particulars,
): StoredRelation {
  const { statement, target, id } = definition;
  const { span } = statement.query;
  return {
    id, schema: target.schema.name, name: target.name, database: context.scope.database.id,
    schemaId: target.schema.id, owner: context.scope.user,
    sql: statement.recursive ? printQuery(statement.query)
      : context.text.slice(span.start, span.end),
    options: [], primaryKey: null, uniqueKeys: [], checks: [], appendOnly: false, watermark: null,
    columnWatermarks: [], definition: null, stored: true, view: null, connector: null,
    onConflict: null, belongsTo: null, ...particulars,
  };
}

/** Columns under the names of the column list; duplicates are 42701. */
function namedColumns(
  statement: CreateView, columns: readonly ResultColumn[],
): readonly CatalogColumn[] {
  if (statement.columns.length > columns.length) {
    throw sqlError('42601', `CREATE ${statement.materialized ? 'MATERIALIZED ' : ''}VIEW `
      + 'specifies more column names than columns', { span: statement.name.span });
  }
  const seen = new Set<string>();
  return columns.map(({ name, type }, at) => {
    const own = statement.columns[at]?.name ?? name;
    if (seen.has(own)) throw sqlError('42701', `column "${own}" specified more than once`);
    seen.add(own);
    const shown = type.name === 'unknown' ? { name: 'text' as const } : type;
    return {
      name: own, type: shown, notNull: false, defaultExpr: null, generated: null, identity: null,
    };
  });
}

/** A replaced view keeps its columns; new ones may come behind them when nothing depends on it. */
function refuseOtherColumns(old: StoredRelation, columns: readonly CatalogColumn[]): void {
  for (const [at, before] of old.columns.entries()) {
    const after = columns[at];
    if (after === undefined) throw sqlError('42P16', 'cannot drop columns from view');
    if (after.name !== before.name) {
      throw sqlError('42P16', `cannot change name of view column "${before.name}" to `
        + `"${after.name}"`, {
        hint: 'Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.',
      });
    }
    if (!sameType(after.type, before.type)) {
      throw sqlError('42P16', `cannot change data type of view column "${before.name}" from `
        + `${formatType(before.type)} to ${formatType(after.type)}`);
    }
  }
}

function refuseCycle(context: StatementContext, old: StoredRelation, plan: ViewPlan): void {
  const after = context.transaction.catalog.allDependants(old.id);
  const own = plan.reads.includes(old.id)
    || after.some((dependant) => plan.reads.includes(dependant.id));
  if (own) {
    throw sqlError('42P17', `infinite recursion detected in rules for relation "${old.name}"`);
  }
}
