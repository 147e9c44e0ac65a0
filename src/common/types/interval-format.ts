/**
 * Text output of interval in the four styles of IntervalStyle.
 */
import { fractionText } from './datetime-format.ts';
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from './interval.ts';
import type { Interval } from './interval.ts';

interface Parts {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly fraction: number;
  readonly negativeTime: boolean;
}

function partsOf(value: Interval): Parts {
  const magnitude = value.micros < 0n ? -value.micros : value.micros;
  return {
    years: Math.trunc(value.months / 12) + 0,
    months: (value.months % 12) + 0,
    days: value.days,
    hours: Number(magnitude / MICROS_PER_HOUR),
    minutes: Number((magnitude / MICROS_PER_MINUTE) % 60n),
    seconds: Number((magnitude / MICROS_PER_SECOND) % 60n),
    fraction: Number(magnitude % MICROS_PER_SECOND),
    negativeTime: value.micros < 0n,
  };
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function secondsText(parts: Parts, pad: boolean): string {
  const whole = pad ? two(parts.seconds) : String(parts.seconds);
  return parts.fraction === 0 ? whole : whole + fractionText(parts.fraction);
}

/** Writes an interval in a style: postgres, postgres_verbose, sql_standard or iso_8601. */
export function formatInterval(value: Interval, style: string = 'postgres'): string {
  switch (style.toLowerCase()) {
    case 'postgres_verbose': return verbose(partsOf(value));
    case 'sql_standard': return sqlStandard(partsOf(value));
    case 'iso_8601': return iso8601(partsOf(value));
    default: return postgres(value);
  }
}

function postgres(value: Interval): string {
  const parts = partsOf(value);
  let text = '';
  let negative = false;
  const unit = (amount: number, name: string): void => {
    if (amount === 0) return;
    const sign = negative && amount > 0 ? '+' : '';
    text += `${text === '' ? '' : ' '}${sign}${amount} ${name}${amount === 1 ? '' : 's'}`;
    negative = amount < 0;
  };
  unit(parts.years, 'year');
  unit(parts.months, 'mon');
  unit(parts.days, 'day');
  if (text !== '' && value.micros === 0n) return text;
  const sign = parts.negativeTime ? '-' : negative ? '+' : '';
  const time = `${two(parts.hours)}:${two(parts.minutes)}:${secondsText(parts, true)}`;
  return `${text}${text === '' ? '' : ' '}${sign}${time}`;
}

function signed(parts: Parts, text: string): string {
  return parts.negativeTime ? `-${text}` : text;
}

function iso8601(parts: Parts): string {
  const unit = (amount: number, letter: string): string => amount === 0 ? '' : amount + letter;
  const timed = (amount: number, letter: string): string =>
    amount === 0 ? '' : signed(parts, amount + letter);
  const date = unit(parts.years, 'Y') + unit(parts.months, 'M') + unit(parts.days, 'D');
  let time = timed(parts.hours, 'H') + timed(parts.minutes, 'M');
  if (parts.seconds !== 0 || parts.fraction !== 0) {
    time += signed(parts, `${secondsText(parts, false)}S`);
  }
  if (date === '' && time === '') return 'PT0S';
  return `P${date}${time === '' ? '' : `T${time}`}`;
}

function verbose(parts: Parts): string {
  let text = '@';
  let zero = true;
  let before = false;
  const unit = (amount: number, name: string): void => {
    if (amount === 0) return;
    if (zero) before = amount < 0;
    zero = false;
    const shown = before ? -amount : amount;
    text += ` ${shown} ${name}${shown === 1 ? '' : 's'}`;
  };
  const sign = parts.negativeTime ? -1 : 1;
  unit(parts.years, 'year');
  unit(parts.months, 'mon');
  unit(parts.days, 'day');
  unit(sign * parts.hours, 'hour');
  unit(sign * parts.minutes, 'min');
  if (parts.seconds !== 0 || parts.fraction !== 0) {
    if (zero) before = parts.negativeTime;
    zero = false;
    const opposed = before !== parts.negativeTime ? '-' : '';
    const plural = parts.seconds === 1 && parts.fraction === 0 ? 'sec' : 'secs';
    text += ` ${opposed}${secondsText(parts, false)} ${plural}`;
  }
  if (zero) return '@ 0';
  return before ? `${text} ago` : text;
}

function sqlStandard(parts: Parts): string {
  const time = `${parts.hours}:${two(parts.minutes)}:${secondsText(parts, true)}`;
  const hasTime = parts.hours + parts.minutes + parts.seconds + parts.fraction !== 0;
  const hasMonths = parts.years !== 0 || parts.months !== 0;
  const hasDays = parts.days !== 0;
  const negatives = [parts.years < 0 || parts.months < 0, parts.days < 0,
    hasTime && parts.negativeTime];
  const positives = [parts.years > 0 || parts.months > 0, parts.days > 0,
    hasTime && !parts.negativeTime];
  const mixed = negatives.includes(true) && positives.includes(true);
  const months = `${Math.abs(parts.years)}-${Math.abs(parts.months)}`;
  if (!hasMonths && !hasDays && !hasTime) return '0';
  if (mixed || (hasMonths && (hasDays || hasTime))) {
    const monthSign = negatives[0] === true ? '-' : '+';
    const daySign = parts.days < 0 ? '-' : '+';
    const timeSign = parts.negativeTime ? '-' : '+';
    return `${monthSign}${months} ${daySign}${Math.abs(parts.days)} ${timeSign}${time}`;
  }
  const sign = negatives.includes(true) ? '-' : '';
  if (hasMonths) return sign + months;
  return hasDays ? `${sign}${Math.abs(parts.days)} ${time}` : sign + time;
}
