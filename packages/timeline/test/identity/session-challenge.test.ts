import { parse, type ChallengeClaim, type SessionChallenge } from '@cd-push/protocol';
import { describe, expect, it } from 'vitest';

import {
  advanceSession,
  answerChallenge,
  beginSession,
  demandOf,
  sessionAddressOf,
  sessionKind,
  signSessionFrame,
} from '../../src/index.ts';
import { keyOf, nonceOf, someAddress } from '../support/identities.ts';
import {
  answered,
  challengeOf,
  claimIn,
  expiresAt,
  faultOf,
  forged,
  pairOf,
  valueOf,
} from '../support/sessions.ts';

const at = expiresAt;

describe('[SESS-2] a challenge', () => {
  it('is answered with exactly what it demands, and the session is connected', async () => {
    const pair = await pairOf();
    const { step, challenge } = await answered(pair);
    expect(Object.keys(claimIn(step).reveals).toSorted()).toEqual(challenge.demanded.toSorted());
    const state = valueOf(await advanceSession(pair.state, step, { at, challenge }));
    expect(state).toMatchObject({ n: 1, tip: await sessionAddressOf(step), mustConnect: false });
    expect(state.spent.toSorted()).toEqual(challenge.demanded.map((id) => `connect/${id}`).toSorted());
  });

  it('demands ids that were not revealed before, and no foreseeable ones', async () => {
    const pair = await pairOf();
    let { own, state } = pair;
    const seen = new Set<string>();
    for (let round = 0; round < 8; round++) {
      const challenge = challengeOf({ ...pair, state }, `round ${round}`, 4);
      for (const id of challenge.demanded) seen.add(id);
      const turn = valueOf(await answerChallenge(own, 'connect', challenge, pair.server));
      own = turn.session;
      state = valueOf(await advanceSession(state, turn.step, { at, challenge }));
    }
    expect(seen.size).toBe(32);
    const left = demandOf(state, { pool: 'connect', nonce: nonceOf('more'), server: pair.server, count: 1 });
    expect(faultOf(left)).toBe('challenge-failed /pools');
    const first = new Set(
      Array.from({ length: 40 }, (_, run) => challengeOf(pair, `run ${run}`, 1).demanded[0]),
    );
    expect(first.size).toBeGreaterThan(8);
  });

  it.each<[string, (challenge: SessionChallenge) => SessionChallenge, string]>([
    ['another nonce', (demand) => ({ ...demand, nonce: nonceOf('another') }), '/claim/challenge/nonce'],
    [
      'another server',
      (demand) => ({ ...demand, server: `sha256-${'B'.repeat(43)}` }),
      '/claim/challenge/server',
    ],
    ['another pool', (demand) => ({ ...demand, pool: 'sync' }), '/claim/challenge/pool'],
    [
      'other ids',
      (demand) => ({ ...demand, demanded: demand.demanded.toReversed() }),
      '/claim/challenge/demanded',
    ],
    [
      'an id less',
      (demand) => ({ ...demand, demanded: demand.demanded.slice(1) }),
      '/claim/challenge/demanded',
    ],
  ])('is not answered by an answer to %s', async (_name, change, path) => {
    const pair = await pairOf();
    const { step, challenge } = await answered(pair);
    const result = await advanceSession(pair.state, step, { at, challenge: change(challenge) });
    expect(faultOf(result)).toBe(`challenge-failed ${path}`);
  });

  it('has to have been made: nothing is revealed unasked', async () => {
    const pair = await pairOf();
    const { step } = await answered(pair);
    expect(faultOf(await advanceSession(pair.state, step, { at }))).toBe('challenge-failed /claim/challenge');
  });

  it('is answered once: what was revealed is spent', async () => {
    const pair = await pairOf();
    const { step, challenge, own } = await answered(pair);
    const state = valueOf(await advanceSession(pair.state, step, { at, challenge }));
    expect(faultOf(await advanceSession(state, step, { at, challenge }))).toBe('bad-identity /n');
    const again = { ...claimIn(step), challenge: { ...challenge, nonce: nonceOf('later') } };
    const reused = await signSessionFrame(
      { kind: sessionKind, n: 2, previous: own.tip, claim: again },
      own.key,
    );
    const result = await advanceSession(state, reused, { at, challenge: again.challenge });
    expect(faultOf(result)).toMatch(/^challenge-failed \/claim\/reveals/);
  });

  it('is not answered by frames that reveal nothing, less, more or something else', async () => {
    const pair = await pairOf();
    const { step, challenge } = await answered(pair);
    const claim = claimIn(step);
    const attempt = async (reveals: ChallengeClaim['reveals']): Promise<string> =>
      faultOf(
        await advanceSession(pair.state, await forged(pair, { claim: { ...claim, reveals } }), {
          at,
          challenge,
        }),
      );
    const [first = ''] = challenge.demanded;
    const { [first]: value = '', ...others } = claim.reveals;
    const unasked = ['0', '1', '2', '3'].find((id) => !challenge.demanded.includes(id)) ?? '';
    expect(await attempt(claim.reveals)).toBe('ok');
    expect(await attempt({})).toBe('challenge-failed /claim/reveals');
    expect(await attempt(others)).toBe('challenge-failed /claim/reveals');
    expect(await attempt({ ...claim.reveals, [unasked]: value })).toBe('challenge-failed /claim/reveals');
    expect(await attempt({ ...others, [unasked]: value })).toBe(`challenge-failed /claim/reveals/${first}`);
    expect(await attempt({ ...others, [first]: 'A'.repeat(43) })).toBe(
      `challenge-failed /claim/reveals/${first}`,
    );
    expect(parse('SessionFrame', await forged(pair, { claim: { ...claim, reveals: {} } })).ok).toBe(false);
    expect(faultOf(await advanceSession(pair.state, await forged(pair, {}), { at }))).toBe(
      'challenge-failed /claim',
    );
  });

  it('is not answered by a value of another id', async () => {
    const pair = await pairOf();
    const { step, challenge } = await answered(pair);
    const claim = claimIn(step);
    const [one = '', two = ''] = challenge.demanded;
    const reveals = { ...claim.reveals, [one]: claim.reveals[two] ?? '', [two]: claim.reveals[one] ?? '' };
    const swapped = await forged(pair, { claim: { ...claim, reveals } });
    expect(faultOf(await advanceSession(pair.state, swapped, { at, challenge }))).toBe(
      `challenge-failed /claim/reveals/${one}`,
    );
  });

  it('for a pool that the session has not is answered by nothing', async () => {
    const pair = await pairOf();
    const { step, challenge } = await answered(pair);
    for (const pool of ['manage', 'constructor']) {
      const demanded = { ...challenge, pool };
      const other = await forged(pair, { claim: { ...claimIn(step), challenge: demanded } });
      expect(faultOf(await advanceSession(pair.state, other, { at, challenge: demanded }))).toBe(
        'challenge-failed /claim/verb',
      );
    }
  });

  it('for an id that the pool has not is answered by nothing', async () => {
    const pair = await pairOf();
    const { step, challenge } = await answered(pair);
    for (const id of ['99', 'constructor']) {
      const demanded = { ...challenge, demanded: [id] };
      const reveals = { [id]: 'A'.repeat(43) };
      const other = await forged(pair, { claim: { ...claimIn(step), challenge: demanded, reveals } });
      expect(faultOf(await advanceSession(pair.state, other, { at, challenge: demanded }))).toBe(
        `challenge-failed /claim/reveals/${id}`,
      );
    }
  });

  it('of another session is not answered by this one', async () => {
    const pair = await pairOf();
    const { step, challenge } = await answered(pair);
    const session = await someAddress('another session');
    const other = await forged(pair, { claim: { ...claimIn(step), session } });
    expect(faultOf(await advanceSession(pair.state, other, { at, challenge }))).toBe(
      'challenge-failed /claim/session',
    );
  });

  it('proves nothing by what is revealed alone: who has seen the values cannot sign with them', async () => {
    const pair = await pairOf();
    const { step, challenge } = await answered(pair);
    const thief = await keyOf(66);
    const stolen = await forged(pair, { claim: claimIn(step) }, thief);
    expect(faultOf(await advanceSession(pair.state, stolen, { at, challenge }))).toBe(
      'bad-identity /signature',
    );
    // Nor with pools of their own: a frame after the first has none.
    const { own } = await pairOf({ key: thief });
    const withPools = { ...stolen, pools: own.genesis.pools };
    expect(parse('SessionFrame', withPools).ok).toBe(false);
    // Nor in a session of their own, which commits to what they have seen.
    const { signature: _, ...body } = { ...pair.own.genesis, key: thief.publicKey };
    const copied = await signSessionFrame(body, thief);
    expect(faultOf(await beginSession(copied, { authority: pair.authority, isChallenged: true }))).toBe(
      'bad-identity',
    );
  });
});

