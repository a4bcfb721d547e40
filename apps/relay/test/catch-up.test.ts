import {
  limits,
  protocolVersion,
  type Head,
  type ICdPushEnvelop,
  type PatchHead,
  type TrackNotice,
} from '@cd-push/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client } from './support/clients.ts';
import { deltaOf, noticePush, patchPush, type SignedPush } from './support/envelopes.ts';
import type { SigningLogin } from './support/memory-authority.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';

const cart = '/shop/src/cart.ts';
const till = '/shop/src/till.ts';

let clock: ManualClock;
let stack: Stack;
let sender: { client: Client; login: SigningLogin };
beforeEach(async () => {
  clock = new ManualClock();
  stack = await Stack.start({ clock });
  sender = await stack.sender();
});

const headOf = ({ resource, version, digest }: PatchHead): Head => ({ resource, version, digest });

/** Pushes the files upon what was pushed before. */
const push = async (
  files: Readonly<Record<string, string>>,
  before: readonly PatchHead[] = [],
): Promise<SignedPush> => {
  const predecessorOf = (resource: string): string | null =>
    before.find((head) => head.resource === resource)?.digest ?? null;
  const signed = await patchPush(
    sender.login,
    Object.entries(files).map(([resource, text]) => ({
      resource,
      text,
      predecessor: predecessorOf(resource),
    })),
  );
  expect(await sender.client.push(signed.envelope)).toMatchObject({ status: true });
  return signed;
};

const stagesOf = async ({ pushGuid }: SignedPush): Promise<Record<string, string>> => {
  const { push: view } = await sender.client.ask<{
    push: { recipients: { recipient: string; stage: string }[] };
  }>('get-track', { pushGuid });
  return Object.fromEntries(view.recipients.map(({ recipient, stage }) => [recipient, stage]));
};

