import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';

import type { PublicKey } from '@cd-push/protocol';
import { openSqliteStore } from '@cd-push/store';
import { cryptoPlatform, signJws } from '@cd-push/timeline';
import { describe, expect, test } from 'vitest';

import { issuer, newFolder, newKey, startTestApi, type TestApi } from './support/test-api.ts';

type Json = Record<string, unknown>;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string | undefined): Json =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as Json;

/** Everything an attacker has: a valid token of their own, and the published keys. */
const startUnderAttack = async () => {
  const api = await startTestApi();
  const { token } = await api.login();
  const [header, payload, signature = ''] = token.split('.');
  const { keys } = (await api.call('GET', '/.well-known/jwks.json')).body as {
    keys: (PublicKey & { kid: string })[];
  };
  return { api, token, header: decode(header), payload: decode(payload), signature, published: keys[0]! };
};

const signed = (header: Json, payload: Json, key: KeyObject): string => {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
};

const hmac = (header: Json, payload: Json, secret: string | Buffer): string => {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
};

const expectRefused = async (api: TestApi, token: string): Promise<void> => {
  expect((await api.introspect(token)).body).toEqual({ active: false });
  const answer = await api.call('GET', '/auth/session', { token });
  expect(answer).toMatchObject({ status: 401, body: { kind: 'unauthenticated' } });
  expect(JSON.stringify(answer.body)).not.toContain(token.slice(0, 20));
};

describe('an access token', () => {
  test('has one algorithm, type, audience and issuer, names a published key, and holds for 15 minutes', async () => {
    const { header, payload, published } = await startUnderAttack();
    expect(header).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: published.kid });
    expect(payload).toMatchObject({
      iss: issuer,
      aud: 'cd-push',
      sub: 'user-1',
      tenant: 'default',
      client: 'developer',
    });
    expect(Number(payload['exp']) - Number(payload['iat'])).toBe(900);
  });

  test('is refused without a signature under any spelling of "none"', async () => {
    const { api, header, payload, signature } = await startUnderAttack();
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      for (const tail of ['', signature]) {
        await expectRefused(api, `${encode({ ...header, alg })}.${encode(payload)}.${tail}`);
      }
    }
    await expectRefused(api, `${encode(header)}.${encode(payload)}.`);
    await expectRefused(api, `${encode(header)}.${encode(payload)}`);
  });

  test('is refused as HS256 with the public key as secret, in every form of that key', async () => {
    const { api, header, payload, published } = await startUnderAttack();
    const { kid: _kid, ...rest } = published;
    const key = createPublicKey({ key: { kty: rest.kty, crv: rest.crv, x: rest.x }, format: 'jwk' });
    const forms: (string | Buffer)[] = [
      key.export({ type: 'spki', format: 'pem' }).toString(),
      key.export({ type: 'spki', format: 'pem' }).toString().trim(),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(key.export({ format: 'jwk' })),
      published.x,
      Buffer.from(published.x, 'base64url'),
      '',
    ];
    for (const alg of ['HS256', 'HS384', 'HS512', 'EdDSA']) {
      for (const form of forms) await expectRefused(api, hmac({ ...header, alg }, payload, form));
    }
  });

  test('is refused when another EdDSA key signed it, whether it names ours, its own or none', async () => {
    const { api, header, payload } = await startUnderAttack();
    const foreign = generateKeyPairSync('ed25519').privateKey;
    const { kid: _kid, ...without } = header;
    for (const forged of [header, { ...header, kid: 'mine' }, without])
      await expectRefused(api, signed(forged, payload, foreign));
  });

  test('is refused when it brings or points to a key of its own', async () => {
    const { api, header, payload } = await startUnderAttack();
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const jwk = publicKey.export({ format: 'jwk' });
    for (const extra of [
      { jwk },
      { jku: 'http://127.0.0.1:1/jwks.json' },
      { x5u: 'http://127.0.0.1:1/cert' },
      { x5c: ['MIIB'] },
      { crit: ['exp'] },
      { crit: ['b64'], b64: false },
    ]) {
      await expectRefused(api, signed({ ...header, ...extra }, payload, privateKey));
    }
  });

  test.each([
    '../../../../dev/null',
    "' or 1=1 --",
    'http://127.0.0.1:1/key',
    '__proto__',
    'constructor',
    '\u0000',
    '',
  ])('is refused with the kid %j', async (kid) => {
    const { api, header, payload } = await startUnderAttack();
    await expectRefused(api, signed({ ...header, kid }, payload, generateKeyPairSync('ed25519').privateKey));
    await expectRefused(api, hmac({ ...header, kid, alg: 'HS256' }, payload, ''));
  });

  test.each([[['a']], [{}], [1], [null], [true]])(
    'is refused with a kid that is no text: %j',
    async (kid) => {
      const { api, header, payload } = await startUnderAttack();
      await expectRefused(
        api,
        signed({ ...header, kid }, payload, generateKeyPairSync('ed25519').privateKey),
      );
    },
  );

  test('is refused after any of its characters was changed', async () => {
    const { api, token } = await startUnderAttack();
    for (let index = 0; index < token.length; index += 17) {
      const flipped = token[index] === 'A' ? 'B' : 'A';
      const { body } = await api.introspect(token.slice(0, index) + flipped + token.slice(index + 1));
      expect(body).toEqual({ active: false });
    }
  });

  test('is refused under another spelling of the same signature', async () => {
    const { api, token } = await startUnderAttack();
    // The last of 86 characters has four bits that say nothing; the next letter differs in one of them.
    const respelled = token.slice(0, -1) + String.fromCharCode(token.charCodeAt(token.length - 1) + 1);
    const bytesOf = (text: string): Buffer => Buffer.from(text.split('.')[2] ?? '', 'base64url');
    expect(bytesOf(respelled).equals(bytesOf(token))).toBe(true);
    await expectRefused(api, respelled);
  });

  test('is refused when it is no token at all', async () => {
    const { api, token } = await startUnderAttack();
    const garbage = [
      'x',
      '...',
      'a.b.c',
      `${token}.`,
      `${token}.x`,
      `.${token}`,
      ` ${token}`,
      `${token}=`,
      '{}',
      'ey'.repeat(4000),
    ];
    for (const text of garbage) expect((await api.introspect(text)).body).toEqual({ active: false });
  });
});

