import type { Problem, TrackNotice } from '@cd-push/protocol';
import { describe, expect, it } from 'vitest';

import { patchPush } from './support/envelopes.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';

const cart = { resource: '/shop/src/cart.ts', text: '1' };

describe('sessions', () => {
  it('are cut when they are revoked, and every runtime hears whose signatures are void', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    stack.authority.revoke(login.session);
    expect(await client.closed).toMatchObject({ code: 4006 });
    expect(await runtime.client.next('session-revoked')).toEqual({ session: login.session.id });
    await expect(stack.client({ token: login.token }).connected()).rejects.toMatchObject({
      data: { kind: 'unauthenticated' },
    });
  });

  it('that ended by logout leave what they signed good', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const first = await stack.sender();
    const push = await patchPush(first.login, [cart]);
    await first.client.push(push.envelope);
    await runtime.client.next('apply-runtime-patch');
    stack.authority.revoke(first.login.session, false);
    expect(await first.client.closed).toMatchObject({ code: 4006 });
    const late = await stack.runtime();
    expect(late.welcome).toMatchObject({ catchUp: 1, revokedSessions: [] });
    await late.client.next('apply-runtime-patch');
  });

  it('that were revoked no longer reach a runtime that joins', async () => {
    const stack = await Stack.start();
    await stack.runtime();
    const first = await stack.sender();
    await first.client.push((await patchPush(first.login, [cart])).envelope);
    stack.authority.revoke(first.login.session);
    const late = await stack.runtime();
    expect(late.welcome).toMatchObject({ catchUp: 0, revokedSessions: [first.login.session.id] });
  });

  it('that were revoked while they connected are cut', async () => {
    const stack = await Stack.start();
    const login = await stack.authority.developer();
    stack.authority.change({ kind: 'session-revoked', session: login.session.id, voidsSignatures: true });
    const client = stack.client({ token: login.token });
    await client.connected();
    expect(await client.closed).toMatchObject({ code: 4006 });
  });

  it('are cut at their expiry and say why', async () => {
    const clock = new ManualClock();
    const stack = await Stack.start({ clock });
    const { client } = await stack.sender({ livesMs: 60_000 });
    clock.advance(59_000);
    expect(await client.ask('list-targets', {})).toMatchObject({ status: true });
    clock.advance(2_000);
    expect(await client.next<Problem>('problem')).toMatchObject({ kind: 'session-expired' });
    expect(await client.closed).toMatchObject({ code: 4004 });
  });

  it('live on when they are renewed by a token of their own, and of nobody else', async () => {
    const clock = new ManualClock();
    const stack = await Stack.start({ clock });
    const { client, login } = await stack.sender({ livesMs: 60_000 });
    const other = await stack.authority.developer();
    expect(await client.ask('renew-session', { token: other.token })).toMatchObject({
      status: false,
      error: { kind: 'forbidden', path: '/token' },
    });
    const token = stack.authority.renew(login.session, 600_000);
    const answer = await client.ask<{ expiresAt: number }>('renew-session', { token });
    expect(answer.expiresAt).toBeGreaterThan(login.session.expiresAt);
    clock.advance(120_000);
    expect(await client.ask('list-targets', {})).toMatchObject({ status: true });
  });

  it('of a removed user or runtime are cut', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    stack.authority.change({ kind: 'user-changed', user: login.session.user.id, roles: [], removed: true });
    stack.authority.change({ kind: 'runtime-removed', guid: runtime.login.session.runtime.guid });
    expect(await client.closed).toMatchObject({ code: 4006 });
    expect(await runtime.client.closed).toMatchObject({ code: 4006 });
  });

  it('of a removed runtime that is away are owed nothing any more', async () => {
    const stack = await Stack.start();
    const away = stack.authority.runtime();
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [cart]);
    expect(await client.push(push.envelope)).toMatchObject({ status: true });
    const { guid } = away.session.runtime;
    stack.authority.change({ kind: 'runtime-removed', guid });
    const { recipients } = await client.until<TrackNotice>('push-msg-failed');
    expect(recipients).toMatchObject([{ recipient: guid, stage: 'expired' }]);
  });

  it('lose the right to push with their role', async () => {
    const stack = await Stack.start();
    await stack.runtime();
    const { client, login } = await stack.sender();
    stack.authority.change({
      kind: 'user-changed',
      user: login.session.user.id,
      roles: ['observer'],
      removed: false,
    });
    expect(await client.push((await patchPush(login, [cart])).envelope)).toMatchObject({
      status: false,
      error: { kind: 'forbidden' },
    });
  });

  it('are asked about when they connect, and never for a push', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    const before = stack.authority.introspections;
    stack.authority.isDown = true;
    const push = await patchPush(login, [cart]);
    expect(await client.push(push.envelope)).toMatchObject({ status: true });
    await runtime.client.apply(push.statement);
    await client.until<TrackNotice>('push-msg-completed');
    expect(stack.authority.introspections).toBe(before);
  });

  it('are all vouched for anew when the api has lost its history', async () => {
    const stack = await Stack.start();
    const { client } = await stack.sender();
    stack.authority.voided.push('a-session');
    stack.authority.reset();
    expect(await client.closed).toMatchObject({ code: 4001 });
    await expect
      .poll(async () => (await stack.runtime()).welcome)
      .toMatchObject({ revokedSessions: ['a-session'] });
  });

  it('hear that the relay stops, and may come back', async () => {
    const stack = await Stack.start();
    const { client } = await stack.sender();
    const { client: runtime } = await stack.runtime();
    await stack.close();
    expect(await client.closed).toMatchObject({ code: 4001 });
    expect(await runtime.closed).toMatchObject({ code: 4001 });
  });
});
