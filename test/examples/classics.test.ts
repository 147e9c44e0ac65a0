/**
 * The definitions of sql-examples on random data, out of order and in part late, against plain
 * scripts that know nothing of the engine.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseStatements } from '../../src/parser/parse.ts';
import { open } from '../../src/index.ts';
import { TestClient } from '../support/client.ts';

const ROOT = join(import.meta.dirname, '..', '..', 'sql-examples');
const MINUTE = 60;
const START = Date.UTC(2024, 0, 1) / 1000;

type Row = readonly (string | null)[];

/** A fresh engine with the tables and views of a script. */
async function definitionsOf(script: string): Promise<TestClient> {
  const client = await TestClient.connect(await open({ dataDirectory: ':memory:' }));
  await client.run(`SET tidemill.clock = '2024-01-01 00:00:00+00'`);
  for (const { statement, text } of parseStatements(readFileSync(join(ROOT, script), 'utf8'))) {
    if (statement.kind === 'createTable' || statement.kind === 'createView') await client.run(text);
  }
  return client;
}

/** Numbers below n, by seed. */
function random(seed: number): (n: number) => number {
  let state = seed * 2654435761 % 4294967296;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * n);
  };
}

function text(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** Times that wander on, out of order by up to `spread` seconds, now and then much more. */
function times(pick: (n: number) => number, count: number, spread: number, late: number): number[] {
  return Array.from({ length: count }, (_each, at) => {
    const now = START + 7200 + at * 20;
    return now - pick(spread) - (pick(8) === 0 ? pick(late) : 0);
  });
}

/** W_p before each row, and at the end. */
function watermarks(ts: readonly number[], delay: number): { before: number[]; end: number } {
  let most = -Infinity;
  const before = ts.map((time) => {
    const watermark = most - delay;
    most = Math.max(most, time);
    return watermark;
  });
  return { before, end: most - delay };
}

/** Ends of the windows that a time is in. */
function ends(time: number, slide: number, size: number): number[] {
  const found: number[] = [];
  for (let end = Math.floor(time / slide) * slide + slide; end - size <= time; end += slide) {
    found.push(end);
  }
  return found;
}

async function insert(
  client: TestClient, table: string, rows: readonly (readonly (string | number)[])[],
  pick: (n: number) => number,
): Promise<void> {
  for (let at = 0; at < rows.length;) {
    const some = rows.slice(at, at += 1 + pick(30));
    await client.run(`INSERT INTO ${table} VALUES ${some.map((row) => `(${row.map((value) =>
      typeof value === 'number' ? value : `'${value}'`).join(',')})`).join(',')}`);
  }
}

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...groups.get(key(item)) ?? [], item]);
  return groups;
}

function sorted(rows: readonly Row[]): Row[] {
  return rows.map((row) => JSON.stringify(row)).toSorted().map((row) => JSON.parse(row) as Row);
}

const SEEDS = [1, 2, 3];

