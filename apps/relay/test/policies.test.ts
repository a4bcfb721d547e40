import {
  epochMs,
  limits,
  type Addressee,
  type Answer,
  type GetPoliciesAnswer,
  type ICdPushEnvelop,
  type Policy,
  type RuntimePolicy,
  type SetPolicy,
  type SetPolicyAnswer,
  type Target,
} from '@cd-push/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

import { mergedFor } from '../src/policy/merge.ts';
import type { Client, Frame } from './support/clients.ts';
import { noticePush, patchPush, type SignedPush } from './support/envelopes.ts';
import { newDataFile } from './support/data-file.ts';
import type { SigningLogin } from './support/memory-authority.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';

const cart = '/shop/src/cart.ts';
const till = '/shop/src/till.ts';
const shop: Target = { select: { module: 'shop', environment: 'development' } };

let clock: ManualClock;
let stack: Stack;
let sender: { client: Client; login: SigningLogin };
beforeEach(async () => {
  clock = new ManualClock();
  stack = await Stack.start({ clock, rate: { perSecond: 10_000, burst: 10_000 } });
  sender = await stack.sender();
});

const setPolicy = async (change: SetPolicy, client = sender.client): Promise<Policy> => {
  const answer = await client.ask<Answer<SetPolicyAnswer>>('set-policy', change);
  if (!answer.status) throw new Error(JSON.stringify(answer.error));
  return answer.policy;
};

const push = async (resource: string, before?: SignedPush): Promise<SignedPush> => {
  const signed = await patchPush(sender.login, [
    { resource, text: crypto.randomUUID(), predecessor: before?.heads[0]?.digest ?? null },
  ]);
  expect(await sender.client.push(signed.envelope)).toMatchObject({ status: true });
  return signed;
};

const tracksOf = async ({ pushGuid }: SignedPush): Promise<unknown[]> =>
  (await sender.client.ask<{ push: { recipients: unknown[] } }>('get-track', { pushGuid })).push.recipients;

describe('[POLICY-1] several policies of one runtime', () => {
  const runtime: Addressee = {
    guid: 'g1',
    user: 7,
    groups: ['qa'],
    module: 'shop',
    environment: 'staging',
    labels: { zone: 'eu' },
  };
  const policy = (target: Target, rules: Partial<RuntimePolicy>, at = 1): Policy => ({
    target,
    hold: false,
    silent: false,
    mode: 'hybrid',
    ...rules,
    by: 'u',
    at: epochMs(at),
  });
  const select = (members: object): Target => ({ select: members });

  it('hold and are silent where any of them says so', () => {
    expect(mergedFor([], runtime)).toEqual({ hold: false, silent: false, mode: 'hybrid' });
    const policies = [
      policy({ guid: 'g1' }, {}),
      policy(select({ module: 'shop' }), { hold: true }),
      policy({ group: 'qa' }, { silent: true }),
      policy({ group: 'dev' }, { mode: 'local' }),
    ];
    expect(mergedFor(policies, runtime)).toEqual({ hold: true, silent: true, mode: 'hybrid' });
  });

  it('have the mode of the most specific: guid, user, group, then the selector that asks for more', () => {
    const ranked: Target[] = [
      select({}),
      select({ module: 'shop' }),
      select({ module: 'shop', environment: 'staging' }),
      select({ module: 'shop', environment: 'staging', labels: { zone: 'eu' } }),
      { group: 'qa' },
      { user: 7 },
      { guid: 'g1' },
    ];
    for (const [index, target] of ranked.entries()) {
      const lesser = ranked.slice(0, index).map((one) => policy(one, { mode: 'remote' }, 9));
      for (const policies of [
        [policy(target, { mode: 'local' }), ...lesser],
        [...lesser, policy(target, { mode: 'local' })],
      ]) {
        expect(mergedFor(policies, runtime).mode).toBe('local');
      }
    }
  });

  it('that are equally specific have the mode of the later one, in whatever order they are known', () => {
    const [early, late] = [
      policy(select({ module: 'shop' }), { mode: 'local' }, 1),
      policy(select({ environment: 'staging' }), { mode: 'remote' }, 2),
    ];
    expect([mergedFor([early, late], runtime).mode, mergedFor([late, early], runtime).mode]).toEqual([
      'remote',
      'remote',
    ]);
    const same = policy(select({ environment: 'staging' }), { mode: 'remote' }, 1);
    expect(mergedFor([early, same], runtime).mode).toBe(mergedFor([same, early], runtime).mode);
  });
});

