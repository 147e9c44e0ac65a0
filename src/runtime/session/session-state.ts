/**
 * What statements may see of their session and do to it: prepared statements, portals, transaction.
 */
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { Statement } from '../../parser/ast-statements.ts';
import type { ParsedStatement } from '../../parser/parse.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { CatalogState } from '../catalog-store.ts';
import type { StatementDescription } from '../session-api.ts';
import type { PointSelect } from './point-select.ts';
import type { StatementResult } from './result.ts';
import type { ScrollRows } from './scroll-rows.ts';
import type { SessionScope, StatementContext } from './statement-context.ts';
import type { SubscriptionCursor } from './subscription-cursor.ts';
import type { Transaction } from './transaction.ts';

/** A statement prepared by Parse or PREPARE. */
export interface PreparedStatement {
  readonly name: string;
  /** null: an empty statement. */
  readonly parsed: ParsedStatement | null;
  readonly parameterTypes: readonly (SqlType | null)[];
  readonly fromSql: boolean;
  /** What Describe answers, as of a state of the catalog. */
  /** The statement as a look-up by key: undefined until it has run, null when it is none. */
  point?: PointSelect | null;
  described?: { readonly catalog: CatalogState; readonly description: StatementDescription };
}

/** A statement with its parameters, perhaps half read. Cursors are portals too. */
export interface Portal {
  readonly name: string;
  readonly parsed: ParsedStatement | null;
  readonly parameters: readonly Value[];
  readonly parameterTypes: readonly (SqlType | null)[];
  result: StatementResult | null;
  /** Result columns as Describe told them, once known. */
  columns: readonly ResultColumn[] | null;
  readonly hold: boolean;
  readonly cursor: boolean;
  /** The rows of a SCROLL cursor. */
  readonly scroll?: ScrollRows;
  /** Of a held cursor: its transaction has committed, the rows are its own. */
  finished: boolean;
  /** Of a SUBSCRIPTION CURSOR: it stays until it is closed. */
  readonly subscription?: SubscriptionCursor;
  /** The prepared statement it was bound from. */
  readonly prepared?: PreparedStatement;
}

/** A statement to run, with its parameters. */
export interface Execution {
  readonly statement: Statement;
  readonly parameters: readonly Value[];
  /** Types declared by Parse or PREPARE; null where they are to be found from their use. */
  readonly parameterTypes: readonly (SqlType | null)[];
}

/** The session behind a statement. */
export interface SessionState {
  readonly scope: SessionScope;
  readonly statements: Map<string, PreparedStatement>;
  readonly portals: Map<string, Portal>;
  readonly transaction: Transaction | null;
  begin(): Transaction;
  finish(commit: boolean): Promise<void>;
  context(text: string): StatementContext;
  portal(name: string): Portal;
  /** Runs a statement on behalf of another one (EXECUTE, DECLARE). */
  run(context: StatementContext, execution: Execution): Promise<StatementResult>;
  closePortal(name: string): Promise<void>;
}
