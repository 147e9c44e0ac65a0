/**
 * Backup beside a running engine, restore, and `check`: sound directories pass, forged ones do not.
 */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realEnvironment } from '../../src/runtime/real/open-environment.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { backup, check, reportOf, restore } from '../../src/server/real/backup.ts';
import { TestClient } from '../support/client.ts';
import { randomFrom } from '../support/random.ts';
import { forge, preparedDirectory } from './bit-flips.ts';

let place: string;

beforeEach(() => { place = mkdtempSync(join(tmpdir(), 'tidemill-backup-')); });
afterEach(() => rmSync(place, { recursive: true, force: true }));

async function opened(name: string): Promise<{ engine: Engine; client: TestClient }> {
  const engine = await openEngine(realEnvironment(join(place, name), () => undefined));
  return { engine, client: await TestClient.connect(engine) };
}

const SETUP = `
  CREATE TABLE e (id int, k text, x numeric, j json, ts timestamp,
    WATERMARK FOR ts AS ts - INTERVAL '5 seconds');
  CREATE TABLE d (k text PRIMARY KEY, title text);
  CREATE MATERIALIZED VIEW final AS SELECT window_start, k, count(*) n, sum(x) s
    FROM TUMBLE(e, ts, INTERVAL '10 seconds') GROUP BY window_start, k EMIT ON WINDOW CLOSE;
  CREATE MATERIALIZED VIEW hops AS SELECT window_start, avg(x) a
    FROM HOP(e, ts, INTERVAL '5 seconds', INTERVAL '20 seconds') GROUP BY window_start;
  CREATE MATERIALIZED VIEW visits AS SELECT window_start, window_end, k, count(*) n
    FROM SESSION(e PARTITION BY k, ts, INTERVAL '3 seconds') GROUP BY window_start, window_end, k;
  CREATE MATERIALIZED VIEW joined AS SELECT e.*, d.title FROM e LEFT JOIN d ON e.k = d.k;
  CREATE MATERIALIZED VIEW ranked AS SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY x DESC, id)
    FROM joined;
  CREATE MATERIALIZED VIEW best AS SELECT * FROM ranked ORDER BY id LIMIT 5`;

function rowsOf(round: number): string {
  const rows = Array.from({ length: 20 }, (_, i) => {
    const id = round * 20 + i;
    const second = Math.max(0, round * 4 + (i * 7) % 11 - (i === 13 ? 40 : 5));
    return `(${id}, 'k${id % 5}', ${id * 1.5}, '{"n": ${id}}', timestamp '2026-01-01' + ${second} * INTERVAL '1 second')`;
  });
  return `INSERT INTO e VALUES ${rows.join(', ')}`;
}

describe('backup', () => {
  it('holds what was acknowledged, restores it, and every view equals the view made anew', async () => {
    const live = await opened('live');
    await live.client.run(SETUP);
    await live.client.run("INSERT INTO d SELECT 'k' || i, 'title ' || i FROM generate_series(0, 3) i");
    for (let round = 0; round < 30; round++) await live.client.run(rowsOf(round));
    const wanted = await live.client.rows('SELECT * FROM final ORDER BY 1, 2');
    const file = join(place, 'copy.db');
    backup(join(place, 'live'), file);
    await live.client.run('DELETE FROM d');
    for (const path of [file, join(place, 'live')]) {
      const verdicts = await check(path);
      expect(verdicts.map(({ kind, view }) => `${kind} ${view}`)).toEqual([
        'equal public.final', 'equal public.hops', 'equal public.visits', 'equal public.joined',
        'equal public.ranked', 'equal public.best',
      ]);
      expect(reportOf(verdicts).sound).toBe(true);
    }
    restore(file, join(place, 'restored'));
    const restored = await opened('restored');
    expect(await restored.client.rows('SELECT * FROM final ORDER BY 1, 2')).toEqual(wanted);
    expect(await restored.client.rows('SELECT count(*) FROM d')).toEqual([['4']]);
    await restored.engine.close();
    await live.engine.close();
    expect(existsSync(`${file}.unfinished`)).toBe(false);
  });

  it('overwrites nothing and names what is missing', () => {
    expect(() => backup(join(place, 'none'), join(place, 'x'))).toThrow('there is no data in');
    expect(() => restore(join(place, 'none'), place)).toThrow('there is no file');
  });

  it('says that a view is not what its inputs make of it', async () => {
    const { directory } = await preparedDirectory();
    const random = randomFrom(3);
    const kinds = new Set<string>();
    for (let at = 0; at < 12; at++) {
      const copy = join(place, `forged${at}`);
      cpSync(directory, copy, { recursive: true });
      forge(copy, random);
      try {
        for (const { kind } of await check(copy)) kinds.add(kind);
      } catch {
        kinds.add('refused');
      }
    }
    rmSync(directory, { recursive: true });
    expect(kinds).toContain('different');
  });
});
