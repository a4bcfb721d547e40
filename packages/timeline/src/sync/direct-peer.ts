import { parse, parseJson } from '@cd-push/protocol';

import { orThrow } from './or-throw.ts';
import type { Responder } from './responder.ts';
import type { SyncPeer } from './sync-peer.ts';

/** What goes over the way between two sides, as text. */
export interface DirectTraffic {
  /** Hears every message as it goes. */
  readonly heard?: ((direction: 'request' | 'answer', text: string) => void) | undefined;
}

/** The way to a responder in the same process. Turns go as text and are parsed at the other end, like anywhere else. */
export const directPeer = (responder: Responder, { heard }: DirectTraffic = {}): SyncPeer => {
  let isClosed = false;
  return {
    exchange: async (turn, signal) => {
      signal.throwIfAborted();
      const request = JSON.stringify(turn);
      heard?.('request', request);
      const answer = await responder.answer(orThrow(parse('SyncTurn', orThrow(parseJson(request)))));
      signal.throwIfAborted();
      const text = JSON.stringify(answer);
      heard?.('answer', text);
      return orThrow(parse('SyncTurnAnswer', orThrow(parseJson(text))));
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      responder.close();
    },
  };
};
