/**
 * The shape of a type's behaviour: what each type file exports and registry.ts collects.
 *
 * Methods never see NULL. Errors are PostgreSQL's: 22P02, 22007, 22008, 22003, 22001.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import type { Value } from '../values.ts';
import type { SqlType, TypeName } from './sql-type.ts';
import type { FormatSettings } from './settings.ts';

/** Everything the system knows about one type. */
export interface TypeDefinition {
  readonly name: TypeName;
  readonly oid: number;
  /** 0 when there is no array type over it. */
  readonly arrayOid: number;
  /** Bytes of a fixed-size value, else -1 (pg_type.typlen). */
  readonly typlen: number;
  /** pg_type.typcategory. */
  readonly category: string;
  readonly preferred: boolean;
  /** Other names SQL accepts; the canonical name is not among them. */
  readonly aliases: readonly string[];
  /** How format_type spells it without modifiers. */
  readonly sqlName: string;
  /** Reads the text form. Modifiers are not applied: parseValue of the registry does that. */
  parse(text: string, type: SqlType, settings: FormatSettings): Value;
  /** Writes the text form. */
  format(value: Value, type: SqlType, settings: FormatSettings): string;
  /** Writes PostgreSQL's binary wire form. */
  encodeBinary(value: Value, type: SqlType): Uint8Array;
  /** Reads PostgreSQL's binary wire form. */
  decodeBinary(bytes: Uint8Array, type: SqlType): Value;
  /** The btree order: negative, 0 or positive. */
  compare(a: Value, b: Value, type: SqlType): number;
  /** An int32; values that compare equal hash equally. */
  hash(value: Value, type: SqlType): number;
}

/** `invalid input syntax for type integer: "x"`. */
export function invalidSyntax(sqlName: string, text: string): SqlError {
  return sqlError('22P02', `invalid input syntax for type ${sqlName}: "${text}"`);
}

/** `value "99999" is out of range for type smallint`. */
export function valueOutOfRange(sqlName: string, text: string): SqlError {
  return sqlError('22003', `value "${text}" is out of range for type ${sqlName}`);
}

/** The error of a binary parameter of the wrong length. */
export function invalidBinary(sqlName: string): SqlError {
  return sqlError('22P03', `incorrect binary data format for type ${sqlName}`);
}

/** A view for reading or writing numbers in network order. */
export function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Refuses binary input that has not the given length. */
export function requireLength(bytes: Uint8Array, length: number, sqlName: string): void {
  if (bytes.byteLength !== length) throw invalidBinary(sqlName);
}
