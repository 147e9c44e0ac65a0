/**
 * Prints expressions. Operands are put in parentheses unless they are primaries, so precedence
 * never has to be thought about; parentheses leave no trace in the tree.
 */
import type { SqlValueFunction } from './ast-leaves.ts';
import type {
  CaseExpr,
  Expr,
  FrameBound,
  FunctionArgument,
  FunctionCall,
  SortItem,
  TypedLiteral,
  WindowFrame,
  WindowSpec,
} from './ast.ts';
import {
  commas,
  printIdentifier,
  printName,
  printParts,
  printQualified,
  printString,
  printType,
  unknownNode,
  words,
} from './print-names.ts';
import type { Printers } from './print-names.ts';

const primaries: ReadonlySet<Expr['kind']> = new Set<Expr['kind']>([
  'stringLiteral',
  'booleanLiteral',
  'nullLiteral',
  'columnRef',
  'parameter',
  'exists',
  'scalarSubquery',
  'array',
  'arraySubquery',
  'row',
  'case',
  'coalesce',
  'nullIf',
  'minMax',
  'functionCall',
  'sqlValueFunction',
]);

/** An expression as an operand: in parentheses unless it is a primary. */
function operand(p: Printers, expr: Expr): string {
  const signed = 'text' in expr && expr.text.startsWith('-');
  const isNumber = expr.kind === 'integerLiteral' || expr.kind === 'decimalLiteral';
  const text = printExpr(p, expr);
  return primaries.has(expr.kind) || (isNumber && !signed) ? text : `(${text})`;
}

/** What fields and subscripts are taken of: only a column or parameter goes without parentheses. */
function container(p: Printers, expr: Expr, apart: boolean = false): string {
  const chain = expr.kind === 'subscript' || expr.kind === 'slice' || expr.kind === 'fieldAccess';
  const bare = chain || expr.kind === 'columnRef' || expr.kind === 'parameter';
  return bare && !apart ? printExpr(p, expr) : `(${printExpr(p, expr)})`;
}

function operator(symbol: string, schema: string | null): string {
  return schema === null ? symbol : `OPERATOR(${printName(schema)}.${symbol})`;
}

function not(negated: boolean): string {
  return negated ? 'NOT ' : '';
}

/** Any expression. */
export function printExpr(p: Printers, e: Expr): string {
  const sub = (expr: Expr): string => operand(p, expr);
  switch (e.kind) {
    case 'integerLiteral':
    case 'decimalLiteral':
      return e.text;
    case 'stringLiteral':
      return printString(e.value);
    case 'booleanLiteral':
      return e.value ? 'TRUE' : 'FALSE';
    case 'nullLiteral':
      return 'NULL';
    case 'typedLiteral':
      return typedLiteral(p, e);
    case 'default':
      return 'DEFAULT';
    case 'columnRef':
      return printParts(e.parts);
    case 'star':
      return star(p, e.qualifier.length === 0 ? '' : `${printParts(e.qualifier)}.`, e.except);
    case 'parameter':
      return `$${e.index}`;
    case 'unary':
      return `${operator(e.operator, e.operatorSchema)} ${sub(e.operand)}`;
    case 'binary':
      return `${sub(e.left)} ${operator(e.operator, e.operatorSchema)} ${sub(e.right)}`;
    case 'and':
      return e.operands.map(sub).join(' AND ');
    case 'or':
      return e.operands.map(sub).join(' OR ');
    case 'not':
      return `NOT ${sub(e.operand)}`;
    case 'cast':
    case 'collate':
    case 'atTimeZone':
    case 'fieldAccess':
    case 'fieldStar':
    case 'subscript':
    case 'slice':
      return suffixed(p, e);
    case 'array':
      return `ARRAY[${commas(e.elements, p.expr)}]`;
    case 'row':
      return `${e.explicit ? 'ROW' : ''}(${commas(e.items, p.expr)})`;
    case 'case':
      return caseText(p, e);
    case 'lambda':
      return `|${commas(e.parameters, printIdentifier)}| ${p.expr(e.body)}`;
    case 'coalesce':
    case 'nullIf':
    case 'minMax':
    case 'sqlValueFunction':
    case 'functionCall':
      return call(p, e);
    case 'exists':
    case 'scalarSubquery':
    case 'arraySubquery':
    case 'inSubquery':
    case 'quantifiedSubquery':
      return subquery(p, e);
    default:
      return predicate(p, e);
  }
}

type Suffixed = Extract<
  Expr,
  {
    kind:
      | 'cast'
      | 'collate'
      | 'atTimeZone'
      | 'fieldAccess'
      | 'fieldStar'
      | 'subscript'
      | 'slice';
  }
>;

