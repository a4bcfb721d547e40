import { problemOf, type IdentityEvent } from '@cd-push/protocol';
import { cryptoPlatform, proofHolds, type SigningKey } from '@cd-push/timeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { memoryCredentialStore } from '../src/session/credential-store.ts';
import { enrol } from '../src/session/enrol.ts';
import { login, restoreSession } from '../src/session/login.ts';
import { runtimeSession } from '../src/session/runtime-session.ts';
import type { Session } from '../src/session/session.ts';
import { FakeApi } from './support/fake-api.ts';

let api: FakeApi;
let store: ReturnType<typeof memoryCredentialStore>;

beforeEach(async () => {
  api = await FakeApi.start();
  store = memoryCredentialStore();
});
afterEach(() => api[Symbol.asyncDispose]());

const credentials = () => ({ apiUrl: api.url, userName: 'ada', password: 'secret', store });
const ops = (session: Session): IdentityEvent['op'][] =>
  api.logs.get(session.account.identity)?.events.map(({ op }) => op) ?? [];
const again = async (): Promise<Session> => (await restoreSession(store))!;

describe('signing in', () => {
  test('makes an identity, proves its key over the api’s nonce, and opens a session', async () => {
    const session = await login(credentials());
    const [asked] = api.of('/identities');
    const kept = (await store.identity())!;
    const { kty, crv, x } = kept.key;
    const expected = {
      nonce: String(asked?.body.nonce),
      issuer: 'https://api.example',
      subject: kept.identity,
    };
    expect(await proofHolds(String(asked?.body.proof), { kty, crv, x }, expected)).toBe(true);
    expect(session.account).toMatchObject({ identity: kept.identity, user: { name: 'ada' } });
    expect(ops(session)).toEqual(['inception', 'claim']);
  });

  test('is needed once: whoever has the identity opens sessions without a password', async () => {
    await login(credentials());
    expect(await restoreSession(memoryCredentialStore())).toBeUndefined();
    const session = await again();
    expect((await session.access()).token).toBe('token-2');
    expect(ops(session)).toEqual(['inception', 'claim', 'claim']);
    expect(api.of('/identities')).toHaveLength(1);
  });

  test('once more goes on with the identity that is kept', async () => {
    const { account } = await login(credentials());
    expect((await login(credentials())).account.identity).toBe(account.identity);
  });

  test('makes another identity where this one was ended, or the api has begun anew', async () => {
    const first = await login(credentials());
    await first.endIdentity();
    expect(await restoreSession(store)).toBeUndefined();
    const second = await login(credentials());
    expect(second.account.identity).not.toBe(first.account.identity);
    api.logs.clear();
    api.refusal = { status: 403, body: problemOf('bad-identity') };
    await expect(login(credentials())).rejects.toMatchObject({ problem: { kind: 'bad-identity' } });
    api.refusal = undefined;
    const third = await login(credentials());
    expect(third.account.identity).not.toBe(second.account.identity);
  });

  test('throws the api’s problem as it is, and keeps the identity for the next try', async () => {
    api.refusal = { status: 401, body: problemOf('invalid-credentials') };
    await expect(login(credentials())).rejects.toMatchObject({ problem: { kind: 'invalid-credentials' } });
    const { identity } = (await store.identity())!;
    api.refusal = undefined;
    expect((await login(credentials())).account.identity).toBe(identity);
  });

  test('tells whatever else answers apart from an api', async () => {
    api.refusal = { status: 200, body: { hello: 'world' } };
    await expect(login(credentials())).rejects.toMatchObject({ problem: { kind: 'unsupported-version' } });
    api.refusal = { status: 404, body: 'nothing' };
    await expect(login(credentials())).rejects.toMatchObject({ problem: { kind: 'invalid-request' } });
    await expect(login({ ...credentials(), apiUrl: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      problem: { kind: 'unavailable' },
    });
  });
});

describe('a session', () => {
  test('of each process is its own, and what it signs with is written nowhere', async () => {
    const one = await login(credentials());
    const other = await again();
    const [first, second] = [await one.open(), await other.open()];
    expect(first.id).not.toBe(second.id);
    expect(first.key.publicKey).not.toEqual(second.key.publicKey);
    const kept = JSON.stringify([await store.identity(), await store.account(), await store.nextKeys()]);
    for (const { token } of [await one.access(), await other.access()]) expect(kept).not.toContain(token);
  });

  test('of each connection is its own, also where they are made at once', async () => {
    const session = await login(credentials());
    const taken = await Promise.all([session.connecting(), session.connecting(), session.connecting()]);
    expect(new Set(taken.map(({ id }) => id)).size).toBe(3);
    expect((await session.connecting()).id).not.toBe(taken.at(-1)?.id);
  });

  test('shows a fresh token without a question, and has one near its end renewed once, by its key', async () => {
    const session = await login(credentials());
    const { id, key } = await session.open();
    expect((await session.access()).token).toBe('token-1');
    expect(api.of('/auth/sessions/token')).toEqual([]);
    const tokens = await Promise.all([
      session.renew('token-1'),
      session.renew('token-1'),
      session.renew('token-1'),
    ]);
    expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(['token-2']));
    const [asked, more] = api.of('/auth/sessions/token');
    expect(more).toBeUndefined();
    const expected = { nonce: String(asked?.body.nonce), issuer: 'https://api.example', subject: id };
    expect(await proofHolds(String(asked?.body.proof), key.publicKey, expected)).toBe(true);
    expect((await session.renew('token-1')).token).toBe('token-2');
  });

  test('whose time is over, or that was ended, is followed by another one', async () => {
    api.sessionSeconds = 0;
    const session = await login(credentials());
    const { id } = await session.open();
    api.sessionSeconds = 3600;
    expect((await session.open()).id).not.toBe(id);
    api.refusal = { status: 401, body: problemOf('session-revoked') };
    const renewed = session.renew((await session.access()).token);
    // The refusal is of the token; the api is asked for another session next.
    await expect(renewed).rejects.toMatchObject({ problem: { kind: 'session-revoked' } });
    api.refusal = undefined;
    expect((await session.access()).token).toMatch(/^token-/);
  });

  test('measures the servers’ clock, by which its scope ends', async () => {
    api.clockAheadMs = 3_600_000 * 24;
    const askedAt = Date.now();
    const session = await login(credentials());
    const roundTripMs = Date.now() - askedAt;
    expect(Math.abs(session.clock.offsetMs - api.clockAheadMs)).toBeLessThanOrEqual(roundTripMs);
    const claim = api.logs.get(session.account.identity)?.events.at(-1);
    expect(claim?.op === 'claim' && claim.scope.expiresAt).toBeGreaterThan(askedAt + api.clockAheadMs);
  });

  test('is for what was asked, and for everything by default', async () => {
    const scope = { verbs: ['connect' as const, 'sync' as const], grants: [] };
    const session = await login({ ...credentials(), scope });
    const claim = api.logs.get(session.account.identity)?.events.at(-1);
    expect(claim).toMatchObject({ op: 'claim', scope });
  });

  test('without a certificate cannot push, and says so', async () => {
    api.mayPush = false;
    const session = await login(credentials());
    const signer = await session.signer();
    await expect(signer.certificate()).rejects.toMatchObject({ problem: { kind: 'forbidden' } });
  });

  test('signs nothing for another issuer than the one that was signed in at', async () => {
    await login(credentials());
    const account = (await store.account())!;
    await store.keepAccount({ ...account, issuer: 'https://other.example' });
    await expect((await again()).open()).rejects.toMatchObject({ problem: { kind: 'bad-certificate' } });
  });

  test('ends with logout, which forgets who was signed in even where the api does not answer', async () => {
    const session = await login(credentials());
    api.refusal = { status: 500, body: problemOf('internal') };
    await expect(session.logout()).rejects.toMatchObject({ problem: { kind: 'internal' } });
    expect(await store.account()).toBeUndefined();
    expect(await store.identity()).toBeDefined();
  });
});

