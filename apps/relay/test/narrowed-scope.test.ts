import type {
  Answer,
  FileChange,
  FileVersion,
  Grant,
  ListPushesAnswer,
  ObserveAnswer,
  Policy,
  PushAccepted,
  TargetView,
} from '@cd-push/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Role } from '../src/authority/session.ts';
import type { Client } from './support/clients.ts';
import { noticePush, patchPush, type SignedPush } from './support/envelopes.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';

const everywhere: Grant[] = [{ prefix: '/', environments: ['*'] }];
const environment = 'development';
const inside = '/shop/src/cart.ts';
const outside = '/bank/src/vault.ts';

let clock: ManualClock;
let stack: Stack;
let pushes: { inside: SignedPush; outside: SignedPush; notice: SignedPush };

beforeEach(async () => {
  clock = new ManualClock();
  stack = await Stack.start({ clock, rate: { perSecond: 10_000, burst: 10_000 } });
  await stack.runtime({ module: 'shop' });
  await stack.runtime({ module: 'bank' }, 'two');
  pushes = await pushAll();
});

const pushAll = async (): Promise<typeof pushes> => {
  const { client, login } = await stack.sender({ grants: everywhere });
  const to = (module: string) => ({ targets: [{ select: { module } }] });
  const all = {
    inside: await patchPush(login, [{ resource: inside, text: '1' }], to('shop')),
    outside: await patchPush(login, [{ resource: outside, text: '2' }], to('bank')),
    notice: await noticePush(login, 'the vault is open', to('bank')),
  };
  for (const { envelope } of Object.values(all))
    expect(await client.push(envelope)).toMatchObject({ status: true });
  return all;
};

/** A connection of a session whose identity lets it into one module alone. */
const narrowed = async (role: Role, grants: Grant[] = everywhere): Promise<Client> =>
  (
    await stack.sender({
      roles: [role],
      grants,
      scope: { grants: [{ prefix: '/shop', environments: [environment] }] },
    })
  ).client;

const valueOf = <Value>(answer: Answer<Value>): Value => {
  if (!answer.status) throw new Error(JSON.stringify(answer.error));
  return answer;
};

