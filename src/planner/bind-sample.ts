/**
 * TABLESAMPLE: a share of a relation's rows, chosen by a hash of their values.
 *
 * A row is in the sample or it is not, however often the query runs, so that a view can take it
 * back. SYSTEM and BERNOULLI are the same here: rows lie in no blocks.
 */
import { sqlError } from '../common/errors.ts';
import type { TableSample } from '../parser/ast.ts';
import type { StatementState } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import type { FromPiece } from './bind-tables.ts';
import { coerce, literalOf } from './coerce.ts';
import { call } from './expr-tools.ts';
import { evaluateConstant } from './fold.ts';
import { filter } from './relation-tools.ts';
import type { ScalarExpr } from './relation.ts';
import { Scope } from './scope.ts';

/** The rows of a piece of FROM that are in the sample. */
export function sampled(
  state: StatementState, piece: FromPiece, sample: TableSample | null,
): FromPiece {
  if (sample === null) return piece;
  const method = sample.method.parts.at(-1)?.name ?? '';
  if (method !== 'system' && method !== 'bernoulli') {
    throw sqlError('42704', `tablesample method ${method} does not exist`, {
      span: sample.method.span,
    });
  }
  const [share, more] = sample.args;
  if (share === undefined || more !== undefined) {
    throw sqlError('22023',
      `tablesample method ${method} requires 1 argument, not ${sample.args.length}`,
      { span: sample.span });
  }
  const binder = exprBinder(state, { scope: new Scope(null), withs: null, clause: 'FROM' });
  const number = (expr: typeof share): number => {
    const bound = coerce(state, binder.bind(expr), { name: 'float8' }, 'assignment');
    const value = evaluateConstant(bound, state.evaluation);
    if (typeof value === 'number') return value;
    throw sqlError('2202H', 'TABLESAMPLE parameter cannot be null', { span: expr.span });
  };
  const percent = number(share);
  if (!(percent >= 0 && percent <= 100)) {
    throw sqlError('2202H', 'sample percentage must be between 0 and 100', { span: share.span });
  }
  const seed = sample.repeatable === null ? 0 : number(sample.repeatable);
  const { columns } = piece.relation;
  const row: ScalarExpr = {
    kind: 'record', type: {
      name: 'record', fields: columns.map(({ name, type }) => ({ name, type })),
    },
    fields: columns.map(({ type }, index) => ({ kind: 'column', index, type })),
  };
  const text = coerce(state, row, { name: 'text' }, 'explicit');
  const chosen = call('$sampled(text,float8,float8)',
    [text, literalOf(percent, { name: 'float8' }), literalOf(seed, { name: 'float8' })],
    { name: 'boolean' });
  return { ...piece, relation: filter(piece.relation, chosen) };
}
