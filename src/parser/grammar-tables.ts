/**
 * The seventh level of the grammar: CREATE TABLE and CREATE SOURCE with columns, constraints,
 * watermarks, formats and metadata.
 */
import type { IToken } from 'chevrotain';
import type { Identifier, QualifiedName } from './ast-leaves.ts';
import type {
  ColumnConstraint,
  ColumnDef,
  CreateTable,
  FormatClause,
  IncludeClause,
  KeyConstraint,
  ReferencesConstraint,
  SequenceOption,
  TableConstraint,
  TableLike,
  WatermarkDef,
} from './ast-definitions.ts';
import type { OnConflict, Option, Query } from './ast.ts';
import { MergeGrammar } from './grammar-merge.ts';
import type { Rule } from './grammar-names.ts';
import { grammarError, notSupported, syntaxError } from './syntax-errors.ts';
import * as T from './tokens.ts';

const K = T.K;

/** What stood between CREATE and the kind of object. */
export interface CreateHead {
  readonly first: IToken;
  readonly orReplace: boolean;
  readonly temporary: boolean;
}

/** What INCLUDING ALL stands for. */
const LIKE_PARTS: readonly string[] = [
  'comments', 'compression', 'constraints', 'defaults', 'generated', 'identity', 'indexes',
  'statistics', 'storage',
];

type Timing = Pick<ReferencesConstraint, 'deferrable' | 'deferred' | 'notValid'>;

type TableElement = ColumnDef | TableConstraint | WatermarkDef | TableLike;

type TableBody = Pick<CreateTable, 'columns' | 'constraints' | 'watermarks' | 'likes'>;

interface TableTail {
  appendOnly: boolean;
  onConflict: OnConflict | null;
  options: readonly Option[];
  includes: IncludeClause[];
  format: FormatClause | null;
  query: Query | null;
  withNoData: boolean;
  fromSource: CreateTable['fromSource'];
  validate: CreateTable['validate'];
  onCommit: CreateTable['onCommit'];
}

/** Tables and sources. */
export abstract class TableGrammar extends MergeGrammar {
  /** What followed the first column without a type; only AS query allows such columns. */
  #untyped: IToken | null = null;

  protected readonly ifNotExists: Rule<boolean> = this.rule(
    'ifNotExists',
    () =>
      this.OPTION(() => {
        this.CONSUME(K.if);
        this.CONSUME(K.not);
        this.CONSUME(K.exists);
        return true;
      }) ?? false,
  );

  protected readonly ifExists: Rule<boolean> = this.rule(
    'ifExists',
    () =>
      this.OPTION(() => {
        this.CONSUME(K.if);
        this.CONSUME(K.exists);
        return true;
      }) ?? false,
  );

  /** WITH (options), in any definition. */
  protected readonly withOptions: Rule<readonly Option[]> = this.rule('withOptions', () => {
    this.CONSUME(K.with);
    return this.SUBRULE(this.optionList);
  });

