import {
  epochMs,
  limits,
  problemOf,
  type Answer,
  type ListPushesAnswer,
  type GetPushAnswer,
  type Observe,
  type ObserveAnswer,
  type PushAccepted,
  type TrackChange,
  type TrackChanges,
} from '@cd-push/protocol';
import { openSqliteJournal } from '@cd-push/store';
import { digestOf, openAcceptance, openRelayCertificate } from '@cd-push/timeline';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client, Frame } from './support/clients.ts';
import { noticePush, patchPush, type SignedPush } from './support/envelopes.ts';
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
  stack = await Stack.start({ clock, rate: { perSecond: 10_000, burst: 10_000 } });
  sender = await stack.sender();
});

const observer = async (
  options: Parameters<Stack['sender']>[0] = { roles: ['observer'], grants: [] },
): Promise<Client> => (await stack.sender(options)).client;

const observe = async (client: Client, observation: Observe = {}): Promise<ObserveAnswer> => {
  const answer = await client.ask<Answer<ObserveAnswer>>('observe', observation);
  if (!answer.status) throw new Error(JSON.stringify(answer.error));
  return answer;
};

const push = async (resource = cart, text = '1', before?: SignedPush): Promise<SignedPush> => {
  const predecessor = before?.heads.find((head) => head.resource === resource)?.digest ?? null;
  const signed = await patchPush(sender.login, [{ resource, text, predecessor }]);
  expect(await sender.client.push(signed.envelope)).toMatchObject({ status: true });
  return signed;
};

/** What an observer was told of stages, in order. */
const changesIn = (frames: readonly Frame[]): TrackChange[] =>
  frames.flatMap(([event, payload]) => (event === 'track-changed' ? (payload as TrackChanges).changes : []));
const storyOf = (frames: readonly Frame[]): string[] =>
  frames.flatMap(([event, payload]) => {
    if (event === 'push-accepted') return [`accepted ${(payload as PushAccepted).push.pushGuid}`];
    return event === 'track-changed'
      ? (payload as TrackChanges).changes.map(({ stage, pushGuid }) => `${stage} ${pushGuid}`)
      : [];
  });
/** Where an observer stands by what it was told. */
const standingOf = (frames: readonly Frame[], begun: ObserveAnswer): number =>
  Math.max(
    begun.journal.offset,
    ...frames.flatMap(([event, payload]) => {
      if (event === 'push-accepted') return [(payload as PushAccepted).push.offset];
      return event === 'track-changed' ? [(payload as TrackChanges).offset] : [];
    }),
  );

