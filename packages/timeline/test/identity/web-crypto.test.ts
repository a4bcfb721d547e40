import { describe, expect, it, vi } from 'vitest';

import { platform } from '../../src/crypto/web.ts';
import {
  advanceAll,
  advanceSession,
  answerChallenge,
  beginSession,
  claimSession,
  createIdentity,
  cryptoPlatform,
  demandOf,
  generateKeptPair,
  newSeed,
  openSession,
  rotateIdentity,
  signContext,
  signingKeyOf,
  thumbprintOf,
} from '../../src/index.ts';
import { nonceOf, scopeUntil, someAddress } from '../support/identities.ts';
import { valueOf } from '../support/sessions.ts';

// What `package.json` chooses for browsers.
vi.mock('#crypto', () => import('../../src/crypto/web.ts'));

describe('on WebCrypto, where nothing is synchronous', () => {
  it('an identity claims a session whose key cannot be exported, which connects and signs', async () => {
    expect(cryptoPlatform).toBe(platform);
    const { kept, next } = await createIdentity();
    const key = await signingKeyOf(await generateKeptPair());
    const session = await openSession({
      identity: kept.identity,
      key,
      seed: newSeed(),
      nonce: nonceOf('the api'),
    });
    const rotated = await rotateIdentity(kept, next);
    const { kept: after, claim } = await claimSession(rotated.kept, {
      target: session.address,
      key: key.publicKey,
      scope: scopeUntil(1_000),
    });
    const [first, ...others] = after.pending;
    if (first === undefined) throw new Error('there is an inception');
    expect(valueOf(await advanceAll(undefined, [first, ...others]))).toMatchObject({ n: 2, tip: after.tip });

    const authority = {
      principal: kept.identity,
      session: session.address,
      key: claim.key,
      scope: claim.scope,
    };
    const state = valueOf(await beginSession(session.genesis, { authority, isChallenged: true }));
    const server = await thumbprintOf(key.publicKey);
    const challenge = valueOf(
      demandOf(state, { pool: 'connect', nonce: nonceOf('relay'), server, count: 4 }),
    );
    const answer = valueOf(await answerChallenge(session, 'connect', challenge, server));
    const connected = valueOf(await advanceSession(state, answer.step, { at: 0, challenge }));
    const turn = await signContext(answer.session, 'sync', await someAddress('context'));
    expect(valueOf(await advanceSession(connected, turn.step, { at: 0 }))).toMatchObject({ n: 2 });
  });
});
