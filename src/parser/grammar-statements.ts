/**
 * The tenth level of the grammar: statements. COPY, EXPLAIN, SUBSCRIBE, SHOW, TRUNCATE and the
 * choice between everything that may stand between two semicolons.
 */
import type { Identifier, QualifiedName } from './ast-leaves.ts';
import type {
  Copy,
  Explain,
  Show,
  Statement,
  Subscribe,
  Unsupported,
} from './ast-statements.ts';
import type { AsOf, DataChange, Expr, Option, Query } from './ast.ts';
import { AlterGrammar } from './grammar-alter.ts';
import type { Rule } from './grammar-names.ts';
import * as T from './tokens.ts';

const K = T.K;

/** Statements. */
export abstract class StatementGrammar extends AlterGrammar {
  /** Transactions, cursors and settings; see grammar-session.ts. */
  protected abstract readonly sessionCommand: Rule<Statement>;

  /** One statement. */
  readonly statement: Rule<Statement> = this.rule('statement', () =>
    this.OR<Statement>([
      { GATE: () => this.mergeAhead(), ALT: () => this.SUBRULE(this.merge) },
      { GATE: () => !this.mergeAhead(), ALT: () => this.SUBRULE(this.queryOrChange) },
      { ALT: () => this.SUBRULE(this.create) },
      { ALT: () => this.SUBRULE(this.drop) },
      { ALT: () => this.SUBRULE(this.alter) },
      { ALT: () => this.SUBRULE(this.comment) },
      { ALT: () => this.SUBRULE(this.privileges) },
      { ALT: () => this.SUBRULE(this.sessionCommand) },
      { ALT: () => this.SUBRULE(this.show) },
      { ALT: () => this.SUBRULE(this.truncate) },
      { ALT: () => this.SUBRULE(this.copy) },
      { ALT: () => this.SUBRULE(this.explain) },
      { ALT: () => this.SUBRULE(this.subscribe) },
      { ALT: () => this.SUBRULE(this.lockTable) },
      { ALT: () => this.SUBRULE(this.maintenance) },
      { ALT: () => this.SUBRULE(this.engineCommand) },
      { ALT: () => this.SUBRULE(this.unknownStatement) },
    ]),
  );

  /** Statements of PostgreSQL's that we only know by name. */
  protected readonly unknownStatement: Rule<Unsupported> = this.rule('unknownStatement', () => {
    const types = [K.do, K.call, K.import, K.load, K.security, K.reassign, K.checkpoint];
    const first = this.LA(1);
    this.OR(types.map((type, at) => ({ ALT: () => this.consume(at, type) })));
    return this.takeRest(first, this.payload(first).toUpperCase());
  });

  // ---------------------------------------------------------------------------------- show

