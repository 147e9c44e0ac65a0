/**
 * Durations in options: an interval as text, or an expression, as microseconds.
 */
import { sqlError } from '../../common/errors.ts';
import { parseInterval } from '../../common/types/interval-parse.ts';
import type { Interval } from '../../common/types/interval.ts';
import type { Option } from '../../parser/ast.ts';
import { constantArguments } from '../../planner/planner.ts';
import type { StatementContext } from './statement-context.ts';

/** Days of a month when a duration is given in months. */
const MONTH_DAYS = 30n;
const DAY_MICROS = 86_400_000_000n;

function microsOf({ months, days, micros }: Interval): bigint {
  return micros + (BigInt(months) * MONTH_DAYS + BigInt(days)) * DAY_MICROS;
}

/** The duration an option gives; 22023 when it gives none. */
export function durationOf(context: StatementContext, option: Option, about: string): bigint {
  const { value } = option;
  if (value !== null && value.kind !== 'secretRef' && value.kind !== 'optionList') {
    const given = value.kind === 'stringLiteral' ? parsed(value.value)
      : constantArguments([value], [{ name: 'interval' }], {
        env: context.planning, context: context.evaluation,
      })[0];
    if (given !== null && typeof given === 'object' && 'micros' in given) {
      const micros = microsOf(given);
      if (micros >= 0n) return micros;
    }
  }
  throw sqlError('22023', `invalid value for ${about} "${option.name}"`, {
    span: option.span, hint: "Write a duration, for instance '1 day'.",
  });
}

/** A duration as text in microseconds, or null. */
function durationMicros(text: string): bigint | null {
  const interval = parsed(text);
  const micros = interval === null ? -1n : microsOf(interval);
  return micros < 0n ? null : micros;
}

function parsed(text: string): Interval | null {
  try {
    return parseInterval(text);
  } catch {
    return null;
  }
}

/** The option `retain_history` as it is stored: microseconds. */
export function retainHistory(text: string, option: Option): readonly [string, string] {
  const micros = durationMicros(text);
  if (micros !== null) return ['retain_history', micros.toString()];
  throw sqlError('22023', `invalid value for option "${option.name}": "${text}"`, {
    span: option.span, hint: "Write a duration, for instance '1 hour'.",
  });
}
