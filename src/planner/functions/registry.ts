/**
 * The function registry: every SQL function, operator, aggregate, table and window function.
 *
 * Collects the lists of the topic files and answers by name and by id; casts are looked up here as
 * well. Choosing among overloads is the binder's work.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { AGGREGATES } from './aggregates.ts';
import { COLLECT_AGGREGATES } from './aggregates-collect.ts';
import { STATISTICS } from './aggregates-statistics.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { ARRAYS } from './array.ts';
import { BIT_AGGREGATES, BITS } from './bits.ts';
import { BYTES } from './bytes.ts';
import { HMAC } from './hmac.ts';
import { findCast } from './casts.ts';
import { CATALOG_FUNCTIONS } from './catalog-functions.ts';
import { CATALOG_NAMES } from './catalog-names.ts';
import { CATALOG_SESSION } from './catalog-session.ts';
import { CATALOG_ACLS, CATALOG_TABLES } from './catalog-tables.ts';
import { CATALOG_TYPES } from './catalog-types.ts';
import { COMPARISON } from './comparison.ts';
import { DATETIME } from './datetime.ts';
import { DATETIME_OPERATORS } from './datetime-operators.ts';
import { TEMPLATES } from './datetime-templates.ts';
import { DOMAINS } from './domain.ts';
import { ENUMS } from './enums.ts';
import type {
  CastEntry, FunctionEntry, ScalarEvaluator, ScalarFunction,
} from './entry.ts';
import { INTERNAL } from './internal.ts';
import { JSON_FUNCTIONS } from './json.ts';
import { JSON_BUILDERS } from './json-build.ts';
import { JSON_PATHS, JSON_PATH_TABLES } from './json-path.ts';
import { JSON_POPULATE } from './json-populate.ts';
import { MATH } from './math.ts';
import { MATH_FLOAT } from './math-float.ts';
import { MISCELLANEOUS } from './miscellaneous.ts';
import { operatorOfName } from './operator-names.ts';
import { OVERLAPS } from './overlaps.ts';
import { PARTS } from './parts.ts';
import { PATTERNS, PATTERN_TABLES } from './pattern.ts';
import { SEQUENCES } from './sequences.ts';
import { spreadEntries } from './spread.ts';
import { STRINGS } from './string.ts';
import { STRING_FORMATS } from './string-format.ts';
import { SYSTEM } from './system.ts';
import { TABLE_FUNCTIONS } from './table-functions.ts';
import { TABLE_JSON } from './table-json.ts';
import { userEntryById } from './user-entries.ts';
import { TIMES_WITH_ZONE } from './time-with-zone.ts';
import { WINDOW_FUNCTIONS } from './window-functions.ts';

/** Entries under a heading of the documentation. */
export interface FunctionTopic {
  readonly title: string;
  readonly entries: readonly FunctionEntry[];
}

const TOPICS: readonly FunctionTopic[] = [
  { title: 'Comparison', entries: COMPARISON },
  { title: 'Arithmetic', entries: ARITHMETIC },
  { title: 'Mathematics', entries: [...MATH, ...MATH_FLOAT] },
  { title: 'Strings', entries: [...STRINGS, ...STRING_FORMATS] },
  { title: 'Pattern matching', entries: PATTERNS },
  { title: 'Bytes, encodings and digests', entries: [...BYTES, ...HMAC] },
  { title: 'Bit strings', entries: BITS },
  {
    title: 'Dates and times',
    entries: [...DATETIME_OPERATORS, ...DATETIME, ...OVERLAPS, ...TEMPLATES,
      ...TIMES_WITH_ZONE],
  },
  {
    title: 'JSON',
    entries: [...JSON_FUNCTIONS, ...JSON_BUILDERS, ...JSON_POPULATE, ...JSON_PATHS],
  },
  { title: 'Arrays', entries: ARRAYS },
  { title: 'Enums', entries: ENUMS },
  { title: 'Aggregates', entries: [
    ...AGGREGATES, ...COLLECT_AGGREGATES, ...STATISTICS, ...BIT_AGGREGATES,
  ] },
  { title: 'Sequences', entries: SEQUENCES },
  { title: 'Window functions', entries: WINDOW_FUNCTIONS },
  {
    title: 'Set-returning functions',
    entries: [...TABLE_FUNCTIONS, ...TABLE_JSON, ...JSON_PATH_TABLES, ...PATTERN_TABLES],
  },
  {
    title: 'System',
    entries: [...SYSTEM, ...CATALOG_SESSION, ...CATALOG_FUNCTIONS, ...CATALOG_NAMES,
      ...CATALOG_TYPES, ...CATALOG_ACLS, ...CATALOG_TABLES, ...MISCELLANEOUS, ...INTERNAL,
      ...DOMAINS,
      ...PARTS, ...spreadEntries([...STRING_FORMATS, ...JSON_FUNCTIONS, ...JSON_BUILDERS].filter(
        (entry) => entry.kind === 'scalar'))],
  },
];

const ALL: readonly FunctionEntry[] = TOPICS.flatMap((topic) => topic.entries);
const BY_ID = new Map<string, FunctionEntry>();
const BY_NAME = new Map<string, FunctionEntry[]>();
for (const entry of ALL) {
  if (BY_ID.has(entry.id)) throw new Error(`function ${entry.id} is defined twice`);
  BY_ID.set(entry.id, entry);
  const sameName = BY_NAME.get(entry.name);
  if (sameName === undefined) BY_NAME.set(entry.name, [entry]);
  else sameName.push(entry);
}

/** Other spellings of names. */
const ALIASES: ReadonlyMap<string, string> = new Map([['!=', '<>']]);

/** All overloads of a name, in registry order; empty when there is none. */
export function functionsByName(name: string): readonly FunctionEntry[] {
  const entries = BY_NAME.get(ALIASES.get(name) ?? name);
  if (entries !== undefined) return entries;
  const operator = operatorOfName(name);
  return operator === null ? [] : [functionById(operator)];
}

/** The entry of an id; an unknown id is a programmer error. */
export function functionById(id: string): FunctionEntry {
  return must(BY_ID.get(id) ?? userEntryById(id), `no function ${id} in the registry`);
}

/** The registry as the documentation orders it. */
export function functionTopics(): readonly FunctionTopic[] {
  return TOPICS;
}

/** Every entry, topic by topic. */
export function allFunctions(): readonly FunctionEntry[] {
  return ALL;
}

/** The cast between two types (modifiers aside), or null when there is none. */
export function castBetween(from: SqlType, to: SqlType): CastEntry | null {
  return findCast(from, to);
}

/** The code of a call with these argument types and this result type. */
export function evaluatorOf(
  entry: ScalarFunction, args: readonly SqlType[], result: SqlType,
): ScalarEvaluator {
  return entry.specialize === undefined ? entry.evaluate : entry.specialize(args, result);
}
