/**
 * Functions that turn names into objects and back, and say what is visible: to_regclass,
 * pg_table_is_visible, comments, privileges by name.
 *
 * The context's catalog answers; without a session there is none and the answer is NULL.
 */
import type { TypeName } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { EvaluationContext, ScalarFunction, VisibleObject } from './entry.ts';

const VISIBLE: readonly (readonly [string, VisibleObject])[] = [
  ['table', 'relation'], ['type', 'type'], ['function', 'function'], ['operator', 'other'],
  ['opclass', 'other'], ['opfamily', 'other'], ['collation', 'other'], ['conversion', 'other'],
  ['statistics_obj', 'other'], ['ts_config', 'other'], ['ts_dict', 'other'],
  ['ts_parser', 'other'], ['ts_template', 'other'],
];

const VISIBILITY: readonly ScalarFunction[] = VISIBLE.map(([name, kind]) => scalar({
  signature: `pg_${name}_is_visible(oid) -> boolean`, volatility: 'stable',
  doc: 'Whether the object is found by its name without a schema.',
  examples: [[`pg_${name}_is_visible(NULL)`, null]],
  evaluateIn: (context, oid: number) => context.catalog?.visible(kind, oid >>> 0) ?? null,
}));

const TO_REG: readonly TypeName[] = [
  'regclass', 'regtype', 'regproc', 'regprocedure', 'regoper', 'regoperator', 'regnamespace',
  'regrole', 'regcollation',
];

/** The oid of a name, or NULL where there is none or more than one. */
function findName(context: EvaluationContext, type: TypeName, name: string): number | null {
  try {
    return context.catalog?.find(type, name) ?? null;
  } catch {
    return null;
  }
}

const LOOKUPS: readonly ScalarFunction[] = TO_REG.filter((type) => type !== 'regtype').map(
  (type) => scalar({
    signature: `to_${type}(text) -> ${type}`, volatility: 'stable',
    doc: 'The object of a name, or NULL when there is none.',
    examples: [[`to_${type}('no such thing')`, null]],
    evaluateIn: (context, name: string) => findName(context, type, name),
  }));

/** Privileges by kind: what names an object, and where it is looked up. */
type PrivilegeKind = 'relation' | 'schema' | 'database' | 'role' | 'function' | null;

const PRIVILEGES: readonly (readonly [string, PrivilegeKind])[] =
  [
    ['has_table_privilege', 'relation'], ['has_any_column_privilege', 'relation'],
    ['has_sequence_privilege', 'relation'], ['has_schema_privilege', 'schema'],
    ['has_database_privilege', 'database'], ['pg_has_role', 'role'],
    ['has_function_privilege', 'function'], ['has_type_privilege', null],
    ['has_language_privilege', null], ['has_tablespace_privilege', null],
    ['has_foreign_data_wrapper_privilege', null], ['has_server_privilege', null],
  ];

const PRIVILEGE_ARGS = ['oid,text', 'text,text', 'name,oid,text', 'name,text,text', 'oid,oid,text',
  'oid,text,text'];
const COLUMN_PRIVILEGE_ARGS = ['oid,text,text', 'oid,int2,text', 'text,text,text',
  'text,int2,text', 'name,oid,text,text', 'name,oid,int2,text', 'name,text,text,text',
  'name,text,int2,text', 'oid,oid,text,text', 'oid,oid,int2,text'];

/** A call of a privilege function with arguments of these types. */
function privilegeCall(name: string, args: string): string {
  const types = args.split(',');
  const values = types.map((type, i) => (i === types.length - 1 ? `'USAGE'`
    : type === 'oid' || type === 'int2' ? `1::${type}` : `'a'::${type}`));
  return `${name}(${values.join(', ')})`;
}

const GRANTED: readonly ScalarFunction[] = [
  ...PRIVILEGES.flatMap(([name, what]) => PRIVILEGE_ARGS.map((args) => scalar({
    signature: `${name}(${args}) -> boolean`, volatility: 'stable',
    doc: 'True when the role, or the current user, has one of the privileges.',
    examples: [[privilegeCall(name, args), 'true']],
    evaluateIn: (context, ...values: Value[]) => granted(context, what, values,
      { counted: 2, anyColumn: name === 'has_any_column_privilege' }),
  }))),
  ...COLUMN_PRIVILEGE_ARGS.map((args) => scalar({
    signature: `has_column_privilege(${args}) -> boolean`, volatility: 'stable',
    doc: 'True when the role has one of the privileges on the column or the relation.',
    examples: [[privilegeCall('has_column_privilege', args), 'true']],
    evaluateIn: (context, ...values: Value[]) => granted(context, 'relation', values,
      { counted: 3, anyColumn: false }),
  })),
];

/** `counted` arguments, and before them perhaps the role. Outside a session everything is true. */
function granted(
  context: EvaluationContext, what: PrivilegeKind, values: readonly Value[],
  of: { readonly counted: number; readonly anyColumn: boolean },
): boolean | null {
  const { counted, anyColumn } = of;
  const object = values.at(-counted);
  const column = counted < 3 ? null : values.at(-2);
  const user = values.length > counted ? values[0] : null;
  const wanted = values.at(-1);
  if (context.catalog === undefined) return true;
  return context.catalog.hasPrivilege({
    ...(typeof column === 'string' || typeof column === 'number' ? { column }
      : anyColumn ? { column: null } : {}),
    what: what ?? 'other', wanted: typeof wanted === 'string' ? wanted : '',
    user: typeof user === 'number' ? user >>> 0 : typeof user === 'string' ? user : null,
    object: typeof object === 'number' || typeof object === 'string' ? object : 0,
  });
}

const COMMENTS: readonly ScalarFunction[] = [
  scalar({
    signature: 'obj_description(oid,name) -> text', doc: 'The comment on an object.',
    volatility: 'stable', examples: [[`obj_description(1, 'pg_class')`, null]],
    evaluateIn: (context, oid: number, catalog: string) =>
      context.catalog?.comment(catalog, oid >>> 0, 0) ?? null,
  }),
  scalar({
    signature: 'obj_description(oid) -> text', doc: 'The comment on an object.',
    volatility: 'stable', examples: [['obj_description(1)', null]],
    evaluateIn: (context, oid: number) => context.catalog?.comment(null, oid >>> 0, 0) ?? null,
  }),
  scalar({
    signature: 'col_description(oid,int4) -> text', doc: 'The comment on a column.',
    volatility: 'stable', examples: [['col_description(1, 1)', null]],
    evaluateIn: (context, oid: number, column: number) =>
      context.catalog?.comment('pg_class', oid >>> 0, column) ?? null,
  }),
  scalar({
    signature: 'shobj_description(oid,name) -> text', doc: 'The comment on a shared object.',
    volatility: 'stable', examples: [[`shobj_description(1, 'pg_database')`, null]],
    evaluateIn: (context, oid: number, catalog: string) =>
      context.catalog?.comment(catalog, oid >>> 0, 0) ?? null,
  }),
];

/** Functions about names, visibility, privileges and comments. */
export const CATALOG_NAMES: readonly ScalarFunction[] = [
  ...VISIBILITY, ...LOOKUPS, ...GRANTED, ...COMMENTS,
];
