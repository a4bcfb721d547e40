import type { Work } from './work.ts';

/** What a commit outlives: the end of this process, or the loss of power too. */
export type Outlives = 'process' | 'power';

/** Where work is done. */
export interface Database {
  /** For work that reads alone. */
  read<Value>(work: () => Work<Value>): Promise<Value>;
  /** For work that writes: all of it or nothing, one after the other. A promise that rejects means that nothing was written. */
  write<Value>(outlives: Outlives, work: () => Work<Value>): Promise<Value>;
  close(): Promise<void>;
}
