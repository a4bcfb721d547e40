import {
  epochMs,
  problemOf,
  recipientIdOf,
  type ICdPushEnvelop,
  type PatchHead,
  type TrackNotice,
} from '@cd-push/protocol';
import { openPostgresJournal } from '@cd-push/store';
import { databaseUrl, hasPostgres, hasRedis, newPrefix, newSchema, redisUrl } from '@cd-push/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import type { RedisOptions } from '../src/nodes/redis-link.ts';
import { nothing } from './support/accepted.ts';
import type { Client } from './support/clients.ts';
import { noticePush, patchPush, type SignedPush } from './support/envelopes.ts';
import { MemoryAuthority, tenant, type SigningLogin } from './support/memory-authority.ts';
import { ManualClock } from './support/manual-clock.ts';
import { startOwnRedis } from './support/own-redis.ts';
import { startProxy } from './support/proxy.ts';
import { Stack } from './support/stack.ts';

const cart = '/shop/src/cart.ts';
const till = '/shop/src/till.ts';

/** Without Redis a relay hears of another's pushes by looking every two seconds. */
const unwoken = { timeout: 20_000 };

interface Track {
  readonly push: { readonly recipients: readonly { readonly recipient: string; readonly stage: string }[] };
}

let authority: MemoryAuthority;
let schema: string;
beforeEach(async () => {
  authority = await MemoryAuthority.create();
  schema = newSchema();
});

/** One of several relays that share a journal. */
const node = (more: { readonly redis?: RedisOptions; readonly clock?: ManualClock } = {}): Promise<Stack> =>
  Stack.start({ authority, journal: { kind: 'postgres', url: databaseUrl, schema }, ...more });

const sender = async (stack: Stack, login: SigningLogin): Promise<Client> =>
  stack.client({ token: login.token }).connected();

const push = async (
  client: Client,
  login: SigningLogin,
  resource: string,
  text: string,
  before?: SignedPush,
): Promise<SignedPush> => {
  const predecessor = before?.heads.find((head: PatchHead) => head.resource === resource)?.digest ?? null;
  const signed = await patchPush(login, [{ resource, text, predecessor }]);
  expect(await client.push(signed.envelope)).toMatchObject({ status: true });
  return signed;
};

const stagesOf = async (client: Client, { pushGuid }: SignedPush): Promise<Record<string, string>> => {
  const { push: view } = await client.ask<Track>('get-track', { pushGuid });
  return Object.fromEntries(view.recipients.map(({ recipient, stage }) => [recipient, stage]));
};

/** Both have been told of each other's runtimes. */
const untilSeen = (client: Client, count: number): Promise<void> =>
  expect
    .poll(async () => {
      const { targets } = await client.ask<{ targets: { connected: boolean }[] }>('list-targets', {});
      return targets.filter(({ connected }) => connected).length;
    }, unwoken)
    .toBe(count);

