/**
 * User functions in the catalog: objects of kind `function` whose data is a UserFunction.
 *
 * Several functions of a schema may share a name; their argument types tell them apart.
 */
import type { SqlType } from '../common/types/sql-type.ts';
import { sameType } from '../common/types/sql-type.ts';
import type { UserFunction } from '../planner/functions/user-function.ts';
import { userFunctionOf } from '../planner/functions/user-function.ts';
import type { StoredObject } from './catalog-store-types.ts';
import type { CatalogState } from './catalog-store.ts';

/** The function an object is, or null for other objects. */
export function functionOf(object: StoredObject): UserFunction | null {
  return object.kind === 'function' ? object.data as unknown as UserFunction : null;
}

/** The data of a function's object. */
export function functionData(of: UserFunction): StoredObject['data'] {
  return { ...of };
}

/** All user functions of a database (0: of all). */
export function allUserFunctions(
  state: CatalogState, database: number,
): readonly StoredObject[] {
  return [...state.objects.values()].filter((object) => object.kind === 'function'
    && (database === 0 || object.database === database));
}

/** The functions of a name in a schema. */
export function functionsIn(
  state: CatalogState, schemaId: number, name: string,
): readonly UserFunction[] {
  const found: UserFunction[] = [];
  for (const object of state.objects.values()) {
    if (object.name !== name || object.schemaId !== schemaId) continue;
    const of = functionOf(object);
    if (of !== null) found.push(of);
  }
  return found;
}

/** True when the functions take the same types. */
export function sameTypes(a: readonly SqlType[], b: readonly SqlType[]): boolean {
  return a.length === b.length && a.every((type, at) => {
    const other = b[at];
    return other !== undefined && sameType(type, other);
  });
}

/** The oids of user functions called anywhere in plain plan data. */
export function functionsCalledIn(plan: unknown): readonly number[] {
  const found = new Set<number>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value as readonly unknown[]) visit(item);
      return;
    }
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
    for (const [key, item] of Object.entries(value)) {
      const user = key === 'function' && typeof item === 'string' ? userFunctionOf(item) : null;
      if (user !== null) found.add(user.oid);
      visit(item);
    }
  };
  visit(plan);
  return [...found];
}
