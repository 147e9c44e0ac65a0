/**
 * String functions over values of any type: concat, concat_ws, format, quoting, text || value.
 *
 * They write values as casts to text do, so their code depends on the types of the call.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import { asBoolean, asString } from '../../common/types/values-of.ts';
import type { Value } from '../../common/values.ts';
import { scalar } from './builder.ts';
import { settingsOf, textOf } from './context.ts';
import type { EvaluationContext, ScalarFunction } from './entry.ts';
import { padText, quoteIdentifier, quoteLiteral } from './text-tools.ts';

type Writer = (context: EvaluationContext, value: Value) => string;

/** Writes values of a type as concat and format do: by the output function. */
function outputWriter(type: SqlType): Writer {
  switch (type.name) {
    case 'text': case 'varchar': case 'name': case 'unknown':
      return (_context, value) => asString(value);
    default: return (context, value) => textOf(value, type, settingsOf(context));
  }
}

/** Writes values of a type as a cast to text does: booleans in full. */
function castWriter(type: SqlType): Writer {
  if (type.name === 'boolean') return (_context, value) => (asBoolean(value) ? 'true' : 'false');
  if (type.name === 'bpchar') return (_context, value) => asString(value).replace(/ +$/, '');
  return outputWriter(type);
}

function writers(types: readonly SqlType[]): (Writer | null)[] {
  return types.map((type) => outputWriter(type));
}

function writerAt(list: readonly (Writer | null)[], index: number): Writer {
  return must(list[index], 'writer of an argument');
}

const JOINS: readonly ScalarFunction[] = [
  scalar({
    signature: '||(text,anynonarray) -> text', doc: 'Joins a string and the text of a value.',
    examples: [[`'Value: ' || 42`, 'Value: 42']], volatility: 'stable',
    specialize: (types) => {
      const write = castWriter(must(types[1], 'type'));
      return (context, a: string, b: Value) => a + write(context, b);
    },
  }),
  scalar({
    signature: '||(anynonarray,text) -> text', doc: 'Joins the text of a value and a string.',
    examples: [[`42 || ' is the value'`, '42 is the value']], volatility: 'stable',
    specialize: (types) => {
      const write = castWriter(must(types[0], 'type'));
      return (context, a: Value, b: string) => write(context, a) + b;
    },
  }),
  scalar({
    signature: 'concat(variadic any) -> text', nulls: 'called', mayBeNull: false,
    volatility: 'stable', doc: 'Joins the texts of all arguments; NULLs count as nothing.',
    examples: [[`concat('abcde', 2, NULL, 22)`, 'abcde222']],
    specialize: (types) => {
      const list = writers(types);
      return (context, ...args: Value[]) => {
        let result = '';
        for (let i = 0; i < args.length; i++) {
          const value = args[i] ?? null;
          if (value !== null) result += writerAt(list, i)(context, value);
        }
        return result;
      };
    },
  }),
  scalar({
    signature: 'concat_ws(text,variadic any) -> text', nulls: 'called', volatility: 'stable',
    doc: 'Joins the texts of the arguments with a separator, passing over NULLs.',
    examples: [[`concat_ws(',', 'abcde', 2, NULL, 22)`, 'abcde,2,22']],
    specialize: (types) => {
      const list = writers(types);
      return (context, separator: Value, ...args: Value[]) => {
        if (separator === null) return null;
        const parts: string[] = [];
        args.forEach((value, i) => {
          if (value !== null) parts.push(writerAt(list, i + 1)(context, value));
        });
        return parts.join(asString(separator));
      };
    },
  }),
];

const DIRECTIVE = /%(?:(\d+)\$)?(-)?(?:(\d+)|\*(?:(\d+)\$)?)?([sIL%]|$|.)/gsu;

interface Arguments {
  readonly context: EvaluationContext;
  readonly values: readonly Value[];
  readonly types: readonly SqlType[];
  readonly writers: readonly (Writer | null)[];
}

function tooFew(): Error {
  return sqlError('22023', 'too few arguments for format()');
}

function nonZero(position: string): number {
  const number = Number(position);
  if (number === 0) {
    throw sqlError('22023', 'format specifies argument 0, but arguments are numbered from 1');
  }
  return number - 1;
}

function converted(args: Arguments, index: number, conversion: string): string {
  if (index >= args.values.length) throw tooFew();
  const value = args.values[index] ?? null;
  if (value === null) {
    if (conversion === 'I') {
      throw sqlError('22004', 'null values cannot be formatted as an SQL identifier');
    }
    return conversion === 'L' ? 'NULL' : '';
  }
  const text = writerAt(args.writers, index)(args.context, value);
  return conversion === 'I' ? quoteIdentifier(text) : conversion === 'L' ? quoteLiteral(text)
    : text;
}

