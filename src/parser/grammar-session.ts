/**
 * The last level of the grammar: transactions, settings, prepared statements and cursors. Its class
 * is the whole parser; parse.ts owns the only instance.
 */
import type { Identifier } from './ast-leaves.ts';
import type {
  DeclareCursor,
  FetchCursor,
  Statement,
  Subscribe,
  SubscriptionCursor,
  TransactionModes,
  UnitTestMock,
  UnitTestRows,
} from './ast-statements.ts';
import type { CteColumn, Expr, Option, Query, TypeName } from './ast.ts';
import type { Rule } from './grammar-names.ts';
import { StatementGrammar } from './grammar-statements.ts';
import * as T from './tokens.ts';

const K = T.K;

type Direction = Pick<FetchCursor, 'direction' | 'count'>;

/** The parser. */
export class SqlGrammar extends StatementGrammar {
  constructor() {
    super();
    this.performSelfAnalysis();
  }

  protected readonly sessionCommand: Rule<Statement> = this.rule('sessionCommand', () =>
    this.OR<Statement>([
      { ALT: () => this.SUBRULE(this.begin) },
      { ALT: () => this.SUBRULE(this.commit) },
      { ALT: () => this.SUBRULE(this.rollback) },
      { ALT: () => this.SUBRULE(this.savepoint) },
      { ALT: () => this.SUBRULE(this.release) },
      { ALT: () => this.SUBRULE(this.set) },
      { ALT: () => this.SUBRULE(this.resetVariable) },
      { ALT: () => this.SUBRULE(this.discard) },
      { ALT: () => this.SUBRULE(this.prepare) },
      {
        GATE: () => this.ahead(2, K.unit) && this.ahead(3, K.test),
        ALT: () => this.SUBRULE(this.unitTest),
      },
      { ALT: () => this.SUBRULE(this.execute) },
      { ALT: () => this.SUBRULE(this.deallocate) },
      { ALT: () => this.SUBRULE(this.declare) },
      { ALT: () => this.SUBRULE(this.fetch) },
      { ALT: () => this.SUBRULE(this.close) },
      { ALT: () => this.SUBRULE(this.channels) },
    ]),
  );

  /** An expression or a type alone, for parse.ts. */
  readonly loneExpression: Rule<Expr> = this.rule('loneExpression', () =>
    this.SUBRULE(this.expression),
  );

  readonly loneType: Rule<TypeName> = this.rule('loneType', () => this.SUBRULE(this.typeName));

  // -------------------------------------------------------------------------- transactions

  protected readonly begin: Rule<Statement> = this.rule('begin', () => {
    const first = this.LA(1);
    const start = this.OR([
      {
        ALT: () => {
          this.CONSUME(K.begin);
          this.SUBRULE(this.workOrTransaction);
          return false;
        },
      },
      { ALT: () => (this.CONSUME(K.start), this.CONSUME(K.transaction), true) },
    ]);
    const modes = this.SUBRULE(this.transactionModes);
    return { kind: 'begin', start, modes, span: this.spanFrom(first) };
  });

  protected readonly workOrTransaction: Rule<void> = this.rule('workOrTransaction', () => {
    this.OPTION(() =>
      this.OR([
        { ALT: () => this.CONSUME(K.work) },
        { ALT: () => this.CONSUME(K.transaction) },
      ]),
    );
  });

  /** ISOLATION LEVEL x, READ ONLY, DEFERRABLE, with or without commas */
  protected readonly transactionModes: Rule<TransactionModes> = this.rule(
    'transactionModes',
    () => {
      const first = this.LA(1);
      let isolation: string | null = null;
      let readOnly: boolean | null = null;
      let deferrable: boolean | null = null;
      this.MANY(() => {
        this.OPTION(() => this.CONSUME(T.Comma));
        this.OR([
          { ALT: () => (isolation = this.SUBRULE(this.isolationLevel)) },
          {
            ALT: () => {
              this.CONSUME(K.read);
              readOnly = this.OR2([
                { ALT: () => (this.CONSUME(K.only), true) },
                { ALT: () => (this.CONSUME(K.write), false) },
              ]);
            },
          },
          { ALT: () => (this.CONSUME(K.deferrable), (deferrable = true)) },
          {
            ALT: () => {
              this.CONSUME(K.not);
              this.CONSUME2(K.deferrable);
              deferrable = false;
            },
          },
        ]);
      });
      const given = isolation !== null || readOnly !== null || deferrable !== null;
      const span = given ? this.spanFrom(first) : this.spanFrom(this.LA(0));
      return { kind: 'transactionModes', isolation, readOnly, deferrable, span };
    },
  );

