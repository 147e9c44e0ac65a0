/**
 * LISTEN and NOTIFY. Notifications are told after the commit of the transaction that sends them,
 * in order; equal ones of a transaction once.
 *
 * A channel that has the name of a relation tells also when the relation has changed: the payload
 * is the epoch, the sender's pid 0.
 */
import { sqlError } from '../../common/errors.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import type { Notification } from '../session-api.ts';

/** Longest payload, as in PostgreSQL. */
export const PAYLOAD_BYTES_MAX = 7999;

type Deliver = (notification: Notification) => void;

/** All channels of an engine. */
export class Channels {
  readonly #listeners = new Map<string, Set<Deliver>>();
  readonly #core: EngineCoreFace;
  #detach: (() => void) | null = null;

  constructor(core: EngineCoreFace) {
    this.#core = core;
  }

  add(channel: string, deliver: Deliver): void {
    const listeners = this.#listeners.get(channel);
    if (listeners === undefined) this.#listeners.set(channel, new Set([deliver]));
    else listeners.add(deliver);
    this.#detach ??= this.#core.onEpoch(({ epoch, deltas }) => {
      for (const id of deltas.keys()) {
        const name = this.#core.catalog.state.relation(id)?.name;
        if (name === undefined || !this.#listeners.has(name)) continue;
        this.send({ pid: 0, channel: name, payload: epoch.toString() });
      }
    });
  }

  remove(channel: string, deliver: Deliver): void {
    const listeners = this.#listeners.get(channel);
    listeners?.delete(deliver);
    if (listeners?.size === 0) this.#listeners.delete(channel);
    if (this.#listeners.size > 0) return;
    this.#detach?.();
    this.#detach = null;
  }

  send(notification: Notification): void {
    for (const deliver of this.#listeners.get(notification.channel) ?? []) deliver(notification);
  }
}

type Change = { readonly kind: 'listen' | 'unlisten'; readonly channel: string | null };

/** The channels of a session, and what its transaction is about to do. */
export class SessionChannels {
  readonly #channels: Channels;
  readonly #deliver: Deliver;
  readonly #listening = new Set<string>();
  #changes: Change[] = [];
  #sending: Notification[] = [];

  constructor(channels: Channels, deliver: Deliver) {
    this.#channels = channels;
    this.#deliver = deliver;
  }

  /** For pg_listening_channels(). */
  get names(): readonly string[] { return [...this.#listening]; }

  listen(channel: string): void {
    this.#changes.push({ kind: 'listen', channel });
  }

  /** null: all channels. */
  unlisten(channel: string | null): void {
    this.#changes.push({ kind: 'unlisten', channel });
  }

  notify(notification: Notification): void {
    const { channel, payload } = notification;
    if (channel === '') throw sqlError('22023', 'channel name cannot be empty');
    if (channel.length > 63) throw sqlError('22023', 'channel name too long');
    if (new TextEncoder().encode(payload).length > PAYLOAD_BYTES_MAX) {
      throw sqlError('22023', 'payload string too long');
    }
    const told = this.#sending.some((other) =>
      other.channel === channel && other.payload === payload);
    if (!told) this.#sending.push(notification);
  }

  /** The transaction has ended. */
  settle(committed: boolean): void {
    const [changes, sending] = [this.#changes, this.#sending];
    this.#changes = [];
    this.#sending = [];
    if (!committed) return;
    for (const { kind, channel } of changes) {
      if (kind === 'listen' && channel !== null) this.#begin(channel);
      else this.#stop(channel);
    }
    for (const notification of sending) this.#channels.send(notification);
  }

  #begin(channel: string): void {
    this.#listening.add(channel);
    this.#channels.add(channel, this.#deliver);
  }

  #stop(channel: string | null): void {
    for (const name of channel === null ? this.#listening : [channel]) {
      this.#listening.delete(name);
      this.#channels.remove(name, this.#deliver);
    }
  }

  close(): void {
    this.settle(false);
    this.#stop(null);
  }
}
