/**
 * Grouping by what a set-returning function gives, as in
 * `SELECT unnest(a) AS x, count(*) ... GROUP BY x`.
 *
 * The call moves to the end of FROM, LATERAL, where it stands for the same rows; select list and
 * GROUP BY name its column.
 */
import type {
  Expr, FunctionCall, FunctionTable, GroupItem, Select, SelectItem,
} from '../parser/ast.ts';
import type { Identifier } from '../parser/ast-leaves.ts';
import type { Span } from '../common/span.ts';
import type { StatementState } from './bind-context.ts';
import { functionsNamed } from './bind-functions.ts';
import { signatureTypeName } from './functions/builder.ts';

/** The select with such calls in FROM; itself where there are none. */
export function withGroupedCalls(state: StatementState, select: Select): Select {
  let result = select;
  for (const [nth, group] of select.groupBy.entries()) {
    const at = targetOf(select.items, group);
    const item = at === null ? undefined : result.items[at];
    if (at === null || item === undefined || item.expr.kind !== 'functionCall') continue;
    if (!returnsSet(state, item.expr)) continue;
    const { span } = item.expr;
    const table = { kind: 'identifier', name: `$grouped${nth + 1}`, span } as const;
    const column = { kind: 'identifier', name: 'value', span } as const;
    const expr: Expr = { kind: 'columnRef', parts: [table, column], span };
    const alias = item.alias ?? identifier(item.expr.name.parts.at(-1)?.name ?? '?column?', span);
    result = {
      ...result, from: [...result.from, tableOf(item.expr, table, column)],
      items: result.items.with(at, { ...item, alias, expr }),
      groupBy: result.groupBy.with(nth, { ...group, kind: 'groupExpr', expr }),
    };
  }
  return result;
}

function identifier(name: string, span: Span): Identifier {
  return { kind: 'identifier', name, span };
}

/** The number of the output a GROUP BY element names, by alias or ordinal. */
function targetOf(items: readonly SelectItem[], group: GroupItem): number | null {
  if (group.kind !== 'groupExpr' || items.some(({ expr }) => expr.kind === 'star')) return null;
  const { expr } = group;
  if (expr.kind === 'integerLiteral') return Number(expr.text) - 1;
  if (expr.kind !== 'columnRef' || expr.parts.length !== 1) return null;
  const at = items.findIndex(({ alias }) => alias?.name === expr.parts[0]?.name);
  return at < 0 ? null : at;
}

function returnsSet(state: StatementState, { name, over, filter }: FunctionCall): boolean {
  if (over !== null || filter !== null) return false;
  const schema = name.parts.at(-2)?.name ?? null;
  return functionsNamed(state, name.parts.at(-1)?.name ?? '', schema)
    .some((entry) => entry.kind === 'table' && signatureTypeName(entry.result) !== 'record');
}

function tableOf(call: FunctionCall, table: Identifier, column: Identifier): FunctionTable {
  const { span } = call;
  return {
    kind: 'functionTable', span, rowsFrom: false, ordinality: false, lateral: true,
    functions: [{ kind: 'functionTableCall', call, columns: [], span }],
    alias: { kind: 'alias', name: table, columns: [column], span },
  };
}
