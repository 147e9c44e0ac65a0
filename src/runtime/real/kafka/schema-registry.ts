/**
 * A schema registry over HTTP: schemas by number, the newest of a subject, what they import.
 */
import { sqlError } from '../../../common/errors.ts';
import type {
  RegisteredSchema, RegistryConfig, SchemaRegistry,
} from '../../formats/schema-registry.ts';

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
  const find = async (path: string): Promise<Answer | null> => {
    const answer = await get(path);
    if (answer.status === NOT_FOUND) return null;
    if (!answer.ok) throw refused(answer.status);
    return await answer.json() as Answer;
  };
  const registered = async (answer: Answer | null): Promise<RegisteredSchema | null> => {
    if (typeof answer?.schema !== 'string') return null;
    const imports: string[] = [];
    for (const { subject, version } of answer.references ?? []) {
      const inner = await registered(await find(
        `/subjects/${encodeURIComponent(subject)}/versions/${version}`));
      if (inner !== null) imports.push(inner.text, ...inner.imports);
    }
    const kind = answer.schemaType === 'PROTOBUF' || answer.schemaType === 'JSON'
      ? answer.schemaType : 'AVRO';
    return { kind, text: answer.schema, imports };
  };
  return {
    schema: async (id) => registered(await find(`/schemas/ids/${id}`)),
    latest: async (subject) => registered(await find(
      `/subjects/${encodeURIComponent(subject)}/versions/latest`)),
    async meet(): Promise<void> {
      const answer = await get('/subjects');
      await answer.body?.cancel();
      if (!answer.ok) throw refused(answer.status);
    },
  };
}

/** What a registry says of a schema. */
interface Answer {
  readonly schema?: unknown;
  readonly schemaType?: string;
  readonly references?: readonly { readonly subject: string; readonly version: number }[];
}
