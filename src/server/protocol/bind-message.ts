/**
 * The Bind message: a portal, its statement, parameters as bytes and the formats of both sides.
 */
import { sqlError } from '../../common/errors.ts';
import type { BodyReader } from './reader.ts';

/** What Bind says. Formats: 0 text, 1 binary; none, one for all, or one each. */
export interface BindMessage {
  readonly portal: string;
  readonly statement: string;
  readonly formats: readonly number[];
  readonly raw: readonly (Uint8Array | null)[];
  readonly requested: readonly number[];
}

/** Reads a Bind message; 08P01 and 22023 for what makes no sense. */
export function readBind(body: BodyReader): BindMessage {
  const portal = body.text();
  const statement = body.text();
  const formats = readFormats(body);
  const raw: (Uint8Array | null)[] = [];
  for (let left = body.int16(); left > 0; left--) {
    const length = body.int32();
    if (length < -1) throw sqlError('08P01', 'invalid parameter length in bind message');
    raw.push(length === -1 ? null : body.bytes(length));
  }
  const requested = readFormats(body);
  body.end();
  return { portal, statement, formats, raw, requested };
}

function readFormats(body: BodyReader): readonly number[] {
  const formats: number[] = [];
  for (let left = body.int16(); left > 0; left--) {
    const format = body.int16();
    if (format !== 0 && format !== 1) {
      throw sqlError('22023', `unsupported format code: ${format}`);
    }
    formats.push(format);
  }
  return formats;
}
