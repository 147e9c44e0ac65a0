/**
 * Prints queries, relations in FROM and data changes.
 *
 * A nested query or set operation always stands in parentheses; the parser takes them away again.
 * Window tables are printed in one spelling, with named arguments.
 */
import type { Alias } from './ast-leaves.ts';
import type {
  Assignment,
  AsOf,
  Cte,
  DataChange,
  EmitClause,
  FillClause,
  Expr,
  FromItem,
  GroupItem,
  Insert,
  InsertColumn,
  Join,
  OnConflict,
  Query,
  QueryBody,
  Select,
  SelectItem,
  TableRef,
  WindowTable,
  WithClause,
} from './ast.ts';
import { printOrderBy, printWindowSpec } from './print-expressions.ts';
import {
  commas,
  printIdentifier,
  printNameList,
  printOptions,
  printQualified,
  printType,
  printTypeFields,
  unknownNode,
  words,
} from './print-names.ts';
import type { Printers } from './print-names.ts';

/** A whole query. */
export function printQueryText(p: Printers, query: Query): string {
  return words(
    query.with !== null && printWithClause(p, query.with),
    body(p, query.body),
    printOrderBy(p, query.orderBy),
    query.limit !== null && !query.withTies && `LIMIT ${p.expr(query.limit)}`,
    query.offset !== null && `OFFSET ${p.expr(query.offset)}`,
    query.limit !== null && query.withTies && fetchText(p, query),
    ...query.locking.map((lock) =>
      words(
        `FOR ${lock.strength.toUpperCase()}`,
        lock.of.length > 0 && `OF ${commas(lock.of, printQualified)}`,
        lock.wait !== 'wait' && lock.wait.toUpperCase(),
      ),
    ),
    query.asOf !== null && printAsOf(p, query.asOf),
    query.emit !== null && emitText(p, query.emit),
    query.options.length > 0 && `OPTIONS ${printOptions(p, query.options)}`,
  );
}

function fetchText(p: Printers, query: Query): string {
  return query.limit === null ? '' : `FETCH FIRST (${p.expr(query.limit)}) ROWS WITH TIES`;
}

/** AS OF x */
export function printAsOf(p: Printers, asOf: AsOf): string {
  return `AS OF ${asOf.atLeast ? 'AT LEAST ' : ''}(${p.expr(asOf.value)})`;
}

function emitText(p: Printers, emit: EmitClause): string {
  return words(
    'EMIT',
    emit.mode === 'changes' && 'CHANGES',
    emit.mode === 'windowClose' && 'ON WINDOW CLOSE',
    emit.every !== null && `EVERY ${p.expr(emit.every)}`,
    emit.pane && 'WITH PANE',
  );
}

/** WITH ... */
export function printWithClause(p: Printers, clause: WithClause): string {
  return words(
    'WITH',
    clause.recursive === 'mutually' && 'MUTUALLY',
    clause.recursive !== 'no' && 'RECURSIVE',
    clause.options.length > 0 && printOptions(p, clause.options),
    commas(clause.ctes, (cte) => cteText(p, cte)),
  );
}

function cteText(p: Printers, cte: Cte): string {
  const { search, cycle, query } = cte;
  const columns = commas(cte.columns, (column) =>
    words(printIdentifier(column.name), column.type !== null && printType(p, column.type)),
  );
  return words(
    printIdentifier(cte.name),
    columns !== '' && `(${columns})`,
    'AS',
    cte.materialized !== null && (cte.materialized ? 'MATERIALIZED' : 'NOT MATERIALIZED'),
    `(${query.kind === 'query' ? p.query(query) : p.change(query)})`,
    search !== null &&
      words(
        `SEARCH ${search.order.toUpperCase()} FIRST BY ${commas(search.by, printIdentifier)}`,
        `SET ${printIdentifier(search.set)}`,
      ),
    cycle !== null &&
      words(
        `CYCLE ${commas(cycle.columns, printIdentifier)} SET ${printIdentifier(cycle.mark)}`,
        cycle.markValue !== null && `TO ${p.expr(cycle.markValue)}`,
        cycle.markDefault !== null && `DEFAULT ${p.expr(cycle.markDefault)}`,
        `USING ${printIdentifier(cycle.path)}`,
      ),
  );
}