describe('[SESS-3] the side that is challenged', () => {
  it('reveals to its own server alone', async () => {
    const pair = await pairOf();
    const challenge = { ...challengeOf(pair, 'evil'), server: `sha256-${'E'.repeat(43)}` };
    expect(faultOf(await answerChallenge(pair.own, 'connect', challenge, pair.server))).toBe(
      'challenge-failed /server',
    );
  });

  it('reveals nothing twice, whatever the server has forgotten', async () => {
    const pair = await pairOf();
    const { own, challenge } = await answered(pair);
    const again = { ...challenge, nonce: nonceOf('again') };
    expect(faultOf(await answerChallenge(own, 'connect', again, pair.server))).toBe(
      'challenge-failed /demanded/0',
    );
  });

  it('refuses what it does not have', async () => {
    const pair = await pairOf();
    const base = challengeOf(pair, 'relay');
    const attempt = async (changed: Partial<SessionChallenge>): Promise<string> =>
      faultOf(await answerChallenge(pair.own, 'connect', { ...base, ...changed }, pair.server));
    expect(await attempt({ pool: 'sync' })).toBe('challenge-failed /pool');
    expect(await attempt({ pool: 'constructor' })).toBe('challenge-failed /pool');
    expect(await attempt({ demanded: ['99'] })).toBe('challenge-failed /demanded/0');
    expect(await attempt({ demanded: ['constructor'] })).toBe('challenge-failed /demanded/0');
    expect(await attempt({ demanded: ['1', '1'] })).toBe('challenge-failed /demanded');
    expect(faultOf(await answerChallenge(pair.own, 'revoke', base, pair.server))).toBe(
      'challenge-failed /pool',
    );
  });
});