describe('an observer', () => {
  it('[OBSERVE-2] is told of a push and of every stage of its tracks, in order', async () => {
    const runtime = await stack.runtime();
    const client = await observer();
    const begun = await observe(client);
    expect(begun).toMatchObject({ reset: false, open: [] });
    const signed = await push();
    await runtime.client.apply(signed.statement);
    await expect.poll(() => storyOf(client.frames)).toContain(`completed ${signed.pushGuid}`);
    expect(storyOf(client.frames)).toEqual(
      ['accepted', 'pushed', 'delivered', 'completed'].map((stage) => `${stage} ${signed.pushGuid}`),
    );
    const [, accepted] = client.frames[0]! as [string, PushAccepted];
    expect(accepted.push).toMatchObject({
      outcome: 'open',
      sender: sender.login.session.subject,
      session: sender.login.session.id,
      statement: signed.statement,
      recipients: [
        { recipient: runtime.recipient, stage: 'relayed', attempt: 1, kind: 'node', connected: true },
      ],
    });
  });

  it('[OBSERVE-11] that asks for no more is told what is accepted, and neither stages nor metrics', async () => {
    const runtime = await stack.runtime();
    const all = await observer();
    const client = await observer();
    await observe(all);
    await observe(client, { tell: 'accepted' });
    const first = await push();
    await runtime.client.apply(first.statement);
    await expect.poll(() => storyOf(all.frames)).toContain(`completed ${first.pushGuid}`);
    clock.advance(2_000);
    await all.until('sync-metrics', () => true);
    const second = await push(till);
    await expect.poll(() => storyOf(client.frames)).toContain(`accepted ${second.pushGuid}`);
    expect(client.frames.map(([event]) => event)).toEqual(['push-accepted', 'push-accepted']);
  });

  it('[OBSERVE-11] that asks for no more goes on from where it stood', async () => {
    const client = await observer();
    const begun = await observe(client, { tell: 'accepted' });
    const runtime = await stack.runtime();
    const signed = await push();
    await runtime.client.apply(signed.statement);
    const later = await observer();
    expect(await observe(later, { tell: 'accepted', after: begun.journal })).toMatchObject({ reset: false });
    await expect.poll(() => storyOf(later.frames)).toEqual([`accepted ${signed.pushGuid}`]);
  });

  it('[CORRECT-1] is told a failure with its problem and what would mend it', async () => {
    const runtime = await stack.runtime();
    const client = await observer();
    await observe(client);
    const signed = await push(till);
    await runtime.client.next('apply-runtime-patch');
    const detail = `It cannot be loaded: There is no module ${cart}.`;
    runtime.client.fail(
      signed.pushGuid,
      signed.statement,
      problemOf('apply-failed', { detail, resource: till }),
    );
    const failed = await client.until<TrackChanges>('track-changed', ({ changes }) =>
      changes.some(({ stage }) => stage === 'failed'),
    );
    expect(failed.changes.at(-1)).toMatchObject({
      pushGuid: signed.pushGuid,
      recipient: runtime.recipient,
      attempt: 1,
      stage: 'failed',
      problem: { kind: 'apply-failed', detail },
      correction: { cause: 'missing-import', action: 'push-missing', resource: cart },
    });
    const { push: view } = await sender.client.ask<{ push: PushAccepted['push'] }>('get-track', {
      pushGuid: signed.pushGuid,
    });
    expect(view.recipients[0]?.correction).toEqual(failed.changes.at(-1)?.correction);
  });

  it('[CORRECT-3] of what expired is told to wait for the target', async () => {
    const runtime = await stack.runtime();
    const client = await observer();
    await observe(client);
    const signed = await noticePush(sender.login, 'short', { deliverBy: Date.now() + 20_000 });
    runtime.client.close();
    await expect
      .poll(() => sender.client.ask('list-targets', {}))
      .toMatchObject({ targets: [{ connected: false }] });
    await sender.client.push(signed.envelope);
    clock.advance(31_000);
    await expect
      .poll(() => changesIn(client.frames).at(-1))
      .toMatchObject({
        stage: 'expired',
        problem: { kind: 'expired' },
        correction: { cause: 'absent-target', action: 'wait' },
      });
  });

  it('[OBSERVE-3] that comes back with its offset is told the rest, nothing twice and nothing left out', async () => {
    const runtime = await stack.runtime();
    const first = await observer();
    const begun = await observe(first);
    const before = await push(cart, '1');
    await runtime.client.apply(before.statement);
    await expect.poll(() => storyOf(first.frames)).toContain(`completed ${before.pushGuid}`);
    const offset = standingOf(first.frames, begun);
    first.close();

    const away = await push(till, '1');
    await runtime.client.apply(away.statement);
    const open = await push(cart, '2', before);
    await sender.client.until(
      'push-msg-completed',
      ({ pushGuid }: { pushGuid: string }) => pushGuid === away.pushGuid,
    );

    const back = await observer();
    const again = await observe(back, { after: { epoch: begun.journal.epoch, offset } });
    expect(again).toMatchObject({ reset: false, open: [], journal: { offset } });
    const last = await push(till, '2', away);
    await expect.poll(() => storyOf(back.frames)).toContain(`pushed ${last.pushGuid}`);
    const told = storyOf(back.frames);
    expect(new Set(told).size).toBe(told.length);
    expect(told.filter((line) => line.startsWith('accepted'))).toEqual(
      [away, open, last].map(({ pushGuid }) => `accepted ${pushGuid}`),
    );
    // What changed several times while it was away is told once, as it stands.
    expect(told).toContain(`completed ${away.pushGuid}`);
    expect(told).toContain(`pushed ${open.pushGuid}`);
    expect(told.some((line) => line.includes(before.pushGuid))).toBe(false);
    const offsets = back.frames.map(([event, payload]) =>
      event === 'push-accepted' ? (payload as PushAccepted).push.offset : (payload as TrackChanges).offset,
    );
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  });

  it('[OBSERVE-4] with an offset behind which something was let go of, begins anew', async () => {
    const journal = await openSqliteJournal(':memory:', { node: crypto.randomUUID() });
    stack = await Stack.start({ journal });
    sender = await stack.sender();
    const runtime = await stack.runtime();
    const client = await observer();
    const before = (await observe(client)).journal;
    const signed = await push();
    await runtime.client.apply(signed.statement);
    const later = await push(cart, '2', signed);
    await runtime.client.apply(later.statement);
    await client.until<TrackChanges>('track-changed', ({ changes }) =>
      changes.some(({ pushGuid, stage }) => pushGuid === later.pushGuid && stage === 'completed'),
    );
    expect(await observe(client, { after: before })).toMatchObject({ reset: false });
    const now = epochMs(Date.now() + 1);
    const never = epochMs(0);
    await journal.prune({
      pushesBefore: now,
      versions: 0,
      statementsBefore: never,
      auditBefore: never,
      contentsBefore: never,
      editsBefore: never,
    });
    expect(await observe(client, { after: before })).toMatchObject({ reset: true });
    const { epoch } = before;
    const stands = { epoch, offset: await journal.prunedTo() };
    expect(await observe(client, { after: stands })).toMatchObject({ reset: false });
  });

  it('[OBSERVE-4] with an offset of another journal, or of the future, begins anew with where pushes stand', async () => {
    await stack.runtime();
    const signed = await push();
    const client = await observer();
    const { journal } = await observe(client);
    for (const after of [
      { epoch: crypto.randomUUID(), offset: 1 },
      { epoch: journal.epoch, offset: journal.offset + 1_000 },
    ]) {
      const begun = await observe(client, { after });
      expect(begun).toMatchObject({
        reset: true,
        journal: { epoch: journal.epoch },
        open: [{ pushGuid: signed.pushGuid, outcome: 'open' }],
      });
    }
    expect(await client.ask('observe', { after: { epoch: journal.epoch, offset: -1 } })).toMatchObject({
      status: false,
      error: { kind: 'invalid-request', path: '/after/offset' },
    });
    expect(await client.ask('observe', { after: { epoch: journal.epoch, offset: 1.5 } })).toMatchObject({
      status: false,
      error: { kind: 'invalid-request', path: '/after/offset' },
    });
  });

  it('narrows what it is told by guid, environment, prefix and recipient; another observation takes its place', async () => {
    const runtime = await stack.runtime();
    const client = await observer();
    await observe(client, { prefix: '/shop/src/till.ts' });
    await push(cart);
    const other = await push(till);
    await expect.poll(() => storyOf(client.frames)).toContain(`pushed ${other.pushGuid}`);
    expect(storyOf(client.frames)).toEqual([`accepted ${other.pushGuid}`, `pushed ${other.pushGuid}`]);
    for (const none of [
      { environment: 'staging' },
      { recipient: crypto.randomUUID() },
      { pushGuid: crypto.randomUUID() },
    ]) {
      expect((await observe(client, none)).open).toEqual([]);
    }
    const all = await observe(client, { recipient: runtime.login.session.runtime.guid });
    expect(all.open).toHaveLength(2);
  });

  it('of little is told now and then how far the journal has come', async () => {
    await stack.runtime();
    const client = await observer();
    await observe(client, { pushGuid: crypto.randomUUID() });
    let before: SignedPush | undefined;
    for (let count = 0; count < 510; count += 1) before = await push(cart, String(count), before);
    const { changes, offset } = await client.next<TrackChanges>('track-changed');
    expect(changes).toEqual([]);
    expect(offset).toBeGreaterThanOrEqual(1_000);
  });
});

