/**
 * nextval, currval, setval and lastval of one session: what it was given last.
 */
import { sqlError } from '../../common/errors.ts';
import type { CatalogState } from '../catalog-store.ts';
import type { StoredObject } from '../catalog-store-types.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import { sequenceOf } from '../engine-sequences.ts';

/** Sequences as a session uses them. */
export class SequenceUse {
  readonly #core: EngineCoreFace;
  readonly #given = new Map<number, bigint>();
  #last: bigint | null = null;

  constructor(core: EngineCoreFace) {
    this.#core = core;
  }

  next(catalog: CatalogState, oid: number): bigint {
    const { id, data } = sequence(catalog, oid);
    const value = this.#core.nextSequence(id, sequenceOf(data));
    this.#given.set(id, value);
    this.#last = value;
    return value;
  }

  current(catalog: CatalogState, oid: number): bigint {
    const { id, name } = sequence(catalog, oid);
    const value = this.#given.get(id);
    if (value !== undefined) return value;
    throw sqlError('55000', `currval of sequence "${name}" is not yet defined in this session`);
  }

  set(catalog: CatalogState, oid: number, value: bigint, called: boolean): bigint {
    const { id, name, data } = sequence(catalog, oid);
    const { min, max, increment } = sequenceOf(data);
    if (value < min || value > max) {
      throw sqlError('22003',
        `setval: value ${value} is out of bounds for sequence "${name}" (${min}..${max})`);
    }
    this.#core.setSequence(id, called ? value : value - increment);
    if (called) this.#given.set(id, value);
    return value;
  }

  last(): bigint {
    if (this.#last !== null) return this.#last;
    throw sqlError('55000', 'lastval is not yet defined in this session');
  }
}

function sequence(catalog: CatalogState, oid: number): StoredObject {
  const found = catalog.objects.get(oid);
  if (found?.kind === 'sequence') return found;
  const relation = catalog.relation(oid);
  throw relation === null ? sqlError('42P01', `could not open relation with OID ${oid}`)
    : sqlError('42809', `"${relation.name}" is not a sequence`);
}
