/**
 * Functions PostgreSQL has beside the usual ones: other names of operators, identifiers, Unicode
 * escapes, transition functions that its own tests call.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import { checkTimestamp, dateToTimestamp, isInfiniteDate } from '../../common/types/calendar.ts';
import { jsonField } from '../../common/types/jsonb.ts';
import type { Jsonb } from '../../common/types/jsonb.ts';
import { sqlArray } from '../../common/values.ts';
import type { SqlArray, Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import type { ScalarFunction } from './entry.ts';
import { contains, flatTexts, itemOf, jsonbToText, setPath, deletePath } from './json-edit.ts';
import { jsonItemAt, jsonMember, jsonToText } from './json-text.ts';
import { matchesLike } from './pattern-tools.ts';
import { timestampToTimestamptz } from './time-casts.ts';

const JSON_NAMES: readonly ScalarFunction[] = [
  scalar({
    signature: 'json_object_field_text(json,text) -> text', doc: 'The field of an object as text.',
    examples: [[`json_object_field_text('{"a":"x"}', 'a')`, 'x']],
    evaluate: (value: string, key: string) => jsonToText(jsonMember(value, key)),
  }),
  scalar({
    signature: 'json_array_element(json,int4) -> json', doc: 'The item of an array.',
    examples: [[`json_array_element('[1,2]', 1)`, '2']], evaluate: jsonItemAt,
  }),
  scalar({
    signature: 'json_array_element_text(json,int4) -> text', doc: 'The item of an array as text.',
    examples: [[`json_array_element_text('["x"]', 0)`, 'x']],
    evaluate: (value: string, index: number) => jsonToText(jsonItemAt(value, index)),
  }),
  scalar({
    signature: 'jsonb_object_field(jsonb,text) -> jsonb', doc: 'The field of an object.',
    examples: [[`jsonb_object_field('{"a":1}', 'a')`, '1']],
    evaluate: (value: Jsonb, key: string) => jsonField(value, key) ?? null,
  }),
  scalar({
    signature: 'jsonb_object_field_text(jsonb,text) -> text',
    doc: 'The field of an object as text.',
    examples: [[`jsonb_object_field_text('{"a":"x"}', 'a')`, 'x']],
    evaluate: (value: Jsonb, key: string) => jsonbToText(jsonField(value, key)),
  }),
  scalar({
    signature: 'jsonb_array_element(jsonb,int4) -> jsonb', doc: 'The item of an array.',
    examples: [[`jsonb_array_element('[1,2]', 1)`, '2']],
    evaluate: itemOf,
  }),
  scalar({
    signature: 'jsonb_array_element_text(jsonb,int4) -> text',
    doc: 'The item of an array as text.',
    examples: [[`jsonb_array_element_text('["x"]', 0)`, 'x']],
    evaluate: (value: Jsonb, index: number) => jsonbToText(itemOf(value, index)),
  }),
  scalar({
    signature: 'jsonb_contains(jsonb,jsonb) -> boolean',
    doc: 'True when the first contains the second.',
    examples: [[`jsonb_contains('[1,2]', '[1]')`, 'true']], evaluate: contains,
  }),
  scalar({
    signature: 'jsonb_set_lax(jsonb,text[],jsonb,boolean,text) -> jsonb', nulls: 'called',
    doc: 'Sets the value at a path; the last argument says what NULL does.',
    examples: [[`jsonb_set_lax('{"a":1}', '{a}', NULL, true, 'use_json_null')`, '{"a": null}'],
      [`jsonb_set_lax('{"a":1}', '{a}', NULL, true, 'delete_key')`, '{}']],
    evaluate: setLax,
  }),
];

type SetLaxArgs = [Jsonb | null, SqlArray | null, Jsonb | null, boolean | null, string | null];

function setLax(...args: SetLaxArgs): Value {
  const [value, path, to, create, treatment] = args;
  if (value === null || path === null || create === null) return null;
  if (treatment === null) throw badTreatment();
  const names = flatTexts(path);
  if (to !== null) return setPath(value, names, { to, create });
  switch (treatment) {
    case 'use_json_null': return setPath(value, names, { to: { kind: 'json-null' }, create });
    case 'delete_key': return deletePath(value, names);
    case 'return_target': return value;
    case 'raise_exception':
      throw sqlError('22004', 'JSON value must not be null', {
        detail: 'Exception was raised because null_value_treatment is "raise_exception".',
        hint: 'To avoid, either change the null_value_treatment argument or ensure that an SQL '
          + 'NULL is not passed.',
      });
    default: throw badTreatment();
  }
}

function badTreatment(): SqlError {
  return sqlError('22023', 'null_value_treatment must be "delete_key", "return_target", '
    + '"use_json_null", or "raise_exception"');
}

const PATTERN_NAMES: readonly ScalarFunction[] = [
  scalar({
    signature: 'like(text,text) -> boolean', doc: 'text LIKE pattern.',
    examples: [[`"like"('abc', 'a%')`, 'true']],
    evaluate: (text: string, pattern: string) => matchesLike(text, pattern, false),
  }),
  scalar({
    signature: 'notlike(text,text) -> boolean', doc: 'text NOT LIKE pattern.',
    examples: [[`notlike('abc', 'a%')`, 'false']],
    evaluate: (text: string, pattern: string) => !matchesLike(text, pattern, false),
  }),
];

const STATES: readonly ScalarFunction[] = [
  scalar({
    signature: 'booland_statefunc(boolean,boolean) -> boolean', doc: 'One step of bool_and.',
    examples: [['booland_statefunc(true, false)', 'false']],
    evaluate: (a: boolean, b: boolean) => a && b,
  }),
  scalar({
    signature: 'boolor_statefunc(boolean,boolean) -> boolean', doc: 'One step of bool_or.',
    examples: [['boolor_statefunc(false, true)', 'true']],
    evaluate: (a: boolean, b: boolean) => a || b,
  }),
];

/** The float8 elements of a transition value of so many. */
function transition(array: SqlArray, size: number, name: string): number[] {
  if (array.dims.length !== 1 || array.elements.length !== size) {
    throw sqlError('XX000', `${name}: expected ${size}-element float8 array`);
  }
  return array.elements.map((element) => Number(element as number));
}

