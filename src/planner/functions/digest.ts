/**
 * Message digests over bytes: MD5 and the SHA-2 family, as SQL has them.
 *
 * Written out because the engine may not use the platform's crypto; speed is that of plain loops.
 */

const MD5_SHIFTS: readonly number[] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const MD5_SINES: Int32Array = Int32Array.from({ length: 64 },
  (_unused, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));

/** The message with its padding: 0x80, zeros, the bit count in `lengthBytes` bytes. */
function padded(message: Uint8Array, block: number, littleEndian: boolean): Uint8Array {
  const lengthBytes = block / 8;
  const size = Math.ceil((message.length + 1 + lengthBytes) / block) * block;
  const result = new Uint8Array(size);
  result.set(message);
  result[message.length] = 0x80;
  const view = new DataView(result.buffer);
  const bits = BigInt(message.length) * 8n;
  view.setBigUint64(size - 8, bits, littleEndian);
  return result;
}

/** The 16 bytes of MD5. */
export function md5(message: Uint8Array): Uint8Array {
  const data = padded(message, 64, true);
  const view = new DataView(data.buffer);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  const words = new Int32Array(16);
  for (let at = 0; at < data.length; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + i * 4, true);
    md5Block(state, words);
  }
  const result = new Uint8Array(16);
  const out = new DataView(result.buffer);
  state.forEach((word, i) => out.setInt32(i * 4, word, true));
  return result;
}

function md5Block(state: Int32Array, words: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    let mixed: number;
    let place: number;
    if (round === 0) [mixed, place] = [(b & c) | (~b & d), i];
    else if (round === 1) [mixed, place] = [(d & b) | (~d & c), (5 * i + 1) & 15];
    else if (round === 2) [mixed, place] = [b ^ c ^ d, (3 * i + 5) & 15];
    else [mixed, place] = [c ^ (b | ~d), (7 * i) & 15];
    const sum = (a + mixed + (MD5_SINES[i] ?? 0) + (words[place] ?? 0)) | 0;
    const shift = MD5_SHIFTS[round * 4 + (i & 3)] ?? 0;
    [a, d, c] = [d, c, b];
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

/** The first 64 bits of the fraction of the n-th root, n = 2 or 3. */
function rootFraction(prime: number, degree: 2n | 3n): bigint {
  // floor(root(prime) * 2^64) by bisection in bigints.
  const target = BigInt(prime) << (64n * degree);
  let low = 0n;
  let high = 1n << 80n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= target) low = middle;
    else high = middle;
  }
  return BigInt.asUintN(64, low);
}

const PRIMES = firstPrimes(80);
const SHA512_CONSTANTS: readonly bigint[] = PRIMES.map((prime) => rootFraction(prime, 3n));
const SHA256_CONSTANTS: Int32Array = Int32Array.from(SHA512_CONSTANTS.slice(0, 64),
  (constant) => Number(constant >> 32n));
const SHA512_START: readonly bigint[] = PRIMES.slice(0, 8).map((prime) => rootFraction(prime, 2n));
const SHA384_START: readonly bigint[] = PRIMES.slice(8, 16)
  .map((prime) => rootFraction(prime, 2n));

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

/** SHA-256 (32 bytes) or SHA-224 (28). */
export function sha256(message: Uint8Array, short: boolean = false): Uint8Array {
  const data = padded(message, 64, false);
  const view = new DataView(data.buffer);
  // SHA-224 starts from the second 32 bits of the roots of the 9th to 16th primes.
  const state = short ? Int32Array.from(SHA384_START, (word) => Number(word & 0xffffffffn))
    : Int32Array.from(SHA512_START, (word) => Number(word >> 32n));
  const words = new Int32Array(64);
  for (let at = 0; at < data.length; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + i * 4);
    sha256Block(state, words);
  }
  const result = new Uint8Array(32);
  const out = new DataView(result.buffer);
  state.forEach((word, i) => out.setInt32(i * 4, word));
  return short ? result.slice(0, 28) : result;
}

function sha256Block(state: Int32Array, words: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const a = words[i - 15] ?? 0;
    const b = words[i - 2] ?? 0;
    const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
    const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
    words[i] = (words[i - 16] ?? 0) + s0 + (words[i - 7] ?? 0) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + s1 + choice + (SHA256_CONSTANTS[i] ?? 0) + (words[i] ?? 0)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + s0 + majority) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] = (state[i] ?? 0) + word;
  });
}

function rotate64(word: bigint, by: bigint): bigint {
  return BigInt.asUintN(64, (word >> by) | (word << (64n - by)));
}

/** SHA-512 (64 bytes) or SHA-384 (48). */
export function sha512(message: Uint8Array, short: boolean = false): Uint8Array {
  const data = padded(message, 128, false);
  const view = new DataView(data.buffer);
  const state = [...(short ? SHA384_START : SHA512_START)];
  const words: bigint[] = [];
  for (let at = 0; at < data.length; at += 128) {
    for (let i = 0; i < 16; i++) words[i] = view.getBigUint64(at + i * 8);
    sha512Block(state, words);
  }
  const result = new Uint8Array(64);
  const out = new DataView(result.buffer);
  state.forEach((word, i) => out.setBigUint64(i * 8, word));
  return short ? result.slice(0, 48) : result;
}

function sha512Block(state: bigint[], words: bigint[]): void {
  for (let i = 16; i < 80; i++) {
    const a = words[i - 15] ?? 0n;
    const b = words[i - 2] ?? 0n;
    const s0 = rotate64(a, 1n) ^ rotate64(a, 8n) ^ (a >> 7n);
    const s1 = rotate64(b, 19n) ^ rotate64(b, 61n) ^ (b >> 6n);
    words[i] = BigInt.asUintN(64, (words[i - 16] ?? 0n) + s0 + (words[i - 7] ?? 0n) + s1);
  }
  let [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n, g = 0n, h = 0n] = state;
  for (let i = 0; i < 80; i++) {
    const s1 = rotate64(e, 14n) ^ rotate64(e, 18n) ^ rotate64(e, 41n);
    const choice = (e & f) ^ (BigInt.asUintN(64, ~e) & g);
    const t1 = h + s1 + choice + (SHA512_CONSTANTS[i] ?? 0n) + (words[i] ?? 0n);
    const s0 = rotate64(a, 28n) ^ rotate64(a, 34n) ^ rotate64(a, 39n);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, BigInt.asUintN(64, d + t1), c, b, a,
      BigInt.asUintN(64, t1 + s0 + majority)];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] = BigInt.asUintN(64, (state[i] ?? 0n) + word);
  });
}