  protected readonly isolationLevel: Rule<string> = this.rule('isolationLevel', () => {
    this.CONSUME(K.isolation);
    this.CONSUME(K.level);
    return this.OR([
      { ALT: () => (this.CONSUME(K.serializable), 'serializable') },
      { ALT: () => (this.CONSUME(K.repeatable), this.CONSUME(K.read), 'repeatable read') },
      {
        ALT: () => {
          this.CONSUME2(K.read);
          return this.OR2([
            { ALT: () => (this.CONSUME(K.committed), 'read committed') },
            { ALT: () => (this.CONSUME(K.uncommitted), 'read uncommitted') },
          ]);
        },
      },
    ]);
  });

  /** COMMIT, END [WORK | TRANSACTION] [AND [NO] CHAIN] */
  protected readonly commit: Rule<Statement> = this.rule('commit', () => {
    const first = this.LA(1);
    this.OR([{ ALT: () => this.CONSUME(K.commit) }, { ALT: () => this.CONSUME(K.end) }]);
    this.SUBRULE(this.workOrTransaction);
    const chain = this.SUBRULE(this.chain);
    return { kind: 'commit', chain, span: this.spanFrom(first) };
  });

  protected readonly chain: Rule<boolean> = this.rule(
    'chain',
    () =>
      this.OPTION(() => {
        this.CONSUME(K.and);
        const no = this.OPTION2(() => this.CONSUME(K.no)) !== undefined;
        this.CONSUME(K.chain);
        return !no;
      }) ?? false,
  );

  /** ROLLBACK, ABORT, ROLLBACK TO [SAVEPOINT] s */
  protected readonly rollback: Rule<Statement> = this.rule('rollback', () => {
    const first = this.LA(1);
    this.OR([{ ALT: () => this.CONSUME(K.rollback) }, { ALT: () => this.CONSUME(K.abort) }]);
    this.SUBRULE(this.workOrTransaction);
    const savepoint =
      this.OPTION(() => {
        this.CONSUME(K.to);
        this.OPTION2({
          GATE: () => this.ahead(2, T.ColumnId),
          DEF: () => this.CONSUME(K.savepoint),
        });
        return this.SUBRULE(this.identifier);
      }) ?? null;
    const chain = this.SUBRULE(this.chain);
    return { kind: 'rollback', chain, savepoint, span: this.spanFrom(first) };
  });

  protected readonly savepoint: Rule<Statement> = this.rule('savepoint', () => {
    const first = this.CONSUME(K.savepoint);
    const name = this.SUBRULE(this.identifier);
    return { kind: 'savepoint', name, span: this.spanFrom(first) };
  });

  protected readonly release: Rule<Statement> = this.rule('release', () => {
    const first = this.CONSUME(K.release);
    this.OPTION({
      GATE: () => this.ahead(2, T.ColumnId),
      DEF: () => this.CONSUME(K.savepoint),
    });
    const name = this.SUBRULE(this.identifier);
    return { kind: 'releaseSavepoint', name, span: this.spanFrom(first) };
  });

  // ------------------------------------------------------------------------------ settings

