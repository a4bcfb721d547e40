import { parse } from '@cd-push/protocol';
import {
  createIdentity,
  cryptoPlatform,
  openCertificate,
  openDelegation,
  openSession,
  newSeed,
  signProof,
} from '@cd-push/timeline';
import { describe, expect, test } from 'vitest';

import { everything, issuer, newKey, startTestApi } from './support/test-api.ts';

describe('a session', () => {
  test('is answered as an ICdResponse that is filled', async () => {
    const api = await startTestApi();
    const { answer, own, kept } = await api.login();
    const { body, status, headers } = answer;
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(parse('CdResponse', body)).toMatchObject({ ok: true });
    expect(body.app_state).toMatchObject({ success: true, sess: { userId: 1, ttl: 900, clientId: null } });
    expect(body.app_state.sess.jwt).toMatchObject({ checked: true, authorized: true, ttl: 900 });
    expect(body.app_state.sess.initUuid).toBe(own?.address);
    expect(Date.parse(body.app_state.sess.initTime)).toBe(body.app_state.sess.jwt.checkTime);
    expect(body.data).toMatchObject({
      identity: kept.identity,
      grants: everything,
      user: { id: 1, name: 'ada', roles: ['developer', 'admin'], tenant: 'default', subject: 'user-1' },
      issuer,
      keys: [{ kty: 'OKP', crv: 'Ed25519' }],
    });
  });

  test('has its key in the token, and in a certificate that shows what the identity itself has claimed', async () => {
    const api = await startTestApi({ tenant: 'acme', certificateSeconds: 60 });
    const { answer, token, key, certificate, sid, keys, kept } = await api.login();
    expect((await api.introspect(token)).body).toMatchObject({
      active: true,
      sid,
      cnf: { jwk: key.publicKey },
      acting: { identity: kept.identity, scope: { grants: everything } },
    });
    const opened = await openCertificate(certificate ?? '', { issuer, tenant: 'acme', keys });
    expect(opened).toMatchObject({
      ok: true,
      value: {
        sub: 'user-1',
        session: sid,
        identity: kept.identity,
        cnf: { jwk: key.publicKey },
        grants: everything,
        aud: 'cd-push:code',
      },
    });
    if (!opened.ok) return;
    expect(await openDelegation(opened.value, undefined)).toMatchObject({
      ok: true,
      value: { delegate: { identity: kept.identity, session: sid } },
    });
    const checkTime = answer.body.app_state.sess.jwt.checkTime as number;
    expect(opened).toMatchObject({ value: { notBefore: checkTime - 60_000, notAfter: checkTime + 60_000 } });
  });

  test('may what its identity claims of what its user may, and no more', async () => {
    const api = await startTestApi();
    const grants = [{ prefix: '/shop', environments: ['development', 'test'] }];
    const bob = await api.join('bob', ['developer'], grants);
    const narrow = [
      { prefix: '/shop/src', environments: ['test', 'production'] },
      { prefix: '/store', environments: ['*'] },
    ];
    const { answer, token } = await api.open(bob.kept, {
      grants: narrow,
      verbs: ['connect', 'sync', 'push'],
    });
    const both = [{ prefix: '/shop/src', environments: ['test'] }];
    expect(answer.body.data).toMatchObject({ grants: both, verbs: ['connect', 'sync', 'push'] });
    expect((await api.introspect(token)).body).toMatchObject({ grants: both });
  });

  test('without the verb "manage" changes nothing that others rely on', async () => {
    const api = await startTestApi();
    const { kept } = await api.bind();
    const { token } = await api.open(kept, { verbs: ['connect', 'sync', 'push'] });
    const body = { module: 'shop', environment: 'test' };
    expect(await api.call('POST', '/join-codes', { token, body })).toMatchObject({
      status: 403,
      body: { kind: 'forbidden' },
    });
    expect((await api.call('GET', '/auth/session', { token })).status).toBe(200);
  });

  test('narrowed to a module administers neither users nor runtimes, and is not given the audit', async () => {
    const api = await startTestApi();
    const { kept } = await api.bind();
    const { token } = await api.open(kept, { grants: [{ prefix: '/shop', environments: ['*'] }] });
    for (const [method, path, body] of [
      ['POST', '/users', { userName: 'eve', password: 'a long password', roles: ['admin'], grants: [] }],
      ['PUT', '/users/1/grants', { grants: [...everything] }],
      ['GET', '/users', undefined],
      ['GET', '/runtimes', undefined],
      ['GET', '/audit', undefined],
      ['PUT', '/interact/triggers/release', { emits: 'announce', carries: 'notice' }],
    ] as const) {
      const answer = await api.call(method, path, { token, body });
      expect([path, answer.status, answer.body.kind]).toEqual([path, 403, 'forbidden']);
    }
  });

  test('narrowed to a module has runtimes enrol for that module alone', async () => {
    const api = await startTestApi();
    const { kept, token: whole } = await api.login();
    const { token } = await api.open(kept, { grants: [{ prefix: '/shop', environments: ['*'] }] });
    const make = (module: string, as: string) =>
      api.call('POST', '/join-codes', { token: as, body: { module, environment: 'test' } });
    expect((await make('shop', token)).status).toBe(201);
    expect((await make('bank', token)).body.kind).toBe('forbidden');
    const { id } = (await make('bank', whole)).body;
    expect((await api.call('DELETE', `/join-codes/${id}`, { token })).body.kind).toBe('not-found');
    const { body } = await api.call('GET', '/join-codes', { token });
    expect(body.joinCodes).toMatchObject([{ module: 'shop' }]);
  });

  test('of who may not push gets no certificate', async () => {
    const api = await startTestApi();
    const { certificate, token } = await api.join('olga', ['observer']);
    expect(certificate).toBeNull();
    expect((await api.introspect(token)).body).toMatchObject({ client: 'observer', roles: ['observer'] });
  });

  test('shows what it is and may, as of now', async () => {
    const api = await startTestApi();
    const { token, sid } = await api.login();
    await api.call('POST', '/interact/subscriptions', { token, body: { group: 'floor', userId: 1 } });
    api.advance(300_000);
    const answer = await api.call('GET', '/auth/session', { token });
    expect(parse('CdResponse', answer.body)).toMatchObject({ ok: true });
    expect(answer.body.app_state).toMatchObject({ success: true, sess: { initUuid: sid, userId: 1 } });
    expect(answer.body.app_state.sess.ttl).toBeGreaterThan(590);
    expect(answer.body.app_state.sess.ttl).toBeLessThanOrEqual(600);
    expect(answer.body.data).toMatchObject({ user: { name: 'ada' }, subscriptions: ['floor'] });
  });

  test('ends with logout, and so do the others of its identity, but not the identity', async () => {
    const api = await startTestApi();
    const first = await api.login();
    const second = await api.open(first.kept);
    const elsewhere = await api.login();
    expect(await api.call('POST', '/auth/logout', { token: first.token })).toMatchObject({
      status: 200,
      body: { app_state: { success: true, sess: null } },
    });
    for (const ended of [first, second]) {
      expect((await api.call('GET', '/auth/session', { token: ended.token })).body.kind).toBe(
        'session-revoked',
      );
      expect((await api.renew(ended)).answer.body.kind).toBe('session-revoked');
    }
    expect((await api.introspect(elsewhere.token)).body.active).toBe(true);
    expect((await api.open(second.kept)).answer.status).toBe(200);
  });

  test('ends when an admin withdraws it', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer']);
    const { token } = await api.login();
    expect((await api.call('DELETE', `/sessions/${bob.sid}`, { token })).status).toBe(204);
    expect((await api.call('GET', '/auth/session', { token: bob.token })).body.kind).toBe('session-revoked');
    const { body } = await api.call('GET', '/relay/revocations', { service: true });
    expect(body.sessions).toMatchObject([{ sid: bob.sid, reason: 'withdrawn' }]);
  });

  test('ends twelve hours after it was opened, and earlier where its identity says so', async () => {
    const api = await startTestApi({ accessTokenSeconds: 30 * 24 * 3600 });
    const { kept } = await api.bind();
    const hour = 60 * 60 * 1000;
    const long = await api.open(kept, { expiresAt: Date.now() + 1000 * hour });
    const short = await api.open(long.kept, { expiresAt: Date.now() + hour });
    api.advance(hour + 1000);
    expect((await api.renew(short)).answer.body.kind).toBe('session-expired');
    expect((await api.introspect(short.token)).body.active).toBe(false);
    expect((await api.renew(long)).answer.status).toBe(200);
    api.advance(11 * hour);
    expect((await api.renew(long)).answer.body.kind).toBe('session-expired');
  });
});

