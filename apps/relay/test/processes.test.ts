import { builtInTriggers, type Statement, type TrackNotice } from '@cd-push/protocol';
import { openRelayCertificate, openAcceptance } from '@cd-push/timeline';
import { describe, expect, it } from 'vitest';

import { Client } from './support/clients.ts';
import { newDataFile } from './support/data-file.ts';
import { deploy, developer, openClient, options, slow } from './support/deployment.ts';
import { patchPush } from './support/envelopes.ts';
import { adminPassword, ask, serveApi } from './support/processes.ts';
import { KeptLog } from './support/stack.ts';

const cart = { resource: '/shop/src/cart.ts', text: '1' };

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
      const other = await openClient(new Client(relay.url, { token: second.token }));

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
      const client = await openClient(new Client(relay.url, { cd_token: app_state.sess.cd_token }));
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
      const log = new KeptLog();
      const stopping = new AbortController();
      const starting = startRelay({
        port: 0,
        apiUrl: api.url,
        serviceCredential: { id: 'relay', secret: 'wrong' },
        allowedOrigins: [],
        journal: { kind: 'memory' },
        logger: log,
        signal: stopping.signal,
      });
      const said = () => log.lines.filter((line) => line.includes('has not certified'));
      await expect.poll(said).toHaveLength(1);
      stopping.abort(new Error('told to stop'));
      await expect(starting).rejects.toThrow('told to stop');
      expect(said()[0]).toContain('CD_PUSH_SERVICE_SECRET is not the api’s');
      expect(log.lines.join('')).not.toContain('.ts:');
    },
    slow,
  );
});
