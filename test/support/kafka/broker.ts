/**
 * A Kafka broker for tests, in process: one node, real sockets, the requests that clients send.
 *
 * Non-flexible versions only. `fault` is asked before each answer; transactions have control
 * batches, producers sequences and epochs. It keeps everything in memory.
 */
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { AddressInfo, Server, Socket } from 'node:net';
import { Login } from './login.ts';
import { TestPartition } from './partition.ts';
import { WireReader, WireWriter } from './wire.ts';

/** What happens to a request instead of an answer: nothing, late, or with a closed connection. */
export type Fault = 'drop' | 'close' | { readonly delayMs: number } | null;

/** How a broker is started. */
export interface BrokerOptions {
  readonly port?: number;
  /** Certificate and key, as PEM: TLS then. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Users with their passwords: PLAIN or SCRAM is asked for then. */
  readonly users?: Readonly<Record<string, string>>;
}

/** Version range that is answered, by API number. */
const VERSIONS: Readonly<Record<number, readonly [number, number]>> = {
  0: [3, 7], 1: [4, 11], 2: [1, 3], 3: [4, 6], 8: [2, 5], 10: [1, 2], 17: [1, 1], 18: [0, 2],
  22: [0, 1], 24: [0, 1], 26: [0, 1], 36: [0, 1],
};
/** Names of APIs, for fault hooks. */
export const API = {
  produce: 0, fetch: 1, listOffsets: 2, metadata: 3, offsetCommit: 8, findCoordinator: 10,
  initProducerId: 22, addPartitionsToTxn: 24, endTxn: 26,
} as const;

const NODE = 1;

interface TransactionalId {
  producerId: bigint;
  epoch: number;
  partitions: TestPartition[];
}

interface Request {
  readonly api: number;
  readonly version: number;
  readonly correlation: number;
  readonly body: WireReader;
}

/** The broker. */
export class TestBroker {
  readonly topics: Map<string, TestPartition[]> = new Map();
  /** Offsets committed by groups: group/topic/partition. */
  readonly committed: Map<string, bigint> = new Map();
  fault: (api: number) => Fault = () => null;
  /** Error code for a partition in a fetch, 0 for none (6: not the leader). */
  fetchError: (topic: string, partition: number) => number = () => 0;
  readonly requests: Map<number, number> = new Map();
  readonly #users: Readonly<Record<string, string>> | null;
  readonly #sockets = new Set<Socket>();
  readonly #transactional = new Map<string, TransactionalId>();
  readonly #loggedIn = new WeakSet<Socket>();
  readonly #logins = new WeakMap<Socket, Login>();
  readonly #tls: BrokerOptions['tls'];
  #nextProducer = 1000n;
  #server: Server | null = null;
  port = 0;
  #arrival: (() => void)[] = [];

  private constructor(options: BrokerOptions) {
    this.#users = options.users ?? null;
    this.#tls = options.tls;
    this.port = options.port ?? 0;
  }

  /** Starts one; port 0 takes a free one. */
  static async start(options: BrokerOptions = {}): Promise<TestBroker> {
    const broker = new TestBroker(options);
    await broker.listen();
    return broker;
  }

  get address(): string { return `127.0.0.1:${this.port}`; }

  async listen(): Promise<void> {
    const server: Server = this.#tls === undefined
      ? createServer((socket) => this.#serve(socket))
      : createTlsServer(this.#tls, (socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (server.address() as AddressInfo).port;
  }

  /** Ends all connections; `listen` starts again with the same topics. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => { this.#server?.close(resolve); });
  }

  createTopic(name: string, partitions: number): TestPartition[] {
    const made = this.topics.get(name) ?? [];
    while (made.length < partitions) made.push(new TestPartition());
    this.topics.set(name, made);
    return made;
  }

  partition(topic: string, partition: number): TestPartition {
    const found = this.topics.get(topic)?.[partition];
    if (found === undefined) throw new Error(`no partition ${partition} of ${topic}`);
    return found;
  }

  /** Tells long polls that something has come; after changes made from outside. */
  wake(): void {
    for (const resolve of this.#arrival.splice(0)) resolve();
  }

  // --------------------------------------------------------------------------------- requests

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    let pending = Buffer.alloc(0);
    let turn: Promise<void> = Promise.resolve();
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const end = 4 + pending.readInt32BE(0);
        const body = new WireReader(Buffer.from(pending.subarray(4, end)));
        pending = pending.subarray(end);
        const request = { api: body.i16(), version: body.i16(), correlation: body.i32(), body };
        body.text();
        turn = turn.then(() => this.#handle(socket, request)).catch(() => { socket.destroy(); });
      }
    });
  }

