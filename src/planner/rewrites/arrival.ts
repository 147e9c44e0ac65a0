/**
 * Brings a hidden column of a scan (`$arrival`, `$partition`, `$offset`) up through relations
 * without state.
 *
 * `$arrival` is the watermark of a row's own partition before that row. A retraction carries the
 * watermark of its own time, so the column must never pass an operator with state.
 */
import { must } from '../../common/assert.ts';
import { column } from '../expr-tools.ts';
import type { Relation, RelationColumn } from '../relation.ts';
import { pick, project } from '../relation-tools.ts';

/** Name of the column in scans. */
export const ARRIVAL = '$arrival';

const ARRIVAL_COLUMN: RelationColumn = { name: ARRIVAL, type: { name: 'int8' } };

/** A relation whose old columns are in place, and its arrival column. */
export interface Threaded {
  readonly relation: Relation;
  readonly arrival: number;
}

/** Partition of a row, and its offset there. */
export const PARTITION: RelationColumn = { name: '$partition', type: { name: 'int4' } };
/** See PARTITION. */
export const OFFSET: RelationColumn = { name: '$offset', type: { name: 'int8' } };

/** The relation with a hidden column (behind the others unless it had it), or null. */
export function threadArrival(
  relation: Relation, hidden: RelationColumn = ARRIVAL_COLUMN,
): Threaded | null {
  const own = relation.columns.findIndex((each) => each.name === hidden.name);
  if (own >= 0 && isDirect(relation, own)) return { relation, arrival: own };
  switch (relation.kind) {
    case 'filter': {
      const input = threadArrival(relation.input, hidden);
      if (input === null) return null;
      const filtered = { ...relation, input: input.relation, columns: input.relation.columns };
      return { relation: filtered, arrival: input.arrival };
    }
    case 'project': {
      const input = threadArrival(relation.input, hidden);
      if (input === null) return null;
      const { arrival } = input;
      return {
        arrival: relation.exprs.length,
        relation: project(input.relation, [...relation.exprs, column(arrival, hidden.type)],
          [...relation.columns, hidden]),
      };
    }
    case 'flatMap': return besides(relation, relation.input, hidden);
    case 'window': return relation.window.kind === 'session' ? null
      : besides(relation, relation.input, hidden);
    case 'union': return unionArrival(relation, hidden);
    default: return null;
  }
}

/** True when the column of that name comes from scans through relations without state. */
function isDirect(relation: Relation, at: number): boolean {
  switch (relation.kind) {
    case 'scan': return true;
    case 'filter': return isDirect(relation.input, at);
    case 'flatMap': case 'window':
      return at < relation.input.columns.length && isDirect(relation.input, at);
    case 'project': {
      const expr = relation.exprs[at];
      return expr?.kind === 'column' && isDirect(relation.input, expr.index);
    }
    case 'union': return relation.inputs.every((input) => isDirect(input, at));
    default: return false;
  }
}

/** Nodes that put columns behind the input's: the arrival column goes behind those. */
function besides(
  relation: Relation & { kind: 'flatMap' | 'window' }, of: Relation, hidden: RelationColumn,
): Threaded | null {
  const input = threadArrival(of, hidden);
  if (input === null) return null;
  const width = of.columns.length;
  const grown = input.relation.columns.length - width;
  const added = relation.columns.slice(width);
  const node = {
    ...relation, input: input.relation, columns: [...input.relation.columns, ...added],
  } as Relation;
  const old = relation.columns.map((_each, at) => at < width ? at : at + grown);
  return { relation: pick(node, [...old, input.arrival]), arrival: relation.columns.length };
}

function unionArrival(
  relation: Relation & { kind: 'union' }, hidden: RelationColumn,
): Threaded | null {
  const inputs: Relation[] = [];
  const width = relation.columns.length;
  for (const input of relation.inputs) {
    const threaded = threadArrival(input, hidden);
    if (threaded === null) return null;
    const old = Array.from({ length: width }, (_each, at) => at);
    inputs.push(pick(threaded.relation, [...old, threaded.arrival]));
  }
  return {
    relation: { kind: 'union', inputs, columns: [...relation.columns, hidden] },
    arrival: width,
  };
}

/** A threaded relation's arrival column. */
export function arrivalColumn(threaded: Threaded): RelationColumn {
  return must(threaded.relation.columns[threaded.arrival], 'arrival column');
}
