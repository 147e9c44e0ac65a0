/**
 * Columns of CREATE TABLE and ALTER TABLE ADD COLUMN: types, NOT NULL, DEFAULT, generated columns,
 * identity and serial.
 *
 * A definition is read in two steps, for generated columns refer to all the others: first the
 * columns' names and types, then the expressions over them.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type {
  ColumnConstraint, ColumnDef, GeneratedConstraint, IdentityConstraint, MetadataConstraint,
} from '../parser/ast-definitions.ts';
import type { Expr, TypeName } from '../parser/ast.ts';
import type { Binder, Clause, StatementState } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { resolveType, typeText } from './bind-types.ts';
import type { CatalogColumn } from './catalog.ts';
import { settle, tryCoerce } from './coerce.ts';
import { notSupported, syntaxError } from './errors.ts';
import { columnsUsed } from './expr-tools.ts';
import type { ScalarExpr } from './scalar.ts';
import { Scope } from './scope.ts';

/** A column's definition bound, and what it says of the table's keys. */
export interface BoundColumn {
  readonly column: CatalogColumn;
  readonly primaryKey: boolean;
  readonly unique: boolean;
  /** SERIAL or IDENTITY: the column needs a sequence. */
  readonly sequence: boolean;
  /** METADATA FROM '...': what the column shows, or null. */
  readonly metadata: string | null;
}

const SERIALS: ReadonlyMap<string, SqlType> = new Map<string, SqlType>([
  ['serial', { name: 'int4' }], ['serial4', { name: 'int4' }], ['bigserial', { name: 'int8' }],
  ['serial8', { name: 'int8' }], ['smallserial', { name: 'int2' }], ['serial2', { name: 'int2' }],
]);

function serialType(type: TypeName | null): SqlType | null {
  if (type === null || type.name.parts.length !== 1) return null;
  return SERIALS.get(type.name.parts[0]?.name ?? '') ?? null;
}

interface Draft {
  readonly name: string;
  /** null: the type follows from the generation expression. */
  readonly type: SqlType | null;
}

function draft(def: ColumnDef): Draft {
  const type = serialType(def.type) ?? (def.type === null ? null : resolveType(def.type));
  if (type === null && !def.constraints.some((each) => each.kind === 'generatedConstraint')) {
    throw syntaxError(`column "${def.name.name}" needs a type`, def.span);
  }
  return { name: def.name.name, type };
}

/** A binder over the columns of a row. */
export function rowBinder(
  state: StatementState, columns: readonly { readonly name: string; readonly type: SqlType }[],
  about: { readonly table: string | null; readonly clause: Clause },
): Binder {
  const scope = new Scope(null);
  scope.items = [{
    name: about.table, schema: null, tableVisible: about.table !== null, columnsVisible: true,
    key: null,
    columns: columns.map((column, index) => ({
      name: column.name, expr: { kind: 'column', index, type: column.type },
    })),
  }];
  return exprBinder(state, { scope, withs: null, clause: about.clause });
}

/** Binds the columns of a table, in order; `before` are columns it already has. */
export function bindColumns(
  state: StatementState, defs: readonly ColumnDef[],
  about: { readonly table: string; readonly before: readonly CatalogColumn[] },
): readonly BoundColumn[] {
  const drafts = defs.map(draft);
  const known = [
    ...about.before.map(({ name, type }) => ({ name, type })),
    ...drafts.flatMap(({ name, type }) => (type === null ? [] : [{ name, type }])),
  ];
  checkNames(defs, about.before);
  // A column whose type follows from its expression may not be referred to by another one.
  const derived = defs.map((def, at) => {
    const { type } = must(drafts[at], 'draft');
    return type ?? derivedType(state, def, { table: about.table, known });
  });
  const all = [
    ...about.before.map(({ name, type }) => ({ name, type })),
    ...defs.map((def, at) => ({ name: def.name.name, type: must(derived[at], 'type') })),
  ];
  const bound = defs.map((def, at) => bindColumn(state, def, {
    table: about.table, columns: all, type: must(derived[at], 'type'),
  }));
  refuseChains([...about.before, ...bound.map((each) => each.column)], defs);
  return bound;
}

function checkNames(defs: readonly ColumnDef[], before: readonly CatalogColumn[]): void {
  const seen = new Set(before.map((column) => column.name));
  for (const def of defs) {
    if (seen.has(def.name.name)) {
      throw sqlError('42701', `column "${def.name.name}" specified more than once`, {
        span: def.name.span,
      });
    }
    seen.add(def.name.name);
  }
}

function derivedType(
  state: StatementState, def: ColumnDef,
  about: { readonly table: string;
    readonly known: readonly { readonly name: string; readonly type: SqlType }[] },
): SqlType {
  const generated = def.constraints.find((each): each is GeneratedConstraint =>
    each.kind === 'generatedConstraint');
  const binder = rowBinder(state, about.known, {
    table: about.table, clause: 'column generation expressions',
  });
  return settle(state, binder.bind(must(generated, 'generation expression').value)).type;
}

interface ColumnAbout {
  readonly table: string;
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  readonly type: SqlType;
}

