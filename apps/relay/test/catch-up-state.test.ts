import {
  type Head,
  type ICdPushEnvelop,
  type PatchHead,
  type Target,
  type TrackNotice,
} from '@cd-push/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client, RuntimeClient } from './support/clients.ts';
import { noticePush, patchPush, type File, type PushOptions, type SignedPush } from './support/envelopes.ts';
import type { SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const cart = '/shop/src/cart.ts';
const till = '/shop/src/till.ts';

let stack: Stack;
let sender: { client: Client; login: SigningLogin };
beforeEach(async () => {
  stack = await Stack.start();
  sender = await stack.sender();
});

const headOf = ({ resource, version, digest }: PatchHead): Head => ({ resource, version, digest });

const lane = (value: string): Target => ({ select: { module: 'shop', labels: { lane: value } } });

/** Pushes files upon what was pushed before; a file without a text is deleted. */
const push = async (
  files: Readonly<Record<string, string | null>>,
  before: readonly SignedPush[] = [],
  options: PushOptions = {},
  who = sender,
): Promise<SignedPush> => {
  const heads = new Map(before.flatMap((one) => one.heads).map((head) => [head.resource, head.digest]));
  const deleted = {
    content: { encoding: 'none' },
    head: { change: 'delete', digest: null, bytes: 0 },
  } as const;
  const signed = await patchPush(
    who.login,
    Object.entries(files).map(([resource, text]): File => ({
      resource,
      predecessor: heads.get(resource) ?? null,
      ...(text === null ? deleted : { text }),
    })),
    options,
  );
  expect(await who.client.push(signed.envelope)).toMatchObject({ status: true });
  return signed;
};

/** Where a push stands, by credential. */
const stagesOf = async ({ pushGuid }: SignedPush): Promise<Record<string, string>> => {
  const { push: view } = await sender.client.ask<{
    push: { recipients: { recipient: string; stage: string }[] };
  }>('get-track', { pushGuid });
  return Object.fromEntries(
    view.recipients.map(({ recipient, stage }) => [recipient.replace(/#.*/, ''), stage]),
  );
};

const leave = async ({ client, recipient }: { client: Client; recipient: string }): Promise<void> => {
  client.close();
  await expect
    .poll(async () => {
      const { targets } = await sender.client.ask<{
        targets: { recipient: string; connected: boolean }[];
      }>('list-targets', {});
      return targets.some((target) => target.connected && target.recipient === recipient);
    })
    .toBe(false);
};

/** Everything of the given pushes that a runtime is sent before what is pushed now. */
const sentTo = async (client: RuntimeClient, known: readonly SignedPush[]): Promise<number[]> => {
  const last = await noticePush(sender.login, 'last');
  await sender.client.push(last.envelope);
  const sent: number[] = [];
  for (;;) {
    const [event, payload] = await client.nextFrame();
    if (event !== 'apply-runtime-patch' && event !== 'show-notice') continue;
    const { pushGuid } = (payload as ICdPushEnvelop).pushData;
    if (pushGuid === last.pushGuid) return sent;
    sent.push(known.findIndex((one) => one.pushGuid === pushGuid));
  }
};

describe('[CATCHUP-2] a runtime that took a change and its reverse while it was away', () => {
  it('stays as it is where it was written neither', async () => {
    const runtime = await stack.runtime();
    const one = await push({ [cart]: 'A' });
    await runtime.client.apply(one.statement);
    await leave(runtime);
    const two = await push({ [cart]: 'B' }, [one]);
    const three = await push({ [cart]: 'A' }, [two]);
    const back = await stack.join(runtime.login, 'one', one.heads.map(headOf));
    expect(back.welcome.catchUp).toBe(0);
    expect(await sentTo(back.client, [one, two, three])).toEqual([]);
    expect(await stagesOf(two)).toEqual({ [runtime.login.session.runtime.guid]: 'superseded' });
    expect(await stagesOf(three)).toEqual({ [runtime.login.session.runtime.guid]: 'completed' });
  });

  it('is sent both where the change may have come to it, and ends where the journal does', async () => {
    const runtime = await stack.runtime();
    const one = await push({ [cart]: 'A' });
    await runtime.client.apply(one.statement);
    const two = await push({ [cart]: 'B' }, [one]);
    await runtime.client.next('apply-runtime-patch');
    await leave(runtime);
    const three = await push({ [cart]: 'A' }, [two]);
    const back = await stack.join(runtime.login, 'one', one.heads.map(headOf));
    expect(back.welcome.catchUp).toBe(2);
    await back.client.apply(two.statement);
    expect((await back.client.apply(three.statement)).pushData.contents).toEqual([
      { encoding: 'text', text: 'A' },
    ]);
    await expect.poll(() => stagesOf(three)).toEqual({ [runtime.login.session.runtime.guid]: 'completed' });
    expect(await stagesOf(two)).toEqual({ [runtime.login.session.runtime.guid]: 'completed' });
  });

  it('is sent both where the change brings another file as well', async () => {
    const runtime = await stack.runtime();
    const one = await push({ [cart]: 'A' });
    await runtime.client.apply(one.statement);
    await leave(runtime);
    const two = await push({ [cart]: 'B', [till]: 'B' }, [one]);
    const three = await push({ [cart]: 'A' }, [two]);
    const back = await stack.join(runtime.login, 'one', one.heads.map(headOf));
    expect(await sentTo(back.client, [one, two, three])).toEqual([1, 2]);
  });

  it('has no file that was made and deleted', async () => {
    const runtime = await stack.runtime();
    await leave(runtime);
    const one = await push({ [cart]: 'for debugging' });
    const two = await push({ [cart]: null }, [one]);
    const back = await stack.join(runtime.login);
    expect(await sentTo(back.client, [one, two])).toEqual([]);
    expect(await stagesOf(one)).toEqual({ [runtime.login.session.runtime.guid]: 'superseded' });
    expect(await stagesOf(two)).toEqual({ [runtime.login.session.runtime.guid]: 'completed' });
  });

  it('and joins late is sent the deletion of what a push brings that it needs for another file', async () => {
    await stack.runtime();
    const one = await push({ [cart]: '1', [till]: '1' });
    const two = await push({ [cart]: null }, [one]);
    const late = await stack.runtime({ name: 'late' });
    expect(late.welcome.catchUp).toBe(2);
    expect(await sentTo(late.client, [one, two])).toEqual([0, 1]);
  });
});

describe('[CATCHUP-3] what a runtime would refuse', () => {
  it('takes the place of nothing that is meant for it: pushes for others', async () => {
    const runtime = await stack.runtime({ labels: { lane: '2' } });
    await stack.runtime({ labels: { lane: '1' } });
    await leave(runtime);
    const one = await push({ [cart]: 'for all' });
    const two = await push({ [cart]: 'for lane 1' }, [one], { targets: [lane('1')] });
    const back = await stack.join(runtime.login);
    expect(back.welcome.catchUp).toBe(1);
    await back.client.apply(one.statement);
    await expect
      .poll(() => stagesOf(one))
      .toMatchObject({ [runtime.login.session.runtime.guid]: 'completed' });
    expect(await sentTo(back.client, [one, two])).toEqual([]);
  });

  it('is no state for who joins late: it gets the latest version that is meant for it, however many follow', async () => {
    await stack.runtime({ labels: { lane: '1' } });
    await stack.runtime({ labels: { lane: '2' } });
    const one = await push({ [cart]: 'for all' });
    const own = await push({ [cart]: 'for lane 2' }, [one], { targets: [lane('2')] });
    const pushes = [one, own];
    for (let count = 0; count < 12; count += 1)
      pushes.push(await push({ [cart]: `lane 1, ${count}` }, pushes.slice(-1), { targets: [lane('1')] }));
    const late = await stack.runtime({ name: 'late', labels: { lane: '2' } });
    expect(late.welcome.catchUp).toBe(1);
    expect(await sentTo(late.client, pushes)).toEqual([1]);
    const other = await stack.runtime({ name: 'late', labels: { lane: '1' } });
    expect(await sentTo(other.client, pushes)).toEqual([13]);
    const none = await stack.runtime({ name: 'late', labels: { lane: '2' } }, 'one', own.heads.map(headOf));
    expect(none.welcome.catchUp).toBe(0);
  });

  it('explains what follows it all the same: the chain comes along', async () => {
    const runtime = await stack.runtime({ labels: { lane: '2' } });
    await stack.runtime({ labels: { lane: '1' } });
    const one = await push({ [cart]: 'for all' });
    await runtime.client.apply(one.statement);
    await leave(runtime);
    const two = await push({ [cart]: 'for lane 1' }, [one], { targets: [lane('1')] });
    await push({ [cart]: 'for all again' }, [two]);
    const back = await stack.join(runtime.login, 'one', one.heads.map(headOf));
    const { pushData } = await back.client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData.skipped?.map(({ statement }) => statement)).toEqual([two.envelope.pushData.statement]);
  });

  it('takes the place of nothing that counts, and is not sent: pushes of a session that was taken back', async () => {
    const runtime = await stack.runtime();
    await leave(runtime);
    const thief = await stack.sender();
    const one = await push({ [cart]: 'good' });
    const two = await push({ [cart]: 'evil' }, [one], {}, thief);
    stack.authority.revoke(thief.login.session);
    await thief.client.closed;
    const back = await stack.join(runtime.login);
    await back.client.apply(one.statement);
    await expect.poll(() => stagesOf(one)).toEqual({ [runtime.login.session.runtime.guid]: 'completed' });
    expect(await sentTo(back.client, [one, two])).toEqual([]);
    expect(await stagesOf(two)).toEqual({ [runtime.login.session.runtime.guid]: 'failed' });
    const { push: view } = await sender.client.ask<{ push: TrackNotice }>('get-track', {
      pushGuid: two.pushGuid,
    });
    expect(view.recipients).toMatchObject([{ problem: { kind: 'session-revoked' } }]);
  });
});

describe('[POLICY-4] the mode of a runtime', () => {
  it('is not got round by coming back: it is brought the state of those alone whose pushes it takes', async () => {
    const admin = await stack.sender({ roles: ['admin'] });
    const { id } = sender.login.session.user;
    const runtime = await stack.runtime({ user: id });
    const { guid } = runtime.login.session.runtime;
    expect(await admin.client.ask('set-policy', { target: { guid }, mode: 'local' })).toMatchObject({
      status: true,
    });
    await stack.runtime();
    const stranger = await stack.sender();
    const one = await push({ [cart]: 'own' });
    await runtime.client.until('apply-runtime-patch');
    const two = await push({ [cart]: 'foreign', [till]: 'foreign' }, [one], {}, stranger);
    await leave(runtime);
    const other = await stack.join(runtime.login, 'another');
    expect(await sentTo(other.client, [one, two])).toEqual([0]);
  });
});
