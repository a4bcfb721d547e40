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
import { noticePush, patchPush, type SignedPush } from './support/envelopes.ts';
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
    const { recipient } = await stack.runtime();
    // Each of these characters takes six when it is written as JSON, so that no envelope holds so many, but deltas do.
    const part = '\u0001'.repeat(1_200_000);
    let before = await push({ [cart]: part });
    let text = part;
    for (let count = 0; count < 5; count += 1) {
      const splices = [{ at: text.length, remove: 0, insert: part }];
      text += part;
      const next = await patchPush(sender.login, [
        {
          resource: cart,
          text,
          predecessor: before.heads[0]?.digest ?? null,
          content: { encoding: 'delta', splices },
        },
      ]);
      expect(await sender.client.push(next.envelope)).toMatchObject({ status: true });
      before = next;
    }
    const joined = await stack.runtime({ name: 'joins' });
    expect(joined.recipient).not.toBe(recipient);
    const { pushData } = await joined.client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData.contents).toEqual([{ encoding: 'text', text }]);
    expect(JSON.stringify(text).length).toBeGreaterThan(32 * 1024 * 1024);
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

  it('gets the latest of each file, oldest first, and what was overtaken is superseded', async () => {
    const login = stack.authority.runtime();
    const { guid } = login.session.runtime;
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}] });
    const first = await push({ [cart]: '1' });
    const other = await push({ [till]: '1' });
    const second = await push({ [cart]: '2' }, first.heads);
    expect(await stagesOf(first)).toEqual({ [guid]: 'superseded' });
    expect(await sender.client.until<TrackNotice>('push-msg-superseded')).toMatchObject({
      pushGuid: first.pushGuid,
      recipients: [{ recipient: guid, stage: 'superseded' }],
    });
    const { client, welcome } = await stack.join(login);
    expect(welcome.catchUp).toBe(2);
    expect((await client.apply(other.statement)).pushData.pushGuid).toBe(other.pushGuid);
    expect((await client.apply(second.statement)).pushData.pushGuid).toBe(second.pushGuid);
    await expect.poll(() => stagesOf(second)).toEqual({ [guid]: 'completed' });
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

  it('loses nothing of what is pushed while it is being caught up, and gets it in order', async () => {
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
  it('settles what the runtime holds already, though its acknowledgement was lost', async () => {
    const runtime = await stack.runtime();
    const signed = await push({ [cart]: '1', [till]: '1' });
    await runtime.client.next('apply-runtime-patch');
    runtime.client.close();
    const { welcome } = await stack.join(runtime.login, 'one', signed.heads.map(headOf));
    expect(welcome.catchUp).toBe(0);
    expect(await stagesOf(signed)).toEqual({ [runtime.recipient]: 'completed' });
  });

  it('of a higher version means that the push was superseded', async () => {
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

  it('without some heads is sent these alone, and its acknowledgements move nobody’s track', async () => {
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

  it('of an instance that is connected already takes over from it', async () => {
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

describe('an instance that left', () => {
  it('has its open tracks kept while it may be back, and expired after 45 s', async () => {
    const runtime = await stack.runtime();
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
    const runtime = await stack.runtime();
    const signed = await push({ [cart]: '1' });
    await runtime.client.next('apply-runtime-patch');
    runtime.client.close();
    await expect
      .poll(() => sender.client.ask('list-targets', {}))
      .toMatchObject({ targets: [{ connected: false }] });
    clock.advance(44_000);
    const { client } = await stack.join(runtime.login);
    clock.advance(2_000);
    await client.apply(signed.statement);
    await sender.client.until('push-msg-completed');
    expect(await stagesOf(signed)).toEqual({ [runtime.recipient]: 'completed' });
  });
});
