/**
 * UTF-8 for the wire: strings to bytes and back.
 *
 * TextEncoder replaces lone surrogates; values that must survive exactly go through encoding.ts.
 */
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/** The string's bytes in UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** The string of UTF-8 bytes. */
export function decodeUtf8(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}
