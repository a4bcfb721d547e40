import { describe, expect, test } from 'vitest';

import { get, rawRequest } from './support/raw-request.ts';
import { admin, startTestApi } from './support/test-api.ts';

const app = 'https://app.example';

describe('the door', () => {
  test.each([
    'https://evil.example',
    'https://app.example.evil.example',
    'https://evil-app.example',
    'http://app.example',
    'https://app.example:8443',
    'https://APP.example',
    'https://app.example/',
    'null',
    'file://',
    '',
  ])('refuses the foreign origin %j, whatever it asks, without doing it', async (origin) => {
    const api = await startTestApi({ allowedOrigins: [app] });
    const { token } = await api.login();
    const headers = { origin };
    const answers = [
      await api.call('GET', '/.well-known/cd-push', { headers }),
      await api.call('POST', '/identities', { headers, body: admin }),
      await api.call('POST', '/auth/logout', { headers, token }),
      await api.call('OPTIONS', '/identities', {
        headers: { ...headers, 'access-control-request-method': 'POST' },
      }),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 403, body: { kind: 'forbidden-origin' } });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
    expect((await api.call('GET', '/auth/session', { token })).status).toBe(200);
  });

  test('lets listed origins and its own in, by name and without credentials', async () => {
    const api = await startTestApi({ allowedOrigins: [app] });
    for (const origin of [app, api.url, api.issuer]) {
      const answer = await api.call('POST', '/auth/challenge', { headers: { origin } });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      expect(answer.headers.get('vary')).toMatch(/origin/i);
    }
  });

  test('answers the question before a request from a listed origin', async () => {
    const api = await startTestApi({ allowedOrigins: [app] });
    const answer = await api.call('OPTIONS', '/auth/enrol', {
      headers: {
        origin: app,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,authorization',
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
    expect(answer.headers.get('access-control-allow-headers')).toBe('authorization, content-type');
  });

  test('also tells listed origins why it refuses', async () => {
    const api = await startTestApi({ allowedOrigins: [app] });
    const answer = await api.call('GET', '/auth/session', { headers: { origin: app } });
    expect(answer).toMatchObject({ status: 401, body: { kind: 'unauthenticated' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(app);
  });

  test('refuses a Host that is not its own, as a rebound name would send it', async () => {
    const api = await startTestApi();
    const { port } = new URL(api.url);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      '127.0.0.1:1',
      '',
    ]) {
      const answer = await rawRequest(api.url, get(host));
      expect([host, answer.status]).toEqual([host, 403]);
      expect(answer.text).toContain('forbidden-origin');
    }
  });

  test('knows its own names', async () => {
    const api = await startTestApi({ allowedHosts: ['api.internal:9000'] });
    const { port } = new URL(api.url);
    const names = [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `LOCALHOST:${port}`,
      `[::1]:${port}`,
      'issuer.test',
      'issuer.test:80',
    ];
    for (const host of [...names, 'api.internal:9000']) {
      expect([host, (await rawRequest(api.url, get(host))).status]).toEqual([host, 200]);
    }
  });

  test('does not believe X-Forwarded-Host or X-Forwarded-For of just anybody', async () => {
    const api = await startTestApi();
    const headers = 'X-Forwarded-Host: evil.example\r\nX-Forwarded-For: 203.0.113.9\r\n';
    const answer = await rawRequest(api.url, get(new URL(api.url).host, '/.well-known/cd-push', headers));
    expect(answer.status).toBe(200);
    expect(api.lines.join('')).not.toContain('203.0.113.9');
  });
});
