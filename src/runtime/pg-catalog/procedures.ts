/**
 * Numbers of functions: every entry of the function registry, and the functions that types read and
 * write with, which cannot be called but are named by pg_type.
 *
 * Oids are given out in order from 14000; they hold for one build.
 */
import { must } from '../../common/assert.ts';
import type { FunctionEntry } from '../../planner/functions/entry.ts';
import { allFunctions } from '../../planner/functions/registry.ts';
import { TYPE_FACTS } from './type-facts.ts';

const FIRST_PROC = 14000;
const FIRST_OPERATOR = 12000;

/** Functions that stand behind types and access methods. */
const HANDLERS = [
  'array_in', 'array_out', 'array_recv', 'array_send', 'domain_in', 'domain_recv',
  'enum_in', 'enum_out', 'enum_recv', 'enum_send',
  'array_subscript_handler', 'jsonb_subscript_handler', 'raw_array_subscript_handler',
  'array_typanalyze', 'heap_tableam_handler', 'bthandler', 'hashhandler',
] as const;

/** A function with its number; `entry` is null for what cannot be called. */
export interface Procedure {
  readonly oid: number;
  readonly name: string;
  readonly entry: FunctionEntry | null;
}

/** Operators are listed apart; names with a dollar sign are the planner's own. */
function isOperator(entry: FunctionEntry): boolean {
  return /^[^a-z_$"]/i.test(entry.name);
}

function inputNames(): readonly string[] {
  const names = new Set<string>(HANDLERS);
  for (const line of TYPE_FACTS.trim().split('\n')) {
    const words = line.split(' ');
    const input = must(words[9], 'input function');
    const receive = must(words[10], 'receive function');
    const modIn = must(words[11], 'modifier function');
    for (const name of [input, input.replace(/in$/, 'out'), receive,
      receive.replace(/recv$/, 'send'), modIn, modIn.replace(/in$/, 'out')]) names.add(name);
  }
  names.delete('-');
  return [...names].sort();
}

function build(): readonly Procedure[] {
  const entries = allFunctions().filter((entry) => !isOperator(entry)
    && !entry.name.startsWith('$'));
  return [
    ...inputNames().map((name) => ({ name, entry: null })),
    ...entries.map((entry) => ({ name: entry.name, entry })),
  ].map((each, at) => ({ ...each, oid: FIRST_PROC + at }));
}

interface Numbered {
  readonly procedures: readonly Procedure[];
  readonly operators: readonly Procedure[];
  readonly byOid: ReadonlyMap<number, Procedure>;
  readonly byName: ReadonlyMap<string, number>;
}

let numbered: Numbered | null = null;

function all(): Numbered {
  if (numbered !== null) return numbered;
  const procedures = build();
  const operators = allFunctions().filter(isOperator)
    .map((entry, at) => ({ oid: FIRST_OPERATOR + at, name: entry.name, entry }));
  const byName = new Map<string, number>();
  for (const { name, oid } of procedures) if (!byName.has(name)) byName.set(name, oid);
  numbered = {
    procedures, operators, byName,
    byOid: new Map([...procedures, ...operators].map((each) => [each.oid, each])),
  };
  return numbered;
}

/** Every function. */
export function procedures(): readonly Procedure[] {
  return all().procedures;
}

/** Every operator. */
export function operators(): readonly Procedure[] {
  return all().operators;
}

/** A function or operator by its oid, or null. */
export function procByOid(oid: number): Procedure | null {
  return all().byOid.get(oid) ?? null;
}

/** The oid of the first function of a name, or 0. */
export function procOidByName(name: string): number {
  return all().byName.get(name) ?? 0;
}
