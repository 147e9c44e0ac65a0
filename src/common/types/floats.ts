/**
 * The types float4 and float8.
 *
 * Text output is the shortest decimal that reads back the same (extra_float_digits > 0), in
 * PostgreSQL's notation. float4 values are always Math.fround'ed. NaN equals itself and sorts last.
 */
import { sqlError } from '../errors.ts';
import { hashFloat64 } from '../hash.ts';
import type { Value } from '../values.ts';
import { compareNumeric, parseNumeric } from './numeric.ts';
import { dataView, invalidSyntax, requireLength } from './type-definition.ts';
import type { TypeDefinition } from './type-definition.ts';
import { asNumber } from './values-of.ts';

const FLOAT = /^[ \t\n\r\v\f]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ \t\n\r\v\f]*$/;
const NONZERO = /^[^eE]*[1-9]/;

function parseFloatText(text: string, sqlName: string, read: (text: string) => number): number {
  const digits = FLOAT.exec(text)?.[1];
  if (digits === undefined) return parseSpecial(text, sqlName);
  const value = read(digits);
  if (Number.isFinite(value) && (value !== 0 || !NONZERO.test(digits))) return value;
  throw sqlError('22003', `"${text.trim()}" is out of range for type ${sqlName}`);
}

function parseSpecial(text: string, sqlName: string): number {
  switch (text.trim().toLowerCase()) {
    // C's strtod takes signs before nan, and so does PostgreSQL.
    case 'nan': case '+nan': case '-nan': return NaN;
    case 'infinity': case '+infinity': case 'inf': case '+inf': return Infinity;
    case '-infinity': case '-inf': return -Infinity;
    default: throw invalidSyntax(sqlName, text);
  }
}

/** Reads a float8; 22003 when it over- or underflows. */
export function parseFloat8(text: string): number {
  return parseFloatText(text, 'double precision', Number);
}

/** Reads a float4; 22003 when it over- or underflows. */
export function parseFloat4(text: string): number {
  return parseFloatText(text, 'real', readSingle);
}

/** The float4 nearest to a decimal, rounded once: by way of float8 it would be rounded twice. */
function readSingle(text: string): number {
  const double = Number(text);
  const single = Math.fround(double);
  if (!Number.isFinite(single) || !isBetweenFloats(double, single)) return single;
  const side = compareNumeric(parseNumeric(text), parseNumeric(double.toExponential(EXACT_DIGITS)));
  if (side === 0 || side < 0 === single < double) return single;
  return single + 2 * (double - single);
}

/** Writes a float8; `extraDigits` is extra_float_digits. */
export function formatFloat8(value: number, extraDigits: number = 1): string {
  if (extraDigits <= 0) return general(value, Math.max(15 + extraDigits, 1));
  if (Number.isSafeInteger(value) && value < 1e15 && value > -1e15) {
    return value === 0 && 1 / value < 0 ? '-0' : String(value);
  }
  const magnitude = Math.abs(value);
  // Here JavaScript's notation is PostgreSQL's.
  if (magnitude >= 1e-4 && magnitude < 1e15) return String(value);
  return special(value) ?? shortest(shortestDouble(value), 15);
}

/** Writes a float4; `extraDigits` is extra_float_digits. */
export function formatFloat4(value: number, extraDigits: number = 1): string {
  if (extraDigits <= 0) return general(value, Math.max(6 + extraDigits, 1));
  const known = special(value);
  if (known !== null) return known;
  // Six digits always hold what fewer can; zeros at their end are cut.
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toExponential(digits - 1);
    if (readSingle(text) === value && !isMidway(text, value)) return shortest(text, 6);
  }
  return shortest(value.toExponential(8), 6);
}

/** The most digits toExponential gives; enough for the midpoint of two float4. */
const EXACT_DIGITS = 100;
/** Doubles from here on may have a midpoint to their neighbour with 17 digits or fewer. */
const MIDPOINTS_FROM = 2 ** 53;
const MIDPOINTS_TO = 1e40;

/** The shortest text of a double; PostgreSQL takes no text that lies midway between two doubles. */
function shortestDouble(value: number): string {
  const text = String(value);
  const magnitude = Math.abs(value);
  if (magnitude < MIDPOINTS_FROM || magnitude > MIDPOINTS_TO) return text;
  if (!isBetweenDoubles(text, value)) return text;
  const longer = value.toPrecision(16);
  return Number(longer) === value ? longer : value.toPrecision(17);
}

