/**
 * Rewrite `push-filters`: every predicate goes as far down as it may.
 *
 * Through projections, unions, aggregates (on group columns), windows and partitions, to the sides
 * of joins; equalities between both sides end up in the join's condition, where lowering finds the
 * keys. Outer joins whose NULL rows a filter above refuses become narrower joins. A relation used
 * more than once is not specialised to one user's filter, unless it is cheap to run twice.
 */
import { assertNever } from '../../common/assert.ts';
import {
  andAll, addColumns, column, columnsUsed, conjuncts, disjuncts, isNeverTrue, mapColumns, orAll,
  shiftColumns, someExpr, substitute, usesOnly,
} from '../expr-tools.ts';
import { asComparison, isStrictPredicate, isVolatile, mayRaise, swapped }
  from '../function-facts.ts';
import { mayFilter } from '../lower-join.ts';
import type { JoinType, Relation, ScalarExpr } from '../relation.ts';
import { exprKey } from '../scalar.ts';
import { emptyRelation, filter, inputsOf, joinColumns, mapInputs, walkRelation }
  from '../relation-tools.ts';

/** Pushes all filters down. */
export function pushFilters(relation: Relation): Relation {
  return new Pushing(relation).push(relation, []);
}

class Pushing {
  readonly #uses = new Map<Relation, number>();
  readonly #done = new Map<Relation, Relation>();

  constructor(root: Relation) {
    walkRelation(root, (node) => {
      for (const input of inputsOf(node)) this.#uses.set(input, (this.#uses.get(input) ?? 0) + 1);
    });
  }

