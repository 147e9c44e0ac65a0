/**
 * The register of sinks: one line each.
 */
import { sqlError } from '../../common/errors.ts';
import { FILE_SINK } from './file-sink.ts';
import { KAFKA_SINK } from './kafka-sink.ts';
import { POSTGRES_SINK } from './postgres-sink.ts';
import { WEBHOOK_SINK } from './webhook-sink.ts';
import type { SinkKind, SinkSpec } from './sink.ts';

const SINKS: readonly SinkKind[] = [KAFKA_SINK, POSTGRES_SINK, WEBHOOK_SINK, FILE_SINK];

/** A sink by name; 42704 with the names there are. */
export function findSinkKind(name: string): SinkKind {
  const found = SINKS.find((kind) => kind.name === name);
  if (found !== undefined) return found;
  throw sqlError('42704', `sink connector "${name}" does not exist`, {
    hint: `Available sinks: ${SINKS.map((kind) => kind.name).join(', ')}.`,
  });
}

/** Refuses unknown or bad options. */
export function checkSink(spec: SinkSpec): void {
  const kind = findSinkKind(spec.connector);
  for (const [name] of spec.options) {
    if (kind.options.some(([known]) => known === name)) continue;
    if (kind.knowsOption?.(name) === true) continue;
    throw sqlError('42704', `unrecognized option "${name}" for sink "${spec.connector}"`, {
      hint: `Valid options are: ${kind.options.map(([known]) => known).join(', ')}.`,
    });
  }
  if (!kind.envelopes.includes(spec.envelope)) {
    throw sqlError('0A000', `sink "${spec.connector}" has no FORMAT ${spec.envelope}`, {
      hint: `Use FORMAT ${kind.envelopes.join(', ').toUpperCase()}.`,
    });
  }
  kind.check(spec);
}
