/**
 * From an evaluation context to the settings that types read and write text with, and text of
 * values that are not NULL.
 */
import { must } from '../../common/assert.ts';
import { formatValue } from '../../common/types/registry.ts';
import { DEFAULT_SETTINGS } from '../../common/types/settings.ts';
import type { FormatSettings } from '../../common/types/settings.ts';
import type { SqlType } from '../../common/types/sql-type.ts';
import type { Value } from '../../common/values.ts';
import type { EvaluationContext } from './entry.ts';

let lastContext: EvaluationContext | null = null;
let lastSettings: FormatSettings | null = null;

/** The type settings of a context; the last answer is remembered, for calls come in runs. */
export function settingsOf(context: EvaluationContext): FormatSettings {
  if (lastSettings !== null && lastContext === context) return lastSettings;
  const settings: FormatSettings = {
    timeZone: context.timeZone, dateStyle: context.dateStyle,
    intervalStyle: context.intervalStyle, byteaOutput: 'hex',
    extraFloatDigits: context.extraFloatDigits, now: () => context.now,
    names: context.catalog,
  };
  lastContext = context;
  lastSettings = settings;
  return settings;
}

/** The text form of a value that is not NULL. */
export function textOf(
  value: Value, type: SqlType, settings: FormatSettings = DEFAULT_SETTINGS,
): string {
  return must(formatValue(value, type, settings), 'text of a value');
}
