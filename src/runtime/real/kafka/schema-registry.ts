/**
 * A schema registry over HTTP: GET /schemas/ids/{id}, and GET /subjects to see that it is there.
 */
import { sqlError } from '../../../common/errors.ts';
import type { RegistryConfig, SchemaRegistry } from '../../formats/schema-registry.ts';

const PATIENCE_MS = 5000;
const NOT_FOUND = 404;

/** Registries over the network. */
export function httpRegistry(config: RegistryConfig): SchemaRegistry {
  const base = config.url.replace(/\/+$/, '');
  const headers: Record<string, string> = {
    accept: 'application/vnd.schemaregistry.v1+json',
    ...config.username === null ? {} : { authorization: `Basic ${Buffer.from(
      `${config.username}:${config.password ?? ''}`).toString('base64')}` },
  };
  const get = async (path: string): Promise<Response> => {
    try {
      return await fetch(`${base}${path}`, {
        headers, redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw sqlError('08001', `could not reach the schema registry at ${base}: `
        + (cause instanceof Error ? cause.message : String(cause)));
    }
  };
  const refused = (status: number): Error => status === 401 || status === 403
    ? sqlError('28000', `the schema registry at ${base} refused the login`)
    : sqlError('08006', `the schema registry at ${base} answered ${status}`);
  return {
    async schema(id: number): Promise<string | null> {
      const answer = await get(`/schemas/ids/${id}`);
      if (answer.status === NOT_FOUND) return null;
      if (!answer.ok) throw refused(answer.status);
      const { schema } = await answer.json() as { schema?: unknown };
      return typeof schema === 'string' ? schema : null;
    },
    async meet(): Promise<void> {
      const answer = await get('/subjects');
      await answer.body?.cancel();
      if (!answer.ok) throw refused(answer.status);
    },
  };
}
