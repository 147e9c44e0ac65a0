/**
 * WITH: names bound once and used in place; RECURSIVE and MUTUALLY RECURSIVE as fixpoints.
 *
 * A use of a name shares the bound relation, so lowering runs it once. Every use of a recursive
 * name is a `recursive` node of its own over the shared bindings.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import { sameType } from '../common/types/sql-type.ts';
import type {
  Cte, DataChange, Query, QueryBody, SetOperation, WithClause,
} from '../parser/ast.ts';
import type { QueryPlace, StatementState, WithBinding, WithNames } from './bind-context.ts';
import { functionsNamed } from './bind-functions.ts';
import { namedType } from './bind-named-types.ts';
import { typeText } from './bind-types.ts';
import { visibleOnly } from './bind-subqueries.ts';
import { renameColumns } from './bind-tables.ts';
import { coerceTo } from './coerce.ts';
import { notSupported, syntaxError } from './errors.ts';
import type { RecursiveBinding, Relation, RelationColumn, ScalarExpr } from './relation.ts';
import { checkRecursiveTerm } from './recursive-rules.ts';
import { withSearchAndCycle } from './recursive-order.ts';
import { NO_FACTS } from './scope.ts';
import type { BoundRelation, Scope } from './scope.ts';

/** The names of a WITH clause, bound; the place's own names when there is none. */
export function bindWith(
  state: StatementState, clause: WithClause | null, place: QueryPlace,
): WithNames | null {
  if (clause === null) return place.withs;
  const names: WithNames = { parent: place.withs, names: new Map() };
  checkNames(clause);
  const [option] = clause.options;
  if (option !== undefined) {
    throw notSupported('an option of WITH MUTUALLY RECURSIVE', option.span,
      'Bound the recursion with a condition; without an end it fails after 1000000 iterations.');
  }
  if (clause.recursive === 'mutually') {
    bindMutually(state, clause, place, names);
    return names;
  }
  const ordered = clause.recursive === 'recursive' ? inOrder(clause.ctes) : clause.ctes;
  for (const cte of ordered) {
    if (cte.query.kind !== 'query') {
      names.names.set(cte.name.name, changedRows(state, cte, cte.query, names));
      continue;
    }
    const { query } = cte;
    const recursive = clause.recursive === 'recursive' && refersTo(query, cte.name.name);
    if (!recursive && (cte.search !== null || cte.cycle !== null)) {
      throw syntaxError('WITH query is not recursive', cte.span);
    }
    const bound = recursive ? bindRecursive(state, cte, query, { ...place, withs: names })
      : named(cte, state.bindQuery(query, { outer: place.outer, withs: names, carry: true }));
    names.names.set(cte.name.name, { bound, outer: place.outer });
  }
  return names;
}

function checkNames(clause: WithClause): void {
  const seen = new Set<string>();
  for (const cte of clause.ctes) {
    if (seen.has(cte.name.name)) {
      throw sqlError('42712', `WITH query name "${cte.name.name}" specified more than once`, {
        span: cte.name.span,
      });
    }
    seen.add(cte.name.name);
  }
}

/** The rows a data change gave back; as many as none before it has run. */
function changedRows(
  state: StatementState, cte: Cte, change: DataChange, names: WithNames,
): WithBinding {
  const { changes } = state;
  if (changes?.ctes.has(cte) !== true) {
    throw sqlError('0A000', state.view
      ? 'materialized views must not use data-modifying statements in WITH'
      : 'WITH clause containing a data-modifying statement must be at the top level', {
      span: cte.span,
    });
  }
  const columns = changes.bind(state, change, names);
  const rows = (changes.results?.get(cte) ?? []).map((row) => row.map((value, at): ScalarExpr => ({
    kind: 'literal', value, type: must(columns?.[at], 'column of RETURNING').type,
  })));
  const bound = named(cte, {
    facts: (columns ?? []).map(() => NO_FACTS), visible: columns?.length ?? 0, order: [],
    relation: { kind: 'values', columns: columns ?? [], rows },
  });
  return { bound, outer: null, returnsNothing: columns === null };
}

function queryOf(cte: Cte): Query {
  if (cte.query.kind !== 'query') {
    throw notSupported('a data-changing statement in WITH', cte.query.span);
  }
  return cte.query;
}

