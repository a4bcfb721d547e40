/** What must never happen. */
export const counts = ['lost', 'doubled', 'reordered', 'phantom', 'regressed'] as const;
export type Count = (typeof counts)[number];

/** One thing that must not have happened. */
export interface Finding {
  readonly count: Count;
  readonly push: string;
  /** Runtime where it shows, by its name; undefined where it shows in what was told. */
  readonly runtime?: string;
  /** A sentence for people. */
  readonly what: string;
}
