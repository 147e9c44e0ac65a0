/**
 * The types json (text kept as given) and jsonb (tree); behaviour is in jsonb.ts and
 * jsonb-parse.ts.
 */
import { combineHash, hashInt32, hashString } from '../hash.ts';
import { compareJsonb, formatJsonb } from './jsonb.ts';
import type { Jsonb } from './jsonb.ts';
import { parseJsonb, validateJson } from './jsonb-parse.ts';
import { hashNumeric } from './numeric-type.ts';
import { compareText } from './text-order.ts';
import { invalidBinary } from './type-definition.ts';
import type { TypeDefinition } from './type-definition.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';
import { asJsonb, asString } from './values-of.ts';

/** Hashes a jsonb tree; numbers hash by value. */
export function hashJsonb(value: Jsonb): number {
  switch (value.kind) {
    case 'json-null': return 0x1234567;
    case 'json-boolean': return hashInt32(value.value ? 11 : 10);
    case 'json-number': return hashNumeric(value.value);
    case 'json-string': return hashString(value.value);
    case 'json-array': {
      let h = 0x5a5a;
      for (const item of value.items) h = combineHash(h, hashJsonb(item));
      return h;
    }
    case 'json-object': {
      let h = 0x6b6b;
      for (const key of value.keys) h = combineHash(h, hashString(key));
      for (const item of value.values) h = combineHash(h, hashJsonb(item));
      return h;
    }
  }
}

/** json: checked text. SQL gives it no order; ours is that of the text. */
export const JSON_TYPE: TypeDefinition = {
  name: 'json', oid: 114, arrayOid: 199, typlen: -1, category: 'U', preferred: false,
  aliases: [], sqlName: 'json',
  parse: validateJson,
  format: (value) => asString(value),
  encodeBinary: (value) => encodeUtf8(asString(value)),
  decodeBinary: (bytes) => validateJson(decodeUtf8(bytes)),
  compare: (a, b) => compareText(asString(a), asString(b)),
  hash: (value) => hashString(asString(value)),
};

/** jsonb. */
export const JSONB: TypeDefinition = {
  name: 'jsonb', oid: 3802, arrayOid: 3807, typlen: -1, category: 'U', preferred: false,
  aliases: [], sqlName: 'jsonb',
  parse: parseJsonb,
  format: (value) => formatJsonb(asJsonb(value)),
  encodeBinary: (value) => {
    const text = encodeUtf8(formatJsonb(asJsonb(value)));
    const bytes = new Uint8Array(text.length + 1);
    bytes[0] = 1;
    bytes.set(text, 1);
    return bytes;
  },
  decodeBinary: (bytes) => {
    if (bytes[0] !== 1) throw invalidBinary('jsonb');
    return parseJsonb(decodeUtf8(bytes.subarray(1)));
  },
  compare: (a, b) => compareJsonb(asJsonb(a), asJsonb(b)),
  hash: (value) => hashJsonb(asJsonb(value)),
};