  /** SET ... in all its forms */
  protected readonly set: Rule<Statement> = this.rule('set', () => {
    const first = this.CONSUME(K.set);
    let local = false;
    let session = false;
    this.OPTION({
      GATE: () => !this.ahead(2, T.Equals) && !this.ahead(2, K.to),
      DEF: () =>
        this.OR([
          { ALT: () => (this.CONSUME(K.local), (local = true)) },
          { ALT: () => (this.CONSUME(K.session), (session = true)) },
        ]),
    });
    return this.OR2<Statement>([
      {
        GATE: () => !session && !this.ahead(2, T.Equals),
        ALT: () => {
          this.CONSUME(K.transaction);
          const modes = this.SUBRULE(this.transactionModes);
          return { kind: 'setTransaction', session: false, modes, span: this.spanFrom(first) };
        },
      },
      {
        GATE: () => session && this.ahead(2, K.as),
        ALT: () => {
          this.CONSUME(K.characteristics);
          this.CONSUME(K.as);
          this.CONSUME2(K.transaction);
          const modes = this.SUBRULE2(this.transactionModes);
          return { kind: 'setTransaction', session: true, modes, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          const { name, values } = this.SUBRULE(this.settingChange);
          return { kind: 'setVariable', local, name, values, span: this.spanFrom(first) };
        },
      },
    ]);
  });

  /** TIME ZONE x, NAMES x, SCHEMA x, AUTHORIZATION x, ROLE x, name = x, name TO x */
  protected readonly settingChange: Rule<{ name: string; values: readonly Expr[] | null }> =
    this.rule('settingChange', () => {
      const assigns = this.ahead(2, T.Equals) || this.ahead(2, K.to) || this.ahead(2, T.Dot);
      const special = this.OPTION({
        GATE: () => !assigns,
        DEF: () =>
          this.OR([
            { ALT: () => (this.CONSUME(K.time), this.CONSUME(K.zone), 'timezone') },
            { ALT: () => (this.CONSUME(K.names), 'client_encoding') },
            { ALT: () => (this.CONSUME(K.schema), 'search_path') },
            { ALT: () => (this.CONSUME(K.authorization), 'session_authorization') },
            { ALT: () => (this.CONSUME(K.role), 'role') },
          ]),
      });
      let name = special ?? '';
      this.OPTION2({
        GATE: () => special === undefined,
        DEF: () => {
          name = this.SUBRULE(this.variableName);
          this.OR2([{ ALT: () => this.CONSUME(T.Equals) }, { ALT: () => this.CONSUME(K.to) }]);
        },
      });
      const values: Expr[] = [];
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          values.push(this.SUBRULE(this.settingValue));
        },
      });
      const only = values[0];
      const isDefault = only !== undefined && only.kind === 'default';
      return { name, values: isDefault ? null : values };
    });

  /** a, a.b */
  protected readonly variableName: Rule<string> = this.rule('variableName', () => {
    let name = this.SUBRULE(this.label).name;
    this.MANY(() => {
      this.CONSUME(T.Dot);
      name += `.${this.SUBRULE2(this.label).name}`;
    });
    return name;
  });

  /** A word as a string, TRUE and FALSE too; a literal; INTERVAL '1' HOUR */
  protected readonly settingValue: Rule<Expr> = this.rule('settingValue', () => {
    const first = this.LA(1);
    return this.OR<Expr>([
      {
        GATE: () => !this.ahead(1, K.default) && !this.ahead(1, K.interval),
        ALT: () => {
          const value = this.SUBRULE(this.variableName);
          return { kind: 'stringLiteral', value, span: this.spanFrom(first) };
        },
      },
      { ALT: () => this.SUBRULE(this.operand) },
    ]);
  });

  /** RESET name | ALL | TIME ZONE | SESSION AUTHORIZATION */
  protected readonly resetVariable: Rule<Statement> = this.rule('resetVariable', () => {
    const first = this.CONSUME(K.reset);
    const name = this.OR<string | null>([
      { ALT: () => (this.CONSUME(K.all), null) },
      {
        GATE: () => this.ahead(2, K.zone),
        ALT: () => (this.CONSUME(K.time), this.CONSUME(K.zone), 'timezone'),
      },
      {
        GATE: () => this.ahead(2, K.authorization),
        ALT: () => (
          this.CONSUME(K.session),
          this.CONSUME(K.authorization),
          'session_authorization'
        ),
      },
      { ALT: () => this.SUBRULE(this.variableName) },
    ]);
    return { kind: 'resetVariable', name, span: this.spanFrom(first) };
  });

  protected readonly discard: Rule<Statement> = this.rule('discard', () => {
    const first = this.CONSUME(K.discard);
    const what = this.OR([
      { ALT: () => (this.CONSUME(K.all), 'all' as const) },
      { ALT: () => (this.CONSUME(K.plans), 'plans' as const) },
      { ALT: () => (this.CONSUME(K.sequences), 'sequences' as const) },
      { ALT: () => (this.CONSUME(K.temp), 'temp' as const) },
      { ALT: () => (this.CONSUME(K.temporary), 'temp' as const) },
    ]);
    return { kind: 'discard', what, span: this.spanFrom(first) };
  });

  // ------------------------------------------------------------------- prepared statements

  /** PREPARE name (types) AS statement */
  protected readonly prepare: Rule<Statement> = this.rule('prepare', () => {
    const first = this.CONSUME(K.prepare);
    const name = this.SUBRULE(this.identifier);
    const types = this.OPTION(() => this.SUBRULE(this.typeList)) ?? [];
    this.CONSUME(K.as);
    const statement = this.SUBRULE(this.statement);
    return { kind: 'prepare', name, types, statement, span: this.spanFrom(first) };
  });

  protected readonly typeList: Rule<readonly TypeName[]> = this.rule('typeList', () => {
    const types: TypeName[] = [];
    this.CONSUME(T.LParen);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        types.push(this.SUBRULE(this.typeName));
      },
    });
    this.CONSUME(T.RParen);
    return types;
  });

  /** EXECUTE name (args) */
  protected readonly execute: Rule<Statement> = this.rule('execute', () => {
    const first = this.CONSUME(K.execute);
    const name = this.SUBRULE(this.identifier);
    const args =
      this.OPTION(() => {
        this.CONSUME(T.LParen);
        const list = this.SUBRULE(this.expressions);
        this.CONSUME(T.RParen);
        return list;
      }) ?? [];
    return { kind: 'execute', name, args, span: this.spanFrom(first) };
  });

  /** EXECUTE UNIT TEST name FOR view [AT TIME t] MOCK r (c) AS (q) [,] ... EXPECTED (c) AS (q) */
  protected readonly unitTest: Rule<Statement> = this.rule('unitTest', () => {
    const first = this.CONSUME(K.execute);
    this.CONSUME(K.unit);
    this.CONSUME(K.test);
    const name = this.SUBRULE(this.identifier);
    this.CONSUME(K.for);
    const relation = this.SUBRULE(this.qualifiedName);
    const at = this.OPTION(() => this.SUBRULE(this.atTime)) ?? null;
    const mocks: UnitTestMock[] = [];
    this.MANY({
      GATE: () => !this.ahead(2, K.expected),
      DEF: () => {
        this.OPTION2(() => this.CONSUME(T.Comma));
        mocks.push(this.SUBRULE(this.unitTestMock));
      },
    });
    this.OPTION3(() => this.CONSUME2(T.Comma));
    this.CONSUME(K.expected);
    const columns = this.OPTION4(() => this.SUBRULE(this.unitTestColumns)) ?? [];
    const expected = this.SUBRULE(this.unitTestRows, { ARGS: [columns] });
    return {
      kind: 'executeUnitTest', name, relation, at, mocks, expected, span: this.spanFrom(first),
    };
  });

  protected readonly atTime: Rule<Expr> = this.rule('atTime', () => {
    this.CONSUME(K.at);
    this.CONSUME(K.time);
    return this.SUBRULE(this.expression);
  });

  protected readonly unitTestMock: Rule<UnitTestMock> = this.rule('unitTestMock', () => {
    const first = this.CONSUME(K.mock);
    const relation = this.SUBRULE(this.qualifiedName);
    const columns = this.OPTION(() => this.SUBRULE(this.unitTestColumns)) ?? [];
    const at = this.OPTION2(() => this.SUBRULE(this.atTime)) ?? null;
    const rows = this.SUBRULE(this.unitTestRows, { ARGS: [columns] });
    return { kind: 'unitTestMock', relation, at, rows, span: this.spanFrom(first) };
  });

  protected readonly unitTestColumns: Rule<readonly CteColumn[]> = this.rule(
    'unitTestColumns', () => {
      const columns: CteColumn[] = [];
      this.CONSUME(T.LParen);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma, DEF: () => { columns.push(this.SUBRULE(this.cteColumn)); },
      });
      this.CONSUME(T.RParen);
      return columns;
    });

  protected readonly unitTestRows: Rule<UnitTestRows, [columns: readonly CteColumn[]]> = this.rule(
    'unitTestRows', (columns) => {
      const first = this.CONSUME(K.as);
      this.CONSUME(T.LParen);
      const query = this.SUBRULE(this.query);
      this.CONSUME(T.RParen);
      return { kind: 'unitTestRows', columns, query, span: this.spanFrom(first) };
    });

  protected readonly deallocate: Rule<Statement> = this.rule('deallocate', () => {
    const first = this.CONSUME(K.deallocate);
    this.OPTION({
      GATE: () => this.ahead(2, T.ColumnId) || this.ahead(2, K.all),
      DEF: () => this.CONSUME(K.prepare),
    });
    const name = this.SUBRULE(this.nameOrAll);
    return { kind: 'deallocate', name, span: this.spanFrom(first) };
  });

  /** A name, or null for ALL. */
  protected readonly nameOrAll: Rule<Identifier | null> = this.rule('nameOrAll', () =>
    this.OR<Identifier | null>([
      { ALT: () => (this.CONSUME(K.all), null) },
      { ALT: () => this.SUBRULE(this.identifier) },
    ]),
  );

  // ------------------------------------------------------------------------------- cursors

  /** DECLARE c [options] CURSOR FOR query, DECLARE c SUBSCRIPTION CURSOR FOR s */
  protected readonly declare: Rule<Statement> = this.rule('declare', () => {
    const first = this.CONSUME(K.declare);
    const name = this.SUBRULE(this.identifier);
    return this.OR<Statement>([
      {
        ALT: () => {
          this.CONSUME(K.subscription);
          this.CONSUME(K.cursor);
          const subscription = this.SUBRULE(this.subscriptionCursor);
          const flags = { binary: false, insensitive: false, scroll: null, hold: false };
          const span = this.spanFrom(first);
          return { kind: 'declareCursor', name, ...flags, query: null, subscription, span };
        },
      },
      {
        ALT: () => {
          const flags = this.SUBRULE(this.cursorFlags);
          this.CONSUME2(K.cursor);
          const hold = this.SUBRULE(this.hold);
          this.CONSUME(K.for);
          const query = this.OR2<Query | Subscribe>([
            { ALT: () => this.SUBRULE(this.query) },
            { ALT: () => this.SUBRULE(this.subscribe) },
          ]);
          const span = this.spanFrom(first);
          return { kind: 'declareCursor', name, ...flags, hold, query, subscription: null, span };
        },
      },
    ]);
  });

  /** FOR s [FULL | SINCE x] */
  protected readonly subscriptionCursor: Rule<SubscriptionCursor> = this.rule(
    'subscriptionCursor',
    () => {
      const first = this.CONSUME(K.for);
      const name = this.SUBRULE(this.qualifiedName);
      let full = false;
      let since: Expr | null = null;
      this.OPTION(() =>
        this.OR([
          { ALT: () => (this.CONSUME(K.full), (full = true)) },
          { ALT: () => (this.CONSUME(K.since), (since = this.SUBRULE(this.expression))) },
        ]),
      );
      return { kind: 'subscriptionCursor', name, full, since, span: this.spanFrom(first) };
    },
  );

  protected readonly cursorFlags: Rule<Pick<DeclareCursor, 'binary' | 'insensitive' | 'scroll'>> =
    this.rule('cursorFlags', () => {
      let binary = false;
      let insensitive = false;
      let scroll: boolean | null = null;
      this.MANY(() =>
        this.OR([
          { ALT: () => (this.CONSUME(K.binary), (binary = true)) },
          { ALT: () => (this.CONSUME(K.insensitive), (insensitive = true)) },
          { ALT: () => (this.CONSUME(K.asensitive), (insensitive = false)) },
          { ALT: () => (this.CONSUME(K.scroll), (scroll = true)) },
          { ALT: () => (this.CONSUME(K.no), this.CONSUME2(K.scroll), (scroll = false)) },
        ]),
      );
      return { binary, insensitive, scroll };
    });

  /** WITH HOLD is true. */
  protected readonly hold: Rule<boolean> = this.rule(
    'hold',
    () =>
      this.OPTION(() => {
        const hold = this.OR([
          { ALT: () => (this.CONSUME(K.with), true) },
          { ALT: () => (this.CONSUME(K.without), false) },
        ]);
        this.CONSUME(K.hold);
        return hold;
      }) ?? false,
  );

  /** FETCH [direction] [FROM | IN] c [WITH (options)], MOVE ... */
  protected readonly fetch: Rule<Statement> = this.rule('fetch', () => {
    const first = this.LA(1);
    const move = this.OR([
      { ALT: () => (this.CONSUME(K.fetch), false) },
      { ALT: () => (this.CONSUME(K.move), true) },
    ]);
    const isName = this.ahead(2, K.with) || this.LA(2).tokenType.name === 'EOF';
    const given = this.OPTION({
      GATE: () => !isName,
      DEF: () => this.SUBRULE(this.direction),
    });
    this.OPTION2(() =>
      this.OR2([{ ALT: () => this.CONSUME(K.from) }, { ALT: () => this.CONSUME(K.in) }]),
    );
    const name = this.SUBRULE(this.identifier);
    const options: readonly Option[] = this.OPTION3(() => this.SUBRULE(this.withOptions)) ?? [];
    const how = given ?? { direction: 'next', count: 1 };
    return { kind: 'fetchCursor', move, ...how, name, options, span: this.spanFrom(first) };
  });

  protected readonly direction: Rule<Direction> = this.rule('direction', () =>
    this.OR<Direction>([
      { ALT: () => (this.CONSUME(K.next), { direction: 'next', count: 1 }) },
      { ALT: () => (this.CONSUME(K.prior), { direction: 'prior', count: 1 }) },
      { ALT: () => (this.CONSUME(K.first), { direction: 'first', count: 1 }) },
      { ALT: () => (this.CONSUME(K.last), { direction: 'last', count: 1 }) },
      { ALT: () => (this.CONSUME(K.all), { direction: 'forward', count: null }) },
      { ALT: () => ({ direction: 'forward', count: this.SUBRULE(this.count) }) },
      {
        ALT: () => {
          this.CONSUME(K.forward);
          return { direction: 'forward', count: this.SUBRULE(this.countOrAll) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.backward);
          return { direction: 'backward', count: this.SUBRULE2(this.countOrAll) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.absolute);
          return { direction: 'absolute', count: this.SUBRULE2(this.count) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.relative);
          return { direction: 'relative', count: this.SUBRULE3(this.count) };
        },
      },
    ]),
  );

  protected readonly count: Rule<number> = this.rule('count', () =>
    Number(this.SUBRULE(this.signedInteger)),
  );

  /** ALL is null; nothing is 1. */
  protected readonly countOrAll: Rule<number | null> = this.rule('countOrAll', () => {
    const given = this.OPTION(() =>
      this.OR<{ count: number | null }>([
        { ALT: () => (this.CONSUME(K.all), { count: null }) },
        { ALT: () => ({ count: this.SUBRULE(this.count) }) },
      ]),
    );
    return given === undefined ? 1 : given.count;
  });

  protected readonly close: Rule<Statement> = this.rule('close', () => {
    const first = this.CONSUME(K.close);
    const name = this.SUBRULE(this.nameOrAll);
    return { kind: 'closeCursor', name, span: this.spanFrom(first) };
  });

  /** LISTEN c, NOTIFY c, 'payload', UNLISTEN c | * */
  protected readonly channels: Rule<Statement> = this.rule('channels', () => {
    const first = this.LA(1);
    return this.OR<Statement>([
      {
        ALT: () => {
          this.CONSUME(K.listen);
          const channel = this.SUBRULE(this.identifier);
          return { kind: 'listen', channel, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.notify);
          const channel = this.SUBRULE2(this.identifier);
          const payload =
            this.OPTION(() => {
              this.CONSUME(T.Comma);
              return this.SUBRULE(this.stringValue);
            }) ?? null;
          return { kind: 'notify', channel, payload, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.unlisten);
          const channel = this.OR2<Identifier | null>([
            { ALT: () => (this.CONSUME(T.Asterisk), null) },
            { ALT: () => this.SUBRULE3(this.identifier) },
          ]);
          return { kind: 'unlisten', channel, span: this.spanFrom(first) };
        },
      },
    ]);
  });
}