describe('[POLICY-3] a runtime that is held', () => {
  it('is sent nothing until that is lifted, and then what waited, in order and marked', async () => {
    const runtime = await stack.runtime();
    expect(runtime.welcome.policy).toEqual({ hold: false, silent: false, mode: 'hybrid' });
    const { guid } = runtime.login.session.runtime;
    expect(await setPolicy({ target: { guid }, hold: true })).toMatchObject({
      target: { guid },
      hold: true,
      silent: false,
      mode: 'hybrid',
      by: sender.login.session.subject,
      at: clock.now(),
    });
    expect(await runtime.client.next('policy-changed')).toEqual({
      hold: true,
      silent: false,
      mode: 'hybrid',
    });
    const first = await push(cart);
    const second = await push(till);
    const third = await noticePush(sender.login, 'later');
    await sender.client.push(third.envelope);
    expect(await tracksOf(first)).toMatchObject([{ stage: 'relayed', held: true, connected: true }]);
    expect(await sender.client.ask('list-targets', {})).toMatchObject({
      targets: [{ recipient: runtime.recipient, held: true, connected: true }],
    });

    await setPolicy({ target: { guid }, hold: false });
    expect(await runtime.client.next('policy-changed')).toMatchObject({ hold: false });
    for (const [event, signed] of [
      ['apply-runtime-patch', first],
      ['apply-runtime-patch', second],
      ['show-notice', third],
    ] as const) {
      const { pushData } = await runtime.client.next<ICdPushEnvelop>(event);
      expect(pushData).toMatchObject({ pushGuid: signed.pushGuid, isCatchUp: true, attempt: 1 });
      runtime.client.acknowledge('push-msg-complete', signed.pushGuid, signed.statement);
    }
    await expect.poll(() => tracksOf(third)).toMatchObject([{ stage: 'completed' }]);
    expect((await tracksOf(first))[0]).not.toHaveProperty('held');
    // Written to directly again.
    const fourth = await push(cart, first);
    const { pushData } = await runtime.client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData.pushGuid).toBe(fourth.pushGuid);
    expect(pushData.isCatchUp ?? false).toBe(false);
  });

  it('gets nothing by coming back either, and what is overtaken meanwhile is superseded', async () => {
    const runtime = await stack.runtime();
    const { guid } = runtime.login.session.runtime;
    await setPolicy({ target: { guid }, hold: true });
    const first = await push(cart);
    const second = await push(cart, first);
    runtime.client.close();
    const back = await stack.join(runtime.login);
    expect(back.welcome).toMatchObject({ catchUp: 0, policy: { hold: true } });
    await setPolicy({ target: { guid }, hold: false });
    await back.client.next('policy-changed');
    expect((await back.client.apply(second.statement)).pushData.pushGuid).toBe(second.pushGuid);
    await expect.poll(() => tracksOf(first)).toMatchObject([{ stage: 'superseded' }]);
  });

  it('is owed nothing for longer than its time to deliver', async () => {
    const runtime = await stack.runtime();
    await setPolicy({ target: { guid: runtime.login.session.runtime.guid }, hold: true });
    const short = await noticePush(sender.login, 'short', { deliverBy: Date.now() + 20_000 });
    await sender.client.push(short.envelope);
    clock.advance(31_000);
    await expect.poll(() => tracksOf(short)).toMatchObject([{ stage: 'expired' }]);
  });

  it('holds up nobody else', async () => {
    const held = await stack.runtime();
    const free = await stack.runtime();
    await setPolicy({ target: { guid: held.login.session.runtime.guid }, hold: true });
    const signed = await push(cart);
    await free.client.apply(signed.statement);
    await expect.poll(() => tracksOf(signed)).toMatchObject([{ stage: 'relayed' }, { stage: 'completed' }]);
  });

  it('is sent no more of a catch-up from the moment that it is held, and the rest once, in order', async () => {
    const login = stack.authority.runtime();
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}] });
    const owed: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      const notice = await noticePush(sender.login, String(count).padEnd(900_000, 'x'));
      await sender.client.push(notice.envelope);
      owed.push(notice.pushGuid);
    }
    const { client } = await stack.join(login);
    // What it is sent waits for it to read what came before, so that most of it is still to come.
    const { transport } = client.socket.io.engine as unknown as {
      transport: { ws: { pause(): void; resume(): void } };
    };
    transport.ws.pause();
    const { guid } = login.session.runtime;
    await setPolicy({ target: { guid }, hold: true });
    transport.ws.resume();
    await client.until('policy-changed');
    const before = client.frames.length;
    expect(before).toBeLessThan(owed.length);
    await setPolicy({ target: { guid }, hold: false });
    const sent = (frames: readonly Frame[]): string[] =>
      frames.flatMap(([event, payload]) =>
        event === 'show-notice' ? [(payload as ICdPushEnvelop).pushData.pushGuid] : [],
      );
    await expect.poll(() => sent(client.frames)).toContain(owed.at(-1));
    expect(client.frames[before]).toMatchObject(['policy-changed', { hold: false }]);
    expect(sent(client.frames)).toEqual(owed);
  });

  it('is held anew after each lifting, however fast one follows the other, and misses nothing', async () => {
    const runtime = await stack.runtime();
    const { guid } = runtime.login.session.runtime;
    const sent: SignedPush[] = [];
    for (let round = 0; round < 10; round += 1) {
      await setPolicy({ target: { guid }, hold: true });
      sent.push(await push(`/shop/src/${round}.ts`));
      await setPolicy({ target: { guid }, hold: false });
      sent.push(await push(`/shop/src/${round}-free.ts`));
    }
    const seen = new Set<string>();
    while (seen.size < sent.length) {
      const { pushData } = await runtime.client.until<ICdPushEnvelop>('apply-runtime-patch');
      seen.add(pushData.pushGuid);
    }
    expect([...seen]).toEqual(sent.map(({ pushGuid }) => pushGuid));
  });
});

