/**
 * How messages cross between the threads: the frequent small ones as one flat list of values.
 *
 * Copying an object to another thread costs by its properties, a typed array 2 us and more: the
 * answer to a look-up by key took 16 us as objects and takes 3 us flat. What is rare or large goes
 * as it is. A list holds, one behind another, a number that says what comes and its fields.
 */
import { must } from '../../common/assert.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { Batch, Column } from '../../runtime/batch.ts';
import { makeColumn } from '../../runtime/batch.ts';
import type { SessionEvent, TransactionStatus } from '../../runtime/session-api.ts';
import type { FromWorker, ToWorker } from './engine-protocol.ts';

/** A list of messages as posted. */
export type Packed = readonly unknown[];

/** Cells up to which rows go value by value; above, typed arrays cost less. */
const CELLS_MAX = 64;

const WHOLE = 0;
const QUERY = 1;
const EXECUTE = 2;
const COLUMNS = 3;
const ROWS = 4;
const COMPLETE = 5;
const DONE = 6;

const KINDS = ['bool', 'i32', 'i64', 'f64', 'ref'] as const;

/** Reads a list from its beginning. */
class PackedReader {
  readonly #values: Packed;
  #at = 0;

  constructor(values: Packed) {
    this.#values = values;
  }

  get ended(): boolean { return this.#at >= this.#values.length; }

  value(): unknown { return this.#values[this.#at++]; }
  number(): number { return this.value() as number; }
  text(): string { return this.value() as string; }

  list<T>(length: number, read: () => T): T[] {
    const all: T[] = [];
    for (let i = 0; i < length; i++) all.push(read());
    return all;
  }
}

/** Messages of the main thread as a list. */
export function packToWorker(messages: readonly ToWorker[]): Packed {
  const out: unknown[] = [];
  for (const message of messages) {
    if (message.kind !== 'stream') {
      out.push(WHOLE, message);
    } else if (message.call.method === 'query') {
      out.push(QUERY, message.id, message.session, message.call.text);
    } else {
      const { portal, maxRows, sync, bind } = message.call;
      out.push(EXECUTE, message.id, message.session, portal, maxRows, sync,
        bind === undefined ? -1 : bind.parameters.length);
      if (bind !== undefined) out.push(bind.statement, ...bind.parameters);
    }
  }
  return out;
}

/** Calls `receive` with each message of a list. */
export function unpackToWorker(packed: Packed, receive: (message: ToWorker) => void): void {
  const reader = new PackedReader(packed);
  while (!reader.ended) receive(toWorker(reader));
}

function toWorker(reader: PackedReader): ToWorker {
  const tag = reader.number();
  if (tag === WHOLE) return reader.value() as ToWorker;
  const kind = 'stream';
  const id = reader.number();
  const session = reader.number();
  if (tag === QUERY) return { kind, id, session, call: { method: 'query', text: reader.text() } };
  const portal = reader.text();
  const maxRows = reader.number();
  const sync = reader.value() as boolean;
  const count = reader.number();
  const bind = count < 0 ? undefined : {
    statement: reader.text(), parameters: reader.list(count, () => reader.value() as Value),
  };
  return { kind, id, session, call: { method: 'execute', portal, maxRows, sync, bind } };
}

/** Messages of the worker as a list. */
export function packFromWorker(messages: readonly FromWorker[]): Packed {
  const out: unknown[] = [];
  for (const message of messages) {
    if (message.kind === 'done') out.push(DONE, message.id, message.status);
    else if (message.kind !== 'event' || !packEvent(out, message.id, message.event)) {
      out.push(WHOLE, message);
    }
  }
  return out;
}

/** True when the event is in the list. */
function packEvent(out: unknown[], id: number, event: SessionEvent): boolean {
  switch (event.kind) {
    case 'columns':
      out.push(COLUMNS, id, event.columns.length);
      for (const { name, type, relation, attribute } of event.columns) {
        out.push(name, isPlain(type) ? type.name : type, relation, attribute);
      }
      return true;
    case 'rows': {
      const { batch, texts } = event;
      if (!isSmall(batch)) return false;
      out.push(ROWS, id, batch.length, batch.columns.length, texts);
      for (let i = 0; i < batch.length; i++) out.push(batch.weights[i]);
      for (const column of batch.columns) packColumn(out, column, batch.length);
      return true;
    }
    case 'complete': out.push(COMPLETE, id, event.tag); return true;
    default: return false;
  }
}

/** True for rows that cost less value by value. */
export function isSmall({ length, columns }: Batch): boolean {
  return length * columns.length <= CELLS_MAX;
}

function isPlain(type: SqlType): boolean {
  for (const key in type) if (key !== 'name') return false;
  return true;
}

function packColumn(out: unknown[], { kind, data, nulls }: Column, length: number): void {
  out.push(KINDS.indexOf(kind), nulls !== null);
  for (let i = 0; i < length; i++) out.push(data[i]);
  if (nulls !== null) for (let i = 0; i < length; i++) out.push(nulls[i]);
}

/** Calls `receive` with each message of a list. */
export function unpackFromWorker(packed: Packed, receive: (message: FromWorker) => void): void {
  const reader = new PackedReader(packed);
  while (!reader.ended) receive(fromWorker(reader));
}

function fromWorker(reader: PackedReader): FromWorker {
  const tag = reader.number();
  if (tag === WHOLE) return reader.value() as FromWorker;
  const id = reader.number();
  if (tag === DONE) return { kind: 'done', id, status: reader.value() as TransactionStatus };
  return { kind: 'event', id, event: eventOf(tag, reader) };
}

function eventOf(tag: number, reader: PackedReader): SessionEvent {
  if (tag === COMPLETE) return { kind: 'complete', tag: reader.text() };
  if (tag === COLUMNS) {
    return { kind: 'columns', columns: reader.list(reader.number(), (): ResultColumn => {
      const name = reader.text();
      const type = reader.value() as string | SqlType;
      return { name, type: typeof type === 'string' ? { name: type } as SqlType : type,
        relation: reader.number(), attribute: reader.number() };
    }) };
  }
  const length = reader.number();
  const width = reader.number();
  const texts = reader.value() as (SessionEvent & { kind: 'rows' })['texts'];
  const weights = Int32Array.from(reader.list(length, () => reader.number()));
  const columns = reader.list(width, () => columnOf(reader, length));
  return { kind: 'rows', batch: { length, columns, weights }, texts };
}

function columnOf(reader: PackedReader, length: number): Column {
  const column = makeColumn(must(KINDS[reader.number()], 'kind of a column'), length);
  const hasNulls = reader.value() as boolean;
  for (let i = 0; i < length; i++) column.data[i] = reader.value() as never;
  if (!hasNulls) return column;
  return { ...column, nulls: Uint8Array.from(reader.list(length, () => reader.number())) };
}
