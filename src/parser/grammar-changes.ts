/**
 * The sixth level of the grammar: INSERT, UPDATE, DELETE and their conflict and RETURNING clauses.
 */
import type { IToken } from 'chevrotain';
import type { Identifier } from './ast-leaves.ts';
import type {
  Assignment,
  DataChange,
  Expr,
  Insert,
  InsertColumn,
  OnConflict,
  Query,
  SelectItem,
  TableRef,
  WithClause,
} from './ast.ts';
import type { Rule } from './grammar-names.ts';
import { QueryGrammar } from './grammar-queries.ts';
import * as T from './tokens.ts';

const K = T.K;

type InsertSource = Pick<Insert, 'columns' | 'overriding' | 'source'>;

/** Data changes. */
export abstract class ChangeGrammar extends QueryGrammar {
  protected readonly dataChange: Rule<DataChange, [withClause: WithClause | null]> = this.rule(
    'dataChange',
    (clause) =>
      this.OR<DataChange>([
        { ALT: () => this.SUBRULE(this.insert, { ARGS: [clause] }) },
        { ALT: () => this.SUBRULE(this.update, { ARGS: [clause] }) },
        { ALT: () => this.SUBRULE(this.delete, { ARGS: [clause] }) },
      ]),
  );

  #spanWith(clause: WithClause | null, first: IToken): DataChange['span'] {
    return clause === null ? this.spanFrom(first) : this.spanOver(clause);
  }

  /** INSERT INTO t [AS a] [(columns)] [OVERRIDING ...] source [ON CONFLICT ...] [RETURNING ...] */
  protected readonly insert: Rule<DataChange, [clause: WithClause | null]> = this.rule(
    'insert',
    (clause) => {
      const first = this.CONSUME(K.insert);
      this.CONSUME(K.into);
      const table = this.SUBRULE(this.qualifiedName);
      const alias =
        this.OPTION(() => {
          this.CONSUME(K.as);
          return this.SUBRULE(this.identifier);
        }) ?? null;
      const source = this.SUBRULE(this.insertSource);
      const onConflict = this.OPTION2(() => this.SUBRULE(this.onConflict)) ?? null;
      const returning = this.OPTION3(() => this.SUBRULE(this.returning)) ?? [];
      const span = this.#spanWith(clause, first);
      return {
        kind: 'insert',
        with: clause,
        table,
        alias,
        ...source,
        onConflict,
        returning,
        span,
      };
    },
  );

  /** [(columns)] [OVERRIDING USER VALUE] DEFAULT VALUES | query */
  protected readonly insertSource: Rule<InsertSource> = this.rule('insertSource', () => {
    const isQuery = this.ahead(1, T.LParen) && this.isSubquery();
    const columns =
      this.OPTION({
        GATE: () => !isQuery,
        DEF: () => this.SUBRULE(this.insertColumns),
      }) ?? [];
    const overriding =
      this.OPTION2(() => {
        this.CONSUME(K.overriding);
        const which = this.OR([
          { ALT: () => (this.CONSUME(K.system), 'system' as const) },
          { ALT: () => (this.CONSUME(K.user), 'user' as const) },
        ]);
        this.CONSUME(K.value);
        return which;
      }) ?? null;
    const source = this.OR2<Query | null>([
      {
        GATE: () => columns.length === 0 && overriding === null,
        ALT: () => (this.CONSUME(K.default), this.CONSUME(K.values), null),
      },
      { ALT: () => this.SUBRULE(this.query) },
    ]);
    return { columns, overriding, source };
  });

  protected readonly insertColumns: Rule<readonly InsertColumn[]> = this.rule(
    'insertColumns',
    () => {
      const columns: InsertColumn[] = [];
      this.CONSUME(T.LParen);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => {
          columns.push(this.SUBRULE(this.targetColumn));
        },
      });
      this.CONSUME(T.RParen);
      return columns;
    },
  );

  /** a, a.field, a[1]; the access is kept as FieldAccess and Subscript over the column. */
  protected readonly targetColumn: Rule<InsertColumn> = this.rule('targetColumn', () => {
    const first = this.LA(1);
    const name = this.SUBRULE(this.identifier);
    const access: Expr[] = [];
    let operand: Expr = { kind: 'columnRef', parts: [name], span: name.span };
    this.MANY(() => {
      operand = this.OR([
        { ALT: () => this.SUBRULE(this.fieldTail, { ARGS: [operand] }) },
        { ALT: () => this.SUBRULE(this.subscriptTail, { ARGS: [operand] }) },
      ]);
      access[0] = operand;
    });
    return { kind: 'insertColumn', name, access, span: this.spanFrom(first) };
  });

  /** ON CONFLICT (target) DO NOTHING | DO UPDATE SET ... */
  protected readonly onConflict: Rule<OnConflict> = this.rule('onConflict', () => {
    const first = this.CONSUME(K.on);
    this.CONSUME(K.conflict);
    let target: readonly Expr[] = [];
    let targetWhere: Expr | null = null;
    let constraint: Identifier | null = null;
    this.OPTION(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(T.LParen);
            target = this.SUBRULE(this.expressions);
            this.CONSUME(T.RParen);
            targetWhere = this.OPTION2(() => this.SUBRULE(this.whereClause)) ?? null;
          },
        },
        {
          ALT: () => {
            this.CONSUME2(K.on);
            this.CONSUME(K.constraint);
            constraint = this.SUBRULE(this.identifier);
          },
        },
      ]),
    );
    const action = this.SUBRULE(this.conflictAction);
    const span = this.spanFrom(first);
    return { kind: 'onConflict', target, targetWhere, constraint, ...action, span };
  });

  /** [DO] NOTHING | UPDATE ... | OVERWRITE | IGNORE [WITH VERSION COLUMN (c)] */
  protected readonly conflictAction: Rule<
    Pick<OnConflict, 'action' | 'set' | 'where' | 'versionColumns'>
  > = this.rule('conflictAction', () => {
    let action: OnConflict['action'] = 'nothing';
    let set: readonly Assignment[] = [];
    let where: Expr | null = null;
    let versionColumns: readonly Identifier[] = [];
    this.OPTION(() => this.CONSUME(K.do));
    this.OR([
      { ALT: () => this.CONSUME(K.nothing) },
      { ALT: () => this.CONSUME(K.ignore) },
      {
        ALT: () => {
          this.CONSUME(K.overwrite);
          action = 'overwrite';
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.update);
          action = this.SUBRULE(this.updateMode);
          this.OPTION2(() => {
            set = this.SUBRULE(this.assignments);
            where = this.OPTION3(() => this.SUBRULE(this.whereClause)) ?? null;
          });
        },
      },
    ]);
    this.OPTION4({
      GATE: () => this.ahead(2, K.version),
      DEF: () => {
        this.CONSUME(K.with);
        this.CONSUME(K.version);
        this.CONSUME(K.column);
        versionColumns = this.SUBRULE(this.identifierList);
      },
    });
    return { action, set, where, versionColumns };
  });

  /** DO UPDATE FULL, DO UPDATE IF NOT NULL, DO UPDATE SET ... */
  protected readonly updateMode: Rule<OnConflict['action']> = this.rule('updateMode', () => {
    let action: OnConflict['action'] = 'update';
    this.OPTION(() =>
      this.OR([
        { ALT: () => (this.CONSUME(K.full), (action = 'overwrite')) },
        {
          ALT: () => {
            this.CONSUME(K.if);
            this.CONSUME(K.not);
            this.CONSUME(K.null);
            action = 'overwriteNonNull';
          },
        },
      ]),
    );
    return action;
  });

  /** SET a = 1, (b, c) = (2, 3) */
  protected readonly assignments: Rule<readonly Assignment[]> = this.rule('assignments', () => {
    const list: Assignment[] = [];
    this.CONSUME(K.set);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        list.push(this.SUBRULE(this.assignment));
      },
    });
    return list;
  });

  protected readonly assignment: Rule<Assignment> = this.rule('assignment', () => {
    const first = this.LA(1);
    const multiple = first.tokenType === T.LParen;
    const columns = this.OR<readonly InsertColumn[]>([
      { ALT: () => this.SUBRULE(this.insertColumns) },
      { ALT: () => [this.SUBRULE(this.targetColumn)] },
    ]);
    this.CONSUME(T.Equals);
    const value = this.SUBRULE(this.expression);
    return { kind: 'assignment', columns, multiple, value, span: this.spanFrom(first) };
  });

  /** RETURNING items */
  protected readonly returning: Rule<readonly SelectItem[]> = this.rule('returning', () => {
    this.CONSUME(K.returning);
    return this.SUBRULE(this.selectItems);
  });

  /** The relation of UPDATE and DELETE. */
  protected readonly targetTable: Rule<TableRef> = this.rule('targetTable', () => {
    const first = this.LA(1);
    const only = this.OPTION(() => this.CONSUME(K.only)) !== undefined;
    const name = this.SUBRULE(this.qualifiedName);
    this.OPTION2(() => this.CONSUME(T.Asterisk));
    const alias =
      this.OPTION3({
        GATE: () => !this.ahead(1, K.set),
        DEF: () => this.SUBRULE(this.alias),
      }) ?? null;
    const span = this.spanFrom(first);
    return { kind: 'tableRef', name, only, alias, asOf: null, sample: null, span };
  });

  /** UPDATE t SET ... FROM ... WHERE ... RETURNING ... */
  protected readonly update: Rule<DataChange, [clause: WithClause | null]> = this.rule(
    'update',
    (clause) => {
      const first = this.CONSUME(K.update);
      const table = this.SUBRULE(this.targetTable);
      const set = this.SUBRULE(this.assignments);
      const from =
        this.OPTION(() => {
          this.CONSUME(K.from);
          return this.SUBRULE(this.fromList);
        }) ?? [];
      const where = this.OPTION2(() => this.SUBRULE(this.whereClause)) ?? null;
      const returning = this.OPTION3(() => this.SUBRULE(this.returning)) ?? [];
      const span = this.#spanWith(clause, first);
      return { kind: 'update', with: clause, table, set, from, where, returning, span };
    },
  );

  /** DELETE FROM t USING ... WHERE ... RETURNING ... */
  protected readonly delete: Rule<DataChange, [clause: WithClause | null]> = this.rule(
    'delete',
    (clause) => {
      const first = this.CONSUME(K.delete);
      this.CONSUME(K.from);
      const table = this.SUBRULE(this.targetTable);
      const using =
        this.OPTION(() => {
          this.CONSUME(K.using);
          return this.SUBRULE(this.fromList);
        }) ?? [];
      const where = this.OPTION2(() => this.SUBRULE(this.whereClause)) ?? null;
      const returning = this.OPTION3(() => this.SUBRULE(this.returning)) ?? [];
      const span = this.#spanWith(clause, first);
      return { kind: 'delete', with: clause, table, using, where, returning, span };
    },
  );
}
