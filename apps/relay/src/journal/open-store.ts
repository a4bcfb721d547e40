import { openPostgresJournal, openSqliteJournal, type JournalStore } from '@cd-push/store';

import type { Clock } from '../clock.ts';

/** Where a relay keeps what it promised. */
export type JournalPlace =
  /** Gone with the process. */
  | { readonly kind: 'memory' }
  /** One file of one process. */
  | { readonly kind: 'sqlite'; readonly file: string }
  /** A database that several relays share. */
  | { readonly kind: 'postgres'; readonly url: string; readonly schema?: string };

/** @throws StoreError where it cannot be opened; the message says what to do. */
export const openStore = async (
  place: JournalPlace | JournalStore,
  node: string,
  clock: Clock,
): Promise<JournalStore> => {
  if (!('kind' in place)) return place;
  const now = () => clock.now();
  switch (place.kind) {
    case 'memory':
      return openSqliteJournal(':memory:', { node, now });
    case 'sqlite':
      return openSqliteJournal(place.file, { node, now });
    case 'postgres':
      return openPostgresJournal({ url: place.url, schema: place.schema, node, now });
    default:
      return place satisfies never;
  }
};
