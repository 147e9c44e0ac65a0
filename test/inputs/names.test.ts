/**
 * Names that try to break out: of generated code, of SQL that is stored and parsed again, of JSON,
 * of file names. 2,000 of them go through every kind of definition; each must come back as it was
 * given, mean nothing, and leave the canary alone. Prints its seed.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { must } from '../../src/common/assert.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { randomFrom } from '../support/random.ts';
import type { Random } from '../support/random.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

const NAMES = Number(process.env['NAMES'] ?? (process.env['CI'] === undefined ? 400 : 2000));
const SEED = Number(process.env['SEED'] ?? 7);
const BYTES_MAX = 63;
/** Names used together in one set of definitions. */
const TOGETHER = 8;

/** What generated code, if a name got into it, would set. */
const CANARY = 'tidemillCanary';
const ATTACK = `globalThis.${CANARY}=1`;

const PIECES: readonly string[] = [
  ATTACK, `");${ATTACK};("`, `');${ATTACK};('`, `\`;${ATTACK};\``, `\${${ATTACK}}`, `*/${ATTACK}/*`,
  `//\n${ATTACK}`, `;${ATTACK}//`, `]=0;${ATTACK};[`, `\\";${ATTACK}//`, `\u2028${ATTACK}\u2029`,
  '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'arguments', 'eval',
  '"', '""', "'", '\\', '\\\\', '`', '$', '${', '}', '{', '%', '$1', '$$', '--', '/*', '*/', ';', '.',
  '..', '../', '/', '/etc/passwd', ' ', '  ', '\t', '\n', '\r\n', '\u00a0', '\u200b', '\ufeff', '\u202e',
  'é', 'e\u0301', 'ﬀ', 'İ', 'ß', '中', '\u{1F30A}', '\u{10FFFF}', '1', '0x1', '1e9', 'NaN', 'null', 'true',
  'select', 'from', 'SELECT', 'order by', 'x', 'X', 'late.x', 'op/1', '17.2/op/left', '(', ')', '[', ']',
  ',', ':', '::int', '&amp;', '<b>', '\u0001', '\u001b[31m', 'a b', '"a"', "E'\\n'", 'U&"\\0041"',
];

/** A name of one to four pieces, at most 63 bytes long. */
function makeName(random: Random): string {
  for (;;) {
    let name = '';
    for (let left = 1 + random(4); left > 0; left--) {
      name += must(PIECES[random(PIECES.length)], 'piece');
    }
    if (Buffer.byteLength(name) <= BYTES_MAX) return name;
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** Names of functions begin with a letter and have no parentheses. */
const functionOf = (name: string): string => quoted(`f${name.replaceAll(/[()]/g, '').slice(0, 15)}`);
const text = (name: string): string => `'${name.replaceAll("'", "''")}'`;

let disk: SimDisk;
let engine: Engine;
let client: TestClient;

async function open(): Promise<void> {
  engine = await openEngine(simWorld(new SimStorage(disk)));
  client = await TestClient.connect(engine);
}

beforeAll(async () => {
  disk = new SimDisk();
  await open();
});

afterAll(() => engine.close());

/** Eight names in all places that take one; gives what must be dropped in the end. */
async function useAll(names: readonly string[]): Promise<void> {
  const [schema, table, key, value, view, alias, index, other] =
    names.map(quoted) as [string, string, string, string, string, string, string, string];
  await client.run(`CREATE SCHEMA ${schema}; SET search_path TO ${schema};
    CREATE TABLE ${table} (${key} int PRIMARY KEY, ${value} text DEFAULT ${text(names[3] ?? '')},
      CONSTRAINT ${other} CHECK (${key} > 0));
    CREATE INDEX ${index} ON ${table} (${value});
    COMMENT ON COLUMN ${table}.${value} IS ${text(names[4] ?? '')};
    CREATE MATERIALIZED VIEW ${view} AS
      WITH ${alias} AS (SELECT ${key} AS ${alias}, ${value} FROM ${table} AS ${other})
      SELECT ${value} AS ${key}, count(*) AS ${alias}, max(${alias}.${alias}) AS ${other}
      FROM ${alias} GROUP BY ${value};
    CREATE FUNCTION ${functionOf(names[7] ?? '')}(${alias} int) RETURNS int LANGUAGE sql AS $f$SELECT ${alias} + 1$f$;
    CREATE FUNCTION probe(a int) RETURNS int LANGUAGE javascript IMMUTABLE AS
      $f$ return typeof ${CANARY} === 'undefined' ? a : -1 $f$`);
  await client.run(`INSERT INTO ${table} (${key}) VALUES (1), (2); INSERT INTO ${table} AS ${other}
    VALUES (3, ${text(names[7] ?? '')}) ON CONFLICT (${key}) DO UPDATE SET ${value} = excluded.${value}`);
}

async function check(names: readonly string[]): Promise<void> {
  const [schema, table, key, value, view, alias, , other] =
    names.map(quoted) as [string, string, string, string, string, string, string, string];
  const given = (at: number): string => must(names[at], 'name');
  expect(await client.rows(`SELECT ${key}, ${alias}, ${other} FROM ${schema}.${view} ORDER BY 3`))
    .toEqual(given(3) === given(7) ? [[given(3), '3', '3']]
      : [[given(3), '2', '2'], [given(7), '1', '3']]);
  expect(await client.rows(`SELECT ${schema}.${functionOf(given(7))}(${schema}.probe(${key})) FROM ${schema}.${table}
    WHERE ${value} = ${text(given(3))} AND ${key} = 1`)).toEqual([['2']]);
  expect(await client.rows(`SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = ${text(given(0))} ORDER BY table_name COLLATE "C", ordinal_position`))
    .toEqual([[given(1), [2, 3]], [given(4), [2, 5, 7]]]
      .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)))
      .flatMap(([relation, columns]) => (columns as number[]).map((at) => [
        relation as string, given(at)])));
  // What the view is stored as means the same when it is read again.
  const [[definition]] = await client.rows(`SELECT pg_get_viewdef(c.oid) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ${text(given(0))} AND relname = ${text(given(4))}`) as [[string]];
  await client.run(`SET search_path TO ${schema}`);
  expect(await client.rows(`SELECT count(*) FROM (${definition.replace(/;\s*$/, '')}) q`))
    .toEqual([[given(3) === given(7) ? '1' : '2']]);
  expect(CANARY in globalThis).toBe(false);
}

it(`mean nothing, wherever they stand (seed ${SEED})`, async () => {
  const random = randomFrom(SEED);
  const seen = new Set<string>();
  const sets: string[][] = [];
  for (let made = 0; made < NAMES; made += TOGETHER) {
    const names = new Set<string>();
    while (names.size < TOGETHER) {
      const name = makeName(random);
      if (!seen.has(name) && !name.startsWith('pg_')) names.add(name);
    }
    for (const name of names) seen.add(name);
    sets.push([...names]);
  }
  for (const [at, names] of sets.entries()) {
    try {
      await useAll(names);
      await check(names);
      // The first ones stay, to meet a restart.
      if (at >= 20) await client.run(`DROP SCHEMA ${quoted(must(names[0], 'schema'))} CASCADE`);
    } catch (error) {
      throw new Error(`names ${JSON.stringify(names)}: ${String(error)}`, { cause: error });
    }
  }
  await engine.close();
  await open();
  for (const names of sets.slice(0, 20)) await check(names);
  expect(CANARY in globalThis).toBe(false);
}, 600_000);