describe('[POLICY-4] the mode of a runtime', () => {
  it('decides whose pushes it takes', async () => {
    const { id } = sender.login.session.user;
    const own = await stack.runtime({ user: id });
    const foreign = await stack.runtime({ user: id + 1_000 });
    const recipients = async (): Promise<string[]> => {
      const answer = await sender.client.push((await noticePush(sender.login, 'hello')).envelope);
      if (!answer.status) throw new Error(answer.error.kind);
      return answer.recipients;
    };
    expect(await recipients()).toEqual([own.recipient, foreign.recipient]);
    await setPolicy({ target: shop, mode: 'local' });
    expect(await recipients()).toEqual([own.recipient]);
    await setPolicy({ target: shop, mode: 'remote' });
    expect(await recipients()).toEqual([foreign.recipient]);
    await setPolicy({ target: { guid: own.login.session.runtime.guid }, mode: 'hybrid' });
    expect(await recipients()).toEqual([own.recipient, foreign.recipient]);
    expect(
      await foreign.client.until('policy-changed', ({ mode }: RuntimePolicy) => mode === 'remote'),
    ).toBeDefined();
  });

  it('that takes none of a push leaves it without recipients', async () => {
    await stack.runtime({ user: null });
    await setPolicy({ target: shop, mode: 'local' });
    expect(await sender.client.push((await noticePush(sender.login, 'x')).envelope)).toMatchObject({
      status: false,
      error: { kind: 'no-recipients' },
    });
  });
});

