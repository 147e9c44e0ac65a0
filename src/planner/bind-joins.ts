/**
 * Joins: conditions, USING and NATURAL with their merged columns, lateral, ASOF and temporal joins.
 *
 * The left side's columns come first. A set-returning function on the right becomes a flatMap over
 * the left where the join allows it.
 */
import { must } from '../common/assert.ts';
import { sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import type { AsOf, Join } from '../parser/ast.ts';
import type { Identifier } from '../parser/ast-leaves.ts';
import { operatorCall } from './bind-call-tools.ts';
import { exprBinder } from './bind-expr.ts';
import { mapDeep, mapRelationDeep } from './bind-levels.ts';
import type { FromContext, FromPiece } from './bind-tables.ts';
import { coerce, coerceBoolean, commonType } from './coerce.ts';
import { notSupported, syntaxError } from './errors.ts';
import { andAll, isTrue, TRUE } from './expr-tools.ts';
import { filter, joinColumns } from './relation-tools.ts';
import type { JoinType, Relation, ScalarExpr, TableCall } from './relation.ts';
import { readable, Scope, shiftItem } from './scope.ts';
import type { ColumnFacts, ScopeColumn, ScopeItem } from './scope.ts';

/** Which join is made, and where. */
export interface JoinPlace {
  readonly context: FromContext;
  readonly type: 'inner' | 'left' | 'right' | 'full';
  /** null: a comma in FROM. */
  readonly join: Join | null;
}

/** A right side; `version` of FOR SYSTEM_TIME AS OF, `calls` of a function. */
export interface RightPiece extends FromPiece {
  readonly version?: AsOf;
  readonly calls?: readonly TableCall[] | null;
}

interface Condition {
  readonly on: ScalarExpr;
  readonly items: readonly ScopeItem[];
}

/** A join of independent sides, or a temporal or ASOF one. */
export function joinPieces(place: JoinPlace, left: FromPiece, right: RightPiece): FromPiece {
  const { join } = place;
  const condition = conditionOf(place, left, right);
  const facts = [...left.facts, ...right.facts];
  if (right.version !== undefined) {
    return temporal(place, { left, right }, condition);
  }
  if (join?.asof === true) {
    if (place.type !== 'inner' && place.type !== 'left') {
      throw notSupported(`an ASOF ${place.type.toUpperCase()} JOIN`, join.span,
        'Use ASOF JOIN or ASOF LEFT JOIN.');
    }
    return {
      facts, items: condition.items, order: [],
      relation: {
        kind: 'asofJoin', type: place.type, left: left.relation, right: right.relation,
        on: condition.on, columns: joinColumns(place.type, left.relation, right.relation),
      },
    };
  }
  return {
    facts: outerFacts(place.type, left, right), items: condition.items, order: [],
    relation: joinNode(place.type, left.relation, right.relation, condition.on),
  };
}

function joinNode(
  type: JoinType, left: Relation, right: Relation, on: ScalarExpr,
): Relation {
  return {
    kind: 'join', type, left, right, on, lateral: false,
    columns: joinColumns(type, left, right),
  };
}

/** Facts of both sides; the NULL-padded side keeps its origin but bounds no time. */
function outerFacts(
  type: JoinPlace['type'], left: FromPiece, right: FromPiece,
): readonly ColumnFacts[] {
  const padded = (facts: readonly ColumnFacts[], pad: boolean): readonly ColumnFacts[] =>
    (pad ? facts.map((fact) => ({ ...fact, watermark: false, window: null })) : facts);
  return [
    ...padded(left.facts, type === 'right' || type === 'full'),
    ...padded(right.facts, type === 'left' || type === 'full'),
  ];
}

/** A right side that may refer to the left. */
export function combine(place: JoinPlace, left: FromPiece, right: RightPiece): FromPiece {
  if (!refersTo(right.relation, 1)) {
    return joinPieces(place, left, { ...right, relation: dropLevel(right.relation) });
  }
  if (place.type === 'right' || place.type === 'full') {
    const name = left.items[0]?.name ?? '';
    throw sqlError('42P10', `invalid reference to FROM-clause entry for table "${name}"`, {
      span: place.join?.span,
      detail: 'The combining JOIN type must be INNER or LEFT for a LATERAL reference.',
    });
  }
  const condition = conditionOf(place, left, right);
  const facts = outerFacts(place.type, left, right);
  if (right.calls !== null && right.calls !== undefined
    && (place.type === 'inner' || isTrue(condition.on))) {
    const node: Relation = {
      kind: 'flatMap', input: left.relation, outer: place.type === 'left',
      columns: joinColumns(place.type, left.relation, right.relation),
      calls: right.calls.map((call) => ({
        ...call, args: call.args.map((arg) => takeIn(arg)),
      })),
    };
    return { facts, items: condition.items, order: [], relation: filter(node, condition.on) };
  }
  return {
    facts, items: condition.items, order: [],
    relation: {
      kind: 'join', type: place.type, left: left.relation, right: right.relation,
      on: condition.on, lateral: true,
      columns: joinColumns(place.type, left.relation, right.relation),
    },
  };
}

/** True when a relation has references of exactly that many levels out. */
function refersTo(relation: Relation, level: number): boolean {
  let found = false;
  mapRelationDeep(relation, (node, depth) => {
    if (node.kind === 'outer' && node.depth - depth + 1 === level) found = true;
    return null;
  }, 1);
  return found;
}

/** Takes out a level that is not referred to. */
function dropLevel(relation: Relation): Relation {
  return mapRelationDeep(relation, (node, depth) =>
    (node.kind === 'outer' && node.depth > depth ? { ...node, depth: node.depth - 1 } : null), 1);
}

/** An argument seen from the left side itself: its first outer level are plain columns. */
function takeIn(arg: ScalarExpr): ScalarExpr {
  return mapDeep(arg, (node, depth) => {
    if (node.kind !== 'outer' || node.depth <= depth) return null;
    if (node.depth === 1 && depth === 0) {
      return { kind: 'column', index: node.index, type: node.type };
    }
    return { ...node, depth: node.depth - 1 };
  });
}

// ----------------------------------------------------------------------------------- conditions

function conditionOf(place: JoinPlace, left: FromPiece, right: FromPiece): Condition {
  const { type } = place;
  const condition = plainCondition(place, left, right);
  if (type === 'inner') return condition;
  const ours = new Set(left.items.map((item) => item.name));
  const items = condition.items.map((item): ScopeItem => {
    const padded = type === 'full' || (type === 'right') === ours.has(item.name);
    return padded && item.name !== null ? { ...item, padded } : item;
  });
  return { on: condition.on, items };
}

function plainCondition(place: JoinPlace, left: FromPiece, right: FromPiece): Condition {
  const { join } = place;
  const shift = left.relation.columns.length;
  const rightItems = right.items.map((item) => shiftItem(item, shift));
  const items = [...left.items, ...rightItems];
  if (join === null) return { on: TRUE, items };
  checkNames(left.items, rightItems, join.span);
  const names = join.natural ? commonNames(left.items, rightItems, join.span)
    : join.using?.columns ?? null;
  if (names !== null && (names.length > 0 || !join.natural)) {
    return usingCondition(place, { left: left.items, right: rightItems }, names);
  }
  if (join.on === null) return { on: TRUE, items };
  const { state, withs } = place.context;
  const scope = new Scope(place.context.lateral ?? place.context.outer);
  scope.items = items;
  scope.facts = [...left.facts, ...right.facts];
  const binder = exprBinder(state, { scope, withs, clause: 'JOIN conditions' });
  return { on: coerceBoolean(state, binder.bind(join.on), 'JOIN/ON'), items };
}

function checkNames(
  left: readonly ScopeItem[], right: readonly ScopeItem[], span: Span,
): void {
  for (const item of right) {
    if (item.name === null || !item.tableVisible) continue;
    const same = left.some((each) => each.tableVisible && each.name === item.name
      && each.schema === item.schema);
    if (same) {
      throw sqlError('42712', `table name "${item.name}" specified more than once`, { span });
    }
  }
}

function visibleColumns(items: readonly ScopeItem[]): readonly ScopeColumn[] {
  return items.filter((item) => item.columnsVisible).flatMap((item) => item.columns);
}

function commonNames(
  left: readonly ScopeItem[], right: readonly ScopeItem[], span: Span,
): readonly Identifier[] {
  const names = new Set(visibleColumns(right).map((column) => column.name));
  const found = visibleColumns(left).map((column) => column.name)
    .filter((name) => names.has(name));
  return [...new Set(found)].map((name) => ({ kind: 'identifier', name, span }));
}

function usingColumn(
  items: readonly ScopeItem[], name: Identifier, side: 'left' | 'right',
): ScalarExpr {
  const found = visibleColumns(items).filter((column) => column.name === name.name);
  if (found.length > 1) {
    throw sqlError('42702',
      `common column name "${name.name}" appears more than once in ${side} table`,
      { span: name.span });
  }
  const column = found[0];
  if (column === undefined) {
    throw sqlError('42703',
      `column "${name.name}" specified in USING clause does not exist in ${side} table`,
      { span: name.span });
  }
  return readable(column);
}

/** USING (a, b): equalities, and one merged column for each pair. */
function usingCondition(
  place: JoinPlace, sides: { readonly left: readonly ScopeItem[];
    readonly right: readonly ScopeItem[] }, names: readonly Identifier[],
): Condition {
  const { state } = place.context;
  const merged: ScopeColumn[] = [];
  const tests = names.map((name, at) => {
    if (names.findIndex((other) => other.name === name.name) < at) {
      throw sqlError('42701', `column name "${name.name}" appears more than once in USING clause`,
        { span: name.span });
    }
    const left = usingColumn(sides.left, name, 'left');
    const right = usingColumn(sides.right, name, 'right');
    merged.push({ name: name.name, expr: mergedColumn(place, left, right) });
    return operatorCall(state, { name: '=', span: name.span }, [left, right]);
  });
  const used = new Set(names.map((name) => name.name));
  const rest = (items: readonly ScopeItem[]): ScopeColumn[] =>
    visibleColumns(items).filter((column) => !used.has(column.name));
  const join: ScopeItem = {
    name: null, schema: null, tableVisible: false, columnsVisible: true, key: null,
    columns: [...merged, ...rest(sides.left), ...rest(sides.right)],
  };
  const alias = place.join?.using?.alias;
  const named: ScopeItem[] = alias === null || alias === undefined ? [] : [{
    ...join, name: alias.name, columns: merged, tableVisible: true, columnsVisible: false,
  }];
  const hidden = [...sides.left, ...sides.right].map((item) => ({
    ...item, columnsVisible: false,
  }));
  return { on: andAll(tests), items: [join, ...named, ...hidden] };
}

function mergedColumn(place: JoinPlace, left: ScalarExpr, right: ScalarExpr): ScalarExpr {
  const { state } = place.context;
  const type = commonType(state, [left, right], 'JOIN/USING');
  const a = coerce(state, left, type, 'implicit');
  const b = coerce(state, right, type, 'implicit');
  if (place.type === 'full') return { kind: 'coalesce', args: [a, b], type };
  return place.type === 'right' ? b : a;
}

// ------------------------------------------------------------------------------- temporal joins

/** FOR SYSTEM_TIME AS OF: of a column of the left side, PROCTIME() or now(). */
function temporal(
  place: JoinPlace, sides: { readonly left: FromPiece; readonly right: RightPiece },
  condition: Condition,
): FromPiece {
  const { left, right } = sides;
  const { state, withs } = place.context;
  const version = must(right.version, 'version');
  if (place.type !== 'inner' && place.type !== 'left') {
    throw notSupported(`FOR SYSTEM_TIME AS OF in a ${place.type.toUpperCase()} JOIN`, version.span,
      'Use JOIN or LEFT JOIN.');
  }
  const scope = new Scope(place.context.lateral ?? place.context.outer);
  scope.items = left.items;
  const time = exprBinder(state, { scope, withs, clause: 'FROM' }).bind(version.value);
  if (time.kind !== 'now' && time.kind !== 'column') {
    throw syntaxError('FOR SYSTEM_TIME AS OF takes a time column of the left side or PROCTIME()',
      version.span);
  }
  return {
    items: condition.items, order: [],
    facts: outerFacts(place.type, left, right),
    relation: {
      kind: 'temporalJoin', type: place.type, left: left.relation, right: right.relation,
      on: condition.on, leftTime: time.kind === 'now' ? null : time,
      columns: joinColumns(place.type, left.relation, right.relation),
    },
  };
}
