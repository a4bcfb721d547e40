/** What must not be: the closed list of what a run counts. */
export const counts = ['divergences', 'lostEdits', 'unstableAddresses'] as const;
export type Count = (typeof counts)[number];

/** Something that must not have happened. */
export interface Finding {
  readonly count: Count;
  readonly what: string;
}
