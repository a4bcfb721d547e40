import type { Figure } from '../report/result.ts';

export interface SuiteOptions {
  /** Fewer rounds of fewer samples: to see that it works and about how it stands. */
  readonly quick: boolean;
  /** Says what is being done, for people who wait. */
  readonly tell: (what: string) => void;
  /** Milliseconds of this part of what the suite may take: the bound of what repeats until its spread is known. */
  readonly within: (part: number) => number;
  /** What was measured before in the same run, for suites that reckon with it. */
  readonly measured: {
    readonly figures: readonly Figure[];
    readonly suites: Readonly<Record<string, unknown>>;
  };
}

interface SuiteResult {
  readonly figures: readonly Figure[];
  /** Everything that was measured, by variant. */
  readonly details: Readonly<Record<string, unknown>>;
  /** The same for people; where it is absent they are shown the details. */
  readonly text?: string;
}

export type Suite = (options: SuiteOptions) => Promise<SuiteResult>;

/** A suite in its place among the others. */
export interface Planned {
  readonly suite: Suite;
  /** Suites from whose results it reckons, which run before it. */
  readonly needs?: readonly string[];
  /** What it takes on the kind of machine that docs/performance.md names. */
  readonly minutes: { readonly full: Minutes; readonly quick: Minutes };
}

export interface Minutes {
  /** For what comes once: starting, joining, filling journals. */
  readonly once: number;
  /** For what repeats until its spread is known, which can be cut short. */
  readonly repeated: number;
}