describe('a runtime that was absent', () => {
  it('is not taken for a slow one for the length of what it is sent', async () => {
    await stack.runtime();
    const text = 'x'.repeat(7 * 1024 * 1024);
    const sent: string[] = [];
    for (let count = 0; count < 6; count += 1)
      sent.push((await push({ [`/shop/large-${count}.txt`]: `${count}${text}` })).pushGuid);
    const { client, welcome } = await stack.runtime({ name: 'joins' });
    expect(welcome.catchUp).toBe(6);
    const got: string[] = [];
    while (got.length < 6)
      got.push((await client.next<ICdPushEnvelop>('apply-runtime-patch')).pushData.pushGuid);
    expect(got).toEqual(sent);
  });

  it('fetches by its digest what no envelope holds', async () => {
    await stack.runtime();
    // Each of these characters takes six when it is written as JSON.
    const half = '\u0001'.repeat(800_000);
    const first = await push({ [cart]: half });
    const text = half + half;
    const delta = await patchPush(sender.login, [
      {
        resource: cart,
        text,
        predecessor: first.heads[0]?.digest ?? null,
        content: await deltaOf(half, text),
      },
    ]);
    expect(await sender.client.push(delta.envelope)).toMatchObject({ status: true });
    const { client } = await stack.runtime({ name: 'joins' });
    const { pushData } = await client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData.contents).toEqual([{ encoding: 'stored' }]);
  });

  it('is owed the push by its credential, and completes it when it is back', async () => {
    const login = stack.authority.runtime();
    const { guid } = login.session.runtime;
    await expect
      .poll(() => sender.client.ask('list-targets', {}))
      .toMatchObject({ targets: [{ recipient: guid }] });
    const signed = await push({ [cart]: '1' });
    expect(await stagesOf(signed)).toEqual({ [guid]: 'relayed' });

    const { client, welcome } = await stack.join(login);
    expect(welcome.catchUp).toBe(1);
    const copy = await client.apply(signed.statement);
    expect(copy.pushData.pushGuid).toBe(signed.pushGuid);
    const done = await sender.client.until<TrackNotice>('push-msg-completed');
    expect(done).toMatchObject({ outcome: 'completed', recipients: [{ recipient: guid }] });
  });

  it('[CATCHUP-3] gets the latest of each file, oldest first, and what is overtaken is superseded', async () => {
    const login = stack.authority.runtime();
    const { guid } = login.session.runtime;
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}] });
    const first = await push({ [cart]: '1' });
    const other = await push({ [till]: '1' });
    const second = await push({ [cart]: '2' }, first.heads);
    expect(await stagesOf(first)).toEqual({ [guid]: 'relayed' });
    const { client, welcome } = await stack.join(login);
    expect(welcome.catchUp).toBe(2);
    const copy = await client.apply(other.statement);
    expect(copy.pushData).toMatchObject({ pushGuid: other.pushGuid, isCatchUp: true });
    expect((await client.apply(second.statement)).pushData.pushGuid).toBe(second.pushGuid);
    expect(await sender.client.until<TrackNotice>('push-msg-superseded')).toMatchObject({
      pushGuid: first.pushGuid,
      recipients: [{ recipient: guid, stage: 'superseded' }],
    });
    await expect.poll(() => stagesOf(second)).toEqual({ [guid]: 'completed' });
  });

  it('[CATCHUP-3] gets a push of several files whole and in its order, if one of its files is replaced by nothing', async () => {
    const login = stack.authority.runtime();
    const { guid } = login.session.runtime;
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}] });
    const both = await push({ [cart]: '1', [till]: '1' });
    const second = await push({ [cart]: '2' }, both.heads);
    const { client, welcome } = await stack.join(login);
    expect(welcome.catchUp).toBe(2);
    const { pushData } = await client.apply(both.statement);
    expect(pushData.contents).toEqual([
      { encoding: 'text', text: '1' },
      { encoding: 'text', text: '1' },
    ]);
    expect((await client.apply(second.statement)).pushData.pushGuid).toBe(second.pushGuid);
    await expect.poll(() => stagesOf(both)).toEqual({ [guid]: 'completed' });
  });

  it('[CATCHUP-2] of 200 pushes over 20 files gets 20, in order and marked; one that never left gets 200', async () => {
    const login = stack.authority.runtime();
    const { guid } = login.session.runtime;
    const present = await stack.runtime({ name: 'present' });
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}, {}] });
    const heads = new Map<string, SignedPush>();
    const pushes: SignedPush[] = [];
    for (let count = 0; count < 200; count += 1) {
      const resource = `/shop/file-${count % 20}.ts`;
      const signed = await push({ [resource]: `${count}` }, heads.get(resource)?.heads);
      heads.set(resource, signed);
      pushes.push(signed);
    }
    for (const { pushGuid } of pushes) {
      const { pushData } = await present.client.next<ICdPushEnvelop>('apply-runtime-patch');
      expect([pushData.pushGuid, pushData.isCatchUp]).toEqual([pushGuid, undefined]);
    }

    // What a session may ask in one go is used up.
    clock.advance(5_000);
    const { client, welcome } = await stack.join(login);
    expect(welcome.catchUp).toBe(20);
    const offsets: number[] = [];
    for (const { pushGuid, statement } of pushes.slice(180)) {
      const { pushData } = await client.apply(statement);
      expect([pushData.pushGuid, pushData.isCatchUp]).toEqual([pushGuid, true]);
      offsets.push(pushData.offset ?? 0);
    }
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    expect(welcome.journal.offset).toBeGreaterThanOrEqual(offsets.at(-1) ?? 0);
    await expect.poll(async () => (await stagesOf(pushes[199]!))[guid]).toBe('completed');
    const stages = await Promise.all(pushes.map(async (signed) => (await stagesOf(signed))[guid]));
    expect(stages.filter((stage) => stage === 'superseded')).toHaveLength(180);
    expect(client.frames).toHaveLength(20);
  });

  it('gets notices too, until their time has passed', async () => {
    const login = stack.authority.runtime();
    const { guid } = login.session.runtime;
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}] });
    const kept = await noticePush(sender.login, 'kept');
    const short = await noticePush(sender.login, 'short', { deliverBy: Date.now() + 30_000 });
    await sender.client.push(kept.envelope);
    await sender.client.push(short.envelope);
    clock.advance(61_000);
    const failed = await sender.client.until<TrackNotice>('push-msg-failed');
    expect(failed).toMatchObject({
      pushGuid: short.pushGuid,
      outcome: 'expired',
      recipients: [{ recipient: guid, stage: 'expired', problem: { kind: 'expired' } }],
    });
    const { client } = await stack.join(login);
    expect((await client.next<ICdPushEnvelop>('show-notice')).pushData.m).toBe('kept');
  });

  it('is owed nothing for longer than the limit, whatever a statement asks for', async () => {
    stack.authority.runtime();
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}] });
    const livesMs = 2 * limits.deliverWithinMs;
    const { client, login } = await stack.sender({ livesMs });
    const lasting = await noticePush(login, 'for ever', { deliverBy: Number.MAX_SAFE_INTEGER });
    expect(await client.push(lasting.envelope)).toMatchObject({ status: true });
    clock.advance(limits.deliverWithinMs + 60_000);
    expect(await client.until<TrackNotice>('push-msg-failed')).toMatchObject({ outcome: 'expired' });
  });

  it('[CATCHUP-2] loses nothing of what is pushed while it is being caught up, and gets it in order', async () => {
    const login = stack.authority.runtime();
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}] });
    let last = await push({ [cart]: '0' });
    const joining = stack.join(login);
    const guids: string[] = [];
    for (let version = 1; version <= 20; version += 1) {
      last = await push({ [cart]: String(version) }, last.heads);
      guids.push(last.pushGuid);
    }
    const { client } = await joining;
    const seen: string[] = [];
    while (seen.at(-1) !== last.pushGuid) {
      seen.push((await client.next<ICdPushEnvelop>('apply-runtime-patch')).pushData.pushGuid);
    }
    // What it was sent is the end of the line of pushes, without a gap and without a repeat.
    const known = seen.filter((guid) => guids.includes(guid));
    expect(known).toEqual(guids.slice(guids.length - known.length));
  });
});

