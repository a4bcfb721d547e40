import type { Space } from '@cd-push/timeline';

import type { JournalStore } from './journal.ts';

/** What was pushed, and what it was made of; for whoever only reads. A {@link JournalStore} is one. */
export interface HistoryReader extends Pick<JournalStore, 'heads' | 'versions'> {
  space(tenant: string): Pick<Space, 'get' | 'has' | 'tip' | 'tips'>;
}
