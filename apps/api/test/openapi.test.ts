import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';

import { startTestApi } from './support/test-api.ts';

test('the description is valid OpenAPI 3.1', async () => {
  const api = await startTestApi({ legacyLogin: true });
  const { body } = await api.call('GET', '/openapi.json');
  const validator = new Validator();
  expect(await validator.validate(body)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('the description names every path, its problems, and who may call it', async () => {
  const api = await startTestApi();
  const { paths } = (await api.call('GET', '/openapi.json')).body;
  expect(Object.keys(paths).toSorted()).toEqual([
    '/.well-known/cd-push',
    '/.well-known/jwks.json',
    '/audit',
    '/auth/challenge',
    '/auth/enrol',
    '/auth/introspect',
    '/auth/logout',
    '/auth/runtime-token',
    '/auth/session',
    '/auth/sessions',
    '/auth/sessions/token',
    '/changes',
    '/history/frames',
    '/history/graph',
    '/history/objects/{address}',
    '/history/versions',
    '/identities',
    '/identities/{address}',
    '/identities/{address}/events',
    '/identities/{address}/log',
    '/interact/subscriptions',
    '/interact/subscriptions/{id}',
    '/interact/triggers',
    '/interact/triggers/{trigger}',
    '/join-codes',
    '/join-codes/{id}',
    '/livez',
    '/readyz',
    '/relay/accounts',
    '/relay/certificate',
    '/relay/revocations',
    '/relay/runtimes',
    '/relay/runtimes/lookup',
    '/relay/users/{id}',
    '/runtimes',
    '/runtimes/{guid}',
    '/sessions/{sid}',
    '/users',
    '/users/{id}',
    '/users/{id}/grants',
    '/users/{id}/roles',
  ]);
  for (const [path, methods] of Object.entries<Record<string, { responses: object; summary: string }>>(
    paths,
  )) {
    for (const operation of Object.values(methods)) {
      expect({ path, ...operation }).toMatchObject({
        summary: expect.stringMatching(/\w/),
        responses: { '4XX': { content: { 'application/problem+json': {} } } },
      });
    }
  }
  expect(paths['/users'].get.security).toEqual([{ bearer: [] }]);
  expect(paths['/auth/introspect'].post.security).toEqual([{ service: [] }]);
  expect(paths['/auth/introspect'].post.requestBody.content).toHaveProperty(
    'application/x-www-form-urlencoded',
  );
});

test('every path that names who may call it refuses everyone else', async () => {
  const api = await startTestApi();
  const { paths } = (await api.call('GET', '/openapi.json')).body;
  let guarded = 0;
  for (const [path, methods] of Object.entries<Record<string, { security?: object[] }>>(paths)) {
    for (const [method, { security }] of Object.entries(methods)) {
      if (security === undefined) continue;
      guarded++;
      const answer = await api.call(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, '1'));
      expect([path, method, answer.status]).toEqual([path, method, 401]);
    }
  }
  expect(guarded).toBe(34);
});
