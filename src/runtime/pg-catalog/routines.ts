/**
 * pg_proc, pg_operator, pg_cast, pg_aggregate and what indexes order by.
 *
 * All from the function registry and the cast table; the rows are made once.
 */
import { must } from '../../common/assert.ts';
import { typeOid } from '../../common/types/registry.ts';
import { sqlArray } from '../../common/values.ts';
import type { FunctionEntry, SignatureType } from '../../planner/functions/entry.ts';
import { signatureTypeName } from '../../planner/functions/builder.ts';
import { allCasts } from '../../planner/functions/casts.ts';
import { DEFAULT_COLLATION } from './oids.ts';
import type { CatalogRow, Contents } from './content.ts';
import { operators, procedures, procOidByName } from './procedures.ts';
import type { Procedure } from './procedures.ts';
import { typeOidOf } from './types.ts';
import { JAVASCRIPT_LANGUAGE, userProcRows } from './user-routines.ts';

const INTERNAL_LANGUAGE = 12;
const SCHEMA = 11;

/** The pg_type oid of a type in a signature. */
export function signatureOid(type: SignatureType): number {
  const name = signatureTypeName(type);
  return must(typeOidOf(name === 'char' ? '"char"' : name), `type ${name}`);
}

function volatility(entry: FunctionEntry): string {
  if (entry.kind === 'aggregate' || entry.kind === 'window') return 'i';
  return entry.volatility === 'immutable' ? 'i' : entry.volatility === 'stable' ? 's' : 'v';
}

function kindOf(entry: FunctionEntry): string {
  return entry.kind === 'aggregate' ? 'a' : entry.kind === 'window' ? 'w' : 'f';
}

function strict(entry: FunctionEntry): boolean {
  return (entry.kind === 'scalar' || entry.kind === 'table') && entry.nulls === 'propagate';
}

function procRow({ oid, name, entry }: Procedure): CatalogRow {
  const common = {
    oid, proname: name, pronamespace: SCHEMA, proowner: 10, prolang: INTERNAL_LANGUAGE,
    procost: 1, prorows: 0, prokind: 'f', proparallel: 's', prosrc: name, provolatile: 's',
  };
  if (entry === null) {
    return Object.freeze({ ...common, proisstrict: true, pronargs: 1, prorettype: 2281,
      proargtypes: '2281' });
  }
  const args = entry.args.map(signatureOid);
  const variadic = entry.variadic ? args.at(-1) ?? 0 : 0;
  return Object.freeze({
    ...common, prokind: kindOf(entry), provolatile: volatility(entry),
    proisstrict: strict(entry), proretset: entry.kind === 'table',
    prorows: entry.kind === 'table' ? 1000 : 0, pronargs: args.length,
    prorettype: signatureOid(entry.result), proargtypes: args.join(' '), provariadic: variadic,
    proargnames: entry.argNames === undefined ? null : sqlArray(entry.argNames),
  });
}

function operatorRow({ oid, name, entry }: Procedure): CatalogRow {
  const args = (entry?.args ?? []).map(signatureOid);
  const prefix = args.length === 1;
  return Object.freeze({
    oid, oprname: name, oprnamespace: SCHEMA, oprowner: 10, oprkind: prefix ? 'l' : 'b',
    oprcanmerge: name === '=', oprcanhash: name === '=', oprleft: prefix ? 0 : args[0] ?? 0,
    oprright: (prefix ? args[0] : args[1]) ?? 0,
    oprresult: entry === null ? 0 : signatureOid(entry.result),
  });
}

function castRows(): readonly CatalogRow[] {
  return allCasts().map((cast, at) => {
    const context = cast.context === 'implicit' ? 'i' : cast.context === 'assignment' ? 'a' : 'e';
    return Object.freeze({
      oid: 10100 + at, castsource: typeOid(cast.from), casttarget: typeOid(cast.to), castfunc: 0,
      castcontext: context, castmethod: 'b',
    });
  });
}

function aggregateRows(): readonly CatalogRow[] {
  return procedures().flatMap(({ oid, entry }) => (entry?.kind !== 'aggregate' ? [] : [
    Object.freeze({
      aggfnoid: oid, aggkind: entry.directArgs === undefined ? 'n' : 'o',
      aggnumdirectargs: entry.directArgs ?? 0, aggfinalmodify: 'r', aggmfinalmodify: 'r',
      aggtranstype: 2281,
    }),
  ]));
}

interface OperatorClass {
  readonly oid: number;
  readonly name: string;
  readonly family: number;
  readonly type: number;
}

