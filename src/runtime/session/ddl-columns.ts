/**
 * One column definition: its type, NOT NULL, DEFAULT, identity, generated value, keys and checks.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type {
  ColumnConstraint, ColumnDef, ReferencesConstraint,
} from '../../parser/ast-definitions.ts';
import {
  bindCheck, bindDefault, bindGenerated, typeOfGenerated,
} from '../../planner/bind-definitions.ts';
import { checkCollation } from '../../planner/bind-literals.ts';
import type { RowShape } from '../../planner/bind-definitions.ts';
import { bindTypeName } from '../../planner/planner.ts';
import type { CatalogColumn, CatalogRelation } from '../../planner/catalog.ts';
import type { StatementContext } from './statement-context.ts';

/** Serial types: an integer with a sequence behind it. */
const SERIAL_TYPES: Readonly<Record<string, SqlType['name']>> = {
  serial: 'int4', serial4: 'int4', bigserial: 'int8', serial8: 'int8',
  smallserial: 'int2', serial2: 'int2',
};

/** What a column definition says. */
export interface ColumnParts {
  readonly column: CatalogColumn;
  readonly primaryKey: boolean;
  readonly unique: boolean;
  /** An empty name is still to be made up. */
  readonly checks: CatalogRelation['checks'];
  /** METADATA FROM 'what', or null. */
  readonly metadata: string | null;
  readonly references: readonly ReferencesConstraint[];
}

/** The type of a column, before its expressions are bound. */
export function columnType(
  context: StatementContext, definition: ColumnDef,
): { readonly type: SqlType | null; readonly serial?: true } {
  if (definition.type === null) return { type: null };
  const word = definition.type.name.parts.at(-1)?.name ?? '';
  const serial = SERIAL_TYPES[word];
  if (serial !== undefined && definition.type.arrayDimensions === 0) {
    return { type: { name: serial }, serial: true };
  }
  const type = bindTypeName(definition.type, context.planning);
  if (type.name === 'void' || type.name === 'unknown'
    || (type.name === 'record' && type.user === undefined)) {
    throw sqlError('42P16', `column "${definition.name.name}" has pseudo-type ${type.name}`, {
      span: definition.type.span,
    });
  }
  return { type };
}

/** Binds a column; `shape` is the row its expressions may use, `known` its type if given. */
export function columnParts(
  context: StatementContext, definition: ColumnDef, shape: RowShape, known?: SqlType,
): ColumnParts {
  const env = context.planning;
  if (definition.collation !== null) checkCollation(definition.collation);
  const find = <K extends ColumnConstraint['kind']>(
    kind: K,
  ): Extract<ColumnConstraint, { kind: K }> | undefined => definition.constraints.find(
    (constraint): constraint is Extract<ColumnConstraint, { kind: K }> =>
      constraint.kind === kind);
  const generated = find('generatedConstraint');
  const { type: declared, serial } = columnType(context, definition);
  const type = known ?? declared
    ?? (generated === undefined ? null : typeOfGenerated(generated.value, shape, env));
  const { name } = definition.name;
  if (type === null) {
    throw sqlError('42601', `column "${name}" needs a type`, { span: definition.span });
  }
  const identity = find('identityConstraint');
  const value = find('defaultConstraint');
  const nulls = find('nullConstraint');
  const keys = definition.constraints.filter((constraint) => constraint.kind === 'keyConstraint');
  const primaryKey = keys.some((key) => key.primary);
  const counted = serial === true || identity !== undefined;
  const checks = definition.constraints.filter((entry) => entry.kind === 'checkConstraint');
  return {
    column: {
      name, type, notNull: nulls?.nullable === false || primaryKey || counted,
      defaultExpr: value === undefined ? null : bindDefault(value.value, { name, type }, env),
      generated: generated === undefined ? null
        : bindGenerated(generated.value, { name, type }, shape, env),
      identity: identity === undefined ? (serial === true ? 'byDefault' : null)
        : identity.always ? 'always' : 'byDefault',
      ...(serial === true ? { serial } : {}),
    },
    primaryKey, unique: keys.some((key) => !key.primary && !key.nullsNotDistinct),
    checks: checks.map((check) => ({
      name: check.name?.name ?? '', expr: bindCheck(check.condition, shape, env),
    })),
    metadata: metadataOf(find('metadataConstraint'), name),
    references: definition.constraints.filter((entry) => entry.kind === 'referencesConstraint'),
  };
}

function metadataOf(
  constraint: Extract<ColumnConstraint, { kind: 'metadataConstraint' }> | undefined, name: string,
): string | null {
  return constraint === undefined ? null : constraint.from ?? name;
}
