/**
 * EXPLAIN: the plan of a statement or of a materialized view, as text.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Explain, Statement } from '../../parser/ast-statements.ts';
import { explainDataflow, explainRelation } from '../../planner/explain.ts';
import {
  planDelete, planInsert, planSelect, planUpdate, planView, viewOptions,
} from '../../planner/planner.ts';
import type { Dataflow } from '../../planner/dataflow.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { Relation } from '../../planner/relation.ts';
import { kernelSource } from '../kernels/map.ts';
import { resultColumn, rowsResult } from './result.ts';
import type { StatementResult } from './result.ts';
import type { SessionState } from './session-state.ts';
import type { StatementContext } from './statement-context.ts';

interface Explained {
  readonly relation: Relation | null;
  readonly dataflow: Dataflow;
}

const STAGES = ['logical', 'dataflow', 'code'];

/** EXPLAIN [(stage)] statement. */
export async function runExplain(
  session: SessionState, context: StatementContext, statement: Explain,
): Promise<StatementResult> {
  const stage = stageOf(statement);
  if (statement.analyze && statement.statement?.kind === 'query') {
    const result = await session.run(context, {
      statement: statement.statement, parameters: [], parameterTypes: [],
    });
    if (result.kind === 'rows') await result.rows.materialize();
  }
  const explained = explainedOf(context, statement);
  const lines = linesOf(context, explained, stage);
  const given = isJson(statement) ? [JSON.stringify([{
    Plan: { 'Node Type': 'Dataflow', Stage: stage, Output: lines },
  }], null, 2)] : lines;
  return rowsResult(explainColumns(statement), given.map((line) => [line]), () => 'EXPLAIN');
}

/** The one column of EXPLAIN: lines of text, or JSON. */
export function explainColumns(statement: Explain): readonly ResultColumn[] {
  return [resultColumn('QUERY PLAN', { name: isJson(statement) ? 'json' : 'text' })];
}

function isJson({ options }: Explain): boolean {
  const format = options.find(({ name }) => name === 'format')?.value ?? null;
  return format?.kind === 'stringLiteral' && format.value.toLowerCase() === 'json';
}

function stageOf(statement: Explain): string {
  const named = statement.stage ?? statement.options
    .map((option) => option.name).find((name) => STAGES.includes(name)) ?? 'dataflow';
  if (STAGES.includes(named)) return named;
  if (named === 'physical' || named === 'optimized') return 'dataflow';
  throw sqlError('22023', `unrecognized EXPLAIN stage "${named}"`, {
    span: statement.span, hint: `Available stages: ${STAGES.join(', ')}.`,
  });
}

function linesOf(
  context: StatementContext, explained: Explained, stage: string,
): readonly string[] {
  const names = (id: number): string => context.catalog.relationById(id)?.name ?? String(id);
  if (stage === 'logical' && explained.relation !== null) {
    return explainRelation(explained.relation, names);
  }
  if (stage === 'code') return kernelLines(explained.dataflow);
  const delayOf = (id: number): bigint | null => {
    const rule = context.catalog.relationById(id)?.watermark;
    return rule?.learned === undefined ? rule?.delayMicros ?? null : rule.learned.max;
  };
  return explainDataflow(explained.dataflow, names, delayOf);
}

/** The generated loops of a dataflow's filters and projections. */
function kernelLines(dataflow: Dataflow): readonly string[] {
  return dataflow.nodes.flatMap((node, at) => {
    if (node.kind !== 'map') return [];
    const input = must(dataflow.nodes[must(node.inputs[0], 'input')], 'input node');
    const source = kernelSource({
      filter: node.filter, exprs: node.exprs, inputTypes: input.columns.map(({ type }) => type),
    });
    return [`-- node ${at}: map`, ...source.split('\n')];
  });
}

function explainedOf(context: StatementContext, statement: Explain): Explained {
  if (statement.view !== null) {
    const view = context.resolve(statement.view);
    if (view.view !== null) return { relation: null, dataflow: view.view.dataflow };
    throw sqlError('42809', `"${view.name}" is not a materialized view`, {
      span: statement.view.span,
    });
  }
  if (statement.statement === null) throw sqlError('42601', 'EXPLAIN needs a statement');
  return explainedStatement(context, statement.statement);
}

function explainedStatement(context: StatementContext, statement: Statement): Explained {
  const env = context.planning;
  switch (statement.kind) {
    case 'query': return planSelect(statement, env, null);
    case 'insert': return planInsert(statement, env, null).source;
    case 'update': return planUpdate(statement, env, null).source;
    case 'delete': return planDelete(statement, env, null).source;
    case 'createView':
      return planView(statement.query, env, viewOptions(statement.options, {
        name: statement.name.parts.at(-1)?.name ?? '', requireBoundedState: false,
      }));
    default:
      throw sqlError('0A000', 'EXPLAIN is not supported for this statement', {
        span: statement.span, hint: 'Explain a query, a data change or CREATE MATERIALIZED VIEW.',
      });
  }
}
