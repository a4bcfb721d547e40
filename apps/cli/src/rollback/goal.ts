import { usageError } from '../cli-error.ts';
import { versionSpec, type VersionSpec } from '../versions/find-version.ts';

/** To what a rollback goes. */
export type Goal =
  /** To before the latest push that is not taken back already. */
  | { readonly kind: 'step-back' }
  | { readonly kind: 'version'; readonly spec: VersionSpec }
  /** To how a push left it: its guid, or the beginning of it. */
  | { readonly kind: 'push'; readonly guid: string }
  /** To how it was then, in milliseconds since the epoch. */
  | { readonly kind: 'time'; readonly at: number };

/**
 * What `--to` says.
 *
 * @param now of this machine's clock.
 * @throws CliError where it makes no sense.
 */
export const goalOf = (to: string | undefined, now: number): Goal => {
  if (to === undefined) return { kind: 'step-back' };
  const spec = versionSpec(to);
  if (spec !== undefined) return { kind: 'version', spec };
  const at = timeOf(to, now);
  if (at !== undefined) {
    if (at > now) throw usageError(`${to} has not come yet.`, 'Say when it was as it shall be.');
    return { kind: 'time', at };
  }
  // The first part of a guid has eight characters.
  if (/^(?:[0-9a-f]{4,8}|[0-9a-f]{8}-[0-9a-f-]{0,27})$/u.test(to)) return { kind: 'push', guid: to };
  throw usageError(
    `"${to}" is neither a version nor a push nor a time.`,
    'Write v3, the short guid of a push, a time of today (14:30), or a date (2026-11-20 14:30).',
  );
};

/** A time of this machine's zone, unless it names another: `14:30`, `14:30:05`, `2026-11-20`, `2026-11-20T14:30:05Z`. */
const timeOf = (text: string, now: number): number | undefined => {
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/u.exec(text) ?? [];
  if (hours !== undefined && minutes !== undefined) {
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
    return new Date(now).setHours(Number(hours), Number(minutes), Number(seconds), 999);
  }
  if (!/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/u.test(text))
    return undefined;
  // A date alone would be one of Greenwich.
  const at = Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T'));
  return Number.isNaN(at) ? undefined : at;
};
