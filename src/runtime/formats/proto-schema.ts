/**
 * Reads .proto text: messages with their fields, enums, oneofs and maps, proto2 and proto3.
 *
 * Only what decoding needs is kept; services, options, extensions and reserved ranges are passed
 * over. Imported files are given as texts. Errors are 22P02 with the line.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';

/** A type of a field: a scalar of protobuf, or a message or enum by its full name. */
export interface ProtoType {
  readonly kind: 'scalar' | 'message' | 'enum';
  readonly name: string;
}

/** A field of a message. */
export interface ProtoField {
  readonly name: string;
  readonly number: number;
  readonly type: ProtoType;
  readonly repeated: boolean;
  /** Key type of a map; the field's type is then that of its values. */
  readonly key: string | null;
  /** Absent means NULL, not the type's zero. */
  readonly presence: boolean;
  readonly required: boolean;
}

/** A message. */
export interface ProtoMessage {
  readonly name: string;
  readonly fields: readonly ProtoField[];
  readonly byNumber: ReadonlyMap<number, ProtoField>;
}

/** All messages and enums of a schema. */
export interface ProtoSchema {
  readonly messages: ReadonlyMap<string, ProtoMessage>;
  readonly enums: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** Messages in the order of the main file, by nesting: what Confluent's indexes count. */
  readonly tree: readonly ProtoNode[];
}

/** A message and those inside it. */
export interface ProtoNode {
  readonly name: string;
  readonly inner: readonly ProtoNode[];
}

const SCALARS = new Set(['double', 'float', 'int32', 'int64', 'uint32', 'uint64', 'sint32',
  'sint64', 'fixed32', 'fixed64', 'sfixed32', 'sfixed64', 'bool', 'string', 'bytes']);
const TOKEN = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w.+-]+|./gy;
/** Messages that every compiler knows without an import being given. */
const WELL_KNOWN = `syntax = "proto3"; package google.protobuf;
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
message DoubleValue { double value = 1; } message FloatValue { float value = 1; }
message Int64Value { int64 value = 1; } message UInt64Value { uint64 value = 1; }
message Int32Value { int32 value = 1; } message UInt32Value { uint32 value = 1; }
message BoolValue { bool value = 1; } message StringValue { string value = 1; }
message BytesValue { bytes value = 1; } message Empty {}`;

/** A field before the names of its types are looked up. */
interface RawField extends Omit<ProtoField, 'type'> {
  readonly typeName: string;
}

interface RawMessage {
  readonly name: string;
  readonly fields: RawField[];
  readonly inner: RawMessage[];
}

/** The schema of a file and the files it imports. */
export function parseProto(text: string, imports: readonly string[] = []): ProtoSchema {
  const enums = new Map<string, ReadonlyMap<number, string>>();
  const files = [text, ...imports, WELL_KNOWN].map((each) => new FileReader(each, enums).read());
  const all: RawMessage[] = [];
  const collect = (list: readonly RawMessage[]): void => {
    for (const each of list) {
      all.push(each);
      collect(each.inner);
    }
  };
  for (const messages of files) collect(messages);
  const names = new Set(all.map(({ name }) => name));
  const messages = new Map<string, ProtoMessage>();
  for (const { name, fields } of all) {
    const found = fields.map(({ typeName, ...field }): ProtoField =>
      ({ ...field, type: lookUp(typeName, name, { names, enums }) }));
    const byNumber = new Map(found.map((field) => [field.number, field]));
    if (!messages.has(name)) messages.set(name, { name, fields: found, byNumber });
  }
  return { messages, enums, tree: (files[0] ?? []).map(nodeOf) };
}

function nodeOf({ name, inner }: RawMessage): ProtoNode {
  return { name, inner: inner.map(nodeOf) };
}

/** A name as it is seen from inside a message. */
function lookUp(
  name: string, scope: string,
  known: { readonly names: ReadonlySet<string>; readonly enums: ReadonlyMap<string, unknown> },
): ProtoType {
  if (SCALARS.has(name)) return { kind: 'scalar', name };
  const bare = name.replace(/^\./, '');
  const parts = name.startsWith('.') ? [] : scope.split('.');
  for (;;) {
    const full = [...parts, bare].join('.');
    if (known.names.has(full)) return { kind: 'message', name: full };
    if (known.enums.has(full)) return { kind: 'enum', name: full };
    if (parts.length === 0) break;
    parts.pop();
  }
  throw sqlError('22P02', `protobuf schema: type "${name}" of message ${scope} is not defined`);
}

/** Reads one file. */
class FileReader {
  readonly #tokens: { readonly text: string; readonly line: number }[] = [];
  readonly #enums: Map<string, ReadonlyMap<number, string>>;
  #at = 0;
  #proto3 = false;
  #package = '';

