/**
 * Keyed digests (RFC 2104) and comparisons that take as long whatever the bytes are: what a check
 * of who sent a request needs.
 */
import { sqlError } from '../../common/errors.ts';
import { encodeUtf8 } from '../../common/types/utf8.ts';
import { scalar } from './builder.ts';
import { md5, sha256, sha512 } from './digest.ts';
import type { ScalarFunction } from './entry.ts';

const INNER = 0x36;
const OUTER = 0x5c;
const JEFE = '\\x5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';

interface Digest {
  readonly block: number;
  readonly run: (bytes: Uint8Array) => Uint8Array;
}

const DIGESTS: ReadonlyMap<string, Digest> = new Map([
  ['md5', { block: 64, run: md5 }],
  ['sha224', { block: 64, run: (bytes: Uint8Array) => sha256(bytes, true) }],
  ['sha256', { block: 64, run: (bytes: Uint8Array) => sha256(bytes) }],
  ['sha384', { block: 128, run: (bytes: Uint8Array) => sha512(bytes, true) }],
  ['sha512', { block: 128, run: (bytes: Uint8Array) => sha512(bytes) }],
]);

/** The keyed digest of a message; 22023 for a digest there is not. */
export function hmac(message: Uint8Array, key: Uint8Array, name: string): Uint8Array {
  const digest = DIGESTS.get(name.toLowerCase());
  if (digest === undefined) {
    throw sqlError('22023', `Cannot use "${name}": No such hash algorithm`, {
      hint: `Use ${[...DIGESTS.keys()].join(', ')}.`,
    });
  }
  const { block, run } = digest;
  const whole = new Uint8Array(block);
  whole.set(key.length > block ? run(key) : key);
  const inner = run(joined(whole.map((byte) => byte ^ INNER), message));
  return run(joined(whole.map((byte) => byte ^ OUTER), inner));
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** True for equal bytes; how long it takes depends on the lengths alone. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  let different = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) different |= (a[at] ?? 0) ^ (b[at % b.length] ?? 0);
  return different === 0;
}

const sameText = (a: string, b: string): boolean => sameBytes(encodeUtf8(a), encodeUtf8(b));

/** Functions for checking who sent something. */
export const HMAC: readonly ScalarFunction[] = [
  scalar({
    signature: 'hmac(text, text, text) -> bytea',
    doc: 'The keyed digest (HMAC) of data, key and algorithm: md5, sha224 to sha512.',
    examples: [["hmac('what do ya want for nothing?', 'Jefe', 'sha256')", JEFE]],
    evaluate: (data: string, key: string, name: string) =>
      hmac(encodeUtf8(data), encodeUtf8(key), name),
  }),
  scalar({
    signature: 'hmac(bytea, bytea, text) -> bytea',
    doc: 'The keyed digest (HMAC) of data, key and algorithm: md5, sha224 to sha512.',
    examples: [["hmac('what do ya want for nothing?'::bytea, 'Jefe'::bytea, 'sha256')", JEFE]],
    evaluate: (data: Uint8Array, key: Uint8Array, name: string) => hmac(data, key, name),
  }),
  scalar({
    signature: 'hmac(text, bytea, text) -> bytea',
    doc: 'The keyed digest (HMAC) of a key as text, data and algorithm, in this order.',
    examples: [["hmac('Jefe', 'what do ya want for nothing?'::bytea, 'sha256')", JEFE]],
    evaluate: (key: string, data: Uint8Array, name: string) => hmac(data, encodeUtf8(key), name),
  }),
  ...['secure_compare', 'constant_time_eq'].flatMap((name) => [
    scalar({
      signature: `${name}(text, text) -> boolean`,
      doc: 'True for equal values, in a time that does not tell where they differ.',
      examples: [[`${name}('abc', 'abd')`, 'false']], evaluate: sameText,
    }),
    scalar({
      signature: `${name}(bytea, bytea) -> boolean`,
      doc: 'True for equal values, in a time that does not tell where they differ.',
      examples: [[`${name}('abc'::bytea, 'abc'::bytea)`, 'true']], evaluate: sameBytes,
    }),
  ]),
];
