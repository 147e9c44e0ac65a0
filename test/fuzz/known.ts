/**
 * The deliberate differences from PostgreSQL, at most twenty: how the fuzzer tells one from a
 * mistake. docs/sql/differences.md says the same to users.
 */

/** A difference, found at a view and an epoch (-1: creating the view). */
export interface Difference {
  readonly view: number;
  readonly epoch: number;
  readonly what: 'create' | 'rows' | 'query' | 'error' | 'crash';
  readonly text: string;
}

/** A difference that is meant. */
export interface KnownDifference {
  readonly name: string;
  readonly matches: (seen: Seen) => boolean;
}

/** What is known of a difference when it is judged. */
export interface Seen extends Pick<Difference, 'what' | 'text'> {
  readonly sql: string;
}

/** SQLSTATE classes of errors that values raise. */
const DATA = '(?:22|0A|2B|21)';

/** The list. */
export const KNOWN: readonly KnownDifference[] = [
  {
    // Which values of a query are computed at all is for each planner to say.
    name: 'a value that nothing needs raises an error in PostgreSQL alone',
    matches: ({ what, text }) => what === 'error'
      && new RegExp(`^asked once\\nours: \\d+ rows.*\\ntheirs: ${DATA}`, 's').test(text),
  },
  {
    name: 'a value that PostgreSQL does not compute raises an error here',
    matches: ({ what, text }) => what === 'error'
      && new RegExp(`^asked once\\nours: ${DATA}\\w{3} .*\\ntheirs: \\d+ rows`, 's').test(text),
  },
  {
    // They are in dead_letter.<view>; the same query asked once raises the error.
    name: 'a view is kept without the rows that raise an error',
    matches: ({ what, text }) => what === 'rows'
      && new RegExp(`\\nasked once: ${DATA}`).test(text),
  },
];

/** The name of the deliberate difference this is, or null. */
export function isKnown(seen: Seen): string | null {
  return KNOWN.find(({ matches }) => matches(seen))?.name ?? null;
}
