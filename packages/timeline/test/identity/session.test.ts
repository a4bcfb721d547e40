import { limits, parse } from '@cd-push/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  advanceSession,
  answerChallenge,
  beginSession,
  demandOf,
  openSession,
  newSeed,
  readObject,
  sessionAddressOf,
  sessionControl,
  signContext,
  storedObject,
  type SessionState,
} from '../../src/index.ts';
import { alterationsOf, jsonOf } from '../support/alterations.ts';
import { keyOf, nonceOf, scopeUntil, someAddress } from '../support/identities.ts';
import {
  answered,
  claimIn,
  connected,
  expiresAt,
  faultOf,
  forged,
  pairOf,
  valueOf,
} from '../support/sessions.ts';

const at = expiresAt;

describe('[SESS-1] the first frame of a session', () => {
  it('is what the identity has claimed: its address, key and identity', async () => {
    const { own, authority } = await pairOf();
    const attempt = async (changed: Partial<typeof authority>): Promise<string> =>
      faultOf(
        await beginSession(own.genesis, { authority: { ...authority, ...changed }, isChallenged: true }),
      );
    expect(await attempt({})).toBe('ok');
    expect(await attempt({ session: await someAddress('another session') })).toBe('bad-identity');
    expect(await attempt({ principal: await someAddress('another identity') })).toBe(
      'bad-identity /identity',
    );
    expect(await attempt({ key: (await keyOf(51)).publicKey })).toBe('bad-identity /key');
  });

  it('is signed by its own key', async () => {
    const { own, authority } = await pairOf();
    const genesis = { ...own.genesis, nonce: nonceOf('somewhere else') };
    const session = await sessionAddressOf(genesis);
    const begun = await beginSession(genesis, { authority: { ...authority, session }, isChallenged: true });
    expect(faultOf(begun)).toBe('bad-identity /signature');
  });

  it('was made for the nonce that was given out for it', async () => {
    const { own, authority } = await pairOf();
    const begin = async (nonce: string): Promise<string> =>
      faultOf(await beginSession(own.genesis, { authority, nonce, isChallenged: true }));
    expect(await begin(nonceOf('the api'))).toBe('ok');
    expect(await begin(nonceOf('another time'))).toBe('challenge-failed /nonce');
  });

  it('has what a challenge can demand, where one has to be answered', async () => {
    const pair = await pairOf();
    const { identity } = pair.own.genesis;
    const own = await openSession({
      identity,
      key: pair.own.key,
      seed: newSeed(),
      nonce: nonceOf('the api'),
      pools: { connect: { verbs: ['sync'], size: 2 } },
    });
    const authority = { ...pair.authority, session: own.address };
    expect(faultOf(await beginSession(own.genesis, { authority, isChallenged: false }))).toBe('ok');
    expect(faultOf(await beginSession(own.genesis, { authority, isChallenged: true }))).toBe(
      'challenge-failed /pools',
    );
  });

  it('commits to other values for another seed, nonce, pool or id, and shows none of them', async () => {
    const key = await keyOf(50);
    const identity = await someAddress('an identity');
    const plan = { identity, key, seed: new Uint8Array(32).fill(1), nonce: nonceOf('one') };
    const pools = {
      connect: { verbs: ['connect'], size: 2 },
      revoke: { verbs: ['revoke'], size: 2 },
    } as const;
    const made = await Promise.all([
      openSession({ ...plan, pools }),
      openSession({ ...plan, pools, nonce: nonceOf('two') }),
      openSession({ ...plan, pools, seed: new Uint8Array(32).fill(2) }),
    ]);
    const commitments = made.flatMap(({ genesis }) =>
      Object.values(genesis.pools).flatMap((pool) => Object.values(pool.commitments)),
    );
    expect(commitments).toHaveLength(12);
    expect(new Set(commitments).size).toBe(12);
    expect(await openSession({ ...plan, pools })).toEqual(made[0]);
  });

  it('has 32 commitments to connect with unless asked otherwise, under ids that stay the same', async () => {
    const { own } = await pairOf();
    expect(Object.keys(own.genesis.pools)).toEqual(['connect']);
    expect(Object.keys(own.genesis.pools['connect']?.commitments ?? {})).toEqual(
      Array.from({ length: 32 }, (_, index) => String(index)),
    );
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['a pool of no commitments', { connect: { verbs: ['connect'], commitments: {} } }],
    ['a pool without verbs', { connect: { verbs: [], commitments: { 0: `sha256-${'A'.repeat(43)}` } } }],
    [
      'a pool for a verb that nobody knows',
      { connect: { verbs: ['own'], commitments: { 0: `sha256-${'A'.repeat(43)}` } } },
    ],
    [
      'an id that is none',
      { connect: { verbs: ['connect'], commitments: { '../0': `sha256-${'A'.repeat(43)}` } } },
    ],
    ['a commitment that is no digest', { connect: { verbs: ['connect'], commitments: { 0: 'A' } } }],
    [
      'more commitments than the limit',
      {
        connect: {
          verbs: ['connect'],
          commitments: Object.fromEntries(
            Array.from({ length: limits.challengePoolSize + 1 }, (_, id) => [id, `sha256-${'A'.repeat(43)}`]),
          ),
        },
      },
    ],
    [
      'more pools than the limit',
      Object.fromEntries(
        Array.from({ length: limits.challengePools + 1 }, (_, pool) => [
          pool,
          { verbs: ['connect'], commitments: { 0: `sha256-${'A'.repeat(43)}` } },
        ]),
      ),
    ],
  ])('with %s is no frame', async (_name, pools) => {
    const { own } = await pairOf();
    const frame = parse('SessionFrame', { ...own.genesis, pools }, 'bad-identity');
    expect(frame).toMatchObject({ ok: false, problem: { kind: 'bad-identity' } });
  });

  it('needs a seed of 32 bytes', async () => {
    await expect(pairOf({ seed: new Uint8Array(16) })).rejects.toThrow(TypeError);
    expect(newSeed()).toHaveLength(32);
    expect(newSeed()).not.toEqual(newSeed());
  });
});

