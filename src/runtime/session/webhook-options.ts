/**
 * How a table says that requests fill it: WITH (connector = 'webhook', secret = '...').
 */
import type { CreateTable } from '../../parser/ast-definitions.ts';

/** Name of the connector. */
export const WEBHOOK = 'webhook';

/** Its options. */
export const WEBHOOK_OPTIONS: readonly string[] = ['connector', 'secret'];

/** True for a table that requests fill. */
export function isWebhook(statement: CreateTable): boolean {
  return statement.options.some(({ name, value }) => name === 'connector'
    && value?.kind === 'stringLiteral' && value.value === WEBHOOK);
}
