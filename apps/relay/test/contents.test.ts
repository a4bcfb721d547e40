import { limits, type ICdPushEnvelop, type PatchContent } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';
import { beforeEach, describe, expect, it } from 'vitest';

import { patchPush, type File, type SignedPush } from './support/envelopes.ts';
import { ask, type HttpAnswer, type HttpQuestion } from './support/http.ts';
import type { SigningLogin } from './support/memory-authority.ts';
import { pageOrigin, Stack } from './support/stack.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await Stack.start({ allowedHosts: ['relay.example'] });
});

const at = async (content: string | Uint8Array): Promise<string> => `/contents/${await digestOf(content)}`;
const asking = (path: string, question: HttpQuestion = {}): Promise<HttpAnswer> =>
  ask(`${stack.url}${path}`, question);
const put = async (token: string, content: string | Uint8Array): Promise<HttpAnswer> =>
  asking(await at(content), { method: 'PUT', token, body: content });

/** A push of a file whose content lies at the relay. */
const storedPush = (login: SigningLogin, file: File): Promise<SignedPush> =>
  patchPush(login, [{ ...file, content: { encoding: 'stored' } }]);

/** Something that a developer has put and pushed for the shop. */
const pushed = async (text: string): Promise<SigningLogin> => {
  await stack.runtime();
  const { client, login } = await stack.sender();
  expect((await put(login.token, text)).status).toBe(204);
  const push = await storedPush(login, { resource: '/shop/a.ts', text });
  expect(await client.push(push.envelope)).toMatchObject({ status: true });
  return login;
};

describe('[CONTENT-1] a content is put', () => {
  it('under its digest, twice without a difference, by a session that may push', async () => {
    const { token } = await stack.authority.developer();
    for (let time = 0; time < 2; time += 1) {
      const { status, headers, body } = await put(token, 'const a = 1;');
      expect({ status, body: body.length }).toEqual({ status: 204, body: 0 });
      expect(headers.etag).toBe(`"${await digestOf('const a = 1;')}"`);
    }
    expect((await put(token, '')).status).toBe(204);
  });

  it('and is refused where it has another digest', async () => {
    const { token } = await stack.authority.developer();
    const { status, problem } = await asking(await at('one'), { method: 'PUT', token, body: 'two' });
    expect({ status, problem }).toMatchObject({
      status: 400,
      problem: { kind: 'invalid-request', path: '/digest' },
    });
  });

  it('and is refused before it is read where it is too large, or says nothing of its length', async () => {
    const { token } = await stack.authority.developer();
    const path = await at('x');
    const large = { 'content-length': String(limits.contentBytes + 1) };
    expect((await asking(path, { method: 'PUT', token, headers: large })).problem).toMatchObject({
      kind: 'too-large',
      status: 413,
    });
    const chunked = { 'transfer-encoding': 'chunked' };
    expect((await asking(path, { method: 'PUT', token, headers: chunked, body: 'x' })).problem).toMatchObject(
      {
        path: '/headers/content-length',
      },
    );
  });

  it('by nobody else: not by whoever only watches or receives, nor by a session that is over', async () => {
    const over = await stack.authority.developer();
    stack.authority.change({ kind: 'session-revoked', session: over.session.id, voidsSignatures: true });
    const outcomes = await Promise.all(
      [
        (await stack.authority.developer({ roles: ['observer'] })).token,
        stack.authority.runtime().token,
        over.token,
        (await stack.authority.developer({ livesMs: -1 })).token,
        (await stack.authority.developer({ tenant: 'globex' })).token,
        'eyJhbGciOiJub25lIn0.e30.',
      ].map(async (token) => (await put(token, 'x')).problem.kind),
    );
    expect(outcomes).toEqual([
      'forbidden',
      'forbidden',
      'session-revoked',
      'unauthenticated',
      'unauthenticated',
      'unauthenticated',
    ]);
  });

  it('and the refusal is read though the whole of it was sent', async () => {
    const { token } = await stack.authority.developer({ roles: ['observer'] });
    const { status, headers } = await put(token, new Uint8Array(4_000_000));
    expect({ status, connection: headers.connection }).toEqual({ status: 403, connection: 'close' });
  });

  it('and not while the api cannot say whose token it is', async () => {
    const { token } = await stack.authority.developer();
    stack.authority.isDown = true;
    expect((await put(token, 'x')).problem).toMatchObject({ kind: 'unavailable', retryable: true });
  });
});

