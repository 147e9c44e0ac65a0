/**
 * IANA time zones, derived from the platform's data: the only place that uses Intl.
 *
 * Offsets are probed a week at a time and changes located by bisection, lazily, per block of about
 * 407 days; the result is a function of zone and instant alone, exact to the second. Before 1800
 * every zone keeps its local mean time; after 2200 the rules repeat every 400 years.
 */

/** The change of offset within a block: from `at` (seconds since 1970 UTC) on it is `offset`. */
interface Change {
  readonly at: number;
  readonly offset: number;
}

interface ZoneData {
  readonly name: string;
  readonly format: Intl.DateTimeFormat;
  readonly blocks: Map<number, readonly Change[]>;
}

const BLOCK_SECONDS = 2 ** 25 + 2 ** 21;
const PROBE_SECONDS = 7 * 86400;
const FIRST_SECOND = -5364662400; // 1800-01-01
const LAST_SECOND = 7258118400; // 2200-01-01
const CYCLE_SECONDS = 146097 * 86400;
const ZONES_MAX = 1000;
const BLOCKS_MAX = 400;
const ABBREVIATIONS_MAX = 50;

const ZONES = new Map<string, ZoneData | null>();

function loadZone(name: string): ZoneData | null {
  const key = name.toLowerCase();
  const known = ZONES.get(key);
  if (known !== undefined) return known;
  const zone = makeZone(name);
  if (ZONES.size >= ZONES_MAX) ZONES.clear();
  ZONES.set(key, zone);
  return zone;
}

function makeZone(name: string): ZoneData | null {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return null;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric',
      day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
    return { name: format.resolvedOptions().timeZone, format, blocks: new Map() };
  } catch {
    return null;
  }
}

/** Offset east of UTC in seconds, asked of the platform. */
function probe(zone: ZoneData, second: number): number {
  const fields: Record<string, number> = {};
  for (const part of zone.format.formatToParts(second * 1000)) {
    fields[part.type] = Number(part.value);
  }
  const year = fields['year'] ?? 0;
  const month = fields['month'] ?? 1;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const inEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5)
    + (fields['day'] ?? 1) - 1;
  const days = era * 146097 + inEra * 365 + Math.floor(inEra / 4) - Math.floor(inEra / 100)
    + dayOfYear - 719468;
  const local = days * 86400 + (fields['hour'] ?? 0) * 3600 + (fields['minute'] ?? 0) * 60
    + (fields['second'] ?? 0);
  return local - second;
}

function loadBlock(zone: ZoneData, block: number): readonly Change[] {
  const known = zone.blocks.get(block);
  if (known !== undefined) return known;
  const start = block * BLOCK_SECONDS;
  const end = start + BLOCK_SECONDS;
  let offset = probe(zone, start);
  const changes: Change[] = [{ at: start, offset }];
  for (let from = start; from < end; from += PROBE_SECONDS) {
    const to = Math.min(from + PROBE_SECONDS, end - 1);
    const next = probe(zone, to);
    if (next === offset) continue;
    changes.push({ at: firstWith(zone, from, to), offset: next });
    offset = next;
  }
  if (zone.blocks.size >= BLOCKS_MAX) zone.blocks.clear();
  zone.blocks.set(block, changes);
  return changes;
}

/** The first second in (from, to] whose offset is that of `to`. */
function firstWith(zone: ZoneData, from: number, to: number): number {
  const wanted = probe(zone, to);
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (probe(zone, middle) === wanted) high = middle;
    else low = middle;
  }
  return high;
}

/** True when the platform knows the IANA zone, in any case of letters. */
export function isKnownZone(name: string): boolean {
  return loadZone(name) !== null;
}

/** Offset east of UTC in seconds of a known IANA zone at an instant (seconds since 1970 UTC). */
export function ianaOffsetSeconds(name: string, second: number): number {
  const zone = loadZone(name);
  if (zone === null) throw new RangeError(`unknown time zone ${name}`);
  let at = second;
  if (at < FIRST_SECOND) at = FIRST_SECOND;
  else if (at >= LAST_SECOND) at = foldCycle(at);
  const changes = loadBlock(zone, Math.floor(at / BLOCK_SECONDS));
  let offset = 0;
  for (const change of changes) {
    if (change.at > at) break;
    offset = change.offset;
  }
  return offset;
}

/** The same day and weekday in the years 2200 to 2599, whose rules are those of today. */
function foldCycle(second: number): number {
  const past = second - LAST_SECOND;
  return LAST_SECOND + (past - Math.floor(past / CYCLE_SECONDS) * CYCLE_SECONDS);
}

const ABBREVIATIONS = new Map<string, readonly Intl.DateTimeFormat[]>();
/** English as spoken where zones lie: each locale knows the abbreviations of its own zones. */
const LOCALES: readonly string[] = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-NZ', 'en-ZA', 'en-CA'];

/** The zone's abbreviation at an instant (`EST`, `EDT`), or null when the platform has none. */
export function ianaAbbreviation(name: string, second: number): string | null {
  if (ianaOffsetSeconds(name, second) % 60 !== 0) return 'LMT';
  let formats = ABBREVIATIONS.get(name);
  if (formats === undefined) {
    formats = LOCALES.map((locale) =>
      new Intl.DateTimeFormat(locale, { timeZone: name, timeZoneName: 'short' }));
    if (ABBREVIATIONS.size >= ABBREVIATIONS_MAX) ABBREVIATIONS.clear();
    ABBREVIATIONS.set(name, formats);
  }
  const at = second < FIRST_SECOND ? FIRST_SECOND : second >= LAST_SECOND
    ? foldCycle(second) : second;
  for (const format of formats) {
    const part = format.formatToParts(at * 1000).find(({ type }) => type === 'timeZoneName');
    if (part !== undefined && /^[A-Z]{3,5}$/.test(part.value)) return part.value;
  }
  return null;
}
