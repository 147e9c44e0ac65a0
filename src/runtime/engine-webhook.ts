/**
 * Requests from anybody into a table: the check its declaration names, then rows as of any ingest.
 *
 * A request that does not pass is refused as a failed log-in, whatever the reason.
 */
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import { parseValue } from '../common/types/registry.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { ScalarExpr } from '../planner/relation.ts';
import { batchOf } from './batch.ts';
import type { StoredRelation } from './catalog-store-types.ts';
import { compileMap } from './kernels/map.ts';

const EVALUATION = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1,
} as const;

/** What a table remembers of its webhook. */
export interface WebhookFacts {
  /** The only column, of type jsonb: takes the body as it is. */
  readonly whole: string | null;
  readonly secret: string | null;
  readonly check: ScalarExpr;
}

/** What the check sees of a request. */
export const WEBHOOK_COLUMNS: readonly { readonly name: string; readonly type: SqlType }[] = [
  { name: 'headers', type: { name: 'jsonb' } }, { name: 'body', type: { name: 'bytea' } },
  { name: 'secret', type: { name: 'text' } },
];

/** The body to take in; 28000 when the request does not pass the check. */
export function webhookBody(
  table: StoredRelation, request: { readonly headers: string; readonly body: Uint8Array },
  now: bigint,
): Uint8Array {
  const facts = table.extra?.['webhook'] as WebhookFacts | undefined;
  if (facts === undefined) throw sqlError('42P01', `there is no webhook "${table.name}"`);
  const { headers, body } = request;
  const types = [...WEBHOOK_COLUMNS.map(({ type }) => type), { name: 'bytea' } as const];
  const row = [parseValue(headers, { name: 'jsonb' }), body, facts.secret, body];
  const kernel = compileMap({ filter: null, exprs: [facts.check], inputTypes: types });
  const refuse = (): never => { throw notPassed(table.name); };
  const passed = kernel(batchOf(types, [row]), { ...EVALUATION, now }, refuse);
  const [column] = passed?.columns ?? [];
  if (column?.data[0] !== 1 || column.nulls?.[0] === 1) throw notPassed(table.name);
  return facts.whole === null ? body : wrapped(facts.whole, body);
}

function notPassed(name: string): SqlError {
  return sqlError('28000', `the request does not pass the check of webhook "${name}"`);
}

/** The body as the value of a column. */
function wrapped(column: string, body: Uint8Array): Uint8Array {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    JSON.parse(text);
  } catch {
    throw sqlError('22P02', 'invalid input syntax for type json');
  }
  return new TextEncoder().encode(`{${JSON.stringify(column)}:${text}}`);
}
