/**
 * A session's settings: values, SET LOCAL and what is restored when a transaction ends.
 *
 * Every change of a reported setting is announced through `onReport` (ParameterStatus).
 */
import { sqlError } from '../../common/errors.ts';
import type { FormatSettings, NameLookup } from '../../common/types/settings.ts';
import type { EvaluationContext } from '../../planner/functions/entry.ts';
import { splitPath } from './search-path.ts';
import { SETTINGS, durationMs, findSetting } from './settings.ts';
import type { Setting } from './settings.ts';

/** Settings that are not reported to clients but decide how their values are written. */
const FORMATTING = new Set(['bytea_output', 'extra_float_digits']);

/** Hears of changes: the name as shown, the value, and whether clients are told. */
type OnReport = (name: string, value: string, reported: boolean) => void;

/** Refuses a role the session may not become. */
type RoleGuard = (setting: 'role' | 'session_authorization', name: string) => void;

/** Values of all settings for one session. */
export class SessionSettings {
  readonly #values = new Map<string, string>();
  readonly #defaults = new Map<string, string>();
  /** Values to go back to: at rollback, and those SET LOCAL hides. */
  readonly #atBegin = new Map<string, string | null>();
  readonly #local = new Map<string, string | null>();
  readonly #onReport: OnReport;
  readonly #guard: RoleGuard;
  #isSuperuser: (() => boolean) | null = null;

  constructor(onReport: OnReport, guard: RoleGuard = () => undefined) {
    this.#onReport = onReport;
    this.#guard = guard;
  }

  /** The value SHOW prints; 42704 for unknown names. */
  get(name: string): string {
    const setting = findSetting(name);
    const value = this.find(name);
    if (value === null) {
      throw sqlError('42704', `unrecognized configuration parameter "${name}"`);
    }
    return value ?? setting.initial;
  }

  /** The value, or null for a name nobody has set and we do not know. */
  find(name: string): string | null {
    const key = name.toLowerCase();
    if (key === 'is_superuser' && this.#isSuperuser !== null) {
      return this.#isSuperuser() ? 'on' : 'off';
    }
    const set = this.#values.get(key) ?? this.#defaults.get(key);
    if (set !== undefined) return set;
    return SETTINGS.find((setting) => setting.name === key)?.initial ?? null;
  }

  /** A value that comes with the connection: what RESET goes back to. */
  setDefault(name: string, value: string): void {
    const setting = findSetting(name);
    if (setting.readOnly) throw readOnlyParameter(setting);
    const next = setting.normalise(value);
    this.#checkRole(setting.name, next);
    this.#defaults.set(setting.name, next);
  }

  /** The user's name, shown by session_authorization. */
  setUser(user: string): void {
    this.#defaults.set('session_authorization', user);
  }

  /** SET: `local` lasts to the end of the transaction. */
  set(name: string, value: string, local: boolean): void {
    const setting = findSetting(name);
    if (setting.readOnly) throw readOnlyParameter(setting);
    const next = setting.normalise(value);
    this.#checkRole(setting.name, next);
    this.#remember(setting.name, local);
    this.#assign(setting, next);
  }

  /** What is_superuser says. */
  setSuperuser(isSuperuser: () => boolean): void {
    this.#isSuperuser = isSuperuser;
  }

  #checkRole(name: string, value: string): void {
    if (name === 'role' || name === 'session_authorization') this.#guard(name, value);
  }

  reset(name: string): void {
    const setting = findSetting(name);
    this.#remember(setting.name, false);
    this.#assign(setting, null);
  }

  resetAll(): void {
    for (const name of this.#values.keys()) this.reset(name);
  }

  /** Puts back what SET LOCAL hid and, after a rollback, everything the transaction set. */
  endTransaction(committed: boolean): void {
    const back = committed ? this.#local : this.#atBegin;
    for (const [name, value] of back) this.#assign(findSetting(name), value);
    this.#atBegin.clear();
    this.#local.clear();
  }

  /** Names and values clients are told of. */
  reported(): readonly (readonly [string, string])[] {
    return SETTINGS.filter((setting) => setting.reported)
      .map((setting) => [setting.shown, this.get(setting.name)] as const);
  }

  /** Everything, for SHOW ALL and pg_settings. */
  all(): readonly { readonly setting: Setting; readonly value: string }[] {
    return SETTINGS.map((setting) => ({ setting, value: this.get(setting.name) }))
      .sort((a, b) => a.setting.name < b.setting.name ? -1 : 1);
  }

  /** Schemas of search_path, with "$user" replaced. */
  searchPath(user: string): readonly string[] {
    const names: string[] = [];
    for (const name of splitPath(this.get('search_path')) ?? []) {
      // The schema tidemill is the system's own, not that of the user tidemill.
      if (name === '' || (name === '$user' && user === 'tidemill')) continue;
      names.push(name === '$user' ? user : name);
    }
    return names;
  }

  /** How long a transaction block may wait for its client, or null. */
  idleInTransactionMs(): number | null {
    return this.#milliseconds('idle_in_transaction_session_timeout');
  }

  /** Longest time of a statement, or null. */
  statementTimeoutMs(): number | null {
    return this.#milliseconds('statement_timeout');
  }

  #milliseconds(name: string): number | null {
    const ms = durationMs(name, this.get(name));
    return ms === 0 ? null : ms;
  }

  evaluation(now: bigint): EvaluationContext {
    return {
      timeZone: this.get('timezone'), dateStyle: this.get('datestyle'),
      intervalStyle: this.get('intervalstyle'),
      extraFloatDigits: Number(this.get('extra_float_digits')), now,
    };
  }

  format(now: bigint, names?: NameLookup): FormatSettings {
    return {
      timeZone: this.get('timezone'), dateStyle: this.get('datestyle'),
      intervalStyle: this.get('intervalstyle'),
      byteaOutput: this.get('bytea_output') === 'escape' ? 'escape' : 'hex',
      extraFloatDigits: Number(this.get('extra_float_digits')), now: () => now, names,
    };
  }

  #remember(name: string, local: boolean): void {
    const before = this.#values.get(name) ?? null;
    if (!this.#atBegin.has(name)) this.#atBegin.set(name, before);
    if (local) {
      if (!this.#local.has(name)) this.#local.set(name, before);
    } else {
      this.#local.delete(name);
    }
  }

  #assign(setting: Setting, value: string | null): void {
    const before = this.find(setting.name);
    const superuser = this.find('is_superuser');
    if (value === null) this.#values.delete(setting.name);
    else this.#values.set(setting.name, value);
    const now = this.find('is_superuser');
    if (now !== null && now !== superuser) this.#onReport('is_superuser', now, true);
    const after = this.find(setting.name);
    if (after === null || after === before) return;
    if (setting.reported || FORMATTING.has(setting.name)) {
      this.#onReport(setting.shown, after, setting.reported);
    }
  }
}

function readOnlyParameter(setting: Setting): Error {
  return sqlError('55P02', `parameter "${setting.name}" cannot be changed`);
}
