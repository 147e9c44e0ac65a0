/**
 * Errors of kafkajs as SqlErrors: what may pass is of class 08, the rest will not pass by itself.
 */
import { SqlError, sqlError } from '../../../common/errors.ts';

interface KafkaFault extends Error {
  readonly type?: string;
  readonly code?: string | number;
  readonly broker?: string;
  readonly cause?: unknown;
}

/** Words for the error that was met while doing something with a topic. */
export function logError(error: unknown, topic: string): SqlError {
  if (error instanceof SqlError) return error;
  const fault = innermost(error);
  const { name, type = '', message } = fault;
  if (name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED'
    || name === 'KafkaJSUnsupportedMechanism') {
    return sqlError('28000', `Kafka refused the login: ${message}`);
  }
  if (type === 'TOPIC_AUTHORIZATION_FAILED' || type === 'GROUP_AUTHORIZATION_FAILED'
    || type === 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED') {
    return sqlError('42501', `permission denied for topic "${topic}": ${message}`);
  }
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'INVALID_TOPIC_EXCEPTION') {
    return sqlError('42704', `topic "${topic}" does not exist`);
  }
  if (type === 'INVALID_PRODUCER_EPOCH' || type === 'PRODUCER_FENCED') {
    return sqlError('55000', 'another writer has taken over this transactional id');
  }
  if (name === 'KafkaJSConnectionError' || name === 'KafkaJSConnectionClosedError') {
    return sqlError('08001', `could not connect to Kafka: ${message}`);
  }
  return sqlError('08006', `Kafka: ${message}`);
}

/** kafkajs wraps the error that was met when it had tried often enough. */
function innermost(error: unknown): KafkaFault {
  let fault = error instanceof Error ? error as KafkaFault : new Error(String(error)) as KafkaFault;
  while (fault.name === 'KafkaJSNumberOfRetriesExceeded' && fault.cause instanceof Error) {
    fault = fault.cause as KafkaFault;
  }
  return fault;
}
