/**
 * LIKE in CREATE TABLE: columns, and what INCLUDING asks for, of another relation.
 *
 * Expressions of the other relation count its columns; here they are moved to the numbers the
 * columns have in the new table.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { ColumnDef, CreateTable, TableLike } from '../../parser/ast-definitions.ts';
import { mapColumns } from '../../planner/expr-tools.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import type { DdlChange, StoredRelation } from '../catalog-store-types.ts';
import type { ColumnParts } from './ddl-columns.ts';
import type { StatementContext } from './statement-context.ts';

/** Columns of a CREATE TABLE in order: written out, or of the relation of a LIKE. */
export type TableColumn =
  | { readonly kind: 'own'; readonly definition: ColumnDef }
  | { readonly kind: 'like'; readonly like: ResolvedLike; readonly at: number };

/** A LIKE with its relation, and where its columns begin in the new table. */
export interface ResolvedLike {
  readonly clause: TableLike;
  readonly relation: StoredRelation;
  readonly offset: number;
}

/** The columns of a CREATE TABLE, in the order of its text. */
export function columnsInOrder(
  context: StatementContext, statement: CreateTable,
): readonly TableColumn[] {
  const elements = [...statement.columns, ...statement.likes]
    .sort((a, b) => a.span.start - b.span.start);
  const columns: TableColumn[] = [];
  for (const element of elements) {
    if (element.kind === 'columnDef') {
      columns.push({ kind: 'own', definition: element });
      continue;
    }
    const relation = context.resolve(element.table);
    if (relation.kind === 'system') {
      throw sqlError('42809', `relation "${relation.name}" is invalid in LIKE clause`, {
        span: element.table.span,
      });
    }
    const like = { clause: element, relation, offset: columns.length };
    for (const at of relation.columns.keys()) columns.push({ kind: 'like', like, at });
  }
  return columns;
}

function includes(like: ResolvedLike, part: string): boolean {
  return like.clause.including.includes(part);
}

function moved(expr: ScalarExpr, like: ResolvedLike): ScalarExpr {
  return mapColumns(expr, (index, type) => ({
    kind: 'column', index: like.offset + index, type,
  }));
}

/** A column as LIKE copies it. */
export function likeColumn(like: ResolvedLike, at: number): ColumnParts {
  const column = must(like.relation.columns[at], 'column of LIKE');
  const generated = column.generated !== null && includes(like, 'generated')
    ? moved(column.generated, like) : null;
  const serial = column.identity === 'byDefault' && includes(like, 'defaults');
  return {
    column: {
      ...column, generated,
      defaultExpr: includes(like, 'defaults') ? column.defaultExpr : null,
      identity: includes(like, 'identity') || serial ? column.identity : null,
    },
    primaryKey: false, unique: false, metadata: null, references: [],
    checks: at === 0 && includes(like, 'constraints')
      ? like.relation.checks.map(({ name, expr }) => ({ name, expr: moved(expr, like) })) : [],
  };
}

/** Keys that INCLUDING INDEXES copies, with the numbers of the new table. */
export function likeKeys(columns: readonly TableColumn[]): {
  readonly primary: readonly (readonly number[])[];
  readonly unique: readonly (readonly number[])[];
} {
  const primary: number[][] = [];
  const unique: number[][] = [];
  for (const like of likesOf(columns)) {
    if (!includes(like, 'indexes') || like.relation.kind !== 'table') continue;
    const here = (key: readonly number[]): number[] => key.map((at) => at + like.offset);
    if (like.relation.primaryKey !== null) primary.push(here(like.relation.primaryKey));
    unique.push(...like.relation.uniqueKeys.map(here));
  }
  return { primary, unique };
}

function likesOf(columns: readonly TableColumn[]): ResolvedLike[] {
  const found = new Set<ResolvedLike>();
  for (const column of columns) if (column.kind === 'like') found.add(column.like);
  return [...found];
}

/** Comments that INCLUDING COMMENTS copies. */
export function likeComments(
  context: StatementContext, columns: readonly TableColumn[], relation: number,
): readonly DdlChange[] {
  const { catalog } = context.transaction;
  return likesOf(columns).flatMap((like) => !includes(like, 'comments') ? []
    : like.relation.columns.flatMap((_column, at): DdlChange[] => {
      const text = catalog.comment(like.relation.id, at + 1);
      return text === null ? []
        : [{ kind: 'comment', object: relation, column: like.offset + at + 1, text }];
    }));
}
