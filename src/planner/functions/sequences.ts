/**
 * nextval, currval, setval, lastval: what they answer is the session's and the engine's.
 */
import { sqlError } from '../../common/errors.ts';
import { scalar } from './builder.ts';
import type { CatalogLookup, EvaluationContext, ScalarFunction } from './entry.ts';

function sequencesOf({ catalog }: EvaluationContext): NonNullable<CatalogLookup['sequences']> {
  const found = catalog?.sequences;
  if (found !== undefined) return found;
  throw sqlError('0A000', 'sequences are used by statements of a session only');
}

/** Functions over sequences. */
export const SEQUENCES: readonly ScalarFunction[] = [
  scalar({
    signature: 'nextval(regclass) -> int8', doc: 'The next value of a sequence.',
    volatility: 'volatile', examples: [['nextval(NULL)', null]],
    evaluateIn: (context, oid: number) => sequencesOf(context).next(oid),
  }),
  scalar({
    signature: 'currval(regclass) -> int8',
    doc: 'The value the session was given last by a sequence.',
    volatility: 'volatile', examples: [['currval(NULL)', null]],
    evaluateIn: (context, oid: number) => sequencesOf(context).current(oid),
  }),
  scalar({
    signature: 'setval(regclass,int8) -> int8', doc: 'Lets a sequence go on behind a value.',
    volatility: 'volatile', examples: [['setval(NULL, 1)', null]],
    evaluateIn: (context, oid: number, value: bigint) =>
      sequencesOf(context).set(oid, value, true),
  }),
  scalar({
    signature: 'setval(regclass,int8,boolean) -> int8',
    doc: 'Lets a sequence go on behind a value, or with it when the last argument is false.',
    volatility: 'volatile', examples: [['setval(NULL, 1, false)', null]],
    evaluateIn: (context, oid: number, value: bigint, called: boolean) =>
      sequencesOf(context).set(oid, value, called),
  }),
  scalar({
    signature: 'lastval() -> int8', doc: 'The value the session was given last by any sequence.',
    volatility: 'volatile', examples: [['false AND lastval() > 0', 'false']],
    evaluateIn: (context) => sequencesOf(context).last(),
  }),
];
