/**
 * CRC-32C (Castagnoli): the checksum of Kafka's record batches.
 *
 * Another polynomial than zlib's, so the tables are our own; eight bytes at a time. Takes any
 * bytes, keeps nothing.
 */
const POLYNOMIAL = 0x82f63b78;
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
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
  const tables = TABLES;
  let crc = -1;
  let at = start;
  for (const last = end - 7; at < last; at += 8) {
    const low = crc ^ ((bytes[at] as number) | ((bytes[at + 1] as number) << 8)
      | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24));
    crc = (tables[1792 + (low & 255)] as number) ^ (tables[1536 + ((low >>> 8) & 255)] as number)
      ^ (tables[1280 + ((low >>> 16) & 255)] as number) ^ (tables[1024 + (low >>> 24)] as number)
      ^ (tables[768 + (bytes[at + 4] as number)] as number)
      ^ (tables[512 + (bytes[at + 5] as number)] as number)
      ^ (tables[256 + (bytes[at + 6] as number)] as number)
      ^ (tables[bytes[at + 7] as number] as number);
  }
  for (; at < end; at++) {
    crc = (crc >>> 8) ^ (tables[(crc ^ (bytes[at] as number)) & 255] as number);
  }
  return ~crc >>> 0;
}
