import { problemOf, type CloseReason } from '@cd-push/protocol';
import { expect, test } from 'vitest';

import { RelayReception, type ReceptionPorts } from '../src/reception.ts';
import type { Peer } from '../src/peers/peer.ts';
import { MemoryAuthority } from './support/memory-authority.ts';

/** A reception of which only what a turn of a synchronisation passes is there. */
const receive = async (answer: ((value: object) => void) | undefined) => {
  const { session } = await (await MemoryAuthority.create()).developer();
  const cuts: CloseReason[] = [];
  const problems: unknown[] = [];
  const peer: Peer = {
    id: 'one',
    session,
    running: undefined,
    outlet: {
      emit: (_event, payload) => void problems.push(payload),
      cut: (reason) => void cuts.push(reason),
      isOpen: true,
      drained: () => Promise.resolve(),
    },
  };
  const ports = {
    rate: { take: () => undefined },
    sync: { turn: () => Promise.resolve({ outcome: 'ended', problem: problemOf('bad-identity') }) },
  } as unknown as ReceptionPorts;
  const received = new RelayReception(ports).receive(peer, 'sync-turn', {}, answer);
  return { received, cuts, problems };
};

test('[SYNC-22] a turn that cannot be believed is answered before the connection is cut', async () => {
  const answers: unknown[] = [];
  const { received, cuts } = await receive((value) => {
    answers.push(value, [...cuts]);
  });
  await received;
  expect(answers).toMatchObject([{ status: false, error: { kind: 'bad-identity' } }, []]);
  expect(cuts).toEqual(['unproven']);
});

test('[SYNC-22] and the connection is cut where the answer cannot be sent as well, and that is what is told', async () => {
  const { received, cuts } = await receive(() => {
    throw new Error('The socket is gone.');
  });
  await expect(received).rejects.toThrow('The socket is gone.');
  expect(cuts).toEqual(['unproven']);
});

test('[SYNC-22] and where nobody waits for an answer, the problem is told by itself', async () => {
  const { received, cuts, problems } = await receive(undefined);
  await received;
  expect([problems, cuts]).toMatchObject([[{ kind: 'bad-identity' }], ['unproven']]);
});
