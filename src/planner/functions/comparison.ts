/**
 * The operators = <> < <= > >= for every type that has an order, and mixed integers and times.
 *
 * One family per pair of types: an order over plain values and, for the hot types, inline texts.
 * Floats order NaN above everything and equal to itself. Text orders by code point (collation C).
 */
import { compareInterval } from '../../common/types/interval.ts';
import { compareJsonb } from '../../common/types/jsonb.ts';
import { compareNumeric } from '../../common/types/numeric.ts';
import { compareBits } from '../../common/types/bit-types.ts';
import { compareBytes } from '../../common/types/bytea.ts';
import { compareText } from '../../common/types/text-order.ts';
import { trimBlanks } from '../../common/types/text-types.ts';
import { compareValues, formatType } from '../../common/types/registry.ts';
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';
import { dateToTimestamp, dateToTimestamptz, timestampToTimestamptz } from './time-casts.ts';

type Operator = '=' | '<>' | '<' | '<=' | '>' | '>=';
type Inlines = Readonly<Record<Operator, (a: string, b: string) => string>>;

const OPERATORS: readonly Operator[] = ['=', '<>', '<', '<=', '>', '>='];
const DOCS: Readonly<Record<Operator, string>> = {
  '=': 'True when the two are equal.', '<>': 'True when the two differ.',
  '<': 'True when the first sorts below the second.',
  '<=': 'True when the first does not sort above the second.',
  '>': 'True when the first sorts above the second.',
  '>=': 'True when the first does not sort below the second.',
};

/** What an order says of a pair of which the first is below the second. */
const ON_BELOW: Readonly<Record<Operator, string>> = {
  '=': 'false', '<>': 'true', '<': 'true', '<=': 'true', '>': 'false', '>=': 'false',
};

function holds(operator: Operator, order: number): boolean {
  switch (operator) {
    case '=': return order === 0;
    case '<>': return order !== 0;
    case '<': return order < 0;
    case '<=': return order <= 0;
    case '>': return order > 0;
    case '>=': return order >= 0;
  }
}

const PLAIN: Inlines = {
  '=': (a, b) => `(${a} === ${b})`, '<>': (a, b) => `(${a} !== ${b})`,
  '<': (a, b) => `(${a} < ${b})`, '<=': (a, b) => `(${a} <= ${b})`,
  '>': (a, b) => `(${a} > ${b})`, '>=': (a, b) => `(${a} >= ${b})`,
};

/** Number against bigint, or 0/1 against boolean: JavaScript's loose operators are exact there. */
const MIXED: Inlines = {
  ...PLAIN, '=': (a, b) => `(${a} == ${b})`, '<>': (a, b) => `(${a} != ${b})`,
};

const UNSIGNED: Inlines = {
  '=': (a, b) => `((${a} >>> 0) === (${b} >>> 0))`,
  '<>': (a, b) => `((${a} >>> 0) !== (${b} >>> 0))`,
  '<': (a, b) => `((${a} >>> 0) < (${b} >>> 0))`,
  '<=': (a, b) => `((${a} >>> 0) <= (${b} >>> 0))`,
  '>': (a, b) => `((${a} >>> 0) > (${b} >>> 0))`,
  '>=': (a, b) => `((${a} >>> 0) >= (${b} >>> 0))`,
};

const FLOAT: Inlines = {
  '=': (a, b) => `(${a} === ${b} || (${a} !== ${a} && ${b} !== ${b}))`,
  '<>': (a, b) => `(${a} !== ${b} && (${a} === ${a} || ${b} === ${b}))`,
  '<': (a, b) => `(${a} < ${b} || (${b} !== ${b} && ${a} === ${a}))`,
  '<=': (a, b) => `(${a} <= ${b} || ${b} !== ${b})`,
  '>': (a, b) => `(${a} > ${b} || (${a} !== ${a} && ${b} === ${b}))`,
  '>=': (a, b) => `(${a} >= ${b} || ${a} !== ${a})`,
};

interface Family {
  readonly left: string;
  readonly right: string;
  /** SQL texts of two values, the first below the second. */
  readonly sample: readonly [string, string];
  readonly compare: (a: never, b: never) => number;
  readonly inline?: Partial<Inlines>;
}

