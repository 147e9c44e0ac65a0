/**
 * A connection to a PostgreSQL server over TCP or TLS, with its own small client.
 *
 * One thing runs at a time: a query, or a stream. Streams are read ahead up to READ_AHEAD bytes,
 * then the socket waits. Any failure ends the connection; who uses it opens another.
 */
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { SqlError, sqlError } from '../../../common/errors.ts';
import type {
  PgBlock, PgConfig, PgLink, PgLinks, PgResult, PgStream,
} from '../../connectors/postgres/pg-link.ts';
import {
  dataRow, errorFields, FrameCutter, int16, int32, message, zeroed,
} from './pg-frames.ts';
import type { Frames } from './pg-frames.ts';
import { PgLogin } from './pg-login.ts';

const CONNECT_MS = 10_000;
const READ_AHEAD = 16 << 20;
const PROTOCOL = 196_608;
const TLS_REQUEST = 80_877_103;
const SETTINGS = '-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres '
  + '-c extra_float_digits=3 -c client_encoding=UTF8 -c search_path=';
/** Errors of a server that asks to come back later. */
const PASSING: ReadonlySet<string> = new Set([
  '53300', '55006', '57P01', '57P02', '57P03', '58000',
]);

const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const COPY_OUT = 0x48;
const COPY_BOTH = 0x57;
const COMPLETE = 0x43;
const DATA_ROW = 0x44;
const ERROR = 0x45;
const READY = 0x5a;
const LOGIN = 0x52;

/** PostgreSQL servers on the network. */
export const pgSockets: PgLinks = {
  async open(config: PgConfig, mode: 'plain' | 'replication'): Promise<PgLink> {
    const link = new SocketLink(await dial(config));
    try {
      await link.logIn(config, mode);
      return link;
    } catch (error) {
      link.close();
      throw error;
    }
  },
};

async function dial(config: PgConfig): Promise<Socket> {
  const { host, port, tls } = config;
  const plain = await dialPlain(config);
  if (tls === 'disable' || host.startsWith('/')) return plain;
  const answer = await new Promise<Buffer>((resolve, reject) => {
    plain.once('data', resolve).once('error', reject)
      .once('close', () => reject(new Error('closed while asking for TLS')));
    plain.write(Buffer.concat([int32(8), int32(TLS_REQUEST)]));
  }).catch((error: unknown) => { throw unreachable(config, error); });
  plain.removeAllListeners();
  if (answer[0] === 0x53) {
    return await dialled(config, connectTls({
      socket: plain, servername: /^[\d.:]+$/.test(host) ? '' : host,
      rejectUnauthorized: tls === 'verify-full',
      ...config.ca === null ? {} : { ca: config.ca },
    }), 'secureConnect');
  }
  if (tls === 'prefer') return plain;
  plain.destroy();
  throw sqlError('08001', `PostgreSQL at ${host}:${port} does not support TLS`);
}

function dialPlain(config: PgConfig): Promise<Socket> {
  const { host, port } = config;
  return dialled(config, host.startsWith('/') ? connectTcp(`${host}/.s.PGSQL.${port}`)
    : connectTcp({ host, port, noDelay: true }), 'connect');
}

async function dialled(config: PgConfig, socket: Socket, event: string): Promise<Socket> {
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer')), CONNECT_MS);
      socket.once(event, () => resolve()).once('error', reject)
        .once('close', () => reject(new Error('connection closed')));
      socket.once(event, () => clearTimeout(timer)).once('error', () => clearTimeout(timer));
    });
    socket.removeAllListeners();
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw unreachable(config, error);
  }
}

function unreachable({ host, port }: PgConfig, error: unknown): SqlError {
  const reason = error instanceof Error ? error.message : String(error);
  return sqlError('08001', `could not connect to PostgreSQL at ${host}:${port}: ${reason}`);
}

function lost(reason: string): SqlError {
  return sqlError('08006', `connection to PostgreSQL was lost: ${reason}`);
}

function serverError(content: Buffer): SqlError {
  const fields = errorFields(content);
  const state = fields.get('C') ?? 'XX000';
  const text = `PostgreSQL: ${fields.get('M') ?? 'unknown error'}`;
  return sqlError(PASSING.has(state) ? '08006' : state, text, {
    detail: fields.get('D'), hint: fields.get('H'),
  });
}

interface Running {
  readonly rows: (string | null)[][];
  count: number;
  error: SqlError | null;
  readonly resolve: (result: PgResult) => void;
  readonly reject: (error: Error) => void;
  /** Set when the answer is a stream. */
  readonly streaming: ((stream: PgStream) => void) | null;
}

