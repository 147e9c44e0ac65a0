/**
 * The names PostgreSQL's operators have as functions: int4eq, texteq, numeric_add and their like.
 *
 * They lead to the operators' own entries; nothing is implemented twice.
 */

/** Prefix of function names, and the argument types it stands for. */
type Family = readonly [prefix: string, left: string, right: string];

const PLAIN: readonly Family[] = [
  ['bool', 'boolean', 'boolean'], ['int2', 'int2', 'int2'], ['int4', 'int4', 'int4'],
  ['int8', 'int8', 'int8'], ['int24', 'int2', 'int4'], ['int42', 'int4', 'int2'],
  ['int28', 'int2', 'int8'], ['int82', 'int8', 'int2'], ['int48', 'int4', 'int8'],
  ['int84', 'int8', 'int4'], ['float4', 'float4', 'float4'], ['float8', 'float8', 'float8'],
  ['float48', 'float4', 'float8'], ['float84', 'float8', 'float4'], ['char', 'char', 'char'],
  ['name', 'name', 'name'], ['bpchar', 'bpchar', 'bpchar'], ['bytea', 'bytea', 'bytea'],
  ['oid', 'oid', 'oid'],
];

const UNDERSCORED: readonly Family[] = [
  ['numeric', 'numeric', 'numeric'], ['date', 'date', 'date'], ['time', 'time', 'time'],
  ['timestamp', 'timestamp', 'timestamp'], ['timestamptz', 'timestamptz', 'timestamptz'],
  ['interval', 'interval', 'interval'], ['uuid', 'uuid', 'uuid'], ['jsonb', 'jsonb', 'jsonb'],
  ['array', 'anyarray', 'anyarray'], ['record', 'record', 'record'],
];

const COMPARISONS: readonly (readonly [string, string])[] = [
  ['eq', '='], ['ne', '<>'], ['lt', '<'], ['le', '<='], ['gt', '>'], ['ge', '>='],
];

const ARITHMETIC: readonly (readonly [string, string])[] = [
  ['pl', '+'], ['mi', '-'], ['mul', '*'], ['div', '/'],
];

const INTEGERS = ['int2', 'int4', 'int8'];
const INTEGER_ONLY: readonly (readonly [string, string])[] = [
  ['mod', '%'], ['and', '&'], ['or', '|'], ['xor', '#'],
];
const UNARY: readonly (readonly [string, string])[] = [['um', '-'], ['up', '+']];

const OTHERS: readonly (readonly [string, string])[] = [
  ['texteq', '=(text,text)'], ['textne', '<>(text,text)'], ['text_lt', '<(text,text)'],
  ['text_le', '<=(text,text)'], ['text_gt', '>(text,text)'], ['text_ge', '>=(text,text)'],
  ['textcat', '||(text,text)'], ['byteacat', '||(bytea,bytea)'],
  ['textlike', '~~(text,text)'], ['textnlike', '!~~(text,text)'],
  ['texticlike', '~~*(text,text)'], ['texticnlike', '!~~*(text,text)'],
  ['textregexeq', '~(text,text)'], ['textregexne', '!~(text,text)'],
  ['texticregexeq', '~*(text,text)'], ['texticregexne', '!~*(text,text)'],
  ['numeric_add', '+(numeric,numeric)'], ['numeric_sub', '-(numeric,numeric)'],
  ['numeric_mul', '*(numeric,numeric)'], ['numeric_div', '/(numeric,numeric)'],
  ['numeric_mod', '%(numeric,numeric)'], ['numeric_power', '^(numeric,numeric)'],
  ['numeric_uminus', '-(numeric)'], ['numeric_uplus', '+(numeric)'],
  ['numeric_abs', '@(numeric)'], ['dpow', '^(float8,float8)'], ['dsqrt', '|/(float8)'],
  ['dcbrt', '||/(float8)'], ['date_mi', '-(date,date)'], ['date_pli', '+(date,int4)'],
  ['date_mii', '-(date,int4)'], ['date_pl_interval', '+(date,interval)'],
  ['date_mi_interval', '-(date,interval)'], ['timestamp_mi', '-(timestamp,timestamp)'],
  ['timestamp_pl_interval', '+(timestamp,interval)'],
  ['timestamp_mi_interval', '-(timestamp,interval)'],
  ['timestamptz_mi', '-(timestamptz,timestamptz)'],
  ['timestamptz_pl_interval', '+(timestamptz,interval)'],
  ['timestamptz_mi_interval', '-(timestamptz,interval)'],
  ['time_pl_interval', '+(time,interval)'], ['time_mi_interval', '-(time,interval)'],
  ['time_mi_time', '-(time,time)'], ['interval_pl', '+(interval,interval)'],
  ['interval_mi', '-(interval,interval)'], ['interval_mul', '*(interval,float8)'],
  ['interval_div', '/(interval,float8)'], ['interval_um', '-(interval)'],
  ['arraycontains', '@>(anyarray,anyarray)'], ['arraycontained', '<@(anyarray,anyarray)'],
  ['arrayoverlap', '&&(anyarray,anyarray)'], ['jsonb_contained', '<@(jsonb,jsonb)'],
  ['jsonb_concat', '||(jsonb,jsonb)'],
];

function namesOf(family: Family, separator: string): (readonly [string, string])[] {
  const [prefix, left, right] = family;
  return COMPARISONS.map(([suffix, operator]) =>
    [`${prefix}${separator}${suffix}`, `${operator}(${left},${right})`] as const);
}

function arithmeticNames(): (readonly [string, string])[] {
  const numbers = PLAIN.filter(([prefix]) => /^(int|float)/.test(prefix));
  const names: (readonly [string, string])[] = numbers.flatMap(([prefix, left, right]) =>
    ARITHMETIC.map(([suffix, operator]) =>
      [`${prefix}${suffix}`, `${operator}(${left},${right})`] as const));
  for (const type of INTEGERS) {
    for (const [suffix, operator] of INTEGER_ONLY) {
      names.push([`${type}${suffix}`, `${operator}(${type},${type})`]);
    }
    names.push([`${type}not`, `~(${type})`], [`${type}shl`, `<<(${type},int4)`],
      [`${type}shr`, `>>(${type},int4)`]);
  }
  for (const type of [...INTEGERS, 'float4', 'float8']) {
    for (const [suffix, operator] of UNARY) {
      names.push([`${type}${suffix}`, `${operator}(${type})`]);
    }
    names.push([`${type}abs`, `@(${type})`]);
  }
  return names;
}

const IDS: ReadonlyMap<string, string> = new Map([
  ...PLAIN.flatMap((family) => namesOf(family, '')),
  ...UNDERSCORED.flatMap((family) => namesOf(family, '_')),
  ...arithmeticNames(), ...OTHERS,
]);

/** The id of the operator a function name stands for, or null. */
export function operatorOfName(name: string): string | null {
  return IDS.get(name) ?? null;
}
