/**
 * HTTP authentication: Basic, against the same roles and passwords as SQL.
 */
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { SqlError, sqlError } from '../../common/errors.ts';
import type { Engine } from '../../runtime/session-api.ts';
import { hmac, parseVerifier, sameBytes } from '../../runtime/scram-verifier.ts';
import { needsPassword } from '../protocol/authenticate.ts';
import type { AuthMode } from '../protocol/authenticate.ts';

const derive = promisify(pbkdf2);
const ENCODER = new TextEncoder();

/** Who asks. */
export interface Caller {
  readonly user: string;
  readonly address: string;
}

/** True when a password belongs to a verifier; off the main thread. */
export async function checkPassword(password: string, verifier: string): Promise<boolean> {
  const parts = parseVerifier(verifier);
  if (parts === null) return false;
  const prepared = password.normalize('NFKC').replaceAll(/\p{Zs}/gu, ' ');
  const salted = await derive(prepared, parts.salt, parts.iterations, 32, 'sha256');
  return sameBytes(hmac(new Uint8Array(salted), ENCODER.encode('Server Key')), parts.serverKey);
}

/** Finds out who asks; 28P01 when a password is needed and there is no right one. */
export async function callerOf(
  engine: Engine, mode: AuthMode,
  request: { readonly authorization: string | undefined; readonly address: string },
): Promise<Caller> {
  const { authorization, address } = request;
  const given = basic(authorization);
  if (!needsPassword(mode, address)) return { user: given?.user ?? 'tidemill', address };
  if (given === null) throw sqlError('28P01', 'a user name and a password are needed');
  const { verifier } = await engine.login(given.user);
  // A name without a password takes as long as one with another password.
  const right = await checkPassword(given.password, verifier ?? NOBODY);
  if (right && verifier !== null) return { user: given.user, address };
  const error = sqlError('28P01', `password authentication failed for user "${given.user}"`);
  await engine.refused(given.user, address, error.message);
  throw error;
}

const ZEROS = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const NOBODY = `SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$${ZEROS}:${ZEROS}`;

function basic(
  header: string | undefined,
): { readonly user: string; readonly password: string } | null {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const cut = text.indexOf(':');
  return cut < 0 ? null : { user: text.slice(0, cut), password: text.slice(cut + 1) };
}

/** True for errors that a log-in would cure. */
export function isLoginError(error: unknown): boolean {
  return error instanceof SqlError && error.sqlState.startsWith('28');
}
