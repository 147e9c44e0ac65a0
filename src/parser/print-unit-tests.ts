/**
 * EXECUTE UNIT TEST as text.
 */
import type { ExecuteUnitTest, UnitTestRows } from './ast-statements.ts';
import type { Expr, Query, TypeName } from './ast.ts';
import { printIdentifier, printQualified } from './print-names.ts';

/** What prints the parts of a statement. */
interface Parts {
  readonly expr: (expr: Expr) => string;
  readonly query: (query: Query) => string;
  readonly type: (type: TypeName) => string;
}

/** The statement as SQL. */
export function printUnitTest(parts: Parts, test: ExecuteUnitTest): string {
  const { name, relation, at, mocks, expected } = test;
  const words = [
    `EXECUTE UNIT TEST ${printIdentifier(name)} FOR ${printQualified(relation)}`,
    ...at === null ? [] : [`AT TIME ${parts.expr(at)}`],
    mocks.map((mock) => [
      `MOCK ${printQualified(mock.relation)}${columns(parts, mock.rows)}`,
      ...mock.at === null ? [] : [`AT TIME ${parts.expr(mock.at)}`],
      `AS (${parts.query(mock.rows.query)})`,
    ].join(' ')).join(', '),
    `EXPECTED${columns(parts, expected)} AS (${parts.query(expected.query)})`,
  ];
  return words.filter((word) => word !== '').join(' ');
}

function columns(parts: Parts, rows: UnitTestRows): string {
  if (rows.columns.length === 0) return '';
  return ` (${rows.columns.map(({ name, type }) =>
    printIdentifier(name) + (type === null ? '' : ` ${parts.type(type)}`)).join(', ')})`;
}
