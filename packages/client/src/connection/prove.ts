import { isConnectChallenge, isConnectProofAnswer, ProblemError, problemOf } from '@cd-push/protocol';
import type { Socket } from 'socket.io-client';

import type { PersonSession } from '../session/access.ts';
import { readRequestAnswer } from './answers.ts';

/** How long a relay may take to demand a proof, and then to judge it. */
const withinMs = 10_000;

/** Proves to the relay that a connection is a session's own, before anything else is sent on it. */
export type Prove = (socket: Socket, person: PersonSession) => Promise<void>;

/**
 * Answers the challenge that the relay puts to every person's connection.
 *
 * @throws ProblemError `bad-certificate`, `challenge-failed` (whoever demands it is no relay of the issuer's), the relay's
 * own problem, `timeout`, `unavailable` where the connection broke meanwhile.
 */
export const proveByChallenge: Prove = async (socket, person) => {
  const challenge = await demanded(socket);
  if (!isConnectChallenge(challenge)) {
    throw new ProblemError(
      problemOf('unsupported-version', { detail: 'The relay’s challenge is not understood here.' }),
    );
  }
  const proof = await person.prove(challenge);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  socket.timeout(withinMs).emit('connect-proof', proof, (error: Error | null, answer: unknown) => {
    if (error === null) resolve(answer);
    else reject(late('The relay did not judge the proof.'));
  });
  readRequestAnswer('connect-proof', isConnectProofAnswer, await promise);
};

/** The relay demands it as soon as the connection is there. */
const demanded = async (socket: Socket): Promise<unknown> => {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const timer = setTimeout(() => reject(late('The relay demanded no proof.')), withinMs);
  const broken = (): void =>
    reject(new ProblemError(problemOf('unavailable', { detail: 'The connection broke.' })));
  socket.once('connect-challenge', resolve);
  socket.once('disconnect', broken);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off('connect-challenge', resolve);
    socket.off('disconnect', broken);
  }
};

const late = (detail: string): ProblemError => new ProblemError(problemOf('timeout', { detail }));
