/**
 * SEARCH and CYCLE of WITH RECURSIVE, written out as columns of the query: the path of a row, its
 * place in depth-first or breadth-first order, whether it has been there before.
 */
import { sqlError } from '../common/errors.ts';
import type {
  Cte, CteCycle, Expr, FromItem, QueryBody, Select, SelectItem, SetOperation,
} from '../parser/ast.ts';
import type { CteSearch, Identifier } from '../parser/ast-leaves.ts';
import { syntaxError } from './errors.ts';
import {
  binaryNode, callNode, castNode, columnNode, integerNode, itemNode, queryNode, selectOver,
} from './syntax-make.ts';

/** A recursive query with the columns SEARCH and CYCLE add. */
export interface OrderedRecursion {
  readonly union: SetOperation;
  /** All columns by name. */
  readonly columns: readonly string[];
  /** How many of them can be seen; the depth of a breadth-first search comes behind. */
  readonly visible: number;
}

const TERM = '$term';
const DEPTH = '$depth';

/** Adds the columns; `names` are those the query has without. */
export function withSearchAndCycle(
  cte: Cte, union: SetOperation, names: readonly string[],
): OrderedRecursion {
  checkNames(cte, names);
  const added = addedColumns(cte);
  const self = selfReference(cte, union.right);
  const left = selectOver(queryNode(union.left), TERM, names, {
    items: [...names.map(own), ...added.map(({ name, first }) => itemNode(first, name))],
    where: null,
  });
  const before = added.map(({ name }) => `$before ${name}`);
  const carried: Select = {
    ...self.select, items: [
      ...self.select.items,
      ...added.map(({ name }, at) =>
        itemNode(columnNode([self.alias, name], cte.span), before[at] ?? null)),
    ],
  };
  const right = selectOver(queryNode(carried), TERM, [...names, ...before], {
    items: [...names.map(own), ...added.map(({ name, next }) => itemNode(next, name))],
    where: cte.cycle === null ? null
      : binaryNode('<>', columnNode([TERM, `$before ${cte.cycle.mark.name}`], cte.span),
        markOf(cte.cycle)),
  });
  const breadth = cte.search?.order === 'breadth';
  return {
    union: { ...union, left, right }, columns: [...names, ...added.map(({ name }) => name)],
    visible: names.length + added.length - (breadth ? 1 : 0),
  };

  function own(name: string): SelectItem {
    return itemNode(columnNode([TERM, name], cte.span), name);
  }
}

interface AddedColumn {
  readonly name: string;
  readonly first: Expr;
  readonly next: Expr;
}

function rowOf(columns: readonly Identifier[], before: readonly Expr[] = []): Expr {
  const span = columns[0]?.span ?? { start: 0, end: 0 };
  return {
    kind: 'row', explicit: true, span,
    items: [...before, ...columns.map((column) => columnNode([TERM, column.name], span))],
  };
}

function addedColumns({ search, cycle }: Cte): readonly AddedColumn[] {
  return [
    ...(search === null ? [] : searchColumns(search).slice(0, 1)),
    ...(cycle === null ? [] : cycleColumns(cycle)),
    ...(search === null ? [] : searchColumns(search).slice(1)),
  ];
}

function searchColumns(search: CteSearch): readonly AddedColumn[] {
  const { span, by, set } = search;
  if (search.order === 'depth') return [pathColumn(set.name, by)];
  const depth = binaryNode('+', columnNode([TERM, `$before ${DEPTH}`], span), integerNode(1, span));
  const zero = castNode(integerNode(0, span), 'int8');
  return [
    { name: set.name, first: rowOf(by, [zero]), next: rowOf(by, [depth]) },
    { name: DEPTH, first: zero, next: depth },
  ];
}

/** ARRAY[ROW(columns)], longer by one with every step. */
function pathColumn(name: string, columns: readonly Identifier[]): AddedColumn {
  const span = columns[0]?.span ?? { start: 0, end: 0 };
  const one: Expr = { kind: 'array', elements: [rowOf(columns)], span };
  const before = columnNode([TERM, `$before ${name}`], span);
  return { name, first: one, next: callNode('array_cat', [before, one], span) };
}

function cycleColumns(cycle: CteCycle): readonly AddedColumn[] {
  const { span, columns, mark, path } = cycle;
  const fresh = cycle.markDefault ?? { kind: 'booleanLiteral', value: false, span };
  const seen: Expr = {
    kind: 'quantifiedArray', operator: '=', operatorSchema: null, quantifier: 'any', span,
    operand: rowOf(columns), array: columnNode([TERM, `$before ${path.name}`], span),
  };
  return [
    { name: mark.name, first: fresh, next: {
      kind: 'case', operand: null, otherwise: fresh, span,
      branches: [{ kind: 'caseBranch', when: seen, then: markOf(cycle), span }],
    } },
    pathColumn(path.name, columns),
  ];
}

function markOf(cycle: CteCycle): Expr {
  return cycle.markValue ?? { kind: 'booleanLiteral', value: true, span: cycle.span };
}

/** The recursive term's SELECT, and the name the recursive query has in its FROM. */
function selfReference(cte: Cte, term: QueryBody): { select: Select; alias: string } {
  let body = term;
  while (body.kind === 'query' && body.with === null && body.orderBy.length === 0) {
    ({ body } = body);
  }
  const { name } = cte.name;
  const alias = body.kind === 'select' ? aliasOf(body.from, name) : null;
  if (body.kind === 'select' && alias !== null) return { select: body, alias };
  throw sqlError('0A000', 'with a SEARCH or CYCLE clause, the recursive reference to WITH query '
    + `"${name}" must be at the top level of its right-hand SELECT`, { span: cte.span });
}

function aliasOf(items: readonly FromItem[], name: string): string | null {
  for (const item of items) {
    if (item.kind === 'join') {
      const inside = aliasOf([item.left, item.right], name);
      if (inside !== null) return inside;
    } else if (item.kind === 'tableRef' && item.name.parts.length === 1
      && item.name.parts[0]?.name === name) {
      return item.alias?.name.name ?? name;
    }
  }
  return null;
}

function checkNames({ search, cycle }: Cte, names: readonly string[]): void {
  const taken = new Set(names);
  const known = (column: Identifier, what: string): void => {
    if (taken.has(column.name)) return;
    throw syntaxError(`${what} column "${column.name}" not in WITH query column list`, column.span);
  };
  const fresh = (column: Identifier, what: string): void => {
    if (!taken.has(column.name)) return;
    throw syntaxError(`${what} name "${column.name}" already used in WITH query column list`,
      column.span);
  };
  for (const column of search?.by ?? []) known(column, 'search');
  for (const column of cycle?.columns ?? []) known(column, 'cycle');
  if (search !== null) fresh(search.set, 'search sequence column');
  if (cycle === null) return;
  fresh(cycle.mark, 'cycle mark column');
  fresh(cycle.path, 'cycle path column');
  if (cycle.mark.name === cycle.path.name) {
    throw syntaxError('cycle mark column name and cycle path column name are the same',
      cycle.path.span);
  }
}
