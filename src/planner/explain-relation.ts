/**
 * Logical plans as lines of text, for EXPLAIN (LOGICAL).
 */
import { assertNever } from '../common/assert.ts';
import {
  exprText, fillText, frameText, functionName, sortText, windowText,
} from './explain-expr.ts';
import type { ColumnName, RelationName } from './explain-expr.ts';
import type { AggregateCall, OverCall, Relation, RelationColumn, ScalarExpr } from './relation.ts';
import { inputsOf } from './relation-tools.ts';

const INDENT = '  ';

/** The plan, output first. Relations used twice are numbered and printed once. */
export function relationLines(relation: Relation, names: RelationName): readonly string[] {
  const uses = new Map<Relation, number>();
  count(relation, uses);
  const numbers = new Map<Relation, number>();
  const lines: string[] = [];
  const print = (node: Relation, depth: number): void => {
    const pad = INDENT.repeat(depth);
    const known = numbers.get(node);
    if (known !== undefined) {
      lines.push(`${pad}see #${known}`);
      return;
    }
    let mark = '';
    if ((uses.get(node) ?? 0) > 1) {
      numbers.set(node, numbers.size + 1);
      mark = ` [#${numbers.size}]`;
    }
    lines.push(`${pad}${titleOf(node, names)}${mark}`);
    for (const input of inputsOf(node)) print(input, depth + 1);
  };
  print(relation, 0);
  return lines;
}

function count(relation: Relation, uses: Map<Relation, number>): void {
  const known = uses.get(relation) ?? 0;
  uses.set(relation, known + 1);
  if (known === 0) for (const input of inputsOf(relation)) count(input, uses);
}

function namesOf(...columns: readonly (readonly RelationColumn[])[]): ColumnName {
  const all = columns.flat();
  return (index) => all[index]?.name ?? `#${index}`;
}

function list(exprs: readonly ScalarExpr[], names: ColumnName): string {
  return exprs.map((each) => exprText(each, names)).join(', ');
}

function named(
  exprs: readonly ScalarExpr[], columns: readonly RelationColumn[], names: ColumnName,
): string {
  return exprs.map((expr, at) => {
    const text = exprText(expr, names);
    const name = columns[at]?.name ?? `#${at}`;
    return text === name ? text : `${text} AS ${name}`;
  }).join(', ');
}

function titleOf(node: Relation, relations: RelationName): string {
  switch (node.kind) {
    case 'values': return `values ${node.rows.length} row${node.rows.length === 1 ? '' : 's'}`;
    case 'scan': return `scan ${relations(node.relation)}`;
    case 'filter': return `filter ${exprText(node.predicate, namesOf(node.input.columns))}`;
    case 'project':
      return `project ${named(node.exprs, node.columns, namesOf(node.input.columns))}`;
    case 'flatMap': {
      const names = namesOf(node.input.columns);
      return `flat-map ${node.calls.map((call) =>
        `${functionName(call.function)}(${list(call.args, names)})`).join(', ')}`;
    }
    case 'window': return `window ${windowText(node.window)} on ${
      node.input.columns[node.timeColumn]?.name ?? '?'}${node.late === undefined ? ''
      : ', late rows split off'}`;
    case 'aggregate': return aggregateTitle(node);
    case 'distinct': return 'distinct';
    case 'join': case 'asofJoin': case 'temporalJoin': return joinTitle(node);
    case 'union': return 'union all';
    case 'setOp': return `${node.op}${node.all ? ' all' : ''}`;
    case 'topN': return topNTitle(node);
    case 'over': return overTitle(node);
    case 'temporalFilter': {
      if (node.ticks !== undefined) return 'clock';
      const names = namesOf(node.input.columns);
      return `temporal filter${node.validFrom === null ? ''
        : ` from ${exprText(node.validFrom, names)}`}${node.validTo === null ? ''
        : ` to ${exprText(node.validTo, names)}`}`;
    }
    case 'gate': return `${node.panes === undefined ? 'gate' : 'panes'} on ${
      node.input.columns[node.timeColumn]?.name ?? '?'}`;
    case 'fill': return `fill ${fillText(node.rule, node.columns)}`;
    case 'recursive':
      return `recursive ${node.bindings.map((each) => each.name).join(', ')}`;
    case 'recursiveRef': return `recursive reference ${node.binding}`;
    default: return assertNever(node);
  }
}

function aggregateTitle(node: Relation & { kind: 'aggregate' }): string {
  const names = namesOf(node.input.columns);
  const groups = node.groupBy.length === 0 ? '' : ` by ${list(node.groupBy, names)}`;
  const calls = node.aggregates.map((each) => aggregateText(each, names)).join(', ');
  return `aggregate${groups}${calls === '' ? '' : `: ${calls}`}`;
}

function aggregateText(call: AggregateCall, names: ColumnName): string {
  const args = call.args.length === 0 && functionName(call.function) === 'count' ? '*'
    : list(call.args, names);
  const order = call.orderBy.length === 0 ? ''
    : ` ORDER BY ${call.orderBy.map((key) => exprText(key.expr, names)).join(', ')}`;
  const filter = call.filter === null ? '' : ` FILTER (${exprText(call.filter, names)})`;
  return `${functionName(call.function)}(${call.distinct ? 'DISTINCT ' : ''}${args}${order})${
    filter}`;
}

function joinTitle(
  node: Relation & { kind: 'join' | 'asofJoin' | 'temporalJoin' },
): string {
  const names = namesOf(node.left.columns, node.right.columns);
  const kind = node.kind === 'join' ? `${node.lateral ? 'lateral ' : ''}${node.type}`
    : node.kind === 'asofJoin' ? `asof ${node.type}` : `temporal ${node.type}`;
  return `${kind} join on ${exprText(node.on, names)}`;
}

function topNTitle(node: Relation & { kind: 'topN' }): string {
  const names = namesOf(node.input.columns);
  const partition = node.partitionBy.length === 0 ? ''
    : ` partition by ${node.partitionBy.map(names).join(', ')}`;
  const order = node.orderBy.length === 0 ? '' : ` order by ${sortText(node.orderBy, names)}`;
  const limit = node.limit === null ? '' : ` limit ${node.limit}`;
  const offset = node.offset === 0n ? '' : ` offset ${node.offset}`;
  return `top-n${partition}${order}${limit}${offset}${node.withTies ? ' with ties' : ''}${
    node.rank === 'none' ? '' : ` with ${node.rank}`}`;
}

function overTitle(node: Relation & { kind: 'over' }): string {
  if (node.arrival === true) return 'number rows as they come';
  const names = namesOf(node.input.columns);
  const partition = node.partitionBy.length === 0 ? ''
    : ` partition by ${node.partitionBy.map(names).join(', ')}`;
  const order = node.orderBy.length === 0 ? '' : ` order by ${sortText(node.orderBy, names)}`;
  return `over${partition}${order}: ${node.calls.map((each) => overText(each, names)).join(', ')}`;
}

function overText(call: OverCall, names: ColumnName): string {
  return `${functionName(call.function)}(${list(call.args, names)})${frameText(call.frame, names)}`;
}
