/**
 * The JavaScript that runs first in every sandbox: values in and out, and what scripts may not use.
 *
 * Values that are no plain numbers, strings or booleans cross as JSON of a small structural form
 * (see `pack`). All built-ins are frozen behind it: nothing a call does is seen by the next.
 */

/** Source of the prelude; its value is the object of functions the host calls. */
export const PRELUDE = `(() => {
'use strict';
const { isArray, from } = Array;
const { keys, freeze, getOwnPropertyNames, getOwnPropertySymbols, getOwnPropertyDescriptor,
  getPrototypeOf } = Object;
const { parse, stringify } = JSON;
const Bytes = Uint8Array;
const Big = BigInt;
const Text = String;
const iterator = Symbol.iterator;
const pack = (value) => {
  switch (typeof value) {
    case 'string': case 'boolean': return value;
    case 'number': return Number.isFinite(value) && !Object.is(value, -0) ? value
      : ['n', Object.is(value, -0) ? '-0' : Text(value)];
    case 'bigint': return ['i', Text(value)];
    case 'object': break;
    case 'undefined': return null;
    default: throw new TypeError('a ' + typeof value + ' is no value');
  }
  if (value === null) return null;
  if (value instanceof Bytes) return ['b', from(value)];
  if (value instanceof Map) return ['m', from(value, (pair) => pair.map(pack))];
  if (value instanceof Set) return ['s', from(value, pack)];
  if (isArray(value)) return ['a', ...value.map(pack)];
  if (ArrayBuffer.isView(value)) return ['a', ...from(value, pack)];
  if (typeof value.toJSON === 'function') return pack(value.toJSON());
  const made = ['o'];
  for (const key of keys(value)) made.push(key, pack(value[key]));
  return made;
};
const unpack = (value) => {
  if (!isArray(value)) return value;
  switch (value[0]) {
    case 'i': return Big(value[1]);
    case 'n': return Number(value[1]);
    case 'b': return Bytes.from(value[1]);
    case 'm': return new Map(value[1].map((pair) => pair.map(unpack)));
    case 's': return new Set(value[1].map(unpack));
    case 'a': return value.slice(1).map(unpack);
    default: {
      const made = {};
      for (let at = 1; at < value.length; at += 2) {
        Object.defineProperty(made, value[at], { value: unpack(value[at + 1]), writable: true,
          enumerable: true, configurable: true });
      }
      return made;
    }
  }
};
const out = (value) => {
  switch (typeof value) {
    case 'string': case 'boolean': case 'number': case 'bigint': case 'undefined': return value;
    default: return value === null ? undefined : [stringify(pack(value))];
  }
};
const rows = (result) => {
  if (result === null || result === undefined) return '["a"]';
  if (typeof result !== 'object' || typeof result[iterator] !== 'function') {
    throw new TypeError('a table function yields rows or returns an array of rows');
  }
  const made = ['a'];
  for (const row of result) made.push(pack(row));
  return stringify(made);
};
const fold = (make, state, changes) => {
  const steps = make();
  let now = state === null ? steps.init() : unpack(parse(state));
  for (const [weight, ...args] of parse(changes)) {
    const step = weight > 0 ? steps.accumulate : steps.retract;
    for (let count = weight > 0 ? weight : -weight; count > 0; count--) {
      const next = step(now, ...args.map(unpack));
      if (next !== undefined) now = next;
    }
  }
  return stringify(pack(now));
};
const finish = (make, state) => {
  const { finish } = make();
  const now = unpack(parse(state));
  return out(finish === undefined ? now : finish(now));
};
const retracts = (make) => {
  const { init, accumulate, retract } = make();
  if (typeof init !== 'function' || typeof accumulate !== 'function') {
    throw new SyntaxError('an aggregate needs functions init() and accumulate(state, ...)');
  }
  return typeof retract === 'function';
};
// Work of built-ins counts: a step for every 16 elements or characters they may go through.
const charge = (units) => { for (let left = units / 16; left >= 1; left--); };
const lengthOf = (value) => {
  const length = value === null || value === undefined ? 0 : value.length;
  return typeof length === 'number' ? length : 0;
};
const { apply } = Reflect;
const metered = (holder, names, before, after) => {
  for (const name of names.split(' ')) {
    const native = holder[name];
    if (typeof native !== 'function') continue;
    const wrapper = { [name](...args) {
      if (before !== undefined) charge(before(this, args));
      const result = apply(native, this, args);
      if (after !== undefined) charge(after(result));
      return result;
    } }[name];
    Object.defineProperty(holder, name, { value: wrapper, writable: true, configurable: true });
  }
};
const lists = 'concat copyWithin every fill filter find findIndex findLast findLastIndex '
  + 'flat flatMap forEach includes indexOf join lastIndexOf map reduce reduceRight reverse set '
  + 'shift slice some splice toLocaleString toReversed toSpliced toString unshift with';
for (const holder of [Array.prototype, getPrototypeOf(Uint8Array.prototype)]) {
  metered(holder, lists, (list, args) => 4 * (lengthOf(list) + lengthOf(args[0])));
  metered(holder, 'sort toSorted', (list) => 16 * lengthOf(list));
}
metered(Array, 'from', (_array, args) => lengthOf(args[0]));
metered(String.prototype, 'concat endsWith includes indexOf lastIndexOf localeCompare normalize '
  + 'replace replaceAll slice split startsWith substr substring toLowerCase toUpperCase trim '
  + 'trimEnd trimStart', (text) => (typeof text === 'string' ? text.length : 0));
metered(String.prototype, 'repeat padEnd padStart', undefined, lengthOf);
metered(JSON, 'parse', (_json, args) => lengthOf(args[0]));
metered(JSON, 'stringify', undefined, lengthOf);
metered(Object, 'keys values entries getOwnPropertyNames', undefined, lengthOf);
const absent = (name) => {
  const refuse = function () {
    throw new TypeError(name + ' is not available: functions depend on their arguments alone');
  };
  return refuse;
};
Math.random = absent('Math.random');
globalThis.Date = absent('Date');
globalThis.Date.now = absent('Date.now');
// Own properties of the names may be assigned although the prototypes' are frozen.
const assignable = (holder, key) => {
  const { value } = getOwnPropertyDescriptor(holder, key) ?? {};
  if (value === undefined) return;
  Object.defineProperty(holder, key, { configurable: true, get: () => value, set(given) {
    if (this === holder) throw new TypeError('built-in objects cannot be changed');
    Object.defineProperty(this, key, { value: given, writable: true, enumerable: true,
      configurable: true });
  } });
};
for (const holder of [Object, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError,
  URIError]) {
  for (const key of ['name', 'message', 'toString', 'valueOf', 'constructor']) {
    assignable(holder.prototype, key);
  }
}
const seen = new Set();
const harden = (value) => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
  if (seen.has(value)) return;
  seen.add(value);
  if (value !== globalThis) freeze(value);
  for (const key of [...getOwnPropertyNames(value), ...getOwnPropertySymbols(value)]) {
    const { get, set, value: inner } = getOwnPropertyDescriptor(value, key);
    harden(get);
    harden(set);
    harden(inner);
  }
  harden(getPrototypeOf(value));
};
harden(globalThis);
harden(getPrototypeOf(function* () {}));
harden(getPrototypeOf(async function () {}));
harden(getPrototypeOf([][iterator]()));
harden(getPrototypeOf(new Map()[iterator]()));
harden(getPrototypeOf(new Set()[iterator]()));
harden(getPrototypeOf(''[iterator]()));
harden(getPrototypeOf('a'.matchAll(/a/g)));
freeze(globalThis);
return { unpack: (text) => unpack(parse(text)), out, rows, fold, finish, retracts };
})()`;
