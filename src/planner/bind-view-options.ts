/**
 * WITH (...) of CREATE MATERIALIZED VIEW: the options that change the plan.
 *
 * Unknown options are refused with the list of those there are.
 */
import { sqlError } from '../common/errors.ts';
import { parseInterval } from '../common/types/interval-parse.ts';
import type { Option } from '../parser/ast.ts';
import type { LateLimit, ViewOptions } from './bound.ts';
import { intervalMicros } from './bind-windows.ts';

/** How much of late rows is kept without the option. */
export const LATE_LIMIT: LateLimit = { micros: 7n * 86_400_000_000n, rows: 1_000_000 };

const KNOWN = ['allowed_lateness', 'late', 'late.retention', 'memory_limit', 'retain_history',
  'state_ttl', 'ttl'];

/** Reads the options of a view. */
export function viewOptions(
  options: readonly Option[],
  about: { readonly name: string; readonly requireBoundedState: boolean },
): ViewOptions {
  let allowedLatenessMicros = 0n;
  let stateTtlMicros: bigint | null = null;
  let ttlMicros: bigint | null = null;
  let keepLate = true;
  let lateRetention: LateLimit | null = null;
  let retainHistory: string | null = null;
  let memoryLimitBytes: bigint | null = null;
  for (const option of options) {
    switch (option.name) {
      case 'allowed_lateness': allowedLatenessMicros = micros(option); break;
      case 'state_ttl': stateTtlMicros = ttl(option); break;
      case 'ttl': ttlMicros = ttl(option); break;
      case 'late': keepLate = late(option); break;
      case 'retain_history': case 'retain history':
        retainHistory = text(option);
        break;
      case 'memory_limit': memoryLimitBytes = bytes(option); break;
      case 'late.retention': lateRetention = lateLimit(text(option), option); break;
      default:
        throw sqlError('22023', `unrecognized parameter "${option.name}"`, {
          span: option.span, hint: `Valid options: ${KNOWN.join(', ')}.`,
        });
    }
  }
  return {
    ...about, allowedLatenessMicros, stateTtlMicros, ttlMicros, keepLate, retainHistory,
    lateRetention, memoryLimitBytes,
  };
}

function text(option: Option): string {
  const { value } = option;
  if (value?.kind === 'stringLiteral') return value.value;
  if (value?.kind === 'typedLiteral') return value.value;
  if (value?.kind === 'integerLiteral') return value.text;
  throw sqlError('22023', `option "${option.name}" needs a quoted value`, { span: option.span });
}

function micros(option: Option): bigint {
  const value = intervalMicros(parseInterval(text(option)), option.name, option.span);
  if (value < 0n) {
    throw sqlError('22023', `option "${option.name}" must not be negative`, { span: option.span });
  }
  return value;
}

const UNIT_BYTES: Readonly<Record<string, bigint>> = {
  '': 1n, b: 1n, kb: 1n << 10n, mb: 1n << 20n, gb: 1n << 30n, tb: 1n << 40n,
};

/** 100MB, 2GB, a number of bytes: units of 1,024 as in PostgreSQL. */
function bytes(option: Option): bigint {
  const found = /^\s*(\d{1,15})\s*([kmgt]?b|)\s*$/i.exec(text(option));
  const unit = UNIT_BYTES[found?.[2]?.toLowerCase() ?? '-'];
  const value = unit === undefined ? 0n : BigInt(found?.[1] ?? 0) * unit;
  if (value > 0n) return value;
  throw sqlError('22023', `invalid value for option "memory_limit": "${text(option)}"`, {
    span: option.span, hint: 'Valid units are "B", "kB", "MB", "GB", and "TB".',
  });
}

function ttl(option: Option): bigint {
  const value = micros(option);
  if (value > 0n) return value;
  throw sqlError('22023', `option "${option.name}" must be positive`, { span: option.span });
}

/** '7 days', '100000 rows', or both, parted by a comma. */
function lateLimit(value: string, option: Option): LateLimit {
  let limit: LateLimit = LATE_LIMIT;
  for (const part of value.split(',')) {
    const rows = /^\s*(\d{1,9})\s+rows?\s*$/i.exec(part)?.[1];
    if (rows === undefined) limit = { ...limit, micros: positiveMicros(part, option) };
    else limit = { ...limit, rows: Number(rows) };
  }
  return limit;
}

function positiveMicros(value: string, option: Option): bigint {
  const found = intervalMicros(parseInterval(value), option.name, option.span);
  if (found > 0n) return found;
  throw sqlError('22023', `option "${option.name}" must be positive`, { span: option.span });
}

function late(option: Option): boolean {
  const value = text(option).toLowerCase();
  if (value === 'ignore') return false;
  if (value === 'keep') return true;
  throw sqlError('22023', `invalid value for option "late": "${value}"`, {
    span: option.span, hint: "Valid values: 'keep', 'ignore'.",
  });
}