describe('a token that the issuer’s own key signed', () => {
  /** The strongest attacker: has something of ours signed with the right key, but for another purpose. */
  const withIssuerKey = async () => {
    const dataFile = `${newFolder()}/api.db`;
    const before = await startTestApi({ dataFile });
    const { token } = await before.login();
    await before.close();
    const store = await openSqliteStore(dataFile);
    const [kept] = await store.issuerKeys.list();
    await store.close();
    const jwk = { ...kept!.publicKey, d: kept!.d };
    const [header, payload] = token.split('.');
    return {
      api: await startTestApi({ dataFile }),
      key: createPrivateKey({ key: jwk, format: 'jwk' }),
      signingKey: await cryptoPlatform.importPrivateKey(jwk),
      header: decode(header),
      payload: decode(payload),
    };
  };

  test('is refused for another issuer, audience, type, tenant or without a claim', async () => {
    const { api, key, header, payload } = await withIssuerKey();
    expect((await api.introspect(signed(header, payload, key))).body).toMatchObject({ active: true });

    for (const change of [
      { iss: 'http://other.test' },
      { iss: undefined },
      { iss: [issuer] },
      { aud: 'cd-push:code' },
      { aud: undefined },
      { aud: ['cd-push', 'other'] },
      { tenant: 'other' },
      { exp: undefined },
      { exp: '9999999999' },
      { iat: undefined },
      { sub: undefined },
      { sub: 'user-2' },
      { sid: undefined },
      { client: 'root' },
      { nbf: Math.floor(Date.now() / 1000) + 3600 },
    ]) {
      const forged = signed(header, { ...payload, ...change }, key);
      expect([change, (await api.introspect(forged)).body]).toEqual([change, { active: false }]);
    }
    for (const change of [
      { typ: 'JWT' },
      { typ: 'cd-push-cert+jws' },
      { typ: undefined },
      { typ: 'AT+JWT' },
      { cty: 'JWT' },
    ]) {
      await expectRefused(api, signed({ ...header, ...change }, payload, key));
    }
  });

  test('is refused when it is a certificate or a proof', async () => {
    const { api, signingKey, payload } = await withIssuerKey();
    await expectRefused(api, await signJws('cd-push-cert+jws', payload, signingKey));
    await expectRefused(api, await signJws('cd-push-proof+jws', payload, signingKey));
    const { certificate } = await api.login();
    await expectRefused(api, certificate ?? '');
  });

  test('is refused when it says that a user is a runtime', async () => {
    const { api, key, header, payload } = await withIssuerKey();
    const forged = signed(header, { ...payload, client: 'runtime' }, key);
    expect((await api.introspect(forged)).body).toEqual({ active: false });
  });

  test('is refused when it is a runtime’s with another key than was enrolled', async () => {
    const { api, key, header } = await withIssuerKey();
    const { token } = await api.enrol();
    const payload = decode(token.split('.')[1]);
    expect((await api.introspect(signed(header, payload, key))).body.active).toBe(true);
    for (const cnf of [undefined, { jwk: (await newKey()).publicKey }]) {
      const forged = signed(header, { ...payload, cnf }, key);
      expect((await api.introspect(forged)).body).toEqual({ active: false });
    }
  });

  test('is "expired" on HTTP from its end on, and inactive', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    api.advance(899_000);
    expect((await api.introspect(token)).body.active).toBe(true);
    api.advance(2_000);
    expect((await api.introspect(token)).body).toEqual({ active: false });
    expect((await api.call('GET', '/auth/session', { token })).body.kind).toBe('session-expired');
  });

  test('an api with another key takes none of this one’s tokens', async () => {
    const [one, other] = [await startTestApi(), await startTestApi()];
    const { token } = await one.login();
    await expectRefused(other, token);
  });
});
