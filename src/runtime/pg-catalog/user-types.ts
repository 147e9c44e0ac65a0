/**
 * Enums, composites and domains in the catalogs: pg_type, pg_enum, checks of domains, and names.
 *
 * A composite's oid is that of its pg_class row as well; checks have oids made from the domain's.
 */
import { must } from '../../common/assert.ts';
import { catalogTypeOid, formatType, typeOid, typmodOf } from '../../common/types/registry.ts';
import { arrayOf } from '../../common/types/sql-type.ts';
import type { DomainCheck, DomainType, SqlType } from '../../common/types/sql-type.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import { namedPart, typeIn, typeKind, typesHere, userTypeOf } from '../catalog-types.ts';
import type { StoredObject } from '../catalog-store-types.ts';
import type { SystemContext } from '../engine-core-types.ts';
import type { CatalogRow } from './content.ts';
import { conditionText, defaultValueText } from './expression-text.ts';
import { procOidByName } from './procedures.ts';
import { typeFact } from './types.ts';

/** A type with its object. */
export interface ListedType {
  readonly object: StoredObject;
  readonly type: SqlType;
}

/** The types users made in the session's database. */
export function userTypes(context: SystemContext): readonly ListedType[] {
  return typesHere(context.catalog, context.database).map((object) =>
    ({ object, type: must(userTypeOf(object), 'type') }));
}

/** The type, or array of a type, with an oid. */
export function userTypeByOid(context: SystemContext, oid: number): SqlType | null {
  for (const object of context.catalog.objects.values()) {
    const type = userTypeOf(object);
    if (type === null) continue;
    if (object.id === oid) return type;
    if (namedPart(type)?.arrayOid === oid) return arrayOf(type);
  }
  return null;
}

/** The oid of a type's name as written, arrays included, or null. */
export function userTypeOidOf(
  context: SystemContext, parts: readonly string[], schemas: readonly number[],
): number | null {
  const last = parts.at(-1) ?? '';
  const isArray = last.endsWith('[]') || last.startsWith('_');
  const name = last.endsWith('[]') ? last.slice(0, -2) : last;
  const schema = parts.at(-2);
  const where = schema === undefined ? schemas
    : [context.catalog.schemaByName(context.database, schema)?.id ?? 0];
  for (const each of where) {
    const type = typeIn(context.catalog, each, name);
    if (type !== null) return catalogTypeOid(last.endsWith('[]') ? arrayOf(type) : type);
    const element = isArray ? typeIn(context.catalog, each, name.slice(1)) : null;
    if (element !== null) return catalogTypeOid(arrayOf(element));
  }
  return null;
}

const LETTERS = { enum: 'e', composite: 'c', domain: 'd' } as const;
const INPUTS = { enum: 'enum', composite: 'record', domain: 'domain' } as const;

function proc(name: string): number {
  return procOidByName(name);
}

/** DEFAULT of a domain as SQL, or null. */
export function domainDefaultText({ defaultExpr }: DomainType): string | null {
  return defaultExpr === null ? null : defaultValueText(defaultExpr as ScalarExpr, () => '');
}