function family(spec: Family): ScalarFunction[] {
  const compare = spec.compare as unknown as (a: Value, b: Value) => number;
  return OPERATORS.map((operator) => {
    const inline = spec.inline?.[operator];
    return scalar({
      signature: `${operator}(${spec.left},${spec.right}) -> boolean`,
      doc: DOCS[operator],
      examples: [[`${spec.sample[0]} ${operator} ${spec.sample[1]}`, ON_BELOW[operator]]],
      evaluate: (a: Value, b: Value) => holds(operator, compare(a, b)),
      ...(inline === undefined ? {} : { inline: (...args: string[]) =>
        inline(must(args[0], 'left'), must(args[1], 'right')) }),
    });
  });
}

type Ordered = number | bigint | string;

function natural(a: Ordered, b: Ordered): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order of floats: NaN is equal to itself and above everything. */
export function compareFloat(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

const INTS: readonly string[] = ['int2', 'int4', 'int8'];

function integers(): ScalarFunction[] {
  return INTS.flatMap((left) => INTS.flatMap((right) => family({
    left, right, sample: [`1::${left}`, `2::${right}`], compare: natural,
    inline: (left === 'int8') === (right === 'int8') ? PLAIN : MIXED,
  })));
}

function floats(): ScalarFunction[] {
  const names = ['float4', 'float8'];
  return names.flatMap((left) => names.flatMap((right) => family({
    left, right, sample: [`1.5::${left}`, `'NaN'::${right}`], compare: compareFloat, inline: FLOAT,
  })));
}

function same(type: string, sample: readonly [string, string], compare: Family['compare'],
  inline?: Partial<Inlines>): ScalarFunction[] {
  const [low, high] = sample;
  return family({
    left: type, right: type, compare,
    sample: [`'${low}'::${type}`, `'${high}'::${type}`],
    ...(inline === undefined ? {} : { inline }),
  });
}

const EQUALITY: Partial<Inlines> = { '=': PLAIN['='], '<>': PLAIN['<>'] };

const SAME: readonly ScalarFunction[] = [
  ...same('boolean', ['false', 'true'],
    (a: boolean, b: boolean) => Number(a) - Number(b), MIXED),
  ...same('numeric', ['1.10', '1.2'], compareNumeric),
  ...same('text', ['abc', 'abd'], compareText, EQUALITY),
  ...same('bpchar', ['abc ', 'abd'],
    (a: string, b: string) => compareText(trimBlanks(a), trimBlanks(b))),
  ...same('name', ['abc', 'abd'], compareText, EQUALITY),
  ...family({
    left: 'char', right: 'char', sample: [`'a'::"char"`, `'b'::"char"`], compare: compareText,
  }),
  ...same('bytea', ['\\x00', '\\x01'], compareBytes),
  ...same('date', ['2024-01-31', '2024-02-01'], natural, PLAIN),
  ...same('time', ['09:00', '10:00'], natural, PLAIN),
  ...same('timestamp', ['2024-01-31 10:00', '2024-02-01'], natural, PLAIN),
  ...same('timestamptz', ['2024-01-31 10:00+00', '2024-01-31 10:00-01'], natural, PLAIN),
  ...same('interval', ['29 days', '1 month'], compareInterval),
  ...same('uuid', ['00000000-0000-0000-0000-000000000001',
    '00000000-0000-0000-0000-000000000002'], natural, EQUALITY),
  ...same('jsonb', ['1', '[1]'], compareJsonb),
  ...same('oid', ['1', '4000000000'],
    (a: number, b: number) => natural(a >>> 0, b >>> 0), UNSIGNED),
  ...family({
    left: 'name', right: 'text', sample: [`'abc'::name`, `'abd'::text`], compare: compareText,
    inline: EQUALITY,
  }),
  ...family({
    left: 'text', right: 'name', sample: [`'abc'::text`, `'abd'::name`], compare: compareText,
    inline: EQUALITY,
  }),
];

type Widen = (context: EvaluationContext, value: never) => bigint;
interface TimeSide { readonly type: string; readonly sql: string; readonly widen: Widen }

/** Dates and times against each other: both sides as microseconds. */
function mixedTimes(a: TimeSide, b: TimeSide, stable: boolean): ScalarFunction[] {
  const left = a.widen as (context: EvaluationContext, value: Value) => bigint;
  const right = b.widen as (context: EvaluationContext, value: Value) => bigint;
  return OPERATORS.map((operator) => scalar({
    signature: `${operator}(${a.type},${b.type}) -> boolean`,
    doc: DOCS[operator],
    examples: [[`${a.sql}::${a.type} ${operator} ${b.sql}::${b.type}`, ON_BELOW[operator]]],
    volatility: stable ? 'stable' : 'immutable',
    evaluateIn: (context: EvaluationContext, x: Value, y: Value) =>
      holds(operator, natural(left(context, x), right(context, y))),
  }));
}

const EARLY = `'2024-01-31'`;
const LATE = `'2024-02-02'`;
const asIs: Widen = (_context, value: bigint) => value;
const dateLocal: Widen = (_context, value: number) => dateToTimestamp(value);
const dateZoned: Widen = (context, value: number) => dateToTimestamptz(value, context.timeZone);
const localZoned: Widen = (context, value: bigint) =>
  timestampToTimestamptz(value, context.timeZone);

function timePair(types: readonly [string, string], widens: readonly [Widen, Widen],
  stable: boolean): ScalarFunction[] {
  const [first, second] = types;
  const [widenFirst, widenSecond] = widens;
  return [
    ...mixedTimes({ type: first, sql: EARLY, widen: widenFirst },
      { type: second, sql: LATE, widen: widenSecond }, stable),
    ...mixedTimes({ type: second, sql: EARLY, widen: widenSecond },
      { type: first, sql: LATE, widen: widenFirst }, stable),
  ];
}

const MIXED_TIMES: readonly ScalarFunction[] = [
  ...timePair(['date', 'timestamp'], [dateLocal, asIs], false),
  ...timePair(['date', 'timestamptz'], [dateZoned, asIs], true),
  ...timePair(['timestamp', 'timestamptz'], [localZoned, asIs], true),
];

/** What keeps rows of two types from being compared, or null. */
function dissimilar(a: SqlType, b: SqlType | undefined): string | null {
  const [ours, theirs] = [a.fields, b?.fields];
  if (ours === undefined || theirs === undefined) return null;
  for (let at = 0; at < Math.min(ours.length, theirs.length); at++) {
    const [left, right] = [must(ours[at], 'field').type, must(theirs[at], 'field').type];
    if (left.name === right.name || left.name === 'unknown' || right.name === 'unknown') continue;
    if (physicalOf(left) === physicalOf(right) && physicalOf(left) !== 'ref') continue;
    if (isString(left) && isString(right)) continue;
    return `cannot compare dissimilar column types ${formatType(left)} and ${formatType(right)} at `
      + `record column ${at + 1}`;
  }
  return ours.length === theirs.length ? null
    : 'cannot compare record types with different numbers of columns';
}

function isString({ name }: SqlType): boolean {
  return name === 'text' || name === 'varchar' || name === 'name' || name === 'bpchar';
}

/** Arrays and records: element by element, by the types of the call. */
function structured(type: string, sample: readonly [string, string]): ScalarFunction[] {
  return OPERATORS.map((operator) => scalar({
    signature: `${operator}(${type},${type}) -> boolean`,
    doc: DOCS[operator],
    examples: [[`${sample[0]} ${operator} ${sample[1]}`, ON_BELOW[operator]]],
    specialize: (args: readonly SqlType[]) => {
      const type0 = must(args[0], 'argument type');
      const different = dissimilar(type0, args[1]);
      if (different !== null) return () => { throw sqlError('42804', different); };
      return (_context: EvaluationContext, a: Value, b: Value) =>
        holds(operator, compareValues(a, b, type0));
    },
  }));
}

function sameXid(a: number, b: number): boolean {
  return (a >>> 0) === (b >>> 0);
}

/** Transaction ids and row places, which are equal or not but, as ids, without an order. */
const IDENTITIES: readonly ScalarFunction[] = [
  ...['xid', 'int4'].flatMap((right) => [
    scalar({
      signature: `=(xid,${right}) -> boolean`, doc: DOCS['='],
      examples: [[`'7'::xid = '7'::${right}`, 'true']], evaluate: sameXid,
    }),
    scalar({
      signature: `<>(xid,${right}) -> boolean`, doc: DOCS['<>'],
      examples: [[`'7'::xid <> '8'::${right}`, 'true']],
      evaluate: (a: number, b: number) => !sameXid(a, b),
    }),
  ]),
  ...['bit', 'varbit'].flatMap((type) => family({
    left: type, right: type, sample: [`B'01'::${type}(2)`, `B'10'::${type}(2)`],
    compare: compareBits,
  })),
  ...family({
    left: 'tid', right: 'tid', sample: [`'(0,1)'::tid`, `'(0,2)'::tid`], compare: natural,
  }),
];

/** All comparison operators. */
export const COMPARISON: readonly ScalarFunction[] = [
  ...integers(), ...floats(), ...SAME, ...IDENTITIES, ...MIXED_TIMES,
  ...structured('anyarray', ['ARRAY[1,2]', 'ARRAY[1,3]']),
  ...structured('record', [`ROW(1,'a')`, `ROW(1,'b')`]),
];
