/**
 * The level of the grammar behind definitions: GRANT and REVOKE.
 */
import type { PrivilegeTarget, Privileges } from './ast-definitions.ts';
import type { Identifier, QualifiedName } from './ast-leaves.ts';
import type { TypeName } from './ast.ts';
import { DefinitionGrammar } from './grammar-definitions.ts';
import type { Rule } from './grammar-names.ts';
import * as T from './tokens.ts';

const K = T.K;

/** GRANT, REVOKE. */
export abstract class RoleGrammar extends DefinitionGrammar {
  /** GRANT what [ON objects] TO roles [WITH GRANT OPTION], REVOKE ... FROM roles */
  protected readonly privileges: Rule<Privileges> = this.rule('privileges', () => {
    const first = this.LA(1);
    const action = this.OR([
      { ALT: () => (this.CONSUME(K.grant), 'grant' as const) },
      { ALT: () => (this.CONSUME(K.revoke), 'revoke' as const) },
    ]);
    const optionFor = this.OPTION({
      GATE: () => this.ahead(2, K.option),
      DEF: () => (this.SUBRULE(this.label), this.CONSUME(K.option), this.CONSUME(K.for), true),
    });
    const from = this.LA(1);
    const names: string[] = [];
    const columns: (readonly Identifier[] | null)[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        names.push(this.SUBRULE(this.privilegeName));
        columns.push(this.OPTION2(() => this.SUBRULE(this.identifierList)) ?? null);
      },
    });
    const target = this.OPTION3(() => this.SUBRULE(this.privilegeTarget)) ?? null;
    const text = this.ACTION(() => this.raw(this.spanFrom(from)));
    this.OR2([{ ALT: () => this.CONSUME(K.to) }, { ALT: () => this.CONSUME(K.from) }]);
    const roles: Identifier[] = [];
    this.AT_LEAST_ONE_SEP2({
      SEP: T.Comma,
      DEF: () => {
        this.OPTION4({
          GATE: () => this.#isName(2),
          DEF: () => this.CONSUME(K.group),
        });
        roles.push(this.SUBRULE2(this.label));
      },
    });
    const withOption = this.OPTION5(() => {
      this.CONSUME(K.with);
      this.SUBRULE3(this.label);
      this.CONSUME2(K.option);
      return true;
    });
    this.OPTION6(() => {
      this.CONSUME(K.granted);
      this.CONSUME(K.by);
      this.SUBRULE4(this.label);
    });
    this.SUBRULE(this.dropBehavior);
    const option = optionFor === true || withOption === true;
    const span = this.spanFrom(first);
    return { kind: 'privileges', action, text, names, columns, target, roles, option, span };
  });

  #isName(at: number): boolean {
    const type = this.LA(at).tokenType;
    return type !== T.Comma && this.matches(this.LA(at), T.Label) && type !== K.with
      && type !== K.granted && type !== K.cascade && type !== K.restrict;
  }

  /** SELECT, ALL PRIVILEGES; for a role its name, as written. */
  protected readonly privilegeName: Rule<string> = this.rule('privilegeName', () => {
    const words: string[] = [];
    this.AT_LEAST_ONE({
      GATE: () => {
        const type = this.LA(1).tokenType;
        return type !== K.on && type !== K.to && type !== K.from;
      },
      DEF: () => {
        words.push(this.SUBRULE(this.label).name);
      },
    });
    return words.join(' ');
  });

  /** ON [TABLE] a, b; ON SCHEMA s; ON ALL TABLES IN SCHEMA s; ON FUNCTION f(int) */
  protected readonly privilegeTarget: Rule<PrivilegeTarget> = this.rule('privilegeTarget', () => {
    const first = this.CONSUME(K.on);
    const all = this.OPTION({
      GATE: () => this.ahead(1, K.all) && this.ahead(3, K.in),
      DEF: () => {
        this.CONSUME(K.all);
        const what = this.SUBRULE(this.label).name;
        this.CONSUME(K.in);
        this.CONSUME(K.schema);
        return what;
      },
    });
    const words: string[] = [];
    this.MANY({
      GATE: () => all === undefined && this.#isName(2) && this.matches(this.LA(1), T.Label)
        && !this.ahead(2, K.to) && !this.ahead(2, K.from),
      DEF: () => {
        words.push(this.SUBRULE2(this.label).name);
      },
    });
    const names: QualifiedName[] = [];
    const signatures: (readonly TypeName[] | null)[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        names.push(this.SUBRULE(this.qualifiedName));
        signatures.push(this.OPTION2(() => this.SUBRULE(this.signature)) ?? null);
      },
    });
    const object = all === undefined ? words.join(' ') : `all ${all}`;
    return { kind: 'privilegeTarget', object, names, signatures, span: this.spanFrom(first) };
  });
}
