/**
 * Enums: values are the places of labels, numbers by which they are ordered.
 *
 * The labels stand in the type itself. A label that comes between two others gets a place between
 * theirs, so that values that are stored keep their meaning.
 */
import { must } from '../assert.ts';
import { sqlError } from '../errors.ts';
import { hashFloat64 } from '../hash.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';
import type { EnumLabel, SqlType, UserType } from './sql-type.ts';
import type { TypeDefinition } from './type-definition.ts';
import { asNumber } from './values-of.ts';
import type { Value } from '../values.ts';

/** The labels of an enum type, in order. */
export function labelsOf(type: SqlType): readonly EnumLabel[] {
  return type.user?.labels ?? [];
}

/** An enum type of these labels. */
export function enumType(user: UserType): SqlType {
  return { name: 'enum', user };
}

function parseLabel(text: string, type: SqlType): number {
  const found = labelsOf(type).find(({ label }) => label === text);
  if (found !== undefined) return found.place;
  throw sqlError('22P02', `invalid input value for enum ${type.user?.name ?? ''}: "${text}"`);
}

function labelOf(value: Value, type: SqlType): string {
  const place = asNumber(value);
  return must(labelsOf(type).find((each) => each.place === place), 'label of an enum').label;
}

/** The definition that stands for all enum types; oids are those of the type itself. */
export const ENUM: TypeDefinition = {
  name: 'enum', oid: 3500, arrayOid: 0, typlen: 4, category: 'E', preferred: false, aliases: [],
  sqlName: 'anyenum',
  parse: parseLabel,
  format: labelOf,
  encodeBinary: (value, type) => encodeUtf8(labelOf(value, type)),
  decodeBinary: (bytes, type) => parseLabel(decodeUtf8(bytes), type),
  compare: (a, b) => asNumber(a) - asNumber(b),
  hash: (value) => hashFloat64(asNumber(value)),
};