/** The relation under the names of the CTE's column list. */
function named(cte: Cte, bound: BoundRelation): BoundRelation {
  if (cte.columns.length === 0) return bound;
  if (cte.columns.length > bound.visible) {
    throw sqlError('42P10', `WITH query "${cte.name.name}" has ${bound.visible} columns available `
      + `but ${cte.columns.length} columns specified`, { span: cte.name.span });
  }
  const columns = bound.relation.columns.map((column, at) => {
    const given = at < bound.visible ? cte.columns[at] : undefined;
    return given === undefined ? column : { ...column, name: given.name.name };
  });
  return { ...bound, relation: renameColumns(bound.relation, columns) };
}

/** Under RECURSIVE a name may be used before it is defined; not by each other in a circle. */
function inOrder(ctes: readonly Cte[]): readonly Cte[] {
  const done: Cte[] = [];
  const open = new Set<Cte>();
  const visit = (cte: Cte): void => {
    if (done.includes(cte)) return;
    if (open.has(cte)) {
      throw notSupported('mutual recursion between WITH items', cte.span,
        'Write WITH MUTUALLY RECURSIVE, with the types of the columns.');
    }
    open.add(cte);
    for (const other of ctes) {
      if (other !== cte && refersTo(cte.query, other.name.name)) visit(other);
    }
    open.delete(cte);
    done.push(cte);
  };
  for (const cte of ctes) visit(cte);
  return done;
}

/** True when a table of that name is named anywhere in the query. */
function refersTo(query: Query | DataChange, name: string): boolean {
  let found = false;
  JSON.stringify(query, (key, value: unknown) => {
    if (key === 'span') return undefined;
    if (typeof value === 'object' && value !== null && 'kind' in value
      && (value.kind === 'tableRef' || value.kind === 'tableQuery') && 'name' in value) {
      const parts = (value.name as { readonly parts: readonly { readonly name: string }[] }).parts;
      if (parts.length === 1 && parts[0]?.name === name) found = true;
    }
    return value;
  });
  return found;
}

// ----------------------------------------------------------------------------- WITH RECURSIVE

function bindRecursive(
  state: StatementState, cte: Cte, query: Query, place: QueryPlace,
): BoundRelation {
  const { name } = cte.name;
  const union = unionOf(query, name);
  if (query.orderBy.length > 0) throw notSupported('ORDER BY in a recursive query', query.span);
  if (query.limit !== null) throw notSupported('LIMIT in a recursive query', query.span);
  if (query.offset !== null) throw notSupported('OFFSET in a recursive query', query.span);
  const inner = query.with === null ? place
    : { ...place, withs: bindWith(state, query.with, place) };
  if (refersTo(asQuery(union.left, query), name)) {
    throw sqlError('42P19',
      `recursive reference to query "${name}" must not appear within its non-recursive term`,
      { span: union.left.span });
  }
  checkRecursiveTerm(union.right, name, (call) =>
    functionsNamed(state, call, null).some((entry) => entry.kind === 'aggregate'));
  const plain = visibleOnly(named(cte, bindBody(state, union.left, inner)));
  if (cte.search === null && cte.cycle === null) {
    return bindFixpoint(state, { cte, union, base: plain, place: inner, outer: place.outer });
  }
  const names = plain.relation.columns.map((column) => column.name);
  const changed = withSearchAndCycle(cte, union, names);
  const bound = bindFixpoint(state, {
    cte, union: changed.union, place: inner, outer: place.outer,
    base: visibleOnly(bindBody(state, changed.union.left, inner)),
  });
  return { ...bound, visible: changed.visible };
}

interface Fixpoint {
  readonly cte: Cte;
  readonly union: SetOperation;
  /** The non-recursive term. */
  readonly base: BoundRelation;
  readonly place: QueryPlace;
  readonly outer: Scope | null;
}

function bindFixpoint(
  state: StatementState, { cte, union, base, place, outer }: Fixpoint,
): BoundRelation {
  const { name } = cte.name;
  const columns = base.relation.columns.map((column): RelationColumn => ({
    name: column.name, type: column.type,
  }));
  const binding = state.freshName(name);
  const self = reference(binding, columns);
  const names: WithNames = { parent: place.withs, names: new Map() };
  names.names.set(name, { bound: self, outer });
  const step = visibleOnly(bindBody(state, union.right, { ...place, withs: names }));
  const definition: Relation = {
    kind: 'union', columns, inputs: [base.relation, matched(state, cte, columns, step)],
  };
  return recursiveUse([{
    name: binding, columns, definition, distinct: !union.all, working: true,
  }], binding, columns);
}