describe('the log of the identity', () => {
  test('is followed by one at a time, however many open sessions at once', async () => {
    const session = await login(credentials());
    const others = await Promise.all(Array.from({ length: 6 }, again));
    await Promise.all(others.map((other) => other.open()));
    expect(ops(session)).toEqual(['inception', ...Array<string>(7).fill('claim')]);
  });

  test('that another machine has continued is caught up with, and followed from there', async () => {
    const session = await login(credentials());
    // The same keys on another machine, which knows nothing of this one.
    const elsewhere = memoryCredentialStore();
    await elsewhere.keepIdentity((await store.identity())!);
    await elsewhere.keepAccount(session.account);
    await (await restoreSession(elsewhere))!.open();
    await (await again()).open();
    await (await restoreSession(elsewhere))!.open();
    expect(ops(session)).toEqual(['inception', 'claim', 'claim', 'claim', 'claim']);
  });

  test('goes on after an answer was lost, whether or not it had been taken', async () => {
    const session = await login(credentials());
    api.losesAnswers = true;
    await expect((await again()).open()).rejects.toMatchObject({ problem: { kind: 'unavailable' } });
    api.losesAnswers = false;
    expect((await store.identity())?.pending).toHaveLength(1);
    await (await again()).open();
    expect(ops(session)).toEqual(['inception', 'claim', 'claim', 'claim']);
    expect((await store.identity())?.pending).toEqual([]);
  });

  test('keeps no event of a refused request, so that nothing piles up', async () => {
    await login(credentials());
    api.refusal = { status: 429, body: problemOf('rate-limited') };
    await expect((await again()).open()).rejects.toMatchObject({ problem: { kind: 'rate-limited' } });
    expect((await store.identity())?.pending).toEqual([]);
  });

  test('goes on with the next key after a rotation, and commits to another', async () => {
    const session = await login(credentials());
    const [next] = await store.nextKeys();
    expect(await session.rotateKeys()).toMatchObject({ n: 2 });
    expect((await store.identity())?.key).toEqual(next?.key);
    expect(await store.nextKeys()).toHaveLength(1);
    await (await again()).open();
    await session.rotateKeys();
    expect(ops(session)).toEqual(['inception', 'claim', 'rotation', 'claim', 'rotation']);
  });

  test('survives a process that ends between the steps of a rotation', async () => {
    const session = await login(credentials());
    const [committed] = await store.nextKeys();
    // The key after the next was kept, and the rotation was not made.
    await store.keepNextKeys([committed!, { ...committed!, key: await cryptoPlatform.generatePrivateKey() }]);
    await session.rotateKeys();
    expect((await store.identity())?.key).toEqual(committed?.key);
    // The rotation was made and registered, and the answer was lost.
    api.losesAnswers = true;
    await expect(session.rotateKeys()).rejects.toMatchObject({ problem: { kind: 'unavailable' } });
    api.losesAnswers = false;
    await session.rotateKeys();
    await (await again()).open();
    expect(ops(session)).toEqual(['inception', 'claim', 'rotation', 'rotation', 'rotation', 'claim']);
  });

  test('ends for good by its own keys', async () => {
    const session = await login(credentials());
    expect((await session.endIdentity()).revokedAt).not.toBeNull();
    expect(await store.account()).toBeUndefined();
    await expect(session.open()).rejects.toMatchObject({ problem: { kind: 'identity-revoked' } });
  });
});

