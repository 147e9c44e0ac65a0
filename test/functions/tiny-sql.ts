/**
 * A tiny expression evaluator over the function registry, for running the registry's examples.
 *
 * Knows literals, casts, operators by precedence, calls, ARRAY, ROW, and one aggregate over a
 * VALUES list. Overloads are chosen as in PostgreSQL's manual, chapter "Type Conversion", shortened.
 */
import {
  castBetween, evaluatorOf, functionsByName,
} from '../../src/planner/functions/registry.ts';
import { ExactSum } from '../../src/common/exact-sum.ts';
import { NumericSum } from '../../src/common/numeric-sum.ts';
import * as finish from '../../src/planner/functions/finish.ts';
import type {
  AggregateFunction, EvaluationContext, FunctionEntry, SignatureType,
} from '../../src/planner/functions/entry.ts';
import {
  compareValues, formatType, formatValue, parseValue, typeByName, typeDefinition,
} from '../../src/common/types/registry.ts';
import { applyTypmod } from '../../src/common/types/typmod.ts';
import { settingsOf } from '../../src/planner/functions/context.ts';
import { arrayOf, sameType } from '../../src/common/types/sql-type.ts';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import { parseNumeric } from '../../src/common/types/numeric.ts';
import { addInterval } from '../../src/common/types/interval.ts';
import { sqlArray } from '../../src/common/values.ts';
import type { SqlArray, Value } from '../../src/common/values.ts';

export const CONTEXT: EvaluationContext = {
  timeZone: 'UTC', dateStyle: 'ISO, MDY', intervalStyle: 'postgres', extraFloatDigits: 1,
  now: 1_700_000_000_000_000n,
};

export interface Typed { readonly type: SqlType; readonly value: Value }
interface Scope { readonly names: readonly string[]; readonly rows: readonly (readonly Typed[])[] }

