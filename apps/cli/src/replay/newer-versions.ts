import type { PatchInput, RestoreInput } from '@cd-push/client';
import type { PushView } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';

import type { Line } from '../sync/line.ts';

/** A file that was pushed anew since, with other contents. */
export interface NewerVersion {
  readonly resource: string;
  /** A version is the time of its push in milliseconds, or one more than the version before it. */
  readonly version: number;
  /** Whether it was deleted meanwhile. */
  readonly isDeleted: boolean;
}

/** What is in place of a push's files where that is newer, and something else. */
export const newerVersions = async (
  { connection }: Line,
  { environment, patches: pushed }: PushView,
  patches: readonly (PatchInput | RestoreInput)[],
): Promise<NewerVersion[]> => {
  const resources = patches.map(({ resource }) => resource);
  const { heads } = await connection.request('get-heads', { environment, resources });
  const found: NewerVersion[] = [];
  for (const { resource, version, digest } of heads) {
    const patch = patches.find((one) => one.resource === resource);
    const before = pushed.find((one) => one.resource === resource);
    if (patch === undefined || version <= (before?.version ?? 0)) continue;
    if (digest !== (await digestAfter(patch))) found.push({ resource, version, isDeleted: digest === null });
  }
  return found;
};

/** What will be in place; null where nothing will. */
const digestAfter = async (patch: PatchInput | RestoreInput): Promise<string | null> => {
  if (patch.change === 'restore') return patch.held?.digest ?? null;
  return patch.change === 'delete' ? null : digestOf(patch.content);
};