describe('[CONTENT-2] a content is read', () => {
  it('as raw bytes that never change, by GET and HEAD', async () => {
    const login = await pushed('naïve');
    const path = await at('naïve');
    const { status, headers, body } = await asking(path, { token: login.token });
    expect({ status, text: body.toString() }).toEqual({ status: 200, text: 'naïve' });
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '6',
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, max-age=31536000, immutable',
      etag: `"${await digestOf('naïve')}"`,
      vary: 'Origin, Authorization',
    });
    const head = await asking(path, { method: 'HEAD', token: login.token });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '6', 0]);
    const again = { 'if-none-match': String(headers.etag) };
    expect((await asking(path, { token: login.token, headers: again })).status).toBe(304);
  });

  it('by runtimes whose module has it in their environment, by people whom a grant lets, and by who watches all', async () => {
    const { authority } = stack;
    const login = await pushed('a');
    const grants = (prefix: string, environment: string) => ({
      grants: [{ prefix, environments: [environment] }],
    });
    const tokens = {
      'a runtime of the module': authority.runtime().token,
      'the sender': login.token,
      'another with a grant': (await authority.developer(grants('/shop/a.ts', 'development'))).token,
      'an observer': (await authority.developer({ grants: [], roles: ['observer'] })).token,
      'an admin': (await authority.developer({ grants: [], roles: ['admin'] })).token,
      'a runtime of another module': authority.runtime({ module: 'blog' }).token,
      'a runtime of another environment': authority.runtime({ environment: 'production' }).token,
      'somebody with a grant beside it': (await authority.developer(grants('/shop/b', 'development'))).token,
      'somebody with a grant elsewhere': (await authority.developer(grants('/shop', 'production'))).token,
    };
    const path = await at('a');
    const statuses: Record<string, number> = {};
    for (const [who, token] of Object.entries(tokens)) statuses[who] = (await asking(path, { token })).status;
    expect(statuses).toEqual({
      'a runtime of the module': 200,
      'the sender': 200,
      'another with a grant': 200,
      'an observer': 200,
      'an admin': 200,
      'a runtime of another module': 404,
      'a runtime of another environment': 404,
      'somebody with a grant beside it': 404,
      'somebody with a grant elsewhere': 404,
    });
  });

  it('by nobody before something pushed has it; what is forbidden and what is unknown look alike', async () => {
    await pushed('a');
    const { token } = await stack.authority.developer({ roles: ['admin'] });
    await put(token, 'not pushed yet');
    const stranger = stack.authority.runtime({ module: 'blog' }).token;
    const seen = await Promise.all([
      asking(await at('not pushed yet'), { token }),
      asking(await at('never seen'), { token }),
      asking(await at('a'), { token: stranger }),
      asking('/contents/sha256-short', { token }),
      asking('/contents/', { token }),
    ]);
    const alike = seen.map(({ status, headers, body }) => [status, headers['content-type'], body.toString()]);
    expect(new Set(alike.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(seen[0]?.problem).toMatchObject({ kind: 'not-found', status: 404 });
  });

  it('also where it is the source map of what was pushed', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    await put(login.token, 'a');
    await put(login.token, '{}');
    const head = { mapDigest: await digestOf('{}') };
    const push = await storedPush(login, { resource: '/shop/a.ts', text: 'a', head });
    expect(await client.push(push.envelope)).toMatchObject({ status: true });
    expect((await asking(await at('{}'), { token: stack.authority.runtime().token })).body.toString()).toBe(
      '{}',
    );
  });

  it('from what travelled along as well', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    await client.push((await patchPush(login, [{ resource: '/shop/a.ts', text: 'inline' }])).envelope);
    expect((await asking(await at('inline'), { token: login.token })).body.toString()).toBe('inline');
  });
});