describe('[OBSERVE-5] an observer that reads too slowly', () => {
  it('is cut, slows nobody, and is told the rest when it is back with its offset', async () => {
    const runtime = await stack.runtime();
    const stalled = await observer();
    const begun = await observe(stalled);
    const { transport } = stalled.socket.io.engine as unknown as {
      transport: { ws: { pause(): void; resume(): void } };
    };
    transport.ws.pause();
    const text = 'x'.repeat(16_000);
    const problem = problemOf('apply-failed', { detail: text, path: text, stack: text });
    const notices = await Promise.all(Array.from({ length: 900 }, () => noticePush(sender.login, 'x')));
    for (const { envelope, pushGuid, statement } of notices) {
      expect(await sender.client.push(envelope)).toMatchObject({ status: true });
      await runtime.client.next('show-notice');
      runtime.client.fail(pushGuid, statement, problem);
    }
    transport.ws.resume();
    await stalled.closed;

    const back = await observer();
    const after = { epoch: begun.journal.epoch, offset: standingOf(stalled.frames, begun) };
    expect(await observe(back, { after })).toMatchObject({ reset: false });
    const told = (what: string): string[] =>
      storyOf([...stalled.frames, ...back.frames]).filter((line) => line.startsWith(what));
    await expect.poll(() => told('failed').length, { timeout: 30_000 }).toBe(notices.length);
    for (const what of ['accepted', 'failed'])
      expect(told(what)).toEqual(notices.map(({ pushGuid }) => `${what} ${pushGuid}`));
  });
});

