/**
 * The stored form of a Dataflow: JSON text, versioned.
 *
 * JSON has no bigint, bytes, NaN or -0; such values are written as objects with one `$` key. All
 * else of a dataflow is plain data and goes as it is. Must read back every version ever released.
 */
import { assert } from '../common/assert.ts';
import { DATAFLOW_VERSION } from './dataflow.ts';
import type { Dataflow } from './dataflow.ts';

const HEX = '0123456789abcdef';

function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX.charAt(byte >> 4) + HEX.charAt(byte & 15);
  return text;
}

function bytesOf(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

function encode(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $int: value.toString() };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $num: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (value instanceof Uint8Array) return { $bytes: hexOf(value) };
  return value;
}

function decode(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$int' in value) return BigInt(String(value.$int));
  if ('$num' in value) return Number(value.$num);
  if ('$bytes' in value) return bytesOf(String(value.$bytes));
  return value;
}

/** Writes any plain plan data (dataflows, expressions, keys) as JSON text. */
export function encodePlan(plan: unknown): string {
  return JSON.stringify(plan, encode);
}

/** Reads what `encodePlan` wrote; the caller knows what it is. */
export function decodePlan(text: string): unknown {
  return JSON.parse(text, decode);
}

/** A dataflow as text. */
export function encodeDataflow(dataflow: Dataflow): string {
  return encodePlan(dataflow);
}

/** A dataflow from its text; refuses versions newer than this build. */
export function decodeDataflow(text: string): Dataflow {
  const plan = decodePlan(text) as Dataflow;
  assert(Array.isArray(plan.nodes), 'the text is no dataflow');
  assert(plan.version <= DATAFLOW_VERSION,
    `dataflow version ${plan.version} is newer than this build (${DATAFLOW_VERSION})`);
  return plan;
}
