/**
 * Logging in to a PostgreSQL server: clear text, MD5 and SCRAM-SHA-256 (RFC 5802, 7677).
 *
 * The server's proof is checked: one that does not know the password is refused.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { sqlError } from '../../../common/errors.ts';
import type { SqlError } from '../../../common/errors.ts';
import { int32, message, zeroed } from './pg-frames.ts';

const OK = 0;
const CLEAR_TEXT = 3;
const MD5 = 5;
const SASL = 10;
const SASL_CONTINUE = 11;
const SASL_FINAL = 12;
const MECHANISM = 'SCRAM-SHA-256';
const KEY_BYTES = 32;
const NONCE_BYTES = 18;

/** Answers the server's requests until it is satisfied. */
export class PgLogin {
  readonly #user: string;
  readonly #password: string | null;
  readonly #nonce = randomBytes(NONCE_BYTES).toString('base64');
  #serverProof: Buffer | null = null;

  constructor(user: string, password: string | null) {
    this.#user = user;
    this.#password = password;
  }

  /** The answer to an Authentication message; null: none is wanted. */
  answer(content: Buffer): Buffer | null {
    const kind = content.readInt32BE(0);
    const rest = content.subarray(4);
    switch (kind) {
      case OK: return null;
      case CLEAR_TEXT: return message('p', zeroed(this.#secret()));
      case MD5: return message('p', zeroed(md5(this.#user, this.#secret(), rest)));
      case SASL: return this.#begin(rest);
      case SASL_CONTINUE: return this.#proof(rest.toString('utf8'));
      case SASL_FINAL: return this.#verify(rest.toString('utf8'));
      default: throw sqlError('28000', `PostgreSQL asks for an unknown way to log in (${kind})`);
    }
  }

  #secret(): string {
    if (this.#password !== null) return this.#password;
    throw sqlError('28P01', 'PostgreSQL asks for a password, and none was given');
  }

  #begin(mechanisms: Buffer): Buffer {
    if (!mechanisms.toString('latin1').split('\0').includes(MECHANISM)) {
      throw sqlError('28000', `PostgreSQL does not offer ${MECHANISM}`);
    }
    const first = Buffer.from(`n,,n=,r=${this.#nonce}`, 'utf8');
    return message('p', zeroed(MECHANISM), int32(first.length), first);
  }

  #proof(challenge: string): Buffer {
    const parts = new Map(challenge.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
    const nonce = parts.get('r') ?? '';
    if (!nonce.startsWith(this.#nonce)) throw distrusted();
    const salted = pbkdf2Sync(this.#secret().normalize('NFKC'),
      Buffer.from(parts.get('s') ?? '', 'base64'), Number(parts.get('i')), KEY_BYTES, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const unproved = `c=biws,r=${nonce}`;
    const signed = `n=,r=${this.#nonce},${challenge},${unproved}`;
    const signature = hmac(createHash('sha256').update(clientKey).digest(), signed);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
    this.#serverProof = hmac(hmac(salted, 'Server Key'), signed);
    return message('p', Buffer.from(`${unproved},p=${proof.toString('base64')}`, 'utf8'));
  }

  #verify(final: string): null {
    const given = Buffer.from(/^v=([^,]+)/.exec(final)?.[1] ?? '', 'base64');
    const wanted = this.#serverProof;
    if (wanted === null || given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw distrusted();
    }
    return null;
  }
}

function md5(user: string, password: string, salt: Buffer): string {
  const hash = (...parts: readonly (string | Buffer)[]): string => {
    const digest = createHash('md5');
    for (const part of parts) digest.update(part);
    return digest.digest('hex');
  };
  return `md5${hash(hash(password, user), salt)}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function distrusted(): SqlError {
  return sqlError('28000', 'the PostgreSQL server does not know the password');
}
