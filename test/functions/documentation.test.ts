/**
 * docs/sql/functions.md is made from the function registry; `vitest -u` writes it anew.
 */
import { expect, test } from 'vitest';
import { signatureTypeName } from '../../src/planner/functions/builder.ts';
import type { FunctionEntry } from '../../src/planner/functions/entry.ts';
import { functionTopics } from '../../src/planner/functions/registry.ts';

const INTRODUCTION = `# Functions and operators

Names, signatures, results and errors are PostgreSQL 15's wherever PostgreSQL has the function. This
page is made from the registry; every example is run as a test. Overloads of a name stand together.
`;

function signature(entry: FunctionEntry): string {
  const types = entry.args.map(signatureTypeName);
  if (entry.variadic) types.push('...');
  const result = `${entry.kind === 'table' ? 'setof ' : ''}${signatureTypeName(entry.result)}`;
  const [first, second] = types;
  if (/^\w/.test(entry.name)) return `${entry.name}(${types.join(', ')}) → ${result}`;
  return second === undefined ? `${entry.name} ${first ?? ''} → ${result}`
    : `${first ?? ''} ${entry.name} ${second} → ${result}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function code(text: string): string {
  return text === '' ? '' : `\`${cell(text)}\``;
}

function row(entries: readonly FunctionEntry[]): string {
  const signatures = entries.map((entry) => code(signature(entry))).join('<br>');
  const [first] = entries;
  const [sql = '', value = null] = first?.examples[0] ?? [];
  const docs = [...new Set(entries.map((entry) => entry.doc))];
  return `| ${signatures} | ${cell(docs.join(' '))} | ${code(sql)} → ${
    value === null ? 'NULL' : code(value)} |`;
}

function documentation(): string {
  const parts = [INTRODUCTION];
  for (const topic of functionTopics()) {
    const byName = new Map<string, FunctionEntry[]>();
    for (const entry of topic.entries) {
      if (entry.name.startsWith('$')) continue;
      byName.set(entry.name, [...byName.get(entry.name) ?? [], entry]);
    }
    parts.push(`## ${topic.title}\n`, '| Function | Description | Example |', '|---|---|---|',
      ...[...byName.values()].map(row), '');
  }
  return parts.join('\n');
}

test('docs/sql/functions.md tells of every function', async () => {
  await expect(documentation()).toMatchFileSnapshot('../../docs/sql/functions.md');
});
