/**
 * The ninth level of the grammar: ALTER and its actions.
 *
 * Actions we do not have keep their text (AlterOther) and are refused by the planner with 0A000.
 */
import type {
  Alter,
  AlterAction,
  AlterColumn,
  ObjectType,
  TableConstraint,
} from './ast-definitions.ts';
import type { Unsupported } from './ast-statements.ts';
import type { Expr, Option, TypeName } from './ast.ts';
import type { Rule } from './grammar-names.ts';
import { SequenceGrammar } from './grammar-sequences.ts';
import * as T from './tokens.ts';

const K = T.K;

/** ALTER. */
export abstract class AlterGrammar extends SequenceGrammar {
  /** ALTER object [IF EXISTS] [ONLY] name action, ... */
  protected readonly alter: Rule<Alter | Unsupported> = this.rule('alter', () => {
    const first = this.CONSUME(K.alter);
    return this.OR<Alter | Unsupported>([
      {
        ALT: () => {
          const object = this.SUBRULE(this.objectType);
          const ifExists = this.SUBRULE(this.ifExists);
          this.OPTION(() => this.CONSUME(K.only));
          const name = this.SUBRULE(this.functionName);
          this.OPTION2(() => this.SUBRULE(this.signature));
          const actions: AlterAction[] = [];
          this.AT_LEAST_ONE_SEP({
            SEP: T.Comma,
            DEF: () => {
              actions.push(this.SUBRULE(this.alterAction, { ARGS: [object] }));
            },
          });
          return { kind: 'alter', object, ifExists, name, actions, span: this.spanFrom(first) };
        },
      },
      { ALT: () => this.SUBRULE(this.unknownObject, { ARGS: [first] }) },
    ]);
  });

  protected readonly alterAction: Rule<AlterAction, [object: ObjectType]> = this.rule(
    'alterAction',
    (object) =>
      this.OR<AlterAction>([
        {
          GATE: () => this.typeActionAhead(object),
          ALT: () => this.SUBRULE(this.typeAction, { ARGS: [object] }),
        },
        {
          GATE: () => object === 'sequence' && !this.ahead(1, K.rename) && !this.ahead(1, K.owner)
            && !this.ahead(1, K.set),
          ALT: () => this.SUBRULE(this.sequenceAction),
        },
        { ALT: () => this.SUBRULE(this.renameAction) },
        { ALT: () => this.SUBRULE(this.setAction) },
        { ALT: () => this.SUBRULE(this.ownerAction) },
        { ALT: () => this.SUBRULE(this.addAction) },
        { ALT: () => this.SUBRULE(this.dropAction) },
        { ALT: () => this.SUBRULE(this.columnAction) },
        { ALT: () => this.SUBRULE(this.resetAction) },
        { ALT: () => this.SUBRULE(this.smallAction) },
        { ALT: () => this.SUBRULE(this.otherAction, { ARGS: [object] }) },
      ]),
  );

