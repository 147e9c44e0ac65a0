/**
 * Authentication: trust, or SCRAM-SHA-256 with or without channel binding (RFC 5802, RFC 5929).
 *
 * A name nobody has, or that has no password, goes through the same steps with a salt that stays
 * the same, so that the answer tells nothing about names.
 */
import { base64ToBytes, bytesToBase64 } from '../../common/base64.ts';
import { must } from '../../common/assert.ts';
import type { SqlError } from '../../common/errors.ts';
import {
  hmac, parseVerifier, proofHolds, SALT_BYTES, SCRAM_ITERATIONS, serverSignature,
} from '../../runtime/scram-verifier.ts';
import type { Verifier } from '../../runtime/scram-verifier.ts';
import { BodyReader, decodeText, fatal } from './reader.ts';
import type { MessageReader } from './reader.ts';
import type { MessageWriter } from './writer.ts';

const PLAIN = 'SCRAM-SHA-256';
const PLUS = 'SCRAM-SHA-256-PLUS';
const ENCODER = new TextEncoder();

/** A log-in to be checked. */
export interface LoginAttempt {
  readonly user: string;
  /** The stored verifier, or null: then nothing is right. */
  readonly verifier: string | null;
  /** Hash of the server's certificate under TLS, else null. */
  readonly channelBinding: Uint8Array | null;
  /** A secret of this server, for the salts of names nobody has. */
  readonly mockSecret: Uint8Array;
  readonly nonce: Uint8Array;
}

/** Who must show a password. */
export type AuthMode = 'auto' | 'trust' | 'password';

/** True for addresses of this machine. */
export function isLoopback(address: string): boolean {
  return address === '' || /^(::ffff:)?127\./.test(address) || address === '::1';
}

/** True when a client at the address must show a password. */
export function needsPassword(mode: AuthMode, address: string): boolean {
  return mode === 'password' || (mode === 'auto' && !isLoopback(address));
}

/** 28P01. */
export function passwordRefused(user: string): SqlError {
  return fatal('28P01', `password authentication failed for user "${user}"`);
}

/** Goes through SCRAM with the client; resolves when the password was right, else rejects. */
export async function authenticate(
  reader: MessageReader, writer: MessageWriter, attempt: LoginAttempt,
): Promise<void> {
  const { channelBinding } = attempt;
  writer.begin('R').int32(10);
  if (channelBinding !== null) writer.text(PLUS);
  writer.text(PLAIN).byte(0).end();
  await writer.flush();
  const first = new BodyReader(await passwordMessage(reader));
  const mechanism = first.text();
  if (mechanism !== PLAIN && (mechanism !== PLUS || channelBinding === null)) {
    throw fatal('08P01', 'client selected an invalid SASL authentication mechanism');
  }
  const hello = parseHello(decodeText(first.bytes(first.int32())), {
    plus: mechanism === PLUS, offered: channelBinding !== null,
  });
  const verifier = (attempt.verifier === null ? null : parseVerifier(attempt.verifier))
    ?? mockVerifier(attempt);
  const nonce = hello.nonce + bytesToBase64(attempt.nonce);
  const serverFirst = `r=${nonce},s=${bytesToBase64(verifier.salt)},i=${verifier.iterations}`;
  writer.begin('R').int32(11).raw(ENCODER.encode(serverFirst)).end();
  await writer.flush();
  const final = parseFinal(decodeText(await passwordMessage(reader)));
  if (final.nonce !== nonce) throw fatal('08P01', 'malformed SCRAM message');
  checkBinding(final.binding, hello.header, mechanism === PLUS ? channelBinding : null);
  const message = `${hello.bare},${serverFirst},${final.withoutProof}`;
  if (!proofHolds(verifier, message, final.proof) || attempt.verifier === null) {
    throw passwordRefused(attempt.user);
  }
  const signature = `v=${bytesToBase64(serverSignature(verifier, message))}`;
  writer.begin('R').int32(12).raw(ENCODER.encode(signature)).end();
}

async function passwordMessage(reader: MessageReader): Promise<Uint8Array> {
  const message = await reader.next();
  if (message?.type === 'p') return message.body.slice();
  throw fatal('08P01', message === null ? 'connection closed during authentication'
    : `expected SASL response, got message type ${message.type.charCodeAt(0)}`);
}

interface Hello {
  /** The gs2 header, which the client repeats under its proof. */
  readonly header: string;
  readonly bare: string;
  readonly nonce: string;
}

function parseHello(
  text: string, binding: { readonly plus: boolean; readonly offered: boolean },
): Hello {
  const match = /^((?:n|y|p=([^,]*)),(?:a=[^,]*)?,)((?:m=[^,]*,)?n=[^,]*,r=([!-+\x2d-~]+)(?:,.*)?)$/
    .exec(text);
  if (match === null) throw fatal('08P01', 'malformed SCRAM message');
  const header = match[1] ?? '';
  if (match[3]?.startsWith('m=') === true) {
    throw fatal('0A000', 'client requires an unsupported SCRAM extension');
  }
  if (binding.plus !== header.startsWith('p')) {
    throw fatal('08P01', 'malformed SCRAM message: channel binding does not fit the mechanism');
  }
  if (header.startsWith('y') && binding.offered) {
    throw fatal('28000', 'SCRAM channel binding negotiation error: the client supports channel '
      + 'binding but thinks the server does not');
  }
  if (binding.plus && match[2] !== 'tls-server-end-point') {
    throw fatal('08P01', `unsupported SCRAM channel-binding type "${match[2] ?? ''}"`);
  }
  return { header, bare: match[3] ?? '', nonce: match[4] ?? '' };
}

function parseFinal(text: string): {
  readonly binding: string; readonly nonce: string; readonly proof: Uint8Array;
  readonly withoutProof: string;
} {
  const match = /^(c=([^,]*),r=([^,]*)(?:,.*)?),p=([^,]*)$/.exec(text);
  const proof = base64ToBytes(match?.[4] ?? '-');
  if (match === null || proof === null) throw fatal('08P01', 'malformed SCRAM message');
  return {
    binding: match[2] ?? '', nonce: match[3] ?? '', proof, withoutProof: match[1] ?? '',
  };
}

function checkBinding(given: string, header: string, hash: Uint8Array | null): void {
  const head = ENCODER.encode(header);
  const expected = new Uint8Array(head.length + (hash?.length ?? 0));
  expected.set(head);
  if (hash !== null) expected.set(hash, head.length);
  if (given === bytesToBase64(expected)) return;
  throw fatal('28000', hash === null ? 'unexpected SCRAM channel-binding attribute'
    : 'SCRAM channel binding check failed');
}

/** What a name without a password is compared with: always wrong, always alike. */
function mockVerifier({ user, mockSecret }: LoginAttempt): Verifier {
  const derived = hmac(mockSecret, ENCODER.encode(user));
  const key = must(derived.slice(0, 32), 'key');
  return {
    iterations: SCRAM_ITERATIONS, salt: derived.slice(0, SALT_BYTES), storedKey: key,
    serverKey: key,
  };
}
