import type { Figure } from '../report/result.ts';

export interface SuiteOptions {
  /** Fewer rounds of fewer samples: to see that it works and about how it stands. */
  readonly quick: boolean;
  /** Says what is being done, for people who wait. */
  readonly tell: (what: string) => void;
}

interface SuiteResult {
  readonly figures: readonly Figure[];
  /** Everything that was measured, by variant. */
  readonly details: Readonly<Record<string, unknown>>;
}

export type Suite = (options: SuiteOptions) => Promise<SuiteResult>;