const TOKEN = /\s+|('(?:[^']|'')*')|([eE]'(?:\\[\s\S]|[^'\\]|'')*')|(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|("(?:[^"]|"")*"|[A-Za-z_$][\w$]*)|(::|:=|=>|[()[\],;:])|([-+*/<>=~!@#%^&|?]+)/y;

interface Token { readonly kind: 'string' | 'estring' | 'number' | 'word' | 'punct' | 'op' | 'end'; readonly text: string; readonly quoted?: boolean }

function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < sql.length) {
    const start = TOKEN.lastIndex;
    const m = TOKEN.exec(sql);
    if (m === null) throw new Error(`cannot read at ${start}: ${sql.slice(start, start + 20)}`);
    if (m[1] !== undefined) tokens.push({ kind: 'string', text: m[1].slice(1, -1).replaceAll("''", "'") });
    else if (m[2] !== undefined) tokens.push({ kind: 'string', text: unescape(m[2].slice(2, -1)) });
    else if (m[3] !== undefined) tokens.push({ kind: 'number', text: m[3] });
    else if (m[4] !== undefined) {
      tokens.push(m[4].startsWith('"') ? { kind: 'word', text: m[4].slice(1, -1), quoted: true }
        : { kind: 'word', text: m[4].toLowerCase() });
    } else if (m[5] !== undefined) tokens.push({ kind: 'punct', text: m[5] });
    else if (m[6] !== undefined) {
      let op = m[6];
      // As PostgreSQL: a trailing + or - belongs to the next token unless the operator is exotic.
      while (op.length > 1 && /[-+]$/.test(op) && !/[~!@#%^&|?]/.test(op)) op = op.slice(0, -1);
      TOKEN.lastIndex = start + op.length;
      tokens.push({ kind: 'op', text: op });
    }
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

function unescape(text: string): string {
  return text.replaceAll("''", "'").replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{1,2}|[\s\S])/g, (_m, code: string) => {
    if (code.length > 1) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    return ({ n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' } as Record<string, string>)[code] ?? code;
  });
}

const UNKNOWN: SqlType = { name: 'unknown' };
const BOOL: SqlType = { name: 'boolean' };

function coerce(value: Typed, type: SqlType, explicit = false): Typed {
  if (value.type.name === 'unknown') {
    return { type, value: value.value === null ? null
      : explicit ? applyTypmod(parseValue(String(value.value), { ...type, mods: undefined } as unknown as SqlType, settingsOf(CONTEXT)), type, true)
      : parseValue(String(value.value), type, settingsOf(CONTEXT)) };
  }
  const cast = castBetween(value.type, type);
  if (cast === null) throw new Error(`cannot cast type ${formatType(value.type)} to ${formatType(type)}`);
  if (value.value === null) return { type, value: null };
  return { type, value: applyTypmod(cast.evaluate(CONTEXT, value.value), type, explicit) };
}

function implicit(from: SqlType, to: SqlType): boolean {
  if (from.name === 'unknown') return true;
  return castBetween(from, to)?.context === 'implicit';
}

interface Match { readonly entry: FunctionEntry; readonly types: readonly SqlType[]; readonly result: SqlType; readonly exact: number; readonly preferred: number }

const POLY = new Set(['anyelement', 'anyarray', 'any', 'anynonarray', 'anycompatible', 'anycompatiblearray']);

function isConcrete(type: SignatureType): type is SqlType { return !POLY.has(type.name); }

function match(entry: FunctionEntry, args: readonly SqlType[]): Match | null {
  const wanted: SignatureType[] = [...entry.args];
  if (entry.variadic) {
    const last = wanted.pop() as SignatureType;
    const item = last;
    if (args.length < wanted.length) return null;
    while (wanted.length < args.length) wanted.push(item);
  }
  if (wanted.length !== args.length) return null;
  let element: SqlType | null = null;
  for (let i = 0; i < wanted.length; i++) {
    const w = wanted[i] as SignatureType; const a = args[i] as SqlType;
    if (a.name === 'unknown') continue;
    if (w.name === 'anynonarray' && a.name === 'array') return null;
    if (w.name === 'anyelement' || w.name === 'anycompatible') {
      if (element === null || implicit(element, a)) element = a;
      else if (!implicit(a, element)) return null;
    } else if (w.name === 'anyarray' || w.name === 'anycompatiblearray') {
      if (a.name !== 'array' || a.element === undefined) return null;
      if (element === null || implicit(element, a.element)) element = a.element;
      else if (!implicit(a.element, element)) return null;
    }
  }
  element ??= { name: 'text' };
  let exact = 0; let preferred = 0;
  const types: SqlType[] = [];
  for (let i = 0; i < wanted.length; i++) {
    const w = wanted[i] as SignatureType; const a = args[i] as SqlType;
    const target: SqlType = isConcrete(w) ? (w.name === 'record' && a.name === 'record' ? a : w) : w.name === 'any' || w.name === 'anynonarray' ? (a.name === 'unknown' ? { name: 'text' } : a)
      : w.name.endsWith('array') ? arrayOf(element) : element;
    if (a.name !== 'unknown' && !implicit(a, target)) return null;
    if (a.name !== 'unknown' && sameType(a, target)) exact++;
    if (isConcrete(w) && typeDefinition(target).preferred) preferred++;
    types.push(target);
  }
  const r = entry.result;
  const result: SqlType = isConcrete(r) ? r : r.name.endsWith('array') ? arrayOf(element) : element;
  return { entry, types, result, exact, preferred };
}

function choose(name: string, args: readonly SqlType[], kinds: readonly string[]): Match {
  const all = functionsByName(name).filter((e) => kinds.includes(e.kind));
  let found = all.map((e) => match(e, args)).filter((m) => m !== null);
  if (found.length === 0) throw new Error(`function ${name}(${args.map(formatType).join(', ')}) does not exist`);
  // An unknown literal of a binary operator is first taken as the other side's type.
  if (args.length === 2 && /\W/.test(name)) {
    const known = args.find((a) => a.name !== 'unknown');
    const same = found.filter((m) => known !== undefined && m.types.every((t) => sameType(t, known)));
    if (args.some((a) => a.name === 'unknown') && same.length > 0) found = same;
  }
  const best = Math.max(...found.map((m) => m.exact));
  found = found.filter((m) => m.exact === best);
  if (found.length > 1) {
    const concrete = found.filter((m) => m.entry.args.every(isConcrete));
    if (concrete.length > 0) found = concrete;
  }
  if (found.length > 1) {
    for (let i = 0; i < args.length; i++) {
      if (args[i]?.name !== 'unknown') continue;
      const strings = found.filter((m) => typeDefinition(m.types[i] as SqlType).category === 'S');
      if (strings.length > 0) found = strings;
    }
  }
  const pref = Math.max(...found.map((m) => m.preferred));
  found = found.filter((m) => m.preferred === pref);
  return found[0] as Match;
}

export function call(name: string, args: readonly Typed[]): Typed {
  const m = choose(name, args.map((a) => a.type), ['scalar', 'table']);
  const values = args.map((a, i) => coerce(a, m.types[i] as SqlType).value);
  if (m.entry.kind === 'table') {
    if (m.entry.nulls === 'propagate' && values.includes(null)) return { type: m.result, value: null };
    const rows = [...m.entry.evaluate(CONTEXT, ...values)];
    const columns = m.entry.columns(m.types);
    const items = rows.map((r) => (columns.length === 1 ? r[0] ?? null : { kind: 'record' as const, values: r }));
    const only = columns.length === 1 ? columns[0]?.type : undefined;
    // array(SELECT ...) over arrays has a dimension more.
    if (only?.name === 'array') {
      const arrays = items as SqlArray[];
      const dims = arrays.length === 0 ? [] : [arrays.length, ...(arrays[0]?.dims ?? [])];
      return { type: only, value: { kind: 'array', dims, lowerBounds: dims.map(() => 1), elements: arrays.flatMap((a) => a.elements) } };
    }
    const type: SqlType = columns.length === 1 ? (columns[0] as { type: SqlType }).type : { name: 'record', fields: columns };
    return { type: arrayOf(type), value: sqlArray(items) };
  }
  if (m.entry.kind !== 'scalar') throw new Error('not scalar');
  if (m.entry.nulls === 'propagate' && values.includes(null)) return { type: m.result, value: null };
  return { type: m.result, value: evaluatorOf(m.entry, m.types, m.result)(CONTEXT, ...values) };
}

/** Naive aggregate over rows, with the helpers the runtime uses. */
export function runAggregate(entry: AggregateFunction, result: SqlType, rows: readonly (readonly Value[])[], types: readonly SqlType[]): Value {
  const kept = entry.skipsNull ? rows.filter((r) => r.length === 0 || r[0] !== null) : rows;
  if (kept.length === 0) return entry.empty;
  const s = entry.strategy;
  const firsts = kept.map((r) => r[0] ?? null);
  switch (s.kind) {
    case 'count': return BigInt(kept.length);
    case 'extreme': return firsts.reduce((a, b) => (compareValues(a, b, types[0] as SqlType) * (s.direction === 'min' ? 1 : -1) <= 0 ? a : b));
    case 'bool': return s.op === 'and' ? !firsts.includes(false) : firsts.includes(true);
    case 'collect': return s.finish(kept, types);
    case 'sum': case 'avg': {
      const n = BigInt(kept.length);
      if (s.of === 'int') {
        const sum = firsts.reduce<bigint>((a, b) => a + BigInt(b as number), 0n);
        if (s.kind === 'avg') return finish.finishAvgInt(sum, n);
        return result.name === 'numeric' ? finish.finishSumNumeric(sum) : finish.finishSumInt8(sum);
      }
      if (s.of === 'numeric') {
        const sum = new NumericSum();
        for (const v of firsts) sum.add(v as never, 1);
        return s.kind === 'avg' ? finish.finishAvgNumeric(sum.value(), n) : sum.value();
      }
      if (s.of === 'float') {
        const sum = new ExactSum();
        for (const v of firsts) sum.add(v as number);
        if (s.kind === 'avg') return finish.finishAvgFloat(sum.value(), n);
        return result.name === 'float4' ? finish.finishSumFloat4(sum.value(), sum.hasSpecial()) : finish.finishSumFloat8(sum.value(), sum.hasSpecial());
      }
      const sum = firsts.map((v) => v as never).reduce((a, b) => addInterval(a, b) as never);
      return s.kind === 'avg' ? finish.finishAvgInterval(sum, n) : sum;
    }
  }
}

/** Binary operators by binding strength; other symbols bind at 6. */
const LEVELS: Record<string, number> = { or: 1, and: 2, '=': 4, '<': 4, '>': 4, '<=': 4, '>=': 4, '<>': 4, '!=': 4, '+': 7, '-': 7, '*': 8, '/': 8, '%': 8, '^': 9 };

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #scope: Scope | null = null;
  #row: readonly Typed[] = [];
  constructor(sql: string) { this.#tokens = tokenize(sql); }
  #peek(offset = 0): Token { return this.#tokens[this.#at + offset] ?? { kind: 'end', text: '' }; }
  #next(): Token { const t = this.#peek(); this.#at++; return t; }
  #is(text: string): boolean { const t = this.#peek(); return t.kind !== 'string' && t.text === text && t.quoted !== true; }
  #accept(text: string): boolean { if (!this.#is(text)) return false; this.#at++; return true; }
  #expect(text: string): void { if (!this.#accept(text)) throw new Error(`expected ${text}, found ${this.#peek().text}`); }

  all(): Typed { const v = this.expression(0); if (this.#peek().kind !== 'end') throw new Error(`junk: ${this.#peek().text}`); return v; }

  expression(min: number): Typed {
    let left = this.#prefix();
    for (;;) {
      const t = this.#peek();
      if (t.kind === 'op') {
        const level = LEVELS[t.text] ?? 6;
        if (level < min + (min === 0 ? 0 : 0) || level <= min - 1) return left;
        if (level <= min && min !== 0) return left;
        this.#at++;
        if ((this.#is('any') || this.#is('all'))) { left = this.#quantified(t.text, left); continue; }
        left = call(t.text, [left, this.expression(level)]);
      } else if (t.kind === 'word' && t.quoted !== true) {
        const next = this.#word(t.text, left, min);
        if (next === null) return left;
        left = next;
      } else return left;
    }
  }

  #quantified(op: string, left: Typed): Typed {
    const all = this.#next().text === 'all';
    this.#expect('('); const array = this.expression(0); this.#expect(')');
    if (array.value === null || left.value === null) return { type: BOOL, value: null };
    const results = (array.value as SqlArray).elements.map((value) => call(op, [left, { type: array.type.element as SqlType, value }]).value);
    const decisive = results.includes(!all);
    return { type: BOOL, value: decisive ? !all : results.includes(null) ? null : all };
  }

  #word(word: string, left: Typed, min: number): Typed | null {
    switch (word) {
      case 'and': case 'or': {
        const level = word === 'or' ? 1 : 2;
        if (level <= min) return null;
        this.#at++;
        const right = coerce(this.expression(level), BOOL).value; const l = coerce(left, BOOL).value;
        if (word === 'and') return { type: BOOL, value: l === false || right === false ? false : l === null || right === null ? null : true };
        return { type: BOOL, value: l === true || right === true ? true : l === null || right === null ? null : false };
      }
      case 'is': {
        if (min > 3) return null;
        this.#at++; const not = this.#accept('not'); const w = this.#next().text;
        const v = left.value;
        const yes = w === 'null' ? v === null : w === 'true' ? v === true : v === false;
        return { type: BOOL, value: yes !== not };
      }
      case 'at': if (this.#peek(1).text !== 'time') return null;
        if (min >= 11) return null;
        this.#at += 3; return call('timezone', [this.expression(11), left]);
      case 'not': case 'like': case 'ilike': case 'similar': {
        if (min >= 5) return null;
        const not = this.#accept('not'); const w = this.#next().text;
        if (w === 'similar') { this.#expect('to'); const p = this.expression(5); const esc = this.#accept('escape') ? [this.expression(5)] : []; return call(not ? '!~' : '~', [left, call('similar_to_escape', [p, ...esc])]); }
        let pattern = this.expression(5);
        if (this.#accept('escape')) pattern = call('like_escape', [pattern, this.expression(5)]);
        return call(`${not ? '!' : ''}~~${w === 'ilike' ? '*' : ''}`, [left, pattern]);
      }
      default: return null;
    }
  }

  #prefix(): Typed {
    const t = this.#peek();
    if (t.kind === 'op') {
      this.#at++;
      const level = t.text === '-' || t.text === '+' ? 10 : 6;
      if (t.text === '-' && this.#peek().kind === 'number') {
        const operand = this.#postfix(this.#primary());
        return call('-', [operand]);
      }
      return call(t.text, [this.expression(level)]);
    }
    if (this.#is('not')) { this.#at++; const v = coerce(this.expression(3), BOOL).value; return { type: BOOL, value: v === null ? null : v === false }; }
    return this.#postfix(this.#primary());
  }

  #postfix(start: Typed): Typed {
    let value = start;
    for (;;) {
      if (this.#accept('::')) value = coerce(value, this.#type(), true);
      else if (this.#is('[')) value = this.#subscript(value);
      else return value;
    }
  }

  #subscript(value: Typed): Typed {
    const indexes: Typed[] = []; const bounds: (readonly [Typed | null, Typed | null])[] = []; let slice = false;
    while (this.#accept('[')) {
      const low = this.#is(':') ? null : this.expression(0);
      if (this.#accept(':')) { slice = true; bounds.push([low, this.#is(']') ? null : this.expression(0)]); } else { indexes.push(low as Typed); bounds.push([null, low]); }
      this.#expect(']');
    }
    if (!slice) return call('$subscript', [value, ...indexes]);
    const bound = (b: Typed | null): Typed => ({ type: { name: 'int4' }, value: b?.value ?? null });
    return call('$slice', [value, ...bounds.flatMap((b) => [bound(b[0]), bound(b[1])])]);
  }

  #type(): SqlType {
    let name = this.#peek().quoted === true ? `"${this.#next().text}"` : this.#next().text;
    if (name === 'double') name += ` ${this.#next().text}`;
    if (name === 'character' && this.#accept('varying')) name = 'varchar';
    let mods: number[] | undefined;
    if (this.#accept('(')) { mods = []; do { const sign = this.#accept('-') ? -1 : 1; mods.push(sign * Number(this.#next().text)); } while (this.#accept(',')); this.#expect(')'); }
    if ((name === 'timestamp' || name === 'time') && (this.#is('with') || this.#is('without'))) { const z = this.#next().text; this.#at += 2; if (z === 'with') name += 'tz'; }
    let type = typeByName(name);
    if (type === null) throw new Error(`type "${name}" does not exist`);
    if (mods !== undefined) type = { ...type, mods };
    else if (name === 'char' || name === 'character') type = { ...type, mods: [1] };
    while (this.#is('[') && (this.#peek(1).text === ']')) { this.#at += 2; if (type.name !== 'array') type = arrayOf(type); }
    return type;
  }

  #primary(): Typed {
    const t = this.#next();
    switch (t.kind) {
      case 'string': return { type: UNKNOWN, value: t.text };
      case 'number': return numberLiteral(t.text);
      case 'punct': if (t.text === '(') {
        if (this.#is('select')) return this.#select();
        const first = this.expression(0);
        if (this.#is(',')) { const items = [first]; while (this.#accept(',')) items.push(this.expression(0)); this.#expect(')'); return record(items); }
        this.#expect(')');
        return first;
      } break;
      case 'word': return this.#wordPrimary(t);
      default: break;
    }
    throw new Error(`unexpected ${t.text}`);
  }

  #wordPrimary(t: Token): Typed {
    if (t.quoted !== true) {
      switch (t.text) {
        case 'null': return { type: UNKNOWN, value: null };
        case 'current_date': return { type: { name: 'date' }, value: Number(CONTEXT.now / 86_400_000_000n) };
        case 'true': case 'false': return { type: BOOL, value: t.text === 'true' };
        case 'cast': { this.#expect('('); const v = this.expression(0); this.#expect('as'); const type = this.#type(); this.#expect(')'); return coerce(v, type, true); }
        case 'array': return this.#array();
        case 'row': if (this.#is('(')) { this.#at++; const items = this.#list(); return record(items); } break;
        case 'extract': { this.#expect('('); const f = this.#next().text; this.#expect('from'); const v = this.expression(0); this.#expect(')'); return call('extract', [{ type: { name: 'text' }, value: f }, v]); }
        case 'interval': case 'date': case 'timestamp': case 'timestamptz': case 'time': case 'numeric': case 'jsonb': case 'json': case 'text': case 'float8': case 'int8': case 'uuid': case 'bytea':
          if (this.#peek().kind === 'string') return coerce({ type: UNKNOWN, value: this.#next().text }, typeByName(t.text) as SqlType, true);
          break;
        default: break;
      }
    }
    if (t.text === 'position' && this.#accept('(')) {
      const part = this.expression(6); this.#expect('in'); const whole = this.expression(0); this.#expect(')');
      return call('position', [whole, part]);
    }
    if (/^nfk?[cd]$/.test(t.text)) return { type: { name: 'text' }, value: t.text.toUpperCase() };
    if (this.#accept('(')) return call(t.text, this.#list());
    const index = this.#scope?.names.indexOf(t.text) ?? -1;
    if (index >= 0) return this.#row[index] as Typed;
    throw new Error(`column "${t.text}" does not exist`);
  }

  #list(): Typed[] {
    const items: Typed[] = [];
    if (this.#accept(')')) return items;
    do { this.#accept('variadic'); items.push(this.expression(0)); } while (this.#accept(','));
    this.#expect(')');
    return items;
  }

  #array(): Typed {
    this.#expect('[');
    const items: Typed[] = [];
    if (!this.#accept(']')) {
      do items.push(this.#is('[') ? this.#array() : this.expression(0)); while (this.#accept(','));
      this.#expect(']');
    }
    return makeArray(items);
  }

  #select(): Typed {
    this.#expect('select');
    const start = this.#at;
    let depth = 0;
    while (depth > 0 || !this.#is('from')) { const t = this.#next(); if (t.kind === 'punct' && t.text === '(') depth++; if (t.kind === 'punct' && t.text === ')') depth--; }
    this.#expect('from'); this.#expect('('); this.#expect('values');
    const rows: Typed[][] = [];
    do { this.#expect('('); rows.push(this.#list()); } while (this.#accept(','));
    this.#expect(')'); this.#expect('as'); this.#next(); this.#expect('(');
    const names: string[] = [];
    do names.push(this.#next().text); while (this.#accept(','));
    this.#expect(')'); this.#expect(')');
    const end = this.#at;
    const types = names.map((_n, c) => common(rows.map((r) => (r[c] as Typed).type)));
    const typed = rows.map((r) => r.map((v, c) => coerce(v, types[c] as SqlType)));
    this.#scope = { names, rows: typed };
    const result = this.#aggregate(start, typed, typed[0] ?? []);
    this.#at = end;
    this.#scope = null;
    return result;
  }

  #aggregate(start: number, rows: readonly (readonly Typed[])[], sample: readonly Typed[]): Typed {
    const evaluate = (row: readonly Typed[]): { args: Typed[]; order: Typed[]; desc: boolean; within: boolean; name: string } => {
      this.#at = start; this.#row = row;
      const name = this.#next().text; this.#expect('(');
      let args: Typed[] = []; let order: Typed[] = []; let desc = false; let within = false;
      if (this.#accept('*')) this.#expect(')');
      else if (!this.#accept(')')) {
        do args.push(this.expression(0)); while (this.#accept(','));
        if (this.#accept('order')) { this.#expect('by'); order = [this.expression(0)]; desc = this.#accept('desc'); }
        this.#expect(')');
      }
      if (this.#accept('within')) { this.#expect('group'); this.#expect('('); this.#expect('order'); this.#expect('by'); within = true; order = [this.expression(0)]; desc = this.#accept('desc'); this.#expect(')'); args = [...args, ...order]; }
      return { args, order, desc, within, name };
    };
    const first = evaluate(sample);
    const m = choose(first.name, first.args.map((a) => a.type), ['aggregate']);
    if (m.entry.kind !== 'aggregate') throw new Error('no aggregate');
    const evaluated = rows.map((row) => { const e = evaluate(row); return { args: e.args.map((a, i) => coerce(a, m.types[i] as SqlType).value), order: e.order }; });
    if (first.order.length > 0) evaluated.sort((a, b) => (first.desc ? -1 : 1) * compareValues((a.order[0] as Typed).value, (b.order[0] as Typed).value, (a.order[0] as Typed).type));
    return { type: m.result, value: runAggregate(m.entry, m.result, evaluated.map((e) => e.args), m.types) };
  }
}

function common(types: readonly SqlType[]): SqlType {
  const known = types.filter((t) => t.name !== 'unknown');
  let best = known[0] ?? { name: 'text' as const };
  for (const t of known) if (!sameType(best, t) && implicit(best, t)) best = t;
  return best;
}

function makeArray(items: readonly Typed[]): Typed {
  const nested = items.some((i) => i.type.name === 'array');
  const type = common(items.map((i) => i.type));
  const values = items.map((i) => coerce(i, type).value);
  if (!nested) return { type: arrayOf(type), value: sqlArray(values) };
  const arrays = values as SqlArray[];
  const dims = [arrays.length, ...(arrays[0]?.dims ?? [])];
  return { type, value: { kind: 'array', dims, lowerBounds: dims.map(() => 1), elements: arrays.flatMap((a) => a.elements) } };
}

function record(items: readonly Typed[]): Typed {
  const typed = items.map((i) => (i.type.name === 'unknown' ? coerce(i, { name: 'text' }) : i));
  return { type: { name: 'record', fields: typed.map((i, n) => ({ name: `f${n + 1}`, type: i.type })) }, value: { kind: 'record', values: typed.map((i) => i.value) } };
}

function numberLiteral(text: string): Typed {
  if (/^\d+$/.test(text)) {
    const big = BigInt(text);
    if (big <= 2147483647n) return { type: { name: 'int4' }, value: Number(text) };
    if (big <= 9223372036854775807n) return { type: { name: 'int8' }, value: big };
  }
  return { type: { name: 'numeric' }, value: parseNumeric(text) };
}

/** The value of an expression with its type. */
export function evaluateTyped(sql: string): Typed { return new Parser(sql).all(); }

/** The value of an expression as a cast to text gives it. */
export function evaluateText(sql: string): string | null {
  const { type, value } = evaluateTyped(sql);
  if (value === null) return null;
  if (type.name === 'boolean') return value === true ? 'true' : 'false';
  if (type.name === 'bpchar') return String(value).trimEnd();
  return formatValue(value, type, settingsOf(CONTEXT));
}
