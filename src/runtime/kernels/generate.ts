/**
 * Generates the statements that compute bound expressions for row `i` of a batch.
 *
 * Three-valued logic, NULL propagation, laziness and range checks live here, so no operator can
 * forget them. Every sub-expression becomes a variable and, where it can be NULL, a second one that
 * says so; both are decided statically as far as possible. Source holds numbers of slots and
 * operator text only; literals and functions are arguments, listed in `args`.
 */
import { assertNever, must } from '../../common/assert.ts';
import { physicalOf } from '../../common/types/sql-type.ts';
import type { Physical, SqlType } from '../../common/types/sql-type.ts';
import type { ScalarFunction } from '../../planner/functions/entry.ts';
import { castBetween, evaluatorOf, functionById } from '../../planner/functions/registry.ts';
import type { ScalarExpr } from '../../planner/relation.ts';
import {
  allFieldsNull, arrayComparer, arrayMaker, forgiving, sameReference, typmodFitter,
} from './helpers.ts';
import { keyKindOf } from './key-kind.ts';
import { remainderLines, remainderTest } from './remainder.ts';
import type { RemainderTest } from './remainder.ts';

/** Where the value of an expression is, and whether it is NULL (null: never). */
export interface Code {
  readonly value: string;
  readonly isNull: string | null;
}

/** A batch column the code reads. */
export interface InputColumn {
  readonly index: number;
  readonly type: SqlType;
}

const TRUE = 'true';

/** The zero of a physical kind, as source. */
export function zeroText(kind: Physical): string {
  switch (kind) {
    case 'bool': return 'false';
    case 'i32': case 'f64': return '0';
    case 'i64': return '0n';
    case 'ref': return 'null';
    default: return assertNever(kind);
  }
}

/** Emits statements for expressions over one row; see the head of the file. */
export class Generator {
  /** Columns read, in the order of their `b` and `m` numbers. */
  readonly inputs: InputColumn[] = [];
  /** Inputs whose 64-bit integers are read as lanes `l` too. */
  readonly lanes: Set<number> = new Set();
  /** What the generated code gets as arguments a0, a1, ... */
  readonly args: unknown[] = [];
  readonly #withNulls: boolean;
  readonly #lines: string[] = [];
  #indent: string;
  #names = 0;
  #scopes: Map<number, Code>[] = [new Map()];

  /** `withNulls`: columns may hold NULL; otherwise none of those read does. */
  constructor(withNulls: boolean, indent: string) {
    this.#withNulls = withNulls;
    this.#indent = indent;
  }

  /** The statements emitted so far. */
  get text(): string { return this.#lines.join('\n'); }

  /** Adds a statement. */
  line(text: string): void {
    this.#lines.push(this.#indent + text);
  }

  /** Opens a block; what is computed in it is not known behind it. */
  open(text: string): void {
    this.line(`${text} {`);
    this.#indent += '  ';
    this.#scopes.push(new Map());
  }

  /** Closes the block. */
  close(): void {
    this.#scopes.pop();
    this.#indent = this.#indent.slice(2);
    this.line('}');
  }

  /** Statements that skip the row unless the predicate is true; ANDs become steps. */
  filter(predicate: ScalarExpr): void {
    if (predicate.kind === 'and') {
      for (const arg of predicate.args) this.filter(arg);
      return;
    }
    const { value, isNull } = this.expression(predicate);
    if (isNull === TRUE) this.line('if (true) continue;');
    else this.line(isNull === null ? `if (!${value}) continue;`
      : `if (${isNull} || !${value}) continue;`);
  }

  /** Emits what computes the expression. */
  expression(expr: ScalarExpr): Code {
    switch (expr.kind) {
      case 'column': return this.#column(expr.index, expr.type);
      case 'literal': return expr.value === null ? this.#nullOf(expr.type)
        : { value: this.#arg(expr.value), isNull: null };
      case 'now': return { value: 'ctx.now', isNull: null };
      case 'call': return this.#call(expr);
      case 'cast': return this.#cast(expr);
      case 'and': return this.#logic(expr.args, true);
      case 'or': return this.#logic(expr.args, false);
      case 'not': return this.#not(expr.arg);
      case 'isNull': return this.#isNull(expr.arg);
      case 'isTruth': return this.#isTruth(expr.arg, expr.truth);
      case 'notDistinct': return this.#notDistinct(expr.left, expr.right);
      case 'case': return this.#case(expr);
      case 'coalesce': return this.#coalesce(expr.args, expr.type);
      case 'array': {
        const make = this.#arg(arrayMaker(expr.type));
        return this.#constant(`${make}([${this.#plainList(expr.elements)}])`);
      }
      case 'record': return this.#constant(`$.record([${this.#plainList(expr.fields)}])`);
      case 'field': return this.#guarded([this.expression(expr.arg)], expr.type, {
        text: ([record]) => `${String(record)}.values[${expr.index}] ?? null`, mayBeNull: true,
      });
      case 'arrayCompare': return this.#arrayCompare(expr);
      case 'outer': case 'param': case 'subquery':
        throw new Error(`no kernel for ${expr.kind}`);
      default: return assertNever(expr);
    }
  }

