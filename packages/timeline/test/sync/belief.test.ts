import { ProblemError, type SyncTurn, type SyncTurnAnswer } from '@cd-push/protocol';
import { describe, expect, test } from 'vitest';

import {
  openGate,
  Responder,
  storedObject,
  SyncSession,
  type SyncGate,
  type SyncPeer,
} from '../../src/index.ts';
import { diverged } from './support/diverged.ts';
import { at, connectTo, newParty, signingOf } from './support/party.ts';

type Alter<Turn> = (turn: Turn, index: number) => Turn | Promise<Turn>;

/** Two diverged spaces, and somebody between them who may alter what goes either way. */
const between = async ({
  request = (turn) => turn,
  answer = (turn) => turn,
  gate = openGate,
  now = () => at,
  verbs = ['connect', 'sync'],
}: {
  readonly request?: Alter<SyncTurn>;
  readonly answer?: Alter<SyncTurnAnswer>;
  readonly gate?: SyncGate;
  readonly now?: () => number;
  readonly verbs?: ('connect' | 'sync' | 'push')[];
}) => {
  const world = await diverged(3, 2, 2);
  const [one, two] = [await newParty({ verbs }), await newParty()];
  const [initiating, responding] = signingOf(await connectTo(one, two), await connectTo(two, one), now);
  const responder = new Responder({ space: world.b, signing: responding, gate });
  let index = -1;
  let closed = 0;
  const peer: SyncPeer = {
    exchange: async (turn) => {
      index += 1;
      return answer(await responder.answer(await request(structuredClone(turn), index)), index);
    },
    close: () => {
      closed += 1;
      responder.close();
    },
  };
  const session = new SyncSession({ space: world.a, peer, signing: initiating });
  const tips = () => [world.a.tip(world.timeline), world.b.tip(world.timeline)];
  const before = tips();
  const ended = await session.sync({ timelines: [world.timeline] }).done.then(
    () => 'synced',
    (error: unknown) => {
      if (error instanceof ProblemError) return error.problem.kind;
      throw error;
    },
  );
  const foreign = world.own.filter(({ address }) => world.b.get(address) !== undefined);
  return {
    ended,
    closed,
    responder,
    session,
    isUntouched: before.every((tip, n) => tip === tips()[n]),
    foreign,
  };
};

/** Turns of this saga: init, have, delta, commit. */
const turns = [0, 1, 2, 3];

/** Nothing has changed, nothing waits, and the connection is closed once. */
const expectRefused = (
  { ended, closed, responder, session, isUntouched, foreign }: Awaited<ReturnType<typeof between>>,
  kinds: string | readonly string[],
): void => {
  expect([kinds].flat()).toContain(ended);
  expect({ closed, isUntouched, foreign }).toEqual({ closed: 1, isUntouched: true, foreign: [] });
  expect([responder.isClosed, responder.isIdle, responder.waitingBytes, session.isClosed]).toEqual([
    true,
    true,
    0,
    true,
  ]);
};

test('without anybody in between the same saga ends well', async () => {
  const { ended, closed } = await between({});
  expect([ended, closed]).toEqual(['synced', 1]);
});

