/**
 * Time zones: offsets and local times as confirmed on PostgreSQL 15, near changes above all. Morocco
 * beyond the predictions of the time zone database (2087) is left out: releases of ICU differ there.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  localToUtc, resolveZone, zoneOffsetMicros,
} from '../../src/common/types/time-zone.ts';

type ZoneRow = readonly [zone: string, second: number, offset: number, instant: number];

test('offsets at instants, and instants of local times, in gaps and overlaps too', () => {
  const url = new URL('confirmed/zones.json', import.meta.url);
  for (const [zone, second, offset, instant] of
    JSON.parse(readFileSync(url, 'utf8')) as readonly ZoneRow[]) {
    const micros = BigInt(second) * 1_000_000n;
    const found = [zone, second, Number(zoneOffsetMicros(zone, micros) / 1_000_000n),
      Number(localToUtc(zone, micros) / 1_000_000n)];
    expect(found).toEqual([zone, second, offset, instant]);
  }
});

test('names of zones: IANA in any case, abbreviations, POSIX with west positive', () => {
  expect(resolveZone('europe/berlin')).toMatchObject({ kind: 'iana' });
  expect(resolveZone('EST')).toMatchObject({ kind: 'fixed', seconds: -18000 });
  expect(resolveZone('UTC+3')).toMatchObject({ seconds: -10800 });
  expect(resolveZone('+05:30')).toMatchObject({ seconds: -19800 });
  expect(resolveZone('<+05>-05')).toMatchObject({ seconds: 18000 });
  expect(resolveZone('Mars/Olympus')).toBeNull();
  expect(() => zoneOffsetMicros('Mars/Olympus', 0n))
    .toThrow('time zone "Mars/Olympus" not recognized');
});