  async #handle(socket: Socket, request: Request): Promise<void> {
    const { api } = request;
    this.requests.set(api, (this.requests.get(api) ?? 0) + 1);
    const fault = this.fault(api);
    if (fault === 'drop') return;
    if (fault === 'close') {
      socket.destroy();
      return;
    }
    if (fault !== null) await new Promise((resolve) => { setTimeout(resolve, fault.delayMs); });
    if (this.#users !== null && ![17, 18, 36].includes(api) && !this.#loggedIn.has(socket)) {
      socket.destroy();
      return;
    }
    const answer = await this.#answer(socket, request);
    const head = Buffer.alloc(8);
    head.writeInt32BE(answer.length + 4, 0);
    head.writeInt32BE(request.correlation, 4);
    socket.write(Buffer.concat([head, answer]));
  }

  async #answer(socket: Socket, request: Request): Promise<Buffer> {
    switch (request.api) {
      case 0: return this.#produce(request);
      case 1: return await this.#fetch(request);
      case 2: return this.#listOffsets(request);
      case 3: return this.#metadata(request);
      case 8: return this.#offsetCommit(request);
      case 10: return new WireWriter().i32(0).i16(0).text(null).i32(NODE).text('127.0.0.1')
        .i32(this.port).finish();
      case 17: {
        this.#logins.set(socket, new Login(request.body.text() ?? '', this.#users ?? {}));
        const known = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
        const out = new WireWriter().i16(0);
        return out.list(known, (name) => out.text(name)).finish();
      }
      case 18: return apiVersions(request.version);
      case 22: return this.#initProducer(request);
      case 24: return this.#addPartitions(request);
      case 26: return this.#endTransaction(request);
      case 36: return this.#authenticate(socket, request);
      default: throw new Error(`API ${request.api} is not known here`);
    }
  }

  #authenticate(socket: Socket, { body, version }: Request): Buffer {
    const login = this.#logins.get(socket) ?? new Login('PLAIN', this.#users ?? {});
    const { answer, done, refused } = login.step(body.bytes().toString('utf8'));
    if (done) this.#loggedIn.add(socket);
    const out = new WireWriter().i16(refused === null ? 0 : 58).text(refused)
      .bytes(Buffer.from(answer));
    return (version >= 1 ? out.i64(0n) : out).finish();
  }

  #metadata({ body, version }: Request): Buffer {
    const names = body.list(() => body.text() ?? '');
    const out = new WireWriter().i32(0);
    out.list([NODE], (node) => out.i32(node).text('127.0.0.1').i32(this.port).text(null));
    out.text('test').i32(NODE);
    const asked = names.length > 0 ? names : [...this.topics.keys()];
    return out.list(asked, (name) => {
      const partitions = this.topics.get(name);
      out.i16(partitions === undefined ? 3 : 0).text(name).i8(0);
      out.list([...partitions?.keys() ?? []], (at) => {
        out.i16(0).i32(at).i32(NODE).list([NODE], (n) => out.i32(n))
          .list([NODE], (n) => out.i32(n));
        if (version >= 5) out.list([], () => undefined);
      });
    }).finish();
  }

  #listOffsets({ body, version }: Request): Buffer {
    body.i32();
    const committed = version >= 2 && body.i8() === 1;
    const out = new WireWriter();
    if (version >= 2) out.i32(0);
    const topics = body.list(() => ({
      name: body.text() ?? '',
      partitions: body.list(() => ({ partition: body.i32(), time: body.i64() })),
    }));
    return out.list(topics, ({ name, partitions }) => {
      out.text(name).list(partitions, ({ partition, time }) => {
        const found = this.topics.get(name)?.[partition];
        const offset = found === undefined ? -1n : time === -2n ? found.logStart
          : time === -1n ? (committed ? found.lastStable : found.next)
          : found.offsetAt(Number(time));
        out.i32(partition).i16(found === undefined ? 3 : 0).i64(-1n).i64(offset);
      });
    }).finish();
  }

  #produce({ body }: Request): Buffer {
    const transactionalId = body.text();
    body.i16();
    body.i32();
    const topics = body.list(() => ({
      name: body.text() ?? '',
      partitions: body.list(() => ({ partition: body.i32(), records: body.bytes() })),
    }));
    const out = new WireWriter();
    out.list(topics, ({ name, partitions }) => {
      out.text(name).list(partitions, ({ partition, records }) => {
        const fenced = transactionalId !== null && this.#isFenced(transactionalId, records);
        const found = this.topics.get(name)?.[partition];
        const { error, base } = found === undefined ? { error: 3, base: -1n }
          : fenced ? { error: 47, base: -1n } : found.produce(records);
        out.i32(partition).i16(error).i64(base).i64(-1n).i64(found?.logStart ?? 0n);
      });
    });
    this.wake();
    return out.i32(0).finish();
  }

  #isFenced(transactionalId: string, records: Buffer): boolean {
    const known = this.#transactional.get(transactionalId);
    return known === undefined || records.readInt16BE(51) !== known.epoch;
  }

  async #fetch({ body, version }: Request): Promise<Buffer> {
    body.i32();
    const maxWait = body.i32();
    const minBytes = body.i32();
    body.i32();
    const committed = body.i8() === 1;
    if (version >= 7) {
      body.i32();
      body.i32();
    }
    const wanted = body.list(() => ({
      name: body.text() ?? '',
      partitions: body.list(() => {
        const partition = body.i32();
        if (version >= 9) body.i32();
        const offset = body.i64();
        if (version >= 5) body.i64();
        return { partition, offset, maxBytes: body.i32() };
      }),
    }));
    const until = Date.now() + maxWait;
    for (;;) {
      const [answer, bytes] = this.#fetched(wanted, version, committed);
      if (bytes >= minBytes || Date.now() >= until) return answer;
      await new Promise<void>((resolve) => {
        this.#arrival.push(resolve);
        setTimeout(resolve, Math.max(1, until - Date.now()));
      });
    }
  }

  #fetched(
    wanted: readonly { readonly name: string; readonly partitions: readonly {
      readonly partition: number; readonly offset: bigint; readonly maxBytes: number }[] }[],
    version: number, committed: boolean,
  ): readonly [Buffer, number] {
    const out = new WireWriter().i32(0);
    if (version >= 7) out.i16(0).i32(0);
    let total = 0;
    out.list(wanted, ({ name, partitions }) => {
      out.text(name).list(partitions, ({ partition, offset, maxBytes }) => {
        const found = this.topics.get(name)?.[partition];
        const outside = found !== undefined && (offset < found.logStart || offset > found.next);
        const error = found === undefined ? 3 : outside ? 1 : this.fetchError(name, partition);
        const good = found !== undefined && error === 0;
        const records = good ? found.read(offset, maxBytes, committed) : Buffer.alloc(0);
        total += records.length + (error === 0 ? 0 : 1);
        out.i32(partition).i16(error).i64(good ? found.next : -1n)
          .i64(good ? found.lastStable : -1n);
        if (version >= 5) out.i64(good ? found.logStart : -1n);
        const aborted = !good || !committed ? []
          : found.aborted.filter(({ lastOffset }) => lastOffset >= offset);
        out.list(aborted, (each) => out.i64(each.producerId).i64(each.firstOffset));
        if (version >= 11) out.i32(-1);
        out.bytes(records);
      });
    });
    return [out.finish(), total];
  }

  #offsetCommit({ body }: Request): Buffer {
    const group = body.text() ?? '';
    body.i32();
    body.text();
    const topics = body.list(() => ({
      name: body.text() ?? '',
      partitions: body.list(() => {
        const partition = body.i32();
        const offset = body.i64();
        body.text();
        return { partition, offset };
      }),
    }));
    const out = new WireWriter().i32(0);
    return out.list(topics, ({ name, partitions }) => {
      out.text(name).list(partitions, ({ partition, offset }) => {
        this.committed.set(`${group}/${name}/${partition}`, offset);
        out.i32(partition).i16(0);
      });
    }).finish();
  }

  // ----------------------------------------------------------------------------- transactions

  #initProducer({ body }: Request): Buffer {
    const id = body.text();
    if (id === null) {
      return new WireWriter().i32(0).i16(0).i64(this.#nextProducer++).i16(0).finish();
    }
    const known = this.#transactional.get(id)
      ?? { producerId: this.#nextProducer++, epoch: -1, partitions: [] };
    for (const partition of known.partitions) partition.endTransaction(known.producerId, false);
    known.partitions = [];
    known.epoch++;
    this.#transactional.set(id, known);
    return new WireWriter().i32(0).i16(0).i64(known.producerId).i16(known.epoch).finish();
  }

  #addPartitions({ body }: Request): Buffer {
    const known = this.#transactional.get(body.text() ?? '');
    body.i64();
    const epoch = body.i16();
    const error = known === undefined || known.epoch !== epoch ? 47 : 0;
    const topics = body.list(() => ({
      name: body.text() ?? '', partitions: body.list(() => body.i32()),
    }));
    const out = new WireWriter().i32(0);
    return out.list(topics, ({ name, partitions }) => {
      out.text(name).list(partitions, (at) => {
        if (error === 0) known?.partitions.push(this.partition(name, at));
        out.i32(at).i16(error);
      });
    }).finish();
  }

  #endTransaction({ body }: Request): Buffer {
    const known = this.#transactional.get(body.text() ?? '');
    body.i64();
    const epoch = body.i16();
    const commit = body.i8() === 1;
    if (known === undefined || known.epoch !== epoch) {
      return new WireWriter().i32(0).i16(47).finish();
    }
    for (const partition of known.partitions) partition.endTransaction(known.producerId, commit);
    known.partitions = [];
    this.wake();
    return new WireWriter().i32(0).i16(0).finish();
  }
}

function apiVersions(version: number): Buffer {
  const out = new WireWriter().i16(0);
  out.list(Object.entries(VERSIONS), ([api, [least, most]]) =>
    out.i16(Number(api)).i16(least).i16(most));
  return (version >= 1 ? out.i32(0) : out).finish();
}
