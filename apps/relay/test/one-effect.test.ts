import { problemOf, type ICdPushEnvelop } from '@cd-push/protocol';
import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client, RuntimeClient } from './support/clients.ts';
import { noticePush, operationPush, patchPush, type SignedPush } from './support/envelopes.ts';
import { MemoryAuthority, type SigningLogin } from './support/memory-authority.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';

const isShared = await hasPostgres();

type Runtime = ReturnType<MemoryAuthority['runtime']>;

let clock: ManualClock;
let stack: Stack;
let sender: { client: Client; login: SigningLogin };
let away: Runtime;
beforeEach(async () => {
  clock = new ManualClock();
  stack = await Stack.start({ clock });
  sender = await stack.sender();
  away = stack.authority.runtime();
  await isKnown();
});

const isKnown = (client = sender.client): Promise<void> =>
  expect.poll(() => client.ask('list-targets', {})).toMatchObject({ targets: [{}] });

const owed = async (): Promise<SignedPush> => {
  const operation = await operationPush(sender.login, 'charge', { cents: 500 });
  expect(await sender.client.push(operation.envelope)).toMatchObject({
    status: true,
    recipients: [away.session.runtime.guid],
  });
  return operation;
};

const join = async (instance: string): Promise<RuntimeClient> =>
  (await stack.join(away, instance, [], { kind: 'browser' })).client;

/** Guids of the operations that a runtime is sent before what is pushed now. */
const operationsAt = async (clients: readonly RuntimeClient[], from = sender): Promise<string[][]> => {
  const last = await noticePush(from.login, 'last');
  await from.client.push(last.envelope);
  return Promise.all(
    clients.map(async (client) => {
      await client.until<ICdPushEnvelop>(
        'show-notice',
        ({ pushData }) => pushData.pushGuid === last.pushGuid,
      );
      return client.frames.flatMap(([event, payload]) =>
        event === 'execute-operation' ? [(payload as ICdPushEnvelop).pushData.pushGuid] : [],
      );
    }),
  );
};

const trackOf = async ({ pushGuid }: SignedPush): Promise<unknown> =>
  (await sender.client.ask<{ push: { recipients: unknown[] } }>('get-track', { pushGuid })).push
    .recipients[0];

const isAway = (): Promise<void> =>
  expect
    .poll(async () => {
      const { targets } = await sender.client.ask<{ targets: { connected: boolean }[] }>('list-targets', {});
      return targets.filter(({ connected }) => connected).length;
    })
    .toBe(1);

describe('[CATCHUP-8] what is owed to a credential that was away has one effect', () => {
  it('at the first instance that comes, and nobody else has a say in it', async () => {
    const operation = await owed();
    const one = await join('one');
    const two = await join('two');
    expect(await operationsAt([one, two])).toEqual([[operation.pushGuid], []]);
    two.acknowledge('push-msg-complete', operation.pushGuid, operation.statement);
    expect(await two.until('problem')).toMatchObject({ kind: 'not-found' });
    expect(await trackOf(operation)).toMatchObject({ stage: 'pushed' });
    one.acknowledge('push-msg-complete', operation.pushGuid, operation.statement);
    await expect.poll(() => trackOf(operation)).toMatchObject({ stage: 'completed', attempt: 1 });
  });

  it('and that instance is sent it again when it is back', async () => {
    const operation = await owed();
    const one = await join('one');
    await one.next('execute-operation');
    const two = await join('two');
    one.close();
    await isAway();
    const back = await join('one');
    expect(await operationsAt([back, two])).toEqual([[operation.pushGuid], []]);
  });

  it('or at another, as a further attempt, once it does not come back', async () => {
    const operation = await owed();
    const one = await join('one');
    await one.next('execute-operation');
    const two = await join('two');
    one.close();
    await isAway();
    clock.advance(44_000);
    expect(await operationsAt([two])).toEqual([[]]);
    clock.advance(2_000);
    const { pushData } = await two.until<ICdPushEnvelop>('execute-operation');
    expect(pushData).toMatchObject({ pushGuid: operation.pushGuid, attempt: 2 });
    const back = await join('one');
    back.acknowledge('push-msg-complete', operation.pushGuid, operation.statement);
    expect(await operationsAt([back])).toEqual([[]]);
    expect(await trackOf(operation)).toMatchObject({ stage: 'pushed', attempt: 2 });
    two.acknowledge('push-msg-complete', operation.pushGuid, operation.statement, 2);
    await expect.poll(() => trackOf(operation)).toMatchObject({ stage: 'completed', attempt: 2 });
  });

  it('and each attempt that is tried again has one, too', async () => {
    const operation = await owed();
    const clients = [await join('one'), await join('two')];
    await clients[0]?.next('execute-operation');
    clients[0]?.fail(operation.pushGuid, operation.statement, problemOf('apply-failed'));
    await sender.client.until('push-msg-failed');
    const { pushGuid } = operation;
    expect(await sender.client.ask('retry-push', { pushGuid, stages: ['failed'] })).toMatchObject({
      attempts: [{ attempt: 2 }],
    });
    const sent = await operationsAt(clients);
    expect(sent.flat()).toEqual([pushGuid, pushGuid]);
  });

  it('while files come to every instance', async () => {
    const push = await patchPush(sender.login, [{ resource: '/shop/src/cart.ts', text: '1' }]);
    await sender.client.push(push.envelope);
    for (const client of [await join('one'), await join('two')]) await client.apply(push.statement);
    await expect.poll(() => trackOf(push)).toMatchObject({ stage: 'completed' });
  });

  it.runIf(isShared)('at whichever relay its instances come in, at the same time', async () => {
    const authority = await MemoryAuthority.create();
    const schema = newSchema();
    const node = (): Promise<Stack> =>
      Stack.start({ authority, journal: { kind: 'postgres', url: databaseUrl, schema } });
    const [left, right] = [await node(), await node()];
    const from = await left.sender();
    const runtime = authority.runtime();
    await isKnown(from.client);
    const sent: SignedPush[] = [];
    for (let count = 0; count < 5; count += 1) {
      const operation = await operationPush(from.login, 'charge', { count });
      expect(await from.client.push(operation.envelope)).toMatchObject({ status: true });
      sent.push(operation);
    }
    const joined = await Promise.all([
      left.join(runtime, 'one', [], { kind: 'browser' }),
      right.join(runtime, 'two', [], { kind: 'browser' }),
    ]);
    const clients = joined.map(({ client }) => client);
    await expect
      .poll(() => clients.flatMap(({ frames }) => frames).length, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(sent.length);
    const operations = await operationsAt(clients, from);
    expect(operations.flat().toSorted()).toEqual(sent.map(({ pushGuid }) => pushGuid).toSorted());
  });
});
