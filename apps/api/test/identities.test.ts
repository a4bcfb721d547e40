import { readFileSync } from 'node:fs';
import { request } from 'node:http';

import { epochMs, limits as wireLimits, type Scope } from '@cd-push/protocol';
import { openSqliteStore } from '@cd-push/store';
import {
  claimSession,
  createIdentity,
  cryptoPlatform,
  registeredUpTo,
  revokeIdentity,
  rotateIdentity,
  signProof,
  type KeptIdentity,
} from '@cd-push/timeline';
import { fastify } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';

import { registerRateGuards } from '../src/server/rate-guards.ts';
import { admin, everything, issuer, newKey, startTestApi, type TestApi } from './support/test-api.ts';

describe('binding an identity to a user', () => {
  test('says whose it is, and by whom that is vouched for', async () => {
    const api = await startTestApi();
    const { answer, kept } = await api.bind();
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer).toMatchObject({
      status: 200,
      body: {
        identity: kept.identity,
        tip: kept.identity,
        n: 0,
        revokedAt: null,
        user: { id: 1, name: 'ada', roles: ['developer', 'admin'], tenant: 'default', subject: 'user-1' },
        issuer,
        keys: [{ kty: 'OKP', crv: 'Ed25519' }],
      },
    });
  });

  test('once more changes nothing, and another user’s it never becomes', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer']);
    const { kept } = await api.bind();
    expect((await api.bind(admin, kept)).answer).toMatchObject({ status: 200, body: { n: 0 } });
    expect((await api.bind(bob, kept)).answer).toMatchObject({
      status: 409,
      body: { kind: 'conflict', path: '/identity' },
    });
  });

  test('a user may have several, each of a machine', async () => {
    const api = await startTestApi();
    const [one, other] = [await api.login(), await api.login()];
    expect(one.kept.identity).not.toBe(other.kept.identity);
    expect([one.answer.status, other.answer.status]).toEqual([200, 200]);
  });

  test('is refused for a log that is another’s, is forged, or was not sent', async () => {
    const api = await startTestApi();
    const [own, other] = [(await createIdentity()).kept, (await createIdentity()).kept];
    const key = await cryptoPlatform.importPrivateKey(own.key);
    const attempt = async (events: unknown) =>
      api.call('POST', '/identities', {
        body: { ...admin, identity: own.identity, events, ...(await api.prove(key, own.identity)) },
      });
    expect(await attempt(other.pending)).toMatchObject({ status: 403, body: { kind: 'bad-identity' } });
    const [inception] = own.pending;
    const signatures = other.pending[0]?.signatures;
    expect(await attempt([{ ...inception, signatures }])).toMatchObject({
      status: 403,
      body: { kind: 'bad-identity' },
    });
    expect(await attempt(undefined)).toMatchObject({ body: { kind: 'bad-identity', path: '/events' } });
  });

  test('an unknown user and a wrong password get the same answer', async () => {
    const api = await startTestApi();
    const unknown = (await api.bind({ userName: 'nobody', password: 'x' })).answer;
    const wrong = (await api.bind({ ...admin, password: 'x' })).answer;
    expect(unknown.status).toBe(401);
    expect(unknown.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(unknown.body).toMatchObject({ kind: 'invalid-credentials', status: 401 });
    expect(wrong.body).toEqual(unknown.body);
  });

  test('an unknown user costs what a wrong password does', async () => {
    const api = await startTestApi();
    const time = async (userName: string): Promise<number> => {
      const start = performance.now();
      await api.bind({ userName, password: 'x' });
      return performance.now() - start;
    };
    // In turns, so that whatever else the machine does weighs on both alike.
    const ratios: number[] = [];
    for (let round = 0; round < 9; round++)
      ratios.push((await time('nobody')) / (await time(admin.userName)));
    const median = ratios.toSorted((a, b) => a - b)[4];
    // Without the decoy an unknown user is answered in a fraction of the time.
    expect(median).toBeGreaterThan(0.5);
    expect(median).toBeLessThan(2);
  });

  test('a user name is taken in any case', async () => {
    const api = await startTestApi();
    expect((await api.bind({ ...admin, userName: 'ADA' })).answer.status).toBe(200);
  });

  test('a password is kept as argon2id with its parameters and a salt of its own', async () => {
    const api = await startTestApi();
    await api.join('bob', ['developer']);
    await api.close();
    const bytes = readFileSync(api.dataFile, 'latin1');
    const hashes = [
      ...bytes.matchAll(/\$argon2id\$v=19\$m=19456,t=2,p=1\$([A-Za-z0-9+/]{22})\$[A-Za-z0-9+/]{43}/g),
    ];
    expect(new Set(hashes.map(([, salt]) => salt)).size).toBe(2);
  });
});

