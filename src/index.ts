/**
 * The embedding API: an engine inside the caller's process.
 */
import { realEnvironment } from './runtime/real/open-environment.ts';
import { openEngine } from './runtime/session/open-engine.ts';
import type { Engine, EngineOptions } from './runtime/session-api.ts';

/** Opens an engine in this thread. `dataDirectory` ':memory:' keeps nothing. */
export function open(options: EngineOptions): Promise<Engine> {
  const { dataDirectory, testClock } = options;
  return openEngine(realEnvironment(dataDirectory, () => undefined, { testClock }));
}
