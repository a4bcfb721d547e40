import {
  limits,
  type Answer,
  type ApprovePushAnswer,
  type GetProposalAnswer,
  type ICdPushEnvelop,
  type ListProposalsAnswer,
  type Problem,
  type ProposalView,
  type ProposePushAnswer,
  type PushAnswer,
  type WithdrawProposalAnswer,
} from '@cd-push/protocol';
import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import { digestOf } from '@cd-push/timeline';
import { beforeEach, describe, expect, it } from 'vitest';

import { approvalOf } from './support/approvals.ts';
import type { Client } from './support/clients.ts';
import { newDataFile } from './support/data-file.ts';
import {
  deltaOf,
  noticePush,
  operationPush,
  patchPush,
  type File,
  type SignedPush,
} from './support/envelopes.ts';
import { ask } from './support/http.ts';
import { ManualClock } from './support/manual-clock.ts';
import type { SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const cart: File = { resource: '/shop/src/cart.ts', text: 'export const cart = 1;' };

interface Developer {
  readonly client: Client;
  readonly login: SigningLogin;
}

let stack: Stack;
let ada: Developer;
let bob: Developer;
beforeEach(async () => {
  stack = await Stack.start();
  [ada, bob] = await Promise.all([stack.sender(), stack.sender()]);
});

const valueOf = <Value>(answer: Answer<Value>): Value => {
  if (!answer.status) throw new Error(`${answer.error.kind}: ${answer.error.detail}`);
  return answer;
};
const problemIn = (answer: Answer<object> | PushAnswer): Problem | undefined =>
  answer.status ? undefined : answer.error;

const propose = ({ client }: Developer, { envelope }: SignedPush): Promise<Answer<ProposePushAnswer>> =>
  client.ask('propose-push', envelope);
const approve = async (
  { client, login }: Developer,
  push: Pick<SignedPush, 'pushGuid' | 'statement'>,
  changed: Parameters<typeof approvalOf>[2] = {},
): Promise<Answer<ApprovePushAnswer>> =>
  client.ask('approve-push', { pushGuid: push.pushGuid, ...(await approvalOf(login, push, changed)) });
const withdraw = ({ client }: Developer, { pushGuid }: SignedPush): Promise<Answer<WithdrawProposalAnswer>> =>
  client.ask('withdraw-proposal', { pushGuid });
const listed = async ({ client }: Developer, query: object = {}): Promise<ProposalView[]> =>
  valueOf(await client.ask<Answer<ListProposalsAnswer>>('list-proposals', query)).proposals;
const get = ({ client }: Developer, { pushGuid }: SignedPush): Promise<Answer<GetProposalAnswer>> =>
  client.ask('get-proposal', { pushGuid });
/** Rows of the audit that tell of proposals and what follows them. */
const audited = async (): Promise<string[]> => {
  const { client } = await stack.sender({ roles: ['admin'] });
  const { rows } = valueOf(await client.ask<Answer<{ rows: string[] }>>('get-audit', {}));
  return rows
    .map((row) => JSON.parse(row) as { event: string; outcome: string; who: { subject: string } | null })
    .filter(({ event }) => !['opened', 'heads'].includes(event))
    .map(({ event, outcome, who }) => `${event} ${outcome} ${who?.subject}`);
};

describe('[APPROVE-6] a push that is proposed', () => {
  it('waits, and nobody hears of it before others have approved', async () => {
    const { client: runtime } = await stack.runtime({ name: 'till', approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    const { proposal, duplicate } = valueOf(await propose(ada, push));
    expect(proposal).toMatchObject({
      pushGuid: push.pushGuid,
      statement: push.statement,
      sender: ada.login.session.subject,
      state: 'waiting',
      required: 1,
      approvals: [],
      asking: [{ name: 'till', module: 'shop', approvals: 1 }],
      patches: [{ resource: cart.resource, change: 'put' }],
    });
    expect(duplicate).toBe(false);
    expect(proposal.expiresAt - proposal.proposedAt).toBe(limits.proposeWithinMs);
    expect(valueOf(await propose(ada, push))).toEqual({ status: true, proposal, duplicate: true });
    expect(problemIn(await ada.client.ask('get-track', { pushGuid: push.pushGuid }))?.kind).toBe('not-found');
    expect(runtime.frames).toEqual([]);
  });

  it('is checked like one that is sent, and brings its contents whole', async () => {
    await stack.runtime({ approvals: 1 });
    const foreign = await patchPush(ada.login, [{ resource: '/bank/a.ts', text: 'x' }]);
    expect(problemIn(await propose(ada, foreign))?.kind).toBe('forbidden');
    const early = await stack.sender({ certificate: { notBefore: Date.now() - 600_000 } });
    const old = await patchPush(early.login, [cart], { issuedAt: Date.now() - 120_000 });
    expect(problemIn(await propose(early, old))).toMatchObject({
      kind: 'bad-signature',
      path: '/pushData/statement/issuedAt',
    });
    const delta = await patchPush(ada.login, [{ ...cart, content: await deltaOf('a', cart.text ?? '') }]);
    expect(problemIn(await propose(ada, delta))).toMatchObject({
      kind: 'invalid-envelope',
      path: '/pushData/contents/0',
    });
    expect(problemIn(await propose(ada, await noticePush(ada.login, 'hello')))?.kind).toBe('invalid-request');
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, push));
    const { pushGuid } = push;
    const other = await patchPush(ada.login, [cart], { pushGuid });
    expect(problemIn(await propose(ada, other))).toMatchObject({
      kind: 'conflict',
      path: '/pushData/pushGuid',
    });
  });

  it('wants one other person also where no target asks for any', async () => {
    const { client: runtime } = await stack.runtime();
    const push = await patchPush(ada.login, [cart]);
    expect(valueOf(await propose(ada, push)).proposal).toMatchObject({ required: 1, asking: [] });
    expect(valueOf(await approve(bob, push)).proposal.state).toBe('accepted');
    await runtime.apply(push.statement);
  });

  it('at most so many of one person wait', async () => {
    await stack.runtime();
    for (let count = 0; count < limits.openProposals; count += 1)
      valueOf(await propose(ada, await patchPush(ada.login, [cart])));
    const more = await patchPush(ada.login, [cart]);
    expect(problemIn(await propose(ada, more))?.kind).toBe('rate-limited');
    valueOf(await propose(bob, await patchPush(bob.login, [cart])));
    const latest = (await listed(ada)).find(({ sender }) => sender === ada.login.session.subject);
    valueOf(await ada.client.ask('withdraw-proposal', { pushGuid: latest?.pushGuid }));
    valueOf(await propose(ada, more));
  });

  it('expires, and nobody can approve of it then', async () => {
    const clock = new ManualClock();
    stack = await Stack.start({ clock });
    [ada, bob] = await Promise.all([
      stack.sender({ livesMs: 2 * limits.proposeWithinMs }),
      stack.sender({ livesMs: 2 * limits.proposeWithinMs }),
    ]);
    await stack.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart], { issuedAt: clock.now() });
    valueOf(await propose(ada, push));
    clock.advance(limits.proposeWithinMs);
    expect((await listed(ada))[0]?.state).toBe('expired');
    expect(await listed(ada, { waiting: true })).toEqual([]);
    expect(problemIn(await approve(bob, push))?.kind).toBe('expired');
  });
});

