/**
 * pg_type, and the look-up of types by oid and name.
 *
 * Base types and their arrays come from TYPE_FACTS, domains of information_schema from columns.ts.
 */
import { must } from '../../common/assert.ts';
import {
  formatType, typeByName, typeByOid, typeOid, typmodOf,
} from '../../common/types/registry.ts';
import { INFORMATION_SCHEMA, PG_CATALOG_SCHEMA } from '../catalog-store.ts';
import { DOMAINS } from './columns.ts';
import type { CatalogRow } from './content.ts';
import { C_COLLATION, DEFAULT_COLLATION } from './oids.ts';
import { procOidByName } from './procedures.ts';
import { TYPE_FACTS } from './type-facts.ts';

/** What pg_type holds of a type. */
export interface TypeFact {
  readonly name: string;
  readonly oid: number;
  readonly length: number;
  readonly byValue: boolean;
  readonly kind: string;
  readonly category: string;
  readonly preferred: boolean;
  readonly element: number;
  readonly array: number;
  readonly input: string;
  readonly receive: string;
  readonly modIn: string;
  readonly align: string;
  readonly storage: string;
  readonly collation: number;
  readonly schema: number;
  /** The base type of a domain, or 0. */
  readonly base: number;
  readonly baseMod: number;
}

function parseFact(line: string): TypeFact {
  const words = line.split(' ');
  const word = (at: number): string => must(words[at], 'type fact');
  const number = (at: number): number => Number(word(at));
  return {
    name: word(0), oid: number(1), length: number(2), byValue: word(3) === 't', kind: word(4),
    category: word(5), preferred: word(6) === 't', element: number(7), array: number(8),
    input: word(9), receive: word(10), modIn: word(11), align: word(12), storage: word(13),
    collation: number(14), schema: PG_CATALOG_SCHEMA, base: 0, baseMod: -1,
  };
}

function arrayFact(of: TypeFact): TypeFact {
  return {
    ...of, name: `_${of.name}`, oid: of.array, length: -1, byValue: false, kind: of.kind === 'p'
      ? 'p' : 'b', category: of.kind === 'p' ? 'P' : 'A', preferred: false, element: of.oid,
    array: 0, input: 'array_in', receive: 'array_recv', storage: 'x',
    align: of.align === 'd' ? 'd' : 'i', base: 0, baseMod: -1,
  };
}

const DOMAIN_OIDS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['cardinal_number', [13221, 13220]], ['character_data', [13224, 13223]],
  ['sql_identifier', [13226, 13225]], ['time_stamp', [13232, 13231]],
  ['yes_or_no', [13234, 13233]],
]);

function domainFact(name: string, facts: readonly TypeFact[]): TypeFact {
  const base = must(DOMAINS.get(name), 'domain');
  const baseOid = typeOid(base);
  const of = must(facts.find((fact) => fact.oid === baseOid), 'base type of a domain');
  const [oid, array] = must(DOMAIN_OIDS.get(name), 'oids of a domain');
  return {
    ...of, name, oid, array, kind: 'd', preferred: false, element: 0, input: 'domain_in',
    receive: 'domain_recv', modIn: '-', schema: INFORMATION_SCHEMA, base: baseOid,
    baseMod: typmodOf(base),
  };
}

function allFacts(): readonly TypeFact[] {
  const base = TYPE_FACTS.trim().split('\n').map(parseFact);
  const domains = [...DOMAINS.keys()].map((name) => domainFact(name, base));
  const elements = [...base, ...domains];
  return [...elements, ...elements.filter((fact) => fact.array !== 0).map(arrayFact)];
}

/** Every type. */
export const TYPES: readonly TypeFact[] = allFacts();
const BY_OID: ReadonlyMap<number, TypeFact> = new Map(TYPES.map((fact) => [fact.oid, fact]));
const BY_NAME: ReadonlyMap<string, TypeFact> = new Map(TYPES.map((fact) => [fact.name, fact]));