describe('a hello', () => {
  it('[CATCHUP-4] settles what the runtime holds already, though its acknowledgement was lost', async () => {
    const runtime = await stack.runtime();
    const signed = await push({ [cart]: '1', [till]: '1' });
    await runtime.client.next('apply-runtime-patch');
    runtime.client.close();
    const { welcome } = await stack.join(runtime.login, 'one', signed.heads.map(headOf));
    expect(welcome.catchUp).toBe(0);
    expect(await stagesOf(signed)).toEqual({ [runtime.recipient]: 'completed' });
  });

  it('[CATCHUP-4] of a higher version means that the push was superseded', async () => {
    const runtime = await stack.runtime();
    const first = await push({ [cart]: '1' });
    const second = await push({ [cart]: '2' }, first.heads);
    runtime.client.close();
    await stack.join(runtime.login, 'one', second.heads.map(headOf));
    expect(await stagesOf(first)).toEqual({ [runtime.recipient]: 'superseded' });
    expect(await stagesOf(second)).toEqual({ [runtime.recipient]: 'completed' });
  });

  it('of a base with the same content asks for nothing', async () => {
    await stack.runtime();
    const signed = await push({ [cart]: '1' });
    const base = signed.heads.map((head) => ({ ...headOf(head), version: 0 }));
    const { welcome } = await stack.runtime({}, 'one', base);
    expect(welcome.catchUp).toBe(0);
  });

  it('[CATCHUP-5] without some heads is sent these alone, and its acknowledgements move nobody’s track', async () => {
    const first = await stack.runtime();
    const signed = await push({ [cart]: '1' });
    await push({ [till]: '1' });
    const late = await stack.runtime({}, 'one', signed.heads.map(headOf));
    expect(late.welcome.catchUp).toBe(1);
    const copy = await late.client.next<ICdPushEnvelop>('apply-runtime-patch');
    late.client.acknowledge('push-msg-complete', copy.pushData.pushGuid, signed.statement);
    expect(await stagesOf(signed)).toEqual({ [first.recipient]: 'pushed' });
  });

  it('brings the skipped statements that lead from what is held to the head', async () => {
    await stack.runtime();
    const versions: SignedPush[] = [];
    for (const text of ['1', '2', '3', '4'])
      versions.push(await push({ [cart]: text }, versions.at(-1)?.heads));
    const held = versions[0]!.heads.map(headOf);
    const { client, welcome } = await stack.runtime({}, 'one', held);
    expect(welcome.catchUp).toBe(1);
    const { pushData } = await client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData.pushGuid).toBe(versions[3]!.pushGuid);
    expect(pushData.skipped?.map(({ statement }) => statement)).toEqual(
      [versions[1]!, versions[2]!].map(({ envelope }) => envelope.pushData.statement),
    );
  });

  it('of another protocol version is refused', async () => {
    const login = stack.authority.runtime();
    const client = stack.client({ token: login.token });
    await client.connected();
    const hello = { protocol: 99, instance: 'one', kind: 'node', base: null, heads: [], retainedBytes: 0 };
    expect(await client.ask('runtime-hello', hello)).toMatchObject({
      status: false,
      error: { kind: 'unsupported-version', path: '/protocol' },
    });
    expect(await sender.client.ask('runtime-hello', hello)).toMatchObject({
      status: false,
      error: { kind: 'forbidden' },
    });
  });

  it('speaks for one instance of a connection, and may be said again', async () => {
    const { client, recipient } = await stack.runtime();
    await expect(client.hello('another')).rejects.toThrow('invalid-request');
    expect(await client.hello('one')).toMatchObject({ recipient });
  });

  it('of one instance more than a credential may have at a time is refused, and of a known one is not', async () => {
    const first = await stack.runtime({}, 'instance-0');
    for (let count = 1; count < 64; count += 1) await stack.join(first.login, `instance-${count}`);
    const hello = { protocol: protocolVersion, kind: 'node', base: null, heads: [], retainedBytes: 0 };
    const late = await stack.client({ token: first.login.token }).connected();
    expect(await late.ask('runtime-hello', { ...hello, instance: 'instance-64' })).toMatchObject({
      status: false,
      error: { kind: 'forbidden', path: '/instance' },
    });
    const again = await stack.join(first.login, 'instance-0');
    expect(again.welcome.recipient).toBe(first.recipient);
    const { recipient } = await stack.runtime();
    expect(recipient).not.toBe(first.recipient);
  });

  it('[CATCHUP-7] of an instance that is connected already takes over from it', async () => {
    const runtime = await stack.runtime();
    const { client } = await stack.join(runtime.login);
    expect(await runtime.client.closed).toMatchObject({ code: 4005 });
    await push({ [cart]: '1' });
    await client.next('apply-runtime-patch');
  });

  it('tells the clock and the limits', async () => {
    const { welcome } = await stack.runtime();
    expect(welcome).toMatchObject({ serverTime: clock.now(), envelopeBytes: limits.envelopeBytes });
  });
});

