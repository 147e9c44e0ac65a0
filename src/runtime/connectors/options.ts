/**
 * Reads options of a connector: typed, with the errors users see.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';

/** Options by name, in lower case. */
export type OptionMap = ReadonlyMap<string, string>;

/** The options of a declaration as a map. */
export function optionMap(options: readonly (readonly [string, string])[]): OptionMap {
  return new Map(options.map(([name, value]) => [name.toLowerCase(), value]));
}

/** The first of several spellings that is set, or null. */
export function option(options: OptionMap, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = options.get(name);
    if (value !== undefined) return value;
  }
  return null;
}

/** 22023: the value of an option makes no sense. */
export function badOption(name: string, value: string, wanted: string): SqlError {
  return sqlError('22023', `invalid value for option "${name}": "${value}"`, {
    hint: `Use ${wanted}.`,
  });
}

/** 42601: an option must be given. */
export function missingOption(connector: string, name: string): SqlError {
  return sqlError('42601', `connector "${connector}" needs option "${name}"`);
}

/** A whole number, or null when none of the spellings is set. */
export function integerOption(
  options: OptionMap, names: readonly string[], least: bigint,
): bigint | null {
  const text = option(options, ...names);
  if (text === null) return null;
  const digits = text.trim();
  if (!/^-?\d+$/.test(digits) || BigInt(digits) < least) {
    throw badOption(names[0] ?? '', text, `a whole number of at least ${least}`);
  }
  return BigInt(digits);
}

/** A number, or null when none of the spellings is set. */
export function numberOption(options: OptionMap, names: readonly string[]): number | null {
  const text = option(options, ...names);
  if (text === null) return null;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw badOption(names[0] ?? '', text, 'a number');
  }
  return value;
}
