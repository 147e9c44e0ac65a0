/**
 * rank, dense_rank, percent_rank and cume_dist WITHIN GROUP: where a row that is not there would
 * stand. Written out as counts of the rows before it, which are kept like any other aggregate.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Expr, FunctionCall, SortItem } from '../parser/ast.ts';
import { sortsDescending, sortsNullsFirst } from './bind-sorting.ts';
import { binaryNode, callNode, castNode, integerNode, nullTest } from './syntax-make.ts';

const NAMES = new Set(['rank', 'dense_rank', 'percent_rank', 'cume_dist']);

/** True for a call of a hypothetical-set aggregate. */
export function isHypothetical(expr: FunctionCall, name: string): boolean {
  return expr.withinGroup.length > 0 && NAMES.has(name);
}

/** The expression such a call stands for. */
export function hypotheticalRank(expr: FunctionCall, name: string): Expr {
  const { span, withinGroup } = expr;
  const given = expr.args.map((arg) => arg.value);
  if (given.length !== withinGroup.length) {
    throw sqlError('42883', `function ${name} needs as many direct arguments as there are sort `
      + `columns`, {
      span, hint: `To use the hypothetical-set aggregate ${name}, the number of hypothetical `
        + `direct arguments (here ${given.length}) must match the number of ordering columns `
        + `(here ${withinGroup.length}).`,
    });
  }
  const before = precedes(withinGroup, given);
  const one = integerNode(1, span);
  const all = (filter: Expr | null): Expr => callNode('count', [], span, { star: true, filter });
  const also = (filter: Expr): Expr => (expr.filter === null ? filter
    : { kind: 'and', operands: [expr.filter, filter], span });
  const rowsBefore = all(also(before));
  const float = (value: Expr): Expr => castNode(value, 'float8');
  switch (name) {
    case 'rank': return binaryNode('+', rowsBefore, one);
    case 'dense_rank': {
      const row: Expr = { kind: 'row', explicit: true, items: withinGroup.map((item) => item.expr),
        span };
      const distinct = callNode('count', [row], span, { distinct: true, filter: also(before) });
      return binaryNode('+', distinct, one);
    }
    case 'percent_rank': {
      const rows = all(expr.filter);
      const share = binaryNode('/', float(rowsBefore), { kind: 'nullIf', left: float(rows),
        right: float(integerNode(0, span)), span });
      return { kind: 'coalesce', args: [share, float(integerNode(0, span))], span };
    }
    default: {
      const upTo = all(also({ kind: 'or', operands: [before, equals(withinGroup, given)], span }));
      return binaryNode('/', float(binaryNode('+', upTo, one)),
        float(binaryNode('+', all(expr.filter), one)));
    }
  }
}

function equals(keys: readonly SortItem[], given: readonly Expr[]): Expr {
  const same = keys.map((key, at): Expr => sameValue(key.expr, must(given[at], 'argument')));
  return same.length === 1 ? must(same[0], 'comparison')
    : { kind: 'and', operands: same, span: must(keys[0], 'key').span };
}

function sameValue(left: Expr, right: Expr): Expr {
  return { kind: 'isDistinct', negated: true, left, right, span: left.span };
}

/** True for rows that stand before the given one. */
function precedes(keys: readonly SortItem[], given: readonly Expr[]): Expr {
  const steps = keys.map((key, at): Expr => {
    const own = comesFirst(key, must(given[at], 'argument'));
    return at === 0 ? own
      : { kind: 'and', operands: [equals(keys.slice(0, at), given), own], span: key.span };
  });
  return steps.length === 1 ? must(steps[0], 'step')
    : { kind: 'or', operands: steps, span: must(keys[0], 'key').span };
}

function comesFirst(key: SortItem, value: Expr): Expr {
  const { span, expr } = key;
  const less = binaryNode(sortsDescending(key) ? '>' : '<', expr, value);
  const nulls = sortsNullsFirst(key) ? [nullTest(expr, false), nullTest(value, true)]
    : [nullTest(expr, true), nullTest(value, false)];
  return {
    kind: 'or', span,
    operands: [
      { kind: 'coalesce', args: [less, { kind: 'booleanLiteral', value: false, span }], span },
      { kind: 'and', operands: nulls, span },
    ],
  };
}
