/**
 * The first packets of a connection: TLS and GSS requests, cancel requests, the startup packet.
 *
 * TLS is refused with `N` where there is no certificate; clients that insist leave. Bytes sent
 * behind an SSLRequest before the answer end the connection.
 */
import { must } from '../../common/assert.ts';
import type { Conn } from './conn.ts';
import { BodyReader, fatal } from './reader.ts';
import type { MessageReader } from './reader.ts';

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
const NO = Uint8Array.of(0x4e);
const YES = Uint8Array.of(0x53);
/** Newest minor version of protocol 3 that is spoken; 3.1 was never used. */
const MINOR_MAX = 2;

/** What a startup packet asked for. */
export interface Startup {
  readonly user: string;
  readonly database: string;
  /** The minor version that is spoken: 0 or 2. */
  readonly minor: number;
  /** The client asked for another one. */
  readonly negotiate: boolean;
  readonly settings: readonly (readonly [string, string])[];
  /** `_pq_.` options nobody knows, to be named in NegotiateProtocolVersion. */
  readonly unknownOptions: readonly string[];
}

/** Where cancel requests go. */
export interface CancelTarget {
  cancel(pid: number, key: Uint8Array): void;
}

/** Reads up to the startup packet; null when the connection is to be closed silently. */
export async function readStartup(
  reader: MessageReader, conn: Conn, cancels: CancelTarget,
): Promise<Startup | null> {
  for (let requests = 0; requests < 4; requests++) {
    const packet = await reader.startup();
    if (packet === null) return null;
    const body = new BodyReader(packet);
    const code = body.int32();
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      if (reader.buffered > 0) return null;
      if (code === SSL_REQUEST && conn.startTls !== undefined) {
        conn.write(YES);
        await conn.startTls();
      } else {
        conn.write(NO);
      }
      continue;
    }
    if (code === CANCEL_REQUEST) {
      if (body.left >= 8) cancels.cancel(body.int32(), body.bytes(body.left).slice());
      return null;
    }
    return startupPacket(body, code);
  }
  return null;
}

function startupPacket(body: BodyReader, code: number): Startup {
  const major = code >>> 16;
  const wanted = code & 0xffff;
  const minor = wanted >= MINOR_MAX ? MINOR_MAX : 0;
  if (major !== 3) {
    throw fatal('0A000', `unsupported frontend protocol ${major}.${wanted}: server supports 3.0 `
      + 'to 3.2');
  }
  const given = new Map<string, string>();
  while (body.left > 1) {
    const name = body.text();
    if (name === '') break;
    given.set(name, body.text());
  }
  const user = given.get('user') ?? '';
  if (user === '') throw fatal('28000', 'no PostgreSQL user name specified in startup packet');
  const settings: (readonly [string, string])[] = [];
  const unknownOptions: string[] = [];
  for (const [name, value] of given) {
    if (name.startsWith('_pq_.')) unknownOptions.push(name);
    else if (name === 'options') settings.push(...optionSettings(value));
    else if (name === 'client_encoding') settings.push([name, value.replaceAll("'", '')]);
    else if (!['user', 'database', 'replication'].includes(name)) settings.push([name, value]);
  }
  const database = given.get('database') ?? '';
  return {
    user, database: database === '' ? user : database, minor, settings, unknownOptions,
    negotiate: wanted !== minor || unknownOptions.length > 0,
  };
}

/** `-c a=b --c-d=e`, with `\ ` for a space inside a word. */
function optionSettings(text: string): (readonly [string, string])[] {
  const words = text.match(/(?:\\.|[^\s\\])+/g) ?? [];
  const plain = words.map((word) => word.replaceAll(/\\(.)/g, '$1'));
  const settings: (readonly [string, string])[] = [];
  for (let at = 0; at < plain.length; at++) {
    const word = must(plain[at], 'option');
    const pair = word === '-c' ? plain[++at] ?? ''
      : word.startsWith('-c') ? word.slice(2)
      : word.startsWith('--') ? word.slice(2).replaceAll('-', '_') : null;
    const cut = pair === null ? -1 : pair.indexOf('=');
    if (pair === null || cut < 0) {
      throw fatal('42601', `invalid command-line argument for server process: ${word}`);
    }
    settings.push([pair.slice(0, cut), pair.slice(cut + 1)]);
  }
  return settings;
}
