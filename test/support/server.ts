/**
 * A server for tests: an embedded engine behind a real socket on a free port.
 */
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { realEnvironment } from '../../src/runtime/real/open-environment.ts';
import { realClock, realEntropy } from '../../src/runtime/real/real-environment.ts';
import type { Certificate } from '../../src/server/real/certificate.ts';
import { listenHttp } from '../../src/server/real/http-server.ts';
import { listen } from '../../src/server/real/listener.ts';
import { PostgresServer } from '../../src/server/server.ts';
import type { ServerOptions } from '../../src/server/server.ts';
import type { Engine } from '../../src/runtime/session-api.ts';

/** A running test server. */
export interface TestServer {
  readonly port: number;
  readonly httpPort: number;
  readonly engine: Engine;
  close(): Promise<void>;
}

/** Starts one in memory, or on a data directory. */
export async function startServer(
  options: ServerOptions & { readonly certificate?: Certificate | undefined } = {},
  dataDirectory = ':memory:',
): Promise<TestServer> {
  const engine = await openEngine(realEnvironment(dataDirectory, () => undefined));
  const server = new PostgresServer(engine, {
    clock: realClock, entropy: realEntropy, log: () => undefined,
  }, options);
  const listener = await listen({ host: '127.0.0.1', port: 0 }, (conn) => server.serve(conn),
    options.certificate);
  const { certificate, auth = 'auto' } = options;
  const http = await listenHttp({ host: '127.0.0.1', port: 0 }, { engine, auth, certificate });
  return {
    port: listener.port, httpPort: http.port, engine,
    close: async () => {
      await listener.close();
      await http.close();
      await engine.close();
    },
  };
}
