/**
 * How clients log in at the test broker: PLAIN and SCRAM (RFC 5802), one conversation a connection.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** What the broker answers; `done` when the user is in, an error message when refused. */
export interface LoginAnswer {
  readonly answer: string;
  readonly done: boolean;
  readonly refused: string | null;
}

const REFUSED: LoginAnswer = {
  answer: '', done: false, refused: 'Authentication failed: Invalid username or password',
};
const ITERATIONS = 4096;

interface FirstMessage {
  readonly bare: string;
  readonly reply: string;
  readonly password: string;
  readonly salt: Buffer;
}

/** One login. */
export class Login {
  readonly #mechanism: string;
  readonly #users: Readonly<Record<string, string>>;
  #first: FirstMessage | null = null;

  constructor(mechanism: string, users: Readonly<Record<string, string>>) {
    this.#mechanism = mechanism;
    this.#users = users;
  }

  /** Takes a message of the client. */
  step(message: string): LoginAnswer {
    if (this.#mechanism === 'PLAIN') {
      const [, user = '', password = ''] = message.split('\0');
      return this.#users[user] === password ? { answer: '', done: true, refused: null } : REFUSED;
    }
    return this.#first === null ? this.#begin(message) : this.#prove(message, this.#first);
  }

  #begin(message: string): LoginAnswer {
    const bare = message.replace(/^n,,/, '');
    const { n: user = '', r: nonce = '' } = fields(bare);
    const salt = randomBytes(16);
    const reply = `r=${nonce}${randomBytes(12).toString('hex')},s=${salt.toString('base64')},`
      + `i=${ITERATIONS}`;
    this.#first = { bare, reply, password: this.#users[user] ?? '', salt };
    return { answer: reply, done: false, refused: null };
  }

  #prove(message: string, first: FirstMessage): LoginAnswer {
    const { bare, reply, password, salt } = first;
    const hash = this.#mechanism === 'SCRAM-SHA-512' ? 'sha512' : 'sha256';
    const hmac = (key: Buffer, text: string): Buffer =>
      createHmac(hash, key).update(text).digest();
    const proof = fields(message)['p'] ?? '';
    const signed = `${bare},${reply},${message.slice(0, message.lastIndexOf(',p='))}`;
    const salted = pbkdf2Sync(password, salt, ITERATIONS, hash === 'sha512' ? 64 : 32, hash);
    const clientKey = hmac(salted, 'Client Key');
    const stored = createHash(hash).update(clientKey).digest();
    const signature = hmac(stored, signed);
    const expected = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
    if (password === '' || expected.toString('base64') !== proof) return REFUSED;
    const answer = `v=${hmac(hmac(salted, 'Server Key'), signed).toString('base64')}`;
    return { answer, done: true, refused: null };
  }
}

function fields(text: string): Record<string, string | undefined> {
  return Object.fromEntries(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}
