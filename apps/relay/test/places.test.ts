import type { PushAnswer } from '@cd-push/protocol';
import { openSqliteJournal } from '@cd-push/store';
import { beforeEach, describe, expect, it } from 'vitest';

import type { RuntimeClient } from './support/clients.ts';
import { noticePush, operationPush, type SignedPush } from './support/envelopes.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';
import { watched } from './support/watched-store.ts';

type Running = Awaited<ReturnType<Stack['runtime']>>;

let clock: ManualClock;
let stack: Stack;
let sender: Awaited<ReturnType<Stack['sender']>>;
/** While it is there every commit waits for it. */
let gate: { readonly reached: () => void; readonly opened: Promise<void> } | undefined;
/** What was written of who is where, as often as something was. */
let written: { readonly presence: number; readonly away: number }[];
/** Refuses groups that say who is connected. */
let isRefusing = false;
beforeEach(async () => {
  clock = new ManualClock();
  gate = undefined;
  isRefusing = false;
  written = [];
  const store = await openSqliteJournal(':memory:', { node: crypto.randomUUID() });
  const journal = watched(store, async (group, commit) => {
    gate?.reached();
    await gate?.opened;
    if (isRefusing && group.departed.length > 0) throw new Error('Refused for once.');
    const [presence, away] = [group.presence.length, group.departed.length + group.gone.length];
    if (presence + away > 0) written.push({ presence, away });
    return commit();
  });
  stack = await Stack.start({ journal, clock });
  sender = await stack.sender();
});

const stagesOf = async ({ pushGuid }: SignedPush): Promise<string[]> => {
  const { push: view } = await sender.client.ask<{ push: { recipients: { stage: string }[] } }>('get-track', {
    pushGuid,
  });
  return view.recipients.map(({ stage }) => stage);
};

const connectedNow = async (): Promise<string[]> => {
  const { targets } = await sender.client.ask<{ targets: { recipient: string; connected: boolean }[] }>(
    'list-targets',
    {},
  );
  return targets.flatMap(({ recipient, connected }) => (connected ? [recipient] : [])).toSorted();
};

/** Keeps commits from being made, the first of them under way, so that what comes in is written together. */
const shut = async (): Promise<{ open(): Promise<void> }> => {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  gate = { reached: reached.resolve, opened: opened.promise };
  const slow = sender.client.push((await noticePush(sender.login, 'slow')).envelope);
  await reached.promise;
  return {
    open: async () => {
      gate = undefined;
      opened.resolve();
      await slow;
    },
  };
};

/** Says hello, which waits for a commit, and resolves when it was heard. */
const greet = async ({ login }: Running): Promise<{ client: RuntimeClient; welcomed: Promise<unknown> }> => {
  const client = stack.runtimeClient(login);
  await client.connected();
  const welcomed = client.hello('one', [], { kind: 'browser' });
  // What was sent before an answer came was heard before.
  expect(await client.ask('get-track', { pushGuid: 'none' })).toMatchObject({ status: false });
  return { client, welcomed };
};

describe.each([
  ['after its connection has ended', false],
  ['before its former connection has ended', true],
])('an instance that is back %s, before either was written', (_, isFirst) => {
  const comeBack = async (runtime: Running): Promise<RuntimeClient> => {
    const gated = await shut();
    const greeted = isFirst ? await greet(runtime) : undefined;
    runtime.client.close();
    await runtime.client.closed;
    const { client, welcomed } = greeted ?? (await greet(runtime));
    await gated.open();
    await welcomed;
    return client;
  };

  it('counts as connected, and is a recipient beside its siblings', async () => {
    const sibling = await stack.runtime({}, 'two', [], { kind: 'browser' });
    const joined = await stack.join(sibling.login, 'one', [], { kind: 'browser' });
    const { recipient } = joined.welcome;
    const client = await comeBack({ ...sibling, ...joined, recipient });
    await expect.poll(connectedNow).toEqual([recipient, sibling.recipient]);
    const notice = await noticePush(sender.login, 'hello');
    const answer: PushAnswer = await sender.client.push(notice.envelope);
    expect(answer.status && answer.recipients.toSorted()).toEqual([recipient, sibling.recipient]);
    await client.until('show-notice');
  });

  it('is not taken for shut: what it runs does not expire', async () => {
    const runtime = await stack.runtime({}, 'one', [], { kind: 'browser' });
    const operation = await operationPush(sender.login, 'long', 1);
    await sender.client.push(operation.envelope);
    await runtime.client.next('execute-operation');
    const client = await comeBack(runtime);
    await client.until('execute-operation');
    client.acknowledge('push-ack', operation.pushGuid, operation.statement);
    await expect.poll(() => stagesOf(operation)).toEqual(['delivered']);
    clock.advance(46_000);
    client.acknowledge('push-msg-complete', operation.pushGuid, operation.statement);
    await expect.poll(() => stagesOf(operation)).toEqual(['completed']);
  });
});

it('of what came in before an instance was back nothing is written where it is written together', async () => {
  const runtime = await stack.runtime();
  const gated = await shut();
  runtime.client.close();
  await runtime.client.closed;
  const { welcomed } = await greet(runtime);
  written = [];
  await gated.open();
  await welcomed;
  expect(written).toEqual([{ presence: 1, away: 0 }]);
});

it('that an instance has left does not count when it could be written only after it was back', async () => {
  const runtime = await stack.runtime({}, 'one', [], { kind: 'browser' });
  isRefusing = true;
  runtime.client.close();
  await expect.poll(() => stack.log.lines.some((line) => line.includes('Refused for once.'))).toBe(true);
  const back = await stack.join(runtime.login, 'one', [], { kind: 'browser' });
  isRefusing = false;
  clock.advance(10_000);
  await sender.client.push((await noticePush(sender.login, 'hello')).envelope);
  await back.client.until('show-notice');
  expect(await connectedNow()).toEqual([back.welcome.recipient]);
});
