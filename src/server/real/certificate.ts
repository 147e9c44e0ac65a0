/**
 * The server's certificate: read from files, and hashed for channel binding.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';

/** A certificate with its key, ready for use. */
export interface Certificate {
  readonly context: SecureContext;
  /** The texts, for servers that make a context of their own. */
  readonly cert: string;
  readonly key: string;
  /** tls-server-end-point (RFC 5929). */
  readonly hash: Uint8Array;
}

/** DER of the signature algorithms whose hash is not SHA-256. */
const HASHES: readonly (readonly [string, string])[] = [
  ['06092a864886f70d01010c', 'sha384'], ['06092a864886f70d01010d', 'sha512'],
  ['06082a8648ce3d040303', 'sha384'], ['06082a8648ce3d040304', 'sha512'],
];

/** Reads certificate and key (PEM). Rejects what cannot be used, and names the file. */
export function readCertificate(certFile: string, keyFile: string): Certificate {
  const cert = read(certFile, '--tls-cert');
  const key = read(keyFile, '--tls-key');
  let context: SecureContext;
  let raw: Buffer;
  try {
    context = createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
    raw = new X509Certificate(cert).raw;
  } catch (error) {
    throw new Error(`${certFile} and ${keyFile} are no certificate with its key: `
      + (error instanceof Error ? error.message : String(error)), { cause: error });
  }
  const der = raw.toString('hex');
  const algorithm = HASHES.find(([oid]) => der.includes(oid))?.[1] ?? 'sha256';
  const hash = new Uint8Array(createHash(algorithm).update(raw).digest());
  return { context, cert, key, hash };
}

function read(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`cannot read ${file} (${flag}): `
      + (error instanceof Error ? error.message : String(error)), { cause: error });
  }
}
