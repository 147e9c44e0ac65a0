/**
 * Every scalar function and operator that PostgreSQL has as well, on the values of the pools, NULLs
 * included: the same value, or an error of the same class. SWEEP (60) is how many combinations of
 * arguments each is given.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { StatementError, TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';
import { Choices, Coverage } from './choices.ts';
import { callText, sharedFunctions } from './functions.ts';
import type { SharedFunction } from './functions.ts';
import { postgresBinaries, startPostgres } from './postgres.ts';
import type { Postgres } from './postgres.ts';
import { compareRows } from './rows.ts';
import { literal, POOLS } from './schema.ts';
import type { TypeName } from './schema.ts';

const COMBINATIONS = Number(process.env['SWEEP'] ?? 60);
const SEED = Number(process.env['SEED'] ?? 1);

/** Values at the edges of the types, beside those of the pools. */
const EDGES: Readonly<Partial<Record<TypeName, readonly string[]>>> = {
  int2: ['32767', '-32768'], int4: ['2147483647', '-2147483648', '-1', '12'],
  int8: ['9223372036854775807', '-9223372036854775808', '-1'],
  numeric: ['NaN', 'Infinity', '-Infinity', '99999999999999999999.999', '-0.0001', '0.5', '7'],
  float8: ['NaN', 'Infinity', '-Infinity', '-0', '1e300', '0.1', '-2.5', '1e-300'],
  text: ['(a|b)+', 'Ünïcode', '%', 'a\\b', ' x ', 'UTF8', 'base64', 'day', 'hour', '2024-01-31'],
  date: ['infinity', '-infinity', '4713-01-01 BC', '1970-01-01', '2000-12-31'],
  timestamp: ['infinity', '-infinity', '1970-01-01 00:00:00', '2000-12-31 23:59:59.999999'],
  timestamptz: ['infinity', '1970-01-01 00:00:00+00'],
  interval: ['-1 day +02:03:04', '00:00:00', '100 years', '-00:00:00.000001'],
  bytea: ['\\xff00ff'], jsonb: ['{"a": {"b": [1, {"c": 2}]}}', '{}', 'false', '[[1], {"a": 2}]'],
  'int4[]': ['{{1,2},{3,4}}', '[0:1]={5,6}'], 'text[]': ['{{a},{b}}', '{a,b,c}', '{""}'],
};

/** Gives every value, or its error, on its own. */
const TRY = `
  CREATE FUNCTION try_value(expression text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE answer text;
    BEGIN
      EXECUTE 'SELECT (' || expression || ')::text' INTO answer;
      RETURN answer;
    EXCEPTION WHEN OTHERS THEN RETURN '!' || left(SQLSTATE, 2);
    END $$`;

function calls(called: SharedFunction, choices: Choices): readonly string[] {
  const texts = Array.from({ length: COMBINATIONS }, () => callText(called,
    called.args.map((type) =>
      literal(choices.chance(8) ? null
        : choices.pick([...POOLS[type], ...EDGES[type] ?? []]), type))));
  return [...new Set(texts)];
}

async function ours(client: TestClient, texts: readonly string[]): Promise<(string | null)[]> {
  try {
    const list = texts.map((text) => `(${text})::text`).join(', ');
    return [...(await client.rows(`SELECT ${list}`))[0] ?? []];
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    const [only] = texts;
    if (texts.length === 1 && only !== undefined) return [`!${error.error.sqlState.slice(0, 2)}`];
  }
  const half = texts.length >> 1;
  return [...await ours(client, texts.slice(0, half)), ...await ours(client, texts.slice(half))];
}

/**
 * Basic regular expressions (the flag b) are refused; so are intervals that overflow and ages of
 * infinity, which PostgreSQL 15 answers with what is in the register, as it does bounds of
 * width_bucket whose distance overflows.
 */
function isKnown(text: string, answer: string | null): boolean {
  return answer === '!22' && (/^regexp_\w+\(.*'b'::text/.test(text)
    || text.startsWith('make_interval') || /^age\(.*infinity/.test(text))
    || /^width_bucket\(.*1e300/.test(text);
}

function same(left: string | null, right: string | null): boolean {
  return left === right || left !== null && right !== null
    && compareRows([left], [right]) !== 'different';
}

describe.skipIf(postgresBinaries() === null)(`functions, seed ${SEED}`, () => {
  let server: Postgres | null = null;
  beforeAll(() => { server = startPostgres(); });
  afterAll(() => { server?.stop(); });

  it('give what PostgreSQL gives', async () => {
    const postgres = await server?.connect();
    if (postgres === undefined) throw new Error('PostgreSQL is not running');
    await postgres.query(TRY);
    const engine = await openEngine(simWorld(new SimStorage(new SimDisk())));
    const client = await TestClient.connect(engine);
    const choices = new Choices(SEED, new Coverage());
    const wrong: string[] = [];
    let values = 0;
    try {
      for (const called of [...(await sharedFunctions(postgres)).values()].flat()) {
        const texts = calls(called, choices);
        const { rows } = await postgres.query<{ readonly value: string | null }>(
          'SELECT try_value(x) AS value FROM unnest($1::text[]) WITH ORDINALITY AS a(x, n) '
          + 'ORDER BY n',
          [texts]);
        const answers = await ours(client, texts);
        values += texts.length;
        const at = texts.findIndex((text, each) =>
          !isKnown(text, answers[each] ?? null)
          && !same(answers[each] ?? null, rows[each]?.value ?? null));
        if (at < 0) continue;
        wrong.push(`${texts[at]}: ${answers[at] ?? 'NULL'} for ${rows[at]?.value ?? 'NULL'}`);
      }
    } finally {
      await engine.close();
      await postgres.end();
    }
    console.log(`${values} values of functions compared`);
    expect(wrong).toEqual([]);
  }, 600_000);
});
