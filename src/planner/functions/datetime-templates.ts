/**
 * Formatting and reading with templates: to_char, to_timestamp, to_date, to_number.
 */
import {
  floatToChar, numberFromText, numericToChar,
} from '../../common/types/to-char-number.ts';
import {
  intervalToChar, timestampToChar, timestamptzToChar,
} from '../../common/types/to-char.ts';
import { dateFromText, timestampFromText } from '../../common/types/to-timestamp.ts';
import { numericFromBigint, numericFromNumber } from '../../common/types/numeric.ts';
import { scalar } from './builder.ts';
import type { ScalarFunction } from './entry.ts';

const TIMES: readonly ScalarFunction[] = [
  scalar({
    signature: 'to_char(timestamp,text) -> text', doc: 'Formats a timestamp by a template.',
    examples: [[`to_char(timestamp '2002-04-20 17:31:12.66', 'HH12:MI:SS')`, '05:31:12']],
    evaluate: timestampToChar,
  }),
  scalar({
    signature: 'to_char(timestamptz,text) -> text', volatility: 'stable',
    doc: 'Formats a timestamptz by a template, in the session\'s time zone.',
    examples: [[`to_char(timestamptz '2002-04-20 17:31:12+00', 'YYYY-MM-DD"T"HH24:MI TZ')`,
      '2002-04-20T17:31 UTC']],
    evaluateIn: (context, instant: bigint, template: string) =>
      timestamptzToChar(instant, template, context.timeZone),
  }),
  scalar({
    signature: 'to_char(interval,text) -> text', doc: 'Formats an interval by a template.',
    examples: [[`to_char(interval '15h 2m 12s', 'HH24:MI:SS')`, '15:02:12']],
    evaluate: intervalToChar,
  }),
];

const READERS: readonly ScalarFunction[] = [
  scalar({
    signature: 'to_timestamp(text,text) -> timestamptz', volatility: 'stable',
    doc: 'Reads an instant by a template, in the session\'s time zone.',
    examples: [[`to_timestamp('05 Dec 2000', 'DD Mon YYYY')`, '2000-12-05 00:00:00+00']],
    evaluateIn: (context, text: string, template: string) =>
      timestampFromText(text, template, context.timeZone),
  }),
  scalar({
    signature: 'to_date(text,text) -> date', doc: 'Reads a date by a template.',
    examples: [[`to_date('05 Dec 2000', 'DD Mon YYYY')`, '2000-12-05']], evaluate: dateFromText,
  }),
];

const NUMBERS: readonly ScalarFunction[] = [
  scalar({
    signature: 'to_char(numeric,text) -> text', doc: 'Formats a number by a template.',
    examples: [[`to_char(-125.8, '999D99S')`, '125.80-']], evaluate: numericToChar,
  }),
  scalar({
    signature: 'to_char(int4,text) -> text', doc: 'Formats a number by a template.',
    examples: [[`to_char(125, '999')`, ' 125']],
    evaluate: (value: number, template: string) =>
      numericToChar(numericFromNumber(value), template),
  }),
  scalar({
    signature: 'to_char(int8,text) -> text', doc: 'Formats a number by a template.',
    examples: [[`to_char(125::int8, 'FM0000')`, '0125']],
    evaluate: (value: bigint, template: string) =>
      numericToChar(numericFromBigint(value), template),
  }),
  ...['float4', 'float8'].map((type) => scalar({
    signature: `to_char(${type},text) -> text`, doc: 'Formats a number by a template.',
    examples: [[`to_char(125.8::${type}, '999D9')`, ' 125.8']],
    evaluate: (value: number, template: string) =>
      floatToChar(value, template, type === 'float4' ? 6 : 15),
  })),
  scalar({
    signature: 'to_number(text,text) -> numeric', doc: 'Reads a number by a template.',
    examples: [[`to_number('12,454.8-', '99G999D9S')`, '-12454.8']], evaluate: numberFromText,
  }),
];

/** Functions with templates. */
export const TEMPLATES: readonly ScalarFunction[] = [
  ...TIMES, ...READERS, ...NUMBERS,
];