describe('[APPROVE-7] who sees a proposal and who may approve of it', () => {
  it('everybody sees their own and those of files that they may know of; the others do not exist', async () => {
    await stack.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, push));
    const stranger = await stack.sender({ grants: [{ prefix: '/bank', environments: ['development'] }] });
    const observer = await stack.sender({ roles: ['observer'], grants: [] });
    for (const who of [ada, bob, observer]) expect(await listed(who)).toHaveLength(1);
    expect(await listed(stranger)).toEqual([]);
    for (const answer of [
      await get(stranger, push),
      await approve(stranger, push),
      await withdraw(stranger, push),
    ])
      expect(problemIn(answer)).toMatchObject({ kind: 'not-found', path: '/pushGuid' });
    expect(problemIn(await approve(observer, push))?.kind).toBe('forbidden');
  });

  it('whoever may see it gets it as it was signed, with all that it brings and no secret', async () => {
    await stack.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, push));
    const { envelope } = valueOf(await get(bob, push));
    expect(envelope.pushData).toMatchObject({
      statement: push.envelope.pushData.statement,
      certificate: ada.login.certificate,
      contents: [{ encoding: 'text', text: cart.text }],
    });
    expect(JSON.stringify(envelope)).not.toContain(ada.login.token);
  });

  it('nobody approves of their own, by no session and no identity of theirs', async () => {
    const { client: runtime } = await stack.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, push));
    const elsewhere = await stack.sender({ user: ada.login.session });
    for (const who of [ada, elsewhere]) expect(problemIn(await approve(who, push))?.kind).toBe('forbidden');
    expect((await listed(ada))[0]).toMatchObject({ state: 'waiting', approvals: [] });
    expect(runtime.frames).toEqual([]);
  });

  it('by the session of the connection, now, and with a right to all of it', async () => {
    await stack.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart, { resource: '/shop/lib/a.ts', text: 'a' }]);
    valueOf(await propose(ada, push));
    const elsewhere = await stack.authority.developer({ user: bob.login.session });
    expect(problemIn(await approve({ ...bob, login: elsewhere }, push))?.kind).toBe('bad-certificate');
    expect(problemIn(await approve(bob, push, { issuedAt: Date.now() + 120_000 }))?.kind).toBe(
      'bad-signature',
    );
    const part = await stack.sender({ grants: [{ prefix: '/shop/src', environments: ['development'] }] });
    expect(problemIn(await approve(part, push))?.kind).toBe('forbidden');
    stack.authority.change({ kind: 'grants-changed', user: bob.login.session.user.id, grants: [] });
    expect(problemIn(await approve(bob, push))?.kind).toBe('not-found');
    expect((await listed(ada))[0]?.approvals).toEqual([]);
  });

  it('its proposer withdraws it, and nobody else', async () => {
    await stack.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, push));
    expect(problemIn(await withdraw(bob, push))?.kind).toBe('forbidden');
    expect(valueOf(await withdraw(ada, push)).proposal.state).toBe('withdrawn');
    expect(problemIn(await approve(bob, push))?.kind).toBe('conflict');
    expect(problemIn(await get(bob, push))?.kind).toBe('conflict');
    expect(await audited()).toEqual([
      `proposed ok ${ada.login.session.subject}`,
      `withdrawn ok ${ada.login.session.subject}`,
    ]);
  });
});

