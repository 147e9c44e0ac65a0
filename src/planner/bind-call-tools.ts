/**
 * Building calls: an operator or function by name over bound arguments, coerced and typed.
 *
 * Chooses the overload, coerces the arguments and makes the node; errors are 42883 and 42725 in
 * PostgreSQL's words. Aggregates and other kinds of functions are for bind-calls.ts.
 */
import { must } from '../common/assert.ts';
import type { Span } from '../common/span.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { FunctionCall } from '../parser/ast.ts';
import type { StatementState } from './bind-context.ts';
import { functionSchema, functionsNamed, noteFunction } from './bind-functions.ts';
import { typeText } from './bind-types.ts';
import { coerce } from './coerce.ts';
import { functionAmbiguous, functionNotFound, operatorAmbiguous, operatorNotFound }
  from './errors.ts';
import type { FunctionEntry } from './functions/entry.ts';
import { functionsByName } from './functions/registry.ts';
import { chooseOperator, chooseOverload, polymorphicUnknown } from './overload.ts';
import type { Choice } from './overload.ts';
import type { ScalarExpr } from './relation.ts';

/** A call's name and place, for errors. */
export interface CallSite {
  readonly name: string;
  readonly span: Span;
  /** Set for calls that users write: those may mean user functions. */
  readonly state?: StatementState;
  /** The schema written before the name. */
  readonly schema?: string | null;
}

/** The site of a call as written. */
export function callSite(state: StatementState, expr: FunctionCall): CallSite {
  const name = must(expr.name.parts.at(-1), 'function name').name;
  return { name, span: expr.span, state, schema: functionSchema(expr) };
}

/** The arguments coerced to what the overload takes. */
export function coerceArguments(
  state: StatementState, args: readonly ScalarExpr[], choice: Choice,
): readonly ScalarExpr[] {
  return args.map((arg, at) => {
    const type = must(choice.args[at], 'argument type');
    if (sameType(arg.type, type) && arg.type.name !== 'record') return arg;
    return arg.type.name === 'record' && type.fields === undefined ? arg
      : coerce(state, arg, type, 'implicit');
  });
}

/** `f(integer, unknown)` */
export function callText(name: string, args: readonly ScalarExpr[]): string {
  return `${name}(${args.map((arg) => typeText(arg.type)).join(', ')})`;
}

/** `integer + unknown` or `- text` */
function operatorText(name: string, args: readonly ScalarExpr[]): string {
  const [left, right] = args.map((arg) => typeText(arg.type));
  return right === undefined ? `${name} ${left ?? ''}` : `${left ?? ''} ${name} ${right}`;
}

/** Chooses an operator for bound operands. */
export function operatorChoice(site: CallSite, args: readonly ScalarExpr[]): Choice {
  const entries = functionsByName(site.name).filter((entry) => entry.kind === 'scalar');
  const choice = chooseOperator(entries, args.map((arg) => arg.type));
  if (choice === 'none') {
    throw operatorNotFound(operatorText(site.name, args), site.span, args.length === 1);
  }
  if (choice === 'ambiguous') throw operatorAmbiguous(operatorText(site.name, args), site.span);
  return choice;
}

/** A prefix or binary operator over bound operands. */
export function operatorCall(
  state: StatementState, site: CallSite, args: readonly ScalarExpr[],
): ScalarExpr {
  const choice = operatorChoice(site, args);
  return state.note(callOf(state, choice, args), site.span);
}

/** The call node of a chosen overload. */
export function callOf(
  state: StatementState, choice: Choice, args: readonly ScalarExpr[],
): ScalarExpr {
  return {
    kind: 'call', function: choice.entry.id, args: coerceArguments(state, args, choice),
    type: choice.result,
  };
}

/** Chooses a function of some kinds for bound arguments; null when the name is unknown. */
export function functionChoice(
  site: CallSite, args: readonly ScalarExpr[], kinds: readonly FunctionEntry['kind'][],
): Choice | null {
  const known = site.state === undefined ? functionsByName(site.name)
    : functionsNamed(site.state, site.name, site.schema);
  const entries = known.filter((entry) => kinds.includes(entry.kind));
  if (entries.length === 0) return null;
  const choice = chooseOverload(entries, args.map((arg) => arg.type));
  if (choice === 'ambiguous') throw functionAmbiguous(callText(site.name, args), site.span);
  if (choice === 'none') return null;
  if (choice.guessed && !GUESSES_TEXT.has(site.name)) throw polymorphicUnknown(site.span);
  if (site.state !== undefined) noteFunction(site.state, choice.entry, site.span);
  return choice;
}

/** PostgreSQL has these for text itself, not as polymorphic functions. */
const GUESSES_TEXT = new Set(['min', 'max', 'min_by', 'max_by', 'arg_min', 'arg_max',
  'any_value', 'first', 'last', 'greatest', 'least', 'quote_nullable', 'quote_literal']);

/** A scalar function over bound arguments, or 42883. */
export function scalarCall(
  state: StatementState, site: CallSite, args: readonly ScalarExpr[],
): ScalarExpr {
  const choice = functionChoice(site, args, ['scalar']);
  if (choice === null) throw functionNotFound(callText(site.name, args), site.span);
  return state.note(callOf(state, choice, args), site.span);
}

/** An equality over operands already of one type. */
export function equality(
  state: StatementState, left: ScalarExpr, right: ScalarExpr, span: Span,
): ScalarExpr {
  return operatorCall(state, { name: '=', span }, [left, right]);
}

