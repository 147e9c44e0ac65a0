/**
 * The description of the HTTP side for tools: OpenAPI 3.1.
 */

const ERROR = { description: 'An error: `error`, `sqlstate`, perhaps `detail` and `hint`.' };
const named = (what: string): object => ({
  name: 'name', in: 'path', required: true, schema: { type: 'string' },
  description: `${what}, or schema.name`,
});
const query = (name: string, description: string): object => ({
  name, in: 'query', required: false, schema: { type: 'string' }, description,
});
const responses = (description: string): object => ({
  200: { description }, 400: ERROR, 401: ERROR, 403: ERROR, 404: ERROR,
});

/** Served as /openapi.json. */
export const OPENAPI: object = {
  openapi: '3.1.0',
  info: { title: 'Tidemill', version: '1', description:
    'SQL views that are always up to date. Users and rights are those of SQL (HTTP Basic).' },
  components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
  security: [{ basic: [] }],
  paths: {
    '/health': { get: { summary: 'Answers while the server does', security: [],
      responses: { 200: { description: 'status: ok' } } } },
    '/ingest/{name}': { post: {
      summary: 'Rows into a table: a JSON array, one object, or NDJSON',
      parameters: [named('Table'), { name: 'Idempotency-Key', in: 'header',
        schema: { type: 'string' }, description: 'A repeated request counts once' }],
      requestBody: { required: true, content: { 'application/json': {} } },
      responses: responses('accepted, deadLettered, duplicate, epoch') } },
    '/webhook/{name}': { post: {
      summary: 'Rows into a table with connector webhook; its own check decides', security: [],
      parameters: [named('Table')],
      requestBody: { required: true, content: { 'application/json': {} } },
      responses: responses('accepted, deadLettered, duplicate, epoch') } },
    '/sql': { post: {
      summary: 'Runs statements, as text/plain or as JSON with query and parameters',
      requestBody: { required: true, content: { 'text/plain': {}, 'application/json': {
        schema: { type: 'object', required: ['query'], properties: {
          query: { type: 'string' }, parameters: { type: 'array' },
          database: { type: 'string' } } } } } },
      responses: responses('results: per statement command, columns and rows') } },
    '/view/{name}': { get: {
      summary: 'Rows of a table or view; any other parameter is a column and its value',
      parameters: [named('Relation'), query('key', 'value of the first column'),
        query('limit', 'most rows')],
      responses: responses('view, rows') } },
    '/subscribe/{name}': { get: {
      summary: 'Rows and every change of them: server-sent events, or a WebSocket',
      description: 'Events `change` (epoch, diff, row), `progress` (epoch: all up to it has been '
        + 'told; the event id) and `error`.',
      parameters: [named('Relation or subscription'),
        query('after', 'resume behind this epoch; Last-Event-ID does the same'),
        query('snapshot', 'false leaves the present rows out')],
      responses: responses('text/event-stream') } },
  },
};
