/**
 * The connector `postgres-cdc`: tables of a PostgreSQL database, followed through its log.
 *
 * A TABLE with it has a slot of its own. A SOURCE with it is shared: it has the slot, and tables
 * are declared FROM it, each TABLE 'schema.name'. `prepare` meets the server, so that what cannot
 * be followed fails at once; postgres/source.ts reads.
 */
import { must } from '../../../common/assert.ts';
import { sqlError } from '../../../common/errors.ts';
import { typeByName } from '../../../common/types/registry.ts';
import type { StoredConnector } from '../../catalog-store-types.ts';
import type { Outside } from '../../storage/interfaces.ts';
import { batchOf } from '../../batch.ts';
import type {
  Connector, ConnectorContext, DeclaredColumns, DeclaredRelation, OpenConnector,
} from '../connector.ts';
import { badOption, missingOption, option, optionMap } from '../options.ts';
import type { OptionMap } from '../options.ts';
import {
  PG_CONNECTION_OPTIONS, PG_SPELLINGS, pgConfig, pgLinks, pgTable, quoted, tableText,
} from './options.ts';
import type { PgTable } from './options.ts';
import type { PgLink } from './pg-link.ts';
import { PgSource } from './source.ts';
import type { Target } from './table-changes.ts';
import {
  checkColumns, checkIdentity, checkServer, declarationOf, describe, publish, slotOf,
} from './upstream.ts';

const NAME = 'postgres-cdc';
/** Set by `prepare`: the publication was made for this source, and goes with it. */
const OWNS = 'publication.owned';
/** What `prepare` fixes. */
const CLAIMED = ['slot.name', 'publication.name', OWNS];
const FAR_MICROS = 3_600_000_000n;
const NAMES_MAX = 1000;

/** The connector `postgres-cdc`. */
export const POSTGRES_CDC: Connector = {
  name: NAME,
  shared: true,
  options: [
    ...PG_CONNECTION_OPTIONS,
    ['slot.name', 'Replication slot; made for the source and dropped with it.'],
    ['publication.name', 'Publication; the name of the slot by default.'],
    ['publication.create.enable', 'true (default): make the publication when there is none.'],
  ],
  knowsOption: (name) => PG_SPELLINGS.includes(name) || name === OWNS,
  defaultColumns: () => [],
  check,
  prepare,
  discover,
  open(context: ConnectorContext): OpenConnector {
    return context.spec.shared === undefined ? openSource(context) : new SharedTable(context);
  },
};

function check(
  spec: StoredConnector, columns: readonly { readonly name: string }[], relation: DeclaredRelation,
): void {
  const options = optionMap(spec.options);
  pgConfig(NAME, options);
  createsPublication(options);
  if (spec.format !== null) {
    throw sqlError('0A000', `connector "${NAME}" takes no FORMAT`);
  }
  if (!relation.stored) {
    if (columns.length === 0) return;
    throw sqlError('0A000', `a source with connector "${NAME}" has no columns of its own`, {
      hint: "Leave them out, and write CREATE TABLE t FROM source TABLE 'schema.name'; or use "
        + 'CREATE TABLE with the same options.',
    });
  }
  if (pgTable(options) === null) throw missingOption(NAME, 'table.name');
  if (relation.primaryKey.length === 0) {
    throw sqlError('42P16', `connector "${NAME}" needs a primary key`, {
      hint: 'Declare the key the table has in PostgreSQL.',
    });
  }
}

function createsPublication(options: OptionMap): boolean {
  const text = option(options, 'publication.create.enable') ?? 'true';
  if (text !== 'true' && text !== 'false') {
    throw badOption('publication.create.enable', text, 'true or false');
  }
  return text === 'true';
}

async function withLink<T>(
  spec: StoredConnector, outside: Outside, use: (link: PgLink, options: OptionMap) => Promise<T>,
): Promise<T> {
  const options = optionMap(spec.options);
  const link = await pgLinks(NAME, outside).open(pgConfig(NAME, options), 'plain');
  try {
    return await use(link, options);
  } finally {
    link.close();
  }
}

/** Columns and key as the server has them. */
function discover(spec: StoredConnector, outside: Outside): Promise<string> {
  return withLink(spec, outside, async (link, options) => {
    const table = pgTable(options);
    if (table === null) throw missingOption(NAME, 'table.name');
    return declarationOf(await describe(link, table), (type) =>
      typeByName(type.replace(/\(.*?\)/, '')) !== null);
  });
}

