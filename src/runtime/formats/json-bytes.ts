/**
 * Reads the parts of JSON out of bytes: strings, numbers, times, values to be passed over.
 *
 * Helps the loops of kernels/json-shape.ts. Methods answer false for whatever is not quite usual;
 * the caller then lets formats/json.ts read the record, so nothing is decided or refused here.
 * Four bytes behind every position must be there to be read.
 */
import { daysFromCivil, daysInMonth } from '../../common/types/calendar.ts';

const DEPTH_MAX = 64;
const DAY_MICROS = 86_400_000_000;
/** Timestamps of later years are more than a double holds exactly. */
const YEAR_MAX = 2200;
const LANE = 4_294_967_296;
const QUOTE = 34;
const BACKSLASH = 92;
const NULL_WORD = 0x6c6c756e;
const TRUE_WORD = 0x65757274;
const ALSE_WORD = 0x65736c61;
const PLACES: Float64Array = Float64Array.of(1e6, 1e5, 1e4, 1e3, 1e2, 10, 1);
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A cursor over bytes; see the head of the file. */
export class ByteScanner {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  #buffer: Buffer = Buffer.alloc(0);
  /** Behind what was read last. */
  at = 0;
  /** The string read last. */
  text = '';
  /** Powers of ten that doubles hold exactly. */
  readonly powers: Float64Array = Float64Array.from({ length: 23 },
    (_each, at) => Number(`1e${at}`));
  /** Lanes of the 64-bit integer read last. */
  low = 0;
  high = 0;
  #day0 = -1;
  #day1 = 0;
  #day2 = 0;
  #dayMicros = 0;

  /** Reads these bytes from now on, and what lies behind them in memory; gives how much that is. */
  hold(bytes: Uint8Array): number {
    const { buffer, byteOffset } = bytes;
    if (this.bytes.buffer !== buffer || this.bytes.byteOffset !== byteOffset) {
      this.bytes = new Uint8Array(buffer, byteOffset);
      this.view = new DataView(buffer, byteOffset);
      this.#buffer = Buffer.from(buffer as ArrayBuffer, byteOffset);
    }
    return this.bytes.length;
  }

  /** Text of ASCII bytes. */
  ascii(start: number, end: number): string {
    return this.#buffer.toString('latin1', start, end);
  }

  /** Text of any bytes; null when they are not UTF-8. */
  utf8(start: number, end: number): string | null {
    try {
      return UTF8.decode(this.bytes.subarray(start, end));
    } catch {
      return null;
    }
  }

