import {
  problemOf,
  type Answer,
  type GetAuditAnswer,
  type ICdPushEnvelop,
  type ObserveAnswer,
  type PushAccepted,
  type RuntimePolicy,
  type SyncMetrics,
  type TrackChanges,
} from '@cd-push/protocol';
import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import { openAuditHead, verifyAudit } from '@cd-push/timeline';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client, Frame, RuntimeClient } from './support/clients.ts';
import { patchPush, type SignedPush } from './support/envelopes.ts';
import { MemoryAuthority, tenant, type SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const cart = '/shop/src/cart.ts';

/** A relay that nobody wakes hears of another's doings by looking every two seconds. */
const unwoken = { timeout: 20_000 };

let authority: MemoryAuthority;
let a: Stack;
let b: Stack;
let login: SigningLogin;
let sender: Client;

const setUp = async (): Promise<void> => {
  authority = await MemoryAuthority.create();
  const journal = { kind: 'postgres', url: databaseUrl, schema: newSchema() } as const;
  a = await Stack.start({ authority, journal });
  b = await Stack.start({ authority, journal });
  login = await authority.developer();
  sender = await a.client({ token: login.token }).connected();
};

/** A runtime at the other relay, which the sender's has heard of. */
const runtimeAtB = async (): Promise<{ client: RuntimeClient; recipient: string; guid: string }> => {
  const { client, recipient, login: own } = await b.runtime();
  await expect
    .poll(() => sender.ask('list-targets', {}), unwoken)
    .toMatchObject({ targets: [{ recipient, connected: true }] });
  return { client, recipient, guid: own.session.runtime.guid };
};

const observer = async (stack: Stack): Promise<Client> =>
  (await stack.sender({ roles: ['observer'], grants: [] })).client;

const push = async (before?: SignedPush): Promise<SignedPush> => {
  const predecessor = before?.heads[0]?.digest ?? null;
  const signed = await patchPush(login, [{ resource: cart, text: crypto.randomUUID(), predecessor }]);
  expect(await sender.push(signed.envelope)).toMatchObject({ status: true });
  return signed;
};

const storyOf = (frames: readonly Frame[]): string[] =>
  frames.flatMap(([event, payload]) => {
    if (event === 'push-accepted') return [`accepted ${(payload as PushAccepted).push.pushGuid}`];
    return event === 'track-changed'
      ? (payload as TrackChanges).changes.map(({ stage, pushGuid }) => `${stage} ${pushGuid}`)
      : [];
  });

const offsetsOf = (frames: readonly Frame[]): number[] =>
  frames.flatMap(([event, payload]) => {
    if (event === 'push-accepted') return [(payload as PushAccepted).push.offset];
    return event === 'track-changed' ? [(payload as TrackChanges).offset] : [];
  });

describe.runIf(await hasPostgres())('relays that share a journal', () => {
  beforeEach(setUp);

  it('[OBSERVE-2] tell observers what each of them does, in one order, with offsets that hold at either', async () => {
    const runtime = await runtimeAtB();
    const [atA, atB] = [await observer(a), await observer(b)];
    const begun = await atA.ask<ObserveAnswer>('observe', {});
    await atB.ask('observe', {});
    const first = await push();
    await runtime.client.apply(first.statement);
    for (const client of [atA, atB]) {
      await expect.poll(() => storyOf(client.frames), unwoken).toContain(`completed ${first.pushGuid}`);
      const offsets = offsetsOf(client.frames);
      expect(offsets).toEqual(offsets.toSorted((one, other) => one - other));
      expect(storyOf(client.frames)[0]).toBe(`accepted ${first.pushGuid}`);
    }
    // Metrics are those of both.
    const { metrics } = await atA.until<SyncMetrics>('sync-metrics', (told) =>
      told.metrics.some(({ completed }) => completed === 1),
    );
    expect(metrics).toMatchObject([{ resource: cart, recipient: runtime.recipient }]);

    const offset = Math.max(...offsetsOf(atA.frames));
    atA.close();
    const second = await push(first);
    await runtime.client.apply(second.statement);
    const moved = await observer(b);
    const after = { epoch: begun.journal.epoch, offset };
    expect(await moved.ask('observe', { after })).toMatchObject({ status: true, reset: false });
    await expect.poll(() => storyOf(moved.frames), unwoken).toContain(`completed ${second.pushGuid}`);
    expect(storyOf(moved.frames).filter((line) => line.includes(first.pushGuid))).toEqual([]);
    const accepted = storyOf(moved.frames).filter((line) => line.startsWith('accepted'));
    expect(accepted).toEqual([`accepted ${second.pushGuid}`]);
  });

  it('[OBSERVE-3] go on from where an observer stands that comes from one that is further', async () => {
    await runtimeAtB();
    const [atA, atB] = [await observer(a), await observer(b)];
    let before: SignedPush | undefined;
    for (let round = 0; round < 5; round += 1) {
      before = await push(before);
      const { journal } = await atA.ask<ObserveAnswer>('observe', {});
      expect(await atB.ask('observe', { after: journal })).toMatchObject({ reset: false });
    }
  });

  it('[POLICY-3] hold at one what is held at the other, and send it when that is lifted', async () => {
    const runtime = await runtimeAtB();
    await sender.ask('set-policy', { target: { guid: runtime.guid }, hold: true });
    expect(await runtime.client.next<RuntimePolicy>('policy-changed')).toMatchObject({ hold: true });
    const signed = await push();
    await sender.ask('set-policy', { target: { guid: runtime.guid }, hold: false });
    expect(await runtime.client.next<RuntimePolicy>('policy-changed')).toMatchObject({ hold: false });
    const { pushData } = await runtime.client.apply(signed.statement);
    expect(pushData).toMatchObject({ pushGuid: signed.pushGuid, isCatchUp: true });
  });

  it('[RETRY-1] open attempts for each other’s runtimes, once', async () => {
    const runtime = await runtimeAtB();
    const signed = await push();
    await runtime.client.next('apply-runtime-patch');
    runtime.client.fail(signed.pushGuid, signed.statement, problemOf('apply-failed'));
    await sender.until('push-msg-failed');
    const other = await b.client({ token: login.token }).connected();
    const retry = { pushGuid: signed.pushGuid, stages: ['failed'] };
    await Promise.all([sender.ask('retry-push', retry), other.ask('retry-push', retry)]);
    const { pushData } = await runtime.client.until<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData.attempt).toBe(2);
    runtime.client.acknowledge('push-msg-complete', signed.pushGuid, signed.statement, 2);
    await sender.until('push-msg-completed');
    expect(await sender.ask('get-track', { pushGuid: signed.pushGuid })).toMatchObject({
      push: { recipients: [{ attempt: 2, stage: 'completed' }] },
    });
  });

  it('[AUDIT-5] write a chain each, and either shows both with heads that it signed', async () => {
    const runtime = await runtimeAtB();
    const signed = await push();
    await runtime.client.apply(signed.statement);
    await sender.until('push-msg-completed');
    const admin = (await b.sender({ roles: ['admin'], grants: [] })).client;
    const { rows, heads } = await admin.ask<Answer<GetAuditAnswer> & GetAuditAnswer>('get-audit', {});
    const root = { issuer: 'https://issuer.test', tenant, keys: [authority.issuerKey.publicKey] };
    const opened = await Promise.all(heads.map((head) => openAuditHead(head, root)));
    const known = opened.flatMap((one) => (one.ok ? [one.value] : []));
    expect(known).toHaveLength(2);
    const verdict = await verifyAudit(rows, { heads: known });
    expect(verdict).toMatchObject({ faults: [], chains: [{ kind: 'proven' }, { kind: 'proven' }] });
    expect(rows.filter((row) => row.includes(signed.pushGuid)).length).toBeGreaterThanOrEqual(2);
  });
});
