/**
 * The parts of @tanstack/db-ivm that the bench uses, loaded only when wanted: the package is
 * installed by the bench itself, so nothing else may depend on its being there.
 */

/** Rows with multiplicities. */
export type Change<T> = [T, number];

/** A stream of changes. */
export interface Stream<T> {
  pipe<A>(a: (stream: Stream<T>) => Stream<A>): Stream<A>;
  pipe<A, B>(a: (stream: Stream<T>) => Stream<A>, b: (stream: Stream<A>) => Stream<B>): Stream<B>;
  pipe<A, B, C>(
    a: (stream: Stream<T>) => Stream<A>, b: (stream: Stream<A>) => Stream<B>,
    c: (stream: Stream<B>) => Stream<C>,
  ): Stream<C>;
}

/** Where changes are put in. */
export interface Input<T> extends Stream<T> {
  sendData(changes: Change<T>[]): void;
}

/** A graph of operators. */
export interface Graph {
  newInput<T>(): Input<T>;
  finalize(): void;
  run(): void;
}

/** An aggregate of groupBy. */
export interface Aggregate<T> {
  readonly preMap: (data: T) => unknown;
}

type Step<T, U> = (stream: Stream<T>) => Stream<U>;
type Numbers = Readonly<Record<string, number>>;

/** The package. */
export interface DbIvm {
  readonly D2: new () => Graph;
  map<T, U>(f: (data: T) => U): Step<T, U>;
  filter<T>(f: (data: T) => boolean): Step<T, T>;
  join<K, A, B>(other: Stream<[K, B]>, type: 'inner'): Step<[K, A], [K, [A, B]]>;
  groupBy<T>(
    key: (data: T) => Numbers, aggregates: Readonly<Record<string, Aggregate<T>>>,
  ): Step<T, [string, Numbers]>;
  count<T>(): Aggregate<T>;
  sum<T>(value: (data: T) => number): Aggregate<T>;
  avg<T>(value: (data: T) => number): Aggregate<T>;
  max<T>(value: (data: T) => number): Aggregate<T>;
  output<T>(f: (data: { getInner(): Change<T>[] }) => void): Step<T, T>;
}

/** Loads the package. */
export async function loadDbIvm(): Promise<DbIvm> {
  const name = '@tanstack/db-ivm';
  const found = await import(name) as DbIvm & { readonly groupByOperators: Partial<DbIvm> };
  return { ...found, ...found.groupByOperators };
}