class SocketLink implements PgLink {
  readonly #socket: Socket;
  readonly #cutter = new FrameCutter();
  #login: PgLogin | null = null;
  #running: Running | null = null;
  #stream: SocketStream | null = null;
  #failure: SqlError | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      const frames = this.#cutter.push(chunk);
      if (frames !== null) this.#take(frames);
    });
    socket.on('error', (error) => this.#fail(lost(error.message)));
    socket.on('close', () => this.#fail(lost('the server closed it')));
  }

  async logIn(config: PgConfig, mode: 'plain' | 'replication'): Promise<void> {
    this.#login = new PgLogin(config.user, config.password);
    const settings = [
      'user', config.user, 'database', config.database, 'application_name', 'tidemill',
      'options', SETTINGS, ...mode === 'replication' ? ['replication', 'database'] : [],
    ];
    await this.#start(message('', int32(PROTOCOL), ...settings.map(zeroed), Buffer.from([0])));
    this.#login = null;
  }

  #start(
    bytes: Buffer, streaming: Running['streaming'] = null,
  ): Promise<PgResult> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      if (this.#running !== null) return reject(new Error('connection is in use'));
      this.#running = { rows: [], count: 0, error: null, resolve, reject, streaming };
      this.#socket.write(bytes);
    });
  }

  query(sql: string): Promise<PgResult> {
    return this.#start(message('Q', zeroed(sql)));
  }

  run(sql: string, parameters: readonly (string | null)[]): Promise<PgResult> {
    const values = parameters.flatMap((value) => {
      if (value === null) return [int32(-1)];
      const bytes = Buffer.from(value, 'utf8');
      return [int32(bytes.length), bytes];
    });
    const none = zeroed('');
    return this.#start(Buffer.concat([
      message('P', none, zeroed(sql), int16(0)),
      message('B', none, none, int16(0), int16(parameters.length), ...values, int16(0)),
      message('E', none, int32(0)), message('S'),
    ]));
  }

  stream(sql: string): Promise<PgStream> {
    return new Promise((resolve, reject) => {
      this.#start(message('Q', zeroed(sql)), resolve)
        .then(() => reject(lost('no stream began')), reject);
    });
  }

  #take(frames: Frames): void {
    const { types } = frames;
    let from = 0;
    while (from < types.length) {
      if (types[from] === COPY_DATA && this.#stream !== null) {
        let to = from + 1;
        while (to < types.length && types[to] === COPY_DATA) to++;
        this.#stream.push({
          bytes: frames.bytes, starts: frames.starts.slice(from, to),
          ends: frames.ends.slice(from, to),
        });
        from = to;
        continue;
      }
      this.#control(types[from] ?? 0,
        frames.bytes.subarray(frames.starts[from], frames.ends[from]));
      from++;
    }
  }

  #control(type: number, content: Buffer): void {
    const running = this.#running;
    switch (type) {
      case LOGIN: this.#answer(content); return;
      case ERROR: {
        const error = serverError(content);
        this.#stream?.fail(error);
        if (running === null) this.#fail(error);
        else running.error ??= error;
        // A login that is refused is not followed by ReadyForQuery.
        if (this.#login !== null) this.#fail(error);
        return;
      }
      case DATA_ROW: running?.rows.push(dataRow(content)); return;
      case COMPLETE: {
        const count = / (\d+)\0?$/.exec(content.toString('latin1'))?.[1];
        if (running !== null && count !== undefined) running.count = Number(count);
        return;
      }
      case COPY_OUT: case COPY_BOTH:
        this.#stream = new SocketStream(this.#socket);
        running?.streaming?.(this.#stream);
        return;
      case COPY_DONE: this.#stream?.end(); return;
      case READY: this.#ready(); return;
      default:
    }
  }

  #answer(content: Buffer): void {
    try {
      const answer = this.#login?.answer(content) ?? null;
      if (answer !== null) this.#socket.write(answer);
    } catch (error) {
      this.#fail(error instanceof SqlError ? error : lost(String(error)));
    }
  }

  #ready(): void {
    const running = this.#running;
    this.#running = null;
    this.#stream?.end();
    this.#stream = null;
    if (running === null) return;
    if (running.error !== null) running.reject(running.error);
    else running.resolve({ rows: running.rows, count: running.count });
  }

  #fail(error: SqlError): void {
    this.#failure ??= error;
    this.#stream?.fail(this.#failure);
    this.#stream = null;
    const running = this.#running;
    this.#running = null;
    running?.reject(running.error ?? this.#failure);
    this.#socket.destroy();
  }

  close(): void {
    this.#failure ??= lost('it was closed');
    if (this.#socket.writable) this.#socket.end(message('X'));
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }
}

class SocketStream implements PgStream {
  readonly #socket: Socket;
  #blocks: PgBlock[] = [];
  #bytes = 0;
  #ended = false;
  #error: SqlError | null = null;
  #wake: (() => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get ended(): boolean { return this.#ended && this.#blocks.length === 0; }

  push(block: PgBlock): void {
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
    if (this.#bytes > READ_AHEAD) this.#socket.pause();
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: SqlError): void {
    this.#error ??= error;
    this.end();
  }

  take(): PgBlock | null {
    const block = this.#blocks.shift();
    if (block === undefined) {
      if (this.#error !== null) throw this.#error;
      return null;
    }
    this.#bytes -= block.bytes.length;
    if (this.#bytes <= READ_AHEAD && this.#socket.isPaused()) this.#socket.resume();
    return block;
  }

  async read(waitMs: number): Promise<PgBlock | null> {
    const ready = this.take();
    if (ready !== null || this.#ended) return ready;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
    return this.take();
  }

  send(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#socket.write(message('d', bytes));
  }
}
