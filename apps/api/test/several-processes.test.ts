import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { AuditPlace, AuditRow, GetAuditAnswer } from '@cd-push/protocol';
import { createIdentity, cryptoPlatform, openAuditHead, verifyAudit } from '@cd-push/timeline';
import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import { describe, expect, onTestFinished, test } from 'vitest';

import { follow } from './support/event-stream.ts';
import { openGate } from './support/tcp-gate.ts';
import { admin, newKey, startTestApi, type TestApi } from './support/test-api.ts';

/** Two apis behind one name, as a proxy shows them: they have nothing in common but their database. */
const twins = async () => {
  const database = { url: databaseUrl, schema: newSchema() };
  const [one, other] = await Promise.all([startTestApi({ database }), startTestApi({ database })]);
  return { database, one, other };
};

describe.runIf(await hasPostgres())('several processes of the api on one database', () => {
  test('start at once on an empty one, and sign with the same key', async () => {
    const { one, other } = await twins();
    const [{ token, keys }, second] = await Promise.all([one.login(), other.login()]);
    expect(second.keys).toEqual(keys);
    expect(keys).toHaveLength(1);
    expect((await other.introspect(token)).body.active).toBe(true);
    expect((await one.introspect(second.token)).body.active).toBe(true);
  });

  test('a nonce that one issued is good at another, and spent for both', async () => {
    const { one, other } = await twins();
    const { kept } = await one.bind();
    const { body } = await one.sessionRequest(kept);
    const answers = await Promise.all(
      [other, one, other].map((api) => api.call('POST', '/auth/sessions', { body })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body: refusal }) => refusal.kind === 'bad-signature')).toHaveLength(2);
  });

  test('a session that one ends has ended for the other', async () => {
    const { one, other } = await twins();
    const login = await one.login();
    await other.call('POST', '/auth/logout', { token: login.token });
    expect((await one.introspect(login.token)).body.active).toBe(false);
    expect((await one.renew(login)).answer.body.kind).toBe('session-revoked');
  });

  test('of two sessions that an identity claims at once at both, one is opened, and the other is told of it', async () => {
    const { one, other } = await twins();
    const { kept } = await one.bind();
    const answers = await Promise.all([one, other].map((api) => api.open(kept)));
    expect(answers.map(({ answer }) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    const refused = answers.find(({ answer }) => answer.status === 409)!;
    expect(refused.answer.body).toMatchObject({ kind: 'tip-moved', path: '/from', retryable: true });
    const taken = answers.find(({ answer }) => answer.status === 200)!;
    expect((await other.open(taken.kept)).answer.status).toBe(200);
  });

  test('a join code of one use lets one runtime in, wherever they enrol', async () => {
    const { one, other } = await twins();
    const { token } = await one.login();
    const body = { module: 'shop', environment: 'development' };
    const { code } = (await one.call('POST', '/join-codes', { token, body })).body as { code: string };
    const enrol = async (api: TestApi) => {
      const key = await newKey();
      const proof = await api.prove(key, code);
      return api.call('POST', '/auth/enrol', {
        body: { joinCode: code, publicKey: key.publicKey, ...proof },
      });
    };
    const answers = await Promise.all([one, other, one, other].map(enrol));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('a relay that follows one hears of what another changed, in order and nothing twice', async () => {
    const { one, other } = await twins();
    const [{ token }, second] = await Promise.all([one.login(), other.login()]);
    const feed = await follow(one.url);
    expect((await feed.next()).event).toBe('ready');
    const names = Array.from({ length: 20 }, (_, index) => `trigger-${index}`);
    await Promise.all(
      names.map((name, index) =>
        (index % 2 === 0 ? one : other).call('PUT', `/interact/triggers/${name}`, {
          token: index % 2 === 0 ? token : second.token,
          body: { emits: 'announce', carries: 'notice' },
        }),
      ),
    );
    await other.call('POST', '/auth/logout', { token: second.token });
    const told: { event: string; id: string }[] = [];
    while (told.at(-1)?.event !== 'session-revoked') told.push(await feed.next());
    expect(told.filter(({ event }) => event === 'triggers-changed')).toHaveLength(20);
    const ids = told.map(({ id }) => Number(id));
    expect(ids).toEqual(Array.from(ids, (_, index) => ids[0]! + index));
  });

  test('a relay whose api ends goes on at the other, from where it was', async () => {
    const { one, other } = await twins();
    const feed = await follow(one.url);
    const { id } = await feed.next();
    await one.close();
    const { token } = await other.login();
    const body = { emits: 'announce', carries: 'notice' };
    await other.call('PUT', '/interact/triggers/release', { token, body });
    const resumed = await follow(other.url, '/changes', { 'last-event-id': id });
    expect(await resumed.next()).toMatchObject({ event: 'ready', id });
    expect(await resumed.next()).toMatchObject({ event: 'triggers-changed' });
  });

  test('[AUDIT-7] each writes a chain of its own, and all are proven by the heads that any of them signed', async () => {
    const { one, other } = await twins();
    const [{ token, keys }] = await Promise.all([one.login(), other.login(), other.login()]);
    const { rows, heads } = (await other.call('GET', '/audit', { token })).body as GetAuditAnswer;
    const trust = { issuer: one.issuer, tenant: 'default', keys };
    const opened = await Promise.all(heads.map((head) => openAuditHead(head, trust)));
    const places = opened.flatMap((head): AuditPlace[] => (head.ok ? [head.value] : []));
    expect(await verifyAudit(rows, { heads: places })).toMatchObject({
      faults: [],
      chains: [{ kind: 'proven' }, { kind: 'proven' }],
    });
    const logins = rows.map((text) => JSON.parse(text) as AuditRow).filter(({ event }) => event === 'login');
    expect(new Set(logins.map(({ node }) => node)).size).toBe(2);
  });

  test('while the database is away a process lives, says what to do, and goes on when it is back', async () => {
    const gate = await openGate(new URL(databaseUrl));
    const api = await startTestApi({ database: { url: gate.url, schema: newSchema() } });
    const { token, kept } = await api.login();
    gate.shut();
    expect((await api.call('GET', '/livez')).status).toBe(200);
    expect((await api.call('GET', '/readyz')).status).toBe(503);
    for (const [method, path, more] of [
      ['GET', `/identities/${kept.identity}`, {}],
      ['GET', '/auth/session', { token }],
      ['GET', '/audit', { token }],
      ['GET', '/relay/runtimes', { service: true }],
      ['GET', '/changes', { service: true }],
    ] as const) {
      const answer = await api.call(method, path, more);
      expect([path, answer.status, answer.body.kind, answer.headers.get('retry-after')]).toEqual([
        path,
        503,
        'unavailable',
        '1',
      ]);
    }
    gate.open();
    await expect.poll(async () => (await api.call('GET', '/readyz')).status).toBe(200);
    expect((await api.call('GET', '/auth/session', { token })).status).toBe(200);
    expect((await api.login()).answer.status).toBe(200);
  });

  test('whoever followed when the database went away comes back and hears of all that was changed meanwhile', async () => {
    const schema = newSchema();
    const gate = await openGate(new URL(databaseUrl));
    const cutOff = await startTestApi({ database: { url: gate.url, schema } });
    const other = await startTestApi({ database: { url: databaseUrl, schema } });
    const { token } = await other.login();
    const { id } = await (await follow(cutOff.url)).next();
    gate.shut();
    const body = { emits: 'announce', carries: 'notice' };
    await other.call('PUT', '/interact/triggers/release', { token, body });
    gate.open();
    await expect.poll(async () => (await cutOff.call('GET', '/readyz')).status).toBe(200);
    const back = await follow(cutOff.url, '/changes', { 'last-event-id': id });
    expect(await back.next()).toMatchObject({ event: 'ready', id });
    expect(await back.next()).toMatchObject({ event: 'triggers-changed' });
  });
});

test('a nonce of another api is none here', async () => {
  const [here, elsewhere] = [await startTestApi(), await startTestApi()];
  const { kept } = await createIdentity();
  const { identity, pending: events } = kept;
  const proof = await elsewhere.prove(await cryptoPlatform.importPrivateKey(kept.key), identity);
  const answer = await here.call('POST', '/identities', { body: { ...admin, identity, events, ...proof } });
  expect(answer.body.kind).toBe('bad-signature');
});

test('a database that cannot be reached is named in one line, without its password, and the program ends with 1', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      CD_PUSH_ISSUER: 'http://127.0.0.1',
      CD_PUSH_SERVICE_SECRET: 'x'.repeat(32),
      DATABASE_URL: 'postgres://api:hunter2@127.0.0.1:1/identities',
    },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) lines.push(line);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('127.0.0.1:1/identities');
  expect(lines[0]).not.toContain('hunter2');
  expect((await exited)[0]).toBe(1);
});
