/**
 * What stays the same for all statements of a session, made when it begins.
 */
import { sqlError } from '../../common/errors.ts';
import type { Notice } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import { findRole, isSuperuser, rolesMatter } from '../catalog-roles.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import type { SessionsInfo } from '../engine-core-types.ts';
import type { ConnectOptions, SessionHooks } from '../session-api.ts';
import { SessionChannels } from './channels.ts';
import type { SessionRegistry } from './session-registry.ts';
import { checkSetRole } from './set-role.ts';
import { SequenceUse } from './sequence-use.ts';
import { SessionSettings } from './session-settings.ts';
import type { Portal, PreparedStatement } from './session-state.ts';
import type { SessionScope } from './statement-context.ts';

/** What a scope needs of its session. */
export interface ScopeParts {
  readonly core: EngineCoreFace;
  readonly options: ConnectOptions;
  readonly hooks: SessionHooks;
  readonly sessions: SessionRegistry;
  readonly portals: ReadonlyMap<string, Portal>;
  readonly statements: ReadonlyMap<string, PreparedStatement>;
  readonly report: (name: string, value: string, reported: boolean) => void;
  readonly notice: (notice: Notice) => void;
  readonly cancelled: () => boolean;
  readonly untimed: () => void;
}

/** Makes the scope; 28000, 3D000, 42704 when the session may not begin so. */
export function makeScope(parts: ScopeParts): SessionScope {
  const { core, options, sessions } = parts;
  const state = core.catalog.state;
  const role = findRole(state, options.user);
  if (role === null) throw sqlError('28000', `role "${options.user}" does not exist`);
  if (!role.login) throw sqlError('28000', `role "${options.user}" is not permitted to log in`);
  if (role.connectionLimit >= 0 && sessions.count(role.name) >= role.connectionLimit) {
    throw sqlError('53300', `too many connections for role "${role.name}"`);
  }
  const settings = new SessionSettings(parts.report, (setting, name) => {
    checkSetRole(core.catalog.state, setting, name, options.user);
  });
  settings.setUser(options.user);
  for (const [name, value] of options.settings) settings.setDefault(name, value);
  const database = state.databaseByName(options.database);
  if (database === null) {
    throw sqlError('3D000', `database "${options.database}" does not exist`);
  }
  const user = (): string => {
    const current = settings.get('role');
    return current === 'none' ? settings.get('session_authorization') : current;
  };
  settings.setSuperuser(() => isSuperuser(core.catalog.state, user()));
  const channels = new SessionChannels(sessions.channelsOf(core), parts.hooks.notified);
  return {
    core, settings, database, channels, pid: options.pid, sequences: new SequenceUse(core),
    clientAddress: options.clientAddress,
    get user() { return user(); },
    notice: parts.notice, cancelled: parts.cancelled, untimed: parts.untimed,
    sessions: sessionsInfo(parts, channels), subscriptions: new Set(),
    signal: (pid, terminate) => {
      requireSignal(core, sessions, { user: user(), pid, terminate });
      return sessions.signal(pid, terminate);
    },
    scratch: () => sessions.scratch(),
    audit: (event, detail) => sessions.audit(core, {
      user: user(), clientAddress: options.clientAddress, event, detail,
    }),
  };
}

/** Only superusers may stop what is not their own. */
function requireSignal(
  { catalog }: EngineCoreFace, sessions: SessionRegistry,
  of: { readonly user: string; readonly pid: number; readonly terminate: boolean },
): void {
  if (!rolesMatter(catalog.state) || isSuperuser(catalog.state, of.user)) return;
  const target = sessions.activity().find(({ pid }) => pid === of.pid);
  if (target === undefined || target.user === of.user) return;
  throw sqlError('42501', `must be a member of the role whose ${of.terminate ? 'process'
    : 'query'} is being ${of.terminate ? 'terminated' : 'canceled'}`);
}

function sessionsInfo(
  { options, sessions, portals, statements }: ScopeParts, channels: SessionChannels,
): SessionsInfo {
  return {
    pid: options.pid, startedAt: sessions.startedAt, activity: () => sessions.activity(),
    audit: () => sessions.auditEntries(), channels: () => channels.names,
    cursors: () => [...portals.values()].flatMap((portal) => (portal.name === '' ? []
      : [{ name: portal.name, text: portal.parsed?.text ?? '', hold: portal.hold,
        fromSql: portal.cursor, parameterTypes: [] }])),
    statements: () => [...statements.values()].flatMap((prepared) => (
      prepared.name === '' ? [] : [{ name: prepared.name, text: prepared.parsed?.text ?? '',
        hold: false, fromSql: prepared.fromSql,
        parameterTypes: prepared.parameterTypes.map((type) =>
          (type === null ? 'text' : formatType(type))) }])),
  };
}
