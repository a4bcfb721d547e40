import { describe, expect, test } from 'vitest';

import { get, rawRequest } from './support/raw-request.ts';
import { admin, startTestApi } from './support/test-api.ts';

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

/** What is right of a request to sign in. */
const rest = `"identity":"b${'a'.repeat(58)}","nonce":"${'A'.repeat(43)}","proof":"a.b.c"`;

describe('bad input', () => {
  test.each<[string, string, number, string, string | undefined]>([
    ['no JSON', '{"userName":', 400, 'invalid-json', undefined],
    ['text', 'hello', 400, 'invalid-json', undefined],
    ['nothing', '', 400, 'invalid-request', ''],
    ['a list', '[]', 400, 'invalid-request', ''],
    ['null', 'null', 400, 'invalid-request', ''],
    ['a missing member', `{"userName":"ada",${rest}}`, 400, 'invalid-request', '/password'],
    ['a wrong type', `{"userName":"ada","password":7,${rest}}`, 400, 'invalid-request', '/password'],
    [
      'an unknown member',
      `{"userName":"ada","password":"x","admin":true,${rest}}`,
      400,
      'invalid-request',
      '/admin',
    ],
    [
      '__proto__',
      '{"userName":"ada","password":"x","__proto__":{"roles":["admin"]}}',
      400,
      'invalid-request',
      '/__proto__',
    ],
    [
      'a nested constructor',
      '{"userName":"ada","password":"x","events":{"constructor":1}}',
      400,
      'invalid-request',
      '/events/constructor',
    ],
    ['a NUL key', '{"userName":"ada","password":"x","a\\u0000b":1}', 400, 'invalid-request', ''],
    ['deep nesting', deep(40), 400, 'invalid-request', '/a'.repeat(32)],
    ['an empty name', `{"userName":"","password":"x",${rest}}`, 400, 'invalid-request', '/userName'],
    [
      'a name too long',
      `{"userName":"${'a'.repeat(129)}","password":"x",${rest}}`,
      400,
      'invalid-request',
      '/userName',
    ],
    [
      'a password too long',
      `{"userName":"ada","password":"${'a'.repeat(1025)}",${rest}}`,
      400,
      'invalid-request',
      '/password',
    ],
    [
      'an identity that is no address',
      '{"userName":"ada","password":"x","identity":"zzz","nonce":"x","proof":"x"}',
      400,
      'invalid-request',
      '/identity',
    ],
    ['more than fits', `{"userName":"${'a'.repeat(70_000)}","password":"x"}`, 413, 'too-large', undefined],
  ])(
    '%s gets a problem that names kind and place, and the next request passes',
    async (_what, body, status, kind, path) => {
      const api = await startTestApi();
      const headers = { 'content-type': 'application/json' };
      const answer = await api.call('POST', '/identities', { headers, body });
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer).toMatchObject({ status, body: { kind, status, type: `urn:cd-push:problem:${kind}` } });
      expect(answer.body.path).toBe(path);
      expect((await api.login()).answer.status).toBe(200);
      expect(Object.prototype).not.toHaveProperty('roles');
    },
  );

  test.each([
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'application/xml',
  ])('a body of type %s is refused where JSON is asked for', async (type) => {
    const api = await startTestApi();
    const answer = await api.call('POST', '/identities', {
      headers: { 'content-type': type },
      body: JSON.stringify(admin),
    });
    expect(answer).toMatchObject({ status: 400, body: { kind: 'invalid-request' } });
  });

  test('what a request sent is never in the answer', async () => {
    const api = await startTestApi();
    const secret = 'hunter2-hunter2';
    const bodies = [
      { userName: secret, password: 7 },
      { userName: 7, password: secret },
      { userName: 'ada', password: { secret } },
      { userName: 'ada', password: secret, proof: secret },
      { userName: 'ada', password: secret },
    ];
    for (const body of bodies) {
      expect(JSON.stringify((await api.call('POST', '/identities', { body })).body)).not.toContain(secret);
    }
    const token = `${'x'.repeat(30)}${secret}`;
    expect(JSON.stringify((await api.call('GET', '/auth/session', { token })).body)).not.toContain(secret);
  });

  test.each(['Bearer', 'Bearer ', 'Basic Og==', 'Bearer a b', 'bearer\tx', 'Digest x'])(
    'the authorization %j is "unauthenticated"',
    async (authorization) => {
      const api = await startTestApi();
      const answer = await api.call('GET', '/auth/session', { headers: { authorization } });
      expect(answer).toMatchObject({ status: 401, body: { kind: 'unauthenticated' } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    },
  );

  test('an authorization longer than any token is "unauthenticated"', async () => {
    const api = await startTestApi();
    expect((await api.call('GET', '/auth/session', { token: 'a'.repeat(8193) })).body.kind).toBe(
      'unauthenticated',
    );
  });

  test('an unknown path or method is "not-found"', async () => {
    const api = await startTestApi();
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['GET', '/identities'],
      ['DELETE', '/auth/session'],
      ['HEAD', '/changes'],
      ['POST', '/api'],
    ] as const) {
      expect((await api.call(method, path)).status).toBe(404);
    }
  });

  test('a broken path is refused with a problem', async () => {
    const api = await startTestApi();
    const { host } = new URL(api.url);
    const answer = await rawRequest(api.url, get(host, '/%zz'));
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('"kind":"invalid-request"');
  });

  test('bytes that are no HTTP leave the api up', async () => {
    const api = await startTestApi();
    await rawRequest(api.url, '\u0000\u0001 nonsense\r\n\r\n');
    await rawRequest(api.url, `GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n`);
    expect((await api.login()).answer.status).toBe(200);
  });

  test.each(['/users/0/roles', '/users/x/roles', '/users/1e9/roles', '/users/9999999999999999999/roles'])(
    'an id that no user has, or that is none, is refused: %s',
    async (path) => {
      const api = await startTestApi();
      const { token } = await api.login();
      const answer = await api.call('PUT', path, { token, body: { roles: [] } });
      expect([400, 404]).toContain(answer.status);
    },
  );

  test('names that look like SQL are names', async () => {
    const api = await startTestApi();
    const name = `x' or '1'='1'; drop table users; --`;
    expect((await api.login({ userName: name, password: 'x' })).answer.body.kind).toBe('invalid-credentials');
    const { token } = await api.login();
    const made = await api.call('POST', '/users', {
      token,
      body: { userName: name, password: 'a long password' },
    });
    expect(made.body.name).toBe(name);
    expect((await api.login({ userName: name, password: 'a long password' })).answer.status).toBe(200);
  });
});
