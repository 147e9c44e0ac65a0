/**
 * Pushes a domain into a correlated relation, so that it no longer reads the enclosing query.
 *
 * The domain is the distinct tuples of the outer columns the relation reads. `push` answers with
 * the relation's columns followed by the domain's: for each domain tuple exactly the rows the
 * relation has for it. Rows for tuples outside the domain may come too; the final join on the
 * domain drops them, which allows `inner.k = outer.x` to stand for the domain without reading it.
 * After T. Neumann and A. Kemper, "Unnesting Arbitrary Queries", 2015.
 */
import { assertNever, must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { sameType } from '../../common/types/sql-type.ts';
import {
  andAll, column, conjuncts, isNotNull, literal, notDistinct, replaceExpr, TRUE,
} from '../expr-tools.ts';
import { asComparison, swapped } from '../function-facts.ts';
import { functionById } from '../functions/registry.ts';
import type { AggregateCall, Relation, RelationColumn, ScalarExpr } from '../relation.ts';
import {
  allColumns, columnOf, filter, inputsOf, join, joinColumns, mapExprs, pick, project,
} from '../relation-tools.ts';
import { outerColumns, outerColumnsOf, raised } from './outer-columns.ts';

/** Types whose equal values are the same in every respect. */
const EXACT: readonly string[] = [
  'boolean', 'int2', 'int4', 'int8', 'oid', 'text', 'varchar', 'name', 'uuid', 'date', 'time',
  'timestamp', 'timestamptz', 'bytea',
];

/** Pushes one domain; `refs` are the outer columns in the order of the domain's columns. */
export class DomainPush {
  readonly #domain: Relation;
  readonly #refs: readonly number[];
  readonly #uses: (index: number) => number;
  readonly #done = new Map<Relation, Relation>();
  /** Recursive bindings that carry the domain themselves. */
  readonly #bindings = new Set<string>();

  constructor(domain: Relation, refs: readonly number[], uses: (index: number) => number) {
    this.#domain = domain;
    this.#refs = refs;
    this.#uses = uses;
  }

  /** The relation's columns ++ the domain's. */
  push(relation: Relation): Relation {
    const known = this.#done.get(relation);
    if (known !== undefined) return known;
    const result = this.#isCorrelated(relation) ? this.#pushNew(relation) : this.#cross(relation);
    this.#done.set(relation, result);
    return result;
  }

  get #width(): number {
    return this.#refs.length;
  }

  #isCorrelated(relation: Relation): boolean {
    return outerColumns(relation).size > 0 || this.#readsBinding(relation);
  }

  #readsBinding(relation: Relation): boolean {
    if (this.#bindings.size === 0) return false;
    return relation.kind === 'recursiveRef' ? this.#bindings.has(relation.binding)
      : inputsOf(relation).some((input) => this.#readsBinding(input));
  }

  /** Every row with every tuple of the domain. */
  #cross(relation: Relation): Relation {
    const unit = relation.kind === 'values' && relation.columns.length === 0
      && relation.rows.length === 1;
    return unit ? this.#domain : join('inner', raised(relation), this.#domain, TRUE);
  }

  /** An expression over `width` columns ++ domain; deeper outer columns come one level nearer. */
  #bind(expr: ScalarExpr, width: number): ScalarExpr {
    return replaceExpr(expr, (node) => {
      if (node.kind !== 'outer') return null;
      if (node.depth > 1) return { ...node, depth: node.depth - 1 };
      return column(width + this.#refs.indexOf(node.index), node.type);
    });
  }

  #domainColumns(relation: Relation, from: number): ScalarExpr[] {
    return this.#refs.map((_ref, at) => columnOf(relation, from + at));
  }

  #pushNew(relation: Relation): Relation {
    switch (relation.kind) {
      case 'filter': return this.#pushFilter(relation);
      case 'project': return this.#pushProject(relation);
      case 'values': return this.#pushValues(relation);
      case 'flatMap': case 'window': case 'over': case 'topN': return this.#pushBeside(relation);
      case 'aggregate': return relation.groupBy.length === 0
        ? this.#pushGlobal(relation) : this.#pushGrouped(relation);
      case 'distinct': case 'gate': case 'temporalFilter': {
        const input = this.push(relation.input);
        return this.#over(relation, input, input.columns);
      }
      case 'join': return this.#pushJoin(relation);
      case 'asofJoin': case 'temporalJoin': return this.#pushTimedJoin(relation);
      case 'union': {
        const inputs = relation.inputs.map((each) => this.push(each));
        return { ...relation, inputs, columns: this.#withDomain(relation.columns) };
      }
      case 'setOp': return {
        ...relation, left: this.push(relation.left), right: this.push(relation.right),
        columns: this.#withDomain(relation.columns),
      };
      case 'recursive': return this.#pushRecursive(relation);
      case 'recursiveRef': return { ...relation, columns: this.#withDomain(relation.columns) };
      case 'scan': case 'fill': throw correlatedJoin();
      default: return assertNever(relation);
    }
  }

  /** Every binding carries the domain along: one fixpoint for all tuples. */
  #pushRecursive(relation: Relation & { kind: 'recursive' }): Relation {
    for (const each of relation.bindings) this.#bindings.add(each.name);
    return {
      ...relation, body: this.push(relation.body), columns: this.#withDomain(relation.columns),
      bindings: relation.bindings.map((each) => ({
        ...each, definition: this.push(each.definition),
        columns: this.#withDomain(each.columns) })),
    };
  }

  #withDomain(columns: readonly RelationColumn[]): readonly RelationColumn[] {
    return [...columns, ...this.#domain.columns];
  }

  /** The node over a pushed input, its expressions bound. */
  #over(
    relation: Relation & { readonly input: Relation }, input: Relation,
    columns: readonly RelationColumn[],
  ): Relation {
    const width = relation.input.columns.length;
    const bound = mapExprs(relation, (expr) => this.#bind(expr, width));
    return { ...bound, input, columns } as Relation;
  }

  #pushFilter(relation: Relation & { kind: 'filter' }): Relation {
    const width = relation.input.columns.length;
    if (!this.#isCorrelated(relation.input)) {
      const free = this.#freeDomain(relation);
      if (free !== null) return free;
    }
    return filter(this.push(relation.input), this.#bind(relation.predicate, width));
  }

  /**
   * Where every outer column is equated with an expression over the input, that expression is the
   * domain column: no join with the domain is needed.
   */
  #freeDomain(relation: Relation & { kind: 'filter' }): Relation | null {
    const stands = new Map<number, ScalarExpr>();
    const used = new Set<ScalarExpr>();
    for (const each of conjuncts(relation.predicate)) {
      const plain = asComparison(each);
      if (plain?.op !== '=') continue;
      const turned = plain.right.kind === 'outer' ? plain : swapped(plain);
      const { left, right } = turned;
      if (right.kind !== 'outer' || right.depth !== 1 || stands.has(right.index)) continue;
      if (!sameType(left.type, right.type) || hasOuter(left)) continue;
      const exact = EXACT.includes(left.type.name) || this.#uses(right.index) === 1;
      if (!exact) continue;
      stands.set(right.index, left);
      used.add(each);
    }
    if (!this.#refs.every((ref) => stands.has(ref))) return null;
    const replace = (expr: ScalarExpr): ScalarExpr => replaceExpr(expr, (node) => {
      if (node.kind !== 'outer') return null;
      if (node.depth > 1) return { ...node, depth: node.depth - 1 };
      return must(stands.get(node.index), 'stand-in');
    });
    const own = this.#refs.map((ref) => replace(must(stands.get(ref), 'stand-in')));
    const kept = conjuncts(relation.predicate).filter((each) => !used.has(each)).map(replace);
    const input = raised(relation.input);
    const filtered = filter(input, andAll([...kept, ...own.map(isNotNull)]));
    return project(filtered, [...allColumns(input), ...own],
      [...input.columns, ...this.#domain.columns.map((each) => ({ ...each, notNull: true }))]);
  }

  #pushProject(relation: Relation & { kind: 'project' }): Relation {
    const input = this.push(relation.input);
    const width = relation.input.columns.length;
    return project(input,
      [...relation.exprs.map((expr) => this.#bind(expr, width)),
        ...this.#domainColumns(input, width)],
      [...relation.columns, ...input.columns.slice(width)]);
  }

  #pushValues(relation: Relation & { kind: 'values' }): Relation {
    const inputs = relation.rows.map((row) => project(this.#domain,
      [...row.map((expr) => this.#bind(expr, 0)), ...allColumns(this.#domain)],
      this.#withDomain(relation.columns)));
    const [only] = inputs;
    if (inputs.length === 1 && only !== undefined) return only;
    return { kind: 'union', inputs, columns: this.#withDomain(relation.columns) };
  }

  /** Nodes that put columns behind their input's: partitions get the domain, columns go last. */
  #pushBeside(
    relation: Relation & { kind: 'flatMap' | 'window' | 'over' | 'topN' },
  ): Relation {
    const input = this.push(relation.input);
    const width = relation.input.columns.length;
    const added = relation.columns.slice(width);
    const node = this.#over(
      this.#partitioned(relation, width), input, [...input.columns, ...added]);
    const own = Array.from({ length: width }, (_each, at) => at);
    const domain = this.#refs.map((_ref, at) => width + at);
    const calls = added.map((_each, at) => width + this.#width + at);
    return pick(node, [...own, ...calls, ...domain]);
  }

  #partitioned(
    relation: Relation & { kind: 'flatMap' | 'window' | 'over' | 'topN' }, width: number,
  ): Relation & { readonly input: Relation } {
    const domain = this.#refs.map((_ref, at) => width + at);
    switch (relation.kind) {
      case 'flatMap': return relation;
      case 'over': case 'topN':
        return { ...relation, partitionBy: [...relation.partitionBy, ...domain] };
      case 'window': return relation.window.kind !== 'session' ? relation : {
        ...relation, window: {
          ...relation.window, partitionBy: [...relation.window.partitionBy, ...domain],
        },
      };
      default: return assertNever(relation);
    }
  }

  #aggregateOver(relation: Relation & { kind: 'aggregate' }): Relation {
    const input = this.push(relation.input);
    const width = relation.input.columns.length;
    const bind = (expr: ScalarExpr): ScalarExpr => this.#bind(expr, width);
    const bound = mapExprs(relation, bind) as Relation & { kind: 'aggregate' };
    const groups = relation.groupBy.length;
    return {
      ...bound, input, groupBy: [...bound.groupBy, ...this.#domainColumns(input, width)],
      columns: [...relation.columns.slice(0, groups), ...input.columns.slice(width),
        ...relation.columns.slice(groups)],
    };
  }

  #pushGrouped(relation: Relation & { kind: 'aggregate' }): Relation {
    const node = this.#aggregateOver(relation);
    const groups = relation.groupBy.length;
    const calls = relation.aggregates.length;
    const range = (from: number, length: number): number[] =>
      Array.from({ length }, (_each, at) => from + at);
    return pick(node, [...range(0, groups), ...range(groups + this.#width, calls),
      ...range(groups, this.#width)]);
  }

  /** One row for each tuple of the domain, also where there is nothing to aggregate. */
  #pushGlobal(relation: Relation & { kind: 'aggregate' }): Relation {
    const node = this.#aggregateOver(relation);
    const on = this.#refs.map((_ref, at) =>
      notDistinct(columnOf(this.#domain, at), column(this.#width + at,
        columnOf(this.#domain, at).type)));
    const joined = join('left', this.#domain, node, andAll(on));
    const from = 2 * this.#width;
    return project(joined,
      [...relation.aggregates.map((each, at) => orEmpty(each, column(from + at, each.type))),
        ...this.#domainColumns(joined, 0)],
      this.#withDomain(relation.columns));
  }

  #pushJoin(relation: Relation & { kind: 'join' }): Relation {
    const sides = this.#sidesToPush(relation);
    const wl = relation.left.columns.length;
    const wr = relation.right.columns.length;
    const left = sides.left ? this.push(relation.left) : raised(relation.left);
    const right = sides.right ? this.push(relation.right) : raised(relation.right);
    const rightStart = left.columns.length;
    const own = (index: number): number => index < wl ? index : index - wl + rightStart;
    const domainAt = sides.left ? wl : rightStart + wr;
    const on = replaceExpr(relation.on, (node) => {
      if (node.kind === 'column') return column(own(node.index), node.type);
      if (node.kind !== 'outer') return null;
      if (node.depth > 1) return { ...node, depth: node.depth - 1 };
      return column(domainAt + this.#refs.indexOf(node.index), node.type);
    });
    const same = sides.left && sides.right ? this.#refs.map((_ref, at) => {
      const { type } = must(this.#domain.columns[at], 'domain column');
      return notDistinct(column(wl + at, type), column(rightStart + wr + at, type));
    }) : [];
    const joined = join(relation.type, left, right, andAll([on, ...same]));
    const semi = relation.type === 'semi' || relation.type === 'anti';
    const outputs = [...allColumns(relation.left), ...(semi ? [] : allColumns(relation.right)
      .map((_each, at) => columnOf(joined, rightStart + at)))];
    const domain = this.#refs.map((_ref, at): ScalarExpr => {
      if (relation.type !== 'full') return columnOf(joined, domainOf(relation, domainAt,
        rightStart + wr) + at);
      const first = columnOf(joined, wl + at);
      const second = columnOf(joined, rightStart + wr + at);
      return { kind: 'coalesce', args: [first, second], type: first.type };
    });
    return project(joined, [...outputs, ...domain],
      this.#withDomain(joinColumns(relation.type, relation.left, relation.right)));
  }

  /** The preserved sides of outer joins carry the domain; others only when they read it. */
  #sidesToPush(relation: Relation & { kind: 'join' }): { left: boolean; right: boolean } {
    const left = this.#isCorrelated(relation.left);
    const right = this.#isCorrelated(relation.right);
    switch (relation.type) {
      case 'inner': return { left: left || !right, right };
      case 'left': case 'semi': case 'anti': return { left: true, right };
      case 'right': return { left, right: true };
      case 'full': return { left: true, right: true };
      default: return assertNever(relation.type);
    }
  }

  #pushTimedJoin(relation: Relation & { kind: 'asofJoin' | 'temporalJoin' }): Relation {
    if (this.#isCorrelated(relation.right)) throw correlatedJoin();
    const wl = relation.left.columns.length;
    const left = this.push(relation.left);
    const moved = (expr: ScalarExpr): ScalarExpr => replaceExpr(expr, (node) => {
      if (node.kind === 'column' && node.index >= wl) {
        return column(node.index + this.#width, node.type);
      }
      return node.kind === 'outer' ? this.#bind(node, wl) : null;
    });
    const bound = mapExprs(relation, moved) as typeof relation;
    const right = raised(relation.right);
    const node: Relation = {
      ...bound, left, right, columns: [...left.columns, ...relation.columns.slice(wl)],
    };
    const rightAt = relation.columns.slice(wl).map((_each, at) => wl + this.#width + at);
    return pick(node, [...allColumns(relation.left).map((_each, at) => at), ...rightAt,
      ...this.#refs.map((_ref, at) => wl + at)]);
  }
}

function domainOf(
  relation: Relation & { kind: 'join' }, leftAt: number, rightAt: number,
): number {
  return relation.type === 'right' ? rightAt : leftAt;
}

function hasOuter(expr: ScalarExpr): boolean {
  return outerColumnsOf(expr).size > 0;
}

/** An aggregate's column where the group may be missing. */
export function orEmpty(call: AggregateCall, value: ScalarExpr): ScalarExpr {
  const entry = functionById(call.function);
  const empty = entry.kind === 'aggregate' ? entry.empty : null;
  return empty === null ? value
    : { kind: 'coalesce', args: [value, literal(empty, call.type)], type: call.type };
}

function correlatedJoin(): Error {
  return sqlError('0A000', 'this kind of relation cannot refer to columns of an outer query', {
    hint: 'Join the right side of the ASOF or temporal join in FROM instead.',
  });
}