function asQuery(body: QueryBody, around: Query): Query {
  return body.kind === 'query' ? body : {
    ...around, with: null, body, orderBy: [], limit: null, offset: null,
  };
}

function bindBody(state: StatementState, body: QueryBody, place: QueryPlace): BoundRelation {
  const query: Query = body.kind === 'query' ? body : {
    kind: 'query', span: body.span, with: null, body, orderBy: [], limit: null, withTies: false,
    offset: null, locking: [], emit: null, asOf: null, options: [],
  };
  return state.bindQuery(query, { outer: place.outer, withs: place.withs, carry: false });
}

function unionOf(query: Query, name: string): SetOperation {
  let { body } = query;
  while (body.kind === 'query' && body.with === null && body.orderBy.length === 0) {
    ({ body } = body);
  }
  if (body.kind !== 'setOperation' || body.operator !== 'union') {
    throw sqlError('42P19', `recursive query "${name}" does not have the form non-recursive-term `
      + 'UNION [ALL] recursive-term', { span: query.span });
  }
  return body;
}

function reference(binding: string, columns: readonly RelationColumn[]): BoundRelation {
  return {
    facts: columns.map(() => NO_FACTS), visible: columns.length, order: [],
    relation: { kind: 'recursiveRef', binding, columns },
  };
}

function recursiveUse(
  bindings: readonly RecursiveBinding[], binding: string, columns: readonly RelationColumn[],
): BoundRelation {
  return {
    facts: columns.map(() => NO_FACTS), visible: columns.length, order: [],
    relation: {
      kind: 'recursive', bindings, columns, body: { kind: 'recursiveRef', binding, columns },
    },
  };
}

/** The recursive term with the columns of the other one; a wider type is an error. */
function matched(
  state: StatementState, cte: Cte, columns: readonly RelationColumn[], step: BoundRelation,
): Relation {
  if (step.visible !== columns.length) {
    throw syntaxError('each UNION query must have the same number of columns', cte.query.span);
  }
  const exprs = columns.map((column, index): ScalarExpr => {
    const own = must(step.relation.columns[index], 'column');
    const expr: ScalarExpr = { kind: 'column', index, type: own.type };
    if (sameType(own.type, column.type)) return { ...expr, type: column.type };
    try {
      return coerceTo(state, expr, column.type, 'UNION');
    } catch {
      throw sqlError('42804', `recursive query "${cte.name.name}" column ${index + 1} has type `
        + `${typeText(column.type)} in non-recursive term but type ${typeText(own.type)} overall`, {
        span: cte.query.span,
        hint: 'Cast the output of the non-recursive term to the correct type.',
      });
    }
  });
  return { kind: 'project', input: step.relation, exprs, columns };
}

// --------------------------------------------------------------------- WITH MUTUALLY RECURSIVE

function bindMutually(
  state: StatementState, clause: WithClause, place: QueryPlace, names: WithNames,
): void {
  const parts = clause.ctes.map((cte) => {
    const columns = cte.columns.map((column): RelationColumn => {
      if (column.type === null) {
        throw syntaxError('columns of WITH MUTUALLY RECURSIVE need types', column.span);
      }
      return { name: column.name.name, type: namedType(state, column.type) };
    });
    if (columns.length === 0) {
      throw syntaxError('WITH MUTUALLY RECURSIVE needs a list of columns with types', cte.span);
    }
    return { cte, columns, binding: state.freshName(cte.name.name) };
  });
  for (const { cte, columns, binding } of parts) {
    names.names.set(cte.name.name, { bound: reference(binding, columns), outer: place.outer });
  }
  const bindings = parts.map(({ cte, columns, binding }): RecursiveBinding => {
    const bound = visibleOnly(state.bindQuery(queryOf(cte),
      { outer: place.outer, withs: names, carry: false }));
    return {
      name: binding, columns, distinct: false,
      definition: matched(state, cte, columns, bound),
    };
  });
  for (const { cte, columns, binding } of parts) {
    names.names.set(cte.name.name, {
      bound: recursiveUse(bindings, binding, columns), outer: place.outer,
    });
  }
}
