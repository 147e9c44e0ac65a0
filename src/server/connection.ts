/**
 * One client connection: startup, then messages, each answered in order.
 *
 * Translates between the wire and a SqlSession of the engine; decides nothing about SQL. After an
 * error in the extended protocol it skips to Sync. Any error that is not the client's ends only
 * this connection.
 */
import { must } from '../common/assert.ts';
import { SqlError, sqlError } from '../common/errors.ts';
import { typeByOid, typeOid } from '../common/types/registry.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Value } from '../common/values.ts';
import type { ResultColumn } from '../planner/plans.ts';
import type {
  Binding, Engine, ErrorMessage, Notification, SessionEvent, SqlSession, StatementDescription,
} from '../runtime/session-api.ts';
import type { Clock, Entropy } from '../runtime/storage/interfaces.ts';
import type { ClientRegistry } from './client-registry.ts';
import { authenticate, needsPassword } from './protocol/authenticate.ts';
import type { AuthMode } from './protocol/authenticate.ts';
import type { Conn } from './protocol/conn.ts';
import { decodeParameter } from './protocol/parameters.ts';
import { readBind } from './protocol/bind-message.ts';
import type { BindMessage } from './protocol/bind-message.ts';
import { BodyReader, MessageReader, fatal } from './protocol/reader.ts';
import type { FrontendMessage } from './protocol/reader.ts';
import { RowWriter, resultFormats, writeRowDescription } from './protocol/rows.ts';
import { errorFieldsOf, writeError, writeNotice } from './protocol/errors.ts';
import { readStartup } from './protocol/startup.ts';
import type { Startup } from './protocol/startup.ts';
import { MessageWriter } from './protocol/writer.ts';
import { SessionFormats } from './session-formats.ts';

/** Time a client has to introduce itself. */
const STARTUP_MICROS = 30_000_000n;

/** What a connection needs of its server. */
export interface ConnectionHost {
  readonly engine: Engine;
  readonly clients: ClientRegistry;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: (line: string) => void;
  readonly auth: { readonly mode: AuthMode; readonly mockSecret: Uint8Array };
  /** The client has logged in, or will not. */
  readonly started: () => void;
}

const TERMINATED: ErrorMessage = {
  sqlState: '57P01', message: 'terminating connection due to administrator command', fields: {},
};

interface PortalFormats {
  readonly requested: readonly number[];
  /** Of the statement it was bound from, if that was parsed here. */
  readonly description: StatementDescription | undefined;
}

/** A Bind the engine has not been told of yet; `described`: its columns are asked for. */
interface HeldBind {
  readonly portal: string;
  readonly bind: Binding;
  described: boolean;
}

/** Serves one connection to its end. */
export class Connection {
  readonly #host: ConnectionHost;
  readonly #conn: Conn;
  readonly #reader: MessageReader;
  readonly #writer: MessageWriter;
  readonly #formats = new SessionFormats();
  readonly #portals = new Map<string, PortalFormats>();
  #held: HeldBind | null = null;
  /** What statements of this connection's Parse messages take and give. */
  readonly #statements = new Map<string, StatementDescription>();
  #session: SqlSession | null = null;
  #skipToSync = false;
  /** The engine has done already what the next Sync asks for. */
  #synced = false;
  /**
   * Reads while a statement runs: CopyData of a COPY FROM STDIN, or the next message behind a
   * subscription. The main loop waits for it.
   */
  #pump: Promise<void> | null = null;
  #copyRuns = false;
  /** A message the pump read that was not its own. */
  #pushedBack: FrontendMessage | null = null;
  #pid = 0;
  readonly #notifications: Notification[] = [];
  /** Nothing runs and no transaction is open. */
  #idle = false;

  constructor(host: ConnectionHost, conn: Conn) {
    this.#host = host;
    this.#conn = conn;
    this.#reader = new MessageReader(conn);
    this.#writer = new MessageWriter(conn);
  }

