/**
 * Registry entries of user functions: made from the function's id, and remembered.
 *
 * Knows how scripts become scalar functions, table functions and aggregates. Functions in SQL have
 * an entry for the choice among overloads; they are never called under their id.
 */
import { must } from '../../common/assert.ts';
import { ByteReader, ByteWriter } from '../../common/bytes.ts';
import { SqlError, sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { decodePlan, encodePlan } from '../dataflow-json.ts';
import type {
  AggregateFunction, FunctionEntry, ScalarFunction, Summary, SummaryMaker, TableFunction,
} from './entry.ts';
import { scriptHost } from './script-host.ts';
import type { Script, ScriptChange } from './script-host.ts';
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
  const { shape, name, argNames, body, language } = user;
  if (language === 'sql') {
    throw sqlError('0A000', `function ${signatureText(user)} in SQL cannot be called here`, {
      hint: 'Write its expression inline, or the function in JavaScript.',
    });
  }
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
  const load = (state: string | null): ScriptSummary => new ScriptSummary(user, what, {
    state, script: code, changes: [],
  });
  const summary: SummaryMaker = {
    retracts: () => code().retracts, make: () => load(null),
    load: (bytes) => {
      const from = new ByteReader(bytes);
      const state = from.string();
      const changes = decodePlan(from.string()) as ScriptChange[];
      return new ScriptSummary(user, what, {
        state: state === '' ? null : state, script: code, changes,
      });
    },
  };
  const finish = (rows: readonly (readonly Value[])[], _types: readonly SqlType[]): Value => {
    const made = load(null);
    for (const row of rows) made.add(row, 1);
    return made.result();
  };
  return {
    ...common, kind: 'aggregate', skipsNull: user.strict, orderSensitive: false,
    strategy: { kind: 'collect', finish, summary },
    get empty(): Value { return finish([], user.args); },
  };
}

/** The state of an aggregate in JavaScript: text, and the changes not handed over yet. */
class ScriptSummary implements Summary {
  readonly #user: UserFunction;
  readonly #what: string;
  readonly #script: () => Script;
  #state: string | null;
  #changes: ScriptChange[] = [];

  constructor(
    user: UserFunction, what: string,
    from: { readonly state: string | null; readonly script: () => Script;
      readonly changes: readonly ScriptChange[] },
  ) {
    this.#user = user;
    this.#what = what;
    this.#script = from.script;
    this.#state = from.state;
    this.#changes = [...from.changes];
  }

  add(args: readonly Value[], weight: number): void {
    this.#changes.push({ args: scriptArgs(this.#user, args), weight });
  }

  #folded(): string {
    if (this.#state !== null && this.#changes.length === 0) return this.#state;
    // A row that came and went is not shown; others come before any goes.
    const changes = cancelled(this.#changes)
      .toSorted((a, b) => Math.sign(b.weight) - Math.sign(a.weight));
    this.#state = this.#script().fold(this.#state, changes);
    this.#changes = [];
    return this.#state;
  }

  result(): Value {
    return fromScript(this.#script().finish(this.#folded()), this.#user.result, this.#what);
  }

  /** Changes that the script fails on are kept with the state: the row at fault may go again. */
  save(): Uint8Array {
    const to = new ByteWriter();
    try {
      to.string(this.#folded());
      to.string('[]');
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      to.string(this.#state ?? '');
      to.string(encodePlan(cancelled(this.#changes)));
    }
    return to.finish();
  }
}

/** Changes without those that take each other back. */
function cancelled(changes: readonly ScriptChange[]): readonly ScriptChange[] {
  if (changes.every(({ weight }) => weight > 0)) return changes;
  const totals = new Map<string, ScriptChange>();
  for (const change of changes) {
    const key = encodePlan(change.args);
    const known = totals.get(key);
    totals.set(key, { args: change.args, weight: (known?.weight ?? 0) + change.weight });
  }
  return [...totals.values()].filter(({ weight }) => weight !== 0);
}
