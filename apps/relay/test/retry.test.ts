import {
  problemOf,
  type ICdPushEnvelop,
  type RetryPush,
  type RetryPushAnswer,
  type TrackNotice,
} from '@cd-push/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client, RuntimeClient } from './support/clients.ts';
import { noticePush, operationPush, patchPush, type SignedPush } from './support/envelopes.ts';
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

const broken = problemOf('apply-failed', { detail: 'It threw while it was evaluated: no.', resource: cart });

const push = async (resources = [cart], before: readonly SignedPush[] = []): Promise<SignedPush> => {
  const heads = before.flatMap((one) => one.heads);
  const predecessorOf = (resource: string): string | null =>
    heads.findLast((head) => head.resource === resource)?.digest ?? null;
  const signed = await patchPush(
    sender.login,
    resources.map((resource) => ({
      resource,
      text: crypto.randomUUID(),
      predecessor: predecessorOf(resource),
    })),
  );
  expect(await sender.client.push(signed.envelope)).toMatchObject({ status: true });
  return signed;
};

/** Takes a push in and reports that it failed. */
const fail = async (
  client: RuntimeClient,
  { pushGuid, statement }: SignedPush,
  attempt = 1,
): Promise<void> => {
  await client.until<ICdPushEnvelop>('apply-runtime-patch', ({ pushData }) => pushData.pushGuid === pushGuid);
  client.fail(pushGuid, statement, broken, attempt);
  await sender.client.until<TrackNotice>(
    'push-msg-failed',
    ({ recipients, ...notice }) => notice.pushGuid === pushGuid && recipients[0]?.attempt === attempt,
  );
};

const retry = (
  { pushGuid }: SignedPush,
  options: Partial<RetryPush> = {},
  client = sender.client,
): Promise<RetryPushAnswer> => client.ask('retry-push', { pushGuid, stages: ['failed'], ...options });

const trackOf = async ({ pushGuid }: SignedPush): Promise<unknown[]> =>
  (await sender.client.ask<{ push: { recipients: unknown[] } }>('get-track', { pushGuid })).push.recipients;

