import {
  problemOf,
  type GetPushAnswer,
  type ICdPushEnvelop,
  type Problem,
  type PushAnswer,
  type TargetView,
} from '@cd-push/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

import { approvalOf, approvedBy, withApprovals } from './support/approvals.ts';
import type { Client } from './support/clients.ts';
import { noticePush, operationPush, patchPush, type File } from './support/envelopes.ts';
import type { SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const cart: File = { resource: '/shop/src/cart.ts', text: 'export const cart = 1;' };

let stack: Stack;
let ada: { client: Client; login: SigningLogin };
let bob: SigningLogin;
let cleo: SigningLogin;
beforeEach(async () => {
  stack = await Stack.start();
  ada = await stack.sender();
  [bob, cleo] = await Promise.all([stack.authority.developer(), stack.authority.developer()]);
});

const refusalOf = (answer: PushAnswer): Problem | undefined => (answer.status ? undefined : answer.error);

describe('[APPROVE-4] the relay holds a push against what its targets ask for', () => {
  it('before it is promised, and says who asks and what to do', async () => {
    const { client: runtime } = await stack.runtime({ name: 'till-1', approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    expect(refusalOf(await ada.client.push(push.envelope))).toMatchObject({
      kind: 'approval-needed',
      path: '/pushData/approvals',
      detail: '0 of 1 other people approve; asked for by till-1 (1). Propose the push, so that they can.',
    });
    expect((await ada.client.push((await approvedBy(push, bob)).envelope)).status).toBe(true);
    const envelope = await runtime.apply(push.statement);
    expect(envelope.pushData.approvals).toMatchObject([{ certificate: bob.certificate }]);
  });

  it('asks for as many as the one that asks for most', async () => {
    await stack.runtime({ name: 'page' });
    await stack.runtime({ name: 'till-1', approvals: 1 });
    await stack.runtime({ name: 'till-2', approvals: 2 });
    const push = await patchPush(ada.login, [cart]);
    expect(refusalOf(await ada.client.push((await approvedBy(push, bob)).envelope))?.detail).toContain(
      '1 of 2 other people approve; asked for by till-2 (2).',
    );
    expect((await ada.client.push((await approvedBy(push, bob, cleo)).envelope)).status).toBe(true);
  });

  it('counts people: not the sender, by no other identity, and nobody twice', async () => {
    await stack.runtime({ approvals: 2 });
    const elsewhere = await stack.authority.developer({ user: ada.login.session });
    const bobElsewhere = await stack.authority.developer({ user: bob.session });
    const push = await patchPush(ada.login, [cart]);
    for (const logins of [
      [ada.login, bob],
      [elsewhere, bob],
      [bob, bobElsewhere],
    ]) {
      const answer = await ada.client.push((await approvedBy(push, ...logins)).envelope);
      expect(refusalOf(answer)?.detail).toContain('1 of 2');
    }
  });

  it('an approval counts by the rights and the session of who gave it', async () => {
    await stack.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    const elsewhere = await stack.authority.developer({
      grants: [{ prefix: '/bank', environments: ['development'] }],
    });
    expect(refusalOf(await ada.client.push((await approvedBy(push, elsewhere)).envelope))?.kind).toBe(
      'forbidden',
    );
    const late = withApprovals(push, [await approvalOf(bob, push, { issuedAt: Date.now() + 120_000 })]);
    expect(refusalOf(await ada.client.push(late.envelope))).toMatchObject({
      kind: 'bad-signature',
      path: '/pushData/approvals/0',
    });
    const approved = await approvedBy(push, bob);
    stack.authority.change({ kind: 'session-revoked', session: bob.session.id, voidsSignatures: true });
    expect(refusalOf(await ada.client.push(approved.envelope))).toMatchObject({
      kind: 'session-revoked',
      path: '/pushData/approvals/0',
    });
    expect((await ada.client.push((await approvedBy(push, cleo)).envelope)).status).toBe(true);
  });

  it('approvals that do not hold refuse a push that nobody asks for one of', async () => {
    await stack.runtime();
    const other = await patchPush(ada.login, [cart]);
    const push = withApprovals(await patchPush(ada.login, [cart]), [await approvalOf(bob, other)]);
    expect(refusalOf(await ada.client.push(push.envelope))).toMatchObject({
      kind: 'bad-signature',
      path: '/pushData/approvals/0',
    });
  });

  it('operations need them as files do, notices do not', async () => {
    await stack.runtime({ approvals: 1 });
    const operation = await operationPush(ada.login, 'clear', {});
    expect(refusalOf(await ada.client.push(operation.envelope))?.kind).toBe('approval-needed');
    const inPart = await stack.authority.developer({
      grants: [{ prefix: '/shop/src', environments: ['development'] }],
    });
    expect(refusalOf(await ada.client.push((await approvedBy(operation, inPart)).envelope))?.kind).toBe(
      'forbidden',
    );
    expect((await ada.client.push((await approvedBy(operation, bob)).envelope)).status).toBe(true);
    expect((await ada.client.push((await noticePush(ada.login, 'hello')).envelope)).status).toBe(true);
  });

  it('they travel in catch-ups and retries as well, and are told to who asks for the push', async () => {
    const { login, client: first } = await stack.runtime({ approvals: 1 });
    first.close();
    await first.closed;
    const push = await approvedBy(await patchPush(ada.login, [cart]), bob);
    expect((await ada.client.push(push.envelope)).status).toBe(true);
    const { client: second } = await stack.join(login);
    const caughtUp = await second.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(caughtUp.pushData.isCatchUp).toBe(true);
    expect(caughtUp.pushData.approvals).toEqual(push.envelope.pushData.approvals);
    second.fail(push.pushGuid, push.statement, problemOf('crashed'));
    await ada.client.until('push-msg-failed');
    await ada.client.ask('retry-push', { pushGuid: push.pushGuid, stages: ['failed'] });
    const retried = await second.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(retried.pushData).toMatchObject({ attempt: 2, approvals: push.envelope.pushData.approvals });
    const told = await ada.client.ask<GetPushAnswer>('get-push', { pushGuid: push.pushGuid });
    expect(told.approvals).toEqual(push.envelope.pushData.approvals);
  });

  it('how many a target asks for is listed with it', async () => {
    await stack.runtime({ name: 'till', approvals: 2 });
    await stack.runtime({ name: 'page' });
    const { targets } = await ada.client.ask<{ targets: TargetView[] }>('list-targets', {});
    expect(targets.map(({ name, approvals }) => [name, approvals])).toEqual([
      ['till', 2],
      ['page', undefined],
    ]);
  });
});

describe('[APPROVE-9] what was accepted before a runtime asked', () => {
  it('is not brought to it as state, since it would refuse it; what was approved is', async () => {
    await stack.runtime();
    const unapproved = await patchPush(ada.login, [cart]);
    expect((await ada.client.push(unapproved.envelope)).status).toBe(true);
    const { welcome } = await stack.runtime({ approvals: 1 });
    expect(welcome.catchUp).toBe(0);
    const approved = await approvedBy(
      await patchPush(ada.login, [{ resource: '/shop/src/b.ts', text: 'b' }]),
      bob,
    );
    expect((await ada.client.push(approved.envelope)).status).toBe(true);
    expect((await stack.runtime({ approvals: 1 })).welcome.catchUp).toBe(1);
    stack.authority.change({ kind: 'session-revoked', session: bob.session.id, voidsSignatures: true });
    expect((await stack.runtime({ approvals: 1 })).welcome.catchUp).toBe(0);
  });
});
