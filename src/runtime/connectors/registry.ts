/**
 * The register of connectors: one line each.
 */
import { sqlError } from '../../common/errors.ts';
import type { SqlError } from '../../common/errors.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Outside } from '../storage/interfaces.ts';
import type { StoredConnector, StoredRelation } from '../catalog-store-types.ts';
import type {
  Connector, ConnectorColumn, ConnectorContext, DeclaredColumns, DeclaredRelation, OpenConnector,
} from './connector.ts';
import { optionMap } from './options.ts';
import { DATAGEN } from './datagen/connector.ts';
import { SSE, WEBSOCKET } from './feed/connector.ts';
import { FILE } from './file/connector.ts';
import { KAFKA } from './kafka/connector.ts';
import { NEXMARK } from './nexmark/connector.ts';
import { POSTGRES_CDC } from './postgres/connector.ts';

const CONNECTORS: readonly Connector[] = [
  FILE, DATAGEN, NEXMARK, KAFKA, POSTGRES_CDC, SSE, WEBSOCKET,
];

/** Names of all connectors. */
export function connectorNames(): readonly string[] {
  return CONNECTORS.map(({ name }) => name);
}

/** A connector by name; 42704 with the names there are. */
export function findConnector(name: string): Connector {
  const found = CONNECTORS.find((connector) => connector.name === name);
  if (found !== undefined) return found;
  throw sqlError('42704', `connector "${name}" does not exist`, {
    hint: `Available connectors: ${connectorNames().join(', ')}.`,
  });
}

/** Refuses unknown or bad options; called when a source or table is declared. */
export function checkConnector(
  spec: StoredConnector, columns: readonly ConnectorColumn[], relation: DeclaredRelation,
): void {
  const connector = findConnector(spec.connector);
  for (const [name] of spec.options) {
    if (connector.options.some(([known]) => known === name)) continue;
    if (connector.knowsOption?.(name) === true) continue;
    throw sqlError('42704', `unrecognized option "${name}" for connector "${spec.connector}"`, {
      hint: `Valid options are: ${connector.options.map(([known]) => known).join(', ')}.`,
    });
  }
  refuseUnsupported(connector, spec);
  connector.check(spec, columns, relation);
}

function refuseUnsupported(connector: Connector, { format, metadata }: StoredConnector): void {
  if (metadata.length > 0 && connector.metadataType === undefined) {
    throw noMetadata(connector.name);
  }
  const envelopes = ['plain', ...connector.envelopes ?? []];
  if (format !== null && !envelopes.includes(format.format.toLowerCase())) {
    throw sqlError('0A000', `FORMAT ${format.format.toUpperCase()} is not supported`, {
      hint: `Use FORMAT ${envelopes.join(', ').toUpperCase()}.`,
    });
  }
}

function noMetadata(connector: string): SqlError {
  return sqlError('0A000', `connector "${connector}" has no metadata columns`, {
    hint: 'Leave out INCLUDE and METADATA columns.',
  });
}

/** The type of an INCLUDE column. */
export function metadataColumnType(
  connector: string, what: string, keyEncode: string | null,
): SqlType {
  const type = findConnector(connector).metadataType?.(what, keyEncode);
  if (type === undefined) throw noMetadata(connector);
  return type;
}

/** Looks at the outside for a relation that is being declared; fails when it cannot be reached. */
export async function prepareConnector(
  spec: StoredConnector, outside: Outside, relation: DeclaredColumns,
): Promise<StoredConnector> {
  return await findConnector(spec.connector).prepare?.(spec, outside, relation) ?? spec;
}

/** Columns and keys as the outside has them, for declarations without; null: they must be given. */
export async function discoverColumns(
  spec: StoredConnector, outside: Outside,
): Promise<string | null> {
  return await findConnector(spec.connector).discover?.(spec, outside) ?? null;
}

/** True for sources without rows of their own, which tables are declared FROM. */
export function isSharedSource(
  relation: Pick<StoredRelation, 'stored' | 'connector'>,
): boolean {
  return relation.connector !== null && !relation.stored
    && findConnector(relation.connector.connector).shared === true;
}

/** True when a relation is read from outside by itself, not by the views over it. */
export function hasOwnReader(relation: Pick<StoredRelation, 'stored' | 'connector'>): boolean {
  return relation.connector !== null && (relation.stored || isSharedSource(relation));
}

/** Columns a connector gives when the declaration names none; null where it must name them. */
export function connectorColumns(
  name: string, options: readonly (readonly [string, string])[],
): readonly ConnectorColumn[] | null {
  return findConnector(name).defaultColumns(optionMap(options));
}

/** Opens a connector. */
export function openConnector(context: ConnectorContext): OpenConnector {
  return findConnector(context.spec.connector).open(context);
}
