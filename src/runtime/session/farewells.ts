/**
 * What a session is told when it is ended by others.
 */
import type { ErrorMessage } from '../session-api.ts';

/** By pg_terminate_backend. */
export const TERMINATED: ErrorMessage = {
  sqlState: '57P01', message: 'terminating connection due to administrator command', fields: {},
};

/** By idle_in_transaction_session_timeout. */
export const IDLE_TOO_LONG: ErrorMessage = {
  sqlState: '25P03', message: 'terminating connection due to idle-in-transaction timeout',
  fields: {},
};
