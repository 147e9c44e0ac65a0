/**
 * The list of names in a search_path: words, and names in double quotes, between commas.
 */
import { sqlError } from '../../common/errors.ts';

/** A name in quotes, or a word up to a comma; both with the blanks around them. */
const ENTRY = /\s*(?:"((?:[^"]|"")+)"|([^",\s][^",]*?))\s*(,|$)/uy;

/** The names; null when the text is no such list. An empty text is an empty list. */
export function splitPath(text: string): readonly string[] | null {
  const names: string[] = [];
  if (text.trim() === '') return names;
  ENTRY.lastIndex = 0;
  for (;;) {
    const entry = ENTRY.exec(text);
    if (entry === null) return null;
    const [, quoted, word = '', end] = entry;
    if (quoted === undefined && /\s/u.test(word)) return null;
    names.push(quoted === undefined ? word.toLowerCase() : quoted.replaceAll('""', '"'));
    if (end === '') return names;
  }
}

/** Checks a new value; 22023 for what is no list. */
export function checkedPath(text: string): string {
  if (splitPath(text) !== null) return text;
  throw sqlError('22023', `invalid value for parameter "search_path": "${text}"`, {
    detail: 'List syntax is invalid.',
  });
}
