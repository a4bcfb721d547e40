import { join } from 'node:path';

import { isGetAuditAnswer, type AuditPlace, type AuditRow, type GetAuditAnswer } from '@cd-push/protocol';
import { openSqliteStore } from '@cd-push/store';
import {
  createIdentity,
  openAuditHead,
  revokeIdentity,
  rotateIdentity,
  verifyAudit,
} from '@cd-push/timeline';
import { describe, expect, onTestFinished, test } from 'vitest';

import { admin, newFolder, newKey, sessionIn, startTestApi, type TestApi } from './support/test-api.ts';

const page = async (api: TestApi, query = '', token?: string): Promise<GetAuditAnswer> => {
  const { body } = await api.call('GET', `/audit${query}`, { token: token ?? (await api.login()).token });
  if (!isGetAuditAnswer(body)) throw new TypeError(`no page of an audit: ${JSON.stringify(body)}`);
  return body;
};

const rowsOf = async (api: TestApi): Promise<AuditRow[]> =>
  (await page(api)).rows.map((text) => JSON.parse(text) as AuditRow);

/** What rows say of some events, without where they stand. */
const told = async (api: TestApi, ...events: readonly AuditRow['event'][]) =>
  (await rowsOf(api))
    .filter(({ event }) => events.includes(event))
    .map(({ event, who, outcome, targets, detail }) => ({ event, who, outcome, targets, detail }));

