/**
 * From an evaluation context to the settings that types read and write text with.
 */
import type { FormatSettings } from '../../common/types/settings.ts';
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
  };
  lastContext = context;
  lastSettings = settings;
  return settings;
}
