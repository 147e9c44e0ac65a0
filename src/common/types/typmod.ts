/**
 * Fits values to type modifiers: varchar(n), char(n), numeric(p, s), timestamp(p), interval(p).
 *
 * An explicit cast truncates strings; an assignment refuses them (22001) unless only blanks are
 * lost.
 */
import { sqlError } from '../errors.ts';
import type { SqlArray, Value } from '../values.ts';
import { fitBits, fitVarbits } from './bit-types.ts';
import { isInfiniteTimestamp, roundMicros } from './calendar.ts';
import { roundInterval } from './interval-parse.ts';
import { applyNumericTypmod } from './numeric.ts';
import type { SqlType } from './sql-type.ts';
import { characterLength, takeCharacters } from './text-order.ts';
import { asArray, asBigint, asInterval, asNumeric, asString } from './values-of.ts';

/** The value fitted to the type's modifiers; the value itself when there are none. */
export function applyTypmod(value: Value, type: SqlType, explicit: boolean): Value {
  if (value === null) return null;
  if (type.name === 'array') return applyToElements(asArray(value), type, explicit);
  const first = type.mods?.[0];
  if (first === undefined) return value;
  switch (type.name) {
    case 'varchar': return fitLength(asString(value), first, { explicit, pad: false });
    case 'bpchar': return fitLength(asString(value), first, { explicit, pad: true });
    case 'bit': return fitBits(asString(value), first, explicit);
    case 'varbit': return fitVarbits(asString(value), first, explicit);
    case 'numeric': return applyNumericTypmod(asNumeric(value), first, type.mods?.[1] ?? 0);
    case 'time': return roundMicros(asBigint(value), first);
    case 'timestamp': case 'timestamptz': {
      const micros = asBigint(value);
      return isInfiniteTimestamp(micros) ? micros : roundMicros(micros, first);
    }
    case 'interval': return roundInterval(asInterval(value), first);
    default: return value;
  }
}

function applyToElements(array: SqlArray, type: SqlType, explicit: boolean): SqlArray {
  const element = type.element;
  if (element?.mods === undefined) return array;
  return { ...array, elements: array.elements.map((one) => applyTypmod(one, element, explicit)) };
}

interface FitOptions {
  readonly explicit: boolean;
  readonly pad: boolean;
}

function fitLength(text: string, length: number, options: FitOptions): string {
  if (text.length > length) {
    const kept = takeCharacters(text, length);
    if (kept.length < text.length) {
      if (options.explicit || /^ *$/.test(text.slice(kept.length))) return kept;
      const sqlName = options.pad ? 'character' : 'character varying';
      throw sqlError('22001', `value too long for type ${sqlName}(${length})`);
    }
  }
  if (!options.pad) return text;
  const missing = length - characterLength(text);
  return missing > 0 ? text + ' '.repeat(missing) : text;
}