describe.each(SEEDS)('seed %i', (seed) => {
  const pick = random(seed);

  it('page views per minute', async () => {
    const client = await definitionsOf('01-clicks-per-minute.sql');
    const ts = times(pick, 400, 30, 90);
    const rows = ts.map((time) => ({ usr: `u${pick(5)}`, page: `/${pick(3)}`, time }));
    await insert(client, 'clicks', rows.map(({ usr, page, time }) => [usr, page, text(time)]), pick);
    const { before, end } = watermarks(ts, 5);
    const minute = (time: number): number => Math.floor(time / MINUTE) * MINUTE;
    const counted = rows.filter(({ time }, at) => minute(time) + MINUTE > (before[at] ?? 0));
    const open_ = grouped(counted, ({ page, time }) => `${minute(time)} ${page}`);
    expect(sorted(await client.rows('SELECT * FROM clicks_per_minute')))
      .toEqual(sorted([...open_.values()].map((group) => [
        text(minute(group[0]?.time ?? 0)), group[0]?.page ?? '', `${group.length}`,
        `${new Set(group.map(({ usr }) => usr)).size}`])));
    const closed = grouped(counted.filter(({ time }) => minute(time) + MINUTE <= end),
      ({ time }) => `${minute(time)}`);
    expect(sorted(await client.rows('SELECT window_start, clicks FROM clicks_final')))
      .toEqual(sorted([...closed].map(([start, group]) => [text(Number(start)), `${group.length}`])));
    expect(counted.length).toBeLessThan(rows.length);
    expect(await client.rows(`SELECT count FROM tidemill.late_rows WHERE view = 'clicks_final'`))
      .toEqual([[`${rows.length - counted.length}`]]);
  });

  it('user sessions', async () => {
    const client = await definitionsOf('03-user-sessions.sql');
    const rows = times(pick, 300, 3600, 20000).map((time, id) => ({ id, usr: `u${pick(6)}`, time }));
    await insert(client, 'visits', rows.map(({ id, usr, time }) => [id, usr, text(time)]), pick);
    const wanted = [...grouped(rows, ({ usr }) => usr)].flatMap(([usr, visits]) => {
      const found: { from: number; to: number; pages: number }[] = [];
      for (const { time } of visits.toSorted((a, b) => a.time - b.time)) {
        const last = found.at(-1);
        if (last === undefined || time >= last.to + 1800) found.push({ from: time, to: time, pages: 1 });
        else Object.assign(last, { to: time, pages: last.pages + 1 });
      }
      return found.map(({ from, to, pages }) => [usr, text(from), text(to + 1800), `${pages}`]);
    });
    expect(sorted(await client.rows('SELECT * FROM sessions'))).toEqual(sorted(wanted));
  });

  it('trending tags', async () => {
    const client = await definitionsOf('05-trending-tags.sql');
    const ts = times(pick, 300, 90, 1200);
    const rows = ts.map((time, id) => ({ id, time,
      tags: Array.from({ length: pick(4) }, () => `t${pick(14)}`) }));
    await insert(client, 'posts', rows.map(({ id, time, tags }) =>
      [id, `{${tags.join(',')}}`, text(time)]), pick);
    const { before, end } = watermarks(ts, 60);
    const uses = rows.flatMap(({ time, tags }, at) => ends(time, 300, 600)
      .filter((window) => window > (before[at] ?? 0) && window <= end)
      .flatMap((window) => tags.map((tag) => ({ window, tag }))));
    const wanted = [...grouped(uses, ({ window }) => `${window}`)].flatMap(([window, inside]) =>
      [...grouped(inside, ({ tag }) => tag)].map(([tag, all]) => ({ tag, n: all.length }))
        .toSorted((a, b) => b.n - a.n || (a.tag < b.tag ? -1 : 1)).slice(0, 10)
        .map(({ tag, n }, at) => [text(Number(window)), `${at + 1}`, tag, `${n}`]));
    expect(wanted.some(([, place]) => place === '10')).toBe(true);
    expect(sorted(await client.rows('SELECT * FROM trending'))).toEqual(sorted(wanted));
  });

  it('failed log-ins', async () => {
    const client = await definitionsOf('06-failed-logins.sql');
    const rows = times(pick, 300, 1200, 5000).map((time, id) =>
      ({ id, usr: `u${pick(8)}`, ok: pick(3) === 0, time }));
    await insert(client, 'logins', rows.map(({ id, usr, ok, time }) =>
      [id, usr, String(ok), text(time)]), pick);
    const failed = rows.filter(({ ok }) => !ok);
    const wanted = failed.map(({ usr, time }) => [usr, text(time), `${failed.filter((other) =>
      other.usr === usr && other.time <= time && other.time >= time - 600).length}`])
      .filter(([, , failures]) => Number(failures) >= 3);
    expect(wanted.length).toBeGreaterThan(3);
    expect(sorted(await client.rows('SELECT * FROM alarms'))).toEqual(sorted(wanted));
  });

  it('ad attribution', async () => {
    const client = await definitionsOf('07-ad-attribution.sql');
    const shown = times(pick, 200, 900, 900).map((time, id) => ({ id, ad: `a${pick(3)}`, time }));
    const clicks = times(pick, 150, 900, 900).map((time) => ({ id: pick(200), time }));
    for (let at = 0; at < 200; at += 20) {
      await insert(client, 'impressions', shown.slice(at, at + 20)
        .map(({ id, ad, time }) => [id, ad, text(time)]), pick);
      await insert(client, 'ad_clicks', clicks.slice(at * 3 / 4, at * 3 / 4 + 15)
        .map(({ id, time }) => [id, text(time)]), pick);
    }
    const end = text(START + 86400);
    await client.run(`INSERT INTO impressions VALUES (-1, 'end', '${end}')`);
    await client.run(`INSERT INTO ad_clicks VALUES (-2, '${end}')`);
    // A row waits for partners until the other side's watermark says that none can come: what comes
    // later finds it gone.
    const [ads, taps] = [shown, clicks].map((rows) =>
      watermarks(rows.map(({ time }) => time), 0).before) as [number[], number[]];
    const wanted = shown.flatMap(({ id, ad, time }, i) => {
      const own = clicks.filter((click, c) =>
        click.id === id && click.time >= time && click.time <= time + 3600
        && click.time >= (ads[i] ?? 0) && time + 3600 >= (taps[c] ?? 0));
      return own.length === 0 ? [[`${id}`, ad, text(time), null]]
        : own.map((click) => [`${id}`, ad, text(time), text(click.time - time).slice(11)]);
    });
    expect(wanted.some((row) => row[3] !== null)).toBe(true);
    expect(sorted(await client.rows('SELECT * FROM outcome WHERE id >= 0'))).toEqual(sorted(wanted));
  });

  it('fraud', async () => {
    const client = await definitionsOf('09-fraud.sql');
    const ts = times(pick, 250, 400, 7200);
    const rows = ts.map((time, id) => ({ id, time, card: `c${pick(6)}`, cents: pick(60000),
      country: ['DE', 'FR', 'US', 'JP'][pick(4)] ?? '', lat: pick(120) - 60, lon: pick(360) - 180 }));
    await insert(client, 'payments', rows.map(({ id, card, cents, country, lat, lon, time }) =>
      [id, card, cents / 100, country, lat, lon, text(time)]), pick);
    const { before } = watermarks(ts, 300);
    const inside = rows.flatMap((row, at) => ends(row.time, 600, 3600)
      .filter((window) => window > (before[at] ?? 0)).map((window) => ({ ...row, window })));
    const wanted = [...grouped(inside, ({ card, window }) => `${card} ${window}`).values()]
      .map((all) => ({ card: all[0]?.card ?? '', window: all[0]?.window ?? 0, count: all.length,
        cents: all.reduce((sum, row) => sum + row.cents, 0),
        countries: new Set(all.map(({ country }) => country)).size }))
      .filter(({ count, cents, countries }) => count >= 4 || cents > 100000 || countries >= 3)
      .map((group) => [group.card, text(group.window), `${group.count}`,
        (group.cents / 100).toFixed(2), `${group.countries}`]);
    expect(wanted.length).toBeGreaterThan(10);
    expect(sorted(await client.rows('SELECT * FROM busy_cards'))).toEqual(sorted(wanted));
    const radians = (degrees: number): number => degrees * Math.PI / 180;
    const fast = [...grouped(rows, ({ card }) => card).values()].flatMap((all) =>
      all.toSorted((a, b) => a.time - b.time || a.id - b.id).flatMap((row, at, list) => {
        const last = list[at - 1];
        if (last === undefined || row.time === last.time) return [];
        const a = Math.sin(radians(row.lat - last.lat) / 2) ** 2 + Math.cos(radians(row.lat))
          * Math.cos(radians(last.lat)) * Math.sin(radians(row.lon - last.lon) / 2) ** 2;
        const km = 2 * 6371 * Math.asin(Math.sqrt(a));
        return km / (row.time - last.time) * 3600 > 1000 ? [[row.card, `${row.id}`]] : [];
      }));
    expect(sorted(await client.rows('SELECT card, id FROM too_fast'))).toEqual(sorted(fast));
  });

  it('surge', async () => {
    const client = await definitionsOf('10-surge.sql');
    const asked = times(pick, 250, 600, 2400);
    const rows = asked.map((time, id) => ({ id, zone: `z${pick(3)}`, time }));
    const seen = times(pick, 250, 600, 1000).map((time) =>
      ({ driver: pick(9), zone: `z${pick(3)}`, time }));
    for (let at = 0; at < 250; at += 25) {
      await insert(client, 'requests', rows.slice(at, at + 25)
        .map(({ id, zone, time }) => [id, zone, text(time)]), pick);
      await insert(client, 'idle_drivers', seen.slice(at, at + 25)
        .map(({ driver, zone, time }) => [driver, zone, text(time)]), pick);
    }
    const { before, end } = watermarks(asked, 1200);
    const minute = (time: number): number => Math.floor(time / MINUTE) * MINUTE;
    const counted = rows.filter(({ time }, at) => minute(time) + MINUTE > (before[at] ?? 0));
    const final = grouped(counted.filter(({ time }) => minute(time) + MINUTE <= end),
      ({ zone, time }) => `${minute(time)} ${zone}`);
    expect(counted.length).toBeLessThan(rows.length);
    expect(sorted(await client.rows('SELECT * FROM requests_final')))
      .toEqual(sorted([...final.values()].map((all) =>
        [text(minute(all[0]?.time ?? 0)), all[0]?.zone ?? '', `${all.length}`])));
    // Pairs of windows: how many requests, how many drivers; both sides by their own watermark.
    const reports = watermarks(seen.map(({ time }) => time), 1200).before;
    const demand = grouped(rows.flatMap((row, at) => ends(row.time, 60, 300)
      .filter((window) => window > (before[at] ?? 0)).map((window) => ({ ...row, window }))),
    ({ window, zone }) => `${window} ${zone}`);
    const supply = grouped(seen.flatMap((row, at) => ends(row.time, 60, 300)
      .filter((window) => window > (reports[at] ?? 0)).map((window) => ({ ...row, window }))),
    ({ window, zone }) => `${window} ${zone}`);
    const wanted = [...demand].flatMap(([key, all]) => {
      const drivers = new Set(supply.get(key)?.map(({ driver }) => driver)).size;
      return drivers === 0 ? [] : [[text(all[0]?.window ?? 0), all[0]?.zone ?? '',
        `${all.length}`, `${drivers}`,
        Math.min(3, Math.max(1, Math.round(all.length / drivers * 10) / 10)).toFixed(1)]];
    });
    expect(sorted(await client.rows('SELECT * FROM surge WHERE drivers > 0')))
      .toEqual(sorted(wanted));
  });

  it('notifications once a day', async () => {
    const client = await definitionsOf('11-notifications.sql');
    const alive = new Map<string, { touched: number; first: number; id: number }>();
    let now = START;
    for (let id = 0; id < 120; id++) {
      now += pick(20 * 3600);
      await client.run(`ADVANCE CLOCK TO TIMESTAMPTZ '${text(now)}+00'`);
      const [usr, message] = [`u${pick(2)}`, `m${pick(2)}`];
      const ts = now - pick(7200);
      await client.run(`INSERT INTO notifications VALUES (${id}, '${usr}', '${message}', `
        + `'${text(ts)}+00')`);
      for (const [key, { touched }] of alive) if (now - touched >= 86400) alive.delete(key);
      const key = `${usr} ${message}`;
      const known = alive.get(key);
      const earlier = known === undefined || ts < known.first;
      alive.set(key, { touched: now, first: earlier ? ts : known.first,
        id: earlier ? id : known.id });
      if (id % 10 !== 9) continue;
      expect(sorted(await client.rows('SELECT usr, message, id FROM to_send')))
        .toEqual(sorted([...alive].map(([pair, { id: first }]) => [...pair.split(' '), `${first}`])));
    }
  });
});
