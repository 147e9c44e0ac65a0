/**
 * Makes a failing case smaller while it still fails: one view, few statements, fewer and smaller
 * choices in the view's query.
 */
import { makeView } from './case.ts';
import type { Case, CaseMaker, CaseView } from './case.ts';
import type { Epoch } from './changes.ts';
import type { Difference } from './known.ts';

/** What shrinking needs: does this case still fail in the same way? */
export type StillFails = (one: Case) => Promise<boolean>;

/** The case of one view alone, with the views it reads. */
function alone(one: Case, view: number): Case {
  const wanted = one.views[view];
  const views = one.views.slice(0, view).filter(({ name }) =>
    wanted !== undefined && new RegExp(`\\b${name}\\b`).test(wanted.sql));
  return {
    ...one, views: wanted === undefined ? [] : [...views, wanted],
    epochs: one.epochs.map((epoch) => ({
      ...epoch, recreate: epoch.recreate.includes(view) ? [views.length] : [],
    })),
  };
}

class Shrinker {
  readonly #maker: CaseMaker;
  readonly #fails: StillFails;
  #best: Case;
  #left: number;

  constructor(best: Case, fails: StillFails, { maker, tries }: {
    readonly maker: CaseMaker; readonly tries: number;
  }) {
    this.#best = best;
    this.#fails = fails;
    this.#maker = maker;
    this.#left = tries;
  }

  get best(): Case { return this.#best; }

  async #accept(candidate: Case): Promise<boolean> {
    if (this.#left-- <= 0 || !await this.#fails(candidate)) return false;
    this.#best = candidate;
    return true;
  }

  async all(): Promise<void> {
    for (let length = 0; length < this.#best.epochs.length; length = length * 2 + 1) {
      if (await this.#accept({ ...this.#best, epochs: this.#best.epochs.slice(0, length) })) break;
    }
    await this.#merged();
    for (let before = ''; before !== JSON.stringify(this.#best) && this.#left > 0;) {
      before = JSON.stringify(this.#best);
      await this.#query();
      await this.#statements();
    }
  }

  /** Everything before the last epoch as rows that were there. */
  async #merged(): Promise<void> {
    const last = this.#best.epochs.at(-1);
    if (last === undefined) return;
    const before = this.#best.epochs.slice(0, -1).flatMap(({ statements }) => statements);
    await this.#accept({
      ...this.#best, initial: [...this.#best.initial, ...before], epochs: [last],
    });
  }

  async #statements(): Promise<void> {
    for (let at = this.#best.epochs.length - 1; at >= 0; at--) {
      await this.#accept({ ...this.#best, epochs: this.#best.epochs.toSpliced(at, 1) });
    }
    await this.#list(this.#best.initial, (initial) => ({ ...this.#best, initial }));
    for (const at of this.#best.epochs.keys()) {
      const epoch = (): Epoch => this.#best.epochs[at]
        ?? { statements: [], recreate: [], restart: false };
      const put = (changed: Epoch): Case =>
        ({ ...this.#best, epochs: this.#best.epochs.with(at, changed) });
      await this.#list(epoch().statements, (statements) => put({ ...epoch(), statements }));
      await this.#accept(put({ ...epoch(), recreate: [], restart: false }));
    }
  }

  /** Takes pieces out of a list, large ones first. */
  async #list(
    list: readonly string[], build: (list: readonly string[]) => Case,
  ): Promise<void> {
    let kept = list;
    for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
      for (let at = kept.length - size; at >= 0; at -= size) {
        const shorter = kept.toSpliced(at, size);
        if (await this.#accept(build(shorter))) kept = shorter;
      }
    }
  }

  async #query(): Promise<void> {
    const choices = (): readonly number[] => this.#best.views.at(-1)?.choices ?? [];
    for (const size of [32, 16, 8, 4, 2, 1]) {
      for (let at = choices().length - size; at >= 0; at -= size) {
        await this.#tryChoices(choices().toSpliced(at, size));
      }
    }
    for (let at = 0; at < choices().length; at++) {
      const value = choices()[at] ?? 0;
      if (value === 0 || await this.#tryChoices(choices().with(at, 0))) continue;
      await this.#tryChoices(choices().with(at, value >>> 1));
    }
  }

  async #tryChoices(choices: readonly number[]): Promise<boolean> {
    const last = this.#best.views.at(-1);
    if (last === undefined || this.#left <= 0) return false;
    const others = this.#best.views.slice(0, -1);
    const relations = [...this.#best.tables, ...this.#best.tables, ...others];
    const view: CaseView = makeView(last.name, choices, relations, this.#maker);
    if (view.sql === last.sql || view.sql.length > last.sql.length + 20) return false;
    return await this.#accept({ ...this.#best, views: [...others, view] });
  }
}

/** The smallest case found that still fails; `tries` bounds how many are run. */
export async function shrink(
  one: Case, difference: Difference, fails: StillFails,
  options: { readonly maker: CaseMaker; readonly tries: number },
): Promise<Case> {
  const single = alone(one, difference.view);
  if (!await fails(single)) return one;
  const shrinker = new Shrinker(single, fails, options);
  await shrinker.all();
  return shrinker.best;
}
