/**
 * Prints MERGE.
 */
import type { Merge, MergeClause } from './ast-statements.ts';
import { commas, unknownNode, words } from './print-names.ts';
import type { Printers } from './print-names.ts';
import {
  printAssignments, printFromItem, printTarget, printWithClause,
} from './print-queries.ts';

/** MERGE INTO ... */
export function printMerge(p: Printers, s: Merge): string {
  return words(
    s.with !== null && printWithClause(p, s.with),
    `MERGE INTO ${printFromItem(p, s.table)} USING ${printFromItem(p, s.source)}`,
    `ON ${p.expr(s.on)}`,
    ...s.clauses.map((clause) => mergeClause(p, clause)),
  );
}

function mergeClause(p: Printers, clause: MergeClause): string {
  return words(
    clause.matched ? 'WHEN MATCHED' : 'WHEN NOT MATCHED',
    clause.condition !== null && `AND ${p.expr(clause.condition)}`,
    `THEN ${action(p, clause.action)}`,
  );
}

function action(p: Printers, of: MergeClause['action']): string {
  switch (of.kind) {
    case 'nothing':
      return 'DO NOTHING';
    case 'delete':
      return 'DELETE';
    case 'update':
      return `UPDATE ${printAssignments(p, of.set)}`;
    case 'insert':
      return words(
        'INSERT',
        of.columns.length > 0 && `(${commas(of.columns, (column) => printTarget(p, column))})`,
        of.overriding !== null && `OVERRIDING ${of.overriding.toUpperCase()} VALUE`,
        of.values === null ? 'DEFAULT VALUES' : `VALUES (${commas(of.values, p.expr)})`,
      );
    default:
      return unknownNode(of);
  }
}