describe.runIf(await hasPostgres())('relays that share a journal', () => {
  it('[JOURNAL-2] bring a push to recipients at each of them, in order, and tell its sender of every stage', async () => {
    const [a, b] = [await node(), await node()];
    const atA = await a.runtime({ name: 'a' });
    const atB = await b.runtime({ name: 'b' });
    const login = await authority.developer();
    const client = await sender(a, login);
    await untilSeen(client, 2);
    const pushes: SignedPush[] = [];
    for (const text of ['1', '2', '3']) pushes.push(await push(client, login, cart, text, pushes.at(-1)));
    for (const { pushGuid, statement } of pushes) {
      for (const { client: runtime } of [atA, atB]) {
        const { pushData } = await runtime.apply(statement);
        expect(pushData).toMatchObject({ pushGuid, attempt: 1 });
        expect(pushData.isCatchUp).toBeUndefined();
      }
    }
    const completed = new Set<string>();
    while (completed.size < pushes.length) {
      const { pushGuid, outcome } = await client.until<TrackNotice>('push-msg-completed');
      if (outcome === 'completed') completed.add(pushGuid);
    }
    // Whoever asks elsewhere is told the same.
    const other = await sender(b, login);
    await expect
      .poll(() => stagesOf(other, pushes[2]!), unwoken)
      .toEqual({
        [atA.recipient]: 'completed',
        [atB.recipient]: 'completed',
      });
  });

  it('[JOURNAL-3] take one of two pushes at one head, and one push once', async () => {
    const [a, b] = [await node(), await node()];
    await a.runtime();
    const login = await authority.developer();
    const [atA, atB] = [await sender(a, login), await sender(b, login)];
    await untilSeen(atB, 1);
    const base = await push(atA, login, cart, '0');
    const predecessor = base.heads[0]!.digest;
    const [one, two] = await Promise.all(
      ['1', '2'].map((text) => patchPush(login, [{ resource: cart, text, predecessor }])),
    );
    const answers = await Promise.all([atA.push(one!.envelope), atB.push(two!.envelope)]);
    expect(answers.filter(({ status }) => status)).toHaveLength(1);
    const winner = answers[0].status ? one! : two!;
    const again = await Promise.all([atA.push(winner.envelope), atB.push(winner.envelope)]);
    expect(again).toMatchObject([
      { status: true, duplicate: true },
      { status: true, duplicate: true },
    ]);
  });

  it('[CATCHUP-7] cut the older connection of an instance that is back at another, and its tracks go on', async () => {
    const [a, b] = [await node(), await node()];
    const before = await a.runtime();
    const login = await authority.developer();
    const client = await sender(a, login);
    const first = await push(client, login, cart, '1');
    await before.client.next('apply-runtime-patch');
    const after = await b.join(before.login);
    expect(await before.client.closed).toMatchObject({ code: 4005 });
    expect(after.welcome).toMatchObject({ catchUp: 1, recipient: before.recipient });
    await after.client.apply(first.statement);
    await client.until('push-msg-completed');
    await untilSeen(client, 1);
    const second = await push(client, login, cart, '2', first);
    expect((await after.client.next<ICdPushEnvelop>('apply-runtime-patch')).pushData.pushGuid).toBe(
      second.pushGuid,
    );
  });

  it('go on for one that has ended: what it left behind comes back elsewhere', async () => {
    const [a, b] = [await node(), await node()];
    const runtime = await a.runtime();
    const login = await authority.developer();
    const client = await sender(b, login);
    await untilSeen(client, 1);
    await a.close();
    expect(await runtime.client.closed).toMatchObject({ code: 4001 });
    await untilSeen(client, 0);
    const missed = await push(client, login, cart, '1');
    const { client: back, welcome } = await b.join(runtime.login);
    expect(welcome.catchUp).toBe(1);
    await back.apply(missed.statement);
    await client.until<TrackNotice>('push-msg-completed', ({ outcome }) => outcome === 'completed');
  });

  it('send what is caught up once, though they come across it in the journal only later', async () => {
    const clock = new ManualClock();
    const a = await node({ clock });
    const login = await authority.developer();
    const away = authority.runtime({ name: 'away' });
    const present = await a.runtime({ name: 'present' });
    const b = await node({ clock });
    const client = await sender(a, login);
    await untilSeen(client, 1);
    const notices: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const { envelope, pushGuid } = await noticePush(login, `${count}`);
      expect(await client.push(envelope)).toMatchObject({ status: true });
      notices.push(pushGuid);
    }
    // This relay has not looked since they were accepted.
    const back = await b.join(away);
    expect(back.welcome.catchUp).toBe(5);
    clock.advance(10_000);
    const last = await noticePush(login, 'last');
    await client.push(last.envelope);
    clock.advance(2_000);
    const seen: string[] = [];
    while (seen.at(-1) !== last.pushGuid)
      seen.push((await back.client.next<ICdPushEnvelop>('show-notice')).pushData.pushGuid);
    expect(seen).toEqual([...notices, last.pushGuid]);
    await expect.poll(() => present.client.frames.length).toBe(6);
  });

  it('[CATCHUP-5] bring the state to an instance of which the other had not heard when it took the push, and move no track by it', async () => {
    const clock = new ManualClock();
    const a = await node({ clock });
    const one = await a.runtime();
    const b = await node({ clock });
    const login = await authority.developer();
    const client = await sender(b, login);
    const two = await a.join(one.login, 'two');
    const signed = await patchPush(login, [{ resource: cart, text: '1' }]);
    expect(await client.push(signed.envelope)).toMatchObject({ status: true, recipients: [one.recipient] });
    clock.advance(2_000);
    const { pushData } = await two.client.apply(signed.statement);
    expect(pushData).toMatchObject({ pushGuid: signed.pushGuid, isCatchUp: true });
    expect((await one.client.next<ICdPushEnvelop>('apply-runtime-patch')).pushData.isCatchUp).toBeUndefined();
    await two.client.ask('list-targets', {});
    const elsewhere = await sender(a, login);
    await expect.poll(() => stagesOf(elsewhere, signed)).toEqual({ [one.recipient]: 'pushed' });
    expect(two.client.frames).toHaveLength(1);
  });

  it('take over what one leaves that dies: its tabs count as away, and what they do not come back for expires', async () => {
    const dead = await openPostgresJournal({ url: databaseUrl, schema, node: 'dead' });
    const { guid } = authority.runtime({ name: 'tab' }).session.runtime;
    const recipient = recipientIdOf(guid, 'tab');
    const since = epochMs(Date.now());
    await dead.commit({
      ...nothing,
      presence: [{ tenant, recipient, node: 'dead', kind: 'browser', since }],
    });
    await dead.close();
    const clock = new ManualClock();
    const a = await node({ clock });
    const login = await authority.developer();
    const client = await sender(a, login);
    await untilSeen(client, 1);
    const signed = await push(client, login, cart, '1');
    expect(await stagesOf(client, signed)).toEqual({ [recipient]: 'relayed' });
    // A node that was not heard of for ten seconds, by the clock of the database, is dead.
    await expect
      .poll(
        async () => {
          clock.advance(2_000);
          const { targets } = await client.ask<{ targets: object[] }>('list-targets', {});
          return targets;
        },
        { timeout: 40_000, interval: 500 },
      )
      .toMatchObject([{ recipient: guid, connected: false }]);
    clock.advance(60_000);
    expect(await client.until<TrackNotice>('push-msg-failed')).toMatchObject({
      outcome: 'expired',
      recipients: [{ recipient, stage: 'expired' }],
    });
  });

  it('stay up without their database, take nothing then, and go on with what they were told when it is back', async () => {
    const { hostname, port } = new URL(databaseUrl);
    const proxy = await startProxy({ host: hostname, port: Number(port || 5432) });
    const through = new URL(databaseUrl);
    through.host = `127.0.0.1:${proxy.port}`;
    const a = await Stack.start({
      authority,
      journal: { kind: 'postgres', url: through.href, schema },
      rate: { perSecond: 1e6, burst: 1e6 },
    });
    const runtime = await a.runtime();
    const login = await authority.developer();
    const client = await sender(a, login);
    const first = await push(client, login, cart, '1');
    await runtime.client.next('apply-runtime-patch');
    await client.until('push-msg-pushed');
    expect((await fetch(`${a.url}/readyz`)).status).toBe(200);

    await proxy.cut();
    const second = await patchPush(login, [
      { resource: cart, text: '2', predecessor: first.heads[0]!.digest },
    ]);
    expect(await client.push(second.envelope)).toMatchObject({
      status: false,
      error: { kind: 'journal-unavailable', retryable: true },
    });
    expect((await fetch(`${a.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${a.url}/livez`)).status).toBe(200);
    runtime.client.acknowledge('push-msg-complete', first.pushGuid, first.statement);

    await proxy.mend();
    await expect
      .poll(async () => (await client.push(second.envelope)).status, { timeout: 30_000, interval: 200 })
      .toBe(true);
    await runtime.client.apply(second.statement);
    for (const { pushGuid } of [first, second]) {
      await expect
        .poll(() => stagesOf(client, { ...first, pushGuid }), unwoken)
        .toEqual({ [runtime.recipient]: 'completed' });
    }
    expect(runtime.client.frames).toHaveLength(2);
    expect((await fetch(`${a.url}/readyz`)).status).toBe(200);
    expect(a.log.lines.join()).not.toContain(`:${proxy.port}/`);
  });

  it('keep whatever text a push or a problem holds', async () => {
    const [a, b] = [await node(), await node()];
    const runtime = await a.runtime();
    const login = await authority.developer();
    const client = await sender(b, login);
    await untilSeen(client, 1);
    const odd = "nothing: \u0000, half: \ud83d, quote: ', backslash: \\";
    const wellFormed = odd.replace('\ud83d', '🙂');
    const notice = await noticePush(login, wellFormed);
    expect(await client.push(notice.envelope)).toMatchObject({ status: true });
    expect((await runtime.client.next<ICdPushEnvelop>('show-notice')).pushData.m).toBe(wellFormed);
    const patch = await patchPush(login, [{ resource: cart, text: wellFormed }]);
    expect(await client.push(patch.envelope)).toMatchObject({ status: true });
    await runtime.client.next('apply-runtime-patch');
    runtime.client.fail(patch.pushGuid, patch.statement, problemOf('apply-failed', { detail: odd }));
    const failed = await client.until<TrackNotice>('push-msg-failed');
    // One half of a character may come back as what stands for such halves.
    const [entry] = failed.recipients;
    const detail = entry?.stage === 'failed' ? entry.problem.detail : undefined;
    expect(detail?.replace('\ufffd', '\ud83d')).toBe(odd);
    const { client: late } = await b.runtime({ name: 'late' });
    const { pushData } = await late.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData.contents).toEqual([{ encoding: 'text', text: wellFormed }]);
  });

  it('know from a place that another has told how far a runtime has come', async () => {
    const [a, b] = [await node(), await node()];
    const runtime = await a.runtime();
    const login = await authority.developer();
    const client = await sender(a, login);
    await untilSeen(client, 1);
    await push(client, login, cart, '1');
    const { pushData } = await runtime.client.next<ICdPushEnvelop>('apply-runtime-patch');
    const { epoch } = runtime.welcome.journal;
    const offset = pushData.offset ?? 0;
    expect(offset).toBeGreaterThan(runtime.welcome.journal.offset);
    const at = (place: object) => b.join(runtime.login, 'one', [], { journal: place as never });
    expect((await at({ epoch, offset })).welcome.reset).toBeUndefined();
    expect((await at({ epoch, offset: offset + 1_000 })).welcome.reset).toBe('future');
    expect((await at({ epoch: crypto.randomUUID(), offset })).welcome.reset).toBe('epoch');
  });
});

