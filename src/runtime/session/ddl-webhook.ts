/**
 * CREATE TABLE ... WITH (connector = 'webhook') VALIDATE AS expr: a table that requests fill, and
 * the check each of them must pass.
 *
 * The expression sees `headers` (jsonb), `body` (bytea) and `secret` (text, from the options); in a
 * table of one jsonb column also that column's name, for the body as it came.
 */
import { sqlError } from '../../common/errors.ts';
import type { CreateTable } from '../../parser/ast-definitions.ts';
import { bindCheck } from '../../planner/bind-definitions.ts';
import type { CatalogColumn } from '../../planner/catalog.ts';
import type { WebhookFacts } from '../engine-webhook.ts';
import { WEBHOOK_COLUMNS } from '../engine-webhook.ts';
import { optionText } from './ddl-connector.ts';
import type { StatementContext } from './statement-context.ts';
import { isWebhook } from './webhook-options.ts';

/** What a table remembers of its webhook; null: it has none. */
export function webhookOf(
  context: StatementContext, statement: CreateTable, columns: readonly CatalogColumn[],
): WebhookFacts | null {
  const { validate, span } = statement;
  if (!isWebhook(statement)) {
    if (validate === null) return null;
    throw sqlError('42601', 'VALIDATE belongs to tables with connector = \'webhook\'', {
      span: validate.span,
    });
  }
  if (validate === null) {
    throw sqlError('42601', 'a webhook needs VALIDATE AS: anybody may send to it', {
      span, hint: "VALIDATE AS secure_compare(headers->>'x-signature', "
        + "encode(hmac(secret, body, 'sha256'), 'hex')), or VALIDATE AS true.",
    });
  }
  if (statement.format !== null || statement.includes.length > 0) {
    throw sqlError('0A000', 'FORMAT and INCLUDE are not supported for webhooks', { span });
  }
  const [only, second] = columns;
  const whole = only?.type.name === 'jsonb' && second === undefined ? only.name : null;
  const scope = [...WEBHOOK_COLUMNS,
    ...whole === null || WEBHOOK_COLUMNS.some(({ name }) => name === whole) ? []
      : [{ name: whole, type: { name: 'bytea' } as const }]];
  const secret = statement.options.find(({ name }) => name === 'secret');
  const table = statement.name.parts.at(-1)?.name ?? '';
  return {
    whole, secret: secret === undefined ? null : optionText(secret),
    check: bindCheck(validate, { table, columns: scope }, context.planning),
  };
}