describe('[SESS-4] a session', () => {
  it('counts the connect and each signed context since', async () => {
    let { own, state } = await connected(await pairOf());
    for (const name of ['init', 'delta', 'commit']) {
      const turn = await signContext(own, 'sync', await someAddress(name));
      own = turn.session;
      state = valueOf(await advanceSession(state, turn.step, { at }));
    }
    expect(state.n).toBe(1 + 3);
    expect(own).toMatchObject({ n: 4, tip: state.tip });
  });

  it('does nothing before it has connected', async () => {
    const pair = await pairOf();
    const { step } = await signContext(pair.own, 'sync', await someAddress('init'));
    expect(faultOf(await advanceSession(pair.state, step, { at }))).toBe('challenge-failed /claim');
  });

  it('connects by answering a challenge, also when it connects again', async () => {
    const { own, state } = await connected(await pairOf());
    const { step } = await signContext(own, 'connect', await someAddress('nothing'));
    expect(faultOf(await advanceSession(state, step, { at }))).toBe('challenge-failed /claim');
  });

  it('does not fork, skip or follow another frame', async () => {
    const pair = await pairOf();
    const { own, state } = await connected(pair);
    const { step, session } = await signContext(own, 'sync', await someAddress('one'));
    const after = valueOf(await advanceSession(state, step, { at }));
    const fork = (await signContext(own, 'sync', await someAddress('two'))).step;
    expect(faultOf(await advanceSession(after, fork, { at }))).toBe('bad-identity /n');
    expect(faultOf(await advanceSession(after, step, { at }))).toBe('bad-identity /n');
    const skipped = (await signContext(session, 'sync', await someAddress('three'))).step;
    expect(faultOf(await advanceSession(state, skipped, { at }))).toBe('bad-identity /n');
    const astray = await forged(pair, { n: 3, previous: pair.own.address });
    expect(faultOf(await advanceSession(after, astray, { at }))).toBe('bad-identity /previous');
    const jump = await forged(pair, { n: Number.MAX_SAFE_INTEGER, previous: session.tip });
    expect(faultOf(await advanceSession(after, jump, { at }))).toBe('bad-identity /n');
  });

  it('speaks with its own key alone', async () => {
    const pair = await pairOf();
    const { state, own } = await connected(pair);
    const other = await forged(pair, { n: 2, previous: own.tip }, await keyOf(51));
    expect(faultOf(await advanceSession(state, other, { at }))).toBe('bad-identity /signature');
  });

  it('does what its scope says, until it ends', async () => {
    const { own, state } = await connected(await pairOf());
    const rollback = (await signContext(own, 'rollback', await someAddress('back'))).step;
    expect(faultOf(await advanceSession(state, rollback, { at }))).toBe('forbidden /claim/verb');
    const late = (await signContext(own, 'sync', await someAddress('late'))).step;
    expect(faultOf(await advanceSession(state, late, { at: expiresAt + 1 }))).toBe('session-expired /claim');
    expect(faultOf(await advanceSession(state, late, { at: expiresAt }))).toBe('ok');
  });

  it('may be challenged for other verbs by pools of their own', async () => {
    const pair = await pairOf({
      pools: { connect: { verbs: ['connect'], size: 4 }, manage: { verbs: ['manage'], size: 4 } },
    });
    const { own, state } = await connected(pair);
    const granted = { ...state, scope: scopeUntil(expiresAt, ['connect', 'sync', 'manage', 'revoke']) };
    const challenge = valueOf(
      demandOf(granted, { pool: 'manage', nonce: nonceOf('manage'), server: pair.server, count: 2 }),
    );
    const { step } = valueOf(await answerChallenge(own, 'manage', challenge, pair.server));
    expect(faultOf(await advanceSession(granted, step, { at, challenge }))).toBe('ok');
    const misused = await forged(pair, {
      n: 2,
      previous: own.tip,
      claim: { ...claimIn(step), verb: 'revoke' },
    });
    expect(faultOf(await advanceSession(granted, misused, { at, challenge }))).toBe(
      'challenge-failed /claim/verb',
    );
  });

  it('of a relay needs no pools: its nonce is what the other side has just shown', async () => {
    const pair = await pairOf();
    const { step } = await answered(pair);
    const relayKey = await keyOf(60);
    const own = await openSession({
      identity: pair.server,
      key: relayKey,
      seed: newSeed(),
      nonce: await sessionAddressOf(step),
      pools: {},
    });
    const authority = {
      principal: pair.server,
      session: undefined,
      key: relayKey.publicKey,
      scope: scopeUntil(expiresAt, ['sync']),
    };
    const state = valueOf(
      await beginSession(own.genesis, {
        authority,
        nonce: await sessionAddressOf(step),
        isChallenged: false,
      }),
    );
    const turn = await signContext(own, 'sync', await someAddress('ack'));
    expect(valueOf(await advanceSession(state, turn.step, { at })).n).toBe(1);
  });

  it('as an object refers to its identity, to the frame before and to what it signs', async () => {
    const { own } = await connected(await pairOf());
    const target = await someAddress('context');
    const { step } = await signContext(own, 'sync', target);
    const readStep = valueOf(await readObject(await storedObject(step), [sessionControl]));
    expect(readStep).toMatchObject({ type: 'control', value: step, refers: [own.tip, target] });
    const readGenesis = valueOf(await readObject(await storedObject(own.genesis), [sessionControl]));
    expect(readGenesis.refers).toEqual([own.genesis.identity]);
    const { claim: _, ...rest } = step;
    expect(faultOf(await readObject(await storedObject(rest), [sessionControl]))).toMatch(/^bad-object/);
  });
});