describe('the proof of a key', () => {
  const start = async () => {
    const api = await startTestApi();
    const { kept } = await createIdentity();
    const { identity, pending: events } = kept;
    const key = await cryptoPlatform.importPrivateKey(kept.key);
    const { nonce } = (await api.call('POST', '/auth/challenge')).body as { nonce: string };
    const attempt = (body: object) =>
      api.call('POST', '/identities', { body: { ...admin, identity, events, nonce, ...body } });
    const refusal = { status: 403, body: { kind: 'bad-signature', path: '/proof' } };
    return { api, key, attempt, refusal, right: { nonce, issuer, subject: identity } };
  };

  test('holds for one sign-in', async () => {
    const { key, attempt, right, refusal } = await start();
    const proof = await signProof(right, key);
    expect((await attempt({ proof })).status).toBe(200);
    expect(await attempt({ proof })).toMatchObject(refusal);
  });

  test('is refused by another key', async () => {
    const { attempt, right, refusal } = await start();
    expect(await attempt({ proof: await signProof(right, await newKey()) })).toMatchObject(refusal);
  });

  test.each(['nonce', 'issuer', 'subject'] as const)('is refused for another %s', async (member) => {
    const { key, attempt, right, refusal } = await start();
    expect(await attempt({ proof: await signProof({ ...right, [member]: 'other' }, key) })).toMatchObject(
      refusal,
    );
  });

  test('is refused for a nonce that was never issued', async () => {
    const { key, attempt, right, refusal } = await start();
    const nonce = 'A'.repeat(43);
    expect(await attempt({ nonce, proof: await signProof({ ...right, nonce }, key) })).toMatchObject(refusal);
  });

  test('is refused after a minute', async () => {
    const { api, key, attempt, right, refusal } = await start();
    api.advance(60_000);
    expect(await attempt({ proof: await signProof(right, key) })).toMatchObject(refusal);
  });

  test('tells nothing of the password when it is bad', async () => {
    const { api, key, attempt, right } = await start();
    const proof = await signProof({ ...right, subject: 'other' }, key);
    const withRight = await attempt({ proof });
    const { nonce } = (await api.call('POST', '/auth/challenge')).body;
    const withWrong = await attempt({ proof, nonce, password: 'wrong' });
    expect(withWrong.body).toEqual(withRight.body);
  });
});