/** The rows of pg_type for a type and its array. */
export function userTypeRows(
  context: SystemContext, owner: (name: string) => number,
): CatalogRow[] {
  return userTypes(context).flatMap(({ object, type }) => {
    const kind = typeKind(type);
    const named = must(namedPart(type), 'named type');
    const fact = kind === 'domain' ? typeFact(typeOid(type)) : null;
    const output = fact === null ? INPUTS[kind] : fact.input.replace(/_?in$/, '');
    const below = kind === 'domain' ? belowOf(object, type) : 0;
    const shared = {
      typnamespace: object.schemaId, typowner: owner(object.owner), typisdefined: true,
      typispreferred: false, typdelim: ',', typcollation: fact?.collation ?? 0, typndims: 0,
    };
    const base: CatalogRow = {
      ...shared, oid: object.id, typname: named.name,
      typlen: kind === 'enum' ? 4 : fact?.length ?? -1,
      typbyval: kind === 'enum' || (fact?.byValue ?? false), typtype: LETTERS[kind],
      typcategory: kind === 'enum' ? 'E' : kind === 'composite' ? 'C' : fact?.category ?? 'U',
      typrelid: kind === 'composite' ? object.id : 0, typsubscript: 0, typelem: 0,
      typarray: named.arrayOid, typinput: proc(`${INPUTS[kind]}_in`),
      typoutput: proc(fact === null ? `${output}_out` : fact.input.replace(/in$/, 'out')),
      typreceive: proc(`${INPUTS[kind]}_recv`),
      typsend: proc(fact === null ? `${output}_send` : fact.receive.replace(/recv$/, 'send')),
      typmodin: 0, typmodout: 0, typanalyze: 0, typalign: kind === 'composite' ? 'd'
        : fact?.align ?? 'i',
      typstorage: kind === 'enum' ? 'p' : fact?.storage ?? 'x',
      typnotnull: type.domain?.notNull ?? false, typbasetype: below,
      typtypmod: kind === 'domain' ? typmodOf(type) : -1,
      typdefault: type.domain === undefined ? null : domainDefaultText(type.domain),
    };
    const array: CatalogRow = {
      ...shared, oid: named.arrayOid, typname: `_${named.name}`.slice(0, 63), typlen: -1,
      typbyval: false, typtype: 'b', typcategory: 'A', typrelid: 0,
      typsubscript: proc('array_subscript_handler'), typelem: object.id, typarray: 0,
      typinput: proc('array_in'), typoutput: proc('array_out'), typreceive: proc('array_recv'),
      typsend: proc('array_send'), typmodin: 0, typmodout: 0, typanalyze: proc('array_typanalyze'),
      typalign: base['typalign'] === 'd' ? 'd' : 'i', typstorage: 'x', typnotnull: false,
      typbasetype: 0, typtypmod: -1,
    };
    return [base, array];
  });
}

/** What a domain is made of: another domain, or a type. */
function belowOf(object: StoredObject, type: SqlType): number {
  const over = object.data['over'];
  return typeof over === 'number' ? over : typeOid(type);
}

/** Rows of pg_enum. */
export function* enumRows(context: SystemContext): Generator<CatalogRow, void> {
  for (const { object, type } of userTypes(context)) {
    if (type.domain !== undefined) continue;
    for (const { oid, label, place } of type.user?.labels ?? []) {
      yield { oid, enumtypid: object.id, enumsortorder: place, enumlabel: label };
    }
  }
}

/** A check of a domain, as the catalogs list it. */
export interface ListedCheck {
  readonly oid: number;
  readonly object: StoredObject;
  readonly check: DomainCheck;
}

/** The checks that domains say themselves. */
export function domainChecks(context: SystemContext): readonly ListedCheck[] {
  return userTypes(context).flatMap(({ object, type }) =>
    (type.domain?.checks ?? []).filter(({ of }) => of === object.id).map((check, at) =>
      ({ oid: (0x60000000 + object.id * 64 + at) >>> 0, object, check })));
}

/** CHECK ((VALUE > 0)); pretty: CHECK (VALUE > 0) */
export function domainCheckText({ expr }: DomainCheck, pretty: boolean): string {
  return `CHECK (${conditionText(expr as ScalarExpr, { names: () => 'VALUE', pretty })})`;
}

/** Rows of pg_constraint for the checks of domains. */
export function* domainConstraintRows(context: SystemContext): Generator<CatalogRow, void> {
  for (const { oid, object, check } of domainChecks(context)) {
    yield {
      oid, conname: check.name, connamespace: object.schemaId, contype: 'c', convalidated: true,
      contypid: object.id, conislocal: true, confupdtype: ' ', confdeltype: ' ',
      confmatchtype: ' ', conbin: check.name,
    };
  }
}

/** The name regtype shows for an oid, or null. */
export function userTypeName(context: SystemContext, oid: number): string | null {
  const type = userTypeByOid(context, oid);
  return type === null ? null : formatType(type);
}