describe('[SESS-5] a session that was altered in one place', () => {
  it('is refused, a thousand times over', async () => {
    const pair = await pairOf({ pools: { connect: { verbs: ['connect'], size: 4 } } });
    const { own, step, challenge } = await answered(pair);
    const one = await signContext(own, 'sync', await someAddress('one'));
    const two = await signContext(one.session, 'sync', await someAddress('two'));
    const frames = [pair.own.genesis, step, one.step, two.step];
    const verdictOn = async (altered: readonly unknown[]): Promise<string> => {
      let state: SessionState | undefined;
      for (const item of altered) {
        const frame = parse('SessionFrame', item, 'bad-identity');
        if (!frame.ok) return frame.problem.kind;
        if (!('claim' in frame.value)) {
          if (state !== undefined) return 'bad-identity';
          const begun = await beginSession(frame.value, { authority: pair.authority, isChallenged: true });
          if (!begun.ok) return begun.problem.kind;
          state = begun.value;
          continue;
        }
        if (state === undefined) return 'bad-identity';
        const next = await advanceSession(state, frame.value, state.n === 0 ? { at, challenge } : { at });
        if (!next.ok) return next.problem.kind;
        state = next.value;
      }
      return 'ok';
    };
    expect(await verdictOn(frames)).toBe('ok');
    await fc.assert(
      fc.asyncProperty(
        fc
          .nat(frames.length - 1)
          .chain((index) =>
            alterationsOf(jsonOf(frames[index])).map((frame) =>
              frames.map((kept, place) => (place === index ? frame : kept)),
            ),
          ),
        async (altered) => {
          expect(['bad-identity', 'challenge-failed']).toContain(await verdictOn(altered));
        },
      ),
      { seed: 5, numRuns: 1_000 },
    );
  });
});
