/**
 * Registry entries of user functions: made from the function's id, and remembered.
 *
 * Knows how scripts become scalar functions, table functions and aggregates. Functions in SQL have
 * an entry for the choice among overloads; they are never called under their id.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type {
  AggregateFunction, FunctionEntry, ScriptSteps, ScalarFunction, TableFunction,
} from './entry.ts';
import { scriptHost } from './script-host.ts';
import type { Script } from './script-host.ts';
import { fromScript, rowFromScript, toScript } from './script-values.ts';
import { signatureText, userFunctionId, userFunctionOf } from './user-function.ts';
import type { UserFunction } from './user-function.ts';

/** Entries remembered; beyond it all are made again as they are needed. */
const REMEMBERED_MAX = 10_000;

const BY_ID = new Map<string, FunctionEntry>();

/** The entry of a user function's id, or null when the id is none. */
export function userEntryById(id: string): FunctionEntry | null {
  const known = BY_ID.get(id);
  if (known !== undefined) return known;
  const user = userFunctionOf(id);
  if (user === null) return null;
  const entry = makeEntry(id, user);
  if (BY_ID.size >= REMEMBERED_MAX) BY_ID.clear();
  BY_ID.set(id, entry);
  return entry;
}

/** The entry of a function of the catalog. */
export function userEntry(user: UserFunction): FunctionEntry {
  const id = userFunctionId(user);
  return must(userEntryById(id), 'entry of a user function');
}

/** The script of a function. */
export function scriptOf(user: UserFunction): Script {
  const { shape, name, argNames, body } = user;
  return scriptHost().compile({ shape, name, argNames, body });
}

function makeEntry(id: string, user: UserFunction): FunctionEntry {
  const common = {
    id, name: user.name, args: user.args, variadic: false, argNames: user.argNames,
    result: user.result, doc: '', examples: [], user,
  };
  let script: Script | null = null;
  const code = (): Script => (script ??= scriptOf(user));
  switch (user.shape) {
    case 'scalar': return scalarEntry(common, user, code);
    case 'table': return tableEntry(common, user, code);
    case 'aggregate': return aggregateEntry(common, user, code);
  }
}

type Common = Pick<ScalarFunction, 'id' | 'name' | 'args' | 'variadic' | 'argNames' | 'result'
  | 'doc' | 'examples' | 'user'>;

function scriptArgs(user: UserFunction, args: readonly Value[]): ReturnType<typeof toScript>[] {
  return args.map((arg, at) => toScript(arg, must(user.args[at], 'argument type')));
}

function scalarEntry(common: Common, user: UserFunction, code: () => Script): ScalarFunction {
  const what = signatureText(user);
  return {
    ...common, kind: 'scalar', nulls: user.strict ? 'propagate' : 'called', mayBeNull: true,
    volatility: user.volatility,
    evaluate: (_context, ...args) =>
      fromScript(code().call(scriptArgs(user, args)), user.result, what),
  };
}

function tableEntry(common: Common, user: UserFunction, code: () => Script): TableFunction {
  const what = signatureText(user);
  return {
    ...common, kind: 'table', nulls: user.strict ? 'propagate' : 'called',
    volatility: user.volatility, columns: () => user.columns,
    evaluate: (_context, ...args) =>
      code().rows(scriptArgs(user, args)).map((row) => rowFromScript(row, user.columns, what)),
  };
}

function aggregateEntry(
  common: Common, user: UserFunction, code: () => Script,
): AggregateFunction {
  const what = signatureText(user);
  const steps: ScriptSteps = {
    retracts: () => code().retracts,
    fold: (state, changes) => code().fold(state, changes.map(({ args, weight }) =>
      ({ args: scriptArgs(user, args), weight }))),
    finish: (state) => fromScript(code().finish(state), user.result, what),
  };
  const finish = (rows: readonly (readonly Value[])[], _types: readonly SqlType[]): Value =>
    steps.finish(steps.fold(null, rows.map((args) => ({ args, weight: 1 }))));
  return {
    ...common, kind: 'aggregate', skipsNull: user.strict, orderSensitive: false,
    strategy: { kind: 'collect', finish, steps },
    get empty(): Value { return finish([], user.args); },
  };
}
