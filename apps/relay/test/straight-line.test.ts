import { problemOf, type ICdPushEnvelop, type TrackNotice } from '@cd-push/protocol';
import { describe, expect, it } from 'vitest';

import { patchPush } from './support/envelopes.ts';
import { recipientsOf } from './support/clients.ts';
import { Stack } from './support/stack.ts';

describe('the way of a push', () => {
  it('tracks an accepted push to its completion at the recipient', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const { client: sender, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: '/shop/src/cart.ts', text: 'export const a = 1;' }]);

    const answer = await sender.push(push.envelope);
    expect(answer).toMatchObject({
      status: true,
      pushGuid: push.pushGuid,
      duplicate: false,
      recipients: [runtime.recipient],
    });

    const copy = await runtime.client.apply(push.statement);
    expect(copy.pushData).toMatchObject({
      statement: push.envelope.pushData.statement,
      attempt: 1,
      commTrack: { relayed: true, pushed: true, delivered: false },
    });

    for (const event of ['push-msg-relayed', 'push-msg-pushed']) {
      expect(recipientsOf(await sender.next<TrackNotice>(event))).toEqual([runtime.recipient]);
    }
    const completed = await sender.until<TrackNotice>('push-msg-completed');
    expect(completed).toMatchObject({
      outcome: 'completed',
      commTrack: { delivered: true, completed: true },
    });
    const { relayTime, pushTime, deliveryTime, completedTime } = completed.commTrack;
    expect([relayTime, pushTime, deliveryTime, completedTime]).toEqual(
      [relayTime, pushTime, deliveryTime, completedTime].toSorted((a, b) => (a ?? 0) - (b ?? 0)),
    );
  });

  it('tells of two recipients apart when one of them fails', async () => {
    const stack = await Stack.start();
    const good = await stack.runtime({ name: 'good' });
    const bad = await stack.runtime({ name: 'bad' });
    const { client: sender, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: '/shop/src/cart.ts', text: '1' }]);
    await sender.push(push.envelope);

    await good.client.apply(push.statement);
    await bad.client.next<ICdPushEnvelop>('apply-runtime-patch');
    bad.client.acknowledge('push-ack', push.pushGuid, push.statement);
    bad.client.fail(push.pushGuid, push.statement, problemOf('apply-failed', { detail: 'it threw' }));

    const failed = await sender.until<TrackNotice>('push-msg-failed');
    expect(failed.recipients).toMatchObject([
      { recipient: bad.recipient, stage: 'failed', problem: { kind: 'apply-failed', detail: 'it threw' } },
    ]);
    const view = await sender.ask<{
      push: { outcome: string; recipients: { recipient: string; stage: string }[] };
    }>('get-track', { pushGuid: push.pushGuid });
    expect(view.push.outcome).toBe('partial');
    expect(
      Object.fromEntries(view.push.recipients.map(({ recipient, stage }) => [recipient, stage])),
    ).toEqual({
      [good.recipient]: 'completed',
      [bad.recipient]: 'failed',
    });
  });
});