describe('a runtime', () => {
  let key: SigningKey;
  beforeEach(async () => {
    key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  });

  test('enrols by the code that it proves, and pins whom it found', async () => {
    const identity = await enrol({ apiUrl: api.url, joinCode: 'code', key });
    const [asked] = api.of('/auth/enrol');
    const expected = { nonce: String(asked?.body.nonce), issuer: 'https://api.example', subject: 'code' };
    expect(await proofHolds(String(asked?.body.proof), key.publicKey, expected)).toBe(true);
    expect(identity).toMatchObject({
      resourceGuid: 'g',
      groups: ['tills'],
      trustRoot: { issuer: 'https://api.example', keys: [{ kty: 'OKP' }] },
    });
  });

  test('that was shipped with a trust root enrols nowhere else', async () => {
    const trustRoot = { issuer: 'https://other.example', tenant: 'default', keys: [] };
    await expect(enrol({ apiUrl: api.url, joinCode: 'code', key, trustRoot })).rejects.toMatchObject({
      problem: { kind: 'bad-certificate' },
    });
  });

  test('fetches a token when it is first asked, and a new one near its end', async () => {
    const session = runtimeSession(await enrol({ apiUrl: api.url, joinCode: 'code', key }), key);
    expect((await session.access()).token).toBe('runtime-1');
    expect((await session.access()).token).toBe('runtime-1');
    expect((await session.renew('runtime-1')).token).toBe('runtime-2');
    const [asked] = api.of('/auth/runtime-token');
    const expected = { nonce: String(asked?.body.nonce), issuer: 'https://api.example', subject: 'g' };
    expect(await proofHolds(String(asked?.body.proof), key.publicKey, expected)).toBe(true);
  });
});
