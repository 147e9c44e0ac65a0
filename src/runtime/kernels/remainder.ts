/**
 * Recognises `column % literal <op> literal` over int8, which kernels compute in doubles.
 *
 * A 64-bit remainder costs 19 ns as bigint and 4 ns as double. Below 2^52 doubles are exact: the
 * quotient is rounded up by at most one, which the sign of the rest tells. Divisor and constant
 * come out of a Float64Array, so that V8 knows they are doubles (17 ns otherwise, all of it boxes).
 */
import { comparisonOp } from '../../planner/function-facts.ts';
import type { ScalarExpr } from '../../planner/relation.ts';

const LITERAL_MAX = 2n ** 31n;
/** High lanes of 64-bit integers below 2^52. */
const SAFE_HIGH = 1 << 20;

/** A comparison of a remainder with a constant. */
export interface RemainderTest {
  readonly column: ScalarExpr & { readonly kind: 'column' };
  /** JavaScript's operator. */
  readonly op: string;
  readonly divisor: bigint;
  readonly constant: bigint;
}

/** The expression as such a test, or null. */
export function remainderTest(expr: ScalarExpr): RemainderTest | null {
  if (expr.kind !== 'call' || !expr.function.endsWith('(int8,int8)')) return null;
  const op = comparisonOp(expr.function);
  const [rest, constant] = expr.args;
  if (op === null || rest?.kind !== 'call' || rest.function !== '%(int8,int8)') return null;
  const [column, divisor] = rest.args;
  if (column?.kind !== 'column' || divisor?.kind !== 'literal' || constant?.kind !== 'literal') {
    return null;
  }
  const [d, c] = [divisor.value, constant.value];
  if (typeof d !== 'bigint' || typeof c !== 'bigint' || d === 0n) return null;
  if (d >= LITERAL_MAX || d <= -LITERAL_MAX || c >= LITERAL_MAX || c <= -LITERAL_MAX) return null;
  return { column, op: op === '=' ? '===' : op === '<>' ? '!==' : op, divisor: d, constant: c };
}

/** What stands for what in the text: variables and arguments. */
export interface RemainderNames {
  readonly value: string;
  /** The column's bigints and its lanes. */
  readonly data: string;
  readonly lanes: string;
  /** The divisor (positive) and the constant, as doubles and as bigints. */
  readonly divisor: string;
  readonly constant: string;
  readonly bigDivisor: string;
  readonly bigConstant: string;
}

/** Statements that leave the answer for row `i` in `value`. */
export function remainderLines(op: string, names: RemainderNames): readonly string[] {
  const { value, data, lanes, divisor, constant } = names;
  const [high, whole, rest] = [`${value}h`, `${value}x`, `${value}r`];
  return [
    `const ${high} = ${lanes}[2 * i + 1]; let ${value};`,
    `if (${high} < ${SAFE_HIGH} && ${high} >= -${SAFE_HIGH}) {`,
    `  const ${whole} = ${high} * 4294967296 + (${lanes}[2 * i] >>> 0);`,
    `  let ${rest} = ${whole} - Math.floor(${whole} / ${divisor}) * ${divisor};`,
    `  if (${rest} < 0) ${rest} += ${divisor};`,
    `  if (${whole} < 0 && ${rest} > 0) ${rest} -= ${divisor};`,
    `  ${value} = ${rest} ${op} ${constant};`,
    `} else ${value} = $.mod8(${data}[i], ${names.bigDivisor}) ${op} ${names.bigConstant};`,
  ];
}
