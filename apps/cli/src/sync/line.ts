import type { Connection, Outbox, Publisher, Session } from '@cd-push/client';

export type LineName = 'local' | 'remote';

/** An authenticated way to one relay. */
export interface Line {
  readonly name: LineName;
  readonly apiUrl: string;
  readonly session: Session;
  readonly connection: Connection;
  readonly publisher: Publisher;
  readonly outbox: Outbox;
}