/** Joins sums of squares of two sets: Sxx + Syy + N1 N2 (Sx1/N1 - Sx2/N2)^2 / (N1 + N2). */
function joinSquares(counts: readonly [number, number], sums: readonly number[]): number {
  const [n1, n2] = counts;
  const [first = 0, firstSquares = 0, second = 0, secondSquares = 0] = sums;
  const difference = first / n1 - second / n2;
  return firstSquares + secondSquares + (n1 * n2 * difference * difference) / (n1 + n2);
}

function combine(a: SqlArray, b: SqlArray): SqlArray {
  const [n1 = 0, sx1 = 0, sxx1 = 0] = transition(a, 3, 'float8_combine');
  const [n2 = 0, sx2 = 0, sxx2 = 0] = transition(b, 3, 'float8_combine');
  if (n1 === 0) return b;
  if (n2 === 0) return a;
  return sqlArray([n1 + n2, sx1 + sx2, joinSquares([n1, n2], [sx1, sxx1, sx2, sxx2])]);
}

function combineRegression(a: SqlArray, b: SqlArray): SqlArray {
  const name = 'float8_regr_combine';
  const [n1 = 0, sx1 = 0, sxx1 = 0, sy1 = 0, syy1 = 0, sxy1 = 0] = transition(a, 6, name);
  const [n2 = 0, sx2 = 0, sxx2 = 0, sy2 = 0, syy2 = 0, sxy2 = 0] = transition(b, 6, name);
  if (n1 === 0) return b;
  if (n2 === 0) return a;
  const dx = sx1 / n1 - sx2 / n2;
  const dy = sy1 / n1 - sy2 / n2;
  return sqlArray([n1 + n2, sx1 + sx2, joinSquares([n1, n2], [sx1, sxx1, sx2, sxx2]), sy1 + sy2,
    joinSquares([n1, n2], [sy1, syy1, sy2, syy2]),
    sxy1 + sxy2 + (n1 * n2 * dx * dy) / (n1 + n2)]);
}

const COMBINES: readonly ScalarFunction[] = [
  scalar({
    signature: 'float8_combine(float8[],float8[]) -> float8[]',
    doc: 'Joins two states of variance: count, sum, sum of squares.',
    examples: [[`float8_combine('{3,60,200}', '{2,180,200}')`, '{5,240,6280}']],
    evaluate: combine,
  }),
  scalar({
    signature: 'float8_regr_combine(float8[],float8[]) -> float8[]',
    doc: 'Joins two states of regression.',
    examples: [[`float8_regr_combine('{3,60,200,750,20000,2000}', '{2,180,200,740,57800,-3400}')`,
      '{5,240,6280,1490,95080,8680}']],
    evaluate: combineRegression,
  }),
];

