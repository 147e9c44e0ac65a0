/**
 * The interpreter of LANGUAGE javascript: QuickJS, compiled to WebAssembly.
 *
 * Each function has a runtime of its own that sees nothing of the process: no files, clock,
 * randomness or modules. Work is counted, not timed (the interpreter reports every 10,000 jumps
 * and calls), so that a function that runs too long does so on every machine; memory and stack are
 * bounded. Each call runs in a fresh closure over frozen built-ins: nothing survives it.
 */
import type {
  QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSSyncVariant, QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import { newQuickJSWASMModuleFromVariant, newVariant } from 'quickjs-emscripten-core';
import * as packaged from '@jitl/quickjs-wasmfile-release-sync';
import { must } from '../../common/assert.ts';
import { SqlError, sqlError } from '../../common/errors.ts';
import type {
  Script, ScriptChange, ScriptHost, ScriptSource, ScriptValue,
} from '../../planner/functions/script-host.ts';
import { PRELUDE } from './script-prelude.ts';

/** Memory of the interpreter: what the running call may use, and the built-ins of all. */
const MEMORY_BYTES_MAX = 64 << 20;
const MEMORY_BYTES_MIN = 16 << 20;
const PAGE_BYTES = 65_536;
/** The largest single string, array or buffer. */
const ALLOCATION_BYTES_MAX = 16 << 20;
const STACK_BYTES_MAX = 256 << 10;
/** Reports of work one call may make; each stands for 10,000 jumps and calls. */
const WORK_MAX = 2000;
/**
 * Most time of one call. Work is limited long before in all but hostile code, whose single steps
 * take long; only for that the outcome may depend on the machine.
 */
const CALL_MS_MAX = 10_000;
/** Functions kept compiled; the one unused the longest gives way. */
const SCRIPTS_MAX = 200;

/** The parts of WebAssembly used here, which the type libraries of Node leave out. */
declare const WebAssembly: {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) =>
    { readonly buffer: ArrayBuffer };
};

/** The compiled interpreter, as either module system gives it. */
const VARIANT = ((packaged as unknown as { readonly default: { readonly default?: unknown } })
  .default.default ?? packaged.default) as QuickJSSyncVariant;

let loading: Promise<ScriptHost> | null = null;

/** The interpreter of this process; loaded once, in some 30 ms. */
export function loadScriptHost(): Promise<ScriptHost> {
  loading ??= loadModule().then((module) => new QuickJsHost(module));
  return loading;
}

/** An interpreter with a memory of its own, which cannot grow beyond the maximum. */
function loadModule(): Promise<QuickJSWASMModule> {
  const wasmMemory = new WebAssembly.Memory({
    initial: MEMORY_BYTES_MIN / PAGE_BYTES, maximum: MEMORY_BYTES_MAX / PAGE_BYTES,
  });
  return newQuickJSWASMModuleFromVariant(newVariant(VARIANT, { wasmMemory }));
}

class QuickJsHost implements ScriptHost {
  #module: QuickJSWASMModule;
  #replacing = false;
  readonly #scripts = new Map<string, QuickJsScript>();

  constructor(module: QuickJSWASMModule) {
    this.#module = module;
  }