/** What pg_type holds of an oid, or null. */
export function typeFact(oid: number): TypeFact | null {
  return BY_OID.get(oid) ?? null;
}

/** How regtype shows an oid, or null. */
export function typeNameOf(oid: number): string | null {
  const type = typeByOid(oid);
  if (type !== null) return oid === 18 ? '"char"' : formatType(type);
  const fact = typeFact(oid);
  if (fact === null) return null;
  const element = fact.element === 0 ? null : typeFact(fact.element);
  const shown = fact.category === 'A' && element !== null ? `${element.name}[]`
    : fact.kind === 'p' && fact.name.startsWith('_') ? `${fact.name.slice(1)}[]` : fact.name;
  const quoted = shown === 'any' ? '"any"' : shown;
  return fact.schema === INFORMATION_SCHEMA ? `information_schema.${quoted}` : quoted;
}

/** The oid of a type's name as SQL writes it, or null. */
export function typeOidOf(text: string): number | null {
  const unqualified = text.trim().replace(/\([^)]*\)/, '')
    .replace(/^"?(pg_catalog|information_schema)"?\s*\./, '');
  const plain = unqualified === '"char"' ? unqualified
    : unqualified.replace(/^"([^"]*)"/, '$1');
  const type = typeByName(plain);
  if (type !== null) return typeOid(type);
  const name = plain.toLowerCase().replaceAll('"', '');
  const element = /^(.*)\[\]$/.exec(name)?.[1];
  return (element === undefined ? BY_NAME.get(name) : BY_NAME.get(`_${element}`))?.oid ?? null;
}

function proc(name: string): number {
  return name === '-' ? 0 : procOidByName(name);
}

function outputOf(fact: TypeFact): string {
  if (fact.kind === 'd') {
    return must(BY_OID.get(fact.base), 'base type').input.replace(/in$/, 'out');
  }
  return fact.input.replace(/in$/, 'out');
}

function sendOf(fact: TypeFact): string {
  const receive = fact.kind === 'd' ? must(BY_OID.get(fact.base), 'base type').receive
    : fact.receive;
  return receive.replace(/recv$/, 'send');
}

function typeRow(fact: TypeFact): CatalogRow {
  const vector = fact.name === 'int2vector' || fact.name === 'oidvector';
  const subscript = fact.category === 'A' ? 'array_subscript_handler'
    : fact.name === 'jsonb' ? 'jsonb_subscript_handler'
    : fact.name === 'name' ? 'raw_array_subscript_handler' : '-';
  return Object.freeze({
    oid: fact.oid, typname: fact.name, typnamespace: fact.schema, typowner: 10,
    typlen: fact.length, typbyval: fact.byValue, typtype: fact.kind,
    typcategory: fact.category, typispreferred: fact.preferred, typisdefined: true,
    typdelim: ',', typrelid: 0, typsubscript: proc(subscript), typelem: fact.element,
    typarray: fact.array, typinput: proc(fact.input), typoutput: proc(outputOf(fact)),
    typreceive: proc(fact.receive), typsend: proc(sendOf(fact)), typmodin: proc(fact.modIn),
    typmodout: proc(fact.modIn.replace(/in$/, 'out')), typanalyze: fact.category === 'A' && !vector
      ? proc('array_typanalyze') : 0,
    typalign: fact.align, typstorage: fact.storage, typnotnull: false, typbasetype: fact.base,
    typtypmod: fact.baseMod, typndims: 0,
    typcollation: fact.collation === 0 ? 0 : fact.name === 'name' ? C_COLLATION
      : fact.collation === C_COLLATION ? C_COLLATION : DEFAULT_COLLATION,
  });
}

let rows: readonly CatalogRow[] | null = null;

/** Rows of pg_type. */
export function typeRows(): readonly CatalogRow[] {
  rows ??= TYPES.map(typeRow);
  return rows;
}
