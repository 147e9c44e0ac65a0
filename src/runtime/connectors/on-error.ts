/**
 * Options of any relation with a connector: ON ERROR, and whether its rows go into the log.
 */
import { sqlError } from '../../common/errors.ts';

/** Kept and passed over (default), passed over and counted, or the end of reading. */
export type OnError = 'dead letter' | 'skip' | 'stop';

/** What a relation says; 22023 for words that mean nothing. */
export function onErrorOf(
  relation: { readonly options: readonly (readonly [string, string])[] },
): OnError {
  const written = relation.options.find(([name]) => name === 'on_error')?.[1] ?? 'dead letter';
  const word = written.toLowerCase().replaceAll('_', ' ');
  if (word === 'dead letter' || word === 'skip' || word === 'stop') return word;
  throw sqlError('22023', `invalid value for option "on_error": "${written}"`, {
    hint: 'Use dead letter, skip or stop.',
  });
}

/** `log_rows = true`: rows are logged themselves, for upstreams that forget soon. */
export function logsRows(
  relation: { readonly options: readonly (readonly [string, string])[] },
): boolean {
  const written = relation.options.find(([name]) => name === 'log_rows')?.[1] ?? 'false';
  if (written === 'true' || written === 'false') return written === 'true';
  throw sqlError('22023', `invalid value for option "log_rows": "${written}"`, {
    hint: 'Use true or false.',
  });
}
