/**
 * A level of the grammar above data changes: MERGE.
 */
import type { Merge, MergeAction, MergeClause } from './ast-statements.ts';
import type { Expr } from './ast.ts';
import { ChangeGrammar } from './grammar-changes.ts';
import type { Rule } from './grammar-names.ts';
import { K, LParen, RParen, Semicolon } from './tokens.ts';

/** MERGE. */
export abstract class MergeGrammar extends ChangeGrammar {
  /** True before MERGE, perhaps behind WITH. */
  protected mergeAhead(): boolean {
    if (this.ahead(1, K.merge)) return !this.ahead(2, Semicolon);
    if (!this.ahead(1, K.with)) return false;
    let depth = 0;
    for (let at = 2; this.LA(at).tokenType.name !== 'EOF'; at++) {
      const type = this.LA(at).tokenType;
      if (type === LParen) depth++;
      else if (type === RParen) depth--;
      if (depth > 0 || type === LParen) continue;
      if (type === K.merge) return this.LA(at - 1).tokenType === RParen;
      if (type === K.select || type === K.insert || type === Semicolon) return false;
    }
    return false;
  }

  /** [WITH ...] MERGE INTO t [AS a] USING source ON condition WHEN ... THEN ... */
  protected readonly merge: Rule<Merge> = this.rule('merge', () => {
    const start = this.LA(1);
    const clause = this.OPTION(() => this.SUBRULE(this.withClause)) ?? null;
    this.CONSUME(K.merge);
    this.CONSUME(K.into);
    const table = this.SUBRULE(this.targetTable);
    this.CONSUME(K.using);
    const source = this.SUBRULE(this.fromItem);
    this.CONSUME(K.on);
    const on = this.SUBRULE(this.expression);
    const clauses: MergeClause[] = [];
    this.AT_LEAST_ONE(() => {
      clauses.push(this.SUBRULE(this.mergeClause));
    });
    const span = this.spanFrom(start);
    return { kind: 'merge', with: clause, table, source, on, clauses, span };
  });

  /** WHEN [NOT] MATCHED [AND condition] THEN action */
  protected readonly mergeClause: Rule<MergeClause> = this.rule('mergeClause', () => {
    const first = this.CONSUME(K.when);
    const matched = this.OPTION(() => this.CONSUME(K.not)) === undefined;
    this.CONSUME(K.matched);
    const condition = this.OPTION2(() => {
      this.CONSUME(K.and);
      return this.SUBRULE(this.expression);
    }) ?? null;
    this.CONSUME(K.then);
    const action = this.OR<MergeAction>([
      { GATE: () => matched, ALT: () => this.SUBRULE(this.mergeChange) },
      { GATE: () => !matched, ALT: () => this.SUBRULE(this.mergeInsert) },
      {
        ALT: () => {
          this.CONSUME(K.do);
          this.CONSUME(K.nothing);
          return { kind: 'nothing' };
        },
      },
    ]);
    return { kind: 'mergeWhen', matched, condition, action, span: this.spanFrom(first) };
  });

  protected readonly mergeChange: Rule<MergeAction> = this.rule('mergeChange', () =>
    this.OR<MergeAction>([
      { ALT: () => (this.CONSUME(K.delete), { kind: 'delete' }) },
      {
        ALT: () => {
          this.CONSUME(K.update);
          return { kind: 'update', set: this.SUBRULE(this.assignments) };
        },
      },
    ]));

  /** INSERT [(columns)] [OVERRIDING ... VALUE] VALUES (...) | DEFAULT VALUES */
  protected readonly mergeInsert: Rule<MergeAction> = this.rule('mergeInsert', () => {
    this.CONSUME(K.insert);
    const columns = this.OPTION(() => this.SUBRULE(this.insertColumns)) ?? [];
    const overriding = this.OPTION2(() => {
      this.CONSUME(K.overriding);
      const which = this.OR([
        { ALT: () => (this.CONSUME(K.system), 'system' as const) },
        { ALT: () => (this.CONSUME(K.user), 'user' as const) },
      ]);
      this.CONSUME(K.value);
      return which;
    }) ?? null;
    const values = this.OR2<readonly Expr[] | null>([
      { ALT: () => (this.CONSUME(K.default), this.CONSUME(K.values), null) },
      {
        ALT: () => {
          this.CONSUME2(K.values);
          this.CONSUME(LParen);
          const list = this.SUBRULE(this.expressions);
          this.CONSUME(RParen);
          return list;
        },
      },
    ]);
    return { kind: 'insert', columns, overriding, values };
  });
}
