/**
 * CREATE [OR REPLACE] FUNCTION and AGGREGATE.
 *
 * A function is an object of the catalog, told apart from others of its name by its argument types.
 * JavaScript is compiled here, so that what is wrong with it is said at once.
 */
import { sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { CreateFunction } from '../../parser/ast-definitions.ts';
import type { TypeName } from '../../parser/ast.ts';
import { withoutMods } from '../../planner/bind-types.ts';
import { scriptOf } from '../../planner/functions/user-entries.ts';
import type { UserFunction } from '../../planner/functions/user-function.ts';
import { signatureText } from '../../planner/functions/user-function.ts';
import { bindTypeName, checkSqlFunction } from '../../planner/planner.ts';
import { functionData, functionsIn, sameTypes } from '../catalog-functions.ts';
import { targetOf } from './ddl-create.ts';
import type { Target } from './ddl-create.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';

/** CREATE FUNCTION and CREATE AGGREGATE. */
export function createFunction(
  context: StatementContext, statement: CreateFunction,
): StatementResult {
  const tag = statement.aggregate ? 'CREATE AGGREGATE' : 'CREATE FUNCTION';
  const target = targetOf(context, statement.name);
  if (/[()]/.test(target.name) || !/^[\p{L}_]/u.test(target.name)) {
    throw sqlError('42602', `invalid function name "${target.name}"`, {
      span: statement.name.span,
    });
  }
  const made = functionFrom(context, statement, target);
  const { catalog } = context.transaction;
  const old = functionsIn(catalog, target.schema.id, target.name)
    .find((each) => sameTypes(each.args, made.args)) ?? null;
  if (old !== null && !statement.orReplace) {
    if (!statement.ifNotExists) {
      throw sqlError('42723', `function "${target.name}" already exists with same argument types`);
    }
    context.notice('NOTICE', '42723',
      `function "${target.name}" already exists with same argument types, skipping`);
    return command(tag);
  }
  if (old !== null) refuseReplacement(context, old, made);
  const oid = old?.oid ?? context.core.catalog.allocate();
  const of: UserFunction = { ...made, oid };
  if (of.language === 'javascript') scriptOf(of);
  else checkSqlFunction(of, context.planning, statement.span);
  context.transaction.define({ kind: 'putObject', object: {
    id: oid, kind: 'function', database: context.scope.database.id, schemaId: target.schema.id,
    name: target.name, owner: context.scope.user, dependsOn: [], data: functionData(of),
  } });
  return command(tag);
}

function functionFrom(
  context: StatementContext, statement: CreateFunction, target: Target,
): UserFunction {
  const inputs = statement.parameters.map((parameter) => {
    if (parameter.mode !== 'in' || parameter.defaultValue !== null) {
      const what = parameter.defaultValue !== null ? 'a default of a parameter'
        : `${parameter.mode.toUpperCase()} parameters`;
      throw sqlError('0A000', `${what} of a function is not supported`, {
        span: parameter.span,
        hint: parameter.mode === 'in' ? 'Create another function with fewer parameters.'
          : 'Write RETURNS TABLE (...) for several results.',
      });
    }
    return parameter;
  });
  const argNames = inputs.map((parameter) => parameter.name?.name ?? '');
  const repeated = argNames.find((name, at) => name !== '' && argNames.indexOf(name) !== at);
  if (repeated !== undefined) {
    throw sqlError('42P13', `parameter name "${repeated}" used more than once`, {
      span: statement.span,
    });
  }
  const { shape, result, columns } = resultOf(context, statement, target.name);
  return {
    oid: 0, schema: target.schema.name, name: target.name, shape,
    language: languageOf(statement), args: inputs.map(({ type }) => typeOf(context, type)),
    argNames, result, columns,
    volatility: statement.volatility ?? (statement.aggregate ? 'immutable' : 'volatile'),
    strict: statement.strict, body: bodyOf(context, statement),
  };
}

function typeOf(context: StatementContext, type: TypeName): SqlType {
  return withoutMods(bindTypeName(type, context.planning));
}

function languageOf(statement: CreateFunction): UserFunction['language'] {
  const language = statement.language ?? (statement.returnExpr === null ? null : 'sql');
  switch (language) {
    case 'javascript': case 'js': case 'plv8': return 'javascript';
    case 'sql':
      if (!statement.aggregate) return 'sql';
      throw sqlError('0A000', 'aggregates in SQL are not supported', {
        span: statement.span, hint: 'Write LANGUAGE javascript.',
      });
    case null: throw sqlError('42P13', 'no language specified', { span: statement.span });
    default:
      throw sqlError('42704', `language "${language}" does not exist`, {
        span: statement.span, hint: 'There are javascript and sql.',
      });
  }
}

function bodyOf(context: StatementContext, statement: CreateFunction): string {
  const { body, returnExpr } = statement;
  if (body !== null) return body;
  if (returnExpr !== null) {
    return `SELECT ${context.text.slice(returnExpr.span.start, returnExpr.span.end)}`;
  }
  throw sqlError('42P13', 'no function body specified', { span: statement.span });
}

function resultOf(
  context: StatementContext, statement: CreateFunction, name: string,
): Pick<UserFunction, 'shape' | 'result' | 'columns'> {
  const { returns, returnsTable, aggregate } = statement;
  if (returnsTable.length > 0) {
    const columns = returnsTable.map((field) =>
      ({ name: field.name.name, type: typeOf(context, field.type) }));
    const [only] = columns;
    if (aggregate) throw sqlError('42P13', 'an aggregate returns one value');
    return {
      shape: 'table', columns,
      result: columns.length === 1 && only !== undefined ? only.type
        : { name: 'record', fields: columns },
    };
  }
  if (returns === null) {
    throw sqlError('42P13', 'function result type must be specified', { span: statement.span });
  }
  const result = typeOf(context, { ...returns, setof: false });
  if (returns.setof) {
    return { shape: 'table', result, columns: [{ name, type: result }] };
  }
  return { shape: aggregate ? 'aggregate' : 'scalar', result, columns: [] };
}

/** What OR REPLACE may not change; views keep the function they were made with. */
function refuseReplacement(
  context: StatementContext, old: UserFunction, made: UserFunction,
): void {
  if (old.shape !== made.shape) {
    throw sqlError('42809', 'cannot change routine kind', {
      detail: `"${old.name}" is ${old.shape === 'aggregate' ? 'an aggregate function'
        : 'a function'}.`,
    });
  }
  const columns = (of: UserFunction): string => of.columns.map(({ name, type }) =>
    `${name} ${formatType(type)}`).join();
  if (formatType(old.result) !== formatType(made.result) || columns(old) !== columns(made)) {
    throw sqlError('42P13', 'cannot change return type of existing function', {
      hint: `Use DROP ${kindWord(old)} ${signatureText(old)} first.`,
    });
  }
  const { catalog } = context.transaction;
  const kept = catalog.dependants(old.oid).find((dependant) => {
    const relation = catalog.relation(dependant.id);
    return relation !== null && relation.kind !== 'view';
  });
  const { body, volatility, strict } = old;
  const same = body === made.body && volatility === made.volatility && strict === made.strict;
  if (kept === undefined || same) return;
  throw sqlError('2BP01', `cannot replace function ${signatureText(old)} because `
    + `${catalog.relation(kept.id)?.kind === 'table' ? 'table' : 'materialized view'} `
    + `${kept.name} was made with it`, {
    hint: 'Drop what depends on it first, or create the new function under another name.',
  });
}

function kindWord(of: UserFunction): string {
  return of.shape === 'aggregate' ? 'AGGREGATE' : 'FUNCTION';
}
