/**
 * Rewrite `decorrelate`: no subqueries, no lateral joins, no outer columns.
 *
 * Bottom-up: a subquery's own subqueries go first. Conjuncts of filters become semi and anti joins;
 * anywhere else the subquery's value becomes a column (decorrelate-apply.ts). Never executes a
 * subquery per row.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import {
  andAll, column, conjuncts, hasSubquery, mapChildren, not, nullOf, replaceExpr,
} from '../expr-tools.ts';
import { Properties } from '../properties.ts';
import type { Relation, ScalarExpr } from '../relation.ts';
import { BOOLEAN } from '../scalar.ts';
import {
  allColumns, columnOf, exprsOf, filter, join, mapExprs, mapInputs, pick, project,
} from '../relation-tools.ts';
import type { RewriteContext } from './context.ts';
import {
  applyConjunct, applyExists, applyQuantified, applyScalar, asSelection, attach,
} from './decorrelate-apply.ts';
import { mapOuter, mapOuterInExpr, raised, raisedExpr } from './outer-columns.ts';

/** Removes subqueries and lateral joins. */
export function decorrelate(relation: Relation, context: RewriteContext): Relation {
  return new Decorrelation(new Properties(context.catalog)).visit(relation);
}

/** An input that grows columns while expressions over it lose their subqueries. */
interface Growing {
  input: Relation;
}

class Decorrelation {
  readonly #properties: Properties;
  readonly #done = new Map<Relation, Relation>();

  constructor(properties: Properties) {
    this.#properties = properties;
  }

  visit(relation: Relation): Relation {
    const known = this.#done.get(relation);
    if (known !== undefined) return known;
    const result = this.#own(mapInputs(relation, (input) => this.visit(input)));
    this.#done.set(relation, result);
    return result;
  }

