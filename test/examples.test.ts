/**
 * Every script of sql-examples, as psql would run it, against its golden output.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { realEnvironment } from '../src/runtime/real/open-environment.ts';
import { openEngine } from '../src/runtime/session/open-engine.ts';
import { parseStatements } from '../src/parser/parse.ts';
import type { Answer } from './support/client.ts';
import { TestClient } from './support/client.ts';
import { TestBroker } from './support/kafka/broker.ts';

const ROOT = join(import.meta.dirname, '..', 'sql-examples');
/** Where scripts expect a Kafka; a broker in this process takes its place. */
const KAFKA = '127.0.0.1:9092';
const FILES = readdirSync(ROOT).filter((name) => name.endsWith('.sql')).toSorted();

function shown(answer: Answer): string {
  if (answer.columns.length === 0) return `${answer.tags.join('\n')}\n`;
  const head = answer.columns.map((column) => column.name).join(' | ');
  const rows = answer.rows.map((row) => row.map((value) => value ?? '').join(' | ').trimEnd());
  return `${[head, ...rows].join('\n')}\n(${rows.length} rows)\n`;
}

it.each(FILES)('%s', async (name) => {
  const engine = await openEngine(realEnvironment(':memory:', () => undefined));
  const client = await TestClient.connect(engine);
  const script = readFileSync(join(ROOT, name), 'utf8');
  const broker = script.includes(KAFKA) ? await TestBroker.start() : null;
  for (const [, topic] of script.matchAll(/--topic (\S+)/g)) broker?.createTopic(topic ?? '', 1);
  if (broker !== null) broker.createTopic('__tidemill_sinks', 1);
  const text = script.replaceAll(KAFKA, broker?.address ?? KAFKA);
  const out: string[] = [];
  for (const statement of parseStatements(text)) {
    const answer = await client.run(statement.text);
    for (const notice of answer.notices) out.push(`${notice.severity}: ${notice.message}\n`);
    out.push(shown(answer));
  }
  await engine.close();
  await broker?.stop();
  await expect(out.join('\n')).toMatchFileSnapshot(join('examples', name.replace('.sql', '.out')));
});
