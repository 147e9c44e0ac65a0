/**
 * Choosing among overloads of functions and operators, by PostgreSQL's rules.
 *
 * Exact match first; then the candidates reachable by implicit casts, narrowed by exact matches,
 * preferred types, and the category rule for literals of unknown type. Polymorphic signatures are
 * resolved here as well. Knows entries only through the registry contract.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { FunctionEntry, SignatureType } from './functions/entry.ts';
import { categoryOf, isPreferred, TEXT, withoutMods } from './bind-types.ts';
import { canCoerce } from './coerce.ts';

/** A chosen overload: what each argument must become, and the type of the result. */
export interface Choice {
  readonly entry: FunctionEntry;
  /** anyelement had to be taken for text, for no argument told. */
  readonly guessed: boolean;
  readonly args: readonly SqlType[];
  readonly result: SqlType;
}

/** Why nothing was chosen. */
export type NoChoice = 'none' | 'ambiguous';

/** The error of an anyelement or anyarray call whose arguments are all of unknown type. */
export function polymorphicUnknown(span: Span): SqlError {
  return sqlError('42804',
    'could not determine polymorphic type because input has type unknown', { span });
}

interface Candidate {
  readonly entry: FunctionEntry;
  readonly types: readonly SignatureType[];
}

/** The signature's types repeated for so many arguments, or null when they do not fit. */
function expand(entry: FunctionEntry, count: number): readonly SignatureType[] | null {
  const { args } = entry;
  if (!entry.variadic) return args.length === count ? args : null;
  if (count < args.length) return null;
  const last = must(args.at(-1), 'variadic argument');
  return Array.from({ length: count }, (_unused, at) => args[at] ?? last);
}

/** True when the signature's type stands for several types. */
export function isPolymorphic(
  type: SignatureType,
): type is Exclude<SignatureType, SqlType> {
  switch (type.name) {
    case 'any': case 'anyelement': case 'anyarray': case 'anynonarray': case 'anycompatible':
    case 'anycompatiblearray': case 'anyenum': return true;
    default: return false;
  }
}

function isConcrete(type: SignatureType): type is SqlType {
  return !isPolymorphic(type);
}

/** Chooses among entries of one name. */
export function chooseOverload(
  entries: readonly FunctionEntry[], args: readonly SqlType[],
): Choice | NoChoice {
  const candidates: Candidate[] = [];
  for (const entry of entries) {
    const types = expand(entry, args.length);
    if (types !== null) candidates.push({ entry, types });
  }
  const exact = candidates.find((each) => !each.entry.variadic && each.types.every((type, at) =>
    isConcrete(type) && sameType(type, must(args[at], 'argument'))));
  const exactChoice = exact === undefined ? null : resolve(exact, args);
  if (exactChoice !== null) return exactChoice;
  const fitting = candidates.filter((each) => fits(each.types, args));
  return pick(fitting, args);
}

/**
 * Chooses an operator; one unknown side of a binary operator is first tried as the other's type.
 */
export function chooseOperator(
  entries: readonly FunctionEntry[], args: readonly SqlType[],
): Choice | NoChoice {
  const [left, right] = args;
  if (left !== undefined && right !== undefined
    && (left.name === 'unknown') !== (right.name === 'unknown')) {
    const known = left.name === 'unknown' ? right : left;
    const same = entries.find((entry) => entry.args.length === 2
      && entry.args.every((type) => isConcrete(type) && sameType(type, known)));
    if (same !== undefined) {
      return must(resolve({ entry: same, types: same.args }, args), 'operator');
    }
  }
  return chooseOverload(entries, args);
}

function pick(fitting: readonly Candidate[], args: readonly SqlType[]): Choice | NoChoice {
  if (fitting.length === 0) return 'none';
  const left = fitting.length === 1 ? fitting : narrow(fitting, args);
  if (left.length !== 1) {
    const arrays = keepBest(left, (each) => countArrays(each, args));
    if (arrays.length === 1) return resolve(must(arrays[0], 'candidate'), args) ?? 'none';
    // Several that differ in nothing the arguments tell: plain ones beat variadic ones.
    const plain = left.filter((each) => !each.entry.variadic);
    if (plain.length !== 1) return 'ambiguous';
    return resolve(must(plain[0], 'candidate'), args) ?? 'none';
  }
  return resolve(must(left[0], 'candidate'), args) ?? 'none';
}

