/**
 * Runs remembered look-ups (point-select.ts) for one session, past parser and planner.
 */
import type { ParsedStatement } from '../../parser/parse.ts';
import type { ResultColumn } from '../../planner/plans.ts';
import type { StatementDescription } from '../session-api.ts';
import { holds, keyValues, PointTexts, preparedPoint, projected } from './point-select.ts';
import type { PointScope, PointSelect } from './point-select.ts';
import type { Value } from '../../common/values.ts';
import { RowCursor } from './result.ts';
import type { StatementResult } from './result.ts';
import type { Portal, PreparedStatement, SessionState } from './session-state.ts';

type Rows = StatementResult & { kind: 'rows' };

/** The look-ups of a session. */
export class PointReader {
  readonly #session: SessionState;
  readonly #texts = new PointTexts();

  constructor(session: SessionState) {
    this.#session = session;
  }

  /** The rows of a simple query, when it is a look-up that is known. */
  ofText(text: string): Rows | null {
    const found = this.#texts.find(text);
    return found === null ? null : this.#read(found.point, found.inputs);
  }

  /** The rows of a portal, when its statement is a look-up that is known. */
  ofPortal({ prepared, parameters }: Portal): Rows | null {
    const point = prepared?.point ?? null;
    return point === null ? null : this.#read(point, parameters);
  }

  /** A query of the simple protocol has run. */
  learnText(parsed: ParsedStatement, columns: readonly ResultColumn[]): void {
    const { span } = parsed.statement;
    const rest = parsed.text.slice(0, span.start) + parsed.text.slice(span.end);
    if (!/^[\s;]*$/.test(rest) || this.#session.transaction?.hasChanges === true) return;
    this.#texts.learn(this.#session.context(parsed.text), parsed.statement, columns);
  }

  /** A prepared statement has run. */
  learnPrepared(prepared: PreparedStatement, description: StatementDescription): void {
    const { parsed } = prepared;
    const known = prepared.point !== undefined && prepared.point?.catalog !== undefined
      && holds(prepared.point, this.#scope());
    if (parsed === null || known || prepared.point === null) return;
    if (this.#session.transaction?.hasChanges === true || description.columns === null) return;
    prepared.point = preparedPoint(this.#session.context(parsed.text), parsed.statement,
      { columns: description.columns, parameters: description.parameters });
  }

  #scope(): PointScope {
    const { core, settings, user } = this.#session.scope;
    return { catalog: core.catalog.state, user, searchPath: settings.get('search_path') };
  }

  /** Null when the transaction has changes of its own, or the look-up does not hold any more. */
  #read(point: PointSelect, inputs: readonly Value[]): Rows | null {
    const { transaction, scope: { core } } = this.#session;
    if (transaction !== null && (transaction.hasChanges || transaction.failed)) return null;
    if (!holds(point, this.#scope())) return null;
    const pin = transaction?.block === true ? transaction.pin() : null;
    const batch = core.lookup(point.relation, point.key, keyValues(point, inputs), pin);
    return {
      kind: 'rows', columns: point.columns, rows: RowCursor.of([projected(batch, point)]),
      tag: (rows) => `SELECT ${rows}`,
    };
  }
}
