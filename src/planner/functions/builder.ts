/**
 * Makes registry entries from signature text such as `lower(text) -> text`.
 *
 * Relies on the entry contract alone. Types are canonical names (int4, timestamptz, text[]),
 * polymorphic names (anyelement, anyarray, any, ...), `variadic` before the last argument and
 * `setof` before the result of a table function. Knows nothing of any single function.
 */
import { assert, must } from '../../common/assert.ts';
import type { SqlType, TypeName } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type {
  AggregateFunction, AggregateStrategy, EvaluationContext, ScalarEvaluator, ScalarFunction,
  SignatureType, TableFunction, WindowFunction,
} from './entry.ts';

/** SQL expression and the text of its value (null: SQL NULL). */
export type Examples = readonly (readonly [string, string | null])[];

interface CommonSpec {
  readonly signature: string;
  readonly doc: string;
  readonly examples: Examples;
}

/** What `scalar` takes; exactly one of `evaluate`, `evaluateIn` and `specialize`. */
export interface ScalarSpec extends CommonSpec {
  /** Default: `propagate`. */
  readonly nulls?: 'propagate' | 'called';
  /** Default: `immutable`. */
  readonly volatility?: 'immutable' | 'stable' | 'volatile';
  /** Default: true. */
  readonly mayBeNull?: boolean;
  /** Over the arguments alone. */
  readonly evaluate?: (...args: never[]) => Value;
  /** Over the context and the arguments. */
  readonly evaluateIn?: (context: EvaluationContext, ...args: never[]) => Value;
  /** For polymorphic functions whose code depends on the types of the call. */
  readonly specialize?: (args: readonly SqlType[], result: SqlType) =>
    (context: EvaluationContext, ...args: never[]) => Value;
  readonly inline?: (...args: string[]) => string;
  /** Names for `name => value` notation. */
  readonly argNames?: readonly string[];
}

interface ParsedSignature {
  readonly id: string;
  readonly name: string;
  readonly args: readonly SignatureType[];
  readonly variadic: boolean;
  readonly result: SignatureType;
}

const TYPE_NAMES: ReadonlySet<string> = new Set<TypeName>([
  'boolean', 'int2', 'int4', 'int8', 'numeric', 'float4', 'float8',
  'text', 'varchar', 'bpchar', 'name', 'char', 'bytea',
  'date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'uuid', 'json', 'jsonb',
  'jsonpath', 'bit', 'varbit',
  'oid', 'regclass', 'regtype', 'regproc', 'regprocedure', 'regoper', 'regoperator',
  'regnamespace', 'regrole', 'xid', 'tid', 'int2vector', 'oidvector', 'void', 'unknown',
  'cid', 'xid8', 'pg_lsn', 'inet', 'aclitem', 'pg_node_tree', 'regcollation', 'regconfig',
  'regdictionary',
  'array', 'record',
]);
const POLYMORPHIC: ReadonlySet<string> = new Set([
  'anyelement', 'anyarray', 'any', 'anynonarray', 'anycompatible', 'anycompatiblearray',
  'anyenum',
]);

function isTypeName(name: string): name is TypeName {
  return TYPE_NAMES.has(name);
}

function isPolymorphic(
  name: string,
): name is 'anyelement' | 'anyarray' | 'any' | 'anynonarray' | 'anycompatible'
  | 'anycompatiblearray' | 'anyenum' {
  return POLYMORPHIC.has(name);
}

/** A concrete type of canonical name, `text[]` included. */
export function typeNamed(text: string): SqlType {
  if (text.endsWith('[]')) return { name: 'array', element: typeNamed(text.slice(0, -2)) };
  assert(isTypeName(text), `unknown type in a signature: ${text}`);
  return { name: text };
}

function signatureType(text: string): SignatureType {
  return isPolymorphic(text) ? { name: text } : typeNamed(text);
}

/** The name a signature type has in ids. */
export function signatureTypeName(type: SignatureType): string {
  if (type.name === 'array' && 'element' in type && type.element !== undefined) {
    return `${signatureTypeName(type.element)}[]`;
  }
  return type.name;
}

const SIGNATURE = /^(\S+?)\(([^()]*)\) -> (setof )?(\S+)$/;

function parseSignature(text: string): ParsedSignature {
  const match = must(SIGNATURE.exec(text), `malformed signature: ${text}`);
  const name = must(match[1], 'name');
  const list = must(match[2], 'arguments').split(',').map((arg) => arg.trim())
    .filter((arg) => arg !== '');
  const last = list.at(-1) ?? '';
  const variadic = last.startsWith('variadic ');
  if (variadic) list[list.length - 1] = last.slice('variadic '.length);
  const args = list.map(signatureType);
  const names = args.map(signatureTypeName);
  if (variadic) names[names.length - 1] = `variadic ${names.at(-1) ?? ''}`;
  const result = signatureType(must(match[4], 'result'));
  return { id: `${name}(${names.join(',')})`, name, args, variadic, result };
}

