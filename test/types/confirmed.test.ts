/**
 * Every call in confirmed/ must give what PostgreSQL 15 gave for it.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compileRegex } from '../../src/common/regex/regex.ts';
import { compileSimilar } from '../../src/common/regex/similar.ts';
import { likeMatcher } from '../../src/common/regex/like.ts';
import { formatValue, parseValue, typeByName } from '../../src/common/types/registry.ts';
import { DEFAULT_SETTINGS } from '../../src/common/types/settings.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import { outcome, runCall } from './calls.ts';

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`confirmed/${name}.json`, import.meta.url), 'utf8'));
}

type CallRow = readonly [name: string, args: readonly string[], result: string | null];

describe.each(['numeric', 'interval', 'timestamp', 'to-char'])('%s', (file) => {
  test('agrees with PostgreSQL', () => {
    for (const [name, args, result] of read(file) as readonly CallRow[]) {
      expect({ name, args, result: runCall(name, args) }).toEqual({ name, args, result });
    }
  });
});

interface InputRow {
  readonly type: string;
  readonly text: string;
  readonly result: string;
}

interface InputFile {
  readonly timeZone: string;
  readonly dateStyle: string;
  readonly intervalStyle: string;
  readonly rows: readonly InputRow[];
}

function typeOf(text: string): SqlType {
  const mods = /\((.*)\)/.exec(text)?.[1];
  const type = typeByName(text.replace(/\(.*\)/, ''));
  if (type === null) throw new Error(`no type ${text}`);
  return mods === undefined ? type : { ...type, mods: mods.split(',').map(Number) };
}

test('text input and output agree with PostgreSQL', () => {
  for (const file of read('input') as readonly InputFile[]) {
    const settings = { ...DEFAULT_SETTINGS, ...file };
    for (const { type, text, result } of file.rows) {
      const sqlType = typeOf(type);
      const found = outcome(() =>
        formatValue(parseValue(text, sqlType, settings), sqlType, settings));
      expect({ type, text, zone: file.timeZone, result: found })
        .toEqual({ type, text, zone: file.timeZone, result });
    }
  }
});

type RegexRow = readonly [pattern: string, text: string, flags: string, result: string];

/** `start-end:group,group` of the first match; offsets from 0. */
function firstMatch(pattern: string, text: string, flags: string): string {
  const match = compileRegex(pattern, flags).exec(text);
  if (match === null) return 'none';
  const groups = match.groups.map((group) => group === null ? '<null>' : text.slice(...group));
  return `${match.start}-${match.end}:${JSON.stringify(groups)}`;
}

test('regular expressions agree with PostgreSQL', () => {
  for (const [pattern, text, flags, result] of read('regex') as readonly RegexRow[]) {
    const found = outcome(() => firstMatch(pattern, text, flags));
    expect({ pattern, text, flags, found }).toEqual({ pattern, text, flags, found: result });
  }
});

type MatchRow = readonly [kind: string, text: string, pattern: string, result: string];

test('LIKE, ILIKE and SIMILAR TO agree with PostgreSQL', () => {
  for (const [kind, text, pattern, result] of read('like') as readonly MatchRow[]) {
    const found = outcome(() => {
      if (kind === 'similar') return String(compileSimilar(pattern).test(text));
      return String(likeMatcher(pattern, '\\', kind === 'ilike')(text));
    });
    expect({ kind, text, pattern, found }).toEqual({ kind, text, pattern, found: result });
  }
});
