/**
 * The clients of a server: their numbers, cancel keys and limits.
 *
 * A cancel request must name both the pid and the key; it never says whether they were right.
 */
import type { Entropy } from '../runtime/storage/interfaces.ts';
import { sameBytes } from '../runtime/scram-verifier.ts';
import { fatal } from './protocol/reader.ts';

/** Most connections at a time. */
export const CONNECTIONS_MAX = 100;
/** Connections beyond that, for superusers: somebody must be able to look what is wrong. */
export const RESERVED_CONNECTIONS = 3;

interface Client {
  readonly key: Uint8Array;
  readonly cancel: () => void;
  readonly terminate: () => void;
}

/** Who is connected. */
export class ClientRegistry {
  readonly #clients = new Map<number, Client>();
  readonly #entropy: Entropy;
  readonly #most: number;
  #nextPid = 1000;

  constructor(entropy: Entropy, most: number = CONNECTIONS_MAX) {
    this.#entropy = entropy;
    this.#most = most;
  }

  /** Nobody but a superuser gets in. */
  get full(): boolean { return this.#clients.size >= this.#most; }

  /** Gives a new client its pid and cancel key; 53300 when there are too many. */
  admit(
    keyBytes: number, superuser: boolean,
    { cancel, terminate }: Pick<Client, 'cancel' | 'terminate'>,
  ): { readonly pid: number; readonly key: Uint8Array } {
    const most = this.#most + (superuser ? RESERVED_CONNECTIONS : 0);
    if (this.#clients.size >= most) throw fatal('53300', 'sorry, too many clients already');
    const pid = ++this.#nextPid;
    const key = this.#entropy.bytes(keyBytes);
    this.#clients.set(pid, { key, cancel, terminate });
    return { pid, key };
  }

  remove(pid: number): void {
    this.#clients.delete(pid);
  }

  /** Carries out a cancel request, if it is genuine. */
  cancel(pid: number, key: Uint8Array): void {
    const client = this.#clients.get(pid);
    if (client !== undefined && sameBytes(client.key, key)) client.cancel();
  }

  /** Ends all connections. */
  terminateAll(): void {
    for (const client of this.#clients.values()) client.terminate();
  }
}