/** Calls code that takes specific kinds of values; the binder has seen to the types. */
function asEvaluator(
  code: (context: EvaluationContext, ...args: never[]) => Value,
): ScalarEvaluator {
  return code as unknown as ScalarEvaluator;
}

/** An entry of a scalar function or operator. */
export function scalar(spec: ScalarSpec): ScalarFunction {
  const parsed = parseSignature(spec.signature);
  const { evaluate, evaluateIn, specialize } = spec;
  const common = {
    kind: 'scalar' as const, ...parsed, doc: spec.doc, examples: spec.examples,
    nulls: spec.nulls ?? 'propagate', volatility: spec.volatility ?? 'immutable',
    mayBeNull: spec.mayBeNull ?? true,
    ...(spec.inline === undefined ? {} : { inline: spec.inline }),
    ...(spec.argNames === undefined ? {} : { argNames: spec.argNames }),
  };
  if (specialize !== undefined) {
    return {
      ...common,
      evaluate: () => {
        throw new Error(`${parsed.id} depends on its argument types: use evaluatorOf`);
      },
      specialize: (args, result) => asEvaluator(specialize(args, result)),
    };
  }
  if (evaluateIn !== undefined) return { ...common, evaluate: asEvaluator(evaluateIn) };
  const plain = must(evaluate, `${parsed.id} has no code`) as unknown as
    (...args: Value[]) => Value;
  return { ...common, evaluate: withoutContext(plain, parsed.variadic ? -1 : parsed.args.length) };
}

/** Drops the context; the usual arities without a rest array. */
function withoutContext(code: (...args: Value[]) => Value, arity: number): ScalarEvaluator {
  switch (arity) {
    case 0: return () => code();
    case 1: return (_context, a) => code(a as Value);
    case 2: return (_context, a, b) => code(a as Value, b as Value);
    case 3: return (_context, a, b, c) => code(a as Value, b as Value, c as Value);
    default: return (_context, ...args) => code(...args);
  }
}

/** What `aggregate` takes. */
export interface AggregateSpec extends CommonSpec {
  readonly strategy: AggregateStrategy;
  /** Default: NULL. */
  readonly empty?: Value;
  /** Default: true. */
  readonly skipsNull?: boolean;
  /** Default: false. */
  readonly orderSensitive?: boolean;
  /** Ordered-set aggregates: how many arguments stand before WITHIN GROUP. */
  readonly directArgs?: number;
  /** When the signature alone is not unique (first_value is a window function as well). */
  readonly id?: string;
}

/** An entry of an aggregate function. */
export function aggregate(spec: AggregateSpec): AggregateFunction {
  const parsed = parseSignature(spec.signature);
  return {
    kind: 'aggregate', ...parsed, id: spec.id ?? parsed.id, doc: spec.doc,
    examples: spec.examples,
    strategy: spec.strategy, empty: spec.empty ?? null, skipsNull: spec.skipsNull ?? true,
    orderSensitive: spec.orderSensitive ?? false,
    ...(spec.directArgs === undefined ? {} : { directArgs: spec.directArgs }),
  };
}

/** What `table` takes. */
export interface TableSpec extends CommonSpec {
  readonly columns: TableFunction['columns'];
  /** Default: `propagate` (no rows when an argument is NULL). */
  readonly nulls?: 'propagate' | 'called';
  readonly volatility?: 'immutable' | 'stable' | 'volatile';
  readonly evaluate: (...args: never[]) => Iterable<readonly Value[]>;
  /** Default: false; true when `evaluate` wants the context first. */
  readonly inContext?: boolean;
}

/** An entry of a set-returning function. */
export function table(spec: TableSpec): TableFunction {
  const code = spec.evaluate as unknown as (...args: unknown[]) => Iterable<readonly Value[]>;
  return {
    kind: 'table', ...parseSignature(spec.signature), doc: spec.doc, examples: spec.examples,
    columns: spec.columns, nulls: spec.nulls ?? 'propagate',
    volatility: spec.volatility ?? 'immutable',
    evaluate: spec.inContext === true
      ? (context, ...args) => code(context, ...args)
      : (_context, ...args) => code(...args),
  };
}

/** An entry of a window function. */
export function windowFunction(
  spec: CommonSpec & { readonly code: WindowFunction['code'] },
): WindowFunction {
  return {
    kind: 'window', ...parseSignature(spec.signature), doc: spec.doc, examples: spec.examples,
    code: spec.code,
  };
}
