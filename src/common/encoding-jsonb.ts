/**
 * The durable form of jsonb: a tag a node, depth first.
 */
import { AssertionError } from './assert.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';
import { readNumeric, writeNumeric } from './encoding-numeric.ts';
import { JSON_FALSE, JSON_NULL, JSON_TRUE } from './types/jsonb.ts';
import type { Jsonb } from './types/jsonb.ts';

const NULL = 0;
const FALSE = 1;
const TRUE = 2;
const NUMBER = 3;
const STRING = 4;
const ARRAY = 5;
const OBJECT = 6;

/** Appends a jsonb tree. */
export function writeJsonb(writer: ByteWriter, value: Jsonb): void {
  switch (value.kind) {
    case 'json-null': writer.u8(NULL); return;
    case 'json-boolean': writer.u8(value.value ? TRUE : FALSE); return;
    case 'json-number':
      writer.u8(NUMBER);
      writeNumeric(writer, value.value);
      return;
    case 'json-string':
      writer.u8(STRING);
      writer.string(value.value);
      return;
    case 'json-array':
      writer.u8(ARRAY);
      writer.varuint(value.items.length);
      for (const item of value.items) writeJsonb(writer, item);
      return;
    case 'json-object':
      writer.u8(OBJECT);
      writer.varuint(value.keys.length);
      value.keys.forEach((key, i) => {
        writer.string(key);
        writeJsonb(writer, value.values[i] ?? JSON_NULL);
      });
  }
}

/** Reads a jsonb tree. */
export function readJsonb(reader: ByteReader): Jsonb {
  const tag = reader.u8();
  switch (tag) {
    case NULL: return JSON_NULL;
    case FALSE: return JSON_FALSE;
    case TRUE: return JSON_TRUE;
    case NUMBER: return { kind: 'json-number', value: readNumeric(reader) };
    case STRING: return { kind: 'json-string', value: reader.string() };
    case ARRAY: {
      const items: Jsonb[] = [];
      for (let left = reader.varuint(); left > 0; left--) items.push(readJsonb(reader));
      return { kind: 'json-array', items };
    }
    case OBJECT: {
      const keys: string[] = [];
      const values: Jsonb[] = [];
      for (let left = reader.varuint(); left > 0; left--) {
        keys.push(reader.string());
        values.push(readJsonb(reader));
      }
      return { kind: 'json-object', keys, values };
    }
    default: throw new AssertionError('a stored jsonb node has a known tag');
  }
}