/** The orders of types, as PostgreSQL numbers and names them. */
const OPERATOR_CLASSES: readonly OperatorClass[] = [
  'array_ops 10000 397 2277', 'bool_ops 10003 424 16', 'bpchar_ops 10004 426 1042',
  'bytea_ops 10006 428 17', 'char_ops 10007 429 18', 'date_ops 3122 434 1082',
  'float4_ops 10012 1970 700', 'float8_ops 3123 1970 701', 'int2_ops 1979 1976 21',
  'int4_ops 1978 1976 23', 'int8_ops 3124 1976 20', 'interval_ops 10022 1982 1186',
  'name_ops 10028 1994 19', 'numeric_ops 3125 1988 1700', 'oid_ops 1981 1989 26',
  'text_ops 3126 1994 25', 'time_ops 10038 1996 1083', 'timestamptz_ops 3127 434 1184',
  'timetz_ops 10041 2000 1266', 'timestamp_ops 3128 434 1114', 'uuid_ops 10065 2968 2950',
  'jsonb_ops 10088 4033 3802', 'record_ops 10034 2994 2249',
].map((line) => {
  const [name, oid, family, type] = line.split(' ');
  return { name: must(name, 'name'), oid: Number(oid), family: Number(family),
    type: Number(type) };
});

const FAMILY_NAMES: ReadonlyMap<number, string> = new Map([
  [434, 'datetime_ops'], [1970, 'float_ops'], [1976, 'integer_ops'], [1994, 'text_ops'],
]);

function operatorClassRows(): readonly CatalogRow[] {
  return OPERATOR_CLASSES.map(({ oid, name, family, type }) => Object.freeze({
    oid, opcmethod: 403, opcname: name, opcnamespace: SCHEMA, opcowner: 10, opcfamily: family,
    opcintype: type, opcdefault: true, opckeytype: 0,
  }));
}

function operatorFamilyRows(): readonly CatalogRow[] {
  const families = new Map(OPERATOR_CLASSES.map(({ family, name }) =>
    [family, FAMILY_NAMES.get(family) ?? name]));
  return [...families].map(([oid, name]) => Object.freeze({
    oid, opfmethod: 403, opfname: name, opfnamespace: SCHEMA, opfowner: 10,
  }));
}

const STRATEGIES: ReadonlyMap<string, number> = new Map([
  ['<', 1], ['<=', 2], ['=', 3], ['>=', 4], ['>', 5],
]);

/** Comparison operators as members of the operator families. */
function operatorMemberRows(): readonly CatalogRow[] {
  const families = new Map(OPERATOR_CLASSES.map(({ type, family }) => [type, family]));
  return operators().flatMap(({ oid, name, entry }) => {
    const strategy = STRATEGIES.get(name);
    const [left, right] = (entry?.args ?? []).map(signatureOid);
    const family = left === undefined ? undefined : families.get(left);
    if (strategy === undefined || family === undefined || right === undefined) return [];
    return [Object.freeze({
      oid: oid + 2000, amopfamily: family, amoplefttype: left ?? 0, amoprighttype: right,
      amopstrategy: strategy, amoppurpose: 's', amopopr: oid, amopmethod: 403,
    })];
  });
}

function methodRows(): readonly CatalogRow[] {
  return [
    { oid: 2, amname: 'heap', amhandler: procOidByName('heap_tableam_handler'), amtype: 't' },
    { oid: 403, amname: 'btree', amhandler: procOidByName('bthandler'), amtype: 'i' },
    { oid: 405, amname: 'hash', amhandler: procOidByName('hashhandler'), amtype: 'i' },
  ];
}

function collationRows(): readonly CatalogRow[] {
  const row = (oid: number, name: string, provider: string): CatalogRow => ({
    oid, collname: name, collnamespace: SCHEMA, collowner: 10, collprovider: provider,
    collisdeterministic: true, collencoding: -1,
    ...(provider === 'd' ? {} : { collcollate: name, collctype: name }),
  });
  return [row(DEFAULT_COLLATION, 'default', 'd'), row(950, 'C', 'c'), row(951, 'POSIX', 'c')];
}

function languageRows(): readonly CatalogRow[] {
  return [
    { oid: 12, lanname: 'internal', lanowner: 10 }, { oid: 13, lanname: 'c', lanowner: 10 },
    { oid: 14, lanname: 'sql', lanowner: 10, lanpltrusted: true },
    { oid: JAVASCRIPT_LANGUAGE, lanname: 'javascript', lanowner: 10, lanispl: true,
      lanpltrusted: true },
  ];
}

/** Rows made when they are first asked for. */
function once(make: () => readonly CatalogRow[]): () => readonly CatalogRow[] {
  let rows: readonly CatalogRow[] | null = null;
  return () => (rows ??= make());
}

const builtInProcedures = once(() => procedures().map(procRow));

/** Contents of the relations named above. */
export const ROUTINES: Contents = {
  pg_proc: (context) => [...builtInProcedures(), ...userProcRows(context, procRow)],
  pg_operator: once(() => operators().map(operatorRow)),
  pg_cast: once(castRows), pg_aggregate: once(aggregateRows), pg_am: once(methodRows),
  pg_opclass: once(operatorClassRows), pg_opfamily: once(operatorFamilyRows),
  pg_amop: once(operatorMemberRows), pg_collation: once(collationRows),
  pg_language: once(languageRows),
};

