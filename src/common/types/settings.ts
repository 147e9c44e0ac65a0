/**
 * The session settings that text input and output of values depend on.
 *
 * Passed explicitly to every parse and format; there is no current session down here.
 */
import type { TypeName } from './sql-type.ts';

/** The catalog as reg* types need it: what they show instead of an oid, and the way back. */
export interface NameLookup {
  /** The text of an oid, qualified unless visible; null when there is no such object. */
  nameOf(type: TypeName, oid: number): string | null;
  /** The oid of a name as written; throws when there is no such object. */
  oidOf(type: TypeName, text: string): number;
}

/** Settings of a session as far as types care; `now` is the transaction's time. */
export interface FormatSettings {
  /** IANA name, abbreviation or POSIX form. */
  readonly timeZone: string;
  /** As SHOW DateStyle prints it: `ISO, MDY`. */
  readonly dateStyle: string;
  /** postgres, postgres_verbose, sql_standard or iso_8601. */
  readonly intervalStyle: string;
  readonly byteaOutput: 'hex' | 'escape';
  readonly extraFloatDigits: number;
  /** Microseconds since 1970-01-01 UTC, for 'now', 'today' and their like. */
  now(): bigint;
  /** Absent outside sessions: oids are shown as numbers then. */
  readonly names?: NameLookup | undefined;
}

/** PostgreSQL's defaults, in UTC; `now` is the epoch. */
export const DEFAULT_SETTINGS: FormatSettings = {
  timeZone: 'UTC',
  dateStyle: 'ISO, MDY',
  intervalStyle: 'postgres',
  byteaOutput: 'hex',
  extraFloatDigits: 1,
  now: () => 0n,
};
