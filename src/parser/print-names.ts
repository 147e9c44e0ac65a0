/**
 * Prints names, strings and types of the syntax tree.
 *
 * Every keyword is quoted when it is a name. That is more than PostgreSQL's quote_ident does, and
 * needs no thought about where a name stands. The printers of different trees call each other
 * through `Printers`, so that their files need not import each other.
 */
import type { Identifier, QualifiedName } from './ast-leaves.ts';
import type { DataChange, Expr, Option, OptionValue, Query, TypeField, TypeName } from './ast.ts';
import { assertNever } from '../common/assert.ts';
import { KEYWORD_BY_TEXT } from './tokens.ts';

/** What printers need of each other. */
export interface Printers {
  readonly expr: (expr: Expr) => string;
  readonly query: (query: Query) => string;
  readonly change: (change: DataChange) => string;
}

/** Builds `a, b, c` from any list. */
export function commas<T>(items: readonly T[], print: (item: T) => string): string {
  return items.map(print).join(', ');
}

/** Joins the parts that are there with spaces. */
export function words(...parts: readonly (string | false | null | undefined)[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' ');
}

/** A name, quoted where it must be. */
export function printName(name: string): string {
  const plain = /^[a-z_][a-z0-9_$]*$/.test(name) && !KEYWORD_BY_TEXT.has(name);
  return plain ? name : `"${name.replaceAll('"', '""')}"`;
}

/** An identifier. */
export function printIdentifier(identifier: Identifier): string {
  return printName(identifier.name);
}

/** a.b.c */
export function printParts(parts: readonly Identifier[]): string {
  return parts.map(printIdentifier).join('.');
}

/** A qualified name. */
export function printQualified(name: QualifiedName): string {
  return printParts(name.parts);
}

/** (a, b), or nothing for an empty list. */
export function printNameList(names: readonly Identifier[]): string {
  return names.length === 0 ? '' : `(${commas(names, printIdentifier)})`;
}

/** A string literal. */
export function printString(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** Type names that are keywords and must stay bare to take their words and modifiers. */
const bareTypes: ReadonlySet<string> = new Set([
  'interval',
  'time',
  'timestamp',
  'numeric',
  'varchar',
  'bit',
]);

/** Types whose plain name takes no modifiers before a literal: words in front and behind them. */
const spelledTypes: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['bpchar', ['character', '']],
  ['varbit', ['bit varying', '']],
  ['timetz', ['time', ' with time zone']],
  ['timestamptz', ['timestamp', ' with time zone']],
]);

/** A type; `withFields` false leaves out interval fields: a literal has them behind its string. */
export function printType(p: Printers, type: TypeName, withFields: boolean = true): string {
  const only = type.name.parts.length === 1 ? (type.name.parts[0]?.name ?? '') : '';
  const hasFields = type.intervalFields !== null;
  const modifiers =
    type.modifiers.length === 0 || (hasFields && !withFields)
      ? ''
      : `(${commas(type.modifiers, p.expr)})`;
  const spelled = modifiers === '' ? undefined : spelledTypes.get(only);
  const name = bareTypes.has(only) ? only : printQualified(type.name);
  const fields = type.fields.length === 0 ? '' : `<${printTypeFields(p, type.fields)}>`;
  const words = hasFields && withFields ? ` ${type.intervalFields}` : '';
  const base =
    fields !== ''
      ? `struct${fields}`
      : spelled === undefined
        ? `${name}${words}${modifiers}`
        : `${spelled[0]}${modifiers}${spelled[1]}`;
  return `${type.setof ? 'SETOF ' : ''}${base}${'[]'.repeat(type.arrayDimensions)}`;
}

/** a int, b text */
export function printTypeFields(p: Printers, fields: readonly TypeField[]): string {
  return commas(fields, (field) => `${printIdentifier(field.name)} ${printType(p, field.type)}`);
}

/** Option names that need no quotes. */
const plainOption = /^[a-z_][a-z0-9_$]*([. ][a-z_][a-z0-9_$]*)*$/;

/** name = value */
export function printOption(p: Printers, option: Option): string {
  const name = plainOption.test(option.name) ? option.name : printString(option.name);
  return option.value === null ? name : `${name} = ${printOptionValue(p, option.value)}`;
}

/** (a = 1, b) */
export function printOptions(p: Printers, options: readonly Option[]): string {
  return `(${commas(options, (option) => printOption(p, option))})`;
}

/** WITH (a = 1), or nothing. */
export function printWith(p: Printers, options: readonly Option[]): string {
  return options.length === 0 ? '' : `WITH ${printOptions(p, options)}`;
}

/** The value of an option. */
export function printOptionValue(p: Printers, value: OptionValue): string {
  switch (value.kind) {
    case 'secretRef':
      return `SECRET ${printQualified(value.name)}`;
    case 'optionList':
      return `(${commas(value.items, (item) => printOptionValue(p, item))})`;
    default:
      return p.expr(value);
  }
}

/** Ends printers' switches; kept here so that all name the same thing. */
export function unknownNode(value: never): never {
  return assertNever(value, 'syntax node');
}