describe('[POLICY-2] setting a policy', () => {
  it('changes what is given, and what is not stays as it is there', async () => {
    const runtime = await stack.runtime();
    const { guid } = runtime.login.session.runtime;
    await setPolicy({ target: shop, mode: 'remote' });
    // A policy about something else does not change whose pushes are taken.
    expect(await setPolicy({ target: { guid }, silent: true })).toMatchObject({
      silent: true,
      mode: 'remote',
    });
    expect(await setPolicy({ target: { guid }, hold: true })).toMatchObject({
      hold: true,
      silent: true,
      mode: 'remote',
    });
    expect(await sender.client.ask<GetPoliciesAnswer>('get-policies', {})).toMatchObject({
      policies: [{ target: shop }, { target: { guid }, hold: true, silent: true, mode: 'remote' }],
    });
  });

  it('needs grants for the whole of every runtime of the address, or an admin', async () => {
    const shopping = await stack.runtime();
    const blog = await stack.runtime({ module: 'blog' });
    const refused = { status: false, error: { kind: 'forbidden', path: '/target' } };
    // All that is there now is its own; what enrols later may not be.
    const narrow = await stack.sender({ grants: [{ prefix: '/shop', environments: ['production'] }] });
    await stack.runtime({ environment: 'production' });
    const part = await stack.sender({ grants: [{ prefix: '/shop/css', environments: ['*'] }] });
    for (const [client, target] of [
      [part.client, shop],
      [sender.client, { guid: blog.login.session.runtime.guid }],
      [sender.client, { select: { environment: 'development' } }],
      [narrow.client, { select: { environment: 'production' } }],
      [narrow.client, { select: { module: 'shop' } }],
      [sender.client, { guid: crypto.randomUUID() }],
      [sender.client, { group: 'nobody' }],
    ] as const) {
      expect(await client.ask('set-policy', { target, hold: true })).toMatchObject(refused);
    }
    const observer = await stack.sender({
      roles: ['observer'],
      grants: [{ prefix: '/', environments: ['*'] }],
    });
    expect(await observer.client.ask('set-policy', { target: shop, hold: true })).toMatchObject({
      status: false,
      error: { kind: 'forbidden' },
    });
    const admin = await stack.sender({ roles: ['admin'], grants: [] });
    await setPolicy({ target: { select: { environment: 'development' } }, silent: true }, admin.client);
    for (const { client } of [shopping, blog])
      expect(await client.next('policy-changed')).toMatchObject({ silent: true });
  });

  it('shows policies to whoever reaches a runtime that they concern', async () => {
    const blog = await stack.runtime({ module: 'blog' });
    await stack.runtime();
    const admin = await stack.sender({ roles: ['admin'], grants: [] });
    await setPolicy({ target: shop, silent: true });
    await setPolicy({ target: { guid: blog.login.session.runtime.guid }, silent: true }, admin.client);
    const seen = async (client: Client): Promise<Target[]> =>
      (await client.ask<GetPoliciesAnswer>('get-policies', {})).policies.map(({ target }) => target);
    expect(await seen(admin.client)).toHaveLength(2);
    expect(await seen(sender.client)).toEqual([shop]);
    expect(await seen((await stack.sender({ grants: [] })).client)).toEqual([]);
  });

  it('is refused where it is no policy, or one too many', async () => {
    await stack.runtime();
    const admin = await stack.sender({ roles: ['admin'], grants: [] });
    const invalid = { status: false, error: { kind: 'invalid-request' } };
    for (const payload of [
      {},
      { target: {} },
      { target: { guid: 'x', user: 1 } },
      { target: shop, mode: 'none' },
      { target: shop, hold: 'yes' },
    ]) {
      expect(await admin.client.ask('set-policy', payload)).toMatchObject(invalid);
    }
    await Promise.all(
      Array.from({ length: limits.policies }, (_, user) =>
        setPolicy({ target: { user: user + 1 }, silent: true }, admin.client),
      ),
    );
    expect(await admin.client.ask('set-policy', { target: { user: 0 }, hold: true })).toMatchObject({
      ...invalid,
      error: { kind: 'invalid-request', path: '/target' },
    });
    await setPolicy({ target: { user: 1 }, hold: true }, admin.client);
  });
});

