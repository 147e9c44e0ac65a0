/**
 * The durable form of numeric: a tag, the scale, and the coefficient as short as it goes.
 */
import { AssertionError } from './assert.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';
import { bytesOfHex, hexOf } from './types/bytea.ts';
import {
  NUMERIC_INFINITY, NUMERIC_NAN, NUMERIC_NEGATIVE_INFINITY, makeNumeric,
} from './types/numeric.ts';
import type { Numeric } from './types/numeric.ts';

const SMALL = 0;
const POSITIVE = 1;
const NEGATIVE = 2;
const NAN = 3;
const INFINITY = 4;
const NEGATIVE_INFINITY = 5;
const SMALL_MAX = 2251799813685247n; // 2^51 - 1: a varint with its sign

/** Appends a numeric. */
export function writeNumeric(writer: ByteWriter, value: Numeric): void {
  switch (value.special) {
    case 'NaN': writer.u8(NAN); return;
    case 'Infinity': writer.u8(INFINITY); return;
    case '-Infinity': writer.u8(NEGATIVE_INFINITY); return;
    case null: break;
  }
  const { coef } = value;
  if (coef <= SMALL_MAX && coef >= -SMALL_MAX) {
    writer.u8(SMALL);
    writer.varuint(value.scale);
    writer.varint(Number(coef));
    return;
  }
  writer.u8(coef < 0n ? NEGATIVE : POSITIVE);
  writer.varuint(value.scale);
  const hex = (coef < 0n ? -coef : coef).toString(16);
  writer.bytes(bytesOfHex(hex.length % 2 === 0 ? hex : `0${hex}`));
}

/** Reads a numeric. */
export function readNumeric(reader: ByteReader): Numeric {
  const tag = reader.u8();
  switch (tag) {
    case NAN: return NUMERIC_NAN;
    case INFINITY: return NUMERIC_INFINITY;
    case NEGATIVE_INFINITY: return NUMERIC_NEGATIVE_INFINITY;
    case SMALL: case POSITIVE: case NEGATIVE: break;
    default: throw new AssertionError('a stored numeric has a known tag');
  }
  const scale = reader.varuint();
  if (tag === SMALL) return makeNumeric(BigInt(reader.varint()), scale);
  const coef = BigInt(`0x${hexOf(reader.bytes())}`);
  return makeNumeric(tag === NEGATIVE ? -coef : coef, scale);
}