describe('[RETRY-1] a retry', () => {
  it('opens attempt 2 with the same signed bytes, which completes', async () => {
    const { client, recipient } = await stack.runtime();
    const signed = await push();
    const [, first] = await client.nextFrame();
    client.fail(signed.pushGuid, signed.statement, broken);
    await sender.client.until('push-msg-failed');
    expect(await retry(signed)).toEqual({
      status: true,
      attempts: [{ recipient, attempt: 2 }],
      refused: [],
    });
    const second = await client.next<ICdPushEnvelop>('apply-runtime-patch');
    const bytes = ({ pushData }: ICdPushEnvelop): unknown[] => [
      pushData.pushGuid,
      pushData.statement,
      pushData.certificate,
      pushData.acceptance,
      pushData.contents,
    ];
    expect(second.pushData.attempt).toBe(2);
    expect(bytes(second)).toEqual(bytes(first as ICdPushEnvelop));
    client.acknowledge('push-ack', signed.pushGuid, signed.statement, 2);
    client.acknowledge('push-msg-complete', signed.pushGuid, signed.statement, 2);
    expect(await sender.client.until<TrackNotice>('push-msg-completed')).toMatchObject({
      outcome: 'completed',
      recipients: [{ recipient, attempt: 2 }],
    });
    expect(await trackOf(signed)).toMatchObject([{ attempt: 2, stage: 'completed' }]);
  });

  it('of an attempt that was left behind hears nothing more: late reports of the first change nothing', async () => {
    const { client } = await stack.runtime();
    const signed = await push();
    await fail(client, signed);
    await retry(signed);
    await client.next('apply-runtime-patch');
    client.acknowledge('push-msg-complete', signed.pushGuid, signed.statement, 1);
    client.acknowledge('push-ack', signed.pushGuid, signed.statement, 2);
    await sender.client.until('push-delivered');
    expect(await trackOf(signed)).toMatchObject([{ attempt: 2, stage: 'delivered' }]);
  });

  it('can fail again, and be tried again', async () => {
    const { client, recipient } = await stack.runtime();
    const signed = await push();
    await fail(client, signed);
    for (const attempt of [2, 3, 4]) {
      expect(await retry(signed)).toMatchObject({ attempts: [{ recipient, attempt }] });
      await fail(client, signed, attempt);
    }
  });

  it('waits for whoever is away', async () => {
    const runtime = await stack.runtime();
    const signed = await push();
    await fail(runtime.client, signed);
    runtime.client.close();
    await expect
      .poll(() => sender.client.ask('list-targets', {}))
      .toMatchObject({ targets: [{ connected: false }] });
    expect(await retry(signed)).toMatchObject({ attempts: [{ attempt: 2 }] });
    const { client } = await stack.join(runtime.login);
    const { pushData } = await client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData).toMatchObject({ pushGuid: signed.pushGuid, attempt: 2 });
  });

  it('of recipients that are named leaves the others as they are', async () => {
    const [one, two] = [await stack.runtime(), await stack.runtime()];
    const signed = await push();
    await fail(one.client, signed);
    await fail(two.client, signed);
    expect(await retry(signed, { recipients: [two.recipient] })).toMatchObject({
      attempts: [{ recipient: two.recipient, attempt: 2 }],
      refused: [],
    });
    expect(await trackOf(signed)).toMatchObject([{ attempt: 1, stage: 'failed' }, { attempt: 2 }]);
  });

  it('of what expired is asked for by that name', async () => {
    const runtime = await stack.runtime({}, 'one', []);
    const signed = await push();
    runtime.client.fail(signed.pushGuid, signed.statement, problemOf('expired'));
    await sender.client.until('push-msg-failed');
    expect(await retry(signed, { stages: ['expired'] })).toMatchObject({ attempts: [], refused: [] });
    expect(await retry(signed, { stages: ['expired', 'failed'] })).toMatchObject({
      attempts: [{ attempt: 2 }],
    });
  });

  it('comes once, however many ask at a time', async () => {
    const { client, recipient } = await stack.runtime();
    const signed = await push();
    await fail(client, signed);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => retry(signed, { recipients: [recipient] })),
    );
    expect(answers.flatMap(({ attempts }) => attempts)).toEqual([{ recipient, attempt: 2 }]);
    for (const { refused } of answers.filter(({ attempts }) => attempts.length === 0))
      expect(refused).toMatchObject([{ recipient, problem: { kind: 'conflict' } }]);
  });
});

describe('[RETRY-3] a retry is refused, each recipient with its problem', () => {
  it('where it is open, completed, unknown, or ended otherwise', async () => {
    const [open, done, failed] = [await stack.runtime(), await stack.runtime(), await stack.runtime()];
    const signed = await push();
    await done.client.apply(signed.statement);
    await sender.client.until('push-msg-completed');
    await fail(failed.client, signed);
    const unknown = crypto.randomUUID();
    const recipients = [open.recipient, done.recipient, unknown, failed.recipient];
    expect(await retry(signed, { stages: ['expired'], recipients })).toEqual({
      status: true,
      attempts: [],
      refused: [
        { recipient: open.recipient, problem: expect.objectContaining({ kind: 'conflict' }) },
        { recipient: done.recipient, problem: expect.objectContaining({ kind: 'conflict' }) },
        { recipient: unknown, problem: expect.objectContaining({ kind: 'not-found' }) },
        { recipient: failed.recipient, problem: expect.objectContaining({ kind: 'conflict' }) },
      ],
    });
    // Without names it is about those that failed, and about nobody else.
    expect(await retry(signed)).toMatchObject({ attempts: [{ recipient: failed.recipient }], refused: [] });
  });

  it('where later pushes have replaced all its files, and not where some are left', async () => {
    const { client } = await stack.runtime();
    const both = await push([cart, till]);
    await fail(client, both);
    const first = await push([cart], [both]);
    expect(await retry(both)).toMatchObject({ attempts: [{ attempt: 2 }], refused: [] });
    await fail(client, both, 2);
    const second = await push([till], [both]);
    expect(await retry(both)).toMatchObject({
      attempts: [],
      refused: [
        { problem: { kind: 'stale-version', resource: cart, current: { version: first.heads[0]!.version } } },
      ],
    });
    expect(second.pushGuid).not.toBe(first.pushGuid);
  });

  it('where its time to deliver has passed', async () => {
    const { client, recipient } = await stack.runtime();
    const signed = await noticePush(sender.login, 'x', { deliverBy: Date.now() + 20_000 });
    await sender.client.push(signed.envelope);
    await client.next('show-notice');
    client.fail(signed.pushGuid, signed.statement, broken);
    await sender.client.until('push-msg-failed');
    clock.advance(21_000);
    expect(await retry(signed)).toMatchObject({
      attempts: [],
      refused: [{ recipient, problem: { kind: 'expired' } }],
    });
  });

  it('where the session that signed it was ended for cause', async () => {
    const { client, recipient } = await stack.runtime();
    const signed = await push();
    await fail(client, signed);
    const other = await stack.sender();
    stack.authority.revoke(sender.login.session);
    await sender.client.closed;
    expect(await retry(signed, {}, other.client)).toMatchObject({
      attempts: [],
      refused: [{ recipient, problem: { kind: 'session-revoked' } }],
    });
  });

  it('where the runtime is no more', async () => {
    const { client, recipient, login } = await stack.runtime();
    const signed = await push();
    await fail(client, signed);
    stack.authority.change({ kind: 'runtime-removed', guid: login.session.runtime.guid });
    expect(await retry(signed)).toMatchObject({
      refused: [{ recipient, problem: { kind: 'no-recipients' } }],
    });
  });
});