function isBetweenDoubles(text: string, value: number): boolean {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const exact = BigInt(whole + fraction) * 10n ** BigInt(Number(exponent) - fraction.length);
  const distance = exact - BigInt(value);
  if (distance === 0n) return false;
  // Stepping by the distance twice lands on the neighbour only from a midpoint.
  const other = BigInt(value) + 2n * distance;
  return BigInt(Number(other)) === other && Number(other) !== value;
}

function isMidway(text: string, value: number): boolean {
  const double = Number(text);
  return isBetweenFloats(double, value)
    && compareNumeric(parseNumeric(text), parseNumeric(double.toExponential(EXACT_DIGITS))) === 0;
}

const SINGLE = new Float32Array(1);
const SINGLE_BITS = new Int32Array(SINGLE.buffer);

/** True when a decimal lies exactly midway between a float4 and a neighbour. */
function isBetweenFloats(read: number, value: number): boolean {
  if (read === value) return false;
  SINGLE[0] = value;
  SINGLE_BITS[0] = (SINGLE_BITS[0] ?? 0) + (Math.abs(read) > Math.abs(value) ? 1 : -1);
  return (SINGLE[0] + value) / 2 === read;
}

function special(value: number): string | null {
  if (Number.isFinite(value)) {
    return value !== 0 ? null : 1 / value < 0 ? '-0' : '0';
  }
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/** Lays out the digits: plain for exponents from -5 to below the limit, else scientific. */
function shortest(text: string, plainBelow: number): string {
  const negative = text.startsWith('-');
  const body = negative ? text.slice(1) : text;
  const [mantissa = '', exponentText] = body.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = whole + fraction;
  const lead = all.search(/[1-9]/);
  const digits = all.slice(lead).replace(/0+$/, '');
  const exponent = whole.length - 1 - lead + Number(exponentText ?? 0);
  const plain = exponent >= -4 && exponent < plainBelow
    ? plainDigits(digits, exponent) : scientific(digits, exponent);
  return negative ? `-${plain}` : plain;
}

function plainDigits(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function scientific(digits: string, exponent: number): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  const sign = exponent < 0 ? '-' : '+';
  return `${digits[0] ?? '0'}${fraction}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** C's %.*g. */
function general(value: number, precision: number): string {
  return special(value) ?? shortest(value.toExponential(precision - 1), precision);
}

function compareFloats(a: Value, b: Value): number {
  const first = asNumber(a);
  const second = asNumber(b);
  if (first < second) return -1;
  if (first > second) return 1;
  if (first === second) return 0;
  return Number(Number.isNaN(first)) - Number(Number.isNaN(second));
}

/** real. */
export const FLOAT4: TypeDefinition = {
  name: 'float4', oid: 700, arrayOid: 1021, typlen: 4, category: 'N', preferred: false,
  aliases: ['real'], sqlName: 'real',
  parse: parseFloat4,
  format: (value, _type, settings) => formatFloat4(asNumber(value), settings.extraFloatDigits),
  encodeBinary: (value) => {
    const bytes = new Uint8Array(4);
    dataView(bytes).setFloat32(0, asNumber(value));
    return bytes;
  },
  decodeBinary: (bytes) => {
    requireLength(bytes, 4, 'real');
    return dataView(bytes).getFloat32(0);
  },
  compare: compareFloats,
  hash: (value) => hashFloat64(asNumber(value)),
};

/** double precision. */
export const FLOAT8: TypeDefinition = {
  name: 'float8', oid: 701, arrayOid: 1022, typlen: 8, category: 'N', preferred: true,
  aliases: ['double precision', 'float', 'double'], sqlName: 'double precision',
  parse: parseFloat8,
  format: (value, _type, settings) => formatFloat8(asNumber(value), settings.extraFloatDigits),
  encodeBinary: (value) => {
    const bytes = new Uint8Array(8);
    dataView(bytes).setFloat64(0, asNumber(value));
    return bytes;
  },
  decodeBinary: (bytes) => {
    requireLength(bytes, 8, 'double precision');
    return dataView(bytes).getFloat64(0);
  },
  compare: compareFloats,
  hash: (value) => hashFloat64(asNumber(value)),
};