function body(p: Printers, node: QueryBody): string {
  switch (node.kind) {
    case 'select':
      return select(p, node);
    case 'values':
      return `VALUES ${commas(node.rows, (row) => `(${commas(row, p.expr)})`)}`;
    case 'tableQuery':
      return `TABLE ${printQualified(node.name)}`;
    case 'query':
      return `(${printQueryText(p, node)})`;
    case 'setOperation': {
      const operator = `${node.operator.toUpperCase()}${node.all ? ' ALL' : ''}`;
      return `${side(p, node.left)} ${operator} ${side(p, node.right)}`;
    }
    default:
      return unknownNode(node);
  }
}

function side(p: Printers, node: QueryBody): string {
  return node.kind === 'query' ? body(p, node) : `(${body(p, node)})`;
}

function select(p: Printers, s: Select): string {
  const groups = commas(s.groupBy, (item) => groupText(p, item));
  const windows = commas(s.windows, ({ name, spec }) => {
    return `${printIdentifier(name)} AS ${printWindowSpec(p, spec)}`;
  });
  return words(
    'SELECT',
    s.distinct && 'DISTINCT',
    s.distinctOn.length > 0 && `ON (${commas(s.distinctOn, p.expr)})`,
    printSelectItems(p, s.items),
    s.into !== null && words('INTO', s.intoTemporary && 'TEMPORARY', printQualified(s.into)),
    s.from.length > 0 && `FROM ${commas(s.from, (item) => printFromItem(p, item))}`,
    s.where !== null && `WHERE ${p.expr(s.where)}`,
    groups !== '' && `GROUP BY ${s.groupDistinct ? 'DISTINCT ' : ''}${groups}`,
    s.fill !== null && fillText(p, s.fill),
    s.having !== null && `HAVING ${p.expr(s.having)}`,
    windows !== '' && `WINDOW ${windows}`,
  );
}

function fillText(p: Printers, { values, trailing }: FillClause): string {
  return words(
    'FILL',
    values.length > 0 && `(${commas(values, p.expr)})`,
    trailing !== null && `TRAILING ${p.expr(trailing)}`,
  );
}

/** a, b AS c */
export function printSelectItems(p: Printers, items: readonly SelectItem[]): string {
  return commas(items, ({ expr, alias }) =>
    words(p.expr(expr), alias !== null && `AS ${printIdentifier(alias)}`),
  );
}

function groupText(p: Printers, item: GroupItem): string {
  switch (item.kind) {
    case 'groupExpr':
      return p.expr(item.expr);
    case 'groupEmpty':
      return '()';
    case 'groupRollup':
      return `${item.function.toUpperCase()} (${commas(item.items, p.expr)})`;
    case 'groupSets':
      return `GROUPING SETS (${commas(item.sets, (set) => groupText(p, set))})`;
    default:
      return unknownNode(item);
  }
}

// ----------------------------------------------------------------------------------- FROM

function aliasText(alias: Alias | null): string {
  if (alias === null) return '';
  return `AS ${words(printIdentifier(alias.name), printNameList(alias.columns))}`;
}

/** A relation in FROM. */
export function printFromItem(p: Printers, item: FromItem): string {
  switch (item.kind) {
    case 'tableRef':
      return tableRef(p, item);
    case 'derivedTable':
      return words(item.lateral && 'LATERAL', `(${p.query(item.query)})`, aliasText(item.alias));
    case 'functionTable':
      return functionTable(p, item);
    case 'windowTable':
      return windowTable(p, item);
    case 'join':
      return item.alias === null
        ? join(p, item)
        : `(${join(p, { ...item, alias: null })}) ${aliasText(item.alias)}`;
    default:
      return unknownNode(item);
  }
}