function suffixed(p: Printers, e: Suffixed): string {
  switch (e.kind) {
    case 'cast': {
      const function_ = e.onError === 'null' ? 'TRY_CAST' : 'CAST';
      return `${function_}(${p.expr(e.operand)} AS ${printType(p, e.type)})`;
    }
    case 'collate':
      return `${operand(p, e.operand)} COLLATE ${printQualified(e.collation)}`;
    case 'atTimeZone':
      return `${operand(p, e.operand)} AT TIME ZONE ${operand(p, e.zone)}`;
    case 'fieldAccess':
      return `${fieldOwner(p, e.operand)}.${printIdentifier(e.field)}`;
    case 'fieldStar':
      return `${fieldOwner(p, e.operand)}.*`;
    case 'subscript':
      return `${container(p, e.operand, e.apart)}[${p.expr(e.index)}]`;
    case 'slice': {
      const lower = e.lower === null ? '' : p.expr(e.lower);
      const upper = e.upper === null ? '' : p.expr(e.upper);
      return `${container(p, e.operand, e.apart)}[${lower} : ${upper}]`;
    }
    default:
      return unknownNode(e);
  }
}

/** (a).b: without the parentheses a.b would be a column of a. */
function fieldOwner(p: Printers, expr: Expr): string {
  return expr.kind === 'columnRef' ? `(${p.expr(expr)})` : container(p, expr);
}

type SubqueryExpr = Extract<
  Expr,
  { kind: 'exists' | 'scalarSubquery' | 'arraySubquery' | 'inSubquery' | 'quantifiedSubquery' }
>;

function subquery(p: Printers, e: SubqueryExpr): string {
  const query = `(${p.query(e.query)})`;
  switch (e.kind) {
    case 'exists':
      return `EXISTS ${query}`;
    case 'scalarSubquery':
      return query;
    case 'arraySubquery':
      return `ARRAY${query}`;
    case 'inSubquery':
      return `${operand(p, e.operand)} ${not(e.negated)}IN ${query}`;
    case 'quantifiedSubquery':
      return quantified(p, e, query);
    default:
      return unknownNode(e);
  }
}

function quantified(
  p: Printers,
  e: Extract<Expr, { kind: 'quantifiedSubquery' | 'quantifiedArray' }>,
  source: string,
): string {
  const symbol = operator(e.operator, e.operatorSchema);
  return `${operand(p, e.operand)} ${symbol} ${e.quantifier.toUpperCase()} ${source}`;
}

type Predicate = Extract<
  Expr,
  {
    kind: 'isTest' | 'isDistinct' | 'isJson' | 'between' | 'inList' | 'like' | 'quantifiedArray';
  }
>;

function predicate(p: Printers, e: Predicate): string {
  const sub = (expr: Expr): string => operand(p, expr);
  switch (e.kind) {
    case 'isTest':
      return `${sub(e.operand)} IS ${not(e.negated)}${e.test.toUpperCase()}`;
    case 'isDistinct':
      return `${sub(e.left)} IS ${not(e.negated)}DISTINCT FROM ${sub(e.right)}`;
    case 'isJson':
      return `${sub(e.operand)} IS ${not(e.negated)}JSON ${e.type.toUpperCase()}`;
    case 'between': {
      const symmetric = e.symmetric ? ' SYMMETRIC' : '';
      const range = `${sub(e.low)} AND ${sub(e.high)}`;
      return `${sub(e.operand)} ${not(e.negated)}BETWEEN${symmetric} ${range}`;
    }
    case 'inList':
      return `${sub(e.operand)} ${not(e.negated)}IN (${commas(e.items, p.expr)})`;
    case 'like': {
      const name = e.operator === 'similar' ? 'SIMILAR TO' : e.operator.toUpperCase();
      const escape = e.escape === null ? '' : ` ESCAPE ${sub(e.escape)}`;
      return `${sub(e.operand)} ${not(e.negated)}${name} ${sub(e.pattern)}${escape}`;
    }
    case 'quantifiedArray':
      return quantified(p, e, `(${p.expr(e.array)})`);
    default:
      return unknownNode(e);
  }
}

function typedLiteral(p: Printers, e: TypedLiteral): string {
  const { intervalFields, modifiers } = e.type;
  const value = printString(e.value);
  if (intervalFields === null) return `${printType(p, e.type)} ${value}`;
  const precision = modifiers.length === 0 ? '' : `(${commas(modifiers, p.expr)})`;
  return `${printType(p, e.type, false)} ${value} ${intervalFields}${precision}`;
}

function star(p: Printers, qualifier: string, except: readonly Expr[]): string {
  return `${qualifier}*${except.length === 0 ? '' : ` EXCEPT (${commas(except, p.expr)})`}`;
}

