/**
 * Typed arrays that grow, in place where they are large.
 *
 * A small array is copied into a longer one. From a megabyte on an array lies in a growable
 * SharedArrayBuffer: address space is reserved once and pages come when they are written. So growth
 * neither copies nor leaves the old array to the collector, and its bytes do not count as V8's
 * external memory, of which every 64 MB set off a collection of the whole heap. Views of fixed
 * length on such a buffer are as fast as others. Nothing is shared between threads; where no
 * address space is to be had, arrays are copied as before.
 */

/** The typed arrays that grow. */
export type Growable = Uint8Array | Int32Array | BigInt64Array | Float64Array;

const IN_PLACE_BYTES = 2 ** 20;
/** Address space of one array: as much as Node 20 allows. */
const RESERVED_BYTES = 2 ** 32;

/** A SharedArrayBuffer of ES2024. */
interface GrowableBuffer extends SharedArrayBuffer {
  readonly maxByteLength: number;
  grow(bytes: number): void;
}

interface GrowableBufferConstructor {
  new (bytes: number, options: { readonly maxByteLength: number }): GrowableBuffer;
}

type ArrayMaker<T> = new (
  ...from: [length: number] | [buffer: ArrayBufferLike, at: number, length: number]
) => T;

/**
 * An array of `length` elements that begins with those of `array`, the rest 0. `array` must not be
 * used any more: the two may be the same memory.
 */
export function grown<T extends Growable>(array: T, length: number): T {
  const Maker = array.constructor as ArrayMaker<T>;
  const { buffer } = array;
  const bytes = length * array.BYTES_PER_ELEMENT;
  if (isReserved(buffer) && bytes <= buffer.maxByteLength) {
    if (bytes > buffer.byteLength) buffer.grow(bytes);
    return new Maker(buffer, 0, length);
  }
  const reserved = bytes < IN_PLACE_BYTES ? null : reserve(bytes);
  const longer = reserved === null ? new Maker(length) : new Maker(reserved, 0, length);
  (longer as Int32Array).set(array as Int32Array);
  return longer;
}

/** Bytes of arrays that V8's collector does not know of. */
export function reservedBytes(arrays: readonly Growable[]): number {
  let total = 0;
  for (const { buffer } of arrays) if (isReserved(buffer)) total += buffer.byteLength;
  return total;
}

/**
 * Makes the collector come as soon as it would for `bytes` of garbage: reserved arrays are freed
 * by collections but do not cause any. The array made for that is never written, so it takes no
 * memory.
 */
export function announceRelease(bytes: number): void {
  if (bytes < IN_PLACE_BYTES) return;
  try {
    void new ArrayBuffer(bytes);
  } catch {
    // No address space: then the collector is about to come anyway.
  }
}

function isReserved(buffer: ArrayBufferLike): buffer is GrowableBuffer {
  return buffer instanceof SharedArrayBuffer;
}

function reserve(bytes: number): GrowableBuffer | null {
  if (bytes > RESERVED_BYTES) return null;
  try {
    const Buffer = SharedArrayBuffer as unknown as GrowableBufferConstructor;
    return new Buffer(bytes, { maxByteLength: RESERVED_BYTES });
  } catch {
    return null;
  }
}