function widthOf(args: Arguments, index: number): number {
  if (index >= args.values.length) throw tooFew();
  const value = args.values[index] ?? null;
  if (value === null) return 0;
  return typeof value === 'number' ? value
    : Number(writerAt(args.writers, index)(args.context, value));
}

/** SQL format(): %s, %I, %L, %% with positions and widths. */
function formatText(template: string, args: Arguments): string {
  let next = 0;
  return template.replace(DIRECTIVE, (...match: unknown[]) => {
    const [whole, position, minus, width, widthPosition, conversion] =
      match as (string | undefined)[];
    if (conversion === '%' && whole === '%%') return '%';
    if (conversion === undefined || conversion === '') {
      throw sqlError('22023', 'unterminated format() type specifier',
        { hint: 'For a single "%" use "%%".' });
    }
    let size = 0;
    if (whole?.includes('*') === true) {
      if (widthPosition !== undefined) next = nonZero(widthPosition);
      size = widthOf(args, next++);
    } else if (width !== undefined) size = Number(width);
    if (!'sIL'.includes(conversion)) {
      throw sqlError('22023', `unrecognized format() type specifier "${conversion}"`,
        { hint: 'For a single "%" use "%%".' });
    }
    const index = position === undefined ? next : nonZero(position);
    next = index + 1;
    const text = converted(args, index, conversion);
    const side = minus !== undefined || size < 0 ? 'right' : 'left';
    const length = Math.abs(size);
    return length <= text.length ? text : padText(text, { length, fill: ' ', side });
  });
}

const FORMATS: readonly ScalarFunction[] = [
  scalar({
    signature: 'format(text) -> text', doc: 'Formats as a template without arguments.',
    examples: [[`format('100%%')`, '100%']],
    evaluateIn: (context, template: string) =>
      formatText(template, { context, values: [], types: [], writers: [] }),
  }),
  scalar({
    signature: 'format(text,variadic any) -> text', nulls: 'called', volatility: 'stable',
    doc: 'Formats arguments into a template: %s text, %I identifier, %L literal, %% percent.',
    examples: [[`format('Hello %s, %1$s', 'World')`, 'Hello World, World'],
      [`format('|%-10s|%I|%L|', 'foo', 'Foo bar', 'O''Reilly')`,
        `|foo       |"Foo bar"|'O''Reilly'|`]],
    specialize: (types) => {
      const rest = types.slice(1);
      const list = writers(rest);
      return (context, template: Value, ...values: Value[]) => (template === null ? null
        : formatText(asString(template), { context, values, types: rest, writers: list }));
    },
  }),
];

const QUOTES: readonly ScalarFunction[] = [
  scalar({
    signature: 'quote_literal(text) -> text', doc: 'A string as a SQL literal.',
    examples: [[`quote_literal(E'O\\'Reilly')`, `'O''Reilly'`]], evaluate: quoteLiteral,
  }),
  scalar({
    signature: 'quote_literal(anyelement) -> text', doc: 'The text of a value as a SQL literal.',
    examples: [['quote_literal(42.5)', `'42.5'`]], volatility: 'stable',
    specialize: (types) => {
      const write = castWriter(must(types[0], 'type'));
      return (context, value: Value) => quoteLiteral(write(context, value));
    },
  }),
  scalar({
    signature: 'quote_nullable(text) -> text', nulls: 'called', mayBeNull: false,
    doc: 'A string as a SQL literal, or the word NULL.',
    examples: [['quote_nullable(NULL)', 'NULL']],
    evaluate: (text: string | null) => (text === null ? 'NULL' : quoteLiteral(text)),
  }),
  scalar({
    signature: 'quote_nullable(anyelement) -> text', nulls: 'called', mayBeNull: false,
    doc: 'The text of a value as a SQL literal, or the word NULL.',
    examples: [['quote_nullable(42.5)', `'42.5'`]], volatility: 'stable',
    specialize: (types) => {
      const write = castWriter(must(types[0], 'type'));
      return (context, value: Value) =>
        (value === null ? 'NULL' : quoteLiteral(write(context, value)));
    },
  }),
  scalar({
    signature: 'num_nulls(variadic any) -> int4', nulls: 'called', mayBeNull: false,
    doc: 'How many of the arguments are NULL.', examples: [['num_nulls(1, NULL, 2)', '1']],
    evaluate: (...args: Value[]) => args.filter((value) => value === null).length,
  }),
  scalar({
    signature: 'num_nonnulls(variadic any) -> int4', nulls: 'called', mayBeNull: false,
    doc: 'How many of the arguments are not NULL.', examples: [['num_nonnulls(1, NULL, 2)', '2']],
    evaluate: (...args: Value[]) => args.filter((value) => value !== null).length,
  }),
];

/** String functions over values of any type. */
export const STRING_FORMATS: readonly ScalarFunction[] = [...JOINS, ...FORMATS, ...QUOTES];
