/**
 * The register of connectors: one line each.
 */
import { sqlError } from '../../common/errors.ts';
import type { StoredConnector } from '../catalog-store-types.ts';
import type {
  Connector, ConnectorColumn, ConnectorContext, OpenConnector,
} from './connector.ts';
import { optionMap } from './options.ts';
import { DATAGEN } from './datagen/connector.ts';
import { FILE } from './file/connector.ts';
import { NEXMARK } from './nexmark/connector.ts';

const CONNECTORS: readonly Connector[] = [FILE, DATAGEN, NEXMARK];

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
  spec: StoredConnector, columns: readonly ConnectorColumn[],
): void {
  const connector = findConnector(spec.connector);
  for (const [name] of spec.options) {
    if (connector.options.some(([known]) => known === name)) continue;
    if (connector.knowsOption?.(name) === true) continue;
    throw sqlError('42704', `unrecognized option "${name}" for connector "${spec.connector}"`, {
      hint: `Valid options are: ${connector.options.map(([known]) => known).join(', ')}.`,
    });
  }
  refuseUnsupported(spec);
  connector.check(spec, columns);
}

function refuseUnsupported({ connector, format, metadata }: StoredConnector): void {
  if (metadata.length > 0) {
    throw sqlError('0A000', `connector "${connector}" has no metadata columns`, {
      hint: 'Leave out INCLUDE and METADATA columns.',
    });
  }
  if (format !== null && format.format.toLowerCase() !== 'plain') {
    throw sqlError('0A000', `FORMAT ${format.format.toUpperCase()} is not supported`, {
      hint: 'Use FORMAT PLAIN.',
    });
  }
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
