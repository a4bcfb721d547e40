import { builtInTriggers, epochMs, type Statement, type TrackNotice } from '@cd-push/protocol';
import { openRelayCertificate, openAcceptance, type SigningKey } from '@cd-push/timeline';
import { describe, expect, it, onTestFinished } from 'vitest';

import { Client, RuntimeClient } from './support/clients.ts';
import { patchPush } from './support/envelopes.ts';
import { makeKey, type SigningLogin } from './support/memory-authority.ts';
import {
  addAdmin,
  adminPassword,
  ask,
  enrol,
  newDataFile,
  serveApi,
  serveRelay,
  shopGrants,
  signIn,
  type LoginAnswer,
  type Served,
} from './support/processes.ts';

const cart = { resource: '/shop/src/cart.ts', text: '1' };
/** Argon2 at sign-in and two starts of Node take their time on a busy machine. */
const slow = 60_000;

const developer = async (api: Served, adminToken: string): Promise<SigningLogin> => {
  const key = await makeKey();
  const userName = `dev-${crypto.randomUUID()}`;
  const password = crypto.randomUUID();
  await ask(api.url, '/users', {
    token: adminToken,
    json: { userName, password, roles: ['developer'], grants: shopGrants },
  });
  return loginOf(await signIn(api.url, userName, password, key), key);
};

const loginOf = (answer: LoginAnswer, key: SigningKey): SigningLogin => {
  const { sess } = answer.app_state;
  const { certificate, user } = answer.data;
  return {
    token: sess.jwt.jwtToken,
    key,
    certificate,
    session: {
      kind: 'user',
      id: sess.initUuid,
      subject: user.subject,
      tenant: user.tenant,
      roles: user.roles,
      expiresAt: epochMs(0),
      user: { id: user.id, guid: user.guid, name: user.name },
      grants: answer.data.grants,
    },
  };
};

const open = async <Kind extends Client>(client: Kind): Promise<Kind> => {
  onTestFinished(() => client.close());
  await client.connected();
  return client;
};

/** Api and relay as two processes, an admin, a developer and a runtime. */
const deploy = async () => {
  const dataFile = newDataFile();
  await addAdmin(dataFile);
  const api = await serveApi(dataFile);
  const relay = await serveRelay(api.url);
  const admin = loginOf(await signIn(api.url, 'root', adminPassword, await makeKey()), await makeKey());
  const login = await developer(api, admin.token);
  const { code } = await ask<{ code: string }>(api.url, '/join-codes', {
    token: login.token,
    json: { module: 'shop', environment: 'development' },
  });
  const enrolled = await enrol(api.url, code, await makeKey());
  const runtime = await open(new RuntimeClient(relay.url, { token: enrolled.token }));
  await runtime.hello('one');
  const sender = await open(new Client(relay.url, { token: login.token }));
  return { dataFile, api, relay, admin, login, enrolled, runtime, sender };
};

const options = (login: SigningLogin) => ({ statement: { tenant: login.session.tenant } });

