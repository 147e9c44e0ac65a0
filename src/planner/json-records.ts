/**
 * json_to_record, json_to_recordset and their jsonb forms, written out: a query over the objects
 * with a cast of each member to the type its column was declared with.
 */
import type {
  DerivedTable, Expr, FromItem, FunctionCall, FunctionTable, FunctionTableCall, Query, TypeField,
} from '../parser/ast.ts';
import {
  binaryNode, callNode, castNode, columnNode, itemNode, nameNode, queryNode, selectOver,
} from './syntax-make.ts';

const OBJECT = '$object';
const VALUE = '$value';

/** The item as it is to be bound: a derived table for a function of JSON records. */
export function withoutJsonRecords(item: FromItem): FromItem {
  if (item.kind !== 'functionTable' || item.functions.length !== 1) return item;
  const [only] = item.functions;
  if (only === undefined || only.columns.length === 0 || item.ordinality) return item;
  const name = only.call.kind === 'functionCall' ? only.call.name.parts.at(-1)?.name ?? '' : '';
  const match = /^(jsonb?)_(?:to|populate)_record(set)?$/.exec(name);
  return match === null ? item : records(item, only, {
    type: match[1] ?? 'json', set: match[2] !== undefined,
  });
}

function records(
  item: FunctionTable, { call, columns }: FunctionTableCall,
  of: { readonly type: string; readonly set: boolean },
): DerivedTable {
  const { span } = call;
  // The first argument of json_populate_record is a row without a type here.
  const args = call.kind === 'functionCall'
    ? call.args.slice(-1).map(({ value }) => castNode(value, of.type)) : [];
  const objects = queryNode(of.set
    ? selectFrom(callNode(`${of.type}_array_elements`, args, span))
    : { kind: 'values', rows: [args], span });
  return {
    kind: 'derivedTable', lateral: true, alias: item.alias, span,
    query: queryNode(selectOver(objects, OBJECT, [VALUE], {
      items: columns.map((column) => itemNode(member(column, of.type), column.name.name)),
      where: null,
    })),
  };
}

/** True for json_populate_recordset and its jsonb form. */
export function isPopulatedSet(name: string): boolean {
  return /^jsonb?_populate_recordset$/.test(name);
}

/** json_populate_recordset(base, array) as a query: `fields` are those of the base. */
export function populatedSet(
  item: FunctionTable, call: FunctionCall, fields: readonly string[],
): DerivedTable {
  const { span } = call;
  const json = call.name.parts.at(-1)?.name.startsWith('jsonb') === true ? 'jsonb' : 'json';
  const [base, array] = call.args.map(({ value }) => value);
  const items = queryNode(selectFrom(callNode(`${json}_array_elements`,
    array === undefined ? [] : [castNode(array, json)], span)));
  const rows = queryNode(selectOver(items, '$items', ['$item'], {
    items: [itemNode(callNode(`${json}_populate_record`, [
      ...base === undefined ? [] : [base], columnNode(['$items', '$item'], span),
    ], span), null)],
    where: null,
  }));
  return {
    kind: 'derivedTable', lateral: true, span,
    alias: item.alias ?? {
      kind: 'alias', name: nameNode(`${json}_populate_recordset`, span), columns: [], span,
    },
    query: queryNode(selectOver(rows, OBJECT, [VALUE], {
      items: fields.map((name) => itemNode({
        kind: 'fieldAccess', operand: columnNode([OBJECT, VALUE], span),
        field: nameNode(name, span), span,
      }, name)),
      where: null,
    })),
  };
}

function selectFrom(call: Expr): Query['body'] {
  return {
    kind: 'select', span: call.span, distinct: false, distinctOn: [], into: null,
    items: [itemNode(call, VALUE)], intoTemporary: false, where: null, groupBy: [],
    groupDistinct: false, fill: null, having: null, windows: [], from: [],
  };
}

/** A member of the object as its column has it. */
function member({ name, type }: TypeField, json: string): Expr {
  const { span } = name;
  const object = columnNode([OBJECT, VALUE], span);
  const key: Expr = { kind: 'stringLiteral', value: name.name, span };
  const word = type.name.parts.at(-1)?.name ?? '';
  const typed = (operand: Expr): Expr => ({
    kind: 'cast', operand, type, onError: 'error', span,
  });
  const structured = word === 'json' || word === 'jsonb';
  if (type.arrayDimensions === 0) {
    return typed(binaryNode(structured ? '->' : '->>', object, key));
  }
  const value = binaryNode('->', object, key);
  const items: Expr = { kind: 'arraySubquery', span, query: queryNode({
    kind: 'select', span, distinct: false, distinctOn: [], into: null, intoTemporary: false,
    items: [itemNode(columnNode(['$item'], span), null)], where: null, groupBy: [],
    groupDistinct: false, fill: null, having: null, windows: [],
    from: [{
      kind: 'functionTable', rowsFrom: false, ordinality: false, lateral: true, span,
      alias: { kind: 'alias', name: nameNode('$items', span), columns: [nameNode('$item', span)],
        span },
      functions: [{ kind: 'functionTableCall', columns: [], span,
        call: callNode(`${json}_array_elements${structured ? '' : '_text'}`, [value], span) }],
    }],
  }) };
  const isArray = binaryNode('=', callNode(`${json}_typeof`, [value], span),
    { kind: 'stringLiteral', value: 'array', span });
  return {
    kind: 'case', operand: null, span,
    branches: [{ kind: 'caseBranch', when: isArray, then: typed(items), span }],
    otherwise: typed(binaryNode('->>', object, key)),
  };
}