  get module(): QuickJSWASMModule { return this.#module; }

  /** After it ran out of memory an interpreter may have lost some: another one takes its place. */
  replace(): void {
    if (this.#replacing) return;
    this.#replacing = true;
    void loadModule().then((module) => {
      this.#module = module;
      this.#replacing = false;
    });
  }

  compile(source: ScriptSource): Script {
    const key = JSON.stringify(source);
    const known = this.#scripts.get(key);
    if (known !== undefined) {
      this.#scripts.delete(key);
      this.#scripts.set(key, known);
      return known;
    }
    const script = new QuickJsScript(this, source);
    script.check();
    for (const [oldest, old] of this.#scripts) {
      if (this.#scripts.size < SCRIPTS_MAX) break;
      this.#scripts.delete(oldest);
      old.close();
    }
    this.#scripts.set(key, script);
    return script;
  }
}

/** A function's runtime with what the host calls in it. */
interface Machine {
  readonly module: QuickJSWASMModule;
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
  readonly helpers: QuickJSHandle;
  /** Makes a fresh instance of the function (scalar, table) or of its steps (aggregate). */
  readonly make: QuickJSHandle;
  /** Calls a fresh instance and converts what it returns. */
  readonly entry: QuickJSHandle;
}

class QuickJsScript implements Script {
  readonly #host: QuickJsHost;
  readonly #source: ScriptSource;
  #machine: Machine | null = null;
  #work = 0;
  #startedAt = 0;
  #retracts: boolean | null = null;

  constructor(host: QuickJsHost, source: ScriptSource) {
    this.#host = host;
    this.#source = source;
  }

  /** Compiles: 42601 when the source is wrong. */
  check(): void {
    this.#opened();
    if (this.#source.shape !== 'aggregate') return;
    try {
      this.#retracts = this.#invoke(this.#opened(), 'retracts', [this.#opened().make]) === true;
    } catch (error) {
      throw error instanceof SqlError ? sqlError('42601', error.message) : error;
    }
  }

  get retracts(): boolean {
    const machine = this.#opened();
    if (this.#source.shape !== 'aggregate') return false;
    this.#retracts ??= this.#invoke(machine, 'retracts', [machine.make]) === true;
    return this.#retracts;
  }

  call(args: readonly ScriptValue[]): ScriptValue {
    const machine = this.#opened();
    const { context } = machine;
    const handles = args.map((arg) => argumentHandle(context, arg));
    try {
      return this.#run(machine, machine.entry, handles);
    } finally {
      for (const handle of handles) if (handle.alive) handle.dispose();
    }
  }

  rows(args: readonly ScriptValue[]): readonly ScriptValue[] {
    return unpack(JSON.parse(textOf(this.call(args)))) as readonly ScriptValue[];
  }

  fold(state: string | null, changes: readonly ScriptChange[]): string {
    const machine = this.#opened();
    const { context } = machine;
    const list = changes.map(({ args, weight }) => [weight, ...args.map(pack)]);
    const texts = [state === null ? context.null : context.newString(state),
      context.newString(JSON.stringify(list))];
    try {
      return textOf(this.#invoke(machine, 'fold', [machine.make, ...texts]));
    } finally {
      for (const text of texts) if (text !== context.null) text.dispose();
    }
  }

  finish(state: string): ScriptValue {
    const machine = this.#opened();
    const text = machine.context.newString(state);
    try {
      return this.#invoke(machine, 'finish', [machine.make, text]);
    } finally {
      text.dispose();
    }
  }

  /** Gives the memory back; a runtime that an error left in disorder is forgotten instead. */
  close(): void {
    const machine = this.#machine;
    this.#machine = null;
    if (machine === null) return;
    try {
      for (const handle of [machine.entry, machine.make, machine.helpers]) handle.dispose();
      machine.context.dispose();
      machine.runtime.dispose();
    } catch {
      // The interpreter refuses to free what an error left behind.
    }
  }

  #opened(): Machine {
    const { module } = this.#host;
    if (this.#machine !== null && this.#machine.module === module) return this.#machine;
    this.#machine = this.#open(module);
    return this.#machine;
  }

  #open(module: QuickJSWASMModule): Machine {
    const runtime = module.newRuntime();
    runtime.setMemoryLimit(ALLOCATION_BYTES_MAX);
    runtime.setMaxStackSize(STACK_BYTES_MAX);
    runtime.setInterruptHandler(() => {
      if (performance.now() - this.#startedAt > CALL_MS_MAX) this.#work = WORK_MAX;
      return ++this.#work > WORK_MAX;
    });
    this.#startedAt = performance.now();
    const context = runtime.newContext({ intrinsics: {
      BaseObjects: true, Date: false, Eval: true, StringNormalize: true, RegExp: true,
      RegExpCompiler: true, JSON: true, Proxy: true, MapSet: true, TypedArrays: true,
      Promise: false, BigInt: true,
    } });
    this.#work = 0;
    const helpers = context.unwrapResult(context.evalCode(PRELUDE, 'prelude.js'));
    const make = this.#evaluate(context, makerSource(this.#source));
    const wrapper = this.#evaluate(context, entrySource(this.#source));
    const made = context.callFunction(wrapper, context.undefined, helpers, make);
    wrapper.dispose();
    return { module, runtime, context, helpers, make, entry: context.unwrapResult(made) };
  }

  #evaluate(context: QuickJSContext, text: string): QuickJSHandle {
    const result = context.evalCode(text, `${this.#source.name}.js`);
    if (result.error === undefined) return result.value;
    throw sqlError('42601', this.#errorOf(context, result.error).message);
  }

  #invoke(
    machine: Machine, helper: string, args: readonly QuickJSHandle[],
  ): ScriptValue {
    const code = machine.context.getProp(machine.helpers, helper);
    try {
      return this.#run(machine, code, args);
    } finally {
      code.dispose();
    }
  }

  #run(machine: Machine, code: QuickJSHandle, args: readonly QuickJSHandle[]): ScriptValue {
    const { context } = machine;
    this.#work = 0;
    this.#startedAt = performance.now();
    const result = context.callFunction(code, context.undefined, ...args);
    if (result.error !== undefined) throw this.#errorOf(context, result.error);
    const { value } = result;
    try {
      return resultOf(context, value);
    } finally {
      value.dispose();
    }
  }

  /** The SQL error of what a script threw. */
  #errorOf(context: QuickJSContext, thrown: QuickJSHandle): SqlError {
    const { name } = this.#source;
    const worked = this.#work;
    this.#work = Number.NEGATIVE_INFINITY;
    const text = messageOf(context, thrown);
    thrown.dispose();
    if (worked > WORK_MAX) {
      return sqlError('57014', `canceling function ${name} due to its time limit`, {
        hint: 'A call may make some 20 million steps.',
      });
    }
    if (text === 'InternalError: out of memory') {
      this.#host.replace();
      return sqlError('53200', `out of memory in function ${name}`, {
        detail: `All functions together may use ${MEMORY_BYTES_MAX >> 20} MB.`,
      });
    }
    if (text === 'InternalError: stack overflow') {
      return sqlError('54001', `stack depth limit exceeded in function ${name}`);
    }
    return sqlError('38000', `function ${name}: ${text}`);
  }
}

function messageOf(context: QuickJSContext, thrown: QuickJSHandle): string {
  if (context.typeof(thrown) !== 'object') return context.getString(thrown);
  const part = (key: string): string => {
    const handle = context.getProp(thrown, key);
    const found = context.typeof(handle) === 'string' ? context.getString(handle) : '';
    handle.dispose();
    return found;
  };
  const [name, message] = [part('name'), part('message')];
  if (name === '' && message === '') return 'an object was thrown';
  return message === '' ? name : name === '' ? message : `${name}: ${message}`;
}

/** Only texts, numbers, booleans and NULL cross as they are; see entrySource for the rest. */
function argumentHandle(context: QuickJSContext, value: ScriptValue): QuickJSHandle {
  switch (typeof value) {
    case 'number': return context.newNumber(value);
    case 'string': return context.newString(value);
    case 'boolean': return value ? context.true : context.false;
    case 'bigint': return packedHandle(context, value);
    default: return value === null ? context.null : packedHandle(context, value);
  }
}

/** An array with the packed text in it: what no plain argument is. */
function packedHandle(context: QuickJSContext, value: ScriptValue): QuickJSHandle {
  const array = context.newArray();
  const text = context.newString(JSON.stringify(pack(value)));
  context.setProp(array, 0, text);
  text.dispose();
  return array;
}

function resultOf(context: QuickJSContext, value: QuickJSHandle): ScriptValue {
  switch (context.typeof(value)) {
    case 'undefined': return null;
    case 'string': return context.getString(value);
    case 'number': return context.getNumber(value);
    case 'bigint': return context.getBigInt(value);
    case 'boolean': return context.dump(value) === true;
    default: {
      const text = context.getProp(value, 0);
      const packed = context.getString(text);
      text.dispose();
      return unpack(JSON.parse(packed));
    }
  }
}

/** What the prelude gives as text. */
function textOf(value: ScriptValue): string {
  return must(typeof value === 'string' ? value : undefined, 'a text from the prelude');
}

/** The key that a key of a Map is in an object. */
function keyOf(value: ScriptValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** See `pack` of the prelude. */
function pack(value: ScriptValue): unknown {
  switch (typeof value) {
    case 'string': case 'boolean': return value;
    case 'number': return Number.isFinite(value) && !Object.is(value, -0) ? value
      : ['n', Object.is(value, -0) ? '-0' : String(value)];
    case 'bigint': return ['i', String(value)];
    default: break;
  }
  if (value === null) return null;
  if (value instanceof Uint8Array) return ['b', [...value]];
  if (Array.isArray(value)) return ['a', ...(value as readonly ScriptValue[]).map(pack)];
  return ['o', ...Object.entries(value).flatMap(([key, item]) => [key, pack(item)])];
}

/** See `unpack` of the prelude; Maps arrive as objects, Sets as arrays. */
function unpack(value: unknown): ScriptValue {
  if (!Array.isArray(value)) return value as ScriptValue;
  const items = value as readonly unknown[];
  switch (items[0]) {
    case 'i': return BigInt(String(items[1]));
    case 'n': return Number(items[1]);
    case 'b': return Uint8Array.from(items[1] as readonly number[]);
    case 's': return (items[1] as readonly unknown[]).map(unpack);
    case 'a': return items.slice(1).map(unpack);
    case 'm':
      return Object.fromEntries((items[1] as readonly (readonly unknown[])[]).map((pair) =>
        [keyOf(unpack(pair[0])), unpack(pair[1])]));
    default: {
      const made: (readonly [string, ScriptValue])[] = [];
      for (let at = 1; at < items.length; at += 2) {
        made.push([String(items[at]), unpack(items[at + 1])]);
      }
      return Object.fromEntries(made);
    }
  }
}

const EXPORT = /^[ \t]*export\s+(?:default\s+)?(?=(?:async\s+)?function\b|const\b|let\b|class\b)/gm;

/** A function that makes a fresh instance: of the code, or of an aggregate's steps. */
function makerSource({ shape, name, argNames, body }: ScriptSource): string {
  const plain = body.replace(EXPORT, '');
  if (shape === 'aggregate') {
    const step = (of: string): string => `${of}: typeof ${of} === 'function' ? ${of} : undefined`;
    return `(() => { 'use strict'; ${plain}\n;return { ${
      ['init', 'accumulate', 'retract', 'finish'].map(step).join(', ')} }; })`;
  }
  if (plain !== body) return `(() => { 'use strict'; ${plain}\n;return ${name}; })`;
  const params = argNames.map((arg, at) => (arg === '' ? `$${at + 1}` : arg)).join(', ');
  const generator = shape === 'table' && /\byield\b/.test(body) ? 'function*' : 'function';
  return `(() => { 'use strict'; return ${generator} (${params}) {${body}\n}; })`;
}

/** What the host calls: unpacks arguments, runs a fresh instance, converts its result. */
function entrySource({ shape, argNames }: ScriptSource): string {
  const convert = shape === 'table' ? 'rows' : 'out';
  const params = argNames.map((_name, at) => `a${at}`);
  const values = params.map((param) => `typeof ${param} === 'object' ? value(${param}) : ${param}`);
  return `((helpers, make) => { 'use strict'; const { unpack, ${convert} } = helpers;
    const value = (arg) => arg === null ? null : unpack(arg[0]);
    return (${params.join(', ')}) => ${convert}(make()(${values.join(', ')})); })`;
}