describe('api and relay as two processes', () => {
  it(
    'take a push to its end, with the api away meanwhile, and an acceptance that its pinned issuer vouches for',
    async () => {
      const { api, relay, login, enrolled, runtime, sender } = await deploy();
      await api.stop();
      const push = await patchPush(login, [cart], options(login));
      expect(await sender.push(push.envelope)).toMatchObject({ status: true });
      const { pushData } = await runtime.apply(push.statement);
      await sender.until<TrackNotice>('push-msg-completed');

      const root = { issuer: enrolled.issuer, tenant: enrolled.tenant, keys: enrolled.keys };
      const certificate = await openRelayCertificate(pushData.relayCertificate!, root);
      if (!certificate.ok) throw new Error(certificate.problem.detail);
      const statement = JSON.parse(
        Buffer.from(pushData.statement!.split('.')[1]!, 'base64url').toString(),
      ) as Statement;
      const acceptance = await openAcceptance(
        pushData.acceptance!,
        pushData.relayCertificate!,
        certificate.value,
        {
          statement,
          digest: push.statement,
        },
      );
      expect(acceptance).toMatchObject({ ok: true, value: { pushGuid: push.pushGuid } });
      expect(relay.lines.join('\n')).not.toContain(login.token);
    },
    slow,
  );

  it(
    'cut a session that is ended, also after a restart of the api',
    async () => {
      const { api, dataFile, admin, relay, login, sender } = await deploy();
      const second = await developer(api, admin.token);
      const other = await open(new Client(relay.url, { token: second.token }));

      await ask(api.url, '/auth/logout', { token: login.token });
      expect(await sender.closed).toMatchObject({ code: 4006 });

      await api.stop();
      const again = await serveApi(dataFile, new URL(api.url).port);
      await ask(again.url, '/auth/logout', { token: second.token });
      expect(await other.closed).toMatchObject({ code: 4006 });
    },
    slow,
  );

  it(
    'follow what an admin changes: grants, triggers, groups and runtimes',
    async () => {
      const { api, admin, login, enrolled, runtime, sender } = await deploy();
      const token = admin.token;
      const pushed = (files = [cart], more = {}) =>
        patchPush(login, files, { ...options(login), ...more }).then(({ envelope }) => sender.push(envelope));
      const untilAnswered = async (
        kind: string | undefined,
        more: () => object = () => ({}),
      ): Promise<void> => {
        await expect
          .poll(
            async () => {
              const file = { resource: `/shop/${crypto.randomUUID()}.ts`, text: '1' };
              const answer = await pushed([file], more());
              return answer.status ? undefined : answer.error.kind;
            },
            { timeout: 30_000 },
          )
          .toBe(kind);
      };

      const group = { targets: [{ group: 'tills' }] };
      expect(await pushed([cart], group)).toMatchObject({ status: false, error: { kind: 'no-recipients' } });
      await ask(api.url, '/interact/subscriptions', {
        token,
        json: { group: 'tills', guid: enrolled.resourceGuid },
      });
      await untilAnswered(undefined, () => group);

      const [builtIn] = builtInTriggers;
      const own = { trigger: 'on-save', emits: builtIn!.emits };
      expect(await pushed([cart], own)).toMatchObject({ status: false, error: { kind: 'unknown-trigger' } });
      await ask(api.url, '/interact/triggers/on-save', {
        token,
        method: 'PUT',
        json: { emits: own.emits, carries: 'patch' },
      });
      await untilAnswered(undefined, () => own);

      await ask(api.url, `/users/${login.session.user.id}/grants`, {
        token,
        method: 'PUT',
        json: { grants: [] },
      });
      await untilAnswered('forbidden');

      await ask(api.url, `/runtimes/${enrolled.resourceGuid}`, { token, method: 'DELETE' });
      expect(await runtime.closed).toMatchObject({ code: 4006 });
    },
    slow,
  );

  it(
    'let existing clients in by the cd_token that they sign in for',
    async () => {
      const { api, relay } = await deploy();
      const request = {
        ctx: 'Sys',
        m: 'User',
        c: 'User',
        a: 'Login',
        dat: {
          f_vals: [{ data: { userName: 'root', password: adminPassword, consumerGuid: '' } }],
          token: null,
        },
        args: null,
      };
      const { app_state } = await ask<{ app_state: { sess: { cd_token: string } } }>(api.url, '/api', {
        json: request,
      });
      const client = await open(new Client(relay.url, { cd_token: app_state.sess.cd_token }));
      expect(await client.ask('list-targets', {})).toMatchObject({ status: true });
    },
    slow,
  );

  it(
    'refuse a relay without the service’s secret to start, until it is told to stop',
    async () => {
      const dataFile = newDataFile();
      const api = await serveApi(dataFile);
      const { startRelay } = await import('../src/start-relay.ts');
      const { silentLog } = await import('../src/log.ts');
      const starting = startRelay({
        port: 0,
        apiUrl: api.url,
        serviceCredential: { id: 'relay', secret: 'wrong' },
        allowedOrigins: [],
        logger: silentLog,
        signal: AbortSignal.timeout(500),
      });
      await expect(starting).rejects.toThrow(/timeout|aborted/);
    },
    slow,
  );
});
