import { ProblemError } from '@cd-push/protocol';
import type { StoredVersion } from '@cd-push/store';
import { isAddress, loadFrame, sourceOf, type Address } from '@cd-push/timeline';

import type { Journal } from '../journal/journal.ts';

/** Frames that are read at a time. */
const perRead = 20;

/** Addresses of the files as they were saved, of those versions whose frames say so. */
export const sourcesOf = async (
  tenant: string,
  versions: readonly StoredVersion[],
  store: Pick<Journal['store'], 'space'>,
): Promise<ReadonlyMap<StoredVersion, Address>> => {
  const space = store.space(tenant);
  const sources = new Map<StoredVersion, Address>();
  for (let start = 0; start < versions.length; start += perRead) {
    await Promise.all(
      versions.slice(start, start + perRead).map(async (version) => {
        const { digest, resource, patch } = version;
        if (digest === null || patch.resource !== resource || !isAddress(patch.frame)) return;
        const source = await sourceIn(patch.frame, space);
        if (source !== undefined) sources.set(version, source);
      }),
    );
  }
  return sources;
};

const sourceIn = async (
  frame: Address,
  space: Parameters<typeof loadFrame>[0],
): Promise<Address | undefined> => {
  try {
    return sourceOf((await loadFrame(space, frame)).frame);
  } catch (error) {
    // What was pushed is told of all the same.
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
};