describe('the log of an identity', () => {
  const post = (api: TestApi, identity: string, body: object) =>
    api.call('POST', `/identities/${identity}/events`, { body });

  const opsIn = ({ body }: { body: { events?: { op: string }[] } }) => body.events?.map(({ op }) => op);

  test('[KEYSTONE-7] is told to its own keys as it was signed, from any event on', async () => {
    const api = await startTestApi();
    const { kept } = await api.login();
    const { body } = await api.log(kept);
    expect(opsIn({ body })).toEqual(['inception', 'claim']);
    expect(body.events[0]).toEqual(kept.establishments[0]);
    expect((await api.log(kept, 1)).body.events).toEqual([body.events[1]]);
    const path = `/identities/${kept.identity}`;
    expect((await api.call('GET', path)).body).toMatchObject({ n: 1, tip: kept.tip, revokedAt: null });
    const nobody = (await createIdentity()).kept;
    expect((await api.call('GET', `/identities/${nobody.identity}`)).body.kind).toBe('not-found');
    expect((await api.log(nobody)).body.kind).toBe('not-found');
  });

  test('[KEYSTONE-7] is told to no key that was rotated away or never was one, and to the one that comes next', async () => {
    const api = await startTestApi();
    const made = await createIdentity();
    const { kept } = await api.bind(admin, made.kept);
    const stranger = (await createIdentity()).kept.key;
    expect((await api.log(kept, 0, stranger)).body).toMatchObject({ kind: 'bad-identity', path: '/key' });
    // Whoever rotates does not know, where no answer came, which of the two counts by now.
    expect((await api.log(kept, 0, made.next.key)).status).toBe(200);
    const rotated = await rotateIdentity(kept, made.next);
    await post(api, kept.identity, { from: kept.tip, events: rotated.kept.pending });
    expect((await api.log(kept, 0, made.next.key)).status).toBe(200);
    expect((await api.log(kept)).body.kind).toBe('bad-identity');
  });

  test('[KEYSTONE-7] shows what it lets its sessions do to its user alone, and how to verify it to all of the tenant', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer'], everything);
    const carol = await api.join('carol', ['developer'], everything);
    const olga = await api.join('olga', ['observer']);
    const runtime = await api.enrol();
    const { token: admins } = await api.login();
    const path = `/identities/${bob.kept.identity}/events`;
    const read = async (token?: string) => api.call('GET', path, token === undefined ? {} : { token });
    expect((await read()).status).toBe(401);
    for (const token of [bob.token, admins]) expect(opsIn(await read(token))).toEqual(['inception', 'claim']);
    for (const token of [carol.token, olga.token, runtime.token])
      expect(opsIn(await read(token))).toEqual(['inception']);
    expect(opsIn(await api.call('GET', path, { service: true }))).toEqual(['inception']);
    const narrow = await api.open(bob.kept, { grants: [{ prefix: '/shop', environments: ['*'] }] });
    expect(opsIn(await read(narrow.token))).toEqual(['inception']);
    const ended = await revokeIdentity(narrow.kept);
    await post(api, bob.kept.identity, { from: narrow.kept.tip, events: ended.kept.pending });
    expect(opsIn(await read(carol.token))).toEqual(['inception', 'revocation']);
  });

  test('[KEYSTONE-3] ends by the word of its user or an admin, where its keys are lost', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer'], everything);
    const lost = await api.bind(bob);
    const other = await api.join('carol', ['developer'], everything);
    const end = (address: string, token: string) => api.call('DELETE', `/identities/${address}`, { token });
    const { identity } = lost.kept;
    expect((await end(identity, other.token)).body.kind).toBe('forbidden');
    const weak = await api.open(bob.kept, { verbs: ['connect', 'sync', 'push'] });
    expect((await end(identity, weak.token)).body.kind).toBe('forbidden');
    const session = await api.open(lost.kept);
    expect((await end(identity, bob.token)).body).toMatchObject({ identity, revokedAt: expect.any(Number) });
    expect((await api.call('GET', '/auth/session', { token: session.token })).body.kind).toBe(
      'session-revoked',
    );
    expect((await api.open(session.kept)).answer.body.kind).toBe('identity-revoked');
    expect((await end(identity, bob.token)).body.kind).toBe('identity-revoked');
    const { token } = await api.login();
    expect((await end(bob.kept.identity, token)).status).toBe(200);
    const { body } = await api.call('GET', '/relay/revocations', { service: true });
    expect(body.identities).toEqual([identity, bob.kept.identity]);
  });

  test('goes on with the keys of a rotation, which only the next key brings about', async () => {
    const api = await startTestApi();
    const made = await createIdentity();
    const { kept } = await api.bind(admin, made.kept);
    const before = await api.open(kept);
    const stranger = (await createIdentity()).next;
    const wrong = await rotateIdentity(before.kept, { ...stranger, identity: kept.identity });
    const from = before.kept.tip;
    expect(await post(api, kept.identity, { from, events: wrong.kept.pending })).toMatchObject({
      status: 403,
      body: { kind: 'bad-identity', path: '/events/0/keys' },
    });
    const right = await rotateIdentity(before.kept, made.next);
    expect((await post(api, kept.identity, { from, events: right.kept.pending })).body).toMatchObject({
      n: 2,
    });
    // Sessions from before the rotation go on; the key from before it claims none any more.
    expect((await api.renew(before)).answer.status).toBe(200);
    expect((await api.open({ ...right.kept, pending: [], key: kept.key })).answer.body.kind).toBe(
      'bad-identity',
    );
    expect((await api.open({ ...right.kept, pending: [] })).answer.status).toBe(200);
  });

  test('ends for good, and with it every session and all that they signed', async () => {
    const api = await startTestApi();
    const first = await api.login();
    const second = await api.open(first.kept);
    const { identity } = first.kept;
    const ended = await revokeIdentity(second.kept);
    const from = second.kept.tip;
    expect((await post(api, identity, { from, events: ended.kept.pending })).body.revokedAt).toBeGreaterThan(
      0,
    );
    for (const { token } of [first, second]) {
      expect((await api.introspect(token)).body).toEqual({ active: false });
      expect((await api.call('GET', '/auth/session', { token })).body.kind).toBe('session-revoked');
    }
    expect((await api.open(second.kept)).answer.body.kind).toBe('identity-revoked');
    expect((await api.bind(admin, second.kept)).answer.body.kind).toBe('identity-revoked');
    expect(await post(api, identity, { from, events: ended.kept.pending })).toMatchObject({
      body: { kind: 'identity-revoked' },
    });
    const { body } = await api.call('GET', '/relay/revocations', { service: true });
    expect(body).toMatchObject({ sessions: [], identities: [identity] });
  });

  test('takes what follows a tip once: who comes second is told, and reads on', async () => {
    const api = await startTestApi();
    const { kept } = await api.bind();
    const opened = await Promise.all(Array.from({ length: 4 }, () => api.open(kept)));
    const statuses = opened.map(({ answer }) => answer.status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, 409, 409, 409]);
    expect(opened.find(({ answer }) => answer.status === 409)?.answer.body).toMatchObject({
      kind: 'tip-moved',
      path: '/from',
      retryable: true,
    });
    expect((await api.log(kept)).body.events).toHaveLength(2);
  });
});

