/**
 * Runs a case on both sides and says where they differ.
 *
 * A check is one comparison of one view after one epoch: of the rows it keeps, or of its query
 * asked once. The deliberate differences are those of `known.ts`; everything else is a mistake.
 */
import type pg from 'pg';
import type { BuildOperator } from '../../src/runtime/graph.ts';
import type { Case } from './case.ts';
import { isKnown } from './known.ts';
import type { Difference } from './known.ts';
import { askPostgres } from './oracle.ts';
import type { Answer, Verdict } from './oracle.ts';
import { compareRows } from './rows.ts';
import { Subject } from './subject.ts';

/** What a case gave. */
export interface Outcome {
  readonly differences: readonly Difference[];
  readonly checks: number;
  /** Checks whose rows were equal but for the writing of equal values. */
  readonly alike: number;
  /** Checks in which both raised an error of one class. */
  readonly bothRaised: number;
  /** Known differences met, by their name. */
  readonly known: readonly string[];
  /** Statements we refuse with 0A000, by message. */
  readonly unsupported: readonly string[];
}

/** The two sides. */
export interface Sides {
  readonly client: pg.Client;
  readonly build: BuildOperator;
}

/** One view in so many has its query asked once as well. */
const ASKED_OF = 8;
/** One view in so many is read as a client reads it; the others as they are stored. */
const READ_OF = 7;

/** Runs one case. */
export async function judge(one: Case, sides: Sides): Promise<Outcome> {
  const verdict = askPostgres(sides.client, one);
  verdict.catch(() => undefined);
  const run = new Run(one, new Subject(sides.build), verdict);
  return await run.all();
}

class Run {
  readonly #case: Case;
  readonly #subject: Subject;
  readonly #verdict: Promise<Verdict>;
  readonly #differences: Difference[] = [];
  readonly #known: string[] = [];
  readonly #unsupported: string[] = [];
  readonly #live: boolean[];
  #theirs: Verdict = { created: [], answers: [] };
  #checks = 0;
  #alike = 0;
  #bothRaised = 0;

  constructor(one: Case, subject: Subject, verdict: Promise<Verdict>) {
    this.#case = one;
    this.#subject = subject;
    this.#verdict = verdict;
    this.#live = one.views.map(() => true);
  }

  async all(): Promise<Outcome> {
    const { epochs, views } = this.#case;
    await this.#subject.open();
    try {
      await this.#subject.load(this.#case);
      this.#theirs = await this.#verdict;
      for (const at of views.keys()) await this.#create(at);
      await this.#compare(0);
      for (const [at, epoch] of epochs.entries()) {
        for (const view of epoch.recreate) await this.#recreate(view);
        await this.#subject.change(epoch.statements);
        if (epoch.restart) await this.#subject.restart();
        await this.#compare(at + 1);
      }
    } catch (error) {
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      this.#differ(Math.max(this.#live.indexOf(true), 0), 0, { what: 'crash', text });
    } finally {
      await this.#subject.close();
    }
    return {
      differences: this.#differences, checks: this.#checks, alike: this.#alike,
      bothRaised: this.#bothRaised, known: this.#known, unsupported: this.#unsupported,
    };
  }

  #differ(view: number, epoch: number, { what, text }: Pick<Difference, 'what' | 'text'>): void {
    this.#live[view] = false;
    const known = isKnown({ sql: this.#case.views[view]?.sql ?? '', what, text });
    if (known === null) this.#differences.push({ view, epoch, what, text });
    else this.#known.push(known);
  }

  async #create(at: number): Promise<void> {
    const view = this.#case.views[at];
    if (view === undefined) return;
    const ours = await this.#subject.create(view);
    const made = this.#theirs.created[at] ?? null;
    const first = this.#theirs.answers[0]?.[at];
    // PostgreSQL says of a constant only when it is asked that it raises an error.
    const theirs = made ?? (ours !== null && first?.kind === 'error' ? first : null);
    if (ours === null && theirs === null) return;
    this.#live[at] = false;
    this.#checks++;
    if (ours?.sqlState === '0A000') this.#unsupported.push(ours.message);
    // A view of a view that is not there.
    else if (ours?.sqlState === '42P01') return;
    else if (ours?.sqlState.slice(0, 2) === theirs?.sqlState.slice(0, 2)) this.#bothRaised++;
    else if (theirs?.sqlState !== '0A000') {
      const text = `ours: ${shown(ours)}\ntheirs: ${shown(theirs)}`;
      this.#differ(at, -1, { what: 'create', text });
    }
  }

