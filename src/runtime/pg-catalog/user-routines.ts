/**
 * User functions as the catalogs list them, beside the numbered functions of the registry.
 */
import { formatType } from '../../common/types/registry.ts';
import { sqlArray } from '../../common/values.ts';
import { userEntry } from '../../planner/functions/user-entries.ts';
import type { UserFunction } from '../../planner/functions/user-function.ts';
import { allUserFunctions, functionOf } from '../catalog-functions.ts';
import type { SystemContext } from '../engine-core-types.ts';
import { aclOf } from './acl.ts';
import type { CatalogRow } from './content.ts';
import { quoteName } from './definitions.ts';
import { roleOids } from './oids.ts';
import { procByOid, procedures } from './procedures.ts';
import type { Procedure } from './procedures.ts';

const SQL_LANGUAGE = 14;
/** pg_language's oid of javascript. */
export const JAVASCRIPT_LANGUAGE = 15;

/** A user function as a procedure. */
export function userProcedures(context: SystemContext): readonly Procedure[] {
  return allUserFunctions(context.catalog, context.database).flatMap((object) => {
    const of = functionOf(object);
    return of === null ? [] : [{ oid: of.oid, name: of.name, entry: userEntry(of) }];
  });
}

/** All functions a session sees: those of users first. */
export function proceduresHere(context: SystemContext): readonly Procedure[] {
  const users = userProcedures(context);
  return users.length === 0 ? procedures() : [...users, ...procedures()];
}

/** A function or operator by its oid, or null. */
export function procedureOf(context: SystemContext, oid: number): Procedure | null {
  const known = procByOid(oid);
  if (known !== null) return known;
  const object = context.catalog.objects.get(oid);
  const of = object === undefined ? null : functionOf(object);
  return of === null ? null : { oid, name: of.name, entry: userEntry(of) };
}

/** What pg_proc knows of user functions beyond what their entries tell. */
export function userProcRows(
  context: SystemContext, row: (procedure: Procedure) => CatalogRow,
): readonly CatalogRow[] {
  const owner = roleOids(context);
  return userProcedures(context).map((procedure) => {
    const { user } = procedure.entry ?? {};
    const object = context.catalog.objects.get(procedure.oid);
    if (user === undefined || object === undefined) return row(procedure);
    return {
      ...row(procedure), pronamespace: object.schemaId, proowner: owner(object.owner),
      proparallel: 'u',
      proacl: aclOf(context, { id: object.id, owner: object.owner, kind: 'function',
        system: false }),
      prolang: user.language === 'sql' ? SQL_LANGUAGE : JAVASCRIPT_LANGUAGE, prosrc: user.body,
      proargnames: user.argNames.some((name) => name !== '') ? sqlArray(user.argNames) : null,
    };
  });
}

/** `x integer, y text` */
export function userArguments(of: UserFunction): string {
  return of.args.map((type, at) => {
    const name = of.argNames[at] ?? '';
    return name === '' ? formatType(type) : `${quoteName(name)} ${formatType(type)}`;
  }).join(', ');
}

/** `TABLE(i integer)`, `SETOF text`, `integer` */
export function userResult(of: UserFunction): string {
  if (of.shape !== 'table') return formatType(of.result);
  const [only] = of.columns;
  if (of.columns.length === 1 && only?.name === of.name) return `SETOF ${formatType(only.type)}`;
  return `TABLE(${of.columns.map(({ name, type }) => `${quoteName(name)} ${formatType(type)}`)
    .join(', ')})`;
}

/** The statement that makes the function. */
export function userDefinition(of: UserFunction): string {
  const mark = of.body.includes('$function$') ? '$javascript$' : '$function$';
  const facts = of.shape === 'aggregate' ? [] : [of.volatility.toUpperCase()];
  if (of.strict) facts.push('STRICT');
  return `CREATE OR REPLACE ${of.shape === 'aggregate' ? 'AGGREGATE' : 'FUNCTION'} `
    + `${quoteName(of.schema)}.${quoteName(of.name)}(${userArguments(of)})\n`
    + ` RETURNS ${userResult(of)}\n LANGUAGE ${of.language}\n`
    + `${facts.length === 0 ? '' : ` ${facts.join(' ')}\n`}AS ${mark}${of.body}${mark}\n`;
}