  /** Runs until the client has gone. Never rejects. */
  async serve(): Promise<void> {
    try {
      if (await this.#start()) await this.#loop();
    } catch (error) {
      this.#lastWords(error);
    } finally {
      if (this.#pid !== 0) this.#host.clients.remove(this.#pid);
      await this.#session?.close().catch(() => undefined);
      this.#writer.send();
      this.#conn.close();
    }
  }

  #lastWords(error: unknown): void {
    if (!(error instanceof SqlError)) this.#host.log(`connection ended: ${String(error)}`);
    writeError(this.#writer, errorFieldsOf(error), 'FATAL');
  }

  async #start(): Promise<boolean> {
    const { clock } = this.#host;
    const tooLate = clock.timer(clock.nowMicros() + STARTUP_MICROS, () => this.#conn.close());
    try {
      const startup = await readStartup(this.#reader, this.#conn, this.#host.clients);
      if (startup === null) return false;
      if (startup.negotiate) this.#negotiate(startup);
      await this.#logIn(startup);
      await this.#begin(startup);
    } finally {
      tooLate();
      this.#host.started();
    }
    return true;
  }

  #negotiate({ minor, unknownOptions }: Startup): void {
    const writer = this.#writer;
    writer.begin('v').int32((3 << 16) | minor).int32(unknownOptions.length);
    for (const option of unknownOptions) writer.text(option);
    writer.end();
  }

  async #logIn({ user }: Startup): Promise<void> {
    const { auth, engine, entropy } = this.#host;
    const { remoteAddress, channelBinding = null } = this.#conn;
    if (!needsPassword(auth.mode, remoteAddress)) return;
    try {
      const { verifier } = await engine.login(user);
      await authenticate(this.#reader, this.#writer, {
        user, verifier, channelBinding, mockSecret: auth.mockSecret, nonce: entropy.bytes(18),
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await engine.refused(user, remoteAddress, reason);
      throw error;
    }
  }

  async #begin(startup: Startup): Promise<void> {
    const { clients, engine } = this.#host;
    const superuser = clients.full && (await engine.login(startup.user)).superuser;
    const { pid, key } = clients.admit(startup.minor >= 2 ? 32 : 4, superuser, {
      cancel: () => this.#session?.cancel(), terminate: () => this.#terminate(TERMINATED),
    });
    this.#pid = pid;
    this.#session = await engine.connect({
      user: startup.user, database: startup.database, settings: startup.settings, pid,
      clientAddress: this.#conn.remoteAddress,
    }, {
      notified: (notification) => this.#notified(notification),
      ended: (error) => this.#terminate(error),
    });
    this.#conn.onClose(() => this.#session?.cancel());
    const writer = this.#writer;
    writer.begin('R').int32(0).end();
    for (const [name, value] of await this.#session.parameters()) {
      this.#formats.set(name, value);
      writer.begin('S').text(name).text(value).end();
    }
    writer.begin('K').int32(pid).raw(key).end();
    await this.#ready();
  }

  #terminate(error: ErrorMessage): void {
    writeError(this.#writer, error, 'FATAL');
    this.#writer.send();
    this.#session?.cancel();
    this.#conn.close();
  }

  /** Told at once while nothing runs, else before the next ReadyForQuery. */
  #notified(notification: Notification): void {
    this.#notifications.push(notification);
    if (this.#idle) {
      this.#tellNotifications();
      this.#writer.send();
    }
  }

  #tellNotifications(): void {
    for (const { pid, channel, payload } of this.#notifications.splice(0)) {
      this.#writer.begin('A').int32(pid).text(channel).text(payload).end();
    }
  }

  async #loop(): Promise<void> {
    for (;;) {
      if (this.#reader.buffered < 5 && this.#writer.pending > 0) await this.#writer.flush();
      const message = this.#messageHere() ?? await this.#nextMessage();
      this.#idle = false;
      if (message === null || message.type === 'X') return;
      if (this.#skipToSync && message.type !== 'S') continue;
      const running = this.#handle(message);
      if (running !== null) await running;
      if (this.#writer.full) await this.#writer.flush();
    }
  }

  /** The next message without a wait, where it is there. */
  #messageHere(): FrontendMessage | null {
    return this.#pump === null && this.#pushedBack === null ? this.#reader.here() : null;
  }

  async #nextMessage(): Promise<FrontendMessage | null> {
    await this.#pump;
    this.#pump = null;
    const waiting = this.#pushedBack;
    this.#pushedBack = null;
    return waiting ?? await this.#reader.next();
  }

  /** Null when the message is dealt with: one of four messages of a look-up waits for anything. */
  #handle(message: FrontendMessage): Promise<void> | null {
    if (message.type === 'Q') return this.#query(message.body);
    if (message.type === 'S') return this.#sync();
    if (message.type === 'H') return this.#writer.flush();
    if (message.type === 'd' || message.type === 'c' || message.type === 'f') return null;
    if (message.type === 'F') return this.#functionCall();
    try {
      return this.#extended(message)?.catch((error: unknown) => this.#failed(error)) ?? null;
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  #failed(error: unknown): void {
    this.#skipToSync = true;
    this.#held = null;
    this.#error(errorFieldsOf(error));
  }

  #extended(message: FrontendMessage): Promise<void> | null {
    const body = new BodyReader(message.body);
    switch (message.type) {
      case 'P': return this.#parse(body);
      case 'B': return this.#bind(body);
      case 'D': return this.#describe(body);
      case 'E': return this.#execute(body);
      case 'C': return this.#close(body);
      default: throw fatalType(message.type);
    }
  }

  async #functionCall(): Promise<void> {
    this.#error({ sqlState: '0A000', message: 'function calls by protocol are not supported',
      fields: { hint: 'Call the function in a SELECT.' } });
    await this.#ready();
  }

  async #query(bytes: Uint8Array): Promise<void> {
    // A simple query may change or drop what was prepared.
    this.#portals.delete('');
    this.#statements.clear();
    try {
      const body = new BodyReader(bytes);
      const text = body.text();
      body.end();
      await this.#relay(this.#live.query(text), [], true);
    } catch (error) {
      this.#error(errorFieldsOf(error));
    }
    await this.#ready();
  }

  async #sync(): Promise<void> {
    this.#skipToSync = false;
    const synced = this.#synced;
    this.#synced = false;
    try {
      if (!synced) await this.#live.sync();
    } catch (error) {
      this.#error(errorFieldsOf(error));
    }
    await this.#ready();
  }

  async #parse(body: BodyReader): Promise<void> {
    const name = body.text();
    const text = body.text();
    const types: (SqlType | null)[] = [];
    for (let left = body.int16(); left > 0; left--) {
      const oid = body.oid();
      types.push(oid === 0 || oid === 705 ? null : parameterType(oid));
    }
    body.end();
    this.#statements.set(name, await this.#live.parse(name, text, types));
    this.#writer.empty('1');
  }

  #bind(body: BodyReader): Promise<void> | null {
    const given = readBind(body);
    const known = this.#statements.get(given.statement);
    return known === undefined ? this.#live.describeStatement(given.statement)
      .then(({ parameters }) => this.#bindTo(given, parameters) ?? undefined)
      : this.#bindTo(given, known.parameters);
  }

  #bindTo(
    { portal, statement, formats, raw, requested }: BindMessage,
    parameters: readonly SqlType[],
  ): Promise<void> | null {
    if (parameters.length !== raw.length) {
      throw sqlError('08P01', `bind message supplies ${raw.length} parameters, but prepared `
        + `statement "${statement}" requires ${parameters.length}`);
    }
    if (formats.length > 1 && formats.length !== raw.length) {
      throw sqlError('08P01', `bind message has ${formats.length} parameter formats but `
        + `${raw.length} parameters`);
    }
    const values = raw.map((bytes, at): Value => bytes === null ? null : decodeParameter(bytes, {
      type: must(parameters[at], 'parameter type'), settings: this.#formats.settings(),
      format: (formats.length === 1 ? formats[0] : formats[at]) ?? 0, index: at + 1,
    }));
    const description = this.#statements.get(statement);
    this.#portals.set(portal, { requested, description });
    this.#held = { portal, bind: { statement, parameters: values }, described: false };
    return this.#holds() ? null : this.#bindHeld();
  }

  /** A Bind waits while what is behind it needs no answer: it goes to the engine with Execute. */
  #holds(): boolean {
    return this.#reader.nextIs('E') || this.#reader.nextIs('D');
  }

  /** Binds what waits. */
  async #bindHeld(): Promise<void> {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    await this.#live.bind(held.portal, held.bind.statement, held.bind.parameters);
    this.#tellBound(held);
  }

  #tellBound({ portal, described }: HeldBind): void {
    this.#writer.empty('2');
    if (described) this.#describeKnown(must(this.#portals.get(portal), 'bound portal'));
  }

  #describeKnown({ description, requested }: PortalFormats): void {
    this.#describeRows(must(description, 'known columns').columns, requested);
  }

  #describe(body: BodyReader): Promise<void> | null {
    const kind = body.byte();
    const name = body.text();
    body.end();
    const known = this.#portals.get(name)?.description !== undefined;
    if (kind === 'P' && known && name === this.#held?.portal && !this.#held.described
      && this.#reader.nextIs('E')) {
      this.#held.described = true;
      return null;
    }
    return this.#describeNow(kind, name);
  }

  async #describeNow(kind: string, name: string): Promise<void> {
    await this.#bindHeld();
    if (kind === 'S') {
      const { parameters, columns } = await this.#live.describeStatement(name);
      this.#writer.begin('t').int16(parameters.length);
      for (const type of parameters) this.#writer.int32(typeOid(type));
      this.#writer.end();
      this.#describeRows(columns, []);
    } else if (kind === 'P') {
      const portal = this.#portals.get(name);
      const columns = portal?.description === undefined ? await this.#live.describePortal(name)
        : portal.description.columns;
      this.#describeRows(columns, portal?.requested ?? []);
    } else {
      throw sqlError('08P01', `invalid DESCRIBE message subtype ${kind.charCodeAt(0)}`);
    }
  }

  #describeRows(columns: readonly ResultColumn[] | null, requested: readonly number[]): void {
    if (columns === null) this.#writer.empty('n');
    else writeRowDescription(this.#writer, columns, resultFormats(requested, columns.length));
  }

  async #execute(body: BodyReader): Promise<void> {
    const name = body.text();
    const limit = body.int32();
    body.end();
    const requested = this.#portals.get(name)?.requested ?? [];
    // A Sync behind it goes along: one question less to the engine.
    const sync = this.#reader.nextIs('S');
    if (this.#held?.portal !== name) await this.#bindHeld();
    const held = this.#held;
    this.#held = null;
    const events = this.#live.execute(name, Math.max(limit, 0), sync, held?.bind);
    await this.#relay(held === null ? events : this.#tellingBound(held, events), requested, false);
    this.#synced = sync;
  }

  /** The first event says that the portal is bound. */
  async *#tellingBound(
    held: HeldBind, events: AsyncIterable<SessionEvent>,
  ): AsyncIterable<SessionEvent> {
    let bound = false;
    for await (const event of events) {
      if (!bound) this.#tellBound(held);
      bound = true;
      yield event;
    }
  }

  async #close(body: BodyReader): Promise<void> {
    const kind = body.byte();
    const name = body.text();
    body.end();
    if (kind === 'S') this.#statements.delete(name);
    if (kind === 'S') await this.#live.closeStatement(name);
    else if (kind === 'P') await this.#live.closePortal(name);
    else throw sqlError('08P01', `invalid CLOSE message subtype ${kind.charCodeAt(0)}`);
    this.#writer.empty('3');
  }

  /** Writes what a statement gives; `describe`: columns are told to the client (simple query). */
  async #relay(
    events: AsyncIterable<SessionEvent>, requested: readonly number[], describe: boolean,
  ): Promise<void> {
    let rows: RowWriter | null = null;
    for await (const event of events) {
      if (event.kind === 'columns') {
        const formats = resultFormats(requested, event.columns.length);
        rows = new RowWriter(event.columns, formats, this.#formats.settings());
        if (describe) writeRowDescription(this.#writer, event.columns, formats);
      } else if (event.kind === 'rows') {
        await this.#writeRows(must(rows, 'columns before rows'), event);
      } else if (event.kind === 'copyIn') {
        await this.#receiveCopy(event);
      } else if (event.kind === 'flush') {
        this.#pump ??= this.#watch().catch(() => this.#live.cancel());
        await this.#writer.flush();
      } else {
        this.#relayOther(event);
      }
      if (this.#writer.full) await this.#writer.flush();
    }
    this.#copyRuns = false;
  }

  async #writeRows(rows: RowWriter, event: SessionEvent & { kind: 'rows' }): Promise<void> {
    for (let row = 0; row < event.batch.length; row++) {
      rows.write(this.#writer, event, row);
      if (this.#writer.full) await this.#writer.flush();
    }
  }

  #relayOther(
    event: Exclude<SessionEvent, { kind: 'columns' | 'rows' | 'copyIn' | 'flush' }>,
  ): void {
    const writer = this.#writer;
    switch (event.kind) {
      case 'complete': writer.begin('C').text(event.tag).end(); return;
      case 'suspended': writer.empty('s'); return;
      case 'empty': writer.empty('I'); return;
      case 'notice': writeNotice(writer, event.notice); return;
      case 'parameter':
        this.#formats.set(event.name, event.value);
        if (event.reported) writer.begin('S').text(event.name).text(event.value).end();
        return;
      case 'copyOut': this.#copyResponse('H', event); return;
      case 'copyData': writer.begin('d').raw(event.data).end(); return;
      case 'copyDone': writer.empty('c'); return;
      case 'error': this.#skipToSync = true; this.#error(event.error); return;
    }
  }

  #copyResponse(
    type: 'G' | 'H', of: { readonly columns: number; readonly binary: boolean },
  ): void {
    const format = of.binary ? 1 : 0;
    this.#writer.begin(type).byte(format).int16(of.columns);
    for (let left = of.columns; left > 0; left--) this.#writer.int16(format);
    this.#writer.end();
  }

  /** Feeds CopyData to the running statement, whose own events go on meanwhile. */
  async #receiveCopy(event: SessionEvent & { kind: 'copyIn' }): Promise<void> {
    this.#copyResponse('G', event);
    await this.#writer.flush();
    this.#copyRuns = true;
    this.#pump = this.#pumpCopy(this.#pump).catch((error: unknown) => {
      this.#host.log(`copy ended: ${String(error)}`);
      return this.#live.copyFail('connection lost');
    });
  }

  /** A client that says goodbye, or has gone, ends its subscription. */
  async #watch(): Promise<void> {
    let message = await this.#reader.next();
    while (message?.type === 'H') message = await this.#reader.next();
    this.#pushedBack = message;
    if (message === null || message.type === 'X') this.#live.cancel();
  }

  async #pumpCopy(before: Promise<void> | null): Promise<void> {
    await before;
    for (;;) {
      const message = this.#pushedBack ?? await this.#reader.next();
      this.#pushedBack = null;
      if (message === null) return this.#live.copyFail('connection lost');
      if (message.type === 'd') await this.#live.copyData(message.body.slice());
      else if (message.type === 'c') return this.#live.copyDone();
      else if (message.type === 'f') {
        return this.#live.copyFail(new BodyReader(message.body).text());
      } else if (!this.#copyRuns) {
        this.#pushedBack = message;
        return;
      } else if (message.type !== 'H' && message.type !== 'S') {
        this.#pushedBack = message;
        return this.#live.copyFail(`unexpected message type 0x${
          message.type.charCodeAt(0).toString(16)} during COPY from stdin`);
      }
    }
  }

  get #live(): SqlSession {
    return must(this.#session, 'session');
  }

  #error(error: ErrorMessage): void {
    writeError(this.#writer, error, error.fields.severity ?? 'ERROR');
    if (error.fields.severity === 'FATAL') throw fatal(error.sqlState, error.message);
  }

  async #ready(): Promise<void> {
    this.#skipToSync = false;
    const status = await this.#live.status();
    this.#idle = status === 'I';
    if (this.#idle) {
      this.#portals.clear();
      this.#tellNotifications();
    }
    this.#writer.begin('Z').byte(status.charCodeAt(0)).end();
    if (this.#reader.buffered < 5) await this.#writer.flush();
  }
}

/** Oids from here on are of what users made. */
const FIRST_USER_OID = 16384;

/** The type a client names; those that users made are found from the parameter's use. */
function parameterType(oid: number): SqlType | null {
  const type = typeByOid(oid);
  if (type !== null || oid >= FIRST_USER_OID) return type;
  throw sqlError('42704', `type with OID ${oid} does not exist`);
}

function fatalType(type: string): SqlError {
  return fatal('08P01', `invalid frontend message type ${type.charCodeAt(0)}`);
}
