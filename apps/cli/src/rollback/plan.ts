import type { FileChange, FileVersion, PushedHead } from '@cd-push/protocol';

/** One file of a rollback. */
export interface PlannedFile {
  readonly resource: string;
  /** The version in place. */
  readonly now: FileVersion;
  /** The one that comes back; null for what was there before the first one. */
  readonly before: FileVersion | null;
  /** The name that it has now, where it goes back to this one: its rename is undone. */
  readonly from: string | undefined;
}

/** What a rollback does. */
export interface Plan {
  readonly files: readonly PlannedFile[];
  /** Files of which it is not known any more what they were. */
  readonly forgotten: readonly FileVersion[];
  /** Files whose earlier content was let go of. */
  readonly gone: readonly PlannedFile[];
  /** Of all names that are touched, what is in place: nothing is done where that has changed. */
  readonly heads: readonly PushedHead[];
}

/** A file that is to be as it was, without what it takes to carry that out. */
export type Wanted = Pick<FileChange, 'now' | 'before' | 'forgotten'>;

/** What has to be done so that files are as they were; those that are so already are left alone. */
export const planOf = (wanted: readonly Wanted[]): Omit<Plan, 'heads'> => {
  const changed = wanted.filter(({ now, before }) => !isAsBefore(now, before));
  const known = changed.filter(({ forgotten }) => !forgotten);
  const undone = undoneRenames(known);
  const files = known
    .filter(({ now }) => !undone.has(now.resource))
    .map(({ now, before }): PlannedFile => ({
      resource: now.resource,
      now,
      before,
      from: now.to !== undefined && undone.has(now.to) ? now.to : undefined,
    }));
  return {
    files,
    forgotten: changed.filter(({ forgotten }) => forgotten).map(({ now }) => now),
    gone: files.filter(({ before }) => before?.stored === false),
  };
};

/** What is gone by now may have been served before its first version. */
const isAsBefore = (now: FileVersion, before: FileVersion | null): boolean =>
  before === null ? now.restores === 0 : before.digest === now.digest;

const digestOf = (version: FileVersion | null): string | null => version?.digest ?? null;

/** New names that files go back from with what runs of them: those that were not there before. */
const undoneRenames = (wanted: readonly Wanted[]): ReadonlySet<string> => {
  const nowThere = new Set(
    wanted
      .filter(({ now, before }) => now.digest !== null && digestOf(before) === null)
      .map(({ now }) => now.resource),
  );
  const taken = new Set<string>();
  for (const { now, before } of wanted)
    if (now.to !== undefined && digestOf(before) !== null && nowThere.has(now.to)) taken.add(now.to);
  return taken;
};

/** Every name that is touched. */
export const namesIn = (files: readonly PlannedFile[]): string[] =>
  files.flatMap(({ resource, from }) => (from === undefined ? [resource] : [resource, from]));