describe('[CONTENT-6] whose request it is', () => {
  it('follows from the bearer token in its header alone, and the api is asked', async () => {
    const login = await pushed('a');
    const path = await at('a');
    for (const question of [{}, { headers: { authorization: `Basic ${login.token}` } }]) {
      const { status, headers } = await asking(path, question);
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
    }
    expect((await asking(`${path}?token=${login.token}`, {})).status).toBe(404);
    stack.authority.revoke(login.session);
    expect((await asking(path, { token: login.token })).status).toBe(401);
  });

  it('is known from before while the api is away, for as long as it would be on a connection', async () => {
    const login = await pushed('a');
    const foreign = await stack.authority.developer({ tenant: 'globex' });
    const path = await at('a');
    const kindOf = async (token: string): Promise<string> => {
      const answer = await asking(path, { token });
      return answer.status === 200 ? 'let in' : answer.problem.kind;
    };
    expect(await kindOf(foreign.token)).toBe('unauthenticated');
    stack.authority.isDown = true;
    expect(await kindOf(login.token)).toBe('let in');
    expect(await kindOf(foreign.token)).toBe('unavailable');
    const { user } = login.session;
    stack.authority.change({ kind: 'grants-changed', user: user.id, grants: [] });
    expect(await kindOf(login.token)).toBe('not-found');
    stack.authority.change({
      kind: 'session-revoked',
      session: login.session.id,
      voidsSignatures: true,
    });
    expect(await kindOf(login.token)).toBe('session-revoked');
    stack.authority.reset();
    expect(await kindOf(login.token)).toBe('unavailable');
  });

  it('counts for the rate of its session', async () => {
    const slow = await Stack.start({ rate: { perSecond: 1, burst: 2 } });
    const { token } = await slow.authority.developer();
    const statuses: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      const { status, headers } = await ask(`${slow.url}${await at('x')}`, { token });
      statuses.push(status);
      if (status === 429) expect(headers['retry-after']).toBe('1');
    }
    expect(statuses).toEqual([404, 404, 429]);
  });

  it('is looked at on listed hosts and from listed pages only, exactly', async () => {
    const login = await pushed('a');
    const path = await at('a');
    for (const headers of [
      { origin: 'null' },
      { origin: 'https://app.test.evil.test' },
      { origin: 'HTTPS://APP.TEST' },
      { host: 'evil.test' },
    ]) {
      for (const method of ['GET', 'OPTIONS', 'PUT']) {
        const answer = await asking(path, { method, token: login.token, headers });
        expect(answer.problem).toMatchObject({ kind: 'forbidden-origin', status: 403 });
        expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      }
    }
    expect((await asking(path, { token: login.token, headers: { host: 'relay.example' } })).status).toBe(200);
  });

  it('is something that a listed page may say, and whose answer it may read', async () => {
    const login = await pushed('a');
    const path = await at('a');
    const preflight = await asking(path, {
      method: 'OPTIONS',
      headers: {
        origin: pageOrigin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': pageOrigin,
      'access-control-allow-methods': 'GET, HEAD, PUT',
      'access-control-allow-headers': 'authorization, content-type, if-none-match',
    });
    for (const token of [login.token, 'nobody']) {
      const { headers } = await asking(path, { token, headers: { origin: pageOrigin } });
      expect(headers['access-control-allow-origin']).toBe(pageOrigin);
      expect(headers['access-control-allow-credentials']).toBeUndefined();
    }
  });

  it('and no token is in a log', async () => {
    const login = await pushed('a');
    await asking(`${await at('a')}?token=${login.token}`, { headers: { origin: 'https://evil.test' } });
    expect(stack.log.lines.join('\n')).not.toContain(login.token);
  });

  it('is asked by known methods only', async () => {
    const { token } = await stack.authority.developer();
    const { problem, headers } = await asking(await at('a'), { method: 'DELETE', token });
    expect([problem.kind, headers.allow]).toEqual(['invalid-request', 'GET, HEAD, PUT']);
  });
});

