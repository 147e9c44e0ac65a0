/**
 * RowDescription and DataRow: result columns and batches as messages.
 *
 * A cell encoder is chosen once per column by type and format; encoding reads columns directly.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatValue, typeDefinition, typeOid, typmodOf } from '../../common/types/registry.ts';
import type { FormatSettings } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { Batch, Column } from '../../runtime/batch.ts';
import { cell } from '../../runtime/batch.ts';
import type { MessageWriter } from './writer.ts';

/** 0 text, 1 binary; one per column. */
export type Formats = readonly number[];

/** Result formats per column from what Bind said: none, one for all, or one each. */
export function resultFormats(given: readonly number[], columns: number): Formats {
  if (given.length === 0) return Array.from<number>({ length: columns }).fill(0);
  if (given.length === 1) return Array.from<number>({ length: columns }).fill(given[0] ?? 0);
  if (given.length !== columns) {
    throw sqlError('08P01', `bind message has ${given.length} result formats but query has `
      + `${columns} columns`);
  }
  return given;
}

/** Writes RowDescription. */
export function writeRowDescription(
  writer: MessageWriter, columns: readonly ResultColumn[], formats: Formats,
): void {
  writer.begin('T').int16(columns.length);
  for (const [at, column] of columns.entries()) {
    writer.text(column.name).int32(column.relation).int16(column.attribute)
      .int32(typeOid(column.type)).int16(typeDefinition(column.type).typlen)
      .int32(typmodOf(column.type)).int16(formats[at] ?? 0);
  }
  writer.end();
}

/** A batch, with texts of the columns that only the engine can write. */
export interface Rows {
  readonly batch: Batch;
  readonly texts?: readonly (readonly (string | null)[] | null)[] | null | undefined;
}

type CellWriter = (writer: MessageWriter, column: Column, row: number) => void;

/** Writes the rows of batches with fixed columns and formats. */
export class RowWriter {
  readonly #cells: readonly CellWriter[];
  readonly #formats: Formats;

  constructor(columns: readonly ResultColumn[], formats: Formats, settings: FormatSettings) {
    this.#formats = formats;
    this.#cells = columns.map(({ type }, at) => formats[at] === 1
      ? binaryCell(type) : textCell(type, settings));
  }

  /** Writes row `row` as a DataRow message. */
  write(writer: MessageWriter, { batch, texts }: Rows, row: number): void {
    const cells = this.#cells;
    writer.begin('D').int16(cells.length);
    for (let at = 0; at < cells.length; at++) {
      const column = must(batch.columns[at], 'column');
      if (column.nulls !== null && column.nulls[row] === 1) writer.int32(-1);
      else if (texts?.[at] === undefined || texts[at] === null || this.#formats[at] === 1) {
        must(cells[at], 'cell')(writer, column, row);
      } else {
        writer.value(texts[at]?.[row] ?? '');
      }
    }
    writer.end();
  }
}

function textCell(type: SqlType, settings: FormatSettings): CellWriter {
  switch (type.name) {
    case 'int2': case 'int4': case 'int8':
      return (writer, column, row) => {
        writer.value((column.data[row] as number | bigint).toString());
      };
    case 'boolean':
      return (writer, column, row) => { writer.value(column.data[row] === 1 ? 't' : 'f'); };
    case 'text': case 'varchar': case 'json': case 'uuid': case 'name':
      return (writer, column, row) => { writer.value(column.data[row] as string); };
    default:
      return (writer, column, row) => {
        writer.value(formatValue(cell(column, row), type, settings) ?? '');
      };
  }
}

function binaryCell(type: SqlType): CellWriter {
  const definition = typeDefinition(type);
  return (writer, column, row) => {
    const bytes = definition.encodeBinary(cell(column, row), type);
    writer.int32(bytes.length).raw(bytes);
  };
}