describe('[AUDIT-12] the audit tells', () => {
  test('whose identity was bound, and who opened a session and signed out', async () => {
    const api = await startTestApi();
    const { token, sid, kept } = await api.login();
    await api.call('POST', '/auth/logout', { token });
    const who = { subject: 'user-1', session: sid };
    const { identity } = kept;
    expect((await told(api, 'identity', 'login', 'logout')).slice(0, 3)).toEqual([
      {
        event: 'identity',
        who: { subject: 'user-1', session: null },
        outcome: 'ok',
        targets: [identity],
        detail: 'Event 0 from 127.0.0.1: bound to the user.',
      },
      { event: 'login', who, outcome: 'ok', targets: undefined, detail: `From 127.0.0.1, by ${identity}.` },
      { event: 'logout', who, outcome: 'ok', targets: [sid], detail: undefined },
    ]);
  });

  test('a sign-in that was refused: of a user by the subject, of nobody by two letters of what was typed', async () => {
    const api = await startTestApi();
    await api.login({ userName: admin.userName, password: 'wrong' });
    await api.login({ userName: 'hunter2 was my password', password: 'wrong' });
    const { kept } = await createIdentity();
    const { identity, pending: events } = kept;
    const body = { ...admin, identity, events, nonce: 'A'.repeat(43), proof: 'a.b.c' };
    await api.call('POST', '/identities', { body });
    await expect
      .poll(() => told(api, 'login-refused'))
      .toEqual([
        {
          event: 'login-refused',
          who: null,
          outcome: 'invalid-credentials',
          targets: ['user-1'],
          detail: 'Tried from 127.0.0.1.',
        },
        {
          event: 'login-refused',
          who: null,
          outcome: 'invalid-credentials',
          targets: undefined,
          detail: 'Nobody’s name, hu…, was tried from 127.0.0.1.',
        },
        {
          event: 'login-refused',
          who: null,
          outcome: 'bad-signature',
          targets: ['user-1'],
          detail: 'Tried from 127.0.0.1.',
        },
      ]);
  });

  test('no more refused sign-ins one by one than fit a minute; the others by their number', async () => {
    const rateLimits = { loginsPerName: 1000, loginsPerAddress: 40, requestsPerAddress: 10_000 };
    const api = await startTestApi({ rateLimits });
    const { token } = await api.login();
    const wrong = { userName: 'nobody', password: 'wrong' };
    for (let count = 0; count < 45; count++) await api.bind(wrong);
    api.advance(60_000);
    await api.bind(wrong);
    const refused = async (): Promise<AuditRow[]> =>
      (await page(api, '', token)).rows
        .map((text) => JSON.parse(text) as AuditRow)
        .filter(({ event }) => event === 'login-refused');
    await expect.poll(async () => (await refused()).length).toBe(32);
    const rows = await refused();
    expect(rows[30]).toMatchObject({ who: null, detail: '15 more were refused within a minute.' });
    expect(rows.map(({ outcome }) => outcome)).toContain('invalid-credentials');
  });

  test('what is refused is written before the api has ended', async () => {
    const store = await openSqliteStore(join(newFolder(), 'api.db'));
    onTestFinished(() => store.close());
    const api = await startTestApi({ store });
    for (let count = 0; count < 35; count++) {
      await api.bind({ userName: 'nobody', password: 'wrong' });
    }
    await api.close();
    const rows = (await store.audit.rows(undefined, 1000)).map((text) => JSON.parse(text) as AuditRow);
    const refused = rows.filter(({ event }) => event === 'login-refused');
    expect(refused).toHaveLength(31);
    expect(refused.at(-1)?.detail).toBe('5 more were refused within a minute.');
  });

  test('every revocation: of a session, of a user, of a runtime, and of an identity', async () => {
    const api = await startTestApi();
    const { token, sid: own } = await api.login();
    const who = { subject: 'user-1', session: own };
    const bob = await api.join('bob', ['developer']);
    const runtime = await api.enrol();
    await api.call('DELETE', `/sessions/${bob.sid}`, { token });
    await api.call('DELETE', `/users/${bob.id}`, { token });
    await api.call('DELETE', `/runtimes/${runtime.resourceGuid}`, { token });
    const { kept } = await api.bind();
    const { identity } = kept;
    const { revocation } = await revokeIdentity(kept);
    const body = { from: kept.tip, events: [revocation] };
    await api.call('POST', `/identities/${identity}/events`, { body });
    const revocations = await told(api, 'revocation');
    expect(revocations).toMatchObject([
      { who, targets: [bob.sid] },
      { who, targets: [`user-${bob.id}`] },
      { who, targets: [runtime.resourceGuid] },
      { who: { subject: 'user-1', session: null }, targets: [identity] },
    ]);
    expect(revocations.at(-1)?.detail).toContain('with all of its sessions');
  });

  test('every event of an identity exactly once, by whichever way it came, and none that was refused', async () => {
    const api = await startTestApi();
    const made = await createIdentity();
    const { kept } = await api.bind(admin, made.kept);
    const { identity } = kept;
    // A rotation that the sender had no answer to goes with the next session that is opened.
    const rotated = await rotateIdentity(kept, made.next);
    const request = await api.sessionRequest(rotated.kept);
    const body = { ...request.body, from: kept.tip };
    expect((await api.call('POST', '/auth/sessions', { body: { ...body, proof: 'a.b.c' } })).status).toBe(
      403,
    );
    const fresh = await api.sessionRequest(rotated.kept);
    const opened = await api.call('POST', '/auth/sessions', { body: { ...fresh.body, from: kept.tip } });
    expect(opened.status).toBe(200);
    const ended = await revokeIdentity(fresh.kept);
    const end = { from: fresh.kept.tip, events: ended.kept.pending };
    await api.call('POST', `/identities/${identity}/events`, { body: end });
    await api.call('POST', `/identities/${identity}/events`, { body: end });
    const rows = await told(api, 'identity', 'login', 'revocation');
    const own = rows.filter(
      ({ targets, detail }) => targets?.includes(identity) || detail?.includes(identity),
    );
    expect(own).toMatchObject([
      { event: 'identity', detail: 'Event 0 from 127.0.0.1: bound to the user.' },
      { event: 'identity', detail: 'Event 1 from 127.0.0.1: its keys are rotated.' },
      { event: 'login', who: { session: sessionIn(opened).sid }, detail: `From 127.0.0.1, by ${identity}.` },
      {
        event: 'revocation',
        detail: expect.stringContaining('Event 3 from 127.0.0.1: ended by its own keys'),
      },
    ]);
  });

  test('who made what of users, groups, triggers and join codes, and who enrolled', async () => {
    const api = await startTestApi();
    const { token, sid } = await api.login();
    const who = { subject: 'user-1', session: sid };
    const made = await api.call('POST', '/users', {
      token,
      body: { userName: 'bob', password: 'a long enough password', roles: ['observer'] },
    });
    const { id } = made.body as { id: number };
    const grants = [{ prefix: '/shop', environments: ['development'] }];
    await api.call('PUT', `/users/${id}/grants`, { token, body: { grants } });
    await api.call('PUT', `/users/${id}/roles`, { token, body: { roles: ['developer'] } });
    const joined = await api.call('POST', '/interact/subscriptions', {
      token,
      body: { group: 'a', userId: id },
    });
    await api.call('DELETE', `/interact/subscriptions/${joined.body.id}`, { token });
    const body = { emits: 'announce', carries: 'notice' };
    await api.call('PUT', '/interact/triggers/release', { token, body });
    await api.call('DELETE', '/interact/triggers/release', { token });
    const code = await api.call('POST', '/join-codes', {
      token,
      body: { module: 'shop', environment: 'test' },
    });
    await api.call('DELETE', `/join-codes/${code.body.id}`, { token });
    const { resourceGuid } = await api.enrol();
    const rows = await told(api, 'user', 'membership', 'trigger', 'join-code', 'enrolled');
    expect(rows).toMatchObject([
      { event: 'user', who: null, targets: ['user-1'] },
      { event: 'user', who, targets: [`user-${id}`], detail: 'Made as "bob"; roles: observer; no grants.' },
      { event: 'user', who, targets: [`user-${id}`], detail: 'From now on grants: /shop in development.' },
      { event: 'user', who, targets: [`user-${id}`], detail: 'From now on roles: developer.' },
      { event: 'membership', who, targets: [`user-${id}`], detail: 'Joins "a".' },
      { event: 'membership', who, targets: [`user-${id}`], detail: 'Leaves "a".' },
      { event: 'trigger', who, targets: ['release'], detail: 'Emits "announce" and carries notice.' },
      { event: 'trigger', who, targets: ['release'] },
      { event: 'join-code', who, targets: [code.body.id], detail: 'Made: for "shop" in "test".' },
      { event: 'join-code', who, targets: [code.body.id], detail: 'Withdrawn: for "shop" in "test".' },
      { event: 'join-code', detail: 'Made: for "shop" in "development".' },
      { event: 'enrolled', who: { subject: resourceGuid, session: null }, targets: [resourceGuid] },
    ]);
    expect(rows.at(-1)?.detail).toContain('by a join code of user-1');
  });

  test('which key of a relay was certified, before the relay has the certificate', async () => {
    const api = await startTestApi();
    const { publicKey } = await newKey();
    await api.call('POST', '/relay/certificate', { service: true, body: { publicKey } });
    expect(await told(api, 'certified')).toMatchObject([
      { who: { subject: 'relay', session: null }, detail: `A relay’s key: ${publicKey.x}.` },
    ]);
  });

  test('nothing of a request that was refused', async () => {
    const api = await startTestApi();
    const { token } = await api.join('bob', ['developer']);
    const before = await rowsOf(api);
    for (const [method, path, body] of [
      ['PUT', '/users/1/grants', { grants: [] }],
      ['DELETE', '/users/1', undefined],
      ['PUT', '/interact/triggers/release', { emits: 'announce', carries: 'notice' }],
      ['POST', '/join-codes', { module: 'bank', environment: 'test' }],
    ] as const) {
      expect((await api.call(method, path, { token, body })).status).toBe(403);
    }
    const after = (await rowsOf(api)).slice(before.length);
    expect(after.map(({ event }) => event)).toEqual(['identity', 'login']);
  });
});

