import { copyFileSync } from 'node:fs';

import {
  problemOf,
  type Head,
  type ICdPushEnvelop,
  type PatchHead,
  type TrackNotice,
} from '@cd-push/protocol';
import { openSqliteJournal, type JournalStore } from '@cd-push/store';
import { describe, expect, it, onTestFinished } from 'vitest';

import { newDataFile } from './support/data-file.ts';
import { noticePush, patchPush, type SignedPush } from './support/envelopes.ts';
import { ManualClock } from './support/manual-clock.ts';
import { MemoryAuthority } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';
import { watched, type CommitWatch } from './support/watched-store.ts';

const cart = '/shop/src/cart.ts';

interface Track {
  readonly push: {
    readonly outcome: string;
    readonly offset: number;
    readonly recipients: readonly { readonly recipient: string; readonly stage: string }[];
  };
}

/** A relay whose commits pass a watch, on a journal in memory unless a file is named. */
const watchedStack = async (
  watch: CommitWatch,
  more: { readonly file?: string; readonly authority?: MemoryAuthority; readonly clock?: ManualClock } = {},
): Promise<{ stack: Stack; store: JournalStore }> => {
  const { file = ':memory:', ...options } = more;
  const store = watched(await openSqliteJournal(file, { node: crypto.randomUUID() }), watch);
  return { stack: await Stack.start({ journal: store, ...options }), store };
};

const headOf = ({ resource, version, digest }: PatchHead): Head => ({ resource, version, digest });

describe('a relay that is started again on its file', () => {
  it('knows every push, its track and the heads, and goes on with all of it', async () => {
    const file = newDataFile();
    const authority = await MemoryAuthority.create();
    const first = await Stack.start({ authority, journal: { kind: 'sqlite', file } });
    const runtime = await first.runtime();
    const absent = authority.runtime({ name: 'absent' });
    const { client, login } = await first.sender();
    await expect.poll(() => client.ask('list-targets', {})).toMatchObject({ targets: [{}, {}] });
    const one = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(one.envelope);
    await runtime.client.apply(one.statement);
    await client.until('push-msg-completed');
    const two = await patchPush(login, [{ resource: cart, text: '2', predecessor: one.heads[0]!.digest }]);
    await client.push(two.envelope);
    await runtime.client.next('apply-runtime-patch');
    await client.until('push-msg-pushed');
    await first.close();

    const second = await Stack.start({ authority, journal: { kind: 'sqlite', file } });
    const sender = await second.client({ token: login.token }).connected();
    const stages = async (pushGuid: string) =>
      Object.fromEntries(
        (await sender.ask<Track>('get-track', { pushGuid })).push.recipients.map(({ recipient, stage }) => [
          recipient,
          stage,
        ]),
      );
    const { guid } = absent.session.runtime;
    expect(await stages(one.pushGuid)).toEqual({ [runtime.recipient]: 'completed', [guid]: 'relayed' });
    expect(await stages(two.pushGuid)).toEqual({ [runtime.recipient]: 'pushed', [guid]: 'relayed' });
    expect(await sender.push(two.envelope)).toMatchObject({ status: true, duplicate: true });
    const { version, digest } = two.heads[0]!;
    expect(await sender.ask('get-heads', { environment: 'development', resources: [cart] })).toMatchObject({
      heads: [{ resource: cart, version, digest }],
    });

    // What was written to it and never answered is settled by what it says it holds.
    const back = await second.join(runtime.login, 'one', one.heads.map(headOf));
    expect(back.welcome.catchUp).toBe(1);
    const again = await back.client.apply(two.statement);
    expect(again.pushData).toMatchObject({ pushGuid: two.pushGuid, isCatchUp: true });
    const late = await second.join(absent);
    expect((await late.client.apply(two.statement)).pushData.pushGuid).toBe(two.pushGuid);
    await expect
      .poll(() => stages(two.pushGuid))
      .toEqual({
        [runtime.recipient]: 'completed',
        [guid]: 'completed',
      });
    expect(await stages(one.pushGuid)).toMatchObject({ [guid]: 'superseded' });
  });

  it('[JOURNAL-3] after it died between the commit and the sending has the push, sends it, and takes it once', async () => {
    const file = newDataFile();
    const authority = await MemoryAuthority.create();
    const clock = new ManualClock();
    let isDead = false;
    const buried = Promise.withResolvers<never>();
    const dying = await watchedStack(
      async (group, commit) => {
        if (isDead) return buried.promise;
        const committed = await commit();
        isDead = group.offers.length > 0;
        return isDead ? buried.promise : committed;
      },
      { file, authority, clock },
    );
    onTestFinished(() => buried.reject(new Error('It is dead.')));
    const runtime = await dying.stack.runtime();
    const { client, login } = await dying.stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    client.socket.emit(push.envelope.pushData.triggerEvent, push.envelope);
    await expect.poll(() => isDead).toBe(true);
    expect(runtime.client.frames).toEqual([]);
    // Its file is free as if it had been killed.
    await dying.store.close();

    const next = await Stack.start({ authority, clock, journal: { kind: 'sqlite', file } });
    const sender = await next.client({ token: login.token }).connected();
    expect(await sender.push(push.envelope)).toMatchObject({
      status: true,
      duplicate: true,
      recipients: [runtime.recipient],
    });
    const back = await next.join(runtime.login);
    expect(back.welcome).toMatchObject({ catchUp: 1, recipient: runtime.recipient });
    await back.client.apply(push.statement);
    expect(await sender.until<TrackNotice>('push-msg-completed')).toMatchObject({ outcome: 'completed' });
  });

  it('is not a second one beside the first: that is refused, and told what to set', async () => {
    const journal = { kind: 'sqlite', file: newDataFile() } as const;
    await Stack.start({ journal });
    await expect(Stack.start({ journal })).rejects.toMatchObject({
      kind: 'in-use',
      message: expect.stringContaining('DATABASE_URL'),
    });
  });
});