  /** A string from its opening quote on; simple escapes only. */
  string(start: number, end: number): boolean {
    const { bytes } = this;
    let escaped = false;
    let wide = 0;
    let at = start + 1;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      if (byte < 32) return false;
      wide |= byte;
      if (byte !== BACKSLASH) continue;
      escaped = true;
      if (!isSimpleEscape(bytes[++at] as number)) return false;
    }
    if (at >= end) return false;
    const text = wide < 128 ? this.ascii(start + 1, at) : this.utf8(start + 1, at);
    if (text === null) return false;
    this.text = escaped ? JSON.parse(`"${text}"`) as string : text;
    this.at = at + 1;
    return true;
  }

  /** Passes over a value of any kind, checking that it is one. */
  skip(start: number, end: number, depth: number): boolean {
    if (depth > DEPTH_MAX) return false;
    const { view } = this;
    switch (this.bytes[start]) {
      case QUOTE: return this.#skipString(start, end);
      case 110: this.at = start + 4; return view.getInt32(start, true) === NULL_WORD;
      case 116: this.at = start + 4; return view.getInt32(start, true) === TRUE_WORD;
      case 102: this.at = start + 5; return view.getInt32(start + 1, true) === ALSE_WORD;
      case 123: return this.#skipMembers(start, end, depth);
      case 91: return this.#skipElements(start, end, depth);
      default: return this.number(start, end);
    }
  }

  #skipString(start: number, end: number): boolean {
    const { bytes } = this;
    let wide = 0;
    let at = start + 1;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      if (byte < 32) return false;
      wide |= byte;
      if (byte === BACKSLASH && !isSimpleEscape(bytes[++at] as number)) return false;
    }
    if (at >= end || (wide >= 128 && this.utf8(start + 1, at) === null)) return false;
    this.at = at + 1;
    return true;
  }

  #skipMembers(start: number, end: number, depth: number): boolean {
    this.space(start + 1, end);
    if (this.bytes[this.at] === 125) return this.#step(end);
    for (;;) {
      if (this.bytes[this.at] !== QUOTE || !this.#skipString(this.at, end)) return false;
      this.space(this.at, end);
      if (this.bytes[this.at] !== 58) return false;
      this.space(this.at + 1, end);
      if (!this.skip(this.at, end, depth + 1)) return false;
      this.space(this.at, end);
      const code = this.bytes[this.at];
      if (code === 125) return this.#step(end);
      if (code !== 44) return false;
      this.space(this.at + 1, end);
    }
  }

  #skipElements(start: number, end: number, depth: number): boolean {
    this.space(start + 1, end);
    if (this.bytes[this.at] === 93) return this.#step(end);
    for (;;) {
      if (!this.skip(this.at, end, depth + 1)) return false;
      this.space(this.at, end);
      const code = this.bytes[this.at];
      if (code === 93) return this.#step(end);
      if (code !== 44) return false;
      this.space(this.at + 1, end);
    }
  }

  #step(end: number): boolean {
    return ++this.at <= end;
  }

  /** Passes over white space. */
  space(start: number, end: number): void {
    let at = start;
    for (; at < end; at++) {
      const code = this.bytes[at];
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
    }
    this.at = at;
  }

  /** Passes over a number as JSON writes them. */
  number(start: number, end: number): boolean {
    const { bytes } = this;
    let at = bytes[start] === 45 ? start + 1 : start;
    const first = at;
    while (isDigit(bytes[at])) at++;
    if (at === first || (bytes[first] === 48 && at > first + 1)) return false;
    if (bytes[at] === 46) {
      const point = ++at;
      while (isDigit(bytes[at])) at++;
      if (at === point) return false;
    }
    if (bytes[at] === 69 || bytes[at] === 101) {
      at++;
      if (bytes[at] === 43 || bytes[at] === 45) at++;
      const exponent = at;
      while (isDigit(bytes[at])) at++;
      if (at === exponent) return false;
    }
    this.at = at;
    return at <= end;
  }

  /**
   * A timestamp in the form `yyyy-mm-dd hh:mm:ss[.ffffff][Z]` up to its quote into the lanes.
   * `zoned`: the Z must be there; otherwise it may.
   */
  timestamp(start: number, digits: number, zoned: boolean): boolean {
    const { bytes } = this;
    if (!this.#day(start)) return false;
    const separator = bytes[start + 10];
    if ((separator !== 84 && separator !== 32) || bytes[start + 13] !== 58
      || bytes[start + 16] !== 58) return false;
    const hour = twoDigits(bytes, start + 11);
    const minute = twoDigits(bytes, start + 14);
    const second = twoDigits(bytes, start + 17);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
      return false;
    }
    let at = start + 19;
    let micros = 0;
    if (bytes[at] === 46) {
      const point = ++at;
      for (; isDigit(bytes[at]) && at - point <= digits; at++) {
        micros = micros * 10 + (bytes[at] as number) - 48;
      }
      if (at === point || at - point > digits) return false;
      micros *= PLACES[at - point] as number;
    }
    if (bytes[at] === 90) at++;
    else if (zoned) return false;
    if (bytes[at] !== QUOTE) return false;
    this.at = at + 1;
    const value = this.#dayMicros + (hour * 3600 + minute * 60 + second) * 1e6 + micros;
    this.high = Math.floor(value / LANE);
    this.low = value - this.high * LANE;
    return true;
  }

  /** Days of `yyyy-mm-dd` up to its quote, into the low lane. */
  date(start: number): boolean {
    if (this.bytes[start + 10] !== QUOTE || !this.#day(start)) return false;
    this.low = this.#dayMicros / DAY_MICROS;
    this.at = start + 11;
    return true;
  }

  /** The day at a place; the same as the one before for most rows. */
  #day(start: number): boolean {
    const { view, bytes } = this;
    const day0 = view.getInt32(start, true);
    const day1 = view.getInt32(start + 4, true);
    const day2 = view.getInt16(start + 8, true);
    if (day0 === this.#day0 && day1 === this.#day1 && day2 === this.#day2) return true;
    const century = twoDigits(bytes, start);
    const yearOfCentury = twoDigits(bytes, start + 2);
    const month = twoDigits(bytes, start + 5);
    const day = twoDigits(bytes, start + 8);
    if (bytes[start + 4] !== 45 || bytes[start + 7] !== 45 || century < 0 || yearOfCentury < 0) {
      return false;
    }
    const year = century * 100 + yearOfCentury;
    if (year < 1900 || year > YEAR_MAX || month < 1 || month > 12 || day < 1
      || day > daysInMonth(year, month)) return false;
    this.#dayMicros = daysFromCivil(year, month, day) * DAY_MICROS;
    this.#day0 = day0;
    this.#day1 = day1;
    this.#day2 = day2;
    return true;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** `\uXXXX` may be half a character or none: not for here. */
function isSimpleEscape(byte: number): boolean {
  return byte === QUOTE || byte === BACKSLASH || byte === 47 || byte === 98 || byte === 102
    || byte === 110 || byte === 114 || byte === 116;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 48;
  const ones = (bytes[at + 1] as number) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}
