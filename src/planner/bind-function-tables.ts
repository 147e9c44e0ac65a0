/**
 * Functions in FROM: generate_series(...), unnest(a, b) WITH ORDINALITY, ROWS FROM (...).
 *
 * They are implicitly lateral. The piece keeps its calls apart so that a join to the left becomes a
 * flatMap over it instead of a lateral join.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type {
  DerivedTable, Expr, FunctionCall, FunctionTable, FunctionTableCall,
} from '../parser/ast.ts';
import { boundArguments, functionName, tableCall } from './bind-calls.ts';
import { callSite, coerceArguments, functionChoice } from './bind-call-tools.ts';
import type { Binder } from './bind-context.ts';
import { exprBinder } from './bind-expr.ts';
import { rowFields } from './bind-fields.ts';
import { functionSchema, functionsNamed } from './bind-functions.ts';
import { INT8 } from './bind-types.ts';
import { settle } from './coerce.ts';
import { notSupported } from './errors.ts';
import { isPopulatedSet, populatedSet } from './json-records.ts';
import type { Relation, RelationColumn, ScalarExpr, TableCall } from './relation.ts';
import { NO_FACTS, Scope } from './scope.ts';
import { inlinedRows } from './sql-functions.ts';
import type { ScopeColumn, ScopeItem } from './scope.ts';
import { renameItemColumns } from './bind-tables.ts';
import type { FromContext, FromPiece } from './bind-tables.ts';

/** One row without columns. */
export const ONE_ROW: Relation = { kind: 'values', columns: [], rows: [[]] };

/** A function in FROM; `calls` is null when it is a plain value. */
export interface FunctionPiece extends FromPiece {
  readonly calls: readonly TableCall[] | null;
}

/** Binds a function in FROM; its arguments may refer to what stands to the left. */
export function bindFunctionTable(context: FromContext, table: FunctionTable): FunctionPiece {
  const { state } = context;
  const scope = new Scope(context.lateral ?? context.outer);
  const binder = exprBinder(state, { scope, withs: context.withs, clause: 'FROM' });
  const calls: TableCall[] = [];
  const rows = sqlRows(binder, table);
  if (rows !== null) {
    return {
      ...itemPiece(table, rows, rows.columns.map((column, index) => ({
        name: column.name, expr: { kind: 'column', index, type: column.type },
      }))),
      calls: null,
    };
  }
  for (const each of table.functions) {
    const call = setCalls(binder, each);
    if (call === null && table.functions.length > 1) {
      throw notSupported('a function that returns one value in ROWS FROM', each.span);
    }
    if (call === null) return valuePiece(binder, table, each);
    calls.push(...call);
  }
  return callsPiece(table, calls.map((call) => ({ ...call, ordinality: table.ordinality })));
}

/** The rows of a function in SQL; null when it is none. */
function sqlRows(binder: Binder, table: FunctionTable): Relation | null {
  const [only, more] = table.functions;
  if (only?.call.kind !== 'functionCall' || more !== undefined) return null;
  const { call } = only;
  const known = functionsNamed(binder.state, functionName(call), functionSchema(call));
  if (!known.some((entry) => entry.kind === 'table' && entry.user?.language === 'sql')) return null;
  const args = boundArguments(binder, call);
  const choice = functionChoice(callSite(binder.state, call), args, ['table']);
  const user = choice?.entry.user;
  if (choice === null || user?.language !== 'sql') return null;
  if (table.ordinality) throw notSupported('WITH ORDINALITY of a function in SQL', call.span);
  return inlinedRows(binder.state, {
    user, args: coerceArguments(binder.state, args, choice), span: call.span,
  });
}

/** The set-returning calls of one function (several for unnest of several arrays), or null. */
function setCalls(binder: Binder, table: FunctionTableCall): readonly TableCall[] | null {
  const { call } = table;
  if (call.kind !== 'functionCall') return null;
  const name = functionName(call);
  const known = functionsNamed(binder.state, name, functionSchema(call));
  if (!known.some((entry) => entry.kind === 'table')) return null;
  if (table.columns.length > 0) {
    throw sqlError('42601', 'a column definition list is only allowed for functions returning '
      + '"record"', { span: call.span });
  }
  const args = boundArguments(binder, call);
  if (name === 'unnest' && args.length > 1) {
    return args.map((arg) => callOne(binder, call, [arg]));
  }
  return [callOne(binder, call, args)];
}

function callOne(binder: Binder, call: FunctionCall, args: readonly ScalarExpr[]): TableCall {
  const name = functionName(call);
  const choice = functionChoice(callSite(binder.state, call), args, ['table']);
  if (choice === null) {
    // No set-returning overload fits: the ordinary path words the error.
    binder.within('SELECT').bind(call);
    throw notSupported(`${name} in FROM`, call.span);
  }
  return tableCall(choice, coerceArguments(binder.state, args, choice));
}

