/**
 * Opens an engine: the core, with sessions on top.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Batch } from '../batch.ts';
import type { StoredRelation } from '../catalog-store-types.ts';
import { EngineCore } from '../engine-core.ts';
import type { EngineCoreFace } from '../engine-core.ts';
import type { OpenOptions } from '../engine-core.ts';
import { CATALOG_RELATIONS } from '../pg-catalog/registry.ts';
import { sinksRelation } from '../introspection/sinks.ts';
import { Sinks } from '../sinks/sinks.ts';
import { findRole, mayUse, rolesIn, SYSTEM_ROLE } from '../catalog-roles.ts';
import { DEFAULT_DATABASE } from '../catalog-store.ts';
import type {
  ConnectOptions, Engine, IngestResult, LoginFacts, SessionHooks, SqlSession, WebhookRequest,
} from '../session-api.ts';
import type { Environment } from '../storage/interfaces.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { webhookBody } from '../engine-webhook.ts';
import { extraKeysOf } from './extra-keys.ts';
import { checkReferences } from './foreign-keys.ts';
import type { KeySource } from './foreign-keys.ts';
import { refuseTaken } from './ingest-keys.ts';
import { AUDIT } from './audit.ts';
import { Session } from './session.ts';
import { SessionRegistry } from './session-registry.ts';
import type { Scratch } from './session-registry.ts';
import { dropLeftOverViews } from './subscription-view.ts';
import { dropLeftOverTemporary } from './temporary.ts';
import { TableKeys } from './table-keys.ts';
import { TableLocks } from './table-locks.ts';
import type { LockOwner } from './table-locks.ts';

/** How an engine is opened; `opened` sees the core before anything runs (embedding, tests). */
export interface EngineOpenOptions extends OpenOptions {
  readonly opened?: (core: EngineCore) => void;
}

/** Opens an engine on an environment; recovery is done when it resolves. */
export async function openEngine(
  environment: Environment, options: EngineOpenOptions = {},
): Promise<Engine> {
  let sinks: Sinks | null = null;
  const core = await EngineCore.open({
    ...options, systemRelations: [...CATALOG_RELATIONS, AUDIT, sinksRelation(() => sinks)],
  }, environment);
  await dropLeftOverViews(core);
  await dropLeftOverTemporary(core);
  options.opened?.(core);
  const started = new Sinks(core);
  sinks = started;
  core.onSettle(() => started.settle());
  return new SessionEngine(core, started);
}

/** An engine that keeps nothing and whose clock stands still until it is moved. */
async function openScratch(environment: Environment): Promise<Scratch> {
  const clock = new VirtualClock(environment.clock);
  clock.set(0n);
  let core: EngineCore | null = null;
  const engine = await openEngine(
    { ...environment, storage: new MemoryStorage(), clock, testClock: clock },
    { opened: (opened) => { core = opened; } });
  return {
    core: must(core as EngineCore | null, 'engine'),
    connect: (options) => engine.connect(options),
  };
}

class SessionEngine implements Engine {
  readonly #core: EngineCoreFace;
  readonly #locks = new TableLocks();
  readonly #sessions: SessionRegistry;
  readonly #sinks: Sinks;

  constructor(core: EngineCoreFace, sinks: Sinks) {
    this.#core = core;
    this.#sessions = new SessionRegistry(core.environment.clock.nowMicros(),
      { log: (line) => core.environment.log(line), scratch: () => openScratch(core.environment) });
    this.#sinks = sinks;
  }

  async connect(options: ConnectOptions, hooks?: SessionHooks): Promise<SqlSession> {
    return new Session(this.#core, options,
      { locks: this.#locks, sessions: this.#sessions, hooks });
  }

  async login(user: string): Promise<LoginFacts> {
    const { state } = this.#core.catalog;
    const role = findRole(state, user);
    const now = this.#core.environment.clock.nowMicros();
    const expired = role?.validUntil != null && role.validUntil < now;
    const anyPassword = [...rolesIn(state)].some(({ login, verifier }) =>
      login && verifier !== null);
    return {
      verifier: expired ? null : role?.verifier ?? null, anyPassword,
      superuser: role?.superuser ?? false,
    };
  }

  async refused(user: string, clientAddress: string, reason: string): Promise<void> {
    this.#sessions.audit(this.#core, {
      user, clientAddress, event: 'login refused', detail: reason,
    });
  }

  async webhook(table: string, request: WebhookRequest): Promise<IngestResult> {
    const relation = this.#tableOf(table);
    const stored = must(this.#core.catalog.state.relation(relation), 'table');
    const { clock } = this.#core.environment;
    const body = webhookBody(stored, request, clock.nowMicros());
    return await this.ingest(table, body, request.key, SYSTEM_ROLE);
  }

  async ingest(
    table: string, body: Uint8Array, key: string | null, user: string = SYSTEM_ROLE,
  ): Promise<IngestResult> {
    const relation = this.#tableOf(table);
    const stored = must(this.#core.catalog.state.relation(relation), 'table');
    const { id, owner: ownedBy, name } = stored;
    const target = { id, owner: ownedBy, kind: 'relation', system: false } as const;
    if (!mayUse(this.#core.catalog.state, user, target, { any: 'a' })) {
      throw sqlError('42501', `permission denied for table ${name}`);
    }
    const keys = stored.foreignKeys ?? [];
    const unique = stored.uniqueKeys.length + extraKeysOf(stored).length > 0;
    if (keys.length === 0 && !unique) return await this.#core.ingest(relation, body, key);
    const owner: LockOwner = { waitsFor: null };
    try {
      if (unique) await this.#locks.acquire(relation, owner, 'change');
      for (const { target } of keys) await this.#locks.acquire(target, owner, 'append');
      return await this.#core.ingest(relation, body, key, (rows) => {
        refuseTaken(this.#core, stored, rows);
        for (const each of keys) checkReferences(this.#rowsOf(stored, rows), stored, each, [rows]);
      });
    } finally {
      this.#locks.release(owner);
    }
  }

  /** Tables as stored, with rows that are about to come to one of them. */
  #rowsOf(table: StoredRelation, fresh: Batch): KeySource {
    const core = this.#core;
    return {
      table: (id) => must(core.catalog.state.relation(id), 'table referred to'),
      keys: (of, key) => new TableKeys({
        core, table: of, key, stored: true, uncommitted: of.id === table.id ? [fresh] : [],
      }),
    };
  }

  settle(): Promise<void> {
    return this.#core.settle();
  }

  async close(): Promise<void> {
    await this.#sinks.close();
    await this.#core.close();
  }

  /** `table` or `schema.table` in the default database. */
  #tableOf(name: string): number {
    const { state } = this.#core.catalog;
    const [first, second] = name.split('.', 2);
    const schema = state.schemaByName(DEFAULT_DATABASE, second === undefined ? 'public'
      : first ?? '');
    const found = schema === null ? null
      : state.relationByName(DEFAULT_DATABASE, schema.id, second ?? first ?? '');
    if (found !== null && found.kind === 'table' && found.belongsTo === null) return found.id;
    throw sqlError('42P01', `table "${name}" does not exist`);
  }
}
