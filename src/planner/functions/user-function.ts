/**
 * CONTRACT. A function made by CREATE FUNCTION or CREATE AGGREGATE, as the catalog holds it.
 *
 * Plain data. Dataflows carry the whole of it in the id of the function, so that a plan means the
 * same for ever, whatever becomes of the catalog: see `userFunctionId`.
 */
import { formatType } from '../../common/types/registry.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { decodePlan, encodePlan } from '../dataflow-json.ts';

/** A column of RETURNS TABLE. */
export interface UserColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** A function with everything there is to know about it. */
export interface UserFunction {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly shape: 'scalar' | 'table' | 'aggregate';
  readonly language: 'javascript' | 'sql';
  readonly args: readonly SqlType[];
  /** '' for arguments without a name. */
  readonly argNames: readonly string[];
  readonly result: SqlType;
  /** What a table function gives; one column named like the function for RETURNS SETOF. */
  readonly columns: readonly UserColumn[];
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  /** NULL for a NULL argument, without a call. */
  readonly strict: boolean;
  /** The text behind AS; for RETURN expr `SELECT expr`. */
  readonly body: string;
}

/** `f(integer, text)`, as messages call it. */
export function signatureText(of: Pick<UserFunction, 'name' | 'args'>): string {
  return `${of.name}(${of.args.map(formatType).join(', ')})`;
}

/** The id under which plans call the function; all of it is in there. */
export function userFunctionId(of: UserFunction): string {
  return `${signatureText(of)} ${encodePlan(of)}`;
}

/** The function of an id, or null when the id is no user function's. */
export function userFunctionOf(id: string): UserFunction | null {
  const at = id.indexOf(') {');
  return at < 0 ? null : decodePlan(id.slice(at + 2)) as UserFunction;
}
