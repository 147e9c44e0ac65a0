/**
 * Time zones as functions: offsets of instants, and local times to instants.
 *
 * A zone's text is an IANA name, an abbreviation (EST) or a POSIX form whose positive hours lie
 * west of Greenwich (`<+05>-05`, `UTC+3`, `+05:30`). Offsets written in values (`12:00+05:30`) are
 * east and are handled by datetime-parse.ts. IANA data come from real/zones.ts.
 */
import { sqlError } from '../errors.ts';
import { ianaAbbreviation, ianaOffsetSeconds, isKnownZone } from '../real/zones.ts';
import { ZONE_ABBREVIATIONS } from './datetime-words.ts';

/** A resolved zone: a fixed offset east of UTC, or an IANA zone. */
export type Zone =
  | { readonly kind: 'fixed'; readonly seconds: number; readonly abbreviation: string | null }
  | { readonly kind: 'iana'; readonly name: string };

/** UTC. */
export const UTC: Zone = { kind: 'fixed', seconds: 0, abbreviation: 'UTC' };

const CACHE = new Map<string, Zone | null>();
const CACHE_MAX = 1000;
const POSIX =
  /^(?:<([^<>]+)>|([A-Za-z]{3,}))?([+-]?)(\d{1,3})(?::(\d{1,2}))?(?::(\d{1,2}))?$/;
const UTC_NAMES = new Set(['utc', 'gmt', 'z', 'zulu', 'uct', 'universal', 'greenwich',
  'etc/utc', 'etc/gmt', 'etc/uct', 'etc/zulu', 'etc/universal', 'etc/greenwich', 'gmt0']);

/** The zone a text names, or null. */
export function resolveZone(text: string): Zone | null {
  const known = CACHE.get(text);
  if (known !== undefined) return known;
  const zone = lookUpZone(text);
  if (CACHE.size >= CACHE_MAX) CACHE.clear();
  CACHE.set(text, zone);
  return zone;
}

function lookUpZone(text: string): Zone | null {
  const lower = text.toLowerCase();
  if (UTC_NAMES.has(lower)) {
    return lower === 'gmt' ? { kind: 'fixed', seconds: 0, abbreviation: 'GMT' } : UTC;
  }
  const seconds = ZONE_ABBREVIATIONS.get(lower);
  if (seconds !== undefined) {
    return { kind: 'fixed', seconds, abbreviation: text.toUpperCase() };
  }
  return lookUpName(text);
}

/** Zones by IANA name or POSIX form only, as SET TIME ZONE takes them first. */
function lookUpName(text: string): Zone | null {
  if (isKnownZone(text)) return { kind: 'iana', name: text };
  const posix = POSIX.exec(text);
  if (posix === null) return null;
  const [, bracketed, letters, sign, hours, minutes = '0', rest = '0'] = posix;
  if (Number(hours) > 167 || Number(minutes) > 59 || Number(rest) > 59) return null;
  const magnitude = Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
  const seconds = sign === '-' ? magnitude : 0 - magnitude;
  return { kind: 'fixed', seconds: seconds + 0, abbreviation: bracketed ?? letters ?? null };
}

/** True for IANA names and POSIX forms, which SET TIME ZONE takes. */
export function isZoneName(text: string): boolean {
  return lookUpName(text) !== null;
}

/** The zone a text names; 22023 when there is none. */
export function requireZone(text: string): Zone {
  const zone = resolveZone(text);
  if (zone === null) throw sqlError('22023', `time zone "${text}" not recognized`);
  return zone;
}

/** Offset east of UTC in seconds at an instant (seconds since 1970 UTC). */
export function offsetSeconds(zone: Zone, second: number): number {
  return zone.kind === 'fixed' ? zone.seconds : ianaOffsetSeconds(zone.name, second);
}

/** The zone's abbreviation at an instant, or null. */
export function zoneAbbreviation(zone: Zone, second: number): string | null {
  return zone.kind === 'fixed' ? zone.abbreviation : ianaAbbreviation(zone.name, second);
}

/** Whole seconds of a timestamp, rounding down. */
export function secondsOf(micros: bigint): number {
  const seconds = micros / 1_000_000n;
  return Number(seconds * 1_000_000n > micros ? seconds - 1n : seconds);
}

/** Offset east of UTC in microseconds of a zone at an instant; 22023 for an unknown zone. */
export function zoneOffsetMicros(zone: string, utcMicros: bigint): bigint {
  return offsetMicrosAt(requireZone(zone), utcMicros);
}

/** Offset east of UTC in microseconds of a resolved zone at an instant. */
export function offsetMicrosAt(zone: Zone, utcMicros: bigint): bigint {
  if (zone.kind === 'fixed') return BigInt(zone.seconds) * 1_000_000n;
  return BigInt(ianaOffsetSeconds(zone.name, secondsOf(utcMicros))) * 1_000_000n;
}

/** The local time in a zone at an instant. */
export function utcToLocal(zone: string, utcMicros: bigint): bigint {
  return utcMicros + zoneOffsetMicros(zone, utcMicros);
}

/** The instant of a local time in a zone; 22023 for an unknown zone. */
export function localToUtc(zone: string, localMicros: bigint): bigint {
  return localToUtcAt(requireZone(zone), localMicros);
}

/**
 * The instant of a local time. A time skipped by a change counts by the offset before it, one that
 * occurs twice by the offset after it, as in PostgreSQL.
 */
export function localToUtcAt(zone: Zone, localMicros: bigint): bigint {
  if (zone.kind === 'fixed') return localMicros - BigInt(zone.seconds) * 1_000_000n;
  const local = secondsOf(localMicros);
  const before = ianaOffsetSeconds(zone.name, local - 86400);
  const after = ianaOffsetSeconds(zone.name, local + 86400);
  return localMicros - BigInt(chooseOffset(zone.name, local, [before, after])) * 1_000_000n;
}

function chooseOffset(name: string, local: number, around: readonly [number, number]): number {
  const [before, after] = around;
  if (before === after) return before;
  const isAfter = ianaOffsetSeconds(name, local - after) === after;
  const isBefore = ianaOffsetSeconds(name, local - before) === before;
  if (isAfter && isBefore) return before < after ? before : after;
  return isAfter ? after : before;
}