function tableRef(p: Printers, item: TableRef): string {
  const { sample } = item;
  return words(
    item.only && 'ONLY',
    printQualified(item.name),
    item.asOf !== null && `FOR SYSTEM_TIME ${printAsOf(p, item.asOf)}`,
    aliasText(item.alias),
    sample !== null &&
      words(
        `TABLESAMPLE ${printQualified(sample.method)} (${commas(sample.args, p.expr)})`,
        sample.repeatable !== null && `REPEATABLE (${p.expr(sample.repeatable)})`,
      ),
  );
}

function functionTable(p: Printers, item: Extract<FromItem, { kind: 'functionTable' }>): string {
  const { alias, functions, rowsFrom } = item;
  const first = functions[0];
  const parts = functions.map(({ call, columns }) => {
    const typed = rowsFrom && columns.length > 0 && `AS (${printTypeFields(p, columns)})`;
    return words(p.expr(call), typed);
  });
  const typed = !rowsFrom && first !== undefined && first.columns.length > 0;
  const columns = typed ? `(${printTypeFields(p, first.columns)})` : '';
  const name = alias === null ? '' : printIdentifier(alias.name);
  const names = alias === null ? '' : printNameList(alias.columns);
  const isCall = first?.call.kind === 'functionCall';
  const only = isCall ? parts.join(', ') : `TABLE(${parts.join(', ')})`;
  return words(
    item.lateral && 'LATERAL',
    rowsFrom ? `ROWS FROM (${parts.join(', ')})` : only,
    item.ordinality && 'WITH ORDINALITY',
    (alias !== null || typed) && words('AS', name, typed ? columns : names),
  );
}

function join(p: Printers, node: Join): string {
  const right = printFromItem(p, node.right);
  const bare = node.right.kind === 'join' && node.right.alias === null;
  return words(
    printFromItem(p, node.left),
    node.natural && 'NATURAL',
    node.asof && 'ASOF',
    node.type.toUpperCase(),
    'JOIN',
    bare ? `(${right})` : right,
    node.on !== null && `ON ${p.expr(node.on)}`,
    node.using !== null && `USING ${printNameList(node.using.columns)}`,
    node.using?.alias !== null &&
      node.using?.alias !== undefined &&
      `AS ${printIdentifier(node.using.alias)}`,
  );
}

function windowTable(p: Printers, w: WindowTable): string {
  if (w.clause) return windowClause(p, w);
  const args = [
    `DATA => TABLE ${printFromItem(p, w.source)}`,
    w.partitionBy.length > 0 && `KEY => DESCRIPTOR(${commas(w.partitionBy, p.expr)})`,
    w.timeColumn !== null && `TIMECOL => ${p.expr(w.timeColumn)}`,
    w.slide !== null && `SLIDE => ${p.expr(w.slide)}`,
    w.size !== null && `SIZE => ${p.expr(w.size)}`,
    w.gap !== null && `GAP => ${p.expr(w.gap)}`,
    w.longest !== null && `MAX_DURATION => ${p.expr(w.longest)}`,
    w.offset !== null && `OFFSET => ${p.expr(w.offset)}`,
    w.timeZone !== null && `TIMEZONE => ${p.expr(w.timeZone)}`,
  ];
  const given = args.filter((arg) => arg !== false).join(', ');
  return words(`${w.window}(${given})`, aliasText(w.alias));
}

const clauseNames = {
  tumble: 'TUMBLING',
  hop: 'HOPPING',
  cumulate: 'CUMULATE',
  session: 'SESSION',
} as const;

function windowClause(p: Printers, w: WindowTable): string {
  const parts = [
    w.size !== null && `SIZE ${p.expr(w.size)}`,
    w.slide !== null && `ADVANCE BY ${p.expr(w.slide)}`,
    w.gap !== null && p.expr(w.gap),
    w.retention !== null && `RETENTION ${p.expr(w.retention)}`,
    w.gracePeriod !== null && `GRACE PERIOD ${p.expr(w.gracePeriod)}`,
  ];
  const given = parts.filter((part) => part !== false).join(', ');
  return words(printFromItem(p, w.source), `WINDOW ${clauseNames[w.window]} (${given})`);
}

