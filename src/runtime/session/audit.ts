/**
 * tidemill.audit: who came, who was turned away, what was defined and what was refused.
 *
 * The newest entries are kept in memory; each also goes to the server's log. Passwords never get
 * here.
 */
import type { Value } from '../../common/values.ts';
import type { SystemRelation } from '../engine-core-types.ts';

/** Entries kept. */
export const AUDIT_ENTRIES_MAX = 10_000;
const TEXT_MAX = 1000;

/** Something that happened. */
export interface AuditEntry {
  /** Microseconds since 1970 UTC. */
  readonly at: bigint;
  readonly user: string;
  readonly clientAddress: string;
  readonly event: 'login' | 'login refused' | 'statement' | 'statement refused';
  readonly detail: string;
}

/** The newest entries. */
export class AuditLog {
  readonly #entries: AuditEntry[] = [];
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  add(entry: AuditEntry): void {
    const detail = withoutSecrets(entry.detail).slice(0, TEXT_MAX);
    this.#entries.push({ ...entry, detail });
    if (this.#entries.length > AUDIT_ENTRIES_MAX * 2) {
      this.#entries.splice(0, this.#entries.length - AUDIT_ENTRIES_MAX);
    }
    if (entry.event.endsWith('refused')) {
      this.#log(`audit: ${entry.event}: user ${JSON.stringify(entry.user)} `
        + `from ${entry.clientAddress}: ${detail.replaceAll(/\s+/g, ' ')}`);
    }
  }

  entries(): readonly AuditEntry[] {
    return this.#entries.slice(-AUDIT_ENTRIES_MAX);
  }
}

/** Without any of these a text has nothing to strike out. */
const SUSPECT = /passw|secret|token|jaas\.config|key\.pem|\/\//i;
/** An option or keyword whose value is nobody's business, up to that value. */
const SECRET_NAME = 'password|passwd|secret|token|jaas\\.config|key\\.pem';
const BEFORE_SECRET = String.raw`((?:${SECRET_NAME})['"]?\s*(?:=\s*|\s))`;
const TEXT_LITERAL = String.raw`(?:e?'(?:[^'\\]|''|\\.)*'|\$(\w*)\$[\s\S]*?\$\2\$)`;
const SECRET_VALUE = new RegExp(BEFORE_SECRET + TEXT_LITERAL, 'gi');
/** `//user:password@host`. */
const IN_ADDRESS = /(\/\/[^\s:/@']*:)[^\s/@']+@/g;

/** A statement's text with passwords and secrets struck out. */
export function withoutSecrets(text: string): string {
  if (!SUSPECT.test(text)) return text;
  return text
    .replaceAll(SECRET_VALUE, "$1'***'")
    .replaceAll(IN_ADDRESS, '$1***@')
    .replaceAll(/(create\s+secret\b[\s\S]*?\bas\s+)e?'(?:[^'\\]|''|\\.)*'/gi, "$1'***'");
}

/** The relation; superusers only. */
export const AUDIT: SystemRelation = {
  schema: 'tidemill', name: 'audit',
  columns: [
    { name: 'at', type: { name: 'timestamptz' } },
    { name: 'user', type: { name: 'text' } },
    { name: 'client_address', type: { name: 'text' } },
    { name: 'event', type: { name: 'text' } },
    { name: 'detail', type: { name: 'text' } },
  ],
  *rows({ sessions }): Generator<readonly Value[], void> {
    for (const { at, user, clientAddress, event, detail } of sessions?.audit() ?? []) {
      yield [at, user, clientAddress, event, detail];
    }
  },
};
