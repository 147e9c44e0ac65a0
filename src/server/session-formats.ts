/**
 * The settings that decide how values are written, as the session last reported them.
 */
import { DEFAULT_SETTINGS } from '../common/types/settings.ts';
import type { FormatSettings } from '../common/types/settings.ts';

/** Follows ParameterStatus of one session. */
export class SessionFormats {
  #settings: FormatSettings = DEFAULT_SETTINGS;

  settings(): FormatSettings {
    return this.#settings;
  }

  /** Takes note of a reported parameter. */
  set(name: string, value: string): void {
    switch (name) {
      case 'TimeZone': this.#settings = { ...this.#settings, timeZone: value }; return;
      case 'DateStyle': this.#settings = { ...this.#settings, dateStyle: value }; return;
      case 'IntervalStyle': this.#settings = { ...this.#settings, intervalStyle: value }; return;
      case 'bytea_output':
        this.#settings = { ...this.#settings, byteaOutput: value === 'escape' ? 'escape' : 'hex' };
        return;
      case 'extra_float_digits':
        this.#settings = { ...this.#settings, extraFloatDigits: Number(value) };
        return;
      default:
    }
  }
}
