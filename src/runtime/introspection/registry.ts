/**
 * The register of tidemill.*: one line per system relation.
 */
import type { SystemRelation } from '../engine-core-types.ts';
import { EPOCHS } from './epochs.ts';
import { SOURCE_GAPS, SOURCE_LAG, SOURCE_TABLES, SOURCES } from './sources.ts';
import { STATE } from './state.ts';
import { HISTORY, SUBSCRIPTIONS } from './subscriptions.ts';
import { LATE_ROWS, VIEWS } from './views.ts';
import { WATERMARKS } from './watermarks.ts';

/** System relations of the engine itself. */
export const TIDEMILL_RELATIONS: readonly SystemRelation[] = [
  WATERMARKS, LATE_ROWS, VIEWS, SOURCES, SOURCE_LAG, STATE, EPOCHS, SUBSCRIPTIONS, HISTORY,
  SOURCE_TABLES, SOURCE_GAPS,
];