describe('[APPROVE-8] with the last approval that it takes', () => {
  it('a proposal is taken as though its sender had sent it then, with the approvals beside it', async () => {
    const cleo = await stack.sender();
    const { client: runtime } = await stack.runtime({ approvals: 2 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, push));
    expect(valueOf(await approve(bob, push)).proposal).toMatchObject({ state: 'waiting', required: 2 });
    expect(valueOf(await approve(bob, push)).proposal.approvals).toHaveLength(1);
    expect(runtime.frames).toEqual([]);
    expect(valueOf(await approve(cleo, push)).proposal).toMatchObject({
      state: 'accepted',
      approvals: [{ approver: bob.login.session.subject }, { approver: cleo.login.session.subject }],
    });
    const { pushData } = await runtime.apply(push.statement);
    expect(pushData.approvals?.map(({ certificate }) => certificate)).toEqual([
      bob.login.certificate,
      cleo.login.certificate,
    ]);
    await ada.client.until('push-msg-completed');
    expect(valueOf(await approve(cleo, push)).proposal.state).toBe('accepted');
    const subject = ada.login.session.subject;
    expect((await audited()).slice(0, 5)).toEqual([
      `proposed ok ${subject}`,
      `approved ok ${bob.login.session.subject}`,
      `approved ok ${bob.login.session.subject}`,
      `approved ok ${cleo.login.session.subject}`,
      `accepted ok ${subject}`,
    ]);
  });

  it('its sender need not be connected any more, and what the relay said to it then goes with it', async () => {
    const clock = new ManualClock();
    stack = await Stack.start({ clock });
    ada = await stack.sender();
    const { client: runtime } = await stack.runtime({ approvals: 1, livesMs: limits.proposeWithinMs });
    const push = await patchPush(ada.login, [cart], { issuedAt: clock.now() });
    valueOf(await propose(ada, push));
    ada.client.close();
    await ada.client.closed;
    const later = 5 * limits.clockSkewMs;
    clock.advance(later);
    const issuedAt = clock.now();
    bob = await stack.sender({
      livesMs: 2 * later,
      certificate: { notBefore: issuedAt - 1_000, notAfter: issuedAt + 900_000 },
    });
    expect(valueOf(await approve(bob, push, { issuedAt })).proposal.state).toBe('accepted');
    const { pushData } = await runtime.until<ICdPushEnvelop>('apply-runtime-patch');
    const said = payloadOf(pushData.acceptance ?? '') as { acceptedAt: number };
    expect(Math.abs(said.acceptedAt - (issuedAt - later))).toBeLessThan(limits.clockSkewMs);
  });

  it('an overtaken one is refused, and whoever asks is told by what; nothing is merged', async () => {
    const { client: runtime } = await stack.runtime({ approvals: 0 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, push));
    const other = await patchPush(bob.login, [{ ...cart, text: 'export const cart = 2;' }]);
    valueOf(await bob.client.ask<Answer<object>>(other.envelope.pushData.triggerEvent, other.envelope));
    await runtime.apply(other.statement);
    expect(valueOf(await approve(bob, push)).proposal).toMatchObject({
      state: 'refused',
      problem: { kind: 'conflict', resource: cart.resource, current: { digest: other.heads[0]?.digest } },
    });
    expect((await listed(ada))[0]).toMatchObject({ state: 'refused', problem: { kind: 'conflict' } });
    expect(runtime.frames).toHaveLength(1);
    expect((await audited()).filter((row) => row.startsWith('refused'))).toEqual([
      `refused conflict ${ada.login.session.subject}`,
    ]);
  });

  it('who proposed it must still be one who may: neither ended nor without the right', async () => {
    await stack.runtime({ approvals: 1 });
    const first = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, first));
    stack.authority.granted.set(ada.login.session.user.id, { roles: ['developer'], grants: [] });
    expect(valueOf(await approve(bob, first)).proposal).toMatchObject({
      state: 'refused',
      problem: { kind: 'forbidden' },
    });
    ada = await stack.sender();
    const second = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, second));
    stack.authority.change({
      kind: 'session-revoked',
      session: ada.login.kept.identity,
      voidsSignatures: true,
    });
    expect(valueOf(await approve(bob, second)).proposal).toMatchObject({
      state: 'refused',
      problem: { kind: 'session-revoked' },
    });
  });

  it('who approved counts by what they may do then, and waits for another where they may not any more', async () => {
    const cleo = await stack.sender();
    const dora = await stack.sender();
    await stack.runtime({ approvals: 2 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, push));
    valueOf(await approve(bob, push));
    stack.authority.granted.set(bob.login.session.user.id, { roles: ['developer'], grants: [] });
    expect(valueOf(await approve(cleo, push)).proposal.state).toBe('waiting');
    expect(valueOf(await approve(dora, push)).proposal.state).toBe('accepted');
  });

  it('one of which more are asked by now goes on waiting for them', async () => {
    const cleo = await stack.sender();
    await stack.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, push));
    await stack.runtime({ approvals: 2 });
    expect(valueOf(await approve(bob, push)).proposal).toMatchObject({ state: 'waiting', required: 2 });
    expect(valueOf(await approve(cleo, push)).proposal.state).toBe('accepted');
  });

  it('one that cannot be taken now is tried again by whoever approves again', async () => {
    await stack.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(ada, push));
    stack.authority.isDown = true;
    expect(problemIn(await approve(bob, push))).toMatchObject({ kind: 'unavailable', retryable: true });
    stack.authority.isDown = false;
    expect((await listed(ada))[0]).toMatchObject({ state: 'waiting', approvals: [{}] });
    expect(valueOf(await approve(bob, push)).proposal.state).toBe('accepted');
  });

  it('what its proposer has put beforehand comes with it', async () => {
    const { client: runtime } = await stack.runtime({ approvals: 1 });
    const text = cart.text ?? '';
    const { token } = ada.login;
    const digest = await digestOf(text);
    expect((await ask(`${stack.url}/contents/${digest}`, { method: 'PUT', token, body: text })).status).toBe(
      204,
    );
    const push = await patchPush(ada.login, [{ ...cart, content: { encoding: 'stored' } }]);
    valueOf(await propose(ada, push));
    // Nobody can hide in it what others are to approve of.
    expect(valueOf(await get(bob, push)).envelope.pushData.contents).toEqual([{ encoding: 'text', text }]);
    expect(valueOf(await approve(bob, push)).proposal.state).toBe('accepted');
    expect((await runtime.apply(push.statement)).pushData.contents).toEqual([{ encoding: 'stored' }]);
  });

  it('operations are proposed and run like files', async () => {
    const { client: runtime } = await stack.runtime({ approvals: 1 });
    const push = await operationPush(ada.login, 'clear', { floor: 3 });
    expect(valueOf(await propose(ada, push)).proposal).toMatchObject({ kind: 'operation', patches: [] });
    const part = await stack.sender({ grants: [{ prefix: '/shop/src', environments: ['development'] }] });
    expect(await listed(part)).toHaveLength(1);
    expect(problemIn(await approve(part, push))?.kind).toBe('forbidden');
    expect(valueOf(await approve(bob, push)).proposal.state).toBe('accepted');
    const { pushData } = await runtime.next<ICdPushEnvelop>('execute-operation');
    expect(pushData.m).toBe('{"floor":3}');
  });
});

