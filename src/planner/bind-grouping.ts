/**
 * GROUP BY: what the elements mean (ordinals, output names, expressions, windows), and the lists of
 * ROLLUP, CUBE and GROUPING SETS.
 */
import { sqlError } from '../common/errors.ts';
import type { Expr, GroupItem, Select } from '../parser/ast.ts';
import type { Binder } from './bind-context.ts';
import { isOtherConstant } from './bind-sort-keys.ts';
import type { Target } from './bind-targets.ts';
import {
  columnNumber, groupWindowSyntax, timeColumn, windowNode, windowSpec,
} from './bind-windows.ts';
import type { Facted } from './bind-windows.ts';
import { settle } from './coerce.ts';
import { aggregatesNotAllowed, windowsNotAllowed } from './errors.ts';
import { columnsUsed } from './expr-tools.ts';
import type { ScalarExpr } from './relation.ts';
import { exprKey } from './scalar.ts';
import { AGGREGATE_BASE, findColumn, OVER_BASE, TABLE_CALL_BASE } from './scope.ts';
import type { GroupWindow } from './scope.ts';

/** Most grouping sets of a query, as in PostgreSQL. */
const GROUPING_SETS_MAX = 4096;

/** Grouping expressions, and the sets of their numbers (null: one set with all of them). */
export interface Grouping {
  readonly exprs: ScalarExpr[];
  readonly sets: readonly (readonly number[])[] | null;
}

/** Adds the window of GROUP BY TUMBLE(...) above the input; null without one. */
export function bindGroupWindow(
  binder: Binder, select: Select, input: Facted,
): { readonly input: Facted; readonly window: GroupWindow } | null {
  const plain = select.groupBy.flatMap((item) => (item.kind === 'groupExpr' ? [item.expr] : []));
  const calls = plain.flatMap((expr) => {
    const syntax = groupWindowSyntax(expr);
    return syntax === null ? [] : [syntax];
  });
  const call = calls[0];
  if (call === undefined) return null;
  const second = calls[1];
  if (second !== undefined) {
    throw sqlError('0A000', 'several windows in GROUP BY are not supported', { span: second.span });
  }
  let source = input;
  const partition: number[] = [];
  if (call.window === 'session') {
    for (const expr of plain) {
      if (groupWindowSyntax(expr) !== null) continue;
      const placed = columnNumber(source, binder.bind(expr));
      source = placed.input;
      partition.push(placed.column);
    }
  }
  const time = timeColumn(binder, source, {
    expr: call.time, what: call.window.toUpperCase(), span: call.span,
  });
  const spec = windowSpec(binder, call, partition);
  const node = windowNode(time.input, spec, { column: time.column, grace: 0n });
  const count = node.relation.columns.length;
  const column = (at: number): ScalarExpr => ({
    kind: 'column', index: count - 3 + at,
    type: node.relation.columns[count - 3 + at]?.type ?? { name: 'timestamp' },
  });
  return {
    input: node,
    window: { kind: call.window, start: column(0), end: column(1), time: column(2) },
  };
}

/** Resolves GROUP BY. */
export function bindGrouping(
  binder: Binder, select: Select, targets: readonly Target[],
): Grouping {
  const collector = new GroupCollector(binder, select, targets);
  const lists = select.groupBy.map((item) => collector.setsOf(item));
  const plain = lists.every((sets) => sets.length === 1);
  const implicit = binder.scope.implicitWindow.map((expr) => collector.add(expr));
  if (plain && !select.groupBy.some((item) => item.kind === 'groupSets')) {
    return { exprs: collector.exprs, sets: null };
  }
  let sets: number[][] = [[...implicit]];
  for (const list of lists) {
    sets = sets.flatMap((left) => list.map((right) => [...new Set([...left, ...right])]));
    if (sets.length > GROUPING_SETS_MAX) {
      throw sqlError('54001', `too many grouping sets present (maximum ${GROUPING_SETS_MAX})`, {
        span: select.span,
      });
    }
  }
  return { exprs: collector.exprs, sets: select.groupDistinct ? distinctSets(sets) : sets };
}

