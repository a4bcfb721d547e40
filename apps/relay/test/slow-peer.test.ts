import type { ICdPushEnvelop } from '@cd-push/protocol';
import { expect, it } from 'vitest';

import type { RuntimeClient } from './support/clients.ts';
import { noticePush } from './support/envelopes.ts';
import { Stack } from './support/stack.ts';

const total = 60;

/** Stops reading from the network, as a hung process would. */
const stall = (client: RuntimeClient): void => {
  const { transport } = client.socket.io.engine as unknown as { transport: { ws: { pause(): void } } };
  transport.ws.pause();
};

const receive = async (client: RuntimeClient, count: number): Promise<Set<string>> => {
  const guids = new Set<string>();
  while (guids.size < count) guids.add((await client.next<ICdPushEnvelop>('show-notice')).pushData.pushGuid);
  return guids;
};

it('a runtime that reads too slowly is cut and caught up later, and slows nobody', async () => {
  const stack = await Stack.start();
  const healthy = await stack.runtime({ name: 'healthy' });
  const stalled = await stack.runtime({ name: 'stalled' });
  const { client, login } = await stack.sender();
  stall(stalled.client);
  const message = 'x'.repeat(900_000);
  const sent = new Set<string>();
  for (let count = 0; count < total; count += 1) {
    const push = await noticePush(login, message);
    sent.add(push.pushGuid);
    expect(await client.push(push.envelope)).toMatchObject({ status: true });
  }
  expect(await receive(healthy.client, total)).toEqual(sent);
  await expect
    .poll(() => client.ask('list-targets', {}), { timeout: 30_000 })
    .toMatchObject({
      targets: [
        { name: 'healthy', connected: true },
        { name: 'stalled', connected: false },
      ],
    });

  const again = await stack.join(stalled.login);
  expect(await receive(again.client, total)).toEqual(sent);
});
