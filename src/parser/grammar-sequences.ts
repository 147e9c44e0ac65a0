/**
 * A level of the grammar below ALTER: what it does to sequences and to identity columns.
 */
import type { AlterIdentity, AlterSequence, SequenceOption } from './ast-definitions.ts';
import type { Identifier } from './ast-leaves.ts';
import type { Rule } from './grammar-names.ts';
import { TypeGrammar } from './grammar-types.ts';
import { K } from './tokens.ts';

/** ALTER SEQUENCE, and ALTER COLUMN of identity columns. */
export abstract class SequenceGrammar extends TypeGrammar {
  /** [AS type] options */
  protected readonly sequenceAction: Rule<AlterSequence> = this.rule('sequenceAction', () => {
    const first = this.LA(1);
    const type = this.OPTION(() => {
      this.CONSUME(K.as);
      return this.SUBRULE(this.typeName);
    }) ?? null;
    const options = this.SUBRULE(this.sequenceOptions);
    return { kind: 'alterSequence', type, options, span: this.spanFrom(first) };
  });

  /** True when what comes next is about an identity, behind ALTER COLUMN c. */
  protected identityAhead(): boolean {
    if (this.ahead(1, K.restart)) return true;
    if (this.ahead(1, K.add)) return this.ahead(2, K.generated);
    if (this.ahead(1, K.drop)) return this.ahead(2, K.identity);
    const options = [K.generated, K.start, K.increment, K.minvalue, K.maxvalue, K.cache, K.cycle,
      K.no, K.restart];
    return this.ahead(1, K.set) && options.some((type) => this.ahead(2, type));
  }

  /** ADD GENERATED ... AS IDENTITY, SET GENERATED ..., SET option, RESTART, DROP IDENTITY */
  protected readonly identityAction: Rule<AlterIdentity, [name: Identifier]> = this.rule(
    'identityAction',
    (name) => {
      const first = this.LA(1);
      const base = {
        kind: 'alterIdentity', name, always: null, options: [], ifExists: false,
      } as const;
      const made = this.OR<Omit<AlterIdentity, 'span'>>([
        {
          ALT: () => {
            this.CONSUME(K.add);
            const constraint = this.SUBRULE(this.generated, { ARGS: [null] });
            if (constraint.kind !== 'identityConstraint') {
              return this.ACTION(() => this.unexpected());
            }
            const { always, options } = constraint;
            return { ...base, change: 'add', always, options };
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.drop);
            this.CONSUME(K.identity);
            const ifExists = this.SUBRULE(this.ifExists);
            return { ...base, change: 'drop', ifExists };
          },
        },
        { ALT: () => ({ ...base, change: 'set', ...this.SUBRULE(this.identityChanges) }) },
      ]);
      return { ...made, span: this.spanFrom(first) };
    },
  );

  protected readonly identityChanges: Rule<Pick<AlterIdentity, 'always' | 'options'>> = this.rule(
    'identityChanges',
    () => {
      let always: boolean | null = null;
      const options: SequenceOption[] = [];
      this.AT_LEAST_ONE(() => {
        this.OR([
          {
            ALT: () => {
              options.push(this.SUBRULE(this.restartOption));
            },
          },
          {
            GATE: () => this.ahead(2, K.generated),
            ALT: () => {
              this.CONSUME(K.set);
              this.CONSUME(K.generated);
              always = this.OR2([
                { ALT: () => (this.CONSUME(K.always), true) },
                { ALT: () => (this.CONSUME(K.by), this.CONSUME(K.default), false) },
              ]);
            },
          },
          {
            ALT: () => {
              this.CONSUME2(K.set);
              options.push(this.SUBRULE(this.sequenceOption));
            },
          },
        ]);
      });
      return { always, options };
    },
  );

  /** RESTART [[WITH] n] */
  protected readonly restartOption: Rule<SequenceOption> = this.rule('restartOption', () => {
    const first = this.CONSUME(K.restart);
    const value = this.OPTION(() => {
      this.OPTION2(() => this.CONSUME(K.with));
      return this.SUBRULE(this.signedInteger);
    }) ?? null;
    const span = this.spanFrom(first);
    return { kind: 'sequenceOption', name: 'restart', value, no: false, ownedBy: null, span };
  });
}