function distinctSets(sets: readonly number[][]): number[][] {
  const seen = new Set<string>();
  return sets.filter((set) => {
    const key = set.toSorted((a, b) => a - b).join(',');
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Collects the distinct grouping expressions and numbers them. */
class GroupCollector {
  readonly exprs: ScalarExpr[] = [];
  readonly #binder: Binder;
  readonly #select: Select;
  readonly #targets: readonly Target[];
  readonly #keys = new Map<string, number>();

  constructor(binder: Binder, select: Select, targets: readonly Target[]) {
    this.#binder = binder;
    this.#select = select;
    this.#targets = targets;
  }

  add(expr: ScalarExpr): number {
    const key = exprKey(expr);
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    this.#keys.set(key, this.exprs.length);
    return this.exprs.push(expr) - 1;
  }

  /** The grouping sets an element stands for. */
  setsOf(item: GroupItem): readonly (readonly number[])[] {
    switch (item.kind) {
      case 'groupEmpty': return [[]];
      case 'groupExpr': return [this.#element(item.expr)];
      case 'groupSets': return item.sets.flatMap((each) => this.setsOf(each));
      case 'groupRollup': {
        const parts = item.items.map((each) => this.#element(each));
        return item.function === 'rollup' ? rollup(parts) : cube(parts);
      }
    }
  }

  /** (a, b) is several expressions, anything else one. */
  #element(expr: Expr): number[] {
    if (expr.kind === 'row' && !expr.explicit) {
      return expr.items.flatMap((each) => this.#element(each));
    }
    const window = this.#window(expr);
    if (window !== null) return window;
    return [this.add(this.#resolve(expr))];
  }

  #window(expr: Expr): number[] | null {
    const { groupWindow } = this.#binder.scope;
    if (groupWindow === null || groupWindowSyntax(expr) === null) return null;
    return [this.add(groupWindow.start), this.add(groupWindow.end)];
  }

  /** Ordinals are output columns; a bare name is a column of FROM, else an output name. */
  #resolve(expr: Expr): ScalarExpr {
    const binder = this.#binder;
    if (expr.kind === 'integerLiteral') {
      const target = this.#targets[Number(expr.text) - 1];
      if (target === undefined) {
        throw sqlError('42P10', `GROUP BY position ${expr.text} is not in select list`, {
          span: expr.span,
        });
      }
      return this.#plain(target.expr, expr);
    }
    const name = expr.kind === 'columnRef' && expr.parts.length === 1
      ? expr.parts[0]?.name ?? null : null;
    if (name !== null && findColumn(binder.scope, name, expr.span) === null) {
      const target = this.#outputNamed(name, expr);
      if (target !== null) return this.#plain(target, expr);
    }
    if (isOtherConstant(expr)) {
      throw sqlError('42601', 'non-integer constant in GROUP BY', { span: expr.span });
    }
    return settle(binder.state, binder.bind(expr));
  }

  /** An output column to group by; results of aggregates and windows are not there yet. */
  #plain(target: ScalarExpr, expr: Expr): ScalarExpr {
    for (const index of columnsUsed(target)) {
      if (index >= OVER_BASE && index < TABLE_CALL_BASE) {
        throw windowsNotAllowed('GROUP BY', expr.span);
      }
      if (index >= AGGREGATE_BASE && index < OVER_BASE) {
        throw aggregatesNotAllowed('GROUP BY', expr.span);
      }
    }
    return target;
  }

  #outputNamed(name: string, expr: Expr): ScalarExpr | null {
    const found = this.#targets.filter((target) => target.name === name);
    const keys = new Set(found.map((target) => exprKey(target.expr)));
    if (keys.size > 1) {
      throw sqlError('42702', `GROUP BY "${name}" is ambiguous`, { span: expr.span });
    }
    return this.#select.items.length === 0 ? null : found[0]?.expr ?? null;
  }
}

function rollup(parts: readonly (readonly number[])[]): number[][] {
  return Array.from({ length: parts.length + 1 }, (_unused, at) =>
    parts.slice(0, parts.length - at).flat());
}

function cube(parts: readonly (readonly number[])[]): number[][] {
  if (parts.length > 12) throw sqlError('54011', 'CUBE is limited to 12 elements');
  return Array.from({ length: 2 ** parts.length }, (_unused, mask) =>
    parts.filter((_part, at) => (mask & (1 << (parts.length - 1 - at))) === 0).flat());
}