describe('[APPROVE-6] what waits', () => {
  it('outlives the relay that it was proposed at', async () => {
    const { authority } = stack;
    const journal = { kind: 'sqlite' as const, file: newDataFile() };
    const first = await Stack.start({ authority, journal });
    const { token } = ada.login;
    const client = await first.client({ token }).connected();
    await first.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose({ ...ada, client }, push));
    await first.close();
    const second = await Stack.start({ authority, journal });
    const again = await second.client({ token: bob.login.token }).connected();
    expect(valueOf(await approve({ ...bob, client: again }, push)).proposal.state).toBe('accepted');
  });

  it.runIf(hasPostgres)('is the same at every relay that shares the journal', async () => {
    const { authority } = stack;
    const journal = { kind: 'postgres' as const, url: databaseUrl, schema: newSchema() };
    const [one, other] = [
      await Stack.start({ authority, journal }),
      await Stack.start({ authority, journal }),
    ];
    const here = { ...ada, client: await one.client({ token: ada.login.token }).connected() };
    const there = { ...bob, client: await other.client({ token: bob.login.token }).connected() };
    const { client: runtime } = await one.runtime({ approvals: 1 });
    const push = await patchPush(ada.login, [cart]);
    valueOf(await propose(here, push));
    expect(await listed(there)).toMatchObject([{ pushGuid: push.pushGuid, state: 'waiting' }]);
    expect(valueOf(await approve(there, push)).proposal.state).toBe('accepted');
    await runtime.apply(push.statement);
    expect(await listed(here)).toMatchObject([{ state: 'accepted' }]);
  });
});

const payloadOf = (jws: string): unknown =>
  JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());