function nameOf(expr: Expr): string {
  return expr.kind === 'functionCall' ? functionName(expr)
    : expr.kind === 'sqlValueFunction' ? expr.function : 'column';
}

/** A function that returns one value: a relation of one row. */
function valuePiece(
  binder: Binder, table: FunctionTable, each: FunctionTableCall,
): FunctionPiece {
  if (each.columns.length > 0) throw notSupported('a column definition list here', each.span);
  const expr = settle(binder.state, binder.bind(each.call));
  const name = table.alias?.name.name ?? nameOf(each.call);
  const exprs: ScalarExpr[] = [expr];
  const columns: RelationColumn[] = [{ name, type: expr.type }];
  if (table.ordinality) {
    exprs.push({ kind: 'literal', value: 1n, type: INT8 });
    columns.push({ name: 'ordinality', type: INT8 });
  }
  const fields = expr.type.name === 'record' ? expr.type.fields : undefined;
  if (fields !== undefined && (expr.kind === 'record' || isPopulated(expr))) {
    exprs.splice(0, 1, ...rowFields(expr));
    columns.splice(0, 1, ...fields);
  }
  const relation: Relation = { kind: 'project', input: ONE_ROW, exprs, columns };
  return {
    ...itemPiece(table, relation, columns.map((column, index) => ({
      name: column.name, expr: { kind: 'column', index, type: column.type },
    }))),
    calls: null,
  };
}

function isPopulated(expr: ScalarExpr): boolean {
  return expr.kind === 'call' && /^jsonb?_populate_record\(/.test(expr.function);
}

/** json_populate_recordset as the query it stands for; null for any other function. */
export function populatedRows(context: FromContext, table: FunctionTable): DerivedTable | null {
  const [only, more] = table.functions;
  if (only?.call.kind !== 'functionCall' || more !== undefined || table.ordinality) return null;
  const { call } = only;
  const name = functionName(call);
  const [base] = call.args;
  if (!isPopulatedSet(name) || base === undefined || call.args.length !== 2) return null;
  const scope = new Scope(context.lateral ?? context.outer);
  const binder = exprBinder(context.state, { scope, withs: context.withs, clause: 'FROM' });
  const { fields } = binder.bind(base.value).type;
  if (fields === undefined) {
    throw sqlError('42804', `first argument of ${name} must be a row type`, { span: call.span });
  }
  return populatedSet(table, call, fields.map((field) => field.name));
}

function callsPiece(table: FunctionTable, calls: readonly TableCall[]): FunctionPiece {
  const withOrdinal = calls.map((call): TableCall => (call.ordinality
    ? { ...call, columns: [...call.columns, { name: 'ordinality', type: INT8 }] } : call));
  const columns: RelationColumn[] = withOrdinal.flatMap((call) => call.columns);
  const relation: Relation = { kind: 'flatMap', input: ONE_ROW, calls: withOrdinal, outer: false,
    columns };
  const names: ScopeColumn[] = [];
  const ordinals: ScalarExpr[] = [];
  let index = 0;
  for (const call of withOrdinal) {
    for (const [at, column] of call.columns.entries()) {
      const expr: ScalarExpr = { kind: 'column', index, type: column.type };
      index++;
      if (call.ordinality && at === call.columns.length - 1) ordinals.push(expr);
      else names.push({ name: column.name, expr });
    }
  }
  const renamed = nameAfterAlias(table, names);
  const first = ordinals[0];
  if (first !== undefined) {
    renamed.push({
      name: 'ordinality',
      expr: ordinals.length === 1 ? first : { kind: 'coalesce', args: ordinals, type: INT8 },
    });
  }
  return { ...itemPiece(table, relation, renamed), calls: withOrdinal };
}

/** The only column of a function takes the alias's name, unless the function names it itself. */
function nameAfterAlias(table: FunctionTable, names: readonly ScopeColumn[]): ScopeColumn[] {
  const only = names[0];
  const call = table.functions[0]?.call;
  if (names.length !== 1 || only === undefined || call === undefined || table.alias === null
    || only.name !== nameOf(call)) return [...names];
  return [{ ...only, name: table.alias.name.name }];
}

function itemPiece(
  table: FunctionTable, relation: Relation, columns: readonly ScopeColumn[],
): FromPiece {
  const first = must(table.functions[0], 'function');
  const name = table.alias?.name.name ?? nameOf(first.call);
  const item: ScopeItem = {
    name, schema: null, columns, tableVisible: name !== null, columnsVisible: true, key: null,
    scalar: columns.length === 1,
  };
  return {
    relation, facts: relation.columns.map(() => NO_FACTS), order: [],
    items: [{ ...item, columns: renameItemColumns(item, table.alias) }],
  };
}