describe('[CONTENT-3] a push names a content as stored', () => {
  it('where its sender put it, or may read it', async () => {
    await pushed('a');
    const other = await stack.sender();
    const copy = await storedPush(other.login, { resource: '/shop/b.ts', text: 'a' });
    expect(await other.client.push(copy.envelope)).toMatchObject({ status: true });
  });

  it('and not where it is only known by its digest: nobody reads what is not theirs by pushing it', async () => {
    await pushed('a secret');
    const grants = [{ prefix: '/blog', environments: ['development'] }];
    const { client, login } = await stack.sender({ grants });
    await stack.runtime({ module: 'blog' });
    const push = await patchPush(
      login,
      [{ resource: '/blog/a.ts', text: 'a secret', content: { encoding: 'stored' } }],
      { targets: [{ select: { module: 'blog' } }] },
    );
    expect(await client.push(push.envelope)).toMatchObject({
      status: false,
      error: { kind: 'not-found', path: '/pushData/contents/0', resource: '/blog/a.ts' },
    });
    await put(login.token, 'a secret');
    expect(await client.push(push.envelope)).toMatchObject({ status: true });
  });

  it('and not where nothing is there, nor with another size than is signed', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    const file = { resource: '/shop/a.ts', text: 'a' };
    const missing = await storedPush(login, file);
    expect(await client.push(missing.envelope)).toMatchObject({ error: { kind: 'not-found' } });
    await put(login.token, 'a');
    const wrong = await storedPush(login, { ...file, head: { bytes: 2 } });
    expect(await client.push(wrong.envelope)).toMatchObject({
      error: { kind: 'bad-signature', path: '/pushData/contents/0' },
    });
  });

  it('and not more of them than one push may bring, source maps included', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    const half = new Uint8Array(limits.contentBytes / 2);
    await put(login.token, half);
    const file = async (resource: string, map: boolean): Promise<File> => ({
      resource,
      content: { encoding: 'stored' },
      head: {
        digest: await digestOf(half),
        bytes: half.length,
        ...(map ? { mapDigest: await digestOf(half) } : {}),
      },
    });
    const both = await patchPush(login, [await file('/shop/a.ts', false), await file('/shop/b.ts', false)]);
    expect(await client.push(both.envelope)).toMatchObject({ status: true });
    const mapped = await patchPush(login, [await file('/shop/c.ts', true), await file('/shop/d.ts', false)]);
    expect(await client.push(mapped.envelope)).toMatchObject({
      status: false,
      error: { kind: 'too-large', path: '/pushData/statement/patches' },
    });
  });
});

describe('[CONTENT-4] what does not fit an envelope', () => {
  const large = 'x'.repeat(limits.envelopeBytes);

  it('stays at the relay, towards whoever is there and whoever joins later; the rest travels along', async () => {
    const first = await stack.runtime();
    const { client, login } = await stack.sender();
    await put(login.token, large);
    const push = await patchPush(login, [
      { resource: '/shop/large.ts', text: large, content: { encoding: 'stored' } },
      { resource: '/shop/small.ts', text: 'small' },
    ]);
    expect(await client.push(push.envelope)).toMatchObject({ status: true });
    const expected: PatchContent[] = [{ encoding: 'stored' }, { encoding: 'text', text: 'small' }];
    const later = await stack.runtime();
    for (const runtime of [first, later]) {
      const { pushData } = await runtime.client.next<ICdPushEnvelop>('apply-runtime-patch');
      expect(pushData.contents).toEqual(expected);
      const { body } = await asking(await at(large), { token: runtime.login.token });
      expect(body.length).toBe(large.length);
    }
  });

  it('is refused with what to do, also where it is twice as large, and the connection lives on', async () => {
    const { client } = await stack.sender();
    const twice = { pushData: { m: 'x'.repeat(limits.frameBytes - 1_000) } };
    expect(await client.ask('dev-sync-init', twice)).toMatchObject({
      status: false,
      error: { kind: 'too-large', detail: expect.stringContaining('/contents') },
    });
    expect(await client.ask('list-targets', {})).toMatchObject({ status: true });
  });
});
