/**
 * Mutated SQL, made of the statements of the transcripts, examples and the parser's own tests.
 *
 * Tokens are dropped, doubled, swapped between statements, replaced by strange ones; characters
 * are damaged. What comes out is mostly wrong SQL: it must be parsed or refused with an error that
 * a user can act on, never by an exception that nobody foresaw.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../../src/common/assert.ts';
import type { Random } from '../support/random.ts';

const STRANGE = [
  '', "''", '""', "'", '"', '$$', '$1', '$0', '$99999999999', '(', ')', '[', ']', ',', ';', '::', ':=', '=>', '.',
  '..', '*', '-', '--', '/*', '*/', 'NULL', '1e400', '1e-400', '0x', '9223372036854775808',
  '99999999999999999999999999999999999999', "E'\\", "U&'\\d800'", "'\\x'", "INTERVAL '1'", '\u0000', '\ud800',
  '\u{1F30A}', 'é', 'a'.repeat(200), '('.repeat(60), 'NOT '.repeat(60), '- '.repeat(60), 'SELECT', 'FROM', 'WHERE',
  'OVER ()', 'TUMBLE', 'EMIT', 'LATERAL', 'WITH', 'INTERVAL', 'CASE', 'END', 'ARRAY[', 'ROW(', 'CAST(', 'ON',
] as const;
const TOKEN = /\s+|[A-Za-z_][A-Za-z_0-9]*|'(?:[^']|'')*'|"[^"]*"|\d+(?:\.\d+)?|\S/g;

/** Statements of all .slt and .sql files below the folders. */
export function corpus(folders: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(slt|sql)$/.test(entry.name)) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      const parts = entry.name.endsWith('.sql') ? text.split(';\n')
        : text.split(/\n\n/).map((block) => block.split('\n')
          .filter((line) => !/^(#|statement|query|halt)/.test(line)).join('\n').split('\n----')[0] ?? '');
      found.push(...parts.map((part) => part.trim()).filter((part) => part.length > 5));
    }
  }
  return found;
}

/** One statement, mutated between one and five times. */
export function mutated(random: Random, statements: readonly string[]): string {
  const pick = (): string[] => must(statements[random(statements.length)], 'statement').match(TOKEN) ?? [];
  const tokens = pick();
  const times = 1 + random(5);
  for (let at = 0; at < times; at++) mutate(tokens, random, pick);
  const text = tokens.join('');
  if (random(10) > 0 || text.length === 0) return text;
  const at = random(text.length);
  return text.slice(0, at) + String.fromCharCode(random(0x250)) + text.slice(at + random(2));
}

function mutate(tokens: string[], random: Random, pick: () => string[]): void {
  const at = random(tokens.length + 1);
  switch (random(6)) {
    case 0: tokens.splice(at, 1 + random(3)); return;
    case 1: tokens.splice(at, 0, ...tokens.slice(at, at + 1 + random(8))); return;
    case 2: tokens.splice(at, 1, ` ${STRANGE[random(STRANGE.length)] ?? ''} `); return;
    case 3: {
      const other = pick();
      const from = random(other.length + 1);
      tokens.splice(at, random(6), ' ', ...other.slice(from, from + 1 + random(12)), ' ');
      return;
    }
    case 4: {
      const other = random(tokens.length + 1);
      [tokens[at], tokens[other]] = [tokens[other] ?? '', tokens[at] ?? ''];
      return;
    }
    default: tokens.length = at;
  }
}