  constructor(text: string, enums: Map<string, ReadonlyMap<number, string>>) {
    this.#enums = enums;
    let line = 1;
    for (const [token] of text.matchAll(TOKEN)) {
      if (!/^(\s|\/\/|\/\*)/.test(token)) this.#tokens.push({ text: token, line });
      line += token.split('\n').length - 1;
    }
  }

  read(): RawMessage[] {
    const messages: RawMessage[] = [];
    while (this.#at < this.#tokens.length) {
      const word = this.#next();
      switch (word) {
        case 'syntax':
          this.#expect('=');
          this.#proto3 = this.#next().slice(1, -1) === 'proto3';
          this.#expect(';');
          break;
        case 'package':
          this.#package = this.#next();
          this.#expect(';');
          break;
        case 'message': messages.push(this.#message(this.#package)); break;
        case 'enum': this.#enum(this.#package); break;
        case ';': break;
        default: this.#skipStatement();
      }
    }
    return messages;
  }

  #peek(): string { return this.#tokens[this.#at]?.text ?? ''; }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.#wrong('the end');
    return token.text;
  }

  #wrong(what: string): SqlError {
    const { line } = this.#tokens[Math.max(0, this.#at - 1)] ?? { line: 1 };
    return sqlError('22P02', `protobuf schema: unexpected ${what} in line ${line}`);
  }

  #expect(text: string): void {
    const found = this.#next();
    if (found !== text) throw this.#wrong(`"${found}"`);
  }

  #number(): number {
    const text = this.#next();
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw this.#wrong(`"${text}"`);
    return value;
  }

  /** To the semicolon, or behind the braces, of what is of no interest. */
  #skipStatement(): void {
    let depth = 0;
    for (;;) {
      const word = this.#next();
      if (word === '{') depth++;
      if (word === '}' && --depth === 0) return;
      if (word === ';' && depth === 0) return;
    }
  }

  #skipOptions(): void {
    if (this.#peek() !== '[') return;
    for (let depth = 0; ;) {
      const word = this.#next();
      if (word === '[') depth++;
      if (word === ']' && --depth === 0) return;
    }
  }

  #enum(scope: string): void {
    const name = qualified(scope, this.#next());
    const values = new Map<number, string>();
    this.#expect('{');
    while (this.#peek() !== '}') {
      const word = this.#next();
      if (word === ';') continue;
      if (word === 'option' || word === 'reserved') {
        this.#skipStatement();
        continue;
      }
      this.#expect('=');
      const number = this.#number();
      if (!values.has(number)) values.set(number, word);
      this.#skipOptions();
      this.#expect(';');
    }
    this.#expect('}');
    this.#enums.set(name, values);
  }

  #message(scope: string): RawMessage {
    const message: RawMessage = { name: qualified(scope, this.#next()), fields: [], inner: [] };
    this.#expect('{');
    this.#members(message, false);
    return message;
  }

  /** Members up to the closing brace; those of a oneof count for the message around it. */
  #members(message: RawMessage, inOneof: boolean): void {
    for (;;) {
      const word = this.#next();
      switch (word) {
        case '}': return;
        case ';': break;
        case 'message': message.inner.push(this.#message(message.name)); break;
        case 'enum': this.#enum(message.name); break;
        case 'oneof':
          this.#next();
          this.#expect('{');
          this.#members(message, true);
          break;
        case 'option': case 'reserved': case 'extensions': case 'extend': this.#skipStatement();
          break;
        default:
          if (word === 'map' && this.#peek() === '<') this.#map(message);
          else this.#field(message, word, inOneof);
      }
    }
  }

  #map(message: RawMessage): void {
    this.#expect('<');
    const key = this.#next();
    this.#expect(',');
    const typeName = this.#next();
    this.#expect('>');
    message.fields.push({ ...this.#numbered(), typeName, key, repeated: true, presence: false,
      required: false });
  }

  #numbered(): { readonly name: string; readonly number: number } {
    const name = this.#next();
    this.#expect('=');
    const number = this.#number();
    this.#skipOptions();
    this.#expect(';');
    return { name, number };
  }

  #field(message: RawMessage, first: string, inOneof: boolean): void {
    const label = first === 'repeated' || first === 'optional' || first === 'required';
    const typeName = label ? this.#next() : first;
    if (typeName === 'group' || !/^\.?[A-Za-z_]/.test(typeName)) throw this.#wrong(`"${typeName}"`);
    message.fields.push({
      ...this.#numbered(), typeName, key: null, repeated: first === 'repeated',
      presence: inOneof || first === 'optional' || !this.#proto3, required: first === 'required',
    });
  }
}

function qualified(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