  /** SHOW words [FROM name] [LIKE 'x'] [WHERE ...], DESCRIBE t */
  protected readonly show: Rule<Show> = this.rule('show', () => {
    const first = this.LA(1);
    return this.OR<Show>([
      {
        ALT: () => {
          this.OR2([{ ALT: () => this.CONSUME(K.describe) }, { ALT: () => this.CONSUME(K.desc) }]);
          const from = this.SUBRULE(this.qualifiedName);
          const span = this.spanFrom(first);
          return { kind: 'show', name: 'columns', from, like: null, where: null, span };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.show);
          const name = this.SUBRULE(this.showName);
          const from = this.OPTION(() => this.SUBRULE(this.showFrom)) ?? null;
          const like =
            this.OPTION2(() => {
              this.CONSUME(K.like);
              return this.SUBRULE(this.stringValue);
            }) ?? null;
          const where = this.OPTION3(() => this.SUBRULE(this.whereClause)) ?? null;
          const given = this.#shownObject(name, from);
          return { kind: 'show', ...given, like, where, span: this.spanFrom(first) };
        },
      },
    ]);
  });

  /** SHOW CREATE VIEW v: the name is not a word of the command. */
  #shownObject(
    words: readonly Identifier[],
    from: QualifiedName | null,
  ): { name: string; from: QualifiedName | null } {
    if (this.RECORDING_PHASE) return { name: '', from };
    const last = words.at(-1);
    const text = words.map((word) => word.name).join(' ');
    const names = words[0]?.name === 'create' && last !== undefined && from === null;
    if (!names || words.length < 3) return { name: text.replaceAll(' . ', '.'), from };
    const dot = words.findIndex((word) => word.name === '.');
    const at = dot < 0 ? words.length - 1 : dot - 1;
    const parts = words.slice(at).filter((word) => word.name !== '.');
    const span = { start: parts[0]?.span.start ?? 0, end: last.span.end };
    const name = words.slice(0, at).map((word) => word.name);
    return { name: name.join(' '), from: { kind: 'qualifiedName', parts, span } };
  }

  /** The words of a SHOW, dots as words of their own. */
  protected readonly showName: Rule<readonly Identifier[]> = this.rule('showName', () => {
    const words: Identifier[] = [];
    this.AT_LEAST_ONE({
      GATE: () => !this.#showEnds(),
      DEF: () => {
        words.push(
          this.OR([
            { ALT: () => this.SUBRULE(this.label) },
            { ALT: () => this.makeIdentifier(this.CONSUME(T.Dot)) },
          ]),
        );
      },
    });
    return words;
  });

  #showEnds(): boolean {
    const type = this.LA(1).tokenType;
    return type === K.from || type === K.in || type === K.like || type === K.where;
  }

  protected readonly showFrom: Rule<QualifiedName> = this.rule('showFrom', () => {
    this.OR([{ ALT: () => this.CONSUME(K.from) }, { ALT: () => this.CONSUME(K.in) }]);
    return this.SUBRULE(this.qualifiedName);
  });

  // ----------------------------------------------------------------------------- utilities

  /** TRUNCATE [TABLE] [ONLY] a, b [RESTART IDENTITY] [CASCADE] */
  protected readonly truncate: Rule<Statement> = this.rule('truncate', () => {
    const first = this.CONSUME(K.truncate);
    this.OPTION(() => this.CONSUME(K.table));
    this.OPTION2(() => this.CONSUME(K.only));
    const tables = this.SUBRULE(this.qualifiedNames);
    let restartIdentity = false;
    this.OPTION3(() => {
      restartIdentity = this.OR([
        { ALT: () => (this.CONSUME(K.restart), true) },
        { ALT: () => (this.CONSUME(K.continue), false) },
      ]);
      this.CONSUME(K.identity);
    });
    const cascade = this.SUBRULE(this.dropBehavior);
    return { kind: 'truncate', tables, restartIdentity, cascade, span: this.spanFrom(first) };
  });

  /** COPY t (columns) FROM STDIN (options), COPY (query) TO STDOUT */
  protected readonly copy: Rule<Copy> = this.rule('copy', () => {
    const first = this.CONSUME(K.copy);
    let table: QualifiedName | null = null;
    let columns: readonly Identifier[] = [];
    let query: Query | DataChange | Subscribe | null = null;
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.LParen);
          query = this.OR2<Query | DataChange | Subscribe>([
            { ALT: () => this.SUBRULE(this.queryOrChange) },
            { ALT: () => this.SUBRULE(this.subscribe) },
          ]);
          this.CONSUME(T.RParen);
        },
      },
      {
        ALT: () => {
          table = this.SUBRULE(this.qualifiedName);
          columns = this.OPTION(() => this.SUBRULE(this.identifierList)) ?? [];
        },
      },
    ]);
    const direction = this.OR3([
      { ALT: () => (this.CONSUME(K.from), 'from' as const) },
      { ALT: () => (this.CONSUME(K.to), 'to' as const) },
    ]);
    const stdio = !this.ahead(1, T.StringToken);
    const target = this.OR4([
      { ALT: () => this.SUBRULE(this.stringValue) },
      { ALT: () => (this.CONSUME(K.stdin), 'stdin') },
      { ALT: () => (this.CONSUME(K.stdout), 'stdout') },
    ]);
    const options = this.SUBRULE(this.copyOptions);
    const where = this.OPTION2(() => this.SUBRULE(this.whereClause)) ?? null;
    const what = { table, columns, query, direction, target, stdio, options, where };
    return { kind: 'copy', ...what, span: this.spanFrom(first) };
  });

  /** [WITH] (FORMAT csv, HEADER), or the old [WITH] CSV HEADER DELIMITER ',' */
  protected readonly copyOptions: Rule<readonly Option[]> = this.rule('copyOptions', () => {
    this.OPTION(() => this.CONSUME(K.with));
    return this.OR<readonly Option[]>([
      { ALT: () => this.SUBRULE(this.optionList) },
      {
        ALT: () => {
          const options: Option[] = [];
          this.MANY(() => {
            options.push(this.SUBRULE(this.oldCopyOption));
          });
          return options;
        },
      },
    ]);
  });

  protected readonly oldCopyOption: Rule<Option> = this.rule('oldCopyOption', () => {
    const first = this.LA(1);
    const text = (name: string, value: string): Option => {
      const span = this.spanFrom(first);
      return { kind: 'option', name, value: { kind: 'stringLiteral', value, span }, span };
    };
    const types = [K.delimiter, K.null, K.quote, K.escape, K.encoding];
    return this.OR<Option>([
      { ALT: () => (this.CONSUME(K.csv), text('format', 'csv')) },
      { ALT: () => (this.CONSUME(K.binary), text('format', 'binary')) },
      { ALT: () => (this.CONSUME(K.header), text('header', 'true')) },
      {
        ALT: () => {
          this.OR2(types.map((type, at) => ({ ALT: () => this.consume(at, type) })));
          this.OPTION(() => this.CONSUME(K.as));
          return text(this.payload(first), this.SUBRULE(this.stringValue));
        },
      },
    ]);
  });

  /** EXPLAIN [ANALYZE] [VERBOSE] [(options)] [stage [PLAN FOR]] statement */
  protected readonly explain: Rule<Explain> = this.rule('explain', () => {
    const first = this.CONSUME(K.explain);
    let analyze = false;
    let verbose = false;
    this.MANY({
      GATE: () => !this.ahead(1, T.LParen),
      DEF: () =>
        this.OR([
          { ALT: () => (this.CONSUME(K.analyze), (analyze = true)) },
          { ALT: () => (this.CONSUME(K.verbose), (verbose = true)) },
        ]),
    });
    const options =
      this.OPTION({
        GATE: () => !this.isSubquery(),
        DEF: () => this.SUBRULE(this.optionList),
      }) ?? [];
    const stage = this.OPTION2(() => this.SUBRULE(this.explainStage)) ?? null;
    let view: QualifiedName | null = null;
    let statement: Statement | null = null;
    this.OR2([
      { ALT: () => (view = this.SUBRULE(this.explainedView)) },
      {
        GATE: () => !this.ahead(1, K.explain),
        ALT: () => (statement = this.SUBRULE(this.statement)),
      },
    ]);
    const what = { analyze, verbose, stage, options, statement, view };
    return { kind: 'explain', ...what, span: this.spanFrom(first) };
  });

  /** LOGICAL | DATAFLOW | PHYSICAL [PLAN] [FOR] */
  protected readonly explainStage: Rule<string> = this.rule('explainStage', () => {
    const first = this.LA(1);
    this.OR([
      { ALT: () => this.CONSUME(K.logical) },
      { ALT: () => this.CONSUME(K.dataflow) },
      { ALT: () => this.CONSUME(K.physical) },
    ]);
    this.OPTION(() => this.CONSUME(K.plan));
    this.OPTION2(() => this.CONSUME(K.for));
    return this.payload(first);
  });

  /** [MATERIALIZED] VIEW v */
  protected readonly explainedView: Rule<QualifiedName> = this.rule('explainedView', () => {
    this.OPTION(() => this.CONSUME(K.materialized));
    this.CONSUME(K.view);
    return this.SUBRULE(this.qualifiedName);
  });

  /** SUBSCRIBE [TO] v | (query) [WITH (...)] [ENVELOPE ...] [AS OF n] [UP TO n] */
  protected readonly subscribe: Rule<Subscribe> = this.rule('subscribe', () => {
    const first = this.CONSUME(K.subscribe);
    this.OPTION(() => this.CONSUME(K.to));
    let name: QualifiedName | null = null;
    let query: Query | null = null;
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.LParen);
          query = this.SUBRULE(this.query);
          this.CONSUME(T.RParen);
        },
      },
      { ALT: () => (name = this.SUBRULE(this.qualifiedName)) },
    ]);
    let envelope: Subscribe['envelope'] = null;
    let keys: readonly Identifier[] = [];
    let options: readonly Option[] = [];
    let asOf: AsOf | null = null;
    let upTo: Expr | null = null;
    this.MANY(() =>
      this.OR2([
        { ALT: () => (options = this.SUBRULE(this.withOptions)) },
        { ALT: () => ({ envelope, keys } = this.SUBRULE(this.envelope)) },
        { ALT: () => (asOf = this.SUBRULE(this.asOf)) },
        {
          ALT: () => {
            this.CONSUME(K.up);
            this.CONSUME2(K.to);
            upTo = this.SUBRULE(this.expression);
          },
        },
      ]),
    );
    const what = { name, query, options, envelope, keys, asOf, upTo };
    return { kind: 'subscribe', ...what, span: this.spanFrom(first) };
  });

  /** ENVELOPE UPSERT (KEY (a)) | DEBEZIUM [(KEY (a))] */
  protected readonly envelope: Rule<Pick<Subscribe, 'envelope' | 'keys'>> = this.rule(
    'envelope',
    () => {
      this.CONSUME(K.envelope);
      const envelope = this.OR([
        { ALT: () => (this.CONSUME(K.upsert), 'upsert' as const) },
        { ALT: () => (this.CONSUME(K.debezium), 'debezium' as const) },
      ]);
      const keys =
        this.OPTION(() => {
          this.CONSUME(T.LParen);
          this.CONSUME(K.key);
          const list = this.SUBRULE(this.identifierList);
          this.CONSUME(T.RParen);
          return list;
        }) ?? [];
      return { envelope, keys };
    },
  );

  /** LOCK [TABLE] a, b [IN x MODE] [NOWAIT] */
  protected readonly lockTable: Rule<Statement> = this.rule('lockTable', () => {
    const first = this.CONSUME(K.lock);
    this.OPTION(() => this.CONSUME(K.table));
    const tables = this.SUBRULE(this.qualifiedNames);
    const mode =
      this.OPTION2(() => {
        this.CONSUME(K.in);
        const words: string[] = [];
        this.AT_LEAST_ONE({
          GATE: () => !this.ahead(1, K.mode),
          DEF: () => {
            words.push(this.SUBRULE(this.label).name);
          },
        });
        this.CONSUME(K.mode);
        return words.join(' ');
      }) ?? null;
    const nowait = this.OPTION3(() => this.CONSUME(K.nowait)) !== undefined;
    return { kind: 'lockTable', tables, mode, nowait, span: this.spanFrom(first) };
  });

  /** VACUUM, ANALYZE, REINDEX, CLUSTER, REFRESH MATERIALIZED VIEW */
  protected readonly maintenance: Rule<Statement> = this.rule('maintenance', () => {
    const first = this.LA(1);
    const command = this.OR([
      { ALT: () => (this.CONSUME(K.vacuum), 'vacuum' as const) },
      { ALT: () => (this.CONSUME(K.analyze), 'analyze' as const) },
      { ALT: () => (this.CONSUME(K.analyse), 'analyze' as const) },
      { ALT: () => (this.CONSUME(K.cluster), 'cluster' as const) },
      {
        ALT: () => {
          this.CONSUME(K.reindex);
          this.OR2([
            { ALT: () => this.CONSUME(K.table) },
            { ALT: () => this.CONSUME(K.index) },
            { ALT: () => this.CONSUME(K.schema) },
            { ALT: () => this.CONSUME(K.database) },
          ]);
          return 'reindex' as const;
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.refresh);
          this.CONSUME(K.materialized);
          this.CONSUME(K.view);
          this.OPTION(() => this.CONSUME(K.concurrently));
          return 'refresh' as const;
        },
      },
    ]);
    const options: Option[] = [];
    let listed: readonly Option[] = [];
    this.OPTION2(() => (listed = this.SUBRULE(this.optionList)));
    this.MANY(() => options.push(this.SUBRULE(this.maintenanceWord)));
    const names = this.OPTION3(() => this.SUBRULE(this.qualifiedNames)) ?? [];
    this.OPTION4(() => this.SUBRULE(this.identifierList));
    const all = this.ACTION(() => [...listed, ...options]);
    return { kind: 'maintenance', command, options: all, names, span: this.spanFrom(first) };
  });

  protected readonly maintenanceWord: Rule<Option> = this.rule('maintenanceWord', () => {
    const first = this.LA(1);
    this.OR([
      { ALT: () => this.CONSUME(K.full) },
      { ALT: () => this.CONSUME(K.freeze) },
      { ALT: () => this.CONSUME(K.verbose) },
      { ALT: () => this.CONSUME(K.analyze) },
    ]);
    return { kind: 'option', name: this.payload(first), value: null, span: this.spanFrom(first) };
  });

  /** FLUSH, WAIT, ADVANCE CLOCK BY, KILL, ACKNOWLEDGE */
  protected readonly engineCommand: Rule<Statement> = this.rule('engineCommand', () => {
    const first = this.LA(1);
    return this.OR<Statement>([
      { ALT: () => (this.CONSUME(K.flush), { kind: 'flush', span: this.spanFrom(first) }) },
      { ALT: () => this.SUBRULE(this.wait) },
      {
        ALT: () => {
          this.CONSUME(K.advance);
          this.CONSUME(K.clock);
          const to = this.OR2([
            { ALT: () => (this.CONSUME(K.by), false) },
            { ALT: () => (this.CONSUME(K.to), true) },
          ]);
          const value = this.SUBRULE(this.expression);
          return { kind: 'advanceClock', to, value, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.acknowledge);
          const name = this.SUBRULE3(this.qualifiedName);
          this.CONSUME(K.up);
          this.CONSUME2(K.to);
          const upTo = this.SUBRULE4(this.expression);
          return { kind: 'acknowledge', name, upTo, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.kill);
          const id = this.SUBRULE2(this.expression);
          return { kind: 'kill', id, span: this.spanFrom(first) };
        },
      },
    ]);
  });

  /** WAIT, WAIT FOR v, WAIT FOR HYDRATION OF v */
  protected readonly wait: Rule<Statement> = this.rule('wait', () => {
    const first = this.CONSUME(K.wait);
    let what: string | null = null;
    let name: QualifiedName | null = null;
    this.OPTION(() => this.CONSUME(K.for));
    this.OPTION2({
      GATE: () => this.ahead(2, K.of),
      DEF: () => {
        what = this.SUBRULE(this.label).name;
        this.CONSUME(K.of);
      },
    });
    this.OPTION3(() => (name = this.SUBRULE(this.qualifiedName)));
    return { kind: 'wait', what, name, span: this.spanFrom(first) };
  });
}
