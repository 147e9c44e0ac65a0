/**
 * Random changes of tables, epoch by epoch, as SQL that both sides run: inserts, updates and
 * deletes by key or by whole row, one in ten taking an earlier one back, and now and then a
 * predicate over many rows.
 *
 * The model of rows here only serves to hit rows that exist: when it is wrong (rows that are equal
 * but written differently) a statement hits other rows, on both sides the same.
 */
import type { Choices } from './choices.ts';
import { literal, randomValue } from './schema.ts';
import type { Table } from './schema.ts';

type Row = readonly (string | null)[];

/** What happens between two comparisons. */
export interface Epoch {
  readonly statements: readonly string[];
  /** Views to be dropped and made again before the statements. */
  readonly recreate: readonly number[];
  /** The engine is closed and opened again after the statements. */
  readonly restart: boolean;
}

/** Makes the stream of changes of one case. */
export class ChangeStream {
  readonly #choices: Choices;
  readonly #tables: readonly Table[];
  readonly #rows: Row[][];
  #undo: (() => string | null)[] = [];
  #keys = 0;

  constructor(tables: readonly Table[], choices: Choices) {
    this.#tables = tables;
    this.#choices = choices;
    this.#rows = tables.map(() => []);
  }

  /** The rows the tables start with. */
  initial(): readonly string[] {
    return this.#tables.flatMap((_, at) => Array.from(
      { length: this.#choices.below(7) }, () => this.#insert(at)));
  }

  /** One epoch; `views` is how many there are. */
  epoch(views: number): Epoch {
    const choices = this.#choices;
    const statements = Array.from({ length: 1 + choices.below(choices.chance(20) ? 20 : 4) },
      () => this.#change());
    return {
      statements, restart: choices.chance(2),
      recreate: choices.chance(5) && views > 0 ? [choices.below(views)] : [],
    };
  }

  #change(): string {
    const at = this.#choices.below(this.#tables.length);
    const rows = this.#rowsOf(at);
    if (this.#choices.chance(10)) {
      const undone = this.#undo.splice(this.#choices.below(Math.max(this.#undo.length, 1)), 1)[0];
      const text = undone?.() ?? null;
      if (text !== null) {
        this.#choices.count('change: revert');
        return text;
      }
    }
    if (rows.length === 0) return this.#insert(at);
    if (rows.length > 9) return this.#delete(at);
    return this.#choices.choose('change', {
      '3*insert': () => this.#insert(at), '3*update': () => this.#update(at),
      '2*delete': () => this.#delete(at), bulk: () => this.#bulk(at),
    });
  }

  #rowsOf(at: number): Row[] {
    return this.#rows[at] ?? [];
  }

  #tableOf(at: number): Table {
    const table = this.#tables[at];
    if (table === undefined) throw new Error('no such table');
    return table;
  }

  #insert(at: number): string {
    const table = this.#tableOf(at);
    const copied = !table.keyed && this.#rowsOf(at).length > 0 && this.#choices.chance(20);
    const row = copied ? this.#choices.pick(this.#rowsOf(at)) : table.columns.map(
      ({ type }, column) => column === 0 && table.keyed ? String(++this.#keys)
        : randomValue(type, this.#choices));
    this.#undo.push(() => this.#remove(at, row));
    return this.#put(at, row);
  }

  #put(at: number, row: Row): string {
    const table = this.#tableOf(at);
    this.#rowsOf(at).push(row);
    const values = row.map((value, column) =>
      literal(value, table.columns[column]?.type ?? 'text'));
    return `INSERT INTO ${table.name} VALUES (${values.join(', ')})`;
  }

  /** WHERE clause of a row; in a bag all rows equal to it. */
  #where(at: number, row: Row): string {
    const table = this.#tableOf(at);
    const columns = table.keyed ? table.columns.slice(0, 1) : table.columns;
    return columns.map(({ name, type }, column) => {
      const value = row[column] ?? null;
      return value === null ? `${name} IS NULL` : `${name} = ${literal(value, type)}`;
    }).join(' AND ');
  }

  #same(at: number, row: Row): Row[] {
    const keyed = this.#tableOf(at).keyed;
    return this.#rowsOf(at).filter((each) => keyed ? each[0] === row[0]
      : each.every((value, column) => value === row[column]));
  }

  #remove(at: number, row: Row): string | null {
    const gone = this.#same(at, row);
    if (gone.length === 0) return null;
    this.#rows[at] = this.#rowsOf(at).filter((each) => !gone.includes(each));
    return `DELETE FROM ${this.#tableOf(at).name} WHERE ${this.#where(at, row)}`;
  }

  #delete(at: number): string {
    const row = this.#choices.pick(this.#rowsOf(at));
    const copies = this.#same(at, row);
    this.#undo.push(() => this.#tableOf(at).keyed && this.#same(at, row).length > 0 ? null
      : copies.map(() => this.#put(at, row)).join('; '));
    return this.#remove(at, row) ?? '';
  }

  #update(at: number): string {
    const table = this.#tableOf(at);
    const row = this.#choices.pick(this.#rowsOf(at));
    const column = this.#choices.below(table.columns.length);
    const type = table.columns[column]?.type ?? 'int4';
    const value = column === 0 && table.keyed ? String(++this.#keys)
      : randomValue(type, this.#choices);
    const before = row[column] ?? null;
    this.#undo.push(() => this.#set(at, row.with(column, value), { column, value: before }));
    return this.#set(at, row, { column, value }) ?? '';
  }

  #set(
    at: number, row: Row, to: { readonly column: number; readonly value: string | null },
  ): string | null {
    const table = this.#tableOf(at);
    const target = table.columns[to.column];
    const found = this.#same(at, row);
    if (found.length === 0 || target === undefined) return null;
    if (table.keyed && to.column === 0
      && this.#rowsOf(at).some((each) => each[0] === to.value)) return null;
    this.#rows[at] = this.#rowsOf(at).map((each) =>
      found.includes(each) ? each.with(to.column, to.value) : each);
    return `UPDATE ${table.name} SET ${target.name} = ${literal(to.value, target.type)} `
      + `WHERE ${this.#where(at, row)}`;
  }

  /** A change of all rows that have some value in some column. */
  #bulk(at: number): string {
    const table = this.#tableOf(at);
    const column = this.#choices.below(table.columns.length);
    const target = table.columns[column];
    if (target === undefined) return '';
    const old = this.#choices.pick(this.#rowsOf(at))[column] ?? null;
    const hit = old === null ? `${target.name} IS NULL`
      : `${target.name} = ${literal(old, target.type)}`;
    if (column === 0 && table.keyed || this.#choices.chance(30)) {
      this.#rows[at] = this.#rowsOf(at).filter((row) => row[column] !== old);
      return `DELETE FROM ${table.name} WHERE ${hit}`;
    }
    const value = randomValue(target.type, this.#choices);
    this.#rows[at] = this.#rowsOf(at).map((row) =>
      row[column] === old ? row.with(column, value) : row);
    return `UPDATE ${table.name} SET ${target.name} = ${literal(value, target.type)} WHERE ${hit}`;
  }
}
