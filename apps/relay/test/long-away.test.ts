import { epochMs, type ICdPushEnvelop, type TrackNotice } from '@cd-push/protocol';
import { openSqliteJournal } from '@cd-push/store';
import { expect, it } from 'vitest';

import { patchPush, type SignedPush } from './support/envelopes.ts';
import { tenant } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const cart = '/shop/src/cart.ts';

it('[HISTORY-6] a runtime that was away for longer than contents are kept is shown how the head follows from what it holds', async () => {
  const journal = await openSqliteJournal(':memory:', { node: crypto.randomUUID() });
  const stack = await Stack.start({ journal });
  const sender = await stack.sender();
  const present = await stack.runtime();
  const pushed: SignedPush[] = [];
  for (const text of ['1', '2', '3', '4']) {
    const predecessor = pushed.at(-1)?.heads[0]?.digest ?? null;
    const signed = await patchPush(sender.login, [{ resource: cart, text, predecessor }]);
    expect(await sender.client.push(signed.envelope)).toMatchObject({ status: true });
    await present.client.apply(signed.statement);
    await sender.client.until<TrackNotice>(
      'push-msg-completed',
      ({ pushGuid }) => pushGuid === signed.pushGuid,
    );
    pushed.push(signed);
  }
  const [never, later] = [epochMs(0), epochMs(Date.now() + 60_000)];
  const retention = {
    pushesBefore: later,
    versions: 0,
    statementsBefore: never,
    auditBefore: never,
    contentsBefore: later,
    editsBefore: never,
  };
  // Contents go some time after the last push that names them.
  await journal.prune(retention);
  await journal.prune(retention);
  const [first, ...skipped] = pushed.slice(0, -1);
  const { resource, version, digest } = first!.heads[0]!;
  expect(await journal.content(tenant, digest!)).toBeUndefined();

  const { client, welcome } = await stack.runtime({}, 'one', [{ resource, version, digest }]);
  expect(welcome.catchUp).toBe(1);
  const { pushData } = await client.next<ICdPushEnvelop>('apply-runtime-patch');
  expect(pushData).toMatchObject({
    pushGuid: pushed.at(-1)!.pushGuid,
    contents: [{ encoding: 'text', text: '4' }],
  });
  expect(pushData.skipped?.map(({ statement }) => statement)).toEqual(
    skipped.map(({ envelope }) => envelope.pushData.statement),
  );
});