describe('events that would leave a log that nobody can follow', () => {
  test.each([
    ['an inception that stands twice', 'inception'],
    ['a claim that stands twice', 'claim'],
    ['the latest event once more, before the next one', 'tip'],
  ])('%s is refused, and nothing of it is kept', async (_, which) => {
    const api = await startTestApi();
    const made = await createIdentity();
    const [inception] = made.kept.pending;
    const refusal = { status: 403, body: { kind: 'bad-identity', path: '/events' } };
    if (which === 'inception') {
      const twice = { ...made.kept, pending: [inception!, inception!] };
      expect((await api.bind(admin, twice)).answer).toMatchObject(refusal);
    }
    const { kept, answer } = await api.bind(admin, made.kept);
    expect(answer.status).toBe(200);
    const { body } = await api.sessionRequest(kept);
    const [claim] = body.events;
    if (which !== 'inception') {
      const events = which === 'claim' ? [claim, claim] : [inception, claim];
      expect(await api.call('POST', '/auth/sessions', { body: { ...body, events } })).toMatchObject(refusal);
    }
    expect((await api.log(kept)).body.events).toEqual([inception]);
    expect((await api.open(kept)).answer.status).toBe(200);
  });

  test('a rotation beyond those that a certificate can show is refused, and the identity goes on', async () => {
    const api = await startTestApi();
    const made = await createIdentity();
    let { kept } = await api.bind(admin, made.kept);
    let { next } = made;
    const rotate = async () => {
      const rotated = await rotateIdentity(kept, next);
      const body = { from: kept.tip, events: rotated.kept.pending };
      return { rotated, answer: await api.call('POST', `/identities/${kept.identity}/events`, { body }) };
    };
    for (let count = 1; count < wireLimits.delegationEvents; count += 1) {
      const { rotated, answer } = await rotate();
      expect(answer.status).toBe(200);
      kept = registeredUpTo(rotated.kept, rotated.kept.n);
      ({ next } = rotated);
    }
    const { answer } = await rotate();
    expect(answer).toMatchObject({ status: 413, body: { kind: 'too-large', path: '/events' } });
    expect((await api.open(kept)).answer).toMatchObject({
      status: 200,
      body: { data: { identity: kept.identity } },
    });
  });
});