describe.each([
  ['admin', everywhere],
  ['observer', everywhere],
  ['observer', []],
] as const)('[OBSERVE-10] a session of an %s, narrowed to one module by its identity', (role, granted) => {
  let client: Client;
  beforeEach(async () => {
    client = await narrowed(role, [...granted]);
  });
  const ask = async <Value>(event: string, query: object): Promise<Value> =>
    valueOf(await client.ask<Answer<Value>>(event, query));

  it('lists, follows and opens the pushes of that module alone', async () => {
    const { open } = await ask<ObserveAnswer>('observe', {});
    expect(open.map(({ pushGuid }) => pushGuid)).toEqual([pushes.inside.pushGuid]);
    const listed = await ask<ListPushesAnswer>('list-pushes', {});
    expect(listed.pushes.map(({ pushGuid }) => pushGuid)).toEqual([pushes.inside.pushGuid]);
    for (const query of ['get-push', 'get-track']) {
      expect(await client.ask(query, { pushGuid: pushes.inside.pushGuid })).toMatchObject({ status: true });
      for (const { pushGuid } of [pushes.outside, pushes.notice]) {
        expect(await client.ask(query, { pushGuid })).toMatchObject({ error: { kind: 'not-found' } });
      }
    }
  });

  it('is told of no other push, neither as it happens nor in what it missed, nor in metrics', async () => {
    const { journal } = await ask<ObserveAnswer>('observe', {});
    const told = async (): Promise<string[]> => {
      const { push } = await client.until<PushAccepted>('push-accepted');
      return push.patches.map(({ resource }) => resource);
    };
    const live = told();
    const { client: sender, login } = await stack.sender({ grants: everywhere });
    const predecessor = (push: SignedPush) => push.heads[0]?.digest ?? null;
    for (const [resource, before] of [
      [outside, pushes.outside],
      [inside, pushes.inside],
    ] as const) {
      const file = { resource, text: '3', predecessor: predecessor(before) };
      const targets = [{ select: { module: resource.split('/')[1] ?? '' } }];
      const push = await patchPush(login, [file], { targets });
      expect(await sender.push(push.envelope)).toMatchObject({ status: true });
    }
    expect(await live).toEqual([inside]);
    clock.advance(1_000);
    await client.until('sync-metrics');
    expect(JSON.stringify(client.frames)).not.toContain(outside);

    const back = await narrowed(role, [...granted]);
    await back.ask('observe', { after: journal });
    await back.until('push-accepted');
    await back.until('track-changed');
    expect(JSON.stringify(back.frames)).not.toContain(outside);
  });

  it('reads heads, versions, changes and sources of that module alone', async () => {
    const heads = await ask<{ heads: { resource: string }[] }>('get-heads', {
      environment,
      resources: [inside, outside],
    });
    expect(heads.heads.map(({ resource }) => resource)).toEqual([inside]);
    const versions = async (query: object): Promise<string[]> => {
      const answer = await ask<{ versions: FileVersion[] }>('get-history', { environment, ...query });
      return answer.versions.map(({ resource }) => resource);
    };
    expect(await versions({ resource: outside })).toEqual([]);
    expect(await versions({ resource: inside })).toEqual([inside]);
    expect(await versions({ prefix: '/' })).toEqual([inside]);
    const { changes } = await ask<{ changes: FileChange[] }>('get-changes', {
      environment,
      prefix: '/',
      since: { offset: 0 },
    });
    expect(changes.map(({ now }) => now.resource)).toEqual([inside]);
    const version = pushes.outside.heads[0]?.version;
    expect(await client.ask('get-source', { environment, resource: outside, version })).toMatchObject({
      error: { kind: 'not-found' },
    });
  });

  it('sees the runtimes of that module alone, and the policies that concern them', async () => {
    const { client: admin } = await stack.sender({ roles: ['admin'], grants: everywhere });
    for (const module of ['shop', 'bank']) {
      const target = { select: { module, environment } };
      expect(await admin.ask('set-policy', { target, hold: true })).toMatchObject({ status: true });
    }
    const { targets } = await ask<{ targets: TargetView[] }>('list-targets', {});
    expect(targets.map(({ module }) => module)).toEqual(['shop']);
    const { policies } = await ask<{ policies: Policy[] }>('get-policies', {});
    expect(policies.map(({ target }) => target)).toEqual([{ select: { module: 'shop', environment } }]);
  });

  it('is not given the audit, which speaks of all files', async () => {
    expect(await client.ask('get-audit', {})).toMatchObject({ error: { kind: 'forbidden' } });
  });
});

describe('[POLICY-2] a session of an admin, narrowed to one module by its identity', () => {
  it('sets policies of that module alone', async () => {
    const client = await narrowed('admin', []);
    const set = (module: string): Promise<unknown> =>
      client.ask('set-policy', { target: { select: { module, environment } }, hold: true });
    expect(await set('bank')).toMatchObject({ error: { kind: 'forbidden' } });
    expect(await set('shop')).toMatchObject({ status: true });
  });
});

describe('[OBSERVE-10] a session of a developer, narrowed to one module by its identity', () => {
  it('does not see what the same person pushed elsewhere', async () => {
    const { client: whole, login } = await stack.sender({ grants: everywhere });
    const vault = await patchPush(
      login,
      [{ resource: outside, text: '3', predecessor: pushes.outside.heads[0]?.digest ?? null }],
      { targets: [{ select: { module: 'bank' } }] },
    );
    expect(await whole.push(vault.envelope)).toMatchObject({ status: true });
    const { client } = await stack.sender({
      kept: login.kept,
      user: login.session,
      scope: { grants: [{ prefix: '/shop', environments: [environment] }] },
    });
    const { pushGuid } = vault;
    expect(await whole.ask('get-track', { pushGuid })).toMatchObject({ status: true });
    expect(await client.ask('get-track', { pushGuid })).toMatchObject({ error: { kind: 'not-found' } });
  });
});
