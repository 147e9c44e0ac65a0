/**
 * Errors of malformed regular expressions: 2201B in PostgreSQL's words.
 */
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';

/** A backslash before nothing, or before a letter without meaning. */
export function escapeError(): SqlError {
  return sqlError('2201B', 'invalid regular expression: invalid escape \\ sequence');
}

/** A bracket expression without its end. */
export function bracketError(): SqlError {
  return sqlError('2201B', 'invalid regular expression: brackets [] not balanced');
}

/** A range whose ends are reversed or not characters. */
export function rangeError(): SqlError {
  return sqlError('2201B', 'invalid regular expression: invalid character range');
}

/** `[[:name:]]` with an unknown name. */
export function classError(): SqlError {
  return sqlError('2201B', 'invalid regular expression: invalid character class');
}

/** `[[.name.]]` with more than one character. */
export function collatingError(): SqlError {
  return sqlError('2201B', 'invalid regular expression: invalid collating element');
}
