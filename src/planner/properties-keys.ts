/**
 * Unique column sets of relations, and columns that are never NULL.
 *
 * A key is a set of columns no two rows agree on (NULLs count as equal); the empty key says: at
 * most one row. Derived bottom-up; only what can be proved is said. At most `KEYS_MAX` keys are
 * kept for each relation, the smallest first.
 */
import { assertNever } from '../common/assert.ts';
import type { CatalogReader } from './catalog.ts';
import { conjuncts } from './expr-tools.ts';
import { isEquality, isStrictPredicate } from './function-facts.ts';
import type { Relation, ScalarExpr } from './relation.ts';

/** A set of column numbers, ascending. */
export type Key = readonly number[];

const KEYS_MAX = 6;

function normal(columns: Iterable<number>): Key {
  return [...new Set(columns)].sort((a, b) => a - b);
}

function contains(outer: Key, inner: Key): boolean {
  return inner.every((column) => outer.includes(column));
}

/** Drops keys that contain another, and all but the smallest few. */
export function tidyKeys(keys: readonly Key[]): readonly Key[] {
  const bySize = keys.map(normal).sort((a, b) => a.length - b.length);
  const kept: Key[] = [];
  for (const key of bySize) {
    if (kept.length < KEYS_MAX && !kept.some((known) => contains(key, known))) kept.push(key);
  }
  return kept;
}

function moved(key: Key, by: number): Key {
  return key.map((column) => column + by);
}

/** Pairs of columns (left, right) that a join condition equates. */
export function equatedColumns(
  on: ScalarExpr, leftWidth: number,
): readonly (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (const each of conjuncts(on)) {
    const sides = each.kind === 'notDistinct' ? [each.left, each.right]
      : each.kind === 'call' && isEquality(each.function) ? each.args : [];
    const [a, b] = sides;
    if (a?.kind !== 'column' || b?.kind !== 'column') continue;
    if (a.index < leftWidth && b.index >= leftWidth) pairs.push([a.index, b.index - leftWidth]);
    if (b.index < leftWidth && a.index >= leftWidth) pairs.push([b.index, a.index - leftWidth]);
  }
  return pairs;
}

/** Derives keys; `inputKeys` answers for the inputs. */
export function deriveKeys(
  relation: Relation, inputKeys: (input: Relation) => readonly Key[], catalog: CatalogReader,
): readonly Key[] {
  switch (relation.kind) {
    case 'values': return relation.rows.length <= 1 ? [[]] : [];
    case 'scan': return scanKeys(relation, catalog);
    case 'filter': return tidyKeys(withoutConstants(inputKeys(relation.input), relation.predicate));
    case 'project': return projectKeys(relation.exprs, inputKeys(relation.input));
    case 'flatMap': return [];
    case 'window': return windowKeys(relation, inputKeys(relation.input));
    case 'aggregate': return aggregateKeys(relation, inputKeys(relation.input));
    case 'distinct':
      return tidyKeys([...inputKeys(relation.input), relation.columns.map((_each, at) => at)]);
    case 'join': return joinKeys(relation, inputKeys);
    case 'asofJoin': return inputKeys(relation.left);
    case 'temporalJoin': return temporalKeys(relation, inputKeys);
    case 'union': return unionKeys(relation, inputKeys);
    case 'setOp': return relation.all ? inputKeys(relation.left)
      : tidyKeys([...inputKeys(relation.left), relation.columns.map((_each, at) => at)]);
    case 'topN': return topNKeys(relation, inputKeys(relation.input));
    case 'over': return overKeys(relation, inputKeys(relation.input));
    case 'temporalFilter': case 'gate': return inputKeys(relation.input);
    case 'fill': return [normal([...relation.rule.partitionBy,
      ...relation.rule.windows.slice(0, 1).map(({ column }) => column)])];
    case 'recursive': return inputKeys(relation.body);
    case 'recursiveRef': return [];
    default: return assertNever(relation);
  }
}