describe('what is written together', () => {
  it('is what came in during one turn: many pushes at a time, and all stages that were reached', async () => {
    const groups: { offers: number; moves: number }[] = [];
    const { stack } = await watchedStack((group, commit) => {
      groups.push({ offers: group.offers.length, moves: group.moves.length });
      return commit();
    });
    const runtimes = await Promise.all(Array.from({ length: 20 }, () => stack.runtime()));
    const { client, login } = await stack.sender();
    const push = await noticePush(login, 'to all');
    groups.length = 0;
    await client.push(push.envelope);
    await client.until('push-msg-pushed');
    // One commit for the push with its 20 tracks, and one for their next stage.
    expect(groups).toEqual([
      { offers: 1, moves: 0 },
      { offers: 0, moves: 20 },
    ]);
    for (const runtime of runtimes)
      runtime.client.acknowledge('push-msg-complete', push.pushGuid, push.statement);
    await client.until<TrackNotice>('push-msg-completed', ({ outcome }) => outcome === 'completed');
    expect(groups.slice(2).reduce((sum, { moves }) => sum + moves, 0)).toBe(20);

    groups.length = 0;
    const many = await Promise.all(Array.from({ length: 50 }, (_, index) => noticePush(login, `${index}`)));
    const answers = await Promise.all(many.map(({ envelope }) => client.push(envelope)));
    expect(answers.every(({ status }) => status)).toBe(true);
    const commits = groups.filter(({ offers }) => offers > 0);
    expect(commits.reduce((sum, { offers }) => sum + offers, 0)).toBe(50);
    expect(commits.length).toBeLessThan(25);
  });
});

