import type { PatchHead } from '@cd-push/protocol';

import type { AcceptedPush, Place } from '../ports/push.ts';
import type { JournalTables } from './tables.ts';

export type StepRow = JournalTables['steps'];

/** What a push signs of files; nothing for a message of an existing client. */
export const patchesOf = ({ signed }: Pick<AcceptedPush, 'signed'>): readonly PatchHead[] =>
  signed?.patches ?? [];

/** The resources that patches touch. */
export const namesOf = (patches: readonly PatchHead[]): string[] =>
  patches.flatMap(({ resource, from }) => (from === undefined ? [resource] : [resource, from]));

/** Those resources and every folder above them, each once. */
export const pathsOf = (patches: readonly PatchHead[]): ReadonlySet<string> => {
  const paths = new Set<string>();
  for (const resource of namesOf(patches)) {
    for (let end = resource.length; end > 0; end = resource.lastIndexOf('/', end - 1)) {
      paths.add(resource.slice(0, end));
    }
  }
  return paths;
};

/** Digests of the contents and maps that patches name, each once. */
export const contentsOf = (patches: readonly PatchHead[]): ReadonlySet<string> =>
  new Set(
    patches
      .flatMap(({ digest, mapDigest }) => [digest, mapDigest ?? null])
      .filter((digest) => digest !== null),
  );

/** One step for each resource that is touched; what is renamed away and written anew in the same push is there. */
export const stepsOf = (
  { tenant, environment }: Place,
  patches: readonly PatchHead[],
  position: number,
): StepRow[] => {
  const steps = new Map<string, StepRow>();
  for (const { resource, from, version, predecessor, digest, mapDigest } of patches) {
    const step = { tenant, environment, version, predecessor, position };
    if (from !== undefined) steps.set(from, { ...step, resource: from, digest: null, map_digest: null });
    steps.set(resource, { ...step, resource, digest, map_digest: mapDigest ?? null });
  }
  return [...steps.values()];
};