describe('how many there are', () => {
  test('[KEYSTONE-8] a user has so many that were not ended, and is told what to do', async () => {
    const store = await openSqliteStore(':memory:', { node: 'api' });
    onTestFinished(() => store.close());
    const api = await startTestApi({ store });
    const bob = await api.join('bob', ['developer'], everything);
    for (let count = 1; count < wireLimits.identitiesPerUser; count += 1) {
      const address = `identity-${count}`;
      const made = { address, userId: bob.id, events: [], tip: address, n: 0, state: '{}' };
      await store.identities.register({ ...made, at: epochMs(1) });
    }
    const { answer } = await api.bind(bob);
    expect(answer).toMatchObject({ status: 400, body: { kind: 'invalid-request', path: '/identity' } });
    expect(answer.body.detail).toContain('End one');
    // What is bound already is no further one.
    expect((await api.bind(bob, bob.kept)).answer.status).toBe(200);
    await api.call('DELETE', `/identities/${bob.kept.identity}`, { token: bob.token });
    expect((await api.bind(bob)).answer.status).toBe(200);
  });

  test('[KEYSTONE-8] the events of one user’s identities are bounded in a minute, by whichever way they come', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer'], everything);
    const key = await newKey();
    const scope: Scope = { verbs: ['sync'], grants: [], expiresAt: Date.now() + 60_000 };
    const say = async (before: KeptIdentity) => {
      let kept = before;
      for (let count = 0; count < 32; count += 1) {
        ({ kept } = await claimSession(kept, { target: before.identity, key: key.publicKey, scope }));
      }
      const body = { from: before.tip, events: kept.pending };
      const answer = await api.call('POST', `/identities/${before.identity}/events`, { body });
      return { answer, kept: registeredUpTo(kept, kept.n) };
    };
    let { kept } = bob;
    const statuses: number[] = [];
    for (let events = 0; events < wireLimits.identityEventsPerMinute; events += 32) {
      const said = await say(kept);
      statuses.push(said.answer.status);
      if (said.answer.status === 200) ({ kept } = said);
    }
    expect(statuses.indexOf(429)).toBe(statuses.length - 1);
    const { answer } = await api.open(kept);
    expect(answer).toMatchObject({ status: 429, body: { kind: 'rate-limited' } });
    expect(answer.body.retryAfter).toBeGreaterThan(0);
    // Others go on.
    expect((await api.login()).answer.status).toBe(200);
  });
});

