import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';

import { epochMs } from '@cd-push/protocol';
import { openSqliteStore } from '@cd-push/store';
import { revokeIdentity } from '@cd-push/timeline';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { follow } from './support/event-stream.ts';
import { basicOf, newFolder, service, startTestApi } from './support/test-api.ts';

describe('the change feed', () => {
  test('starts at the head, says so, and tells of what follows', async () => {
    const api = await startTestApi();
    const { token, sid } = await api.login();
    const feed = await follow(api.url);
    expect(feed.response.headers.get('content-type')).toBe('text/event-stream');
    const ready = await feed.next();
    expect(ready).toMatchObject({ event: 'ready', data: {} });
    await api.call('POST', '/auth/logout', { token });
    expect(await feed.next()).toMatchObject({
      event: 'session-revoked',
      id: String(Number(ready.id) + 1),
      data: { kind: 'session-revoked', sid, reason: 'logout' },
    });
  });

  test('tells of a revocation at once, not at the next poll', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const feed = await follow(api.url);
    await feed.next();
    // Time stands still: what waits for a timer never comes.
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    await api.call('POST', '/auth/logout', { token });
    expect(await feed.next()).toMatchObject({ event: 'session-revoked' });
  });

  test('tells of every kind of change', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const bob = await api.join('bob', ['developer']);
    const feed = await follow(api.url);
    await feed.next();

    const grants = [{ prefix: '/shop', environments: ['development'] }];
    await api.call('PUT', `/users/${bob.id}/grants`, { token, body: { grants } });
    expect(await feed.next()).toMatchObject({ event: 'grants-changed', data: { userId: bob.id, grants } });

    await api.call('PUT', `/users/${bob.id}/roles`, { token, body: { roles: ['observer'] } });
    expect(await feed.next()).toMatchObject({
      event: 'user-changed',
      data: { userId: bob.id, roles: ['observer'] },
    });

    await api.call('POST', '/interact/subscriptions', { token, body: { group: 'floor', userId: bob.id } });
    expect(await feed.next()).toMatchObject({
      event: 'subscriptions-changed',
      data: { userId: bob.id, groups: ['floor'] },
    });

    const { resourceGuid } = await api.enrol();
    expect(await feed.next()).toMatchObject({ event: 'runtimes-changed', data: { guid: resourceGuid } });
    await api.call('DELETE', `/runtimes/${resourceGuid}`, { token });
    expect(await feed.next()).toMatchObject({ event: 'runtime-removed', data: { guid: resourceGuid } });

    await api.call('PUT', '/interact/triggers/release', {
      token,
      body: { emits: 'show-notice', carries: 'notice' },
    });
    expect(await feed.next()).toMatchObject({ event: 'triggers-changed' });

    const { revocation } = await revokeIdentity(bob.kept);
    const { identity, tip: from } = bob.kept;
    await api.call('POST', `/identities/${identity}/events`, { body: { from, events: [revocation] } });
    expect(await feed.next()).toMatchObject({ event: 'identity-revoked', data: { identity } });

    const again = await api.login(bob);
    await api.call('DELETE', `/users/${bob.id}`, { token });
    expect(await feed.next()).toMatchObject({
      event: 'session-revoked',
      data: { sid: again.sid, reason: 'user-removed' },
    });
    expect(await feed.next()).toMatchObject({
      event: 'user-changed',
      data: { userId: bob.id, removed: true },
    });
  });

  test.each<[string, (id: string) => readonly [string, Record<string, string>]]>([
    ['Last-Event-ID', (id: string) => ['/changes', { 'last-event-id': id }]],
    ['after', (id: string) => [`/changes?after=${id}`, {}]],
    ['Last-Event-ID before after', (id: string) => ['/changes?after=0', { 'last-event-id': id }]],
  ])('is resumed by %s without a gap and without a repetition', async (_what, by) => {
    const api = await startTestApi();
    const { token } = await api.login();
    const bob = await api.join('bob', ['developer']);
    const setRoles = (roles: readonly string[]) =>
      api.call('PUT', `/users/${bob.id}/roles`, { token, body: { roles } });
    const first = await follow(api.url);
    await first.next();
    await setRoles(['observer']);
    const { id } = await first.next();
    first.stop();
    await setRoles([]);
    await setRoles(['admin']);
    const second = await follow(api.url, ...by(id));
    expect(await second.next()).toMatchObject({ event: 'ready', id });
    await setRoles(['developer']);
    const roles = [await second.next(), await second.next(), await second.next()].map(
      ({ data }) => data.roles as unknown,
    );
    expect(roles).toEqual([[], ['admin'], ['developer']]);
  });

  test('says reset to a reader that knows more than there is', async () => {
    const api = await startTestApi();
    const feed = await follow(api.url, '/changes?after=1000');
    const { event, id } = await feed.next();
    expect(event).toBe('reset');
    expect(Number(id)).toBeLessThan(1000);
  });

  test('says reset to a reader from before what is kept, and goes on for one who was there', async () => {
    const dataFile = join(newFolder(), 'api.db');
    const first = await startTestApi({ dataFile });
    await first.join('bob', ['developer']);
    await first.close();
    const week = 7 * 24 * 60 * 60 * 1000;
    const later = await startTestApi({ dataFile, clock: () => Date.now() + week + 60_000 });
    const { token } = await later.login();
    const feed = await follow(later.url);
    const { id } = await feed.next();
    const { id: userId } = (await later.introspect(token)).body.user;
    await later.call('PUT', `/users/${userId}/roles`, { token, body: { roles: ['admin'] } });
    const change = await feed.next();
    expect(await (await follow(later.url, '/changes?after=0')).next()).toMatchObject({ event: 'reset' });
    const resumed = await follow(later.url, `/changes?after=${id}`);
    expect(await resumed.next()).toMatchObject({ event: 'ready' });
    expect(await resumed.next()).toEqual(change);
  });

  test('catches a reader up on more rows than one batch holds', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const put = (index: number) =>
      api.call('PUT', `/interact/triggers/t${index}`, {
        token,
        body: { emits: 'show-notice', carries: 'notice' },
      });
    for (let index = 0; index < 200; index += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, step) => put(index + step)));
    }
    const feed = await follow(api.url, '/changes?after=0');
    const first = Number((await feed.next()).id);
    const ids: number[] = [];
    while (ids.length < 200) ids.push(Number((await feed.next()).id));
    expect(ids).toEqual(ids.map((_, index) => first + 1 + index));
  });

  test('keeps a slow reader waiting in the store, holds up nobody else, and gives it everything in the end', async () => {
    const store = await openSqliteStore(join(newFolder(), 'api.db'));
    onTestFinished(() => store.close());
    let rowsRead = 0;
    const after: typeof store.changes.after = async (...from) => {
      const found = await store.changes.after(...from);
      rowsRead += found.length;
      return found;
    };
    const api = await startTestApi({ store: { ...store, changes: { ...store.changes, after } } });
    const request = get(`${api.url}/changes`, { headers: { authorization: basicOf(service) } });
    onTestFinished(() => void request.destroy());
    // Nobody reads this answer until further below.
    const [slow] = (await once(request, 'response')) as [IncomingMessage];
    const quick = await follow(api.url);
    await quick.next();

    // 100 rows of some 130 kB are more than the buffers between two sockets of one machine hold.
    const rows = 100;
    const grants = Array.from({ length: 256 }, (_, index) => ({
      prefix: `/shop/${index}/${'x'.repeat(480)}`,
      environments: ['test'],
    }));
    for (let row = 0; row < rows; row++) await store.users.setGrants(1, grants, epochMs(Date.now()));
    for (let row = 0; row < rows; row++) expect((await quick.next()).event).toBe('grants-changed');
    // The quick reader's rows, and fewer for the slow one.
    expect(rowsRead).toBeGreaterThanOrEqual(rows);
    expect(rowsRead).toBeLessThan(2 * rows);

    const ids: number[] = [];
    let rest = '';
    for await (const text of slow.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('id: ')) ids.push(Number(line.slice('id: '.length)));
      if (ids.length > rows) break;
    }
    expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
  });

  test('beats while nothing changes', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const api = await startTestApi();
    const feed = await follow(api.url);
    await feed.next();
    vi.advanceTimersByTime(15_000);
    expect(await feed.comment()).toBe(': still here');
  });

  test('is told to many readers', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const feeds = await Promise.all(Array.from({ length: 5 }, () => follow(api.url)));
    for (const feed of feeds) await feed.next();
    await api.call('POST', '/auth/logout', { token });
    for (const feed of feeds) expect((await feed.next()).event).toBe('session-revoked');
  });

  test('ends when the api closes, which it does not hold up', async () => {
    const api = await startTestApi();
    const feed = await follow(api.url);
    await feed.next();
    await api.close();
    expect(await feed.ended()).toBe(true);
  });

  test('is refused to everyone but services', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    expect((await api.call('GET', '/changes')).body.kind).toBe('invalid-credentials');
    expect((await api.call('GET', '/changes', { token })).body.kind).toBe('invalid-credentials');
    expect((await api.call('GET', '/changes?after=-1', { service: true })).body).toMatchObject({
      kind: 'invalid-request',
      path: '/after',
    });
  });
});