describe('opening a session is refused', () => {
  const start = async () => {
    const api = await startTestApi();
    const { kept } = await api.bind();
    const asked = await api.sessionRequest(kept);
    const attempt = (body: object) =>
      api.call('POST', '/auth/sessions', { body: { ...asked.body, ...body } });
    return { api, kept, asked, attempt };
  };

  test('to an identity that is not registered, or whose user was removed', async () => {
    const { api } = await start();
    const stranger = await createIdentity();
    expect((await api.open(stranger.kept)).answer).toMatchObject({
      status: 401,
      body: { kind: 'unauthenticated', path: '/identity' },
    });
    const bob = await api.join('bob', ['developer']);
    const { token } = await api.login();
    await api.call('DELETE', `/users/${bob.id}`, { token });
    expect((await api.open(bob.kept)).answer.body.kind).toBe('session-revoked');
  });

  test('without the proof of the session’s key, for this issuer and this session', async () => {
    const { api, asked, attempt } = await start();
    const { nonce } = asked.body;
    const subject = asked.own.address;
    const refusal = { status: 403, body: { kind: 'bad-signature', path: '/proof' } };
    const right = { nonce, issuer: api.issuer, subject };
    expect(await attempt({ proof: await signProof(right, await newKey()) })).toMatchObject(refusal);
    expect(await attempt({})).toMatchObject(refusal);
    const again = await api.sessionRequest(asked.kept);
    const foreign = { ...right, nonce: again.body.nonce, issuer: 'http://evil.test' };
    expect(
      await api.call('POST', '/auth/sessions', {
        body: { ...again.body, proof: await signProof(foreign, again.key) },
      }),
    ).toMatchObject(refusal);
  });

  test('for a first frame that is another’s, of another nonce, or has no pool to be challenged by', async () => {
    const { api, kept, asked } = await start();
    const frame = async (plan: Partial<Parameters<typeof openSession>[0]>) =>
      (
        await openSession({
          identity: kept.identity,
          key: asked.key,
          seed: newSeed(),
          nonce: asked.body.nonce,
          ...plan,
        })
      ).genesis;
    const other = (await createIdentity()).kept.identity;
    for (const genesis of [
      await frame({ identity: other }),
      await frame({ key: await newKey() }),
      await frame({ nonce: 'B'.repeat(43) }),
      await frame({ pools: {} }),
    ]) {
      const { body } = await api.sessionRequest(kept);
      const { kind } = (await api.call('POST', '/auth/sessions', { body: { ...body, genesis } })).body;
      expect(['bad-identity', 'challenge-failed']).toContain(kind);
    }
    expect((await api.call('GET', `/identities/${kept.identity}`)).body.n).toBe(0);
  });

  test('for a claim that is of a scope that is over, or is no claim at all', async () => {
    const { api, kept } = await start();
    expect((await api.open(kept, { expiresAt: Date.now() - 1 })).answer).toMatchObject({
      status: 403,
      body: { kind: 'bad-identity' },
    });
    const { body } = await api.sessionRequest(kept);
    const [inception] = kept.establishments;
    const answer = await api.call('POST', '/auth/sessions', { body: { ...body, events: [inception] } });
    expect(answer.body).toMatchObject({ kind: 'bad-identity', path: '/events' });
  });
});