  /** The relation filtered by predicates over its columns. */
  push(relation: Relation, predicates: readonly ScalarExpr[]): Relation {
    if (predicates.length === 0) return this.#plain(relation);
    if (predicates.some(isNeverTrue)) return emptyRelation(relation.columns);
    const stays = (expr: ScalarExpr): boolean => isVolatile(expr);
    const kept = predicates.filter(stays);
    const moving = unique(predicates.filter((each) => !stays(each)));
    if (this.#isSharedState(relation)) return filter(this.#plain(relation), andAll(predicates));
    return filter(this.#pushInto(relation, moving), andAll(kept));
  }

  #plain(relation: Relation): Relation {
    const known = this.#done.get(relation);
    if (known !== undefined) return known;
    const result = this.#pushInto(relation, []);
    this.#done.set(relation, result);
    return result;
  }

  /** Used twice and worth running once. */
  #isSharedState(relation: Relation): boolean {
    return (this.#uses.get(relation) ?? 0) > 1 && !isStateless(relation);
  }

  #pushInto(relation: Relation, predicates: readonly ScalarExpr[]): Relation {
    switch (relation.kind) {
      case 'filter':
        return this.push(relation.input, [...conjuncts(relation.predicate), ...predicates]);
      case 'project': return this.#throughProject(relation, predicates);
      case 'join': return this.#intoJoin(relation, predicates);
      case 'asofJoin': case 'temporalJoin':
        return this.#split(predicates, relation.left.columns.length, (down) => (
          { ...relation, left: this.push(relation.left, down),
            right: this.#plain(relation.right) }));
      case 'union': return {
        ...relation, inputs: relation.inputs.map((input) => this.push(input, predicates)),
      };
      case 'setOp': return {
        ...relation, left: this.push(relation.left, predicates),
        right: this.push(relation.right, predicates),
      };
      case 'aggregate': return this.#throughAggregate(relation, predicates);
      case 'distinct': case 'temporalFilter': case 'gate':
        return { ...relation, input: this.push(relation.input, predicates) };
      case 'flatMap':
        return this.#split(predicates, relation.input.columns.length, (down) => (
          { ...relation, input: this.push(relation.input, down) }));
      case 'window': return this.#throughWindow(relation, predicates);
      case 'over': case 'topN': {
        const partition = new Set(relation.partitionBy);
        return this.#splitBy(predicates, (each) => isWithin(each, partition), (down) => (
          { ...relation, input: this.push(relation.input, down) }));
      }
      case 'fill': {
        const partition = new Set(relation.rule.partitionBy);
        return this.#splitBy(predicates, (each) => isWithin(each, partition), (down) => (
          { ...relation, input: this.push(relation.input, down) }));
      }
      case 'values': case 'scan': case 'recursiveRef':
        return filter(relation, andAll(predicates));
      case 'recursive':
        return filter(mapInputs(relation, (input) => this.push(input, [])), andAll(predicates));
      default: return assertNever(relation);
    }
  }

  /** Predicates over the first `width` columns go down, the rest stays above. */
  #split(
    predicates: readonly ScalarExpr[], width: number,
    rebuild: (down: readonly ScalarExpr[]) => Relation,
  ): Relation {
    return this.#splitBy(predicates, (each) => usesOnly(each, 0, width), rebuild);
  }

  #splitBy(
    predicates: readonly ScalarExpr[], goes: (expr: ScalarExpr) => boolean,
    rebuild: (down: readonly ScalarExpr[]) => Relation,
  ): Relation {
    const down = predicates.filter(goes);
    const up = predicates.filter((each) => !goes(each));
    return filter(rebuild(down), andAll(up));
  }

  #throughProject(
    relation: Relation & { kind: 'project' }, predicates: readonly ScalarExpr[],
  ): Relation {
    const moves = (each: ScalarExpr): boolean =>
      [...columnsUsed(each)].every((at) => {
        const expr = relation.exprs[at];
        return expr !== undefined && !isVolatile(expr);
      });
    return this.#splitBy(predicates, moves, (down) => ({
      ...relation,
      input: this.push(relation.input, down.map((each) => substitute(each, relation.exprs))),
    }));
  }

  #throughAggregate(
    relation: Relation & { kind: 'aggregate' }, predicates: readonly ScalarExpr[],
  ): Relation {
    const groups = relation.groupingSets === null ? relation.groupBy.length : 0;
    // Windows that close keep fewer rows than their input would until its time is over.
    const stays = closesWindows(relation.input);
    const goes = (each: ScalarExpr): boolean =>
      groups > 0 && columnsUsed(each).size > 0 && usesOnly(each, 0, groups)
      && !(stays && someExpr(each, (node) => node.kind === 'now'));
    return this.#splitBy(predicates, goes, (down) => ({
      ...relation,
      input: this.push(relation.input, down.map((each) => substitute(each, relation.groupBy))),
    }));
  }

  #throughWindow(
    relation: Relation & { kind: 'window' }, predicates: readonly ScalarExpr[],
  ): Relation {
    const { window } = relation;
    const width = relation.input.columns.length;
    const partition = window.kind === 'session' ? new Set(window.partitionBy) : null;
    const goes = (each: ScalarExpr): boolean =>
      partition === null ? usesOnly(each, 0, width) : isWithin(each, partition);
    return this.#splitBy(predicates, goes, (down) => (
      { ...relation, input: this.push(relation.input, down) }));
  }

  #intoJoin(
    relation: Relation & { kind: 'join' }, predicates: readonly ScalarExpr[],
  ): Relation {
    const width = relation.left.columns.length;
    const type = narrowedJoin(relation.type, predicates, width, relation.columns.length);
    const left: ScalarExpr[] = [];
    const right: ScalarExpr[] = [];
    const above: ScalarExpr[] = [];
    const on: ScalarExpr[] = [];
    const total = width + relation.right.columns.length;
    for (const each of predicates) {
      if (usesOnly(each, 0, width) && keepsSide(type, 'left')) left.push(each);
      else if (usesOnly(each, width, total) && keepsSide(type, 'right')) {
        right.push(shiftColumns(each, -width));
      } else if (type === 'inner') on.push(each);
      else above.push(each);
    }
    for (const each of conjuncts(relation.on)) {
      const constant = columnsUsed(each).size === 0;
      if (!constant && !isVolatile(each) && usesOnly(each, 0, width) && mayFilter(type, 'left')) {
        left.push(each);
      } else if (!isVolatile(each) && usesOnly(each, width, total) && mayFilter(type, 'right')) {
        right.push(shiftColumns(each, -width));
      } else on.push(each);
    }
    if (type === 'inner') {
      left.push(...impliedBy(on, 0, width));
      right.push(...impliedBy(on, width, total).map((each) => shiftColumns(each, -width)));
    }
    const shared = sharedConstants(on, width, { left, right, type });
    const newLeft = this.push(relation.left, [...left, ...shared.left]);
    const newRight = this.push(relation.right, [...right, ...shared.right]);
    const joined: Relation = {
      ...relation, type, left: newLeft, right: newRight, on: andAll(on),
      columns: type === relation.type ? relation.columns : joinColumns(type, newLeft, newRight),
    };
    return filter(joined, andAll(above));
  }
}

function unique(predicates: readonly ScalarExpr[]): readonly ScalarExpr[] {
  return predicates.length < 2 ? predicates
    : [...new Map(predicates.map((each) => [exprKey(each), each])).values()];
}

/**
 * What an OR over both sides says of one: (a.x = 1 AND b.y = 2) OR (a.x = 3 AND b.y = 4) implies
 * a.x = 1 OR a.x = 3.
 */
