/**
 * Matching loops over compiled regular expressions: all matches, replacement, splitting.
 *
 * Offsets here are UTF-16 units; SQL's places count characters from 1 and are converted at the
 * edge.
 */
import { sqlError } from '../../common/errors.ts';
import { compileRegex } from '../../common/regex/regex.ts';
import type { CompiledRegex, RegexMatch } from '../../common/regex/regex.ts';
import { likeMatcher } from '../../common/regex/like.ts';
import type { LikeMatcher } from '../../common/regex/like.ts';
import { characterLength, takeCharacters } from '../../common/types/text-order.ts';
import { sqlArray } from '../../common/values.ts';
import type { SqlArray } from '../../common/values.ts';
import { TEXT_LENGTH_MAX, textTooLong } from './text-tools.ts';

const LIKE_CACHE = new Map<string, LikeMatcher>();
const LIKE_CACHE_MAX = 500;
let lastPattern: string | null = null;
let lastFolded = false;
let lastMatcher: LikeMatcher | null = null;

/** text LIKE pattern; the matcher of the last pattern stays at hand, for patterns are constant. */
export function matchesLike(text: string, pattern: string, caseInsensitive: boolean): boolean {
  if (lastMatcher !== null && lastPattern === pattern && lastFolded === caseInsensitive) {
    return lastMatcher(text);
  }
  const key = `${caseInsensitive ? 'i' : 'c'}${pattern}`;
  let matcher = LIKE_CACHE.get(key);
  if (matcher === undefined) {
    matcher = likeMatcher(pattern, '\\', caseInsensitive);
    if (LIKE_CACHE.size >= LIKE_CACHE_MAX) LIKE_CACHE.clear();
    LIKE_CACHE.set(key, matcher);
  }
  lastPattern = pattern;
  lastFolded = caseInsensitive;
  lastMatcher = matcher;
  return matcher(text);
}

/** A LIKE pattern with another escape character as one with the backslash. */
export function likeEscape(pattern: string, escape: string): string {
  if (escape === '\\') return pattern;
  if (characterLength(escape) > 1) {
    throw sqlError('22025', 'invalid escape string', {
      hint: 'Escape string must be empty or one character.',
    });
  }
  let result = '';
  let escaped = false;
  for (const character of pattern) {
    if (character === escape && !escaped) {
      result += '\\';
      escaped = true;
    } else {
      result += character === '\\' && !escaped ? '\\\\' : character;
      escaped = false;
    }
  }
  return result;
}

/** A compiled expression and whether its flags ask for all matches. */
export interface Search {
  readonly regex: CompiledRegex;
  readonly global: boolean;
}

/** Compiles a pattern with flags such as `gi`. */
export function searchOf(pattern: string, flags: string): Search {
  return { regex: compileRegex(pattern, flags), global: flags.includes('g') };
}

/** Refuses the flag `g` where it has no meaning. */
export function withoutGlobal(pattern: string, flags: string, name: string): CompiledRegex {
  if (flags.includes('g')) {
    throw sqlError('22023', `${name}() does not support the "global" option`,
      name === 'regexp_match' ? { hint: 'Use the regexp_matches function instead.' } : {});
  }
  return compileRegex(pattern, flags);
}

/** One character on. */
function nextPlace(text: string, at: number): number {
  const point = text.codePointAt(at);
  return at + (point !== undefined && point > 0xffff ? 2 : 1);
}

/** All matches from a place on; after an empty one the search goes on a character later. */
export function* allMatches(
  text: string, regex: CompiledRegex, from: number = 0,
): Generator<RegexMatch> {
  for (let at = from; at <= text.length;) {
    const match = regex.exec(text, at);
    if (match === null) return;
    yield match;
    at = match.end > match.start ? match.end : nextPlace(text, match.end);
  }
}

/** What the groups of a match captured; the whole match when there are no groups. */
export function captures(text: string, match: RegexMatch): SqlArray {
  if (match.groups.length === 0) return sqlArray([text.slice(match.start, match.end)]);
  return sqlArray(match.groups.map((group) =>
    (group === null ? null : text.slice(group[0], group[1]))));
}

/** The text that a `\1`, `\&` in a replacement stands for. */
function expand(replacement: string, text: string, match: RegexMatch): string {
  if (!replacement.includes('\\')) return replacement;
  return replacement.replace(/\\([1-9&\\])/g, (_whole, mark: string) => {
    if (mark === '\\') return '\\';
    if (mark === '&') return text.slice(match.start, match.end);
    const group = match.groups[Number(mark) - 1] ?? null;
    return group === null ? '' : text.slice(group[0], group[1]);
  });
}

/** What regexp_replace replaces: the n-th match from a place on, or all (0). */
export interface Replacement {
  readonly by: string;
  /** UTF-16 offset. */
  readonly from: number;
  /** From 1; 0 for all. */
  readonly nth: number;
}

/** Replaces matches. */
export function replaceMatches(text: string, regex: CompiledRegex, how: Replacement): string {
  let result = '';
  let copied = 0;
  let count = 0;
  for (const match of allMatches(text, regex, how.from)) {
    count++;
    if (how.nth !== 0 && count !== how.nth) continue;
    result += text.slice(copied, match.start) + expand(how.by, text, match);
    copied = match.end;
    if (result.length > TEXT_LENGTH_MAX) throw textTooLong();
    if (how.nth !== 0) break;
  }
  return result + text.slice(copied);
}

/** The texts between matches; empty matches at the ends and after a match do not count. */
export function splitAtMatches(text: string, regex: CompiledRegex): string[] {
  const parts: string[] = [];
  let end = 0;
  for (const match of allMatches(text, regex)) {
    if (match.start >= text.length && match.end === match.start) break;
    if (match.end <= end && match.end === match.start) continue;
    parts.push(text.slice(end, match.start));
    end = match.end;
  }
  parts.push(text.slice(end));
  return parts;
}

/** The UTF-16 offset of a character place from 1. */
export function offsetOfPlace(text: string, place: number): number {
  const { length } = takeCharacters(text, place - 1);
  // Behind the end there is not even an empty match.
  return length === text.length && characterLength(text) < place - 1 ? length + 1 : length;
}

/** The character place, from 1, of a UTF-16 offset. */
export function placeOfOffset(text: string, offset: number): number {
  return characterLength(text.slice(0, offset)) + 1;
}

/** Refuses a parameter below its least value. */
export function checkParameter(name: string, value: number, least: number): number {
  if (value >= least) return value;
  throw sqlError('22023', `invalid value for parameter "${name}": ${value}`);
}
