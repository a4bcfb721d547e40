import type { ICdPushEnvelop, SetPolicy } from '@cd-push/protocol';
import { openSqliteJournal } from '@cd-push/store';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client } from './support/clients.ts';
import { noticePush } from './support/envelopes.ts';
import { Stack } from './support/stack.ts';
import { Gate, gated } from './support/watched-store.ts';

describe('[POLICY-3] a hold that is lifted', () => {
  const gates: Parameters<typeof gated>[1] = {};
  let stack: Stack;
  let sender: Awaited<ReturnType<Stack['sender']>>;
  beforeEach(async () => {
    for (const name of Object.keys(gates) as (keyof typeof gates)[]) delete gates[name];
    const store = await openSqliteJournal(':memory:', { node: crypto.randomUUID() });
    stack = await Stack.start({ journal: gated(store, gates) });
    sender = await stack.sender();
  });

  const setPolicy = async (change: SetPolicy): Promise<void> =>
    expect(await sender.client.ask('set-policy', change)).toMatchObject({ status: true });

  const notice = async (text: string): Promise<void> => {
    const { envelope } = await noticePush(sender.login, text);
    expect(await sender.client.push(envelope)).toMatchObject({ status: true });
  };

  const noticesTo = async (client: Client, count: number): Promise<unknown[]> => {
    const notices: unknown[] = [];
    while (notices.length < count)
      notices.push((await client.until<ICdPushEnvelop>('show-notice')).pushData.m);
    return notices;
  };

  it('while a catch-up is under way lets nothing overtake what waited', async () => {
    const login = stack.authority.runtime();
    const { guid } = login.session.runtime;
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}] });
    await notice('owed');
    const reading = new Gate();
    gates.envelope = reading;
    const { client } = await stack.join(login);
    await reading.reached;
    await setPolicy({ target: { guid }, hold: true });
    await notice('held');
    const finding = new Gate();
    gates.headsOf = finding;
    await setPolicy({ target: { guid }, hold: false });
    await finding.reached;
    gates.envelope = undefined;
    reading.open();
    // What was being read is done with by the time that this is answered.
    await sender.client.ask('list-targets', {});
    await sender.client.ask('list-targets', {});
    await notice('last');
    finding.open();
    expect(await noticesTo(client, 3)).toEqual(['owed', 'held', 'last']);
  });

  it('while a hello is being answered is heard of', async () => {
    const login = stack.authority.runtime();
    const { guid } = login.session.runtime;
    await expect.poll(() => sender.client.ask('list-targets', {})).toMatchObject({ targets: [{}] });
    await setPolicy({ target: { guid }, hold: true });
    await notice('owed');
    const client = stack.runtimeClient(login);
    await client.connected();
    const finding = new Gate();
    gates.openOffsets = finding;
    const welcomed = client.hello('one');
    await finding.reached;
    await setPolicy({ target: { guid }, hold: false });
    finding.open();
    expect(await welcomed).toMatchObject({ catchUp: 0 });
    expect(await noticesTo(client, 1)).toEqual(['owed']);
  });
});