function scanKeys(
  relation: Relation & { kind: 'scan' }, catalog: CatalogReader,
): readonly Key[] {
  const found = catalog.relationById(relation.relation);
  if (found === null) return [];
  const unique = found.uniqueKeys.filter((key) =>
    key.every((column) => found.columns[column]?.notNull === true));
  return tidyKeys(found.primaryKey === null ? unique : [found.primaryKey, ...unique]);
}

/** Columns equated with a constant need not be in a key. */
function withoutConstants(keys: readonly Key[], predicate: ScalarExpr): readonly Key[] {
  const constant = new Set<number>();
  for (const each of conjuncts(predicate)) {
    if (each.kind === 'isNull' && each.arg.kind === 'column') constant.add(each.arg.index);
    if (each.kind !== 'call' || !isEquality(each.function)) continue;
    const [a, b] = each.args;
    if (a?.kind === 'column' && b?.kind === 'literal') constant.add(a.index);
    if (b?.kind === 'column' && a?.kind === 'literal') constant.add(b.index);
  }
  return keys.map((key) => key.filter((column) => !constant.has(column)));
}

function projectKeys(exprs: readonly ScalarExpr[], keys: readonly Key[]): readonly Key[] {
  const found: Key[] = [];
  for (const key of keys) {
    const at = key.map((column) =>
      exprs.findIndex((expr) => expr.kind === 'column' && expr.index === column));
    if (!at.includes(-1)) found.push(at);
  }
  return tidyKeys(found);
}

function windowKeys(
  relation: Relation & { kind: 'window' }, keys: readonly Key[],
): readonly Key[] {
  const start = relation.input.columns.length;
  switch (relation.window.kind) {
    case 'tumble': case 'session': return keys;
    case 'zoned':
      return relation.window.shape === 'tumble' ? keys
        : tidyKeys(keys.map((key) => [...key, start, start + 1]));
    case 'hop': return tidyKeys(keys.flatMap((key) => [[...key, start], [...key, start + 1]]));
    case 'cumulate': return tidyKeys(keys.map((key) => [...key, start + 1]));
    default: return assertNever(relation.window);
  }
}

function aggregateKeys(
  relation: Relation & { kind: 'aggregate' }, keys: readonly Key[],
): readonly Key[] {
  if (relation.groupingSets !== null) return [];
  const groups = relation.groupBy.map((_each, at) => at);
  return tidyKeys([groups, ...projectKeys(relation.groupBy, keys)]);
}

function joinKeys(
  relation: Relation & { kind: 'join' }, inputKeys: (input: Relation) => readonly Key[],
): readonly Key[] {
  const left = inputKeys(relation.left);
  if (relation.type === 'semi' || relation.type === 'anti') return left;
  const width = relation.left.columns.length;
  const right = inputKeys(relation.right);
  const both = left.flatMap((key) => right.map((other) => [...key, ...moved(other, width)]));
  if (relation.lateral) return tidyKeys(both);
  const pairs = equatedColumns(relation.on, width);
  const rightFound = right.some((key) => key.every((each) => pairs.some(([, r]) => r === each)));
  const leftFound = left.some((key) => key.every((each) => pairs.some(([l]) => l === each)));
  // A full join of two single rows that do not match gives two rows.
  const keys: Key[] = both.filter((key) => relation.type !== 'full' || key.length > 0);
  const preservesLeft = relation.type === 'inner' || relation.type === 'left';
  const preservesRight = relation.type === 'inner' || relation.type === 'right';
  if (rightFound && preservesLeft) keys.push(...left);
  if (leftFound && preservesRight) keys.push(...right.map((key) => moved(key, width)));
  return tidyKeys(keys);
}

function temporalKeys(
  relation: Relation & { kind: 'temporalJoin' }, inputKeys: (input: Relation) => readonly Key[],
): readonly Key[] {
  const pairs = equatedColumns(relation.on, relation.left.columns.length);
  const single = inputKeys(relation.right).some((key) =>
    key.every((each) => pairs.some(([, right]) => right === each)));
  return single ? inputKeys(relation.left) : [];
}

