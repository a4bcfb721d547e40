import { unpackEnvelope } from '@cd-push/timeline';

import type { Connection } from './connection.ts';

/**
 * Hears envelopes under these events, one after the other in the order in which they came; one that came packed is unpacked
 * first. What is no pack is handed on as it is, for the listener to refuse. What a connection brought that has ended
 * meanwhile is let go of: the relay sends again what was not answered.
 */
export const onEnvelopes = (
  connection: Pick<Connection, 'on' | 'onStatus'>,
  events: readonly string[],
  listener: (envelope: unknown) => void,
): (() => void) => {
  let connections = 0;
  let last: Promise<void> = Promise.resolve();
  /** Envelopes that wait for one that is being unpacked, that one included. */
  let waiting = 0;
  const arrived = (payload: unknown, attached: unknown): void => {
    if (waiting === 0 && attached === undefined) {
      listener(payload);
      return;
    }
    waiting += 1;
    const unpacked = attached === undefined ? payload : unpack(payload, attached);
    last = hearAfter(last, unpacked, connections);
  };
  const hearAfter = async (before: Promise<void>, unpacked: unknown, cameBy: number): Promise<void> => {
    const [envelope] = await Promise.all([unpacked, before]);
    waiting -= 1;
    if (cameBy === connections) listener(envelope);
  };
  const forgets = events.map((event) => connection.on(event, arrived));
  forgets.push(
    connection.onStatus(({ state }) => {
      if (state !== 'open') connections += 1;
    }),
  );
  return () => {
    connections += 1;
    for (const forget of forgets) forget();
  };
};

const unpack = async (payload: unknown, attached: unknown): Promise<unknown> => {
  const bytes = attached instanceof ArrayBuffer ? new Uint8Array(attached) : attached;
  return (bytes instanceof Uint8Array ? await unpackEnvelope(payload, bytes) : undefined) ?? payload;
};