describe('[AUDIT-5] GET /audit', () => {
  test('gives rows as they were hashed and heads that the issuer signed, by which they are proven', async () => {
    const api = await startTestApi();
    await api.join('bob', ['observer']);
    const { keys } = await api.login();
    const { rows, heads, more } = await page(api);
    expect(more).toBe(false);
    const trust = { issuer: api.issuer, tenant: 'default', keys };
    const opened = await Promise.all(heads.map((head) => openAuditHead(head, trust)));
    const places = opened.flatMap((head): AuditPlace[] => (head.ok ? [head.value] : []));
    expect(places).toHaveLength(1);
    expect(await verifyAudit(rows, { heads: places })).toMatchObject({
      faults: [],
      chains: [{ kind: 'proven', node: places[0]?.node }],
    });
    expect((await verifyAudit(rows.toSpliced(2, 1), { heads: places })).faults).toMatchObject([
      { kind: 'deleted' },
    ]);
  });

  test('goes on where the last page ended', async () => {
    const api = await startTestApi();
    for (let count = 0; count < 5; count++) await api.login();
    const { token } = await api.login();
    const all = (await page(api, '', token)).rows;
    const found: string[] = [];
    let query = '?limit=3';
    for (let more = true; more;) {
      const answer = await page(api, query, token);
      expect(answer.rows.length).toBeLessThanOrEqual(3);
      found.push(...answer.rows);
      more = answer.more;
      const { node, sequence } = JSON.parse(found.at(-1)!) as AuditRow;
      query = `?limit=3&node=${node}&sequence=${sequence}`;
    }
    expect(found).toEqual(all);
  });

  test('is for admins', async () => {
    const api = await startTestApi();
    const { token } = await api.join('bob', ['developer', 'observer']);
    expect((await api.call('GET', '/audit', { token })).status).toBe(403);
    expect((await api.call('GET', '/audit')).status).toBe(401);
    expect((await api.call('GET', '/audit', { service: true })).status).toBe(401);
    const runtime = await api.enrol();
    expect((await api.call('GET', '/audit', { token: runtime.token })).status).toBe(403);
  });

  test.each([
    '?limit=0',
    '?limit=1001',
    '?limit=1.5',
    '?limit=many',
    '?node=api-1',
    '?sequence=1',
    '?node=api-1&sequence=-1',
    '?node=api-1&sequence=1e9',
    '?node=api-1&sequence=9999999999999999',
    '?node=api-1&sequence=1&sequence=2',
    '?node=../x&sequence=1',
    '?before=1',
  ])('refuses %s', async (query) => {
    const api = await startTestApi();
    const { token } = await api.login();
    expect(await api.call('GET', `/audit${query}`, { token })).toMatchObject({
      status: 400,
      body: { kind: 'invalid-request' },
    });
  });
});

