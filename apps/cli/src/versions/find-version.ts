import { listVersions } from '@cd-push/client';
import type { FileVersion } from '@cd-push/protocol';

import { CliError, usageError } from '../cli-error.ts';
import type { Line } from '../sync/line.ts';

/** A version as people write it: `v3`, or by its number as `--json` shows it. */
export type VersionSpec = { readonly ordinal: number } | { readonly version: number };

/** Versions are times in milliseconds, so that none is as short as the guid of a push may be written. */
const versionPattern = /^\d{12,16}$/u;

/** Undefined where a text is meant as something else. */
export const versionSpec = (text: string): VersionSpec | undefined => {
  const [, ordinal] = /^v([1-9]\d{0,8})$/u.exec(text) ?? [];
  if (ordinal !== undefined) return { ordinal: Number(ordinal) };
  return versionPattern.test(text) ? { version: Number(text) } : undefined;
};

/** @throws CliError where a text is no version. */
export const requireVersionSpec = (text: string): VersionSpec => {
  const spec = versionSpec(text);
  if (spec !== undefined) return spec;
  throw usageError(`"${text}" is no version.`, 'Write it as "history" shows it: v3');
};

const fits = (version: FileVersion, spec: VersionSpec): boolean =>
  'ordinal' in spec ? version.ordinal === spec.ordinal : version.version === spec.version;

/** The versions of a file, the latest first, without their pages. */
export async function* versionsOf(
  { connection }: Line,
  environment: string,
  resource: string,
  signal: AbortSignal,
): AsyncGenerator<FileVersion, void, undefined> {
  for await (const { versions } of listVersions(connection, { environment, resource }, { signal }))
    yield* versions;
}

/** @throws CliError where the file has no such version. */
export const findVersion = async (
  versions: AsyncIterable<FileVersion>,
  spec: VersionSpec,
  resource: string,
): Promise<FileVersion> => {
  for await (const version of versions) if (fits(version, spec)) return version;
  const named = 'ordinal' in spec ? `v${spec.ordinal}` : String(spec.version);
  throw new CliError(`${resource} has no version ${named}.`, {
    next: `See which there are: cd-cli history ${resource}`,
  });
};
