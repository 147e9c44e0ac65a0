/**
 * Rows as they were at an earlier epoch: what is stored now, minus what changed since.
 */
import { sqlError } from '../common/errors.ts';
import type { SqlError } from '../common/errors.ts';
import type { SqlType } from '../common/types/sql-type.ts';
import type { Batch } from './batch.ts';
import type { Changelog } from './changelog.ts';
import { concatBatches, consolidate, negate } from './engine-rows.ts';

/** A relation whose past is wanted. */
export interface PastOf {
  readonly name: string;
  readonly kind: string;
  readonly changelog: Changelog | null;
}

/** A moment: an epoch, or a time in microseconds since 1970 UTC. */
export type Moment =
  | { readonly kind: 'epoch'; readonly epoch: bigint }
  | { readonly kind: 'time'; readonly micros: bigint };

/** The newest epoch, and when it was. */
export interface Newest {
  readonly epoch: bigint;
  readonly now: bigint;
}

/** The epoch whose rows are those of the moment; 55000 when they are no longer known. */
export function epochOfMoment(of: PastOf, moment: Moment, newest: Newest): bigint {
  if (moment.kind === 'epoch') {
    if (moment.epoch === newest.epoch) return moment.epoch;
    if (moment.epoch > newest.epoch) {
      throw sqlError('22023', `epoch ${moment.epoch} has not been published`, {
        hint: `The newest epoch is ${newest.epoch}.`,
      });
    }
    changelogFrom(of, moment.epoch);
    return moment.epoch;
  }
  if (moment.micros >= newest.now) return newest.epoch;
  const log = of.changelog ?? nothingKept(of);
  if (moment.micros < log.floor.at) throw forgotten(of, log.floor.epoch);
  const next = log.epochAfter(moment.micros);
  return next === null || next > newest.epoch ? newest.epoch : next - 1n;
}

/** All rows at an epoch, consolidated, from those of a later one. */
export function rowsAtEpoch(
  of: PastOf & { readonly types: readonly SqlType[] }, epoch: bigint,
  now: { readonly epoch: bigint; readonly rows: Iterable<Batch> },
): Batch {
  const rows = [...now.rows];
  if (epoch < now.epoch) {
    for (const { epoch: changed, delta } of changelogFrom(of, epoch).after(epoch)) {
      if (changed <= now.epoch) rows.push(negate(delta));
    }
  }
  return consolidate(concatBatches(of.types, rows));
}

/** The changelog of a relation, when it reaches back to an epoch. */
export function changelogFrom(of: PastOf, epoch: bigint): Changelog {
  const log = of.changelog ?? nothingKept(of);
  if (epoch < log.floor.epoch) throw forgotten(of, log.floor.epoch);
  return log;
}

function nothingKept({ name, kind }: PastOf): never {
  const what = kind === 'materializedView' ? 'MATERIALIZED VIEW' : 'TABLE';
  throw sqlError('55000', `the past of "${name}" is not kept`, {
    hint: `Use ALTER ${what} ${name} SET (retain_history = '1 hour'), or create it WITH that `
      + 'option.',
  });
}

function forgotten({ name }: PastOf, floor: bigint): SqlError {
  return sqlError('55000', `the past of "${name}" is kept from epoch ${floor} on`, {
    hint: 'Read a later epoch, or keep more with the option retain_history.',
  });
}