describe.runIf((await hasPostgres()) && (await hasRedis()))('relays that wake each other', () => {
  it('hear of a push without having to look', async () => {
    // Time stands still, so that none of them ever looks by itself.
    const options = { redis: { url: redisUrl, prefix: newPrefix() }, clock: new ManualClock() };
    const [a, b] = [await node(options), await node(options)];
    const { client: runtime } = await b.runtime();
    const login = await authority.developer();
    const client = await sender(a, login);
    await untilSeen(client, 1);
    for (let count = 0; count < 20; count += 1) {
      await client.push((await noticePush(login, `${count}`)).envelope);
      expect((await runtime.next<ICdPushEnvelop>('show-notice')).pushData.m).toBe(`${count}`);
    }
  });

  it('lose nothing when Redis is flushed, then stopped, then back: each push comes once and in order', async () => {
    const redis = await startOwnRedis();
    const clock = new ManualClock();
    const options = { redis, clock };
    const [a, b] = [await node(options), await node(options)];
    const { client: present, recipient } = await b.runtime({ name: 'present' });
    const leaving = await a.runtime({ name: 'leaving' });
    const login = await authority.developer();
    const client = await sender(a, login);
    await untilSeen(client, 2);
    const pushes: SignedPush[] = [];
    const next = async (resource: string): Promise<void> => {
      const before = pushes.findLast(({ heads }) => heads.some((head) => head.resource === resource));
      pushes.push(await push(client, login, resource, `${pushes.length}`, before));
    };
    const seen: string[] = [];
    const see = async (): Promise<void> => {
      const { pushData } = await present.next<ICdPushEnvelop>('apply-runtime-patch');
      seen.push(pushData.pushGuid);
    };

    await next(cart);
    await leaving.client.apply(pushes[0]!.statement);
    await see();
    leaving.client.close();
    await untilSeen(client, 1);
    await redis.flush();
    await next(till);
    await see();
    await redis.stop();
    await expect.poll(() => b.log.lines.join()).toContain('Redis is away');
    await next(cart);
    await next(till);
    expect(present.frames).toHaveLength(2);
    clock.advance(2_000);
    await see();
    await see();
    await next(cart);
    // What was said while it was away is found out about when it is back.
    await redis.start();
    await see();
    await next(till);
    // The one that took it may not have found Redis again yet.
    await expect.poll(() => (clock.advance(2_000), present.frames.length)).toBe(6);
    await see();
    expect(seen).toEqual(pushes.map(({ pushGuid }) => pushGuid));
    for (const { pushGuid, statement } of pushes)
      present.acknowledge('push-msg-complete', pushGuid, statement);

    // It returns to the other relay with what it had, and gets what is in place: nothing twice, nothing old.
    const held = pushes[0]!.heads.map(({ resource, version, digest }) => ({ resource, version, digest }));
    const back = await b.join(leaving.login, 'one', held, { journal: leaving.welcome.journal });
    expect(back.welcome.reset).toBeUndefined();
    expect(back.welcome.catchUp).toBe(2);
    for (const { pushGuid, statement } of pushes.slice(-2)) {
      const { pushData } = await back.client.apply(statement);
      expect(pushData).toMatchObject({ pushGuid, isCatchUp: true });
    }
    const { guid } = leaving.login.session.runtime;
    const ends = ['completed', 'superseded', 'superseded', 'superseded', 'completed', 'completed'];
    for (const [index, signed] of pushes.entries()) {
      const away = index === 0 ? leaving.recipient : guid;
      // Nor may it have by now: it looks by itself then.
      await expect
        .poll(() => (clock.advance(2_000), stagesOf(client, signed)), unwoken)
        .toEqual({ [recipient]: 'completed', [away]: ends[index] });
    }
    expect(present.frames).toHaveLength(pushes.length);
    expect(back.client.frames).toHaveLength(2);
  });

  it('start without Redis, and bring pushes all the same; where it would be is not logged', async () => {
    const redis = await startOwnRedis();
    await redis.stop();
    const [a, b] = [await node({ redis }), await node({ redis })];
    const { client: runtime } = await b.runtime();
    const login = await authority.developer();
    const client = await sender(a, login);
    await untilSeen(client, 1);
    await client.push((await noticePush(login, 'hello')).envelope);
    expect((await runtime.next<ICdPushEnvelop>('show-notice')).pushData.m).toBe('hello');
    expect([...a.log.lines, ...b.log.lines].join()).not.toContain(redis.url);
  });
});