describe('[OBSERVE-1] who sees what', () => {
  const visible = async (client: Client, signed: SignedPush): Promise<boolean[]> => {
    const { pushGuid } = signed;
    const listed = await client.ask<ListPushesAnswer>('list-pushes', {});
    const [track, whole, begun] = [
      await client.ask<{ status: boolean }>('get-track', { pushGuid }),
      await client.ask<{ status: boolean }>('get-push', { pushGuid }),
      await observe(client),
    ];
    return [
      listed.pushes.some((one) => one.pushGuid === pushGuid),
      track.status,
      whole.status,
      begun.open.some((one) => one.pushGuid === pushGuid),
    ];
  };

  it('a sender its own, observers and admins all, developers what their grants cover in that environment', async () => {
    await stack.runtime();
    const signed = await push();
    const see = async (options: Parameters<Stack['sender']>[0]): Promise<boolean[]> =>
      visible(await observer(options), signed);
    const [all, none] = [Array(4).fill(true), Array(4).fill(false)];
    expect(await visible(sender.client, signed)).toEqual(all);
    expect(await see({ roles: ['observer'], grants: [] })).toEqual(all);
    expect(await see({ roles: ['admin'], grants: [] })).toEqual(all);
    expect(await see({ grants: [{ prefix: '/shop/src', environments: ['development'] }] })).toEqual(all);
    expect(await see({ grants: [{ prefix: '/shop/css', environments: ['*'] }] })).toEqual(none);
    expect(await see({ grants: [{ prefix: '/shop', environments: ['production'] }] })).toEqual(none);
    expect(await see({ grants: [] })).toEqual(none);
  });

  it('what is out of sight comes in no event either, and rights that change count at once', async () => {
    const runtime = await stack.runtime();
    const blind = await stack.sender({ grants: [{ prefix: '/blog', environments: ['*'] }] });
    await observe(blind.client);
    const seeing = await observer();
    await observe(seeing);
    const hidden = await push(cart);
    await runtime.client.apply(hidden.statement);
    await expect.poll(() => storyOf(seeing.frames)).toContain(`completed ${hidden.pushGuid}`);
    const { user } = blind.login.session;
    const grants = [{ prefix: '/shop', environments: ['*'] }];
    stack.authority.change({ kind: 'grants-changed', user: user.id, grants });
    const shown = await push(till);
    await expect.poll(() => storyOf(blind.client.frames)).toContain(`pushed ${shown.pushGuid}`);
    expect(storyOf(blind.client.frames).some((line) => line.includes(hidden.pushGuid))).toBe(false);
  });

  it('a notice only its sender, observers and admins', async () => {
    await stack.runtime();
    const signed = await noticePush(sender.login, 'for some');
    await sender.client.push(signed.envelope);
    expect(await visible(await observer(), signed)).toEqual(Array(4).fill(true));
    const peer = await observer({ grants: [{ prefix: '/', environments: ['*'] }] });
    expect(await visible(peer, signed)).toEqual(Array(4).fill(false));
  });

  it('a runtime asks for nothing of it', async () => {
    const { client } = await stack.runtime();
    for (const [event, payload] of [
      ['observe', {}],
      ['list-pushes', {}],
      ['get-push', { pushGuid: crypto.randomUUID() }],
      ['get-policies', {}],
      ['set-policy', { target: { user: 1 }, hold: true }],
      ['retry-push', { pushGuid: crypto.randomUUID(), stages: ['failed'] }],
      ['get-audit', {}],
    ] as const) {
      expect(await client.ask(event, payload)).toMatchObject({ status: false, error: { kind: 'forbidden' } });
    }
  });
});

