import { readFileSync } from 'node:fs';
import { request } from 'node:http';

import { parse } from '@cd-push/protocol';
import { openCertificate, signProof } from '@cd-push/timeline';
import { fastify } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';

import { registerRateGuards } from '../src/server/rate-guards.ts';
import { admin, everything, issuer, newKey, startTestApi } from './support/test-api.ts';

describe('signing in', () => {
  test('answers an ICdResponse whose session is filled', async () => {
    const api = await startTestApi();
    const { body, status, headers } = (await api.login()).answer;
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(parse('CdResponse', body)).toMatchObject({ ok: true });
    expect(body.app_state).toMatchObject({ success: true, sess: { userId: 1, ttl: 900, clientId: null } });
    expect(body.app_state.sess.jwt).toMatchObject({ checked: true, authorized: true, ttl: 900 });
    expect(body.app_state.sess.initUuid).toMatch(/^[0-9a-f-]{36}$/);
    expect(Date.parse(body.app_state.sess.initTime)).toBe(body.app_state.sess.jwt.checkTime);
    expect(body.data).toMatchObject({
      certificate: null,
      grants: everything,
      user: { id: 1, name: 'ada', roles: ['developer', 'admin'], tenant: 'default', subject: 'user-1' },
      issuer,
      keys: [{ kty: 'OKP', crv: 'Ed25519' }],
    });
  });

  test('a proved key is in the token and in a certificate that the issuer signed', async () => {
    const api = await startTestApi({ tenant: 'acme', certificateSeconds: 60 });
    const key = await newKey();
    const { answer, token, certificate, sid, keys } = await api.login(admin, key);
    expect((await api.introspect(token)).body).toMatchObject({
      active: true,
      sid,
      cnf: { jwk: key.publicKey },
    });
    const opened = await openCertificate(certificate ?? '', { issuer, tenant: 'acme', keys });
    expect(opened).toMatchObject({
      ok: true,
      value: {
        sub: 'user-1',
        session: sid,
        cnf: { jwk: key.publicKey },
        grants: everything,
        aud: 'cd-push:code',
      },
    });
    const checkTime = answer.body.app_state.sess.jwt.checkTime as number;
    expect(opened).toMatchObject({ value: { notBefore: checkTime - 60_000, notAfter: checkTime + 60_000 } });
  });

  test('who may not push gets no certificate, key or not', async () => {
    const api = await startTestApi();
    const { userName, password } = await api.join('olga', ['observer']);
    const { certificate, token } = await api.login({ userName, password }, await newKey());
    expect(certificate).toBeNull();
    expect((await api.introspect(token)).body).toMatchObject({ client: 'observer', roles: ['observer'] });
  });

  test('an unknown user and a wrong password get the same answer', async () => {
    const api = await startTestApi();
    const unknown = await api.call('POST', '/auth/login', { body: { userName: 'nobody', password: 'x' } });
    const wrong = await api.call('POST', '/auth/login', { body: { ...admin, password: 'x' } });
    expect(unknown.status).toBe(401);
    expect(unknown.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(unknown.body).toMatchObject({ kind: 'invalid-credentials', status: 401 });
    expect(wrong.body).toEqual(unknown.body);
  });

  test('an unknown user costs what a wrong password does', async () => {
    const api = await startTestApi();
    const time = async (userName: string): Promise<number> => {
      const start = performance.now();
      await api.call('POST', '/auth/login', { body: { userName, password: 'x' } });
      return performance.now() - start;
    };
    // In turns, so that whatever else the machine does weighs on both alike.
    const ratios: number[] = [];
    for (let round = 0; round < 9; round++)
      ratios.push((await time('nobody')) / (await time(admin.userName)));
    const median = ratios.toSorted((a, b) => a - b)[4];
    // Without the decoy an unknown user is answered in a tenth of the time.
    expect(median).toBeGreaterThan(0.5);
    expect(median).toBeLessThan(2);
  });

  test('a user name is taken in any case', async () => {
    const api = await startTestApi();
    expect((await api.login({ ...admin, userName: 'ADA' })).answer.status).toBe(200);
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
    const key = await newKey();
    const { nonce } = (await api.call('POST', '/auth/challenge')).body as { nonce: string };
    const attempt = (body: object) =>
      api.call('POST', '/auth/login', { body: { ...admin, publicKey: key.publicKey, nonce, ...body } });
    const refusal = { status: 403, body: { kind: 'bad-signature', path: '/proof' } };
    return { api, key, nonce, attempt, refusal, right: { nonce, issuer, subject: admin.userName } };
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

  test.each([
    ['publicKey', 'nonce'],
    ['nonce', 'publicKey'],
    ['proof', 'publicKey'],
  ])('must be whole: %s alone is refused', async (member) => {
    const { api, key, nonce, right } = await start();
    const whole: Record<string, unknown> = {
      publicKey: key.publicKey,
      nonce,
      proof: await signProof(right, key),
    };
    const answer = await api.call('POST', '/auth/login', { body: { ...admin, [member]: whole[member] } });
    expect(answer).toMatchObject({ status: 400, body: { kind: 'invalid-request' } });
  });
});

describe('the rate of sign-ins', () => {
  const limits = { loginsPerName: 3, loginsPerAddress: 6, requestsPerAddress: 1000 };
  const attempts = async (api: Awaited<ReturnType<typeof startTestApi>>, names: readonly string[]) => {
    const statuses: number[] = [];
    for (const userName of names) {
      statuses.push((await api.call('POST', '/auth/login', { body: { userName, password: 'x' } })).status);
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

  /** Tries from addresses of one's own: this machine has all of 127.0.0.0/8. */
  const attemptFrom = (api: Awaited<ReturnType<typeof startTestApi>>, address: string, body: object) =>
    new Promise<number>((resolve, reject) => {
      const sent = request(`${api.url}/auth/login`, {
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
    const { publicKey } = await newKey();
    const unproved = { ...admin, publicKey, nonce: 'A'.repeat(43), proof: 'a.b.c' };
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
    const { answer } = await api.login();
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
