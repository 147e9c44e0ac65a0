/**
 * Expressions and what PostgreSQL 15 answered, errors included.
 *
 * The answers in postgres-cases.tsv were recorded from a server; `SET` marks set-returning calls.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { evaluateSet, evaluateText, outcome } from './evaluate.ts';

const FILE = new URL('postgres-cases.tsv', import.meta.url);
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '\\': '\\' };

const CASES = readFileSync(FILE, 'utf8').split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line): readonly [string, string] => {
    const [sql = '', answer = ''] = line.split('\t');
    return [sql, answer.replace(/\\(.)/g, (_whole, one: string) => ESCAPES[one] ?? one)];
  });

describe('expressions as PostgreSQL evaluates them', () => {
  test.for(CASES)('%s', ([sql, answer]) => {
    const found = sql.startsWith('SET ') ? outcome(sql.slice(4), evaluateSet)
      : outcome(sql, evaluateText);
    expect(found).toBe(answer);
  });
});