const ESCAPE = /\\(\\|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\+[0-9a-fA-F]{6}|[0-9a-fA-F]{4})/g;

function unicodeEscapes(text: string): string {
  const rest = text.replace(ESCAPE, '');
  if (rest.includes('\\')) {
    throw sqlError('42601', 'invalid Unicode escape', {
      hint: 'Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.',
    });
  }
  const result = text.replace(ESCAPE, (_whole, code: string) => {
    if (code === '\\') return '\\';
    const point = Number.parseInt(code.replace(/^[uU+]/, ''), 16);
    if (point > 0x10ffff) throw sqlError('22023', `invalid Unicode code point: ${code}`);
    return point < 0x10000 ? String.fromCharCode(point) : String.fromCodePoint(point);
  });
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(result)) {
    throw sqlError('42601', 'invalid Unicode surrogate pair');
  }
  return result;
}

const IDENTIFIER = /\s*(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))\s*/y;

function parseIdentifiers(text: string, strict: boolean): SqlArray {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    IDENTIFIER.lastIndex = at;
    const match = IDENTIFIER.exec(text);
    if (match === null) {
      throw sqlError('22023', `string is not a valid identifier: "${text}"`);
    }
    const plain = (match[2] ?? '').replaceAll(/[A-Z]+/g, (upper) => upper.toLowerCase());
    parts.push(match[1]?.replaceAll('""', '"') ?? plain);
    at = IDENTIFIER.lastIndex;
    if (text[at] !== '.') break;
    at++;
  }
  if (strict && at < text.length) {
    throw sqlError('22023', `string is not a valid identifier: "${text}"`);
  }
  return sqlArray(parts);
}

function isNormalized(text: string, form: string): boolean {
  switch (form.toUpperCase()) {
    case 'NFC': return text.normalize('NFC') === text;
    case 'NFD': return text.normalize('NFD') === text;
    case 'NFKC': return text.normalize('NFKC') === text;
    case 'NFKD': return text.normalize('NFKD') === text;
    default: throw sqlError('22023', `invalid normalization form: ${form}`);
  }
}

const TEXTS: readonly ScalarFunction[] = [
  scalar({
    signature: 'unistr(text) -> text', doc: 'Resolves Unicode escapes.',
    examples: [[`unistr('d\\0061t\\+000061')`, 'data']], evaluate: unicodeEscapes,
  }),
  scalar({
    signature: 'parse_ident(text) -> text[]', doc: 'The parts of a qualified name.',
    examples: [[`parse_ident('"SomeSchema".someTable')`, '{SomeSchema,sometable}']],
    evaluate: (text: string) => parseIdentifiers(text, true),
  }),
  scalar({
    signature: 'parse_ident(text,boolean) -> text[]', doc: 'The parts of a qualified name.',
    examples: [[`parse_ident('a.b(1)', false)`, '{a,b}']], evaluate: parseIdentifiers,
  }),
  scalar({
    signature: 'is_normalized(text,text) -> boolean',
    doc: 'True when the text is in a Unicode normal form.',
    examples: [[`is_normalized('abc', 'NFC')`, 'true']], evaluate: isNormalized,
  }),
];

function dateAndTime(days: number, time: bigint): bigint {
  const midnight = dateToTimestamp(days);
  return isInfiniteDate(days) ? midnight : checkTimestamp(midnight + time);
}

const TIMES: readonly ScalarFunction[] = [
  scalar({
    signature: 'timestamp(date,time) -> timestamp', doc: 'A day and a time of day.',
    examples: [[`"timestamp"(date '2024-01-31', time '10:00')`, '2024-01-31 10:00:00']],
    evaluate: dateAndTime,
  }),
  scalar({
    signature: 'timestamptz(date,time) -> timestamptz', volatility: 'stable',
    doc: 'A day and a time of day in the session\'s time zone.',
    examples: [[`timestamptz(date '2024-01-31', time '10:00')`, '2024-01-31 10:00:00+00']],
    evaluateIn: (context, days: number, time: bigint) =>
      timestampToTimestamptz(dateAndTime(days, time), context.timeZone),
  }),
];

/** Further functions. */
export const MISCELLANEOUS: readonly ScalarFunction[] = [
  ...JSON_NAMES, ...PATTERN_NAMES, ...STATES, ...COMBINES, ...TEXTS, ...TIMES,
];
