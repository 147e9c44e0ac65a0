/**
 * Rows of many columns that may be NULL in any of them: equal rows are found again, whatever
 * combination of NULLs a batch has, and views over them equal their queries.
 */
import { expect, it } from 'vitest';
import { realEnvironment } from '../../src/runtime/real/open-environment.ts';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { TestClient } from '../support/client.ts';
import { randomFrom } from '../support/random.ts';

const SEED = Number(process.env['SEED'] ?? 1);

it.each([20, 27, 40, 70])('%i columns', async (width) => {
  const random = randomFrom(SEED + width);
  const engine = await openEngine(realEnvironment(':memory:', () => undefined));
  const client = await TestClient.connect(engine);
  const names = Array.from({ length: width }, (_, at) => `c${at}`);
  await client.run(`CREATE TABLE w (${names.map((name, at) => `${name} ${at % 3 === 0 ? 'text' : 'int'}`).join(', ')})`);
  const on = names.map((name) => `a.${name} IS NOT DISTINCT FROM b.${name}`).join(' AND ');
  const queries = [
    'SELECT DISTINCT * FROM w', `SELECT ${names.join(', ')}, count(*) FROM w GROUP BY ${names.join(', ')}`,
    `SELECT a.c0, b.c${width - 1} FROM w a LEFT JOIN w b ON ${on}`,
  ];
  for (const [at, query] of queries.entries()) await client.run(`CREATE MATERIALIZED VIEW v${at} AS ${query}`);
  for (let round = 0; round < 25; round++) {
    // Few columns have values, so that rows come again and NULLs move about.
    const rows = Array.from({ length: 1 + random(4) }, () => names.map((_name, at) =>
      random(4) > 0 ? 'NULL' : at % 3 === 0 ? `'${random(2)}'` : `${random(2)}`));
    await client.run(`INSERT INTO w VALUES ${rows.map((row) => `(${row.join(', ')})`).join(', ')}`);
    if (round % 3 === 2) {
      await client.run(`UPDATE w SET c${random(width)} = ${random(2) === 0 ? 'NULL' : "'1'"} WHERE c0 IS NULL`);
    }
    if (round % 4 === 3) await client.run(`DELETE FROM w WHERE c${1 + random(width - 1)} IS NOT NULL`);
    for (const [at, query] of queries.entries()) {
      const kept = (await client.rows(`SELECT * FROM v${at}`)).map((row) => row.join('|')).toSorted();
      const fresh = (await client.rows(query)).map((row) => row.join('|')).toSorted();
      expect(kept, `seed ${SEED}, round ${round}, v${at}`).toEqual(fresh);
    }
  }
  await engine.close();
});