/** Branches told apart by a literal column: that column and a key of every branch. */
function unionKeys(
  relation: Relation & { kind: 'union' }, inputKeys: (input: Relation) => readonly Key[],
): readonly Key[] {
  const tag = relation.columns.findIndex((_each, at) => distinctLiterals(relation.inputs, at));
  if (tag < 0) return [];
  let columns: number[] = [tag];
  for (const input of relation.inputs) {
    const key = inputKeys(input)[0];
    if (key === undefined) return [];
    columns = [...columns, ...key];
  }
  return tidyKeys([columns]);
}

function distinctLiterals(inputs: readonly Relation[], at: number): boolean {
  const seen = new Set<unknown>();
  for (const input of inputs) {
    const expr = input.kind === 'project' ? input.exprs[at] : undefined;
    if (expr?.kind !== 'literal' || typeof expr.value === 'object') return false;
    seen.add(expr.value);
  }
  return seen.size === inputs.length;
}

function topNKeys(relation: Relation & { kind: 'topN' }, keys: readonly Key[]): readonly Key[] {
  const found: Key[] = [...keys];
  if (relation.limit === 1n && !relation.withTies) found.push(relation.partitionBy);
  if (relation.rank === 'row_number') {
    found.push([...relation.partitionBy, relation.input.columns.length]);
  }
  return tidyKeys(found);
}

function overKeys(relation: Relation & { kind: 'over' }, keys: readonly Key[]): readonly Key[] {
  const width = relation.input.columns.length;
  const number = relation.calls.findIndex((each) => each.function === 'row_number()');
  return number < 0 ? keys : tidyKeys([...keys, [...relation.partitionBy, width + number]]);
}

/** True when a column of the relation is proved never to be NULL. */
export function neverNull(relation: Relation, index: number): boolean {
  if (relation.columns[index]?.notNull === true) return true;
  switch (relation.kind) {
    case 'values': return relation.rows.every((row) => {
      const expr = row[index];
      return expr?.kind === 'literal' && expr.value !== null;
    });
    case 'filter':
      return conjuncts(relation.predicate).some((each) => isStrictPredicate(each, index))
        || neverNull(relation.input, index);
    case 'project': {
      const expr = relation.exprs[index];
      return expr !== undefined && exprNeverNull(expr, relation.input);
    }
    case 'window': case 'flatMap': case 'over':
      return index < relation.input.columns.length ? neverNull(relation.input, index)
        : relation.kind === 'window';
    case 'aggregate': {
      const expr = relation.groupBy[index];
      return relation.groupingSets === null && expr !== undefined
        && exprNeverNull(expr, relation.input);
    }
    case 'distinct': case 'topN': case 'temporalFilter': case 'gate':
      return index < relation.input.columns.length && neverNull(relation.input, index);
    case 'join': return joinNeverNull(relation, index);
    case 'union': return relation.inputs.every((input) => neverNull(input, index));
    default: return false;
  }
}

function joinNeverNull(relation: Relation & { kind: 'join' }, index: number): boolean {
  const width = relation.left.columns.length;
  if (index < width) {
    if (relation.type === 'right' || relation.type === 'full') return false;
    const strict = relation.type !== 'left' && relation.type !== 'anti'
      && conjuncts(relation.on).some((each) => isStrictPredicate(each, index));
    return strict || neverNull(relation.left, index);
  }
  if (relation.type === 'left' || relation.type === 'full') return false;
  const strict = relation.type !== 'right'
    && conjuncts(relation.on).some((each) => isStrictPredicate(each, index));
  return strict || neverNull(relation.right, index - width);
}

/** True when an expression over the relation is proved never to be NULL. */
export function exprNeverNull(expr: ScalarExpr, input: Relation): boolean {
  switch (expr.kind) {
    case 'column': return neverNull(input, expr.index);
    case 'literal': return expr.value !== null;
    case 'now': case 'isNull': case 'isTruth': case 'notDistinct': return true;
    case 'not': return exprNeverNull(expr.arg, input);
    case 'and': case 'or': return expr.args.every((arg) => exprNeverNull(arg, input));
    case 'coalesce': return expr.args.some((arg) => exprNeverNull(arg, input));
    default: return false;
  }
}
