/**
 * The type boolean: any unambiguous prefix of true, false, yes, no, on, off, and 1 and 0.
 */
import { hashInt32 } from '../hash.ts';
import { invalidSyntax, requireLength } from './type-definition.ts';
import type { TypeDefinition } from './type-definition.ts';
import { asBoolean } from './values-of.ts';

const TRUE_WORDS = new Set(['t', 'tr', 'tru', 'true', 'y', 'ye', 'yes', 'on', '1']);
const FALSE_WORDS = new Set(['f', 'fa', 'fal', 'fals', 'false', 'n', 'no', 'of', 'off', '0']);

/** Reads a boolean; 22P02 otherwise. */
export function parseBoolean(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  if (FALSE_WORDS.has(word)) return false;
  throw invalidSyntax('boolean', text);
}

/** boolean; false sorts before true. */
export const BOOLEAN: TypeDefinition = {
  name: 'boolean', oid: 16, arrayOid: 1000, typlen: 1, category: 'B', preferred: true,
  aliases: ['bool'], sqlName: 'boolean',
  parse: parseBoolean,
  format: (value) => (value === true ? 't' : 'f'),
  encodeBinary: (value) => Uint8Array.of(value === true ? 1 : 0),
  decodeBinary: (bytes) => {
    requireLength(bytes, 1, 'boolean');
    return bytes[0] !== 0;
  },
  compare: (a, b) => Number(asBoolean(a)) - Number(asBoolean(b)),
  hash: (value) => hashInt32(value === true ? 1 : 0),
};
