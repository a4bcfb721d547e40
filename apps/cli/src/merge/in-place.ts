import type { FileVersion } from '@cd-push/protocol';

import type { Line } from '../sync/line.ts';
import { versionsOf } from '../versions/find-version.ts';
import { versionName } from '../versions/version-name.ts';

/** How what is in place of a file came there, as far as the relay tells. */
export interface InPlace {
  /** Whoever signed it. */
  readonly by?: string | undefined;
  readonly change?: FileVersion['change'] | undefined;
  /** The version to which it was rolled back: as people call it, null for what was there before the first one. */
  readonly backTo?: string | null | undefined;
  /** The name that it got, or had, where it was renamed. */
  readonly to?: string | undefined;
  readonly from?: string | undefined;
}

/** Nothing is the worse for not knowing it: it is said without then. */
export const inPlaceOf = async (
  line: Line,
  environment: string,
  resource: string,
  signal: AbortSignal,
): Promise<InPlace> => {
  let latest: FileVersion | undefined;
  try {
    for await (const version of versionsOf(line, environment, resource, signal)) {
      if (latest === undefined) {
        latest = version;
        if (latest.restores === undefined || latest.restores === 0) break;
      } else if (version.version === latest.restores) {
        return { by: latest.signer, change: latest.change, backTo: versionName(version) };
      }
    }
  } catch {
    // What was read so far is what is said.
  }
  if (latest === undefined) return {};
  const { signer: by, change, restores, from, to } = latest;
  return {
    by,
    change,
    ...(restores === 0 ? { backTo: null } : {}),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
};
