/**
 * Prints syntax trees as SQL that parses to the same tree (spans apart).
 *
 * The text is for stored definitions, EXPLAIN and tests; it is canonical, not pretty. Expressions,
 * queries and definitions have files of their own, tied together here.
 */
import type { Definition } from './ast-definitions.ts';
import type {
  Copy,
  DeclareCursor,
  Explain,
  FetchCursor,
  SessionCommand,
  Show,
  Statement,
  Subscribe,
  TransactionModes,
  UtilityCommand,
} from './ast-statements.ts';
import type { Expr, Query, TypeName } from './ast.ts';
import { printMerge } from './print-merge.ts';
import { printUnitTest } from './print-unit-tests.ts';
import { printDefinition } from './print-definitions.ts';
import { printExpr } from './print-expressions.ts';
import {
  commas,
  printIdentifier,
  printNameList,
  printOption,
  printOptions,
  printQualified,
  printString,
  printType,
  printWith,
  unknownNode,
  words,
} from './print-names.ts';
import type { Printers } from './print-names.ts';
import { printAsOf, printChangeText, printQueryText } from './print-queries.ts';

const p: Printers = {
  expr: (expr) => printExpr(p, expr),
  query: (query) => printQueryText(p, query),
  change: (change) => printChangeText(p, change),
};

/** An expression as SQL. */
export function printExpression(expr: Expr): string {
  return p.expr(expr);
}

/** A query as SQL. */
export function printQuery(query: Query): string {
  return p.query(query);
}

/** A type as SQL. */
export function printTypeName(type: TypeName): string {
  return printType(p, type);
}

/** Any statement as SQL, without a semicolon. */
export function printStatement(s: Statement): string {
  switch (s.kind) {
    case 'query':
      return p.query(s);
    case 'insert':
    case 'update':
    case 'delete':
      return p.change(s);
    default:
      return isDefinition(s) ? printDefinition(p, s) : printCommand(s);
  }
}

function isDefinition(s: Statement): s is Definition {
  const { kind } = s;
  const others = ['drop', 'alter', 'comment', 'privileges'];
  return kind.startsWith('create') || others.includes(kind);
}

type Command = SessionCommand | UtilityCommand;

function printCommand(s: Exclude<Statement, Definition>): string {
  switch (s.kind) {
    case 'query':
    case 'insert':
    case 'update':
    case 'delete':
      return printStatement(s);
    case 'declareCursor':
      return declareCursor(s);
    case 'fetchCursor':
      return fetchCursor(s);
    case 'copy':
      return copy(s);
    case 'explain':
      return explain(s);
    case 'subscribe':
      return subscribe(s);
    case 'show':
      return show(s);
    case 'merge':
      return printMerge(p, s);
    case 'truncate':
    case 'acknowledge':
    case 'lockTable':
    case 'maintenance':
    case 'flush':
    case 'wait':
    case 'advanceClock':
    case 'kill':
    case 'unsupported':
      return utility(s);
    default:
      return session(s);
  }
}

type Plain = Exclude<
  SessionCommand,
  { kind: 'declareCursor' | 'fetchCursor' | 'show' }
>;

function session(s: Plain): string {
  const chain = 'chain' in s && s.chain ? 'AND CHAIN' : '';
  switch (s.kind) {
    case 'begin':
      return words(s.start ? 'START TRANSACTION' : 'BEGIN', modes(s.modes));
    case 'commit':
      return words('COMMIT', chain);
    case 'rollback':
      return words(
        'ROLLBACK',
        s.savepoint !== null && `TO SAVEPOINT ${printIdentifier(s.savepoint)}`,
        chain,
      );
    case 'savepoint':
      return `SAVEPOINT ${printIdentifier(s.name)}`;
    case 'releaseSavepoint':
      return `RELEASE SAVEPOINT ${printIdentifier(s.name)}`;
    case 'setVariable': {
      const values = s.values === null ? 'DEFAULT' : commas(s.values, p.expr);
      return words('SET', s.local && 'LOCAL', `${variable(s.name)} = ${values}`);
    }
    case 'setTransaction': {
      const what = s.session ? 'SET SESSION CHARACTERISTICS AS TRANSACTION' : 'SET TRANSACTION';
      return words(what, modes(s.modes));
    }
    case 'resetVariable':
      return `RESET ${s.name === null ? 'ALL' : variable(s.name)}`;
    case 'discard':
      return `DISCARD ${s.what.toUpperCase()}`;
    case 'prepare': {
      const types = s.types.length === 0 ? '' : `(${commas(s.types, (t) => printType(p, t))})`;
      return words(`PREPARE ${printIdentifier(s.name)}`, types, 'AS', printStatement(s.statement));
    }
    case 'execute': {
      const args = s.args.length === 0 ? '' : `(${commas(s.args, p.expr)})`;
      return words(`EXECUTE ${printIdentifier(s.name)}`, args);
    }
    case 'executeUnitTest':
      return printUnitTest({
        expr: p.expr, query: printQuery, type: printTypeName,
      }, s);
    case 'deallocate':
      return `DEALLOCATE ${s.name === null ? 'ALL' : printIdentifier(s.name)}`;
    case 'closeCursor':
      return `CLOSE ${s.name === null ? 'ALL' : printIdentifier(s.name)}`;
    case 'listen':
      return `LISTEN ${printIdentifier(s.channel)}`;
    case 'notify': {
      const payload = s.payload === null ? '' : `, ${printString(s.payload)}`;
      return `NOTIFY ${printIdentifier(s.channel)}${payload}`;
    }
    case 'unlisten':
      return `UNLISTEN ${s.channel === null ? '*' : printIdentifier(s.channel)}`;
    default:
      return unknownNode(s);
  }
}

