/**
 * A level of the grammar below ALTER: what ALTER TYPE and ALTER DOMAIN do to types.
 *
 * Actions they share with other objects (RENAME TO, OWNER TO, SET SCHEMA, ADD and DROP CONSTRAINT)
 * are those of grammar-alter.ts.
 */
import type { AlterAttribute, AlterDomain, AlterEnum, ObjectType } from './ast-definitions.ts';
import type { Rule } from './grammar-names.ts';
import { RoleGrammar } from './grammar-roles.ts';
import { K } from './tokens.ts';

/** Actions of ALTER TYPE and ALTER DOMAIN. */
export abstract class TypeGrammar extends RoleGrammar {
  /** True when an action that only types have comes next. */
  protected typeActionAhead(object: ObjectType): boolean {
    if (object === 'domain') {
      return this.ahead(1, K.validate)
        || (this.ahead(1, K.set) && (this.ahead(2, K.default) || this.ahead(2, K.not)))
        || (this.ahead(1, K.drop) && (this.ahead(2, K.default) || this.ahead(2, K.not)));
    }
    return object === 'type' && (this.ahead(2, K.value) || this.ahead(2, K.attribute));
  }

  protected readonly typeAction: Rule<
    AlterEnum | AlterAttribute | AlterDomain, [object: ObjectType]
  > = this.rule('typeAction', (object) => this.OR<AlterEnum | AlterAttribute | AlterDomain>([
    { GATE: () => object === 'domain', ALT: () => this.SUBRULE(this.domainAction) },
    { GATE: () => this.ahead(2, K.value), ALT: () => this.SUBRULE(this.enumAction) },
    { ALT: () => this.SUBRULE(this.attributeAction) },
  ]));

  /** ADD VALUE [IF NOT EXISTS] 'a' [BEFORE | AFTER 'b'], RENAME VALUE 'a' TO 'b' */
  protected readonly enumAction: Rule<AlterEnum> = this.rule('enumAction', () => {
    const first = this.LA(1);
    const base = { kind: 'alterEnum', to: null, place: null, neighbour: null } as const;
    return this.OR<AlterEnum>([
      {
        ALT: () => {
          this.CONSUME(K.add);
          this.CONSUME(K.value);
          const ifNotExists = this.SUBRULE(this.ifNotExists);
          const label = this.SUBRULE(this.stringValue);
          const where = this.OPTION(() => {
            const place = this.OR2([
              { ALT: () => (this.CONSUME(K.before), 'before' as const) },
              { ALT: () => (this.CONSUME(K.after), 'after' as const) },
            ]);
            return { place, neighbour: this.SUBRULE2(this.stringValue) };
          });
          return { ...base, ifNotExists, label, ...where, span: this.spanFrom(first) };
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.rename);
          this.CONSUME2(K.value);
          const label = this.SUBRULE3(this.stringValue);
          this.CONSUME(K.to);
          const to = this.SUBRULE4(this.stringValue);
          return { ...base, ifNotExists: false, label, to, span: this.spanFrom(first) };
        },
      },
    ]);
  });

  /** ADD, DROP, ALTER or RENAME ATTRIBUTE */
  protected readonly attributeAction: Rule<AlterAttribute> = this.rule('attributeAction', () => {
    const first = this.LA(1);
    const change = this.OR([
      { ALT: () => (this.CONSUME(K.add), 'add' as const) },
      { ALT: () => (this.CONSUME(K.drop), 'drop' as const) },
      { ALT: () => (this.CONSUME(K.alter), 'type' as const) },
      { ALT: () => (this.CONSUME(K.rename), 'rename' as const) },
    ]);
    this.CONSUME(K.attribute);
    const ifExists = this.OPTION({
      GATE: () => this.ahead(2, K.exists), DEF: () => this.SUBRULE(this.ifExists),
    }) ?? false;
    const name = this.SUBRULE(this.identifier);
    const type = this.OPTION2({
      GATE: () => change === 'add' || change === 'type',
      DEF: () => {
        this.OPTION3(() => {
          this.OPTION4(() => {
            this.CONSUME(K.set);
            this.CONSUME(K.data);
          });
          this.CONSUME(K.type);
        });
        return this.SUBRULE(this.typeName);
      },
    }) ?? null;
    const to = this.OPTION5({
      GATE: () => change === 'rename',
      DEF: () => {
        this.CONSUME(K.to);
        return this.SUBRULE2(this.identifier);
      },
    }) ?? null;
    this.SUBRULE(this.dropBehavior);
    const span = this.spanFrom(first);
    return { kind: 'alterAttribute', change, name, type, to, ifExists, span };
  });

  /** SET DEFAULT e, DROP DEFAULT, SET NOT NULL, DROP NOT NULL, VALIDATE CONSTRAINT c */
  protected readonly domainAction: Rule<AlterDomain> = this.rule('domainAction', () => {
    const first = this.LA(1);
    const base = { kind: 'alterDomain', value: null, name: null } as const;
    const made = this.OR<Omit<AlterDomain, 'span'>>([
      {
        ALT: () => {
          this.CONSUME(K.set);
          return this.OR2<Omit<AlterDomain, 'span'>>([
            {
              ALT: () => {
                this.CONSUME(K.default);
                const value = this.SUBRULE(this.expression);
                return { ...base, change: 'setDefault', value };
              },
            },
            {
              ALT: () => {
                this.CONSUME(K.not);
                this.CONSUME(K.null);
                return { ...base, change: 'setNotNull' };
              },
            },
          ]);
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.drop);
          return this.OR3<Omit<AlterDomain, 'span'>>([
            { ALT: () => (this.CONSUME2(K.default), { ...base, change: 'dropDefault' }) },
            {
              ALT: () => {
                this.CONSUME2(K.not);
                this.CONSUME2(K.null);
                return { ...base, change: 'dropNotNull' };
              },
            },
          ]);
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.validate);
          this.CONSUME(K.constraint);
          const name = this.SUBRULE(this.identifier);
          return { ...base, change: 'validate', name };
        },
      },
    ]);
    return { ...made, span: this.spanFrom(first) };
  });
}
