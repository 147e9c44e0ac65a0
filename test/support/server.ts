/**
 * A server for tests: an embedded engine behind a real socket on a free port.
 */
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { realEnvironment } from '../../src/runtime/real/open-environment.ts';
import { realClock, realEntropy } from '../../src/runtime/real/real-environment.ts';
import { listen } from '../../src/server/real/listener.ts';
import { PostgresServer } from '../../src/server/server.ts';
import type { Engine } from '../../src/runtime/session-api.ts';

/** A running test server. */
export interface TestServer {
  readonly port: number;
  readonly engine: Engine;
  close(): Promise<void>;
}

/** Starts one in memory. */
export async function startServer(): Promise<TestServer> {
  const engine = await openEngine(realEnvironment(':memory:', () => undefined));
  const server = new PostgresServer(engine, {
    clock: realClock, entropy: realEntropy, log: () => undefined,
  });
  const listener = await listen({ host: '127.0.0.1', port: 0 }, (conn) => server.serve(conn));
  return {
    port: listener.port, engine,
    close: async () => {
      await listener.close();
      await engine.close();
    },
  };
}
