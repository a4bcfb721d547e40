import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { admin, basicOf, service, sessionIn, startTestApi } from './support/test-api.ts';

test('no password, token, code, proof or service secret is in a log line or in the bytes of the data file', async () => {
  const api = await startTestApi({ logLevel: 'trace', legacyLogin: true });
  const { kept } = await api.bind();
  const request = await api.sessionRequest(kept);
  const login = sessionIn(await api.call('POST', '/auth/sessions', { body: request.body }));
  const { proof } = request.body;
  const refreshed = await api.renew({ sid: login.sid, key: request.key });
  const runtime = await api.enrol();
  const bob = await api.join('bob', ['developer']);
  await api.introspect(refreshed.token);
  await api.call('GET', `/auth/session?token=${refreshed.token}`, { token: refreshed.token });
  await api.call('GET', '/relay/runtimes', { service: true });
  const legacy = await api.call('POST', '/api', {
    body: {
      ctx: 'Sys',
      m: 'User',
      c: 'User',
      a: 'Login',
      dat: { f_vals: [{ data: admin }], token: null },
      args: null,
    },
  });
  // Requests that fail are logged no more freely.
  await api.call('POST', '/identities', { body: { ...admin, proof } });
  await api.call('POST', '/identities', { body: `{"password":"${admin.password}"` });
  await api.call('POST', '/auth/sessions', { body: request.body });
  await api.call('POST', '/auth/logout', { token: `${refreshed.token}x` });

  const secrets = {
    password: admin.password,
    otherPassword: bob.password,
    token: login.token,
    signature: login.token.split('.')[2] ?? '',
    freshToken: refreshed.token,
    runtimeToken: runtime.token,
    joinCode: runtime.joinCode,
    proof,
    legacyToken: legacy.body.app_state.sess.cd_token as string,
    serviceSecret: service.secret,
    basic: basicOf(service).slice('Basic '.length),
  };
  const folder = dirname(api.dataFile);
  const readAll = (): string =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join('\n');
  const whileOpen = readAll();
  await api.close();
  const stored = `${whileOpen}\n${readAll()}`;
  const logged = api.lines.join('');

  expect(logged.length).toBeGreaterThan(1000);
  expect(stored).toContain(login.sid);
  const found = Object.entries(secrets).flatMap(([name, secret]) => [
    ...(secret.length > 10 ? [] : [`${name} was never there`]),
    ...(logged.includes(secret) ? [`${name} in the log`] : []),
    ...(stored.includes(secret) ? [`${name} in the file`] : []),
  ]);
  expect(found).toEqual([]);
});
