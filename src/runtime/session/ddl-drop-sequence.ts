/**
 * DROP SEQUENCE: which sequence a name means, and what needs it.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import { someExpr } from '../../planner/expr-tools.ts';
import type { StoredObject, StoredRelation } from '../catalog-store-types.ts';
import { findSequence } from './ddl-sequence.ts';
import { relationLabel } from './relation-label.ts';
import type { StatementContext } from './statement-context.ts';

/**
 * The sequence of a name, or null; 2BP01 for one that belongs to a column, and for one that a
 * default calls: with CASCADE the default goes.
 */
export function droppedSequence(
  context: StatementContext, name: QualifiedName, cascade: boolean,
): StoredObject | null {
  const found = findSequence(context, name);
  if (found === null) return null;
  for (const relation of context.transaction.catalog.relations.values()) {
    refuseOwn(relation, found);
    dropDefaults(context, relation, found, cascade);
  }
  return found;
}

function columnText(relation: StoredRelation, at: number): string {
  return `column ${must(relation.columns[at], 'column').name} of ${relationLabel(relation)}`;
}

function refuseOwn(relation: StoredRelation, found: StoredObject): void {
  const entry = relation.sequences?.find(({ sequence }) => sequence === found.id);
  if (entry === undefined) return;
  if (relation.columns[entry.column]?.serial === true) {
    throw needed(found, columnText(relation, entry.column));
  }
  const column = `${relationLabel(relation)} column ${relation.columns[entry.column]?.name ?? ''}`;
  throw sqlError('2BP01', `cannot drop sequence ${found.name} because ${column} requires it`, {
    hint: `You can drop ${column} instead.`,
  });
}

function needed({ name }: StoredObject, column: string): Error {
  return sqlError('2BP01', `cannot drop sequence ${name} because other objects depend on it`, {
    detail: `default value for ${column} depends on sequence ${name}`,
    hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
  });
}

function dropDefaults(
  context: StatementContext, relation: StoredRelation, found: StoredObject, cascade: boolean,
): void {
  const uses = (at: number): boolean => {
    const expr = relation.columns[at]?.defaultExpr ?? null;
    return expr !== null && someExpr(expr, (node) => node.kind === 'literal'
      && node.type.name === 'regclass' && node.value === found.id);
  };
  const columns = relation.columns.flatMap((_column, at) => (uses(at) ? [at] : []));
  const [first] = columns;
  if (first === undefined) return;
  if (!cascade) throw needed(found, columnText(relation, first));
  for (const at of columns) {
    context.notice('NOTICE', '00000',
      `drop cascades to default value for ${columnText(relation, at)}`);
  }
  context.transaction.define({ kind: 'alterRelation', relation: {
    ...relation, columns: relation.columns.map((column, at) =>
      (columns.includes(at) ? { ...column, defaultExpr: null } : column)),
  } });
}
