/**
 * The eighth level of the grammar: CREATE of everything but tables, DROP, COMMENT, GRANT.
 *
 * Objects PostgreSQL has and we do not (triggers, policies, ...) are recognised by their first
 * words and kept as Unsupported, so that the answer is 0A000 and not a syntax error.
 */
import type { IToken } from 'chevrotain';
import type { QualifiedName } from './ast-leaves.ts';
import type {
  CommentOn,
  CreateFunction,
  CreateIndex,
  CreateRole,
  CreateSink,
  CreateType,
  CreateView,
  Definition,
  Drop,
  FunctionParameter,
  IndexColumn,
  ObjectType,
} from './ast-definitions.ts';
import type { Unsupported } from './ast-statements.ts';
import type { Expr, Option, TypeField, TypeName } from './ast.ts';
import { TableGrammar } from './grammar-tables.ts';
import type { CreateHead } from './grammar-tables.ts';
import type { Rule } from './grammar-names.ts';
import { syntaxError } from './syntax-errors.ts';
import * as T from './tokens.ts';

const K = T.K;

type FunctionTraits = {
  -readonly [P in
    | 'language'
    | 'volatility'
    | 'strict'
    | 'body'
    | 'returnExpr'
    | 'returns'
    | 'returnsTable'
    | 'options']: CreateFunction[P];
};

/** Definitions other than tables. */
export abstract class DefinitionGrammar extends TableGrammar {
  /** CREATE [OR REPLACE] [TEMPORARY] object */
  protected readonly create: Rule<Definition | Unsupported> = this.rule('create', () => {
    const first = this.CONSUME(K.create);
    const orReplace =
      this.OPTION(() => {
        this.CONSUME(K.or);
        this.CONSUME(K.replace);
      }) !== undefined || this.LA(0).tokenType === K.replace;
    const temporary =
      this.OPTION2(() => this.SUBRULE(this.temporary)) !== undefined;
    const head: CreateHead = { first, orReplace, temporary };
    const args = { ARGS: [head] as [CreateHead] };
    return this.OR2<Definition | Unsupported>([
      { ALT: () => this.SUBRULE(this.createTable, args) },
      { ALT: () => this.SUBRULE(this.createView, args) },
      { ALT: () => this.SUBRULE(this.createIndex, args) },
      { ALT: () => this.SUBRULE(this.createSink, args) },
      { ALT: () => this.SUBRULE(this.createSchema, args) },
      { ALT: () => this.SUBRULE(this.createDatabase, args) },
      { ALT: () => this.SUBRULE(this.createFunction, args) },
      { ALT: () => this.SUBRULE(this.createConnection, args) },
      { ALT: () => this.SUBRULE(this.createSecret, args) },
      { ALT: () => this.SUBRULE(this.createRole, args) },
      { ALT: () => this.SUBRULE(this.createSequence, args) },
      { ALT: () => this.SUBRULE(this.createType, args) },
      { ALT: () => this.SUBRULE(this.createDomain, args) },
      { ALT: () => this.SUBRULE(this.createSubscription, args) },
      { ALT: () => this.SUBRULE(this.unknownObject, { ARGS: [first] }) },
    ]);
  });

  /** An object of PostgreSQL's that we only know by name; takes the rest of the statement. */
  protected readonly unknownObject: Rule<Unsupported, [first: IToken]> = this.rule(
    'unknownObject',
    (first) => {
      const types = [
        K.trigger, K.extension, K.procedure, K.policy, K.rule, K.operator, K.cast, K.collation,
        K.publication, K.tablespace, K.statistics, K.server, K.foreign, K.access, K.event,
        K.language, K.conversion, K.text, K.transform, K.unlogged, K.trusted, K.constraint,
        K.owned, K.system, K.routine, K.large,
      ];
      const word = this.OR(types.map((type, at) => ({ ALT: () => this.consume(at, type) })));
      const verb = this.payload(first).toUpperCase();
      return this.takeRest(first, `${verb} ${this.payload(word).toUpperCase()}`);
    },
  );

