/**
 * Parts of json values, which are kept as the text they came as.
 *
 * Scans text already known to be valid and gives pieces of it unchanged; nothing is re-formatted.
 */
import { sqlError } from '../../common/errors.ts';
import { parseJsonb } from '../../common/types/jsonb-parse.ts';

/** What kind of value a json text is. */
export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

function isBlank(unit: number): boolean {
  return unit === 32 || unit === 10 || unit === 13 || unit === 9;
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** The place after the string that starts at a quote. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** The place after the value that starts at a place. */
function valueEnd(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return stringEnd(text, start);
  let at = start;
  if (first !== '{' && first !== '[') {
    while (at < text.length && !',]} \n\r\t'.includes(text[at] ?? ' ')) at++;
    return at;
  }
  let depth = 0;
  do {
    const character = text[at];
    if (character === '"') {
      at = stringEnd(text, at);
      continue;
    }
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    at++;
  } while (depth > 0 && at < text.length);
  return at;
}

/** The kind of a json value. */
export function jsonKind(text: string): JsonKind {
  switch (text[skipBlanks(text, 0)]) {
    case '{': return 'object';
    case '[': return 'array';
    case '"': return 'string';
    case 't': case 'f': return 'boolean';
    case 'n': return 'null';
    default: return 'number';
  }
}

/** A member of an object: its key unescaped, its value as written. */
export interface JsonMember {
  readonly key: string;
  readonly value: string;
}

/** The string of a quoted json string. */
export function unquoteJson(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  const parsed = parseJsonb(quoted);
  if (parsed.kind !== 'json-string') throw sqlError('XX000', 'not a json string');
  return parsed.value;
}

/** The members of an object, in order, repeated keys included. */
export function jsonMembers(text: string): JsonMember[] {
  const members: JsonMember[] = [];
  let at = skipBlanks(text, skipBlanks(text, 0) + 1);
  while (at < text.length && text[at] !== '}') {
    const keyEnd = stringEnd(text, at);
    const key = unquoteJson(text.slice(at, keyEnd));
    const start = skipBlanks(text, skipBlanks(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    members.push({ key, value: text.slice(start, end) });
    at = skipBlanks(text, end);
    if (text[at] === ',') at = skipBlanks(text, at + 1);
  }
  return members;
}

/** The items of an array as written. */
export function jsonItems(text: string): string[] {
  const items: string[] = [];
  let at = skipBlanks(text, skipBlanks(text, 0) + 1);
  while (at < text.length && text[at] !== ']') {
    const end = valueEnd(text, at);
    items.push(text.slice(at, end));
    at = skipBlanks(text, end);
    if (text[at] === ',') at = skipBlanks(text, at + 1);
  }
  return items;
}

/** The member of a key, the last of repeated ones, or null. */
export function jsonMember(text: string, key: string): string | null {
  if (jsonKind(text) !== 'object') return null;
  let found: string | null = null;
  for (const member of jsonMembers(text)) if (member.key === key) found = member.value;
  return found;
}

/** The item at an index, negative from the end, or null. */
export function jsonItemAt(text: string, index: number): string | null {
  if (jsonKind(text) !== 'array') return null;
  return jsonItems(text).at(index) ?? null;
}

const INTEGER = /^[ ]*[+-]?\d+[ ]*$/;

/** The array index a path element stands for, or null. */
export function pathIndex(element: string): number | null {
  if (!INTEGER.test(element)) return null;
  const index = Number(element);
  return Math.abs(index) <= 2147483647 ? index : null;
}

/** The value at a path of keys and indexes, or null. */
export function jsonAtPath(text: string, path: readonly (string | null)[]): string | null {
  let found: string | null = text;
  for (const element of path) {
    if (element === null || found === null) return null;
    if (jsonKind(found) === 'object') found = jsonMember(found, element);
    else {
      const index = pathIndex(element);
      found = index === null ? null : jsonItemAt(found, index);
    }
  }
  return found;
}

/** A json value as SQL text: strings unquoted, null as NULL. */
export function jsonToText(value: string | null): string | null {
  if (value === null) return null;
  switch (jsonKind(value)) {
    case 'null': return null;
    case 'string': return unquoteJson(value.trim());
    default: return value;
  }
}

/** The text without blanks between tokens and without members that are null. */
export function stripNullMembers(text: string): string {
  switch (jsonKind(text)) {
    case 'object': {
      const members = jsonMembers(text).filter((member) => jsonKind(member.value) !== 'null');
      return `{${members.map((member) =>
        `${JSON.stringify(member.key)}:${stripNullMembers(member.value)}`).join(',')}}`;
    }
    case 'array': return `[${jsonItems(text).map(stripNullMembers).join(',')}]`;
    default: return text.trim();
  }
}