describe('a runtime that failed to apply', () => {
  it('is sent with the next push the statement that it lacks', async () => {
    const runtime = await stack.runtime();
    const upToDate = await stack.runtime();
    const first = await push({ [cart]: '1' });
    await runtime.client.apply(first.statement);
    await upToDate.client.apply(first.statement);
    const second = await push({ [cart]: '2' }, first.heads);
    await runtime.client.next('apply-runtime-patch');
    await upToDate.client.apply(second.statement);
    runtime.client.fail(second.pushGuid, second.statement, {
      type: 'x',
      title: 'x',
      status: 500,
      kind: 'apply-failed',
      retryable: true,
    });
    await sender.client.until('push-msg-failed');
    await expect.poll(() => stagesOf(second)).toMatchObject({ [upToDate.recipient]: 'completed' });
    await push({ [cart]: '3' }, second.heads);
    const behind = await runtime.client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(behind.pushData.skipped?.map(({ statement }) => statement)).toEqual([
      second.envelope.pushData.statement,
    ]);
    const current = await upToDate.client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(current.pushData.skipped).toBeUndefined();
  });
});

describe('a tab that left', () => {
  it('[CATCHUP-6] has its open tracks kept while it may be back, and expired after 45 s', async () => {
    const runtime = await stack.runtime({}, 'one', [], { kind: 'browser' });
    const signed = await push({ [cart]: '1' });
    await runtime.client.next('apply-runtime-patch');
    runtime.client.close();
    await expect
      .poll(() => sender.client.ask('list-targets', {}))
      .toMatchObject({ targets: [{ connected: false }] });
    clock.advance(44_000);
    expect(await stagesOf(signed)).toEqual({ [runtime.recipient]: 'pushed' });
    clock.advance(2_000);
    expect(await sender.client.until<TrackNotice>('push-msg-failed')).toMatchObject({
      outcome: 'expired',
      recipients: [{ recipient: runtime.recipient }],
    });
  });

  it('and is back in time goes on where it was', async () => {
    const runtime = await stack.runtime({}, 'one', [], { kind: 'browser' });
    const signed = await push({ [cart]: '1' });
    await runtime.client.next('apply-runtime-patch');
    runtime.client.close();
    await expect
      .poll(() => sender.client.ask('list-targets', {}))
      .toMatchObject({ targets: [{ connected: false }] });
    clock.advance(44_000);
    const { client } = await stack.join(runtime.login, 'one', [], { kind: 'browser' });
    clock.advance(2_000);
    await client.apply(signed.statement);
    await sender.client.until('push-msg-completed');
    expect(await stagesOf(signed)).toEqual({ [runtime.recipient]: 'completed' });
  });
});

describe('a program that left', () => {
  it('[CATCHUP-6] is owed its pushes for as long as they are to be delivered: it keeps its name over restarts', async () => {
    const runtime = await stack.runtime();
    const signed = await push({ [cart]: '1' });
    await runtime.client.next('apply-runtime-patch');
    runtime.client.close();
    await expect
      .poll(() => sender.client.ask('list-targets', {}))
      .toMatchObject({ targets: [{ connected: false }] });
    clock.advance(10 * 60_000);
    expect(await stagesOf(signed)).toEqual({ [runtime.recipient]: 'pushed' });
    const { client } = await stack.join(runtime.login);
    await client.apply(signed.statement);
    await sender.client.until('push-msg-completed');
    expect(await stagesOf(signed)).toEqual({ [runtime.recipient]: 'completed' });
  });
});