describe('a journal that cannot be written', () => {
  const diskFull = () => Promise.reject(new Error('database or disk is full'));

  it('[JOURNAL-4] makes the relay refuse pushes until it can, and what was refused was not taken', async () => {
    let isFull = false;
    const { stack } = await watchedStack((_, commit) => (isFull ? diskFull() : commit()));
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    isFull = true;
    expect(await client.push(push.envelope)).toMatchObject({
      status: false,
      error: { kind: 'journal-unavailable', retryable: true, retryAfter: 1 },
    });
    expect(await client.ask('get-track', { pushGuid: push.pushGuid })).toMatchObject({
      error: { kind: 'not-found' },
    });
    isFull = false;
    expect(await client.push(push.envelope)).toMatchObject({ status: true, duplicate: false });
    await runtime.client.apply(push.statement);
    await client.until('push-msg-completed');
    expect(runtime.client.frames).toHaveLength(1);
  });

  it('[JOURNAL-1] tells nobody of a track that is not written, and writes it when it can', async () => {
    let isFull = false;
    const clock = new ManualClock();
    const { stack } = await watchedStack((_, commit) => (isFull ? diskFull() : commit()), { clock });
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(push.envelope);
    await client.until('push-msg-pushed');
    isFull = true;
    await runtime.client.apply(push.statement);
    const stage = async () =>
      (await client.ask<Track>('get-track', { pushGuid: push.pushGuid })).push.recipients[0]?.stage;
    await expect.poll(() => stack.log.lines.join()).toContain('The journal took nothing.');
    expect(await stage()).toBe('pushed');
    isFull = false;
    clock.advance(5_000);
    expect(await client.until<TrackNotice>('push-msg-completed')).toMatchObject({ outcome: 'completed' });
    expect(await stage()).toBe('completed');
  });

  it('[JOURNAL-4] of one push does not take others with it', async () => {
    const poison = crypto.randomUUID();
    const { stack } = await watchedStack((group, commit) =>
      group.offers.some(({ push }) => push.pushGuid === poison)
        ? Promise.reject(new Error('not this one'))
        : commit(),
    );
    await stack.runtime();
    const { client, login } = await stack.sender();
    const pushes = await Promise.all(
      [undefined, poison, undefined].map((pushGuid) =>
        noticePush(login, 'hello', pushGuid === undefined ? {} : { pushGuid }),
      ),
    );
    const answers = await Promise.all(pushes.map(({ envelope }) => client.push(envelope)));
    expect(answers.map(({ status }) => status)).toEqual([true, false, true]);
    expect(answers[1]).toMatchObject({ error: { kind: 'journal-unavailable' } });
  });

  it('[RETRY-1] is no answer to a retry, nor while something older waits, and it comes when it can be written', async () => {
    let isFull = false;
    const clock = new ManualClock();
    const { stack } = await watchedStack(
      (group, commit) => (isFull && group.moves.length > 0 ? diskFull() : commit()),
      { clock },
    );
    const runtime = await stack.runtime();
    const { client, login } = await stack.sender();
    const pushes: SignedPush[] = [];
    for (const resource of [cart, '/shop/src/till.ts']) {
      const push = await patchPush(login, [{ resource, text: '1' }]);
      await client.push(push.envelope);
      await runtime.client.next('apply-runtime-patch');
      runtime.client.fail(push.pushGuid, push.statement, problemOf('apply-failed'));
      await client.until('push-msg-failed');
      pushes.push(push);
    }
    const [one, two] = pushes.map(({ pushGuid }) => ({ pushGuid, stages: ['failed'] }));
    const unavailable = { status: false, error: { kind: 'journal-unavailable' } };
    isFull = true;
    expect(await client.ask('retry-push', one)).toMatchObject(unavailable);
    isFull = false;
    // What was refused is tried again later; until then nobody is told that it is written.
    expect(await client.ask('retry-push', two)).toMatchObject(unavailable);
    clock.advance(5_000);
    for (const { pushGuid } of pushes.toReversed()) {
      const { pushData } = await runtime.client.next<ICdPushEnvelop>('apply-runtime-patch');
      expect(pushData).toMatchObject({ pushGuid, attempt: 2 });
    }
  });

  it('of one acknowledgement does not keep others from being written', async () => {
    let poisoned: string | undefined;
    const clock = new ManualClock();
    const { stack } = await watchedStack(
      (group, commit) =>
        group.moves.some(
          ({ recipient, track }) => recipient === poisoned && track.state.stage === 'completed',
        )
          ? Promise.reject(new Error('not this one'))
          : commit(),
      { clock },
    );
    const good = await stack.runtime();
    const bad = await stack.runtime();
    poisoned = bad.recipient;
    const { client, login } = await stack.sender();
    const push = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(push.envelope);
    await bad.client.apply(push.statement);
    await good.client.apply(push.statement);
    const completed = await client.until<TrackNotice>('push-msg-completed');
    expect(completed.recipients).toMatchObject([{ recipient: good.recipient }]);
    // What is refused again and again while other things are written is let go, and stays as it is written.
    await expect
      .poll(async () => {
        clock.advance(5_000);
        await client.push((await noticePush(login, 'another')).envelope);
        return stack.log.lines.join();
      })
      .toContain('refused again and again');
    const { push: view } = await client.ask<Track>('get-track', { pushGuid: push.pushGuid });
    expect(view.recipients.find(({ recipient }) => recipient === bad.recipient)).toMatchObject({
      stage: 'delivered',
    });
    await client.push((await noticePush(login, 'the last')).envelope);
    await good.client.until<ICdPushEnvelop>('show-notice', ({ pushData }) => pushData.m === 'the last');
  });
});

