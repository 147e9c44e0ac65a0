/**
 * `tidemill test`: what it prints, to the byte and twice the same, and when it fails.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/server/command-line.ts';
import { runTests } from '../../src/server/real/test-command.ts';

let directory = '';

beforeAll(() => { directory = mkdtempSync(join(tmpdir(), 'tidemill-test-')); });
afterAll(() => { rmSync(directory, { recursive: true }); });

function script(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

async function run(files: readonly string[], update: boolean = false): Promise<{
  readonly passed: boolean; readonly text: string;
}> {
  let text = '';
  const passed = await runTests(files, { update, write: (part) => { text += part; } });
  return { passed, text: text.replaceAll(`${directory}/`, '') };
}

const VIEW = `
CREATE TABLE t (k text, ts timestamptz, WATERMARK FOR ts AS ts - INTERVAL '1 minute');
CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM t GROUP BY k;
`;

it('prints cases, differences and a summary', async () => {
  const path = script('counts.sql', `${VIEW}
EXECUTE UNIT TEST two FOR v MOCK t (k) AS (VALUES ('a'), ('a'), ('b'))
  EXPECTED (k text, n bigint) AS (VALUES ('a', 2), ('b', 1));
EXECUTE UNIT TEST wrong FOR v MOCK t (k) AS (VALUES ('a'), ('b'))
  EXPECTED (k text, n bigint) AS (VALUES ('a', 2), ('b', 1));
`);
  const first = await run([path]);
  expect(first).toEqual({ passed: false, text: `# counts.sql
ok 1 - two
not ok 2 - wrong
#   missing    (a,2)
#   unexpected (a,1)
1..2
# 2 tests, 1 failed
` });
  expect(await run([path])).toEqual(first);
});

it('compares the output with the file beside the script', async () => {
  const path = script('clock.sql', `SELECT now();
ADVANCE CLOCK BY INTERVAL '1 day';
SELECT now() AS "then", NULL AS nothing;
`);
  expect(await run([path])).toEqual({
    passed: true, text: '# clock.sql\nok 1 - clock.sql\n1..1\n# 1 tests, 0 failed\n',
  });
  expect((await run([path], true)).passed).toBe(true);
  const out = join(directory, 'clock.out');
  expect(readFileSync(out, 'utf8')).toBe(`now
2000-01-01 00:00:00+00
(1 rows)

ADVANCE CLOCK

then | nothing
2000-01-02 00:00:00+00 |
(1 rows)
`);
  writeFileSync(out, readFileSync(out, 'utf8').replace('2000-01-02', '2000-01-03'));
  expect(await run([path])).toEqual({ passed: false, text: `# clock.sql
not ok 1 - clock.out
#   - 2000-01-03 00:00:00+00 |
#   + 2000-01-02 00:00:00+00 |
1..1
# 1 tests, 1 failed
` });
});

it('fails a file at the first statement that fails', async () => {
  const path = script('broken.sql', `${VIEW}\nSELECT 1;\nSELECT nothing\nFROM t;\nSELECT 2;`);
  const after = script('after.sql', 'SELECT 1;');
  expect(await run([path, after])).toEqual({ passed: false, text: `# broken.sql
not ok 1 - broken.sql:6
#   42703: column "nothing" does not exist
# after.sql
ok 2 - after.sql
1..2
# 2 tests, 1 failed
` });
});

it('is a command', () => {
  expect(parseCommandLine(['test', 'a.sql', '--update', 'b.sql'])).toEqual({
    kind: 'test', files: ['a.sql', 'b.sql'], update: true,
  });
  expect(parseCommandLine(['test'])).toMatchObject({ kind: 'mistake' });
  expect(parseCommandLine(['test', '--all'])).toMatchObject({ kind: 'mistake' });
});
