import type { FileVersion } from '@cd-push/protocol';

/**
 * What goes one step back: the versions of the latest push that is not taken back already. What a rollback took back counts
 * as never pushed, and the rollback itself as what it brought back, so that rolling back again goes further back. What
 * was pushed as it was already is passed over: there is nothing to take back.
 *
 * @param versions the latest first.
 */
export const stepBack = async (versions: AsyncIterable<FileVersion>): Promise<FileVersion[]> => {
  /** Of files that were rolled back, the version to which: what lies above it was taken back. */
  const backTo = new Map<string, number>();
  const step: FileVersion[] = [];
  for await (const one of versions) {
    const { resource, version, restores, offset, digest, predecessor } = one;
    const [first] = step;
    if (first !== undefined && first.offset !== offset) return step;
    if (version > (backTo.get(resource) ?? Number.POSITIVE_INFINITY)) continue;
    if (restores !== undefined) backTo.set(resource, restores);
    else if (digest === null || digest !== predecessor) step.push(one);
  }
  return step;
};
