/**
 * The types text, varchar, bpchar, name, "char" and unknown.
 *
 * Order is that of UTF-8 bytes. bpchar ignores trailing blanks when compared and hashed; its values
 * are stored padded when the type has a length.
 */
import { hashString } from '../hash.ts';
import type { Value } from '../values.ts';
import type { TypeName } from './sql-type.ts';
import { compareText, utf8Length } from './text-order.ts';
import type { TypeDefinition } from './type-definition.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';
import { asString } from './values-of.ts';

const NAME_BYTES_MAX = 63;

interface TextTypeFields {
  readonly name: TypeName;
  readonly oid: number;
  readonly arrayOid: number;
  readonly aliases: readonly string[];
  readonly sqlName: string;
}

function textType(fields: TextTypeFields): TypeDefinition {
  return {
    ...fields,
    typlen: -1, category: 'S', preferred: fields.name === 'text',
    parse: (text) => text,
    format: (value) => asString(value),
    encodeBinary: (value) => encodeUtf8(asString(value)),
    decodeBinary: decodeUtf8,
    compare: (a, b) => compareText(asString(a), asString(b)),
    hash: (value) => hashString(asString(value)),
  };
}

/** text. */
export const TEXT: TypeDefinition = textType({
  name: 'text', oid: 25, arrayOid: 1009, aliases: ['string'], sqlName: 'text',
});

/** character varying. */
export const VARCHAR: TypeDefinition = textType({
  name: 'varchar', oid: 1043, arrayOid: 1015,
  aliases: ['character varying', 'char varying', 'nchar varying', 'national character varying'],
  sqlName: 'character varying',
});

/** The text without trailing blanks: what counts of a bpchar. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** character(n). */
export const BPCHAR: TypeDefinition = {
  ...textType({
    name: 'bpchar', oid: 1042, arrayOid: 1014,
    aliases: ['character', 'char', 'nchar', 'national character'], sqlName: 'character',
  }),
  compare: (a, b) => compareText(trimBlanks(asString(a)), trimBlanks(asString(b))),
  hash: (value) => hashString(trimBlanks(asString(value))),
};

/** Cuts a name to 63 bytes at a character boundary, as identifiers are. */
export function truncateName(text: string): string {
  if (text.length * 3 <= NAME_BYTES_MAX || utf8Length(text) <= NAME_BYTES_MAX) return text;
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > NAME_BYTES_MAX) break;
    kept += character;
  }
  return kept;
}

/** name: identifiers of the catalog. */
export const NAME: TypeDefinition = {
  ...textType({ name: 'name', oid: 19, arrayOid: 1003, aliases: [], sqlName: 'name' }),
  typlen: 64,
  parse: truncateName,
};

/** Reads a "char": the first byte, or a backslash and three octal digits. */
function parseChar(text: string): string {
  const octal = /^\\([0-3][0-7]{2})$/.exec(text)?.[1];
  if (octal !== undefined) return charOfByte(Number.parseInt(octal, 8));
  return text === '' ? '' : charOfByte(encodeUtf8(text)[0] ?? 0);
}

function charOfByte(byte: number): string {
  return byte === 0 ? '' : String.fromCharCode(byte);
}

function byteOfChar(value: Value): number {
  const text = asString(value);
  return text === '' ? 0 : text.charCodeAt(0) & 0xff;
}

/** "char": one byte, used in catalogs; bytes above 127 print as octal. */
export const CHAR: TypeDefinition = {
  ...textType({ name: 'char', oid: 18, arrayOid: 1002, aliases: ['"char"'], sqlName: '"char"' }),
  typlen: 1, category: 'Z',
  parse: parseChar,
  format: (value) => {
    const byte = byteOfChar(value);
    return byte > 127 ? `\\${byte.toString(8).padStart(3, '0')}` : asString(value);
  },
  encodeBinary: (value) => Uint8Array.of(byteOfChar(value)),
  decodeBinary: (bytes) => charOfByte(bytes[0] ?? 0),
  compare: (a, b) => byteOfChar(a) - byteOfChar(b),
};

/** The type of a bare literal before it gets a better one. */
export const UNKNOWN: TypeDefinition = {
  ...textType({ name: 'unknown', oid: 705, arrayOid: 0, aliases: [], sqlName: 'unknown' }),
  typlen: -2, category: 'X',
};