/** Meets the server: login, settings, table, replica identity, slot, publication. */
function prepare(
  spec: StoredConnector, outside: Outside, relation?: DeclaredColumns,
): Promise<StoredConnector> {
  return withLink(spec, outside, async (link, options) => {
    await checkServer(link);
    const table = relation?.stored === true ? pgTable(options) : null;
    if (table !== null && relation !== undefined) {
      const upstream = await describe(link, table);
      checkColumns(upstream, relation.columns);
      checkIdentity(upstream, relation.primaryKey.map((at) =>
        must(relation.columns[at], 'key column').name));
    }
    if (spec.shared !== undefined) {
      if (ownsPublication(options)) await publish(link, publicationOf(options), table);
      return spec;
    }
    return await claim(link, spec, table);
  });
}

/** Finds a slot and a publication for a source. */
async function claim(
  link: PgLink, spec: StoredConnector, table: PgTable | null,
): Promise<StoredConnector> {
  const options = optionMap(spec.options);
  const wanted = option(options, 'slot.name');
  const slot = wanted ?? await freeName(link, table);
  if (!/^[a-z0-9_]{1,63}$/.test(slot)) {
    throw badOption('slot.name', slot, 'lower-case letters, digits and underscores');
  }
  if (wanted !== null && await slotOf(link, slot) !== null) {
    throw sqlError('42710', `replication slot "${slot}" already exists in PostgreSQL`, {
      hint: 'Choose another slot.name, or drop the slot there if nobody uses it.',
    });
  }
  const publication = option(options, 'publication.name') ?? slot;
  const { rows } = await link.run(
    'SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = $1', [publication]);
  const exists = rows.length > 0;
  if (!exists && !createsPublication(options)) {
    throw sqlError('42704', `publication "${publication}" does not exist in PostgreSQL`, {
      hint: `CREATE PUBLICATION ${quoted(publication)} FOR TABLE ... there.`,
    });
  }
  if (!exists) await publish(link, publication, table);
  return { ...spec, options: [
    ...spec.options.filter(([name]) => !CLAIMED.includes(name)),
    ['slot.name', slot], ['publication.name', publication], [OWNS, String(!exists)],
  ] };
}

async function freeName(link: PgLink, table: PgTable | null): Promise<string> {
  const stem = `tidemill_${table?.name.toLowerCase().replace(/[^a-z0-9_]/g, '_') ?? 'source'}`
    .slice(0, 40);
  for (let n = 1; n < NAMES_MAX; n++) {
    const name = n === 1 ? stem : `${stem}_${n}`;
    if (await slotOf(link, name) === null) return name;
  }
  throw sqlError('42710', 'no free name for a replication slot', {
    hint: "Add 'slot.name' to the options.",
  });
}

function publicationOf(options: OptionMap): string {
  return option(options, 'publication.name') ?? option(options, 'slot.name') ?? '';
}

function ownsPublication(options: OptionMap): boolean {
  return option(options, OWNS) === 'true';
}

function openSource({ spec, outside, family }: ConnectorContext): OpenConnector {
  const options = optionMap(spec.options);
  return new PgSource({
    links: pgLinks(NAME, outside), config: pgConfig(NAME, options),
    slot: option(options, 'slot.name') ?? '', publication: publicationOf(options),
    ownsPublication: ownsPublication(options),
    targets: () => family.members().map((member): Target => ({
      relation: member.relation, columns: member.columns, primaryKey: member.primaryKey,
      table: must(pgTable(optionMap(member.spec.options)), 'table of a relation'),
      // The slot's own table has no position beside the stream's.
      hydratedAt: member.relation !== family.relation ? member.position
        : member.position === 0n ? 0n : 1n,
    })),
  });
}

/** A table that a shared source fills: nothing to poll. */
class SharedTable implements OpenConnector {
  readonly partitions = 1;
  readonly #context: ConnectorContext;

  constructor(context: ConnectorContext) {
    this.#context = context;
  }

  nextPollAt(_partition: number, _from: bigint, now: bigint): bigint {
    return now + FAR_MICROS;
  }

  poll(_partition: number, from: bigint): {
    batch: ReturnType<typeof batchOf>; deadLetters: []; next: bigint; ended: false;
    caughtUp: true; checksum: 0;
  } {
    return {
      batch: batchOf([], []), deadLetters: [], next: from, ended: false, caughtUp: true,
      checksum: 0,
    };
  }

  reread(): Promise<never> {
    throw sqlError('XX001', 'a table of a shared source has no ranges of its own');
  }

  status(): string | null {
    const source = this.#context.family.source();
    return source instanceof PgSource ? source.state : null;
  }

  dropped(): void {
    const { spec, outside } = this.#context;
    const options = optionMap(spec.options);
    const table = pgTable(options);
    if (!ownsPublication(options) || table === null) return;
    withLink(spec, outside, (link) => link.query(`ALTER PUBLICATION `
      + `${quoted(publicationOf(options))} DROP TABLE ${tableText(table)}`)).catch(() => undefined);
  }
}