describe('the rate of sign-ins', () => {
  const limits = { loginsPerName: 3, loginsPerAddress: 6, requestsPerAddress: 1000 };
  const attempts = async (api: TestApi, names: readonly string[]) => {
    const statuses: number[] = [];
    for (const userName of names) {
      statuses.push((await api.bind({ userName, password: 'x' })).answer.status);
    }
    return statuses;
  };

  test('is limited per user name, in whatever case it is written', async () => {
    const api = await startTestApi({ rateLimits: limits });
    expect(await attempts(api, ['ada', 'Ada', 'ADA', 'aDA', 'bob'])).toEqual([401, 401, 401, 429, 401]);
  });

  test('is limited per address', async () => {
    const api = await startTestApi({ rateLimits: limits });
    expect(await attempts(api, ['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toEqual([
      401, 401, 401, 401, 401, 401, 429,
    ]);
  });

  /** A try from an address of one's own: this machine has all of 127.0.0.0/8. */
  const attemptFrom = async (api: TestApi, address: string, credentials: object): Promise<number> => {
    const { kept } = await createIdentity();
    const { identity, pending: events } = kept;
    const proof = await api.prove(await cryptoPlatform.importPrivateKey(kept.key), identity);
    const body = { identity, events, ...proof, ...credentials };
    return new Promise<number>((resolve, reject) => {
      const sent = request(`${api.url}/identities`, {
        method: 'POST',
        localAddress: address,
        agent: false,
        headers: { 'content-type': 'application/json' },
      });
      sent.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(body));
    });
  };

  test('keeps nobody out whose name is tried from elsewhere, until it is tried from everywhere', async () => {
    const api = await startTestApi({ rateLimits: limits });
    const wrong = { ...admin, password: 'x' };
    for (let count = 0; count < 3; count++) expect(await attemptFrom(api, '127.0.0.2', wrong)).toBe(401);
    expect(await attemptFrom(api, '127.0.0.2', wrong)).toBe(429);
    expect(await attemptFrom(api, '127.0.0.3', admin)).toBe(200);
    for (let count = 0; count < 26; count++) {
      expect(await attemptFrom(api, `127.0.1.${Math.floor(count / 3)}`, wrong)).toBe(401);
    }
    expect(await attemptFrom(api, '127.0.0.4', admin)).toBe(429);
  });

  test('is not used up by who proves no key: a bad proof counts for its address alone', async () => {
    const api = await startTestApi({ rateLimits: { ...limits, loginsPerName: 1 } });
    const unproved = { ...admin, nonce: 'A'.repeat(43), proof: 'a.b.c' };
    for (let count = 0; count < 3; count++) expect(await attemptFrom(api, '127.0.0.2', unproved)).toBe(403);
    expect(await attemptFrom(api, '127.0.0.2', admin)).toBe(200);
  });

  test('is not forgotten for the many names that are tried after it', async () => {
    const app = fastify();
    onTestFinished(() => app.close());
    const guards = await registerRateGuards(app, { ...limits, loginsPerName: 1 });
    app.get<{ Params: { name: string } }>('/:name', async (asked) => {
      await guards.password(asked, asked.params.name);
      return 'tried';
    });
    const attempt = async (name: string): Promise<boolean> =>
      (await app.inject(`/${name}`)).statusCode === 200;
    expect(await attempt('ada')).toBe(true);
    for (let count = 0; count < 5_100; count++) expect(await attempt(`x${count}`)).toBe(true);
    expect(await attempt('ada')).toBe(false);
  });

  test('holds for the right password too, and says when to come back', async () => {
    const api = await startTestApi({ rateLimits: limits });
    await attempts(api, ['ada', 'ada', 'ada']);
    const { answer } = await api.bind();
    expect(answer).toMatchObject({ status: 429, body: { kind: 'rate-limited', retryable: true } });
    expect(answer.body.retryAfter).toBeGreaterThan(0);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });

  test('requests without a session are limited per address', async () => {
    const api = await startTestApi({ rateLimits: { ...limits, requestsPerAddress: 2 } });
    const statuses = [1, 2, 3].map(async () => (await api.call('POST', '/auth/challenge')).status);
    expect((await Promise.all(statuses)).toSorted((a, b) => a - b)).toEqual([200, 200, 429]);
  });
});
