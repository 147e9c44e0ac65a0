/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): verifiers as they are stored, and the proofs of a log-in.
 *
 * Written on the engine's own SHA-256, so that it gives the same everywhere. Deriving a key takes
 * thousands of rounds: it is a generator, and the caller lets others have their turn.
 */
import { bytesToBase64, base64ToBytes } from '../common/base64.ts';
import { sha256 } from '../planner/functions/digest.ts';

/** Rounds of new verifiers. */
export const SCRAM_ITERATIONS = 4096;
/** Bytes of a salt. */
export const SALT_BYTES = 16;
const BLOCK = 64;
const ROUNDS_AT_ONCE = 256;
const ENCODER = new TextEncoder();

/** A verifier, taken apart. */
export interface Verifier {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** HMAC-SHA-256. */
export function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const short = key.length > BLOCK ? sha256(key) : key;
  const inner = new Uint8Array(BLOCK + message.length).fill(0x36, 0, BLOCK);
  const outer = new Uint8Array(BLOCK + 32).fill(0x5c, 0, BLOCK);
  for (let i = 0; i < short.length; i++) {
    inner[i] = 0x36 ^ (short[i] ?? 0);
    outer[i] = 0x5c ^ (short[i] ?? 0);
  }
  inner.set(message, BLOCK);
  outer.set(sha256(inner), BLOCK);
  return sha256(outer);
}

/** PBKDF2 with HMAC-SHA-256, one block of output; yields between rounds. */
export function* saltedPassword(
  password: string, salt: Uint8Array, iterations: number,
): Generator<void, Uint8Array> {
  const key = ENCODER.encode(prepared(password));
  const first = new Uint8Array(salt.length + 4);
  first.set(salt);
  first[salt.length + 3] = 1;
  let round = hmac(key, first);
  const result = round.slice();
  for (let i = 1; i < iterations; i++) {
    if (i % ROUNDS_AT_ONCE === 0) yield;
    round = hmac(key, round);
    for (let k = 0; k < result.length; k++) result[k] = (result[k] ?? 0) ^ (round[k] ?? 0);
  }
  return result;
}

/** SASLprep as far as it matters: NFKC, and all spaces alike. */
function prepared(password: string): string {
  return password.normalize('NFKC').replaceAll(/\p{Zs}/gu, ' ');
}

/** The verifier of a password. */
export function* makeVerifier(password: string, salt: Uint8Array): Generator<void, string> {
  const salted = yield* saltedPassword(password, salt, SCRAM_ITERATIONS);
  const storedKey = sha256(hmac(salted, ENCODER.encode('Client Key')));
  const serverKey = hmac(salted, ENCODER.encode('Server Key'));
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${bytesToBase64(salt)}$${bytesToBase64(storedKey)}:`
    + bytesToBase64(serverKey);
}

/** Takes a verifier apart; null when it is none. */
export function parseVerifier(text: string): Verifier | null {
  const match = /^SCRAM-SHA-256\$(\d{1,6}):([^$:]+)\$([^$:]+):([^$:]+)$/.exec(text);
  if (match === null) return null;
  const [salt, storedKey, serverKey] = [match[2], match[3], match[4]]
    .map((part) => base64ToBytes(part ?? ''));
  if (salt == null || storedKey?.length !== 32 || serverKey?.length !== 32) return null;
  return { iterations: Number(match[1]), salt, storedKey, serverKey };
}

/** True when a password belongs to a verifier. */
export function* passwordMatches(password: string, text: string): Generator<void, boolean> {
  const verifier = parseVerifier(text);
  if (verifier === null) return false;
  const salted = yield* saltedPassword(password, verifier.salt, verifier.iterations);
  return sameBytes(hmac(salted, ENCODER.encode('Server Key')), verifier.serverKey);
}

/** Compares without telling where the difference is. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** True when the client's proof shows that it knows the password. */
export function proofHolds(verifier: Verifier, authMessage: string, proof: Uint8Array): boolean {
  const signature = hmac(verifier.storedKey, ENCODER.encode(authMessage));
  if (proof.length !== signature.length) return false;
  const clientKey = proof.map((byte, i) => byte ^ (signature[i] ?? 0));
  return sameBytes(sha256(clientKey), verifier.storedKey);
}

/** What shows the client that the server knows the verifier. */
export function serverSignature(verifier: Verifier, authMessage: string): Uint8Array {
  return hmac(verifier.serverKey, ENCODER.encode(authMessage));
}