function caseText(p: Printers, e: CaseExpr): string {
  const branches = e.branches.map(({ when, then }) => `WHEN ${p.expr(when)} THEN ${p.expr(then)}`);
  return words(
    'CASE',
    e.operand !== null && p.expr(e.operand),
    ...branches,
    e.otherwise !== null && `ELSE ${p.expr(e.otherwise)}`,
    'END',
  );
}

type Call = Extract<
  Expr,
  { kind: 'coalesce' | 'nullIf' | 'minMax' | 'sqlValueFunction' | 'functionCall' }
>;

function call(p: Printers, e: Call): string {
  switch (e.kind) {
    case 'coalesce':
      return `COALESCE(${commas(e.args, p.expr)})`;
    case 'nullIf':
      return `NULLIF(${p.expr(e.left)}, ${p.expr(e.right)})`;
    case 'minMax':
      return `${e.function.toUpperCase()}(${commas(e.args, p.expr)})`;
    case 'sqlValueFunction':
      return valueFunction(e);
    case 'functionCall':
      return functionCall(p, e);
    default:
      return unknownNode(e);
  }
}

function valueFunction(e: SqlValueFunction): string {
  return `${e.function.toUpperCase()}${e.precision === null ? '' : `(${e.precision})`}`;
}

function functionCall(p: Printers, e: FunctionCall): string {
  const inner = e.star
    ? '*'
    : words(
        e.distinct && 'DISTINCT',
        commas(e.args, (arg) => argument(p, arg)),
        printOrderBy(p, e.orderBy),
      );
  const { over } = e;
  return words(
    `${printQualified(e.name)}(${inner})`,
    e.withinGroup.length > 0 && `WITHIN GROUP (${printOrderBy(p, e.withinGroup)})`,
    e.filter !== null && `FILTER (WHERE ${p.expr(e.filter)})`,
    e.nulls !== null && `${e.nulls.toUpperCase()} NULLS`,
    over?.kind === 'windowName' && `OVER ${printIdentifier(over.name)}`,
    over?.kind === 'windowSpec' && `OVER ${printWindowSpec(p, over)}`,
  );
}

function argument(p: Printers, arg: FunctionArgument): string {
  const name = arg.name === null ? '' : `${printIdentifier(arg.name)} => `;
  return `${arg.variadic ? 'VARIADIC ' : ''}${name}${p.expr(arg.value)}`;
}

/** ORDER BY a, b, or nothing. */
export function printOrderBy(p: Printers, items: readonly SortItem[]): string {
  return items.length === 0 ? '' : `ORDER BY ${commas(items, (item) => printSortItem(p, item))}`;
}

/** a DESC NULLS LAST */
export function printSortItem(
  p: Printers,
  item: Pick<SortItem, 'expr' | 'direction' | 'nulls'> & { readonly using?: string | null },
): string {
  return words(
    p.expr(item.expr),
    item.direction === 'desc' && 'DESC',
    item.using !== null && item.using !== undefined && `USING ${item.using}`,
    item.nulls !== null && `NULLS ${item.nulls.toUpperCase()}`,
  );
}

/** (base PARTITION BY ... ORDER BY ... frame) */
export function printWindowSpec(p: Printers, spec: WindowSpec): string {
  const inner = words(
    spec.base !== null && printIdentifier(spec.base),
    spec.partitionBy.length > 0 && `PARTITION BY ${commas(spec.partitionBy, p.expr)}`,
    printOrderBy(p, spec.orderBy),
    spec.frame !== null && frame(p, spec.frame),
  );
  return `(${inner})`;
}

const exclusions = {
  currentRow: 'EXCLUDE CURRENT ROW',
  group: 'EXCLUDE GROUP',
  ties: 'EXCLUDE TIES',
  noOthers: 'EXCLUDE NO OTHERS',
} as const;

function frame(p: Printers, { unit, start, end, exclude }: WindowFrame): string {
  const exclusion = exclude === null ? null : exclusions[exclude];
  if (unit === 'session') {
    const gap = start.offset === null ? '' : p.expr(start.offset);
    return words('SESSION WITH GAP', gap, exclusion);
  }
  const range = end === null ? bound(p, start) : `BETWEEN ${bound(p, start)} AND ${bound(p, end)}`;
  return words(unit.toUpperCase(), range, exclusion);
}

function bound(p: Printers, { bound: kind, offset }: FrameBound): string {
  const distance = offset === null ? '' : operand(p, offset);
  switch (kind) {
    case 'unboundedPreceding':
      return 'UNBOUNDED PRECEDING';
    case 'unboundedFollowing':
      return 'UNBOUNDED FOLLOWING';
    case 'currentRow':
      return 'CURRENT ROW';
    case 'preceding':
      return `${distance} PRECEDING`;
    case 'following':
      return `${distance} FOLLOWING`;
    default:
      return unknownNode(kind);
  }
}
