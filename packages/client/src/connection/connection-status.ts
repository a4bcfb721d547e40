import { closeCodes, problemOf, type Problem } from '@cd-push/protocol';

/** Where a connection stands. `ended` is for good; everything else keeps trying. */
export type ConnectionStatus =
  | { readonly state: 'connecting'; readonly problem?: Problem }
  | { readonly state: 'open' }
  | { readonly state: 'ended'; readonly problem: Problem };

/** What the end of a WebSocket means for this side. */
export type Cut =
  | { readonly next: 'reconnect'; readonly renew: boolean; readonly problem: Problem }
  | { readonly next: 'end'; readonly problem: Problem };

/**
 * Reads a disconnection: the relay's close code if it gave one, else the transport's reason.
 *
 * @param said the problem that the relay sent just before, if any.
 */
export const cutOf = (reason: string, code: number | undefined, said: Problem | undefined): Cut => {
  const named = Object.entries(closeCodes).find(([, facts]) => facts.code === code);
  if (named !== undefined) {
    const [name, { comesBack, sentence }] = named;
    if (!comesBack) return { next: 'end', problem: said ?? endOf(name, sentence) };
    return {
      next: 'reconnect',
      renew: name === 'expired',
      problem: problemOf('unavailable', { detail: sentence }),
    };
  }
  // Socket.IO's own word for "the server sent you away"; its client would not come back from it either.
  if (reason === 'io server disconnect') {
    return {
      next: 'end',
      problem: said ?? problemOf('unauthenticated', { detail: 'The relay ended the connection.' }),
    };
  }
  return {
    next: 'reconnect',
    renew: false,
    problem: problemOf('unavailable', { detail: `The connection was lost (${reason}).` }),
  };
};

const endOf = (name: string, detail: string): Problem => {
  if (name === 'revoked') return problemOf('session-revoked', { detail });
  if (name === 'replaced') return problemOf('conflict', { detail });
  return problemOf('invalid-request', { detail });
};
