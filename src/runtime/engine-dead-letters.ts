/**
 * Dead letters decoded again: a function of the letters that are kept and of the declaration.
 *
 * Runs inside an epoch and in its repetition after a crash, so it reads nothing from outside.
 */
import { must } from '../common/assert.ts';
import type { Value } from '../common/values.ts';
import { formatValue } from '../common/types/registry.ts';
import type { Batch } from './batch.ts';
import { batchOf, cell } from './batch.ts';
import type { StoredRelation } from './catalog-store-types.ts';
import type { DeadLetter, OpenConnector } from './connectors/connector.ts';
import type { EngineState } from './engine-state.ts';
import type { KeptSchemas } from './formats/schema-registry.ts';
import { DEAD_LETTER_COLUMNS } from './graph-view.ts';
import type { RelationRows } from './relations-rows.ts';

const PARTITION = 1;
const POSITION = 2;
const REASON = 3;
const SQL_STATE = 4;
const COLUMN = 5;
const KEY = 6;
const PAYLOAD = 7;
const HEADERS = 8;
const BYTES = 9;

/** What decoding the letters of a relation needs from outside, for the log. */
export async function schemasOfLetters(
  state: EngineState, id: number,
): Promise<KeptSchemas> {
  const { relation } = state.relation(id);
  const letters = [...state.relations.values()].find((each) =>
    each.relation.belongsTo === id && each.relation.schema === 'dead_letter')?.rows ?? null;
  if (letters === null || relation.connector === null) return [];
  const payloads: Uint8Array[] = [];
  const cursor = letters.cursor();
  for (let batch = cursor.next(); batch !== null; batch = cursor.next()) {
    for (let row = 0; row < batch.length; row++) {
      const payload = cell(must(batch.columns[PAYLOAD], 'payload'), row);
      if (payload instanceof Uint8Array) payloads.push(payload);
    }
  }
  const connector = state.openSource(relation, null);
  try {
    return await connector.schemasOf?.(payloads) ?? [];
  } finally {
    connector.close?.();
  }
}

/** What became of the letters. */
export interface Replayed {
  readonly rows: readonly { readonly partition: number; readonly batch: Batch }[];
  /** Letters that still cannot be decoded. */
  readonly left: Batch;
}

/** Decodes the dead letters of a relation, in order. */
export function replayed(
  state: EngineState, relation: StoredRelation,
  of: { readonly letters: RelationRows; readonly schemas: KeptSchemas | undefined },
): Replayed {
  const connector = state.openSource(relation, null);
  connector.takeSchemas?.(of.schemas ?? []);
  const rows: { partition: number; batch: Batch }[] = [];
  const left: Value[][] = [];
  const cursor = of.letters.cursor();
  for (let batch = cursor.next(); batch !== null; batch = cursor.next()) {
    for (let row = 0; row < batch.length; row++) {
      const values = DEAD_LETTER_COLUMNS.map((_column, at) =>
        cell(must(batch.columns[at], 'column'), row));
      const again = decodeAgain(connector, values);
      if (again === null || again.deadLetters.length > 0) left.push(failed(values, again));
      else if (again.batch.length > 0) {
        rows.push({ partition: Number(values[PARTITION]), batch: again.batch });
      }
    }
  }
  connector.close?.();
  return { rows, left: batchOf(DEAD_LETTER_COLUMNS.map(({ type }) => type), left) };
}

type Again = ReturnType<NonNullable<OpenConnector['redecode']>>;

/** Null when a letter cannot be tried: its payload was cut off, or the connector cannot. */
function decodeAgain(connector: OpenConnector, values: readonly Value[]): Again | null {
  const payload = values[PAYLOAD];
  if (!(payload instanceof Uint8Array) || BigInt(payload.length) !== values[BYTES]) return null;
  const key = values[KEY];
  const headers = values[HEADERS] ?? null;
  return connector.redecode?.(Number(values[PARTITION]), {
    position: typeof values[POSITION] === 'bigint' ? values[POSITION] : 0n, payload,
    reason: '', sqlState: '', column: null, key: key instanceof Uint8Array ? key : null,
    headers: headers === null ? null : formatValue(headers, { name: 'jsonb' }),
  }) ?? null;
}

function failed(values: readonly Value[], again: Again | null): Value[] {
  const letter: DeadLetter | undefined = again?.deadLetters[0];
  const kept = [...values];
  if (letter === undefined) return kept;
  kept[REASON] = letter.reason;
  kept[SQL_STATE] = letter.sqlState;
  kept[COLUMN] = letter.column;
  return kept;
}