  /** TABLE or SOURCE and everything behind it. */
  protected readonly createTable: Rule<CreateTable, [head: CreateHead]> = this.rule(
    'createTable',
    (head) => {
      const object = this.OR([
        { ALT: () => (this.CONSUME(K.table), 'table' as const) },
        { ALT: () => (this.CONSUME(K.source), 'source' as const) },
      ]);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.qualifiedName);
      this.#untyped = null;
      const elements = this.OPTION(() => this.SUBRULE(this.tableElements)) ?? [];
      this.SUBRULE(this.fromRegistry);
      const untyped = this.#untyped as IToken | null;
      const body = this.ACTION(() => sortElements(elements));
      const tail = this.SUBRULE(this.tableTailClauses);
      if (untyped !== null && tail.query === null) {
        throw syntaxError(this.text, this.tokenSpan(untyped));
      }
      const { orReplace, temporary, first } = head ?? { first: this.LA(0) };
      const span = this.spanFrom(first);
      const flags = { orReplace, temporary, ifNotExists };
      return { kind: 'createTable', object, ...flags, name, ...body, ...tail, span };
    },
  );

  /** FROM REGISTRY in the place of columns: they are looked up when there are none. */
  protected readonly fromRegistry: Rule<void> = this.rule('fromRegistry', () => {
    this.OPTION({
      GATE: () => this.LA(2).image.toLowerCase() === 'registry' && !this.ahead(3, K.table),
      DEF: () => {
        this.CONSUME(K.from);
        this.CONSUME(T.Ident);
      },
    });
  });

  /** (column, constraint, WATERMARK FOR ..., LIKE t) */
  protected readonly tableElements: Rule<readonly TableElement[]> = this.rule(
    'tableElements',
    () => {
      const elements: TableElement[] = [];
      this.CONSUME(T.LParen);
      this.OPTION({
        GATE: () => this.ahead(2, T.RParen),
        DEF: () => this.CONSUME(T.Asterisk),
      });
      this.MANY_SEP({
        SEP: T.Comma,
        DEF: () => {
          elements.push(this.SUBRULE(this.tableElement));
        },
      });
      this.CONSUME(T.RParen);
      return elements;
    },
  );

  protected readonly tableElement: Rule<TableElement> = this.rule('tableElement', () =>
    this.OR<TableElement>([
      { ALT: () => this.SUBRULE(this.tableConstraint) },
      { ALT: () => this.SUBRULE(this.tableLike) },
      { GATE: () => this.ahead(2, K.for), ALT: () => this.SUBRULE(this.watermark) },
      { ALT: () => this.SUBRULE(this.columnDef) },
    ]),
  );

  /** What follows the list of columns, in any order. */
  protected readonly tableTailClauses: Rule<TableTail> = this.rule('tableTailClauses', () => {
    const tail: TableTail = {
      appendOnly: false, onConflict: null, options: [], includes: [], format: null, query: null,
      withNoData: false, fromSource: null, validate: null, onCommit: null,
    };
    this.MANY(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(K.append);
            this.CONSUME(K.only);
            tail.appendOnly = true;
          },
        },
        {
          GATE: () => this.ahead(2, K.conflict),
          ALT: () => (tail.onConflict = this.SUBRULE(this.onConflict)),
        },
        {
          GATE: () => this.ahead(2, K.commit),
          ALT: () => (tail.onCommit = this.SUBRULE(this.onCommit)),
        },
        {
          GATE: () => !this.ahead(2, K.conflict),
          ALT: () => {
            const option = this.SUBRULE(this.onErrorClause);
            this.ACTION(() => { tail.options = [...tail.options, option]; });
          },
        },
        { ALT: () => this.SUBRULE(this.foreignTail) },
        { ALT: () => (tail.fromSource = this.SUBRULE(this.fromSource)) },
        {
          ALT: () => {
            this.CONSUME(K.validate);
            this.CONSUME2(K.as);
            tail.validate = this.SUBRULE(this.expression);
          },
        },
        { ALT: () => tail.includes.push(this.SUBRULE(this.includeClause)) },
        { ALT: () => (tail.format = this.SUBRULE(this.formatClause)) },
        {
          GATE: () => this.ahead(2, T.LParen),
          ALT: () => {
            const options = this.SUBRULE(this.withOptions);
            this.ACTION(() => { tail.options = [...tail.options, ...options]; });
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.as);
            const query = this.SUBRULE(this.queryOrChange);
            this.ACTION(() => {
              if (query.kind !== 'query') throw grammarError('AS needs a query', query.span);
              tail.query = query;
            });
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.with);
            tail.withNoData = this.OPTION(() => this.CONSUME(K.no)) !== undefined;
            this.CONSUME(K.data);
          },
        },
      ]),
    );
    return tail;
  });

  /** FROM source TABLE 'schema.name' */
  protected readonly fromSource: Rule<NonNullable<CreateTable['fromSource']>> = this.rule(
    'fromSource',
    () => {
      this.CONSUME(K.from);
      const source = this.SUBRULE(this.qualifiedName);
      this.CONSUME(K.table);
      return { source, table: this.SUBRULE(this.stringValue) };
    },
  );

  /** ON COMMIT PRESERVE ROWS | DELETE ROWS | DROP */
  protected readonly onCommit: Rule<CreateTable['onCommit']> = this.rule('onCommit', () => {
    this.CONSUME(K.on);
    this.CONSUME(K.commit);
    return this.OR<CreateTable['onCommit']>([
      { ALT: () => (this.CONSUME(K.preserve), this.CONSUME(K.rows), 'preserve') },
      { ALT: () => (this.CONSUME(K.delete), this.CONSUME2(K.rows), 'delete') },
      { ALT: () => (this.CONSUME(K.drop), 'drop') },
    ]);
  });

  /** PARTITION BY and INHERITS are refused. */
  protected readonly foreignTail: Rule<void> = this.rule('foreignTail', () => {
    const first = this.LA(1);
    const feature = this.OR([
      { ALT: () => (this.CONSUME(K.partition), this.CONSUME(K.by), 'partitioned tables') },
      { ALT: () => (this.CONSUME(K.inherits), 'table inheritance') },
    ]);
    this.ACTION(() => {
      throw notSupported(feature, this.tokenSpan(first));
    });
  });

  /** ON ERROR DEAD LETTER | SKIP | STOP: another spelling of the option on_error. */
  protected readonly onErrorClause: Rule<Option> = this.rule('onErrorClause', () => {
    const first = this.CONSUME(K.on);
    this.CONSUME(T.Ident);
    const words = this.OR([
      { ALT: () => (this.CONSUME(K.dead), this.CONSUME2(T.Ident), 'dead letter') },
      { ALT: () => (this.CONSUME(K.skip), 'skip') },
      { ALT: () => this.CONSUME3(T.Ident).image.toLowerCase() },
    ]);
    const span = this.spanFrom(first);
    const value = { kind: 'stringLiteral', value: words, span } as const;
    return { kind: 'option', name: 'on_error', value, span };
  });

  /** LIKE t INCLUDING ALL */
  protected readonly tableLike: Rule<TableLike> = this.rule('tableLike', () => {
    const first = this.CONSUME(K.like);
    const table = this.SUBRULE(this.qualifiedName);
    const including: string[] = [];
    this.MANY(() => {
      const included = this.OR([
        { ALT: () => (this.CONSUME(K.including), true) },
        { ALT: () => (this.CONSUME(K.excluding), false) },
      ]);
      const what = this.SUBRULE(this.label).name;
      const named = what === 'all' ? LIKE_PARTS : [what];
      for (const part of named) {
        const at = including.indexOf(part);
        if (included && at < 0) including.push(part);
        if (!included && at >= 0) including.splice(at, 1);
      }
    });
    return { kind: 'tableLike', table, including, span: this.spanFrom(first) };
  });

  /** WATERMARK FOR c AS expr [WITH TTL] */
  protected readonly watermark: Rule<WatermarkDef> = this.rule('watermark', () => {
    const first = this.CONSUME(K.watermark);
    this.CONSUME(K.for);
    const column = this.SUBRULE(this.identifier);
    this.CONSUME(K.as);
    const value = this.SUBRULE(this.expression);
    const ttl =
      this.OPTION(() => {
        this.CONSUME(K.with);
        this.CONSUME(K.ttl);
        return true;
      }) ?? false;
    return { kind: 'watermark', column, value, ttl, span: this.spanFrom(first) };
  });

  // ------------------------------------------------------------------------------- columns

  /** name type constraints */
  protected readonly columnDef: Rule<ColumnDef> = this.rule('columnDef', () => {
    const first = this.LA(1);
    const name = this.SUBRULE(this.identifier);
    const type =
      this.OPTION({
        GATE: () => !this.#constraintAhead(),
        DEF: () => this.SUBRULE(this.typeName),
      }) ?? null;
    const next = this.LA(1);
    let collation: QualifiedName | null = null;
    const constraints: ColumnConstraint[] = [];
    this.MANY(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(K.collate);
            collation = this.SUBRULE(this.qualifiedName);
          },
        },
        { ALT: () => constraints.push(this.SUBRULE(this.columnConstraint)) },
      ]),
    );
    const derived = constraints.some(({ kind }) => kind === 'generatedConstraint');
    if (type === null && !derived && !this.RECORDING_PHASE) this.#untyped ??= next;
    return { kind: 'columnDef', name, type, collation, constraints, span: this.spanFrom(first) };
  });

  /** A column outside a column list, which must have a type. */
  protected readonly typedColumn: Rule<ColumnDef> = this.rule('typedColumn', () => {
    this.#untyped = null;
    const column = this.SUBRULE(this.columnDef);
    const untyped = this.#untyped as IToken | null;
    if (untyped !== null) throw syntaxError(this.text, this.tokenSpan(untyped));
    return column;
  });

  /** Constraints that begin with a word which could be a type. */
  #constraintAhead(): boolean {
    const type = this.LA(1).tokenType;
    if (type === K.metadata) return this.ahead(2, K.from) || this.ahead(2, K.virtual);
    return type === K.generated && (this.ahead(2, K.always) || this.ahead(2, K.by));
  }

  /** [CONSTRAINT name] constraint, with its timing. */
  protected readonly columnConstraint: Rule<ColumnConstraint> = this.rule(
    'columnConstraint',
    () => {
      const name = this.OPTION(() => this.SUBRULE(this.constraintName)) ?? null;
      const constraint = this.OR<ColumnConstraint>([
        { ALT: () => this.SUBRULE(this.nullConstraint, { ARGS: [name] }) },
        { ALT: () => this.SUBRULE(this.defaultConstraint, { ARGS: [name] }) },
        { ALT: () => this.SUBRULE(this.keyConstraint, { ARGS: [name] }) },
        { ALT: () => this.SUBRULE(this.checkConstraint, { ARGS: [name] }) },
        { ALT: () => this.SUBRULE(this.references, { ARGS: [name, []] }) },
        { ALT: () => this.SUBRULE(this.generated, { ARGS: [name] }) },
        { ALT: () => this.SUBRULE(this.derived, { ARGS: [name] }) },
        { ALT: () => this.SUBRULE(this.metadata, { ARGS: [name] }) },
      ]);
      const timing = this.SUBRULE(this.constraintTiming);
      return this.#timed(constraint, timing);
    },
  );

  /** Only foreign keys can be checked late. */
  #timed<C extends ColumnConstraint | TableConstraint>(constraint: C, timing: Timing): C {
    if (constraint.kind === 'referencesConstraint') return { ...constraint, ...timing };
    if (timing.deferred) throw notSupported('INITIALLY DEFERRED', constraint.span);
    return constraint;
  }

  protected readonly constraintName: Rule<Identifier> = this.rule('constraintName', () => {
    this.CONSUME(K.constraint);
    return this.SUBRULE(this.identifier);
  });

  /** NOT ENFORCED, [NOT] DEFERRABLE, INITIALLY IMMEDIATE | DEFERRED, NOT VALID. */
  protected readonly constraintTiming: Rule<Timing> = this.rule('constraintTiming', () => {
    const timing = { deferrable: false, deferred: false, notValid: false };
    this.MANY({
      GATE: () => !this.ahead(1, K.not) || this.ahead(2, K.deferrable) || this.#notEnforced(),
      DEF: () =>
        this.OR([
          {
            ALT: () => {
              this.CONSUME(K.not);
              this.OR2([
                { ALT: () => this.CONSUME(K.deferrable) },
                { ALT: () => this.CONSUME(K.enforced) },
                { ALT: () => (this.CONSUME(K.valid), (timing.notValid = true)) },
              ]);
            },
          },
          { ALT: () => (this.CONSUME2(K.deferrable), (timing.deferrable = true)) },
          {
            ALT: () => {
              this.CONSUME(K.initially);
              timing.deferred = this.OR3([
                { ALT: () => (this.CONSUME(K.immediate), false) },
                { ALT: () => (this.CONSUME(K.deferred), true) },
              ]);
              timing.deferrable ||= timing.deferred;
            },
          },
        ]),
    });
    return timing;
  });

  #notEnforced(): boolean {
    return this.ahead(2, K.enforced) || this.ahead(2, K.valid);
  }

  protected readonly nullConstraint: Rule<ColumnConstraint, [name: Identifier | null]> = this.rule(
    'nullConstraint',
    (name) => {
      const first = this.LA(1);
      const nullable = this.OPTION(() => this.CONSUME(K.not)) === undefined;
      this.CONSUME(K.null);
      return { kind: 'nullConstraint', name, nullable, span: this.spanFrom(first) };
    },
  );

  protected readonly defaultConstraint: Rule<ColumnConstraint, [name: Identifier | null]> =
    this.rule('defaultConstraint', (name) => {
      const first = this.CONSUME(K.default);
      const value = this.SUBRULE(this.expression, { ARGS: [0, true] });
      return { kind: 'defaultConstraint', name, value, span: this.spanFrom(first) };
    });

  /** PRIMARY KEY, UNIQUE [NULLS [NOT] DISTINCT], with columns for a table's constraint. */
  protected readonly keyConstraint: Rule<KeyConstraint, [name: Identifier | null]> = this.rule(
    'keyConstraint',
    (name) => {
      const first = this.LA(1);
      let nullsNotDistinct = false;
      const primary = this.OR([
        { ALT: () => (this.CONSUME(K.primary), this.CONSUME(K.key), true) },
        {
          ALT: () => {
            this.CONSUME(K.unique);
            nullsNotDistinct = this.OPTION(() => this.SUBRULE(this.nullsDistinct)) ?? false;
            return false;
          },
        },
      ]);
      const columns = this.OPTION3(() => this.SUBRULE(this.identifierList)) ?? [];
      const span = this.spanFrom(first);
      return { kind: 'keyConstraint', name, primary, nullsNotDistinct, columns, span };
    },
  );

  /** NULLS [NOT] DISTINCT */
  protected readonly nullsDistinct: Rule<boolean> = this.rule('nullsDistinct', () => {
    this.CONSUME(K.nulls);
    const not = this.OPTION(() => this.CONSUME(K.not)) !== undefined;
    this.CONSUME(K.distinct);
    return not;
  });

  protected readonly checkConstraint: Rule<TableConstraint, [name: Identifier | null]> = this.rule(
    'checkConstraint',
    (name) => {
      const first = this.CONSUME(K.check);
      this.CONSUME(T.LParen);
      const condition = this.SUBRULE(this.expression);
      this.CONSUME(T.RParen);
      return { kind: 'checkConstraint', name, condition, span: this.spanFrom(first) };
    },
  );

  /** REFERENCES t (c) ON DELETE CASCADE */
  protected readonly references: Rule<
    ReferencesConstraint,
    [name: Identifier | null, columns: readonly Identifier[]]
  > = this.rule('references', (name, columns) => {
    const first = this.CONSUME(K.references);
    const table = this.SUBRULE(this.qualifiedName);
    const targetColumns = this.OPTION(() => this.SUBRULE(this.identifierList)) ?? [];
    let onDelete: string | null = null;
    let onUpdate: string | null = null;
    let matchFull = false;
    this.MANY(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(K.match);
            const how = this.SUBRULE(this.label);
            matchFull = how.name === 'full';
            this.ACTION(() => {
              if (how.name === 'partial') throw notSupported('MATCH PARTIAL', how.span);
            });
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.on);
            this.OR2([
              { ALT: () => (this.CONSUME(K.delete), (onDelete = this.SUBRULE(this.fkAction))) },
              { ALT: () => (this.CONSUME(K.update), (onUpdate = this.SUBRULE2(this.fkAction))) },
            ]);
          },
        },
      ]),
    );
    const span = this.spanFrom(first);
    const actions = {
      onDelete, onUpdate, matchFull, deferrable: false, deferred: false, notValid: false,
    };
    return { kind: 'referencesConstraint', name, columns, table, targetColumns, ...actions, span };
  });

  /** CASCADE, RESTRICT, NO ACTION, SET NULL, SET DEFAULT in lower case. */
  protected readonly fkAction: Rule<string> = this.rule('fkAction', () =>
    this.OR([
      { ALT: () => (this.CONSUME(K.cascade), 'cascade') },
      { ALT: () => (this.CONSUME(K.restrict), 'restrict') },
      { ALT: () => (this.CONSUME(K.no), this.CONSUME(K.action), 'no action') },
      {
        ALT: () => {
          this.CONSUME(K.set);
          return this.OR2([
            { ALT: () => (this.CONSUME(K.null), 'set null') },
            { ALT: () => (this.CONSUME(K.default), 'set default') },
          ]);
        },
      },
    ]),
  );

  /** GENERATED ALWAYS AS (expr) STORED, GENERATED ... AS IDENTITY (...) */
  protected readonly generated: Rule<ColumnConstraint, [name: Identifier | null]> = this.rule(
    'generated',
    (name) => {
      const first = this.CONSUME(K.generated);
      const always = this.OR([
        { ALT: () => (this.CONSUME(K.always), true) },
        { ALT: () => (this.CONSUME(K.by), this.CONSUME(K.default), false) },
      ]);
      this.CONSUME(K.as);
      return this.OR2<ColumnConstraint>([
        {
          ALT: () => {
            this.CONSUME(K.identity);
            const options =
              this.OPTION(() => {
                this.CONSUME(T.LParen);
                const list = this.SUBRULE(this.sequenceOptions);
                this.CONSUME(T.RParen);
                return list;
              }) ?? [];
            const span = this.spanFrom(first);
            return { kind: 'identityConstraint', name, always, options, span };
          },
        },
        {
          ALT: () => {
            const value = this.SUBRULE(this.parenthesised);
            const stored = this.SUBRULE(this.storedOrVirtual);
            return { kind: 'generatedConstraint', name, value, stored, span: this.spanFrom(first) };
          },
        },
      ]);
    },
  );

  /** AS expr, a derived column. */
  protected readonly derived: Rule<ColumnConstraint, [name: Identifier | null]> = this.rule(
    'derived',
    (name) => {
      const first = this.CONSUME(K.as);
      const value = this.SUBRULE(this.expression);
      const stored = this.SUBRULE(this.storedOrVirtual);
      return { kind: 'generatedConstraint', name, value, stored, span: this.spanFrom(first) };
    },
  );

  protected readonly storedOrVirtual: Rule<boolean> = this.rule(
    'storedOrVirtual',
    () =>
      this.OPTION(() =>
        this.OR([
          { ALT: () => (this.CONSUME(K.stored), true) },
          { ALT: () => (this.CONSUME(K.virtual), false) },
        ]),
      ) ?? false,
  );

  /** METADATA [FROM 'key'] [VIRTUAL] */
  protected readonly metadata: Rule<ColumnConstraint, [name: Identifier | null]> = this.rule(
    'metadata',
    (name) => {
      const first = this.CONSUME(K.metadata);
      const from =
        this.OPTION(() => {
          this.CONSUME(K.from);
          return this.SUBRULE(this.stringValue);
        }) ?? null;
      const virtual = this.OPTION2(() => this.CONSUME(K.virtual)) !== undefined;
      return { kind: 'metadataConstraint', name, from, virtual, span: this.spanFrom(first) };
    },
  );

  /** A constraint in the list of columns. */
  protected readonly tableConstraint: Rule<TableConstraint> = this.rule('tableConstraint', () => {
    const name = this.OPTION(() => this.SUBRULE(this.constraintName)) ?? null;
    const constraint = this.OR<TableConstraint>([
      { ALT: () => this.SUBRULE(this.keyConstraint, { ARGS: [name] }) },
      { ALT: () => this.SUBRULE(this.checkConstraint, { ARGS: [name] }) },
      {
        ALT: () => {
          this.CONSUME(K.foreign);
          this.CONSUME(K.key);
          const columns = this.SUBRULE(this.identifierList);
          return this.SUBRULE(this.references, { ARGS: [name, columns] });
        },
      },
    ]);
    const timing = this.SUBRULE(this.constraintTiming);
    return this.#timed(constraint, timing);
  });

  // --------------------------------------------------------------------- sequences, formats

  protected readonly sequenceOptions: Rule<readonly SequenceOption[]> = this.rule(
    'sequenceOptions',
    () => {
      const options: SequenceOption[] = [];
      this.MANY(() => {
        options.push(this.SUBRULE(this.sequenceOption));
      });
      return options;
    },
  );

  /** START WITH 1, INCREMENT BY 1, NO MAXVALUE, CACHE 1, CYCLE, OWNED BY t.c, RESTART */
  protected readonly sequenceOption: Rule<SequenceOption> = this.rule('sequenceOption', () => {
    const first = this.LA(1);
    const no = this.OPTION(() => this.CONSUME(K.no)) !== undefined;
    const name = this.OR<SequenceOption['name']>([
      { ALT: () => (this.CONSUME(K.start), 'start') },
      { ALT: () => (this.CONSUME(K.increment), 'increment') },
      { ALT: () => (this.CONSUME(K.minvalue), 'minvalue') },
      { ALT: () => (this.CONSUME(K.maxvalue), 'maxvalue') },
      { ALT: () => (this.CONSUME(K.cache), 'cache') },
      { ALT: () => (this.CONSUME(K.cycle), 'cycle') },
      { ALT: () => (this.CONSUME(K.restart), 'restart') },
      { ALT: () => (this.CONSUME(K.owned), 'owned') },
    ]);
    this.OPTION2(() =>
      this.OR2([{ ALT: () => this.CONSUME(K.with) }, { ALT: () => this.CONSUME(K.by) }]),
    );
    const value = this.OPTION3(() => this.SUBRULE(this.signedInteger)) ?? null;
    const ownedBy =
      this.OPTION4({
        GATE: () => name === 'owned',
        DEF: () => this.SUBRULE(this.qualifiedName),
      }) ?? null;
    return { kind: 'sequenceOption', name, value, no, ownedBy, span: this.spanFrom(first) };
  });

  /** An integer's text with its sign. */
  protected readonly signedInteger: Rule<string> = this.rule('signedInteger', () => {
    let sign = '';
    this.OPTION(() =>
      this.OR([
        { ALT: () => (this.CONSUME(T.Minus), (sign = '-')) },
        { ALT: () => this.CONSUME(T.Plus) },
      ]),
    );
    return sign + this.payload(this.CONSUME(T.IntegerToken));
  });

  /** INCLUDE KEY AS c, INCLUDE HEADER 'h' AS c */
  protected readonly includeClause: Rule<IncludeClause> = this.rule('includeClause', () => {
    const first = this.CONSUME(K.include);
    const what = this.SUBRULE(this.label).name;
    const header = this.OPTION(() => this.SUBRULE(this.stringValue)) ?? null;
    const alias =
      this.OPTION2(() => {
        this.CONSUME(K.as);
        return this.SUBRULE(this.identifier);
      }) ?? null;
    return { kind: 'include', what, header, alias, span: this.spanFrom(first) };
  });

  /** FORMAT PLAIN ENCODE JSON (options) [KEY ENCODE TEXT] */
  protected readonly formatClause: Rule<FormatClause> = this.rule('formatClause', () => {
    const first = this.LA(1);
    const format =
      this.OPTION(() => {
        this.CONSUME(K.format);
        return this.SUBRULE(this.label).name;
      }) ?? null;
    this.CONSUME(K.encode);
    const encode = this.SUBRULE2(this.label).name;
    const options = this.OPTION2(() => this.SUBRULE(this.optionList)) ?? [];
    const keyEncode =
      this.OPTION3(() => {
        this.CONSUME(K.key);
        this.CONSUME2(K.encode);
        return this.SUBRULE3(this.label).name;
      }) ?? null;
    return { kind: 'format', format, encode, options, keyEncode, span: this.spanFrom(first) };
  });
}

function sortElements(elements: readonly TableElement[]): TableBody {
  const columns: ColumnDef[] = [];
  const constraints: TableConstraint[] = [];
  const watermarks: WatermarkDef[] = [];
  const likes: TableLike[] = [];
  for (const element of elements) {
    if (element.kind === 'columnDef') columns.push(element);
    else if (element.kind === 'watermark') watermarks.push(element);
    else if (element.kind === 'tableLike') likes.push(element);
    else constraints.push(element);
  }
  return { columns, constraints, watermarks, likes };
}