describe('[RETRY-2] a retry needs the right to push', () => {
  it('those files to that environment, as it is now', async () => {
    const { client, recipient } = await stack.runtime();
    const signed = await push([cart, till]);
    await fail(client, signed);
    const part = await stack.sender({ grants: [{ prefix: cart, environments: ['development'] }] });
    expect(await retry(signed, {}, part.client)).toMatchObject({
      attempts: [],
      refused: [{ recipient, problem: { kind: 'forbidden', resource: till } }],
    });
    const { user } = sender.login.session;
    stack.authority.change({ kind: 'grants-changed', user: user.id, grants: [] });
    expect(await retry(signed)).toMatchObject({
      refused: [{ problem: { kind: 'forbidden', resource: cart } }],
    });
    const colleague = await stack.sender({ grants: [{ prefix: '/shop/src', environments: ['*'] }] });
    expect(await retry(signed, {}, colleague.client)).toMatchObject({
      attempts: [{ recipient, attempt: 2 }],
    });
  });

  it('of an operation the whole of the module, and of what is out of sight nothing is said', async () => {
    const { client } = await stack.runtime();
    const signed = await operationPush(sender.login, 'clear', {});
    await sender.client.push(signed.envelope);
    await client.next('execute-operation');
    client.fail(signed.pushGuid, signed.statement, problemOf('not-found'));
    await sender.client.until('push-msg-failed');
    const peer = await stack.sender();
    const hidden = { status: false, error: { kind: 'not-found', path: '/pushGuid' } };
    expect(await retry(signed, {}, peer.client)).toMatchObject(hidden);
    const { user } = sender.login.session;
    const grants = [{ prefix: '/shop/css', environments: ['*'] }];
    stack.authority.change({ kind: 'grants-changed', user: user.id, grants });
    expect(await retry(signed)).toMatchObject({ refused: [{ problem: { kind: 'no-recipients' } }] });
    const none = { pushGuid: crypto.randomUUID() } as SignedPush;
    expect(await retry(none)).toMatchObject(hidden);
  });

  it('and a developer or admin: an observer may not', async () => {
    const { client } = await stack.runtime();
    const signed = await push();
    await fail(client, signed);
    const observer = await stack.sender({
      roles: ['observer'],
      grants: [{ prefix: '/', environments: ['*'] }],
    });
    expect(await retry(signed, {}, observer.client)).toMatchObject({
      status: false,
      error: { kind: 'forbidden' },
    });
  });

  it.each([
    [{ stages: [] }, '/stages'],
    [{ stages: ['completed'] }, '/stages/0'],
    [{ recipients: [] }, '/recipients'],
    [{ pushGuid: 'x' }, '/pushGuid'],
  ])('and one that makes sense: %j', async (options, path) => {
    const payload = { pushGuid: crypto.randomUUID(), stages: ['failed'], ...options };
    expect(await sender.client.ask('retry-push', payload)).toMatchObject({
      status: false,
      error: { kind: 'invalid-request', path },
    });
  });
});