describe('[POLICY-2] a policy that says nothing', () => {
  const kept = async (client = sender.client): Promise<Target[]> =>
    (await client.ask<GetPoliciesAnswer>('get-policies', {})).policies.map(({ target }) => target);

  it('is let go of, and takes nobody’s place', async () => {
    const labels = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`l${index}`, 'x']));
    const runtime = await stack.runtime({ labels });
    for (let bits = 0; bits < 200; bits += 1) {
      const some = Object.fromEntries(Object.entries(labels).filter((_, index) => (bits >> index) & 1));
      await setPolicy({
        target: { select: { module: 'shop', environment: 'development', labels: some } },
        hold: false,
      });
    }
    expect(await kept()).toEqual([]);
    await setPolicy({ target: shop, hold: true });
    await runtime.client.next('policy-changed');
    expect(await kept()).toEqual([shop]);
    await setPolicy({ target: shop, hold: false });
    expect(await runtime.client.next('policy-changed')).toMatchObject({ hold: false });
    expect(await kept()).toEqual([]);
  });

  it('is gone after a restart as well', async () => {
    const journal = { kind: 'sqlite', file: newDataFile() } as const;
    const { authority } = stack;
    const first = await Stack.start({ authority, journal });
    const { client } = await first.sender();
    await first.runtime();
    await setPolicy({ target: shop, hold: true }, client);
    await setPolicy({ target: shop, hold: false }, client);
    await first.close();
    const second = await Stack.start({ authority, journal });
    expect(await kept((await second.sender({ roles: ['admin'] })).client)).toEqual([]);
  });

  it('stays where it keeps a runtime from the mode of another', async () => {
    const runtime = await stack.runtime();
    const own = { guid: runtime.login.session.runtime.guid };
    await setPolicy({ target: shop, mode: 'remote' });
    await setPolicy({ target: own, mode: 'hybrid' });
    expect(await kept()).toEqual([shop, own]);
    await setPolicy({ target: shop, mode: 'hybrid' });
    expect(await kept()).toEqual([own]);
    await setPolicy({ target: own, hold: false });
    expect(await kept()).toEqual([]);
  });
});

describe('[POLICY-2] setting policies', () => {
  it('at one address at the same time loses no member of any', async () => {
    await stack.runtime();
    const other = await stack.sender();
    await Promise.all([
      setPolicy({ target: shop, hold: true }),
      setPolicy({ target: shop, silent: true }, other.client),
      setPolicy({ target: shop, mode: 'remote' }),
    ]);
    expect(await sender.client.ask('get-policies', {})).toMatchObject({
      policies: [{ target: shop, hold: true, silent: true, mode: 'remote' }],
    });
  });

  it('is bounded for each person, and admins are not kept from it by that', async () => {
    const runtimes = Array.from({ length: 101 }, () => stack.authority.runtime().session.runtime);
    await expect
      .poll(async () => (await sender.client.ask<{ targets: unknown[] }>('list-targets', {})).targets.length)
      .toBe(runtimes.length);
    const targets = runtimes.map(({ guid }) => ({ guid }));
    for (const target of targets.slice(0, 100)) await setPolicy({ target, silent: true });
    const another = { target: targets[100]!, hold: true };
    expect(await sender.client.ask('set-policy', another)).toMatchObject({
      status: false,
      error: { kind: 'invalid-request', path: '/target' },
    });
    await setPolicy({ target: targets[0]!, hold: true });
    await setPolicy(another, (await stack.sender({ roles: ['admin'], grants: [] })).client);
    await setPolicy({ target: targets[1]!, silent: false });
    await setPolicy({ target: shop, hold: true });
  });
});

describe('[POLICY-5] a runtime is told what holds for it', () => {
  it('when its own labels change what matches it, and is sent what waited', async () => {
    const runtime = await stack.runtime({ labels: { zone: 'eu' } });
    await setPolicy({
      target: { select: { module: 'shop', environment: 'development', labels: { zone: 'eu' } } },
      hold: true,
    });
    await runtime.client.next('policy-changed');
    const signed = await push(cart);
    expect(await tracksOf(signed)).toMatchObject([{ stage: 'relayed', held: true }]);
    const [record] = stack.authority.known;
    stack.authority.known.splice(0, 1, { ...record!, labels: { zone: 'us' } });
    stack.authority.change({ kind: 'runtimes-changed', guid: record!.guid });
    expect(await runtime.client.next('policy-changed')).toMatchObject({ hold: false });
    expect((await runtime.client.apply(signed.statement)).pushData.pushGuid).toBe(signed.pushGuid);
  });

  it('and of nothing that does not concern it', async () => {
    const runtime = await stack.runtime();
    const other = await stack.runtime();
    await setPolicy({ target: { guid: other.login.session.runtime.guid }, silent: true });
    await other.client.next('policy-changed');
    const signed = await push(cart);
    expect((await runtime.client.apply(signed.statement)).pushData.pushGuid).toBe(signed.pushGuid);
  });
});