/** For arrays, anyarray says more than anyelement. */
function countArrays(candidate: Candidate, args: readonly SqlType[]): number {
  return candidate.types.filter((type, at) => args[at]?.name === 'array'
    && (type.name === 'anyarray' || type.name === 'anycompatiblearray')).length;
}

function fits(types: readonly SignatureType[], args: readonly SqlType[]): boolean {
  const concrete = types.every((type, at) => {
    const arg = must(args[at], 'argument');
    if (type.name === 'anynonarray') return arg.name !== 'array';
    if (type.name === 'anyenum') return arg.name === 'enum' || arg.name === 'unknown';
    return isPolymorphic(type) || canCoerce(arg, type, 'implicit');
  });
  return concrete && resolveTypes(types, args) !== null;
}

// ------------------------------------------------------------------------------ narrowing rules

/** Keeps the candidates with the highest score, if any scores above zero. */
function keepBest(
  candidates: readonly Candidate[], score: (candidate: Candidate) => number,
): readonly Candidate[] {
  const scores = candidates.map(score);
  const best = Math.max(...scores);
  return candidates.filter((_unused, at) => scores[at] === best);
}

function countMatches(
  candidate: Candidate, args: readonly SqlType[],
  matches: (type: SqlType, arg: SqlType) => boolean,
): number {
  let count = 0;
  for (const [at, type] of candidate.types.entries()) {
    const arg = must(args[at], 'argument');
    if (arg.name !== 'unknown' && isConcrete(type) && matches(type, arg)) count++;
  }
  return count;
}

/** func_select_candidate. */
function narrow(candidates: readonly Candidate[], args: readonly SqlType[]): readonly Candidate[] {
  let left = keepBest(candidates, (each) => countMatches(each, args, sameType));
  if (left.length === 1) return left;
  left = keepBest(left, (each) => {
    let count = 0;
    for (const [at, type] of each.types.entries()) {
      const arg = must(args[at], 'argument');
      if (!isConcrete(type)) continue;
      if (sameType(type, arg)
        || (arg.name !== 'unknown' && categoryOf(type) === categoryOf(arg)
          && isPreferred(type))) count++;
    }
    return count;
  });
  if (left.length === 1 || !args.some((arg) => arg.name === 'unknown')) return left;
  const byCategory = narrowByCategory(left, args);
  if (byCategory !== null) left = byCategory;
  if (left.length === 1) return left;
  return narrowByKnown(left, args);
}

/** For literals: the string category if some candidate takes it, else the one all share. */
function narrowByCategory(
  candidates: readonly Candidate[], args: readonly SqlType[],
): readonly Candidate[] | null {
  const slots: (string | null)[] = [];
  const preferred: boolean[] = [];
  for (const [at, arg] of args.entries()) {
    if (arg.name !== 'unknown') {
      slots.push(null);
      preferred.push(false);
      continue;
    }
    const types = candidates.map((each) => must(each.types[at], 'signature type'));
    const categories = types.map((type) => (isConcrete(type) ? categoryOf(type) : 'P'));
    const first = categories[0] ?? 'P';
    const chosen = categories.includes('S') ? 'S'
      : categories.every((each) => each === first) ? first : null;
    if (chosen === null) return null;
    slots.push(chosen);
    preferred.push(types.some((type) => isConcrete(type) && categoryOf(type) === chosen
      && isPreferred(type)));
  }
  const kept = candidates.filter((each) => each.types.every((type, at) => {
    const slot = slots[at] ?? null;
    if (slot === null) return true;
    if (!isConcrete(type)) return slot === 'P';
    if (categoryOf(type) !== slot) return false;
    return preferred[at] !== true || isPreferred(type);
  }));
  return kept.length === 0 ? null : kept;
}

/** When all known arguments have one type: the candidate that takes it everywhere. */
function narrowByKnown(
  candidates: readonly Candidate[], args: readonly SqlType[],
): readonly Candidate[] {
  const known = args.filter((arg) => arg.name !== 'unknown');
  const first = known[0];
  if (first === undefined || !known.every((arg) => sameType(arg, first))) return candidates;
  const alike = args.map(() => first);
  const kept = candidates.filter((each) => fits(each.types, alike));
  return kept.length === 1 ? kept : candidates;
}