// --------------------------------------------------------------------------- data changes

/** INSERT, UPDATE or DELETE. */
export function printChangeText(p: Printers, change: DataChange): string {
  const clause = change.with !== null && printWithClause(p, change.with);
  const returning =
    change.returning.length > 0 && `RETURNING ${printSelectItems(p, change.returning)}`;
  const from = (items: readonly FromItem[]): string =>
    commas(items, (item) => printFromItem(p, item));
  switch (change.kind) {
    case 'insert':
      return words(clause, insert(p, change), returning);
    case 'update':
      return words(
        clause,
        `UPDATE ${tableRef(p, change.table)} ${printAssignments(p, change.set)}`,
        change.from.length > 0 && `FROM ${from(change.from)}`,
        change.where !== null && `WHERE ${p.expr(change.where)}`,
        returning,
      );
    case 'delete':
      return words(
        clause,
        `DELETE FROM ${tableRef(p, change.table)}`,
        change.using.length > 0 && `USING ${from(change.using)}`,
        change.where !== null && `WHERE ${p.expr(change.where)}`,
        returning,
      );
    default:
      return unknownNode(change);
  }
}

function insert(p: Printers, node: Insert): string {
  return words(
    `INSERT INTO ${printQualified(node.table)}`,
    node.alias !== null && `AS ${printIdentifier(node.alias)}`,
    node.columns.length > 0 && `(${commas(node.columns, (column) => printTarget(p, column))})`,
    node.overriding !== null && `OVERRIDING ${node.overriding.toUpperCase()} VALUE`,
    node.source === null ? 'DEFAULT VALUES' : p.query(node.source),
    node.onConflict !== null && printOnConflict(p, node.onConflict),
  );
}

/** A target column, with its access. */
export function printTarget(p: Printers, column: InsertColumn): string {
  const access = column.access[0];
  return access === undefined ? printIdentifier(column.name) : targetPath(p, access);
}

/** A target's fields and subscripts stand without parentheses around the column. */
function targetPath(p: Printers, path: Expr): string {
  if (path.kind === 'fieldAccess') {
    return `${targetPath(p, path.operand)}.${printIdentifier(path.field)}`;
  }
  if (path.kind === 'subscript') return `${targetPath(p, path.operand)}[${p.expr(path.index)}]`;
  return p.expr(path);
}

/** SET a = 1, ... */
export function printAssignments(p: Printers, set: readonly Assignment[]): string {
  const text = (assignment: Assignment): string => {
    const columns = commas(assignment.columns, (column) => printTarget(p, column));
    const left = assignment.multiple ? `(${columns})` : columns;
    return `${left} = ${p.expr(assignment.value)}`;
  };
  return `SET ${commas(set, text)}`;
}

const conflictActions = {
  nothing: 'DO NOTHING',
  update: 'DO UPDATE',
  overwrite: 'DO OVERWRITE',
  overwriteNonNull: 'DO UPDATE IF NOT NULL',
} as const;

/** ON CONFLICT ... */
export function printOnConflict(p: Printers, node: OnConflict): string {
  return words(
    'ON CONFLICT',
    node.target.length > 0 && `(${commas(node.target, p.expr)})`,
    node.targetWhere !== null && `WHERE ${p.expr(node.targetWhere)}`,
    node.constraint !== null && `ON CONSTRAINT ${printIdentifier(node.constraint)}`,
    conflictActions[node.action],
    node.set.length > 0 && printAssignments(p, node.set),
    node.where !== null && `WHERE ${p.expr(node.where)}`,
    node.versionColumns.length > 0 && `WITH VERSION COLUMN ${printNameList(node.versionColumns)}`,
  );
}
