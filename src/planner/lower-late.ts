/**
 * The relation `late.<view>`: the union of all late branches of a view.
 *
 * Branches with other columns are brought to the union of all column names, NULL where a branch
 * has none.
 */
import { must } from '../common/assert.ts';
import { column, nullOf } from './expr-tools.ts';
import type { Relation, RelationColumn } from './relation.ts';
import type { LateBranch } from './rewrites/context.ts';

/** All late rows of a view, or null when it has no late branch. */
export function lateRelation(branches: readonly LateBranch[]): Relation | null {
  const [first, ...rest] = branches.map((each) => each.relation);
  if (first === undefined) return null;
  if (rest.length === 0) return first;
  const columns = unionColumns([first, ...rest]);
  const inputs = [first, ...rest].map((each) => aligned(each, columns));
  return { kind: 'union', inputs, columns };
}

function unionColumns(relations: readonly Relation[]): readonly RelationColumn[] {
  const found = new Map<string, RelationColumn>();
  for (const relation of relations) {
    for (const each of relation.columns) {
      const key = columnKey(each);
      if (!found.has(key)) found.set(key, { name: each.name, type: each.type });
    }
  }
  return [...found.values()];
}

function columnKey(each: RelationColumn): string {
  return `${each.name} ${each.type.name}`;
}

function aligned(relation: Relation, columns: readonly RelationColumn[]): Relation {
  const exprs = columns.map((each) => {
    const at = relation.columns.findIndex((own) => columnKey(own) === columnKey(each));
    return at < 0 ? nullOf(each.type) : column(at, must(relation.columns[at], 'column').type);
  });
  return { kind: 'project', input: relation, exprs, columns };
}