/** A setting's name: quoted part by part when it is more than plain words. */
function variable(name: string): string {
  const part = (text: string): string =>
    /^[a-z_][a-z0-9_$]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
  return name.split('.').map(part).join('.');
}

function modes(m: TransactionModes): string {
  const list = [
    m.isolation !== null && `ISOLATION LEVEL ${m.isolation.toUpperCase()}`,
    m.readOnly !== null && (m.readOnly ? 'READ ONLY' : 'READ WRITE'),
    m.deferrable !== null && (m.deferrable ? 'DEFERRABLE' : 'NOT DEFERRABLE'),
  ];
  return list.filter((mode) => mode !== false).join(', ');
}

function declareCursor(s: DeclareCursor): string {
  const { subscription: sub, query } = s;
  const name = `DECLARE ${printIdentifier(s.name)}`;
  if (sub !== null) {
    return words(
      `${name} SUBSCRIPTION CURSOR FOR ${printQualified(sub.name)}`,
      sub.full && 'FULL',
      sub.since !== null && `SINCE ${p.expr(sub.since)}`,
    );
  }
  return words(
    name,
    s.binary && 'BINARY',
    s.insensitive && 'INSENSITIVE',
    s.scroll !== null && (s.scroll ? 'SCROLL' : 'NO SCROLL'),
    'CURSOR',
    s.hold && 'WITH HOLD',
    'FOR',
    query !== null && printStatement(query),
  );
}

const counted: ReadonlySet<string> = new Set(['forward', 'backward', 'absolute', 'relative']);

function fetchCursor(s: FetchCursor): string {
  const count = s.count === null ? 'ALL' : String(s.count);
  return words(
    s.move ? 'MOVE' : 'FETCH',
    s.direction.toUpperCase(),
    counted.has(s.direction) && count,
    `FROM ${printIdentifier(s.name)}`,
    printWith(p, s.options),
  );
}

function copy(s: Copy): string {
  return words(
    'COPY',
    s.table !== null && words(printQualified(s.table), printNameList(s.columns)),
    s.query !== null && `(${printStatement(s.query)})`,
    s.direction.toUpperCase(),
    s.stdio ? s.target.toUpperCase() : printString(s.target),
    printWith(p, s.options),
    s.where !== null && `WHERE ${p.expr(s.where)}`,
  );
}

function explain(s: Explain): string {
  return words(
    'EXPLAIN',
    s.analyze && 'ANALYZE',
    s.verbose && 'VERBOSE',
    s.options.length > 0 && printOptions(p, s.options),
    s.stage !== null && s.stage.toUpperCase(),
    s.view !== null && `VIEW ${printQualified(s.view)}`,
    s.statement !== null && printStatement(s.statement),
  );
}

function subscribe(s: Subscribe): string {
  const keys = s.keys.length === 0 ? '' : `(KEY ${printNameList(s.keys)})`;
  return words(
    'SUBSCRIBE TO',
    s.name !== null && printQualified(s.name),
    s.query !== null && `(${p.query(s.query)})`,
    printWith(p, s.options),
    s.envelope !== null && `ENVELOPE ${s.envelope.toUpperCase()} ${keys}`,
    s.asOf !== null && printAsOf(p, s.asOf),
    s.upTo !== null && `UP TO ${p.expr(s.upTo)}`,
  );
}

function show(s: Show): string {
  const create = s.name.startsWith('create ') && s.from !== null;
  return words(
    'SHOW',
    create ? s.name : s.name.split(' ').map(variable).join(' '),
    s.from !== null && `${create ? '' : 'FROM '}${printQualified(s.from)}`,
    s.like !== null && `LIKE ${printString(s.like)}`,
    s.where !== null && `WHERE ${p.expr(s.where)}`,
  );
}

type Utility = Extract<
  Command,
  {
    kind:
      | 'truncate'
      | 'acknowledge'
      | 'lockTable'
      | 'maintenance'
      | 'flush'
      | 'wait'
      | 'advanceClock'
      | 'kill'
      | 'unsupported';
  }
>;

function utility(s: Utility): string {
  switch (s.kind) {
    case 'truncate':
      return words(
        `TRUNCATE TABLE ${commas(s.tables, printQualified)}`,
        s.restartIdentity && 'RESTART IDENTITY',
        s.cascade && 'CASCADE',
      );
    case 'acknowledge':
      return `ACKNOWLEDGE ${printQualified(s.name)} UP TO ${p.expr(s.upTo)}`;
    case 'lockTable':
      return words(
        `LOCK TABLE ${commas(s.tables, printQualified)}`,
        s.mode !== null && `IN ${s.mode.toUpperCase()} MODE`,
        s.nowait && 'NOWAIT',
      );
    case 'maintenance': {
      const suffix = { refresh: 'REFRESH MATERIALIZED VIEW', reindex: 'REINDEX TABLE' } as const;
      const verb = s.command === 'refresh' || s.command === 'reindex' ? suffix[s.command] : '';
      return words(
        verb === '' ? s.command.toUpperCase() : verb,
        s.options.length > 0 && `(${commas(s.options, (option) => printOption(p, option))})`,
        commas(s.names, printQualified),
      );
    }
    case 'flush':
      return 'FLUSH';
    case 'wait':
      return words(
        'WAIT',
        (s.what !== null || s.name !== null) && 'FOR',
        s.what !== null && `${s.what} OF`,
        s.name !== null && printQualified(s.name),
      );
    case 'advanceClock':
      return `ADVANCE CLOCK ${s.to ? 'TO' : 'BY'} ${p.expr(s.value)}`;
    case 'kill':
      return `KILL ${p.expr(s.id)}`;
    case 'unsupported':
      return s.text;
    default:
      return unknownNode(s);
  }
}
