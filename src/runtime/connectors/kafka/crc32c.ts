/**
 * CRC-32C (Castagnoli): the checksum of Kafka's record batches.
 *
 * Another polynomial than zlib's, so the tables are our own; sixteen bytes at a time. Takes any
 * bytes, keeps nothing.
 */
const POLYNOMIAL = 0x82f63b78;
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (tables[before & 255] ?? 0) ^ (before >>> 8);
  }
  return tables;
}

/** The checksum of bytes[start, end), as an unsigned number. */
export function crc32c(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  const aligned = Math.min(end, start + ((4 - ((bytes.byteOffset + start) & 3)) & 3));
  const blocks = (end - aligned) >> 4;
  const head = bytewise(-1, bytes, start, aligned);
  const crc = blocks === 0 ? head : byBlocks(head, bytes, aligned, blocks);
  return (bytewise(crc, bytes, aligned + blocks * 16, end) ^ -1) >>> 0;
}

function bytewise(before: number, bytes: Uint8Array, start: number, end: number): number {
  const tables = TABLES;
  let crc = before;
  for (let at = start; at < end; at++) {
    crc = (tables[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8);
  }
  return crc;
}

/** Sixteen bytes at a time, as words where they lie; platforms are little-endian. */
function byBlocks(before: number, bytes: Uint8Array, start: number, blocks: number): number {
  const t = TABLES;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, blocks * 4);
  let crc = before;
  for (let at = 0; at < words.length; at += 4) {
    const a = (words[at] as number) ^ crc;
    const b = words[at + 1] as number;
    const c = words[at + 2] as number;
    const d = words[at + 3] as number;
    crc = (t[3840 + (a & 255)] as number) ^ (t[3584 + ((a >>> 8) & 255)] as number)
      ^ (t[3328 + ((a >>> 16) & 255)] as number) ^ (t[3072 + (a >>> 24)] as number)
      ^ (t[2816 + (b & 255)] as number) ^ (t[2560 + ((b >>> 8) & 255)] as number)
      ^ (t[2304 + ((b >>> 16) & 255)] as number) ^ (t[2048 + (b >>> 24)] as number)
      ^ (t[1792 + (c & 255)] as number) ^ (t[1536 + ((c >>> 8) & 255)] as number)
      ^ (t[1280 + ((c >>> 16) & 255)] as number) ^ (t[1024 + (c >>> 24)] as number)
      ^ (t[768 + (d & 255)] as number) ^ (t[512 + ((d >>> 8) & 255)] as number)
      ^ (t[256 + ((d >>> 16) & 255)] as number) ^ (t[d >>> 24] as number);
  }
  return crc;
}