test('[AUDIT-7] a run is a chain of its own, and names where the one before it stood', async () => {
  const dataFile = join(newFolder(), 'api.db');
  const before = await startTestApi({ dataFile });
  await before.login();
  await before.close();
  const after = await startTestApi({ dataFile });
  const { rows } = await page(after);
  const parsed = rows.map((text) => JSON.parse(text) as AuditRow);
  const nodes = new Set(parsed.map(({ node }) => node));
  expect(nodes.size).toBe(2);
  const opened = parsed.filter(({ event, heads }) => event === 'opened' && heads?.length === 1);
  expect(opened).toHaveLength(1);
  const [earlier] = opened[0]?.heads ?? [];
  const { faults } = await verifyAudit(rows.filter((_text, index) => parsed[index]?.node !== earlier?.node));
  expect(faults).toMatchObject([{ kind: 'truncated', node: earlier?.node }]);
});

test('[AUDIT-8] rows that are older than asked for are let go of, and the rest is proven all the same', async () => {
  const dataFile = join(newFolder(), 'api.db');
  const before = await startTestApi({ dataFile, clock: () => Date.now() - 20 * 24 * 3600 * 1000 });
  await before.login();
  const old = (await page(before)).rows;
  await before.close();
  const after = await startTestApi({ dataFile, auditDays: 10 });
  await expect.poll(async () => (await page(after)).rows.filter((text) => old.includes(text))).toEqual([]);
  const { rows } = await page(after);
  expect((await verifyAudit(rows)).faults).toEqual([]);
});
