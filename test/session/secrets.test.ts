/**
 * Passwords and secrets in statements: struck out wherever a text of a statement is shown.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { withoutSecrets } from '../../src/runtime/session/audit.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { TestClient } from '../support/client.ts';
import { SimDisk, SimStorage, simWorld } from '../support/sim-environment.ts';

describe('what is struck out of a text', () => {
  it.each([
    [`ALTER ROLE a PASSWORD 'hush'`, `ALTER ROLE a PASSWORD '***'`],
    [`CREATE ROLE a PASSWORD $x$hush$x$`, `CREATE ROLE a PASSWORD '***'`],
    [`CREATE SECRET s AS 'it''s hush'`, `CREATE SECRET s AS '***'`],
    [`WITH ('properties.sasl.password' = 'hush', topic = 't')`,
      `WITH ('properties.sasl.password' = '***', topic = 't')`],
    [`WITH (properties.sasl.password='hush')`, `WITH (properties.sasl.password='***')`],
    [`WITH ("sasl.jaas.config" = E'pass=\\'hush\\'')`, `WITH ("sasl.jaas.config" = '***')`],
    [`WITH (connector = 'webhook', secret = 'hush')`, `WITH (connector = 'webhook', secret = '***')`],
    [`WITH (url = 'postgres://ann:hush@host/db')`, `WITH (url = 'postgres://ann:***@host/db')`],
    [`SELECT 'a:b@c', secretary = 'x', 'http://host:80/p' FROM t`,
      `SELECT 'a:b@c', secretary = 'x', 'http://host:80/p' FROM t`],
  ])('%s', (text, shown) => {
    expect(withoutSecrets(text)).toBe(shown);
  });
});

describe('a table with a secret', () => {
  let engine: Engine;
  let client: TestClient;
  beforeAll(async () => {
    engine = await openEngine(simWorld(new SimStorage(new SimDisk())));
    client = await TestClient.connect(engine);
    await client.run(`CREATE TABLE pushes (repo text)
      WITH (connector = 'webhook', secret = 'hush-hush') VALIDATE AS true`);
  });
  afterAll(() => engine.close());

  it.each([
    'SHOW CREATE TABLE pushes', 'SELECT * FROM tidemill.audit', 'SELECT * FROM tidemill.sources',
    'SELECT query FROM pg_stat_activity', 'SELECT * FROM pg_class', 'SELECT * FROM pg_attribute',
    'SELECT * FROM information_schema.tables',
  ])('%s does not show it', async (query) => {
    expect(JSON.stringify(await client.rows(query))).not.toContain('hush-hush');
  });
});
