/**
 * Parameters of Bind: bytes in text or binary form to values.
 */
import { sqlError } from '../../common/errors.ts';
import { parseValue, typeDefinition } from '../../common/types/registry.ts';
import type { FormatSettings } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import { decodeText } from './reader.ts';

/** How a parameter arrived. */
export interface ParameterForm {
  readonly type: SqlType;
  readonly format: number;
  readonly settings: FormatSettings;
  /** Number from 1, for messages. */
  readonly index: number;
}

/** Names of objects are looked up by the session: their text is handed on. */
function needsCatalog(type: SqlType, text: string): boolean {
  const name = type.element?.name ?? type.name;
  return name.startsWith('reg') && !/^\d+$/.test(text);
}

/** Decodes one parameter. */
export function decodeParameter(bytes: Uint8Array, form: ParameterForm): Value {
  if (form.format === 0) {
    const text = decodeText(bytes);
    if (text.includes('\0')) {
      throw sqlError('22021', 'invalid byte sequence for encoding "UTF8": 0x00');
    }
    return needsCatalog(form.type, text) ? text : parseValue(text, form.type, form.settings);
  }
  return typeDefinition(form.type).decodeBinary(bytes, form.type);
}