// --------------------------------------------------------------------------- polymorphic types

function resolve(candidate: Candidate, args: readonly SqlType[]): Choice | null {
  const solved = resolveTypes(candidate.types, args);
  if (solved === null) return null;
  return {
    entry: candidate.entry, args: solved.args, result: solved.of(candidate.entry.result),
    guessed: isGuess(candidate.types, args),
  };
}

/** True when there are anyelement or anyarray arguments and all of them are of unknown type. */
function isGuess(types: readonly SignatureType[], args: readonly SqlType[]): boolean {
  const given = types.flatMap((type, at) =>
    (type.name === 'anyelement' || type.name === 'anyarray' ? [args[at]?.name ?? 'unknown'] : []));
  return given.length > 0 && given.every((name) => name === 'unknown');
}

interface Solved {
  readonly args: readonly SqlType[];
  readonly of: (type: SignatureType) => SqlType;
}

function resolveTypes(types: readonly SignatureType[], args: readonly SqlType[]): Solved | null {
  const exact = solveElement(types, args);
  const compatible = solveCompatible(types, args);
  if (exact === null || compatible === null) return null;
  const of = (type: SignatureType): SqlType => {
    switch (type.name) {
      case 'anyelement': case 'anyenum': return exact;
      case 'anyarray': return { name: 'array', element: exact };
      case 'anycompatible': return compatible;
      case 'anycompatiblearray': return { name: 'array', element: compatible };
      case 'any': case 'anynonarray': return TEXT;
      default: return type;
    }
  };
  return {
    of,
    args: types.map((type, at) => {
      const arg = must(args[at], 'argument');
      if (type.name === 'any' || type.name === 'anynonarray') {
        return arg.name === 'unknown' ? TEXT : arg;
      }
      return of(type);
    }),
  };
}

/** The element type all anyelement and anyarray arguments agree on; null when they do not. */
function solveElement(
  types: readonly SignatureType[], args: readonly SqlType[],
): SqlType | null {
  let element: SqlType | null = null;
  for (const [at, type] of types.entries()) {
    if (type.name !== 'anyelement' && type.name !== 'anyarray' && type.name !== 'anyenum') continue;
    const arg = must(args[at], 'argument');
    if (arg.name === 'unknown') continue;
    const found = type.name === 'anyarray' ? elementOf(arg) : withoutMods(arg);
    if (found === null || (type.name === 'anyenum' && found.name !== 'enum')) return null;
    if (element !== null && !sameType(element, found)) return null;
    element ??= found;
  }
  return element ?? TEXT;
}

/** The common type of anycompatible and anycompatiblearray arguments. */
function solveCompatible(
  types: readonly SignatureType[], args: readonly SqlType[],
): SqlType | null {
  let common: SqlType | null = null;
  for (const [at, type] of types.entries()) {
    if (type.name !== 'anycompatible' && type.name !== 'anycompatiblearray') continue;
    const arg = must(args[at], 'argument');
    if (arg.name === 'unknown') continue;
    const found = type.name === 'anycompatible' ? withoutMods(arg) : elementOf(arg);
    if (found === null) return null;
    const next: SqlType | null = common === null ? found : widen(common, found);
    if (next === null) return null;
    common = next;
  }
  return common ?? TEXT;
}

function elementOf(type: SqlType): SqlType | null {
  if (type.name === 'int2vector') return { name: 'int2' };
  if (type.name === 'oidvector') return { name: 'oid' };
  return type.name === 'array' && type.element !== undefined ? withoutMods(type.element) : null;
}

/** The one of two types that the other becomes implicitly. */
function widen(a: SqlType, b: SqlType): SqlType | null {
  if (sameType(a, b)) return a;
  if (categoryOf(a) !== categoryOf(b)) return null;
  if (!isPreferred(a) && canCoerce(a, b, 'implicit')) return b;
  if (canCoerce(b, a, 'implicit')) return a;
  return canCoerce(a, b, 'implicit') ? b : null;
}

