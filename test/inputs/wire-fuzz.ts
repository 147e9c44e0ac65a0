/**
 * Random protocol messages, whole and damaged, against the server on a connection without socket.
 *
 * Whole scripts in any order are held against a model: one ReadyForQuery for the start, for each
 * Sync and for each Query that is not skipped. Damaged ones may end with an error, but never with an exception that
 * nobody foresaw, a torn reply or silence.
 */
import { serialize } from 'pg-protocol';
import { openEngine } from '../../src/runtime/session/open-engine.ts';
import { realEnvironment } from '../../src/runtime/real/open-environment.ts';
import { realClock, realEntropy } from '../../src/runtime/real/real-environment.ts';
import type { Engine } from '../../src/runtime/session-api.ts';
import { PostgresServer } from '../../src/server/server.ts';
import { oneOf, randomFrom } from '../support/random.ts';
import type { Random } from '../support/random.ts';
import { FakeConn, replyTypes } from './fake-conn.ts';

const TEXTS: readonly [string, ...string[]] = [
  'SELECT 1', 'SELECT $1::int + 1', 'BEGIN', 'COMMIT', 'ROLLBACK', 'SELECT nope', 'SELEC', '',
  'SELECT 1; SELECT 2', 'SET application_name = \'x\'', 'SHOW TimeZone', 'SAVEPOINT a',
  'SELECT * FROM t WHERE id = $1', 'SELECT * FROM t', 'DECLARE c CURSOR FOR SELECT * FROM t',
  'FETCH 2 FROM c', 'CLOSE c', 'SELECT $1::text, $2::numeric', 'VALUES (1), (2)', 'EXPLAIN SELECT 1',
];
const NAMES: readonly [string, ...string[]] = ['', '', '', 'a', 'b'];
const QUERY = 0x51;
const SYNC = 0x53;
/** Lengths that have broken servers. */
const LENGTHS = [0, 1, 3, 4, 5, -1, -2, 0x7fffffff, -0x80000000, 0x00ffffff] as const;

/** A server without a listener, and what its log said. */
export interface FuzzServer {
  readonly engine: Engine;
  readonly server: PostgresServer;
  readonly log: string[];
}

/** An engine with one small table, behind a server. */
export async function fuzzServer(): Promise<FuzzServer> {
  const engine = await openEngine(realEnvironment(':memory:', () => undefined));
  const session = await engine.connect({
    user: 'tidemill', database: 'tidemill', settings: [], pid: 1, clientAddress: '',
  });
  const setup = 'CREATE TABLE t (id int PRIMARY KEY, k text); '
    + "INSERT INTO t SELECT i, 'k' || i FROM generate_series(1, 5) i";
  for await (const event of session.query(setup)) {
    if (event.kind === 'error') throw new Error(event.error.message);
  }
  await session.close();
  const log: string[] = [];
  const server = new PostgresServer(engine, {
    clock: realClock, entropy: realEntropy, log: (line) => { log.push(line); },
  });
  return { engine, server, log };
}

function message(random: Random): Uint8Array {
  const name = oneOf(random, NAMES);
  switch (random(12)) {
    case 0: case 1: return serialize.query(oneOf(random, TEXTS));
    case 2: case 3: return serialize.parse({ name, text: oneOf(random, TEXTS), types: [] });
    case 4: case 5: return serialize.bind({
      portal: oneOf(random, NAMES), statement: name,
      values: Array.from({ length: random(3) }, () => oneOf(random, ['1', 'x', null, '1.5'])),
      binary: random(4) === 0,
    });
    case 6: return serialize.describe({ type: oneOf(random, ['S', 'P']), name });
    case 7: return serialize.execute({ portal: name, rows: random(3) });
    case 8: return serialize.close({ type: oneOf(random, ['S', 'P']), name });
    case 9: return serialize.flush();
    case 10: return serialize.copyData(Buffer.from('1\tx\n'));
    default: return serialize.sync();
  }
}

/** Flips, cuts, doubles, or writes a wrong length. */
function damaged(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  switch (random(5)) {
    case 0:
      copy[random(copy.length)] = random(256);
      return copy;
    case 1:
      if (copy.length >= 5) copy.writeInt32BE(LENGTHS[random(LENGTHS.length)] ?? 0, 1);
      return copy;
    case 2: return copy.subarray(0, random(copy.length + 1));
    case 3: return Buffer.concat([copy, copy.subarray(random(copy.length))]);
    default: {
      const at = random(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
      return copy;
    }
  }
}

/** How a run ended; `problems` name seed and script. */
export interface FuzzOutcome {
  readonly messages: number;
  readonly problems: readonly string[];
}

/** Serves scripts of up to 40 messages until `messages` have been sent. */
export async function fuzzWire(
  { server, log }: FuzzServer, seed: number, messages: number,
): Promise<FuzzOutcome> {
  const problems: string[] = [];
  let sent = 0;
  for (let script = 0; sent < messages && problems.length < 5; script++) {
    const random = randomFrom(seed + script);
    const whole = random(3) === 0;
    const parts: Uint8Array[] = [startupPacket(random, whole)];
    const count = 1 + random(40);
    let ready = 1;
    let syncs = 1;
    for (let at = 0; at < count; at++) {
      const next = message(random);
      if (next[0] === QUERY || next[0] === SYNC) ready++;
      if (next[0] === SYNC) syncs++;
      parts.push(whole || random(4) > 0 ? next : damaged(random, next));
    }
    if (whole) {
      parts.push(serialize.sync());
      ready++;
      syncs++;
    }
    sent += count;
    const conn = new FakeConn(Buffer.concat(parts), random);
    await server.serve(conn);
    const types = replyTypes(conn.written);
    const readies = (types?.split('Z').length ?? 1) - 1;
    // A Query is skipped behind an error until Sync; a Sync never is.
    const wrong = types === null ? 'torn reply'
      : log.length > 0 ? log.splice(0).join('; ')
      : whole && (readies > ready || readies < syncs)
        ? `${types}: ${readies} ReadyForQuery, not ${syncs} to ${ready}` : null;
    if (wrong !== null) problems.push(`seed ${seed + script}: ${wrong}`);
  }
  return { messages: sent, problems };
}

function startupPacket(random: Random, whole: boolean): Uint8Array {
  const packet = serialize.startup({ user: 'tidemill', database: 'tidemill' });
  return whole || random(8) > 0 ? packet : damaged(random, packet);
}
