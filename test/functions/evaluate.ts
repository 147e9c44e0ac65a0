/**
 * Evaluates a SQL expression through parser, planner and the test interpreter, for the function
 * tests: the value's text, or `ERROR sqlstate: message`.
 */
import { SqlError } from '../../src/common/errors.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import { asArray } from '../../src/common/types/values-of.ts';
import { sqlArray } from '../../src/common/values.ts';
import { formatValue } from '../../src/common/types/registry.ts';
import { settingsOf } from '../../src/planner/functions/context.ts';
import { castBetween } from '../../src/planner/functions/registry.ts';
import { CONTEXT, interpret } from '../support/interpreter.ts';
import type { Row } from '../support/interpreter.ts';
import { TestCatalog } from '../planner/plan-harness.ts';

const CATALOG = new TestCatalog();

interface Result {
  readonly types: readonly SqlType[];
  readonly rows: readonly Row[];
}

function run(sql: string): Result {
  const plan = CATALOG.query(`SELECT ${sql}`);
  return {
    types: plan.columns.map((column) => column.type), rows: interpret(plan.dataflow, () => []),
  };
}

/** The text a cast of the expression to text gives; throws what the expression throws. */
export function evaluateText(sql: string): string | null {
  const { types, rows } = run(sql);
  const type = types[0] ?? { name: 'text' };
  const value = rows[0]?.[0] ?? null;
  if (value === null) return null;
  const cast = castBetween(type, { name: 'text' });
  return cast === null ? formatValue(value, type, settingsOf(CONTEXT))
    : String(cast.evaluate(CONTEXT, value) as string);
}

/** The rows of a set-returning call, in their order, as the text of an array. */
export function evaluateSet(sql: string): string | null {
  const { types, rows } = run(sql);
  const type = types[0] ?? { name: 'text' };
  const values = rows.map((row) => row[0] ?? null);
  if (type.name !== 'array') {
    return formatValue(sqlArray(values), { name: 'array', element: type }, settingsOf(CONTEXT));
  }
  const arrays = values.map(asArray);
  const dims = arrays.length === 0 ? [] : [arrays.length, ...(arrays[0]?.dims ?? [])];
  return formatValue({
    kind: 'array', dims, lowerBounds: dims.map(() => 1),
    elements: arrays.flatMap((array) => array.elements),
  }, type, settingsOf(CONTEXT));
}

/** The value's text, `NULL`, or the error as `ERROR sqlstate: message`. */
export function outcome(sql: string, evaluate: typeof evaluateText = evaluateText): string {
  try {
    return evaluate(sql) ?? 'NULL';
  } catch (error) {
    if (error instanceof SqlError) return `ERROR ${error.sqlState}: ${error.message}`;
    throw error;
  }
}
