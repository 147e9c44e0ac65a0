/**
 * CONTRACT. Assertions for programmer errors.
 *
 * They stay on in production: a failed assertion ends the statement or the dataflow with XX000,
 * never with a wrong row. User errors are SqlError (errors.ts) and never come from here.
 */

/** A broken invariant of our own; reported to clients as XX000. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws AssertionError unless the condition holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Returns the value, or throws AssertionError when it is null or undefined. */
export function must<T>(value: T | null | undefined, message: string): T {
  if (value === null || value === undefined) throw new AssertionError(message);
  return value;
}

/** Ends an exhaustive switch; reaching it is a programmer error. */
export function assertNever(value: never, what: string = 'variant'): never {
  throw new AssertionError(`unexpected ${what}: ${describe(value)}`);
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'kind' in value) return String(value.kind);
  return String(value);
}