  async #recreate(at: number): Promise<void> {
    const view = this.#case.views[at];
    if (view === undefined || this.#live[at] !== true) return;
    // One that others read stays.
    if (!await this.#subject.drop(view.name)) return;
    const error = await this.#subject.create(view);
    if (error !== null) this.#differ(at, -1, { what: 'create', text: shown(error) });
  }

  async #compare(epoch: number): Promise<void> {
    const answers = this.#theirs.answers[epoch] ?? [];
    const before = this.#differences.length;
    for (const [at, view] of this.#case.views.entries()) {
      const theirs = answers[at];
      if (this.#live[at] !== true || theirs === undefined) continue;
      // A view without the rows that raise errors, where PostgreSQL has no answer at all.
      if (this.#case.views.some(({ name }, other) =>
        answers[other]?.kind === 'error' && view.sql.includes(` ${name} `))) continue;
      // Too slow for PostgreSQL: nothing to compare with.
      if (theirs.kind === 'error' && theirs.sqlState === '57014') {
        this.#live[at] = false;
        continue;
      }
      if (theirs.kind === 'rows') {
        const ours = (at + epoch) % READ_OF === 0 ? await this.#subject.read(view.name)
          : this.#subject.kept(view.name);
        if (!this.#check(ours, theirs)) {
          const once = shown(await this.#subject.asked(view));
          this.#differ(at, epoch, {
            what: 'rows', text: `${both('kept', ours, theirs)}\nasked once: ${once}`,
          });
          continue;
        }
      }
      if ((at + epoch) % ASKED_OF !== 0 && theirs.kind === 'rows') continue;
      const ours = await this.#subject.asked(view);
      if (this.#check(ours, theirs)) continue;
      this.#differ(at, epoch, {
        what: ours.kind === theirs.kind ? 'query' : 'error', text: both('asked once', ours, theirs),
      });
    }
    if (this.#differences.length > before) await this.#explain(before);
  }

  /** Counts a check; false when the answers differ. */
  #check(ours: Answer, theirs: Answer): boolean {
    this.#checks++;
    if (ours.kind === 'error' && theirs.kind === 'error') {
      this.#bothRaised++;
      return ours.sqlState.slice(0, 2) === theirs.sqlState.slice(0, 2);
    }
    if (ours.kind !== 'rows' || theirs.kind !== 'rows') return false;
    const comparison = compareRows(ours.rows, theirs.rows);
    if (comparison === 'alike') this.#alike++;
    return comparison !== 'different';
  }

  /** Adds to differences what the engine itself says of the view. */
  async #explain(from: number): Promise<void> {
    const troubled = await this.#subject.troubled();
    for (const [at, each] of this.#differences.entries()) {
      const reason = troubled.get(this.#case.views[each.view]?.name ?? '');
      if (at >= from && reason !== undefined) {
        this.#differences[at] = { ...each, text: `${each.text}\n${reason}` };
      }
    }
  }
}

function both(title: string, ours: Answer, theirs: Answer): string {
  return `${title}\nours: ${shown(ours)}\ntheirs: ${shown(theirs)}`;
}

function shown(answer: Answer | null): string {
  if (answer === null) return 'made';
  if (answer.kind === 'error') return `${answer.sqlState} ${answer.message}`;
  const rows = answer.rows.toSorted();
  return `${rows.length} rows ${rows.slice(0, 30).join(' ')}`;
}