  /** The value with NULL as `null`: for code that sees NULLs. */
  plain({ value, isNull }: Code): string {
    if (isNull === null) return value;
    return isNull === TRUE ? 'null' : `(${isNull} ? null : ${value})`;
  }

  #plainList(exprs: readonly ScalarExpr[]): string {
    return exprs.map((expr) => this.plain(this.expression(expr))).join(', ');
  }

  #name(): string {
    return `v${this.#names++}`;
  }

  #arg(value: unknown): string {
    this.args.push(value);
    return `a${this.args.length - 1}`;
  }

  #constant(text: string): Code {
    const value = this.#name();
    this.line(`const ${value} = ${text};`);
    return { value, isNull: null };
  }

  #nullOf(type: SqlType): Code {
    return { value: zeroText(physicalOf(type)), isNull: TRUE };
  }

  /** The number of a column among those read. */
  #input(index: number, type: SqlType): number {
    const at = this.inputs.findIndex((input) => input.index === index);
    return at < 0 ? this.inputs.push({ index, type }) - 1 : at;
  }

  #column(index: number, type: SqlType): Code {
    for (const scope of this.#scopes) {
      const known = scope.get(index);
      if (known !== undefined) return known;
    }
    const at = this.#input(index, type);
    const value = this.#name();
    const read = `b${at}[i]`;
    this.line(`const ${value} = ${physicalOf(type) === 'bool' ? `${read} === 1` : read};`);
    let isNull: string | null = null;
    if (this.#withNulls) {
      isNull = this.#name();
      this.line(`const ${isNull} = m${at}[i] === 1;`);
    }
    const code = { value, isNull };
    this.#scopes.at(-1)?.set(index, code);
    return code;
  }

  /** `text` over values none of which is NULL; NULL when one is. */
  #guarded(
    args: readonly Code[], type: SqlType,
    result: { readonly text: (args: readonly string[]) => string; readonly mayBeNull: boolean },
  ): Code {
    const guards = [...new Set(args.flatMap(({ isNull }) => isNull === null ? [] : [isNull]))];
    if (guards.includes(TRUE)) return this.#nullOf(type);
    const text = result.text(args.map(({ value }) => value));
    const value = this.#name();
    if (guards.length === 0) {
      this.line(`const ${value} = ${text};`);
      return { value, isNull: result.mayBeNull ? `(${value} === null)` : null };
    }
    const isNull = this.#name();
    this.line(`const ${isNull} = ${guards.join(' || ')};`);
    this.line(`const ${value} = ${isNull} ? ${result.mayBeNull ? 'null'
      : zeroText(physicalOf(type))} : ${text};`);
    return { value, isNull: result.mayBeNull ? `(${value} === null)` : isNull };
  }

  /** `column % 123 = 0` in doubles; see remainder.ts. */
  #remainder({ column, op, divisor, constant }: RemainderTest): Code {
    const at = this.#input(column.index, column.type);
    this.lanes.add(at);
    const value = this.#name();
    const positive = divisor < 0n ? -divisor : divisor;
    const numbers = this.#arg(Float64Array.of(Number(positive), Number(constant)));
    for (const line of remainderLines(op, {
      value, data: `b${at}`, lanes: `l${at}`, divisor: `${numbers}[0]`, constant: `${numbers}[1]`,
      bigDivisor: this.#arg(positive), bigConstant: this.#arg(constant),
    })) this.line(line);
    return { value, isNull: this.#withNulls ? `(m${at}[i] === 1)` : null };
  }

  #call(expr: ScalarExpr & { readonly kind: 'call' }): Code {
    const test = remainderTest(expr);
    if (test !== null) return this.#remainder(test);
    const entry = scalarById(expr.function);
    const args = expr.args.map((arg) => this.expression(arg));
    const { inline } = entry;
    const code = (): string =>
      this.#arg(evaluatorOf(entry, expr.args.map((arg) => arg.type), expr.type));
    if (entry.nulls === 'propagate') {
      return this.#guarded(args, expr.type, inline !== undefined
        ? { text: (values) => inline(...values), mayBeNull: false }
        : { text: (values) => `${code()}(${['ctx', ...values].join(', ')})`, mayBeNull: true });
    }
    const values = args.map((arg) => this.plain(arg));
    const { value } = this.#constant(`${code()}(${['ctx', ...values].join(', ')})`);
    return { value, isNull: entry.mayBeNull ? `(${value} === null)` : null };
  }

  #cast(expr: ScalarExpr & { readonly kind: 'cast' }): Code {
    const { arg, type } = expr;
    const entry = must(castBetween(arg.type, type), `cast ${arg.type.name} to ${type.name}`);
    const code = this.expression(arg);
    const fit = type.mods === undefined && type.name !== 'array' ? null
      : typmodFitter(type, expr.context !== 'assignment');
    if (expr.context === 'try') {
      const attempt = this.#arg(forgiving((context, value) => {
        const made = entry.evaluate(context, value);
        return fit === null ? made : fit(made);
      }));
      return this.#guarded([code], type, {
        text: ([value]) => `${attempt}(ctx, ${String(value)})`, mayBeNull: true,
      });
    }
    const { inline } = entry;
    return this.#guarded([code], type, {
      text: ([value]) => {
        const made = inline !== undefined ? inline(String(value))
          : `${this.#arg(entry.evaluate)}(ctx, ${String(value)})`;
        return fit === null ? made : `${this.#arg(fit)}(${made})`;
      },
      mayBeNull: inline === undefined,
    });
  }

  /** AND (`all`) or OR: stops at the first false (true). */
  #logic(args: readonly ScalarExpr[], all: boolean): Code {
    const [value, isNull, label] = [this.#name(), this.#name(), this.#name()];
    this.line(`let ${value} = ${String(all)}, ${isNull} = false;`);
    this.open(`${label}:`);
    let nullable = false;
    for (const arg of args) {
      const code = this.expression(arg);
      const decided = `${value} = ${String(!all)}; ${isNull} = false; break ${label};`;
      const decides = all ? `!${code.value}` : code.value;
      if (code.isNull !== null) nullable = true;
      if (code.isNull === TRUE) this.line(`${isNull} = true;`);
      else if (code.isNull === null) this.line(`if (${decides}) { ${decided} }`);
      else {
        this.line(`if (${code.isNull}) ${isNull} = true;`);
        this.line(`else if (${decides}) { ${decided} }`);
      }
    }
    this.close();
    return { value, isNull: nullable ? isNull : null };
  }

  #not(arg: ScalarExpr): Code {
    const { value, isNull } = this.expression(arg);
    return { value: `(!${value})`, isNull };
  }

  #isNull(arg: ScalarExpr): Code {
    const code = this.expression(arg);
    if (arg.type.name === 'record' && code.isNull !== TRUE) {
      const empty = `${this.#arg(allFieldsNull)}(${code.value})`;
      return this.#constant(code.isNull === null ? empty : `${code.isNull} || ${empty}`);
    }
    return { value: code.isNull ?? 'false', isNull: null };
  }

  #isTruth(arg: ScalarExpr, truth: boolean | null): Code {
    const { value, isNull } = this.expression(arg);
    if (truth === null) return { value: isNull ?? 'false', isNull: null };
    const test = truth ? value : `!${value}`;
    return { value: isNull === null ? `(${test})` : `(!${isNull} && ${test})`, isNull: null };
  }

  #notDistinct(left: ScalarExpr, right: ScalarExpr): Code {
    const [a, b] = [this.expression(left), this.expression(right)];
    if (a.isNull === TRUE) return { value: b.isNull ?? 'false', isNull: null };
    if (b.isNull === TRUE) return { value: a.isNull ?? 'false', isNull: null };
    const same = this.#sameText(left.type, a.value, b.value);
    if (a.isNull === null && b.isNull === null) return this.#constant(same);
    if (a.isNull === null) return this.#constant(`!${String(b.isNull)} && ${same}`);
    if (b.isNull === null) return this.#constant(`!${a.isNull} && ${same}`);
    return this.#constant(`${a.isNull} ? ${b.isNull} : !${b.isNull} && ${same}`);
  }

  #sameText(type: SqlType, a: string, b: string): string {
    switch (keyKindOf(type)) {
      case 'f64': return `(${a} === ${b} || (${a} !== ${a} && ${b} !== ${b}))`;
      case 'ref': return `${this.#arg(sameReference(type))}(${a}, ${b})`;
      case 'u32': return `(${a} | 0) === (${b} | 0)`;
      default: return `${a} === ${b}`;
    }
  }

  #case(expr: ScalarExpr & { readonly kind: 'case' }): Code {
    const result = this.#result(expr.type);
    for (const { when, then } of expr.whens) {
      const test = this.expression(when);
      if (test.isNull === TRUE) continue;
      this.open(test.isNull === null ? `if (${test.value})`
        : `if (!${test.isNull} && ${test.value})`);
      this.#assign(result, this.expression(then));
      this.line(`break ${result.label};`);
      this.close();
    }
    this.#assign(result, this.expression(expr.otherwise));
    this.close();
    return { value: result.value, isNull: result.isNull };
  }

  #coalesce(args: readonly ScalarExpr[], type: SqlType): Code {
    const result = this.#result(type);
    let certain = false;
    for (const arg of args) {
      const code = this.expression(arg);
      if (code.isNull === TRUE) continue;
      if (code.isNull === null) {
        this.line(`${result.value} = ${code.value}; ${result.isNull} = false;`);
        certain = true;
        break;
      }
      this.line(`if (!${code.isNull}) { ${result.value} = ${code.value}; `
        + `${result.isNull} = false; break ${result.label}; }`);
    }
    this.close();
    return { value: result.value, isNull: certain ? null : result.isNull };
  }

  /** Variables for a value that is found in a labelled block, which this opens. */
  #result(type: SqlType): { readonly value: string; readonly isNull: string; label: string } {
    const [value, isNull, label] = [this.#name(), this.#name(), this.#name()];
    this.line(`let ${value} = ${zeroText(physicalOf(type))}, ${isNull} = true;`);
    this.open(`${label}:`);
    return { value, isNull, label };
  }

  #assign(result: { readonly value: string; readonly isNull: string }, code: Code): void {
    if (code.isNull === TRUE) return;
    this.line(`${result.value} = ${code.value}; ${result.isNull} = ${code.isNull ?? 'false'};`);
  }

  #arrayCompare(expr: ScalarExpr & { readonly kind: 'arrayCompare' }): Code {
    const entry = scalarById(expr.function);
    const element = expr.array.type.element ?? expr.left.type;
    const code = evaluatorOf(entry, [expr.left.type, element], expr.type);
    const compare = this.#arg(arrayComparer(code, expr.all, entry.nulls === 'propagate'));
    const left = this.plain(this.expression(expr.left));
    return this.#guarded([this.expression(expr.array)], expr.type, {
      text: ([array]) => `${compare}(ctx, ${left}, ${String(array)})`, mayBeNull: true,
    });
  }
}

function scalarById(id: string): ScalarFunction {
  const entry = functionById(id);
  if (entry.kind !== 'scalar') throw new Error(`${id} is no scalar function`);
  return entry;
}