it('a relay that is told to stop finishes what it has taken, and takes nothing more', async () => {
  const held = Promise.withResolvers<void>();
  let isHeld = false;
  const { stack } = await watchedStack(async (group, commit) => {
    if (group.offers.length > 0) {
      isHeld = true;
      await held.promise;
    }
    return commit();
  });
  const runtime = await stack.runtime();
  const { client, login } = await stack.sender();
  const push = await patchPush(login, [{ resource: cart, text: '1' }]);
  const answering = client.push(push.envelope);
  await expect.poll(() => isHeld).toBe(true);
  const closing = stack.close();
  const late = await noticePush(login, 'late');
  expect(await client.push(late.envelope)).toMatchObject({ status: false, error: { kind: 'unavailable' } });
  expect(runtime.client.frames).toEqual([]);
  held.resolve();
  expect(await answering).toMatchObject({ status: true });
  expect((await runtime.client.next<ICdPushEnvelop>('apply-runtime-patch')).pushData.pushGuid).toBe(
    push.pushGuid,
  );
  expect(await client.closed).toMatchObject({ code: 4001 });
  await closing;
  onTestFinished(() => held.resolve());
});

describe('a relay that is told to stop', () => {
  it('knows when everything that it had taken was finished', async () => {
    const stack = await Stack.start();
    await stack.close();
    expect(stack.relay.wasCutOff).toBe(false);
  });

  it('does not wait for ever for what cannot be finished, and says that it was cut off', async () => {
    const stuck = Promise.withResolvers<void>();
    const { stack } = await watchedStack((group, commit) => {
      if (group.offers.length === 0) return commit();
      stuck.resolve();
      return new Promise(() => {});
    });
    await stack.runtime();
    const { client, login } = await stack.sender();
    const { envelope } = await noticePush(login, 'hello');
    client.push(envelope).catch(() => {});
    await stuck.promise;
    await stack.close();
    expect(stack.relay.wasCutOff).toBe(true);
    expect(stack.log.lines.join('\n')).toContain('could not be finished in time');
  });
});

describe('a journal that was not closed', () => {
  it('has runtimes and observers begin anew, who are whole again by it', async () => {
    const file = newDataFile();
    const authority = await MemoryAuthority.create();
    const first = await Stack.start({ authority, journal: { kind: 'sqlite', file } });
    const runtime = await first.runtime();
    const { client, login } = await first.sender();
    const one = await patchPush(login, [{ resource: cart, text: '1' }]);
    await client.push(one.envelope);
    await runtime.client.apply(one.statement);
    await client.until('push-msg-completed');
    const two = await patchPush(login, [{ resource: cart, text: '2', predecessor: one.heads[0]!.digest }]);
    await client.push(two.envelope);
    await client.until('push-msg-pushed');
    const { epoch } = runtime.welcome.journal;
    const cut = newDataFile();
    for (const part of ['', '-wal']) copyFileSync(`${file}${part}`, `${cut}${part}`);

    const second = await Stack.start({ authority, journal: { kind: 'sqlite', file: cut } });
    const observer = await second.client({ token: login.token }).connected();
    const begun = await observer.ask('observe', { after: { epoch, offset: 1 } });
    expect(begun).toMatchObject({ status: true, reset: true, open: [{ pushGuid: two.pushGuid }] });
    const back = await second.join(runtime.login, 'one', one.heads.map(headOf), {
      journal: { epoch, offset: 1 },
    });
    expect(back.welcome).toMatchObject({ reset: 'epoch', catchUp: 1 });
    expect(back.welcome.journal.epoch).not.toBe(epoch);
    expect((await back.client.apply(two.statement)).pushData.pushGuid).toBe(two.pushGuid);
  });
});
