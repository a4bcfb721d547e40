import type { Connection } from '../connection/connection.ts';

/** What a publisher needs of a connection. */
export type SenderConnection = Pick<
  Connection,
  'clock' | 'relayUrl' | 'signer' | 'status' | 'onStatus' | 'on' | 'opened' | 'request' | 'push'
>;
