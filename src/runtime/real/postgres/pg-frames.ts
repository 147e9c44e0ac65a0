/**
 * The server's bytes cut into messages, and messages of ours put together.
 *
 * Messages of a chunk are handed over together, so that a stream of many small ones costs one event
 * per chunk. A message that is not whole waits for the rest.
 */

/** A run of whole messages: type bytes and where each one's content lies. */
export interface Frames {
  readonly bytes: Buffer;
  readonly types: number[];
  readonly starts: number[];
  readonly ends: number[];
}

const HEADER = 5;

/** Cuts a stream of chunks into messages. */
export class FrameCutter {
  #waiting: Buffer[] = [];
  #have = 0;
  #need = HEADER;

  /** The messages that are whole with this chunk; null: none. */
  push(chunk: Buffer): Frames | null {
    this.#waiting.push(chunk);
    this.#have += chunk.length;
    if (this.#have < this.#need) return null;
    const bytes = this.#waiting.length === 1 ? chunk : Buffer.concat(this.#waiting, this.#have);
    const frames: Frames = { bytes, types: [], starts: [], ends: [] };
    let at = 0;
    this.#need = HEADER;
    while (bytes.length - at >= HEADER) {
      const length = bytes.readInt32BE(at + 1) + 1;
      if (bytes.length - at < length) {
        this.#need = length;
        break;
      }
      frames.types.push(bytes[at] ?? 0);
      frames.starts.push(at + HEADER);
      frames.ends.push(at + length);
      at += length;
    }
    this.#waiting = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#have = bytes.length - at;
    return frames.types.length === 0 ? null : frames;
  }
}

/** A message: its type and content. */
export function message(type: string, ...parts: readonly (Buffer | Uint8Array)[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.alloc(type.length + 4);
  head.write(type, 'latin1');
  head.writeInt32BE(length + 4, type.length);
  return Buffer.concat([head, ...parts]);
}

/** A text with its closing zero. */
export function zeroed(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf8');
}

/** A 16-bit number. */
export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

/** A 32-bit number. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** The fields of an ErrorResponse or NoticeResponse by their letters. */
export function errorFields(content: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at < content.length && content[at] !== 0;) {
    const end = content.indexOf(0, at + 1);
    fields.set(String.fromCharCode(content[at] ?? 0), content.toString('utf8', at + 1, end));
    at = end + 1;
  }
  return fields;
}

/** The cells of a DataRow. */
export function dataRow(content: Buffer): (string | null)[] {
  const cells: (string | null)[] = [];
  let at = 2;
  for (let left = content.readInt16BE(0); left > 0; left--) {
    const length = content.readInt32BE(at);
    at += 4;
    cells.push(length < 0 ? null : content.toString('utf8', at, at + length));
    if (length > 0) at += length;
  }
  return cells;
}
