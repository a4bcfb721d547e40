import { ProblemError, problemOf, type SyncTurn, type SyncTurnAnswer } from '@cd-push/protocol';
import { describe, expect, test } from 'vitest';

import { openGate, Responder, SyncSession, type MemorySpace, type SyncPeer } from '../../src/index.ts';
import { diverged } from './support/diverged.ts';
import { connectTo, newParty, signingOf } from './support/party.ts';

type Answer = (turn: SyncTurn) => Promise<SyncTurnAnswer>;
/** What becomes of one exchange. */
type Fault = (turn: SyncTurn, answer: Answer, signal: AbortSignal) => Promise<SyncTurnAnswer>;

/** A connection whose nth exchange goes wrong, and how often it was closed. */
const connect = async (a: MemorySpace, b: MemorySpace, fault?: Fault, which = -1, isKeptOpen = false) => {
  const [one, two] = [await newParty(), await newParty()];
  const [initiating, responding] = signingOf(await connectTo(one, two), await connectTo(two, one));
  const responder = new Responder({ space: b, signing: responding, gate: openGate });
  const closed = { count: 0 };
  let index = -1;
  let pending = 0;
  const answer: Answer = (turn) => responder.answer(turn);
  const peer: SyncPeer = {
    exchange: async (turn, signal) => {
      index += 1;
      pending += 1;
      try {
        return await (fault !== undefined && index === which ? fault(turn, answer, signal) : answer(turn));
      } finally {
        pending -= 1;
      }
    },
    close: () => {
      closed.count += 1;
      responder.close();
    },
  };
  const session = new SyncSession({ space: a, peer, signing: initiating, isKeptOpen });
  return { session, responder, closed, pending: () => pending };
};

const lost = (): ProblemError =>
  new ProblemError(problemOf('unavailable', { detail: 'The connection broke.' }));

const faults: Readonly<Record<string, Fault>> = {
  'a request that is lost': () => Promise.reject(lost()),
  'an answer that is lost': async (turn, answer) => {
    await answer(turn);
    throw lost();
  },
  'a failure that is no problem': () => Promise.reject(new TypeError('Broken.')),
  'an answer of nonsense': async (turn, answer) => {
    const answered = await answer(turn);
    return { ...answered, context: { ...answered.context, says: { stage: 'equal' } } };
  },
  'an answer that never comes, until its caller has enough': (_turn, _answer, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(lost()), { once: true });
    }),
};

describe.each(Object.entries(faults))('[SYNC-15] %s', (_title, fault) => {
  test.each([0, 1, 2, 3])(
    'at exchange %i: the saga rejects, all is closed, and the next one makes up for it',
    async (which) => {
      const { a, b, timeline } = await diverged(2, 2, 2);
      const before = [a.tip(timeline), b.tip(timeline)];
      const { session, responder, closed, pending } = await connect(a, b, fault, which);
      const giveUp = new AbortController();
      const saga = session.sync({ timelines: [timeline] }, { signal: giveUp.signal });
      if (fault === faults['an answer that never comes, until its caller has enough']) {
        await expect.poll(pending).toBe(1);
        giveUp.abort(new Error('Enough.'));
      }
      await expect(saga.done).rejects.toThrow();
      expect([closed.count, session.isClosed, responder.isClosed]).toEqual([1, true, true]);
      expect([responder.isIdle, responder.waitingBytes, pending()]).toEqual([true, 0, 0]);
      // Either side is where it was, or where the saga has brought it: this one not before the other.
      expect(a.tip(timeline)).toBe(before[0]);
      if (which < 3) expect(b.tip(timeline)).toBe(before[1]);

      const next = await connect(a, b);
      await next.session.sync({ timelines: [timeline] }).done;
      expect(a.tip(timeline)).toBe(b.tip(timeline));
      expect(a.tip(timeline)).not.toBe(before[0]);
    },
  );
});

describe('[SYNC-16] the end of a session', () => {
  test('comes with its saga, unless it is kept open', async () => {
    const { a, b, timeline } = await diverged(1, 1, 1);
    const { session, responder, closed } = await connect(a, b);
    await session.sync({ timelines: [timeline] }).done;
    expect([closed.count, session.isClosed, responder.isClosed]).toEqual([1, true, true]);
    await expect(session.sync({ timelines: [timeline] }).done).rejects.toMatchObject({
      problem: { kind: 'unavailable' },
    });
  });

  test('that is kept open leaves nothing in quarantine, and serves what both sides know to have failed', async () => {
    const { a, b, timeline } = await diverged(1, 1, 1);
    const { session, responder, closed } = await connect(a, b, undefined, -1, true);
    await expect(session.sync({ timelines: [timeline], strategy: 'abort' }).done).rejects.toMatchObject({
      problem: { kind: 'sync-aborted' },
    });
    expect([responder.isIdle, responder.waitingBytes]).toEqual([true, 0]);
    await session.sync({ timelines: [timeline] }).done;
    expect([responder.isIdle, responder.waitingBytes, closed.count]).toEqual([true, 0, 0]);
    expect(a.tip(timeline)).toBe(b.tip(timeline));
    session.disconnect();
    expect(closed.count).toBe(1);
  });

  test('by disconnect is one, however often it is said', async () => {
    const { a, b } = await diverged(1, 1, 1);
    const { session, closed } = await connect(a, b);
    session.disconnect();
    session.disconnect();
    expect(closed.count).toBe(1);
  });

  test('by disconnect in the middle of a saga rejects it, and whatever waits behind it', async () => {
    const { a, b, timeline } = await diverged(1, 1, 1);
    const never: Fault = (_turn, _answer, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    const { session, pending, closed } = await connect(a, b, never, 1, true);
    const sagas = [session.sync({ timelines: [timeline] }), session.sync({ timelines: [timeline] })];
    await expect.poll(pending).toBe(1);
    session.disconnect();
    for (const { done } of sagas) {
      await expect(done).rejects.toMatchObject({ problem: { kind: 'unavailable' } });
    }
    expect([pending(), closed.count]).toEqual([0, 1]);
  });

  test('a thousand sessions that fail at their first turn leave no listener on the signal of who asked', async () => {
    const { a, b, timeline } = await diverged(1, 1, 1);
    const giveUp = new AbortController();
    let listeners = 0;
    const { signal } = giveUp;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...parameters: Parameters<typeof add>) => {
      listeners += 1;
      add(...parameters);
    };
    signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...parameters);
    };
    const { session: template } = await connect(a, b);
    template.disconnect();
    const [one, two] = [await newParty(), await newParty()];
    const connected = [await connectTo(one, two), await connectTo(two, one)] as const;
    for (let n = 0; n < 1_000; n += 1) {
      const [initiating] = signingOf(...connected);
      const peer: SyncPeer = { exchange: () => Promise.reject(lost()), close: () => {} };
      const session = new SyncSession({ space: a, peer, signing: initiating });
      await expect(session.sync({ timelines: [timeline] }, { signal }).done).rejects.toThrow();
    }
    expect(listeners).toBe(0);
  });
});