  /** The node's own subqueries; its inputs have none left. */
  #own(relation: Relation): Relation {
    if (relation.kind === 'join' && relation.lateral) {
      return this.#lateral(hasSubquery(relation.on) ? this.#subqueriesOfOn(relation) : relation);
    }
    if (!exprsOf(relation).some(hasSubquery)) return relation;
    switch (relation.kind) {
      case 'filter': return this.#filter(relation);
      case 'values': return this.#values(relation);
      case 'join': return this.#joinOnSubqueries(relation);
      case 'project': case 'aggregate': return this.#grow(relation);
      case 'flatMap': case 'over': case 'temporalFilter': return this.#growBelow(relation);
      default: throw sqlError('0A000', 'subqueries are not supported here', {
        hint: 'Compute the subquery in FROM and join it.',
      });
    }
  }

  /** Nodes whose output does not show the input's columns: they may grow. */
  #grow(relation: Relation & { kind: 'project' | 'aggregate' }): Relation {
    const growing: Growing = { input: relation.input };
    const result = mapExprs(relation, (expr) => this.#value(expr, growing, false));
    return { ...result, input: growing.input } as Relation;
  }

  /** Nodes that pass their input's columns on: computed arguments go in, and are left out again. */
  #growBelow(relation: Relation & { kind: 'flatMap' | 'over' | 'temporalFilter' }): Relation {
    const width = relation.input.columns.length;
    const growing: Growing = { input: relation.input };
    const result = mapExprs(relation, (expr) => this.#value(expr, growing, false));
    const grown = growing.input.columns.length - width;
    const added = relation.columns.slice(width);
    const node = {
      ...result, input: growing.input, columns: [...growing.input.columns, ...added],
    } as Relation;
    return pick(node, relation.columns.map((_each, at) => at < width ? at : at + grown));
  }

  #values(relation: Relation & { kind: 'values' }): Relation {
    const unit: Relation = { kind: 'values', rows: [[]], columns: [] };
    const inputs = relation.rows.map((row) =>
      this.#own(project(unit, row, relation.columns)));
    const [only] = inputs;
    if (inputs.length === 1 && only !== undefined) return only;
    return { kind: 'union', inputs, columns: relation.columns };
  }

  #filter(relation: Relation & { kind: 'filter' }): Relation {
    const all = conjuncts(relation.predicate);
    let current = filter(relation.input, andAll(all.filter((each) => !hasSubquery(each))));
    for (const each of all.filter(hasSubquery)) {
      const applied = this.#conjunct(current, each);
      if (applied !== null) {
        current = applied;
        continue;
      }
      const growing: Growing = { input: current };
      const predicate = this.#value(each, growing, true);
      current = pick(filter(growing.input, predicate), allColumns(current).map((_e, at) => at));
    }
    return current;
  }

  /** A whole conjunct that is [NOT] EXISTS, IN, ANY or ALL. */
  #conjunct(input: Relation, expr: ScalarExpr): Relation | null {
    const negated = expr.kind === 'not';
    const subquery = negated ? expr.arg : expr;
    if (subquery.kind !== 'subquery') return null;
    const { mode } = subquery;
    if (mode.kind === 'quantified' && mode.left.some(hasSubquery)) return null;
    return applyConjunct(input, { ...subquery, relation: this.visit(subquery.relation) }, negated);
  }

  /** The expression without subqueries; their values are columns added to the growing input. */
  #value(expr: ScalarExpr, growing: Growing, truth: boolean): ScalarExpr {
    if (!hasSubquery(expr)) return expr;
    const below = truth && (expr.kind === 'and' || expr.kind === 'or');
    const plain = mapChildren(expr, (child) => this.#value(child, growing, below));
    if (plain.kind !== 'subquery') return plain;
    const relation = this.visit(plain.relation);
    const { mode } = plain;
    const apply = () => {
      switch (mode.kind) {
        case 'scalar': return applyScalar(growing.input, relation, this.#properties);
        case 'exists': return applyExists(growing.input, relation);
        case 'quantified':
          return applyQuantified(growing.input, { ...plain, relation }, mode, truth);
        case 'array': throw sqlError('0A000', 'ARRAY(subquery) is not supported here');
      }
    };
    const applied = apply();
    growing.input = applied.input;
    return applied.value;
  }

  /** Subqueries in ON: of an inner join they go to a filter above, else to a lateral right side. */
  #subqueriesOfOn(relation: Relation & { kind: 'join' }): Relation & { kind: 'join' } {
    const all = conjuncts(relation.on);
    const plain = andAll(all.filter((each) => !hasSubquery(each)));
    const width = relation.left.columns.length;
    const conditions = all.filter(hasSubquery).map((each) => asInner(each, width, 'right'));
    const inner = relation.lateral ? relation.right : deepened(relation.right);
    const right = this.visit(filter(inner, andAll(conditions)));
    return { ...relation, right, on: plain, lateral: true };
  }

  #joinOnSubqueries(relation: Relation & { kind: 'join' }): Relation {
    switch (relation.type) {
      case 'inner': case 'left': return this.#own(this.#subqueriesOfOn(relation));
      case 'right': return this.#mirrored(relation);
      case 'full': return this.#full(relation);
      case 'semi': case 'anti': throw sqlError('0A000', 'subqueries are not supported here');
    }
  }

  /** A full join: the left join, and the right rows that meet no left row. */
  #full(relation: Relation & { kind: 'join' }): Relation {
    const { left, right, on } = relation;
    const width = left.columns.length;
    const met: ScalarExpr = {
      kind: 'subquery', mode: { kind: 'exists' }, type: BOOLEAN,
      relation: filter(deepened(left), asInner(on, width, 'left')),
    };
    const unmet = this.#own(filter(right, not(met)));
    const padded = project(unmet,
      [...left.columns.map((each) => nullOf(each.type)), ...allColumns(right)], relation.columns);
    return {
      kind: 'union', columns: relation.columns,
      inputs: [this.#own(join('left', left, right, on)), padded],
    };
  }

  /** A right join as a left join of the sides exchanged. */
  #mirrored(relation: Relation & { kind: 'join' }): Relation {
    const wl = relation.left.columns.length;
    const wr = relation.right.columns.length;
    const moved = (index: number): number => index < wl ? index + wr : index - wl;
    const on = replaceExpr(
      mapOuterInExpr(relation.on, 0, (node, levels) => levels > 0 && node.depth === levels
        ? { ...node, index: moved(node.index) } : node),
      (node) => node.kind === 'column' ? column(moved(node.index), node.type) : null);
    const swapped = join('left', relation.right, relation.left, on);
    const order = relation.columns.map((_each, at) => moved(at));
    return pick(this.#own(swapped), order);
  }

  /** A join whose right side reads columns of the left. */
  #lateral(relation: Relation & { kind: 'join' }): Relation {
    const { left, right, type, on } = relation;
    const wl = left.columns.length;
    const selection = asSelection(right, true);
    if (selection !== null && (type === 'inner' || isPlain(selection.exprs))) {
      const inner = raised(selection.relation);
      const beside = (expr: ScalarExpr): ScalarExpr =>
        raisedExpr(expr, (index, ofType) => column(wl + index, ofType));
      const outputs = [...allColumns(left), ...selection.exprs.map(beside)];
      const condition = replaceExpr(on, (node) =>
        node.kind === 'column' ? must(outputs[node.index], 'join column') : null);
      const joined = join(type, left, inner, andAll([beside(selection.predicate), condition]));
      return project(joined, outputs, relation.columns);
    }
    const attached = attach(left, right);
    const joined = join(type, left, attached.relation, andAll([attached.on, on]));
    const width = wl + right.columns.length;
    const exprs = Array.from({ length: width }, (_each, at) => columnOf(joined, at));
    return project(joined, exprs, relation.columns);
  }
}

/**
 * A join condition as a condition on one side alone, one level further in: columns of the other
 * side become outer columns.
 */
function asInner(expr: ScalarExpr, width: number, side: 'left' | 'right'): ScalarExpr {
  const isInner = (index: number): boolean => index < width === (side === 'left');
  const own = (index: number): number => index < width ? index : index - width;
  const deeper = mapOuterInExpr(expr, 0, (node, levels) => {
    if (node.depth < levels) return node;
    if (node.depth > levels) return { ...node, depth: node.depth + 1 };
    return { ...node, index: own(node.index),
      depth: isInner(node.index) ? node.depth : node.depth + 1 };
  });
  return replaceExpr(deeper, (node) => {
    if (node.kind !== 'column') return null;
    return isInner(node.index) ? column(own(node.index), node.type)
      : { kind: 'outer', depth: 1, index: own(node.index), type: node.type };
  });
}

/** The relation seen from one level further in. */
function deepened(relation: Relation): Relation {
  return mapOuter(relation, 0, (node, levels) =>
    node.depth > levels ? { ...node, depth: node.depth + 1 } : node);
}

function isPlain(exprs: readonly ScalarExpr[]): boolean {
  return exprs.every((expr) => expr.kind === 'column');
}
