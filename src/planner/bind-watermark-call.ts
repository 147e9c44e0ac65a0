/**
 * CURRENT_WATERMARK(ts): the watermark of the relation the column comes from, as a scalar subquery
 * over tidemill.watermarks; NULL before the first row and for columns without a watermark.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { FunctionCall } from '../parser/ast.ts';
import { functionChoice, scalarCall } from './bind-call-tools.ts';
import type { Binder } from './bind-context.ts';
import { bindCatalogRelation } from './bind-tables.ts';
import { isTimestamp, TEXT, TIMESTAMPTZ, typeText } from './bind-types.ts';
import type { CatalogRelation } from './catalog.ts';
import { literalOf } from './coerce.ts';
import { refused } from './errors.ts';
import { call } from './expr-tools.ts';
import type { Relation, ScalarExpr } from './relation.ts';
import { BOOLEAN } from './scalar.ts';
import { filter } from './relation-tools.ts';

/** Binds CURRENT_WATERMARK(column); null for any other name. */
export function bindCurrentWatermark(
  binder: Binder, name: string, expr: FunctionCall,
): ScalarExpr | null {
  const [arg] = expr.args;
  if (name !== 'current_watermark' || arg === undefined || expr.args.length !== 1) return null;
  const { state, scope } = binder;
  if (state.view) {
    throw refused('CURRENT_WATERMARK is not supported in a view', expr.span,
      'Read it in a query over the view.');
  }
  const column = binder.bind(arg.value);
  if (column.kind !== 'column' || !isTimestamp(column.type)) {
    throw sqlError('42804', 'CURRENT_WATERMARK takes a time column of a relation in FROM, not '
      + typeText(column.type), { span: arg.span });
  }
  const facts = scope.facts[column.index];
  const source = facts === undefined ? null : state.catalog.relationById(facts.relation);
  if (source?.watermark?.column !== (facts?.attribute ?? 0) - 1) {
    return literalOf(null, column.type);
  }
  const system = must(state.catalog.findRelation('tidemill', 'watermarks'), 'tidemill.watermarks');
  const { schema, name: own } = must(source, 'relation');
  const shown = state.catalog.searchPath.includes(schema) ? own : `${schema}.${own}`;
  const found = latest(binder, system, shown);
  return column.type.name === 'timestamptz' ? found
    : scalarCall(state, { name: 'timezone', span: expr.span }, [literalOf('UTC', TEXT), found]);
}

/** The lowest watermark of the relation's partitions. */
function latest(binder: Binder, system: CatalogRelation, name: string): ScalarExpr {
  const { relation } = bindCatalogRelation(binder.state, system);
  const index = (wanted: string): number =>
    system.columns.findIndex((column) => column.name === wanted);
  const ofRelation = filter(relation, call('=(text,text)', [
    { kind: 'column', index: index('relation'), type: TEXT }, literalOf(name, TEXT),
  ], BOOLEAN));
  const value: ScalarExpr = {
    kind: 'column', index: index('relation_watermark'), type: TIMESTAMPTZ,
  };
  const min = must(functionChoice({ name: 'min', span: { start: -1, end: -1 } }, [value],
    ['aggregate']), 'min');
  const aggregate: Relation = {
    kind: 'aggregate', input: ofRelation, groupBy: [], groupingSets: null,
    columns: [{ name: 'watermark', type: TIMESTAMPTZ }],
    aggregates: [{
      function: min.entry.id, args: [value], distinct: false, filter: null, orderBy: [],
      type: TIMESTAMPTZ,
    }],
  };
  return { kind: 'subquery', mode: { kind: 'scalar' }, relation: aggregate, type: TIMESTAMPTZ };
}
