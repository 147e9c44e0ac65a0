/**
 * The interpreter of LANGUAGE javascript as functions see it: an interface, and the one in use.
 *
 * Scripts are pure: the same source and arguments give the same result in any process, so one
 * interpreter serves all engines. It is installed when an engine opens (runtime/real); without it,
 * calls are refused.
 */
import { sqlError } from '../../common/errors.ts';

/** What goes in and out of a script: JavaScript's plain values. */
export type ScriptValue =
  | null | boolean | number | bigint | string | Uint8Array
  | readonly ScriptValue[] | { readonly [key: string]: ScriptValue };

/** The source of a function. */
export interface ScriptSource {
  readonly shape: 'scalar' | 'table' | 'aggregate';
  /** The function's name: what a body in the style of a module exports. */
  readonly name: string;
  readonly argNames: readonly string[];
  readonly body: string;
}

/** A row that an aggregate takes in (`weight` times), or gives back (-`weight` times). */
export interface ScriptChange {
  readonly args: readonly ScriptValue[];
  readonly weight: number;
}

/** A compiled function. Errors are SqlErrors: 38000, 57014, 53200, 54001. */
export interface Script {
  /** Calls a scalar function. */
  call(args: readonly ScriptValue[]): ScriptValue;
  /** The rows a table function gives. */
  rows(args: readonly ScriptValue[]): readonly ScriptValue[];
  /** True for an aggregate that can take rows back. */
  readonly retracts: boolean;
  /** The state of an aggregate after changes, as text; from `init()` when the state is null. */
  fold(state: string | null, changes: readonly ScriptChange[]): string;
  /** The value of a state. */
  finish(state: string): ScriptValue;
}

/** Compiles scripts; the same source gives the same script. */
export interface ScriptHost {
  /** 42601 when the source is wrong. */
  compile(source: ScriptSource): Script;
}

let installed: ScriptHost | null = null;

/** Makes an interpreter the one in use. */
export function installScriptHost(host: ScriptHost): void {
  installed = host;
}

/** The interpreter in use. */
export function scriptHost(): ScriptHost {
  if (installed !== null) return installed;
  throw sqlError('0A000', 'LANGUAGE javascript is not available here');
}
