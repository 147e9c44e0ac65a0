/**
 * What STYLE.md says and a script can check: headers, line lengths, packages in their one folder,
 * files that nothing uses, words that mean unfinished work.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const LINE_MAX = 100;

/** Where a package may be imported. */
const PACKAGE_FOLDERS: Readonly<Record<string, string>> = {
  kafkajs: 'src/runtime/real/kafka/', snappyjs: 'src/runtime/real/kafka/',
  lz4js: 'src/runtime/real/kafka/', fzstd: 'src/runtime/real/kafka/',
  avsc: 'src/runtime/formats/',
  chevrotain: 'src/parser/', 'better-sqlite3': 'src/runtime/real/',
  'quickjs-emscripten-core': 'src/runtime/real/',
  '@jitl/quickjs-wasmfile-release-sync': 'src/runtime/real/',
};

/** Entries: used from outside. */
const ENTRIES = new Set([
  'src/index.ts', 'src/server/main.ts', 'src/server/real/engine-worker.ts',
]);

interface Source {
  readonly path: string;
  readonly text: string;
}

function sources(folder: string): readonly Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

const SRC = sources('src');
const ALL = [...SRC, ...sources('test')];

it('opens every source file with a comment that says what it holds', () => {
  const bare = SRC.filter(({ text }) => !/^(#!.*\n)?\/\*\*\n? \*|^(#!.*\n)?\/\*\*/.test(text));
  expect(bare.map(({ path }) => path)).toEqual([]);
});

it(`keeps source lines within ${LINE_MAX} characters`, () => {
  const long = SRC.flatMap(({ path, text }) => text.split('\n')
    .flatMap((line, at) => (line.length > LINE_MAX ? [`${path}:${at + 1}`] : [])));
  expect(long).toEqual([]);
});

it('imports packages from their one folder only', () => {
  const wrong = SRC.flatMap(({ path, text }) => [...text.matchAll(/from '([a-z@][^'.]*)'/g)]
    .map((match) => match[1] ?? '').filter((name) => !name.startsWith('node:'))
    .filter((name) => !path.startsWith(PACKAGE_FOLDERS[name] ?? ' '))
    .map((name) => `${path}: ${name}`));
  expect(wrong).toEqual([]);
});

it('holds no file that nothing uses', () => {
  const used = new Set<string>(ENTRIES);
  for (const { path, text } of ALL) {
    for (const match of text.matchAll(/(?:from|import\() ?'(\.[^']*)'/g)) {
      used.add(join(path, '..', match[1] ?? '').replaceAll('\\', '/'));
    }
  }
  expect(SRC.filter(({ path }) => !used.has(path)).map(({ path }) => path)).toEqual([]);
});

it('leaves no word of unfinished work', () => {
  const words = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'];
  const marks = new RegExp(`\\b(${words.join('|')})\\b`);
  const open = ALL.flatMap(({ path, text }) => text.split('\n')
    .flatMap((line, at) => (marks.test(line) ? [`${path}:${at + 1}`] : [])));
  expect(open).toEqual([]);
});
