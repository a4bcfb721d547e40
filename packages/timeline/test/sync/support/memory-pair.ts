import { expect } from 'vitest';

import {
  begunBy,
  directPeer,
  MemorySpace,
  openGate,
  Responder,
  Selections,
  SyncSession,
  type ScenarioPair,
  type Side,
  type SyncGate,
  type SyncLimits,
  type SyncSessionOptions,
} from '../../../src/index.ts';
import { connectTo, newParty, signingOf } from './party.ts';

/** Two spaces in memory, and a connection of its own with new sessions for every saga. */
export const memoryPair = (limits?: SyncLimits): ScenarioPair => {
  const spaces: Readonly<Record<Side, MemorySpace>> = { a: new MemorySpace(), b: new MemorySpace() };
  const label = crypto.randomUUID();
  return {
    spaces,
    origin: (name) => ({ tenant: 'default', environment: 'development', resource: `/shop/${name}-${label}` }),
    sync: async (initiator, wanted) => {
      const traffic = { messages: 0, bytes: 0 };
      const { session, n } = await connection({
        space: spaces[initiator],
        other: spaces[initiator === 'a' ? 'b' : 'a'],
        limits,
        heard: (text) => {
          traffic.messages += 1;
          traffic.bytes += new TextEncoder().encode(text).length;
        },
      });
      const result = await session.sync(wanted).done;
      const turns = traffic.messages / 2;
      // Every session has one frame for its connect, and one for each context that it has signed; none else.
      if (n().some((frames) => frames !== 1 + turns))
        throw new Error(`${turns} turns, and ${n().join(', ')} frames.`);
      return { result, ...traffic };
    },
  };
};

/** The same where one of the sides may read and not write, and what is not told is hidden from it. */
export const readingPair = (side: Side): ScenarioPair => {
  const pair = memoryPair();
  const other = side === 'a' ? 'b' : 'a';
  const [space, answering] = [pair.spaces[side], pair.spaces[other]];
  if (!(space instanceof MemorySpace) || !(answering instanceof MemorySpace)) throw new Error('In memory.');
  const selections = new Selections();
  const gate: SyncGate = { ...openGate, mayWrite: () => false, hides: true };
  return {
    ...pair,
    sync: begunBy(side, async (wanted) => {
      const traffic = { messages: 0, bytes: 0 };
      const before = [answering.size, answering.tips(undefined, 10_000)];
      const { session } = await connection({
        space,
        other: answering,
        gate,
        selections,
        heard: (text) => {
          traffic.messages += 1;
          traffic.bytes += new TextEncoder().encode(text).length;
        },
      });
      try {
        return { result: await session.sync(wanted).done, ...traffic };
      } finally {
        expect([answering.size, answering.tips(undefined, 10_000)]).toEqual(before);
      }
    }),
  };
};

interface Connection extends Omit<SyncSessionOptions, 'peer' | 'signing'> {
  readonly other: MemorySpace;
  readonly gate?: SyncGate;
  readonly selections?: Selections;
  readonly heard?: (text: string) => void;
}

/** A new session of each side, and what connects them. */
export const connection = async ({ other, heard, gate = openGate, selections, ...options }: Connection) => {
  const [one, two] = await Promise.all([newParty(), newParty()]);
  const connected = [await connectTo(one, two), await connectTo(two, one)] as const;
  const [initiating, responding] = signingOf(...connected);
  const failures: unknown[] = [];
  const responder = new Responder({
    space: other,
    signing: responding,
    gate,
    selections,
    limits: options.limits,
    explain: (error) => {
      failures.push(error);
      return undefined;
    },
  });
  const session = new SyncSession({
    ...options,
    signing: initiating,
    peer: directPeer(responder, { heard: (_direction, text) => heard?.(text) }),
  });
  return {
    session,
    responder,
    failures,
    parties: [one, two] as const,
    n: () => [initiating.signer.session.n, responding.signer.session.n] as const,
    tips: () => [initiating.signer.session.tip, responding.signer.session.tip] as const,
  };
};
