/**
 * The type numeric: binary form, hash and the definition; arithmetic is in numeric.ts.
 */
import { combineHash, hashBigint64, hashInt32 } from '../hash.ts';
import {
  NUMERIC_INFINITY, NUMERIC_NAN, NUMERIC_NEGATIVE_INFINITY, compareNumeric, formatNumeric,
  leadingDigit, makeNumeric, parseNumeric, pow10, trimScaleNumeric,
} from './numeric.ts';
import type { Numeric } from './numeric.ts';
import { dataView, invalidBinary } from './type-definition.ts';
import type { TypeDefinition } from './type-definition.ts';
import { asNumeric } from './values-of.ts';

const LIMB_DIGITS = 4;
const LIMB = 10000n;
const SIGN_NEGATIVE = 0x4000;
const SIGN_NAN = 0xc000;
const SIGN_INFINITY = 0xd000;
const SIGN_NEGATIVE_INFINITY = 0xf000;
/** What PostgreSQL sends as the scale of an infinity. */
const INFINITY_SCALE = 0x20;

/** Hashes a numeric; 1.0 and 1.00 hash alike. */
export function hashNumeric(value: Numeric): number {
  switch (value.special) {
    case 'NaN': return 0x7ff80000;
    case 'Infinity': return 0x7ff00000;
    case '-Infinity': return 0x6ff00000;
    case null: break;
  }
  const trimmed = trimScaleNumeric(value);
  let h = hashInt32(trimmed.scale);
  if (BigInt.asIntN(64, trimmed.coef) === trimmed.coef) {
    return combineHash(h, hashBigint64(trimmed.coef));
  }
  for (let rest = trimmed.coef; rest !== 0n && rest !== -1n; rest >>= 64n) {
    h = combineHash(h, hashBigint64(rest));
  }
  return h;
}

function limbsOf(value: Numeric): { readonly limbs: number[]; readonly weight: number } {
  if (value.coef === 0n) return { limbs: [], weight: 0 };
  const { weight } = leadingDigit(value);
  const magnitude = value.coef < 0n ? -value.coef : value.coef;
  const pad = (LIMB_DIGITS - (value.scale % LIMB_DIGITS)) % LIMB_DIGITS;
  const limbs: number[] = [];
  for (let rest = magnitude * pow10(pad); rest !== 0n; rest /= LIMB) {
    limbs.push(Number(rest % LIMB));
  }
  limbs.reverse();
  while (limbs.at(-1) === 0) limbs.pop();
  return { limbs, weight };
}

function encode(value: Numeric): Uint8Array {
  const { limbs, weight } = limbsOf(value);
  const bytes = new Uint8Array(8 + 2 * limbs.length);
  const view = dataView(bytes);
  view.setInt16(0, limbs.length);
  view.setInt16(2, weight);
  view.setUint16(4, signOf(value));
  view.setInt16(6, isInfinite(value) ? INFINITY_SCALE : value.scale);
  limbs.forEach((limb, i) => view.setInt16(8 + 2 * i, limb));
  return bytes;
}

function isInfinite(value: Numeric): boolean {
  return value.special === 'Infinity' || value.special === '-Infinity';
}

function signOf(value: Numeric): number {
  switch (value.special) {
    case 'NaN': return SIGN_NAN;
    case 'Infinity': return SIGN_INFINITY;
    case '-Infinity': return SIGN_NEGATIVE_INFINITY;
    case null: return value.coef < 0n ? SIGN_NEGATIVE : 0;
  }
}

function decode(bytes: Uint8Array): Numeric {
  const view = dataView(bytes);
  if (bytes.byteLength < 8) throw invalidBinary('numeric');
  const count = view.getUint16(0);
  if (bytes.byteLength !== 8 + 2 * count) throw invalidBinary('numeric');
  const sign = view.getUint16(4);
  if (sign === SIGN_NAN) return NUMERIC_NAN;
  if (sign === SIGN_INFINITY) return NUMERIC_INFINITY;
  if (sign === SIGN_NEGATIVE_INFINITY) return NUMERIC_NEGATIVE_INFINITY;
  const scale = view.getUint16(6);
  let coef = 0n;
  for (let i = 0; i < count; i++) coef = coef * LIMB + BigInt(view.getUint16(8 + 2 * i));
  // coef counts units of 10^(4 * (weight - count + 1)); bring it to 10^-scale.
  const shift = LIMB_DIGITS * (view.getInt16(2) - count + 1) + scale;
  coef = shift >= 0 ? coef * pow10(shift) : coef / pow10(-shift);
  return makeNumeric(sign === SIGN_NEGATIVE ? -coef : coef, scale);
}

/** numeric, also called decimal. */
export const NUMERIC: TypeDefinition = {
  name: 'numeric', oid: 1700, arrayOid: 1231, typlen: -1, category: 'N', preferred: false,
  aliases: ['decimal', 'dec'], sqlName: 'numeric',
  parse: parseNumeric,
  format: (value) => formatNumeric(asNumeric(value)),
  encodeBinary: (value) => encode(asNumeric(value)),
  decodeBinary: decode,
  compare: (a, b) => compareNumeric(asNumeric(a), asNumeric(b)),
  hash: (value) => hashNumeric(asNumeric(value)),
};