function impliedBy(
  on: readonly ScalarExpr[], from: number, to: number,
): readonly ScalarExpr[] {
  const found: ScalarExpr[] = [];
  for (const each of on) {
    if (each.kind !== 'or' || mayRaise(each) || isVolatile(each)) continue;
    const arms = disjuncts(each).map((arm) => conjuncts(arm).filter((one) =>
      columnsUsed(one).size > 0 && usesOnly(one, from, to)));
    if (arms.every((arm) => arm.length > 0)) found.push(orAll(arms.map(andAll)));
  }
  return found;
}

function isWithin(expr: ScalarExpr, columns: ReadonlySet<number>): boolean {
  const used = columnsUsed(expr);
  return used.size > 0 && [...used].every((at) => columns.has(at));
}

function isStateless(relation: Relation): boolean {
  switch (relation.kind) {
    case 'scan': case 'values': return true;
    case 'filter': case 'project': case 'flatMap': return isStateless(relation.input);
    case 'window': return relation.window.kind !== 'session' && isStateless(relation.input);
    default: return false;
  }
}

/** True when rows of the output show the side's rows unchanged, so that filters commute. */
function keepsSide(type: JoinType, side: 'left' | 'right'): boolean {
  switch (type) {
    case 'inner': return true;
    case 'left': case 'semi': case 'anti': return side === 'left';
    case 'right': return side === 'right';
    case 'full': return false;
    default: return assertNever(type);
  }
}

/** The narrower join that is left when predicates above refuse NULL rows. */
function narrowedJoin(
  type: JoinType, predicates: readonly ScalarExpr[], width: number, total: number,
): JoinType {
  if (type !== 'left' && type !== 'right' && type !== 'full') return type;
  const refuses = (from: number, to: number): boolean => predicates.some((each) => {
    for (const at of columnsUsed(each)) {
      if (at >= from && at < to && isStrictPredicate(each, at)) return true;
    }
    return false;
  });
  const needsLeft = type !== 'left' && refuses(0, width);
  const needsRight = type !== 'right' && refuses(width, total);
  switch (type) {
    case 'left': return needsRight ? 'inner' : 'left';
    case 'right': return needsLeft ? 'inner' : 'right';
    case 'full': return needsLeft ? (needsRight ? 'inner' : 'left') : needsRight ? 'right' : 'full';
    default: return assertNever(type);
  }
}

interface Sides {
  readonly left: readonly ScalarExpr[];
  readonly right: readonly ScalarExpr[];
  readonly type: JoinType;
}

/** a.k = b.k and a.k = 5: also b.k = 5. For joins where both sides may be filtered so. */
function sharedConstants(
  on: readonly ScalarExpr[], width: number, sides: Sides,
): { readonly left: readonly ScalarExpr[]; readonly right: readonly ScalarExpr[] } {
  const left: ScalarExpr[] = [];
  const right: ScalarExpr[] = [];
  if (sides.type !== 'inner' && sides.type !== 'semi') return { left, right };
  for (const each of on) {
    const plain = asComparison(each);
    if (plain?.op !== '=') continue;
    const turned = plain.left.kind === 'column' && plain.left.index < width ? plain
      : swapped(plain);
    const { left: a, right: b } = turned;
    if (a.kind !== 'column' || b.kind !== 'column' || a.index >= width || b.index < width) continue;
    if (a.type.name !== b.type.name) continue;
    right.push(...constantsOf(sides.left, a.index, b.index - width));
    left.push(...constantsOf(sides.right, b.index - width, a.index));
  }
  const fresh = (list: readonly ScalarExpr[], known: readonly ScalarExpr[]): ScalarExpr[] => {
    const keys = new Set(known.map(exprKey));
    return list.filter((each) => !keys.has(exprKey(each)));
  };
  return { left: fresh(left, sides.left), right: fresh(right, sides.right) };
}

/** Predicates `column = constant` on one column, moved to another. */
function constantsOf(
  predicates: readonly ScalarExpr[], from: number, to: number,
): readonly ScalarExpr[] {
  return predicates.filter((each) => {
    const plain = asComparison(each);
    const constant = plain?.op === '=' && (plain.left.kind === 'literal'
      || plain.right.kind === 'literal');
    const used = new Set<number>();
    addColumns(each, used);
    return constant && used.size === 1 && used.has(from)
      && (plain.left.kind === 'column' || plain.right.kind === 'column');
  }).map((each) => mapColumns(each, (_index, type) => column(to, type)));
}

/** True when rows come from windows whose late rows are split off: they close. */
function closesWindows(relation: Relation): boolean {
  switch (relation.kind) {
    case 'filter': case 'project': return closesWindows(relation.input);
    case 'window': return relation.late !== undefined;
    default: return false;
  }
}