function bindColumn(state: StatementState, def: ColumnDef, about: ColumnAbout): BoundColumn {
  const { name } = def.name;
  const serial = serialType(def.type) !== null;
  const identity = one(def, 'identityConstraint') as IdentityConstraint | null;
  const generated = one(def, 'generatedConstraint') as GeneratedConstraint | null;
  const metadata = one(def, 'metadataConstraint') as MetadataConstraint | null;
  const keys = def.constraints.flatMap((each) => (each.kind === 'keyConstraint' ? [each] : []));
  const primaryKey = keys.some((key) => key.primary);
  const given = one(def, 'defaultConstraint');
  refuseTogether(def, { default: given !== null, generated: generated !== null,
    identity: identity !== null || serial });
  if (identity !== null && !['int2', 'int4', 'int8'].includes(about.type.name)) {
    throw sqlError('22023', 'identity column type must be smallint, integer, or bigint', {
      span: identity.span,
    });
  }
  return {
    primaryKey, unique: keys.some((key) => !key.primary),
    sequence: serial || identity !== null,
    metadata: metadata === null ? null : metadata.from ?? name,
    column: {
      name, type: about.type,
      notNull: notNull(def, about.table) || primaryKey || serial || identity !== null,
      defaultExpr: given?.kind === 'defaultConstraint'
        ? bindDefault(state, { name, type: about.type }, given.value) : null,
      generated: generated === null ? null : bindGenerated(state, generated.value, about, name),
      identity: identity !== null ? (identity.always ? 'always' : 'byDefault')
        : serial ? 'byDefault' : null,
    },
  };
}

function one(def: ColumnDef, kind: ColumnConstraint['kind']): ColumnConstraint | null {
  const found = def.constraints.filter((each) => each.kind === kind);
  const second = found[1];
  if (second !== undefined) {
    throw syntaxError(`multiple ${kind === 'defaultConstraint' ? 'default values'
      : kind === 'identityConstraint' ? 'identity specifications'
      : 'generation clauses'} specified for column "${def.name.name}"`, second.span);
  }
  return found[0] ?? null;
}

function refuseTogether(
  def: ColumnDef,
  has: { readonly default: boolean; readonly generated: boolean; readonly identity: boolean },
): void {
  const { name } = def.name;
  const pair = has.default && has.generated ? 'default and generation expression'
    : has.default && has.identity ? 'default and identity'
    : has.generated && has.identity ? 'identity and generation expression' : null;
  if (pair !== null) {
    throw syntaxError(`both ${pair} specified for column "${name}"`, def.span);
  }
  if (def.collation !== null) {
    const collation = def.collation.parts.at(-1)?.name ?? '';
    if (!['C', 'POSIX', 'default', 'ucs_basic'].includes(collation)) {
      throw notSupported(`collation "${collation}"`, def.collation.span,
        'Text is ordered by code point: use COLLATE "C" or none.');
    }
  }
}

function notNull(def: ColumnDef, table: string): boolean {
  const nulls = def.constraints.flatMap((each) =>
    (each.kind === 'nullConstraint' ? [each] : []));
  const [first] = nulls;
  if (first !== undefined && nulls.some((each) => each.nullable !== first.nullable)) {
    throw syntaxError(`conflicting NULL/NOT NULL declarations for column "${def.name.name}" of `
      + `table "${table}"`, first.span);
  }
  return first !== undefined && !first.nullable;
}

/** A DEFAULT: an expression without columns, as the column takes it. */
export function bindDefault(
  state: StatementState, column: { readonly name: string; readonly type: SqlType }, value: Expr,
): ScalarExpr {
  const binder = exprBinder(state, {
    scope: new Scope(null), withs: null, clause: 'DEFAULT expressions',
  });
  const bound = binder.bind(value);
  const result = tryCoerce(state, bound, column.type, 'assignment');
  if (result !== null) return result;
  throw sqlError('42804', `column "${column.name}" is of type ${typeText(column.type)} but default `
    + `expression is of type ${typeText(bound.type)}`, {
    span: value.span, hint: 'You will need to rewrite or cast the expression.',
  });
}

function bindGenerated(
  state: StatementState, value: Expr, about: ColumnAbout, name: string,
): ScalarExpr {
  const binder = rowBinder(state, about.columns, {
    table: about.table, clause: 'column generation expressions',
  });
  const bound = binder.bind(value);
  const result = tryCoerce(state, bound, about.type, 'assignment');
  if (result !== null) return result;
  throw sqlError('42804', `column "${name}" is of type ${typeText(about.type)} but default `
    + `expression is of type ${typeText(bound.type)}`, { span: value.span });
}

/** A generated column may not read another one. */
function refuseChains(columns: readonly CatalogColumn[], defs: readonly ColumnDef[]): void {
  for (const column of columns) {
    if (column.generated === null) continue;
    for (const at of columnsUsed(column.generated)) {
      const used = columns[at];
      if (used === undefined || used.generated === null) continue;
      throw sqlError('42P17',
        `cannot use generated column "${used.name}" in column generation expression`, {
          detail: 'A generated column cannot reference another generated column.',
          span: defs.find((def) => def.name.name === column.name)?.span,
        });
    }
  }
}