describe('the journal', () => {
  it('[OBSERVE-8] is listed page by page, the latest first', async () => {
    await stack.runtime();
    const guids: string[] = [];
    let before: SignedPush | undefined;
    for (let count = 0; count < 5; count += 1) {
      before = await push(cart, String(count), before);
      guids.unshift(before.pushGuid);
    }
    const listed: string[] = [];
    let next: number | undefined;
    do {
      const page = await sender.client.ask<ListPushesAnswer>('list-pushes', {
        limit: 2,
        ...(next === undefined ? {} : { before: next }),
      });
      listed.push(...page.pushes.map(({ pushGuid }) => pushGuid));
      ({ next } = page);
    } while (next !== undefined);
    expect(listed).toEqual(guids);
  });

  it('is asked by outcome, sender and guid', async () => {
    const runtime = await stack.runtime();
    const done = await push(cart);
    await runtime.client.apply(done.statement);
    await sender.client.until('push-msg-completed');
    const open = await push(till);
    const list = async (query: object): Promise<string[]> =>
      (await sender.client.ask<ListPushesAnswer>('list-pushes', query)).pushes.map(
        ({ pushGuid }) => pushGuid,
      );
    expect(await list({ outcome: 'open' })).toEqual([open.pushGuid]);
    expect(await list({ outcome: 'completed' })).toEqual([done.pushGuid]);
    expect(await list({ outcome: 'failed' })).toEqual([]);
    expect(await list({ sender: sender.login.session.subject })).toHaveLength(2);
    expect(await list({ sender: 'somebody-else' })).toEqual([]);
    expect(await list({ pushGuid: done.pushGuid })).toEqual([done.pushGuid]);
    expect(await list({ pushGuid: done.pushGuid, outcome: 'open' })).toEqual([]);
    expect(await sender.client.ask('list-pushes', { limit: limits.pushesPerPage + 1 })).toMatchObject({
      status: false,
      error: { kind: 'invalid-request', path: '/limit' },
    });
  });

  it('[OBSERVE-9] gives a push as it was signed, with the relay’s acceptance, and nothing secret', async () => {
    await stack.runtime();
    const signed = await push();
    const whole = await sender.client.ask<Answer<GetPushAnswer>>('get-push', { pushGuid: signed.pushGuid });
    if (!whole.status) throw new Error(JSON.stringify(whole.error));
    expect(whole.patches).toEqual(signed.heads);
    expect(whole.statement).toBe(signed.envelope.pushData.statement);
    expect(whole.certificate).toBe(sender.login.certificate);
    const root = {
      issuer: 'https://issuer.test',
      tenant: 'acme',
      keys: [stack.authority.issuerKey.publicKey],
    };
    const relay = await openRelayCertificate(whole.relayCertificate!, root);
    if (!relay.ok) throw new Error(relay.problem.title);
    const statement = JSON.parse(
      Buffer.from(whole.statement!.split('.')[1]!, 'base64url').toString(),
    ) as never;
    const accepted = await openAcceptance(whole.acceptance!, whole.relayCertificate!, relay.value, {
      statement,
      digest: await digestOf(whole.statement!),
    });
    expect(accepted).toMatchObject({ ok: true, value: { pushGuid: signed.pushGuid } });
    expect(JSON.stringify(whole)).not.toContain(sender.login.token);
  });

  it('gives the text of a notice', async () => {
    await stack.runtime();
    const notice = await noticePush(sender.login, 'Lunch is ready');
    await sender.client.push(notice.envelope);
    expect(await sender.client.ask('get-push', { pushGuid: notice.pushGuid })).toMatchObject({
      status: true,
      m: 'Lunch is ready',
      patches: [],
    });
  });
});