const flipped = (text: string): string => (text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`);

describe('[SYNC-11] a turn counts only as its sender has signed it', () => {
  test.each(turns)('request %i with another signature', async (which) => {
    const request: Alter<SyncTurn> = (turn, index) =>
      index === which ? { ...turn, signature: flipped(turn.signature) } : turn;
    expectRefused(await between({ request }), 'bad-identity');
  });

  test.each([0, 1, 2])('answer %i with another signature', async (which) => {
    const answer: Alter<SyncTurnAnswer> = (turn, index) =>
      index === which ? { ...turn, signature: flipped(turn.signature) } : turn;
    expectRefused(await between({ answer }), 'bad-identity');
  });

  test.each([0, 1, 2])('an altered member of request %i', async (which) => {
    const request: Alter<SyncTurn> = (turn, index) =>
      index === which ? { ...turn, context: { ...turn.context, turn: turn.context.turn + 1 } } : turn;
    expectRefused(await between({ request }), 'bad-identity');
  });

  test('objects that are not those that were signed, whichever way they go', async () => {
    const json = 'objects' as const;
    const alter = <Turn extends SyncTurn | SyncTurnAnswer>(turn: Turn): Turn => ({
      ...turn,
      [json]: turn.objects.map((object) =>
        'json' in object ? { json: object.json.replace('"height":5', '"height":6') } : object,
      ),
    });
    expectRefused(await between({ request: alter }), 'bad-object');
    expectRefused(await between({ answer: alter }), 'bad-object');
  });

  test.each([1, 2, 3])('request %i in the place of which an earlier one comes again', async (which) => {
    const seen: SyncTurn[] = [];
    const request: Alter<SyncTurn> = (turn, index) => {
      seen.push(turn);
      return index === which ? seen[0]! : turn;
    };
    // An answer that was given before is given again; to the initiator it answers nothing.
    expectRefused(await between({ request }), ['bad-identity']);
  });

  test('an answer that came before, in the place of another', async () => {
    const seen: SyncTurnAnswer[] = [];
    const answer: Alter<SyncTurnAnswer> = (turn, index) => {
      seen.push(turn);
      return index === 2 ? seen[1]! : turn;
    };
    expectRefused(await between({ answer }), 'bad-identity');
  });

  test('an answer that the other side has signed for another saga', async () => {
    const other = await newParty();
    const session = await connectTo(other, await newParty());
    const [signing] = signingOf(session, session);
    const answer: Alter<SyncTurnAnswer> = async (turn) => {
      const context = { ...turn.context, saga: 'A'.repeat(22) };
      const { address } = await storedObject(context);
      return { ...turn, context, signature: (await signing.signer.sign(address)).signature };
    };
    expectRefused(await between({ answer }), 'bad-identity');
  });
});

describe('[SYNC-12] a session speaks within its scope', () => {
  test('a session that may not synchronise', async () => {
    expectRefused(await between({ verbs: ['connect', 'push'] }), 'forbidden');
  });

  test('a session whose time is over, also in the middle of a saga', async () => {
    let clock = at;
    const request: Alter<SyncTurn> = (turn, index) => {
      if (index === 2) clock = at + 3_600_000;
      return turn;
    };
    expectRefused(await between({ request, now: () => clock }), 'session-expired');
  });
});

describe('[SYNC-13] a turn that is repeated', () => {
  test.each(turns)('gets the answer that it got, at request %i', async (which) => {
    let repeated: SyncTurn | undefined;
    const world = await diverged(3, 2, 2);
    const [one, two] = [await newParty(), await newParty()];
    const [initiating, responding] = signingOf(await connectTo(one, two), await connectTo(two, one));
    const responder = new Responder({ space: world.b, signing: responding, gate: openGate });
    let index = -1;
    const peer: SyncPeer = {
      exchange: async (turn) => {
        index += 1;
        const answers = await Promise.all([
          responder.answer(turn),
          index === which ? responder.answer(turn) : undefined,
        ]);
        if (index === which) {
          repeated = turn;
          expect(answers[1]).toEqual(answers[0]);
          expect(await responder.answer(turn)).toEqual(answers[0]);
        }
        return answers[0];
      },
      close: () => responder.close(),
    };
    const session = new SyncSession({ space: world.a, peer, signing: initiating });
    await session.sync({ timelines: [world.timeline] }).done;
    expect(repeated).toBeDefined();
    expect(world.a.tip(world.timeline)).toBe(world.b.tip(world.timeline));
  });

  test('while another one is being answered ends the session', async () => {
    const world = await diverged(1, 1, 1);
    const [one, two] = [await newParty(), await newParty()];
    const [initiating, responding] = signingOf(await connectTo(one, two), await connectTo(two, one));
    const responder = new Responder({ space: world.b, signing: responding, gate: openGate });
    const peer: SyncPeer = {
      exchange: async (turn) => {
        const both = await Promise.allSettled([
          responder.answer(turn),
          responder.answer({ ...turn, signature: flipped(turn.signature) }),
        ]);
        expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
        return responder.answer(turn);
      },
      close: () => responder.close(),
    };
    const session = new SyncSession({ space: world.a, peer, signing: initiating });
    await expect(session.sync({ timelines: [world.timeline] }).done).rejects.toMatchObject({
      problem: { kind: 'unavailable' },
    });
    expect(responder.isClosed).toBe(true);
  });
});

describe('[SYNC-14] what the other side may not have', () => {
  const forbidding = (forbidden: 'read' | 'write'): SyncGate => ({
    ...openGate,
    timeline: (_genesis, wish) => (wish === forbidden ? problem : undefined),
  });
  const problem = { type: 'urn:x', title: 'No.', status: 403, kind: 'forbidden', retryable: false } as const;

  test.each(['read', 'write'] as const)('it may not %s: refused, and nothing has changed', async (wish) => {
    expectRefused(await between({ gate: forbidding(wish) }), 'forbidden');
  });
});