describe('the next token of a session', () => {
  test('is had by its key alone, which gets it as often as it asks', async () => {
    const api = await startTestApi();
    const first = await api.login();
    api.advance(901_000);
    expect((await api.call('GET', '/auth/session', { token: first.token })).body.kind).toBe(
      'session-expired',
    );
    const second = await api.renew(first);
    expect(second).toMatchObject({ answer: { status: 200 }, sid: first.sid });
    expect((await api.call('GET', '/auth/session', { token: second.token })).status).toBe(200);
    expect((await api.renew(first)).answer.status).toBe(200);
    const stranger = await api.renew({ ...first, key: await newKey() });
    expect(stranger.answer).toMatchObject({ status: 403, body: { kind: 'bad-signature', path: '/proof' } });
    const identityKey = await cryptoPlatform.importPrivateKey(first.kept.key);
    expect((await api.renew({ ...first, key: identityKey })).answer.status).toBe(403);
  });

  test('takes over roles and grants of the moment', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer'], [{ prefix: '/shop', environments: ['test'] }]);
    const { token } = await api.login();
    const grants = [{ prefix: '/store', environments: ['development'] }];
    await api.call('PUT', `/users/${bob.id}/grants`, { token, body: { grants } });
    await api.call('PUT', `/users/${bob.id}/roles`, { token, body: { roles: ['observer'] } });
    const { answer } = await api.renew(bob);
    expect(answer.body.data).toMatchObject({ grants, user: { roles: ['observer'] } });
  });

  test('is refused for a session that nobody has', async () => {
    const api = await startTestApi();
    const { kept } = await api.bind();
    const { own, key } = await api.sessionRequest(kept);
    expect((await api.renew({ sid: own.address, key })).answer.body.kind).toBe('session-expired');
  });
});