  /** Takes all tokens that are left, as the text of something unsupported. */
  protected takeRest(first: IToken, feature: string): Unsupported {
    while (this.LA(1).tokenType.name !== 'EOF') this.SKIP_TOKEN();
    const span = this.spanFrom(first);
    return { kind: 'unsupported', feature, text: this.raw(span), span };
  }

  #start(head: CreateHead | undefined): IToken {
    return head?.first ?? this.LA(0);
  }

  /** [MATERIALIZED] [RECURSIVE] VIEW name (columns) WITH (options) AS query */
  protected readonly createView: Rule<CreateView, [head: CreateHead]> = this.rule(
    'createView',
    (head) => {
      const materialized = this.OPTION(() => this.CONSUME(K.materialized)) !== undefined;
      const recursive = this.OPTION2(() => this.CONSUME(K.recursive)) !== undefined;
      this.CONSUME(K.view);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.qualifiedName);
      const columns = this.OPTION3(() => this.SUBRULE(this.identifierList)) ?? [];
      const options = this.OPTION4(() => this.SUBRULE(this.withOptions)) ?? [];
      this.CONSUME(K.as);
      const query = this.SUBRULE(this.query);
      let withNoData = false;
      let checkOption: CreateView['checkOption'] = null;
      this.OPTION5(() => {
        this.CONSUME(K.with);
        this.OR([
          { ALT: () => (this.CONSUME(K.data), undefined) },
          { ALT: () => (this.CONSUME(K.no), this.CONSUME2(K.data), (withNoData = true)) },
          { ALT: () => (checkOption = this.SUBRULE(this.checkOption)) },
        ]);
      });
      const { orReplace, temporary } = head ?? {};
      const flags = { materialized, orReplace, temporary, recursive, ifNotExists };
      const span = this.spanFrom(this.#start(head));
      const rest = { columns, options, query, withNoData, checkOption };
      return { kind: 'createView', ...flags, name, ...rest, span };
    },
  );

  protected readonly checkOption: Rule<'local' | 'cascaded'> = this.rule('checkOption', () => {
    const which =
      this.OPTION(() =>
        this.OR([
          { ALT: () => (this.CONSUME(K.local), 'local' as const) },
          { ALT: () => (this.CONSUME(K.cascaded), 'cascaded' as const) },
        ]),
      ) ?? 'cascaded';
    this.CONSUME(K.check);
    this.CONSUME(K.option);
    return which;
  });

  /** [UNIQUE] INDEX [name] ON t [USING m] (keys) [INCLUDE (columns)] [WITH (...)] [WHERE ...] */
  protected readonly createIndex: Rule<CreateIndex, [head: CreateHead]> = this.rule(
    'createIndex',
    (head) => {
      const unique = this.OPTION(() => this.CONSUME(K.unique)) !== undefined;
      this.CONSUME(K.index);
      this.OPTION2(() => this.CONSUME(K.concurrently));
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.OPTION3(() => this.SUBRULE(this.identifier)) ?? null;
      this.CONSUME(K.on);
      const table = this.SUBRULE(this.qualifiedName);
      const method =
        this.OPTION4(() => {
          this.CONSUME(K.using);
          return this.SUBRULE2(this.identifier).name;
        }) ?? null;
      const columns = this.SUBRULE(this.indexColumns);
      const include =
        this.OPTION5(() => {
          this.CONSUME(K.include);
          return this.SUBRULE(this.identifierList);
        }) ?? [];
      const nullsNotDistinct = this.OPTION8(() => this.SUBRULE(this.nullsDistinct)) ?? false;
      const options = this.OPTION6(() => this.SUBRULE(this.withOptions)) ?? [];
      const where = this.OPTION7(() => this.SUBRULE(this.whereClause)) ?? null;
      const span = this.spanFrom(this.#start(head));
      const rest = { table, method, columns, include, nullsNotDistinct, options, where };
      return { kind: 'createIndex', unique, ifNotExists, name, ...rest, span };
    },
  );

  protected readonly indexColumns: Rule<readonly IndexColumn[]> = this.rule('indexColumns', () => {
    const columns: IndexColumn[] = [];
    this.CONSUME(T.LParen);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        columns.push(this.SUBRULE(this.indexColumn));
      },
    });
    this.CONSUME(T.RParen);
    return columns;
  });

  /** expression [operator class] [ASC | DESC] [NULLS FIRST | LAST] */
  protected readonly indexColumn: Rule<IndexColumn> = this.rule('indexColumn', () => {
    const first = this.LA(1);
    const expr = this.SUBRULE(this.expression);
    const operatorClass = this.OPTION({
      GATE: () => !this.ahead(1, K.nulls) || (!this.ahead(2, K.first) && !this.ahead(2, K.last)),
      DEF: () => this.SUBRULE(this.qualifiedName),
    }) ?? null;
    let direction: 'asc' | 'desc' = 'asc';
    this.OPTION2(() => this.OR([
      { ALT: () => this.CONSUME(K.asc) },
      { ALT: () => (this.CONSUME(K.desc), (direction = 'desc')) },
    ]));
    const nulls = this.OPTION3(() => this.SUBRULE(this.nullsOrder)) ?? null;
    const span = this.spanFrom(first);
    return { kind: 'indexColumn', expr, operatorClass, direction, nulls, span };
  });

  /** SINK name [INTO t] FROM r | AS query, WITH (...), FORMAT ... */
  protected readonly createSink: Rule<CreateSink, [head: CreateHead]> = this.rule(
    'createSink',
    (head) => {
      this.CONSUME(K.sink);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.qualifiedName);
      const into =
        this.OPTION(() => {
          this.CONSUME(K.into);
          return this.SUBRULE2(this.qualifiedName);
        }) ?? null;
      const source = this.OR<Pick<CreateSink, 'from' | 'query'>>([
        {
          ALT: () => {
            this.CONSUME(K.from);
            return { from: this.SUBRULE3(this.qualifiedName), query: null };
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.as);
            return { from: null, query: this.SUBRULE(this.query) };
          },
        },
      ]);
      const options = this.OPTION2(() => this.SUBRULE(this.withOptions)) ?? [];
      const format = this.OPTION3(() => this.SUBRULE(this.formatClause)) ?? null;
      const orReplace = head?.orReplace ?? false;
      const span = this.spanFrom(this.#start(head));
      const rest = { into, ...source, options, format };
      return { kind: 'createSink', orReplace, ifNotExists, name, ...rest, span };
    },
  );

  /** SCHEMA [IF NOT EXISTS] name [AUTHORIZATION role] */
  protected readonly createSchema: Rule<Definition, [head: CreateHead]> = this.rule(
    'createSchema',
    (head) => {
      this.CONSUME(K.schema);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const named = this.OPTION(() => this.SUBRULE(this.qualifiedName));
      const owner =
        this.OPTION2(() => {
          this.CONSUME(K.authorization);
          return this.SUBRULE(this.identifier);
        }) ?? null;
      const name: QualifiedName | undefined =
        named ??
        (owner === null ? undefined : { kind: 'qualifiedName', parts: [owner], span: owner.span });
      const elements: Definition[] = [];
      this.MANY(() => {
        elements.push(this.SUBRULE(this.schemaElement));
      });
      if (name === undefined) return this.unexpected();
      const span = this.spanFrom(this.#start(head));
      return { kind: 'createSchema', ifNotExists, name, owner, elements, span };
    },
  );

  /** What may stand in CREATE SCHEMA: CREATE TABLE, VIEW, INDEX or SEQUENCE. */
  protected readonly schemaElement: Rule<Definition> = this.rule('schemaElement', () => {
    const made = this.SUBRULE(this.create);
    return this.ACTION(() => {
      switch (made.kind) {
        case 'createTable': case 'createView': case 'createIndex': case 'createSequence':
          return made;
        default: throw syntaxError(this.text, made.span);
      }
    });
  });

  /** DATABASE name [WITH] options */
  protected readonly createDatabase: Rule<Definition, [head: CreateHead]> = this.rule(
    'createDatabase',
    (head) => {
      this.CONSUME(K.database);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.identifier);
      const options = this.SUBRULE(this.wordOptions);
      const span = this.spanFrom(this.#start(head));
      return { kind: 'createDatabase', ifNotExists, name, options, span };
    },
  );

  /** [WITH] LOGIN PASSWORD 'x' OWNER = y, as options. */
  protected readonly wordOptions: Rule<readonly Option[]> = this.rule('wordOptions', () => {
    const options: Option[] = [];
    this.OPTION(() => this.CONSUME(K.with));
    this.MANY(() => {
      const first = this.LA(1);
      const name = this.SUBRULE(this.label).name;
      this.OPTION2(() => this.CONSUME(T.Equals));
      const value = this.OPTION3(() => this.SUBRULE(this.literal)) ?? null;
      options.push({ kind: 'option', name, value, span: this.spanFrom(first) });
    });
    return options;
  });

  protected readonly createConnection: Rule<Definition, [head: CreateHead]> = this.rule(
    'createConnection',
    (head) => {
      this.CONSUME(K.connection);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.qualifiedName);
      const options = this.OPTION(() => this.SUBRULE(this.withOptions)) ?? [];
      const span = this.spanFrom(this.#start(head));
      return { kind: 'createConnection', ifNotExists, name, options, span };
    },
  );

  /** SECRET name [WITH (...)] AS value */
  protected readonly createSecret: Rule<Definition, [head: CreateHead]> = this.rule(
    'createSecret',
    (head) => {
      this.CONSUME(K.secret);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.qualifiedName);
      const options = this.OPTION(() => this.SUBRULE(this.withOptions)) ?? [];
      this.CONSUME(K.as);
      const value = this.SUBRULE(this.expression);
      const span = this.spanFrom(this.#start(head));
      return { kind: 'createSecret', ifNotExists, name, options, value, span };
    },
  );

  /** ROLE | USER | GROUP name options */
  protected readonly createRole: Rule<CreateRole, [head: CreateHead]> = this.rule(
    'createRole',
    (head) => {
      const login = this.OR([
        { ALT: () => (this.CONSUME(K.role), false) },
        { ALT: () => (this.CONSUME(K.user), true) },
        { ALT: () => (this.CONSUME(K.group), false) },
      ]);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.identifier);
      const options = this.SUBRULE(this.wordOptions);
      const span = this.spanFrom(this.#start(head));
      return { kind: 'createRole', ifNotExists, login, name, options, span };
    },
  );

  /** SEQUENCE name [AS type] options */
  protected readonly createSequence: Rule<Definition, [head: CreateHead]> = this.rule(
    'createSequence',
    (head) => {
      this.CONSUME(K.sequence);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.qualifiedName);
      const type =
        this.OPTION(() => {
          this.CONSUME(K.as);
          return this.SUBRULE(this.typeName);
        }) ?? null;
      const options = this.SUBRULE(this.sequenceOptions);
      const temporary = head?.temporary ?? false;
      const span = this.spanFrom(this.#start(head));
      return { kind: 'createSequence', temporary, ifNotExists, name, type, options, span };
    },
  );

  /** TYPE name AS (fields), TYPE name AS ENUM ('a', 'b') */
  protected readonly createType: Rule<CreateType, [head: CreateHead]> = this.rule(
    'createType',
    (head) => {
      this.CONSUME(K.type);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.qualifiedName);
      this.CONSUME(K.as);
      let fields: readonly TypeField[] = [];
      let labels: string[] | null = null;
      this.OR([
        { ALT: () => (fields = this.SUBRULE(this.columnDefinitions)) },
        {
          ALT: () => {
            this.CONSUME(K.enum);
            this.CONSUME(T.LParen);
            const list: string[] = [];
            this.MANY_SEP({
              SEP: T.Comma,
              DEF: () => {
                list.push(this.SUBRULE(this.stringValue));
              },
            });
            this.CONSUME(T.RParen);
            labels = list;
          },
        },
      ]);
      const span = this.spanFrom(this.#start(head));
      const rest = { fields, labels, domainOf: null, domainConstraints: [] };
      return { kind: 'createType', ifNotExists, name, ...rest, span };
    },
  );

  /** DOMAIN name [AS] type constraints */
  protected readonly createDomain: Rule<CreateType, [head: CreateHead]> = this.rule(
    'createDomain',
    (head) => {
      this.CONSUME(K.domain);
      const name = this.SUBRULE(this.qualifiedName);
      this.OPTION(() => this.CONSUME(K.as));
      const domainOf = this.SUBRULE(this.typeName);
      const domainConstraints: CreateType['domainConstraints'][number][] = [];
      this.MANY(() => {
        domainConstraints.push(this.SUBRULE(this.columnConstraint));
      });
      const span = this.spanFrom(this.#start(head));
      const rest = { fields: [], labels: null, domainOf, domainConstraints };
      return { kind: 'createType', ifNotExists: false, name, ...rest, span };
    },
  );

  /** SUBSCRIPTION name FROM r WITH (...) */
  protected readonly createSubscription: Rule<Definition, [head: CreateHead]> = this.rule(
    'createSubscription',
    (head) => {
      this.CONSUME(K.subscription);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.qualifiedName);
      this.CONSUME(K.from);
      const from = this.SUBRULE2(this.qualifiedName);
      const options = this.OPTION(() => this.SUBRULE(this.withOptions)) ?? [];
      const span = this.spanFrom(this.#start(head));
      return { kind: 'createSubscription', ifNotExists, name, from, options, span };
    },
  );

  // ----------------------------------------------------------------------------- functions

  /** [AGGREGATE] FUNCTION name (parameters) RETURNS type LANGUAGE l AS body */
  protected readonly createFunction: Rule<CreateFunction, [head: CreateHead]> = this.rule(
    'createFunction',
    (head) => {
      const aggregate = this.OR([
        { ALT: () => (this.CONSUME(K.function), false) },
        {
          ALT: () => {
            this.CONSUME(K.aggregate);
            this.OPTION(() => this.CONSUME2(K.function));
            return true;
          },
        },
      ]);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.functionName);
      this.CONSUME(T.LParen);
      const parameters: FunctionParameter[] = [];
      this.MANY_SEP({
        SEP: T.Comma,
        DEF: () => {
          parameters.push(this.SUBRULE(this.functionParameter));
        },
      });
      this.CONSUME(T.RParen);
      const traits = this.SUBRULE(this.functionTraits);
      const orReplace = head?.orReplace ?? false;
      const span = this.spanFrom(this.#start(head));
      const flags = { orReplace, aggregate, ifNotExists };
      return { kind: 'createFunction', ...flags, name, parameters, ...traits, span };
    },
  );

  /** [mode] [name] type [DEFAULT value] */
  protected readonly functionParameter: Rule<FunctionParameter> = this.rule(
    'functionParameter',
    () => {
      const first = this.LA(1);
      const mode =
        this.OPTION(() =>
          this.OR<FunctionParameter['mode']>([
            { ALT: () => (this.CONSUME(K.in), 'in') },
            { ALT: () => (this.CONSUME(K.out), 'out') },
            { ALT: () => (this.CONSUME(K.inout), 'inout') },
            { ALT: () => (this.CONSUME(K.variadic), 'variadic') },
          ]),
        ) ?? 'in';
      const name =
        this.OPTION2({
          GATE: () => this.#parameterNameAhead(),
          DEF: () => this.SUBRULE(this.label),
        }) ?? null;
      const type = this.SUBRULE(this.typeName);
      const defaultValue =
        this.OPTION3(() => {
          this.OR2([
            { ALT: () => this.CONSUME(K.default) },
            { ALT: () => this.CONSUME(T.Equals) },
          ]);
          return this.SUBRULE(this.expression);
        }) ?? null;
      const span = this.spanFrom(first);
      return { kind: 'functionParameter', mode, name, type, defaultValue, span };
    },
  );

  #parameterNameAhead(): boolean {
    const typeContinues = [K.precision, K.varying, K.without, K.array, K.default];
    const second = this.LA(2).tokenType;
    return this.ahead(2, T.Label) && !typeContinues.includes(second) && second !== T.WithInfix;
  }

  /** LANGUAGE, AS, IMMUTABLE, STRICT, RETURNS, RETURN, WITH, in any order. */
  protected readonly functionTraits: Rule<FunctionTraits> = this.rule('functionTraits', () => {
    const traits: FunctionTraits = {
      returns: null,
      returnsTable: [],
      language: null,
      volatility: null,
      strict: false,
      body: null,
      returnExpr: null,
      options: [],
    };
    const options: Option[] = [];
    this.MANY(() => {
      const trait = this.SUBRULE(this.functionTrait);
      this.ACTION(() => {
        options.push(...(trait.options ?? []));
        Object.assign(traits, trait);
      });
    });
    return { ...traits, options };
  });

  protected readonly functionTrait: Rule<Partial<FunctionTraits>> = this.rule(
    'functionTrait',
    () =>
      this.OR<Partial<FunctionTraits>>([
        { ALT: () => this.SUBRULE(this.returnsClause) },
        {
          ALT: () => {
            this.CONSUME(K.language);
            const language = this.OR2([
              { ALT: () => this.SUBRULE(this.label).name },
              { ALT: () => this.payload(this.CONSUME(T.StringToken)).toLowerCase() },
            ]);
            return { language };
          },
        },
        { ALT: () => (this.CONSUME(K.as), { body: this.SUBRULE(this.stringValue) }) },
        { ALT: () => (this.CONSUME(K.immutable), { volatility: 'immutable' }) },
        { ALT: () => (this.CONSUME(K.stable), { volatility: 'stable' }) },
        { ALT: () => (this.CONSUME(K.volatile), { volatility: 'volatile' }) },
        { ALT: () => (this.CONSUME(K.strict), { strict: true }) },
        {
          ALT: () => {
            this.CONSUME(K.called);
            this.SUBRULE(this.onNullInput);
            return { strict: false };
          },
        },
        { ALT: () => (this.CONSUME(K.return), { returnExpr: this.SUBRULE(this.expression) }) },
        { ALT: () => ({ options: this.SUBRULE(this.withOptions) }) },
        { ALT: () => this.SUBRULE(this.functionHint) },
      ]),
  );

  protected readonly onNullInput: Rule<void> = this.rule('onNullInput', () => {
    this.CONSUME(K.on);
    this.CONSUME(K.null);
    this.CONSUME(K.input);
  });

  /** RETURNS type, RETURNS TABLE (...), RETURNS NULL ON NULL INPUT */
  protected readonly returnsClause: Rule<Partial<FunctionTraits>> = this.rule(
    'returnsClause',
    () => {
      this.CONSUME(K.returns);
      return this.OR<Partial<FunctionTraits>>([
        {
          ALT: () => {
            this.CONSUME(K.null);
            this.SUBRULE(this.onNullInput);
            return { strict: true };
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.table);
            return { returnsTable: this.SUBRULE(this.columnDefinitions) };
          },
        },
        { ALT: () => ({ returns: this.SUBRULE(this.typeName) }) },
      ]);
    },
  );

  /** COST 1, ROWS 1, PARALLEL SAFE, kept as options. */
  protected readonly functionHint: Rule<Partial<FunctionTraits>> = this.rule('functionHint', () => {
    const first = this.LA(1);
    const value = this.OR<Expr>([
      { ALT: () => (this.CONSUME(K.cost), this.SUBRULE(this.literal)) },
      { ALT: () => (this.CONSUME(K.rows), this.SUBRULE2(this.literal)) },
      {
        ALT: () => {
          this.CONSUME(K.parallel);
          const { name, span } = this.SUBRULE(this.label);
          return { kind: 'stringLiteral', value: name, span };
        },
      },
    ]);
    const name = this.payload(first);
    return { options: [{ kind: 'option', name, value, span: this.spanFrom(first) }] };
  });

  // ------------------------------------------------------------------------- drop, comment

  /** The kind of object that DROP, ALTER and COMMENT ON name. */
  protected readonly objectType: Rule<ObjectType> = this.rule('objectType', () =>
    this.OR<ObjectType>([
      { ALT: () => (this.CONSUME(K.table), 'table') },
      { ALT: () => (this.CONSUME(K.view), 'view') },
      {
        ALT: () => (this.CONSUME(K.materialized), this.CONSUME2(K.view), 'materialized view'),
      },
      { ALT: () => (this.CONSUME(K.source), 'source') },
      { ALT: () => (this.CONSUME(K.sink), 'sink') },
      { ALT: () => (this.CONSUME(K.index), 'index') },
      { ALT: () => (this.CONSUME(K.schema), 'schema') },
      { ALT: () => (this.CONSUME(K.database), 'database') },
      { ALT: () => (this.CONSUME(K.function), 'function') },
      { ALT: () => (this.CONSUME(K.aggregate), 'aggregate') },
      { ALT: () => (this.CONSUME(K.procedure), 'procedure') },
      { ALT: () => (this.CONSUME(K.connection), 'connection') },
      { ALT: () => (this.CONSUME(K.secret), 'secret') },
      { ALT: () => (this.CONSUME(K.role), 'role') },
      { ALT: () => (this.CONSUME(K.user), 'role') },
      { ALT: () => (this.CONSUME(K.group), 'role') },
      { ALT: () => (this.CONSUME(K.sequence), 'sequence') },
      { ALT: () => (this.CONSUME(K.type), 'type') },
      { ALT: () => (this.CONSUME(K.domain), 'domain') },
      { ALT: () => (this.CONSUME(K.subscription), 'subscription') },
      { ALT: () => (this.CONSUME(K.column), 'column') },
      { ALT: () => (this.CONSUME(K.extension), 'extension') },
    ]),
  );

  /** DROP object [IF EXISTS] a, b [CASCADE] */
  protected readonly drop: Rule<Drop | Unsupported> = this.rule('drop', () => {
    const first = this.CONSUME(K.drop);
    return this.OR<Drop | Unsupported>([
      {
        ALT: () => {
          const object = this.SUBRULE(this.objectType);
          this.OPTION(() => this.CONSUME(K.concurrently));
          const ifExists = this.SUBRULE(this.ifExists);
          const names: QualifiedName[] = [];
          const signatures: (readonly TypeName[] | null)[] = [];
          this.AT_LEAST_ONE_SEP({
            SEP: T.Comma,
            DEF: () => {
              names.push(this.SUBRULE(this.functionName));
              const types = this.OPTION2(() => this.SUBRULE(this.signature));
              if (object === 'function' || types !== undefined) signatures.push(types ?? null);
            },
          });
          const cascade = this.SUBRULE(this.dropBehavior);
          const span = this.spanFrom(first);
          return { kind: 'drop', object, ifExists, names, signatures, cascade, span };
        },
      },
      { ALT: () => this.SUBRULE(this.unknownObject, { ARGS: [first] }) },
    ]);
  });

  /** (int, text) */
  protected readonly signature: Rule<readonly TypeName[]> = this.rule('signature', () => {
    const types: TypeName[] = [];
    this.CONSUME(T.LParen);
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        types.push(this.SUBRULE(this.functionParameter).type);
      },
    });
    this.CONSUME(T.RParen);
    return types;
  });

  /** CASCADE is true, RESTRICT or nothing false. */
  protected readonly dropBehavior: Rule<boolean> = this.rule(
    'dropBehavior',
    () =>
      this.OPTION(() =>
        this.OR([
          { ALT: () => (this.CONSUME(K.cascade), true) },
          { ALT: () => (this.CONSUME(K.restrict), false) },
        ]),
      ) ?? false,
  );

  /** COMMENT ON object name IS 'text' */
  protected readonly comment: Rule<CommentOn> = this.rule('comment', () => {
    const first = this.CONSUME(K.comment);
    this.CONSUME(K.on);
    const object = this.SUBRULE(this.objectType);
    const name = this.SUBRULE(this.functionName);
    this.CONSUME(K.is);
    const text = this.OR([
      { ALT: () => this.SUBRULE(this.stringValue) },
      { ALT: () => (this.CONSUME(K.null), null) },
    ]);
    return { kind: 'comment', object, name, text, span: this.spanFrom(first) };
  });
}
