import type { RecipientId } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Journal, PresenceChange } from '../journal/journal.ts';
import { factsOf, type Log } from '../log.ts';
import type { Peers } from '../peers/peers.ts';
import type { Roster } from './roster.ts';

interface PlacePorts {
  readonly roster: Roster;
  readonly peers: Peers;
  readonly journal: Pick<Journal, 'connected'>;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Holds the connections of this node against who is said to be connected where. One that its instance has left for
 * another node is cut; one that was taken for gone, because this node had not been heard of for a while, is named again.
 */
export const holdPlaces = ({ presence, departed, gone }: PresenceChange, ports: PlacePorts): void => {
  const { roster, peers, node } = ports;
  const concerned = new Set<RecipientId>(
    [...presence, ...departed, ...gone].map(({ recipient }) => recipient),
  );
  for (const recipient of concerned) {
    const where = roster.of(recipient)?.node ?? null;
    if (where === null) nameAgain(recipient, ports);
    else if (where !== node) peers.byRecipient(recipient)?.outlet.cut('replaced');
  }
};

/** Has it written down that an instance is connected here, where it is, and counts as away. */
export const nameAgain = (
  recipient: RecipientId,
  { roster, peers, journal, node, clock, log }: PlacePorts,
): void => {
  const peer = peers.byRecipient(recipient);
  if (peer?.running === undefined || (roster.of(recipient)?.node ?? null) !== null) return;
  const { tenant } = peer.session;
  const { kind } = peer.running;
  journal.connected({ tenant, recipient, node, kind, since: clock.now() }).catch((error: unknown) => {
    log.warn({ ...factsOf(error), recipient }, 'A runtime counts as away though it is connected.');
    // It comes back, and says hello.
    peer.outlet.cut('slow');
  });
};