  /** RENAME TO x, RENAME [COLUMN | CONSTRAINT] a TO b */
  protected readonly renameAction: Rule<AlterAction> = this.rule('renameAction', () => {
    const first = this.CONSUME(K.rename);
    return this.OR<AlterAction>([
      {
        ALT: () => {
          this.CONSUME(K.to);
          const to = this.SUBRULE(this.identifier);
          return { kind: 'rename', to, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          let constraint = false;
          this.OPTION({
            GATE: () => !this.ahead(2, K.to),
            DEF: () =>
              this.OR2([
                { ALT: () => this.CONSUME(K.column) },
                { ALT: () => (this.CONSUME(K.constraint), (constraint = true)) },
              ]),
          });
          const from = this.SUBRULE2(this.identifier);
          this.CONSUME2(K.to);
          const to = this.SUBRULE3(this.identifier);
          return { kind: 'renameColumn', constraint, from, to, span: this.spanFrom(first) };
        },
      },
    ]);
  });

  /** SET SCHEMA x, SET (options), SET name = value */
  protected readonly setAction: Rule<AlterAction> = this.rule('setAction', () => {
    const first = this.CONSUME(K.set);
    return this.OR<AlterAction>([
      {
        GATE: () => this.ahead(1, K.schema) && !this.ahead(2, T.Equals),
        ALT: () => {
          this.CONSUME(K.schema);
          const schema = this.SUBRULE(this.identifier);
          return { kind: 'setSchema', schema, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          const options = this.SUBRULE(this.optionList);
          return { kind: 'setOptions', options, span: this.spanFrom(first) };
        },
      },
      {
        GATE: () => this.ahead(2, T.Equals) || this.ahead(2, K.to) || this.ahead(2, T.Dot),
        ALT: () => {
          const option = this.SUBRULE(this.setting);
          return { kind: 'setOptions', options: [option], span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          const { text, span } = this.takeRest(first, 'ALTER');
          return { kind: 'otherAction', text, span };
        },
      },
    ]);
  });

  /** name = value, name TO value */
  protected readonly setting: Rule<Option> = this.rule('setting', () => {
    const first = this.LA(1);
    let name = this.SUBRULE(this.label).name;
    this.MANY(() => {
      this.CONSUME(T.Dot);
      name += `.${this.SUBRULE2(this.label).name}`;
    });
    this.OR([{ ALT: () => this.CONSUME(T.Equals) }, { ALT: () => this.CONSUME(K.to) }]);
    const value = this.SUBRULE(this.optionValue);
    return { kind: 'option', name, value, span: this.spanFrom(first) };
  });

  protected readonly ownerAction: Rule<AlterAction> = this.rule('ownerAction', () => {
    const first = this.CONSUME(K.owner);
    this.CONSUME(K.to);
    const role = this.OR([
      { ALT: () => this.SUBRULE(this.identifier) },
      { ALT: () => this.makeIdentifier(this.CONSUME(K.current_user)) },
      { ALT: () => this.makeIdentifier(this.CONSUME(K.session_user)) },
    ]);
    return { kind: 'owner', role, span: this.spanFrom(first) };
  });

  /** ADD WATERMARK FOR ..., ADD constraint, ADD [COLUMN] [IF NOT EXISTS] definition */
  protected readonly addAction: Rule<AlterAction> = this.rule('addAction', () => {
    const first = this.CONSUME(K.add);
    return this.OR<AlterAction>([
      {
        GATE: () => this.ahead(2, K.for),
        ALT: () => {
          const watermark = this.SUBRULE(this.watermark);
          return { kind: 'addWatermark', watermark, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          const constraint: TableConstraint = this.SUBRULE(this.tableConstraint);
          return { kind: 'addConstraint', constraint, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          this.OPTION(() => this.CONSUME(K.column));
          const ifNotExists = this.OPTION2({
            GATE: () => this.ahead(2, K.not),
            DEF: () => this.SUBRULE(this.ifNotExists),
          });
          const column = this.SUBRULE(this.typedColumn);
          const span = this.spanFrom(first);
          return { kind: 'addColumn', ifNotExists: ifNotExists ?? false, column, span };
        },
      },
    ]);
  });

  /** DROP CONSTRAINT c, DROP [COLUMN] [IF EXISTS] c [CASCADE] */
  protected readonly dropAction: Rule<AlterAction> = this.rule('dropAction', () => {
    const first = this.CONSUME(K.drop);
    let kind: 'dropConstraint' | 'dropColumn' = 'dropColumn';
    this.OPTION(() =>
      this.OR([
        { ALT: () => this.CONSUME(K.column) },
        { ALT: () => (this.CONSUME(K.constraint), (kind = 'dropConstraint')) },
      ]),
    );
    const ifExists = this.OPTION2({
      GATE: () => this.ahead(2, K.exists),
      DEF: () => this.SUBRULE(this.ifExists),
    });
    const name = this.SUBRULE(this.identifier);
    const cascade = this.SUBRULE(this.dropBehavior);
    return { kind, ifExists: ifExists ?? false, name, cascade, span: this.spanFrom(first) };
  });

  /** STORAGE word, STATISTICS n */
  protected readonly columnLayout: Rule<Pick<AlterColumn, 'change' | 'value'>> = this.rule(
    'columnLayout',
    () =>
      this.OR<Pick<AlterColumn, 'change' | 'value'>>([
        {
          ALT: () => {
            this.CONSUME(K.storage);
            const word = this.SUBRULE(this.label);
            const { name: value, span } = word;
            return { change: 'setStorage', value: { kind: 'stringLiteral', value, span } };
          },
        },
        {
          ALT: () => {
            const first = this.CONSUME(K.statistics);
            const text = this.SUBRULE(this.signedInteger);
            const span = this.spanFrom(first);
            return { change: 'setStatistics', value: { kind: 'integerLiteral', text, span } };
          },
        },
      ]),
  );

  /** DROP DEFAULT, DROP NOT NULL, DROP EXPRESSION [IF EXISTS] */
  protected readonly columnDrop: Rule<AlterColumn['change']> = this.rule('columnDrop', () => {
    this.CONSUME(K.drop);
    return this.OR<AlterColumn['change']>([
      { ALT: () => (this.CONSUME(K.default), 'dropDefault') },
      { ALT: () => (this.CONSUME(K.not), this.CONSUME(K.null), 'dropNotNull') },
      {
        ALT: () => {
          this.CONSUME(K.expression);
          this.SUBRULE(this.ifExists);
          return 'dropExpression';
        },
      },
    ]);
  });

  /** ALTER [COLUMN] c change */
  protected readonly columnAction: Rule<AlterAction> = this.rule('columnAction', () => {
    const first = this.CONSUME(K.alter);
    this.OPTION(() => this.CONSUME(K.column));
    const name = this.SUBRULE(this.identifier);
    let change: AlterColumn['change'] = 'setDefault';
    let value: Expr | null = null;
    let type: TypeName | null = null;
    let other = false;
    let identity: AlterAction | null = null;
    this.OR([
      {
        GATE: () => this.identityAhead(),
        ALT: () => (identity = this.SUBRULE(this.identityAction, { ARGS: [name] })),
      },
      {
        GATE: () => this.ahead(2, K.default),
        ALT: () => {
          this.CONSUME(K.set);
          this.CONSUME(K.default);
          value = this.SUBRULE(this.expression);
        },
      },
      {
        GATE: () => this.ahead(2, K.not),
        ALT: () => {
          this.CONSUME2(K.set);
          this.CONSUME(K.not);
          this.CONSUME(K.null);
          change = 'setNotNull';
        },
      },
      {
        ALT: () => {
          change = this.SUBRULE(this.columnDrop);
        },
      },
      {
        GATE: () => !this.ahead(1, K.set) || this.ahead(2, K.data),
        ALT: () => {
          this.OPTION2(() => {
            this.CONSUME3(K.set);
            this.CONSUME(K.data);
          });
          this.CONSUME(K.type);
          change = 'setType';
          type = this.SUBRULE(this.typeName);
          this.OPTION3(() => {
            this.CONSUME(K.using);
            value = this.SUBRULE2(this.expression);
          });
        },
      },
      {
        GATE: () => this.ahead(2, K.storage) || this.ahead(2, K.statistics),
        ALT: () => {
          this.CONSUME5(K.set);
          ({ change, value } = this.SUBRULE(this.columnLayout));
        },
      },
      { ALT: () => (this.CONSUME4(K.set), (other = true)) },
    ]);
    if (identity !== null) return identity;
    if (other) {
      const { text, span } = this.takeRest(first, 'ALTER');
      return { kind: 'otherAction', text, span };
    }
    return { kind: 'alterColumn', name, change, value, type, span: this.spanFrom(first) };
  });

  /** RESET (a, b) */
  protected readonly resetAction: Rule<AlterAction> = this.rule('resetAction', () => {
    const first = this.CONSUME(K.reset);
    const options = this.SUBRULE(this.optionList);
    const names = this.ACTION(() => options.map((option) => option.name));
    return { kind: 'resetOptions', names, span: this.spanFrom(first) };
  });

  /** SWAP WITH x, AS query, REPLAY DEAD LETTERS, PAUSE, RESUME */
  protected readonly smallAction: Rule<AlterAction> = this.rule('smallAction', () => {
    const first = this.LA(1);
    return this.OR<AlterAction>([
      {
        ALT: () => {
          this.CONSUME(K.swap);
          this.CONSUME(K.with);
          const other = this.SUBRULE(this.qualifiedName);
          return { kind: 'swap', with: other, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.as);
          const query = this.SUBRULE(this.query);
          return { kind: 'setQuery', query, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.replay);
          this.CONSUME(K.dead);
          this.CONSUME(K.letters);
          return { kind: 'replayDeadLetters', span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          const resume = this.OR2([
            { ALT: () => (this.CONSUME(K.pause), false) },
            { ALT: () => (this.CONSUME(K.resume), true) },
          ]);
          const afterGap = this.OPTION(() => {
            this.CONSUME(K.after);
            return this.CONSUME(T.Ident);
          });
          return { kind: 'pause', resume, afterGap: afterGap !== undefined,
            span: this.spanFrom(first) };
        },
      },
    ]);
  });

  /** Whatever else PostgreSQL has: ATTACH PARTITION, ENABLE TRIGGER, ... */
  protected readonly otherAction: Rule<AlterAction, [object: ObjectType]> = this.rule(
    'otherAction', (object) => {
    const first = this.LA(1);
    const types = [
      K.attach, K.detach, K.enable, K.disable, K.cluster, K.inherit, K.no, K.of, K.not, K.validate,
      K.replica, K.force, K.depends, K.with, K.connection, K.refresh, K.increment, K.start,
      K.restart, K.owned, K.cache, K.minvalue, K.maxvalue, K.password, K.encrypted, K.valid,
      K.immutable, K.stable, K.volatile, K.strict, K.update, K.format, K.parallel, K.security,
      T.Ident,
    ];
    this.OR(types.map((type, at) => ({ ALT: () => this.consume(at, type) })));
    const role = object === 'role';
    let options: readonly Option[] = [];
    this.OPTION({
      GATE: () => role && first.tokenType !== K.with,
      DEF: () => {
        const value = this.OPTION2(() => this.SUBRULE(this.literal)) ?? null;
        const name = this.payload(first);
        options = [{ kind: 'option', name, value, span: this.spanFrom(first) }];
      },
    });
    this.OPTION3({
      GATE: () => role,
      DEF: () => {
        const rest = this.SUBRULE(this.wordOptions);
        options = this.ACTION(() => [...options, ...rest]);
      },
    });
    if (role) return { kind: 'setOptions', options, span: this.spanFrom(first) };
    const { text, span } = this.takeRest(first, 'ALTER');
    return { kind: 'otherAction', text, span };
  });
}
